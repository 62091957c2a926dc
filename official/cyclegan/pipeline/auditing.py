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
"""Apache Beam pipelines that look through millions of pictures and pack them.

What is found is what `dataset_audit` finds. Near duplicates are found without
comparing every picture with every other one: two hashes of 64 bits that differ
in at most four, cut into six bands, agree in two bands at least, so that only
pictures with the same two bands are compared (the pigeonhole principle; as for
one band in Manku, Jain and Das Sarma, "Detecting Near-Duplicates for Web
Crawling", 2007, section 3). None is missed by it.

Names of files need not be UTF-8: between workers they are bytes.
"""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import level_range
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import image_files
from official.cyclegan.pipeline import jobs

METRICS = "prepare_many"  # name space of the counters
FOUND, NEAR, WRITTEN = "found", "near", "written"  # how files' names begin
_TOGETHER = 64  # pictures that a worker looks at by its threads
# Of the perceptual hash, bits of each band: two stay equal if at most
# `dataset_audit.HASH_DISTANCE` = 4 bits differ.
_BANDS = (11, 11, 11, 11, 10, 10)

ShardWriter = Callable[
  [pathlib.Path, Sequence[dataset_audit.Picture], str], None
]


@dataclasses.dataclass(frozen=True)
class Place:
  """A picture among all that are compared.

  Attributes:
    path: Its file.
    number: Its place in the order of all.
    split: One of `sources.SPLITS`.
  """

  path: str
  number: int
  split: str


@dataclasses.dataclass(frozen=True)
class _Entry:
  """What of a picture is compared; a `dataset_audit.Comparable`."""

  path: str
  bits: np.uint64
  thumbnail: np.ndarray
  number: int
  split: str


def write_paths(paths: Iterable[str], path: str) -> None:
  """Writes a list for `look`.

  Args:
    paths: The pictures.
    path: The list.
  """
  with open(path, "w", encoding="ascii") as file:
    file.writelines(f"{json.dumps(p)}\n" for p in paths)


def write_places(places: Iterable[Place], path: str) -> None:
  """Writes a list for `find_near`.

  Args:
    places: The pictures that are compared.
    path: The list.
  """
  with open(path, "w", encoding="ascii") as file:
    for place in places:
      line = [place.path, place.number, place.split]
      file.write(f"{json.dumps(line)}\n")


def write_shards(
  missing: Iterable[tuple[pathlib.Path, Sequence[dataset_audit.Picture]]],
  path: str,
) -> None:
  """Writes a list for `pack`.

  Args:
    missing: Files of records, and what each of them holds.
    path: The list.
  """
  with open(path, "w", encoding="ascii") as file:
    for target, pictures in missing:
      some = [
        (p.path, p.split, _info_values(p.info), level_range.as_list(p.levels))
        for p in pictures
      ]
      file.write(f"{json.dumps([str(target), some])}\n")


class _Look(beam.DoFn):
  """Looks at pictures, several at a time."""

  def __init__(self, config: config_lib.DataConfig):
    super().__init__()
    self._config = config
    self._done = beam.metrics.Metrics.counter(METRICS, jobs.DONE)
    self._failed = beam.metrics.Metrics.counter(METRICS, jobs.FAILED)

  def process(self, paths: Sequence[str]) -> Iterator[str]:
    """Yields a line of JSON for each picture."""
    prints, readable, broken = dataset_audit.look(
      [json.loads(path) for path in paths], self._config
    )
    for path, info in readable.items():
      found = prints[path]
      values = {
        "path": path,
        "info": _info_values(info),
        "digest": found.digest,
        "bits": int(found.bits),
        "thumbnail": base64.b64encode(found.thumbnail.tobytes()).decode(),
        "brightness": found.brightness,
      }
      yield json.dumps(values)
    for path, problem in broken.items():
      yield json.dumps({"path": path, "broken": problem})
    self._done.inc(len(readable))
    self._failed.inc(len(broken))


