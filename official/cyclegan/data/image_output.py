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
"""Writes pictures: PNG, JPEG, WebP, TIFF and AVIF, with what is kept of others.

Results are 8-bit sRGB and say so in their profile, unless another picture's
profile is kept.
"""

from __future__ import annotations

import collections
import dataclasses
import io
import os
import pathlib
import struct
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import PIL.features
import PIL.Image
import PIL.ImageCms
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_decoders
from official.cyclegan.data import image_files
from official.cyclegan.data import image_headers

# Pillow's names of the formats, by a file's ending.
ENDINGS = {
  ".jpg": "JPEG",
  ".jpeg": "JPEG",
  ".jpe": "JPEG",
  ".jfif": "JPEG",
  ".png": "PNG",
  ".webp": "WEBP",
  ".tif": "TIFF",
  ".tiff": "TIFF",
  ".avif": "AVIF",
}
_WITHOUT_ALPHA = ("JPEG",)
DEFAULT_QUALITY = 95
_ORIENTATION = 0x0112  # tags of EXIF 2.32
_EXIF_FOLDER, _GPS_FOLDER = 0x8769, 0x8825
_WIDTH, _HEIGHT = 0xA002, 0xA003
# Of a TIFF file only these describe the picture; others say where pixels are.
# Description, make, model, software, date, artist, computer, copyright.
_TIFF_TAGS = (270, 271, 272, 305, 306, 315, 316, 33432)
_EXIF_START = b"Exif\0\0"


@dataclasses.dataclass(frozen=True)
class Kept:
  """What is taken over from the picture that a result was made of.

  Attributes:
    alpha: Its transparency, uint8 `[height, width]`, upright; None if it has
      none or it is not wanted.
    exif: Its EXIF data without orientation and thumbnail; None likewise.
    icc: Its RGB colour profile; None likewise.
    times: When the file was last read and changed, nanoseconds since 1970;
      None if they are not wanted.
  """

  alpha: np.ndarray | None = None
  exif: bytes | None = None
  icc: bytes | None = None
  times: tuple[int, int] | None = None


NOTHING = Kept()


def format_of(path: str) -> str | None:
  """Returns the format that a file's ending names, None if none is written."""
  return ENDINGS.get(pathlib.Path(path).suffix.lower())


def format_names(ending: str) -> list[str]:
  """Returns what `--format` calls the format of an ending.

  Args:
    ending: Such as `.jpeg`, in small letters.
  """
  kind = ENDINGS.get(ending)
  return [
    name
    for name in command_config.PICTURE_FORMATS
    if kind and ENDINGS.get(f".{name}") == kind
  ]


def result_ending(path: str, wanted: str) -> str:
  """Returns the ending of a picture's result.

  Args:
    path: The picture.
    wanted: One of `command_config.PICTURE_FORMATS`.
  """
  own = pathlib.PurePath(path).suffix
  if wanted == "same":
    return own if own.lower() in ENDINGS else ".png"
  return own if wanted in format_names(own.lower()) else f".{wanted}"


def result_names(places: Sequence[tuple[str, str]]) -> list[str]:
  """Returns the names of results; where they would clash told apart.

  Args:
    places: Of each input its name, and the ending of its result.

  Returns:
    `a.png` of `a.tif`, but `a.tif.png` where `a.png` has a result too. What is
    called alike in all but letters' case may still be the same.
  """
  counts = collections.Counter(
    os.path.splitext(name)[0] + ending for name, ending in places
  )
  found = []
  for name, ending in places:
    stem, own = os.path.splitext(name)
    # a.png and a.tif: the ending tells them apart.
    if counts[stem + ending] > 1 and own.lower() != ending.lower():
      stem = name
    found.append(stem + ending)
  return found


def check_alpha(path: str, option: str) -> None:
  """Refuses to keep transparency in a file that cannot hold it.

  Args:
    path: A file to be written, or only its ending.
    option: Name of the option that asks for it.

  Raises:
    errors.UserError: If the format has no transparency.
  """
  if ENDINGS.get(path[path.rfind(".") :].lower()) in _WITHOUT_ALPHA:
    raise errors.UserError(
      ": JPEG files have no transparency. Write PNG, WebP, TIFF or AVIF, or"
      " leave alpha out.",
      option,
      "alpha",
    )


