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
"""Translates any number of pictures by Apache Beam, here or on a cluster."""

from __future__ import annotations

import contextlib
import copy
import os
import pathlib
import shlex
import time
from collections.abc import Collection
from concurrent import futures
from typing import Any

import apache_beam as beam
from absl import logging
from apache_beam.io import filesystem
from apache_beam.io import filesystems
from apache_beam.options import pipeline_options
from apache_beam.runners import runner as beam_runner

from official.cyclegan.core import background
from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.core import messages
from official.cyclegan.core import overwriting
from official.cyclegan.data import folders
from official.cyclegan.pipeline import restyling
from official.cyclegan.serving import image_translator

_LOCAL = "DirectRunner"
_POLL = 5.0  # seconds between two lines of progress


def translate(
  settings: restyling.Settings, many: command_config.ManyConfig
) -> dict[str, int]:
  """Translates what is missing; logs how far it is.

  Args:
    settings: What is translated, and how.
    many: Where it runs.

  Returns:
    How many pictures were translated (`done`), were there already (`kept`) and
    could not be translated (`failed`). The manifest names these.

  Raises:
    errors.UserError: If there is no picture, the model or Beam refuses its
      options, something would be overwritten, or the job failed: the same
      command does what is missing.
  """
  config_checks.check_background(settings.background)
  options = _options(many)
  count = _check(settings)
  local = not files.is_address(settings.output)
  held: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
  if local:
    files.make_folder(settings.output, "output")
    held = locks.hold(settings.output, "output")
  with held:
    _remove_begun(settings)
    pipeline = beam.Pipeline(options=options)
    restyling.build(pipeline, settings)
    watched: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if local and many.runner == _LOCAL:
      watched = _counting(settings, _results(settings), count)
    try:
      with watched:
        result = pipeline.run()
        _wait(result, count)
    except (RuntimeError, OSError, filesystem.BeamIOError) as error:
      raise errors.UserError(
        f"the job failed ({_reason(error)}). What was translated is kept: the"
        " same command does what is missing."
      ) from error
  return {
    name: _counter(result, name)
    for name in (restyling.DONE, restyling.KEPT, restyling.FAILED)
  }


def describe(counts: dict[str, int]) -> str:
  """Returns what was done in words.

  Args:
    counts: As from `translate`.
  """
  text = f"{messages.count(counts[restyling.DONE], 'picture')} translated"
  if counts[restyling.KEPT]:
    text += f", {counts[restyling.KEPT]:,} were there already"
  if counts[restyling.FAILED]:
    text += f", {counts[restyling.FAILED]:,} could not be (see the manifest)"
  return text


def _options(
  many: command_config.ManyConfig,
) -> pipeline_options.PipelineOptions:
  """Returns Beam's options."""
  try:
    words = shlex.split(many.beam_options)
  except ValueError as error:
    raise errors.UserError(
      f"cannot be read ({error}). Give Beam's own flags in one pair of quotes.",
      "beam_options",
      many.beam_options,
    ) from error
  quiet = "--default_sdk_harness_log_level=WARNING"
  flags = [f"--runner={many.runner}", quiet, *words]
  workers = many.workers or os.cpu_count() or 1
  if many.runner == _LOCAL:
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
    options.get_all_options()
  except (SystemExit, ValueError, TypeError) as error:
    raise errors.UserError(
      f"Beam refuses these options ({error}).",
      "beam_options",
      many.beam_options,
    ) from error
  return options


def _check(settings: restyling.Settings) -> int:
  """Refuses what cannot work; returns how many pictures there are, or 0."""
  for option, path in (
    ("model", settings.model),
    ("input", settings.pattern),
    ("output", settings.output),
  ):
    try:
      filesystems.FileSystems.get_filesystem(path)
    except ValueError as error:
      raise errors.UserError(
        f": Beam cannot reach it ({errors.first_line(error)}).", option, path
      ) from error
  with restyling.local_copy(settings.model) as path:
    opened = image_translator.open_model(
      path, settings.direction, settings.selection, settings.size
    )
    image_translator.choose_detail(opened, settings.detail)
  if settings.batch_size > 1 and not opened.batched:
    raise errors.UserError(
      f"needs a SavedModel: {settings.model} takes one picture at a time. Leave"
      " it out, or give the SavedModel's folder.",
      "batch_size",
      settings.batch_size,
    )
  pattern = settings.pattern
  try:
    if restyling.is_list(pattern):
      if not filesystems.FileSystems.exists(pattern):
        raise errors.UserError("does not exist.", "input", pattern)
      return 0
    if files.is_address(pattern):
      return 0  # counted by the workers
    (matched,) = filesystems.FileSystems.match(
      [restyling.everything_below(pattern)]
    )
  except (filesystem.BeamIOError, ValueError) as error:
    raise errors.UserError(
      f"cannot be read ({_reason(error)}).", "input", pattern
    ) from error
  base = restyling.base_of(pattern)
  paths = [match.path for match in matched.metadata_list]
  found = sum(restyling.is_picture(path, base) for path in paths)
  records = any(restyling.is_records(path, base) for path in paths)
  if not found and not records:
    raise errors.UserError(
      "holds no pictures and no .tfrecord files. Give a folder, a glob pattern"
      " in quotes or a .txt file with an address in each line.",
      "input",
      pattern,
    )
  if not files.is_address(settings.output):
    reads = [
      *overwriting.of_model(settings.model),
      overwriting.Read(base or os.curdir),
    ]
    overwriting.check(reads, "output", settings.output, [])
  # How many pictures are in records is not known yet.
  return 0 if records else found


