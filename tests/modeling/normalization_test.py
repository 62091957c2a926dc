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

from official.cyclegan.modeling import normalization
from tests import conftest

_EPSILON = 1e-5


def _images(dtype=np.float32):
  rng = np.random.default_rng(1)
  return (rng.normal(3.0, 20.0, (3, 17, 23, 5))).astype(dtype)


def _reference(x, gamma=1.0, beta=0.0):
  x = x.astype(np.float64)
  mean = x.mean(axis=(1, 2), keepdims=True)
  variance = x.var(axis=(1, 2), keepdims=True)
  return (x - mean) / np.sqrt(variance + _EPSILON) * gamma + beta


def test_matches_numpy():
  layer = normalization.InstanceNormalization(
    epsilon=_EPSILON, center=False, scale=False
  )
  x = _images()
  np.testing.assert_allclose(layer(x), _reference(x), atol=2e-5)
  assert not layer.weights


def test_same_weights_and_result_as_the_stock_layer():
  ours = normalization.InstanceNormalization(epsilon=_EPSILON)
  theirs = normalization.StockInstanceNormalization(epsilon=_EPSILON)
  x = _images()
  ours(x), theirs(x)
  values = [np.arange(5, dtype=np.float32) + k for k in (0.5, -2.0)]
  theirs.set_weights(values)
  ours.set_weights(theirs.get_weights())
  np.testing.assert_allclose(ours(x), theirs(x), atol=1e-4)
  np.testing.assert_allclose(ours(x), _reference(x, *values), atol=1e-4)
  assert ours.get_config().keys() == theirs.get_config().keys()


@pytest.mark.parametrize("training", [True, False])
def test_half_precision_is_that_of_both_stacks(training):
  """Inputs and weights are rounded, also where the input is float32."""
  layer = normalization.InstanceNormalization(
    epsilon=_EPSILON, dtype="mixed_bfloat16"
  )
  x = _images()
  layer(x)
  near_one = np.full(5, 1.001, np.float32)  # 1.0 in bfloat16
  layer.set_weights([near_one, np.zeros(5, np.float32)])
  made = layer(tf.constant(x), training=training)
  assert made.dtype == tf.bfloat16
  rounded = tf.cast(x, tf.bfloat16).numpy().astype(np.float32)
  want = tf.cast(_reference(rounded).astype(np.float32), tf.bfloat16)
  made, want = (v.numpy().astype(np.float32) for v in (made, want))
  # The last bit of a few may be rounded the other way.
  assert np.mean(made != want) < 0.02
  np.testing.assert_allclose(made, want, rtol=2**-7, atol=2e-5)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_match_the_stock_layer(training):
  x = tf.constant(_images())
  gradients = []
  for cls in (
    normalization.InstanceNormalization,
    normalization.StockInstanceNormalization,
  ):
    layer = cls(epsilon=_EPSILON)
    layer.build(x.shape)
    values = [np.arange(5, dtype=np.float32) + k for k in (0.5, -2.0)]
    layer.set_weights([np.reshape(v, layer.gamma.shape) for v in values])
    weights = [tf.convert_to_tensor(w) for w in (layer.gamma, layer.beta)]
    with tf.GradientTape() as tape:
      tape.watch([x, *weights])
      # As a network calls it: with tensors that the tape has seen.
      layer.gamma, layer.beta = weights
      y = tf.reduce_sum(tf.sin(layer.call(x, **_training(cls, training))))
    gradients.append(
      [g.numpy().ravel() for g in tape.gradient(y, [x, *weights])]
    )
  for ours, theirs in zip(*gradients):
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(ours / scale, theirs / scale, atol=1e-5)


def test_gradients_of_gradients_match_the_stock_layer():
  """As penalties of discriminators take them, in graphs and out of them."""
  x = tf.constant(_images())
  found = []
  for cls in (
    normalization.InstanceNormalization,
    normalization.StockInstanceNormalization,
  ):
    layer = cls(epsilon=_EPSILON, center=False, scale=False)

    def penalty(x, layer=layer, cls=cls):
      with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
          inner.watch(x)
          y = tf.reduce_sum(tf.sin(layer(x, **_training(cls, True))))
        slope = inner.gradient(y, x)
        value = tf.reduce_sum(slope**2)
      return outer.gradient(value, x)

    found += [penalty(x), tf.function(penalty)(x)]
  scale = np.abs(found[-1]).max()
  for other in found[:-1]:
    np.testing.assert_allclose(other / scale, found[-1] / scale, atol=1e-4)


def _training(cls, training):
  """Returns what tells a layer of ours that it trains; others do not ask."""
  ours = cls is normalization.InstanceNormalization
  return {"training": training} if ours else {}


def test_rebuilds_from_config():
  layer = normalization.InstanceNormalization(epsilon=0.25, center=False)
  config = layer.get_config()
  assert (
    normalization.InstanceNormalization.from_config(config).get_config()
    == config
  )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_statistics_are_float32(dtype):
  # 200 squared overflows float16 when it is summed over the map.
  x = tf.cast(tf.constant(_images()) * 10.0, dtype)
  layer = normalization.InstanceNormalization(
    epsilon=_EPSILON, center=False, scale=False, dtype=dtype
  )
  y = layer(x)
  assert y.dtype == dtype
  expected = _reference(tf.cast(x, tf.float32).numpy())
  np.testing.assert_allclose(tf.cast(y, tf.float32), expected, atol=0.03)


if __name__ == "__main__":
  conftest.main(__file__)
