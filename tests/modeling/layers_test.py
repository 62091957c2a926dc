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
import itertools

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.modeling import adam
from official.cyclegan.modeling import layers
from official.cyclegan.modeling import normalization
from official.cyclegan.modeling import schedules
from tests import conftest


@pytest.mark.parametrize("training", [False, True])
def test_reflects_like_numpy(training):
  x = np.random.default_rng(0).normal(size=(2, 12, 8, 3)).astype(np.float32)
  layer = layers.BorderConv2D(3, 1, reflect=3)
  layer.build(x.shape)
  layer.set_weights([np.eye(3)[None, None], np.full(3, 0.5)])
  got = layer(x, training=training)
  want = np.pad(x, [(0, 0), (3, 3), (3, 3), (0, 0)], mode="reflect") + 0.5
  np.testing.assert_allclose(got, want, rtol=1e-6)


def test_reflection_is_in_the_shape_of_the_result():
  image = tf.keras.Input((8, 8, 3))
  made = layers.BorderConv2D(3, 7, reflect=3)(image)
  model = tf.keras.Model(image, tf.keras.layers.Add()([made, image]))
  assert tuple(model.output_shape) == (None, 8, 8, 3)
  assert model(np.zeros((1, 8, 8, 3), np.float32)).shape == (1, 8, 8, 3)
  small = tf.keras.Input((4, 5, 3))  # smaller than the kernel
  assert layers.BorderConv2D(2, 7, reflect=3)(small).shape[1:] == (4, 5, 2)


def test_bias_before_a_norm_is_left_out_in_training():
  layer = layers.BorderConv2D(2, 3, padding="same", normed=True)
  x = tf.ones([1, 4, 4, 1])
  layer.build(x.shape)
  layer.set_weights([np.zeros((3, 3, 1, 2)), np.ones(2)])
  np.testing.assert_array_equal(layer(x), np.ones((1, 4, 4, 2)))
  np.testing.assert_array_equal(layer(x, training=True), np.zeros((1, 4, 4, 2)))


def test_rebuilds_from_config():
  config = layers.BorderConv2D(
    4, 3, reflect=2, normed=True, name="conv"
  ).get_config()
  layer = layers.BorderConv2D.from_config(config)
  assert (layer.filters, layer.reflect, layer.normed) == (4, 2, True)


