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
"""Tools that compare trained runs: ablation, measures, generators."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import stats

from official.cyclegan.core import config_file
from official.cyclegan.data import image_files
from tests import conftest

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow(seconds=15),  # of one test
  pytest.mark.one_stack,
]


def test_ablation_makes_its_table_and_goes_on(few_fruits, tmp_path):
  name = "{}/apple2orange_scenes/2/{}".format
  known = {"relative_l1_AB": 0.25, "raw_relative_l1_AB": 0.5}
  path = tmp_path / "ablation" / "ablation.json"
  path.parent.mkdir()
  # Of the four runs two were trained before.
  path.write_text(
    json.dumps({name(kind, 1): known for kind in ("default", "no_pool")})
  )
  arguments = [
    f"--output_dir={tmp_path / 'ablation'}",
    f"--data_dir={few_fruits}",
    "--datasets=apple2orange_scenes",
    "--only=default,no_pool",
    "--seeds=1,2",
    "--crop_size=64",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--disc_n_layers=1",
    "--n_res_blocks=1",
    "--train_steps=2",
  ]
  done = conftest.run_tool("benchmarks/ablation.py", *arguments, eagerly=True)
  assert done.returncode == 0, done.stderr
  lines = (tmp_path / "ablation" / "ablation.md").read_text().splitlines()
  assert len(lines) == 5 and "raw generators" in lines[3]
  results = json.loads(path.read_text())
  errors = [results[name("no_pool", i)]["relative_l1_AB"] for i in (1, 2)]
  assert errors[0] == 0.25 != errors[1]
  assert f"| {np.mean(errors):.3f} ({min(errors):.3f} to" in lines[4]
  again = conftest.run_tool("benchmarks/ablation.py", *arguments)
  assert again.stdout.splitlines()[-5:] == lines  # nothing is trained anew
  assert "relative_l1" not in again.stdout


def test_ablation_takes_the_parts_of_the_pictures_preset_away(tmp_path):
  """From folders of pictures, too, whose truth is known by their names."""
  rng = np.random.default_rng(0)
  for folder in ("pages", "places"):
    for split in ("trainA", "trainB", "testA", "testB"):
      (tmp_path / folder / split).mkdir(parents=True)
      for i in range(4):
        picture = rng.integers(0, 255, (32, 32, 3)).astype(np.uint8)
        name = f"{i}.png" if folder == "pages" else f"{split}{i}.png"
        image_files.write(str(tmp_path / folder / split / name), picture)
  done = conftest.run_tool(
    "benchmarks/ablation.py",
    f"--output_dir={tmp_path / 'out'}",
    "--experiment=pictures",
    "--parts",
    "--only=default,no_penalties",
    f"--datasets=pages={tmp_path / 'pages'},places={tmp_path / 'places'}",
    "--seeds=3",
    "--crop_size=32",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--n_res_blocks=1",
    "--train_steps=2",
    eagerly=True,
  )
  assert done.returncode == 0, done.stderr
  results = json.loads((tmp_path / "out" / "ablation.json").read_text())
  for variant, penalty in (("default", 0.3), ("no_penalties", 0.0)):
    key = f"{variant}/pages/2/3"
    assert results[key]["relative_l1_AB"] > 0
    config = config_file.load(str(tmp_path / "out" / key))
    assert (config.loss.lambda_r1, config.loss.lambda_r2) == (penalty, penalty)
    assert config.loss.gan_mode == "relativistic" and config.data.paired
  table = (tmp_path / "out" / "ablation.md").read_text()
  assert "| --lambda_r1=0 --lambda_r2=0 " in table and "`pages`" in table
  # There the truth is not known.
  found = results["default/places/2/3"]
  assert found["raw_relative_fid_patches_AB"] > 0
  assert "relative_kid_AB" in found
  assert "relative_l1_AB" not in found
  assert "`places`, KID" in table and "`places`, patches" in table


@pytest.mark.parametrize(
  ("wrong", "words"),
  [
    (["--only=default,bigger"], ["--only=bigger", "no_global_skip"]),
    (["--parts", "--only=no_pool"], ["--only=no_pool", "no_penalties"]),
    (["--datasets=x=/no/such"], ["--datasets=x=/no/such", "name=folder"]),
  ],
)
def test_ablation_refuses_what_it_does_not_know(tmp_path, wrong, words):
  done = conftest.run_tool(
    "benchmarks/ablation.py", f"--output_dir={tmp_path}", *wrong
  )
  conftest.assert_refused(done, *words)


def test_measures_are_ranked_by_the_truth(few_fruits, tmp_path):
  runs = tmp_path / "rank" / "apple2orange_scenes"
  command = (
    "benchmarks/rank_metrics.py",
    f"--output_dir={tmp_path / 'rank'}",
    f"--json={tmp_path / 'rank.json'}",
    "--datasets=apple2orange_scenes",
    "--runs=4",
    f"--data_dir={few_fruits}",
    "--crop_size=64",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--disc_n_layers=1",
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
  done = conftest.run_tool(*command, eagerly=True)
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
  assert "| `swd` |" in conftest.unpadded(done.stdout)

  # The same weights once more, with other seeds: the means are ranked.
  for i in range(1, 4):
    is_measured(f"{i:02d}_1", 3 * i, 0.5)
  done = conftest.run_tool(*command, "--executions_per_trial=2", eagerly=True)
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
    "benchmarks/compare_generators.py",
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
  assert "| first | dynamic |" in conftest.unpadded(done.stdout)
  refused = conftest.run_tool(
    "benchmarks/compare_generators.py",
    f"--output_dir={tmp_path}",
    "--runs=first",
  )
  conftest.assert_refused(refused, "--runs=first", "NAME=FOLDER")


# Versions of this package whose generators turn all into one colour; the first
# lets the real command look at the flags of its training.
_TRAIN = f"""
  import subprocess, sys
  subprocess.run(
    [sys.executable, "-m", "official.cyclegan.train", *sys.argv[1:],
     "--dry_run"],
    check=True, cwd={str(conftest.ROOT)!r},
    env={{"PYTHONPATH": {str(conftest.ROOT)!r}}},
  )
  """
_VERSION = {
  "official/__init__.py": "",
  "official/cyclegan/__init__.py": "",
  "official/cyclegan/export.py": "",
  "official/cyclegan/translate.py": """
    import os, pathlib, sys
    from PIL import Image
    folder = pathlib.Path(sys.argv[-1].partition("=")[2])
    folder.mkdir()
    for i in range(2):
      Image.new("RGB", (64, 64), os.environ["COLOR"]).save(folder / f"{i}.png")
    """,
  "tools/write_test_pictures.py": """
    import pathlib, sys
    from PIL import Image
    for part, colour in (
      ("A", "red"), ("B", "blue"), ("reference_A", "red"), ("reference", "blue")
    ):
      folder = pathlib.Path(sys.argv[-1].partition("=")[2], part)
      folder.mkdir(parents=True)
      for i in range(2):
        Image.new("RGB", (64, 64), colour).save(folder / f"{i}.png")
    """,
}


def _write_version(folder, files):
  for path, text in files.items():
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(textwrap.dedent(text))


def test_quickstarts_of_two_versions_are_compared(tmp_path):
  train = "official/cyclegan/train.py"
  _write_version(tmp_path / "new", {**_VERSION, train: _TRAIN})
  pictures = "tools/write_test_pictures.py"
  written = ', ("reference_A", "red"), ("reference", "blue")'
  older = _VERSION[pictures].replace(written, "")
  assert older != _VERSION[pictures]
  _write_version(
    tmp_path / "old", {**_VERSION, train: "sum(range(2**20))", pictures: older}
  )
  tool = conftest.ROOT / "tools" / "benchmarks" / "quickstart_cost.py"

  def compare():
    # Not forked: what a process has started is asked how long it worked.
    return subprocess.run(
      [
        sys.executable,
        str(tool),
        f"--checkout={tmp_path / 'new'}",
        f"--other_checkout={tmp_path / 'old'}",
        "--variables=COLOR=blue",
        "--other_variables=COLOR=red",
        f"--output_dir={tmp_path / 'cost'}",
        "--datasets=apple2orange_scenes",
        "--seeds=7",
      ],
      env={**os.environ, "PYTHONPATH": str(conftest.ROOT)},
      capture_output=True,
      text=True,
      check=False,
    )

  done = compare()
  assert done.returncode == 0, done.stderr
  path = tmp_path / "cost" / "quickstart_cost.json"
  known = json.loads(path.read_text())
  ours, others = (
    known[f"apple2orange_scenes-{name}-7"] for name in ("this", "other")
  )
  assert ours["l1_ratio"] == 0 and others["l1_ratio"] == 1
  assert ours["cpu_seconds"] > ours["training_cpu_seconds"] > 0
  assert ours["training_cpu_seconds"] > others["training_cpu_seconds"] > 0
  ratio = ours["cpu_seconds"] / others["cpu_seconds"]
  assert f"Mean ratio {ratio:.3f}" in done.stdout
  assert compare().returncode == 0  # nothing is measured anew
  assert json.loads(path.read_text()) == known


@pytest.mark.parametrize(
  ("flag", "remedy"),
  [
    ("--other_checkout=/nowhere", "Give a checkout"),
    ("--variables=LANG", "NAME=VALUE"),
  ],
)
def test_quickstart_cost_refuses(flag, remedy, tmp_path):
  done = conftest.run_tool(
    "benchmarks/quickstart_cost.py",
    f"--output_dir={tmp_path}",
    f"--other_checkout={conftest.ROOT}",
    flag,
  )
  conftest.assert_refused(done, flag, remedy)


if __name__ == "__main__":
  conftest.main(__file__)
