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
"""The loss terms of CycleGAN, unweighted, as pure functions.

Images are float32 `[batch, height, width, channels]` in [-1, 1]; logits are
the discriminator's `[batch, h, w, 1]`, one per patch. Every function computes
in float32 and returns a float32 scalar, the mean over the batch and all
positions. A `gan_mode` is one of `config.GAN_MODES`:

* `lsgan`: Mao et al., "Least Squares GAN", 2017, eq. 9 with a = 0 and
  b = c = 1, which the CycleGAN paper takes up in section 4.
* `vanilla`: Goodfellow et al., "Generative Adversarial Nets", 2014, eq. 1,
  with the generator maximising log D, section 3.
* `hinge`: Lim and Ye, "Geometric GAN", 2017; Miyato et al., "Spectral
  Normalization", 2018, eqs. 16 and 17.
* `relativistic`: Jolicoeur-Martineau, "The relativistic discriminator", 2018,
  section 4.1, with log-sigmoid: which of two looks more real, patch by patch.
* `wgangp`: Gulrajani et al., "Improved Training of Wasserstein GANs", 2017,
  eq. 3. The penalty is a term of its own, `gradient_penalty`.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

_NORM_GUARD = 1e-12  # keeps quotients and square roots' gradients finite at 0


def generator_loss(
  fake_logits: tf.Tensor,
  gan_mode: str = "lsgan",
  real_logits: tf.Tensor | None = None,
) -> tf.Tensor:
  """Adversarial loss of a generator.

  Args:
    fake_logits: Logits for generated images.
    gan_mode: Which loss.
    real_logits: Logits for as many real images; `relativistic` needs them,
      the others leave them aside.

  Returns:
    float32 scalar; unbounded for `hinge` and `wgangp`, else 0 or more.

  Raises:
    ValueError: If `relativistic` is not given real images' logits, or there is
      no such loss.
  """
  fake = tf.cast(fake_logits, tf.float32)
  if gan_mode == "relativistic":
    if real_logits is None:
      raise ValueError("The relativistic loss compares with real images.")
    return _preference(fake, tf.cast(real_logits, tf.float32))
  if gan_mode == "lsgan":
    return tf.reduce_mean(tf.square(fake - 1.0))
  if gan_mode == "vanilla":
    return tf.reduce_mean(_softplus(-fake))
  if gan_mode in ("hinge", "wgangp"):
    return -tf.reduce_mean(fake)
  raise ValueError(f"There is no adversarial loss {gan_mode!r}.")


def discriminator_loss(
  real_logits: tf.Tensor,
  fake_logits: tf.Tensor,
  gan_mode: str = "lsgan",
  label_smoothing: float = 0.0,
) -> tf.Tensor:
  """Adversarial loss of a discriminator.

  All but `wgangp` and `relativistic` are halved, which slows the
  discriminator relative to the generator (CycleGAN paper, appendix 7.1). A
  discriminator that cannot tell has 0.25 (`lsgan`), log 2 (`vanilla`,
  `relativistic`), 1 (`hinge`) or 0 (`wgangp`).

  Args:
    real_logits: Logits for real images.
    fake_logits: Logits for generated images.
    gan_mode: Which loss.
    label_smoothing: The target for real images is 1 minus this; `lsgan` and
      `vanilla` only (Salimans et al., 2016, section 3.4).

  Returns:
    float32 scalar.

  Raises:
    ValueError: If there is no such loss.
  """
  real = tf.cast(real_logits, tf.float32)
  fake = tf.cast(fake_logits, tf.float32)
  if gan_mode == "wgangp":
    return tf.reduce_mean(fake) - tf.reduce_mean(real)
  if gan_mode == "relativistic":
    return _preference(real, fake)
  target = 1.0 - label_smoothing
  if gan_mode == "lsgan":
    real_loss = tf.square(real - target)
    fake_loss = tf.square(fake)
  elif gan_mode == "vanilla":
    real_loss = _softplus(real) - target * real
    fake_loss = _softplus(fake)
  elif gan_mode == "hinge":
    real_loss = tf.nn.relu(1.0 - real)
    fake_loss = tf.nn.relu(1.0 + fake)
  else:
    raise ValueError(f"There is no adversarial loss {gan_mode!r}.")
  return 0.5 * (tf.reduce_mean(real_loss) + tf.reduce_mean(fake_loss))


def patch_penalty(
  critic: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
  """Mean over the patches of the squared gradient of a patch's logit.

  Source: Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do
  actually Converge?", 2018, eq. 9 (R1, at real images) and eq. 10 (R2, at
  generated ones), where a discriminator has one logit. Of a PatchGAN each
  logit is a discriminator of its own patch. Their gradients are not taken one
  by one: the logits are summed with random signs, so that the products of two
  patches' gradients, which overlap, cancel in expectation (Hutchinson, "A
  stochastic estimator of the trace of the influence matrix", 1990).

  Args:
    critic: From images to logits.
    images: The images.
    seed: int `[2]`; decides the signs.

  Returns:
    float32 scalar, 0 or more, an unbiased estimate, not yet weighted.
  """
  with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(images)
    logits = tf.cast(critic(images), tf.float32)
    draws = tf.random.stateless_uniform(tf.shape(logits), seed)
    signs = tf.where(draws < 0.5, -1.0, 1.0)
    total = tf.reduce_sum(signs * logits)
  gradient = tape.gradient(total, images)
  patches = tf.cast(tf.size(logits), tf.float32)
  return tf.reduce_sum(tf.square(gradient)) / patches


def gradient_penalty(
  critic: Callable[[tf.Tensor], tf.Tensor],
  real: tf.Tensor,
  fake: tf.Tensor,
  mixing: tf.Tensor,
) -> tf.Tensor:
  """Penalty of a Wasserstein critic whose gradient's norm is not 1.

  Source: Gulrajani et al., 2017, eq. 3. The critic's value of an image is the
  mean of its patches' logits, as in the loss.

  Args:
    critic: From images to logits.
    real: Real images.
    fake: As many generated images.
    mixing: float32 `[batch]` in [0, 1], the share of the real image in the
      mixture at which the gradient is taken.

  Returns:
    float32 scalar, 0 or more, not yet weighted by 10.
  """
  mixing = mixing[:, tf.newaxis, tf.newaxis, tf.newaxis]
  between = mixing * real + (1.0 - mixing) * fake
  with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(between)
    logits = tf.cast(critic(between), tf.float32)
    values = tf.reduce_mean(logits, axis=[1, 2, 3])
  gradient = tape.gradient(values, between)
  norm = tf.sqrt(
    tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) + _NORM_GUARD
  )
  return tf.reduce_mean(tf.square(norm - 1.0))


def _preference(wanted: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
  """Returns the cross entropy of `wanted` looking more real than `other`."""
  return tf.reduce_mean(_softplus(other - wanted))


@tf.custom_gradient
def _softplus(
  x: tf.Tensor,
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
  """Returns log(1 + exp(x)), whose gradient every TensorFlow rounds alike."""

  def gradient(upstream: tf.Tensor) -> tf.Tensor:
    return upstream / (1.0 + tf.exp(-x))

  return tf.nn.softplus(x), gradient


def clip(images: tf.Tensor) -> tf.Tensor:
  """Clips generated images to [-1, 1], without losing what leads back there.

  The gradient of plain clipping is 0 outside, so that a pixel that is once
  outside stays there, whatever a loss wants. Here only that part is 0 that
  would lead further out: descending along the rest brings the pixel back.

  Args:
    images: Float, any shape.

  Returns:
    The same shape and dtype, in [-1, 1].
  """

  @tf.custom_gradient
  def clipped(x: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tf.Tensor]]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
      # A step goes against the gradient.
      outwards = tf.where(x > 1.0, upstream < 0.0, upstream > 0.0)
      stuck = outwards & (tf.abs(x) > 1.0)
      return tf.where(stuck, tf.zeros_like(upstream), upstream)

    return tf.clip_by_value(x, -1.0, 1.0), gradient

  return clipped(images)


def cycle_loss(real: tf.Tensor, reconstructed: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in [0, 2] (CycleGAN paper, eq. 2).

  Args:
    real: Images of one domain.
    reconstructed: These, translated to the other domain and back.

  Returns:
    float32 scalar.
  """
  return tf.reduce_mean(tf.abs(real - reconstructed))


