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
"""Opens and checks data sets: image folders, TFRecords, TFDS's and built-in."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files as files_lib
from official.cyclegan.core import level_range
from official.cyclegan.core import messages
from official.cyclegan.data import example_records
from official.cyclegan.data import folders
from official.cyclegan.data import image_checks
from official.cyclegan.data import image_files
from official.cyclegan.data import pixel_budget
from official.cyclegan.data import preprocessing
from official.cyclegan.data import tfds_folder
from official.cyclegan.scenes import scene_datasets

SPLITS = ("trainA", "trainB", "testA", "testB")


def _identity(image: tf.Tensor) -> tf.Tensor:
  return image


@dataclasses.dataclass(frozen=True)
class Source:
  """A data set that has been found and checked.

  Attributes:
    name: What the user called it; of a built-in set with its size.
    counts: Number of images in each of `SPLITS`.
    load: Returns a split as a `tf.data.Dataset` of elements that `decode`
      takes, every time in the same order.
    files: All files that hold the images.
    split_files: Where each image is a file of its own, the files of each split
      in the order of `load`; else empty.
    paired: Whether the test splits show the same scenes in the same order, so
      that the true translation is known.
    decode: From an element of `load` to uint8 `[height, width, channels]`;
      usable in tf.data.
    prepare: From such an image and a size, pixels, to float32
      `[size, size, channels]` in [-1, 1], for evaluation.
    element_bytes: Mean size of an element of `load`, bytes, if elements hold
      encoded pictures, so that a shuffle should not hold all of them; 0 if they
      are small, such as paths.
    load_masks: Returns masks of where the test pictures' change belongs, in the
      order of the pictures, uint8 `[height, width, 1]`, 255 inside; None if
      that is unknown.
    level_ranges: By domain, which levels of pictures with more than 8 bits
      become black and white; None, or left out, where all 16 bits count.
  """

  name: str
  counts: dict[str, int]
  load: Callable[[str], tf.data.Dataset]
  files: tuple[str, ...] = ()
  paired: bool = False
  decode: Callable[..., tf.Tensor] = _identity
  prepare: Callable[[tf.Tensor, int], tf.Tensor] = preprocessing.prepare
  element_bytes: int = 0
  load_masks: Callable[[], tf.data.Dataset] | None = None
  level_ranges: image_checks.Ranges = dataclasses.field(default_factory=dict)
  split_files: Mapping[str, tuple[str, ...]] = dataclasses.field(
    default_factory=dict
  )

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
    errors.UserError: If there is no such data set, a split is missing or
      empty, or a file is broken.
  """
  config_checks.check_background(config.background)
  if config.domain_a:
    source = _open_folder(config)
  elif example_records.is_artifact(config.dataset):
    source = _open_examples(config)
  elif config.paired and not (
    os.path.isdir(config.dataset) and not is_prepared(config.dataset)
  ):
    raise errors.UserError(
      f"goes by the names of pictures in folders, which {config.dataset} does"
      " not have. Give a folder, or leave --paired out.",
      "paired",
    )
  elif files_lib.is_address(config.dataset) or os.path.isdir(config.dataset):
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
  return files_lib.is_address(folder) or os.path.isfile(
    os.path.join(folder, folders.TFDS_MARK)
  )


