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
import io
import struct

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.data import image_headers
from tests import color_files
from tests import conftest

_JPEG = io.BytesIO()
PIL.Image.new("RGB", (12, 7), "red").save(_JPEG, "JPEG")
_JPEG = _JPEG.getvalue()


def test_kinds_are_told_by_their_beginnings():
  picture = PIL.Image.new("RGB", (4, 4))
  for name in ("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM"):
    memory = io.BytesIO()
    picture.save(memory, name)
    assert image_headers.kind(memory.getvalue()[:64]) == name
  brands = b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic"
  assert image_headers.kind(brands) == "HEIF"
  assert image_headers.kind(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif") == "AVIF"
  for other in (b"", b"P", b"PK\3\4", b"P9 1", b"\0\0\0\x18ftypmp42"):
    assert image_headers.kind(other) == ""


@pytest.mark.parametrize("order", "<>")
def test_orientation_is_read_among_odd_entries(order):
  odd = [
    struct.pack(f"{order}HHII", 0x0110, 12, 2**31, 7),
    struct.pack(f"{order}HHII", 0x8769, 4, 1, 2**32 - 1),
    bytes(12),
  ]
  for value in range(1, 9):
    data = color_files.exif(value, *odd, order=order)
    assert image_headers.orientation(data) == value
    assert image_headers.orientation(b"Exif\0\0" + data) == value


def test_what_is_no_orientation_is_upright():
  whole = color_files.exif(6)
  for data in (None, b"", b"Exif\0\0", whole[:9], b"XX" + whole[2:]):
    assert image_headers.orientation(data) == 1
  for value in (0, 9, 65535):
    assert image_headers.orientation(color_files.exif(value)) == 1
  # Its place lies beyond the end.
  assert image_headers.orientation(b"MM\0*\xff\xff\xff\xff") == 1
  for end in range(len(whole)):  # never an error
    image_headers.orientation(whole[:end])


def test_jpeg_header_joins_a_profile_in_parts():
  parts = [
    color_files.segment(0xE2, b"ICC_PROFILE\0" + bytes([i, 3]) + part)
    for i, part in ((2, b"middle"), (1, b"first"), (3, b"last"))
  ]
  exif = color_files.segment(0xE1, b"Exif\0\0" + color_files.exif(8))
  data = color_files.with_segments(_JPEG, exif, *parts)
  header = image_headers.jpeg_header(io.BytesIO(data))
  assert header == image_headers.JpegHeader(12, 7, 3, 8, b"firstmiddlelast")


def test_jpeg_pixels_have_no_metadata():
  about = [
    color_files.segment(marker, b"whatever") for marker in (0xE1, 0xE2, 0xFE)
  ]
  data = color_files.with_segments(_JPEG, *about)
  assert image_headers.jpeg_pixels(data) == _JPEG
  adobe = color_files.segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")
  data = color_files.with_segments(_JPEG, adobe)
  assert image_headers.jpeg_pixels(data) == data
  for end in range(0, len(_JPEG), 7):  # never an error
    image_headers.jpeg_pixels(_JPEG[:end])
    image_headers.jpeg_header(io.BytesIO(_JPEG[:end]))


def _space(*chunks):
  levels = np.zeros((2, 2, 3), np.uint8)
  return image_headers.png(color_files.png(levels, *chunks)).space


def test_png_spaces_win_over_each_other_as_the_standard_says():
  gamma = color_files.chunk(b"gAMA", struct.pack(">I", 100_000))
  srgb = color_files.chunk(b"sRGB", b"\0")
  points = color_files.chunk(b"cICP", bytes([12, 13, 0, 1]))
  profile = color_files.chunk(b"iCCP", b"x\0\0abc")
  assert _space() is None
  assert _space(gamma) == image_headers.Gamma(1.0)
  assert _space(gamma, srgb) is None
  assert _space(gamma, profile) is None
  assert _space(gamma, srgb, points) == image_headers.CodePoints(12, 13)
  assert _space(color_files.chunk(b"gAMA", bytes(4))) is None
  places = color_files.chunk(b"cHRM", struct.pack(">8I", *range(1, 9)))
  assert _space(gamma, places).chromaticities == tuple(
    n / 100_000 for n in range(1, 9)
  )


def test_png_keeps_what_pixels_need():
  levels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
  plain = color_files.png(levels)
  text = color_files.chunk(b"tEXt", b"a\0b", right=False)
  see_through = color_files.chunk(b"tRNS", bytes(6))
  for chunks, packed in (
    ([], plain),
    ([text], plain),
    ([see_through], color_files.png(levels, see_through)),
  ):
    png = image_headers.png(color_files.png(levels, *chunks))
    assert png.packed() == packed
    assert (png.width, png.height, png.depth, png.color_type) == (2, 2, 8, 2)
  assert image_headers.png(plain[:-12]).packed() == plain  # without its end
  damaged = plain.replace(b"IDAT\x78", b"IDAT\x79")
  with pytest.raises(ValueError, match="IDAT"):
    image_headers.png(damaged)
  with pytest.raises(ValueError, match="header"):
    image_headers.png(plain[:20])


def _box(name, content):
  return struct.pack(">I4s", len(content) + 8, name) + content


def test_heif_spaces_are_found_wherever_the_description_is():
  colors = _box(b"colr", b"nclx" + struct.pack(">HHHB", 12, 13, 6, 128))
  inner = _box(b"ipco", _box(b"ispe", bytes(12)) + colors)
  meta = _box(b"meta", bytes(4) + _box(b"hdlr", b"") + _box(b"iprp", inner))
  start = _box(b"ftyp", b"avif")
  for data in (start + meta, start + _box(b"mdat", bytes(99)) + meta):
    points = image_headers.heif_space(data)
    assert points == image_headers.CodePoints(12, 13)
    for end in range(len(data)):  # never an error
      image_headers.heif_space(data[:end])
  assert image_headers.heif_space(start) is None


def test_exif_of_heif_is_hidden_in_its_list_only():
  listed = _box(b"iinf", bytes(6) + _box(b"infe", b"\2\0\0\0\0\2\0\0Exif\0"))
  data = _box(b"meta", bytes(4) + listed) + _box(b"mdat", b"Exif\0\0II*\0")
  hidden = image_headers.without_exif(data)
  assert len(hidden) == len(data) and hidden.count(b"Exif") == 1
  assert hidden.endswith(b"Exif\0\0II*\0")
  assert image_headers.without_exif(b"nothing") == b"nothing"


if __name__ == "__main__":
  conftest.main(__file__)
