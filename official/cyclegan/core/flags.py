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

import contextlib
import dataclasses
import functools
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from absl import flags

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import model_path
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
# The classes with options that this process has defined flags of; and, by part,
# what the command leaves out of a run's options: files must not open it either.
_PARTS: set[type] = set()
_LEFT_OUT: dict[str, set[str]] = {}
# What gets the options whose flags are noted instead of defined, by name.
_NOTED: list[dict[str, options.Declared]] = []
# Values of flags as they were typed, and flags that only a --flagfile gives.
_TYPED: dict[str, str] = {}
_FROM_FLAGFILES: set[str] = set()


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
    try:
      options.check_given(self._entry, self._entry.name, value)
    except errors.UserError as error:
      error.value = argument  # the whole list
      raise
    _TYPED[self._entry.name] = argument
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
  declared = {
    name: entry
    for name, entry in search_config.declared_options(part).items()
    if not names or name in names
  }
  if _NOTED:
    _NOTED[-1].update(declared)
    return
  _PARTS.add(part)
  for name, entry in declared.items():
    if _DEFINED.get(name) != entry:
      _define(entry)
      _DEFINED[name] = entry


def take_section(section: str) -> None:
  """Lets files and overrides give options for which there are no flags.

  Args:
    section: One that is not a part of a run.
  """
  if not _NOTED:
    _PARTS.add(config_file.class_of(section))


@contextlib.contextmanager
def noting_defined() -> Iterator[dict[str, options.Declared]]:
  """Notes what would be defined within, instead of defining it.

  Yields:
    What fills with the options, by name.
  """
  defined: dict[str, options.Declared] = {}
  _NOTED.append(defined)
  try:
    yield defined
  finally:
    _NOTED.remove(defined)


def peers() -> dict[str, str]:
  """Returns what other code calls this command's options, with their names."""
  return {
    peer: name
    for name, entry in _DEFINED.items()
    for peer in entry.option.peers
  }


def define_run(
  distilled: bool = False, devices: bool = True, timed: bool = True
) -> None:
  """Defines the options of a run, and the ways to give them.

  Args:
    distilled: Whether with those of a student.
    devices: Whether with those of what it runs on.
    timed: Whether with those that say how long it takes.
  """
  closed: dict[type, tuple[str, ...]] = {}
  if not distilled:
    closed[config_lib.LossConfig] = _STUDENT_LOSSES
    closed[config_lib.DistillConfig] = _names(config_lib.DistillConfig)
  if not devices:
    closed[config_lib.DeviceConfig] = _names(config_lib.DeviceConfig)
  if not timed:
    closed[config_lib.TrainConfig] = ("max_minutes", "until")
  for section, part in config_lib.parts().items():
    left_out = closed.get(part, ())
    open_names = [name for name in _names(part) if name not in left_out]
    if open_names:
      define(part, *open_names)
    if not _NOTED:
      _LEFT_OUT[section] = set(left_out)
  define(command_config.CommandConfig, *FRONT_DOOR, "dry_run", "format")


def _names(part: type) -> tuple[str, ...]:
  """Returns the names of all options of a dataclass."""
  return tuple(search_config.declared_options(part))


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
    if old not in flags.FLAGS:  # it stands for the newest of that name
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
      if entry.option.repeated:  # has absl's parser
        options.check_given(entry, name, flag.value)
      if entry.option.repeated and entry.option.is_path:
        found[name] = [options.expanded(name, path) for path in flag.value]
  return found


def came_from_flagfiles(names: Iterable[str]) -> None:
  """Notes which flags stand in a `--flagfile` only.

  Such a file is like a preset: what is typed beside it wins, and it may hold
  what has no effect.

  Args:
    names: All of them.
  """
  _FROM_FLAGFILES.clear()
  _FROM_FLAGFILES.update(names)


def is_from_flagfile(name: str) -> bool:
  """Returns whether a flag stands in a `--flagfile` only.

  Args:
    name: Of any flag, also of one that the command has not.
  """
  return name in _FROM_FLAGFILES


def _typed(part: Any) -> dict[str, Any]:
  """Returns those options that were given as flags and not by a flag file."""
  return {
    name: value
    for name, value in given(part).items()
    if name not in _FROM_FLAGFILES
  }


def read(part: Any, names: tuple[str, ...] = ()) -> Any:
  """Returns a part of a configuration changed by the flags that were given.

  Args:
    part: An instance, or a dataclass, which then has its defaults.
    names: Only these options; all if none is named.
  """
  base = part() if isinstance(part, type) else part
  typed = _typed(base)
  config_checks.check_said_once(type(base), typed, typed=True)
  others = {n: v for n, v in given(base).items() if n not in typed}
  for layer in (others, typed):
    if names:
      layer = {name: layer[name] for name in names if name in layer}
    layer = config_lib.replacing(type(base), layer)
    base = search_config.with_options(base, layer)
  return base


