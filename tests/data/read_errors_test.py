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

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.data import read_errors
from official.cyclegan.data import sources
from tests import conftest


def _records(folder, contents=(b"one", b"two", b"three")):
  path = folder / "pictures-trainA.tfrecord-00000-of-00001"
  with tf.io.TFRecordWriter(str(path)) as writer:
    for content in contents:
      writer.write(content)
  return path


def _source(*paths, count=3):
  return sources.Source(
    "packed",
    {"trainA": count},
    lambda split: tf.data.TFRecordDataset([str(path) for path in paths]),
    tuple(map(str, paths)),
  )


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_file_of_records_is_named(damage, tmp_path):
  whole = _records(tmp_path)
  assert read_errors.damaged_records(_source(whole)) is None
  (tmp_path / "b").mkdir()
  path = _records(tmp_path / "b")
  data = path.read_bytes()
  # The third record's payload ends four bytes before the end.
  damaged = data[:-3] if damage == "cut" else data[:-6] + b"\x00" + data[-5:]
  path.write_bytes(damaged)
  source = _source(whole, path, count=6)
  with (
    pytest.raises(errors.UserError) as error,
    read_errors.explained(source),
  ):
    list(source.load("trainA").as_numpy_iterator())
  assert str(error.value).startswith(f"{path} is damaged (")
  assert f"remove {path.parent} and make it again." in str(error.value)


def test_records_that_are_missing_are_told_of(tmp_path):
  source = _source(_records(tmp_path), count=4)
  found = read_errors.damaged_records(source)
  assert "packed holds 3 of the 4 pictures" in str(found)


def test_other_errors_name_the_data_set(tmp_path):
  source = _source(_records(tmp_path))

  def decode(path):
    return tf.io.decode_image(path)

  with (
    pytest.raises(errors.UserError, match="^packed cannot be read"),
    read_errors.explained(source),
  ):
    list(source.load("trainA").map(decode))
  with (
    pytest.raises(errors.UserError, match="packed cannot be read .*utf-8"),
    read_errors.explained(source),
  ):
    b"\xff".decode()
  for error in (
    tf.errors.ResourceExhaustedError(None, None, "memory"),
    tf.errors.UnavailableError(None, None, "network"),
  ):
    with pytest.raises(type(error)), read_errors.explained(source):
      raise error
  with read_errors.explained(source):
    assert np.all([len(x) for x in source.load("trainA").as_numpy_iterator()])


if __name__ == "__main__":
  conftest.main(__file__)
