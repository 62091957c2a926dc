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
"""Tests of folders in which work goes on."""

import os
import pathlib

import pytest
import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.data import example_records
from official.cyclegan.pipeline import work_folders
from tests import conftest


def _artifact(folder, first=0):
  for n, split in enumerate(("trainA", "trainB", "testA", "testB")):
    below = folder / f"Split-{split}"
    below.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(below / "data-0.gz"), "GZIP") as writer:
      for i in range(first, first + 2):
        value = tf.train.BytesList(value=[f"{n} {i}".encode()])
        feature = {"image": tf.train.Feature(bytes_list=value)}
        example = tf.train.Example(features=tf.train.Features(feature=feature))
        writer.write(example.SerializeToString())
  return str(folder)


def test_root_is_beside_the_steps(tmp_path):
  examples = str(tmp_path / "Gen" / "examples" / "7")
  assert work_folders.root("", examples) == str(tmp_path / "work")
  assert work_folders.root(str(tmp_path), examples) == str(tmp_path)
  with pytest.raises(errors.UserError, match="mounted") as refused:
    work_folders.root("", "gs://bucket/Gen/examples/7")
  assert refused.value.option == "work_dir"


def test_a_key_tells_apart_what_is_put_together_alike():
  keys = {
    work_folders.key(*texts) for texts in (("ab", "c"), ("a", "bc"), ("abc",))
  }
  assert len(keys) == 3
  assert work_folders.key("x") == work_folders.key("x")


def test_the_same_pictures_are_in_the_same_folder(tmp_path):
  work = str(tmp_path / "work")
  first = _artifact(tmp_path / "1")
  found = work_folders.examples(first, work, {})
  assert example_records.digest(found) == example_records.digest(first)
  # A step that was begun again has another artifact of the same pictures.
  assert work_folders.examples(_artifact(tmp_path / "2"), work, {}) == found
  other = work_folders.examples(_artifact(tmp_path / "3", first=1), work, {})
  levels = work_folders.examples(first, work, {"A": {"levels": [1, 5]}})
  assert len({found, other, levels}) == 3


def test_what_a_killed_start_left_is_made_anew(tmp_path):
  work = tmp_path / "work"
  first = _artifact(tmp_path / "1")
  found = pathlib.Path(work_folders.examples(first, str(work), {}))
  (found / "Split-trainA" / "data-0.gz").unlink()
  (found / "Split-trainA").rmdir()
  assert work_folders.examples(first, str(work), {}) == str(found)
  assert example_records.digest(str(found)) == example_records.digest(first)
  assert [path.name for path in found.parent.iterdir()] == [found.name]


def test_tidy_leaves_what_is_named(tmp_path):
  for name in ("train/a", "train/b", "data/c", "pictures/d"):
    (tmp_path / name).mkdir(parents=True)
  work_folders.tidy(str(tmp_path), [str(tmp_path / "pictures" / "d")])
  left = [p.name for p in tmp_path.glob("*/*")]
  assert left == ["d"]
  work_folders.tidy(str(tmp_path / "none"), [])


def test_copies_do_not_share_files_unless_asked(tmp_path):
  source = tmp_path / "source"
  (source / "below").mkdir(parents=True)
  (source / "below" / "x").write_text("1")
  for link in (False, True):
    target = tmp_path / str(link)
    work_folders.copy(str(source), str(target), link)
    made = target / "below" / "x"
    assert made.read_text() == "1"
    assert os.path.samefile(made, source / "below" / "x") == link
  with pytest.raises(errors.StorageError, match="cannot be copied"):
    work_folders.copy(str(tmp_path / "missing"), str(tmp_path / "y"))


if __name__ == "__main__":
  conftest.main(__file__)
