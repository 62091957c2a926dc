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
"""Fréchet, kernel and sliced Wasserstein distances of two sets of vectors.

Only numpy is used.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# Subsets that KID is the mean of, and vectors in each of them (Bińkowski et
# al., "Demystifying MMD GANs", 2018, section 4 and appendix).
SUBSETS = 100
_SUBSET_SIZE = 1000


def frechet(
  mean_a: np.ndarray,
  covariance_a: np.ndarray,
  mean_b: np.ndarray,
  covariance_b: np.ndarray,
) -> float:
  """Returns the squared Fréchet distance of two Gaussians.

  `|mean_a - mean_b|² + tr(A + B - 2 (A B)^½)` (Heusel et al., "GANs Trained by
  a Two Time-Scale Update Rule", 2017, eq. 6). The trace of the root is taken
  from the symmetric `A^½ B A^½`, whose eigenvalues are those of `A B`; so
  covariances without full rank need no special case.

  Args:
    mean_a: `[d]`.
    covariance_a: `[d, d]`, symmetric, no negative eigenvalue.
    mean_b: `[d]`.
    covariance_b: `[d, d]`, symmetric, no negative eigenvalue.

  Raises:
    ValueError: If the shapes do not fit or a value is not finite.
  """
  means = [np.asarray(m, np.float64) for m in (mean_a, mean_b)]
  covariances = [
    np.asarray(c, np.float64) for c in (covariance_a, covariance_b)
  ]
  size = means[0].shape
  if means[1].shape != size or any(c.shape != size * 2 for c in covariances):
    raise ValueError(
      f"Means {[m.shape for m in means]} and covariances"
      f" {[c.shape for c in covariances]} must be [d] and [d, d] of one d."
    )
  if not all(np.isfinite(x).all() for x in means + covariances):
    raise ValueError("A mean or a covariance holds NaN or infinity.")
  values, vectors = np.linalg.eigh(covariances[0])
  root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
  product = root @ covariances[1] @ root
  # Rounding leaves eigenvalues slightly below 0 where the rank is not full.
  eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
  root_trace = np.sqrt(np.maximum(eigenvalues, 0.0)).sum()
  difference = means[0] - means[1]
  distance = (
    difference @ difference
    + np.trace(covariances[0])
    + np.trace(covariances[1])
    - 2.0 * root_trace
  )
  return float(max(distance, 0.0))


def fid(features_a: np.ndarray, features_b: np.ndarray) -> float:
  """Returns the Fréchet distance of the Gaussians fitted to two sets.

  It is biased: fewer vectors make it larger (Bińkowski et al., 2018, section
  4.2), so that only distances of sets of equal sizes can be compared.

  Args:
    features_a: `[count, d]`, at least two vectors.
    features_b: `[count, d]`, perhaps another count.

  Raises:
    ValueError: If a set has fewer than two vectors, or a value is not finite.
  """
  _check(features_a, features_b)
  moments = []
  for features in (features_a, features_b):
    values = np.asarray(features, np.float64)
    covariance = np.atleast_2d(np.cov(values, rowvar=False))
    moments += [values.mean(axis=0), covariance]
  return frechet(*moments)


def kid(
  features_a: np.ndarray,
  features_b: np.ndarray,
  subsets: int = SUBSETS,
  subset_size: int = 0,
  seed: int = 0,
) -> tuple[float, float]:
  """Returns mean and standard deviation of the unbiased MMD² over subsets.

  The kernel is `(x·y / d + 1)³` (Bińkowski et al., "Demystifying MMD GANs",
  2018, section 4). Unbiased: on equal distributions its mean is 0, so that
  single values may be negative.

  Args:
    features_a: `[count, d]`, at least two vectors; compared in float32 if both
      sets are, as those of `features` are.
    features_b: `[count, d]`, perhaps another count.
    subsets: Number of random subsets.
    subset_size: Vectors of each set in a subset; 0 means the paper's 1,000, or
      half of the smaller set if that has fewer than twice as many vectors.
    seed: Draws the subsets.

  Raises:
    ValueError: If a set has fewer than two vectors or than `subset_size`, or a
      value is not finite.
  """
  _check(features_a, features_b)
  kept = np.result_type(features_a, features_b, np.float32)
  a, b = (np.asarray(f, kept) for f in (features_a, features_b))
  drawn = draw_subsets(len(a), len(b), subsets, subset_size, seed)
  values = [mmd(a[rows_a], b[rows_b]) for rows_a, rows_b in drawn]
  return float(np.mean(values)), float(np.std(values))


def draw_subsets(
  count_a: int,
  count_b: int,
  subsets: int = SUBSETS,
  subset_size: int = 0,
  seed: int = 0,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Draws the subsets of `kid`, which depend on the sets' sizes only.

  Args:
    count_a: Vectors of the first set, at least two.
    count_b: Vectors of the second set, at least two.
    subsets: As for `kid`.
    subset_size: As for `kid`.
    seed: As for `kid`.

  Yields:
    For each subset which vectors of either set it has, int64 `[size]`.

  Raises:
    ValueError: If a set has fewer vectors than `subset_size`.
  """
  fewest = min(count_a, count_b)
  size = subset_size or max(2, min(_SUBSET_SIZE, fewest // 2))
  if not 2 <= size <= fewest:
    raise ValueError(
      f"subset_size={size} must be at least 2 and at most {fewest}."
    )
  rng = np.random.default_rng(seed)
  for _ in range(subsets):
    yield (
      rng.choice(count_a, size, replace=False),
      rng.choice(count_b, size, replace=False),
    )


def sliced_wasserstein(
  points_a: np.ndarray,
  points_b: np.ndarray,
  directions: int = 128,
  seed: int = 0,
) -> float:
  """Returns the mean Wasserstein-1 distance along random directions.

  As Karras et al., "Progressive Growing of GANs", 2018, section 5, measure it.

  Args:
    points_a: `[count, d]`.
    points_b: `[count, d]`; of another count, quantiles are interpolated.
    directions: Number of random directions.
    seed: Draws the directions.

  Raises:
    ValueError: If a set is empty or a value is not finite.
  """
  _check(points_a, points_b, at_least=1)
  rng = np.random.default_rng(seed)
  axes = rng.normal(size=(points_a.shape[1], directions))
  axes = (axes / np.linalg.norm(axes, axis=0)).astype(np.float32)
  # Each direction's values lie side by side, where sorting is faster.
  projected = [
    np.sort(axes.T @ np.asarray(points, np.float32).T, axis=1)
    for points in (points_a, points_b)
  ]
  fewest = min(p.shape[1] for p in projected)
  a, b = (_quantiles(p, fewest) for p in projected)
  return float(np.mean(np.abs(a - b), dtype=np.float64))


def _quantiles(values: np.ndarray, count: int) -> np.ndarray:
  """Returns `count` evenly spaced quantiles of sorted rows."""
  there = values.shape[1]
  if there == count:
    return values
  # Where the middles of `count` equal intervals lie among the values.
  places = (np.arange(count) + 0.5) / count * there - 0.5
  low = np.floor(places).astype(int)
  weight = places - low
  high = np.minimum(low + 1, there - 1)
  return values[:, low] * (1 - weight) + values[:, high] * weight


def mmd(a: np.ndarray, b: np.ndarray) -> float:
  """Returns the unbiased estimate of the squared maximum mean discrepancy.

  Sums are in float64; the kernel's values have the precision of the vectors.

  Args:
    a: float32 or float64 `[count, d]`, at least two vectors; the latter takes
      twice as long.
    b: The same of the other set.
  """

  def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    values = x @ y.T
    values /= x.shape[1]
    values += 1.0
    cubes = values * values  # much faster than a power
    cubes *= values
    return cubes

  def mean_of_others(values: np.ndarray) -> float:
    count = len(values)
    own = np.trace(values, dtype=np.float64)
    return (values.sum(dtype=np.float64) - own) / (count * (count - 1))

  return float(
    mean_of_others(kernel(a, a))
    + mean_of_others(kernel(b, b))
    - 2.0 * kernel(a, b).mean(dtype=np.float64)
  )


def _check(a: np.ndarray, b: np.ndarray, at_least: int = 2) -> None:
  """Raises `ValueError` if two sets of vectors cannot be compared."""
  if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
    raise ValueError(
      f"The sets must be [count, d] of one d, not {a.shape} and {b.shape}."
    )
  if min(len(a), len(b)) < at_least:
    raise ValueError(
      f"Each set needs at least {at_least} vectors, not {len(a)} and {len(b)}."
    )
  if not (np.isfinite(a).all() and np.isfinite(b).all()):
    raise ValueError("A feature is NaN or infinite.")
