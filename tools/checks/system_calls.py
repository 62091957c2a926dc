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
"""Lets chosen system calls of a process and its children fail.

Linux asks a supervisor before each call that creates, writes, renames or
removes something (seccomp, user notification; Linux 5.5 or newer). The
supervisor lets it pass, answers with an error in its place, or kills. That
reaches every library, in whatever language, without being root and without
another library that is loaded first.
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import fcntl
import os
import platform
import select
import signal
import socket
import struct
import time
from collections.abc import Callable

# linux/prctl.h, linux/seccomp.h, linux/audit.h
_NO_NEW_PRIVILEGES = 38
_SET_FILTER, _NEW_LISTENER = 1, 1 << 3
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_CONTINUE = 1
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # requests of ioctl
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")
# linux/bpf_common.h: load a word, compare, and, return.
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_INSTRUCTION = struct.Struct("=HBBI")
_AT_FDCWD = 0xFFFFFF9C
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_LONGEST_PATH = 4096  # bytes


@dataclasses.dataclass(frozen=True)
class _Kind:
  """Where a call has what it changes.

  Attributes:
    kind: What it does: `create`, `write`, `sync`, `rename`, `remove`, `mode`.
    paths: By the argument with a path, that with the folder which it starts
      from; -1: the current one.
    descriptor: The argument with a descriptor, -1 if it has none.
    flags: The argument with flags of `open`, -1 if it has none.
  """

  kind: str
  paths: tuple[tuple[int, int], ...] = ()
  descriptor: int = -1
  flags: int = -1


_KINDS = {
  "open": _Kind("create", ((0, -1),), flags=1),
  "openat": _Kind("create", ((1, 0),), flags=2),
  "creat": _Kind("create", ((0, -1),)),
  "mkdir": _Kind("create", ((0, -1),)),
  "mkdirat": _Kind("create", ((1, 0),)),
  "link": _Kind("create", ((1, -1),)),
  "linkat": _Kind("create", ((3, 2),)),
  "symlink": _Kind("create", ((1, -1),)),
  "symlinkat": _Kind("create", ((2, 1),)),
  "write": _Kind("write", descriptor=0),
  "pwrite64": _Kind("write", descriptor=0),
  "writev": _Kind("write", descriptor=0),
  "pwritev": _Kind("write", descriptor=0),
  "sendfile": _Kind("write", descriptor=0),
  "copy_file_range": _Kind("write", descriptor=2),
  "ftruncate": _Kind("write", descriptor=0),
  "fallocate": _Kind("write", descriptor=0),
  "fsync": _Kind("sync", descriptor=0),
  "fdatasync": _Kind("sync", descriptor=0),
  "rename": _Kind("rename", ((0, -1), (1, -1))),
  "renameat": _Kind("rename", ((1, 0), (3, 2))),
  "renameat2": _Kind("rename", ((1, 0), (3, 2))),
  "unlink": _Kind("remove", ((0, -1),)),
  "unlinkat": _Kind("remove", ((1, 0),)),
  "rmdir": _Kind("remove", ((0, -1),)),
  "chmod": _Kind("mode", ((0, -1),)),
  "fchmod": _Kind("mode", descriptor=0),
  "fchmodat": _Kind("mode", ((1, 0),)),
}


@dataclasses.dataclass(frozen=True)
class _Machine:
  """The numbers of a kind of processor."""

  audit: int
  seccomp: int
  calls: dict[str, int]


_MACHINES = {
  "x86_64": _Machine(
    0xC000003E,
    317,
    {
      "write": 1,
      "open": 2,
      "pwrite64": 18,
      "writev": 20,
      "sendfile": 40,
      "fsync": 74,
      "fdatasync": 75,
      "ftruncate": 77,
      "rename": 82,
      "mkdir": 83,
      "rmdir": 84,
      "creat": 85,
      "link": 86,
      "unlink": 87,
      "symlink": 88,
      "chmod": 90,
      "fchmod": 91,
      "openat": 257,
      "mkdirat": 258,
      "unlinkat": 263,
      "renameat": 264,
      "linkat": 265,
      "symlinkat": 266,
      "fchmodat": 268,
      "fallocate": 285,
      "pwritev": 296,
      "renameat2": 316,
      "copy_file_range": 326,
    },
  ),
  "aarch64": _Machine(
    0xC00000B7,
    277,
    {
      "mkdirat": 34,
      "unlinkat": 35,
      "symlinkat": 36,
      "linkat": 37,
      "renameat": 38,
      "ftruncate": 46,
      "fallocate": 47,
      "fchmod": 52,
      "fchmodat": 53,
      "openat": 56,
      "write": 64,
      "writev": 66,
      "pwrite64": 68,
      "pwritev": 70,
      "sendfile": 71,
      "fsync": 82,
      "fdatasync": 83,
      "renameat2": 276,
      "copy_file_range": 285,
    },
  ),
}


@dataclasses.dataclass(frozen=True)
class Call:
  """A call that is about to change something.

  Attributes:
    name: Of the call.
    kind: `create`, `write`, `sync`, `rename`, `remove` or `mode`.
    path: What it changes.
  """

  name: str
  kind: str
  path: str


# Says what becomes of a call: None lets it pass, an error's number refuses it.
Decide = Callable[[Call], "int | None"]


def available() -> bool:
  """Says whether this system has what is needed."""
  actions = "/proc/sys/kernel/seccomp/actions_avail"
  try:
    with open(actions, encoding="utf-8") as file:
      known = "user_notif" in file.read().split()
  except OSError:
    return False
  return known and platform.machine() in _MACHINES


class Watched:
  """A pair of ends: the child installs the filter, the parent answers."""

  def __init__(self, root: str):
    """Opens the pair; to be called before the fork.

    Args:
      root: Only what lies below this folder is asked about.
    """
    self._root = os.path.realpath(root) + os.sep
    self._parent, self._child = socket.socketpair()

  def install(self) -> None:
    """Asks before each call from now on; in the child, with one thread."""
    self._parent.close()
    listener = _listen()
    socket.send_fds(self._child, [b"."], [listener])
    os.close(listener)
    self._child.close()

  def supervise(self, pid: int, decide: Decide, seconds: float) -> int | None:
    """Answers until the child has ended.

    Args:
      pid: The child.
      decide: Called with each call below the root.
      seconds: After so long the child is killed.

    Returns:
      Its exit status, negative for a signal; None if it was killed for being
      late.
    """
    self._child.close()
    deadline = time.monotonic() + seconds
    listener = self._receive(deadline)
    ended = os.pidfd_open(pid)
    waiting = select.poll()
    waiting.register(ended, select.POLLIN)
    if listener is not None:
      waiting.register(listener, select.POLLIN)
    late = False
    try:
      while True:
        left = deadline - time.monotonic()
        if left <= 0 and not late:
          late = True
          os.kill(pid, signal.SIGKILL)
        ready = dict(waiting.poll(max(1, int(1000 * left))))
        if listener is not None and ready.get(listener, 0) & select.POLLIN:
          self._answer(listener, decide)
        elif ended in ready:
          break
        elif listener in ready:  # nobody is left who could ask
          waiting.unregister(listener)
      _, status = os.waitpid(pid, 0)
      return None if late else os.waitstatus_to_exitcode(status)
    finally:
      os.close(ended)
      if listener is not None:
        os.close(listener)
      self._parent.close()

  def _receive(self, deadline: float) -> int | None:
    """Returns the descriptor that calls are told of."""
    self._parent.settimeout(max(0.1, deadline - time.monotonic()))
    try:
      _, descriptors, _, _ = socket.recv_fds(self._parent, 1, 1)
    except OSError:
      return None
    return descriptors[0] if descriptors else None

  def _answer(self, listener: int, decide: Decide) -> None:
    """Answers one call."""
    buffer = bytearray(_NOTIFICATION.size)
    try:
      fcntl.ioctl(listener, _RECEIVE, buffer, True)
    except OSError:  # the process is gone meanwhile
      return
    notified, pid, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer)
    call = _call(pid, number, arguments, self._root)
    refused = decide(call) if call else None
    if refused is None:
      response = _RESPONSE.pack(notified, 0, 0, _CONTINUE)
    else:
      response = _RESPONSE.pack(notified, 0, -refused, 0)
    try:
      fcntl.ioctl(listener, _SEND, response)
    except OSError as error:
      if error.errno != errno.ENOENT:  # killed meanwhile
        raise


def _machine() -> _Machine:
  return _MACHINES[platform.machine()]


def _listen() -> int:
  """Installs the filter; returns the descriptor that calls are told of."""
  program = b"".join(_filter())
  code = ctypes.create_string_buffer(program, len(program))
  # struct sock_fprog: number of instructions, and where they are.
  length = len(program) // _INSTRUCTION.size
  fprog = ctypes.create_string_buffer(
    struct.pack("@HP", length, ctypes.addressof(code))
  )
  libc = ctypes.CDLL(None, use_errno=True)
  libc.syscall.restype = ctypes.c_long
  if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
    raise OSError(ctypes.get_errno(), "prctl")
  found = libc.syscall(
    ctypes.c_long(_machine().seccomp),
    ctypes.c_ulong(_SET_FILTER),
    ctypes.c_ulong(_NEW_LISTENER),
    fprog,
  )
  if found < 0:
    raise OSError(ctypes.get_errno(), "seccomp")
  return found


def _filter() -> list[bytes]:
  """Returns the program that the kernel runs at each call.

  Files that are opened only to be read are not asked about: there are
  thousands.
  """

  def load(offset: int) -> bytes:
    return _INSTRUCTION.pack(_LOAD, 0, 0, offset)

  def result(value: int) -> bytes:
    return _INSTRUCTION.pack(_RETURN, 0, 0, value)

  machine = _machine()
  program = [
    load(4),  # the processor; calls of another one are let alone
    _INSTRUCTION.pack(_EQUAL, 1, 0, machine.audit),
    result(_ALLOW),
  ]
  for name, number in machine.calls.items():
    flags = _KINDS[name].flags
    body = [result(_NOTIFY)]
    if flags >= 0:
      body = [
        load(16 + 8 * flags),  # the lower half of the argument
        _INSTRUCTION.pack(_ANY_BIT, 1, 0, _WRITES),
        result(_ALLOW),
        *body,
      ]
    program += [
      load(0),  # the call
      _INSTRUCTION.pack(_EQUAL, 0, len(body), number),
      *body,
    ]
  return [*program, result(_ALLOW)]


def _call(
  pid: int, number: int, arguments: list[int], root: str
) -> Call | None:
  """Returns what a call changes, None if that is not below the root."""
  names = {n: name for name, n in _machine().calls.items()}
  name = names[number]
  kind = _KINDS[name]
  try:
    if kind.descriptor >= 0:
      paths = [_of_descriptor(pid, arguments[kind.descriptor])]
    else:
      paths = [
        _path(pid, arguments[path], arguments[start] if start >= 0 else None)
        for path, start in kind.paths
      ]
  except OSError:  # the process is gone, or it names nothing
    return None
  below = [path for path in paths if path.startswith(root)]
  return Call(name, kind.kind, below[-1]) if below else None


def _of_descriptor(pid: int, descriptor: int) -> str:
  return os.readlink(f"/proc/{pid}/fd/{descriptor & 0xFFFFFFFF}")


def _path(pid: int, address: int, start: int | None) -> str:
  """Reads a path from a process's memory; returns it from the root on."""
  with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
    text = b""
    while b"\0" not in text and len(text) < _LONGEST_PATH:
      # Not across the end of a page: what follows may not be there.
      size = 4096 - (address + len(text)) % 4096
      memory.seek(address + len(text))
      text += memory.read(size)
  name = os.fsdecode(text.partition(b"\0")[0])
  if os.path.isabs(name):
    return os.path.normpath(name)
  if start is None or start & 0xFFFFFFFF == _AT_FDCWD:
    folder = os.readlink(f"/proc/{pid}/cwd")
  else:
    folder = _of_descriptor(pid, start)
  return os.path.normpath(os.path.join(folder, name))
