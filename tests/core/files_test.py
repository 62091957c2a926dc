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
import errno
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import stat
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
  _write(tmp_path / ".out.cyclegan-previous", a="old")
  _write(tmp_path / ".out.cyclegan-partial_x1_abcde", a="half")
  with (
    pytest.raises(ZeroDivisionError),
    files.replacing_folder(str(tmp_path / "out"), "output_dir"),
  ):
    _ = 1 / 0
  assert os.listdir(tmp_path) == ["out"]
  assert _read(tmp_path / "out") == {"a": "old"}


def test_only_what_it_made_itself_is_removed(tmp_path):
  own = ".out.cyclegan-partial_"
  for name in (
    f"{own}notes",
    own,
    f"{own.replace('out', 'outx')}12345678",
    ".out.partial_abcdefgh",
    ".out.previous",
    "out.partial",
  ):
    _write(tmp_path / name, mine="kept")
  (tmp_path / f"{own}abcdefgh").symlink_to(f"{own}notes")
  before = sorted(os.listdir(tmp_path))
  with files.replacing_folder(str(tmp_path / "out"), "output_dir"):
    pass
  assert sorted(os.listdir(tmp_path)) == sorted([*before, "out"])
  assert (tmp_path / f"{own}notes" / "mine").read_text() == "kept"


@pytest.mark.parametrize("mode", [0o700, 0o2775, 0o755, 0o1777])
def test_a_replaced_folder_keeps_its_mode_and_owner(way, tmp_path, mode):
  folder = tmp_path / "out"
  _write(folder, a="old", mine="kept")
  _write(folder / "deep", b="kept too")
  owned = True
  for path in (folder, folder / "deep"):
    try:
      os.chown(path, 12345, 54321)
    except OSError:  # not root, or not of this user in a sandbox
      owned = False
    path.chmod(mode)
  with files.replacing_folder(str(folder), "output_dir") as made:
    files.carry_over(str(folder), made, ["mine", "deep"])
  for path in (folder, folder / "deep"):
    found = path.stat()
    assert stat.S_IMODE(found.st_mode) == mode
    if owned:
      assert (found.st_uid, found.st_gid) == (12345, 54321)


@pytest.mark.parametrize("where", [".", "out", "deep"])
def test_the_current_folder_is_not_replaced(tmp_path, monkeypatch, where):
  folder = tmp_path / "out"
  _write(folder, mine="kept")
  _write(folder / "deep", b="kept too")
  monkeypatch.chdir(folder / "deep" if where == "deep" else folder)
  given = "." if where == "." else str(folder)
  with (
    pytest.raises(errors.UserError, match="current folder"),
    files.replacing_folder(given, "output_dir"),
  ):
    pytest.fail("It must be refused before the work.")
  assert (folder / "mine").read_text() == "kept" and os.path.isdir(os.curdir)
  assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("mounted", ["out", "out/deep/er"])
def test_no_other_file_system_is_replaced_or_emptied(
  tmp_path, monkeypatch, mounted
):
  folder = tmp_path / "out"
  (folder / "deep" / "er").mkdir(parents=True)
  (folder / "deep" / "er" / "mine").write_text("kept")
  point = str(tmp_path / mounted)
  monkeypatch.setattr(
    files, "_mounted", lambda path: point if files._lies_in(point, path) else ""
  )
  with (
    pytest.raises(errors.UserError, match=f"{point}.* mount point"),
    files.replacing_folder(str(folder), "output_dir"),
  ):
    pytest.fail("It must be refused before the work.")
  with pytest.raises(OSError, match="mounted there"):
    files.remove(folder)
  assert (folder / "deep" / "er" / "mine").read_text() == "kept"


def test_file_systems_are_found():
  assert files._mounted("/") == "/"
  assert files._mounted("/proc") == "/proc"
  assert not files._mounted(str(conftest.ROOT / "official"))


