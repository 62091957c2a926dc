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
import dataclasses
import json
import math
import os
import pathlib
import signal
import time

import grpc
import keras_tuner
import numpy as np
import pytest
from absl import flags as absl_flags

from official.cyclegan import train_lib
from official.cyclegan import tune_lib
from official.cyclegan.core import common_flags
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.data import dataset
from official.cyclegan.serving import deployment_cost
from official.cyclegan.training import callbacks
from official.cyclegan.training import checkpoints
from tests import conftest


@pytest.fixture
def config(pictures):
  """What all trials have in common, not resolved."""
  return config_lib.Config(
    data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
    model=conftest.TINY_MODEL,
    train=config_lib.TrainConfig(precision="float32", buffer_max_length=3),
  )


def _options(**changes):
  values = {"trial_steps": 2, "max_trials": 2, "tuner": "random", **changes}
  return config_lib.SearchConfig(**values)


@pytest.fixture
def quick(monkeypatch):
  """Trials that measure without training; the calls are noted."""
  calls = []

  def fit(self, hp, model, model_dir):
    del model
    values = self.suggest(hp)
    calls.append((values, self.config.train.seed, model_dir))
    error = sum((math.log(v) - 1) ** 2 for v in values.values())
    os.makedirs(model_dir, exist_ok=True)
    return {"fid_patches": error + self.config.train.seed / 1000, "swd": 2.0}

  model = tune_lib.CycleGANHyperModel
  monkeypatch.setattr(model, "build", lambda self, hp: None)
  monkeypatch.setattr(model, "fit", fit)
  return calls


def _rows(folder):
  with open(folder / "results.csv", encoding="utf-8", newline="") as file:
    return list(csv.DictReader(file))


def test_a_trial_that_diverges_is_kept_and_the_rest_goes_on(
  config, tmp_path, capsys
):
  options = _options(
    tuner="grid",
    grid_points=2,
    search=("learning_rate", "gen_n_filters"),
    learning_rate_range=(1e-5, 1e25),
    gen_n_filters_choices=(4,),
    trial_steps=3,
    max_trials=10,
  )
  summary = tune_lib.search(config, options, str(tmp_path))
  assert (summary.completed, summary.failed) == (1, 1)
  rows = _rows(tmp_path)
  assert [row["status"] for row in rows] == ["COMPLETED", "FAILED"]
  assert "diverged" in rows[1]["message"]
  best = rows[0]
  assert float(best["fid_patches"]) > 0 and float(best["cycle_l1"]) > 0
  assert best["steps"] == "3" and summary.best["trial"] == best["trial"]
  shown = capsys.readouterr().out
  assert shown.count("failed") == 1 and shown.count("*") == 1
  assert (tmp_path / "objective.png").stat().st_size > 1000
  assert list((tmp_path / "logs").glob("*/events*"))
  # The winner's flags are those of train.
  trained = _config_of(summary.flags)
  assert trained.train.learning_rate == float(best["learning_rate"])
  assert trained.model.gen_n_filters == int(best["gen_n_filters"])
  assert trained.train.train_steps == 0  # in full, not as long as a trial
  assert trained.data == config_checks.resolve(config).data


def _config_of(flagfile):
  """Resolves a flagfile as train would."""
  text = pathlib.Path(flagfile).read_text(encoding="utf-8")
  given = [line for line in text.splitlines() if not line.startswith("#")]
  for define in (
    common_flags.define_data_flags,
    common_flags.define_model_flags,
    common_flags.define_train_flags,
    common_flags.define_device_flags,
  ):
    define()
  saved = {
    n: (absl_flags.FLAGS[n].value, absl_flags.FLAGS[n].present)
    for n in absl_flags.FLAGS
  }
  try:
    absl_flags.FLAGS(["train", *given])
    return common_flags.config_from_flags()
  finally:
    for name, (value, present) in saved.items():
      absl_flags.FLAGS[name].value = value
      absl_flags.FLAGS[name].present = present


