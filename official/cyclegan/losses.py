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
"""The loss terms of CycleGAN, unweighted, as pure functions.

Images are float32 `[batch, height, width, channels]` in [-1, 1]; logits are
the discriminator's float32 `[batch, h, w, 1]`. Every function returns a
float32 scalar, the mean over the batch and all positions.
"""

from __future__ import annotations

import tensorflow as tf


def generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
  """Least-squares adversarial loss of a generator.

  Source: Mao et al., "Least Squares GAN", 2017, eq. 9 with b = c = 1, which
  the CycleGAN paper takes up in section 4 ("Training details").
  """
  return tf.reduce_mean(tf.square(fake_logits - 1.0))


def discriminator_loss(
  real_logits: tf.Tensor, fake_logits: tf.Tensor
) -> tf.Tensor:
  """Least-squares loss of a discriminator; 0.25 is chance.

  Source: as `generator_loss`, with a = 0, b = 1. The half slows the
  discriminator relative to the generator (CycleGAN paper, appendix 7.1).
  """
  real = tf.reduce_mean(tf.square(real_logits - 1.0))
  fake = tf.reduce_mean(tf.square(fake_logits))
  return 0.5 * (real + fake)


def cycle_loss(real: tf.Tensor, reconstructed: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in [0, 2] (CycleGAN paper, eq. 2)."""
  return tf.reduce_mean(tf.abs(real - reconstructed))


def identity_loss(real: tf.Tensor, same: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in [0, 2] (CycleGAN paper, section 5.2)."""
  return tf.reduce_mean(tf.abs(real - same))
