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
import json
import time

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import run_time
from tests import conftest

_ZONE = datetime.timezone(datetime.timedelta(hours=2))
_NOON = datetime.datetime(2026, 5, 17, 12, 0, tzinfo=_ZONE)


@pytest.mark.parametrize(
  ("text", "hours"),
  [
    ("12:30", 0.5),
    ("9:00", 21),
    ("12:00", 24),  # not now
    ("2026-05-17T14:00+02:00", 2),
    ("2026-05-17T14:00+00:00", 4),
    ("2026-05-17 11:00+02:00", -1),
  ],
)
def test_ends_that_are_given(text, hours):
  end = run_time.parse_end(text, _NOON)
  assert end - _NOON == datetime.timedelta(hours=hours)


def test_a_date_without_a_zone_is_this_machines():
  end = run_time.parse_end("2026-05-17T14:00", _NOON)
  assert end == datetime.datetime(2026, 5, 17, 14, 0).astimezone()


@pytest.fixture
def clock_that_is_changed(monkeypatch):
  """This machine is where summer time ends on 2026-10-25 at 03:00."""
  monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
  time.tzset()
  yield
  monkeypatch.undo()
  time.tzset()


@pytest.mark.parametrize(
  ("now", "text", "hours"),
  [
    ("2026-10-24T23:00+02:00", "07:30", 9.5),
    ("2026-03-28T23:00+01:00", "07:30", 7.5),
    ("2026-10-25T02:30+02:00", "02:45", 0.25),  # the hour that comes twice
    ("2026-10-25T02:30+01:00", "02:45", 0.25),
    ("2026-10-25T02:50+02:00", "02:45", 11 / 12),
    ("2026-07-01T23:00+02:00", "07:30", 8.5),
  ],
)
def test_a_clock_that_is_changed_by_then(
  clock_that_is_changed, now, text, hours
):
  now = datetime.datetime.fromisoformat(now).astimezone()
  end = run_time.parse_end(text, now)
  assert end - now == datetime.timedelta(hours=hours)
  assert end.strftime("%H:%M") == text


@pytest.mark.parametrize("text", ["24:00", "12:60", "noon", "12", "2026-13-01"])
def test_what_is_no_time_is_refused(text):
  with pytest.raises(errors.UserError, match=f"--until={text} is not a time"):
    run_time.parse_end(text, _NOON)


def _begin(folder, ago=0.0, goes_on=True, **train):
  config = config_lib.TrainConfig(**train)
  return run_time.begin(config, str(folder), time.monotonic() - ago, goes_on)


def test_a_run_of_steps_has_no_time(tmp_path):
  assert _begin(tmp_path, train_steps=5) is None
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  ("minutes", "size"), [(0, 64), (10, 64), (40, 128), (159, 128), (1e4, 256)]
)
def test_longer_runs_have_larger_pictures(minutes, size):
  train = config_lib.TrainConfig(max_minutes=minutes)
  assert run_time.picture_size(train) == size


@pytest.mark.parametrize(("hours", "size"), [(0.5, 64), (1, 128), (3, 256)])
def test_an_end_says_how_large_pictures_are_as_well(hours, size):
  end = datetime.datetime.now() + datetime.timedelta(hours=hours)
  train = config_lib.TrainConfig(until=end.isoformat())
  assert run_time.picture_size(train) == size


def test_time_used_is_kept_over_interruptions(tmp_path):
  first = _begin(tmp_path, 60, goes_on=False, max_minutes=10)
  assert first.left() == pytest.approx(540, abs=5)
  first.save(steps=7)
  assert json.loads((tmp_path / "time.json").read_text())["steps"] == 7
  second = _begin(tmp_path, 30, max_minutes=10)
  assert second.used() == pytest.approx(90, abs=5)
  assert second.left() == pytest.approx(510, abs=5)
  # Killed before its first checkpoint: that time is used as well.
  assert _begin(tmp_path, goes_on=False, max_minutes=10).left() < 545
  # More time was given than before.
  assert _begin(tmp_path, max_minutes=20).left() > 1100


