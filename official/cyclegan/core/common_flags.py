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
"""Command-line flags: groups shared by the binaries, and how a binary runs.

Every default is read from `config`. Only the `*_from_flags` functions here and
the binaries themselves read flags; libraries are handed configurations.
TensorFlow is not imported, so that `--help` and a refused flag are quick.
"""

from __future__ import annotations

import dataclasses
import functools
import logging as std_logging
import os
import sys
import typing
from collections.abc import Callable
from typing import Any

from absl import app
from absl import flags
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors

flags.disclaim_key_flags()

# Fields of `config.DataConfig` that say which pictures, not how they are
# prepared.
_SOURCE_FIELDS = (
  "dataset",
  "domain_a",
  "domain_b",
  "test_fraction",
  "on_bad_image",
  "background",
  "paired",
  "data_dir",
)


@functools.cache
def define_run_flags() -> None:
  """Defines where a run lives: `--model_dir`."""
  flags.DEFINE_string(
    "model_dir",
    None,
    "Folder of the run: config.json, checkpoints, sample pictures and"
    " TensorBoard logs.",
  )


@functools.cache
def define_model_flag() -> None:
  """Defines `--model`: anything that translates."""
  flags.DEFINE_string(
    "model",
    None,
    "Folder that train or export wrote, a SavedModel, or a .tflite file.",
  )


@functools.cache
def define_size_flag() -> None:
  """Defines `--size`."""
  flags.DEFINE_integer(
    "size",
    0,
    "Width and height that the model works at, pixels; of a .tflite file one"
    " of those that it takes. 0: the size trained on, or the file's first.",
    lower_bound=0,
  )


@functools.cache
def define_checkpoint_flags() -> None:
  """Defines which of a run's generators is used."""
  flags.DEFINE_enum(
    "checkpoint",
    "latest",
    ["latest", "best"],
    "Which checkpoint of a run: the newest, or the one that train's"
    " --best_metric kept.",
  )
  flags.DEFINE_boolean(
    "raw_generator",
    False,
    "Use a run's generators as trained instead of their moving averages.",
  )


@functools.cache
def define_dry_run_flag() -> None:
  """Defines `--dry_run`."""
  flags.DEFINE_boolean(
    "dry_run", False, "Print the resolved configuration as JSON and stop."
  )


@functools.cache
def define_output_flag() -> None:
  """Defines `--output_dir`."""
  flags.DEFINE_string("output_dir", None, "Folder for what is written.")


@functools.cache
def define_background_flag() -> None:
  """Defines `--background`, which belongs to `config.DataConfig`."""
  flags.DEFINE_string(
    "background",
    config_lib.DataConfig.background,
    "Colour behind transparent pictures, a name or e.g. #20c0ff.",
  )


@functools.cache
def define_picture_flags() -> None:
  """Defines `--channels` and `--augment`, which change what is seen."""
  _define(
    config_lib.ModelConfig,
    {"channels": "3: colour. 1: grey; colour pictures are made grey."},
  )
  _define(
    config_lib.TrainConfig,
    {
      "augment": (
        "diffaugment: change colours, place and a part of what the"
        " discriminators see; for data sets of a few hundred pictures or less."
      )
    },
  )


@functools.cache
def define_data_dir_flag() -> None:
  """Defines `--data_dir`."""
  _define(
    config_lib.DataConfig,
    {
      "data_dir": (
        "TFDS's data folder. Empty: TFDS's own default, ~/tensorflow_datasets."
      )
    },
  )


@functools.cache
def define_source_flags() -> None:
  """Defines those flags of `config.DataConfig` that say which pictures."""
  define_background_flag()
  define_data_dir_flag()
  _define(
    config_lib.DataConfig,
    {
      "dataset": (
        "apple2orange_scenes or photo2painting_scenes (drawn on this machine;"
        " /64, /128 or /256 picks their pixels, else --load_size does), any"
        " TFDS name with the splits trainA, trainB, testA, testB such as"
        " cycle_gan/horse2zebra, a folder that prepare wrote, or a folder of"
        " pictures: trainA/ trainB/ testA/ testB/, train/A/, train_A/,"
        " A/train/, or only A/ and B/."
      ),
      "domain_a": (
        "Folder with the pictures of domain A; with --domain_b, instead of"
        " --dataset."
      ),
      "domain_b": "Folder with the pictures of domain B.",
      "test_fraction": (
        "Share of the pictures held out for testing where a folder has no test"
        " split. Which ones depends on their contents only."
      ),
      "on_bad_image": (
        "What to do about files that cannot be read: fail, after naming all,"
        " or skip."
      ),
      "paired": (
        "Test pictures of A and B with the same name, apart from its ending,"
        " show the same thing: measure the true error. For folders; training"
        " never uses it."
      ),
    },
  )


