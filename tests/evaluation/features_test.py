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

from official.cyclegan.core import errors
from official.cyclegan.evaluation import features
from tests import conftest


@pytest.fixture(scope="module")
def pictures():
  rng = np.random.default_rng(0)
  return np.stack([conftest.smooth_picture(rng, 64, 64) for _ in range(6)])


def test_random_features_are_the_same_everywhere(pictures):
  got = features.random_features(pictures)
  assert got.shape == (6 * 16, 224) and got.dtype == np.float32
  np.testing.assert_array_equal(got, features.random_features(pictures))
  # The same on any machine: the weights are drawn by numpy from a fixed seed.
  white = features.random_features(np.full((1, 32, 32, 3), 255, np.uint8))
  np.testing.assert_allclose(white[5].sum(), 143.496, rtol=1e-4)


def test_random_features_look_at_places(pictures):
  spoilt = pictures.copy()
  spoilt[:, :16, :16] = 0  # the first place
  before = features.random_features(pictures).reshape(6, 16, 224)
  after = features.random_features(spoilt).reshape(6, 16, 224)
  changed = np.abs(before - after).max(axis=(0, 2))
  assert changed[0] > 10 * max(changed[10:])


def test_grey_pictures_are_those_of_three_equal_channels(pictures):
  grey = pictures[..., :1]
  np.testing.assert_array_equal(
    features.random_features(grey),
    features.random_features(np.repeat(grey, 3, axis=-1)),
  )


def test_the_pyramid_adds_up_to_the_picture(pictures):
  levels = features._pyramid(pictures)
  assert [level.shape[1] for level in levels] == [64, 32, 16]
  whole = tf.constant(levels[-1])
  for level in levels[-2::-1]:
    level = tf.constant(level)
    whole = level + features._enlarge(whole, level)
  np.testing.assert_allclose(whole.numpy(), pictures, atol=1e-3)


def test_a_flat_picture_has_no_detail():
  flat = np.full((2, 64, 64, 3), 77, np.uint8)
  *details, rest = features._pyramid(flat)
  for level in details:
    np.testing.assert_allclose(level, 0, atol=1e-4)
  np.testing.assert_allclose(rest, 77, atol=1e-4)


def test_odd_sizes_have_levels_too():
  levels = features._pyramid(np.zeros((1, 70, 45, 3), np.uint8))
  assert [level.shape[1:3] for level in levels] == [(70, 45), (35, 23)]


def test_patches_are_cut_from_the_levels_and_normalised(pictures):
  patches = features.laplacian_patches(pictures)
  assert [p.shape for p in patches] == [(6 * 128, 7 * 7 * 3)] * 3
  for level in patches:
    values = level.reshape(-1, 3)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-3)
  again = features.laplacian_patches(pictures)
  np.testing.assert_array_equal(patches[0], again[0])


def test_a_patch_is_a_square_of_its_picture():
  maps = np.arange(2 * 9 * 9, dtype=np.float32).reshape(2, 9, 9, 1)
  patches = features._patches(maps, np.random.default_rng(0))
  for patch in patches[:3].reshape(3, 7, 7):
    assert (np.diff(patch, axis=1) == 1).all()
    assert (np.diff(patch, axis=0) == 9).all()
  assert patches[:128].max() < 81 <= patches[128:].min()


def test_many_pictures_give_fewer_patches_each():
  patches = features.laplacian_patches(np.zeros((512, 16, 16, 1), np.uint8))
  assert [p.shape for p in patches] == [(25_600, 49)]


@pytest.mark.slow
def test_inception_takes_weights_from_a_file(pictures, tmp_path):
  network = tf.keras.applications.InceptionV3(include_top=False, weights=None)
  path = str(tmp_path / "inception.weights.h5")
  network.save_weights(path)
  got = features.inception(path)(pictures[:2])
  assert got.shape == (2, 2048)
  large = tf.image.resize(
    pictures[:2], [299, 299], method="bicubic", antialias=True
  )
  ready = tf.clip_by_value(large, 0, 255) / 127.5 - 1
  maps = network(ready, training=False)
  np.testing.assert_allclose(
    got, maps.numpy().mean(axis=(1, 2)), rtol=1e-3, atol=1e-5
  )


def test_files_that_hold_no_weights_are_refused(monkeypatch, tmp_path):
  def small(include_top, weights):
    """Stands for InceptionV3, which takes seconds to build."""
    layers = [tf.keras.layers.Dense(2) for _ in range(1 + include_top)]
    return tf.keras.Sequential([tf.keras.Input((3,)), *layers])

  monkeypatch.setattr(tf.keras.applications, "InceptionV3", small)
  with pytest.raises(
    errors.UserError, match="--inception_weights=.*none.h5 is not a file"
  ):
    features.inception(str(tmp_path / "none.h5"))
  path = str(tmp_path / "wrong.weights.h5")
  of_another = tf.keras.Sequential(
    [tf.keras.Input((3,)), *(tf.keras.layers.Dense(5) for _ in range(3))]
  )
  of_another.save_weights(path)
  with pytest.raises(
    errors.UserError, match="wrong.weights.h5 holds no weights"
  ):
    features.inception(path)
  (tmp_path / "wrong.weights.h5").write_bytes(b"no weights")
  with pytest.raises(
    errors.UserError, match="wrong.weights.h5 holds no weights"
  ):
    features.inception(path)


def test_a_download_that_fails_is_one_line(monkeypatch):
  def fail(*args, **kwargs):
    raise Exception("URL fetch failure")  # what Keras raises

  monkeypatch.setattr(tf.keras.applications, "InceptionV3", fail)
  with pytest.raises(errors.UserError, match="URL fetch failure"):
    features.inception()


if __name__ == "__main__":
  conftest.main(__file__)
