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

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.core import options
from official.cyclegan.core import run_time
from official.cyclegan.core import search_config

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


def resolve(config: config_lib.Config) -> config_lib.ResolvedConfig:
  """Checks a configuration and fills in what follows from other options.

  Args:
    config: What the user asked for; a resolved one stays as it is.

  Returns:
    The configuration with `load_size`, `disc_learning_rate`, `upsample`,
    `padding`, `disc_init` and, of a basic discriminator, `disc_n_layers`
    filled in.

  Raises:
    errors.UserError: If a value cannot be used; carries the option.
  """
  data, train = config.data, config.train
  resolved = config_lib.ResolvedConfig(
    data=dataclasses.replace(data, load_size=data.load_size or data.crop_size),
    model=resolve_model(config.model),
    loss=config.loss,
    train=dataclasses.replace(
      train,
      disc_learning_rate=train.disc_learning_rate or train.learning_rate,
    ),
    device=config.device,
    distill=config.distill,
  )
  _check(resolved)
  return resolved


def resolve_model(model: config_lib.ModelConfig) -> config_lib.ModelConfig:
  """Returns the networks' options with `auto` and `basic` filled in.

  Args:
    model: What the user asked for.
  """
  if model.upsample == "auto":
    upsample = _BEST_UPSAMPLERS.get(model.generator_type, "auto")
    model = dataclasses.replace(model, upsample=upsample)
  if model.padding == "auto":
    padding = _PADDINGS.get(model.generator_type, "auto")
    model = dataclasses.replace(model, padding=padding)
  if model.disc_type == "basic":
    model = dataclasses.replace(model, disc_n_layers=config_lib.BASIC_N_LAYERS)
  if model.disc_init == "auto":
    model = dataclasses.replace(model, disc_init=model.init)
  return model


def _check(config: config_lib.ResolvedConfig) -> None:
  """Refuses values outside of what is declared, and those that do not fit."""
  for name in config_lib.parts():
    options.check(getattr(config, name))
  _check_distillation(config)
  _check_data(config.data, config.model)
  _check_model(config.model)
  _check_loss(config.loss)
  _check_length(config)
  if (
    config.loss.gan_mode == "relativistic"
    and config.data.preprocess in config_lib.VARIABLE_SIZES
  ):
    raise errors.UserError(
      "compares real and generated pictures patch by patch, but"
      f" --preprocess={config.data.preprocess} leaves them of different sizes."
      " Use another --gan_mode or --preprocess.",
      "gan_mode",
      config.loss.gan_mode,
    )


def _check_data(
  data: config_lib.DataConfig, model: config_lib.ModelConfig
) -> None:
  """Refuses options of the data that contradict each other or the networks."""
  check_size("crop_size", data.crop_size, model)
  level_range.parse(data.range, level_range.FULL, level_range.AUTO)
  if data.load_size < data.crop_size:
    raise errors.UserError(
      f"is larger than --load_size={data.load_size}: nothing could be cut out."
      " Raise --load_size or lower --crop_size.",
      "crop_size",
      data.crop_size,
    )
  if data.preprocess in config_lib.VARIABLE_SIZES and data.batch_size > 1:
    raise errors.UserError(
      "leaves pictures of different sizes, which"
      f" --batch_size={data.batch_size} cannot hold together. Use"
      " --batch_size=1, or another --preprocess.",
      "preprocess",
      data.preprocess,
    )
  if bool(data.domain_a) != bool(data.domain_b):
    missing = "domain_b" if data.domain_a else "domain_a"
    raise errors.UserError(
      "is missing: --domain_a and --domain_b go together.", missing
    )


def _check_model(model: config_lib.ModelConfig) -> None:
  """Refuses networks that cannot be built."""
  if model.block_kernel % 2 == 0:
    raise errors.UserError(
      "must be an odd number, e.g. 3.", "block_kernel", model.block_kernel
    )
  if model.padding == "reflect" and model.generator_type != "resnet":
    raise errors.UserError(
      ": only the resnet generator mirrors its border, not"
      f" {model.generator_type}. Use zero or partial.",
      "padding",
      model.padding,
    )


