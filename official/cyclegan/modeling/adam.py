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
"""Adam with TensorFlow's fused kernel: one operator updates a variable."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from official.cyclegan.core import stack


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class FusedAdam(tf.keras.optimizers.Adam):
  """Keras's Adam, computed by TensorFlow's fused kernel.

  Keras writes the update out in a dozen operators for each variable, which for
  small networks take as long as the arithmetic. The state, its names and the
  result are Keras's. Source: Kingma and Ba, "Adam", 2015, algorithm 1 in the
  order of computation at the end of section 2.
  """

  _powers: tuple[tf.Tensor, tf.Tensor] | None = None

  def apply_gradients(self, *args: Any, **kwargs: Any) -> Any:
    """Updates all variables; arguments and result are Keras's."""
    with self._shared_powers():
      return super().apply_gradients(*args, **kwargs)

  def apply(self, *args: Any, **kwargs: Any) -> Any:
    """Does the same; Keras 3's `LossScaleOptimizer` calls this."""
    with self._shared_powers():
      return super().apply(*args, **kwargs)

  @contextlib.contextmanager
  def _shared_powers(self) -> Iterator[None]:
    """Computes the betas' powers once instead of for each variable."""
    # Replicas update on their devices, where they can share no tensor.
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas > 1 or self._powers is not None:
      yield
      return
    self._powers = self._beta_powers()
    try:
      yield
    finally:
      self._powers = None

  def update_step(
    self, gradient: tf.Tensor, variable: tf.Variable, *args: Any
  ) -> None:
    """Updates a variable.

    Args:
      gradient: The variable's gradient, dense.
      variable: The variable.
      *args: Keras 3 gives the learning rate here.
    """
    (rate,) = args or (self.learning_rate,)
    beta_1_power, beta_2_power = self._powers or self._beta_powers()
    momentum, velocity = self._slots(variable)
    tf.raw_ops.ResourceApplyAdam(
      var=variable.handle,
      m=momentum.handle,
      v=velocity.handle,
      beta1_power=beta_1_power,
      beta2_power=beta_2_power,
      lr=tf.cast(rate, variable.dtype),
      beta1=self.beta_1,
      beta2=self.beta_2,
      epsilon=self.epsilon,
      grad=gradient,
    )

  def _beta_powers(self) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns both betas to the power of the step's number."""
    step = tf.cast(self.iterations + 1, tf.float32)
    return tf.pow(self.beta_1, step), tf.pow(self.beta_2, step)

  def _slots(self, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
    """Returns Keras's moments of a variable."""
    index = stack.variable_index(self, variable)
    return self._momentums[index], self._velocities[index]
