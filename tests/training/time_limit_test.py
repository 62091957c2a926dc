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
import datetime
import pathlib
import types

import pytest
import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.core import run_time
from official.cyclegan.training import callbacks
from official.cyclegan.training import stop_requests
from official.cyclegan.training import time_limit
from tests import conftest
from tests.training import fakes


class _Clock:
  """Time that passes when somebody works."""

  def __init__(self):
    self.now = 100.0

  def monotonic(self):
    return self.now


class _Worker(callbacks.StepCallback):
  """Takes its time at some steps."""

  def __init__(self, clock, interval, seconds):
    super().__init__(0, time_limit.UNKNOWN)
    self.clock, self.interval, self.seconds = clock, interval, seconds
    self.done = []

  def on_step(self, logs):
    if self.is_due(self.interval):
      self.clock.now += self.seconds
      self.done.append(self.step)


class _Store:
  def __init__(self, clock):
    self.clock, self.at = clock, []

  def save(self):
    self.clock.now += 1.0
    self.at.append(self.clock.now)


def _checkpoint(clock, interval):
  return callbacks.Checkpoint(
    0,
    time_limit.UNKNOWN,
    _Store(clock),
    interval,
    stop_requests.StopRequests(),
    tf.distribute.get_strategy(),
  )


class _Run:
  """A training in which nothing is computed."""

  def __init__(self, folder, clock, monkeypatch, total, used=0.0, **options):
    monkeypatch.setattr(run_time.time, "monotonic", clock.monotonic)
    monkeypatch.setattr(callbacks.time, "monotonic", clock.monotonic)
    self.clock, self.begun = clock, clock.now
    self.budget = run_time.Budget(
      pathlib.Path(folder, "time.json"),
      total,
      datetime.datetime.now().astimezone(),
      "",
      used,
      clock.now,
    )
    self.worker = options.get("worker") or _Worker(clock, 10**9, 0.0)
    self.checkpoint = _checkpoint(clock, options.get("interval", 10**9))
    self.estimates = []
    self.limit = time_limit.TimeLimit(
      0,
      self.budget,
      [self.worker, self.checkpoint],
      options.get("saves", True),
      self.estimates.append,
      clock.monotonic,
      "Read less.",
      options.get("half_size_fraction", 0.0),
    )
    self.model = fakes.fake_model(time_fraction=tf.Variable(0.0))
    self.fractions = []
    self.called = [self.limit, self.worker, self.checkpoint]
    for callback in self.called:
      callback.set_model(self.model)

  def fit(self, seconds, start_up=10.0, first=20.0):
    """Trains until it is over; `seconds` is what a step takes, by its time."""
    self.clock.now += start_up
    for callback in self.called:
      callback.on_train_begin()
    self.fractions.append(float(self.model.time_fraction))
    while not self.model.stop_training:
      took = first if not self.limit.step else seconds(self.clock.now)
      self.clock.now += took
      for callback in self.called:
        callback.on_train_batch_end(0)
      self.fractions.append(float(self.model.time_fraction))
      assert self.limit.step < 10**5
    for callback in self.called:
      callback.on_train_end()
    return self.clock.now - self.begun


@pytest.mark.slow
@pytest.mark.parametrize("total", [120.0, 600.0, 3600.0])
@pytest.mark.parametrize(
  "seconds",
  [
    lambda now: 0.5,
    lambda now: 0.2 if now < 160 else 0.6,  # others want the machine too
    lambda now: 0.6 if int(now / 10) % 2 else 0.2,
    lambda now: 3.0,
  ],
)
def test_it_ends_in_time(tmp_path, monkeypatch, total, seconds):
  clock = _Clock()
  # Validations that take long, and the first of them longer.
  worker = _Worker(clock, 10**9, 4.0)
  run = _Run(tmp_path, clock, monkeypatch, total, worker=worker)
  took = run.fit(seconds)
  assert 0.95 * total < took < 1.05 * total
  # All that belongs to the end is done at the last step.
  assert worker.done[-1] == run.limit.step == worker.total
  assert run.checkpoint._store.at[-1] == clock.now
  assert run.budget.path.exists() and run.budget.left() < 0.05 * total


def test_the_schedule_only_goes_on_and_arrives_at_its_end(
  tmp_path, monkeypatch
):
  clock = _Clock()
  worker = _Worker(clock, 50, 6.0)
  run = _Run(tmp_path, clock, monkeypatch, 300.0, worker=worker)
  run.fit(lambda now: 0.3)
  assert run.fractions == sorted(run.fractions)
  assert run.fractions[0] == pytest.approx(10 / 299, abs=0.01)
  assert run.fractions[-1] > 0.98


def test_what_the_end_costs_is_not_forgotten(tmp_path, monkeypatch):
  """Ordinary steps that are due cost less than the last one."""

  class Worker(_Worker):
    def on_step(self, logs):
      if self.is_due(self.interval):
        whole = self.due_now or self.step == self.total
        self.clock.now += self.seconds if whole else 0.1

  clock = _Clock()
  worker = Worker(clock, 10, 12.0)
  run = _Run(tmp_path, clock, monkeypatch, 300.0, worker=worker)
  assert 290.0 < run.fit(lambda now: 0.5) <= 301.0


