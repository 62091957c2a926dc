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
"""Exponential moving averages (EMA) of networks' weights."""

from __future__ import annotations

import tensorflow as tf

from official.cyclegan.core import stack


def momentum(decay: float, step: tf.Tensor) -> tf.Tensor:
  """Returns how much of an average stays in a step.

  Early on that is less than `decay`, so that the average forgets the initial
  weights.

  Args:
    decay: The momentum in the long run, in [0, 1).
    step: Updates done, integer scalar.

  Returns:
    float32 scalar: `decay` or `(1 + step) / (10 + step)`, the smaller one.
  """
  step = tf.cast(step, tf.float32)
  return tf.minimum(decay, (1.0 + step) / (10.0 + step))


def update(
  average: tf.keras.Model, network: tf.keras.Model, momentum: tf.Tensor
) -> None:
  """Moves an average towards a network, on all replicas.

  Args:
    average: A network whose weights are averages.
    network: A network built like it.
    momentum: float32 scalar in [0, 1], how much of the average stays.
  """
  context = tf.distribute.get_replica_context()
  pairs = map(stack.tf_variables, (network.weights, average.weights))
  for value, mean in zip(*pairs):
    if context.num_replicas_in_sync == 1:
      # mean -= (1 - momentum) * (mean - value), in one operator less.
      tf.raw_ops.ResourceApplyGradientDescent(
        var=mean.handle, alpha=1.0 - momentum, delta=mean - value
      )
    else:
      context.merge_call(_move, args=(mean, value, momentum))


def restart(average: tf.keras.Model, network: tf.keras.Model) -> None:
  """Sets an average to a network's present weights.

  Args:
    average: A network whose weights are averages.
    network: A network built like it.
  """
  average.set_weights(network.get_weights())


def _move(
  strategy: tf.distribute.Strategy,
  mean: tf.Variable,
  value: tf.Variable,
  momentum: tf.Tensor,
) -> None:
  """Moves a variable's copies on all replicas towards another's."""

  def move(mean: tf.Variable, value: tf.Tensor, momentum: tf.Tensor) -> None:
    mean.assign_add((1.0 - momentum) * (value - mean))

  strategy.extended.update(mean, move, args=(value, momentum))
