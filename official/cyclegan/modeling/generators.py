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
"""Generators, ResNet, U-Net and mobile, as Functional Keras models.

All take float32 images `[batch, height, width, channels]` in [-1, 1]. Height
and width are left open: a trained generator runs at any size that is a
multiple of `config_checks.size_multiple`.

Parameter counts (a test compares them with the published ones), without
scale and shift in the norms: ResNet generator, 9 blocks, 11,378,179 with 64
filters and 2,850,563 with 32; U-Net generator 1,545,411 with 32.

The mobile generator is this package's own, for phones and browsers: a 3x3
convolution and a depthwise one halve the image, residual blocks of
depthwise-separable convolutions (Howard et al., "MobileNets", 2017, section
3.1) work at a quarter of its size, and two sub-pixel convolutions lead back,
the second of which yields the image's channels at once, so that nothing wide is
ever computed at full size. What it lacks there it gets from its first
convolution's features, which are added at half size, and from the colours of
each pixel. With `block_scale` 8 one more depthwise-separable convolution leads
down to where the blocks work, and one more sub-pixel convolution back: the same
blocks see twice as far and cost a quarter.
"""

from __future__ import annotations

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.modeling import blocks
from official.cyclegan.modeling import layers

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
    change, and may leave [-1, 1] a little; users of the images clip them.
    The last convolution then also sees `skip_filters` features of each pixel's
    own colour, which no norm has touched: instance normalisation forgets a
    picture's absolute colours, so that without them a new palette is learned
    slowly and in blotches.
  """
  config = config_checks.resolve_model(config)
  inputs = tf.keras.Input((None, None, config.channels), name="image")
  body, head = {
    "resnet": (_resnet_body, _full_size_head),
    "unet": (_unet_body, _full_size_head),
    "mobile": (_mobile_body, _half_size_head),
  }[config.generator_type]
  outputs = head(inputs, body(inputs, config), config)
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


def quarter_size_layer(config: config_lib.ModelConfig) -> str:
  """Returns the layer whose features a student learns from its teacher.

  Args:
    config: The model's options.

  Returns:
    The name of the layer after which a generator has done most of its work at
    a quarter of the image's height and width: behind the last residual block,
    or where those at an eighth lead back to it, or before the U-Net's skip
    connection there.
  """
  if config.generator_type == "unet" or _works_at_eighth(config):
    return "up2_relu"
  return f"block{config.n_res_blocks}_add"


def _resnet_body(
  inputs: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """c7s1-n, d2n, d4n, R4n x blocks, u2n, un (paper, appendix 7.2)."""
  n = config.gen_n_filters

  def conv_norm(
    x: tf.Tensor,
    filters: int,
    kernel: int,
    name: str,
    strides: int = 1,
    gain: float = blocks.RELU_GAIN,
  ) -> tf.Tensor:
    border = blocks.border_options(config, kernel // 2, keeps_size=strides == 1)
    x = blocks.conv2d(
      filters,
      kernel,
      strides,
      normed=config.gen_norm == "instance",
      name=f"{name}_conv",
      **border,
      **blocks.generator_kernel(config, gain),
    )(x)
    return blocks.generator_norm(x, config, name)

  x = blocks.relu(conv_norm(inputs, n, 7, "stem"), "stem")
  for i in (1, 2):
    x = conv_norm(x, n * 2**i, 3, f"down{i}", strides=2)
    x = blocks.relu(x, f"down{i}")
  # Residual blocks: no rectifier after the sum, unlike He et al., 2016.
  for i in range(1, config.n_res_blocks + 1):
    y = blocks.relu(conv_norm(x, 4 * n, 3, f"block{i}a"), f"block{i}a")
    y = blocks.dropout(y, config, f"block{i}a")
    y = conv_norm(y, 4 * n, 3, f"block{i}b", gain=blocks.BRANCH_GAIN)
    x = tf.keras.layers.Add(name=f"block{i}_add")([x, y])
  for i in (1, 2):
    x = blocks.upsample(x, 4 * n // 2**i, config, f"up{i}")
    x = blocks.generator_norm(x, config, f"up{i}")
    x = blocks.enlarged_relu(x, config, f"up{i}")
  return x


def _unet_body(inputs: tf.Tensor, config: config_lib.ModelConfig) -> tf.Tensor:
  """Four 4x4 steps down, three up with concatenated skips, one more up."""
  n = config.gen_n_filters
  x, skips = inputs, []
  for i in (1, 2, 3, 4):
    x = blocks.conv2d(
      n * 2 ** (i - 1),
      4,
      2,
      normed=config.gen_norm == "instance",
      name=f"down{i}_conv",
      **blocks.border_options(config, 0),
      **blocks.generator_kernel(config),
    )(x)
    x = blocks.generator_norm(x, config, f"down{i}")
    x = blocks.relu(x, f"down{i}")
    skips.append(x)
  x = skips.pop()
  for i in (1, 2, 3):
    x = blocks.upsample(x, n * 2 ** (3 - i), config, f"up{i}", 4, "nearest")
    x = blocks.generator_norm(x, config, f"up{i}")
    x = blocks.enlarged_relu(x, config, f"up{i}")
    x = blocks.dropout(x, config, f"up{i}")
    x = tf.keras.layers.Concatenate(name=f"up{i}_skip")([x, skips.pop()])
  if config.upsample == "resize_conv":
    # The head's own convolution is the one after this resize.
    return layers.XnnpackUpSampling2D(2, name="head_resize")(x)
  x = blocks.upsample(x, n, config, "up4", 4)
  x = blocks.generator_norm(x, config, "up4")
  return blocks.enlarged_relu(x, config, "up4")


def _mobile_body(
  inputs: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """Half size with n filters, blocks at a quarter with 4n, half size again.

  With `block_scale` 8: a quarter with 2n on the way, blocks at an eighth.
  """
  n = config.gen_n_filters
  partial = config.padding == "partial"

  def conv_norm(
    x: tf.Tensor,
    filters: int,
    kernel: int,
    name: str,
    strides: int = 1,
    gain: float = blocks.RELU_GAIN,
  ) -> tf.Tensor:
    x = blocks.conv2d(
      filters,
      kernel,
      strides,
      "same",
      partial=partial and kernel > 1,
      normed=config.gen_norm == "instance",
      name=f"{name}_conv",
      **blocks.generator_kernel(config, gain),
    )(x)
    return blocks.generator_norm(x, config, name)

  def separable(
    x: tf.Tensor,
    filters: int,
    name: str,
    strides: int = 1,
    gain: float = blocks.RELU_GAIN,
  ) -> tf.Tensor:
    x = blocks.depthwise_conv2d(
      config.block_kernel,
      strides,
      # Each output is the sum over one channel only.
      depthwise_initializer="he_normal",
      depthwise_constraint=(
        None if config.gen_norm == "instance" else layers.FixedNorm(1.0, 2)
      ),
      partial=partial,
      name=f"{name}_depthwise",
    )(x)
    return conv_norm(x, filters, 1, name, gain=gain)

  # A single weight a pixel can be nothing but nearest-neighbour if it is even.
  wide = config.upsample in ("conv_transpose", "even_subpixel")
  kernel = 3 if wide else 1

  def enlarged(
    x: tf.Tensor, filters: int, name: str, finer: tf.Tensor
  ) -> tf.Tensor:
    x = blocks.upsample(x, filters, config, name, kernel, gain=1.0)
    x = blocks.generator_norm(x, config, name)
    x = tf.keras.layers.Add(name=f"{name}_add")([finer, x])
    return blocks.enlarged_relu(x, config, name)

  half = blocks.relu(conv_norm(inputs, n, 3, "stem", strides=2), "stem")
  if _works_at_eighth(config):
    quarter = blocks.relu(separable(half, 2 * n, "down", strides=2), "down")
    x = blocks.relu(separable(quarter, 4 * n, "down2", strides=2), "down2")
  else:
    x = blocks.relu(separable(half, 4 * n, "down", strides=2), "down")
  for i in range(1, config.n_res_blocks + 1):
    y = blocks.relu(separable(x, 4 * n, f"block{i}a"), f"block{i}a")
    y = blocks.dropout(y, config, f"block{i}a")
    y = separable(y, 4 * n, f"block{i}b", gain=blocks.BRANCH_GAIN)
    x = tf.keras.layers.Add(name=f"block{i}_add")([x, y])
  if _works_at_eighth(config):
    x = enlarged(x, 2 * n, "up2", quarter)
  return enlarged(x, n, "up", half)


def _works_at_eighth(config: config_lib.ModelConfig) -> bool:
  """Returns whether residual blocks work at an eighth of the image's size."""
  return config.generator_type == "mobile" and config.block_scale == 8


