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
"""Crash-safe keras-tuner oracles: random, Bayesian, Hyperband and grid search.

keras-tuner's oracles write several files, one after the other and in place, so
that a kill between two of them loses a trial or has it run again. These keep
everything in one file that is replaced whole, once for every change. They also
know when the time is up, take trials back from workers that are gone, and have
the best trials trained in full in the end.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pathlib
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras_tuner
from keras_tuner import errors as kt_errors
from keras_tuner import oracles as kt_oracles

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import options as options_lib
from official.cyclegan.core import search_config
from official.cyclegan.tuning import kerastuner_compat
from official.cyclegan.tuning import search_space
from official.cyclegan.tuning.kerastuner_compat import Trial
from official.cyclegan.tuning.kerastuner_compat import TrialStatus

STATE_NAME = "oracle.json"
# Among the values of a trial in full: the trial whose values it has.
FINAL_OF = "tuner/final_of"
# More than any search has: the tuner counts failures itself.
NO_LIMIT = 10**9
_STATUSES = (
  TrialStatus.RUNNING,
  TrialStatus.IDLE,
  TrialStatus.INVALID,
  TrialStatus.STOPPED,
  TrialStatus.COMPLETED,
  TrialStatus.FAILED,
)
HYPERBAND_ROUNDS = 3  # of a bracket
_ALPHA = 1e-2  # variance of the objective's noise, of its own


class Halted(kt_errors.FatalError):
  """Carries what ends a search through keras-tuner, which catches all else.

  Attributes:
    cause: What is raised in the end.
  """

  def __init__(self, cause: Exception):
    """Says what ends it.

    Args:
      cause: What is raised in the end.
    """
    super().__init__(str(cause))
    self.cause = cause


class CrashSafeOracle(kerastuner_compat.OracleMixin):
  """Makes an oracle crash-safe: to be mixed into its class, in first place.

  Every change of the state is one write of `oracle.json`, so that a process
  killed at any moment finds the state from before or after a change. A trial
  that was running keeps its tuner, which gets it again when it comes back.

  Attributes:
    first: Values of the first trial; empty: the oracle chooses them as well.
    max_seconds: The time after which no trial is begun, of all the times that
      the search ran together; 0: no limit.
    finalists: How many of the best trials are tried again in full, when all
      others have ended.
    reserve: Returns the seconds that the finalists will take; this long before
      `max_seconds` no other trial is begun any more.
    is_uncounted: Says whether a trial that has ended does not count towards
      `max_trials`. To be set before `reload`.
    on_end: Called with each trial that has ended.
    search_name: Tells the search from all others; empty if nothing does. To be
      set before `reload`.
    space: What is varied, by the options' names: what a state that is reloaded
      must have of each trial.
    finished: Whether no trial is left to be run.
  """

  max_seconds: float = 0.0
  finalists: int = 0
  search_name: str = ""
  finished: bool = False
  hyperparameters: keras_tuner.HyperParameters  # what keras-tuner has set

  def __init__(self, *args: Any, **kwargs: Any):
    """As the oracle that this is mixed into."""
    self.first: dict[str, Any] = {}
    self.on_end: Callable[[Trial], None] = lambda trial: None
    self.space: Mapping[str, options_lib.Range | options_lib.Choices] = {}
    self.reserve: Callable[[], float] = lambda: 0.0
    self.is_uncounted: Callable[[Trial], bool] = lambda trial: False
    self._final: dict[str, Any] = {}
    self._only_finals = False  # once one has begun
    self._depth = 0
    self._seconds_before = 0.0
    self._started = time.monotonic()
    super().__init__(*args, **kwargs)
    self.verbose = 0

  @property
  def seconds(self) -> float:
    """How long the search has run, those before a restart included."""
    return self._seconds_before + time.monotonic() - self._started

  def populate_space(self, trial_id: str) -> dict[str, Any]:
    """Returns the values of a new trial, as keras-tuner asks for them.

    Args:
      trial_id: Name of the trial.
    """
    if self._final:
      return {"status": TrialStatus.RUNNING, "values": self._final}
    if self.first and not self.start_order:
      return {"status": TrialStatus.RUNNING, "values": self.first}
    return super().populate_space(trial_id)

  @kerastuner_compat.synchronized
  def create_trial(self, tuner_id: str) -> Trial:
    """Returns the tuner's trial, or a new one.

    Args:
      tuner_id: Who asks. A tuner that comes back gets what it had.

    Returns:
      A trial to run; or one with the status IDLE, ask again, as long as others
      still run; or with STOPPED.
    """
    held = self.ongoing_trials.get(tuner_id)
    if held is not None:
      self.tuner_ids.add(tuner_id)
      return held
    with self._commit():
      if self.waiting:  # what a lost worker had was begun in time
        over = self._is_late()
      else:
        over = self._only_finals or self._is_late(self.reserve())
      if over:
        trial = Trial(self.get_space(), "", TrialStatus.STOPPED)
        self.tuner_ids.discard(tuner_id)
      else:
        trial = super().create_trial(tuner_id)
      if trial.status == TrialStatus.STOPPED:
        trial = self._create_final(tuner_id) or trial
      if trial.status == TrialStatus.STOPPED:
        if self.ongoing_trials:
          # One of them may have to be run by this tuner after all.
          trial.status = TrialStatus.IDLE
          self.tuner_ids.add(tuner_id)
        else:
          self.finished = True
          self.tuner_ids.clear()  # lets the chief go; the others will notice
    return trial

  def _is_late(self, reserve: float = 0.0) -> bool:
    """Returns whether fewer seconds than these are left."""
    return bool(self.max_seconds) and (
      self.seconds + reserve >= self.max_seconds
    )

  def _create_final(self, tuner_id: str) -> Trial | None:
    """Returns the next finalist's trial in full, if it is time for it."""
    others = not all(map(is_final, self.ongoing_trials.values()))
    finalist = self._next_finalist()
    if others or finalist is None or self._is_late():
      return None
    self._final = {**_searched(finalist), FINAL_OF: finalist.trial_id}
    self._only_finals = True
    if self.max_trials:
      self.max_trials += 1
    try:
      return super().create_trial(tuner_id)
    finally:
      self._final = {}

  def _next_finalist(self) -> Trial | None:
    """Returns the best finalist that has no trial in full yet."""
    had = list(map(_searched, self.finals()))
    finalists: list[Trial] = []
    for trial in sorted(self._completed(), key=lambda trial: trial.score):
      # Hyperband may have trained the same values more than once.
      rivals = map(_searched, finalists)
      if not is_final(trial) and _searched(trial) not in rivals:
        finalists.append(trial)
    wanted = finalists[: self.finalists]
    return next((t for t in wanted if _searched(t) not in had), None)

  @kerastuner_compat.synchronized
  def update_trial(
    self, trial_id: str, metrics: dict[str, float], step: int = 0
  ) -> Trial:
    """Records what was measured.

    Args:
      trial_id: Name of the trial.
      metrics: The objective by its name.
      step: As keras-tuner passes it.
    """
    with self._commit():
      return super().update_trial(trial_id, metrics, step)

  @kerastuner_compat.synchronized
  def end_trial(self, trial: Trial) -> None:
    """Records how a trial has ended, once.

    Args:
      trial: As keras-tuner passes it.
    """
    if trial.trial_id in self.end_order:
      return
    with self._commit():
      if trial.trial_id in self.waiting:  # its worker was not gone
        self.waiting.remove(trial.trial_id)
      super().end_trial(trial)
      if self.max_trials and self.is_uncounted(trial):
        self.max_trials += 1
    self.on_end(self.trials[trial.trial_id])

  @kerastuner_compat.synchronized
  def release(self, tuner_id: str) -> str | None:
    """Takes a tuner's trial away, for another one to go on with.

    Args:
      tuner_id: Whose.

    Returns:
      The trial's name, if it had one.
    """
    self.tuner_ids.discard(tuner_id)
    trial = self.ongoing_trials.get(tuner_id)
    if trial is None:
      return None
    with self._commit():
      self.ongoing_trials.pop(tuner_id)
      self.waiting.append(trial.trial_id)
    return trial.trial_id

  def ended(self) -> list[Trial]:
    """Returns the trials that have ended, in that order."""
    return [self.trials[trial_id] for trial_id in self.end_order]

  def finals(self) -> list[Trial]:
    """Returns the trials in full, whether they have ended or not."""
    return list(filter(is_final, self.trials.values()))

  def best(self) -> Trial | None:
    """Returns the best completed trial; of those in full, if there are any."""
    done = self._completed()
    finals = list(filter(is_final, done))
    return min(finals or done, key=lambda trial: trial.score, default=None)

  def _completed(self) -> list[Trial]:
    return [
      trial
      for trial in self.trials.values()
      if trial.status == TrialStatus.COMPLETED
    ]

  def get_state(self) -> dict[str, Any]:
    """Returns all that is kept."""
    return {
      **super().get_state(),
      "trials": {name: t.get_state() for name, t in self.trials.items()},
      "seconds": self.seconds,
      "search_name": self.search_name,
      "finished": self.finished,
    }

  def set_state(self, state: dict[str, Any]) -> None:
    """Restores what `get_state` returned; a space declared before stays."""
    self.trials = {
      name: Trial.from_state(_with_current_names(values))
      for name, values in state["trials"].items()
    }
    declared = self.hyperparameters
    super().set_state(state)
    if declared.space:
      # What may be tried is this search's to say, not the file's.
      self.hyperparameters = declared
      for trial in self.trials.values():
        values = trial.hyperparameters.values
        trial.hyperparameters = declared.copy()
        trial.hyperparameters.values = values
    if self.max_trials:
      uncounted = sum(map(self.is_uncounted, self.ended()))
      self.max_trials += len(self.finals()) + uncounted
    # A search that had ended may have been given more trials.
    self._only_finals = bool(self.finals()) and not state["finished"]
    self._seconds_before = state["seconds"]
    self._started = time.monotonic()
    self.finished = state["finished"] and not self._has_more()

  def save(self) -> None:
    """Writes the state, whole; within another change, with that."""
    if self._depth == 0:
      path = pathlib.Path(self.folder, STATE_NAME)
      files.write_text(path, json.dumps(self.get_state()), "tuner_dir")

  def reload(self) -> None:
    """Reads the state, if there is one; what ran keeps its tuner.

    Raises:
      errors.UserError: If the file does not hold such a state.
    """
    path = os.path.join(self.folder, STATE_NAME)
    if not os.path.exists(path):
      return
    remedy = "Restore it, or give a new --tuner_dir."
    try:
      state = files.object_of(files.read_json(path, remedy))
      # One that began before there were names has none.
      if state.get("search_name", self.search_name) != self.search_name:
        raise errors.UserError(
          f": {path} is of another search than the folder's other files."
          f" {remedy}",
          "tuner_dir",
        )
      self.set_state(state)
      self._check_state()
    except errors.UserError:
      raise
    except Exception as error:  # keras-tuner raises anything
      raise errors.UserError(
        f": {path} is damaged ({errors.first_line(error)}). {remedy}",
        "tuner_dir",
      ) from error

  def _check_state(self) -> None:
    """Refuses a restored state that would fail later on.

    Raises:
      KeyError: If a trial that is spoken of is not there.
      TypeError: If a value is of another type.
      ValueError: If a name or a status cannot be.
    """
    for value in (self._seconds_before, self.seed, *self._scores()):
      files.number(value)
    for name in (*self.start_order, *self.end_order, *self.waiting):
      self.trials[name]  # must be there
    for name, trial in self.trials.items():
      # The trial's folder is named so: it must not lead elsewhere.
      if trial.trial_id != name or not re.fullmatch(r"[\w-]+", name):
        raise ValueError("a trial has another name")
      if trial.status not in _STATUSES:
        raise ValueError("a trial's status is unknown")
      for option, tried in self.space.items():
        value = trial.hyperparameters.values[option]
        if isinstance(tried, options_lib.Range):
          files.number(value)
        elif type(value) is not type(tried.options[0]):
          raise TypeError(f"a trial's {option} is of another type")

  def _scores(self) -> list[float | None]:
    return [trial.score for trial in self._completed()]

  @contextlib.contextmanager
  def _commit(self) -> Iterator[None]:
    """Saves once, when the outermost change is complete."""
    self._depth += 1
    try:
      yield
    finally:
      self._depth -= 1
    try:
      self.save()
    except errors.StorageError as error:
      # Else keras-tuner would take it for the trial's failure.
      raise Halted(error) from error

  def _has_more(self) -> bool:
    """Returns whether limits that were raised let a finished search go on."""
    room = self.max_trials and len(self.trials) < self.max_trials
    return not self._is_late() and bool(room or self._next_finalist())


