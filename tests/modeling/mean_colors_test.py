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
import tensorflow as tf

from official.cyclegan.modeling import mean_colors
from tests import conftest


def _step(step):
  return tf.constant(step, tf.int64)


def _images(rng, mean=0.0):
  """Two pictures in different lights."""
  light = rng.normal(mean, 0.3, (2, 1, 1, 3))
  return (light + rng.normal(0, 0.2, (2, 4, 4, 3))).astype(np.float32)


def _mean(images):
  return images.mean((0, 1, 2))


def _batches(count, change):
  """Returns pictures of both domains, B darker, and what is made of them."""
  rng = np.random.default_rng(0)
  for _ in range(count):
    real = {"A": _images(rng), "B": _images(rng, -0.2)}
    noise = rng.normal(0, 0.02, (2, 3)).astype(np.float32)
    yield (
      real,
      {"A": real["B"] - change + noise[0], "B": real["A"] + change + noise[1]},
    )


def test_distances_follow_the_formula():
  means = mean_colors.MeanColors(3)
  differences, changes = [], {"A": 0.0, "B": 0.0}
  batches = _batches(120, np.float32([-0.1, 0.0, 0.1]))
  for step, (real, fakes) in enumerate(batches):
    means.update(real, fakes, _step(step))
    differences.append(_mean(real["B"]) - _mean(real["A"]))
    for domain, source in ("AB", "BA"):
      change = _mean(fakes[domain]) - _mean(real[source])
      rate = max(1 / (step + 1), 0.02)
      changes[domain] += rate * (change - changes[domain])
    if step in (0, 1, 70, 119):
      difference = np.mean(differences, axis=0)
      distances = means.distances(fakes, _step(step))
      for domain, sign in (("A", 1), ("B", -1)):
        want = np.linalg.norm(changes[domain] + sign * difference)
        np.testing.assert_allclose(distances[domain], want, rtol=1e-4)


def test_few_pictures_tell_how_far_a_change_is_off():
  """Though the mean colours of single pictures are 0.3 from each other."""
  means = mean_colors.MeanColors(3)
  for step, (real, fakes) in enumerate(_batches(400, np.float32(-0.2))):
    means.update(real, fakes, _step(step))
  assert all(
    float(distance) < 0.06
    for distance in means.distances(fakes, _step(step)).values()
  )
  # The generators change: no longer by what they should.
  for step, (real, fakes) in enumerate(_batches(100, np.float32(-0.1)), 400):
    means.update(real, fakes, _step(step))
  for distance in means.distances(fakes, _step(step)).values():
    np.testing.assert_allclose(distance, 0.1 * 3**0.5, atol=0.06)


def test_the_gradient_points_away_from_real_images():
  means = mean_colors.MeanColors(3)
  means.difference.assign([0.3, 0.0, 0.0])
  means.changes_B.assign([0.0, 0.0, 0.4])
  images = tf.random.stateless_normal([2, 4, 4, 3], [0, 1])
  for step, trust in ((9, 0.05), (499, 1.0)):
    with tf.GradientTape() as tape:
      tape.watch(images)
      distances = means.distances({"B": images}, _step(step))
    assert distances.keys() == {"B"}
    np.testing.assert_allclose(distances["B"], 0.5, rtol=1e-6)
    # Each pixel moves the mean by its share.
    gradient = 32 * tape.gradient(distances["B"], images)
    want = trust * np.float32([-0.3, 0.0, 0.4]) / 0.52
    np.testing.assert_allclose(
      gradient, np.broadcast_to(want, images.shape), rtol=1e-5, atol=1e-7
    )


def test_no_distance_has_no_gradient():
  means = mean_colors.MeanColors(1)
  images = tf.zeros([1, 2, 2, 1])
  with tf.GradientTape() as tape:
    tape.watch(images)
    distances = means.distances({"A": images, "B": images}, _step(500))
  assert [float(distance) for distance in distances.values()] == [0.0, 0.0]
  gradient = tape.gradient(distances["A"], images)
  np.testing.assert_array_equal(gradient, np.zeros(images.shape))


def test_a_direction_that_is_not_trained_is_left_out():
  means = mean_colors.MeanColors(3)
  ((real, fakes),) = _batches(1, np.float32(-0.2))
  means.update(real, {"B": fakes["B"]}, _step(0))
  np.testing.assert_array_equal(means.changes_A, np.zeros(3))
  assert np.all(means.changes_B.numpy())


def test_state_is_restored_from_a_checkpoint(tmp_path):
  means, again = mean_colors.MeanColors(3), mean_colors.MeanColors(3)
  for step, (real, fakes) in enumerate(_batches(3, np.float32(-0.2))):
    means.update(real, fakes, _step(step))
  path = tf.train.Checkpoint(means=means).save(str(tmp_path / "c"))
  tf.train.Checkpoint(means=again).restore(path).assert_consumed()
  for domain in "AB":
    np.testing.assert_array_equal(
      again.distances(fakes, _step(2))[domain],
      means.distances(fakes, _step(2))[domain],
    )


def test_replicas_share_their_means():
  strategy = tf.distribute.MirroredStrategy(["CPU:0"])
  with strategy.scope():
    means = mean_colors.MeanColors(3)
  alone = mean_colors.MeanColors(3)
  ((real, fakes),) = _batches(1, np.float32(-0.2))
  strategy.run(tf.function(lambda: means.update(real, fakes, _step(0))))
  alone.update(real, fakes, _step(0))
  for name in ("difference", "changes_A", "changes_B"):
    np.testing.assert_allclose(
      getattr(means, name).numpy(), getattr(alone, name), rtol=1e-5
    )


if __name__ == "__main__":
  conftest.main(__file__)
