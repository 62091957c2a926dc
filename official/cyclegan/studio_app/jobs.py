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
"""Commands that the studio has started: found again by what is on disk.

A job is `jobs/N.json`, what was asked for; `jobs/N.state`, which its runner
writes; and `jobs/N.log`, what the command printed. The server's memory holds
nothing of it.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import psutil

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import signals
from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import workspace

RUNNING, DONE, STOPPED, FAILED = "running", "done", "stopped", "failed"
# Kinds of which one at a time is enough for a machine.
LONG = ("train", "tune")
# Of other kinds: each takes a process with gigabytes of memory.
MOST_AT_ONCE = 2
_PACKAGE = "official.cyclegan"
_SOURCE = pathlib.Path(__file__).absolute().parents[3]
_LOG_BYTES = 4000  # of a log's end that is shown
_BEGIN_SECONDS = 10.0  # until a runner has said that it runs
_STOPPED_BY = tuple(128 + int(n) for n in (*signals.ending(), signal.SIGINT))
_children: list[subprocess.Popen[bytes]] = []
_starting = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Job:
  """A command that runs or ran.

  Attributes:
    project: Whose it is.
    number: Of the job.
    kind: The command's name.
    arguments: Its flags.
    output: The folder that it writes, as seen from the project's.
    started: Seconds since 1970.
  """

  project: workspace.Project
  number: str
  kind: str
  arguments: tuple[str, ...]
  output: str
  started: float

  @property
  def command(self) -> str:
    """The command, as it is typed into a shell: first where it is given."""
    words = ["python", "-m", f"{_PACKAGE}.{self.kind}", *self.arguments]
    return f"cd {shlex.quote(str(self.project.root))} && {shlex.join(words)}"

  def state(self) -> str:
    """Returns whether it runs, or how it has ended."""
    return self._look()[0]

  def _look(self) -> tuple[str, bool]:
    """Returns its state, and whether it ended without a word.

    As if power was cut: that it has no status, and runs no more.
    """
    noted = self._noted()
    status = noted.get("status")
    if status is None:
      if self._runs(noted):
        return RUNNING, False
      # Another look: it may have ended in between.
      status = self._noted().get("status")
    if status == 0:
      return DONE, False
    if status is None or status in _STOPPED_BY:
      return STOPPED, status is None
    return FAILED, False

  def stop(self) -> None:
    """Asks the command to save what it has, and to end.

    One that is just being started is asked by its runner.
    """
    if self.state() != RUNNING:
      return
    self._path("stop").touch()
    noted = self._noted()
    if "pid" in noted:
      try:
        process = psutil.Process(int(noted["pid"]))
        if process.ppid() == noted["runner"]:  # not another of its number
          process.send_signal(signal.SIGTERM)
      except psutil.Error:
        pass  # it has ended by itself

  def log(self) -> str:
    """Returns the end of what it has printed."""
    try:
      with open(self._path("log"), "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LOG_BYTES))
        text = file.read().decode("utf-8", "replace")
    except OSError:
      return ""
    # A progress bar writes over its line.
    lines = (line.rsplit("\r", 1)[-1] for line in text.split("\n"))
    return "\n".join(line for line in lines if line.strip())

  def shown(self) -> dict[str, Any]:
    """Returns what the page shows of it."""
    state, cut_off = self._look()
    log = self.log()
    return {
      "number": self.number,
      "kind": self.kind,
      "output": self.output,
      "state": state,
      "command": self.command,
      "log": log,
      "message": self._error(log) if state == FAILED else "",
      "cut_off": cut_off,
    }

  def _error(self, log: str) -> str:
    """Returns the line with which commands end that fail (`core.command`)."""
    lines = log.split("\n")
    told = [line for line in lines if line.startswith(f"{self.kind}: error: ")]
    return told[-1].split(": error: ", 1)[1] if told else lines[-1]

  def _path(self, ending: str) -> pathlib.Path:
    return self.project.path / workspace.JOBS / f"{self.number}.{ending}"

  def _noted(self) -> dict[str, Any]:
    """Returns what the runner has written."""
    try:
      return files.read_json(
        self._path("state"), "It is begun anew.", files.object_of
      )
    except (OSError, errors.UserError):
      return {}

  def _runs(self, noted: dict[str, Any]) -> bool:
    """Says whether the runner is there, and is the one that was started."""
    if "runner" not in noted:
      return time.time() - self.started < _BEGIN_SECONDS
    try:
      process = psutil.Process(int(noted["runner"]))
      return (
        process.status() != psutil.STATUS_ZOMBIE
        and process.create_time() <= float(noted["began"]) + 1.0
        and str(self._path("state")) in process.cmdline()
      )
    except (psutil.Error, KeyError, ValueError, TypeError):
      return False


def of(project: workspace.Project) -> list[Job]:
  """Returns the jobs of a project, the first one first.

  Args:
    project: Whose.
  """
  found = []
  for path in (project.path / workspace.JOBS).glob("*.json"):
    if not path.stem.isdigit() or not workspace.is_file(path):
      continue
    try:
      values = files.read_json(path, "It is left out.", files.object_of)
      found.append(
        Job(
          project,
          path.stem,
          str(values["kind"]),
          tuple(map(str, values["arguments"])),
          str(values["output"]),
          float(values["started"]),
        )
      )
    except (OSError, errors.UserError, KeyError, TypeError, ValueError):
      continue
  return sorted(found, key=lambda job: int(job.number))


def latest(jobs: Sequence[Job], output: str, kind: str = "") -> Job | None:
  """Returns the last job that writes a folder.

  Args:
    jobs: From `of`.
    output: The folder, as seen from the project's.
    kind: Of the job; empty: of any kind.
  """
  found = [j for j in jobs if j.output == output and kind in ("", j.kind)]
  return found[-1] if found else None


def running(space: workspace.Workspace) -> Job | None:
  """Returns the training or search that runs, of any project.

  Args:
    space: The studio's folder.
  """
  for project in space.projects():
    for job in of(project):
      if job.kind in LONG and job.state() == RUNNING:
        return job
  return None


def require_free(
  space: workspace.Workspace, kind: str, coming: int = 0
) -> None:
  """Refuses one more of a kind of which enough run, of all projects.

  Args:
    space: The studio's folder.
    kind: The command's name, not one of `LONG`.
    coming: How many are about to be started besides.

  Raises:
    refusals.Refused: If they do.
  """
  found = coming
  for project in space.projects():
    for job in of(project):
      found += job.kind == kind and job.state() == RUNNING
      if found >= MOST_AT_ONCE:
        raise refusals.Refused(
          429,
          "many",
          f"{MOST_AT_ONCE} tasks of this kind run already: wait until one of"
          " them is done.",
          most=MOST_AT_ONCE,
        )


def start(
  space: workspace.Workspace,
  project: workspace.Project,
  kind: str,
  arguments: Sequence[str],
  output: pathlib.Path,
) -> Job:
  """Starts a command that goes on when this process ends.

  Args:
    space: The studio's folder.
    project: Whose it is.
    kind: The command's name.
    arguments: Its flags.
    output: The folder that it writes.

  Raises:
    refusals.Refused: If something writes there, something long runs and this
      is another one, or enough of its kind run.
    errors.StorageError: If it cannot be noted down.
  """
  with _starting:
    _reap()
    below = output.relative_to(project.path).as_posix()
    for job in of(project):
      if job.output == below and job.state() == RUNNING:
        raise refusals.Refused(409, "runs_already", "This runs already.")
    busy = running(space) if kind in LONG else None
    if kind not in LONG:
      require_free(space, kind)
    if busy is not None:
      title = str(busy.project.record.get("title", busy.project.name))
      raise refusals.Refused(
        409,
        "busy",
        f"{title} is being trained. Wait for it, or pause it: two at a time"
        " would take twice as long.",
        project=title,
      )
    folder = project.folder(workspace.JOBS)
    number = max((int(j.number) for j in of(project)), default=0) + 1
    job = Job(project, str(number), kind, tuple(arguments), below, time.time())
    values = {
      "kind": kind,
      "arguments": list(arguments),
      "output": below,
      "started": job.started,
    }
    files.write_json(folder / f"{number}.json", values, "root")
    path = os.pathsep.join(
      filter(None, [str(_SOURCE), os.environ.get("PYTHONPATH")])
    )
    _children.append(
      subprocess.Popen(
        [
          sys.executable,
          "-m",
          f"{_PACKAGE}.studio_app.job_runner",
          str(folder / f"{number}.state"),
          str(folder / f"{number}.log"),
          sys.executable,
          "-m",
          f"{_PACKAGE}.{kind}",
          *arguments,
        ],
        cwd=space.root,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
      )
    )
    return job


def _reap() -> None:
  """Lets the system forget processes that have ended."""
  _children[:] = [child for child in _children if child.poll() is None]
