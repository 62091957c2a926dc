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
import errno
import json
import math
import os

import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import search_config
from official.cyclegan.serving import deployment_cost
from official.cyclegan.training import checkpoints
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_report
from official.cyclegan.tuning import search_space
from official.cyclegan.tuning import trial_folder
from official.cyclegan.tuning import tuner as tuner_lib
from official.cyclegan.tuning import workers
from tests import conftest

_WEIGHTS = ("lambda_validation", "lambda_reconstr", "lambda_id")

pytestmark = pytest.mark.usefixtures("few_steps_are_not_traced")


class _Model(keras_tuner.HyperModel):
  """Measures without training; the calls are noted."""

  def __init__(self, **changes):
    super().__init__()
    values = {"trial_steps": 2, "max_trials": 2, "tuner": "random", **changes}
    self.search = search_config.with_options(
      search_config.SearchConfig(), values
    )
    self.measures_cost = False
    self.seed = 42
    self.calls = []  # values, seed and folder of each training
    self.costs = []  # filters of each generator that was measured

  def declare_hyperparameters(self, hp):
    self.suggest(hp)

  def suggest(self, hp):
    names = self.search.search
    configured = search_config.searched(config_lib.Config(), names)
    space = search_space.varied(self.search)
    return search_space.suggest(hp, space, configured)

  def steps(self, hp):
    return self.search.trial_steps

  def cost(self, hp):
    filters = self.suggest(hp)["gen_n_filters"]
    self.costs.append(filters)
    return {"latency_ms": filters / 2, "macs": 1e6, "size_kb": 9.0}

  def with_seed(self, execution):
    # Another object, with the same lists.
    other = object.__new__(type(self))
    vars(other).update(vars(self), seed=self.seed + execution)
    return other

  def build(self, hp):
    return None

  def fit(self, hp, model, model_dir):
    values = self.suggest(hp)
    self.calls.append((values, self.seed, model_dir))
    os.makedirs(model_dir, exist_ok=True)
    error = sum((math.log(v) - 1) ** 2 for v in values.values())
    return {"fid_patches": error + self.seed / 1000, "swd": 2.0}


def _oracle(folder, model):
  """A new oracle that goes on with the search in a folder."""
  oracle = oracles.create(model.search, {}, seed=42)
  oracle.set_folder(str(folder))
  oracle.is_uncounted = lambda trial: tuner_lib.exceeds_limits(
    trial_folder.TrialFolder(folder, trial.trial_id), model.search
  )
  oracle.reload()
  return oracle


def _search(folder, model, **arguments):
  """Searches to the end, and returns the rows of all trials."""
  oracle = _oracle(folder, model)
  tuner_lib.Tuner(oracle, model, str(folder), **arguments).search()
  return _rows(folder, model, oracle)


def _rows(folder, model, oracle):
  report = search_report.Report(config_lib.Config(), model.search, str(folder))
  return list(map(report.row, oracle.ended()))


@pytest.mark.slow
def test_a_process_that_is_too_large_asks_for_another(tmp_path):
  model = _Model(max_trials=2)
  for done in (1, 2):
    with pytest.raises(tuner_lib.NeedsRestart, match="GB of memory are in use"):
      _search(tmp_path, model, max_bytes=1)
    assert len(model.calls) == done
  rows = _search(tmp_path, model, max_bytes=1)
  assert len(rows) == 2 and len(model.calls) == 2


def test_a_result_that_was_not_reported_is_not_trained_again(tmp_path):
  model = _Model()
  record = trial_folder.Result({"fid_patches": -1.0}, steps=2, seconds=1.0)
  folder = trial_folder.TrialFolder(tmp_path, "0")
  folder.execution(0).mkdir(parents=True)
  folder.save_result(0, record)
  rows = _search(tmp_path, model)
  assert len(model.calls) == 1
  assert rows[0]["trial"] == "0" and rows[0]["fid_patches"] == -1


