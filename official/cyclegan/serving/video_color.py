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
"""Colour of videos: what their tags mean, and the way to sRGB's range.

A video's numbers are code points of Rec. ITU-T H.273; FFmpeg uses the same.
What is ordinary (BT.709 and BT.601 primaries, any SDR curve) keeps its red,
green and blue, as browsers show it. A wide gamut is converted to BT.709's, and
HDR is tone-mapped, both by a table of three dimensions.
"""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

BT709 = 1
UNSPECIFIED = 2
LIMITED, FULL = 1, 2  # FFmpeg's numbers: luma of 16 to 235, or of 0 to 255
SMPTE170M = 6  # BT.601
PQ = 16
HLG = 18
SRGB = 13

# How many values of each channel a table holds.
_LEVELS = 65
# Luminance of what is as white as paper, cd/m2 (Report ITU-R BT.2408).
_WHITE = 203.0
# Where HLG has it: at 75 % of the signal (BT.2408).
_HLG_WHITE_SIGNAL = 0.75
# Names that FFmpeg's scaler has for matrices.
_MATRICES = {
  1: "bt709",
  4: "fcc",
  5: "bt470",
  6: "smpte170m",
  7: "smpte240m",
  9: "bt2020",
  10: "bt2020",
}
# x and y of red, green and blue, H.273, table 2; all with white D65. Of files
# tagged as P3 with the cinema's white nearly all have D65's as well.
_WIDE = {
  9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
  11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
  12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_BT709_PRIMARIES = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_D65 = (0.3127, 0.3290)
_KEPT_PRIMARIES = (5, 6, 7)  # BT.601's two, and SMPTE 240M's
# Above this size a video without tags is HD, and players take it for BT.709.
_SD_WIDTH, _SD_HEIGHT = 1024, 576


@dataclasses.dataclass(frozen=True)
class Tags:
  """What a video says about its colour, in H.273's numbers.

  Attributes:
    primaries: Which red, green and blue.
    transfer: Which curve.
    matrix: Which luma and colour differences.
    range: `LIMITED`, `FULL`, or 0 if it says nothing.
  """

  primaries: int = UNSPECIFIED
  transfer: int = UNSPECIFIED
  matrix: int = UNSPECIFIED
  range: int = 0

  @property
  def is_hdr(self) -> bool:
    """Whether the curve is HLG's or PQ's."""
    return self.transfer in (HLG, PQ)

  @property
  def needs_table(self) -> bool:
    """Whether red, green and blue have to be converted at all."""
    return self.is_hdr or self.primaries in _WIDE

  def matrix_name(self, width: int, height: int) -> str:
    """Returns the matrix by FFmpeg's name.

    Args:
      width: The video's, pixels. Without a tag it decides, as in players.
      height: The same.
    """
    if self.matrix in _MATRICES:
      return _MATRICES[self.matrix]
    is_hd = width > _SD_WIDTH or height > _SD_HEIGHT
    return _MATRICES[BT709 if is_hd else SMPTE170M]

  def of_result(self) -> Tags:
    """Returns the tags of the translated video: BT.709.

    BT.601's primaries and sRGB's curve are kept, for the values are.
    """
    keeps = not self.needs_table
    return Tags(
      self.primaries if keeps and self.primaries in _KEPT_PRIMARIES else BT709,
      SRGB if keeps and self.transfer == SRGB else BT709,
      BT709,
      LIMITED,
    )


def to_linear(signal: np.ndarray, tags: Tags) -> np.ndarray:
  """Returns the light of signals, 1 being white as of paper.

  HLG is undone as a camera's curve (scene light), as BT.2408 converts it to
  SDR; PQ by its EOTF (light of the display, 203 cd/m2 being white). Other
  curves are taken for sRGB's, as browsers do.

  Sources: Rec. ITU-R BT.2100, tables 4 and 5; IEC 61966-2-1.

  Args:
    signal: Floats `[..., 3]` in [0, 1], red, green and blue.
    tags: What they are.

  Returns:
    Floats `[..., 3]` of BT.709's primaries; HDR goes beyond 1.
  """
  if tags.transfer == HLG:
    light = _hlg_to_scene(signal) / _hlg_to_scene(np.array(_HLG_WHITE_SIGNAL))
  elif tags.transfer == PQ:
    light = _pq_to_light(signal) / _WHITE
  else:
    light = np.where(
      signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4
    )
  if tags.primaries in _WIDE:
    light = light @ _to_bt709(tags.primaries).T
  return np.maximum(light, 0)


def convert(signal: np.ndarray, tags: Tags, peak: float = 1.0) -> np.ndarray:
  """Returns ordinary red, green and blue of wide or HDR ones.

  What is brighter than white is compressed by the curve of Report ITU-R
  BT.2390, section 5.4.1, by the largest channel, so that hues stay.

  Args:
    signal: Floats `[..., 3]` in [0, 1].
    tags: What they are.
    peak: The brightest light of the video, of HDR; 1 is white. What is not
      above white is not changed by the curve.

  Returns:
    Floats `[..., 3]` in [0, 1], to be shown as sRGB.
  """
  light = to_linear(signal, tags)
  if tags.is_hdr and peak > 1:
    brightest = light.max(axis=-1, keepdims=True)
    light = light * (_compressed(brightest, peak) / np.maximum(brightest, 1e-6))
  light = np.clip(light, 0, 1)
  if tags.transfer == HLG:
    # BT.709's camera curve, of scene light as HLG's.
    return np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)
  return np.where(
    light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
  )


