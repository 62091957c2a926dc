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
"""An Apache Beam pipeline that measures FID and KID of any number of pictures.

The figures are those that `evaluate` gives of the same pictures, whatever
divides the work:

* FID needs the features' means and covariances, which merge
  (`feature_moments`).
* KID is the mean over subsets that are drawn by number, from the sets' sizes
  alone (`distribution_distance.draw_subsets`). So pictures are numbered in the
  order of their names, folder by folder, as `evaluate` reads them, however they
  come, and of each picture only the features that a subset has are sent on.
* A network's last bits depend on how many pictures it gets at once: those of
  the numbers 0 to 24 go together, and so on, as there.

What cannot be read has no number. It is listed, and stops nothing.
"""

from __future__ import annotations

import bisect
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.io import fileio
from apache_beam.io import filesystem

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.core import messages
from official.cyclegan.data import image_checks
from official.cyclegan.data import image_files
from official.cyclegan.data import pixel_budget
from official.cyclegan.data import preprocessing
from official.cyclegan.evaluation import distribution_distance
from official.cyclegan.evaluation import feature_moments
from official.cyclegan.evaluation import features
from official.cyclegan.pipeline import jobs
from official.cyclegan.pipeline import restyling
from official.cyclegan.serving import image_translator

METRICS = "evaluate_many"  # name space of the counters
MEASURES, UNREADABLE = "measures", "unreadable"  # how files' names begin
INPUT, REFERENCE = "input", "references"
MODEL, NOTHING, PICTURES = "model", "nothing", "pictures"
_BUCKETS = 512  # into which names are sorted

# What is measured: whose pictures, by which features.
_Key = tuple[str, str]
# Some vectors of a subset: whose they are, how many it has of these in all,
# places in the subset, int64 `[count]`, and the vectors, float32 `[count, d]`.
_Rows = tuple[str, int, np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Settings:
  """What is measured, and how; what workers are sent.

  Attributes:
    model: As for `restyling.Settings`; empty if the pictures are translations
      already.
    pattern: Pictures to translate, or translations: folder, glob pattern or
      `.txt` file of addresses.
    references: Real pictures of the other domain, likewise.
    output: Folder or address of the results.
    size: Width and height at which pictures are described, pixels.
    data: How pictures are read and prepared.
    direction: `AtoB` or `BtoA`.
    selection: As for `image_translator.open_model`.
    inception: Whether features of Keras's InceptionV3 count as well.
    inception_weights: As for `features.inception`.
  """

  model: str
  pattern: str
  references: str
  output: str
  size: int
  data: config_lib.DataConfig
  direction: str = command_config.TranslateConfig.direction
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  )
  inception: bool = False
  inception_weights: str = ""

  @property
  def candidates(self) -> tuple[str, ...]:
    """Whose pictures are compared with the real ones."""
    return (MODEL, NOTHING) if self.model else (PICTURES,)

  @property
  def extractors(self) -> tuple[str, ...]:
    """Names of what describes pictures, as in `evaluate`'s measures."""
    wanted = self.inception or self.inception_weights
    return ("random", "inception") if wanted else ("random",)


def read(
  path: str,
  config: config_lib.DataConfig,
  levels: level_range.LevelRange | None = None,
) -> np.ndarray:
  """Reads a picture as a training reads those of a folder.

  Args:
    path: The file.
    config: `background`, `max_pixels`, and what pictures are resized to.
    levels: As for `image_files.read`.

  Returns:
    uint8 `[height, width, 3]`.

  Raises:
    image_files.UnreadableError: If it is no picture.
  """
  info = image_files.inspect(path, config.max_pixels)
  divisor = image_checks.jpeg_divisor(info, config)
  pixels = info.width * info.height // divisor**2
  if info.plain and pixels < pixel_budget.SMALL:
    try:
      contents = tf.io.read_file(path)
      return preprocessing.decode_jpeg(contents, divisor).numpy()
    except tf.errors.OpError:
      pass  # Pillow decides
  return image_files.read(
    path,
    config.background,
    levels=levels,
    max_pixels=config.max_pixels,
    shrink_to=preprocessing.resized_to(config),
  )


def order(path: str) -> list[str]:
  """Returns by what pictures are sorted: folder by folder, as in `folders`."""
  return path.split("/")


