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

from official.cyclegan.serving import guided_tensors
from official.cyclegan.serving import guided_upsampling
from tests import conftest


def test_coefficients_are_those_of_numpy():
  rng = np.random.default_rng(0)
  guides = rng.random((2, 9, 12, 3), np.float32)
  changes = rng.normal(0, 0.1, guides.shape).astype(np.float32)
  got = guided_tensors.coefficients(guides, changes).numpy()
  for i in range(2):
    want = guided_upsampling.coefficients(guides[i], changes[i])
    np.testing.assert_allclose(got[i], want.reshape(9, 12, 12), atol=1e-4)


if __name__ == "__main__":
  conftest.main(__file__)