@pytest.mark.slow
def test_executions_differ_in_their_seed_and_their_mean_counts(tmp_path):
  model = _Model(executions_per_trial=3, max_trials=1)
  (row,) = _search(tmp_path, model)
  assert [seed for _, seed, _ in model.calls] == [42, 43, 44]
  assert [os.path.basename(folder) for *_, folder in model.calls] == [
    f"execution_{i}" for i in range(3)
  ]
  error = sum((math.log(v) - 1) ** 2 for v in model.calls[0][0].values())
  np.testing.assert_allclose(row["fid_patches"], error + 0.043)
  assert row["steps"] == 6


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_bug_in_a_trial_is_kept_with_its_traceback(tmp_path):
  class Broken(_Model):
    def fit(self, hp, model, model_dir):
      if not self.calls:
        self.calls.append(None)
        raise RuntimeError("a bug")
      return super().fit(hp, model, model_dir)

  rows = _search(tmp_path, Broken(max_trials=3))
  assert [r["status"] for r in rows] == ["FAILED", "COMPLETED", "COMPLETED"]
  assert rows[0]["message"] == "a bug"
  details = (tmp_path / "trial_0" / "traceback.txt").read_text()
  assert "in fit" in details and "tuner_test.py" in details


class _Failing(_Model):
  def fit(self, hp, model, model_dir):
    self.calls.append(None)
    raise errors.UserError("the disk is full")


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_search_in_which_everything_fails_ends(tmp_path):
  model = _Failing(max_trials=99)
  with pytest.raises(errors.UserError, match="10 trials .* disk is full"):
    _search(tmp_path, model)
  assert len(model.calls) == 10
  assert not list(tmp_path.glob("*/traceback.txt"))


def _from(error, cause):
  error.__cause__ = cause
  return error


@pytest.mark.slow
@pytest.mark.parametrize(
  "error",
  [
    errors.StorageError("the disk is full"),
    OSError(errno.ENOSPC, "No space left on device"),
    PermissionError(errno.EACCES, "Permission denied"),
    _from(errors.UserError("a picture"), OSError(errno.EIO, "Input/output")),
    tf.errors.DataLossError(None, None, "corrupted record"),
    tf.errors.NotFoundError(None, None, "a picture is gone"),
  ],
  ids=lambda error: type(error).__name__,
)
def test_an_input_error_ends_the_search_and_the_trial_is_run_again(
  tmp_path, error
):
  class Full(_Model):
    def fit(self, hp, model, model_dir):
      super().fit(hp, model, model_dir)
      raise error

  first = Full(max_trials=2)
  with pytest.raises(errors.UserError) as caught:
    _search(tmp_path, first)
  assert "\n" not in str(caught.value) and len(first.calls) == 1
  assert not list(tmp_path.glob("*/failure.txt"))
  again = _Model(max_trials=2)
  rows = _search(tmp_path, again)
  assert [row["status"] for row in rows] == ["COMPLETED", "COMPLETED"]
  assert again.calls[0] == first.calls[0]


@pytest.mark.slow(seconds=9)
@pytest.mark.one_stack
@pytest.mark.parametrize("writes", range(1, 7))
def test_a_full_disk_at_any_write_loses_no_trial(tmp_path, monkeypatch, writes):
  """The n-th write fails: of the state, of a result or of a trial's folder."""
  written, write_text = [], files.write_text

  def fails_once(path, text, option):
    written.append(path)
    if len(written) == writes:
      raise errors.StorageError(": no space left", "tuner_dir")
    write_text(path, text, option)

  monkeypatch.setattr(files, "write_text", fails_once)
  (tmp_path / "search.json").write_text('{"identity": "a"}')
  with pytest.raises(errors.StorageError, match="no space left"):
    _search(tmp_path, _Model())
  model = _Model()
  rows = _search(tmp_path, model)
  assert [row["status"] for row in rows] == ["COMPLETED", "COMPLETED"]
  assert not list(tmp_path.glob("*/failure.txt"))


