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
"""Compares the ways of keeping detail: figures, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from official.cyclegan.core import command_config
from official.cyclegan.data import image_files
from official.cyclegan.data import image_grid
from official.cyclegan.data import large_tests
from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.evaluation import sharpness
from official.cyclegan.serving import detail_choice
from official.cyclegan.serving import image_translator

_WAYS = (
  command_config.STRETCH,
  command_config.GUIDED,
  command_config.TILES,
  command_config.NATIVE,
)
_CELL = 192  # width and height of each picture of the sheet, pixels
_ZOOM = 3  # of the crops


def ways(translator: image_translator.ImageTranslator) -> list[str]:
  """Returns which of the ways a model can go.

  Args:
    translator: The generator.
  """
  cannot = {
    command_config.TILES: translator.tiles is None,
    command_config.NATIVE: not translator.multiple,
  }
  return [way for way in _WAYS if not cannot.get(way)]


def compare(
  translator: image_translator.ImageTranslator,
  tests: large_tests.LargeTests,
  texture_scale: float = command_config.TEXTURE_SCALE,
) -> tuple[dict[str, dict[str, float]], dict[str, np.ndarray]]:
  """Translates pictures in every way and measures the results.

  Args:
    translator: The generator.
    tests: Pictures of one size, at least one.
    texture_scale: `TranslateConfig.texture_scale`.

  Returns:
    By way `l1`, `l1_ratio` (over that of `stretch`), `sharpness` and `edge_l1`
    to the truth, or without a truth `sharpness` over the input's own; and by
    way the translations, uint8 as the pictures.
  """
  pictures = {
    way: detail_choice.translate_all(
      translator, tests.images, way, texture_scale
    )
    for way in ways(translator)
  }
  truth = tests.truth
  measured: dict[str, dict[str, float]] = {}
  for way, made in pictures.items():
    if truth is None:
      measured[way] = {"sharpness": sharpness.sharpness(made, tests.images)}
      continue
    measured[way] = {
      "l1": paired_metrics.l1(made, truth),
      "sharpness": sharpness.sharpness(made, truth),
      "edge_l1": sharpness.edge_l1(made, truth),
    }
  if truth is not None:
    most = measured[command_config.STRETCH]["l1"]
    for values in measured.values():
      values["l1_ratio"] = values["l1"] / most if most else 1.0
  return measured, pictures


def sheet(
  tests: large_tests.LargeTests,
  pictures: Mapping[str, np.ndarray],
  shown: Sequence[int] = (0, 1, 2),
) -> np.ndarray:
  """Shows pictures, and below each a part of it enlarged.

  Args:
    tests: From the left, first the input and last, if known, the truth.
    pictures: From `compare`, what is between.
    shown: Which pictures, those there are.

  Returns:
    uint8 `[height, width, channels]`.
  """
  columns = [tests.images, *pictures.values()]
  if tests.truth is not None:
    columns.append(tests.truth)
  rows: list[list[np.ndarray]] = []
  for i in shown:
    if i < len(tests.images):
      place = _busiest(columns[-1][i])
      rows.append([_fitted(images[i]) for images in columns])
      rows.append([_enlarged(images[i][place]) for images in columns])
  return image_grid.grid(rows)


def _fitted(image: np.ndarray) -> np.ndarray:
  """Returns a whole picture at the size of a cell."""
  return image_files.resize_to_levels(image, _CELL, _CELL)


def _enlarged(crop: np.ndarray) -> np.ndarray:
  """Returns a part with every pixel as a square, so that none is blurred."""
  large = crop.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)
  missing = [(0, max(0, _CELL - n)) for n in large.shape[:2]]
  return np.pad(large, [*missing, (0, 0)])[:_CELL, :_CELL]


def _busiest(image: np.ndarray) -> tuple[slice, slice]:
  """Returns the square with most edges, of those side by side in a raster."""
  side = min(_CELL // _ZOOM, *image.shape[:2])
  energy = sharpness.gradient_energy(image[None])[0]
  rows, columns = (max(1, n // side) for n in image.shape[:2])
  best = max(
    ((y, x) for y in range(rows) for x in range(columns)),
    key=lambda place: energy[
      place[0] * side : (place[0] + 1) * side,
      place[1] * side : (place[1] + 1) * side,
    ].sum(),
  )
  return tuple(slice(p * side, (p + 1) * side) for p in best)  # type: ignore