@pytest.mark.parametrize("kernel", [3, 4, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_partial_convolution_averages_over_what_is_there(kernel, stride):
  """Equal to convolving ones for the mask (Liu et al., 2018, eq. 2)."""
  rng = np.random.default_rng(0)
  x = rng.normal(size=(1, 9, 12, 3)).astype(np.float32)
  weights = rng.normal(size=(kernel, kernel, 3, 2)).astype(np.float32)
  options = {"strides": stride, "padding": "same"}
  partial = layers.BorderConv2D(2, kernel, partial=True, **options)
  partial.build(x.shape)
  partial.set_weights([weights, np.array([0.5, -0.5], np.float32)])
  sums = tf.nn.conv2d(x, weights, stride, "SAME")
  ones = np.ones((kernel, kernel, 1, 1), np.float32)
  inside = tf.nn.conv2d(np.ones_like(x[..., :1]), ones, stride, "SAME")
  want = sums * (kernel**2 / inside) + [0.5, -0.5]
  for training in (False, True):
    got = partial(x, training=training)
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


def test_partial_depthwise_convolution():
  x = np.random.default_rng(0).normal(size=(1, 8, 6, 3)).astype(np.float32)
  layer = layers.PartialDepthwiseConv2D(
    3, padding="same", use_bias=False, partial=True
  )
  y = layer(x)
  kernel = np.zeros((3, 3, 3, 3), np.float32)
  for c in range(3):
    kernel[..., c, c] = layer.weights[0][..., c, 0]
  full = layers.BorderConv2D(3, 3, padding="same", partial=True, use_bias=True)
  full.build(x.shape)
  full.set_weights([kernel, np.zeros(3)])
  np.testing.assert_allclose(y, full(x), atol=1e-5)


def test_nearest_upsampling_is_the_same_in_training_and_out_of_it():
  x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
  layer = layers.XnnpackUpSampling2D(2, interpolation="nearest")
  want = x.repeat(2, axis=1).repeat(2, axis=2)
  for training in (False, True):
    np.testing.assert_array_equal(layer(x, training=training), want)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("shape", [(None, None, 4), (3, None, 4), (3, 5, 4)])
def test_upsampling_takes_sizes_that_are_not_known_yet(interpolation, shape):
  x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
  layer = layers.XnnpackUpSampling2D(2, interpolation=interpolation)
  want = tf.keras.layers.UpSampling2D(2, interpolation=interpolation)(x)
  traced = tf.function(layer, input_signature=[tf.TensorSpec([None, *shape])])
  np.testing.assert_allclose(traced(x), want, atol=1e-6)
  inputs = tf.keras.Input(shape)
  sizes = [n and 2 * n for n in shape[:2]]
  assert list(layer(inputs).shape) == [None, *sizes, 4]
  assert layer(tf.cast(x, tf.bfloat16)).dtype == x.dtype  # the layer's own


@pytest.mark.parametrize("gain", [1.0, 4.0])
def test_details_are_what_a_mean_takes_away(gain):
  x = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype(np.float32)
  # The mean of the pixels inside: those outside are not numbers.
  padded = np.pad(
    x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=np.float32(np.nan)
  )
  windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
  want = gain * (x - np.nanmean(windows, axis=(-2, -1)))
  image, details, magnitude = tf.split(layers.DetailChannels(gain)(x), 3, -1)
  np.testing.assert_array_equal(image, x)
  np.testing.assert_allclose(details, want, atol=1e-5)
  np.testing.assert_allclose(magnitude, np.abs(want), atol=1e-5)


def test_fourier_features_are_a_kernel_of_colours():
  """Rahimi and Recht, 2007, claim 1: products of features are Gaussian."""
  stddev, features = 2.0, 4096
  colours = np.random.default_rng(0).uniform(-1, 1, (1, 6, 5, 3))
  colours = colours.astype(np.float32)
  seen = layers.FourierFeatures(features, stddev)(colours).numpy()
  np.testing.assert_array_equal(seen[..., :3], colours)
  waves = seen[..., 3:].reshape(30, features)
  assert np.abs(waves).max() <= np.sqrt(2) + 1e-5
  apart = colours.reshape(30, 1, 3) - colours.reshape(1, 30, 3)
  kernel = np.exp(-0.5 * stddev**2 * np.square(apart).sum(-1))
  np.testing.assert_allclose(waves @ waves.T / features, kernel, atol=0.08)
  again = layers.FourierFeatures(features, stddev)(colours)
  np.testing.assert_array_equal(again, seen)


def test_dropout_drops_its_share_and_keeps_the_mean():
  layer = layers.CheckpointedDropout(0.3, seed=1)
  ones = tf.ones([4, 50, 50, 2])
  np.testing.assert_array_equal(layer(ones), ones)  # not in training
  dropped = layer(ones, training=True).numpy()
  assert 0.27 < np.mean(dropped == 0) < 0.33
  np.testing.assert_allclose(dropped[dropped > 0], 1 / 0.7, rtol=1e-5)
  again = layer(ones, training=True).numpy()
  assert not np.array_equal(dropped, again)


def test_dropout_goes_on_from_a_checkpoint(tmp_path):
  first, second = (
    layers.CheckpointedDropout(0.5, seed=1),
    layers.CheckpointedDropout(0.5, seed=2),
  )
  ones = tf.ones([1, 8, 8, 1])
  first(ones, training=True)
  path = tf.train.Checkpoint(layer=first).save(str(tmp_path / "ckpt"))
  tf.train.Checkpoint(layer=second).restore(path).assert_consumed()
  np.testing.assert_array_equal(
    first(ones, training=True), second(ones, training=True)
  )
  assert not first.weights  # its state is not one of the network's weights


def test_dropout_without_a_seed_follows_keras():
  seeds = []
  for _ in range(2):
    tf.keras.utils.set_random_seed(7)
    seeds.append([layers.CheckpointedDropout(0.5).seed for _ in range(2)])
  assert seeds[0] == seeds[1] and seeds[0][0] != seeds[0][1]


def test_depth_to_space():
  x = np.arange(2 * 3 * 3 * 8, dtype=np.float32).reshape(2, 3, 3, 8)
  got = layers.DepthToSpace(2)(x).numpy()
  want = x.reshape(2, 3, 3, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5)
  np.testing.assert_array_equal(got, want.reshape(2, 6, 6, 2))


def test_subpixel_convolution_starts_without_a_checkerboard():
  base = tf.keras.initializers.RandomNormal(0.0, 0.1, seed=1)
  conv = tf.keras.layers.Conv2D(
    4 * 5,
    3,
    padding="same",
    kernel_initializer=layers.SubpixelInitializer(base, 2),
  )
  x = np.random.default_rng(0).normal(size=(1, 6, 6, 2)).astype(np.float32)
  y = layers.DepthToSpace(2)(conv(x)).numpy()
  small = y[:, ::2, ::2]
  assert small.std() > 0.01
  np.testing.assert_allclose(y, small.repeat(2, 1).repeat(2, 2), atol=1e-6)


@pytest.mark.parametrize("output_axis", [2, 3])
def test_kernels_keep_their_length(output_axis):
  rng = np.random.default_rng(0)
  kernel = rng.normal(0, 5, (3, 3, 4, 5)).astype(np.float32)
  constraint = layers.FixedNorm(0.7, output_axis)
  constraint = layers.FixedNorm.from_config(constraint.get_config())
  got = constraint(kernel).numpy()
  rows = np.moveaxis(got, output_axis, 0).reshape(kernel.shape[output_axis], -1)
  np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 0.7, rtol=1e-5)
  # Nothing but the length has changed.
  factors = got / kernel
  spread = factors.max((0, 1, 5 - output_axis)) / factors.min(
    (0, 1, 5 - output_axis)
  )
  np.testing.assert_allclose(spread, 1, rtol=1e-5)
  zeros = np.zeros_like(kernel)
  np.testing.assert_array_equal(constraint(zeros), zeros)


@pytest.mark.parametrize("kernel_size", [(3, 3), (5, 4)])
@pytest.mark.parametrize("gain", [None, 1.5])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_even_phases_draw_no_grid_into_what_is_smooth(order, gain, kernel_size):
  rng = np.random.default_rng(0)
  kernel = rng.normal(0, 2, (*kernel_size, 5, 4 * 6)).astype(np.float32)
  constraint = layers.EvenPhases(order, gain)
  constraint = layers.EvenPhases.from_config(constraint.get_config())
  got = constraint(kernel).numpy()
  phases = got.reshape(*kernel_size, 5, 4, 6)
  if gain:
    lengths = np.sqrt((phases**2).sum((0, 1, 2, 3)) / 4)
    np.testing.assert_allclose(lengths, gain, rtol=1e-5)
  else:
    # What was taken away is at right angles to all that may stay.
    taken = (kernel - got).reshape(phases.shape)
    np.testing.assert_allclose((taken * phases).sum((0, 1, 2, 3)), 0, atol=1e-3)
  np.testing.assert_allclose(constraint(got), got, atol=1e-5)
  y, x = np.mgrid[-1:1:16j, -1:1:16j]
  for i, j in itertools.product(range(4), repeat=2):
    smooth = (y**i * x**j)[None, :, :, None] * rng.normal(size=5)
    made = layers.DepthToSpace(2)(
      tf.nn.conv2d(smooth.astype(np.float32), got, 1, "VALID")
    )
    # All polynomials that are kept have no differences of this order.
    rest = np.diff(made, i + 1, axis=1), np.diff(made, j + 1, axis=2)
    largest = max(np.abs(values).max() for values in rest)
    assert largest < 1e-4 if i + j < order else largest > 1e-3, (i, j)


def test_even_phases_have_one_bias():
  bias = np.random.default_rng(0).normal(size=4 * 6).astype(np.float32)
  got = layers.EvenPhases(2)(bias)
  want = np.tile(bias.reshape(4, 6).mean(0), 4)
  np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.parametrize(
  "layer",
  [
    layers.BorderConv2D(4, 3, reflect=1, padding="valid"),
    layers.BorderConv2D(4, 3, partial=True, padding="same"),
    layers.BorderConv2D(
      4,
      3,
      kernel_constraint=layers.EvenPhases(3, 1.5),
      bias_constraint=layers.EvenPhases(2),
    ),
    layers.PartialDepthwiseConv2D(
      5, partial=True, padding="same", use_bias=False
    ),
    layers.CheckpointedDropout(0.25, seed=3),
    layers.DepthToSpace(2),
    layers.DetailChannels(2.0),
    layers.FourierFeatures(5, 1.5),
  ],
)
def test_layers_are_rebuilt_from_their_configuration(layer):
  again = type(layer).from_config(layer.get_config())
  assert again.get_config() == layer.get_config()


def test_initializer_is_rebuilt_from_its_configuration():
  base = tf.keras.initializers.RandomNormal(0.0, 0.5, seed=3)
  initializer = layers.SubpixelInitializer(base, 2)
  config = tf.keras.initializers.serialize(initializer)
  again = tf.keras.initializers.deserialize(config)
  assert isinstance(again, layers.SubpixelInitializer)
  assert again.get_config() == initializer.get_config()
  shape = (3, 3, 2, 8)
  np.testing.assert_array_equal(again(shape), initializer(shape))


@pytest.mark.parametrize(
  "cls",
  [
    layers.BorderConv2D,
    layers.PartialDepthwiseConv2D,
    layers.XnnpackUpSampling2D,
    layers.CheckpointedDropout,
    layers.DepthToSpace,
    layers.DetailChannels,
    layers.FourierFeatures,
    layers.FixedNorm,
    layers.EvenPhases,
    layers.SubpixelInitializer,
    normalization.InstanceNormalization,
    adam.FusedAdam,
    schedules.ConstantThenDecay,
  ],
)
def test_classes_are_registered_under_the_packages_name(cls):
  name = f"cyclegan>{cls.__name__}"
  assert tf.keras.utils.get_registered_name(cls) == name
  assert tf.keras.utils.get_registered_object(name) is cls


@pytest.mark.parametrize(
  ("layer", "name"),
  [
    (tf.keras.layers.Conv2D(4, 3), "Conv2D"),
    (tf.keras.layers.DepthwiseConv2D(3), "DepthwiseConv2D"),
    (tf.keras.layers.UpSampling2D(2), "UpSampling2D"),
    (tf.keras.layers.Dropout(0.5), "Dropout"),
    (
      normalization.StockInstanceNormalization(),
      tf.keras.utils.get_registered_name(
        normalization.StockInstanceNormalization
      ),
    ),
  ],
)
def test_no_name_of_keras_or_addons_is_hidden(layer, name):
  serialized = tf.keras.layers.serialize(layer)
  assert name in (serialized["class_name"], serialized["registered_name"])
  assert not serialized["class_name"].startswith("cyclegan")
  assert type(tf.keras.layers.deserialize(serialized)) is type(layer)


if __name__ == "__main__":
  conftest.main(__file__)
