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

import collections
import concurrent.futures
import dataclasses
import functools
import glob
import math
import os
from collections.abc import Iterator, Mapping, Sequence

from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import messages
from official.cyclegan.core import regular_files

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
  ".hif",
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
# Different pictures from which on a split follows the hashes alone.
_MANY = 100


# Kinds of files left out that are named one by one.
_NAMED_KINDS = 8
_NO_ENDING, _HIDDEN = "without an ending", "hidden"
_HIDDEN_FOLDERS = ("__MACOSX",)


@dataclasses.dataclass(frozen=True)
class DomainFiles:
  """The image files of one domain, found but not yet opened.

  Attributes:
    folder: Where its training pictures are.
    train: Image files to train on, sorted.
    test: Image files of the test split, sorted; None if there is no such split.
    ignored: Files left aside: hidden ones, and those whose endings name no
      image format.
  """

  folder: str
  train: tuple[str, ...]
  test: tuple[str, ...] | None
  ignored: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Contents:
  """All files of a folder and below it, each list sorted by folder.

  Attributes:
    folder: The folder.
    images: Files whose endings are in `IMAGE_SUFFIXES`. Links that lead
      nowhere are among them: they are reported as unreadable later.
    videos: Files whose endings are in `VIDEO_SUFFIXES`.
    others: All others that are not hidden.
    hidden: Files whose name, or that of a folder on the way to them, begins
      with a dot, and all in `__MACOSX`.
  """

  folder: str
  images: tuple[str, ...]
  videos: tuple[str, ...]
  others: tuple[str, ...]
  hidden: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Inputs:
  """The files that a path or a pattern stands for.

  Attributes:
    base: The folder that they all lie in; results keep their places below it.
    images: Pictures, at least one of these or of `videos`.
    videos: Videos.
    left_out: Files that were found and are neither.
    single: Whether one file was named.
    whole: Whether all of `base` was looked through.
  """

  base: str
  images: tuple[str, ...]
  videos: tuple[str, ...]
  left_out: tuple[str, ...] = ()
  single: bool = False
  whole: bool = False


def require_there(config: config_lib.DataConfig) -> None:
  """Refuses pictures that are not there, where that is seen at once.

  Commands ask before they load TensorFlow, which takes longer than the user
  should wait for it.

  Args:
    config: `dataset` or `domain_a` and `domain_b`. A data set's name, such as
      `cycle_gan/horse2zebra`, is not looked up.

  Raises:
    errors.UserError: If a folder is missing.
  """
  if config.domain_a:
    for option in ("domain_a", "domain_b"):
      folder = getattr(config, option)
      if not os.path.isdir(folder):
        raise errors.UserError(
          ": no such folder. Check the path.", option, folder
        )
    return
  is_path = os.path.isabs(config.dataset) or config.dataset.startswith(".")
  unfinished = os.path.isdir(f"{config.dataset}.partial")  # told of later
  if is_path and not os.path.exists(config.dataset) and not unfinished:
    raise errors.UserError(
      ": no such folder. Give a folder of pictures, or the name of a data set.",
      "dataset",
      config.dataset,
    )


def training_folders(config: config_lib.DataConfig) -> tuple[str, ...]:
  """Returns where the training pictures of A and of B lie.

  Args:
    config: `dataset`, or `domain_a` and `domain_b`.

  Returns:
    Two folders; fewer if one is missing or no folders hold the pictures.

  Raises:
    errors.UserError: If a folder cannot be read.
  """
  if config.domain_a:
    return tuple(filter(os.path.isdir, (config.domain_a, config.domain_b)))
  if not os.path.isdir(config.dataset):
    return ()
  layout = _matching_layout(config.dataset) or {}
  return tuple(train for train, _ in layout.values())


def find(config: config_lib.DataConfig) -> dict[str, DomainFiles]:
  """Finds both domains' pictures; logs what else is there.

  Args:
    config: `dataset`, a folder, or `domain_a` and `domain_b`.

  Returns:
    The files by domain, `A` and `B`; each has training pictures.

  Raises:
    errors.UserError: If a folder is missing or empty, or has none of the
      layouts.
  """
  if config.domain_a:
    require_there(config)
    given = {"A": config.domain_a, "B": config.domain_b}
    found = {}
    for domain, folder in given.items():
      option = f"domain_{domain.lower()}"
      found[domain] = _list_domain(folder, None, option, None)
    _check_apart(config.domain_a, config.domain_b)
    return found
  layout = _layout(config.dataset)
  domains = {
    domain: _list_domain(train, test, "dataset", config.dataset)
    for domain, (train, test) in layout.items()
  }
  outside = _outside(scan(config.dataset), layout)
  if outside:
    logging.info(
      "%s: beside the domains %s.",
      config.dataset,
      left_out(config.dataset, outside),
    )
  return domains


