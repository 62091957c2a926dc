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
"""Lets a run end when its time is used."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from absl import logging

from official.cyclegan.core import run_time
from official.cyclegan.training import callbacks

# More steps than any run has: the length of one that only time ends.
UNKNOWN = 2**62
_TRACED = 2  # steps at the start that say nothing about the later ones
_MEASURED_SECONDS = 3.0  # of steps, before an estimate is worth saying
_NOTED_SECONDS = 2.0  # between two notes of the time used
_SAVED_SHARE = 0.05  # of all time, between two checkpoints at most
_SAVED_SECONDS = 30.0  # at least
_SAVED_MOST_SECONDS = 300.0  # at most
_REHEARSED_SHARE = 0.05  # of all time, when the end is rehearsed
_REHEARSED_SECONDS = 15.0  # of steps at most before that
_LONG_END_SHARE = 0.01  # of all time; a longer end is rehearsed again
# Of all time, before the first step: that is told, from so many seconds on.
_SLOW_SHARE = 0.2
_SLOW_SECONDS = 30.0
# To leave the process: of the time that it took to start, and at least.
_EXIT_SHARE = 0.1
_EXIT_SECONDS = 1.0
# About what a step costs of what one with pictures of half size costs: 2.2 with
# 64 pixels, and the more the larger they are.
_FULL_SIZE_COST = 2.4


def pause(total: float) -> float:
  """Returns how often things are done that no step needs, seconds.

  Args:
    total: What the whole run may take, seconds.

  Returns:
    Between two checkpoints, or two validations, where nobody says how many
    steps there are to be.
  """
  return min(_SAVED_MOST_SECONDS, max(_SAVED_SECONDS, _SAVED_SHARE * total))


class TimeLimit(callbacks.StepCallback):
  """Ends a run in time, with all that is done at its last step.

  After every step the learning rates' schedule is told which share of the time
  is used; that only grows, also when the run is interrupted or the machine
  becomes slower. What the last step needs beyond a step (validation, pictures,
  checkpoint) is measured by doing it once early in the run.

  It must be the first of the callbacks.
  """

  def __init__(
    self,
    first_step: int,
    budget: run_time.Budget,
    others: Sequence[callbacks.StepCallback],
    saves: bool,
    on_estimate: Callable[[int], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    remedy: str = "",
    half_size_fraction: float = 0.0,
  ):
    """Sets the time and who is told when it is over.

    Args:
      first_step: Steps already done.
      budget: The time of the run.
      others: The other callbacks, whose `total` this one sets.
      saves: Whether to ask for checkpoints by time as well.
      on_estimate: Is told once about how many steps the whole run will have.
      clock: Returns seconds that only grow.
      remedy: A sentence for who waits long for the first step.
      half_size_fraction: Share of the time, at its start, whose steps have
        pictures of half size (`half_size.HalfSize`); in [0, 1].
    """
    super().__init__(first_step, UNKNOWN)
    self._budget, self._others, self._saves = budget, others, saves
    self._on_estimate, self._clock = on_estimate, clock
    self._measured: tuple[int, float] | None = None  # a step, and its time
    self._noted_at = self._saved_at = clock()
    self._rehearsals = 0
    self._share = 0.0
    self._exit_seconds = _EXIT_SECONDS
    self._remedy = remedy and f" {remedy}"
    self._slow_start: threading.Timer | None = None
    self._half_until = half_size_fraction
    self._was_half = False
    self._traced = first_step + _TRACED  # steps until then say nothing

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Tells the schedule what was used before."""
    self._exit_seconds = max(_EXIT_SECONDS, _EXIT_SHARE * self._budget.here())
    self._advance(0.0)
    self._note()
    slow = max(_SLOW_SECONDS, _SLOW_SHARE * self._budget.total)
    wait = max(0.0, min(slow - self._budget.here(), threading.TIMEOUT_MAX))
    self._slow_start = threading.Timer(wait, self._warn_of_slow_start)
    self._slow_start.daemon = True
    self._slow_start.start()

  def on_step(self, logs: dict[str, float]) -> None:
    """Tells the schedule what is used, and ends the run in time."""
    now = self._clock()
    is_first = self.step == self._first + 1
    if is_first:
      self.close()
    if self._was_half and not self.model.half_size:
      # Steps have become slower, and this one was traced.
      self._measured, self._traced = None, self.step + _TRACED - 1
    self._was_half = self.model.half_size
    if self._measured is None:
      if self.step >= self._traced:
        self._measured = self.step, now
        self._saved_at = now
      step_seconds = 0.0
    else:
      step, then = self._measured
      step_seconds = (now - then) / max(1, self.step - step)
    left = self._budget.left() - self._end_seconds()
    self._advance(self._end_seconds())
    # The nearest number of steps, not always one too few.
    if left < 0.5 * step_seconds or left <= 0.0:
      self._set_total(self.step)
      self.model.stop_training = True
      if is_first:
        callbacks.log_beside_bar(
          logging.WARNING,
          "The first step was done only after %.3g minutes, when the time was"
          " over: the run ends with it. Give it more time.%s",
          self._budget.here() / 60,
          self._remedy,
        )
      return
    if self._measured is None or self.step == self._measured[0]:
      return
    self._set_total(self.step + max(1, self._steps_left(left, step_seconds)))
    if now - self._measured[1] >= _MEASURED_SECONDS and self._on_estimate:
      on_estimate, self._on_estimate = self._on_estimate, None
      on_estimate(self.total)
    self._ask(now)
    if now - self._noted_at >= _NOTED_SECONDS:
      self._note()

  def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
    """Writes how much is used."""
    self.close()
    self._note(over=self.step == self.total)

  def close(self) -> None:
    """Waits for the first step no longer."""
    if self._slow_start is not None:
      self._slow_start.cancel()

  def _warn_of_slow_start(self) -> None:
    """Tells that much of the time goes by before the first step."""
    callbacks.log_beside_bar(
      logging.WARNING,
      "After %.3g of %.3g minutes the first step is not done yet.%s",
      self._budget.here() / 60,
      self._budget.total / 60,
      self._remedy,
    )

  def _advance(self, end_seconds: float) -> None:
    """Moves the schedule on to the share of the time that is used.

    Args:
      end_seconds: That the last step needs beyond a step.
    """
    used = self._budget.used()
    # Not `total`: a machine that sleeps loses time that it does not count.
    share = used / max(used + self._budget.left() - end_seconds, 1e-3)
    self._share = min(1.0, max(self._share, share))
    fraction = self.model.time_fraction
    if fraction is not None:
      fraction.assign(self._share)

  def _steps_left(self, seconds: float, step_seconds: float) -> int:
    """Returns how many steps are still to be expected."""
    if not self.model.half_size:
      return round(seconds / step_seconds)
    share = max(0.0, self._half_until - self._share)  # that is still to come
    half = seconds * share / max(1.0 - self._share, 1e-3)
    return round((half + (seconds - half) / _FULL_SIZE_COST) / step_seconds)

  def _end_seconds(self) -> float:
    """Returns what the last step needs beyond a step, as far as known."""
    return self._exit_seconds + sum(other.due_seconds for other in self._others)

  def _set_total(self, total: int) -> None:
    self.total = total
    for other in self._others:
      other.total = total

  def _ask(self, now: float) -> None:
    """Asks for a rehearsal of the end, or for a checkpoint, if it is time."""
    assert self._measured is not None
    after = min(_REHEARSED_SECONDS, _REHEARSED_SHARE * self._budget.total)
    long = self._end_seconds() > _LONG_END_SHARE * self._budget.total
    if (self._rehearsals == 0 and now - self._measured[1] >= after) or (
      self._rehearsals == 1 and long  # the first time is slower than others
    ):
      self._rehearsals += 1
      self._saved_at = now
      for other in self._others:
        other.due_now = True
      return
    saves = self._saves and now - self._saved_at >= pause(self._budget.total)
    if saves:
      self._saved_at = now
      for other in self._others:
        if isinstance(other, callbacks.Checkpoint):
          other.due_now = True

  def _note(self, over: bool = False) -> None:
    """Writes how much is used, for when the process is killed."""
    self._noted_at = self._clock()
    notes = {"steps": self.step}
    if self.step < self.total < UNKNOWN:
      notes["expected_steps"] = self.total
    with self.optional_output("the time used"):
      if over:
        self._budget.finish(**notes)
      else:
        self._budget.save(**notes)
