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
"""Audits image folders: counts, sizes, formats, duplicates, broken files."""

from __future__ import annotations

import collections
import dataclasses
import functools
import operator
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import imagehash
import numpy as np
import PIL.Image
import tabulate
import tqdm

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.core import messages
from official.cyclegan.data import folders
from official.cyclegan.data import image_checks
from official.cyclegan.data import image_files
from official.cyclegan.data import sources
from official.cyclegan.scenes import scene_datasets

# Two pictures are near duplicates if at most this many of the 64 bits of their
# perceptual hashes differ, and their thumbnails by at most this much in the
# mean, 8-bit levels.
HASH_DISTANCE = 4
_THUMBNAIL_DISTANCE = 8.0
_THUMBNAIL = 16  # pixels
_HASH_CHUNK = 512  # rows compared at a time
MAX_PAIRS = 1000  # near duplicates after which no more are looked for
# Names of what has near duplicates, and what is in the splits' names.
BETWEEN = {
  "between_A_and_B": ("A", "B"),
  "between_train_and_test": ("train", "test"),
}
# Number of bits set in every 16-bit number.
_ONES = np.array([bin(i).count("1") for i in range(2**16)], np.uint8)
_MAX_LISTED = 20  # of each kind of finding
# Training pictures of a domain; with fewer, discriminators soon know them by
# heart. With 30 augmentation was better, with 100 worse: docs/real-pictures.md.
FEW = 50


@dataclasses.dataclass(frozen=True)
class Fingerprint:
  """By what a picture is compared with others.

  Attributes:
    digest: SHA-256 of the file, hexadecimal.
    bits: Perceptual hash, uint64.
    thumbnail: uint8 `[16, 16, 3]`.
    brightness: Its mean, in [0, 255].
  """

  digest: str
  bits: np.uint64
  thumbnail: np.ndarray
  brightness: float


@dataclasses.dataclass(frozen=True)
class Picture:
  """A readable picture.

  Attributes:
    path: Its file.
    split: Where it belongs, one of `sources.SPLITS`.
    info: What its header says.
    digest: As in its `Fingerprint`.
    bits: As there.
    thumbnail: As there; None where nothing is compared any more.
    brightness: As there.
    levels: Which levels become black and white if it has more than 8 bits.
  """

  path: str
  split: str
  info: image_files.Info
  digest: str
  bits: np.uint64
  thumbnail: np.ndarray | None
  brightness: float
  levels: level_range.LevelRange | None = None

  @property
  def domain(self) -> str:
    """`A` or `B`."""
    return self.split[-1]

  def read(self, background: str, shrink_to: int = 0) -> np.ndarray:
    """Returns the picture as training gets it, uint8 `[height, width, 3]`.

    Args:
      background: As for `image_files.read`.
      shrink_to: As for `image_files.read`.

    Raises:
      image_files.UnreadableError: If the file has been changed meanwhile.
    """
    return image_files.read(
      self.path,
      background,
      levels=self.levels,
      # It has been looked at already.
      max_pixels=self.info.width * self.info.height,
      shrink_to=shrink_to,
    )


class Comparable(Protocol):
  """What can be compared: a `Picture`, or a part of one."""

  @property
  def path(self) -> str:
    """Its file."""

  @property
  def bits(self) -> np.uint64:
    """Its perceptual hash."""

  @property
  def thumbnail(self) -> np.ndarray | None:
    """Its thumbnail."""


@dataclasses.dataclass(frozen=True)
class DatasetAudit:
  """What has been found in the folders of both domains.

  Attributes:
    pictures: The readable pictures.
    broken: For each unreadable file with an image's ending, what is wrong.
    ignored: By domain, the number of files without an image's ending.
    level_ranges: By domain, which levels of pictures with more than 8 bits
      become black and white; None where all 16 bits count.
  """

  pictures: tuple[Picture, ...]
  broken: dict[str, str]
  ignored: dict[str, int]
  level_ranges: dict[str, level_range.LevelRange | None] = dataclasses.field(
    default_factory=dict
  )


def audit(config: config_lib.DataConfig) -> DatasetAudit:
  """Reads every picture of a data set in folders.

  Args:
    config: `dataset`, a folder, or `domain_a` and `domain_b`; `test_fraction`,
      `background`, `range`, `max_pixels` and `on_bad_image`.

  Returns:
    What was found.

  Raises:
    errors.UserError: If there are not two domains, or `on_bad_image` is `fail`
      and files cannot be read; the message names all of them.
  """
  domains = find(config)
  paths = every_path(domains)
  with tqdm.tqdm(total=len(paths), unit="image", desc="check") as bar:
    prints, readable, broken = look(paths, config, bar.update)
  return assemble(domains, prints, readable, broken, config)


