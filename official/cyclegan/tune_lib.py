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
"""Searches loss weights, and more, by short trainings.

The objective never contains the weights that are searched: a smaller weight
makes a weighted loss smaller, whatever becomes of the pictures. It is one of
`validation`'s measures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import json
import math
import os
import pathlib
import shutil
import sys
import threading
import time
import traceback
import typing
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import keras_tuner
import numpy as np
import tensorflow as tf
from keras_tuner import errors as kt_errors

from official.cyclegan import train_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import dataset
from official.cyclegan.data import sources
from official.cyclegan.evaluation import validation
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.serving import deployment_cost
from official.cyclegan.training import checkpoints
from official.cyclegan.tuning import kerastuner_compat
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_report

RECORD_NAME = "search.json"
# keras-tuner's environment variables.
WORKER_VARIABLES = (
  "KERASTUNER_TUNER_ID",
  "KERASTUNER_ORACLE_IP",
  "KERASTUNER_ORACLE_PORT",
)
_CHIEF = "chief"
_OVER_NAME = "search_is_over"
_WORKERS_FOLDER = "workers"
# What may change from one start of a search to the next.
_MAY_CHANGE = (
  "max_trials",
  "max_minutes",
  "finalists",
  "worker_timeout",
  "restart_gb",
)
_SAVES = 4  # checkpoints of a trial
_ROUNDS = 3  # of a bracket of Hyperband
_MAX_FAILURES = 10  # in a row
_MAX_OVER_BUDGET = 60  # in a row
COST_NAME = "cost.json"  # of a trial
_BEAT_SECONDS = 1.0
_CALL_SECONDS = 5.0
_ALPHA = 1e-2  # variance of the objective's noise, of its own
_MEMORY_SHARE = 0.25  # of what is there at the start


class NeedsRestart(Exception):
  """The process has become too large; another one can go on with the search."""


class _Stopped(kt_errors.FatalError):
  """Carries an interruption through keras-tuner, which catches all others."""

  def __init__(self, cause: train_lib.Interrupted):
    super().__init__(str(cause))
    self.cause = cause


class _Full(kt_errors.FatalError):
  """The process has become too large for another trial."""


class _Over(kt_errors.FatalError):
  """The chief has ended the search."""


class CycleGANHyperModel(keras_tuner.HyperModel):
  """A CycleGAN whose options keras-tuner varies."""

  def __init__(
    self,
    config: config_lib.Config,
    search: config_lib.SearchConfig,
  ):
    """Sets what is varied, and how.

    Args:
      config: What all trials have in common, not necessarily resolved.
      search: What is varied within what.
    """
    super().__init__(name="cyclegan")
    self.config, self.search = config, search
    # All trials have the same pictures, which are checked and read once.
    self.source = functools.cache(self._open_source)
    self.measures_cost = any(
      getattr(search, option) for option in deployment_cost.LIMITS.values()
    ) or any(
      name in config_lib.ARCHITECTURE_SEARCH.search for name in search.search
    )
    self._judge = functools.cache(self._load_evaluator)

  def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
    """Names all that is varied.

    Args:
      hp: Gets it.
    """
    self.values(hp)

  def values(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
    """Returns the values of what is varied.

    Args:
      hp: A trial's.
    """
    found = {}
    defaults = config_lib.searched(self.config, self.search.search)
    for name, default in defaults.items():
      if hasattr(self.search, f"{name}_range"):
        low, high = getattr(self.search, f"{name}_range")
        found[name] = hp.Float(
          name,
          low,
          high,
          sampling="log",
          default=min(max(default, low), high),
        )
      else:
        choices = list(getattr(self.search, f"{name}_choices"))
        found[name] = hp.Choice(
          name,
          choices,
          ordered=False,
          default=default if default in choices else choices[0],
        )
    return found

  def trial_config(self, hp: keras_tuner.HyperParameters) -> config_lib.Config:
    """Returns the resolved configuration of a trial.

    Args:
      hp: The trial's; Hyperband's say how long it is as well, and a
        finalist's that it is as long as the configuration says.
    """
    config = config_lib.with_searched(self.config, self.values(hp))
    if oracles.FINAL_OF in hp.values:
      return config_checks.resolve(config)
    steps = self.search.trial_steps
    if "tuner/epochs" in hp.values:
      longest = _longest(self.search)
      steps = max(1, round(steps * hp.values["tuner/epochs"] / longest))
    train = dataclasses.replace(
      config.train,
      train_steps=steps,
      sample_interval=steps,
      save_every_steps=max(1, steps // _SAVES),
      keep_checkpoints=1,
      eval_every_steps=0,
      best_metric="none",
    )
    return config_checks.resolve(dataclasses.replace(config, train=train))

  def steps(self, hp: keras_tuner.HyperParameters) -> int:
    """Returns how many steps a trial is trained.

    Args:
      hp: The trial's.
    """
    return train_lib.run_steps(self.trial_config(hp), self.source())

  def full_steps(self) -> int:
    """Returns how many steps a finalist is trained."""
    config = config_checks.resolve(self.config)
    if config.train.train_steps:  # a chief may be without the data set
      return config.train.train_steps
    return train_lib.run_steps(config, self.source())

  def cost(self, hp: keras_tuner.HyperParameters) -> dict[str, float]:
    """Returns what a trial's generator would cost on a device.

    Args:
      hp: The trial's.
    """
    config = self.trial_config(hp)
    return deployment_cost.measure(
      config.model,
      self.search.budget_size or config.data.crop_size,
      self.search.budget_quantization,
    )

  def build(self, hp: keras_tuner.HyperParameters) -> model_lib.CycleGAN:
    """Returns the compiled model of a trial, untrained.

    Args:
      hp: The trial's.
    """
    config = self.trial_config(hp)
    config = train_lib.with_precision(config, config.train.precision)
    return train_lib.build(config, self.source())

  def fit(
    self,
    hp: keras_tuner.HyperParameters,
    model: model_lib.CycleGAN,
    model_dir: str,
  ) -> dict[str, float]:
    """Trains a trial, or goes on with it, and measures it.

    Args:
      hp: The trial's.
      model: What `build` returned.
      model_dir: Its folder.

    Returns:
      `validation`'s measures.
    """
    trained = train_lib.train(
      self.trial_config(hp), model_dir, model=model, source=self.source()
    )
    generators = map(validation.from_generator, trained.inference_generators)
    return self._judge().measure(*generators)

  def with_seed(self, execution: int) -> CycleGANHyperModel:
    """Returns the same with another seed, for another execution of a trial.

    Args:
      execution: Its number; that of 0 has the configuration's own seed.
    """
    train = dataclasses.replace(
      self.config.train, seed=self.config.train.seed + execution
    )
    config = dataclasses.replace(self.config, train=train)
    other = CycleGANHyperModel(config, self.search)
    other.source, other._judge = self.source, self._judge
    return other

  def _open_source(self) -> sources.Source:
    config = config_checks.resolve(self.config)
    return sources.open_source(config.data, config.model.channels)

  def _load_evaluator(self) -> validation.Evaluator:
    size = self.config.data.crop_size
    return validation.Evaluator(validation.load(self.source(), size))


class Tuner(kerastuner_compat.TunerMixin):
  """Runs trials in folders of their own, which they go on in."""

  def __init__(
    self,
    oracle: oracles.CrashSafeOracle,
    hypermodel: CycleGANHyperModel,
    tuner_dir: str,
    max_bytes: float = 0.0,
  ):
    """Sets what is searched how.

    Args:
      oracle: Chooses the trials, and has been reloaded.
      hypermodel: Trains them.
      tuner_dir: The folder of the search.
      max_bytes: A larger process begins no second trial; 0: no limit.
    """
    super().__init__(oracle, hypermodel, tuner_dir)
    self._failures, self._over_budget = 0, 0
    self._max_bytes, self._has_run = max_bytes, False
    self._worker = _works_for_chief()
    if self._worker:
      over = os.path.join(tuner_dir, _OVER_NAME)
      patience = hypermodel.search.worker_timeout
      self.wrap_requests(lambda stub: _PatientStub(stub, over, patience))

  def save(self) -> None:
    """Leaves it to the oracle, which has all that is to be kept."""

  def pre_create_trial(self) -> None:
    """Does not ask a chief that has nothing to do too often.

    Raises:
      _Full: If the process is too large.
    """
    used = dataset.used_memory()
    if self._has_run and 0 < self._max_bytes < used:
      if not self._worker:
        self.oracle.save()  # the time until now counts
      raise _Full(f"{used / 1e9:.1f} GB of memory are in use")
    if self._worker:
      time.sleep(_BEAT_SECONDS / 2)

  def run_trial(
    self, trial: oracles.Trial, *args: Any, **kwargs: Any
  ) -> list[dict[str, float]]:
    """Trains a trial, as often as is wanted.

    Args:
      trial: What the oracle chose.
      *args: Unused.
      **kwargs: Unused.

    Returns:
      The objective by its name, of each execution.
    """
    self._has_run = True
    folder = pathlib.Path(self.get_trial_dir(trial.trial_id))
    objective = self.hypermodel.search.objective
    try:
      cost = self._cost(trial, folder)
      found = []
      for execution in range(self.hypermodel.search.executions_per_trial):
        measures = self._execute(trial, folder, execution, cost)
        found.append({objective: measures[objective]})
      self._failures, self._over_budget = 0, 0
      return found
    except deployment_cost.ExceedsLimit as error:
      self._refuse(folder, error)
    except train_lib.Interrupted as interruption:
      raise _Stopped(interruption) from interruption
    except Exception as error:
      self._failures += 1
      message = errors.first_line(error)
      files.write_text(
        folder / search_report.FAILURE_NAME, message + "\n", "tuner_dir"
      )
      if not isinstance(error, errors.UserError):
        details = traceback.format_exc()
        files.write_text(
          folder / search_report.TRACEBACK_NAME, details, "tuner_dir"
        )
      if self._failures >= _MAX_FAILURES:
        raise kt_errors.FatalError(
          f"{_MAX_FAILURES} trials in a row have failed, the last with:"
          f" {message}"
        ) from error
      raise kt_errors.FailedTrialError(message) from error

  def _cost(
    self, trial: oracles.Trial, folder: pathlib.Path
  ) -> dict[str, float]:
    """Returns what a trial's generator costs, measured once.

    Raises:
      deployment_cost.ExceedsLimit: If that is too much.
    """
    if not self.hypermodel.measures_cost:
      return {}
    finalist = trial.hyperparameters.values.get(oracles.FINAL_OF)
    if finalist:  # the same network, measured and found cheap enough
      folder = pathlib.Path(self.get_trial_dir(finalist))
      return json.loads((folder / COST_NAME).read_text(encoding="utf-8"))
    path = folder / COST_NAME
    if path.exists():
      cost = json.loads(path.read_text(encoding="utf-8"))
    else:
      tf.keras.backend.clear_session()
      cost = self.hypermodel.cost(trial.hyperparameters)
      files.write_text(path, json.dumps(cost, indent=2), "tuner_dir")
    deployment_cost.check(cost, self.hypermodel.search)
    return cost

  def _refuse(
    self, folder: pathlib.Path, error: deployment_cost.ExceedsLimit
  ) -> typing.NoReturn:
    """Lets another trial take the place of one that is over budget."""
    self._over_budget += 1
    files.write_text(
      folder / search_report.FAILURE_NAME, f"{error}\n", "tuner_dir"
    )
    if self._over_budget >= _MAX_OVER_BUDGET:
      raise kt_errors.FatalError(
        f"{_MAX_OVER_BUDGET} trials in a row are over budget, the last:"
        f" {error}. Raise the limit, or offer smaller choices"
      ) from error
    raise kt_errors.FailedTrialError(str(error)) from error

  def _execute(
    self,
    trial: oracles.Trial,
    folder: pathlib.Path,
    execution: int,
    cost: dict[str, float],
  ) -> dict[str, float]:
    """Returns the measures of one training; trains what is not trained yet."""
    name = search_report.EXECUTION_FOLDER.format(execution)
    result = folder / name / search_report.RESULT_NAME
    if result.exists():
      return json.loads(result.read_text(encoding="utf-8"))["measures"]
    hp = trial.hyperparameters
    parent = hp.values.get("tuner/trial_id")
    if parent and not (folder / name).exists():
      _continue_from(pathlib.Path(self.get_trial_dir(parent), name), folder)
    started = time.monotonic()
    tf.keras.backend.clear_session()
    gc.collect()
    hypermodel = self.hypermodel.with_seed(execution)
    # The table of trials has standard output to itself.
    with contextlib.redirect_stdout(sys.stderr):
      model = hypermodel.build(hp)
      measures = {**hypermodel.fit(hp, model, str(folder / name)), **cost}
    record = {
      "measures": measures,
      "steps": hypermodel.steps(hp),
      "seconds": time.monotonic() - started,
    }
    files.write_text(result, json.dumps(record, indent=2), "tuner_dir")
    if not np.isfinite(measures[self.hypermodel.search.objective]):
      raise errors.UserError("The objective is no number.")
    return measures


class _PatientStub:
  """Asks again when the chief is away, until the search is over."""

  def __init__(self, stub: Any, over: str, patience: float):
    """Wraps what asks.

    Args:
      stub: keras-tuner's.
      over: File that the chief leaves when the search is over.
      patience: Seconds for which one from before this start is not believed:
        the chief may go on with a search that was over.
    """
    self._stub, self._over = stub, over
    self._started, self._patience = time.time(), patience

  def __getattr__(self, name: str) -> Callable[..., Any]:
    call = getattr(self._stub, name)

    def patient(request: Any, **_: Any) -> Any:
      while True:
        try:
          return call(request, wait_for_ready=True, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
          if error.code() == grpc.StatusCode.UNKNOWN:  # the chief's own
            raise kt_errors.FatalError(error.details()) from error
        if self._is_over():
          raise _Over()

    return patient

  def _is_over(self) -> bool:
    try:
      since = os.stat(self._over).st_mtime
    except OSError:
      return False
    waited = time.time() - self._started
    return since >= self._started or waited > self._patience


def _longest(search: config_lib.SearchConfig) -> int:
  """Returns the length of Hyperband's longest trials, in its epochs."""
  return search.hyperband_factor ** (_ROUNDS - 1)


