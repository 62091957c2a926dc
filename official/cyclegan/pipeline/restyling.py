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
"""An Apache Beam pipeline that translates any number of pictures.

Each worker has interpreters of its own: Beam's RunInference lets threads share
one, which gives wrong pictures. What is there already is not done again, so
that the same pipeline goes on after it was killed. A picture that cannot be
read is noted in the manifest and stops nothing.

Results have the names that `translate` gives them. The manifest has a line of
JSON for each picture: `source`, `target`, `sha256` of the result,
`milliseconds` that it took, null if not known, and `error`, null if there is
none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import posixpath
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io import filesystem
from apache_beam.io import filesystems

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import folders
from official.cyclegan.data import image_output
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import picture_files

MANIFEST = "manifest"  # the files' names begin with it
METRICS = "translate_many"  # name space of the counters
DONE, FAILED, KEPT = "done", "failed", "kept"  # counters
_WILDCARD = re.compile(r"[*?\[]")
_LIST = ".txt"

Record = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Settings:
  """What is translated, and how; what workers are sent.

  Attributes:
    model: A file or folder that every worker can read; a `.tflite` file also by
      an address of Beam's file systems.
    pattern: Folder, glob pattern, or a text file (`.txt`) with an address in
      each line.
    output: Folder or address below which results are written.
    direction: `AtoB` or `BtoA`.
    selection: As for `image_translator.open_model`.
    size: As there.
    detail: As for `image_translator.choose_detail`.
    texture_scale: As for `image_translator.translate_image`.
    background: Colour behind transparent pictures.
    max_pixels: As for `image_files.read`.
    format: One of `command_config.PICTURE_FORMATS`.
    quality: Of JPEG, WebP and AVIF, 1 to 100.
    shards: Files of the manifest.
  """

  model: str
  pattern: str
  output: str
  direction: str = command_config.TranslateConfig.direction
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  )
  size: int = 0
  detail: str = command_config.AUTO
  texture_scale: float = 0.0
  background: str = config_lib.DataConfig.background
  max_pixels: int = config_lib.DataConfig.max_pixels
  format: str = command_config.TranslateConfig.format
  quality: int = command_config.TranslateConfig.quality
  shards: int = 1


def is_list(pattern: str) -> bool:
  """Says whether an input is a text file of addresses."""
  return pattern.lower().endswith(_LIST)


def everything_below(pattern: str) -> str:
  """Returns the pattern of all files of a folder; a pattern as it is."""
  if _WILDCARD.search(pattern):
    return pattern
  return f"{pattern.rstrip('/')}/**"


def base_of(pattern: str) -> str:
  """Returns the folder below which all that a pattern finds lies."""
  found = _WILDCARD.search(pattern)
  if not found:
    return pattern.rstrip("/")
  return posixpath.dirname(pattern[: found.start()])


def is_picture(path: str, base: str) -> bool:
  """Says whether a file is a picture by its name, and not hidden.

  Args:
    path: The file.
    base: The folder below which it was found, as from `base_of`.
  """
  if not path.lower().endswith(folders.IMAGE_SUFFIXES):
    return False
  return not folders.lies_hidden(base, path)


def below(path: str, base: str) -> str:
  """Returns a file's name below a folder.

  Args:
    path: The file, or an address of a list.
    base: The folder; empty for a list, whose names are whole addresses without
      their scheme.
  """
  if base and path.startswith(f"{base}/"):
    return path[len(base) + 1 :]
  parts = path.partition("://")[2] or path
  # No name leads out of the output.
  kept = [p for p in parts.split("/") if p not in ("", ".", "..")]
  return "/".join(kept)


def targets(
  group: tuple[str, Iterable[tuple[str, str]]], wanted: str
) -> Iterator[tuple[str, str]]:
  """Names the results of pictures whose names differ in their ending only.

  Args:
    group: A name without its ending, with (name, source) of each picture.
    wanted: One of `command_config.PICTURE_FORMATS`.

  Yields:
    The name of a result, and its source.
  """
  found = sorted(set(group[1]))
  made = image_output.result_names(
    [(name, image_output.result_ending(name, wanted)) for name, _ in found]
  )
  for target, (_, source) in zip(made, found):
    yield target, source


def plan(
  joined: tuple[str, dict[str, Iterable[Any]]],
) -> Iterator[beam.pvalue.TaggedOutput]:
  """Decides what to do with a result.

  Args:
    joined: Its name, with `sources`, `there` if there is a file of that name,
      and `known`, what an earlier manifest says of it.

  Yields:
    `todo` and (name, source), `unknown` the same where a result's checksum is
    not known, or `records`.
  """
  name, groups = joined
  there = bool(list(groups["there"]))
  known = {record["source"]: record for record in groups["known"]}
  sources = sorted(groups["sources"])  # none: it is somebody else's file
  for i, source in enumerate(sources):
    record = known.get(source)
    if i:
      error = f"{sources[0]} has a result of the same name."
      made = _record(source, name, error=error)
      yield beam.pvalue.TaggedOutput("records", made)
    elif not there:
      yield beam.pvalue.TaggedOutput("todo", (name, source))
    elif record and record["sha256"]:
      yield beam.pvalue.TaggedOutput("records", record)
    else:
      yield beam.pvalue.TaggedOutput("unknown", (name, source))


def _record(
  source: str,
  target: str,
  sha256: str | None = None,
  milliseconds: float | None = None,
  error: str | None = None,
) -> Record:
  return {
    "source": source,
    "target": target,
    "sha256": sha256,
    "milliseconds": milliseconds,
    "error": error,
  }


class Translate(beam.DoFn):
  """Translates pictures: (name, source) to records of the manifest."""

  def __init__(self, settings: Settings):
    """Keeps what the workers are sent.

    Args:
      settings: What and how.
    """
    super().__init__()
    self._settings = settings
    self._done = beam.metrics.Metrics.counter(METRICS, DONE)
    self._failed = beam.metrics.Metrics.counter(METRICS, FAILED)
    self._time = beam.metrics.Metrics.distribution(METRICS, "milliseconds")
    self._pictures: picture_files.PictureFiles | None = None

  def setup(self) -> None:
    """Opens the model, for this thread alone."""
    how = self._settings
    with local_copy(how.model) as path:
      opened = image_translator.open_model(
        path, how.direction, how.selection, how.size
      )
    self._pictures = picture_files.PictureFiles(
      opened,
      image_translator.choose_detail(opened, how.detail),
      how.texture_scale,
      how.background,
      how.max_pixels,
      how.quality,
    )

  def process(self, element: tuple[str, str]) -> Iterator[Record]:
    """Translates a picture.

    Args:
      element: The result's name below the output, and the picture.

    Yields:
      One record.

    Raises:
      errors.UserError: If nothing else could be translated or written either.
    """
    name, source = element
    started = time.monotonic()
    try:
      digest = self._translate(name, source)
    except (image_translator.NotFiniteError, image_translator.ModelFailedError):
      raise
    except (errors.UserError, OSError, filesystem.BeamIOError) as error:
      if isinstance(error, errors.UserError) and files.is_full(error):
        raise
      self._failed.inc()
      yield _record(source, name, error=errors.first_line(error))
      return
    milliseconds = round(1000 * (time.monotonic() - started), 1)
    self._done.inc()
    self._time.update(int(milliseconds))
    yield _record(source, name, digest, milliseconds)

  def _translate(self, name: str, source: str) -> str:
    """Writes a result, whole or not at all; returns its checksum."""
    assert self._pictures is not None  # setup comes first
    target = filesystems.FileSystems.join(
      self._settings.output, *name.split("/")
    )
    with local_copy(source) as path:
      if not files.is_address(target):
        files.make_folder(os.path.dirname(target), "output")
        self._pictures.translate(path, target)
        return files.sha256(target)
      with files.temporary_folder() as folder:
        made = os.path.join(folder, posixpath.basename(name))
        self._pictures.translate(path, made)
        upload(made, target)
        return files.sha256(made)


@contextlib.contextmanager
def local_copy(address: str) -> Iterator[str]:
  """Gives a path of this machine for a file of any of Beam's file systems.

  Args:
    address: A path, which is given as it is, or an address, whose contents are
      copied for as long as the block lasts.

  Yields:
    The path.

  Raises:
    filesystem.BeamIOError: If the file system refuses.
  """
  if not files.is_address(address):
    yield address
    return
  with files.temporary_folder() as folder:
    path = os.path.join(folder, posixpath.basename(address))
    with open(path, "wb") as copy, _opened(address) as given:
      shutil.copyfileobj(given, copy)
    yield path


def _opened(address: str) -> BinaryIO:
  """Opens a file of any of Beam's file systems, as it is."""
  return filesystems.FileSystems.open(
    address, compression_type=filesystem.CompressionTypes.UNCOMPRESSED
  )


