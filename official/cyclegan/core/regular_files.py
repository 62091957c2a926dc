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
"""Tells regular files from pipes, devices and sockets, which are never opened.

A pipe called x.jpg keeps who opens it waiting for ever, a device does things.
Nor is anything put in their place: who renames a file to /dev/null breaks the
machine.
"""

from __future__ import annotations

import os
import stat

from official.cyclegan.core import errors

# Files that are open already, of which the user has given the number.
_DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
_MAX_TEXT = 1 << 20  # bytes of what people write


def is_special(path: str | os.PathLike[str]) -> bool:
  """Says whether there is something that is neither a file nor a folder.

  Args:
    path: Where; links are followed. What does not exist, or cannot be looked
      at, is not special: who opens it gets the system's own error.
  """
  try:
    mode = os.stat(path).st_mode
  except (OSError, ValueError):
    return False
  return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check(path: str | os.PathLike[str], option: str | None = None) -> None:
  """Refuses a pipe, a device or a socket, without opening it.

  Args:
    path: What is about to be opened.
    option: Name of the option that holds it, for the message.

  Raises:
    errors.UserError: If it is one.
  """
  _refuse_special(
    path,
    option,
    ", not a file. It is not opened; remove it, or give another path.",
  )


def _refuse_special(
  path: str | os.PathLike[str], option: str | None, rest: str
) -> None:
  """Raises an error that ends with the rest of its sentence."""
  if is_special(path):
    raise errors.UserError(
      f"{': ' if option else ''}{os.fspath(path)} is a pipe, a device or a"
      f" socket{rest}",
      option,
    )


def read_text(path: str | os.PathLike[str], option: str) -> str:
  """Returns the text of a file that somebody has written for a command.

  Also of a pipe that is open already, as a shell's `<(...)` gives it, but not
  of one that has no end.

  Args:
    path: The file.
    option: Name of the option that holds it, for messages.

  Raises:
    OSError: If it cannot be read.
    ValueError: If it is no UTF-8, or its name none that there can be.
    errors.UserError: If it is a pipe, a device or a socket, or very large.
  """
  given = os.fspath(path)
  if not given.startswith(_DESCRIPTORS):
    check(given, option)
  with open(given, "rb") as file:
    content = file.read(_MAX_TEXT + 1)
  if len(content) > _MAX_TEXT:
    raise errors.UserError(
      f": {given} has more than {_MAX_TEXT:,} bytes, which nobody writes by"
      " hand. Give another file.",
      option,
    )
  return content.decode("utf-8-sig")


def check_output(
  path: str | os.PathLike[str], option: str | None = None
) -> None:
  """Refuses to write to a pipe, a device or a socket, or in its place.

  Args:
    path: What is about to be written, a file or a folder.
    option: Name of the option that holds it, for the message.

  Raises:
    errors.UserError: If there is one.
  """
  _refuse_special(
    path, option, ": nothing is written there. Give another path."
  )


def check_folder(folder: str | os.PathLike[str], option: str) -> None:
  """Refuses a folder that holds a pipe, a device or a socket anywhere below.

  For folders that a library reads as a whole, such as a SavedModel.

  Args:
    folder: The folder; links to folders are not followed. May be missing.
    option: Name of the option that holds it, for the message.

  Raises:
    errors.UserError: If there is one.
  """
  for parent, _, names in os.walk(folder):
    for name in names:
      check(os.path.join(parent, name), option)
