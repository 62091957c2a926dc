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
"""`config.json`: a resolved configuration beside what it describes."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import typing
from typing import Any

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files

# Upsampling that each generator's source has, and that runs had whose
# config.json is from before there was a choice.
_SOURCE_UPSAMPLERS = {"resnet": "conv_transpose", "unet": "resize_conv"}
FILE_NAME = "config.json"
EXPORT_NAME = "export.json"  # what `export` reports, data set included


def to_json(config: config_lib.Config) -> str:
  """Returns the configuration as indented JSON."""
  return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def to_flags(
  config: config_lib.Config, base: config_lib.Config | None = None
) -> list[str]:
  """Returns the flags of `train` or `distill` that give a configuration.

  Args:
    config: A resolved configuration.
    base: What holds without flags; None: the defaults.

  Returns:
    `--name=value` for every field that is not as in `base`.
  """
  default = config_checks.resolve(base or config_lib.Config())
  found = []
  for part in dataclasses.fields(config_lib.Config):
    values = dataclasses.asdict(getattr(config, part.name))
    defaults = dataclasses.asdict(getattr(default, part.name))
    for name, value in values.items():
      if value != defaults[name]:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        found.append(f"--{name}={text}")
  return found


def from_json(text: str, source: str = FILE_NAME) -> config_lib.Config:
  """Reads what `to_json` wrote; fields left out keep their defaults.

  Only `upsample` does not: runs from before there was a choice had that of
  their generator's source.

  Args:
    text: JSON.
    source: Where the text comes from, for messages.

  Returns:
    The resolved configuration.

  Raises:
    UserError: If the text is no JSON, or holds unknown fields or wrong types.
  """
  try:
    values = json.loads(text)
  except json.JSONDecodeError as error:
    raise errors.UserError(
      f"{source} is no valid JSON ({error}). Restore it from a backup or train"
      " again into a new folder."
    ) from error
  config = _read_dataclass(config_lib.Config, values, source)
  if "upsample" not in values.get("model", {}):
    upsample = _SOURCE_UPSAMPLERS.get(config.model.generator_type, "auto")
    model = dataclasses.replace(config.model, upsample=upsample)
    config = dataclasses.replace(config, model=model)
  return config_checks.resolve(config)


def _read_dataclass(cls: type, values: Any, source: str) -> Any:
  """Builds `cls` from a JSON object, checking names and types."""
  if not isinstance(values, dict):
    raise errors.UserError(f"{source}: expected an object, found {values!r}.")
  types = typing.get_type_hints(cls)
  unknown = sorted(set(values) - set(types))
  if unknown:
    raise errors.UserError(
      f"{source}: unknown field {unknown[0]!r}. It was written by another"
      " version of this package; use that one, or remove the field."
    )
  arguments = {}
  for name, value in values.items():
    where, expected = f"{source}: {name}", types[name]
    if dataclasses.is_dataclass(expected):
      arguments[name] = _read_dataclass(expected, value, where)
    elif expected is float and type(value) is int:
      arguments[name] = float(value)
    elif type(value) is not expected:
      raise errors.UserError(
        f"{where} must be of type {expected.__name__}, found {value!r}."
      )
    else:
      arguments[name] = value
  return cls(**arguments)


def save(config: config_lib.Config, model_dir: str) -> None:
  """Writes `config.json` into the folder of a run, whole or not at all.

  Raises:
    UserError: If the folder is not writable.
  """
  files.write_text(
    pathlib.Path(model_dir, FILE_NAME), to_json(config), "model_dir"
  )


def find(model: str) -> config_lib.Config | None:
  """Returns what a model was trained with, if that was kept with it.

  Args:
    model: A run's folder, or what `export` wrote: the folder, a SavedModel or a
      `.tflite` file in it.

  Returns:
    A run's configuration; of an export one with only its data; or None.

  Raises:
    UserError: If what was kept is damaged, or a folder that is no export holds
      no configuration either.
  """
  if os.path.isfile(os.path.join(model, FILE_NAME)):
    return load(model)
  for folder in (model, os.path.dirname(model.rstrip("/"))):
    path = os.path.join(folder, EXPORT_NAME)
    if os.path.isfile(path):
      text = pathlib.Path(path).read_text(encoding="utf-8")
      try:
        data = json.loads(text).get("data")
      except json.JSONDecodeError as error:
        raise errors.UserError(
          f"{path} is no valid JSON ({error}). Export again."
        ) from error
      if not data:  # before 0.5.0
        return None
      return config_checks.resolve(
        config_lib.Config(
          data=_read_dataclass(config_lib.DataConfig, data, path)
        )
      )
  if os.path.isfile(model) or os.path.isfile(
    os.path.join(model, "saved_model.pb")
  ):
    return None
  return load(model)


def load(model_dir: str) -> config_lib.Config:
  """Reads `config.json` from the folder of a run.

  Args:
    model_dir: The folder that `train` was given.

  Returns:
    The resolved configuration of the run.

  Raises:
    UserError: If the folder holds no readable configuration.
  """
  path = pathlib.Path(model_dir, FILE_NAME)
  try:
    text = path.read_text(encoding="utf-8")
  except OSError as error:
    raise errors.UserError(
      f"holds no trained model ({FILE_NAME} is missing). Give the folder that"
      " `train` wrote.",
      "model_dir",
      model_dir,
    ) from error
  return from_json(text, str(path))
