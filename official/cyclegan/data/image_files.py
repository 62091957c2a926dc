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
"""Finds, reads, resizes and writes image files, without TensorFlow."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import os
import pathlib
import struct
from collections.abc import Iterator, Sequence

import numpy as np
import PIL.Image
import PIL.ImageColor
import PIL.ImageOps

from official.cyclegan.core import errors
from official.cyclegan.core import files

# Endings of files that are taken for pictures; the format itself is read from
# their contents.
READABLE = (
  ".jpg",
  ".jpeg",
  ".jfif",
  ".png",
  ".bmp",
  ".gif",
  ".webp",
  ".tif",
  ".tiff",
  ".ppm",
)
# Pillow's names of the formats looked for in a file's contents.
_FORMATS = ("JPEG", "PNG", "BMP", "DIB", "GIF", "WEBP", "TIFF", "PPM")
# More pixels than this are taken for a decompression bomb: Pillow's own limit,
# a quarter of a gigabyte in RGB.
MAX_PIXELS = 2**30 // 4 // 3
_ORIENTATION = 0x0112  # EXIF tag
_UPRIGHT = 1
WRITABLE = (".jpg", ".jpeg", ".png")
_JPEG_QUALITY = 95
_LEVELS_PER_BYTE = 256


def find(where: str, option: str) -> list[str]:
  """Returns the image files that a file name, glob or folder stands for.

  Args:
    where: A file, a glob pattern or a folder (its sub-folders are left out).
    option: Name of the option that holds `where`, for messages.

  Returns:
    Paths in sorted order, at least one.

  Raises:
    errors.UserError: If nothing is there, or nothing with an image's ending.
  """
  if os.path.isdir(where):
    found = [
      str(path) for path in pathlib.Path(where).iterdir() if not path.is_dir()
    ]
  elif os.path.exists(where):
    found = [where]
  else:
    found = glob.glob(where)
  if not found and not os.path.isdir(where):
    raise errors.UserError(
      ": no such file, folder or pattern. Check the path.", option, where
    )
  images = sorted(p for p in found if p.lower().endswith(READABLE))
  if not images:
    raise errors.UserError(
      f": holds no images. Put files ending in {' '.join(READABLE)} there.",
      option,
      where,
    )
  return images


@dataclasses.dataclass(frozen=True)
class Info:
  """What a picture's header says.

  Attributes:
    width: Pixels, as shown.
    height: Pixels, as shown.
    format: Such as `JPEG`.
    mode: Pillow's name of the pixels' kind, such as `RGB`, `L` or `CMYK`.
    plain: Whether it is a JPEG that every decoder reads alike: grey or colour,
      upright.
  """

  width: int
  height: int
  format: str
  mode: str
  plain: bool


def check_background(background: str) -> None:
  """Refuses a colour that Pillow does not know.

  Args:
    background: The colour's name, or `#rrggbb`.

  Raises:
    errors.UserError: If Pillow does not know it.
  """
  try:
    PIL.ImageColor.getrgb(background)
  except ValueError as error:
    raise errors.UserError(
      "is not a colour. Give a name such as white, or e.g. #20c0ff.",
      "background",
      background,
    ) from error


def inspect(path: str) -> Info:
  """Reads a picture's header.

  Args:
    path: The file.

  Returns:
    What the header says; the pixels may still turn out to be damaged.

  Raises:
    errors.UserError: If it is not an image, or one of too many pixels.
  """
  with _opened(path) as image:
    orientation = _orientation(image)
    width, height = image.size
    if orientation > 4:  # lying on a side
      width, height = height, width
    plain = (
      image.format == "JPEG"
      and image.mode in ("L", "RGB")
      and orientation == _UPRIGHT
    )
    return Info(width, height, image.format or "", image.mode, plain)


def read(path: str, background: str = "white") -> np.ndarray:
  """Reads an image file of any kind as 8-bit RGB.

  The picture is turned upright as its EXIF orientation says. Of an animated
  one the first frame is taken. Grey is repeated to three channels, CMYK and
  palettes become RGB, transparent pixels are laid over the background, and of
  16 bits the upper 8 are kept.

  Args:
    path: The file.
    background: Colour behind transparent pictures, as Pillow names it.

  Returns:
    uint8 `[height, width, 3]`.

  Raises:
    errors.UserError: If the file cannot be read, is not an image, or has more
      than `MAX_PIXELS`.
  """
  with _opened(path) as image:
    image.load()
    if _orientation(image) != _UPRIGHT:
      image = PIL.ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
      return _from_deep(np.asarray(image))
    if image.has_transparency_data:
      picture = image.convert("RGBA")
      behind = PIL.Image.new("RGBA", picture.size, background)
      image = PIL.Image.alpha_composite(behind, picture)
    return np.array(image.convert("RGB"))


def luma(image: np.ndarray) -> np.ndarray:
  """Makes a picture grey (ITU-R BT.601 luma in Pillow's integer form).

  Args:
    image: uint8 `[height, width, 3]`.

  Returns:
    uint8 `[height, width, 1]`.
  """
  return np.asarray(PIL.Image.fromarray(image).convert("L"))[..., None]


@contextlib.contextmanager
def _opened(path: str) -> Iterator[PIL.Image.Image]:
  """Opens a picture, and turns all that is wrong with it into one line."""
  try:
    with PIL.Image.open(path, formats=_FORMATS) as image:
      if image.width * image.height > MAX_PIXELS:
        raise ValueError(
          f"{image.width} x {image.height} pixels are more than"
          f" {MAX_PIXELS // 10**6} million"
        )
      yield image
  except PIL.UnidentifiedImageError as error:
    size = os.path.getsize(path)
    what = "it holds no image" if size else "the file is empty"
    raise errors.UserError(unreadable(path, ValueError(what))) from error
  except (
    OSError,
    SyntaxError,
    ValueError,
    # What Pillow's decoders raise on some damaged files.
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    MemoryError,
    OverflowError,
    struct.error,
    PIL.Image.DecompressionBombError,
  ) as error:
    raise errors.UserError(unreadable(path, error)) from error


def _orientation(image: PIL.Image.Image) -> int:
  """Returns the EXIF orientation, 1 to 8; damaged EXIF counts as none."""
  try:
    value = image.getexif().get(_ORIENTATION, _UPRIGHT)
  except (ValueError, TypeError, KeyError, SyntaxError, struct.error):
    return _UPRIGHT
  return value if value in range(1, 9) else _UPRIGHT


def _from_deep(levels: np.ndarray) -> np.ndarray:
  """Turns 16-bit grey `[height, width]` into 8-bit RGB."""
  if levels.dtype.kind == "f" or levels.min() < 0 or levels.max() >= 2**16:
    raise ValueError(
      "its 32-bit numbers have no fixed range; save it with 8 or 16 bits"
    )
  high = (levels // _LEVELS_PER_BYTE).astype(np.uint8)
  return np.repeat(high[..., None], 3, axis=-1)


def unreadable(path: str, error: Exception) -> str:
  """Returns what to tell about a file that cannot be read as an image.

  Args:
    path: The file.
    error: What went wrong.
  """
  # The system's own words repeat the path: only its reason is taken.
  reason = getattr(error, "strerror", None) or errors.first_line(error)
  return f"{path} cannot be read as an image ({reason}). Replace or remove it."


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Resizes like `preprocessing.resize`, without TensorFlow.

  Args:
    image: `[height, width, channels]`, values in [0, 255].
    height: New height, pixels.
    width: New width, pixels.

  Returns:
    float32 of the new size in [0, 255].
  """
  # Pillow resizes float pictures of one channel only.
  channels = [
    np.asarray(
      PIL.Image.fromarray(channel).resize(
        (width, height), PIL.Image.Resampling.BICUBIC
      )
    )
    for channel in np.moveaxis(image.astype(np.float32), -1, 0)
  ]
  return np.clip(np.stack(channels, axis=-1), 0.0, 255.0)


def write(path: str, image: np.ndarray) -> None:
  """Writes an image file, whole or not at all.

  Args:
    path: Where to write; its ending, one of `WRITABLE`, names the format.
    image: uint8 `[height, width, channels]`, 1 or 3 channels.

  Raises:
    errors.UserError: If the file cannot be written, or the ending is unknown.
  """
  ending = pathlib.Path(path).suffix.lower()
  if ending not in WRITABLE:
    raise errors.UserError(
      f"{path}: cannot write {ending or 'a file without an ending'}. Use one"
      f" of {' '.join(WRITABLE)}."
    )
  picture = PIL.Image.fromarray(
    image[..., 0] if image.shape[-1] == 1 else image
  )
  with files.writing(path) as partial:
    if ending == ".png":
      picture.save(partial, format="PNG")
    else:
      picture.save(partial, format="JPEG", quality=_JPEG_QUALITY)


def write_animation(
  path: str, frames: Sequence[np.ndarray], milliseconds: Sequence[int]
) -> None:
  """Writes an animated GIF that repeats for ever, whole or not at all.

  Args:
    path: Where to write.
    frames: uint8 `[height, width, 3]`, all of one size, at least one.
    milliseconds: How long each frame is shown.

  Raises:
    errors.UserError: If the file cannot be written.
  """
  first, *others = [PIL.Image.fromarray(frame) for frame in frames]
  with files.writing(path) as partial:
    first.save(
      partial,
      format="GIF",
      save_all=True,
      append_images=others,
      duration=list(milliseconds),
      loop=0,
    )
