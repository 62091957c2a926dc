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
import pytest

from official.cyclegan.reporting import shared_paths
from tests import conftest


@pytest.mark.parametrize(
  ("path", "shown"),
  [
    ("/work/runs/a", "."),
    ("/work/runs/a/", "."),
    ("/work/runs/a/samples/1.png", "samples/1.png"),
    ("/work/runs", ".."),
    ("/work/runs/b/export", "../b/export"),
    ("/work/runsb/x", "runsb/x"),
    ("/work/data/fruits/trainA", "fruits/trainA"),
    ("/home/ann/fruits", "fruits"),
    ("/home/ann lee/my pictures/fruits", "my pictures/fruits"),
    ("/home/ann", "home"),
    ("/Users/ann/fruits", "fruits"),
    ("/root/fruits", "fruits"),
    ("C:\\Users\\ann\\my\\fruits", "my/fruits"),
    ("/fruits", "fruits"),
    ("runs/a", "runs/a"),
    ("../fruits", "../fruits"),
    ("gs://bucket/a/b/c", "gs://bucket/a/b/c"),
    ("horse2zebra", "horse2zebra"),
    ("", ""),
  ],
)
def test_a_path_is_seen_from_the_folder_or_its_end(path, shown):
  assert shared_paths.short(path, "/work/runs/a") == shown
  if "/" not in shown and not shown.startswith("."):
    assert shared_paths.short(path) == shown


@pytest.mark.parametrize(
  ("text", "shown"),
  [
    (
      "--dataset=/home/ann/pics/fruits does not exist.",
      "--dataset=pics/fruits does not exist.",
    ),
    ("Written to /work/runs/a/export.", "Written to export."),
    ("(/data/x/y, '/data/x/z')", "(x/y, 'x/z')"),
    ("/mnt/my disk/a b and /data/x/y", "my disk/a b and x/y"),
    ("the place /mnt/my disk/a b.", "the place my disk/a b."),
    ("C:\\Users\\ann\\pics\\a is gone", "pics/a is gone"),
    (
      "https://example.org/a/b, gs://bucket/a/b, and/or 3/4, A / B, ../a/b",
      None,
    ),
    ("/physical_device:GPU:0", None),
    ("<b>/</b> text/html", None),
  ],
)
def test_paths_in_a_text_are_short_and_nothing_else_is(text, shown):
  known = ["/mnt/my disk/a b", "relative/x", ""]
  found = shared_paths.without(text, "/work/runs/a", known)
  assert found == (text if shown is None else shown)
  assert shared_paths.without(found, "/work/runs/a", known) == found


def test_blanks_in_the_names_of_folders_do_not_matter(monkeypatch, tmp_path):
  home = tmp_path / "ann lee"
  monkeypatch.setenv("HOME", str(home))
  folder = str(home / "my runs" / "a")
  for path, shown in (
    (home / "my runs" / "b" / "x", "../b/x"),
    (home / "pictures" / "fruits", "pictures/fruits"),
    (home / "my runs" / "a" / "samples" / "1.png", "samples/1.png"),
  ):
    found = shared_paths.without(f"{path} is gone", folder, [folder])
    assert found == f"{shown} is gone"


if __name__ == "__main__":
  conftest.main(__file__)