def _require_effect(part: Any) -> Any:
  """Refuses options that were typed and have no effect because of others.

  Args:
    part: A part of a configuration, or another section, as it is read.

  Returns:
    The part.

  Raises:
    errors.UserError: Carries the option.
  """
  typed = set(_typed(part))
  entries = search_config.declared_options(part)
  section = config_file.section_of(type(part))
  for layer in _layers():
    if layer.typed:
      # What a flag says of the other option wins, and is no contradiction.
      typed.update(
        name
        for name in layer.values.get(section, ())
        if not typed & set(entries[name].option.needs)
      )
  options.check_effect(part, typed)
  return part


def given_by_files(standard: str | None = None) -> config_file.Given:
  """Returns what `--experiment`, `--config_file` and `--params_override` say.

  Args:
    standard: The preset where no file describes the run: neither
      `--experiment`, nor a `--config_file`, nor a `--flagfile`; None for none.

  Raises:
    errors.UserError: If one of them cannot be used.
  """
  return config_file.merged(_layers(standard))


def _layers(standard: str | None = None) -> tuple[config_file.Layer, ...]:
  """Reads files and overrides, and refuses what is not for this command.

  Args:
    standard: As for `given_by_files`.
  """
  found = given(command_config.CommandConfig)
  described = bool(found.get("config_file")) or bool(_flagfiles())
  layers = _read_once(
    found.get("experiment") or (None if described else standard),
    tuple(found.get("config_file", ())),
    tuple(found.get("params_override", ())),
  )
  return tuple(map(_opened, layers))


def _opened(layer: config_file.Layer) -> config_file.Layer:
  """Leaves out of a preset what the command leaves out; refuses it elsewhere.

  A preset is for several commands, of which some have another option for it.
  """
  if layer.option != "experiment":
    for section, found in layer.values.items():
      _require_open(layer, section, found)
    return layer
  values = {
    section: {
      name: value
      for name, value in found.items()
      if name not in _LEFT_OUT.get(section, ())
    }
    for section, found in layer.values.items()
  }
  return dataclasses.replace(layer, values=values)


def _require_open(
  layer: config_file.Layer, section: str, values: Mapping[str, Any]
) -> None:
  """Refuses options that the command's flags leave out.

  A file may hold what other commands take, and the defaults of everything.
  """
  part = config_file.class_of(section)
  if layer.typed and section in config_file.sections() and part not in _PARTS:
    name = next(iter(values))
    raise layer.error(f"{section}.{name} is not an option of this command.")
  for name, value in values.items():
    if name in _LEFT_OUT.get(section, ()) and value != getattr(part, name):
      raise layer.error(
        f"{section}.{name}={value} is not an option of this command. Leave it"
        " out."
      )


def told(error: errors.UserError) -> str:
  """Returns an error in the user's own terms.

  What a file or an override holds is named by these, what was typed is shown as
  it was typed.

  Args:
    error: The error.
  """
  option = error.option
  if option is None or option in FRONT_DOOR:
    return str(error)
  if option in flags.FLAGS and flags.FLAGS[option].present:
    parsed, text = flags.FLAGS[option].value, _TYPED.get(option)
    joined = ",".join(map(str, parsed)) if isinstance(parsed, tuple) else parsed
    same = [parsed, joined]
    if isinstance(joined, str):  # commands go on with the whole path
      same.append(os.path.abspath(joined))
    if text is not None and error.value in same:
      return str(errors.UserError(error.args[0], option, text))
    return str(error)
  for layer in reversed(_layers_read()):
    for section, values in layer.values.items():
      if option in values and option not in _LEFT_OUT.get(section, ()):
        return str(layer.error(config_file.named(section, error)))
  return str(error)


def _layers_read() -> tuple[config_file.Layer, ...]:
  """Returns files and overrides where they were given and can be read."""
  if not all(name in flags.FLAGS for name in FRONT_DOOR[1:]):
    return ()
  try:
    return _layers()
  except errors.UserError:  # the error to be told is another one
    return ()


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
_read_once = functools.cache(config_file.read_layers)


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
  parts = {
    name: _require_effect(read(getattr(config, name)))
    for name in config_lib.parts()
  }
  return config_lib.Config(**parts)


