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
folder, a glob pattern in quotes, or any data set that train takes, of which the
test pictures are translated; or a video file, or camera:0. Pictures may have
any size and keep it, and with it their sharpness: --detail says how. Of a
folder all pictures and videos are translated, those in sub-folders too, and
keep their places; hidden files are passed over, and how many files of which
kind were left out is said. A picture that cannot be read is named at the end;
the others are translated. Nothing is ever written over, or into, what is read.

Results are 8-bit sRGB: PNG, JPEG, WebP, TIFF or AVIF, by the ending of --output
or, in a folder, --format. --keep=alpha,exif,icc takes over transparency,
metadata and colour profile.

A .tflite file needs no TensorFlow here: ai-edge-litert, absl-py, numpy, pillow
and tqdm are enough, and for videos av.
"""

from __future__ import annotations

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import flags
from official.cyclegan.core import search_config

flags.define(
  command_config.CommandConfig,
  "model",
  "checkpoint",
  "raw_generator",
  "size",
  "dry_run",
)
flags.define(config_lib.DataConfig, "background", "max_pixels")
flags.define(command_config.TranslateConfig)


def main() -> None:
  """Translates what the flags name."""
  model = flags.require(
    "model", "give a run's folder, a SavedModel or a .tflite file."
  )
  inputs = flags.require(
    "input", "give a picture, a pattern in quotes or a folder."
  )
  output = flags.require("output", "give a folder for the results.")
  options = flags.read(command_config.CommandConfig)
  how = flags.read(command_config.TranslateConfig)
  reading = flags.read(config_lib.DataConfig)
  config_checks.check_background(reading.background)
  selection = flags.selection_from_flags(model)
  if options.dry_run:
    command.show(
      {
        "model": model,
        **search_config.option_values(how),
        "size": options.size,
        "background": reading.background,
        "max_pixels": reading.max_pixels,
        "checkpoint": options.checkpoint,
        "raw_generator": options.raw_generator,
      }
    )
    return
  # Imported late: --help and a refused flag do not wait for numpy.
  from official.cyclegan import translate_lib

  print(
    translate_lib.run(model, inputs, output, how, selection, options, reading)
  )


if __name__ == "__main__":
  command.run(main)
