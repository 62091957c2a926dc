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
"""The shell scripts: quickstart.sh and the environments env.sh makes."""

import pathlib
import subprocess

import pytest

from tests import conftest

_TOOLS = conftest.ROOT / "tools"


@pytest.mark.parametrize(
  ("arguments", "word"),
  [(["--dataset=mine"], "known truth"), (["fast"], "unexpected argument fast")],
)
def test_quickstart_refuses_what_it_cannot_do(arguments, word):
  result = subprocess.run(
    ["bash", str(_TOOLS / "quickstart.sh"), *arguments],
    capture_output=True,
    text=True,
    check=False,
  )
  conftest.assert_refused(result, word)


def _fake_python(folder: pathlib.Path, version: str) -> None:
  """Puts interpreters on a PATH that say they are of another version."""
  for name in ("python3", "python3.9", "python3.10", "python3.11"):
    path = folder / name
    path.write_text(
      f'#!/bin/sh\n[ "$1" = --version ] || exit 1\necho {version}\n'
    )
    path.chmod(0o755)


def _refused_environment(folder: pathlib.Path, before: str = ":") -> str:
  """Makes an environment with a folder first on the PATH; returns the error."""
  script = f"PATH={folder}:$PATH; source tools/env.sh; {before}"
  script += f"; make_env {folder}/env package"
  result = subprocess.run(
    ["bash", "-c", script],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert result.returncode == 2
  assert result.stderr.count("\n") == 1
  assert not (folder / "env").exists()
  return result.stderr


def test_wrong_python_is_one_line(tmp_path):
  _fake_python(tmp_path, "Python 3.14.0")
  # Those of the machine itself, which are not looked for on the PATH only.
  message = _refused_environment(tmp_path, "python_version() { echo 3.14; }")
  assert "3.9 to 3.13" in message and "3.14.0" in message


def _write_interpreter(folder: pathlib.Path, version: str) -> None:
  """Writes what answers env.sh's question for a version."""
  folder.mkdir(parents=True, exist_ok=True)
  for name in (f"python{version}", "python"):
    (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
    (folder / name).chmod(0o755)


def test_newest_python_on_the_path_is_taken_then_any(tmp_path):
  for version in ("3.9", "3.12", "3.10", "3.14"):
    _write_interpreter(tmp_path / "path", version)
  _write_interpreter(tmp_path / "pyenv/versions/3.13.1/bin", "3.13")
  _write_interpreter(tmp_path / "pyenv/versions/3.11.2/bin", "3.11")

  def found(path: pathlib.Path, versions: str = "") -> str:
    script = f"source {_TOOLS}/env.sh; PATH={path}; PYENV_ROOT={tmp_path}/pyenv"
    script += f"; search_python {versions}" if versions else "; find_python"
    return subprocess.run(
      ["bash", "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()

  assert found(tmp_path / "path") == str(tmp_path / "path/python3.12")
  assert "/3.13.1/" in found(tmp_path / "none")
  assert found(tmp_path / "path", "3.13 3.9").endswith("path/python3.9")


def test_no_space_is_one_line(tmp_path):
  (tmp_path / "df").write_text("#!/bin/sh\necho head\necho x 1 1 7 1% /\n")
  (tmp_path / "df").chmod(0o755)
  assert "7 MB are free" in _refused_environment(tmp_path)


if __name__ == "__main__":
  conftest.main(__file__)