def _check_loss(loss: config_lib.LossConfig) -> None:
  """Refuses losses whose options contradict each other."""
  if loss.label_smoothing and loss.gan_mode not in _SMOOTHABLE:
    raise errors.UserError(
      f"has no meaning with --gan_mode={loss.gan_mode}, which has no target"
      f" value. Use 0, or --gan_mode={' or '.join(_SMOOTHABLE)}.",
      "label_smoothing",
      loss.label_smoothing,
    )


def _check_length(config: config_lib.ResolvedConfig) -> None:
  """Refuses lengths that contradict each other, or that nobody can keep to."""
  train = config.train
  if train.until:
    run_time.parse_end(train.until)
  default = config_lib.TrainConfig()
  given = [
    [n for n in group if getattr(train, n) != getattr(default, n)]
    for group in config_lib.LENGTHS
  ]
  steps, *times = given
  timed = [name for names in times for name in names]
  if not timed:
    return
  others = steps + timed[1:]
  if others:
    name = others[0]
    raise errors.UserError(
      f"and --{name}={getattr(train, name)} both say how long the run is. Give"
      f" one of them; --{name}={getattr(default, name)} takes back what a"
      " --flagfile says.",
      timed[0],
      getattr(train, timed[0]),
    )
  if config.device.distribution_strategy == "multi_worker":
    raise errors.UserError(
      ": several machines cannot agree on the time. Give --train_steps.",
      timed[0],
      getattr(train, timed[0]),
    )


def _check_distillation(config: config_lib.ResolvedConfig) -> None:
  """Refuses a student without a teacher, or one that learns nothing."""
  distill, loss = config.distill, config.loss
  if not distill.teacher:
    for name in ("lambda_distill", "lambda_features"):
      value = getattr(loss, name)
      if value:
        raise errors.UserError("needs a --teacher: use distill.", name, value)
    if distill.students != config_lib.BOTH:
      raise errors.UserError(
        "is for distill only.", "students", distill.students
      )
    if distill.init_from_teacher:
      raise errors.UserError("is for distill only.", "init_from_teacher")
    return
  if distill.students != config_lib.BOTH and (
    loss.lambda_reconstr or loss.lambda_id
  ):
    raise errors.UserError(
      "trains one generator, but --lambda_reconstr and --lambda_id need both."
      " Set them to 0.",
      "students",
      distill.students,
    )
  if not (loss.lambda_distill or loss.lambda_features):
    raise errors.UserError(
      "and --lambda_features are both 0: nothing is learned from the teacher."
      " Use train instead.",
      "lambda_distill",
    )


def check_transfer(
  student: config_lib.ModelConfig, teacher: config_lib.ModelConfig
) -> None:
  """Refuses a student that cannot start with its teacher's weights.

  Args:
    student: Its options.
    teacher: The teacher's options.

  Raises:
    errors.UserError: If they differ in more than width and blocks, or the
      student is the larger one, or kernels have a fixed length and only a part
      of them is used; carries `init_from_teacher`.
  """
  student, teacher = resolve_model(student), resolve_model(teacher)
  same = [
    "generator_type",
    "upsample",
    "gen_norm",
    "norm_affine",
    "global_skip",
  ]
  if student.generator_type == "mobile":
    same.append("block_kernel")
  for name in same:
    has, wanted = getattr(student, name), getattr(teacher, name)
    if has != wanted:
      raise errors.UserError(
        f": the student has --{name}={has}, its teacher {wanted}. Give"
        f" --{name}={wanted}, or leave --init_from_teacher out.",
        "init_from_teacher",
      )
  smaller = ["gen_n_filters", "skip_filters"]
  narrower = any(getattr(student, n) != getattr(teacher, n) for n in smaller)
  if student.gen_norm == "weight" and narrower:
    raise errors.UserError(
      ": with --gen_norm=weight all kernels have a fixed length, which a part"
      " of the teacher's has not. Leave --init_from_teacher out, or give the"
      " teacher's --gen_n_filters and --skip_filters.",
      "init_from_teacher",
    )
  if student.generator_type != "unet":
    smaller.append("n_res_blocks")
  for name in smaller:
    has, most = getattr(student, name), getattr(teacher, name)
    if has > most:
      raise errors.UserError(
        f": the student has --{name}={has}, its teacher only {most}. Give at"
        " most that, or leave --init_from_teacher out.",
        "init_from_teacher",
      )


