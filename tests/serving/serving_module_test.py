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

from official.cyclegan.modeling import generators
from official.cyclegan.serving import serving_module
from tests import conftest


@pytest.mark.parametrize(
  ("direction", "name"), [("AtoB", "image_B"), ("BtoA", "image_A")]
)
def test_takes_and_gives_unit_range(direction, name):
  generator = generators.build_generator(conftest.TINY_MODEL)
  found = serving_module.ServingModule(generator, direction)
  image = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
  want = np.clip(generator(image * 2 - 1) / 2 + 0.5, 0, 1)
  for call in (found, found.translate_function([None, None, None, 3])):
    made = call(tf.constant(image))
    assert list(made) == [name]
    np.testing.assert_allclose(made[name], want, atol=1e-6)
  assert found.output_name == name and found.channels == 3
  assert len(found.variables) == len(generator.variables)


if __name__ == "__main__":
  conftest.main(__file__)