def test_another_users_folder_is_not_taken_over(tmp_path, monkeypatch):
  (tmp_path / "out").mkdir()
  monkeypatch.setattr(os, "geteuid", lambda: os.stat(tmp_path).st_uid + 1)
  with (
    pytest.raises(errors.UserError, match="another user"),
    files.replacing_folder(str(tmp_path / "out"), "output_dir"),
  ):
    pass


def test_a_replacement_that_fails_puts_the_old_folder_back(
  tmp_path, monkeypatch
):
  monkeypatch.setattr(files, "_exchange", lambda *_: False)
  folder = tmp_path / "out"
  _write(folder, a="old")
  rename = os.rename

  def fails(old, new):
    if new == str(folder) and ".cyclegan-partial_" in old:
      raise OSError(errno.EIO, "Input/output error")
    rename(old, new)

  monkeypatch.setattr(os, "rename", fails)
  with (
    pytest.raises(errors.StorageError, match="cannot be replaced"),
    files.replacing_folder(str(folder), "output_dir") as made,
  ):
    open(os.path.join(made, "a"), "w").close()
  assert _read(folder) == {"a": "old"} and os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
  "planted", ["link", "hard link", "pipe", "own", "none"]
)
def test_partial_files_follow_nothing_that_is_planted(tmp_path, planted):
  partial = tmp_path / "a.json.cyclegan-partial"
  (tmp_path / "target").write_text("kept")
  if planted == "link":
    partial.symlink_to("target")
  elif planted == "hard link":
    os.link(tmp_path / "target", partial)
  elif planted == "pipe":
    os.mkfifo(partial)
  elif planted == "own":  # of a process that was killed
    partial.write_text("half of something that was longer")
  files.write_json(tmp_path / "a.json", [1], "output_dir")
  assert (tmp_path / "target").read_text() == "kept"
  assert sorted(os.listdir(tmp_path)) == ["a.json", "target"]
  assert files.read_json(tmp_path / "a.json", "") == [1]


@pytest.mark.parametrize("ending", [".partial", ".tmp", ".part", "~", ".bak"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_others_call_partial_is_left_alone(tmp_path, ending, kind):
  theirs = tmp_path / f"a.json{ending}"
  if kind == "folder":
    _write(theirs, mine="kept")
  else:
    theirs.write_text("kept")
  files.write_json(tmp_path / "a.json", [1], "output_dir")
  with files.replacing_folder(str(tmp_path / "a"), "output_dir"):
    pass
  kept = theirs / "mine" if kind == "folder" else theirs
  assert kept.read_text() == "kept"
  assert sorted(os.listdir(tmp_path)) == sorted(["a", "a.json", theirs.name])


@pytest.mark.parametrize("name", ["a.json", "a.json.cyclegan-partial"])
def test_a_folder_in_a_files_place_is_named_with_the_remedy(tmp_path, name):
  _write(tmp_path / name, mine="kept")
  remedy = re.escape(f"Rename or remove the folder {tmp_path / name}")
  with pytest.raises(errors.StorageError, match=remedy):
    files.write_text(tmp_path / "a.json", "text", "output_dir")
  with (
    pytest.raises(errors.StorageError, match=remedy),
    files.writing(tmp_path / "a.json"),
  ):
    pass
  assert _read(tmp_path / name) == {"mine": "kept"}


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "link"])
def test_nothing_is_written_to_or_put_in_place_of_what_is_no_file(
  tmp_path, monkeypatch, kind
):
  path = tmp_path / "out"
  monkeypatch.chdir(tmp_path)  # sockets' paths must be short
  if kind == "pipe":
    os.mkfifo(path)
  elif kind == "socket":
    with socket.socket(socket.AF_UNIX) as made:
      made.bind(path.name)
  elif kind == "link":
    path.symlink_to("/dev/null")
  else:
    path = pathlib.Path("/dev/full")
  before = os.lstat(path)
  for write in (
    lambda: files.write_text(path, "text", "output"),
    lambda: files.writing(path).__enter__(),
    lambda: files.make_folder(str(path), "output_dir"),
    lambda: files.replacing_folder(str(path), "output_dir").__enter__(),
  ):
    with pytest.raises(errors.UserError, match="a device.*another path"):
      write()
  now = os.lstat(path)
  assert (now.st_ino, now.st_mode) == (before.st_ino, before.st_mode)
  assert kind == "device" or os.listdir(tmp_path) == ["out"]


