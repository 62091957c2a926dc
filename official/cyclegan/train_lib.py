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

import dataclasses
import math
import os
import re
import signal
import sys
from collections.abc import Sequence

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import dataset
from official.cyclegan.data import sources
from official.cyclegan.evaluation import validation
from official.cyclegan.modeling import adam
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.modeling import schedules
from official.cyclegan.modeling import weight_transfer
from official.cyclegan.training import callbacks
from official.cyclegan.training import checkpoints
from official.cyclegan.training import diagnostics
from official.cyclegan.training import run_metadata

SAMPLES_FOLDER = "samples"
LOGS_FOLDER = "logs"
ANIMATION_NAME = "progress.gif"
_SAMPLE_IMAGES = 4  # of each domain
_SCALAR_INTERVAL = 50  # steps
_RULES = diagnostics.Rules()
# What reading a file raises that was there when training started.
_UNREADABLE = (
  tf.errors.NotFoundError,
  tf.errors.PermissionDeniedError,
  tf.errors.UnknownError,
)


class Interrupted(Exception):
  """The process was asked to stop, and what it had learned is saved.

  Attributes:
    number: The signal's number.
    step: Steps done.
  """

  def __init__(self, number: int, step: int):
    super().__init__(
      f"stopped by {signal.Signals(number).name} at step {step}; saved. The"
      " same command goes on from there."
    )
    self.number, self.step = number, step


def train(
  config: config_lib.Config,
  model_dir: str,
  rules: diagnostics.Rules = _RULES,
  extra_callbacks: Sequence[type[callbacks.StepCallback]] = (),
  model: model_lib.CycleGAN | None = None,
  source: sources.Source | None = None,
) -> model_lib.CycleGAN:
  """Trains, or goes on with, the run in a folder.

  With `device.distribution_strategy` `multi_worker` every worker calls this
  with the same folder, which all can read; only the chief writes.

  Args:
    config: The resolved configuration.
    model_dir: The folder of the run. Gets `config.json`, `run.json`,
      `checkpoints/`, perhaps `checkpoints_best/`, `samples/` (PNG pictures),
      `logs/` (TensorBoard) and at the end `progress.gif`.
    rules: When the run counts as gone wrong.
    extra_callbacks: What else is to happen at the steps, before anything is
      saved; constructed like `callbacks.StepCallback`.
    model: What `build` returned for this configuration and one device; None
      builds it here.
    source: The configuration's data set, opened already; None opens it here.

  Returns:
    The trained model.

  Raises:
    errors.UserError: If the data set, the folder, the devices or a changed
      option makes the run impossible, the numbers are none any more, or
      another worker is lost.
    Interrupted: After SIGTERM or SIGINT, once all is saved.
  """
  strategy = devices.strategy(config.device)
  devices.check_batch(config.data.batch_size, strategy)
  files.make_folder(model_dir, "model_dir")
  precision = config.train.precision
  if checkpoints.find(
    os.path.join(model_dir, checkpoints.FOLDERS[config_lib.LATEST])
  ):
    checkpoints.check_same_run(config, model_dir)
    if precision == "auto":  # another machine would choose another one
      precision = config_file.load(model_dir).train.precision
  config = with_precision(config, precision)
  source = source or sources.open_source(config.data, config.model.channels)
  total_steps = run_steps(config, source)
  if model is None:
    with strategy.scope():
      model = build(config, source)
  store = checkpoints.CheckpointStore(
    model, model_dir, config.train.keep_checkpoints, strategy=strategy
  )
  first_step = store.restore() or 0
  if devices.is_chief(strategy):
    config_file.save(config, model_dir)
    run_metadata.add_start(
      model_dir, config, source, devices.describe(strategy), first_step
    )
  if first_step >= total_steps:
    print(f"{model_dir} is already trained to step {first_step}.")
    return model
  _fit(
    model,
    _batches(source, config, first_step, strategy),
    total_steps - first_step,
    [
      *(extra(first_step, total_steps) for extra in extra_callbacks),
      *_callbacks(
        config,
        model_dir,
        source,
        store,
        strategy,
        first_step,
        total_steps,
        rules,
      ),
    ],
    devices.worker_count(strategy),
  )
  return model


