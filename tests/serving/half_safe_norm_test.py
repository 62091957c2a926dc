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
"""Tests of half_safe_norm.py."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config_checks
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import norm_statistics
from official.cyclegan.modeling import normalization
from official.cyclegan.serving import half_precision
from official.cyclegan.serving import half_safe_norm
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_convert
from official.cyclegan.serving import tflite_graph
from tests import conftest

_KINDS = (
  {"generator_type": "resnet"},
  {"generator_type": "resnet", "upsample": "conv_transpose"},
  {"generator_type": "unet"},
  {"generator_type": "mobile", "norm_affine": True},
  {"generator_type": "mobile", "block_scale": 8},
)


def _pictures(count, size, seed=0):
  rng = np.random.default_rng(seed)
  pictures = [conftest.smooth_picture(rng, size, size) for _ in range(count)]
  return np.stack(pictures).astype(np.float32) / 255


def _generator(seed=0, **changes):
  """Returns a generator with weights as unlike as training makes them."""
  tf.keras.utils.set_random_seed(seed)  # whatever ran before
  model = dataclasses.replace(
    conftest.TINY_MODEL, padding="auto", init="he", **changes
  )
  generator = generators.build_generator(config_checks.resolve_model(model))
  rng = np.random.default_rng(seed)
  for layer in generator.layers:
    if layer.name.endswith("_conv") and layer.name != "head_conv":
      kernel, bias = layer.get_weights()
      loud = 10.0 ** rng.uniform(-1, 1.5, bias.shape).astype(np.float32)
      axis = 2 if isinstance(layer, tf.keras.layers.Conv2DTranspose) else 3
      shape = [-1 if i == axis else 1 for i in range(4)]
      layer.set_weights([kernel * loud.reshape(shape), bias + loud])
  return generator


@pytest.mark.parametrize(
  "size", [(1, 1), (3, 5), (16, 16), (64, 64), (48, 80), (127, 254), (512, 256)]
)
def test_stages_divide_the_map_and_are_short(size):
  height, width = size
  for window in half_safe_norm.pools(*size):
    assert height % window[0] == 0 and width % window[1] == 0
    assert math.prod(window) <= 127
    height, width = height // window[0], width // window[1]
  assert height * width <= 64


def test_a_mean_in_stages_is_the_mean():
  x = np.random.default_rng(0).normal(size=(2, 48, 34, 3)).astype(np.float32)
  got = half_safe_norm.staged_mean(tf.constant(x)).numpy()
  want = x.astype(np.float64).mean((1, 2), keepdims=True)
  np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.parametrize("changes", _KINDS, ids=str)
def test_results_in_float32_stay(changes):
  generator = _generator(**changes)
  before = generator.get_weights()
  safe = half_safe_norm.half_safe(generator, {32: _pictures(2, 32)})
  for old, new in zip(before, generator.get_weights()):
    np.testing.assert_array_equal(old, new)
  norms = [
    layer
    for layer in safe.layers
    if isinstance(layer, normalization.InstanceNormalization)
  ]
  scaled = [layer for layer in norms if np.ndim(layer._epsilon)]
  assert norms and len(scaled) == len(norms)
  # Other pictures than those that the scales are from.
  images = tf.constant(_pictures(2, 32, seed=1) * 2 - 1)
  want, got = (network(images, training=False) for network in (generator, safe))
  assert np.abs(want - images).max() > 0.01
  np.testing.assert_allclose(got / 2, want / 2, atol=1e-5)


@pytest.mark.parametrize("changes", _KINDS[1::2])
def test_statistics_of_another_picture_do_the_same(changes):
  """Tiles of the one network are those of the other."""
  generator = _generator(**changes)
  first, second = _pictures(2, 32) * [[[[1.0]]], [[[0.2]]]] * 2 - 1
  first, second = np.float32(first), np.float32(second)
  safe = half_safe_norm.half_safe(generator, {32: _pictures(3, 32, seed=1)})
  made = []
  for network in (generator, safe):
    _, statistics = norm_statistics.measured(network, first[None])
    made.append(norm_statistics.applied(network, second[None], statistics))
  np.testing.assert_allclose(made[1], made[0], atol=1e-3)
  own = generator(second[None], training=False).numpy()
  assert np.abs(own - made[0]).max() > 0.01


def test_scales_are_powers_of_two_and_bring_sums_into_range():
  largest = np.array([1e-6, 1.0, 50.0, 1e6, 1e9, 0.0])
  none = np.zeros(6)
  seen = half_safe_norm._Seen(none, largest, none, none)
  scale = half_safe_norm._scale(seen, 1e-5)
  assert (np.log2(scale) % 1 == 0).all()
  sums = largest * scale**2
  assert (sums <= half_safe_norm.LARGEST / 16).all()
  assert (sums[1:5] > half_safe_norm.LARGEST / 16 / 4.01).all()
  # What is flat may turn out not to be.
  assert scale[5] == scale[0] <= 32 * np.median(scale)
  # Epsilon's share stays small where it was.
  assert (scale**2 * 1e-5 <= 1).all()
  # What extremes give has to fit as well, and a sum of what is not centred.
  extreme, offset = 1e4 * largest, 1e6 * np.ones(6)
  seen = half_safe_norm._Seen(none, largest, extreme, offset)
  smaller = half_safe_norm._scale(seen, 1e-5)
  assert (smaller <= scale).all()
  assert (extreme * smaller**2 <= half_safe_norm.LARGEST / 16).all()
  assert (offset * smaller <= half_safe_norm.LARGEST / 4).all()


def _unusual_pictures(size):
  """Flat ones, a letterbox and points, none of them those of `extremes`."""
  colours = [[0.0] * 3, [0.37] * 3, [1.0, 0.55, 0.0], [0.0, 0.4, 1.0]]
  flat = [np.full((size, size, 3), colour, np.float32) for colour in colours]
  letterbox = _pictures(1, size, seed=2)[0]
  letterbox[: size // 4] = letterbox[-size // 4 :] = 0.0
  star = flat[0].copy()
  star[size // 3, size // 5] = 1.0, 0.8, 0.2
  return [*flat, letterbox, star]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_sums_stay_in_range_for_every_picture(seed):
  """A flat picture's maps have a mean that is far from other pictures'."""
  size = 64
  generator = _generator(seed, generator_type="mobile")
  safe = half_safe_norm.half_safe(generator, {size: _pictures(4, size)})
  norms = [
    layer
    for layer in safe.layers
    if isinstance(layer, half_safe_norm.StagedInstanceNormalization)
  ]
  model = tf.keras.Model(safe.inputs, [norm.input for norm in norms])
  for picture in _unusual_pictures(size):
    for x in model(tf.constant(picture[None] * 2 - 1), training=False):
      centred = x - tf.reduce_mean(x, [1, 2], keepdims=True)
      for terms in (tf.abs(x), centred * centred):
        largest = half_safe_norm._largest_sum(terms)
        assert largest.max() < half_safe_norm.LARGEST


def _convert(generator, size):
  module = serving_module.ServingModule(generator, "AtoB")
  content = tflite_convert.convert(module, [size], "float32")
  return tflite_graph.read(content)


def test_loud_maps_are_right_in_half_precision_only_so(halves):
  """Sums of squares beyond 65,504, which is what large maps have."""
  size, expected, plain, safe = halves
  image = _pictures(1, size, seed=1)
  before = half_precision.measure(plain, image, expected(image))
  assert not before["fp16_sums"]["is_finite"]
  after = half_precision.measure(safe, image, expected(image))
  for sums, least in (("fp16_sums", 45), ("fp32_sums", 60)):
    assert after[sums]["is_finite"] and after[sums]["psnr"] > least, after
    assert after[sums]["psnr"] > before[sums]["psnr"] - 1
  assert after["fp16_sums"]["psnr"] > before["fp16_sums"]["psnr"] + 6


def test_unusual_pictures_make_no_nan(halves):
  """Such as a camera's first frame, black: no map has any variance."""
  size, _, _, safe = halves
  for image in _unusual_pictures(size):
    for sums in (half_precision.HALF, half_precision.SINGLE):
      result = half_precision.run(safe, image[None], sums)
      assert result.is_finite and np.isfinite(result.image).all()


def test_operators_are_those_of_processors(halves):
  *_, safe = halves
  kinds = {operator.kind for operator in safe.operators}
  assert "AVERAGE_POOL_2D" in kinds
  assert not kinds & {"SQUARED_DIFFERENCE", "SUM", "DIV", "BROADCAST_TO"}


@pytest.fixture(scope="module")
def halves():
  """A generator's function and graphs, as it is and for half precision."""
  size = 64
  # Of this seed a black picture's sums were infinite before `extremes`.
  generator = _generator(1, generator_type="mobile")
  safe = half_safe_norm.half_safe(generator, {size: _pictures(4, size)})

  def expected(image):
    made = generator(tf.constant(image * 2 - 1), training=False)
    return np.clip(made.numpy() / 2 + 0.5, 0, 1)

  return size, expected, _convert(generator, size), _convert(safe, size)


if __name__ == "__main__":
  conftest.main(__file__)
