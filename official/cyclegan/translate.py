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
test pictures are translated; or a video file, or camera:0. Pictures may have
any size and keep it. A picture that cannot be read is named at the end; the
others are translated.

A .tflite file needs no TensorFlow here: ai-edge-litert, absl-py, numpy, pillow
and tqdm are enough, and for videos imageio and imageio-ffmpeg.
"""

from __future__ import annotations

import json

from absl import flags

from official.cyclegan.core import common_flags
from official.cyclegan.core import config as config_lib

common_flags.define_model_flag()
common_flags.define_checkpoint_flags()
common_flags.define_background_flag()
common_flags.define_dry_run_flag()
common_flags.define_size_flag()
_INPUT = flags.DEFINE_string(
  "input",
  None,
  "Picture, glob pattern in quotes, folder of pictures, or a data set as for"
  " train's --dataset: its test pictures; or a video file, or camera:0.",
)
_OUTPUT = flags.DEFINE_string(
  "output",
  None,
  "Folder for the results, which keep the inputs' names; for a single picture"
  " also a .png or .jpg file. Of a video an .mp4 file, without sound.",
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
_TEMPORAL_SMOOTHING = flags.DEFINE_float(
  "temporal_smoothing",
  0.0,
  "Of a video, how much of the frame before is mixed in where nothing moves,"
  " against flicker: 0, nothing, to below 1, e.g. 0.7.",
)
_MAX_FRAMES = flags.DEFINE_integer(
  "max_frames", 0, "Frames of a video at most. 0: all.", lower_bound=0
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
      "temporal_smoothing": _TEMPORAL_SMOOTHING.value,
      "max_frames": _MAX_FRAMES.value,
      "background": flags.FLAGS.background,
      "checkpoint": flags.FLAGS.checkpoint,
      "raw_generator": flags.FLAGS.raw_generator,
    }
    print(json.dumps(options, indent=2))
    return
  # Imported late: --help and a refused flag do not wait for numpy.
  from official.cyclegan import translate_lib
  from official.cyclegan.serving import image_translator
  from official.cyclegan.serving import video

  selection = config_lib.GeneratorSelection(
    flags.FLAGS.checkpoint, not flags.FLAGS.raw_generator
  )
  if video.is_video(inputs):
    result = video.translate(
      image_translator.open_model(
        model, _DIRECTION.value, selection, flags.FLAGS.size
      ),
      inputs,
      output,
      _SCALE.value,
      _TEMPORAL_SMOOTHING.value,
      _MAX_FRAMES.value,
    )
    print(
      f"{result.frames} frames written to {output},"
      f" {result.milliseconds:.1f} ms each (median)"
    )
    if result.flicker is not None:
      print(
        f"Flicker where the input stands still: {result.flicker:.2f} levels of"
        f" 255 from frame to frame; the input's: {result.input_flicker:.2f}"
      )
    return
  written = translate_lib.translate_files(
    model,
    inputs,
    output,
    _DIRECTION.value,
    _SCALE.value,
    selection,
    flags.FLAGS.background,
    flags.FLAGS.size,
  )
  print(f"{len(written)} pictures written to {output}")


if __name__ == "__main__":
  common_flags.run(main)
