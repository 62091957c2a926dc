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
"""Folder layouts of unpaired data sets, and splits held out for testing.

The layouts, in the order in which they are looked for, in upper or lower case;
`val`, `valid` or `validation` is the test split where there is no `test`:

* `trainA/ trainB/ testA/ testB/` (the classic data sets),
* `train_A/ train_B/ test_A/ test_B/`, and the same with `-`,
* `train/A/ train/B/ test/A/ test/B/`,
* `A/train/ B/train/ A/test/ B/test/`,
* `A/ B/`.

A domain without a test split has some of its pictures held out for it.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
from collections.abc import Iterator, Sequence

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files

DOMAINS = ("A", "B")
_LAYOUTS = (
  "{split}{domain}",
  "{split}_{domain}",
  "{split}-{domain}",
  "{split}/{domain}",
  "{domain}/{split}",
)
# Endings, in lower case, of files that are taken for pictures and for videos;
# what a file really is, is read from its contents. Of a .gif the first frame is
# a picture; translate makes it a video again if it is given by itself.
IMAGE_SUFFIXES = (
  ".jpg",
  ".jpeg",
  ".jpe",
  ".jfif",
  ".png",
  ".apng",
  ".bmp",
  ".dib",
  ".gif",
  ".webp",
  ".avif",
  ".heic",
  ".heif",
  ".tif",
  ".tiff",
  ".ppm",
  ".pgm",
  ".pbm",
  ".pnm",
)
VIDEO_SUFFIXES = (
  ".mp4",
  ".m4v",
  ".mov",
  ".mkv",
  ".webm",
  ".ts",
  ".mts",
  ".m2ts",
  ".mpg",
  ".mpeg",
  ".avi",
  ".wmv",
  ".flv",
  ".3gp",
  ".ogv",
)
# What marks a folder as one that TFDS can read, written last by `prepare`.
TFDS_MARK = "dataset_info.json"
_TEST_NAMES = ("test", "val", "valid", "validation")
_HASH_BYTES = 8


@dataclasses.dataclass(frozen=True)
class DomainFiles:
  """The image files of one domain, found but not yet opened.

  Attributes:
    folder: Where its training pictures are.
    train: Image files to train on, sorted.
    test: Image files of the test split, sorted; None if there is no such split.
    ignored: Files left aside, because their endings name no image format.
  """

  folder: str
  train: tuple[str, ...]
  test: tuple[str, ...] | None
  ignored: tuple[str, ...] = ()


def find(config: config_lib.DataConfig) -> dict[str, DomainFiles]:
  """Finds both domains' pictures.

  Args:
    config: `dataset`, a folder, or `domain_a` and `domain_b`.

  Returns:
    The files by domain, `A` and `B`; each has training pictures.

  Raises:
    errors.UserError: If a folder is missing or empty, or has none of the
      layouts.
  """
  if config.domain_a:
    given = {"A": config.domain_a, "B": config.domain_b}
    found = {}
    for domain, folder in given.items():
      option = f"domain_{domain.lower()}"
      if not os.path.isdir(folder):
        raise errors.UserError(
          ": no such folder. Check the path.", option, folder
        )
      found[domain] = _list_domain(folder, None, option, None)
    _check_apart(config.domain_a, config.domain_b)
    return found
  return {
    domain: _list_domain(train, test, "dataset", config.dataset)
    for domain, (train, test) in _layout(config.dataset).items()
  }


def walk(folder: str) -> tuple[list[str], list[str]]:
  """Lists a folder with all below it.

  Hidden files and folders (`.DS_Store`, `__MACOSX`) are passed over. Links to
  folders are followed, but no folder is visited twice.

  Args:
    folder: An existing folder.

  Returns:
    Files whose endings name image formats, and all others, both sorted by
    folder. Links that lead nowhere count as images if they are called so: they
    are reported as unreadable later.
  """
  images: list[str] = []
  others: list[str] = []
  for path in _files(folder, set()):
    known = path.lower().endswith(image_files.READABLE)
    (images if known else others).append(path)
  return images, others


def hold_out(
  paths: Sequence[str], fraction: float
) -> tuple[list[str], list[str]]:
  """Divides pictures into those to train on and those to test with.

  The choice depends on the files' contents only (SHA-256), not on their names,
  folders or order: a picture stays on its side when others are added, and
  copies of a picture stay together.

  Args:
    paths: Readable files.
    fraction: Fraction to test with, above 0 and below 1.

  Returns:
    Training and test files in the order of `paths`; both hold something,
    unless all are copies of one picture.
  """
  with concurrent.futures.ThreadPoolExecutor() as pool:
    values = list(pool.map(_hash, paths))
  # Hashes are uniform, so that about this fraction of them is below the limit.
  limit = fraction * 2.0 ** (8 * _HASH_BYTES)
  if not min(values) < limit:
    limit = min(values) + 1
  elif not max(values) >= limit:
    limit = max(values)
  train = [p for p, v in zip(paths, values) if v >= limit]
  test = [p for p, v in zip(paths, values) if v < limit]
  return train, test


def _hash(path: str) -> int:
  """Returns the first 64 bits of a file's SHA-256."""
  return int(files.sha256(path)[: 2 * _HASH_BYTES], 16)


