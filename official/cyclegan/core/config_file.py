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
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import messages
from official.cyclegan.core import model_path
from official.cyclegan.core import options
from official.cyclegan.core import regular_files
from official.cyclegan.core import search_config

FILE_NAME = model_path.CONFIG_NAME
_MAX_NUMBER = 100  # characters of one
_MAX_MERGED = 10_000  # keys of a mapping
EXPORT_NAME = model_path.EXPORT_NAME  # with the data set's options
PRESETS = pathlib.Path(__file__).absolute().parents[1] / "configs"
# What `train` does where nobody says how, and how to do without it.
STANDARD_PRESET = "pictures"
NO_PRESET = "none"
# Upsampling that each generator's source has, and that runs had whose
# config.json is from before there was a choice.
_SOURCE_UPSAMPLERS = {"resnet": "conv_transpose", "unet": "resize_conv"}
# What files and overrides can hold beside the parts of a run: the options of
# `tune`, `evaluate`, `export` and `pipeline`. Each command takes what concerns
# it.
_SECTIONS = {
  "search": search_config.SearchConfig,
  "evaluation": command_config.EvaluateConfig,
  "export": command_config.ExportConfig,
  "pipeline": command_config.PipelineConfig,
}
# By section and option, values read from files and overrides.
Given = dict[str, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Layer:
  """What one preset, file or override says.

  Attributes:
    option: `experiment`, `config_file` or `params_override`.
    text: What was given for that.
    values: By section and option.
  """

  option: str
  text: str
  values: Given

  @property
  def typed(self) -> bool:
    """Whether each value was typed; a file may hold all that there are."""
    return self.option == "params_override"

  def error(self, message: str) -> errors.UserError:
    """Returns the error of something that stands there.

    Args:
      message: A sentence.
    """
    return errors.UserError(f": {message}", self.option, self.text)


def to_json(config: config_lib.Config) -> str:
  """Returns a configuration as indented JSON, by section and option.

  Args:
    config: Resolved or not.

  Returns:
    All options but those of `Option.since` without which it is the same.
  """
  values: dict[str, dict[str, Any]] = dataclasses.asdict(config)
  for name, part in config_lib.parts().items():
    for entry in options.declared(part):
      if entry.option.since and _is_left(config, name, entry):
        del values[name][entry.name]
  return json.dumps(values, indent=2) + "\n"


def _is_left(
  config: config_lib.Config, part: str, entry: options.Declared
) -> bool:
  """Returns whether an option has its default, or what follows from that."""
  values = getattr(config, part)
  if getattr(values, entry.name) == entry.default:
    return True
  given = dataclasses.replace(values, **{entry.name: entry.default})
  try:
    found = config_checks.resolve(dataclasses.replace(config, **{part: given}))
  except errors.UserError:
    return False
  return found == config


def to_yaml(
  values: Mapping[str, Any], resolved: Mapping[str, Any] | None = None
) -> str:
  """Returns values as YAML, in their order; `read_given` takes it.

  Args:
    values: What JSON can hold, and tuples; options by section.
    resolved: The same, with what follows from other options filled in; where
      they differ, it is written as a comment.
  """
  # Imported late: translate needs it not, and runs where it is not installed.
  import yaml

  def dump(plain: Any) -> str:
    text: str = yaml.safe_dump(
      json.loads(json.dumps(plain)), sort_keys=False, allow_unicode=True
    )
    return text

  lines = []
  for section, part in values.items():
    if not isinstance(part, dict) or not part:
      lines.append(dump({section: part}))
      continue
    lines.append(f"{section}:\n")
    others = (resolved or values)[section]
    for name, value in part.items():
      text = textwrap.indent(dump({name: value}), "  ")
      if others[name] != value:
        text = f"{text.rstrip()}  # {others[name]}\n"
      lines.append(text)
  return "".join(lines)


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
    meaningless = ignored(getattr(config, part))
    for name, value in values.items():
      if value != defaults[name] and name not in meaningless:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        found.append(f"--{name}={text}")
  return found


def ignored(part: Any) -> tuple[str, ...]:
  """Returns the options of a part that others make meaningless.

  Args:
    part: Of a configuration.
  """
  if isinstance(part, config_lib.TrainConfig) and part.train_steps:
    return ("epochs",)
  if isinstance(part, config_lib.DataConfig) and part.domain_a:
    return ("dataset",)
  return ()


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
  fail = _not_a_run(source)
  given = _read_sections(values, config_lib.parts(), fail, kept=True)
  config = with_given(config_lib.Config(), given)
  if "upsample" not in given.get("model", {}):
    upsample = _SOURCE_UPSAMPLERS.get(config.model.generator_type, "auto")
    model = dataclasses.replace(config.model, upsample=upsample)
    config = dataclasses.replace(config, model=model)
  try:
    return config_checks.resolve(config)
  except errors.UserError as error:
    for section, part in config_lib.parts().items():
      if error.option in search_config.declared_options(part):
        raise fail(named(section, error)) from error
    raise


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
    model_path.require_config(model_dir, "model_dir")
    there = "does not exist"
    if os.path.exists(model_dir):
      there = f"holds no trained model ({FILE_NAME} is missing)"
    raise errors.UserError(
      f"{there}. Give the folder that `train` wrote.",
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
    {"data": data}, config_lib.parts(), _not_a_run(found.report), kept=True
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
    experiment: As for `read_layers`.
    config_files: As for `read_layers`.
    overrides: As for `read_layers`.

  Returns:
    The values by section and option; of several for one option the last.

  Raises:
    errors.UserError: As `read_layers`.
  """
  return merged(read_layers(experiment, config_files, overrides))


def read_layers(
  experiment: str | None = None,
  config_files: Sequence[str] = (),
  overrides: Sequence[str] = (),
) -> tuple[Layer, ...]:
  """Reads all that stands between the defaults and the flags, one by one.

  Args:
    experiment: Name of a preset; None or "none" for none.
    config_files: YAML or JSON files with the keys of `config.json`.
    overrides: Lists such as `train.learning_rate=1e-4,model.init=he`.

  Returns:
    What each says, later ones winning.

  Raises:
    errors.UserError: If there is no such preset or file, a key or value cannot
      be used, whichever command it is for, or values contradict each other;
      carries `experiment`, `config_file` or `params_override`.
  """
  layers = []
  if experiment and experiment != NO_PRESET:
    layers.append(_read_experiment(experiment))
  layers += [_read_file(path, "config_file", path) for path in config_files]
  layers += [_read_override(text) for text in overrides]
  for layer in layers:
    _check_layer(layer)
  return tuple(layers)


def merged(layers: Sequence[Layer]) -> Given:
  """Returns what several layers say together.

  Args:
    layers: From `read_layers`.
  """
  found: Given = {}
  for layer in layers:
    for section, values in layer.values.items():
      over = config_lib.replacing(_all_sections()[section], values)
      found.setdefault(section, {}).update(over)
  return found


def _all_sections() -> dict[str, type]:
  """Returns the classes of all that files and overrides can hold."""
  return {**config_lib.parts(), **_SECTIONS}


def sections() -> tuple[str, ...]:
  """Returns the sections that are not parts of a run."""
  return tuple(_SECTIONS)


def class_of(section: str) -> type:
  """Returns the dataclass of a part of a run, or of another section.

  Args:
    section: `data`, `search` and so on.
  """
  return _all_sections()[section]


def section_of(part: type) -> str:
  """Returns the name that a dataclass has in files and overrides.

  Args:
    part: Its class.
  """
  return {cls: name for name, cls in _all_sections().items()}[part]


def _check_layer(layer: Layer) -> None:
  """Refuses values that contradict each other, or that no command can use."""
  for section, values in layer.values.items():
    part = _all_sections()[section]
    try:
      config_checks.check_said_once(part, values, layer.typed, section)
      if part is search_config.SearchConfig:
        search = search_config.with_options(part(), values)
        config_checks.check_search(search)
      elif part is command_config.ExportConfig:
        config_checks.check_export(dataclasses.replace(part(), **values))
    except errors.UserError as error:
      raise layer.error(named(section, error)) from error


def named(section: str, error: errors.UserError) -> str:
  """Returns an error about a value of a section, by its key.

  Args:
    section: Which.
    error: Carries the option.
  """
  return str(
    errors.UserError(error.args[0], f"{section}.{error.option}", error.value)
  ).removeprefix("--")


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


def _read_experiment(name: str) -> Layer:
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


def _read_file(path: str, option: str, given: str) -> Layer:
  """Reads a YAML file; JSON is YAML as well."""
  remedy = "Give a YAML or JSON file of options."
  try:
    text = regular_files.read_text(path, option)
  except errors.UserError:  # which is a ValueError
    raise
  except OSError as error:
    raise errors.UserError(
      f"cannot be read ({error.strerror}). {remedy}", option, given
    ) from error
  except ValueError as error:
    raise errors.UserError(
      f"cannot be read: it is not a text in UTF-8. {remedy}", option, given
    ) from error
  try:
    values = _parse_yaml(text)
  except errors.UserError as error:
    raise errors.UserError(
      f"cannot be read: {error} {remedy}", option, given
    ) from error
  if values is None:
    raise errors.UserError(f"holds no options. {remedy}", option, given)

  def fail(message: str) -> errors.UserError:
    return errors.UserError(f": {message}", option, given)

  return Layer(option, given, _read_sections(values, _all_sections(), fail))


def _parse_yaml(text: str) -> Any:
  """Returns what YAML or JSON holds.

  Raises:
    errors.UserError: If it is neither, or gives a name twice; a sentence that
      goes on behind a colon.
  """
  import yaml

  class Loader(yaml.SafeLoader):
    """Takes each name once, and no more than somebody has written.

    Numbers of very many digits, of which Python raises what it likes when it
    makes, compares or shows them, are refused; so are mappings merged into each
    other (`<<`) until they fill the memory.
    """

    def flatten_mapping(self, node: Any) -> None:
      """Puts in what is merged."""
      super().flatten_mapping(node)
      if len(node.value) > _MAX_MERGED:
        raise errors.UserError("it holds a mapping of very many keys.")

    def construct_yaml_int(self, node: Any) -> Any:
      """Returns a whole number."""
      self._check_length(node)
      return super().construct_yaml_int(node)

    def construct_yaml_float(self, node: Any) -> Any:
      """Returns a number."""
      self._check_length(node)
      return super().construct_yaml_float(node)

    def _check_length(self, node: Any) -> None:
      if len(str(node.value)) > _MAX_NUMBER:
        raise errors.UserError("it holds a number of very many digits.")

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
      """Returns a dictionary; PyYAML itself would keep the last of a name."""
      seen = set()
      for key, _ in getattr(node, "value", ()):
        if key.tag.endswith(":str") and key.value in seen:
          raise errors.UserError(
            f"{key.value} stands there twice, the second time in line"
            f" {key.start_mark.line + 1}."
          )
        seen.add(key.value if key.tag.endswith(":str") else None)
      return super().construct_mapping(node, deep=deep)

  for kind in ("int", "float"):
    Loader.add_constructor(
      f"tag:yaml.org,2002:{kind}", getattr(Loader, f"construct_yaml_{kind}")
    )
  try:
    return yaml.load(text, Loader=Loader)  # noqa: S506
  except errors.UserError:
    raise
  except yaml.MarkedYAMLError as error:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "it"
    raise errors.UserError(f"{where} is not valid YAML.") from error
  except yaml.YAMLError as error:  # such as a control character
    raise errors.UserError("it is not a text.") from error
  except RecursionError as error:
    raise errors.UserError("its brackets are nested too deep.") from error
  except (ValueError, TypeError, ArithmeticError) as error:
    raise errors.UserError(
      "it holds a date or a number that there cannot be."
    ) from error


def _read_override(text: str) -> Layer:
  """Reads one list of `part.option=value`."""
  by_key = _options_by_key(_all_sections())
  found: Given = {}

  def fail(message: str) -> errors.UserError:
    return errors.UserError(f": {message}", "params_override", text)

  for assignment in _assignments(text, fail):
    key, equals, value = (part.strip() for part in assignment.partition("="))
    section, dot, name = key.partition(".")
    if not equals or not dot:
      near = _same_name(key, by_key)
      raise fail(
        f"{assignment.strip()!r} must be like train.learning_rate=1e-4; a list"
        f" stands in brackets.{near}"
      )
    entry = _find_option(section, name, by_key, fail)
    if name in found.get(section, {}):
      raise fail(f"{key} stands there twice.")
    takes_list = entry.length is not None or entry.kind is str
    if takes_list and value[:1] == "[" and value[-1:] == "]":
      value = value[1:-1]
    try:
      parsed = options.parse(entry, value)
      options.check_given(entry, name, parsed)
    except errors.UserError as error:
      raise fail(f"{key}={value} {error.args[0]}") from error
    found.setdefault(section, {})[name] = parsed
  return Layer("params_override", text, found)


def _assignments(
  text: str, fail: Callable[[str], errors.UserError]
) -> list[str]:
  """Splits at commas that are not within the brackets of a list."""
  found, depth = [""], 0
  for character in text:
    depth += {"[": 1, "]": -1}.get(character, 0)
    if depth not in (0, 1):
      break
    if character == "," and not depth:
      found.append("")
    else:
      found[-1] += character
  if depth:
    raise fail("a bracket is missing. Write a list as in data.range=[0,255].")
  if not all(part.strip() for part in found):
    raise fail("there is a comma with nothing beside it.")
  return found


def _read_sections(
  values: Any,
  known: Mapping[str, type],
  fail: Callable[[str], errors.UserError],
  kept: bool = False,
) -> Given:
  """Checks names, types and ranges of what JSON or YAML holds.

  What a run has `kept` may be empty where it is not to be given so any more.
  """
  by_key = _options_by_key(known)
  found: Given = {}
  for section, part in _object(values, fail).items():
    if section not in known:
      near = _same_name(str(section), by_key) or errors.nearest(
        str(section), known
      )
      if section == "experiment":
        near = " A preset is named by the flag --experiment."
      shown = _shown(section)
      raise fail(f"there are no options called {shown}.{near}")
    found[section] = {}
    for name, value in _object(part or {}, fail).items():
      entry = _find_option(section, name, by_key, fail)
      try:
        found[section][name] = options.convert(entry, value)
        check = options.check_kept if kept else options.check_given
        check(entry, name, found[section][name])
      except TypeError as error:
        shown = "" if value is None else f", found {_shown(value)}"
        raise fail(f"{section}.{name} {error}{shown}.") from error
      except errors.UserError as error:
        raise fail(named(section, error)) from error
  return found


def _same_name(name: str, by_key: Mapping[str, options.Declared]) -> str:
  """Returns the key of an option that was given without its part."""
  keys = [key for key in by_key if key.partition(".")[2] == name]
  return f" Did you mean {keys[0]}?" if keys else ""


def _object(
  value: Any, fail: Callable[[str], errors.UserError]
) -> dict[str, Any]:
  if not isinstance(value, dict):
    shown = _shown(value)
    raise fail(f"expected an object of names and values, found {shown}.")
  return value


def _shown(value: Any) -> str:
  """Returns what was found instead, for a message."""
  return messages.shown(reprlib.repr(value))


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
    near = _same_name(str(name), by_key) or errors.nearest(key, by_key)
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