def run_from_flags(model_dir: str | None) -> config_lib.Config:
  """Returns the configuration of a run that begins, or goes on, in a folder.

  Args:
    model_dir: The folder; None if there is none yet.

  Returns:
    What files and flags describe, and `config_file.STANDARD_PRESET` where no
    file does. A run that was begun without that preset goes on without it: of
    both the one is taken that is more like what the folder says, and where
    nobody says how large the pictures are, their size there. To be resolved.

  Raises:
    errors.UserError: If a file or a value cannot be used.
  """
  if not config_file.is_run(model_dir):
    return config_from_flags(standard=config_file.STANDARD_PRESET)
  try:
    earlier = config_file.load(str(model_dir))
  except errors.UserError:  # who goes on from there is told
    earlier = None
  # A flag may have an effect with one of them only.
  found: list[tuple[config_lib.Config, config_lib.ResolvedConfig]] = []
  refused: list[errors.UserError] = []
  for preset in (config_file.STANDARD_PRESET, None):
    try:
      config = config_from_flags(standard=preset)
      if earlier is not None and not config.data.crop_size:
        size = earlier.data.crop_size  # the time may have become another one
        data = dataclasses.replace(config.data, crop_size=size)
        config = dataclasses.replace(config, data=data)
      found.append((config, config_checks.resolve(config)))
    except errors.UserError as error:
      refused.append(error)
  if not found:
    raise refused[0]
  if earlier is None:
    return found[0][0]
  config, _ = min(
    found, key=lambda pair: len(config_file.to_flags(pair[1], earlier))
  )
  return config


def search_from_flags(
  space: str = search_config.SPACES[0],
) -> search_config.SearchConfig:
  """Returns the options of a search that files and flags describe, checked.

  Args:
    space: One of `search_config.SPACES`, which has defaults of its own.

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
  return _require_effect(search)


def pipeline_from_flags() -> command_config.PipelineConfig:
  """Returns how files and flags want a pipeline to be run.

  Raises:
    errors.UserError: If an option has no effect.
  """
  part = _with_section(command_config.PipelineConfig(), "pipeline")
  return _require_effect(read(part))


def evaluation_from_flags() -> command_config.EvaluateConfig:
  """Returns how the flags want a model to be evaluated, checked.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  evaluation = read(
    _with_section(command_config.EvaluateConfig(), "evaluation")
  )
  config_checks.check_evaluation(evaluation)
  return evaluation


def export_from_flags() -> command_config.ExportConfig:
  """Returns what the flags want to be exported, to be resolved.

  Raises:
    errors.UserError: If two of them contradict each other.
  """
  export = read(_with_section(command_config.ExportConfig(), "export"))
  size = read(command_config.CommandConfig).size
  if size and export.sizes:
    raise errors.UserError(
      "and --sizes say the same. Give one of them.", "size", size
    )
  if size:
    export = dataclasses.replace(export, sizes=(size,))
  return _require_effect(export)


def selection_from_flags(
  model: str, flag: str = "model"
) -> command_config.GeneratorSelection:
  """Returns which of a run's generators the flags want.

  Args:
    model: Where they are to be taken from.
    flag: Which flag names it.

  Raises:
    errors.UserError: If something is wanted of a model that is not a run, or
      of a run that has no such checkpoint.
  """
  command = read(command_config.CommandConfig)
  selection = command_config.GeneratorSelection(
    command.checkpoint, use_ema=not command.raw_generator
  )
  if selection != command_config.DEFAULT_SELECTION:
    with errors.given_as(model=flag):
      found = model_path.locate(model)
    if found.kind is not model_path.Kind.RUN:
      raise errors.UserError(
        f"is for the folder of a run, and {model} is none. Leave it out.",
        "raw_generator" if command.raw_generator else "checkpoint",
        None if command.raw_generator else command.checkpoint,
      )
    name = model_path.CHECKPOINT_FOLDERS[selection.checkpoint]
    if not os.path.isdir(os.path.join(model, name)):
      with errors.given_as(model_dir=flag):
        raise model_path.no_checkpoint(model, selection.checkpoint)
  return selection


def with_given_source(
  config: config_lib.Config,
) -> config_lib.ResolvedConfig:
  """Returns a run's configuration with the pictures that flags name, if any.

  Args:
    config: The run's.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  values = {
    name: value
    for name, value in given_by_files().get("data", {}).items()
    if name in SOURCE_OPTIONS
  }
  data = dataclasses.replace(config.data, **values)
  data = read(data, SOURCE_OPTIONS)
  return config_checks.resolve(dataclasses.replace(config, data=data))


def source_is_given() -> bool:
  """Returns whether flags, files or overrides name the pictures."""
  found = {**given_by_files().get("data", {}), **given(config_lib.DataConfig)}
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
  return require_value(name, flags.FLAGS[name].value, remedy)


def require_value(name: str, value: str | None, remedy: str) -> str:
  """Returns the value of an option that must be given, by flag or file.

  Args:
    name: The option.
    value: What was given.
    remedy: What the user should give, for the message.

  Raises:
    errors.UserError: If it is missing or empty.
  """
  if not value:
    raise errors.UserError(f"is missing: {remedy}", name)
  return value
