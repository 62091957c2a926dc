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
"""PSNR, SSIM and edge correlation of pictures to others; the grid in them.

Pictures are uint8 `[count, height, width, channels]`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

_LEVELS = 255  # the largest value of a pixel
# Wang et al., "Image Quality Assessment: From Error Visibility to Structural
# Similarity", 2004, section III.C: a Gaussian window of 11 pixels.
SSIM_WINDOW = 11  # pixels
_BATCH = 50
_FLAT = 1e-9  # variance
_GRID = 4  # pixels after which a grid repeats itself
_GRID_WINDOW = 5  # pixels; the smallest odd one above that
_REPEATS = 3  # of a grid, to tell it from detail


def psnr(images: np.ndarray, truth: np.ndarray) -> float:
  """Returns the peak signal-to-noise ratio, dB, the mean over the pictures.

  Infinite if a picture equals its truth.
  """
  values = [_psnr(a, b, _LEVELS) for a, b in zip(images, truth)]
  return float(np.mean(values))


def masked_psnr(
  images: np.ndarray, truth: np.ndarray, mask: np.ndarray
) -> float:
  """Returns the PSNR of the pixels inside a mask, the mean over the pictures.

  Args:
    images: The pictures.
    truth: What they should be.
    mask: bool `[count, height, width]`. Pictures without any such pixel are
      left out.

  Raises:
    ValueError: If the mask is empty.
  """
  _require_any(mask)
  values = [
    _psnr(image[inside], wanted[inside], _LEVELS)
    for image, wanted, inside in zip(images, truth, mask)
    if inside.any()
  ]
  return float(np.mean(values))


def pooled_psnr(images: np.ndarray, truth: np.ndarray) -> float:
  """Returns the PSNR, dB, of all pictures' pixels together.

  For pictures that may be equal in part: a mean over pictures would be
  infinite as soon as one is.

  Args:
    images: float `[count, height, width, channels]` in [0, 1], not rounded.
    truth: What they should be, as `images`.

  Returns:
    The ratio; infinite if everything is equal.
  """
  return _psnr(images, truth, 1.0)


def ssim(images: np.ndarray, truth: np.ndarray) -> float:
  """Returns the structural similarity, at most 1, the mean over the pictures.

  Wang et al., "Image Quality Assessment", 2004, with their Gaussian window of
  11 pixels, of each channel; places nearer to an edge are left out.

  Raises:
    ValueError: If the pictures are smaller than the window.
  """
  _check_size(images)
  values = _batched(lambda a, b: tf.image.ssim(a, b, _LEVELS), images, truth)
  return float(values.mean(dtype=np.float64))


def masked_ssim(
  images: np.ndarray, truth: np.ndarray, mask: np.ndarray
) -> float:
  """Returns the mean of the similarity's map where the mask is set.

  Args:
    images: The pictures.
    truth: What they should be.
    mask: bool `[count, height, width]`, as the window's middle.

  Raises:
    ValueError: If the mask is empty away from the edges, or the pictures are
      smaller than the window.
  """
  _check_size(images)
  edge = SSIM_WINDOW // 2
  inner = mask[:, edge:-edge, edge:-edge]
  _require_any(inner)
  maps = _batched(
    lambda a, b: tf.image.ssim(a, b, _LEVELS, return_index_map=True),
    images,
    truth,
  )
  return float(maps[inner].mean())


def edge_correlation(images: np.ndarray, others: np.ndarray) -> float:
  """Returns how much of the edges stays in place, whatever the colours.

  The correlation over a picture's pixels of both pictures' edge strengths:
  the length of the luma's Sobel gradient. 1 if the edges are in the same
  places with the same strengths up to a factor, 0 if they have nothing in
  common. The mean over the pictures; those without any edge are left out,
  unless there are no others, which gives 0.

  Args:
    images: The pictures.
    others: What became of them, same shape.
  """
  values = []
  for i in range(0, len(images), _BATCH):
    a, b = (_edges(both[i : i + _BATCH]) for both in (images, others))
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    strengths = (a * a).mean(axis=1), (b * b).mean(axis=1)
    both = np.sqrt(strengths[0] * strengths[1])
    correlation = (a * b).mean(axis=1) / np.maximum(both, _FLAT)
    values.append(correlation[strengths[0] > _FLAT])
  found = np.concatenate(values)
  return float(found.mean()) if found.size else 0.0


def grid_strength(images: np.ndarray, others: np.ndarray) -> float:
  """Returns how strong a grid is that was not in a picture.

  Networks that halve a picture twice can draw a pattern that repeats itself
  every four pixels where a picture is flat (Odena et al., "Deconvolution and
  Checkerboard Artifacts", 2016). What a mean of 5x5 pixels leaves of the other
  picture is averaged, in windows of 12x12 pixels, over all pixels at the same
  place modulo four. The strength is the standard deviation of these 16 means,
  less that of all that the 5x5 mean leaves of the picture itself there: where
  it is not flat detail may change. The mean of the channels.

  Args:
    images: uint8 `[count, height, width, channels]`, 4 pixels high and wide at
      least.
    others: What became of them, same shape.

  Returns:
    The largest of all windows of all pictures, in levels of 255, at least 0.
  """
  largest = 0.0
  for i in range(0, len(images), _BATCH):
    detail, fine = (
      _repeats(_fine(both[i : i + _BATCH])) for both in (images, others)
    )
    own = np.sqrt(_windows(np.square(detail).mean(axis=-2)))
    grid = _windows(fine).std(axis=-2)
    largest = max(largest, float(np.max(np.mean(grid - own, axis=-1))))
  return largest


def _fine(images: np.ndarray) -> np.ndarray:
  """Returns what a mean, which leaves out what is beyond the border, leaves."""
  images = images.astype(np.float32)
  return images - tf.nn.avg_pool2d(images, _GRID_WINDOW, 1, "SAME").numpy()


def _repeats(images: np.ndarray) -> np.ndarray:
  """Returns `[count, rows, columns, 16, channels]`, one for each 4x4 pixels."""
  count, height, width, channels = images.shape
  rows, columns = height // _GRID, width // _GRID
  images = images[:, : rows * _GRID, : columns * _GRID]
  images = images.reshape((count, rows, _GRID, columns, _GRID, channels))
  return images.transpose((0, 1, 3, 2, 4, 5)).reshape(
    (count, rows, columns, _GRID**2, channels)
  )


def _windows(repeats: np.ndarray) -> np.ndarray:
  """Returns means over windows of 3x3 neighbours, or of all if there are less.

  Args:
    repeats: `[count, rows, columns, ...]`.
  """
  for axis in (1, 2):
    size = min(_REPEATS, repeats.shape[axis])
    repeats = np.lib.stride_tricks.sliding_window_view(
      repeats, size, axis
    ).mean(axis=-1)
  return repeats


def _edges(images: np.ndarray) -> np.ndarray:
  """Returns edge strengths, float32 `[count, height * width]`."""
  luma = tf.constant(images.mean(axis=-1, keepdims=True, dtype=np.float32))
  gradients = tf.image.sobel_edges(luma)
  return tf.norm(gradients, axis=-1).numpy().reshape(len(images), -1)


def _psnr(images: np.ndarray, truth: np.ndarray, peak: float) -> float:
  """Returns `10 log10(peak² / mean squared error)`, dB."""
  difference = images.astype(np.float64) - truth
  with np.errstate(divide="ignore"):
    return float(-10 * np.log10(np.mean(difference**2) / peak**2))


def _batched(
  function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
  images: np.ndarray,
  truth: np.ndarray,
) -> np.ndarray:
  """Returns a measure's value, or map, of every picture."""
  return np.concatenate(
    [
      function(
        tf.constant(images[i : i + _BATCH]), tf.constant(truth[i : i + _BATCH])
      ).numpy()
      for i in range(0, len(images), _BATCH)
    ]
  )


def _check_size(images: np.ndarray) -> None:
  if min(images.shape[1:3]) < SSIM_WINDOW:
    raise ValueError(
      f"SSIM needs pictures of at least {SSIM_WINDOW} pixels, not"
      f" {images.shape[1:3]}."
    )


def _require_any(mask: np.ndarray) -> None:
  if not mask.any():
    raise ValueError("The mask is empty: there is nothing to average over.")
