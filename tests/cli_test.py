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
import ast
import importlib

import pytest

from official.cyclegan import cli
from official.cyclegan.core import command_list
from tests import conftest


def test_lists_the_commands():
  shown = conftest.run_binary("cli", "--help")
  assert shown.returncode == 0
  for name in command_list.NAMES:
    assert f"  {name} " in shown.stdout
    assert command_list.summary(name) in shown.stdout
  assert conftest.run_binary("cli").stdout == shown.stdout
  assert conftest.run_binary("cli", "help").stdout == shown.stdout


@pytest.mark.parametrize("name", ["train", "download"])
def test_the_help_of_a_command_is_its_own(name):
  own = conftest.run_binary(name, "--help")
  for arguments in ((name, "--help"), ("help", name)):
    shown = conftest.run_binary("cli", *arguments)
    assert (shown.returncode, shown.stdout) == (0, own.stdout)


def test_flags_operands_messages_and_status_are_the_commands():
  for arguments in (
    ("train", "--model_dir=x", "--crop_size=64", "--dry_run"),
    ("train", "--no_such=1"),
    ("download", "no_such_set"),
  ):
    name, *others = arguments
    own = conftest.run_binary(name, *others)
    shown = conftest.run_binary("cli", *arguments)
    assert shown.returncode == own.returncode
    assert (shown.stdout, shown.stderr) == (own.stdout, own.stderr)


def test_what_is_not_a_command_is_one_line():
  refused = conftest.run_binary("cli", "trian")
  conftest.assert_refused(refused, "trian", "Did you mean train?")
  conftest.assert_refused(conftest.run_binary("cli", "cli"), "cli is not")
  conftest.assert_refused(conftest.run_binary("cli", "../train"), "../train")


def test_a_package_that_commands_start_with_may_be_missing(monkeypatch, capsys):
  def lacks(*arguments):
    raise ModuleNotFoundError("No module named 'absl'", name="absl")

  monkeypatch.setattr(cli.runpy, "run_module", lacks)
  monkeypatch.setattr(cli.sys, "argv", ["cyclegan", "train"])
  with pytest.raises(SystemExit) as ended:
    cli.main()
  assert ended.value.code == 2
  assert "the package absl is not installed" in capsys.readouterr().err


def test_setup_installs_it_under_its_name():
  setup = ast.parse((conftest.ROOT / "setup.py").read_text(encoding="utf-8"))
  (call,) = (
    node
    for node in ast.walk(setup)
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".setup")
  )
  points = next(k.value for k in call.keywords if k.arg == "entry_points")
  (script,) = ast.literal_eval(points)["console_scripts"]
  name, _, target = script.partition("=")
  module, _, function = target.partition(":")
  assert name == "cyclegan"
  assert callable(getattr(importlib.import_module(module), function))


if __name__ == "__main__":
  conftest.main(__file__)
