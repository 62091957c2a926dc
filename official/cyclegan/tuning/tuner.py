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
"""A keras-tuner tuner whose trials are resumable runs in their own folders."""

from __future__ import annotations

import contextlib
import gc
import pathlib
import shutil
import sys
import time
import traceback
import typing
from typing import Any, Protocol

import keras_tuner
import numpy as np
import tensorflow as tf
from keras_tuner import errors as kt_errors

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import memory
from official.cyclegan.core import search_config
from official.cyclegan.serving import deployment_cost
from official.cyclegan.training import checkpoints
from official.cyclegan.training import stop_requests
from official.cyclegan.tuning import kerastuner_compat
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_record
from official.cyclegan.tuning import trial_folder
from official.cyclegan.tuning import workers

_MAX_FAILURES = 10  # in a row
_MAX_OVER_LIMITS = 60  # in a row
# What the file system raises, by itself or by TensorFlow.
_STORAGE = (
  errors.StorageError,
  OSError,
  tf.errors.NotFoundError,
  tf.errors.PermissionDeniedError,
  tf.errors.DataLossError,
)
_IDLE_SECONDS = workers.BEAT_SECONDS / 2
_ALONE = workers.Role()


class NeedsRestart(Exception):
  """The process has become too large; another one can go on with the search."""


class _TooLarge(kt_errors.FatalError):
  """The process has become too large for another trial."""


class TrialModel(Protocol):
  """What a tuner asks of its hypermodel, besides what keras-tuner asks.

  Attributes:
    search: The options of the search.
    measures_cost: Whether the cost of a trial's generator is of interest.
  """

  search: search_config.SearchConfig
  measures_cost: bool

  def cost(self, hp: keras_tuner.HyperParameters) -> dict[str, float]:
    """Returns what a trial's generator costs on a device."""

  def steps(self, hp: keras_tuner.HyperParameters) -> int:
    """Returns how many steps a trial is trained."""

  def build(self, hp: keras_tuner.HyperParameters) -> Any:
    """Returns the untrained model of a trial."""

  def fit(
    self, hp: keras_tuner.HyperParameters, model: Any, model_dir: str
  ) -> dict[str, float]:
    """Trains a trial, or goes on with it, and returns its measures."""

  def with_seed(self, execution: int) -> TrialModel:
    """Returns the same with another seed."""