def _continue_from(parent: pathlib.Path, folder: pathlib.Path) -> None:
  """Copies what a shorter trial has learned; whole or not at all."""
  partial = folder / f"{parent.name}.partial"
  shutil.rmtree(partial, ignore_errors=True)
  wanted = checkpoints.FOLDERS[config_lib.LATEST]
  shutil.copytree(parent / wanted, partial / wanted)
  shutil.copy(parent / config_file.FILE_NAME, partial)
  partial.rename(folder / parent.name)


def search(
  config: config_lib.Config,
  options: config_lib.SearchConfig,
  tuner_dir: str,
  distributed: bool = False,
  max_bytes: float = 0.0,
  show_ended: bool = True,
) -> search_report.Summary | None:
  """Searches, or goes on with a search.

  Args:
    config: What all trials have in common, not necessarily resolved.
    options: What is varied, and how.
    tuner_dir: The folder of the search. Gets `search.json`, `oracle.json`, a
      folder for each trial, `logs/` (TensorBoard), `results.csv`,
      `objective.png` and `best.flags`, the last three after every trial. The
      folders of the finalists are those of whole runs.
    distributed: Whether this process is one of several, as keras-tuner's
      environment variables say: the chief, which chooses and reports, or a
      worker, which trains. All need the same folder.
    max_bytes: How large the process may be when another trial is begun; 0: no
      limit.
    show_ended: Whether to show what an earlier start has found.

  Returns:
    What was found; None for a worker.

  Raises:
    errors.UserError: If an option cannot be used, the folder holds another
      search, or ten trials in a row fail.
    train_lib.Interrupted: After SIGTERM or SIGINT; nothing is lost.
    NeedsRestart: If the process is larger than `max_bytes`; call this again,
      in a new one.
  """
  config_checks.check_search(options)
  name = _tuner_name(distributed)
  chief = distributed and _CHIEF in name
  worker = distributed and not chief
  _check_trials(config, options)
  hypermodel = CycleGANHyperModel(config, options)
  if not chief:
    validation.check_metric("objective", options.objective, hypermodel.source())
  files.make_folder(tuner_dir, "tuner_dir")
  tuner_dir = os.path.abspath(tuner_dir)
  oracle = _oracle(hypermodel)
  oracle.set_folder(tuner_dir)
  if worker:
    with _beating(tuner_dir, name):
      _run(Tuner(oracle, hypermodel, tuner_dir, max_bytes), tuner_dir)
    return None
  _check_same_search(config, options, tuner_dir)
  oracle.max_trials += search_report.count_over_budget(tuner_dir)
  oracle.reload()
  over = pathlib.Path(tuner_dir, _OVER_NAME)
  over.unlink(missing_ok=True)
  report = search_report.Report(config, options, tuner_dir)

  def on_end(trial: oracles.Trial) -> None:
    if search_report.is_over_budget(report.row(trial)["message"]):
      oracle.max_trials += 1  # it took seconds only, and is no try
    report.add(trial, oracle)

  if options.finalists and options.max_minutes:
    oracle.reserve = lambda: _seconds_of_finalists(oracle, hypermodel, report)
  oracle.on_end = on_end
  tuner = Tuner(oracle, hypermodel, tuner_dir, max_bytes)
  oracle.save()
  if show_ended:
    report.start(oracle)
  if not oracle.finished:
    with (
      _watching(oracle, tuner_dir, options.worker_timeout)
      if chief
      else contextlib.nullcontext()
    ):
      _run(tuner, tuner_dir)
  over.touch()
  return report.finish(oracle)


