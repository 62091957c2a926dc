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
"""Tests of what a pipeline's steps are handed."""

import dataclasses
import json

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import options
from official.cyclegan.core import search_config
from official.cyclegan.pipeline import settings as settings_lib
from tests import conftest


def _settings(**changes):
  config = config_lib.Config(
    data=config_lib.DataConfig(crop_size=64, paired=True),
    model=config_lib.ModelConfig(gen_n_filters=7),
    train=config_lib.TrainConfig(train_steps=9, learning_rate=3e-4),
  )
  values = {
    "config": config,
    "pipeline": command_config.PipelineConfig(measure="swd", worse_by=0.1),
    "export": command_config.ExportConfig(
      quantization=("int8",), sizes=(32, 64)
    ),
    "evaluation": command_config.EvaluateConfig(detail_sizes=(128,)),
    "search": search_config.SearchConfig(
      search=("lambda_id",),
      space={
        **search_config.DEFAULT_SPACE,
        "lambda_id": options.Range(0.5, 2.0),
      },
    ),
    "levels": {"A": {"levels": [1, 2]}},
    **changes,
  }
  return settings_lib.Settings(**values)


def test_comes_back_as_it_was():
  told = _settings()
  names = [field.name for field in dataclasses.fields(told)]
  text = told.text(*names)
  assert settings_lib.read(text) == told
  assert settings_lib.read(text).text(*names) == text


def test_a_step_is_told_what_it_depends_on_and_nothing_else():
  told = _settings()
  other = dataclasses.replace(
    told,
    evaluation=command_config.EvaluateConfig(max_images=3),
    config=dataclasses.replace(
      told.config,
      data=dataclasses.replace(told.config.data, dataset="elsewhere"),
    ),
  )
  # Where pictures come from is not for a step to know: an artifact holds them.
  assert told.text("config", "export") == other.text("config", "export")
  assert told.text("evaluation") != other.text("evaluation")
  kept = told.with_pipeline("measure").pipeline
  assert kept == command_config.PipelineConfig(measure="swd")


def test_another_version_is_another_text(monkeypatch):
  before = _settings().text("config")
  monkeypatch.setattr(settings_lib, "version", lambda: "99.0")
  after = _settings().text("config")
  assert json.loads(after)["version"] == "99.0" and before != after


def test_the_version_is_that_of_the_distribution(monkeypatch):
  found = settings_lib.importlib.metadata
  monkeypatch.setattr(found, "version", lambda name: f"1 of {name}")
  assert settings_lib.version() == "1 of cyclegan-garden"


if __name__ == "__main__":
  conftest.main(__file__)
