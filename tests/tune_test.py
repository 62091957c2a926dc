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
import pathlib

import pytest

from tests import conftest

# They train, start processes or measure.
pytestmark = pytest.mark.slow(seconds=6)  # of one test


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("tune", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.tune")
  assert recipe < result.stdout.index("--tuner_dir:")


@pytest.mark.parametrize(
  ("flag", "words"),
  [
    ("--search=lambda_typo", ["--search=lambda_typo", "lambda_reconstr"]),
    ("--search=", ["--search is empty"]),
    ("--lambda_id_range=3", ["--lambda_id_range=3 must be 2 numbers"]),
    ("--lambda_id_range=3,x", ["--lambda_id_range=3,x must be numbers"]),
    ("--lambda_id_range=3,1", ["the smaller first", "out of --search"]),
    ("--tuner=tpe", ["tuner", "bayesian"]),
    ("--objective=loss", ["--objective=loss", "fid_patches"]),
    ("--trial_steps=0", ["--trial_steps=0 must be at least 1"]),
    ("--crop_size=30", ["--crop_size=30"]),
  ],
)
def test_mistakes_are_one_line(tmp_path, flag, words):
  folder = tmp_path / "search"
  result = conftest.run_binary("tune", f"--tuner_dir={folder}", flag)
  conftest.assert_refused(result, *words)
  assert not folder.exists()


def test_missing_folder_is_refused():
  conftest.assert_refused(conftest.run_binary("tune"), "--tuner_dir is missing")


def test_dry_run_prints_what_is_searched():
  result = conftest.run_binary(
    "tune",
    "--dry_run",
    "--search=lambda_id,gen_n_filters",
    "--gen_n_filters_choices=8,16",
    "--lambda_id_range=1,4",
    "--lambda_reconstr=20",
  )
  values = json.loads(result.stdout)
  assert values["search"]["search"] == ["lambda_id", "gen_n_filters"]
  assert values["search"]["gen_n_filters_choices"] == [8, 16]
  assert values["search"]["lambda_id_range"] == [1.0, 4.0]
  assert values["loss"]["lambda_reconstr"] == 20


def _check(folder: pathlib.Path, pictures: pathlib.Path, *flags: str) -> None:
  result = conftest.run_tool(
    "checks/check_search.py",
    f"--output_dir={folder}",
    f"--dataset={pictures}",
    "--trial_steps=4",
    "--finalists=1",
    *flags,
    eagerly=True,
  )
  assert result.returncode == 0, result.stderr
  assert "each finished once" in result.stdout


def test_a_killed_search_loses_nothing_and_train_takes_its_winner(
  pictures, tmp_path
):
  folder = tmp_path / "search"
  _check(folder, pictures, "--trials=2", "--kills=1", "--longest=6")
  result = conftest.run_binary(
    "train",
    f"--flagfile={folder / 'best.flags'}",
    f"--model_dir={tmp_path / 'run'}",
    "--dry_run",
  )
  assert result.returncode == 0, result.stderr
  config = json.loads(result.stdout)
  assert (
    f"--lambda_id={config['loss']['lambda_id']}"
    in (folder / "best.flags").read_text()
  )


def test_a_process_that_has_become_too_large_is_replaced(pictures, tmp_path):
  result = conftest.run_binary(
    "tune",
    f"--tuner_dir={tmp_path}",
    f"--dataset={pictures}",
    "--crop_size=32",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--disc_n_layers=1",
    "--n_res_blocks=1",
    "--trial_steps=1",
    "--max_trials=1",
    "--restart_gb=0.01",
    eagerly=True,
  )
  assert result.returncode == 0, result.stderr
  assert result.stderr.count("it starts itself again") == 1
  lines = result.stdout.splitlines()
  assert lines[0].startswith("trial ") and lines[1].startswith("0 ")
  assert lines[2].startswith("1 trials completed, 0 failed. Best: trial 0")


def test_chief_and_workers_survive_each_others_deaths(pictures, tmp_path):
  _check(
    tmp_path / "search",
    pictures,
    "--trials=2",
    "--kills=3",
    "--longest=6",
    "--distributed",
  )


if __name__ == "__main__":
  conftest.main(__file__)
