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
"""Forks what a forked tool would start as new Pythons.

A tool that kills or compares commands starts each as a process of its own, and
every start imports TensorFlow for seconds. Here a copy of the tool's process,
made before the tool ran, forks them. They get the arguments, environment,
folder and streams that `subprocess` was given, and are the tool's own children,
so that it waits for them and kills them as ever.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import threading
import typing
from collections.abc import Sequence
from typing import Any

import forked

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_LENGTH_BYTES = 8
_COMMAND = re.compile(r"official\.cyclegan\.\w+")


def prepare() -> None:
  """Lets `subprocess` fork this project's commands and tools from now on.

  For a process that has imported the large packages and used nothing of them
  yet. Does nothing but on Linux, which alone can hand over processes.
  """
  if sys.platform != "linux":
    return
  # Of a process whose parent ends the next such ancestor becomes the parent.
  if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
    return
  asking, answering = socket.socketpair()
  if not os.fork():
    asking.close()
    _serve(answering)
  answering.close()
  owner = os.getpid()
  lock = threading.Lock()
  start_anew = subprocess.Popen._execute_child  # type: ignore[attr-defined]

  def execute_child(self: Any, *arguments: Any) -> None:
    """As the one of CPython, whose arguments are given by position."""
    args, executable, preexec_fn, _, pass_fds, cwd, env = arguments[:7]
    shell = arguments[9]
    p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite = arguments[10:16]
    # Users, groups, masks and sessions: none, whatever its version calls it.
    special = [v for v in arguments[17:] if v not in (None, False, -1)]
    target = _target(args)
    if (
      target is None
      or os.getpid() != owner
      or special
      or any((executable, preexec_fn, pass_fds, shell))
    ):
      start_anew(self, *arguments)
      return
    request = {
      "target": target,
      "cwd": os.fspath(cwd or os.getcwd()),
      "env": dict(os.environ if env is None else env),
    }
    streams = [
      number if given == -1 else given
      for number, given in enumerate((p2cread, c2pwrite, errwrite))
    ]
    with lock:
      self.pid = _ask(asking, request, streams)
    self._child_created = True
    self._close_pipe_fds(
      p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite
    )

  subprocess.Popen._execute_child = execute_child  # type: ignore[attr-defined]


def _target(args: Any) -> list[str] | None:
  """Returns what a command line runs, if it is one of this project's.

  Args:
    args: As given to `subprocess.Popen`.

  Returns:
    `-m` and a command's module, or a tool's path, and the arguments; None for
    all else, such as helpers that measure their own memory.
  """
  if isinstance(args, (str, bytes, os.PathLike)):
    return None
  words = [os.fspath(word) for word in args]
  if len(words) < 2 or words[0] != sys.executable:
    return None
  if words[1] == "-m":
    return words[1:] if _COMMAND.fullmatch(words[2]) else None
  return words[1:] if words[1].endswith(".py") else None


def _ask(
  asking: socket.socket, request: dict[str, Any], streams: Sequence[int]
) -> int:
  """Has a process forked; returns its number."""
  text = json.dumps(request).encode()
  length = len(text).to_bytes(_LENGTH_BYTES, "big")
  socket.send_fds(asking, [length], streams)
  asking.sendall(text)
  answer = asking.recv(_LENGTH_BYTES, socket.MSG_WAITALL)
  if not answer:
    raise RuntimeError("The process that forks Pythons has ended.")
  return int.from_bytes(answer, "big")


def _serve(answering: socket.socket) -> typing.NoReturn:
  """Forks what is asked for, until whoever asks has ended."""
  while True:
    length, streams, _, _ = socket.recv_fds(
      answering, _LENGTH_BYTES, 3, socket.MSG_WAITALL
    )
    if not length:
      os._exit(0)
    size = int.from_bytes(length, "big")
    request = json.loads(answering.recv(size, socket.MSG_WAITALL))
    read, write = os.pipe()
    between = os.fork()
    if not between:
      pid = os.fork()
      if pid:
        os.write(write, pid.to_bytes(_LENGTH_BYTES, "big"))
        os._exit(0)  # by which the new process gets its parent
      for end in (read, write):
        os.close(end)
      answering.close()
      forked.become(
        request["target"],
        request["cwd"],
        request["env"],
        [os.devnull, os.devnull],
        lambda taken=streams: _take(taken),
      )
    os.close(write)
    os.waitpid(between, 0)
    answering.sendall(os.read(read, _LENGTH_BYTES))
    for end in (read, *streams):
      os.close(end)


def _take(streams: Sequence[int]) -> None:
  """Makes descriptors this process's standard input, output and error."""
  for number, stream in enumerate(streams):
    os.dup2(stream, number)
    os.close(stream)
