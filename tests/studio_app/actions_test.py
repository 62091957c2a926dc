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

import numpy as np
import pytest

from official.cyclegan.core import command
from official.cyclegan.data import image_files
from official.cyclegan.studio_app import actions
from official.cyclegan.studio_app import jobs
from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import workspace
from tests import conftest


@pytest.fixture
def started(monkeypatch):
  """The commands that would have been started."""
  found = []

  def start(space, project, kind, arguments, output):
    below = output.relative_to(project.path).as_posix()
    number = str(len(found) + 1)
    job = jobs.Job(project, number, kind, tuple(arguments), below, 0.0)
    found.append(job)
    return job

  monkeypatch.setattr(jobs, "start", start)
  return found


@pytest.fixture
def space(tmp_path):
  return workspace.Workspace(str(tmp_path / "with space"))


def _audited(space, count=40):
  project = space.create("x")
  data = project.new(workspace.DATA)
  data.mkdir()
  counts = {"A": {"pictures": {"trainA": count}}}
  counts["B"] = {"pictures": {"trainB": count + 1}}
  (data / "report.json").write_text(json.dumps({"domains": counts}))
  return project, data


def test_every_flag_is_one_of_the_commands(space, started):
  project, data = _audited(space)
  for domain in "ab":
    path = project.path / domain / "0.png"
    image_files.write(str(path), np.zeros((8, 8, 3), np.uint8))
  run = project.path / "runs" / "1"
  actions.probe(space, project)
  for kind in actions.KINDS:
    for size in actions.SIZES:
      actions.train(space, project, "", kind, size, 5)
      actions.search(space, project, kind, size, 60)
  actions.export(space, project, run)
  actions.translate(space, project, run, "AtoB", run / "x.png", False)
  data.joinpath("report.json").unlink()
  actions.audit(space, project)
  assert {job.kind for job in started} == {
    "probe",
    "train",
    "tune",
    "export",
    "translate",
    "prepare",
  }
  for job in started:
    known = command.flags_of(job.kind) | {"flagfile"}
    for argument in job.arguments:
      assert argument.startswith("--")
      assert argument[2:].partition("=")[0] in known, (job.kind, argument)
      # Reports that are handed on quote it.
      assert str(space.root) not in argument


def test_what_changes_and_how_many_pictures_choose_the_options(space, started):
  project, data = _audited(space, count=40)
  thing = actions.train(space, project, "", "object", 64, 5).arguments
  whole = actions.train(space, project, "", "whole", 128, 5).arguments
  assert (
    f"--dataset={project.named(data)}" in thing
    and "--experiment=quickstart" in thing
  )
  assert "--augment=diffaugment" in thing and "--max_minutes=5" in thing
  assert {"--experiment=pictures", "--crop_size=128"} <= set(whole)
  _, data = _audited(space, count=4000)
  many = space.project("x 2")
  enough = actions.train(space, many, "my run", "object", 64, 5)
  assert "--augment=diffaugment" not in enough.arguments
  assert enough.output == "runs/my run"
  assert many.record["minutes"] == 5


@pytest.mark.parametrize("size", actions.SIZES)
def test_pictures_that_change_as_a_whole_have_what_was_measured(
  space, started, size
):
  """Discriminators without norms, with all that keeps droplets away."""
  project, _ = _audited(space)
  actions.train(space, project, "", actions.WHOLE, size, 5)
  given = dict(
    argument.removeprefix("--").split("=") for argument in started[0].arguments
  )
  assert given.pop("experiment") == "pictures"
  assert given.get("crop_size", "64") == str(size)
  kept = {"gen_norm", "gan_mode", "lambda_r1", "disc_norm", "disc_input"}
  assert not kept & set(given)


def _packed(project, name):
  """Writes a report into a folder of packed pictures."""
  report = {d: {"pictures": {f"train{d}": 40}} for d in "AB"}
  path = project.path / name / "report.json"
  path.write_text(json.dumps({"domains": report}))
  return project


