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
r"""Writes the test pictures of a built-in data set, with their truth, as files.

Recipe:

  python tools/checks/write_test_pictures.py --model_dir=runs/quickstart \
    --output_dir=runs/quickstart/test

Writes A/ (what to translate), B/ (what it should become), reference_A/ and
reference/ (training pictures of A and of B, which show other scenes) and, where
the data set knows it, mask/ (where the change belongs), as PNG files named by
scene.
"""

from __future__ import annotations

import os

from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags

core_flags.define(command_config.CommandConfig, "model_dir")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the files.")


def main() -> None:
  """Writes the pictures of the data set that a run was trained on."""
  model_dir = core_flags.require("model_dir", "give the folder of a run.")
  output_dir = core_flags.require("output_dir", "give a folder.")
  config = config_file.load(model_dir)
  # Imported late: a refused flag does not wait for TensorFlow.
  from official.cyclegan.data import image_files
  from official.cyclegan.data import sources
  from official.cyclegan.scenes import scene_datasets

  name = sources.builder_name(config.data)
  if name.partition("/")[0] not in scene_datasets.BUILDERS:
    raise errors.UserError(
      f"was trained on {name}, whose truth is unknown."
      f" Only {', '.join(scene_datasets.BUILDERS)} know it.",
      "model_dir",
      model_dir,
    )
  builder = sources.tfds_builder(config.data)
  builder.download_and_prepare()
  for split, parts in (
    ("testA", {"image": "A", "mask": "mask"}),
    ("testB", {"image": "B"}),
    ("trainA", {"image": "reference_A"}),
    ("trainB", {"image": "reference"}),
  ):
    for example in builder.as_dataset(split=split).as_numpy_iterator():
      for feature, folder in parts.items():
        if feature in example:
          target = os.path.join(output_dir, folder)
          files.make_folder(target, "output_dir")
          scene = example["scene"].decode()
          image_files.write(
            os.path.join(target, f"{scene}.png"), example[feature]
          )


if __name__ == "__main__":
  command.run(main)
