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
from official.cyclegan import preprocessing
from tests import conftest


def _image(height=10, width=10):
  rng = np.random.default_rng(0)
  return tf.constant(rng.integers(0, 256, (height, width, 3)), tf.uint8)


def test_ranges_round_trip_every_level():
  levels = tf.reshape(tf.range(256), [16, 16, 1])
  levels = tf.cast(levels, tf.uint8)
  network = preprocessing.to_network(levels)
  assert float(tf.reduce_min(network)) == -1.0
  assert float(tf.reduce_max(network)) == 1.0
  unit = preprocessing.network_to_unit(network)
  np.testing.assert_allclose(
    preprocessing.unit_to_network(unit), network, atol=1e-6
  )
  np.testing.assert_array_equal(preprocessing.unit_to_uint8(unit), levels)


def test_network_to_unit_clips():
  got = preprocessing.network_to_unit(tf.constant([-1.5, 0.0, 1.2]))
  np.testing.assert_allclose(got, [0.0, 0.5, 1.0])


def test_resize_keeps_flat_areas_and_the_range():
  flat = tf.fill([5, 9, 3], tf.constant(200, tf.uint8))
  np.testing.assert_allclose(
    preprocessing.resize(flat, 13, 4), 200.0, atol=1e-3
  )
  edge = tf.constant(np.repeat([[0, 255]], 4, axis=1)[..., None] * [1, 1, 1])
  resized = preprocessing.resize(edge, 1, 40)
  assert float(tf.reduce_min(resized)) >= 0.0
  assert float(tf.reduce_max(resized)) <= 255.0


def test_augment_is_a_crop_or_its_mirror():
  config = config_lib.DataConfig(crop_size=6, load_size=10)
  image = _image()
  whole = preprocessing.to_network(image).numpy()
  crops = {
    whole[y : y + 6, x : x + 6][:, ::step].tobytes()
    for y in range(5)
    for x in range(5)
    for step in (1, -1)
  }
  seen = set()
  for i in range(60):
    got = preprocessing.augment(image, tf.constant([1, i], tf.int64), config)
    assert got.shape == (6, 6, 3)
    assert got.numpy().tobytes() in crops
    seen.add(got.numpy().tobytes())
  assert len(seen) > 20


def test_augment_depends_on_the_seed_only():
  config = config_lib.DataConfig(crop_size=6, load_size=8)
  results = [
    preprocessing.augment(_image(7, 12), tf.constant(s, tf.int64), config)
    for s in ([1, 2], [1, 2], [2, 2], [9, 1])
  ]
  np.testing.assert_array_equal(results[0], results[1])
  assert any(not np.array_equal(results[0], r) for r in results[2:])


def test_no_flip_and_no_crop_changes_nothing():
  config = config_lib.DataConfig(crop_size=10, load_size=10, flip=False)
  got = preprocessing.augment(_image(), tf.constant([0, 0], tf.int64), config)
  np.testing.assert_array_equal(got, preprocessing.to_network(_image()))


def test_prepare_resizes():
  assert preprocessing.prepare(_image(7, 12), 8).shape == (8, 8, 3)


if __name__ == "__main__":
  conftest.main(__file__)
