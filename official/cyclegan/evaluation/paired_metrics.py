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
"""How far translations are from a known truth, beside what is trivial.

Only numpy is used. Images are uint8 `[count, height, width, 3]`; errors are
mean absolute differences of values in [0, 1]. A ratio divides a translator's
error by that of doing nothing, so that 1 is useless and 0 perfect.
"""

from __future__ import annotations

import numpy as np

_LEVELS = 256


def l1(images: np.ndarray, truth: np.ndarray) -> float:
  """Returns the mean absolute difference, in [0, 1]."""
  return float(np.mean(_absolute(images, truth)))


def masked_l1(images: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> float:
  """Returns the mean absolute difference where the mask is set.

  Args:
    images: uint8 `[count, height, width, 3]`.
    truth: The same.
    mask: `[count, height, width, 1]`, anything but 0 is inside.

  Returns:
    The mean over all pixels inside and their channels, in [0, 1].

  Raises:
    ValueError: If the mask is empty.
  """
  inside = mask[..., 0] > 0
  if not inside.any():
    raise ValueError("The mask is empty: there is nothing to average over.")
  return float(np.mean(_absolute(images, truth)[inside]))


def match_histograms(images: np.ndarray, reference: np.ndarray) -> np.ndarray:
  """Recolours a pile so that its channels are distributed like another's.

  Args:
    images: The pile to recolour.
    reference: The pile to be like; any number of images.

  Returns:
    uint8 like `images`: one monotonic map per channel for the whole pile.
  """
  matched = np.empty_like(images)
  for c in range(images.shape[-1]):
    have = np.bincount(images[..., c].ravel(), minlength=_LEVELS).cumsum()
    want = np.bincount(reference[..., c].ravel(), minlength=_LEVELS).cumsum()
    table = np.interp(
      have / have[-1], want / want[-1], np.arange(_LEVELS, dtype=np.float64)
    )
    matched[..., c] = np.rint(table).astype(np.uint8)[images[..., c]]
  return matched


def fit_affine(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
  """Recolours a pile by the best affine map of its colours.

  Best in the least squares sense, and fitted to the truth itself: no affine
  map learned without the truth can be better in that sense.

  Args:
    images: The pile to recolour.
    truth: What it should become, same shape.

  Returns:
    uint8 like `images`.
  """
  colours = images.reshape(-1, images.shape[-1]).astype(np.float64)
  inputs = np.concatenate([colours, np.ones((len(colours), 1))], axis=1)
  wanted = truth.reshape(-1, truth.shape[-1]).astype(np.float64)
  # The normal equations: 4 by 4, however many pixels there are.
  weights = np.linalg.solve(inputs.T @ inputs, inputs.T @ wanted)
  mapped = np.clip(np.rint(inputs @ weights), 0, _LEVELS - 1)
  return mapped.astype(np.uint8).reshape(images.shape)


def compare(
  inputs: np.ndarray,
  translated: np.ndarray,
  truth: np.ndarray,
  mask: np.ndarray | None = None,
) -> dict[str, dict[str, float]]:
  """Measures a translator beside what needs no training.

  Args:
    inputs: The pictures translated.
    translated: What the translator made of them.
    truth: What they should have become.
    mask: Where the change belongs, `[count, height, width, 1]`, if known.

  Returns:
    For `model`, `nothing`, `histogram` and `affine` a dictionary with `l1`,
    `l1_ratio` and, with a mask, `masked_l1` and `masked_l1_ratio`.
  """
  candidates = {
    "model": translated,
    "nothing": inputs,
    "histogram": match_histograms(inputs, truth),
    "affine": fit_affine(inputs, truth),
  }
  measures = {"l1": l1}
  if mask is not None:
    measures["masked_l1"] = lambda a, b: masked_l1(a, b, mask)
  table: dict[str, dict[str, float]] = {name: {} for name in candidates}
  for measure, function in measures.items():
    nothing = function(inputs, truth)
    for name, images in candidates.items():
      error = function(images, truth)
      table[name][measure] = error
      table[name][f"{measure}_ratio"] = error / nothing
  return table


def _absolute(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
  """Returns float32 absolute differences in [0, 1]."""
  difference = images.astype(np.float32) - truth.astype(np.float32)
  return np.abs(difference) / (_LEVELS - 1)
