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
r"""Measures FID and KID of any number of pictures (Apache Beam).

Recipe (translations against real pictures, and beside it doing nothing):

  python -m official.cyclegan.evaluate_many \
    --model=runs/quickstart/export/g_AB.tflite --input=archive \
    --references=paintings --output_dir=measured

What translate_many has made already is not translated again:

  python -m official.cyclegan.evaluate_many --input=translated \
    --references=paintings --size=256 --output_dir=measured

Both are a folder, a glob pattern in quotes or a .txt file of addresses, on this
machine or any of Beam's file systems. The figures are those of evaluate on the
same pictures; its other measures need all pictures at once, so that this is a
command of its own. Workers need TensorFlow. Writes report.json and report.md;
unreadable-*.jsonl says which pictures were left out, and why.

Without --runner all cores of this machine work, a process each. --beam_options
takes Beam's own flags, as those of Flink, Spark and Dataflow
(docs/at-scale.md).
"""

from __future__ import annotations

import dataclasses

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import flags
from official.cyclegan.core import search_config

_INCEPTION = ("inception", "inception_weights")

flags.define(
  command_config.CommandConfig,
  "model",
  "checkpoint",
  "raw_generator",
  "size",
  "output_dir",
  "dry_run",
)
flags.define(config_lib.DataConfig, "background", "max_pixels")
flags.define(command_config.PlacesConfig, "input")
flags.define(command_config.TranslateConfig, "direction")
flags.define(command_config.EvaluateConfig, *_INCEPTION)
flags.define(command_config.EvaluateManyConfig)
flags.define(command_config.BeamConfig)


def main() -> None:
  """Measures what the flags name and prints the table."""
  pattern = flags.require(
    "input", "give a folder, a pattern in quotes or a .txt file of addresses."
  )
  references = flags.require(
    "references", "give real pictures of the other domain, likewise."
  )
  output = flags.require("output_dir", "give a folder for the report.")
  options = flags.read(command_config.CommandConfig)
  how = flags.read(command_config.TranslateConfig)
  evaluation = flags.read(command_config.EvaluateConfig)
  job = flags.read(command_config.BeamConfig)
  given = flags.read(config_lib.DataConfig)
  model = options.model or ""
  if not model and not options.size:
    raise errors.UserError(
      "is missing: without --model say at which size, in pixels, pictures are"
      " compared.",
      "size",
    )
  selection = command_config.DEFAULT_SELECTION
  if model:
    selection = flags.selection_from_flags(model)
  if options.dry_run:
    measured = search_config.option_values(evaluation)
    command.show(
      {
        "model": model,
        "input": pattern,
        "references": references,
        "output_dir": output,
        "direction": how.direction,
        "size": options.size,
        "background": given.background,
        "max_pixels": given.max_pixels,
        **{name: measured[name] for name in _INCEPTION},
        **search_config.option_values(job),
      }
    )
    return
  command.require_beam()
  # As the model was trained with.
  trained = config_file.find(model) if model else None
  data = dataclasses.replace(
    (trained or config_checks.resolve(config_lib.Config())).data,
    background=given.background,
    max_pixels=given.max_pixels,
  )
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan import evaluate_many_lib
  from official.cyclegan.pipeline import feature_distances

  settings = feature_distances.Settings(
    model,
    pattern,
    references,
    output,
    options.size,
    data,
    how.direction,
    selection,
    evaluation.inception,
    evaluation.inception_weights,
  )
  report = evaluate_many_lib.evaluate(settings, job)
  print(f"{evaluate_many_lib.table(report)}Report: {output}")


if __name__ == "__main__":
  command.run(main)
