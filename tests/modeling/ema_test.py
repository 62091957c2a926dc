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

from official.cyclegan.modeling import ema
from tests import conftest


def _network(value):
  network = tf.keras.Sequential([tf.keras.layers.Dense(2)])
  network.build((None, 3))
  network.set_weights([np.full(w.shape, value) for w in network.get_weights()])
  return network


@pytest.mark.parametrize(
  ("decay", "step", "want"),
  [(0.999, 1, 2 / 11), (0.999, 89, 90 / 99), (0.5, 89, 0.5), (0.0, 5, 0.0)],
)
def test_momentum_rises_to_the_decay(decay, step, want):
  found = ema.momentum(decay, tf.constant(step, tf.int64))
  assert float(found) == pytest.approx(want, rel=1e-6)


def test_averages_move_towards_the_network():
  """On one replica; `devices_test` trains on several."""
  average, network = _network(1.0), _network(3.0)
  tf.function(lambda: ema.update(average, network, tf.constant(0.75)))()
  for weight in average.get_weights():
    np.testing.assert_allclose(weight, 1.5)


def test_restart_copies_the_network():
  average, network = _network(1.0), _network(3.0)
  ema.restart(average, network)
  for weight in average.get_weights():
    np.testing.assert_array_equal(weight, np.full(weight.shape, 3.0))


if __name__ == "__main__":
  conftest.main(__file__)
