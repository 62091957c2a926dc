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
import argparse
import json
import subprocess
import sys

import pytest

from official.cyclegan import completion_lib
from official.cyclegan.core import errors
from official.cyclegan.core import options
from tests import conftest

# In a process of its own: it defines the flags of every command.
_ALL = """
import json
from official.cyclegan import completion_lib
root = completion_lib.parser()
(commands,) = (a for a in root._actions if a.choices)
print(json.dumps({
  name: sorted(o for a in one._actions for o in a.option_strings)
  for name, one in commands.choices.items()}))
"""


def test_offers_what_the_commands_own_helps_list():
  done = subprocess.run(
    [sys.executable, "-c", _ALL],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=True,
  )
  offered = json.loads(done.stdout)
  assert tuple(offered) == conftest.BINARIES
  for name in ("train", "translate", "tune"):
    shown = conftest.run_binary(name, "--help").stdout
    for option in offered[name]:
      if option in ("-h", "--help", "--flagfile"):
        continue
      stem = option.removeprefix("--").removeprefix("no")
      known = f"{option}:" in shown or f"--[no]{stem}:" in shown
      assert known or f"--[no]{option[2:]}:" in shown, option


def test_an_option_is_offered_as_it_is_declared():
  parser = argparse.ArgumentParser()
  for kind, length, more in (
    (str, None, {"choices": ("a", "b")}),
    (str, 0, {"choices": ("a", "b")}),
    (bool, None, {}),
    (str, None, {"is_path": True}),
  ):
    option = options.Option("Takes 5 % of it. And more.", **more)
    name = f"o{len(parser._actions)}"
    entry = options.Declared(name, kind, length, None, option)
    completion_lib._add(parser, entry)
  actions = {o: a for a in parser._actions for o in a.option_strings}
  assert actions["--o1"].choices == ["a", "b"]
  assert actions["--o2"].choices is None  # a,b is a list as well
  assert {"--o3", "--noo3"} <= set(actions)
  assert hasattr(actions["--o5"], "complete")
  assert "Takes 5 % of it" in parser.format_help()
  assert "And more" not in parser.format_help()


def test_without_shtab_it_says_what_to_install(monkeypatch):
  monkeypatch.setitem(sys.modules, "shtab", None)
  with pytest.raises(errors.UserError, match="pip install shtab"):
    completion_lib.script("bash")


if __name__ == "__main__":
  conftest.main(__file__)
