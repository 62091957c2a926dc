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
"""Tests of half_precision.py."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.evaluation import image_quality
from official.cyclegan.serving import half_precision
from official.cyclegan.serving import tflite_graph
from tests import conftest


def _graph(kind, inputs, shape, given=0, **options):
  """Returns a graph of one operator; which of its inputs the image is."""
  tensors = [
    tflite_graph.Tensor(
      f"t{i}",
      np.shape(value),
      np.dtype(np.float32),
      None if i == given else np.asarray(value),
      np.zeros(0, np.float32),
      np.zeros(0, np.int64),
      0,
    )
    for i, value in enumerate([*inputs, np.zeros(shape)])
  ]
  last = len(inputs)
  operator = tflite_graph.Operator(
    kind,
    tuple(range(last)),
    (last,),
    types.SimpleNamespace(fusedActivationFunction=0, **options),
  )
  return tflite_graph.Graph(tuple(tensors), (operator,), (given,), (last,))


def _mean(image, sums):
  graph = _graph("MEAN", [image, np.array([1, 2])], (1, 1, 1, image.shape[3]))
  return half_precision.run(graph, image, sums)


def test_half_sums_are_those_of_a_loop_in_float16():
  image = np.random.default_rng(0).normal(3, 2, (1, 24, 24, 2))
  image = image.astype(np.float32)
  total = np.zeros(2, np.float16)
  for pixel in image.reshape(-1, 2).astype(np.float16):
    total = total + pixel
  want = np.float32(total) * np.float32(1 / 576)
  got = _mean(image, half_precision.HALF).image.ravel()
  np.testing.assert_array_equal(got, want.astype(np.float16))
  exact = image.mean((0, 1, 2))
  better = _mean(image, half_precision.SINGLE).image.ravel()
  np.testing.assert_allclose(better, exact, rtol=2**-10)
  assert np.abs(got - exact).max() > np.abs(better - exact).max()


def test_long_half_sums_stand_still():
  """4,096 times 1 is 2,048: there 1 is half a unit of the last place."""
  image = np.ones((1, 64, 64, 1), np.float32)
  assert _mean(image, half_precision.HALF).image.ravel() == [0.5]
  assert _mean(image, half_precision.SINGLE).image.ravel() == [1.0]


def test_a_sum_that_is_too_large_is_infinite():
  image = np.full((1, 64, 64, 1), 10.0, np.float32)
  found = _mean(image, half_precision.HALF)
  assert found.largest == 64 * 64 * 10 and found.largest_in.startswith("MEAN")
  assert found.is_finite
  assert not _mean(image * 2, half_precision.HALF).is_finite
  steep = np.float32(60_000) * (image.cumsum(1) < 30)
  assert not _mean(steep, half_precision.HALF).is_finite
  assert _mean(steep, half_precision.SINGLE).is_finite  # the mean is 1,875


@pytest.mark.filterwarnings("error")
def test_products_that_are_no_numbers_are_counted_without_a_warning():
  image = np.array([[[[np.inf, 1.0]]]], np.float32)
  weights = np.zeros((3, 1, 1, 2), np.float32)
  graph = _graph(
    "CONV_2D",
    [image, weights],
    (1, 1, 1, 3),
    **{"strideH": 1, "strideW": 1, "padding": 0},
  )
  found = half_precision.run(graph, image, half_precision.HALF)
  assert not found.is_finite


def test_what_is_no_number_counts_as_infinite():
  image = np.array([[[[1.0, -60_000.0]]]], np.float32)
  with np.errstate(all="ignore"):
    kinds = {
      "SQRT": [image],  # of a negative number
      "MUL": [image, np.float32(2)],
    }
    for kind, inputs in kinds.items():
      graph = _graph(kind, inputs, image.shape)
      found = half_precision.run(graph, image, half_precision.SINGLE)
      assert found.largest == np.inf and not found.is_finite
      measured = half_precision.measure(graph, image, image)
      assert measured[half_precision.SINGLE]["largest"] is None
  # An activation hides it from the result only.
  operator = graph.operators[0]
  options = types.SimpleNamespace(fusedActivationFunction=1)  # RELU
  hidden = dataclasses.replace(
    graph, operators=(dataclasses.replace(operator, options=options),)
  )
  found = half_precision.run(hidden, image, half_precision.SINGLE)
  assert found.image.min() == 0 and not found.is_finite


@pytest.mark.parametrize("sums", [half_precision.HALF, half_precision.SINGLE])
def test_the_largest_sum_is_that_of_all_places_of_a_kernel(sums):
  """In another order what cancels here adds up."""
  image = np.full((1, 1, 4, 1), 100.0, np.float32)
  kernel = np.array([3.0, -3.0, 3.0, -3.0], np.float32).reshape(1, 1, 4, 1)
  graph = _graph(
    "CONV_2D",
    [image, kernel],
    (1, 1, 1, 1),
    **{"strideH": 1, "strideW": 1, "padding": 1},
  )
  found = half_precision.run(graph, image, sums)
  assert found.image.item() == 0 and found.largest == 1200
  turned = _graph(
    "TRANSPOSE_CONV",
    [np.array([1, 1, 7, 1]), kernel, image],
    (1, 1, 7, 1),
    given=2,
    **{"strideH": 1, "strideW": 1, "padding": 1},
  )
  found = half_precision.run(turned, image, sums)
  assert found.image.ravel()[3] == 0 and found.largest == 1200


def test_small_numbers_become_zero_in_the_worst_case_only():
  image = np.full((1, 1, 1, 1), 1e-5, np.float32)
  graph = _graph("ADD", [image, np.float32(0)], image.shape)
  worst = half_precision.run(graph, image, half_precision.HALF)
  assert worst.image.item() == 0
  better = half_precision.run(graph, image, half_precision.SINGLE)
  assert better.image.item() == np.float16(1e-5)
  # Constants, too.
  one = np.ones_like(image)
  graph = _graph("MUL", [one, image], image.shape)
  worst = half_precision.run(graph, one, half_precision.HALF)
  assert worst.image.item() == 0
  better = half_precision.run(graph, one, half_precision.SINGLE)
  assert better.image.item() == np.float16(1e-5)


def test_convolution_adds_one_product_after_another():
  rng = np.random.default_rng(0)
  image = rng.normal(size=(1, 5, 7, 6)).astype(np.float16).astype(np.float32)
  kernel = rng.normal(size=(4, 3, 3, 6)).astype(np.float16).astype(np.float32)
  graph = _graph(
    "CONV_2D",
    [image, kernel],
    (1, 5, 7, 4),
    **{"strideH": 1, "strideW": 1, "padding": 0},
  )
  padded = np.pad(image[0], [(1, 1), (1, 1), (0, 0)])
  want = np.zeros((5, 7, 4), np.float64)
  for row, column, channel in np.ndindex(3, 3, 6):
    part = padded[row : row + 5, column : column + 7, channel, None]
    want = np.float64(np.float16(want + part * kernel[:, row, column, channel]))
  got = half_precision.run(graph, image, half_precision.HALF).image
  # What is below 2^-14 while adding up keeps bits that float16 has not.
  np.testing.assert_allclose(got[0], want, rtol=0, atol=2**-24)
  better = half_precision.run(graph, image, half_precision.SINGLE).image
  exact = tf.nn.conv2d(image, kernel.transpose(1, 2, 3, 0), 1, "SAME").numpy()
  np.testing.assert_array_equal(
    better.astype(np.float16), exact.astype(np.float16)
  )


def test_what_is_not_known_is_named():
  image = np.zeros((1, 2, 2, 1), np.float32)
  graph = _graph("SVDF", [image], image.shape)
  with pytest.raises(half_precision.UnknownOperator, match="SVDF"):
    half_precision.run(graph, image, half_precision.HALF)


@pytest.fixture(scope="module")
def operators(tmp_path_factory):
  """A graph of many operators, as the converter writes it, and its function."""
  rng = np.random.default_rng(0)

  def kernel(*shape):
    return tf.constant(rng.normal(0, 0.3, shape).astype(np.float32))

  def function(image):
    x = tf.nn.conv2d(image, kernel(5, 5, 3, 8), 2, "SAME")  # 13 x 10
    x = tf.nn.relu(x + kernel(8))
    y = tf.nn.depthwise_conv2d(x, kernel(3, 3, 8, 1), [1, 2, 2, 1], "SAME")
    y = tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    y = tf.nn.conv2d(y, kernel(3, 3, 8, 8), 1, "VALID")  # 7 x 5
    y = tf.nn.conv2d_transpose(y, kernel(4, 4, 8, 8), [1, 14, 10, 8], 2)
    y = tf.nn.leaky_relu(y[:, :13], 0.2)
    z = tf.nn.avg_pool2d(x, [3, 2], [3, 2], "SAME")  # 5 x 5
    z = tf.image.resize(z, [13, 10])
    mean = tf.reduce_mean(z, [1, 2], keepdims=True)
    z = (z - mean) * tf.math.rsqrt(tf.reduce_mean(z * z) + 1e-3)
    x = tf.nn.depth_to_space(tf.concat([x, y, z, x], -1), 2)
    x = tf.nn.conv2d(x, kernel(1, 1, 8, 3), 1, "SAME", dilations=1)
    return {"image_B": tf.nn.tanh(x)[:, :25, :19]}

  spec = tf.TensorSpec([1, 25, 19, 3], tf.float32, name="image")
  folder = str(tmp_path_factory.mktemp("operators"))
  tf.saved_model.save(
    tf.Module(), folder, signatures=tf.function(function, [spec])
  )
  content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
  interpreter = tf.lite.Interpreter(model_content=content)
  return content, interpreter.get_signature_runner()


def test_operators_do_what_the_runtime_does(operators):
  content, run = operators
  graph = tflite_graph.read(content)
  kinds = {operator.kind for operator in graph.operators}
  assert {"TRANSPOSE_CONV", "DEPTHWISE_CONV_2D", "RESIZE_BILINEAR"} < kinds
  image = np.random.default_rng(1).random((1, 25, 19, 3), np.float32)
  want = run(image=image)["image_B"]
  assert want.std() > 0.2
  for sums, least in ((half_precision.SINGLE, 58), (half_precision.HALF, 50)):
    result = half_precision.run(graph, image, sums)
    assert result.is_finite
    assert image_quality.pooled_psnr(result.image, want) > least


def test_measure_says_how_right_a_file_is(models):
  with open(models["tflite"], "rb") as file:
    graph = tflite_graph.read(file.read())
  images = np.random.default_rng(1).random((2, 32, 32, 3), np.float32)
  interpreter = tf.lite.Interpreter(models["tflite"])
  run = interpreter.get_signature_runner("serving_default")
  expected = np.concatenate([run(image=i[None])["image_B"] for i in images])
  found = half_precision.measure(graph, images, expected)
  assert found["fp32_sums"]["psnr"] > 60 and found["fp16_sums"]["psnr"] > 45
  for entry in found.values():
    assert entry["is_finite"] and 1 < entry["largest"] < 65504


if __name__ == "__main__":
  conftest.main(__file__)
