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
"""What TFX's Trainer and Tuner call: `run_fn` and `tuner_fn`.

They are named by their dotted names, so that no file is packed into a wheel.
Nothing of TFX is needed here: what its components hand over is looked at by
its attributes.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import pathlib
import time
import types
from typing import Any, NamedTuple

import keras_tuner
import tensorflow as tf
from absl import logging

from official.cyclegan import export_lib
from official.cyclegan import train_lib
from official.cyclegan import tune_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import search_config
from official.cyclegan.data import sources
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.pipeline import decision
from official.cyclegan.pipeline import settings as settings_lib
from official.cyclegan.pipeline import work_folders
from official.cyclegan.training import build
from official.cyclegan.training import checkpoints
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_report

RUN_FN = f"{__name__}.run_fn"
TUNER_FN = f"{__name__}.tuner_fn"
# Beside a model, not in it: which run it is of.
ORIGIN_NAME = "origin.json"
_SETTINGS = "settings"  # key of the components' custom_config
_RUNS, _SEARCHES = "train", "tune"  # folders in the work's


def custom_config(
  settings: settings_lib.Settings, *names: str
) -> dict[str, str]:
  """Returns what `run_fn` and `tuner_fn` are handed, as TFX keeps it.

  Args:
    settings: Of the pipeline.
    *names: The attributes that matter to the step.
  """
  return {_SETTINGS: settings.text("config", "levels", *names)}


def run_fn(fn_args: Any) -> None:
  """Trains and exports, or goes on with it.

  Args:
    fn_args: TFX's FnArgs. `train_files` are patterns of an Examples artifact;
      `model_run_dir` gets the run's folder, `serving_model_dir` what `export`
      writes. `hyperparameters` are the Tuner's, `base_model` a model to begin
      with; both may be missing.

  Raises:
    errors.UserError: If an option, the pictures or the machine make the
      training or the export impossible.
    stop_requests.Interrupted: After SIGTERM, SIGHUP or SIGINT, once all is
      saved.
  """
  started = time.monotonic()
  settings = settings_lib.read(fn_args.custom_config[_SETTINGS])
  examples = _examples(fn_args)
  work = work_folders.root(settings.pipeline.work_dir, examples)
  data = work_folders.examples(examples, work, settings.levels)
  config = _with_best(settings.config, fn_args.hyperparameters)
  config = _reading(config, data)
  base = _run_of(fn_args.base_model)
  key = work_folders.key(
    settings_lib.version(), config_file.to_json(config), base
  )
  model_dir = os.path.join(work, _RUNS, key)
  _set_up(config)
  source = sources.open_source(config.data, config.model.channels)
  _refuse_measure(settings.pipeline.measure, source)
  with errors.keeping(lambda: checkpoints.describe_kept(model_dir)):
    model = _warm_started(config, source, base, model_dir) if base else None
    train_lib.train(
      config, model_dir, model=model, source=source, started=started
    )
  _hand_over(config, model_dir, examples, fn_args, settings)


def _hand_over(
  config: config_lib.ResolvedConfig,
  model_dir: str,
  examples: str,
  fn_args: Any,
  settings: settings_lib.Settings,
) -> None:
  """Copies a run that is trained to where TFX wants it, and exports it."""
  data = dataclasses.replace(config.data, dataset=examples)
  with files.temporary_folder() as folder:
    run = fn_args.model_run_dir
    exported = fn_args.serving_model_dir
    local_run = os.path.join(folder, "run") if files.is_address(run) else run
    local = (
      os.path.join(folder, "export") if files.is_address(exported) else exported
    )
    work_folders.copy(model_dir, local_run)
    # The work's folders go away; the artifact stays.
    trained = config_file.load(local_run)
    config_file.save(dataclasses.replace(trained, data=data), local_run)
    export_lib.export(local_run, local, options=settings.export)
    for made, wanted in ((local_run, run), (local, exported)):
      if made != wanted:
        work_folders.copy(made, wanted)
  origin = os.path.join(os.path.dirname(exported.rstrip("/")), ORIGIN_NAME)
  if files.is_address(origin):
    with tf.io.gfile.GFile(origin, "w") as file:
      file.write(f'{{"model_run": "{run}"}}\n')
  else:
    files.write_json(pathlib.Path(origin), {"model_run": run}, "pipeline_root")


def tuner_fn(fn_args: Any) -> TunerResult:
  """Returns what searches the options, as TFX's Tuner wants it.

  Args:
    fn_args: As of `run_fn`, of which `train_files` and `custom_config` matter.

  Raises:
    errors.UserError: If an option or the pictures make it impossible.
  """
  settings = settings_lib.read(fn_args.custom_config[_SETTINGS])
  examples = _examples(fn_args)
  work = work_folders.root(settings.pipeline.work_dir, examples)
  data = work_folders.examples(examples, work, settings.levels)
  config = dataclasses.replace(
    settings.config,
    data=dataclasses.replace(
      settings.config.data, dataset=data, domain_a="", domain_b=""
    ),
  )
  resolved = config_checks.resolve(config)
  key = work_folders.key(settings.text("search"), config_file.to_json(resolved))
  _set_up(resolved)
  folder = os.path.join(work, _SEARCHES, key)
  return TunerResult(_Search(config, settings.search, folder), {})


class TunerResult(NamedTuple):
  """TFX's TunerFnResult.

  Attributes:
    tuner: What searches.
    fit_kwargs: What its `search` is called with.
  """

  tuner: _Search
  fit_kwargs: dict[str, Any]


class _Search:
  """`tune_lib.search` with the methods of a keras-tuner Tuner."""

  tuner_id = "tuner0"

  def __init__(
    self,
    config: config_lib.Config,
    options: search_config.SearchConfig,
    folder: str,
  ):
    self._config, self._options, self._folder = config, options, folder
    self._best: dict[str, Any] = {}
    # What TFX asks for the artifact of all results.
    self.oracle = types.SimpleNamespace(
      max_trials=options.max_trials, get_best_trials=self._trials
    )

  def search_space_summary(self) -> None:
    """Says what is searched."""
    logging.info("Searched: %s.", ", ".join(self._options.search))

  def search(self) -> None:
    """Searches, or goes on with it."""
    files.make_folder(self._folder, "work_dir")
    summary = tune_lib.search(self._config, self._options, self._folder)
    assert summary is not None  # this is not a worker
    self._best = {name: summary.best[name] for name in self._options.search}
    shown = ", ".join(f"{name} {value}" for name, value in self._best.items())
    logging.info("Best of %d trials: %s.", summary.completed, shown)

  def results_summary(self) -> None:
    """Says nothing more: `search` did."""

  def get_best_hyperparameters(self) -> list[keras_tuner.HyperParameters]:
    """Returns the best options; where there were finalists, of these."""
    best = keras_tuner.HyperParameters()
    for name, value in self._best.items():
      best.Fixed(name, value)
    return [best]

  def _trials(self, count: int) -> list[Any]:
    """Returns rows of the search's table as keras-tuner's trials."""
    path = pathlib.Path(self._folder, search_report.RESULTS_NAME)
    with path.open(encoding="utf-8", newline="") as file:
      rows = list(csv.DictReader(file))
    objective = self._options.objective
    return [
      types.SimpleNamespace(
        trial_id=row.get("trial", str(number)),
        status=oracles.TrialStatus.COMPLETED,
        score=row.get(objective, ""),
        hyperparameters=types.SimpleNamespace(values=dict(row)),
      )
      for number, row in enumerate(rows[:count])
    ]


def _examples(fn_args: Any) -> str:
  """Returns the Examples artifact, of which patterns of files are given."""
  return os.path.dirname(os.path.dirname(fn_args.train_files[0]))


def _reading(config: config_lib.Config, data: str) -> config_lib.ResolvedConfig:
  """Returns the resolved configuration of a run on an artifact."""
  part = dataclasses.replace(
    config.data, dataset=data, domain_a="", domain_b=""
  )
  return config_checks.resolve(dataclasses.replace(config, data=part))


def _with_best(
  config: config_lib.Config, hyperparameters: dict[str, Any] | None
) -> config_lib.Config:
  """Returns a configuration with what the Tuner has found."""
  if not hyperparameters:
    return config
  best = keras_tuner.HyperParameters.from_config(hyperparameters)
  return search_config.with_searched(config, dict(best.values))


def _run_of(base_model: str | None) -> str:
  """Returns the run's folder of a model, empty if there is none."""
  if not base_model:
    return ""
  path = os.path.join(os.path.dirname(base_model.rstrip("/")), ORIGIN_NAME)
  return files.read_json(
    path, "Train without --warm_start.", lambda v: files.text(v["model_run"])
  )


