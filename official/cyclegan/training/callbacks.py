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
"""Callbacks of the training loop: progress bar, validation, checkpoint_store.

They count the steps of the whole run, not those since it was resumed.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

import tensorflow as tf
import tqdm
from absl import logging

from official.cyclegan.core import errors
from official.cyclegan.evaluation import validation
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.training import checkpoint_store
from official.cyclegan.training import stop_requests

# Seconds between two updates of the progress bar, on a screen and in a file.
_BAR_SECONDS = 0.2
_LOG_SECONDS = 10.0
_SHOWN_EVERY = 20  # steps between two updates of the losses beside the bar
# Losses beside the bar in this order, others behind them; Keras 3 hands losses
# over by the alphabet.
_SHOWN_FIRST = ("gan", "cycle", "identity", "distill", "features", "d", "gp")
# Steps between two exchanges of the workers' stop signals, which wait for all.
_AGREE_EVERY = 10


class StepCallback(tf.keras.callbacks.Callback):
  """Counts the run's steps.

  Attributes:
    step: Steps done so far.
    total: Length of the whole run, steps; an estimate while time decides.
    due_now: Whether this step counts as due, whatever its number.
    due_seconds: How long `on_step` took when it was due: the last time, or the
      last time that `due_now` asked for all of it, if that took longer.
  """

  model: model_lib.CycleGAN
  due_now = False
  due_seconds = 0.0
  _whole_seconds = 0.0
  _was_due = False

  def __init__(self, first_step: int, total_steps: int):
    """Sets where the run starts or resumes, and where it ends.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
    """
    super().__init__()
    self.step, self.total = first_step, total_steps
    self._first = first_step
    self._failed: set[str] = set()  # outputs that were warned about

  def on_train_batch_end(
    self, batch: int, logs: dict[str, Any] | None = None
  ) -> None:
    """Counts, and calls `on_step` with the running means of the losses."""
    self.step += 1
    self._was_due, begun = False, time.monotonic()
    self.on_step(logs or {})
    took, whole, self.due_now = time.monotonic() - begun, self.due_now, False
    if self._was_due and whole:
      self._whole_seconds = self.due_seconds = took
    elif self._was_due:
      self.due_seconds = max(self._whole_seconds, took)

  def on_step(self, logs: dict[str, float]) -> None:
    """Is called after each step; subclasses override it.

    Args:
      logs: The losses, scores and norms that `CycleGAN.train_step` returned,
        running means by name.
    """

  def is_due(self, interval: int) -> bool:
    """Returns whether this step is a multiple of `interval`, or the last."""
    due = self.step % interval == 0 or self.step == self.total or self.due_now
    self._was_due |= due
    return due

  @contextlib.contextmanager
  def optional_output(self, output: str) -> Iterator[None]:
    """Lets the training go on if a file fails that no training needs.

    A full disk or a removed folder is reported once; later attempts may
    succeed. Only writing belongs within, not running the networks.

    Args:
      output: The file's name for the warning.

    Yields:
      Nothing.
    """
    try:
      yield
    except (errors.UserError, tf.errors.OpError, OSError) as error:
      if output not in self._failed:
        self._failed.add(output)
        log_beside_bar(
          logging.WARNING,
          "step %d: %s cannot be written (%s). The training goes on.",
          self.step,
          output,
          errors.first_line(error),
        )

  @contextlib.contextmanager
  def to_tensorboard(self, writer: tf.summary.SummaryWriter) -> Iterator[None]:
    """Lets `tf.summary` write at the current step, as optional output.

    Args:
      writer: Writes the event files.

    Yields:
      Nothing.
    """
    log = self.optional_output("the TensorBoard log")
    with log, writer.as_default(self.step):
      yield


class _SafeStream:
  """A stream whose reader may be gone: what cannot be written is dropped.

  tqdm keeps the lock of all bars for ever if a write raises in `refresh`; bars
  of other threads would then wait for it.
  """

  def __init__(self, stream: TextIO):
    self._stream = stream

  def write(self, text: str) -> None:
    """Writes text if that is possible."""
    with contextlib.suppress(OSError):
      self._stream.write(text)

  def flush(self) -> None:
    """Hands on what was written if that is possible."""
    with contextlib.suppress(OSError):
      self._stream.flush()

  def __getattr__(self, name: str) -> Any:
    return getattr(self._stream, name)


class ProgressBar(StepCallback):
  """One bar for the whole run, with the time left and the current losses."""

  def __init__(self, first_step: int, total_steps: int, title: str = "train"):
    """As `StepCallback`.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      title: What stands before the bar.
    """
    super().__init__(first_step, total_steps)
    self._title = title
    self._bar: tqdm.tqdm | None = None

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Shows the bar."""
    self._bar = tqdm.tqdm(
      total=self._known_total(),
      initial=self.step,
      unit="step",
      desc=self._title,
      file=_SafeStream(sys.stderr),
      mininterval=_BAR_SECONDS if sys.stderr.isatty() else _LOG_SECONDS,
    )

  def on_step(self, logs: dict[str, float]) -> None:
    """Moves the bar by one step."""
    if self._bar is None:
      return
    self._bar.total = self._known_total()
    if self._bar.n % _SHOWN_EVERY == 0:
      self._bar.set_postfix(_sum_directions(logs), refresh=False)
    self._bar.update()

  def _known_total(self) -> int | None:
    """Returns the run's length if anybody knows it."""
    return self.total if self.total < sys.maxsize // 2 else None

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Leaves the finished bar on the screen."""
    self.close()

  def close(self) -> None:
    """Ends the bar's line, so that a message can follow."""
    bar, self._bar = self._bar, None
    if bar is not None:
      bar.close()


