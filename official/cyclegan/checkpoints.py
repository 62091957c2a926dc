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
"""Builds a run's model and keeps it in the run's folder."""

from __future__ import annotations

import dataclasses
import os

import tensorflow as tf

from official.cyclegan import config as config_lib
from official.cyclegan import model as model_lib
from official.cyclegan import networks

DIRECTIONS = ("AtoB", "BtoA")
# Name of the generator for each direction, in files and in the model.
GENERATOR_NAMES = {"AtoB": "g_AB", "BtoA": "g_BA"}
_FOLDER = "checkpoints"
_KEEP = 3


def manager(
  model: model_lib.CycleGAN, model_dir: str
) -> tf.train.CheckpointManager:
  """Returns what saves and restores a compiled model.

  A checkpoint holds the networks, both optimizers with their step, the moving
  averages and the image pools. The newest three are kept.

  Args:
    model: The compiled model.
    model_dir: The folder of the run.
  """
  averages = {network.name: network for network in model.averages or ()}
  checkpoint = tf.train.Checkpoint(
    g_AB=model.g_AB,
    g_BA=model.g_BA,
    d_A=model.d_A,
    d_B=model.d_B,
    **averages,
    generator_optimizer=model.generator_optimizer,
    discriminator_optimizer=model.discriminator_optimizer,
    buffer_A=model.buffer_A,
    buffer_B=model.buffer_B,
  )
  return tf.train.CheckpointManager(
    checkpoint, os.path.join(model_dir, _FOLDER), max_to_keep=_KEEP
  )


def check_same_model(config: config_lib.Config, model_dir: str) -> None:
  """Refuses to continue a run with networks that do not fit its checkpoints.

  Args:
    config: The resolved configuration asked for now.
    model_dir: The folder of the run, which holds `config.json`.

  Raises:
    config.UserError: If a field that shapes the variables has changed.
  """
  earlier = config_lib.load(model_dir)
  pairs = [
    (
      field.name,
      getattr(earlier.model, field.name),
      getattr(config.model, field.name),
    )
    for field in dataclasses.fields(config_lib.ModelConfig)
  ]
  pairs.append(("crop_size", earlier.data.crop_size, config.data.crop_size))
  pairs.append(
    (
      "buffer_max_length",
      earlier.train.buffer_max_length,
      config.train.buffer_max_length,
    )
  )
  for name, before, now in pairs:
    if before != now:
      raise config_lib.UserError(
        f"--{name}={now}, but the checkpoints in {model_dir} were trained with"
        f" {before}. Use that value, or train into a new --model_dir."
      )


def load_generator(
  model_dir: str, direction: str
) -> tuple[tf.keras.Model, config_lib.Config]:
  """Restores one generator, with its averaged weights if the run keeps them.

  Args:
    model_dir: The folder of a run.
    direction: `AtoB` or `BtoA`.

  Returns:
    The generator, float32 in [-1, 1], and the configuration of its run.

  Raises:
    config.UserError: If the folder holds no configuration or no checkpoint.
  """
  config = config_lib.load(model_dir)
  folder = os.path.join(model_dir, _FOLDER)
  newest = tf.train.latest_checkpoint(folder)
  if newest is None:
    raise config_lib.UserError(
      f"--model_dir={model_dir} holds no checkpoint in {_FOLDER}/. Train"
      " first, or let the training run to its first checkpoint."
    )
  generator = networks.build_generator(config.model, GENERATOR_NAMES[direction])
  key = generator.name + ("_average" if config.train.ema_decay else "")
  tf.train.Checkpoint(**{key: generator}).restore(newest).expect_partial()
  return generator, config
