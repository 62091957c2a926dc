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
import signal
import time

import pytest

from official.cyclegan.studio_app import jobs
from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import workspace
from tests import conftest


@pytest.fixture
def space(tmp_path):
  return workspace.Workspace(str(tmp_path))


def _wait(job):
  while job.state() == jobs.RUNNING:
    time.sleep(0.05)
  return job.state()


def test_a_command_is_found_again_with_how_it_ended(space):
  project = space.create("x")
  good = jobs.start(
    space, project, "demo", ["--model=m", "--dry_run"], project.path / "good"
  )
  bad = jobs.start(space, project, "demo", ["--port=x"], project.path / "bad")
  assert _wait(good) == jobs.DONE and _wait(bad) == jobs.FAILED
  found = jobs.of(space.project("x"))  # as a server that was started anew
  assert [job.state() for job in found] == [jobs.DONE, jobs.FAILED]
  shown = found[1].shown()
  assert "--port=x must be" in shown["message"]
  assert shown["command"].endswith("official.cyclegan.demo --port=x")
  assert jobs.latest(found, "good").number == good.number
  assert jobs.latest(found, "good", "train") is None


def _noted(project, kind="train", **state):
  """Returns a job as it lies on disk."""
  folder = project.folder(workspace.JOBS)
  number = len(list(folder.glob("*.json"))) + 1
  values = {
    "kind": kind,
    "arguments": ["--x=a b"],
    "output": "runs/1",
    "started": time.time() - 3600,
  }
  (folder / f"{number}.json").write_text(json.dumps(values))
  if state:
    (folder / f"{number}.state").write_text(json.dumps(state))
  return jobs.of(project)[-1]


@pytest.mark.parametrize(
  ("state", "want"),
  [
    ({}, jobs.STOPPED),  # the machine was switched off before it began
    ({"runner": 2**22 + 5, "began": 1.0, "pid": 1}, jobs.STOPPED),
    ({"runner": "no", "began": 1.0}, jobs.STOPPED),
    # Another process has its number by now.
    ({"runner": os.getpid(), "began": time.time(), "pid": 1}, jobs.STOPPED),
    ({"runner": 1, "began": 1.0, "status": 0}, jobs.DONE),
    ({"runner": 1, "began": 1.0, "status": 143}, jobs.STOPPED),
    ({"runner": 1, "began": 1.0, "status": 137}, jobs.FAILED),
    ({"runner": 1, "began": 1.0, "status": 2}, jobs.FAILED),
  ],
)
def test_what_is_on_disk_says_how_it_stands(space, state, want):
  job = _noted(space.create("x"), **state)
  assert job.state() == want
  assert job.command.endswith("train '--x=a b'")
  job.stop()  # touches nobody


def test_damaged_notes_are_left_out(space):
  project = space.create("x")
  _noted(project, status=0)
  folder = project.folder(workspace.JOBS)
  (folder / "2.json").write_text("{half")
  (folder / "3.json").write_text("[]")
  (folder / "4.json").symlink_to(folder / "1.json")
  (folder / "x.json").write_text("{}")
  assert [job.number for job in jobs.of(project)] == ["1"]


@pytest.mark.parametrize(
  "state", [{"runner": 1}, {"runner": 1, "began": "x"}, {"runner": []}]
)
def test_a_damaged_state_is_that_of_a_job_that_is_gone(space, state):
  project = space.create("x")
  _noted(project)
  path = project.folder(workspace.JOBS) / "1.state"
  path.write_text(json.dumps(state))
  (job,) = jobs.of(project)
  assert job.state() == jobs.STOPPED


def test_a_job_that_has_just_been_asked_for_can_be_stopped(space):
  """Its runner has not said yet what it has started."""
  project = space.create("x")
  _noted(project)
  folder = project.folder(workspace.JOBS)
  record = json.loads((folder / "1.json").read_text())
  record["started"] = time.time()
  (folder / "1.json").write_text(json.dumps(record))
  (job,) = jobs.of(project)
  assert job.state() == jobs.RUNNING
  job.stop()
  assert (folder / "1.stop").exists()
  assert [one.number for one in jobs.of(project)] == ["1"]


def test_one_long_thing_at_a_time(space, monkeypatch):
  project = space.create("first")
  _noted(project)
  monkeypatch.setattr(jobs.Job, "state", lambda job: jobs.RUNNING)
  other = space.create("second")
  with pytest.raises(refusals.Refused, match="first is being trained"):
    jobs.start(space, other, "tune", [], other.path / "searches" / "1")
  with pytest.raises(refusals.Refused, match="runs already"):
    jobs.start(space, project, "export", [], project.path / "runs" / "1")


@pytest.mark.parametrize("kind", ["translate", "export", "probe", "prepare"])
def test_few_of_the_other_kinds_at_a_time(space, monkeypatch, kind):
  """Whichever projects they are of."""
  started = []
  monkeypatch.setattr(
    jobs.subprocess, "Popen", lambda *a, **_: started.append(a)
  )
  monkeypatch.setattr(jobs, "_reap", lambda: None)
  monkeypatch.setattr(jobs, "_children", [])
  projects = [space.create(str(i)) for i in range(jobs.MOST_AT_ONCE + 1)]
  for project in projects[:-1]:
    jobs.require_free(space, kind)
    jobs.start(space, project, kind, [], project.path / "out")
  last = projects[-1]
  with pytest.raises(refusals.Refused, match="run already") as error:
    jobs.start(space, last, kind, [], last.path / "out")
  assert error.value.status == 429 and error.value.values == {"most": 2}
  assert len(started) == jobs.MOST_AT_ONCE and not jobs.of(last)
  # Another kind is not in the way of it, nor one that has ended.
  jobs.start(space, last, "train", [], last.path / "runs" / "1")
  ended = projects[0].folder(workspace.JOBS) / "1.state"
  ended.write_text(json.dumps({"runner": 1, "began": 1.0, "status": 0}))
  with pytest.raises(refusals.Refused):
    jobs.require_free(space, kind, coming=1)
  jobs.start(space, last, kind, [], last.path / "out")


def test_a_log_shows_the_end_of_each_line(space):
  job = _noted(space.create("x"), status=0)
  path = job.project.path / workspace.JOBS / "1.log"
  path.write_bytes(b"x" * 10_000 + b"\n\n1%\r50%\r100%\nd\xff\n")
  assert job.log().split("\n")[-2:] == ["100%", "d\ufffd"]
  assert len(job.log()) < 5000


def test_what_went_wrong_is_found_among_what_was_printed(space):
  job = _noted(space.create("x"), status=2)
  path = job.project.path / workspace.JOBS / "1.log"
  path.write_text("first\ntrain: error: no pictures.\nprinted late\n")
  assert job.shown()["message"] == "no pictures."
  path.write_text("Killed\n")
  assert job.shown()["message"] == "Killed"


def test_signals_that_end_are_a_stop():
  assert 128 + signal.SIGTERM in jobs._STOPPED_BY


if __name__ == "__main__":
  conftest.main(__file__)
