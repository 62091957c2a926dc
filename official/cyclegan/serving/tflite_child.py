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
"""Runs .tflite files in a child process with limits, which may crash alone.

The runtimes trust what they read: a damaged or hostile file makes them read or
write anywhere, which ends the process, or take all memory. The child opens a
file, says what its signatures take, and translates pictures for as long as it
is wanted; this process never hands a file to a runtime. If the child dies, that
is an error like any other.

The child is fenced in by limits on memory, time and files that it may write,
not by a sandbox of the system's: what a file could make a runtime do is done
with the rights of the user.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, IO

import numpy as np

from official.cyclegan.core import errors
from official.cyclegan.core import memory
from official.cyclegan.core import regular_files
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tflite_probe

# Processor seconds: to open a file, and to translate one picture. The largest
# networks of papers take a tenth of that on a small machine.
_OPEN_SECONDS, _RUN_SECONDS = 10, 300
# What a child may take: of the memory that is free when it starts, at most.
_MEMORY_SHARE = 0.8
_FORCED = {
  "SIGXCPU": "it takes too much time",
  "SIGKILL": "it was ended, perhaps for want of memory",
}


class ModelError(RuntimeError):
  """A file cannot be opened or run; the message says why."""


class StartError(errors.StorageError):
  """The child itself cannot start, for which no file is to blame."""


@dataclasses.dataclass(frozen=True)
class Opened:
  """A file that a child has opened.

  Attributes:
    spec: What its signatures take and give.
    runtime: Name and version of what runs it.
    signature: Returns one of its signatures as a function, from and to float32
      `[1, size, size, channels]` in [0, 1]. It raises `ModelError` if the
      runtime fails, or dies.
  """

  spec: tflite_file.SignatureSpec
  runtime: str
  signature: Callable[[str], Callable[[np.ndarray], np.ndarray]]


def open_model(path: str) -> Opened:
  """Opens a file in a child, which ends when the result is no longer used.

  Args:
    path: The file.

  Raises:
    ModelError: If it is not a .tflite file of this package, or cannot be run.
    StartError: If the child cannot start.
  """
  child = _Child()
  spec, runtime = child.open(path)

  def signature(name: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda image: child.translate(name, image)

  return Opened(spec, runtime, signature)


def read_specs(paths: Sequence[str]) -> dict[str, tflite_file.SignatureSpec]:
  """Returns what files take and give, by path, opening all in one child.

  Args:
    paths: The files.

  Raises:
    ModelError: If one is not a .tflite file of this package; the message begins
      with its path.
    StartError: If the child cannot start.
  """
  child = _Child()
  specs = {}
  for path in paths:
    try:
      specs[path], _ = child.open(path)
    except ModelError as error:
      raise ModelError(f"{path}: {error}") from error
  return specs


class _Child:
  """The parent's end of a child process."""

  def __init__(self) -> None:
    """Starts the process."""
    self._lock = threading.Lock()
    self._ready = False
    self._process = subprocess.Popen(
      [sys.executable, "-m", __name__],
      env=tflite_probe.environment(),
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=subprocess.DEVNULL,
    )
    self._finalizer = weakref.finalize(self, _end, self._process)

  def open(self, path: str) -> tuple[tflite_file.SignatureSpec, str]:
    """Lets the child open a file in place of the one before."""
    if regular_files.is_special(path):
      raise ModelError("it is a pipe, a device or a socket")
    answer, _ = self._ask({"open": os.path.abspath(path)})
    return tflite_file.SignatureSpec(**answer["spec"]), answer["runtime"]

  def translate(self, signature: str, image: np.ndarray) -> np.ndarray:
    """Lets the child run a signature of the file on an image."""
    values = np.ascontiguousarray(image, np.float32)
    _, made = self._ask({"run": signature}, values)
    if made.shape != values.shape:
      raise ModelError("its result has another size than the picture")
    return made

  def _ask(
    self, request: dict[str, Any], values: np.ndarray | None = None
  ) -> tuple[dict[str, Any], np.ndarray]:
    """Sends a request and maybe an array; returns the answers to both."""
    if self._process.stdin is None or self._process.stdout is None:
      raise ModelError("its process has no pipes")
    with self._lock:
      if not self._ready:
        self._await(self._process.stdout)
      try:
        _send(self._process.stdin, request, values)
        answer, made = _receive(self._process.stdout)
      except (OSError, EOFError, ValueError) as error:
        raise ModelError(self._why_it_ended()) from error
    if "error" in answer:
      raise ModelError(answer["error"])
    return answer, made

  def _await(self, answers: IO[bytes]) -> None:
    """Waits until the process is ready for a file."""
    try:
      answer, _ = _receive(answers)
      problem = answer.get("error", "")
    except (OSError, EOFError, ValueError):
      status = self._process.wait()
      problem = f"it ended with status {status}"
      if status < 0:
        name = _signal_name(-status)
        problem = _FORCED.get(name, f"it was ended by {name}")
    if problem:
      raise StartError(
        f"the process that opens .tflite files cannot start ({problem}). Free"
        " some memory, or raise the limits that this command was started with"
        " (ulimit -a), and give the same command again."
      )
    self._ready = True

  def _why_it_ended(self) -> str:
    """Waits for the process, which has closed its pipe, and says why."""
    status = self._process.wait()
    if status >= 0:
      return "the runtime ended while running it"
    name = _signal_name(-status)
    return _FORCED.get(
      name, f"the runtime was ended by {name} while running it"
    )