def scan(folder: str) -> Contents:
  """Lists a folder with all below it: what counts as a picture everywhere.

  Links to folders are followed, but no folder is visited twice.

  Args:
    folder: An existing folder.

  Raises:
    errors.UserError: If a folder cannot be read.
  """
  kinds: dict[str, list[str]] = {
    kind: [] for kind in ("images", "videos", "others", "hidden")
  }
  for path, hidden in _files(folder, set()):
    kinds["hidden" if hidden else _kind(path)].append(path)
  return Contents(folder, **{kind: tuple(p) for kind, p in kinds.items()})


def walk(folder: str) -> tuple[list[str], list[str]]:
  """Lists a folder with all below it, as `scan` does.

  Args:
    folder: An existing folder.

  Returns:
    Pictures, and all other files that are not hidden.

  Raises:
    errors.UserError: As `scan`.
  """
  found = scan(folder)
  return list(found.images), sorted([*found.videos, *found.others])


def find_inputs(where: str, option: str) -> Inputs:
  """Finds the files that a file's name, a pattern or a folder stands for.

  Args:
    where: A file, whatever its ending; a folder, which is looked through as
      `scan` does; or a glob pattern, in which `**` stands for any folders. A
      pattern stands for the files that match it or, if only folders do, for
      these. Brackets in names of things that exist are no pattern.
    option: Name of the option that holds `where`, for messages.

  Raises:
    errors.UserError: If nothing is there, or neither a picture nor a video.
  """
  if os.path.isdir(where):
    found = scan(where)
    inputs = Inputs(
      where,
      found.images,
      found.videos,
      (*found.others, *found.hidden),
      whole=True,
    )
  elif os.path.lexists(where):
    regular_files.check(where, option)
    base = os.path.dirname(where)
    if _kind(where) == "videos":
      return Inputs(base, (), (where,), single=True)
    return Inputs(base, (where,), (), single=True)
  else:
    inputs = _find_pattern(where, option)
  if not (inputs.images or inputs.videos):
    also = f" ({left_out(inputs.base, inputs.left_out)})"
    raise errors.UserError(
      f": holds no pictures{also if inputs.left_out else ''}. Put files ending"
      f" in {' '.join(IMAGE_SUFFIXES)} there.",
      option,
      where,
    )
  return inputs


def left_out(folder: str, paths: Sequence[str]) -> str:
  """Says how many files of which kinds are not used.

  Args:
    folder: The folder that was looked through.
    paths: The files.

  Returns:
    Such as `3 files left out: 2 .mov, 1 .txt`; the numbers add up.
  """
  kinds = collections.Counter(_shown_kind(folder, path) for path in paths)
  named = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
  parts = [f"{count:,} {kind}" for kind, count in named[:_NAMED_KINDS]]
  others = sum(count for _, count in named[_NAMED_KINDS:])
  if others:
    parts.append(f"{others:,} of other kinds")
  return f"{messages.count(len(paths), 'file')} left out: {', '.join(parts)}"


def is_data_set(folder: str) -> bool:
  """Says whether a folder is laid out as a data set and holds nothing else.

  Args:
    folder: An existing folder.

  Returns:
    Whether it has one of the layouts, and no picture outside of its domains.

  Raises:
    errors.UserError: If a folder cannot be read.
  """
  layout = _matching_layout(folder)
  if not layout:
    return False
  found = scan(folder)
  outside = set(_outside(found, layout))
  return not outside & {*found.images, *found.videos}