def test_partial_files_do_not_keep_a_full_disk_full(tmp_path, monkeypatch):
  def full(path, *_, **__):
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")

  (tmp_path / "a.json").write_text("old")
  monkeypatch.setattr(pathlib.Path, "write_text", full)
  with pytest.raises(errors.StorageError, match="No space left") as caught:
    files.write_json(tmp_path / "a.json", [1], "output_dir")
  assert files.is_full(caught.value)
  with pytest.raises(ZeroDivisionError), files.writing(tmp_path / "b") as name:
    _ = pathlib.Path(name).write_bytes(b"half") / 0
  assert os.listdir(tmp_path) == ["a.json"]
  assert (tmp_path / "a.json").read_text() == "old"


def test_two_that_write_one_file_do_not_mix(tmp_path):
  with (
    files.writing(tmp_path / "a") as name,
    pytest.raises(errors.StorageError, match="another process is writing it"),
  ):
    pathlib.Path(name).write_text("first")
    files.write_text(tmp_path / "a", "second", "output_dir")
  assert _read(tmp_path) == {"a": "first"}


def test_a_replaced_file_keeps_its_mode(tmp_path):
  (tmp_path / "a").write_text("old")
  (tmp_path / "a").chmod(0o600)
  files.write_text(tmp_path / "a", "new", "output_dir")
  assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_names_of_any_length_are_written(tmp_path):
  for name in ("n" * 255, "é" * 127):
    files.write_text(tmp_path / name, "text", "output_dir")
    assert (tmp_path / name).read_text() == "text"
  assert len(os.listdir(tmp_path)) == 2


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path):
  _write(tmp_path / "folder", mine="kept")
  (tmp_path / "link").symlink_to("folder")
  for name in ("link", "nothing"):
    files.remove(tmp_path / name)
  assert os.listdir(tmp_path) == ["folder"]
  assert _read(tmp_path / "folder") == {"mine": "kept"}
  files.remove(tmp_path / "folder")
  assert os.listdir(tmp_path) == []


def test_a_temporary_folder_is_gone_or_told_of(monkeypatch, caplog):
  with files.temporary_folder() as folder:
    pathlib.Path(folder, "file").write_text("x")
  assert not os.path.exists(folder)
  unlink, count = os.unlink, 0

  def fails_once(*args, **kwargs):
    nonlocal count
    count += 1
    if count == 1:
      raise OSError(errno.EIO, os.strerror(errno.EIO))
    unlink(*args, **kwargs)

  with files.temporary_folder() as folder:
    pathlib.Path(folder, "file").write_text("x")
    monkeypatch.setattr(os, "unlink", fails_once)
  assert count == 2 and not os.path.exists(folder) and not caplog.text
  count = -1  # an interruption is one that goes on

  def interrupts_once(*args, **kwargs):
    nonlocal count
    count += 1
    if not count:
      raise KeyboardInterrupt
    unlink(*args, **kwargs)

  monkeypatch.setattr(os, "unlink", interrupts_once)
  with pytest.raises(KeyboardInterrupt), files.temporary_folder() as folder:
    pathlib.Path(folder, "file").write_text("x")
  assert not os.path.exists(folder)
  monkeypatch.setattr(shutil, "rmtree", unlink)  # which takes no folders
  with files.temporary_folder() as folder:
    pass
  assert f"{folder} is left behind" in caplog.text


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


def test_a_pipe_is_not_read_as_json(tmp_path):
  os.mkfifo(tmp_path / "x.json")
  with pytest.raises(errors.UserError, match="x.json is a pipe"):
    files.read_json(tmp_path / "x.json", "Begin anew.")


if __name__ == "__main__":
  conftest.main(__file__)
