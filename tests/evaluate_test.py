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

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from tests import conftest


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("evaluate", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.evaluate")
  assert recipe < result.stdout.index("--model_dir:")


def test_missing_run_is_refused_in_one_line(tmp_path):
  conftest.assert_refused(conftest.run_binary("evaluate"), "--model_dir is")
  result = conftest.run_binary("evaluate", f"--model_dir={tmp_path}")
  conftest.assert_refused(result, f"--model_dir={tmp_path}", "train")


def test_given_data_flags_replace_those_of_the_run(tmp_path):
  data = config_lib.DataConfig(
    domain_a="a", domain_b="b", crop_size=64, test_fraction=0.3
  )
  config_file.save(
    config_checks.resolve(config_lib.Config(data=data)), str(tmp_path)
  )
  flags = [f"--model_dir={tmp_path}", "--dry_run"]
  same = json.loads(conftest.run_binary("evaluate", *flags).stdout)["data"]
  assert (same["domain_a"], same["test_fraction"]) == ("a", 0.3)
  flags.append("--dataset=apple2orange_scenes")
  other = json.loads(conftest.run_binary("evaluate", *flags).stdout)["data"]
  assert (other["dataset"], other["domain_a"]) == ("apple2orange_scenes", "")
  assert other["crop_size"] == 64 and other["test_fraction"] == 0.3
  shown = tmp_path / "shown.yaml"
  result = conftest.run_binary(
    "evaluate", *flags, "--max_images=7", "--format=yaml"
  )
  shown.write_text(result.stdout)
  flags[-1] = f"--config_file={shown}"  # as the file has it
  again = json.loads(conftest.run_binary("evaluate", *flags).stdout)
  assert again["data"]["dataset"] == "apple2orange_scenes"
  assert again["evaluation"]["max_images"] == 7
  assert set(again) == {*config_lib.parts(), "evaluation"}


def test_an_export_that_does_not_say_its_data_set_needs_one(tmp_path):
  model = tmp_path / "zebra.tflite"
  model.write_bytes(b"")
  result = conftest.run_binary("evaluate", f"--model={model}")
  conftest.assert_refused(result, "zebra.tflite", "Give --dataset")
  result = conftest.run_binary("evaluate", f"--model={tmp_path / 'none'}")
  conftest.assert_refused(result, "does not exist")
  empty = tmp_path / "empty"
  empty.mkdir()
  result = conftest.run_binary("evaluate", f"--model={empty}")
  conftest.assert_refused(result, f"--model={empty} is not a model")
  both = [f"--model={model}", f"--model_dir={tmp_path}"]
  conftest.assert_refused(conftest.run_binary("evaluate", *both), "one of them")


if __name__ == "__main__":
  conftest.main(__file__)
