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
"""What can be done in the studio, each as a command of this package."""

from __future__ import annotations

import glob
import json
import os
import pathlib
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.serving import web_page
from official.cyclegan.studio_app import jobs
from official.cyclegan.studio_app import names
from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import workspace

OBJECT, WHOLE = "object", "whole"
KINDS = (OBJECT, WHOLE)
SIZES = (64, 128, 256)  # pixels
EXPORT_NAME = "export"
_LEAST_MINUTES, _MOST_MINUTES = 0.2, 7 * 24 * 60.0
_FEW = 50  # pictures; `probe` advises augmentation below it
# By what changes and size. Where all of a picture changes, textures do, and
# what `train` does with any pictures follows them best (docs/real-pictures.md).
# The generator for 256 pixels, that of the preset mobile, is small enough for
# processors.
_OPTIONS = {
  (OBJECT, 64): ("--experiment=quickstart",),
  (OBJECT, 128): ("--experiment=quickstart_128",),
  (OBJECT, 256): ("--experiment=mobile",),
  (WHOLE, 64): ("--experiment=pictures", "--crop_size=64"),
  (WHOLE, 128): ("--experiment=pictures", "--crop_size=128"),
  (WHOLE, 256): (
    "--experiment=pictures",
    "--crop_size=256",
    "--load_size=286",
    "--generator_type=mobile",
    "--gen_n_filters=28",
    "--n_res_blocks=8",
    "--skip_filters=8",
    "--disc_n_layers=3",
  ),
}
_TRIAL_STEPS = 2000  # of a search, where the preset has minutes instead
_PICTURES_SHOWN = 40  # pictures of the progress in a run, about
_STEP_SECONDS = {64: 0.06, 128: 0.2, 256: 0.6}  # about, on two cores


def audit(space: workspace.Workspace, project: workspace.Project) -> jobs.Job:
  """Looks through both piles, and packs them for trainings.

  Args:
    space: The studio's folder.
    project: Whose pictures.

  Raises:
    refusals.Refused: If a pile is empty, or this runs already.
  """
  for domain in workspace.DOMAINS:
    if not project.pictures(domain):
      raise refusals.Refused(
        400,
        "no_pictures",
        f"There are no pictures of {domain.upper()} yet.",
        domain=domain.upper(),
      )
  found = jobs.of(project)
  for job in found:
    if job.kind == "prepare" and job.state() == jobs.RUNNING:
      raise refusals.Refused(409, "runs_already", "This runs already.")
  _remove_unused(project, found)
  # Cards and pages say this name of what a model was trained on.
  output = _free(project.folder(workspace.DATA), project.path.name)
  arguments = [
    *(
      f"--domain_{d}={project.named(project.source(d))}"
      for d in workspace.DOMAINS
    ),
    f"--output_dir={project.named(output)}",
    "--on_bad_image=skip",
  ]
  return jobs.start(space, project, "prepare", arguments, output)


def _remove_unused(project: workspace.Project, found: list[jobs.Job]) -> None:
  """Removes packed pictures that no training or search refers to."""
  used = {
    argument
    for job in found
    if job.kind in (*jobs.LONG, "probe")
    for argument in job.arguments
  }
  for name in project.things(workspace.DATA):
    path = project.path / workspace.DATA / name
    if not used & {f"--dataset={path}", f"--dataset={project.named(path)}"}:
      files.discard(str(path))


def probe(space: workspace.Workspace, project: workspace.Project) -> jobs.Job:
  """Finds out what has to change.

  Args:
    space: The studio's folder.
    project: Whose pictures.

  Raises:
    refusals.Refused: If they have not been looked through yet.
  """
  output = project.new(workspace.PROBES)
  arguments = [
    f"--dataset={project.named(_data(project))}",
    f"--output_dir={project.named(output)}",
    "--crop_size=64",
    "--pictures=200",
  ]
  return jobs.start(space, project, "probe", arguments, output)


def train(
  space: workspace.Workspace,
  project: workspace.Project,
  title: str,
  kind: str,
  size: int,
  minutes: float,
  search: str = "",
) -> jobs.Job:
  """Begins a training.

  Args:
    space: The studio's folder.
    project: Whose pictures.
    title: Of the run; empty: a number.
    kind: One of `KINDS`.
    size: One of `SIZES`.
    minutes: That it may take.
    search: Name of a search whose best weights are taken; empty: none.

  Raises:
    refusals.Refused: If a value is none of these, or a training runs.
  """
  options = [*_options(project, kind, size, minutes)]
  if search:
    best = project.thing(workspace.SEARCHES, search) / "best.flags"
    if not workspace.is_file(best):
      raise refusals.not_there("best.flags")
    options.append(f"--flagfile={project.named(best)}")
    options.append(f"--max_minutes={minutes:g}")
  output = project.new(workspace.RUNS)
  if title.strip():
    output = _free(output.parent, names.cleaned(title, "run"))
  every = round(minutes * 60 / _STEP_SECONDS[size] / _PICTURES_SHOWN)
  arguments = [
    f"--model_dir={project.named(output)}",
    *options,
    f"--sample_interval={min(500, max(20, every // 10 * 10))}",
  ]
  job = jobs.start(space, project, "train", arguments, output)
  project.note(kind=kind, size=size, minutes=minutes)
  return job


def go_on(
  space: workspace.Workspace, project: workspace.Project, folder: pathlib.Path
) -> jobs.Job:
  """Gives the command of a run or a search again, which goes on.

  Args:
    space: The studio's folder.
    project: Whose.
    folder: Of the run or the search.

  Raises:
    refusals.Refused: If the studio has not begun it, or it runs.
  """
  below = folder.relative_to(project.path).as_posix()
  for job in reversed(jobs.of(project)):
    if job.output == below and job.kind in jobs.LONG:
      return jobs.start(space, project, job.kind, job.arguments, folder)
  raise refusals.not_there(folder.name)


