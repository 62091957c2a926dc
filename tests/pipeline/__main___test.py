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
"""Tests of the command `pipeline` without TFX; tfx_pipeline_test has more."""

import importlib.util
import json

import pytest

from official.cyclegan.core import command_list
from tests import conftest


def test_files_with_its_sections_and_flags_are_taken(tmp_path):
  path = tmp_path / "nightly.yaml"
  path.write_text(
    "pipeline: {pipeline_root: there, measure: swd, worse_by: 0.5}\n"
    "export: {quantization: [int8]}\nsearch: {max_trials: 3}\n"
    "evaluation: {max_images: 7}\ntrain: {train_steps: 5}\n"
  )
  shown = conftest.run_binary(
    "pipeline", f"--config_file={path}", "--dry_run", "--worse_by=0.25"
  )
  assert shown.returncode == 0, shown.stderr
  told = json.loads(shown.stdout)
  assert told["pipeline"]["pipeline_root"] == "there"
  assert told["pipeline"]["measure"] == "swd"
  assert told["pipeline"]["worse_by"] == 0.25
  assert told["export"]["quantization"] == ["int8"]
  assert told["search"]["max_trials"] == 3
  assert told["evaluation"]["max_images"] == 7
  assert told["train"]["train_steps"] == 5


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    ((), ("--pipeline_root", "is missing")),
    (("--pipeline_root=x", "--image=y"), ("--image=y", "--runner")),
    (("--pipeline_root=x", "--measure=swe"), ("--measure=swe",)),
    (("--pipeline_root=x", "--worse_by=-1"), ("--worse_by=-1",)),
    (("--pipeline_root=x", "--dataset=./none"), ("--dataset=./none",)),
  ],
)
def test_wrong_options_are_one_line(arguments, words):
  conftest.assert_refused(conftest.run_binary("pipeline", *arguments), *words)


@pytest.mark.skipif(
  importlib.util.find_spec("tfx") is not None, reason="TFX is there."
)
def test_tfx_that_is_missing_is_named_with_the_remedy(tmp_path):
  refused = conftest.run_binary("pipeline", f"--pipeline_root={tmp_path / 'x'}")
  conftest.assert_refused(refused, "TFX is not installed: tools/tfx_env.sh")
  assert not (tmp_path / "x").exists()


def test_it_is_the_rooms_own_program():
  name = command_list.module("pipeline")
  assert name.endswith("cyclegan.pipeline.__main__")
  assert importlib.util.find_spec(name)


if __name__ == "__main__":
  conftest.main(__file__)
