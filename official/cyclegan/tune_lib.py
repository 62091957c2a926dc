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
"""Searches loss weights, architectures and more by short trainings.

The objective never contains the weights that are searched: a smaller weight
makes a weighted loss smaller even if the images become worse. It is one of
`validation`'s measures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import os
from typing import Any

import keras_tuner
from absl import logging

from official.cyclegan import old_names
from official.cyclegan import train_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.core import memory
from official.cyclegan.core import options as options_lib
from official.cyclegan.core import overwriting
from official.cyclegan.core import search_config
from official.cyclegan.data import sources
from official.cyclegan.evaluation import validation
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.serving import deployment_cost
from official.cyclegan.training import build
from official.cyclegan.training import checkpoints
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_record
from official.cyclegan.tuning import search_report
from official.cyclegan.tuning import search_space
from official.cyclegan.tuning import trial_folder
from official.cyclegan.tuning import tuner as tuner_lib
from official.cyclegan.tuning import workers

__getattr__ = old_names.left("tune_lib")

NeedsRestart = tuner_lib.NeedsRestart
_SAVES = 4  # checkpoints of a trial
_MEMORY_SHARE = 0.25  # of what is free or in use at the start


class CycleGANHyperModel(keras_tuner.HyperModel):
  """A CycleGAN whose options keras-tuner varies."""

  def __init__(
    self,
    config: config_lib.Config,
    search: search_config.SearchConfig,
  ):
    """Sets the options that all trials share, and those that differ.

    Args:
      config: The options of all trials, not necessarily resolved.
      search: Which of them are varied, and the values they are drawn from.
    """
    super().__init__(name="cyclegan")
    self.config, self.search = config, search
    # All trials have the same images, which are checked and read once.
    self.source = functools.cache(self._open_source)
    self._evaluator = functools.cache(self._load_evaluator)
    self.measures_cost = any(
      getattr(search, option) for option in deployment_cost.LIMITS.values()
    ) or any(
      name in search_config.ARCHITECTURE_SEARCH.search for name in search.search
    )

  def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
    """Declares the options that are varied, as keras-tuner asks for them.

    Args:
      hp: Gets the declarations.
    """
    self.suggest(hp)

  def suggest(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
    """Returns a trial's value of each option that is varied.

    Args:
      hp: The trial's hyperparameters; an option that they lack is declared.
    """
    configured = search_config.searched(self.config, self.search.search)
    return search_space.suggest(
      hp, search_space.varied(self.search), configured
    )

  def trial_config(
    self, hp: keras_tuner.HyperParameters
  ) -> config_lib.ResolvedConfig:
    """Returns the resolved configuration of a trial.

    Args:
      hp: The trial's; Hyperband's say how long it is as well, and a
        finalist's that it is as long as the configuration says.
    """
    config = search_config.with_searched(self.config, self.suggest(hp))
    if oracles.FINAL_OF in hp.values:
      return config_checks.resolve(config)
    steps = self.search.trial_steps
    if "tuner/epochs" in hp.values:
      longest = oracles.hyperband_epochs(self.search)
      steps = max(1, round(steps * hp.values["tuner/epochs"] / longest))
    train = dataclasses.replace(
      config.train,
      train_steps=steps,
      sample_interval=steps,
      save_every_steps=max(1, steps // _SAVES),
      keep_checkpoints=1,
      eval_every_steps=0,
      best_metric="none",
      probe=False,
    )
    return config_checks.resolve(dataclasses.replace(config, train=train))

  def steps(self, hp: keras_tuner.HyperParameters) -> int:
    """Returns how many steps a trial is trained.

    Args:
      hp: The trial's.
    """
    return build.run_steps(self.trial_config(hp), self.source())

  def full_steps(self) -> int:
    """Returns how many steps a finalist is trained."""
    config = config_checks.resolve(self.config)
    if config.train.train_steps:  # a chief may be without the data set
      return config.train.train_steps
    return build.run_steps(config, self.source())

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
    config = build.with_precision(config, config.train.precision)
    return build.build(config, self.source())

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
    config = self.trial_config(hp)
    _set_aside_another_run(config, model_dir)
    trained = train_lib.train(
      config, model_dir, model=model, source=self.source()
    )
    generators = map(validation.from_generator, trained.inference_generators)
    return self._evaluator().measure(*generators)

  def with_seed(self, execution: int) -> CycleGANHyperModel:
    """Returns a hypermodel with another seed, for repeating a trial.

    Args:
      execution: Number of the repetition, added to the configuration's seed.
    """
    train = dataclasses.replace(
      self.config.train, seed=self.config.train.seed + execution
    )
    config = dataclasses.replace(self.config, train=train)
    other = CycleGANHyperModel(config, self.search)
    # The images, and the features computed from them, stay the same.
    other.source, other._evaluator = self.source, self._evaluator
    return other

  def _open_source(self) -> sources.Source:
    config = config_checks.resolve(self.config)
    return sources.open_source(config.data, config.model.channels)

  def _load_evaluator(self) -> validation.Evaluator:
    size = self.config.data.crop_size
    return validation.Evaluator(validation.load(self.source(), size))


def _set_aside_another_run(
  config: config_lib.ResolvedConfig, model_dir: str
) -> None:
  """Lets a trial begin anew that cannot go on.

  So it is if this package was upgraded meanwhile and has an option more, or if
  all of its checkpoints are damaged.
  """
  folder = os.path.join(model_dir, checkpoints.FOLDERS[config_lib.LATEST])
  if not checkpoints.find(folder):
    return
  try:
    checkpoints.check_same_run(config, model_dir)
    newest, damaged = checkpoints.newest_whole(folder)
    if newest is None and damaged:
      raise checkpoints.none_whole(folder, damaged, "")
  except errors.StorageError:
    raise
  except errors.UserError as error:
    aside = files.set_aside(model_dir)
    logging.warning(
      "%s is trained anew (%s); what it had learned is in %s.",
      model_dir,
      errors.first_line(error),
      aside,
    )


def run(
  config: config_lib.Config,
  options: search_config.SearchConfig,
  tuner_dir: str,
  tuning: search_config.TuneConfig,
) -> None:
  """Searches as a command does: sets the devices up first, logs the result.

  Args:
    config: As for `search`.
    options: As for `search`.
    tuner_dir: As for `search`.
    tuning: Of which `distributed` and `show_ended` matter here.

  Raises:
    errors.UserError: As `search`.
    stop_requests.Interrupted: As `search`.
    NeedsRestart: As `search`.
  """
  for name in ("max_minutes", "until"):
    value = getattr(config.train, name)
    if value:  # of a file, or of the teacher
      raise errors.UserError(
        "is for train and distill: trials are compared after equally many"
        " steps. Give --train_steps, which finalists are trained for.",
        name,
        value,
      )
  if 0 < config.train.train_steps < options.trial_steps:
    logging.warning(
      "--train_steps=%d is how long finalists are trained. Trials are longer:"
      " --trial_steps=%d.",
      config.train.train_steps,
      options.trial_steps,
    )
  devices.set_up(config)
  summary = search(
    config,
    options,
    tuner_dir,
    tuning.distributed,
    memory_limit(options),
    tuning.show_ended,
  )
  if summary is None:  # a worker
    logging.info("The search is over.")
    return
  command = "distill" if config.distill.teacher else "train"
  logging.info("%s", search_report.describe(summary, options, command))


def search(
  config: config_lib.Config,
  options: search_config.SearchConfig,
  tuner_dir: str,
  distributed: bool = False,
  max_bytes: float = 0.0,
  show_ended: bool = True,
) -> search_report.Summary | None:
  """Searches, or goes on with a search.

  Args:
    config: The options of all trials, not necessarily resolved.
    options: Which of them are varied, and how.
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
    The best trial, and how many there were; None for a worker.

  Raises:
    errors.UserError: If an option cannot be used, the folder holds another
      search, or ten trials in a row fail.
    errors.StorageError: If a file cannot be read or written; the trial that
      was run then is run again when this is called again.
    locks.InUseError: If another process searches there.
    stop_requests.Interrupted: After SIGTERM, SIGHUP or SIGINT; nothing is lost.
    NeedsRestart: If the process is larger than `max_bytes`; call this again,
      in a new one.
  """
  config_checks.check_search(options)
  reads = overwriting.of_data(config.data)
  if config.distill.teacher:
    reads += overwriting.of_model(config.distill.teacher)
  overwriting.check(reads, "tuner_dir", tuner_dir)
  overwriting.check_kind(overwriting.Kind.SEARCH, "tuner_dir", tuner_dir)
  role = workers.role(distributed)
  _check_trials(config, options)
  hypermodel = CycleGANHyperModel(config, options)
  if not role.is_chief:  # which may be without the data set
    validation.check_metric("objective", options.objective, hypermodel.source())
  tuner_dir = os.path.abspath(tuner_dir)
  if role.is_worker:
    _work(hypermodel, tuner_dir, role, max_bytes)
    return None
  with locks.hold(tuner_dir, "tuner_dir"):
    return _search(hypermodel, tuner_dir, role, max_bytes, show_ended)


def _oracle(
  hypermodel: CycleGANHyperModel, tuner_dir: str
) -> oracles.CrashSafeOracle:
  """Returns what chooses the trials; makes the folder of the search."""
  config, options = hypermodel.config, hypermodel.search
  files.make_folder(tuner_dir, "tuner_dir")
  oracle = oracles.create(
    options, first_values(config, options), config.train.seed
  )
  oracle.set_folder(tuner_dir)
  return oracle


def _work(
  hypermodel: CycleGANHyperModel,
  tuner_dir: str,
  role: workers.Role,
  max_bytes: float,
) -> None:
  """Trains what a chief chooses, until the search is over."""
  oracle = _oracle(hypermodel, tuner_dir)
  with workers.signs_of_life(tuner_dir, role.name):
    tuner_lib.Tuner(oracle, hypermodel, tuner_dir, role, max_bytes).search()


def _search(
  hypermodel: CycleGANHyperModel,
  tuner_dir: str,
  role: workers.Role,
  max_bytes: float,
  show_ended: bool,
) -> search_report.Summary:
  """Searches in a folder that is held; as `search`, of all but workers."""
  config, options = hypermodel.config, hypermodel.search
  oracle = _oracle(hypermodel, tuner_dir)
  search_record.check_same(config, options, tuner_dir)
  oracle.search_name = search_record.identity(tuner_dir)
  report = search_report.Report(config, options, tuner_dir)
  _connect(oracle, hypermodel, report, tuner_dir)
  hypermodel.declare_hyperparameters(oracle.hyperparameters)
  oracle.reload()
  workers.note_start(tuner_dir)
  tuner = tuner_lib.Tuner(oracle, hypermodel, tuner_dir, role, max_bytes)
  oracle.save()
  if show_ended:
    report.start(oracle)
  if not oracle.finished:
    watched: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if role.is_chief:
      watched = workers.watch(oracle, tuner_dir, options.worker_timeout)
    with watched:
      tuner.search()
  workers.note_end(tuner_dir)
  return report.finish(oracle)


def _connect(
  oracle: oracles.CrashSafeOracle,
  hypermodel: CycleGANHyperModel,
  report: search_report.Report,
  tuner_dir: str,
) -> None:
  """Tells the oracle what trials cost, and the report which have ended."""
  options = hypermodel.search

  def exceeds_limits(trial: oracles.Trial) -> bool:
    folder = trial_folder.TrialFolder(tuner_dir, trial.trial_id)
    return tuner_lib.exceeds_limits(folder, options)

  # Refusing a generator takes seconds, and is not counted as a trial.
  oracle.is_uncounted = exceeds_limits
  oracle.on_end = lambda trial: report.add(trial, oracle)
  if options.finalists and options.max_minutes:
    oracle.reserve = lambda: _seconds_of_finalists(oracle, hypermodel, report)


def memory_limit(options: search_config.SearchConfig) -> float:
  """Returns how large the process may become, bytes.

  Args:
    options: `restart_gb`.
  """
  available = memory.used_memory() + memory.free_memory()
  return options.restart_gb * 1e9 or _MEMORY_SHARE * available


def _seconds_of_finalists(
  oracle: oracles.CrashSafeOracle,
  hypermodel: CycleGANHyperModel,
  report: search_report.Report,
) -> float:
  """Estimates how long the finalists will take, from the trials' speed."""
  options = hypermodel.search
  steps = options.executions_per_trial * hypermodel.full_steps()
  at_a_time = max(1, len(oracle.tuner_ids))
  rounds = math.ceil(options.finalists / at_a_time)
  return rounds * steps * report.seconds_per_step(oracle)


def _check_trials(
  config: config_lib.Config, options: search_config.SearchConfig
) -> None:
  """Raises now what each trial would raise later."""
  # What decides which sizes of pictures a generator takes.
  shapes: dict[str, tuple[Any, ...]] = {}
  for name in ("generator_type", "block_scale"):
    tried = search_space.varied(options).get(name)
    shapes[name] = (getattr(config.model, name),)
    if isinstance(tried, options_lib.Choices):
      shapes[name] = tried.options
  for values in itertools.product(*shapes.values()):
    config_checks.resolve(
      search_config.with_searched(config, dict(zip(shapes, values)))
    )
  if config.device != config_lib.DeviceConfig():
    raise errors.UserError(
      "A trial runs on one device. Search on several machines with"
      " --distributed instead of --distribution_strategy."
    )


def first_values(
  config: config_lib.Config, options: search_config.SearchConfig
) -> dict[str, Any]:
  """Returns the configuration's own values, which the first trial tries.

  Args:
    config: The options of all trials.
    options: Which of them are varied.

  Returns:
    By their names; nothing if one lies outside of the search space.
  """
  values = search_config.searched(config, options.search)
  allowed = search_space.contains(search_space.varied(options), values)
  return values if allowed else {}
