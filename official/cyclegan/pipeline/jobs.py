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
"""Beam's jobs: their options, waiting for them, how far they are."""

from __future__ import annotations

import contextlib
import copy
import logging as std_logging
import os
import shlex
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import apache_beam as beam
from absl import logging
from apache_beam.io import filesystem
from apache_beam.io import filesystems
from apache_beam.options import pipeline_options
from apache_beam.runners import runner as beam_runner
from apache_beam.runners.portability.fn_api_runner import worker_handlers

from official.cyclegan.core import background
from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks

DONE, FAILED = "done", "failed"  # counters
_LOCAL = "DirectRunner"
_WITH_SERVER = ("PortableRunner", "FlinkRunner", "SparkRunner")
_POLL = 5.0  # seconds between two lines of progress


def is_local(job: command_config.BeamConfig) -> bool:
  """Says whether a job runs on this machine, by Beam's own runner."""
  return job.runner == _LOCAL


def options_of(
  job: command_config.BeamConfig,
) -> pipeline_options.PipelineOptions:
  """Returns Beam's options.

  Args:
    job: Where it runs.

  Raises:
    errors.UserError: If Beam refuses them, or knows no such runner.
  """
  try:
    words = shlex.split(job.beam_options)
  except ValueError as error:
    raise errors.UserError(
      f"cannot be read ({error}). Give Beam's own flags in one pair of quotes.",
      "beam_options",
      job.beam_options,
    ) from error
  quiet = "--default_sdk_harness_log_level=WARNING"
  flags = [f"--runner={job.runner}", quiet, *words]
  _check_runner(job.runner)
  workers = job.workers or os.cpu_count() or 1
  if job.runner == _LOCAL:
    # Processes: the interpreter's threads would share Python's lock.
    flags = [
      "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner",
      quiet,
      f"--direct_num_workers={workers}",
      "--direct_running_mode="
      + ("multi_processing" if workers > 1 else "in_memory"),
      *words,  # may say otherwise
    ]
  try:
    options = pipeline_options.PipelineOptions(flags)
    unknown = _unknown(options)
  except (SystemExit, ValueError, TypeError) as error:
    raise errors.UserError(
      f"Beam refuses these options ({error}).",
      "beam_options",
      job.beam_options,
    ) from error
  # A job server has options of its own, which only that knows.
  if unknown and job.runner not in _WITH_SERVER:
    raise errors.UserError(
      f"holds {', '.join(unknown)}, which Beam does not know and would pass"
      " over. Correct it, or leave it out.",
      "beam_options",
      job.beam_options,
    )
  return options


def _check_runner(name: str) -> None:
  """Refuses a runner that Beam does not have, or not without more packages."""
  try:
    beam_runner.create_runner(name)
  except (ValueError, ImportError, AttributeError) as error:
    raise errors.UserError(
      f": Beam cannot use it ({errors.first_line(error)}).", "runner", name
    ) from error


def _unknown(options: pipeline_options.PipelineOptions) -> list[str]:
  """Returns flags that no part of Beam has declared."""
  log = std_logging.getLogger(pipeline_options.__name__)
  before = log.level
  log.setLevel(std_logging.ERROR)  # it warns of them, and goes on
  try:
    known = options.get_all_options()
  finally:
    log.setLevel(before)
  found = options.get_all_options(retain_unknown_options=True)
  new = set(found) - set(known)
  return sorted(f"--{name.partition('=')[0]}" for name in new)


def run(
  pipeline: beam.Pipeline,
  metrics: str,
  count: int = 0,
  counted: Callable[[], int] | None = None,
  kept: str = "The same command does what is missing.",
) -> Any:
  """Runs a pipeline to its end; logs how far it is.

  Args:
    pipeline: All of its steps.
    metrics: The name space of its counters `DONE` and `FAILED`.
    count: How many things there are to do, 0 if that is not known.
    counted: Says how many are done, where the runner tells at its end only.
    kept: What to do if it fails, for the message.

  Returns:
    Beam's result.

  Raises:
    errors.UserError: If the job fails.
  """
  _lose_nothing()
  watched: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
  if counted:
    watched = _counting(counted, count)
  try:
    with watched:
      result = pipeline.run()
      _wait(result, metrics, count)
  except (RuntimeError, OSError, filesystem.BeamIOError) as error:
    raise errors.UserError(
      f"the job failed ({reason(error)}). {kept}"
    ) from error
  return result


