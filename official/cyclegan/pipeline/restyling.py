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

Files of TFRecords among the pictures are read record by record; a record's
`source` is its file, `#` and where it begins. Packed, results lie in shards
instead of files of their own. Which pictures a shard gets depends on their
names and number only, and its name on those: done again, it takes its own
place. Beside it lies a list of what is in it, the part of the manifest that the
next start goes by; a shard without one is not whole, or not known, and is
removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import posixpath
import re
import shutil
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io import filesystem
from apache_beam.io import filesystems

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import messages
from official.cyclegan.data import folders
from official.cyclegan.data import image_output
from official.cyclegan.pipeline import jobs
from official.cyclegan.pipeline import picture_records
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import picture_files

MANIFEST = "manifest"  # the files' names begin with it
METRICS = "translate_many"  # name space of the counters
# Counters: of results, and of all that were to be made.
DONE, FAILED, KEPT, WANTED = jobs.DONE, jobs.FAILED, "kept", "wanted"
LIST_ENDING = ".jsonl"  # behind a shard's name: what is in it
_SHARD = "pictures-{group:05d}-{digest}{ending}"
_SHARD_DIGITS = 12
_SHARD_NAME = re.compile(
  f"pictures-[0-9]{{5,}}-[0-9a-f]{{{_SHARD_DIGITS}}}"
  f"({'|'.join(map(re.escape, picture_records.ENDINGS.values()))})"
)
_WILDCARD = re.compile(r"[*?\[]")
_LIST = ".txt"
# What may be wrong with one picture, or one file of records.
_OF_THE_FILE = (
  errors.UserError,
  OSError,
  EOFError,
  zlib.error,
  filesystem.BeamIOError,
  picture_records.DamagedError,
)

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
    pack: One of `command_config.PACKS`.
    shard_pictures: Packed, how many pictures a shard has, about.
    batch_size: Pictures that a SavedModel gets at once.
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
  texture_scale: float = command_config.TEXTURE_SCALE
  background: str = config_lib.DataConfig.background
  max_pixels: int = config_lib.DataConfig.max_pixels
  format: str = command_config.TranslateConfig.format
  quality: int = command_config.TranslateConfig.quality
  shards: int = 1
  pack: str = command_config.ManyConfig.pack
  shard_pictures: int = command_config.ManyConfig.shard_pictures
  batch_size: int = command_config.ManyConfig.batch_size

  @property
  def packed(self) -> bool:
    """Whether results lie in shards."""
    return self.pack != command_config.FILES


def is_list(pattern: str) -> bool:
  """Says whether an input is a text file of addresses."""
  return pattern.lower().endswith(_LIST)


def everything_below(pattern: str) -> str:
  """Returns the pattern of all files of a folder; a pattern as it is.

  Args:
    pattern: As `Settings.pattern`; a file of this machine is one too.
  """
  if _WILDCARD.search(pattern) or os.path.isfile(pattern):
    return pattern
  return f"{pattern.rstrip('/')}/**"


def paths_of(option: str, pattern: str) -> list[str] | None:
  """Returns the files that a pattern of this machine finds.

  Args:
    option: Which option that is.
    pattern: As `Settings.pattern`.

  Returns:
    Their paths; None if the workers look: of a list, and elsewhere.

  Raises:
    errors.UserError: If it cannot be read, or names something that is not
      there.
  """
  listed, elsewhere = is_list(pattern), files.is_address(pattern)
  matched: Any = None
  try:
    one = listed or not (elsewhere or _WILDCARD.search(pattern))
    there = not one or filesystems.FileSystems.exists(pattern)
    if there and not listed and not elsewhere:
      (matched,) = filesystems.FileSystems.match([everything_below(pattern)])
  except (filesystem.BeamIOError, ValueError) as error:
    raise errors.UserError(
      f"cannot be read ({jobs.reason(error)}).", option, pattern
    ) from error
  if not there:
    raise errors.UserError("does not exist.", option, pattern)
  if matched is None:
    return None
  return [match.path for match in matched.metadata_list]


def base_of(pattern: str) -> str:
  """Returns the folder below which all that a pattern finds lies."""
  found = _WILDCARD.search(pattern)
  if not found and os.path.isfile(pattern) and not is_list(pattern):
    return os.path.dirname(pattern)
  if not found:
    return pattern.rstrip("/")
  return posixpath.dirname(pattern[: found.start()])


def read_by(pattern: str) -> str:
  """Returns the file or the folder of which a job reads something.

  Args:
    pattern: As `Settings.pattern`, of this machine.
  """
  found = pattern if os.path.isfile(pattern) else base_of(pattern)
  return found or os.curdir


