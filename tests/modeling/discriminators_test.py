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


@pytest.mark.parametrize("precision", config_lib.PRECISIONS[1:])
def test_precisions_keep_weights_in_float32(precision):
  with model_lib.policy(precision):
    discriminator = discriminators.build_discriminator(_model(disc_n_filters=4))
  assert {weight.dtype for weight in discriminator.weights} == {tf.float32}
  computed = {layer.compute_dtype for layer in discriminator.layers}
  half = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
  assert (half.get(precision, "float32")) in computed


if __name__ == "__main__":
  conftest.main(__file__)
