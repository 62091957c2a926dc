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
"""Keras layers: convolutions with other borders, sub-pixel upsampling, dropout.

All are registered with Keras as `cyclegan><class>`, so that a network that
holds them is cloned, saved and loaded without `custom_objects`.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from official.cyclegan.core import devices
from official.cyclegan.core import stack
from official.cyclegan.modeling import convolution

_NORM_GUARD = 1e-12  # keeps a kernel of zeros what it is


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class BorderConv2D(tf.keras.layers.Conv2D):
  """A convolution with reflection padding or partial sums at the border.

  The weights and the result are those of `tf.keras.layers.Conv2D`, with
  `padding="valid"` on images padded by reflection if `reflect` is given
  (CycleGAN paper, appendix 7.2: "reflection padding was used to reduce
  artifacts"). In training on a processor the functions of `convolution` compute
  that result faster.

  Attributes:
    reflect: Rows and columns of reflection on each side, pixels.
    partial: Whether sums at the border, where a part of the kernel lies outside
      the image, are scaled up by the kernel's area over the part inside (Liu et
      al., "Partial Convolution based Padding", 2018, eq. 2). With
      `padding="same"` only.
    normed: Whether instance normalisation follows at once. It subtracts the
      bias again, as part of the mean, so that in training the bias is left
      out: its gradient, 0 but for rounding, is exactly 0.

  Input shape:
    `[batch, height, width, channels]`, height and width above `reflect`.
  """

  def __init__(
    self,
    *args: Any,
    reflect: int = 0,
    partial: bool = False,
    normed: bool = False,
    **kwargs: Any,
  ):
    """Creates the layer.

    Args:
      *args: As for `tf.keras.layers.Conv2D`.
      reflect: Pixels; 0 for no reflection.
      partial: Whether to scale sums at the border.
      normed: Whether the result goes straight into instance normalisation.
      **kwargs: As for `tf.keras.layers.Conv2D`.
    """
    super().__init__(*args, **kwargs)
    self.reflect = reflect
    self.partial = partial
    self.normed = normed

  def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
    """Returns the convolved images, in the layer's compute dtype."""
    # The fast forms are built for one height and width.
    if training and None not in inputs.shape[1:3] and devices.on_processor():
      outputs = self._scale_border(inputs, self._convolve_fast(inputs))
      if not self.normed:  # the norm that follows would cancel the bias
        outputs = tf.nn.bias_add(outputs, tf.convert_to_tensor(self.bias))
      return self.activation(outputs)
    if self.reflect:
      sides = [self.reflect] * 2
      inputs = tf.pad(inputs, [[0, 0], sides, sides, [0, 0]], mode="REFLECT")
    elif not self.partial:
      return super().call(inputs)
    # Keras 2's own `call` would ask `compute_output_shape` for what is padded
    # already. Sums are scaled, the bias is not (Liu et al., eq. 2).
    outputs = self._scale_border(
      inputs, self.convolution_op(inputs, self.kernel)
    )
    if self.use_bias:
      outputs = tf.nn.bias_add(outputs, self.bias)
    return self.activation(outputs)

  def compute_output_shape(
    self, input_shape: Sequence[int | None]
  ) -> tuple[int | None, ...]:
    """Returns the shape of the result, with what reflection adds.

    Args:
      input_shape: `(batch, height, width, channels)`; None for what is open.
    """
    batch, *sides, channels = input_shape
    padded = [
      side if side is None else side + 2 * self.reflect for side in sides
    ]
    return tuple(super().compute_output_shape((batch, *padded, channels)))

  def _scale_border(self, inputs: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Scales the sums at the border if the convolution is a partial one."""
    if not self.partial:
      return outputs
    return outputs * border_gain(inputs, self.kernel_size, self.strides)

  def _convolve_fast(self, x: tf.Tensor) -> tf.Tensor:
    """Convolves without the bias, in the form that is fastest to train."""
    kernel = tf.convert_to_tensor(self.kernel)
    stride = self.strides[0]
    keeps_size = self.reflect == 1 or self.padding == "same"
    # Only where measured to be faster than TensorFlow's own convolution.
    if stride == 1 and keeps_size and convolution.winograd_pays(x, kernel):
      padding = "reflect" if self.reflect else "zero"
      return convolution.winograd(x, kernel, padding)
    if self.reflect:
      x = convolution.reflect_pad(x, self.reflect)
    if stride == 1 and self.padding == "valid":
      if convolution.has_few_outputs(kernel):
        return convolution.few_outputs(x, kernel)
      if convolution.has_few_inputs(kernel):
        return convolution.few_inputs(x, kernel)
    return tf.nn.conv2d(x, kernel, stride, self.padding.upper())

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {
      **super().get_config(),
      "kernel_initializer": stack.serialize_part(self.kernel_initializer),
      "kernel_constraint": stack.serialize_part(self.kernel_constraint),
      "bias_constraint": stack.serialize_part(self.bias_constraint),
      "reflect": self.reflect,
      "partial": self.partial,
      "normed": self.normed,
    }


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class PartialDepthwiseConv2D(tf.keras.layers.DepthwiseConv2D):
  """A depthwise convolution with partial sums at the border, if asked.

  The weights and the result are those of `tf.keras.layers.DepthwiseConv2D`
  with `padding="same"`; for the border see `BorderConv2D.partial`.

  Attributes:
    partial: Whether sums at the border are scaled up.

  Input shape:
    `[batch, height, width, channels]`.
  """

  def __init__(self, *args: Any, partial: bool = False, **kwargs: Any):
    """Creates the layer.

    Args:
      *args: As for `tf.keras.layers.DepthwiseConv2D`.
      partial: Whether to scale sums at the border.
      **kwargs: As for `tf.keras.layers.DepthwiseConv2D`; `use_bias` must be
        False for a partial one.
    """
    super().__init__(*args, **kwargs)
    self.partial = partial

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the convolved images, in the layer's compute dtype."""
    outputs = super().call(inputs)
    if not self.partial:
      return outputs
    return outputs * border_gain(inputs, self.kernel_size, self.strides)

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {
      **super().get_config(),
      "depthwise_constraint": stack.serialize_part(self.depthwise_constraint),
      "partial": self.partial,
    }


def border_gain(
  inputs: tf.Tensor, kernel: Sequence[int], strides: Sequence[int]
) -> tf.Tensor:
  """Returns a kernel's area over the part of it that lies inside the image.

  Args:
    inputs: The convolution's input, `[batch, height, width, channels]`.
    kernel: Height and width of the kernel, pixels.
    strides: Steps down and across, pixels; the padding is TensorFlow's "SAME".

  Returns:
    `[1, new_height, new_width, 1]`, at least 1, in the dtype of `inputs`.
  """
  gains = []
  for size, k, stride in zip(
    tf.unstack(tf.shape(inputs)[1:3]), kernel, strides
  ):
    # TensorFlow puts the odd pixel of its padding behind.
    steps = -(-size // stride)
    outside = tf.maximum((steps - 1) * stride + k - size, 0)
    first = tf.range(steps) * stride - outside // 2
    inside = tf.minimum(first + k, size) - tf.maximum(first, 0)
    gains.append(k / inside)
  rows, columns = gains
  gain = rows[None, :, None, None] * columns[None, None, :, None]
  return tf.cast(gain, inputs.dtype)


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class XnnpackUpSampling2D(tf.keras.layers.UpSampling2D):
  """Upsampling from operators that LiteRT's XNNPACK delegate runs.

  The result is that of `tf.keras.layers.UpSampling2D`. Outside of training,
  and so in exported models, nearest-neighbour upsampling repeats the channels
  and moves them side by side: two operators that XNNPACK has, unlike
  RESIZE_NEAREST_NEIGHBOR. Bilinear upsampling takes sizes that are not known
  yet, which Keras 3's layer refuses.

  Input shape:
    `[batch, height, width, channels]`.

  Output shape:
    `[batch, factor * height, factor * width, channels]`.
  """

  def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
    """Returns the larger images, same dtype."""
    if self.interpolation == "bilinear":
      sizes = [
        factor * (known or size)
        for factor, known, size in zip(
          self.size, inputs.shape[1:3], tf.unstack(tf.shape(inputs)[1:3])
        )
      ]
      resized = tf.image.resize(inputs, sizes, "bilinear")
      return tf.cast(resized, inputs.dtype)
    if training or self.interpolation != "nearest":
      return super().call(inputs)
    # Copies of a channel lie `channels` apart, as `depth_to_space` wants them.
    factor = self.size[0]
    return tf.nn.depth_to_space(tf.concat([inputs] * factor**2, -1), factor)


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class DetailChannels(tf.keras.layers.Layer):
  """Puts an image's fine details, and how strong they are, beside it.

  The details are what a 3x3 mean takes away, times `gain`: a photograph's and
  a painting's differ there first, while they are a few percent of the image's
  own contrast. Their magnitude says how rough a surface is wherever the details
  lie; a convolution, being linear, cannot see that in the details themselves.

  Attributes:
    gain: Factor of the details.

  Input shape:
    Float `[batch, height, width, channels]`.

  Output shape:
    Float `[batch, height, width, 3 * channels]`: the image, its details, their
    magnitude.
  """

  def __init__(self, gain: float = 4.0, **kwargs: Any):
    """Creates the layer.

    Args:
      gain: Factor of the details.
      **kwargs: Passed to the Keras layer.
    """
    super().__init__(**kwargs)
    self.gain = gain

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the image's three kinds of channels, same dtype."""
    # At the border the mean is that of the pixels inside.
    mean = tf.nn.avg_pool2d(inputs, 3, 1, "SAME")
    details = (inputs - mean) * self.gain
    return tf.concat([inputs, details, tf.abs(details)], -1)

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {**super().get_config(), "gain": self.gain}


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class FourierFeatures(tf.keras.layers.Layer):
  """Puts random Fourier features of each pixel's colour beside an image.

  `sqrt(2) * cos(w @ colour + b)`, with `w` normally distributed and `b` evenly
  in [0, 2 pi) (Rahimi and Recht, "Random Features for Large-Scale Kernel
  Machines", 2007, algorithm 1). Sums over pixels, which a convolution forms,
  are then how often colours near some others occur: what a network would have
  to learn first, if it had the colours alone (Tancik et al., "Fourier Features
  Let Networks Learn High Frequency Functions", 2020, section 4). None of it is
  trained: all layers of one shape have the same features.

  Attributes:
    features: How many.
    stddev: Of `w`, radians for each unit of a channel. Colours that are
      further apart than its inverse are told apart.

  Input shape:
    Float `[batch, height, width, channels]`.

  Output shape:
    Float `[batch, height, width, channels + features]`: the image, then its
    features, in [-sqrt(2), sqrt(2)].
  """

  def __init__(self, features: int, stddev: float, **kwargs: Any):
    """Creates the layer.

    Args:
      features: How many, at least 1.
      stddev: Of the frequencies, radians for each unit of a channel.
      **kwargs: Passed to the Keras layer.
    """
    super().__init__(**kwargs)
    self.features = features
    self.stddev = stddev

  def build(self, input_shape: Sequence[Any]) -> None:
    """Draws the frequencies and phases for the image's channels.

    Args:
      input_shape: `[batch, height, width, channels]`; channels is an int.
    """
    # Of which NumPy promises the same numbers in every version (NEP 19).
    rng = np.random.RandomState(0)
    # As a convolution of 1x1 pixels.
    shape = (1, 1, input_shape[-1], self.features)
    self._frequencies = self.stddev * rng.randn(*shape)
    self._phases = rng.uniform(0.0, 2.0 * np.pi, self.features)
    super().build(input_shape)

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the image and its features, same dtype."""
    kernel = tf.constant(self._frequencies, inputs.dtype)
    angles = tf.nn.conv2d(inputs, kernel, 1, "VALID")
    waves = 2.0**0.5 * tf.cos(angles + tf.constant(self._phases, inputs.dtype))
    return tf.concat([inputs, waves], -1)

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {
      **super().get_config(),
      "features": self.features,
      "stddev": self.stddev,
    }


# Where dropout takes its seeds from; None is Python's `random`.
_dropout_seeds: contextvars.ContextVar[random.Random | None] = (
  contextvars.ContextVar("dropout_seeds", default=None)
)


@contextlib.contextmanager
def dropout_seeds(seed: int) -> Iterator[None]:
  """Within it, dropout layers take their seeds from a stream of their own.

  Keras 3, unlike Keras 2, draws the seeds of initial weights from Python's
  `random` too: a seed taken from it would exchange all weights after it.

  Args:
    seed: What the stream starts with.
  """
  token = _dropout_seeds.set(random.Random(seed))
  try:
    yield
  finally:
    _dropout_seeds.reset(token)


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class CheckpointedDropout(tf.keras.layers.Layer):
  """Dropout whose random state is part of a checkpoint.

  `tf.keras.layers.Dropout` draws from a state that no checkpoint holds, so
  that an interrupted run would not go on as it would have without the
  interruption.

  Attributes:
    rate: Share of the features set to 0; the others grow by 1 / (1 - rate).
    seed: Seed of the draws.
  """

  def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
    """Creates the layer.

    Args:
      rate: Share of the features dropped, at least 0 and below 1.
      seed: Seed of the draws; None takes the next one of `dropout_seeds`, and
        outside of it one from Python's `random`.
      **kwargs: Passed to the Keras layer.
    """
    super().__init__(**kwargs)
    self.rate = rate
    if seed is None:
      seed = (_dropout_seeds.get() or random).getrandbits(31)
    self.seed = seed
    # An attribute that TensorFlow tracks, and so part of checkpoints.
    self._generator = tf.random.Generator.from_seed(self.seed, alg="philox")

  @property
  def checkpointed(self) -> dict[str, tf.random.Generator]:
    """What a checkpoint holds of this layer, by name."""
    return {"_generator": self._generator}

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


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class DepthToSpace(tf.keras.layers.Layer):
  """Sub-pixel shuffle: turns groups of channels into larger images.

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


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class SubpixelInitializer(tf.keras.initializers.Initializer):
  """Initial weights with which a sub-pixel convolution has no checkerboard.

  All output channels that `DepthToSpace` puts side by side start with the same
  kernel, so that the enlargement starts as a nearest-neighbour one. Source:
  Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017.
  """

  def __init__(
    self,
    base: tf.keras.initializers.Initializer | dict[str, Any],
    factor: int,
  ):
    """Sets what the kernels are drawn from.

    Args:
      base: Draws the kernels that are then repeated; or its configuration, as
        Keras serialises it.
      factor: That of the `DepthToSpace` layer.
    """
    self.base = tf.keras.initializers.get(base)
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
    return {
      "base": tf.keras.initializers.serialize(self.base),
      "factor": self.factor,
    }


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class FixedNorm(tf.keras.constraints.Constraint):
  """Gives each output channel of a kernel the same length, after each update.

  With inputs that are unrelated a channel's variance is then the square of the
  gain times the mean of the inputs' squares, whatever is learned. Sources:
  Salimans and Kingma, "Weight Normalization", 2016, eq. 2; Karras et al.,
  "Analyzing and Improving the Training Dynamics of Diffusion Models", 2024,
  section 2.3, which as here sets the stored weights themselves. The networks
  have nothing to compute for it.

  Attributes:
    gain: The L2 norm of a channel's kernel.
    output_axis: Of the kernel: that of the output channels.
  """

  def __init__(self, gain: float, output_axis: int = 3):
    """Sets the length.

    Args:
      gain: The L2 norm of each output channel's kernel.
      output_axis: Of the four axes of the kernel that of the output channels.
    """
    self.gain = gain
    self.output_axis = output_axis

  def __call__(self, w: tf.Tensor) -> tf.Tensor:
    """Returns the kernel, rescaled; same shape and dtype."""
    axes = [axis for axis in range(4) if axis != self.output_axis]
    return w * self.gain * _inverse_norm(w, axes)

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments."""
    return {"gain": self.gain, "output_axis": self.output_axis}


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class EvenPhases(tf.keras.constraints.Constraint):
  """Keeps a sub-pixel convolution from drawing a grid where nothing is.

  After each update, the kernel becomes the nearest one of those which make a
  flat input a flat picture and, from the second order on, an even slope an even
  slope, of the third order a parabola a parabola: the channels that
  `DepthToSpace` puts side by side then go on like one. Their biases become the
  same. The condition of the first order, of networks: Sugawara et al.,
  "Super-Resolution Using Convolutional Neural Networks Without Any Checkerboard
  Artifacts", 2018; of higher orders: Strang and Fix, "A Fourier Analysis of the
  Finite Element Variational Method", 1971. Bilinear resizing has the second.
  The networks have nothing to compute for it.

  Attributes:
    order: 1 for flat inputs, 2 for slopes, 3 for parabolas as well.
    gain: As of `FixedNorm`, over all channels side by side; None for any.
  """

  def __init__(self, order: int, gain: float | None = None):
    """Sets what is kept.

    Args:
      order: 1 for flat inputs, 2 for slopes, 3 for parabolas as well.
      gain: The root mean square of the L2 norms of the kernels of channels that
        are put side by side, factor 2; None to leave them as they are.
    """
    self.order = order
    self.gain = gain

  def __call__(self, w: tf.Tensor) -> tf.Tensor:
    """Returns the kernel or the bias, made even; same shape and dtype."""
    shape = w.shape
    outputs = shape[-1] // 4
    if len(shape) == 1:
      mean = tf.reduce_mean(tf.reshape(w, [4, outputs]), 0)
      return tf.tile(mean, [4])
    height, width, inputs = shape[:3]
    rows = _uneven_kernels(height, width, self.order)
    split = tf.reshape(w, [height * width, inputs, 4, outputs])
    # The nearest kernel: what is uneven in it is taken away.
    rows = tf.constant(rows.reshape(-1, height * width, 4), w.dtype)
    uneven = tf.einsum("rtp,tipo->rio", rows, split)
    split -= tf.einsum("rtp,rio->tipo", rows, uneven)
    if self.gain is not None:
      split *= 2 * self.gain * _inverse_norm(split, [0, 1, 2])
    return tf.reshape(split, shape)

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments."""
    return {"order": self.order, "gain": self.gain}


@functools.cache
def _uneven_kernels(height: int, width: int, order: int) -> np.ndarray:
  """Returns all that an even kernel is at right angles to.

  Args:
    height: Of the kernel, pixels before `DepthToSpace(2)`.
    width: Likewise.
    order: As of `EvenPhases`.

  Returns:
    float64 `[count, height * width * 4]`, orthonormal, in the kernel's order.
  """
  # Where a weight puts its input, in pixels of the picture, and whether these
  # are rows and columns of even or odd number.
  y, x, dy, dx = np.meshgrid(
    *(np.arange(size) for size in (height, width, 2, 2)), indexing="ij"
  )
  y, x = dy - 2 * (y - height // 2), dx - 2 * (x - width // 2)
  found = [
    (-1.0) ** (across * dx + down * dy) * y**i * x**j
    for down, across in ((0, 1), (1, 0), (1, 1))
    for i in range(order)
    for j in range(order - i)
  ]
  basis, _ = np.linalg.qr(np.reshape(found, (len(found), -1)).T)
  return basis.T


def _inverse_norm(w: tf.Tensor, axes: Sequence[int]) -> tf.Tensor:
  squares = tf.reduce_sum(tf.square(w), list(axes), keepdims=True)
  return tf.math.rsqrt(squares + _NORM_GUARD)
