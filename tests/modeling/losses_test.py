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
from official.cyclegan.modeling import losses
from tests import conftest


def _logits(seed=0):
  rng = np.random.default_rng(seed)
  return rng.normal(0, 1.5, (2, 3, 3, 1))


def _reference(mode, real, fake, smoothing):
  """The losses' definitions in numpy: generator's, discriminator's."""
  target = 1 - smoothing

  def sigmoid(z):
    return 1 / (1 + np.exp(-z))

  if mode == "lsgan":
    generator = np.mean((fake - 1) ** 2)
    both = np.mean((real - target) ** 2) + np.mean(fake**2)
    return generator, both / 2
  if mode == "vanilla":
    cross = -target * np.log(sigmoid(real)) - smoothing * np.log(
      1 - sigmoid(real)
    )
    both = np.mean(cross) - np.mean(np.log(1 - sigmoid(fake)))
    return -np.mean(np.log(sigmoid(fake))), both / 2
  if mode == "hinge":
    both = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
    return -np.mean(fake), both / 2
  if mode == "relativistic":
    return (
      -np.mean(np.log(sigmoid(fake - real))),
      -np.mean(np.log(sigmoid(real - fake))),
    )
  return -np.mean(fake), np.mean(fake) - np.mean(real)


_MODES = [
  ("lsgan", 0.0),
  ("lsgan", 0.2),
  ("vanilla", 0.0),
  ("vanilla", 0.2),
  ("hinge", 0.0),
  ("wgangp", 0.0),
  ("relativistic", 0.0),
]


def test_every_mode_is_covered():
  assert {mode for mode, _ in _MODES} == set(config_lib.GAN_MODES)


@pytest.mark.parametrize(("mode", "smoothing"), _MODES)
def test_losses_follow_their_definitions(mode, smoothing):
  real, fake = _logits(0), _logits(1)
  generator, discriminator = _reference(mode, real, fake, smoothing)
  real, fake = real.astype(np.float32), fake.astype(np.float32)
  got = losses.generator_loss(fake, mode, real)
  np.testing.assert_allclose(got, generator, rtol=1e-5)
  got = losses.discriminator_loss(real, fake, mode, smoothing)
  np.testing.assert_allclose(got, discriminator, rtol=1e-5)


@pytest.mark.parametrize(("mode", "smoothing"), _MODES)
def test_gradients_agree_with_finite_differences(mode, smoothing):
  real, fake = _logits(0), _logits(1)
  inputs = [tf.constant(x, tf.float32) for x in (real, fake)]
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(inputs)
    generator = losses.generator_loss(inputs[1], mode, inputs[0])
    discriminator = losses.discriminator_loss(*inputs, mode, smoothing)
  step = 1e-6
  for index in [(0, 0, 0, 0), (1, 2, 1, 0), (0, 1, 2, 0)]:
    for which in (0, 1):
      moved = []
      for sign in (-1, 1):
        values = [real.copy(), fake.copy()]
        values[which][index] += sign * step
        moved.append(_reference(mode, *values, smoothing))
      slopes = [(b - a) / (2 * step) for a, b in zip(*moved)]
      got = tape.gradient(discriminator, inputs[which])[index]
      np.testing.assert_allclose(got, slopes[1], atol=1e-5)
      if which == 1:
        got = tape.gradient(generator, inputs[1])[index]
        np.testing.assert_allclose(got, slopes[0], atol=1e-5)


@pytest.mark.parametrize(
  ("mode", "logit", "value"),
  [
    ("lsgan", 0.5, 0.25),
    ("vanilla", 0.0, np.log(2)),
    ("hinge", 0.0, 1.0),
    ("wgangp", 0.3, 0.0),
    ("relativistic", 0.3, np.log(2)),
  ],
)
def test_guessing_costs_what_is_documented(mode, logit, value):
  same = np.full((1, 4, 4, 1), logit, np.float32)
  got = losses.discriminator_loss(same, same, mode)
  np.testing.assert_allclose(got, value, atol=1e-6)


