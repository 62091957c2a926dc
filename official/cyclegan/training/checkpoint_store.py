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
"""Saves and restores a whole training, so that it can go on bit for bit.

A checkpoint holds the four networks with the state of their dropout, the
moving averages, both optimizers with their loss scales, the image pools of all
replicas, and the step, from which the learning rates, the place in the data
order and all other random draws follow.
"""

from __future__ import annotations

import glob
import os
import pathlib
import re
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import stack
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.training import checkpoints

_BEST_RECORD = "best.json"
_POOL_KEY = "pools/seen_A/.ATTRIBUTES/VARIABLE_VALUE"
_OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
_COUNTER_KEY = "save_counter/.ATTRIBUTES/VARIABLE_VALUE"


class NotFiniteError(errors.UserError):
  """A weight is NaN or infinite; nothing was saved."""


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

    Must not be called within the strategy's scope: the variables that are only
    for the file must not be copied to each replica.

    Args:
      model: The compiled model.
      model_dir: The folder of the run.
      keep: How many of the newest checkpoints are kept.
      which: `latest` or `best`, which have folders of their own.
      strategy: What the model is distributed by; only its chief writes.
      pools: Those of another store, so that their memory is shared.
    """
    self.folder = os.path.join(model_dir, checkpoints.FOLDERS[which])
    self.model = model
    self._keep = keep
    self.strategy = strategy or tf.distribute.get_strategy()
    self._manager: tf.train.CheckpointManager | None = None
    self._saved_step: int | None = None
    self.pools = pools or _Pools(model, self.strategy.num_replicas_in_sync)
    self._written = self._parts(self.pools)
    self._checkpoint = tf.train.Checkpoint(**self._written)
    self._checkpoint.save_counter.assign(0)
    self._read_pools = tf.function(self._read_pools_of_replica)

  def restore(self) -> int | None:
    """Restores the newest checkpoint that is whole.

    Returns:
      Its step, or None if there is none.
    """
    for path in checkpoints.find(self.folder):
      problem = checkpoints.corruption(path)
      if problem is None:
        self._restore(path)
        self._saved_step = checkpoints.step_of(path)
        return self._saved_step
      logging.warning(
        "%s is damaged (%s); trying the one before.", path, problem
      )
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
    for name in _OPTIMIZERS:
      stack.update_tree(getattr(self.model, name), self._written[name])
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
    """Removes the remains of a failed save; returns the error to raise."""
    for path in glob.glob(os.path.join(self.folder, f"ckpt-{step}[._]*")):
      _remove(path)
    newest = checkpoints.find(self.folder)
    kept = (
      f"The checkpoint of step {checkpoints.step_of(newest[0])} is whole"
      if newest
      else "There is no earlier one"
    )
    return errors.UserError(
      f": the checkpoint of step {step} cannot be written to {self.folder}"
      f" ({errors.first_line(error)}). {kept}. Free some space or make the"
      " folder writable, and give the same command again to go on.",
      "model_dir",
    )

  def _parts(self, pools: _Pools) -> dict[str, Any]:
    """Returns all that is saved, by its name in the file."""
    model = self.model
    networks = {name: getattr(model, name) for name in model_lib.NETWORK_NAMES}
    networks.update({n.name: n for n in model.ema_generators or ()})
    return {
      "step": model.step,
      "pools": pools,
      **{name: stack.network_tree(n) for name, n in networks.items()},
      **{n: stack.optimizer_tree(getattr(model, n)) for n in _OPTIMIZERS},
    }

  def _restore(self, path: str) -> None:
    """Restores one checkpoint."""
    reader = tf.train.load_checkpoint(path)
    if not reader.has_tensor(_POOL_KEY):
      raise errors.UserError(
        f"{path} was written by version 0.1.0 of this package, which did not"
        " keep what is needed to go on. export and translate still take it;"
        " train again into a new folder."
      )
    replicas = reader.get_tensor(_POOL_KEY).shape[0]
    pools = _Pools(self.model, replicas)
    parts = self._parts(pools)
    for name in _OPTIMIZERS:
      # A run in another precision until now has no loss scale: that starts
      # anew.
      if not reader.has_tensor(stack.loss_scale_key(name)):
        parts[name] = stack.without_loss_scale(parts[name])
    checkpoints.restore(tf.train.Checkpoint(**parts), path)
    if reader.has_tensor(_COUNTER_KEY):
      counter = reader.get_tensor(_COUNTER_KEY)
      self._checkpoint.save_counter.assign(counter)
    now = self.strategy.num_replicas_in_sync
    if replicas != now:
      logging.info(
        "The run was on %d devices and goes on with %d: image pools are shared"
        " out anew.",
        replicas,
        now,
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
    """Refuses to save weights that are NaN or infinite."""
    for name in model_lib.NETWORK_NAMES:
      for value in getattr(self.model, name).get_weights():
        if not np.isfinite(value).all():
          raise NotFiniteError(
            f"weights of {name} are NaN or infinite at step {step}"
          )

  def _tidy(self) -> None:
    """Removes damaged files, and lists whole checkpoints for the manager."""
    paths = [
      path
      for path in checkpoints.find(self.folder)
      if checkpoints.corruption(path) is None
    ]
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
  """Keeps the checkpoint with the lowest value of a validation metric."""

  def __init__(self, store: CheckpointStore, model_dir: str, metric: str):
    """Reads the lowest value so far, if the run goes on.

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
      of_metric, value = files.read_json(
        self._record,
        "Remove it: the next validation counts as the best.",
        lambda record: (record["metric"], files.number(record["value"])),
      )
      if of_metric == metric:
        self.best = value

  def save_if_better(self, value: float) -> bool:
    """Saves if `value` is below the lowest so far.

    Args:
      value: The metric's, of the model as it is; NaN is never the lowest.

    Returns:
      Whether it was.

    Raises:
      errors.UserError: If the file system refuses; the earlier best
        checkpoint stays.
    """
    if not value < self.best:
      return False
    path = self._store.save()
    self.best = value
    if path is not None:
      record = {
        "metric": self.metric,
        "value": value,
        "step": checkpoints.step_of(path),
      }
      files.write_json(self._record, record, "model_dir")
    return True


def _remove(path: str) -> None:
  """Removes a file or an emptied temporary folder, if possible."""
  try:
    if os.path.isdir(path):
      tf.io.gfile.rmtree(path)
    else:
      os.remove(path)
  except (OSError, tf.errors.OpError):
    pass  # a read-only folder; the caller reports the first error
