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
"""One side of a benchmark in a process of its own, told what to do by lines.

Only the standard library is imported, so that a worker may run in an
environment without TensorFlow. On standard input a worker is sent `first`
(build, run one step) or `run N` (N steps); it answers each with one line of
JSON on standard output.
"""

from __future__ import annotations

import collections
import contextlib
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

_BYTES_PER_RSS = 1024  # Linux counts the resident set in KiB
_ANSWER = "answer: "
_KEPT_LINES = 50  # of standard error, for the message of a failure


class Worker:
  """The benchmark's end of a worker process."""

  def __init__(self, name: str, command: Sequence[str]):
    """Starts the process.

    Args:
      name: For messages.
      command: The program, which calls `serve`.
    """
    self.name = name
    self._process = subprocess.Popen(
      command,
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    # Somebody has to read what it writes: a full pipe (64 KiB on Linux) would
    # stop the worker in the middle of a step.
    self._last_lines: collections.deque[str] = collections.deque(
      maxlen=_KEPT_LINES
    )
    self._reader = threading.Thread(target=self._read_errors, daemon=True)
    self._reader.start()

  def _read_errors(self) -> None:
    """Keeps the last lines of standard error until it ends."""
    assert self._process.stderr  # a pipe
    for line in self._process.stderr:
      if line.strip():
        self._last_lines.append(line.strip())

  def ask(self, request: str) -> dict[str, Any]:
    """Sends a request and waits for its answer.

    Raises:
      RuntimeError: If the process has ended instead.
    """
    assert self._process.stdout  # a pipe
    # If it has died, what it wrote before says more than the broken pipe.
    with contextlib.suppress(BrokenPipeError):
      print(request, file=self._process.stdin, flush=True)
    for line in self._process.stdout:
      if line.startswith(_ANSWER):
        return json.loads(line[len(_ANSWER) :])
    self._process.wait()
    self._reader.join()
    last = self._last_lines[-1] if self._last_lines else "no message"
    raise RuntimeError(f"the worker {self.name} has ended: {last}")

  def stop(self) -> None:
    """Ends the process."""
    if self._process.poll() is None:
      self._process.kill()
    self._process.wait()
    self._reader.join()
    for stream in (
      self._process.stdin,
      self._process.stdout,
      self._process.stderr,
    ):
      # What a dead process was still to be told cannot be flushed.
      with contextlib.suppress(BrokenPipeError):
        assert stream  # a pipe
        stream.close()


def serve(build: Callable[[], Callable[[int], None]], **told: Any) -> None:
  """Answers requests on standard input until it ends.

  Args:
    build: Builds what is measured; returns a function that runs a number of
      steps and comes back when they are done.
    **told: Added to every answer.
  """
  run: Callable[[int], None] | None = None
  for line in sys.stdin:
    request, *arguments = line.split()
    wall, processor = time.perf_counter(), time.process_time()
    if request == "first":
      run = build()
      run(1)
    else:
      assert run, "the first request has to be `first`"
      run(int(arguments[0]))
    answer = {
      **told,
      "wall_seconds": time.perf_counter() - wall,
      "cpu_seconds": time.process_time() - processor,
      "peak_bytes": _BYTES_PER_RSS
      * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    print(_ANSWER + json.dumps(answer), flush=True)
