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
"""The command in the environments that people have."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests import conftest

# They start processes that import everything.
pytestmark = [pytest.mark.slow, pytest.mark.one_stack]


def _doctor(first: pathlib.Path) -> subprocess.CompletedProcess:
  """Runs the command with a folder that everything is imported from first."""
  return subprocess.run(
    [sys.executable, "-m", "official.cyclegan.doctor"],
    cwd=conftest.ROOT,
    env={**os.environ, "PYTHONPATH": f"{first}{os.pathsep}{conftest.ROOT}"},
    capture_output=True,
    text=True,
    check=False,
  )


def _line(done: subprocess.CompletedProcess, name: str) -> str:
  lines = done.stdout.splitlines()
  return next(line for line in lines if line.startswith(f"  {name} "))


def test_a_complete_environment_is_well():
  done = conftest.run_binary("doctor")
  assert done.returncode == 0, done.stdout
  for name in ("train, distill, evaluate", "export", "tune"):
    assert _line(done, name).endswith("  works")
  assert done.stdout.endswith("Nothing is broken.\n")
  assert "half precision" in done.stdout and "free memory" in done.stdout


def test_without_tensorflow_it_says_what_still_works(tmp_path):
  for name in ("tensorflow", "keras"):
    (tmp_path / f"{name}.py").write_text(
      f"raise ModuleNotFoundError('No module', name='{name}')\n"
    )
  done = _doctor(tmp_path)
  assert done.returncode == 1, done.stderr
  for name in ("train, distill, evaluate", "export"):
    assert "BROKEN: the package tensorflow is not" in _line(done, name)
    assert "pip install" in _line(done, name)
  assert _line(done, "translate with .tflite files").endswith("  works")
  assert "Traceback" not in done.stderr + done.stdout


def test_a_broken_pin_is_named(tmp_path):
  # A numpy that TensorFlow is not made for ends its import, or its process.
  (tmp_path / "tensorflow.py").write_text("import os\nos.abort()\n")
  for name, version, needs in (
    ("cyclegan_garden", "0.7.0", "Requires-Dist: numpy<2\n"),
    ("numpy", "2.9.9", ""),
  ):
    info = tmp_path / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
      f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\n"
      f"Version: {version}\n{needs}"
    )
  done = _doctor(tmp_path)
  assert done.returncode == 1, done.stderr
  broken = "BROKEN: 2.9.9 is installed, but cyclegan-garden needs <2"
  assert broken in done.stdout
  assert "SIGABRT" in _line(done, "train, distill, evaluate")


if __name__ == "__main__":
  conftest.main(__file__)
