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
"""Pictures for pages: of a run's progress and of an export, made small."""

from __future__ import annotations

import dataclasses
import functools
import io
import os
import re
from collections.abc import Callable, Sequence

import numpy as np
import PIL.Image

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.reporting import page

_GAP = 2  # pixels between the images of `image_grid.grid`
_STAGES = 4  # images in a row of a progress picture: input, translated, ...
_LARGEST_SIDE = 320  # pixels of a picture on a page
_LARGEST_SHEET = 1200  # the same of a sheet of many
_QUALITY = 85  # of WebP
_BUDGET = 2_400_000  # bytes of all pictures of the progress, as files
_MOST_FRAMES = 24
_STEP_NAME = re.compile(r"step_(\d+)\.png")


def cells(grid: np.ndarray, columns: int) -> list[list[np.ndarray]]:
  """Takes apart what `image_grid.grid` has put together.

  Args:
    grid: uint8 `[height, width, channels]`, of square images.
    columns: How many images are in a row.

  Returns:
    For every row its images.

  Raises:
    ValueError: If the grid is not one with so many columns.
  """
  height, width = grid.shape[:2]
  size, rest = divmod(width + _GAP, columns)
  rows, more = divmod(height + _GAP, size or 1)
  if rest or more or size <= _GAP:
    raise ValueError(f"{width}x{height} is not a grid of {columns} columns")
  return [
    [
      grid[i * size : (i + 1) * size - _GAP, j * size : (j + 1) * size - _GAP]
      for j in range(columns)
    ]
    for i in range(rows)
  ]


def small(image: np.ndarray, largest: int = _LARGEST_SIDE) -> bytes:
  """Returns an image as WebP, not larger than a page needs.

  Args:
    image: uint8 `[height, width, channels]`, 1 or 3 channels.
    largest: Width and height at most, pixels.
  """
  picture = PIL.Image.fromarray(
    image[..., 0] if image.shape[-1] == 1 else image
  )
  picture.thumbnail((largest, largest))
  file = io.BytesIO()
  picture.convert("RGB").save(file, "WEBP", quality=_QUALITY)
  return file.getvalue()


def of_file(path: str, text: str) -> list[page.Image]:
  """Returns a picture for a page; nothing if it is not there or damaged.

  Args:
    path: Of an image file.
    text: What it shows.
  """
  try:
    found = os.stat(path)
    content = _sheet(path, found.st_mtime_ns, found.st_size)
  except (errors.UserError, OSError):
    return []
  return [page.Image(page.data_url(content, "webp"), text)]


@functools.lru_cache(maxsize=8)
def _sheet(path: str, changed: int, size: int) -> bytes:
  """Returns a picture made small; again only if the file has changed."""
  del changed, size
  return small(image_files.read(path), _LARGEST_SHEET)


@dataclasses.dataclass(frozen=True)
class _Frame:
  """A picture of the progress: by domain, inputs and translations as WebP."""

  before: dict[str, list[bytes]]
  after: dict[str, list[bytes]]

  @property
  def bytes(self) -> int:
    """Returns the size of the translations."""
    return sum(len(c) for contents in self.after.values() for c in contents)


