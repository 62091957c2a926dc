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
import math

import keras_tuner
import pytest
import threadpoolctl

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import options
from official.cyclegan.core import search_config
from official.cyclegan.tuning import oracles
from tests import conftest

_GRID = {"x": [1.0, 2.0, 3.0], "y": [10.0, 20.0]}


@pytest.fixture(autouse=True)
def one_thread():
  """Threads would only wait for each other: the matrices are tiny."""
  with threadpoolctl.threadpool_limits(1):
    yield


def _make(kind, folder, trials=5, finalists=0):
  """An oracle of a two-dimensional search, reloaded if there is a state."""
  shared = {
    "objective": keras_tuner.Objective("loss", "min"),
    "seed": 3,
    "max_consecutive_failed_trials": oracles.NO_LIMIT,
  }
  if kind is oracles.Hyperband:
    oracle = kind(max_epochs=9, factor=3, **shared)
  elif kind is oracles.Grid:
    oracle = kind(_GRID, max_trials=trials, **shared)
  else:
    oracle = kind(max_trials=trials, **shared)
  oracle.finalists = finalists
  oracle.set_folder(str(folder / "search"))
  oracle.reload()
  space = oracle.get_space()
  space.Float("x", 1.0, 10.0, sampling="log")
  space.Float("y", 1.0, 10.0)
  oracle.update_space(space)
  return oracle


def _finish(oracle, trial, status="COMPLETED"):
  value = trial.hyperparameters.values["x"]
  if status == "COMPLETED":
    loss = (math.log(value) - 1) ** 2
    if oracles.is_final(trial):
      loss = 100 - loss  # in full another one is the best
    oracle.update_trial(trial.trial_id, {"loss": loss})
  trial.status = status
  oracle.end_trial(trial)


def _run(oracle, ended, tuner="tuner0"):
  """Runs trials to the end; `ended` counts how often each has ended."""
  oracle.on_end = lambda t: ended.update(
    {t.trial_id: ended.get(t.trial_id, 0) + 1}
  )
  while True:
    trial = oracle.create_trial(tuner)
    if trial.status == "STOPPED":
      return
    _finish(oracle, trial)


_KINDS = [
  oracles.Random,
  oracles.Bayesian,
  oracles.Grid,
  oracles.Hyperband,
]


