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
"""Tests of golden.py."""

from __future__ import annotations

import json

import numpy as np
import pytest

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files
from official.cyclegan.serving import golden
from tests import conftest


def _contract(dtype="float32"):
  return golden.Contract("g.tflite", "s48", "image", "image_B", dtype)


def _halve(image):
  return np.clip(image, 0, 1) * 0.5


@pytest.mark.parametrize(
  ("size", "channels", "dtype", "stored"),
  [
    (48, 3, "float32", "float32"),
    (48, 1, "uint8", "uint8"),
    (132, 3, "float32", "uint8"),  # to stay small
  ],
)
def test_what_is_written_is_read(tmp_path, size, channels, dtype, stored):
  folder = str(tmp_path)
  for direction in ("AtoB", "BtoA"):
    golden.write(folder, direction, _contract(dtype), _halve, size, channels)
  cases = golden.read(folder)
  assert [case.name for case in cases[:4]] == [
    *(f"AtoB/{i}" for i in range(3)),
    "BtoA/0",
  ]
  drawn = golden.pictures(size, channels)
  for case, levels in zip(cases, drawn):
    np.testing.assert_allclose(case.image, levels / 255, atol=1e-6)
    exact = 1e-6 if stored == "float32" else 0.51 / 255
    np.testing.assert_allclose(case.expected, levels / 510, atol=exact)
    count = 1 + (channels == 3) + 2 * (dtype == "float32")
    assert len(case.misread) == count
  index = json.loads((tmp_path / "golden.json").read_text())
  entry = index["directions"]["BtoA"]
  assert entry["output"]["name"] == "image_B"
  assert entry["input"]["shape"] == [1, size, size, channels]
  assert entry["input"]["range"] == ([0, 1] if dtype == "float32" else [0, 255])
  output = entry["cases"][2]["output"]
  assert output["dtype"] == stored
  assert files.sha256(tmp_path / output["png"]) == output["png_sha256"]
  png = image_files.read(str(tmp_path / output["png"]))
  assert (
    np.abs(png[..., :channels] / 255 - cases[2].expected).max() < 0.51 / 255
  )
  # An export's folder will do as well.
  (tmp_path / "export").mkdir()
  for path in list(tmp_path.iterdir()):
    if path.name != "export":
      (tmp_path / "export" / "golden").mkdir(exist_ok=True)
      path.rename(tmp_path / "export" / "golden" / path.name)
  assert len(golden.read(str(tmp_path / "export"))) == 6


def test_pictures_have_no_symmetry():
  for picture in golden.pictures(64, 3).astype(float):
    for other in (
      picture[::-1],
      picture[:, ::-1],
      picture.swapaxes(0, 1),
      picture[..., ::-1],
      np.roll(picture, 1, 0),
      np.roll(picture, 1, 1),
    ):
      assert np.sqrt(np.mean((picture - other) ** 2)) > 5


def test_thumbnails_are_means():
  image = np.arange(64.0 * 32).reshape(64, 32, 1)
  small = golden.thumbnail(image)
  assert small.shape == (16, 16, 1)
  assert small[1, 2, 0] == image[4:8, 4:6].mean()


def test_damage_is_refused(tmp_path):
  golden.write(str(tmp_path), "AtoB", _contract(), _halve, 16, 3)
  path = tmp_path / "AtoB" / "1_output.f32"
  content = path.read_bytes()
  path.write_bytes(content[:-1] + b"\0")
  with pytest.raises(errors.UserError, match="1_output.f32 is not what"):
    golden.read(str(tmp_path))
  path.unlink()
  with pytest.raises(errors.UserError, match="--golden="):
    golden.read(str(tmp_path))
  with pytest.raises(errors.UserError, match="holds no golden files"):
    golden.read(str(tmp_path / "AtoB"))


def test_an_index_leads_nowhere_else(tmp_path):
  golden.write(str(tmp_path), "AtoB", _contract(), _halve, 16, 3)
  path = tmp_path / "golden.json"
  index = json.loads(path.read_text())
  for raw in ("../0_input.u8", "/etc/passwd", 7):
    index["directions"]["AtoB"]["cases"][0]["input"]["raw"] = raw
    path.write_text(json.dumps(index))
    with pytest.raises(errors.UserError, match="golden.json"):
      golden.read(str(tmp_path))


@pytest.mark.parametrize("count", [0, 11, 13, 47])
def test_other_lengths_are_refused(count):
  with pytest.raises(ValueError, match="instead of 12"):
    golden.from_bytes(b"\0" * count, (2, 2, 3))


if __name__ == "__main__":
  conftest.main(__file__)
