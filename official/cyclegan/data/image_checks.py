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
"""Decodes image files once: finds broken ones, and the range of deep ones."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import operator
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.data import image_decoders
from official.cyclegan.data import image_files
from official.cyclegan.data import pixel_budget
from official.cyclegan.data import preprocessing

_MAX_NAMED = 20  # of the files that are left out
# A domain with fewer of 256 levels is spoken of: photographs have nearly all,
# and 16-bit measurements whose range was not looked at a handful.
FEW_LEVELS = 32
_COUNTED_SAMPLES = 100_000  # of each picture, about

# By domain, what becomes black and white in its pictures of more than 8 bits.
Ranges = Mapping[str, "level_range.LevelRange | None"]


def check_all(
  paths: Sequence[str], config: config_lib.DataConfig
) -> dict[str, image_files.Info]:
  """Decodes every file once, so that a broken one is found before training.

  Args:
    paths: Image files.
    config: As for `examine`, and `on_bad_image`: what to do about broken files.

  Returns:
    The readable files' headers, in the order of `paths`. With `skip` the files
    left out are logged.

  Raises:
    errors.UserError: With `fail`, if files cannot be read; the message names
      all of them.
  """
  good, broken = examine(paths, config)
  if not broken:
    return good
  if config.on_bad_image == "fail":
    raise refusal(broken, len(paths))
  logging.warning("%d of %d files are left out:", len(broken), len(paths))
  for problem in list(broken.values())[:_MAX_NAMED]:
    logging.warning("  %s", problem)
  if len(broken) > _MAX_NAMED:
    logging.warning("  and %d more.", len(broken) - _MAX_NAMED)
  return good


def refusal(broken: dict[str, str], count: int) -> errors.UserError:
  """Returns the error about files that cannot be read, which names them all.

  Args:
    broken: What is wrong with each of them.
    count: How many files there are with the readable ones.
  """
  return errors.UserError(
    " ".join(broken.values()) + f" {len(broken)} of {count} files are such;"
    " --on_bad_image=skip leaves them out."
  )


def examine(
  paths: Sequence[str],
  config: config_lib.DataConfig,
  see: Callable[[str, np.ndarray | None], None] | None = None,
) -> tuple[dict[str, image_files.Info], dict[str, str]]:
  """Decodes image files, several at a time, as training would.

  Args:
    paths: Image files.
    config: `background`, `range` and `max_pixels`. With the range `auto` each
      deep picture is shown in its own.
    see: Called with each path and its image, uint8 `[height, width, 3]`, or
      None for a broken file; from several threads.

  Returns:
    The readable files' headers, with their levels, and what is wrong with each
    of the others, both in the order of `paths`.
  """

  def look(path: str) -> image_files.Info | str:
    try:
      info = image_files.inspect(path, config.max_pixels)
      with pixel_budget.reserve(info.width * info.height, info.deep):
        info, image = _look(path, info, config)
        if see:
          see(path, image)
      return info
    except image_files.UnreadableError as error:
      if see:
        see(path, None)
      return str(error)

  with concurrent.futures.ThreadPoolExecutor() as pool:
    found = dict(zip(paths, pool.map(look, paths)))
  good = {p: f for p, f in found.items() if isinstance(f, image_files.Info)}
  return good, {p: f for p, f in found.items() if isinstance(f, str)}


def _look(
  path: str, info: image_files.Info, config: config_lib.DataConfig
) -> tuple[image_files.Info, np.ndarray]:
  """Returns a file's header, completed, and its picture.

  Raises:
    image_files.UnreadableError: If there is none.
  """
  image = None
  if info.plain:
    try:
      with open(path, "rb") as file:
        image = preprocessing.decode_jpeg(file.read()).numpy()
    except (tf.errors.OpError, OSError):
      # Pillow decides, and will read it in training as well.
      info = dataclasses.replace(info, plain=False)
  if image is None:
    levels = _given(config)
    if info.deep:
      own = image_files.measure(path, config.max_pixels)
      info = dataclasses.replace(info, levels=own)
      if config.range == level_range.AUTO:
        levels = own or _NOTHING
    image = image_files.read(
      path, config.background, levels=levels, max_pixels=config.max_pixels
    )
  return dataclasses.replace(info, seen=_seen(image)), image


# Shows a picture of a single level, whichever it is, as black.
_NOTHING = level_range.LevelRange(float(2**32), float(2**33))


def _given(config: config_lib.DataConfig) -> level_range.LevelRange | None:
  """Returns the range that the user gave, or None."""
  words = level_range.FULL, level_range.AUTO
  found = level_range.parse(config.range, *words)
  return found if isinstance(found, level_range.LevelRange) else None


def _seen(image: np.ndarray) -> int:
  """Returns the levels that a picture has, as bits of a number."""
  flat = image.reshape(-1)
  counts = np.bincount(
    flat[:: max(1, flat.size // _COUNTED_SAMPLES)], minlength=256
  )
  packed = np.packbits(counts > 0, bitorder="little").tobytes()
  return int.from_bytes(packed, "little")


def level_ranges(
  files: Mapping[str, Sequence[str]],
  readable: Mapping[str, image_files.Info],
  config: config_lib.DataConfig,
) -> dict[str, level_range.LevelRange | None]:
  """Decides which levels of each domain become black and white.

  Says so where a domain has pictures of more than 8 bits, and warns of a domain
  with hardly any levels.

  Args:
    files: The files of `trainA` and `trainB`, and of other splits.
    readable: From `examine`.
    config: `range`.

  Returns:
    By domain, `A` and `B`, the range; None where all 16 bits count.
  """
  ranges: dict[str, level_range.LevelRange | None] = {}
  for domain in ("A", "B"):
    infos = [readable[path] for path in files[f"train{domain}"]]
    deep = [info for info in infos if info.deep]
    own = [info.levels for info in deep if info.levels]
    measured = level_range.LevelRange(
      min((r.low for r in own), default=0.0),
      max((r.high for r in own), default=1.0),
    )
    ranges[domain] = _given(config)
    if config.range == level_range.AUTO and deep:
      ranges[domain] = measured
    if ranges[domain] is not None and deep:
      logging.info(
        "Domain %s: of %d pictures with more than 8 bits the levels %s become"
        " black and white.",
        domain,
        len(deep),
        ranges[domain],
      )
    seen = functools.reduce(operator.or_, (info.seen for info in infos), 0)
    count = bin(seen).count("1")
    if count < FEW_LEVELS:
      remedy = (
        f" The levels of those with more than 8 bits lie between {measured}:"
        " --range=auto shows them in full."
        if own and config.range != level_range.AUTO
        else ""
      )
      logging.warning(
        "Domain %s has hardly any levels: %d of 256.%s", domain, count, remedy
      )
  return ranges


def reader(
  files: Mapping[str, Sequence[str]],
  ranges: Ranges,
  config: config_lib.DataConfig,
) -> Callable[[str], np.ndarray]:
  """Returns what reads a data set's pictures as they are trained with.

  Args:
    files: The files of each split.
    ranges: From `level_ranges`.
    config: `background`, `max_pixels`, and what the pictures are resized to.

  Returns:
    From a path to uint8 `[height, width, 3]`; raises what `image_files.read`
    does.
  """
  levels = {
    path: ranges[split[-1]] for split, paths in files.items() for path in paths
  }
  return lambda path: image_files.read(
    path,
    config.background,
    levels=levels[path],
    max_pixels=config.max_pixels,
    shrink_to=preprocessing.resized_to(config),
  )


def jpeg_divisor(info: image_files.Info, config: config_lib.DataConfig) -> int:
  """Returns at one over which scale a plain JPEG is decoded for training.

  Args:
    info: Its header.
    config: What it is resized to.
  """
  wanted = preprocessing.resized_to(config)
  return image_decoders.reduction(info.width, info.height, wanted)
