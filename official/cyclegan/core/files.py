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

A file is written beside its place and renamed. Linux swaps two folders in one
step. Elsewhere the old one is moved aside first; what is found moved aside
later on, with nothing in its place, is moved back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import messages

_AT_FDCWD = -100  # linux/fcntl.h
_RENAME_EXCHANGE = 2  # linux/fs.h
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_HASHED_BYTES = 1 << 20  # at a time
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
    UserError: If the file cannot be written.
  """
  try:
    with _renamed(path) as partial:
      partial.write_text(messages.printable(text), encoding="utf-8")
  except OSError as error:
    raise errors.UserError(
      f": {path} cannot be written ({error.strerror}). Free some space, or give"
      " a folder that is writable.",
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
    UserError: If the file cannot be written.
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
    UserError: If it is not JSON, or `convert` cannot use it.
  """
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
    The path of a file beside it.

  Raises:
    UserError: If the file system refuses.
  """
  try:
    with _renamed(path) as partial:
      yield str(partial)
  except OSError as error:
    raise errors.UserError(
      f"{path} cannot be written ({error.strerror}). Choose another place or"
      " free some space."
    ) from error


@contextlib.contextmanager
def _renamed(path: str | pathlib.Path) -> Iterator[pathlib.Path]:
  """Gives a path beside another one, which is renamed to that at the end."""
  partial = pathlib.Path(f"{path}.partial")
  yield partial
  partial.replace(path)


def make_folder(path: str, option: str) -> None:
  """Creates a folder for output, with its parents.

  Args:
    path: The folder.
    option: Name of the option that holds it, for messages.

  Raises:
    UserError: If a file is in the way or the place is not writable.
  """
  try:
    os.makedirs(path, exist_ok=True)
  except FileExistsError as error:
    raise errors.UserError(
      "is a file. Give a folder, or remove the file.", option, path
    ) from error
  except OSError as error:
    raise errors.UserError(
      f"cannot be created ({error.strerror}). Choose another folder.",
      option,
      path,
    ) from error


@contextlib.contextmanager
def replacing_folder(folder: str, option: str) -> Iterator[str]:
  """Gives an empty folder that takes another one's place if all goes well.

  Args:
    folder: Is replaced; need not exist. What a killed process left beside it
      is removed, or put back, first.
    option: Name of the option that holds it, for messages.

  Yields:
    The path of the empty folder, beside the other one.

  Raises:
    errors.UserError: If the folder cannot be written or replaced.
  """
  target = os.path.realpath(folder)
  if os.path.exists(target) and not os.path.isdir(target):
    raise errors.UserError("is a file. Give another folder.", option, folder)
  parent, name = os.path.split(target)
  try:
    os.makedirs(parent, exist_ok=True)
    _tidy(parent, name)
    made = tempfile.mkdtemp(dir=parent, prefix=f".{name}.partial_")
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(made, 0o777 & ~umask)  # as other folders, not only for the owner
  except OSError as error:
    raise errors.UserError(
      f"cannot be written ({error.strerror}). Give another folder.",
      option,
      folder,
    ) from error
  try:
    yield made
    try:
      _swap(made, target)
    except OSError as error:
      raise errors.UserError(
        f"cannot be replaced ({error.strerror}). Give a folder inside it.",
        option,
        folder,
      ) from error
  finally:
    shutil.rmtree(made, ignore_errors=True)  # after a swap: what was there


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
    if os.path.lexists(new):
      continue
    if os.path.isdir(old) and not os.path.islink(old):
      shutil.copytree(old, new, symlinks=True, copy_function=_link)
    else:
      _link(old, new)


def _link(old: str, new: str) -> None:
  try:
    os.link(old, new, follow_symlinks=False)
  except (OSError, NotImplementedError):  # another device, or no links there
    shutil.copy2(old, new, follow_symlinks=False)


def _tidy(parent: str, name: str) -> None:
  """Undoes what a killed process left half done."""
  target, previous = os.path.join(parent, name), _previous(parent, name)
  if os.path.isdir(previous):
    if os.path.isdir(target):
      shutil.rmtree(previous)
    else:
      os.rename(previous, target)
  pattern = os.path.join(glob.escape(parent), f".{glob.escape(name)}.partial_*")
  for left in glob.glob(pattern):
    shutil.rmtree(left, ignore_errors=True)


def _previous(parent: str, name: str) -> str:
  return os.path.join(parent, f".{name}.previous")


def _swap(made: str, target: str) -> None:
  """Puts `made` where `target` is; `made` is gone or what was there."""
  if not os.path.isdir(target) or not os.listdir(target):
    os.replace(made, target)  # over nothing, or over an empty folder
    return
  if _exchange(made, target):
    return
  previous = _previous(*os.path.split(target))
  os.rename(target, previous)
  os.rename(made, target)
  shutil.rmtree(previous)


def _exchange(first: str, second: str) -> bool:
  """Swaps two folders in one step; says whether this system can."""
  try:
    rename = ctypes.CDLL(None, use_errno=True).renameat2
  except (AttributeError, OSError, TypeError):  # not Linux, or an old one
    return False
  paths = os.fsencode(first), os.fsencode(second)
  return not rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE)


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
  digest = hashlib.sha256()
  with open(path, "rb") as file:
    while chunk := file.read(_HASHED_BYTES):
      digest.update(chunk)
  return digest.hexdigest()
