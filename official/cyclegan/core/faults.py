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
"""What to tell of an error that nothing nearer to its cause has explained.

Expected are the faults of disks, memory, permissions and networks, which any
line of any library may meet: they become one line with the file and a remedy.
All others are mistakes of this package, whose traceback goes into a file.
"""

from __future__ import annotations

import datetime
import errno
import os
import sys
import tempfile
import traceback

from official.cyclegan.core import errors

_AGAIN = "give the same command again"
_SPACE = f"Free some space, and {_AGAIN}."
_ALLOW = f"Make it accessible, or give another place, and {_AGAIN}."
_MEMORY = (
  f"Close other programs, take smaller pictures or batches, and {_AGAIN}."
)
_BACKUP = f"Restore it from a backup, and {_AGAIN}."
_OTHER = f"Look after the file or the disk, and {_AGAIN}."
_REMEDIES = {
  **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _SPACE),
  **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _ALLOW),
  errno.EIO: f"Check the disk, and {_AGAIN}.",
  errno.ENOENT: f"Put it back, and {_AGAIN}.",
  errno.ENAMETOOLONG: "Give it a shorter name.",
  errno.EMFILE: f"Raise the limit (ulimit -n), and {_AGAIN}.",
  errno.ENFILE: f"Close other programs, and {_AGAIN}.",
  errno.ENOMEM: _MEMORY,
}
# Of TensorFlow's errors those that files, memory and networks cause.
_OF_TENSORFLOW = {
  "AlreadyExistsError": _ALLOW,
  "DataLossError": f"A file is damaged. {_BACKUP}",
  "DeadlineExceededError": f"Check the network, and {_AGAIN}.",
  "NotFoundError": f"Put it back, and {_AGAIN}.",
  "PermissionDeniedError": _ALLOW,
  "ResourceExhaustedError": f"Free some space or memory, and {_AGAIN}.",
  "UnavailableError": f"Check the network, and {_AGAIN}.",
  "UnknownError": _OTHER,  # such as EIO
}


def explain(error: Exception) -> str | None:
  """Returns an expected fault in one line, or None for any other error.

  Args:
    error: What reached the end of a command.
  """
  if isinstance(error, MemoryError):
    return f"not enough memory ({errors.first_line(error)}). {_MEMORY}"
  if isinstance(error, ModuleNotFoundError):
    return (
      f"the package {error.name} is not installed. Install this package with"
      " all that it needs: pip install -e ."
    )
  if isinstance(error, OSError):
    return _of_system(error)
  if isinstance(error, UnicodeError):
    return (
      f"a file's name or contents are not UTF-8 ({errors.first_line(error)})."
      f" Rename or restore the file, and {_AGAIN}."
    )
  remedy = _tensorflow_remedy(error)
  return f"{errors.first_line(error)}. {remedy}" if remedy else None


def record(error: Exception, program: str) -> tuple[str, str | None]:
  """Keeps the traceback of an unexpected error.

  Args:
    error: The error.
    program: Name of the command.

  Returns:
    The error in one line, with the place in the code; and the file that has
    all of it, None if no file can be written.
  """
  frames = traceback.extract_tb(error.__traceback__)
  place = ""
  if frames:
    name = os.path.basename(frames[-1].filename)
    place = f" ({name}, line {frames[-1].lineno})"
  line = f"{type(error).__name__}: {errors.first_line(error)}{place}"
  return line, _write(error, program)


def _of_system(error: OSError) -> str:
  """Returns what the operating system refused, of which file, and a remedy."""
  names = [os.fsdecode(n) for n in (error.filename, error.filename2) if _is(n)]
  where = f"{' and '.join(names)}: " if names else ""
  what = error.strerror or errors.first_line(error)
  return f"{where}{what}. {_REMEDIES.get(error.errno or 0, _OTHER)}"


def _is(name: object) -> bool:
  return isinstance(name, (str, bytes, os.PathLike))


def _tensorflow_remedy(error: Exception) -> str | None:
  """Returns a remedy if an error is TensorFlow's, of a file or of memory."""
  tensorflow = sys.modules.get("tensorflow")  # else it cannot be one of its
  if tensorflow is None:
    return None
  for name, remedy in _OF_TENSORFLOW.items():
    if isinstance(error, getattr(tensorflow.errors, name)):
      return remedy
  return None


def _write(error: Exception, program: str) -> str | None:
  """Writes a traceback to a new file in the folder for temporary ones."""
  now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
  lines = [f"{now} {' '.join(sys.argv)}\n"]
  lines += traceback.format_exception(type(error), error, error.__traceback__)
  try:
    descriptor, path = tempfile.mkstemp(".txt", f"cyclegan_{program}_")
    with open(
      descriptor, "w", encoding="utf-8", errors="backslashreplace"
    ) as file:
      file.writelines(lines)
  except OSError:
    return None
  return path