def memory_limit(options: config_lib.SearchConfig) -> float:
  """Returns how large the process may become, bytes.

  Args:
    options: `restart_gb`.
  """
  there = dataset.used_memory() + dataset.free_memory()
  return options.restart_gb * 1e9 or _MEMORY_SHARE * there


def _seconds_of_finalists(
  oracle: oracles.CrashSafeOracle,
  hypermodel: CycleGANHyperModel,
  report: search_report.Report,
) -> float:
  """Returns how long they will take, by what the trials have taken."""
  options = hypermodel.search
  steps = options.executions_per_trial * hypermodel.full_steps()
  at_a_time = max(1, len(oracle.tuner_ids))
  rounds = math.ceil(options.finalists / at_a_time)
  return rounds * steps * report.seconds_per_step(oracle)


def _run(tuner: Tuner, tuner_dir: str) -> None:
  """Runs the trials, and ends in words whatever ends them."""
  try:
    tuner.search()
  except _Stopped as stopped:
    raise stopped.cause from stopped
  except _Full as full:
    raise NeedsRestart(str(full)) from full
  except _Over:
    pass
  except kt_errors.FatalError as error:
    raise errors.UserError(
      f"{errors.first_line(error)}. What has ended is kept in {tuner_dir}."
    ) from error
  except RuntimeError as error:
    if "bind" not in str(error):
      raise
    raise errors.UserError(
      f"{WORKER_VARIABLES[1]} and {WORKER_VARIABLES[2]}: the chief cannot"
      f" listen there ({errors.first_line(error)}). Give an address of this"
      " machine and a port that is free."
    ) from error


