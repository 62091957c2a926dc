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
"""Keeps a run in its folder, so that it can go on as if never interrupted.

A checkpoint holds the four networks with the state of their dropout, the
moving averages, both optimizers with their loss scales, the image pools of all
replicas, and the step, from which the learning rates, the place in the data
order and all other random draws follow.
"""

from __future__ import annotations

import dataclasses
import glob
import json
import os
import pathlib
import re

import numpy as np
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import model as model_lib

DIRECTIONS = ("AtoB", "BtoA")
# Where a run's checkpoints are.
FOLDERS = {
  config_lib.LATEST: "checkpoints",
  config_lib.BEST: "checkpoints_best",
}
_BEST_RECORD = "best.json"
_POOL_KEY = "pools/seen_A/.ATTRIBUTES/VARIABLE_VALUE"
# Fields with which a checkpoint cannot go on once they have changed: they
# shape the variables, give them their meaning, or decide the data order.
_FIXED = {
  "data": (
    "dataset",
    "domain_a",
    "domain_b",
    "test_fraction",
    "background",
    "preprocess",
    "crop_size",
    "load_size",
    "flip",
    "batch_size",
  ),
  "model": tuple(f.name for f in dataclasses.fields(config_lib.ModelConfig)),
  "loss": ("gan_mode",),
  "train": ("buffer_max_length", "augment", "seed"),
  "distill": ("teacher", "students"),
}


class NotFiniteError(errors.UserError):
  """The weights are no numbers any more; nothing was saved."""


class _Pools(tf.Module):
  """The pools of all replicas, as one checkpoint holds them."""

  def __init__(self, model: model_lib.CycleGAN, replicas: int):
    super().__init__(name="pools")
    for domain, pool in (("A", model.buffer_A), ("B", model.buffer_B)):
      for name, variable in pool.state.items():
        zeros = tf.zeros([replicas, *variable.shape], variable.dtype)
        # Outside any strategy: a single copy, on this machine.
        setattr(self, f"{name}_{domain}", tf.Variable(zeros, trainable=False))


