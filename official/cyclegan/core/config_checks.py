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
"""Checks a configuration and fills in what follows from other options."""

from __future__ import annotations

import dataclasses
import math
import typing

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors

# What "auto" means. For the ResNet the best of the three on the built-in data
# sets (docs/training.md), for the U-Net that of its source.
_BEST_UPSAMPLERS = {
  "resnet": "subpixel",
  "unet": "resize_conv",
  "mobile": "subpixel",
}
# The ResNet's source mirrors images at their border, the U-Net's does not.
# Nothing on a phone's processor mirrors as fast as it convolves.
_PADDINGS = {"resnet": "reflect", "unet": "zero", "mobile": "zero"}
# Losses whose target for real images is a number, so that it can be smoothed.
_SMOOTHABLE = ("lsgan", "vanilla")
# Image height and width must be a multiple of this, pixels: the ResNet and
# the mobile generator halve their input twice, the U-Net four times.
SIZE_MULTIPLES = {"resnet": 4, "unet": 16, "mobile": 4}
# Smallest image each generator can take, pixels. The ResNet's 1-pixel
# reflection needs a map of 2 pixels after two halvings; instance normalisation
# needs more than one pixel at the bottom.
MINIMUM_SIZES = {"resnet": 8, "unet": 32, "mobile": 8}


def resolve(config: config_lib.Config) -> config_lib.Config:
  """Checks a configuration and fills in what follows from other fields.

  Args:
    config: What the user asked for.

  Returns:
    The configuration with `load_size`, `disc_learning_rate`, `upsample`,
    `padding` and, of a basic discriminator, `disc_n_layers` filled in.

  Raises:
    UserError: If a value cannot be used; the message names the flag.
  """
  data, train = config.data, config.train
  config = dataclasses.replace(
    config,
    data=dataclasses.replace(data, load_size=data.load_size or data.crop_size),
    model=resolve_model(config.model),
    train=dataclasses.replace(
      train,
      disc_learning_rate=train.disc_learning_rate or train.learning_rate,
    ),
  )
  _check(config)
  return config


def resolve_model(model: config_lib.ModelConfig) -> config_lib.ModelConfig:
  """Returns the networks' options with all that follows from others final."""
  if model.upsample == "auto":
    upsample = _BEST_UPSAMPLERS.get(model.generator_type, "auto")
    model = dataclasses.replace(model, upsample=upsample)
  if model.padding == "auto":
    padding = _PADDINGS.get(model.generator_type, "auto")
    model = dataclasses.replace(model, padding=padding)
  if model.disc_type == "basic":
    model = dataclasses.replace(model, disc_n_layers=config_lib.BASIC_N_LAYERS)
  return model


def _check(config: config_lib.Config) -> None:
  """Raises `UserError` if a resolved value cannot be used."""
  data, model, train = config.data, config.model, config.train
  for part in (data, model, config.loss, train, config.device, config.distill):
    for name, choices in config_lib.CHOICES.items():
      if hasattr(part, name):
        _require_choice(name, getattr(part, name), choices)
  _check_distillation(config)
  check_size("crop_size", data.crop_size, model)
  if data.load_size < data.crop_size:
    raise errors.UserError(
      f"--crop_size={data.crop_size} is larger than"
      f" --load_size={data.load_size}: nothing could be cut out. Raise"
      " --load_size or lower --crop_size."
    )
  _require_range("batch_size", data.batch_size, 1)
  if data.preprocess in config_lib.VARIABLE_SIZES and data.batch_size > 1:
    raise errors.UserError(
      f"--preprocess={data.preprocess} leaves pictures of different sizes,"
      f" which --batch_size={data.batch_size} cannot hold together. Use"
      " --batch_size=1, or another --preprocess."
    )
  if bool(data.domain_a) != bool(data.domain_b):
    missing = "domain_b" if data.domain_a else "domain_a"
    raise errors.UserError(
      f"--{missing} is missing: --domain_a and --domain_b go together."
    )
  if not 0 < data.test_fraction < 1:
    raise errors.UserError(
      f"--test_fraction={data.test_fraction} must be above 0 and below 1,"
      " e.g. 0.1."
    )
  for name in (
    "gen_n_filters",
    "disc_n_filters",
    "disc_n_layers",
    "n_res_blocks",
  ):
    _require_range(name, getattr(model, name), 1)
  _require_range("skip_filters", model.skip_filters, 0)
  if model.block_kernel < 1 or model.block_kernel % 2 == 0:
    raise errors.UserError(
      f"--block_kernel={model.block_kernel} must be an odd number, e.g. 3."
    )
  if model.padding == "reflect" and model.generator_type != "resnet":
    raise errors.UserError(
      f"--padding=reflect: only the resnet generator mirrors its border, not"
      f" {model.generator_type}. Use zero or partial."
    )
  if model.channels not in config_lib.CHANNELS:
    raise errors.UserError(
      f"--channels={model.channels} must be 1 (grey) or 3."
    )
  if not model.norm_epsilon > 0:
    raise errors.UserError(
      f"--norm_epsilon={model.norm_epsilon} must be above 0, e.g. 1e-5."
    )
  for name in ("validation", "reconstr", "id", "gp"):
    _require_range(f"lambda_{name}", getattr(config.loss, f"lambda_{name}"), 0)
  for name in ("learning_rate", "disc_learning_rate"):
    value = getattr(train, name)
    if not 0 < value < math.inf:
      raise errors.UserError(f"--{name}={value} must be above 0, e.g. 2e-4.")
  for name, low, high in (
    ("beta_1", 0, 1),
    ("decay_fraction", 0, 1),
    ("ema_decay", 0, 1),
  ):
    _require_range(name, getattr(train, name), low, high)
  _require_range("dropout", model.dropout, 0, 0.9)
  _require_range("label_smoothing", config.loss.label_smoothing, 0, 0.5)
  gan_mode = config.loss.gan_mode
  if config.loss.label_smoothing and gan_mode not in _SMOOTHABLE:
    raise errors.UserError(
      f"--label_smoothing={config.loss.label_smoothing} has no meaning with"
      f" --gan_mode={gan_mode}, which has no target value. Use 0, or"
      f" --gan_mode={' or '.join(_SMOOTHABLE)}."
    )
  for name, low in (
    ("epochs", 1),
    ("train_steps", 0),
    ("buffer_max_length", 0),
    ("sample_interval", 1),
    ("save_every_steps", 0),
    ("keep_checkpoints", 1),
    ("eval_every_steps", 0),
    ("seed", 0),
    ("intra_op_threads", 0),
  ):
    _require_range(name, getattr(train, name), low)
  if train.beta_1 == 1 or train.ema_decay == 1:
    raise errors.UserError("--beta_1 and --ema_decay must be below 1.")
  _require_range("num_devices", config.device.num_devices, 0)


