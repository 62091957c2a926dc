# Copyright 2026 The CycleGAN Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
r"""Judges a trained CycleGAN on a test split.

Recipe:

  python -m official.cyclegan.evaluate --model_dir=runs/quickstart

Or --model=... for what export wrote: its folder, a SavedModel or a .tflite
file. The test split is that of the data set trained on; any data flag given
here, such as --dataset or --domain_a and --domain_b, names another one. Where
the truth is known (built-in data sets, or --paired) the report has L1, PSNR and
SSIM; always FID, KID and the like. docs/tuning.md says what they are worth.

Writes report.json, report.md and pictures.png (input, translated, and truth
where it is known) to --output_dir, by default evaluation/ in the run's folder.
"""

from __future__ import annotations

import dataclasses
import sys

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import flags
from official.cyclegan.core import model_path
from official.cyclegan.core import search_config
from official.cyclegan.data import folders

flags.define(
  command_config.CommandConfig,
  "model_dir",
  "model",
  "checkpoint",
  "raw_generator",
  "output_dir",
  "config_file",
  "params_override",
  "dry_run",
  "format",
)
flags.define(config_lib.DataConfig, *flags.SOURCE_OPTIONS)
flags.define(command_config.EvaluateConfig)


def main() -> None:
  """Measures the model that the flags name and prints the table."""
  options = flags.read(command_config.CommandConfig)
  model, flag = _model(options)
  with errors.given_as(model_dir=flag, model=flag):
    config = flags.with_given_source(_trained_with(model))
  output_dir = options.output_dir or model_path.evaluation_folder(model)
  evaluation = flags.evaluation_from_flags()
  selection = flags.selection_from_flags(model, flag)
  if options.dry_run:
    section = {"evaluation": search_config.option_values(evaluation)}
    command.show({**dataclasses.asdict(config), **section}, options.format)
    print(f"Model: {model}. Report: {output_dir}.", file=sys.stderr)
    return
  if flags.source_is_given():
    folders.require_there(config.data)
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan import evaluate_lib

  with errors.given_as(model_dir=flag, model=flag):
    evaluate_lib.run(model, output_dir, config, selection, evaluation)


def _model(options: command_config.CommandConfig) -> tuple[str, str]:
  """Returns the model, and the flag that names it."""
  exported, model_dir = options.model, options.model_dir
  if exported and model_dir:
    raise errors.UserError(
      "and --model are both given: give one of them.", "model_dir"
    )
  if model_dir:
    return model_dir, "model_dir"
  if not exported:
    raise errors.UserError(
      "is missing: give the folder that train wrote, or as --model what export"
      " wrote: the folder, a SavedModel, a .tflite file.",
      "model_dir",
    )
  return exported, "model"


def _trained_with(model: str) -> config_lib.ResolvedConfig:
  """Returns what the model was trained on, or asks for a data set."""
  config = config_file.find(model)
  if config is None and not flags.source_is_given():
    raise errors.UserError(
      "does not say what it was trained on. Give --dataset, or --domain_a and"
      " --domain_b.",
      "model",
      model,
    )
  return config or config_checks.resolve(config_lib.Config())


if __name__ == "__main__":
  command.run(main)
