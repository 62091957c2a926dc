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
"""Between uint8 pictures and what the networks see.

Networks work on float32 in [-1, 1], exported files and metrics on float32 in
[0, 1], files hold uint8 in [0, 255].
"""

from __future__ import annotations

import tensorflow as tf

from official.cyclegan import config as config_lib


def to_network(image: tf.Tensor) -> tf.Tensor:
  """Maps uint8 or float in [0, 255] to float32 in [-1, 1], same shape."""
  return tf.cast(image, tf.float32) / 127.5 - 1.0


def unit_to_network(image: tf.Tensor) -> tf.Tensor:
  """Maps float32 in [0, 1] to float32 in [-1, 1], same shape."""
  return image * 2.0 - 1.0


def network_to_unit(image: tf.Tensor) -> tf.Tensor:
  """Maps float in [-1, 1] to float32 in [0, 1], clipping what lies outside."""
  return tf.clip_by_value(tf.cast(image, tf.float32) * 0.5 + 0.5, 0.0, 1.0)


def unit_to_uint8(image: tf.Tensor) -> tf.Tensor:
  """Rounds float32 in [0, 1] to uint8 in [0, 255], same shape."""
  return tf.cast(tf.round(tf.clip_by_value(image, 0.0, 1.0) * 255.0), tf.uint8)


def network_to_uint8(image: tf.Tensor) -> tf.Tensor:
  """Rounds float in [-1, 1] to uint8 in [0, 255], clipping the rest."""
  return unit_to_uint8(network_to_unit(image))


def resize(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
  """Resizes with an anti-aliased bicubic filter (Keys, a = -0.5).

  Args:
    image: `[height, width, channels]` or `[batch, height, width, channels]`,
      values in [0, 255].
    height: New height, pixels.
    width: New width, pixels.

  Returns:
    float32 of the new size in [0, 255]; the filter's overshoot is clipped.
  """
  resized = tf.image.resize(
    image, [height, width], method="bicubic", antialias=True
  )
  return tf.clip_by_value(resized, 0.0, 255.0)


def augment(
  image: tf.Tensor, seed: tf.Tensor, config: config_lib.DataConfig
) -> tf.Tensor:
  """Resizes, crops and mirrors one training image.

  Args:
    image: uint8 `[height, width, channels]`, any size.
    seed: int64 `[2]`; the same seed gives the same crop and mirroring.
    config: `load_size`, `crop_size` and `flip`.

  Returns:
    float32 `[crop_size, crop_size, channels]` in [-1, 1].
  """
  load, crop = config.load_size, config.crop_size
  channels = image.shape[-1]
  if image.shape[:2] != (load, load):
    image = resize(image, load, load)
  seeds = tf.random.split(seed, 2)
  if crop < load:
    image = tf.image.stateless_random_crop(
      image, [crop, crop, channels], seeds[0]
    )
  if config.flip:
    image = tf.image.stateless_random_flip_left_right(image, seeds[1])
  return tf.ensure_shape(to_network(image), [crop, crop, channels])


def prepare(image: tf.Tensor, size: int) -> tf.Tensor:
  """Prepares one image for evaluation: resized, nothing random.

  Args:
    image: uint8 `[height, width, channels]`, any size.
    size: Width and height of the result, pixels.

  Returns:
    float32 `[size, size, channels]` in [-1, 1].
  """
  if image.shape[:2] != (size, size):
    image = resize(image, size, size)
  return to_network(image)
