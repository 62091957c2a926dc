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
"""What kind of model a path is: a run, an export, a SavedModel, a .tflite file.

Only names of files are looked at, nothing is opened: TensorFlow is not needed.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import re
from collections.abc import Mapping

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors

CONFIG_NAME = "config.json"  # in a run's folder
# Folders in a run's.
CHECKPOINT_FOLDERS = {
  config_lib.LATEST: "checkpoints",
  config_lib.BEST: "checkpoints_best",
}
EXPORT_NAME = "export.json"  # in an export's folder: its report
_CHECKPOINT = re.compile(r"ckpt-[0-9]+\.index")  # in those folders
_SAVED_MODEL_NAME = "saved_model.pb"  # in a SavedModel's folder
_EVALUATION_FOLDER = "evaluation"
_TFLITE_ENDING = ".tflite"
_KINDS = (
  "Give the folder that train wrote, a folder or SavedModel that export wrote,"
  " or a .tflite file."
)


def no_checkpoint(model_dir: str, which: str) -> errors.UserError:
  """Returns the error of a run that has no such checkpoint.

  Args:
    model_dir: The run's folder.
    which: `latest` or `best`.
  """
  remedy = (
    "Train with --best_metric, or take --checkpoint=latest."
    if which == config_lib.BEST
    else "Train first, or let the training run to its first checkpoint."
  )
  return errors.UserError(
    f"holds no checkpoint in {CHECKPOINT_FOLDERS[which]}/. {remedy}",
    "model_dir",
    model_dir,
  )


class Kind(enum.Enum):
  """The forms that a trained model has on disk."""

  RUN = "a run's folder"
  EXPORT = "an export's folder"
  SAVED_MODEL = "a SavedModel"
  TFLITE = "a .tflite file"


@dataclasses.dataclass(frozen=True)
class ModelPath:
  """A model on disk.

  Attributes:
    path: As it was given.
    kind: Which form it has.
    exported: By direction, `AtoB` before `BtoA`, the SavedModel and the
      `.tflite` files, float32 first, that hold its generator. Of an export's
      folder, those in it. Of a single SavedModel or file, itself and the file
      of the other direction beside it; empty if its name does not tell the
      direction. Of a run, empty.
    tflite_files: All `.tflite` files in the folder, whatever their names, or
      the file itself; sorted.
    report: Path of the `export.json` that describes it; empty if there is none.
  """

  path: str
  kind: Kind
  exported: Mapping[str, tuple[str, ...]]
  tflite_files: tuple[str, ...]
  report: str


def locate(path: str) -> ModelPath:
  """Says what kind of model a path is.

  Args:
    path: A run's folder, an export's folder, a SavedModel or a `.tflite` file.
      Any other file counts as a `.tflite` file too: only reading it shows
      whether it is one.

  Raises:
    errors.UserError: Of the option `model`, if there is nothing or no model, or
      a run's folder without its `config.json`.
  """
  if not os.path.exists(path):
    raise errors.UserError(f"does not exist. {_KINDS}", "model", path)
  if os.path.isfile(path):
    return ModelPath(path, Kind.TFLITE, _siblings(path), (path,), _report(path))
  try:
    names = sorted(os.listdir(path))
  except OSError as error:
    raise errors.UserError(
      f"cannot be read ({error.strerror}).", "model", path
    ) from error
  files = tuple(
    os.path.join(path, name) for name in names if name.endswith(_TFLITE_ENDING)
  )
  if os.path.isfile(os.path.join(path, CONFIG_NAME)):
    return ModelPath(path, Kind.RUN, {}, files, "")
  require_config(path, "model")
  exported = _exported(path)
  if not exported and is_saved_model(path):
    return ModelPath(
      path, Kind.SAVED_MODEL, _siblings(path), files, _report(path)
    )
  if exported or files or os.path.isfile(os.path.join(path, EXPORT_NAME)):
    return ModelPath(path, Kind.EXPORT, exported, files, _report(path))
  raise errors.UserError(f"is not a model. {_KINDS}", "model", path)


def require_config(folder: str, option: str) -> None:
  """Refuses a run's folder of which only the checkpoints are left.

  Args:
    folder: Any; need not exist.
    option: Name of the option that holds it, for the message.

  Raises:
    errors.UserError: If there are checkpoints and no `config.json`.
  """
  if os.path.lexists(os.path.join(folder, CONFIG_NAME)):
    return
  for name in CHECKPOINT_FOLDERS.values():
    try:
      names = os.listdir(os.path.join(folder, name))
    except OSError:
      continue
    if any(_CHECKPOINT.fullmatch(found) for found in names):
      raise errors.UserError(
        f"holds checkpoints (in {name}) but no {CONFIG_NAME}, which says of"
        " what networks and data they are. Put it back; or write it anew, by"
        " the command and the flags that began the run with --dry_run >"
        f" {os.path.join(folder, CONFIG_NAME)}; or give another folder.",
        option,
        folder,
      )


def evaluation_folder(model: str) -> str:
  """Returns where an evaluation of a model goes unless told otherwise.

  Args:
    model: A run's folder, an export's, a SavedModel or a `.tflite` file.

  Returns:
    A folder within the run's or the export's, or beside a single model.
  """
  path = model.rstrip("/")
  name = os.path.basename(path)
  single = os.path.splitext(name)[0] in config_lib.GENERATOR_NAMES.values()
  if single or os.path.isfile(model):
    name = f"{_EVALUATION_FOLDER}_{name.replace('.', '_')}"
    return os.path.join(os.path.dirname(path), name)
  return os.path.join(model, _EVALUATION_FOLDER)


def is_saved_model(path: str) -> bool:
  """Says whether a path is the folder of a SavedModel."""
  return os.path.isfile(os.path.join(path, _SAVED_MODEL_NAME))


def _exported(folder: str) -> dict[str, tuple[str, ...]]:
  """Returns `ModelPath.exported` of a folder that `export` wrote."""
  found: dict[str, tuple[str, ...]] = {}
  for direction, generator in config_lib.GENERATOR_NAMES.items():
    saved_model = os.path.join(folder, generator)
    paths = [saved_model] if is_saved_model(saved_model) else []
    for quantization in config_lib.QUANTIZATIONS:  # float32 first
      name = command_config.tflite_name(generator, quantization)
      if os.path.isfile(os.path.join(folder, name)):
        paths.append(os.path.join(folder, name))
    if paths:
      found[direction] = tuple(paths)
  return found


def _siblings(path: str) -> dict[str, tuple[str, ...]]:
  """Returns `ModelPath.exported` of a single SavedModel or file."""
  folder, name = os.path.split(path.rstrip("/"))
  found: dict[str, tuple[str, ...]] = {}
  for generator in config_lib.GENERATOR_NAMES.values():
    if name == generator or (
      name.startswith(generator) and name.endswith(_TFLITE_ENDING)
    ):
      for direction, other in config_lib.GENERATOR_NAMES.items():
        sibling = os.path.join(folder, name.replace(generator, other))
        if other == generator:
          found[direction] = (path,)
        elif os.path.exists(sibling):
          found[direction] = (sibling,)
  return found


def _report(path: str) -> str:
  """Returns the `export.json` in a folder, or else beside it or the file."""
  for folder in (path, os.path.dirname(path.rstrip("/"))):
    report = os.path.join(folder, EXPORT_NAME)
    if os.path.isfile(report):
      return report
  return ""
