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
"""Pictures of a run's progress: what both generators make of fixed images."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from official.cyclegan.data import image_grid
from official.cyclegan.data import preprocessing


def stages(
  forward: tf.keras.Model, backward: tf.keras.Model, real: np.ndarray
) -> list[np.ndarray]:
  """Translates images of one domain, and back, and to their own domain.

  Args:
    forward: Generator to the other domain.
    backward: Generator from the other domain.
    real: float32 `[count, size, size, channels]` in [-1, 1].

  Returns:
    Four arrays like `real`: the images; their translations; the translations
    translated back, which should be the images (CycleGAN paper, eq. 2); and
    the outputs of `backward` for the images, which should be the images too
    (section 5.2).
  """
  images = tf.constant(real)
  translated = forward(images, training=False)
  return [
    real,
    translated.numpy(),
    backward(translated, training=False).numpy(),
    backward(images, training=False).numpy(),
  ]


def progress_grid(
  g_AB: tf.keras.Model,
  g_BA: tf.keras.Model,
  images_A: np.ndarray,
  images_B: np.ndarray,
) -> np.ndarray:
  """Shows both directions: input, translated, reconstructed, identity.

  Args:
    g_AB: Generator from A to B.
    g_BA: Generator from B to A.
    images_A: float32 `[count, size, size, channels]` in [-1, 1].
    images_B: float32 `[count, size, size, channels]` of domain B.

  Returns:
    uint8 `[total height, total width, channels]` with one row per image, those
    of A first.
  """
  rows: list[list[np.ndarray]] = []
  for forward, backward, real in (
    (g_AB, g_BA, images_A),
    (g_BA, g_AB, images_B),
  ):
    shown = [
      preprocessing.network_to_uint8(stage)
      for stage in stages(forward, backward, real)
    ]
    rows.extend(list(row) for row in zip(*shown))
  return image_grid.grid(rows)


def rows_of(*rows: np.ndarray) -> np.ndarray:
  """Shows images in rows.

  Args:
    *rows: For each row float32 `[count, size, size, channels]` in [-1, 1].

  Returns:
    uint8 `[total height, total width, channels]`.
  """
  return image_grid.grid(
    [list(preprocessing.network_to_uint8(images)) for images in rows]
  )
