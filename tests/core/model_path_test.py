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
import re

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import model_path
from tests import conftest


def _touch(*paths):
  for path in paths:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def test_run(tmp_path):
  config_file.save(config_checks.resolve(config_lib.Config()), str(tmp_path))
  # Also where exports lie in the run's own folder.
  _touch(tmp_path / "g_AB.tflite", tmp_path / "export.json")
  found = model_path.locate(str(tmp_path))
  assert found.kind is model_path.Kind.RUN
  assert found.path == str(tmp_path)
  assert (found.exported, found.report) == ({}, "")


def test_export(tmp_path):
  _touch(
    tmp_path / "g_AB" / "saved_model.pb",
    tmp_path / "g_AB_dynamic.tflite",
    tmp_path / "g_AB.tflite",
    tmp_path / "g_BA_float16.tflite",
    tmp_path / "another.tflite",
    tmp_path / "export.json",
  )
  found = model_path.locate(f"{tmp_path}/")
  assert found.kind is model_path.Kind.EXPORT
  names = {
    direction: [os.path.basename(path) for path in paths]
    for direction, paths in found.exported.items()
  }
  assert names == {
    "AtoB": ["g_AB", "g_AB.tflite", "g_AB_dynamic.tflite"],
    "BtoA": ["g_BA_float16.tflite"],
  }
  assert list(found.exported) == ["AtoB", "BtoA"]
  assert [os.path.basename(path) for path in found.tflite_files] == [
    "another.tflite",
    "g_AB.tflite",
    "g_AB_dynamic.tflite",
    "g_BA_float16.tflite",
  ]
  assert os.path.samefile(found.report, tmp_path / "export.json")


@pytest.mark.parametrize("name", ["g_BA", "g_BA/"])
def test_saved_model_and_the_one_beside_it(tmp_path, name):
  _touch(tmp_path / "g_BA" / "saved_model.pb", tmp_path / "export.json")
  path = f"{tmp_path}/{name}"
  found = model_path.locate(path)
  assert found.kind is model_path.Kind.SAVED_MODEL
  assert found.exported == {"BtoA": (path,)}
  assert found.report == str(tmp_path / "export.json")
  _touch(tmp_path / "g_AB" / "saved_model.pb")
  found = model_path.locate(path)
  assert found.exported == {"AtoB": (f"{tmp_path}/g_AB",), "BtoA": (path,)}
  assert list(found.exported) == ["AtoB", "BtoA"]


def test_file_and_the_one_beside_it(tmp_path):
  path = tmp_path / "g_AB_int8.tflite"
  _touch(path, tmp_path / "g_BA.tflite")
  found = model_path.locate(str(path))
  assert found.kind is model_path.Kind.TFLITE
  assert found.exported == {"AtoB": (str(path),)}
  assert found.tflite_files == (str(path),) and found.report == ""
  _touch(tmp_path / "g_BA_int8.tflite")
  found = model_path.locate(str(path))
  assert found.exported["BtoA"] == (str(tmp_path / "g_BA_int8.tflite"),)


@pytest.mark.parametrize("name", ["zebra.tflite", "zebra"])
def test_other_names_do_not_tell_the_direction(tmp_path, name):
  file = name if name.endswith(".tflite") else f"{name}/saved_model.pb"
  _touch(tmp_path / file)
  found = model_path.locate(str(tmp_path / name))
  assert found.kind in (model_path.Kind.TFLITE, model_path.Kind.SAVED_MODEL)
  assert found.exported == {}


def test_folder_of_renamed_files(tmp_path):
  _touch(tmp_path / "zebra.tflite")
  found = model_path.locate(str(tmp_path))
  assert found.kind is model_path.Kind.EXPORT and found.exported == {}
  assert found.tflite_files == (str(tmp_path / "zebra.tflite"),)


def test_what_is_not_a_model_is_refused(tmp_path):
  with pytest.raises(errors.UserError) as error:
    model_path.locate(str(tmp_path))
  assert str(error.value).startswith(f"--model={tmp_path} is not a model. Give")
  gone = str(tmp_path / "gone")
  with (
    pytest.raises(
      errors.UserError, match=f"--model_dir={re.escape(gone)} does not exist"
    ),
    errors.given_as(model="model_dir"),
  ):
    model_path.locate(gone)


@pytest.mark.parametrize("kind", ["checkpoints", "checkpoints_best"])
def test_checkpoints_without_a_configuration_are_not_passed_over(
  tmp_path, kind
):
  (tmp_path / kind).mkdir()
  (tmp_path / kind / "ckpt-notes.index").touch()
  model_path.require_config(str(tmp_path), "model_dir")
  model_path.require_config(str(tmp_path / "none"), "model_dir")
  (tmp_path / kind / "ckpt-12.index").touch()
  for look in (
    lambda folder: model_path.require_config(folder, "model"),
    model_path.locate,
  ):
    with pytest.raises(errors.UserError) as error:
      look(str(tmp_path))
    text = str(error.value)
    assert text.startswith(f"--model={tmp_path} holds checkpoints (in {kind})")
    assert f"--dry_run > {tmp_path / 'config.json'}" in text
  (tmp_path / "config.json").touch()
  model_path.require_config(str(tmp_path), "model_dir")


@pytest.mark.parametrize(
  ("model", "folder"),
  [
    ("runs/a", "runs/a/evaluation"),
    ("runs/a/export/", "runs/a/export/evaluation"),
    ("runs/a/export/g_AB", "runs/a/export/evaluation_g_AB"),
    ("runs/a/export/g_AB.tflite", "runs/a/export/evaluation_g_AB_tflite"),
  ],
)
def test_evaluations_go_beside_the_model(model, folder):
  assert model_path.evaluation_folder(model) == folder


if __name__ == "__main__":
  conftest.main(__file__)
