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
"""Builds the compiled model of a run, and computes the run's length."""

from __future__ import annotations

import dataclasses
import math

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.data import dataset
from official.cyclegan.data import sources
from official.cyclegan.modeling import adam
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.modeling import schedules
from official.cyclegan.modeling import weight_transfer
from official.cyclegan.training import checkpoints


def with_precision(
  config: config_lib.ResolvedConfig, precision: str
) -> config_lib.ResolvedConfig:
  """Returns a configuration with a precision that is not `auto`.

  Args:
    config: The configuration.
    precision: One of `config.CHOICES["precision"]`; `auto` is replaced by the
      precision that this machine's devices are fastest in.
  """
  train = dataclasses.replace(
    config.train, precision=devices.precision(precision)
  )
  return dataclasses.replace(config, train=train)


def build(
  config: config_lib.ResolvedConfig, source: sources.Source
) -> model_lib.CycleGAN:
  """Returns the compiled model of a run, untrained.

  With `config.distill.teacher` it is a student: its generators learn from
  those of the teacher's run, and may start with parts of their weights.

  Args:
    config: The resolved configuration, its precision not `auto`.
    source: The data set; its size gives the length of the learning rates'
      schedule.

  Raises:
    errors.UserError: If the teacher is not a trained run, or its networks do
      not fit.
  """
  largest = None
  if config.data.preprocess in config_lib.VARIABLE_SIZES:
    largest = dataset.largest_size(source, config.data, size_multiple(config))
  if config.distill.teacher:
    model = _build_student(config, largest)
  else:
    model = model_lib.build_model(config, largest)
  _compile(model, config, run_steps(config, source))
  return model


def _build_student(
  config: config_lib.ResolvedConfig, largest: tuple[int, int] | None
) -> model_lib.CycleGAN:
  """Returns a model that learns from the generators of another run.

  Discriminators built like the teacher's start with the teacher's weights:
  these know the two domains already. With `init_from_teacher` the generators
  start with those channels of the teacher's generators that they have room
  for (`weight_transfer`).
  """
  folder = config.distill.teacher
  with errors.given_as(model_dir="teacher"):
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
    config_checks.check_transfer(config.model, teacher.model)
    for direction, network in teachers.items():
      weight_transfer.transfer_weights(
        model.generator(direction), config.model, network, teacher.model
      )
    # The averages must not go on from the random weights just replaced.
    model.restart_ema_generators()
  alike = map(_discriminator_options, (config.model, teacher.model))
  if len(set(alike)) == 1:
    with errors.given_as(model_dir="teacher"):
      checkpoints.restore_discriminators(model, folder)
  return model


def _discriminator_options(
  model: config_lib.ModelConfig,
) -> tuple[object, ...]:
  """Returns the values of all options that shape the discriminators."""
  names = (*config_lib.DISCRIMINATOR_FIELDS, "norm_affine")
  return tuple(getattr(model, name) for name in names)


def _compile(
  model: model_lib.CycleGAN, config: config_lib.ResolvedConfig, total_steps: int
) -> None:
  """Gives the generators one Adam, and the discriminators another."""
  train = config.train
  if train.max_minutes or train.until:
    model.time_fraction = tf.Variable(
      0.0,
      trainable=False,
      aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
      name="time_fraction",
    )

  def optimizer(learning_rate: float) -> tf.keras.optimizers.Optimizer:
    schedule = schedules.ConstantThenDecay(
      learning_rate,
      total_steps,
      train.decay_fraction,
      train.lr_policy,
      model.time_fraction,
    )
    optimizer = adam.FusedAdam(schedule, beta_1=train.beta_1)
    if train.precision == "mixed_float16":
      # float16 gradients below 6e-8 would be rounded to zero.
      return tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer

  model.compile(
    optimizer(train.learning_rate),
    optimizer(train.disc_learning_rate),
    jit_compile=config.device.xla,
  )


def run_steps(config: config_lib.ResolvedConfig, source: sources.Source) -> int:
  """Returns the length of a run, steps.

  Args:
    config: The resolved configuration; `train_steps` 0 leaves the length to
      `epochs`.
    source: The data set, whose size gives the length of an epoch.
  """
  epoch_steps = steps_per_epoch(source, config.data)
  return config.train.train_steps or epoch_steps * config.train.epochs


def steps_per_epoch(
  source: sources.Source, config: config_lib.DataConfig
) -> int:
  """Returns the steps in which the larger domain is seen once."""
  larger = max(source.counts["trainA"], source.counts["trainB"])
  return math.ceil(larger / config.batch_size)


def size_multiple(config: config_lib.ResolvedConfig) -> int:
  """Returns the pixels of which image height and width must be multiples."""
  return config_checks.size_multiple(config.model)
