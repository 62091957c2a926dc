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

Writes g_AB/ and g_BA/ (SavedModels that take any size), g_AB.tflite and
g_BA.tflite (float32, one image of --size), and export.json. All take and give
RGB in [0, 1]. Every file is compared with the Keras generator on real test
images first; a file that differs is not written. The images are those of the
data set trained on; where it is gone, data flags such as --dataset name
another.
"""

from __future__ import annotations

import dataclasses
import json

from absl import flags

from official.cyclegan import common_flags
from official.cyclegan import config as config_lib

common_flags.define_run_flags()
common_flags.define_checkpoint_flags()
common_flags.define_source_flags()
common_flags.define_dry_run_flag()
common_flags.define_output_flag()
_SIZE = flags.DEFINE_integer(
  "size",
  0,
  "Width and height that the .tflite files take, pixels. 0: the --crop_size"
  " of the training.",
  lower_bound=0,
)


def main() -> None:
  """Exports both directions and prints what was written."""
  model_dir = common_flags.require(
    "model_dir", "give the folder that train wrote."
  )
  output_dir = common_flags.require(
    "output_dir", "give a folder for the exported files."
  )
  config = common_flags.with_given_source(config_lib.load(model_dir))
  if flags.FLAGS.dry_run:
    size = _SIZE.value or config.data.crop_size
    config_lib.check_size("size", size, config.model)
    options = {
      "model_dir": model_dir,
      "output_dir": output_dir,
      "size": size,
      "checkpoint": flags.FLAGS.checkpoint,
      "raw_generator": flags.FLAGS.raw_generator,
    }
    print(json.dumps({**options, **dataclasses.asdict(config)}, indent=2))
    return
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  from official.cyclegan import export_lib

  choice = config_lib.Choice(flags.FLAGS.checkpoint, flags.FLAGS.raw_generator)
  report = export_lib.export(
    model_dir,
    output_dir,
    size=_SIZE.value,
    choice=choice,
    data=config.data,
  )
  for name, entry in report["files"].items():
    print(
      f"{output_dir}/{name}: {entry['bytes'] / 1e6:.2f} MB, differs from the"
      f" Keras generator by at most {entry['max_difference']:.1e}"
      f" on {entry['test_images']} test images"
    )


if __name__ == "__main__":
  common_flags.run(main)
