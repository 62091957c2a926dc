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
"""Keeps two processes from writing into one folder.

Who writes holds `.NAME.lock` beside the folder, or `.cyclegan.lock` in it where
nothing can be put beside it or the folder is a file system of its own. The file
is locked with flock, which ends with the process, and says who that is; a file
of that name that says something else is somebody's own, and refused. On
file systems without flock its host and process number decide. A lock from
another machine counts as long as its file is touched, which the holder does
every few seconds. Readers take no lock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import re
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

try:
  import fcntl
except ImportError:  # not POSIX: host and process number decide
  fcntl = None  # type: ignore[assignment]

from official.cyclegan.core import errors

INSIDE_NAME = ".cyclegan.lock"
MAX_NAME_BYTES = 255  # of a file's name, on all usual file systems
_BEAT_SECONDS = 2.0  # between two touches of a lock's file
_DEAD_SECONDS = 7.0  # without a touch: another machine's holder is gone
_OLD_SECONDS = 600.0  # by this machine's clock: need not be watched
_SETTLE_SECONDS = 0.2  # without flock, until the last of several has written
_TRIES = 100
_MOST_BYTES = 4096  # of what a lock's file says
_BEGUN = b'{"command": "'  # how all that they say begins
_GLANCES, _GLANCE_SECONDS = 3, 0.02
_BESIDE = re.compile(r"\..+\.lock", re.DOTALL)
# What the file system says if it has no flock.
_NO_FLOCK = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

# Folders that this process holds, and how many times; by its number, for a
# process that forks from it does not.
_held: dict[tuple[int, str], int] = {}
_guard = threading.Lock()


class InUseError(errors.StorageError):
  """Another process writes into the folder."""


@dataclasses.dataclass(frozen=True)
class Holder:
  """Who holds a lock.

  Attributes:
    command: The command's name.
    host: The machine's name.
    pid: The number of the process.
    begun: When the process began, as the kernel has it; empty if unknown. Tells
      it from a later one of the same number.
    since: When the lock was taken, for people.
    replaces: Whether the folder is replaced as a whole in the end.
  """

  command: str
  host: str
  pid: int
  begun: str = ""
  since: str = ""
  replaces: bool = False


@contextlib.contextmanager
def hold(folder: str, option: str, replaces: bool = False) -> Iterator[None]:
  """Holds a folder for writing; several times within one process.

  Args:
    folder: Need not exist.
    option: Name of the option that holds it, for messages.
    replaces: Whether the folder is replaced as a whole in the end, so that
      nobody may write into a folder in it either.

  Yields:
    Nothing; the folder is free again at the end.

  Raises:
    InUseError: If another process holds it.
    errors.StorageError: If a file that is no lock has the lock's name.
  """
  path = os.path.realpath(folder)
  key = os.getpid(), path
  with _guard:
    nested = key in _held
    _held[key] = _held.get(key, 0) + 1
  lock = None
  try:
    if not nested:
      lock = _acquire(path, folder, option, replaces)
    yield
  finally:
    with _guard:
      _held[key] -= 1
      if not _held[key]:
        del _held[key]
    if lock is not None:
      lock.release()


def holder(folder: str) -> Holder | None:
  """Returns who writes into a folder, None if nobody does.

  Args:
    folder: Need not exist.
  """
  path = os.path.realpath(folder)
  for place in _places(path):
    found = _look(place)
    if found is not None:
      return found
  return None


def flock(descriptor: int) -> bool | None:
  """Locks an open file without waiting.

  Args:
    descriptor: Of the file.

  Returns:
    Whether it is locked now; None if the file system has no locks.
  """
  if fcntl is None:
    return None
  try:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except OSError as error:
    if error.errno == errno.EBADF:  # NFS, of a file that is only read
      return _flock_shared(descriptor)
    return None if error.errno in _NO_FLOCK else False
  return True


def _flock_shared(descriptor: int) -> bool | None:
  try:
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
  except OSError as error:
    return None if error.errno in _NO_FLOCK else False
  return True


def is_at(descriptor: int, path: str) -> bool:
  """Says whether an open file is still the one that has a name.

  Args:
    descriptor: Of the file.
    path: The name.
  """
  try:
    named = os.lstat(path)
  except OSError:
    return False
  return os.path.samestat(os.fstat(descriptor), named)


def hidden_name(name: str, ending: str) -> str:
  """Returns `.NAME.ending`, or a short name if that were too long.

  Args:
    name: Of a file or folder.
    ending: Begins with a dot.
  """
  hidden = f".{name}{ending}"
  if len(os.fsencode(hidden)) <= MAX_NAME_BYTES:
    return hidden
  return f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}{ending}"


class _Lock:
  """A lock that is held."""

  def __init__(self, place: str, descriptor: int):
    self._place, self._descriptor = place, descriptor
    self._done = threading.Event()
    self._thread = threading.Thread(target=self._beat, daemon=True)
    self._thread.start()

  def _beat(self) -> None:
    """Touches the file, for other machines."""
    while not self._done.wait(_BEAT_SECONDS):
      with contextlib.suppress(OSError):
        os.utime(self._descriptor)

  def release(self) -> None:
    """Removes the file, and lets go of it."""
    self._done.set()
    self._thread.join()
    with contextlib.suppress(OSError):
      if is_at(self._descriptor, self._place):
        os.unlink(self._place)
    os.close(self._descriptor)


def _acquire(
  path: str, folder: str, option: str, replaces: bool
) -> _Lock | None:
  """Takes the lock of a folder; None if no file can be made for it."""
  with contextlib.suppress(OSError):  # who writes there says that
    os.makedirs(os.path.dirname(path), exist_ok=True)
  for place in _places(path):
    found = _look(place)
    if found is not None:
      raise _in_use(found, folder, option)
  lock = None
  for place in _places(path):
    try:
      lock = _take(place, replaces)
    except _Held as held:
      raise _in_use(held.by, folder, option) from held
    except _NotOurs as found_there:
      raise errors.StorageError(
        f": {place}, where this command says that it writes there, is a file"
        " of somebody's own. Rename it, or give another folder.",
        option,
        folder,
      ) from found_there
    except OSError:  # read-only, or somebody else's
      continue
    break
  try:
    # Taken first, looked around then: of two at least one sees the other.
    for place in _around(path, replaces):
      found = _look(place)
      if found and found.pid != os.getpid() and (replaces or found.replaces):
        raise _in_use(found, folder, option)
  except BaseException:
    if lock is not None:
      lock.release()
    raise
  return lock


def _places(path: str) -> list[str]:
  """Returns where the lock of a folder can be, the first choice first."""
  parent, name = os.path.split(path)
  inside = os.path.join(path, INSIDE_NAME)
  if not name:
    return [inside]
  beside = os.path.join(parent, hidden_name(name, ".lock"))
  if not os.path.isdir(path):
    return [beside]
  # Other machines may share what is mounted there, but not its parent.
  return [inside, beside] if os.path.ismount(path) else [beside, inside]


def _around(path: str, replaces: bool) -> Iterator[str]:
  """Yields where locks can be that stand in the way of this folder's."""
  above = os.path.dirname(path)
  while os.path.dirname(above) != above:
    parent, name = os.path.split(above)
    yield os.path.join(parent, hidden_name(name, ".lock"))
    above = parent
  if replaces:
    with contextlib.suppress(OSError):
      for name in os.listdir(path):
        if _BESIDE.fullmatch(name) and name != INSIDE_NAME:
          yield os.path.join(path, name)