def hold_out(
  paths: Sequence[str],
  fraction: float,
  digests: Mapping[str, str] | None = None,
) -> tuple[list[str], list[str]]:
  """Divides pictures into those to train on and those to test with.

  The choice depends on the files' contents only (SHA-256), not on their names,
  folders or order, and copies of a picture stay together. Among 100 different
  pictures or more, one that is held out stays so when others are added; their
  number is then near the fraction, by chance somewhat above or below.

  Args:
    paths: Readable files.
    fraction: Fraction to test with, above 0 and below 1.
    digests: The files' SHA-256, hexadecimal, where they are known already.

  Returns:
    Training and test files in the order of `paths`; both hold something,
    unless all are copies of one picture. Below 100 different pictures there
    are never more test files than the fraction of them, rounded up (from 100
    on five standard deviations more), unless one picture has more copies than
    that and so have all others.
  """
  if digests is None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
      digests = dict(zip(paths, pool.map(files.sha256, paths)))
  values = [int(digests[path][: 2 * _HASH_BYTES], 16) for path in paths]
  copies = collections.Counter(values)
  # Hashes are uniform, so that about this fraction of them is below the limit.
  # Of a few all may be, so that their number is limited as well. Where there
  # are many, only copies come near a limit far above the expected number.
  limit = fraction * 2.0 ** (8 * _HASH_BYTES)
  most = fraction * len(copies)
  if len(copies) >= _MANY:
    most += 5 * math.sqrt(most * (1 - fraction))
  most = math.ceil(most)
  held: set[int] = set()
  files_held = 0
  for value in sorted(copies):
    within = value < limit and files_held + copies[value] <= most
    if within and len(held) + 1 < len(copies):
      held.add(value)
      files_held += copies[value]
  if not held:  # one is held out in any case, if possible without copies
    held.add(min(copies, key=lambda value: (copies[value], value)))
  train = [p for p, v in zip(paths, values) if v not in held]
  test = [p for p, v in zip(paths, values) if v in held]
  return train, test


def _kind(path: str) -> str:
  """Returns which of `Contents`' lists a file that is not hidden belongs to."""
  # A pipe called x.jpg would keep its reader waiting.
  if os.path.exists(path) and not os.path.isfile(path):
    return "others"
  name = path.lower()
  if name.endswith(IMAGE_SUFFIXES):
    return "images"
  return "videos" if name.endswith(VIDEO_SUFFIXES) else "others"


def _is_hidden(name: str) -> bool:
  """Says whether files and folders of a name are passed over."""
  return name.startswith(".") or name in _HIDDEN_FOLDERS


def lies_hidden(folder: str, path: str) -> bool:
  """Says whether a file, or a folder on the way to it, is passed over.

  Args:
    folder: Where it was looked for; empty: the current one.
    path: The file.
  """
  names = os.path.relpath(path, folder or os.curdir).split(os.sep)
  return any(_is_hidden(name) for name in names if name != os.pardir)


def _shown_kind(folder: str, path: str) -> str:
  """Returns how a file that is left out is called."""
  if lies_hidden(folder, path):
    return _HIDDEN
  return os.path.splitext(path)[1].lower() or _NO_ENDING


def _files(
  folder: str, visited: set[str], hidden: bool = False
) -> Iterator[tuple[str, bool]]:
  """Yields the files below a folder, visiting each real folder once.

  Yields:
    Each path, and whether it is hidden.
  """
  real = os.path.realpath(folder)
  if real in visited:
    return
  visited.add(real)
  try:
    names = sorted(os.listdir(folder))
  except OSError as error:
    raise errors.UserError(
      f"{folder} cannot be read ({error.strerror}). Make it readable, or remove"
      " it."
    ) from error
  # Hidden folders last: what a link in them leads to may be wanted.
  for name in sorted(names, key=_is_hidden):
    path = os.path.join(folder, name)
    passed_over = hidden or _is_hidden(name)
    if os.path.isdir(path):
      yield from _files(path, visited, passed_over)
    else:
      yield path, passed_over


def _outside(
  found: Contents, layout: Mapping[str, tuple[str, str | None]]
) -> list[str]:
  """Returns the files of a data set's folder that are in no domain."""
  real = functools.cache(os.path.realpath)
  inside = tuple(
    real(path) + os.sep for pair in layout.values() for path in pair if path
  )
  every = (*found.images, *found.videos, *found.others, *found.hidden)
  return [
    path
    for path in every
    if not (real(os.path.dirname(path)) + os.sep).startswith(inside)
  ]


def _find_pattern(where: str, option: str) -> Inputs:
  """Returns the files that a pattern stands for."""
  base, pattern = _split_pattern(where)
  matched: list[str] = []
  if glob.has_magic(pattern):
    # Names that hold brackets are meant if the pattern matches nothing.
    for tried in (pattern, pattern.replace("[", "[[]")):
      matched = matched or glob.glob(
        os.path.join(glob.escape(base), tried), recursive=True
      )
  if not matched:
    raise errors.UserError(
      ": no such file, folder or pattern. Check the path.", option, where
    )
  found = [path for path in matched if not os.path.isdir(path)]
  listed = [(path, lies_hidden(base, path)) for path in found]
  visited: set[str] = set()
  if not found:
    for folder in sorted(matched):
      listed += _files(folder, visited)
  kinds: dict[str, list[str]] = collections.defaultdict(list)
  seen: set[str] = set()
  # Through a link a folder can be met twice: once, by the shorter way.
  for path, hidden in sorted(listed, key=lambda item: (len(item[0]), item[0])):
    real = os.path.join(
      os.path.realpath(os.path.dirname(path)), os.path.basename(path)
    )
    if real not in seen:
      seen.add(real)
      kinds["hidden" if hidden else _kind(path)].append(path)
  return Inputs(
    base,
    tuple(sorted(kinds["images"])),
    tuple(sorted(kinds["videos"])),
    (*kinds["others"], *kinds["hidden"]),
    whole="**" in pattern or not found,
  )