def _signal_name(number: int) -> str:
  """Returns what a signal is called; real-time ones have numbers only."""
  try:
    return signal.Signals(number).name
  except ValueError:
    return f"signal {number}"


def _end(process: subprocess.Popen) -> None:
  """Ends a child: without its pipes it has nothing to do."""
  for pipe in (process.stdin, process.stdout):
    if pipe:
      with contextlib.suppress(OSError):
        pipe.close()
  process.kill()
  process.wait()


# Both ends: a line of JSON with the array's shape, then the array.


def _send(
  pipe: IO[bytes], message: dict[str, Any], values: np.ndarray | None = None
) -> None:
  shape = None if values is None else values.shape
  pipe.write(json.dumps({**message, "shape": shape}).encode() + b"\n")
  if values is not None:
    pipe.write(values.tobytes())
  pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[dict[str, Any], np.ndarray]:
  line = pipe.readline()
  if not line.endswith(b"\n"):
    raise EOFError
  message = json.loads(line)
  shape = message.pop("shape") or [0]
  content = pipe.read(math.prod(shape) * np.dtype(np.float32).itemsize)
  try:
    return message, np.frombuffer(content, np.float32).reshape(shape)
  except ValueError as error:
    raise EOFError from error


# The child's end.


def _main() -> None:
  """Answers requests until the pipe is closed."""
  # Keys and a closed terminal reach both: the parent decides.
  for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    if hasattr(signal, name):
      signal.signal(getattr(signal, name), signal.SIG_IGN)
  requests = os.fdopen(os.dup(0), "rb")
  answers = os.fdopen(os.dup(1), "wb")
  os.dup2(2, 1)  # what runtimes print
  try:
    runtime = tflite_file.runtime_name()  # imports it, before there are limits
    _limit_memory()
  except Exception as error:
    _send(answers, {"error": errors.first_line(error)})
    return
  _send(answers, {})
  interpreter: Any = None
  while True:
    try:
      request, image = _receive(requests)
    except EOFError:
      return
    made: np.ndarray | None = None
    try:
      if "open" in request:
        with _time_limit(_OPEN_SECONDS):
          interpreter, answer = _open(request["open"])
          answer["runtime"] = runtime
      else:
        with _time_limit(_RUN_SECONDS):
          signature = interpreter.get_signature_runner(request["run"])
          answer, made = {}, tflite_file.translate_function(signature)(image)
    except Exception as error:  # runtimes raise anything
      answer = {"error": errors.first_line(error)}
    _send(answers, answer, made)


def _open(path: str) -> tuple[Any, dict[str, Any]]:
  """Opens a file and says what its signatures take and give."""
  interpreter = tflite_file.open_interpreter(path)
  spec = tflite_file.signature_spec(interpreter)
  return interpreter, {"spec": dataclasses.asdict(spec)}


def _limit_memory() -> None:
  """Limits what this process may take on, and forbids it to write files."""
  try:
    import resource
  except ImportError:  # Windows has other means
    return
  used = memory.address_space()
  if used:
    inherited = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + int(_MEMORY_SHARE * memory.free_memory())
    limits = [n for n in inherited if n != resource.RLIM_INFINITY]
    most = min([wanted, *limits])  # no process may raise what it was given
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
  resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
  resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
  """Ends this process by SIGXCPU if something takes longer, where it can."""
  try:
    import resource
  except ImportError:
    yield
    return
  _, hard = resource.getrlimit(resource.RLIMIT_CPU)
  usage = resource.getrusage(resource.RUSAGE_SELF)
  limit = int(usage.ru_utime + usage.ru_stime) + seconds + 1
  if hard != resource.RLIM_INFINITY:
    limit = min(limit, hard)
  resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
  try:
    yield
  finally:
    resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


if __name__ == "__main__":
  _main()