def _full_size_head(
  inputs: tf.Tensor, features: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """Returns the image, or its change, from features at full size.

  In float32 under every policy: in bfloat16 the picture's rounding turns the
  sign of small differences, and with it the L1 losses' gradient. The last
  convolution's was 20 to 30 % off, and is 4 % now.
  """
  if _sees_colours(config):
    features = tf.keras.layers.Concatenate(
      dtype="float32", name="skip_features"
    )([features, _colour_features(inputs, config)])
  kernel = 4 if config.generator_type == "unet" else 7
  return blocks.conv2d(
    config.channels,
    kernel,
    kernel_initializer=_head_initializer(config),
    dtype="float32",
    name="head_conv",
    **blocks.border_options(config, kernel // 2),
  )(features)


def _half_size_head(
  inputs: tf.Tensor, features: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """Returns the image, or its change, from features at half the size.

  In float32 under every policy, for the reason given at `_full_size_head`.
  """
  outputs = blocks.conv2d(
    4 * config.channels,  # those of 2x2 pixels
    3,
    padding="same",
    partial=config.padding == "partial",
    dtype="float32",
    name="head_conv",
    **blocks.subpixel_kernel(config, _head_initializer(config)),
  )(features)
  outputs = layers.DepthToSpace(2, dtype="float32", name="head_shuffle")(
    outputs
  )
  if not _sees_colours(config):
    return outputs
  # Before the next layer is made: Keras 3 draws a layer's seed when it is made,
  # Keras 2 when it is called.
  colours = _colour_features(inputs, config)
  recoloured = blocks.conv2d(
    config.channels,
    1,
    kernel_initializer=_head_initializer(config),
    dtype="float32",
    name="skip_recolour",
  )(colours)
  return tf.keras.layers.Add(dtype="float32", name="head_add")(
    [outputs, recoloured]
  )


def _head_initializer(
  config: config_lib.ModelConfig,
) -> tf.keras.initializers.Initializer:
  """Returns a new initializer of a generator's last kernel."""
  if config.global_skip:
    return tf.keras.initializers.RandomNormal(0.0, _SKIP_STDDEV)
  return blocks.kernel_initializer(config)


def _sees_colours(config: config_lib.ModelConfig) -> bool:
  """Returns whether the last convolution sees each pixel's own colour."""
  return config.global_skip and config.skip_filters > 0


def _colour_features(
  inputs: tf.Tensor, config: config_lib.ModelConfig
) -> tf.Tensor:
  """Returns features of each pixel's own colour, float32."""
  return blocks.conv2d(
    config.skip_filters,
    1,
    activation="relu",
    kernel_initializer="he_normal",
    dtype="float32",
    name="skip_colours",
  )(inputs)
