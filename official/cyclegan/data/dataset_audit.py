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
"""Looks through people's pictures: what is there, twice there, or broken."""

from __future__ import annotations

import collections
import dataclasses
import os
import statistics
from collections.abc import Sequence
from typing import Any

import imagehash
import numpy as np
import PIL.Image
import tqdm

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.data import sources

# Two pictures are near duplicates if of 64 bits of their perceptual hashes at
# most this many differ, and their thumbnails by so many levels in the mean.
_HASH_DISTANCE = 4
_THUMBNAIL_DISTANCE = 8.0
_THUMBNAIL = 16  # pixels
_HASH_CHUNK = 512  # rows compared at a time
_MAX_PAIRS = 1000  # near duplicates after which no more are looked for
# Number of bits set in every 16-bit number.
_ONES = np.array([bin(i).count("1") for i in range(2**16)], np.uint8)
_MAX_LISTED = 20  # of each kind of finding


@dataclasses.dataclass(frozen=True)
class Picture:
  """A readable picture.

  Attributes:
    path: Its file.
    split: Where it belongs, one of `sources.SPLITS`.
    info: What its header says.
    digest: SHA-256 of the file.
    bits: Perceptual hash, uint64.
    thumbnail: uint8 `[16, 16, 3]`.
  """

  path: str
  split: str
  info: image_files.Info
  digest: str
  bits: np.uint64
  thumbnail: np.ndarray

  @property
  def domain(self) -> str:
    """`A` or `B`."""
    return self.split[-1]


@dataclasses.dataclass(frozen=True)
class Survey:
  """What has been found in the folders of both domains.

  Attributes:
    pictures: The readable pictures.
    broken: For every other file that calls itself a picture, what is wrong.
    ignored: For each domain, how many files are not called pictures.
  """

  pictures: tuple[Picture, ...]
  broken: dict[str, str]
  ignored: dict[str, int]


def survey(config: config_lib.DataConfig) -> Survey:
  """Reads every picture.

  Args:
    config: `dataset`, a folder, or `domain_a` and `domain_b`; `test_fraction`,
      `background` and `on_bad_image`.

  Returns:
    What was found.

  Raises:
    errors.UserError: If there are not two domains, or `on_bad_image` is `fail`
      and files cannot be read; the message names all of them.
  """
  image_files.check_background(config.background)
  if not config.domain_a and not os.path.isdir(config.dataset):
    raise errors.UserError(
      f"--dataset={config.dataset}: no such folder. Give a folder of pictures,"
      " or --domain_a and --domain_b."
    )
  piles = folders.find(config)
  domains = {
    path: domain
    for domain, pile in piles.items()
    for path in (*pile.train, *(pile.test or ()))
  }
  looks: dict[str, tuple[str, np.uint64, np.ndarray]] = {}
  with tqdm.tqdm(total=len(domains), unit="image", desc="check") as bar:

    def see(path: str, image: np.ndarray | None) -> None:
      if image is not None:
        looks[path] = (_digest(path), *_look(image))
      bar.update()

    good, broken = sources.examine(list(domains), config.background, see)
  if broken and config.on_bad_image == "fail":
    raise sources.refusal(broken, len(domains))
  files = sources.divide(piles, good, config)
  return Survey(
    tuple(
      Picture(path, split, good[path], *looks[path])
      for split in sources.SPLITS
      for path in files[split]
    ),
    broken,
    {domain: len(pile.ignored) for domain, pile in piles.items()},
  )


def report(found: Survey) -> dict[str, Any]:
  """Sums up what was found.

  Args:
    found: From `dataset_audit`.

  Returns:
    For each domain counts by split, sizes in pixels, formats, modes and files
    not called pictures; and, with at most 20 examples each, exact duplicates,
    near duplicates between A and B and between training and test pictures (a
    thousand stand for a thousand or more), and unreadable files.
  """
  domains = {}
  for domain in folders.DOMAINS:
    own = [p for p in found.pictures if p.domain == domain]
    kinds = collections.Counter(f"{p.info.format} {p.info.mode}" for p in own)
    domains[domain] = {
      "pictures": {
        split: sum(p.split == split for p in own)
        for split in sources.SPLITS
        if split[-1] == domain
      },
      **{
        side: {
          "smallest": min(getattr(p.info, side) for p in own),
          "median": statistics.median(getattr(p.info, side) for p in own),
          "largest": max(getattr(p.info, side) for p in own),
        }
        for side in ("width", "height")
      },
      "kinds": dict(kinds.most_common()),
      "other_files": found.ignored[domain],
    }
  copies = collections.defaultdict(list)
  for picture in found.pictures:
    copies[picture.digest].append(picture.path)
  groups = [paths for paths in copies.values() if len(paths) > 1]
  pairs = {"between_A_and_B": ("A", "B"), "between_train_and_test": (0, 1)}
  return {
    "domains": domains,
    "exact_duplicates": _listed(groups),
    "near_duplicates": {
      name: _listed(
        near_duplicates(*(_part(found.pictures, part) for part in parts))
      )
      for name, parts in pairs.items()
    },
    "unreadable": _listed(list(found.broken.values())),
  }


