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
"""All options, each declared once: type, default, help, unit, range, search.

Flags, checks, `--help`, configuration files and `docs/options.md` are made from
these declarations (`options`). `Config` is what a run keeps as `config.json`.
"CycleGAN paper" is Zhu et al., "Unpaired Image-to-Image Translation using
Cycle-Consistent Adversarial Networks", ICCV 2017; "Foster" is Foster,
"Generative Deep Learning", 2019, chapter 5; "junyanz" names the option of the
paper's reference implementation, pytorch-CycleGAN-and-pix2pix. Only the
standard library is imported here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from official.cyclegan.core import options
from official.cyclegan.core.options import Choices
from official.cyclegan.core.options import option
from official.cyclegan.core.options import Range

GENERATOR_TYPES = ("resnet", "unet", "mobile")
UPSAMPLERS = ("auto", "conv_transpose", "resize_conv", "subpixel")
PADDINGS = ("auto", "reflect", "zero", "partial")
DISCRIMINATOR_TYPES = ("basic", "n_layers", "pixel")
INITIALIZERS = ("normal", "glorot", "he")
GAN_MODES = ("lsgan", "vanilla", "hinge", "wgangp")
PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
DISTRIBUTION_STRATEGIES = ("one_device", "mirrored", "multi_worker", "tpu")
PREPROCESSINGS = (
  "resize_and_crop",
  "crop",
  "scale_width",
  "scale_width_and_crop",
  "none",
)
# Those of them after which pictures may differ in size.
VARIABLE_SIZES = ("scale_width", "none")
# Measures of `evaluation/validation`, all of which are better when smaller.
METRICS = (
  "relative_l1",
  "masked_relative_l1",
  "fid_patches",
  "fid_random",
  "kid_random",
  "swd",
  "cycle_l1",
  "identity_l1",
)
# What two of them were called until 0.6.0: files and flags may still say so.
METRIC_ALIASES = {
  "true_error": "relative_l1",
  "masked_true_error": "masked_relative_l1",
}
# Of those that need no truth the one that ranks trained models most like the
# truth does (docs/tuning.md).
DEFAULT_OBJECTIVE = "fid_patches"
SPACES = ("weights", "architecture")
# Halving layers of the paper's 70x70 PatchGAN.
BASIC_N_LAYERS = 3
# Fields of `ModelConfig` that shape the discriminators only.
DISCRIMINATOR_FIELDS = ("disc_type", "disc_n_filters", "disc_n_layers")
BOTH = "both"
# Kinds of .tflite files: the numbers in them, and those computed with.
QUANTIZATIONS = (
  "float32",
  "float16",
  "dynamic",
  "int8",
  "int8_mixed",
  "int16x8",
)
# Those that need pictures to learn the ranges of what is computed.
CALIBRATED = ("int8", "int8_mixed", "int16x8")
# Name of the generator for each direction, in files and in the model.
GENERATOR_NAMES = {"AtoB": "g_AB", "BtoA": "g_BA"}
DIRECTIONS = tuple(GENERATOR_NAMES)
LATEST, BEST = "latest", "best"  # checkpoints
SCALES = ("fit", "native")
MODES = ("train", "eval", "train_and_eval")


@dataclasses.dataclass(frozen=True)
class DataConfig:
  """Where images come from and how they are prepared."""

  dataset: str = option(
    "apple2orange_scenes",
    "apple2orange_scenes or photo2painting_scenes (drawn on this machine; /64,"
    " /128 or /256 picks their pixels, else --load_size does), any TFDS name"
    " with the splits trainA, trainB, testA, testB such as"
    " cycle_gan/horse2zebra, a folder that prepare wrote, or a folder of"
    " pictures: trainA/ trainB/ testA/ testB/, train/A/, train_A/, A/train/, or"
    " only A/ and B/.",
    fixed=True,
  )
  domain_a: str = option(
    "",
    "Folder with the pictures of domain A; with --domain_b, instead of"
    " --dataset.",
    fixed=True,
  )
  domain_b: str = option(
    "", "Folder with the pictures of domain B.", fixed=True
  )
  test_fraction: float = option(
    0.1,
    "Share of the pictures held out for testing where a folder has no test"
    " split, at least one of each domain. Which ones depends on their contents"
    " only.",
    above=0,
    below=1,
    example=0.1,
    fixed=True,
  )
  on_bad_image: str = option(
    "fail",
    "What to do about files that cannot be read: fail, after naming all, or"
    " skip.",
    choices=("fail", "skip"),
  )
  background: str = option(
    "white",
    "Colour behind transparent pictures, a name that Pillow knows or e.g."
    " #20c0ff.",
    fixed=True,
  )
  paired: bool = option(
    False,
    "Test pictures of A and B with the same name, apart from its ending, show"
    " the same thing: measure the error to the truth. For folders; training"
    " never uses it.",
  )
  data_dir: str = option(
    "", "TFDS's data folder. Empty: TFDS's own default, ~/tensorflow_datasets."
  )
  preprocess: str = option(
    "resize_and_crop",
    "What is done to a training picture before it is mirrored (junyanz: the"
    " same names): resize_and_crop, to --load_size squared and a random crop of"
    " --crop_size; crop only; scale_width to --load_size, the height in"
    " proportion but at least --crop_size; scale_width_and_crop; or none, which"
    " only rounds the size to what the generator takes. scale_width and none"
    " train on pictures of different sizes, one at a time.",
    choices=PREPROCESSINGS,
    fixed=True,
  )
  crop_size: int = option(
    128,
    "Width and height of the images trained on; 128 as in Foster. A multiple of"
    " 4 for the resnet and mobile generators, of 16 (at least 32) for unet.",
    unit="pixels",
    minimum=1,
    example=128,
    fixed=True,
  )
  load_size: int = option(
    0,
    "Width and height that images are resized to (bicubic) before a random"
    " crop. 0: --crop_size, so that nothing is cut off. The reference"
    " implementation resizes to 286 and crops 256.",
    unit="pixels",
    minimum=0,
    fixed=True,
  )
  flip: bool = option(
    True,
    "Mirror images left to right at random (junyanz: without --no_flip).",
    fixed=True,
  )
  batch_size: int = option(
    1,
    "Images of each domain per step, of all devices together (CycleGAN paper,"
    " section 4: 1).",
    unit="images",
    minimum=1,
    fixed=True,
  )
  cache: str = option(
    "auto",
    "Where decoded pictures are kept after the first reading: memory, disk, or"
    " none, which reads them again every epoch. auto: memory if they fit into"
    " two fifths of what is free.",
    choices=("auto", "memory", "disk", "none"),
  )
  cache_dir: str = option(
    "",
    "Folder for --cache=disk. Empty: the system's temporary folder. The file"
    " has no name there and is gone with the process.",
  )


@dataclasses.dataclass(frozen=True)
class ModelConfig:
  """The four networks."""

  generator_type: str = option(
    "resnet",
    "Generator: residual blocks (CycleGAN paper, appendix 7.2), a U-Net"
    " (Foster), or mobile, a small one of depthwise convolutions for phones and"
    " browsers.",
    choices=GENERATOR_TYPES,
    fixed=True,
    search=Choices(GENERATOR_TYPES),
  )
  gen_n_filters: int = option(
    32,
    "Filters of a generator's first convolution; 32 as in Foster (the paper:"
    " 64).",
    unit="filters",
    minimum=1,
    fixed=True,
    search=Choices((16, 32)),
  )
  disc_n_filters: int = option(
    32,
    "Filters of a discriminator's first convolution; 32 as in Foster (the"
    " paper: 64).",
    unit="filters",
    minimum=1,
    fixed=True,
  )
  disc_type: str = option(
    "n_layers",
    "Discriminator: n_layers; basic, which is n_layers with 3, the paper's"
    " 70x70 PatchGAN; or pixel, which judges each pixel by its own colour"
    " (Isola et al., Image-to-Image Translation with Conditional Adversarial"
    " Networks, 2017, section 4.4; junyanz: --netD).",
    choices=DISCRIMINATOR_TYPES,
    fixed=True,
  )
  disc_n_layers: int = option(
    BASIC_N_LAYERS,
    "Halving layers of an n_layers discriminator: 3 judges patches of 70"
    " pixels, as in the paper (appendix 7.2), 2 of 34, 1 of 16. Small pictures"
    " want small patches.",
    unit="layers",
    minimum=1,
    fixed=True,
  )
  n_res_blocks: int = option(
    9,
    "Residual blocks of the resnet and mobile generators. The paper has 9, and"
    " 6 for pictures of 128 pixels.",
    unit="blocks",
    minimum=1,
    fixed=True,
    search=Choices((4, 6, 9)),
  )
  block_kernel: int = option(
    3,
    "Width and height of the mobile generator's depthwise convolutions; odd.",
    unit="pixels",
    minimum=1,
    example=3,
    fixed=True,
    search=Choices((3, 5)),
  )
  upsample: str = option(
    "auto",
    "How generators enlarge: conv_transpose (the paper), resize_conv (Odena et"
    " al., Deconvolution and Checkerboard Artifacts, 2016) or subpixel (Shi et"
    " al., Real-Time Single Image and Video Super-Resolution, 2016). auto:"
    " subpixel for resnet and mobile, measured to be the best, and resize_conv"
    " for unet, as in Foster.",
    choices=UPSAMPLERS,
    fixed=True,
    search=Choices(("subpixel", "resize_conv")),
  )
  padding: str = option(
    "auto",
    "What a generator's convolutions see beyond the border: reflect, the image"
    " mirrored (the paper; resnet only), zero, or partial, zero with the sum"
    " scaled by the share of the kernel inside (Liu et al., Partial Convolution"
    " based Padding, 2018, eq. 2). auto: reflect for resnet, else zero. Phones"
    " run zero and partial in one piece, reflect in many.",
    choices=PADDINGS,
    fixed=True,
  )
  dropout: float = option(
    0.0,
    "Share of a generator's features dropped in training: within each residual"
    " block, or after each of the U-Net's steps up (junyanz: 0.5 without"
    " --no_dropout).",
    minimum=0,
    maximum=0.9,
    fixed=True,
  )
  norm_affine: bool = option(
    False,
    "Let instance normalisation learn a scale and a shift.",
    fixed=True,
  )
  norm_epsilon: float = option(
    1e-5,
    "Added to the variance in instance normalisation; 1e-5 as in the reference"
    " implementation, Keras layers often have 1e-3.",
    above=0,
    example=1e-5,
    fixed=True,
  )
  global_skip: bool = option(
    True,
    "Let the generators predict a change that is added to their input. They"
    " then start near the identity, and backgrounds stay clean (measured on the"
    " built-in data sets). --noglobal_skip is the paper's generator.",
    fixed=True,
  )
  skip_filters: int = option(
    16,
    "With --global_skip, features of each pixel's own colour that the last"
    " convolution sees as well; with them a palette is learned sooner (measured"
    " on the built-in data sets). 0: none.",
    unit="filters",
    minimum=0,
    fixed=True,
    search=Choices((4, 8, 16)),
  )
  init: str = option(
    "normal",
    "Initial convolution weights: normal (standard deviation 0.02, CycleGAN"
    " paper, appendix 7.1), glorot or he.",
    choices=INITIALIZERS,
    fixed=True,
  )
  channels: int = option(
    3,
    "3: colour. 1: grey; colour pictures are made grey.",
    choices=(1, 3),
    fixed=True,
  )


@dataclasses.dataclass(frozen=True)
class LossConfig:
  """The loss terms and their absolute weights."""

  lambda_validation: float = option(
    1.0,
    "Absolute weight of the adversarial loss (Foster). junyanz fixes it at 1.",
    minimum=0,
    search=Range(0.3, 10.0),
  )
  lambda_reconstr: float = option(
    10.0,
    "Absolute weight of the cycle loss (CycleGAN paper, section 4: 10);"
    " junyanz's --lambda_A and --lambda_B (both 10).",
    minimum=0,
    search=Range(1.0, 30.0),
  )
  lambda_id: float = option(
    2.0,
    "Absolute weight of the identity loss (Foster); junyanz's --lambda_identity"
    " times --lambda_A (0.5 x 10 = 5). 0 skips its forward pass.",
    minimum=0,
    search=Range(0.3, 10.0),
  )
  gan_mode: str = option(
    "lsgan",
    "Adversarial loss: lsgan (CycleGAN paper, section 4), vanilla, hinge or"
    " wgangp (junyanz: --gan_mode).",
    choices=GAN_MODES,
    fixed=True,
  )
  lambda_gp: float = option(
    10.0,
    "Weight of the gradient penalty of --gan_mode=wgangp (Gulrajani et al.,"
    " Improved Training of Wasserstein GANs, 2017, section 4: 10).",
    minimum=0,
  )
  label_smoothing: float = option(
    0.0,
    "How far below 1 the discriminators' target for real images lies, e.g. 0.1"
    " (Salimans et al., Improved Techniques for Training GANs, 2016, section"
    " 3.4).",
    minimum=0,
    maximum=0.5,
  )
  lambda_distill: float = option(
    0.0,
    "With a teacher, weight of the mean absolute difference to its"
    " translations.",
    minimum=0,
    shown_default="10",
  )
  lambda_features: float = option(
    0.0,
    "With a teacher, weight of one minus the alignment with its features at a"
    " quarter of the size (Jin et al., Teachers Do More Than Teach, 2021,"
    " section 3.3).",
    minimum=0,
    shown_default="1",
  )


@dataclasses.dataclass(frozen=True)
class TrainConfig:
  """Optimisation, and what is written how often."""

  learning_rate: float = option(
    2e-4,
    "Adam's learning rate for the generators (CycleGAN paper, section 4).",
    above=0,
    example="2e-4",
    search=Range(1e-4, 1e-3),
  )
  disc_learning_rate: float = option(
    0.0,
    "Adam's learning rate for the discriminators. 0: --learning_rate.",
    minimum=0,
    example="2e-4",
  )
  beta_1: float = option(
    0.5,
    "Adam's first momentum, both optimizers (junyanz: --beta1).",
    minimum=0,
    below=1,
  )
  epochs: int = option(
    200,
    "Times that the larger domain is seen (CycleGAN paper, section 4: 200).",
    minimum=1,
  )
  train_steps: int = option(
    0, "Training steps. 0: --epochs decides.", unit="steps", minimum=0
  )
  lr_policy: str = option(
    "linear",
    "How the learning rates end: linear (CycleGAN paper, section 4) or cosine"
    " (Loshchilov and Hutter, SGDR, 2017, eq. 5, without restarts) fall to 0"
    " over --decay_fraction of the run, constant (Foster) does not fall.",
    choices=("linear", "cosine", "constant"),
  )
  decay_fraction: float = option(
    0.5,
    "Share of the run, at its end, over which the learning rates fall (CycleGAN"
    " paper: the last 100 of 200 epochs; junyanz: n_epochs_decay / all epochs ="
    " 0.5).",
    minimum=0,
    maximum=1,
  )
  ema_decay: float = option(
    0.999,
    "Momentum per step of the generators' moving averages, which export and"
    " translate use. 0: no averages. 0.999 as in Yazici et al., The Unusual"
    " Effectiveness of Averaging in GAN Training, 2019.",
    minimum=0,
    below=1,
  )
  buffer_max_length: int = option(
    50,
    "Generated images kept for each discriminator (CycleGAN paper, section 4:"
    " 50; junyanz: --pool_size). 0: none.",
    unit="images",
    minimum=0,
    fixed=True,
  )
  augment: str = option(
    "none",
    "diffaugment: change colours, place and a part of what the discriminators"
    " see, so that data sets of a few hundred pictures or less are not learned"
    " by heart (Zhao et al., Differentiable Augmentation for Data-Efficient GAN"
    " Training, 2020).",
    choices=("none", "diffaugment"),
    fixed=True,
  )
  precision: str = option(
    "auto",
    "Arithmetic of the networks. auto: mixed_bfloat16 on processors and TPUs"
    " that have it, else float32. mixed_float16 is for GPUs. Weights,"
    " statistics, losses and images stay float32.",
    choices=PRECISIONS,
  )
  sample_interval: int = option(
    500,
    "Steps between two pictures of the progress.",
    unit="steps",
    minimum=1,
  )
  save_every_steps: int = option(
    0,
    "Steps between two checkpoints. 0: every epoch.",
    unit="steps",
    minimum=0,
  )
  keep_checkpoints: int = option(
    3, "How many of the newest checkpoints are kept.", minimum=1
  )
  eval_every_steps: int = option(
    0,
    "Steps between two validations on the test split. 0: every epoch if"
    " --best_metric is given, else never.",
    unit="steps",
    minimum=0,
    old_flags=("eval_every",),
  )
  best_metric: str = option(
    "none",
    "Keep the checkpoint that is best by this validation metric as well, for"
    " export and translate with --checkpoint=best. Those named relative_l1 need"
    " a known truth: a built-in data set, or --paired.",
    choices=("none", *METRICS),
    old_values=METRIC_ALIASES,
  )
  health_check: bool = option(
    True, "Warn when the training goes wrong in a known way."
  )
  seed: int = option(
    42,
    "Seed of everything that is drawn at random: weights, data order, pools,"
    " and all draws within a step.",
    minimum=0,
    fixed=True,
  )
  deterministic: bool = option(
    False,
    "Use only operators that give the same result every time, whatever the"
    " order of threads; slower.",
  )
  intra_op_threads: int = option(
    0,
    "Processor threads that share one operator. 0: 1 on two cores or less,"
    " which the two directions fill by themselves, elsewhere TensorFlow"
    " decides.",
    unit="threads",
    minimum=0,
  )


@dataclasses.dataclass(frozen=True)
class DistillConfig:
  """Whose translations are learned."""

  teacher: str = option(
    "", "Folder of the teacher's run, which train wrote.", fixed=True
  )
  students: str = option(
    BOTH,
    "Which to train: both, or one direction's only.",
    choices=(BOTH, *DIRECTIONS),
    fixed=True,
  )
  init_from_teacher: bool = option(
    False,
    "Start with the weights of the teacher's most used channels (as in Li et"
    " al., GAN Compression, 2020, section 3.1). Students must be built like it,"
    " e.g. --generator_type=resnet, but for --gen_n_filters and --n_res_blocks,"
    " which may be less.",
  )


@dataclasses.dataclass(frozen=True)
class DeviceConfig:
  """What the training runs on; the result does not depend on it."""

  distribution_strategy: str = option(
    "one_device",
    "What to train on: one_device, mirrored (all GPUs of this machine),"
    " multi_worker (machines named by TF_CONFIG) or tpu. --batch_size is that"
    " of all together. The names are those of the Model Garden.",
    choices=DISTRIBUTION_STRATEGIES,
  )
  num_devices: int = option(
    0,
    "Devices that mirrored uses. 0: all GPUs. Without a GPU the processor is"
    " divided into that many.",
    unit="devices",
    minimum=0,
  )
  tpu: str = option("", "Address of the TPU. Empty: the local one.")
  xla: bool = option(
    False,
    "Compile the step with XLA. For GPUs and TPUs: on a processor it was"
    " measured to take over nine minutes before the first step.",
  )


@dataclasses.dataclass(frozen=True)
class Config:
  """A whole run, as the user asked for it.

  Attributes:
    data: Where images come from and how they are prepared.
    model: The four networks.
    loss: The weights of the loss terms.
    train: Optimisation, and what is written how often.
    device: What the training runs on.
    distill: Whose translations are learned, if anybody's.
  """

  data: DataConfig = DataConfig()
  model: ModelConfig = ModelConfig()
  loss: LossConfig = LossConfig()
  train: TrainConfig = TrainConfig()
  device: DeviceConfig = DeviceConfig()
  distill: DistillConfig = DistillConfig()


@dataclasses.dataclass(frozen=True)
class ResolvedConfig(Config):
  """A whole run, checked, with all that follows from other options filled in.

  `config_checks.resolve` makes it; `auto` and 0 then stand only where the
  machine or the data set decides (`precision`, `train_steps`).
  """


def parts() -> dict[str, type]:
  """Returns the parts of `Config` by their names."""
  return {
    field.name: type(field.default) for field in dataclasses.fields(Config)
  }


def _searchable() -> Iterator[tuple[str, str, Range | Choices]]:
  """Yields what a search can vary: its name, its part, and what is tried."""
  for part, cls in parts().items():
    for entry in options.declared(cls):
      if entry.option.search:
        yield entry.name, part, entry.option.search


# What a search can vary: the part of the configuration that each is in.
SEARCHABLE = {name: part for name, part, _ in _searchable()}
Space = Mapping[str, "Range | Choices"]
DEFAULT_SPACE: Space = {name: tried for name, _, tried in _searchable()}


@dataclasses.dataclass(frozen=True)
class SearchConfig:
  """A search for better options.

  Attributes:
    space: What is tried of each option that can be searched. Its flags are the
      option's name with `_range` or `_choices`.
  """

  tuner: str = option(
    "bayesian",
    "What chooses the trials: bayesian learns from those before (Snoek et al.,"
    " Practical Bayesian Optimization of Machine Learning Algorithms, 2012),"
    " hyperband trains many a little and the best of them on (Li et al.,"
    " Hyperband, 2018), random, or grid (--grid_points values of each range).",
    choices=("bayesian", "hyperband", "random", "grid"),
    fixed=True,
  )
  search: tuple[str, ...] = option(
    ("lambda_validation", "lambda_reconstr", "lambda_id"),
    "What is varied, the rest stays as given. Any of: "
    + ", ".join(SEARCHABLE)
    + ". Adam makes only the ratios of the weights matter, so that one of them"
    " can be left out.",
    choices=tuple(SEARCHABLE),
    fixed=True,
  )
  objective: str = option(
    DEFAULT_OBJECTIVE,
    "What is made small: a validation measure, which never contains the"
    " weights. The default needs no truth (docs/tuning.md says why it).",
    choices=METRICS,
    old_values=METRIC_ALIASES,
    fixed=True,
  )
  space: Space = dataclasses.field(default_factory=lambda: dict(DEFAULT_SPACE))
  max_latency_ms: float = option(
    0.0,
    "A generator that takes longer for a picture on one thread of this machine,"
    " measured in the runtime without TensorFlow, is not trained. 0: no limit.",
    unit="milliseconds",
    minimum=0,
    fixed=True,
  )
  max_macs: float = option(
    0.0,
    "A generator with more multiply-accumulate operations, e.g. 5e8, is not"
    " trained. 0: no limit.",
    unit="operations",
    minimum=0,
    fixed=True,
  )
  max_size_kb: float = option(
    0.0,
    "A generator whose .tflite file is larger is not trained. 0: no limit.",
    unit="1,000 bytes",
    minimum=0,
    fixed=True,
  )
  budget_size: int = option(
    0,
    "Width and height at which these three are measured. 0: --crop_size.",
    unit="pixels",
    minimum=0,
    fixed=True,
  )
  budget_quantization: str = option(
    "dynamic",
    "Kind of .tflite file that is measured.",
    choices=QUANTIZATIONS,
    fixed=True,
  )
  trial_steps: int = option(
    1000,
    "Training steps of a trial; of hyperband's longest.",
    unit="steps",
    minimum=1,
    fixed=True,
  )
  max_trials: int = option(
    30, "Trials at most; hyperband decides by itself.", minimum=1
  )
  max_minutes: float = option(
    0.0,
    "No trial is begun after this time, that before an interruption included,"
    " nor one that leaves too little time for --finalists. 0: no limit.",
    unit="minutes",
    minimum=0,
  )
  finalists: int = option(
    0,
    "How many of the best trials are trained in full and evaluated again; the"
    " best of these wins, and is trained already. A short training ranks well"
    " but not perfectly (Jamieson and Talwalkar, Non-stochastic Best Arm"
    " Identification and Hyperparameter Optimization, 2016). 0: the best trial"
    " wins.",
    minimum=0,
  )
  executions_per_trial: int = option(
    1,
    "Trainings with different seeds in each trial, whose mean counts.",
    minimum=1,
    fixed=True,
  )
  grid_points: int = option(
    3,
    "Values of each range that --tuner=grid tries.",
    minimum=2,
    fixed=True,
  )
  hyperband_factor: int = option(
    3,
    "Of this many trials hyperband trains one on (Li et al., 2018, section 3.6:"
    " 3 or 4).",
    minimum=2,
    fixed=True,
  )
  worker_timeout: int = option(
    60,
    "Time without a sign of life after which a worker's trial is given to"
    " another one (--distributed).",
    unit="seconds",
    minimum=1,
  )
  restart_gb: float = option(
    0.0,
    "Memory of the program beyond which it starts itself again between two"
    " trials, because TensorFlow keeps what it has compiled for every model. 0:"
    " a quarter of the memory that is free at the start.",
    unit="10⁹ bytes",
    minimum=0,
  )


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
  """How a model is evaluated."""

  max_images: int = option(
    200, "Test images of each domain, at most.", unit="images", minimum=2
  )
  reference: str = option(
    "train",
    "Real pictures that translations are compared with: the training split's,"
    " or the test split's as in most papers.",
    choices=("train", "test"),
  )
  inception: bool = option(
    False,
    "FID and KID on Keras's InceptionV3 as well, whose weights Keras downloads"
    " once (88 MB). They are not those that papers use.",
  )
  inception_weights: str = option(
    "", "File of such weights, instead of the download."
  )


@dataclasses.dataclass(frozen=True)
class ExportConfig:
  """What leaves training, and how good it has to be."""

  format: tuple[str, ...] = option(
    ("saved_model", "tflite"),
    "What to write: saved_model (servers), tflite, web (a folder with a page"
    " that translates in the browser; brings tflite).",
    choices=("saved_model", "tflite", "web"),
  )
  quantization: tuple[str, ...] = option(
    ("float32", "float16", "dynamic"),
    "Kinds of .tflite files: float32, float16 (half the size; for graphics"
    " processors), dynamic (8-bit weights, a quarter of it; the fastest on"
    " processors), int8 (all in 8 bits), int8_mixed (convolutions in 8 bits,"
    " norms in float32), int16x8 (16-bit activations).",
    choices=QUANTIZATIONS,
  )
  sizes: tuple[int, ...] = option(
    (),
    "Widths and heights that the .tflite files take, one signature each in the"
    " same file; e.g. 256,384. The first is serving_default, another one e.g."
    " s384. Empty: --size.",
    unit="pixels",
  )
  io: str = option(
    "float01",
    "What .tflite files take and give: float01, float32 in [0, 1] as in"
    " TensorFlow's style transfer apps, or uint8, [0, 255].",
    choices=("float01", "uint8"),
  )
  calibration_images: int = option(
    100,
    "Training pictures from which int8, int8_mixed and int16x8 learn ranges.",
    unit="images",
    minimum=1,
  )
  test_images: int = option(
    50,
    "Test pictures on which every file is compared with the Keras generator.",
    unit="images",
    minimum=1,
  )
  min_psnr: float = option(
    25.0,
    "Least PSNR of a .tflite file to the Keras generator; below it nothing is"
    " written.",
    unit="dB",
    minimum=0,
    maximum=200,
  )
  description: str = option("", "Text for the .tflite files' metadata.")
  author: str = option("", "Who made the model, for the files' metadata.")
  licence: str = option(
    "Up to who trained it, and to the pictures trained on.",
    "The model's licence, for the files' metadata.",
    old_flags=("license",),
  )


@dataclasses.dataclass(frozen=True)
class CommandConfig:
  """What a command is asked to do; several commands share these."""

  model_dir: str | None = option(
    None,
    "Folder of the run: config.json, checkpoints, sample pictures and"
    " TensorBoard logs.",
  )
  mode: str = option(
    "train",
    "What to do: train, eval (as the command evaluate does with its defaults)"
    " or train_and_eval.",
    choices=MODES,
  )
  model: str | None = option(
    None, "Folder that train or export wrote, a SavedModel, or a .tflite file."
  )
  size: int = option(
    0,
    "Width and height that the model works at; of a .tflite file one of those"
    " that it takes. 0: the size trained on, or the file's first.",
    unit="pixels",
    minimum=0,
  )
  checkpoint: str = option(
    LATEST,
    "Which checkpoint of a run: the newest, or the one that train's"
    " --best_metric kept.",
    choices=(LATEST, BEST),
  )
  raw_generator: bool = option(
    False,
    "Use a run's generators as trained instead of their moving averages.",
  )
  output_dir: str | None = option(None, "Folder for what is written.")
  experiment: str | None = option(
    None,
    "Preset by name, e.g. quickstart: a file of official/cyclegan/configs,"
    " from any working directory.",
  )
  config_file: tuple[str, ...] = option(
    (),
    "YAML or JSON file of options, with the keys of config.json. May be given"
    " several times; later files win.",
    repeated=True,
  )
  params_override: tuple[str, ...] = option(
    (),
    "Options as a list such as train.learning_rate=1e-4,model.gen_n_filters=16."
    " They win over --experiment and --config_file; flags win over them.",
    repeated=True,
  )
  dry_run: bool = option(False, "Print the resolved configuration and stop.")
  format: str = option(
    "json",
    "How --dry_run prints it: json or yaml; --config_file takes both.",
    choices=("json", "yaml"),
  )


@dataclasses.dataclass(frozen=True)
class PackConfig:
  """What `prepare` writes."""

  preview: str | None = option(
    None,
    "PNG file to write, showing what the networks will see; nothing else is"
    " done.",
  )
  shard_mb: int = option(
    128, "About how large a file of records gets.", unit="MB", minimum=1
  )


@dataclasses.dataclass(frozen=True)
class TuneConfig:
  """How `tune` runs, beside the search itself."""

  space: str = option(
    SPACES[0],
    "What is searched: loss weights, trained like train; or the architecture of"
    " a small generator that learns from --teacher, like distill. --search and"
    " the --..._choices have other defaults there: gen_n_filters, n_res_blocks,"
    " block_kernel, upsample.",
    choices=SPACES,
  )
  tuner_dir: str | None = option(
    None, "Folder of the search; all of its processes share it."
  )
  distributed: bool = option(
    False,
    "This is one of several processes. KERASTUNER_TUNER_ID is chief in one and"
    " a name of its own in each of the others, which train;"
    " KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT are the chief's address"
    " in all.",
  )
  show_ended: bool = option(True, "Show the trials of earlier starts again.")


@dataclasses.dataclass(frozen=True)
class TranslateConfig:
  """What `translate` reads, and how."""

  input: str | None = option(
    None,
    "Picture, glob pattern in quotes, folder of pictures, or a data set as for"
    " train's --dataset: its test pictures; or a video file, or camera:0.",
  )
  output: str | None = option(
    None,
    "Folder for the results, which keep the inputs' names; for a single picture"
    " also a .png or .jpg file. Of a video an .mp4 file, without sound.",
  )
  direction: str = option("AtoB", "Which way to translate.", choices=DIRECTIONS)
  scale: str = option(
    "fit",
    "fit: work at the size that the model was trained for, as training did."
    " native: work at the picture's own size (not for .tflite files).",
    choices=SCALES,
  )
  temporal_smoothing: float = option(
    0.0,
    "Of a video, how much of the frame before is mixed in where nothing moves,"
    " against flicker: 0, nothing, to below 1, e.g. 0.7.",
    minimum=0,
    below=1,
    example=0.7,
  )
  max_frames: int = option(
    0, "Frames of a video at most. 0: all.", unit="frames", minimum=0
  )


@dataclasses.dataclass(frozen=True)
class DemoConfig:
  """Where `demo` serves its page."""

  host: str = option(
    "127.0.0.1",
    "Address to listen on. 0.0.0.0 lets other machines look; their browsers"
    " give cameras to https pages only.",
  )
  port: int = option(
    8000,
    "Port to listen on. 0: any that is free.",
    minimum=0,
    maximum=65535,
  )


@dataclasses.dataclass(frozen=True)
class DownloadConfig:
  """Where `download` gets a data set from."""

  via: str = option(
    "archive",
    "archive: a folder of pictures below --output_dir (default: data). tfds:"
    " TFDS's own records.",
    choices=("archive", "tfds"),
  )
  base_url: str = option(
    "https://efrosgans.eecs.berkeley.edu/cyclegan/datasets/",
    "Address of the folder that holds the archives, NAME.zip.",
  )
  sha256: str = option(
    "",
    "SHA-256 that the archive must have instead of the known one; none: any.",
  )


@dataclasses.dataclass(frozen=True)
class GeneratorSelection:
  """Which of a run's generators is wanted.

  Attributes:
    checkpoint: `latest`, or `best` for the one that `--best_metric` kept.
    use_ema: Whether to take the moving averages of the weights, where the run
      keeps them, instead of the weights as trained.
  """

  checkpoint: str = LATEST
  use_ema: bool = True


DEFAULT_SELECTION = GeneratorSelection()
# Where `tune --space=architecture` searches if nothing else is asked for.
ARCHITECTURE_SEARCH = SearchConfig(
  search=("gen_n_filters", "n_res_blocks", "block_kernel", "upsample"),
  space={
    **DEFAULT_SPACE,
    "gen_n_filters": Choices((8, 12, 16, 20, 24, 28)),
    "n_res_blocks": Choices((2, 4, 6, 8)),
  },
)
# What a student has where nothing else is asked for: the generator of
# `configs/mobile.yaml`. It sees what its teacher makes of each picture, so that
# there is nothing to learn from cycles.
STUDENT = Config(
  model=ModelConfig(
    generator_type="mobile", gen_n_filters=28, n_res_blocks=8, skip_filters=8
  ),
  loss=LossConfig(
    lambda_validation=1.0,
    lambda_reconstr=0.0,
    lambda_id=0.0,
    lambda_distill=10.0,
    lambda_features=1.0,
  ),
)
DEFAULT_EVALUATION = EvaluateConfig()
DEFAULT_EXPORT = ExportConfig()


def tflite_name(generator: str, quantization: str) -> str:
  """Returns what a `.tflite` file that `export` writes is called.

  Args:
    generator: `g_AB` or `g_BA`.
    quantization: One of `QUANTIZATIONS`; `float32` has no ending of its own.
  """
  ending = "" if quantization == "float32" else f"_{quantization}"
  return f"{generator}{ending}.tflite"


def trained_directions(config: Config) -> tuple[str, ...]:
  """Returns which of `AtoB` and `BtoA` a run trains."""
  students = config.distill.students
  return DIRECTIONS if students == BOTH else (students,)


def searched(config: Config, names: Sequence[str]) -> dict[str, Any]:
  """Returns a configuration's values of what a search varies.

  Args:
    config: Not necessarily resolved.
    names: Some of `SEARCHABLE`.
  """
  return {
    name: getattr(getattr(config, SEARCHABLE[name]), name) for name in names
  }


def with_searched(config: Config, values: dict[str, Any]) -> Config:
  """Returns a configuration with other values of what a search varies.

  Args:
    config: Not necessarily resolved.
    values: By the names of `SEARCHABLE`.

  Returns:
    The configuration, to be resolved; a discriminators' learning rate of its
    own keeps its ratio to the generators'.
  """
  for name, value in values.items():
    part = SEARCHABLE[name]
    changes = {name: value}
    if name == "learning_rate":
      ratio = config.train.disc_learning_rate / config.train.learning_rate
      changes["disc_learning_rate"] = value * ratio
    changed = dataclasses.replace(getattr(config, part), **changes)
    config = dataclasses.replace(config, **{part: changed})
  return config


def space_flag(name: str, tried: Range | Choices) -> str:
  """Returns the name of the flag that says what a search tries of an option.

  Args:
    name: The option.
    tried: What is tried.
  """
  return f"{name}_{tried.suffix}"


def declared_options(part: Any) -> dict[str, options.Declared]:
  """Returns all options of a part by name, with those of a search's space.

  Args:
    part: A dataclass with options, or an instance of it.
  """
  found = {entry.name: entry for entry in options.declared(part)}
  if part is SearchConfig or isinstance(part, SearchConfig):
    space = DEFAULT_SPACE if part is SearchConfig else part.space
    for name, tried in space.items():
      entry = _declare_tried(name, tried)
      found[entry.name] = entry
  return found


def _declare_tried(name: str, tried: Range | Choices) -> options.Declared:
  """Returns the option that says what a search tries of another option."""
  searched_option = options.find(parts()[SEARCHABLE[name]], name)
  if isinstance(tried, Range):
    length, words = 2, f"Least and greatest {name} that is tried, log scale."
  else:
    length, words = 0, f"Values of {name} that are tried."
  return options.Declared(
    space_flag(name, tried),
    searched_option.kind,
    length,
    tried.values(),
    options.Option(words, unit=searched_option.option.unit, fixed=True),
  )


def with_options(part: Any, values: Mapping[str, Any]) -> Any:
  """Returns a part of a configuration with some options changed.

  Args:
    part: An instance of a dataclass with options.
    values: By the names of `declared_options`.
  """
  changes = dict(values)
  if isinstance(part, SearchConfig):
    space = dict(part.space)
    for name, tried in part.space.items():
      flag = space_flag(name, tried)
      if flag in changes:
        given = changes.pop(flag)
        space[name] = (
          Range(*given) if isinstance(tried, Range) else Choices(tuple(given))
        )
    changes["space"] = space
  return dataclasses.replace(part, **changes)


def option_values(part: Any) -> dict[str, Any]:
  """Returns the values of all options of a part, for JSON and for people.

  Args:
    part: An instance of a dataclass with options.
  """
  found = {
    entry.name: getattr(part, entry.name) for entry in options.declared(part)
  }
  if isinstance(part, SearchConfig):
    for name, tried in part.space.items():
      found[space_flag(name, tried)] = tried.values()
  return found


def student_of(teacher: Config, folder: str) -> Config:
  """Returns what `distill` does where no flag asks for something else.

  Args:
    teacher: The configuration of the teacher's run.
    folder: Its folder.

  Returns:
    `STUDENT` with the teacher's data, discriminators, length and so on.
  """
  discriminators = {
    name: getattr(teacher.model, name)
    for name in (*DISCRIMINATOR_FIELDS, "channels")
  }
  adversarial = {
    name: getattr(teacher.loss, name)
    for name in ("gan_mode", "lambda_gp", "label_smoothing")
  }
  return Config(
    data=teacher.data,
    model=dataclasses.replace(STUDENT.model, **discriminators),
    loss=dataclasses.replace(STUDENT.loss, **adversarial),
    # Another processor may be fastest in another precision.
    train=dataclasses.replace(teacher.train, precision="auto"),
    distill=DistillConfig(teacher=folder),
  )
