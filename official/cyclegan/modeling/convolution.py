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
"""Convolutions for CPUs: Winograd, few channels, reflection padding.

The functions here replace `tf.pad` and `tf.nn.conv2d` in training on a
processor, where TensorFlow's (oneDNN's) kernels waste most of the time on a
few shapes. What each saves is in `docs/performance.md`. All tensors are
`[batch, height, width, channels]`, kernels `[height, width, inputs, outputs]`.

* `winograd`: 3x3 and 4x4 kernels in float32. Lavin and Gray, "Fast Algorithms
  for Convolutional Neural Networks", 2016, section 4.3, F(4x4, 3x3): 36
  multiplications instead of 144 for 16 results; and F(3x3, 4x4). All transforms
  are matrix products, which take in the padding.
* `few_outputs`: kernels with hardly any output channels (the RGB image that a
  generator ends with). Vector registers hold 16 numbers, so that 3 channels
  leave most of them empty. Squares of 2x2 pixels are computed as 12 channels.
* `few_inputs`: kernels with hardly any input channels, whose gradient with
  respect to the image is a convolution to few channels.
* `reflect_pad`: copies of the border instead of TensorFlow's general
  MirrorPad, whose gradient runs on one thread.

The gradients given here are not differentiated again: second derivatives,
which a gradient penalty takes of discriminators, need the plain forms.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from official.cyclegan.core import cpu_tuning

_BLOCK = 2  # pixels; of `few_outputs`
_FEW_TAPS = 3  # for kernels no larger `few_outputs` and `few_inputs` do not pay
_LANES = 16  # float32 numbers in a vector register (AVX-512)
_TAPS = (3, 4)  # of the kernels that Winograd's algorithm here is for
# Multiply-adds of a plain convolution, by whether there is AVX-512, and how
# many times those of Winograd's they have to be, from which it was measured to
# be faster in a whole step.
_WINOGRAD_WORK = {False: 2**23, True: 2**24}
_WINOGRAD_GAIN = 1.7
# F(4, 3) and F(3, 4) in Lavin and Gray's notation: B transposed, which both
# have, then what the rows of G and the columns of A transposed are made of: the
# values of polynomials at 0, 1, -1, 2, -2 and infinity.
_DATA = np.array(
  [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
  ]
)
_POINTS = np.array([0, 1, -1, 2, -2])
_SCALES = np.array([1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24])
# A transformed tile has 6 times 6 numbers.
_CLASSES = len(_DATA)


def reflect_pad(x: tf.Tensor, padding: int) -> tf.Tensor:
  """Pads height and width by reflection, like `tf.pad(mode="REFLECT")`.

  Args:
    x: Images of known height and width, float.
    padding: Rows and columns added on each side, pixels.

  Returns:
    The padded images, same dtype.
  """
  return _reflect(_reflect(x, padding, 1), padding, 2)


def few_outputs(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
  """Convolves without padding, with stride 1, to a few channels.

  Args:
    x: Padded images of known height and width.
    kernel: The kernel, same dtype; `has_few_outputs` says when it pays.

  Returns:
    What `tf.nn.conv2d(x, kernel, 1, "VALID")` returns.
  """
  taps = kernel.shape[:2]
  height, width = (n - k + 1 for n, k in zip(x.shape[1:3], taps))
  if height % _BLOCK or width % _BLOCK:
    return tf.nn.conv2d(x, kernel, 1, "VALID")

  @tf.custom_gradient
  def convolve(x: tf.Tensor, kernel: tf.Tensor):
    blocks = _block_kernel(kernel)
    y = tf.nn.depth_to_space(tf.nn.conv2d(x, blocks, _BLOCK, "VALID"), _BLOCK)

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
      dx = tf.nn.conv2d_transpose(dy, kernel, tf.shape(x), 1, "VALID")
      d_blocks = _kernel_gradient(
        x, blocks.shape, tf.nn.space_to_depth(dy, _BLOCK), stride=_BLOCK
      )
      return dx, _unblock_kernel(d_blocks, kernel.shape)

    return y, gradient

  return convolve(x, kernel)


def few_inputs(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
  """Convolves without padding, with stride 1, from a few channels.

  Args:
    x: Padded images of known height and width.
    kernel: The kernel, same dtype.

  Returns:
    What `tf.nn.conv2d(x, kernel, 1, "VALID")` returns.
  """
  rows, columns = (k - 1 for k in kernel.shape[:2])

  @tf.custom_gradient
  def convolve(x: tf.Tensor, kernel: tf.Tensor):
    y = tf.nn.conv2d(x, kernel, 1, "VALID")

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
      # The gradient of a convolution is one with the kernel turned round.
      turned = tf.transpose(kernel[::-1, ::-1], [0, 1, 3, 2])
      sides = [[0, 0], [rows, rows], [columns, columns], [0, 0]]
      dx = few_outputs(tf.pad(dy, sides), turned)
      return dx, _kernel_gradient(x, kernel.shape, dy)

    return y, gradient

  return convolve(x, kernel)


def winograd(x: tf.Tensor, kernel: tf.Tensor, padding: str) -> tf.Tensor:
  """Convolves with a 3x3 or 4x4 kernel and stride 1, to its input's size.

  Args:
    x: float32 images of known height and width, at least 2 pixels.
    kernel: float32 `[3, 3, inputs, outputs]` or `[4, 4, inputs, outputs]`.
    padding: `reflect`, for 3x3 only, or `zero`; by one pixel on each side, for
      4x4 by two below and on the right, as TensorFlow's `SAME` has it.

  Returns:
    What a plain convolution of the padded images returns, up to rounding:
    about 1e-5 of the largest result.
  """
  height, width, inputs = x.shape[1:]
  taps, outputs = kernel.shape[0], kernel.shape[-1]
  rows, columns = (_transforms(n, padding, taps) for n in (height, width))
  split, join = (rows.split, columns.split), (rows.join, columns.join)
  to_classes = np.kron(rows.kernel, columns.kernel)

  @tf.custom_gradient
  def convolve(x: tf.Tensor, kernel: tf.Tensor):
    # Padding is part of the transform.
    tiles = _to_tiles(x, *split)
    kernels = tf.matmul(to_classes, tf.reshape(kernel, [taps**2, -1]))
    kernels = tf.reshape(kernels, [_CLASSES**2, inputs, outputs])
    y = _from_tiles(tf.matmul(tiles, kernels), *join)

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
      d_tiles = _to_tiles(dy, *(matrix.T for matrix in join))
      d_x = _from_tiles(
        tf.matmul(d_tiles, kernels, transpose_b=True),
        *(matrix.T for matrix in split),
      )
      d_kernels = tf.matmul(tiles, d_tiles, transpose_a=True)
      d_kernel = tf.matmul(
        to_classes,
        tf.reshape(d_kernels, [_CLASSES**2, -1]),
        transpose_a=True,
      )
      return d_x, tf.reshape(d_kernel, kernel.shape)

    return y, gradient

  return convolve(x, kernel)


def _to_tiles(x: tf.Tensor, rows: np.ndarray, columns: np.ndarray) -> tf.Tensor:
  """Transforms images to numbers that are multiplied with a kernel's.

  Args:
    x: `[batch, height, width, channels]`.
    rows: `[6 * tiles, height]`.
    columns: `[6 * tiles, width]`.

  Returns:
    `[36, batch * tiles, channels]`, by the place in the tile.
  """
  channels = x.shape[-1]
  (tall, height), (wide, width) = rows.shape, columns.shape
  x = tf.matmul(rows, tf.reshape(x, [-1, height, width * channels]))
  x = tf.matmul(columns, tf.reshape(x, [-1, width, channels]))
  places = [_CLASSES, tall // _CLASSES, _CLASSES, wide // _CLASSES]
  x = tf.transpose(tf.reshape(x, [-1, *places, channels]), [1, 3, 0, 2, 4, 5])
  return tf.reshape(x, [_CLASSES**2, -1, channels])


def _from_tiles(
  x: tf.Tensor, rows: np.ndarray, columns: np.ndarray
) -> tf.Tensor:
  """Transforms such numbers to images.

  Args:
    x: `[36, batch * tiles, channels]`.
    rows: `[height, 6 * tiles]`.
    columns: `[width, 6 * tiles]`.

  Returns:
    `[batch, height, width, channels]`.
  """
  channels = x.shape[-1]
  (height, tall), (width, wide) = rows.shape, columns.shape
  tiles = [tall // _CLASSES, wide // _CLASSES]
  x = tf.reshape(x, [_CLASSES, _CLASSES, -1, *tiles, channels])
  x = tf.transpose(x, [2, 0, 3, 1, 4, 5])
  x = tf.matmul(columns, tf.reshape(x, [-1, wide, channels]))
  x = tf.matmul(rows, tf.reshape(x, [-1, tall, width * channels]))
  return tf.reshape(x, [-1, height, width, channels])


def winograd_pays(x: tf.Tensor, kernel: tf.Tensor) -> bool:
  """Returns whether `winograd` can be used and is faster.

  Args:
    x: Images of known height and width.
    kernel: The kernel; the result is as high and wide as `x`.
  """
  taps, _, inputs, outputs = kernel.shape
  square = kernel.shape[1] == taps and taps in _TAPS
  if kernel.dtype != tf.float32 or not square:
    return False
  batch, height, width = x.shape[:3]
  # Multiply-adds for a pixel: the plain form's; those between the transforms;
  # and the transforms', whose matrices are as large as the image.
  plain = taps**2 * inputs * outputs
  growth = _CLASSES / (_CLASSES - taps + 1)
  product = growth**2 * inputs * outputs
  transform = growth * (height + growth * width) * (inputs + outputs)
  work = (batch or 1) * height * width * plain
  return (
    min(height, width) > 1
    and plain >= _WINOGRAD_GAIN * (product + transform)
    and work >= _WINOGRAD_WORK[cpu_tuning.has_avx512()]
  )


def has_few_outputs(kernel: tf.Tensor) -> bool:
  """Returns whether `few_outputs` pays for a kernel."""
  blocks = _BLOCK**2 * kernel.shape[-1]
  return kernel.shape[0] > _FEW_TAPS and blocks <= _LANES


def has_few_inputs(kernel: tf.Tensor) -> bool:
  """Returns whether `few_inputs` pays for a kernel."""
  blocks = _BLOCK**2 * kernel.shape[-2]
  return kernel.shape[0] > _FEW_TAPS and blocks <= _LANES


def _kernel_gradient(
  x: tf.Tensor,
  shape: Sequence[int],
  dy: tf.Tensor,
  stride: int = 1,
) -> tf.Tensor:
  """Returns the gradient with respect to a kernel `shape`."""
  return tf.raw_ops.Conv2DBackpropFilter(
    input=x,
    filter_sizes=shape,
    out_backprop=dy,
    strides=[1, stride, stride, 1],
    padding="VALID",
  )


def _reflect(x: tf.Tensor, padding: int, axis: int) -> tf.Tensor:
  """Reflects rows (axis 1) or columns (axis 2)."""

  @tf.custom_gradient
  def pad(x: tf.Tensor):
    return _mirror(x, padding, axis), lambda dy: _fold(dy, padding, axis)

  return pad(x)


def _mirror(x: tf.Tensor, padding: int, axis: int) -> tf.Tensor:
  """Returns images with rows or columns reflected."""
  size = x.shape[axis]
  before = [_line(x, i, axis) for i in range(padding, 0, -1)]
  after = [_line(x, i, axis) for i in range(size - 2, size - 2 - padding, -1)]
  return tf.concat([*before, x, *after], axis)


def _fold(dy: tf.Tensor, padding: int, axis: int) -> tf.Tensor:
  """Returns the gradient with respect to the images given to `_mirror`."""
  size = dy.shape[axis] - 2 * padding
  inner = size - 2 - 2 * padding  # rows or columns that no border mirrors
  if inner < 0:  # some rows or columns are mirrored at both borders
    sides = [[0, 0]] * 4
    sides[axis] = [padding, padding]
    return tf.raw_ops.MirrorPadGrad(input=dy, paddings=sides, mode="REFLECT")
  before, first, near, middle, far, last, after = tf.split(
    dy, [padding, 1, padding, inner, padding, 1, padding], axis
  )
  if padding > 1:
    before, after = tf.reverse(before, [axis]), tf.reverse(after, [axis])
  return tf.concat([first, near + before, middle, far + after, last], axis)


def _line(x: tf.Tensor, index: int, axis: int) -> tf.Tensor:
  """Returns one row (axis 1) or column (axis 2)."""
  begin, sizes = [0] * 4, [-1] * 4
  begin[axis], sizes[axis] = index, 1
  return tf.slice(x, begin, sizes)


def _block_kernel(kernel: tf.Tensor) -> tf.Tensor:
  """Returns the kernel that computes a square of pixels as channels."""
  height, width, inputs, outputs = kernel.shape
  shifted = [
    tf.pad(
      kernel,
      [[row, _BLOCK - 1 - row], [column, _BLOCK - 1 - column], [0, 0], [0, 0]],
    )
    for row in range(_BLOCK)
    for column in range(_BLOCK)
  ]
  return tf.reshape(
    tf.stack(shifted, axis=3),
    [height + _BLOCK - 1, width + _BLOCK - 1, inputs, _BLOCK**2 * outputs],
  )


def _unblock_kernel(blocks: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
  """Returns a kernel's gradient from that of its `_block_kernel`."""
  height, width, _, outputs = shape
  parts = tf.split(blocks, _BLOCK**2, axis=3)
  return tf.add_n(
    [
      parts[row * _BLOCK + column][
        row : row + height, column : column + width, :, :outputs
      ]
      for row in range(_BLOCK)
      for column in range(_BLOCK)
    ]
  )


