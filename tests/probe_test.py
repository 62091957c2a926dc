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
  result = conftest.run_binary("probe", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.probe")
  assert recipe < result.stdout.index("--pictures:")


def test_prints_a_table_and_keeps_it(scenes, tmp_path):
  out = tmp_path / "report"
  result = conftest.run_binary(
    "probe",
    f"--dataset={scenes['paintings']}",
    "--crop_size=32",
    f"--output_dir={out}",
  )
  assert result.returncode == 0, result.stderr
  assert "| texture |" in conftest.unpadded(result.stdout)
  assert "has to change is texture" in result.stdout
  report = json.loads((out / "report.json").read_text())
  assert report["main"] == "texture"
  assert report["options"][:2] == ["--experiment=pictures", "--crop_size=32"]
  assert (out / "report.md").read_text() in result.stdout


def test_pictures_have_the_size_that_train_gives_them(scenes):
  options = [f"--dataset={scenes['paintings']}", "--dry_run", "--format=json"]
  looked_at = json.loads(conftest.run_binary("probe", *options).stdout)
  trained = json.loads(conftest.run_binary("train", *options).stdout)
  assert looked_at["data"] == trained["data"]
  plain = conftest.run_binary("probe", *options, "--experiment=none").stdout
  assert json.loads(plain)["data"]["crop_size"] == 128


def test_mistakes_are_one_line(scenes):
  refused, run = conftest.assert_refused, conftest.run_binary
  refused(run("probe", "--dataset=nowhere"), "--dataset=nowhere")
  refused(run("probe", "--pictures=3"), "--pictures=3", "at least 4")
  folder = f"--dataset={scenes['fruits']}"
  refused(
    run("probe", folder, f"--output_dir={scenes['fruits']}"), "--output_dir"
  )
  result = run("probe", folder, f"--output_dir={__file__}/x")
  refused(result, f"--output_dir={__file__}/x cannot be created")
  assert result.stdout == ""  # before anything is looked at


if __name__ == "__main__":
  conftest.main(__file__)
