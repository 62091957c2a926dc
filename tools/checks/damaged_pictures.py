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
"""Small pictures of all formats, damaged copies, and what reading gave."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import pathlib
import random
import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.ImageFile

from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.data import image_files
from official.cyclegan.data import image_headers

_HEIGHT, _WIDTH = 21, 34
_BACKGROUND = "white"
_RANGE = level_range.LevelRange(0, 65535)
# What lenient readings may differ by: other roundings, and areas that one
# reader fills with grey and the other leaves black are told by the share.
_CLOSE, _SHARE = 3, 0.02
_TAGS = (0x010F, 0x0110, 0x011A, 0x0128, 0x0132, 0x8769, 0x8825, 0x9000)
_ORIENTATION = 0x0112


@dataclasses.dataclass(frozen=True)
class Seed:
  """An undamaged picture.

  Attributes:
    name: A file name.
    data: The file.
    plain: Whether any reader shows the same: no profile, 8 bits, opaque.
  """

  name: str
  data: bytes
  plain: bool = True


@dataclasses.dataclass(frozen=True)
class Case:
  """A damaged picture.

  Attributes:
    name: A file name.
    data: The file.
    how: What was done to it.
    shown: What it must show all the same, uint8 `[height, width, 3]`; None if
      its pixels may be damaged.
    reference: What a lenient reader shows; None if there is nothing to compare.
  """

  name: str
  data: bytes
  how: str
  shown: np.ndarray | None = None
  reference: np.ndarray | None = None


def picture() -> np.ndarray:
  """Returns colours and detail, uint8 `[21, 34, 3]`."""
  y, x = np.mgrid[:_HEIGHT, :_WIDTH]
  wave = [np.sin(x / 5 + 3 * c) + np.cos(y / 4 - c) for c in range(3)]
  return np.clip(127 + 60 * np.stack(wave, -1), 0, 255).astype(np.uint8)


def _saved(image: PIL.Image.Image, kind: str, **options: object) -> bytes:
  memory = io.BytesIO()
  image.save(memory, kind, **options)
  return memory.getvalue()


def seeds() -> list[Seed]:
  """Returns undamaged pictures of all kinds."""
  rgb = picture()
  image = PIL.Image.fromarray(rgb)
  grey = image.convert("L")
  deep = PIL.Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
  clear = image.convert("RGBA")
  clear.putalpha(grey)
  profile = PIL.ImageCms.ImageCmsProfile(
    PIL.ImageCms.createProfile("sRGB")
  ).tobytes()
  found = [
    Seed("base.jpg", _saved(image, "JPEG", quality=90)),
    Seed("progressive.jpg", _saved(image, "JPEG", progressive=True)),
    Seed("grey.jpg", _saved(grey, "JPEG")),
    Seed("cmyk.jpg", _saved(image.convert("CMYK"), "JPEG"), plain=False),
    # A changed byte can make it another profile that is as good.
    Seed(
      "profile.jpg", _saved(image, "JPEG", icc_profile=profile), plain=False
    ),
    Seed("base.png", _saved(image, "PNG")),
    Seed("palette.png", _saved(image.quantize(16), "PNG")),
    Seed("bits.png", _saved(grey.convert("1"), "PNG")),
    Seed("alpha.png", _saved(clear, "PNG"), plain=False),
    Seed("deep.png", _saved(deep, "PNG"), plain=False),
    Seed("profile.png", _saved(image, "PNG", icc_profile=profile), plain=False),
    Seed("base.gif", _saved(image.quantize(16), "GIF")),
    Seed("base.bmp", _saved(image, "BMP")),
    Seed("base.ppm", _saved(image, "PPM")),
    Seed("lossy.webp", _saved(image, "WEBP", icc_profile=profile), plain=False),
    Seed("lossless.webp", _saved(image, "WEBP", lossless=True)),
    Seed("base.tif", _saved(image, "TIFF")),
    Seed("lzw.tif", _saved(image, "TIFF", compression="tiff_lzw")),
    Seed("deep.tif", _saved(deep, "TIFF"), plain=False),
  ]
  with contextlib.suppress(ImportError):
    import tifffile

    memory = io.BytesIO()
    levels = np.moveaxis(rgb.astype(np.uint16) * 257, -1, 0)
    tifffile.imwrite(memory, levels, photometric="rgb", planarconfig="separate")
    found.append(Seed("planes.tif", memory.getvalue(), plain=False))
  with contextlib.suppress(OSError, KeyError):
    found.append(Seed("base.avif", _saved(image, "AVIF"), plain=False))
  with contextlib.suppress(ImportError):
    import pillow_heif

    memory = io.BytesIO()
    pillow_heif.from_pillow(image).save(memory, quality=90)
    found.append(Seed("base.heic", memory.getvalue(), plain=False))
  return found


def cases(count: int, seed: int, first: int = 0) -> Iterator[Case]:
  """Yields damaged pictures, the same for the same numbers.

  Args:
    count: How many.
    seed: Makes them others.
    first: The number of the first of them.
  """
  whole = seeds()
  for number in range(first, first + count):
    rng = random.Random(f"{seed}/{number}")
    yield _damaged(whole[number % len(whole)], number, rng)


def _damaged(seed: Seed, number: int, rng: random.Random) -> Case:
  """Returns a damaged copy of a picture."""
  name = f"{number:06d}_{seed.name}"
  kind = image_headers.kind(seed.data[:64])
  if kind in ("JPEG", "PNG") and rng.random() < 0.5:
    how, data, turned = _odd_metadata(seed.data, kind, rng)
    return Case(name, data, how, _turned(shown(seed), turned))
  how, data = rng.choice(_DAMAGES)(seed.data, rng)
  reference = _lenient(data) if seed.plain else None
  return Case(name, data, how, None, reference)


def shown(seed: Seed) -> np.ndarray:
  """Returns what an undamaged picture shows, by Pillow alone."""
  with PIL.Image.open(io.BytesIO(seed.data)) as image:
    if image.mode.startswith("I"):
      levels = np.asarray(image) >> 8
      return np.repeat(levels[..., None], 3, -1).astype(np.uint8)
    if image.has_transparency_data:
      behind = PIL.Image.new("RGBA", image.size, _BACKGROUND)
      behind.alpha_composite(image.convert("RGBA"))
      return np.asarray(behind.convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _turned(shown: np.ndarray, orientation: int) -> np.ndarray:
  """Returns a picture turned as EXIF's orientation says, by Pillow."""
  transpose = PIL.Image.Transpose
  how = {
    2: transpose.FLIP_LEFT_RIGHT,
    3: transpose.ROTATE_180,
    4: transpose.FLIP_TOP_BOTTOM,
    5: transpose.TRANSPOSE,
    6: transpose.ROTATE_270,
    7: transpose.TRANSVERSE,
    8: transpose.ROTATE_90,
  }.get(orientation)
  image = PIL.Image.fromarray(shown)
  return np.asarray(image if how is None else image.transpose(how))