def _set_up(config: config_lib.ResolvedConfig) -> None:
  """Sets the devices up, unless whoever runs all steps has done it."""
  try:
    devices.set_up(config)
  except RuntimeError:
    logging.info("TensorFlow had started already: its threads stay as set.")


def _refuse_measure(measure: str, source: sources.Source) -> None:
  """Refuses, before hours of training, what cannot be compared by after it."""
  needs_truth = measure.endswith(
    ("l1", "psnr", "ssim")
  ) and not measure.startswith(("cycle", "identity"))
  if needs_truth and not source.paired:
    decision.choose(measure, {})
  if measure.startswith(("masked_", "outside_")) and source.load_masks is None:
    decision.choose(measure, {})


def _warm_started(
  config: config_lib.ResolvedConfig,
  source: sources.Source,
  base: str,
  model_dir: str,
) -> model_lib.CycleGAN | None:
  """Returns a model with the networks of another run, to be trained.

  None where the training has begun already, or the networks are others: it
  then begins as without that run, and says so.
  """
  latest = os.path.join(model_dir, checkpoints.FOLDERS[config_lib.LATEST])
  if checkpoints.find(latest):
    return None
  with files.temporary_folder() as folder:
    if files.is_address(base):
      work_folders.copy(base, folder)
      base = folder
    earlier = config_file.load(base)
    other = _first_difference(earlier.model, config.model)
    if other or config_lib.trained_directions(earlier) != (
      config_lib.trained_directions(config)
    ):
      logging.warning(
        "The model in use has other networks (%s): the training begins without"
        " it.",
        other or "one direction only",
      )
      return None
    config = build.with_precision(config, config.train.precision)
    model = build.build(config, source)
    for direction in config_lib.trained_directions(config):
      network, _ = checkpoints.load_generator(base, direction)
      model.generator(direction).set_weights(network.get_weights())
    model.restart_ema_generators()
    checkpoints.restore_discriminators(model, base)
  logging.info("The training begins with the networks of %s.", base)
  return model


def _first_difference(
  one: config_lib.ModelConfig, other: config_lib.ModelConfig
) -> str:
  """Returns in words which option of the networks differs, if any."""
  for field in dataclasses.fields(one):
    values = getattr(one, field.name), getattr(other, field.name)
    if values[0] != values[1]:
      return f"{field.name} {values[0]}, now {values[1]}"
  return ""
