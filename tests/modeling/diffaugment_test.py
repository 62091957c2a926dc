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

from official.cyclegan.modeling import diffaugment
from tests import conftest

_SIZE = 16


def _images(batch=5):
  rng = np.random.default_rng(0)
  return rng.uniform(-1, 1, (batch, _SIZE, _SIZE, 3)).astype(np.float32)


def _reference(image, draws):
  """One image, written out in numpy from the paper's description."""
  brightness, saturation, contrast, down, right, y, x = draws
  image = image + (brightness - 0.5)
  grey = image.mean(axis=2, keepdims=True)
  image = (image - grey) * (2 * saturation) + grey
  image = (image - image.mean()) * (contrast + 0.5) + image.mean()
  largest = _SIZE // 8
  moved = np.zeros_like(image)
  dy, dx = (
    int(np.floor(d * (2 * largest + 1))) - largest for d in (down, right)
  )
  for row in range(_SIZE):
    for column in range(_SIZE):
      if 0 <= row + dy < _SIZE and 0 <= column + dx < _SIZE:
        moved[row, column] = image[row + dy, column + dx]
  for row in range(_SIZE):
    for column in range(_SIZE):
      if (
        abs(row + 0.5 - y * _SIZE) < _SIZE / 4
        and abs(column + 0.5 - x * _SIZE) < _SIZE / 4
      ):
        moved[row, column] = 0
  return moved


def test_follows_the_description_image_by_image():
  images, seed = _images(), [3, 4]
  draws = tf.random.stateless_uniform([7, len(images)], seed).numpy()
  got = diffaugment.diffaugment(tf.constant(images), seed).numpy()
  for i, image in enumerate(images):
    want = _reference(image.astype(np.float64), draws[:, i])
    np.testing.assert_allclose(got[i], want, atol=1e-5)


def test_seed_decides():
  images = tf.constant(_images())
  first, again, other = (
    diffaugment.diffaugment(images, seed).numpy()
    for seed in ([1, 1], [1, 1], [1, 2])
  )
  np.testing.assert_array_equal(first, again)
  assert np.abs(first - other).mean() > 0.05


def test_gradients_flow_to_what_is_still_shown():
  images = tf.constant(_images())
  with tf.GradientTape() as tape:
    tape.watch(images)
    changed = diffaugment.diffaugment(images, [5, 6])
    total = tf.reduce_sum(changed * changed)
  gradient = tape.gradient(total, images).numpy()
  assert np.isfinite(gradient).all()
  assert (np.abs(gradient).max(axis=(1, 2, 3)) > 0).all()


def test_works_on_open_shapes():
  traced = tf.function(
    diffaugment.diffaugment,
    input_signature=[
      tf.TensorSpec([None, None, None, 3]),
      tf.TensorSpec([2], tf.int64),
    ],
  )
  seed = tf.constant([1, 2], tf.int64)
  images = tf.constant(_images())
  np.testing.assert_allclose(
    traced(images, seed), diffaugment.diffaugment(images, seed), atol=1e-6
  )


if __name__ == "__main__":
  conftest.main(__file__)