def test_a_machine_that_sleeps_is_done_by_the_clock(tmp_path, monkeypatch):
  clock, slept = _Clock(), [0.0]
  start = datetime.datetime.now(datetime.timezone.utc)

  class Now(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
      passed = clock.now - 100.0 + slept[0]
      return start + datetime.timedelta(seconds=passed)

  now = types.SimpleNamespace(datetime=Now, timezone=datetime.timezone)
  monkeypatch.setattr(run_time, "datetime", now)
  run = _Run(tmp_path, clock, monkeypatch, 600.0)
  run.budget.until = "07:30"
  run.budget.ends = start + datetime.timedelta(seconds=600)

  def seconds(at):
    if at > 300.0:
      slept[0] = 200.0
    return 0.5

  assert run.fit(seconds) == pytest.approx(400.0, abs=5.0)
  assert run.fractions == sorted(run.fractions)
  assert run.fractions[-1] > 0.98
  assert run.budget.left() < 5.0


def test_a_run_that_goes_on_has_what_is_left(tmp_path, monkeypatch):
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 600.0, used=400.0)
  took = run.fit(lambda now: 0.5)
  assert took == pytest.approx(200.0, abs=10.0)
  assert run.fractions[0] > 0.66


def test_killed_it_has_lost_no_time_but_the_last_seconds(tmp_path, monkeypatch):
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 600.0)
  run.fit(lambda now: 0.5)
  noted = []
  monkeypatch.setattr(
    run_time.Budget, "save", lambda self, **notes: noted.append(self.used())
  )
  again = _Run(tmp_path, clock, monkeypatch, 600.0)
  again.fit(lambda now: 0.5)
  steps = [b - a for a, b in zip(noted[1:], noted[2:])]
  assert max(steps) < 5.0


def test_checkpoints_come_by_time_as_well_unless_steps_were_given(
  tmp_path, monkeypatch
):
  saved = {}
  for saves in (True, False):
    clock = _Clock()
    run = _Run(tmp_path, clock, monkeypatch, 600.0, saves=saves)
    run.fit(lambda now: 0.5)
    saved[saves] = run.checkpoint._store.at
  gaps = [b - a for a, b in zip(saved[True], saved[True][1:])]
  assert max(gaps) < 40.0 and min(gaps[2:-1]) > 25.0
  assert len(saved[False]) == 2  # the rehearsal, and the end


@pytest.mark.parametrize(
  ("minutes", "seconds"), [(1, 30), (20, 60), (60, 180), (600, 300)]
)
def test_pauses(minutes, seconds):
  assert time_limit.pause(60.0 * minutes) == pytest.approx(seconds)


def test_the_length_is_estimated_early(tmp_path, monkeypatch):
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 600.0)
  run.fit(lambda now: 0.5)
  (estimate,) = run.estimates
  assert estimate == pytest.approx(run.limit.step, rel=0.05)


def test_slower_steps_with_full_size_are_expected(tmp_path, monkeypatch):
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 600.0, half_size_fraction=0.5)
  run.model.half_size = True
  totals = []

  def on_step(logs):
    totals.append(run.limit.total)
    run.model.half_size = run.limit._share < 0.5

  monkeypatch.setattr(run.worker, "on_step", on_step)
  took = run.fit(lambda now: 0.25 if run.model.half_size else 0.6)
  assert took == pytest.approx(600.0, abs=2.0)
  (estimate,) = run.estimates
  assert estimate == pytest.approx(run.limit.step, rel=0.05)
  known = [total for total in totals if total < time_limit.UNKNOWN]
  assert max(known) < 1.05 * run.limit.step
  assert min(known) > 0.95 * run.limit.step


def test_no_time_at_all_is_one_step(tmp_path, monkeypatch):
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 5.0)
  run.fit(lambda now: 0.5)
  assert run.limit.step == 1 and run.fractions[-1] == 1.0
  assert run.checkpoint._store.at


def test_time_that_is_over_with_the_first_step_is_told(
  tmp_path, monkeypatch, log
):
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 300.0)
  run.fit(lambda now: 0.5, first=350.0)
  assert run.limit.step == 1
  assert "first step was done only after 6 minutes" in log.text
  assert "Read less." in log.text
  other = _Run(tmp_path, clock, monkeypatch, 300.0)
  other.fit(lambda now: 0.5)
  assert log.text.count("first step") == 1


def test_who_waits_for_the_first_step_is_told(tmp_path, monkeypatch, log):
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 300.0)
  run.clock.now += 61.0  # more than a fifth
  run.limit.on_train_begin()
  run.limit._slow_start.join(60)
  assert "After 1.02 of 5 minutes the first step is not done yet" in log.text
  assert "Read less." in log.text
  # With the first step nobody waits any more, nor where that fails.
  early = _Run(tmp_path, clock, monkeypatch, 300.0)
  for end in (lambda: early.limit.on_train_batch_end(0), early.limit.close):
    early.limit.on_train_begin()
    end()
    early.limit._slow_start.join(60)
  assert log.text.count("first step is not done yet") == 1


def test_a_record_that_cannot_be_written_stops_nothing(
  tmp_path, monkeypatch, log
):
  def fail(self, **notes):
    raise errors.UserError("No space left on device")

  monkeypatch.setattr(run_time.Budget, "save", fail)
  clock = _Clock()
  run = _Run(tmp_path, clock, monkeypatch, 60.0)
  run.fit(lambda now: 0.5)
  assert log.text.count("the time used cannot be written") == 1


if __name__ == "__main__":
  conftest.main(__file__)