def is_final(trial: Trial) -> bool:
  """Says whether a trial is one in full, of values that were tried before.

  Args:
    trial: Any.
  """
  return FINAL_OF in trial.hyperparameters.values


def _with_current_names(state: dict[str, Any]) -> dict[str, Any]:
  """Returns a trial's state with today's names of measures, not 0.6.0's."""
  tracked = {
    config_lib.METRIC_ALIASES.get(name, name): values
    for name, values in state["metrics"]["metrics"].items()
  }
  return {**state, "metrics": {**state["metrics"], "metrics": tracked}}


def _searched(trial: Trial) -> dict[str, Any]:
  """Returns a trial's values without the bookkeeping named `tuner/...`."""
  values = trial.hyperparameters.values
  return {k: v for k, v in values.items() if not k.startswith("tuner/")}


class Random(CrashSafeOracle, kt_oracles.RandomSearchOracle):
  """Draws every trial at random."""


class Bayesian(CrashSafeOracle, kerastuner_compat.BayesianOracle):
  """Models the objective by a Gaussian process after some random trials."""

  def populate_space(self, trial_id: str) -> dict[str, Any]:
    """Returns the values of a new trial.

    Args:
      trial_id: Name of the trial.
    """
    with warnings.catch_warnings():
      # scikit-learn's remarks on fits to a few points.
      warnings.simplefilter("ignore")
      return super().populate_space(trial_id)

  def fitted_trials(self) -> dict[str, Trial]:
    """Returns the trials of one length: all but those in full."""
    return {n: t for n, t in self.trials.items() if not is_final(t)}


