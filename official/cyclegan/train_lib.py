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
"""Trains a CycleGAN: from a configuration to checkpoints in a folder."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan import old_names
from official.cyclegan import probe_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.core import model_path
from official.cyclegan.core import overwriting
from official.cyclegan.core import run_time
from official.cyclegan.data import dataset
from official.cyclegan.data import read_errors
from official.cyclegan.data import sources
from official.cyclegan.evaluation import validation
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.reporting import live_report
from official.cyclegan.reporting import page
from official.cyclegan.reporting import run_page
from official.cyclegan.training import build
from official.cyclegan.training import callbacks
from official.cyclegan.training import checkpoint_store
from official.cyclegan.training import checkpoints
from official.cyclegan.training import diagnostics
from official.cyclegan.training import diagnostics_callback
from official.cyclegan.training import half_size
from official.cyclegan.training import history
from official.cyclegan.training import progress_grid
from official.cyclegan.training import run_metadata
from official.cyclegan.training import stop_requests
from official.cyclegan.training import summaries
from official.cyclegan.training import time_limit

__getattr__ = old_names.left("train_lib")

SAMPLES_FOLDER = "samples"
LOGS_FOLDER = "logs"
ANIMATION_NAME = "progress.gif"
_SAMPLE_IMAGES = 4  # of each domain
_CONTACT_IMAGES = 8  # of each domain, of the training split
_SCALAR_INTERVAL = 50  # steps
_RULES = diagnostics.Rules()
# Raised when a file can no longer be read that could be at the start.
_UNREADABLE = (
  tf.errors.NotFoundError,
  tf.errors.PermissionDeniedError,
  tf.errors.UnknownError,
)
# Raised, among other reasons, when records are damaged.
_DAMAGED = (
  UnicodeDecodeError,
  tf.errors.DataLossError,
  tf.errors.FailedPreconditionError,
  tf.errors.InvalidArgumentError,
  tf.errors.OutOfRangeError,
)


@dataclasses.dataclass(frozen=True)
class _Run:
  """A training that starts or goes on.

  Attributes:
    config: The resolved configuration.
    model_dir: The folder of the run.
    source: The data set.
    store: Saves and restores the model.
    strategy: What the model is distributed by.
    first_step: Steps already done.
    total_steps: Length of the whole run, steps.
    rules: When the run counts as gone wrong.
    budget: Its time, if that decides how long it is.
    judge: What tells translated pictures from others, if the probe has one.
  """

  config: config_lib.ResolvedConfig
  model_dir: str
  source: sources.Source
  store: checkpoint_store.CheckpointStore
  strategy: tf.distribute.Strategy
  first_step: int
  total_steps: int
  rules: diagnostics.Rules
  budget: run_time.Budget | None
  judge: diagnostics_callback.Judge | None


def train(
  config: config_lib.ResolvedConfig,
  model_dir: str,
  rules: diagnostics.Rules = _RULES,
  extra_callbacks: Sequence[type[callbacks.StepCallback]] = (),
  model: model_lib.CycleGAN | None = None,
  source: sources.Source | None = None,
  started: float | None = None,
) -> model_lib.CycleGAN:
  """Trains, or goes on with, the run in a folder.

  With `device.distribution_strategy` `multi_worker` every worker calls this
  with the same folder, which all can read; only the chief writes.

  Args:
    config: The resolved configuration.
    model_dir: The folder of the run. Gets `config.json`, `run.json`,
      `checkpoints/`, perhaps `checkpoints_best/`, `samples/` (PNG pictures),
      `logs/` (TensorBoard), `report.html` with `results.csv`, `results.png`,
      `progress.json` and `contact_sheet.png`, and at the end `progress.gif`;
      `time.json` if time decides how long it is.
    rules: When the run counts as gone wrong.
    extra_callbacks: Classes whose instances are called before the others;
      constructed like `callbacks.StepCallback`.
    model: The untrained model that `build.build` returned for this
      configuration and a single device; None builds it here.
    source: The configuration's data set, opened already; None opens it here.
    started: When the process began with it, by `time.monotonic`, for runs
      whose length is a time; None: now.

  Returns:
    The trained model.

  Raises:
    errors.UserError: If the data set, the folder, the devices or a changed
      option makes the run impossible, a loss or a weight is NaN or infinite,
      all checkpoints are damaged, or another worker is lost.
    errors.StorageError: If a file cannot be read or written.
    locks.InUseError: If another process trains there.
    stop_requests.Interrupted: After SIGTERM, SIGHUP or SIGINT, once all is
      saved.
  """
  _refuse_overwriting(config, model_dir)
  model_path.require_config(model_dir, "model_dir")
  strategy = devices.strategy(config.device)
  devices.check_batch(config.data.batch_size, strategy)
  held: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
  if devices.is_chief(strategy):  # of several workers the only one that writes
    held = locks.hold(model_dir, "model_dir")
  with held:
    files.make_folder(model_dir, "model_dir")
    with _counted(config, model_dir, started) as budget:
      return _train(
        config,
        model_dir,
        rules,
        extra_callbacks,
        model,
        source,
        strategy,
        budget,
      )


def _checkpoints(model_dir: str) -> list[str]:
  """Returns a run's checkpoints, as `checkpoints.find`."""
  latest = checkpoints.FOLDERS[config_lib.LATEST]
  return checkpoints.find(os.path.join(model_dir, latest))


