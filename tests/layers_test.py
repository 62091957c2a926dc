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

from official.cyclegan import layers
from tests import conftest


def test_reflects_like_numpy():
  x = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype(np.float32)
  got = layers.ReflectionPadding2D(3)(x)
  want = np.pad(x, [(0, 0), (3, 3), (3, 3), (0, 0)], mode="reflect")
  np.testing.assert_array_equal(got, want)


def test_rebuilds_from_config():
  config = layers.ReflectionPadding2D(2, name="pad").get_config()
  assert layers.ReflectionPadding2D.from_config(config).padding == 2


if __name__ == "__main__":
  conftest.main(__file__)
