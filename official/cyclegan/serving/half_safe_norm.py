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
"""Generators whose instance normalisation is right in half precision.

Graphics processors of phones compute in float16, whatever a file says. It ends
at 65,504, has 11 bits, and its smallest normal number is 6e-5: the squares of
a map of 256x256 pixels add up to more, one added to another of 2,048 like it
is lost, and an epsilon of 1e-5 is 0 where small numbers are flushed. Here

* means are made in stages, each of few numbers;
* the convolution in front of a norm is scaled, channel by channel, by a power
  of two, so that the largest sum of squares of some pictures lies well inside
  the range, and what pictures of one colour or with a single bright point give,
  the extremes that a camera sees, inside it; epsilon is scaled by its square.
  The norm takes a scale out again;
* the same convolution's bias takes the channel's mean away, as far as it is the
  same for all pictures, which the norm does again anyway.

In float32 the result is the same, for powers of two do not round. Where a
scaled epsilon would be below float16's smallest normal number, the variance is
kept from falling below that instead: that of a map which is not flat is some
hundred thousand times as large.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from official.cyclegan.modeling import layers
from official.cyclegan.modeling import normalization

# IEEE 754, binary16: the largest number, and the smallest normal one.
LARGEST = 65504.0
SMALLEST_NORMAL = 2.0**-14
# How much larger than in the pictures looked at a sum of squares may get.
_HEADROOM = 16.0
# How much more a channel may be enlarged than most of its map's.
_MAX_RATIO = 32.0
# Numbers in a window: of the first stage, whose squares are not averaged yet,
# on each side; then of those between; and of the last altogether.
_FIRST_SIDE, _SIDE, _LAST_AREA = 4, 8, 64


def half_safe(
  generator: tf.keras.Model, images: Mapping[int, np.ndarray] | None = None
) -> tf.keras.Model:
  """Returns a generator with the same results, for half precision.

  Args:
    generator: float32 `[batch, height, width, channels]` in [-1, 1] to the
      same; it is left as it is.
    images: By size, pictures from which the scales are taken: float32
      `[count, size, size, channels]` in [0, 1]. None: no channel is scaled.

  Returns:
    A network of the same layers with other weights, except for norms, which are
    `StagedInstanceNormalization`. For a fixed height and width only.
  """
  copy = tf.keras.models.clone_model(generator, clone_function=_clone_layer)
  for old, new in zip(generator.layers, copy.layers):
    new.set_weights(old.get_weights())
  statistics = _measure(generator, images or {})
  producers = _producers(copy)
  for norm in copy.layers:
    if not isinstance(norm, StagedInstanceNormalization):
      continue
    convolution, copies = _convolution_before(copy, norm, producers)
    if convolution is not None and norm.name in statistics:
      seen = statistics[norm.name]
      scale = _scale(seen, norm.epsilon)
      _rescale(convolution, np.tile(scale, copies), np.tile(seen.mean, copies))
      norm.scale_epsilon(scale)
  return copy


class _Seen(NamedTuple):
  """What a norm gets to see, float64 `[channels]` each.

  Attributes:
    mean: Of the pictures.
    largest: The largest sum of squared differences from an image's mean that a
      window of any stage adds up in the pictures.
    extreme: The same in `extremes`.
    offset: The largest sum of differences from `mean` that a window can add up,
      in both.
  """

  mean: np.ndarray
  largest: np.ndarray
  extreme: np.ndarray
  offset: np.ndarray


class StagedInstanceNormalization(normalization.InstanceNormalization):
  """Instance normalisation whose means are made in stages.

  Input and output are those of `InstanceNormalization`.
  """

  def __init__(self, **kwargs: Any):
    """Creates the layer.

    Args:
      **kwargs: As for `InstanceNormalization`.
    """
    super().__init__(**kwargs)
    self._epsilon: float | np.ndarray = self.epsilon
    self._least = 0.0

  def scale_epsilon(self, scale: np.ndarray) -> None:
    """Sets by how much each channel of the input has been scaled.

    Args:
      scale: float64 `[channels]`, above 0.
    """
    scaled = self.epsilon * scale**2
    self._epsilon = scaled.astype(np.float32)
    # So that nothing is divided by 0.
    self._least = SMALLEST_NORMAL if scaled.min() < SMALLEST_NORMAL else 0.0

  def moments(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Measures what the layer takes away and divides by; as its base."""
    mean = staged_mean(x)
    centred = x - mean
    # Not tf.square: see the base class.
    variance = staged_mean(centred * centred) + self._epsilon
    if self._least:
      variance = tf.maximum(variance, self._least)
    return mean, centred, variance


