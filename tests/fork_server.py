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
"""Starts commands as processes of their own, without importing TensorFlow anew.

A process imports the large packages once and forks for every command: the
child has its own arguments, folder, environment and output, and runs the module
as `__main__`. None of this project's modules is imported before.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

_ROOT = pathlib.Path(__file__).absolute().parents[1]
sys.path.insert(0, str(_ROOT / "tools" / "checks"))

import forked  # noqa: E402

from tests import forked_pythons  # noqa: E402

_OUTPUTS = ("out", "err")


class Command:
  """A command that runs in a process of its own."""

  def __init__(self, server: ForkServer, target: Sequence[str], pid: int):
    self._server = server
    self._target = list(target)
    self._status: int | None = None
    self.pid = pid

  def send_signal(self, number: int) -> None:
    """Sends the process a signal, which is its own child's alone."""
    os.kill(self.pid, number)

  def poll(self) -> int | None:
    """Returns the exit status, None while it runs."""
    if self._status is None:
      self._status = self._server.status(self.pid)
    return self._status

  def wait(self, timeout: float | None = None) -> subprocess.CompletedProcess:
    """Waits for the end; returns status and output as `subprocess.run` does.

    Args:
      timeout: Seconds until the process is killed; None waits for ever.
    """
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while (status := self.poll()) is None:
      if time.monotonic() > deadline:
        os.kill(self.pid, signal.SIGKILL)
      time.sleep(0.02)
    return subprocess.CompletedProcess(
      self._target, status, *self._server.output(self.pid)
    )


class ForkServer:
  """A process that forks commands."""

  def __init__(
    self, root: str, python: str = sys.executable, packages: Sequence[str] = ()
  ):
    """Starts it; it ends with this process.

    Args:
      root: Folder of the checkout.
      python: The interpreter.
      packages: What it imports besides the packages of all commands.
    """
    self._folder = tempfile.TemporaryDirectory()
    self._process = subprocess.Popen(
      [python, "-m", "tests.fork_server", *packages],
      cwd=root,
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
    )

  def run(
    self,
    target: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    *,
    eagerly: bool = False,
    forks: bool = False,
  ) -> subprocess.CompletedProcess:
    """Runs a command to its end; see `start`."""
    command = self.start(target, cwd, env, eagerly=eagerly, forks=forks)
    return command.wait()

  def start(
    self,
    target: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    *,
    eagerly: bool = False,
    forks: bool = False,
  ) -> Command:
    """Starts a command.

    Args:
      target: `-m` and a module's name, or a Python file; then its arguments.
      cwd: The folder that it runs in.
      env: Its environment.
      eagerly: Whether TensorFlow runs functions without tracing them.
      forks: Whether commands that it starts are forked, too.
    """
    request = {
      "target": list(target),
      "cwd": cwd,
      "env": dict(env),
      "output": self._folder.name,
      "eagerly": eagerly,
      "forks": forks,
    }
    return Command(self, target, self._ask(request))

  def status(self, pid: int) -> int | None:
    """Returns a process's exit status, None while it runs."""
    return self._ask({"status_of": pid})

  def output(self, pid: int) -> list[str]:
    """Returns what a process that has ended wrote to stdout and stderr."""
    texts = []
    for name in _OUTPUTS:
      path = os.path.join(self._folder.name, f"{pid}.{name}")
      with open(path, encoding="utf-8", errors="replace") as file:
        texts.append(file.read())
      os.remove(path)
    return texts

  def _ask(self, request: Mapping[str, object]) -> int | None:
    self._process.stdin.write(json.dumps(request) + "\n")
    self._process.stdin.flush()
    answer = self._process.stdout.readline()
    if not answer:
      raise RuntimeError("The process that forks commands has ended.")
    return json.loads(answer)


def _serve(packages: Sequence[str]) -> None:
  """Answers requests: with a new process's number, or with one's status.

  Args:
    packages: As of `ForkServer`.
  """
  answers = os.fdopen(os.dup(1), "w")
  os.dup2(2, 1)  # what packages print when they are imported
  forked.import_packages((*forked.HEAVY, *packages))
  logging.root.handlers.clear()  # Beam's import logs; commands set up their own
  assert not [name for name in sys.modules if name.startswith("official")]
  for line in sys.stdin:
    request = json.loads(line)
    answer: int | None
    if "status_of" in request:
      pid, status = os.waitpid(request["status_of"], os.WNOHANG)
      answer = os.waitstatus_to_exitcode(status) if pid else None
    else:
      answer = os.fork()
      if not answer:
        folder = request["output"]
        forked.become(
          request["target"],
          request["cwd"],
          request["env"],
          [os.path.join(folder, f"{os.getpid()}.{name}") for name in _OUTPUTS],
          functools.partial(_begin, request["eagerly"], request["forks"]),
        )
    answers.write(f"{json.dumps(answer)}\n")
    answers.flush()


def _begin(eagerly: bool, forks: bool) -> None:
  """Prepares a child; what it starts inherits it."""
  if eagerly:
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
  if forks:
    forked_pythons.prepare()


if __name__ == "__main__":
  _serve(sys.argv[1:])
