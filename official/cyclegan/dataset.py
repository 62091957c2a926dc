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
"""From a data set's name to batches of images of both domains."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import difflib
import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from official.cyclegan import config as config_lib
from official.cyclegan import image_files
from official.cyclegan import preprocessing
from official.cyclegan import scene_datasets

_MAX_NAMED = 5  # broken files that a message names
SPLITS = ("trainA", "trainB", "testA", "testB")
# Images that the shuffle chooses among. It holds references to what the cache
# keeps anyway.
_MAX_SHUFFLE = 20_000


@dataclasses.dataclass(frozen=True)
class Source:
  """A data set that has been found and checked.

  Attributes:
    name: What the user called it.
    counts: Number of images in each of `SPLITS`.
    load: Returns a split as a `tf.data.Dataset` of uint8
      `[height, width, 3]`, in an order that is always the same.
    files: All files that hold the images.
    paired: Whether the test splits show the same scenes in the same order, so
      that the true translation is known.
  """

  name: str
  counts: dict[str, int]
  load: Callable[[str], tf.data.Dataset]
  files: tuple[str, ...] = ()
  paired: bool = False


def open_source(config: config_lib.DataConfig) -> Source:
  """Finds a data set, drawing, downloading and checking it where needed.

  Args:
    config: `dataset`, `data_dir`, and `load_size` to pick a built-in set's
      size.

  Returns:
    The data set; every split holds at least one image.

  Raises:
    config.UserError: If there is no such data set, a split is missing or
      empty, or a file is broken.
  """
  if os.path.isdir(config.dataset):
    return _open_folder(config.dataset)
  return _open_tfds(config)


@dataclasses.dataclass(frozen=True)
class Share:
  """The part of each global batch that one process reads.

  Attributes:
    replicas: Devices that train together, on all machines.
    first: Number of this process's first device.
    count: How many devices this process has.
  """

  replicas: int = 1
  first: int = 0
  count: int = 1


def decode(contents: tf.Tensor) -> tf.Tensor:
  """Decodes a JPEG, PNG, BMP or GIF (first frame); usable in tf.data.

  Args:
    contents: String scalar, the file's bytes.

  Returns:
    uint8 `[height, width, 3]`; grey images are repeated to three channels and
    an alpha channel is dropped.
  """
  image = tf.io.decode_image(contents, channels=3, expand_animations=False)
  return tf.ensure_shape(image, [None, None, 3])


def check_all(paths: Sequence[str]) -> None:
  """Decodes every file once, so that a broken one is found before training.

  Args:
    paths: Image files.

  Raises:
    config.UserError: If files cannot be read; the message names them.
  """

  def problem(path: str) -> str | None:
    try:
      decode(tf.io.read_file(path))
    except (tf.errors.OpError, ValueError) as error:
      return image_files.unreadable(path, error)
    return None

  with concurrent.futures.ThreadPoolExecutor() as pool:
    broken = [p for p in pool.map(problem, paths) if p]
  if broken:
    more = len(broken) - _MAX_NAMED
    raise config_lib.UserError(
      " ".join(broken[:_MAX_NAMED])
      + (f" (and {more} more broken files)" if more > 0 else "")
    )


def training_batches(
  source: Source,
  config: config_lib.DataConfig,
  seed: int,
  first_step: int = 0,
  share: Share = Share(),
) -> tf.data.Dataset:
  """Returns endless unpaired batches for training.

  Each domain is shuffled and repeated on its own, so that with unequal
  domains every image still comes up equally often within its domain. What a
  step gets depends only on the seed and the step's number, whoever reads it.

  Args:
    source: The data set.
    config: How to prepare images.
    seed: Seed of the order and of the augmentation.
    first_step: Steps that are done already; their images are skipped.
    share: The devices that this process reads for.

  Returns:
    Pairs of float32 `[batch_size / replicas, crop_size, crop_size, 3]` in
    [-1, 1], for this process's devices in turn.
  """
  domains = [
    _training_images(source, split, config, 2 * seed + i, first_step, share)
    for i, split in enumerate(("trainA", "trainB"))
  ]
  pairs = tf.data.Dataset.zip(tuple(domains))
  # Nothing is dropped: the data never ends.
  return pairs.batch(
    config.batch_size // share.replicas, drop_remainder=True
  ).prefetch(tf.data.AUTOTUNE)


def test_images(source: Source, split: str, size: int) -> tf.data.Dataset:
  """Returns a split's images for evaluation, one by one, in a fixed order.

  Args:
    source: The data set.
    split: `testA` or `testB`.
    size: Width and height, pixels.

  Returns:
    float32 `[size, size, 3]` in [-1, 1].
  """
  return source.load(split).map(
    lambda image: preprocessing.prepare(image, size)
  )


def first_images(
  source: Source, split: str, size: int, count: int
) -> np.ndarray:
  """Returns the first images of a split.

  Args:
    source: The data set.
    split: `testA` or `testB`.
    size: Width and height, pixels.
    count: How many; fewer if the split is smaller.

  Returns:
    float32 `[count, size, size, 3]` in [-1, 1].
  """
  images = test_images(source, split, size).take(count)
  return np.stack(list(images.as_numpy_iterator()))


def builder_name(config: config_lib.DataConfig) -> str:
  """Returns a data set's full TFDS name.

  A built-in set named without its size gets the smallest drawn size that is
  not below `load_size`.
  """
  if config.dataset in scene_datasets.BUILDERS:
    sizes = [s for s in scene_datasets.SIZES if s >= config.load_size]
    size = min(sizes, default=max(scene_datasets.SIZES))
    return f"{config.dataset}/{size}"
  return config.dataset


def tfds_builder(config: config_lib.DataConfig) -> tfds.core.DatasetBuilder:
  """Returns the TFDS builder that `config.dataset` names.

  Args:
    config: `dataset`, `data_dir`, and `load_size` to pick a built-in set's
      size.

  Returns:
    The builder, not necessarily prepared.

  Raises:
    config.UserError: If TFDS knows no such data set.
  """
  name = builder_name(config)
  data_dir = os.path.expanduser(config.data_dir) or None
  base, _, variant = name.partition("/")
  try:
    if base in scene_datasets.BUILDERS:
      return scene_datasets.BUILDERS[base](
        config=variant or None, data_dir=data_dir
      )
    return tfds.builder(name, data_dir=data_dir)
  except (tfds.core.DatasetNotFoundError, ValueError) as error:
    names = [*scene_datasets.BUILDERS, "cycle_gan/horse2zebra"]
    close = difflib.get_close_matches(base, names, 1) or names[:1]
    raise config_lib.UserError(
      f"--dataset={config.dataset} is neither a folder nor a data set that"
      f" TFDS knows ({config_lib.first_line(error)}). Did you mean {close[0]}?"
    ) from error


def _training_images(
  source: Source,
  split: str,
  config: config_lib.DataConfig,
  seed: int,
  first_step: int,
  share: Share,
) -> tf.data.Dataset:
  """Returns the endless stream of one domain's augmented images."""

  def augment(index: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
    return preprocessing.augment(
      image, tf.stack([tf.cast(seed, tf.int64), index]), config
    )

  def is_ours(index: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
    del image  # the place in the global batch decides
    each = config.batch_size // share.replicas
    replica = index % config.batch_size // each
    return (share.first <= replica) & (replica < share.first + share.count)

  buffer = min(source.counts[split], _MAX_SHUFFLE)
  # Cached before anything random, so that every epoch draws afresh.
  images = source.load(split).cache().shuffle(buffer, seed=seed).repeat()
  images = images.enumerate().skip(first_step * config.batch_size)
  if share.count < share.replicas:
    images = images.filter(is_ours)
  return images.map(
    augment, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
  )


def _open_folder(folder: str) -> Source:
  """Opens a folder with one sub-folder for each split."""
  files = {}
  for split in SPLITS:
    where = os.path.join(folder, split)
    if not os.path.isdir(where):
      raise config_lib.UserError(
        f"--dataset={folder} has no sub-folder {split}. It needs"
        f" {', '.join(SPLITS)}."
      )
    files[split] = [
      entry.path
      for entry in os.scandir(where)
      if entry.name.lower().endswith(image_files.READABLE)
    ]
    if not files[split]:
      raise config_lib.UserError(
        f"--dataset={folder}: {split} is empty. Put images ending in"
        f" {' '.join(image_files.READABLE)} there."
      )
    files[split].sort()
  check_all([path for split in SPLITS for path in files[split]])

  def load(split: str) -> tf.data.Dataset:
    paths = tf.data.Dataset.from_tensor_slices(files[split])
    return paths.map(
      lambda path: decode(tf.io.read_file(path)),
      num_parallel_calls=tf.data.AUTOTUNE,
      deterministic=True,
    )

  return Source(
    folder,
    {split: len(files[split]) for split in SPLITS},
    load,
    tuple(path for split in SPLITS for path in files[split]),
  )


def _open_tfds(config: config_lib.DataConfig) -> Source:
  """Opens a built-in or any other TFDS data set, building it once."""
  name = builder_name(config)
  builder = tfds_builder(config)
  try:
    builder.download_and_prepare()
  except Exception as error:  # whatever a builder's own code raises
    raise config_lib.UserError(
      f"--dataset={name} could not be prepared in {builder.data_dir}"
      f" ({config_lib.first_line(error)})."
      f" Check the network and the free space, or give"
      " another --data_dir."
    ) from error
  counts = {}
  for split in SPLITS:
    if split not in builder.info.splits:
      raise config_lib.UserError(
        f"--dataset={name} has no split {split}, only"
        f" {', '.join(sorted(builder.info.splits))}. It needs"
        f" {', '.join(SPLITS)}."
      )
    counts[split] = builder.info.splits[split].num_examples
    if not counts[split]:
      raise config_lib.UserError(
        f"--dataset={name}: {split} is empty. Choose another data set."
      )

  built_in = name.partition("/")[0] in scene_datasets.BUILDERS

  def load(split: str) -> tf.data.Dataset:
    if built_in and split.startswith("test"):
      return _by_scene(builder.as_dataset(split=split))
    read = tfds.ReadConfig(try_autocache=False)
    examples = builder.as_dataset(split=split, read_config=read)
    return examples.map(
      lambda example: _rgb(example["image"]),
      num_parallel_calls=tf.data.AUTOTUNE,
      deterministic=True,
    )

  files = tuple(
    os.fspath(path)
    for split in SPLITS
    for path in builder.info.splits[split].filepaths
  )
  return Source(name, counts, load, files, paired=built_in)


def _by_scene(examples: tf.data.Dataset) -> tf.data.Dataset:
  """Returns a built-in test split's images in the order of their scenes.

  TFDS shuffles every split on its own, so that the n-th of A and of B would
  not show the same.
  """
  scenes = sorted(
    examples.as_numpy_iterator(), key=lambda example: example["scene"]
  )
  return tf.data.Dataset.from_tensor_slices(
    np.stack([example["image"] for example in scenes])
  )


def _rgb(image: tf.Tensor) -> tf.Tensor:
  """Repeats grey uint8 `[height, width, 1]` to three channels."""
  if image.shape[-1] == 1:
    image = tf.image.grayscale_to_rgb(image)
  return tf.ensure_shape(image[..., :3], [*image.shape[:2], 3])
