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
"""CycleGAN steps as others write them, to be compared with this package's.

Written anew from what the sources do: the same networks and losses as this
package's with `--noglobal_skip --upsample=conv_transpose`, in plain Keras
layers and tensorflow-addons' own instance norm; no image pools, no moving
averages, no metrics.

* `tutorial_step`: the TensorFlow tutorial ("CycleGAN", tensorflow.org): one
  persistent tape around everything, four gradients, four optimizers.
* `keras_example`: the Keras example ("CycleGAN", keras.io, by A. K. Nain): the
  same in a model's `train_step`, with Keras's loss classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import normalization

_STDDEV = 0.02  # of the initial weights: CycleGAN paper, appendix 7.1
_MAX_DOUBLINGS = 3
_Networks = tuple[
  tf.keras.Model, tf.keras.Model, tf.keras.Model, tf.keras.Model
]


class _ReflectionPadding2D(tf.keras.layers.Layer):
  def __init__(self, padding: int, **kwargs: Any):
    super().__init__(**kwargs)
    self.padding = padding

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    sides = [self.padding] * 2
    return tf.pad(inputs, [[0, 0], sides, sides, [0, 0]], mode="REFLECT")


def build_networks(config: config_lib.ModelConfig) -> _Networks:
  """Builds the networks, their weights in the order of this package's.

  Args:
    config: `gen_n_filters`, `disc_n_filters`, `n_res_blocks`, `disc_n_layers`,
      `norm_epsilon` and `channels`.

  Returns:
    g_AB, g_BA, d_A, d_B.
  """
  return (
    _generator(config),
    _generator(config),
    _discriminator(config),
    _discriminator(config),
  )


def _initializer() -> tf.keras.initializers.Initializer:
  return tf.keras.initializers.RandomNormal(0.0, _STDDEV)


def _norm(config: config_lib.ModelConfig) -> tf.keras.layers.Layer:
  return normalization.StockInstanceNormalization(
    epsilon=config.norm_epsilon, center=False, scale=False
  )


def _generator(config: config_lib.ModelConfig) -> tf.keras.Model:
  n = config.gen_n_filters
  inputs = tf.keras.Input((None, None, config.channels))

  def conv(x: tf.Tensor, filters: int, kernel: int, pad: int = 0, strides=1):
    if pad:
      x = _ReflectionPadding2D(pad)(x)
    x = tf.keras.layers.Conv2D(
      filters,
      kernel,
      strides,
      "valid" if pad else "same",
      kernel_initializer=_initializer(),
    )(x)
    return _norm(config)(x)

  x = tf.keras.layers.ReLU()(conv(inputs, n, 7, pad=3))
  for i in (1, 2):
    x = tf.keras.layers.ReLU()(conv(x, n * 2**i, 3, strides=2))
  for _ in range(config.n_res_blocks):
    y = tf.keras.layers.ReLU()(conv(x, 4 * n, 3, pad=1))
    x = tf.keras.layers.Add()([x, conv(y, 4 * n, 3, pad=1)])
  for i in (1, 2):
    x = tf.keras.layers.Conv2DTranspose(
      4 * n // 2**i, 3, 2, "same", kernel_initializer=_initializer()
    )(x)
    x = tf.keras.layers.ReLU()(_norm(config)(x))
  x = tf.keras.layers.Conv2D(
    config.channels, 7, kernel_initializer=_initializer()
  )(_ReflectionPadding2D(3)(x))
  return tf.keras.Model(inputs, tf.keras.layers.Activation("tanh")(x))


def _discriminator(config: config_lib.ModelConfig) -> tf.keras.Model:
  inputs = x = tf.keras.Input((None, None, config.channels))
  for i in range(config.disc_n_layers + 1):
    x = tf.keras.layers.Conv2D(
      config.disc_n_filters * 2 ** min(i, _MAX_DOUBLINGS),
      4,
      2 if i < config.disc_n_layers else 1,
      "same",
      kernel_initializer=_initializer(),
    )(x)
    if i:
      x = _norm(config)(x)
    x = tf.keras.layers.LeakyReLU(0.2)(x)
  x = tf.keras.layers.Conv2D(
    1, 4, padding="same", kernel_initializer=_initializer()
  )(x)
  return tf.keras.Model(inputs, x)


def adams(
  train: config_lib.TrainConfig,
) -> list[tf.keras.optimizers.Optimizer]:
  """Returns Keras's Adam for each of the four networks.

  Args:
    train: `learning_rate` and `beta_1`.
  """
  return [
    tf.keras.optimizers.Adam(train.learning_rate, beta_1=train.beta_1)
    for _ in range(4)
  ]


def tutorial_step(
  nets: _Networks,
  weights: config_lib.LossConfig,
  optimizers: Sequence[tf.keras.optimizers.Optimizer],
) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
  """Returns the TensorFlow tutorial's step.

  Args:
    nets: g_AB, g_BA, d_A, d_B.
    weights: The weights of the loss terms (`gan_mode` `lsgan`).
    optimizers: One for each network.

  Returns:
    A `tf.function` of real images of A and of B, which updates all networks
    and returns the unweighted loss terms by this package's names.
  """
  g_AB, g_BA, d_A, d_B = nets

  def distance(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(first - second))

  def score_real(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.square(tf.ones_like(logits) - logits))

  def discriminator_loss(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    return 0.5 * (score_real(real) + tf.reduce_mean(tf.square(fake)))

  @tf.function
  def step(real_A: tf.Tensor, real_B: tf.Tensor) -> dict[str, tf.Tensor]:
    with tf.GradientTape(persistent=True) as tape:
      fake_B = g_AB(real_A, training=True)
      cycled_A = g_BA(fake_B, training=True)
      fake_A = g_BA(real_B, training=True)
      cycled_B = g_AB(fake_A, training=True)
      same_A = g_BA(real_A, training=True)
      same_B = g_AB(real_B, training=True)
      real_logits_A = d_A(real_A, training=True)
      real_logits_B = d_B(real_B, training=True)
      fake_logits_A = d_A(fake_A, training=True)
      fake_logits_B = d_B(fake_B, training=True)
      terms = {
        "gan_AB": score_real(fake_logits_B),
        "gan_BA": score_real(fake_logits_A),
        "cycle_A": distance(real_A, cycled_A),
        "cycle_B": distance(real_B, cycled_B),
        "identity_A": distance(real_A, same_A),
        "identity_B": distance(real_B, same_B),
        "d_A": discriminator_loss(real_logits_A, fake_logits_A),
        "d_B": discriminator_loss(real_logits_B, fake_logits_B),
      }
      cycle = weights.lambda_reconstr * (terms["cycle_A"] + terms["cycle_B"])
      losses = [
        weights.lambda_validation * terms["gan_AB"]
        + cycle
        + weights.lambda_id * terms["identity_B"],
        weights.lambda_validation * terms["gan_BA"]
        + cycle
        + weights.lambda_id * terms["identity_A"],
        terms["d_A"],
        terms["d_B"],
      ]
    gradients = [
      tape.gradient(loss, network.trainable_variables)
      for loss, network in zip(losses, nets)
    ]
    for optimizer, gradient, network in zip(optimizers, gradients, nets):
      optimizer.apply_gradients(zip(gradient, network.trainable_variables))
    return terms

  return step


class KerasExample(tf.keras.Model):
  """The Keras example's model; `compile` takes nothing."""

  def __init__(
    self,
    nets: _Networks,
    weights: config_lib.LossConfig,
    optimizers: Sequence[tf.keras.optimizers.Optimizer],
  ):
    """Joins the networks; the arguments are those of `tutorial_step`."""
    super().__init__()
    self.gen_G, self.gen_F, self.disc_X, self.disc_Y = nets
    self._nets, self._weights = nets, weights
    self._optimizers = optimizers
    self._squares = tf.keras.losses.MeanSquaredError()
    self._cycle = tf.keras.losses.MeanAbsoluteError()
    self._identity = tf.keras.losses.MeanAbsoluteError()

  def _generator_loss(self, fake: tf.Tensor) -> tf.Tensor:
    return self._squares(tf.ones_like(fake), fake)

  def _discriminator_loss(self, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    real_loss = self._squares(tf.ones_like(real), real)
    return 0.5 * (real_loss + self._squares(tf.zeros_like(fake), fake))

  def train_step(self, batch: Any) -> dict[str, tf.Tensor]:
    """Updates all four networks on one batch of both domains."""
    real_x, real_y = batch
    gan, cycle, identity = (
      self._weights.lambda_validation,
      self._weights.lambda_reconstr,
      self._weights.lambda_id,
    )
    with tf.GradientTape(persistent=True) as tape:
      fake_y = self.gen_G(real_x, training=True)
      fake_x = self.gen_F(real_y, training=True)
      cycled_x = self.gen_F(fake_y, training=True)
      cycled_y = self.gen_G(fake_x, training=True)
      same_x = self.gen_F(real_x, training=True)
      same_y = self.gen_G(real_y, training=True)
      disc_real_x = self.disc_X(real_x, training=True)
      disc_fake_x = self.disc_X(fake_x, training=True)
      disc_real_y = self.disc_Y(real_y, training=True)
      disc_fake_y = self.disc_Y(fake_y, training=True)
      loss_G = (
        gan * self._generator_loss(disc_fake_y)
        + cycle * self._cycle(real_y, cycled_y)
        + identity * self._identity(real_y, same_y)
      )
      loss_F = (
        gan * self._generator_loss(disc_fake_x)
        + cycle * self._cycle(real_x, cycled_x)
        + identity * self._identity(real_x, same_x)
      )
      loss_X = self._discriminator_loss(disc_real_x, disc_fake_x)
      loss_Y = self._discriminator_loss(disc_real_y, disc_fake_y)
    losses = {"G": loss_G, "F": loss_F, "D_X": loss_X, "D_Y": loss_Y}
    gradients = [
      tape.gradient(loss, network.trainable_variables)
      for loss, network in zip(losses.values(), self._nets)
    ]
    for optimizer, gradient, network in zip(
      self._optimizers, gradients, self._nets
    ):
      optimizer.apply_gradients(zip(gradient, network.trainable_variables))
    return losses
