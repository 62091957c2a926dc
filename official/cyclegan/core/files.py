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
"""Files and folders written whole or not at all: killed, old or new is there.

A file is written beside its place and renamed; what is not whole is removed, by
the next process if this one is killed. Linux swaps two folders in one step.
Elsewhere the old one is moved aside first; what is found moved aside later on,
with nothing in its place, is moved back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, IO

from absl import logging

from official.cyclegan.core import errors
from official.cyclegan.core import locks
from official.cyclegan.core import messages
from official.cyclegan.core import regular_files

_AT_FDCWD = -100  # linux/fcntl.h
_RENAME_EXCHANGE = 2  # linux/fs.h
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_HASHED_BYTES = 1 << 20  # at a time
# Behind names of what is not done, or was replaced. Nobody else's files have
# such names, so that what a killed process left can be removed.
PARTIAL, _PREVIOUS = ".cyclegan-partial", ".cyclegan-previous"
_TRIES = 100
_numbers = itertools.count()
# What Python raises of values of another type, length or size.
_UNFIT = (
  AttributeError,
  IndexError,
  KeyError,
  OverflowError,
  TypeError,
  ValueError,
)


def write_text(path: str | pathlib.Path, text: str, option: str) -> None:
  """Writes a text file, whole or not at all.

  Args:
    path: Where to.
    text: What to write, as UTF-8; names of files in it that are not UTF-8 get
      `messages.printable`.
    option: Name of the option that holds the folder, for messages.

  Raises:
    StorageError: If the file cannot be written.
    UserError: If there is a pipe, a device or a socket.
  """
  try:
    with _renamed(path) as partial:
      partial.write_text(messages.printable(text), encoding="utf-8")
  except OSError as error:
    raise errors.StorageError(
      f": {path} cannot be written ({error.strerror}). "
      + (
        _in_the_way(error)
        or "Free some space, or give a folder that is writable."
      ),
      option,
    ) from error


def write_json(
  path: str | pathlib.Path,
  values: Any,
  option: str,
  ensure_ascii: bool = True,
) -> None:
  """Writes values as indented JSON, whole or not at all.

  Args:
    path: Where to.
    values: What `json` can write.
    option: Name of the option that holds the folder, for messages.
    ensure_ascii: Whether letters beyond ASCII are escaped; files for people to
      read keep them.

  Raises:
    StorageError: If the file cannot be written.
  """
  text = messages.escaped_json(
    json.dumps(values, indent=2, ensure_ascii=ensure_ascii)
  )
  write_text(path, text + "\n", option)


def read_json(
  path: str | pathlib.Path,
  remedy: str,
  convert: Callable[[Any], Any] | None = None,
) -> Any:
  """Reads a JSON file.

  Args:
    path: The file.
    remedy: What to do if it is damaged, a sentence for the message.
    convert: Returns what is wanted of the values, and raises what Python does
      if they are others: `object_of`, `number` and `text` help. None: the
      values are taken as they are.

  Raises:
    OSError: If it cannot be read.
    UserError: If it is not JSON, no regular file, or `convert` cannot use it.
  """
  regular_files.check(path)
  try:
    values = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
  except (ValueError, RecursionError) as error:  # or not even text
    raise errors.UserError(
      f"{path} is not valid JSON ({error}). {remedy}"
    ) from error
  try:
    return convert(values) if convert else values
  except errors.UserError:
    raise
  except _UNFIT as error:
    raise errors.UserError(
      f"{path} is damaged ({type(error).__name__}: {errors.first_line(error)})."
      f" {remedy}"
    ) from error


def object_of(value: Any) -> dict[str, Any]:
  """Returns what JSON holds if it is an object.

  Args:
    value: From `json`.

  Raises:
    TypeError: If it is none.
  """
  if not isinstance(value, dict):
    raise TypeError("an object is expected")
  return value


def number(value: Any) -> Any:
  """Returns what JSON holds if it is a number, whole or not, also NaN.

  Args:
    value: From `json`.

  Raises:
    TypeError: If it is none.
    OverflowError: If no float can hold it.
  """
  if isinstance(value, bool) or not isinstance(value, (int, float)):
    raise TypeError("a number is expected")
  float(value)
  return value


def text(value: Any) -> str:
  """Returns what JSON holds if it is a text.

  Args:
    value: From `json`.

  Raises:
    TypeError: If it is none.
  """
  if not isinstance(value, str):
    raise TypeError("a text is expected")
  return value


@contextlib.contextmanager
def writing(path: str | pathlib.Path) -> Iterator[str]:
  """Gives a name to write to, which becomes `path` if nothing fails.

  Args:
    path: Where to.

  Yields:
    The path of an empty file beside it.

  Raises:
    StorageError: If the file system refuses.
    UserError: If there is a pipe, a device or a socket.
  """
  try:
    with _renamed(path) as partial:
      yield str(partial)
  except OSError as error:
    raise errors.StorageError(
      f"{path} cannot be written ({error.strerror}). "
      + (_in_the_way(error) or "Choose another place or free some space.")
    ) from error


def _in_the_way(error: OSError) -> str:
  """Returns a remedy if a folder has the name that a file needs."""
  if error.errno != errno.EISDIR:
    return ""
  name = error.filename2 or error.filename
  where = f"the folder {os.fsdecode(name)}" if name else "that folder"
  return f"Rename or remove {where}, or choose another place."


class Partial:
  """A file beside another one, whose place it takes once it is whole.

  It is always a new file: what else has its name, such as a link that leads
  elsewhere, loses that name. While another process writes it there is none.

  Attributes:
    path: Its name: that of the other one with `PARTIAL` behind it, or a short
      one where that were too long.
  """

  def __init__(self, target: str | pathlib.Path):
    """Creates the file; what a killed process left of it is removed.

    Args:
      target: The other file; need not exist.

    Raises:
      OSError: If the file system refuses, or another process writes it.
      UserError: If the other file is a pipe, a device or a socket.
    """
    self._target = os.fspath(target)
    regular_files.check_output(self._target)
    parent, name = os.path.split(self._target)
    hidden = f"{name}{PARTIAL}"
    if len(os.fsencode(hidden)) > locks.MAX_NAME_BYTES:
      hidden = locks.hidden_name(name, PARTIAL)
    self.path = os.path.join(parent, hidden)
    self._descriptor: int | None = _create(self.path)

  def commit(self) -> None:
    """Puts the file into its place; it gets the mode of what was there.

    Raises:
      OSError: If the file system refuses.
    """
    with contextlib.suppress(OSError):
      before = os.lstat(self._target)
      if stat.S_ISREG(before.st_mode):
        _keep_access(self.path, before)
    os.replace(self.path, self._target)
    self._close()

  def discard(self) -> None:
    """Removes the file, unless it is in its place."""
    descriptor = self._descriptor
    if descriptor is None:
      return
    with contextlib.suppress(OSError):
      # Some libraries write a file anew instead of into it.
      if (
        locks.is_at(descriptor, self.path) or not os.fstat(descriptor).st_nlink
      ):
        os.unlink(self.path)
    self._close()

  def _close(self) -> None:
    if self._descriptor is not None:
      os.close(self._descriptor)
      self._descriptor = None


@contextlib.contextmanager
def _renamed(path: str | pathlib.Path) -> Iterator[pathlib.Path]:
  """Gives a path beside another one, which is renamed to that at the end."""
  partial = Partial(path)
  try:
    yield pathlib.Path(partial.path)
    partial.commit()
  finally:
    partial.discard()


def _create(path: str) -> int:
  """Creates and locks a file; removes what else has its name."""
  flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
  for _ in range(_TRIES):
    _remove_remains(path)
    try:
      descriptor = os.open(path, flags, 0o666)
    except FileExistsError:
      continue
    if locks.flock(descriptor) is not False and locks.is_at(descriptor, path):
      return descriptor
    os.close(descriptor)  # another process took it for remains
  raise _busy(path)


def _remove_remains(path: str) -> None:
  """Removes a file that nobody writes any more, or what is no file."""
  try:
    found = os.lstat(path)
  except FileNotFoundError:
    return
  if stat.S_ISDIR(found.st_mode):
    raise IsADirectoryError(
      errno.EISDIR, f"{path}, where it is made first, is a folder", path
    )
  if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = None
    for access in (os.O_RDWR, os.O_RDONLY):
      with contextlib.suppress(OSError):
        descriptor = os.open(path, access | flags)
        break
    if descriptor is not None:
      try:
        if locks.flock(descriptor) is False:
          raise _busy(path)
      finally:
        os.close(descriptor)
  with contextlib.suppress(FileNotFoundError):
    os.unlink(path)


def _busy(path: str) -> OSError:
  return OSError(errno.EBUSY, "another process is writing it", path)


def _keep_access(path: str, before: os.stat_result) -> None:
  """Gives a file or folder the mode, owner and group of another one."""
  now = os.stat(path)
  if hasattr(os, "chown") and (now.st_uid, now.st_gid) != (
    before.st_uid,
    before.st_gid,
  ):
    try:
      os.chown(path, before.st_uid, before.st_gid)
    except OSError:
      with contextlib.suppress(OSError):  # at least the group
        os.chown(path, -1, before.st_gid)
  os.chmod(path, stat.S_IMODE(before.st_mode))


def remove(path: str | pathlib.Path) -> None:
  """Removes a file, a link or a folder with all in it, if it is there.

  A link is removed, not what it leads to; other file systems that are mounted
  in a folder are left alone, and so is the folder then.

  Args:
    path: What to remove.

  Raises:
    OSError: If that is impossible.
  """
  path = os.fspath(path)
  if os.path.islink(path) or not os.path.isdir(path):
    with contextlib.suppress(FileNotFoundError):
      os.unlink(path)
    return
  mounted = _mounted(os.path.realpath(path))
  if mounted:
    raise OSError(errno.EBUSY, f"{mounted} is mounted there", path)
  shutil.rmtree(path)


def discard(path: str) -> None:
  """Removes what nothing depends on any more, as `remove` does.

  A failure ends nothing that has been done well: it is tried once more, as
  after an interruption, and then logged.

  Args:
    path: What to remove.
  """
  try:
    remove(path)
  except BaseException as first:
    try:
      remove(path)
    except OSError as error:
      logging.warning("%s is left behind (%s).", path, error)
    if not isinstance(first, OSError):
      raise


@contextlib.contextmanager
def temporary_folder(prefix: str = "cyclegan_") -> Iterator[str]:
  """Makes a folder for as long as something is done with it.

  Args:
    prefix: What its name begins with.

  Yields:
    Its path, in the system's folder for temporary files.

  Raises:
    OSError: If it cannot be made.
  """
  folder = tempfile.mkdtemp(prefix=prefix)
  try:
    yield folder
  finally:
    discard(folder)


def make_folder(path: str, option: str) -> None:
  """Creates a folder for output, with its parents.

  Args:
    path: The folder.
    option: Name of the option that holds it, for messages.

  Raises:
    UserError: If a file, a pipe, a device or a socket is in the way, or the
      place is not writable.
  """
  regular_files.check_output(path, option)
  try:
    os.makedirs(path, exist_ok=True)
  except FileExistsError as error:
    raise errors.UserError(
      "is a file. Give a folder, or remove the file.", option, path
    ) from error
  except OSError as error:
    raise errors.StorageError(
      f"cannot be created ({error.strerror}). Choose another folder.",
      option,
      path,
    ) from error


def require_replaceable(folder: str, option: str) -> None:
  """Refuses a folder in whose place no other one can be put.

  Args:
    folder: Need not exist.
    option: Name of the option that holds it, for messages.

  Raises:
    errors.UserError: If it is a file, or a file system of its own, or holds
      one; is somebody's current folder, who would be left in one that is gone;
      or belongs to another user; or its parent cannot be written.
  """
  target = os.path.realpath(folder)
  problem = ""
  regular_files.check_output(target, option)
  if os.path.lexists(target) and not os.path.isdir(target):
    raise errors.UserError("is a file. Give another folder.", option, folder)
  mounted = _mounted(target)
  if mounted == target:
    problem = "is a file system of its own (a mount point)"
  elif mounted:
    problem = f"holds {mounted}, a file system of its own (a mount point)"
  elif any(_lies_in(current, target) for current in _current_folders()):
    problem = "is, or holds, the current folder"
  elif os.path.isdir(target) and _is_anothers(target):
    problem = "belongs to another user"
  if problem:
    raise errors.UserError(
      f"{problem}: no other folder can be put in its place. Give a folder"
      " inside it, which need not exist.",
      option,
      folder,
    )
  parent = os.path.dirname(target)
  while not os.path.lexists(parent):
    parent = os.path.dirname(parent)
  if not os.access(parent, os.W_OK | os.X_OK):
    raise errors.UserError(
      f"cannot be written (nothing can be put into {parent}). Give another"
      " folder.",
      option,
      folder,
    )


def _lies_in(path: str, folder: str) -> bool:
  return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _mounted(folder: str) -> str:
  """Returns a mount point that is a folder or lies below it; empty if none."""
  if os.path.ismount(folder):
    return folder
  try:
    # proc(5): the fifth field, with octal escapes.
    with open("/proc/self/mountinfo", "rb") as file:
      points = [line.split()[4] for line in file]
  except (OSError, IndexError):  # another system: devices have to do
    return _other_device(folder)
  for point in points:
    escaped = re.sub(
      rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), point
    )
    if _lies_in(os.fsdecode(escaped), folder):
      return os.fsdecode(escaped)
  return ""


def _other_device(folder: str) -> str:
  """Returns a folder below another one that is on another device, or none."""
  for above, names, _ in os.walk(folder):
    for name in names:
      path = os.path.join(above, name)
      if not os.path.islink(path) and os.path.ismount(path):
        return path
  return ""


def _current_folders() -> Iterator[str]:
  """Yields the current folders of this process, and of who started it."""
  with contextlib.suppress(OSError):
    yield os.getcwd()
  with contextlib.suppress(OSError):
    yield os.readlink(f"/proc/{os.getppid()}/cwd")


def _is_anothers(folder: str) -> bool:
  """Says whether a folder is another user's, and would not stay it."""
  user = getattr(os, "geteuid", lambda: 0)()
  return user != 0 and os.stat(folder).st_uid != user


