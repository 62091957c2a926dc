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
"""A run's course on disk: `results.csv` of numbers, `progress.json` of state.

Both are for people and pages: no training reads what they hold.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import os
from collections.abc import Mapping
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import regular_files

RESULTS_NAME = "results.csv"
PROGRESS_NAME = "progress.json"
RUNNING, FINISHED, STOPPED, FAILED = "running", "finished", "stopped", "failed"
_STEP = "step"


@dataclasses.dataclass
class History:
  """What a run has shown so far.

  Attributes:
    rows: For each point its `step` and, by name, numbers; steps rise. Not all
      points have all numbers.
    events: Health events: `step`, `rule`, `subject`, `message`.
    progress: `state`, one of the names above; `step` and `total`, of which
      the latter is None while nobody knows it; `samples`, how many test images
      of A and of B a picture of the progress shows; perhaps `message`, why it
      has failed.
  """

  rows: list[dict[str, float]] = dataclasses.field(default_factory=list)
  events: list[dict[str, Any]] = dataclasses.field(default_factory=list)
  progress: dict[str, Any] = dataclasses.field(default_factory=dict)

  def add(self, step: int, values: Mapping[str, float]) -> None:
    """Adds numbers to a step's point.

    Args:
      step: Not before the last one's.
      values: Numbers by name.
    """
    if not self.rows or self.rows[-1][_STEP] != step:
      self.rows.append({_STEP: step})
    self.rows[-1].update({name: float(v) for name, v in values.items()})

  def add_event(self, step: int, rule: str, subject: str, message: str) -> None:
    """Adds a health event, unless the run has had it before.

    Args:
      step: When it was seen.
      rule: Name of the rule.
      subject: What it is about.
      message: In words, with what helps.
    """
    had = {(event["rule"], event["subject"]) for event in self.events}
    if (rule, subject) not in had:
      self.events.append(
        {"step": step, "rule": rule, "subject": subject, "message": message}
      )

  def column(self, name: str) -> tuple[list[float], list[float]]:
    """Returns the steps that have a number, and the numbers.

    Args:
      name: Of the numbers.
    """
    have = [row for row in self.rows if math.isfinite(row.get(name, math.nan))]
    return [row[_STEP] for row in have], [row[name] for row in have]

  def names(self) -> list[str]:
    """Returns the names of all numbers, in the order in which they came."""
    found = dict.fromkeys(name for row in self.rows for name in row)
    return [name for name in found if name != _STEP]

  def until(self, step: int) -> History:
    """Returns what there was up to a step: a run goes on from there.

    Args:
      step: The last one that counts.
    """
    return History(
      [row for row in self.rows if row[_STEP] <= step],
      [event for event in self.events if event["step"] <= step],
      dict(self.progress),
    )

  def write(self, model_dir: str) -> None:
    """Writes both files, each whole or not at all.

    Args:
      model_dir: The folder of the run.

    Raises:
      errors.StorageError: If they cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(
      text, [_STEP, *self.names()], lineterminator="\n", restval=""
    )
    writer.writeheader()
    writer.writerows(
      {
        name: int(value) if name == _STEP else f"{value:.6g}"
        for name, value in row.items()
      }
      for row in self.rows
    )
    path = os.path.join(model_dir, RESULTS_NAME)
    files.write_text(path, text.getvalue(), "model_dir")
    files.write_json(
      os.path.join(model_dir, PROGRESS_NAME),
      {**self.progress, "events": self.events},
      "model_dir",
    )


def read(model_dir: str) -> History:
  """Reads what a run has shown; what is missing or damaged is left out.

  Args:
    model_dir: The folder of the run.
  """
  history = History(_read_rows(os.path.join(model_dir, RESULTS_NAME)))
  try:
    progress = files.read_json(
      os.path.join(model_dir, PROGRESS_NAME),
      "It is begun anew.",
      lambda values: {
        **files.object_of(values),
        "events": [_event(event) for event in values["events"]],
      },
    )
  except (OSError, errors.UserError):
    return history
  history.events = progress.pop("events")
  history.progress = progress
  return history


def _read_rows(path: str) -> list[dict[str, float]]:
  """Returns the points of a file."""
  try:
    regular_files.check(path)
    with open(path, encoding="utf-8", newline="") as file:
      rows = [
        {name: float(text) for name, text in row.items() if text}
        for row in csv.DictReader(file)
      ]
  except (OSError, ValueError, TypeError, AttributeError, csv.Error):
    return []
  return [row for row in rows if _STEP in row]


def _event(values: Any) -> dict[str, Any]:
  """Returns an event; raises what Python does if it is none."""
  return {
    _STEP: int(files.number(values[_STEP])),
    **{
      name: files.text(values[name]) for name in ("rule", "subject", "message")
    },
  }
