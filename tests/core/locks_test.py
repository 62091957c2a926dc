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
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from tests import conftest

# Holds a folder until its standard input is closed.
_HOLD = """
import sys
from official.cyclegan.core import locks
with locks.hold(sys.argv[1], "output_dir", replaces=sys.argv[2] == "True"):
  print("held", flush=True)
  sys.stdin.read()
"""


class _Holder:
  """Another process that holds a folder."""

  def __init__(self, folder, replaces=False):
    self.process = subprocess.Popen(
      [sys.executable, "-c", _HOLD, str(folder), str(replaces)],
      cwd=conftest.ROOT,
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
    )
    assert self.process.stdout.readline() == b"held\n"

  def __enter__(self):
    return self.process

  def __exit__(self, *_):
    self.process.kill()
    self.process.communicate()


def _held(folder, **options):
  with locks.hold(str(folder), "output_dir", **options):
    return os.listdir(folder.parent)


def _record(folder, **changes):
  """Writes the lock's file of a folder as another process would have."""
  values = {
    "command": "train",
    "host": "elsewhere",
    "pid": 7,
    "begun": "",
    "since": "2026-01-01 00:00:00",
    "replaces": False,
    **changes,
  }
  path = folder.with_name(f".{folder.name}.lock")
  path.write_text(json.dumps(values))
  return path


def test_of_two_processes_one_says_who_holds_the_folder(tmp_path):
  folder = tmp_path / "out"
  with _Holder(folder) as other:
    with pytest.raises(locks.InUseError) as caught:
      _held(folder)
    text = str(caught.value)
    assert text.startswith(f"--output_dir={folder} is in use: ")
    assert f"process {other.pid} on " in text and "\n" not in text
    assert locks.holder(str(folder)).pid == other.pid
    other.communicate()  # it ends by itself, and leaves nothing
    assert os.listdir(tmp_path) == []
  assert _held(folder) == [".out.lock"]
  assert os.listdir(tmp_path) == []


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
  with _Holder(tmp_path / "out"):
    pass
  assert os.listdir(tmp_path) == [".out.lock"]
  assert locks.holder(str(tmp_path / "out")) is None
  _held(tmp_path / "out")
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("spelled", ["out/", "link", "x/../out", "./out"])
def test_a_folder_is_held_however_it_is_spelled(tmp_path, spelled):
  (tmp_path / "out").mkdir()
  (tmp_path / "x").mkdir()
  (tmp_path / "link").symlink_to("out")
  with _Holder(tmp_path / "out"), pytest.raises(locks.InUseError):
    _held(tmp_path / spelled)


def test_the_folder_looks_empty_while_it_is_held(tmp_path):
  folder = tmp_path / "out"
  folder.mkdir()
  with locks.hold(str(folder), "output_dir"):
    assert os.listdir(folder) == []
    with locks.hold(str(folder), "output_dir"):  # by the same process
      pass
    assert locks.holder(str(folder)).pid == os.getpid()
  assert locks.holder(str(folder)) is None


def test_a_file_system_of_its_own_is_held_inside(tmp_path, monkeypatch):
  """Other machines may share it, but not what it is mounted in."""
  folder = tmp_path / "out"
  folder.mkdir()
  monkeypatch.setattr(os.path, "ismount", lambda path: path == str(folder))
  with locks.hold(str(folder), "output_dir"):
    assert os.listdir(folder) == [locks.INSIDE_NAME]
    assert os.listdir(tmp_path) == ["out"]
  assert os.listdir(folder) == []


def test_who_replaces_a_folder_keeps_others_out_of_what_is_in_it(tmp_path):
  outer, inner = tmp_path / "out", tmp_path / "out" / "evaluation"
  outer.mkdir()
  with _Holder(outer, replaces=True), pytest.raises(locks.InUseError):
    _held(inner)
  with _Holder(inner):
    with pytest.raises(locks.InUseError):
      _held(outer, replaces=True)
    _held(outer)  # who only adds files does not mind
  with _Holder(outer):
    _held(inner)


