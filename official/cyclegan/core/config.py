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
"""The options of a run, each declared once: the only home of defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

GENERATOR_TYPES = ("resnet", "unet", "mobile")
INITIALIZERS = ("normal", "glorot", "he")
UPSAMPLERS = ("auto", "conv_transpose", "resize_conv", "subpixel")
PADDINGS = ("auto", "reflect", "zero", "partial")
DISCRIMINATOR_TYPES = ("basic", "n_layers", "pixel")
GAN_MODES = ("lsgan", "vanilla", "hinge", "wgangp")
LR_POLICIES = ("linear", "cosine", "constant")
AUGMENTATIONS = ("none", "diffaugment")
PREPROCESSINGS = (
  "resize_and_crop",
  "crop",
  "scale_width",
  "scale_width_and_crop",
  "none",
)
# Those of them after which pictures may differ in size.
VARIABLE_SIZES = ("scale_width", "none")
CACHES = ("auto", "memory", "disk", "none")
ON_BAD_IMAGE = ("fail", "skip")
CHANNELS = (1, 3)
PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
DISTRIBUTION_STRATEGIES = ("one_device", "mirrored", "multi_worker", "tpu")
# Measures of `validation`, all of which are better when smaller.
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
BEST_METRICS = ("none", *METRICS)
# Of those that need no truth the one that ranks trained models most like the
# truth does (docs/tuning.md).
DEFAULT_OBJECTIVE = "fid_patches"
TUNERS = ("bayesian", "hyperband", "random", "grid")
# What a search can vary: the part of the configuration that each is in.
SEARCHABLE = {
  "lambda_validation": "loss",
  "lambda_reconstr": "loss",
  "lambda_id": "loss",
  "learning_rate": "train",
  "generator_type": "model",
  "gen_n_filters": "model",
  "n_res_blocks": "model",
  "block_kernel": "model",
  "upsample": "model",
  "skip_filters": "model",
}
SPACES = ("weights", "architecture")
BASIC_N_LAYERS = 3
REFERENCES = ("train", "test")  # splits
# Fields of `ModelConfig` that shape the discriminators only.
DISCRIMINATOR_FIELDS = ("disc_type", "disc_n_filters", "disc_n_layers")
BOTH = "both"
STUDENTS = (BOTH, "AtoB", "BtoA")
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
IOS = ("float01", "uint8")  # what exported models take and give
EXPORT_FORMATS = ("saved_model", "tflite", "web")
# Fields that take one of a few values.
CHOICES = {
  "generator_type": GENERATOR_TYPES,
  "init": INITIALIZERS,
  "upsample": UPSAMPLERS,
  "padding": PADDINGS,
  "disc_type": DISCRIMINATOR_TYPES,
  "gan_mode": GAN_MODES,
  "lr_policy": LR_POLICIES,
  "augment": AUGMENTATIONS,
  "preprocess": PREPROCESSINGS,
  "cache": CACHES,
  "on_bad_image": ON_BAD_IMAGE,
  "precision": PRECISIONS,
  "best_metric": BEST_METRICS,
  "reference": REFERENCES,
  "io": IOS,
  "budget_quantization": QUANTIZATIONS,
  "students": STUDENTS,
  "distribution_strategy": DISTRIBUTION_STRATEGIES,
}
# Name of the generator for each direction, in files and in the model.
GENERATOR_NAMES = {"AtoB": "g_AB", "BtoA": "g_BA"}
LATEST, BEST = "latest", "best"  # checkpoints


@dataclasses.dataclass(frozen=True)
class DataConfig:
  """Where images come from and how they are prepared.

  Attributes:
    dataset: A built-in data set (`apple2orange_scenes`,
      `photo2painting_scenes`), the name of a TFDS data set with the splits
      `trainA`, `trainB`, `testA`, `testB`, a folder that `prepare` wrote, or a
      folder of pictures in one of the layouts of `folders`.
    domain_a: Folder with the pictures of domain A, together with `domain_b`
      and instead of `dataset`; empty for none.
    domain_b: Folder with the pictures of domain B.
    test_fraction: Share of a folder's pictures held out for testing where it
      has no test split, at least one picture of each domain.
    on_bad_image: What to do about files that cannot be read: `fail`, after
      naming them, or `skip`.
    background: Colour behind transparent pictures, as Pillow names it: `white`,
      `#20c0ff`.
    paired: Whether test pictures of A and B that have the same name, apart from
      its ending, show the same thing, so that the true translation is known.
      Training never uses it.
    data_dir: TFDS's data folder; empty for its own default,
      `~/tensorflow_datasets`.
    preprocess: What is done to a training picture before it is mirrored:
      `resize_and_crop` to `load_size` by `load_size`, then a random crop;
      `crop` without a resize; `scale_width` to `load_size`, the height in
      proportion but at least `crop_size`; `scale_width_and_crop`; or `none`,
      which only rounds the size to what the generator takes (the paper's
      reference implementation, `--preprocess`).
    crop_size: Width and height of the images trained on, pixels. 128 as in
      Foster, "Generative Deep Learning", chapter 5.
    load_size: Width and height that images are resized to before a random
      crop, pixels; 0 means `crop_size`, so that nothing is cut off.
    flip: Whether to mirror images left to right at random (CycleGAN paper's
      reference implementation).
    batch_size: Images of each domain per step (CycleGAN paper, section 4).
    cache: Where decoded pictures are kept after the first reading: `memory`,
      `disk`, `none`, or `auto`, which is `memory` if they fit.
    cache_dir: Folder for `disk`; empty for the system's temporary one. The
      file has no name there and is gone with the process.
  """

  dataset: str = "apple2orange_scenes"
  domain_a: str = ""
  domain_b: str = ""
  test_fraction: float = 0.1
  on_bad_image: str = "fail"
  background: str = "white"
  paired: bool = False
  data_dir: str = ""
  preprocess: str = "resize_and_crop"
  crop_size: int = 128
  load_size: int = 0
  flip: bool = True
  batch_size: int = 1
  cache: str = "auto"
  cache_dir: str = ""


@dataclasses.dataclass(frozen=True)
class ModelConfig:
  """The four networks.

  Attributes:
    generator_type: `resnet` (CycleGAN paper, appendix 7.2), `unet` (Foster,
      "Generative Deep Learning", chapter 5) or `mobile`, a small one for phones
      and browsers (`networks` describes it).
    gen_n_filters: Filters of a generator's first convolution. 32 as in Foster;
      the paper has 64.
    disc_n_filters: Filters of a discriminator's first convolution. 32 as in
      Foster; the paper has 64.
    disc_type: `n_layers`; `basic`, which is `n_layers` with three, the paper's
      70x70 PatchGAN (CycleGAN paper, appendix 7.2); or `pixel`, which judges
      every pixel by its own colour (Isola et al., "Image-to-Image Translation
      with Conditional Adversarial Networks", 2017, section 4.4).
    disc_n_layers: Halving layers of an `n_layers` discriminator: 3 judges
      patches of 70 pixels (CycleGAN paper, appendix 7.2), 2 of 34, 1 of 16.
    n_res_blocks: Residual blocks of the ResNet and the mobile generator. The
      paper has 9, and 6 for 128-pixel images.
    block_kernel: Width and height of the mobile generator's depthwise
      convolutions, pixels, odd.
    upsample: How a generator enlarges: `conv_transpose` (CycleGAN paper,
      appendix 7.2), `resize_conv`, a resize and a convolution (Odena et al.,
      "Deconvolution and Checkerboard Artifacts", 2016; Foster's U-Net), or
      `subpixel` (Shi et al., "Real-Time Single Image and Video
      Super-Resolution", 2016). `auto` is `subpixel` for the ResNet, the best
      of the three on the built-in data sets, and Foster's for the U-Net.
    padding: What a generator's convolutions see beyond the border: the image
      mirrored (`reflect`, only the ResNet; CycleGAN paper, appendix 7.2),
      nothing (`zero`), or nothing with the sum scaled up by the share of the
      kernel that lay inside (`partial`; Liu et al., "Partial Convolution based
      Padding", 2018, eq. 2). `auto` is what the generator's source has; `zero`
      for `mobile`. The last two run on a phone in one piece.
    dropout: Share of a generator's features dropped in training: within each
      residual block, or after each of the U-Net's steps up. 0 as in the
      paper's reference implementation, whose option is 0.5.
    norm_affine: Whether instance normalisation learns a scale and a shift.
    norm_epsilon: Added to the variance in instance normalisation. 1e-5 as in
      the paper's reference implementation; Keras layers often have 1e-3.
    global_skip: Whether a generator predicts a change that is added to its
      input, and so starts near the identity. Measured on the built-in data
      sets: without it the background of `apple2orange_scenes` suffers.
    skip_filters: With `global_skip`, features of each pixel's own colour that
      the last convolution sees beside the network's; 0 for none. Measured on
      the built-in data sets: with them a palette is learned sooner.
    init: Initial convolution weights: `normal` (standard deviation 0.02,
      CycleGAN paper, appendix 7.1), `glorot` or `he`.
    channels: Channels of an image: 3, or 1 for grey ones.
  """

  generator_type: str = "resnet"
  gen_n_filters: int = 32
  disc_n_filters: int = 32
  disc_type: str = "n_layers"
  disc_n_layers: int = BASIC_N_LAYERS
  n_res_blocks: int = 9
  block_kernel: int = 3
  upsample: str = "auto"
  padding: str = "auto"
  dropout: float = 0.0
  norm_affine: bool = False
  norm_epsilon: float = 1e-5
  global_skip: bool = True
  skip_filters: int = 16
  init: str = "normal"
  channels: int = 3


@dataclasses.dataclass(frozen=True)
class LossConfig:
  """The loss terms and their absolute weights.

  Attributes:
    lambda_validation: Weight of the adversarial loss (Foster, chapter 5).
    lambda_reconstr: Weight of the cycle loss (CycleGAN paper, section 4: 10).
    lambda_id: Weight of the identity loss (Foster, chapter 5); 0 leaves its
      forward pass out.
    gan_mode: Adversarial loss: `lsgan` (CycleGAN paper, section 4), `vanilla`,
      `hinge` or `wgangp`; `losses` has their sources.
    lambda_gp: Weight of the gradient penalty of `wgangp` (Gulrajani et al.,
      "Improved Training of Wasserstein GANs", 2017, section 4: 10).
    label_smoothing: How far below 1 the discriminators' target for real images
      lies (Salimans et al., "Improved Techniques for Training GANs", 2016,
      section 3.4). 0 as in the CycleGAN paper.
    lambda_distill: With a teacher, weight of the mean absolute difference to
      its translations.
    lambda_features: With a teacher, weight of one minus the alignment of the
      features at a quarter of the size (Jin et al., "Teachers Do More Than
      Teach", 2021, section 3.3).
  """

  lambda_validation: float = 1.0
  lambda_reconstr: float = 10.0
  lambda_id: float = 2.0
  gan_mode: str = "lsgan"
  lambda_gp: float = 10.0
  label_smoothing: float = 0.0
  lambda_distill: float = 0.0
  lambda_features: float = 0.0


@dataclasses.dataclass(frozen=True)
class TrainConfig:
  """Optimisation, and what is written how often.

  Attributes:
    learning_rate: Adam's rate for the generators (CycleGAN paper, section 4).
    disc_learning_rate: Adam's rate for the discriminators; 0 means
      `learning_rate`.
    beta_1: Adam's first momentum (the paper's reference implementation).
    epochs: Times that the larger domain is seen (CycleGAN paper, section 4).
    train_steps: Training steps; 0 lets `epochs` decide.
    lr_policy: How the learning rates end: `linear` (CycleGAN paper, section
      4) or `cosine` (Loshchilov and Hutter, "SGDR", 2017, eq. 5, without
      restarts) fall to 0, `constant` does not (Foster, chapter 5).
    decay_fraction: Share of the run, at its end, over which the learning rates
      fall (CycleGAN paper: the last 100 of 200 epochs).
    ema_decay: Momentum per step of the generators' moving averages, which
      are what `export` and `translate` use; 0 keeps no averages. 0.999 as in
      Yazici et al., "The Unusual Effectiveness of Averaging in GAN Training",
      2019.
    buffer_max_length: Images in each pool (CycleGAN paper, section 4).
    augment: `diffaugment` changes the colours, the place and a part of all
      images that the discriminators see, so that small data sets are not
      learned by heart (Zhao et al., "Differentiable Augmentation for
      Data-Efficient GAN Training", 2020). `none` as in the CycleGAN paper.
    precision: `float32`, or a Keras policy of mixed precision: `mixed_bfloat16`
      or `mixed_float16`. Weights, statistics, losses and images stay float32.
      `auto` is `mixed_bfloat16` on processors and TPUs that compute in it,
      `float32` elsewhere.
    sample_interval: Steps between two pictures of the run's progress.
    save_every_steps: Steps between two checkpoints; 0: once per epoch.
    keep_checkpoints: How many of the newest checkpoints are kept.
    eval_every_steps: Steps between two validations on the test split; 0: once
      per epoch if `best_metric` is given, else never.
    best_metric: Validation metric whose best checkpoint is kept as well, one
      of `METRICS`, or `none`. `relative_l1` and `masked_relative_l1` only where
      the truth, and where the change belongs, are known.
    health_check: Whether the run watches itself, see `health`.
    seed: Seed of the weights, of the data order, of the pools and of all that
      is drawn in a step.
    deterministic: Whether TensorFlow may only use operators whose results do
      not depend on the order of threads.
    intra_op_threads: Processor threads that share one operator; 0 is 1 on up
      to two cores, which the two directions fill by themselves, and elsewhere
      lets TensorFlow decide.
  """

  learning_rate: float = 2e-4
  disc_learning_rate: float = 0.0
  beta_1: float = 0.5
  epochs: int = 200
  train_steps: int = 0
  lr_policy: str = "linear"
  decay_fraction: float = 0.5
  ema_decay: float = 0.999
  buffer_max_length: int = 50
  augment: str = "none"
  precision: str = "auto"
  sample_interval: int = 500
  save_every_steps: int = 0
  keep_checkpoints: int = 3
  eval_every_steps: int = 0
  best_metric: str = "none"
  health_check: bool = True
  seed: int = 42
  deterministic: bool = False
  intra_op_threads: int = 0


@dataclasses.dataclass(frozen=True)
class DistillConfig:
  """Whose translations are learned.

  Attributes:
    teacher: Folder of the teacher's run; empty for none.
    students: `both`, `AtoB` or `BtoA`: which directions are trained.
    init_from_teacher: Whether the students start with the teacher's weights, as
      many channels of each layer as they have. They must then be built alike
      but for their width and their blocks (Li et al., "GAN Compression", 2020,
      section 3.1, start their student likewise).
  """

  teacher: str = ""
  students: str = "both"
  init_from_teacher: bool = False


@dataclasses.dataclass(frozen=True)
class DeviceConfig:
  """What the training runs on; the result does not depend on it.

  Attributes:
    distribution_strategy: `one_device`; `mirrored`, all GPUs of this machine;
      `multi_worker`, several machines that `TF_CONFIG` names; or `tpu`. The
      names follow the Model Garden's `distribute_utils`.
    num_devices: Devices of this machine that `mirrored` uses; 0: all GPUs.
      Without a GPU the processor is divided into that many.
    tpu: Address of the TPU; empty: the local one.
    xla: Whether the step is compiled by XLA. Not on a processor, where that
      was measured to take over nine minutes before the first step.
  """

  distribution_strategy: str = "one_device"
  num_devices: int = 0
  tpu: str = ""
  xla: bool = False


@dataclasses.dataclass(frozen=True)
class Config:
  """A whole run.

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
class SearchConfig:
  """A search for better options.

  Attributes:
    tuner: `bayesian` (Snoek et al., "Practical Bayesian Optimization of Machine
      Learning Algorithms", 2012), `hyperband` (Li et al., "Hyperband", 2018),
      `random` or `grid`; all are keras-tuner's.
    search: Which of `SEARCHABLE` are varied; the others stay as configured.
    objective: Which of `METRICS` is made small.
    lambda_validation_range: Least and greatest value, drawn on a log scale.
    lambda_reconstr_range: The same.
    lambda_id_range: The same.
    learning_rate_range: The same.
    generator_type_choices: Values tried.
    gen_n_filters_choices: Values tried.
    n_res_blocks_choices: Values tried.
    block_kernel_choices: Values tried.
    upsample_choices: Values tried.
    skip_filters_choices: Values tried.
    max_latency_ms: A generator that takes longer for a picture, milliseconds on
      one thread of this machine in the runtime without TensorFlow, is not
      trained; 0: no limit.
    max_macs: Nor one with more multiply-accumulate operations; 0: no limit.
    max_size_kb: Nor one whose file is larger, 1,000 bytes; 0: no limit.
    budget_size: Width and height for these limits, pixels; 0: `crop_size`.
    budget_quantization: Which of `QUANTIZATIONS` the file is measured in.
    trial_steps: Training steps of a trial; with `hyperband` of the longest.
    max_trials: How many trials, at most; `hyperband` decides by itself.
    max_minutes: No trial is begun after so many minutes, those before an
      interruption included, and none that would leave too little of them for
      the finalists; 0: no limit.
    finalists: So many of the best trials are trained again, in full, and
      judged by the same objective; the best of these is the winner. A short
      training ranks well but not perfectly, as successive halving knows
      (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and
      Hyperparameter Optimization", 2016). 0: the best trial wins.
    executions_per_trial: Trainings with different seeds whose mean counts.
    grid_points: Values of each range that `grid` tries.
    hyperband_factor: Of how many trials `hyperband` trains one on (Li et al.,
      2018, section 3.6: 3 or 4).
    worker_timeout: Seconds without a sign of life after which a worker's trial
      is given to another one.
    restart_gb: Memory of the process, 10⁹ bytes, beyond which `tune` starts
      itself again before it goes on with the next trial: TensorFlow keeps what
      it has compiled for every model. 0: a quarter of what is there at the
      start.
  """

  tuner: str = "bayesian"
  search: tuple[str, ...] = (
    "lambda_validation",
    "lambda_reconstr",
    "lambda_id",
  )
  objective: str = DEFAULT_OBJECTIVE
  lambda_validation_range: tuple[float, float] = (0.3, 10.0)
  lambda_reconstr_range: tuple[float, float] = (1.0, 30.0)
  lambda_id_range: tuple[float, float] = (0.3, 10.0)
  learning_rate_range: tuple[float, float] = (1e-4, 1e-3)
  generator_type_choices: tuple[str, ...] = GENERATOR_TYPES
  gen_n_filters_choices: tuple[int, ...] = (16, 32)
  n_res_blocks_choices: tuple[int, ...] = (4, 6, 9)
  block_kernel_choices: tuple[int, ...] = (3, 5)
  upsample_choices: tuple[str, ...] = ("subpixel", "resize_conv")
  skip_filters_choices: tuple[int, ...] = (4, 8, 16)
  max_latency_ms: float = 0.0
  max_macs: float = 0.0
  max_size_kb: float = 0.0
  budget_size: int = 0
  budget_quantization: str = "dynamic"
  trial_steps: int = 1000
  max_trials: int = 30
  max_minutes: float = 0.0
  finalists: int = 0
  executions_per_trial: int = 1
  grid_points: int = 3
  hyperband_factor: int = 3
  worker_timeout: int = 60
  restart_gb: float = 0.0


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
  """How a model is judged.

  Attributes:
    max_images: At most so many test pictures of each domain are translated.
    reference: Which of `REFERENCES` has the real pictures compared with.
    inception: Whether to use Keras's InceptionV3 as well.
    inception_weights: A file of its weights; empty: Keras downloads them.
  """

  max_images: int = 200
  reference: str = "train"
  inception: bool = False
  inception_weights: str = ""


@dataclasses.dataclass(frozen=True)
class ExportConfig:
  """What leaves training, and how good it has to be.

  Attributes:
    format: Which of `EXPORT_FORMATS`; `web` is a folder with a page that
      translates in the browser, and needs `tflite`.
    quantization: Which of `QUANTIZATIONS` the `.tflite` files are made in.
      `float16` halves the file and is for graphics processors; `dynamic` has
      8-bit weights, a quarter of the file, and is the fastest on processors;
      `int8` computes all in 8 bits; `int8_mixed` convolutions only, and
      instance normalisation in float32; `int16x8` has 16-bit activations.
    sizes: Widths and heights that the `.tflite` files take, pixels; the first
      is the signature `serving_default`, another one e.g. `s384`. Empty: the
      size trained on.
    io: What exported models take and give: `float01`, float32 in [0, 1] like
      TensorFlow's style transfer apps, or `uint8`, whole numbers in [0, 255].
    calibration_images: Training pictures from which the ranges of `CALIBRATED`
      are learned.
    test_images: Test pictures on which every file is compared with the Keras
      generator.
    min_psnr: Least peak signal-to-noise ratio of a `.tflite` file to the Keras
      generator, dB.
    description: Put into the files' metadata, before what is known anyway.
    author: Likewise.
    licence: Likewise, of the model.
  """

  format: tuple[str, ...] = ("saved_model", "tflite")
  quantization: tuple[str, ...] = ("float32", "float16", "dynamic")
  sizes: tuple[int, ...] = ()
  io: str = "float01"
  calibration_images: int = 100
  test_images: int = 50
  min_psnr: float = 25.0
  description: str = ""
  author: str = ""
  licence: str = "Up to who trained it, and to the pictures trained on."


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
  gen_n_filters_choices=(8, 12, 16, 20, 24, 28),
  n_res_blocks_choices=(2, 4, 6, 8),
)
# What a student has where nothing else is asked for: `configs/mobile.flags`'s
# generator. It sees what its teacher makes of each picture, so that there is
# nothing to learn from cycles.
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
  both = tuple(GENERATOR_NAMES)
  students = config.distill.students
  return both if students == BOTH else (students,)


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


def student_of(teacher: Config, folder: str) -> Config:
  """Returns what `distill` does where no flag asks for something else.

  Args:
    teacher: The configuration of the teacher's run.
    folder: Its folder.

  Returns:
    `STUDENT` with the teacher's data, discriminators, length and so on.
  """
  judges = {
    name: getattr(teacher.model, name)
    for name in (*DISCRIMINATOR_FIELDS, "channels")
  }
  judging = {
    name: getattr(teacher.loss, name)
    for name in ("gan_mode", "lambda_gp", "label_smoothing")
  }
  return Config(
    data=teacher.data,
    model=dataclasses.replace(STUDENT.model, **judges),
    loss=dataclasses.replace(STUDENT.loss, **judging),
    # Another processor may be fastest in another precision.
    train=dataclasses.replace(teacher.train, precision="auto"),
    distill=DistillConfig(teacher=folder),
  )
