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

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import devices
from official.cyclegan.core import stack
from official.cyclegan.modeling import adam
from official.cyclegan.modeling import book
from official.cyclegan.modeling import discriminators
from official.cyclegan.modeling import distillation
from official.cyclegan.modeling import ema
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import image_pool
from official.cyclegan.modeling import layers
from official.cyclegan.modeling import loss_scaling
from official.cyclegan.modeling import loss_terms
from official.cyclegan.modeling import mean_colors
from official.cyclegan.modeling import objective

NETWORK_NAMES = ("g_AB", "g_BA", "d_A", "d_B")
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
    mean_colors: Mean colours of all steps until now; None without
      `lambda_color`.
    ema_generators: Moving averages of g_AB and g_BA, or None.
    step: int64 scalar, training steps done.
    time_fraction: float32 scalar, share of the run's time that is used; None
      for a run of so many steps.
    half_size: Whether training steps halve their images (`set_half_size`).
  """

  time_fraction: tf.Variable | None = None
  half_size = False

  def __init__(
    self,
    g_AB: tf.keras.Model,
    g_BA: tf.keras.Model,
    d_A: tf.keras.Model,
    d_B: tf.keras.Model,
    loss_weights: config_lib.LossConfig,
    image_shape: tuple[int, int, int],
    train: config_lib.TrainConfig,
    ema_generators: _Networks | None = None,
    variable_size: bool = False,
    distiller: distillation.Distiller | None = None,
    **kwargs: Any,
  ):
    """Joins four networks to one model.

    Args:
      g_AB: Generator from A to B.
      g_BA: Generator from B to A.
      d_A: Discriminator of domain A.
      d_B: Discriminator of domain B.
      loss_weights: The loss terms and their weights.
      image_shape: Height, width and channels of the training images, or of the
        largest of them.
      train: `learning_rate`, `disc_learning_rate` and `beta_1` of the
        optimizers that `compile` makes by default;
        `buffer_max_length`, `augment` and `seed`; and `ema_decay`, momentum
        per step of the averages. Early on that is lower,
        `(1 + step) / (10 + step)`, so that the averages forget the initial
        weights.
      ema_generators: Generators built like g_AB and g_BA that follow them as
        moving averages; None keeps none.
      variable_size: Whether training images differ in size; they come one at a
        time.
      distiller: What g_AB and g_BA learn from; it may leave one direction out.
      **kwargs: Passed to `tf.keras.Model`.
    """
    super().__init__(**kwargs)
    self.g_AB = g_AB
    self.g_BA = g_BA
    self.d_A = d_A
    self.d_B = d_B
    self.buffer_A, self.buffer_B = (
      image_pool.ImagePool(
        train.buffer_max_length,
        image_shape,
        2 * train.seed + i,
        name,
        variable_size,
      )
      for i, name in enumerate(("buffer_A", "buffer_B"))
    )
    self.ema_generators = ema_generators
    for average in ema_generators or ():
      average.trainable = False
    self.restart_ema_generators()
    self.step = tf.Variable(
      0,
      trainable=False,
      dtype=tf.int64,
      aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
      name="step",
    )
    # Part of checkpoints only where there is something in it.
    self.mean_colors = None
    if loss_weights.lambda_color:
      self.mean_colors = mean_colors.MeanColors(image_shape[-1])
    self._train_config = train
    self._objective = objective.Objective(
      {"g_AB": g_AB, "g_BA": g_BA, "d_A": d_A, "d_B": d_B},
      loss_weights,
      train,
      self.step,
      distiller,
      self.mean_colors,
    )
    self._means = {
      name: tf.keras.metrics.Mean(name=name)
      for name in self._objective.metric_names()
    }
    # Only training has gradients, so that validation reports none.
    self._norms = {
      name: tf.keras.metrics.Mean(name=f"gradient_norm/{name}")
      for name in NETWORK_NAMES
    }
    # Metrics have one value on all replicas, which is not to be summed.
    self.distribute_reduction_method = "first"
    # The four networks have their variables already; Keras need not build.
    self.built = True

  @classmethod
  def from_book(
    cls,
    input_dim: tuple[int, int, int] = (128, 128, 3),
    learning_rate: float = config_lib.TrainConfig.learning_rate,
    buffer_max_length: int = config_lib.TrainConfig.buffer_max_length,
    lambda_validation: float = config_lib.LossConfig.lambda_validation,
    lambda_reconstr: float = config_lib.LossConfig.lambda_reconstr,
    lambda_id: float = config_lib.LossConfig.lambda_id,
    generator_type: str = "unet",
    gen_n_filters: int = config_lib.ModelConfig.gen_n_filters,
    disc_n_filters: int = config_lib.ModelConfig.disc_n_filters,
  ) -> CycleGAN:
    """Builds and compiles the model of Foster's book, for use in a notebook.

    Source: Foster, "Generative Deep Learning", 2019, chapter 5. The networks
    are the book's: no global skip, no moving averages, a constant learning
    rate. The preset `book` is the same on the command line.

    Args:
      input_dim: Height, width and channels of the images, pixels; 1 or 3
        channels. Height and width are equal.
      learning_rate: Adam's rate, for all networks.
      buffer_max_length: Images in each pool; 0 turns the pools off.
      lambda_validation: Weight of the adversarial loss.
      lambda_reconstr: Weight of the cycle loss.
      lambda_id: Weight of the identity loss; 0 leaves it out.
      generator_type: `unet` or `resnet`.
      gen_n_filters: Filters of a generator's first convolution.
      disc_n_filters: Filters of a discriminator's first convolution.

    Returns:
      The model, compiled: `fit` takes batches of pairs
      `(images of A, images of B)`.

    Raises:
      errors.UserError: If a value cannot be used.
    """
    model = build_model(
      book.book_config(
        input_dim=input_dim,
        learning_rate=learning_rate,
        buffer_max_length=buffer_max_length,
        lambda_validation=lambda_validation,
        lambda_reconstr=lambda_reconstr,
        lambda_id=lambda_id,
        generator_type=generator_type,
        gen_n_filters=gen_n_filters,
        disc_n_filters=disc_n_filters,
      )
    )
    model.compile()
    return model

  def compile(
    self,
    generator_optimizer: tf.keras.optimizers.Optimizer | None = None,
    discriminator_optimizer: tf.keras.optimizers.Optimizer | None = None,
    **kwargs: Any,
  ) -> None:
    """Sets the optimizers.

    Args:
      generator_optimizer: Updates both generators; None for Adam at the
        constant rate `learning_rate`.
      discriminator_optimizer: Updates both discriminators; None for Adam at the
        constant rate `disc_learning_rate`, or `learning_rate` if that is 0.
      **kwargs: Passed to `tf.keras.Model.compile`, e.g.
        `steps_per_execution`.
    """
    # Without XLA unless asked: on a CPU it compiles this step for minutes.
    super().compile(**{"jit_compile": False, **kwargs})
    config = self._train_config
    if generator_optimizer is None:
      generator_optimizer = adam.FusedAdam(
        float(config.learning_rate), beta_1=config.beta_1
      )
    if discriminator_optimizer is None:
      rate = config.disc_learning_rate or config.learning_rate
      discriminator_optimizer = adam.FusedAdam(
        float(rate), beta_1=config.beta_1
      )
    self.generator_optimizer = generator_optimizer
    self.discriminator_optimizer = discriminator_optimizer
    generator_optimizer.build(self.generator_variables)
    discriminator_optimizer.build(self.discriminator_variables)

  def generator(self, direction: str) -> tf.keras.Model:
    """Returns the generator that is trained for `AtoB` or `BtoA`."""
    return getattr(self, config_lib.GENERATOR_NAMES[direction])

  def restart_ema_generators(self) -> None:
    """Sets the averages, if there are any, to the generators' weights."""
    for network, average in zip(
      (self.g_AB, self.g_BA), self.ema_generators or ()
    ):
      ema.restart(average, network)

  def set_half_size(self, half: bool) -> None:
    """Sets the size of the images of the training steps that follow.

    May be called while `fit` runs, between two steps. The pools, perhaps of a
    checkpoint, forget images of another size.

    Args:
      half: Whether images are halved, by the mean of each 2x2 pixels, before
        anything else is done with them.
    """
    for pool in (self.buffer_A, self.buffer_B):
      height, width = pool.images.shape[1:3]
      pool.keep_only(*(n // 2 if half else n for n in (height, width)))
    if half != self.half_size:
      self.half_size = half
      self.make_train_function(force=True)  # traces the step anew

  @property
  def generator_variables(self) -> list[tf.Variable]:
    """The trainable variables of both generators."""
    return stack.tf_variables(self._variables_of("g_AB", "g_BA"))

  @property
  def discriminator_variables(self) -> list[tf.Variable]:
    """The trainable variables of both discriminators."""
    return stack.tf_variables(self._variables_of("d_A", "d_B"))

  def _variables_of(self, *names: str) -> list[Any]:
    """Returns Keras's trainable variables, one network after the other."""
    return [
      v for name in names for v in getattr(self, name).trainable_variables
    ]

  @property
  def trained_directions(self) -> tuple[str, ...]:
    """Which of `AtoB` and `BtoA` are trained."""
    return self._objective.directions

  @property
  def inference_generators(self) -> _Networks:
    """The averages of g_AB and g_BA, or without averages g_AB and g_BA."""
    return self.ema_generators or (self.g_AB, self.g_BA)

  @property
  def loss_weights(self) -> config_lib.LossConfig:
    """The loss terms and their weights."""
    return self._objective.weights

  @property
  def metrics(self) -> list[tf.keras.metrics.Metric]:
    """Running means: unweighted loss terms, scores, norms of gradients."""
    return [*self._means.values(), *self._norms.values()]

  def call(self, inputs: _Pair, training: bool = False) -> _Pair:
    """Translates a pair `(images of A, images of B)` to `(to B, to A)`."""
    real_A, real_B = inputs
    return (
      self.g_AB(real_A, training=training),
      self.g_BA(real_B, training=training),
    )

  @tf.autograph.experimental.do_not_convert
  def train_step(self, data: _Pair) -> dict[str, tf.Tensor]:
    """Updates the generators once, then the discriminators once.

    Each optimizer gets one gradient of one sum. The discriminators are shown
    the generators' images of this same step, through the pools.

    Args:
      data: Real images of A and of B.

    Returns:
      Running means by name: the unweighted loss terms; `score/d_A_real` and
      the like, mean logits; `gradient_norm/g_AB` and the like, of one
      replica's share of the gradient.
    """
    if self.half_size:  # the mean of each 2x2 pixels
      data = tuple(tf.nn.avg_pool2d(x, 2, 2, "VALID") for x in data)
    real = dict(zip(loss_terms.DOMAINS, data))
    weights = self.loss_weights
    variables = self.generator_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
      tape.watch(variables)
      terms, fakes = self._objective.generator_terms(real, True)
      total = loss_scaling.scale_loss(
        terms.total(weights), self.generator_optimizer
      )
    self._update(self.generator_optimizer, tape, total, ("g_AB", "g_BA"))
    self._update_averages()

    # Translated outside of the tape below: no gradient reaches the generators.
    pools = {"A": self.buffer_A, "B": self.buffer_B}
    shown = {d: pool.query(fakes[d]) for d, pool in pools.items() if d in fakes}
    variables = self.discriminator_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
      tape.watch(variables)
      d_terms = self._objective.discriminator_terms(real, shown, True)
      total = loss_scaling.scale_loss(
        d_terms.total(weights), self.discriminator_optimizer
      )
    self._update(self.discriminator_optimizer, tape, total, ("d_A", "d_B"))
    self.step.assign_add(1)
    return self._report({**terms.metrics(), **d_terms.metrics()}, self.metrics)

  def test_step(self, data: _Pair) -> dict[str, tf.Tensor]:
    """Measures the loss terms without changing weights or pools.

    Args:
      data: Real images of A and of B.

    Returns:
      The running means of the unweighted loss terms and scores, by name.
    """
    real = dict(zip(loss_terms.DOMAINS, data))
    terms, fakes = self._objective.generator_terms(real, False)
    d_terms = self._objective.discriminator_terms(real, fakes, False)
    return self._report(
      {**terms.metrics(), **d_terms.metrics()}, self._means.values()
    )

  def _update(
    self,
    optimizer: tf.keras.optimizers.Optimizer,
    tape: tf.GradientTape,
    total: tf.Tensor,
    names: Sequence[str],
  ) -> None:
    """Updates networks, and notes how large their gradients are."""
    variables = self._variables_of(*names)
    # 0 for biases that norms cancel (`layers.BorderConv2D.normed`).
    scaled = tape.gradient(
      total,
      stack.tf_variables(variables),
      unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    gradients = stack.unscale(optimizer, scaled)
    first = 0
    for name in names:
      end = first + len(getattr(self, name).trainable_variables)
      norm = loss_scaling.gradient_norm(
        gradients[first:end], gradients is not scaled
      )
      self._norms[name].update_state(*norm)
      first = end
    stack.apply_gradients(optimizer, scaled, gradients, variables)

  def _update_averages(self) -> None:
    """Moves the averages towards the generators."""
    if self.ema_generators is None:
      return
    momentum = ema.momentum(
      self._train_config.ema_decay, self.generator_optimizer.iterations
    )
    for network, average in zip((self.g_AB, self.g_BA), self.ema_generators):
      ema.update(average, network, momentum)

  def _report(
    self,
    terms: dict[str, tf.Tensor],
    shown: Iterable[tf.keras.metrics.Metric],
  ) -> dict[str, tf.Tensor]:
    """Adds the terms to the running means and returns those to show."""
    for name, value in terms.items():
      self._means[name].update_state(value)
    workers = devices.worker_count(tf.distribute.get_strategy())
    results = {mean.name: mean.result() for mean in shown}
    return stack.step_results(results, workers)

  def _maybe_symbolic_build(self, *args: Any, **kwargs: Any) -> None:
    """Builds nothing: the four networks have their variables already.

    Under a strategy Keras 3 would take a batch for it and start the data anew,
    in another order.
    """


def build_model(
  config: config_lib.ResolvedConfig,
  largest: tuple[int, int] | None = None,
  teachers: dict[str, tf.keras.Model] | None = None,
  teacher_model: config_lib.ModelConfig | None = None,
) -> CycleGAN:
  """Builds the four networks of a run, not yet compiled.

  Args:
    config: The resolved configuration.
    largest: Where training images differ in size, the largest height and
      width, pixels; None if all have the size `config.data.crop_size`.
    teachers: Generators to learn from, by direction; None for none.
    teacher_model: The teachers' options; needed with `teachers`.

  Returns:
    The model, its weights drawn from `config.train.seed`.
  """
  # The order in which networks are built decides the weights that a seed draws.
  tf.keras.utils.set_random_seed(config.train.seed)
  size = config.data.crop_size
  precision = devices.precision(config.train.precision)
  with policy(precision), layers.dropout_seeds(config.train.seed):
    ema_generators, distiller = None, None
    if config.train.ema_decay:
      ema_generators = (
        generators.build_generator(config.model, "g_AB_average"),
        generators.build_generator(config.model, "g_BA_average"),
      )
    g_AB = generators.build_generator(config.model, "g_AB")
    g_BA = generators.build_generator(config.model, "g_BA")
    if teachers is not None and teacher_model is not None:
      students = {"AtoB": g_AB, "BtoA": g_BA}
      distiller = distillation.Distiller(
        {d: students[d] for d in config_lib.trained_directions(config)},
        config.model,
        teachers,
        teacher_model,
      )
    return CycleGAN(
      g_AB=g_AB,
      g_BA=g_BA,
      d_A=discriminators.build_discriminator(config.model, "d_A"),
      d_B=discriminators.build_discriminator(config.model, "d_B"),
      loss_weights=config.loss,
      image_shape=(*(largest or (size, size)), config.model.channels),
      train=config.train,
      ema_generators=ema_generators,
      variable_size=largest is not None,
      distiller=distiller,
      name="cyclegan",
    )


@contextlib.contextmanager
def policy(precision: str) -> Iterator[None]:
  """Sets Keras's precision for layers made within.

  Args:
    precision: A Keras policy, e.g. `mixed_bfloat16`.

  Yields:
    Nothing.
  """
  before = tf.keras.mixed_precision.global_policy()
  tf.keras.mixed_precision.set_global_policy(precision)
  try:
    yield
  finally:
    tf.keras.mixed_precision.set_global_policy(before)