def write_table(path: str, tags: Tags, peak: float = 1.0) -> None:
  """Writes `convert` as a .cube file, which FFmpeg's `lut3d` reads.

  Args:
    path: Where to.
    tags: As for `convert`.
    peak: As for `convert`.
  """
  steps = np.linspace(0, 1, _LEVELS)
  # In such a file red changes fastest.
  blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
  made = convert(np.stack([red, green, blue], axis=-1), tags, peak)
  rows = made.reshape(-1, 3).tolist()
  lines = "\n".join("%.6f %.6f %.6f" % (r, g, b) for r, g, b in rows)  # noqa: UP031
  pathlib.Path(path).write_text(
    f"LUT_3D_SIZE {_LEVELS}\n{lines}\n", encoding="ascii"
  )


def _hlg_to_scene(signal: np.ndarray) -> np.ndarray:
  """Returns HLG's scene light in [0, 1], BT.2100, table 5."""
  a = 0.17883277
  b = 1 - 4 * a
  c = 0.5 - a * np.log(4 * a)
  return np.where(
    signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12
  )


_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_light(signal: np.ndarray) -> np.ndarray:
  """Returns PQ's light, cd/m2, BT.2100, table 4."""
  power = signal ** (1 / _PQ_M2)
  above = np.maximum(power - _PQ_C1, 0)
  return 10_000 * (above / (_PQ_C2 - _PQ_C3 * power)) ** (1 / _PQ_M1)


def _light_to_pq(light: np.ndarray) -> np.ndarray:
  """Returns PQ's signal of light in cd/m2, the inverse of the above."""
  power = (light / 10_000) ** _PQ_M1
  return ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2


def _compressed(light: np.ndarray, peak: float) -> np.ndarray:
  """Returns light with [0, peak] brought into [0, 1], BT.2390."""
  top = _light_to_pq(np.array(peak * _WHITE))
  white = _light_to_pq(np.array(_WHITE)) / top
  knee = 1.5 * white - 0.5
  signal = np.minimum(_light_to_pq(light * _WHITE) / top, 1)
  # A Hermite spline from the knee up; below it nothing changes.
  t = np.maximum((signal - knee) / (1 - knee), 0)
  spline = (
    (2 * t**3 - 3 * t**2 + 1) * knee
    + (t**3 - 2 * t**2 + t) * (1 - knee)
    + (-2 * t**3 + 3 * t**2) * white
  )
  made = np.where(signal < knee, signal, spline)
  return _pq_to_light(made * top) / _WHITE


def _to_bt709(primaries: int) -> np.ndarray:
  """Returns the matrix from light of wide primaries to that of BT.709's."""
  return np.linalg.inv(_to_xyz(_BT709_PRIMARIES)) @ _to_xyz(_WIDE[primaries])


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
  """Returns the matrix to XYZ of primaries with white D65 (SMPTE RP 177)."""

  def xyz(x: float, y: float) -> list[float]:
    return [x / y, 1.0, (1 - x - y) / y]

  columns = np.array([xyz(*point) for point in primaries]).T
  return columns * np.linalg.solve(columns, np.array(xyz(*_D65)))