def test_a_run_killed_late_without_a_checkpoint_begins_anew(tmp_path):
  """Nothing could come of what is left of its time."""
  _begin(tmp_path, 290, goes_on=False, max_minutes=10).save()
  assert _begin(tmp_path, goes_on=False, max_minutes=10).left() < 315
  _begin(tmp_path, 20, goes_on=False, max_minutes=10).save()
  anew = _begin(tmp_path, goes_on=False, max_minutes=10)
  assert anew.left() == pytest.approx(600, abs=5)
  assert _begin(tmp_path, max_minutes=10).left() < 300  # there is one


def test_a_start_that_could_not_train_takes_no_time(tmp_path):
  first = _begin(tmp_path, 60, goes_on=False, max_minutes=10)
  first.save()
  first.forget()
  assert not list(tmp_path.iterdir())
  _begin(tmp_path, 100, max_minutes=10).save(steps=7)
  before = (tmp_path / "time.json").read_text()
  later = _begin(tmp_path, 60, max_minutes=10)
  later.save()
  assert (tmp_path / "time.json").read_text() != before
  later.forget()
  assert json.loads((tmp_path / "time.json").read_text()) == json.loads(before)


def test_a_finished_run_has_no_time_left_and_a_new_one_has_all(tmp_path):
  _begin(tmp_path, 595, max_minutes=10).finish()
  assert _begin(tmp_path, max_minutes=10).left() <= 0
  fresh = _begin(tmp_path, goes_on=False, max_minutes=10)
  assert fresh.left() == pytest.approx(600, abs=5)


def test_a_clock_time_stays_what_it_was_when_the_run_began(tmp_path):
  now = datetime.datetime.now().astimezone()
  soon = (now + datetime.timedelta(minutes=90)).strftime("%H:%M")
  first = _begin(tmp_path, goes_on=False, until=soon)
  assert first.left() == pytest.approx(90 * 60, abs=70)
  first.save()
  path = tmp_path / "time.json"
  record = json.loads(path.read_text())
  record["ends"] = (now - datetime.timedelta(hours=1)).isoformat()
  record["used_seconds"] = 1000.0
  path.write_text(json.dumps(record))
  assert _begin(tmp_path, until=soon).left() <= 0  # not tomorrow
  later = (now + datetime.timedelta(minutes=100)).strftime("%H:%M")
  other = _begin(tmp_path, until=later)
  # The schedule counts what was used; the pause costs none of it.
  assert other.total == pytest.approx(1000 + 100 * 60, abs=70)


def test_a_clock_time_comes_whatever_the_process_has_counted(tmp_path):
  """While a machine sleeps, what is used stands still."""
  ends = datetime.datetime.now().astimezone() + datetime.timedelta(minutes=5)
  lefts = [
    run_time.Budget(
      tmp_path / "time.json", 3600.0, ends, until, 0.0, time.monotonic()
    ).left()
    for until in ("07:30", "")
  ]
  assert 200 < lefts[0] <= 300  # not an hour
  assert lefts[1] > 3500


def test_a_start_that_failed_leaves_the_next_day_alone(tmp_path):
  now = datetime.datetime.now().astimezone()
  soon = (now + datetime.timedelta(minutes=90)).strftime("%H:%M")
  _begin(tmp_path, goes_on=False, until=soon).save()
  path = tmp_path / "time.json"
  record = json.loads(path.read_text())
  record["ends"] = (now - datetime.timedelta(hours=22)).isoformat()
  record["used_seconds"] = 1000.0
  path.write_text(json.dumps(record))
  again = _begin(tmp_path, goes_on=False, until=soon)
  assert again.left() == pytest.approx(90 * 60, abs=70)
  assert again.used() < 500 and again.ends > now
  # A date has passed for good.
  record["until"] = "2020-01-01T00:00"
  path.write_text(json.dumps(record))
  with pytest.raises(errors.UserError, match="has passed"):
    _begin(tmp_path, goes_on=False, until=record["until"])


def test_an_end_in_the_past_is_refused_at_the_start(tmp_path):
  with pytest.raises(errors.UserError, match="has passed"):
    _begin(tmp_path, goes_on=False, until="2020-01-01T00:00")


def test_a_damaged_record_is_named(tmp_path):
  (tmp_path / "time.json").write_text("{")
  with pytest.raises(errors.UserError, match="time.json"):
    _begin(tmp_path, max_minutes=1)


if __name__ == "__main__":
  conftest.main(__file__)
