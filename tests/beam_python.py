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
"""Another Python, which has Beam and LiteRT and no TensorFlow."""

import functools
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

from tests import conftest
from tests import fork_server


def find():
  """Returns its path, which `tools/test.sh` gives; skips where there is none.

  Returns:
    Of an interpreter that can import apache_beam.
  """
  python = os.environ.get("LITERT_PYTHON")
  if not python:
    pytest.skip("LITERT_PYTHON names no Python with apache-beam.")
  if not _has_beam(python):
    pytest.skip("apache-beam is not installed there: Python 3.9 has none.")
  return python


@functools.cache
def _has_beam(python):
  look = "import importlib.util as u; assert u.find_spec('apache_beam')"
  done = subprocess.run(
    [python, "-c", look], stderr=subprocess.DEVNULL, check=False
  )
  return not done.returncode


@functools.cache
def _forks(python):
  """Returns what starts commands without importing Beam anew."""
  return fork_server.ForkServer(
    str(conftest.ROOT), python, ("apache_beam", "PIL.Image")
  )


def _ended(python, target):
  """Runs Python in a process of its own to its end.

  Args:
    python: The interpreter. That without TensorFlow forks.
    target: `-m` and a module's name, or a file; then its arguments.
  """
  env = {**os.environ, "PYTHONPATH": str(conftest.ROOT)}
  if python == os.environ.get("LITERT_PYTHON"):
    return _forks(python).run(target, str(conftest.ROOT), env)
  return subprocess.run(
    [python, *target],
    cwd=conftest.ROOT,
    env=env,
    capture_output=True,
    text=True,
    check=False,
  )


def find_with_tensorflow():
  """Returns that of a Python with both; skips where there is none.

  This one if Beam is installed here, else that which `TFX_PYTHON` names:
  TensorFlow's newest Beam and this package's own locks do not go together.
  """
  if importlib.util.find_spec("apache_beam"):
    return sys.executable
  python = os.environ.get("TFX_PYTHON")
  if not python:
    pytest.skip(
      "apache-beam is not installed here, and TFX_PYTHON names no Python that"
      " has it with TensorFlow."
    )
  return python


def command(python, name, **options):
  """Returns the words of one of the package's commands."""
  given = [f"--{key}={value}" for key, value in options.items()]
  return [python, "-m", f"official.cyclegan.{name}", *given]


def run(python, name, **options):
  """Runs one of the package's commands to its end, good or bad."""
  done = _ended(python, command(python, name, **options)[1:])
  assert done.returncode in (0, 2) and "Traceback" not in done.stderr, done
  return done


def ask(python, imports, expression):
  """Returns the value of an expression, by way of JSON."""
  with tempfile.TemporaryDirectory() as folder:
    script = pathlib.Path(folder, "ask.py")
    code = f"import json\n{imports}\nprint(json.dumps({expression}))"
    script.write_text(code, encoding="utf-8")
    done = _ended(python, [str(script)])
  assert not done.returncode, done.stderr
  return json.loads(done.stdout.splitlines()[-1])
