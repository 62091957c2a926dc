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
import functools
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.ImageColor

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.data import color_profiles
from official.cyclegan.data import image_decoders
from official.cyclegan.data import image_headers
from official.cyclegan.data import pixel_budget

WRITABLE = (".jpg", ".jpeg", ".png")
_JPEG_QUALITY = 95
_STRIP = 128  # rows that are converted, or resized, at a time
_GREY_MODES = ("1", "L", "LA", "La", "I;16")
# How rows and columns of the file stand on the screen (EXIF 2.32, table 6).
_FLIPPED_ROWS, _FLIPPED_COLUMNS = (3, 4, 6, 7), (2, 3, 7, 8)


class UnreadableError(errors.UserError):
  """A file cannot be read as a picture.

  Attributes:
    path: The file.
    reason: Why, a part of a sentence.
  """

  def __init__(
    self, path: str, reason: str, remedy: str = "Replace or remove it."
  ):
    """Says what is wrong.

    Args:
      path: The file.
      reason: Why it cannot be read, a part of a sentence.
      remedy: A sentence.
    """
    super().__init__(f"{path} cannot be read as an image ({reason}). {remedy}")
    self.path, self.reason = path, reason


@dataclasses.dataclass(frozen=True)
class Info:
  """What a picture's header says.

  Attributes:
    width: Pixels, as shown.
    height: Pixels, as shown.
    format: Such as `JPEG`.
    mode: Pillow's name of the pixels' kind, such as `RGB`, `L` or `CMYK`; with
      `;16`, `;32` or `;F` behind it where there are more than 8 bits.
    plain: Whether it is a JPEG that every decoder reads alike: grey or colour,
      upright, sRGB.
    deep: Whether it has more than 8 bits, so that a range matters.
    levels: The range that the levels of a deep picture lie in, where somebody
      has measured it.
    seen: Which of 256 levels it has, bit by bit; 0 where nobody has looked.
  """

  width: int
  height: int
  format: str
  mode: str
  plain: bool
  deep: bool = False
  levels: level_range.LevelRange | None = None
  seen: int = 0


@dataclasses.dataclass(frozen=True)
class Decoded:
  """A picture as it is shown.

  Attributes:
    rgb: uint8 `[height, width, 3]`, sRGB, laid over the background.
    alpha: uint8 `[height, width]`, 255 where it is opaque; None if it is all
      opaque.
  """

  rgb: np.ndarray
  alpha: np.ndarray | None = None


def inspect(
  path: str, max_pixels: int = config_lib.DataConfig.max_pixels
) -> Info:
  """Reads a picture's header.

  Args:
    path: The file.
    max_pixels: A picture of more is refused.

  Returns:
    What the header says; the pixels may still turn out to be damaged.

  Raises:
    UnreadableError: If it is not an image, or one of too many pixels.
  """
  with _opened(path, max_pixels) as encoded:
    width, height = encoded.width, encoded.height
    if encoded.orientation > 4:  # lying on a side
      width, height = height, width
    plain = (
      encoded.format == "JPEG"
      and encoded.mode in ("L", "RGB")
      and encoded.orientation == image_headers.UPRIGHT
      and not color_profiles.from_profile(encoded.profile, encoded.mode)
    )
    return Info(
      width,
      height,
      encoded.format,
      encoded.mode,
      plain,
      encoded.load_deep is not None,
    )


def measure(
  path: str, max_pixels: int = config_lib.DataConfig.max_pixels
) -> level_range.LevelRange | None:
  """Returns the range that the levels of a deep picture lie in.

  Args:
    path: The file.
    max_pixels: A picture of more is refused.

  Returns:
    The range, by `image_decoders.measured`; None for pictures of 8 bits and of
    a single level.

  Raises:
    UnreadableError: If the file cannot be read.
  """
  with _opened(path, max_pixels) as encoded:
    if encoded.load_deep is None:
      return None
    with pixel_budget.reserve(encoded.width * encoded.height, deep=True):
      samples, colors = encoded.load_deep()
      return image_decoders.measured(samples[..., :colors])


def common_range(
  paths: Sequence[str], max_pixels: int = config_lib.DataConfig.max_pixels
) -> level_range.LevelRange | None:
  """Returns the range that holds the levels of all deep pictures among files.

  Args:
    paths: The files; those that cannot be read do not count.
    max_pixels: As for `read`.
  """
  ranges = []
  for path in paths:
    with contextlib.suppress(UnreadableError):
      ranges.append(measure(path, max_pixels))
  found = [r for r in ranges if r]
  if not found:
    return None
  return level_range.LevelRange(
    min(r.low for r in found), max(r.high for r in found)
  )