class _Transforms(NamedTuple):
  """Winograd's transforms of all tiles of a column, or row, at once.

  Attributes:
    split: float32 `[6 * tiles, size]`, from an image's pixels to the numbers
      that are multiplied, ordered by their place in the tile, then by tile.
    join: float32 `[size, 6 * tiles]`, from the products to the result's pixels.
    kernel: float32 `[6, taps]`, from a kernel's weights to their factors.
  """

  split: np.ndarray
  join: np.ndarray
  kernel: np.ndarray


@functools.lru_cache(maxsize=64)
def _transforms(size: int, padding: str, taps: int) -> _Transforms:
  """Returns the transforms of images of a height, or width.

  Args:
    size: Pixels.
    padding: `reflect` or `zero`.
    taps: Rows, or columns, of the kernel.
  """
  results = _CLASSES - taps + 1  # of a tile
  tiles = -(-size // results)
  padded = np.zeros((tiles * results + taps - 1, size))
  for i in range(size + taps - 1):
    source = i - 1
    if padding == "reflect":
      source = size - 1 - abs(size - 1 - abs(source))
    if 0 <= source < size:
      padded[i, source] = 1
  split = np.zeros((_CLASSES, tiles, len(padded)))
  join = np.zeros((tiles * results, _CLASSES, tiles))
  for tile in range(tiles):
    first = tile * results
    split[:, tile, first : first + _CLASSES] = _DATA
    join[first : first + results, :, tile] = _powers(results).T
  to_classes = _powers(taps)
  to_classes[:-1] *= _SCALES[:, None]
  return _Transforms(
    (split.reshape(-1, len(padded)) @ padded).astype(np.float32),
    join[:size].reshape(size, -1).astype(np.float32),
    to_classes.astype(np.float32),
  )


def _powers(count: int) -> np.ndarray:
  """Returns the powers below `count` of Winograd's points, a row for each."""
  infinity = np.eye(count)[-1:]  # where only the highest counts
  return np.concatenate([_POINTS[:, None] ** np.arange(count), infinity])
