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
"""Pictures in an Examples artifact of TensorFlow Extended (TFX).

Such a folder has a folder of compressed records for each split,
`Split-trainA/data_tfrecord-00000-of-00001.gz` and so on, in an order that
depends on how Beam has shared the work out. TFX is not needed to read it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Sequence

import tensorflow as tf
from google.protobuf import message

from official.cyclegan.core import errors
from official.cyclegan.core import files as files_lib

PREFIX = "Split-"
IMAGE = "image"
# What tells which picture a record is: the scene of the built-in data sets,
# the file's name of those that `prepare` wrote.
_SCENE, _NAME, _MASK = "scene", "name", "mask"
_COMPRESSED = ".gz"
_MODULUS = 1 << 256


@dataclasses.dataclass(frozen=True)
class Key:
  """Which picture a record of a test split is.

  Attributes:
    scene: Name of its scene, empty where there is none.
    name: Name of its file, empty where there is none.
    digest: SHA-256 of the record.
  """

  scene: str
  name: str
  digest: bytes


@dataclasses.dataclass(frozen=True)
class Split:
  """The records of a split.

  Attributes:
    files: Their files, sorted.
    count: How many records there are.
    size: Bytes of all records, uncompressed.
    digest: Number below 2²⁵⁶ that depends on what the records hold, not on
      their order.
    keys: Of a test split, which pictures they are, in the files' order; else
      empty.
    masks: Whether each of them has a mask.
  """

  files: tuple[str, ...]
  count: int
  size: int
  digest: int
  keys: tuple[Key, ...]
  masks: bool

  def order(self) -> list[int]:
    """Returns the records' numbers, sorted by scene, then by name."""

    def key(number: int) -> tuple[str, str, bytes]:
      found = self.keys[number]
      return found.scene, found.name, found.digest

    return sorted(range(self.count), key=key)


def is_artifact(folder: str) -> bool:
  """Says whether a folder, or an address, is an Examples artifact.

  Args:
    folder: Any; need not exist.
  """
  if not files_lib.is_address(folder):
    return os.path.isdir(os.path.join(folder, f"{PREFIX}trainA"))
  try:
    return bool(tf.io.gfile.isdir(f"{folder.rstrip('/')}/{PREFIX}trainA"))
  except tf.errors.OpError:
    return False  # who reads it says why


def read(folder: str, split: str) -> Split:
  """Reads a split's records once, from end to end.

  Args:
    folder: The artifact's.
    split: `trainA` or another one.

  Raises:
    errors.UserError: If the split is missing or empty, or a record is damaged
      or has no picture.
  """
  below = os.path.join(folder, f"{PREFIX}{split}")
  try:
    names = sorted(tf.io.gfile.listdir(below))
  except tf.errors.OpError as error:
    raise errors.UserError(
      f"has no {PREFIX}{split} ({errors.first_line(error)}). It needs those of"
      " trainA, trainB, testA and testB.",
      "dataset",
      folder,
    ) from error
  files = tuple(
    os.path.join(below, name) for name in names if not name.startswith(".")
  )
  size, total, keys, masks = 0, 0, [], True
  count = 0
  for record in _records(files, folder):
    found = _features(record)
    if IMAGE not in found:
      raise errors.UserError(
        f": a record of {PREFIX}{split} has no picture named {IMAGE}. Choose"
        " another data set.",
        "dataset",
        folder,
      )
    digest = hashlib.sha256(record).digest()
    total = (total + int.from_bytes(digest, "big")) % _MODULUS
    size += len(record)
    count += 1
    if split.startswith("test"):
      masks = masks and _MASK in found
      scene, name = (
        os.fsdecode(found.get(feature, b"")) for feature in (_SCENE, _NAME)
      )
      keys.append(Key(scene, name, digest))
  if not count:
    raise errors.UserError(
      f": {PREFIX}{split} is empty. Choose another data set.",
      "dataset",
      folder,
    )
  return Split(files, count, size, total, tuple(keys), masks and bool(keys))


def _records(files: Sequence[str], folder: str) -> Iterator[bytes]:
  """Yields all records of some files; those that are damaged are named."""
  for path in files:
    try:
      yield from _opened([path]).as_numpy_iterator()
    except tf.errors.OpError as error:
      raise errors.UserError(
        f": {path} is damaged ({errors.first_line(error)}). Make it again.",
        "dataset",
        folder,
      ) from error


def _opened(files: Sequence[str]) -> tf.data.Dataset:
  """Returns the records of files in their order; all are compressed or none."""
  kind = "GZIP" if files[0].endswith(_COMPRESSED) else ""
  return tf.data.TFRecordDataset([os.fsencode(p) for p in files], kind)


def _features(record: bytes) -> dict[str, bytes]:
  """Returns the texts and pictures of a record; of what is none, nothing."""
  try:
    example = tf.train.Example.FromString(record)
  except message.DecodeError:
    return {}
  return {
    name: feature.bytes_list.value[0]
    for name, feature in example.features.feature.items()
    if len(feature.bytes_list.value) == 1
  }


def pictures(split: Split, feature: str = IMAGE) -> tf.data.Dataset:
  """Returns a split's encoded pictures, every time in the same order.

  Args:
    split: From `read`. A test split comes sorted by scene and name, so that
      those of both domains show the same things in the same order; a training
      split as it lies in the files.
    feature: `image`, or `mask` of a test split.
  """
  keys = {feature: tf.io.FixedLenFeature([], tf.string)}

  def parse(record: tf.Tensor) -> tf.Tensor:
    return tf.io.parse_single_example(record, keys)[feature]

  encoded = _opened(split.files).map(parse, num_parallel_calls=tf.data.AUTOTUNE)
  if not split.keys:
    return encoded
  every = list(encoded.as_numpy_iterator())
  return tf.data.Dataset.from_tensor_slices([every[i] for i in split.order()])


def same_scenes(one: Split, other: Split) -> bool:
  """Says whether two test splits show the same scenes, as built-in sets do.

  Args:
    one: From `read`.
    other: From `read`.
  """
  scenes = [sorted(key.scene for key in split.keys) for split in (one, other)]
  return (
    scenes[0] == scenes[1]
    and all(scenes[0])
    and len(set(scenes[0])) == len(scenes[0])
  )


def require_partners(one: Split, other: Split) -> None:
  """Refuses test splits of which a name is in one only, or twice.

  Args:
    one: Of domain A, from `read`.
    other: Of domain B.

  Raises:
    errors.UserError: Carries the option `paired`.
  """
  named = []
  for split in (one, other):
    names = [os.path.splitext(key.name)[0] for key in split.keys]
    named.append(set(names))
    if len(named[-1]) < len(names):
      raise errors.UserError(
        ": a test split has several pictures of one name, or pictures without"
        " names. Leave --paired out.",
        "paired",
      )
  lone = sorted(named[0] ^ named[1])
  if lone:
    raise errors.UserError(
      f": {lone[0]} of a test split has no partner of that name in the other"
      f" one ({len(lone)} such pictures). Leave --paired out.",
      "paired",
    )


def digest(folder: str) -> str:
  """Returns a SHA-256 of what an artifact holds, in whatever order.

  Args:
    folder: The artifact's.

  Raises:
    errors.UserError: As `read`.
  """
  total = hashlib.sha256()
  for split in ("trainA", "trainB", "testA", "testB"):
    found = read(folder, split)
    total.update(f"{split} {found.count} {found.digest:x}\n".encode())
  return total.hexdigest()
