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
"""Tools that check a run: its test pictures, their summary, its resume."""

import json

import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.data import image_files
from tests import conftest

# They train, start processes or measure.
pytestmark = pytest.mark.slow(seconds=10)  # of one test


def test_pictures_and_summary(few_fruits, tmp_path):
  config = config_lib.Config(
    data=config_lib.DataConfig(data_dir=few_fruits, crop_size=64)
  )
  config_file.save(config_checks.resolve(config), str(tmp_path))
  test_dir = tmp_path / "test"
  written = conftest.run_tool(
    "checks/write_test_pictures.py",
    f"--model_dir={tmp_path}",
    f"--output_dir={test_dir}",
  )
  assert written.returncode == 0, written.stderr
  names = sorted(p.name for p in (test_dir / "A").iterdir())
  assert len(names) == 4
  for part in ("B", "mask"):
    assert sorted(p.name for p in (test_dir / part).iterdir()) == names
  assert len(list((test_dir / "reference").iterdir())) == 4

  # A model that does half of what it should.
  halves = []
  (test_dir / "translated").mkdir()
  for name in names:
    a, b = (
      image_files.read(str(test_dir / k / name)).astype(float) for k in "AB"
    )
    half = np.rint((a + b) / 2).astype(np.uint8)
    image_files.write(str(test_dir / "translated" / name), half)
    halves.append(half)
  done = conftest.run_tool(
    "checks/summarize_translation.py",
    f"--test_dir={test_dir}",
    f"--output_dir={tmp_path}",
    "--started_seconds_ago=12",
  )
  assert done.returncode == 0, done.stderr
  summary = json.loads((tmp_path / "summary.json").read_text())
  assert summary["seconds"] == 12 and summary["pictures"] == 4
  assert abs(summary["l1_ratio"] - 0.5) < 0.02
  assert abs(summary["masked_l1_ratio"] - 0.5) < 0.02
  for name in ("nothing", "histogram", "affine"):
    assert summary[name]["l1_ratio"] > 0.6
  assert "histogram matching" in done.stdout
  picture = image_files.read(str(tmp_path / "before_after_truth.png"))
  assert picture.shape == (2 * (3 * 66 - 2), 2 * (4 * 66 - 2), 3)


def test_long_video_in_short():
  done = conftest.run_tool(
    "checks/check_long_video.py", "--minutes=0.1", "--height=64"
  )
  assert done.returncode == 0, done.stdout + done.stderr
  for words in ("Pictures: ", "Sound: off by", "Memory: "):
    assert words in done.stdout


def test_summary_refuses_pictures_that_do_not_belong_together(tmp_path):
  picture = np.zeros((4, 4, 3), np.uint8)
  for part, name in (("A", "1.png"), ("translated", "2.png"), ("B", "1.png")):
    (tmp_path / part).mkdir()
    image_files.write(str(tmp_path / part / name), picture)
  result = conftest.run_tool(
    "checks/summarize_translation.py",
    f"--test_dir={tmp_path}",
    f"--output_dir={tmp_path}",
  )
  conftest.assert_refused(result, "translated/")


def test_pictures_without_a_truth_are_refused(pictures, tmp_path):
  config = config_lib.Config(data=config_lib.DataConfig(dataset=str(pictures)))
  config_file.save(config_checks.resolve(config), str(tmp_path))
  result = conftest.run_tool(
    "checks/write_test_pictures.py", f"--model_dir={tmp_path}", "--output_dir=x"
  )
  conftest.assert_refused(result, "truth is unknown")


def test_killed_training_ends_bit_by_bit_the_same(pictures):
  done = conftest.run_tool(
    "checks/check_resume.py",
    "--kills=3",
    "--steps=60",
    "--save_every=3",
    *(
      f"--train_flag=--{flag}"
      for flag in (
        f"dataset={pictures}",
        "crop_size=32",
        "load_size=36",
        "gen_n_filters=4",
        "disc_n_filters=4",
        "disc_n_layers=1",
        "n_res_blocks=1",
        "dropout=0.2",
      )
    ),
  )
  assert done.returncode == 0, done.stdout + done.stderr
  same, total = (
    done.stdout.splitlines()[-1].removesuffix(" identical").split(" of ")
  )
  assert same == total and int(total) > 100
  assert "Killed 3 times, 1 during a write." in done.stdout


def test_a_training_that_differs_is_reported(pictures):
  """Two runs that are not the same: the comparison can fail."""
  done = conftest.run_tool(
    "checks/check_resume.py",
    "--kills=1",
    "--steps=10",
    "--save_every=1",
    f"--train_flag=--dataset={pictures}",
    "--train_flag=--crop_size=33",
  )
  assert done.returncode == 2
  assert "--crop_size=33" in done.stderr  # what the training itself says


if __name__ == "__main__":
  conftest.main(__file__)
