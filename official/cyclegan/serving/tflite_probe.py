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
"""Runs a .tflite file in a LiteRT subprocess: outputs, latency, memory.

It is a process of its own so that its memory is the runtime's alone, and so
that a file on which the runtime aborts takes nothing else with it. It reports
the partitions of XNNPACK, the delegate for processors, as well.
"""

from __future__ import annotations

import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from official.cyclegan.core import files
from official.cyclegan.serving import tflite_file

_DELEGATE = "DELEGATE"  # stands for a partition that a delegate has taken
_THREADS = (1, 2)  # numbers of threads that are timed
# Timing: runs before, and at least, at most and up to how long.
_WARM_UP_RUNS = 2
_MIN_RUNS, _MAX_RUNS = 5, 20
_MAX_SECONDS = 2.0


class RuntimeFailure(Exception):
  """The runtime cannot run a file; the message says why."""


def run_isolated(
  path: str,
  images: np.ndarray,
  signature: str = tflite_file.DEFAULT_SIGNATURE,
  runtime: str = "",
  timed: bool = True,
) -> tuple[np.ndarray, dict[str, Any]]:
  """Runs a file over images in a process of its own.

  Args:
    path: The file.
    images: float32 `[count, size, size, channels]` in [0, 1].
    signature: Which of its signatures.
    runtime: A module to import first: `tensorflow` to use its runtime.
    timed: Whether to measure milliseconds and memory.

  Returns:
    The translated images, of the same shape and range, and a dictionary with
    `runtime`, `partitions`, `operators` (how many by kind) and, if timed, the
    entries that `measure` returns.

  Raises:
    RuntimeFailure: If the runtime refuses the file, or aborts on it.
  """
  with files.temporary_folder() as folder:
    given, made = (os.path.join(folder, n) for n in ("in.npy", "out.npy"))
    np.save(given, images)
    done = subprocess.run(
      [
        *(sys.executable, "-m", __name__, path, given, made, signature),
        *(runtime, "timed" if timed else ""),
      ],
      env=environment(),
      capture_output=True,
      text=True,
      check=False,
    )
    if done.returncode:
      raise RuntimeFailure(reason(done))
    # The last line: the runtime may print before it.
    return np.load(made), json.loads(done.stdout.splitlines()[-1])


def environment() -> dict[str, str]:
  """Returns variables with which the process finds this package, and is quiet.

  It may be imported from a folder that is not installed.
  """
  root = pathlib.Path(__file__).absolute()
  for _ in __name__.split("."):
    root = root.parent
  searched = [str(root), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
  return {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, searched)),
    "TF_CPP_MIN_LOG_LEVEL": "3",
  }


def reason(done: subprocess.CompletedProcess) -> str:
  """Says why a process that ran a file failed, in one line.

  Args:
    done: The process, with what it wrote as text.
  """
  if done.returncode < 0:
    name = signal.Signals(-done.returncode).name
    return f"the runtime was ended by {name} while running it"
  return (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def partitions(interpreter: Any) -> tuple[int, dict[str, int]]:
  """Says how XNNPACK has divided a graph.

  Args:
    interpreter: With its tensors allocated; of several signatures the first
      counts.

  Returns:
    How many parts of the graph XNNPACK has taken, with a copy of tensors to and
    from each, and how many operators of each kind the graph has.
  """
  # No public interface tells the operators.
  names = [o["op_name"] for o in interpreter._get_ops_details()]
  kinds = collections.Counter(names)
  return kinds.pop(_DELEGATE, 0), dict(kinds)


def measure(path: str, signature: str, image: np.ndarray) -> dict[str, Any]:
  """Measures a file in this process, in the runtime that `tflite_file` finds.

  Args:
    path: The file.
    signature: Which of its signatures.
    image: float32 `[1, size, size, channels]` in [0, 1].

  Returns:
    `milliseconds` by number of threads, the median of the runs; and
    `memory_mb`, the growth of the process from before the file was opened to
    its peak in the runs on one thread, None where the system does not say.
  """
  before = _memory("VmRSS")
  milliseconds: dict[str, float] = {}
  found: dict[str, Any] = {}
  for threads in _THREADS:
    interpreter = tflite_file.open_interpreter(path, threads)
    interpreter.allocate_tensors()
    translate = tflite_file.translate_function(
      interpreter.get_signature_runner(signature)
    )
    milliseconds[str(threads)] = _median_milliseconds(translate, image)
    # VmHWM is the peak of the whole process: only the first runs can be read.
    if threads == _THREADS[0]:
      peak = _memory("VmHWM")
      found["memory_mb"] = peak - before if peak and before else None
  found["milliseconds"] = milliseconds
  return found


def _median_milliseconds(
  translate: Callable[[np.ndarray], np.ndarray], image: np.ndarray
) -> float:
  for _ in range(_WARM_UP_RUNS):
    translate(image)
  times: list[float] = []
  while len(times) < _MIN_RUNS or (
    sum(times) < _MAX_SECONDS and len(times) < _MAX_RUNS
  ):
    started = time.perf_counter()
    translate(image)
    times.append(time.perf_counter() - started)
  return float(np.median(times) * 1e3)


def _memory(field: str) -> float | None:
  """Returns a field of Linux's status of this process, MB."""
  try:
    with open("/proc/self/status", encoding="ascii") as file:
      (line,) = [line for line in file if line.startswith(f"{field}:")]
  except (OSError, ValueError):
    return None
  return int(line.split()[1]) / 1000  # from kB


def _main(
  path: str, given: str, made: str, signature: str, runtime: str, timed: str
) -> None:
  """Runs a file in this process; the arguments are those of the subprocess."""
  if runtime:
    __import__(runtime)
  images = np.load(given, mmap_mode="r")
  try:
    found = measure(path, signature, np.array(images[:1])) if timed else {}
    interpreter = tflite_file.open_interpreter(path, _THREADS[-1])
    interpreter.allocate_tensors()
    found["runtime"] = tflite_file.runtime_name()
    found["partitions"], found["operators"] = partitions(interpreter)
    translate = tflite_file.translate_function(
      interpreter.get_signature_runner(signature)
    )
    results = [translate(np.array(image[None])) for image in images]
  except (RuntimeError, ValueError) as error:
    sys.exit(" ".join(str(error).split()))
  np.save(made, np.concatenate(results))
  print(json.dumps(found))


if __name__ == "__main__":
  _main(*sys.argv[1:])