@functools.cache
def define_data_flags() -> None:
  """Defines the flags of `config.DataConfig`."""
  define_source_flags()
  _define(
    config_lib.DataConfig,
    {
      "preprocess": (
        "What is done to a training picture (junyanz: the same names):"
        " resize_and_crop, to --load_size squared and a random crop of"
        " --crop_size; crop only; scale_width to --load_size; the same and"
        " crop; or none, which only rounds the size. scale_width and none"
        " train on pictures of different sizes, one at a time."
      ),
      "crop_size": (
        "Width and height of the images trained on, pixels. A multiple of 4"
        " for the resnet and mobile generators, of 16 (at least 32) for unet."
      ),
      "load_size": (
        "Width and height that images are resized to (bicubic) before a"
        " random crop, pixels. 0: --crop_size, so that nothing is cut off."
        " The reference implementation resizes to 286 and crops 256."
      ),
      "flip": "Mirror images left to right at random.",
      "batch_size": "Images of each domain per step.",
      "cache": (
        "Where decoded pictures are kept: memory, disk, or none, which reads"
        " them again every epoch. auto: memory if they fit into two fifths of"
        " what is free."
      ),
      "cache_dir": (
        "Folder for --cache=disk. Empty: the system's temporary folder."
      ),
    },
  )


@functools.cache
def define_model_flags() -> None:
  """Defines the flags of `config.ModelConfig`."""
  define_picture_flags()
  _define(
    config_lib.ModelConfig,
    {
      "generator_type": (
        "Generator: residual blocks, a U-Net, or mobile, a small one of"
        " depthwise convolutions for phones and browsers."
      ),
      "gen_n_filters": (
        "Filters of a generator's first convolution (the paper: 64)."
      ),
      "disc_n_filters": (
        "Filters of a discriminator's first convolution (the paper: 64)."
      ),
      "disc_type": (
        "Discriminator: n_layers; basic, which is n_layers with 3; or pixel,"
        " which judges each pixel by its colour (junyanz: --netD)."
      ),
      "disc_n_layers": (
        "Halving layers of an n_layers discriminator: 3 judges patches of 70"
        " pixels, as in the paper, 2 of 34, 1 of 16. Small pictures want small"
        " patches."
      ),
      "n_res_blocks": "Residual blocks of the resnet and mobile generators.",
      "block_kernel": (
        "Width and height of the mobile generator's depthwise convolutions."
      ),
      "upsample": (
        "How generators enlarge: conv_transpose (the paper), resize_conv or"
        " subpixel (both against checkerboards). auto: subpixel for resnet,"
        " measured to be the best, and resize_conv for unet, as in the book."
      ),
      "padding": (
        "What a generator's convolutions see beyond the border: reflect (the"
        " paper; resnet only), zero, or partial (zero, with the sum scaled by"
        " the share of the kernel inside). auto: reflect for resnet, else zero."
        " Phones run zero and partial in one piece, reflect in many."
      ),
      "dropout": (
        "Share of a generator's features dropped in training (junyanz: 0.5"
        " without --no_dropout)."
      ),
      "norm_affine": "Let instance normalisation learn a scale and a shift.",
      "norm_epsilon": "Added to the variance in instance normalisation.",
      "global_skip": (
        "Let the generators predict a change that is added to their input."
        " They then start near the identity, and backgrounds stay clean."
        " --noglobal_skip is the paper's generator."
      ),
      "skip_filters": (
        "With --global_skip, features of each pixel's own colour that the last"
        " convolution sees as well. 0: none."
      ),
      "init": (
        "Initial convolution weights: normal (standard deviation 0.02, as in"
        " the paper), glorot or he."
      ),
    },
  )