def check_search(search: search_config.SearchConfig) -> None:
  """Refuses options of a search that cannot be used.

  Args:
    search: The options.

  Raises:
    errors.UserError: Carries the option.
  """
  options.check_list("search", search.search, tuple(search_config.SEARCHABLE))
  options.check(search)
  for name, tried in search.space.items():
    flag = search_config.space_flag(name, tried)
    if isinstance(tried, options.Range):
      if not 0 < tried.low < tried.high < math.inf:
        raise errors.UserError(
          "must be two numbers above 0, the smaller first. To fix it leave"
          f" {name} out of --search.",
          flag,
          f"{tried.low},{tried.high}",
        )
      continue
    if not tried.options:
      raise errors.UserError("is empty: give some values.", flag)
    part = config_lib.parts()[search_config.SEARCHABLE[name]]
    for value in tried.options:
      options.check_value(options.find(part, name), flag, value)


def check_evaluation(evaluation: command_config.EvaluateConfig) -> None:
  """Refuses options of an evaluation that cannot be used.

  Args:
    evaluation: The options.

  Raises:
    errors.UserError: Carries the option.
  """
  options.check(evaluation)


def resolve_export(
  export: command_config.ExportConfig, config: config_lib.Config
) -> command_config.ExportConfig:
  """Checks what is to be exported and fills in what follows from the run.

  Args:
    export: What the user asked for.
    config: The run's.

  Returns:
    The options with `sizes`, and what `format` needs, filled in.

  Raises:
    errors.UserError: If a value cannot be used; carries the option.
  """
  sizes = export.sizes or (config.data.crop_size,)
  for size in sizes:
    check_size("size" if len(sizes) == 1 else "sizes", size, config.model)
  for name in ("format", "quantization"):
    choices = options.find(export, name).option.choices
    options.check_list(name, getattr(export, name), choices)
  options.check_list("sizes", sizes, sizes)
  options.check(export)
  if len(sizes) > 1 and "int8_mixed" in export.quantization:
    raise errors.UserError(
      ": TensorFlow's converter makes it for one size only. Leave it out, or"
      " give one of --sizes.",
      "quantization",
      "int8_mixed",
    )
  formats = export.format
  if "web" in formats and "tflite" not in formats:
    formats = ("tflite", *formats)  # what the page runs
  return dataclasses.replace(export, sizes=sizes, format=formats)


def check_size(option: str, size: int, model: config_lib.ModelConfig) -> None:
  """Refuses images that the generator cannot take.

  Args:
    option: Which option holds the size, for the message.
    size: Width and height, pixels.
    model: The networks.

  Raises:
    errors.UserError: If `size` is too small, or not a multiple of what the
      generator needs; carries `option`.
  """
  multiple = SIZE_MULTIPLES[model.generator_type]
  minimum = MINIMUM_SIZES[model.generator_type]
  if size < minimum or size % multiple:
    nearest = max(minimum, multiple * round(size / multiple))
    raise errors.UserError(
      f": the {model.generator_type} generator takes sizes of at least"
      f" {minimum} pixels that are multiples of {multiple}. Use e.g."
      f" {nearest}.",
      option,
      size,
    )
