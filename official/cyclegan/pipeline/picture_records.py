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
"""Pictures in TFRecords and webdataset shards, without TensorFlow.

A TFRecord file is read and written one record at a time, by its framing
(TensorFlow's `tensorflow/core/lib/io/record_writer.h`): the length, its
checksum, the bytes, their checksum. A record is a `tf.train.Example` whose
feature `image` (or `image/encoded`) holds an encoded picture, and `name` (or
`image/filename`) what it is called.

A webdataset shard is a tar file in which files that are called alike up to the
first dot of their last part belong together.
"""

from __future__ import annotations

import functools
import io
import json
import os
import posixpath
import re
import struct
import tarfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, IO

import google_crc32c
import PIL.Image
from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool
from google.protobuf import message
from google.protobuf import message_factory

TFRECORD, WEBDATASET = "tfrecord", "webdataset"
ENDINGS = {TFRECORD: ".tfrecord", WEBDATASET: ".tar"}
_PACKAGE = "official.cyclegan.records"
_IMAGE_FEATURES = ("image", "image/encoded")
_NAME_FEATURES = ("name", "image/filename")
# `pictures-trainA.tfrecord-00000-of-00004`, `data_tfrecord-00000-of-00001.gz`.
_FILE = re.compile(r"[._-]tfrecords?(-[0-9]+-of-[0-9]+)?(\.gz)?$")
_PLACE = re.compile(r"(?P<file>.*)#(?P<offset>[0-9]+)$", re.DOTALL)
_LENGTH = struct.Struct("<Q")
_SUM = struct.Struct("<I")
_LARGEST = 1 << 31  # bytes; what protocol buffers can hold
_Field = descriptor_pb2.FieldDescriptorProto


class DamagedError(ValueError):
  """A record, or the rest of a file of records, cannot be used.

  Attributes:
    ends: Whether nothing more can be read of the file.
  """

  def __init__(self, reason: str, ends: bool):
    """Says what is wrong.

    Args:
      reason: A sentence.
      ends: Whether nothing more can be read of the file.
    """
    super().__init__(reason)
    self.ends = ends


def is_record_file(path: str) -> bool:
  """Says whether a file holds TFRecords, by its name."""
  return bool(_FILE.search(posixpath.basename(path).lower()))


def place(path: str, offset: int) -> str:
  """Returns the address of a record: its file, `#`, and where it begins."""
  return f"{path}#{offset}"


def split_place(address: str) -> tuple[str, int] | None:
  """Returns a record's file and where it begins, bytes; None of other files."""
  found = _PLACE.match(address)
  if found and is_record_file(found["file"]):
    return found["file"], int(found["offset"])
  return None


def read(file: BinaryIO) -> Iterator[tuple[int, bytes | DamagedError]]:
  """Reads records from where a file is to its end.

  Args:
    file: Open for reading bytes, not compressed any more.

  Yields:
    Where each record begins, bytes, and its contents, or why there are none.
    After an error that `ends` the file nothing follows.
  """
  offset = file.tell()
  while True:
    head = file.read(_LENGTH.size + _SUM.size)
    if not head:
      return
    if len(head) < _LENGTH.size + _SUM.size:
      yield offset, DamagedError("The file ends within a record.", True)
      return
    (length,) = _LENGTH.unpack_from(head)
    (given,) = _SUM.unpack_from(head, _LENGTH.size)
    if given != _checksum(head[: _LENGTH.size]) or length > _LARGEST:
      yield offset, DamagedError("The file holds no TFRecords here.", True)
      return
    contents, tail = file.read(length), file.read(_SUM.size)
    if len(tail) < _SUM.size:
      yield offset, DamagedError("The file ends within a record.", True)
      return
    if _SUM.unpack(tail)[0] != _checksum(contents):
      yield offset, DamagedError("The record's checksum is wrong.", False)
    else:
      yield offset, contents
    offset += len(head) + length + len(tail)


def write(file: IO[bytes], contents: bytes) -> None:
  """Writes a record.

  Args:
    file: Open for writing bytes.
    contents: The record.
  """
  length = _LENGTH.pack(len(contents))
  file.write(length + _SUM.pack(_checksum(length)))
  file.write(contents)
  file.write(_SUM.pack(_checksum(contents)))


def _checksum(contents: bytes) -> int:
  """Returns the masked CRC-32C of TFRecords."""
  crc = google_crc32c.value(contents)
  return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def example(features: Mapping[str, bytes | int]) -> bytes:
  """Returns a `tf.train.Example`, the same features always as the same bytes.

  Args:
    features: Bytes and whole numbers, one for each name.
  """
  made = _example_class()()
  for name, value in features.items():
    feature = made.features.feature[name]
    if isinstance(value, bytes):
      feature.bytes_list.value.append(value)
    else:
      feature.int64_list.value.append(value)
  return made.SerializeToString(deterministic=True)