@functools.cache
def define_train_flags() -> None:
  """Defines the flags of `config.LossConfig` and `config.TrainConfig`."""
  define_picture_flags()
  _define(
    config_lib.LossConfig,
    {
      "lambda_validation": (
        "Absolute weight of the adversarial loss. junyanz/pytorch-CycleGAN"
        " fixes it at 1."
      ),
      "lambda_reconstr": (
        "Absolute weight of the cycle loss; junyanz's --lambda_A and"
        " --lambda_B (both 10)."
      ),
      "lambda_id": (
        "Absolute weight of the identity loss; junyanz's --lambda_identity"
        " times --lambda_A (0.5 x 10 = 5). 0 skips its forward pass."
      ),
      "gan_mode": "Adversarial loss (junyanz: --gan_mode).",
      "lambda_gp": "Weight of the gradient penalty of --gan_mode=wgangp.",
      "label_smoothing": (
        "How far below 1 the discriminators' target for real images lies;"
        " e.g. 0.1."
      ),
    },
  )
  _define(
    config_lib.TrainConfig,
    {
      "learning_rate": "Adam's learning rate for the generators.",
      "disc_learning_rate": (
        "Adam's learning rate for the discriminators. 0: --learning_rate."
      ),
      "beta_1": "Adam's first momentum, both optimizers.",
      "epochs": "Times that the larger domain is seen.",
      "train_steps": "Training steps. 0: --epochs decides.",
      "lr_policy": (
        "How the learning rates end: linear or cosine fall to 0 over"
        " --decay_fraction of the run, constant does not fall."
      ),
      "decay_fraction": (
        "Share of the run, at its end, over which the learning rates fall"
        " (junyanz: n_epochs_decay / all epochs = 0.5)."
      ),
      "ema_decay": (
        "Momentum per step of the generators' moving averages, which export"
        " and translate use. 0: no averages."
      ),
      "buffer_max_length": (
        "Generated images kept for each discriminator (junyanz: --pool_size)."
        " 0: none."
      ),
      "precision": (
        "Arithmetic of the networks. auto: mixed_bfloat16 on processors and"
        " TPUs that have it, else float32. mixed_float16 is for GPUs. Weights,"
        " statistics and losses stay float32."
      ),
      "sample_interval": "Steps between two pictures of the progress.",
      "save_every_steps": "Steps between two checkpoints. 0: every epoch.",
      "keep_checkpoints": "How many of the newest checkpoints are kept.",
      "eval_every_steps": (
        "Steps between two validations on the test split. 0: every epoch if"
        " --best_metric is given, else never."
      ),
      "best_metric": (
        "Keep the checkpoint that is best by this validation metric as well,"
        " for export and translate with --checkpoint=best. Those named"
        " relative_l1 need a known truth: a built-in data set, or --paired."
      ),
      "health_check": "Warn when the training goes wrong in a known way.",
      "seed": "Seed of everything that is drawn at random.",
      "deterministic": (
        "Use only operators that give the same result every time; slower."
      ),
      "intra_op_threads": (
        "Processor threads that share one operator. 0: 1 on two cores or"
        " less, elsewhere TensorFlow decides."
      ),
    },
  )
  flags.DEFINE_alias("eval_every", "eval_every_steps")


@functools.cache
def define_export_flags() -> None:
  """Defines the flags of `config.ExportConfig`."""
  _define(
    config_lib.ExportConfig,
    {
      "format": (
        "What to write: saved_model (servers), tflite, web (a folder with a"
        " page that translates in the browser)."
      ),
      "quantization": (
        "Kinds of .tflite files: float32, float16 (half the size; for"
        " graphics processors), dynamic (8-bit weights, a quarter of it;"
        " the fastest on processors), int8 (all in 8 bits), int8_mixed (norms"
        " in float32), int16x8 (16-bit activations)."
      ),
      "sizes": (
        "Widths and heights that the .tflite files take, pixels, one signature"
        " each in the same file; e.g. 256,384. Empty: --size."
      ),
      "io": (
        "What .tflite files take and give: float01, float32 in [0, 1], or"
        " uint8, [0, 255]."
      ),
      "calibration_images": (
        "Training pictures from which int8, int8_mixed and int16x8 learn"
        " ranges."
      ),
      "test_images": (
        "Test pictures on which every file is compared with the Keras"
        " generator."
      ),
      "min_psnr": (
        "Least PSNR of a .tflite file to the Keras generator, dB; below it"
        " nothing is written."
      ),
      "description": "Text for the .tflite files' metadata.",
      "author": "Likewise: who made the model.",
      "licence": "Likewise: the model's licence.",
    },
  )
  flags.DEFINE_alias("license", "licence")


