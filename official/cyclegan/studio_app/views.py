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
"""What the page shows, read from a project's folder each time."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.studio_app import actions
from official.cyclegan.studio_app import findings
from official.cyclegan.studio_app import jobs
from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import workspace
from official.cyclegan.training import history as history_lib

# Of a run: `training`, `paused` (goes on when asked to), `finished`, `failed`.
TRAINING, PAUSED, FINISHED, FAILED = "training", "paused", "finished", "failed"
STARTING = "starting"
_SAMPLE = re.compile(r"step_(\d+)\.png")
_POINTS = 200  # of a curve
_TRIES_SHOWN = 6
_DOWNLOADS = re.compile(
  r"g_(AB|BA)(_\w+)?\.tflite|README\.md|metadata\.json|report\.html|export\.md"
)


def project_list(space: workspace.Workspace) -> dict[str, Any]:
  """Returns the page's beginning: the projects, and what runs.

  Args:
    space: The studio's folder.
  """
  busy = jobs.running(space)
  return {
    "root": str(space.root),
    "app": actions.has_app(),
    "busy": None if busy is None else busy.project.name,
    "projects": [
      {
        "name": project.name,
        "title": str(project.record.get("title", project.name)),
        "made": str(project.record.get("made", "")),
        "runs": len(project.things(workspace.RUNS)),
      }
      for project in space.projects()
    ],
  }


def project(found: workspace.Project) -> dict[str, Any]:
  """Returns all of a project but the courses of its runs.

  Args:
    found: The project.
  """
  record = found.record
  all_jobs = jobs.of(found)
  chosen = record.get("folders")
  return {
    "name": found.name,
    "title": str(record.get("title", found.name)),
    "folders": chosen if isinstance(chosen, dict) else None,
    "choices": {k: record.get(k) for k in ("kind", "size", "minutes")},
    "pictures": {d: _pictures(found, d) for d in workspace.DOMAINS},
    "audit": _audit(found, all_jobs),
    "probe": _probe(found, all_jobs),
    "runs": [
      _summary(found, name, all_jobs)
      for name in reversed(found.things(workspace.RUNS))
    ],
    "searches": [
      _search(found, name, all_jobs)
      for name in reversed(found.things(workspace.SEARCHES))
    ],
    "starting": [
      job.shown()
      for job in all_jobs
      if job.kind in jobs.LONG
      and not (found.path / job.output).is_dir()
      and job is jobs.latest(all_jobs, job.output)
    ],
  }


def run(found: workspace.Project, name: str) -> dict[str, Any]:
  """Returns a run with its course.

  Args:
    found: The project.
    name: Of the run.

  Raises:
    refusals.Refused: If there is none.
  """
  folder = found.thing(workspace.RUNS, name)
  all_jobs = jobs.of(found)
  history = history_lib.read(str(folder))
  trained = jobs.latest(all_jobs, f"{workspace.RUNS}/{name}", "train")
  return {
    **_summary(found, name, all_jobs),
    "events": history.events,
    "counts": history.progress.get("samples"),
    "samples": _samples(folder),
    "curves": _curves(history),
    "report": workspace.is_file(folder / "report.html"),
    "job": None if trained is None else trained.shown(),
    "export": _export(found, folder, all_jobs),
    "tries": [
      _try(found, tried, all_jobs)
      for tried in _tries_of(found, folder, all_jobs)
    ],
  }


def _pictures(found: workspace.Project, domain: str) -> dict[str, Any]:
  there = found.pictures(domain)
  return {"count": len(there), "names": there[:24]}


def _audit(
  found: workspace.Project, all_jobs: list[jobs.Job]
) -> dict[str, Any] | None:
  """Returns the last look through the pictures."""
  asked = [job for job in all_jobs if job.kind == "prepare"]
  if not asked:
    return None
  shown: dict[str, Any] = {"job": asked[-1].shown(), "findings": None}
  data = found.path / asked[-1].output
  with contextlib.suppress(refusals.Refused, KeyError, TypeError, ValueError):
    report = actions.audit_report(data)
    shown["counts"] = report["counts"]
    shown["findings"] = findings.of_audit(report)
    shown["data"] = data.name
    now = {d.upper(): len(found.pictures(d)) for d in workspace.DOMAINS}
    broken = report["unreadable"]["count"]
    shown["stale"] = (
      sum(now.values()) != sum(report["counts"].values()) + broken
    )
  return shown


def _probe(
  found: workspace.Project, all_jobs: list[jobs.Job]
) -> dict[str, Any] | None:
  """Returns what has to change, by the last probe."""
  asked = [job for job in all_jobs if job.kind == "probe"]
  if not asked:
    return None
  shown: dict[str, Any] = {"job": asked[-1].shown(), "main": None}
  with contextlib.suppress(OSError, errors.UserError, KeyError):
    report = files.read_json(
      found.path / asked[-1].output / "report.json", "Probe again."
    )
    main = str(report["main"])
    shown["main"] = "too few" if report.get("too_few") else main
    shown["advice"] = [str(line) for line in report["advice"]]
    # Textures are everywhere in a picture; colours and shapes are things'.
    shown["kind"] = actions.WHOLE if main == "texture" else actions.OBJECT
  return shown


def _summary(
  found: workspace.Project, name: str, all_jobs: list[jobs.Job]
) -> dict[str, Any]:
  """Returns a run without its course."""
  folder = found.path / workspace.RUNS / name
  progress: dict[str, Any] = {}
  with contextlib.suppress(OSError, errors.UserError):
    progress = files.read_json(
      folder / history_lib.PROGRESS_NAME, "Train on.", files.object_of
    )
  time: dict[str, Any] = {}
  with contextlib.suppress(OSError, errors.UserError):
    time = files.read_json(folder / "time.json", "Train on.", files.object_of)
  samples = _samples(folder)
  job = jobs.latest(all_jobs, f"{workspace.RUNS}/{name}", "train")
  job_state = job.state() if job is not None else ""
  return {
    "name": name,
    "state": _run_state(folder, progress, job_state),
    "message": _message(progress, job) if job_state == jobs.FAILED else "",
    "step": max(
      int(progress.get("step") or 0), int(time.get("steps") or 0), *samples, 0
    ),
    "expected": time.get("expected_steps") or progress.get("total"),
    "used": time.get("used_seconds"),
    "total": time.get("total_seconds"),
    # Something to try and to export.
    "saved": any((folder / "checkpoints").glob("*.index")),
    "last_sample": samples[-1] if samples else None,
    "counts": progress.get("samples"),
  }


def _run_state(
  folder: pathlib.Path, progress: dict[str, Any], state: str
) -> str:
  """Returns how a run stands: by who trains, then by what it has written."""
  holder = locks.holder(str(folder))  # of a terminal's training, perhaps
  if state == jobs.RUNNING or (holder and holder.command == "train"):
    return TRAINING if progress else STARTING
  if state == jobs.FAILED or progress.get("state") == history_lib.FAILED:
    return FAILED
  if progress.get("state") == history_lib.FINISHED or state == jobs.DONE:
    return FINISHED
  return PAUSED


def _message(progress: dict[str, Any], job: jobs.Job | None) -> str:
  """Returns why a run has failed."""
  told = "" if job is None else job.shown()["message"]
  return str(progress.get("message") or told)


def _samples(folder: pathlib.Path) -> list[int]:
  """Returns the steps of which there are pictures."""
  try:
    found = [_SAMPLE.fullmatch(n) for n in os.listdir(folder / "samples")]
  except OSError:
    return []
  return sorted(int(match[1]) for match in found if match)


def _curves(history: history_lib.History) -> dict[str, list[list[float]]]:
  """Returns the numbers over the steps, thinned out."""
  found = {}
  for name in history.names():
    steps, values = history.column(name)
    every = max(1, len(steps) // _POINTS)
    points = [list(point) for point in zip(steps, values)]
    found[name] = points[::every]
  return found


def _export(
  found: workspace.Project, run_folder: pathlib.Path, all_jobs: list[jobs.Job]
) -> dict[str, Any]:
  """Returns what has been exported of a run."""
  folder = run_folder / actions.EXPORT_NAME
  below = folder.relative_to(found.path).as_posix()
  job = jobs.latest(all_jobs, below)
  written: list[str] = []
  if workspace.is_folder(folder):
    written = [
      name
      for name in sorted(os.listdir(folder))
      if _DOWNLOADS.fullmatch(name) and workspace.is_file(folder / name)
    ]
  return {
    "job": None if job is None else job.shown(),
    "files": [
      {"name": name, "bytes": (folder / name).stat().st_size}
      for name in written
    ],
    "app": workspace.is_file(folder / "web" / "index.html"),
    "outdated": actions.is_outdated(
      run_folder, *(folder / name for name in written)
    ),
  }


def _search(
  found: workspace.Project, name: str, all_jobs: list[jobs.Job]
) -> dict[str, Any]:
  folder = found.path / workspace.SEARCHES / name
  job = jobs.latest(all_jobs, f"{workspace.SEARCHES}/{name}")
  return {
    "name": name,
    "job": None if job is None else job.shown(),
    "best": workspace.is_file(folder / "best.flags"),
    "report": workspace.is_file(folder / "report.html"),
  }


def _tries_of(
  found: workspace.Project, run_folder: pathlib.Path, all_jobs: list[jobs.Job]
) -> list[str]:
  """Returns the names of a run's tries, the last one first."""
  # By its whole path where an earlier version has begun it.
  models = [f"--model={found.named(run_folder)}", f"--model={run_folder}"]
  outputs = {
    job.output
    for job in all_jobs
    for argument in job.arguments
    for model in models
    if argument == model or argument.startswith(f"{model}/")
  }
  own = [
    name
    for name in found.things(workspace.TRIES)
    if f"{workspace.TRIES}/{name}" in outputs
  ]
  return own[: -_TRIES_SHOWN - 1 : -1]


def _try(
  found: workspace.Project, name: str, all_jobs: list[jobs.Job]
) -> dict[str, Any]:
  folder = found.path / workspace.TRIES / name
  job = jobs.latest(all_jobs, f"{workspace.TRIES}/{name}")
  there = sorted(n for n in os.listdir(folder) if not n.startswith("."))
  made = next((n for n in there if n.startswith("result.")), None)
  given = next((n for n in there if not n.startswith("result.")), None)
  return {
    "name": name,
    "given": given,
    "made": made,
    "video": bool(made and made.endswith(".mp4")),
    "job": None if job is None else job.shown(),
  }


def downloadable(name: str) -> bool:
  """Says whether a file of an export may be fetched.

  Args:
    name: Of the file.
  """
  return bool(_DOWNLOADS.fullmatch(name))
