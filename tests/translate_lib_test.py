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
import pathlib
import shutil

import numpy as np
import pytest

from official.cyclegan import translate_lib
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.data import image_files
from official.cyclegan.serving import tflite_edit
from tests import color_files
from tests import conftest


def test_files_folder_glob_and_single(models, pictures, tmp_path):
  out = str(tmp_path / "out")
  folder = str(pictures / "testA")
  written = translate_lib.translate_files(models["tflite"], folder, out, "AtoB")
  assert sorted(os.listdir(out)) == ["00.jpg", "01.png", "02.jpg"]
  for path in written:
    source = image_files.read(os.path.join(folder, os.path.basename(path)))
    assert image_files.read(path).shape == source.shape

  written = translate_lib.translate_files(
    models["run"], os.path.join(folder, "*.png"), str(tmp_path / "g"), "AtoB"
  )
  assert [os.path.basename(p) for p in written] == ["01.png"]

  one = str(tmp_path / "deep" / "one.png")
  translate_lib.translate_files(
    models["saved_model"], os.path.join(folder, "00.jpg"), one, "AtoB"
  )
  assert image_files.read(one).shape[-1] == 3


def test_broken_picture_is_named_and_the_rest_translated(
  models, pictures, tmp_path
):
  shutil.copytree(pictures / "testA", tmp_path / "in")
  (tmp_path / "in" / "00a.jpg").write_text("no picture")
  with pytest.raises(errors.UserError) as error:
    translate_lib.translate_files(
      models["run"], str(tmp_path / "in"), str(tmp_path / "out"), "AtoB"
    )
  assert "00a.jpg" in str(error.value) and "3 of 4" in str(error.value)
  assert len(os.listdir(tmp_path / "out")) == 3


def test_inputs_are_never_overwritten(models, pictures, tmp_path):
  shutil.copytree(pictures / "testA", tmp_path / "in")
  with pytest.raises(errors.UserError, match="would overwrite"):
    translate_lib.translate_files(
      models["run"], str(tmp_path / "in"), str(tmp_path / "in"), "AtoB"
    )
  one = str(tmp_path / "in" / "01.png")
  with pytest.raises(errors.UserError, match="--output=.* would overwrite"):
    translate_lib.translate_files(models["tflite"], one, one, "AtoB")


def test_results_that_would_overwrite_each_other_are_refused(
  models, pictures, tmp_path
):
  for folder in ("x", "y"):
    shutil.copytree(pictures / "testA", tmp_path / folder)
  with pytest.raises(errors.UserError, match="several files"):
    translate_lib.translate_files(
      models["run"], str(tmp_path / "?" / "*"), str(tmp_path / "out"), "AtoB"
    )


def test_levels_are_the_models_or_those_asked_for(halving, tmp_path):
  """The model halves [0, 1]; the pictures are of 16 bits with few levels."""
  ramp = np.linspace(1000, 3000, 256).reshape(16, 16, 1)
  (tmp_path / "in").mkdir()
  path = tmp_path / "in" / "a.png"
  path.write_bytes(color_files.png(ramp.round().astype(np.uint16)))
  described = tmp_path / "g_AB.tflite"
  levels = level_range.LevelRange(1000, 5000)
  description = tflite_edit.Description(*["x"] * 7, levels=levels)
  described.write_bytes(
    tflite_edit.with_metadata(pathlib.Path(halving).read_bytes(), description)
  )
  for model, option, low, high in (
    (described, "model", 1000, 5000),
    (described, "full", 0, 65535),
    (halving, "model", 0, 65535),
    (halving, "auto", 1000, 3000),
    (halving, "0,4000", 0, 4000),
  ):
    (written,) = translate_lib.translate_files(
      str(model), str(path), str(tmp_path / "o.png"), "AtoB", levels=option
    )
    want = (ramp - low) / (high - low) * 255 / 2
    got = image_files.read(written)
    assert np.abs(got - want).max() <= 1.5, option
  with pytest.raises(errors.UserError, match="--range=wide"):
    translate_lib.translate_files(
      halving, str(path), str(tmp_path / "o.png"), "AtoB", levels="wide"
    )


def test_large_photos_are_translated_at_their_size(halving, tmp_path):
  y, x = np.mgrid[:2100, :2200]
  image = np.stack([x / 9, y / 9, 255 - x / 9], -1).astype(np.uint8)
  path = str(tmp_path / "a.jpg")
  image_files.write(path, image)
  (written,) = translate_lib.translate_files(
    halving, path, str(tmp_path / "o.png"), "AtoB"
  )
  got = image_files.read(written)
  assert got.shape == image.shape
  # The model sees 16 pixels: in the middle a ramp is what it was.
  middle = slice(500, 1500)
  off = got[middle, middle].astype(float) - image[middle, middle] / 2
  assert np.abs(off).max() <= 4
  with pytest.raises(errors.UserError, match="--max_pixels=1000"):
    translate_lib.translate_files(
      halving, path, str(tmp_path / "o.png"), "AtoB", max_pixels=1000
    )


if __name__ == "__main__":
  conftest.main(__file__)