@pytest.mark.parametrize("mode", ["vanilla", "relativistic"])
@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_gradients_of_logarithms_hold_far_out(mode, logit):
  fake, real = tf.constant([[[[logit]]]]), tf.zeros([1, 1, 1, 1])
  with tf.GradientTape() as tape:
    tape.watch(fake)
    loss = losses.generator_loss(fake, mode, real)
  np.testing.assert_allclose(loss, max(-logit, 0.0))
  slope = tape.gradient(loss, fake).numpy().item()
  np.testing.assert_allclose(slope, -1.0 if logit < 0 else 0.0, atol=1e-30)


def test_half_precision_logits_are_compared_in_float32():
  fake = tf.constant(_logits(), tf.float16)
  assert losses.generator_loss(fake).dtype == tf.float32
  assert losses.discriminator_loss(fake, fake).dtype == tf.float32


def test_gradient_penalty_of_a_linear_critic():
  """Its gradient is constant, so that the penalty is known."""
  weights = np.random.default_rng(0).normal(size=(4, 4, 3)).astype(np.float32)

  def critic(images):
    # Two patches with equal logits: their mean is the critic's value.
    value = tf.reduce_sum(images * weights, axis=[1, 2, 3])
    return tf.tile(value[:, None, None, None], [1, 2, 1, 1])

  real, fake = tf.zeros([2, 4, 4, 3]), tf.ones([2, 4, 4, 3])
  got = losses.gradient_penalty(critic, real, fake, tf.constant([0.2, 0.9]))
  want = (np.linalg.norm(weights) - 1) ** 2
  np.testing.assert_allclose(got, want, rtol=1e-5)


def test_gradient_penalty_is_taken_between_real_and_fake():
  """The critic x ** 2 / 2 of one pixel has the gradient x."""

  def critic(images):
    return tf.square(images) / 2

  real = tf.constant([[[[3.0]]], [[[-1.0]]]])
  fake = tf.constant([[[[1.0]]], [[[4.0]]]])
  got = losses.gradient_penalty(critic, real, fake, tf.constant([0.25, 0.8]))
  between = [0.25 * 3 + 0.75 * 1, 0.8 * -1 + 0.2 * 4]
  want = np.mean([(abs(x) - 1) ** 2 for x in between])
  np.testing.assert_allclose(got, want, rtol=1e-5)


def test_gradient_penalty_reaches_the_critics_weights():
  """Its own gradient, against finite differences."""

  def penalty(scale):
    scale = tf.convert_to_tensor(scale)

    def critic(images):
      return scale * tf.square(images)

    real = tf.constant([[[[0.7]]]])
    return losses.gradient_penalty(critic, real, -real, tf.constant([0.9]))

  variable = tf.Variable(0.8)
  with tf.GradientTape() as tape:
    value = penalty(variable)
  want = (penalty(0.801) - penalty(0.799)) / 0.002
  np.testing.assert_allclose(tape.gradient(value, variable), want, rtol=1e-2)


def test_an_unknown_loss_is_refused():
  for call in (
    lambda: losses.generator_loss(_logits(), "softplus"),
    lambda: losses.discriminator_loss(_logits(), _logits(), "softplus"),
  ):
    with pytest.raises(ValueError, match="no adversarial loss 'softplus'"):
      call()


def test_relativistic_loss_needs_something_to_compare_with():
  with pytest.raises(ValueError, match="real"):
    losses.generator_loss(_logits(), "relativistic")


def _two_patches(images):
  """Logits x1 + 2 x2 and 3 x2 ** 2 / 2 of one image's two numbers."""
  x1, x2 = images[:, :, :, 0], images[:, :, :, 1]
  return tf.stack([x1 + 2 * x2, 1.5 * x2**2], axis=-1)


def test_patch_penalty_is_the_mean_over_patches():
  images = tf.constant([[[[0.3, 0.5]]], [[[1.0, -2.0]]]])
  got = [
    losses.patch_penalty(_two_patches, images, tf.constant([seed, 0]))
    for seed in range(200)
  ]
  # Gradients (1, 2) and (0, 3 x2); two images of two patches.
  want = np.mean([5, 9 * 0.25, 5, 9 * 4])
  # Each pair of signs gives twice the product of the patches' gradients.
  spread = [
    (sign_1 * 6 * 0.5 - sign_2 * 6 * 2) / 2
    for sign_1 in (-1, 1)
    for sign_2 in (-1, 1)
  ]
  assert {round(float(value) - want, 3) for value in got} == set(spread)
  np.testing.assert_allclose(np.mean(got), want, atol=1.0)
  again = losses.patch_penalty(_two_patches, images, tf.constant([3, 0]))
  assert float(again) == float(got[3])