class CheckpointStore:
  """Saves and restores a compiled model.

  Attributes:
    folder: Where the checkpoints are.
    model: The compiled model.
    pools: The image pools of all replicas, as they are saved.
    strategy: What the model is distributed by.
  """

  def __init__(
    self,
    model: model_lib.CycleGAN,
    model_dir: str,
    keep: int = config_lib.TrainConfig.keep_checkpoints,
    which: str = config_lib.LATEST,
    strategy: tf.distribute.Strategy | None = None,
    pools: _Pools | None = None,
  ):
    """Prepares; nothing is read or written yet.

    Must not be called within the strategy's scope: what is only for the file
    is no variable of the replicas.

    Args:
      model: The compiled model.
      model_dir: The folder of the run.
      keep: How many of the newest checkpoints are kept.
      which: `latest` or `best`, which have folders of their own.
      strategy: What the model is distributed by; only its chief writes.
      pools: Those of another store, so that their memory is shared.
    """
    self.folder = os.path.join(model_dir, FOLDERS[which])
    self.model = model
    self._keep = keep
    self.strategy = strategy or tf.distribute.get_strategy()
    self._manager: tf.train.CheckpointManager | None = None
    self._saved_step: int | None = None
    self.pools = pools or _Pools(model, self.strategy.num_replicas_in_sync)
    self._checkpoint = self._describe(self.pools)
    self._checkpoint.save_counter.assign(0)
    self._read_pools = tf.function(self._read_pools_of_replica)

  def restore(self) -> int | None:
    """Restores the newest checkpoint that is whole.

    Returns:
      Its step, or None if there is none.
    """
    for path in find(self.folder):
      problem = corruption(path)
      if problem is None:
        self._restore(path)
        self._saved_step = _number(path)
        return self._saved_step
      print(f"{path} is damaged ({problem}); trying the one before.")
    return None

  def save(self) -> str | None:
    """Saves the model as it is; of several workers each must call this.

    Returns:
      What was written, or None if this step is saved already or another
      worker saves.

    Raises:
      NotFiniteError: If a variable holds NaN or infinity.
      errors.UserError: If the file system refuses; earlier checkpoints stay.
    """
    step = int(self.model.step.numpy())
    if step == self._saved_step:
      return None
    self._check_finite(step)
    gathered = self._gather_pools()
    self._saved_step = step
    if not devices.is_chief(self.strategy):
      return None
    for name, value in gathered.items():
      getattr(self.pools, name).assign(value)
    try:
      if self._manager is None:
        os.makedirs(self.folder, exist_ok=True)
        self._tidy()
        self._manager = tf.train.CheckpointManager(
          self._checkpoint, self.folder, max_to_keep=self._keep
        )
      return self._manager.save(checkpoint_number=step)
    except (tf.errors.OpError, OSError) as error:
      self._saved_step = None
      raise self._not_written(step, error) from error

  def _not_written(self, step: int, error: Exception) -> errors.UserError:
    """Removes what is left of a failed save; returns what to tell the user."""
    for path in glob.glob(os.path.join(self.folder, f"ckpt-{step}[._]*")):
      _remove(path)
    newest = find(self.folder)
    kept = (
      f"The checkpoint of step {_number(newest[0])} is whole"
      if newest
      else "There is no earlier one"
    )
    return errors.UserError(
      f"--model_dir: the checkpoint of step {step} cannot be written to"
      f" {self.folder} ({errors.first_line(error)})."
      f" {kept}. Free some space or make the"
      " folder writable, and give the same command again to go on."
    )

  def _describe(self, pools: _Pools) -> tf.train.Checkpoint:
    """Returns what names all that is saved."""
    model = self.model
    parts = {name: getattr(model, name) for name in model_lib.NETWORK_NAMES}
    parts.update(
      {average.name: average for average in model.ema_generators or ()}
    )
    for name in ("generator_optimizer", "discriminator_optimizer"):
      optimizer = getattr(model, name)
      # The loss scale is apart, so that another precision can go on.
      inner = getattr(optimizer, "inner_optimizer", optimizer)
      parts[name] = inner
      if inner is not optimizer:
        parts[f"{name}_scaled"] = optimizer
    return tf.train.Checkpoint(step=model.step, pools=pools, **parts)

  def _restore(self, path: str) -> None:
    """Restores one checkpoint."""
    reader = tf.train.load_checkpoint(path)
    if not reader.has_tensor(_POOL_KEY):
      raise errors.UserError(
        f"{path} was written by version 0.1.0 of this package, which did not"
        " keep what is needed to go on. export and translate still take it; to"
        " train, give a new --model_dir."
      )
    replicas = reader.get_tensor(_POOL_KEY).shape[0]
    pools = _Pools(self.model, replicas)
    checkpoint = self._describe(pools)
    status = checkpoint.restore(path)
    status.assert_nontrivial_match()
    status.expect_partial()
    self._checkpoint.save_counter.assign(checkpoint.save_counter)
    now = self.strategy.num_replicas_in_sync
    if replicas != now:
      print(
        f"The run was on {replicas} devices and goes on with {now}: image"
        " pools are shared out anew."
      )
    self._spread_pools(pools, replicas)

  def _spread_pools(self, pools: _Pools, replicas: int) -> None:
    """Gives each replica its pool, or one of the earlier replicas' pools."""
    model = self.model

    @tf.function
    def spread() -> None:
      context = tf.distribute.get_replica_context()
      source = context.replica_id_in_sync_group % replicas
      for domain, pool in (("A", model.buffer_A), ("B", model.buffer_B)):
        for name, variable in pool.state.items():
          variable.assign(getattr(pools, f"{name}_{domain}")[source])

    self.strategy.run(spread)

  def _read_pools_of_replica(self) -> dict[str, tf.Tensor]:
    """Returns one replica's pools, each with a first axis of one."""
    pools = {"A": self.model.buffer_A, "B": self.model.buffer_B}
    return {
      f"{name}_{domain}": variable.read_value()[tf.newaxis]
      for domain, pool in pools.items()
      for name, variable in pool.state.items()
    }

  def _gather_pools(self) -> dict[str, tf.Tensor]:
    """Collects the pools of all replicas, of all workers."""
    values = self.strategy.run(self._read_pools)
    if not self.model.buffer_A.capacity:  # nothing to be sent around
      return {}
    return {
      name: self.strategy.gather(value, axis=0)
      for name, value in values.items()
    }

  def _check_finite(self, step: int) -> None:
    """Refuses to save weights that are no numbers."""
    for name in model_lib.NETWORK_NAMES:
      for value in getattr(self.model, name).get_weights():
        if not np.isfinite(value).all():
          raise NotFiniteError(
            f"weights of {name} are NaN or infinite at step {step}"
          )

  def _tidy(self) -> None:
    """Removes torn files, and lists whole checkpoints for the manager."""
    paths = [path for path in find(self.folder) if corruption(path) is None]
    for path in glob.glob(os.path.join(self.folder, "ckpt-*")):
      if not any(
        re.match(re.escape(p) + r"\.(data|index)", path) for p in paths
      ):
        _remove(path)
    if paths:
      oldest_first = paths[::-1]
      tf.compat.v1.train.update_checkpoint_state(
        self.folder,
        paths[0],
        all_model_checkpoint_paths=oldest_first,
        # The manager only deletes what is younger than what it must preserve.
        all_model_checkpoint_timestamps=[
          os.path.getmtime(f"{path}.index") for path in oldest_first
        ],
        last_preserved_timestamp=0.0,
      )


