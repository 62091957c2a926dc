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
import numpy as np
import pytest

from official.cyclegan.serving import tflite_probe
from tests import conftest


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["", "tensorflow"])
def test_runs_and_measures(halving, runtime):
  images = np.random.default_rng(0).random((3, 16, 16, 3), np.float32)
  made, found = tflite_probe.run_isolated(halving, images, runtime=runtime)
  np.testing.assert_allclose(made, images / 2, rtol=1e-6)
  assert found["runtime"].startswith(runtime or "ai-edge-litert")
  assert found["operators"] == {"MUL": 1} and found["partitions"] == 1
  assert set(found["milliseconds"]) == {"1", "2"}
  assert all(0 < ms < 1000 for ms in found["milliseconds"].values())
  assert found["memory_mb"] is None or 0 <= found["memory_mb"] < 500


def test_a_file_that_cannot_be_run_is_a_failure_with_its_reason(tmp_path):
  (tmp_path / "no.tflite").write_text("no model")
  images = np.zeros((1, 16, 16, 3), np.float32)
  with pytest.raises(tflite_probe.RuntimeFailure, match="(?i)model"):
    tflite_probe.run_isolated(str(tmp_path / "no.tflite"), images)


def test_an_abort_takes_nothing_else_with_it(halving, tmp_path, monkeypatch):
  (tmp_path / "aborting.py").write_text("import os; os.abort()")
  monkeypatch.setenv("PYTHONPATH", str(tmp_path))
  images = np.zeros((1, 16, 16, 3), np.float32)
  with pytest.raises(tflite_probe.RuntimeFailure, match="SIGABRT"):
    tflite_probe.run_isolated(halving, images, runtime="aborting")


if __name__ == "__main__":
  conftest.main(__file__)