def find(config: config_lib.DataConfig) -> dict[str, folders.DomainFiles]:
  """Finds the pictures of a data set in folders, as `folders.find`.

  Args:
    config: As for `audit`.

  Raises:
    errors.UserError: If there are not two domains.
  """
  config_checks.check_background(config.background)
  if not config.domain_a:
    _require_pictures(config.dataset)
  return folders.find(config)


def _require_pictures(dataset: str) -> None:
  """Refuses what is not a folder, or one whose pictures are packed already."""
  if dataset.partition("/")[0] in scene_datasets.BUILDERS:
    problem = (
      "is a built-in data set, which is drawn ready to train. Give a folder of"
      " pictures, or --domain_a and --domain_b."
    )
  elif not os.path.isdir(dataset):
    problem = (
      ": no such folder. Give a folder of pictures, or --domain_a and"
      " --domain_b."
    )
  elif sources.is_prepared(dataset):
    problem = (
      "is packed already: train and the other commands take it as it is. Give"
      " the folder of pictures that it was made of."
    )
  else:
    return
  raise errors.UserError(problem, "dataset", dataset)


def every_path(domains: Mapping[str, folders.DomainFiles]) -> list[str]:
  """Returns the pictures of both domains.

  Args:
    domains: From `find`.
  """
  return [
    path
    for found in domains.values()
    for path in (*found.train, *(found.test or ()))
  ]


def look(
  paths: Sequence[str],
  config: config_lib.DataConfig,
  advance: Callable[[], object] = lambda: None,
) -> tuple[dict[str, Fingerprint], dict[str, image_files.Info], dict[str, str]]:
  """Reads pictures.

  Args:
    paths: Their files.
    config: As for `audit`.
    advance: Called for each file.

  Returns:
    By path the fingerprints and the headers of readable files, and what is
    wrong with the others, in the order of `paths`.
  """
  prints: dict[str, Fingerprint] = {}

  def see(path: str, image: np.ndarray | None) -> None:
    if image is not None:
      prints[path] = _fingerprint(path, image)
    advance()

  readable, broken = image_checks.examine(paths, config, see)
  return prints, readable, broken


def assemble(
  domains: dict[str, folders.DomainFiles],
  prints: Mapping[str, Fingerprint],
  readable: dict[str, image_files.Info],
  broken: dict[str, str],
  config: config_lib.DataConfig,
  keep_thumbnails: bool = True,
) -> DatasetAudit:
  """Divides pictures that were looked at among the splits.

  Args:
    domains: From `find`.
    prints: From `look`.
    readable: From `look`, in the order of `every_path`.
    broken: From `look`, in that order.
    config: As for `audit`.
    keep_thumbnails: Whether pictures have theirs.

  Raises:
    errors.UserError: As `audit`.
  """
  if broken and config.on_bad_image == "fail":
    raise image_checks.refusal(broken, len(broken) + len(readable))
  digests = {path: found.digest for path, found in prints.items()}
  splits = sources.divide(domains, readable, config, digests)
  ranges = image_checks.level_ranges(splits, readable, config)
  pictures = []
  for split in sources.SPLITS:
    for path in splits[split]:
      own = prints[path]
      thumbnail = own.thumbnail if keep_thumbnails else None
      pictures.append(
        Picture(
          path,
          split,
          readable[path],
          own.digest,
          own.bits,
          thumbnail,
          own.brightness,
          ranges[split[-1]],
        )
      )
  return DatasetAudit(
    tuple(pictures),
    broken,
    {domain: len(found.ignored) for domain, found in domains.items()},
    ranges,
  )


