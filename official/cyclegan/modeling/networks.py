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

The mobile generator is this package's own, for phones and browsers: a 3x3
convolution and a depthwise one halve the image, residual blocks of
depthwise-separable convolutions (Howard et al., "MobileNets", 2017, section
3.1) work at a quarter of its size, and two sub-pixel convolutions lead back,
the second of which yields the image's channels at once, so that nothing wide is
ever computed at full size. What it lacks there it gets from its first
convolution's features, which are added at half size, and from the colours of
each pixel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import devices
from official.cyclegan.modeling import layers
from official.cyclegan.modeling import normalization

IMAGE = "image"  # the channels of what goes in, and of what comes out
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
  config = config_checks.resolve_model(config)
  inputs = tf.keras.Input((None, None, config.channels), name="image")
  build = {
    "resnet": _resnet_body,
    "unet": _unet_body,
    "mobile": _mobile_body,
  }[config.generator_type]
  head = _mobile_head if config.generator_type == "mobile" else _head
  outputs = head(inputs, build(inputs, config), config)
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
  config = config_checks.resolve_model(config)
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


def quarter_size_layer(config: config_lib.ModelConfig) -> str:
  """Returns the name of a generator's last layer at a quarter of the size.

  Args:
    config: The model's options.
  """
  if config.generator_type == "unet":
    return "up2_relu"
  return f"block{config.n_res_blocks}_add"


def channel_flows(
  config: config_lib.ModelConfig,
) -> dict[str, tuple[tuple[str, ...], str]]:
  """Says which channels a generator's convolutions read and write.

  Args:
    config: The model's options.

  Returns:
    By the layer's name, the groups of channels that it reads, in this order,
    and the one that it writes. All layers of a residual trunk share a group,
    and `IMAGE` is what goes in and what comes out. A depthwise convolution
    writes what it reads; one before a sub-pixel shuffle writes each channel of
    its group several times.
  """
  config = config_checks.resolve_model(config)
  blocks = [f"block{i}" for i in range(1, config.n_res_blocks + 1)]
  kind = config.generator_type
  flows: dict[str, tuple[tuple[str, ...], str]] = {}

  def through(*names: str) -> None:
    """Each layer reads what the one before has written."""
    for read, written in zip(names, names[1:]):
      flows[f"{written}_conv"] = ((read,), written)

  if kind == "unet":
    through(IMAGE, "down1", "down2", "down3", "down4", "up1")
    flows["up2_conv"] = (("up1", "down3"), "up2")
    flows["up3_conv"] = (("up2", "down2"), "up3")
    last: tuple[str, ...] = ("up3", "down1")
    if config.upsample != "resize_conv":
      flows["up4_conv"] = (last, "up4")
      last = ("up4",)
  elif kind == "resnet":
    through(IMAGE, "stem", "down1")
    flows["down2_conv"] = (("down1",), "trunk")
    for block in blocks:
      flows[f"{block}a_conv"] = (("trunk",), block)
      flows[f"{block}b_conv"] = ((block,), "trunk")
    through("trunk", "up1", "up2")
    last = ("up2",)
  else:
    through(IMAGE, "stem")
    flows["down_depthwise"] = (("stem",), "stem")
    flows["down_conv"] = (("stem",), "trunk")
    for block in blocks:
      flows[f"{block}a_depthwise"] = (("trunk",), "trunk")
      flows[f"{block}a_conv"] = (("trunk",), block)
      flows[f"{block}b_depthwise"] = ((block,), block)
      flows[f"{block}b_conv"] = ((block,), "trunk")
    flows["up_conv"] = (("trunk",), "stem")  # they are added up
    last = ("stem",)
  if _sees_colours(config):
    flows["skip_colours"] = ((IMAGE,), "colours")
    if kind == "mobile":
      flows["skip_recolour"] = (("colours",), IMAGE)
    else:
      last = (*last, "colours")
  flows["head_conv"] = (last, IMAGE)
  return flows


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


