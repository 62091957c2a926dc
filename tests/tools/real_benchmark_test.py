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
"""What the benchmark of real pictures asks of the commands, and tabulates."""

import importlib.util
import json
import pathlib
import sys

import numpy as np
import pytest
from absl import flags as absl_flags
from absl.testing import flagsaver

from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.training import history
from tests import conftest


@pytest.fixture(scope="module")
def real():
  folder = conftest.ROOT / "tools" / "benchmarks"
  sys.path.insert(0, str(folder))
  specification = importlib.util.spec_from_file_location(
    "real", folder / "real.py"
  )
  module = importlib.util.module_from_spec(specification)
  specification.loader.exec_module(module)
  return module


@pytest.fixture
def commands(real, monkeypatch):
  """Commands as they are asked for; what they would find is made up."""
  asked = []

  def run(command, what):
    name, given = command[2].rpartition(".")[2], command[3:]
    asked.append((name, given))
    values = dict(argument[2:].partition("=")[::2] for argument in given)
    if name == "train":
      return ""
    folder = pathlib.Path(values["output_dir"])
    folder.mkdir(parents=True)
    seed = int(folder.parent.name)
    names = ("fid_patches", "kid_random", "edge_correlation", "grid")
    measures = dict(zip(names, (4.0, 0.5, 1.0, 2.0)))
    of_model = dict(zip(names, (seed, 0.1, 0.7, 5.0)))
    if "paired" in values or "scenes" in values["dataset"]:
      of_model["relative_l1"] = 0.1 * seed
    found = {"model": of_model, "nothing": measures, "histogram": measures}
    report = {"directions": {"AtoB": found}}
    (folder / "report.json").write_text(json.dumps(report))
    picture = np.full((6, 8 + seed, 3), 40 * seed, np.uint8)
    image_files.write(str(folder / "pictures.png"), picture)
    return ""

  monkeypatch.setattr(real.child, "run", run)
  return asked


def _run(real, monkeypatch, *arguments):
  monkeypatch.setattr(sys, "argv", ["real.py", *arguments])
  with flagsaver.flagsaver():
    absl_flags.FLAGS(sys.argv)
    real.main()


def _folder(path, *names):
  for split in ("trainA", "trainB", "testA", "testB"):
    (path / split).mkdir(parents=True)
  for split, name in zip(("testA", "testB"), names):
    (path / split / name).touch()
  return path


def test_every_problem_is_trained_and_measured_once(
  real, commands, monkeypatch, tmp_path, capsys
):
  pairs = _folder(tmp_path / "pairs", "1.png", "1.jpg")
  piles = _folder(tmp_path / "piles", "1.png", "2.png")
  arguments = (
    f"--output_dir={tmp_path / 'out'}",
    "--built_in=apple2orange_scenes",
    f"--folders=pairs={pairs},piles={piles}",
    "--seeds=1,3",
    "--minutes=2",
    "--lambda_id=4",
  )
  _run(real, monkeypatch, *arguments)
  trained = [given for name, given in commands if name == "train"]
  assert len(trained) == 6 and len(commands) == 12
  for given, (name, folder) in zip(
    trained[::2],
    (
      ("apple2orange_scenes", "apple2orange_scenes"),
      ("pairs", pairs),
      ("piles", piles),
    ),
  ):
    run = tmp_path / "out" / name / "1" / "run"
    # Its own flags are not those of a run.
    assert given == [
      f"--model_dir={run}",
      "--lambda_id=4",
      "--max_minutes=2.0",
      f"--dataset={folder}",
      *(["--paired"] if name == "pairs" else []),
      "--seed=1",
    ]
  table = conftest.unpadded(capsys.readouterr().out)
  assert "| pairs | relative l1 | 0.200 (0.100 to 0.300) | " in table
  # Relative to doing nothing, as histogram matching is here.
  assert "| piles | fid patches | 0.500 (0.250 to 0.750) | 1.000 | " in table
  assert "| piles | edge correlation | 0.700 | 1.000 | " in table
  assert "| piles | grid | 5.000 | 2.000 | " in table
  assert "| pairs | grid | 5.000 | 2.000 | " in table
  sheet = image_files.read(str(tmp_path / "out" / "sheet.png"))
  assert sheet.shape == (3 * 14, 9, 3)
  _run(real, monkeypatch, *arguments)
  assert len(commands) == 12


def test_validations_are_shown_over_the_steps(
  real, commands, monkeypatch, tmp_path, capsys
):
  arguments = (
    f"--output_dir={tmp_path}",
    "--built_in=apple2orange_scenes",
    f"--folders=piles={_folder(tmp_path / 'piles', '1.png', '2.png')}",
    "--seeds=1",
  )
  _run(real, monkeypatch, *arguments)
  assert "by step" not in capsys.readouterr().out
  for name, measure in (
    ("apple2orange_scenes", "relative_l1_AB"),
    ("piles", "fid_patches"),
  ):
    course = history.History()
    for step in range(100, 2300, 100):
      course.add(step, {f"validation/{measure}": 100 / step})
    folder = tmp_path / name / "1" / "run"
    folder.mkdir(parents=True, exist_ok=True)
    course.write(str(folder))
  _run(real, monkeypatch, *arguments)
  table = conftest.unpadded(capsys.readouterr().out)
  points = "100: 1.000, 400: 0.250, 700: 0.143, 1000: 0.100, 1300: 0.077"
  points += ", 1600: 0.062, 1900: 0.053, 2200: 0.045"
  assert f"| piles | 1 | fid patches | {points} |" in table
  assert f"| 1 | relative l1 AB | {points} |" in table


@pytest.mark.parametrize("length", ["--train_steps=3", "--flagfile={}"])
def test_a_given_length_is_kept(real, commands, monkeypatch, tmp_path, length):
  listed = tmp_path / "run.flags"
  listed.write_text("--epochs=2\n")
  length = length.format(listed)
  _run(
    real,
    monkeypatch,
    f"--output_dir={tmp_path / 'out'}",
    "--built_in=photo2painting_scenes",
    "--seeds=1",
    length,
  )
  (_, given), _ = commands
  assert length in given
  assert not any("max_minutes" in argument for argument in given)


@pytest.mark.parametrize(
  ("arguments", "option"),
  [
    (["--folders=x=/no/such"], "folders"),
    (["--folders=/tmp"], "folders"),
    (["--built_in="], "folders"),
    (["--seeds="], "seeds"),
  ],
)
def test_what_cannot_be_measured_is_refused(
  real, commands, monkeypatch, tmp_path, arguments, option
):
  with pytest.raises(errors.UserError) as error:
    _run(real, monkeypatch, f"--output_dir={tmp_path / 'out'}", *arguments)
  assert error.value.option == option and not commands
  assert not (tmp_path / "out").exists()


if __name__ == "__main__":
  conftest.main(__file__)
