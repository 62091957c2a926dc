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
"""What a picture's file says about itself, read without decoding it.

Kind, orientation and colour space, of files that may be damaged: whatever
cannot be made sense of counts as not there. Sources: ITU-T T.81 and T.872
(JPEG), PNG 3rd edition, EXIF 2.32, ICC.1 annex B, ISO 14496-12 and 23008-12
(HEIF), ITU-T H.273 (code points).
"""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

UPRIGHT = 1
PNG_START = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112  # EXIF tag
_ORIENTATION_BYTES = {1: 1, 3: 2, 4: 4}  # by EXIF type: BYTE, SHORT, LONG
_HEADER_BYTES = 64  # enough to tell the kind of a file
# Brands of ISO 14496-12 by which still pictures go.
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (
  *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
  *(b"mif1", b"msf1"),
)
_STARTS = (
  (b"\xff\xd8", "JPEG"),
  (PNG_START, "PNG"),
  (b"GIF8", "GIF"),
  (b"BM", "BMP"),
  (b"II*\0", "TIFF"),
  (b"MM\0*", "TIFF"),
  (b"II+\0", "TIFF"),  # BigTIFF
  (b"MM\0+", "TIFF"),
  (b"\x28\0\0\0", "DIB"),  # the size of the header of BMP's later part
)
_PPM_KINDS = tuple(b"P%d" % i for i in range(1, 7))
# Profiles are mostly 0.5 to 3 KB, those of printing inks up to 2 MB.
_MAX_PROFILE = 1 << 24  # bytes
_MAX_EXIF = 1 << 20  # bytes
_NO_LENGTH = (0x01, *range(0xD0, 0xD8))  # JPEG markers without a segment
_FRAMES = tuple(n for n in range(0xC0, 0xD0) if n not in (0xC4, 0xC8, 0xCC))
_SCAN, _END = 0xDA, 0xD9  # JPEG markers
_ICC_MARK, _EXIF_MARK = b"ICC_PROFILE\0", b"Exif\0\0"


@dataclasses.dataclass(frozen=True)
class CodePoints:
  """A colour space by the numbers of ITU-T H.273.

  Attributes:
    primaries: Such as 1 (BT.709, sRGB), 9 (BT.2020) or 12 (Display P3).
    transfer: Such as 13 (sRGB), 8 (linear), 16 (PQ) or 18 (HLG).
  """

  primaries: int
  transfer: int


@dataclasses.dataclass(frozen=True)
class Gamma:
  """A colour space as PNG's `gAMA` and `cHRM` describe it.

  Attributes:
    exponent: Of light to the file's values, such as 1 / 2.2.
    chromaticities: x and y of white, red, green and blue; None: sRGB's.
  """

  exponent: float
  chromaticities: tuple[float, ...] | None = None


@dataclasses.dataclass(frozen=True)
class JpegHeader:
  """What stands before a JPEG's first scan.

  Attributes:
    width: Pixels, as stored; 0 if it is missing.
    height: Pixels, as stored; 0 if it is missing.
    components: 1 for grey, 3 for colour, 4 for inks.
    orientation: EXIF's, 1 to 8.
    profile: The ICC profile, or None.
  """

  width: int
  height: int
  components: int
  orientation: int = UPRIGHT
  profile: bytes | None = None


@dataclasses.dataclass(frozen=True)
class Png:
  """The chunks of a PNG that decide what it shows.

  Attributes:
    width: Pixels.
    height: Pixels.
    depth: Bits of each sample.
    color_type: 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and
      alpha.
    interlaced: Whether it is interlaced.
    needed: Names and contents of the chunks that the pixels need, in order.
    orientation: EXIF's, 1 to 8.
    profile: The ICC profile, or None.
    space: The colour space where other chunks give one, which wins over the
      profile.
  """

  width: int
  height: int
  depth: int
  color_type: int
  interlaced: bool
  needed: tuple[tuple[bytes, bytes], ...]
  orientation: int = UPRIGHT
  profile: bytes | None = None
  space: CodePoints | Gamma | None = None

  def packed(self) -> bytes:
    """Returns a PNG of the chunks that the pixels need, and no others."""
    parts = [PNG_START]
    for name, content in (*self.needed, (b"IEND", b"")):
      check = zlib.crc32(content, zlib.crc32(name))
      parts += [
        struct.pack(">I", len(content)), name, content, struct.pack(">I", check)
      ]  # fmt: skip
    return b"".join(parts)

  def see_through(self) -> tuple[int, ...] | None:
    """Returns the levels of the colour that is transparent, None for none.

    One of grey, three of colour, as deep as the picture (PNG, 11.3.2.1).
    """
    bands = {0: 1, 2: 3}.get(self.color_type, 0)
    for name, content in self.needed:
      if name == b"tRNS" and bands and len(content) >= 2 * bands:
        return struct.unpack_from(f">{bands}H", content)
    return None

  def compressed(self) -> bytes:
    """Returns the compressed pixels."""
    return b"".join(data for name, data in self.needed if name == b"IDAT")