def read_kept(path: str, keep: tuple[str, ...]) -> Kept:
  """Reads what is to be kept of a picture.

  Args:
    path: A file that `image_files.read` reads.
    keep: Which of `alpha`, `exif` and `icc`. With `exif` the file's times are
      kept as well.

  Returns:
    What it has of these. What is damaged is left out, and logged.
  """
  if not keep:
    return NOTHING
  found: dict[str, Any] = {}
  for name, read in (("alpha", _alpha), ("exif", _exif), ("icc", _icc)):
    if name in keep:
      try:
        found[name] = read(path)
      except Exception as error:  # decoders raise anything
        _lost(name, path, error)
  if "exif" in keep:
    stat = os.stat(path)
    found["times"] = stat.st_atime_ns, stat.st_mtime_ns
  return Kept(**found)


def write(
  path: str,
  image: np.ndarray,
  quality: int = DEFAULT_QUALITY,
  kept: Kept = NOTHING,
) -> None:
  """Writes a picture, whole or not at all.

  Args:
    path: Where to; its ending, one of `ENDINGS`, names the format.
    image: uint8 `[height, width, channels]` in sRGB, 1 or 3 channels.
    quality: Of JPEG, WebP and AVIF, 1 to 100.
    kept: What is taken over from the original, of the same height and width.

  Raises:
    errors.UserError: If the file cannot be written or the ending is unknown.
  """
  kind = format_of(path)
  if kind is None:
    ending = pathlib.Path(path).suffix
    raise errors.UserError(
      f"{path}: cannot write {ending or 'a file without an ending'}. Use one"
      f" of {' '.join(ENDINGS)}."
    )
  require(kind)
  contents = _encoded(path, kind, image, quality, kept)
  with files.writing(path) as partial:
    pathlib.Path(partial).write_bytes(contents)
    if kept.times:
      os.utime(partial, ns=kept.times)


def require(kind: str) -> None:
  """Refuses a format that this Pillow was built without.

  Args:
    kind: One of `ENDINGS`' formats.

  Raises:
    errors.UserError: If it cannot be written.
  """
  name = kind.lower()
  if name in ("webp", "avif") and not PIL.features.check(name):
    raise errors.UserError(
      f"this Pillow ({PIL.__version__}) cannot write {kind}: pip install"
      " --upgrade pillow (11.3 or later), or choose another format."
    )


def _encoded(
  path: str, kind: str, image: np.ndarray, quality: int, kept: Kept
) -> bytes:
  """Returns a file's contents."""
  grey = image.shape[-1] == 1
  picture = PIL.Image.fromarray(image[..., 0] if grey else image)
  options: dict[str, Any] = {}
  if kept.icc:
    try:
      picture = _in_profile(picture.convert("RGB"), kept.icc)
      options["icc_profile"] = kept.icc
    except (PIL.ImageCms.PyCMSError, OSError) as error:
      _lost("icc", path, error)
  if not options and not grey:  # a profile of RGB is none of grey
    options["icc_profile"] = image_files.srgb_profile()
  fits = kept.alpha is not None and kept.alpha.shape == image.shape[:2]
  if kept.alpha is not None and fits and kind not in _WITHOUT_ALPHA:
    picture.putalpha(PIL.Image.fromarray(kept.alpha))
  if kind in ("JPEG", "WEBP", "AVIF"):
    options["quality"] = quality
  if kept.exif:
    try:
      return _saved(picture, kind, exif=kept.exif, **options)
    except Exception as error:  # Pillow reads and rewrites it for some formats
      _lost("exif", path, error)
  if kind == "TIFF":  # libtiff's own compressor refuses EXIF
    options["compression"] = "tiff_adobe_deflate"
  return _saved(picture, kind, **options)


def _saved(picture: PIL.Image.Image, kind: str, **options: Any) -> bytes:
  contents = io.BytesIO()
  picture.save(contents, format=kind, **options)
  return contents.getvalue()


def _lost(what: str, path: str, error: Exception) -> None:
  """Says that something could not be kept."""
  logging.warning(
    "%s: %s could not be kept (%s).", path, what, errors.first_line(error)
  )


def _in_profile(picture: PIL.Image.Image, icc: bytes) -> PIL.Image.Image:
  """Returns an sRGB picture in the colours of another profile."""
  target = PIL.ImageCms.ImageCmsProfile(io.BytesIO(icc))
  source = PIL.ImageCms.ImageCmsProfile(io.BytesIO(image_files.srgb_profile()))
  converted = PIL.ImageCms.profileToProfile(
    picture, source, target, outputMode="RGB"
  )
  assert converted is not None  # it is not converted in place
  return converted


