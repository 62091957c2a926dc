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
"""Runs a generator with instance norms whose statistics are given or noted.

Instance normalisation sees the whole picture. To translate a picture in parts
that fit together, all parts have to be normalised alike: the statistics are
measured in one pass and given to the others. That is thumbnail instance
normalisation (Chen et al., "Towards Ultra-Resolution Neural Style Transfer via
Thumbnail Instance Normalization", 2022, section 3.2) where the first pass sees
the whole picture at the size trained on.

The network is walked through layer by layer, so that any Functional generator
of this package will do, and no second set of weights is made.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from official.cyclegan.modeling import normalization

# Computes a norm: takes the layer, its place in `norms`, and its input.
_Norm = Callable[
  [normalization.InstanceNormalization, int, tf.Tensor], tf.Tensor
]
_MOST_JOINED = 4  # inputs that XNNPACK joins at once


def norms(
  network: tf.keras.Model,
) -> list[normalization.InstanceNormalization]:
  """Returns a network's instance norms, in the order of computation.

  Args:
    network: Functional.
  """
  return [
    layer
    for layer in network.layers
    if isinstance(layer, normalization.InstanceNormalization)
  ]


def length(network: tf.keras.Model) -> int:
  """Returns how many channels a network's instance norms have together.

  Args:
    network: Functional.
  """
  return sum(_channels(layer) for layer in norms(network))


def measured(
  network: tf.keras.Model, images: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
  """Runs a network and notes what its norms divide by.

  Args:
    network: Functional, with one input and one output.
    images: float32 `[batch, height, width, channels]`, what it takes.

  Returns:
    What it gives, outside of training; and the statistics, float32
    `[batch, 1, 2, length]`: of all norms' channels, one norm after the other,
    the means, and the variances with the norms' epsilons.
  """
  means, variances = [], []

  def norm(
    layer: normalization.InstanceNormalization, i: int, inputs: tf.Tensor
  ) -> tf.Tensor:
    del i  # in the order of computation anyway
    mean, centred, variance = layer.moments(tf.cast(inputs, tf.float32))
    means.append(mean)
    variances.append(variance)
    gain, shift = _affine(layer, tf.math.rsqrt(variance))
    return tf.cast(centred * gain + shift, inputs.dtype)

  made = _walk(network, images, norm)
  if not means:
    return made, tf.zeros([tf.shape(images)[0], 1, 2, 0])
  return made, tf.concat([_joined(means), _joined(variances)], 2)


def _joined(parts: list[tf.Tensor]) -> tf.Tensor:
  """Joins channels, a few at a time.

  XNNPACK, the engine of processors, takes no more inputs than that: joined at
  once a `.tflite` file's graph would fall to pieces.
  """
  while len(parts) > 1:
    parts = [
      tf.concat(parts[i : i + _MOST_JOINED], 3)
      for i in range(0, len(parts), _MOST_JOINED)
    ]
  return parts[0]


def applied(
  network: tf.keras.Model, images: tf.Tensor, statistics: tf.Tensor
) -> tf.Tensor:
  """Runs a network with given statistics in place of the images' own.

  Args:
    network: As for `measured`.
    images: As for `measured`.
    statistics: float32 `[1, 1, 2, length]`, as `measured` gives them.

  Returns:
    What it gives, outside of training.
  """
  layers = norms(network)
  if not layers:
    return network(images, training=False)
  sizes = [_channels(layer) for layer in layers]
  # All norms' together: one operator instead of one for each.
  mean, variance = statistics[:, :, :1], statistics[:, :, 1:]
  gains = tf.math.rsqrt(variance)
  shifts = -mean * gains
  split_gains = tf.split(gains, sizes, 3)
  split_shifts = tf.split(shifts, sizes, 3)

  def norm(
    layer: normalization.InstanceNormalization, i: int, inputs: tf.Tensor
  ) -> tf.Tensor:
    gain, shift = _affine(layer, split_gains[i])
    x = tf.cast(inputs, tf.float32)
    given = split_shifts[i]
    if layer.scale:
      given = given * tf.cast(layer.gamma, tf.float32)
    shift = shift + given
    return tf.cast(x * gain + shift, inputs.dtype)

  return _walk(network, images, norm)


def _channels(layer: normalization.InstanceNormalization) -> int:
  return int(layer.output.shape[-1])


def _affine(
  layer: normalization.InstanceNormalization, gain: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
  """Returns a norm's factor with its scale, and its shift."""
  if layer.scale:
    gain = gain * tf.cast(layer.gamma, tf.float32)
  shift = tf.cast(layer.beta, tf.float32) if layer.center else tf.zeros([])
  return gain, shift


def _walk(network: tf.keras.Model, images: tf.Tensor, norm: _Norm) -> tf.Tensor:
  """Runs a network's layers, with another function in place of its norms."""
  places = {layer.name: i for i, layer in enumerate(norms(network))}
  made: dict[int, tf.Tensor] = {}
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.InputLayer):
      made[id(layer.output)] = images
      continue
    inputs = [made[id(x)] for x in tf.nest.flatten(layer.input)]
    if layer.name in places:
      outputs = norm(layer, places[layer.name], inputs[0])
    else:
      # Outside of training, also for layers that do not ask.
      outputs = layer(inputs if len(inputs) > 1 else inputs[0])
    made[id(layer.output)] = outputs
  return made[id(network.output)]
