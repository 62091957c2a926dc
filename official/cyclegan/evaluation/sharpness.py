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
"""How sharp a picture is, and how well its edges lie, beside the truth.

Without TensorFlow. A picture that was enlarged from a small one has almost the
truth's mean error and none of its edges: these measures tell it from a sharp
one.
"""

from __future__ import annotations

import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_LEVELS = 255.0


def sharpness(images: np.ndarray, truth: np.ndarray) -> float:
  """Returns the pictures' gradient energy over the truth's.

  The energy is the sum of the squared differences of neighbouring pixels'
  luma, across and down. 1 is as sharp as the truth; below it a picture is
  blurred, above it it has noise or texture that the truth lacks.

  Args:
    images: uint8 `[count, height, width, channels]`, 1 or 3 channels.
    truth: The same of what they should be.

  Returns:
    The ratio; infinity if only the truth is flat, 1 if both are.
  """
  energy, wanted = (float(np.sum(gradient_energy(x))) for x in (images, truth))
  if not wanted:
    return 1.0 if not energy else float("inf")
  return energy / wanted


def edge_l1(images: np.ndarray, truth: np.ndarray) -> float:
  """Returns the L1 error where the truth has edges.

  Each pixel's error counts as much as the truth's gradient there is long, so
  that flat parts do not count and an edge that is soft, doubled or beside its
  place does.

  Args:
    images: uint8 `[count, height, width, channels]`, 1 or 3 channels.
    truth: The same of what they should be.

  Returns:
    In [0, 1]; 0 if the truth is flat.
  """
  weights = np.sqrt(gradient_energy(truth))
  total = float(np.sum(weights))
  if not total:
    return 0.0
  difference = np.abs(images.astype(np.float32) - truth).mean(axis=-1)
  kept = difference[:, :-1, :-1] / _LEVELS
  return float(np.sum(kept * weights)) / total


def gradient_energy(images: np.ndarray) -> np.ndarray:
  """Returns each pixel's squared gradient, of its luma.

  Args:
    images: uint8 `[count, height, width, channels]`, 1 or 3 channels.

  Returns:
    float32 `[count, height - 1, width - 1]`, levels squared.
  """
  weights = _LUMA if images.shape[-1] == 3 else np.ones(1, np.float32)
  luma = images.astype(np.float32) @ weights
  across = np.diff(luma, axis=2)[:, :-1]
  down = np.diff(luma, axis=1)[:, :, :-1]
  return across * across + down * down
