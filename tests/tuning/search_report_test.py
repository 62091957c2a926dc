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
import csv
import json

import keras_tuner
import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import search_config
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_report
from tests import conftest

_OPTIONS = search_config.SearchConfig(search=("lambda_id", "generator_type"))


def _trial(folder, name, score, **values):
  """A trial that has ended, and what its training left."""
  hp = keras_tuner.HyperParameters()
  hp.values = {"lambda_id": 1.0, "generator_type": "resnet", **values}
  status = "FAILED" if score is None else "COMPLETED"
  trial = oracles.Trial(hp, name, status)
  trial.score = score
  home = folder / f"trial_{name}"
  home.mkdir()
  if score is None:
    (home / "failure.txt").write_text("training diverged, at last\n")
    return trial
  for i in range(2):
    (home / f"execution_{i}").mkdir()
    record = {
      "measures": {"fid_patches": score - 0.5 + i, "swd": 3.0 + i},
      "steps": 10,
      "seconds": 1.26,
    }
    path = home / f"execution_{i}" / "result.json"
    path.write_text(json.dumps(record))
  return trial


class _Oracle:
  """What the report asks of an oracle."""

  def __init__(self, trials):
    self._trials = trials

  def ended(self):
    return self._trials

  def finals(self):
    return list(filter(oracles.is_final, self._trials))

  def best(self):
    done = [t for t in self._trials if t.score is not None]
    return min(done, key=lambda t: t.score, default=None)


@pytest.fixture
def report(tmp_path):
  return search_report.Report(config_lib.Config(), _OPTIONS, str(tmp_path))


def test_results_have_a_row_for_each_trial(report, tmp_path, log):
  trials = [
    _trial(tmp_path, "0", 4.0, lambda_id=0.5),
    _trial(tmp_path, "1", None),
    _trial(tmp_path, "2", 2.5, **{"tuner/trial_id": "0"}),
  ]
  oracle = _Oracle([])
  for trial in trials:
    oracle.ended().append(trial)
    report.add(trial, oracle)
  with open(tmp_path / "results.csv", encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
  assert [row["trial"] for row in rows] == ["0", "1", "2"]
  assert rows[0]["lambda_id"] == "0.5" and rows[0]["steps"] == "20"
  assert rows[0]["seconds"] == "2.5" and rows[0]["swd"] == "3.5"
  assert rows[0]["fid_patches"] == "4.0"
  assert rows[1]["message"] == "training diverged, at last"
  assert rows[1]["fid_patches"] == "" and rows[1]["swd"] == ""
  assert rows[2]["continues"] == "0"
  page = (tmp_path / "report.html").read_text()
  assert "2 trials completed, 1 failed." in page
  assert "data:image/webp" in page and "best.flags" in page
  lines = log.messages
  assert "4 *" in lines[0] and "failed" in lines[1] and "2.5 *" in lines[2]


def test_a_search_goes_on_without_its_tensorboard_log(report, tmp_path, log):
  (tmp_path / "logs").write_text("in the way")
  oracle = _Oracle([_trial(tmp_path, "0", 4.0)])
  report.add(oracle.ended()[0], oracle)
  assert "TensorBoard log of trial 0 cannot be written" in log.text
  assert (tmp_path / "results.csv").exists()


def test_the_flagfile_is_that_of_the_best(report, tmp_path):
  oracle = _Oracle(
    [
      _trial(tmp_path, "0", 4.0),
      _trial(tmp_path, "1", 3.0, lambda_id=2.0, generator_type="unet"),
    ]
  )
  report.add(oracle.ended()[0], oracle)
  summary = report.finish(oracle)
  assert (summary.completed, summary.failed) == (2, 0)
  report.add(oracle.ended()[1], oracle)
  text = (tmp_path / "best.flags").read_text()
  assert "Trial 1, the best of 2 by fid_patches (3)" in text
  # What is a default is said as well, where it was searched.
  assert "--lambda_id=2.0\n" in text and "--generator_type=unet\n" in text
  assert "--upsample=resize_conv\n" in text  # what auto means for the U-Net


def test_finalists_stand_apart(report, tmp_path, log):
  full = {oracles.FINAL_OF: "0"}
  oracle = _Oracle(
    [
      _trial(tmp_path, "0", 4.0, lambda_id=3.0),
      _trial(tmp_path, "1", 4.5),
      _trial(tmp_path, "2", 2.0, lambda_id=3.0, **full),
    ]
  )
  assert report.seconds_per_step(oracle) == pytest.approx(0.125)
  report.add(oracle.ended()[2], oracle)
  assert "  trial 0 in full" in log.text
  text = (tmp_path / "best.flags").read_text()
  assert "Trial 2, which is trial 0 in full, the best of 1 by" in text
  assert "--lambda_id=3.0\n" in text
  summary = report.finish(oracle)
  assert (summary.completed, summary.failed, summary.finals) == (2, 0, 1)
  assert summary.model_dir == str(tmp_path / "trial_2" / "execution_0")
  assert report.seconds_per_step(_Oracle([])) == 0


def test_a_search_without_a_result_ends_in_words(report, tmp_path):
  oracle = _Oracle([_trial(tmp_path, "0", None)])
  report.add(oracle.ended()[0], oracle)
  assert (tmp_path / "results.csv").exists()
  assert not (tmp_path / "best.flags").exists()
  with pytest.raises(errors.UserError, match="none of 1 .* diverged"):
    report.finish(oracle)


def test_the_plot_has_a_panel_for_each_parameter(tmp_path):
  rows = [
    {
      "trial": trial,
      "lambda_id": 1.0,
      "generator_type": generator_type,
      "fid_patches": objective,
    }
    for trial, generator_type, objective in (
      ("0", "resnet", 2.0),
      ("1", "unet", 3.0),
    )
  ]
  path = tmp_path / "plot.png"
  for chosen in ("0", "1"):  # with finalists not always the lowest one
    search_report.plot(rows, _OPTIONS, chosen, str(path))
    with PIL.Image.open(path) as picture:
      pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[1] == 720  # two panels of 360 pixels
    heights = [
      np.nonzero(np.all(pixels == colour, axis=-1))[0].mean()
      for colour in ((255, 127, 14), (31, 119, 180))
    ]
    assert (heights[0] < heights[1]) == (chosen == "1")  # 3.0 is above 2.0


def test_the_pareto_front_is_what_nothing_dominates():
  def row(trial, objective, ms, macs=1.0, kb=1.0, status="COMPLETED"):
    return {
      "trial": trial,
      "status": status,
      "fid_patches": objective,
      "latency_ms": ms,
      "macs": macs,
      "size_kb": kb,
    }

  rows = [
    row("good", 1.0, 9.0),
    row("fast", 3.0, 1.0),
    row("worse", 3.0, 2.0),
    row("between", 2.0, 5.0),
    row("small", 4.0, 9.0, kb=0.1),
    row("failed", None, 0.1, status="FAILED"),
    {"trial": "no cost", "status": "COMPLETED", "fid_patches": 0.1},
  ]
  front = search_report.pareto_front(rows, "fid_patches")
  assert [r["trial"] for r in front][:2] == ["fast", "between"]
  assert {r["trial"] for r in front[2:]} == {"good", "small"}
  assert search_report.pareto_front(rows[-1:], "fid_patches") == []


if __name__ == "__main__":
  conftest.main(__file__)
