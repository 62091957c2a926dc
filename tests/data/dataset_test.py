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
import collections
import dataclasses
import functools
import os

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import memory
from official.cyclegan.data import dataset
from official.cyclegan.data import preprocessing
from official.cyclegan.data import sources
from tests import conftest


def _batches(source, config, count, seed=1):
  batches = dataset.training_batches(source, config, seed).take(count)
  return list(batches.as_numpy_iterator())


def test_folder_becomes_batches_of_mixed_sizes(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=36, batch_size=4
  )
  source = sources.open_source(config)
  assert source.counts == {"trainA": 8, "trainB": 5, "testA": 3, "testB": 3}
  for a, b in _batches(source, config, 3):
    assert a.shape == b.shape == (4, 32, 32, 3)
    assert a.dtype == np.float32
    assert a.min() >= -1 and a.max() <= 1
    assert (a[..., 0] > a[..., 2]).mean() > 0.9  # A is reddish, B bluish
    assert (b[..., 0] < b[..., 2]).mean() > 0.9


def _flat_source(counts):
  """A source whose image i is filled with the value i."""

  def load(split):
    values = tf.data.Dataset.range(counts[split])
    return values.map(lambda i: tf.cast(tf.fill([8, 8, 3], i), tf.uint8))

  return sources.Source("flat", counts, load)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_unequal_domains_drop_nothing(batch_size):
  counts = {"trainA": 10, "trainB": 3, "testA": 1, "testB": 1}
  config = config_lib.DataConfig(
    crop_size=8, load_size=8, batch_size=batch_size
  )
  source = _flat_source(counts)
  steps = 60 // batch_size
  seen = [collections.Counter(), collections.Counter()]
  for pair in _batches(source, config, steps):
    for counter, images in zip(seen, pair):
      values = preprocessing.unit_to_uint8((images + 1) / 2)
      counter.update(values[:, 0, 0, 0].tolist())
  # 60 images: every image of A six times, every image of B twenty times.
  assert seen[0] == {i: 6 for i in range(10)}
  assert seen[1] == {i: 20 for i in range(3)}


def test_no_thread_of_its_own_tunes_the_training_data():
  source = _flat_source({"trainA": 3, "trainB": 3, "testA": 1, "testB": 1})
  config = config_lib.DataConfig(crop_size=8, load_size=8)
  batches = dataset.training_batches(source, config, 0)
  assert batches.options().autotune.enabled is False


def test_order_and_crops_follow_the_seed(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=40
  )
  source = sources.open_source(config)
  first, again, other = (_batches(source, config, 12, s) for s in (1, 1, 2))
  np.testing.assert_array_equal(np.stack(first), np.stack(again))
  assert not np.array_equal(np.stack(first), np.stack(other))


def test_every_epoch_is_augmented_afresh(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=40
  )
  source = sources.open_source(config)
  crops = {a.tobytes() for a, _ in _batches(source, config, 24)}
  assert len(crops) > 16  # of eight images, three times each


def test_first_images_are_those_of_the_split(pictures):
  source = sources.open_source(
    config_lib.DataConfig(dataset=str(pictures), crop_size=32)
  )
  images = dataset.first_images(source, "testB", 32, 2)
  assert images.shape == (2, 32, 32, 3)
  again = dataset.first_images(source, "testB", 32, 9)
  assert again.shape == (3, 32, 32, 3)
  np.testing.assert_array_equal(images, again[:2])


def test_any_tfds_name_with_the_splits_is_taken(tmp_path):
  conftest.tiny_cycle()
  config = config_lib.DataConfig(
    dataset="tiny_cycle", data_dir=str(tmp_path), crop_size=8, load_size=8
  )
  source = sources.open_source(config)
  assert source.counts["trainA"] == 3
  (pair,) = _batches(source, config, 1)
  assert pair[0].shape == (1, 8, 8, 3)


def _numbered_source():
  """Images that hold their own number, 7 in A and 5 in B."""
  counts = {"trainA": 7, "trainB": 5, "testA": 1, "testB": 1}

  def load(split):
    numbers = tf.data.Dataset.range(counts[split])
    return numbers.map(lambda n: tf.fill([8, 8, 3], tf.cast(n, tf.uint8)))

  return sources.Source("numbered", counts, load)


def _numbers(batches, count):
  """Returns [(numbers of A, numbers of B), ...] of the next batches."""
  return [
    tuple(
      [int(round((v + 1) * 127.5)) for v in images[:, 0, 0, 0]]
      for images in pair
    )
    for pair in batches.take(count).as_numpy_iterator()
  ]


_NUMBERED = config_lib.DataConfig(crop_size=8, load_size=8, batch_size=4)


