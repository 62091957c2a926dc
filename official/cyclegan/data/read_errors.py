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
"""Says which file of a data set it was that could not be read.

TensorFlow's errors of records name a position, not the file, and those of
pictures in records neither.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import folders
from official.cyclegan.data import sources

_RECORDS = ".tfrecord"  # in the name of a file of records
# What TensorFlow raises of damaged files: where the bytes that its message
# quotes are no text, pybind11 raises the other one instead.
MET = (tf.errors.OpError, UnicodeDecodeError)
_TIMES = (tf.errors.UnavailableError, tf.errors.ResourceExhaustedError)


@contextlib.contextmanager
def explained(source: sources.Source) -> Iterator[None]:
  """Names the data set, and the file if that is known, in TensorFlow's errors.

  Args:
    source: What is read.

  Yields:
    Nothing.

  Raises:
    errors.UserError: Instead of TensorFlow's error, unless memory or the
      network is at fault.
  """
  try:
    yield
  except _TIMES:
    raise
  except MET as error:
    raise explain(source, error) from error


def explain(source: sources.Source, error: Exception) -> errors.UserError:
  """Returns what to tell of an error met while a data set was read.

  Args:
    source: The data set.
    error: What TensorFlow raised.
  """
  found = damaged_records(source)
  if found is not None:
    return found
  return errors.UserError(
    f"{source.name} cannot be read ({errors.first_line(error)}). Restore it"
    " from a backup, or make it again."
  )


def damaged_records(source: sources.Source) -> errors.UserError | None:
  """Reads a data set's records from end to end, which compares checksums.

  Args:
    source: The data set; pictures that are files are not looked at.

  Returns:
    What to tell of the first damaged file, None if all are whole.
  """
  records = [p for p in source.files if _RECORDS in os.path.basename(p)]
  total = 0
  for path in records:
    try:
      for _ in tf.data.TFRecordDataset(os.fsencode(path)):
        total += 1
    except tf.errors.OpError as error:
      return errors.UserError(
        f"{path} is damaged ({errors.first_line(error)}). {_remedy(path)}"
      )
  said = sum(source.counts.values())
  if records and total < said:
    return errors.UserError(
      f"{source.name} holds {total} of the {said} pictures that its"
      f" {folders.TFDS_MARK} tells of. {_remedy(records[0])}"
    )
  return None


def _remedy(path: str) -> str:
  folder = os.path.dirname(path)
  if files.is_address(path):
    return "Copy it there again."
  return f"Restore it from a backup, or remove {folder} and make it again."