def _wait(result: Any, metrics: str, count: int) -> None:
  """Waits for a job, and logs what Beam counts meanwhile.

  It is waited for once: a portable runner's streams do not take two readers.
  """
  started = time.monotonic()
  with futures.ThreadPoolExecutor(max_workers=1) as pool:
    waiting = pool.submit(result.wait_until_finish)
    while futures.wait([waiting], timeout=_POLL).not_done:
      now = copy.copy(result)  # a portable runner's asks for its counts once
      _log(
        counter(now, metrics, DONE),
        counter(now, metrics, FAILED),
        count,
        time.monotonic() - started,
      )
    waiting.result()
  if result.state != beam_runner.PipelineState.DONE:
    raise RuntimeError(f"its state is {result.state}")


def _lose_nothing() -> None:
  """Keeps Beam's runner of this machine from losing what it sends to workers.

  A timer flushes what is buffered for a worker: what another thread adds while
  it does so is dropped, without an error (`data_plane.py`,
  `TimeBasedBufferingClosableOutputStream`; Beam 2.60 to 2.77). It was seen on
  a busy machine. Without the timer buffers are flushed by their size alone.
  """
  if hasattr(worker_handlers, "DATA_BUFFER_TIME_LIMIT_MS"):
    worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = 0


def require_all(done: int, wanted: int) -> None:
  """Refuses a job's results if some things are missing among them.

  Args:
    done: How many it has accounted for, done or not.
    wanted: How many there are; 0 if that is not known.

  Raises:
    errors.UserError: If they are fewer.
  """
  if done < wanted:
    raise errors.UserError(
      f"Beam has lost {wanted - done:,} of {wanted:,} pictures on the way to"
      " its workers. Give the same command again; if it happens again, give"
      " --workers=1."
    )


def _counting(
  counted: Callable[[], int], count: int
) -> contextlib.AbstractContextManager[None]:
  """Logs meanwhile how many are done: this runner tells at its end."""
  started, before = time.monotonic(), counted()

  def count_again() -> None:
    done = counted() - before
    _log(done, 0, count and count - before, time.monotonic() - started)

  return background.repeated(count_again, "the count of results", _POLL)


def _log(done: int, failed: int, count: int, seconds: float) -> None:
  """Logs a line of progress; `count` is 0 if it is not known."""
  rate = done / max(seconds, 1e-9)
  parts = [f"{done:,} of {count:,} done" if count > 0 else f"{done:,} done"]
  if failed:
    parts.append(f"{failed:,} failed")
  parts.append(f"{rate:.1f} a second")
  if rate > 0 and count > done:
    parts.append(f"{(count - done) / rate / 60:.1f} minutes left")
  logging.info("%s", ", ".join(parts))


def counter(result: Any, metrics: str, name: str) -> int:
  """Returns a counter of a job.

  Args:
    result: From `run`.
    metrics: Its name space.
    name: Its name.
  """
  found = result.metrics().query(
    beam.metrics.MetricsFilter().with_namespace(metrics).with_name(name)
  )
  return sum(
    value.committed if value.committed is not None else value.attempted
    for value in found["counters"]
  )


def reason(error: Exception) -> str:
  """Returns the last line of what Beam has wrapped, which says what it was.

  Args:
    error: What was raised.
  """
  lines = [line.strip() for line in str(error).splitlines() if line.strip()]
  return lines[-1] if lines else type(error).__name__


def check_places(**places: str) -> None:
  """Refuses paths that no file system of Beam's can reach.

  Args:
    **places: By option, a path or an address.

  Raises:
    errors.UserError: If one cannot be reached.
  """
  for option, path in places.items():
    try:
      filesystems.FileSystems.get_filesystem(path)
    except ValueError as error:
      raise errors.UserError(
        f": Beam cannot reach it ({errors.first_line(error)}).", option, path
      ) from error


@contextlib.contextmanager
def holding(output: str, option: str) -> Iterator[None]:
  """Keeps other processes from a job's results, if they are on this machine.

  Args:
    output: Folder, made if it is missing, or address.
    option: Which option that is.

  Raises:
    errors.UserError: If it cannot be made, or another process has it.
  """
  if files.is_address(output):
    yield
    return
  files.make_folder(output, option)
  with locks.hold(output, option):
    yield


def remove_begun(folder: str, name: str) -> None:
  """Removes what Beam left of a text file when it was killed.

  Nobody else writes there: a folder of this machine is locked, and Beam's own
  jobs of other names have other files.

  Args:
    folder: Where the file is written; it exists, or is an address.
    name: What the file's name begins with.
  """
  begun = f"beam-temp-{name}-"
  if not files.is_address(folder):
    for found in os.listdir(folder):
      if found.startswith(begun):
        files.discard(os.path.join(folder, found))
    return
  with contextlib.suppress(filesystem.BeamIOError):
    (matched,) = filesystems.FileSystems.match([f"{folder}/{begun}*/**"])
    parents = {m.path.rpartition("/")[0] for m in matched.metadata_list}
    filesystems.FileSystems.delete(sorted(parents))