def upload(path: str, target: str) -> None:
  """Copies a file to an address, whole or not at all.

  Args:
    path: The file.
    target: The address.

  Raises:
    filesystem.BeamIOError: If the file system refuses.
  """
  partial = f"{target}{files.PARTIAL}-{uuid.uuid4().hex}"
  created = filesystems.FileSystems.create(
    partial, compression_type=filesystem.CompressionTypes.UNCOMPRESSED
  )
  with open(path, "rb") as made, created as copy:
    shutil.copyfileobj(made, copy)
  filesystems.FileSystems.rename([partial], [target])


class _Checksum(beam.DoFn):
  """Reads results of which no manifest says anything."""

  def __init__(self, output: str):
    super().__init__()
    self._output = output

  def process(self, element: tuple[str, str]) -> Iterator[Record]:
    """Reads a result."""
    name, source = element
    path = filesystems.FileSystems.join(self._output, *name.split("/"))
    with _opened(path) as result:
      yield _record(source, name, files.sha256_of(result))


def _known(line: str) -> list[tuple[str, Record]]:
  """Reads a line of an earlier manifest; what is damaged is passed over."""
  try:
    record = json.loads(line)
    if set(record) == set(_record("", "")):
      return [(record["target"], record)]
  except (ValueError, TypeError):
    pass
  return []


