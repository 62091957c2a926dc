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
"""Looks at two piles of pictures before anything is trained on them."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tabulate
import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import messages
from official.cyclegan.core import overwriting
from official.cyclegan.data import dataset
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import sources
from official.cyclegan.evaluation import domain_gap
from official.cyclegan.training import diagnostics
from official.cyclegan.training import diagnostics_callback

REPORT_NAME = "report.json"
TABLE_NAME = "report.md"
_LARGEST = 256  # pixels; larger pictures are looked at in this size
_SECONDS = 80.0  # to read pictures
_SHORT_SECONDS = 4.0
_SHORT_PICTURES = 100  # of each domain
_SHORT_LARGEST = 128  # pixels
# A training's start says nothing about fewer, of which nothing is sure.
_SHORT_FEWEST = 20
# How well a difference must be told that translated pictures are judged by, and
# how many of them.
_JUDGED_FROM = 0.75
_JUDGED_PICTURES = 16
_VERY_FEW = 30  # pictures
_MANY = 600  # with which more are not asked for

_SEEN = {
  domain_gap.COLOUR: "which colours there are, but not where",
  domain_gap.TEXTURE: "fine details, without colours",
  domain_gap.SHAPE: "a grey picture of 16 pixels",
}
_WITHOUT_NORMS = ("--disc_norm=none", "--disc_init=he")
# What each difference asks of a training. These alone bring droplets into the
# pictures, so that a run without them is advised the whole preset.
_OPTIONS: dict[str, tuple[str, ...]] = {
  domain_gap.SIMILAR: (),
  domain_gap.COLOUR: (),
  domain_gap.TEXTURE: _WITHOUT_NORMS,
  domain_gap.SHAPE: (),
}
_TOO_FEW = (
  "There are too few pictures to tell whether the piles differ, and in what."
)
_MEANS = {
  domain_gap.SIMILAR: (
    "The piles look the same to every test: there is nothing for a generator to"
    " change, and it will learn to copy. Are the right folders given?"
  ),
  domain_gap.COLOUR: (
    "Colours are what differs. A small generator learns that soon; compare it"
    " with histogram matching, which evaluate shows beside it and which may be"
    " all that is needed."
  ),
  domain_gap.TEXTURE: (
    "A generator has to change textures: what is small, everywhere, while"
    " things keep their places. The discriminators must see contrast, which"
    " norms take away, or pictures come back as they were."
  ),
  domain_gap.SHAPE: (
    "A generator has to change shapes: outlines and what is inside them differ"
    " even in small grey pictures. That takes the longest, and things that have"
    " to become larger or move are mostly left as they are."
  ),
}


def refuse_overwriting(config: config_lib.DataConfig, output_dir: str) -> None:
  """Refuses to write over, or into, the pictures that are looked at.

  Args:
    config: Where the pictures are.
    output_dir: The folder for the report.

  Raises:
    errors.UserError: If it is, or lies in, one of their folders; carries
      `output_dir`.
  """
  reads = overwriting.of_data(config)
  names = (REPORT_NAME, TABLE_NAME)
  overwriting.check(reads, "output_dir", output_dir, names)


def probe(
  config: config_lib.ResolvedConfig,
  pictures: int,
  source: sources.Source | None = None,
) -> dict[str, Any]:
  """Measures how the training pictures of both domains differ.

  Args:
    config: The resolved configuration: which pictures, `channels`, and their
      size `crop_size`.
    pictures: Pictures of each domain that are looked at, at most; those that
      can be read in a minute.
    source: The configuration's data set, opened already; None opens it here.

  Returns:
    What `report.json` holds: `main`, one of `colour`, `texture`, `shape` and
    `the same`; for each of the former three the `accuracy` of a discriminator
    that sees nothing else, on pictures held out, with `low` and `high`, the
    ends of its 95 % interval; how many `pictures` there are and were looked at;
    how many are `enough` to learn most of the difference, or None, and with
    how many that was `tried` at most; whether there are `too_few` to say
    anything; `options` of train that follow, and `advice` in sentences.

  Raises:
    errors.UserError: If there is no such data set, or a domain has fewer than
      four pictures.
  """
  source = source or sources.open_source(config.data, config.model.channels)
  counts = source.counts["trainA"], source.counts["trainB"]
  if min(counts) < domain_gap.MINIMUM:
    raise errors.UserError(
      f": {counts[0]} and {counts[1]} training pictures are too few to compare."
      f" Give at least {domain_gap.MINIMUM} of each.",
      "domain_a" if config.data.domain_a else "dataset",
      config.data.domain_a or config.data.dataset,
    )
  size = _size(config.data.crop_size, _LARGEST)
  images_a, images_b = (
    _spread_pictures(source, split, size, pictures, _SECONDS / 2)
    for split in ("trainA", "trainB")
  )
  gap = domain_gap.measure(images_a, images_b)
  return _report(gap, counts, config.data.crop_size)


class ShortProbe:
  """Does what `probe` does in some seconds, as a training begins.

  Attributes:
    report: As of `probe`; None if there are fewer than 20 pictures of a domain,
      about which nothing would be sure.
  """

  def __init__(self, config: config_lib.ResolvedConfig, source: sources.Source):
    """Looks at some pictures.

    Args:
      config: The resolved configuration.
      source: Its data set.
    """
    self.report: dict[str, Any] | None = None
    self._why_not = ""
    self._source, self._crop_size = source, config.data.crop_size
    self._size = _size(config.data.crop_size, _SHORT_LARGEST)
    counts = source.counts["trainA"], source.counts["trainB"]
    if min(counts) < _SHORT_FEWEST:
      self._why_not = _too_few(min(counts), config.train.augment)
      return
    try:
      images_a, images_b = (
        _spread_pictures(
          source, split, self._size, _SHORT_PICTURES, _SHORT_SECONDS / 2
        )
        for split in ("trainA", "trainB")
      )
    except tf.errors.OpError as error:  # the training will say it as well
      self._why_not = f"{errors.first_line(error)}."
      return
    if min(len(images_a), len(images_b)) < _SHORT_FEWEST:
      self._why_not = "it would take long to read enough pictures."
      return
    self._images_a, self._images_b = images_a, images_b
    self.report = _report(
      domain_gap.measure(images_a, images_b), counts, self._crop_size, config
    )

  def log(self) -> None:
    """Logs the report in a few lines, or why there is none."""
    report = self.report
    if report is None:
      logging.info("No probe: %s", self._why_not)
      return
    logging.info(
      "Probe of %s and %s pictures, told apart by %s: %s.",
      *report["pictures"]["looked_at"],
      ", ".join(
        f"{kind} alone {report[kind]['accuracy']:.0%}"
        for kind in domain_gap.KINDS
      ),
      _differs(report),
    )
    for sentence in report["advice"]:
      logging.info("%s", sentence)

  def judge(self) -> diagnostics_callback.Judge | None:
    """Returns what tells translated pictures from untranslated ones.

    Each kind of difference that is clear has a discriminator, and that counts
    which takes most images for the other domain's that were not taken for it
    untranslated: a generator that has learned the colours has learned
    something, whatever is still missing.

    Returns:
      None where the main difference is not clear enough to judge by.
    """
    report = self.report
    if report is None or report["main"] == domain_gap.SIMILAR:
      return None
    if report[report["main"]]["accuracy"] < _JUDGED_FROM:
      return None
    shares_of_b = {
      kind: domain_gap.judge(self._images_a, self._images_b, kind)
      for kind in domain_gap.KINDS
      if report[kind]["accuracy"] >= _JUDGED_FROM
    }

    def shares(images: np.ndarray, domain: str) -> dict[str, float]:
      ready = tf.clip_by_value((tf.constant(images) + 1.0) / 2.0, 0.0, 1.0)
      if self._size != self._crop_size:
        ready = tf.image.resize(
          ready, [self._size] * 2, "bicubic", antialias=True
        )
      levels = np.clip(ready.numpy() * 255.0 + 0.5, 0.0, 255.0)
      pictures = levels.astype(np.uint8)
      found = {kind: of_b(pictures) for kind, of_b in shares_of_b.items()}
      if domain == "A":
        found = {kind: 1.0 - of_b for kind, of_b in found.items()}
      return found

    test = {
      name: dataset.first_images(
        self._source, split, self._crop_size, _JUDGED_PICTURES
      )
      for name, split in (("g_AB", "testA"), ("g_BA", "testB"))
    }
    before = {
      name[-1]: shares(images, name[-1]) for name, images in test.items()
    }

    return diagnostics_callback.Judge(
      lambda images, domain: gained(shares(images, domain), before[domain]),
      test,
    )


def gained(found: Mapping[str, float], before: Mapping[str, float]) -> float:
  """Returns how many images have changed sides, by what shows it best.

  Args:
    found: By kind of difference, the share of translated images that is taken
      for the other domain's; in [0, 1].
    before: The same share of what was translated.

  Returns:
    The largest share of those that were not taken for it, 0 at least; 1 if all
    were, so that nothing was to be changed.
  """
  gains = [
    (found[kind] - before[kind]) / (1.0 - before[kind])
    for kind in found
    if before[kind] < 1.0
  ]
  return max(0.0, *gains) if gains else 1.0


def table(report: dict[str, Any]) -> str:
  """Returns a report as Markdown.

  Args:
    report: From `probe`.
  """
  rows = [
    (
      kind,
      _SEEN[kind],
      f"{report[kind]['accuracy']:.0%}",
      f"{report[kind]['low']:.0%} to {report[kind]['high']:.0%}",
    )
    for kind in domain_gap.KINDS
  ]
  shown = tabulate.tabulate(
    rows,
    ("", "what the discriminator sees", "told apart", "95 % interval"),
    tablefmt="pipe",
  )
  looked_at = report["pictures"]["looked_at"]
  lines = [
    f"{looked_at[0]} and {looked_at[1]} pictures, each judged by discriminators"
    " that were not trained on it; 50% is guessing.",
    "",
    shown,
    "",
    f"**{_differs(report)}**",
    "",
    *(f"* {sentence}" for sentence in report["advice"]),
    "",
  ]
  return "\n".join(lines)


def write(report: dict[str, Any], output_dir: str) -> None:
  """Writes `report.json` and `report.md`.

  Args:
    report: From `probe`.
    output_dir: The folder, made where it is missing.

  Raises:
    errors.UserError: If it cannot be written; carries `output_dir`.
  """
  files.make_folder(output_dir, "output_dir")
  folder = pathlib.Path(output_dir)
  files.write_json(folder / REPORT_NAME, report, "output_dir")
  files.write_text(folder / TABLE_NAME, table(report), "output_dir")


def _spread_pictures(
  source: sources.Source, split: str, size: int, count: int, seconds: float
) -> np.ndarray:
  """Returns pictures from all over a split, as many as can be read in time.

  Returns:
    uint8 `[number, size, size, channels]`.
  """
  total = source.counts[split]

  def is_taken(index: tf.Tensor, *element: tf.Tensor) -> tf.Tensor:
    del element  # `count` of `total`, evenly spaced
    return index * count % total < count

  def without_index(index: tf.Tensor, element: Any) -> Any:
    del index
    return element

  images = source.load(split)
  if count < total:
    images = images.enumerate().filter(is_taken).map(without_index)

  def prepare(*element: tf.Tensor) -> tf.Tensor:
    return source.prepare(source.decode(*element), size)

  prepared = images.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
  begun, found = time.monotonic(), []
  for image in prepared.as_numpy_iterator():
    found.append(np.uint8(np.clip((image + 1.0) * 127.5 + 0.5, 0, 255)))
    late = time.monotonic() - begun > seconds
    if late and len(found) >= domain_gap.MINIMUM:
      break
  return np.stack(found)


def _size(crop_size: int, largest: int) -> int:
  """Returns in which size pictures are looked at, pixels."""
  return max(domain_gap.SMALLEST, min(crop_size, largest))


def _differs(report: dict[str, Any]) -> str:
  """Returns what differs, as the end of a sentence."""
  main = report["main"]
  if report["too_few"]:
    return "too few pictures to tell"
  if main == domain_gap.SIMILAR:
    return "they look the same"
  return f"what a generator has to change is {main}"


def _report(
  gap: domain_gap.Gap,
  counts: tuple[int, int],
  crop_size: int,
  config: config_lib.ResolvedConfig | None = None,
) -> dict[str, Any]:
  """Returns the report.

  Args:
    gap: How the pictures differ.
    counts: How many training pictures there are, of A and of B.
    crop_size: Of the training, pixels.
    config: The run that begins, whose options are not advised; None: none does.
  """
  preset = config_file.with_given(
    config_lib.Config(), config_file.read_given(config_file.STANDARD_PRESET)
  )
  wanted = _OPTIONS[gap.main]
  advised = []
  if config is None or not all(
    diagnostics.has_option(config, option) for option in wanted
  ):
    advised.append(f"--experiment={config_file.STANDARD_PRESET}")
    if crop_size != config_checks.resolve(preset).data.crop_size:
      advised.append(f"--crop_size={crop_size}")
  fewest = min(counts)
  says = gap.main != domain_gap.SIMILAR or gap.is_open
  few = "--augment=diffaugment"
  if (
    fewest < dataset_audit.FEW
    and says
    and not diagnostics.has_option(config, few)
  ):
    advised.append(few)
  advice = [_TOO_FEW if gap.is_open else _MEANS[gap.main]]
  if says:
    advice += [*_how_many(gap, fewest)]
    if advised:
      advice.append(f"Options to begin with: {' '.join(advised)}")
  return {
    "main": gap.main,
    **{
      kind: {
        "accuracy": round(accuracy.value, 4),
        "low": round(accuracy.low, 4),
        "high": round(accuracy.high, 4),
      }
      for kind, accuracy in gap.accuracies.items()
    },
    "pictures": {"training": list(counts), "looked_at": list(gap.counts)},
    "enough": gap.enough,
    "tried": gap.tried,
    "too_few": gap.is_open,
    "options": advised,
    "advice": advice,
  }


def _too_few(fewest: int, augment: str) -> str:
  """Returns why so few training pictures of a domain are not looked at."""
  remedy = "Add pictures."
  if augment == "none":
    remedy = "Add pictures, or give --augment=diffaugment."
  return (
    f"{messages.count(fewest, 'picture')} of a domain cannot tell how"
    " it differs. Discriminators soon know so few by heart, whatever else is"
    f" done. {remedy}"
  )


def _how_many(gap: domain_gap.Gap, fewest: int) -> list[str]:
  """Returns what the number of pictures means."""
  if fewest < _VERY_FEW:
    return [
      f"{fewest} pictures are very few: their discriminator soon knows them by"
      " heart, whatever else is done. Add pictures, or stop early and look."
    ]
  if gap.enough is not None:
    return [
      f"With fewer than {gap.enough} pictures of each pile most of this"
      " difference cannot be learned; more than that make results more even."
    ]
  if gap.tried and fewest < _MANY:
    return [
      f"It takes more than {gap.tried} pictures of each pile to learn most of"
      " this difference; with more it was not tried. More will make the result"
      " better."
    ]
  return []