def test_packed_pictures_have_the_projects_name(space, started, monkeypatch):
  """Which cards say of what a model was trained on."""
  project = space.create("fruits [1]")
  for domain in "ab":
    path = project.path / domain / "0.png"
    image_files.write(str(path), np.zeros((8, 8, 3), np.uint8))
  name = f"data/{project.path.name}"
  assert actions.audit(space, project).output == name
  (project.path / name).mkdir()  # one that a run needs
  job = actions.train(space, _packed(project, name), "", "object", 64, 5)
  monkeypatch.setattr(jobs, "of", lambda project: [job])
  assert actions.audit(space, project).output == f"{name} 2"


def test_what_is_tried_is_the_newest_state(space, started):
  """An export of before the training went on is not."""
  project = space.create("x")
  run = project.path / "runs" / "1"
  for folder in ("checkpoints", actions.EXPORT_NAME):
    (run / folder).mkdir(parents=True)
  exported = run / actions.EXPORT_NAME / "g_AB.tflite"
  exported.write_bytes(b"model")

  def model():
    job = actions.translate(space, project, run, "AtoB", run / "x.png", False)
    return job.arguments[0].partition("=")[2]

  for step, age in ((10, -10), (20, 10)):
    checkpoint = run / "checkpoints" / f"ckpt-{step}.index"
    checkpoint.write_bytes(b"")
    when = exported.stat().st_mtime + age
    os.utime(checkpoint, (when, when))
    assert model() == project.named(exported if age < 0 else run)
    assert actions.is_outdated(run, exported) == (age > 0)


@pytest.mark.parametrize(
  "given",
  [
    ("other", 64, 5),
    ("object", 65, 5),
    ("object", 64, 0),
    ("object", 64, float("nan")),
    ("object", 64, 1e9),
  ],
)
def test_other_choices_are_refused(space, started, given):
  project, _ = _audited(space)
  with pytest.raises(refusals.Refused):
    actions.train(space, project, "", *given)
  assert not started


def test_packed_pictures_are_kept_as_long_as_a_run_needs_them(
  space, started, monkeypatch
):
  project, first = _audited(space)
  for domain in "ab":
    path = project.path / domain / "0.png"
    image_files.write(str(path), np.zeros((8, 8, 3), np.uint8))
  train = actions.train(space, project, "", "object", 64, 5)
  monkeypatch.setattr(jobs, "of", lambda project: [train])
  second = project.new(workspace.DATA)
  second.mkdir()
  third = actions.audit(space, project).output
  assert first.exists() and not second.exists() and third == "data/x"


def test_a_run_that_goes_on_gets_the_same_command(space, started, monkeypatch):
  project, _ = _audited(space)
  train = actions.train(space, project, "", "object", 64, 5)
  export = actions.export(space, project, project.path / train.output)
  monkeypatch.setattr(jobs, "of", lambda project: [train, export])
  again = actions.go_on(space, project, project.path / train.output)
  assert (again.kind, again.arguments) == (train.kind, train.arguments)
  with pytest.raises(refusals.Refused):
    actions.go_on(space, project, project.path / "runs" / "9")


def test_a_file_is_tried_where_there_is_one(space, started):
  project, _ = _audited(space)
  run = project.path / "runs" / "1"
  source = project.path / "tries" / "1" / "x.png"
  slow = actions.translate(space, project, run, "BtoA", source, False)
  assert f"--model={project.named(run)}" in slow.arguments
  (run / "export").mkdir(parents=True)
  (run / "export" / "g_BA.tflite").touch()
  fast = actions.translate(space, project, run, "BtoA", source, True)
  assert f"--model={project.named(run)}/export/g_BA.tflite" in fast.arguments
  assert any(a.endswith("/result.mp4") for a in fast.arguments)


if __name__ == "__main__":
  conftest.main(__file__)
