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

from official.cyclegan.modeling import schedules
from tests import conftest


def test_constant_then_linear_to_zero():
  rate = schedules.ConstantThenDecay(2e-4, 100, 0.5)
  got = [float(rate(step)) for step in (0, 49, 50, 75, 99, 100, 120)]
  want = [2e-4, 2e-4, 2e-4, 1e-4, 4e-6, 0.0, 0.0]
  np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_extremes(fraction):
  rate = schedules.ConstantThenDecay(1.0, 10, fraction)
  assert float(rate(0)) == 1.0
  assert float(rate(5)) == (1.0 if fraction == 0.0 else 0.5)


def test_rebuilds_from_config():
  rate = schedules.ConstantThenDecay(1.0, 10, 0.3)
  again = schedules.ConstantThenDecay.from_config(rate.get_config())
  assert again.get_config() == rate.get_config()


def test_cosine_falls_slowly_at_both_ends():
  rate = schedules.ConstantThenDecay(2.0, 100, 0.5, "cosine")
  steps = np.arange(0, 121, 5)
  progress = np.clip((steps - 50) / 50, 0, 1)
  want = 1.0 + np.cos(np.pi * progress)
  np.testing.assert_allclose([rate(s) for s in steps], want, atol=1e-6)


@pytest.mark.parametrize("policy", ["linear", "cosine"])
def test_a_share_of_the_time_takes_the_place_of_steps(policy):
  share = tf.Variable(0.0)
  by_steps = schedules.ConstantThenDecay(2.0, 1000, 0.4, policy)
  by_time = schedules.ConstantThenDecay(2.0, 7, 0.4, policy, share)
  rate = tf.function(by_time)  # the graph reads what the variable holds then
  for step in (0, 599, 600, 750, 1000):
    share.assign(step / 1000)
    np.testing.assert_allclose(rate(3), by_steps(step), atol=2e-3)


def test_constant_does_not_fall():
  rate = schedules.ConstantThenDecay(3e-4, 100, 0.5, "constant")
  np.testing.assert_allclose([rate(0), rate(99), rate(100)], 3e-4, rtol=1e-6)


if __name__ == "__main__":
  conftest.main(__file__)
