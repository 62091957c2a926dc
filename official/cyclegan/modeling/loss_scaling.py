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
"""Scales of losses and gradients: replicas, and half precision."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from official.cyclegan.core import stack


def scale_loss(
  total: tf.Tensor, optimizer: tf.keras.optimizers.Optimizer
) -> tf.Tensor:
  """Scales a replica's loss for its optimizer.

  Optimizers add up the replicas' gradients: each loss is divided by their
  number, so that the sum is the gradient of the global batch's mean. A loss
  scale keeps small float16 gradients from vanishing (Micikevicius et al.,
  "Mixed Precision Training", 2018, section 3.2).

  Args:
    total: The mean loss of the replica's images.
    optimizer: May be a `LossScaleOptimizer`.

  Returns:
    The loss to differentiate.
  """
  replicas = tf.distribute.get_strategy().num_replicas_in_sync
  if replicas > 1:
    total /= replicas
  return stack.scale_loss(total, optimizer)


def gradient_norm(
  gradients: Sequence[tf.Tensor], loss_scale: bool
) -> tuple[tf.Tensor, tf.Tensor | None]:
  """Returns the norm of a network's gradient, for a running mean.

  Args:
    gradients: Of all its variables, unscaled.
    loss_scale: Whether they may have overflown: the optimizer then leaves the
      step out, and so does the mean.

  Returns:
    The L2 norm, float32 scalar, and its weight in the mean: 0 after an
    overflow, else 1; None without a loss scale.
  """
  norm = tf.linalg.global_norm(gradients)
  if not loss_scale:
    return norm, None
  finite = tf.math.is_finite(norm)
  return tf.where(finite, norm, 0.0), tf.cast(finite, tf.float32)