def read(
  path: str,
  background: str = "white",
  *,
  levels: level_range.LevelRange | None = None,
  max_pixels: int = config_lib.DataConfig.max_pixels,
  shrink_to: int = 0,
) -> np.ndarray:
  """Reads an image file of any kind as 8-bit sRGB.

  The picture is turned upright as its EXIF orientation says, and brought from
  the colour space that its profile or its chunks give to sRGB. Of an animated
  one the first frame is taken. Grey is repeated to three channels, CMYK and
  palettes become RGB, and transparent pixels are laid over the background.

  Args:
    path: The file.
    background: Colour behind transparent pictures, as Pillow names it.
    levels: Which levels of 16-bit and floating-point pictures become 0 and 255,
      rounded; None: of 16 bits the upper 8 are kept.
    max_pixels: A picture of more is refused.
    shrink_to: Says that the shorter side will be resized to so many pixels, so
      that a JPEG need not be decoded at its full size: the result may then be a
      half, a quarter or an eighth as large, rounded up. 0: it never is.

  Returns:
    uint8 `[height, width, 3]`.

  Raises:
    UnreadableError: If the file cannot be read, is not an image, has more than
      `max_pixels`, or has floating-point or 32-bit numbers and no `levels` are
      given. Whatever a decoder raises ends here.
  """
  return decode(
    path,
    background,
    levels=levels,
    max_pixels=max_pixels,
    shrink_to=shrink_to,
  ).rgb


def decode(
  path: str,
  background: str = "white",
  *,
  levels: level_range.LevelRange | None = None,
  max_pixels: int = config_lib.DataConfig.max_pixels,
  shrink_to: int = 0,
) -> Decoded:
  """Reads an image file as `read` does, and its transparency.

  Args:
    path: The file.
    background: As for `read`.
    levels: As for `read`.
    max_pixels: As for `read`.
    shrink_to: As for `read`.

  Raises:
    UnreadableError: As `read`.
  """
  with _opened(path, max_pixels) as encoded:
    divisor = 1
    if encoded.format == "JPEG":
      divisor = image_decoders.reduction(
        encoded.width, encoded.height, shrink_to
      )
    deep = bool(encoded.load_deep)
    pixels = encoded.width * encoded.height // divisor**2
    with pixel_budget.reserve(pixels, deep):
      if encoded.load_deep and (levels is not None or not encoded.upper):
        image = image_decoders.as_image(*encoded.load_deep(), levels)
      else:
        image = encoded.load(divisor)
        image.load()
      return _shown(image, encoded, background)


def _shown(
  image: PIL.Image.Image, encoded: image_decoders.Encoded, background: str
) -> Decoded:
  """Turns a decoded picture into an upright one in sRGB, strip by strip."""
  height, width = image.height, image.width
  shape = (width, height) if encoded.orientation > 4 else (height, width)
  rgb = np.empty((*shape, 3), np.uint8)
  stored = _as_stored(rgb, encoded.orientation)
  see_through = image.has_transparency_data and not encoded.opaque
  alpha = np.empty(shape if see_through else (0, 0), np.uint8)
  stored_alpha = _as_stored(alpha, encoded.orientation)
  behind = PIL.Image.new("RGBA", (width, _STRIP), background)
  for top in range(0, height, _STRIP):
    strip = image.crop((0, top, width, min(height, top + _STRIP)))
    if not see_through:
      shown = _srgb(strip, encoded)
    else:
      with_alpha = strip.convert("RGBA")
      band = with_alpha.getchannel("A")
      stored_alpha[top : top + _STRIP] = np.asarray(band)
      shown = _srgb(strip if "A" in strip.mode else with_alpha, encoded)
      shown.putalpha(band)
      below = behind.crop((0, 0, *strip.size))
      shown = PIL.Image.alpha_composite(below, shown).convert("RGB")
    stored[top : top + _STRIP] = np.asarray(shown)
  return Decoded(rgb, alpha if see_through else None)


def _as_stored(array: np.ndarray, orientation: int) -> np.ndarray:
  """Returns a view of an upright picture in which it is as in the file."""
  if orientation > 4:
    array = array.swapaxes(0, 1)
  if orientation in _FLIPPED_ROWS:
    array = array[::-1]
  if orientation in _FLIPPED_COLUMNS:
    array = array[:, ::-1]
  return array


