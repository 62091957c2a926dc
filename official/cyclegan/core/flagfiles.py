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
"""Puts what `--flagfile` names into its place, as absl does.

absl itself opens pipes and devices, reads what has no end, and goes on without
a file that includes itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from official.cyclegan.core import errors
from official.cyclegan.core import regular_files

_OPTION = "flagfile"
_GIVEN = re.compile(rf"--?{_OPTION}(?:=(.*))?", re.DOTALL)
_MAX_LINES = 10_000  # of a file and all that it includes


def expanded(arguments: Sequence[str], anywhere: bool) -> list[str]:
  """Returns arguments with the lines of the files among them.

  Args:
    arguments: Of a command, without its name.
    anywhere: Whether flags may come behind what is no flag.

  Raises:
    errors.UserError: If a file cannot be read, includes itself or has very many
      lines.
  """
  found: list[str] = []
  rest = list(arguments)
  while rest:
    argument = rest.pop(0)
    given = _GIVEN.fullmatch(argument)
    if given and (given[1] is not None or rest):
      path = rest.pop(0) if given[1] is None else given[1]
      for line in _lines(path, ()):
        found.append(line)
        if len(found) > _MAX_LINES:
          raise errors.UserError(
            f"has, with all that it includes, more than {_MAX_LINES:,} lines."
            " Give a file of flags.",
            _OPTION,
            path,
          )
      continue
    found.append(argument)
    # What follows is no flag, or stands where absl looks for none.
    if argument == "--" or not (argument.startswith("-") or anywhere):
      break
  return found + rest


def _lines(given: str, above: tuple[str, ...]) -> Iterator[str]:
  """Yields the lines of a file, and of those that it includes.

  Args:
    given: Its path.
    above: The files that include it, without links.
  """
  path = os.path.expanduser(given.strip())
  if not path:
    return  # as absl: none
  try:
    identity = os.path.realpath(path)
    if identity in above:
      raise errors.UserError(
        f"includes itself: {above[-1]} names it. Remove that line.",
        _OPTION,
        given,
      )
    text = regular_files.read_text(path, _OPTION)
  except errors.UserError:
    raise
  except (OSError, ValueError) as error:
    reason = getattr(error, "strerror", None) or errors.first_line(error)
    raise errors.UserError(
      f"cannot be read ({reason}). Give a file of flags, one a line.",
      _OPTION,
      given,
    ) from error
  for line in re.split("\r\n?|\n", text):
    line = line.strip()
    inner = _GIVEN.fullmatch(line)
    if inner and inner[1] is not None:
      yield from _lines(inner[1], (*above, identity))
    elif line and not line.startswith(("#", "//")):
      yield line
