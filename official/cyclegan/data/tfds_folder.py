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
"""Checks a folder of records before TFDS reads it: its metadata can name code.

TFDS writes the class of every feature into `features.json`, and into
`dataset_info.json` where that holds the features, and imports the module of
each when it reads the folder. A stranger's folder could so run any module that
Python finds, of the working directory as well. Accepted are classes of TFDS's
own, which are all that `prepare` writes.

It also believes the numbers and names of files that `dataset_info.json` tells:
with others than there can be it would work or wait for hours, or end in errors
of its own. They are compared with the files that there are.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow_datasets.core import constants

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import messages
from official.cyclegan.core import regular_files
from official.cyclegan.data import folders

FEATURES_NAME = "features.json"
# What holds a class's name: in protocol buffers as JSON, which may spell a
# field in two ways, and in what TFDS wrote before these.
_CLASS_KEYS = ("pythonClassName", "python_class_name", "type")
_OWN_CLASS = re.compile(r"tensorflow_datasets(\.[A-Za-z_][A-Za-z0-9_]*)+")
_MAX_METADATA = 1 << 26  # bytes; of a thousand files of records it has 100,000
# What names of files are made of: TFDS's own places, which it fills in by
# Python's formats, and letters.
_TEMPLATE = re.compile(
  r"([\w.-]|\{(DATASET|SPLIT|FILEFORMAT|SHARD_(X_OF_Y|INDEX)|NUM_SHARDS)\})+",
  re.ASCII,
)
_MAX_NAME = 255
_FORMAT = "tfrecord"
_NUMBER = re.compile("[0-9]{1,18}")
_RECORD_BYTES = 16  # of an empty one: length and checksums
_REMEDY = "Ask for the pictures themselves, and pack them with prepare."


def check(folder: str) -> None:
  """Refuses a folder that could run a stranger's code, or keep TFDS waiting.

  Args:
    folder: A folder, or an address such as `gs://bucket/pictures`, that TFDS
      is about to read. What it lacks is for TFDS to say.

  Raises:
    errors.UserError: If its metadata is not JSON or names a class that is not
      TFDS's own, tells of files and records that cannot be there, or a file in
      it is a pipe, a device or a socket.
  """
  if not files.is_address(folder):
    regular_files.check_folder(folder, "dataset")
  features = _read(folder, FEATURES_NAME)
  info = _read(folder, folders.TFDS_MARK)
  for name, part in (
    (FEATURES_NAME, features),
    (folders.TFDS_MARK, info.get("features") if _is_object(info) else None),
  ):
    for value in _values(part, _CLASS_KEYS):
      if not _OWN_CLASS.fullmatch(value):
        raise errors.UserError(
          f": {name} names the class {value!r}, which is not TFDS's own."
          f" Reading it would run a stranger's code. {_REMEDY}",
          "dataset",
          folder,
        )
  problem = _problem(folder, info) if _is_object(info) else ""
  if problem:
    raise errors.UserError(
      f": {folders.TFDS_MARK} {problem}. Run prepare again, or ask for the"
      " pictures themselves.",
      "dataset",
      folder,
    )


def _problem(folder: str, info: dict[str, Any]) -> str:
  """Returns what is wrong with what a folder tells of its records."""
  splits = _list_of(info, "splits")
  for part in filter(_is_object, (info, *splits)):
    names = [_camel(key) for key in part]
    if len(set(names)) < len(names):
      return "says something twice, in two spellings"
  formats = (
    _of(info, "fileFormat", _FORMAT),
    *_list_of(info, "alternativeFileFormats"),
  )
  for found in formats:
    if found != _FORMAT:
      return f"tells of records as {_shown(found)}, not {_FORMAT}"
  if not splits:
    return ""  # TFDS says that
  files_there, bytes_there = _held(folder)
  for split in splits:
    if not _is_object(split):
      return f"has the split {_shown(split)}"
    where = f"of the split {_shown(split.get('name'))}"
    template = _of(split, "filepathTemplate", "")
    if template and not (
      isinstance(template, str)
      and len(template) <= _MAX_NAME
      and _TEMPLATE.fullmatch(template)
    ):
      return f"names files {where} by {_shown(template)}"
    lengths = _list_of(split, "shardLengths")
    if len(lengths) > files_there:
      return f"tells of {len(lengths):,} files {where}: there are fewer"
    for value in (*lengths, _of(split, "numBytes", 0)):
      if _whole(value) is None:
        return f"has the number {_shown(value)} {where}"
    records = sum(_whole(value) or 0 for value in lengths)
    if bytes_there is not None and records * _RECORD_BYTES > bytes_there:
      return f"tells of {records:,} records {where}: the files hold fewer"
  return ""


def _shown(value: Any) -> str:
  """Returns what was found, in one line; texts in quotes."""
  return messages.shown(repr(value) if isinstance(value, str) else value)


def _camel(key: str) -> str:
  """Returns a field's name as protocol buffers spell it in JSON."""
  return re.sub("_([a-z])", lambda found: found[1].upper(), key)


