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
"""Files whose colours or kinds few programs write, made byte by byte."""

from __future__ import annotations

import struct
import zlib

import numpy as np

D65 = (0.3127, 0.3290)
# x and y of red, green and blue.
BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
DISPLAY_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
ADOBE_RGB = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
  [
    [0.8951, 0.2664, -0.1614],
    [-0.7502, 1.7135, 0.0367],
    [0.0389, -0.0685, 1.0296],
  ]
)


def to_xyz(primaries: tuple[float, ...]) -> np.ndarray:
  """Returns the matrix from RGB light to XYZ, of a white of D65."""
  places = zip(primaries[::2], primaries[1::2])
  columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in places]).T
  x, y = D65
  return columns * np.linalg.solve(columns, [x / y, 1, (1 - x - y) / y])


def linear_to_srgb(light: np.ndarray) -> np.ndarray:
  """Returns levels, 0 to 255, of light in [0, 1]."""
  light = np.clip(light, 0, 1)
  low, high = 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
  return 255 * np.where(light <= 0.0031308, low, high)


def shown(
  values: np.ndarray, primaries: tuple[float, ...], gamma: float
) -> np.ndarray:
  """Returns in sRGB, 0 to 255, what levels of another space show."""
  matrix = np.linalg.solve(to_xyz(BT709), to_xyz(primaries))
  return linear_to_srgb((values / 255.0) ** gamma @ matrix.T)


def profile(primaries: tuple[float, ...], gamma: float) -> bytes:
  """Returns an ICC profile, version 2, of three primaries and a power."""
  matrix = to_xyz(primaries)
  x, y = D65
  white = _BRADFORD @ [x / y, 1, (1 - x - y) / y]
  adapt = np.linalg.solve(
    _BRADFORD, np.diag((_BRADFORD @ _D50) / white) @ _BRADFORD
  )
  tags = {
    name: _xyz(column)
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), (adapt @ matrix).T)
  }
  tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
  return _packed(b"RGB ", tags)


def grey_profile(gamma: float) -> bytes:
  """Returns an ICC profile of grey with a power."""
  return _packed(b"GRAY", {b"kTRC": _curve(gamma)})


def _xyz(values: np.ndarray) -> bytes:
  return b"XYZ \0\0\0\0" + b"".join(
    struct.pack(">i", round(float(v) * 65536)) for v in values
  )


def _curve(gamma: float) -> bytes:
  return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _packed(space: bytes, tags: dict[bytes, bytes]) -> bytes:
  name = b"test\0"
  tags = {
    b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
    b"cprt": b"text\0\0\0\0none\0",
    b"wtpt": _xyz(_D50),
    **tags,
  }
  table, body = struct.pack(">I", len(tags)), b""
  start = 128 + 4 + 12 * len(tags)
  for tag, content in tags.items():
    table += struct.pack(">4sII", tag, start + len(body), len(content))
    body += content + bytes(-len(content) % 4)
  header = struct.pack(
    ">I4sI4s4s4s", start + len(body), b"lcms", 0x02200000, b"mntr", space,
    b"XYZ ",
  )  # fmt: skip
  header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
  header += b"".join(struct.pack(">i", round(v * 65536)) for v in _D50)
  return header.ljust(128, b"\0") + table + body


def chunk(name: bytes, content: bytes, right: bool = True) -> bytes:
  """Returns a PNG chunk, or one with a wrong checksum."""
  check = zlib.crc32(name + content) ^ (not right)
  return (
    struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
  )


def png(levels: np.ndarray, *chunks: bytes, filtered: bool = False) -> bytes:
  """Returns a PNG with chunks before its pixels.

  Args:
    levels: uint8 or uint16 `[height, width, bands]`, 1 to 4 bands.
    *chunks: From `chunk`.
    filtered: Whether each row holds differences to the one above.
  """
  height, width, bands = levels.shape
  color_type = {1: 0, 2: 4, 3: 2, 4: 6}[bands]
  depth = 8 * levels.itemsize
  rows = [
    row.astype(levels.dtype.newbyteorder(">")).tobytes() for row in levels
  ]
  packed = b""
  before = bytes(len(rows[0]))
  for row in rows:
    if filtered:
      off = np.frombuffer(row, "u1") - np.frombuffer(before, "u1")
      packed += b"\2" + off.tobytes()
    else:
      packed += b"\0" + row
    before = row
  header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
  return b"".join(
    [
      b"\x89PNG\r\n\x1a\n",
      chunk(b"IHDR", header),
      *chunks,
      chunk(b"IDAT", zlib.compress(packed)),
      chunk(b"IEND", b""),
    ]
  )


def exif(orientation: int, *others: bytes, order: str = ">") -> bytes:
  """Returns EXIF of an orientation, after other entries of 12 bytes."""
  entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
  mark = b"MM\0*" if order == ">" else b"II*\0"
  entries = [*others, entry]
  return (
    mark
    + struct.pack(f"{order}IH", 8, len(entries))
    + b"".join(entries)
    + bytes(4)
  )


def segment(marker: int, content: bytes) -> bytes:
  """Returns a segment of a JPEG."""
  return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
  """Returns a JPEG with segments at its start."""
  return b"".join([jpeg[:2], *segments, jpeg[2:]])


def lzw_tiff(levels: np.ndarray) -> bytes:
  """Returns a TIFF of uint16 `[height, width, bands]`, compressed by LZW."""
  height, width, bands = levels.shape
  bits = ""
  for i, byte in enumerate(levels.astype("<u2").tobytes()):
    if i % 200 == 0:  # before codes get longer the table begins anew
      bits += f"{256:09b}"
    bits += f"{byte:09b}"
  bits += f"{257:09b}"
  bits += "0" * (-len(bits) % 16)
  data = int(bits, 2).to_bytes(len(bits) // 8, "big")
  start = 8 + len(data)
  tags = (
    (256, 3, 1, width), (257, 3, 1, height), (258, 3, bands, -1),
    (259, 3, 1, 5), (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, bands),
    (278, 3, 1, height), (279, 4, 1, len(data)),
  )  # fmt: skip
  after = start + 2 + 12 * len(tags) + 4
  made = b"II*\0" + struct.pack("<I", start) + data
  made += struct.pack("<H", len(tags))
  for tag, of_type, count, value in tags:
    value = after if value < 0 else value
    made += struct.pack("<HHII", tag, of_type, count, value)
  return made + bytes(4) + struct.pack(f"<{bands}H", *[16] * bands)