def run(config: config_lib.Config, model_dir: str, program: str) -> None:
  """Trains as a command does: sets the devices up, and obeys signals.

  Args:
    config: The resolved configuration.
    model_dir: The folder of the run.
    program: The command's name, for what it says when it is stopped; the exit
      status is then 128 and the signal's number.

  Raises:
    errors.UserError: As `train`.
  """
  devices.set_up(config)
  try:
    train(config, model_dir)
  except Interrupted as interruption:
    print(f"{program}: {interruption}", file=sys.stderr)
    sys.exit(128 + interruption.number)


def with_precision(
  config: config_lib.Config, precision: str
) -> config_lib.Config:
  """Returns a configuration with a precision; `auto` becomes what it means."""
  train = dataclasses.replace(
    config.train, precision=devices.precision(precision)
  )
  return dataclasses.replace(config, train=train)


def build(
  config: config_lib.Config, source: sources.Source
) -> model_lib.CycleGAN:
  """Returns the compiled model of a run, untrained.

  Args:
    config: The resolved configuration, its precision not `auto`.
    source: The data set, by whose size the learning rates fall.
  """
  largest = None
  if config.data.preprocess in config_lib.VARIABLE_SIZES:
    largest = dataset.largest_size(source, config.data, _multiple(config))
  if config.distill.teacher:
    model = _build_student(config, largest)
  else:
    model = model_lib.build_model(config, largest)
  _compile(model, config, run_steps(config, source))
  return model


def _build_student(
  config: config_lib.Config, largest: tuple[int, int] | None
) -> model_lib.CycleGAN:
  """Returns a model that learns from the generators of another run.

  The discriminators start as the teacher's if they are built like them: they
  know the domains already. With `init_from_teacher` the generators start with
  what the teacher's have of theirs.
  """
  folder = config.distill.teacher
  teacher = config_file.load(folder)
  with model_lib.policy(config.train.precision):
    teachers = {
      direction: checkpoints.load_generator(folder, direction)[0]
      for direction in config_lib.trained_directions(config)
    }
  for network in teachers.values():
    network.trainable = False
  model = model_lib.build_model(config, largest, teachers, teacher.model)
  if config.distill.init_from_teacher:
    config_checks.check_inheritance(config.model, teacher.model)
    for direction, network in teachers.items():
      weight_transfer.transfer_weights(
        model.generator(direction), config.model, network, teacher.model
      )
    model.restart_ema_generators()
  if _judges(config.model) == _judges(teacher.model):
    checkpoints.restore_discriminators(model, folder)
  return model


def _judges(model: config_lib.ModelConfig) -> tuple[object, ...]:
  """Returns what shapes the discriminators."""
  names = (*config_lib.DISCRIMINATOR_FIELDS, "norm_affine")
  return tuple(getattr(model, name) for name in names)


def run_steps(config: config_lib.Config, source: sources.Source) -> int:
  """Returns the length of a run, steps.

  Args:
    config: The resolved configuration.
    source: The data set, by which an epoch is measured.
  """
  epoch_steps = steps_per_epoch(source, config.data)
  return config.train.train_steps or epoch_steps * config.train.epochs


def steps_per_epoch(
  source: sources.Source, config: config_lib.DataConfig
) -> int:
  """Returns the steps in which the larger domain is seen once."""
  larger = max(source.counts["trainA"], source.counts["trainB"])
  return math.ceil(larger / config.batch_size)


def _multiple(config: config_lib.Config) -> int:
  """Returns what sizes of pictures must be multiples of, pixels."""
  return config_checks.SIZE_MULTIPLES[config.model.generator_type]


def _fit(
  model: model_lib.CycleGAN,
  batches: tf.data.Dataset,
  steps: int,
  called: list[callbacks.StepCallback],
  workers: int,
) -> None:
  """Runs the steps, and ends in words whatever ends them."""
  checkpoint = next(c for c in called if isinstance(c, callbacks.Checkpoint))
  try:
    with checkpoint.requests.listen():
      # One long epoch: the callbacks count steps, and so does the data order.
      model.fit(batches, steps_per_epoch=steps, callbacks=called, verbose=0)
  except tf.errors.OpError as error:
    if workers == 1:
      if isinstance(error, _UNREADABLE):
        raise errors.UserError(
          f"a picture cannot be read any more at step {checkpoint.step}"
          f" ({_reason(error)}). Put it back and give the same"
          " command again: it goes on from the last checkpoint. --cache=memory"
          " or disk needs the files at the start only."
        ) from error
      raise
    raise errors.UserError(
      f"another worker was lost at step {checkpoint.step}. Start all workers"
      " again with their same commands: they go on from the last checkpoint."
    ) from error
  finally:
    for callback in called:
      if isinstance(callback, callbacks.ProgressBar):
        callback.close()
  if checkpoint.stopped_by is not None:
    raise Interrupted(checkpoint.stopped_by, checkpoint.step)


