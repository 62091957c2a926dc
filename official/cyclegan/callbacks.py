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
"""What happens beside the training steps: progress, pictures, checkpoints."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
import tensorflow as tf
import tqdm

from official.cyclegan import image_files
from official.cyclegan import model as model_lib
from official.cyclegan import sample_grid

# Seconds between two updates of the progress bar, on a screen and in a file.
_BAR_SECONDS = 0.2
_LOG_SECONDS = 10.0


class ProgressBar(tf.keras.callbacks.Callback):
  """One bar for the whole run, with the time left and the current losses."""

  def __init__(self, first_step: int, total_steps: int):
    """Creates the bar.

    Args:
      first_step: Steps already done when the run starts or resumes.
      total_steps: Length of the whole run, steps.
    """
    super().__init__()
    self._first, self._total = first_step, total_steps
    self._bar: tqdm.tqdm | None = None

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Shows the bar."""
    self._bar = tqdm.tqdm(
      total=self._total,
      initial=self._first,
      unit="step",
      desc="train",
      mininterval=_BAR_SECONDS if sys.stderr.isatty() else _LOG_SECONDS,
    )

  def on_train_batch_end(
    self, batch: int, logs: dict[str, Any] | None = None
  ) -> None:
    """Moves the bar by one step."""
    if self._bar.n % 20 == 0:
      self._bar.set_postfix(_short(logs or {}), refresh=False)
    self._bar.update()

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Leaves the finished bar on the screen."""
    self._bar.close()


class StopAtStep(tf.keras.callbacks.Callback):
  """Ends the run at a step that need not be the end of an epoch."""

  def __init__(self, first_step: int, total_steps: int):
    """Sets the end.

    Args:
      first_step: Steps already done when the run starts or resumes.
      total_steps: Length of the whole run, steps.
    """
    super().__init__()
    self._step, self._total = first_step, total_steps

  def on_train_batch_end(
    self, batch: int, logs: dict[str, Any] | None = None
  ) -> None:
    """Counts a step and stops after the last one."""
    self._step += 1
    if self._step >= self._total:
      self.model.stop_training = True


class Checkpoint(tf.keras.callbacks.Callback):
  """Saves after every epoch and at the end."""

  def __init__(self, manager: tf.train.CheckpointManager):
    """Sets where to save.

    Args:
      manager: What saves; a step that is saved already is not saved twice.
    """
    super().__init__()
    self._manager = manager

  def on_epoch_end(
    self, epoch: int, logs: dict[str, Any] | None = None
  ) -> None:
    """Saves."""
    self._save()

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Saves what came after the last whole epoch."""
    self._save()

  def _save(self) -> None:
    step = int(self.model.generator_optimizer.iterations.numpy())
    newest = self._manager.latest_checkpoint
    if newest is None or not newest.endswith(f"-{step}"):
      self._manager.save(checkpoint_number=step)


class Samples(tf.keras.callbacks.Callback):
  """Writes a picture of fixed test images every so many steps."""

  model: model_lib.CycleGAN

  def __init__(
    self,
    folder: str,
    images_A: np.ndarray,
    images_B: np.ndarray,
    interval: int,
    first_step: int,
    total_steps: int,
  ):
    """Sets what is shown where.

    Args:
      folder: Where the PNG files go.
      images_A: float32 `[count, size, size, 3]` in [-1, 1] of domain A.
      images_B: The same of domain B.
      interval: Steps between two pictures; the last step is always shown.
      first_step: Steps already done when the run starts or resumes.
      total_steps: Length of the whole run, steps.
    """
    super().__init__()
    self._folder = folder
    self._images = images_A, images_B
    self._interval = interval
    self._step, self._total = first_step, total_steps

  def on_train_batch_end(
    self, batch: int, logs: dict[str, Any] | None = None
  ) -> None:
    """Writes the picture when it is time to."""
    self._step += 1
    if self._step % self._interval == 0 or self._step == self._total:
      g_AB, g_BA = self.model.averages or (self.model.g_AB, self.model.g_BA)
      picture = sample_grid.progress_grid(g_AB, g_BA, *self._images)
      name = f"step_{self._step:07d}.png"
      image_files.write(os.path.join(self._folder, name), picture)


class Scalars(tf.keras.callbacks.Callback):
  """Writes the unweighted losses and the learning rates for TensorBoard."""

  def __init__(self, folder: str, interval: int, first_step: int):
    """Sets where and how often.

    Args:
      folder: Where the event files go.
      interval: Steps between two points.
      first_step: Steps already done when the run starts or resumes.
    """
    super().__init__()
    self._writer = tf.summary.create_file_writer(folder)
    self._interval, self._step = interval, first_step

  def on_train_batch_end(
    self, batch: int, logs: dict[str, Any] | None = None
  ) -> None:
    """Writes the means since the last point, and starts them anew."""
    self._step += 1
    if self._step % self._interval:
      return
    with self._writer.as_default(self._step):
      for name, value in (logs or {}).items():
        tf.summary.scalar(name if "/" in name else f"loss/{name}", value)
      for name in ("generator", "discriminator"):
        optimizer = getattr(self.model, f"{name}_optimizer")
        tf.summary.scalar(f"learning_rate/{name}", optimizer.learning_rate)
    self.model.reset_metrics()

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Makes sure that everything is on the disk."""
    self._writer.flush()


def _short(logs: dict[str, Any]) -> dict[str, str]:
  """Sums each loss over the two directions, for one line."""
  sums: dict[str, float] = {}
  for name, value in logs.items():
    if "/" in name:  # a score or a gradient's norm
      continue
    kind = name.rsplit("_", 1)[0]
    sums[kind] = sums.get(kind, 0.0) + float(value)
  return {kind: f"{value:.3f}" for kind, value in sums.items()}