@contextlib.contextmanager
def _counted(
  config: config_lib.ResolvedConfig, model_dir: str, started: float | None
) -> Iterator[run_time.Budget | None]:
  """Gives a run its time, and counts that of this start.

  Unless it fails before it saves a checkpoint. Of one that is killed or
  interrupted it counts: the same command is to end when it would have.

  Args:
    config: The resolved configuration.
    model_dir: The folder of the run.
    started: As of `train`.

  Yields:
    The time; None for a run whose length is a number of steps.
  """
  before = _checkpoints(model_dir)
  began = time.monotonic() if started is None else started
  budget = run_time.begin(config.train, model_dir, began, bool(before))
  if budget is None:
    yield None
    return
  budget.save()  # for a run that is killed before its first step
  try:
    yield budget
  except errors.Interruption:
    raise
  except Exception:
    # Once that is mended the run has the time that it had.
    with contextlib.suppress(errors.UserError):
      if _checkpoints(model_dir) == before:
        budget.forget()
    raise


def _train(
  config: config_lib.ResolvedConfig,
  model_dir: str,
  rules: diagnostics.Rules,
  extra_callbacks: Sequence[type[callbacks.StepCallback]],
  model: model_lib.CycleGAN | None,
  source: sources.Source | None,
  strategy: tf.distribute.Strategy,
  budget: run_time.Budget | None,
) -> model_lib.CycleGAN:
  """Trains in a folder that is held; as `train`."""
  precision = config.train.precision
  if _checkpoints(model_dir):
    checkpoints.check_same_run(config, model_dir)
    if precision == "auto":  # another machine would choose another one
      precision = config_file.load(model_dir).train.precision
  config = build.with_precision(config, precision)
  source = source or sources.open_source(config.data, config.model.channels)
  total_steps = time_limit.UNKNOWN
  if budget is None:
    total_steps = build.run_steps(config, source)
  if model is None:
    with strategy.scope():
      model = build.build(config, source)
  store = checkpoint_store.CheckpointStore(
    model, model_dir, config.train.keep_checkpoints, strategy=strategy
  )
  first_step = store.restore() or 0
  if devices.is_chief(strategy):
    config_file.save(config, model_dir)
    notes = {} if budget is None else {"time": _time_notes(budget)}
    run_metadata.add_start(
      model_dir, config, source, devices.describe(strategy), first_step, **notes
    )
  is_over = budget is not None and first_step > 0 and budget.left() <= 0.0
  if first_step >= total_steps or is_over:
    logging.info(
      "%s is already trained to step %d%s.",
      model_dir,
      first_step,
      ", and its time is used" if is_over else "",
    )
    store.tidy()
    return model
  length: float = total_steps
  if budget is not None:  # as fast as until now
    length = first_step * budget.total / max(budget.used(), 1e-3)
  judge = _probe(config, source, model_dir, first_step, length, rules, strategy)
  the_run = _Run(
    config,
    model_dir,
    source,
    store,
    strategy,
    first_step,
    total_steps,
    rules,
    budget,
    judge,
  )
  called = [
    *(extra(first_step, total_steps) for extra in extra_callbacks),
    *_callbacks(the_run),
  ]
  if budget is not None:
    called.insert(0, _time_limit(the_run, budget, called))
  with contextlib.ExitStack() as reported:
    for callback in called:
      if isinstance(callback, live_report.LiveReport):
        reported.enter_context(callback.closing())
    _fit(model, the_run, called)
  return model


