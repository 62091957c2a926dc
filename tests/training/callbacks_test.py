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
import concurrent.futures
import io
import os
import signal
import sys

import pytest
import tensorflow as tf
import tqdm

from official.cyclegan.core import errors
from official.cyclegan.training import callbacks
from official.cyclegan.training import checkpoint_store
from official.cyclegan.training import stop_requests
from tests import conftest
from tests.training import fakes


def test_progress_bar_covers_the_whole_run(capsys):
  bar = callbacks.ProgressBar(40, 60)
  fakes.run(bar, 20, {"gan_AB": 0.25, "gan_BA": 0.5, "score/d_A_real": 9.0})
  shown = capsys.readouterr().err
  assert "60/60" in shown and "40/60" in shown
  assert "gan=0.750" in shown  # both directions together
  assert "score" not in shown
  assert "<" in shown  # the time left


def test_progress_bar_without_a_reader_does_not_stop_the_training(monkeypatch):
  class Pipe(io.StringIO):
    """One whose reader has gone."""

    def write(self, text):
      raise BrokenPipeError(32, "Broken pipe")

  bar = callbacks.ProgressBar(0, 60)
  monkeypatch.setattr(sys, "stderr", Pipe())
  bar.on_train_begin()
  monkeypatch.setattr(bar._bar, "mininterval", 0)
  for batch in range(60):
    bar.on_train_batch_end(batch, {"gan_AB": 0.25})
  bar.on_train_end()
  assert bar.step == 60

  def take_the_lock_of_all_bars():
    with tqdm.tqdm.get_lock():
      return True

  # Bars of other threads are not kept waiting.
  with concurrent.futures.ThreadPoolExecutor(1) as pool:
    assert pool.submit(take_the_lock_of_all_bars).result(10)


class _Store:
  def __init__(self, error=None):
    self.saves, self.error = 0, error

  def save(self):
    self.saves += 1
    if self.error:
      raise self.error


def _checkpoint(store, interval, first=0, total=10):
  requests = stop_requests.StopRequests()
  checkpoint = callbacks.Checkpoint(
    first, total, store, interval, requests, tf.distribute.get_strategy()
  )
  checkpoint.set_model(fakes.fake_model())
  return checkpoint, requests


def test_checkpoints_at_multiples_and_at_the_end():
  store = _Store()
  checkpoint, _ = _checkpoint(store, 4, first=3)
  saved_at = []
  for _ in range(7):
    before = store.saves
    checkpoint.on_train_batch_end(0, {})
    if store.saves > before:
      saved_at.append(checkpoint.step)
  assert saved_at == [4, 8, 10]


def test_the_whole_cost_of_a_step_is_not_forgotten(monkeypatch):
  """An ordinary step that is due does less than one that is asked for."""
  now = [0.0]
  monkeypatch.setattr(callbacks.time, "monotonic", lambda: now[0])

  class Worker(callbacks.StepCallback):
    whole = 9.0

    def on_step(self, logs):
      if self.is_due(2):
        now[0] += self.whole if self.due_now else 1.0

  worker = Worker(0, 100)
  costs = []
  for step in range(1, 7):
    worker.due_now = step in (3, 5)
    worker.whole = 9.0 if step < 5 else 4.0  # the first time it takes longer
    worker.on_train_batch_end(step)
    costs.append(worker.due_seconds)
  assert costs == [0.0, 1.0, 9.0, 9.0, 4.0, 4.0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops(number):
  store = _Store()
  checkpoint, requests = _checkpoint(store, 100)
  before = signal.getsignal(number)
  with requests.listen():
    checkpoint.on_train_batch_end(0, {})
    os.kill(os.getpid(), number)
    checkpoint.on_train_batch_end(1, {})
  assert signal.getsignal(number) == before
  assert store.saves == 1 and checkpoint.model.stop_training
  assert checkpoint.stopped_by == number


def test_a_signal_at_the_last_step_is_no_interruption():
  checkpoint, requests = _checkpoint(_Store(), 100, first=9)
  requests.received = signal.SIGTERM
  checkpoint.on_train_batch_end(0, {})
  assert checkpoint.stopped_by is None


def test_weights_that_are_no_numbers_end_the_run():
  store = _Store(checkpoint_store.NotFiniteError("weights of g_AB are NaN"))
  checkpoint, _ = _checkpoint(store, 1)
  with pytest.raises(errors.UserError, match="g_AB are NaN at step 1"):
    checkpoint.on_train_batch_end(0, {})


class _Evaluator:
  def measure(self, *translators):
    assert len(translators) == 2
    return {"cycle_l1": 0.25, "cycle_l1_std": 0.1}


class _Best:
  metric = "cycle_l1"

  def __init__(self):
    self.values = []

  def save_if_better(self, value):
    self.values.append(value)
    return len(self.values) == 1


def test_validation_is_logged_and_the_best_is_kept(tmp_path, log):
  writer = tf.summary.create_file_writer(str(tmp_path))
  best = _Best()
  validate = callbacks.Validation(0, 5, _Evaluator(), 2, writer, best)
  generators = (fakes.scaling(1.0), fakes.scaling(1.0))
  validate.set_model(fakes.fake_model(inference_generators=generators))
  fakes.run(validate, 5)
  writer.flush()
  assert best.values == [0.25] * 3
  events = fakes.events(tmp_path)["validation/cycle_l1"]
  assert [step for step, _ in events] == [2, 4, 5]
  assert "step 2: cycle_l1 0.25 (best so far)" in log.text
  assert log.text.count("best so far") == 1
  assert "cycle_l1_std" not in log.text


def test_validations_pause(tmp_path, monkeypatch):
  now = [0.0]
  monkeypatch.setattr(callbacks.time, "monotonic", lambda: now[0])
  writer = tf.summary.create_file_writer(str(tmp_path))
  best = _Best()
  validate = callbacks.Validation(0, 50, _Evaluator(), 2, writer, best, 30.0)
  generators = (fakes.scaling(1.0), fakes.scaling(1.0))
  validate.set_model(fakes.fake_model(inference_generators=generators))
  measured = []
  for step in range(1, 51):
    now[0] += 3.0
    validate.due_now = step == 13
    before = len(best.values)
    validate.on_train_batch_end(step)
    measured += [step] * (len(best.values) - before)
  # Asked for at step 13, and at the end; each epoch else, but for the pause.
  assert measured == [10, 13, 24, 34, 44, 50]


@pytest.mark.parametrize(
  "error",
  [
    OSError(28, "No space left on device"),
    tf.errors.UnavailableError(None, None, "No space left on device"),
    errors.UserError("No space left on device"),
  ],
)
def test_optional_output_that_fails_is_reported_once(error, log):
  callback = callbacks.StepCallback(3, 9)
  for _ in range(2):
    with callback.optional_output("the diary"):
      raise error
  (line,) = [r for r in log.messages if "diary" in r]
  assert line.startswith("step 3: the diary cannot be written (")
  assert "No space left on device" in line


def test_other_errors_are_not_held_up():
  callback = callbacks.StepCallback(0, 9)
  with pytest.raises(KeyError), callback.optional_output("the diary"):
    raise KeyError


if __name__ == "__main__":
  conftest.main(__file__)
