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
"""Reads the checkpoints in the folder of a run, and checks that they fit.

`checkpoint_store` writes them and restores a whole training.
"""

from __future__ import annotations

import glob
import os

import tensorflow as tf

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import model_path
from official.cyclegan.core import options
from official.cyclegan.core import stack
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import model as model_lib

DIRECTIONS = config_lib.DIRECTIONS
# Folders of checkpoints within that of a run, by `config.CHECKPOINTS`.
FOLDERS = model_path.CHECKPOINT_FOLDERS


def find(folder: str) -> list[str]:
  """Returns the checkpoints in a folder, newest first, damaged ones too."""
  names = glob.glob(os.path.join(folder, "ckpt-*.index"))
  paths = [name.removesuffix(".index") for name in names]
  return sorted(paths, key=step_of, reverse=True)


def corruption(path: str) -> str | None:
  """Reads a checkpoint from end to end, which compares its checksums.

  Args:
    path: The checkpoint, without a file's ending.

  Returns:
    The first problem found, or None if all of it can be read.
  """
  try:
    reader = tf.train.load_checkpoint(path)
    for name in reader.get_variable_to_shape_map():
      reader.get_tensor(name)
  except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
    return errors.first_line(error)
  return None


def describe_kept(model_dir: str) -> str:
  """Returns a sentence about the newest checkpoint, for errors.

  Args:
    model_dir: The folder of a run.
  """
  found = find(os.path.join(model_dir, FOLDERS[config_lib.LATEST]))
  if not found:
    return "No checkpoint was saved yet."
  return (
    f"The checkpoint of step {step_of(found[0])} in {model_dir} is kept: the"
    " same command goes on from there."
  )


def step_of(path: str) -> int:
  """Returns the step in the name of a checkpoint."""
  return int(path.rsplit("-", 1)[1])


def restore(checkpoint: tf.train.Checkpoint, path: str) -> None:
  """Restores the variables of the given objects.

  TensorFlow leaves variables that it does not find as they are. A network
  read under another name would then translate with random weights.

  Args:
    checkpoint: Names the objects; the file may hold others besides.
    path: The checkpoint, without a file's ending.

  Raises:
    errors.UserError: If the file lacks a variable, or has it in another shape.
  """
  try:
    status = checkpoint.read(path)
    status.assert_existing_objects_matched()
  except (AssertionError, ValueError) as error:  # missing; another shape
    run = os.path.dirname(os.path.dirname(path))
    raise errors.UserError(
      f"holds a checkpoint ({os.path.basename(path)}) with other variables than"
      f" those of the networks that its {config_file.FILE_NAME} describes."
      " Restore the folder from a backup, or train again into a new one.",
      "model_dir",
      run,
    ) from error
  status.expect_partial()  # other objects of the file are not missed


def check_same_run(config: config_lib.ResolvedConfig, model_dir: str) -> None:
  """Refuses to go on with a configuration that does not fit the checkpoints.

  Args:
    config: The resolved configuration asked for now.
    model_dir: The folder of the run, which holds `config.json`.

  Raises:
    errors.UserError: If an option has changed without whose earlier value the
      checkpoints cannot go on; the message names it.
  """
  earlier = config_file.load(model_dir)

  def refuse(name: str, before: object, now: object) -> errors.UserError:
    return errors.UserError(
      f"does not fit: the checkpoints in {model_dir} were trained with"
      f" {before}. Use that value, or train into a new folder.",
      name,
      now,
    )

  # Such options shape the variables, give them their meaning, or decide the
  # data order.
  for part, declarations in config_lib.parts().items():
    for name in options.fixed(declarations):
      before = getattr(getattr(earlier, part), name)
      now = getattr(getattr(config, part), name)
      if before != now:
        raise refuse(name, before, now)
  # Another decay can go on, but not without the averages or with new ones.
  before, now = earlier.train.ema_decay, config.train.ema_decay
  if bool(before) != bool(now):
    raise refuse("ema_decay", before, now)


def load_generator(
  model_dir: str,
  direction: str,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
) -> tuple[tf.keras.Model, config_lib.ResolvedConfig]:
  """Restores one generator, with its averaged weights if the run keeps them.

  Args:
    model_dir: The folder of a run.
    direction: `AtoB` or `BtoA`.
    selection: Which checkpoint, and which of its weights.

  Returns:
    The generator, float32 in [-1, 1], and the configuration of its run.

  Raises:
    errors.UserError: If the folder holds no configuration, no whole checkpoint
      or one that does not fit the configuration, or if the run trains the other
      direction only. The option at fault is `model_dir`.
  """
  config = config_file.load(model_dir)
  if direction not in config_lib.trained_directions(config):
    raise errors.UserError(
      f"was distilled with --students={config.distill.students}: it does not"
      f" translate {direction}.",
      "model_dir",
      model_dir,
    )
  newest = _newest(model_dir, selection.checkpoint)
  generator = generators.build_generator(
    config.model, config_lib.GENERATOR_NAMES[direction]
  )
  has_average = config.train.ema_decay and selection.use_ema
  key = generator.name + ("_average" if has_average else "")
  tree = stack.network_tree(generator)
  restore(tf.train.Checkpoint(**{key: tree}), newest)
  return generator, config


def restore_discriminators(model: model_lib.CycleGAN, model_dir: str) -> None:
  """Gives a model the discriminators of a run, built like its own.

  Args:
    model: Its discriminators are overwritten.
    model_dir: The folder of the run.

  Raises:
    errors.UserError: If the folder holds no whole checkpoint, or other
      discriminators. The option at fault is `model_dir`.
  """
  newest = _newest(model_dir, config_lib.LATEST)
  trees = {n: stack.network_tree(getattr(model, n)) for n in ("d_A", "d_B")}
  restore(tf.train.Checkpoint(**trees), newest)


def _newest(model_dir: str, which: str) -> str:
  """Returns the newest whole checkpoint of a run.

  Raises:
    errors.UserError: If there is none.
  """
  folder = FOLDERS[which]
  candidates = find(os.path.join(model_dir, folder))
  newest = next((path for path in candidates if corruption(path) is None), None)
  if newest is None:
    remedy = (
      "Train with --best_metric, or take --checkpoint=latest."
      if which == config_lib.BEST
      else "Train first, or let the training run to its first checkpoint."
    )
    raise errors.UserError(
      f"holds no checkpoint in {folder}/. {remedy}", "model_dir", model_dir
    )
  return newest
