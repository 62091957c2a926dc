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
"""The folder that the studio works in: projects, their pictures and runs.

All state is here, so that a server that was killed loses nothing:

  NAME/project.json     title, where the pictures are, the choices made
  NAME/a, NAME/b        pictures that were dropped
  NAME/data/N           the pictures as `prepare` has looked at and packed them
  NAME/probes/N         what `probe` says of these
  NAME/runs/RUN         a training, in it `export`
  NAME/searches/SEARCH  a search of the weights
  NAME/tries/TRY        a picture or video, and what was made of it
  NAME/jobs             commands that run or ran, and what they printed

A request names things by single names that are looked up here; links are no
part of it, wherever they lead.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import stat
import time
from collections.abc import Iterator
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import folders
from official.cyclegan.studio_app import names
from official.cyclegan.studio_app import refusals

RECORD_NAME = "project.json"
DOMAINS = ("a", "b")
DATA, PROBES, RUNS, SEARCHES = "data", "probes", "runs", "searches"
TRIES, JOBS = "tries", "jobs"
_KINDS = (DATA, PROBES, RUNS, SEARCHES, TRIES, JOBS)
_MOST_SHOWN = 400  # folders in a list, or pictures
_MOST_COUNTED = 100_000  # entries of a folder that is looked at
_LISTED_SECONDS = 5.0  # after which a folder that looks the same is read again
_MOST_LISTED = 100
# By folder: when it was read, what its time of change was, its pictures.
_listed: dict[pathlib.Path, tuple[float, int, list[str]]] = {}


def is_folder(path: pathlib.Path) -> bool:
  """Says whether there is a folder, and not a link to one.

  Args:
    path: Where.
  """
  try:
    return stat.S_ISDIR(os.lstat(path).st_mode)
  except (OSError, ValueError):
    return False


def is_file(path: pathlib.Path) -> bool:
  """Says whether there is a file, and not a link to one, a pipe or a device.

  Args:
    path: Where.
  """
  try:
    return stat.S_ISREG(os.lstat(path).st_mode)
  except (OSError, ValueError):
    return False


@dataclasses.dataclass(frozen=True)
class Project:
  """A pair of piles of pictures, and what was done with them.

  Attributes:
    root: The studio's folder.
    name: The project's, which is its folder's.
  """

  root: pathlib.Path
  name: str

  @property
  def path(self) -> pathlib.Path:
    """The project's folder."""
    return self.root / self.name

  @property
  def record(self) -> dict[str, Any]:
    """What `project.json` says; empty if it is damaged."""
    try:
      return files.read_json(
        self.path / RECORD_NAME, "Remove the project.", files.object_of
      )
    except (OSError, errors.UserError):
      return {}

  def note(self, **values: Any) -> None:
    """Adds to `project.json`.

    Args:
      **values: What JSON can hold.

    Raises:
      errors.StorageError: If it cannot be written.
    """
    files.write_json(
      self.path / RECORD_NAME,
      {**self.record, **values},
      "root",
      ensure_ascii=False,
    )

  def folder(self, kind: str) -> pathlib.Path:
    """Returns the folder of things of a kind, made if it is missing.

    Args:
      kind: `runs` and so on.

    Raises:
      refusals.Refused: If a link has its name.
      errors.StorageError: If it cannot be made.
    """
    assert kind in (*_KINDS, *DOMAINS)
    path = self.path / kind
    if os.path.islink(path):
      raise refusals.Refused(
        403, "link", f"{kind} is a link. The studio follows none.", name=kind
      )
    files.make_folder(str(path), "root")
    return path

  def things(self, kind: str) -> list[str]:
    """Returns the names of the folders of a kind, those made last at the end.

    Args:
      kind: `runs` and so on.
    """
    found = [p for p in _entries(self.path / kind) if is_folder(p)]
    numbered = [p.name for p in found if p.name.isascii() and p.name.isdigit()]
    others = [p for p in found if p.name not in numbered]
    others = [p for p in others if not p.name.startswith(".")]
    others = [p for p in others if not p.name.endswith(".partial")]
    others.sort(key=lambda p: os.lstat(p).st_ctime)
    return sorted(numbered, key=int) + [p.name for p in others]

  def thing(self, kind: str, name: str) -> pathlib.Path:
    """Returns the folder of one thing.

    Args:
      kind: `runs` and so on.
      name: As a request has it.

    Raises:
      refusals.Refused: If there is no such folder.
    """
    path = self.path / kind / names.checked(name)
    if not is_folder(self.path / kind) or not is_folder(path):
      raise refusals.not_there(name)
    return path

  def new(self, kind: str) -> pathlib.Path:
    """Returns a folder for another thing of a kind; it is not made.

    Args:
      kind: `runs` and so on.
    """
    folder = self.folder(kind)
    number = 1
    while any(folder.glob(f"{number}*")) or any(folder.glob(f".{number}.*")):
      number += 1
    return folder / str(number)

  def named(self, path: pathlib.Path) -> str:
    """Returns how commands name a path: as seen from the studio's folder.

    They run there. What they write, such as a report that is handed on, then
    does not say where on this machine that is.

    Args:
      path: Below the studio's folder.
    """
    return path.relative_to(self.root).as_posix()

  def source(self, domain: str) -> pathlib.Path:
    """Returns the folder of one pile of pictures.

    Args:
      domain: `a` or `b`.

    Raises:
      refusals.Refused: If it is a link, is gone, or holds links.
    """
    chosen = self.record.get("folders")
    if isinstance(chosen, dict):
      path = inside(self.root, str(chosen[domain]))
    else:
      path = self.folder(domain)
    for parent, below, files_there in os.walk(path):
      for name in (*below, *files_there):
        if os.path.islink(os.path.join(parent, name)):
          raise refusals.Refused(
            403,
            "link",
            f"{name} is a link. The studio follows none: remove it, or copy"
            " what it leads to.",
            name=name,
          )
    return path

  def pictures(self, domain: str) -> list[str]:
    """Returns the names of a pile's pictures, as seen from its folder.

    Args:
      domain: `a` or `b`.
    """
    place = self.path / domain
    chosen = self.record.get("folders")
    if isinstance(chosen, dict):
      place = self.root / str(chosen.get(domain))
    try:
      changed = os.lstat(place).st_mtime_ns
    except OSError:
      return []
    # A page that is open asks every second; some folders are large.
    found = _listed.get(place)
    now = time.monotonic()
    if not found or found[1] != changed or now - found[0] > _LISTED_SECONDS:
      found = (now, changed, self._list(domain))
      if len(_listed) > _MOST_LISTED:
        _listed.clear()
      _listed[place] = found
    return found[2]

  def _list(self, domain: str) -> list[str]:
    """Returns what `pictures` does, by looking."""
    try:
      path = self.source(domain)
    except refusals.Refused:
      return []
    found = folders.scan(str(path)).images
    return [os.path.relpath(image, path) for image in found]


