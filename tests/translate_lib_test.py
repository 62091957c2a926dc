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
import shutil

import pytest

from official.cyclegan import translate_lib
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
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


if __name__ == "__main__":
  conftest.main(__file__)