def look(
  pipeline: beam.Pipeline, config: config_lib.DataConfig, work: str
) -> None:
  """Adds the steps that look at every picture.

  Args:
    pipeline: Of any runner.
    config: As for `dataset_audit.audit`.
    work: Folder with the list `FOUND.txt`, which gets `FOUND-*.jsonl`.
  """
  _ = (
    pipeline
    | "Read paths" >> beam.io.ReadFromText(os.path.join(work, f"{FOUND}.txt"))
    | "Spread" >> beam.Reshuffle()
    | "Together" >> beam.BatchElements(_TOGETHER, _TOGETHER)
    | "Look" >> beam.ParDo(_Look(config))
    | "Write"
    >> beam.io.WriteToText(os.path.join(work, FOUND), file_name_suffix=".jsonl")
  )


def read_found(
  work: str,
) -> tuple[
  dict[str, dataset_audit.Fingerprint],
  dict[str, image_files.Info],
  dict[str, str],
]:
  """Returns what `look` has found, in any order, without thumbnails.

  Args:
    work: The folder.

  Returns:
    As `dataset_audit.look`; thumbnails are empty.
  """
  prints, readable, broken = {}, {}, {}
  nothing = np.zeros(0, np.uint8)
  for path in sorted(pathlib.Path(work).glob(f"{FOUND}-*.jsonl")):
    with path.open(encoding="ascii") as file:
      for line in file:
        values = json.loads(line)
        name = values["path"]
        if "broken" in values:
          broken[name] = values["broken"]
          continue
        readable[name] = _info(values["info"])
        prints[name] = dataset_audit.Fingerprint(
          values["digest"],
          np.uint64(values["bits"]),
          nothing,
          values["brightness"],
        )
  return prints, readable, broken


def _info_values(info: image_files.Info) -> list[Any]:
  """Returns a header as JSON has it."""
  values = [getattr(info, field.name) for field in dataclasses.fields(info)]
  return [
    level_range.as_list(value)
    if isinstance(value, level_range.LevelRange)
    else value
    for value in values
  ]


def _info(values: Sequence[Any]) -> image_files.Info:
  """Returns a header that `_info_values` has written."""
  names = [field.name for field in dataclasses.fields(image_files.Info)]
  given = dict(zip(names, values))
  given["levels"] = level_range.from_list(given["levels"])
  return image_files.Info(**given)


def bands(bits: int) -> list[bytes]:
  """Returns the keys under which a perceptual hash is compared.

  Args:
    bits: 64 of them.

  Returns:
    A key for each two bands. Two hashes share one at least if no more than
    four bits differ.
  """
  parts = []
  for width in _BANDS:
    parts.append(bits & ((1 << width) - 1))
    bits >>= width
  return [
    bytes([i, j]) + (a << 16 | b).to_bytes(4, "big")
    for (i, a), (j, b) in itertools.combinations(enumerate(parts), 2)
  ]


def find_near(pipeline: beam.Pipeline, work: str) -> None:
  """Adds the steps that compare pictures.

  Args:
    pipeline: Of any runner.
    work: Folder with what `look` has found, and the list `NEAR.txt`. It gets
      `NEAR-*.jsonl`: by name of `dataset_audit.BETWEEN` the pairs that
      `dataset_audit.near_duplicates` gives.
  """
  found = (
    pipeline
    | "Read found"
    >> beam.io.ReadFromText(os.path.join(work, f"{FOUND}-*.jsonl"))
    | "Parse" >> beam.Map(json.loads)
    | "Readable" >> beam.Filter(lambda values: "bits" in values)
    | "By path"
    >> beam.Map(lambda v: (os.fsencode(v["path"]), (v["bits"], v["thumbnail"])))
  )
  places = (
    pipeline
    | "Read places" >> beam.io.ReadFromText(os.path.join(work, f"{NEAR}.txt"))
    | "Parse places" >> beam.Map(json.loads)
    | "Places by path"
    >> beam.Map(lambda line: (os.fsencode(line[0]), tuple(line[1:])))
  )
  _ = (
    {"found": found, "places": places}
    | "Join" >> beam.CoGroupByKey()
    | "Bands" >> beam.FlatMap(_by_bands)
    | "By bands" >> beam.GroupByKey()
    | "Compare" >> beam.FlatMap(_compare)
    | "Each once" >> beam.Distinct()
    | "The first" >> beam.combiners.Top.SmallestPerKey(dataset_audit.MAX_PAIRS)
    | "JSON" >> beam.Map(_near_line)
    | "Write"
    >> beam.io.WriteToText(
      os.path.join(work, NEAR), file_name_suffix=".jsonl", num_shards=1
    )
  )