def _lenient(data: bytes) -> np.ndarray | None:
  """Returns what Pillow makes of a file when it forgives everything."""
  PIL.ImageFile.LOAD_TRUNCATED_IMAGES = True
  try:
    with PIL.Image.open(io.BytesIO(data)) as image:
      if image.width * image.height > 100 * _WIDTH * _HEIGHT:
        return None
      image.load()
      if image.has_transparency_data or image.mode not in (
        *("1", "L", "P", "RGB"),
      ):
        return None
      return np.asarray(image.convert("RGB"))
  except Exception:  # Pillow's, whatever it is
    return None
  finally:
    PIL.ImageFile.LOAD_TRUNCATED_IMAGES = False


def _odd_metadata(
  data: bytes, kind: str, rng: random.Random
) -> tuple[str, bytes, int]:
  """Adds odd metadata; returns how, the file, and EXIF's orientation."""
  how = rng.choice(["exif", "profile", "other"])
  if how == "exif":
    turned = rng.randint(1, 8)
    block = exif(turned, rng)
    content = b"Exif\0\0" + block if kind == "JPEG" else block
  elif how == "profile":
    turned, noise = 1, rng.randbytes(rng.randint(0, 3000))
    content = (
      b"ICC_PROFILE\0\1\1" + noise
      if kind == "JPEG"
      else b"icc\0\0" + zlib.compress(noise)[: rng.randint(0, 3000)]
    )
  else:
    turned, content = 1, rng.randbytes(rng.randint(0, 3000))
    if kind == "PNG":  # much in little
      content = b"Title\0\0" + zlib.compress(bytes(rng.randint(0, 10**7)))
  if kind == "JPEG":
    marker = {"exif": 0xE1, "profile": 0xE2}.get(how, rng.randint(0xE1, 0xED))
    head = struct.pack(">BBH", 0xFF, marker, len(content) + 2)
    return how, data[:2] + head + content + data[2:], turned
  name = {"exif": b"eXIf", "profile": b"iCCP"}.get(
    how, rng.choice([b"zTXt", b"tEXt", b"iTXt", b"tIME", b"pHYs", b"sPLT"])
  )
  # Of text and times the checksum may be wrong as well.
  packed = chunk(name, content, how == "exif" or rng.random() < 0.5)
  if how == "profile" and b"iCCP" in data:
    data = _without_chunk(data, b"iCCP")
  return how, data[:33] + packed + data[33:], turned


