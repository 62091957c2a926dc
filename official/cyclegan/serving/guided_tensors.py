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
"""`guided_upsampling` in TensorFlow's operators, for SavedModels."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from official.cyclegan.serving import guided_upsampling


def add_change(
  images: tf.Tensor, guides: tf.Tensor, changes: tf.Tensor
) -> tf.Tensor:
  """Returns pictures with the changes of their small copies.

  Args:
    images: float32 `[batch, height, width, channels]` in [0, 1].
    guides: Their small copies, `[batch, small_height, small_width, channels]`.
    changes: What is added to those, the same shape, in [-1, 1].

  Returns:
    float32 of the shape of `images`, not clipped.
  """
  channels = images.shape[-1]
  maps = tf.image.resize(coefficients(guides, changes), tf.shape(images)[1:3])
  shape = tf.concat([tf.shape(images)[:3], [channels + 1, channels]], 0)
  maps = tf.reshape(maps, shape)
  change = tf.einsum("byxi,byxij->byxj", images, maps[..., :-1, :])
  return images + change + maps[..., -1, :]


def coefficients(guides: tf.Tensor, changes: tf.Tensor) -> tf.Tensor:
  """Fits the affine map of colours around each pixel.

  Args:
    guides: As for `add_change`.
    changes: As for `add_change`.

  Returns:
    float32 `[batch, height, width, (channels + 1) * channels]`: what
    `guided_upsampling.coefficients` gives, flattened.
  """
  channels = guides.shape[-1]
  size = tf.shape(guides)[:3]

  def matrices(flat: tf.Tensor) -> tf.Tensor:
    return tf.reshape(flat, tf.concat([size, [channels, channels]], 0))

  def products(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    pairs = one[..., :, None] * other[..., None, :]
    return tf.reshape(pairs, tf.concat([size, [channels**2]], 0))

  mean_guides, mean_changes = _smoothed(guides), _smoothed(changes)
  own = _smoothed(products(guides, guides)) - products(mean_guides, mean_guides)
  shared = _smoothed(products(guides, changes)) - products(
    mean_guides, mean_changes
  )
  noise = guided_upsampling.EPSILON * tf.eye(channels)
  factors = tf.linalg.solve(matrices(own) + noise, matrices(shared))
  offset = mean_changes - tf.einsum("byxi,byxij->byxj", mean_guides, factors)
  factors = tf.reshape(factors, tf.concat([size, [channels**2]], 0))
  return _smoothed(tf.concat([factors, offset], -1))


def _smoothed(values: tf.Tensor) -> tf.Tensor:
  """Averages as `guided_upsampling` does; at borders what is inside."""
  window = np.outer(guided_upsampling.WINDOW, guided_upsampling.WINDOW)
  kernel = tf.constant(window[..., None, None], tf.float32)

  def total(x: tf.Tensor) -> tf.Tensor:
    kernels = tf.tile(kernel, [1, 1, x.shape[-1], 1])
    return tf.nn.depthwise_conv2d(x, kernels, [1, 1, 1, 1], "SAME")

  return total(values) / total(tf.ones_like(values[:1, ..., :1]))
