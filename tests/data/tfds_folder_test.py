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
import json
import os
import sys

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import sources
from official.cyclegan.data import tfds_folder
from tests import conftest

_OWN = "tensorflow_datasets.core.features"
_IMAGE = {
  "pythonClassName": f"{_OWN}.image_feature.Image",
  "image": {"dtype": "uint8", "shape": {"dimensions": ["-1", "-1", "3"]}},
}


def _features(image):
  return {
    "pythonClassName": f"{_OWN}.features_dict.FeaturesDict",
    "featuresDict": {"features": {"image": image}},
  }


def _write(folder, features=None, info=None):
  """Writes a folder of records as TFDS does, a picture in each split."""
  folder.mkdir(parents=True)
  picture = tf.io.encode_png(tf.zeros([8, 8, 3], tf.uint8)).numpy()
  feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture]))
  example = tf.train.Example(
    features=tf.train.Features(feature={"image": feature})
  ).SerializeToString()
  splits = []
  for split in sources.SPLITS:
    name = f"stranger-{split}.tfrecord-00000-of-00001"
    with tf.io.TFRecordWriter(str(folder / name)) as writer:
      writer.write(example)
    splits.append({"name": split, "shardLengths": ["1"], "numBytes": "200"})
  made = {
    "name": "stranger",
    "version": "1.0.0",
    "fileFormat": "tfrecord",
    "splits": splits,
    **(info or {}),
  }
  (folder / "dataset_info.json").write_text(json.dumps(made))
  (folder / "features.json").write_text(
    json.dumps(features or _features(_IMAGE))
  )
  return folder


@pytest.fixture
def payload(tmp_path, monkeypatch):
  """A module that says that it was run; gives the file that it writes."""
  mark = tmp_path / "it_was_run"
  path = tmp_path / "code" / "strangers_code.py"
  path.parent.mkdir()
  path.write_text(f"open({str(mark)!r}, 'w').close()\n")
  monkeypatch.syspath_prepend(str(path.parent))
  yield mark
  sys.modules.pop("strangers_code", None)


_EVIL = {"pythonClassName": "strangers_code.Image", "image": {}}
_LEGACY = {"type": "strangers_code.Image", "content": {}}
# Ways to name a class of one's own, all of which TFDS follows.
_WAYS = {
  "a feature": {"features": _features(_EVIL)},
  "the features": {"features": _EVIL},
  "the other spelling": {
    "features": _features({"python_class_name": "strangers_code.X", "text": {}})
  },
  "the old format": {"features": _LEGACY},
  "JSON in a text": {
    "features": {
      "pythonClassName": f"{_OWN}.features_dict.FeaturesDict",
      "jsonFeature": {"json": json.dumps({"image": _LEGACY})},
    }
  },
  "dataset_info.json": {"info": {"features": _features(_EVIL)}},
}


@pytest.mark.parametrize("way", _WAYS)
def test_a_strangers_packed_set_runs_no_code(tmp_path, payload, way):
  folder = _write(tmp_path / "stranger", **_WAYS[way])
  config = config_lib.DataConfig(dataset=str(folder))
  with pytest.raises(errors.UserError, match="strangers_code") as error:
    sources.open_source(config)
  assert f"--dataset={folder}" in str(error.value)
  assert "\n" not in str(error.value)
  assert not payload.exists() and "strangers_code" not in sys.modules
  # The danger is there: TFDS by itself runs it.
  with pytest.raises(Exception):  # noqa: B017  # whatever it says
    tfds.builder_from_directory(str(folder))
  assert payload.exists()


def test_a_strangers_data_dir_runs_no_code(tmp_path, payload):
  folder = tmp_path / "data" / "stranger" / "1.0.0"
  _write(folder, features=_features(_EVIL))
  config = config_lib.DataConfig(
    dataset="stranger", data_dir=str(tmp_path / "data")
  )
  with pytest.raises(errors.UserError, match="strangers_code"):
    sources.open_source(config)
  assert not payload.exists()


@pytest.mark.parametrize("by_name", [False, True])
def test_what_tfds_writes_is_read(tmp_path, by_name):
  folder = _write(tmp_path / "stranger" / "1.0.0")
  config = config_lib.DataConfig(dataset=str(folder))
  if by_name:
    config = config_lib.DataConfig(dataset="stranger", data_dir=str(tmp_path))
  source = sources.open_source(config)
  assert source.counts == dict.fromkeys(sources.SPLITS, 1)
  (image,) = source.images("testB").as_numpy_iterator()
  assert image.shape == (8, 8, 3)


@pytest.mark.parametrize("name", ["features.json", "dataset_info.json"])
@pytest.mark.parametrize(
  "content", [b"{", b"\xff\xfe", b"[" * 100_000, b"\x00" * 50]
)
def test_damaged_metadata_is_one_line(tmp_path, name, content):
  folder = _write(tmp_path / "stranger")
  (folder / name).write_bytes(content)
  with pytest.raises(errors.UserError, match=name) as error:
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))
  assert "\n" not in str(error.value)