class Hyperband(CrashSafeOracle, kt_oracles.HyperbandOracle):
  """Trains many trials a little and the best of them on."""


class Grid(CrashSafeOracle):
  """Goes through all combinations of some values, in order.

  keras-tuner's own forgets where it was when it is stopped.
  """

  def __init__(self, grid: Mapping[str, Sequence[Any]], **kwargs: Any):
    """Sets the grid.

    Args:
      grid: The values of each parameter, by its name.
      **kwargs: As `keras_tuner.Oracle` takes them.
    """
    self._grid = grid
    super().__init__(**kwargs)

  def populate_space(self, trial_id: str) -> dict[str, Any]:
    """Returns the next combination.

    Args:
      trial_id: Name of the trial.
    """
    if self._final:
      return super().populate_space(trial_id)
    combinations = itertools.product(*self._grid.values())
    tried = len(self.trials) - len(self.finals())
    values = next(itertools.islice(combinations, tried, None), None)
    if values is None:
      return {"status": TrialStatus.STOPPED}
    named = dict(zip(self._grid, values))
    return {"status": TrialStatus.RUNNING, "values": named}


def create(
  options: search_config.SearchConfig, first: dict[str, Any], seed: int
) -> CrashSafeOracle:
  """Returns the oracle that a search asks for.

  Args:
    options: The search's.
    first: Values of the first trial; Hyperband, whose first trials are short,
      does not take them.
    seed: Of all that is drawn.
  """
  shared = {
    "objective": keras_tuner.Objective(options.objective, "min"),
    "seed": seed or 1,  # keras-tuner would draw another one for 0
    "max_consecutive_failed_trials": NO_LIMIT,
  }
  oracle: CrashSafeOracle
  if options.tuner == "hyperband":
    oracle = Hyperband(
      max_epochs=hyperband_epochs(options),
      factor=options.hyperband_factor,
      **shared,
    )
    first = {}
  elif options.tuner == "grid":
    space = search_space.varied(options)
    oracle = Grid(search_space.grid(space, options.grid_points), **shared)
  elif options.tuner == "random":
    oracle = Random(**shared)
  else:
    oracle = Bayesian(alpha=_ALPHA, **shared)
  oracle.max_trials = options.max_trials
  oracle.first = first
  oracle.space = search_space.varied(options)
  oracle.max_seconds = 60.0 * options.max_minutes
  oracle.finalists = options.finalists
  return oracle


def hyperband_epochs(options: search_config.SearchConfig) -> int:
  """Returns the length of Hyperband's longest trials, in its own epochs.

  Args:
    options: The search's.
  """
  return options.hyperband_factor ** (HYPERBAND_ROUNDS - 1)