def report(
  found: DatasetAudit, near: Mapping[str, list[list[str]]] | None = None
) -> dict[str, Any]:
  """Sums up an audit.

  Args:
    found: From `audit`.
    near: By `BETWEEN`, pairs of near duplicates, where they are known already.

  Returns:
    What `report.json` holds. By domain: the number of pictures in each split,
    sizes in pixels, formats and modes, how many of 256 levels occur, the mean
    level (`brightness`), the levels that become black and white (`levels`;
    None: all of 16 bits), and the number of other files. And,
    each with its number and a few examples: groups of exact duplicates, with
    how many `copies` there are too many, and how many test pictures are
    `in_train_and_test`; pairs of near duplicates between A and B and between
    training and test pictures (no more are looked for once there are
    `MAX_PAIRS`), with how many `pictures` of each side they are; and unreadable
    files.
  """
  equal = collections.defaultdict(list)
  for picture in found.pictures:
    equal[picture.digest].append(picture)
  copied = [group for group in equal.values() if len(group) > 1]
  groups = [[picture.path for picture in group] for group in copied]
  a, b = ([p for p in found.pictures if p.domain == d] for d in folders.DOMAINS)
  if near is None:
    near = {
      name: near_duplicates(
        *([p for p in found.pictures if part in p.split] for part in parts)
      )
      for name, parts in BETWEEN.items()
    }
  return {
    "domains": {
      domain: {
        **_summary(domain, own, found.ignored[domain]),
        "levels": level_range.as_list(found.level_ranges.get(domain)),
      }
      for domain, own in zip(folders.DOMAINS, (a, b))
    },
    "exact_duplicates": {
      **_listed(groups),
      "copies": sum(len(group) - 1 for group in groups),
      "in_train_and_test": sum(map(_tests_that_are_trained_on, copied)),
    },
    "near_duplicates": {
      name: {
        **_listed(pairs),
        "pictures": {
          part: len({pair[i] for pair in pairs})
          for i, part in enumerate(BETWEEN[name])
        },
      }
      for name, pairs in near.items()
    },
    "unreadable": _listed(list(found.broken.values())),
  }


def _tests_that_are_trained_on(group: Sequence[Picture]) -> int:
  """Returns how many of equal pictures are for testing, if others are not."""
  tests = sum(picture.split.startswith("test") for picture in group)
  return tests if tests < len(group) else 0


def _summary(
  domain: str, pictures: Sequence[Picture], ignored: int
) -> dict[str, Any]:
  """Returns one domain's part of the report."""
  kinds = collections.Counter(
    f"{p.info.format} {p.info.mode}" for p in pictures
  )
  return {
    "pictures": {
      split: sum(p.split == split for p in pictures)
      for split in sources.SPLITS
      if split[-1] == domain
    },
    **{
      side: {
        "smallest": min(getattr(p.info, side) for p in pictures),
        "median": statistics.median(getattr(p.info, side) for p in pictures),
        "largest": max(getattr(p.info, side) for p in pictures),
      }
      for side in ("width", "height")
    },
    "kinds": dict(kinds.most_common()),
    "levels_seen": bin(
      functools.reduce(operator.or_, (p.info.seen for p in pictures), 0)
    ).count("1"),
    "brightness": round(float(np.mean([p.brightness for p in pictures])), 1),
    "other_files": ignored,
  }


def near_duplicates(
  first: Sequence[Comparable], second: Sequence[Comparable]
) -> list[list[str]]:
  """Finds pictures of one list that look almost like pictures of another.

  They have nearly the same perceptual hash (the signs of the lowest
  frequencies of a discrete cosine transform) and nearly the same thumbnail:
  resized, recompressed and slightly changed copies.

  Args:
    first: Pictures.
    second: Pictures.

  Returns:
    Pairs of paths, in the order of the first, then of the second list; exact
    copies are among them. At most `MAX_PAIRS`.
  """
  if not first or not second:
    return []
  others = np.array([p.bits for p in second], np.uint64)
  thumbnails = np.stack([_small(p) for p in second])
  pairs = []
  for start in range(0, len(first), _HASH_CHUNK):
    rows = first[start : start + _HASH_CHUNK]
    differ = np.array([p.bits for p in rows], np.uint64)[:, None] ^ others
    # The number of bits set, looked up for each quarter of the 64 bits.
    distance = _ONES[differ.view(np.uint16)].reshape(*differ.shape, 4).sum(-1)
    for i, j in zip(*np.nonzero(distance <= HASH_DISTANCE)):
      off = np.abs(_small(rows[i]) - thumbnails[j]).mean()
      if off <= _THUMBNAIL_DISTANCE:
        pairs.append([rows[i].path, second[j].path])
      if len(pairs) >= MAX_PAIRS:
        return pairs
  return pairs