def test_best_flags_have_every_option_that_is_no_default(
  quick, config, tmp_path
):
  config = config_lib.Config(
    data=config_lib.DataConfig(
      dataset=config.data.dataset, crop_size=32, load_size=40, flip=False
    ),
    model=config_lib.ModelConfig(generator_type="unet", norm_affine=True),
    loss=config_lib.LossConfig(gan_mode="hinge"),
    train=config_lib.TrainConfig(train_steps=70, disc_learning_rate=1e-4),
  )
  options = _options(search=("lambda_id", "learning_rate"))
  summary = tune_lib.search(config, options, str(tmp_path))
  found = {name: summary.best[name] for name in options.search}
  want = config_checks.resolve(config_lib.with_searched(config, found))
  assert _config_of(summary.flags) == want
  ratio = want.train.disc_learning_rate / want.train.learning_rate
  np.testing.assert_allclose(ratio, 0.5)


def test_a_search_goes_on_where_it_was(quick, config, tmp_path, capsys):
  first = tune_lib.search(config, _options(max_trials=3), str(tmp_path))
  assert len(quick) == 3
  capsys.readouterr()
  again = tune_lib.search(config, _options(max_trials=3), str(tmp_path))
  assert len(quick) == 3 and again == first
  assert len(capsys.readouterr().out.splitlines()) == 4  # all shown again
  tune_lib.search(config, _options(max_trials=5), str(tmp_path))
  assert len(quick) == 5 and len(_rows(tmp_path)) == 5
  for changed in (
    {"lambda_id_range": (0.1, 1.0)},
    {"trial_steps": 7},
    {"tuner": "bayesian"},
  ):
    (name,) = changed
    with pytest.raises(errors.UserError, match=f"--{name}=.* cannot go on"):
      tune_lib.search(config, _options(**changed), str(tmp_path))


def test_a_process_that_is_too_large_asks_for_another(
  quick, config, tmp_path, capsys
):
  options = _options(max_trials=2)

  def start():
    return tune_lib.search(
      config, options, str(tmp_path), max_bytes=1, show_ended=False
    )

  for done in (1, 2):
    with pytest.raises(tune_lib.NeedsRestart, match="GB of memory are in use"):
      start()
    assert len(quick) == done
  assert start().completed == 2 and len(quick) == 2
  assert len(capsys.readouterr().out.splitlines()) == 2  # each trial once
  there = dataset.used_memory() + dataset.free_memory()
  assert 0.2 < tune_lib.memory_limit(options) / there < 0.3
  assert tune_lib.memory_limit(_options(restart_gb=3.0)) == 3e9


def test_a_result_that_was_not_reported_is_not_trained_again(
  quick, config, tmp_path
):
  folder = tmp_path / "trial_0" / "execution_0"
  folder.mkdir(parents=True)
  record = {"measures": {"fid_patches": -1.0}, "steps": 2, "seconds": 1.0}
  (folder / "result.json").write_text(json.dumps(record))
  summary = tune_lib.search(config, _options(), str(tmp_path))
  assert len(quick) == 1
  assert summary.best["trial"] == "0" and summary.best["fid_patches"] == -1


def test_the_configured_values_are_tried_first(quick, config, tmp_path):
  tune_lib.search(config, _options(), str(tmp_path))
  assert quick[0][0] == {
    "lambda_validation": 1.0,
    "lambda_reconstr": 10.0,
    "lambda_id": 2.0,
  }
  assert quick[1][0] != quick[0][0]
  assert not tune_lib.first_values(config, _options(lambda_id_range=(3.0, 4.0)))


def test_executions_differ_in_their_seed_and_their_mean_counts(
  quick, config, tmp_path
):
  options = _options(executions_per_trial=3, max_trials=1)
  summary = tune_lib.search(config, options, str(tmp_path))
  assert [seed for _, seed, _ in quick] == [42, 43, 44]
  error = sum((math.log(v) - 1) ** 2 for v in quick[0][0].values())
  np.testing.assert_allclose(summary.best["fid_patches"], error + 0.043)
  assert summary.best["steps"] == 6


