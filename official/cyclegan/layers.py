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
"""Keras layers that the networks need and Keras does not have."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


class ReflectionPadding2D(tf.keras.layers.Layer):
  """Pads height and width by mirroring the image at its border.

  Source: Zhu et al., "Unpaired Image-to-Image Translation using
  Cycle-Consistent Adversarial Networks", 2017, appendix 7.2 ("reflection
  padding was used to reduce artifacts").

  Attributes:
    padding: Rows and columns added on each side, pixels.

  Input shape:
    `[batch, height, width, channels]`, height and width above `padding`.

  Output shape:
    `[batch, height + 2 * padding, width + 2 * padding, channels]`.
  """

  def __init__(self, padding: int, **kwargs: Any):
    super().__init__(**kwargs)
    self.padding = padding

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the padded images, same dtype."""
    p = self.padding
    return tf.pad(inputs, [[0, 0], [p, p], [p, p], [0, 0]], mode="REFLECT")

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {**super().get_config(), "padding": self.padding}


class Dropout(tf.keras.layers.Layer):
  """Drops features in training; a checkpoint holds the state of its draws.

  `tf.keras.layers.Dropout` draws from a state that no checkpoint holds, so
  that an interrupted run could not go on as if it had not been.

  Attributes:
    rate: Share of the features set to 0; the others grow by 1 / (1 - rate).
    seed: Seed of the draws.
  """

  def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
    """Creates the layer.

    Args:
      rate: Share of the features dropped, at least 0 and below 1.
      seed: Seed of the draws; None takes one from Python's `random`, which
        `tf.keras.utils.set_random_seed` seeds.
      **kwargs: Passed to the Keras layer.
    """
    super().__init__(**kwargs)
    self.rate = rate
    self.seed = random.getrandbits(31) if seed is None else seed
    self._generator = tf.random.Generator.from_seed(self.seed, alg="philox")

  def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
    """Returns `inputs`, in training with some features dropped."""
    if not training:
      return inputs
    return tf.nn.experimental.stateless_dropout(
      inputs, self.rate, seed=self._generator.make_seeds(1)[:, 0]
    )

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class DepthToSpace(tf.keras.layers.Layer):
  """Turns groups of channels into larger images.

  Source: Shi et al., "Real-Time Single Image and Video Super-Resolution Using
  an Efficient Sub-Pixel Convolutional Neural Network", 2016, eq. 4.

  Attributes:
    factor: How much higher and wider the result is.

  Input shape:
    `[batch, height, width, factor ** 2 * channels]`.

  Output shape:
    `[batch, factor * height, factor * width, channels]`.
  """

  def __init__(self, factor: int, **kwargs: Any):
    super().__init__(**kwargs)
    self.factor = factor

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the larger images, same dtype."""
    return tf.nn.depth_to_space(inputs, self.factor)

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {**super().get_config(), "factor": self.factor}


class SubpixelInitializer(tf.keras.initializers.Initializer):
  """Initial weights with which a sub-pixel convolution has no checkerboard.

  All output channels that `DepthToSpace` puts side by side start with the same
  kernel, so that the enlargement starts as a nearest-neighbour one. Source:
  Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017.
  """

  def __init__(self, base: tf.keras.initializers.Initializer, factor: int):
    """Sets what the kernels are drawn from.

    Args:
      base: Draws the kernels that are then repeated.
      factor: That of the `DepthToSpace` layer.
    """
    self.base = base
    self.factor = factor

  def __call__(
    self, shape: Sequence[int], dtype: Any = None, **kwargs: Any
  ) -> tf.Tensor:
    """Returns a kernel `[height, width, inputs, factor ** 2 * outputs]`."""
    groups = self.factor**2
    kernel = self.base((*shape[:-1], shape[-1] // groups), dtype=dtype)
    return tf.tile(kernel, [1, 1, 1, groups])

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments."""
    return {"base": self.base, "factor": self.factor}
