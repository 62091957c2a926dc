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
import contextlib
import csv
import dataclasses
import json
import logging
import math
import os
import pathlib
import signal
import types

import keras_tuner
import numpy as np
import pytest
from absl import flags as absl_flags
from absl import logging as absl_logging
from absl.testing import flagsaver

from official.cyclegan import train_lib
from official.cyclegan import tune_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import flags as core_flags
from official.cyclegan.core import memory
from official.cyclegan.core import search_config
from official.cyclegan.serving import deployment_cost
from official.cyclegan.training import callbacks
from official.cyclegan.training import checkpoints
from official.cyclegan.training import stop_requests
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_report
from official.cyclegan.tuning import tuner
from tests import conftest

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow(seconds=7),  # of one test
  pytest.mark.usefixtures("few_steps_are_not_traced"),
]


@pytest.fixture(scope="module")
def config(pictures):
  """What all trials have in common, not resolved."""
  return config_lib.Config(
    data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
    model=conftest.TINY_MODEL,
    train=config_lib.TrainConfig(precision="float32", buffer_max_length=3),
  )


def _options(**changes):
  values = {"trial_steps": 2, "max_trials": 2, "tuner": "random", **changes}
  return search_config.with_options(search_config.SearchConfig(), values)


def _draw_nothing(patch):
  """Leaves the drawing after each trial, most of an untrained one, to others.

  `stopped` draws it, and tests of the report.
  """
  patch.setattr(search_report, "plot", lambda *_: None)


@pytest.fixture
def quick(monkeypatch):
  """Trials that measure without training; the calls are noted."""
  _draw_nothing(monkeypatch)
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


@dataclasses.dataclass
class _Search:
  """A search that has ended, and what it logged."""

  folder: pathlib.Path
  options: search_config.SearchConfig
  summary: search_report.Summary
  shown: str


@contextlib.contextmanager
def _logged():
  """Collects the table of trials, for fixtures that live longer than a test."""
  lines = []

  def emit(record):
    if record.module == "search_report":
      lines.append(record.getMessage())

  handler = logging.Handler()
  handler.emit = emit
  absl_logging.get_absl_logger().addHandler(handler)
  verbosity = absl_logging.get_verbosity()
  absl_logging.set_verbosity(absl_logging.INFO)
  yield lines
  absl_logging.set_verbosity(verbosity)
  absl_logging.get_absl_logger().removeHandler(handler)


@pytest.fixture(scope="module")
def stopped(config, tmp_path_factory):
  """A search stopped within its first trial, whose second trial diverges."""
  folder = tmp_path_factory.mktemp("stopped")
  options = _options(
    tuner="grid",
    grid_points=2,
    search=("learning_rate", "gen_n_filters"),
    learning_rate_range=(1e-5, 1e25),
    gen_n_filters_choices=(4,),
    trial_steps=3,
    max_trials=10,
  )
  on_step = callbacks.Checkpoint.on_step

  def stop_once(self, logs):
    if self.step == 2:
      os.kill(os.getpid(), signal.SIGTERM)
    on_step(self, logs)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(callbacks.Checkpoint, "on_step", stop_once)
    with pytest.raises(stop_requests.Interrupted):
      tune_lib.search(config, options, str(folder))
  with _logged() as lines:
    summary = tune_lib.search(config, options, str(folder))
  return _Search(folder, options, summary, "\n".join(lines))


def test_stopped_within_a_trial_it_goes_on_there(stopped):
  folder = stopped.folder / f"trial_{stopped.summary.best['trial']}"
  text = (folder / "execution_0" / "run.json").read_text()
  starts = json.loads(text)["starts"]
  assert [start["first_step"] for start in starts] == [0, 2]


def test_a_trial_that_diverges_is_kept_and_the_rest_goes_on(stopped, config):
  summary = stopped.summary
  assert (summary.completed, summary.failed) == (1, 1)
  rows = _rows(stopped.folder)
  assert [row["status"] for row in rows] == ["COMPLETED", "FAILED"]
  assert "diverged" in rows[1]["message"]
  best = rows[0]
  assert float(best["fid_patches"]) > 0 and float(best["cycle_l1"]) > 0
  assert best["steps"] == "3" and summary.best["trial"] == best["trial"]
  assert stopped.shown.count("failed") == 1 and stopped.shown.count("*") == 1
  assert (stopped.folder / "objective.png").stat().st_size > 1000
  assert list((stopped.folder / "logs").glob("*/events*"))
  # The winner's flags are those of train.
  trained = _config_of(summary.flags)
  assert trained.train.learning_rate == float(best["learning_rate"])
  assert trained.model.gen_n_filters == int(best["gen_n_filters"])
  assert trained.train.train_steps == 0  # in full, not as long as a trial
  assert trained.data == config_checks.resolve(config).data


