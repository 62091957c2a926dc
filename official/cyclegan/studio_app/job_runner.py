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
"""Runs a command in a process of its own, and notes how it has ended.

  python -m official.cyclegan.studio_app.job_runner STATE LOG WORD ...

It outlives the server that started it. A signal that asks it to stop is for the
command: this process waits for that. Nothing of TensorFlow is loaded here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

from official.cyclegan.core import files


def main(state: str, log: str, words: list[str]) -> int:
  """Runs a command until it ends.

  Args:
    state: JSON file to write: `pid`, the command's number and `runner`, this
      process's; at the end `status`, as a shell has it, and `ended`. Beside it
      a file that ends in `.stop` asks a command to end that is not noted yet.
    log: File that gets what the command prints.
    words: The command.

  Returns:
    The command's status.
  """
  asked: list[int] = []
  for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda received, _: asked.append(received))
  values: dict[str, Any] = {"runner": os.getpid(), "began": time.time()}
  with open(log, "ab") as output:
    process = subprocess.Popen(
      words, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )
  values["pid"] = process.pid
  files.write_json(state, values, "root")
  if os.path.exists(os.path.splitext(state)[0] + ".stop"):
    process.terminate()
  status = process.wait()
  if status < 0:
    status = 128 - status
  ended = {"status": status, "ended": time.time()}
  files.write_json(state, {**values, **ended}, "root")
  return status


if __name__ == "__main__":
  sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
