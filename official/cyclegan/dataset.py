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
import functools
import itertools
import os
import tempfile
from collections.abc import Callable, Sequence

import numpy as np
import psutil
import tensorflow as tf
import tensorflow_datasets as tfds

from official.cyclegan import config as config_lib
from official.cyclegan import folders
from official.cyclegan import image_files
from official.cyclegan import preprocessing
from official.cyclegan import scene_datasets

_MAX_NAMED = 20  # files left out that are named
SPLITS = ("trainA", "trainB", "testA", "testB")
# Batches made ahead of the step. More would only take memory: the step is
# hundreds of times slower (tools/benchmark_data.py).
_PREFETCH = 8
# Of encoded pictures that are shuffled before they are decoded, bytes.
_SHUFFLE_BYTES = 1 << 26
# Share of the free memory that decoded pictures may take.
_CACHE_SHARE = 0.4
# Pictures from which the size of all is estimated.
_ESTIMATE_IMAGES = 20
_CGROUP_LIMIT = "/sys/fs/cgroup/memory.max"
_CGROUP_USED = "/sys/fs/cgroup/memory.current"


def _as_it_is(image: tf.Tensor) -> tf.Tensor:
  return image


@dataclasses.dataclass(frozen=True)
class Source:
  """A data set that has been found and checked.

  Attributes:
    name: What the user called it.
    counts: Number of images in each of `SPLITS`.
    load: Returns a split as a `tf.data.Dataset` of what `decode` takes, in an
      order that is always the same.
    files: All files that hold the images.
    paired: Whether the test splits show the same scenes in the same order, so
      that the true translation is known.
    decode: From an element of `load` to uint8 `[height, width, channels]`;
      usable in tf.data.
    prepare: From such an image and a size, pixels, to float32
      `[size, size, channels]` in [-1, 1], for evaluation.
    element_bytes: Mean size of an element of `load`, for elements that a
      shuffle should not hold all at once; else 0.
  """

  name: str
  counts: dict[str, int]
  load: Callable[[str], tf.data.Dataset]
  files: tuple[str, ...] = ()
  paired: bool = False
  decode: Callable[..., tf.Tensor] = _as_it_is
  prepare: Callable[[tf.Tensor, int], tf.Tensor] = preprocessing.prepare
  element_bytes: int = 0

  def images(self, split: str) -> tf.data.Dataset:
    """Returns a split's images, uint8 `[height, width, channels]`."""
    return self.load(split).map(
      self.decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )


def open_source(config: config_lib.DataConfig, channels: int = 3) -> Source:
  """Finds a data set, drawing, downloading and checking it where needed.

  Args:
    config: Where the pictures are and how they are read, and `load_size` to
      pick a built-in set's size.
    channels: 3, or 1 to make colour pictures grey.

  Returns:
    The data set; every split holds at least one image.

  Raises:
    config.UserError: If there is no such data set, a split is missing or
      empty, or a file is broken.
  """
  image_files.check_background(config.background)
  if config.domain_a:
    source = _open_folder(config)
  elif "://" in config.dataset or os.path.isdir(config.dataset):
    if is_prepared(config.dataset):
      source = _open_tfds(config, _builder_from_folder(config.dataset))
    else:
      source = _open_folder(config)
  else:
    source = _open_tfds(config, tfds_builder(config))

  def decode(*element: tf.Tensor) -> tf.Tensor:
    return preprocessing.to_channels(source.decode(*element), channels)

  return dataclasses.replace(
    source,
    decode=decode,
    prepare=functools.partial(preprocessing.prepare, config=config),
  )


def is_prepared(folder: str) -> bool:
  """Says whether a folder is one that TFDS reads, as `prepare` writes them.

  Args:
    folder: A folder, or an address such as `gs://bucket/pictures`.
  """
  return "://" in folder or os.path.isfile(
    os.path.join(folder, folders.TFDS_MARK)
  )


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


def decode_jpeg(contents: tf.Tensor) -> tf.Tensor:
  """Decodes a JPEG exactly as Pillow does; usable in tf.data.

  Args:
    contents: String scalar, the bytes of an upright grey or colour JPEG.

  Returns:
    uint8 `[height, width, 3]`; grey is repeated to three channels.
  """
  # Pillow's and TensorFlow's libjpeg differ in the default transform only.
  return tf.io.decode_jpeg(contents, channels=3, dct_method="INTEGER_ACCURATE")


def decode(contents: tf.Tensor) -> tf.Tensor:
  """Decodes a JPEG, PNG, BMP or GIF (first frame); usable in tf.data.

  Args:
    contents: String scalar, the file's bytes.

  Returns:
    uint8 `[height, width, 3]`; grey images are repeated to three channels and
    an alpha channel is dropped.
  """
  image = tf.cond(
    tf.io.is_jpeg(contents),
    lambda: decode_jpeg(contents),
    lambda: tf.io.decode_image(contents, channels=3, expand_animations=False),
  )
  return tf.ensure_shape(image, [None, None, 3])