def run(
  config: config_lib.ResolvedConfig,
  model_dir: str,
  started: float | None = None,
) -> None:
  """Trains as a command does: sets the devices up first.

  Args:
    config: The resolved configuration.
    model_dir: The folder of the run.
    started: As of `train`.

  Raises:
    errors.UserError: As `train`.
    stop_requests.Interrupted: As `train`.
  """
  devices.set_up(config)
  with errors.keeping(lambda: checkpoints.describe_kept(model_dir)):
    train(config, model_dir, started=started)


def _probe(
  config: config_lib.ResolvedConfig,
  source: sources.Source,
  model_dir: str,
  first_step: int,
  length: float,
  rules: diagnostics.Rules,
  strategy: tf.distribute.Strategy,
) -> diagnostics_callback.Judge | None:
  """Looks at the pictures of a run that begins, and says what was found.

  One that goes on has said it, but needs the judge if its rule is to come.

  Args:
    config: The resolved configuration.
    source: The data set.
    model_dir: The folder of the run.
    first_step: Steps already done.
    length: Of the whole run, steps, as far as it is known.
    rules: When the judge is asked.
    strategy: What the model is distributed by.
  """
  wanted = config.train.probe and not config.distill.teacher
  if not wanted or not devices.is_chief(strategy):
    return None
  if first_step and first_step >= diagnostics_callback.idle_end(rules, length):
    return None
  probe = probe_lib.ShortProbe(config, source)
  if first_step == 0:
    probe.log()
    run_metadata.add_note(model_dir, probe=probe.report)
  return probe.judge() if config.train.health_check else None


def _refuse_overwriting(
  config: config_lib.ResolvedConfig, model_dir: str
) -> None:
  """Refuses a run's folder that is, or lies in, what is trained on or from.

  Also one with other results than a run's.
  """
  reads = overwriting.of_data(config.data)
  if config.distill.teacher:
    reads += overwriting.of_model(config.distill.teacher)
  written = (
    model_path.CONFIG_NAME,
    run_metadata.FILE_NAME,
    run_time.FILE_NAME,
    *model_path.CHECKPOINT_FOLDERS.values(),
    SAMPLES_FOLDER,
    LOGS_FOLDER,
    ANIMATION_NAME,
    page.REPORT_NAME,
    run_page.CURVES_NAME,
    run_page.CONTACT_NAME,
    history.RESULTS_NAME,
    history.PROGRESS_NAME,
  )
  overwriting.check(reads, "model_dir", model_dir, written)
  overwriting.check_kind(overwriting.Kind.RUN, "model_dir", model_dir)


def _fit(
  model: model_lib.CycleGAN,
  run: _Run,
  called: list[callbacks.StepCallback],
) -> None:
  """Runs the steps.

  Raises:
    errors.UserError: If a picture cannot be read any more or another worker is
      lost; and as the callbacks.
    stop_requests.Interrupted: After SIGTERM, SIGHUP or SIGINT, once all is
      saved.
  """
  checkpoint = next(c for c in called if isinstance(c, callbacks.Checkpoint))
  try:
    with checkpoint.requests.listen():
      # One long epoch: the callbacks count steps, and so does the data order.
      model.fit(
        _batches(run),
        # Time ends it by `stop_training`.
        steps_per_epoch=min(run.total_steps - run.first_step, 2**31 - 1),
        callbacks=called,
        verbose=0,
        shuffle=False,  # the batches have their order; Keras 3 warns of True
      )
  except read_errors.MET as error:
    if devices.worker_count(run.strategy) == 1:
      if isinstance(error, _DAMAGED):
        damaged = read_errors.damaged_records(run.source)
        if damaged is not None:
          raise damaged from error
      if not isinstance(error, _UNREADABLE):
        raise
      raise errors.StorageError(
        f"a picture cannot be read any more at step {checkpoint.step}"
        f" ({_reason(error)}). Put it back and give the same command again: it"
        " goes on from the last checkpoint. --cache=memory or disk needs the"
        " files at the start only."
      ) from error
    raise errors.UserError(
      f"another worker was lost at step {checkpoint.step}. Start all workers"
      " again with their same commands: they go on from the last checkpoint."
    ) from error
  finally:
    for callback in called:
      if isinstance(callback, (callbacks.ProgressBar, time_limit.TimeLimit)):
        callback.close()
  if checkpoint.stopped_by is not None:
    raise stop_requests.Interrupted(checkpoint.stopped_by, checkpoint.step)
  # Keras only warns of data that end; a callback may have had enough.
  if checkpoint.step < run.total_steps and not model.stop_training:
    ended = errors.UserError(
      f"the pictures of {run.source.name} ended at step {checkpoint.step}. Look"
      " whether they are still there, and give the same command again."
    )
    raise read_errors.damaged_records(run.source) or ended


