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
"""The training objective: which network sees what, and the resulting losses.

Source: CycleGAN paper, section 3, with the identity loss of section 5.2. A
generator that learns from a teacher has the losses of `distillation` as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import diffaugment
from official.cyclegan.modeling import distillation
from official.cyclegan.modeling import loss_terms
from official.cyclegan.modeling import losses
from official.cyclegan.modeling import mean_colors as mean_colors_lib

# float32 `[batch, height, width, channels]` in [-1, 1], by domain, A or B.
_Images = dict[str, tf.Tensor]
# What a step draws at random, each from a stream of its own. A stream's place
# in this list is part of its seed.
_STREAMS = ("d_A_real", "d_A_fake", "d_B_real", "d_B_fake", "gp_A", "gp_B")


class Objective:
  """Computes the loss terms of two generators and two discriminators.

  Not a Keras or TensorFlow object: held by a model, it adds nothing to the
  model's checkpoint.

  Attributes:
    weights: The loss and its weights.
  """

  def __init__(
    self,
    networks: Mapping[str, tf.keras.Model],
    weights: config_lib.LossConfig,
    train: config_lib.TrainConfig,
    step: tf.Variable,
    distiller: distillation.Distiller | None = None,
    mean_colors: mean_colors_lib.MeanColors | None = None,
  ):
    """Joins networks and options.

    Args:
      networks: `g_AB`, `g_BA`, `d_A` and `d_B`.
      weights: The loss and its weights.
      train: Of which `augment`, `clip_generated` and `seed` count.
      step: int64 scalar, training steps done; random draws depend on it.
      distiller: Teachers for the generators; None for none.
      mean_colors: Of all steps until now; must be given for `lambda_color`.
    """
    self.weights = weights
    self._networks = dict(networks)
    self._train_config = train
    self._step = step
    self._distiller = distiller
    self._mean_colors = mean_colors

  @property
  def directions(self) -> tuple[str, ...]:
    """Which of `AtoB` and `BtoA` are trained."""
    if self._distiller is not None:
      return self._distiller.directions
    return tuple(config_lib.GENERATOR_NAMES)

  @property
  def _cycles(self) -> bool:
    """Whether reconstructions are computed; students may do without."""
    return self._distiller is None or self.weights.lambda_reconstr > 0

  def metric_names(self) -> list[str]:
    """Returns the metrics' names of a step's loss terms and scores."""
    weights = self.weights
    directions = [_short(direction) for direction in self.directions]
    taught = directions if self._distiller is not None else []
    domains = sorted(direction[-1] for direction in directions)
    critics = domains if weights.gan_mode == "wgangp" else []
    generator_terms = loss_terms.GeneratorTerms(
      adversarial=dict.fromkeys(directions),
      cycle=dict.fromkeys(loss_terms.DOMAINS if self._cycles else ()),
      identity=dict.fromkeys(loss_terms.DOMAINS if weights.lambda_id else ()),
      color=dict.fromkeys(domains if self._mean_colors is not None else ()),
      distillation=dict.fromkeys(taught),
      features=dict.fromkeys(taught),
    )
    discriminator_terms = loss_terms.DiscriminatorTerms(
      adversarial=dict.fromkeys(domains),
      gradient_penalty=dict.fromkeys(critics),
      real_penalty=dict.fromkeys(domains if weights.lambda_r1 else ()),
      fake_penalty=dict.fromkeys(domains if weights.lambda_r2 else ()),
      scores={
        f"{d}_{kind}": None for d in domains for kind in ("real", "fake")
      },
    )
    return [*generator_terms.metrics(), *discriminator_terms.metrics()]

  def generator_terms(
    self, real: _Images, training: bool
  ) -> tuple[loss_terms.GeneratorTerms, _Images]:
    """Computes the generators' loss terms.

    Args:
      real: Images of both domains.
      training: Whether the networks are being trained.

    Returns:
      The terms, and the translated images by the domain that they are to be
      of; none of a direction that is not trained.
    """
    if self._distiller is not None:
      terms, fakes = self._distill(self._distiller, real, training)
      fakes = {domain: self._clip(images) for domain, images in fakes.items()}
    else:
      terms, fakes = self._translate(real, training)
    for direction in loss_terms.DIRECTIONS:
      domain = direction[-1]  # that of the result
      if domain not in fakes:
        continue
      terms.adversarial[direction] = self._adversarial(
        domain, real[domain], fakes[domain], training
      )
    if self._cycles:
      # A to B and back to A, and the other way round (paper, section 3.2).
      for domain, other, backward in (
        ("A", "B", self._networks["g_BA"]),
        ("B", "A", self._networks["g_AB"]),
      ):
        reconstructed = backward(fakes[other], training=training)
        terms.cycle[domain] = losses.cycle_loss(
          real[domain], self._clip(reconstructed)
        )
    if self._mean_colors is not None:
      step = self._step.read_value()
      if training:
        self._mean_colors.update(real, fakes, step)
      terms.color.update(self._mean_colors.distances(fakes, step))
    return terms, fakes

  def _adversarial(
    self, domain: str, real: tf.Tensor, fake: tf.Tensor, training: bool
  ) -> tf.Tensor:
    """Returns a generator's adversarial loss, before its discriminator."""
    mode, network = self.weights.gan_mode, self._networks[f"d_{domain}"]
    images = self._augment(fake, f"d_{domain}_fake", training)
    if mode != "relativistic":
      return losses.generator_loss(network(images, training=training), mode)
    reals = self._augment(real, f"d_{domain}_real", training)
    logits, real_logits = _both(network, images, reals, training)
    return losses.generator_loss(logits, mode, real_logits)

  def _translate(
    self, real: _Images, training: bool
  ) -> tuple[loss_terms.GeneratorTerms, _Images]:
    """Returns the translations, and the identity terms if they are weighted."""
    terms = loss_terms.GeneratorTerms()
    fakes: _Images = {}
    mapped: _Images = {}
    for domain, other, network in (
      ("A", "B", self._networks["g_AB"]),
      ("B", "A", self._networks["g_BA"]),
    ):
      if self.weights.lambda_id:
        # An image that is of the output domain already should stay as it is.
        fakes[other], mapped[other] = _both(
          network, real[domain], real[other], training
        )
      else:
        fakes[other] = network(real[domain], training=training)
      fakes[other] = self._clip(fakes[other])
    for domain in sorted(mapped):
      terms.identity[domain] = losses.identity_loss(
        real[domain], self._clip(mapped[domain])
      )
    return terms, fakes

  def _distill(
    self, distiller: distillation.Distiller, real: _Images, training: bool
  ) -> tuple[loss_terms.GeneratorTerms, _Images]:
    """Returns students' translations, and the terms of what they learn."""
    terms, fakes = loss_terms.GeneratorTerms(), {}
    for direction in distiller.directions:
      name = _short(direction)
      found = distiller.distillation_terms(direction, real[name[0]], training)
      fakes[name[-1]] = found.images
      terms.distillation[name] = found.pixels
      terms.features[name] = found.features
    if self.weights.lambda_id:
      for domain, network in (
        ("A", self._networks["g_BA"]),
        ("B", self._networks["g_AB"]),
      ):
        mapped = network(real[domain], training=training)
        terms.identity[domain] = losses.identity_loss(
          real[domain], self._clip(mapped)
        )
    return terms, fakes

  def discriminator_terms(
    self, real: _Images, fakes: _Images, training: bool
  ) -> loss_terms.DiscriminatorTerms:
    """Computes the discriminators' loss terms and scores.

    Args:
      real: Images of both domains.
      fakes: Translated images; a domain without has no terms.
      training: Whether the networks are being trained.
    """
    weights = self.weights
    terms = loss_terms.DiscriminatorTerms()
    for domain in loss_terms.DOMAINS:
      if domain not in fakes:
        continue
      network = self._networks[f"d_{domain}"]
      images = {
        kind: self._augment(by_domain[domain], f"d_{domain}_{kind}", training)
        for kind, by_domain in (("real", real), ("fake", fakes))
      }
      logits = _both(network, images["real"], images["fake"], training)
      terms.adversarial[domain] = losses.discriminator_loss(
        *logits, weights.gan_mode, weights.label_smoothing
      )
      for kind, values in zip(images, logits):
        terms.scores[f"{domain}_{kind}"] = tf.reduce_mean(
          tf.cast(values, tf.float32)
        )
      if weights.gan_mode == "wgangp":
        mixing = tf.random.stateless_uniform(
          [tf.shape(images["real"])[0]], self._seed(f"gp_{domain}")
        )
        terms.gradient_penalty[domain] = losses.gradient_penalty(
          network, images["real"], images["fake"], mixing
        )
      if weights.lambda_r1:
        terms.real_penalty[domain] = self._penalty(
          domain, images["real"], 1, training
        )
      if weights.lambda_r2:
        terms.fake_penalty[domain] = self._penalty(
          domain, images["fake"], 2, training
        )
    return terms

  def _penalty(
    self, domain: str, images: tf.Tensor, draw: int, training: bool
  ) -> tf.Tensor:
    """Returns the penalty of a discriminator's gradient at some images.

    In training it is computed in one of `penalty_interval` steps only, times
    that many, so that its mean over the steps is the same (Karras et al.,
    "Analyzing and Improving the Image Quality of StyleGAN", 2020, section 3.1).
    """
    seed = tf.random.experimental.stateless_fold_in(
      self._seed(f"gp_{domain}"), draw
    )

    def compute() -> tf.Tensor:
      return losses.patch_penalty(self._networks[f"d_{domain}"], images, seed)

    interval = self.weights.penalty_interval if training else 1
    if interval == 1:
      return compute()
    return tf.cond(
      self._step.read_value() % interval == 0,
      lambda: interval * compute(),
      lambda: tf.constant(0.0),
    )

  def _clip(self, images: tf.Tensor) -> tf.Tensor:
    """Brings generated images into the range of real ones, if configured."""
    return losses.clip(images) if self._train_config.clip_generated else images

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
    # Replicas are further apart than a run has draws.
    number = _STREAMS.index(stream) + len(_STREAMS) * self._step.read_value()
    return tf.stack(
      [tf.constant(self._train_config.seed, tf.int64), number + replica * 2**40]
    )


def _short(direction: str) -> str:
  """Returns `AB` for `AtoB`."""
  return direction[0] + direction[-1]


def _both(
  network: tf.keras.Model, first: tf.Tensor, second: tf.Tensor, training: bool
) -> tuple[tf.Tensor, tf.Tensor]:
  """Runs two batches through a network.

  Nothing in the networks mixes images of a batch, so that batches whose images
  have one size share a pass.
  """
  if None in first.shape[1:3] or first.shape[1:] != second.shape[1:]:
    return network(first, training=training), network(second, training=training)
  both = network(tf.concat([first, second], 0), training=training)
  first, second = tf.split(both, 2, axis=0)
  return first, second
