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
r"""All commands under one name: `cyclegan train` is `train`, with its flags.

Recipe:

  cyclegan train --model_dir=runs/first --dataset=my_pictures
  cyclegan export --model_dir=runs/first --output_dir=runs/first/export

is the same, to the letter of each help and message, as

  python -m official.cyclegan.train --model_dir=runs/first --dataset=my_pictures
  python -m official.cyclegan.export --model_dir=runs/first \
    --output_dir=runs/first/export

`cyclegan --help` lists the commands, `cyclegan train --help` the flags of one.
"""

from __future__ import annotations

import importlib.metadata
import os
import runpy
import sys
import typing

from official.cyclegan.core import command_list
from official.cyclegan.core import errors
from official.cyclegan.core import messages

_DISTRIBUTION = "cyclegan-garden"
_HELP = ("help", "-h", "-help", "--help", "--helpfull", "--helpshort")


def main() -> None:
  """Runs the command that the first argument names."""
  try:
    _dispatch(sys.argv[1:])
    sys.stdout.flush()
  except BrokenPipeError:  # such as `| head`, which has read enough
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(arguments: list[str]) -> None:
  """Shows the list of commands, or becomes one of them."""
  name, *others = arguments or ["--help"]
  if name == "help" and others:  # `cyclegan help train`
    name, others = others[0], ["--help"]
  if name in _HELP:
    print(_help())
  elif name == "--version":
    print(f"cyclegan {_version()}")
  elif name in command_list.NAMES:
    _become(name, others)
  else:
    near = errors.nearest(name, command_list.NAMES)
    _fail(f"{name} is not a command.{near} (cyclegan --help lists all.)")


def _become(name: str, arguments: list[str]) -> None:
  """Runs a command exactly as `python -m` does."""
  sys.argv[1:] = arguments
  try:
    runpy.run_module(command_list.module(name), None, "__main__", True)
  except ModuleNotFoundError as error:  # before the command can tell of it
    _fail(
      f"the package {error.name} is not installed, which every command needs."
      " Install this package with all that it needs: pip install -e ."
    )


def _help() -> str:
  """Returns the list of commands."""
  width = max(map(len, command_list.NAMES)) + 2
  lines = [
    f"  {name:<{width}}{command_list.summary(name)}"
    for name in command_list.NAMES
  ]
  return "\n".join(
    [
      "CycleGAN, from two unpaired piles of pictures to a model on a phone.",
      "",
      "  cyclegan COMMAND --option=value ...",
      "",
      *lines,
      "",
      "cyclegan COMMAND --help lists the options of a command; cyclegan"
      " --version.",
    ]
  )


def _version() -> str:
  """Returns the installed version, or that this is a source tree."""
  try:
    return importlib.metadata.version(_DISTRIBUTION)
  except importlib.metadata.PackageNotFoundError:
    return "(not installed: run from its source)"


def _fail(message: str) -> typing.NoReturn:
  text = " ".join(messages.printable(message).splitlines())
  print(f"cyclegan: error: {text}", file=sys.stderr)
  sys.exit(2)


if __name__ == "__main__":
  main()