class _Held(Exception):
  """The lock is somebody's."""

  def __init__(self, by: Holder):
    super().__init__()
    self.by = by


class _NotOurs(Exception):
  """A file has a lock's name and says something else."""


def _take(place: str, replaces: bool) -> _Lock:
  """Makes a lock's file, or takes over one whose holder is gone."""
  for attempt in range(_TRIES):
    with contextlib.suppress(FileNotFoundError):
      if not stat.S_ISREG(os.lstat(place).st_mode):
        os.unlink(place)  # a link that somebody has put there
    flags = os.O_RDWR | os.O_CREAT | _safe_flags()
    descriptor = os.open(place, flags, 0o666)
    try:
      locked = flock(descriptor)
      found = _read(descriptor)
      if locked is False:
        if attempt >= _GLANCES:
          raise _Held(found or _unknown())
        # Somebody may only have looked, or has not said yet who it is.
        os.close(descriptor)
        time.sleep(_GLANCE_SECONDS)
        continue
      if not is_at(descriptor, place):  # released in between
        os.close(descriptor)
        continue
      if found is None and not _is_blank(descriptor):
        raise _NotOurs
      if found and _is_alive(found, place, descriptor, locked):
        raise _Held(found)
      mine = _myself(replaces)
      os.ftruncate(descriptor, 0)
      os.lseek(descriptor, 0, os.SEEK_SET)
      os.write(descriptor, json.dumps(dataclasses.asdict(mine)).encode())
      if locked is None:
        time.sleep(_SETTLE_SECONDS)
        found = _read(descriptor)
        if found and (found.host, found.pid) != (mine.host, mine.pid):
          raise _Held(found)
    except BaseException:
      with contextlib.suppress(OSError):
        os.close(descriptor)
      raise
    return _Lock(place, descriptor)
  raise OSError(errno.EBUSY, "Device or resource busy", place)