class Workspace:
  """The studio's folder.

  Attributes:
    root: The folder, links resolved.
  """

  def __init__(self, root: str):
    """Opens it.

    Args:
      root: The folder, made if it is missing.

    Raises:
      errors.UserError: If it cannot be made or is no folder; carries `root`.
    """
    files.make_folder(root, "root")
    self.root = pathlib.Path(os.path.realpath(root))

  def projects(self) -> list[Project]:
    """Returns the projects, the last one that was made first."""
    found = [
      Project(self.root, path.name)
      for path in _entries(self.root)
      if is_folder(path) and is_file(path / RECORD_NAME)
    ]
    return sorted(found, key=lambda p: str(p.record.get("made")), reverse=True)

  def project(self, name: str) -> Project:
    """Returns a project.

    Args:
      name: As a request has it.

    Raises:
      refusals.Refused: If there is none of that name.
    """
    found = Project(self.root, names.checked(name))
    if not is_folder(found.path) or not is_file(found.path / RECORD_NAME):
      raise refusals.not_there(name)
    return found

  def create(
    self, title: str, chosen: tuple[str, str] | None = None
  ) -> Project:
    """Makes a project.

    Args:
      title: Of any letters.
      chosen: Folders of pictures below the root, of A and of B; None: pictures
        will be dropped.

    Raises:
      refusals.Refused: If a folder is not there, or both are the same.
      errors.StorageError: If it cannot be made.
    """
    name = stem = names.cleaned(re.sub(r"[/\\]", " ", title), "project")
    number = 1
    while os.path.lexists(self.root / name):
      number += 1
      name = f"{stem} {number}"
    given: dict[str, str] | None = None
    if chosen is not None:
      places = [inside(self.root, place) for place in chosen]
      if places[0] in (places[1], *places[1].parents) or (
        places[1] in places[0].parents
      ):
        raise refusals.Refused(
          400, "same_folder", "Choose two folders that lie apart."
        )
      given = dict(zip(DOMAINS, chosen))
    project = Project(self.root, name)
    files.make_folder(str(project.path), "root")
    project.note(
      title=title.strip()[:200] or name,
      made=time.strftime("%Y-%m-%dT%H:%M:%S"),
      folders=given,
    )
    if given is None:
      for domain in DOMAINS:
        project.folder(domain)
    return project

  def folders(self, below: str) -> dict[str, Any]:
    """Lists a folder below the root, for who chooses one.

    Args:
      below: As seen from the root, with `/`; empty: the root.

    Returns:
      `folders`, names of those in it, and `pictures`, how many lie in it.

    Raises:
      refusals.Refused: If there is none.
    """
    shown, pictures = [], 0
    for path in _entries(inside(self.root, below)):
      if path.name.startswith("."):
        continue
      if is_folder(path) and not is_file(path / RECORD_NAME):
        shown.append(path.name)
      elif path.suffix.lower() in folders.IMAGE_SUFFIXES and is_file(path):
        pictures += 1
    return {"folders": sorted(shown)[:_MOST_SHOWN], "pictures": pictures}


def inside(root: pathlib.Path, below: str) -> pathlib.Path:
  """Returns a folder below another one, step by step, without links.

  Args:
    root: The folder.
    below: What is wanted, as seen from it, with `/`; empty: the folder itself.

  Raises:
    refusals.Refused: If there is no such folder below, or a link on the way.
  """
  path = root
  if "\0" in below or "\\" in below or os.path.isabs(below):
    raise refusals.Refused(
      403, "outside", "That is not in the studio's folder."
    )
  for part in below.split("/") if below else ():
    if part in ("", ".", ".."):
      raise refusals.Refused(
        403, "outside", "That is not in the studio's folder."
      )
    path = path / part
    if not is_folder(path):
      raise refusals.not_there(ascii(part))
  return path


def _entries(folder: pathlib.Path) -> Iterator[pathlib.Path]:
  """Yields what is in a folder; nothing if it cannot be read."""
  try:
    with os.scandir(folder) as found:
      for count, entry in enumerate(found):
        if count >= _MOST_COUNTED:
          return
        yield pathlib.Path(entry.path)
  except OSError:
    return
