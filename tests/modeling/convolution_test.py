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
import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import cpu_tuning
from official.cyclegan.modeling import convolution
from tests import conftest


def _normal(seed, *shape):
  return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _padded(x, padding, pixels, behind=None):
  sides = (pixels, pixels if behind is None else behind)
  sides = [(0, 0), sides, sides, (0, 0)]
  return np.pad(x, sides, "reflect" if padding == "reflect" else "constant")


def _convolved(x, kernel):
  """Every result on its own, in double precision."""
  rows, columns = kernel.shape[:2]
  height, width = x.shape[1] - rows + 1, x.shape[2] - columns + 1
  y = np.zeros((len(x), height, width, kernel.shape[-1]))
  for i in range(height):
    for j in range(width):
      patch = x[:, i : i + rows, j : j + columns].astype(np.float64)
      y[:, i, j] = np.tensordot(patch, kernel, 3)
  return y


def _gradients(function, *inputs):
  """Gradients of a curved sum of the results, and the results."""
  inputs = [tf.constant(value) for value in inputs]
  with tf.GradientTape() as tape:
    tape.watch(inputs)
    y = function(*inputs)
    total = tf.reduce_sum(tf.sin(y))
  return [y, *tape.gradient(total, inputs)]


def _assert_close(got, want, relative=3e-6):
  for a, b in zip(got, want):
    size = np.abs(b).max()
    np.testing.assert_allclose(a, b, atol=relative * size, rtol=0)


@pytest.mark.parametrize(
  ("padding", "taps"), [("reflect", 3), ("zero", 3), ("zero", 4)]
)
@pytest.mark.parametrize(
  "shape", [(2, 8, 8, 3), (1, 9, 5, 4), (3, 2, 3, 2), (1, 32, 20, 8)]
)
def test_winograd_convolves(shape, padding, taps):
  x, kernel = _normal(0, *shape), 0.3 * _normal(1, taps, taps, shape[-1], 5)
  got = convolution.winograd(tf.constant(x), tf.constant(kernel), padding)
  want = _convolved(_padded(x, padding, 1, taps - 2), kernel)
  _assert_close([got], [want], 1e-5)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize(
  ("padding", "taps"), [("reflect", 3), ("zero", 3), ("zero", 4)]
)
def test_winograd_has_the_plain_gradients(padding, taps, graph):
  x, kernel = _normal(0, 2, 12, 8, 4), 0.3 * _normal(1, taps, taps, 4, 6)

  def fast(x, kernel):
    return convolution.winograd(x, kernel, padding)

  def plain(x, kernel):
    if padding == "zero":
      return tf.nn.conv2d(x, kernel, 1, "SAME")
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
    return tf.nn.conv2d(x, kernel, 1, "VALID")

  got = _gradients(tf.function(fast) if graph else fast, x, kernel)
  _assert_close(got, _gradients(plain, x, kernel), 1e-5)


@pytest.mark.parametrize("taps", [3, 4])
def test_winograd_is_about_as_exact_as_a_plain_convolution(taps):
  x, kernel = _normal(0, 1, 32, 32, 64), 0.05 * _normal(1, taps, taps, 64, 64)
  exact = _convolved(_padded(x, "zero", 1, taps - 2), kernel)
  errors = [
    np.sqrt(np.mean(np.square(y - exact))) / exact.std()
    for y in (
      convolution.winograd(tf.constant(x), tf.constant(kernel), "zero"),
      tf.nn.conv2d(x, kernel, 1, "SAME"),
    )
  ]
  assert errors[0] < 2e-6
  assert errors[0] < 20 * errors[1]


@pytest.mark.parametrize(
  ("function", "inputs", "outputs"),
  [
    (convolution.few_outputs, 6, 3),
    (convolution.few_outputs, 6, 1),
    (convolution.few_inputs, 3, 6),
    (convolution.few_inputs, 1, 6),
  ],
)
@pytest.mark.parametrize("size", [(14, 12), (13, 12)])  # even and odd results
def test_few_channels_convolve(function, inputs, outputs, size):
  x, kernel = _normal(0, 2, *size, inputs), _normal(1, 7, 7, inputs, outputs)
  got = _gradients(tf.function(function), x, kernel)
  want = _gradients(lambda x, k: tf.nn.conv2d(x, k, 1, "VALID"), x, kernel)
  _assert_close(got, want, 1e-5)
  _assert_close(got[:1], [_convolved(x, kernel)])


@pytest.mark.parametrize(
  ("shape", "padding"),
  [((2, 12, 9, 2), 3), ((1, 8, 8, 2), 3), ((2, 5, 7, 1), 2), ((1, 2, 3, 1), 1)],
)
def test_reflects_like_numpy(shape, padding):
  x = _normal(0, *shape)
  got = convolution.reflect_pad(tf.constant(x), padding)
  np.testing.assert_array_equal(got, _padded(x, "reflect", padding))


@pytest.mark.parametrize("size", [4, 5, 7, 8, 9, 20])
def test_gradient_of_reflection(size):
  x = _normal(0, 2, size, size + 1, 2)
  sides = [[0, 0], [3, 3], [3, 3], [0, 0]]
  got = _gradients(lambda x: convolution.reflect_pad(x, 3), x)
  want = _gradients(lambda x: tf.pad(x, sides, "REFLECT"), x)
  _assert_close(got, want, 1e-6)


@pytest.mark.parametrize("wide", [False, True])
def test_pays_only_where_measured(wide, monkeypatch):
  monkeypatch.setattr(cpu_tuning, "has_avx512", lambda: wide)
  block = tf.zeros([1, 16, 16, 64]), tf.zeros([3, 3, 64, 64])
  assert convolution.winograd_pays(*block) == (not wide)
  large = tf.zeros([1, 32, 32, 128])
  kernel = tf.zeros([3, 3, 128, 128])
  assert convolution.winograd_pays(large, kernel)
  assert not convolution.winograd_pays(large[:, :7, :7], kernel)
  assert not convolution.winograd_pays(tf.zeros([1, 256, 256, 128]), kernel)
  assert not convolution.winograd_pays(large, tf.cast(kernel, tf.bfloat16))
  four = tf.zeros([4, 4, 64, 128])
  assert convolution.winograd_pays(tf.zeros([1, 16, 16, 64]), four)
  assert not convolution.winograd_pays(tf.zeros([1, 7, 7, 64]), four)
  assert not convolution.winograd_pays(large, tf.zeros([5, 5, 128, 128]))
  assert not convolution.winograd_pays(large, tf.zeros([3, 4, 128, 128]))
  assert convolution.has_few_outputs(tf.zeros([7, 7, 32, 3]))
  assert convolution.has_few_inputs(tf.zeros([7, 7, 3, 32]))
  assert not convolution.has_few_outputs(tf.zeros([7, 7, 3, 32]))
  assert not convolution.has_few_outputs(tf.zeros([1, 1, 32, 3]))


if __name__ == "__main__":
  conftest.main(__file__)