def _counted(record: Record) -> Record:
  """Counts a picture that nothing was done to."""
  name = FAILED if record["error"] else KEPT
  beam.metrics.Metrics.counter(METRICS, name).inc()
  return record


def build(pipeline: beam.Pipeline, settings: Settings) -> beam.PCollection:
  """Adds all steps to a pipeline.

  Args:
    pipeline: Of any runner.
    settings: What is translated, and how.

  Returns:
    The names of the manifest's files.
  """
  output = settings.output.rstrip("/")
  if is_list(settings.pattern):
    base = ""
    sources = (
      pipeline
      | "Read the list" >> beam.io.ReadFromText(settings.pattern)
      | "Strip" >> beam.Map(str.strip)
      | "Leave out empty lines" >> beam.Filter(bool)
    )
  else:
    base = base_of(settings.pattern)
    sources = (
      pipeline
      | "Find pictures" >> fileio.MatchFiles(everything_below(settings.pattern))
      | "Paths" >> beam.Map(lambda found: found.path)
      | "Pictures only" >> beam.Filter(is_picture, base)
    )
  wanted = settings.format
  named = (
    sources
    | "Names" >> beam.Map(lambda path: (below(path, base), path))
    | "By stem" >> beam.Map(lambda pair: (posixpath.splitext(pair[0])[0], pair))
    | "Same stems" >> beam.GroupByKey()
    | "Targets" >> beam.FlatMap(targets, wanted)
  )
  there = (
    pipeline
    | "Find results"
    >> fileio.MatchFiles(f"{output}/**", fileio.EmptyMatchTreatment.ALLOW)
    | "Results" >> beam.Map(lambda found: (below(found.path, output), True))
  )
  known = (
    pipeline
    | "Find manifests"
    >> fileio.MatchFiles(
      f"{output}/{MANIFEST}-*.jsonl", fileio.EmptyMatchTreatment.ALLOW
    )
    | "Read matches" >> fileio.ReadMatches()
    | "Lines" >> beam.FlatMap(lambda file: file.read_utf8().splitlines())
    | "Known" >> beam.FlatMap(_known)
  )
  planned = (
    {"sources": named, "there": there, "known": known}
    | "Join" >> beam.CoGroupByKey()
    | "Plan" >> beam.FlatMap(plan).with_outputs("todo", "unknown", "records")
  )
  made = (
    planned.todo
    # Else one worker would do what one key's group has brought together.
    | "Spread" >> beam.Reshuffle()
    | "Translate" >> beam.ParDo(Translate(settings))
  )
  read = planned.unknown | "Checksums" >> beam.ParDo(_Checksum(output))
  left = (
    (read, planned.records)
    | "Left as they are" >> beam.Flatten()
    | "Count" >> beam.Map(_counted)
  )
  return (
    (made, left)
    | "Together" >> beam.Flatten()
    | "JSON" >> beam.Map(json.dumps, ensure_ascii=False, sort_keys=True)
    | "Manifest"
    >> beam.io.WriteToText(
      f"{output}/{MANIFEST}",
      file_name_suffix=".jsonl",
      num_shards=settings.shards,
    )
  )
