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
"""Tests the discriminators against published sizes and patches."""

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import discriminators
from official.cyclegan.modeling import model as model_lib
from tests import conftest


def _model(**changes):
  return config_lib.ModelConfig(**changes)


@pytest.mark.parametrize(
  ("filters", "parameters"), [(64, 2_764_737), (32, 694_241)]
)
def test_discriminator_has_the_published_parameters(filters, parameters):
  network = discriminators.build_discriminator(_model(disc_n_filters=filters))
  assert network.count_params() == parameters


@pytest.mark.parametrize(
  ("layers", "patch"), [(1, 16), (2, 34), (3, 70), (4, 142)]
)
def test_discriminator_has_a_logit_for_each_patch(layers, patch):
  network = discriminators.build_discriminator(
    _model(disc_n_filters=4, disc_n_layers=layers)
  )
  assert network.output_shape == (None, None, None, 1)
  x = np.zeros((1, 256, 256, 3), np.float32)
  assert network(x).shape == (1, 256 // 2**layers, 256 // 2**layers, 1)
  field, step = 1, 1
  strides = [
    layer.strides[0] for layer in network.layers if hasattr(layer, "strides")
  ]
  for stride in strides:
    field, step = field + 3 * step, step * stride
  assert field == patch
  assert strides == [2] * layers + [1, 1]


def test_basic_discriminator_ignores_disc_n_layers():
  network = discriminators.build_discriminator(
    _model(disc_n_filters=64, disc_type="basic", disc_n_layers=1)
  )
  assert network.count_params() == 2_764_737


def test_pixel_discriminator_has_a_logit_for_each_pixel():
  network = discriminators.build_discriminator(
    _model(disc_n_filters=64, disc_type="pixel")
  )
  # Published: junyanz's PixelDiscriminator with 64 filters.
  assert network.count_params() == 8_705
  assert {
    layer.kernel_size for layer in network.layers if hasattr(layer, "strides")
  } == {(1, 1)}
  x = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 3))
  x = x.astype(np.float32)
  assert network(x).shape == (1, 8, 8, 1)
  # Pixels of one colour get the same logit, wherever they are.
  x[0, 2, 3] = x[0, 6, 1]
  logits = network(x).numpy()
  np.testing.assert_allclose(logits[0, 2, 3], logits[0, 6, 1], atol=1e-5)


@pytest.mark.parametrize("disc_type", config_lib.DISCRIMINATOR_TYPES)
@pytest.mark.parametrize(("seen", "added"), [("details", 6), ("fourier", 32)])
def test_discriminator_sees_more_beside_the_image(disc_type, seen, added):
  plain, more = (
    discriminators.build_discriminator(
      _model(disc_type=disc_type, disc_n_filters=4, disc_input=name)
    )
    for name in ("image", seen)
  )
  kernels = [n.get_layer("conv1").kernel.shape for n in (plain, more)]
  assert [kernel[2] for kernel in kernels] == [3, 3 + added]
  assert plain.output_shape == more.output_shape
  # Nothing but the kernel's new channels is learned, of 4 filters each.
  learned = more.count_params() - plain.count_params()
  assert learned == kernels[0][0] ** 2 * added * 4


@pytest.mark.parametrize("disc_type", config_lib.DISCRIMINATOR_TYPES)
def test_discriminator_sees_features_of_colors_beside_the_image(disc_type):
  options = {"disc_type": disc_type, "disc_n_filters": 4, "disc_init": "he"}
  plain, colored = (
    discriminators.build_discriminator(_model(disc_input=seen, **options))
    for seen in ("image", "colors")
  )
  assert plain.output_shape == colored.output_shape
  inputs = colored.get_layer("with_colors").output
  assert inputs.shape[-1] == 3 + 16
  x = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 3))
  x = x.astype(np.float32)
  x[0, 2, 3] = x[0, 6, 1]
  seen = tf.keras.Model(colored.inputs, inputs)(x).numpy()
  np.testing.assert_array_equal(seen[..., :3], x)
  # Of a pixel's own colour, and not in proportion to it.
  np.testing.assert_allclose(seen[0, 2, 3], seen[0, 6, 1], atol=1e-5)
  other = tf.keras.Model(colored.inputs, inputs)(-x).numpy()
  assert np.abs(seen + other)[..., 3:].max() > 0.1


@pytest.mark.parametrize("seen", ["details", "fourier"])
def test_what_is_computed_of_the_image_is_not_rounded(seen):
  with model_lib.policy("mixed_bfloat16"):
    network = discriminators.build_discriminator(
      _model(disc_n_filters=4, disc_input=seen)
    )
  assert network.get_layer(seen).compute_dtype == "float32"


def test_discriminator_without_norms_sees_contrast():
  """Of two contrasts an instance norm after a linear layer sees one."""
  x = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 16, 16, 3))
  x = x.astype(np.float32)
  changes = {}
  for norm in config_lib.DISCRIMINATOR_NORMS:
    tf.keras.utils.set_random_seed(1)
    network = discriminators.build_discriminator(
      _model(disc_n_filters=8, disc_n_layers=1, disc_norm=norm, disc_init="he")
    )
    names = [layer.name for layer in network.layers]
    assert ("norm2" in names) == (norm == "instance")
    low, high = network(x).numpy(), network(2 * x).numpy()
    changes[norm] = np.abs(high - low).mean() / np.abs(high).mean()
  assert changes["instance"] < 0.01
  np.testing.assert_allclose(changes["none"], 0.5, rtol=1e-3)


@pytest.mark.parametrize("init", ["auto", *config_lib.INITIALIZERS])
def test_initial_weights_can_differ_from_the_generators(init):
  tf.keras.utils.set_random_seed(0)
  network = discriminators.build_discriminator(
    _model(disc_n_filters=32, init="normal", disc_init=init)
  )
  kernel = network.get_layer("conv2").kernel
  inputs, outputs = 16 * kernel.shape[2], 16 * kernel.shape[3]
  want = {
    "he": (2 / inputs) ** 0.5,
    "glorot": (2 / (inputs + outputs)) ** 0.5,
  }.get(init, 0.02)
  np.testing.assert_allclose(np.std(kernel), want, rtol=0.05)


@pytest.mark.parametrize("precision", config_lib.PRECISIONS[1:])
def test_precisions_keep_weights_in_float32(precision):
  with model_lib.policy(precision):
    discriminator = discriminators.build_discriminator(_model(disc_n_filters=4))
  assert {tf.as_dtype(w.dtype) for w in discriminator.weights} == {tf.float32}
  computed = {layer.compute_dtype for layer in discriminator.layers}
  half = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
  assert (half.get(precision, "float32")) in computed


if __name__ == "__main__":
  conftest.main(__file__)
