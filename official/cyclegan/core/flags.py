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
"""Command-line flags, made from the declarations of `config`.

A command says which options it has (`define`) and reads them as dataclasses.
Only here are absl's flags read; libraries are handed configurations. TensorFlow
is not imported, so that `--help` and a refused flag are quick.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from absl import flags

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import options
from official.cyclegan.core import overwriting
from official.cyclegan.core import search_config

# Help lists the flags as those of the command that asks for them.
flags.disclaim_key_flags()

# Options of `DataConfig` that say which pictures, not how they are prepared.
SOURCE_OPTIONS = (
  "dataset",
  "domain_a",
  "domain_b",
  "test_fraction",
  "on_bad_image",
  "background",
  "paired",
  "data_dir",
)
# Options of `train` that change what the networks see.
PICTURE_OPTIONS = ("channels", "augment")
# How a configuration is given other than by flags.
FRONT_DOOR = ("experiment", "config_file", "params_override")
_STUDENT_LOSSES = ("lambda_distill", "lambda_features")
# What each flag was made from. One process has one command; only tests import
# several, and there the last one's `--format` counts.
_DEFINED: dict[str, options.Declared] = {}


class _Parser(flags.ArgumentParser):
  """Reads a flag's text; what is wrong with it is a `UserError`."""

  def __init__(self, entry: options.Declared):
    super().__init__()
    self._entry = entry

  def parse(self, argument: Any) -> Any:
    """Returns the value; raises `UserError`, which is a `ValueError`."""
    if not isinstance(argument, str):
      return argument  # a default
    value = options.parse(self._entry, argument)
    elements = [value] if self._entry.length is None else value
    for element in elements:
      try:
        options.check_value(self._entry, self._entry.name, element)
      except errors.UserError as error:
        error.value = argument  # the whole list
        raise
    return value

  def flag_type(self) -> str:
    """Returns the type's name for `--helpxml`."""
    return (
      "list" if self._entry.length is not None else self._entry.kind.__name__
    )


class _ListSerializer(flags.ArgumentSerializer):
  """Writes a list as `--flagfile` takes it."""

  def serialize(self, value: Any) -> str:
    """Returns the elements, separated by commas."""
    return ",".join(map(str, value))


def define(part: type, *names: str) -> None:
  """Defines a flag for each option of a dataclass.

  Args:
    part: A dataclass with options.
    *names: Only these; all if none is given.
  """
  for name, entry in search_config.declared_options(part).items():
    if names and name not in names:
      continue
    if _DEFINED.get(name) != entry:
      _define(entry)
      _DEFINED[name] = entry


def define_run(
  distilled: bool = False, devices: bool = True, timed: bool = True
) -> None:
  """Defines the options of a run, and the ways to give them.

  Args:
    distilled: Whether with those of a student.
    devices: Whether with those of what it runs on.
    timed: Whether with those that say how long it takes.
  """
  for part in config_lib.parts().values():
    if part is config_lib.LossConfig:
      own = search_config.declared_options(part)
      define(part, *(n for n in own if distilled or n not in _STUDENT_LOSSES))
    elif part is config_lib.DistillConfig:
      if distilled:
        define(part)
    elif part is config_lib.TrainConfig and not timed:
      own = search_config.declared_options(part)
      define(part, *(n for n in own if n not in ("max_minutes", "until")))
    elif part is not config_lib.DeviceConfig or devices:
      define(part)
  define(command_config.CommandConfig, *FRONT_DOOR, "dry_run", "format")


def _define(entry: options.Declared) -> None:
  """Defines one flag."""
  option = entry.option
  default: Any = None if option.shown_default else entry.default
  text = help_text(entry)
  overriding: dict[str, Any] = {"allow_override": entry.name in _DEFINED}
  if option.repeated:
    flags.DEFINE_multi_string(entry.name, None, text, **overriding)
  elif entry.kind is bool:
    flag = flags.BooleanFlag(entry.name, default, text, **overriding)
    flag.parser = _Parser(entry)
    flags.DEFINE_flag(flag)
  else:
    serializer = (
      flags.ArgumentSerializer() if entry.length is None else _ListSerializer()
    )
    flags.DEFINE(
      _Parser(entry),
      entry.name,
      default,
      text,
      serializer=serializer,
      **overriding,
    )
  for old in option.old_flags:
    flags.DEFINE_alias(old, entry.name)


