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
import scipy.linalg
import scipy.stats

from official.cyclegan.evaluation import distribution_distance
from tests import conftest


def _covariance(rng, size, rank=None):
  root = rng.normal(size=(size, rank or size))
  return root @ root.T / size


def test_frechet_is_its_closed_form_where_covariances_commute():
  a, b = np.array([1.0, 4.0, 0.25]), np.array([9.0, 4.0, 1.0])
  mean = np.array([0.5, -1.0, 2.0])
  got = distribution_distance.frechet(np.zeros(3), np.diag(a), mean, np.diag(b))
  want = (mean**2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
  np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("rank", [None, 3])
def test_frechet_equals_the_formula_with_scipys_matrix_root(rank):
  rng = np.random.default_rng(0)
  a, b = _covariance(rng, 8), _covariance(rng, 8, rank)
  mean_a, mean_b = rng.normal(size=(2, 8))
  got = distribution_distance.frechet(mean_a, a, mean_b, b)
  root = scipy.linalg.sqrtm(a @ b).real
  want = ((mean_a - mean_b) ** 2).sum() + np.trace(a + b - 2 * root)
  np.testing.assert_allclose(got, want, rtol=1e-6)


def test_fid_of_samples_is_within_a_percent_of_the_closed_form():
  rng = np.random.default_rng(1)
  size, count = 16, 200_000
  a, b = _covariance(rng, size), 2 * _covariance(rng, size)
  mean = rng.normal(size=size)
  got = distribution_distance.fid(
    rng.multivariate_normal(np.zeros(size), a, count),
    rng.multivariate_normal(mean, b, count),
  )
  root = scipy.linalg.sqrtm(a @ b).real
  want = (mean**2).sum() + np.trace(a + b - 2 * root)
  np.testing.assert_allclose(got, want, rtol=0.01)


def test_fid_of_equal_sets_is_zero():
  values = np.random.default_rng(2).normal(size=(50, 5))
  assert distribution_distance.fid(values, values) < 1e-9


def test_kid_of_equal_distributions_is_unbiased():
  rng = np.random.default_rng(3)
  draws, biased = [], []
  for _ in range(200):
    a, b = rng.normal(size=(2, 60, 8))
    mean, _ = distribution_distance.kid(a, b, subsets=1, subset_size=60)
    draws.append(mean)
    same, others, cross = (
      ((x @ y.T / 8 + 1) ** 3).mean() for x, y in ((a, a), (b, b), (a, b))
    )
    biased.append(same + others - 2 * cross)
  error = np.std(draws, ddof=1) / np.sqrt(len(draws))
  assert abs(np.mean(draws)) < 2 * error
  assert np.mean(biased) > 20 * error  # which counts vectors with themselves


def test_kid_equals_a_direct_sum():
  rng = np.random.default_rng(4)
  a, b = rng.normal(size=(2, 7, 3))

  def kernel(x, y):
    return (sum(x * y) / 3 + 1) ** 3

  def of_pairs(points):
    pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
    return np.mean([kernel(points[i], points[j]) for i, j in pairs])

  cross = np.mean([[kernel(x, y) for y in b] for x in a])
  mean, deviation = distribution_distance.kid(a, b, subsets=3, subset_size=7)
  np.testing.assert_allclose(mean, of_pairs(a) + of_pairs(b) - 2 * cross)
  np.testing.assert_allclose(deviation, 0, atol=1e-9)


def test_kid_takes_half_of_small_sets_and_tells_sets_apart():
  rng = np.random.default_rng(5)
  a, b = rng.normal(size=(2, 80, 4))
  near = distribution_distance.kid(a, b)
  far = distribution_distance.kid(a, b + 1)
  assert near[1] > 0
  assert far[0] > near[0] + 3 * near[1]
  with pytest.raises(ValueError, match="at most 80"):
    distribution_distance.kid(a, b, subset_size=81)


def test_sliced_wasserstein_equals_scipys_along_one_axis():
  rng = np.random.default_rng(6)
  a, b = rng.normal(size=(500, 1)), rng.normal(1.0, 2.0, size=(500, 1))
  got = distribution_distance.sliced_wasserstein(a, b)
  want = scipy.stats.wasserstein_distance(a[:, 0], b[:, 0])
  np.testing.assert_allclose(got, want, rtol=1e-5)
  more = np.concatenate([b, b])
  got = distribution_distance.sliced_wasserstein(a, more)
  np.testing.assert_allclose(got, want, rtol=0.02)


def test_a_shift_is_seen_by_its_part_along_each_direction():
  a = np.random.default_rng(7).normal(size=(400, 3))
  got = distribution_distance.sliced_wasserstein(a, a + [2.0, 0, 0], 4000)
  np.testing.assert_allclose(got, 1.0, rtol=0.03)  # E |x| on the sphere: 1/2


@pytest.mark.parametrize(
  "function",
  [
    distribution_distance.fid,
    distribution_distance.kid,
    distribution_distance.sliced_wasserstein,
  ],
)
def test_what_cannot_be_compared_is_refused(function):
  good = np.zeros((4, 3))
  with pytest.raises(ValueError, match="one d"):
    function(good, np.zeros((4, 2)))
  with pytest.raises(ValueError, match="at least"):
    function(good, np.zeros((0, 3)))
  with pytest.raises(ValueError, match="NaN"):
    function(good, np.full((4, 3), np.nan))


def test_moments_that_do_not_fit_are_refused():
  with pytest.raises(ValueError, match=r"\[d, d\]"):
    distribution_distance.frechet(
      np.zeros(2), np.eye(2), np.zeros(2), np.eye(3)
    )
  with pytest.raises(ValueError, match="NaN"):
    distribution_distance.frechet(
      np.full(2, np.nan), np.eye(2), np.zeros(2), np.eye(2)
    )


if __name__ == "__main__":
  conftest.main(__file__)
