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
"""Instance normalisation: the one module that knows tensorflow-addons.

With Keras 2 its base is the layer of tensorflow-addons, which Keras 2 lacks;
with Keras 3, which addons do not work with, it is Keras's own for groups of
channels. Weights, configuration and result are the same. Everything else
imports `InstanceNormalization` from here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from official.cyclegan.core import devices
from official.cyclegan.core import stack


def _stock_layer() -> type[tf.keras.layers.Layer]:
  """Returns the installed stack's own instance normalisation."""
  if stack.is_keras_3():

    @tf.keras.utils.register_keras_serializable("cyclegan_stock")
    class OneChannelGroups(tf.keras.layers.GroupNormalization):
      """Keras's layer, with as many groups as channels."""

      def __init__(self, groups: int = -1, **kwargs: Any):
        # Known once the layer is built, and written into its configuration.
        super().__init__(groups=-1, **kwargs)

    return OneChannelGroups
  with warnings.catch_warnings():
    # A user of this package can do nothing about its end-of-life notice.
    warnings.simplefilter("ignore", UserWarning)
    import tensorflow_addons as tfa
  return tfa.layers.InstanceNormalization


# For tests and benchmarks to compare with; the networks use the class below.
StockInstanceNormalization: Any = _stock_layer()


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class InstanceNormalization(StockInstanceNormalization):
  """Normalises every channel of every image by its own mean and variance.

  The weights, the configuration and the result are those of
  `StockInstanceNormalization`; only the computation differs. Written out
  on the rank-4 input it needs no reshapes, its backward pass is shorter, and
  TFLite's converter turns it into operators that delegates accept:
  `d * d` stays a multiplication, where `tf.square(d)` would become
  SQUARED_DIFFERENCE, which has no 16-bit kernel. In training in bfloat16 a
  processor takes one fused operator instead.

  Source: Ulyanov, Vedaldi, Lempitsky, "Instance Normalization", 2016, eq. 2.

  Input shape:
    Float `[batch, height, width, channels]`, any range.

  Output shape:
    The same shape and dtype; zero mean and unit variance over height and
    width, before the optional scale (`gamma`) and shift (`beta`).
  """

  def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
    """Returns the normalised float `[batch, height, width, channels]`."""
    inputs = tf.cast(inputs, self.compute_dtype)  # Keras 3 leaves it to this
    if (
      training
      and inputs.dtype == tf.bfloat16
      and inputs.shape[0]
      and devices.on_processor()
    ):
      # The batch's size is known, so that it can be taken apart.
      images = tf.split(inputs, inputs.shape[0])
      return tf.concat([self._fused(image) for image in images], 0)
    # Half precision cannot hold the variance of a large feature map.
    x = tf.cast(inputs, tf.float32)
    if training:
      outputs = self._with_short_gradient(x)
      if self.scale:
        outputs *= self._rounded(self.gamma)
    else:
      # A scale that is constant costs nothing here, and what is exported has
      # no operator for a gradient.
      _, centred, variance = self.moments(x)
      gain = tf.math.rsqrt(variance)
      if self.scale:
        gain *= self._rounded(self.gamma)
      outputs = centred * gain
    if self.center:
      outputs += self._rounded(self.beta)
    return tf.cast(outputs, inputs.dtype)

  def _rounded(self, weight: Any) -> tf.Tensor:
    """Returns a weight as half precision has it, in float32.

    Keras 2 hands it out like that, Keras 3 exactly.
    """
    return tf.cast(tf.cast(weight, self.compute_dtype), tf.float32)

  def moments(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Measures what the layer takes away and divides by.

    Args:
      x: float32 `[batch, height, width, channels]`.

    Returns:
      Of each image and channel the mean, float32 `[batch, 1, 1, channels]`;
      `x` less the mean; and the variance with epsilon, shaped as the mean, of
      which the root is what is divided by.
    """
    mean = tf.reduce_mean(x, axis=[1, 2], keepdims=True)
    centred = x - mean
    variance = tf.reduce_mean(centred * centred, axis=[1, 2], keepdims=True)
    return mean, centred, variance + self.epsilon

  def _with_short_gradient(self, x: tf.Tensor) -> tf.Tensor:
    """Normalises float32 images; the gradient takes half of the passes.

    With `y` the result and `m` the mean over height and width it is
    `(dy - m(dy) - y m(dy y))` over the standard deviation (Ioffe and Szegedy,
    "Batch Normalization", 2015, section 3, put together). TensorFlow's own
    would go through the mean and the variance one by one.
    """

    @tf.custom_gradient
    def normalize(x: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tf.Tensor]]:
      _, centred, variance = self.moments(x)
      gain = tf.math.rsqrt(variance)

      def gradient(dy: tf.Tensor) -> tf.Tensor:
        mean, shared = (
          tf.reduce_mean(v, axis=[1, 2], keepdims=True)
          for v in (dy, dy * centred)
        )
        return gain * ((dy - mean) - centred * (gain * gain * shared))

      return centred * gain, gradient

    return normalize(x)

  @classmethod
  def from_config(cls, config: dict[str, Any]) -> InstanceNormalization:
    """Returns a layer with the configuration that `get_config` returned.

    Args:
      config: The constructor's arguments, and `groups`, which follows from the
        class: given to the constructor it makes tensorflow-addons warn.
    """
    return cls(**{k: v for k, v in config.items() if k != "groups"})

  def _fused(self, image: tf.Tensor) -> tf.Tensor:
    """Normalises one image, as a batch of its own, in one operator.

    The batch norm of a single image is its instance norm. The operator reads
    and writes bfloat16 and computes in float32, which halves the memory
    traffic. For float32 it is not used: it adds up one number after another,
    and was measured to be 5 to 7 times less exact.
    """
    channels = [image.shape[-1]]
    return tf.raw_ops.FusedBatchNormV3(
      x=image,
      scale=self._rounded(self.gamma) if self.scale else tf.ones(channels),
      offset=self._rounded(self.beta) if self.center else tf.zeros(channels),
      mean=[],
      variance=[],
      epsilon=self.epsilon,
      is_training=True,
    ).y
