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
"""Tests of the command check_device."""

from __future__ import annotations

import numpy as np

from official.cyclegan.serving import golden
from tests import conftest


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("check_device", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.check_device")
  assert recipe < result.stdout.index("--golden:")


def test_accepts_and_refuses(tmp_path):
  contract = golden.Contract("g.tflite", "s", "image", "image_B", "uint8")
  folder, outputs = tmp_path / "golden", tmp_path / "outputs"
  golden.write(str(folder), "AtoB", contract, lambda v: v * 0.7, 24, 3)
  flags = [f"--golden={folder}", f"--outputs={outputs}"]
  conftest.assert_refused(
    conftest.run_binary("check_device", *flags), f"--outputs={outputs}"
  )
  (outputs / "AtoB").mkdir(parents=True)
  for case in golden.read(str(folder)):
    path = outputs / f"{case.name}_output.u8"
    path.write_bytes(np.rint(case.expected * 255).astype(np.uint8).tobytes())
  result = conftest.run_binary("check_device", *flags)
  assert result.returncode == 0, result.stderr
  assert conftest.unpadded(result.stdout).count("| right |") == 3

  levels = np.frombuffer(path.read_bytes(), np.uint8).reshape(24, 24, 3)
  path.write_bytes(levels[::-1].tobytes())
  conftest.assert_refused(
    conftest.run_binary("check_device", *flags), "1 of 3", "upside down"
  )


def test_flags_are_needed():
  conftest.assert_refused(conftest.run_binary("check_device"), "--golden")
  conftest.assert_refused(
    conftest.run_binary("check_device", "--golden=nowhere", "--outputs=."),
    "--golden=nowhere",
  )


if __name__ == "__main__":
  conftest.main(__file__)
