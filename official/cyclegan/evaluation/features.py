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
"""Feature extractors: a random network, InceptionV3, Laplacian patches.

Pictures are uint8 `[count, height, width, channels]`, colour or grey.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.data import preprocessing

Extractor = Callable[[np.ndarray], np.ndarray]

INCEPTION_SIZE = 299  # pixels
BATCH = 25  # pictures that a network describes at once
# The random extractor: filters of its stages, each of which halves its input.
_STAGES = (32, 64, 128)
_SEED = 2017  # of its weights
_CELLS = 4  # places along each side of a picture
# Karras et al., "Progressive Growing of GANs", 2018, section 5.
_PATCH = 7  # height and width, pixels
_PATCHES = 128  # of each picture and level, at most
_MAX_PATCHES = 25_600  # of each level, of all pictures together
_SMALLEST_LEVEL = 16  # pixels
_FLAT = 1e-3  # 8-bit levels; a smaller standard deviation is none


def random_features(images: np.ndarray) -> np.ndarray:
  """Describes places of pictures by a fixed random convolutional network.

  Three stages of 3x3 convolutions with normal weights (He et al., "Delving
  Deep into Rectifiers", 2015, eq. 10), rectifiers and means over 2x2 pixels;
  no training and no download. Each picture gives the mean activations of every
  stage over each of 4x4 places, so that an object counts as much as the
  picture's whole.

  Args:
    images: At least 8 pixels high and wide.

  Returns:
    float32 `[count * 16, 224]`, picture by picture.
  """
  network = _random_network()
  return np.concatenate(
    [network(_colour(tf.constant(b))).numpy() for b in _batches(images)]
  ).reshape(-1, sum(_STAGES))


@functools.cache
def _random_network() -> tf.types.experimental.GenericFunction:
  """Returns the random extractor; its weights are the same everywhere."""
  rng = np.random.default_rng(_SEED)
  kernels = []
  depth = 3
  for filters in _STAGES:
    scale = np.sqrt(2.0 / (9 * depth))
    kernel = rng.normal(0.0, scale, (3, 3, depth, filters))
    kernels.append(tf.constant(kernel, tf.float32))
    depth = filters

  @tf.function(reduce_retracing=True)
  def network(images: tf.Tensor) -> tf.Tensor:
    maps = preprocessing.to_network(images)
    found = []
    for kernel in kernels:
      maps = tf.nn.relu(tf.nn.conv2d(maps, kernel, 1, "SAME"))
      maps = tf.nn.avg_pool2d(maps, 2, 2, "VALID")
      # "area" is the mean over each place, for maps of any size.
      found.append(tf.image.resize(maps, [_CELLS, _CELLS], "area"))
    return tf.concat(found, axis=-1)

  return network


def inception(weights: str = "") -> Extractor:
  """Returns Keras's InceptionV3, pooled over all places.

  Its weights are not those of the 2015 graph that papers quote FID and KID
  with, so that the figures are not theirs either. Pictures are resized to 299
  pixels, bicubic with anti-aliasing, and scaled to [-1, 1].

  Args:
    weights: A file of weights of `tf.keras.applications.InceptionV3`, with or
      without its top layer; empty: those for ImageNet, which Keras downloads
      once.

  Returns:
    A function from pictures to float32 `[count, 2048]`.

  Raises:
    errors.UserError: If there are no such weights.
  """
  config_checks.check_inception_weights(weights)
  network = _inception_from(weights) if weights else _inception_from_keras()
  pool = tf.keras.layers.GlobalAveragePooling2D()
  pooled = pool(network.get_layer("mixed10").output)
  pooling = tf.keras.Model(network.input, pooled)

  def extract(images: np.ndarray) -> np.ndarray:
    found = []
    for batch in _batches(images):
      large = preprocessing.resize(
        _colour(tf.constant(batch)), INCEPTION_SIZE, INCEPTION_SIZE
      )
      ready = preprocessing.to_network(large)
      found.append(pooling(ready, training=False).numpy())
    return np.concatenate(found)

  return extract


def _inception_from(path: str) -> tf.keras.Model:
  """Returns InceptionV3 with weights from a file."""
  for top in (False, True):
    network = tf.keras.applications.InceptionV3(include_top=top, weights=None)
    try:
      network.load_weights(path)
      return network
    except Exception as error:  # of damaged files h5py raises anything
      problem = errors.first_line(error)
  raise errors.UserError(
    f"holds no weights of Keras's InceptionV3 ({problem}). Give another file,"
    " or leave it out and let Keras download them.",
    "inception_weights",
    path,
  )


def _inception_from_keras() -> tf.keras.Model:
  """Returns InceptionV3 with the weights that Keras downloads."""
  try:
    return tf.keras.applications.InceptionV3(include_top=False)
  except Exception as error:  # Keras raises Exception itself
    raise errors.UserError(
      f": Keras cannot download InceptionV3's weights"
      f" ({errors.first_line(error)}). Give a file of them as"
      " --inception_weights, or leave --inception out.",
      "inception",
    ) from error


def laplacian_patches(images: np.ndarray, seed: int = 0) -> list[np.ndarray]:
  """Cuts patches of 7x7 pixels from each level of Laplacian pyramids.

  Args:
    images: At least 7 pixels high and wide.
    seed: Draws the places of the patches.

  Returns:
    For every level, the finest first, float32 `[patches, 49 * channels]`: 128
    patches of each picture, of more than 200 pictures 25,600 together. Each
    channel of a level is scaled to mean 0 and standard deviation 1 over all
    pictures, as in Karras et al.'s section 5. The last level is the smallest
    picture itself; no level but the first is below 16 pixels.
  """
  rng = np.random.default_rng(seed)
  return [
    _normalised(_patches(level, rng), images.shape[-1])
    for level in _pyramid(images)
  ]


def _normalised(patches: np.ndarray, channels: int) -> np.ndarray:
  """Scales each channel to mean 0 and deviation 1 over all patches."""
  values = patches.reshape(-1, channels)
  mean = values.mean(axis=0, dtype=np.float64)
  deviation = np.maximum(values.std(axis=0, dtype=np.float64), _FLAT)
  scaled = (values - mean) / deviation
  return scaled.astype(np.float32).reshape(patches.shape)


def _patches(maps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
  """Returns random patches of maps `[count, height, width, channels]`."""
  count, height, width, channels = maps.shape
  each = max(1, min(_PATCHES, _MAX_PATCHES // count))
  shape = count, each, 1, 1
  # The upper left corners; the offsets below make them indices of patches.
  y = rng.integers(0, height - _PATCH + 1, shape)
  x = rng.integers(0, width - _PATCH + 1, shape)
  offset = np.arange(_PATCH)
  found = maps[
    np.arange(count).reshape(-1, 1, 1, 1),
    y + offset[:, None],
    x + offset,
  ]
  return found.reshape(count * each, _PATCH * _PATCH * channels)


def _pyramid(images: np.ndarray) -> list[np.ndarray]:
  """Returns the Laplacian pyramid's levels, the finest first, float32.

  Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983: each
  level is the difference of a picture to its blurred half, enlarged again.
  """
  level = tf.cast(images, tf.float32)
  levels = []
  while min(level.shape[1:3]) >= 2 * _SMALLEST_LEVEL:
    smaller = _blur(level)[:, ::2, ::2]
    levels.append((level - _enlarge(smaller, level)).numpy())
    level = smaller
  return [*levels, level.numpy()]


def _enlarge(smaller: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
  """Doubles maps by zeros between the pixels, and the blur."""
  count, height, width, channels = smaller.shape
  rows = tf.reshape(
    tf.stack([smaller, tf.zeros_like(smaller)], axis=2),
    [count, 2 * height, width, channels],
  )
  both = tf.reshape(
    tf.stack([rows, tf.zeros_like(rows)], axis=3),
    [count, 2 * height, 2 * width, channels],
  )
  return _blur(both[:, : like.shape[1], : like.shape[2]], gain=4.0)


def _blur(maps: tf.Tensor, gain: float = 1.0) -> tf.Tensor:
  """Filters by 1 4 6 4 1 both ways, reflecting at the edges."""
  line = np.array([1, 4, 6, 4, 1], np.float32) / 16
  channels = maps.shape[-1]
  kernel = np.zeros((5, 5, channels, 1), np.float32)
  kernel += gain * np.outer(line, line)[:, :, None, None]
  padded = tf.pad(maps, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT")
  return tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")


def _colour(images: tf.Tensor) -> tf.Tensor:
  """Repeats grey pictures to three channels."""
  if images.shape[-1] == 1:
    return tf.repeat(images, 3, axis=-1)
  return images


def _batches(images: np.ndarray) -> list[np.ndarray]:
  """Cuts pictures into batches of at most `BATCH`."""
  return [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
