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
"""Generators and discriminators, as functions that return Functional models.

All take float32 images `[batch, height, width, channels]` in [-1, 1]. Height
and width are left open: a trained generator runs at any size that is a
multiple of `config.SIZE_MULTIPLES`.

Parameter counts (a test compares them with the published ones), without
scale and shift in the norms: ResNet generator, 9 blocks, 11,378,179 with 64
filters and 2,850,563 with 32; U-Net generator 1,545,411 with 32; 70x70
PatchGAN discriminator 2,764,737 with 64 and 694,241 with 32.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from official.cyclegan import config as config_lib
from official.cyclegan import devices
from official.cyclegan import layers
from official.cyclegan import normalization

_MAX_DOUBLINGS = 3  # of a discriminator's filters: at most 512 of 64
_LEAKY_SLOPE = 0.2  # CycleGAN paper, appendix 7.2
_NORMAL_STDDEV = 0.02  # CycleGAN paper, appendix 7.1
# Initial weights of the last convolution under a global skip: the change
# starts at a few percent of full scale. With 0.02 the background of
# apple2orange_scenes was still noisier after 1,000 steps.
_SKIP_STDDEV = 0.002


def build_generator(
  config: config_lib.ModelConfig, name: str = "generator"
) -> tf.keras.Model:
  """Builds the generator that `config.generator_type` asks for.

  Args:
    config: The model's options.
    name: The Keras model's name.

  Returns:
    A Functional model, float32 `[batch, height, width, channels]` in [-1, 1]
    to the same shape. With `global_skip` the result is the input plus a
    change, and may leave [-1, 1] a little; what shows it to people clips.
    The last convolution then also sees `skip_filters` features of each pixel's
    own colour, which no norm has touched: instance normalisation forgets a
    picture's absolute colours, so that without them a new palette is learned
    slowly and in blotches.
  """
  config = config_lib.resolve_model(config)
  inputs = tf.keras.Input((None, None, config.channels), name="image")
  build = {"resnet": _resnet_body, "unet": _unet_body}[config.generator_type]
  outputs = _head(inputs, build(inputs, config), config)
  # Images are float32 under every policy.
  if config.global_skip:
    outputs = tf.keras.layers.Add(dtype="float32", name="global_skip")(
      [inputs, outputs]
    )
  else:
    outputs = tf.keras.layers.Activation("tanh", dtype="float32", name="tanh")(
      outputs
    )
  return tf.keras.Model(inputs, outputs, name=name)


def build_discriminator(
  config: config_lib.ModelConfig, name: str = "discriminator"
) -> tf.keras.Model:
  """Builds the discriminator that `config.disc_type` asks for.

  `n_layers` is a PatchGAN. With three layers it is the 70x70 PatchGAN
  C64-C128-C256-C512 of the CycleGAN paper, appendix 7.2, with strides 2, 2, 2,
  1 and `config.disc_n_filters` in place of 64, then one 4x4 convolution to a
  single channel. Each layer less halves the patch: 34x34 with two, 16x16 with
  one. `basic` is the one with three. `pixel` is 1x1 convolutions C64-C128 and
  one to a single channel, so that each pixel is judged by its own colour
  (Isola et al., 2017, section 4.4).

  Args:
    config: The model's options.
    name: The Keras model's name.

  Returns:
    A Functional model, float32 `[batch, height, width, channels]` in [-1, 1]
    to logits, one per patch, unbounded: `[batch, h, w, 1]` with height and
    width divided by `2 ** config.disc_n_layers`, rounded up, or undivided for
    `pixel`.
  """
  config = config_lib.resolve_model(config)
  init = _initializer(config)
  pixel = config.disc_type == "pixel"
  halvings = 0 if pixel else config.disc_n_layers
  kernel = 1 if pixel else 4
  inputs = tf.keras.Input((None, None, config.channels), name="image")
  x = inputs
  for i in range(2 if pixel else halvings + 1):
    x = _conv2d(
      config.disc_n_filters * 2 ** min(i, _MAX_DOUBLINGS),
      kernel,
      2 if i < halvings else 1,
      "same",
      kernel_initializer=init(),
      normed=i > 0,
      name=f"conv{i + 1}",
    )(x)
    if i > 0:
      x = _norm(config, f"norm{i + 1}")(x)
    x = tf.keras.layers.LeakyReLU(
      _LEAKY_SLOPE, dtype=_leaky_dtype(), name=f"leaky_relu{i + 1}"
    )(x)
  logits = _conv2d(
    1, kernel, padding="same", kernel_initializer=init(), name="logits"
  )(x)
  return tf.keras.Model(inputs, logits, name=name)


def _initializer(
  config: config_lib.ModelConfig,
) -> Callable[[], tf.keras.initializers.Initializer]:
  """Returns what makes a fresh initializer for each layer."""
  return {
    "normal": functools.partial(
      tf.keras.initializers.RandomNormal, 0.0, _NORMAL_STDDEV
    ),
    "glorot": tf.keras.initializers.GlorotUniform,
    "he": tf.keras.initializers.HeNormal,
  }[config.init]


def _conv_dtype() -> str:
  """Returns the policy of convolutions: Keras's global one, mostly.

  Processors have no half-precision convolutions, and TensorFlow's emulation
  was measured 200 times slower than float32. There convolutions are computed
  in float32, which is how a GPU accumulates them too, and what lies between
  them in float16.
  """
  policy = tf.keras.mixed_precision.global_policy().name
  if policy == "mixed_float16" and devices.on_processor():
    return "float32"
  return policy


def _leaky_dtype() -> str:
  """Returns the policy of leaky rectifiers: Keras's global one, mostly.

  On processors TensorFlow's gradient of them is five times slower in bfloat16
  than in float32, casts included.
  """
  policy = tf.keras.mixed_precision.global_policy().name
  return "float32" if devices.on_processor() else policy


def _conv2d(*args: Any, **kwargs: Any) -> layers.Conv2D:
  return layers.Conv2D(*args, **{"dtype": _conv_dtype(), **kwargs})


def _conv2d_transpose(
  *args: Any, **kwargs: Any
) -> tf.keras.layers.Conv2DTranspose:
  return tf.keras.layers.Conv2DTranspose(*args, dtype=_conv_dtype(), **kwargs)


def _dropout(
  x: tf.Tensor, config: config_lib.ModelConfig, name: str
) -> tf.Tensor:
  """Drops features in training; nothing where the rate is 0."""
  if not config.dropout:
    return x
  return layers.Dropout(config.dropout, name=f"{name}_dropout")(x)


def _enlarge(
  x: tf.Tensor,
  filters: int,
  config: config_lib.ModelConfig,
  name: str,
  kernel: int = 3,
  interpolation: str = "bilinear",
) -> tf.Tensor:
  """Doubles height and width and convolves, to be normed."""
  init = _initializer(config)()
  if config.upsample == "conv_transpose":
    return _conv2d_transpose(
      filters,
      kernel,
      2,
      "same",
      kernel_initializer=init,
      name=f"{name}_conv",
    )(x)
  if config.upsample == "subpixel":
    x = _conv2d(
      4 * filters,
      kernel,
      padding="same",
      kernel_initializer=layers.SubpixelInitializer(init, 2),
      name=f"{name}_conv",
    )(x)
    return layers.DepthToSpace(2, name=f"{name}_shuffle")(x)
  x = tf.keras.layers.UpSampling2D(
    2, interpolation=interpolation, name=f"{name}_resize"
  )(x)
  return _conv2d(
    filters,
    kernel,
    padding="same",
    kernel_initializer=init,
    normed=True,
    name=f"{name}_conv",
  )(x)


def _norm(
  config: config_lib.ModelConfig, name: str
) -> normalization.InstanceNormalization:
  return normalization.InstanceNormalization(
    epsilon=config.norm_epsilon,
    center=config.norm_affine,
    scale=config.norm_affine,
    name=name,
  )


def _head_initializer(
  config: config_lib.ModelConfig,
) -> tf.keras.initializers.Initializer:
  """Returns the initializer of a generator's last convolution."""
  if config.global_skip:
    return tf.keras.initializers.RandomNormal(0.0, _SKIP_STDDEV)
  return _initializer(config)()


