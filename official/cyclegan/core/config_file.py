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
"""Configurations as files: `config.json` of a run, presets, YAML, overrides.

A command's configuration comes, the later winning, from the defaults, a preset
(`--experiment`), files (`--config_file`), overrides (`--params_override`) and
flags. All but the flags are read here.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import reprlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.core import options
from official.cyclegan.core import regular_files
from official.cyclegan.core import search_config

FILE_NAME = model_path.CONFIG_NAME
# Files that are open already, of which the user has given the number.
_DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
EXPORT_NAME = model_path.EXPORT_NAME  # with the data set's options
PRESETS = pathlib.Path(__file__).absolute().parents[1] / "configs"
# What `train` does where nobody says how, and how to do without it.
STANDARD_PRESET = "pictures"
NO_PRESET = "none"
# Upsampling that each generator's source has, and that runs had whose
# config.json is from before there was a choice.
_SOURCE_UPSAMPLERS = {"resnet": "conv_transpose", "unet": "resize_conv"}
# What files and overrides can hold beside the parts of a run: the options of
# `tune`, `evaluate` and `export`. Each command takes what concerns it.
_SECTIONS = {
  "search": search_config.SearchConfig,
  "evaluation": command_config.EvaluateConfig,
  "export": command_config.ExportConfig,
}
# By section and option, values read from files and overrides.
Given = dict[str, dict[str, Any]]


def to_json(config: config_lib.Config) -> str:
  """Returns a configuration as indented JSON.

  Args:
    config: Resolved or not.
  """
  return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def to_yaml(values: Mapping[str, Any]) -> str:
  """Returns values as YAML, in their order; `read_given` takes it.

  Args:
    values: What JSON can hold, and tuples.
  """
  # Imported late: translate needs it not, and runs where it is not installed.
  import yaml

  plain = json.loads(json.dumps(values))
  return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def to_flags(
  config: config_lib.Config, base: config_lib.Config | None = None
) -> list[str]:
  """Returns the flags of `train` or `distill` that give a configuration.

  Args:
    config: A resolved configuration.
    base: What holds without flags; None: the defaults.

  Returns:
    `--name=value` for every option that is not as in `base`. On `train`'s
    command line they need `--experiment=none` beside them, in a `--flagfile`
    not.
  """
  default = config_checks.resolve(base or config_lib.Config())
  found = []
  for part in config_lib.parts():
    values = dataclasses.asdict(getattr(config, part))
    defaults = dataclasses.asdict(getattr(default, part))
    for name, value in values.items():
      if value != defaults[name]:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        found.append(f"--{name}={text}")
  return found


def from_json(text: str, source: str = FILE_NAME) -> config_lib.ResolvedConfig:
  """Reads what `to_json` wrote; fields left out keep their defaults.

  Only `upsample` does not: runs from before there was a choice had that of
  their generator's source.

  Args:
    text: JSON.
    source: Where the text comes from, for messages.

  Returns:
    The resolved configuration.

  Raises:
    errors.UserError: If the text is not JSON, or holds unknown fields or wrong
      types.
  """
  try:
    values = json.loads(text)
  except (ValueError, RecursionError) as error:
    raise errors.UserError(
      f"{source} is not valid JSON ({error}). Restore it from a backup or train"
      " again into a new folder."
    ) from error
  given = _read_sections(values, config_lib.parts(), _not_a_run(source))
  config = with_given(config_lib.Config(), given)
  if "upsample" not in given.get("model", {}):
    upsample = _SOURCE_UPSAMPLERS.get(config.model.generator_type, "auto")
    model = dataclasses.replace(config.model, upsample=upsample)
    config = dataclasses.replace(config, model=model)
  return config_checks.resolve(config)


def save(config: config_lib.ResolvedConfig, model_dir: str) -> None:
  """Writes `config.json` into the folder of a run, whole or not at all.

  Args:
    config: The resolved configuration.
    model_dir: The folder.

  Raises:
    errors.UserError: If the folder is not writable.
  """
  files.write_text(
    pathlib.Path(model_dir, FILE_NAME), to_json(config), "model_dir"
  )


def is_run(model_dir: str | None) -> bool:
  """Returns whether a folder holds a run's configuration.

  Args:
    model_dir: The folder; None for none.
  """
  return bool(model_dir) and os.path.isfile(
    os.path.join(str(model_dir), FILE_NAME)
  )


def load(model_dir: str) -> config_lib.ResolvedConfig:
  """Reads `config.json` from the folder of a run.

  Args:
    model_dir: The folder that `train` was given.

  Returns:
    The resolved configuration of the run.

  Raises:
    errors.UserError: If the folder holds no readable configuration; carries
      `model_dir`.
  """
  path = pathlib.Path(model_dir, FILE_NAME)
  regular_files.check(path, "model_dir")
  for folder in model_path.CHECKPOINT_FOLDERS.values():  # TensorFlow opens all
    regular_files.check_folder(os.path.join(model_dir, folder), "model_dir")
  try:
    text = path.read_text(encoding="utf-8")
  except UnicodeDecodeError as error:
    raise errors.UserError(
      f"{path} is not valid JSON ({error}). Restore it from a backup or train"
      " again into a new folder."
    ) from error
  except PermissionError as error:
    raise errors.UserError(
      f": {path} cannot be read ({error.strerror}). Make it readable.",
      "model_dir",
    ) from error
  except OSError as error:
    raise errors.UserError(
      f"holds no trained model ({FILE_NAME} is missing). Give the folder that"
      " `train` wrote.",
      "model_dir",
      model_dir,
    ) from error
  return from_json(text, str(path))


def find(model: str) -> config_lib.ResolvedConfig | None:
  """Returns what a model was trained with, if that was kept with it.

  Args:
    model: A run's folder, or what `export` wrote: the folder, a SavedModel or a
      `.tflite` file in it.

  Returns:
    A run's configuration; of an export one with only its data; or None.

  Raises:
    errors.UserError: If there is no model, or what was kept is damaged;
      carries `model`.
  """
  found = model_path.locate(model)
  if found.kind is model_path.Kind.RUN:
    return load(model)
  if not found.report:
    return None
  data = files.read_json(
    found.report,
    "Export again.",
    lambda values: files.object_of(values).get("data"),
  )
  if not data:  # before 0.5.0
    return None
  given = _read_sections(
    {"data": data}, config_lib.parts(), _not_a_run(found.report)
  )
  return config_checks.resolve(with_given(config_lib.Config(), given))


def presets() -> list[str]:
  """Returns the names that `--experiment` takes."""
  return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def read_given(
  experiment: str | None = None,
  config_files: Sequence[str] = (),
  overrides: Sequence[str] = (),
) -> Given:
  """Reads all that stands between the defaults and the flags.

  Args:
    experiment: Name of a preset; None or "none" for none.
    config_files: YAML or JSON files with the keys of `config.json`.
    overrides: Lists such as `train.learning_rate=1e-4,model.init=he`.

  Returns:
    The values by section and option; of several for one option the last.

  Raises:
    errors.UserError: If there is no such preset or file, or a key or value
      cannot be used; carries `experiment`, `config_file` or `params_override`.
  """
  layers = []
  if experiment and experiment != NO_PRESET:
    layers.append(_read_experiment(experiment))
  layers += [_read_file(path, "config_file", path) for path in config_files]
  layers += [_read_override(text) for text in overrides]
  merged: Given = {}
  for layer in layers:
    for section, values in layer.items():
      if section == "train":
        values = config_lib.replacing_length(values)
      merged.setdefault(section, {}).update(values)
  return merged


def with_given(config: config_lib.Config, given: Given) -> config_lib.Config:
  """Returns a configuration with values from files and overrides.

  Args:
    config: What holds without them.
    given: From `read_given`; sections that are not parts of a run are left
      out.
  """
  changed = {
    name: search_config.with_options(getattr(config, name), given[name])
    for name in config_lib.parts()
    if name in given
  }
  return dataclasses.replace(config, **changed)


def _read_experiment(name: str) -> Given:
  """Reads a preset."""
  path = PRESETS / f"{name}.yaml"
  if name not in presets():
    raise errors.UserError(
      f"is not a preset. There are {', '.join(presets())}."
      + errors.nearest(name, presets()),
      "experiment",
      name,
    )
  return _read_file(str(path), "experiment", name)


def _read_file(path: str, option: str, given: str) -> Given:
  """Reads a YAML file; JSON is YAML as well."""
  import yaml

  if not path.startswith(_DESCRIPTORS):  # what a shell hands over by a pipe
    regular_files.check(path, option)
  try:
    text = pathlib.Path(path).read_text(encoding="utf-8")
    values = yaml.safe_load(text)
  # ValueError: no text, or a date or a number that there cannot be.
  except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())
    raise errors.UserError(
      f"cannot be read ({reason}). Give a YAML or JSON file of options.",
      option,
      given,
    ) from error
  return _read_sections(
    {} if values is None else values,
    {**config_lib.parts(), **_SECTIONS},
    lambda message: errors.UserError(f": {message}", option, given),
  )


def _read_override(text: str) -> Given:
  """Reads one list of `part.option=value`."""
  by_key = _options_by_key({**config_lib.parts(), **_SECTIONS})
  found: Given = {}

  def fail(message: str) -> errors.UserError:
    return errors.UserError(f": {message}", "params_override", text)

  for assignment in _assignments(text):
    key, equals, value = assignment.partition("=")
    section, dot, name = key.strip().partition(".")
    if not equals or not dot:
      raise fail(
        f"{assignment.strip()!r} must be like train.learning_rate=1e-4."
      )
    entry = _find_option(section, name, by_key, fail)
    try:
      parsed = options.parse(entry, value.strip().strip("[]"))
    except errors.UserError as error:
      raise fail(f"{key.strip()}={value.strip()} {error.args[0]}") from error
    found.setdefault(section, {})[name] = parsed
  return found


def _assignments(text: str) -> list[str]:
  """Splits at commas that are not within the brackets of a list."""
  found, depth = [""], 0
  for character in text:
    depth += {"[": 1, "]": -1}.get(character, 0)
    if character == "," and not depth:
      found.append("")
    else:
      found[-1] += character
  return [part for part in found if part.strip()]


def _read_sections(
  values: Any,
  known: Mapping[str, type],
  fail: Callable[[str], errors.UserError],
) -> Given:
  """Checks names and types of what JSON or YAML holds."""
  by_key = _options_by_key(known)
  found: Given = {}
  for section, part in _object(values, fail).items():
    if section not in known:
      near = errors.nearest(str(section), known)
      shown = reprlib.repr(section)
      raise fail(f"there are no options called {shown}.{near}")
    found[section] = {}
    for name, value in _object(part or {}, fail).items():
      entry = _find_option(section, name, by_key, fail)
      try:
        found[section][name] = options.convert(entry, value)
      except TypeError as error:
        shown = reprlib.repr(value)
        raise fail(f"{section}.{name} {error}, found {shown}.") from error
  return found


def _object(
  value: Any, fail: Callable[[str], errors.UserError]
) -> dict[str, Any]:
  if not isinstance(value, dict):
    shown = reprlib.repr(value)
    raise fail(f"expected an object of names and values, found {shown}.")
  return value


def _options_by_key(
  known: Mapping[str, type],
) -> dict[str, options.Declared]:
  """Returns the options of all sections by `section.option`."""
  return {
    f"{section}.{name}": entry
    for section, part in known.items()
    for name, entry in search_config.declared_options(part).items()
  }


def _find_option(
  section: str,
  name: str,
  by_key: Mapping[str, options.Declared],
  fail: Callable[[str], errors.UserError],
) -> options.Declared:
  """Returns what a key means, or refuses it with the nearest that is right."""
  key = f"{section}.{name}"
  if key not in by_key:
    # The right name in the wrong part is nearer than any other name.
    same = [known_key for known_key in by_key if known_key.endswith(f".{name}")]
    near = f" Did you mean {same[0]}?" if same else errors.nearest(key, by_key)
    raise fail(f"{key} is not an option.{near}")
  return by_key[key]


def _not_a_run(source: str) -> Callable[[str], errors.UserError]:
  """Returns how to speak of a file that this package itself wrote."""

  def fail(message: str) -> errors.UserError:
    return errors.UserError(
      f"{source}: {message} Another version of this package may have written"
      " it: use that one, or mend the file."
    )

  return fail
