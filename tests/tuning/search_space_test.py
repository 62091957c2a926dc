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
import keras_tuner
import pytest

from official.cyclegan.core import options
from official.cyclegan.core import search_config
from official.cyclegan.tuning import search_space
from tests import conftest

_SPACE = {
  "lambda_id": options.Range(0.5, 8.0),
  "gen_n_filters": options.Choices((16, 32)),
}


def test_the_space_is_that_of_the_options():
  search = search_config.with_options(
    search_config.SearchConfig(search=("gen_n_filters", "lambda_id")),
    {"lambda_id_range": (0.5, 8.0), "gen_n_filters_choices": (16, 32)},
  )
  varied = search_space.varied(search)
  assert varied == _SPACE and list(varied) == list(search.search)
  assert sorted(search.space) == sorted(search_config.SEARCHABLE)
  assert search.space["learning_rate"] == options.Range(1e-4, 1e-3)


def test_values_are_declared_with_the_configured_ones_as_defaults():
  hp = keras_tuner.HyperParameters()
  configured = {"lambda_id": 2.0, "gen_n_filters": 32}
  assert search_space.suggest(hp, _SPACE, configured) == configured
  number, choice = hp.space
  assert (number.min_value, number.max_value) == (0.5, 8.0)
  assert number.sampling == "log" and not choice.ordered
  assert choice.values == [16, 32]
  hp.values.update(lambda_id=3.0, gen_n_filters=16)
  assert search_space.suggest(hp, _SPACE, configured) == hp.values


def test_a_default_outside_of_the_space_becomes_one_inside():
  hp = keras_tuner.HyperParameters()
  configured = {"lambda_id": 20.0, "gen_n_filters": 64}
  found = search_space.suggest(hp, _SPACE, configured)
  assert found == {"lambda_id": 8.0, "gen_n_filters": 16}


@pytest.mark.parametrize(
  ("values", "inside"),
  [
    ({"lambda_id": 0.5, "gen_n_filters": 32}, True),
    ({"lambda_id": 9.0, "gen_n_filters": 32}, False),
    ({"lambda_id": 1.0, "gen_n_filters": 24}, False),
  ],
)
def test_values_are_inside_or_not(values, inside):
  assert search_space.contains(_SPACE, values) == inside


def test_a_grid_is_even_on_a_log_scale():
  grid = search_space.grid(_SPACE, 3)
  assert grid == {"lambda_id": [0.5, 2.0, 8.0], "gen_n_filters": [16, 32]}


if __name__ == "__main__":
  conftest.main(__file__)
