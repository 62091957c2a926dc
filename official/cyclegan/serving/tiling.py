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
"""Translates a picture in tiles that fit together, strip by strip.

Each tile is larger than the part of it that is kept, by as much as the
generator sees (`modeling/receptive_field`): what is kept depends on nothing
beyond the tile, so that neighbours agree where they meet. At the picture's own
border the tile ends there as well, and the generator pads as in training.
Memory is that of a few rows of tiles, however large the picture.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

# The tiles' usual size; more where that would leave less than half of a tile's
# width to be kept. Large tiles waste less, small ones take less memory.
_USUAL = 512  # pixels
# Tiles begin at multiples of this, which all generators' strides divide.
_ALIGNED = 16
_YIELDED = 32  # rows at a time

Translate = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Layout:
  """How a picture is cut into tiles.

  Attributes:
    size: Width and height of a tile, pixels.
    margin: How far a kept pixel is from the tile's border at least, pixels,
      unless that is the picture's.
    fixed: Whether every tile has this size, as a file's; else those of a
      picture that does not fill one are smaller.
  """

  size: int
  margin: int
  fixed: bool = True


@dataclasses.dataclass(frozen=True)
class _Part:
  """One tile's place along one axis.

  Attributes:
    start: Its first row or column in the picture, pixels.
    kept: Which rows or columns of the picture are taken from it.
  """

  start: int
  kept: slice

  @property
  def inside(self) -> slice:
    """`kept`, counted from the tile's start."""
    return slice(self.kept.start - self.start, self.kept.stop - self.start)


def layout(reach: int) -> Layout:
  """Returns the layout for a generator that takes any size.

  Args:
    reach: From `receptive_field.reach`, pixels.
  """
  margin = -(-reach // _ALIGNED) * _ALIGNED
  return Layout(max(_USUAL, 4 * margin), margin, fixed=False)


def parts(length: int, tiles: Layout) -> list[_Part]:
  """Returns the tiles along one axis.

  Args:
    length: Of the picture, pixels: at least a tile's, and a multiple of what
      the generator takes.
    tiles: The layout.
  """
  step = (tiles.size - 2 * tiles.margin) // _ALIGNED * _ALIGNED
  found: list[_Part] = []
  kept = start = 0
  while kept < length:
    start = min(start, length - tiles.size)
    last = start + tiles.size == length
    end = length if last else start + tiles.size - tiles.margin
    found.append(_Part(start, slice(kept, end)))
    kept, start = end, start + step
  return found


def translate(
  strips: Iterable[np.ndarray],
  height: int,
  width: int,
  multiple: int,
  tiles: Layout,
  run: Translate,
) -> Iterator[np.ndarray]:
  """Translates a picture that is given strip by strip.

  Args:
    strips: uint8 `[rows, width, channels]`, from the top, any number of rows.
    height: Of the picture, pixels.
    width: Of the picture, pixels.
    multiple: What the generator's sizes must be multiples of, pixels.
    tiles: The layout.
    run: Translates a tile, float32 `[1, size, size, channels]` in [0, 1], into
      one of any type. Both sizes are at most the tiles' if these are not fixed.

  Yields:
    The result from the top, strip by strip: `[rows, width, channels]` of the
    type that `run` gives. A picture smaller than a tile is continued by
    reflection.
  """
  high, wide = (_along(n, multiple, tiles) for n in (height, width))
  padded_height, padded_width = (
    max(-(-n // multiple) * multiple, axis.size)
    for n, axis in ((height, high), (width, wide))
  )
  columns = parts(padded_width, wide)
  rows = _Rows(strips, height, (padded_height, padded_width))
  for row in parts(padded_height, high):
    band = rows.read(row.start, row.start + high.size)
    kept = slice(row.kept.start, min(row.kept.stop, height))
    if kept.start >= height:  # all of it is padding
      return
    inside = slice(kept.start - row.start, kept.stop - row.start)
    made: np.ndarray | None = None
    for column in columns:
      if column.kept.start >= width:
        break
      tile = band[None, :, column.start : column.start + wide.size]
      translated = run(tile.astype(np.float32) / 255.0)[0]
      part = translated[inside, column.inside]
      if made is None:
        made = np.empty((len(part), width, part.shape[-1]), part.dtype)
      target = slice(column.kept.start, min(column.kept.stop, width))
      made[:, target] = part[:, : target.stop - target.start]
    assert made is not None
    # In small parts, of which copies in other types are small as well.
    for top in range(0, len(made), _YIELDED):
      yield made[top : top + _YIELDED]


def _along(length: int, multiple: int, tiles: Layout) -> Layout:
  """Returns the layout along one axis of a picture.

  Where one tile holds all of the picture, no more than a margin behind it has
  to follow.
  """
  if tiles.fixed:
    return tiles
  step = math.lcm(multiple, _ALIGNED)
  needed = -(-(length + tiles.margin) // step) * step
  return dataclasses.replace(tiles, size=min(tiles.size, needed))


class _Rows:
  """The last rows of a picture that comes strip by strip, padded."""

  def __init__(
    self, strips: Iterable[np.ndarray], height: int, padded: tuple[int, int]
  ):
    """Starts in front of the first row; `padded` is height and width."""
    self._strips = iter(strips)
    self._height = height
    self._padded_height, self._padded_width = padded
    self._first = 0  # the row that the buffer begins with
    self._buffer: np.ndarray | None = None

  def read(self, start: int, end: int) -> np.ndarray:
    """Returns rows; `start` must not go back, nor beyond the rows read.

    Args:
      start: The first row; those before it are forgotten.
      end: The row behind the last one.

    Returns:
      uint8 `[end - start, padded width, channels]`.
    """
    kept = [] if self._buffer is None else [self._buffer[start - self._first :]]
    have = start + sum(len(part) for part in kept)
    while have < min(end, self._height):
      kept.append(next(self._strips))
      have += len(kept[-1])
    if have >= self._height and end > self._height:
      self._pad_below(kept, end - have)
    self._buffer = np.concatenate(kept) if len(kept) > 1 else kept[0]
    self._first = start
    rows = self._buffer[: end - start]
    more = self._padded_width - rows.shape[1]
    return np.pad(rows, [(0, 0), (0, more), (0, 0)], mode="symmetric")

  def _pad_below(self, kept: list[np.ndarray], more: int) -> None:
    """Adds the rows below the picture, which mirror its last ones."""
    if more > 0:
      rows = np.concatenate(kept)
      kept[:] = [np.pad(rows, [(0, more), (0, 0), (0, 0)], mode="symmetric")]
