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
"""A callback that keeps a run's course, and its page up to date."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from absl import logging

from official.cyclegan.core import errors
from official.cyclegan.core import stack
from official.cyclegan.data import image_files
from official.cyclegan.reporting import page
from official.cyclegan.reporting import run_page
from official.cyclegan.training import callbacks
from official.cyclegan.training import diagnostics_callback
from official.cyclegan.training import history as history_lib

_SHARE = 0.003  # of the time, for each of the page and its curves
_SECONDS = 10.0  # between two writings of the page at least
_CURVES_COST = 1.0  # seconds, guessed before the first drawing
_UNKNOWN_STEPS = 2**60  # the length of a run that only time ends is more


class _Share:
  """Lets something happen only as often as a share of the time allows."""

  def __init__(self, clock: Callable[[], float], cost: float):
    self._clock, self._cost = clock, cost
    self._done_at = clock()

  def is_due(self) -> bool:
    """Returns whether enough time has gone by since the last time."""
    wait = max(_SECONDS, self._cost / _SHARE)
    return self._clock() - self._done_at >= wait

  @contextlib.contextmanager
  def measured(self) -> Iterator[None]:
    """Measures what it costs to do it."""
    begun = self._clock()
    try:
      yield
    finally:
      self._done_at = self._clock()
      self._cost = self._done_at - begun


class LiveReport(callbacks.StepCallback):
  """Writes `results.csv`, `progress.json`, `report.html`, `results.png`.

  Numbers and events are collected always; files are written with checkpoints,
  the page when a small share of the time allows it, all at the end. It must
  come after the callbacks that it asks, and before the checkpoint. What fails
  here is logged once and ends no training.
  """

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    model_dir: str,
    interval: int,
    saved_every: int,
    samples: dict[str, int],
    others: list[callbacks.StepCallback],
    contact_sheet: Callable[[], np.ndarray],
    clock: Callable[[], float] = time.monotonic,
  ):
    """Sets where to write, and whom to ask.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      model_dir: The folder of the run.
      interval: Steps between two points of the curves.
      saved_every: Steps between two checkpoints.
      samples: How many test images of each domain the pictures of the progress
        show.
      others: The run's other callbacks; health events and measures are theirs.
      contact_sheet: Returns a picture of training images, uint8 `[height,
        width, channels]`; called once for a run.
      clock: Returns seconds that only grow.
    """
    super().__init__(first_step, total_steps)
    self._folder, self._interval = model_dir, interval
    self._saved_every, self._others = saved_every, others
    self._samples, self._contact_sheet = samples, contact_sheet
    self._history = history_lib.History()
    self._parts = run_page.Parts.of(model_dir)
    self._page = _Share(clock, 0.0)
    self._curves = _Share(clock, _CURVES_COST)

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Takes up the course of earlier starts, and writes the first page."""
    with self._guarded("the run's report"):
      self._history = history_lib.read(self._folder).until(self._first)
    with self._guarded("the contact sheet"):
      path = os.path.join(self._folder, run_page.CONTACT_NAME)
      if not (self._first and os.path.exists(path)):
        image_files.write(path, self._contact_sheet())
    self._write(history_lib.RUNNING)

  def on_step(self, logs: dict[str, float]) -> None:
    """Collects, and writes when it is time to."""
    with self._guarded("the run's report"):
      self._collect(logs)
    # At the end, and when the end is rehearsed, with all that belongs to it.
    whole = self.due_now or self.step == self.total
    saved = self.is_due(self._saved_every)
    if whole or self._page.is_due():
      done = self.step == self.total
      self._write(history_lib.FINISHED if done else history_lib.RUNNING, whole)
    elif saved:
      self._note(history_lib.RUNNING)
      with self._guarded(history_lib.RESULTS_NAME):
        self._history.write(self._folder)

  @contextlib.contextmanager
  def closing(self) -> Iterator[None]:
    """Writes how the training within has ended, if not at its last step.

    Yields:
      Nothing.

    Raises:
      Exception: What the training raises.
    """
    try:
      yield
    except errors.UserError as error:
      self._write(history_lib.FAILED, whole=True, message=str(error))
      raise
    except BaseException:
      self._write(history_lib.STOPPED, whole=True)
      raise
    if self.step < self.total:
      self._write(history_lib.STOPPED, whole=True)

  def _collect(self, logs: dict[str, float]) -> None:
    """Adds the numbers and events of this step."""
    # Not `is_due`: the newest losses are wanted at the last step only once.
    if self.step % self._interval == 0 or self.step == self.total:
      rates = {
        f"learning_rate/{name}": stack.last_learning_rate(
          getattr(self.model, f"{name}_optimizer")
        )
        for name in ("generator", "discriminator")
      }
      self._history.add(self.step, {**logs, **rates})
    for other in self._others:
      if isinstance(other, callbacks.Validation) and other.latest:
        measures, other.latest = other.latest, {}
        found = {f"validation/{name}": v for name, v in measures.items()}
        self._history.add(self.step, found)
      elif isinstance(other, diagnostics_callback.Diagnostics):
        for event in other.events:
          self._history.add_event(
            self.step, event.rule, event.subject, event.message
          )

  def _note(self, state: str, message: str = "") -> None:
    """Notes how the run stands."""
    known = self.total < _UNKNOWN_STEPS
    self._history.progress = {
      "state": state,
      "step": self.step,
      "total": self.total if known else None,
      "samples": self._samples,
      **({"message": message} if message else {}),
    }

  def _write(self, state: str, whole: bool = False, message: str = "") -> None:
    """Writes the page, and if it is time to, or all is wanted, the curves."""
    self._note(state, message)
    if whole or self._curves.is_due():
      path = os.path.join(self._folder, run_page.CURVES_NAME)
      with self._guarded("the curves"), self._curves.measured():
        self._parts.draw(self._history, path if whole else "")
    with self._page.measured():
      with self._guarded(history_lib.RESULTS_NAME):
        self._history.write(self._folder)
      with self._guarded(page.REPORT_NAME):
        run_page.write(self._folder, self._history, self._parts)

  @contextlib.contextmanager
  def _guarded(self, output: str) -> Iterator[None]:
    """Lets the training go on whatever goes wrong: nothing here is needed."""
    try:
      with self.optional_output(output):
        yield
    except Exception as error:  # of any library that draws or renders
      if output not in self._failed:
        self._failed.add(output)
        callbacks.log_beside_bar(
          logging.WARNING,
          "step %d: %s cannot be made (%s: %s). The training goes on.",
          self.step,
          output,
          type(error).__name__,
          errors.first_line(error),
        )
