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
from official.cyclegan.core import options
from official.cyclegan.core import search_config
from tests import conftest


def test_what_is_searched_is_declared_with_the_option():
  assert search_config.SEARCHABLE["lambda_id"] == "loss"
  assert search_config.SEARCHABLE["upsample"] == "model"
  for name, tried in search_config.DEFAULT_SPACE.items():
    flag = search_config.space_flag(name, tried)
    entry = search_config.declared_options(search_config.SearchConfig)[flag]
    assert entry.default == tried.values()


def test_with_options_changes_the_space_of_a_search():
  search = search_config.with_options(
    search_config.ARCHITECTURE_SEARCH, {"lambda_id_range": (1.0, 2.0)}
  )
  assert search.space["lambda_id"] == options.Range(1.0, 2.0)
  assert search.space["n_res_blocks"] == options.Choices((2, 4, 6, 8))
  values = search_config.option_values(search)
  assert values["lambda_id_range"] == (1.0, 2.0)
  assert "space" not in values


def test_a_searched_learning_rate_keeps_the_ratio():
  config = conftest.replace(
    config_lib.Config(), "train", disc_learning_rate=1e-4
  )
  found = search_config.with_searched(config, {"learning_rate": 4e-4})
  assert found.train.disc_learning_rate == pytest.approx(2e-4)


if __name__ == "__main__":
  conftest.main(__file__)
