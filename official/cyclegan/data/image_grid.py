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
"""Tiles images into one picture, in rows on white."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_GAP = 2  # pixels between images
_WHITE = 255


def grid(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
  """Lays images out in rows on white.

  Args:
    rows: For every row its images, uint8 `[height, width, channels]`, all of
      one size. Rows may differ in length.

  Returns:
    uint8 `[total height, total width, channels]`.
  """
  height, width, channels = rows[0][0].shape
  columns = max(len(row) for row in rows)
  canvas = np.full(
    (
      len(rows) * (height + _GAP) - _GAP,
      columns * (width + _GAP) - _GAP,
      channels,
    ),
    _WHITE,
    np.uint8,
  )
  for i, row in enumerate(rows):
    for j, image in enumerate(row):
      y, x = i * (height + _GAP), j * (width + _GAP)
      canvas[y : y + height, x : x + width] = image
  return canvas