def is_picture(path: str, base: str) -> bool:
  """Says whether a file is a picture by its name, and not hidden.

  Args:
    path: The file.
    base: The folder below which it was found, as from `base_of`.
  """
  if not path.lower().endswith(folders.IMAGE_SUFFIXES):
    return False
  return not folders.lies_hidden(base, path)


def is_records(path: str, base: str) -> bool:
  """Says whether a file holds TFRecords by its name, and is not hidden.

  Args:
    path: The file.
    base: As for `is_picture`.
  """
  found = picture_records.is_record_file(path)
  return found and not folders.lies_hidden(base, path)


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
    The name of a result, and its source. Records of one name get numbers.
  """
  found = []
  for name, same in itertools.groupby(
    sorted(set(group[1])), lambda pair: pair[0]
  ):
    stem, ending = posixpath.splitext(name)
    for i, (_, source) in enumerate(same):
      found.append((f"{stem}-{i + 1}{ending}" if i else name, source))
  made = image_output.result_names(
    [(name, image_output.result_ending(name, wanted)) for name, _ in found]
  )
  for target, (_, source) in zip(made, found):
    beam.metrics.Metrics.counter(METRICS, WANTED).inc()
    yield target, source


def records_of(path: str, base: str) -> Iterator[tuple[str, str, str | None]]:
  """Looks through a file of TFRecords.

  Args:
    path: The file.
    base: The folder below which it was found.

  Yields:
    Of each record its name, by which its result is called, its address, and
    what is wrong with it, None if nothing is.
  """
  named = below(path, base)
  folder, file_name = posixpath.split(named)
  stem = re.sub(r"\.gz$|[._-]tfrecords?", "", file_name)
  try:
    with opened(path, filesystem.CompressionTypes.AUTO) as file:
      for i, (offset, contents) in enumerate(picture_records.read(file)):
        address = picture_records.place(path, offset)
        own = posixpath.join(folder, f"{stem}-{i:06d}")
        if isinstance(contents, picture_records.DamagedError):
          yield own, address, str(contents)
          continue
        try:
          image, name = picture_records.picture(contents)
        except picture_records.DamagedError as error:
          yield own, address, str(error)
          continue
        name = below(name, "")
        if not name:
          name = f"{stem}-{i:06d}{picture_records.ending_of(image)}"
        elif not name.lower().endswith(folders.IMAGE_SUFFIXES):
          name += picture_records.ending_of(image)
        yield posixpath.join(folder, name), address, None
  except (OSError, EOFError, zlib.error, filesystem.BeamIOError) as error:
    yield named, path, errors.first_line(error)


def in_utf8(path: str) -> bool:
  """Says whether a path can be sent to other workers as a text."""
  try:
    path.encode("utf-8")
  except UnicodeEncodeError:
    return False
  return True


def _path_of(
  match: filesystem.FileMetadata, base: str
) -> beam.pvalue.TaggedOutput:
  """Returns a file that was found, or a line of the manifest about its name."""
  path = match.path
  if in_utf8(path) or not is_picture(path, base):
    return beam.pvalue.TaggedOutput("found", messages.printable(path))
  shown = messages.printable(path)
  error = "Its name is not UTF-8. Rename it."
  return beam.pvalue.TaggedOutput(
    "bad", _record(shown, below(shown, base), error=error)
  )


def _listed(
  found: tuple[str, str, str | None],
) -> beam.pvalue.TaggedOutput:
  """Divides records into pictures and lines of the manifest."""
  name, address, error = found
  if error is None:
    return beam.pvalue.TaggedOutput("pictures", (name, address))
  return beam.pvalue.TaggedOutput("bad", _record(address, name, error=error))


def plan(
  joined: tuple[str, dict[str, Iterable[Any]]], packed: bool = False
) -> Iterator[beam.pvalue.TaggedOutput]:
  """Decides what to do with a result.

  Args:
    joined: Its name, with `sources`, `there` if there is a file of that name,
      and `known`, what an earlier manifest says of it.
    packed: Whether it is looked for in shards, whose lists say all of it.

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
    elif packed:
      record = record or next(iter(known.values()))
      moved = {**record, "source": source}
      yield beam.pvalue.TaggedOutput("records", moved)
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


