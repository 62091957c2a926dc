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
"""How far a generator sees, read from its Keras graph.

Who translates a picture in parts has to let each part see as far into its
neighbours. Instance normalisation, which sees everything, is left out: its
statistics are then given (`norm_statistics`).
"""

from __future__ import annotations

import dataclasses
import math

import tensorflow as tf

from official.cyclegan.modeling import layers


@dataclasses.dataclass(frozen=True)
class _View:
  """Which pixels of the image a tensor's places can depend on.

  Place `i` depends on the rows from `i * step + low` to `i * step + high`; the
  same of columns.
  """

  step: float
  low: float
  high: float


def reach(network: tf.keras.Model) -> int:
  """Returns how far from a pixel its result can still depend on the image.

  Args:
    network: Functional, from images to images of the same size. It consists of
      convolutions, resizing, sub-pixel shuffles, sums, concatenations and
      layers that treat each place on its own.

  Returns:
    Pixels, up, down, left or right. Steps of strided layers are counted as
    they fall in images whose size is a multiple of all strides.
  """
  views: dict[int, _View] = {}
  for layer in network.layers:
    if isinstance(layer, tf.keras.layers.InputLayer):
      views[id(layer.output)] = _View(1.0, 0.0, 0.0)
      continue
    inputs = [views[id(x)] for x in tf.nest.flatten(layer.input)]
    views[id(layer.output)] = _through(layer, _joined(inputs))
  view = views[id(network.output)]
  return math.ceil(max(-view.low, view.high))


def _joined(views: list[_View]) -> _View:
  """Returns what several tensors of one size see together."""
  return _View(
    views[0].step, min(v.low for v in views), max(v.high for v in views)
  )


def _through(layer: tf.keras.layers.Layer, view: _View) -> _View:
  """Returns what a layer's result sees, given what its input sees."""
  if isinstance(layer, tf.keras.layers.Conv2DTranspose):
    kernel, stride = layer.kernel_size[0], layer.strides[0]
    before = max(kernel - stride, 0) // 2
    step = view.step / stride
    return _View(
      step,
      view.low + step * (before - kernel + 1),
      view.high + step * before,
    )
  if isinstance(
    layer, (tf.keras.layers.Conv2D, tf.keras.layers.DepthwiseConv2D)
  ):
    kernel, stride = layer.kernel_size[0], layer.strides[0]
    before = layer.reflect if isinstance(layer, layers.BorderConv2D) else 0
    if layer.padding == "same":  # TensorFlow puts the odd pixel behind
      before = max(kernel - stride, 0) // 2
    return _View(
      view.step * stride,
      view.low - view.step * before,
      view.high + view.step * (kernel - 1 - before),
    )
  if isinstance(layer, layers.DepthToSpace):
    return _enlarged(view, layer.factor)
  if isinstance(layer, tf.keras.layers.UpSampling2D):
    if layer.interpolation != "nearest":  # sees the places on both sides
      view = _View(view.step, view.low - view.step, view.high + view.step)
    return _enlarged(view, layer.size[0])
  return view


def _enlarged(view: _View, factor: int) -> _View:
  """Returns what each copy of a place sees."""
  step = view.step / factor
  return _View(step, view.low - step * (factor - 1), view.high)