def _reason(error: Exception) -> str:
  """Returns the line of a graph's error that names the file."""
  found = re.search(
    r".*(cannot be read|No such file|[Pp]ermission denied).*",
    getattr(error, "message", ""),
  )
  return found.group().strip() if found else errors.first_line(error)


def _batches(run: _Run) -> tf.data.Dataset:
  """Returns the training data from a step on, for this process's devices."""
  config = run.config

  def for_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
    replicas = context.num_replicas_in_sync
    count = replicas // context.num_input_pipelines
    shard = dataset.InputShard(
      replicas, context.input_pipeline_id * count, count
    )
    return dataset.training_batches(
      run.source,
      config.data,
      config.train.seed,
      run.first_step,
      shard,
      build.size_multiple(config),
    )

  if run.strategy.num_replicas_in_sync == 1:
    return for_worker(tf.distribute.InputContext())
  return run.strategy.distribute_datasets_from_function(for_worker)


def _callbacks(run: _Run) -> list[callbacks.StepCallback]:
  """Returns the callbacks of a run, in the order in which they are called.

  The checkpoint is the last: at a step that is saved all else has been done,
  and need not be done again when the run goes on from there.
  """
  config = run.config
  steps = run.first_step, run.total_steps
  writer = tf.summary.create_noop_writer()
  called: list[callbacks.StepCallback] = []
  if config_checks.half_size(config):
    fraction, size = config.train.half_size_fraction, config.data.crop_size
    seconds = 0.0 if run.budget is None else run.budget.total
    called.append(half_size.HalfSize(*steps, fraction, size, seconds))
  if devices.is_chief(run.strategy):
    writer = _summary_writer(run.model_dir)
    called.extend(_chief_callbacks(run, writer))
  # On every worker: resetting the means takes all of them.
  called.append(summaries.TensorBoard(*steps, writer, config, _SCALAR_INTERVAL))
  epoch_steps = build.steps_per_epoch(run.source, config.data)
  best = _best_checkpoint(run)
  # An epoch of a few pictures is over at once: time then says how often.
  if best or config.train.eval_every_steps:
    test_set = validation.load(run.source, config.data.crop_size)
    pause = 0.0
    if run.budget is not None and not config.train.eval_every_steps:
      pause = time_limit.pause(run.budget.total)
    called.append(
      callbacks.Validation(
        *steps,
        validation.Evaluator(test_set),
        config.train.eval_every_steps or epoch_steps,
        writer,
        best,
        pause,
      )
    )
  saved_every = noted_every = config.train.save_every_steps or epoch_steps
  if run.budget is not None and not config.train.save_every_steps:
    saved_every = time_limit.UNKNOWN  # `TimeLimit` asks for them
    noted_every = max(epoch_steps, _SCALAR_INTERVAL)
  if devices.is_chief(run.strategy):
    called.append(_live_report(run, called, noted_every))
  called.append(
    callbacks.Checkpoint(
      *steps,
      run.store,
      saved_every,
      stop_requests.StopRequests(),
      run.strategy,
      devices.worker_count(run.strategy),
    )
  )
  return called


def _live_report(
  run: _Run, others: list[callbacks.StepCallback], noted_every: int
) -> live_report.LiveReport:
  """Returns what keeps the run's page up to date."""
  counts = {
    domain: min(_SAMPLE_IMAGES, run.source.counts[f"test{domain}"])
    for domain in ("A", "B")
  }

  def contact_sheet() -> np.ndarray:
    return progress_grid.rows_of(
      *(
        dataset.first_images(
          run.source, split, run.config.data.crop_size, _CONTACT_IMAGES
        )
        for split in ("trainA", "trainB")
      )
    )

  return live_report.LiveReport(
    run.first_step,
    run.total_steps,
    run.model_dir,
    _SCALAR_INTERVAL,
    noted_every,
    counts,
    others,
    contact_sheet,
  )


