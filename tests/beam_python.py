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

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests import conftest


def find():
  """Returns its path, which `tools/test.sh` gives; skips where there is none.

  Returns:
    Of an interpreter that can import apache_beam.
  """
  python = os.environ.get("LITERT_PYTHON")
  if not python:
    pytest.skip("LITERT_PYTHON names no Python with apache-beam.")
  found = subprocess.run([python, "-c", "import apache_beam"], check=False)
  if found.returncode:
    pytest.skip("apache-beam is not installed there: Python 3.9 has none.")
  return python


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
  done = subprocess.run(
    command(python, name, **options),
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode in (0, 2) and "Traceback" not in done.stderr, done
  return done


def ask(python, imports, expression):
  """Returns the value of an expression, by way of JSON."""
  code = f"import json\n{imports}\nprint(json.dumps({expression}))"
  done = subprocess.run(
    [python, "-c", code],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=True,
  )
  return json.loads(done.stdout.splitlines()[-1])
