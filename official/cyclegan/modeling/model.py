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
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.modeling import adam
from official.cyclegan.modeling import diffaugment
from official.cyclegan.modeling import discriminators
from official.cyclegan.modeling import distillation
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import image_pool
from official.cyclegan.modeling import losses

NETWORK_NAMES = ("g_AB", "g_BA", "d_A", "d_B")
_Pair = tuple[tf.Tensor, tf.Tensor]
_Networks = tuple[tf.keras.Model, tf.keras.Model]
# What a step draws at random, each from a stream of its own.
_KINDS = ("real", "fake")
_STREAMS = ("d_A_real", "d_A_fake", "d_B_real", "d_B_fake", "gp_A", "gp_B")


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
    ema_generators: Moving averages of g_AB and g_BA, or None.
    step: int64 scalar, training steps done.
  """

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
        optimizers that `compile` makes if it is given none;
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
    self._train_config = train
    self._loss_weights = loss_weights
    self._distiller = distiller
    names = [_short(direction) for direction in self.trained_directions]
    terms = [f"gan_{name}" for name in names]
    if self._cycles:
      terms += ["cycle_A", "cycle_B"]
    if loss_weights.lambda_id:
      terms += ["identity_A", "identity_B"]
    if distiller is not None:
      terms += [f"distill_{name}" for name in names]
      terms += [f"features_{name}" for name in names]
    domains = sorted(name[-1] for name in names)
    terms += [f"d_{domain}" for domain in domains]
    if loss_weights.gan_mode == "wgangp":
      terms += [f"gp_{domain}" for domain in domains]
    terms += [f"score/d_{d}_{k}" for d in domains for k in _KINDS]
    self._means = {name: tf.keras.metrics.Mean(name=name) for name in terms}
    # Only training has gradients, so that validation reports none.
    self._norms = {
      name: tf.keras.metrics.Mean(name=f"gradient_norm/{name}")
      for name in NETWORK_NAMES
    }
    # Metrics are the same on all replicas: not to be summed.
    self.distribute_reduction_method = "first"
    # The four networks have their variables already.
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
    rate. `configs/book.flags` is the same on the command line.

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
    height, width, channels = input_dim
    if height != width:
      raise errors.UserError(
        f"input_dim={input_dim}: height and width must be equal. Resize the"
        " images to squares."
      )
    model = build_model(
      config_checks.resolve(
        config_lib.Config(
          data=config_lib.DataConfig(crop_size=height),
          model=config_lib.ModelConfig(
            generator_type=generator_type,
            gen_n_filters=gen_n_filters,
            disc_n_filters=disc_n_filters,
            global_skip=False,
            upsample=(
              "resize_conv" if generator_type == "unet" else "conv_transpose"
            ),
            init="glorot" if generator_type == "unet" else "normal",
            channels=channels,
          ),
          loss=config_lib.LossConfig(
            lambda_validation=lambda_validation,
            lambda_reconstr=lambda_reconstr,
            lambda_id=lambda_id,
          ),
          train=config_lib.TrainConfig(
            learning_rate=learning_rate,
            buffer_max_length=buffer_max_length,
            ema_decay=0.0,
            precision="float32",
          ),
        )
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
      generator_optimizer: Updates both generators; None: Adam at a constant
        rate, as the configuration says.
      discriminator_optimizer: Updates both discriminators; None: likewise.
      **kwargs: Passed to `tf.keras.Model.compile`, e.g.
        `steps_per_execution`.
    """
    # Without XLA unless asked: on a CPU it compiles this step for minutes.
    super().compile(**{"jit_compile": False, **kwargs})
    config = self._train_config
    if generator_optimizer is None:
      generator_optimizer = adam.FusedAdam(
        config.learning_rate, beta_1=config.beta_1
      )
    if discriminator_optimizer is None:
      discriminator_optimizer = adam.FusedAdam(
        config.disc_learning_rate or config.learning_rate, beta_1=config.beta_1
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
      average.set_weights(network.get_weights())

  @property
  def generator_variables(self) -> list[tf.Variable]:
    """The trainable variables of both generators."""
    return [*self.g_AB.trainable_variables, *self.g_BA.trainable_variables]

  @property
  def discriminator_variables(self) -> list[tf.Variable]:
    """The trainable variables of both discriminators."""
    return [*self.d_A.trainable_variables, *self.d_B.trainable_variables]

  @property
  def trained_directions(self) -> tuple[str, ...]:
    """Which of `AtoB` and `BtoA` are trained."""
    if self._distiller is not None:
      return self._distiller.directions
    return tuple(config_lib.GENERATOR_NAMES)

  @property
  def _cycles(self) -> bool:
    """Whether reconstructions are computed; students may do without."""
    return self._distiller is None or self._loss_weights.lambda_reconstr > 0

  @property
  def inference_generators(self) -> _Networks:
    """The averages of g_AB and g_BA if there are any, else these."""
    return self.ema_generators or (self.g_AB, self.g_BA)

  @property
  def loss_weights(self) -> config_lib.LossConfig:
    """The loss terms and their weights."""
    return self._loss_weights

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
    real_A, real_B = data
    variables = self.generator_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
      tape.watch(variables)
      terms, fake_A, fake_B = self._generator_terms(real_A, real_B, True)
      total = _scaled(
        weighted_total(terms, self._loss_weights), self.generator_optimizer
      )
    self._apply(
      self.generator_optimizer,
      _gradients(tape, total, variables),
      (self.g_AB, self.g_BA),
    )

    self._update_averages()

    shown_A, shown_B = (
      None if fake is None else pool.query(fake)
      for pool, fake in ((self.buffer_A, fake_A), (self.buffer_B, fake_B))
    )
    variables = self.discriminator_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
      tape.watch(variables)
      d_terms = self._discriminator_terms(
        real_A, real_B, shown_A, shown_B, True
      )
      total = _scaled(
        discriminators_total(d_terms, self._loss_weights),
        self.discriminator_optimizer,
      )
    self._apply(
      self.discriminator_optimizer,
      _gradients(tape, total, variables),
      (self.d_A, self.d_B),
    )
    self.step.assign_add(1)
    return self._report({**terms, **d_terms}, self.metrics)

  def test_step(self, data: _Pair) -> dict[str, tf.Tensor]:
    """Measures the loss terms without changing anything.

    Args:
      data: Real images of A and of B.

    Returns:
      The running means of the unweighted loss terms and scores, by name.
    """
    real_A, real_B = data
    terms, fake_A, fake_B = self._generator_terms(real_A, real_B, False)
    terms.update(
      self._discriminator_terms(real_A, real_B, fake_A, fake_B, False)
    )
    return self._report(terms, self._means.values())

  def _generator_terms(
    self, real_A: tf.Tensor, real_B: tf.Tensor, training: bool
  ) -> tuple[dict[str, tf.Tensor], tf.Tensor | None, tf.Tensor | None]:
    """Returns the generators' loss terms and the images of A and B made.

    Of a direction that is not trained the images are None.
    """
    terms = {}
    if self._distiller is not None:
      terms, fake_A, fake_B = self._distilled_terms(real_A, real_B, training)
    elif self._loss_weights.lambda_id:
      fake_B, same_B = _both(self.g_AB, real_A, real_B, training)
      fake_A, same_A = _both(self.g_BA, real_B, real_A, training)
      terms["identity_A"] = losses.identity_loss(real_A, same_A)
      terms["identity_B"] = losses.identity_loss(real_B, same_B)
    else:
      fake_B = self.g_AB(real_A, training=training)
      fake_A = self.g_BA(real_B, training=training)
    mode = self._loss_weights.gan_mode
    for name, network, fake, stream in (
      ("gan_AB", self.d_B, fake_B, "d_B_fake"),
      ("gan_BA", self.d_A, fake_A, "d_A_fake"),
    ):
      if fake is None:
        continue
      logits = network(self._augment(fake, stream, training), training=training)
      terms[name] = losses.generator_loss(logits, mode)
    if self._cycles:
      terms["cycle_A"] = losses.cycle_loss(
        real_A, self.g_BA(fake_B, training=training)
      )
      terms["cycle_B"] = losses.cycle_loss(
        real_B, self.g_AB(fake_A, training=training)
      )
    return terms, fake_A, fake_B

  def _distilled_terms(
    self, real_A: tf.Tensor, real_B: tf.Tensor, training: bool
  ) -> tuple[dict[str, tf.Tensor], tf.Tensor | None, tf.Tensor | None]:
    """Returns the terms in which teachers are compared with, and the images."""
    terms, fakes = {}, {}
    real = {"A": real_A, "B": real_B}
    for direction in self.trained_directions:
      name = _short(direction)
      fakes[name[-1]], terms[f"distill_{name}"], terms[f"features_{name}"] = (
        self._distiller.compare(direction, real[name[0]], training)
      )
    if self._loss_weights.lambda_id:
      for domain, network in (("A", self.g_BA), ("B", self.g_AB)):
        terms[f"identity_{domain}"] = losses.identity_loss(
          real[domain], network(real[domain], training=training)
        )
    return terms, fakes.get("A"), fakes.get("B")

  def _discriminator_terms(
    self,
    real_A: tf.Tensor,
    real_B: tf.Tensor,
    fake_A: tf.Tensor | None,
    fake_B: tf.Tensor | None,
    training: bool,
  ) -> dict[str, tf.Tensor]:
    """Returns the loss terms and scores of those that have images to judge."""
    weights = self._loss_weights
    terms, scores = {}, {}
    for name, network, real, fake in (
      ("d_A", self.d_A, real_A, fake_A),
      ("d_B", self.d_B, real_B, fake_B),
    ):
      if fake is None:
        continue
      real = self._augment(real, f"{name}_real", training)
      fake = self._augment(fake, f"{name}_fake", training)
      logits = _both(network, real, fake, training)
      terms[name] = losses.discriminator_loss(
        *logits, weights.gan_mode, weights.label_smoothing
      )
      for kind, values in zip(_KINDS, logits):
        mean = tf.reduce_mean(tf.cast(values, tf.float32))
        scores[f"score/{name}_{kind}"] = mean
      if weights.gan_mode == "wgangp":
        stream = f"gp_{name[-1]}"
        mixing = tf.random.stateless_uniform(
          [tf.shape(real)[0]], self._seed(stream)
        )
        terms[stream] = losses.gradient_penalty(network, real, fake, mixing)
    return {**terms, **scores}

  def _augment(
    self, images: tf.Tensor, stream: str, training: bool
  ) -> tf.Tensor:
    """Changes what a discriminator sees, if so configured."""
    if self._train_config.augment == "none" or not training:
      return images
    return diffaugment.diffaugment(images, self._seed(stream))

  def _seed(self, stream: str) -> tf.Tensor:
    """Returns int64 `[2]`, new for every stream, step and replica."""
    context = tf.distribute.get_replica_context()
    replica = tf.cast(context.replica_id_in_sync_group, tf.int64)
    number = _STREAMS.index(stream) + len(_STREAMS) * self.step.read_value()
    return tf.stack(
      [tf.constant(self._train_config.seed, tf.int64), number + replica * 2**40]
    )

  def _apply(
    self,
    optimizer: tf.keras.optimizers.Optimizer,
    gradients: Sequence[tf.Tensor],
    trained: Sequence[tf.keras.Model],
  ) -> None:
    """Updates two networks, and notes how large their gradients are."""
    scaled = hasattr(optimizer, "get_unscaled_gradients")
    if scaled:
      gradients = optimizer.get_unscaled_gradients(gradients)
    first = 0
    for network in trained:
      count = len(network.trainable_variables)
      norm = tf.linalg.global_norm(gradients[first : first + count])
      weight = None
      if scaled:
        # A step that overflows is left out by the optimizer, and here too.
        finite = tf.math.is_finite(norm)
        norm, weight = tf.where(finite, norm, 0.0), tf.cast(finite, tf.float32)
      self._norms[self._network_name(network)].update_state(norm, weight)
      first += count
    variables = [v for network in trained for v in network.trainable_variables]
    optimizer.apply_gradients(zip(gradients, variables))

  def _network_name(self, network: tf.keras.Model) -> str:
    """Returns which of the four networks this is."""
    return next(n for n in NETWORK_NAMES if getattr(self, n) is network)

  def _update_averages(self) -> None:
    """Moves the averages towards the generators."""
    if self.ema_generators is None:
      return
    step = tf.cast(self.generator_optimizer.iterations, tf.float32)
    decay = self._train_config.ema_decay
    momentum = tf.minimum(decay, (1.0 + step) / (10.0 + step))
    context = tf.distribute.get_replica_context()
    for network, average in zip((self.g_AB, self.g_BA), self.ema_generators):
      for value, mean in zip(network.weights, average.weights):
        if context.num_replicas_in_sync == 1:
          # mean -= (1 - momentum) * (mean - value), in one operator less.
          tf.raw_ops.ResourceApplyGradientDescent(
            var=mean.handle, alpha=1.0 - momentum, delta=mean - value
          )
        else:
          context.merge_call(_move, args=(mean, value, momentum))

  def _report(
    self,
    terms: dict[str, tf.Tensor],
    shown: Sequence[tf.keras.metrics.Metric],
  ) -> dict[str, tf.Tensor]:
    """Adds the terms to the running means and returns those to show."""
    for name, value in terms.items():
      self._means[name].update_state(value)
    return {mean.name: mean.result() for mean in shown}


def build_model(
  config: config_lib.Config,
  largest: tuple[int, int] | None = None,
  teachers: dict[str, tf.keras.Model] | None = None,
  teacher_model: config_lib.ModelConfig | None = None,
) -> CycleGAN:
  """Builds the four networks of a run, not yet compiled.

  Args:
    config: The resolved configuration.
    largest: Where training images differ in size, the largest height and
      width, pixels; None: all have the size `config.data.crop_size`.
    teachers: Generators to learn from, by direction; None for none.
    teacher_model: The teachers' options.

  Returns:
    The model, its weights drawn from `config.train.seed`.
  """
  tf.keras.utils.set_random_seed(config.train.seed)
  size = config.data.crop_size
  with policy(devices.precision(config.train.precision)):
    ema_generators, distiller = None, None
    if config.train.ema_decay:
      ema_generators = (
        generators.build_generator(config.model, "g_AB_average"),
        generators.build_generator(config.model, "g_BA_average"),
      )
    g_AB = generators.build_generator(config.model, "g_AB")
    g_BA = generators.build_generator(config.model, "g_BA")
    if teachers is not None:
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


def weighted_total(
  terms: dict[str, Any], weights: config_lib.LossConfig
) -> Any:
  """Returns what the generators minimise.

  Args:
    terms: The unweighted loss terms by name, tensors or numbers.
    weights: Their weights.

  Returns:
    The weighted sum of those that there are, of their type (CycleGAN paper,
    eq. 3, with the identity loss of section 5.2).
  """
  total = 0.0
  for kind, weight in (
    ("gan", weights.lambda_validation),
    ("cycle", weights.lambda_reconstr),
    ("identity", weights.lambda_id),
    ("distill", weights.lambda_distill),
    ("features", weights.lambda_features),
  ):
    total += weight * sum(_of_kind(terms, kind))
  return total


def discriminators_total(
  terms: dict[str, Any], weights: config_lib.LossConfig
) -> Any:
  """Returns what the discriminators minimise.

  Args:
    terms: The unweighted loss terms by name, tensors or numbers.
    weights: The loss, and the weight of its gradient penalty if it has one.

  Returns:
    The sum, of the terms' type.
  """
  return sum(_of_kind(terms, "d")) + weights.lambda_gp * sum(
    _of_kind(terms, "gp")
  )


def _of_kind(terms: dict[str, Any], kind: str) -> list[Any]:
  """Returns the terms whose names begin so, e.g. gan_AB and gan_BA."""
  return [value for name, value in terms.items() if name.startswith(f"{kind}_")]


def _short(direction: str) -> str:
  """Returns `AB` for `AtoB`."""
  return direction[0] + direction[-1]


@contextlib.contextmanager
def policy(precision: str) -> Iterator[None]:
  """Sets Keras's precision for layers made within."""
  before = tf.keras.mixed_precision.global_policy()
  tf.keras.mixed_precision.set_global_policy(precision)
  try:
    yield
  finally:
    tf.keras.mixed_precision.set_global_policy(before)


def _scaled(
  total: tf.Tensor, optimizer: tf.keras.optimizers.Optimizer
) -> tf.Tensor:
  """Scales a replica's loss for its optimizer.

  Optimizers add up the replicas' gradients: each loss is divided by their
  number, so that the sum is the gradient of the global batch's mean. A loss
  scale keeps small float16 gradients from vanishing (Micikevicius et al.,
  "Mixed Precision Training", 2018, section 3.2).
  """
  replicas = tf.distribute.get_strategy().num_replicas_in_sync
  if replicas > 1:
    total /= replicas
  # Keras 2 and 3 call it differently.
  for name in ("get_scaled_loss", "scale_loss"):
    if hasattr(optimizer, name):
      return getattr(optimizer, name)(total)
  return total


def _gradients(
  tape: tf.GradientTape, total: tf.Tensor, variables: Sequence[tf.Variable]
) -> list[tf.Tensor]:
  """Returns gradients, 0 for biases that norms cancel (`BorderConv2D`)."""
  return tape.gradient(
    total, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
  )


def _move(
  strategy: tf.distribute.Strategy,
  mean: tf.Variable,
  value: tf.Variable,
  momentum: tf.Tensor,
) -> None:
  """Moves a variable's copies on all replicas towards another's."""

  def update(mean: tf.Variable, value: tf.Tensor, momentum: tf.Tensor) -> None:
    mean.assign_add((1.0 - momentum) * (value - mean))

  strategy.extended.update(mean, update, args=(value, momentum))


def _both(
  network: tf.keras.Model, first: tf.Tensor, second: tf.Tensor, training: bool
) -> _Pair:
  """Runs two batches through a network.

  Nothing in the networks mixes images of a batch, so that batches of one size
  share a pass.
  """
  if None in first.shape[1:3] or first.shape[1:] != second.shape[1:]:
    return network(first, training=training), network(second, training=training)
  both = network(tf.concat([first, second], 0), training=training)
  first, second = tf.split(both, 2, axis=0)
  return first, second