def help_text(entry: options.Declared) -> str:
  """Returns an option's help with its choices, unit and range.

  Args:
    entry: The option.
  """
  option = entry.option
  text = option.help
  if option.choices and entry.length is None:
    text = f"<{'|'.join(map(str, option.choices))}>: {text}"
  limits = [part for part in (option.unit, option.limits()) if part]
  if limits:
    text += f" [{', '.join(limits)}]"
  if option.shown_default:
    text += f" (default: {option.shown_default})"
  return text


def given(part: Any) -> dict[str, Any]:
  """Returns the options of a dataclass that were given as flags.

  Args:
    part: The dataclass, or an instance of it.
  """
  found = {}
  for name, entry in search_config.declared_options(part).items():
    if _DEFINED.get(name, entry).option != entry.option:
      continue  # another command's flag of this name
    if name not in flags.FLAGS:
      continue  # not one of this command's
    flag = flags.FLAGS[name]
    # An old name of the flag sets `present` only.
    given_now = flag.present or not flag.using_default_value
    if given_now and flag.value is not None:
      found[name] = flag.value
      if entry.option.repeated and entry.option.is_path:  # has absl's parser
        found[name] = [options.expanded(name, path) for path in flag.value]
  return found


def read(part: Any, names: tuple[str, ...] = ()) -> Any:
  """Returns a part of a configuration changed by the flags that were given.

  Args:
    part: An instance, or a dataclass, which then has its defaults.
    names: Only these options; all if none is named.
  """
  base = part() if isinstance(part, type) else part
  found = given(base)
  if names:
    found = {name: found[name] for name in names if name in found}
  if isinstance(base, config_lib.DataConfig) and "dataset" in found:
    # Instead of the folders that a file, or an earlier run, names.
    found = {"domain_a": "", "domain_b": "", **found}
  if isinstance(base, config_lib.TrainConfig):
    found = config_lib.replacing_length(found)
  return search_config.with_options(base, found)


def given_by_files(standard: str | None = None) -> config_file.Given:
  """Returns what `--experiment`, `--config_file` and `--params_override` say.

  Args:
    standard: The preset where no file describes the run: neither
      `--experiment`, nor a `--config_file`, nor a `--flagfile`; None for none.

  Raises:
    errors.UserError: If one of them cannot be used.
  """
  found = given(command_config.CommandConfig)
  described = bool(found.get("config_file")) or bool(_flagfiles())
  return _read_once(
    found.get("experiment") or (None if described else standard),
    tuple(found.get("config_file", ())),
    tuple(found.get("params_override", ())),
  )


def _flagfiles() -> list[str]:
  """Returns the files that `--flagfile` names on the command line."""
  found = [
    re.fullmatch("--?flagfile=(.+)", argument) for argument in sys.argv[1:]
  ]
  # absl puts the content of a flagfile in its place.
  return [os.path.expanduser(f[1]) for f in found if f]  # as absl does


def refuse_overwriting(option: str, output: str, *names: str) -> None:
  """Refuses an output that would replace a file that options come from.

  Args:
    option: Name of the option that holds the output.
    output: A file or folder.
    *names: Of a folder, the names in it that are written.

  Raises:
    errors.UserError: If `--config_file` or `--flagfile` is one of these.
  """
  paths = list(given(command_config.CommandConfig).get("config_file", ()))
  paths += _flagfiles()
  overwriting.check(map(overwriting.Read, paths), option, output, names)


# A pipe, as in --config_file=<(...), can be read only once.
_read_once = functools.cache(config_file.read_given)


def config_from_flags(
  base: config_lib.Config | None = None, standard: str | None = None
) -> config_lib.Config:
  """Returns the configuration that files and flags describe.

  Args:
    base: What holds where neither says otherwise; None: the defaults.
    standard: As for `given_by_files`.

  Returns:
    The configuration, to be resolved.

  Raises:
    errors.UserError: If a file cannot be used.
  """
  config = config_file.with_given(
    base or config_lib.Config(), given_by_files(standard)
  )
  parts = {name: read(getattr(config, name)) for name in config_lib.parts()}
  return config_lib.Config(**parts)


