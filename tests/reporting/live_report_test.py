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
import json

import numpy as np
import pytest

from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.reporting import live_report
from official.cyclegan.reporting import run_page
from official.cyclegan.training import callbacks
from official.cyclegan.training import diagnostics
from official.cyclegan.training import diagnostics_callback
from tests import conftest
from tests.training import fakes


class _Clock:
  """Seconds that pass when a test says so."""

  def __init__(self):
    self.now = 0.0

  def __call__(self):
    return self.now


@pytest.fixture
def clock():
  return _Clock()


@pytest.fixture
def make(tiny_config, tmp_path, clock):
  """Returns a function that makes the callback of a run's folder."""
  config_file.save(tiny_config, str(tmp_path))

  def make(first=0, total=20, others=(), **options):
    watch = live_report.LiveReport(
      first,
      total,
      str(tmp_path),
      2,
      5,
      {"A": 3, "B": 3},
      list(others),
      lambda: np.zeros((8, 8, 3), np.uint8),
      clock,
      **options,
    )
    watch.set_model(fakes.fake_model())
    return watch

  return make


def _progress(folder):
  return json.loads((folder / "progress.json").read_text())


def _steps(folder):
  lines = (folder / "results.csv").read_text().splitlines()[1:]
  return [int(line.split(",")[0]) for line in lines]


def test_keeps_what_the_run_shows_and_ends_as_finished(make, tmp_path):
  watch = make()
  with watch.closing():
    fakes.run(watch, 20, fakes.LOSSES)
  assert _steps(tmp_path) == list(range(2, 21, 2))
  header = (tmp_path / "results.csv").read_text().splitlines()[0].split(",")
  assert {*fakes.LOSSES, "learning_rate/generator"} <= set(header)
  progress = _progress(tmp_path)
  assert (progress["state"], progress["step"]) == ("finished", 20)
  text = (tmp_path / "report.html").read_text()
  assert "is finished: step 20 of 20" in text and "image/svg+xml" in text
  assert (tmp_path / "results.png").stat().st_size > 1000
  assert (tmp_path / "contact_sheet.png").exists()


def test_measures_and_events_are_those_of_the_other_callbacks(make, tmp_path):
  validation = callbacks.Validation(0, 20, None, 5, None, None)
  health = diagnostics_callback.Diagnostics.__new__(
    diagnostics_callback.Diagnostics
  )
  health.events = []
  watch = make(others=[validation, health])
  watch.on_train_begin()
  for step in range(1, 21):
    if step == 7:
      validation.latest = {"swd": 0.25}
      health.events.append(diagnostics.Event("exploded", "losses", "Lower it."))
    watch.on_train_batch_end(step, fakes.LOSSES)
  assert 7 in _steps(tmp_path)  # though it is no multiple
  (event,) = _progress(tmp_path)["events"]
  assert event == {
    "step": 7,
    "rule": "exploded",
    "subject": "losses",
    "message": "Lower it.",
  }
  assert "Step 7, exploded: Lower it." in (tmp_path / "report.html").read_text()


def test_pages_are_written_as_often_as_a_share_of_the_time_allows(
  make, clock, monkeypatch
):
  written, drawn = [], []

  def write(folder, history, parts):
    written.append(watch.step)
    clock.now += 0.1

  def draw(self, history, path=""):
    drawn.append(watch.step)
    clock.now += 2.0

  monkeypatch.setattr(run_page, "write", write)
  monkeypatch.setattr(run_page.Parts, "draw", draw)
  watch = make(total=500)
  watch.on_train_begin()
  for step in range(499):
    clock.now += 5.0
    watch.on_train_batch_end(step, {})
  trained = 5.0 * 499
  assert len(drawn) > 3 and len(written) > 10
  assert 2.0 * len(drawn) + 0.1 * len(written) < 0.01 * trained


def test_a_rehearsal_of_the_end_does_all_that_the_end_does(make, tmp_path):
  watch = make(total=10**6)
  watch.on_train_begin()
  for step in range(5):
    watch.due_now = step == 4
    watch.on_train_batch_end(step, fakes.LOSSES)
  assert watch.due_seconds >= 0 and (tmp_path / "results.png").exists()
  assert _progress(tmp_path)["state"] == "running"


@pytest.mark.parametrize(
  ("raised", "state", "words"),
  [
    (errors.UserError("training diverged: <NaN>"), "failed", "&lt;NaN&gt;"),
    (KeyboardInterrupt(), "stopped", "can go on"),
    (None, "stopped", "can go on"),
  ],
)
def test_says_how_a_training_ended_early(make, tmp_path, raised, state, words):
  watch = make()

  def train():
    with watch.closing():
      watch.on_train_begin()
      for step in range(7):
        watch.on_train_batch_end(step, fakes.LOSSES)
      if raised:
        raise raised

  if raised:
    with pytest.raises(type(raised)):
      train()
  else:
    train()
  assert _progress(tmp_path)["state"] == state
  assert _steps(tmp_path) == [2, 4, 6]
  assert words in (tmp_path / "report.html").read_text()


def test_a_run_that_goes_on_has_one_course(make, tmp_path):
  watch = make()
  watch.on_train_begin()
  for step in range(9):  # killed, with a checkpoint at step 5
    watch.on_train_batch_end(step, fakes.LOSSES)
  watch._history.write(str(tmp_path))
  assert _steps(tmp_path) == [2, 4, 6, 8]
  again = make(first=5)
  with again.closing():
    fakes.run(again, 15, fakes.LOSSES)
  assert _steps(tmp_path) == list(range(2, 21, 2))


def test_a_length_that_nobody_knows_is_not_shown(make, tmp_path):
  watch = make(total=2**62)
  watch.on_train_begin()
  for step in range(5):
    watch.on_train_batch_end(step, fakes.LOSSES)
  assert _progress(tmp_path)["total"] is None


@pytest.mark.parametrize(
  "error", [OSError(28, "No space left"), RuntimeError("of a font"), KeyError()]
)
def test_what_fails_is_said_once_and_ends_no_training(
  make, tmp_path, monkeypatch, log, error
):
  def fail(*arguments, **options):
    raise error

  monkeypatch.setattr(run_page, "render", fail)
  monkeypatch.setattr(run_page.Parts, "draw", fail)
  watch = make()
  with watch.closing():
    fakes.run(watch, 20, fakes.LOSSES)
  warned = [r for r in log.records if "The training goes on" in r.getMessage()]
  assert len(warned) == 2  # once each
  assert "the curves" in warned[0].getMessage() + warned[1].getMessage()
  assert "report.html" in warned[0].getMessage() + warned[1].getMessage()
  assert _steps(tmp_path)[-1] == 20


def test_a_page_is_never_half_written(make, tmp_path, monkeypatch):
  watch = make()
  watch.on_train_begin()
  before = (tmp_path / "report.html").read_text()
  seen = []
  replace = run_page.files.os.replace

  def look(source, target):
    if str(target).endswith("report.html"):
      seen.append((tmp_path / "report.html").read_text())
    replace(source, target)

  monkeypatch.setattr(run_page.files.os, "replace", look)
  watch._write("running")
  assert seen == [before]
  assert (tmp_path / "report.html").read_text().endswith("</html>\n")


if __name__ == "__main__":
  conftest.main(__file__)
