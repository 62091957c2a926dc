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
"""Replaces a folder as a whole: killed at any point, old or new is there.

Linux swaps two folders in one step. Elsewhere the old one is moved aside first;
what is found moved aside later on, with nothing in its place, is moved back.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator

from official.cyclegan.core import config as config_lib

_AT_FDCWD = -100  # linux/fcntl.h
_RENAME_EXCHANGE = 2  # linux/fs.h


@contextlib.contextmanager
def replacing(folder: str, flag: str) -> Iterator[str]:
  """Gives an empty folder that takes another one's place if all goes well.

  Args:
    folder: Is replaced; need not exist. What a killed process left beside it
      is removed, or put back, first.
    flag: Name of the flag that holds it, for messages.

  Yields:
    The path of the empty folder, beside the other one.

  Raises:
    config.UserError: If the folder cannot be written or replaced.
  """
  target = os.path.realpath(folder)
  if os.path.exists(target) and not os.path.isdir(target):
    raise config_lib.UserError(
      f"--{flag}={folder} is a file. Give another folder."
    )
  parent, name = os.path.split(target)
  try:
    os.makedirs(parent, exist_ok=True)
    _tidy(parent, name)
    made = tempfile.mkdtemp(dir=parent, prefix=f".{name}.partial_")
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(made, 0o777 & ~umask)  # as other folders, not only for the owner
  except OSError as error:
    raise config_lib.UserError(
      f"--{flag}={folder} cannot be written ({error.strerror}). Give another"
      " folder."
    ) from error
  try:
    yield made
    try:
      _swap(made, target)
    except OSError as error:
      raise config_lib.UserError(
        f"--{flag}={folder} cannot be replaced ({error.strerror}). Give a"
        " folder inside it."
      ) from error
  finally:
    shutil.rmtree(made, ignore_errors=True)  # after a swap: what was there


def carry_over(folder: str, made: str, names: Iterable[str]) -> None:
  """Puts things of the folder that is replaced into its successor as well.

  Files are linked where that is possible, so that it costs no space.

  Args:
    folder: As for `replacing`.
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