def _look(place: str) -> Holder | None:
  """Returns who holds a lock, without taking it."""
  try:
    descriptor = os.open(place, os.O_RDONLY | _safe_flags())
  except OSError:
    return None
  try:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
      return None
    # Shared: two that only look do not stand in each other's way.
    locked = _flock_shared(descriptor) if fcntl is not None else None
    found = _read(descriptor)
    if locked is False:
      return found or _unknown()
    # If there is a lock it is left by somebody who is gone, or another
    # machine's: who takes it finds out.
    if found and locked is None and _is_alive(found, place, descriptor, None):
      return found
    return None
  finally:
    os.close(descriptor)


def _safe_flags() -> int:
  """Returns flags that follow no link, wait for no pipe, and end with exec."""
  return (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
  )


def _read(descriptor: int) -> Holder | None:
  """Returns what a lock's file says, None if nothing."""
  try:
    os.lseek(descriptor, 0, os.SEEK_SET)
    values: Any = json.loads(os.read(descriptor, _MOST_BYTES))
    return Holder(
      str(values["command"]),
      str(values["host"]),
      int(values["pid"]),
      str(values["begun"]),
      str(values["since"]),
      bool(values["replaces"]),
    )
  except (OSError, ValueError, KeyError, TypeError):
    return None


def _is_blank(descriptor: int) -> bool:
  """Says whether a lock's file is new, or has lost what it said.

  As of a machine that lost its power, or of a full disk.
  """
  os.lseek(descriptor, 0, os.SEEK_SET)
  text = os.read(descriptor, _MOST_BYTES).strip(b"\0")
  if os.fstat(descriptor).st_size > _MOST_BYTES:
    return False
  return not text or _BEGUN.startswith(text) or text.startswith(_BEGUN)


def _is_alive(
  found: Holder, place: str, descriptor: int, locked: bool | None
) -> bool:
  """Says whether who is named in a lock's file still works."""
  if found.host == socket.gethostname():
    # With flock, nobody on this machine holds it any more.
    if locked or found.pid == os.getpid():
      return False
    if fcntl is not None:  # elsewhere asking for a process might end it
      return _is_running(found)
  before = os.fstat(descriptor).st_mtime_ns
  if time.time() - before / 1e9 > _OLD_SECONDS:
    return False
  deadline = time.monotonic() + _DEAD_SECONDS
  while time.monotonic() < deadline:
    time.sleep(_BEAT_SECONDS / 4)
    try:
      if os.stat(place).st_mtime_ns != before:
        return True
    except OSError:
      return False  # released
  return False


def _is_running(found: Holder) -> bool:
  """Says whether a process of this machine is still the one that it was."""
  begun = _begun(found.pid)
  return begun is not None and found.begun in ("", begun)


def _begun(pid: int) -> str | None:
  """Returns when a process began, in the kernel's ticks.

  Empty where the system does not say it, None if there is no such process.
  """
  try:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
      fields = file.read().rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]  # proc(5): 22, starttime
  except (OSError, IndexError):
    pass
  if fcntl is None:
    return ""
  try:
    os.kill(pid, 0)
  except ProcessLookupError:
    return None
  except (OSError, OverflowError):
    pass
  return ""


def _myself(replaces: bool) -> Holder:
  return Holder(
    os.path.splitext(os.path.basename(sys.argv[0]))[0] or "python",
    socket.gethostname(),
    os.getpid(),
    _begun(os.getpid()) or "",
    time.strftime("%Y-%m-%d %H:%M:%S"),
    replaces,
  )


def _unknown() -> Holder:
  """Returns what stands for a holder that has not said who it is yet."""
  return Holder("another process", "this machine", 0)


def _in_use(found: Holder, folder: str, option: str) -> InUseError:
  who = found.command
  if found.pid:
    who += f" (process {found.pid} on {found.host}, since {found.since})"
  return InUseError(
    f"is in use: {who} writes there. Wait for it or stop it, or give another"
    " folder.",
    option,
    folder,
  )