def test_examples_without_names_are_refused(tmp_path):
  text = {"pythonClassName": f"{_OWN}.text_feature.Text", "text": {}}
  folder = _write(tmp_path / "stranger", features=text)
  with pytest.raises(errors.UserError, match=f"--dataset={folder} has exam"):
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))


@pytest.mark.parametrize(
  "info",
  [
    {"name": "../elsewhere"},
    {
      "splits": [
        {
          "name": "trainA",
          "shardLengths": ["1"],
          "filepathTemplate": "/etc/{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
        }
      ]
    },
  ],
)
def test_records_that_are_elsewhere_are_refused(tmp_path, info):
  folder = _write(tmp_path / "stranger", info=info)
  with pytest.raises(errors.UserError, match=f"--dataset={folder}"):
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))


def _splits(**changes):
  return [{"name": name, "shardLengths": ["1"]} | changes for name in "AB"]


_TOLD = {
  "negative": {"splits": _splits(shardLengths=["-5"])},
  "none": {"splits": _splits(shardLengths=["six"])},
  "a fraction": {"splits": _splits(shardLengths=[1.5])},
  "true": {"splits": _splits(shardLengths=[True])},
  "an object": {"splits": _splits(shardLengths={"a": 1})},
  "huge": {"splits": _splits(shardLengths=["9000000000000000000"])},
  "digits": {"splits": _splits(shardLengths=["9" * 5000])},
  "a large number": {"splits": _splits(shardLengths=[10**300])},
  "more than the files hold": {"splits": _splits(shardLengths=["1000"])},
  "many files": {"splits": _splits(shardLengths=["0"] * 100_000)},
  "the other spelling": {
    "splits": _splits(shard_lengths=[], shardLengths=[-1])
  },
  "another spelling": {
    "splits": [{"name": "trainA", "shard_lengths": ["-1"]}],
  },
  "bytes": {"splits": _splits(numBytes="-1")},
  "a text": {"splits": "trainA"},
  "numbers": {"splits": [1, 2]},
  "array_record": {"fileFormat": "array_record"},
  "a list": {"file_format": ["tfrecord"]},
  "others": {"alternativeFileFormats": ["riegeli"]},
  **{
    template: {"splits": _splits(filepathTemplate=template)}
    for template in (
      "{SPLIT:>300000000}",
      "{SPLIT.__class__}",
      "{SPLIT!r}",
      "{SPLIT[0]}",
      "{0}",
      "{}",
      "{{SPLIT}}",
      "{SPLIT",
      "{SECRET}",
      "../{SPLIT}",
      "a/{SPLIT}",
      "{SPLIT}*",
      "{SPLIT}\n",
      "x" * 256,
      7,
    )
  },
}


@pytest.mark.parametrize("told", _TOLD.values(), ids=map(str, _TOLD))
def test_what_records_cannot_be_is_refused_before_tfds_sees_it(
  tmp_path, monkeypatch, told
):
  folder = _write(tmp_path / "stranger", info=told)
  monkeypatch.setattr(tfds, "builder_from_directory", lambda _: pytest.fail())
  with pytest.raises(errors.UserError, match="dataset_info.json") as error:
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))
  assert f"--dataset={folder}" in str(error.value)
  assert "\n" not in str(error.value) and len(str(error.value)) < 1000


@pytest.mark.parametrize(
  "template",
  [
    "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
    "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_INDEX}-of-{NUM_SHARDS}",
  ],
)
def test_what_records_can_be_is_not(tmp_path, template):
  for number in ("1", 1):
    info = {
      "splits": [
        {
          "name": name,
          "shardLengths": [number],
          "numBytes": number,
          "filepathTemplate": template,
        }
        for name in sources.SPLITS
      ]
    }
    folder = _write(tmp_path / f"stranger{number!r}", info=info)
    source = sources.open_source(config_lib.DataConfig(dataset=str(folder)))
    assert source.counts == dict.fromkeys(sources.SPLITS, 1)


def test_metadata_of_any_size_is_not_read(tmp_path, monkeypatch):
  monkeypatch.setattr(tfds_folder, "_MAX_METADATA", 50)
  folder = _write(tmp_path / "stranger")
  with pytest.raises(errors.UserError, match="more than 50 bytes"):
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))


def test_a_pipe_among_records_is_not_opened(tmp_path):
  folder = _write(tmp_path / "stranger")
  os.mkfifo(folder / "image.labels.txt")
  with pytest.raises(errors.UserError, match="is a pipe"):
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))


def test_a_description_with_brackets_is_no_json(tmp_path):
  folder = _write(tmp_path / "stranger", info={"description": "[sic] {type}"})
  tfds_folder.check(str(folder))


if __name__ == "__main__":
  conftest.main(__file__)