def _reason(error: tf.errors.OpError) -> str:
  """Returns the line of a graph's error that names the file."""
  found = re.search(
    r".*(cannot be read|No such file|[Pp]ermission denied).*", error.message
  )
  return found.group().strip() if found else errors.first_line(error)


def _batches(
  source: sources.Source,
  config: config_lib.Config,
  first_step: int,
  strategy: tf.distribute.Strategy,
) -> tf.data.Dataset:
  """Returns the training data from a step on, for this process's devices."""

  def for_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
    replicas = context.num_replicas_in_sync
    count = replicas // context.num_input_pipelines
    share = dataset.InputShard(
      replicas, context.input_pipeline_id * count, count
    )
    return dataset.training_batches(
      source,
      config.data,
      config.train.seed,
      first_step,
      share,
      _multiple(config),
    )

  if strategy.num_replicas_in_sync == 1:
    return for_worker(tf.distribute.InputContext())
  return strategy.distribute_datasets_from_function(for_worker)


def _compile(
  model: model_lib.CycleGAN, config: config_lib.Config, total_steps: int
) -> None:
  """Gives the model one Adam for the generators, one for the others."""
  train = config.train

  def build(learning_rate: float) -> tf.keras.optimizers.Optimizer:
    schedule = schedules.ConstantThenDecay(
      learning_rate, total_steps, train.decay_fraction, train.lr_policy
    )
    optimizer = adam.FusedAdam(schedule, beta_1=train.beta_1)
    if train.precision == "mixed_float16":
      return tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer

  model.compile(
    build(train.learning_rate),
    build(train.disc_learning_rate),
    jit_compile=config.device.xla,
  )


def _callbacks(
  config: config_lib.Config,
  model_dir: str,
  source: sources.Source,
  store: checkpoints.CheckpointStore,
  strategy: tf.distribute.Strategy,
  first_step: int,
  total_steps: int,
  rules: diagnostics.Rules,
) -> list[callbacks.StepCallback]:
  """Returns what happens beside the steps, in order."""
  train = config.train
  run = first_step, total_steps
  epoch_steps = steps_per_epoch(source, config.data)
  chief = devices.is_chief(strategy)
  writer = tf.summary.create_noop_writer()
  called: list[callbacks.StepCallback] = []
  if chief:
    samples = os.path.join(model_dir, SAMPLES_FOLDER)
    files.make_folder(samples, "model_dir")
    fixed = [
      dataset.first_images(source, split, config.data.crop_size, _SAMPLE_IMAGES)
      for split in ("testA", "testB")
    ]
    writer = tf.summary.create_file_writer(os.path.join(model_dir, LOGS_FOLDER))
    called.append(callbacks.ProgressBar(*run))
    if train.health_check:
      called.append(
        callbacks.Health(*run, *fixed, writer, train.learning_rate, rules)
      )
    called += [
      callbacks.Pictures(
        *run,
        samples,
        os.path.join(model_dir, ANIMATION_NAME),
        *fixed,
        train.sample_interval,
        writer,
      ),
    ]
  # On every worker: starting the means anew takes all of them.
  called.append(callbacks.TensorBoard(*run, writer, config, _SCALAR_INTERVAL))
  best = None
  if train.best_metric != "none":
    best = _best_store(config, model_dir, source, store)
  if best or train.eval_every_steps:
    judge = validation.Evaluator(validation.load(source, config.data.crop_size))
    interval = train.eval_every_steps or epoch_steps
    called.append(callbacks.Validation(*run, judge, interval, writer, best))
  called.append(
    callbacks.Checkpoint(
      *run,
      store,
      train.save_every_steps or epoch_steps,
      callbacks.StopRequests(),
      strategy,
      devices.worker_count(strategy),
    )
  )
  return called


def _best_store(
  config: config_lib.Config,
  model_dir: str,
  source: sources.Source,
  store: checkpoints.CheckpointStore,
) -> checkpoints.BestCheckpoint:
  """Returns what keeps the best checkpoint, if its metric can be known."""
  metric = config.train.best_metric
  validation.check_metric("best_metric", metric, source)
  return checkpoints.BestCheckpoint(store, model_dir, metric)
