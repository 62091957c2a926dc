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
replicas, with `lambda_color` the mean colours, and the step, from which the
learning rates, the place in the data order and all other random draws follow.
"""

from __future__ import annotations

import contextlib
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
_STATE_NAME = "checkpoint"  # TensorFlow's, for `tf.train.latest_checkpoint`
_TEMPORARY = re.compile(r"ckpt-(0|[1-9][0-9]*)_temp")
_ASIDE = "damaged-{}-{}"  # a number, and the name before
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
    self._kept: list[str] | None = None  # once the folder is tidy
    self._saved_step: int | None = None
    self.pools = pools or _Pools(model, self.strategy.num_replicas_in_sync)
    self._written = self._parts(self.pools)
    self._checkpoint = tf.train.Checkpoint(**self._written)
    self._checkpoint.save_counter.assign(0)
    self._read_pools = tf.function(self._read_pools_of_replica)

  def restore(self) -> int | None:
    """Restores the newest checkpoint that is whole; changes no file.

    Returns:
      Its step, or None if there is none.

    Raises:
      errors.StorageError: If a checkpoint is there and cannot be read.
      errors.UserError: If there are checkpoints, and all are damaged: a
        training that began anew would supersede them.
    """
    path, damaged = checkpoints.newest_whole(self.folder)
    if path is None:
      if damaged:
        raise checkpoints.none_whole(
          self.folder,
          damaged,
          "Restore them from a backup, or train into a new folder.",
        )
      return None
    for other, problem in damaged:
      logging.warning(
        "%s is damaged (%s): it is set aside, and %s taken.",
        other,
        problem,
        os.path.basename(path),
      )
    self._restore(path)
    self._saved_step = checkpoints.step_of(path)
    return self._saved_step

  def save(self) -> str | None:
    """Saves the model as it is; of several workers each must call this.

    Returns:
      What was written, or None if this step is saved already or another
      worker saves.

    Raises:
      NotFiniteError: If a variable holds NaN or infinity.
      errors.StorageError: If the file system refuses; earlier checkpoints
        stay.
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
      os.makedirs(self.folder, exist_ok=True)
      if self._kept is None:
        self._kept = self._tidy()
      path = os.path.join(self.folder, f"ckpt-{step}")
      self._write(path)
      self._kept = [*(p for p in self._kept if p != path), path]
      self._supersede()
      return path
    except (tf.errors.OpError, OSError, errors.StorageError) as error:
      self._saved_step = None
      raise self._not_written(step, error) from error

  def tidy(self) -> None:
    """Clears up after a run that was killed, where nothing is saved any more.

    Raises:
      errors.StorageError: If the file system refuses.
    """
    if not devices.is_chief(self.strategy) or not os.path.isdir(self.folder):
      return
    self._kept = self._tidy()
    if self._kept:
      self._supersede()

  def _write(self, path: str) -> None:
    """Writes a checkpoint, and meanwhile the mark that it is not whole."""
    mark = self._mark_unfinished(checkpoints.step_of(path))
    self._checkpoint.save_counter.assign_add(1)
    self._checkpoint.write(path)
    os.remove(mark)

  def _mark_unfinished(self, step: int) -> str:
    """Writes the mark that a step's checkpoint is not whole; returns it."""
    mark = os.path.join(self.folder, checkpoints.saving_name(step))
    files.remove(mark)
    with open(mark, "x", encoding="utf-8"):
      pass
    return mark

  def _supersede(self) -> None:
    """Lists the checkpoints for TensorFlow, and removes the oldest ones.

    Only those that this run has written or found whole: nothing else.
    """
    assert self._kept is not None
    superseded = self._kept[: -self._keep]
    self._kept = self._kept[-self._keep :]
    state = tf.compat.v1.train.generate_checkpoint_state_proto(
      self.folder,
      self._kept[-1],
      # A copy: TensorFlow makes relative paths others, in place.
      all_model_checkpoint_paths=list(self._kept),
      all_model_checkpoint_timestamps=[
        os.path.getmtime(f"{path}.index") for path in self._kept
      ],
      last_preserved_timestamp=0.0,
    )
    state_path = pathlib.Path(self.folder, _STATE_NAME)
    files.write_text(state_path, str(state), "model_dir")
    for path in superseded:
      # Of one that is half removed the mark says so; without it none is begun.
      with contextlib.suppress(OSError):
        step = checkpoints.step_of(path)
        self._mark_unfinished(step)
        self._remove_unfinished(step)

  def _not_written(self, step: int, error: Exception) -> errors.StorageError:
    """Removes the remains of a failed save; returns the error to raise."""
    mark = os.path.join(self.folder, checkpoints.saving_name(step))
    whole = "There is no earlier one"
    try:
      if os.path.exists(mark):
        self._remove_unfinished(step)
      newest, _ = checkpoints.newest_whole(self.folder)
      if newest:
        whole = f"The checkpoint of step {checkpoints.step_of(newest)} is whole"
    except (errors.StorageError, OSError):
      whole = "What is there was not changed"
    return errors.StorageError(
      f": the checkpoint of step {step} cannot be written to {self.folder}"
      f" ({errors.first_line(error)}). {whole}. Free some space or make the"
      " folder writable, and give the same command again to go on.",
      "model_dir",
    )

  def _parts(self, pools: _Pools) -> dict[str, Any]:
    """Returns all that is saved, by its name in the file."""
    model = self.model
    networks = {name: getattr(model, name) for name in model_lib.NETWORK_NAMES}
    networks.update({n.name: n for n in model.ema_generators or ()})
    means = (
      {} if model.mean_colors is None else {"mean_colors": model.mean_colors}
    )
    return {
      "step": model.step,
      "pools": pools,
      **means,
      **{name: stack.network_tree(n) for name, n in networks.items()},
      **{n: stack.optimizer_tree(getattr(model, n)) for n in _OPTIMIZERS},
    }

  def _restore(self, path: str) -> None:
    """Restores one checkpoint."""
    reader = checkpoints.open_reader(path)
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

  def _tidy(self) -> list[str]:
    """Clears up after a process that was killed or lost a disk.

    What was being saved then is removed. Checkpoints that are damaged get
    another name, so that nothing takes them for whole and nothing is lost.

    Returns:
      The whole ones, oldest first.

    Raises:
      OSError: If the file system refuses.
      errors.StorageError: The same.
    """
    whole: list[str] = []
    damaged: list[str] = []
    for path in checkpoints.find(self.folder):
      try:
        is_whole = checkpoints.corruption(path) is None
      except errors.StorageError as error:  # older than what was restored
        logging.warning("%s It is left alone.", error)
        continue
      (whole if is_whole else damaged).append(path)
    for name in os.listdir(self.folder):
      step = checkpoints.saving_step(name)
      if step is None:
        if _TEMPORARY.fullmatch(name):  # where TensorFlow writes first
          _remove(os.path.join(self.folder, name))
        continue
      if os.path.join(self.folder, f"ckpt-{step}") in whole:
        os.remove(os.path.join(self.folder, name))
      else:
        self._remove_unfinished(step)
    for path in damaged:
      _set_aside(path)
    return whole[::-1]

  def _remove_unfinished(self, step: int) -> None:
    """Removes what was being saved, and the mark of it last."""
    path = os.path.join(self.folder, f"ckpt-{step}")
    for name in checkpoints.files_of(path):
      _remove(name)
    _remove(f"{path}_temp")
    if not checkpoints.files_of(path):
      _remove(os.path.join(self.folder, checkpoints.saving_name(step)))


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
      newest, damaged = checkpoints.newest_whole(self._store.folder)
      if newest is None:
        logging.warning(
          "%s holds no checkpoint that is whole%s: the next validation counts"
          " as the best.",
          self._store.folder,
          f" ({damaged[0][1]})" if damaged else "",
        )
      elif of_metric == metric:
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


def _set_aside(path: str) -> None:
  """Gives a damaged checkpoint's files names that nothing looks for."""
  folder = os.path.dirname(path)
  number = 1
  names = [os.path.basename(name) for name in checkpoints.files_of(path)]
  while any(
    os.path.lexists(os.path.join(folder, _ASIDE.format(number, name)))
    for name in names
  ):
    number += 1
  for name in names:
    aside = os.path.join(folder, _ASIDE.format(number, name))
    os.rename(os.path.join(folder, name), aside)


def _remove(path: str) -> None:
  """Removes a file or a temporary folder, if possible."""
  with contextlib.suppress(OSError):  # the caller reports the first error
    files.remove(path)