def _name(folder, name):
  """As if another search had begun there."""
  (folder / "search.json").write_text(json.dumps({"identity": name}))


@pytest.mark.parametrize("told", [True, False])
def test_results_of_another_search_are_not_taken_for_this_ones(
  tmp_path, log, told
):
  """Whether its trials say what they are of, or are from before they did."""
  if told:
    _name(tmp_path, "a")
  _search(tmp_path, _Model())
  (tmp_path / "oracle.json").unlink()
  _name(tmp_path, "b")
  model = _Model()
  rows = _search(tmp_path, model)
  assert len(model.calls) == len(rows) == 2
  assert "was of another trial or search" in log.text
  kept = tmp_path / "aside-1-trial_0" / "execution_0" / "result.json"
  assert kept.exists()


def test_a_trial_with_other_values_is_not_taken_for_this_one(tmp_path):
  """Its number was given again, as after a backup was restored."""
  _name(tmp_path, "a")
  _search(tmp_path, _Model())
  (tmp_path / "oracle.json").unlink()
  other = oracles.create(_Model().search, {}, seed=7)
  other.set_folder(str(tmp_path))
  model = _Model()
  tuner_lib.Tuner(other, model, str(tmp_path)).search()
  assert len(model.calls) == 2
  # The same values: what was learned is used.
  (tmp_path / "oracle.json").unlink()
  again = oracles.create(_Model().search, {}, seed=7)
  again.set_folder(str(tmp_path))
  model = _Model()
  tuner_lib.Tuner(again, model, str(tmp_path)).search()
  assert not model.calls and len(again.ended()) == 2


def test_the_state_of_another_search_is_refused(tmp_path):
  oracle = _oracle(tmp_path, _Model())
  oracle.search_name = "a"
  oracle.save()
  other = oracles.create(_Model().search, {}, seed=42)
  other.set_folder(str(tmp_path))
  other.search_name = "b"
  with pytest.raises(errors.UserError, match="is of another search"):
    other.reload()


def test_an_objective_that_is_not_a_number_fails_the_trial(tmp_path):
  class FirstIsNan(_Model):
    def fit(self, hp, model, model_dir):
      measures = super().fit(hp, model, model_dir)
      return {"fid_patches": math.nan} if len(self.calls) == 1 else measures

  model = FirstIsNan()
  rows = _search(tmp_path, model)
  assert [row["status"] for row in rows] == ["FAILED", "COMPLETED"]
  assert rows[0]["message"] == "The objective is not a number"


def _small(**changes):
  model = _Model(search=("gen_n_filters",), **changes)
  model.measures_cost = True
  return model


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_generator_above_a_limit_is_not_trained_nor_counted(tmp_path):
  filters = tuple(range(2, 40, 2))
  changes = {"gen_n_filters_choices": filters, "max_latency_ms": 8.0}
  model = _small(max_trials=3, **changes)
  rows = _search(tmp_path, model)
  over = [row for row in rows if row["message"]]
  assert len(model.calls) == 3 and len(rows) == 3 + len(over) and over
  for row in over:
    assert row["gen_n_filters"] > 16 and row["status"] == "FAILED"
    assert "latency_ms" in row["message"] and "=8" in row["message"]
  assert all(v["gen_n_filters"] <= 16 for v, *_ in model.calls)
  # Each was measured once, and is known when the search goes on.
  assert sorted(model.costs) == sorted(r["gen_n_filters"] for r in rows)
  again = _small(max_trials=3, **changes)
  assert _search(tmp_path, again) == rows and not again.calls
  assert not again.costs
  more = _small(max_trials=4, **changes)
  _search(tmp_path, more)
  assert len(more.calls) == 1


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_failure_within_the_limits_counts(tmp_path):
  model = _Failing(
    search=("gen_n_filters",),
    gen_n_filters_choices=tuple(range(2, 40, 2)),
    max_trials=3,
    max_latency_ms=1000.0,
  )
  model.measures_cost = True
  rows = _search(tmp_path, model)
  assert len(rows) == 3 and len(model.costs) == 3
  folder = trial_folder.TrialFolder(tmp_path, "0")
  assert not tuner_lib.exceeds_limits(folder, model.search)
  less = dataclasses.replace(model.search, max_macs=1.0)
  assert tuner_lib.exceeds_limits(folder, less)
  nothing = trial_folder.TrialFolder(tmp_path, "7")
  assert not tuner_lib.exceeds_limits(nothing, less)


