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
"""A Python with TensorFlow Extended, which no test environment has."""

import json
import os
import subprocess

import pytest

from tests import conftest


def find():
  """Returns its path, which `tools/test.sh` gives; skips where there is none.

  Returns:
    Of an interpreter of an environment that `tools/tfx_env.sh` made.
  """
  python = os.environ.get("TFX_PYTHON")
  if not python:
    pytest.skip(
      "TFX is not installed: tools/tfx_env.sh makes an environment; TFX_PYTHON"
      " names its python."
    )
  return python


def run(python, *arguments, cwd=conftest.ROOT):
  """Runs a program to its end, good or bad."""
  return subprocess.run(
    [python, *map(str, arguments)],
    cwd=cwd,
    env={**os.environ, "PYTHONPATH": str(conftest.ROOT)},
    capture_output=True,
    text=True,
    check=False,
  )


def ask(python, code):
  """Returns what a program puts into `answer`, by way of JSON."""
  done = run(python, "-c", f"import json\n{code}\nprint(json.dumps(answer))")
  assert done.returncode == 0, done.stderr
  return json.loads(done.stdout.splitlines()[-1])
