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
import json
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from official.cyclegan.core import errors
from official.cyclegan.serving import web_page
from tests import conftest


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("demo", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.demo")
  assert recipe < result.stdout.index("--port:")


def test_bad_flags_are_refused(tmp_path):
  conftest.assert_refused(conftest.run_binary("demo"), "--model is missing")
  conftest.assert_refused(conftest.run_binary("demo", "--port=70000"), "port")
  done = conftest.run_binary("demo", "--model=m", "--port=5", "--dry_run")
  assert json.loads(done.stdout) == {
    "model": "m",
    "host": "127.0.0.1",
    "port": 5,
  }


def test_serves_until_it_is_interrupted(models):
  try:
    web_page.require_runtime()
  except errors.UserError as error:
    pytest.skip(str(error))
  process = subprocess.Popen(
    [sys.executable, "-m", "official.cyclegan.demo"]
    + [f"--model={models['tflite']}", "--port=0"],
    cwd=conftest.ROOT,
    stdout=subprocess.PIPE,
    text=True,
  )
  line = process.stdout.readline()
  address = re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
  with urllib.request.urlopen(address) as answer:
    assert b"Style transfer" in answer.read()
  process.send_signal(signal.SIGINT)
  assert process.wait(timeout=20) == 130


if __name__ == "__main__":
  conftest.main(__file__)
