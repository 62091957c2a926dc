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
"""What happens beside the training steps.

Callbacks count the steps of the whole run, not those since it was resumed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tqdm
from absl import logging
from tensorboard.plugins.hparams import api as hparams_lib

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.evaluation import validation
from official.cyclegan.modeling import loss_terms
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.training import checkpoints
from official.cyclegan.training import diagnostics
from official.cyclegan.training import sample_grid

# Seconds between two updates of the progress bar, on a screen and in a file.
_BAR_SECONDS = 0.2
_LOG_SECONDS = 10.0
_SHOWN_EVERY = 20  # steps between two updates of the losses beside the bar
_MAX_FRAMES = 100  # of the animation
_FRAME_MILLISECONDS = 200
_LAST_FRAME_MILLISECONDS = 2000
_WARM_UP_SHARE = 0.02  # of a long run, before health's patience begins
_AGREE_EVERY = 10  # steps between two questions whether a worker must stop


class StepCallback(tf.keras.callbacks.Callback):
  """Counts the run's steps.

  Attributes:
    step: Steps done so far.
    total: Length of the whole run, steps.
  """

  model: model_lib.CycleGAN

  def __init__(self, first_step: int, total_steps: int):
    """Sets where the run starts or resumes, and where it ends.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
    """
    super().__init__()
    self.step, self.total = first_step, total_steps

  def on_train_batch_end(
    self, batch: int, logs: dict[str, Any] | None = None
  ) -> None:
    """Counts, and calls `on_step` with the running means of the losses."""
    self.step += 1
    self.on_step(logs or {})

  def on_step(self, logs: dict[str, float]) -> None:
    """Does what is to be done after a step.

    Args:
      logs: What `CycleGAN.train_step` returned.
    """

  def is_due(self, interval: int) -> bool:
    """Returns whether this step is a multiple of `interval`, or the last."""
    return self.step % interval == 0 or self.step == self.total


class ProgressBar(StepCallback):
  """One bar for the whole run, with the time left and the current losses."""

  def __init__(self, first_step: int, total_steps: int):
    """As `StepCallback`."""
    super().__init__(first_step, total_steps)
    self._bar: tqdm.tqdm | None = None

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Shows the bar."""
    self._bar = tqdm.tqdm(
      total=self.total,
      initial=self.step,
      unit="step",
      desc="train",
      mininterval=_BAR_SECONDS if sys.stderr.isatty() else _LOG_SECONDS,
    )

  def on_step(self, logs: dict[str, float]) -> None:
    """Moves the bar by one step."""
    if self._bar.n % _SHOWN_EVERY == 0:
      self._bar.set_postfix(_short(logs), refresh=False)
    self._bar.update()

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Leaves the finished bar on the screen."""
    self.close()

  def close(self) -> None:
    """Ends the bar's line, so that a message can follow."""
    if self._bar is not None:
      self._bar.close()


class Pictures(StepCallback):
  """Shows fixed test images every so many steps, and at the end as a film."""

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
    """Sets what is shown where.

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
      picture = sample_grid.progress_grid(*generators, *self._images)
      name = f"step_{self.step:07d}.png"
      image_files.write(os.path.join(self._folder, name), picture)
      with self._writer.as_default(self.step):
        tf.summary.image("progress", picture[np.newaxis])
    if self.step == self.total:
      files = sorted(
        entry.path
        for entry in os.scandir(self._folder)
        if entry.name.startswith("step_") and entry.name.endswith(".png")
      )
      # Evenly chosen, with the first and the last.
      count = min(len(files), _MAX_FRAMES)
      chosen = np.linspace(0, len(files) - 1, count).round().astype(int)
      image_files.write_animation(
        self._animation,
        [image_files.read(files[i]) for i in chosen],
        [_FRAME_MILLISECONDS] * (count - 1) + [_LAST_FRAME_MILLISECONDS],
      )


class TensorBoard(StepCallback):
  """Writes losses, totals, rates, scores, norms and the configuration."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    writer: tf.summary.SummaryWriter,
    config: config_lib.Config,
    interval: int,
  ):
    """Sets what to write where.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      writer: Where to.
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
    with self._writer.as_default(self.step):
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
    with self._writer.as_default(self.step):
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
        tf.summary.scalar(f"learning_rate/{name}", optimizer.learning_rate)
    self.model.reset_metrics()

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Makes sure that everything is on the disk."""
    self._writer.flush()