@pytest.mark.parametrize("first_step", [1, 3, 9])
def test_a_later_start_sees_what_an_early_one_would(first_step):
  source = _numbered_source()
  whole = _numbers(dataset.training_batches(source, _NUMBERED, 3), 12)
  late = dataset.training_batches(source, _NUMBERED, 3, first_step)
  assert _numbers(late, 12 - first_step) == whole[first_step:]


def test_random_crops_are_the_same_after_a_later_start(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=16, load_size=32, batch_size=2
  )
  source = sources.open_source(config)
  early, late = (
    dataset.training_batches(source, config, 3, first).skip(skipped)
    for first, skipped in ((0, 5), (5, 0))
  )
  for want, got in zip(early.take(3), late.take(3)):
    np.testing.assert_array_equal(want[0], got[0])
    np.testing.assert_array_equal(want[1], got[1])


@pytest.mark.slow
@pytest.mark.parametrize(("replicas", "each"), [(2, 1), (4, 2), (4, 1)])
def test_workers_share_what_one_would_see(replicas, each):
  """Together their batches of a step are the whole one, in its order."""
  source = _numbered_source()
  whole = _numbers(dataset.training_batches(source, _NUMBERED, 3), 5)
  shards = []
  for first in range(0, replicas, each):
    shard = dataset.InputShard(replicas, first, each)
    batches = dataset.training_batches(source, _NUMBERED, 3, shard=shard)
    shards.append(_numbers(batches, 5 * each))
  for step, (a, b) in enumerate(whole):
    parts = [s[step * each + k] for s in shards for k in range(each)]
    assert [n for part in parts for n in part[0]] == a
    assert [n for part in parts for n in part[1]] == b


@pytest.mark.slow(seconds=9)
@pytest.mark.parametrize("mode", ["resize_and_crop", "crop", "scale_width"])
def test_caches_change_nothing_but_the_speed(pictures, tmp_path, mode):
  config = config_lib.DataConfig(
    dataset=str(pictures), preprocess=mode, crop_size=16, load_size=24
  )
  source = sources.open_source(config)
  results = {}
  for cache in ("none", "memory", "disk", "auto"):
    cached = dataclasses.replace(config, cache=cache, cache_dir=str(tmp_path))
    results[cache] = _batches(source, cached, 20)
  for cache in ("memory", "disk", "auto"):
    for want, got in zip(results["none"], results[cache]):
      np.testing.assert_array_equal(want[0], got[0])
      np.testing.assert_array_equal(want[1], got[1])
  assert os.listdir(tmp_path) == []  # the file on disk has no name


def test_disk_cache_without_a_folder_is_refused(pictures, tmp_path):
  config = config_lib.DataConfig(
    dataset=str(pictures),
    crop_size=16,
    load_size=16,
    cache="disk",
    cache_dir=str(tmp_path / "missing"),
  )
  with pytest.raises(errors.UserError, match="--cache_dir"):
    _batches(sources.open_source(config), config, 1)


@pytest.mark.parametrize(
  ("free", "cache", "words"),
  [
    (10**12, "memory", "13 decoded pictures take 0.00 GB and are kept in"),
    (1000, "none", "--cache=disk"),
  ],
)
def test_auto_decides_from_the_size_and_says_so(
  pictures, monkeypatch, log, free, cache, words
):
  monkeypatch.setattr(memory, "free_memory", lambda: free)
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=32
  )
  source = sources.open_source(config)
  scale = functools.partial(preprocessing.scale, config=config, multiple=4)
  assert dataset.choose_cache(source, config, scale) == cache
  assert words in log.text


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_domains_of_30_and_3000_are_used_evenly(cache):
  counts = {"trainA": 30, "trainB": 3000, "testA": 1, "testB": 1}

  def load(split):
    numbers = tf.data.Dataset.range(counts[split])
    return numbers.map(
      lambda n: tf.cast(
        tf.stack([tf.fill([4, 4], n % 250), tf.fill([4, 4], n // 250)] * 2, -1)[
          ..., :3
        ],
        tf.uint8,
      )
    )

  source = sources.Source("uneven", counts, load)
  config = config_lib.DataConfig(
    crop_size=4, load_size=4, cache=cache, batch_size=10
  )

  def epochs(seed, images=6000):
    batches = dataset.training_batches(source, config, seed).take(images // 10)
    orders = [[], []]
    for pair in batches.as_numpy_iterator():
      for order, batch in zip(orders, pair):
        low, high = np.rint((batch[:, 0, 0, :2].T + 1) * 127.5).astype(int)
        order.extend((low + 250 * high).tolist())
    return orders

  a, b = epochs(seed=1)
  assert collections.Counter(a) == {n: 200 for n in range(30)}
  assert sorted(b[:3000]) == sorted(b[3000:]) == list(range(3000))
  assert b[:3000] != b[3000:] and a[:30] != a[30:60]
  assert epochs(1, 3100) == [a[:3100], b[:3100]]
  assert epochs(2, 60)[1] != b[:60]


if __name__ == "__main__":
  conftest.main(__file__)
