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
import os

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files
from official.cyclegan.data import preprocessing
from tests import conftest
from tests import odd_files


def _picture(height=20, width=30):
  return conftest.smooth_picture(np.random.default_rng(0), height, width)


def test_png_round_trip_and_jpeg_close(tmp_path):
  image = _picture()
  for name, tolerance in (("a.png", 0), ("a.jpg", 6), ("a.JPEG", 6)):
    path = str(tmp_path / name)
    image_files.write(path, image)
    got = image_files.read(path)
    assert got.shape == image.shape and got.dtype == np.uint8
    assert np.abs(got.astype(int) - image).max() <= tolerance
  assert sorted(os.listdir(tmp_path)) == ["a.JPEG", "a.jpg", "a.png"]


def test_odd_files_show_what_they_hold(tmp_path):
  expected = odd_files.write_good(tmp_path)
  assert len(expected) > 38
  for name, (shown, off) in expected.items():
    path = str(tmp_path / name)
    got = image_files.read(path, odd_files.BACKGROUND_NAME)
    assert got.dtype == np.uint8 and got.shape == shown.shape, name
    assert np.abs(got - shown.astype(float)).max() <= off, name
    info = image_files.inspect(path)
    assert (info.height, info.width) == shown.shape[:2], name


def test_exif_cmyk_and_16_bits_are_pillows_reading(tmp_path):
  odd_files.write_good(tmp_path)
  names = [f"exif_{i}.jpg" for i in range(1, 9)]
  for name in [*names, "cmyk.jpg", "16_bit.png", "16_bit.tif"]:
    with PIL.Image.open(tmp_path / name) as image:
      want = PIL.ImageOps.exif_transpose(image)
      if name.startswith("16"):
        levels = np.asarray(want).astype(int)
        assert levels.max() > 255
        want = np.repeat(levels[..., None] >> 8, 3, -1)
      else:
        want = np.asarray(want.convert("RGB"))
    np.testing.assert_array_equal(image_files.read(str(tmp_path / name)), want)


def test_files_that_hold_no_picture_are_refused_in_words(tmp_path):
  for name, words in odd_files.write_bad(tmp_path).items():
    with pytest.raises(errors.UserError) as error:
      image_files.read(str(tmp_path / name))
    message = str(error.value)
    assert name in message and words in message, message
    assert "\n" not in message and "Replace or remove it" in message


def test_background_that_is_no_colour_is_refused():
  image_files.check_background("#20c0ff")
  with pytest.raises(errors.UserError, match="--background=blurple"):
    image_files.check_background("blurple")


def test_luma_is_pillows():
  image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
  want = preprocessing.to_channels(tf.constant(image), 1)
  np.testing.assert_array_equal(image_files.luma(image), want)


def test_find_takes_file_glob_and_folder(tmp_path):
  for name in ("b.png", "a.JPG", "notes.txt"):
    (tmp_path / name).write_bytes(b"x")
  folder = str(tmp_path)
  paths = [os.path.join(folder, n) for n in ("a.JPG", "b.png")]
  assert image_files.find(folder, "input") == paths
  assert image_files.find(paths[0], "input") == paths[:1]
  assert image_files.find(os.path.join(folder, "*.png"), "input") == paths[1:]


@pytest.mark.parametrize("name", ["missing.png", "*.nothing", "."])
def test_find_nothing_is_refused(tmp_path, name):
  (tmp_path / "notes.txt").write_bytes(b"x")
  with pytest.raises(errors.UserError, match="--input="):
    image_files.find(str(tmp_path / name), "input")


def test_what_is_no_picture_is_named(tmp_path):
  path = tmp_path / "a.jpg"
  image_files.write(str(path), _picture())
  whole = path.read_bytes()
  for contents in (b"This is no picture.", whole[: len(whole) // 2], b""):
    path.write_bytes(contents)
    with pytest.raises(errors.UserError, match="a.jpg") as error:
      image_files.read(str(path))
    message = str(error.value)
    assert "\n" not in message and "Replace or remove" in message


def test_16_bits_are_halved_in_depth(tmp_path):
  levels = np.arange(0, 2**16, 997, dtype=np.uint16)[None, :, None]
  (tmp_path / "a.png").write_bytes(tf.io.encode_png(levels).numpy())
  got = image_files.read(str(tmp_path / "a.png"))
  np.testing.assert_array_equal(got, np.repeat(levels // 256, 3, -1))


@pytest.mark.parametrize("size", [(13, 50), (40, 60), (9, 9), (20, 30)])
def test_resizes_like_tensorflow(size):
  image = _picture()
  got = image_files.resize(image, *size)
  assert got.shape == (*size, 3) and got.dtype == np.float32
  want = preprocessing.resize(tf.constant(image), *size)
  np.testing.assert_allclose(got, want, atol=0.01)


def test_write_says_what_is_wrong(tmp_path):
  with pytest.raises(errors.UserError, match=".webp"):
    image_files.write(str(tmp_path / "a.webp"), _picture())
  with pytest.raises(errors.UserError, match="cannot be written"):
    image_files.write(str(tmp_path / "no" / "a.png"), _picture())


def test_folder_that_is_a_file_is_refused(tmp_path):
  (tmp_path / "file").write_text("")
  files.make_folder(str(tmp_path / "new" / "deep"), "output_dir")
  for path in ("file", "file/below"):
    with pytest.raises(errors.UserError, match="--output_dir="):
      files.make_folder(str(tmp_path / path), "output_dir")


def test_animation_shows_the_frames_in_order(tmp_path):
  frames = [np.full((8, 10, 3), value, np.uint8) for value in (10, 120, 240)]
  path = str(tmp_path / "film.gif")
  image_files.write_animation(path, frames, [100, 100, 900])
  with PIL.Image.open(path) as film:
    assert film.format == "GIF" and film.n_frames == 3
    assert film.info["loop"] == 0
    for i, frame in enumerate(frames):
      film.seek(i)
      shown = np.asarray(film.convert("RGB")).astype(int)
      assert np.abs(shown - frame).max() <= 2
      assert film.info["duration"] == (900 if i == 2 else 100)
  assert os.listdir(tmp_path) == ["film.gif"]


def test_animation_that_cannot_be_written(tmp_path):
  frame = np.zeros((4, 4, 3), np.uint8)
  with pytest.raises(errors.UserError, match="cannot be written"):
    image_files.write_animation(
      str(tmp_path / "missing" / "film.gif"), [frame], [100]
    )


if __name__ == "__main__":
  conftest.main(__file__)
