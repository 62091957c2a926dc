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
"""The contract with keras-tuner: what another version must do as well.

Each test says in its failure which behaviour the search relies on.
"""

import ast
import inspect
import threading

import keras_tuner
import numpy as np
import pytest
from keras_tuner import errors as kt_errors
from keras_tuner import oracles as kt_oracles

from official.cyclegan.core import errors
from official.cyclegan.tuning import kerastuner_compat
from tests import conftest

_PACKAGE = conftest.ROOT / "official" / "cyclegan"
_COMPAT = _PACKAGE / "tuning" / "kerastuner_compat.py"


def _differs(sentence: str) -> str:
  """What a failure says."""
  return (
    f"keras-tuner {keras_tuner.__version__} behaves differently from"
    f" {kerastuner_compat.SUPPORTED}: {sentence} See"
    " official/cyclegan/tuning/kerastuner_compat.py."
  )


class _Random(kerastuner_compat.OracleMixin, kt_oracles.RandomSearchOracle):
  """An oracle that keeps its state in memory only."""

  saved = 0

  def save(self):
    self.saved += 1


class _Model(keras_tuner.HyperModel):
  built = 0

  def declare_hyperparameters(self, hp):
    hp.Float("x", 1.0, 10.0)

  def build(self, hp):
    self.built += 1
    raise AssertionError("built")


class _Tuner(kerastuner_compat.TunerMixin):
  def __init__(self, oracle, model, folder, results):
    super().__init__(oracle, model, folder)
    self._results = iter(results)

  def save(self):
    pass

  def run_trial(self, trial, *args, **kwargs):
    result = next(self._results)
    if isinstance(result, Exception):
      raise result
    return [{"loss": result}]


def _oracle(folder, trials=3, kind=_Random):
  oracle = kind(
    objective=keras_tuner.Objective("loss", "min"),
    max_trials=trials,
    seed=1,
    max_consecutive_failed_trials=10**9,
  )
  oracle.verbose = 0
  oracle.set_folder(str(folder / "search"))
  space = oracle.get_space()
  space.Float("x", 1.0, 10.0)
  oracle.update_space(space)
  return oracle


@pytest.fixture
def alone(monkeypatch):
  """No environment variable makes this a chief or a worker."""
  for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT"):
    monkeypatch.delenv(f"KERASTUNER_{name}", raising=False)


def test_the_installed_version_is_the_supported_one():
  assert keras_tuner.__version__ == kerastuner_compat.SUPPORTED, _differs(
    "it is another version. If the tests below pass with it, change SUPPORTED."
  )
  setup = (conftest.ROOT / "setup.py").read_text(encoding="utf-8")
  assert f'"keras-tuner=={kerastuner_compat.SUPPORTED}"' in setup


@pytest.mark.parametrize(
  ("owner", "name"),
  [
    *(
      (owner, name)
      for owner, names in kerastuner_compat._OF_CLASSES
      for name in names
    ),
    (kerastuner_compat._config(), "DEBUG"),
  ],
)
def test_what_is_missing_is_named(owner, name, monkeypatch):
  kerastuner_compat.check()
  for cls in inspect.getmro(owner) if inspect.isclass(owner) else (owner,):
    if name in vars(cls):
      monkeypatch.delattr(cls, name)
  message = f"has no .*{name}.*pip install keras-tuner=="
  with pytest.raises(errors.UserError, match=message):
    kerastuner_compat.check()


def test_a_missing_module_or_attribute_of_an_oracle_is_named(monkeypatch):
  monkeypatch.setattr(kerastuner_compat, "_CONFIG_MODULE", "keras_tuner.no")
  with pytest.raises(errors.UserError, match="has no keras_tuner.no"):
    kerastuner_compat.check()
  monkeypatch.undo()
  monkeypatch.setattr(kerastuner_compat, "_OF_ORACLES", ("_queue",))
  with pytest.raises(errors.UserError, match="has no Oracle._queue"):
    kerastuner_compat.check()