def test_a_new_search_reports_nothing_of_the_one_before(
  quick, config, tmp_path
):
  tune_lib.search(config, _options(), str(tmp_path))
  for name in ("search.json", "oracle.json"):
    (tmp_path / name).unlink()
  config = dataclasses.replace(
    config, train=dataclasses.replace(config.train, learning_rate=1e-5)
  )
  summary = tune_lib.search(config, _options(), str(tmp_path))
  assert summary.completed == 2 and len(quick) == 4
  # Without the one that names the search the other is not believed.
  (tmp_path / "search.json").unlink()
  with pytest.raises(errors.UserError, match="is of another search"):
    tune_lib.search(config, _options(), str(tmp_path))


def test_a_search_goes_on_after_an_upgrade_that_adds_an_option(
  quick, config, tmp_path
):
  """Neither its record nor the run of a trial has the option."""
  tune_lib.search(config, _options(max_trials=1), str(tmp_path))
  path = tmp_path / "search.json"
  values = json.loads(path.read_text())
  del values["identity"], values["model"]["disc_norm"]
  del values["search"]["budget_size"], values["distill"]
  path.write_text(json.dumps(values))
  path = tmp_path / "oracle.json"
  state = json.loads(path.read_text())
  del state["search_name"]
  path.write_text(json.dumps(state))
  summary = tune_lib.search(config, _options(), str(tmp_path))
  assert summary.completed == 2 and len(quick) == 2


def test_what_may_be_tried_is_not_read_from_the_state(quick, config, tmp_path):
  """A damaged declaration there harms no trial, also one that had begun."""
  tune_lib.search(config, _options(max_trials=1), str(tmp_path))
  path = tmp_path / "oracle.json"
  state = json.loads(path.read_text())
  (name,) = (n for n in state["hyperparameters"]["values"] if "lambda_id" in n)
  del state["hyperparameters"]["values"][name]
  for declared in state["hyperparameters"]["space"]:
    declared["config"]["name"] = "x"
  (trial,) = state["trials"].values()
  trial["hyperparameters"]["space"] = []
  path.write_text(json.dumps(state))
  summary = tune_lib.search(config, _options(), str(tmp_path))
  assert summary.completed == 2 and len(quick) == 2
  space = json.loads(path.read_text())["hyperparameters"]["space"]
  assert name in [declared["config"]["name"] for declared in space]


@pytest.mark.parametrize("spoilt", ["option", "checkpoint"])
def test_a_trial_that_cannot_go_on_is_trained_anew(
  config, tmp_path, monkeypatch, log, spoilt
):
  """After an upgrade that added an option, or with damaged checkpoints."""
  run = tmp_path / "execution_0"
  (run / "checkpoints").mkdir(parents=True)
  (run / "checkpoints" / "ckpt-1.index").touch()
  hypermodel = tune_lib.CycleGANHyperModel(config, _options())
  hypermodel.source = lambda: None
  trained = hypermodel.trial_config(keras_tuner.HyperParameters())
  begun = trained
  if spoilt == "option":
    begun = conftest.replace(trained, "model", disc_norm="none")
  config_file.save(begun, str(run))

  class Trained(Exception):
    pass

  def train(config, model_dir, **_):
    raise Trained(os.path.exists(model_dir))

  monkeypatch.setattr(train_lib, "train", train)
  for fits in (False, True):
    with pytest.raises(Trained) as caught:
      hypermodel.fit(keras_tuner.HyperParameters(), None, str(run))
    assert caught.value.args == (fits,)
    assert (tmp_path / "aside-1-execution_0" / "checkpoints").exists()
    run.mkdir(exist_ok=True)
    config_file.save(trained, str(run))
  words = "--disc_norm" if spoilt == "option" else "cannot be used"
  assert words in log.text


def _config_of(flagfile):
  """Resolves a flagfile as train would."""
  text = pathlib.Path(flagfile).read_text(encoding="utf-8")
  given = [line for line in text.splitlines() if not line.startswith("#")]
  core_flags.define_run()
  with flagsaver.flagsaver():
    absl_flags.FLAGS(["train", *given])
    return config_checks.resolve(core_flags.config_from_flags())


