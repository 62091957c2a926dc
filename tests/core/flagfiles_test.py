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

import pytest

from official.cyclegan.core import errors
from official.cyclegan.core import flagfiles
from tests import conftest


def _write(path, *lines):
  path.write_text("".join(f"{line}\n" for line in lines))
  return f"--flagfile={path}"


@pytest.fixture(params=["=", " ", "-", "~"])
def spelled(request, monkeypatch):
  """Ways to write the flag."""

  def arguments(path):
    if request.param == "~":
      monkeypatch.setenv("HOME", str(path.parent))
      return [f"--flagfile=~/{path.name}"]
    if request.param == " ":
      return ["--flagfile", str(path)]
    return [f"-{'-' * (request.param == '=')}flagfile={path}"]

  return arguments


def test_lines_come_in_the_files_place(tmp_path, spelled):
  inner = _write(tmp_path / "inner", "--c=3", "", "# no", "// no", "  --d=4 ")
  _write(tmp_path / "outer", "--b=2", inner, "--e=é")
  given = ["--a=1", *spelled(tmp_path / "outer"), "--f=6"]
  want = ["--a=1", "--b=2", "--c=3", "--d=4", "--e=é", "--f=6"]
  assert flagfiles.expanded(given, False) == want


def test_only_flags_are_read(tmp_path):
  named = _write(tmp_path / "x", "--a=1")
  assert flagfiles.expanded(["--", named], True) == ["--", named]
  assert flagfiles.expanded(["x", named], False) == ["x", named]
  assert flagfiles.expanded(["x", named], True) == ["x", "--a=1"]
  assert flagfiles.expanded(["--flagfile="], True) == []
  assert flagfiles.expanded(["--flagfile"], True) == ["--flagfile"]


def test_one_file_can_be_included_twice(tmp_path):
  inner = _write(tmp_path / "inner", "--c=3")
  outer = _write(tmp_path / "outer", inner, inner)
  assert flagfiles.expanded([outer], False) == ["--c=3", "--c=3"]


@pytest.mark.parametrize("way", ["itself", "another", "link"])
def test_a_file_that_includes_itself_is_refused(tmp_path, way):
  path, other = tmp_path / "x", tmp_path / "y"
  if way == "itself":
    given = _write(path, f"--flagfile={path}")
  elif way == "another":
    given = _write(path, f"-flagfile={other}")
    _write(other, "--a=1", given)
  else:
    other.symlink_to(path)
    given = _write(path, f"--flagfile={other}")
  with pytest.raises(errors.UserError, match="--flagfile=.*includes itself"):
    flagfiles.expanded([given], False)


def test_inclusions_that_multiply_are_refused(tmp_path):
  given = _write(tmp_path / "0", "--a=1")
  for i in range(1, 40):
    given = _write(tmp_path / str(i), given, given)
  with pytest.raises(errors.UserError, match="more than 10,000 lines"):
    flagfiles.expanded([given], False)


@pytest.mark.parametrize(
  "content", [b"--a=\xff\n", b"\x00\xe9", b"--a=1\n" * 200_000]
)
def test_what_is_no_file_of_flags_is_named_with_the_flag(tmp_path, content):
  path = tmp_path / "x.flags"
  path.write_bytes(content)
  for given in (
    [f"--flagfile={path}"],
    [_write(tmp_path / "y", f"-flagfile={path}")],
  ):
    with pytest.raises(errors.UserError) as error:
      flagfiles.expanded(given, False)
    assert "--flagfile" in str(error.value) and str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["pipe", "device", "missing", "folder", "nul"])
def test_what_is_no_file_is_not_opened(tmp_path, kind):
  path = str(tmp_path / "x")
  if kind == "pipe":
    os.mkfifo(path)
  elif kind == "folder":
    os.mkdir(path)
  elif kind == "nul":
    path += "\0"
  elif kind == "device":
    path = "/dev/zero"
  with pytest.raises(errors.UserError) as error:
    flagfiles.expanded([f"--flagfile={path}"], False)
  assert "--flagfile" in str(error.value) and path in str(error.value)


def test_a_shells_pipe_is_read_if_it_ends(tmp_path):
  for text, fine in ((b"--a=1\n", True), (b"--a=1\n" * 200_000, False)):
    (tmp_path / "text").write_bytes(text)
    with open(tmp_path / "text", "rb") as file:
      given = [f"--flagfile=/dev/fd/{file.fileno()}"]
      if fine:
        assert flagfiles.expanded(given, False) == ["--a=1"]
      else:
        with pytest.raises(errors.UserError, match="more than 1,048,576 bytes"):
          flagfiles.expanded(given, False)
  with open("/dev/zero", "rb") as endless:
    given = [f"--flagfile=/dev/fd/{endless.fileno()}"]
    with pytest.raises(errors.UserError, match="more than 1,048,576 bytes"):
      flagfiles.expanded(given, False)


if __name__ == "__main__":
  conftest.main(__file__)
