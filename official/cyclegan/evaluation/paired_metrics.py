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
"""Errors against the known truth, and the baselines to compare them with.

Only numpy is used. Images are uint8 `[count, height, width, channels]`; errors
are mean absolute differences (L1) of values in [0, 1]. A relative error is
divided by that of doing nothing, so that 1 is useless and 0 perfect.
"""

from __future__ import annotations

import numpy as np

_LEVELS = 256
# Of the sliced transport of colours.
_ROTATIONS = 20
_QUANTILES = 256
_FITTED_TO = 200_000  # colours of each side, at most


def l1(images: np.ndarray, truth: np.ndarray) -> float:
  """Returns the mean absolute difference, in [0, 1]."""
  return float(np.mean(_absolute(images, truth)))


def masked_l1(images: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> float:
  """Returns the mean absolute difference where the mask is set.

  Args:
    images: uint8 `[count, height, width, channels]`.
    truth: What they should be, same shape.
    mask: bool `[count, height, width]`.

  Returns:
    The mean over all pixels inside and their channels, in [0, 1].

  Raises:
    ValueError: If the mask is empty.
  """
  if not mask.any():
    raise ValueError("The mask is empty: there is nothing to average over.")
  return float(np.mean(_absolute(images, truth)[mask]))


def relative_l1(
  translated: np.ndarray,
  inputs: np.ndarray,
  truth: np.ndarray,
  mask: np.ndarray | None = None,
) -> float:
  """Returns the error of translations, relative to doing nothing.

  Args:
    translated: What a translator made of `inputs`.
    inputs: The pictures to be translated, same shape.
    truth: What they should become, same shape.
    mask: bool `[count, height, width]`, where to look; None for everywhere.

  Returns:
    `l1(translated, truth) / l1(inputs, truth)`: 0 is perfect, 1 is as good as
    doing nothing. Infinite if there is nothing to be done.

  Raises:
    ValueError: If the mask is empty.
  """
  if mask is None:
    error, nothing = l1(translated, truth), l1(inputs, truth)
  else:
    error = masked_l1(translated, truth, mask)
    nothing = masked_l1(inputs, truth, mask)
  return error / nothing if nothing else float("inf")


def match_histograms(
  images: np.ndarray, reference: np.ndarray, own: np.ndarray | None = None
) -> np.ndarray:
  """Recolours images so that their channels are distributed like others'.

  Args:
    images: What to recolour.
    reference: Images to be like, in any number and of any size. For a baseline
      that a user could have, real pictures of the other domain, not the truth.
    own: Images whose channels become distributed like those; None for `images`
      themselves. For a baseline that a user could have before he has all the
      images, other pictures of their domain.

  Returns:
    uint8 like `images`: one monotonic map per channel for all images.
  """
  own = images if own is None else own
  matched = np.empty_like(images)
  for c in range(images.shape[-1]):
    have = np.bincount(own[..., c].ravel(), minlength=_LEVELS).cumsum()
    want = np.bincount(reference[..., c].ravel(), minlength=_LEVELS).cumsum()
    # From each level to that of the same cumulative frequency, and to none
    # that the others do not have.
    had = np.flatnonzero(np.diff(want, prepend=0))
    table = np.interp(
      have / have[-1], want[had] / want[-1], had.astype(np.float64)
    )
    matched[..., c] = np.rint(table).astype(np.uint8)[images[..., c]]
  return matched


def transport_colors(
  images: np.ndarray, reference: np.ndarray, own: np.ndarray | None = None
) -> np.ndarray:
  """Recolours images so that their colours are distributed like others'.

  Not each channel by itself, as `match_histograms` does: along three
  orthogonal axes at a time, turned at random again and again, the distribution
  of colours is moved to that of the others (Pitie et al., "Automated Colour
  Grading Using Colour Distribution Transfer", 2007, section 3). This is optimal
  transport by slices (Rabin et al., "Wasserstein Barycenter and Its Application
  to Texture Mixing", 2011).

  Args:
    images: What to recolour.
    reference: Images to be like, in any number and of any size; as for
      `match_histograms`, not the truth.
    own: Images whose colours become distributed like those; None for `images`
      themselves.

  Returns:
    uint8 like `images`: one map of colours for all images, the same each time.
  """
  channels = images.shape[-1]
  rng = np.random.default_rng(0)

  def colors_of(pictures: np.ndarray) -> np.ndarray:
    colors = pictures.reshape(-1, channels)
    if len(colors) > _FITTED_TO:
      colors = colors[rng.choice(len(colors), _FITTED_TO, replace=False)]
    return colors.astype(np.float64)

  have = colors_of(images if own is None else own)
  want = colors_of(reference)
  # Each colour is moved once, however many pixels have it. As one number each
  # they are sorted many times as fast as by rows.
  digits = _LEVELS ** np.arange(channels)
  codes = images.reshape(-1, channels).astype(np.int64) @ digits
  distinct, place = np.unique(codes, return_inverse=True)
  moved = (distinct[:, None] // digits % _LEVELS).astype(np.float64)
  shares = np.linspace(0, 1, _QUANTILES)
  for _ in range(_ROTATIONS):
    axes, _ = np.linalg.qr(rng.normal(size=(channels, channels)))
    for axis in axes:
      goal = np.quantile(want @ axis, shares)
      # Of many that are equal, such as white, to the middle of where they go.
      begin, equal, counts = np.unique(
        np.quantile(have @ axis, shares),
        return_inverse=True,
        return_counts=True,
      )
      goal = np.bincount(equal, goal) / counts
      for colors in (have, moved):
        along = colors @ axis
        colors += (np.interp(along, begin, goal) - along)[:, None] * axis
  moved = np.clip(np.rint(moved), 0, _LEVELS - 1).astype(np.uint8)
  return moved[place].reshape(images.shape)


def fit_affine(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
  """Recolours images by the best affine map of their colours.

  Best in the least squares sense, and fitted to the truth itself: no affine
  map learned without the truth can be better in that sense.

  Args:
    images: What to recolour.
    truth: What they should become, same shape.

  Returns:
    uint8 like `images`.
  """
  colours = images.reshape(-1, images.shape[-1]).astype(np.float64)
  inputs = np.concatenate([colours, np.ones((len(colours), 1))], axis=1)
  wanted = truth.reshape(-1, truth.shape[-1]).astype(np.float64)
  # The normal equations: 4 by 4, however many pixels there are. Of pictures
  # without colours there are many solutions: the shortest.
  weights = np.linalg.lstsq(inputs.T @ inputs, inputs.T @ wanted, rcond=None)[0]
  mapped = np.clip(np.rint(inputs @ weights), 0, _LEVELS - 1)
  return mapped.astype(np.uint8).reshape(images.shape)


def baselines(
  inputs: np.ndarray,
  references: tuple[np.ndarray, np.ndarray],
  truth: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
  """Translates without a model, to compare a model with.

  Args:
    inputs: The pictures to be translated.
    references: Real pictures of the inputs' domain and of the other one, of
      other scenes, in any number: what a model learns from, and `histogram`
      and `transport` are fitted to. The inputs themselves would tell them more:
      how just these pictures' colours are distributed, which nobody knows who
      translates one.
    truth: What the inputs should become, if known: what `affine` is fitted to.

  Returns:
    Translations like `inputs`: `nothing`, the inputs themselves; `histogram`,
    of `match_histograms`; `transport`, of `transport_colors`; and, with the
    truth, `affine`, of `fit_affine`.
  """
  own, reference = references
  translated = {
    "nothing": inputs,
    "histogram": match_histograms(inputs, reference, own),
    "transport": transport_colors(inputs, reference, own),
  }
  if truth is not None:
    translated["affine"] = fit_affine(inputs, truth)
  return translated


def measure(
  inputs: np.ndarray,
  translated: np.ndarray,
  truth: np.ndarray,
  references: tuple[np.ndarray, np.ndarray],
  mask: np.ndarray | None = None,
) -> dict[str, dict[str, float]]:
  """Measures a translator beside the baselines.

  Args:
    inputs: The pictures translated.
    translated: What the translator made of them.
    truth: What they should have become.
    references: Real pictures of both domains, as for `baselines`.
    mask: bool `[count, height, width]`, where the change belongs, if known.

  Returns:
    For `model` and each of `baselines` a dictionary with `l1`, `l1_ratio`
    (relative to doing nothing) and, with a mask, `masked_l1` and
    `masked_l1_ratio`.
  """
  candidates = {"model": translated, **baselines(inputs, references, truth)}
  table: dict[str, dict[str, float]] = {}
  for name, images in candidates.items():
    table[name] = {
      "l1": l1(images, truth),
      "l1_ratio": relative_l1(images, inputs, truth),
    }
    if mask is not None:
      table[name]["masked_l1"] = masked_l1(images, truth, mask)
      table[name]["masked_l1_ratio"] = relative_l1(images, inputs, truth, mask)
  return table


def _absolute(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
  """Returns float32 absolute differences in [0, 1]."""
  difference = images.astype(np.float32) - truth.astype(np.float32)
  return np.abs(difference) / (_LEVELS - 1)