def staged_mean(x: tf.Tensor) -> tf.Tensor:
  """Returns the mean of each channel of each image, in stages.

  Args:
    x: Float `[batch, height, width, channels]`. Where height or width are not
      known it is one stage.

  Returns:
    `[batch, 1, 1, channels]`, same dtype.
  """
  height, width = x.shape[1:3]
  if height is not None and width is not None:
    for window in pools(height, width):
      x = tf.nn.avg_pool2d(x, window, window, "VALID")
  return tf.reduce_mean(x, axis=[1, 2], keepdims=True)


def pools(height: int, width: int) -> list[tuple[int, int]]:
  """Returns the windows that are averaged before one mean of all is left.

  Args:
    height: Of the map, pixels.
    width: Of the map, pixels.

  Returns:
    Heights and widths that divide what the stages before have left, so that all
    numbers count the same; empty for a small map.
  """
  windows: list[tuple[int, int]] = []
  while height * width > _LAST_AREA:
    side = _SIDE if windows else _FIRST_SIDE
    window = [_divisor(n, side) for n in (height, width)]
    if max(window) > _SIDE:
      # Without a small divisor one direction at a time is a sum long enough.
      window[0 if window[0] < window[1] else 1] = 1
    windows.append((window[0], window[1]))
    height, width = height // window[0], width // window[1]
  return windows


def _divisor(number: int, most: int) -> int:
  """Returns the largest divisor up to `most`, else the smallest above it."""
  found = _divisor_at_most(number, most)
  if found > 1 or number == 1:
    return found
  return next(n for n in range(most + 1, number + 1) if number % n == 0)


def _divisor_at_most(number: int, most: int) -> int:
  return next(n for n in range(most, 0, -1) if number % n == 0)


