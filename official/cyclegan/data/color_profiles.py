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
"""Conversion of pictures from the colour space that a file gives to sRGB.

ICC profiles by LittleCMS, as Pillow has it; other descriptions (PNG's gamma,
the code points of PNG, HEIF and AVIF) by their formulas. A profile that is
damaged, or made for another kind of pixels, counts as not there, and so does
one that differs from sRGB by no more than two levels anywhere.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageCms

from official.cyclegan.data import image_headers

# Modes of Pillow that a profile can be made for.
_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
_NOTICEABLE = 2  # 8-bit levels
_GRID = 9  # of colours along each axis, on which profiles are compared
_INTENT = PIL.ImageCms.Intent.PERCEPTUAL  # for photographs, ICC.1 annex D
# x and y of red, green and blue by H.273's numbers; white is D65 but for 11.
_D65, _DCI = (0.3127, 0.3290), (0.314, 0.351)
_C = (0.310, 0.316)
_BT709 = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
_PRIMARIES = {
  4: (_C, (0.67, 0.33, 0.21, 0.71, 0.14, 0.08)),
  5: (_D65, (0.640, 0.330, 0.290, 0.600, 0.150, 0.060)),
  6: (_D65, (0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
  7: (_D65, (0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
  9: (_D65, (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
  11: (_DCI, (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
  12: (_D65, (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
  22: (_D65, (0.630, 0.340, 0.295, 0.605, 0.155, 0.077)),
}
_LINEAR, _PQ, _HLG = 8, 16, 18  # H.273's transfer characteristics
_POWERS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
# gAMA that stands for sRGB (PNG, 11.3.2.5), and how far off libpng lets it be.
_SRGB_GAMMA, _GAMMA_TOLERANCE = 0.45455, 0.05
_CHROMATICITY_TOLERANCE = 0.01
_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0  # of HDR pictures, BT.2408
_TABLE = 2**14  # steps of the table from light to sRGB

Convert = Callable[[PIL.Image.Image], PIL.Image.Image]


def from_profile(profile: bytes | None, mode: str) -> Convert | None:
  """Returns the conversion to sRGB of pictures with an ICC profile.

  Args:
    profile: The profile, or None.
    mode: Pillow's name of the pixels' kind: `RGB`, `L`, `CMYK` or `LAB`, which
      needs no profile.

  Returns:
    From a picture of that mode to one of mode `RGB`; None if the pixels are
    sRGB, or have to be taken for it.
  """
  return _from_profile(profile or b"", mode)


@functools.lru_cache(maxsize=64)
def _from_profile(profile: bytes, mode: str) -> Convert | None:
  """Returns LittleCMS's conversion, or None if there is nothing to convert."""
  source: Any
  flags = PIL.ImageCms.Flags
  try:
    if mode == "LAB":
      source = PIL.ImageCms.createProfile("LAB")
    elif not profile or mode not in _SPACES:
      return None
    else:
      source = PIL.ImageCms.ImageCmsProfile(io.BytesIO(profile))
      if source.profile.xcolor_space != _SPACES[mode]:
        return None
    transform = PIL.ImageCms.buildTransform(
      source,
      PIL.ImageCms.createProfile("sRGB"),
      mode,
      "RGB",
      _INTENT,
      # Of grey, LittleCMS's own table has too few steps in the shadows.
      flags.NOOPTIMIZE if mode == "L" else flags.NONE,
    )

    def convert(image: PIL.Image.Image) -> PIL.Image.Image:
      converted = PIL.ImageCms.applyTransform(image, transform)
      assert converted is not None  # as it would be in place
      return converted

    if mode in ("LAB", "CMYK"):
      return convert
    sample = _sample(mode)
    shown = np.asarray(convert(sample))
  except (PIL.ImageCms.PyCMSError, OSError, ValueError, TypeError):
    return None
  off = shown.astype(int) - np.asarray(sample.convert("RGB"))
  if np.abs(off).max() <= _NOTICEABLE:
    return None
  if mode == "L":
    return lambda image: PIL.Image.fromarray(shown[0][np.asarray(image)])
  return convert


def _sample(mode: str) -> PIL.Image.Image:
  """Returns all levels of grey, or colours from all over the cube."""
  if mode == "L":
    return PIL.Image.fromarray(np.arange(256, dtype=np.uint8)[None])
  levels = np.linspace(0, 255, _GRID).round().astype(np.uint8)
  cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
  return PIL.Image.fromarray(cube.reshape(_GRID**2, _GRID, 3))