def test_an_oracle_writes_nothing_itself(tmp_path):
  oracle = _oracle(tmp_path)
  assert oracle.folder == str(tmp_path / "search"), _differs(
    "an oracle's folder is not what _set_project_dir got."
  )
  trial = oracle.create_trial("tuner")
  oracle.update_trial(trial.trial_id, {"loss": 1.0})
  trial.status = "COMPLETED"
  oracle.end_trial(trial)
  assert oracle.saved >= 2, _differs("it saves no oracle when a trial changes.")
  assert not list((tmp_path / "search").iterdir()), _differs(
    "an oracle writes files elsewhere than in save and _save_trial."
  )


def test_a_waiting_trial_is_run_before_a_new_one(tmp_path):
  oracle = _oracle(tmp_path)
  trial = oracle.create_trial("lost")
  assert oracle.ongoing_trials == {"lost": trial}, _differs(
    "ongoing_trials does not hold a tuner's trial by the tuner's name."
  )
  oracle.ongoing_trials.pop("lost")
  oracle.waiting.append(trial.trial_id)
  taken = oracle.create_trial("other")
  assert taken is trial and not oracle.waiting, _differs(
    "create_trial does not take the trials of _retry_queue first."
  )
  assert taken.status == "RUNNING" and len(oracle.trials) == 1


def test_a_state_holds_what_goes_on_and_trials_can_be_copied(tmp_path):
  oracle = _oracle(tmp_path)
  first, second = map(oracle.create_trial, ("one", "two"))
  oracle.update_trial(first.trial_id, {"loss": 1.0})
  first.status = "COMPLETED"
  oracle.end_trial(first)
  state = oracle.get_state()
  other = _oracle(tmp_path)
  other.trials = {
    name: kerastuner_compat.Trial.from_state(trial.get_state())
    for name, trial in oracle.trials.items()
  }
  other.set_state(state)
  words = _differs("an oracle's state does not hold all that goes on.")
  assert other.end_order == [first.trial_id], words
  assert other.ongoing_trials["two"] is other.trials[second.trial_id], words
  copy = other.trials[first.trial_id]
  assert copy.score == 1.0 and copy.status == "COMPLETED", words
  assert copy.hyperparameters.values == first.hyperparameters.values, words
  metrics = first.get_state()["metrics"]["metrics"]
  assert list(metrics) == ["loss"], _differs(
    "a trial's state does not hold its metrics by their names."
  )
  values = [
    o.create_trial("more").hyperparameters.values for o in (oracle, other)
  ]
  assert values[0] == values[1], _differs(
    "an oracle's state does not hold its random numbers."
  )


def test_names_of_trials_and_the_end(tmp_path):
  oracle = _oracle(tmp_path, trials=1)
  trial = oracle.create_trial("one")
  assert trial.trial_id == "0", _differs("trials are not numbered from 0.")
  assert oracle.create_trial("two").status == "STOPPED", _differs(
    "create_trial does not end with STOPPED after max_trials."
  )
  assert oracle.tuner_ids == {"one"}, _differs(
    "tuner_ids does not hold the tuners that may still ask."
  )


class _Bayesian(
  kerastuner_compat.OracleMixin, kerastuner_compat.BayesianOracle
):
  fits = 0

  def save(self):
    pass

  def fitted_trials(self):
    self.fits += 1
    return {n: t for n, t in self.trials.items() if n != "0"}


def test_the_process_is_fitted_to_a_choice_of_trials(tmp_path):
  oracle = _oracle(tmp_path, trials=5, kind=_Bayesian)
  for value in (4.0, 3.0, 2.0, 1.0):
    trial = oracle.create_trial("tuner")
    oracle.update_trial(trial.trial_id, {"loss": value})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
  points, scores = oracle.fitted_points()
  assert points.shape == (3, 1) and len(oracle.trials) == 4, _differs(
    "_vectorize_trials does not give a row for each of self.trials."
  )
  assert np.all((points >= 0) & (points <= 1)) and list(scores) == [3, 2, 1]
  before = oracle.fits
  oracle.create_trial("tuner")
  assert oracle.fits == before + 1, _differs(
    "populate_space does not fit to what _vectorize_trials returns."
  )