def _check_distillation(config: config_lib.Config) -> None:
  """Raises `UserError` if there is nobody to learn from, or nothing."""
  distill, loss = config.distill, config.loss
  for name in ("lambda_distill", "lambda_features"):
    value = getattr(loss, name)
    _require_range(name, value, 0)
    if value and not distill.teacher:
      raise errors.UserError(
        f"--{name}={value} needs a --teacher: use distill."
      )
  if distill.students != config_lib.BOTH:
    if not distill.teacher:
      raise errors.UserError(
        f"--students={distill.students} is for distill only."
      )
    if loss.lambda_reconstr or loss.lambda_id:
      raise errors.UserError(
        f"--students={distill.students} trains one generator, but"
        " --lambda_reconstr and --lambda_id need both. Set them to 0."
      )
  if distill.init_from_teacher and not distill.teacher:
    raise errors.UserError("--init_from_teacher is for distill only.")
  if distill.teacher and not (loss.lambda_distill or loss.lambda_features):
    raise errors.UserError(
      "--lambda_distill and --lambda_features are both 0: nothing is learned"
      " from the teacher. Use train instead."
    )


def check_inheritance(
  student: config_lib.ModelConfig, teacher: config_lib.ModelConfig
) -> None:
  """Refuses a student that cannot start with its teacher's weights.

  Args:
    student: Its options.
    teacher: The teacher's options.

  Raises:
    UserError: If they differ in more than width and blocks, or the student is
      the larger one.
  """
  student, teacher = resolve_model(student), resolve_model(teacher)
  same = ["generator_type", "upsample", "norm_affine", "global_skip"]
  if student.generator_type == "mobile":
    same.append("block_kernel")
  for name in same:
    has, wanted = getattr(student, name), getattr(teacher, name)
    if has != wanted:
      raise errors.UserError(
        f"--init_from_teacher: the student has --{name}={has}, its teacher"
        f" {wanted}. Give --{name}={wanted}, or leave --init_from_teacher out."
      )
  smaller = ["gen_n_filters", "skip_filters"]
  if student.generator_type != "unet":
    smaller.append("n_res_blocks")
  for name in smaller:
    has, most = getattr(student, name), getattr(teacher, name)
    if has > most:
      raise errors.UserError(
        f"--init_from_teacher: the student has --{name}={has}, its teacher only"
        f" {most}. Give at most that, or leave --init_from_teacher out."
      )


