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
r"""Makes photographs and paintings of them, whose truth is known.

  python tools/benchmarks/paint_pictures.py --pictures=photographs \
    --output_dir=data/painted --painter=dabs

Writes trainA and trainB, which show different photographs, the latter painted,
and testA and testB, which show the same ones. The painters are programs:
`colours` changes nothing but colours, pixel by pixel; `dabs` paints with these
colours, in short strokes along what is there, with dark outlines.
"""

from __future__ import annotations

import os
import random

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageOps
from absl import flags
from scipy import ndimage

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags
from official.cyclegan.core import overwriting
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.scenes import drawing

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
# Of the painters' colours: how they change, in [0, 1].
_SATURATION = 1.5
_SHADOW = np.array([0.10, -0.02, 0.16], np.float32)  # violet
_LIGHT = np.array([0.12, 0.05, -0.16], np.float32)  # golden
_GREEN = np.array([0.8, -0.1, -0.6], np.float32)  # olive
_LEVELS = 5  # of each channel of a dab
_DAB = (8, 3)  # length and width, pixels
_PIXELS_PER_DAB = 10
_EDGE = (8 / 255, 16 / 255)  # where an outline begins, and over what it rises
_OUTLINE = 0.75  # how dark one is

core_flags.define(command_config.CommandConfig, "output_dir")
_PICTURES = flags.DEFINE_string("pictures", None, "Folder of photographs.")
_PAINTER = flags.DEFINE_enum("painter", "dabs", ["colours", "dabs"], "Who.")
_SIZE = flags.DEFINE_integer(
  "size", 128, "Width and height of what is written, pixels.", 16
)
_COUNT = flags.DEFINE_integer("count", 400, "Training pictures a domain.", 1)
_TEST_COUNT = flags.DEFINE_integer("test_count", 100, "Test pictures.", 1)
_SEED = flags.DEFINE_integer("seed", 7, "Decides which photographs are taken.")


def main() -> None:
  """Writes the data set."""
  pictures = core_flags.require("pictures", "give a folder of photographs.")
  output = core_flags.require("output_dir", "give a folder.")
  paths = list(folders.find_inputs(pictures, "pictures").images)
  wanted = 2 * _COUNT.value + _TEST_COUNT.value
  if len(paths) < wanted:
    raise errors.UserError(
      f": {len(paths)} pictures are there, and --count={_COUNT.value} and"
      f" --test_count={_TEST_COUNT.value} take {wanted}. Give smaller ones.",
      "pictures",
      pictures,
    )
  overwriting.check([overwriting.Read(pictures)], "output_dir", output)
  random.Random(_SEED.value).shuffle(paths)
  paint = {"colours": recolour, "dabs": dab}[_PAINTER.value]
  for splits, chosen in (
    (("trainA",), paths[: _COUNT.value]),
    (("trainB",), paths[_COUNT.value : 2 * _COUNT.value]),
    (("testA", "testB"), paths[2 * _COUNT.value : wanted]),
  ):
    for split in splits:
      files.make_folder(os.path.join(output, split), "output_dir")
    for number, path in enumerate(chosen):
      image = _photograph(path)
      for split in splits:
        levels = image
        if split[-1] == "B":
          unit = image.astype(np.float32) / 255.0
          levels = drawing.to_uint8(paint(unit, number))
        name = os.path.join(output, split, f"{number:04d}.png")
        image_files.write(name, levels)
  print(f"Written: {output}, painted by {_PAINTER.value}.")


def _photograph(path: str) -> np.ndarray:
  """Returns a picture's middle, uint8 `[size, size, 3]`."""
  try:
    whole = PIL.Image.fromarray(image_files.read(path))
  except image_files.UnreadableError as error:
    raise errors.UserError(f": {error}", "pictures", path) from error
  size = (_SIZE.value, _SIZE.value)
  return np.asarray(PIL.ImageOps.fit(whole, size, PIL.Image.Resampling.BOX))


def recolour(image: np.ndarray, number: int = 0) -> np.ndarray:
  """Changes the colours of a picture, each pixel's by itself.

  More saturation, violet shadows, golden lights, olive greens.

  Args:
    image: float32 `[height, width, 3]` in [0, 1].
    number: The picture's; does not matter.

  Returns:
    The same shape and range.
  """
  del number
  luma = (image @ _LUMA)[..., None]
  green = image[..., 1] - np.maximum(image[..., 0], image[..., 2])
  changed = (
    luma**1.15
    + _SATURATION * (image - luma)
    + np.clip(1.0 - 2.0 * luma, 0.0, 1.0) * _SHADOW
    + np.clip(2.0 * luma - 1.0, 0.0, 1.0) * _LIGHT
    + np.clip(green, 0.0, 1.0)[..., None] * _GREEN
  )
  return np.clip(changed, 0.0, 1.0)


def dab(image: np.ndarray, number: int = 0) -> np.ndarray:
  """Paints a picture in short strokes of few colours, with dark outlines.

  Args:
    image: float32 `[height, width, 3]` in [0, 1].
    number: The picture's; decides where strokes lie.

  Returns:
    The same shape and range.
  """
  rng = np.random.default_rng(number)
  colours = recolour(image)
  height, width = colours.shape[:2]
  smooth = ndimage.gaussian_filter(colours.mean(axis=-1), 2.0)
  down, right = np.gradient(smooth)
  along = np.arctan2(down, right) + np.pi / 2.0
  ground = ndimage.median_filter(colours, size=(7, 7, 1))
  canvas = PIL.Image.fromarray(drawing.to_uint8(ground))
  draw = PIL.ImageDraw.Draw(canvas)
  length, thickness = _DAB
  for _ in range(height * width // _PIXELS_PER_DAB):
    y, x = int(rng.integers(height)), int(rng.integers(width))
    dx, dy = (length / 2.0 * f(along[y, x]) for f in (np.cos, np.sin))
    colour = colours[y, x]
    colour = 0.8 * np.round(colour * _LEVELS) / _LEVELS + 0.2 * colour
    levels = drawing.to_uint8(colour + 0.03 * rng.standard_normal())
    draw.line(
      [x - dx, y - dy, x + dx, y + dy],
      fill=tuple(int(level) for level in levels),
      width=thickness,
    )
  first, over = _EDGE
  edge = np.clip((np.hypot(down, right) - first) / over, 0.0, 1.0)
  painted = np.asarray(canvas, np.float32) / 255.0
  return painted * (1.0 - _OUTLINE * edge[..., None])


if __name__ == "__main__":
  command.run(main)