def _tuner_name(distributed: bool) -> str:
  """Returns this process's name among the tuners; checks the environment."""
  if not distributed:
    for variable in WORKER_VARIABLES:
      os.environ.pop(variable, None)
    return ""
  for variable in WORKER_VARIABLES:
    if not os.environ.get(variable):
      raise errors.UserError(
        f"--distributed needs the environment variable {variable}. Set"
        " KERASTUNER_TUNER_ID to chief for one process and to a name of its own"
        " for each worker, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT to"
        " the chief's address for all."
      )
  return os.environ[WORKER_VARIABLES[0]]


def _works_for_chief() -> bool:
  """Returns whether keras-tuner takes this process for a worker."""
  name = os.environ.get(WORKER_VARIABLES[0], "")
  return WORKER_VARIABLES[1] in os.environ and _CHIEF not in name


def _check_trials(
  config: config_lib.Config, options: config_lib.SearchConfig
) -> None:
  """Refuses what a trial would be refused for."""
  types = (config.model.generator_type,)
  if "generator_type" in options.search:
    types = options.generator_type_choices
  for generator_type in types:
    config_checks.resolve(
      config_lib.with_searched(config, {"generator_type": generator_type})
    )
  if config.device != config_lib.DeviceConfig():
    raise errors.UserError(
      "A trial runs on one device. Search on several machines with"
      " --distributed instead of --distribution_strategy."
    )