def _by_bands(
  joined: tuple[bytes, dict[str, Iterable[Any]]],
) -> Iterator[tuple[bytes, tuple[bytes, int, bytes, int, str]]]:
  """Yields what of a picture is compared, under each of its keys."""
  path, groups = joined
  for (bits, encoded), (number, split) in itertools.product(
    list(groups["found"]), list(groups["places"])
  ):
    beam.metrics.Metrics.counter(METRICS, jobs.DONE).inc()
    entry = path, bits, base64.b64decode(encoded), number, split
    for key in bands(bits):
      yield key, entry


def _compare(
  bucket: tuple[bytes, Iterable[tuple[bytes, int, bytes, int, str]]],
) -> Iterator[tuple[str, tuple[int, int, bytes, bytes]]]:
  """Yields pairs of near duplicates among pictures of one key.

  Of a key with very many the first in the order of all: these hold whatever of
  them is among the first of all keys together.
  """
  entries = [
    _Entry(
      os.fsdecode(path),
      np.uint64(bits),
      np.frombuffer(thumbnail, np.uint8),
      number,
      split,
    )
    for path, bits, thumbnail, number, split in bucket[1]
  ]
  if len(entries) < 2:
    return
  entries.sort(key=lambda entry: entry.number)
  numbers = {entry.path: entry.number for entry in entries}
  for name, parts in dataset_audit.BETWEEN.items():
    sides = ([e for e in entries if part in e.split] for part in parts)
    for first, second in dataset_audit.near_duplicates(*sides):
      pair = (
        numbers[first],
        numbers[second],
        os.fsencode(first),
        os.fsencode(second),
      )
      yield name, pair


def _near_line(
  found: tuple[str, Iterable[tuple[int, int, bytes, bytes]]],
) -> str:
  """Returns a line of what `read_near` reads."""
  pairs = [[os.fsdecode(p) for p in pair[2:]] for pair in sorted(found[1])]
  return json.dumps([found[0], pairs])


def read_near(work: str) -> dict[str, list[list[str]]]:
  """Returns what `find_near` has found, for `dataset_audit.report`.

  Args:
    work: The folder.
  """
  found: dict[str, list[list[str]]] = {
    name: [] for name in dataset_audit.BETWEEN
  }
  for path in pathlib.Path(work).glob(f"{NEAR}-*.jsonl"):
    for line in path.read_text(encoding="ascii").splitlines():
      name, pairs = json.loads(line)
      found[name] = pairs
  return found


def pack(
  pipeline: beam.Pipeline, write: ShardWriter, background: str, work: str
) -> None:
  """Adds the steps that write files of records, each whole or not at all.

  Args:
    pipeline: Of any runner.
    write: Writes one; workers import it by its name.
    background: Colour behind transparent pictures.
    work: Folder with the list `WRITTEN.txt`.
  """
  _ = (
    pipeline
    | "Read shards"
    >> beam.io.ReadFromText(os.path.join(work, f"{WRITTEN}.txt"))
    | "Spread" >> beam.Reshuffle()
    | "Pack" >> beam.Map(_pack, write, background)
  )


def _pack(line: str, write: ShardWriter, background: str) -> None:
  """Writes a file of records."""
  target, some = json.loads(line)
  pictures = [
    dataset_audit.Picture(
      path,
      split,
      _info(info),
      digest="",
      bits=np.uint64(0),
      thumbnail=None,
      brightness=0.0,
      levels=level_range.from_list(levels),
    )
    for path, split, info, levels in some
  ]
  write(pathlib.Path(target), pictures, background)
  beam.metrics.Metrics.counter(METRICS, jobs.DONE).inc(len(pictures))