@functools.cache
def define_distill_flags() -> None:
  """Defines the flags of `config.DistillConfig` and its losses' weights."""
  student = config_lib.STUDENT.loss
  _define(
    config_lib.DistillConfig,
    {
      "teacher": "Folder of the teacher's run, which train wrote.",
      "students": "Which to train: both, or one direction's only.",
      "init_from_teacher": (
        "Start with the weights of the teacher's most used channels. Students"
        " must be built like it, e.g. --generator_type=resnet, but for"
        " --gen_n_filters and --n_res_blocks, which may be less."
      ),
    },
  )
  flags.DEFINE_float(
    "lambda_distill",
    None,
    "Weight of the mean absolute difference to the teacher's translations"
    f" (default: {student.lambda_distill:g}).",
  )
  flags.DEFINE_float(
    "lambda_features",
    None,
    "Weight of one minus the alignment with the teacher's features"
    f" (default: {student.lambda_features:g}).",
  )


@functools.cache
def define_evaluation_flags() -> None:
  """Defines the flags of `config.EvaluateConfig`."""
  _define(
    config_lib.EvaluateConfig,
    {
      "max_images": "Test images of each domain, at most.",
      "reference": (
        "Real pictures that translations are compared with: the training"
        " split's, or the test split's as in most papers."
      ),
      "inception": (
        "FID and KID on Keras's InceptionV3 as well, whose weights Keras"
        " downloads once (88 MB). They are not those that papers use."
      ),
      "inception_weights": ("File of such weights, instead of the download."),
    },
  )


@functools.cache
def define_search_flags() -> None:
  """Defines the flags of `config.SearchConfig`."""
  _define(
    config_lib.SearchConfig,
    {
      "tuner": (
        "What chooses the trials: bayesian learns from those before, hyperband"
        " trains many a little and the best of them on, random, or grid"
        " (--grid_points values of each range)."
      ),
      "search": (
        "What is varied, the rest stays as given. Any of: "
        + ", ".join(config_lib.SEARCHABLE)
        + ". Adam makes only the ratios of the weights matter, so that one of"
        " them can be left out."
      ),
      "objective": (
        "What is made small: a validation measure, which never contains the"
        " weights. The default needs no truth (docs/tuning.md says why it)."
      ),
      "lambda_validation_range": "Least and greatest weight tried, log scale.",
      "lambda_reconstr_range": "The same of the cycle loss.",
      "lambda_id_range": "The same of the identity loss.",
      "learning_rate_range": "The same of the generators' learning rate.",
      "generator_type_choices": "Generators tried.",
      "gen_n_filters_choices": "Numbers of filters tried.",
      "n_res_blocks_choices": "Numbers of residual blocks tried.",
      "block_kernel_choices": "Sizes of depthwise kernels tried.",
      "upsample_choices": "Upsamplers tried.",
      "skip_filters_choices": "Numbers of colour features tried.",
      "max_latency_ms": (
        "A generator that takes longer for a picture on one thread of this"
        " machine, measured in the runtime without TensorFlow, is not trained."
        " 0: no limit."
      ),
      "max_macs": (
        "Nor one with more multiply-accumulate operations, e.g. 5e8. 0: no"
        " limit."
      ),
      "max_size_kb": "Nor one whose .tflite file is larger. 0: no limit.",
      "budget_size": (
        "Width and height at which these are measured, pixels. 0: --crop_size."
      ),
      "budget_quantization": "Kind of .tflite file that is measured.",
      "trial_steps": "Training steps of a trial; of hyperband's longest.",
      "max_trials": "Trials at most.",
      "max_minutes": (
        "No trial is begun after so many minutes, those before an interruption"
        " included, nor one that leaves too little time for --finalists. 0: no"
        " limit."
      ),
      "finalists": (
        "So many of the best trials are trained in full and judged again; the"
        " best of these wins, and is trained already. 0: the best trial wins."
      ),
      "executions_per_trial": (
        "Trainings with different seeds in each trial, whose mean counts."
      ),
      "grid_points": "Values of each range that --tuner=grid tries.",
      "hyperband_factor": "Of so many trials hyperband trains one on.",
      "worker_timeout": (
        "Seconds without a sign of life after which a worker's trial is given"
        " to another one (--distributed)."
      ),
      "restart_gb": (
        "Memory of the program, in 10⁹ bytes, beyond which it starts itself"
        " again between two trials, because TensorFlow gives nothing back. 0: a"
        " quarter of the free memory."
      ),
    },
  )