class Validation(StepCallback):
  """Measures on the test split, and keeps the best checkpoint.

  Attributes:
    latest: The newest measures; empty once somebody has taken them.
  """

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    evaluator: validation.Evaluator,
    interval: int,
    writer: tf.summary.SummaryWriter,
    best: checkpoint_store.BestCheckpoint | None,
    pause: float = 0.0,
  ):
    """Sets the measures and when they are taken.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      evaluator: Measures generators on the test split.
      interval: Steps between two validations; the last step is always one.
      writer: Gets the measures.
      best: Keeps the checkpoint that is best by its metric; None keeps none.
      pause: Seconds between two validations at least; the last step, and one
        that is asked for, does not wait.
    """
    super().__init__(first_step, total_steps)
    self._evaluator, self._interval = evaluator, interval
    self._writer, self._best = writer, best
    self._pause, self._measured_at = pause, time.monotonic()
    self.latest: dict[str, float] = {}

  def on_step(self, logs: dict[str, float]) -> None:
    """Measures when it is time to.

    Raises:
      errors.UserError: If the best checkpoint cannot be saved.
    """
    early = time.monotonic() - self._measured_at < self._pause
    if not self.is_due(sys.maxsize if early else self._interval):
      return
    measures = self._evaluator.measure(
      *map(validation.from_generator, self.model.inference_generators)
    )
    self._measured_at = time.monotonic()
    self.latest = dict(measures)
    with self.to_tensorboard(self._writer):
      for name, value in measures.items():
        tf.summary.scalar(f"validation/{name}", value)
    shown = ", ".join(
      f"{k} {v:.4g}" for k, v in measures.items() if not k.endswith("_std")
    )
    better = self._best and self._best.save_if_better(
      measures[self._best.metric]
    )
    log_beside_bar(
      logging.INFO,
      "step %d: %s%s",
      self.step,
      shown,
      " (best so far)" if better else "",
    )


class Checkpoint(StepCallback):
  """Saves at intervals, at the end, and when the process is asked to stop."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    store: checkpoint_store.CheckpointStore,
    interval: int,
    requests: stop_requests.StopRequests,
    strategy: tf.distribute.Strategy,
    workers: int = 1,
  ):
    """Sets where and when to save.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      store: Saves the model.
      interval: Steps between two checkpoints.
      requests: The signals that ask this process to stop.
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
      errors.UserError: If the file system refuses, or a weight is NaN or
        infinite.
    """
    number = self._stop_signal()
    if number is not None and self.step < self.total:
      self.stopped_by = number
      self.model.stop_training = True
    if self.is_due(self._interval) or self.stopped_by is not None:
      try:
        self._store.save()
      except checkpoint_store.NotFiniteError as error:
        raise diverged(str(error), self.step) from error

  def _stop_signal(self) -> int | None:
    """Returns the signal that any worker has received.

    All workers get the same answer at the same step: they stop together, or
    the others would wait for gradients for ever.
    """
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


def log_beside_bar(level: int, message: str, *values: object) -> None:
  """Logs a line above the progress bar instead of in the midst of it.

  Args:
    level: absl's level.
    message: With `%` for the values.
    *values: Put in if the message is shown.
  """
  with tqdm.tqdm.external_write_mode(file=sys.stderr):
    logging.log(level, message, *values)


def diverged(what: str, step: int) -> errors.UserError:
  """Returns what to tell the user when a number is NaN or infinite.

  Args:
    what: Which number is NaN or infinite.
    step: The step in which it was seen.
  """
  return errors.UserError(
    f"training diverged: {what} at step {step}. Nothing of it was saved; the"
    " last checkpoint is good. Go on from it with a lower --learning_rate, or"
    " with --precision=float32 if it was another."
  )


def _sum_directions(logs: dict[str, float]) -> dict[str, str]:
  """Returns each loss summed over both directions, as text for one line."""
  sums: dict[str, float] = {}
  for name, value in logs.items():
    if "/" in name:  # a score or a gradient's norm
      continue
    kind = name.rsplit("_", 1)[0]
    sums[kind] = sums.get(kind, 0.0) + float(value)
  kinds = [kind for kind in _SHOWN_FIRST if kind in sums]
  kinds += [kind for kind in sums if kind not in kinds]
  return {kind: f"{sums[kind]:.3f}" for kind in kinds}