@contextlib.contextmanager
def replacing_folder(folder: str, option: str) -> Iterator[str]:
  """Gives an empty folder that takes another one's place if all goes well.

  It gets the mode, owner and extended attributes of the other one, which is
  held meanwhile (`locks.hold`).

  Args:
    folder: Is replaced; need not exist. What a killed process left beside it
      is removed, or put back, first.
    option: Name of the option that holds it, for messages.

  Yields:
    The path of the empty folder, beside the other one.

  Raises:
    errors.UserError: If the folder cannot be written or replaced, which is
      found out first.
    locks.InUseError: If another process writes into it.
  """
  require_replaceable(folder, option)
  target = os.path.realpath(folder)
  parent, name = os.path.split(target)
  with locks.hold(folder, option, replaces=True):
    try:
      os.makedirs(parent, exist_ok=True)
      _tidy(parent, name)
      made = tempfile.mkdtemp(dir=parent, prefix=_partial_prefix(name))
      umask = os.umask(0)
      os.umask(umask)
      # As other folders, not only for the owner; a group's folder stays one.
      kept = os.stat(made).st_mode & (stat.S_ISGID | stat.S_ISVTX)
      os.chmod(made, 0o777 & ~umask | kept)
    except OSError as error:
      raise errors.StorageError(
        f"cannot be written ({error.strerror}). Give another folder.",
        option,
        folder,
      ) from error
    try:
      yield made
      try:
        _swap(made, target)
      except OSError as error:
        raise errors.StorageError(
          f"cannot be replaced ({error.strerror}). Give a folder inside it.",
          option,
          folder,
        ) from error
    finally:
      discard(made)  # after a swap: what was there


