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
"""Brings what a generator changed to a picture's full size, sharp.

A generator works on a small copy of a picture. Enlarged, its result is as
blurred as any small picture. Its *change*, though, follows the picture's own
edges nearly everywhere: around each pixel it is well described as an affine
map of the colours, which can be read off the small pictures and applied to the
pixels of the full-size one. That is the guided filter with a colour guide (He,
Sun, Tang, "Guided Image Filtering", 2013, eq. 19 and 20), computed at the small
size and enlarged (He and Sun, "Fast Guided Filter", 2015).

The page does the same in `web/guided.js`, a SavedModel in
`saved_model_file`; tests compare the three.
"""

from __future__ import annotations

import concurrent.futures
import math
import os
from collections.abc import Iterator

import numpy as np

# Weights of a pixel's neighbours where the maps are fitted and where they are
# averaged, across and down: a Gaussian, whose standard deviation was chosen by
# the true error on the built-in problems (docs/full-size.md).
_DEVIATION = 2.0  # pixels of the small picture
WINDOW = tuple(math.exp(-((k / _DEVIATION) ** 2) / 2) for k in range(-5, 6))
# Variance of the guide, levels in [0, 1] squared, below which a place counts as
# one-coloured: edges of a tenth of full scale stand out by far from it, sensor
# noise does not.
EPSILON = 1e-3
_LEVELS = 255.0
# Rows and columns that are computed at a time: about the second-level cache.
_ROWS, _COLUMNS = 32, 512
# Rows or columns of the small picture whose maps are fitted at a time, if its
# longer side has more than a few; how far each map sees, through the window
# twice.
_BAND, _WHOLE, _SEEN = 128, 256, 2 * (len(WINDOW) // 2)


def coefficients(guide: np.ndarray, change: np.ndarray) -> np.ndarray:
  """Fits the affine map of colours around each pixel.

  Args:
    guide: The small picture, `[height, width, channels]` in [0, 1].
    change: What is to be added to it, of the same shape, in [-1, 1].

  Returns:
    float32 `[height, width, channels + 1, channels]`: for each channel of the
    change the factors of the guide's channels, and the offset.
  """
  height, width, channels = guide.shape
  if max(height, width) <= _WHOLE:
    return _coefficients(guide, change)
  # What is on the way takes ten times the memory of the result.
  maps = np.empty((height, width, channels + 1, channels), np.float32)

  def along(array: np.ndarray) -> np.ndarray:
    return array if height >= width else array.swapaxes(0, 1)

  for start in range(0, max(height, width), _BAND):
    seen = slice(max(0, start - _SEEN), start + _BAND + _SEEN)
    parts = (along(along(array)[seen]) for array in (guide, change))
    kept = along(maps)[start : start + _BAND]
    band = along(_coefficients(*parts))[start - seen.start :]
    kept[:] = band[: len(kept)]
  return maps


def _coefficients(guide: np.ndarray, change: np.ndarray) -> np.ndarray:
  """Returns the maps of all rows at once; as `coefficients`."""
  guide, change = guide.astype(np.float32), change.astype(np.float32)
  channels = guide.shape[-1]
  mean_guide, mean_change = _smoothed(guide), _smoothed(change)

  def covariance(
    one: np.ndarray, other: np.ndarray, means: tuple[np.ndarray, np.ndarray]
  ) -> np.ndarray:
    product = one[..., :, None] * other[..., None, :]
    return _smoothed(product) - means[0][..., :, None] * means[1][..., None, :]

  own = covariance(guide, guide, (mean_guide, mean_guide))
  shared = covariance(guide, change, (mean_guide, mean_change))
  noise = EPSILON * np.eye(channels, dtype=np.float32)
  factors = np.linalg.solve(own + noise, shared)
  offset = mean_change - np.einsum("yxi,yxij->yxj", mean_guide, factors)
  return _smoothed(np.concatenate([factors, offset[..., None, :]], axis=-2))


def add_change(
  image: np.ndarray, guide: np.ndarray, change: np.ndarray
) -> np.ndarray:
  """Returns a picture with the change of its small copy.

  Args:
    image: uint8 `[height, width, channels]`, 1 or 3 channels.
    guide: Its small copy, `[small_height, small_width, channels]` in [0, 1].
    change: What a generator added to that, same shape, in [-1, 1].

  Returns:
    uint8 of the shape of `image`.
  """
  return apply_maps(image, coefficients(guide, change))


def softened(maps: np.ndarray, low: np.ndarray, share: float) -> np.ndarray:
  """Returns maps that give a picture with less of what is fine in it.

  Where `maps` give a picture, these give `share` of it and for the rest the
  enlarged `low`. Applied onto another picture than the mapped one, they need
  `share` of the other and for the rest the mapped one to be applied onto.

  Args:
    maps: From `coefficients`.
    low: The small picture, `[height, width, channels]` in [0, 1].
    share: How much stays of what the maps give, in [0, 1].

  Returns:
    float32 of the shape of `maps`.
  """
  channels = low.shape[-1]
  mixed = np.float32(share) * maps
  mixed[..., :channels, :] -= np.float32(1 - share) * np.eye(
    channels, dtype=np.float32
  )
  mixed[..., channels, :] += np.float32(1 - share) * low
  return mixed


def apply_maps(
  image: np.ndarray, maps: np.ndarray, onto: np.ndarray | None = None
) -> np.ndarray:
  """Returns a picture with the change that maps describe.

  Args:
    image: uint8 `[height, width, channels]`, 1 or 3 channels.
    maps: From `coefficients`, or `softened`.
    onto: What the change is added to instead of `image`, uint8 of its shape.

  Returns:
    uint8 of the shape of `image`.
  """
  strips = Strips(maps, *image.shape[:2])
  made = np.empty_like(image)

  def fill(rows: slice) -> None:
    made[rows] = strips.apply(
      image[rows], rows.start, None if onto is None else onto[rows]
    )

  parts = [
    slice(top, min(top + _ROWS, len(image)))
    for top in range(0, len(image), _ROWS)
  ]
  # NumPy lets other threads run while it computes.
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
    list(pool.map(fill, parts))
  return made


class Strips:
  """Applies a small picture's maps to strips of the full-size one.

  For pictures that do not fit into memory; `apply_maps` is for others.
  """

  def __init__(self, maps: np.ndarray, height: int, width: int):
    """Prepares the enlargement, which is bilinear.

    Args:
      maps: From `coefficients`, or `softened`.
      height: Of the full-size picture, pixels.
      width: Of the full-size picture, pixels.
    """
    small_height, small_width, terms, self._channels = maps.shape
    # Of each row all terms of a place, then the next: a row's are one matrix.
    self._planes = np.ascontiguousarray(
      maps.transpose(0, 3, 2, 1).reshape(small_height, -1, small_width)
    )
    self._terms = terms
    self._above, self._below = _neighbours(small_height, height)
    self._columns = list(_column_blocks(small_width, width))

  def apply(
    self, strip: np.ndarray, top: int, onto: np.ndarray | None = None
  ) -> np.ndarray:
    """Returns some rows of the picture with their change.

    Args:
      strip: uint8 `[rows, width, channels]`.
      top: Which row of the picture is the strip's first.
      onto: What the change is added to instead of `strip`, of its shape.

    Returns:
      uint8 of the same shape.
    """
    onto = strip if onto is None else onto
    made = np.empty_like(strip)
    for start in range(0, len(strip), _ROWS):
      rows = slice(start, min(start + _ROWS, len(strip)))
      self._apply_rows(strip[rows], top + start, onto[rows], made[rows])
    return made

  def _apply_rows(
    self, strip: np.ndarray, top: int, onto: np.ndarray, made: np.ndarray
  ) -> None:
    """Writes a few rows into `made`."""
    rows = slice(top, top + len(strip))
    above = self._above[rows]
    share = self._below[rows][:, None, None]
    last = len(self._planes) - 1
    planes = (1.0 - share) * self._planes[above]
    planes += share * self._planes[np.minimum(above + 1, last)]
    for columns, used, weights in self._columns:
      maps = planes[..., used].reshape(-1, weights.shape[0]) @ weights
      maps = maps.reshape(
        len(strip), self._channels, self._terms, weights.shape[1]
      )
      part = strip[:, columns].transpose(0, 2, 1).astype(np.float32)
      for c in range(self._channels):
        total = maps[:, c, -1]
        total *= _LEVELS
        total += onto[:, columns, c]
        for k in range(self._channels):
          term = maps[:, c, k]
          term *= part[:, k]
          total += term
        np.clip(np.rint(total, out=total), 0.0, _LEVELS, out=total)
        made[:, columns, c] = total


def _smoothed(values: np.ndarray) -> np.ndarray:
  """Averages `[height, width, ...]` by `WINDOW`; at borders what is inside."""
  reach = len(WINDOW) // 2
  for axis in (0, 1):
    values = np.moveaxis(values, axis, 0)
    size = len(values)
    total, weights = np.zeros_like(values), np.zeros(size, np.float32)
    for shift, weight in enumerate(WINDOW, -reach):
      if abs(shift) < size:
        inside = slice(max(0, -shift), size - max(0, shift))
        seen = slice(max(0, shift), size - max(0, -shift))
        total[inside] += np.float32(weight) * values[seen]
        weights[inside] += np.float32(weight)
    total /= weights.reshape(-1, *[1] * (values.ndim - 1))
    values = np.moveaxis(total, 0, axis)
  return values


def _neighbours(small: int, large: int) -> tuple[np.ndarray, np.ndarray]:
  """Returns for each new pixel the old one before it, and the next one's share.

  Pixels' middles are aligned, and what lies outside is as the border.
  """
  places = (np.arange(large) + 0.5) * (small / large) - 0.5
  places = np.clip(places, 0, small - 1)
  before = np.floor(places).astype(np.intp)
  return before, (places - before).astype(np.float32)


def _column_blocks(
  small: int, large: int
) -> Iterator[tuple[slice, slice, np.ndarray]]:
  """Yields blocks of columns, the old columns that they need, and weights."""
  before, share = _neighbours(small, large)
  for left in range(0, large, _COLUMNS):
    columns = slice(left, min(left + _COLUMNS, large))
    inside = before[columns]
    used = slice(int(inside[0]), min(int(inside[-1]) + 2, small))
    weights = np.zeros((used.stop - used.start, len(inside)), np.float32)
    places = np.arange(len(inside))
    first = inside - used.start
    second = np.minimum(first + 1, len(weights) - 1)
    np.add.at(weights, (first, places), 1.0 - share[columns])
    np.add.at(weights, (second, places), share[columns])
    yield columns, used, weights
