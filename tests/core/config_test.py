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
import json

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from tests import conftest


def _with(part, **changes):
  return conftest.replace(config_lib.Config(), part, **changes)


def test_json_round_trip_keeps_every_field():
  config = _with("data", crop_size=64, load_size=72, dataset="x/y")
  config = conftest.replace(config, "train", train_steps=7, seed=5)
  assert config_file.from_json(config_file.to_json(config)) == config


def test_defaults_are_those_of_the_book():
  config = config_checks.resolve(config_lib.Config())
  loss = config.loss
  weights = loss.lambda_validation, loss.lambda_reconstr, loss.lambda_id
  assert weights == (1.0, 10.0, 2.0)
  assert config.train.learning_rate == 2e-4
  assert config.train.buffer_max_length == 50
  assert config.model.gen_n_filters == config.model.disc_n_filters == 32


def test_resolve_fills_in_what_follows():
  config = _with("data", crop_size=64)
  assert config.data.load_size == 64
  assert config.train.disc_learning_rate == config.train.learning_rate


def test_upsampler_is_the_generators_own():
  for generator_type, upsample in (
    ("resnet", "subpixel"),
    ("unet", "resize_conv"),
  ):
    config = _with("model", generator_type=generator_type)
    assert config.model.upsample == upsample
    given = "conv_transpose"
    config = _with("model", generator_type=generator_type, upsample=given)
    assert config.model.upsample == given


def test_basic_discriminator_has_three_layers():
  config = _with("model", disc_type="basic", disc_n_layers=5)
  assert config.model.disc_n_layers == 3


def test_run_of_an_earlier_version_is_read():
  """Its file lacks the newer fields, whose defaults are what it did."""
  for generator_type, upsample in (
    ("resnet", "conv_transpose"),
    ("unet", "resize_conv"),
  ):
    text = json.dumps({"model": {"generator_type": generator_type}})
    config = config_file.from_json(text)
    assert config.model.upsample == upsample
  assert config.loss.gan_mode == "lsgan"
  assert config.device.distribution_strategy == "one_device"


def test_file_that_cannot_be_written_is_named(tmp_path):
  with pytest.raises(errors.UserError, match="--model_dir: .*config.json"):
    config_file.save(config_lib.Config(), str(tmp_path / "missing"))


@pytest.mark.parametrize(
  ("part", "changes", "words"),
  [
    ("data", {"crop_size": 50}, ["--crop_size=50", "multiples of 4"]),
    ("data", {"crop_size": 4}, ["--crop_size=4", "at least 8"]),
    (
      "data",
      {"crop_size": 64, "load_size": 60},
      ["--crop_size=64", "--load_size=60"],
    ),
    ("data", {"batch_size": 0}, ["--batch_size=0"]),
    ("model", {"generator_type": "vgg"}, ["--generator_type=vgg", "unet"]),
    (
      "model",
      {"generator_type": "mobile", "padding": "reflect"},
      ["--padding=reflect", "zero or partial"],
    ),
    ("model", {"block_kernel": 4}, ["--block_kernel=4", "odd"]),
    ("model", {"gen_n_filters": 0}, ["--gen_n_filters=0"]),
    ("model", {"norm_epsilon": 0.0}, ["--norm_epsilon=0.0"]),
    ("loss", {"lambda_id": -1.0}, ["--lambda_id=-1.0"]),
    ("loss", {"lambda_id": float("nan")}, ["--lambda_id=nan"]),
    ("train", {"learning_rate": 0.0}, ["--learning_rate=0.0"]),
    ("train", {"ema_decay": 1.0}, ["--ema_decay"]),
    ("train", {"decay_fraction": 1.5}, ["--decay_fraction=1.5", "0 to 1"]),
    ("train", {"epochs": 0}, ["--epochs=0"]),
    ("model", {"upsample": "bicubic"}, ["--upsample=bicubic", "subpixel"]),
    ("model", {"disc_type": "cnn"}, ["--disc_type=cnn", "pixel"]),
    ("model", {"dropout": 0.95}, ["--dropout=0.95"]),
    ("loss", {"gan_mode": "gan"}, ["--gan_mode=gan", "wgangp"]),
    ("loss", {"lambda_gp": -1.0}, ["--lambda_gp=-1.0"]),
    (
      "loss",
      {"gan_mode": "hinge", "label_smoothing": 0.1},
      ["--label_smoothing=0.1", "--gan_mode=hinge", "lsgan or vanilla"],
    ),
    ("train", {"lr_policy": "step"}, ["--lr_policy=step", "cosine"]),
    ("train", {"precision": "float64"}, ["--precision=float64"]),
    ("train", {"keep_checkpoints": 0}, ["--keep_checkpoints=0"]),
    ("train", {"best_metric": "fid"}, ["--best_metric=fid", "cycle_l1"]),
    (
      "device",
      {"distribution_strategy": "horovod"},
      ["--distribution_strategy=horovod", "multi_worker"],
    ),
    ("device", {"num_devices": -1}, ["--num_devices=-1"]),
  ],
)
def test_bad_values_are_refused_by_flag(part, changes, words):
  with pytest.raises(errors.UserError) as error:
    _with(part, **changes)
  for word in words:
    assert word in str(error.value)


def test_unet_takes_multiples_of_16_only():
  model = config_lib.ModelConfig(generator_type="unet")
  config_checks.check_size("size", 48, model)
  for size in (16, 40, 56):
    with pytest.raises(errors.UserError, match="multiples of 16"):
      config_checks.check_size("size", size, model)


@pytest.mark.parametrize(
  ("text", "word"),
  [
    ("{", "no valid JSON"),
    ("[]", "expected an object"),
    ('{"model": {"layers": 3}}', "layers"),
    ('{"train": {"epochs": "many"}}', "epochs"),
  ],
)
def test_unreadable_json_is_named(text, word):
  with pytest.raises(errors.UserError, match=word):
    config_file.from_json(text, "somewhere/config.json")


def test_save_and_load(tmp_path):
  config = _with("model", n_res_blocks=6)
  config_file.save(config, str(tmp_path))
  assert config_file.load(str(tmp_path)) == config
  assert json.loads((tmp_path / "config.json").read_text())["model"]
  with pytest.raises(errors.UserError, match="no trained model"):
    config_file.load(str(tmp_path / "nowhere"))


if __name__ == "__main__":
  conftest.main(__file__)
