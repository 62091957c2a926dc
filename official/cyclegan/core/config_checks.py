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
import os
from collections.abc import Mapping
from typing import Any

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
# Image height and width must be a multiple of this, pixels; see
# `size_multiple`. The ResNet and the mobile generator halve their input twice,
# the U-Net four times.
SIZE_MULTIPLES = {"resnet": 4, "unet": 16, "mobile": 4}
# Smallest image each generator can take, pixels; see `minimum_size`. The
# ResNet's 1-pixel reflection needs a map of 2 pixels after two halvings;
# instance normalisation needs more than one pixel at the bottom.
MINIMUM_SIZES = {"resnet": 8, "unet": 32, "mobile": 8}
# Of smaller pictures little is left, pixels; see `half_size`.
_SMALLEST_HALF = 32


def resolve(config: config_lib.Config) -> config_lib.ResolvedConfig:
  """Checks a configuration and fills in what follows from other options.

  Args:
    config: What the user asked for; a resolved one stays as it is.

  Returns:
    The configuration with `crop_size`, `load_size`, `disc_learning_rate`,
    `upsample`, `padding`, `disc_init` and, of a basic discriminator,
    `disc_n_layers` filled in.

  Raises:
    errors.UserError: If a value cannot be used; carries the option.
  """
  data, train = config.data, config.train
  crop_size = data.crop_size or run_time.picture_size(train)
  resolved = config_lib.ResolvedConfig(
    data=dataclasses.replace(
      data, crop_size=crop_size, load_size=data.load_size or crop_size
    ),
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


def check_training(config: config_lib.ResolvedConfig) -> None:
  """Refuses to begin a training from which nothing could be learned.

  A run of an earlier version may be such a one, and can still be read.

  Args:
    config: The run's.

  Raises:
    errors.UserError: Carries the option.
  """
  _check_patches(config)
  if not config.distill.teacher:
    _check_objective(config.loss)


def check_background(background: str) -> None:
  """Refuses a colour that Pillow does not know.

  Args:
    background: The colour's name, or `#rrggbb`.

  Raises:
    errors.UserError: If Pillow does not know it.
  """
  if background == config_lib.DataConfig.background:
    return
  # Imported late: most commands start without it.
  import PIL.ImageColor

  try:
    PIL.ImageColor.getrgb(background)
  except ValueError as error:
    raise errors.UserError(
      "is not a colour. Give a name such as white, or e.g. #20c0ff.",
      "background",
      background,
    ) from error


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


def size_multiple(model: config_lib.ModelConfig) -> int:
  """Returns what image height and width must be multiples of, pixels.

  Args:
    model: The networks.
  """
  if model.generator_type == "mobile":
    return model.block_scale
  return SIZE_MULTIPLES[model.generator_type]


def minimum_size(model: config_lib.ModelConfig) -> int:
  """Returns the smallest height and width that a generator takes, pixels.

  Args:
    model: The networks.
  """
  if model.generator_type == "mobile":
    return 2 * model.block_scale
  return MINIMUM_SIZES[model.generator_type]


def half_size(config: config_lib.ResolvedConfig) -> int:
  """Returns the size of the pictures at the start of a run, pixels.

  Args:
    config: The resolved configuration.

  Returns:
    Half of `data.crop_size`; 0 if the whole run has pictures of full size.
  """
  data, model = config.data, config.model
  half = data.crop_size // 2
  if not config.train.half_size_fraction or data.crop_size % 2:
    return 0
  if data.preprocess in config_lib.VARIABLE_SIZES:
    return 0
  smallest = max(_SMALLEST_HALF, minimum_size(model))
  if model.disc_type != "pixel":  # more than a pixel is left of them
    smallest = max(smallest, 2 ** (model.disc_n_layers + 1))
  if half < smallest or half % size_multiple(model):
    return 0
  return half


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
  check_background(data.background)
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


def _check_patches(config: config_lib.ResolvedConfig) -> None:
  """Refuses discriminators that halve the images until a pixel is left.

  Where there are norms, a map of one pixel is all 0 behind them: nothing that
  the discriminator sees reaches its logit.
  """
  model, size = config.model, config.data.crop_size
  if model.disc_type == "pixel" or model.disc_norm == "none":
    return
  if 2**model.disc_n_layers >= size:
    most = (size - 1).bit_length() - 1
    named = "disc_type" if model.disc_type == "basic" else "disc_n_layers"
    raise errors.UserError(
      f"halves images of --crop_size={size} {model.disc_n_layers} times, until"
      " one pixel is left, which normalisation makes 0. Use"
      f" --disc_type=n_layers --disc_n_layers={most} or less, or larger"
      " images.",
      named,
      getattr(model, named),
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


def _check_objective(loss: config_lib.LossConfig) -> None:
  """Refuses generators that learn nothing."""
  weights = ("lambda_validation", "lambda_reconstr", "lambda_id")
  if not any(getattr(loss, name) for name in weights):
    raise errors.UserError(
      f"and --{weights[1]} and --{weights[2]} are all 0: the generators learn"
      " nothing. Give one of them a weight.",
      weights[0],
    )


def _check_length(config: config_lib.ResolvedConfig) -> None:
  """Refuses lengths that contradict each other, or that nobody can keep to."""
  train = config.train
  if train.until:
    run_time.parse_end(train.until)
  default = config_lib.TrainConfig()
  ways = config_lib.said(
    config_lib.TrainConfig, dataclasses.asdict(train), typed=False
  )
  given = [name for way in ways for name in way]
  timed = [name for name in given if name in ("max_minutes", "until")]
  if not timed:
    return  # where both are given, train_steps counts
  others = [name for name in given if name != timed[0]]
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


# What the ways of `config.ALTERNATIVES` all say.
_MEANINGS = {
  config_lib.DataConfig: "which pictures are read",
  config_lib.TrainConfig: "how long the run is",
}


def check_said_once(
  part: type, values: Mapping[str, Any], typed: bool, section: str = ""
) -> None:
  """Refuses options that are given together and say the same in two ways.

  Args:
    part: Class of a part of a configuration.
    values: Some of its options, all from one place.
    typed: Whether each of them was typed, as for `config.said`.
    section: The part's name, if the options were given by their keys and not
      as flags.

  Raises:
    errors.UserError: Names both; carries the first one.
  """
  ways = config_lib.said(part, values, typed)
  if len(ways) > 1:
    first, second = ways[0][0], ways[1][0]
    other = f"{section}.{second}" if section else f"--{second}"
    shown = {n: f"{v:g}" for n, v in values.items() if isinstance(v, float)}
    raise errors.UserError(
      f"and {other}={shown.get(second, values[second])} both say"
      f" {_MEANINGS[part]}. Give one of them.",
      first,
      shown.get(first, values[first]),
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
    same += ["block_kernel", "block_scale"]
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
  check_inception_weights(evaluation.inception_weights)


def check_inception_weights(path: str) -> None:
  """Refuses weights of InceptionV3 that are not there.

  Args:
    path: The file; empty: Keras downloads them.

  Raises:
    errors.UserError: Carries the option.
  """
  if path and not os.path.isfile(path):
    raise errors.UserError(
      "is not a file. Give weights of Keras's InceptionV3, or leave it out and"
      " let Keras download them.",
      "inception_weights",
      path,
    )


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
    check_size("sizes", size, config.model)
  check_export(dataclasses.replace(export, sizes=sizes))
  formats = export.format
  brings = {"web", "android"} & set(formats)
  if brings and "tflite" not in formats:
    formats = ("tflite", *formats)  # what the page and the app run
  return dataclasses.replace(export, sizes=sizes, format=formats)


def check_export(export: command_config.ExportConfig) -> None:
  """Refuses what cannot be exported of any run.

  Args:
    export: What the user asked for.

  Raises:
    errors.UserError: Carries the option.
  """
  sizes = export.sizes
  for name in ("format", "quantization"):
    choices = options.find(export, name).option.choices
    options.check_list(name, getattr(export, name), choices)
  if sizes:
    options.check_list("sizes", sizes, sizes)
  options.check(export)
  if "android" in export.format and len(sizes) > 1:
    raise errors.UserError(
      "are several, and the app takes one. Give one, or leave android out of"
      " --format.",
      "sizes",
      ",".join(map(str, sizes)),
    )
  if "android" in export.format and export.io != "float01":
    raise errors.UserError(
      "is not what the app gives its files. Leave it out, or android out of"
      " --format.",
      "io",
      export.io,
    )


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
  multiple, minimum = size_multiple(model), minimum_size(model)
  if size < minimum or size % multiple:
    nearest = max(minimum, multiple * round(size / multiple))
    kind = model.generator_type
    if multiple != SIZE_MULTIPLES[kind]:
      kind += f" generator with --block_scale={model.block_scale}"
    else:
      kind += " generator"
    raise errors.UserError(
      f": the {kind} takes sizes of at least"
      f" {minimum} pixels that are multiples of {multiple}. Use e.g."
      f" {nearest}.",
      option,
      size,
    )
