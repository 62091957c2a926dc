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
"""The CycleGAN: two generators, two discriminators and one training step."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from official.cyclegan import config as config_lib
from official.cyclegan import image_pool
from official.cyclegan import losses

_Pair = tuple[tf.Tensor, tf.Tensor]
_Networks = tuple[tf.keras.Model, tf.keras.Model]


class CycleGAN(tf.keras.Model):
  """Translates between two domains, A and B, without pairs.

  Source: Zhu et al., "Unpaired Image-to-Image Translation using
  Cycle-Consistent Adversarial Networks", 2017. Images are float32
  `[batch, height, width, channels]` in [-1, 1].

  Attributes:
    g_AB: Generator from A to B.
    g_BA: Generator from B to A.
    d_A: Discriminator of domain A.
    d_B: Discriminator of domain B.
    buffer_A: Pool of images translated to A.
    buffer_B: Pool of images translated to B.
    averages: Moving averages of g_AB and g_BA, or None.
  """

  def __init__(
    self,
    g_AB: tf.keras.Model,
    g_BA: tf.keras.Model,
    d_A: tf.keras.Model,
    d_B: tf.keras.Model,
    loss_weights: config_lib.LossConfig,
    image_shape: tuple[int, int, int],
    buffer_max_length: int = config_lib.TrainConfig.buffer_max_length,
    averages: _Networks | None = None,
    ema_decay: float = 0.0,
    seed: int = 0,
    **kwargs: Any,
  ):
    """Joins four networks to one model.

    Args:
      g_AB: Generator from A to B.
      g_BA: Generator from B to A.
      d_A: Discriminator of domain A.
      d_B: Discriminator of domain B.
      loss_weights: Weights of the adversarial, cycle and identity loss.
      image_shape: Height, width and channels of the training images.
      buffer_max_length: Images in each pool; 0 turns the pools off.
      averages: Generators built like g_AB and g_BA that follow them as moving
        averages; None keeps none.
      ema_decay: Momentum per step of the averages, at least 0 and below 1.
        Early on it is lower, `(1 + step) / (10 + step)`, so that the averages
        forget the initial weights.
      seed: Seed of the pools' choices.
      **kwargs: Passed to `tf.keras.Model`.
    """
    super().__init__(**kwargs)
    self.g_AB = g_AB
    self.g_BA = g_BA
    self.d_A = d_A
    self.d_B = d_B
    self.buffer_A = image_pool.ImagePool(
      buffer_max_length, image_shape, 2 * seed, "buffer_A"
    )
    self.buffer_B = image_pool.ImagePool(
      buffer_max_length, image_shape, 2 * seed + 1, "buffer_B"
    )
    self.averages = averages
    if averages is not None:
      for network, average in zip((g_AB, g_BA), averages):
        average.trainable = False
        average.set_weights(network.get_weights())
    self._ema_decay = ema_decay
    self._loss_weights = loss_weights
    terms = ["gan_AB", "gan_BA", "cycle_A", "cycle_B"]
    if loss_weights.lambda_id:
      terms += ["identity_A", "identity_B"]
    terms += ["d_A", "d_B"]
    self._means = {name: tf.keras.metrics.Mean(name=name) for name in terms}

  def compile(
    self,
    generator_optimizer: tf.keras.optimizers.Optimizer,
    discriminator_optimizer: tf.keras.optimizers.Optimizer,
    **kwargs: Any,
  ) -> None:
    """Sets the optimizers.

    Args:
      generator_optimizer: Updates both generators.
      discriminator_optimizer: Updates both discriminators.
      **kwargs: Passed to `tf.keras.Model.compile`, e.g.
        `steps_per_execution`.
    """
    super().compile(**kwargs)
    self.generator_optimizer = generator_optimizer
    self.discriminator_optimizer = discriminator_optimizer
    generator_optimizer.build(self.generator_variables)
    discriminator_optimizer.build(self.discriminator_variables)

  @property
  def generator_variables(self) -> list[tf.Variable]:
    """The trainable variables of both generators."""
    return [*self.g_AB.trainable_variables, *self.g_BA.trainable_variables]

  @property
  def discriminator_variables(self) -> list[tf.Variable]:
    """The trainable variables of both discriminators."""
    return [*self.d_A.trainable_variables, *self.d_B.trainable_variables]

  @property
  def metrics(self) -> list[tf.keras.metrics.Metric]:
    """One running mean per unweighted loss term."""
    return list(self._means.values())

  def call(self, inputs: _Pair, training: bool = False) -> _Pair:
    """Translates a pair `(images of A, images of B)` to `(to B, to A)`."""
    real_A, real_B = inputs
    return (
      self.g_AB(real_A, training=training),
      self.g_BA(real_B, training=training),
    )

  def train_step(self, data: _Pair) -> dict[str, tf.Tensor]:
    """Updates the generators once, then the discriminators once.

    Each optimizer gets one gradient of one sum. The discriminators are shown
    the generators' images of this same step, through the pools.

    Args:
      data: Real images of A and of B.

    Returns:
      The running means of the unweighted loss terms, by name.
    """
    real_A, real_B = data
    variables = self.generator_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
      tape.watch(variables)
      terms, fake_A, fake_B = self._generator_terms(real_A, real_B, True)
      total = self._weighted(terms)
    self.generator_optimizer.apply_gradients(
      zip(tape.gradient(total, variables), variables)
    )

    self._update_averages()

    shown_A, shown_B = self.buffer_A.query(fake_A), self.buffer_B.query(fake_B)
    variables = self.discriminator_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
      tape.watch(variables)
      d_terms = self._discriminator_terms(
        real_A, real_B, shown_A, shown_B, True
      )
      total = d_terms["d_A"] + d_terms["d_B"]
    self.discriminator_optimizer.apply_gradients(
      zip(tape.gradient(total, variables), variables)
    )
    return self._report({**terms, **d_terms})

  def test_step(self, data: _Pair) -> dict[str, tf.Tensor]:
    """Measures the loss terms without changing anything.

    Args:
      data: Real images of A and of B.

    Returns:
      The running means of the unweighted loss terms, by name.
    """
    real_A, real_B = data
    terms, fake_A, fake_B = self._generator_terms(real_A, real_B, False)
    terms.update(
      self._discriminator_terms(real_A, real_B, fake_A, fake_B, False)
    )
    return self._report(terms)

  def _generator_terms(
    self, real_A: tf.Tensor, real_B: tf.Tensor, training: bool
  ) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
    """Returns the generators' loss terms and the images of A and B made."""
    terms = {}
    if self._loss_weights.lambda_id:
      # Nothing in a generator mixes images of a batch, so that translation
      # and identity can share one pass.
      fake_B, same_B = _split(
        self.g_AB(tf.concat([real_A, real_B], 0), training=training)
      )
      fake_A, same_A = _split(
        self.g_BA(tf.concat([real_B, real_A], 0), training=training)
      )
      terms["identity_A"] = losses.identity_loss(real_A, same_A)
      terms["identity_B"] = losses.identity_loss(real_B, same_B)
    else:
      fake_B = self.g_AB(real_A, training=training)
      fake_A = self.g_BA(real_B, training=training)
    terms["gan_AB"] = losses.generator_loss(self.d_B(fake_B, training=training))
    terms["gan_BA"] = losses.generator_loss(self.d_A(fake_A, training=training))
    terms["cycle_A"] = losses.cycle_loss(
      real_A, self.g_BA(fake_B, training=training)
    )
    terms["cycle_B"] = losses.cycle_loss(
      real_B, self.g_AB(fake_A, training=training)
    )
    return terms, fake_A, fake_B

  def _weighted(self, terms: dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns the generators' weighted total."""
    weights = self._loss_weights
    total = weights.lambda_validation * (terms["gan_AB"] + terms["gan_BA"])
    total += weights.lambda_reconstr * (terms["cycle_A"] + terms["cycle_B"])
    if weights.lambda_id:
      total += weights.lambda_id * (terms["identity_A"] + terms["identity_B"])
    return total

  def _discriminator_terms(
    self,
    real_A: tf.Tensor,
    real_B: tf.Tensor,
    fake_A: tf.Tensor,
    fake_B: tf.Tensor,
    training: bool,
  ) -> dict[str, tf.Tensor]:
    """Returns the discriminators' loss terms."""
    terms = {}
    for name, network, real, fake in (
      ("d_A", self.d_A, real_A, fake_A),
      ("d_B", self.d_B, real_B, fake_B),
    ):
      logits = network(tf.concat([real, fake], 0), training=training)
      terms[name] = losses.discriminator_loss(*_split(logits))
    return terms

  def _update_averages(self) -> None:
    """Moves the averages towards the generators."""
    if self.averages is None:
      return
    step = tf.cast(self.generator_optimizer.iterations, tf.float32)
    momentum = tf.minimum(self._ema_decay, (1.0 + step) / (10.0 + step))
    for network, average in zip((self.g_AB, self.g_BA), self.averages):
      for value, mean in zip(network.weights, average.weights):
        mean.assign_add((1.0 - momentum) * (value - mean))

  def _report(self, terms: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Adds the terms to the running means and returns these."""
    for name, value in terms.items():
      self._means[name].update_state(value)
    return {name: mean.result() for name, mean in self._means.items()}


def _split(both: tf.Tensor) -> _Pair:
  """Undoes `tf.concat([first, second], 0)` of two equal batches."""
  first, second = tf.split(both, 2, axis=0)
  return first, second
