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
"""Tests of moments that merge, against numpy's on the whole."""

import numpy as np
import pytest

from official.cyclegan.evaluation import distribution_distance
from official.cyclegan.evaluation import feature_moments
from tests import conftest


@pytest.fixture
def vectors():
  rng = np.random.default_rng(0)
  # Far from 0: sums of squares would lose half of the digits.
  return 1e4 + rng.normal(size=(400, 7)) * np.arange(1, 8)


@pytest.mark.parametrize("parts", [1, 2, 3, 399])
def test_parts_in_any_order_give_those_of_the_whole(vectors, parts):
  rng = np.random.default_rng(parts)
  cuts = np.sort(rng.choice(np.arange(1, 400), parts, replace=False))
  some = [feature_moments.of(v) for v in np.split(vectors, cuts)]
  rng.shuffle(some)
  middle = len(some) // 2
  merged = feature_moments.merge(
    [feature_moments.merge(some[:middle] or some[:1])]
    + (some[middle:] if middle else some[1:])
  )
  assert merged.count == 400
  np.testing.assert_allclose(merged.mean, vectors.mean(axis=0), rtol=1e-14)
  np.testing.assert_allclose(
    merged.covariance, np.cov(vectors, rowvar=False), rtol=1e-9, atol=1e-9
  )


def test_fid_is_that_of_the_whole(vectors):
  others = vectors[:150] * 1.01 + 1
  halves = [feature_moments.of(v) for v in (vectors[:9], vectors[9:])]
  found = feature_moments.fid(
    feature_moments.merge(halves), feature_moments.of(others)
  )
  wanted = distribution_distance.fid(vectors, others)
  assert found == pytest.approx(wanted, rel=1e-9)


def test_what_has_no_moments_is_refused(vectors):
  for wrong in (vectors[:0], vectors[0], np.full((2, 2), np.nan)):
    with pytest.raises(ValueError):
      feature_moments.of(wrong)
  with pytest.raises(ValueError, match="at least 2"):
    feature_moments.fid(
      feature_moments.of(vectors[:1]), feature_moments.of(vectors)
    )


if __name__ == "__main__":
  conftest.main(__file__)
