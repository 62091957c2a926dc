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
"""Building blocks of the networks: convolutions, norms, upsampling, dropout.

Each reads what it needs from the model's options. Tensors are
`[batch, height, width, channels]`. The names given to layers end up in the
tensors' names of exported .tflite files, and the order in which initializers
are made decides the weights that a seed draws: neither may change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import devices
from official.cyclegan.modeling import layers
from official.cyclegan.modeling import normalization

_LEAKY_SLOPE = 0.2  # CycleGAN paper, appendix 7.2
_NORMAL_STDDEV = 0.02  # CycleGAN paper, appendix 7.1
# Keeps the mean square before a rectifier, which halves it (He et al.,
# "Delving Deep into Rectifiers", 2015, eq. 10).
RELU_GAIN = 2**0.5
# Of what a residual block adds, where no norm holds the sum down.
BRANCH_GAIN = 0.3
_EVEN_ORDER = 2  # of `layers.EvenPhases`


def kernel_initializer(
  config: config_lib.ModelConfig, init: str = ""
) -> tf.keras.initializers.Initializer:
  """Returns a new initializer of kernels; one that is shared draws twice.

  Args:
    config: The model's options, of which `init` counts.
    init: One of `config.INITIALIZERS` to use instead; empty for none.
  """
  make: Callable[[], tf.keras.initializers.Initializer] = {
    "normal": functools.partial(
      tf.keras.initializers.RandomNormal, 0.0, _NORMAL_STDDEV
    ),
    "glorot": tf.keras.initializers.GlorotUniform,
    "he": tf.keras.initializers.HeNormal,
  }[init or config.init]
  return make()


def generator_kernel(
  config: config_lib.ModelConfig, gain: float = RELU_GAIN, output_axis: int = 3
) -> dict[str, Any]:
  """Returns how a generator's kernel starts, and what keeps it from growing.

  Args:
    config: The model's options, of which `gen_norm` and `init` count.
    gain: With `gen_norm` `weight`, the length of each output channel's kernel.
    output_axis: Of the kernel: that of the output channels.

  Returns:
    Keyword arguments of a convolution, with a new initializer.
  """
  if config.gen_norm == "instance":
    return {"kernel_initializer": kernel_initializer(config)}
  return {
    # Of the same length on average.
    "kernel_initializer": tf.keras.initializers.VarianceScaling(
      gain**2, "fan_in", "untruncated_normal"
    ),
    "kernel_constraint": layers.FixedNorm(gain, output_axis),
  }


def subpixel_kernel(
  config: config_lib.ModelConfig,
  kernel_initializer: tf.keras.initializers.Initializer,
  kernel_constraint: layers.FixedNorm | None = None,
) -> dict[str, Any]:
  """Returns how a convolution before `DepthToSpace(2)` starts and is held.

  Args:
    config: The model's options, of which `upsample` counts.
    kernel_initializer: Of the kernel of one of the four pixels.
    kernel_constraint: Likewise; None for none.

  Returns:
    Keyword arguments of the convolution.
  """
  initializer = layers.SubpixelInitializer(kernel_initializer, 2)
  if config.upsample != "even_subpixel":
    return {
      "kernel_initializer": initializer,
      "kernel_constraint": kernel_constraint,
    }
  gain = kernel_constraint.gain if kernel_constraint else None
  return {
    "kernel_initializer": initializer,
    "kernel_constraint": layers.EvenPhases(_EVEN_ORDER, gain),
    "bias_constraint": layers.EvenPhases(_EVEN_ORDER),
  }


def conv2d(*args: Any, **kwargs: Any) -> layers.BorderConv2D:
  """Returns a convolution; `_convolution_dtype` says in which precision.

  Args:
    *args: As for `layers.BorderConv2D`.
    **kwargs: As for `layers.BorderConv2D`.
  """
  return layers.BorderConv2D(*args, **{"dtype": _convolution_dtype(), **kwargs})


def depthwise_conv2d(
  *args: Any, **kwargs: Any
) -> layers.PartialDepthwiseConv2D:
  """Returns a depthwise convolution without bias, `padding="same"`.

  On processors it computes in float32: bfloat16 was measured to take twice as
  long there.

  Args:
    *args: As for `layers.PartialDepthwiseConv2D`.
    **kwargs: As for `layers.PartialDepthwiseConv2D`.
  """
  return layers.PartialDepthwiseConv2D(
    *args, padding="same", use_bias=False, dtype=_processor_dtype(), **kwargs
  )


def border_options(
  config: config_lib.ModelConfig, pixels: int, keeps_size: bool = True
) -> dict[str, Any]:
  """Returns the arguments with which a convolution pads as configured.

  Only what keeps the size is mirrored, as in the reference implementation, but
  with `even_subpixel`: a border of zeros in a flat picture is something from
  which generators were seen to grow a grid through all of it.

  Args:
    config: The model's options, of which `padding` and `upsample` count.
    pixels: How far the kernel reaches over the border: the rows and columns of
      reflection on each side.
    keeps_size: Whether the image that goes in has the size of what comes out.

  Returns:
    Keyword arguments of `layers.BorderConv2D`.
  """
  mirrored = keeps_size or config.upsample == "even_subpixel"
  if mirrored and config.padding == "reflect":
    return {"padding": "valid", "reflect": pixels}
  return {"padding": "same", "partial": config.padding == "partial"}


def instance_norm(
  config: config_lib.ModelConfig, name: str
) -> normalization.InstanceNormalization:
  """Returns an instance normalisation as configured.

  Args:
    config: The model's options, of which `norm_epsilon` and `norm_affine`
      count.
    name: The layer's name.
  """
  return normalization.InstanceNormalization(
    epsilon=config.norm_epsilon,
    center=config.norm_affine,
    scale=config.norm_affine,
    name=name,
  )


def generator_norm(
  x: tf.Tensor, config: config_lib.ModelConfig, name: str
) -> tf.Tensor:
  """Normalises as `<name>_norm`; no layer unless `gen_norm` is `instance`."""
  if config.gen_norm != "instance":
    return x
  return instance_norm(config, f"{name}_norm")(x)


def relu(x: tf.Tensor, name: str) -> tf.Tensor:
  """Rectifies; the layer's name is `<name>_relu`."""
  return tf.keras.layers.ReLU(name=f"{name}_relu")(x)


