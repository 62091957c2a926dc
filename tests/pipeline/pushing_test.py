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
"""Tests of putting models into use."""

import json

import pytest

from official.cyclegan.pipeline import pushing
from tests import conftest


@pytest.fixture
def export(tmp_path):
  folder = tmp_path / "export"
  for name in ("g_AB/saved_model.pb", "g_AB.tflite", "web/index.html"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(name)
  return folder


def test_all_is_there_and_the_same_model_is_pushed_once(tmp_path, export):
  target = tmp_path / "pushed"
  assert pushing.current(str(target)) is None
  first = pushing.push(str(export), str(target), "model 1")
  assert first["version"] == 1 and pushing.current(str(target)) == first
  assert (target / "1" / "web" / "index.html").exists()
  assert (target / "serving" / "g_AB" / "1" / "saved_model.pb").exists()
  assert pushing.push(str(export), str(target), "model 1") == first
  second = pushing.push(str(export), str(target), "model 2")
  assert second["version"] == 2 and pushing.current(str(target)) == second
  assert sorted(p.name for p in target.glob("[0-9]*")) == ["1", "2"]
  # What was in use before may come back; servers take the highest number.
  again = pushing.push(str(export), str(target), "model 1")
  assert again["version"] == 3 and pushing.current(str(target)) == again


def test_what_a_killed_start_put_there_is_taken(tmp_path, export):
  target = tmp_path / "pushed"
  first = pushing.push(str(export), str(target), "model 1")
  (target / "current.json").unlink()  # killed before it was written
  assert pushing.push(str(export), str(target), "model 1")["version"] == 1
  assert [p.name for p in target.glob("[0-9]*")] == ["1"]
  (target / "current.json").write_text("{")
  assert pushing.current(str(target)) is None
  assert pushing.push(str(export), str(target), first["model"])["version"] == 1


def test_an_editor_of_what_is_pushed_does_not_change_the_artifact(
  tmp_path, export
):
  target = tmp_path / "pushed"
  pushing.push(str(export), str(target), "model 1")
  with (target / "1" / "g_AB.tflite").open("a") as file:
    file.write("more")
  assert (export / "g_AB.tflite").read_text() == "g_AB.tflite"
  told = json.loads((target / "1" / "pushed.json").read_text())
  assert told["model"] == "model 1"


if __name__ == "__main__":
  conftest.main(__file__)
