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

import pytest
from absl import flags
from absl.testing import flagsaver

from official.cyclegan.core import common_flags
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from tests import conftest

common_flags.define_run_flags()
common_flags.define_data_flags()
common_flags.define_model_flags()
common_flags.define_train_flags()
common_flags.define_device_flags()
common_flags.define_distill_flags()
common_flags.define_export_flags()

_PARTS = (
  config_lib.DataConfig,
  config_lib.ModelConfig,
  config_lib.LossConfig,
  config_lib.TrainConfig,
  config_lib.DeviceConfig,
  config_lib.DistillConfig,
  config_lib.ExportConfig,
)
# Whose default is the student's, and said in the help.
_STUDENTS = ("lambda_distill", "lambda_features")


def _fields():
  return [field for part in _PARTS for field in dataclasses.fields(part)]


@pytest.mark.parametrize("field", _fields(), ids=lambda f: f.name)
def test_every_field_has_a_flag_with_its_default_and_help(field):
  flag = flags.FLAGS[field.name]
  if field.name in _STUDENTS:
    default = getattr(config_lib.STUDENT.loss, field.name)
    assert flag.default is None and f"default: {default:g}" in flag.help
  elif isinstance(field.default, tuple):
    assert flag.default == [str(value) for value in field.default]
  else:
    assert flag.default == field.default
  assert len(flag.help) > 15


def test_without_flags_the_config_is_the_default():
  assert common_flags.config_from_flags() == config_checks.resolve(
    config_lib.Config()
  )


def test_flags_reach_the_config():
  with flagsaver.flagsaver(crop_size=64, lambda_id=5.0, generator_type="unet"):
    config = common_flags.config_from_flags()
  assert config.data.crop_size == config.data.load_size == 64
  assert config.loss.lambda_id == 5.0
  assert config.model.generator_type == "unet"


def test_only_given_flags_change_a_configuration():
  base = config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(crop_size=64),
      loss=config_lib.LossConfig(lambda_id=7.0),
    )
  )
  assert common_flags.config_over(base) == base
  with flagsaver.flagsaver(lambda_id=3.0):
    flags.FLAGS["lambda_id"].present = True
    assert common_flags.config_over(base).loss.lambda_id == 3.0
    assert common_flags.config_over(base).data == base.data


def test_bad_combination_is_refused():
  bad = flagsaver.flagsaver(crop_size=64, load_size=32)
  refused = pytest.raises(errors.UserError, match="--load_size=32")
  with bad, refused:
    common_flags.config_from_flags()


def test_require_names_flag_and_remedy():
  with pytest.raises(errors.UserError, match="--model_dir.*give a folder"):
    common_flags.require("model_dir", "give a folder")
  with flagsaver.flagsaver(model_dir="x"):
    assert common_flags.require("model_dir", "give a folder") == "x"


def test_defining_twice_is_harmless():
  common_flags.define_data_flags()


if __name__ == "__main__":
  conftest.main(__file__)
