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
"""Tests of data sets that are an Examples artifact of TFX."""

import itertools
import os

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import example_records
from official.cyclegan.data import sources
from tests import conftest

_SPLITS = ("trainA", "trainB", "testA", "testB")


def _picture(level):
  return np.full((8, 8, 3), level, np.uint8)


def _record(**features):
  made = {
    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    for name, value in features.items()
  }
  example = tf.train.Example(features=tf.train.Features(feature=made))
  return example.SerializeToString(deterministic=True)


def _encoded(level):
  return tf.io.encode_png(_picture(level)).numpy()


def _write(folder, split, records, shards=2, ending=".gz"):
  below = folder / f"Split-{split}"
  below.mkdir(parents=True)
  options = "GZIP" if ending == ".gz" else None
  for shard in range(shards):
    name = f"data_tfrecord-{shard:05d}-of-{shards:05d}{ending}"
    with tf.io.TFRecordWriter(str(below / name), options) as writer:
      for record in records[shard::shards]:
        writer.write(record)


def _artifact(folder, order, key="scene", mask=False, ending=".gz"):
  """Writes four splits; A's pictures have even levels, B's the next one."""
  for split in _SPLITS:
    records = []
    for i in order:
      features = {"image": _encoded(20 * i + (split[-1] == "B"))}
      if key:
        features[key] = (
          f"{key}_{i:03d}{'' if key == 'scene' else '.png'}".encode()
        )
      if mask:
        features["mask"] = tf.io.encode_png(_picture(10 * i)[..., :1]).numpy()
      records.append(_record(**features))
    # Beam divides every split in its own way.
    _write(
      folder, split, records[:: 1 if split[-1] == "A" else -1], ending=ending
    )
  return str(folder)


def _levels(dataset):
  return [int(image[0, 0, 0]) for image in dataset.as_numpy_iterator()]


@pytest.mark.parametrize("ending", [".gz", ""])
def test_test_splits_are_sorted_so_that_they_stay_paired(tmp_path, ending):
  folder = _artifact(tmp_path / "x", [3, 0, 2, 1, 4], mask=True, ending=ending)
  source = sources.open_source(config_lib.DataConfig(dataset=folder))
  assert source.paired
  assert source.counts == dict.fromkeys(_SPLITS, 5)
  assert _levels(source.images("testA")) == [0, 20, 40, 60, 80]
  assert _levels(source.images("testB")) == [1, 21, 41, 61, 81]
  assert sorted(_levels(source.images("trainB"))) == [1, 21, 41, 61, 81]
  assert _levels(source.images("trainA")) == _levels(source.images("trainA"))
  assert _levels(source.load_masks()) == [0, 10, 20, 30, 40]


def test_names_pair_pictures_if_asked(tmp_path):
  folder = _artifact(tmp_path / "x", [2, 0, 1], key="name")
  plain = sources.open_source(config_lib.DataConfig(dataset=folder))
  assert not plain.paired and plain.load_masks is None
  asked = config_lib.DataConfig(dataset=folder, paired=True)
  source = sources.open_source(asked)
  assert source.paired
  assert _levels(source.images("testA")) == [0, 20, 40]
  assert _levels(source.images("testB")) == [1, 21, 41]


def test_pictures_without_partners_are_refused(tmp_path):
  folder = tmp_path / "x"
  _artifact(folder, [0, 1], key="name")
  extra = _record(image=_encoded(9), name=b"lone.png")
  path = str(folder / "Split-testB" / "data_tfrecord-extra.gz")
  with tf.io.TFRecordWriter(path, "GZIP") as writer:
    writer.write(extra)
  config = config_lib.DataConfig(dataset=str(folder), paired=True)
  with pytest.raises(errors.UserError, match="lone of a test split"):
    sources.open_source(config)
  nameless = _artifact(tmp_path / "y", [0, 1], key="")
  with pytest.raises(errors.UserError, match="without names"):
    sources.open_source(config_lib.DataConfig(dataset=nameless, paired=True))


def test_the_digest_depends_on_the_pictures_and_not_on_their_order(tmp_path):
  orders = list(itertools.permutations(range(3)))
  digests = {
    example_records.digest(_artifact(tmp_path / str(n), orders[n]))
    for n in (0, 2, 5)
  }
  assert len(digests) == 1
  other = example_records.digest(_artifact(tmp_path / "o", [0, 1, 3]))
  more = example_records.digest(_artifact(tmp_path / "m", [0, 1, 2, 2]))
  assert len(digests | {other, more}) == 3


@pytest.mark.parametrize(
  ("spoil", "words"),
  [
    ("missing", "has no Split-testB"),
    ("empty", "Split-testB is empty"),
    ("cut", "is damaged"),
    ("no picture", "no picture named image"),
    ("no example", "no picture named image"),
  ],
)
def test_what_cannot_be_read_is_named(tmp_path, spoil, words):
  folder = tmp_path / "x"
  _artifact(folder, [0, 1, 2])
  below = folder / "Split-testB"
  paths = sorted(below.iterdir())
  if spoil == "cut":
    paths[0].write_bytes(paths[0].read_bytes()[:-12])
  else:
    for path in paths:
      path.unlink()
    below.rmdir()
    if spoil == "empty":
      _write(folder, "testB", [])
    elif spoil != "missing":
      found = _record(label=b"x") if spoil == "no picture" else b"\xff\xff"
      _write(folder, "testB", [found])
  with pytest.raises(errors.UserError, match=words) as refused:
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))
  assert refused.value.option == "dataset"


def test_other_folders_are_none(tmp_path, pictures):
  assert not example_records.is_artifact(str(tmp_path / "nothing"))
  assert not example_records.is_artifact(str(pictures))
  os.makedirs(tmp_path / "Split-trainA")
  assert example_records.is_artifact(str(tmp_path))


if __name__ == "__main__":
  conftest.main(__file__)
