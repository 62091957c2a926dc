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

from official.cyclegan import losses
from tests import conftest


def test_least_squares_losses():
  fake = np.array([0.5, -1.0], np.float32).reshape(2, 1, 1, 1)
  real = np.array([1.0, 0.0], np.float32).reshape(2, 1, 1, 1)
  np.testing.assert_allclose(losses.generator_loss(fake), (0.25 + 4.0) / 2)
  np.testing.assert_allclose(
    losses.discriminator_loss(real, fake), 0.5 * (0.5 + (0.25 + 1.0) / 2)
  )


def test_chance_is_a_quarter():
  half = np.full((1, 4, 4, 1), 0.5, np.float32)
  np.testing.assert_allclose(losses.discriminator_loss(half, half), 0.25)


def test_absolute_losses():
  a = np.zeros((2, 2, 2, 3), np.float32)
  b = a.copy()
  b[0] = 0.5
  np.testing.assert_allclose(losses.cycle_loss(a, b), 0.25)
  np.testing.assert_allclose(losses.identity_loss(a, b), 0.25)


if __name__ == "__main__":
  conftest.main(__file__)