def test_a_bug_in_a_trial_is_kept_with_its_traceback(
  quick, config, tmp_path, monkeypatch
):
  fit = tune_lib.CycleGANHyperModel.fit

  def break_first(self, hp, model, model_dir):
    if not quick:
      quick.append(None)
      raise RuntimeError("a bug")
    return fit(self, hp, model, model_dir)

  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", break_first)
  summary = tune_lib.search(config, _options(max_trials=3), str(tmp_path))
  assert (summary.completed, summary.failed) == (2, 1)
  assert _rows(tmp_path)[0]["message"] == "a bug"
  details = (tmp_path / "trial_0" / "traceback.txt").read_text()
  assert "break_first" in details


def test_a_search_in_which_everything_fails_ends(
  quick, config, tmp_path, monkeypatch
):
  def fail(self, hp, model, model_dir):
    quick.append(None)
    raise errors.UserError("the disk is full")

  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", fail)
  with pytest.raises(errors.UserError, match="10 trials .* disk is full"):
    tune_lib.search(config, _options(max_trials=99), str(tmp_path))
  assert len(quick) == 10
  with pytest.raises(errors.UserError, match="none of 3 trials"):
    other = tmp_path / "other"
    tune_lib.search(config, _options(max_trials=3), str(other))


def test_an_objective_that_is_no_number_fails_the_trial(
  quick, config, tmp_path, monkeypatch
):
  fit = tune_lib.CycleGANHyperModel.fit

  def first_is_nan(self, hp, model, model_dir):
    measures = fit(self, hp, model, model_dir)
    return {"fid_patches": math.nan} if len(quick) == 1 else measures

  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", first_is_nan)
  summary = tune_lib.search(config, _options(), str(tmp_path))
  assert (summary.completed, summary.failed) == (1, 1)


def test_no_trial_is_begun_after_max_minutes(
  quick, config, tmp_path, monkeypatch
):
  fit = tune_lib.CycleGANHyperModel.fit

  def slow(*args):
    time.sleep(0.5)
    return fit(*args)

  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", slow)
  options = _options(max_trials=99, max_minutes=1.2 / 60)
  tune_lib.search(config, options, str(tmp_path))
  count = len(quick)
  assert 1 <= count <= 3
  tune_lib.search(config, options, str(tmp_path))  # what is spent is spent
  assert len(quick) == count


def test_no_finalist_is_without_time(quick, config, tmp_path, monkeypatch):
  fit = tune_lib.CycleGANHyperModel.fit

  def slow(self, hp, model, model_dir):
    time.sleep(0.1 * self.steps(hp))
    return fit(self, hp, model, model_dir)

  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", slow)
  # Of these 6 seconds the finalists take 1 or more.
  config = conftest.replace(config, "train", train_steps=5)
  options = _options(
    trial_steps=1, max_trials=99, max_minutes=6 / 60, finalists=2
  )
  summary = tune_lib.search(config, options, str(tmp_path))
  assert summary.finals == min(2, summary.completed)
  assert summary.completed < 60  # without sparing any time it is 60
  assert len(quick) == summary.completed + summary.finals