class _Check(beam.DoFn):
  """Decodes pictures once, so that only those that can be read are numbered."""

  def __init__(self, config: config_lib.DataConfig):
    super().__init__()
    self._config = config
    self._failed = beam.metrics.Metrics.counter(METRICS, jobs.FAILED)

  def process(self, path: str) -> Iterator[beam.pvalue.TaggedOutput]:
    """Yields a picture as `good`, or as `bad` with the reason."""
    try:
      with restyling.local_copy(path) as copy:
        read(copy, self._config)
      yield beam.pvalue.TaggedOutput("good", path)
    except (errors.UserError, OSError, filesystem.BeamIOError) as error:
      self._failed.inc()
      found = {"source": path, "error": errors.first_line(error)}
      yield beam.pvalue.TaggedOutput("bad", found)


def numbered(paths: beam.PCollection, name: str) -> beam.PCollection:
  """Numbers paths in their order, without bringing all of them together.

  They are divided at some of them, so that parts can be sorted by themselves;
  how well the parts are balanced depends on that choice, the numbers do not.

  Args:
    paths: Different ones.
    name: For the steps' names.

  Returns:
    Pairs of number and path.
  """
  bounds = beam.pvalue.AsSingleton(
    paths
    # By their hashes: at random, and always the same ones.
    | f"{name}: some" >> beam.combiners.Top.Smallest(_BUCKETS, key=_hash)
    | f"{name}: bounds" >> beam.Map(lambda some: sorted(map(order, some)))
  )
  buckets = paths | f"{name}: buckets" >> beam.Map(
    lambda path, given: (bisect.bisect(given, order(path)), path), bounds
  )
  sizes = beam.pvalue.AsDict(
    buckets | f"{name}: sizes" >> beam.combiners.Count.PerKey()
  )
  return (
    buckets
    | f"{name}: by bucket" >> beam.GroupByKey()
    | f"{name}: numbers" >> beam.FlatMap(_number, sizes)
  )


def _hash(path: str) -> bytes:
  return hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()


def _number(
  bucket: tuple[int, Iterable[str]], sizes: Mapping[int, int]
) -> Iterator[tuple[int, str]]:
  """Yields the paths of a bucket with their numbers."""
  first = sum(size for other, size in sizes.items() if other < bucket[0])
  yield from enumerate(sorted(bucket[1], key=order), first)


class Describe(beam.DoFn):
  """Describes pictures of consecutive numbers.

  Gives `moments`, pairs of whose pictures and which features, and the moments
  of these; and `rows`, the features that KID's subsets have: pairs of which
  features and the subset's number, and `_Rows`.
  """

  def __init__(self, settings: Settings, side: str):
    """Keeps what the workers are sent.

    Args:
      settings: What and how.
      side: `INPUT` or `REFERENCE`.
    """
    super().__init__()
    self._settings = settings
    self._side = side
    self._done = beam.metrics.Metrics.counter(METRICS, jobs.DONE)
    self._translator: image_translator.ImageTranslator | None = None
    self._extractors: dict[str, features.Extractor] = {}
    self._drawn: dict[tuple[int, int], list[np.ndarray]] = {}

  def setup(self) -> None:
    """Opens what this worker needs, for this thread alone."""
    how = self._settings
    if how.model and self._side == INPUT:
      with restyling.local_copy(how.model) as path:
        self._translator = image_translator.open_model(
          path, how.direction, how.selection, how.size
        )
    self._extractors = {"random": features.random_features}
    if "inception" in how.extractors:
      self._extractors["inception"] = features.inception(how.inception_weights)

  def process(
    self,
    chunk: tuple[int, Iterable[tuple[int, str]]],
    count_input: int,
    count_reference: int,
  ) -> Iterator[beam.pvalue.TaggedOutput]:
    """Describes some pictures.

    Args:
      chunk: Its number, and each picture with its own.
      count_input: How many pictures there are to be translated, or
        translations.
      count_reference: How many real pictures.

    Yields:
      As above.
    """
    pictures = sorted(chunk[1])
    images = np.stack([self._read(path) for _, path in pictures])
    sets = {name: images for name in self._settings.candidates}
    if self._side == REFERENCE:
      sets = {REFERENCE: images}
    elif self._translator:
      sets[MODEL] = self._translate(images)
    for whose, own in sets.items():
      for name, extract in self._extractors.items():
        vectors = extract(own)
        moments = feature_moments.of(vectors)
        yield beam.pvalue.TaggedOutput("moments", ((whose, name), moments))
        each = len(vectors) // len(own)
        first = pictures[0][0] * each
        counts = count_input * each, count_reference * each
        for subset, numbers in enumerate(self._subsets(counts)):
          inside = (numbers >= first) & (numbers < first + len(vectors))
          (places,) = np.nonzero(inside)
          if len(places):
            rows = whose, len(numbers), places, vectors[numbers[places] - first]
            yield beam.pvalue.TaggedOutput("rows", ((name, subset), rows))
    self._done.inc(len(pictures))

  def _read(self, path: str) -> np.ndarray:
    """Returns a picture as evaluations see it, uint8."""
    how = self._settings
    levels = self._translator.levels if self._translator else None
    with restyling.local_copy(path) as copy:
      image = tf.constant(read(copy, how.data, levels))
    if self._translator:
      image = preprocessing.to_channels(image, self._translator.channels)
    prepared = preprocessing.prepare(image, how.size, how.data)
    return preprocessing.network_to_uint8(prepared.numpy())

  def _translate(self, images: np.ndarray) -> np.ndarray:
    """Translates pictures one by one, as a device would; uint8."""
    assert self._translator
    made = [
      self._translator.translate(image[None].astype(np.float32) / 255.0)
      for image in images
    ]
    return preprocessing.unit_to_uint8(np.concatenate(made))

  def _subsets(self, counts: tuple[int, int]) -> list[np.ndarray]:
    """Returns which vectors of this side each subset has."""
    if counts not in self._drawn:
      side = (INPUT, REFERENCE).index(self._side)
      enough = min(counts) >= 2
      drawn = distribution_distance.draw_subsets(*counts) if enough else ()
      self._drawn[counts] = [numbers[side] for numbers in drawn]
    return self._drawn[counts]