def test_best_flags_have_every_option_that_is_not_a_default(
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
  want = config_checks.resolve(search_config.with_searched(config, found))
  assert _config_of(summary.flags) == want
  ratio = want.train.disc_learning_rate / want.train.learning_rate
  np.testing.assert_allclose(ratio, 0.5)


def test_a_search_goes_on_where_it_was(quick, config, tmp_path, log):
  first = tune_lib.search(config, _options(max_trials=3), str(tmp_path))
  assert len(quick) == 3
  log.clear()
  again = tune_lib.search(config, _options(max_trials=3), str(tmp_path))
  assert len(quick) == 3 and again == first
  assert len(log.messages) == 4  # all shown again
  tune_lib.search(
    config, _options(max_trials=4), str(tmp_path), show_ended=False
  )
  assert len(quick) == 4 and len(log.messages) == 5  # only the new one
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


@pytest.mark.parametrize(("train_steps", "said"), [(0, 0), (9, 1), (50, 0)])
def test_trials_longer_than_a_run_are_pointed_out(
  config, tmp_path, monkeypatch, log, train_steps, said
):
  monkeypatch.setattr(tune_lib, "search", lambda *_: None)
  config = conftest.replace(config, "train", train_steps=train_steps)
  options = _options(trial_steps=10)
  tune_lib.run(config, options, str(tmp_path), search_config.TuneConfig())
  assert log.text.count("Trials are longer: --trial_steps=10") == said


def test_a_quarter_of_the_memory_may_be_used():
  there = memory.used_memory() + memory.free_memory()
  assert 0.2 < tune_lib.memory_limit(_options()) / there < 0.3
  assert tune_lib.memory_limit(_options(restart_gb=3.0)) == 3e9


def test_a_process_that_is_too_large_is_not_used(quick, config, tmp_path):
  with pytest.raises(tune_lib.NeedsRestart):
    tune_lib.search(config, _options(), str(tmp_path), max_bytes=1)
  assert len(quick) == 1


def test_a_search_without_a_result_ends_in_words(
  quick, config, tmp_path, monkeypatch
):
  def fail(self, hp, model, model_dir):
    raise errors.UserError("the disk is full")

  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", fail)
  with pytest.raises(errors.UserError, match="none of 3 trials.*disk is full"):
    tune_lib.search(config, _options(max_trials=3), str(tmp_path))


def test_the_seed_of_an_execution_is_that_of_the_run_and_its_number(config):
  hypermodel = tune_lib.CycleGANHyperModel(config, _options())
  other = hypermodel.with_seed(2)
  assert other.config == dataclasses.replace(
    config, train=dataclasses.replace(config.train, seed=44)
  )
  assert other.source() is hypermodel.source()  # read once
  assert hypermodel.with_seed(0).config == config


def test_the_configured_values_are_tried_first(quick, config, tmp_path):
  tune_lib.search(config, _options(), str(tmp_path))
  assert quick[0][0] == {
    "lambda_validation": 1.0,
    "lambda_reconstr": 10.0,
    "lambda_id": 2.0,
  }
  assert quick[1][0] != quick[0][0]
  assert not tune_lib.first_values(config, _options(lambda_id_range=(3.0, 4.0)))


def test_no_trial_is_begun_after_max_minutes(
  quick, config, tmp_path, monkeypatch
):
  fit = tune_lib.CycleGANHyperModel.fit
  now = [0.0]

  def slow(*args):
    now[0] += 0.5
    return fit(*args)

  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", slow)
  clock = types.SimpleNamespace(monotonic=lambda: now[0])
  monkeypatch.setattr(oracles, "time", clock)
  options = _options(max_trials=99, max_minutes=1.2 / 60)
  tune_lib.search(config, options, str(tmp_path))
  count = len(quick)
  assert count == 3
  tune_lib.search(config, options, str(tmp_path))  # what is spent is spent
  assert len(quick) == count


def test_no_finalist_is_without_time(quick, config, tmp_path, monkeypatch):
  fit = tune_lib.CycleGANHyperModel.fit
  now = [0.0]

  def slow(self, hp, model, model_dir):
    now[0] += 0.5 * self.steps(hp)
    return fit(self, hp, model, model_dir)

  clock = types.SimpleNamespace(monotonic=lambda: now[0])
  monkeypatch.setattr(tune_lib.CycleGANHyperModel, "fit", slow)
  monkeypatch.setattr(oracles, "time", clock)
  monkeypatch.setattr(tuner, "time", clock)
  # Of these 12 seconds the finalists take 5.
  config = conftest.replace(config, "train", train_steps=5)
  options = _options(
    trial_steps=1, max_trials=99, max_minutes=12 / 60, finalists=2
  )
  summary = tune_lib.search(config, options, str(tmp_path))
  assert summary.finals == 2 and now[0] == 12
  assert summary.completed == 14  # without sparing any time it is 24
  assert len(quick) == summary.completed + summary.finals


@pytest.fixture(scope="module")
def finals(config, tmp_path_factory):
  """A search whose two finalists are trained, and its short trials not."""
  config = conftest.replace(config, "train", train_steps=5)
  options = _options(max_trials=3, finalists=2, trial_steps=1)
  folder = tmp_path_factory.mktemp("finals")
  with _short_trials_untrained(), _logged() as lines:
    summary = tune_lib.search(config, options, str(folder))
  return config, _Search(folder, options, summary, "\n".join(lines))


@contextlib.contextmanager
def _short_trials_untrained(finals_too=False):
  model = tune_lib.CycleGANHyperModel
  build, fit = model.build, model.fit

  def fit_finals(self, hp, model, model_dir):
    if oracles.FINAL_OF in hp.values and not finals_too:
      return fit(self, hp, build(self, hp), model_dir)
    os.makedirs(model_dir, exist_ok=True)
    return {"fid_patches": hp.values["lambda_id"]}

  with pytest.MonkeyPatch.context() as patch:
    _draw_nothing(patch)
    patch.setattr(model, "build", lambda self, hp: None)
    patch.setattr(model, "fit", fit_finals)
    yield


def test_finalists_are_whole_runs_and_their_best_wins(finals, tmp_path):
  config, search = finals
  summary, folder = search.summary, search.folder
  assert (summary.completed, summary.failed, summary.finals) == (3, 0, 2)
  rows = _rows(folder)
  assert [row["steps"] for row in rows] == ["1"] * 3 + ["5"] * 2
  full = rows[3:]
  ranked = sorted(rows[:3], key=lambda row: float(row["fid_patches"]))
  assert [r["final_of"] for r in full] == [r["trial"] for r in ranked[:2]]
  best = min(full, key=lambda row: float(row["fid_patches"]))
  assert summary.best["trial"] == best["trial"]
  assert f"trial {ranked[0]['trial']} in full" in search.shown
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
  more = dataclasses.replace(search.options, finalists=3)
  with _short_trials_untrained(finals_too=True):
    assert tune_lib.search(config, more, str(folder)).finals == 3
  assert [path.stat().st_mtime_ns for path in results] == written
  assert len(_rows(folder)) == 6


def test_hyperband_trains_a_trial_on_from_its_own_checkpoint(
  config, tmp_path, monkeypatch
):
  hypermodel = tune_lib.CycleGANHyperModel
  build, fit = hypermodel.build, hypermodel.fit

  def is_trained(hp, model_dir):
    # The first, and what continues it; it is made the best of its round.
    name = pathlib.Path(model_dir).parent.name
    return "tuner/trial_id" in hp.values or name == "trial_0"

  def fit_some(self, hp, model, model_dir):
    if not is_trained(hp, model_dir):
      os.makedirs(model_dir)
      return {"fid_patches": 1e9}
    return fit(self, hp, build(self, hp), model_dir)

  monkeypatch.setattr(hypermodel, "build", lambda self, hp: None)
  monkeypatch.setattr(hypermodel, "fit", fit_some)
  monkeypatch.setattr(oracles, "HYPERBAND_ROUNDS", 2)
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
  mobile = config_lib.Config(
    data=data, model=config_lib.ModelConfig(generator_type="mobile")
  )
  refused("--block_scale=8 takes", mobile, search=("block_scale",))
  device = config_lib.DeviceConfig(distribution_strategy="mirrored")
  refused("one device", config_lib.Config(data=config.data, device=device))
  data = config_lib.DataConfig(dataset=str(tmp_path / "nothing"))
  refused("nothing", config_lib.Config(data=data))
  assert not (tmp_path / "x").exists()


def _small(**changes):
  values = {"tuner": "random", "trial_steps": 2, "max_trials": 3, **changes}
  return search_config.with_options(search_config.ARCHITECTURE_SEARCH, values)


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


def test_what_exceeds_a_limit_is_not_trained_and_not_counted(
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


def test_finds_a_student_within_limits(finals, tmp_path):
  """All of it: a teacher, trials that learn from it, files measured."""
  teacher = finals[1].summary.model_dir
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


if __name__ == "__main__":
  conftest.main(__file__)