def enlarged_relu(
  x: tf.Tensor, config: config_lib.ModelConfig, name: str
) -> tf.Tensor:
  """Rectifies what `upsample` and a norm, if any, have made: `<name>_relu`.

  Leakily with `even_subpixel`, in which rectifiers were seen to become 0 in all
  pictures, one after the other, until only a map of colours was left.

  Args:
    x: Features.
    config: The model's options, of which `upsample` counts.
    name: What the layer's name begins with.

  Returns:
    Features of the same shape.
  """
  if config.upsample == "even_subpixel":
    return leaky_relu(x, f"{name}_relu")
  return relu(x, name)


def leaky_relu(x: tf.Tensor, name: str) -> tf.Tensor:
  """Rectifies leakily, on processors in float32.

  TensorFlow's gradient of it takes five times as long in bfloat16 there, casts
  included.

  Args:
    x: Features.
    name: The layer's name.
  """
  return tf.keras.layers.LeakyReLU(
    _LEAKY_SLOPE, dtype=_processor_dtype(), name=name
  )(x)


def dropout(
  x: tf.Tensor, config: config_lib.ModelConfig, name: str
) -> tf.Tensor:
  """Drops features in training, as `<name>_dropout`; no layer at rate 0."""
  if not config.dropout:
    return x
  return layers.CheckpointedDropout(config.dropout, name=f"{name}_dropout")(x)


def upsample(
  x: tf.Tensor,
  filters: int,
  config: config_lib.ModelConfig,
  name: str,
  kernel: int = 3,
  interpolation: str = "bilinear",
  gain: float = RELU_GAIN,
) -> tf.Tensor:
  """Doubles height and width and convolves; a norm is to follow, if any.

  Args:
    x: Features.
    filters: Channels of the result.
    config: The model's options, of which `upsample`, `padding`, `gen_norm`
      and `init` count.
    name: What the layers' names begin with.
    kernel: Height and width of the convolution's kernel, pixels.
    interpolation: `nearest` or `bilinear`; of `resize_conv` only.
    gain: As for `generator_kernel`.

  Returns:
    Features, twice as high and wide.

  Raises:
    ValueError: If `config.upsample` is not resolved, or there is no such one.
  """
  if config.upsample == "conv_transpose":
    return tf.keras.layers.Conv2DTranspose(
      filters,
      kernel,
      2,
      "same",
      dtype=_convolution_dtype(),
      name=f"{name}_conv",
      # Each result is the sum over a quarter of the kernel.
      **generator_kernel(config, 2 * gain, output_axis=2),
    )(x)
  start = generator_kernel(config, gain)
  border = border_options(config, kernel // 2, keeps_size=False)
  if config.upsample in ("subpixel", "even_subpixel"):
    # Four channels for each: those of the 2x2 pixels that it becomes.
    x = conv2d(
      4 * filters,
      kernel,
      name=f"{name}_conv",
      **border,
      **subpixel_kernel(config, **start),
    )(x)
    return layers.DepthToSpace(2, name=f"{name}_shuffle")(x)
  if config.upsample != "resize_conv":
    raise ValueError(f"There is no upsampling {config.upsample!r}.")
  # Resize, then convolve: no checkerboard (Odena et al., "Deconvolution and
  # Checkerboard Artifacts", 2016).
  x = layers.XnnpackUpSampling2D(
    2, interpolation=interpolation, name=f"{name}_resize"
  )(x)
  return conv2d(
    filters,
    kernel,
    normed=config.gen_norm == "instance",
    name=f"{name}_conv",
    **border,
    **start,
  )(x)


def _convolution_dtype() -> str:
  """Returns the precision of convolutions: Keras's global policy, mostly.

  Processors have no half-precision convolutions, and TensorFlow's emulation
  was measured 200 times slower than float32. There convolutions are computed
  in float32, which is how a GPU accumulates them too, and what lies between
  them in float16.
  """
  policy = tf.keras.mixed_precision.global_policy().name
  if policy == "mixed_float16" and devices.on_processor():
    return "float32"
  return policy


def _processor_dtype() -> str:
  """Returns float32 on processors, else Keras's global policy."""
  policy = tf.keras.mixed_precision.global_policy().name
  return "float32" if devices.on_processor() else policy