def run_from_flags(model_dir: str | None) -> config_lib.ResolvedConfig:
  """Returns the configuration of a run that begins, or goes on, in a folder.

  Args:
    model_dir: The folder; None if there is none yet.

  Returns:
    What files and flags describe, and `config_file.STANDARD_PRESET` where no
    file does. A run that was begun without that preset goes on without it: of
    both the one is taken that is more like what the folder says.

  Raises:
    errors.UserError: If a file or a value cannot be used.
  """
  standard = config_from_flags(standard=config_file.STANDARD_PRESET)
  plain = config_from_flags()
  if standard == plain or not config_file.is_run(model_dir):
    return config_checks.resolve(standard)
  try:
    earlier = config_file.load(str(model_dir))
  except errors.UserError:  # who goes on from there is told
    return config_checks.resolve(standard)

  def differences(config: config_lib.ResolvedConfig) -> int:
    return len(config_file.to_flags(config, earlier))

  return min(map(config_checks.resolve, (standard, plain)), key=differences)


def search_from_flags(
  space: str = search_config.SPACES[0],
) -> search_config.SearchConfig:
  """Returns the options of a search that files and flags describe, checked.

  Args:
    space: One of `config.SPACES`, which has defaults of its own.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  search = (
    search_config.ARCHITECTURE_SEARCH
    if space == "architecture"
    else search_config.SearchConfig()
  )
  search = read(_with_section(search, "search"))
  config_checks.check_search(search)
  return search


def evaluation_from_flags() -> command_config.EvaluateConfig:
  """Returns how the flags want a model to be evaluated, checked.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  evaluation = read(command_config.EvaluateConfig)
  config_checks.check_evaluation(evaluation)
  return evaluation


def export_from_flags() -> command_config.ExportConfig:
  """Returns what the flags want to be exported, to be resolved.

  Raises:
    errors.UserError: If two of them contradict each other.
  """
  export = read(command_config.ExportConfig)
  size = read(command_config.CommandConfig).size
  if size and export.sizes:
    raise errors.UserError(
      "and --sizes say the same. Give one of them.", "size", size
    )
  return dataclasses.replace(export, sizes=(size,)) if size else export


def selection_from_flags() -> command_config.GeneratorSelection:
  """Returns which of a run's generators the flags want."""
  command = read(command_config.CommandConfig)
  return command_config.GeneratorSelection(
    command.checkpoint, use_ema=not command.raw_generator
  )


def with_given_source(
  config: config_lib.Config,
) -> config_lib.ResolvedConfig:
  """Returns a run's configuration with the pictures that flags name, if any.

  Args:
    config: The run's.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  data = read(config.data, SOURCE_OPTIONS)
  return config_checks.resolve(dataclasses.replace(config, data=data))


def source_is_given() -> bool:
  """Returns whether flags name the pictures."""
  found = given(config_lib.DataConfig)
  return "dataset" in found or "domain_a" in found


def student_from_flags() -> config_lib.Config:
  """Returns the configuration of students that files and flags describe.

  Returns:
    That of the `--teacher` where nothing says otherwise, not yet resolved.

  Raises:
    errors.UserError: If there is no teacher, or pictures do not fit it.
  """
  distill = read(_with_section(config_lib.DistillConfig(), "distill"))
  if not distill.teacher:
    raise errors.UserError(
      "is missing: give a folder that train wrote.", "teacher"
    )
  with errors.given_as(model_dir="teacher"):
    teacher = config_file.load(distill.teacher)
  config = config_from_flags(config_lib.student_of(teacher, distill.teacher))
  if config.model.channels != teacher.model.channels:
    raise errors.UserError(
      f", but the teacher's pictures have {teacher.model.channels}.",
      "channels",
      config.model.channels,
    )
  if config.distill.init_from_teacher:
    config_checks.check_transfer(config.model, teacher.model)
  return config


def _with_section(part: Any, section: str) -> Any:
  """Returns a part with what files and overrides say of it."""
  values: Mapping[str, Any] = given_by_files().get(section, {})
  return search_config.with_options(part, values)


def require(name: str, remedy: str) -> str:
  """Returns the value of a flag that must be given.

  Args:
    name: A defined flag that holds a text.
    remedy: What the user should give, for the message.

  Raises:
    errors.UserError: If the flag is missing or empty.
  """
  value = flags.FLAGS[name].value
  if not value:
    raise errors.UserError(f"is missing: {remedy}", name)
  return value
