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
import os

import pytest

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.tuning import trial_folder
from tests import conftest

_RESULT = trial_folder.Result({"swd": 1.5, "cycle_l1": 0.5}, 10, 2.5)


@pytest.fixture
def folder(tmp_path):
  """A trial's folder with that of one training in it."""
  folder = trial_folder.TrialFolder(tmp_path, "3")
  folder.execution(0).mkdir(parents=True)
  return folder


def test_an_empty_folder_has_nothing(tmp_path):
  folder = trial_folder.TrialFolder(tmp_path, "3")
  assert folder.path == tmp_path / "trial_3"
  assert folder.results() == [] and folder.result(0) is None
  assert folder.cost() is None and folder.failure() == ""
  assert not folder.path.exists()


def test_results_are_kept(folder):
  folder.save_result(0, _RESULT)
  folder.execution(1).mkdir()
  assert folder.result(0) == _RESULT and folder.result(1) is None
  assert folder.results() == [_RESULT]
  path = folder.path / "execution_0" / "result.json"
  assert json.loads(path.read_text()) == {
    "measures": {"swd": 1.5, "cycle_l1": 0.5},
    "steps": 10,
    "seconds": 2.5,
  }


def test_measures_of_0_6_0_have_their_names_of_today(folder):
  record = {
    "measures": {
      "true_error_AB": 0.1,
      "true_error": 0.2,
      "masked_true_error": 0.3,
      "swd": 0.4,
    },
    "steps": 1,
    "seconds": 1.0,
  }
  (folder.execution(0) / "result.json").write_text(json.dumps(record))
  assert folder.result(0).measures == {
    "relative_l1_AB": 0.1,
    "relative_l1": 0.2,
    "masked_relative_l1": 0.3,
    "swd": 0.4,
  }


def test_cost_and_failure_are_kept(folder):
  folder.save_cost({"macs": 1.0})
  assert folder.cost() == {"macs": 1.0}
  folder.save_failure("training diverged")
  assert folder.failure() == "training diverged"
  assert not (folder.path / "traceback.txt").exists()
  folder.save_failure("a bug", "Traceback ...")
  assert (folder.path / "traceback.txt").read_text() == "Traceback ..."


@pytest.mark.parametrize(
  "text",
  [
    "{",
    "[]",
    '{"measures": {}, "steps": 1}',
    '{"measures": {"swd": "low"}, "steps": 1, "seconds": 1}',
    '{"measures": [], "steps": 1, "seconds": 1}',
    '{"measures": {}, "steps": null, "seconds": 1}',
  ],
)
def test_a_damaged_result_or_cost_is_named(folder, text):
  (folder.execution(0) / "result.json").write_text(text)
  with pytest.raises(errors.UserError, match="result.json is .*Restore it"):
    folder.results()
  (folder.path / "cost.json").write_text(text.replace("1", "null"))
  with pytest.raises(errors.UserError, match="cost.json is .*Restore it"):
    folder.cost()


def test_a_reason_that_is_no_text_is_shown(folder):
  (folder.path / "failure.txt").write_bytes(b"caf\xe9\nclosed\n")
  assert folder.failure() == "caf\\xe9 closed"


def test_a_folder_belongs_to_one_trial(tmp_path, log):
  folder = trial_folder.TrialFolder(tmp_path, "0")
  owner = {"search": "a", "values": {"lambda_id": 0.1, "n": (1, 2)}}
  folder.claim(owner)
  (folder.path / "mine").touch()
  folder.claim(owner)
  near = {"search": "a", "values": {"lambda_id": 0.1 + 1e-9, "n": [1, 2]}}
  folder.claim(near)  # as gRPC hands it on
  folder.claim({})  # of a search from before
  assert (folder.path / "mine").exists() and not log.text
  for number, other in enumerate(
    (
      {**owner, "search": "b"},
      {"search": "a", "values": {"lambda_id": 0.2, "n": (1, 2)}},
    ),
    start=1,
  ):
    folder.claim(other)
    assert sorted(os.listdir(folder.path)) == ["trial.json"]
    assert (tmp_path / f"aside-{number}-trial_0").is_dir()
  assert (tmp_path / "aside-1-trial_0" / "mine").exists()
  assert log.text.count("was of another trial") == 2


def test_an_owner_whose_writing_was_cut_off_is_written_again(tmp_path, log):
  folder = trial_folder.TrialFolder(tmp_path, "0")
  folder.path.mkdir()
  partial = folder.path / f"{trial_folder.OWNER_NAME}{files.PARTIAL}"
  partial.write_text('{"sear')
  folder.claim({"search": "a"})
  assert os.listdir(tmp_path) == ["trial_0"] and not log.text
  assert os.listdir(folder.path) == [trial_folder.OWNER_NAME]


if __name__ == "__main__":
  conftest.main(__file__)