@pytest.mark.parametrize("finalists", [0, 2])
@pytest.mark.parametrize("kind", _KINDS)
def test_killed_after_any_write_it_goes_on_as_if_nothing_had_been(
  kind, finalists, tmp_path, monkeypatch
):
  written = []
  write = files.write_text

  def note(path, text, flag):
    written.append(text)
    write(path, text, flag)

  monkeypatch.setattr(files, "write_text", note)
  straight = _make(kind, tmp_path / "straight", finalists=finalists)
  _run(straight, {})
  want = [trial.hyperparameters.values for trial in straight.ended()]
  states = list(written)
  assert len(states) >= 2 * len(want)
  # Of many some, the first and the last among them.
  for state in states[:: max(1, len(states) // 12)] + states[-1:]:
    folder = tmp_path / str(len(written))
    (folder / "search").mkdir(parents=True)
    (folder / "search" / "oracle.json").write_text(state)
    before = len(json.loads(state)["end_order"])
    ended = {}
    oracle = _make(kind, folder, finalists=finalists)
    _run(oracle, ended)
    assert len(oracle.finals()) == finalists
    got = [trial.hyperparameters.values for trial in oracle.ended()]
    assert len(got) == len(want)
    # The model of the objective draws anew after a restart.
    known = len(want) if kind is not oracles.Bayesian else before
    assert got[:known] == want[:known]
    assert set(ended.values()) <= {1}
    assert len(ended) == len(want) - before
    assert len(set(oracle.end_order)) == len(want)


def test_a_tuner_that_comes_back_gets_its_trial(tmp_path):
  oracle = _make(oracles.Random, tmp_path)
  first, second = (oracle.create_trial(name) for name in ("one", "two"))
  assert first.trial_id != second.trial_id
  again = _make(oracles.Random, tmp_path)
  assert again.create_trial("two").trial_id == second.trial_id
  assert again.create_trial("one").hyperparameters.values == (
    first.hyperparameters.values
  )


def test_a_lost_workers_trial_is_given_to_another_once(tmp_path):
  oracle = _make(oracles.Random, tmp_path, trials=2)
  lost = oracle.create_trial("lost")
  other = oracle.create_trial("other")
  _finish(oracle, other)
  # Nothing new, but the lost one's trial may still be needed.
  assert oracle.create_trial("other").status == "IDLE"
  assert oracle.release("lost") == lost.trial_id
  assert oracle.release("lost") is None
  taken = oracle.create_trial("other")
  assert taken.trial_id == lost.trial_id
  _finish(oracle, taken)
  _finish(oracle, lost)  # it was only slow; too late
  assert oracle.end_order == [other.trial_id, lost.trial_id]
  assert oracle.create_trial("other").status == "STOPPED"
  assert oracle.finished and not oracle.tuner_ids


def test_a_slow_worker_that_ends_first_counts(tmp_path):
  oracle = _make(oracles.Random, tmp_path, trials=1)
  slow = oracle.create_trial("slow")
  oracle.release("slow")
  _finish(oracle, slow)
  assert oracle.end_order == [slow.trial_id]
  assert oracle.create_trial("other").status == "STOPPED"


def test_no_trial_is_begun_after_the_time_is_up(tmp_path):
  oracle = _make(oracles.Random, tmp_path)
  trial = oracle.create_trial("tuner0")
  oracle.max_seconds = 1e-9
  # What runs is ended.
  assert oracle.create_trial("tuner0").trial_id == trial.trial_id
  _finish(oracle, trial)
  assert oracle.create_trial("tuner0").status == "STOPPED"
  again = _make(oracles.Random, tmp_path)
  assert again.seconds >= oracle._seconds_before
  assert not again.finished  # with more time it goes on
  assert again.create_trial("tuner0").status == "RUNNING"


@pytest.mark.parametrize("kind", _KINDS)
def test_the_best_are_tried_in_full_and_the_best_of_these_wins(kind, tmp_path):
  oracle = _make(kind, tmp_path, finalists=3)
  _run(oracle, {})
  shorts = [t for t in oracle.ended() if not oracles.is_final(t)]
  finals = oracle.ended()[len(shorts) :]
  assert finals == oracle.finals() and len(finals) == 3
  scores = {}  # of each pair of values once, the best first
  for short in sorted(shorts, key=lambda trial: trial.score):
    values = short.hyperparameters.values
    scores.setdefault((values["x"], values["y"]), short.trial_id)
  for ((x, y), name), final in zip(scores.items(), finals):
    values = final.hyperparameters.values
    assert values == {"x": x, "y": y, oracles.FINAL_OF: name}
  assert oracle.best() is min(finals, key=lambda trial: trial.score)
  assert oracle.best() is not finals[0]
  assert oracle.finished and _make(kind, tmp_path, finalists=3).finished
  # More finalists may be wanted later, and no one is tried twice.
  ended = {}
  more = _make(kind, tmp_path, finalists=4)
  assert not more.finished
  _run(more, ended)
  assert len(ended) == 1 and len(more.finals()) == 4


def test_trials_leave_time_for_the_finalists(tmp_path):
  oracle = _make(oracles.Random, tmp_path, finalists=2)
  oracle.max_seconds = 1000.0
  # What it is after the first finalist does not bring more trials.
  oracle.reserve = lambda: 1000.0 if len(oracle.trials) == 3 else 0.0
  ended = {}
  _run(oracle, ended)
  assert len(ended) == 5 and len(oracle.finals()) == 2
  assert oracle.ended()[3:] == oracle.finals()
  # After the time itself not even a finalist is begun.
  late = _make(oracles.Random, tmp_path / "late", 2, finalists=2)
  for _ in range(2):
    _finish(late, late.create_trial("tuner0"))
  late.max_seconds = 1e-9
  assert late.create_trial("tuner0").status == "STOPPED"


def test_finalists_wait_for_the_last_trial_but_not_for_each_other(tmp_path):
  oracle = _make(oracles.Random, tmp_path, trials=2, finalists=2)
  one, other = map(oracle.create_trial, ("one", "other"))
  _finish(oracle, one)
  assert oracle.create_trial("one").status == "IDLE"
  _finish(oracle, other)
  first = oracle.create_trial("one")
  second = oracle.create_trial("other")
  assert oracles.is_final(first) and oracles.is_final(second)
  assert oracle.create_trial("third").status == "IDLE"
  # A worker that is gone leaves its finalist to another one.
  assert oracle.release("one") == first.trial_id
  assert oracle.create_trial("third").trial_id == first.trial_id
  _finish(oracle, first, "FAILED")
  _finish(oracle, second)
  assert oracle.create_trial("third").status == "STOPPED"
  assert oracle.best().trial_id == second.trial_id


def test_the_model_is_fitted_to_trials_of_one_length(tmp_path):
  oracle = _make(oracles.Bayesian, tmp_path, trials=8, finalists=3)
  _run(oracle, {})
  assert len(oracle.trials) == 11
  points, scores = oracle.fitted_points()
  assert len(points) == len(scores) == 8 and len(oracle.trials) == 11


def test_a_finished_search_goes_on_when_more_trials_are_allowed(tmp_path):
  _run(_make(oracles.Random, tmp_path, trials=2), {})
  assert _make(oracles.Random, tmp_path, trials=2).finished
  ended = {}
  more = _make(oracles.Random, tmp_path, trials=4)
  assert not more.finished
  _run(more, ended)
  assert len(ended) == 2 and len(more.ended()) == 4


def test_failed_trials_are_kept_and_never_the_best(tmp_path):
  oracle = _make(oracles.Bayesian, tmp_path, trials=10)
  assert oracle.best() is None
  for i in range(10):  # after six results, for the last, the model chooses
    trial = oracle.create_trial("tuner0")
    _finish(oracle, trial, "FAILED" if i % 3 == 0 else "COMPLETED")
  statuses = [trial.status for trial in oracle.ended()]
  assert statuses.count("FAILED") == 4
  assert oracle.best().score == min(
    t.score for t in oracle.ended() if t.status == "COMPLETED"
  )


def test_the_first_trial_can_be_given(tmp_path):
  oracle = _make(oracles.Bayesian, tmp_path)
  oracle.first = {"x": 2.5, "y": 7.0}
  first = oracle.create_trial("tuner0")
  assert first.hyperparameters.values == oracle.first
  _finish(oracle, first)
  second = oracle.create_trial("tuner0")
  assert second.hyperparameters.values != oracle.first


@pytest.mark.slow
@pytest.mark.one_stack
def test_the_model_of_the_objective_finds_its_minimum(tmp_path):
  oracle = _make(oracles.Bayesian, tmp_path, trials=11)
  _run(oracle, {})

  def distance(trial):
    return abs(math.log(trial.hyperparameters.values["x"]) - 1)

  # The first six, three for each hyperparameter, are drawn at random.
  assert distance(oracle.best()) < min(map(distance, oracle.ended()[:6])) < 0.05


def test_hyperband_trains_the_best_on(tmp_path):
  oracle = _make(oracles.Hyperband, tmp_path)
  _run(oracle, {})
  continued = [
    t for t in oracle.ended() if "tuner/trial_id" in t.hyperparameters.values
  ]
  assert continued
  for trial in continued:
    values = trial.hyperparameters.values
    parent = oracle.trials[values["tuner/trial_id"]].hyperparameters.values
    assert values["x"] == parent["x"]
    assert values["tuner/epochs"] == 3 * parent["tuner/epochs"]


def test_the_grid_is_gone_through(tmp_path):
  oracle = _make(oracles.Grid, tmp_path, trials=100)
  _run(oracle, {})
  got = [tuple(t.hyperparameters.values.values()) for t in oracle.ended()]
  assert got == [(x, y) for x in _GRID["x"] for y in _GRID["y"]]


@pytest.mark.parametrize(
  ("text", "words"),
  [
    ('{"trials": ', "oracle.json is not valid JSON"),
    ("{}", "--tuner_dir: .*oracle.json is damaged"),
    ("[]", "--tuner_dir: .*oracle.json is damaged"),
  ],
)
def test_a_damaged_state_is_refused(tmp_path, text, words):
  (tmp_path / "search").mkdir()
  (tmp_path / "search" / "oracle.json").write_text(text)
  with pytest.raises(errors.UserError, match=f"{words}.* new --tuner_dir"):
    _make(oracles.Random, tmp_path)


def _set(state, value, *keys):
  for key in keys[:-1]:
    state = state[key]
  state[keys[-1]] = value


@pytest.mark.parametrize(
  ("value", "keys"),
  [
    ("soon", ["seconds"]),
    (None, ["trials", "0", "score"]),
    ("good", ["trials", "0", "score"]),
    ("DONE", ["trials", "0", "status"]),
    ("../../x", ["trials", "0", "trial_id"]),
    ({}, ["trials", "0", "hyperparameters", "values"]),
    ("x", ["trials", "0", "hyperparameters", "values", "x"]),
    (7, ["trials", "0", "hyperparameters"]),
    (["5"], ["end_order"]),
    (["5"], ["retry_queue"]),
    ({"tuner0": "5"}, ["ongoing_trials"]),
    ("then", ["display", "search_start"]),
    (10**400, ["seconds"]),
  ],
)
def test_a_state_that_would_fail_later_is_refused_when_it_is_read(
  value, keys, tmp_path
):
  oracle = _make(oracles.Random, tmp_path, trials=2)
  _run(oracle, {})
  path = tmp_path / "search" / oracles.STATE_NAME
  state = json.loads(path.read_text())
  _set(state, value, *keys)
  path.write_text(json.dumps(state))
  again = oracles.Random(objective=oracle.objective, max_trials=2, seed=3)
  again.space = {name: options.Range(1, 10) for name in ("x", "y")}
  again.set_folder(str(tmp_path / "search"))
  with pytest.raises(errors.UserError, match="oracle.json is damaged .*--tune"):
    again.reload()


def test_measures_of_0_6_0_have_their_names_of_today(tmp_path):
  oracle = _make(oracles.Random, tmp_path)
  oracle.objective = keras_tuner.Objective("true_error", "min")
  ended, running = map(oracle.create_trial, ("one", "other"))
  oracle.update_trial(ended.trial_id, {"true_error": 2.0})
  ended.status = "COMPLETED"
  oracle.end_trial(ended)
  oracle.update_trial(running.trial_id, {"true_error": 1.0})  # then killed
  again = _make(oracles.Random, tmp_path)
  again.objective = keras_tuner.Objective("relative_l1", "min")
  assert again.best().score == 2.0
  metrics = again.trials[ended.trial_id].metrics
  assert metrics.get_best_value("relative_l1") == 2.0
  assert not metrics.exists("true_error")
  running = again.create_trial("other")
  again.update_trial(running.trial_id, {"relative_l1": 1.0})
  running.status = "COMPLETED"
  again.end_trial(running)
  assert again.best().score == 1.0


def test_uncounted_trials_leave_room_for_others(tmp_path):
  def run(trials):
    oracle = _make(oracles.Random, tmp_path / "new", trials=0)
    oracle.max_trials = trials
    oracle.is_uncounted = lambda trial: trial.status == "FAILED"
    oracle.reload()
    while (trial := oracle.create_trial("tuner0")).status != "STOPPED":
      failed = len(oracle.trials) % 2
      _finish(oracle, trial, "FAILED" if failed else "COMPLETED")
    return [trial.status for trial in oracle.ended()]

  assert run(3).count("COMPLETED") == 3
  assert run(3).count("COMPLETED") == 3  # is over
  assert run(4).count("COMPLETED") == 4


@pytest.mark.parametrize(
  ("tuner", "kind"),
  [
    ("bayesian", oracles.Bayesian),
    ("hyperband", oracles.Hyperband),
    ("random", oracles.Random),
    ("grid", oracles.Grid),
  ],
)
def test_the_options_say_which_oracle(tuner, kind):
  options = search_config.SearchConfig(
    tuner=tuner, max_trials=7, max_minutes=2.0, finalists=3
  )
  oracle = oracles.create(options, {"lambda_id": 1.0}, seed=0)
  assert type(oracle) is kind and oracle.seed == 1
  assert oracle.max_trials == 7 and oracle.finalists == 3
  assert oracle.max_seconds == 120
  assert oracle.first == ({} if tuner == "hyperband" else {"lambda_id": 1.0})
  assert oracle.objective.name == options.objective
  assert oracles.hyperband_epochs(options) == 9


if __name__ == "__main__":
  conftest.main(__file__)
