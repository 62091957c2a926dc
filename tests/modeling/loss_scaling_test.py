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
import tensorflow as tf

from official.cyclegan.modeling import loss_scaling
from tests import conftest


def _optimizers():
  plain = tf.keras.optimizers.SGD(1.0)
  scaled = tf.keras.mixed_precision.LossScaleOptimizer(
    tf.keras.optimizers.SGD(1.0), initial_scale=8.0
  )
  return plain, scaled


def test_only_a_loss_scale_changes_the_loss_of_one_replica():
  plain, scaled = _optimizers()
  total = tf.constant(3.0)
  assert float(loss_scaling.scale_loss(total, plain)) == 3.0
  assert float(loss_scaling.scale_loss(total, scaled)) == 24.0


def test_norm_is_that_of_all_variables():
  gradients = [tf.constant([3.0]), tf.constant([[4.0, 12.0]])]
  norm, weight = loss_scaling.gradient_norm(gradients, False)
  assert float(norm) == 13.0 and weight is None
  norm, weight = loss_scaling.gradient_norm(gradients, True)
  assert float(norm) == 13.0 and float(weight) == 1.0


def test_norm_of_an_overflow_does_not_count():
  gradients = [tf.constant([np.inf]), tf.constant([1.0])]
  norm, weight = loss_scaling.gradient_norm(gradients, True)
  assert float(norm) == 0.0 and float(weight) == 0.0
  norm, _ = loss_scaling.gradient_norm(gradients, False)
  assert np.isinf(norm)


if __name__ == "__main__":
  conftest.main(__file__)