def carry_over(folder: str, made: str, names: Iterable[str]) -> None:
  """Puts things of the folder that is replaced into its successor as well.

  Files are linked where that is possible, so that it costs no space.

  Args:
    folder: As for `replacing_folder`.
    made: What that gave.
    names: What to keep; names that `made` has already are left alone.

  Raises:
    OSError: If something cannot be read or written.
  """
  for name in names:
    old, new = os.path.join(folder, name), os.path.join(made, name)
    if os.path.lexists(new) or name == locks.INSIDE_NAME:
      continue
    if os.path.isdir(old) and not os.path.islink(old):
      shutil.copytree(old, new, symlinks=True, copy_function=_link)
      for above, _, _ in os.walk(old):
        copied = os.path.join(new, os.path.relpath(above, old))
        _keep_access(copied, os.stat(above))
    else:
      _link(old, new)


def _link(old: str, new: str) -> None:
  try:
    os.link(old, new, follow_symlinks=False)
  except (OSError, NotImplementedError):  # another device, or no links there
    shutil.copy2(old, new, follow_symlinks=False)


def _partial_prefix(name: str) -> str:
  """Returns how names of folders begin in which another one is made."""
  most = locks.MAX_NAME_BYTES - len(f"{_PREVIOUS}_12345678")
  if len(os.fsencode(name)) >= most:
    return locks.hidden_name(name * 2, f"{PARTIAL}_")
  return f".{name}{PARTIAL}_"


