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

from official.cyclegan import config as config_lib
from official.cyclegan import sources
from official.cyclegan import validation
from tests import conftest


def _shift(amount):
  """A generator that adds a number."""
  inputs = tf.keras.Input((None, None, 3))
  outputs = tf.keras.layers.Rescaling(1.0, amount)(inputs)
  return tf.keras.Model(inputs, outputs)


def _images(value, count=45):
  return np.full((count, 4, 4, 3), value, np.float32)


def test_measures_are_what_they_say():
  test_set = validation.TestSet(_images(0.0), _images(0.4), paired=True)
  got = validation.measure(_shift(0.3), _shift(-0.1), test_set)
  level = 1.5 / 255  # rounding to 8 bits, twice, and a little
  np.testing.assert_allclose(got["true_error_AB"], 0.25, atol=0.03)
  np.testing.assert_allclose(got["true_error_BA"], 0.75, atol=0.03)
  np.testing.assert_allclose(got["true_error"], 0.5, atol=0.03)
  np.testing.assert_allclose(got["cycle_l1"], 0.1, atol=level)
  np.testing.assert_allclose(got["identity_l1"], (0.05 + 0.15) / 2, atol=level)


def test_without_pairs_there_is_no_true_error():
  test_set = validation.TestSet(_images(0.0, 3), _images(0.4, 5), paired=False)
  got = validation.measure(_shift(0.0), _shift(0.0), test_set)
  assert got == {"cycle_l1": 0.0, "identity_l1": 0.0}


def test_load_takes_the_first_images(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=32
  )
  source = sources.open_source(config)
  test_set = validation.load(source, 32, max_images=2)
  assert test_set.images_A.shape == test_set.images_B.shape == (2, 32, 32, 3)
  assert not test_set.paired
  assert test_set.images_A.min() >= -1 and test_set.images_A.max() <= 1


if __name__ == "__main__":
  conftest.main(__file__)
