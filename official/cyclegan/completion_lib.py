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
"""Shell completion, made from the declarations of all commands' options."""

from __future__ import annotations

import argparse
import re

from official.cyclegan.core import command
from official.cyclegan.core import command_list
from official.cyclegan.core import errors
from official.cyclegan.core import options

_PROGRAM = "cyclegan"
_SENTENCE = re.compile(r"(.+?[.:;])(?:\s|$)", re.DOTALL)

# bash takes --name=value apart; shtab's function knows --name value only.
_BASH = """
_cyclegan_completion() {
  local i at=0 words=()
  for i in "${!COMP_WORDS[@]}"; do
    if [[ ${COMP_WORDS[i]} == "=" ]]; then
      ((i == COMP_CWORD)) || continue
      words+=("")  # nothing of the value is there yet
    else
      words+=("${COMP_WORDS[i]}")
    fi
    ((i == COMP_CWORD)) && at=$((${#words[@]} - 1))
  done
  local COMP_WORDS=("${words[@]}") COMP_CWORD=$at
  _shtab_cyclegan "$@"
}
complete -o bashdefault -F _cyclegan_completion cyclegan
"""


def script(shell: str) -> str:
  """Returns a script that teaches a shell the commands and their options.

  Args:
    shell: One of `CompletionConfig.shell`'s choices.

  Raises:
    errors.UserError: If shtab, which writes it, is not installed.
  """
  try:
    import shtab
  except ModuleNotFoundError as error:
    raise errors.UserError(
      "needs the package shtab. Install it: pip install shtab.", "shell", shell
    ) from error
  found: str = shtab.complete(parser(), shell)
  return found + _BASH if shell == "bash" else found


def parser() -> argparse.ArgumentParser:
  """Returns a parser with the commands and options that completion offers.

  It parses nothing: the commands read their flags by absl. Options that take a
  path carry shtab's mark for files.
  """
  root = argparse.ArgumentParser(_PROGRAM)
  commands = root.add_subparsers()
  for name in command_list.NAMES:
    one = commands.add_parser(
      name, help=_plain(command_list.summary(name)), add_help=False
    )
    one.add_argument("--help", action="store_true", help="shows the options")
    for entry in command.options_of(name).values():
      _add(one, entry)
    _offer_files(one.add_argument("--flagfile", help="file of flags"))
  return root


def _add(parser: argparse.ArgumentParser, entry: options.Declared) -> None:
  """Adds an option, a switch with its opposite."""
  text = _plain(_first_sentence(entry.option.help))
  if entry.kind is bool:
    parser.add_argument(f"--{entry.name}", action="store_true", help=text)
    parser.add_argument(f"--no{entry.name}", action="store_true", help=text)
    return
  # A list takes several, separated by commas: none of them is all of it.
  choices = entry.option.choices if entry.length is None else ()
  action = parser.add_argument(
    f"--{entry.name}", choices=list(map(str, choices)) or None, help=text
  )
  if entry.option.is_path:
    _offer_files(action)


def _offer_files(action: argparse.Action) -> None:
  """Marks an option as one that takes a path."""
  import shtab

  action.complete = shtab.FILE  # type: ignore[attr-defined]


def _first_sentence(text: str) -> str:
  found = _SENTENCE.match(text)
  return found[1].rstrip(".:;") if found else text


def _plain(text: str) -> str:
  """Returns text for a line of help, in which argparse would see formats."""
  return text.replace("%", "%%").replace("`", "'")