def _check_same_search(
  config: config_lib.Config, options: config_lib.SearchConfig, tuner_dir: str
) -> None:
  """Keeps what is searched, or refuses to mix it with another search."""
  path = pathlib.Path(tuner_dir, RECORD_NAME)
  now = {**dataclasses.asdict(config), "search": dataclasses.asdict(options)}
  now = json.loads(json.dumps(now))  # tuples become lists
  if path.exists():
    try:
      before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
      raise errors.UserError(
        f"--tuner_dir: {path} is no JSON ({errors.first_line(error)})."
        " Restore it, or give a new --tuner_dir."
      ) from error
    for part, values in now.items():
      for name, value in values.items():
        was = before.get(part, {}).get(name)
        if was != value and name not in _MAY_CHANGE:
          raise errors.UserError(
            f"--{name}={_shown(value)} cannot go on with the search in"
            f" --tuner_dir={tuner_dir}, which has {_shown(was)}. Give that"
            " again, or another --tuner_dir."
          )
  files.write_text(path, json.dumps(now, indent=2) + "\n", "tuner_dir")


def _shown(value: Any) -> str:
  """Returns a value as a flag has it."""
  return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _oracle(hypermodel: CycleGANHyperModel) -> oracles.CrashSafeOracle:
  """Returns what chooses the trials."""
  options = hypermodel.search
  shared = {
    "objective": keras_tuner.Objective(options.objective, "min"),
    "seed": hypermodel.config.train.seed or 1,
    "max_consecutive_failed_trials": oracles.NO_LIMIT,
  }
  first = first_values(hypermodel.config, options)
  if options.tuner == "hyperband":
    oracle = oracles.Hyperband(
      max_epochs=_longest(options), factor=options.hyperband_factor, **shared
    )
    oracle.max_trials = options.max_trials
    first = {}
  elif options.tuner == "grid":
    oracle = oracles.Grid(
      _grid(options), max_trials=options.max_trials, **shared
    )
  elif options.tuner == "random":
    oracle = oracles.Random(max_trials=options.max_trials, **shared)
  else:
    oracle = oracles.Bayesian(
      max_trials=options.max_trials, alpha=_ALPHA, **shared
    )
  oracle.first = first
  oracle.max_seconds = 60.0 * options.max_minutes
  oracle.finalists = options.finalists
  return oracle