def test_finalists_are_whole_runs_and_their_best_wins(config, tmp_path, capsys):
  config = conftest.replace(config, "train", train_steps=5)
  options = _options(max_trials=3, finalists=2, trial_steps=1)
  folder = tmp_path / "search"
  summary = tune_lib.search(config, options, str(folder))
  assert (summary.completed, summary.failed, summary.finals) == (3, 0, 2)
  rows = _rows(folder)
  assert [row["steps"] for row in rows] == ["1"] * 3 + ["5"] * 2
  finals = rows[3:]
  ranked = sorted(rows[:3], key=lambda row: float(row["fid_patches"]))
  assert [r["final_of"] for r in finals] == [r["trial"] for r in ranked[:2]]
  best = min(finals, key=lambda row: float(row["fid_patches"]))
  assert summary.best["trial"] == best["trial"]
  shown = capsys.readouterr().out
  assert f"trial {ranked[0]['trial']} in full" in shown
  # The folder is that of the run which best.flags describes.
  trained = str(tmp_path / "run")
  train_lib.train(_config_of(summary.flags), trained)
  assert config_file.load(summary.model_dir) == config_file.load(trained)
  for direction in checkpoints.DIRECTIONS:
    one, other = (
      checkpoints.load_generator(path, direction)[0].get_weights()
      for path in (summary.model_dir, trained)
    )
    for a, b in zip(one, other):
      np.testing.assert_array_equal(a, b)
  # One more finalist is the third, and the others are not run again.
  results = sorted(folder.glob("trial_*/execution_0/result.json"))
  written = [path.stat().st_mtime_ns for path in results]
  more = dataclasses.replace(options, finalists=3)
  assert tune_lib.search(config, more, str(folder)).finals == 3
  assert [path.stat().st_mtime_ns for path in results] == written
  assert len(_rows(folder)) == 6


def test_hyperband_trains_a_trial_on_from_its_own_checkpoint(
  config, tmp_path, monkeypatch
):
  hypermodel = tune_lib.CycleGANHyperModel
  build, fit = hypermodel.build, hypermodel.fit

  def is_trained(hp, model_dir=""):
    # The first, and what continues it; it is made the best of its round.
    return "tuner/trial_id" in hp.values or "trial_0" in model_dir

  def fit_some(self, hp, model, model_dir):
    if not is_trained(hp, model_dir):
      os.makedirs(model_dir)
      return {"fid_patches": 1e9}
    return fit(self, hp, build(self, hp), model_dir)

  monkeypatch.setattr(hypermodel, "build", lambda self, hp: None)
  monkeypatch.setattr(hypermodel, "fit", fit_some)
  monkeypatch.setattr(tune_lib, "_ROUNDS", 2)
  options = _options(
    tuner="hyperband", hyperband_factor=2, trial_steps=4, max_trials=5
  )
  tune_lib.search(config, options, str(tmp_path))
  rows = {row["trial"]: row for row in _rows(tmp_path)}
  (row,) = [row for row in rows.values() if row["continues"]]
  before = rows[row["continues"]]
  assert before["trial"] == "0"
  assert int(row["steps"]) == 2 * int(before["steps"])
  assert row["lambda_id"] == before["lambda_id"]
  folder = tmp_path / f"trial_{row['trial']}" / "execution_0"
  (start,) = json.loads((folder / "run.json").read_text())["starts"]
  assert start["first_step"] == int(before["steps"])


def test_stopped_within_a_trial_it_goes_on_there(config, tmp_path, monkeypatch):
  options = _options(trial_steps=6, max_trials=1)
  on_step = callbacks.Checkpoint.on_step

  def stop_once(self, logs):
    if self.step == 3 and not (tmp_path / "stopped").exists():
      (tmp_path / "stopped").touch()
      os.kill(os.getpid(), signal.SIGTERM)
    on_step(self, logs)

  monkeypatch.setattr(callbacks.Checkpoint, "on_step", stop_once)
  with pytest.raises(train_lib.Interrupted):
    tune_lib.search(config, options, str(tmp_path))
  tune_lib.search(config, options, str(tmp_path))
  text = (tmp_path / "trial_0" / "execution_0" / "run.json").read_text()
  starts = json.loads(text)["starts"]
  assert [start["first_step"] for start in starts] == [0, 3]


def test_the_model_of_a_trial_has_its_weights(config):
  hypermodel = tune_lib.CycleGANHyperModel(config, _options())
  hp = keras_tuner.HyperParameters()
  hypermodel.declare_hyperparameters(hp)
  hp.values.update(lambda_validation=0.5, lambda_reconstr=3.0, lambda_id=7.0)
  model = hypermodel.build(hp)
  weights = model.loss_weights
  assert (weights.lambda_validation, weights.lambda_reconstr) == (0.5, 3.0)
  assert weights.lambda_id == 7.0
  hp.values["tuner/epochs"] = 3
  assert hypermodel.trial_config(hp).train.train_steps == 1  # a third of 2