class Progress:
  """The pictures of a run's progress; keeps what it has made small."""

  def __init__(self, folder: str):
    """Sets where the pictures are.

    Args:
      folder: The run's folder of samples, `step_0000100.png` and so on.
    """
    self._folder = folder
    self._frames: dict[str, _Frame | None] = {}

  def strips(
    self, counts: dict[str, int] | None, directions: Sequence[str]
  ) -> list[page.Strip]:
    """Returns for each direction inputs, and translations over the steps.

    Args:
      counts: How many images of A and of B are in a picture; None: as many of
        each.
      directions: Of `AtoB` and `BtoA`, those that are trained.
    """
    frames = self._chosen(counts)
    if not frames:
      return []
    last = frames[-1][1]
    strips = []
    for direction in directions:
      domain = direction[0]
      if not last.before[domain]:
        continue
      strips.append(
        page.Strip(
          f"{direction[0]} to {direction[-1]}",
          [page.data_url(c, "webp") for c in last.before[domain]],
          [f"step {step:,}" for step, _ in frames],
          [
            [page.data_url(c, "webp") for c in frame.after[domain]]
            for _, frame in frames
          ],
        )
      )
    return strips

  def _chosen(self, counts: dict[str, int] | None) -> list[tuple[int, _Frame]]:
    """Returns evenly chosen steps with their frames, the last one included."""
    names = self._names()
    found: list[tuple[int, _Frame]] = []
    most = _MOST_FRAMES
    while names and most:
      found = []
      for name in _even(names, most):
        frame = self._frame(name, counts)
        if frame is not None:
          found.append((_step(name), frame))
      used = sum(frame.bytes for _, frame in found)
      if used <= _BUDGET or most == 1:
        break
      most = max(1, most * _BUDGET // used)
    # All have the inputs of the last: a run's test images are fixed.
    shape = {d: len(v) for d, v in found[-1][1].after.items()} if found else {}
    return [
      (step, frame)
      for step, frame in found
      if {d: len(v) for d, v in frame.after.items()} == shape
    ]

  def _names(self) -> list[str]:
    try:
      names = os.listdir(self._folder)
    except OSError:
      return []
    return sorted((n for n in names if _STEP_NAME.fullmatch(n)), key=_step)

  def _frame(self, name: str, counts: dict[str, int] | None) -> _Frame | None:
    """Returns a picture's images; None if it is damaged."""
    if name not in self._frames:
      self._frames[name] = _read(os.path.join(self._folder, name), counts)
    return self._frames[name]


def _step(name: str) -> int:
  found = _STEP_NAME.fullmatch(name)
  assert found is not None
  return int(found[1])


def _even(names: Sequence[str], most: int) -> list[str]:
  """Returns evenly chosen names, with the last, and the first if two are."""
  if len(names) <= most:
    return list(names)
  if most == 1:
    return [names[-1]]
  last = len(names) - 1
  return [names[i * last // (most - 1)] for i in range(most)]


def _read(path: str, counts: dict[str, int] | None) -> _Frame | None:
  """Returns the images of a picture of the progress."""
  try:
    rows = cells(image_files.read(path), _STAGES)
  except (errors.UserError, OSError, ValueError):
    return None
  of_a = (counts or {}).get("A", len(rows) // 2)
  parts = {"A": rows[:of_a], "B": rows[of_a:]}
  return _Frame(
    *(
      {d: [small(row[k]) for row in part] for d, part in parts.items()}
      for k in (0, 1)
    )
  )


def export_strips(
  folder: str,
  picture_rows: dict[str, Sequence[str]],
  read: Callable[[str], np.ndarray] = image_files.read,
) -> list[page.Strip]:
  """Returns for each direction what each exported file makes of test images.

  Args:
    folder: Of the export.
    picture_rows: By direction, what the rows of its picture show; the first
      one the inputs.
    read: Reads an image file.
  """
  strips = []
  for direction in config_lib.DIRECTIONS:
    rows = picture_rows.get(direction)
    path = os.path.join(folder, f"export_{direction}.png")
    if not rows or not os.path.isfile(path):
      continue
    try:
      shown = cells_of_rows(read(path), len(rows))
    except (errors.UserError, OSError, ValueError):
      continue
    urls = [[page.data_url(small(i), "webp") for i in row] for row in shown]
    strips.append(
      page.Strip(
        f"{direction[0]} to {direction[-1]}", urls[0], list(rows[1:]), urls[1:]
      )
    )
  return strips


def cells_of_rows(grid: np.ndarray, rows: int) -> list[list[np.ndarray]]:
  """Takes apart a grid of which the number of rows is known.

  Args:
    grid: uint8 `[height, width, channels]`, of square images.
    rows: How many rows it has.

  Returns:
    For every row its images.

  Raises:
    ValueError: If the grid is not one with so many rows.
  """
  height, width = grid.shape[:2]
  size, rest = divmod(height + _GAP, rows)
  columns, more = divmod(width + _GAP, size or 1)
  if rest or more or not columns:
    raise ValueError(f"{width}x{height} is not a grid of {rows} rows")
  return cells(grid, columns)
