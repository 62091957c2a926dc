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
"""Discriminators, PatchGAN and per pixel, as Functional Keras models.

Parameter counts (a test compares them with the published ones): the 70x70
PatchGAN has 2,764,737 with 64 filters and 694,241 with 32, scale and shift of
the norms left out.
"""

from __future__ import annotations

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.modeling import blocks
from official.cyclegan.modeling import layers

_MAX_DOUBLINGS = 3  # of the first convolution's filters: at most 512 of 64
# Of `config.disc_input` `colors`.
_COLOR_LAYERS = 2
_COLOR_FEATURES = 16
# Of `config.disc_input` `fourier`: so many, of such frequencies.
_FOURIER_FEATURES = 32
_FOURIER_STDDEV = 3.0  # radians for each unit of a channel; images have two


def build_discriminator(
  config: config_lib.ModelConfig, name: str = "discriminator"
) -> tf.keras.Model:
  """Builds the discriminator that `config.disc_type` asks for.

  `n_layers` is a PatchGAN. With three layers it is the 70x70 PatchGAN
  C64-C128-C256-C512 of the CycleGAN paper, appendix 7.2, with strides 2, 2, 2,
  1 and `config.disc_n_filters` in place of 64, then one 4x4 convolution to a
  single channel. Each layer less halves the patch: 34x34 with two, 16x16 with
  one. `basic` is the one with three. `pixel` is 1x1 convolutions C64-C128 and
  one to a single channel, so that each pixel gets a logit for its own colour
  (Isola et al., "Image-to-Image Translation with Conditional Adversarial
  Networks", 2017, section 4.4).

  With `config.disc_input` `details` the first convolution sees the image's
  fine details and their magnitude as well (`layers.DetailChannels`). With
  `colors` it sees beside the image what two 1x1 convolutions of 16 filters
  make of each pixel's own colour, so that a step of two pixels has not
  averaged neighbours before anything asks which colours there are. With
  `fourier` it sees 32 Fourier features of each pixel's own colour, which are
  not learned (`layers.FourierFeatures`).

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
  pixel = config.disc_type == "pixel"
  halvings = 0 if pixel else config.disc_n_layers
  kernel = 1 if pixel else 4
  inputs = tf.keras.Input((None, None, config.channels), name="image")
  x = inputs
  if config.disc_input == "details":
    # In bfloat16 the differences of neighbours would drown in rounding.
    x = layers.DetailChannels(dtype="float32", name="details")(x)
  elif config.disc_input == "fourier":
    x = layers.FourierFeatures(
      _FOURIER_FEATURES, _FOURIER_STDDEV, dtype="float32", name="fourier"
    )(x)
  elif config.disc_input == "colors":
    colors = _color_features(x, config)
    x = tf.keras.layers.Concatenate(name="with_colors")([x, colors])
  norms = config.disc_norm == "instance"
  for i in range(2 if pixel else halvings + 1):
    x = blocks.conv2d(
      config.disc_n_filters * 2 ** min(i, _MAX_DOUBLINGS),
      kernel,
      2 if i < halvings else 1,
      "same",
      kernel_initializer=blocks.kernel_initializer(config, config.disc_init),
      normed=norms and i > 0,
      name=f"conv{i + 1}",
    )(x)
    if norms and i > 0:  # paper, appendix 7.2: no norm after the first
      x = blocks.instance_norm(config, f"norm{i + 1}")(x)
    x = blocks.leaky_relu(x, f"leaky_relu{i + 1}")
  logits = blocks.conv2d(
    1,
    kernel,
    padding="same",
    kernel_initializer=blocks.kernel_initializer(config, config.disc_init),
    name="logits",
  )(x)
  return tf.keras.Model(inputs, logits, name=name)


def _color_features(x: tf.Tensor, config: config_lib.ModelConfig) -> tf.Tensor:
  """Returns features of each pixel's own colour, nothing of its neighbours."""
  for i in range(_COLOR_LAYERS):
    x = blocks.conv2d(
      _COLOR_FEATURES,
      1,
      padding="same",
      kernel_initializer=blocks.kernel_initializer(config, config.disc_init),
      name=f"color{i + 1}",
    )(x)
    x = blocks.leaky_relu(x, f"color_relu{i + 1}")
  return x
