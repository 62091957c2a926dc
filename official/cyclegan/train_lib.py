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

import math
import os

import tensorflow as tf

from official.cyclegan import callbacks
from official.cyclegan import checkpoints
from official.cyclegan import config as config_lib
from official.cyclegan import dataset
from official.cyclegan import image_files
from official.cyclegan import model as model_lib
from official.cyclegan import schedules

SAMPLES_FOLDER = "samples"
LOGS_FOLDER = "logs"
_SAMPLE_IMAGES = 4  # of each domain
_SCALAR_INTERVAL = 50  # steps


def train(config: config_lib.Config, model_dir: str) -> model_lib.CycleGAN:
  """Trains, or goes on with, the run in a folder.

  Args:
    config: The resolved configuration.
    model_dir: The folder of the run. Gets `config.json`, `checkpoints/`,
      `samples/` (PNG pictures) and `logs/` (TensorBoard).

  Returns:
    The trained model.

  Raises:
    config.UserError: If the data set, the folder or a changed option makes
      the run impossible.
  """
  image_files.make_folder(model_dir, "model_dir")
  if tf.train.latest_checkpoint(os.path.join(model_dir, "checkpoints")):
    checkpoints.check_same_model(config, model_dir)
  source = dataset.open_source(config.data)
  epoch_steps = steps_per_epoch(source, config.data)
  total_steps = config.train.train_steps or epoch_steps * config.train.epochs
  config_lib.save(config, model_dir)

  model = model_lib.build_model(config)
  _compile(model, config.train, total_steps)
  manager = checkpoints.manager(model, model_dir)
  manager.restore_or_initialize()
  first_step = int(model.generator_optimizer.iterations.numpy())
  if first_step >= total_steps:
    print(f"{model_dir} is already trained to step {first_step}.")
    return model
  model.fit(
    dataset.training_batches(source, config.data, config.train.seed),
    epochs=math.ceil((total_steps - first_step) / epoch_steps),
    steps_per_epoch=epoch_steps,
    callbacks=_callbacks(
      config, model_dir, source, manager, first_step, total_steps
    ),
    verbose=0,
  )
  return model


def set_threads(config: config_lib.TrainConfig) -> None:
  """Sets TensorFlow's threads; before anything else uses TensorFlow.

  Args:
    config: `intra_op_threads`.

  Raises:
    RuntimeError: If TensorFlow has already started with other threads.
  """
  if config.intra_op_threads:
    tf.config.threading.set_intra_op_parallelism_threads(
      config.intra_op_threads
    )


def steps_per_epoch(
  source: dataset.Source, config: config_lib.DataConfig
) -> int:
  """Returns the steps in which the larger domain is seen once."""
  larger = max(source.counts["trainA"], source.counts["trainB"])
  return math.ceil(larger / config.batch_size)


def _compile(
  model: model_lib.CycleGAN, config: config_lib.TrainConfig, total_steps: int
) -> None:
  """Gives the model one Adam for the generators, one for the others."""

  def adam(learning_rate: float) -> tf.keras.optimizers.Optimizer:
    schedule = schedules.ConstantThenDecay(
      learning_rate, total_steps, config.decay_fraction, config.lr_policy
    )
    optimizer = tf.keras.optimizers.Adam(schedule, beta_1=config.beta_1)
    if config.precision == "mixed_float16":
      return tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer

  model.compile(adam(config.learning_rate), adam(config.disc_learning_rate))


def _callbacks(
  config: config_lib.Config,
  model_dir: str,
  source: dataset.Source,
  manager: tf.train.CheckpointManager,
  first_step: int,
  total_steps: int,
) -> list[tf.keras.callbacks.Callback]:
  """Returns what happens beside the steps, in order."""
  samples = os.path.join(model_dir, SAMPLES_FOLDER)
  image_files.make_folder(samples, "model_dir")
  fixed = [
    dataset.first_images(source, split, config.data.crop_size, _SAMPLE_IMAGES)
    for split in ("testA", "testB")
  ]
  return [
    callbacks.ProgressBar(first_step, total_steps),
    callbacks.Samples(
      samples, *fixed, config.train.sample_interval, first_step, total_steps
    ),
    callbacks.Scalars(
      os.path.join(model_dir, LOGS_FOLDER), _SCALAR_INTERVAL, first_step
    ),
    callbacks.StopAtStep(first_step, total_steps),
    callbacks.Checkpoint(manager),
  ]
