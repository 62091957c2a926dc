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

from official.cyclegan.training import progress_grid
from tests import conftest


def _shift(amount):
  inputs = tf.keras.Input((None, None, 3))
  return tf.keras.Model(inputs, tf.keras.layers.Rescaling(1.0, amount)(inputs))


def test_stages_are_translated_reconstructed_identity():
  real = np.zeros((2, 4, 4, 3), np.float32)
  got = progress_grid.stages(_shift(0.5), _shift(-0.25), real)
  means = [float(np.mean(stage)) for stage in got]
  assert means == [0.0, 0.5, 0.25, -0.25]


def test_progress_grid_shows_both_directions():
  images_A = np.full((2, 4, 4, 3), -1, np.float32)
  images_B = np.full((2, 4, 4, 3), 1, np.float32)
  picture = progress_grid.progress_grid(
    _shift(0.4), _shift(-0.4), images_A, images_B
  )
  assert picture.shape == (4 * 6 - 2, 4 * 6 - 2, 3)
  # Black, lighter by a fifth, black again, and darker than black is black.
  assert [int(picture[0, x, 0]) for x in (0, 6, 12, 18)] == [0, 51, 0, 0]
  assert [int(picture[12, x, 0]) for x in (0, 6, 12, 18)] == [
    255,
    204,
    255,
    255,
  ]


if __name__ == "__main__":
  conftest.main(__file__)