class Tuner(kerastuner_compat.TunerMixin):
  """Trains trials as runs in their own folders, which can be resumed.

  A trial that was interrupted goes on from its last checkpoint; one whose
  result is in its folder already is reported without training.
  """

  def __init__(
    self,
    oracle: oracles.CrashSafeOracle,
    hypermodel: TrialModel,
    tuner_dir: str,
    role: workers.Role = _ALONE,
    max_bytes: float = 0.0,
  ):
    """Connects an oracle with a hypermodel.

    Args:
      oracle: Chooses the trials, and has been reloaded.
      hypermodel: Trains them.
      tuner_dir: The folder of the search.
      role: What this process does in the search.
      max_bytes: A larger process begins no second trial; 0: no limit.
    """
    super().__init__(oracle, hypermodel, tuner_dir)
    self._tuner_dir, self._role = tuner_dir, role
    self._failures, self._over_limits = 0, 0
    self._max_bytes, self._has_run = max_bytes, False
    if role.is_worker:
      patience = hypermodel.search.worker_timeout
      self.wrap_requests(
        lambda stub: workers.PatientStub(stub, tuner_dir, patience)
      )

  def save(self) -> None:
    """Does nothing: the oracle saves the whole state of the search."""

  def search(self, *args: Any, **kwargs: Any) -> None:
    """Runs trials until none is left; a chief lets workers run them.

    Args:
      *args: Unused.
      **kwargs: Unused.

    Raises:
      errors.UserError: If too many trials in a row fail, or a chief's address
        cannot be used.
      stop_requests.Interrupted: After SIGTERM, SIGHUP or SIGINT.
      errors.StorageError: If a file cannot be read or written; the trial stays
        to be run again.
      NeedsRestart: If the process has become too large.
    """
    try:
      super().search()
    except oracles.Halted as halted:
      raise halted.cause from halted
    except _TooLarge as error:
      raise NeedsRestart(str(error)) from error
    except workers.SearchIsOver:
      pass
    except kt_errors.FatalError as error:
      raise errors.UserError(
        f"{errors.first_line(error)}. What has ended is kept in"
        f" {self._tuner_dir}."
      ) from error
    except RuntimeError as error:
      if not self._role.is_chief:
        raise
      # A chief only listens here; what it is asked runs in other threads.
      raise workers.cannot_listen(error) from error

  def pre_create_trial(self) -> None:
    """Keeps a worker from asking an idle chief without a pause.

    Raises:
      _TooLarge: If the process is too large.
    """
    used = memory.used_memory()
    if self._has_run and 0 < self._max_bytes < used:
      if not self._role.is_worker:
        self.oracle.save()  # keeps the seconds spent until now
      raise _TooLarge(f"{used / 1e9:.1f} GB of memory are in use")
    if self._role.is_worker:
      time.sleep(_IDLE_SECONDS)

  def run_trial(
    self, trial: oracles.Trial, *args: Any, **kwargs: Any
  ) -> list[dict[str, float]]:
    """Trains a trial, `executions_per_trial` times.

    Args:
      trial: What the oracle chose.
      *args: Unused.
      **kwargs: Unused.

    Returns:
      The objective by its name, of each execution.

    Raises:
      kt_errors.FailedTrialError: If this trial fails.
      kt_errors.FatalError: If the search is to end.
    """
    self._has_run = True
    try:
      return self._run(trial)
    except stop_requests.Interrupted as interruption:
      raise oracles.Halted(interruption) from interruption
    except _STORAGE as error:
      # Nothing is wrong with the trial: it is run again when the search is.
      raise oracles.Halted(_not_stored(error)) from error

  def _run(self, trial: oracles.Trial) -> list[dict[str, float]]:
    """Trains a trial; as `run_trial`, but for what ends the search."""
    folder = self._folder(trial.trial_id)
    folder.claim(self._owner(trial))
    objective = self.hypermodel.search.objective
    try:
      cost = self._cost(trial, folder)
      found = []
      for execution in range(self.hypermodel.search.executions_per_trial):
        measures = self._execute(trial, folder, execution, cost)
        if not np.isfinite(measures[objective]):
          raise errors.UserError("The objective is not a number.")
        found.append({objective: measures[objective]})
      self._failures, self._over_limits = 0, 0
      return found
    except deployment_cost.ExceedsLimit as error:
      self._refuse(folder, error)
    except (stop_requests.Interrupted, *_STORAGE):
      raise
    except Exception as error:
      if _from_storage(error):
        raise oracles.Halted(_not_stored(error)) from error
      self._fail(folder, error)

  def _owner(self, trial: oracles.Trial) -> dict[str, Any]:
    """Returns what tells a trial from those of other searches."""
    name = search_record.identity(self._tuner_dir)
    if not name:
      return {}
    return {"search": name, "values": trial.hyperparameters.values}

  def _folder(self, trial_id: str) -> trial_folder.TrialFolder:
    """Returns a trial's folder, which is created."""
    self.get_trial_dir(trial_id)
    return trial_folder.TrialFolder(self._tuner_dir, trial_id)

  def _cost(
    self, trial: oracles.Trial, folder: trial_folder.TrialFolder
  ) -> dict[str, float]:
    """Returns what a trial's generator costs, measured once.

    Raises:
      deployment_cost.ExceedsLimit: If that is too much.
    """
    if not self.hypermodel.measures_cost:
      return {}
    finalist = trial.hyperparameters.values.get(oracles.FINAL_OF)
    if finalist:  # has the network of a trial that was cheap enough
      folder = self._folder(finalist)
    cost = folder.cost()
    if cost is None:
      tf.keras.backend.clear_session()
      cost = self.hypermodel.cost(trial.hyperparameters)
      folder.save_cost(cost)
    deployment_cost.check(cost, self.hypermodel.search)
    return cost

  def _refuse(
    self, folder: trial_folder.TrialFolder, error: deployment_cost.ExceedsLimit
  ) -> typing.NoReturn:
    """Lets another trial take the place of one that exceeds a limit."""
    self._over_limits += 1
    folder.save_failure(str(error))
    if self._over_limits >= _MAX_OVER_LIMITS:
      raise kt_errors.FatalError(
        f"{_MAX_OVER_LIMITS} trials in a row are over budget, the last:"
        f" {error}. Raise the limit, or offer smaller choices"
      ) from error
    raise kt_errors.FailedTrialError(str(error)) from error

  def _fail(
    self, folder: trial_folder.TrialFolder, error: Exception
  ) -> typing.NoReturn:
    """Keeps why a trial failed; ends the search if too many did."""
    self._failures += 1
    message = errors.first_line(error)
    by_user = isinstance(error, errors.UserError)
    folder.save_failure(message, "" if by_user else traceback.format_exc())
    if self._failures >= _MAX_FAILURES:
      raise kt_errors.FatalError(
        f"{_MAX_FAILURES} trials in a row have failed, the last with: {message}"
      ) from error
    raise kt_errors.FailedTrialError(message) from error

  def _execute(
    self,
    trial: oracles.Trial,
    folder: trial_folder.TrialFolder,
    execution: int,
    cost: dict[str, float],
  ) -> dict[str, float]:
    """Returns the measures of one training; trains what is not trained yet."""
    result = folder.result(execution)
    if result is not None:
      return result.measures
    hp = trial.hyperparameters
    model_dir = folder.execution(execution)
    parent = hp.values.get("tuner/trial_id")  # Hyperband's
    if parent and not model_dir.exists():
      _continue_from(self._folder(parent).execution(execution), model_dir)
    started = time.monotonic()
    # Else each trial's layers would stay in memory.
    tf.keras.backend.clear_session()
    gc.collect()
    hypermodel = self.hypermodel.with_seed(execution)
    # The table of trials has standard output to itself.
    with contextlib.redirect_stdout(sys.stderr):
      model = hypermodel.build(hp)
      measures = {**hypermodel.fit(hp, model, str(model_dir)), **cost}
    seconds = time.monotonic() - started
    folder.save_result(
      execution,
      trial_folder.Result(measures, hypermodel.steps(hp), seconds),
    )
    return measures