def check_all(
  paths: Sequence[str], config: config_lib.DataConfig
) -> dict[str, image_files.Info]:
  """Decodes every file once, so that a broken one is found before training.

  Args:
    paths: Image files.
    config: `background`, and `on_bad_image`: what to do about broken files.

  Returns:
    What the readable ones are, in the order of `paths`. With `skip` those left
    out are named on standard output.

  Raises:
    config.UserError: With `fail`, if files cannot be read; the message names
      all of them.
  """
  good, broken = examine(paths, config.background)
  if not broken:
    return good
  if config.on_bad_image == "fail":
    raise config_lib.UserError(
      " ".join(broken.values())
      + f" {len(broken)} of {len(paths)} files are such;"
      " --on_bad_image=skip leaves them out."
    )
  print(f"{len(broken)} of {len(paths)} files are left out:")
  for words in list(broken.values())[:_MAX_NAMED]:
    print(f"  {words}")
  if len(broken) > _MAX_NAMED:
    print(f"  and {len(broken) - _MAX_NAMED} more.")
  return good


def examine(
  paths: Sequence[str],
  background: str,
  see: Callable[[str, np.ndarray | None], None] | None = None,
) -> tuple[dict[str, image_files.Info], dict[str, str]]:
  """Decodes files, as training would.

  Args:
    paths: Image files.
    background: Colour behind transparent pictures.
    see: Called with each path and its image, uint8 `[height, width, 3]`, or
      None for a broken file; from several threads.

  Returns:
    What the readable ones are, and what is wrong with the others, both in the
    order of `paths`.
  """

  def look(path: str) -> image_files.Info | str:
    image = None
    try:
      info = image_files.inspect(path)
      if info.plain:
        with open(path, "rb") as file:
          image = decode_jpeg(file.read()).numpy()
      else:
        image = image_files.read(path, background)
    except config_lib.UserError as error:
      return str(error)
    except (tf.errors.OpError, OSError) as error:
      return image_files.unreadable(path, error)
    finally:
      if see:
        see(path, image)
    return info

  with concurrent.futures.ThreadPoolExecutor() as pool:
    found = dict(zip(paths, pool.map(look, paths)))
  good = {p: f for p, f in found.items() if isinstance(f, image_files.Info)}
  return good, {p: f for p, f in found.items() if isinstance(f, str)}


