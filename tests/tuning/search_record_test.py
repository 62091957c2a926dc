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
import dataclasses
import json

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import search_config
from official.cyclegan.tuning import search_record
from tests import conftest

_CONFIG = config_lib.Config()
_OPTIONS = search_config.SearchConfig()


@pytest.fixture
def record(tmp_path):
  """The file of a search that was started once."""
  search_record.check_same(_CONFIG, _OPTIONS, str(tmp_path))
  return tmp_path / search_record.FILE_NAME


def test_all_options_are_kept_by_the_names_of_their_flags(record):
  values = json.loads(record.read_text())
  assert list(values) == [
    "identity",
    "data",
    "model",
    "loss",
    "train",
    "device",
    "distill",
    "search",
  ]
  assert values["search"]["lambda_id_range"] == [0.3, 10.0]
  assert values["search"]["gen_n_filters_choices"] == [16, 32]
  assert values["loss"]["lambda_id"] == 2.0


def test_a_search_keeps_its_name_and_no_other_one_has_it(record, tmp_path):
  name = search_record.identity(str(tmp_path))
  search_record.check_same(_CONFIG, _OPTIONS, str(tmp_path))
  assert name and search_record.identity(str(tmp_path)) == name
  record.unlink()
  assert search_record.identity(str(tmp_path)) == ""
  search_record.check_same(_CONFIG, _OPTIONS, str(tmp_path))
  assert search_record.identity(str(tmp_path)) not in ("", name)
  # One that began before there were names goes on without.
  values = json.loads(record.read_text())
  del values["identity"]
  record.write_text(json.dumps(values))
  search_record.check_same(_CONFIG, _OPTIONS, str(tmp_path))
  assert search_record.identity(str(tmp_path)) == ""


@pytest.mark.parametrize(
  "changed",
  [
    {"lambda_id_range": (0.1, 1.0)},
    {"gen_n_filters_choices": (8,)},
    {"trial_steps": 7},
    {"tuner": "random"},
  ],
)
def test_another_search_is_refused(record, changed):
  (name,) = changed
  options = search_config.with_options(_OPTIONS, changed)
  before = record.read_text()
  with pytest.raises(errors.UserError, match=f"--{name}=.* cannot go on"):
    search_record.check_same(_CONFIG, options, str(record.parent))
  assert record.read_text() == before
  train = dataclasses.replace(_CONFIG.train, seed=7)
  config = dataclasses.replace(_CONFIG, train=train)
  with pytest.raises(errors.UserError, match="--seed=7 cannot go on"):
    search_record.check_same(config, _OPTIONS, str(record.parent))


def test_limits_may_change(record):
  options = dataclasses.replace(
    _OPTIONS, max_trials=99, max_minutes=9.0, finalists=2, worker_timeout=9
  )
  search_record.check_same(_CONFIG, options, str(record.parent))
  assert json.loads(record.read_text())["search"]["max_trials"] == 99


def test_a_record_of_0_6_0_is_understood(record):
  """Which called two measures differently."""
  config = conftest.replace(_CONFIG, "train", best_metric="masked_relative_l1")
  options = dataclasses.replace(_OPTIONS, objective="relative_l1")
  record.unlink()
  search_record.check_same(config, options, str(record.parent))
  values = json.loads(record.read_text())
  values["search"]["objective"] = "true_error"
  values["train"]["best_metric"] = "masked_true_error"
  record.write_text(json.dumps(values))
  search_record.check_same(config, options, str(record.parent))
  assert json.loads(record.read_text())["search"]["objective"] == "relative_l1"
  with pytest.raises(errors.UserError, match="--objective=swd cannot go on"):
    search_record.check_same(
      config, dataclasses.replace(_OPTIONS, objective="swd"), str(record.parent)
    )


@pytest.mark.parametrize(
  ("text", "words"),
  [
    ("{", "is not valid JSON"),
    ("[]", "is damaged"),
    ('{"train": 3}', "is damaged"),
    ('{"search": []}', "is damaged"),
    ('{"identity": 7}', "is damaged"),
  ],
)
def test_a_damaged_record_is_refused(record, text, words):
  record.write_text(text)
  with pytest.raises(errors.UserError, match=f"{words}.*--tuner_dir"):
    search_record.check_same(_CONFIG, _OPTIONS, str(record.parent))
  with pytest.raises(errors.UserError, match=f"{words}.*--tuner_dir"):
    search_record.identity(str(record.parent))


if __name__ == "__main__":
  conftest.main(__file__)