class _Worker(beam.DoFn):
  """Has a model of its own, with which it translates pictures."""

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

  def _translate(
    self, pictures: Sequence[tuple[str, str, str]]
  ) -> list[Record]:
    """Translates pictures together.

    Args:
      pictures: Of each its result's name, itself, and the file to write, on
        this machine.

    Returns:
      The record of each, where it failed with the reason.

    Raises:
      errors.UserError: If nothing else could be translated or written either.
    """
    assert self._pictures is not None  # setup comes first
    started = time.monotonic()
    reasons: dict[int, Exception] = {}
    with contextlib.ExitStack() as copies:
      given = []
      for i, (_, source, made) in enumerate(pictures):
        try:
          given.append((i, copies.enter_context(local_copy(source)), made))
        except _OF_THE_FILE as error:
          reasons[i] = error
      problems = self._pictures.translate_together([g[1:] for g in given])
      reasons |= {g[0]: p for g, p in zip(given, problems) if p}
    milliseconds = 1000 * (time.monotonic() - started) / len(pictures)
    records = []
    for i, (name, source, made) in enumerate(pictures):
      if i in reasons:
        records.append(self._failure(name, source, reasons[i]))
      else:
        record = _record(
          source, name, files.sha256(made), round(milliseconds, 1)
        )
        records.append(record)
    return records

  def _failure(self, name: str, source: str, error: Exception) -> Record:
    """Returns the record of a picture without a result.

    Raises:
      errors.UserError: If nothing can be written any more.
    """
    if isinstance(error, errors.UserError) and files.is_full(error):
      raise error
    self._failed.inc()
    return _record(source, name, error=errors.first_line(error))

  def _success(self, record: Record) -> Record:
    """Counts a picture whose result is where it belongs."""
    self._done.inc()
    if record["milliseconds"] is not None:
      self._time.update(int(record["milliseconds"]))
    return record


class Translate(_Worker):
  """Translates pictures into files: (name, source) to the manifest's records.

  It takes lists of them, as many as the model gets at once.
  """

  def process(self, element: Sequence[tuple[str, str]]) -> Iterator[Record]:
    """Translates some pictures.

    Args:
      element: Of each the result's name below the output, and the picture.

    Yields:
      A record of each.

    Raises:
      errors.UserError: If nothing else could be translated or written either.
    """
    output = self._settings.output
    targets_of, orders = {}, []
    with (
      files.temporary_folder()
      if files.is_address(output)
      else contextlib.nullcontext() as folder
    ):
      for i, (name, source) in enumerate(element):
        target = filesystems.FileSystems.join(output, *name.split("/"))
        made = target
        if folder:
          made = os.path.join(folder, f"{i}{posixpath.splitext(name)[1]}")
        else:
          try:
            files.make_folder(os.path.dirname(target), "output")
          except errors.UserError as error:
            yield self._failure(name, source, error)
            continue
          if os.path.exists(target):
            # The plan did not find it: an earlier try of this bundle, whose
            # worker has died, was as far as this.
            digest = files.sha256(target)
            yield self._success(_record(source, name, digest))
            continue
        targets_of[name] = made, target
        orders.append((name, source, made))
      for record in self._translate(orders) if orders else ():
        if record["error"] is None:
          made, target = targets_of[record["target"]]
          try:
            if made != target:
              upload(made, target)
          except _OF_THE_FILE as error:
            yield self._failure(record["target"], record["source"], error)
            continue
          self._success(record)
        yield record


class TranslateIntoShards(_Worker):
  """Translates groups of pictures into a shard each."""

  def process(
    self, element: tuple[int, Iterable[tuple[str, str]]]
  ) -> Iterator[Record]:
    """Writes a shard, whole or not at all, and the list of what is in it.

    Args:
      element: The group's number, and of each picture the result's name and
        the picture.

    Yields:
      A record of each.

    Raises:
      errors.UserError: If nothing else could be translated or written either.
    """
    group, pictures = element[0], sorted(element[1])
    how = self._settings
    names = "\n".join(name for name, _ in pictures)
    digest = hashlib.sha256(names.encode("utf-8", "surrogateescape"))
    shard = _SHARD.format(
      group=group,
      digest=digest.hexdigest()[:_SHARD_DIGITS],
      ending=picture_records.ENDINGS[how.pack],
    )
    records: list[Record] = []
    with files.temporary_folder() as folder:
      packed = os.path.join(folder, shard)
      with open(packed, "wb") as file:
        add, close = picture_records.writer(how.pack, file)
        for start in range(0, len(pictures), how.batch_size):
          orders = [
            (
              name,
              source,
              os.path.join(folder, f"{i}{posixpath.splitext(name)[1]}"),
            )
            for i, (name, source) in enumerate(
              pictures[start : start + how.batch_size]
            )
          ]
          for record, (name, _, made) in zip(self._translate(orders), orders):
            if record["error"] is None:
              add(name, pathlib.Path(made).read_bytes(), record)
              os.unlink(made)
            records.append(record)
        close()
      good = [record for record in records if record["error"] is None]
      if good:
        listed = os.path.join(folder, f"{shard}{LIST_ENDING}")
        lines = "".join(f"{_json(record)}\n" for record in good)
        pathlib.Path(listed).write_text(lines, encoding="utf-8")
        # The list comes last: without it the shard does not count.
        for path in (packed, listed):
          self._put(path)
    for record in records:
      yield self._success(record) if record["error"] is None else record

  def _put(self, path: str) -> None:
    """Copies a file into the output, whole or not at all."""
    target = filesystems.FileSystems.join(
      self._settings.output, os.path.basename(path)
    )
    if files.is_address(target):
      upload(path, target)
      return
    with files.writing(target) as partial:
      shutil.copyfile(path, partial)