def _tidy(parent: str, name: str) -> None:
  """Undoes what a killed process left half done."""
  target, previous = os.path.join(parent, name), _previous(parent, name)
  if os.path.isdir(previous) and not os.path.islink(previous):
    if os.path.isdir(target):
      remove(previous)
    else:
      os.rename(previous, target)
  # Exactly as `tempfile.mkdtemp` names them.
  left = re.compile(re.escape(_partial_prefix(name)) + "[a-z0-9_]{8}")
  for found in os.listdir(parent):
    path = os.path.join(parent, found)
    if left.fullmatch(found) and not os.path.islink(path):
      with contextlib.suppress(OSError):
        remove(path)


def _previous(parent: str, name: str) -> str:
  return os.path.join(parent, locks.hidden_name(name, _PREVIOUS))


def _swap(made: str, target: str) -> None:
  """Puts `made` where `target` is; `made` is gone or what was there."""
  if os.path.isdir(target):
    before = os.stat(target)
    with contextlib.suppress(OSError):
      shutil.copystat(target, made)  # extended attributes, too
      os.utime(made)
    _keep_access(made, before)
  if not os.path.isdir(target) or not os.listdir(target):
    os.replace(made, target)  # over nothing, or over an empty folder
    return
  if _exchange(made, target):
    return
  previous = _previous(*os.path.split(target))
  os.rename(target, previous)
  try:
    os.rename(made, target)
  except BaseException:
    if not os.path.lexists(target):
      os.rename(previous, target)
    raise
  remove(previous)


