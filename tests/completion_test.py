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
import shutil
import subprocess

import pytest

from official.cyclegan.core import command_list
from tests import conftest


def _complete(script, *words):
  """Returns what bash offers for the last of some words."""
  program = (
    'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
    ' COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; eval "$(complete -p cyclegan'
    " | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\";"
    ' printf "%s\\n" "${COMPREPLY[@]}"'
  )
  done = subprocess.run(
    ["bash", "-c", program, "bash", script, "cyclegan", *words],
    capture_output=True,
    text=True,
    check=True,
  )
  return done.stdout.split()


def test_bash_completes_commands_options_and_values(tmp_path):
  if not shutil.which("bash"):
    pytest.skip("bash is not installed")
  made = conftest.run_binary("completion", "--shell=bash")
  assert made.returncode == 0, made.stderr
  path = tmp_path / "script"
  path.write_text(made.stdout)
  wanted = [name for name in command_list.NAMES if name.startswith("tra")]
  assert sorted(_complete(path, "tra")) == sorted(wanted)
  found = _complete(path, "train", "--lambda_r")
  assert {"--lambda_reconstr", "--lambda_r1"} <= set(found)
  assert "--lambda_distill" not in found  # which distill has
  assert "--lambda_distill" in _complete(path, "distill", "--lambda_d")
  assert set(_complete(path, "train", "--gan_mode", "")) > {"lsgan", "hinge"}
  # As the docs write it, and bash takes it apart.
  assert _complete(path, "train", "--gan_mode", "=", "h") == ["hinge"]
  assert "lsgan" in _complete(path, "train", "--gan_mode", "=")
  given = _complete(path, "train", "--dataset", "=", str(tmp_path / "scr"))
  assert given == [str(path)]
  after = _complete(path, "train", "--seed", "=", "1", "--gan_mode", "=", "v")
  assert after == ["vanilla"]
  assert "-h" not in _complete(path, "train", "-")  # which is refused
  assert "--nohealth_check" in _complete(path, "train", "--nohealth")


def test_other_shells_get_scripts_too():
  for shell, mark in (("zsh", "#compdef cyclegan"), ("tcsh", "complete")):
    made = conftest.run_binary("completion", f"--shell={shell}")
    assert made.returncode == 0 and mark in made.stdout, made.stderr
  refused = conftest.run_binary("completion", "--shell=cmd")
  conftest.assert_refused(refused, "--shell=cmd", "bash, zsh, tcsh")


if __name__ == "__main__":
  conftest.main(__file__)
