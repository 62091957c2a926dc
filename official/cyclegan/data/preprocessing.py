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
"""Decoding, ranges, resizing and augmentation of pictures, in TensorFlow.

Networks work on float32 in [-1, 1], exported files and metrics on float32 in
[0, 1], files hold uint8 in [0, 255].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.data import image_decoders

# Scales at which `decode_jpeg` decodes: one over these.
_DIVISORS = (1, *image_decoders.JPEG_REDUCTIONS)


def decode_jpeg(
  contents: tf.Tensor, divisor: tf.Tensor | None = None
) -> tf.Tensor:
  """Decodes a JPEG exactly as Pillow does; usable in tf.data.

  Args:
    contents: String scalar, the bytes of an upright grey or colour JPEG.
    divisor: Integer scalar, 1, 2, 4 or 8: at one over which scale; None: 1.

  Returns:
    uint8 `[height, width, 3]`; grey is repeated to three channels.
  """

  def at(ratio: int) -> Callable[[], tf.Tensor]:
    # Pillow's and TensorFlow's libjpeg differ in the default transform only.
    return lambda: tf.io.decode_jpeg(
      contents, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE"
    )

  if divisor is None:
    return at(1)()
  # Nearly always it is 1.
  return tf.cond(
    divisor == 1,
    at(1),
    lambda: tf.case(
      [(divisor == ratio, at(ratio)) for ratio in _DIVISORS[1:-1]],
      at(_DIVISORS[-1]),
    ),
  )


def resized_to(config: config_lib.DataConfig) -> int:
  """Returns the size that training resizes a picture's shorter side to.

  Args:
    config: `preprocess` and `load_size`.

  Returns:
    Pixels, or more than it is at the most; 0 if pictures keep their size.
  """
  return 0 if config.preprocess in ("crop", "none") else config.load_size


def decode(contents: tf.Tensor) -> tf.Tensor:
  """Decodes a JPEG, PNG, BMP or GIF (first frame); usable in tf.data.

  Args:
    contents: String scalar, the file's bytes.

  Returns:
    uint8 `[height, width, 3]`; grey images are repeated to three channels and
    an alpha channel is dropped.
  """
  image = tf.cond(
    tf.io.is_jpeg(contents),
    lambda: decode_jpeg(contents),
    lambda: tf.io.decode_image(contents, channels=3, expand_animations=False),
  )
  return tf.ensure_shape(image, [None, None, 3])


def to_network(image: tf.Tensor) -> tf.Tensor:
  """Maps uint8 or float in [0, 255] to float32 in [-1, 1], same shape."""
  return tf.cast(image, tf.float32) / 127.5 - 1.0


def unit_to_network(image: tf.Tensor) -> tf.Tensor:
  """Maps float32 in [0, 1] to float32 in [-1, 1], same shape."""
  return image * 2.0 - 1.0


def network_to_unit(image: tf.Tensor) -> tf.Tensor:
  """Maps float in [-1, 1] to float32 in [0, 1], clipping what lies outside."""
  return tf.clip_by_value(tf.cast(image, tf.float32) * 0.5 + 0.5, 0.0, 1.0)


def unit_to_uint8(image: np.ndarray) -> np.ndarray:
  """Rounds float32 in [0, 1] to uint8 in [0, 255], clipping the rest.

  Args:
    image: Any shape; not for use in tf.data.

  Returns:
    The same shape.
  """
  return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


def network_to_uint8(image: np.ndarray) -> np.ndarray:
  """Rounds float in [-1, 1] to uint8 in [0, 255], clipping the rest.

  Args:
    image: Any shape; not for use in tf.data.

  Returns:
    The same shape.
  """
  return unit_to_uint8(np.asarray(image, np.float32) * 0.5 + 0.5)


def resize(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
  """Resizes with an anti-aliased bicubic filter (Keys, a = -0.5).

  Args:
    image: `[height, width, channels]` or `[batch, height, width, channels]`,
      values in [0, 255].
    height: New height, pixels; an integer or an int32 scalar.
    width: New width, pixels; an integer or an int32 scalar.

  Returns:
    float32 of the new size in [0, 255]; the filter's overshoot is clipped.
  """
  resized = tf.image.resize(
    image, tf.stack([height, width]), method="bicubic", antialias=True
  )
  return tf.clip_by_value(resized, 0.0, 255.0)


def to_channels(image: tf.Tensor, channels: int) -> tf.Tensor:
  """Makes a colour picture grey where grey is wanted.

  Args:
    image: uint8 `[height, width, 3]`.
    channels: 1 or 3.

  Returns:
    uint8 `[height, width, channels]`; grey is ITU-R BT.601 luma, rounded as
    `image_files.luma` does.
  """
  if channels == image.shape[-1]:
    return image
  red, green, blue = tf.unstack(tf.cast(image, tf.int32), axis=-1)
  # Pillow's integers: 0.299, 0.587 and 0.114 times 2 ** 16.
  grey = (19595 * red + 38470 * green + 7471 * blue + 2**15) // 2**16
  return tf.cast(grey, tf.uint8)[..., None]


def scale(
  image: tf.Tensor, config: config_lib.DataConfig, multiple: int
) -> tf.Tensor:
  """Scales a training picture: the part of its preparation without chance.

  Source of the modes' geometry: `get_transform` of the paper's reference
  implementation. Where that would stop with an error something is done about
  it: a picture that a crop does not fit into is enlarged until it does, and
  `scale_width` rounds the height as `none` rounds both sides.

  Args:
    image: uint8 `[height, width, channels]`, any size.
    config: `preprocess`, `load_size` and `crop_size`.
    multiple: What height and width of pictures that are not cropped must be
      multiples of, pixels.

  Returns:
    uint8 `[height, width, channels]`, at least of the crop's size if a crop
    follows.
  """
  mode = config.preprocess
  load, crop = config.load_size, config.crop_size
  height, width = tf.unstack(tf.shape(image)[:2])
  if mode == "resize_and_crop":
    return _resized(image, load, load)
  if mode in ("scale_width", "scale_width_and_crop"):
    # At least crop_size high, which in a portrait's case it is anyway.
    proportional = tf.cast(
      tf.cast(height, tf.int64) * load // tf.cast(width, tf.int64), tf.int32
    )
    height, width = tf.maximum(proportional, crop), tf.constant(load)
  if mode in config_lib.VARIABLE_SIZES:
    height, width = (
      tf.maximum(
        multiple,
        tf.cast(tf.round(tf.cast(n, tf.float32) / multiple), tf.int32)
        * multiple,
      )
      for n in (height, width)
    )
    return _resized(image, height, width)
  return _resized(image, *_covering(height, width, crop))


def augment(
  image: tf.Tensor, seed: tf.Tensor, config: config_lib.DataConfig
) -> tf.Tensor:
  """Crops and mirrors a training picture at random.

  Args:
    image: uint8 `[height, width, channels]`, from `scale`.
    seed: int64 `[2]`; the same seed gives the same crop and mirroring.
    config: `preprocess`, `crop_size` and `flip`.

  Returns:
    float32 `[crop_size, crop_size, channels]` in [-1, 1]; without a crop of
    the picture's own size.
  """
  crop, channels = config.crop_size, image.shape[-1]
  seeds = tf.random.split(seed, 2)
  if "crop" in config.preprocess:
    if image.shape[:2] != (crop, crop):
      image = tf.image.stateless_random_crop(
        image, [crop, crop, channels], seeds[0]
      )
    image = tf.ensure_shape(image, [crop, crop, channels])
  if config.flip:
    mirrored = tf.random.stateless_uniform([], seeds[1]) < 0.5
    image = tf.cond(
      mirrored, lambda: tf.reverse(image, axis=[1]), lambda: image
    )
  return to_network(image)


def prepare(
  image: tf.Tensor,
  size: int,
  config: config_lib.DataConfig | None = None,
) -> tf.Tensor:
  """Prepares one image for evaluation: a square, nothing random.

  Args:
    image: uint8 `[height, width, channels]`, any size.
    size: Width and height of the result, pixels.
    config: How training pictures are prepared. With `resize_and_crop`, and by
      default, the whole image is resized; otherwise it is scaled as for
      training and its middle is cut out.

  Returns:
    float32 `[size, size, channels]` in [-1, 1].
  """
  if config is None or config.preprocess == "resize_and_crop":
    if image.shape[:2] != (size, size):
      image = resize(image, size, size)
    return to_network(image)
  image = scale(image, config, 1)
  height, width = tf.unstack(tf.shape(image)[:2])
  image = _resized(image, *_covering(height, width, size))
  top, left = ((tf.shape(image)[i] - size) // 2 for i in (0, 1))
  image = image[top : top + size, left : left + size]
  return to_network(tf.ensure_shape(image, [size, size, image.shape[-1]]))


def _covering(
  height: tf.Tensor, width: tf.Tensor, size: int
) -> tuple[tf.Tensor, tf.Tensor]:
  """Returns a height and width in proportion, both at least `size` pixels."""
  short = tf.minimum(height, width)

  def grown(n: tf.Tensor) -> tf.Tensor:
    exact = tf.cast(n, tf.float32) * (size / tf.cast(short, tf.float32))
    return tf.maximum(size, tf.cast(tf.round(exact), tf.int32))

  return tf.cond(
    short < size, lambda: (grown(height), grown(width)), lambda: (height, width)
  )


def _resized(
  image: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor
) -> tf.Tensor:
  """Resizes and rounds to uint8; leaves alone what has the size already."""
  if image.shape[:2] == (height, width):
    return image
  has = tf.shape(image)[:2]
  wanted = tf.stack([height, width])

  def rounded(antialias: bool) -> tf.Tensor:
    resized = tf.image.resize(
      image, wanted, method="bicubic", antialias=antialias
    )
    return tf.cast(tf.round(tf.clip_by_value(resized, 0.0, 255.0)), tf.uint8)

  # Enlarging needs no anti-aliasing: the other operator does the same then, in
  # a quarter of the time.
  result = tf.cond(
    tf.reduce_all(has == wanted),
    lambda: image,
    lambda: tf.cond(
      tf.reduce_all(has <= wanted),
      lambda: rounded(False),
      lambda: rounded(True),
    ),
  )
  static = [n if isinstance(n, int) else None for n in (height, width)]
  return tf.ensure_shape(result, [*static, image.shape[-1]])