class BestCheckpoint:
  """Keeps the one checkpoint that a validation metric likes best."""

  def __init__(self, store: CheckpointStore, model_dir: str, metric: str):
    """Reads what was best so far.

    Args:
      store: What saves the run's newest checkpoints.
      model_dir: The folder of the run.
      metric: Name of the metric; smaller is better.
    """
    self.metric = metric
    self._store = CheckpointStore(
      store.model, model_dir, 1, config_lib.BEST, store.strategy, store.pools
    )
    self._record = pathlib.Path(self._store.folder, _BEST_RECORD)
    self.best = float("inf")
    if self._record.exists():
      record = json.loads(self._record.read_text(encoding="utf-8"))
      if record["metric"] == metric:
        self.best = record["value"]

  def save_if_better(self, value: float) -> bool:
    """Saves if `value` is below the best so far; returns whether it was."""
    if not value < self.best:
      return False
    self.best = value
    path = self._store.save()
    if path is not None:
      record = {"metric": self.metric, "value": value, "step": _number(path)}
      text = json.dumps(record, indent=2) + "\n"
      files.write_text(self._record, text, "model_dir")
    return True


def find(folder: str) -> list[str]:
  """Returns the checkpoints in a folder, newest first, whole or not."""
  names = glob.glob(os.path.join(folder, "ckpt-*.index"))
  paths = [name.removesuffix(".index") for name in names]
  return sorted(paths, key=_number, reverse=True)


def corruption(path: str) -> str | None:
  """Reads a checkpoint from end to end, which compares its checksums.

  Args:
    path: Without the ending.

  Returns:
    What is wrong with it, or None.
  """
  try:
    reader = tf.train.load_checkpoint(path)
    for name in reader.get_variable_to_shape_map():
      reader.get_tensor(name)
  except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
    return errors.first_line(error)
  return None


def check_same_run(config: config_lib.Config, model_dir: str) -> None:
  """Refuses to go on with a configuration that does not fit the checkpoints.

  Args:
    config: The resolved configuration asked for now.
    model_dir: The folder of the run, which holds `config.json`.

  Raises:
    errors.UserError: If a field has changed without which the checkpoints
      cannot go on; the message names it.
  """
  earlier = config_file.load(model_dir)
  pairs = [
    (name, getattr(getattr(c, part), name))
    for c in (earlier, config)
    for part, names in _FIXED.items()
    for name in names
  ]
  half = len(pairs) // 2
  changed = [
    (name, before, now)
    for (name, before), (_, now) in zip(pairs[:half], pairs[half:])
    if before != now
  ]
  averaged = bool(earlier.train.ema_decay), bool(config.train.ema_decay)
  if averaged[0] != averaged[1]:
    changed.append(
      ("ema_decay", earlier.train.ema_decay, config.train.ema_decay)
    )
  for name, before, now in changed:
    raise errors.UserError(
      f"--{name}={now}, but the checkpoints in {model_dir} were trained with"
      f" {before}. Use that value, or train into a new --model_dir."
    )


def load_generator(
  model_dir: str,
  direction: str,
  selection: config_lib.GeneratorSelection = config_lib.DEFAULT_SELECTION,
) -> tuple[tf.keras.Model, config_lib.Config]:
  """Restores one generator, with its averaged weights if the run keeps them.

  Args:
    model_dir: The folder of a run.
    direction: `AtoB` or `BtoA`.
    selection: Which checkpoint, and which of its weights.

  Returns:
    The generator, float32 in [-1, 1], and the configuration of its run.

  Raises:
    errors.UserError: If the folder holds no configuration or no whole
      checkpoint.
  """
  config = config_file.load(model_dir)
  if direction not in config_lib.trained_directions(config):
    raise errors.UserError(
      f"--model_dir={model_dir} was distilled with"
      f" --students={config.distill.students}: it does not translate"
      f" {direction}."
    )
  newest = _newest(model_dir, selection.checkpoint)
  generator = generators.build_generator(
    config.model, config_lib.GENERATOR_NAMES[direction]
  )
  averaged = config.train.ema_decay and selection.use_ema
  key = generator.name + ("_average" if averaged else "")
  tf.train.Checkpoint(**{key: generator}).restore(newest).expect_partial()
  return generator, config


def restore_discriminators(model: model_lib.CycleGAN, model_dir: str) -> None:
  """Gives a model the discriminators of a run, built like its own.

  Args:
    model: Its discriminators are overwritten.
    model_dir: The folder of the run.

  Raises:
    errors.UserError: If the folder holds no whole checkpoint.
  """
  newest = _newest(model_dir, config_lib.LATEST)
  judges = tf.train.Checkpoint(d_A=model.d_A, d_B=model.d_B)
  judges.restore(newest).expect_partial()


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
      f"--model_dir={model_dir} holds no checkpoint in {folder}/. {remedy}"
    )
  return newest


def _number(path: str) -> int:
  """Returns the step in a checkpoint's name."""
  return int(path.rsplit("-", 1)[1])


def _remove(path: str) -> None:
  """Removes a file or an emptied temporary folder, if possible."""
  try:
    if os.path.isdir(path):
      tf.io.gfile.rmtree(path)
    else:
      os.remove(path)
  except (OSError, tf.errors.OpError):
    pass  # a read-only folder; the caller reports the first error
