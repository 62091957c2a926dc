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
export.json, export.md and pictures. All take and give RGB in [0, 1]. Every file
is run and compared with the Keras generator on real test images first; if one
differs too much nothing is written, and an earlier export stays as it is. The
images are those of the data set trained on; where it is gone, data flags such
as --dataset name another.
"""

from __future__ import annotations

import dataclasses
import json

from absl import flags

from official.cyclegan.core import common_flags
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file

common_flags.define_run_flags()
common_flags.define_checkpoint_flags()
common_flags.define_source_flags()
common_flags.define_dry_run_flag()
common_flags.define_output_flag()
common_flags.define_size_flag()
common_flags.define_export_flags()


def main() -> None:
  """Exports both directions and prints what was written."""
  model_dir = common_flags.require(
    "model_dir", "give the folder that train wrote."
  )
  output_dir = common_flags.require(
    "output_dir", "give a folder for the exported files."
  )
  options = common_flags.export_from_flags()
  config = common_flags.with_given_source(config_file.load(model_dir))
  options = config_checks.resolve_export(options, config)
  if flags.FLAGS.dry_run:
    shown = {
      "model_dir": model_dir,
      "output_dir": output_dir,
      "size": options.sizes[0],
      "export": dataclasses.asdict(options),
      "checkpoint": flags.FLAGS.checkpoint,
      "raw_generator": flags.FLAGS.raw_generator,
    }
    print(json.dumps({**shown, **dataclasses.asdict(config)}, indent=2))
    return
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  from official.cyclegan import export_lib
  from official.cyclegan.serving import export_report

  selection = config_lib.GeneratorSelection(
    flags.FLAGS.checkpoint, not flags.FLAGS.raw_generator
  )
  report = export_lib.export(
    model_dir,
    output_dir,
    options=options,
    selection=selection,
    data=config.data,
  )
  print(export_report.table(report))
  print(f"Written to {output_dir}: {', '.join(report['files'])}.")


if __name__ == "__main__":
  common_flags.run(main)