def _files(folder: str, visited: set[str]) -> Iterator[str]:
  """Yields the files below a folder, visiting each real folder once."""
  real = os.path.realpath(folder)
  if real in visited:
    return
  visited.add(real)
  for name in sorted(os.listdir(folder)):
    if name.startswith(".") or name == "__MACOSX":
      continue
    path = os.path.join(folder, name)
    if os.path.isdir(path):
      yield from _files(path, visited)
    else:
      yield path


def _list_domain(
  train: str, test: str | None, option: str, value: str | None
) -> DomainFiles:
  """Lists one domain's folders; the option and its value are for messages."""
  images, ignored = walk(train)
  if not images:
    raise errors.UserError(
      f": {train} is empty. Put images ending in"
      f" {' '.join(image_files.READABLE)} there.",
      option,
      value,
    )
  held = None
  if test is not None:
    found, others = walk(test)
    if not found:
      raise errors.UserError(
        f": {test} is empty. Put images there, or remove it: then some training"
        " pictures are held out for testing.",
        option,
        value,
      )
    held, ignored = tuple(found), ignored + others
  return DomainFiles(train, tuple(images), held, tuple(ignored))


def _layout(folder: str) -> dict[str, tuple[str, str | None]]:
  """Returns each domain's training and test folder."""

  def where(layout: str, split: str, domain: str) -> str | None:
    path: str | None = folder
    for name in layout.format(split=split, domain=domain).lower().split("/"):
      path = path and _child(path, name)
    return path

  for layout in _LAYOUTS:
    trains = {
      domain: path
      for domain in DOMAINS
      if (path := where(layout, "train", domain))
    }
    if len(trains) == len(DOMAINS):
      return {
        domain: (
          train,
          next(
            filter(None, (where(layout, t, domain) for t in _TEST_NAMES)), None
          ),
        )
        for domain, train in trains.items()
      }
    # In the layouts of nested folders `train` or `A` may mean something else.
    if trains and "/" not in layout:
      (lacks,) = set(DOMAINS) - set(trains)
      raise errors.UserError(
        f"has no sub-folder {layout.format(split='train', domain=lacks)}. It"
        " needs pictures of both domains.",
        "dataset",
        folder,
      )
  plain = [_child(folder, domain.lower()) for domain in DOMAINS]
  if all(plain):
    return {d: (path, None) for d, path in zip(DOMAINS, plain) if path}
  names = sorted(
    e.name for e in os.scandir(folder) if e.is_dir() and e.name[0] != "."
  )
  found = f"only {', '.join(names[:6])}" if names else "no folders at all"
  raise errors.UserError(
    "has no sub-folders trainA and trainB, train/A and train/B, train_A and"
    f" train_B, or A and B; it has {found}. Rename them, or give --domain_a and"
    " --domain_b.",
    "dataset",
    folder,
  )


def _child(folder: str, name: str) -> str | None:
  """Returns the sub-folder of a name in any case, or None."""
  for entry in sorted(os.scandir(folder), key=lambda e: e.name):
    if entry.name.lower() == name and entry.is_dir():
      return entry.path
  return None


def _check_apart(domain_a: str, domain_b: str) -> None:
  """Refuses a domain's folder that lies within the other's."""
  real = [os.path.realpath(folder) for folder in (domain_a, domain_b)]
  if os.path.commonpath(real) in real:
    raise errors.UserError(
      f"and --domain_b={domain_b}: one lies within the other, so that both"
      " would hold the same pictures. Give two folders side by side.",
      "domain_a",
      domain_a,
    )