@functools.lru_cache(maxsize=64)
def from_space(
  space: image_headers.CodePoints | image_headers.Gamma | None,
) -> Convert | None:
  """Returns the conversion to sRGB of pictures whose space is described.

  BT.709's transfer, which is a camera's and not a display's, is taken for
  sRGB's, as in videos. Light above the white of HDR pictures (PQ, HLG) is
  compressed (Reinhard et al., Photographic Tone Reproduction, 2002, eq. 4,
  of the largest component, so that hues stay).

  Args:
    space: What the file says.

  Returns:
    From a picture of mode `RGB` to another one; None if the pixels are sRGB, or
    have to be taken for it.
  """
  table, matrix = _table(space), _matrix(space)
  if table is None and matrix is None:
    return None
  transfer = getattr(space, "transfer", None)
  hdr, hlg = transfer in (_PQ, _HLG), transfer == _HLG
  light = _srgb_to_light(np.arange(256) / 255) if table is None else table
  encode = np.rint(255 * _light_to_srgb(np.linspace(0, 1, _TABLE + 1))).astype(
    np.uint8
  )

  def convert(image: PIL.Image.Image) -> PIL.Image.Image:
    values = light.astype(np.float32)[np.asarray(image)]
    if hlg:
      values = _shown_hlg(values)
    if matrix is not None:
      values = values @ matrix.T.astype(np.float32)
    if hdr:
      values = _compressed(values)
    steps = np.clip(values, 0, 1) * _TABLE
    return PIL.Image.fromarray(encode[np.rint(steps).astype(np.int32)])

  return convert


def _table(
  space: image_headers.CodePoints | image_headers.Gamma | None,
) -> np.ndarray | None:
  """Returns the light of each level, white is 1; None if it is sRGB's."""
  levels = np.arange(256) / 255
  if isinstance(space, image_headers.Gamma):
    if _is_srgb_gamma(space.exponent) and _is_bt709(space.chromaticities):
      return None
    return levels ** (1 / space.exponent)
  if space is None:
    return None
  if space.transfer in _POWERS:
    return levels ** _POWERS[space.transfer]
  if space.transfer == _PQ:  # SMPTE ST 2084, eq. 4.1
    root = levels ** (1 / 78.84375)
    scale = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return 10_000 / _WHITE_NITS * scale ** (1 / 0.1593017578125)
  if space.transfer == _HLG:  # BT.2100, table 5: light of the scene
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(
      levels <= 0.5, levels**2 / 3, (np.exp((levels - c) / a) + b) / 12
    )
  return None


def _matrix(
  space: image_headers.CodePoints | image_headers.Gamma | None,
) -> np.ndarray | None:
  """Returns the matrix `[3, 3]` of light to sRGB's primaries, or None."""
  if isinstance(space, image_headers.Gamma):
    if _is_bt709(space.chromaticities):
      return None
    assert space.chromaticities is not None
    white, primaries = space.chromaticities[:2], space.chromaticities[2:]
  elif space is not None and space.primaries in _PRIMARIES:
    white, primaries = _PRIMARIES[space.primaries]
  else:
    return None
  try:
    source = _to_xyz(white, primaries)
    adapted = _adaptation(white, _D65) @ source
    return np.linalg.inv(_to_xyz(_D65, _BT709)) @ adapted
  except (np.linalg.LinAlgError, ZeroDivisionError):  # chromaticities of none
    return None


def _is_srgb_gamma(exponent: float) -> bool:
  return abs(exponent / _SRGB_GAMMA - 1) <= _GAMMA_TOLERANCE


def _is_bt709(chromaticities: tuple[float, ...] | None) -> bool:
  """Returns whether primaries are sRGB's, or not given."""
  wanted = (*_D65, *_BT709)
  return chromaticities is None or all(
    abs(a - b) <= _CHROMATICITY_TOLERANCE
    for a, b in zip(chromaticities, wanted)
  )


def _to_xyz(
  white: tuple[float, ...], primaries: tuple[float, ...]
) -> np.ndarray:
  """Returns the matrix of RGB light to CIE XYZ (SMPTE RP 177)."""
  columns = [_xyz(primaries[i : i + 2]) for i in (0, 2, 4)]
  matrix = np.stack(columns, axis=1)
  return matrix * np.linalg.solve(matrix, _xyz(white))


def _xyz(place: tuple[float, ...]) -> np.ndarray:
  x, y = place
  return np.array([x / y, 1.0, (1 - x - y) / y])


def _adaptation(
  white: tuple[float, ...], to_white: tuple[float, ...]
) -> np.ndarray:
  """Returns Bradford's matrix from one white to another (ICC.1, annex E)."""
  cones = np.array(
    [
      [0.8951, 0.2664, -0.1614],
      [-0.7502, 1.7135, 0.0367],
      [0.0389, -0.0685, 1.0296],
    ]
  )
  gains = (cones @ _xyz(to_white)) / (cones @ _xyz(white))
  return np.linalg.inv(cones) @ np.diag(gains) @ cones


def _srgb_to_light(values: np.ndarray) -> np.ndarray:
  """IEC 61966-2-1."""
  return np.where(
    values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
  )


def _light_to_srgb(light: np.ndarray) -> np.ndarray:
  """IEC 61966-2-1."""
  return np.where(
    light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
  )


def _shown_hlg(scene: np.ndarray) -> np.ndarray:
  """Turns light of the scene into light of a display (BT.2100, table 5)."""
  weights = np.array([0.2627, 0.6780, 0.0593], np.float32)
  luminance = np.maximum(scene @ weights, 1e-6)[..., None]
  return _PEAK_NITS / _WHITE_NITS * luminance**0.2 * scene


def _compressed(light: np.ndarray) -> np.ndarray:
  """Brings light up to the peak of HDR pictures into [0, 1]."""
  largest = np.maximum(light.max(-1, keepdims=True), 1e-6)
  peak = _PEAK_NITS / _WHITE_NITS
  return light * (1 + largest / peak**2) / (1 + largest)
