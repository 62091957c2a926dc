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
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest

from official.cyclegan.serving import image_translator
from official.cyclegan.serving import tflite_child
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tflite_probe
from tests import conftest

_IMAGE = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
# Runtimes that do what the real ones do with some files.
_RUNTIME = """
import ctypes, os, sys
class Interpreter:
  def __init__(self, path, num_threads=None):
    {on_open}
  def get_signature_list(self):
    return ["serving_default"]
  def get_signature_runner(self, name):
    return self
  def get_input_details(self):
    import numpy as np
    return {{"image": {{"shape": [1, 16, 16, 3], "dtype": np.float32}}}}
  def get_output_details(self):
    return {{"image_B": None}}
  def __call__(self, image):
    {on_run}
"""


def _pretend(monkeypatch, folder, on_open="pass", on_run="pass"):
  package = folder / "ai_edge_litert"
  package.mkdir()
  (package / "__init__.py").touch()
  text = _RUNTIME.format(on_open=on_open, on_run=on_run)
  (package / "interpreter.py").write_text(text)
  monkeypatch.setenv("PYTHONPATH", str(folder))


def _run(source):
  """Runs Python with this package; returns how it ended."""
  return subprocess.run(
    [sys.executable, "-c", source],
    env=tflite_probe.environment(),
    capture_output=True,
    text=True,
    check=False,
  )


def test_a_file_runs_as_in_this_process(halving):
  opened = tflite_child.open_model(halving)
  assert opened.spec.sizes == {"serving_default": 16}
  assert (opened.spec.direction, opened.spec.channels) == ("AtoB", 3)
  translate = opened.signature("serving_default")
  for scale in (1.0, 0.5):
    image = _IMAGE * np.float32(scale)
    want = tflite_file.load(halving)(image)
    np.testing.assert_array_equal(translate(image), want)
  assert tflite_child.read_specs([halving, halving]) == {halving: opened.spec}


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 100])
def test_what_is_no_model_is_one_line(tmp_path, content):
  path = tmp_path / "no.tflite"
  path.write_bytes(content)
  with pytest.raises(tflite_child.ModelError) as error:
    tflite_child.open_model(str(path))
  assert "\n" not in str(error.value)
  with pytest.raises(tflite_child.ModelError, match=str(path)):
    tflite_child.read_specs([str(path)])


_CRASHES = {
  "SIGSEGV": "ctypes.string_at(1)",
  "SIGABRT": "os.abort()",
  "ended while": "os._exit(0)",
}


@pytest.mark.parametrize("name", _CRASHES)
@pytest.mark.parametrize("when", ["on_open", "on_run"])
def test_a_runtime_that_crashes_takes_only_the_child_along(
  monkeypatch, tmp_path, halving, name, when
):
  _pretend(monkeypatch, tmp_path, **{when: _CRASHES[name]})
  with pytest.raises(tflite_child.ModelError, match=name):
    tflite_child.open_model(halving).signature("serving_default")(_IMAGE)


def test_damaged_models_end_in_a_result_or_one_line(tmp_path, halving):
  """Numbers of a file changed one at a time: some crash the real runtime."""
  content = pathlib.Path(halving).read_bytes()
  rng = np.random.default_rng(0)
  path = tmp_path / "damaged.tflite"
  child, results, refused = tflite_child._Child(), 0, []
  for place in rng.choice(len(content) - 4, 120, replace=False):
    number = rng.choice([0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x10000, 1])
    changed = bytearray(content)
    changed[place : place + 4] = int(number).to_bytes(4, "little")
    path.write_bytes(changed)
    try:
      child.open(str(path))
      made = child.translate("serving_default", _IMAGE)
      results += made.shape == _IMAGE.shape
    except tflite_child.ModelError as error:
      refused.append(str(error))
      if child._process.poll() is not None:
        child = tflite_child._Child()
  assert results > 5 and len(refused) > 20
  assert results + len(refused) == 120
  assert not any("\n" in reason for reason in refused)


def test_a_child_that_takes_too_long_is_ended():
  done = _run(
    "from official.cyclegan.serving import tflite_child\n"
    "with tflite_child._time_limit(0):\n"
    "  while True: pass"
  )
  assert done.returncode == -signal.SIGXCPU


def test_a_child_takes_no_more_memory_than_there_is_and_writes_nothing(
  tmp_path,
):
  done = _run(
    "import numpy as np\n"
    "from official.cyclegan.core import memory\n"
    "from official.cyclegan.serving import tflite_child\n"
    "memory.free_memory = lambda: 200_000_000\n"
    "tflite_child._limit_memory()\n"
    "np.ones(50_000_000, np.uint8)\n"
    "try:\n"
    "  np.ones(400_000_000, np.uint8)\n"
    "except MemoryError:\n"
    "  print('refused')\n"
    f"with open({str(tmp_path / 'x')!r}, 'w') as file:\n"
    "  file.write('text')\n"
  )
  assert done.stdout == "refused\n"
  assert done.returncode == 1 and "File too large" in done.stderr


@pytest.mark.parametrize("hard", [False, True])
def test_limits_that_are_there_already_are_kept(hard):
  """As of a queue's jobs: less than the machine has."""
  done = _run(
    "import resource\n"
    "from official.cyclegan.core import memory\n"
    "from official.cyclegan.serving import tflite_child\n"
    "given = memory.address_space() + 300_000_000\n"
    f"most = given if {hard} else resource.RLIM_INFINITY\n"
    "resource.setrlimit(resource.RLIMIT_AS, (given, most))\n"
    "memory.free_memory = lambda: 10**12\n"
    "tflite_child._limit_memory()\n"
    "assert resource.getrlimit(resource.RLIMIT_AS) == (given, given)\n"
    "memory.free_memory = lambda: 10**8\n"
    "tflite_child._limit_memory()\n"
    "assert resource.getrlimit(resource.RLIMIT_AS)[0] < given\n"
  )
  assert done.returncode == 0, done.stderr


_BAD_STARTS = {
  "raises": ("raise OSError('no such device')", "no such device"),
  "ends": ("import os; os._exit(3)", "status 3"),
  "crashes": ("import os; os.abort()", "SIGABRT"),
}


@pytest.mark.parametrize("how", _BAD_STARTS)
def test_a_child_that_cannot_start_blames_no_model(
  monkeypatch, tmp_path, halving, how
):
  does, words = _BAD_STARTS[how]
  _pretend(monkeypatch, tmp_path)
  (tmp_path / "ai_edge_litert" / "interpreter.py").write_text(does)
  for start in (
    tflite_child.open_model,
    lambda path: tflite_child.read_specs([path]),
    lambda path: image_translator.open_model(path, "AtoB"),
  ):
    with pytest.raises(tflite_child.StartError, match=words) as error:
      start(halving)
    text = str(error.value)
    assert "xport" not in text and halving not in text and "\n" not in text
    assert "ulimit" in text


def test_the_child_ends_with_its_model(halving):
  child = tflite_child._Child()
  process = child._process
  child.open(halving)
  assert process.poll() is None
  del child
  assert process.poll() is not None


if __name__ == "__main__":
  conftest.main(__file__)
