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
"""Tests of what TFX's Trainer and Tuner call; tfx_pipeline_test runs all."""

import dataclasses
import importlib
import json
import types

import keras_tuner
import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import search_config
from official.cyclegan.data import sources
from official.cyclegan.pipeline import settings as settings_lib
from official.cyclegan.pipeline import training_module
from official.cyclegan.training import checkpoints
from tests import conftest


@pytest.mark.parametrize(
  "name", [training_module.RUN_FN, training_module.TUNER_FN]
)
def test_the_dotted_names_lead_to_functions(name):
  module, _, function = name.rpartition(".")
  assert callable(getattr(importlib.import_module(module), function))


def test_what_the_tuner_found_is_trained_with():
  best = keras_tuner.HyperParameters()
  best.Fixed("lambda_id", 0.7)
  best.Fixed("learning_rate", 4e-4)
  config = config_lib.Config(
    train=config_lib.TrainConfig(learning_rate=2e-4, disc_learning_rate=1e-4)
  )
  # As TFX keeps it: through JSON.
  told = json.loads(json.dumps(best.get_config()))
  found = training_module._with_best(config, told)
  assert found.loss.lambda_id == 0.7
  assert found.train.learning_rate == 4e-4
  assert found.train.disc_learning_rate == pytest.approx(2e-4)
  assert training_module._with_best(config, None) is config


def test_the_search_gives_the_best_and_all_trials(monkeypatch, tmp_path):
  search = search_config.SearchConfig(search=("lambda_id",))

  def run(config, options, folder):
    (tmp_path / "results.csv").write_text(
      f"trial,{options.objective},lambda_id\n0,3.5,1.0\n1,2.5,0.6\n"
    )
    best = {"trial": "1", "lambda_id": 0.6}
    return types.SimpleNamespace(best=best, completed=2)

  monkeypatch.setattr(training_module.tune_lib, "search", run)
  found = training_module._Search(config_lib.Config(), search, str(tmp_path))
  found.search_space_summary()
  found.search()
  found.results_summary()
  (best,) = found.get_best_hyperparameters()
  assert best.values == {"lambda_id": 0.6}
  trials = found.oracle.get_best_trials(found.oracle.max_trials)
  assert [t.trial_id for t in trials] == ["0", "1"]
  assert trials[1].hyperparameters.values["lambda_id"] == "0.6"


@pytest.mark.slow
def test_a_training_begins_with_the_networks_of_another_run(models, tmp_path):
  run = models["run"]
  config = config_file.load(run)
  source = sources.open_source(config.data)
  made = training_module._warm_started(config, source, run, str(tmp_path))
  generator, _ = checkpoints.load_generator(run, "AtoB")
  for got, want in zip(made.g_AB.get_weights(), generator.get_weights()):
    np.testing.assert_array_equal(got, want)
  averages = made.inference_generators[0].get_weights()
  np.testing.assert_array_equal(averages[0], generator.get_weights()[0])
  plain = training_module.build.build(config, source)
  assert not np.array_equal(
    made.d_A.get_weights()[0], plain.d_A.get_weights()[0]
  )


def test_other_networks_begin_without_and_say_so(models, tmp_path, log):
  config = config_file.load(models["run"])
  other = conftest.replace(config, "model", gen_n_filters=8)
  run = models["run"]
  assert training_module._warm_started(other, None, run, str(tmp_path)) is None
  assert "gen_n_filters 4, now 8" in log.text


def test_a_training_that_has_begun_goes_on_by_itself(models, monkeypatch):
  config = config_file.load(models["run"])
  # Its folder has checkpoints: the other run is not even looked at.
  assert (
    training_module._warm_started(config, None, "nowhere", models["run"])
    is None
  )


@pytest.mark.parametrize(
  "measure", ["relative_l1", "psnr", "masked_l1", "outside_ssim", "ssim"]
)
def test_a_measure_that_needs_the_truth_is_refused_before_training(
  measure, pictures
):
  source = sources.open_source(config_lib.DataConfig(dataset=str(pictures)))
  with pytest.raises(errors.UserError) as refused:
    training_module._refuse_measure(measure, source)
  assert refused.value.option == "measure"


@pytest.mark.parametrize(
  "measure", ["auto", "cycle_l1", "identity_l1", "fid_patches", "swd"]
)
def test_other_measures_need_none(measure, pictures):
  source = sources.open_source(config_lib.DataConfig(dataset=str(pictures)))
  training_module._refuse_measure(measure, source)
  paired = dataclasses.replace(source, paired=True)
  training_module._refuse_measure("relative_l1", paired)


def test_a_step_knows_its_pictures_and_its_settings():
  told = settings_lib.Settings(config_lib.Config())
  given = types.SimpleNamespace(
    train_files=["root/Gen/examples/3/Split-trainA/*"],
    custom_config=training_module.custom_config(told),
  )
  assert training_module._examples(given) == "root/Gen/examples/3"
  (text,) = given.custom_config.values()
  read = settings_lib.read(text).config
  found = training_module._reading(read, "there")
  assert found.data.dataset == "there"
  assert found == config_checks.resolve(found)


def test_a_models_run_is_found_beside_it(tmp_path):
  assert training_module._run_of(None) == ""
  (tmp_path / training_module.ORIGIN_NAME).write_text('{"model_run": "run"}')
  assert training_module._run_of(str(tmp_path / "Format-Serving")) == "run"
  (tmp_path / training_module.ORIGIN_NAME).write_text("{}")
  with pytest.raises(errors.UserError, match="warm_start"):
    training_module._run_of(str(tmp_path / "Format-Serving"))


if __name__ == "__main__":
  conftest.main(__file__)