def _subset_distances(
  group: tuple[tuple[str, int], Iterable[_Rows]],
) -> Iterator[tuple[_Key, tuple[int, float]]]:
  """Yields the distances of one subset's vectors, of each candidate.

  Raises:
    RuntimeError: If vectors of the subset are missing.
  """
  (name, subset), rows = group
  parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
  sizes: dict[str, int] = {}
  for whose, size, places, vectors in rows:
    parts.setdefault(whose, []).append((places, vectors))
    sizes[whose] = size
  whole = {}
  for whose, found in parts.items():
    places = np.concatenate([p for p, _ in found])
    if not np.array_equal(np.sort(places), np.arange(sizes[whose])):
      raise RuntimeError(
        f"subset {subset} has {len(places)} of {sizes[whose]} vectors of"
        f" {whose}"
      )
    vectors = np.concatenate([v for _, v in found])
    whole[whose] = vectors[np.argsort(places)]
  reference = whole.pop(REFERENCE)
  for whose, own in whole.items():
    value = distribution_distance.mmd(own, reference)
    yield (whose, name), (subset, value)


def _measures(
  group: tuple[_Key, dict[str, Iterable[Any]]],
  references: Mapping[_Key, feature_moments.Moments],
  count_input: int,
  count_reference: int,
) -> Iterator[dict[str, Any]]:
  """Yields a candidate's distances by one kind of features.

  Raises:
    RuntimeError: If features or a subset are missing.
  """
  (whose, name), found = group
  if whose == REFERENCE:
    return
  (own,) = found["moments"]
  reference = references.get((REFERENCE, name))
  if reference is None or min(own.count, reference.count) < 2:
    return  # a single picture has no spread
  if own.count * count_reference != reference.count * count_input:
    raise RuntimeError(
      f"{own.count} and {reference.count} features of {count_input} and"
      f" {count_reference} pictures were merged"
    )
  values = [value for _, value in sorted(found["kid"])]
  if len(values) != distribution_distance.SUBSETS:
    raise RuntimeError(f"{len(values)} subsets were measured")
  yield {
    "candidate": whose,
    "measures": {
      f"fid_{name}": feature_moments.fid(own, reference),
      f"kid_{name}": float(np.mean(values)),
      f"kid_{name}_std": float(np.std(values)),
    },
  }