def test_hyperband_names_the_length_and_what_a_trial_continues(tmp_path):
  class Hyperband(kerastuner_compat.OracleMixin, kt_oracles.HyperbandOracle):
    def save(self):
      pass

  oracle = Hyperband(
    objective=keras_tuner.Objective("loss", "min"), max_epochs=4, factor=2
  )
  oracle.verbose = 0
  oracle.set_folder(str(tmp_path))
  space = oracle.get_space()
  space.Float("x", 1.0, 10.0)
  oracle.update_space(space)
  lengths = []
  for _ in range(6):
    trial = oracle.create_trial("tuner")
    lengths.append(trial.hyperparameters.values["tuner/epochs"])
    oracle.update_trial(trial.trial_id, {"loss": 1.0})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
  values = trial.hyperparameters.values
  assert lengths == [1, 1, 1, 1, 2, 2] and "tuner/trial_id" in values, _differs(
    "Hyperband's trials do not hold tuner/epochs and tuner/trial_id."
  )


def test_a_tuner_builds_nothing_and_prints_nothing(tmp_path, alone, capsys):
  model = _Model()
  oracle = _oracle(tmp_path, trials=3)
  results = [1.0, kt_errors.FailedTrialError("no good"), 0.5]
  tuner = _Tuner(oracle, model, str(tmp_path / "search"), results)
  tuner.search()
  assert not model.built, _differs("a tuner builds models for the search space")
  trials = [oracle.trials[name] for name in oracle.end_order]
  assert [t.status for t in trials] == ["COMPLETED", "FAILED", "COMPLETED"], (
    _differs("FailedTrialError does not end a trial as FAILED.")
  )
  assert [t.score for t in trials] == [1.0, None, 0.5]
  written = capsys.readouterr()
  assert not written.out and not written.err, _differs(
    "a tuner prints although DEBUG is False and verbose is 0."
  )
  folder = tuner.get_trial_dir("0")
  assert folder == str(tmp_path / "search" / "trial_0"), _differs(
    "the folder of a trial is not trial_<name> in that of the search."
  )


def test_a_fatal_error_ends_the_search(tmp_path, alone):
  oracle = _oracle(tmp_path)
  fatal = kt_errors.FatalError("the end")
  tuner = _Tuner(oracle, _Model(), str(tmp_path / "search"), [fatal])
  with pytest.raises(kt_errors.FatalError):
    tuner.search()
  assert oracle.ongoing_trials, _differs("FatalError ends the trial as well.")


@pytest.mark.parametrize("name", ["worker", "chief", "my_chief"])
def test_the_environment_makes_a_worker(tmp_path, alone, monkeypatch, name):
  monkeypatch.setenv("KERASTUNER_TUNER_ID", name)
  monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
  monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
  oracle = _oracle(tmp_path)
  tuner = _Tuner(oracle, _Model(), str(tmp_path / "search"), [])
  if "chief" in name:
    assert tuner.oracle is oracle, _differs("a chief does not ask its oracle.")
    return
  assert tuner.tuner_id == name
  asked = []

  class Stub:
    def __init__(self, stub):
      assert callable(stub.EndTrial), _differs("the stub has other methods.")

    def EndTrial(self, request, wait_for_ready, timeout):  # noqa: N802
      asked.append((request, wait_for_ready, timeout))

  tuner.wrap_requests(Stub)
  hp = keras_tuner.HyperParameters()
  tuner.oracle.end_trial(kerastuner_compat.Trial(hp, "0", "COMPLETED"))
  assert len(asked) == 1, _differs(
    "a worker does not ask through its stub, with wait_for_ready and timeout."
  )
  del tuner.oracle.stub
  with pytest.raises(errors.UserError, match="has no OracleClient.stub"):
    tuner.wrap_requests(Stub)


