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
"""Takes the places of this machine out of text that is handed on.

A path says who somebody is and how their disk is laid out, and nobody else can
use it: its last parts, or the way to it from the page, are enough.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

_LAST_PARTS = 2  # of a path that are kept
# Folders of people, below which their names are.
_HOMES = ("home", "Users", "root")
_ENDS = r"\s\"'<>|;,():*?`"  # what no path in a text goes on after
# An absolute path of more than one part, where a word begins; an address, a
# relative path, a fraction and a device have other letters before the slash.
_POSIX = rf"(?<![\w.:/~)\]\\-])/(?:[^/{_ENDS}]+/)+[^/{_ENDS}]*"
_WINDOWS = rf"(?<!\w)[A-Za-z]:[\\/](?:[^\\/{_ENDS}]+[\\/])*[^\\/{_ENDS}]*"
_PATH = re.compile(f"{_POSIX}|{_WINDOWS}")
_SEPARATORS = re.compile(r"[\\/]+")


def short(path: str, folder: str = "") -> str:
  """Returns a path as it may be handed on.

  Args:
    path: Of a file or folder; one that is relative, or an address, is returned
      as it is.
    folder: In which what is handed on lies; empty: nowhere.

  Returns:
    What lies in the folder or beside it as seen from there; of anything else
    the last parts, without the folder of whoever it belongs to.
  """
  if not _is_absolute(path):
    return path
  if folder:
    real = os.path.normpath(path)
    base = os.path.abspath(folder)
    beside = os.path.dirname(base)
    for start, before in ((base, ""), (beside, os.pardir)):
      if real == start:
        return before or os.curdir
      if start != os.sep and real.startswith(start.rstrip(os.sep) + os.sep):
        return os.path.join(before, os.path.relpath(real, start))
  parts = [part for part in _SEPARATORS.split(path) if part]
  if parts and parts[0].endswith(":"):
    del parts[0]
  home = [p for p in _SEPARATORS.split(os.path.expanduser("~")) if p]
  if home and parts[: len(home)] == home:
    parts = parts[len(home) :]
  elif parts and parts[0] in _HOMES:
    parts = parts[1 if parts[0] == "root" else 2 :]
  return "/".join(parts[-_LAST_PARTS:]) or "home"


def without(text: str, folder: str = "", known: Iterable[str] = ()) -> str:
  """Returns a text in which absolute paths are `short`.

  Args:
    text: For people.
    folder: As for `short`.
    known: Paths that may be in it; with these, blanks in their names are no
      matter.
  """
  named = [path for path in known if _is_absolute(path)]
  if folder:
    named.append(os.path.abspath(folder))
  for path in sorted(set(named), key=len, reverse=True):
    ending = r"(?:(?=[\s\"'<>|;,():*?`.])|$)"
    whole = re.escape(path.rstrip("/\\")) + r"[\\/]?" + ending
    # Not as a pattern, in which backslashes have a meaning.
    text = re.sub(whole, short(path, folder).replace("\\", r"\\"), text)
  for start, instead in _beginnings(folder):
    text = text.replace(start, instead)
  return _PATH.sub(lambda found: _ended(found[0], folder), text)


def _beginnings(folder: str) -> Iterator[tuple[str, str]]:
  """Yields how known paths begin that have blanks, and what is shown of it."""
  starts = [(os.path.expanduser("~"), "")]
  if folder:
    base = os.path.abspath(folder)
    starts = [(base, ""), (os.path.dirname(base), os.pardir), *starts]
  for start, instead in starts:
    if " " in start:
      yield start + os.sep, os.path.join(instead, "")


def _ended(path: str, folder: str) -> str:
  """Returns a path that may be at the end of a sentence, short."""
  bare = path.rstrip(".")
  return short(bare, folder) + path[len(bare) :]


def _is_absolute(path: str) -> bool:
  return path.startswith("/") or bool(re.match(r"[A-Za-z]:[\\/]", path))
