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

from official.cyclegan.evaluation import paired_metrics
from tests import conftest


def _images(seed, shape=(4, 6, 5, 3)):
  return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_l1_against_a_worked_value():
  a = np.zeros((1, 2, 2, 3), np.uint8)
  b = a.copy()
  b[0, 0, 0] = 51  # a fifth of full scale in a quarter of the pixels
  np.testing.assert_allclose(paired_metrics.l1(a, b), 0.05, rtol=1e-5)
  mask = np.zeros((1, 2, 2), bool)
  mask[0, 0] = True
  np.testing.assert_allclose(
    paired_metrics.masked_l1(a, b, mask), 0.1, rtol=1e-5
  )
  with pytest.raises(ValueError, match="empty"):
    paired_metrics.masked_l1(a, b, np.zeros_like(mask))


def test_histogram_matching_undoes_a_monotonic_map():
  truth = _images(0, (2, 64, 64, 3))
  curve = np.rint(255 * (np.arange(256) / 255) ** 0.5).astype(np.uint8)
  inputs = curve[truth]
  matched = paired_metrics.match_histograms(inputs, truth)
  assert paired_metrics.l1(matched, truth) < 0.01
  assert paired_metrics.l1(inputs, truth) > 0.1


def test_histogram_matching_gives_no_level_that_the_others_do_not_have():
  images = np.repeat(np.arange(256, dtype=np.uint8), 4).reshape(1, 32, 32, 1)
  others = np.random.default_rng(0).integers(60, 91, (5, 32, 32, 1))
  matched = paired_metrics.match_histograms(images, others.astype(np.uint8))
  assert matched.min() == 60 and matched.max() == 90


def _turned(images):
  """Colours turned about the grey axis, which no map of channels can undo."""
  return np.ascontiguousarray(images[..., [1, 2, 0]])


def _colored(seed, count):
  """Pictures whose channels depend on each other."""
  rng = np.random.default_rng(seed)
  first = rng.uniform(0, 255, (count, 32, 32, 1))
  noise = rng.uniform(-20, 20, (count, 32, 32, 3))
  mixed = first * np.array([1.0, 0.6, 0.2]) + 20 + noise
  return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def test_transport_gives_colours_the_joint_distribution_of_others():
  inputs, reference = _turned(_colored(0, 4)), _colored(1, 7)
  moved = paired_metrics.transport_colors(inputs, reference)
  assert moved.shape == inputs.shape and moved.dtype == np.uint8

  def apart(images):
    """The largest difference of the colours' moments to the second."""
    a, b = (
      x.reshape(-1, 3).astype(np.float64) / 255 for x in (images, reference)
    )
    return max(
      np.abs(a.mean(0) - b.mean(0)).max(),
      np.abs(np.sqrt(np.abs(np.cov(a.T) - np.cov(b.T)))).max(),
    )

  assert apart(moved) < 0.04 < 0.1 < apart(inputs)
  # Along an axis that no channel is, too.
  axis = np.array([1.0, -1.0, 0.5])
  parts = np.linspace(0.02, 0.98, 49)
  quantiles = [
    np.quantile(x.reshape(-1, 3) @ axis, parts)
    for x in (moved, reference, inputs)
  ]
  assert np.abs(quantiles[0] - quantiles[1]).max() < 6
  assert np.abs(quantiles[2] - quantiles[1]).max() > 60


def test_a_map_fitted_to_other_pictures_does_not_depend_on_the_inputs():
  own, reference = _colored(0, 6), _turned(_colored(1, 6))
  inputs = _colored(2, 4) // 2  # darker than what is fitted to
  for recolour in (
    paired_metrics.match_histograms,
    paired_metrics.transport_colors,
  ):
    both = recolour(inputs, reference, own)
    np.testing.assert_array_equal(
      recolour(inputs[:1], reference, own), both[:1]
    )
    # Its own pictures become as they would without others.
    alone = recolour(own, reference).astype(int)
    assert np.abs(recolour(own, reference, own) - alone).max() == 0
    # Dark inputs stay dark, which a map of their own would not leave them.
    assert both.mean() < recolour(inputs, reference).mean() - 20