def test_what_no_trial_could_be_is_refused_first(config, tmp_path, scenes):
  def refused(match, config=config, **changes):
    with pytest.raises(errors.UserError, match=match):
      tune_lib.search(config, _options(**changes), str(tmp_path / "x"))

  refused("--objective=relative_l1", objective="relative_l1")
  both = {"search": ("generator_type",)}
  data = config_lib.DataConfig(dataset=config.data.dataset, crop_size=36)
  refused("--crop_size=36: the unet", config_lib.Config(data=data), **both)
  device = config_lib.DeviceConfig(distribution_strategy="mirrored")
  refused("one device", config_lib.Config(data=config.data, device=device))
  data = config_lib.DataConfig(dataset=str(tmp_path / "nothing"))
  refused("nothing", config_lib.Config(data=data))
  assert not (tmp_path / "x").exists()


def _small(**changes):
  return dataclasses.replace(
    config_lib.ARCHITECTURE_SEARCH,
    **{"tuner": "random", "trial_steps": 2, "max_trials": 3, **changes},
  )


@pytest.fixture
def costs(monkeypatch):
  """Costs that follow from the filters; counts how often they are asked."""
  asked = []

  def measure(model, size, quantization):
    asked.append((model.gen_n_filters, size, quantization))
    n = model.gen_n_filters
    return {"latency_ms": n / 2, "macs": 1e6 * n, "size_kb": 9.0 * n}

  monkeypatch.setattr(deployment_cost, "measure", measure)
  return asked


def test_what_is_over_budget_is_not_trained_and_is_no_try(
  quick, costs, config, tmp_path
):
  options = _small(
    search=("gen_n_filters",),
    gen_n_filters_choices=tuple(range(2, 40, 2)),
    max_latency_ms=8.0,
    budget_size=64,
    budget_quantization="float16",
  )
  summary = tune_lib.search(config, options, str(tmp_path))
  rows = _rows(tmp_path)
  over = [row for row in rows if row["message"]]
  assert len(quick) == 3 and len(rows) == 3 + len(over) and over
  for row in over:
    assert int(row["gen_n_filters"]) > 16
    assert "latency_ms" in row["message"] and "=8" in row["message"]
  assert set(costs) == {(int(r["gen_n_filters"]), 64, "float16") for r in rows}
  assert summary.best["gen_n_filters"] <= 16
  assert summary.best["latency_ms"] == summary.best["gen_n_filters"] / 2
  assert (tmp_path / "pareto.csv").exists()
  assert (tmp_path / "pareto.png").exists()
  again = tune_lib.search(config, options, str(tmp_path))
  assert again == summary and len(quick) == 3
  # What a finalist costs is known; the front is of trials of one length.
  asked = len(costs)
  final = tune_lib.search(
    config, dataclasses.replace(options, finalists=1), str(tmp_path)
  )
  assert final.finals == 1 and len(quick) == 4 and len(costs) == asked
  assert final.best["latency_ms"] == final.best["gen_n_filters"] / 2
  assert final.pareto_front == summary.pareto_front
  del quick[3:]
  more = dataclasses.replace(options, max_trials=4)
  tune_lib.search(config, more, str(tmp_path))
  assert len(quick) == 4


def test_a_budget_that_nothing_fits_ends_the_search(
  quick, costs, config, tmp_path, monkeypatch
):
  monkeypatch.setattr(tune_lib, "_MAX_OVER_BUDGET", 4)
  options = _small(search=("gen_n_filters", "n_res_blocks"), max_macs=1.0)
  with pytest.raises(errors.UserError, match="4 trials.*--max_macs=1"):
    tune_lib.search(config, options, str(tmp_path))
  assert not quick


