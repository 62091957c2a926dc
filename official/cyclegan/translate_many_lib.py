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
import functools
import os
import pathlib
from collections.abc import Callable, Collection

import apache_beam as beam
from apache_beam.io import filesystem
from apache_beam.io import filesystems

from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import messages
from official.cyclegan.core import overwriting
from official.cyclegan.data import folders
from official.cyclegan.pipeline import jobs
from official.cyclegan.pipeline import restyling
from official.cyclegan.serving import image_translator


def translate(
  settings: restyling.Settings, job: command_config.BeamConfig
) -> dict[str, int]:
  """Translates what is missing; logs how far it is.

  Args:
    settings: What is translated, and how.
    job: Where it runs.

  Returns:
    How many pictures were translated (`done`), were there already (`kept`) and
    could not be translated (`failed`). The manifest names these.

  Raises:
    errors.UserError: If there is no picture, the model or Beam refuses its
      options, something would be overwritten, or the job failed: the same
      command does what is missing.
  """
  config_checks.check_background(settings.background)
  options = jobs.options_of(job)
  count = _check(settings)
  with jobs.holding(settings.output, "output"):
    _remove_begun(settings)
    pipeline = beam.Pipeline(options=options)
    restyling.build(pipeline, settings)
    counted: Callable[[], int] | None = None
    if not files.is_address(settings.output) and jobs.is_local(job):
      counted = functools.partial(_results, settings)
    result = jobs.run(
      pipeline,
      restyling.METRICS,
      count,
      counted,
      "What was translated is kept: the same command does what is missing.",
    )
  counts = {
    name: jobs.counter(result, restyling.METRICS, name)
    for name in (restyling.DONE, restyling.KEPT, restyling.FAILED)
  }
  wanted = jobs.counter(result, restyling.METRICS, restyling.WANTED)
  total = sum(counts.values())
  if total or jobs.is_local(job):  # some runners tell no counts
    jobs.require_all(total, max(count, wanted))
  return counts


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


def _check(settings: restyling.Settings) -> int:
  """Refuses what cannot work; returns how many pictures there are, or 0."""
  jobs.check_places(
    model=settings.model, input=settings.pattern, output=settings.output
  )
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
  paths = restyling.paths_of("input", pattern)
  if paths is None:
    return 0  # counted by the workers
  base = restyling.base_of(pattern)
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
      overwriting.Read(restyling.read_by(pattern)),
    ]
    overwriting.check(reads, "output", settings.output, [])
  # How many pictures are in records is not known yet.
  return 0 if records else found


def _remove_begun(settings: restyling.Settings) -> None:
  """Removes what a killed job left of a manifest, and shards without a list."""
  output = settings.output
  jobs.remove_begun(output, restyling.MANIFEST)
  if not files.is_address(output):
    names = set(os.listdir(output))
    for name in names:
      if _is_begun_shard(name, names):
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


def _is_begun_shard(name: str, names: Collection[str]) -> bool:
  """Says whether a file is a shard, or was to be one, without its list."""
  shard = restyling.shard_of(name)
  if not shard or name == f"{shard}{restyling.LIST_ENDING}":
    return False
  return name != shard or f"{shard}{restyling.LIST_ENDING}" not in names


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