def _split_pattern(where: str) -> tuple[str, str]:
  """Divides a pattern into the folder that exists and the rest."""
  base, rest = "", where
  while os.sep in rest:
    name, rest_after = rest.split(os.sep, 1)
    longer = base + name + os.sep
    if not os.path.isdir(longer):
      break
    base, rest = longer, rest_after
  return base, rest


def _list_domain(
  train: str, test: str | None, option: str, value: str | None
) -> DomainFiles:
  """Lists one domain's folders; the option and its value are for messages."""
  images, ignored = _list_split(train)
  if not images:
    raise errors.UserError(
      f": {train} {_without_images(train, ignored)}. Put images ending in"
      f" {' '.join(IMAGE_SUFFIXES)} there.",
      option,
      value,
    )
  held = None
  if test is not None:
    held, others = _list_split(test)
    if not held:
      raise errors.UserError(
        f": {test} {_without_images(test, others)}. Put images there, or remove"
        " it: then some training pictures are held out for testing.",
        option,
        value,
      )
    ignored += others
  return DomainFiles(train, images, held, ignored)


def _list_split(folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
  """Returns a folder's pictures and its other files, and logs the latter."""
  found = scan(folder)
  others = (*found.videos, *found.others, *found.hidden)
  if others:
    logging.info(
      "%s: %s, and %s.",
      folder,
      messages.count(len(found.images), "picture"),
      left_out(folder, others),
    )
  return found.images, others


def _without_images(folder: str, others: Sequence[str]) -> str:
  """Says what a folder without pictures is."""
  if not others:
    return "is empty"
  return f"holds no pictures ({left_out(folder, others)})"


def _matching_layout(
  folder: str,
) -> dict[str, tuple[str, str | None]] | None:
  """Returns each domain's training and test folder, None without a layout."""
  for layout in _LAYOUTS:
    trains = {
      domain: path
      for domain in DOMAINS
      if (path := _place(folder, layout, "train", domain))
    }
    if len(trains) == len(DOMAINS):
      return {
        domain: (train, _test_place(folder, layout, domain))
        for domain, train in trains.items()
      }
  plain = [_child(folder, domain.lower()) for domain in DOMAINS]
  if all(plain):
    return {d: (path, None) for d, path in zip(DOMAINS, plain) if path}
  return None


def _place(folder: str, layout: str, split: str, domain: str) -> str | None:
  """Returns the sub-folder that a layout means, or None."""
  path: str | None = folder
  for name in layout.format(split=split, domain=domain).lower().split("/"):
    path = path and _child(path, name)
  return path


def _test_place(folder: str, layout: str, domain: str) -> str | None:
  """Returns the folder of a domain's test split, or None."""
  places = (_place(folder, layout, test, domain) for test in _TEST_NAMES)
  return next(filter(None, places), None)


def _layout(folder: str) -> dict[str, tuple[str, str | None]]:
  """Returns each domain's training and test folder."""
  found = _matching_layout(folder)
  if found:
    return found
  for layout in _LAYOUTS:
    # In the layouts of nested folders `train` or `A` may mean something else.
    lacking = [d for d in DOMAINS if not _place(folder, layout, "train", d)]
    if len(lacking) == 1 and "/" not in layout:
      lacks = layout.format(split="train", domain=lacking[0])
      raise errors.UserError(
        f"has no sub-folder {lacks}. It needs pictures of both domains.",
        "dataset",
        folder,
      )
  names = sorted(
    e.name for e in os.scandir(folder) if e.is_dir() and e.name[0] != "."
  )
  only = f"only {', '.join(names[:6])}" if names else "no folders at all"
  remedy = (
    "Rename them"
    if names
    else "Put the pictures of each domain into a folder of its own"
  )
  raise errors.UserError(
    "has no sub-folders trainA and trainB, train/A and train/B, train_A and"
    f" train_B, or A and B; it has {only}. {remedy}, or give --domain_a and"
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
