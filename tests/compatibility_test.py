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
"""Runs, exports and searches of version 0.6.0 open, go on, translate alike."""

import csv
import json

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config_file
from official.cyclegan.data import image_files
from tests import conftest

_KEPT = conftest.ROOT / "tests" / "testdata" / "v0_6_0"
_TINY = (
  "--dataset=pictures",
  "--crop_size=32",
  "--gen_n_filters=2",
  "--disc_n_filters=2",
  "--disc_n_layers=1",
  "--n_res_blocks=1",
  "--skip_filters=2",
  "--sample_interval=100000",
  "--precision=float32",
  "--keep_checkpoints=5",
  "--buffer_max_length=2",
  "--deterministic",
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
  """A copy of what 0.6.0 wrote, which may be changed."""
  return conftest.copy(_KEPT, tmp_path_factory.mktemp("kept") / "v0_6_0")


def _run(kept, name, *arguments):
  trains = name in ("train", "tune")
  result = conftest.run_binary(name, *arguments, cwd=kept, eagerly=trains)
  assert result.returncode == 0, result.stderr
  return result.stdout


@pytest.mark.parametrize(
  ("model", "expected"),
  [
    ("run", "run.png"),
    ("export/g_AB.tflite", "tflite.png"),
    ("export/g_AB", "tflite.png"),
    ("export", "tflite.png"),
  ],
)
def test_translates_alike(model, expected, kept):
  source = kept / "run"
  if model == "run":  # another test goes on with it
    source = conftest.copy(_KEPT / "run", kept / "run_to_translate")
    model = source.name
  _run(
    kept,
    "translate",
    f"--model={model}",
    "--input=pictures/testA/00.png",
    "--output=translated.png",
    "--direction=AtoB",
  )
  got = image_files.read(str(kept / "translated.png")).astype(int)
  want = image_files.read(str(_KEPT / "expected" / expected)).astype(int)
  # Other processors add in another order.
  assert np.abs(got - want).max() <= 1


@pytest.mark.slow
def test_a_run_goes_on_to_the_same_weights(kept):
  _run(
    kept,
    "train",
    "--model_dir=run",
    *_TINY,
    "--train_steps=8",
    "--save_every_steps=4",
  )
  reader = tf.train.load_checkpoint(str(kept / "run" / "checkpoints"))
  expected = np.load(_KEPT / "expected" / "step_8.npz")
  assert len(expected.files) > 50
  for name in expected.files:
    np.testing.assert_allclose(
      reader.get_tensor(name), expected[name], atol=2e-5, err_msg=name
    )
  starts = json.loads((kept / "run" / "run.json").read_text())["starts"]
  assert starts[-1]["first_step"] == 4


def test_a_run_is_refused_with_another_network(kept):
  folder = conftest.copy(_KEPT / "run", kept / "run_refused")
  result = conftest.run_binary(
    "train",
    f"--model_dir={folder}",
    *_TINY,
    "--gen_n_filters=4",
    cwd=kept,
  )
  conftest.assert_refused(result, "--gen_n_filters=4", "trained with 2")


@pytest.mark.slow
def test_evaluates_an_export_on_its_data(kept):
  _run(kept, "evaluate", "--model=export/g_AB.tflite", "--max_images=2")
  report = kept / "export" / "evaluation_g_AB_tflite" / "report.json"
  assert json.loads(report.read_text())["protocol"]["images_A"] == 2


@pytest.mark.slow
def test_a_search_goes_on(kept):
  """With the objective under the name that it had then, too."""
  table = _run(
    kept,
    "tune",
    "--tuner_dir=search",
    *_TINY,
    "--trial_steps=4",
    "--max_trials=4",
    "--objective=cycle_l1",
    "--search=lambda_reconstr,learning_rate",
  )
  assert "4 trials completed" in table
  with open(kept / "search" / "results.csv", newline="") as file:
    rows = list(csv.DictReader(file))
  assert [row["trial"] for row in rows] == ["0", "1", "2", "3"]
  with open(_KEPT / "search" / "results.csv", newline="") as file:
    before = list(csv.DictReader(file))
  for old, new in zip(before, rows):
    assert {name: new[name] for name in old} == old


def test_best_flags_of_a_search_are_taken(kept):
  result = conftest.run_binary(
    "train", f"--flagfile={_KEPT / 'search' / 'best.flags'}", "--dry_run"
  )
  assert result.returncode == 0, result.stderr
  config = config_file.from_json(result.stdout)
  assert config.loss.lambda_reconstr == pytest.approx(4.012887924697814)


if __name__ == "__main__":
  conftest.main(__file__)
