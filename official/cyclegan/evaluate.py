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
import json
import os

from absl import flags

from official.cyclegan.core import common_flags
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors

common_flags.define_run_flags()
common_flags.define_model_flag()
common_flags.define_checkpoint_flags()
common_flags.define_source_flags()
common_flags.define_evaluation_flags()
common_flags.define_output_flag()
common_flags.define_dry_run_flag()

_DEFAULT_FOLDER = "evaluation"


def main() -> None:
  """Measures the model that the flags name and prints the table."""
  exported, model_dir = flags.FLAGS.model, flags.FLAGS.model_dir
  if bool(exported) == bool(model_dir):
    raise errors.UserError(
      "--model_dir and --model are both given: give one of them."
      if exported
      else "--model_dir is missing: give the folder that train wrote, or as"
      " --model what export wrote: the folder, a SavedModel, a .tflite file."
    )
  model = exported or model_dir
  with errors.given_as(model="model" if exported else "model_dir"):
    config = common_flags.with_given_source(_trained_with(model))
  options = common_flags.evaluation_from_flags()
  output_dir = flags.FLAGS.output_dir or _default_folder(model)
  if flags.FLAGS.dry_run:
    resolved = {
      **dataclasses.asdict(config),
      "model": model,
      "output_dir": output_dir,
      **dataclasses.asdict(options),
    }
    print(json.dumps(resolved, indent=2))
    return
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  from official.cyclegan import evaluate_lib

  selection = config_lib.GeneratorSelection(
    flags.FLAGS.checkpoint, not flags.FLAGS.raw_generator
  )
  with errors.given_as(model="model" if exported else "model_dir"):
    report = evaluate_lib.evaluate(
      model, output_dir, config, selection, options
    )
  print(evaluate_lib.table(report), end="")
  print(f"\nReport: {output_dir}")


def _trained_with(model: str) -> config_lib.Config:
  """Returns what the model was trained on, or asks for a data set."""
  config = config_file.find(model)
  if config is None and not (
    flags.FLAGS["dataset"].present or flags.FLAGS["domain_a"].present
  ):
    raise errors.UserError(
      "does not say what it was trained on. Give --dataset, or --domain_a and"
      " --domain_b.",
      "model",
      model,
    )
  return config or config_checks.resolve(config_lib.Config())


def _default_folder(model: str) -> str:
  """Returns a folder in the run's or the export's, or beside a single file."""
  name = os.path.basename(model.rstrip("/"))
  stem = os.path.splitext(name)[0]
  if stem in config_lib.GENERATOR_NAMES.values() or os.path.isfile(model):
    name = f"{_DEFAULT_FOLDER}_{name.replace('.', '_')}"
    return os.path.join(os.path.dirname(model.rstrip("/")), name)
  return os.path.join(model, _DEFAULT_FOLDER)


if __name__ == "__main__":
  common_flags.run(main)