def _head(
  inputs: tf.Tensor, features: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """Returns the image, or its change, that full-size features stand for.

  In float32 under every policy: in bfloat16 the picture's rounding turns the
  sign of small differences, and with it the L1 losses' gradient. The last
  convolution's was 20 to 30 % off, and is 4 % now.
  """
  if config.global_skip and config.skip_filters:
    colours = _conv2d(
      config.skip_filters,
      1,
      activation="relu",
      kernel_initializer="he_normal",
      dtype="float32",
      name="skip_colours",
    )(inputs)
    features = tf.keras.layers.Concatenate(
      dtype="float32", name="skip_features"
    )([features, colours])
  init = _head_initializer(config)
  if config.generator_type == "unet":
    return _conv2d(
      config.channels,
      4,
      padding="same",
      kernel_initializer=init,
      dtype="float32",
      name="head_conv",
    )(features)
  return _conv2d(
    config.channels,
    7,
    kernel_initializer=init,
    reflect=3,
    dtype="float32",
    name="head_conv",
  )(features)


def _resnet_body(
  inputs: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """c7s1-n, d2n, d4n, R4n x blocks, u2n, un (paper, appendix 7.2)."""
  n = config.gen_n_filters
  init = _initializer(config)

  def conv(x, filters, kernel, name, strides=1, reflect=0):
    x = _conv2d(
      filters,
      kernel,
      strides,
      "valid" if reflect else "same",
      kernel_initializer=init(),
      reflect=reflect,
      normed=True,
      name=f"{name}_conv",
    )(x)
    return _norm(config, f"{name}_norm")(x)

  def relu(x, name):
    return tf.keras.layers.ReLU(name=f"{name}_relu")(x)

  x = relu(conv(inputs, n, 7, "stem", reflect=3), "stem")
  for i in (1, 2):
    x = relu(conv(x, n * 2**i, 3, f"down{i}", strides=2), f"down{i}")
  for i in range(1, config.n_res_blocks + 1):
    y = relu(conv(x, 4 * n, 3, f"block{i}a", reflect=1), f"block{i}a")
    y = _dropout(y, config, f"block{i}a")
    y = conv(y, 4 * n, 3, f"block{i}b", reflect=1)
    x = tf.keras.layers.Add(name=f"block{i}_add")([x, y])
  for i in (1, 2):
    x = _enlarge(x, 4 * n // 2**i, config, f"up{i}")
    x = relu(_norm(config, f"up{i}_norm")(x), f"up{i}")
  return x


def _unet_body(inputs: tf.Tensor, config: config_lib.ModelConfig) -> tf.Tensor:
  """Four 4x4 steps down, three up with concatenated skips, one more up."""
  n = config.gen_n_filters
  init = _initializer(config)
  enlarge = functools.partial(
    _enlarge, config=config, kernel=4, interpolation="nearest"
  )

  def normed(x, name):
    x = _norm(config, f"{name}_norm")(x)
    return tf.keras.layers.ReLU(name=f"{name}_relu")(x)

  x, down = inputs, []
  for i in (1, 2, 3, 4):
    x = _conv2d(
      n * 2 ** (i - 1),
      4,
      2,
      "same",
      kernel_initializer=init(),
      normed=True,
      name=f"down{i}_conv",
    )(x)
    x = normed(x, f"down{i}")
    down.append(x)
  x = down.pop()
  for i in (1, 2, 3):
    x = enlarge(x, n * 2 ** (3 - i), name=f"up{i}")
    x = _dropout(normed(x, f"up{i}"), config, f"up{i}")
    x = tf.keras.layers.Concatenate(name=f"up{i}_skip")([x, down.pop()])
  if config.upsample == "resize_conv":
    # The head's own convolution is the one after this resize.
    return tf.keras.layers.UpSampling2D(2, name="head_resize")(x)
  return normed(enlarge(x, n, name="up4"), "up4")
