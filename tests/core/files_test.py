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
import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from official.cyclegan.core import errors
from official.cyclegan.core import files
from tests import conftest

# Replaces a folder over and over with one whose files all hold one number.
_FOREVER = """
import pathlib, sys
from official.cyclegan.core import files
for i in range(10**9):
  with files.replacing_folder(sys.argv[1], "output_dir") as made:
    for name in "abc":
      pathlib.Path(made, name).write_text(str(i))
    files.carry_over(sys.argv[1], made, ["mine"])
  print(i, flush=True)
"""


def _write(folder, **files):
  folder.mkdir(exist_ok=True)
  for name, text in files.items():
    (folder / name).write_text(text)


def _read(folder):
  return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture(params=["exchange", "two renames"])
def way(request, monkeypatch):
  """Linux's way, and that of other systems."""
  if request.param == "two renames":
    monkeypatch.setattr(files, "_exchange", lambda *_: False)


def test_replaces_as_a_whole(way, tmp_path):
  folder = tmp_path / "out"
  for text in ("old", "new"):
    with files.replacing_folder(str(folder), "output_dir") as made:
      with open(os.path.join(made, "a"), "w") as file:
        file.write(text)
      assert not folder.exists() or _read(folder) == {"a": "old"}
  assert _read(folder) == {"a": "new"}
  assert os.listdir(tmp_path) == ["out"]


def test_an_error_leaves_everything_as_it_was(way, tmp_path):
  _write(tmp_path / "out", a="old")
  with (
    pytest.raises(ZeroDivisionError),
    files.replacing_folder(str(tmp_path / "out"), "output_dir") as made,
  ):
    with open(os.path.join(made, "a"), "w") as file:
      file.write("half")
    _ = 1 / 0
  assert _read(tmp_path / "out") == {"a": "old"}
  assert os.listdir(tmp_path) == ["out"]


def test_carries_over_what_is_asked_for(way, tmp_path):
  folder = tmp_path / "out"
  _write(folder, a="old", mine="kept", gone="dropped")
  _write(folder / "deep", b="kept too")
  with files.replacing_folder(str(folder), "output_dir") as made:
    with open(os.path.join(made, "a"), "w") as file:
      file.write("new")
    files.carry_over(str(folder), made, ["a", "mine", "deep"])
  assert (folder / "deep" / "b").read_text() == "kept too"
  assert sorted(os.listdir(folder)) == ["a", "deep", "mine"]
  assert (folder / "a").read_text() == "new"


def test_what_was_left_half_done_is_mended(tmp_path):
  _write(tmp_path / ".out.previous", a="old")
  _write(tmp_path / ".out.partial_x1", a="half")
  with (
    pytest.raises(ZeroDivisionError),
    files.replacing_folder(str(tmp_path / "out"), "output_dir"),
  ):
    _ = 1 / 0
  assert os.listdir(tmp_path) == ["out"]
  assert _read(tmp_path / "out") == {"a": "old"}


def test_a_file_is_refused(tmp_path):
  (tmp_path / "out").write_text("mine")
  with (
    pytest.raises(errors.UserError, match="--output_dir="),
    files.replacing_folder(str(tmp_path / "out"), "output_dir"),
  ):
    pass
  assert (tmp_path / "out").read_text() == "mine"


def test_killed_at_any_moment_old_or_new_is_whole(tmp_path):
  rng = random.Random(1)
  folder = tmp_path / "out"
  _write(folder, mine="kept")
  for _ in range(8):
    process = subprocess.Popen(
      [sys.executable, "-c", _FOREVER, str(folder)],
      cwd=conftest.ROOT,
      stdout=subprocess.PIPE,
    )
    process.stdout.readline()  # it has begun
    time.sleep(rng.uniform(0, 0.05))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = _read(folder)
    assert left.pop("mine") == "kept"
    assert sorted(left) == ["a", "b", "c"] and len(set(left.values())) == 1


def test_total_size_counts_files_only(tmp_path):
  (tmp_path / "below" / "empty").mkdir(parents=True)
  (tmp_path / "a").write_bytes(b"12345")
  (tmp_path / "below" / "b").write_bytes(b"678")
  assert files.total_size(tmp_path) == 8


def test_json_keeps_letters_only_where_that_is_asked_for(tmp_path):
  values = {"dataset": "Äpfel"}
  for ensure_ascii in (True, False):
    files.write_json(tmp_path / "a.json", values, "output_dir", ensure_ascii)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert ("Ä" in text) != ensure_ascii and text.endswith("}\n")
    assert files.read_json(tmp_path / "a.json", "Remove it.") == values


@pytest.mark.parametrize(
  ("text", "word"),
  [
    (b"", "not valid JSON"),
    (b"\xff{}", "not valid JSON"),
    (b"{", "not valid JSON"),
    (b"[" * 100_000, "not valid JSON"),
    (b"9" * 5000, "not valid JSON"),
    (b"[]", "is damaged"),
    (b"null", "is damaged"),
    (b"{}", "is damaged"),
    (b'{"size": "4", "name": "x"}', "is damaged"),
    (b'{"size": true, "name": "x"}', "is damaged"),
    (b'{"size": 1%s, "name": "x"}' % (b"0" * 400), "is damaged"),
    (b'{"size": 4, "name": []}', "is damaged"),
  ],
)
def test_json_of_another_shape_is_refused_with_file_and_remedy(
  text, word, tmp_path
):
  def convert(values):
    values = files.object_of(values)
    return files.number(values["size"]), files.text(values["name"])

  path = tmp_path / "a.json"
  path.write_bytes(text)
  if word == "not valid JSON" and text.startswith(b"9"):
    word = ""  # a number for some Pythons
  with pytest.raises(errors.UserError) as error:
    files.read_json(path, "Make it again.", convert)
  assert str(error.value).startswith(str(path)) and word in str(error.value)
  assert str(error.value).endswith(" Make it again.")
  path.write_bytes(b'{"size": 4, "name": "x"}')
  assert files.read_json(path, "Make it again.", convert) == (4, "x")


def test_sha256_is_that_of_the_whole_file(tmp_path):
  contents = b"cyclegan" * 300_000  # more than is read at a time
  (tmp_path / "file").write_bytes(contents)
  want = hashlib.sha256(contents).hexdigest()
  assert files.sha256(tmp_path / "file") == want


if __name__ == "__main__":
  conftest.main(__file__)