def _srgb(
  strip: PIL.Image.Image, encoded: image_decoders.Encoded
) -> PIL.Image.Image:
  """Returns a part of a picture as sRGB, without its alpha."""
  if encoded.space is not None:
    rgb = strip.convert("RGB")
    convert = color_profiles.from_space(encoded.space)
    return convert(rgb) if convert else rgb
  mode = strip.mode
  if mode not in ("CMYK", "LAB"):
    mode = "L" if mode in _GREY_MODES else "RGB"
  convert = color_profiles.from_profile(encoded.profile, mode)
  return convert(strip.convert(mode)) if convert else strip.convert("RGB")


def luma(image: np.ndarray) -> np.ndarray:
  """Makes a picture grey (ITU-R BT.601 luma in Pillow's integer form).

  Args:
    image: uint8 `[height, width, 3]`.

  Returns:
    uint8 `[height, width, 1]`.
  """
  return np.asarray(PIL.Image.fromarray(image).convert("L"))[..., None]


@contextlib.contextmanager
def _opened(path: str, max_pixels: int) -> Iterator[image_decoders.Encoded]:
  """Opens a picture, and turns all that is wrong with it into one line."""
  try:
    with image_decoders.opened(path) as encoded:
      if encoded.width * encoded.height > max_pixels:
        raise UnreadableError(
          path,
          f"its {encoded.width} x {encoded.height} ="
          f" {encoded.width * encoded.height} pixels are more than"
          f" --max_pixels={max_pixels}",
          "Raise that if you trust the file, or replace it.",
        )
      yield encoded
  except UnreadableError:
    raise
  # A decoder may raise anything about a damaged file: it is that file's matter.
  except Exception as error:
    raise unreadable(path, error) from error


def unreadable(path: str, error: Exception) -> UnreadableError:
  """Returns the error about a file that cannot be read as an image.

  Args:
    path: The file.
    error: What went wrong.
  """
  # The system's own words repeat the path: only its reason is taken.
  reason = getattr(error, "strerror", None) or errors.first_line(error)
  return UnreadableError(path, reason)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Resizes like `preprocessing.resize`, without TensorFlow.

  Args:
    image: `[height, width, channels]`, values in [0, 255].
    height: New height, pixels.
    width: New width, pixels.

  Returns:
    float32 of the new size in [0, 255].
  """
  made = np.empty((height, width, image.shape[-1]), np.float32)
  for rows, part in _resized_strips(image, height, width):
    made[rows] = part
  return made


def resize_to_levels(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Resizes as `resize` does and rounds, in a quarter of the memory.

  Args:
    image: `[height, width, channels]`, values in [0, 255].
    height: New height, pixels.
    width: New width, pixels.

  Returns:
    uint8 of the new size.
  """
  made = np.empty((height, width, image.shape[-1]), np.uint8)
  for rows, part in _resized_strips(image, height, width):
    made[rows] = np.rint(part)
  return made


def _resized_strips(
  image: np.ndarray, height: int, width: int
) -> Iterator[tuple[slice, np.ndarray]]:
  """Yields strips of a resized picture, float32 in [0, 255], and their rows."""
  scale = image.shape[0] / height
  # Rows of the old picture that Pillow's filter sees from the middle of a new
  # one, and one for rounding.
  reach = 2 * max(scale, 1.0) + 1
  step = max(1, min(_STRIP, round(_STRIP / scale)))
  for top in range(0, height, step):
    bottom = min(top + step, height)
    first = max(0, int((top + 0.5) * scale - reach))
    end = min(image.shape[0], int((bottom - 0.5) * scale + reach) + 1)
    box = (0, top * scale - first, image.shape[1], bottom * scale - first)
    # Pillow resizes float pictures of one channel only.
    channels = [
      np.asarray(
        PIL.Image.fromarray(image[first:end, :, c].astype(np.float32)).resize(
          (width, bottom - top), PIL.Image.Resampling.BICUBIC, box=box
        )
      )
      for c in range(image.shape[-1])
    ]
    strip = np.stack(channels, axis=-1)
    yield slice(top, bottom), np.clip(strip, 0.0, 255.0, out=strip)


@functools.cache
def srgb_profile() -> bytes:
  """Returns the ICC profile that sRGB pictures are written with."""
  profile = PIL.ImageCms.createProfile("sRGB")
  return PIL.ImageCms.ImageCmsProfile(profile).tobytes()


def write(path: str, image: np.ndarray) -> None:
  """Writes an image file, whole or not at all; colour ones say they are sRGB.

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
  profile = srgb_profile() if picture.mode == "RGB" else None
  with files.writing(path) as partial:
    if ending == ".png":
      picture.save(partial, format="PNG", icc_profile=profile)
    else:
      picture.save(
        partial, format="JPEG", quality=_JPEG_QUALITY, icc_profile=profile
      )


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
