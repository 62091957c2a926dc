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
"""Decoders of picture files: what each library reads well, and nothing else.

Pillow decodes nearly everything, pillow-heif HEIC, and tifffile the kinds of
TIFF that Pillow reads wrongly: more than 8 bits in several bands, bands apart
from each other, floating point. Decoders get no metadata that they might
stumble over: `image_headers` reads what is wanted of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import logging as python_logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np
import PIL.BmpImagePlugin
import PIL.GifImagePlugin
import PIL.Image
import PIL.ImageFile
import PIL.JpegImagePlugin
import PIL.PngImagePlugin
import PIL.PpmImagePlugin
import PIL.TiffImagePlugin
import PIL.WebPImagePlugin

from official.cyclegan.core import level_range
from official.cyclegan.core import regular_files
from official.cyclegan.data import image_headers

# Scales at which libjpeg decodes: one over these.
JPEG_REDUCTIONS = (2, 4, 8)
# A reduced picture keeps at least so many times the size that is wanted, so
# that after resizing no level is off by more than one or two.
_SPARE = 4
# Evaluations and exports may want pictures larger than training does.
_LEAST_WANTED = 256  # pixels
_PERCENTILES = 0.01, 99.99  # of what counts as a picture's range
_MEASURED_SAMPLES = 4_000_000  # about how many of a picture's decide about it
_MAX_DEEP = 2**16
# No more pixels come out of a byte: Deflate expands 1032 times, and a bit of a
# JPEG stands for no less than a block in an end-of-band run's first scan.
_PNG_EXPANSION = 1032
_JPEG_PIXELS_PER_BYTE = 8 * 64 * 8
# What is put behind a JPEG that is cut off. Whole is one whose picture does not
# depend on it.
_END = b"\xff\xd9"
_TAILS = (_END, bytes(range(0x21, 0xFA, 3)) * 3 + _END)
_HEIF_PACKAGES = "pillow_heif", "pi_heif"
_EXTRA_SAMPLES, _PROFILE, _ORIENTATION = 338, 34675, 274  # TIFF tags
_UNASSOCIATED, _ASSOCIATED = 2, 1  # kinds of alpha in TIFF
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2  # photometric in TIFF
_PNG_GREY_ALPHA, _PNG_ALPHAS = 4, (4, 6)
_CUT_OFF = "it is cut off"
_UNSUPPORTED = (
  "this kind of TIFF is not supported; save it with 8 bits, or as PNG"
)
_NO_RANGE = (
  "its {kind} numbers have no fixed range; give --range=LOW,HIGH or"
  " --range=auto, or save it with 8 or 16 bits"
)

python_logging.getLogger("tifffile").setLevel(python_logging.CRITICAL)
# Pillow's warnings are about metadata, and name no file.
warnings.filterwarnings("ignore", module=r"PIL\.")


class _Tiff(PIL.TiffImagePlugin.TiffImageFile):
  """TIFF as it is stored: Pillow would rewrite all metadata to turn it."""

  def load_end(self) -> None:
    """Leaves the picture as it is."""


_PLUGINS: dict[str, Callable[..., PIL.ImageFile.ImageFile]] = {
  "JPEG": PIL.JpegImagePlugin.JpegImageFile,
  "PNG": PIL.PngImagePlugin.PngImageFile,
  "GIF": PIL.GifImagePlugin.GifImageFile,
  "BMP": PIL.BmpImagePlugin.BmpImageFile,
  "DIB": PIL.BmpImagePlugin.DibImageFile,
  "WEBP": PIL.WebPImagePlugin.WebPImageFile,
  "PPM": PIL.PpmImagePlugin.PpmImageFile,
}


@dataclasses.dataclass(frozen=True)
class Encoded:
  """A picture file that has been opened but not decoded.

  Attributes:
    format: Such as `JPEG`.
    width: Pixels, as stored.
    height: Pixels, as stored.
    mode: Pillow's name of the pixels' kind, such as `RGB`; with `;16`, `;32` or
      `;F` behind it where there are more than 8 bits.
    load: Decodes 8-bit pictures, at one over the reduction asked for, which is
      1 or, of JPEG, one of `JPEG_REDUCTIONS`.
    load_deep: Decodes pictures of more bits: numbers `[height, width, bands]`,
      and how many of the bands are colours, 1 or 3; the next is alpha. None for
      8 bits.
    orientation: EXIF's, 1 to 8.
    profile: The ICC profile, or None.
    space: The colour space by other means, or None.
    opaque: Whether a fourth band is no alpha.
    upper: Whether `load` gives the upper 8 bits where there are more.
    exif: EXIF data of HEIC, which Pillow does not read; None if it has none.
  """

  format: str
  width: int
  height: int
  mode: str
  load: Callable[[int], PIL.Image.Image]
  load_deep: Callable[[], tuple[np.ndarray, int]] | None = None
  orientation: int = image_headers.UPRIGHT
  profile: bytes | None = None
  space: image_headers.CodePoints | image_headers.Gamma | None = None
  opaque: bool = False
  upper: bool = False
  exif: bytes | None = None


@contextlib.contextmanager
def opened(path: str) -> Iterator[Encoded]:
  """Opens a picture file of any kind.

  Args:
    path: The file.

  Yields:
    The file, of which nothing but headers has been looked at.

  Raises:
    Exception: Whatever a decoder raises about a damaged file.
    OSError: If the file cannot be read.
    ValueError: If it is not a picture, or no regular file.
  """
  if regular_files.is_special(path):
    raise ValueError("it is a pipe, a device or a socket")
  with open(path, "rb") as file:
    start = image_headers.read_start(file)
    kind = image_headers.kind(start)
    if not kind:
      raise ValueError("it holds no image" if start else "the file is empty")
    yield _OPENERS[kind](file, kind)


@contextlib.contextmanager
def opened_by_pillow(path: str, kind: str) -> Iterator[PIL.Image.Image]:
  """Opens a file by Pillow, for what only that knows of its header.

  Args:
    path: The file.
    kind: `Encoded.format`.

  Yields:
    The picture, not decoded, of any size: `PIL.Image.open` has a limit of its
    own, below that of `image_files.opened`.

  Raises:
    Exception: Whatever Pillow raises about a damaged file.
  """
  plugin = _PLUGINS.get(kind, PIL.Image.open)
  if kind == "TIFF":
    plugin = PIL.TiffImagePlugin.TiffImageFile
  with plugin(path) as image:
    yield image


def reduction(width: int, height: int, wanted: int) -> int:
  """Returns at one over which scale a JPEG may be decoded.

  Args:
    width: Pixels.
    height: Pixels.
    wanted: The size that the shorter side is resized to afterwards; 0 for the
      picture's own.

  Returns:
    1, or one of `JPEG_REDUCTIONS`.
  """
  if wanted > 0:
    least = _SPARE * max(wanted, _LEAST_WANTED)
    for divisor in reversed(JPEG_REDUCTIONS):
      if min(width, height) // divisor >= least:
        return divisor
  return 1


def measured(samples: np.ndarray) -> level_range.LevelRange | None:
  """Returns the range that a picture's levels lie in.

  Args:
    samples: Numbers of any kind and shape; those that are not finite do not
      count.

  Returns:
    All but one in ten thousand at each end, or None if there are no two
    different levels.
  """
  flat = samples.reshape(-1)
  flat = flat[:: max(1, flat.size // _MEASURED_SAMPLES)]
  flat = flat[np.isfinite(flat)]
  if not flat.size:
    return None
  low, high = np.percentile(flat, _PERCENTILES)
  if not low < high:
    low, high = flat.min(), flat.max()
  return level_range.LevelRange(float(low), float(high)) if low < high else None


def shown(
  samples: np.ndarray, levels: level_range.LevelRange | None
) -> np.ndarray:
  """Brings deep samples down to 8 bits.

  Args:
    samples: uint16, or other numbers with a range given.
    levels: What becomes 0 and 255; None for all 16 bits, of which the upper 8
      are kept.

  Returns:
    uint8 of the same shape.

  Raises:
    ValueError: If there is no range, and the numbers have none by their kind.
  """
  if levels is None:
    if samples.dtype.kind == "f":
      raise ValueError(_NO_RANGE.format(kind="floating-point"))
    if samples.min() < 0 or samples.max() >= _MAX_DEEP:
      raise ValueError(_NO_RANGE.format(kind="signed or 32-bit"))
    return (samples >> 8).astype(np.uint8)
  made = np.empty(samples.shape, np.uint8)
  for row in range(len(samples)):  # a row at a time: little memory
    part = (samples[row].astype(np.float64) - levels.low) / (
      levels.high - levels.low
    )
    made[row] = np.rint(255 * np.clip(np.nan_to_num(part), 0, 1))
  return made


def as_image(
  samples: np.ndarray, colors: int, levels: level_range.LevelRange | None
) -> PIL.Image.Image:
  """Returns deep samples as an 8-bit picture.

  Args:
    samples: `[height, width, bands]`.
    colors: How many bands are colours, 1 or 3; one more is alpha, of 16 bits.
    levels: As for `shown`.
  """
  bands = shown(samples[..., :colors], levels)
  if samples.shape[-1] > colors:
    alpha = shown(samples[..., colors : colors + 1], None)
    bands = np.concatenate([bands, alpha], axis=-1)
  return PIL.Image.fromarray(bands[..., 0] if bands.shape[-1] == 1 else bands)


def _pillow(file: BinaryIO, kind: str) -> Encoded:
  """Opens what Pillow reads well as it is: BMP, GIF, PPM, WebP."""
  image = _PLUGINS[kind](file)
  info = image.info
  deep = None
  if image.mode.startswith(("I", "F")):  # PPM
    deep = lambda: (np.asarray(image)[..., None], 1)  # noqa: E731
  return Encoded(
    kind,
    *image.size,
    f"L;{'F' if image.mode == 'F' else '16'}" if deep else image.mode,
    lambda _: image,
    deep,
    image_headers.orientation(_bytes(info.get("exif"))),
    _bytes(info.get("icc_profile")),
  )


def _bytes(value: Any) -> bytes | None:
  return value if isinstance(value, bytes) else None


def _open_jpeg(file: BinaryIO, kind: str) -> Encoded:
  header = image_headers.jpeg_header(file)

  def load(divisor: int) -> PIL.Image.Image:
    size = file.seek(0, io.SEEK_END)
    if header.width * header.height > _JPEG_PIXELS_PER_BYTE * size:
      raise ValueError(_CUT_OFF)
    return _load_jpeg(file, divisor)

  return Encoded(
    kind,
    header.width,
    header.height,
    {1: "L", 3: "RGB", 4: "CMYK"}.get(header.components, "?"),
    load,
    None,
    header.orientation,
    header.profile,
  )


def _load_jpeg(file: BinaryIO, divisor: int) -> PIL.Image.Image:
  file.seek(0)
  data = image_headers.jpeg_pixels(file.read())
  try:
    return _decode_jpeg(data, divisor)
  except OSError:
    # Cut off, but perhaps behind the last pixel.
    data = data.rstrip(b"\xff")
    first, second = (_decode_jpeg(data + tail, divisor) for tail in _TAILS)
    if PIL.Image.Image.tobytes(first) != second.tobytes():
      raise
    return first


def _decode_jpeg(data: bytes, divisor: int) -> PIL.Image.Image:
  image = _PLUGINS["JPEG"](io.BytesIO(data))
  if divisor > 1:
    image.draft(image.mode, (image.width // divisor, image.height // divisor))
  image.load()
  return image


def _open_png(file: BinaryIO, kind: str) -> Encoded:
  png = image_headers.png(file.read())
  samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(png.color_type, 0)
  needs = png.height * (png.width * samples * png.depth // 8)
  pixels = png.compressed()
  mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}.get(samples, "?")
  if png.color_type == 3:
    mode = "P"
  deep = png.depth == 16
  if deep:
    mode += ";16"

  def check() -> None:
    if needs > _PNG_EXPANSION * len(pixels):
      raise ValueError(_CUT_OFF)

  def load(_: int) -> PIL.Image.Image:
    check()
    return _PLUGINS["PNG"](io.BytesIO(png.packed()))

  def load_deep() -> tuple[np.ndarray, int]:
    check()
    levels, clear = _deep_png(png, pixels), png.see_through()
    if clear is None:
      return levels, samples - (png.color_type in _PNG_ALPHAS)
    opaque = (levels != np.array(clear, np.uint16)).any(axis=-1, keepdims=True)
    alpha = opaque.astype(np.uint16) * np.uint16(_MAX_DEEP - 1)
    return np.concatenate([levels, alpha], axis=-1), samples

  return Encoded(
    kind,
    png.width,
    png.height,
    mode,
    load,
    load_deep if deep else None,
    png.orientation,
    png.profile,
    png.space,
    upper=png.color_type != 0 and png.see_through() is None,
  )


def _deep_png(png: image_headers.Png, pixels: bytes) -> np.ndarray:
  """Decodes 16-bit pixels; uint16 `[height, width, bands]`.

  Pillow has no mode for most of them. Its decoder takes the bytes apart all the
  same: once for the upper ones and once for the lower ones.
  """

  def decode(mode: str, raw_mode: str) -> np.ndarray:
    image = PIL.Image.frombytes(
      mode, (png.width, png.height), pixels, "zip", (raw_mode, png.interlaced)
    )
    return np.asarray(image).reshape(png.height, png.width, -1)

  if png.color_type == 0:
    # All bits, in a mode that differs between versions.
    both = decode("LA", "LA")
    upper, lower = both[..., :1], both[..., 1:]
  elif png.color_type == _PNG_GREY_ALPHA:
    both = decode("RGBA", "RGBA")
    upper, lower = both[..., ::2], both[..., 1::2]
  else:
    mode = "RGB" if png.color_type == _RGB else "RGBA"
    upper, lower = (decode(mode, f"{mode};16{end}") for end in "BL")
  levels = upper.astype(np.uint16)
  levels <<= 8
  levels |= lower
  return levels


def _open_tiff(file: BinaryIO, kind: str) -> Encoded:
  """Opens a TIFF with Pillow if that reads its kind right, else tifffile."""
  try:
    image = _Tiff(file)
    tags = image.tag_v2
    bits = tags.get(258, (1,))
    several = tags.get(277, 1) > 1
    deep = max(bits) > 8
    if deep and (several or image.mode not in _DEEP_GREY):
      # Pillow keeps the upper bits of what libtiff unpacks, if bands are mixed.
      if image.use_load_libtiff and tags.get(284, 1) == 1 and set(bits) == {16}:
        return _open_deep_tiff(file, image)
      return _open_with_tifffile(file, kind)
  except Exception:  # Pillow has more kinds of errors than of pictures
    file.seek(0)
    return _open_with_tifffile(file, kind)
  extra = tags.get(_EXTRA_SAMPLES)
  # As stored: Pillow names the size as shown.
  width, height = tags[256], tags[257]
  image._size = width, height

  def load(_: int) -> PIL.Image.Image:
    return image

  def load_deep() -> tuple[np.ndarray, int]:
    levels = np.asarray(image)
    if tags.get(262) == _WHITE_IS_ZERO and levels.dtype == np.uint16:
      levels = _MAX_DEEP - 1 - levels
    return levels[..., None], 1

  return Encoded(
    kind,
    width,
    height,
    _DEEP_GREY.get(image.mode, image.mode),
    load,
    load_deep if deep else None,
    _orientation(tags.get(_ORIENTATION)),
    _bytes(image.info.get("icc_profile")),
    opaque=not extra or max(extra) == 0,
  )


def _open_deep_tiff(file: BinaryIO, image: _Tiff) -> Encoded:
  """Opens a compressed TIFF of 16 bits in mixed bands."""
  tags = image.tag_v2
  extra = tags.get(_EXTRA_SAMPLES)
  opaque = not extra or max(extra) == 0
  width, height = tags[256], tags[257]
  image._size = width, height

  def load_deep() -> tuple[np.ndarray, int]:
    file.seek(0)
    other = _Tiff(file)
    other._size = width, height
    tile: Any = other.tile[0]  # a tuple, and in later versions a named one
    codec, box, offset, (mode, *rest) = tile
    # In the other order of bytes the upper ones are the lower ones.
    swapped = mode[:-1] + ("B" if sys.byteorder == "little" else "L")
    parts: Any = codec, box, offset, (swapped, *rest)
    kind = type(tile)
    other.tile = [parts if kind is tuple else kind(*parts)]
    levels = np.asarray(image).astype(np.uint16) << 8
    levels |= np.asarray(other)
    return levels[..., :3] if opaque else levels, 3

  if image.mode not in ("RGB", "RGBA", "RGBX"):
    raise ValueError(_UNSUPPORTED)
  return Encoded(
    "TIFF",
    width,
    height,
    f"{'RGB' if opaque else 'RGBA'};16",
    lambda _: image,
    load_deep,
    _orientation(tags.get(_ORIENTATION)),
    _bytes(image.info.get("icc_profile")),
    opaque=opaque,
    upper=True,
  )


# Modes that Pillow has for deep grey, and what we call them.
_DEEP_GREY = {
  **dict.fromkeys(("I;16", "I;16B", "I;16L", "I;16N"), "L;16"),
  "I": "L;32",
  "F": "L;F",
}


def _orientation(value: Any) -> int:
  return value if value in range(1, 9) else image_headers.UPRIGHT


def _open_with_tifffile(file: BinaryIO, kind: str) -> Encoded:
  try:
    tifffile: Any = importlib.import_module("tifffile")
  except ImportError as error:
    raise ValueError(
      "this kind of TIFF needs the package tifffile: pip install tifffile"
    ) from error
  size = file.seek(0, io.SEEK_END)
  file.seek(0)
  page = tifffile.TiffFile(file).pages[0]
  photometric, bands = int(page.photometric or 0), int(page.samplesperpixel)
  colors = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3}.get(photometric, 0)
  if not colors or bands < colors or page.dtype is None:
    raise ValueError(_UNSUPPORTED)
  if page.imagedepth > 1:
    raise ValueError("it has several layers; save one of them")
  ends = zip(page.dataoffsets, page.databytecounts)
  whole = all(start + count <= size for start, count in ends)
  if int(page.compression) == 1 and page.nbytes > 2 * size + 4096:
    whole = False
  if page.compression not in tifffile.TIFF.DECOMPRESSORS:
    raise ValueError(
      f"its compression, {page.compression.name}, needs the package imagecodecs"
      " with this kind of TIFF; or save it without compression"
    )
  deep = page.dtype.itemsize > 1
  extra = [int(n) for n in page.extrasamples]
  alphas = [i for i, n in enumerate(extra) if n in (1, 2)]

  def load_deep() -> tuple[np.ndarray, int]:
    if not whole:
      raise ValueError(_CUT_OFF)
    return _tiff_samples(page, photometric, colors, extra, alphas), colors

  def load(_: int) -> PIL.Image.Image:
    samples = load_deep()[0]
    if samples.dtype == bool:
      samples = samples * np.uint8(255)
    single = samples.shape[-1] == 1
    return PIL.Image.fromarray(samples[..., 0] if single else samples)

  profile = page.tags.get(_PROFILE)
  turned = page.tags.get(_ORIENTATION)
  letter = "F" if page.dtype.kind == "f" else str(8 * page.dtype.itemsize)
  mode = ("L" if colors == 1 else "RGB") + ("A" if alphas else "")
  return Encoded(
    kind,
    int(page.imagewidth),
    int(page.imagelength),
    f"{mode};{letter}" if deep else mode,
    load,
    load_deep if deep else None,
    _orientation(turned.value if turned else None),
    _bytes(profile.value if profile else None),
    opaque=not alphas,
  )


def _tiff_samples(
  page: Any,
  photometric: int,
  colors: int,
  extra: list[int],
  alphas: list[int],
) -> np.ndarray:
  """Decodes with tifffile; `[height, width, bands]`, straight alpha last."""
  samples = page.asarray()
  if samples.ndim == 2:
    samples = samples[..., None]
  elif int(page.planarconfig or 1) == 2:
    samples = np.moveaxis(samples, 0, -1)
  if samples.ndim != 3 or samples.shape[:2] != (
    page.imagelength,
    page.imagewidth,
  ):
    raise ValueError("it has more than height, width and bands")
  if photometric == _WHITE_IS_ZERO and samples.dtype.kind == "u":
    samples = np.iinfo(samples.dtype).max - samples
  if not alphas:
    return np.ascontiguousarray(samples[..., :colors])
  band = samples[..., colors + alphas[0] :][..., :1]
  color = samples[..., :colors]
  if extra[alphas[0]] == _ASSOCIATED and samples.dtype.kind == "u":
    full = np.iinfo(samples.dtype).max
    share = np.maximum(band, 1) / full
    color = np.minimum(np.rint(color / share), full).astype(samples.dtype)
  return np.concatenate([color, band], axis=-1)


def _open_heif(file: BinaryIO, kind: str) -> Encoded:
  package: Any = None
  for name in _HEIF_PACKAGES:
    with contextlib.suppress(ImportError):
      package = importlib.import_module(name)
      break
  if package is None:
    raise ValueError(
      "HEIC needs a package that is not installed: pip install pillow-heif"
    )
  data = file.read()
  found = package.open_heif(data, convert_hdr_to_8bit=True)
  image = found[found.primary_index]

  def load(_: int) -> PIL.Image.Image:
    # Rows are longer than the picture where the decoder likes that.
    samples = np.asarray(image)[:, : image.size[0]]
    if samples.dtype != np.uint8:  # grey is left as it is
      samples = shown(samples, None)
    return PIL.Image.fromarray(np.ascontiguousarray(samples))

  # libheif has turned the picture already, as the file's own boxes say.
  profile = _bytes(image.info.get("icc_profile"))
  return Encoded(
    kind,
    int(image.size[0]),
    int(image.size[1]),
    image.mode.partition(";")[0],
    load,
    profile=profile,
    space=None if profile else image_headers.heif_space(data),
    exif=_bytes(image.info.get("exif")),
  )


def _open_avif(file: BinaryIO, kind: str) -> Encoded:
  try:
    plugin: Any = importlib.import_module("PIL.AvifImagePlugin")
    supported = plugin.SUPPORTED
  except ImportError:
    supported = False
  if not supported:
    raise ValueError("AVIF needs Pillow 11.3 or later")
  data = file.read()
  # Without its EXIF, whose orientation does not count in AVIF and which Pillow
  # would rewrite.
  image = plugin.AvifImageFile(io.BytesIO(image_headers.without_exif(data)))
  profile = _bytes(image.info.get("icc_profile"))
  return Encoded(
    kind,
    image.width,
    image.height,
    image.mode,
    lambda _: image,
    None,
    image_headers.orientation(_bytes(image.info.get("exif"))),
    profile,
    None if profile else image_headers.heif_space(data),
  )


_OPENERS: dict[str, Callable[[BinaryIO, str], Encoded]] = {
  "JPEG": _open_jpeg,
  "PNG": _open_png,
  "GIF": _pillow,
  "BMP": _pillow,
  "DIB": _pillow,
  "WEBP": _pillow,
  "PPM": _pillow,
  "TIFF": _open_tiff,
  "HEIF": _open_heif,
  "AVIF": _open_avif,
}