def table(summary: dict[str, Any]) -> str:
  """Returns a report as Markdown.

  Args:
    summary: From `report`.
  """
  values = [summary["domains"][domain] for domain in folders.DOMAINS]
  rows: list[list[Any]] = [
    [name, *(list(v["pictures"].values())[i] for v in values)]
    for i, name in enumerate(("training pictures", "test pictures"))
  ]
  for side in ("width", "height"):
    rows.append(
      [
        f"{side}, smallest / median / largest",
        *(" / ".join(f"{n:g}" for n in v[side].values()) for v in values),
      ]
    )
  rows.append(
    [
      "kinds",
      *(", ".join(f"{n} {k}" for k, n in v["kinds"].items()) for v in values),
    ]
  )
  rows.append(["levels of 256", *(v["levels_seen"] for v in values)])
  rows.append(
    ["brightness, of 255", *(f"{v['brightness']:.0f}" for v in values)]
  )
  if any(v["levels"] for v in values):
    rows.append(
      [
        "black and white",
        *(" to ".join(f"{n:g}" for n in v["levels"] or ()) for v in values),
      ]
    )
  rows.append(["other files", *(v["other_files"] for v in values)])
  text = tabulate.tabulate(
    rows, ("", *folders.DOMAINS), tablefmt="github", disable_numparse=True
  )
  exact, near = summary["exact_duplicates"], summary["near_duplicates"]
  findings = {
    "exact duplicates": (exact, _exact_words(exact)),
    "near duplicates between A and B": (
      near["between_A_and_B"],
      _near_words(near["between_A_and_B"]),
    ),
    "near duplicates between training and test pictures": (
      near["between_train_and_test"],
      _near_words(near["between_train_and_test"]),
    ),
    "unreadable files": (summary["unreadable"], ""),
  }
  for name, (finding, words) in findings.items():
    text += f"\n\n{name}: {words or finding['count']}"
    for example in finding["examples"]:
      shown = example if isinstance(example, str) else " = ".join(example)
      text += f"\n* {shown}"
  if near["between_A_and_B"]["count"]:
    text += (
      "\n\nPictures in both domains say that nothing should change: take them"
      " out of one."
    )
  if exact["copies"]:
    text += "\n\nCopies count double: keep one of each."
  if exact["in_train_and_test"] or near["between_train_and_test"]["count"]:
    text += (
      "\n\nTest pictures that are trained on make measures come out too good:"
      " remove them from the training pictures, or from the test pictures."
    )
  fewest = min(
    count
    for v in values
    for split, count in v["pictures"].items()
    if split.startswith("train")
  )
  if fewest < FEW:
    text += (
      f"\n\nFew pictures to train on ({fewest:,} in a domain): discriminators"
      " soon know them by heart. Use --augment=diffaugment, and more pictures"
      " if there are any."
    )
  return text + "\n"


def _exact_words(found: Mapping[str, Any]) -> str:
  """Returns how many copies there are, and where, in words."""
  if not found["count"]:
    return "0"
  copies, across = found["copies"], found["in_train_and_test"]
  copied = messages.count(found["count"], "picture")
  tests = messages.count(across, "picture")
  verb = "is" if across == 1 else "are"
  return (
    f"{copies:,} {'copy' if copies == 1 else 'copies'} of {copied}; {tests} for"
    f" testing {verb} among the training pictures too"
  )


def _near_words(found: Mapping[str, Any]) -> str:
  """Returns how many pictures on each side have near duplicates, in words."""
  if not found["count"]:
    return "0"
  sides = " and ".join(
    f"{count} of {part}" for part, count in found["pictures"].items()
  )
  most = "at least " if found["count"] >= MAX_PAIRS else ""
  return f"{most}{messages.count(found['count'], 'pair')}, {sides}"


def _listed(findings: list[Any]) -> dict[str, Any]:
  return {"count": len(findings), "examples": findings[:_MAX_LISTED]}


def _small(picture: Comparable) -> np.ndarray:
  """Returns a picture's thumbnail with a sign."""
  assert picture.thumbnail is not None
  return picture.thumbnail.astype(np.int16)


def _fingerprint(path: str, image: np.ndarray) -> Fingerprint:
  """Returns by what a picture is compared with others."""
  picture = PIL.Image.fromarray(image)
  bits = imagehash.phash(picture).hash.ravel()  # bool [64]
  small = picture.resize((_THUMBNAIL, _THUMBNAIL), PIL.Image.Resampling.BOX)
  thumbnail = np.asarray(small)
  return Fingerprint(
    files.sha256(path),
    np.packbits(bits).view(np.uint64)[0],
    thumbnail,
    float(thumbnail.mean()),
  )