def _summary_writer(model_dir: str) -> tf.summary.SummaryWriter:
  """Returns what writes TensorBoard's event files.

  Raises:
    errors.UserError: If nothing can be written there.
  """
  folder = os.path.join(model_dir, LOGS_FOLDER)
  files.make_folder(folder, "model_dir")
  try:
    return tf.summary.create_file_writer(folder)
  except tf.errors.OpError as error:
    raise errors.StorageError(
      f": {folder} cannot be written ({errors.first_line(error)}). Free some"
      " space, or give a folder that is writable.",
      "model_dir",
    ) from error


def _chief_callbacks(
  run: _Run, writer: tf.summary.SummaryWriter
) -> list[callbacks.StepCallback]:
  """Returns the callbacks that only one of several workers needs."""
  config = run.config
  steps = run.first_step, run.total_steps
  samples = os.path.join(run.model_dir, SAMPLES_FOLDER)
  files.make_folder(samples, "model_dir")
  images_A, images_B = (
    dataset.first_images(
      run.source, split, config.data.crop_size, _SAMPLE_IMAGES
    )
    for split in ("testA", "testB")
  )
  title = "train"
  if run.budget is not None:
    title = f"train, ends at {_shown(run.budget.ends)}"
  called: list[callbacks.StepCallback] = [callbacks.ProgressBar(*steps, title)]
  if config.train.health_check:
    called.append(
      diagnostics_callback.Diagnostics(
        *steps,
        images_A,
        images_B,
        writer,
        config.train.learning_rate,
        run.rules,
        run.judge,
        config,
      )
    )
  called.append(
    summaries.ProgressPictures(
      *steps,
      samples,
      os.path.join(run.model_dir, ANIMATION_NAME),
      images_A,
      images_B,
      config.train.sample_interval,
      writer,
    )
  )
  return called


def _time_limit(
  run: _Run, budget: run_time.Budget, called: list[callbacks.StepCallback]
) -> time_limit.TimeLimit:
  """Returns what ends a run in time, and says what to expect."""
  ends = _shown(budget.ends)

  def expect(steps: int) -> None:
    with called[0].optional_output(run_metadata.FILE_NAME):
      notes = {**_time_notes(budget), "expected_steps": steps}
      run_metadata.add_note(run.model_dir, time=notes)
    callbacks.log_beside_bar(
      logging.INFO, "The run ends at %s, after about %s steps.", ends, steps
    )

  logging.info(
    "The run ends at %s; %.3g of %.3g minutes are left.",
    ends,
    max(0.0, budget.left()) / 60,
    budget.total / 60,
  )
  return time_limit.TimeLimit(
    run.first_step,
    budget,
    called,
    saves=not run.config.train.save_every_steps,
    on_estimate=expect,
    remedy=_slow_start_remedy(run),
    half_size_fraction=run.config.train.half_size_fraction,
  )


def _slow_start_remedy(run: _Run) -> str:
  """Returns what helps where it takes long until the pictures are read."""
  found = []
  if run.source.split_files:
    found.append(
      "The pictures of a folder are all looked through first; those that"
      " prepare has packed are not."
    )
  if run.config.data.cache != "none":
    found.append(
      "--cache=none does not decode all of them before the first step, but each"
      " when its turn comes, in the same order."
    )
  return " ".join(found)


def _time_notes(budget: run_time.Budget) -> dict[str, Any]:
  """Returns what `run.json` says of a run's time."""
  return {
    "ends": budget.ends.isoformat(timespec="seconds"),
    "total_seconds": round(budget.total, 1),
    "used_seconds": round(budget.used(), 1),
  }


def _shown(moment: datetime.datetime) -> str:
  """Returns a time of this machine's day, or a date as well if it is far."""
  local = moment.astimezone()
  far = abs(local - datetime.datetime.now().astimezone())
  style = "%H:%M" if far < datetime.timedelta(hours=20) else "%Y-%m-%d %H:%M"
  return local.strftime(style)


def _best_checkpoint(run: _Run) -> checkpoint_store.BestCheckpoint | None:
  """Returns what keeps the best checkpoint, if the run asks for it.

  Raises:
    errors.UserError: If the data set cannot give the metric.
  """
  metric = run.config.train.best_metric
  if metric == "none":
    return None
  validation.check_metric("best_metric", metric, run.source)
  return checkpoint_store.BestCheckpoint(run.store, run.model_dir, metric)
