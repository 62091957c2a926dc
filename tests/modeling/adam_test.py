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

from official.cyclegan.modeling import adam
from official.cyclegan.modeling import schedules
from tests import conftest


def _optimizers(rate):
  return [
    cls(rate, beta_1=0.5) for cls in (adam.FusedAdam, tf.keras.optimizers.Adam)
  ]


def _updated(optimizer, steps):
  """Returns variables after some steps on gradients of all sizes."""
  rng = np.random.default_rng(0)
  variables = [
    tf.Variable(tf.constant(rng.normal(size=shape), tf.float32))
    for shape in ((4, 3), (2,))
  ]
  optimizer.build(variables)

  @tf.function
  def step(gradients):
    optimizer.apply_gradients(zip(gradients, variables))

  for _ in range(steps):
    gradients = [
      rng.normal(size=v.shape) * 10.0 ** rng.integers(-6, 4) for v in variables
    ]
    step([tf.constant(g, tf.float32) for g in gradients])
  return variables, optimizer.variables


def test_follows_keras():
  rate = schedules.ConstantThenDecay(1e-2, 30, 0.5, "linear")
  ours, theirs = (_updated(o, 30) for o in _optimizers(rate))
  for got, want in zip(ours[0] + ours[1], theirs[0] + theirs[1]):
    assert got.name == want.name
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-7)


def test_follows_the_paper():
  """Kingma and Ba, algorithm 1, written out in double precision."""
  value, rate, beta_1, beta_2, epsilon = 1.0, 0.1, 0.5, 0.999, 1e-7
  variable = tf.Variable([value])
  optimizer = adam.FusedAdam(rate, beta_1=beta_1)
  optimizer.build([variable])
  m = v = 0.0
  for t, gradient in enumerate((0.3, -2.0, 0.0, 5.0), start=1):
    optimizer.apply_gradients([(tf.constant([gradient]), variable)])
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    corrected = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    value -= corrected * m / (np.sqrt(v) + epsilon)
  np.testing.assert_allclose(variable.numpy(), [value], rtol=1e-5)


def test_one_operator_a_variable():
  variable = tf.Variable(tf.ones([3]))
  optimizer = adam.FusedAdam(1e-3)
  optimizer.build([variable])
  step = tf.function(lambda g: optimizer.apply_gradients([(g, variable)]))
  graph = step.get_concrete_function(tf.ones([3])).graph
  operators = [op.type for op in graph.get_operations()]
  assert operators.count("ResourceApplyAdam") == 1
  assert "Sqrt" not in operators


def test_is_rebuilt_from_its_configuration_and_hides_no_name():
  for cls in (adam.FusedAdam, tf.keras.optimizers.Adam):
    rate = schedules.ConstantThenDecay(1e-2, 30, 0.5, "cosine")
    optimizer = cls(rate, beta_1=0.5)
    again = tf.keras.optimizers.deserialize(
      tf.keras.optimizers.serialize(optimizer)
    )
    assert type(again) is cls and again.name == optimizer.name
    assert again.get_config() == optimizer.get_config()
    np.testing.assert_allclose(again.learning_rate, 1e-2, rtol=1e-6)


if __name__ == "__main__":
  conftest.main(__file__)
