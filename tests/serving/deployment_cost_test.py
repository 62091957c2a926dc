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
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import search_config
from official.cyclegan.serving import deployment_cost
from tests import conftest


@pytest.mark.slow
def test_measures_what_would_be_exported():
  model = config_lib.ModelConfig(
    generator_type="mobile", gen_n_filters=4, n_res_blocks=1
  )
  small, large = (
    deployment_cost.measure(model, size, "dynamic") for size in (32, 64)
  )
  assert set(small) == {*deployment_cost.LIMITS, "parameters"}
  assert large["macs"] == 4 * small["macs"]
  assert large["parameters"] == small["parameters"] > 500
  assert 5 < small["size_kb"] < 100 and small["latency_ms"] > 0


@pytest.mark.parametrize(
  ("option", "value", "fits"),
  [
    ("max_latency_ms", 5.0, True),
    ("max_latency_ms", 4.0, False),
    ("max_macs", 1e6, False),
    ("max_size_kb", 99.0, False),
    ("max_size_kb", 0.0, True),
  ],
)
def test_names_the_limit_that_is_exceeded(option, value, fits):
  cost = {"latency_ms": 5.0, "macs": 2e6, "size_kb": 100.0}
  options = search_config.SearchConfig(**{option: value})
  if fits:
    deployment_cost.check(cost, options)
    return
  with pytest.raises(
    deployment_cost.ExceedsLimit, match=f"over budget.*--{option}="
  ):
    deployment_cost.check(cost, options)


if __name__ == "__main__":
  conftest.main(__file__)
