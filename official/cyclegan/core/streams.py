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
"""Standard output and error that no reader, disk or alphabet can break.

A training of hours must not end because `| head -1` has read its line, or
because the file that its words go to is on a full disk: what cannot be written
is dropped, and the first failure is remembered.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, cast

_STANDARD = 3  # descriptors: input, output, error


class _Output(io.RawIOBase):
  """A descriptor that takes everything, whether it can be written or not.

  Attributes:
    failure: Why something was dropped; None as long as nothing was.
  """

  def __init__(self, descriptor: int):
    super().__init__()
    self._descriptor = descriptor
    self.failure: OSError | None = None

  def write(self, data: Any) -> int:
    """Writes what can be written; says that it was all."""
    if self.failure is None:
      try:
        return os.write(self._descriptor, data)
      except OSError as error:
        self.failure = error
    return len(data)

  def writable(self) -> bool:
    """Says that it takes data."""
    return True

  def fileno(self) -> int:
    """Returns the descriptor, for programs that are started."""
    return self._descriptor

  def isatty(self) -> bool:
    """Says whether a person reads it."""
    return os.isatty(self._descriptor)


def protect() -> None:
  """Lets this process print to whatever there is.

  Where the terminal's alphabet lacks a letter its number is shown. Descriptors
  that are closed lead to the null device, or the next file that is opened would
  get what others print. Streams that are none of the system's stay as they are,
  such as those of a notebook.
  """
  for descriptor in range(_STANDARD):
    try:
      os.fstat(descriptor)
    except OSError:
      os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
  for name in ("stdout", "stderr"):
    stream = getattr(sys, name)
    if isinstance(stream, io.TextIOWrapper) and not _raw(stream):
      setattr(sys, name, _protected(stream))


def failure() -> OSError | None:
  """Returns why part of the standard output was lost, None if none was.

  A reader that is gone, as of `| head -1`, has what it wanted: that is none.
  """
  raw = _raw(sys.stdout)
  if raw is None:
    return None
  sys.stdout.flush()
  lost = raw.failure
  return None if lost is None or lost.errno == errno.EPIPE else lost


def _raw(stream: Any) -> _Output | None:
  """Returns what is below a stream that `protect` made."""
  raw = getattr(getattr(stream, "buffer", None), "raw", None)
  return raw if isinstance(raw, _Output) else None


def _protected(stream: io.TextIOWrapper) -> io.TextIOWrapper:
  """Returns a stream to the same descriptor."""
  try:
    stream.flush()
    descriptor = stream.fileno()
  except (OSError, ValueError):  # of memory, as in tests; or closed
    stream.reconfigure(errors="backslashreplace")
    return stream
  raw = cast(io.RawIOBase, _Output(descriptor))
  return io.TextIOWrapper(
    io.BufferedWriter(raw),
    encoding=stream.encoding,
    errors="backslashreplace",
    line_buffering=stream.line_buffering,
  )