def test_limits_that_no_generator_keeps_end_the_search(tmp_path, monkeypatch):
  monkeypatch.setattr(tuner_lib, "_MAX_OVER_LIMITS", 4)
  model = _small(
    gen_n_filters_choices=tuple(range(2, 40, 2)), max_macs=1.0, max_trials=3
  )
  with pytest.raises(errors.UserError, match="4 trials.*--max_macs=1"):
    _search(tmp_path, model)
  assert not model.calls


@pytest.mark.slow
@pytest.mark.one_stack
def test_the_cost_of_a_generator_is_kept_with_its_measures(tmp_path):
  model = _small(max_trials=1, finalists=1)
  short, full = _search(tmp_path, model)
  assert full["final_of"] == short["trial"]
  assert len(model.costs) == 1 and len(model.calls) == 2
  for row in (short, full):
    assert row["latency_ms"] == row["gen_n_filters"] / 2
  assert set(deployment_cost.LIMITS) <= set(short)


@pytest.mark.slow
def test_a_longer_trial_starts_with_the_checkpoint_of_a_shorter(
  tmp_path, monkeypatch
):
  monkeypatch.setattr(oracles, "HYPERBAND_ROUNDS", 2)

  class Trained(_Model):
    def fit(self, hp, model, model_dir):
      found = sorted(
        os.path.relpath(os.path.join(folder, name), model_dir)
        for folder, _, names in os.walk(model_dir)
        for name in names
      )
      parent = hp.values.get("tuner/trial_id")
      self.calls.append((parent, found))
      latest = os.path.join(model_dir, checkpoints.FOLDERS[config_lib.LATEST])
      os.makedirs(latest, exist_ok=True)
      for path in ("config.json", "run.json", f"{latest}/ckpt-1.index"):
        with open(os.path.join(model_dir, path), "w", encoding="utf-8"):
          pass
      return {"fid_patches": 1.0}

  model = Trained(tuner="hyperband", hyperband_factor=2, max_trials=5)
  left = tmp_path / "trial_2" / "execution_0.partial" / "checkpoints"
  left.mkdir(parents=True)  # of a process that was killed
  (left / "half").touch()
  _search(tmp_path, model)
  for parent, found in model.calls:
    latest = checkpoints.FOLDERS[config_lib.LATEST]
    wanted = [f"{latest}/ckpt-1.index", "config.json"] if parent else []
    assert found == wanted
  assert any(parent for parent, _ in model.calls)


def test_a_chief_that_cannot_listen_says_so(tmp_path, monkeypatch):
  monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
  monkeypatch.setenv("KERASTUNER_ORACLE_IP", "203.0.113.7")  # nobody's
  monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
  with pytest.raises(errors.UserError, match="ORACLE_PORT: .* cannot listen"):
    _search(tmp_path, _Model(), role=workers.Role("chief"))


def test_another_error_of_the_search_is_not_hidden(tmp_path, monkeypatch):
  tuner = tuner_lib.Tuner(_oracle(tmp_path, _Model()), _Model(), str(tmp_path))

  def fail(tuner_id):
    raise RuntimeError("a bug")

  monkeypatch.setattr(tuner.oracle, "create_trial", fail)
  with pytest.raises(RuntimeError, match="a bug"):
    tuner.search()


if __name__ == "__main__":
  conftest.main(__file__)