@pytest.mark.parametrize("alive", [True, False])
def test_without_flock_the_process_number_decides(tmp_path, monkeypatch, alive):
  monkeypatch.setattr(locks, "flock", lambda _: None)
  monkeypatch.setattr(locks, "_flock_shared", lambda _: None)
  monkeypatch.setattr(locks, "_SETTLE_SECONDS", 0.0)
  process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1)
  try:
    mine = locks._myself(False)
    begun = locks._begun(process.pid) if alive else "another's"
    left = _record(
      tmp_path / "out", host=mine.host, pid=process.pid, begun=begun
    )
    if alive:
      with pytest.raises(locks.InUseError, match=f"process {process.pid} on"):
        _held(tmp_path / "out")
      assert json.loads(left.read_text())["pid"] == process.pid
    else:  # the number has been given to another process since
      _held(tmp_path / "out")
      assert os.listdir(tmp_path) == []
  finally:
    process.communicate()


@pytest.mark.parametrize("alive", [True, False])
def test_the_lock_of_another_machine_counts_while_it_is_touched(
  tmp_path, monkeypatch, alive
):
  monkeypatch.setattr(locks, "_BEAT_SECONDS", 0.1)
  monkeypatch.setattr(locks, "_DEAD_SECONDS", 2.0 if alive else 0.2)
  left = _record(tmp_path / "out")
  done = threading.Event()

  def beat():
    while not done.wait(0.01):
      left.touch()

  thread = threading.Thread(target=beat)
  if alive:
    thread.start()
  try:
    if alive:
      with pytest.raises(locks.InUseError, match="process 7 on elsewhere"):
        _held(tmp_path / "out")
    else:
      _held(tmp_path / "out")
      assert os.listdir(tmp_path) == []
  finally:
    done.set()
    if alive:
      thread.join()


def test_a_holder_touches_its_lock(tmp_path, monkeypatch):
  monkeypatch.setattr(locks, "_BEAT_SECONDS", 0.01)
  with locks.hold(str(tmp_path / "out"), "output_dir"):
    path = tmp_path / ".out.lock"
    os.utime(path, (0, 0))
    deadline = time.monotonic() + 20
    while path.stat().st_mtime == 0 and time.monotonic() < deadline:
      time.sleep(0.01)
    assert path.stat().st_mtime > 0


@pytest.mark.parametrize("planted", ["link", "pipe", "blank", "torn"])
def test_what_is_planted_in_the_locks_place_does_no_harm(tmp_path, planted):
  place = tmp_path / ".out.lock"
  (tmp_path / "mine").write_text("kept")
  if planted == "link":
    place.symlink_to("mine")
  elif planted == "pipe":
    os.mkfifo(place)
  elif planted == "blank":  # as after a loss of power
    place.write_bytes(b"\0" * 90)
  else:
    place.write_text('{"command": "tra')
  _held(tmp_path / "out")
  assert os.listdir(tmp_path) == ["mine"]
  assert (tmp_path / "mine").read_text() == "kept"


@pytest.mark.parametrize(
  "text", [b"4711\n", b'{"pid": [', b"my notes", b"\xff\0", b"[]", bytes(9999)]
)
def test_a_file_of_somebodys_own_in_the_locks_place_is_kept(tmp_path, text):
  for folder, place in (
    (tmp_path / "out", tmp_path / ".out.lock"),
    (tmp_path / "in", tmp_path / "in" / locks.INSIDE_NAME),
  ):
    folder.mkdir()
    (tmp_path / ".in.lock").mkdir(exist_ok=True)  # no file can be made there
    place.write_bytes(text)
    with pytest.raises(errors.StorageError, match=str(place)) as caught:
      _held(folder)
    assert f"--output_dir={folder}: " in str(caught.value)
    assert "Rename it" in str(caught.value)
    assert place.read_bytes() == text


def test_names_of_any_length_can_be_held(tmp_path):
  for name in ("n" * 255, "é" * 127):
    (tmp_path / name).mkdir()
    _held(tmp_path / name)
    with files.replacing_folder(str(tmp_path / name), "output_dir") as made:
      assert len(os.path.basename(made)) < 256
  assert len(os.listdir(tmp_path)) == 2


if __name__ == "__main__":
  conftest.main(__file__)