def _clone_layer(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
  if isinstance(layer, normalization.InstanceNormalization):
    return StagedInstanceNormalization.from_config(layer.get_config())
  return layer.__class__.from_config(layer.get_config())


def _producers(
  network: tf.keras.Model,
) -> dict[int, tf.keras.layers.Layer]:
  """Returns by a tensor's id the layer that it comes from."""
  return {id(layer.output): layer for layer in network.layers}


def _convolution_before(
  network: tf.keras.Model,
  norm: tf.keras.layers.Layer,
  producers: Mapping[int, tf.keras.layers.Layer],
) -> tuple[tf.keras.layers.Layer | None, int]:
  """Returns what can scale a norm's input, and how often it has each channel.

  That is a convolution with a bias which nothing but the norm reads, perhaps
  through a sub-pixel shuffle. None if there is another layer.
  """
  readers: dict[int, int] = {}
  for layer in network.layers:
    if not isinstance(layer, tf.keras.layers.InputLayer):
      for tensor in tf.nest.flatten(layer.input):
        readers[id(tensor)] = readers.get(id(tensor), 0) + 1
  copies, tensor = 1, norm.input
  while readers[id(tensor)] == 1:
    layer = producers[id(tensor)]
    if isinstance(layer, layers.DepthToSpace):
      copies *= layer.factor**2
      tensor = layer.input
      continue
    kinds = tf.keras.layers.Conv2D, tf.keras.layers.Conv2DTranspose
    if (
      isinstance(layer, kinds)
      and layer.use_bias
      and layer.activation is tf.keras.activations.linear
    ):
      return layer, copies
    break
  return None, 1


def extremes(size: int, channels: int) -> np.ndarray:
  """Returns pictures that are as unlike others as pictures can be.

  Those of one colour, whose maps have little but a mean and a border, and
  single points, of which a norm makes one number as large as the root of the
  map's area: a lens cap, a letterbox, a star.

  Args:
    size: Height and width, pixels.
    channels: 1 or 3.

  Returns:
    float32 `[2**channels + 2, size, size, channels]` in [0, 1].
  """
  colours = np.array(list(itertools.product((0.0, 1.0), repeat=channels)))
  flat = np.broadcast_to(
    colours[:, None, None], (len(colours), size, size, channels)
  )
  points = flat[[0, -1]].copy()  # black, white
  points[:, size // 2, size // 2] = 1.0 - points[:, 0, 0]
  return np.concatenate([flat, points]).astype(np.float32)


def _measure(
  generator: tf.keras.Model, images: Mapping[int, np.ndarray]
) -> dict[str, _Seen]:
  """Returns by its name what each norm of a generator gets to see.

  Args:
    generator: The network.
    images: By size, as for `half_safe`.
  """
  norms = [
    layer
    for layer in generator.layers
    if isinstance(layer, normalization.InstanceNormalization)
  ]
  if not norms or not images:
    return {}
  model = tf.keras.Model(generator.inputs, [norm.input for norm in norms])
  means: list[list[np.ndarray]] = [[] for _ in norms]
  largest: list[list[np.ndarray]] = [[] for _ in norms]
  extreme: list[list[np.ndarray]] = [[] for _ in norms]
  bounds: list[list[np.ndarray]] = [[] for _ in norms]

  def look_at(picture: np.ndarray, sums: list[list[np.ndarray]]) -> None:
    maps = model(tf.constant(picture[None] * 2.0 - 1.0), training=False)
    for i, x in enumerate(tf.nest.flatten(maps)):
      mean = tf.reduce_mean(x, [1, 2], keepdims=True)
      if sums is largest:
        means[i].append(np.ravel(mean).astype(np.float64))
      sums[i].append(_largest_sum(tf.square(x - mean)))
      for bound in (tf.reduce_min, tf.reduce_max):
        bounds[i].append(bound(x, [0, 1, 2]).numpy().astype(np.float64))

  for size, pictures in images.items():
    for picture in pictures:
      look_at(picture, largest)
    for picture in extremes(size, pictures.shape[-1]):
      look_at(picture, extreme)
  found = {}
  for i, norm in enumerate(norms):
    mean = np.mean(means[i], axis=0)
    found[norm.name] = _Seen(
      mean,
      np.max(largest[i], axis=0),
      np.max(extreme[i], axis=0),
      _LAST_AREA * np.max(np.abs(np.array(bounds[i]) - mean), axis=0),
    )
  return found


def _largest_sum(squares: tf.Tensor) -> np.ndarray:
  """Returns by channel the largest sum that `staged_mean` makes."""
  _, height, width, _ = squares.shape
  sums = []
  for window in pools(height, width):
    squares = tf.nn.avg_pool2d(squares, window, window, "VALID")
    sums.append(tf.reduce_max(squares, [0, 1, 2]) * math.prod(window))
  sums.append(tf.reduce_sum(squares, [0, 1, 2]))
  return np.max(sums, axis=0).astype(np.float64)


def _scale(seen: _Seen, epsilon: float) -> np.ndarray:
  """Returns a power of two for each channel, float64.

  Args:
    seen: What the norm gets to see.
    epsilon: The norm's. Beyond one over its root no channel is enlarged: such
      small ones are what epsilon is there to leave small.
  """
  with np.errstate(divide="ignore"):
    wanted = np.sqrt(LARGEST / _HEADROOM / seen.largest)
    least = np.minimum(
      np.sqrt(LARGEST / _HEADROOM / seen.extreme),
      LARGEST / math.sqrt(_HEADROOM) / seen.offset,
    )
  # A channel that is flat in these pictures need not be so in others.
  most = min(1.0 / math.sqrt(epsilon), _MAX_RATIO * float(np.median(wanted)))
  wanted = np.minimum(np.minimum(wanted, least), most)
  return 2.0 ** np.floor(np.log2(wanted))


def _rescale(
  convolution: tf.keras.layers.Layer,
  scale: np.ndarray,
  mean: Sequence[float] | np.ndarray,
) -> None:
  """Takes the mean of each output channel away, and scales what is left."""
  kernel, bias = convolution.get_weights()
  if isinstance(convolution, tf.keras.layers.Conv2DTranspose):
    kernel = kernel * scale[:, None]
  else:
    kernel = kernel * scale
  bias = (bias - np.asarray(mean)) * scale
  convolution.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