def _exchange(first: str, second: str) -> bool:
  """Swaps two folders in one step; says whether this system can."""
  try:
    rename = ctypes.CDLL(None, use_errno=True).renameat2
  except (AttributeError, OSError, TypeError):  # not Linux, or an old one
    return False
  paths = os.fsencode(first), os.fsencode(second)
  return not rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE)


def set_aside(path: str | pathlib.Path) -> str:
  """Gives a file or folder a name beside it that nothing looks for.

  Args:
    path: What to rename.

  Returns:
    The new path, `aside-1-NAME` or with another number.

  Raises:
    OSError: If the file system refuses.
  """
  parent, name = os.path.split(os.path.abspath(path))
  for number in itertools.count(1):
    aside = os.path.join(parent, f"aside-{number}-{name}")
    if not os.path.lexists(aside):
      os.rename(path, aside)
      return aside
  raise AssertionError("unreachable")


def without_pattern(folder: str | pathlib.Path) -> str:
  """Returns a path of a folder that nothing takes for a pattern.

  TensorFlow looks for the files of a checkpoint by a pattern, in which brackets
  and backslashes have a meaning.

  Args:
    folder: An existing folder.

  Returns:
    The folder itself or, if its name has such letters, a link to it that is
    there until the process ends.

  Raises:
    OSError: If no link can be made.
  """
  folder = os.fspath(folder)
  if is_address(folder) or not re.search(r"[\[\]\\]", folder):
    return folder
  return _link_to(os.path.abspath(folder))


@functools.cache
def _link_to(folder: str) -> str:
  link = os.path.join(_links().name, str(next(_numbers)))
  os.symlink(folder, link)
  return link


@functools.cache
def _links() -> tempfile.TemporaryDirectory:
  """Returns a folder that is removed when the process ends."""
  return tempfile.TemporaryDirectory(prefix="cyclegan_links_")


def is_address(path: str) -> bool:
  """Says whether a path is an address such as `gs://bucket/pictures`."""
  return "://" in path


def ignores_case(path: str) -> bool:
  """Says whether a file system takes `A.png` and `a.png` for one file.

  Args:
    path: Where; need not exist.
  """
  path = os.path.realpath(path)
  while os.path.dirname(path) != path:
    parent, name = os.path.split(path)
    if os.path.exists(path) and name != name.swapcase():
      other = os.path.join(parent, name.swapcase())
      return os.path.exists(other) and os.path.samefile(path, other)
    path = parent
  return False


def is_full(error: errors.UserError) -> bool:
  """Says whether an error means that nothing more can be written there.

  Args:
    error: From `writing` and the like.
  """
  cause = error.__cause__
  return isinstance(cause, OSError) and cause.errno in _FULL


def total_size(folder: str | pathlib.Path) -> int:
  """Returns the bytes of all files in a folder and below it."""
  return sum(
    path.stat().st_size
    for path in pathlib.Path(folder).rglob("*")
    if path.is_file()
  )


def sha256(path: str | pathlib.Path) -> str:
  """Returns the SHA-256 of a file's bytes, in hexadecimal.

  Args:
    path: The file, of any size.

  Raises:
    OSError: If it cannot be read.
  """
  with open(path, "rb") as file:
    return sha256_of(file)


def sha256_of(file: IO[bytes]) -> str:
  """Returns the SHA-256 of what can be read from a file, in hexadecimal.

  Args:
    file: Open for reading bytes, also TensorFlow's of an address.

  Raises:
    OSError: If it cannot be read.
  """
  digest = hashlib.sha256()
  while chunk := file.read(_HASHED_BYTES):
    digest.update(chunk)
  return digest.hexdigest()
