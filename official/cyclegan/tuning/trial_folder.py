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
"""The folder of a trial: its results, its cost, and why it failed.

A trial is trained once for each execution, in a run's folder of its own, which
gets `result.json` when it is measured. `cost.json` is what its generator costs
on a device. `trial.json` says of which search and of which values all this is:
what belongs to another one is set aside. A trial that fails leaves
`failure.txt`, and `traceback.txt` if the reason is none that a user can mend.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files

NAME = "trial_{}"  # keras-tuner's
EXECUTION_NAME = "execution_{}"
RESULT_NAME = "result.json"  # of an execution
COST_NAME = "cost.json"
OWNER_NAME = "trial.json"
FAILURE_NAME = "failure.txt"
TRACEBACK_NAME = "traceback.txt"
_FLOAT32 = 1e-6  # of its relative precision, and a little
_REMEDY = "Restore it, or remove it: the trial is then measured again."


@dataclasses.dataclass(frozen=True)
class Result:
  """What one training of a trial gave.

  Attributes:
    measures: `validation`'s measures and the generator's cost, by their names.
    steps: Training steps.
    seconds: What training and measuring took.
  """

  measures: dict[str, float]
  steps: int
  seconds: float


class TrialFolder:
  """Reads and writes what a trial leaves.

  Attributes:
    path: The folder, which need not exist.
  """

  def __init__(self, tuner_dir: str | pathlib.Path, trial_id: str):
    """Names the folder.

    Args:
      tuner_dir: The folder of the search.
      trial_id: The trial's name.
    """
    self.path = pathlib.Path(tuner_dir, NAME.format(trial_id))

  def claim(self, owner: Mapping[str, Any]) -> None:
    """Makes sure that what is in the folder is this trial's.

    What belongs to another trial or search, or does not say to which, gets
    another name beside it.

    Args:
      owner: What JSON can hold, that tells this trial from all others; empty
        of a search that began before trials said it: all is taken for its own.

    Raises:
      errors.StorageError: If the file system refuses.
    """
    if not owner:
      return
    now = json.loads(json.dumps(owner))
    path = self.path / OWNER_NAME
    try:
      if path.exists() and _alike(files.read_json(path, _REMEDY), now):
        return
      # A name that was cut off while it was written is of nothing yet.
      begun = {OWNER_NAME + files.PARTIAL}
      if self.path.is_dir() and set(os.listdir(self.path)) - begun:
        aside = files.set_aside(self.path)
        logging.warning(
          "%s was of another trial or search; it is now called %s.",
          self.path,
          os.path.basename(aside),
        )
      self.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
      raise errors.StorageError(
        f": {self.path} cannot be used ({error.strerror}). Make it writable,"
        " and give the same command again to go on.",
        "tuner_dir",
      ) from error
    files.write_json(path, now, "tuner_dir")

  def execution(self, number: int) -> pathlib.Path:
    """Returns the folder of one of its trainings.

    Args:
      number: From 0 on.
    """
    return self.path / EXECUTION_NAME.format(number)

  def results(self) -> list[Result]:
    """Returns what its trainings gave, as many as have ended."""
    paths = self.path.glob(f"{EXECUTION_NAME.format('*')}/{RESULT_NAME}")
    return list(map(_read_result, sorted(paths)))

  def result(self, number: int) -> Result | None:
    """Returns what one training gave, None if it has not ended.

    Args:
      number: From 0 on.
    """
    path = self.execution(number) / RESULT_NAME
    return _read_result(path) if path.exists() else None

  def save_result(self, number: int, result: Result) -> None:
    """Keeps what one training gave.

    Args:
      number: From 0 on.
      result: What to keep.

    Raises:
      errors.UserError: If the file cannot be written.
    """
    path = self.execution(number) / RESULT_NAME
    files.write_json(path, dataclasses.asdict(result), "tuner_dir")

  def cost(self) -> dict[str, float] | None:
    """Returns what its generator costs, None if that was not measured."""
    path = self.path / COST_NAME
    return files.read_json(path, _REMEDY, _costs) if path.exists() else None

  def save_cost(self, cost: dict[str, float]) -> None:
    """Keeps what its generator costs.

    Args:
      cost: `deployment_cost`'s measures.

    Raises:
      errors.UserError: If the file cannot be written.
    """
    files.write_json(self.path / COST_NAME, cost, "tuner_dir")

  def failure(self) -> str:
    """Returns why it failed, one line; empty if it did not."""
    path = self.path / FAILURE_NAME
    if not path.exists():
      return ""
    text = path.read_text(encoding="utf-8", errors="backslashreplace")
    return " ".join(text.split())

  def save_failure(self, message: str, details: str = "") -> None:
    """Keeps why it failed.

    Args:
      message: One line.
      details: A traceback, for a reason that a user cannot mend.

    Raises:
      errors.UserError: If the file cannot be written.
    """
    files.write_text(self.path / FAILURE_NAME, f"{message}\n", "tuner_dir")
    if details:
      files.write_text(self.path / TRACEBACK_NAME, details, "tuner_dir")


def _alike(one: Any, other: Any) -> bool:
  """Compares values; a worker gets numbers from its chief in 32 bits."""
  if isinstance(one, dict) and isinstance(other, dict):
    return one.keys() == other.keys() and all(
      _alike(one[name], other[name]) for name in one
    )
  if isinstance(one, float) and isinstance(other, float):
    return math.isclose(one, other, rel_tol=_FLOAT32)
  return one == other


def _read_result(path: pathlib.Path) -> Result:
  def convert(values: Any) -> Result:
    measures = {
      _current_name(name): files.number(value)
      for name, value in values["measures"].items()
    }
    steps, seconds = map(files.number, (values["steps"], values["seconds"]))
    return Result(measures, steps, seconds)

  return files.read_json(path, _REMEDY, convert)


def _costs(values: Any) -> dict[str, float]:
  """Returns what `cost.json` holds."""
  costs = files.object_of(values)
  return {name: files.number(value) for name, value in costs.items()}


def _current_name(measure: str) -> str:
  """Returns today's name of a measure of 0.6.0, e.g. of `true_error_AB`."""
  for old, new in config_lib.METRIC_ALIASES.items():
    if measure == old or measure.startswith(f"{old}_"):
      return new + measure[len(old) :]
  return measure
