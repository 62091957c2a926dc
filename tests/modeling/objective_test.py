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
import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import discriminators
from official.cyclegan.modeling import distillation
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import losses
from official.cyclegan.modeling import mean_colors
from official.cyclegan.modeling import objective
from tests import conftest


@pytest.fixture(scope="module")
def networks():
  tf.keras.utils.set_random_seed(0)
  model = conftest.TINY_MODEL
  return {
    "g_AB": generators.build_generator(model, "g_AB"),
    "g_BA": generators.build_generator(model, "g_BA"),
    "d_A": discriminators.build_discriminator(model, "d_A"),
    "d_B": discriminators.build_discriminator(model, "d_B"),
  }


def _objective(
  networks, distiller=None, augment="none", step=0, clip=False, **weights
):
  return objective.Objective(
    networks,
    config_lib.LossConfig(**weights),
    config_lib.TrainConfig(augment=augment, seed=5, clip_generated=clip),
    tf.Variable(step, dtype=tf.int64),
    distiller,
    mean_colors.MeanColors(3) if weights.get("lambda_color") else None,
  )


def _real():
  rng = np.random.default_rng(0)
  return {
    domain: tf.constant(rng.uniform(-1, 1, (2, 16, 16, 3)), tf.float32)
    for domain in "AB"
  }


def _distiller(networks, *directions):
  students = {"AtoB": networks["g_AB"], "BtoA": networks["g_BA"]}
  return distillation.Distiller(
    {d: students[d] for d in directions},
    conftest.TINY_MODEL,
    {d: generators.build_generator(conftest.TINY_MODEL) for d in directions},
    conftest.TINY_MODEL,
  )


def test_terms_follow_the_paper(networks):
  found, real = _objective(networks), _real()
  terms, fakes = found.generator_terms(real, False)
  d_terms = found.discriminator_terms(real, fakes, False)
  for direction, domain in (("AB", "B"), ("BA", "A")):
    forward = networks[f"g_{direction}"]
    backward = networks[f"g_{direction[::-1]}"]
    source, discriminator = direction[0], networks[f"d_{domain}"]
    fake = forward(real[source])
    for got, want in (
      (fakes[domain], fake),
      (
        terms.adversarial[direction],
        losses.generator_loss(discriminator(fake)),
      ),
      (
        terms.cycle[source],
        losses.cycle_loss(real[source], backward(fake)),
      ),
      (
        terms.identity[domain],
        losses.identity_loss(real[domain], forward(real[domain])),
      ),
      (
        d_terms.adversarial[domain],
        losses.discriminator_loss(
          discriminator(real[domain]), discriminator(fake)
        ),
      ),
      (
        d_terms.scores[f"{domain}_fake"],
        tf.reduce_mean(discriminator(fake)),
      ),
      (
        d_terms.scores[f"{domain}_real"],
        tf.reduce_mean(discriminator(real[domain])),
      ),
    ):
      np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
  "weights",
  [
    {},
    {"lambda_id": 0.0},
    {"gan_mode": "wgangp"},
    {"gan_mode": "relativistic"},
    {"lambda_r1": 1.0},
    {"lambda_r2": 1.0},
    {"lambda_color": 1.0},
  ],
)
def test_metrics_are_known_before_the_first_step(networks, weights):
  found, real = _objective(networks, **weights), _real()
  terms, fakes = found.generator_terms(real, True)
  d_terms = found.discriminator_terms(real, fakes, True)
  names = found.metric_names()
  assert names == [*terms.metrics(), *d_terms.metrics()]
  assert ("identity_A" in names) == (weights.get("lambda_id") != 0)
  assert ("gp_B" in names) == (weights.get("gan_mode") == "wgangp")
  assert ("r1_B" in names) == ("lambda_r1" in weights)
  assert ("r2_B" in names) == ("lambda_r2" in weights)
  assert ("color_B" in names) == ("lambda_color" in weights)


@pytest.mark.parametrize("directions", [("AtoB",), ("AtoB", "BtoA")])
def test_students_have_the_terms_of_their_directions(networks, directions):
  cycles = len(directions) == 2
  found = _objective(
    networks,
    _distiller(networks, *directions),
    lambda_id=0.0,
    lambda_reconstr=10.0 * cycles,
    lambda_color=1.0,
  )
  assert found.directions == directions
  real = _real()
  terms, fakes = found.generator_terms(real, False)
  d_terms = found.discriminator_terms(real, fakes, False)
  assert sorted(fakes) == ["A", "B"] if cycles else ["B"]
  assert sorted({*terms.metrics(), *d_terms.metrics()}) == sorted(
    found.metric_names()
  )
  assert terms.distillation.keys() == terms.features.keys()
  assert bool(terms.cycle) == cycles
  assert terms.color.keys() == set(fakes)
  assert set(d_terms.adversarial) == set(fakes)


