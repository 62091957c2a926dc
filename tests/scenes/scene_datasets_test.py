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
import tensorflow_datasets as tfds

from official.cyclegan.scenes import scene_datasets
from tests import conftest

# Taken before a fixture leaves fewer.
_SPLITS = scene_datasets._SPLITS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  """Both data sets with three scenes in each split, drawn by the real code."""
  with pytest.MonkeyPatch.context() as monkeypatch:
    conftest.draw_few(monkeypatch, 3)
    made = tmp_path_factory.mktemp("data")
    for name in scene_datasets.BUILDERS:
      tfds.builder(f"{name}/64", data_dir=str(made)).download_and_prepare()
    yield str(made)


def _examples(name, split, folder):
  data = tfds.load(name, split=split, data_dir=folder)
  examples = list(data.as_numpy_iterator())
  return {example["scene"].decode(): example for example in examples}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(scene_datasets.BUILDERS))
def test_loads_like_cycle_gan(name, folder):
  data, info = tfds.load(f"{name}/64", data_dir=folder, with_info=True)
  assert set(data) == {"trainA", "trainB", "testA", "testB"}
  assert info.splits["trainA"].num_examples == 3
  assert info.features["image"].shape == (64, 64, 3)
  assert info.features["label"].names == ["A", "B"]
  for split, examples in data.items():
    labels = {int(e["label"]) for e in examples}
    assert labels == {0 if split.endswith("A") else 1}
  pairs = tfds.load(
    f"{name}/64", split="testA", as_supervised=True, data_dir=folder
  )
  assert len(next(iter(pairs))) == 2


def test_test_scenes_are_paired_and_training_scenes_are_not(folder):
  name = "apple2orange_scenes/64"
  test_A = _examples(name, "testA", folder)
  test_B = _examples(name, "testB", folder)
  assert set(test_A) == set(test_B) and len(test_A) == 3
  for scene, a in test_A.items():
    b = test_B[scene]
    np.testing.assert_array_equal(a["mask"], b["mask"])
    outside = a["mask"][..., 0] == 0
    np.testing.assert_array_equal(a["image"][outside], b["image"][outside])
  train_A = _examples(name, "trainA", folder)
  train_B = _examples(name, "trainB", folder)
  assert not set(train_A) & set(train_B)
  for a in train_A.values():
    for b in train_B.values():
      outside = (a["mask"] == 0) & (b["mask"] == 0)
      assert not np.array_equal(
        a["image"][outside[..., 0]], b["image"][outside[..., 0]]
      )


@pytest.mark.slow
@pytest.mark.parametrize("name", list(scene_datasets.BUILDERS))
def test_built_twice_is_the_same(name, folder, tmp_path):
  first, again = (
    _examples(f"{name}/64", "trainB", where)
    for where in (folder, str(tmp_path))
  )
  assert first.keys() == again.keys()
  for key in first:
    np.testing.assert_array_equal(first[key]["image"], again[key]["image"])


def test_splits_and_sizes():
  for builder in scene_datasets.BUILDERS.values():
    assert [c.size for c in builder.BUILDER_CONFIGS] == [64, 128, 256]


def test_number_of_scenes():
  counts = {s: n for s, (_, _, n) in _SPLITS.items()}
  assert counts == {"trainA": 800, "trainB": 800, "testA": 200, "testB": 200}


if __name__ == "__main__":
  conftest.main(__file__)