def _depthwise(*args: Any, **kwargs: Any) -> layers.DepthwiseConv2D:
  """Returns a depthwise convolution, in float32 on processors.

  There bfloat16 was measured to be half as fast.
  """
  policy = tf.keras.mixed_precision.global_policy().name
  dtype = "float32" if devices.on_processor() else policy
  return layers.DepthwiseConv2D(
    *args, padding="same", use_bias=False, dtype=dtype, **kwargs
  )


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
  partial = config.padding == "partial"
  if config.upsample == "subpixel":
    x = _conv2d(
      4 * filters,
      kernel,
      padding="same",
      partial=partial,
      kernel_initializer=layers.SubpixelInitializer(init, 2),
      name=f"{name}_conv",
    )(x)
    return layers.DepthToSpace(2, name=f"{name}_shuffle")(x)
  x = layers.UpSampling2D(
    2, interpolation=interpolation, name=f"{name}_resize"
  )(x)
  return _conv2d(
    filters,
    kernel,
    padding="same",
    partial=partial,
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
  if _sees_colours(config):
    features = tf.keras.layers.Concatenate(
      dtype="float32", name="skip_features"
    )([features, _colours(inputs, config)])
  kernel = 4 if config.generator_type == "unet" else 7
  return _conv2d(
    config.channels,
    kernel,
    kernel_initializer=_head_initializer(config),
    dtype="float32",
    name="head_conv",
    **_border(config, kernel // 2),
  )(features)


def _sees_colours(config: config_lib.ModelConfig) -> bool:
  """Says whether the last convolution sees each pixel's own colour."""
  return config.global_skip and config.skip_filters > 0


def _colours(inputs: tf.Tensor, config: config_lib.ModelConfig) -> tf.Tensor:
  """Returns features of each pixel's own colour, float32."""
  return _conv2d(
    config.skip_filters,
    1,
    activation="relu",
    kernel_initializer="he_normal",
    dtype="float32",
    name="skip_colours",
  )(inputs)


def _border(config: config_lib.ModelConfig, pixels: int) -> dict[str, Any]:
  """Returns what a convolution is told to do at the border."""
  if config.padding == "reflect":
    return {"padding": "valid", "reflect": pixels}
  return {"padding": "same", "partial": config.padding == "partial"}


def _resnet_body(
  inputs: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """c7s1-n, d2n, d4n, R4n x blocks, u2n, un (paper, appendix 7.2)."""
  n = config.gen_n_filters
  init = _initializer(config)

  def conv(x, filters, kernel, name, strides=1):
    # Only what keeps the size is mirrored, as in the reference implementation.
    border = _border(config, kernel // 2)
    if strides > 1 and config.padding == "reflect":
      border = {"padding": "same"}
    x = _conv2d(
      filters,
      kernel,
      strides,
      kernel_initializer=init(),
      normed=True,
      name=f"{name}_conv",
      **border,
    )(x)
    return _norm(config, f"{name}_norm")(x)

  x = _relu(conv(inputs, n, 7, "stem"), "stem")
  for i in (1, 2):
    x = _relu(conv(x, n * 2**i, 3, f"down{i}", strides=2), f"down{i}")
  for i in range(1, config.n_res_blocks + 1):
    y = _relu(conv(x, 4 * n, 3, f"block{i}a"), f"block{i}a")
    y = _dropout(y, config, f"block{i}a")
    y = conv(y, 4 * n, 3, f"block{i}b")
    x = tf.keras.layers.Add(name=f"block{i}_add")([x, y])
  for i in (1, 2):
    x = _enlarge(x, 4 * n // 2**i, config, f"up{i}")
    x = _relu(_norm(config, f"up{i}_norm")(x), f"up{i}")
  return x


def _relu(x: tf.Tensor, name: str) -> tf.Tensor:
  return tf.keras.layers.ReLU(name=f"{name}_relu")(x)


def _mobile_body(
  inputs: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """Half size with n filters, blocks at a quarter with 4n, half size again."""
  n = config.gen_n_filters
  init = _initializer(config)
  partial = config.padding == "partial"

  def normed(x, filters, kernel, name, strides=1):
    x = _conv2d(
      filters,
      kernel,
      strides,
      "same",
      kernel_initializer=init(),
      partial=partial and kernel > 1,
      normed=True,
      name=f"{name}_conv",
    )(x)
    return _norm(config, f"{name}_norm")(x)

  def separable(x, filters, name, strides=1):
    x = _depthwise(
      config.block_kernel,
      strides,
      # Each output is the sum over one channel only.
      depthwise_initializer="he_normal",
      partial=partial,
      name=f"{name}_depthwise",
    )(x)
    return normed(x, filters, 1, name)

  half = _relu(normed(inputs, n, 3, "stem", strides=2), "stem")
  x = _relu(separable(half, 4 * n, "down", strides=2), "down")
  for i in range(1, config.n_res_blocks + 1):
    y = _relu(separable(x, 4 * n, f"block{i}a"), f"block{i}a")
    y = _dropout(y, config, f"block{i}a")
    y = separable(y, 4 * n, f"block{i}b")
    x = tf.keras.layers.Add(name=f"block{i}_add")([x, y])
  kernel = 3 if config.upsample == "conv_transpose" else 1
  x = _enlarge(x, n, config, "up", kernel)
  x = _norm(config, "up_norm")(x)
  x = tf.keras.layers.Add(name="up_add")([half, x])
  return _relu(x, "up")


def _mobile_head(
  inputs: tf.Tensor, features: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """Returns the image, or its change, that half-size features stand for.

  In float32 under every policy, as `_head`.
  """
  init = _head_initializer(config)
  outputs = _conv2d(
    4 * config.channels,
    3,
    padding="same",
    kernel_initializer=layers.SubpixelInitializer(init, 2),
    partial=config.padding == "partial",
    dtype="float32",
    name="head_conv",
  )(features)
  outputs = layers.DepthToSpace(2, dtype="float32", name="head_shuffle")(
    outputs
  )
  if not _sees_colours(config):
    return outputs
  recoloured = _conv2d(
    config.channels,
    1,
    kernel_initializer=_head_initializer(config),
    dtype="float32",
    name="skip_recolour",
  )(_colours(inputs, config))
  return tf.keras.layers.Add(dtype="float32", name="head_add")(
    [outputs, recoloured]
  )


def _unet_body(inputs: tf.Tensor, config: config_lib.ModelConfig) -> tf.Tensor:
  """Four 4x4 steps down, three up with concatenated skips, one more up."""
  n = config.gen_n_filters
  init = _initializer(config)
  enlarge = functools.partial(
    _enlarge, config=config, kernel=4, interpolation="nearest"
  )

  def normed(x, name):
    return _relu(_norm(config, f"{name}_norm")(x), name)

  x, down = inputs, []
  for i in (1, 2, 3, 4):
    x = _conv2d(
      n * 2 ** (i - 1),
      4,
      2,
      kernel_initializer=init(),
      normed=True,
      name=f"down{i}_conv",
      **_border(config, 0),
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
    return layers.UpSampling2D(2, name="head_resize")(x)
  return normed(enlarge(x, n, name="up4"), "up4")
