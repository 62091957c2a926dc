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
import numpy as np
import pytest

from official.cyclegan.data import image_files
from official.cyclegan.reporting import search_page
from tests import conftest

_ROWS = [
  {"trial": "0", "swd": 0.75, "lambda_id": 2.0, "message": ""},
  {"trial": "1", "swd": None, "lambda_id": 9.0, "message": "<b>NaN"},
  {"trial": "2", "swd": 0.25, "lambda_id": 1.23456789, "extra": 7},
]


def _write(folder, rows=_ROWS, flags="--lambda_id=1.2\n"):
  search_page.write(str(folder), rows, "swd", ("lambda_id",), flags, "train")
  return (folder / "report.html").read_text()


def test_lists_the_trials_the_best_first(tmp_path):
  text = _write(tmp_path)
  assert "2 trials completed, 1 failed." in text
  places = [text.index(f'<th scope="row">{k}</th>') for k in "201"]
  assert places == sorted(places)
  assert "<td>1.235</td>" in text and "&lt;b&gt;NaN" in text
  assert "official.cyclegan.train --model_dir=" in text
  assert "best.flags" in text and "--lambda_id=1.2" in text


@pytest.mark.parametrize("inside", [True, False])
def test_no_place_of_this_machine_is_told(tmp_path, monkeypatch, inside):
  if inside:
    monkeypatch.chdir(tmp_path)
  folder = tmp_path / "my searches" / "1"
  folder.mkdir(parents=True)
  message = f"{folder}/trial_1 and /home/ann/fruits/trainA are gone."
  rows = [_ROWS[0], {**_ROWS[1], "message": message}]
  text = _write(folder, rows)
  assert "trial_1 and fruits/trainA are gone." in text
  assert "best.flags" in text and ("my searches/1" in text) == inside
  assert str(tmp_path) not in text and "/home" not in text


def test_plots_are_in_it_once_there_are_any(tmp_path):
  assert "<img" not in _write(tmp_path)
  for name in ("objective.png", "pareto.png"):
    image_files.write(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
  assert _write(tmp_path).count("data:image/webp") == 2


def test_before_a_trial_was_completed_there_is_nothing_to_train(tmp_path):
  text = _write(tmp_path, _ROWS[1:2], "")
  assert "0 trials completed, 1 failed." in text
  assert "best.flags" not in text


def test_a_long_search_is_cut_to_its_best(tmp_path):
  rows = [
    {"trial": f"t{k}", "swd": float(k), "lambda_id": 1.0} for k in range(600)
  ]
  text = _write(tmp_path, rows[::-1])
  assert ">t0<" in text and ">t499<" in text and ">t500<" not in text


if __name__ == "__main__":
  conftest.main(__file__)
