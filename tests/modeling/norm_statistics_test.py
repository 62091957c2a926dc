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
import dataclasses

import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import norm_statistics
from tests import conftest


def _network(**changes):
  config = dataclasses.replace(conftest.TINY_MODEL, **changes)
  network = generators.build_generator(config)
  rng = np.random.default_rng(0)
  network.set_weights(
    [rng.normal(0, 0.3, w.shape).astype(w.dtype) for w in network.get_weights()]
  )
  return network


@pytest.mark.parametrize("norm_affine", [False, True])
@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
def test_an_images_own_statistics_give_the_networks_result(
  generator_type, norm_affine
):
  network = _network(generator_type=generator_type, norm_affine=norm_affine)
  rng = np.random.default_rng(1)
  image = rng.uniform(-1, 1, (1, 32, 48, 3)).astype(np.float32)
  want = network(image, training=False).numpy()
  made, statistics = norm_statistics.measured(network, image)
  np.testing.assert_allclose(made, want, atol=1e-4)
  assert statistics.shape == (1, 1, 2, norm_statistics.length(network))
  given = norm_statistics.applied(network, image, statistics)
  np.testing.assert_allclose(given, want, atol=1e-3)
  # Other statistics give another result: they are used.
  other = norm_statistics.applied(network, image, statistics * 2 + 0.1)
  assert np.abs(other.numpy() - want).max() > 0.01


def test_the_first_norms_are_those_of_the_first_convolution():
  network = _network()
  rng = np.random.default_rng(2)
  image = rng.uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
  _, statistics = norm_statistics.measured(network, image)
  features = network.get_layer("stem_conv")(image).numpy()
  channels = features.shape[-1]
  np.testing.assert_allclose(
    statistics[0, 0, 0, :channels], features.mean(axis=(0, 1, 2)), atol=1e-4
  )
  np.testing.assert_allclose(
    statistics[0, 0, 1, :channels], features.var(axis=(0, 1, 2)), rtol=1e-3
  )


def test_a_network_without_norms_has_none():
  network = _network(gen_norm="weight")
  image = np.zeros((1, 16, 16, 3), np.float32)
  made, statistics = norm_statistics.measured(network, image)
  assert norm_statistics.length(network) == 0
  assert statistics.shape == (1, 1, 2, 0)
  given = norm_statistics.applied(network, image, statistics)
  np.testing.assert_allclose(given, made, atol=1e-6)


if __name__ == "__main__":
  conftest.main(__file__)