def _of(values: dict[str, Any], key: str, default: Any) -> Any:
  """Returns a field in either of a protocol buffer's spellings."""
  for spelled, value in values.items():
    if _camel(spelled) == key and value is not None:
      return value
  return default


def _list_of(values: dict[str, Any], key: str) -> list[Any]:
  """Returns a field that is a list; what is none as the only element."""
  value = _of(values, key, [])
  return value if isinstance(value, list) else [value]


def _whole(value: Any) -> int | None:
  """Returns a number as JSON's protocol buffers have it, None if it is none."""
  if isinstance(value, (int, str)) and not isinstance(value, bool):
    # Not int() first: Python refuses texts of very many digits.
    text = value if isinstance(value, str) else f"{min(value, 10**18)}"
    return int(text) if _NUMBER.fullmatch(text) else None
  return None


def _held(folder: str) -> tuple[int, int | None]:
  """Returns how many files a folder has, and their bytes if these are known."""
  if files.is_address(folder):
    try:
      return len(tf.io.gfile.listdir(folder)), None
    except tf.errors.OpError:
      return 0, None
  try:
    with os.scandir(folder) as entries:
      sizes = [entry.stat().st_size for entry in entries if entry.is_file()]
  except OSError:
    return 0, 0
  return len(sizes), sum(sizes)


def check_files(folder: str, paths: Iterable[str | os.PathLike[str]]) -> None:
  """Refuses a data set whose records are not in its folder.

  Args:
    folder: The folder.
    paths: The files that TFDS makes of the names and patterns in it.

  Raises:
    errors.UserError: If one is elsewhere.
  """
  for path in (os.fspath(path) for path in paths):
    if os.path.dirname(path).rstrip("/") != folder.rstrip("/"):
      raise errors.UserError(
        f": {folders.TFDS_MARK} names {path!r}, a file that is elsewhere."
        f" {_REMEDY}",
        "dataset",
        folder,
      )


def check_all(data_dir: str, name: str) -> None:
  """Checks all folders of a data set's versions that TFDS might read.

  Args:
    data_dir: TFDS's data folder; empty: TFDS's own default.
    name: The data set's full name, such as `cycle_gan/horse2zebra:3.0.0`.

  Raises:
    errors.UserError: As `check`.
  """
  data_dir = data_dir or os.path.expanduser(constants.DATA_DIR)
  base = re.split("[/:]", name)[0]
  if not base:
    found = []
  elif files.is_address(data_dir):
    found = _addresses(data_dir, base)
  else:
    found = [
      parent
      for parent, _, names in os.walk(os.path.join(data_dir, base))
      if FEATURES_NAME in names or folders.TFDS_MARK in names
    ]
  for folder in found:
    check(folder)


def _addresses(data_dir: str, base: str) -> list[str]:
  """Returns the folders with metadata below an address."""
  found = []
  for depth in ("*", "*/*", "*/*/*"):  # version, below a configuration or two
    pattern = f"{data_dir}/{base}/{depth}/{FEATURES_NAME}"
    try:
      found += [os.path.dirname(path) for path in tf.io.gfile.glob(pattern)]
    except tf.errors.OpError:
      return found  # cannot be listed: TFDS cannot either
  return found


def _is_object(value: Any) -> bool:
  return isinstance(value, dict)


def _read(folder: str, name: str) -> Any:
  """Returns what a file of metadata holds, an empty object if it is missing."""
  path = os.path.join(folder, name)
  try:
    if not tf.io.gfile.exists(path):
      return {}
    if tf.io.gfile.stat(path).length > _MAX_METADATA:
      raise ValueError(f"it has more than {_MAX_METADATA:,} bytes")
    with tf.io.gfile.GFile(path, "rb") as file:
      return json.loads(file.read())
  except (tf.errors.OpError, ValueError, RecursionError) as error:
    raise errors.UserError(
      f": {path} cannot be read ({errors.first_line(error)}). Run prepare"
      " again.",
      "dataset",
      folder,
    ) from error


def _values(root: Any, keys: tuple[str, ...]) -> Iterator[str]:
  """Yields all texts under certain keys, also of JSON within texts."""
  rest = [root]
  while rest:
    value = rest.pop()
    if isinstance(value, dict):
      for key, below in value.items():
        if key in keys and isinstance(below, str):
          yield below
        rest.append(below)
    elif isinstance(value, list):
      rest += value
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
      # TFDS keeps what has no protocol buffer as JSON in a text.
      try:
        rest.append(json.loads(value))
      except RecursionError:
        yield value
      except ValueError:
        continue  # a description that begins with a bracket