def _alpha(path: str) -> np.ndarray | None:
  """Returns a picture's transparency, upright, or None if it is opaque."""
  return image_files.decode(path, max_pixels=sys.maxsize).alpha


def _icc(path: str) -> bytes | None:
  """Returns a picture's profile; one that is not of RGB cannot be kept."""
  with image_decoders.opened(path) as encoded:
    icc = encoded.profile
  if not icc:
    return None
  profile = PIL.ImageCms.ImageCmsProfile(io.BytesIO(icc))
  kind = profile.profile.xcolor_space.strip()
  if kind != "RGB":
    raise ValueError(f"it is a profile of {kind}, and results are RGB")
  return icc


def _exif(path: str) -> bytes | None:
  """Returns a picture's EXIF data as it describes an upright copy of it."""
  with image_decoders.opened(path) as encoded:
    kind, orientation = encoded.format, encoded.orientation
    raw: bytes | None = encoded.exif
  if kind == "HEIF":  # upright by other means, but its sizes are as EXIF turns
    orientation = image_headers.orientation(raw)
  else:
    with image_decoders.opened_by_pillow(path, kind) as image:
      raw = image.info.get("exif")
      if kind == "TIFF" and not raw:
        raw = _exif_of_tiff(image)
  if not raw:
    return None
  turned = orientation > 4  # lying on a side
  return _EXIF_START + upright_exif(raw.removeprefix(_EXIF_START), turned)


def _exif_of_tiff(image: PIL.Image.Image) -> bytes:
  """Returns the part of a TIFF file's own tags that describes the picture."""
  has, exif = image.getexif(), PIL.Image.Exif()
  for tag in _TIFF_TAGS:
    if tag in has:
      exif[tag] = has[tag]
  for folder in (_EXIF_FOLDER, _GPS_FOLDER):
    values = has.get_ifd(folder)
    if values:
      exif.get_ifd(folder).update(values)
  return exif.tobytes() if len(exif) else b""


def upright_exif(tiff: bytes, turned: bool) -> bytes:
  """Returns EXIF data that describes an upright copy of a picture.

  Only some bytes are changed where they are: makers' notes hold positions, and
  much that is written by cameras and programs is not as the standard has it.

  Args:
    tiff: EXIF data, from its byte order mark on.
    turned: Whether the picture lay on its side, so that width and height swap.

  Returns:
    As many bytes. The orientation is 1, and the thumbnail, which shows another
    picture, is not referred to any more.

  Raises:
    ValueError: If they are not EXIF data.
  """
  order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
  if order is None:
    raise ValueError("it is not EXIF data")
  made = bytearray(tiff)

  def entries(start: int) -> tuple[dict[int, int], int]:
    """Returns where each tag's entry is, and where they end."""
    (count,) = struct.unpack_from(f"{order}H", made, start)
    places = [start + 2 + 12 * i for i in range(count)]
    end = start + 2 + 12 * count
    struct.unpack_from(f"{order}I", made, end)  # all of it is there
    tags = [struct.unpack_from(f"{order}H", made, p)[0] for p in places]
    return dict(zip(tags, places)), end

  try:
    (start,) = struct.unpack_from(f"{order}I", made, 4)
    found, end = entries(start)
    struct.pack_into(f"{order}I", made, end, 0)  # the thumbnail's entries
    if _ORIENTATION in found:
      # One 16-bit number, which stands in the entry itself.
      place = found[_ORIENTATION]
      struct.pack_into(f"{order}HIHH", made, place + 2, 3, 1, 1, 0)
    if turned and _EXIF_FOLDER in found:
      (start,) = struct.unpack_from(f"{order}I", made, found[_EXIF_FOLDER] + 8)
      inner, _ = entries(start)
      if _WIDTH in inner and _HEIGHT in inner:
        one, other = inner[_WIDTH] + 2, inner[_HEIGHT] + 2
        made[one : one + 10], made[other : other + 10] = (
          made[other : other + 10],
          made[one : one + 10],
        )
  except struct.error as error:
    raise ValueError("its EXIF data ends early") from error
  return bytes(made)