def test_patch_penalty_of_one_logit_is_the_squared_gradient():
  images = tf.constant([[[[0.7]]], [[[-0.2]]]])
  got = losses.patch_penalty(tf.square, images, tf.constant([1, 2]))
  np.testing.assert_allclose(got, np.mean([1.4**2, 0.4**2]), rtol=1e-5)


def test_penalised_discriminators_let_generators_arrive():
  """The Dirac-GAN of Mescheder et al., 2018: without penalties it circles.

  Real images are a pixel of 0, generated ones a pixel that is learned, and the
  discriminator is a slope. The radius of its and the pixel's orbit around the
  equilibrium (0, 0) is compared with the one of the linearised equations.
  """
  begin, rate, steps = 0.1, 0.1, 200

  @tf.function
  def radius(penalty):
    pixel, slope = tf.constant(begin), tf.constant(0.0)
    real = tf.zeros([1, 1, 1, 1])
    for _ in tf.range(steps):
      with tf.GradientTape() as tape:
        tape.watch(slope)
        fake = tf.reshape(pixel, [1, 1, 1, 1])
        loss = losses.discriminator_loss(
          0.0 * slope, fake * slope, "relativistic"
        )
        for images in (real, fake):
          loss += penalty * losses.patch_penalty(
            lambda x, slope=slope: x * slope, images, tf.constant([1, 2])
          )
      slope -= rate * tape.gradient(loss, slope)
      with tf.GradientTape() as tape:
        tape.watch(pixel)
        loss = losses.generator_loss(pixel * slope, "relativistic", 0.0 * slope)
      pixel -= rate * tape.gradient(loss, pixel)
    return tf.sqrt(tf.square(pixel) + tf.square(slope)) / begin

  # slope' = -pixel / 2 - 4 penalty slope, pixel' = slope / 2.
  for penalty in (0.0, 0.01, 0.1):
    want = np.exp(-2 * penalty * rate * steps)
    assert want / 1.4 < float(radius(tf.constant(penalty))) < want * 1.4


def test_patch_penalty_reaches_the_critics_weights():
  variable = tf.Variable(0.8)
  images = tf.constant([[[[0.7]]]])
  with tf.GradientTape() as tape:
    value = losses.patch_penalty(
      lambda x: variable * tf.square(x), images, tf.constant([0, 0])
    )
  # (2 w x)^2, whose derivative is 8 w x^2.
  np.testing.assert_allclose(
    tape.gradient(value, variable), 8 * 0.8 * 0.49, rtol=1e-5
  )


def test_absolute_losses():
  a = np.zeros((2, 2, 2, 3), np.float32)
  b = a.copy()
  b[0] = 0.5
  np.testing.assert_allclose(losses.cycle_loss(a, b), 0.25)
  np.testing.assert_allclose(losses.identity_loss(a, b), 0.25)


@pytest.mark.parametrize("half", [False, True])
def test_clipped_images_find_back(half):
  dtype = tf.bfloat16 if half else tf.float32
  images = tf.constant([-1.5, -1.5, -1.0, 0.3, 1.0, 1.25, 1.25], dtype)
  wanted = tf.constant([-9.0, 9.0, 9.0, 9.0, -9.0, 9.0, -9.0], dtype)
  with tf.GradientTape() as tape:
    tape.watch(images)
    clipped = losses.clip(images)
    loss = tf.reduce_sum(tf.abs(wanted - clipped))
  assert clipped.dtype == dtype
  np.testing.assert_allclose(
    tf.cast(clipped, tf.float32), [-1, -1, -1, 0.3, 1, 1, 1], atol=2e-3
  )
  # Who is to go further out stays where it is.
  np.testing.assert_array_equal(
    tf.cast(tape.gradient(loss, images), tf.float32), [0, -1, -1, -1, 1, 0, 1]
  )


if __name__ == "__main__":
  conftest.main(__file__)
