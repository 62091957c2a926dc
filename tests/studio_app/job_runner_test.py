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
import signal
import subprocess
import sys
import time

import pytest

from tests import conftest

_RUNNER = [sys.executable, "-m", "official.cyclegan.studio_app.job_runner"]


def _state(path):
  return json.loads(path.read_text()) if path.exists() else {}


@pytest.mark.parametrize(
  ("program", "status"), [("print('hello')", 0), ("raise SystemExit(2)", 2)]
)
def test_notes_how_a_command_has_ended(tmp_path, program, status):
  state, log = tmp_path / "1.state", tmp_path / "1.log"
  done = subprocess.run(
    [*_RUNNER, state, log, sys.executable, "-c", program], cwd=conftest.ROOT
  )
  assert done.returncode == status == _state(state)["status"]
  assert (log.read_text() == "hello\n") == (status == 0)


def test_waits_for_a_command_that_is_asked_to_stop(tmp_path):
  state = tmp_path / "1.state"
  program = (
    "import signal, sys, time\n"
    "def save(*_):\n"
    "  print('saved', flush=True); sys.exit(128 + 15)\n"
    "signal.signal(signal.SIGTERM, save)\n"
    "print('ready', flush=True)\n"
    "time.sleep(60)\n"
  )
  log = tmp_path / "1.log"
  process = subprocess.Popen(
    [*_RUNNER, state, log, sys.executable, "-c", program], cwd=conftest.ROOT
  )
  while "ready" not in (log.read_text() if log.exists() else ""):
    time.sleep(0.02)
  assert "status" not in _state(state)
  process.send_signal(signal.SIGTERM)  # not for the runner itself
  os.kill(_state(state)["pid"], signal.SIGTERM)
  assert process.wait(20) == 143 == _state(state)["status"]
  assert "saved" in log.read_text()


def test_who_is_asked_to_stop_while_it_is_being_started_does(tmp_path):
  state, log = tmp_path / "1.state", tmp_path / "1.log"
  (tmp_path / "1.stop").touch()
  program = "import time; time.sleep(60)"
  done = subprocess.run(
    [*_RUNNER, state, log, sys.executable, "-c", program], cwd=conftest.ROOT
  )
  assert done.returncode == 143 == _state(state)["status"]


if __name__ == "__main__":
  conftest.main(__file__)
