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
"""Differentiable augmentation of what the discriminators see.

Source: Zhao, Liu, Lin, Zhu, Han, "Differentiable Augmentation for
Data-Efficient GAN Training", 2020, section 3.3 and its policy "color,
translation, cutout". Real and generated images are changed by draws from the
same distribution, in the discriminators' and in the generators' update, so
that the changes themselves are not learned.
"""

from __future__ import annotations

import tensorflow as tf

_BRIGHTNESS = 0.5  # largest shift, a quarter of the range [-1, 1]
_TRANSLATION = 0.125  # largest shift, share of the height and width
_CUTOUT = 0.5  # height and width of the hole, share of the image's
_DRAWS = 7  # random numbers for each image


def diffaugment(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
  """Changes colours and place of images, and cuts a hole into them.

  Args:
    images: float32 `[batch, height, width, channels]`, nominally in [-1, 1].
    seed: int `[2]`; decides the changes of all images.

  Returns:
    float32 of the same shape, differentiable with respect to `images`. Values
    may leave [-1, 1].
  """
  draws = tf.random.stateless_uniform([_DRAWS, tf.shape(images)[0]], seed)
  images = _change_colours(images, *tf.unstack(draws[:3]))
  images = _translate(images, *tf.unstack(draws[3:5]))
  return _cut_out(images, *tf.unstack(draws[5:]))


def _per_image(values: tf.Tensor) -> tf.Tensor:
  return values[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _change_colours(
  images: tf.Tensor,
  brightness: tf.Tensor,
  saturation: tf.Tensor,
  contrast: tf.Tensor,
) -> tf.Tensor:
  """Brightness by +-0.5, saturation times 0 to 2, contrast 0.5 to 1.5."""
  images = images + _per_image(brightness - 0.5) * 2.0 * _BRIGHTNESS
  grey = tf.reduce_mean(images, axis=3, keepdims=True)
  images = (images - grey) * _per_image(saturation * 2.0) + grey
  mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
  return (images - mean) * _per_image(contrast + 0.5) + mean


def _translate(
  images: tf.Tensor, down: tf.Tensor, right: tf.Tensor
) -> tf.Tensor:
  """Moves each image by up to an eighth; uncovered pixels become 0."""
  # The padding of one pixel is what every index outside is clipped to.
  rows = _shifted(tf.shape(images)[1], down)
  columns = _shifted(tf.shape(images)[2], right)
  images = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
  images = tf.gather(images, rows, axis=1, batch_dims=1)
  return tf.gather(images, columns, axis=2, batch_dims=1)


def _shifted(size: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
  """Returns `[batch, size]` indices into an axis padded by 1 on each side."""
  largest = tf.cast(tf.cast(size, tf.float32) * _TRANSLATION + 0.5, tf.int32)
  steps = tf.cast(2 * largest + 1, tf.float32)
  shift = tf.cast(tf.floor(draw * steps), tf.int32) - largest
  indices = tf.range(size)[tf.newaxis] + shift[:, tf.newaxis] + 1
  return tf.clip_by_value(indices, 0, size + 1)


def _cut_out(images: tf.Tensor, y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
  """Sets a rectangle of half the height and width to 0.

  Its centre may lie anywhere in the image, so that a part may lie outside.
  """
  rows = _inside(tf.shape(images)[1], y)[:, :, tf.newaxis]
  columns = _inside(tf.shape(images)[2], x)[:, tf.newaxis, :]
  hole = tf.logical_and(rows, columns)[..., tf.newaxis]
  return tf.where(hole, tf.zeros_like(images), images)


def _inside(size: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
  """Returns bool `[batch, size]`: whether a position is within the hole."""
  length = tf.cast(size, tf.float32) * _CUTOUT
  centre = draw * tf.cast(size, tf.float32)
  position = tf.range(size, dtype=tf.float32)[tf.newaxis] + 0.5
  return tf.abs(position - centre[:, tf.newaxis]) < length / 2.0
