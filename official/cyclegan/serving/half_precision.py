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
"""Runs .tflite files as a processor would that has nothing but float16.

Graphics processors of phones compute in half precision. How they add up is up
to each: some keep sums in float32, some do not, and none says in which order.
Two cases enclose what they do. In both every operator's result and every
constant is rounded to float16, and what is above its largest number is
infinite.

* `SINGLE`, the better one: sums are kept in float32.
* `HALF`, the worst: one number is added after another, in the order in which
  they lie in memory, and the sum is rounded after each; a product is rounded
  together with the addition, as a fused multiply-add does it. Constants and
  results below the smallest normal number, 2^-14, become 0; what has been added
  up so far does not.

This is a model of the arithmetic only, operator by operator in NumPy: kernels
may compute an operator in other ways, such as Winograd's.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from official.cyclegan.evaluation import image_quality
from official.cyclegan.serving import half_safe_norm
from official.cyclegan.serving import tflite_graph

HALF, SINGLE = "fp16_sums", "fp32_sums"  # how sums are kept
_MAX_PSNR = 200.0  # dB, instead of infinity
_LARGEST = half_safe_norm.LARGEST
# Veltkamp's constant: splits 24 bits of float32 into 11, float16's, and 13.
_SPLIT = np.float32(2**13 + 1)
_TILE = 1 << 14  # numbers that are added to at once: they stay in the cache


class UnknownOperator(Exception):
  """A file has an operator that is not known here; the message names it."""


@dataclasses.dataclass(frozen=True)
class Result:
  """What came out of a file.

  Attributes:
    image: float32, or uint8 as the file gives it.
    largest: The largest magnitude that a number or a partial sum can have had,
      in whichever order the sum is made.
    largest_in: The kind of operator that has it, and its output's name.
    is_finite: Whether no number was infinite or none at all (NaN).
  """

  image: np.ndarray
  largest: float
  largest_in: str
  is_finite: bool


def run(graph: tflite_graph.Graph, image: np.ndarray, sums: str) -> Result:
  """Runs a graph in half precision.

  Args:
    graph: With one input and one output.
    image: What it takes, of its shape and type.
    sums: `HALF` or `SINGLE`.

  Raises:
    UnknownOperator: If it has an operator that is not known here.
  """
  if len(graph.inputs) != 1 or len(graph.outputs) != 1:
    raise UnknownOperator("several inputs or outputs")
  arithmetic = _Arithmetic(sums == HALF)
  left = _uses(graph)
  (given,), (wanted,) = graph.inputs, graph.outputs
  values = {given: arithmetic.store(image)}
  largest, largest_in, is_finite = 0.0, "", True
  for operator in graph.operators:
    if operator.kind not in _OPERATORS:
      raise UnknownOperator(operator.kind)
    inputs = [
      values[i] if i in values else _constant(graph, i, arithmetic)
      for i in operator.inputs
    ]
    arithmetic.largest_sum = 0.0
    with np.errstate(all="ignore"):
      found = _OPERATORS[operator.kind](operator, inputs, arithmetic, graph)
      made = before = arithmetic.store(found)
      if operator.activation != "NONE":  # which may hide infinity
        made = arithmetic.store(_activate(operator.activation, found))
    (output,) = operator.outputs
    values[output] = made
    if made.dtype == np.float32:
      size = float(np.max(np.abs(before), initial=0.0))
      size = max(arithmetic.largest_sum, size if size == size else math.inf)
      is_finite &= math.isfinite(size)
      if size > largest:
        largest = size
        largest_in = f"{operator.kind} {graph.tensors[output].name}"
    for i in operator.inputs:  # frees what nothing needs any more
      left[i] -= 1
      if not left[i]:
        values.pop(i, None)
  return Result(values[wanted], largest, largest_in, is_finite)


def measure(
  graph: tflite_graph.Graph, images: np.ndarray, expected: np.ndarray
) -> dict[str, dict[str, Any]]:
  """Says how right a graph is in half precision.

  Args:
    graph: With one input and one output.
    images: float32 `[count, size, size, channels]` in [0, 1].
    expected: What comes out in float32, as `images`.

  Returns:
    For `HALF` and `SINGLE` sums: `psnr`, dB, to what is expected, 0 if a number
    is none; `largest` and `largest_in`, as of `Result`, None for infinite;
    `is_finite`.

  Raises:
    UnknownOperator: If it has an operator that is not known here.
  """
  found = {}
  for sums in (HALF, SINGLE):
    results = []
    for image in images:
      given = image[None]
      if graph.tensors[graph.inputs[0]].dtype == np.uint8:
        given = np.rint(given * 255).astype(np.uint8)
      results.append(run(graph, given, sums))
    made = np.concatenate([result.image for result in results])
    if made.dtype == np.uint8:
      made = made.astype(np.float32) / 255
    psnr = 0.0
    if np.isfinite(made).all():
      psnr = min(image_quality.pooled_psnr(made, expected), _MAX_PSNR)
    worst = max(results, key=lambda result: result.largest)
    found[sums] = {
      "psnr": psnr,
      "largest": worst.largest if math.isfinite(worst.largest) else None,
      "largest_in": worst.largest_in,
      "is_finite": all(result.is_finite for result in results),
    }
  return found


def _uses(graph: tflite_graph.Graph) -> dict[int, int]:
  """Returns how often each tensor is read."""
  uses = dict.fromkeys(graph.outputs, 1)
  for operator in graph.operators:
    for i in operator.inputs:
      uses[i] = uses.get(i, 0) + 1
  return uses


def _constant(
  graph: tflite_graph.Graph, index: int, arithmetic: _Arithmetic
) -> np.ndarray | None:
  """Returns a constant; of 8-bit weights what they stand for, in float16."""
  if index < 0:  # an input that is left out
    return None
  tensor = graph.tensors[index]
  if tensor.value is None:
    raise UnknownOperator(f"variable {tensor.name}")
  if not tensor.scale.size or tensor.value.dtype == np.float16:
    return arithmetic.store(tensor.value)
  shape = [1] * tensor.value.ndim
  if tensor.scale.size > 1:
    shape[tensor.axis] = -1
  scale, zero = (a.reshape(shape) for a in (tensor.scale, tensor.zero_point))
  return arithmetic.store((tensor.value - zero) * scale)


def _round(x: np.ndarray, flush: bool) -> np.ndarray:
  """Returns float32 numbers as float16 has them; small ones as 0, if asked."""
  with np.errstate(over="ignore", invalid="ignore"):
    rounded = x.astype(np.float16).astype(np.float32)
  if flush:
    rounded[np.abs(rounded) < half_safe_norm.SMALLEST_NORMAL] = 0.0
  return rounded


class _Arithmetic:
  """Rounds results and makes sums.

  Attributes:
    half_sums: Whether sums are rounded after each addition.
    largest_sum: The largest magnitude that a partial sum since this was set to
      0 can have had.
  """

  def __init__(self, half_sums: bool):
    self.half_sums = half_sums
    self.largest_sum = 0.0

  def store(self, x: np.ndarray) -> np.ndarray:
    """Rounds what an operator has computed; whole numbers stay."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
      return x
    return _round(np.atleast_1d(x), self.half_sums).reshape(x.shape)

  def add_up(self, x: np.ndarray) -> np.ndarray:
    """Sums over the first axis.

    Args:
      x: float32 `[n, ...]`.
    """
    bound = self._note(np.abs(x).sum(0))
    if not self.half_sums:
      return x.sum(0)
    total = np.zeros(x.shape[1:], np.float32)
    buffers = np.empty_like(total), np.empty_like(total)
    for term in x:
      np.add(total, term, out=total)
      _round_in_place(total, *buffers, bound > _LARGEST)
    return total

  def multiply_up(
    self,
    total: np.ndarray,
    magnitudes: np.ndarray,
    weights: np.ndarray,
    x: np.ndarray,
  ) -> tuple[np.ndarray, np.ndarray]:
    """Adds a matrix product to sums that are begun.

    Args:
      total: float32 `[outputs, positions]`.
      magnitudes: The same of the magnitudes of all that was added up.
      weights: float32 `[inputs, outputs]`.
      x: float32 `[inputs, positions]`.

    Returns:
      The sums and the magnitudes', float32 `[outputs, positions]`.
    """
    more = np.abs(weights).T @ np.abs(x)
    bound = float(np.max(np.abs(total) + more, initial=0.0))
    magnitudes = magnitudes + more
    self._note(magnitudes)
    return self._add_product(total, weights, x, bound), magnitudes

  def _add_product(
    self, total: np.ndarray, weights: np.ndarray, x: np.ndarray, bound: float
  ) -> np.ndarray:
    """Returns the sums of `multiply_up`, none of which exceeds a bound."""
    if not self.half_sums:
      return total + weights.T @ x
    total = np.array(total)  # contiguous, and our own
    step = max(256, _TILE // len(total))

    def add_tile(start: int) -> None:
      part = np.ascontiguousarray(total[:, start : start + step])
      given = np.ascontiguousarray(x[:, start : start + step])
      product, buffer = np.empty_like(part), np.empty_like(part)
      with np.errstate(all="ignore"):  # of this thread
        for weight, row in zip(weights, given):
          np.multiply(weight[:, None], row, out=product)
          np.add(part, product, out=part)
          _round_in_place(part, product, buffer, not bound <= _LARGEST)
      total[:, start : start + step] = part

    # NumPy lets other threads run while it computes.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
      list(pool.map(add_tile, range(0, total.shape[1], step)))
    return total

  def _note(self, bound: np.ndarray) -> float:
    """Keeps the largest of sums of magnitudes, which no partial sum exceeds."""
    found = float(np.max(bound, initial=0.0))
    if not found <= self.largest_sum:
      self.largest_sum = found
    return found if found == found else math.inf


def _round_in_place(
  x: np.ndarray, first: np.ndarray, second: np.ndarray, may_overflow: bool
) -> None:
  """Rounds float32 numbers to float16's 11 bits.

  The fast way (Dekker, "A floating-point technique for extending the available
  precision", 1971): it knows neither infinity nor small numbers.

  Args:
    x: The numbers; none is near float32's ends.
    first: A buffer of their shape.
    second: Another.
    may_overflow: Whether a number may be beyond float16's largest; if so it
      becomes infinite.
  """
  if may_overflow:
    np.copyto(x, x.astype(np.float16), casting="same_kind")
    return
  np.multiply(x, _SPLIT, out=first)
  np.subtract(first, x, out=second)
  np.subtract(first, second, out=x)


# Operators: from the operator, its inputs, the arithmetic and the graph to the
# result before activation and rounding.

_Inputs = Sequence[Any]
_Function = Callable[
  [tflite_graph.Operator, _Inputs, _Arithmetic, tflite_graph.Graph], np.ndarray
]


def _activate(name: str, x: np.ndarray) -> np.ndarray:
  if name == "TANH":
    return np.tanh(x)
  low, high = {
    "RELU": (0.0, np.inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
  }[name]
  return np.clip(x, low, high)


def _outer_padding(
  size: int, kernel: int, stride: int, dilation: int, same: bool
) -> tuple[int, int]:
  """Returns the length of a convolution's result, and rows before its input."""
  reach = (kernel - 1) * dilation + 1
  if not same:
    return (size - reach) // stride + 1, 0
  steps = -(-size // stride)
  return steps, max((steps - 1) * stride + reach - size, 0) // 2


def _windows(
  x: np.ndarray,
  kernel: tuple[int, int],
  options: Any,
  fill: float = 0.0,
) -> Iterator[tuple[int, int, np.ndarray]]:
  """Yields, for each place of a kernel, what lies under it.

  Args:
    x: `[height, width, channels]`.
    kernel: Height and width.
    options: Of the operator: stride, padding, dilation.
    fill: What lies outside.

  Yields:
    The row and the column of the kernel, and `[new_height, new_width,
    channels]`.
  """
  strides = options.strideH, options.strideW
  dilations = (
    getattr(options, "dilationHFactor", 1),
    getattr(options, "dilationWFactor", 1),
  )
  sizes, pads = [], []
  for size, k, stride, dilation in zip(x.shape, kernel, strides, dilations):
    steps, before = _outer_padding(
      size, k, stride, dilation, options.padding == 0
    )
    last = (steps - 1) * stride + (k - 1) * dilation + 1
    sizes.append(steps)
    pads.append((before, max(last - before - size, 0)))
  padded = np.pad(x, [*pads, (0, 0)], constant_values=fill)
  for row in range(kernel[0]):
    for column in range(kernel[1]):
      top, left = row * dilations[0], column * dilations[1]
      yield (
        row,
        column,
        padded[
          top : top + (sizes[0] - 1) * strides[0] + 1 : strides[0],
          left : left + (sizes[1] - 1) * strides[1] + 1 : strides[1],
        ],
      )


def _convolve(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del graph
  x, kernel, bias = [*inputs, None][:3]  # kernel: [outputs, h, w, inputs]
  images = []
  for image in x:
    parts = list(_windows(image, kernel.shape[1:3], operator.options))
    shape = parts[0][2].shape[:2]
    total = np.zeros((len(kernel), math.prod(shape)), np.float32)
    magnitudes = total
    for row, column, part in parts:
      total, magnitudes = arithmetic.multiply_up(
        total,
        magnitudes,
        kernel[:, row, column].T,
        part.reshape(-1, part.shape[2]).T,
      )
    images.append(total.T.reshape(*shape, -1))
  return _with_bias(np.stack(images), bias, arithmetic)


def _with_bias(
  total: np.ndarray, bias: np.ndarray | None, arithmetic: _Arithmetic
) -> np.ndarray:
  if bias is None:
    return total
  return (
    arithmetic.store(total) + bias if arithmetic.half_sums else total + bias
  )


def _convolve_depthwise(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del graph
  x, kernel, bias = [*inputs, None][:3]  # kernel: [1, h, w, channels]
  copies = kernel.shape[3] // x.shape[3]
  images = []
  for image in np.repeat(x, copies, axis=3):
    terms = [
      part * kernel[0, row, column]
      for row, column, part in _windows(
        image, kernel.shape[1:3], operator.options
      )
    ]
    images.append(arithmetic.add_up(np.stack(terms)))
  return _with_bias(np.stack(images), bias, arithmetic)


def _convolve_transposed(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del graph
  shape, kernel, x, bias = [*inputs, None][:4]
  options = operator.options
  outputs, *sides, _ = kernel.shape
  strides = options.strideH, options.strideW
  before = [
    _outer_padding(int(size), k, stride, 1, options.padding == 0)[1]
    for size, k, stride in zip(shape[1:3], sides, strides)
  ]
  images = []
  for image in x:
    height, width = image.shape[:2]
    # With room for what falls outside.
    total = np.zeros(
      (
        outputs,
        (height - 1) * strides[0] + sides[0] + int(shape[1]),
        (width - 1) * strides[1] + sides[1] + int(shape[2]),
      ),
      np.float32,
    )
    magnitudes = np.zeros_like(total)
    given = image.reshape(-1, image.shape[2]).T
    for row in range(sides[0]):
      for column in range(sides[1]):
        places = (
          slice(None),
          slice(row, row + (height - 1) * strides[0] + 1, strides[0]),
          slice(column, column + (width - 1) * strides[1] + 1, strides[1]),
        )
        made = arithmetic.multiply_up(
          total[places].reshape(outputs, -1),
          magnitudes[places].reshape(outputs, -1),
          kernel[:, row, column].T,
          given,
        )
        for sums, new in zip((total, magnitudes), made):
          sums[places] = new.reshape(sums[places].shape)
    top, left = before
    total = total[:, top : top + int(shape[1]), left : left + int(shape[2])]
    images.append(total.transpose(1, 2, 0))
  return _with_bias(np.stack(images), bias, arithmetic)


def _reduce(divide: bool) -> _Function:
  """Returns SUM, or MEAN."""

  def apply(
    operator: tflite_graph.Operator,
    inputs: _Inputs,
    arithmetic: _Arithmetic,
    graph: tflite_graph.Graph,
  ) -> np.ndarray:
    x, axes = inputs
    axes = [int(axis) % x.ndim for axis in np.ravel(axes)]
    kept = [i for i in range(x.ndim) if i not in axes]
    count = math.prod(x.shape[i] for i in axes)
    rows = x.transpose(*axes, *kept).reshape(count, -1)
    total = arithmetic.add_up(rows)
    if divide:
      total = arithmetic.store(total) if arithmetic.half_sums else total
      total = total * np.float32(1.0 / count)
    return total.reshape(graph.tensors[operator.outputs[0]].shape)

  return apply


def _average_pool(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del graph
  options = operator.options
  side = options.filterHeight, options.filterWidth
  images = []
  for image in inputs[0]:
    terms = [part for *_, part in _windows(image, side, options)]
    # Zeros from outside do not count.
    ones = np.ones((*image.shape[:2], 1), np.float32)
    count = sum(part for *_, part in _windows(ones, side, options))
    total = arithmetic.add_up(np.stack(terms))
    total = arithmetic.store(total) if arithmetic.half_sums else total
    images.append(total / count)
  return np.stack(images)


def _max_pool(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  options = operator.options
  side = options.filterHeight, options.filterWidth
  return np.stack(
    [
      np.max([part for *_, part in _windows(x, side, options, -np.inf)], axis=0)
      for x in inputs[0]
    ]
  )


def _pad(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  x, sides, *fill = inputs
  if operator.kind == "MIRROR_PAD":
    if operator.options.mode:
      return np.pad(x, sides, mode="symmetric")
    return np.pad(x, sides, mode="reflect")
  return np.pad(x, sides, constant_values=float(fill[0]) if fill else 0.0)


def _depth_to_space(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  n, height, width, channels = inputs[0].shape
  factor = operator.options.blockSize
  x = inputs[0].reshape(n, height, width, factor, factor, channels // factor**2)
  return x.transpose(0, 1, 3, 2, 4, 5).reshape(
    n, height * factor, width * factor, -1
  )


def _space_to_depth(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  n, height, width, channels = inputs[0].shape
  factor = operator.options.blockSize
  x = inputs[0].reshape(
    n, height // factor, factor, width // factor, factor, channels
  )
  return x.transpose(0, 1, 3, 2, 4, 5).reshape(
    n, height // factor, width // factor, -1
  )


def _source_places(old: int, new: int, options: Any) -> np.ndarray:
  """Returns for each new pixel its place among the old ones."""
  places = np.arange(new, dtype=np.float32)
  if options.alignCorners and new > 1:
    return places * ((old - 1) / (new - 1))
  if getattr(options, "halfPixelCenters", False):
    return (places + 0.5) * (old / new) - 0.5
  return places * (old / new)


def _resize_bilinear(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del graph
  x, size = inputs
  for axis, new in zip((1, 2), size):
    old = x.shape[axis]
    places = _source_places(old, int(new), operator.options)
    lower = np.floor(places)
    shape = [1] * x.ndim
    shape[axis] = -1
    share = arithmetic.store(places - lower).reshape(shape)
    first, second = (
      np.take(x, np.clip(i, 0, old - 1).astype(int), axis)
      for i in (lower, lower + 1)
    )
    x = arithmetic.store(first * (1 - share) + second * share)
  return x


def _resize_nearest(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  x, size = inputs
  options = operator.options
  for axis, new in zip((1, 2), size):
    old = x.shape[axis]
    places = _source_places(old, int(new), options)
    half = options.alignCorners or options.halfPixelCenters
    index = np.floor(places + 0.5) if half else np.floor(places)
    x = np.take(x, np.clip(index, 0, old - 1).astype(int), axis)
  return x


def _concatenate(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  return np.concatenate(inputs, operator.options.axis)


def _reshape(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic
  return inputs[0].reshape(graph.tensors[operator.outputs[0]].shape)


def _leaky_relu(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  (x,) = inputs
  return np.where(x < 0, x * np.float32(operator.options.alpha), x)


def _cast(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  types = tflite_graph.DTYPES
  wanted = types.get(operator.options.outDataType)
  if wanted is None:
    raise UnknownOperator("CAST to a type that is not known")
  (x,) = inputs
  if wanted.kind == "u":  # what is not a number is some number, here 0
    x = np.clip(np.nan_to_num(x), 0, 256**wanted.itemsize - 1)
  return x.astype(wanted)


def _slice(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic
  x, start, *_ = inputs
  shape = graph.tensors[operator.outputs[0]].shape
  return x[tuple(slice(int(a), int(a) + n) for a, n in zip(start, shape))]


def _strided_slice(
  operator: tflite_graph.Operator,
  inputs: _Inputs,
  arithmetic: _Arithmetic,
  graph: tflite_graph.Graph,
) -> np.ndarray:
  del arithmetic, graph
  options = operator.options
  if options.ellipsisMask or options.newAxisMask or options.shrinkAxisMask:
    raise UnknownOperator("STRIDED_SLICE that changes the rank")
  x, *bounds = inputs
  return x[
    tuple(
      slice(
        None if options.beginMask >> i & 1 else int(first),
        None if options.endMask >> i & 1 else int(last),
        int(step),
      )
      for i, (first, last, step) in enumerate(zip(*bounds))
    )
  ]


def _elementwise(function: Callable[..., np.ndarray]) -> _Function:
  """Returns an operator whose result a function of its inputs is."""

  def apply(
    operator: tflite_graph.Operator,
    inputs: _Inputs,
    arithmetic: _Arithmetic,
    graph: tflite_graph.Graph,
  ) -> np.ndarray:
    del operator, arithmetic, graph
    return function(*inputs)

  return apply


_OPERATORS: dict[str, _Function] = {
  "CONV_2D": _convolve,
  "DEPTHWISE_CONV_2D": _convolve_depthwise,
  "TRANSPOSE_CONV": _convolve_transposed,
  "AVERAGE_POOL_2D": _average_pool,
  "MAX_POOL_2D": _max_pool,
  "MEAN": _reduce(divide=True),
  "SUM": _reduce(divide=False),
  "PAD": _pad,
  "PADV2": _pad,
  "MIRROR_PAD": _pad,
  "DEPTH_TO_SPACE": _depth_to_space,
  "SPACE_TO_DEPTH": _space_to_depth,
  "RESIZE_BILINEAR": _resize_bilinear,
  "RESIZE_NEAREST_NEIGHBOR": _resize_nearest,
  "CONCATENATION": _concatenate,
  "RESHAPE": _reshape,
  "TRANSPOSE": _elementwise(lambda x, axes: x.transpose(*axes)),
  "SLICE": _slice,
  "STRIDED_SLICE": _strided_slice,
  "LEAKY_RELU": _leaky_relu,
  "CAST": _cast,
  # Of constants, which are what they stand for already.
  "DEQUANTIZE": _elementwise(lambda x: x),
  "ADD": _elementwise(np.add),
  "SUB": _elementwise(np.subtract),
  "MUL": _elementwise(np.multiply),
  "DIV": _elementwise(np.divide),
  "MAXIMUM": _elementwise(np.maximum),
  "MINIMUM": _elementwise(np.minimum),
  "SQUARED_DIFFERENCE": _elementwise(lambda x, y: np.square(x - y)),
  "SQUARE": _elementwise(np.square),
  "SQRT": _elementwise(np.sqrt),
  "RSQRT": _elementwise(lambda x: 1.0 / np.sqrt(x)),
  "ABS": _elementwise(np.abs),
  "NEG": _elementwise(np.negative),
  "EXP": _elementwise(np.exp),
  "FLOOR": _elementwise(np.floor),
  "TANH": _elementwise(np.tanh),
  "LOGISTIC": _elementwise(lambda x: 1.0 / (1.0 + np.exp(-x))),
  "RELU": _elementwise(lambda x: np.maximum(x, 0.0)),
  "RELU6": _elementwise(lambda x: np.clip(x, 0.0, 6.0)),
  "RELU_N1_TO_1": _elementwise(lambda x: np.clip(x, -1.0, 1.0)),
  "RELU_0_TO_1": _elementwise(lambda x: np.clip(x, 0.0, 1.0)),
}
