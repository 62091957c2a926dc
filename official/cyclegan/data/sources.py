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
"""Finds data sets and checks them: folders, TFRecords, whatever TFDS knows."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import difflib
import functools
import itertools
import os
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.data import preprocessing
from official.cyclegan.scenes import scene_datasets

_MAX_NAMED = 20  # files left out that are named
SPLITS = ("trainA", "trainB", "testA", "testB")


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
    load_masks: Returns where the test pictures' change belongs, in their order,
      uint8 `[height, width, 1]`, 255 inside; None if that is unknown.
  """

  name: str
  counts: dict[str, int]
  load: Callable[[str], tf.data.Dataset]
  files: tuple[str, ...] = ()
  paired: bool = False
  decode: Callable[..., tf.Tensor] = _as_it_is
  prepare: Callable[[tf.Tensor, int], tf.Tensor] = preprocessing.prepare
  element_bytes: int = 0
  load_masks: Callable[[], tf.data.Dataset] | None = None

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
  image_files.check_background(config.background)
  if config.domain_a:
    source = _open_folder(config)
  elif config.paired and not (
    os.path.isdir(config.dataset) and not is_prepared(config.dataset)
  ):
    raise errors.UserError(
      f"--paired goes by the names of pictures in folders, which"
      f" --dataset={config.dataset} does not have. Give a folder, or leave"
      " --paired out."
    )
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
    errors.UserError: With `fail`, if files cannot be read; the message names
      all of them.
  """
  good, broken = examine(paths, config.background)
  if not broken:
    return good
  if config.on_bad_image == "fail":
    raise refusal(broken, len(paths))
  print(f"{len(broken)} of {len(paths)} files are left out:")
  for words in list(broken.values())[:_MAX_NAMED]:
    print(f"  {words}")
  if len(broken) > _MAX_NAMED:
    print(f"  and {len(broken) - _MAX_NAMED} more.")
  return good


def refusal(broken: dict[str, str], count: int) -> errors.UserError:
  """Returns what to tell the user whose files cannot all be read.

  Args:
    broken: What is wrong with each of those that cannot.
    count: How many files there are.
  """
  return errors.UserError(
    " ".join(broken.values()) + f" {len(broken)} of {count} files are such;"
    " --on_bad_image=skip leaves them out."
  )


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
    except errors.UserError as error:
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
    errors.UserError: If a split would be empty.
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
      raise errors.UserError(
        f"{pile.folder}: not one readable picture is left to"
        f" {'test with' if train else 'train on'}. Domain {domain} needs two"
        " different pictures at least."
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
    raise errors.UserError(
      f"--dataset={config.dataset} is neither a folder nor a data set that"
      f" TFDS knows ({errors.first_line(error)}). Did you mean {close[0]}?"
    ) from error


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
  if config.paired:
    _pair(files)

  def load(split: str) -> tf.data.Dataset:
    paths = files[split]
    return tf.data.Dataset.from_tensor_slices(
      ([os.fsencode(p) for p in paths], [known[p].plain for p in paths])
    )

  def with_pillow(path: bytes) -> np.ndarray:
    try:
      return image_files.read(os.fsdecode(path), config.background)
    except errors.UserError as error:
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
    paired=config.paired,
    decode=decode_file,
  )


def _pair(files: dict[str, list[str]]) -> None:
  """Sorts both test splits by name; refuses a name that is in one only."""
  named = []
  for split in ("testA", "testB"):
    names = [os.path.splitext(os.path.basename(p))[0] for p in files[split]]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
      raise errors.UserError(
        f"--paired: {split} has several pictures named {min(twice)}. Rename"
        " them, or leave --paired out."
      )
    named.append(dict(zip(names, files[split])))
  lone = sorted(named[0].keys() ^ named[1].keys())
  if lone:
    has, lacks = ("A", "B") if lone[0] in named[0] else ("B", "A")
    path = {**named[0], **named[1]}[lone[0]]
    raise errors.UserError(
      f"--paired: {path} of test{has} has no partner of that name in"
      f" test{lacks} ({len(lone)} such pictures). Add or remove pictures, or"
      " leave --paired out."
    )
  for split, by_name in zip(("testA", "testB"), named):
    files[split] = [by_name[name] for name in sorted(by_name)]


def _builder_from_folder(folder: str) -> tfds.core.DatasetBuilder:
  """Returns the builder of a folder that `prepare` wrote."""
  try:
    return tfds.builder_from_directory(folder)
  except Exception as error:  # whatever TFDS and the file system raise
    raise errors.UserError(
      f"--dataset={folder} is no folder that prepare wrote"
      f" ({errors.first_line(error)}). Check the path, or run prepare"
      " again."
    ) from error


def _open_tfds(
  config: config_lib.DataConfig, builder: tfds.core.DatasetBuilder
) -> Source:
  """Opens what TFDS knows, building it once."""
  given = config.dataset
  folder = str(builder.data_dir)
  try:
    builder.download_and_prepare()
  except Exception as error:  # whatever a builder's own code raises
    # Another process may have built it meanwhile, and been faster.
    if not is_prepared(folder):
      raise errors.UserError(
        f"--dataset={given} could not be prepared in {folder}"
        f" ({errors.first_line(error)})."
        f" Check the network and the free space, or give"
        " another --data_dir."
      ) from error
    builder = _builder_from_folder(folder)
  if not builder.info.splits:  # looked before that other process was done
    builder = _builder_from_folder(folder)
  counts = {}
  for split in SPLITS:
    if split not in builder.info.splits:
      raise errors.UserError(
        f"--dataset={given} has no split {split}, only"
        f" {', '.join(sorted(builder.info.splits))}. It needs"
        f" {', '.join(SPLITS)}."
      )
    counts[split] = builder.info.splits[split].num_examples
    if not counts[split]:
      raise errors.UserError(
        f"--dataset={given}: {split} is empty. Choose another data set."
      )
  encoded = {
    name: tfds.decode.SkipDecoding()
    for name, feature in builder.info.features.items()
    if isinstance(feature, tfds.features.Image)
  }
  if "image" not in encoded:
    raise errors.UserError(
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
      return _by_scene(examples, "image")
    return examples.map(lambda example: example["image"])

  def load_masks() -> tf.data.Dataset:
    examples = builder.as_dataset(
      split="testA", read_config=tfds.ReadConfig(try_autocache=False)
    )
    return _by_scene(examples, "mask")

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
    load_masks=load_masks if built_in and "mask" in encoded else None,
  )


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