def search(
  space: workspace.Workspace,
  project: workspace.Project,
  kind: str,
  size: int,
  minutes: float,
) -> jobs.Job:
  """Begins a search of the loss weights.

  Args:
    space: The studio's folder.
    project: Whose pictures.
    kind: One of `KINDS`.
    size: One of `SIZES`.
    minutes: That it may take.

  Raises:
    refusals.Refused: As `train`.
  """
  # A search's minutes are its own option, and its trials have steps.
  options = [
    option
    for option in _options(project, kind, size, minutes)
    if not option.startswith("--max_minutes")
  ]
  if "--experiment=pictures" in options:
    options.append(f"--train_steps={_TRIAL_STEPS}")
  output = project.new(workspace.SEARCHES)
  arguments = [
    f"--tuner_dir={project.named(output)}",
    *options,
    f"--max_minutes={minutes:g}",
  ]
  return jobs.start(space, project, "tune", arguments, output)


def export(
  space: workspace.Workspace,
  project: workspace.Project,
  run: pathlib.Path,
) -> jobs.Job:
  """Writes `.tflite` files, the card and, where that can be, the app.

  Args:
    space: The studio's folder.
    project: Whose.
    run: The run's folder.

  Raises:
    refusals.Refused: If it is being exported.
  """
  formats = "tflite,web" if has_app() else "tflite"
  arguments = [
    f"--model_dir={project.named(run)}",
    f"--output_dir={project.named(run / EXPORT_NAME)}",
    f"--format={formats}",
  ]
  return jobs.start(space, project, "export", arguments, run / EXPORT_NAME)


def translate(
  space: workspace.Workspace,
  project: workspace.Project,
  run: pathlib.Path,
  direction: str,
  source: pathlib.Path,
  is_video: bool,
) -> jobs.Job:
  """Tries a run on a picture or a video.

  Args:
    space: The studio's folder.
    project: Whose.
    run: The run's folder.
    direction: `AtoB` or `BtoA`.
    source: The picture or video, in a folder of its own.
    is_video: Which of these.
  """
  model = run / EXPORT_NAME / f"g_{direction[0]}{direction[-1]}.tflite"
  if not workspace.is_file(model) or is_outdated(run, model):
    model = run
  result = source.parent / ("result.mp4" if is_video else "result.png")
  arguments = [
    f"--model={project.named(model)}",
    f"--input={project.named(source)}",
    f"--output={project.named(result)}",
    f"--direction={direction}",
  ]
  return jobs.start(space, project, "translate", arguments, source.parent)


def is_outdated(run: pathlib.Path, *exported: pathlib.Path) -> bool:
  """Returns whether a run has been trained further since it was exported.

  Args:
    run: The run's folder.
    exported: Files that were written; without any there is nothing outdated.
  """
  try:
    written = [os.lstat(path).st_mtime_ns for path in exported]
  except OSError:
    return True
  trained = (run / "checkpoints").glob("ckpt-*.index")
  return bool(written) and any(
    os.lstat(path).st_mtime_ns > min(written) for path in trained
  )


def has_app() -> bool:
  """Returns whether the app for browsers can be written here."""
  try:
    web_page.require_runtime()
  except errors.UserError:
    return False
  return True


def _free(folder: pathlib.Path, stem: str) -> pathlib.Path:
  """Returns a place in a folder, with a number if the name is taken."""
  name, number = stem, 1
  while os.path.lexists(folder / name) or any(
    folder.glob(f".{glob.escape(name)}.*")  # one that is being made
  ):
    number += 1
    name = f"{stem} {number}"
  return folder / name


def _data(project: workspace.Project) -> pathlib.Path:
  """Returns the newest packed pictures."""
  found = [
    project.path / workspace.DATA / name
    for name in project.things(workspace.DATA)
    if workspace.is_file(project.path / workspace.DATA / name / "report.json")
  ]
  if not found:
    raise refusals.Refused(
      409, "no_audit", "Look through the pictures first.", name="audit"
    )
  return found[-1]


def _options(
  project: workspace.Project, kind: str, size: int, minutes: float
) -> tuple[str, ...]:
  """Returns the flags of a training or search that are the person's choice."""
  if kind not in KINDS or size not in SIZES:
    raise refusals.Refused(400, "value", "There is no such choice.")
  if not _LEAST_MINUTES <= minutes <= _MOST_MINUTES:
    raise refusals.Refused(
      400,
      "minutes",
      f"Give {_LEAST_MINUTES:g} to {_MOST_MINUTES:g} minutes.",
      least=_LEAST_MINUTES,
      most=_MOST_MINUTES,
    )
  data = _data(project)
  options = [
    f"--dataset={project.named(data)}",
    *_OPTIONS[kind, size],
    f"--max_minutes={minutes:g}",
  ]
  counts = audit_report(data)["counts"]
  if min(counts.values()) < _FEW:
    options.append("--augment=diffaugment")
  return tuple(options)


def audit_report(data: pathlib.Path) -> dict[str, Any]:
  """Returns what `prepare` has found, with `counts`, pictures by domain.

  Args:
    data: The folder that it has written.

  Raises:
    refusals.Refused: If the report is gone or damaged.
  """
  try:
    report = json.loads((data / "report.json").read_text(encoding="utf-8"))
    counts = {
      domain: sum(report["domains"][domain]["pictures"].values())
      for domain in ("A", "B")
    }
  except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
    raise refusals.not_there("report.json") from error
  return {**report, "counts": counts}