def shard_of(name: str) -> str:
  """Returns the shard that a file is, lists or was to become; empty if none."""
  found = _SHARD_NAME.match(name)
  if not found or name[found.end() :] not in (
    "",
    LIST_ENDING,
    files.PARTIAL,
    f"{LIST_ENDING}{files.PARTIAL}",
  ):
    return ""
  return found[0]


def in_group(pair: tuple[str, str], count: int, size: int) -> int:
  """Returns which shard gets a result, a number from 0.

  Args:
    pair: The result's name, and its picture.
    count: How many pictures there are.
    size: How many a shard gets, about.
  """
  groups = -(-count // size) or 1
  digest = hashlib.sha256(pair[0].encode("utf-8", "surrogateescape")).digest()
  return int.from_bytes(digest[:8], "big") % groups


@contextlib.contextmanager
def local_copy(address: str) -> Iterator[str]:
  """Gives a path of this machine for a file of any of Beam's file systems.

  Args:
    address: A path, which is given as it is, or an address, whose contents are
      copied for as long as the block lasts; so is a record's picture.

  Yields:
    The path.

  Raises:
    filesystem.BeamIOError: If the file system refuses.
    picture_records.DamagedError: If the record has no picture any more.
  """
  record = picture_records.split_place(address)
  if not record and not files.is_address(address):
    yield address
    return
  with files.temporary_folder() as folder:
    path = os.path.join(folder, posixpath.basename(address))
    with open(path, "wb") as copy:
      if record:
        copy.write(_picture_at(*record))
      else:
        with opened(address) as given:
          shutil.copyfileobj(given, copy)
    yield path


def _picture_at(path: str, offset: int) -> bytes:
  """Returns the encoded picture of a record that begins at a place."""
  with opened(path, filesystem.CompressionTypes.AUTO) as file:
    file.seek(offset)
    for _, contents in picture_records.read(file):
      if isinstance(contents, picture_records.DamagedError):
        raise contents
      return picture_records.picture(contents)[0]
  raise picture_records.DamagedError("The record is not there any more.", True)


def opened(
  address: str,
  compression: str = filesystem.CompressionTypes.UNCOMPRESSED,
) -> BinaryIO:
  """Opens a file of any of Beam's file systems for reading.

  Args:
    address: A path or an address.
    compression: One of Beam's names; by default the file is read as it is.

  Raises:
    filesystem.BeamIOError: If the file system refuses.
  """
  return filesystems.FileSystems.open(address, compression_type=compression)


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
    with opened(path) as result:
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


def _json(record: Record) -> str:
  """Returns a line of the manifest."""
  return json.dumps(record, ensure_ascii=False, sort_keys=True)


def listed_in(path: str) -> list[tuple[str, Record]]:
  """Reads a shard's list; it counts only if the shard is there.

  Args:
    path: The list.

  Returns:
    Each result's name and its record.
  """
  if not filesystems.FileSystems.exists(path[: -len(LIST_ENDING)]):
    return []
  with opened(path) as file:
    lines = file.read().decode("utf-8", "surrogateescape").splitlines()
  return [known for line in lines for known in _known(line)]


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
  named, bad = _sources(pipeline, settings)
  planned = (
    {"sources": named, **_earlier(pipeline, settings)}
    | "Join" >> beam.CoGroupByKey()
    | "Plan"
    >> beam.FlatMap(plan, settings.packed).with_outputs(
      "todo", "unknown", "records"
    )
  )
  if settings.packed:
    count = beam.pvalue.AsSingleton(
      named | "How many" >> beam.combiners.Count.Globally()
    )
    made = (
      planned.todo
      | "Groups"
      >> beam.Map(
        lambda pair, count, size: (in_group(pair, count, size), pair),
        count,
        settings.shard_pictures,
      )
      | "Shards" >> beam.GroupByKey()
      | "Spread" >> beam.Reshuffle()
      | "Translate" >> beam.ParDo(TranslateIntoShards(settings))
    )
  else:
    # Else one worker would do what one key's group has brought together.
    spread = planned.todo | "Spread" >> beam.Reshuffle()
    size = settings.batch_size
    if size > 1:
      together = spread | "Batches" >> beam.BatchElements(size, size)
    else:
      together = spread | "Batches" >> beam.Map(lambda pair: [pair])
    made = together | "Translate" >> beam.ParDo(Translate(settings))
  read = planned.unknown | "Checksums" >> beam.ParDo(_Checksum(output))
  left = (
    (read, planned.records, bad)
    | "Left as they are" >> beam.Flatten()
    | "Count" >> beam.Map(_counted)
  )
  return (
    (made, left)
    | "Together" >> beam.Flatten()
    | "JSON" >> beam.Map(_json)
    | "Manifest"
    >> beam.io.WriteToText(
      f"{output}/{MANIFEST}",
      file_name_suffix=".jsonl",
      num_shards=settings.shards,
    )
  )


def _sources(
  pipeline: beam.Pipeline, settings: Settings
) -> tuple[beam.PCollection, beam.PCollection]:
  """Finds the pictures.

  Returns:
    Of each its result's name and itself; and the manifest's records of what is
    no picture.
  """
  unnamed: list[beam.PCollection] = []
  if is_list(settings.pattern):
    base = ""
    found = (
      pipeline
      | "Read the list" >> beam.io.ReadFromText(settings.pattern)
      | "Strip" >> beam.Map(str.strip)
      | "Leave out empty lines" >> beam.Filter(bool)
    )
    pictures = found | "Not records" >> beam.Filter(
      lambda path: not picture_records.is_record_file(path)
    )
  else:
    base = base_of(settings.pattern)
    matched = (
      pipeline
      | "Find pictures" >> fileio.MatchFiles(everything_below(settings.pattern))
      | "Paths" >> beam.Map(_path_of, base).with_outputs("found", "bad")
    )
    found = matched.found
    unnamed.append(matched.bad)
    pictures = found | "Pictures only" >> beam.Filter(is_picture, base)
  records = (
    found
    | "Records only" >> beam.Filter(is_records, base)
    | "Spread files" >> beam.Reshuffle()
    | "Records" >> beam.FlatMap(records_of, base)
    | "Good or bad" >> beam.Map(_listed).with_outputs("pictures", "bad")
  )
  names = pictures | "Names" >> beam.Map(lambda path: (below(path, base), path))
  named = (
    (names, records.pictures)
    | "All" >> beam.Flatten()
    | "By stem" >> beam.Map(lambda pair: (posixpath.splitext(pair[0])[0], pair))
    | "Same stems" >> beam.GroupByKey()
    | "Targets" >> beam.FlatMap(targets, settings.format)
  )
  bad = (records.bad, *unnamed) | "No pictures" >> beam.Flatten()
  return named, bad


def _earlier(
  pipeline: beam.Pipeline, settings: Settings
) -> dict[str, beam.PCollection]:
  """Finds what was done before, by results' names: `there` and `known`."""
  output = settings.output.rstrip("/")
  allow = fileio.EmptyMatchTreatment.ALLOW
  if settings.packed:
    known = (
      pipeline
      | "Find shards"
      >> fileio.MatchFiles(
        f"{output}/*{picture_records.ENDINGS[settings.pack]}{LIST_ENDING}",
        allow,
      )
      | "Shards' lists" >> beam.FlatMap(lambda found: listed_in(found.path))
    )
    there = known | "There" >> beam.Map(lambda pair: (pair[0], True))
    return {"there": there, "known": known}
  there = (
    pipeline
    | "Find results" >> fileio.MatchFiles(f"{output}/**", allow)
    | "Of ours" >> beam.Filter(lambda found: in_utf8(found.path))
    | "Results" >> beam.Map(lambda found: (below(found.path, output), True))
  )
  known = (
    pipeline
    | "Find manifests"
    >> fileio.MatchFiles(f"{output}/{MANIFEST}-*.jsonl", allow)
    | "Read matches" >> fileio.ReadMatches()
    | "Lines" >> beam.FlatMap(lambda file: file.read_utf8().splitlines())
    | "Known" >> beam.FlatMap(_known)
  )
  return {"there": there, "known": known}
