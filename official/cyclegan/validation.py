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
"""Measures the generators of a run on its test split.

The measures are L1 differences of pixel values, as ratios or in [0, 1]:

* `true_error_AB`, `true_error_BA`: mean absolute difference to the truth,
  relative to doing nothing. Only where test images of A and B show the same
  scenes in the same order. `true_error` is the mean of the two.
* `cycle_l1`: mean absolute difference between an image and its
  reconstruction, both domains (CycleGAN paper, eq. 2).
* `identity_l1`: mean absolute difference between an image and what the
  generator to its own domain makes of it (section 5.2).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from official.cyclegan import dataset
from official.cyclegan import paired_error
from official.cyclegan import preprocessing
from official.cyclegan import sources

MAX_IMAGES = 200  # of each domain
_BATCH = 20


@dataclasses.dataclass(frozen=True)
class TestSet:
  """Test images of both domains, prepared for the networks.

  Attributes:
    images_A: float32 `[count, size, size, channels]` in [-1, 1].
    images_B: The same of domain B.
    paired: Whether both show the same scenes in the same order.
  """

  images_A: np.ndarray
  images_B: np.ndarray
  paired: bool


def load(
  source: sources.Source, size: int, max_images: int = MAX_IMAGES
) -> TestSet:
  """Reads the test splits of a data set.

  Args:
    source: The data set.
    size: Width and height, pixels.
    max_images: At most so many of each domain, the first ones.

  Returns:
    The images; their number may differ between the domains.
  """
  images_A, images_B = (
    dataset.first_images(source, split, size, max_images)
    for split in ("testA", "testB")
  )
  return TestSet(images_A, images_B, source.paired)


def measure(
  g_AB: tf.keras.Model, g_BA: tf.keras.Model, test_set: TestSet
) -> dict[str, float]:
  """Returns the measures by name; smaller is better in all.

  Args:
    g_AB: Generator from A to B.
    g_BA: Generator from B to A.
    test_set: What to measure on.
  """
  measures: dict[str, float] = {}
  cycle, identity = [], []
  for direction, forth, back, real, truth in (
    ("AB", g_AB, g_BA, test_set.images_A, test_set.images_B),
    ("BA", g_BA, g_AB, test_set.images_B, test_set.images_A),
  ):
    fake = _run(forth, real)
    real_uint8 = _to_uint8(real)
    cycle.append(paired_error.l1(_to_uint8(_run(back, fake)), real_uint8))
    identity.append(paired_error.l1(_to_uint8(_run(back, real)), real_uint8))
    if test_set.paired:
      truth_uint8 = _to_uint8(truth)
      measures[f"true_error_{direction}"] = paired_error.l1(
        _to_uint8(fake), truth_uint8
      ) / paired_error.l1(real_uint8, truth_uint8)
  if test_set.paired:
    both = measures["true_error_AB"], measures["true_error_BA"]
    measures["true_error"] = sum(both) / 2
  measures["cycle_l1"] = sum(cycle) / 2
  measures["identity_l1"] = sum(identity) / 2
  return measures


def _to_uint8(images: np.ndarray) -> np.ndarray:
  """Rounds images in [-1, 1] to uint8 in [0, 255], same shape."""
  return preprocessing.network_to_uint8(tf.constant(images)).numpy()


def _run(generator: tf.keras.Model, images: np.ndarray) -> np.ndarray:
  """Translates images in batches."""
  return np.concatenate(
    [
      generator(tf.constant(images[i : i + _BATCH]), training=False).numpy()
      for i in range(0, len(images), _BATCH)
    ]
  )
