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
"""How a command runs: flags parsed, messages shown, errors told in one line.

Libraries log; a command shows what this package logs as plain lines: what
informs on standard output, warnings on standard error. Nothing that goes wrong
ends in a traceback on the screen: mistakes of the user's and faults of disks
and the like are one line that says what to do, faults of this package one line
that names the file with the traceback.
"""

from __future__ import annotations

import functools
import gc
import importlib.util
import json
import logging as std_logging
import os
import pathlib
import re
import runpy
import sys
import threading
import typing
from collections.abc import Callable, Mapping
from typing import Any

from absl import app
from absl import flags
from absl import logging

from official.cyclegan.core import command_list
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import faults
from official.cyclegan.core import flagfiles
from official.cyclegan.core import flags as core_flags
from official.cyclegan.core import messages
from official.cyclegan.core import options
from official.cyclegan.core import signals
from official.cyclegan.core import stack
from official.cyclegan.core import streams

_PACKAGE = str(pathlib.Path(__file__).absolute().parents[1]) + os.sep
# What absl's own parsers say, for the flags of tools, and how it is put here.
_WORDINGS = (
  (r"invalid literal for int\(\).*", "must be a whole number."),
  (r"Exceeds the limit .*", "must be a whole number, of fewer digits."),
  (r"could not convert string to float.*", "must be a number."),
  (r"\('Non-boolean argument to boolean flag.*", "must be true or false."),
  (r"value should be one of <(.*)>", r"must be one of \1."),
)
_MISSING = "Missing value for flag "
# Objects made between two looks of Python's garbage collector, and how often
# older ones are looked at: imports and graphs make hundreds of thousands that
# stay. A sixth of an import's time.
_COLLECTED_AFTER = (100_000, 20, 50)


def run(main: Callable[..., None], *operands: str) -> None:
  """Runs a command: parses its flags, refuses stray arguments, reports errors.

  A mistake of the user's, or a fault of a disk and the like, ends in one line
  on standard error and exit status 2; an error that nobody expects in one line
  that names the file with its traceback, and status 1. `--help` ends with 0.
  Standard output whose reader has gone stops nothing.

  Args:
    main: What to do once the flags are parsed; takes the operands.
    *operands: Names of the arguments that are not flags, all to be given.
  """
  # TensorFlow's C++ code reports missing GPU libraries as errors even where no
  # GPU is wanted; what really fails is raised as an exception as well.
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  gc.set_threshold(*_COLLECTED_AFTER)
  streams.protect()
  threading.excepthook = _tell_of_thread
  app.run(functools.partial(_main, main, operands), flags_parser=_parse)


def show(
  values: Mapping[str, Any],
  style: str = "json",
  asked_for: Mapping[str, Any] | None = None,
) -> None:
  """Prints what `--dry_run` shows.

  Args:
    values: What JSON can hold, and tuples.
    style: `json`; or `yaml`, which shows what was asked for, so that flags
      beside the file do what they do without it.
    asked_for: The same, before what follows from other options was filled in;
      None: as `values`.
  """
  if style == "yaml":
    print(config_file.to_yaml(asked_for or values, values), end="")
  else:
    print(json.dumps(values, indent=2))


def require_beam() -> None:
  """Refuses a command whose work Apache Beam does, if that is not installed.

  Raises:
    errors.UserError: If it is not.
  """
  if importlib.util.find_spec("apache_beam") is None:
    raise errors.UserError(
      "this needs Apache Beam: pip install apache-beam, or this package's extra"
      " beam."
    )
  # It warns of packages of Google's cloud, wherever the work is done.
  before = std_logging.root.manager.disable
  std_logging.disable(std_logging.WARNING)
  try:
    importlib.import_module("apache_beam")
  finally:
    std_logging.disable(before)


def options_of(name: str) -> dict[str, options.Declared]:
  """Returns a command's options by name; absl's are not among them.

  A command is a program that defines its flags when it is loaded. Here it is
  loaded without that: the flags of this process stay as they are.

  Args:
    name: One of `command_list.NAMES`.
  """
  module = command_list.module(name).split(".cyclegan.")[1]
  path = os.path.join(_PACKAGE, *module.split("."))
  with core_flags.noting_defined() as defined:
    runpy.run_path(f"{path}.py", run_name=name)
  return defined


def flags_of(name: str) -> set[str]:
  """Returns the names of a command's flags, as `options_of`.

  Args:
    name: One of `command_list.NAMES`.
  """
  return set(options_of(name))