def test_a_chief_leaves_when_no_tuner_is_left():
  from keras_tuner.src.distribute import oracle_chief

  oracle = keras_tuner.Oracle(objective="loss", max_trials=1)
  assert oracle_chief.exit_chief(oracle), _differs(
    "a chief goes on without ongoing trials and without tuner_ids."
  )
  oracle.tuner_ids.add("worker")
  assert not oracle_chief.exit_chief(oracle), _differs(
    "a chief leaves although tuner_ids is not empty."
  )


def test_an_error_does_not_keep_the_lock(tmp_path):
  class Failing(_Random):
    @kerastuner_compat.synchronized
    def create_trial(self, tuner_id):
      """Documented."""
      trial = super().create_trial(tuner_id)
      if tuner_id == "bad":
        raise errors.UserError("the disk is full")
      return trial

  assert Failing.create_trial.__name__ == "create_trial"
  oracle = _oracle(tmp_path, kind=Failing)
  with pytest.raises(errors.UserError, match="disk is full"):
    oracle.create_trial("bad")
  got = []
  thread = threading.Thread(
    target=lambda: got.append(oracle.create_trial("good")), daemon=True
  )
  thread.start()
  thread.join(20)
  assert got and got[0].status == "RUNNING"


def _private_names() -> set[str]:
  """Names that are private in keras-tuner's classes, and those checked."""
  made = (
    keras_tuner.Oracle(objective="loss", max_trials=1),
    kt_oracles.BayesianOptimizationOracle(objective="loss"),
    kt_oracles.HyperbandOracle(objective="loss"),
    kt_oracles.RandomSearchOracle(objective="loss"),
    kt_oracles.GridSearchOracle(objective="loss"),
    keras_tuner.HyperParameters(),
    keras_tuner.Objective("loss", "min"),
    kerastuner_compat.Trial(keras_tuner.HyperParameters()),
  )
  names = {name for thing in made for name in dir(thing)}
  names |= set(dir(keras_tuner.Tuner)) | set(dir(keras_tuner.HyperModel))
  return {n for n in names if n.startswith("_") and not n.startswith("__")} | {
    "stub"
  }


def _uses_keras_tuner(tree: ast.AST) -> bool:
  imported = set()
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      imported |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      imported |= {f"{node.module}.{alias.name}" for alias in node.names}
  return any(
    name.startswith(("keras_tuner", "official.cyclegan.tuning"))
    for name in imported
  )


def _private_uses(text: str) -> list[str]:
  """Returns what a module takes from keras-tuner that is private there."""
  tree = ast.parse(text)
  found = []
  if "keras_tuner.src" in text:
    found.append("keras_tuner.src")
  if not _uses_keras_tuner(tree):
    return found
  private = _private_names()
  for node in ast.walk(tree):
    if isinstance(node, ast.Attribute) and node.attr in private:
      found.append(f"line {node.lineno}: {node.attr}")
    elif isinstance(node, ast.FunctionDef) and node.name in private:
      found.append(f"line {node.lineno}: {node.name}")
  return found


def test_no_other_module_uses_private_parts():
  found = {
    str(path.relative_to(_PACKAGE)): _private_uses(path.read_text("utf-8"))
    for path in _PACKAGE.rglob("*.py")
    if path != _COMPAT
  }
  assert "tuning/oracles.py" in found
  found = {path: uses for path, uses in found.items() if uses}
  assert not found, (
    f"private parts of keras-tuner are used: {found}. Give them a name in"
    " tuning/kerastuner_compat.py; something of your own that is called like"
    " one of them needs another name."
  )


def test_private_uses_are_seen():
  text = _COMPAT.read_text(encoding="utf-8")
  found = " ".join(_private_uses(text))
  for name in ("keras_tuner.src", "_retry_queue", "_save_trial", "stub"):
    assert name in found


if __name__ == "__main__":
  conftest.main(__file__)
