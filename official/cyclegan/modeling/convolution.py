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

* `winograd`: 3x3 kernels in float32. Lavin and Gray, "Fast Algorithms for
  Convolutional Neural Networks", 2016, section 4.2, F(4, 3) along the rows
  only: 6 multiplications instead of 12 for 4 results. Both transforms are
  matrix products, which take in the padding of the rows.
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

import numpy as np
import tensorflow as tf

_BLOCK = 2  # pixels; of `few_outputs`
_FEW_TAPS = 3  # for kernels no larger `few_outputs` and `few_inputs` do not pay
_LANES = 16  # float32 numbers in a vector register (AVX-512)
# By taps, multiply-adds of a plain convolution from which Winograd's was
# measured to be faster. Below, its dozen operators cost more than they save.
_WINOGRAD_WORK = {3: 2**25, 4: 2**27}
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
# A transformed tile has 6 numbers, each of which is convolved on its own.
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
    about 1e-6 of the results' size.
  """
  height, width, inputs = x.shape[1:]
  taps, outputs = kernel.shape[0], kernel.shape[-1]
  split, join, to_classes = _transforms(height, padding, taps)
  reflected = padding == "reflect"
  padded = width + 2 if reflected else width
  # Kernels of one row are not padded above and below.
  row_padding = "VALID" if reflected else "SAME"
  row_shape = [1, taps, inputs, outputs]

  @tf.custom_gradient
  def convolve(x: tf.Tensor, kernel: tf.Tensor):
    # Columns are padded here; rows by `split`, together with the transform.
    if reflected:
      x = _mirror(x, 1, 2)
    parts = tf.matmul(split, tf.reshape(x, [-1, height, padded * inputs]))
    parts = tf.reshape(parts, [-1, len(split), padded, inputs])
    parts = tf.split(parts, _CLASSES, axis=1)
    kernels = tf.matmul(to_classes, tf.reshape(kernel, [taps, -1]))
    kernels = tf.unstack(tf.reshape(kernels, [_CLASSES, *row_shape]))
    rows = [
      tf.nn.conv2d(part, row_kernel, 1, row_padding)
      for part, row_kernel in zip(parts, kernels)
    ]
    rows = tf.reshape(tf.concat(rows, 1), [-1, len(split), width * outputs])
    y = tf.reshape(tf.matmul(join, rows), [-1, height, width, outputs])

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
      d_rows = tf.reshape(dy, [-1, height, width * outputs])
      d_rows = tf.matmul(join, d_rows, transpose_a=True)
      d_rows = tf.reshape(d_rows, [-1, len(split), width, outputs])
      d_rows = tf.split(d_rows, _CLASSES, axis=1)
      sizes = tf.shape(parts[0])
      d_x = [
        tf.nn.conv2d_transpose(d_row, row_kernel, sizes, 1, row_padding)
        for row_kernel, d_row in zip(kernels, d_rows)
      ]
      d_x = tf.reshape(tf.concat(d_x, 1), [-1, len(split), padded * inputs])
      d_x = tf.matmul(split, d_x, transpose_a=True)
      d_x = tf.reshape(d_x, [-1, height, padded, inputs])
      if reflected:
        d_x = _fold(d_x, 1, 2)
      d_kernels = [
        _kernel_gradient(part, row_shape, d_row, padding=row_padding)
        for part, d_row in zip(parts, d_rows)
      ]
      d_kernel = tf.matmul(
        to_classes,
        tf.reshape(tf.stack(d_kernels), [_CLASSES, -1]),
        transpose_a=True,
      )
      return d_x, tf.reshape(d_kernel, kernel.shape)

    return y, gradient

  return convolve(x, kernel)


def winograd_pays(x: tf.Tensor, kernel: tf.Tensor) -> bool:
  """Returns whether `winograd` can be used and is faster.

  Args:
    x: Images of known height and width.
    kernel: The kernel; the result is as high and wide as `x`.
  """
  taps = kernel.shape[0]
  square = kernel.shape[1] == taps and taps in _WINOGRAD_WORK
  if kernel.dtype != tf.float32 or not square:
    return False
  batch, height, width = x.shape[:3]
  work = (batch or 1) * height * width * int(np.prod(kernel.shape))
  return min(height, width) > 1 and work >= _WINOGRAD_WORK[taps]


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
  padding: str = "VALID",
) -> tf.Tensor:
  """Returns the gradient with respect to a kernel `shape`."""
  return tf.raw_ops.Conv2DBackpropFilter(
    input=x,
    filter_sizes=shape,
    out_backprop=dy,
    strides=[1, stride, stride, 1],
    padding=padding,
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


@functools.lru_cache(maxsize=64)
def _transforms(
  height: int, padding: str, taps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Returns Winograd's transforms of all tiles of a column at once.

  Args:
    height: Rows of the images.
    padding: `reflect` or `zero`.
    taps: Rows of the kernel.

  Returns:
    float32 `[6 * tiles, height]`, from an image's rows to the numbers that are
    convolved, ordered by their place in the tile, then by tile; float32
    `[height, 6 * tiles]`, from the convolved numbers to the result's rows; and
    float32 `[6, taps]`, from a kernel's rows to those it is replaced by.
  """
  results = _CLASSES - taps + 1  # of a tile
  tiles = -(-height // results)
  padded = np.zeros((tiles * results + taps - 1, height))
  for row in range(height + taps - 1):
    source = row - 1
    if padding == "reflect":
      source = height - 1 - abs(height - 1 - abs(source))
    if 0 <= source < height:
      padded[row, source] = 1
  split = np.zeros((_CLASSES, tiles, len(padded)))
  join = np.zeros((tiles * results, _CLASSES, tiles))
  for tile in range(tiles):
    first = tile * results
    split[:, tile, first : first + _CLASSES] = _DATA
    join[first : first + results, :, tile] = _powers(results).T
  to_classes = _powers(taps)
  to_classes[:-1] *= _SCALES[:, None]
  return (
    (split.reshape(-1, len(padded)) @ padded).astype(np.float32),
    join[:height].reshape(height, -1).astype(np.float32),
    to_classes.astype(np.float32),
  )


def _powers(count: int) -> np.ndarray:
  """Returns the powers below `count` of Winograd's points, a row for each."""
  infinity = np.eye(count)[-1:]  # where only the highest counts
  return np.concatenate([_POINTS[:, None] ** np.arange(count), infinity])