def picture(record: bytes) -> tuple[bytes, str]:
  """Returns the picture of a record.

  Args:
    record: A `tf.train.Example`.

  Returns:
    The encoded picture and its name, which is empty if it has none.

  Raises:
    DamagedError: If it is not one, or holds no picture.
  """
  parsed = _example_class()()
  try:
    parsed.ParseFromString(record)
  except message.DecodeError as error:
    raise DamagedError("The record is no tf.train.Example.", False) from error
  features = parsed.features.feature

  def first(names: tuple[str, ...]) -> bytes:
    for name in names:
      if name in features and features[name].bytes_list.value:
        return features[name].bytes_list.value[0]
    return b""

  contents = first(_IMAGE_FEATURES)
  if not contents:
    raise DamagedError(
      f"The record has no picture called {' or '.join(_IMAGE_FEATURES)}.",
      False,
    )
  return contents, os.fsdecode(first(_NAME_FEATURES))


def ending_of(contents: bytes) -> str:
  """Returns the ending for an encoded picture, `.png` if it is unknown."""
  try:
    with PIL.Image.open(io.BytesIO(contents)) as image:
      kind = (image.format or "PNG").lower()
  except Exception:  # a decoder may raise anything about a damaged picture
    return ".png"  # who reads it will say what is wrong
  return {"jpeg": ".jpg"}.get(kind, f".{kind}")


@functools.cache
def _example_class() -> Any:
  """Returns `tf.train.Example` as far as it is needed here.

  Declared by its wire format (TensorFlow's `example.proto`, `feature.proto`),
  under another name: TensorFlow may be in the process as well.
  """
  file = descriptor_pb2.FileDescriptorProto(
    name="official/cyclegan/records.proto", package=_PACKAGE, syntax="proto3"
  )

  def declare(
    name: str, *fields: tuple[str, int, int, int, str]
  ) -> descriptor_pb2.DescriptorProto:
    made = file.message_type.add(name=name)
    for field, number, label, kind, type_name in fields:
      made.field.add(
        name=field,
        number=number,
        label=label,
        type=kind,
        type_name=f".{_PACKAGE}.{type_name}" if type_name else None,
      )
    return made

  declare(
    "BytesList", ("value", 1, _Field.LABEL_REPEATED, _Field.TYPE_BYTES, "")
  )
  declare(
    "Int64List", ("value", 1, _Field.LABEL_REPEATED, _Field.TYPE_INT64, "")
  )
  declare(
    "Feature",
    ("bytes_list", 1, _Field.LABEL_OPTIONAL, _Field.TYPE_MESSAGE, "BytesList"),
    ("int64_list", 3, _Field.LABEL_OPTIONAL, _Field.TYPE_MESSAGE, "Int64List"),
  )
  features = declare(
    "Features",
    (
      "feature",
      1,
      _Field.LABEL_REPEATED,
      _Field.TYPE_MESSAGE,
      "Features.FeatureEntry",
    ),
  )
  entry = features.nested_type.add(name="FeatureEntry")
  entry.options.map_entry = True
  entry.field.add(
    name="key", number=1, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_STRING
  )
  entry.field.add(
    name="value",
    number=2,
    label=_Field.LABEL_OPTIONAL,
    type=_Field.TYPE_MESSAGE,
    type_name=f".{_PACKAGE}.Feature",
  )
  declare(
    "Example",
    ("features", 1, _Field.LABEL_OPTIONAL, _Field.TYPE_MESSAGE, "Features"),
  )
  pool = descriptor_pool.DescriptorPool()
  pool.Add(file)
  return message_factory.GetMessageClass(
    pool.FindMessageTypeByName(f"{_PACKAGE}.Example")
  )


def sample_key(name: str) -> str:
  """Returns what a picture is called in a webdataset shard, up to its ending.

  A key ends at the first dot of a name's last part: other dots are written as
  `%2E`, so that different names stay different.

  Args:
    name: The picture's name with its folders.
  """
  folder, _, last = name.rpartition("/")
  stem = posixpath.splitext(last)[0].replace("%", "%25").replace(".", "%2E")
  return f"{folder}/{stem}" if folder else stem


def writer(
  kind: str, file: IO[bytes]
) -> tuple[Callable[[str, bytes, dict[str, Any]], None], Callable[[], None]]:
  """Returns what writes pictures into a shard.

  Args:
    kind: `TFRECORD` or `WEBDATASET`.
    file: Open for writing bytes.

  Returns:
    A function of a picture's name, its encoded contents, and what else is known
    of it, and one that ends the shard. The same pictures give the same bytes.
  """
  if kind == TFRECORD:

    def add_record(name: str, contents: bytes, about: dict[str, Any]) -> None:
      features: dict[str, bytes | int] = {
        "image": contents,
        "name": os.fsencode(name),
        "source": os.fsencode(about["source"]),
        "sha256": about["sha256"].encode(),
      }
      write(file, example(features))

    return add_record, lambda: None
  tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
  used: set[str] = set()

  def add_member(name: str, contents: bytes, about: dict[str, Any]) -> None:
    key = sample_key(name)
    if key in used:  # a.png of a.jpg's shard: its ending tells them apart
      key = sample_key(f"{name}.")
    used.add(key)
    known = {"name": name, "source": about["source"], "sha256": about["sha256"]}
    text = json.dumps(known, sort_keys=True).encode()
    ending = posixpath.splitext(name)[1].lower()
    for member, data in ((f"{key}{ending}", contents), (f"{key}.json", text)):
      info = tarfile.TarInfo(member)  # of no owner, and made in 1970
      info.size, info.mode = len(data), 0o644
      tar.addfile(info, io.BytesIO(data))

  return add_member, tar.close