def kind(start: bytes) -> str:
  """Tells a file's kind by how it begins.

  Args:
    start: Its first 64 bytes, or all that it has.

  Returns:
    `JPEG`, `PNG`, `GIF`, `BMP`, `DIB`, `TIFF`, `WEBP`, `PPM`, `HEIF` or `AVIF`;
    empty if it is none of these.
  """
  for mark, name in _STARTS:
    if start.startswith(mark):
      return name
  if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
    return "WEBP"
  if start[:2] in _PPM_KINDS and start[2:3].isspace():
    return "PPM"
  if start[4:8] == b"ftyp":
    size = int.from_bytes(start[:4], "big")
    brands = [start[i : i + 4] for i in (8, *range(16, min(size, 64), 4))]
    for known, name in ((_AVIF_BRANDS, "AVIF"), (_HEIF_BRANDS, "HEIF")):
      if any(brand in known for brand in brands):
        return name
  return ""


def read_start(file: BinaryIO) -> bytes:
  """Returns a file's first bytes, for `kind`; the file stays at its start."""
  start = file.read(_HEADER_BYTES)
  file.seek(0)
  return start


def orientation(exif: bytes | None) -> int:
  """Reads the orientation, and nothing else, from EXIF.

  Other tags may be of the wrong type, point nowhere or be cut off.

  Args:
    exif: A TIFF header and what follows it, with or without `Exif` before it.

  Returns:
    1 to 8; 1 if it is not given.
  """
  data = exif or b""
  if data.startswith(_EXIF_MARK):
    data = data[len(_EXIF_MARK) :]
  order = {b"II": "<", b"MM": ">"}.get(data[:2])
  if not order or len(data) < 8:
    return UPRIGHT
  (place,) = struct.unpack_from(f"{order}I", data, 4)
  if place + 2 > len(data):
    return UPRIGHT
  (count,) = struct.unpack_from(f"{order}H", data, place)
  for entry in range(place + 2, place + 2 + 12 * count, 12):
    if entry + 12 > len(data):
      break
    tag, of_type = struct.unpack_from(f"{order}HH", data, entry)
    if tag == _ORIENTATION and of_type in _ORIENTATION_BYTES:
      value = data[entry + 8 : entry + 8 + _ORIENTATION_BYTES[of_type]]
      number = int.from_bytes(value, "little" if order == "<" else "big")
      return number if 1 <= number <= 8 else UPRIGHT
  return UPRIGHT


def jpeg_header(file: BinaryIO) -> JpegHeader:
  """Reads a JPEG up to its first scan; some thousand bytes at most times.

  Args:
    file: At the start of a JPEG.
  """
  width = height = components = 0
  turned, parts = UPRIGHT, {}
  for marker, length in _segments(file):
    if marker in _FRAMES:
      frame = file.read(min(length, 6))
      if len(frame) == 6:
        height, width, components = struct.unpack(">xHHB", frame)
    elif marker == 0xE1 and turned == UPRIGHT:
      content = file.read(length)
      if content.startswith(_EXIF_MARK):
        turned = orientation(content)
    elif marker == 0xE2:
      content = file.read(length)
      if content.startswith(_ICC_MARK) and len(content) > 14:
        parts[content[12]] = content[14:]
  profile = b"".join(parts[n] for n in sorted(parts)) or None
  return JpegHeader(width, height, components, turned, profile)


def _segments(file: BinaryIO) -> Iterator[tuple[int, int]]:
  """Yields each segment's marker and length; the file is at its content."""
  file.seek(2)
  while True:
    byte = file.read(1)
    while byte and byte != b"\xff":  # as decoders do, skip what is between
      byte = file.read(1)
    while byte == b"\xff":
      byte = file.read(1)
    if not byte or byte[0] in (_SCAN, _END):
      return
    if byte[0] in _NO_LENGTH or byte[0] == 0:
      continue
    size = int.from_bytes(file.read(2), "big")
    if size < 2:
      return
    content = file.tell()
    yield byte[0], size - 2
    file.seek(content + size - 2)


def jpeg_pixels(data: bytes) -> bytes:
  """Returns a JPEG without the segments that only describe it.

  Left are those that the pixels need, with `APP0` and Adobe's `APP14`, which
  say how colours are stored.

  Args:
    data: The file.
  """
  file = io.BytesIO(data)
  parts, end = [data[:2]], 2
  for marker, length in _segments(file):
    start = file.tell()
    about = 0xE0 < marker <= 0xEF and marker != 0xEE or marker == 0xFE
    if not about:
      parts.append(data[start - 4 : start + length])
    end = start + length
  return b"".join([*parts, data[end:]])