def first_values(
  config: config_lib.Config, options: config_lib.SearchConfig
) -> dict[str, Any]:
  """Returns the configuration's own values, if the search may try them."""
  values = config_lib.searched(config, options.search)
  for name, value in values.items():
    if hasattr(options, f"{name}_range"):
      low, high = getattr(options, f"{name}_range")
      allowed = low <= value <= high
    else:
      allowed = value in getattr(options, f"{name}_choices")
    if not allowed:
      return {}
  return values


def _grid(options: config_lib.SearchConfig) -> dict[str, list[Any]]:
  """Returns the values that a grid search tries, ranges on a log scale."""
  grid: dict[str, list[Any]] = {}
  for name in options.search:
    if hasattr(options, f"{name}_range"):
      points = np.geomspace(
        *getattr(options, f"{name}_range"), options.grid_points
      )
      grid[name] = [float(f"{point:.6g}") for point in points]
    else:
      grid[name] = list(getattr(options, f"{name}_choices"))
  return grid


@contextlib.contextmanager
def _every_beat(do: Callable[[], None]) -> Iterator[None]:
  """Does something every second in the background."""
  done = threading.Event()

  def run() -> None:
    while not done.wait(_BEAT_SECONDS):
      do()

  thread = threading.Thread(target=run, daemon=True)
  thread.start()
  try:
    yield
  finally:
    done.set()
    thread.join()


def _beating(
  tuner_dir: str, name: str
) -> contextlib.AbstractContextManager[None]:
  """Gives signs of life while a worker works."""
  folder = pathlib.Path(tuner_dir, _WORKERS_FOLDER)
  folder.mkdir(exist_ok=True)

  def beat() -> None:
    with contextlib.suppress(OSError):  # a full disk is reported elsewhere
      (folder / name).write_text(str(time.time()), encoding="utf-8")

  return _every_beat(beat)


def _watching(
  oracle: oracles.CrashSafeOracle, tuner_dir: str, timeout: float
) -> contextlib.AbstractContextManager[None]:
  """Gives the trials of workers that are gone to others."""
  folder = pathlib.Path(tuner_dir, _WORKERS_FOLDER)
  seen: dict[str, tuple[str, float]] = {}

  def watch() -> None:
    for name in {*oracle.tuner_ids, *oracle.ongoing_trials}:
      try:
        beat = (folder / name).read_text(encoding="utf-8")
      except OSError:
        beat = ""
      now = time.monotonic()
      if seen.setdefault(name, (beat, now))[0] != beat:
        seen[name] = beat, now
      if now - seen[name][1] > timeout:
        del seen[name]
        trial = oracle.release(name)
        given = f"; trial {trial} is given to another" if trial else ""
        print(
          f"Worker {name} gave no sign of life for {timeout} s{given}.",
          flush=True,
        )

  return _every_beat(watch)
