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
"""Folders in which a pipeline's work goes on after an interruption.

TFX removes what a step that failed has made, and a step that is begun again has
another folder. So trainings and searches are in folders of their own, named by
all that they depend on; what is done is copied from there.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import example_records

_DATA, _REPORT = "data", "report.json"
_DIGITS = 16


def root(work_dir: str, examples: str) -> str:
  """Returns the folder of all work.

  Args:
    work_dir: The option; may be empty.
    examples: The artifact's folder, ROOT/STEP/NAME/NUMBER.

  Raises:
    errors.UserError: If it is not on this machine.
  """
  found = work_dir or os.path.join(examples, *[os.pardir] * 3, "work")
  if files.is_address(found):
    raise errors.UserError(
      ": checkpoints are written to folders. Give one that is mounted.",
      "work_dir",
      found,
    )
  return os.path.realpath(found)


def key(*texts: str) -> str:
  """Returns a name for all that something depends on.

  Args:
    *texts: What that is.
  """
  digest = hashlib.sha256()
  for text in texts:
    digest.update(f"{len(text)} {text}".encode())
  return digest.hexdigest()[:_DIGITS]


def examples(folder: str, work: str, levels: Mapping[str, Any]) -> str:
  """Puts pictures where they are whichever step is begun again.

  Files are linked where that is possible, so that it costs no space.

  Args:
    folder: An Examples artifact.
    work: From `root`.
    levels: `Settings.levels`.

  Returns:
    A folder named by its content, of the same layout.

  Raises:
    errors.UserError: If the artifact cannot be read, or the folder written.
  """
  name = key(example_records.digest(folder), json.dumps(levels, sort_keys=True))
  target = os.path.join(work, _DATA, name)
  if example_records.is_artifact(target):
    return target
  with files.replacing_folder(target, "work_dir") as made:
    copy(folder, made, link=True)
    report = pathlib.Path(made, _REPORT)
    files.write_json(report, {"domains": dict(levels)}, "work_dir")
  return target


def copy(source: str, target: str, link: bool = False) -> None:
  """Copies a folder with all that is in it; either may be an address.

  Args:
    source: The folder.
    target: Need not exist.
    link: Whether files are linked where that is possible.

  Raises:
    errors.StorageError: If something cannot be read or written.
  """
  try:
    if files.is_address(source) or files.is_address(target):
      _copy_addresses(source, target)
    elif link:
      os.makedirs(target, exist_ok=True)
      files.carry_over(source, target, os.listdir(source))
    else:
      shutil.copytree(source, target, dirs_exist_ok=True)
  except (OSError, tf.errors.OpError) as error:
    raise errors.StorageError(
      f"{source} cannot be copied to {target} ({errors.first_line(error)})."
      " Free some space and give the same command again."
    ) from error


def _copy_addresses(source: str, target: str) -> None:
  for above, _, names in tf.io.gfile.walk(source):
    below = os.path.relpath(above, source)
    folder = target if below == os.curdir else os.path.join(target, below)
    tf.io.gfile.makedirs(folder)
    for name in names:
      tf.io.gfile.copy(
        os.path.join(above, name), os.path.join(folder, name), overwrite=True
      )


def tidy(work: str, kept: Sequence[str]) -> None:
  """Removes what a pipeline that has ended needs no more.

  Args:
    work: From `root`.
    kept: Paths that stay.
  """
  stay = {os.path.realpath(path) for path in kept}
  for parent in pathlib.Path(work).glob("*"):
    for path in parent.glob("*"):
      if os.path.realpath(path) not in stay:
        shutil.rmtree(path, ignore_errors=True)