def png(data: bytes) -> Png:
  """Reads the chunks of a PNG.

  Those that only describe the picture are read leniently: their checksums do
  not count, nor does their size. `IHDR`, `PLTE` and `IDAT` must be whole,
  though a file may lack its end.

  Args:
    data: The file.

  Raises:
    ValueError: If the header is damaged, or the pixels' checksums are wrong.
  """
  needed: list[tuple[bytes, bytes]] = []
  about: dict[bytes, bytes] = {}
  for name, content, intact in _chunks(data):
    critical = name in (b"IHDR", b"PLTE", b"IDAT")
    if critical and not intact:
      raise ValueError(f"its {name.decode()} chunk is damaged")
    if critical or (name == b"tRNS" and intact):
      needed.append((name, content))
    elif name == b"IEND":
      break
    else:
      about.setdefault(name, content)
  if not needed or needed[0][0] != b"IHDR" or len(needed[0][1]) != 13:
    raise ValueError("its header is damaged")
  width, height, depth, color_type, _, _, interlaced = struct.unpack(
    ">IIBBBBB", needed[0][1]
  )
  return Png(
    width,
    height,
    depth,
    color_type,
    bool(interlaced),
    tuple(needed),
    orientation(about.get(b"eXIf", b"")[:_MAX_EXIF]),
    _png_profile(about),
    _png_space(about),
  )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
  """Yields each chunk: name, content, and whether its checksum is right."""
  at, view = len(PNG_START), memoryview(data)
  while at + 8 <= len(data):
    size, name = struct.unpack_from(">I4s", data, at)
    content = view[at + 8 : at + 8 + size]
    check = view[at + 8 + size : at + 12 + size]
    if len(content) < size and name != b"IDAT":
      return
    # Of pixels that are cut off the decoder decides whether enough is there.
    intact = len(check) < 4 or zlib.crc32(
      content, zlib.crc32(name)
    ) == int.from_bytes(check, "big")
    yield name, bytes(content), intact
    at += 12 + size


def _png_profile(about: dict[bytes, bytes]) -> bytes | None:
  """Returns the profile of `iCCP`, or None."""
  _, found, packed = about.get(b"iCCP", b"").partition(b"\0")
  if not found or packed[:1] != b"\0":
    return None
  try:
    return zlib.decompressobj().decompress(packed[1:], _MAX_PROFILE) or None
  except zlib.error:
    return None


def _png_space(about: dict[bytes, bytes]) -> CodePoints | Gamma | None:
  """Returns what `cICP`, `sRGB` or `gAMA` say, in this order (PNG, 4.3)."""
  points = about.get(b"cICP", b"")
  if len(points) == 4:
    return CodePoints(points[0], points[1])
  if b"iCCP" in about or b"sRGB" in about or len(about.get(b"gAMA", b"")) != 4:
    return None
  exponent = int.from_bytes(about[b"gAMA"], "big") / 100_000
  if not exponent:
    return None
  places = about.get(b"cHRM", b"")
  if len(places) != 32:
    return Gamma(exponent)
  return Gamma(
    exponent, tuple(n / 100_000 for n in struct.unpack(">8I", places))
  )


def heif_space(data: bytes) -> CodePoints | None:
  """Returns the code points that a HEIF or AVIF file gives, or None.

  Args:
    data: The file. Of several pictures in it the first that has some counts,
      which parts and thumbnails share.
  """
  inner = memoryview(data)
  for wanted in (b"meta", b"iprp", b"ipco"):
    inner = next((c for n, c in _boxes(inner) if n == wanted), inner[:0])
    if wanted == b"meta":
      inner = inner[4:]  # version and flags
  for name, content in _boxes(inner):
    if name == b"colr" and content[:4] == b"nclx" and len(content) >= 10:
      primaries, transfer = struct.unpack_from(">HH", content, 4)
      return CodePoints(primaries, transfer)
  return None


def without_exif(data: bytes) -> bytes:
  """Returns a HEIF or AVIF file whose EXIF no reader finds; of equal length.

  Args:
    data: The file.
  """
  start = data.find(b"iinf", 0)
  if start < 4:
    return data
  end = start - 4 + int.from_bytes(data[start - 4 : start], "big")
  entries = data[start:end].replace(b"Exif", b"exif")
  return data[:start] + entries + data[start + len(entries) :]


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
  """Yields name and content of each box at one level."""
  at = 0
  while at + 8 <= len(data):
    size, name = struct.unpack_from(">I4s", data, at)
    start = 8
    if size == 1 and at + 16 <= len(data):
      (size,) = struct.unpack_from(">Q", data, at + 8)
      start = 16
    if size == 0:
      size = len(data) - at
    if size < start:
      return
    yield name, data[at + start : at + size]
    at += size
