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

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import search_config
from tests import conftest


def _with(part, **changes):
  return conftest.replace(config_lib.Config(), part, **changes)


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
    ("model", {"block_scale": 2}, ["--block_scale=2", "4", "8"]),
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
    ("model", {"disc_input": "edges"}, ["--disc_input=edges", "details"]),
    ("model", {"disc_norm": "batch"}, ["--disc_norm=batch", "instance"]),
    ("model", {"disc_init": "zeros"}, ["--disc_init=zeros", "auto"]),
    ("loss", {"lambda_r1": -1.0}, ["--lambda_r1=-1.0"]),
    ("loss", {"penalty_interval": 0}, ["--penalty_interval=0"]),
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


@pytest.mark.parametrize("preprocess", config_lib.VARIABLE_SIZES)
def test_patches_are_paired_in_pictures_of_one_size_only(preprocess):
  config = config_lib.Config(
    data=config_lib.DataConfig(preprocess=preprocess),
    loss=config_lib.LossConfig(gan_mode="relativistic"),
  )
  with pytest.raises(errors.UserError, match=f"--preprocess={preprocess}"):
    config_checks.resolve(config)


@pytest.mark.parametrize("init", config_lib.INITIALIZERS)
def test_discriminators_start_as_generators_do_unless_told_otherwise(init):
  model = config_lib.ModelConfig(init=init)
  assert config_checks.resolve_model(model).disc_init == init
  model = config_lib.ModelConfig(init=init, disc_init="he")
  assert config_checks.resolve_model(model).disc_init == "he"


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    (
      {"max_minutes": 5.0, "train_steps": 9},
      ["--max_minutes=5", "train_steps"],
    ),
    ({"max_minutes": 5.0, "epochs": 9}, ["--max_minutes=5", "--epochs=9"]),
    ({"until": "7:30", "train_steps": 9}, ["--until=7:30", "--train_steps=0"]),
    ({"max_minutes": 5.0, "until": "7:30"}, ["--max_minutes=5", "--until"]),
    ({"until": "noon"}, ["--until=noon", "HH:MM"]),
  ],
)
def test_only_one_length_is_taken(changes, words):
  with pytest.raises(errors.UserError) as caught:
    _with("train", **changes)
  for word in words:
    assert word in str(caught.value)


@pytest.mark.parametrize(
  ("size", "model", "good"),
  [
    (8, {}, False),  # three halvings
    (8, {"disc_n_layers": 2}, True),
    (8, {"disc_type": "basic"}, False),
    (8, {"disc_norm": "none"}, True),
    (8, {"disc_type": "pixel"}, True),
    (12, {}, True),
    (16, {"disc_n_layers": 4}, False),
    (20, {"disc_n_layers": 4}, True),
    (256, {"disc_n_layers": 8}, False),
    (260, {"disc_n_layers": 8}, True),
  ],
)
def test_no_norm_is_left_with_a_single_pixel(size, model, good):
  config = config_lib.Config(
    data=config_lib.DataConfig(crop_size=size),
    model=config_lib.ModelConfig(**model),
  )
  resolved = config_checks.resolve(config)  # a run of before can be read
  if good:
    config_checks.check_training(resolved)
    return
  with pytest.raises(errors.UserError, match=f"--crop_size={size} ") as error:
    config_checks.check_training(resolved)
  assert error.value.option in ("disc_n_layers", "disc_type")


def test_generators_have_something_to_learn():
  nothing = {
    n: 0.0 for n in ("lambda_validation", "lambda_reconstr", "lambda_id")
  }
  with pytest.raises(
    errors.UserError, match="--lambda_validation and .* all 0"
  ):
    config_checks.check_training(_with("loss", **nothing))
  config_checks.check_training(_with("loss", **{**nothing, "lambda_id": 1.0}))


def test_machines_that_train_together_have_no_time_limit():
  config = dataclasses.replace(
    config_lib.Config(),
    device=config_lib.DeviceConfig(distribution_strategy="multi_worker"),
  )
  with pytest.raises(errors.UserError, match="cannot agree"):
    conftest.replace(config, "train", max_minutes=5.0)


def test_background_that_is_no_colour_is_refused():
  config_checks.check_background("#20c0ff")
  with pytest.raises(errors.UserError, match="--background=blurple"):
    config_checks.check_background("blurple")


def test_unet_takes_multiples_of_16_only():
  model = config_lib.ModelConfig(generator_type="unet")
  config_checks.check_size("size", 48, model)
  for size in (16, 40, 56):
    with pytest.raises(errors.UserError, match="multiples of 16"):
      config_checks.check_size("size", size, model)