def _parse(argv: list[str]) -> list[str]:
  """Parses flags; a wrong one is one line, not absl's three."""
  flagfiles_read: list[str] = []
  try:
    expanded = _with_flagfiles(argv[1:], flagfiles_read)
    for argument in expanded:
      _refuse_negated_value(argument)
    return flags.FLAGS([argv[0], *expanded])
  except errors.UserError as error:
    _fail(str(error))
  except flags.Error as error:
    words = _words(error)
    name = re.match(r"--(\w+)", words)
    if name and core_flags.is_from_flagfile(name[1]):
      words = f"--flagfile={','.join(flagfiles_read)}: {words}"
    _fail(f"{words} (--help lists all flags.)")
  except SystemExit:  # --help, which absl ends with status 1
    _check_output()
    sys.exit(0)
  except Exception as error:
    _tell(error)


def _with_flagfiles(arguments: list[str], found: list[str]) -> list[str]:
  """Returns arguments with what `--flagfile` names in their place.

  Args:
    arguments: Of the command.
    found: Gets the paths of the files.
  """
  typed: list[str] = []
  left = list(arguments)
  while left:
    argument = left.pop(0)
    name, equals, path = argument.lstrip("-").partition("=")
    if argument.startswith("-") and name == "flagfile":
      path = path if equals else (left.pop(0) if left else "")
      if not path.strip():
        raise errors.UserError("is empty: give a file of flags.", name, path)
      found.append(path)
      continue
    typed.append(argument)
    if argument == "--":
      break
  expanded = flagfiles.expanded(arguments, flags.FLAGS.is_gnu_getopt())
  core_flags.came_from_flagfiles(_flag_names(expanded) - _flag_names(typed))
  return expanded


def _flag_names(arguments: list[str]) -> set[str]:
  """Returns the names of the flags in a command line."""
  names = set()
  for argument in arguments:
    if argument == "--":
      break
    if argument.startswith("-"):
      name = argument.lstrip("-").partition("=")[0]
      if name not in flags.FLAGS and name.startswith("no"):
        name = name[2:]
      names.add(flags.FLAGS[name].name if name in flags.FLAGS else name)
  return names


def _refuse_negated_value(argument: str) -> None:
  """Refuses `--noflip=true`, of which absl makes no flag's error."""
  found = re.fullmatch(r"--?no([^=]+)=(.*)", argument, re.DOTALL)
  if found and found[1] in flags.FLAGS and flags.FLAGS[found[1]].boolean:
    raise errors.UserError(
      f"takes no value: give --no{found[1]}, or --{found[1]}={found[2]}.",
      f"no{found[1]}",
      found[2],
    )


def _words(error: flags.Error) -> str:
  """Returns what is wrong with a flag, without Python's or absl's wording."""
  cause = error.__cause__ or error.__context__
  if isinstance(cause, errors.UserError):
    return str(cause)
  text = " ".join(str(error).split())
  if isinstance(error, flags.UnrecognizedFlagError):
    return _unknown(error.flagname)
  if isinstance(error, flags.CantOpenFlagFileError):
    if not isinstance(cause, OSError):
      return "--flagfile cannot be read. Give a file of flags."
    return (
      f"--flagfile={cause.filename} cannot be read ({cause.strerror}). Give a"
      " file of flags."
    )
  if text.startswith(_MISSING):
    return f"{text[len(_MISSING) :]} needs a value, as in --name=value."
  for pattern, words in _WORDINGS:
    text = re.sub(rf"^flag (--\S+): {pattern}$", rf"\1 {words}", text)
  return text


def _unknown(name: str) -> str:
  """Returns what to tell of a flag that this command has not."""
  intro = f"--{name} is not an option of this command."
  here = core_flags.peers().get(name)
  if here:
    return f"{intro} Here it is called --{here}."
  known = [
    flag.name
    for module, found in flags.FLAGS.flags_by_module_dict().items()
    if not module.startswith("absl.")
    for flag in found
  ]
  others = _commands_with(name)
  if others:
    *most, last = others
    shown = f"{', '.join(most)} and {last}" if most else last
    # Of output_dir it may be output, of output outputs.
    kinds = name.partition("_")[0], f"{name}s"
    near = [kind for kind in kinds if kind in known]
    hint = f"; here it may be --{near[0]}" if near else ""
    return f"{intro} It is one of {shown}{hint}."
  return intro + errors.nearest(name, known, "--")