def _from_storage(error: BaseException | None) -> bool:
  """Says whether an error was raised because of what the file system said."""
  while error is not None:
    if isinstance(error, _STORAGE):
      return True
    error = error.__cause__
  return False


def _not_stored(error: Exception) -> errors.UserError:
  """Returns what ends a search whose files cannot be read or written."""
  if isinstance(error, errors.UserError):
    return error
  return errors.StorageError(
    f": a file of the search or its pictures cannot be used"
    f" ({errors.first_line(error)}). Mend that, and give the same command again"
    " to go on.",
    "tuner_dir",
  )


def exceeds_limits(
  folder: trial_folder.TrialFolder, options: search_config.SearchConfig
) -> bool:
  """Says whether a trial was refused because its generator costs too much.

  Args:
    folder: The trial's.
    options: The limits.
  """
  cost = folder.cost()
  if cost is None:
    return False
  try:
    deployment_cost.check(cost, options)
  except deployment_cost.ExceedsLimit:
    return True
  return False


def _continue_from(parent: pathlib.Path, model_dir: pathlib.Path) -> None:
  """Copies what a shorter trial has learned; whole or not at all."""
  partial = model_dir.with_name(f"{model_dir.name}.partial")
  files.remove(partial)
  wanted = checkpoints.FOLDERS[config_lib.LATEST]
  shutil.copytree(parent / wanted, partial / wanted)
  shutil.copy(parent / config_file.FILE_NAME, partial)
  partial.rename(model_dir)
