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
"""Callbacks that show the progress: sample pictures and TensorBoard logs."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams_lib

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import stack
from official.cyclegan.data import image_files
from official.cyclegan.modeling import loss_terms
from official.cyclegan.training import callbacks
from official.cyclegan.training import progress_grid

_MAX_FRAMES = 100  # of the animation
_FRAME_MILLISECONDS = 200
_LAST_FRAME_MILLISECONDS = 2000


class ProgressPictures(callbacks.StepCallback):
  """Translates fixed test images at intervals, and makes a film at the end."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    folder: str,
    animation: str,
    images_A: np.ndarray,
    images_B: np.ndarray,
    interval: int,
    writer: tf.summary.SummaryWriter,
  ):
    """Sets which images are translated, and where the pictures go.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      folder: Where the PNG files go.
      animation: Path of the GIF file that is made of them.
      images_A: float32 `[count, size, size, channels]` in [-1, 1] of domain A.
      images_B: The same of domain B.
      interval: Steps between two pictures; the last step is always shown.
      writer: Gets the same pictures.
    """
    super().__init__(first_step, total_steps)
    self._folder, self._animation = folder, animation
    self._images = images_A, images_B
    self._interval, self._writer = interval, writer

  def on_step(self, logs: dict[str, float]) -> None:
    """Writes the picture when it is time to."""
    if self.is_due(self._interval):
      generators = self.model.inference_generators
      picture = progress_grid.progress_grid(*generators, *self._images)
      name = f"step_{self.step:07d}.png"
      with self.optional_output("a picture of the progress"):
        image_files.write(os.path.join(self._folder, name), picture)
      with self.to_tensorboard(self._writer):
        tf.summary.image("progress", picture[np.newaxis])
    if self.step == self.total or self.due_now:
      with self.optional_output("the animation of the progress"):
        self._write_animation()

  def _write_animation(self) -> None:
    """Writes the pictures of the whole run, also of earlier starts, as GIF."""
    paths = sorted(
      entry.path
      for entry in os.scandir(self._folder)
      if entry.name.startswith("step_") and entry.name.endswith(".png")
    )
    if not paths:  # the disk is full: that was said when the first was lost
      return
    # Evenly chosen, with the first and the last.
    count = min(len(paths), _MAX_FRAMES)
    chosen = np.linspace(0, len(paths) - 1, count).round().astype(int)
    image_files.write_animation(
      self._animation,
      [image_files.read(paths[i]) for i in chosen],
      [_FRAME_MILLISECONDS] * (count - 1) + [_LAST_FRAME_MILLISECONDS],
    )


class TensorBoard(callbacks.StepCallback):
  """Writes losses, totals, rates, scores, norms and the configuration."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    writer: tf.summary.SummaryWriter,
    config: config_lib.ResolvedConfig,
    interval: int,
  ):
    """Sets where to write, and how often.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      writer: Writes the event files.
      config: The resolved configuration, written once as text and for the
        HParams tab.
      interval: Steps between two points, each the mean since the one before.
    """
    super().__init__(first_step, total_steps)
    self._writer, self._config, self._interval = writer, config, interval

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Writes the configuration."""
    values = dataclasses.asdict(self._config)
    lines = config_file.to_json(self._config).splitlines()
    text = "\n".join(f"    {line}" for line in lines)
    with self.to_tensorboard(self._writer):
      tf.summary.text("config", text)
      hparams_lib.hparams(
        {
          f"{part}/{name}": value
          for part, fields in values.items()
          for name, value in fields.items()
        }
      )

  def on_step(self, logs: dict[str, float]) -> None:
    """Writes the means since the last point, and starts them anew."""
    if not self.is_due(self._interval):
      return
    with self.to_tensorboard(self._writer):
      for name, value in logs.items():
        tf.summary.scalar(name if "/" in name else f"loss/{name}", value)
      weights = self.model.loss_weights
      generators = loss_terms.GeneratorTerms.from_metrics(logs).total(weights)
      discriminators = loss_terms.DiscriminatorTerms.from_metrics(logs).total(
        weights
      )
      tf.summary.scalar("weighted/generators", generators)
      tf.summary.scalar("weighted/discriminators", discriminators)
      for name in ("generator", "discriminator"):
        optimizer = getattr(self.model, f"{name}_optimizer")
        rate = stack.last_learning_rate(optimizer)
        tf.summary.scalar(f"learning_rate/{name}", rate)
    self.model.reset_metrics()

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Makes sure that everything is on the disk."""
    with self.optional_output("the TensorBoard log"):
      self._writer.flush()