def _commands_with(name: str) -> list[str]:
  """Returns the package's other commands that have a flag."""
  if _program() not in command_list.NAMES:
    return []  # this is a tool, whose flags may have the same names
  others = sorted({*command_list.NAMES} - {_program()})
  return [command for command in others if name in flags_of(command)]


def _main(
  main: Callable[..., None], operands: tuple[str, ...], argv: list[str]
) -> None:
  given = argv[1:]
  if len(given) < len(operands):
    _fail(f"{operands[len(given)]} is missing. (--help says more.)")
  if len(given) > len(operands):
    _fail(
      f"unexpected argument {given[len(operands)]!r}: options are given as"
      " --name=value. (--help lists all flags.)"
    )
  if not flags.FLAGS["verbosity"].present:
    _show_messages()
  try:
    newer = stack.notice()
    if newer is not None:
      print(newer, file=sys.stderr)  # standard output may be a program's input
    with signals.raised():
      main(*given)
    _check_output()
  except errors.UserError as error:
    _fail(core_flags.told(error))
  except signals.Stopped as stopped:
    print(f"{_program()}: {stopped}", file=sys.stderr)
    raise
  except errors.Interruption as interruption:
    print(f"{_program()}: {interruption}", file=sys.stderr)
    sys.exit(128 + interruption.number)
  except KeyboardInterrupt:
    sys.exit(130)
  except Exception as error:
    _tell(error)


def _check_output() -> None:
  """Refuses to end as if all were well when what was printed is lost."""
  lost = streams.failure()
  if lost is not None:
    _fail(
      f"standard output cannot be written ({lost.strerror}): part of it is"
      " lost. Files that were written are whole."
    )


def _tell(error: Exception) -> typing.NoReturn:
  """Ends the command with an error that no library has explained."""
  kept = errors.kept(error)
  expected = faults.explain(error)
  if expected is not None:
    _fail(" ".join(filter(None, [expected, kept])))
  _print_error(" ".join(filter(None, [_unexpected(error), kept])))
  sys.exit(1)


def _unexpected(error: Exception) -> str:
  """Returns a fault of this package in one line; its traceback in a file."""
  line, path = faults.record(error, _program())
  where = f": {path} has the details" if path else ""
  return f"unexpected {line}. Please report it{where}."


def _tell_of_thread(thrown: threading.ExceptHookArgs) -> None:
  """Shows in one line what ended a thread; the others go on."""
  error = thrown.exc_value
  if not isinstance(error, Exception):  # such as SystemExit
    return
  text = faults.explain(error) or _unexpected(error)
  text = messages.printable(messages.shortened(text))
  print(f"{_program()}: warning: {text}", file=sys.stderr)


class _Messages(std_logging.Handler):
  """Prints this package's messages as plain lines."""

  def emit(self, record: std_logging.LogRecord) -> None:
    """Prints a message: warnings and worse on standard error."""
    warns = record.levelno >= std_logging.WARNING
    stream = sys.stderr if warns else sys.stdout
    text = record.getMessage()
    text = messages.printable(messages.shortened(text) if warns else text)
    print(text, file=stream, flush=True)


def _is_ours(record: std_logging.LogRecord) -> bool:
  return record.pathname.startswith(_PACKAGE)


def _is_others(record: std_logging.LogRecord) -> bool:
  return not _is_ours(record) and record.levelno >= std_logging.WARNING


def _show_messages() -> None:
  """Shows this package's messages plainly, and of others only warnings."""
  logging.set_verbosity(logging.INFO)
  logger = logging.get_absl_logger()
  if not any(isinstance(found, _Messages) for found in logger.handlers):
    handler = _Messages()
    handler.addFilter(_is_ours)
    logger.addHandler(handler)
    logging.get_absl_handler().addFilter(_is_others)
  # TensorFlow's warnings are about its own inner workings.
  std_logging.getLogger("tensorflow").setLevel(std_logging.ERROR)


def _fail(message: str) -> typing.NoReturn:
  _print_error(message)
  sys.exit(2)


def _print_error(message: str) -> None:
  """Prints an error as one line, whatever is in the names that it holds."""
  text = messages.printable(messages.shortened(message))
  text = " ".join(text.splitlines())
  print(f"{_program()}: error: {text}", file=sys.stderr)


def _program() -> str:
  """Returns the command's name."""
  folder, name = os.path.split(os.path.splitext(sys.argv[0])[0])
  return os.path.basename(folder) if name == "__main__" else name