def test_augmentation_is_drawn_anew_for_each_step_and_in_training_only(
  networks,
):
  real = _real()

  def scores(step, training, augment="diffaugment"):
    found = _objective(networks, augment=augment, step=step)
    terms = found.discriminator_terms(real, real, training)
    return [float(value) for value in terms.scores.values()]

  assert scores(0, False) == scores(1, False)
  assert scores(0, True) == scores(0, True)
  assert scores(0, True) != scores(1, True)
  assert scores(0, True) != scores(0, False)
  # Real and generated images are changed by draws of their own.
  real_A, fake_A, _, _ = scores(0, True)
  assert real_A != fake_A


def test_relativistic_losses_compare_generated_with_real_images(networks):
  found, real = _objective(networks, gan_mode="relativistic"), _real()
  terms, fakes = found.generator_terms(real, False)
  d_terms = found.discriminator_terms(real, fakes, False)
  for direction, domain in (("AB", "B"), ("BA", "A")):
    network = networks[f"d_{domain}"]
    margin = network(real[domain]) - network(fakes[domain])
    np.testing.assert_allclose(
      terms.adversarial[direction],
      np.mean(np.log1p(np.exp(margin))),
      rtol=1e-4,
    )
    np.testing.assert_allclose(
      d_terms.adversarial[domain], np.mean(np.log1p(np.exp(-margin))), rtol=1e-4
    )


@pytest.mark.slow
def test_penalties_are_taken_where_they_are_due(networks):
  """Of real or of generated images, in every third step, times three."""
  real = _real()
  fakes = {domain: 0.5 * images for domain, images in real.items()}
  critic = networks["d_B"]

  def penalties(step, training, **weights):
    found = _objective(networks, step=step, penalty_interval=3, **weights)
    terms = found.discriminator_terms(real, fakes, training)
    return terms.real_penalty.get("B"), terms.fake_penalty.get("B")

  for name, which, images in (
    ("lambda_r1", 0, real["B"]),
    ("lambda_r2", 1, fakes["B"]),
  ):
    found = [penalties(step, True, **{name: 0.1}) for step in range(7)]
    assert {values[1 - which] for values in found} == {None}
    values = [float(values[which]) for values in found]
    assert [value > 0 for value in values] == [s % 3 == 0 for s in range(7)]
    # By one patch after the other. The estimate is good to a tenth here.
    with tf.GradientTape(persistent=True) as tape:
      tape.watch(images)
      logits = tf.unstack(tf.reshape(critic(images), [-1]))
    squares = [
      tf.reduce_sum(tf.square(tape.gradient(logit, images))) for logit in logits
    ]
    draws = [penalties(s, False, **{name: 0.1})[which] for s in range(40)]
    np.testing.assert_allclose(np.mean(draws), np.mean(squares), rtol=0.2)
    # The same signs are drawn for a step in training and out of it.
    np.testing.assert_allclose(values[3], 3 * draws[3], rtol=1e-4)


def test_mean_colors_are_followed_in_training_only(networks):
  found, real = _objective(networks, lambda_color=1.0), _real()
  terms, fakes = found.generator_terms(real, False)
  assert [float(value) for value in terms.color.values()] == [0.0, 0.0]
  trained, _ = found.generator_terms(real, True)
  again, _ = found.generator_terms(real, False)
  for domain in "AB":
    gap = np.mean(fakes[domain], (0, 1, 2)) - np.mean(real[domain], (0, 1, 2))
    for got in (trained, again):
      np.testing.assert_allclose(
        got.color[domain], np.linalg.norm(gap), rtol=1e-4
      )


def test_nobody_sees_what_is_outside_of_the_range(networks):
  inputs = tf.keras.Input((None, None, 3))
  brighter = {
    name: tf.keras.Model(inputs, tf.keras.layers.Rescaling(1.0, 0.75)(inputs))
    for name in ("g_AB", "g_BA")
  }
  found = _objective({**networks, **brighter}, clip=True)
  real = _real()
  terms, fakes = found.generator_terms(real, False)
  once = {d: np.clip(images + 0.75, -1, 1) for d, images in real.items()}
  for domain, other in ("AB", "BA"):
    x = real[domain].numpy()
    np.testing.assert_allclose(fakes[other], once[domain], atol=1e-6)
    twice = np.clip(once[domain] + 0.75, -1, 1)
    np.testing.assert_allclose(
      terms.cycle[domain], np.abs(twice - x).mean(), rtol=1e-5
    )
    np.testing.assert_allclose(
      terms.identity[domain], np.abs(once[domain] - x).mean(), rtol=1e-5
    )


def test_students_are_taught_before_their_images_are_clipped(networks):
  real = {domain: 3.0 * images for domain, images in _real().items()}
  found = {}
  for clip in (False, True):
    distiller = _distiller(networks, "AtoB", "BtoA")
    found[clip] = _objective(networks, distiller, clip=clip).generator_terms(
      real, False
    )
  (terms, wide), (clipped_terms, clipped) = found[False], found[True]
  assert np.abs(wide["B"]).max() > 1.5
  np.testing.assert_array_equal(clipped["B"], np.clip(wide["B"], -1, 1))
  assert terms.cycle["A"] != clipped_terms.cycle["A"]


if __name__ == "__main__":
  conftest.main(__file__)
