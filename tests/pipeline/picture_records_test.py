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
"""Tests of TFRecords without TensorFlow, against TensorFlow's own."""

import io
import tarfile

import pytest

from tests import conftest

pytest.importorskip("google_crc32c", reason="Beam's extra is not installed.")
from official.cyclegan.pipeline import picture_records  # noqa: E402

_RECORDS = [b"", b"a", bytes(range(256)) * 300]


def _written(*records):
  file = io.BytesIO()
  for record in records:
    picture_records.write(file, record)
  return file.getvalue()


def _read(contents):
  return [
    value if isinstance(value, bytes) else value.ends
    for _, value in picture_records.read(io.BytesIO(contents))
  ]


def test_tensorflow_reads_what_is_written_and_writes_what_is_read(tmp_path):
  import tensorflow as tf

  path = str(tmp_path / "a.tfrecord")
  with open(path, "wb") as file:
    file.write(_written(*_RECORDS))
  assert list(tf.data.TFRecordDataset(path).as_numpy_iterator()) == _RECORDS
  with tf.io.TFRecordWriter(path) as writer:
    for record in _RECORDS:
      writer.write(record)
  with open(path, "rb") as file:
    assert [record for _, record in picture_records.read(file)] == _RECORDS


def test_a_record_is_found_again_by_where_it_begins():
  contents = _written(*_RECORDS)
  for offset, record in picture_records.read(io.BytesIO(contents)):
    file = io.BytesIO(contents)
    file.seek(offset)
    assert next(picture_records.read(file)) == (offset, record)


def test_examples_are_tensorflows_own():
  import tensorflow as tf

  features = {"image": b"\0\xff", "name": b"x", "label": -3}
  made = picture_records.example(features)
  assert made == picture_records.example(dict(reversed(features.items())))
  parsed = tf.train.Example.FromString(made).features.feature
  assert parsed["image"].bytes_list.value[:] == [b"\0\xff"]
  assert parsed["label"].int64_list.value[:] == [-3]
  other = tf.train.Example()
  other.features.feature["image/encoded"].bytes_list.value.append(b"p")
  other.features.feature["score"].float_list.value.append(0.5)
  assert picture_records.picture(other.SerializeToString()) == (b"p", "")


def test_damage_costs_as_little_as_it_can():
  contents = _written(b"first", b"second", b"third")
  second = len(_written(b"first"))
  changed = bytearray(contents)
  changed[second + 12] ^= 1  # of its data
  assert _read(bytes(changed)) == [b"first", False, b"third"]
  changed = bytearray(contents)
  changed[second] ^= 1  # of its length
  assert _read(bytes(changed)) == [b"first", True]
  for cut in (1, 5, 17):
    assert _read(contents[:-cut]) == [b"first", b"second", True]
  assert _read(b"no records at all, but a text") == [True]


@pytest.mark.parametrize(
  "record", [b"\xff\xff", b"", picture_records.example({"image": 3})]
)
def test_records_without_a_picture_are_refused(record):
  with pytest.raises(picture_records.DamagedError):
    picture_records.picture(record)


@pytest.mark.parametrize(
  ("path", "is_one"),
  [
    ("gs://b/data/pictures-trainA.tfrecord-00003-of-00010", True),
    ("a/data_tfrecord-00000-of-00001.gz", True),
    ("A.TFRECORDS", True),
    ("a.tfrecord.jsonl", False),
    ("tfrecord/a.jpg", False),
    ("my_tfrecordings.txt", False),
  ],
)
def test_files_of_records_are_known_by_their_names(path, is_one):
  assert picture_records.is_record_file(path) == is_one
  place = picture_records.place(path, 12)
  assert picture_records.split_place(place) == ((path, 12) if is_one else None)
  assert picture_records.split_place(path) is None


def test_keys_of_webdataset_stay_different():
  names = ["a.png", "a.b.png", "a%2Eb.png", "d.e/a.b.png", "d.e/a.png"]
  keys = [picture_records.sample_key(name) for name in names]
  assert len(set(keys)) == len(names)
  assert all("." not in key.rpartition("/")[2] for key in keys)
  assert keys[3] == "d.e/a%2Eb"


def test_pictures_that_differ_in_their_endings_are_two_samples():
  file = io.BytesIO()
  add, close = picture_records.writer(picture_records.WEBDATASET, file)
  for name in ("a.jpg", "a.png", "b.png"):
    add(name, name.encode(), {"source": name, "sha256": "0"})
  close()
  file.seek(0)
  with tarfile.open(fileobj=file) as tar:
    names = tar.getnames()
  assert names == [
    *("a.jpg", "a.json", "a%2Epng.png", "a%2Epng.json", "b.png", "b.json")
  ]


if __name__ == "__main__":
  conftest.main(__file__)
