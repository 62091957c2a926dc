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
import os

import pytest

from official.cyclegan.training import history as history_lib
from tests import conftest


def _history():
  history = history_lib.History()
  history.add(50, {"gan_AB": 0.5, "cycle_A": 0.25})
  history.add(100, {"gan_AB": 0.4})
  history.add(100, {"validation/swd": float("inf")})
  history.add(150, {"gan_AB": 0.3, "validation/swd": 1e-7})
  history.add_event(60, "mode_collapse", "g_AB", 'say "it", <b>\nnew line')
  history.add_event(120, "exploded", "losses", "é")
  history.progress = {"state": "running", "step": 150, "total": None}
  return history


def test_comes_back_as_it_was_written(tmp_path):
  history = _history()
  history.write(str(tmp_path))
  assert history_lib.read(str(tmp_path)) == history
  assert (tmp_path / "results.csv").read_text().splitlines() == [
    "step,gan_AB,cycle_A,validation/swd",
    "50,0.5,0.25,",
    "100,0.4,,inf",
    "150,0.3,,1e-07",
  ]


def test_columns_leave_out_what_is_not_a_number():
  history = _history()
  assert history.column("gan_AB") == ([50, 100, 150], [0.5, 0.4, 0.3])
  assert history.column("validation/swd") == ([150], [1e-7])
  assert history.column("unknown") == ([], [])
  assert history.names() == ["gan_AB", "cycle_A", "validation/swd"]


def test_an_event_is_noted_once():
  history = _history()
  history.add_event(140, "exploded", "losses", "again")
  history.add_event(140, "exploded", "others", "new")
  assert [event["step"] for event in history.events] == [60, 120, 140]


def test_a_run_that_goes_on_forgets_what_came_after():
  kept = _history().until(100)
  assert [row["step"] for row in kept.rows] == [50, 100]
  assert [event["step"] for event in kept.events] == [60]
  kept.add(110, {"gan_AB": 1.0})
  assert kept.rows[-1] == {"step": 110, "gan_AB": 1.0}


@pytest.mark.parametrize("name", ["results.csv", "progress.json"])
@pytest.mark.parametrize(
  "content",
  [b"", b"\x00\xff\x00", b"step,a\n1,x\n", b"[1, 2]", b'{"events": [{}]}'],
)
def test_damaged_files_are_begun_anew(tmp_path, name, content):
  history = _history()
  history.write(str(tmp_path))
  (tmp_path / name).write_bytes(content)
  found = history_lib.read(str(tmp_path))
  if name == "results.csv":
    assert (found.rows, found.events) == ([], history.events)
  else:
    assert (found.rows, found.events) == (history.rows, [])
    assert found.progress == {}
  assert history_lib.read(str(tmp_path / "nowhere")) == history_lib.History()


def test_pipes_are_not_waited_for(tmp_path):
  os.mkfifo(tmp_path / "results.csv")
  os.mkfifo(tmp_path / "progress.json")
  assert history_lib.read(str(tmp_path)) == history_lib.History()


def test_progress_is_json_for_other_programs(tmp_path):
  _history().write(str(tmp_path))
  values = json.loads((tmp_path / "progress.json").read_text())
  assert values["state"] == "running" and len(values["events"]) == 2


if __name__ == "__main__":
  conftest.main(__file__)
