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
"""Writes `run.json`: configuration, data, versions and devices of a run."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import importlib.metadata
import os
import pathlib
import platform
import shlex
import subprocess
import sys
import uuid
from typing import Any

import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.data import sources

FILE_NAME = "run.json"
_PACKAGES = (
  "tensorflow",
  "tensorflow-cpu",
  "keras",
  "tensorflow-addons",
  "tensorflow-datasets",
  "numpy",
  "cyclegan-garden",
)


def add_start(
  model_dir: str,
  config: config_lib.ResolvedConfig,
  source: sources.Source,
  device: dict[str, Any],
  first_step: int,
  **notes: Any,
) -> None:
  """Records that a run starts, or goes on; warns if its data has changed.

  The file holds a name of the run's own, the resolved configuration, the data's
  fingerprint and level ranges and, for every start, the time (UTC), the step,
  the command, the versions, the git revision of this package's source (None
  outside a checkout) and the devices.

  Args:
    model_dir: The folder of the run.
    config: The resolved configuration.
    source: The data set.
    device: The devices that the run uses, from `devices.describe`.
    first_step: Steps already done.
    **notes: What else is to be said of this start.

  Raises:
    errors.UserError: If the file cannot be written.
  """
  path = pathlib.Path(model_dir, FILE_NAME)
  starts, before = _earlier_starts(path) if first_step else ([], None)
  known_as = _id(model_dir) if first_step else None
  now = fingerprint(source)
  if before not in (None, now):
    logging.warning(
      "The pictures of --dataset=%s have changed since this run began: it goes"
      " on, but not as it would have with the earlier ones.",
      config.data.dataset,
    )
  starts.append(
    {
      "time": datetime.datetime.now(datetime.timezone.utc).isoformat(
        timespec="seconds"
      ),
      "first_step": first_step,
      "command": shlex.join([sys.executable, *sys.argv]),
      "versions": versions(),
      "git_revision": git_revision(),
      "device": device,
      **notes,
    }
  )
  metadata = {
    "id": known_as or uuid.uuid4().hex,
    "config": dataclasses.asdict(config),
    "data": {
      "name": source.name,
      "images": source.counts,
      "fingerprint": now,
      "level_ranges": {
        domain: level_range.as_list(source.level_ranges.get(domain))
        for domain in ("A", "B")
      },
    },
    "starts": starts,
  }
  files.write_json(path, metadata, "model_dir")


def add_note(model_dir: str, **notes: Any) -> None:
  """Adds what is known only now to the record of the newest start.

  Args:
    model_dir: The folder of the run.
    **notes: What is to be said.

  Raises:
    errors.UserError: If the file cannot be written.
  """
  path = pathlib.Path(model_dir, FILE_NAME)
  try:
    metadata = files.read_json(path, "It is begun anew.")
    metadata["starts"][-1].update(notes)
  except (OSError, errors.UserError, KeyError, TypeError, IndexError):
    return  # gone or damaged: nothing to train depends on it
  files.write_json(path, metadata, "model_dir")


def input_levels(
  model_dir: str, direction: str
) -> level_range.LevelRange | None:
  """Returns which levels of deep pictures a run's generator takes for [0, 1].

  Args:
    model_dir: The folder of the run.
    direction: `AtoB` or `BtoA`, whose input is meant.

  Returns:
    The range that the domain's pictures were trained with; None where all of
    16 bits count, and of runs from before there were ranges.
  """
  path = pathlib.Path(model_dir, FILE_NAME)
  try:
    return files.read_json(
      path,
      "It is begun anew.",
      lambda metadata: level_range.from_list(
        metadata["data"]["level_ranges"][direction[0]]
      ),
    )
  except (OSError, errors.UserError):
    return None


def origin(model_dir: str) -> dict[str, str | None]:
  """Returns what tells a run from others, for what is made of it.

  Args:
    model_dir: The folder of the run.

  Returns:
    `name`, the folder's, for people; `id`, which the run keeps when it is
    moved, None of one from before there were any; and `place`, which stands for
    where it lies and does not say it.
  """
  place = os.path.realpath(model_dir)
  return {
    "name": os.path.basename(place),
    "id": _id(model_dir),
    "place": hashlib.sha256(os.fsencode(place)).hexdigest()[:16],
  }


def _id(model_dir: str) -> str | None:
  path = pathlib.Path(model_dir, FILE_NAME)
  with contextlib.suppress(OSError, errors.UserError):
    return files.read_json(
      path, "It is begun anew.", lambda metadata: files.text(metadata["id"])
    )
  return None


def _earlier_starts(
  path: pathlib.Path,
) -> tuple[list[dict[str, Any]], str | None]:
  """Returns the starts so far, and the fingerprint of their data."""
  try:
    return files.read_json(
      path,
      "It is begun anew.",
      lambda metadata: (
        list(map(files.object_of, metadata["starts"])),
        metadata["data"]["fingerprint"],
      ),
    )
  except (OSError, errors.UserError):
    return [], None  # missing or damaged: nothing to train depends on it


def fingerprint(source: sources.Source) -> str:
  """Returns a SHA-256 over the names and contents of all files of a data set.

  Args:
    source: The data set. The folder that it lies in does not count, only the
      names below it.
  """
  total = hashlib.sha256()
  for path in sorted(source.files):
    # TensorFlow opens addresses, and no names that are not UTF-8.
    opener = tf.io.gfile.GFile if files.is_address(path) else open
    with opener(path, "rb") as file:
      content = files.sha256_of(file)
    name = os.path.join(
      os.path.basename(os.path.dirname(path)), os.path.basename(path)
    )
    total.update(os.fsencode(f"{name}\0{content}\n"))
  return total.hexdigest()


def versions() -> dict[str, str]:
  """Returns the versions of Python and of the packages that compute."""
  found = {"python": platform.python_version()}
  for name in _PACKAGES:
    try:
      found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      continue
  return found


def git_revision() -> str | None:
  """Returns the commit of this package's source, or None.

  A trailing `+` says that tracked files differ from that commit.
  """
  folder = pathlib.Path(__file__).absolute().parent

  def git(*arguments: str) -> str:
    return subprocess.run(
      ["git", "-C", str(folder), *arguments],
      capture_output=True,
      check=True,
      text=True,
    ).stdout.strip()

  try:
    revision = git("rev-parse", "HEAD")
    # An installed package inside somebody else's checkout is not its source.
    git("ls-files", "--error-unmatch", str(pathlib.Path(__file__).absolute()))
    changed = git("status", "--porcelain", "--untracked-files=no")
  except (OSError, subprocess.CalledProcessError):
    return None
  return revision + ("+" if changed else "")
