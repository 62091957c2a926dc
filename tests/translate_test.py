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

from tests import conftest


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("translate", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.translate")
  assert recipe < result.stdout.index("--direction:")


def test_missing_flags_are_refused():
  conftest.assert_refused(conftest.run_binary("translate"), "--model is")
  conftest.assert_refused(
    conftest.run_binary("translate", "--direction=up"), "direction", "AtoB"
  )


def test_dry_run_prints_the_options():
  result = conftest.run_binary(
    "translate", "--model=m", "--input=i", "--output=o", "--dry_run"
  )
  assert json.loads(result.stdout) == {
    "model": "m",
    "input": "i",
    "output": "o",
    "direction": "AtoB",
    "detail": "auto",
    "texture_scale": 0.5,
    "range": "model",
    "format": "same",
    "quality": 95,
    "keep": [],
    "size": 0,
    "temporal_smoothing": 0.0,
    "max_frames": 0,
    "start": 0.0,
    "duration": 0.0,
    "checkpoint": "latest",
    "raw_generator": False,
    "background": "white",
    "max_pixels": 250_000_000,
  }


def test_no_model_is_refused_in_one_line(pictures, tmp_path):
  result = conftest.run_binary(
    "translate",
    f"--model={tmp_path / 'nothing'}",
    f"--input={pictures / 'testA'}",
    f"--output={tmp_path / 'out'}",
  )
  conftest.assert_refused(result, "--model=", "does not exist")


if __name__ == "__main__":
  conftest.main(__file__)
