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
r"""Prints what lets a shell complete `cyclegan`'s commands and options.

Recipe (bash, once; then open a new shell):

  mkdir -p ~/.local/share/bash-completion/completions
  cyclegan completion --shell=bash \
    > ~/.local/share/bash-completion/completions/cyclegan

zsh: into a folder of $fpath, as _cyclegan. tcsh: a file to be sourced.
"""

from __future__ import annotations

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import flags

flags.define(command_config.CompletionConfig)


def main() -> None:
  """Prints the shell's script."""
  shell = flags.read(command_config.CompletionConfig).shell
  # Imported late: --help does not wait for the other commands.
  from official.cyclegan import completion_lib

  print(completion_lib.script(shell))


if __name__ == "__main__":
  command.run(main)