def test_finds_a_student_within_a_budget(config, tmp_path):
  """All of it: a teacher, trials that learn from it, files measured."""
  teacher = str(tmp_path / "teacher")
  train_lib.train(conftest.replace(config, "train", train_steps=1), teacher)
  students = config_lib.student_of(config_file.load(teacher), teacher)
  options = _small(
    max_trials=1,
    search=("gen_n_filters", "block_kernel"),
    gen_n_filters_choices=(4, 28),
    max_size_kb=150.0,
  )
  folder = tmp_path / "search"
  summary = tune_lib.search(students, options, str(folder))
  assert summary.best["gen_n_filters"] == 4
  assert summary.best["size_kb"] < 150 and summary.best["latency_ms"] > 0
  (row,) = summary.pareto_front
  assert row == summary.best
  text = (folder / "best.flags").read_text()
  assert f"--teacher={teacher}" in text and "distill" in text
  assert "--gen_n_filters=4\n" in text and "--lambda_distill" not in text


def test_distributed_needs_its_environment(config, tmp_path, monkeypatch):
  for variable in tune_lib.WORKER_VARIABLES:
    monkeypatch.delenv(variable, raising=False)
  with pytest.raises(errors.UserError, match="KERASTUNER_TUNER_ID"):
    tune_lib.search(config, _options(), str(tmp_path), distributed=True)


def test_a_damaged_record_is_refused(quick, config, tmp_path):
  tune_lib.search(config, _options(), str(tmp_path))
  (tmp_path / tune_lib.RECORD_NAME).write_text("{")
  with pytest.raises(errors.UserError, match="is no JSON"):
    tune_lib.search(config, _options(), str(tmp_path))


def test_workers_that_are_silent_are_noticed(tmp_path, capsys):
  class Oracle:
    tuner_ids = {"silent", "alive"}
    ongoing_trials = {}
    released = []

    def release(self, name):
      self.released.append(name)
      self.tuner_ids.discard(name)
      return "7"

  oracle = Oracle()
  with (
    tune_lib._beating(str(tmp_path), "alive"),
    tune_lib._watching(oracle, str(tmp_path), 2.5),
  ):
    (tmp_path / "workers" / "silent").write_text("once")
    deadline = time.monotonic() + 20
    while not oracle.released and time.monotonic() < deadline:
      time.sleep(0.1)
  assert oracle.released == ["silent"]
  assert "trial 7 is given to another" in capsys.readouterr().out


def test_a_worker_waits_for_its_chief_until_the_search_is_over(tmp_path):
  class Away(grpc.RpcError):
    def code(self):
      return grpc.StatusCode.UNAVAILABLE

  class Stub:
    calls = 0

    def GetTrial(self, request, wait_for_ready, timeout):  # noqa: N802
      assert wait_for_ready and timeout > 0
      self.calls += 1
      if self.calls % 3:
        raise Away()
      return request

  over = tmp_path / "over"
  over.touch()
  os.utime(over, (1, 1))  # of an earlier search, which the chief goes on with
  patient = tune_lib._PatientStub(Stub(), str(over), patience=60)
  assert patient.GetTrial("which") == "which"
  over.touch()
  os.utime(over, (time.time() + 5,) * 2)
  with pytest.raises(tune_lib._Over):
    patient.GetTrial("which")
  os.utime(over, (1, 1))
  hasty = tune_lib._PatientStub(Stub(), str(over), patience=0)
  with pytest.raises(tune_lib._Over):
    hasty.GetTrial("which")


def test_an_error_of_the_chief_ends_the_worker():
  class Broken(grpc.RpcError):
    def code(self):
      return grpc.StatusCode.UNKNOWN

    def details(self):
      return "the chief is ill"

  class Stub:
    def EndTrial(self, request, **_):  # noqa: N802
      raise Broken()

  patient = tune_lib._PatientStub(Stub(), "", 0)
  with pytest.raises(tune_lib.kt_errors.FatalError, match="is ill"):
    patient.EndTrial("which")


if __name__ == "__main__":
  conftest.main(__file__)