def exif(orientation: int, rng: random.Random) -> bytes:
  """Returns EXIF of one good tag among others of wrong types and places.

  Args:
    orientation: 1 to 8.
    rng: Makes the others.
  """
  order = rng.choice("<>")
  entries = [
    (
      tag,
      rng.randint(0, 14),
      rng.choice([0, 1, 2, 5, 1000, 2**31]),
      rng.randbytes(4),
    )
    for tag in _TAGS
    if rng.random() < 0.6
  ]
  value = struct.pack(f"{order}HH", orientation, 0)
  entries.append((_ORIENTATION, 3, 1, value))
  rng.shuffle(entries)
  body = b"".join(
    struct.pack(f"{order}HHI", tag, of_type, number) + content
    for tag, of_type, number, content in entries
  )
  mark = b"II*\0" if order == "<" else b"MM\0*"
  count = struct.pack(f"{order}IH", 8, len(entries))
  return mark + count + body + rng.randbytes(rng.randint(0, 40))


def chunk(name: bytes, content: bytes, right: bool = True) -> bytes:
  """Returns a PNG chunk, if asked for with a wrong checksum."""
  check = zlib.crc32(name + content) ^ (0 if right else 0x5A5A)
  return (
    struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
  )


def _without_chunk(data: bytes, name: bytes) -> bytes:
  at = data.index(name) - 4
  (size,) = struct.unpack_from(">I", data, at)
  return data[:at] + data[at + 12 + size :]


def _cut(data: bytes, rng: random.Random) -> tuple[str, bytes]:
  end = rng.choice([rng.randint(0, len(data)), len(data) - rng.randint(1, 12)])
  return "cut", data[: max(end, 0)]


def _changed(data: bytes, rng: random.Random) -> tuple[str, bytes]:
  made = bytearray(data)
  last = len(made) - 1 if rng.random() < 0.5 else min(len(made) - 1, 200)
  for _ in range(rng.randint(1, 6)):
    made[rng.randint(0, last)] = rng.choice(
      [0, 0xFF, 0x7F, rng.randint(0, 255)]
    )
  return "changed", bytes(made)


def _moved(data: bytes, rng: random.Random) -> tuple[str, bytes]:
  start, end = sorted(rng.randint(0, len(data)) for _ in range(2))
  to = rng.randint(0, len(data))
  return "moved", data[:to] + data[start:end] + data[to:]


def _removed(data: bytes, rng: random.Random) -> tuple[str, bytes]:
  start = rng.randint(0, len(data) - 1)
  return "removed", data[:start] + data[start + rng.randint(1, 60) :]


def _lengthened(data: bytes, rng: random.Random) -> tuple[str, bytes]:
  return "lengthened", data + rng.randbytes(rng.randint(1, 5000))


_DAMAGES: tuple[Callable[[bytes, random.Random], tuple[str, bytes]], ...] = (
  *(_cut, _changed, _moved, _removed, _lengthened),
)


def problem(case: Case, folder: str) -> str:
  """Reads a damaged picture; returns what is wrong with that, or nothing.

  Args:
    case: The picture.
    folder: For the file.
  """
  path = os.path.join(folder, case.name)
  pathlib.Path(path).write_bytes(case.data)
  try:
    levels = None if len(case.data) % 2 else _RANGE
    image_files.inspect(path)
    got = image_files.read(path, _BACKGROUND, levels=levels)
  except errors.UserError as error:
    line = str(error)
    if "\n" in line or path not in line:
      return f"said {line!r}"
    return "" if case.shown is None else f"refused: {line}"
  finally:
    os.remove(path)
  wanted = case.shown if case.shown is not None else case.reference
  if wanted is None:
    return ""
  if wanted.shape != got.shape:
    # A reference that knows no orientation of its own.
    if case.shown is None and wanted.size == got.size:
      return ""
    return f"shape {got.shape} instead of {wanted.shape}"
  off = np.abs(wanted.astype(int) - got) > _CLOSE
  if off.mean() > (0 if case.shown is not None else _SHARE):
    return f"{off.mean():.1%} of the levels differ"
  return ""
