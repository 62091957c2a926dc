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
"""A benchmark's worker process answers, or says why it cannot."""

import pathlib
import subprocess
import sys
import threading

import pytest

from tests import conftest

_BENCHMARKS = str(pathlib.Path(conftest.ROOT, "tools", "benchmarks"))
sys.path.insert(0, _BENCHMARKS)
import bench_worker  # noqa: E402

_PIPE_BYTES = 1 << 16  # what a pipe holds on Linux before a writer waits
_LIMIT = 20  # seconds after which a worker counts as stuck


def _worker(work: str) -> bench_worker.Worker:
  """Starts a worker that runs `work` in each step."""
  source = (
    f"import sys\nsys.path.insert(0, {_BENCHMARKS!r})\nimport bench_worker\n"
    f"def run(steps):\n  {work}\nbench_worker.serve(lambda: run, kind='test')\n"
  )
  return bench_worker.Worker("test", [sys.executable, "-c", source])


def test_answers_are_measured():
  worker = _worker("sum(range(1000 * steps))")
  try:
    for request in ("first", "run 2"):
      answer = worker.ask(request)
      assert answer["wall_seconds"] > 0 and answer["peak_bytes"] > 1 << 20
      assert answer["kind"] == "test"
  finally:
    worker.stop()


def test_a_worker_that_writes_many_warnings_is_not_stuck():
  worker = _worker(f"sys.stderr.write('warning\\n' * {_PIPE_BYTES})")
  timer = threading.Timer(_LIMIT, worker.stop)
  timer.start()
  try:
    assert worker.ask("first")["wall_seconds"] < _LIMIT
    assert worker.ask("run 1")["wall_seconds"] < _LIMIT
  finally:
    timer.cancel()
    worker.stop()


def test_the_last_line_of_a_failed_worker_is_reported():
  worker = _worker("sys.exit('no such device')")
  try:
    with pytest.raises(RuntimeError, match="test has ended: no such device"):
      worker.ask("first")
  finally:
    worker.stop()


def test_a_worker_that_says_nothing_is_reported():
  worker = bench_worker.Worker("test", ["false"])
  try:
    with pytest.raises(RuntimeError, match="no message"):
      worker.ask("first")
  finally:
    worker.stop()


def test_stop_ends_the_process():
  worker = bench_worker.Worker("test", ["sleep", "600"])
  worker.stop()
  assert isinstance(worker._process, subprocess.Popen)
  assert worker._process.returncode is not None
  worker.stop()  # a second time does no harm


if __name__ == "__main__":
  conftest.main(__file__)
