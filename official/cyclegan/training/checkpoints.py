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

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.core import options
from official.cyclegan.core import stack
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import model as model_lib

DIRECTIONS = config_lib.DIRECTIONS
# Folders of checkpoints within that of a run, by `config.CHECKPOINTS`.
FOLDERS = model_path.CHECKPOINT_FOLDERS
# A checkpoint's files: ckpt-20.index, ckpt-20.data-00000-of-00001.
_FILE = re.compile(r"ckpt-(0|[1-9][0-9]*)\.(index|data-[0-9]{5}-of-[0-9]{5})")
_SAVING = re.compile(r"\.saving-([0-9]+)")
_CHUNK = 1 << 20  # bytes
_LOOKS = 5  # at a run whose checkpoints come and go


def find(folder: str) -> list[str]:
  """Returns the checkpoints in a folder, newest first, damaged ones too.

  Args:
    folder: Its name is no pattern: brackets and stars stand for themselves.

  Returns:
    Their paths without a file's ending: of all that have files of exactly the
    names that `CheckpointStore` gives them. What was being saved when the
    process was killed is none of them, unless it is whole.

  Raises:
    errors.StorageError: If the folder is there and cannot be looked through.
  """
  names = _list(folder)
  unfinished = {saving_step(name) for name in names}
  steps = set()
  for name in names:
    found = _FILE.fullmatch(name)
    if found and (found[2] == "index" or int(found[1]) not in unfinished):
      steps.add(int(found[1]))
  paths = [os.path.join(folder, f"ckpt-{s}") for s in sorted(steps)[::-1]]
  return [
    path
    for path in paths
    if step_of(path) not in unfinished or corruption(path) is None
  ]


def files_of(path: str) -> list[str]:
  """Returns the files of a checkpoint, none but its own.

  Args:
    path: The checkpoint, without a file's ending.

  Raises:
    errors.StorageError: As `find`.
  """
  folder, own = os.path.split(path)
  return [
    os.path.join(folder, name)
    for name in sorted(_list(folder))
    if _FILE.fullmatch(name) and name.partition(".")[0] == own
  ]


def saving_name(step: int) -> str:
  """Returns the name of the file that is there while a step is being saved.

  Args:
    step: The step.
  """
  return f".saving-{step}"


def saving_step(name: str) -> int | None:
  """Returns the step of a file of `saving_name`, None of any other.

  Args:
    name: The file's.
  """
  found = _SAVING.fullmatch(name)
  return int(found[1]) if found else None


def _list(folder: str) -> list[str]:
  """Returns the names in a folder of checkpoints; none if it is not there."""
  try:
    return os.listdir(folder)
  except OSError as error:
    missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
    if missing and not os.path.islink(folder):
      return []
    raise errors.StorageError(
      f": {folder} cannot be read ({error.strerror}). Make it readable, or give"
      " another folder; nothing was changed.",
      "model_dir",
    ) from error


def corruption(path: str) -> str | None:
  """Reads a checkpoint from end to end, which compares its checksums.

  Args:
    path: The checkpoint, without a file's ending.

  Returns:
    The first problem found, or None if all of it can be read.

  Raises:
    errors.StorageError: If it is the file system that does not let it be read:
      then nobody knows whether it is damaged.
  """
  try:
    reader = open_reader(path)
    for name in reader.get_variable_to_shape_map():
      reader.get_tensor(name)
  except (
    tf.errors.OpError,
    ValueError,
    RuntimeError,
    IndexError,
    OverflowError,
    MemoryError,
    SystemError,
    TypeError,
  ) as error:
    _read_through(path)
    return errors.first_line(error)
  return None


def open_reader(path: str) -> tf.train.CheckpointReader:
  """Opens a checkpoint to look into it.

  Args:
    path: The checkpoint, without a file's ending.

  Raises:
    tf.errors.OpError: If it cannot be opened; and other errors.
  """
  return tf.train.load_checkpoint(_for_tensorflow(path))


def _for_tensorflow(path: str) -> str:
  """Returns a checkpoint's path that TensorFlow takes for no pattern."""
  folder, name = os.path.split(path)
  return os.path.join(files.without_pattern(folder), name)


def _read_through(path: str) -> None:
  """Raises `StorageError` if a checkpoint's files cannot be read."""
  for name in files_of(path):
    try:
      with open(name, "rb") as file:
        while file.read(_CHUNK):
          pass
    except FileNotFoundError:  # superseded just now
      continue
    except OSError as error:
      raise errors.StorageError(
        f": {name} cannot be read ({error.strerror}). Make it readable, or move"
        " this checkpoint away; nothing was changed.",
        "model_dir",
      ) from error


def newest_whole(folder: str) -> tuple[str | None, list[tuple[str, str]]]:
  """Returns the newest checkpoint that is whole, and the damaged ones after it.

  Args:
    folder: Where they are.

  Returns:
    Its path, None if there is none; and of each newer one the path and the
    problem, newest first.

  Raises:
    errors.StorageError: If a newer one, or the folder, cannot be read.
  """
  damaged: list[tuple[str, str]] = []
  for path in find(folder):
    problem = corruption(path)
    if problem is None:
      return path, damaged
    if files_of(path):  # else superseded just now
      damaged.append((path, problem))
  return None, damaged


