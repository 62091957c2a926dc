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
import PIL.Image
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.data import preprocessing
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
  for got in (
    preprocessing.unit_to_uint8(unit.numpy()),
    preprocessing.network_to_uint8(network.numpy()),
  ):
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, levels)


def test_what_lies_outside_is_clipped_before_it_is_rounded():
  images = np.array([-1.5, 0.0, 1.2], np.float32)
  got = preprocessing.network_to_uint8(images)
  np.testing.assert_array_equal(got, [0, 128, 255])  # 127.5 goes to the even
  got = preprocessing.unit_to_uint8(images)
  np.testing.assert_array_equal(got, [0, 0, 255])


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


def _smooth(height, width):
  image = conftest.smooth_picture(np.random.default_rng(height), height, width)
  return tf.constant(image)


def _reference_size(mode, height, width, load, crop):
  """Pillow's size before the crop in junyanz's `get_transform`."""
  if mode == "resize_and_crop":
    return load, load
  if mode.startswith("scale_width"):
    if width == load and height >= crop:
      return height, width
    return int(max(load * height / width, crop)), load
  if mode == "none":
    return round(height / 4) * 4, round(width / 4) * 4
  return height, width


@pytest.mark.parametrize("mode", config_lib.PREPROCESSINGS)
@pytest.mark.parametrize(
  ("height", "width"), [(40, 60), (61, 32), (48, 48), (50, 51), (96, 40)]
)
def test_geometry_is_the_reference_implementations(mode, height, width):
  load, crop = 48, 32
  config = config_lib.DataConfig(
    preprocess=mode, load_size=load, crop_size=crop, flip=False
  )
  image = _smooth(height, width)
  want = _reference_size(mode, height, width, load, crop)
  if mode == "scale_width":  # where he fails: no multiple of 4
    want = round(want[0] / 4) * 4, want[1]
  scaled = preprocessing.scale(image, config, 4)
  assert scaled.shape[:2] == want and scaled.dtype == tf.uint8
  picture = PIL.Image.fromarray(image.numpy())
  pillows = np.asarray(
    picture.resize(want[::-1], PIL.Image.Resampling.BICUBIC)
  ).astype(int)
  assert np.abs(scaled.numpy() - pillows).max() <= 2
  if want == (height, width):
    np.testing.assert_array_equal(scaled, image)

  network = preprocessing.to_network(scaled).numpy()
  seen = set()
  for i in range(40):
    got = preprocessing.augment(scaled, tf.constant([i, 3], tf.int64), config)
    if "crop" not in mode:
      np.testing.assert_array_equal(got, network)
      continue
    assert got.shape == (crop, crop, 3)
    places = [
      (y, x)
      for y in range(want[0] - crop + 1)
      for x in range(want[1] - crop + 1)
      if np.array_equal(network[y : y + crop, x : x + crop], got)
    ]
    assert places
    seen.add(places[0])
  assert "crop" not in mode or want == (crop, crop) or len(seen) > 3


@pytest.mark.parametrize("mode", ["crop", "scale_width_and_crop"])
@pytest.mark.parametrize("size", [(1, 1), (10, 40), (31, 8)])
def test_pictures_smaller_than_the_crop_are_enlarged(mode, size):
  config = config_lib.DataConfig(preprocess=mode, load_size=16, crop_size=16)
  scaled = preprocessing.scale(_smooth(*size), config, 4)
  assert min(scaled.shape[:2]) >= 16
  got = preprocessing.augment(scaled, tf.constant([1, 3], tf.int64), config)
  assert got.shape == (16, 16, 3)


@pytest.mark.parametrize("multiple", [4, 16])
def test_uncropped_sizes_are_what_generators_take(multiple):
  for mode in config_lib.VARIABLE_SIZES:
    config = config_lib.DataConfig(preprocess=mode, load_size=50, crop_size=32)
    for size in ((1, 1), (33, 47), (70, 90)):
      shape = preprocessing.scale(_smooth(*size), config, multiple).shape
      assert not shape[0] % multiple and not shape[1] % multiple
      assert shape[0] >= multiple and shape[1] >= multiple


@pytest.mark.parametrize("mode", config_lib.PREPROCESSINGS)
def test_evaluation_shows_the_middle_in_the_training_scale(mode):
  config = config_lib.DataConfig(preprocess=mode, load_size=48, crop_size=32)
  for size in ((40, 60), (9, 7)):
    image = _smooth(*size)
    got = preprocessing.prepare(image, 32, config)
    assert got.shape == (32, 32, 3) and got.dtype == tf.float32
  if mode == "crop":
    image = _smooth(40, 60)
    got = preprocessing.prepare(image, 32, config)
    np.testing.assert_array_equal(
      got, preprocessing.to_network(image[4:36, 14:46])
    )


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpegs_are_decoded_smaller_as_pillow_does(tmp_path, mode):
  noisy = np.random.default_rng(1).integers(0, 256, (70, 101, 3), np.uint8)
  smooth = np.asarray(_smooth(70, 101)) // 2 + noisy // 4
  path = tmp_path / "a.jpg"
  PIL.Image.fromarray(smooth).convert(mode).save(path, quality=92)
  for divisor in (1, 2, 4, 8):
    got = preprocessing.decode_jpeg(path.read_bytes(), tf.constant(divisor))
    image = PIL.Image.open(path)
    image.draft(mode, (101 // divisor, 70 // divisor))
    want = np.asarray(image.convert("RGB"))
    assert got.shape == (-(-70 // divisor), -(-101 // divisor), 3)
    np.testing.assert_array_equal(got, want)


def test_what_pictures_are_resized_to():
  for mode in config_lib.PREPROCESSINGS:
    config = config_lib.DataConfig(preprocess=mode, load_size=50)
    wanted = 0 if mode in ("crop", "none") else 50
    assert preprocessing.resized_to(config) == wanted


if __name__ == "__main__":
  conftest.main(__file__)
