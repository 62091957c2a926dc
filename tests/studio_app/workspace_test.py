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

from official.cyclegan.data import image_files
from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import workspace
from tests import conftest


@pytest.fixture
def space(tmp_path):
  return workspace.Workspace(str(tmp_path / "root"))


def _picture(path):
  path.parent.mkdir(parents=True, exist_ok=True)
  image_files.write(str(path), np.zeros((8, 8, 3), np.uint8))


def test_projects_are_found_again(space):
  made = [space.create(title) for title in ("a/b: <c>", "a b c", "a b c")]
  assert [project.name for project in made] == ["a b_ _c", "a b c", "a b c 2"]
  again = workspace.Workspace(str(space.root))
  assert {p.name for p in again.projects()} == {p.name for p in made}
  assert again.project("a b_ _c").record["title"] == "a/b: <c>"
  made[0].note(kind="whole")
  assert again.project("a b_ _c").record["kind"] == "whole"


def test_a_damaged_record_hides_nothing_else(space):
  space.create("good")
  bad = space.create("bad")
  (bad.path / workspace.RECORD_NAME).write_text("{half")
  assert {p.name for p in space.projects()} == {"good", "bad"}
  assert bad.record == {}


def test_chosen_folders_stay_where_they_are(space):
  _picture(space.root / "mine" / "a" / "deep" / "0.png")
  _picture(space.root / "mine" / "b" / "0.png")
  project = space.create("x", ("mine/a", "mine/b"))
  assert project.source("a") == space.root / "mine" / "a"
  assert project.pictures("a") == ["deep/0.png"]
  for pair in (("mine", "mine/b"), ("mine/b", "mine"), ("mine/a", "mine/a")):
    with pytest.raises(refusals.Refused, match="lie apart"):
      space.create("y", pair)


@pytest.mark.parametrize(
  "below", ["..", "a/..", "/", "/etc", "a//b", "a/./b", "a\\b", "a\0", "link"]
)
def test_nothing_outside_is_reached(space, tmp_path, below):
  (space.root / "a" / "b").mkdir(parents=True)
  (tmp_path / "elsewhere").mkdir()
  (space.root / "link").symlink_to(tmp_path / "elsewhere")
  with pytest.raises(refusals.Refused):
    workspace.inside(space.root, below)
  assert workspace.inside(space.root, "a/b") == space.root / "a" / "b"


@pytest.mark.parametrize("kind", ["a", workspace.RUNS, workspace.JOBS])
def test_a_link_in_a_projects_place_is_not_followed(space, tmp_path, kind):
  project = space.create("x")
  place = project.path / kind
  if place.exists():
    place.rmdir()
  (tmp_path / "elsewhere" / "1").mkdir(parents=True)
  place.symlink_to(tmp_path / "elsewhere")
  with pytest.raises(refusals.Refused, match="link"):
    project.folder(kind)
  with pytest.raises(refusals.Refused):
    project.thing(kind, "1")


def test_things_are_numbered_and_listed_in_their_order(space):
  project = space.create("x")
  for want in ("1", "2"):
    path = project.new(workspace.RUNS)
    assert path.name == want
    path.mkdir()
  for name in ("10", "named", ".hidden"):
    (project.path / workspace.RUNS / name).mkdir()
  # What a command has begun in another name is taken as well.
  (project.path / workspace.RUNS / ".3.lock").touch()
  assert project.new(workspace.RUNS).name == "4"
  assert project.things(workspace.RUNS) == ["1", "2", "10", "named"]


if __name__ == "__main__":
  conftest.main(__file__)
