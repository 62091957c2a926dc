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
"""Reads and writes pictures strip by strip, for those larger than memory.

Pillow decodes and encodes whole pictures. libvips, by pyvips, takes and gives
rows of JPEG, PNG and TIFF (BigTIFF too) as they are needed; tifffile would read
parts of TIFFs only. What libvips does not read as `image_files` does, such as
more than 8 bits, transparency or CMYK, is left to Pillow.
"""

from __future__ import annotations

import concurrent.futures
import importlib.util
import logging
import os
import queue
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import PIL.Image

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_decoders
from official.cyclegan.data import image_files
from official.cyclegan.data import image_headers
from official.cyclegan.data import image_output

# Pictures below this fit into memory, about 20 bytes a pixel on the way.
LARGE = 40_000_000  # pixels
_READ_FORMATS = ("JPEG", "PNG", "TIFF")
_READ_MODES = {"L": 1, "RGB": 3}  # Pillow's modes, and libvips's bands
_WRITTEN = ("JPEG", "PNG", "TIFF")
_ROWS = 256  # about how many rows are read at a time
_STRIP_PIXELS, _FEWEST_ROWS = 1 << 18, 16  # of wide pictures fewer
_MEANS = 4  # means of rows for each row of a small copy, if there are as many
_PNG_LEVEL = 6  # zlib's own default, Pillow's too
_LOOK = 0.05  # seconds until it is looked whether libvips still takes anything
_BIG_TIFF = 1 << 31  # bytes of pixels from which offsets may need 64 bits


def is_available() -> bool:
  """Says whether pyvips is installed."""
  return importlib.util.find_spec("pyvips") is not None


def can_write(path: str) -> bool:
  """Says whether a format can be written strip by strip, by its ending."""
  return is_available() and image_output.format_of(path) in _WRITTEN


