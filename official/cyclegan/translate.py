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
r"""Translates pictures with a trained CycleGAN.

Recipe:

  python -m official.cyclegan.translate --direction=AtoB \
    --model=runs/quickstart/export/g_AB.tflite \
    --input=my_pictures --output=translated

--model is a run's folder, a SavedModel or a .tflite file; --input a picture, a
glob pattern in quotes, a folder, or any data set that train takes, of which the
test pictures are translated. Pictures may have any size and keep it. A
picture that cannot be read is named at the end; the others are translated.
"""

from __future__ import annotations

import json

from absl import flags

from official.cyclegan import common_flags
from official.cyclegan import config as config_lib

common_flags.define_model_flag()
common_flags.define_checkpoint_flags()
common_flags.define_background_flag()
common_flags.define_dry_run_flag()
common_flags.define_size_flag()
_INPUT = flags.DEFINE_string(
  "input",
  None,
  "Picture, glob pattern in quotes, folder of pictures, or a data set as for"
  " train's --dataset: its test pictures.",
)
_OUTPUT = flags.DEFINE_string(
  "output",
  None,
  "Folder for the results, which keep the inputs' names; for a single picture"
  " also a .png or .jpg file.",
)
_DIRECTION = flags.DEFINE_enum(
  "direction", "AtoB", ["AtoB", "BtoA"], "Which way to translate."
)
_SCALE = flags.DEFINE_enum(
  "scale",
  "fit",
  ["fit", "native"],
  "fit: work at the size that the model was trained for, as training did."
  " native: work at the picture's own size (not for .tflite files).",
)


def main() -> None:
  """Translates what the flags name."""
  model = common_flags.require(
    "model", "give a run's folder, a SavedModel or a .tflite file."
  )
  inputs = common_flags.require(
    "input", "give a picture, a pattern in quotes or a folder."
  )
  output = common_flags.require("output", "give a folder for the results.")
  if flags.FLAGS.dry_run:
    options = {
      "model": model,
      "input": inputs,
      "output": output,
      "direction": _DIRECTION.value,
      "scale": _SCALE.value,
      "size": flags.FLAGS.size,
      "background": flags.FLAGS.background,
      "checkpoint": flags.FLAGS.checkpoint,
      "raw_generator": flags.FLAGS.raw_generator,
    }
    print(json.dumps(options, indent=2))
    return
  # Imported late: --help and a refused flag do not wait for numpy.
  from official.cyclegan import translate_lib

  choice = config_lib.Choice(flags.FLAGS.checkpoint, flags.FLAGS.raw_generator)
  written = translate_lib.translate_files(
    model,
    inputs,
    output,
    _DIRECTION.value,
    _SCALE.value,
    choice,
    flags.FLAGS.background,
    flags.FLAGS.size,
  )
  print(f"{len(written)} pictures written to {output}")


if __name__ == "__main__":
  common_flags.run(main)