class Health(StepCallback):
  """Stops at NaN, and warns once of each thing that `health` knows."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    images_A: np.ndarray,
    images_B: np.ndarray,
    writer: tf.summary.SummaryWriter,
    learning_rate: float,
    rules: diagnostics.Rules,
  ):
    """Sets what to watch.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      images_A: float32 `[count, size, size, channels]` in [-1, 1] of domain A.
      images_B: The same of domain B.
      writer: Gets each event as text.
      learning_rate: The generators' rate before it falls.
      rules: The thresholds.
    """
    super().__init__(first_step, total_steps)
    self._images = {"g_AB": images_A, "g_BA": images_B}
    self._writer, self._rules = writer, rules
    self._learning_rate = learning_rate
    self._first_outputs: dict[str, np.ndarray] = {}
    self._held: dict[tuple[str, str], int] = {}
    self.events: list[diagnostics.Event] = []

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Notes what the generators make before anything is learned."""
    trained = [
      config_lib.GENERATOR_NAMES[direction]
      for direction in self.model.trained_directions
    ]
    self._images = {name: self._images[name] for name in trained}
    self._first_outputs = self._translate()

  def on_step(self, logs: dict[str, float]) -> None:
    """Checks the losses' numbers every step, all else at intervals.

    Raises:
      errors.UserError: If a loss is NaN or infinite.
    """
    broken = diagnostics.first_not_finite(logs)
    if broken:
      raise diverged(f"the loss {broken} is {logs[broken]}", self.step)
    if not self.is_due(self._rules.interval):
      return
    events = diagnostics.check_losses(
      logs, self.model.loss_weights.gan_mode, self._rules
    )
    warm_up = max(self._rules.warm_up, self.total * _WARM_UP_SHARE)
    if self.step < warm_up:
      events = [event for event in events if event.rule == "exploded"]
    else:
      for name, outputs in self._translate().items():
        events += diagnostics.check_images(
          name,
          self._images[name],
          outputs,
          self._first_outputs[name] if self._is_learning() else None,
          self._rules,
        )
    held = {}
    for event in events:
      key = event.rule, event.subject
      held[key] = self._held.get(key, 0) + 1
      if held[key] >= self._rules.patience or event.rule == "exploded":
        self._report(event)
    self._held = held

  def _is_learning(self) -> bool:
    """Returns whether the rate is still high enough to change something."""
    rate = self.model.generator_optimizer.learning_rate
    return float(rate) >= 0.5 * self._learning_rate

  def _translate(self) -> dict[str, np.ndarray]:
    """Returns what the trained generators, not the averages, make."""
    return {
      name: getattr(self.model, name)(tf.constant(images)).numpy()
      for name, images in self._images.items()
    }

  def _report(self, event: diagnostics.Event) -> None:
    """Warns, once for each rule and subject."""
    known = {(e.rule, e.subject) for e in self.events}
    if (event.rule, event.subject) in known:
      return
    self.events.append(event)
    text = f"step {self.step}: {event.rule}: {event.message}"
    with tqdm.tqdm.external_write_mode(file=sys.stderr):
      logging.warning("%s", text)
    with self._writer.as_default(self.step):
      tf.summary.text(f"health/{event.rule}", text)