def build(pipeline: beam.Pipeline, settings: Settings) -> None:
  """Adds all steps to a pipeline; they write files into the output.

  `MEASURES`: a line of JSON for each candidate and kind of features, and one
  with the `counts` of pictures. `UNREADABLE`: what could not be read, and why.

  Args:
    pipeline: Of any runner.
    settings: What is measured, and how.
  """
  good, bad = {}, []
  for side, pattern in (
    (INPUT, settings.pattern),
    (REFERENCE, settings.references),
  ):
    checked = _find(pipeline, pattern, side) | f"{side}: check" >> beam.ParDo(
      _Check(settings.data)
    ).with_outputs("good", "bad")
    good[side] = checked.good
    bad.append(checked.bad)
  counts = {
    side: beam.pvalue.AsSingleton(
      paths | f"{side}: count" >> beam.combiners.Count.Globally()
    )
    for side, paths in good.items()
  }
  moments, rows = [], []
  for side, paths in good.items():
    described = (
      numbered(paths, side)
      | f"{side}: chunks"
      >> beam.Map(lambda pair: (pair[0] // features.BATCH, pair))
      | f"{side}: by chunk" >> beam.GroupByKey()
      | f"{side}: spread" >> beam.Reshuffle()
      | f"{side}: describe"
      >> beam.ParDo(
        Describe(settings, side), counts[INPUT], counts[REFERENCE]
      ).with_outputs("moments", "rows")
    )
    moments.append(described.moments)
    rows.append(described.rows)
  merged = (
    moments
    | "All moments" >> beam.Flatten()
    | "Merge" >> beam.CombinePerKey(_MergeMoments())
  )
  distances = (
    rows
    | "All rows" >> beam.Flatten()
    | "Subsets" >> beam.GroupByKey()
    | "Kernel distances" >> beam.FlatMap(_subset_distances)
  )
  measures = (
    {"moments": merged, "kid": distances}
    | "Join" >> beam.CoGroupByKey()
    | "Distances"
    >> beam.FlatMap(
      _measures,
      beam.pvalue.AsDict(merged),
      counts[INPUT],
      counts[REFERENCE],
    )
  )
  counted = (
    pipeline
    | "Once" >> beam.Create([None])
    | "Counts"
    >> beam.Map(
      lambda _, a, b: {"counts": {INPUT: a, REFERENCE: b}},
      counts[INPUT],
      counts[REFERENCE],
    )
  )
  for name, found, shards in (
    (MEASURES, (measures, counted), 1),
    (UNREADABLE, tuple(bad), 0),
  ):
    _ = (
      found
      | f"{name}: together" >> beam.Flatten()
      | f"{name}: JSON" >> beam.Map(json.dumps)
      | f"{name}: write"
      >> beam.io.WriteToText(
        f"{settings.output.rstrip('/')}/{name}",
        file_name_suffix=".jsonl",
        num_shards=shards,
        skip_if_empty=True,
      )
    )


class _MergeMoments(beam.CombineFn):
  """Merges the moments of parts."""

  def create_accumulator(self) -> feature_moments.Moments | None:
    """Returns that of no vectors."""
    return None

  def add_input(
    self,
    accumulator: feature_moments.Moments | None,
    element: feature_moments.Moments,
  ) -> feature_moments.Moments:
    """Returns both together."""
    return feature_moments.merge(filter(None, (accumulator, element)))

  def merge_accumulators(
    self, accumulators: Iterable[feature_moments.Moments | None]
  ) -> feature_moments.Moments | None:
    """Returns all together."""
    some = [accumulator for accumulator in accumulators if accumulator]
    return feature_moments.merge(some) if some else None

  def extract_output(
    self, accumulator: feature_moments.Moments | None
  ) -> feature_moments.Moments | None:
    """Returns it as it is."""
    return accumulator


def _find(pipeline: beam.Pipeline, pattern: str, side: str) -> beam.PCollection:
  """Finds pictures, each once."""
  if restyling.is_list(pattern):
    found = (
      pipeline
      | f"{side}: read the list" >> beam.io.ReadFromText(pattern)
      | f"{side}: strip" >> beam.Map(str.strip)
      | f"{side}: leave out empty lines" >> beam.Filter(bool)
    )
  else:
    base = restyling.base_of(pattern)
    found = (
      pipeline
      | f"{side}: find"
      >> fileio.MatchFiles(restyling.everything_below(pattern))
      # A name that is not UTF-8 is spelled otherwise, and listed as unreadable.
      | f"{side}: paths"
      >> beam.Map(lambda match: messages.printable(match.path))
      | f"{side}: pictures only" >> beam.Filter(restyling.is_picture, base)
    )
  return found | f"{side}: each once" >> beam.Distinct()
