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
"""Refuses commands that would write over, or into, what they read.

Paths are compared by what they lead to (device and inode), not by how they are
spelled: links, `..`, other cases on file systems that ignore it and second
mounts are all seen through. Every library that a command calls asks here before
it does anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import os
from collections.abc import Iterable, Iterator

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.core import regular_files
from official.cyclegan.core import search_config

# A file or folder, whatever it is called: its device and inode.
_Identity = tuple[int, int]
_PARTS = {"data", "model", "train"}  # of every run's configuration


class Kind(enum.Enum):
  """What a command leaves in a folder, with a page to look at."""

  RUN = "a run"
  SEARCH = "a search"
  EXPORT = "an export"
  EVALUATION = "an evaluation"


# Files of which all are in such a folder, and of which one may be its page.
_MARKS = {
  Kind.SEARCH: (search_config.FILE_NAME,),
  Kind.EXPORT: (model_path.EXPORT_NAME,),
  Kind.EVALUATION: ("report.json", "report.html"),
}


@dataclasses.dataclass(frozen=True)
class Read:
  """Something that a command reads.

  Attributes:
    path: A file or folder; need not exist, and may be an address.
    names: Of a folder, what in it is read; None: all of it, with what links in
      it lead to. With names, other things may be written into the folder, but
      not in its place.
  """

  path: str
  names: tuple[str, ...] | None = None


def of_data(config: config_lib.DataConfig) -> list[Read]:
  """Returns the folders of pictures or records that a data set is.

  Args:
    config: `dataset`, or `domain_a` and `domain_b`.
  """
  if config.domain_a:
    return [Read(config.domain_a), Read(config.domain_b)]
  return [Read(config.dataset)] if os.path.isdir(config.dataset) else []


def of_model(path: str) -> list[Read]:
  """Returns what is read of a model.

  Args:
    path: A run's folder, into which evaluations and exports may go; an
      export's folder; a SavedModel; or a `.tflite` file.
  """
  try:
    found = model_path.locate(path)
  except errors.UserError:  # who opens it says that
    return [Read(path)]
  if found.kind is model_path.Kind.RUN:
    folders = model_path.CHECKPOINT_FOLDERS.values()
    return [Read(path, (model_path.CONFIG_NAME, *folders))]
  read = [Read(p) for paths in found.exported.values() for p in paths]
  read += [Read(p) for p in found.tflite_files]
  if found.kind is model_path.Kind.EXPORT:
    return [Read(path, (model_path.EXPORT_NAME,)), *read]
  return [Read(path), *read]


def check(
  reads: Iterable[Read],
  option: str,
  output: str,
  names: Iterable[str] = (),
  replaced: bool = False,
) -> None:
  """Refuses an output that is, lies in or would replace what is read.

  Also one that is no file and no folder.

  Args:
    reads: What the command reads.
    option: Name of the option that holds the output, for the message.
    output: The file or folder that is written; need not exist.
    names: Of a folder, the names in it that are replaced.
    replaced: Whether the output itself is replaced as a whole, so that nothing
      that was in it stays.

  Raises:
    errors.UserError: If it would, or if there is a pipe, a device or a socket.
  """
  if files.is_address(output):
    return
  places = [(output, replaced)]
  places += [(os.path.join(output, name), True) for name in names]
  for place, _ in places:
    regular_files.check_output(place, option)
  known: dict[str, frozenset[_Identity]] = {}
  looked_at = [
    (place, whole, _identity(place), _ancestors(place, known))
    for place, whole in places
  ]
  for read in reads:
    if not os.path.exists(read.path):
      continue
    tree = _Tree.of(read)
    for place, whole, identity, ancestors in looked_at:
      harm = _harm(tree, identity, ancestors, whole)
      if harm:
        shown = "" if place == output else f": {place} "
        raise errors.UserError(
          f"{shown}would {harm} {read.path}, which is read. Give another"
          " place.",
          option,
          output,
        )


def check_kind(kind: Kind, option: str, folder: str) -> None:
  """Refuses a folder in which another command has left its results.

  Their pages and reports have the same names. A folder that holds results of
  both kinds already is left to whoever goes on with it.

  Args:
    kind: What the command writes there.
    option: Name of the option that holds the folder, for the message.
    folder: Need not exist.

  Raises:
    errors.UserError: If it holds something of another kind only.
  """
  found = [other for other in Kind if _holds(folder, other)]
  if found and kind not in found:
    raise errors.UserError(
      f"holds {found[0].value}, whose pages {kind.value} would replace. Give a"
      " new folder.",
      option,
      folder,
    )


def run_around(path: str) -> str:
  """Returns the run whose folder a path is or lies in, the innermost one.

  Args:
    path: A file or folder; need not exist.

  Returns:
    The run's folder without links; empty if there is none.
  """
  folder = os.path.realpath(path)
  while not _is_run(folder):
    above = os.path.dirname(folder)
    if above == folder:
      return ""
    folder = above
  return folder


def check_run(model: str, option: str, output: str) -> None:
  """Refuses an output that lies in the folder of another run than the model's.

  What lies there is that run's, and taken for it by who looks at it.

  Args:
    model: A run's folder, or what lies in one. What lies in none may be of any.
    option: Name of the option that holds the output, for the message.
    output: The folder that is written; need not exist.

  Raises:
    errors.UserError: If it does.
  """
  own = run_around(model)
  other = own and run_around(output)
  if not other or os.path.samefile(own, other):
    return
  real, has = os.path.realpath(output), ""
  if os.path.isfile(os.path.join(real, model_path.EXPORT_NAME)):
    has = ", and an export is there"
  there = "is" if real == other else "lies in"
  base = model if os.path.realpath(model) == own else own
  raise errors.UserError(
    f"{there} the folder of another run, {os.path.basename(other)}{has}. Give"
    f" {os.path.join(base, os.path.basename(real))}, or a folder that lies in"
    " no run.",
    option,
    output,
  )


def _holds(folder: str, kind: Kind) -> bool:
  """Says whether results of a kind are in a folder."""
  if kind is Kind.RUN:
    return _is_run(folder)
  return all(
    os.path.isfile(os.path.join(folder, name)) for name in _MARKS[kind]
  )


def _is_run(folder: str) -> bool:
  """Says whether `train` has written a folder, also if its config is damaged.

  Other programs have files of that name, too.
  """
  path = os.path.join(folder, model_path.CONFIG_NAME)
  if not os.path.isfile(path):
    return False
  for name in model_path.CHECKPOINT_FOLDERS.values():
    if os.path.isdir(os.path.join(folder, name)):
      return True
  with contextlib.suppress(OSError, errors.UserError):
    return bool(
      files.read_json(path, "", lambda values: values.keys() >= _PARTS)
    )
  return False


@dataclasses.dataclass(frozen=True)
class _Tree:
  """What is read, whatever it is called.

  Attributes:
    tops: The path itself and, of a folder of which only a part is read, that.
    filled: What nothing may be written over or into: files and folders that
      are read, and what links in them lead to.
    above: The path and all folders that it lies in.
  """

  tops: frozenset[_Identity | None]
  filled: frozenset[_Identity]
  above: frozenset[_Identity]

  @classmethod
  def of(cls, read: Read) -> _Tree:
    """Looks at what is read, as it is now."""
    paths = [read.path]
    if read.names is not None:
      paths = [os.path.join(read.path, name) for name in read.names]
    return cls(
      frozenset(map(_identity, [read.path, *paths])),
      frozenset(found for path in paths for found in _identities(path)),
      _ancestors(read.path, {}),
    )


def _harm(
  tree: _Tree,
  identity: _Identity | None,
  ancestors: frozenset[_Identity],
  replaced: bool,
) -> str:
  """Returns what writing to a place would do to what is read, or nothing."""
  if identity and identity in tree.tops:
    return "overwrite"
  if not tree.filled.isdisjoint(ancestors):
    return "write into"
  return "replace" if replaced and identity in tree.above else ""


def _identity(path: str) -> _Identity | None:
  """Returns what a path leads to, None if that is nothing."""
  try:
    found = os.stat(path)
  except OSError:
    return None
  return found.st_dev, found.st_ino


def _ancestors(
  path: str, known: dict[str, frozenset[_Identity]]
) -> frozenset[_Identity]:
  """Returns a path and all folders that it lies in, as far as they exist.

  Of a link both the place that it leads to and the place where it lies: the
  former is filled, the latter replaced.

  Args:
    path: A file or folder; need not exist.
    known: By folder what was found; is added to. Thousands of files lie in a
      few folders.
  """
  path = path.rstrip(os.sep) or os.sep
  parent, name = os.path.split(path)
  if os.path.islink(path) or not name or name in (os.curdir, os.pardir):
    found = _upwards(os.path.realpath(path))
  else:
    identity = _identity(path)
    found = frozenset([identity] if identity else [])
  parent = parent or os.curdir
  if parent not in known:
    known[parent] = _upwards(os.path.realpath(parent))
  return found | known[parent]


def _upwards(start: str) -> frozenset[_Identity]:
  """Returns a path without links and all folders that it lies in."""
  found = set()
  while True:
    identity = _identity(start)
    if identity:
      found.add(identity)
    above = os.path.dirname(start)
    if above == start:
      return frozenset(found)
    start = above


def _identities(tree: str) -> Iterator[_Identity]:
  """Yields a file or folder, and what links below it lead to.

  Files that have another name elsewhere (hard links) are yielded too.
  """
  seen: set[_Identity] = set()
  waiting = [tree]
  while waiting:
    path = waiting.pop()
    identity = _identity(path)
    if identity is None or identity in seen:
      continue
    seen.add(identity)
    if path == tree or os.path.islink(path):
      yield identity
    if not os.path.isdir(path):
      continue
    try:
      with os.scandir(path) as entries:
        for entry in entries:
          if entry.is_symlink() or entry.is_dir():
            waiting.append(entry.path)
          elif (found := entry.stat()).st_nlink > 1:
            yield found.st_dev, found.st_ino
    except OSError:  # who reads it says that
      continue
