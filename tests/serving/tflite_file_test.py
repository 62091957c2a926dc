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
import subprocess
import sys

import numpy as np
import pytest

from official.cyclegan.data import image_files
from official.cyclegan.serving import tflite_file
from tests import conftest

# Runs translate where an import of TensorFlow is an error.
_WITHOUT_TENSORFLOW = """
import runpy
import sys

class Block:
  def find_spec(self, name, path=None, target=None):
    if name.partition(".")[0] in ("tensorflow", "keras"):
      raise AssertionError(name)

sys.meta_path.insert(0, Block())
sys.argv[0] = "translate"
runpy.run_module("official.cyclegan.translate", run_name="__main__")
"""


def test_runs(halving):
  image = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
  got = tflite_file.load(halving)(image)
  np.testing.assert_allclose(got, image / 2, rtol=1e-6)


def test_tensorflow_opens_files_without_a_warning(halving, recwarn):
  """Which would speak to who writes programs with it, not to users."""
  pytest.importorskip("tensorflow").lite.Interpreter  # noqa: B018  # loaded
  recwarn.clear()
  tflite_file.open_interpreter(halving)
  assert tflite_file.runtime_name().startswith("tensorflow")
  assert not [w for w in recwarn if "Interpreter" in str(w.message)]


def test_what_is_no_model_is_an_error(tmp_path):
  (tmp_path / "no.tflite").write_text("text")
  with pytest.raises((ValueError, RuntimeError)):
    tflite_file.open_interpreter(str(tmp_path / "no.tflite"))


def test_translate_does_not_import_tensorflow(halving, tmp_path):
  pytest.importorskip("ai_edge_litert", reason="no small runtime here")
  picture = conftest.smooth_picture(np.random.default_rng(0), 16, 16)
  image_files.write(str(tmp_path / "a.png"), picture)
  done = subprocess.run(
    [
      sys.executable,
      "-c",
      _WITHOUT_TENSORFLOW,
      f"--model={halving}",
      f"--input={tmp_path / 'a.png'}",
      f"--output={tmp_path / 'b.png'}",
    ],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr
  got = image_files.read(str(tmp_path / "b.png"))
  assert np.abs(got - picture / 2.0).max() <= 0.51


if __name__ == "__main__":
  conftest.main(__file__)