def test_transport_is_one_map_of_colours_and_the_same_each_time():
  inputs, reference = _images(3, (2, 16, 16, 3)), _colored(1, 3)
  both = np.concatenate([inputs, inputs[::-1]])
  moved = paired_metrics.transport_colors(both, reference)
  np.testing.assert_array_equal(moved[:2], moved[:1:-1])
  again = paired_metrics.transport_colors(both, reference)
  np.testing.assert_array_equal(moved, again)


def test_transport_of_what_is_as_it_should_be_leaves_it():
  images = _colored(5, 4)
  moved = paired_metrics.transport_colors(images, images).astype(int)
  assert np.abs(moved - images).max() <= 1


def test_transport_of_grey_pictures_matches_their_histogram():
  inputs, reference = _colored(0, 3)[..., 1:2], _colored(4, 3)[..., 2:]
  moved = paired_metrics.transport_colors(inputs, reference)
  matched = paired_metrics.match_histograms(inputs, reference)
  assert np.abs(moved.astype(int) - matched).mean() < 1


def test_affine_fit_finds_the_map_and_is_the_best_one():
  images = _images(1)
  matrix = np.array([[0.3, 0.1, 0.0], [0.2, 0.5, 0.1], [0.0, 0.1, 0.6]])
  truth = np.rint(images @ matrix + 20).astype(np.uint8)
  assert (
    paired_metrics.l1(paired_metrics.fit_affine(images, truth), truth) < 0.004
  )
  # Against numpy's own least squares on pictures that no affine map explains.
  truth = _images(2)
  x = np.concatenate([images.reshape(-1, 3), np.ones((120, 1))], axis=1)
  solution = np.linalg.lstsq(x, truth.reshape(-1, 3), rcond=None)[0]
  want = np.rint(x @ solution).reshape(images.shape)
  got = paired_metrics.fit_affine(images, truth).astype(int)
  assert np.abs(got - want).max() <= 1


def test_affine_fit_of_grey_pictures():
  grey = np.repeat(_images(3)[..., :1], 3, axis=-1)
  truth = np.stack([grey[..., 0] // 2 + k for k in (5, 60, 100)], axis=-1)
  got = paired_metrics.fit_affine(grey, truth).astype(int)
  assert np.abs(got - truth).max() <= 1
  flat = np.full_like(grey, 40)
  assert (paired_metrics.fit_affine(flat, flat + 2) == 42).all()


def test_relative_errors_are_shares_of_doing_nothing():
  inputs, truth = np.zeros((2, 4, 4, 3), np.uint8), _images(5, (2, 4, 4, 3))
  half = truth // 2 + truth % 2  # rounded up: at most half is left
  got = paired_metrics.relative_l1(half, inputs, truth)
  assert 0.49 < got <= 0.5
  mask = np.zeros((2, 4, 4), bool)
  mask[:, 1] = True
  inside = truth.copy()
  inside[~mask] = 0
  assert paired_metrics.relative_l1(inside, inputs, truth, mask) == 0
  assert paired_metrics.relative_l1(inside, inputs, truth, ~mask) == 1
  assert paired_metrics.relative_l1(half, truth, truth) == np.inf


def test_histogram_matching_does_not_see_the_truth():
  inputs, truth, others = _images(3), _images(4), _images(5, (7, 3, 3, 3))
  own = _images(6, (9, 4, 5, 3))
  found = paired_metrics.baselines(inputs, (own, others), truth)
  np.testing.assert_array_equal(found["nothing"], inputs)
  np.testing.assert_array_equal(
    found["histogram"], paired_metrics.match_histograms(inputs, others, own)
  )
  np.testing.assert_array_equal(
    found["transport"], paired_metrics.transport_colors(inputs, others, own)
  )
  assert "affine" in found
  assert "affine" not in paired_metrics.baselines(inputs, (own, others))


def test_every_baseline_is_measured():
  inputs, truth = _images(3), _images(4)
  mask = np.ones((4, 6, 5), bool)
  references = (_images(6), _images(5))
  table = paired_metrics.measure(inputs, truth, truth, references, mask)
  assert set(table) == {
    *("model", "nothing", "histogram", "transport", "affine"),
  }
  assert table["model"] == {
    "l1": 0,
    "l1_ratio": 0,
    "masked_l1": 0,
    "masked_l1_ratio": 0,
  }
  assert table["nothing"]["l1_ratio"] == 1.0
  table = paired_metrics.measure(inputs, truth, truth, references)
  assert "masked_l1" not in table["model"]


if __name__ == "__main__":
  conftest.main(__file__)
