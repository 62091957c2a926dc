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
"""Training batches with `tf.data`: caching, shuffling, augmentation, shards."""

from __future__ import annotations

import dataclasses
import functools
import os
import tempfile
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import memory
from official.cyclegan.data import preprocessing
from official.cyclegan.data import read_errors
from official.cyclegan.data import sources

# Batches made ahead of the step, and the bytes that they may take. More would
# only take memory: preparing a batch is hundreds of times faster than a step
# (tools/benchmarks/benchmark_data.py).
_PREFETCH, _PREFETCH_BYTES = 32, 1 << 26
_PIXEL_BYTES = 12  # three float32
# Bytes of encoded pictures that are shuffled before they are decoded.
_SHUFFLE_BYTES = 1 << 26
# Fraction of the free memory that decoded pictures may take.
_CACHE_FRACTION = 0.4
# Pictures from which the size of all is estimated.
_ESTIMATE_IMAGES = 20


@dataclasses.dataclass(frozen=True)
class InputShard:
  """The part of each global batch that one process reads.

  Attributes:
    replicas: Devices that train together, on all machines.
    first: Number of this process's first device.
    count: How many devices this process has.
  """

  replicas: int = 1
  first: int = 0
  count: int = 1


def training_batches(
  source: sources.Source,
  config: config_lib.DataConfig,
  seed: int,
  first_step: int = 0,
  shard: InputShard = InputShard(),
  multiple: int = 4,
) -> tf.data.Dataset:
  """Returns endless unpaired batches for training.

  Each domain is shuffled and repeated on its own, so that with unequal
  domains every image still comes up equally often within its domain. What a
  step gets depends only on the seed and the step's number, whoever reads it
  and wherever decoded pictures are kept.

  Args:
    source: The data set.
    config: How to prepare images, and where to keep them.
    seed: Seed of the order and of the augmentation.
    first_step: Steps that are done already; their images are skipped.
    shard: The devices that this process reads for.
    multiple: What height and width of images that are not cropped must be
      multiples of, pixels.

  Returns:
    Pairs of float32 `[batch_size / replicas, crop_size, crop_size, channels]`
    in [-1, 1], for this process's devices in turn. Images that are not cropped
    have their own sizes.

  Raises:
    errors.UserError: If `cache` is `disk` and there is no room.
  """
  scale = functools.partial(
    preprocessing.scale, config=config, multiple=multiple
  )
  cache = choose_cache(source, config, scale)
  domains = [
    _training_images(
      source, split, config, scale, cache, 2 * seed + i, first_step, shard
    )
    for i, split in enumerate(("trainA", "trainB"))
  ]
  pairs = tf.data.Dataset.zip(tuple(domains))
  batch = config.batch_size // shard.replicas
  pair_bytes = 2 * batch * _PIXEL_BYTES * max(config.load_size, 1) ** 2
  ahead = min(_PREFETCH, max(2, _PREFETCH_BYTES // pair_bytes))
  # Nothing is dropped: the data never ends.
  batches = pairs.batch(batch, drop_remainder=True).prefetch(ahead)
  # The thread that tunes parallelism can miss that the data is not wanted any
  # more (TensorFlow 2.15 wakes it before it notes that), and then keeps the
  # program waiting until its next turn, up to a minute. Without it all of the
  # processor's threads may prepare pictures from the start.
  plain = tf.data.Options()
  plain.autotune.enabled = False
  return batches.with_options(plain)


def choose_cache(
  source: sources.Source,
  config: config_lib.DataConfig,
  scale: Callable[[tf.Tensor], tf.Tensor],
) -> str:
  """Decides where decoded training pictures are kept.

  Args:
    source: The data set.
    config: `cache`.
    scale: What is done to a picture before it is kept.

  Returns:
    `memory`, `disk` or `none`. What `auto` decides is logged.
  """
  if config.cache != "auto":
    return config.cache
  needed, free = _needed_bytes(source, scale), memory.free_memory()
  count = source.counts["trainA"] + source.counts["trainB"]
  what = f"{count:,} decoded pictures take {needed / 1e9:.2f} GB"
  if needed <= _CACHE_FRACTION * free:
    logging.info("%s and are kept in memory (--cache=auto).", what)
    return "memory"
  logging.info(
    "%s, %.1f GB of memory are free: they are read again every epoch."
    " --cache=disk keeps them decoded in --cache_dir.",
    what,
    free / 1e9,
  )
  return "none"


def largest_size(
  source: sources.Source, config: config_lib.DataConfig, multiple: int
) -> tuple[int, int]:
  """Returns the largest height and width, pixels, of the training pictures.

  They are measured as `preprocessing.scale` leaves them, before any crop.

  Args:
    source: The data set.
    config: How pictures are scaled.
    multiple: As for `training_batches`.
  """
  largest = np.zeros(2, np.int32)
  for split in ("trainA", "trainB"):
    sizes = source.images(split).map(
      lambda image: tf.shape(preprocessing.scale(image, config, multiple))[:2]
    )
    for size in sizes.as_numpy_iterator():
      largest = np.maximum(largest, size)
  height, width = largest.tolist()
  return height, width


def first_images(
  source: sources.Source, split: str, size: int, count: int
) -> np.ndarray:
  """Returns the first images of a split, prepared without anything random.

  Args:
    source: The data set.
    split: One of `sources.SPLITS`.
    size: Width and height, pixels.
    count: How many; all of a split that has fewer.

  Returns:
    float32 `[number, size, size, channels]` in [-1, 1], in the split's order.

  Raises:
    errors.UserError: If a file is damaged, or cannot be read any more.
  """
  images = source.images(split).take(count)
  prepared = images.map(lambda image: source.prepare(image, size))
  with read_errors.explained(source):
    found = list(prepared.as_numpy_iterator())
    if not found:  # fewer pictures than the data set says
      raise tf.errors.OutOfRangeError(None, None, f"{split} is empty")
  return np.stack(found)


def _training_images(
  source: sources.Source,
  split: str,
  config: config_lib.DataConfig,
  scale: Callable[[tf.Tensor], tf.Tensor],
  cache: str,
  seed: int,
  first_step: int,
  shard: InputShard,
) -> tf.data.Dataset:
  """Returns the endless stream of one domain's augmented images."""

  def decode(*element: tf.Tensor) -> tf.Tensor:
    return scale(source.decode(*element))

  def augment(index: tf.Tensor, *element: tf.Tensor) -> tf.Tensor:
    if cache == "none":
      image = decode(*element)
    else:
      (image,) = element if disk is None else (disk.read(*element),)
    # The image's number is its seed: no state, so any step can be the first.
    return preprocessing.augment(
      image, tf.stack([tf.cast(seed, tf.int64), index]), config
    )

  disk: _DiskCache | None = None
  images = source.load(split)
  if cache != "none":
    images = images.map(
      decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
  if cache == "memory":
    images = images.cache()
  elif cache == "disk":
    disk = _DiskCache(images, source.counts[split], config.cache_dir)
    images = tf.data.Dataset.range(source.counts[split])
  # All that is random comes after the cache, so that every epoch draws afresh.
  images = images.shuffle(_shuffle_buffer(source, split), seed=seed).repeat()
  images = _numbered(images).skip(first_step * config.batch_size)
  if shard.count < shard.replicas:
    images = images.filter(_is_of(shard, config.batch_size))
  return images.map(
    augment, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
  )


def _shuffle_buffer(source: sources.Source, split: str) -> int:
  """Returns how many elements are shuffled at a time: all, if memory allows.

  It does not depend on the cache, so that the order does not either.
  """
  count = source.counts[split]
  if source.element_bytes * count > _SHUFFLE_BYTES:
    return max(1, _SHUFFLE_BYTES // source.element_bytes)
  return count


def _is_of(shard: InputShard, batch_size: int) -> Callable[..., tf.Tensor]:
  """Returns a filter of numbered elements that keeps those of a shard."""
  each = batch_size // shard.replicas

  def is_of_shard(index: tf.Tensor, *element: tf.Tensor) -> tf.Tensor:
    del element  # the place in the global batch decides
    replica = index % batch_size // each
    return (shard.first <= replica) & (replica < shard.first + shard.count)

  return is_of_shard


def _numbered(images: tf.data.Dataset) -> tf.data.Dataset:
  """Puts each element's number in front of it."""

  def flat(index: tf.Tensor, element: tuple[tf.Tensor, ...]) -> tuple:
    return index, *(element if isinstance(element, tuple) else (element,))

  return images.enumerate().map(flat)


class _DiskCache:
  """Decoded pictures in a file without a name, read in any order."""

  def __init__(self, images: tf.data.Dataset, count: int, folder: str):
    """Decodes and writes all pictures.

    Args:
      images: uint8 `[height, width, channels]`, of any sizes.
      count: How many there are.
      folder: Where to; empty for the system's temporary folder.

    Raises:
      errors.UserError: If the folder is not there or full.
    """
    where = folder or tempfile.gettempdir()
    self._shapes = np.zeros((count, 3), np.int64)
    self._static = images.element_spec.shape
    try:
      # Kept open as long as the data set is used, and then gone.
      self._file = tempfile.TemporaryFile(dir=where)  # noqa: SIM115
      for i, image in enumerate(images.as_numpy_iterator()):
        self._shapes[i] = image.shape
        self._file.write(image.tobytes())
      self._file.flush()
    except OSError as error:
      raise errors.UserError(
        f": decoded pictures cannot be kept in {where} ({error.strerror}). Free"
        " some space, give another --cache_dir, or use --cache=none.",
        "cache",
        "disk",
      ) from error
    ends = np.cumsum(np.prod(self._shapes, axis=1))
    self._starts = np.concatenate([[0], ends])

  def read(self, index: tf.Tensor) -> tf.Tensor:
    """Returns the picture of a number; usable in tf.data."""

    def load(i: np.int64) -> np.ndarray:
      start, end = self._starts[i], self._starts[i + 1]
      data = os.pread(self._file.fileno(), int(end - start), int(start))
      return np.frombuffer(data, np.uint8).reshape(self._shapes[i])

    image = tf.numpy_function(load, [index], tf.uint8, stateful=False)
    return tf.ensure_shape(image, self._static)


def _needed_bytes(
  source: sources.Source, scale: Callable[[tf.Tensor], tf.Tensor]
) -> float:
  """Estimates the size of all decoded training pictures."""
  total = 0.0
  for split in ("trainA", "trainB"):
    first = source.images(split).take(_ESTIMATE_IMAGES).map(scale)
    sizes = [image.nbytes for image in first.as_numpy_iterator()]
    total += source.counts[split] * float(np.mean(sizes))
  return total