def test_coarse_blocks_take_multiples_of_8_only():
  model = config_lib.ModelConfig(generator_type="mobile", block_scale=8)
  config_checks.check_size("size", 24, model)
  for size in (8, 20, 28):
    with pytest.raises(errors.UserError, match="--block_scale=8.*of 8"):
      config_checks.check_size("size", size, model)
  # Which the other generators do not have.
  for generator_type, multiple in config_checks.SIZE_MULTIPLES.items():
    other = dataclasses.replace(
      model, generator_type=generator_type, block_scale=4
    )
    assert config_checks.size_multiple(other) == multiple
    smallest = config_checks.MINIMUM_SIZES[generator_type]
    assert config_checks.minimum_size(other) == smallest


@pytest.mark.parametrize(
  ("fraction", "data", "model", "half"),
  [
    (0.4, {"crop_size": 64}, {}, 32),
    (1.0, {"crop_size": 256}, {"generator_type": "unet"}, 128),
    (0.0, {"crop_size": 64}, {}, 0),
    (0.4, {"crop_size": 60}, {}, 0),  # too small
    (0.4, {"crop_size": 68}, {}, 0),  # 34 is no multiple of 4
    (0.4, {"crop_size": 72}, {}, 36),
    (0.4, {"crop_size": 80}, {"generator_type": "unet"}, 0),
    (0.4, {"crop_size": 64}, {"disc_n_layers": 5}, 0),  # until a pixel is left
    (0.4, {"crop_size": 64, "preprocess": "none"}, {}, 0),
  ],
)
def test_a_run_begins_with_half_size_where_that_fits(
  fraction, data, model, half
):
  config = conftest.replace(config_lib.Config(), "data", load_size=0, **data)
  model = {"generator_type": "resnet", "disc_n_layers": 2, **model}
  config = conftest.replace(config, "model", **model)
  config = conftest.replace(config, "train", half_size_fraction=fraction)
  assert config_checks.half_size(config_checks.resolve(config)) == half


def test_a_resolved_configuration_is_one_and_stays_as_it_is():
  config = config_checks.resolve(config_lib.Config())
  assert isinstance(config, config_lib.ResolvedConfig)
  assert config_checks.resolve(config) == config


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    ({"search": ()}, ["--search is empty"]),
    ({"search": ("lambda_id", "lambda_id")}, ["--search names", "twice"]),
    ({"search": ("lambda",)}, ["--search=lambda must be one of"]),
    ({"tuner": "annealing"}, ["--tuner=annealing", "bayesian"]),
    ({"objective": "fid"}, ["--objective=fid", "fid_patches"]),
    ({"grid_points": 1}, ["--grid_points=1 must be at least 2"]),
    (
      {"lambda_id_range": (3.0, 1.0)},
      ["--lambda_id_range=3.0,1.0", "the smaller first"],
    ),
    ({"lambda_id_range": (0.0, 1.0)}, ["--lambda_id_range=0.0,1.0"]),
    (
      {"gen_n_filters_choices": (0,)},
      ["--gen_n_filters_choices=0 must be at least 1"],
    ),
    ({"upsample_choices": ()}, ["--upsample_choices is empty"]),
    ({"generator_type_choices": ("vgg",)}, ["--generator_type_choices=vgg"]),
  ],
)
def test_a_bad_search_is_refused_by_flag(changes, words):
  search = search_config.with_options(search_config.SearchConfig(), changes)
  with pytest.raises(errors.UserError) as error:
    config_checks.check_search(search)
  for word in words:
    assert word in str(error.value)


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    ({"sizes": (50,)}, ["--sizes=50", "multiples of 4"]),
    ({"sizes": (32, 32)}, ["--sizes names something twice"]),
    ({"format": ()}, ["--format is empty", "saved_model"]),
    ({"quantization": ("int2",)}, ["--quantization=int2", "int8_mixed"]),
    ({"format": ("android",), "sizes": (32, 48)}, ["--sizes=32,48", "android"]),
    ({"format": ("android",), "io": "uint8"}, ["--io=uint8", "android"]),
    ({"min_psnr": 300.0}, ["--min_psnr=300.0 must be 0 to 200"]),
  ],
)
def test_a_bad_export_is_refused_by_flag(changes, words):
  export = dataclasses.replace(command_config.ExportConfig(), **changes)
  with pytest.raises(errors.UserError) as error:
    config_checks.resolve_export(export, config_lib.Config())
  for word in words:
    assert word in str(error.value)


@pytest.mark.parametrize("name", ["web", "android"])
def test_an_export_gets_size_and_formats_filled_in(name):
  export = command_config.ExportConfig(format=(name,))
  resolved = config_checks.resolve_export(export, config_lib.Config())
  assert resolved.sizes == (128,) and resolved.format == ("tflite", name)


if __name__ == "__main__":
  conftest.main(__file__)