@functools.cache
def define_device_flags() -> None:
  """Defines the flags of `config.DeviceConfig`."""
  _define(
    config_lib.DeviceConfig,
    {
      "distribution_strategy": (
        "What to train on: one_device, mirrored (all GPUs of this machine),"
        " multi_worker (machines named by TF_CONFIG) or tpu. --batch_size is"
        " that of all together."
      ),
      "num_devices": (
        "Devices that mirrored uses. 0: all GPUs. Without a GPU the processor"
        " is divided into that many."
      ),
      "tpu": "Address of the TPU. Empty: the local one.",
      "xla": "Compile the step with XLA. For GPUs and TPUs.",
    },
  )


def _define(cls: type, help_texts: dict[str, str]) -> None:
  """Defines a flag per field with a help text, its default read from there."""
  types = typing.get_type_hints(cls)
  for field in dataclasses.fields(cls):
    if field.name not in help_texts:
      continue
    help_text = help_texts[field.name]
    if field.name in config_lib.CHOICES:
      flags.DEFINE_enum(
        field.name, field.default, config_lib.CHOICES[field.name], help_text
      )
      continue
    if typing.get_origin(types[field.name]) is tuple:
      default = [str(value) for value in field.default]
      flags.DEFINE_list(field.name, default, help_text)
      continue
    define = {
      bool: flags.DEFINE_boolean,
      int: flags.DEFINE_integer,
      float: flags.DEFINE_float,
      str: flags.DEFINE_string,
    }[types[field.name]]
    define(field.name, field.default, help_text)


def config_from_flags(resolve: bool = True) -> config_lib.Config:
  """Returns the configuration that the flags describe.

  Options without a flag in this binary have their defaults.

  Args:
    resolve: Whether to check it and to fill in what follows from others.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  config = config_lib.Config(
    data=_read(config_lib.DataConfig),
    model=_read(config_lib.ModelConfig),
    loss=_read(config_lib.LossConfig),
    train=_read(config_lib.TrainConfig),
    device=_read(config_lib.DeviceConfig),
  )
  return config_checks.resolve(config) if resolve else config


def search_from_flags(
  space: str = config_lib.SPACES[0],
) -> config_lib.SearchConfig:
  """Returns the options of a search that the flags describe, checked.

  Args:
    space: One of `config.SPACES`, which has defaults of its own.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  search = _read(config_lib.SearchConfig)
  if space == "architecture":
    usual = {
      field.name: getattr(config_lib.ARCHITECTURE_SEARCH, field.name)
      for field in dataclasses.fields(search)
      if not flags.FLAGS[field.name].present
    }
    search = dataclasses.replace(search, **usual)
  config_checks.check_search(search)
  return search


def evaluation_from_flags() -> config_lib.EvaluateConfig:
  """Returns how the flags want a model to be judged, checked.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  options = _read(config_lib.EvaluateConfig)
  config_checks.check_evaluation(options)
  return options


def export_from_flags() -> config_lib.ExportConfig:
  """Returns what the flags want to be exported, to be resolved.

  Raises:
    errors.UserError: If a value is of the wrong type, or two contradict.
  """
  options = _read(config_lib.ExportConfig)
  size = flags.FLAGS.size
  if size and options.sizes:
    raise errors.UserError(
      f"--size={size} and --sizes say the same. Give one of them."
    )
  if size:
    options = dataclasses.replace(options, sizes=(size,))
  return options


def _read(cls: type) -> Any:
  """Builds a dataclass from the flags that this binary has."""
  types = typing.get_type_hints(cls)
  values = {}
  for field in dataclasses.fields(cls):
    if field.name in flags.FLAGS and flags.FLAGS[field.name].value is not None:
      value = getattr(flags.FLAGS, field.name)
      if typing.get_origin(types[field.name]) is tuple:
        value = _tuple(field.name, value, typing.get_args(types[field.name]))
      values[field.name] = value
  return cls(**values)


def _tuple(
  name: str, texts: list[str], types: tuple[Any, ...]
) -> tuple[Any, ...]:
  """Converts a list flag's texts; refuses what is no number but should be."""
  kind = types[0]
  if types[-1] is not Ellipsis and len(texts) != len(types):
    raise errors.UserError(
      f"--{name}={','.join(texts)} must be {len(types)} numbers, e.g. 0.3,10."
    )
  try:
    return tuple(kind(text) for text in texts)
  except ValueError as error:
    raise errors.UserError(
      f"--{name}={','.join(texts)} must be numbers, separated by commas."
    ) from error