def check_search(search: config_lib.SearchConfig) -> None:
  """Raises `UserError` if an option of a search cannot be used.

  Args:
    search: The options.

  Raises:
    UserError: The message names the flag.
  """
  _require_choice("tuner", search.tuner, config_lib.TUNERS)
  _require_choice("objective", search.objective, config_lib.METRICS)
  if not search.search:
    raise errors.UserError(
      f"--search is empty: give some of {', '.join(config_lib.SEARCHABLE)}."
    )
  for name in search.search:
    _require_choice("search", name, tuple(config_lib.SEARCHABLE))
  if len(set(search.search)) < len(search.search):
    raise errors.UserError("--search names something twice.")
  for name in config_lib.SEARCHABLE:
    if hasattr(search, f"{name}_range"):
      low, high = getattr(search, f"{name}_range")
      if not 0 < low < high < math.inf:
        raise errors.UserError(
          f"--{name}_range={low},{high} must be two numbers above 0, the"
          f" smaller first. To fix it leave {name} out of --search."
        )
    elif not getattr(search, f"{name}_choices"):
      raise errors.UserError(f"--{name}_choices is empty: give some values.")
  for name in search.generator_type_choices:
    _require_choice("generator_type_choices", name, config_lib.GENERATOR_TYPES)
  for name, low in (
    ("gen_n_filters", 1),
    ("n_res_blocks", 1),
    ("block_kernel", 1),
    ("skip_filters", 0),
  ):
    for value in getattr(search, f"{name}_choices"):
      _require_range(f"{name}_choices", value, low)
  for value in search.upsample_choices:
    _require_choice("upsample_choices", value, config_lib.UPSAMPLERS)
  _require_choice(
    "budget_quantization", search.budget_quantization, config_lib.QUANTIZATIONS
  )
  for name, low in (
    ("trial_steps", 1),
    ("max_trials", 1),
    ("max_minutes", 0),
    ("finalists", 0),
    ("executions_per_trial", 1),
    ("grid_points", 2),
    ("hyperband_factor", 2),
    ("worker_timeout", 1),
    ("restart_gb", 0),
    ("max_latency_ms", 0),
    ("max_macs", 0),
    ("max_size_kb", 0),
    ("budget_size", 0),
  ):
    _require_range(name, getattr(search, name), low)


def check_evaluation(options: config_lib.EvaluateConfig) -> None:
  """Raises `UserError` if a model cannot be judged like that.

  Args:
    options: How.

  Raises:
    UserError: The message names the flag.
  """
  _require_range("max_images", options.max_images, 2)
  _require_choice("reference", options.reference, config_lib.REFERENCES)


def resolve_export(
  options: config_lib.ExportConfig, config: config_lib.Config
) -> config_lib.ExportConfig:
  """Checks what is to be exported and fills in what follows from the run.

  Args:
    options: What the user asked for.
    config: The run's.

  Returns:
    The options with `sizes`, and what `format` needs, filled in.

  Raises:
    UserError: If a value cannot be used; the message names the flag.
  """
  sizes = options.sizes or (config.data.crop_size,)
  for size in sizes:
    check_size("size" if len(sizes) == 1 else "sizes", size, config.model)
  for name, values, choices in (
    ("format", options.format, config_lib.EXPORT_FORMATS),
    ("quantization", options.quantization, config_lib.QUANTIZATIONS),
    ("sizes", sizes, sizes),
  ):
    if not values:
      raise errors.UserError(
        f"--{name} is empty: give some of {', '.join(choices)}."
      )
    if len(set(values)) < len(values):
      raise errors.UserError(f"--{name} names something twice.")
    for value in values:
      _require_choice(name, value, choices)
  _require_choice("io", options.io, config_lib.IOS)
  if len(sizes) > 1 and "int8_mixed" in options.quantization:
    raise errors.UserError(
      "--quantization=int8_mixed: TensorFlow's converter makes it for one size"
      " only. Leave it out, or give one of --sizes."
    )
  for name in ("calibration_images", "test_images"):
    _require_range(name, getattr(options, name), 1)
  _require_range("min_psnr", options.min_psnr, 0, 200)
  formats = options.format
  if "web" in formats and "tflite" not in formats:
    formats = ("tflite", *formats)  # what the page runs
  return dataclasses.replace(options, sizes=sizes, format=formats)


def check_size(flag: str, size: int, model: config_lib.ModelConfig) -> None:
  """Raises `UserError` if the generator cannot take images of `size` pixels.

  Args:
    flag: Name of the flag that holds the size, for the message.
    size: Width and height, pixels.
    model: The networks.

  Raises:
    UserError: If `size` is too small or no multiple of what is needed.
  """
  multiple = SIZE_MULTIPLES[model.generator_type]
  minimum = MINIMUM_SIZES[model.generator_type]
  if size < minimum or size % multiple:
    nearest = max(minimum, multiple * round(size / multiple))
    raise errors.UserError(
      f"--{flag}={size}: the {model.generator_type} generator takes sizes of"
      f" at least {minimum} pixels that are multiples of {multiple}. Use e.g."
      f" --{flag}={nearest}."
    )


def _require_choice(
  name: str, value: str, choices: typing.Sequence[str]
) -> None:
  if value not in choices:
    raise errors.UserError(
      f"--{name}={value} must be one of {', '.join(choices)}."
    )


def _require_range(
  name: str, value: float, low: float, high: float = math.inf
) -> None:
  if not low <= value <= high or value == math.inf:
    bound = f"at least {low}" if high == math.inf else f"{low} to {high}"
    raise errors.UserError(f"--{name}={value} must be {bound}.")
