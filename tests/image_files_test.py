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
import pytest
import tensorflow as tf

from official.cyclegan import config as config_lib
from official.cyclegan import image_files
from tests import conftest


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


def test_grey_alpha_and_bmp_are_read_as_rgb(tmp_path):
  grey = _picture()[..., :1]
  alpha = np.concatenate([_picture(), grey], axis=-1)
  for name, image in (("grey.png", grey), ("alpha.png", alpha)):
    (tmp_path / name).write_bytes(tf.io.encode_png(image).numpy())
    got = image_files.read(str(tmp_path / name))
    assert got.shape == (20, 30, 3)
    np.testing.assert_array_equal(got[..., 0], image[..., 0])


def test_find_takes_file_glob_and_folder(tmp_path):
  for name in ("b.png", "a.JPG", "notes.txt"):
    (tmp_path / name).write_bytes(b"x")
  folder = str(tmp_path)
  files = [os.path.join(folder, n) for n in ("a.JPG", "b.png")]
  assert image_files.find(folder, "input") == files
  assert image_files.find(files[0], "input") == files[:1]
  assert image_files.find(os.path.join(folder, "*.png"), "input") == files[1:]


@pytest.mark.parametrize("name", ["missing.png", "*.nothing", "."])
def test_find_nothing_is_refused(tmp_path, name):
  (tmp_path / "notes.txt").write_bytes(b"x")
  with pytest.raises(config_lib.UserError, match="--input="):
    image_files.find(str(tmp_path / name), "input")


def test_text_called_jpg_is_named(tmp_path):
  paths = []
  for i in range(8):
    paths.append(str(tmp_path / f"{i}.jpg"))
    image_files.write(paths[-1], _picture())
  image_files.check_all(paths)
  (tmp_path / "3.jpg").write_text("This is no picture.")
  whole = (tmp_path / "5.jpg").read_bytes()
  (tmp_path / "5.jpg").write_bytes(whole[: len(whole) // 2])
  with pytest.raises(config_lib.UserError) as error:
    image_files.check_all(paths)
  message = str(error.value)
  assert "3.jpg" in message and "5.jpg" in message and "4.jpg" not in message
  assert "\n" not in message and "Replace or remove" in message


def test_write_says_what_is_wrong(tmp_path):
  with pytest.raises(config_lib.UserError, match=".webp"):
    image_files.write(str(tmp_path / "a.webp"), _picture())
  with pytest.raises(config_lib.UserError, match="cannot be written"):
    image_files.write(str(tmp_path / "no" / "a.png"), _picture())


def test_folder_that_is_a_file_is_refused(tmp_path):
  (tmp_path / "file").write_text("")
  image_files.make_folder(str(tmp_path / "new" / "deep"), "output_dir")
  for path in ("file", "file/below"):
    with pytest.raises(config_lib.UserError, match="--output_dir="):
      image_files.make_folder(str(tmp_path / path), "output_dir")


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
  with pytest.raises(config_lib.UserError, match="cannot be written"):
    image_files.write_animation(
      str(tmp_path / "missing" / "film.gif"), [frame], [100]
    )


if __name__ == "__main__":
  conftest.main(__file__)
