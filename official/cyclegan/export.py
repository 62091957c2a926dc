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
r"""Exports a trained CycleGAN's generators to SavedModel and TFLite.

Recipe:

  python -m official.cyclegan.export --model_dir=runs/quickstart \
    --output_dir=runs/quickstart/export

Writes g_AB/ and g_BA/ (SavedModels that take any size, or encoded files),
g_AB.tflite (float32), g_AB_float16.tflite, g_AB_dynamic.tflite and the same of
g_BA, and a report with the size, likeness, speed and memory of each:
export.json, export.md, report.html and, unless --samples=0, pictures; and a
model card, README.md with metadata.json, as the Hugging Face Hub takes it. All
take and give RGB in [0, 1]. Every file is run on real test images first and
compared with the Keras generator; if one differs too much nothing is written,
and an earlier export stays as it is. The images are those of the data set
trained on; where it is gone, data flags such as --dataset name another.
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
from official.cyclegan.core import search_config
from official.cyclegan.data import folders

flags.define(
  command_config.CommandConfig,
  "model_dir",
  "checkpoint",
  "raw_generator",
  "output_dir",
  "size",
  "config_file",
  "params_override",
  "dry_run",
)
flags.define(config_lib.DataConfig, *flags.SOURCE_OPTIONS)
flags.define(command_config.ExportConfig)


def main() -> None:
  """Exports both directions and prints what was written."""
  model_dir = flags.require("model_dir", "give the folder that train wrote.")
  output_dir = flags.require(
    "output_dir", "give a folder for the exported files."
  )
  export = flags.export_from_flags()
  config = flags.with_given_source(config_file.load(model_dir))
  options = flags.read(command_config.CommandConfig)
  with errors.given_as(sizes="size" if options.size else "sizes"):
    export = config_checks.resolve_export(export, config)
  selection = flags.selection_from_flags(model_dir, "model_dir")
  if options.dry_run:
    section = {"export": search_config.option_values(export)}
    command.show({**dataclasses.asdict(config), **section})
    print(f"Run: {model_dir}. Export: {output_dir}.", file=sys.stderr)
    return
  if flags.source_is_given():
    folders.require_there(config.data)
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan import export_lib
  from official.cyclegan.serving import export_report

  with errors.keeping(lambda: f"What was in {output_dir} is as it was."):
    report = export_lib.export(
      model_dir,
      output_dir,
      options=export,
      selection=selection,
      data=config.data,
    )
  print(export_report.table(report))
  print(f"Written to {output_dir}: {', '.join(report['files'])}.")


if __name__ == "__main__":
  command.run(main)
