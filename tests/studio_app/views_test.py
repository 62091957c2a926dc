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
import pathlib

import pytest

from official.cyclegan.studio_app import actions
from official.cyclegan.studio_app import jobs
from official.cyclegan.studio_app import views
from official.cyclegan.studio_app import workspace
from official.cyclegan.training import history as history_lib
from tests import conftest


@pytest.fixture
def project(tmp_path):
  found = workspace.Workspace(str(tmp_path)).create("x")
  (found.folder(workspace.RUNS) / "1" / "samples").mkdir(parents=True)
  return found


def _course(project, state, **more):
  history = history_lib.History()
  for step in range(0, 1000, 2):
    history.add(step, {"g_loss": 1.0 / (step + 1)})
  history.add_event(10, "rule", "g_AB", "It copies. Try again.")
  history.progress = {"state": state, "step": 998, "total": None, **more}
  history.write(str(project.path / workspace.RUNS / "1"))


def _job(project, **state):
  folder = project.folder(workspace.JOBS)
  values = {"kind": "train", "arguments": [], "output": "runs/1", "started": 0}
  (folder / "1.json").write_text(json.dumps(values))
  (folder / "1.state").write_text(json.dumps(state))
  (folder / "1.log").write_text("train: error: what went wrong\n")


@pytest.mark.parametrize(
  ("course", "job", "want"),
  [
    (None, None, views.PAUSED),
    (history_lib.RUNNING, None, views.PAUSED),  # killed with the machine
    (history_lib.STOPPED, {"status": 143}, views.PAUSED),
    (history_lib.FINISHED, {"status": 0}, views.FINISHED),
    (history_lib.FINISHED, None, views.FINISHED),
    (history_lib.FAILED, {"status": 2}, views.FAILED),
    (history_lib.STOPPED, {"status": 2}, views.FAILED),
  ],
)
def test_the_folder_says_how_a_run_stands(project, course, job, want):
  if course:
    _course(project, course)
  if job:
    _job(project, runner=1, began=1.0, pid=1, **job)
  found = views.run(project, "1")
  assert found["state"] == want
  if want == views.FAILED:
    assert "what went wrong" in found["message"]


def test_a_run_that_trains_is_seen_by_its_job(project, monkeypatch):
  monkeypatch.setattr(jobs.Job, "state", lambda job: jobs.RUNNING)
  _job(project)
  assert views.run(project, "1")["state"] == views.STARTING
  _course(project, history_lib.RUNNING)
  assert views.run(project, "1")["state"] == views.TRAINING


def test_course_samples_and_exports_are_read_anew(project):
  _course(project, history_lib.RUNNING, samples={"A": 2, "B": 4})
  folder = project.path / workspace.RUNS / "1"
  for name in ("step_0000100.png", "step_0000020.png", "other.png"):
    (folder / "samples" / name).touch()
  (folder / "export" / "web").mkdir(parents=True)
  for name in ("g_AB.tflite", "g_AB_dynamic.tflite", "secret.txt"):
    (folder / "export" / name).write_bytes(b"12")
  (folder / "export" / "README.md").symlink_to(folder / "progress.json")
  found = views.run(project, "1")
  assert found["samples"] == [20, 100] and found["counts"] == {"A": 2, "B": 4}
  assert 200 <= len(found["curves"]["g_loss"]) <= 400
  assert found["events"][0]["message"] == "It copies. Try again."
  assert [f["name"] for f in found["export"]["files"]] == [
    "g_AB.tflite",
    "g_AB_dynamic.tflite",
  ]
  assert not found["export"]["app"]
  assert views.project(project)["runs"][0]["last_sample"] == 100


def test_damaged_files_are_as_if_they_were_not_there(project):
  folder = project.path / workspace.RUNS / "1"
  for name in ("progress.json", "time.json", "results.csv"):
    (folder / name).write_bytes(b"\xff{half")
  found = views.run(project, "1")
  assert (found["state"], found["step"], found["curves"]) == ("paused", 0, {})
  assert views.project(project)["audit"] is None


@pytest.mark.parametrize(
  ("main", "too_few", "shown", "kind"),
  [
    ("texture", False, "texture", actions.WHOLE),
    ("shape", False, "shape", actions.OBJECT),
    ("colour", None, "colour", actions.OBJECT),  # of an earlier version
    ("the same", True, "too few", actions.OBJECT),
    ("the same", False, "the same", actions.OBJECT),
  ],
)
def test_a_probe_says_what_changes_and_what_to_train(
  project, main, too_few, shown, kind
):
  folder = project.folder(workspace.JOBS)
  values = {"kind": "probe", "arguments": [], "output": "probe", "started": 0}
  (folder / "1.json").write_text(json.dumps(values))
  (folder / "1.state").write_text(json.dumps({"status": 0}))
  report = {"main": main, "advice": ["Begin."], "too_few": too_few}
  if too_few is None:
    del report["too_few"]
  (project.path / "probe").mkdir()
  (project.path / "probe" / "report.json").write_text(json.dumps(report))
  found = views._probe(project, jobs.of(project))
  assert (found["main"], found["kind"]) == (shown, kind)
  for language in ("en", "ko"):
    name = f"strings.{language}.json"
    path = pathlib.Path(views.__file__).with_name(name)
    strings = json.loads(path.read_text("utf-8"))
    assert strings[f"probe.{shown.replace(' ', '_')}"]


if __name__ == "__main__":
  conftest.main(__file__)