class Validation(StepCallback):
  """Measures on the test split, and keeps the best checkpoint."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    judge: validation.Evaluator,
    interval: int,
    writer: tf.summary.SummaryWriter,
    best: checkpoints.BestCheckpoint | None,
  ):
    """Sets what to measure when.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      judge: What measures.
      interval: Steps between two validations; the last step is always one.
      writer: Gets the measures.
      best: Keeps the checkpoint that is best by its metric; None keeps none.
    """
    super().__init__(first_step, total_steps)
    self._judge, self._interval = judge, interval
    self._writer, self._best = writer, best

  def on_step(self, logs: dict[str, float]) -> None:
    """Measures when it is time to."""
    if not self.is_due(self._interval):
      return
    measures = self._judge.measure(
      *map(validation.from_generator, self.model.inference_generators)
    )
    with self._writer.as_default(self.step):
      for name, value in measures.items():
        tf.summary.scalar(f"validation/{name}", value)
    shown = ", ".join(
      f"{k} {v:.4g}" for k, v in measures.items() if not k.endswith("_std")
    )
    better = self._best and self._best.save_if_better(
      measures[self._best.metric]
    )
    tqdm.tqdm.write(
      f"step {self.step}: {shown}{' (best so far)' if better else ''}",
      file=sys.stderr,
    )


class Checkpoint(StepCallback):
  """Saves every so many steps, at the end, and when asked to stop."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    store: checkpoints.CheckpointStore,
    interval: int,
    requests: StopRequests,
    strategy: tf.distribute.Strategy,
    workers: int = 1,
  ):
    """Sets where and when to save.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      store: What saves.
      interval: Steps between two checkpoints.
      requests: Tells when the process has been asked to stop.
      strategy: What the model is distributed by.
      workers: How many processes train together; they stop together.
    """
    super().__init__(first_step, total_steps)
    self._store, self._interval = store, interval
    self.requests, self._strategy = requests, strategy
    self._workers = workers
    self.stopped_by: int | None = None

  def on_step(self, logs: dict[str, float]) -> None:
    """Saves when it is time to, or when the run has to stop.

    Raises:
      errors.UserError: If nothing can be saved.
    """
    number = self._stop_signal()
    if number is not None and self.step < self.total:
      self.stopped_by = number
      self.model.stop_training = True
    if self.is_due(self._interval) or self.stopped_by is not None:
      try:
        self._store.save()
      except checkpoints.NotFiniteError as error:
        raise diverged(str(error), self.step) from error

  def _stop_signal(self) -> int | None:
    """Returns the signal that any worker has received."""
    received = self.requests.received
    if self._workers == 1:
      return received
    if self.step % _AGREE_EVERY:
      return None
    values = self._strategy.experimental_distribute_values_from_function(
      lambda _: tf.constant(received or 0)
    )
    total = self._strategy.reduce(tf.distribute.ReduceOp.SUM, values, None)
    if not int(total):
      return None
    return received or signal.SIGTERM


@dataclasses.dataclass
class StopRequests:
  """Signals that ask this process to stop.

  Attributes:
    received: The last one's number, or None.
  """

  received: int | None = None

  @contextlib.contextmanager
  def listen(self) -> Iterator[None]:
    """Notes SIGTERM and SIGINT instead of dying of them.

    A second SIGINT interrupts at once.
    """

    def note(number: int, frame: Any) -> None:
      del frame
      if self.received == signal.SIGINT == number:
        raise KeyboardInterrupt
      self.received = number

    numbers = signal.SIGTERM, signal.SIGINT
    try:
      before = {number: signal.signal(number, note) for number in numbers}
    except ValueError:  # not the main thread, e.g. in a notebook's widget
      yield
      return
    try:
      yield
    finally:
      for number, handler in before.items():
        signal.signal(number, handler)


def diverged(what: str, step: int) -> errors.UserError:
  """Returns what to tell the user when the numbers are none any more.

  Args:
    what: What was seen.
    step: When.
  """
  return errors.UserError(
    f"training diverged: {what} at step {step}. Nothing of it was saved; the"
    " last checkpoint is good. Go on from it with a lower --learning_rate, or"
    " with --precision=float32 if it was another."
  )


def _short(logs: dict[str, float]) -> dict[str, str]:
  """Sums each loss over the two directions, for one line."""
  sums: dict[str, float] = {}
  for name, value in logs.items():
    if "/" in name:  # a score or a gradient's norm
      continue
    kind = name.rsplit("_", 1)[0]
    sums[kind] = sums.get(kind, 0.0) + float(value)
  return {kind: f"{value:.3f}" for kind, value in sums.items()}
