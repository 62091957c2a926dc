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
"""The quickstart's own tools, on a small run of the real data set."""

import json
import pathlib
import subprocess

import numpy as np
import pytest
from scipy import stats

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.data import image_files
from tests import conftest

_TOOLS = conftest.ROOT / "tools"


def test_pictures_and_summary(few_fruits, tmp_path):
  config = config_lib.Config(
    data=config_lib.DataConfig(data_dir=few_fruits, crop_size=64)
  )
  config_file.save(config_checks.resolve(config), str(tmp_path))
  test_dir = tmp_path / "test"
  written = conftest.run_tool(
    "write_test_pictures.py",
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
    "summarize_translation.py",
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


def test_summary_refuses_pictures_that_do_not_belong_together(tmp_path):
  picture = np.zeros((4, 4, 3), np.uint8)
  for part, name in (("A", "1.png"), ("translated", "2.png"), ("B", "1.png")):
    (tmp_path / part).mkdir()
    image_files.write(str(tmp_path / part / name), picture)
  result = conftest.run_tool(
    "summarize_translation.py",
    f"--test_dir={tmp_path}",
    f"--output_dir={tmp_path}",
  )
  conftest.assert_refused(result, "translated/")


def test_pictures_without_a_truth_are_refused(pictures, tmp_path):
  config = config_lib.Config(data=config_lib.DataConfig(dataset=str(pictures)))
  config_file.save(config_checks.resolve(config), str(tmp_path))
  result = conftest.run_tool(
    "write_test_pictures.py", f"--model_dir={tmp_path}", "--output_dir=x"
  )
  conftest.assert_refused(result, "truth is unknown")


@pytest.mark.parametrize(
  ("arguments", "word"),
  [(["--dataset=mine"], "known truth"), (["fast"], "unexpected argument fast")],
)
def test_quickstart_refuses_what_it_cannot_do(arguments, word):
  result = subprocess.run(
    ["bash", str(_TOOLS / "quickstart.sh"), *arguments],
    capture_output=True,
    text=True,
    check=False,
  )
  conftest.assert_refused(result, word)


def _fake_python(folder: pathlib.Path, version: str) -> None:
  """Puts interpreters on a PATH that say they are of another version."""
  for name in ("python3", "python3.9", "python3.10", "python3.11"):
    path = folder / name
    path.write_text(
      f'#!/bin/sh\n[ "$1" = --version ] || exit 1\necho {version}\n'
    )
    path.chmod(0o755)


def _refused_environment(folder: pathlib.Path) -> str:
  """Makes an environment with a folder first on the PATH; returns the error."""
  script = f"PATH={folder}:$PATH; source tools/env.sh; make_env {folder}/env x"
  result = subprocess.run(
    ["bash", "-c", script],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert result.returncode == 2
  assert result.stderr.count("\n") == 1
  assert not (folder / "env").exists()
  return result.stderr


def test_wrong_python_is_one_line(tmp_path):
  _fake_python(tmp_path, "Python 3.13.0")
  message = _refused_environment(tmp_path)
  assert "3.9, 3.10 or 3.11" in message and "3.13.0" in message


def test_no_space_is_one_line(tmp_path):
  (tmp_path / "df").write_text("#!/bin/sh\necho head\necho x 1 1 7 1% /\n")
  (tmp_path / "df").chmod(0o755)
  assert "7 MB are free" in _refused_environment(tmp_path)


def test_killed_training_ends_bit_by_bit_the_same(pictures):
  done = conftest.run_tool(
    "check_resume.py",
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
    "check_resume.py",
    "--kills=1",
    "--steps=10",
    "--save_every=1",
    f"--train_flag=--dataset={pictures}",
    "--train_flag=--crop_size=33",
  )
  assert done.returncode == 2
  assert "--crop_size=33" in done.stderr  # what the training itself says


def test_ablation_makes_its_table_and_goes_on(few_fruits, tmp_path):
  arguments = [
    f"--output_dir={tmp_path / 'ablation'}",
    f"--data_dir={few_fruits}",
    "--datasets=apple2orange_scenes",
    "--only=default,no_pool",
    "--seeds=1,2",
    "--crop_size=64",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--n_res_blocks=1",
    "--train_steps=2",
  ]
  done = conftest.run_tool("ablation.py", *arguments)
  assert done.returncode == 0, done.stderr
  lines = (tmp_path / "ablation" / "ablation.md").read_text().splitlines()
  assert len(lines) == 5 and "raw generators" in lines[3]
  results = json.loads((tmp_path / "ablation" / "ablation.json").read_text())
  errors = [
    results[f"no_pool/apple2orange_scenes/2/{seed}"]["relative_l1_AB"]
    for seed in (1, 2)
  ]
  assert f"| {np.mean(errors):.3f} ({min(errors):.3f} to" in lines[4]
  again = conftest.run_tool("ablation.py", *arguments)
  assert again.stdout.splitlines()[-5:] == lines  # nothing is trained anew
  assert "relative_l1" not in again.stdout


def test_ablation_refuses_an_unknown_variant(tmp_path):
  done = conftest.run_tool(
    "ablation.py", f"--output_dir={tmp_path}", "--only=default,bigger"
  )
  conftest.assert_refused(done, "--only=bigger", "no_global_skip")


def test_measures_are_ranked_by_the_truth(few_fruits, tmp_path):
  runs = tmp_path / "rank" / "apple2orange_scenes"
  command = (
    "rank_metrics.py",
    f"--output_dir={tmp_path / 'rank'}",
    f"--json={tmp_path / 'rank.json'}",
    "--datasets=apple2orange_scenes",
    "--runs=4",
    f"--data_dir={few_fruits}",
    "--crop_size=64",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--n_res_blocks=1",
    "--train_steps=1",
  )

  def is_measured(name, truth, swd):
    (runs / name).mkdir(parents=True)
    (runs / name / "trained").touch()
    measures = {"masked_relative_l1": truth, "relative_l1": 2 - swd, "swd": swd}
    (runs / name / "measures.json").write_text(json.dumps(measures))

  # The first is trained and measured by the tool.
  for i, swd in enumerate((0.3, 0.1, 0.2), 1):
    is_measured(f"{i:02d}", i, swd)
  done = conftest.run_tool(*command)
  assert done.returncode == 0, done.stderr
  found = json.loads((tmp_path / "rank.json").read_text())
  measured = found["runs"]["apple2orange_scenes"]
  assert len(measured) == 4 and 0.3 <= measured[0]["lambda_id"] <= 10
  for truth in ("masked_relative_l1", "relative_l1"):
    entries = found["spearman"][f"apple2orange_scenes, {truth}"]
    want = stats.spearmanr(
      [run["swd"] for run in measured], [run[truth] for run in measured]
    )[0]
    np.testing.assert_allclose(entries["swd"]["spearman"], want)
    assert entries["swd"]["low"] <= want <= entries["swd"]["high"]
    assert truth not in entries and "lambda_id" not in entries
  assert measured[0]["fid_patches"] > 0
  assert "| `swd` |" in done.stdout

  # The same weights once more, with other seeds: the means are ranked.
  for i in range(1, 4):
    is_measured(f"{i:02d}_1", 3 * i, 0.5)
  done = conftest.run_tool(*command, "--executions_per_trial=2")
  assert done.returncode == 0, done.stderr
  means = json.loads((tmp_path / "rank.json").read_text())
  means = means["runs"]["apple2orange_scenes"]
  assert [run["masked_relative_l1"] for run in means[1:]] == [2, 4, 6]
  np.testing.assert_allclose(
    [run["swd"] for run in means[1:]], [0.4, 0.3, 0.35]
  )
  second = json.loads((runs / "00_1" / "measures.json").read_text())
  for key in ("fid_patches", "masked_relative_l1"):
    assert second[key] != measured[0][key]
    want = (second[key] + measured[0][key]) / 2
    np.testing.assert_allclose(means[0][key], want)
  configs = [config_file.load(str(runs / name)) for name in ("00", "00_1")]
  assert [config.train.seed for config in configs] == [0, 4]
  assert configs[0].loss == configs[1].loss
  assert configs[0].loss.lambda_id == measured[0]["lambda_id"]


def test_generators_are_compared(models, tmp_path):
  done = conftest.run_tool(
    "compare_generators.py",
    f"--runs=first={models['run']}",
    f"--output_dir={tmp_path}",
    "--quantization=dynamic",
    "--nobrowser",
  )
  assert done.returncode == 0, done.stderr
  (row,) = json.loads((tmp_path / "generators.json").read_text())
  assert row["run"] == "first" and row["psnr"] > 30
  assert row["relative_l1"] is None and row["browser_ms"] is None
  assert row["macs"] > 1e4 and row["ms_1"] > 0
  assert "| first | dynamic |" in done.stdout
  refused = conftest.run_tool(
    "compare_generators.py", f"--output_dir={tmp_path}", "--runs=first"
  )
  conftest.assert_refused(refused, "--runs=first", "NAME=FOLDER")


if __name__ == "__main__":
  conftest.main(__file__)