def training_batches(
  source: Source,
  config: config_lib.DataConfig,
  seed: int,
  first_step: int = 0,
  share: Share = Share(),
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
    share: The devices that this process reads for.
    multiple: What height and width of images that are not cropped must be
      multiples of, pixels.

  Returns:
    Pairs of float32 `[batch_size / replicas, crop_size, crop_size, channels]`
    in [-1, 1], for this process's devices in turn. Images that are not cropped
    have their own sizes.

  Raises:
    config.UserError: If `cache` is `disk` and there is no room.
  """
  scale = functools.partial(
    preprocessing.scale, config=config, multiple=multiple
  )
  cache = choose_cache(source, config, scale)
  domains = [
    _training_images(
      source, split, config, scale, cache, 2 * seed + i, first_step, share
    )
    for i, split in enumerate(("trainA", "trainB"))
  ]
  pairs = tf.data.Dataset.zip(tuple(domains))
  # Nothing is dropped: the data never ends.
  return pairs.batch(
    config.batch_size // share.replicas, drop_remainder=True
  ).prefetch(_PREFETCH)


def choose_cache(
  source: Source,
  config: config_lib.DataConfig,
  scale: Callable[[tf.Tensor], tf.Tensor],
) -> str:
  """Decides where decoded training pictures are kept.

  Args:
    source: The data set.
    config: `cache`.
    scale: What is done to a picture before it is kept.

  Returns:
    `memory`, `disk` or `none`. What `auto` has come to is told on standard
    output.
  """
  if config.cache != "auto":
    return config.cache
  needed, free = _needed_bytes(source, scale), free_memory()
  count = source.counts["trainA"] + source.counts["trainB"]
  what = f"{count:,} decoded pictures take {needed / 1e9:.2f} GB"
  if needed <= _CACHE_SHARE * free:
    print(f"{what} and are kept in memory (--cache=auto).")
    return "memory"
  print(
    f"{what}, {free / 1e9:.1f} GB of memory are free: they are read again every"
    " epoch. --cache=disk keeps them decoded in --cache_dir."
  )
  return "none"


def free_memory() -> int:
  """Returns how many bytes this process may still take."""
  free = psutil.virtual_memory().available
  try:
    # A container's own limit, which the machine's figures do not show.
    with open(_CGROUP_LIMIT) as limit, open(_CGROUP_USED) as used:
      free = min(free, int(limit.read()) - int(used.read()))
  except (OSError, ValueError):
    pass
  return free


def largest_size(
  source: Source, config: config_lib.DataConfig, multiple: int
) -> tuple[int, int]:
  """Returns the largest height and width among the training pictures, pixels.

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


def test_images(source: Source, split: str, size: int) -> tf.data.Dataset:
  """Returns a split's images for evaluation, one by one, in a fixed order.

  Args:
    source: The data set.
    split: `testA` or `testB`.
    size: Width and height, pixels.

  Returns:
    float32 `[size, size, 3]` in [-1, 1].
  """
  return source.images(split).map(lambda image: source.prepare(image, size))


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
  if os.path.isdir(f"{config.dataset}.partial"):
    raise config_lib.UserError(
      f"--dataset={config.dataset}: prepare was stopped before it was done. Run"
      " the same prepare command again; it goes on where it was."
    )
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
  scale: Callable[[tf.Tensor], tf.Tensor],
  cache: str,
  seed: int,
  first_step: int,
  share: Share,
) -> tf.data.Dataset:
  """Returns the endless stream of one domain's augmented images."""

  def ready(*element: tf.Tensor) -> tf.Tensor:
    return scale(source.decode(*element))

  def augment(index: tf.Tensor, *element: tf.Tensor) -> tf.Tensor:
    image = ready(*element) if cache == "none" else kept(*element)
    return preprocessing.augment(
      image, tf.stack([tf.cast(seed, tf.int64), index]), config
    )

  def is_ours(index: tf.Tensor, *element: tf.Tensor) -> tf.Tensor:
    del element  # the place in the global batch decides
    each = config.batch_size // share.replicas
    replica = index % config.batch_size // each
    return (share.first <= replica) & (replica < share.first + share.count)

  count = buffer = source.counts[split]
  if source.element_bytes * count > _SHUFFLE_BYTES:
    # The same whatever is cached, so that the order is the same as well.
    buffer = max(1, _SHUFFLE_BYTES // source.element_bytes)
  kept = _as_it_is
  if cache == "none":
    images = source.load(split)
  else:
    images = source.load(split).map(
      ready, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    if cache == "memory":
      images = images.cache()
    else:
      kept = _DiskCache(images, count, config.cache_dir).read
      images = tf.data.Dataset.range(count)
  # All that is random comes after the cache, so that every epoch draws afresh.
  images = images.shuffle(buffer, seed=seed).repeat()
  images = _numbered(images).skip(first_step * config.batch_size)
  if share.count < share.replicas:
    images = images.filter(is_ours)
  return images.map(
    augment, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
  )


def _numbered(images: tf.data.Dataset) -> tf.data.Dataset:
  """Puts each element's number in front of it."""

  def flat(index: tf.Tensor, element: tuple[tf.Tensor, ...]) -> tuple:
    return index, *(element if isinstance(element, tuple) else (element,))

  return images.enumerate().map(flat)


class _DiskCache:
  """Decoded pictures in a file without a name, read at random."""

  def __init__(self, images: tf.data.Dataset, count: int, folder: str):
    """Decodes and writes all pictures.

    Args:
      images: uint8 `[height, width, channels]`, of any sizes.
      count: How many there are.
      folder: Where to; empty for the system's temporary folder.

    Raises:
      config.UserError: If the folder is not there or full.
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
      raise config_lib.UserError(
        f"--cache=disk: decoded pictures cannot be kept in {where}"
        f" ({error.strerror}). Free some space, give another --cache_dir, or"
        " use --cache=none."
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
  source: Source, scale: Callable[[tf.Tensor], tf.Tensor]
) -> float:
  """Estimates the size of all decoded training pictures."""
  total = 0.0
  for split in ("trainA", "trainB"):
    first = source.images(split).take(_ESTIMATE_IMAGES).map(scale)
    sizes = [image.nbytes for image in first.as_numpy_iterator()]
    total += source.counts[split] * float(np.mean(sizes))
  return total


def _open_folder(config: config_lib.DataConfig) -> Source:
  """Opens folders of pictures in any layout."""
  piles = folders.find(config)
  every = [
    path
    for pile in piles.values()
    for path in itertools.chain(pile.train, pile.test or ())
  ]
  known = check_all(every, config)
  files = divide(piles, known, config)

  def load(split: str) -> tf.data.Dataset:
    paths = files[split]
    return tf.data.Dataset.from_tensor_slices(
      ([os.fsencode(p) for p in paths], [known[p].plain for p in paths])
    )

  def with_pillow(path: bytes) -> np.ndarray:
    try:
      return image_files.read(os.fsdecode(path), config.background)
    except config_lib.UserError as error:
      # Was whole when training started. TensorFlow makes an UnknownError of it.
      raise OSError(str(error)) from None

  def decode_file(path: tf.Tensor, plain: tf.Tensor) -> tf.Tensor:
    image = tf.cond(
      plain,
      lambda: decode_jpeg(tf.io.read_file(path)),
      lambda: tf.numpy_function(with_pillow, [path], tf.uint8, stateful=False),
    )
    return tf.ensure_shape(image, [None, None, 3])

  return Source(
    f"{config.domain_a} and {config.domain_b}"
    if config.domain_a
    else config.dataset,
    {split: len(files[split]) for split in SPLITS},
    load,
    tuple(path for split in SPLITS for path in files[split]),
    decode=decode_file,
  )


def divide(
  piles: dict[str, folders.Pile],
  known: dict[str, image_files.Info],
  config: config_lib.DataConfig,
) -> dict[str, list[str]]:
  """Sorts readable pictures into splits, holding some out where needed.

  Args:
    piles: Both domains' files.
    known: The readable ones.
    config: `test_fraction`.

  Returns:
    Files by split.

  Raises:
    config.UserError: If a split would be empty.
  """
  files = {}
  for domain, pile in piles.items():
    train, test = (
      [p for p in paths if p in known]
      for paths in (pile.train, pile.test or ())
    )
    if train and pile.test is None:
      train, test = folders.hold_out(train, config.test_fraction)
      print(
        f"{pile.folder}: {len(test)} of {len(train) + len(test)} pictures are"
        " held out for testing (--test_fraction)."
      )
    if not train or not test:
      raise config_lib.UserError(
        f"{pile.folder}: not one readable picture is left to"
        f" {'test with' if train else 'train on'}. Domain {domain} needs two"
        " different pictures at least."
      )
    files[f"train{domain}"], files[f"test{domain}"] = train, test
  return files


def _builder_from_folder(folder: str) -> tfds.core.DatasetBuilder:
  """Returns the builder of a folder that `prepare` wrote."""
  try:
    return tfds.builder_from_directory(folder)
  except Exception as error:  # whatever TFDS and the file system raise
    raise config_lib.UserError(
      f"--dataset={folder} is no folder that prepare wrote"
      f" ({config_lib.first_line(error)}). Check the path, or run prepare"
      " again."
    ) from error


def _open_tfds(
  config: config_lib.DataConfig, builder: tfds.core.DatasetBuilder
) -> Source:
  """Opens what TFDS knows, building it once."""
  given = config.dataset
  try:
    builder.download_and_prepare()
  except Exception as error:  # whatever a builder's own code raises
    raise config_lib.UserError(
      f"--dataset={given} could not be prepared in {builder.data_dir}"
      f" ({config_lib.first_line(error)})."
      f" Check the network and the free space, or give"
      " another --data_dir."
    ) from error
  counts = {}
  for split in SPLITS:
    if split not in builder.info.splits:
      raise config_lib.UserError(
        f"--dataset={given} has no split {split}, only"
        f" {', '.join(sorted(builder.info.splits))}. It needs"
        f" {', '.join(SPLITS)}."
      )
    counts[split] = builder.info.splits[split].num_examples
    if not counts[split]:
      raise config_lib.UserError(
        f"--dataset={given}: {split} is empty. Choose another data set."
      )
  encoded = {
    name: tfds.decode.SkipDecoding()
    for name, feature in builder.info.features.items()
    if isinstance(feature, tfds.features.Image)
  }
  if "image" not in encoded:
    raise config_lib.UserError(
      f"--dataset={given} has no pictures named image, only"
      f" {', '.join(sorted(builder.info.features))}. Choose another data set."
    )
  built_in = builder.name in scene_datasets.BUILDERS

  def load(split: str) -> tf.data.Dataset:
    examples = builder.as_dataset(
      split=split,
      read_config=tfds.ReadConfig(try_autocache=False),
      decoders=encoded,
    )
    if built_in and split.startswith("test"):
      return _by_scene(examples)
    return examples.map(lambda example: example["image"])

  files = tuple(
    os.fspath(path)
    for split in SPLITS
    for path in builder.info.splits[split].filepaths
  )
  size = sum(builder.info.splits[split].num_bytes for split in SPLITS[:2])
  return Source(
    builder_name(config) if built_in else given,
    counts,
    load,
    files,
    paired=built_in,
    decode=decode,
    element_bytes=max(1, size // (counts["trainA"] + counts["trainB"])),
  )


def _by_scene(examples: tf.data.Dataset) -> tf.data.Dataset:
  """Returns a built-in test split's encoded images in their scenes' order.

  TFDS shuffles every split on its own, so that the n-th of A and of B would
  not show the same.
  """
  scenes = sorted(
    examples.as_numpy_iterator(), key=lambda example: example["scene"]
  )
  return tf.data.Dataset.from_tensor_slices(
    [example["image"] for example in scenes]
  )