def divide(
  domains: dict[str, folders.DomainFiles],
  readable: dict[str, image_files.Info],
  config: config_lib.DataConfig,
  digests: Mapping[str, str] | None = None,
) -> dict[str, list[str]]:
  """Divides pictures among the splits, holding some out where needed.

  Args:
    domains: From `folders.find`.
    readable: Headers of the readable files, by path.
    config: `test_fraction`.
    digests: As for `folders.hold_out`.

  Returns:
    The readable files by split, one of `SPLITS`.

  Raises:
    errors.UserError: If a split would be empty.
  """
  files = {}
  for domain, found in domains.items():
    train, test = (
      [p for p in paths if p in readable]
      for paths in (found.train, found.test or ())
    )
    if train and found.test is None:
      train, test = folders.hold_out(train, config.test_fraction, digests)
      logging.info(
        "%s: %d of %s held out for testing (--test_fraction).",
        found.folder,
        len(test),
        messages.count(len(train) + len(test), "picture is"),
      )
    if not train or not test:
      single = ""
      if found.test is None and len(train) + len(test) == 1:
        single = (
          " A single one, of which --preprocess=crop trains on parts, belongs"
          f" into both train{domain} and test{domain} of a folder for"
          " --dataset."
        )
      raise errors.UserError(
        f"{found.folder}: not one readable picture is left to"
        f" {'test with' if train else 'train on'}. Domain {domain} needs two"
        f" different pictures at least.{single}"
      )
    files[f"train{domain}"], files[f"test{domain}"] = train, test
  return files


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
    errors.UserError: If TFDS knows no such data set.
  """
  if os.path.isdir(f"{config.dataset}.partial"):
    raise errors.UserError(
      ": prepare was stopped before it was done. Run the same prepare command"
      " again; it goes on where it was.",
      "dataset",
      config.dataset,
    )
  name = builder_name(config)
  data_dir = os.path.expanduser(config.data_dir) or None
  base, _, variant = name.partition("/")
  if base not in scene_datasets.BUILDERS:
    # TFDS reads the folder of what it has no code for.
    tfds_folder.check_all(data_dir or "", name)
  try:
    if base in scene_datasets.BUILDERS:
      return scene_datasets.BUILDERS[base](
        config=variant or None, data_dir=data_dir
      )
    return tfds.builder(name, data_dir=data_dir)
  except (tfds.core.DatasetNotFoundError, ValueError) as error:
    raise _unknown(config.dataset, error) from error


def _unknown(dataset: str, error: Exception) -> errors.UserError:
  """Returns what to tell of a name that is neither a folder nor a data set."""
  if os.path.isfile(dataset):
    return errors.UserError(
      "is a file. Give a folder of pictures, or the name of a data set.",
      "dataset",
      dataset,
    )
  names = [*scene_datasets.BUILDERS, "cycle_gan/horse2zebra"]
  near = errors.nearest(dataset.partition("/")[0], names)
  remedy = near or f" Check the path, or give a data set such as {names[0]}."
  return errors.UserError(
    "is neither a folder nor a data set that TFDS knows"
    f" ({errors.first_line(error)}).{remedy}",
    "dataset",
    dataset,
  )


def _open_folder(config: config_lib.DataConfig) -> Source:
  """Opens folders of pictures in any layout."""
  domains = folders.find(config)
  every = [
    path
    for found in domains.values()
    for path in itertools.chain(found.train, found.test or ())
  ]
  readable = image_checks.check_all(every, config)
  files = divide(domains, readable, config)
  if config.paired:
    _pair(files)

  ranges = image_checks.level_ranges(files, readable, config)
  read = image_checks.reader(files, ranges, config)

  divisors = {
    p: image_checks.jpeg_divisor(readable[p], config) for p in readable
  }

  def too_large(path: str) -> bool:
    """Says whether TensorFlow, which keeps to no budget, is spared a JPEG."""
    info = readable[path]
    pixels = info.width * info.height // divisors[path] ** 2
    return pixels >= pixel_budget.SMALL

  # Where all are 1 the graph is spared the choice.
  reduces = max(divisors.values()) > 1

  def load(split: str) -> tf.data.Dataset:
    paths = files[split]
    columns: list[list[Any]] = [
      [os.fsencode(p) for p in paths],
      [readable[p].plain and not too_large(p) for p in paths],
    ]
    if reduces:
      columns.append([divisors[p] for p in paths])
    return tf.data.Dataset.from_tensor_slices(tuple(columns))

  def with_pillow(path: bytes) -> np.ndarray:
    try:
      return read(os.fsdecode(path))
    except errors.UserError as error:
      # The file was whole when training started. TensorFlow wraps what is
      # raised here in an UnknownError.
      raise OSError(messages.printable(str(error))) from None

  def decode_file(
    path: tf.Tensor, plain: tf.Tensor, divisor: tf.Tensor | None = None
  ) -> tf.Tensor:
    image = tf.cond(
      plain,
      lambda: preprocessing.decode_jpeg(tf.io.read_file(path), divisor),
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
    paired=config.paired,
    decode=decode_file,
    level_ranges=ranges,
    split_files={split: tuple(files[split]) for split in SPLITS},
  )


def _pair(files: dict[str, list[str]]) -> None:
  """Sorts both test splits by name; refuses a name that is in one only."""
  named = []
  for split in ("testA", "testB"):
    names = [os.path.splitext(os.path.basename(p))[0] for p in files[split]]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
      raise errors.UserError(
        f": {split} has several pictures named {min(twice)}. Rename them, or"
        " leave --paired out.",
        "paired",
      )
    named.append(dict(zip(names, files[split])))
  lone = sorted(named[0].keys() ^ named[1].keys())
  if lone:
    has, lacks = ("A", "B") if lone[0] in named[0] else ("B", "A")
    path = {**named[0], **named[1]}[lone[0]]
    raise errors.UserError(
      f": {path} of test{has} has no partner of that name in test{lacks}"
      f" ({len(lone)} such pictures). Add or remove pictures, or leave --paired"
      " out.",
      "paired",
    )
  for split, by_name in zip(("testA", "testB"), named):
    files[split] = [by_name[name] for name in sorted(by_name)]


def _builder_from_folder(folder: str) -> tfds.core.DatasetBuilder:
  """Returns the builder of a folder that `prepare` wrote.

  TFDS reads such a folder only through here: what it names is checked first.
  """
  tfds_folder.check(folder)
  try:
    builder = tfds.builder_from_directory(folder)
    paths = [p for s in builder.info.splits.values() for p in s.filepaths]
  except Exception as error:  # TFDS and file systems raise anything
    raise errors.UserError(
      f"is not a folder that prepare wrote ({errors.first_line(error)}). Check"
      " the path, or run prepare again.",
      "dataset",
      folder,
    ) from error
  tfds_folder.check_files(str(builder.data_dir), paths)
  return builder


def _open_tfds(
  config: config_lib.DataConfig, builder: tfds.core.DatasetBuilder
) -> Source:
  """Opens what TFDS knows, building it once."""
  builder = _built(config, builder)
  counts = _split_counts(config, builder)
  if not isinstance(builder.info.features, tfds.features.FeaturesDict):
    raise errors.UserError(
      "has examples without names, where pictures named image are wanted."
      " Choose another data set, or restore its features.json.",
      "dataset",
      config.dataset,
    )
  # Pictures stay encoded until after the shuffle.
  encoded = {
    name: tfds.decode.SkipDecoding()
    for name, feature in builder.info.features.items()
    if isinstance(feature, tfds.features.Image)
  }
  if "image" not in encoded:
    raise errors.UserError(
      "has no pictures named image, only"
      f" {', '.join(sorted(builder.info.features))}. Choose another data set.",
      "dataset",
      config.dataset,
    )
  built_in = builder.name in scene_datasets.BUILDERS
  # TFDS's own caching is left to `dataset.choose_cache`.
  read_config = tfds.ReadConfig(try_autocache=False)

  def load(split: str) -> tf.data.Dataset:
    examples = builder.as_dataset(
      split=split, read_config=read_config, decoders=encoded
    )
    if built_in and split.startswith("test"):
      return _by_scene(examples, "image")
    return examples.map(lambda example: example["image"])

  def load_masks() -> tf.data.Dataset:
    examples = builder.as_dataset(split="testA", read_config=read_config)
    return _by_scene(examples, "mask")

  files = tuple(
    os.fspath(path)
    for split in SPLITS
    for path in builder.info.splits[split].filepaths
  )
  ranges: image_checks.Ranges = {}
  if is_prepared(config.dataset):
    ranges = _prepared_ranges(config.dataset)
  size = sum(builder.info.splits[split].num_bytes for split in SPLITS[:2])
  return Source(
    builder_name(config) if built_in else config.dataset,
    counts,
    load,
    files,
    paired=built_in,
    decode=preprocessing.decode,
    element_bytes=max(1, size // (counts["trainA"] + counts["trainB"])),
    load_masks=load_masks if built_in and "mask" in encoded else None,
    level_ranges=ranges,
  )


def _open_examples(config: config_lib.DataConfig) -> Source:
  """Opens an Examples artifact of TFX."""
  found = {s: example_records.read(config.dataset, s) for s in SPLITS}
  tests = found["testA"], found["testB"]
  scenes = example_records.same_scenes(*tests)
  if config.paired and not scenes:
    example_records.require_partners(*tests)
  size = sum(found[split].size for split in SPLITS[:2])
  counts = {split: found[split].count for split in SPLITS}
  return Source(
    config.dataset,
    counts,
    lambda split: example_records.pictures(found[split]),
    tuple(path for split in SPLITS for path in found[split].files),
    paired=scenes or config.paired,
    decode=preprocessing.decode,
    element_bytes=max(1, size // (counts["trainA"] + counts["trainB"])),
    load_masks=(
      (lambda: example_records.pictures(tests[0], "mask").map(_decode_mask))
      if scenes and tests[0].masks
      else None
    ),
    level_ranges=_prepared_ranges(config.dataset),
  )


def _decode_mask(encoded: tf.Tensor) -> tf.Tensor:
  return tf.io.decode_png(encoded, channels=1)


def _prepared_ranges(folder: str) -> image_checks.Ranges:
  """Returns the level ranges that `prepare` has applied to its pictures."""
  path = os.path.join(folder, "report.json")
  try:
    with tf.io.gfile.GFile(path) as file:
      domains = json.loads(file.read())["domains"]
    return {d: level_range.from_list(domains[d].get("levels")) for d in domains}
  except (
    tf.errors.OpError,
    OSError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    RecursionError,
  ):
    return {}  # made before there were any


def _built(
  config: config_lib.DataConfig, builder: tfds.core.DatasetBuilder
) -> tfds.core.DatasetBuilder:
  """Downloads or draws a data set where needed; returns a builder of it."""
  folder = str(builder.data_dir)
  try:
    builder.download_and_prepare()
  except Exception as error:  # a builder's own code raises anything
    # Another process may have built it meanwhile, and been faster.
    if not is_prepared(folder):
      raise errors.UserError(
        f"could not be prepared in {folder} ({errors.first_line(error)}). Check"
        " the network and the free space, or give another --data_dir.",
        "dataset",
        config.dataset,
      ) from error
    return _builder_from_folder(folder)
  if not builder.info.splits:  # looked before that other process was done
    return _builder_from_folder(folder)
  return builder


def _split_counts(
  config: config_lib.DataConfig, builder: tfds.core.DatasetBuilder
) -> dict[str, int]:
  """Returns how many pictures each split has; refuses one that is empty."""
  counts = {}
  for split in SPLITS:
    if split not in builder.info.splits:
      raise errors.UserError(
        f"has no split {split}, only {', '.join(sorted(builder.info.splits))}."
        f" It needs {', '.join(SPLITS)}.",
        "dataset",
        config.dataset,
      )
    counts[split] = builder.info.splits[split].num_examples
    if not counts[split]:
      raise errors.UserError(
        f": {split} is empty. Choose another data set.",
        "dataset",
        config.dataset,
      )
  return counts


def _by_scene(examples: tf.data.Dataset, feature: str) -> tf.data.Dataset:
  """Returns a feature of a built-in test split in the scenes' order.

  TFDS shuffles every split on its own, so that the n-th of A and of B would
  not show the same.
  """
  scenes = sorted(
    examples.as_numpy_iterator(), key=lambda example: example["scene"]
  )
  return tf.data.Dataset.from_tensor_slices(
    [example[feature] for example in scenes]
  )
