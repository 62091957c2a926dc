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
"""What is forked behaves as what is started."""

import json
import signal
import sys

import pytest

from tests import conftest

_CHILD = """
import json, os, sys, time
what, *words = sys.argv[1:]
if what == "tell":
  print(json.dumps({
    "words": words,
    "input": sys.stdin.read(),
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "parent": os.getppid(),
    "packages": "tensorflow" in sys.modules,
    "flags": "official" in sys.modules,
  }))
  print("warned", file=sys.stderr)
elif what == "sleep":
  print("begun", flush=True)
  time.sleep(600)
sys.exit(7)
"""
_TOOL = """
import json, os, subprocess, sys
import official
child, folder = sys.argv[1:]
told = subprocess.run(
  [sys.executable, child, "tell", "a b", "c"],
  input="given", capture_output=True, text=True, cwd=folder, env={"X": "1"},
)
together = subprocess.run(
  [sys.executable, child, "tell"],
  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
  text=True,
)
sleeping = subprocess.Popen(
  [sys.executable, child, "sleep"], stdout=subprocess.PIPE, text=True
)
begun = sleeping.stdout.readline()
running = sleeping.poll()
sleeping.kill()
anew = subprocess.run(
  [sys.executable, "-c", "import sys; print('tensorflow' in sys.modules)"],
  capture_output=True, text=True,
)
print(json.dumps({
  "pid": os.getpid(),
  "told": [told.returncode, json.loads(told.stdout), told.stderr],
  # In either order: a Python of its own holds back what is no error.
  "together": [x for x in together.stdout.splitlines() if x[0] != "{"],
  "sleeping": [begun, running, sleeping.wait(), sleeping.stdout.read()],
  "anew": anew.stdout,
}))
"""


def test_what_a_tool_starts_is_its_own_child(tmp_path):
  child, tool = tmp_path / "child.py", tmp_path / "tool.py"
  child.write_text(_CHILD)
  tool.write_text(_TOOL)
  (tmp_path / "folder").mkdir()
  folder = str(tmp_path / "folder")
  done = conftest.run_tool(str(tool), str(child), folder)
  assert done.returncode == 0, done.stderr
  found = json.loads(done.stdout)
  status, told, warned = found["told"]
  assert (status, warned) == (7, "warned\n")
  assert told["words"] == ["a b", "c"] and told["input"] == "given"
  assert told["folder"] == folder and told["environment"] == {"X": "1"}
  assert told["parent"] == found["pid"] and not told["flags"]
  assert told["packages"] == (sys.platform == "linux")
  assert found["together"] == ["warned"]
  assert found["sleeping"] == ["begun\n", None, -signal.SIGKILL, ""]
  assert found["anew"] == "False\n"


@pytest.mark.parametrize("eagerly", [True, False])
def test_functions_are_traced_or_not(tmp_path, eagerly):
  tool = tmp_path / "tool.py"
  tool.write_text(
    "import tensorflow as tf\nprint(tf.config.functions_run_eagerly())\n"
  )
  done = conftest.run_tool(str(tool), eagerly=eagerly)
  assert done.stdout == f"{eagerly}\n"


if __name__ == "__main__":
  conftest.main(__file__)