def with_given_source(config: config_lib.Config) -> config_lib.Config:
  """Returns a run's configuration with the pictures that flags name, if any.

  Args:
    config: The run's.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  data = _with_given(config.data, _SOURCE_FIELDS)
  return config_checks.resolve(dataclasses.replace(config, data=data))


def config_over(base: config_lib.Config) -> config_lib.Config:
  """Returns a configuration changed by the flags that were given.

  Args:
    base: What holds where no flag was given, in place of the flags' defaults.

  Returns:
    The configuration, to be resolved.

  Raises:
    errors.UserError: If a value is of the wrong type.
  """
  parts = {
    part.name: _with_given(getattr(base, part.name))
    for part in dataclasses.fields(config_lib.Config)
  }
  return config_lib.Config(**parts)


def student_from_flags() -> config_lib.Config:
  """Returns the configuration of students that the flags describe.

  Returns:
    That of the `--teacher` where no flag says otherwise, not yet resolved.

  Raises:
    errors.UserError: If there is no teacher, or pictures do not fit it.
  """
  folder = require("teacher", "give a folder that train wrote.")
  teacher = config_file.load(folder)
  config = config_over(config_lib.student_of(teacher, folder))
  if config.model.channels != teacher.model.channels:
    raise errors.UserError(
      f"--channels={config.model.channels}, but the teacher's pictures have"
      f" {teacher.model.channels}."
    )
  if config.distill.init_from_teacher:
    config_checks.check_inheritance(config.model, teacher.model)
  return config


def _with_given(part: Any, names: tuple[str, ...] = ()) -> Any:
  """Returns a part of a configuration with the fields that flags give."""
  fields = names or [field.name for field in dataclasses.fields(part)]
  given = {
    name: getattr(flags.FLAGS, name)
    for name in fields
    if name in flags.FLAGS and flags.FLAGS[name].present
  }
  if "dataset" in given:  # instead of the folders trained on
    given = {"domain_a": "", "domain_b": "", **given}
  return dataclasses.replace(part, **given)


def require(name: str, remedy: str) -> str:
  """Returns the value of the string flag `name`.

  Args:
    name: A defined flag.
    remedy: What the user should give, for the message.

  Raises:
    errors.UserError: If the flag is missing or empty.
  """
  value = getattr(flags.FLAGS, name)
  if not value:
    raise errors.UserError(f"--{name} is missing: {remedy}")
  return value


def run(main: Callable[..., None], *operands: str) -> None:
  """Runs a binary: parses its flags, refuses stray arguments, reports errors.

  A mistake of the user's ends in one line on standard error and exit status
  2. `--help` ends with status 0.

  Args:
    main: What to do once the flags are parsed; takes the operands.
    *operands: Names of the arguments that are not flags, all to be given.
  """
  # TensorFlow's C++ code reports missing GPU libraries as errors even where no
  # GPU is wanted; what really fails is raised as an exception as well.
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  app.run(functools.partial(_main, main, operands), flags_parser=_parse)


def _parse(argv: list[str]) -> list[str]:
  """Parses flags; a wrong one is one line, not absl's three."""
  try:
    return flags.FLAGS(argv)
  except flags.Error as error:
    _fail(f"{' '.join(str(error).split())} (--help lists all flags.)")
  except SystemExit:  # --help, which absl ends with status 1
    sys.exit(0)


def _main(
  main: Callable[..., None], operands: tuple[str, ...], argv: list[str]
) -> None:
  given = argv[1:]
  if len(given) < len(operands):
    _fail(f"{operands[len(given)]} is missing. (--help says more.)")
  if len(given) > len(operands):
    _fail(
      f"unexpected argument {given[len(operands)]!r}: options are given as"
      " --name=value. (--help lists all flags.)"
    )
  if not flags.FLAGS["verbosity"].present:
    logging.set_verbosity(logging.WARNING)
    # TensorFlow's warnings are about its own inner workings.
    std_logging.getLogger("tensorflow").setLevel(std_logging.ERROR)
  try:
    main(*given)
  except errors.UserError as error:
    _fail(str(error))
  except KeyboardInterrupt:
    sys.exit(130)


def _fail(message: str) -> typing.NoReturn:
  program = os.path.splitext(os.path.basename(sys.argv[0]))[0]
  print(f"{program}: error: {message}", file=sys.stderr)
  sys.exit(2)