def none_whole(
  folder: str, damaged: list[tuple[str, str]], remedy: str
) -> errors.UserError:
  """Returns what to raise if there are checkpoints, and all are damaged.

  Args:
    folder: Where they are.
    damaged: From `newest_whole`, not empty.
    remedy: What to do, a sentence.
  """
  path, problem = damaged[0]
  kind = "the checkpoint" if len(damaged) == 1 else "all checkpoints"
  return errors.UserError(
    f": {kind} in {folder} cannot be used ({os.path.basename(path)}:"
    f" {problem}). Nothing was changed. {remedy}",
    "model_dir",
  )


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
    status = checkpoint.read(_for_tensorflow(path))
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
    errors.UserError: If options have changed without whose earlier values the
      checkpoints cannot go on; the message names them all.
  """
  earlier = config_file.load(model_dir)
  changed: list[tuple[str, Any, Any, Any]] = []  # before, now, default
  # Such options shape the variables, give them their meaning, or decide the
  # data order.
  for part, declarations in config_lib.parts().items():
    was, asked = getattr(earlier, part), getattr(config, part)
    for name in options.fixed(declarations):
      before, now = getattr(was, name), getattr(asked, name)
      if name in config_file.ignored(was):
        continue  # what replaced it is compared
      option = options.find(declarations, name).option
      if not option.is_same(before, now):
        changed.append((name, before, now, getattr(declarations(), name)))
  # Another decay can go on, but not without the averages or with new ones.
  before, now = earlier.train.ema_decay, config.train.ema_decay
  if bool(before) != bool(now):
    changed.append(("ema_decay", before, now, None))
  if changed:
    raise _other_run(model_dir, changed)


def _other_run(
  model_dir: str, changed: Sequence[tuple[str, Any, Any, Any]]
) -> errors.UserError:
  """Returns what to tell of options that do not fit a run's checkpoints.

  Args:
    model_dir: The folder of the run.
    changed: Each option's name, its value then and now, and its default.
  """
  name, before, now, default = changed[0]
  had = "without that option" if before == "" else f"with {before}"
  if len(changed) > 1:
    others = ", ".join(f"--{other}" for other, *_ in changed[1:])
    had += f" (of what else shapes a run {others} differ as well)"
  given = [f"--{other}={was}" for other, was, *_ in changed if was != ""]
  left_out = [f"--{other}" for other, was, *_ in changed if was == ""]
  remedies = [
    f"give {' '.join(given)}" if given else "",
    f"leave {' and '.join(left_out)} out" if left_out else "",
  ]
  remedy = " and ".join(filter(None, remedies))
  return errors.UserError(
    f"{'(where nothing else is given) ' if now == default else ''}does not"
    f" fit: the checkpoints in {model_dir} were trained {had}."
    f" {remedy[0].upper()}{remedy[1:]}, or train into a new folder.",
    name,
    now,
  )


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
  generator = generators.build_generator(
    config.model, config_lib.GENERATOR_NAMES[direction]
  )
  has_average = config.train.ema_decay and selection.use_ema
  key = generator.name + ("_average" if has_average else "")
  tree = stack.network_tree(generator)
  newest = _with_newest(
    model_dir,
    selection.checkpoint,
    lambda path: restore(tf.train.Checkpoint(**{key: tree}), path),
  )
  if not all(np.isfinite(value).all() for value in generator.get_weights()):
    raise errors.UserError(
      f": weights of {generator.name} in {newest} are NaN or infinite. Take"
      " another checkpoint, or train again with a lower --learning_rate.",
      "model_dir",
    )
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
  trees = {n: stack.network_tree(getattr(model, n)) for n in ("d_A", "d_B")}
  _with_newest(
    model_dir,
    config_lib.LATEST,
    lambda path: restore(tf.train.Checkpoint(**trees), path),
  )


def _with_newest(
  model_dir: str, which: str, read: Callable[[str], None]
) -> str:
  """Reads the newest whole checkpoint of a run, which may be training.

  Returns:
    Its path.

  Raises:
    errors.UserError: If there is none.
  """
  for look in range(_LOOKS):
    newest = _newest(model_dir, which)
    try:
      read(newest)
      return newest
    except tf.errors.OpError:
      # The training has superseded it meanwhile: there is a newer one.
      if look == _LOOKS - 1 or files_of(newest):
        raise
  raise AssertionError("unreachable")


def _newest(model_dir: str, which: str) -> str:
  """Returns the newest whole checkpoint of a run.

  Raises:
    errors.UserError: If there is none.
  """
  name = FOLDERS[which]
  folder = os.path.join(model_dir, name)
  newest, damaged = newest_whole(folder)
  for path, problem in damaged if newest else ():
    logging.warning(
      "%s is damaged (%s); %s is taken.",
      path,
      problem,
      os.path.basename(str(newest)),
    )
  if newest is not None:
    return newest
  if damaged:
    raise none_whole(folder, damaged, "Restore them from a backup.")
  raise model_path.no_checkpoint(model_dir, which)
