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

import collections
import dataclasses

import pytest

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import options
from official.cyclegan.core import search_config
from tests import conftest

_PARTS = (
  *config_lib.parts().values(),
  search_config.SearchConfig,
  command_config.EvaluateConfig,
  command_config.ExportConfig,
  command_config.CommandConfig,
  command_config.PackConfig,
  search_config.TuneConfig,
  command_config.TranslateConfig,
  command_config.DemoConfig,
  command_config.DownloadConfig,
  command_config.DoctorConfig,
  command_config.CompletionConfig,
)


def test_defaults_are_those_of_the_book():
  config = config_checks.resolve(config_lib.Config())
  loss = config.loss
  weights = loss.lambda_validation, loss.lambda_reconstr, loss.lambda_id
  assert weights == (1.0, 10.0, 2.0)
  assert config.train.learning_rate == 2e-4
  assert config.train.buffer_max_length == 50
  assert config.model.gen_n_filters == config.model.disc_n_filters == 32


@pytest.mark.parametrize("part", _PARTS, ids=lambda part: part.__name__)
def test_every_field_is_declared_as_an_option(part):
  names = {field.name for field in dataclasses.fields(part)}
  if part is search_config.SearchConfig:  # declared with the options it varies
    names.remove("space")
  assert names == {entry.name for entry in options.declared(part)}
  for entry in options.declared(part):
    text = entry.option.help
    assert len(text) > 15 and text.endswith(".") and "  " not in text
  options.check(part())  # the defaults are within their own ranges


def test_no_two_parts_of_a_run_share_a_name():
  """But for what says how long a training, or a search of them, takes."""
  names = [
    entry.name
    for part in (*config_lib.parts().values(), search_config.SearchConfig)
    for entry in search_config.declared_options(part).values()
  ]
  counts = collections.Counter(names)
  assert {n: c for n, c in counts.items() if c > 1} == {"max_minutes": 2}


if __name__ == "__main__":
  conftest.main(__file__)
