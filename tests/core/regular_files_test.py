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
import socket

import pytest

from official.cyclegan.core import errors
from official.cyclegan.core import regular_files
from tests import conftest


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "link"])
def test_what_is_no_regular_file_is_refused_unopened(
  tmp_path, monkeypatch, kind
):
  path = tmp_path / "x.jpg"
  if kind == "socket":
    monkeypatch.chdir(tmp_path)  # sockets' paths must be short
    server = socket.socket(socket.AF_UNIX)
    server.bind(path.name)
    server.close()
  elif kind == "device":
    path = "/dev/zero"
  elif kind == "link":
    os.mkfifo(tmp_path / "y")
    path.symlink_to("y")
  else:
    os.mkfifo(path)
  assert regular_files.is_special(path)
  with pytest.raises(errors.UserError, match=f"--input: {path} is a pipe"):
    regular_files.check(path, "input")
  if kind != "device":
    with pytest.raises(errors.UserError, match="--model: .*/[xy].* is a pipe"):
      regular_files.check_folder(tmp_path, "model")


def test_files_folders_and_nothing_are_left_to_who_opens_them(tmp_path):
  (tmp_path / "below").mkdir()
  (tmp_path / "below" / "file").write_text("text")
  (tmp_path / "nowhere").symlink_to("missing")
  for path in (tmp_path, tmp_path / "below" / "file", tmp_path / "nowhere"):
    assert not regular_files.is_special(path)
    regular_files.check(path)
  assert not regular_files.is_special("a\0b")
  regular_files.check_folder(tmp_path, "model")
  regular_files.check_folder(tmp_path / "missing", "model")


if __name__ == "__main__":
  conftest.main(__file__)