def kernel_alignment(features: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
  """Kernel alignment of two networks' features.

  Source: Jin et al., "Teachers Do More Than Teach: Compressing Image-to-Image
  Models", 2021, section 3.3: the alignment of the two kernels (matrices of the
  inner products of features at all pairs of positions in the batch). It needs
  no layer between networks of different widths.

  Args:
    features: Float `[batch, height, width, channels]`.
    others: Float, of equal batch, height and width; any number of channels.

  Returns:
    float32 scalar in [0, 1]; 1 if one is the other, rotated and scaled.
  """
  x, y = (
    tf.reshape(tf.cast(f, tf.float32), [-1, f.shape[-1]])
    for f in (features, others)
  )

  def power(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    # The inner product of both kernels, without forming matrices of the size
    # of all positions squared: ||X^T Y||^2 = <X X^T, Y Y^T>.
    product = tf.matmul(first, second, transpose_a=True)
    return tf.reduce_sum(product * product)

  norms = tf.sqrt(power(x, x) * power(y, y))
  return power(x, y) / (norms + _NORM_GUARD)


def identity_loss(real: tf.Tensor, mapped: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in [0, 2] (CycleGAN paper, section 5.2).

  Args:
    real: Images of a generator's output domain.
    mapped: The generator's output for them.

  Returns:
    float32 scalar.
  """
  return tf.reduce_mean(tf.abs(real - mapped))