class PictureStrips:
  """A picture that is read from the top, as often as wanted.

  Attributes:
    height: Pixels, as shown.
    width: Pixels, as shown.
  """

  def __init__(self, path: str, encoded: image_decoders.Encoded):
    """Notes what the header says; `open_strips` makes these."""
    self._path = path
    self._encoded = encoded
    self._upright = encoded.orientation == image_headers.UPRIGHT
    self.width, self.height = encoded.width, encoded.height
    if encoded.orientation > 4:  # lying on a side
      self.width, self.height = self.height, self.width

  def strips(self, rows: int = _ROWS) -> Iterator[np.ndarray]:
    """Yields the picture as 8-bit sRGB, as `image_files.read` reads it.

    Args:
      rows: How many rows each strip has at most; those of a picture wider than
        1024 pixels have fewer, so that what is made of them is no larger.

    Yields:
      uint8 `[rows, width, 3]`.

    Raises:
      image_files.UnreadableError: If the file is damaged.
    """
    try:
      image = _vips().Image.new_from_file(
        self._path,
        # Turned pictures are decoded into a temporary file.
        access="sequential" if self._upright else "random",
        fail_on="truncated",
      )
      image = image if self._upright else image.autorot()
      mode = self._encoded.mode
      if (image.width, image.height, image.bands, image.format) != (
        self.width,
        self.height,
        _READ_MODES[mode],
        "uchar",
      ):
        raise ValueError("its header and its pixels do not agree")
      region = _vips().Region.new(image)
      rows = min(rows, max(_FEWEST_ROWS, _STRIP_PIXELS // self.width))
      for top in range(0, self.height, rows):
        count = min(rows, self.height - top)
        pixels = region.fetch(0, top, self.width, count)
        strip = PIL.Image.frombytes(mode, (self.width, count), bytes(pixels))
        yield np.asarray(image_files.to_srgb(strip, self._encoded))
    except Exception as error:  # libvips's own class among others
      raise image_files.unreadable(self._path, error) from error


def open_strips(
  path: str, max_pixels: int = config_lib.DataConfig.max_pixels
) -> PictureStrips | None:
  """Opens a picture to be read strip by strip.

  Args:
    path: The file.
    max_pixels: As for `image_files.read`.

  Returns:
    The picture; None if it is not large, or has to be read as a whole.

  Raises:
    image_files.UnreadableError: If it is not a picture, or one of too many
      pixels.
  """
  with image_files.opened(path, max_pixels) as encoded:
    if (
      encoded.width * encoded.height < LARGE
      or not is_available()
      or encoded.format not in _READ_FORMATS
      or encoded.mode not in _READ_MODES
      or encoded.load_deep is not None
      or (encoded.space is not None and encoded.mode != "RGB")
      or not _is_opaque(path, encoded.format)
    ):
      return None
    return PictureStrips(path, encoded)


def _is_opaque(path: str, kind: str) -> bool:
  with image_decoders.opened_by_pillow(path, kind) as image:
    return not image.has_transparency_data


def thumbnail(picture: PictureStrips, size: tuple[int, int]) -> np.ndarray:
  """Returns a small copy of a picture, reading it once.

  Args:
    picture: The picture.
    size: As for `shrunk`.

  Returns:
    As `shrunk`.
  """
  return shrunk(picture.strips(), picture.height, size)


def shrunk(
  strips: Iterable[np.ndarray], height: int, size: tuple[int, int]
) -> np.ndarray:
  """Returns a small copy of a picture that comes strip by strip.

  It is made as narrow strip by strip, and of many rows first their means:
  memory goes with the copy's size, whatever the picture's shape.

  Args:
    strips: uint8 `[rows, width, channels]`, from the top.
    height: Of the picture, pixels.
    size: Height and width of the copy, pixels.

  Returns:
    float32 `[size[0], size[1], channels]` in [0, 255].
  """
  count = min(height, _MEANS * size[0])
  edges = np.arange(count + 1) * height // count  # between the means' rows
  parts: list[np.ndarray] = []
  waiting: list[np.ndarray] = []  # rows of a mean that is not whole yet
  first = have = 0  # the edge above them, and how many they are
  for strip in strips:
    waiting.append(strip)
    have += len(strip)
    last = int(np.searchsorted(edges, edges[first] + have, "right")) - 1
    if last == first:
      continue
    pixels = np.concatenate(waiting) if len(waiting) > 1 else waiting[0]
    rows = edges[first : last + 1] - edges[first]
    whole = rows[-1]
    sums = np.add.reduceat(pixels[:whole], rows[:-1], axis=0, dtype=np.uint32)
    means = sums / np.diff(rows)[:, None, None]
    parts.append(image_files.resize(means, len(means), size[1]))
    waiting, have, first = [pixels[whole:]], have - whole, last
  return image_files.resize(np.concatenate(parts), *size)


def write(
  path: str,
  strips: Iterable[np.ndarray],
  height: int,
  width: int,
  channels: int = 3,
  quality: int = image_output.DEFAULT_QUALITY,
) -> None:
  """Writes a picture as its strips come, whole or not at all.

  Args:
    path: Where to; `can_write` is true of it.
    strips: uint8 `[rows, width, channels]` in sRGB, from the top.
    height: Of the picture, pixels.
    width: Of the picture, pixels.
    channels: 1 or 3.
    quality: Of JPEG, 1 to 100.

  Raises:
    errors.StorageError: If it cannot be written. What goes wrong in `strips` is
      raised as it is.
  """
  stream = _Stream()
  kind = image_output.format_of(path) or ""
  large = height * width * channels > _BIG_TIFF
  options: dict[str, dict[str, Any]] = {
    "JPEG": {"Q": quality},
    "PNG": {"compression": _PNG_LEVEL},
    "TIFF": {"compression": "deflate", "bigtiff": large},
  }

  def save(partial: str) -> None:
    try:
      _save(stream.source(), partial, kind, options[kind])
    finally:
      stream.taken = True

  # Python raises what a signal asks for in its main thread, and where libvips
  # calls back it would be lost: so what libvips takes is made out here.
  with files.writing(path) as partial:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
      saving = pool.submit(save, partial)
      try:
        for chunk in _png_chunks(strips, height, width, channels):
          stream.put(chunk)
      finally:
        stream.put(b"")  # libvips sees whether that is too early
    try:
      saving.result()
    except _vips().Error as error:
      reason = errors.first_line(error)
      raise errors.StorageError(
        f"{path} cannot be written ({reason}). Choose another place, or free"
        " some space."
      ) from error


def _save(
  source: Any, path: str, kind: str, options: Mapping[str, Any]
) -> None:
  """Writes what comes as a PNG file as one of `_WRITTEN`."""
  image = _vips().Image.new_from_source(
    source, "", access="sequential", fail_on="truncated"
  )
  image = image.copy()
  if image.bands == 3:
    image.set_type(
      _vips().GValue.blob_type, "icc-profile-data", image_files.srgb_profile()
    )
  getattr(image, f"{kind.lower()}save")(path, **options)


class _Stream:
  """A file that one thread makes while libvips takes it in another.

  Attributes:
    taken: Whether libvips has ended, well or not.
  """

  def __init__(self) -> None:
    """Begins with an empty file."""
    self._chunks: queue.Queue[bytes] = queue.Queue(1)
    self._waiting = memoryview(b"")
    self._ended = False
    self._source: Any = None
    self.taken = False

  def put(self, chunk: bytes) -> None:
    """Adds to the file, once there is room; an empty chunk ends it.

    Args:
      chunk: Some bytes. Nobody gets them if libvips has ended.
    """
    while not self.taken:
      try:
        self._chunks.put(chunk, timeout=_LOOK)
        return
      except queue.Full:
        continue

  def source(self) -> Any:
    """Returns libvips's end of it."""
    self._source = _vips().SourceCustom()
    self._source.on_read(self._read)
    return self._source

  def _read(self, length: int) -> bytes:
    """Gives at most so many bytes, and none at the end."""
    if self._ended:
      return b""
    if not self._waiting:
      self._waiting = memoryview(self._chunks.get())
      self._ended = not self._waiting
    given, self._waiting = self._waiting[:length], self._waiting[length:]
    return bytes(given)


def _png_chunks(
  strips: Iterable[np.ndarray], height: int, width: int, channels: int
) -> Iterator[bytes]:
  """Yields the parts of a PNG file (ISO/IEC 15948, 5.3) with stored pixels.

  Of the formats that the wheels' libvips reads as they come, the simplest.
  """

  def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return b"".join(
      [struct.pack(">I", len(data)), kind, data, struct.pack(">I", check)]
    )

  color_type = 2 if channels == 3 else 0
  header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
  yield b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
  stored = zlib.compressobj(0)
  for strip in strips:
    rows = np.zeros((len(strip), 1 + width * channels), np.uint8)
    rows[:, 1:] = strip.reshape(len(strip), -1)  # behind the filter, none
    yield chunk(b"IDAT", stored.compress(rows.tobytes()))
  yield chunk(b"IDAT", stored.flush()) + chunk(b"IEND", b"")


def _vips() -> Any:
  """Imports pyvips, which loads libvips."""
  os.environ.setdefault("VIPS_WARNING", "0")
  import pyvips

  # Its errors are raised, and what it says beside is of no use to anybody.
  logging.getLogger("pyvips").setLevel(logging.CRITICAL)
  # Nothing is computed twice here, and results would stay in memory.
  pyvips.cache_set_max(0)
  return pyvips
