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
"""Learning-rate schedules."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from official.cyclegan.core import stack


@tf.keras.utils.register_keras_serializable(stack.KERAS_PACKAGE)
class ConstantThenDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
  """Constant, then falling to 0 at the end of the run.

  Sources: CycleGAN paper, section 4: "We keep the same learning rate for the
  first 100 epochs and linearly decay the rate to zero over the next 100
  epochs." The cosine is Loshchilov and Hutter, "SGDR: Stochastic Gradient
  Descent with Warm Restarts", 2017, eq. 5, without restarts.

  Attributes:
    learning_rate: The constant rate.
    total_steps: Length of the run, steps.
    decay_fraction: Share of the run, at its end, over which the rate falls.
    policy: `linear`, `cosine`, or `constant`, which does not fall.
    fraction: Share of the run that is done where its length is a time.
  """

  def __init__(
    self,
    learning_rate: float,
    total_steps: int,
    decay_fraction: float,
    policy: str = "linear",
    fraction: tf.Variable | None = None,
  ):
    """Sets the course of the rate.

    Args:
      learning_rate: The constant rate.
      total_steps: Length of the run, steps.
      decay_fraction: Share of the run, at its end, over which the rate falls.
      policy: `linear`, `cosine` or `constant`.
      fraction: float32 scalar in [0, 1], the share of the run that is done,
        instead of that of its steps; None for a run of so many steps.
    """
    self.learning_rate = learning_rate
    self.total_steps = total_steps
    self.decay_fraction = decay_fraction
    self.policy = policy
    self.fraction = fraction

  def __call__(self, step: tf.Tensor) -> tf.Tensor:
    """Returns the float32 rate for the integer `step`, counted from 0."""
    if self.policy == "constant" or self.decay_fraction == 0.0:
      return tf.constant(self.learning_rate, tf.float32)
    if self.fraction is not None:
      left = (1.0 - self.fraction.read_value()) / self.decay_fraction
    else:
      # A run goes on with its last rate, 0, if it gets more steps than planned.
      decay_steps = max(1.0, self.total_steps * self.decay_fraction)
      left = (self.total_steps - tf.cast(step, tf.float32)) / decay_steps
    left = tf.clip_by_value(left, 0.0, 1.0)
    if self.policy == "cosine":
      left = 0.5 * (1.0 - tf.cos(math.pi * left))
    return self.learning_rate * left

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments."""
    return {
      "learning_rate": self.learning_rate,
      "total_steps": self.total_steps,
      "decay_fraction": self.decay_fraction,
      "policy": self.policy,
    }
