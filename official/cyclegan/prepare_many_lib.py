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
"""Looks through millions of pictures by Apache Beam, and packs them.

Workers decode, compare and pack. The machine that starts the job keeps a line
of each picture: a million of them take about 2 GB of its memory.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam

from official.cyclegan import prepare_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import dataset_audit
from official.cyclegan.pipeline import auditing
from official.cyclegan.pipeline import jobs


def prepare(
  config: config_lib.DataConfig,
  output_dir: str | None,
  shard_bytes: int,
  job: command_config.BeamConfig,
  work_dir: str | None = None,
) -> dict[str, Any]:
  """Does what `prepare` does, with the same report and the same files.

  Args:
    config: As for `dataset_audit.audit`.
    output_dir: As for `prepare_lib.write`; None: nothing is packed.
    shard_bytes: As there.
    job: Where it runs. Pictures, `output_dir` and `work_dir` lie where all
      workers find them under the same paths.
    work_dir: Folder for what is found meanwhile; None: the system's.

  Returns:
    The report, as of `dataset_audit.report`.

  Raises:
    errors.UserError: As `dataset_audit.audit` and `prepare_lib.write`, or if
      Beam refuses its options, or a job failed.
  """
  if not jobs.is_local(job) and not work_dir:
    raise errors.UserError(
      f"is missing: --runner={job.runner} has workers on other machines. Give a"
      " folder that all of them can read and write.",
      "work_dir",
    )
  held: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
  if output_dir:
    held = prepare_lib.reserving(config, output_dir)
  with held, _working_in(work_dir) as work:
    audit, summary = _audit(config, job, work)
    if output_dir:

      def write_shards(missing: prepare_lib.Shards, background: str) -> None:
        auditing.write_shards(missing, _list(work, auditing.WRITTEN))
        _run(
          job,
          lambda pipeline: auditing.pack(
            pipeline, prepare_lib.write_shard, background, work
          ),
          sum(len(pictures) for _, pictures in missing),
        )
        jobs.require_all(
          sum(len(own) for path, own in missing if path.exists()),
          sum(len(own) for _, own in missing),
        )

      prepare_lib.write(
        audit, summary, config, output_dir, shard_bytes, write_shards
      )
  return summary


def _audit(
  config: config_lib.DataConfig, job: command_config.BeamConfig, work: str
) -> tuple[dataset_audit.DatasetAudit, dict[str, Any]]:
  """Looks through the pictures; as `dataset_audit.audit` and `report`."""
  domains = dataset_audit.find(config)
  paths = dataset_audit.every_path(domains)
  auditing.write_paths(paths, _list(work, auditing.FOUND))
  _run(job, lambda pipeline: auditing.look(pipeline, config, work), len(paths))
  prints, readable, broken = auditing.read_found(work)
  jobs.require_all(len(readable) + len(broken), len(paths))
  audit = dataset_audit.assemble(
    domains,
    prints,
    {path: readable[path] for path in paths if path in readable},
    {path: broken[path] for path in paths if path in broken},
    config,
    keep_thumbnails=False,
  )
  auditing.write_places(
    (
      auditing.Place(picture.path, number, picture.split)
      for number, picture in enumerate(audit.pictures)
    ),
    _list(work, auditing.NEAR),
  )
  compared = _run(job, lambda pipeline: auditing.find_near(pipeline, work))
  if compared or jobs.is_local(job):  # some runners tell no counts
    jobs.require_all(compared, len(audit.pictures))
  near = auditing.read_near(work)
  return audit, dataset_audit.report(audit, near)


def _list(work: str, name: str) -> str:
  return os.path.join(work, f"{name}.txt")


def _run(
  job: command_config.BeamConfig,
  build: Callable[[beam.Pipeline], None],
  count: int = 0,
) -> int:
  """Runs one of the pipelines to its end; returns how much it has done."""
  pipeline = beam.Pipeline(options=jobs.options_of(job))
  build(pipeline)
  result = jobs.run(
    pipeline,
    auditing.METRICS,
    count,
    kept="Give the same command again: files of records that are whole stay.",
  )
  return jobs.counter(result, auditing.METRICS, jobs.DONE)


@contextlib.contextmanager
def _working_in(work_dir: str | None) -> Iterator[str]:
  """Gives a folder for as long as the jobs run."""
  if work_dir:
    files.make_folder(work_dir, "work_dir")
  try:
    folder = tempfile.mkdtemp(prefix="cyclegan_", dir=work_dir)
  except OSError as error:
    raise errors.StorageError(
      f"cannot be written ({error.strerror}). Give another folder.",
      "work_dir",
      work_dir or tempfile.gettempdir(),
    ) from error
  try:
    yield os.path.abspath(folder)
  finally:
    files.discard(folder)
