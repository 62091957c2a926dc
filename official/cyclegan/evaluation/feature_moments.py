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
"""Moments of sets of vectors, which parts of a set give and which merge.

A million pictures have too many features for one machine's memory. Their mean
and covariance come from any division into parts, in any order (Chan, Golub and
LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
Variances", 1979, eq. 2.1): sums of squares of deviations from each part's own
mean, so that nothing is lost where the mean is large. Only numpy is used.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable

import numpy as np

from official.cyclegan.evaluation import distribution_distance


@dataclasses.dataclass(frozen=True)
class Moments:
  """What is known of a set of vectors.

  Attributes:
    count: How many vectors there are.
    mean: Their mean, float64 `[d]`.
    scatter: Sum of the outer products of deviations from it, float64 `[d, d]`.
  """

  count: int
  mean: np.ndarray
  scatter: np.ndarray

  @property
  def covariance(self) -> np.ndarray:
    """The unbiased covariance, float64 `[d, d]`, of at least two vectors."""
    return self.scatter / (self.count - 1)


def of(vectors: np.ndarray) -> Moments:
  """Returns the moments of some vectors.

  Args:
    vectors: `[count, d]`, at least one.

  Raises:
    ValueError: If there is none, or a value is not finite.
  """
  if vectors.ndim != 2 or not len(vectors):
    raise ValueError(f"Vectors must be [count, d], not {vectors.shape}.")
  values = np.asarray(vectors, np.float64)
  if not np.isfinite(values).all():
    raise ValueError("A feature is NaN or infinite.")
  mean = values.mean(axis=0)
  deviations = values - mean
  return Moments(len(values), mean, deviations.T @ deviations)


def merge(parts: Iterable[Moments]) -> Moments:
  """Returns the moments of a set from those of its parts.

  Args:
    parts: At least one.
  """
  return functools.reduce(_merge_two, parts)


def _merge_two(first: Moments, second: Moments) -> Moments:
  count = first.count + second.count
  step = second.mean - first.mean
  weight = first.count * second.count / count
  return Moments(
    count,
    first.mean + step * (second.count / count),
    first.scatter + second.scatter + weight * np.outer(step, step),
  )


def fid(first: Moments, second: Moments) -> float:
  """Returns `distribution_distance.fid` of two sets.

  Args:
    first: Of at least two vectors.
    second: Likewise.

  Raises:
    ValueError: If a set has fewer.
  """
  if min(first.count, second.count) < 2:
    raise ValueError("Each set needs at least 2 vectors.")
  return distribution_distance.frechet(
    first.mean, first.covariance, second.mean, second.covariance
  )
