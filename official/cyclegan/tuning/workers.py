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
"""The processes of a distributed search: one chief, and workers that train.

keras-tuner's environment variables say what a process is. The chief chooses the
trials and serves them over gRPC; the workers ask it, train and report. Each may
be killed and started again: a worker waits for a chief that is away, and the
chief gives the trial of a worker without a sign of life to another one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import time
from collections.abc import Callable
from typing import Any

import grpc
from absl import logging
from keras_tuner import errors as kt_errors

from official.cyclegan.core import background
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.tuning import oracles

# keras-tuner's environment variables.
VARIABLES = (
  "KERASTUNER_TUNER_ID",
  "KERASTUNER_ORACLE_IP",
  "KERASTUNER_ORACLE_PORT",
)
BEAT_SECONDS = 1.0  # between two signs of life
_CHIEF = "chief"
_OVER_NAME = "search_is_over"
_FOLDER = "workers"  # of signs of life, in the folder of the search
_CALL_SECONDS = 5.0  # that the chief has for an answer


class SearchIsOver(kt_errors.FatalError):
  """The chief has ended the search; raised in a worker."""


@dataclasses.dataclass(frozen=True)
class Role:
  """What a process does in a search.

  Attributes:
    name: Its name among the search's processes; empty if it is the only one.
  """

  name: str = ""

  @property
  def is_chief(self) -> bool:
    """Whether it chooses trials for the others; as keras-tuner decides it."""
    return _CHIEF in self.name

  @property
  def is_worker(self) -> bool:
    """Whether it trains what a chief chooses."""
    return bool(self.name) and not self.is_chief


def role(distributed: bool) -> Role:
  """Returns what this process does, by keras-tuner's environment variables.

  Args:
    distributed: Whether it is one of several; otherwise the variables are
      removed, for keras-tuner acts on them.

  Raises:
    errors.UserError: If a variable is missing.
  """
  if not distributed:
    for variable in VARIABLES:
      os.environ.pop(variable, None)
    return Role()
  for variable in VARIABLES:
    if not os.environ.get(variable):
      raise errors.UserError(
        f"needs the environment variable {variable}. Set KERASTUNER_TUNER_ID to"
        " chief for one process and to a name of its own for each worker,"
        " KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT to the chief's"
        " address for all.",
        "distributed",
      )
  return Role(os.environ[VARIABLES[0]])


def cannot_listen(error: Exception) -> errors.UserError:
  """Returns what to raise if the chief's address cannot be used.

  Args:
    error: gRPC's.
  """
  return errors.UserError(
    f"{VARIABLES[1]} and {VARIABLES[2]}: the chief cannot listen there"
    f" ({errors.first_line(error)}). Give an address of this machine and a port"
    " that is free."
  )


class PatientStub:
  """Asks again when the chief is away, until the search is over."""

  def __init__(self, stub: Any, tuner_dir: str, patience: float):
    """Wraps what asks.

    Args:
      stub: keras-tuner's gRPC stub.
      tuner_dir: The folder of the search, in which the chief notes its end.
      patience: Seconds for which an end from before this start is not believed:
        the chief may go on with a search that was over.
    """
    self._asks, self._over = stub, _over_path(tuner_dir)
    self._started, self._patience = time.time(), patience

  def __getattr__(self, name: str) -> Callable[..., Any]:
    call = getattr(self._asks, name)

    def patient(request: Any, **_: Any) -> Any:
      while True:
        try:
          return call(request, wait_for_ready=True, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
          # An exception in the chief; all other codes mean that it is away.
          if error.code() == grpc.StatusCode.UNKNOWN:
            raise kt_errors.FatalError(error.details()) from error
        if self._is_over():
          raise SearchIsOver()

    return patient

  def _is_over(self) -> bool:
    try:
      since = self._over.stat().st_mtime
    except OSError:
      return False
    waited = time.time() - self._started
    return since >= self._started or waited > self._patience


def note_start(tuner_dir: str) -> None:
  """Takes back that the search is over.

  Args:
    tuner_dir: Its folder.
  """
  _over_path(tuner_dir).unlink(missing_ok=True)


def note_end(tuner_dir: str) -> None:
  """Lets all workers know that the search is over.

  Args:
    tuner_dir: Its folder.
  """
  _over_path(tuner_dir).touch()


def _over_path(tuner_dir: str) -> pathlib.Path:
  return pathlib.Path(tuner_dir, _OVER_NAME)


def signs_of_life(
  tuner_dir: str, name: str
) -> contextlib.AbstractContextManager[None]:
  """Gives signs of life while a worker works.

  Args:
    tuner_dir: The folder of the search.
    name: The worker's name.

  Returns:
    What to work within.
  """
  folder = pathlib.Path(tuner_dir, _FOLDER)

  def beat() -> None:
    files.make_folder(str(folder), "tuner_dir")
    files.write_text(folder / name, str(time.time()), "tuner_dir")

  return background.repeated(
    beat, f"worker {name}'s sign of life", BEAT_SECONDS
  )


def watch(
  oracle: oracles.CrashSafeOracle, tuner_dir: str, timeout: float
) -> contextlib.AbstractContextManager[None]:
  """Gives the trials of workers that are gone to others.

  Args:
    oracle: The chief's.
    tuner_dir: The folder of the search.
    timeout: Seconds without a sign of life after which a worker is gone.

  Returns:
    What to serve within.
  """
  folder = pathlib.Path(tuner_dir, _FOLDER)
  seen: dict[str, tuple[str, float]] = {}  # last sign of life, and since when

  def look() -> None:
    for name in {*oracle.tuner_ids, *oracle.ongoing_trials}:
      try:
        beat = (folder / name).read_text(encoding="utf-8")
      except OSError:  # none yet
        beat = ""
      # Compared with what was seen before: other machines' clocks may differ.
      now = time.monotonic()
      if seen.setdefault(name, (beat, now))[0] != beat:
        seen[name] = beat, now
      if now - seen[name][1] > timeout:
        del seen[name]
        trial = oracle.release(name)
        given = f"; trial {trial} is given to another" if trial else ""
        logging.warning(
          "Worker %s gave no sign of life for %s s%s.", name, timeout, given
        )

  return background.repeated(look, "the watch over the workers", BEAT_SECONDS)
