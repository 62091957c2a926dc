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
"""Adam whose update of a variable is one operator."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class Adam(tf.keras.optimizers.Adam):
  """Keras's Adam, computed by TensorFlow's fused kernel.

  Keras writes the update out in a dozen operators for each variable, which for
  small networks take as long as the arithmetic. The state, its names and the
  result are Keras's. Source: Kingma and Ba, "Adam", 2015, algorithm 1 in the
  order of computation at the end of section 2.
  """

  def update_step(
    self, gradient: tf.Tensor, variable: tf.Variable, *args: Any
  ) -> None:
    """Updates a variable.

    Args:
      gradient: Its gradient, dense.
      variable: What to update.
      *args: Keras 3 gives the learning rate here.
    """
    (rate,) = args or (self.learning_rate,)
    step = tf.cast(self.iterations + 1, variable.dtype)
    momentum, velocity = self._slots(variable)
    beta_1, beta_2 = (
      tf.constant(beta, variable.dtype) for beta in (self.beta_1, self.beta_2)
    )
    tf.raw_ops.ResourceApplyAdam(
      var=variable.handle,
      m=momentum.handle,
      v=velocity.handle,
      beta1_power=tf.pow(beta_1, step),
      beta2_power=tf.pow(beta_2, step),
      lr=tf.cast(rate, variable.dtype),
      beta1=beta_1,
      beta2=beta_2,
      epsilon=self.epsilon,
      grad=gradient,
    )

  def _slots(self, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
    """Returns Keras's moments of a variable."""
    if hasattr(self, "_index_dict"):  # Keras 2
      index = self._index_dict[self._var_key(variable)]
    else:
      index = self._get_variable_index(variable)
    return self._momentums[index], self._velocities[index]
