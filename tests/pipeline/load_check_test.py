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
"""Tests of loading each exported file in a process of its own."""

import json
import shutil

import numpy as np
import pytest

from official.cyclegan.pipeline import load_check
from tests import conftest


@pytest.fixture
def export(halving, tmp_path):
  folder = tmp_path / "export"
  folder.mkdir()
  shutil.copy(halving, folder / "g_AB.tflite")
  shutil.copy(halving, folder / "g_AB_float16.tflite")
  (folder / "export.json").write_text(json.dumps({"size": 16}))
  return folder


def test_files_that_work_are_fine_and_one_that_does_not_is_named(export):
  assert load_check.check(str(export)) == []
  whole = (export / "g_AB.tflite").read_bytes()
  (export / "g_AB_float16.tflite").write_bytes(whole[:-200])
  (problem,) = load_check.check(str(export))
  assert problem.startswith("g_AB_float16.tflite")
  assert "Traceback" not in problem


@pytest.mark.slow
def test_a_saved_model_is_loaded_as_well(export):
  (export / "g_BA").mkdir()
  (export / "g_BA" / "saved_model.pb").write_bytes(b"none")
  (problem,) = load_check.check(str(export))
  assert problem.startswith("g_BA cannot be used: ")


def test_a_process_that_ends_or_hangs_is_told(export, monkeypatch):
  python = export / "python"
  python.write_text("#!/bin/sh\nkill -SEGV $$\n")
  python.chmod(0o755)
  monkeypatch.setattr(load_check.sys, "executable", str(python))
  found = load_check.check(str(export))
  assert len(found) == 2 and "ended the process (signal 11)" in found[0]
  python.write_text("#!/bin/sh\nexec sleep 60\n")
  monkeypatch.setattr(load_check, "_SECONDS", 0.3)
  assert "did not end within" in load_check.check(str(export))[0]


def test_files_of_one_generator_must_be_alike():
  rng = np.random.default_rng(0)
  first = rng.integers(0, 256, (16, 16, 3), np.uint8)
  near = np.clip(first.astype(int) + 3, 0, 255).astype(np.uint8)
  made = {"a/g_AB": first, "a/g_AB.tflite": near, "a/far.tflite": 255 - first}
  (problem,) = load_check._unlike(made)
  assert "far.tflite" in problem and "dB" in problem
  assert list(load_check._unlike({})) == []
  small = {"g_AB": first, "g_AB.tflite": first[:8]}
  assert "another size" in next(load_check._unlike(small))


def test_a_folder_without_a_model_is_refused(tmp_path):
  (tmp_path / "export.json").write_text("{}")
  assert load_check.check(str(tmp_path)) == ["there is nothing that translates"]


if __name__ == "__main__":
  conftest.main(__file__)