def _remove_begun(settings: restyling.Settings) -> None:
  """Removes what a killed job left of a manifest, and shards without a list.

  Nobody else writes here: a folder of this machine is locked, and Beam's own
  jobs of other names have other files.
  """
  output = settings.output
  begun = f"beam-temp-{restyling.MANIFEST}-"
  if not files.is_address(output):
    names = set(os.listdir(output))
    for name in names:
      if name.startswith(begun) or _is_begun_shard(name, names):
        files.discard(os.path.join(output, name))
    return
  with contextlib.suppress(filesystem.BeamIOError):
    (found,) = filesystems.FileSystems.match([f"{output}/pictures-*"])
    places = {
      match.path.rpartition("/")[2]: match.path for match in found.metadata_list
    }
    left = [
      path
      for name, path in places.items()
      if _is_begun_shard(name, places.keys())
    ]
    if left:
      filesystems.FileSystems.delete(left)
  with contextlib.suppress(filesystem.BeamIOError):
    (found,) = filesystems.FileSystems.match([f"{output}/{begun}*/**"])
    parents = {match.path.rpartition("/")[0] for match in found.metadata_list}
    filesystems.FileSystems.delete(sorted(parents))


def _is_begun_shard(name: str, names: Collection[str]) -> bool:
  """Says whether a file is a shard, or was to be one, without its list."""
  shard = restyling.shard_of(name)
  if not shard or name == f"{shard}{restyling.LIST_ENDING}":
    return False
  return name != shard or f"{shard}{restyling.LIST_ENDING}" not in names


def _wait(result: Any, count: int) -> None:
  """Waits for a job, and logs what Beam counts meanwhile.

  It is waited for once: a portable runner's streams do not take two readers.
  """
  started = time.monotonic()
  with futures.ThreadPoolExecutor(max_workers=1) as pool:
    waiting = pool.submit(result.wait_until_finish)
    while futures.wait([waiting], timeout=_POLL).not_done:
      now = copy.copy(result)  # a portable runner's asks for its counts once
      _log(
        _counter(now, restyling.DONE),
        _counter(now, restyling.FAILED),
        count,
        time.monotonic() - started,
      )
    waiting.result()
  if result.state != beam_runner.PipelineState.DONE:
    raise RuntimeError(f"its state is {result.state}")


def _counting(
  settings: restyling.Settings, before: int, count: int
) -> contextlib.AbstractContextManager[None]:
  """Logs meanwhile how many results there are: this runner tells at its end."""
  started = time.monotonic()

  def count_again() -> None:
    done = _results(settings) - before
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


def _results(settings: restyling.Settings) -> int:
  """Returns how many results there are in a folder of this machine."""
  if not settings.packed:
    return sum(
      name.lower().endswith(folders.IMAGE_SUFFIXES)
      for _, _, names in os.walk(settings.output)
      for name in names
    )
  lists = [
    os.path.join(settings.output, name)
    for name in os.listdir(settings.output)
    if name.endswith(restyling.LIST_ENDING) and restyling.shard_of(name)
  ]
  return sum(
    pathlib.Path(path).read_bytes().count(b"\n")
    for path in lists
    if os.path.exists(path)
  )


def _counter(result: Any, name: str) -> int:
  found = result.metrics().query(
    beam.metrics.MetricsFilter()
    .with_namespace(restyling.METRICS)
    .with_name(name)
  )
  return sum(
    counter.committed if counter.committed is not None else counter.attempted
    for counter in found["counters"]
  )


def _reason(error: Exception) -> str:
  """Returns the last line of what Beam has wrapped, which says what it was."""
  lines = [line.strip() for line in str(error).splitlines() if line.strip()]
  return lines[-1] if lines else type(error).__name__