def near_duplicates(
  first: Sequence[Picture], second: Sequence[Picture]
) -> list[list[str]]:
  """Finds pictures of one pile that another pile shows almost alike.

  They have nearly the same perceptual hash (the signs of the lowest
  frequencies of a discrete cosine transform) and nearly the same thumbnail:
  resized, recompressed and slightly changed copies.

  Args:
    first: Pictures.
    second: Pictures.

  Returns:
    Pairs of paths, not many more than a thousand; exact copies are among them.
  """
  if not first or not second:
    return []
  others = np.array([p.bits for p in second], np.uint64)
  thumbnails = np.stack([p.thumbnail for p in second]).astype(np.int16)
  pairs = []
  for start in range(0, len(first), _HASH_CHUNK):
    rows = first[start : start + _HASH_CHUNK]
    differ = np.array([p.bits for p in rows], np.uint64)[:, None] ^ others
    distance = _ONES[differ.view(np.uint16)].reshape(*differ.shape, 4).sum(-1)
    for i, j in zip(*np.nonzero(distance <= _HASH_DISTANCE)):
      off = np.abs(rows[i].thumbnail.astype(np.int16) - thumbnails[j]).mean()
      if off <= _THUMBNAIL_DISTANCE:
        pairs.append([rows[i].path, second[j].path])
      if len(pairs) >= _MAX_PAIRS:
        return pairs
  return pairs


def table(summary: dict[str, Any]) -> str:
  """Returns what `report` found as Markdown."""
  rows = [("", *folders.DOMAINS)]
  values = [summary["domains"][domain] for domain in folders.DOMAINS]

  def add(name: str, cells: Sequence[Any]) -> None:
    rows.append((name, *(str(cell) for cell in cells)))

  for i, kind in enumerate(("training pictures", "test pictures")):
    add(kind, [list(v["pictures"].values())[i] for v in values])
  for side in ("width", "height"):
    add(
      f"{side}, smallest / median / largest",
      [" / ".join(f"{n:g}" for n in v[side].values()) for v in values],
    )
  add(
    "kinds",
    [
      ", ".join(f"{n} {kind}" for kind, n in v["kinds"].items()) for v in values
    ],
  )
  add("other files", [v["other_files"] for v in values])
  rows.insert(1, ("---",) * len(rows[0]))
  text = "".join(f"| {' | '.join(row)} |\n" for row in rows)
  findings = (
    ("exact duplicates", summary["exact_duplicates"]),
    (
      "near duplicates between A and B",
      summary["near_duplicates"]["between_A_and_B"],
    ),
    (
      "near duplicates between training and test pictures",
      summary["near_duplicates"]["between_train_and_test"],
    ),
    ("unreadable files", summary["unreadable"]),
  )
  for name, finding in findings:
    text += f"\n{name}: {finding['count']}\n"
    for example in finding["examples"]:
      shown = example if isinstance(example, str) else " = ".join(example)
      text += f"* {shown}\n"
  return text


def _part(pictures: Sequence[Picture], part: str | int) -> list[Picture]:
  """Returns the pictures of a domain, or (0) for training or (1) for tests."""
  if isinstance(part, str):
    return [p for p in pictures if p.domain == part]
  return [p for p in pictures if p.split.startswith("test") == bool(part)]


def _listed(findings: list[Any]) -> dict[str, Any]:
  return {"count": len(findings), "examples": findings[:_MAX_LISTED]}


def _digest(path: str) -> str:
  with open(path, "rb") as file:
    return files.sha256(file)


def _look(image: np.ndarray) -> tuple[np.uint64, np.ndarray]:
  """Returns a picture's perceptual hash and thumbnail."""
  picture = PIL.Image.fromarray(image)
  bits = imagehash.phash(picture).hash.ravel()
  packed = np.packbits(bits).view(np.uint64)[0]
  thumbnail = picture.resize((_THUMBNAIL, _THUMBNAIL), PIL.Image.Resampling.BOX)
  return packed, np.asarray(thumbnail)
