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

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.modeling import image_pool
from tests import conftest


def _numbered(first, count):
  values = np.arange(first, first + count, dtype=np.float32)
  return tf.constant(
    np.broadcast_to(values[:, None, None, None], (count, 2, 2, 1))
  )


def _ids(images):
  return [int(v) for v in images.numpy()[:, 0, 0, 0]]


def test_returns_new_images_until_full():
  pool = image_pool.ImagePool(5, (2, 2, 1))
  assert _ids(pool.query(_numbered(1, 3))) == [1, 2, 3]
  assert _ids(pool.query(_numbered(4, 2))) == [4, 5]
  assert sorted(_ids(pool.images)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("batch", [1, 4])
def test_half_are_old_images_each_shown_once(batch):
  pool = image_pool.ImagePool(10, (2, 2, 1), seed=3)
  shown, total = [], 800
  for first in range(0, total, batch):
    shown += _ids(pool.query(_numbered(first, batch)))
  # While filling, stored images were shown too: count what came after.
  late = shown[10:]
  new = sum(image == i + 10 for i, image in enumerate(late))
  assert 0.43 < new / len(late) < 0.57
  # An image leaves the pool when it is shown: besides its first showing while
  # the pool filled, none comes twice.
  counts = collections.Counter(late)
  assert max(counts.values()) == 1
  assert len(set(_ids(pool.images))) == 10


def test_follows_the_rule_image_by_image():
  """Replays the pool's own random numbers through the rule in plain Python."""
  capacity, seed, total = 4, 7, 60
  pool = image_pool.ImagePool(capacity, (2, 2, 1), seed=seed)
  got = _ids(pool.query(_numbered(0, total)))
  stored, want = [], []
  for i in range(total):
    u = tf.random.stateless_uniform([2], tf.constant([seed, i], tf.int64))
    if len(stored) < capacity:
      stored.append(i)
      want.append(i)
    elif u[0] < 0.5:
      slot = int(u[1] * capacity)
      want.append(stored[slot])
      stored[slot] = i
    else:
      want.append(i)
  assert got == want
  assert _ids(pool.images) == stored


def test_capacity_zero_is_off():
  pool = image_pool.ImagePool(0, (2, 2, 1))
  assert _ids(pool.query(_numbered(0, 3))) == [0, 1, 2]


def test_negative_capacity_is_refused():
  with pytest.raises(ValueError, match="-1"):
    image_pool.ImagePool(-1, (2, 2, 1))


def test_state_is_restored_from_a_checkpoint(tmp_path):
  pool = image_pool.ImagePool(3, (2, 2, 1), seed=1)
  pool.query(_numbered(0, 9))
  path = tf.train.Checkpoint(pool=pool).save(str(tmp_path / "c"))
  again = image_pool.ImagePool(3, (2, 2, 1), seed=1)
  tf.train.Checkpoint(pool=again).restore(path).assert_consumed()
  new = _numbered(100, 20)
  assert _ids(pool.query(new)) == _ids(again.query(new))


def test_an_empty_pool_takes_images_of_another_size():
  """Chosen as those of full size are, each shown whole."""
  pool = image_pool.ImagePool(3, (4, 4, 1), seed=5)
  plain = image_pool.ImagePool(3, (2, 2, 1), seed=5)
  images = _numbered(1, 20)
  np.testing.assert_array_equal(pool.query(images), plain.query(images))
  pool.keep_only(2, 2)  # which they are
  assert int(pool.seen) == 20
  pool.keep_only(4, 4)
  assert int(pool.seen) == 0
  large = tf.fill([3, 4, 4, 1], 7.0)
  np.testing.assert_array_equal(pool.query(large), large)
  pool.keep_only(4, 4)
  assert int(pool.seen) == 3
  pool.keep_only(2, 2)  # e.g. a run that was made longer
  assert int(pool.seen) == 0


def test_the_pool_of_each_replica_forgets():
  strategy = tf.distribute.MirroredStrategy(["CPU:0"])
  with strategy.scope():
    pool = image_pool.ImagePool(3, (4, 4, 1))
  query = tf.function(lambda: pool.query(_numbered(1, 2)))
  for size, kept in [(2, 2), (4, 0)]:
    strategy.run(query)
    pool.keep_only(size, size)
    (seen,) = strategy.experimental_local_results(pool.seen)
    assert int(seen) == kept


def test_images_of_many_sizes_keep_theirs():
  """Chosen as images of one size are, each shown whole."""
  sizes = [(4 + 2 * (i % 3), 6 - i % 2) for i in range(60)]
  pool = image_pool.ImagePool(5, (8, 6, 1), seed=7, variable_size=True)
  plain = image_pool.ImagePool(5, (2, 2, 1), seed=7)
  assert set(pool.state) == {"images", "seen", "sizes"}
  query = tf.function(
    pool.query, input_signature=[tf.TensorSpec([1, None, None, 1])]
  )
  for i, size in enumerate(sizes):
    got = query(tf.fill([1, *size, 1], float(i)))
    (want,) = _ids(plain.query(_numbered(i, 1)))
    assert got.shape == (1, *sizes[want], 1)
    np.testing.assert_array_equal(got, float(want))


if __name__ == "__main__":
  conftest.main(__file__)
