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
import io

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.data import image_files
from official.cyclegan.data import image_grid
from official.cyclegan.reporting import pictures
from tests import conftest


def _image(seed, size=16, channels=3):
  rng = np.random.default_rng(seed)
  small = rng.integers(0, 256, (2, 2, channels), np.uint8)
  return np.kron(small, np.ones((size // 2, size // 2, 1), np.uint8))


def _rows(count, columns, size=16):
  return [
    [_image(10 * i + j, size) for j in range(columns)] for i in range(count)
  ]


def _write_steps(folder, steps, count=6, size=16):
  for step in steps:
    rows = _rows(count, 4, size)
    for row in rows:
      row[1] = np.full_like(row[1], step % 256)
    path = str(folder / f"step_{step:07d}.png")
    image_files.write(path, image_grid.grid(rows))


def _decoded(url):
  import base64

  content = base64.b64decode(url.partition(",")[2])
  return np.array(PIL.Image.open(io.BytesIO(content)))


@pytest.mark.parametrize(("count", "columns", "size"), [(1, 4, 8), (6, 4, 16)])
def test_a_grid_is_taken_apart_as_it_was_put_together(count, columns, size):
  rows = _rows(count, columns, size)
  grid = image_grid.grid(rows)
  for found in (
    pictures.cells(grid, columns),
    pictures.cells_of_rows(grid, count),
  ):
    assert np.array_equal(np.array(found), np.array(rows))


@pytest.mark.parametrize("shape", [(1, 1, 3), (16, 71, 3), (17, 70, 3)])
def test_what_is_no_grid_is_refused(shape):
  with pytest.raises(ValueError, match="is not a grid"):
    pictures.cells(np.zeros(shape, np.uint8), 4)


def test_small_pictures_are_like_their_originals_and_large_ones_small():
  image = _image(3)
  with PIL.Image.open(io.BytesIO(pictures.small(image))) as made:
    assert np.abs(np.array(made).astype(int) - image).mean() < 16
  large = pictures.small(np.zeros((1000, 1000, 1), np.uint8))
  with PIL.Image.open(io.BytesIO(large)) as made:
    assert made.size == (320, 320)


def test_pictures_of_files_are_made_small_once(tmp_path, monkeypatch):
  path = tmp_path / "sheet.png"
  assert pictures.of_file(str(path), "x") == []
  path.write_bytes(b"no picture")
  assert pictures.of_file(str(path), "x") == []
  image_files.write(str(path), np.zeros((20, 3000, 3), np.uint8))
  (image,) = pictures.of_file(str(path), "a sheet")
  assert (image.text, _decoded(image.url).shape) == ("a sheet", (8, 1200, 3))
  monkeypatch.setattr(image_files, "read", None)
  assert pictures.of_file(str(path), "x")[0].url == image.url


def test_strips_show_inputs_and_translations_over_the_steps(tmp_path):
  _write_steps(tmp_path, (2, 100, 10), count=5)
  (tmp_path / "other.png").write_bytes(b"")
  progress = pictures.Progress(str(tmp_path))
  a_to_b, b_to_a = progress.strips({"A": 3, "B": 2}, ("AtoB", "BtoA"))
  assert a_to_b.labels == ["step 2", "step 10", "step 100"]
  assert [len(urls) for urls in a_to_b.after] == [3, 3, 3]
  assert (len(b_to_a.before), len(b_to_a.after[0])) == (2, 2)
  for label, urls in zip((2, 10, 100), a_to_b.after):
    assert abs(int(_decoded(urls[0]).mean()) - label) <= 2
  (only,) = progress.strips({"A": 3, "B": 2}, ("BtoA",))
  assert only == b_to_a


def test_a_run_without_a_count_has_as_many_of_each(tmp_path):
  _write_steps(tmp_path, (1,), count=6)
  strips = pictures.Progress(str(tmp_path)).strips(None, ("AtoB", "BtoA"))
  assert [len(strip.before) for strip in strips] == [3, 3]


def test_many_and_large_pictures_keep_within_the_budget(tmp_path, monkeypatch):
  _write_steps(tmp_path, range(1, 81))
  strips = pictures.Progress(str(tmp_path)).strips(None, ("AtoB",))
  labels = strips[0].labels
  assert len(labels) == pictures._MOST_FRAMES
  assert (labels[0], labels[-1]) == ("step 1", "step 80")
  monkeypatch.setattr(pictures, "_BUDGET", 1500)
  strips = pictures.Progress(str(tmp_path)).strips(None, ("AtoB",))
  assert 1 <= len(strips[0].labels) < pictures._MOST_FRAMES
  assert strips[0].labels[-1] == "step 80"


def test_damaged_and_other_pictures_are_left_out(tmp_path):
  _write_steps(tmp_path, (1, 3))
  (tmp_path / "step_0000002.png").write_bytes(b"no picture")
  _write_steps(tmp_path, (4,), count=2)  # another data set's
  strips = pictures.Progress(str(tmp_path)).strips({"A": 3}, ("AtoB",))
  assert strips[0].labels[-1] in ("step 3", "step 4")
  lengths = {len(urls) for urls in strips[0].after}
  assert lengths == {len(strips[0].before)}
  assert pictures.Progress(str(tmp_path / "none")).strips(None, ("AtoB",)) == []


def test_a_picture_is_read_once(tmp_path, monkeypatch):
  _write_steps(tmp_path, (1, 2))
  progress = pictures.Progress(str(tmp_path))
  progress.strips(None, ("AtoB",))
  monkeypatch.setattr(pictures, "_read", None)
  assert len(progress.strips(None, ("AtoB",))[0].labels) == 2


def test_an_exports_rows_are_its_files(tmp_path):
  rows = _rows(3, 5)
  image_files.write(str(tmp_path / "export_BtoA.png"), image_grid.grid(rows))
  names = ["input", "Keras", "float32"]
  (strip,) = pictures.export_strips(
    str(tmp_path), {"AtoB": names, "BtoA": names}
  )
  assert strip.labels == ["Keras", "float32"]
  assert (len(strip.before), len(strip.after)) == (5, 2)
  assert pictures.export_strips(str(tmp_path), {"BtoA": ["input"] * 7}) == []


if __name__ == "__main__":
  conftest.main(__file__)
