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
from collections.abc import Mapping
from typing import Any

from official.cyclegan.core.options import Choices
from official.cyclegan.core.options import option
from official.cyclegan.core.options import Range

# Above these no machine has the memory, and a mistyped number would only show
# after a long wait.
LARGEST_SIZE = 1 << 14  # width and height of images, pixels
LARGEST_WIDTH = 1 << 12  # filters of a network's first convolution
GENERATOR_TYPES = ("resnet", "unet", "mobile")
UPSAMPLERS = (
  "auto",
  "conv_transpose",
  "resize_conv",
  "subpixel",
  "even_subpixel",
)
PADDINGS = ("auto", "reflect", "zero", "partial")
DISCRIMINATOR_TYPES = ("basic", "n_layers", "pixel")
INITIALIZERS = ("normal", "glorot", "he")
GAN_MODES = ("lsgan", "vanilla", "hinge", "wgangp", "relativistic")
GENERATOR_NORMS = ("instance", "weight")
DISCRIMINATOR_INPUTS = ("image", "colors", "fourier", "details")
DISCRIMINATOR_NORMS = ("instance", "none")
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
# Width and height of pictures, pixels, where nobody says them, and of how many
# minutes the run must be for it.
PICTURE_SIZES = {64: 0.0, 128: 40.0, 256: 160.0}
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
# Halving layers of the paper's 70x70 PatchGAN.
BASIC_N_LAYERS = 3
# Fields of `ModelConfig` that shape the discriminators only.
DISCRIMINATOR_FIELDS = (
  "disc_type",
  "disc_n_filters",
  "disc_n_layers",
  "disc_input",
  "disc_norm",
  "disc_init",
)
BOTH = "both"
# Kinds of .tflite files: the numbers in them, and those computed with.
QUANTIZATIONS = (
  "float32",
  "float16",
  "dynamic",
  "int4",
  "int8",
  "int8_mixed",
  "int16x8",
)
# Name of the generator for each direction, in files and in the model.
GENERATOR_NAMES = {"AtoB": "g_AB", "BtoA": "g_BA"}
DIRECTIONS = tuple(GENERATOR_NAMES)
LATEST, BEST = "latest", "best"  # checkpoints


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
    is_path=True,
    peers=("dataroot",),
  )
  domain_a: str = option(
    "",
    "Folder with the pictures of domain A; with --domain_b, instead of"
    " --dataset.",
    fixed=True,
    is_path=True,
  )
  domain_b: str = option(
    "", "Folder with the pictures of domain B.", fixed=True, is_path=True
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
  range: str = option(
    "full",
    "Which levels of pictures with more than 8 bits become black and white:"
    " full, all of 16 bits; auto, the range of each domain's training pictures"
    " but for one level in ten thousand at each end; or two levels such as"
    " 51000,52500. Pictures of 8 bits stay as they are. Exported models and"
    " translate keep what was trained with.",
    fixed=True,
    since="0.7.0",
  )
  max_pixels: int = option(
    250_000_000,
    "A picture of more is taken for one that was made to fill the memory, and"
    " cannot be read.",
    unit="pixels",
    minimum=1,
    example=250_000_000,
    since="0.7.0",
  )
  paired: bool = option(
    False,
    "Test pictures of A and B with the same name, apart from its ending, show"
    " the same thing: measure the error to the truth. For folders; training"
    " never uses it.",
  )
  data_dir: str = option(
    "",
    "TFDS's data folder. Empty: TFDS's own default, ~/tensorflow_datasets.",
    is_path=True,
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
    " 4 for the resnet and mobile generators (of 8 with --block_scale=8), of 16"
    " (at least 32) for unet. 0: by the time of the run, "
    + ", ".join(f"{s} from {m:g} minutes on" for s, m in PICTURE_SIZES.items())
    + ", unless most pictures are smaller.",
    unit="pixels",
    minimum=0,
    largest=LARGEST_SIZE,
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
    largest=LARGEST_SIZE,
    fixed=True,
  )
  flip: bool = option(
    True,
    "Mirror images left to right at random (junyanz: without --no_flip).",
    fixed=True,
    peers=("no_flip",),
  )
  batch_size: int = option(
    1,
    "Images of each domain per step, of all devices together (CycleGAN paper,"
    " section 4: 1).",
    unit="images",
    minimum=1,
    largest=1 << 16,
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
    is_path=True,
    needs={"cache": ("disk",)},
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
    peers=("netG",),
  )
  gen_n_filters: int = option(
    32,
    "Filters of a generator's first convolution; 32 as in Foster (the paper:"
    " 64).",
    unit="filters",
    minimum=1,
    largest=LARGEST_WIDTH,
    fixed=True,
    search=Choices((16, 32)),
    peers=("ngf",),
  )
  disc_n_filters: int = option(
    32,
    "Filters of a discriminator's first convolution; 32 as in Foster (the"
    " paper: 64).",
    unit="filters",
    minimum=1,
    largest=LARGEST_WIDTH,
    fixed=True,
    peers=("ndf",),
  )
  disc_type: str = option(
    "n_layers",
    "Discriminator: n_layers; basic, which is n_layers with 3, the paper's"
    " 70x70 PatchGAN; or pixel, which judges each pixel by its own colour"
    " (Isola et al., Image-to-Image Translation with Conditional Adversarial"
    " Networks, 2017, section 4.4; junyanz: --netD).",
    choices=DISCRIMINATOR_TYPES,
    fixed=True,
    peers=("netD",),
  )
  disc_n_layers: int = option(
    BASIC_N_LAYERS,
    "Halving layers of an n_layers discriminator: 3 judges patches of 70"
    " pixels, as in the paper (appendix 7.2), 2 of 34, 1 of 16. Small pictures"
    " want small patches.",
    unit="layers",
    minimum=1,
    largest=8,
    fixed=True,
    needs={"disc_type": ("n_layers",)},
    peers=("n_layers_D",),
  )
  disc_input: str = option(
    "image",
    "What a discriminator sees: the image; colors, beside it 16 learned"
    " features of each pixel's own colour, which help wherever colours differ;"
    " fourier, 32 Fourier features of it instead, which are not learned; or"
    " details, its fine details (the image less its 3x3 mean, times 4) and"
    " their magnitude, with which it tells photographs from paintings sooner,"
    " and generators draw patterns into flat places (both measured).",
    choices=DISCRIMINATOR_INPUTS,
    fixed=True,
    since="0.7.0",
  )
  disc_norm: str = option(
    "instance",
    "Normalisation in a discriminator: instance (CycleGAN paper, appendix 7.2)"
    " or none, as Huang et al., The GAN is dead; long live the GAN!, 2024,"
    " section 3: instance normalisation takes away contrast and colour, by"
    " which domains differ.",
    choices=DISCRIMINATOR_NORMS,
    fixed=True,
    since="0.7.0",
  )
  disc_init: str = option(
    "auto",
    "Initial weights of a discriminator's convolutions, as --init; without"
    " norms, normal fades from layer to layer, and he (He et al., Delving Deep"
    " into Rectifiers, 2015) does not. auto: --init.",
    choices=("auto", *INITIALIZERS),
    fixed=True,
    since="0.7.0",
  )
  n_res_blocks: int = option(
    9,
    "Residual blocks of the resnet and mobile generators. The paper has 9, and"
    " 6 for pictures of 128 pixels.",
    unit="blocks",
    minimum=1,
    largest=200,
    fixed=True,
    search=Choices((4, 6, 9)),
  )
  block_kernel: int = option(
    3,
    "Width and height of the mobile generator's depthwise convolutions; odd.",
    unit="pixels",
    minimum=1,
    largest=255,
    example=3,
    fixed=True,
    search=Choices((3, 5)),
  )
  block_scale: int = option(
    4,
    "How many times smaller than the picture the maps are on which the mobile"
    " generator's residual blocks work. At 8 a block costs a quarter and sees"
    " twice as far (why networks that shrink their input first get away with"
    " it: Johnson et al., Perceptual Losses for Real-Time Style Transfer and"
    " Super-Resolution, 2016, section 3.1).",
    choices=(4, 8),
    fixed=True,
    search=Choices((4, 8)),
    needs={"generator_type": ("mobile",)},
    since="0.7.0",
  )
  upsample: str = option(
    "auto",
    "How generators enlarge: conv_transpose (the paper), resize_conv (Odena et"
    " al., Deconvolution and Checkerboard Artifacts, 2016), subpixel (Shi et"
    " al., Real-Time Single Image and Video Super-Resolution, 2016) or"
    " even_subpixel, which cannot draw a grid into flat places: its kernels are"
    " kept as Sugawara et al., Super-Resolution Using Convolutional Neural"
    " Networks Without Any Checkerboard Artifacts, 2018, ask, the rectifier"
    " that follows is leaky, and with --padding=reflect all convolutions mirror"
    " the image. auto: subpixel for resnet and mobile, measured to be the best,"
    " and resize_conv for unet, as in Foster.",
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
    peers=("no_dropout",),
  )
  gen_norm: str = option(
    "instance",
    "Normalisation in a generator: instance (CycleGAN paper, appendix 7.2), or"
    " weight, of the kernels instead of the features (Salimans and Kingma,"
    " Weight Normalization, 2016; each output channel's keeps its length, as in"
    " Karras et al., Analyzing and Improving the Training Dynamics of Diffusion"
    " Models, 2024, section 2.3). Instance normalisation can be outwitted with"
    " one strong spot, which shows as a droplet (Karras et al., Analyzing and"
    " Improving the Image Quality of StyleGAN, 2020, section 2).",
    choices=GENERATOR_NORMS,
    fixed=True,
    peers=("norm",),
    since="0.7.0",
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
    largest=LARGEST_WIDTH,
    fixed=True,
    search=Choices((4, 8, 16)),
    needs={"global_skip": (True,)},
  )
  init: str = option(
    "normal",
    "Initial convolution weights: normal (standard deviation 0.02, CycleGAN"
    " paper, appendix 7.1), glorot or he. Kernels whose length"
    " --gen_norm=weight fixes start with that length instead.",
    choices=INITIALIZERS,
    fixed=True,
    peers=("init_type",),
  )
  channels: int = option(
    3,
    "3: colour. 1: grey; colour pictures are made grey.",
    choices=(1, 3),
    fixed=True,
    peers=("input_nc", "output_nc"),
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
    peers=("lambda_A", "lambda_B"),
  )
  lambda_id: float = option(
    2.0,
    "Absolute weight of the identity loss (Foster); junyanz's --lambda_identity"
    " times --lambda_A (0.5 x 10 = 5). 0 skips its forward pass.",
    minimum=0,
    search=Range(0.3, 10.0),
    peers=("lambda_identity",),
  )
  gan_mode: str = option(
    "lsgan",
    "Adversarial loss: lsgan (CycleGAN paper, section 4), vanilla, hinge or"
    " wgangp (junyanz: --gan_mode), or relativistic, which asks by how much a"
    " real image looks more real than a generated one (Jolicoeur-Martineau, The"
    " relativistic discriminator, 2018, section 4; paired as in Huang et al.,"
    " The GAN is dead; long live the GAN!, 2024, section 2).",
    choices=GAN_MODES,
    fixed=True,
  )
  lambda_gp: float = option(
    10.0,
    "Weight of the gradient penalty of --gan_mode=wgangp (Gulrajani et al.,"
    " Improved Training of Wasserstein GANs, 2017, section 4: 10).",
    minimum=0,
    needs={"gan_mode": ("wgangp",)},
  )
  lambda_r1: float = option(
    0.0,
    "Weight of the squared gradient of a discriminator's logits at real images"
    " (Mescheder et al., Which Training Methods for GANs do actually Converge?,"
    " 2018, eq. 9; their gamma / 2), per patch. 0: none.",
    minimum=0,
    since="0.7.0",
  )
  lambda_r2: float = option(
    0.0,
    "The same at generated images (Mescheder et al., eq. 10). 0: none.",
    minimum=0,
    since="0.7.0",
  )
  penalty_interval: int = option(
    8,
    "Steps between two penalties of --lambda_r1 and --lambda_r2, which are"
    " multiplied by this (Karras et al., Analyzing and Improving the Image"
    " Quality of StyleGAN, 2020, section 3.1: 16).",
    unit="steps",
    minimum=1,
    needs={"lambda_r1": (), "lambda_r2": ()},
    since="0.7.0",
  )
  label_smoothing: float = option(
    0.0,
    "How far below 1 the discriminators' target for real images lies, e.g. 0.1"
    " (Salimans et al., Improved Techniques for Training GANs, 2016, section"
    " 3.4).",
    minimum=0,
    maximum=0.5,
  )
  lambda_color: float = option(
    0.0,
    "Weight of the distance between the mean colours of generated and of real"
    " images, each over many steps (moment matching with moving averages: dos"
    " Santos et al., Learning Implicit Generative Models by Matching Perceptual"
    " Features, 2019, section 3). 0: none.",
    minimum=0,
    fixed=True,
    since="0.7.0",
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
    peers=("lr",),
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
    peers=("beta1",),
  )
  epochs: int = option(
    200,
    "Times that the larger domain is seen (CycleGAN paper, section 4: 200).",
    minimum=1,
    peers=("n_epochs",),
  )
  train_steps: int = option(
    0, "Training steps. 0: --epochs decides.", unit="steps", minimum=0
  )
  max_minutes: float = option(
    0.0,
    "How long the whole run may take instead of a number of steps, with"
    " start-up, validation, checkpoints and pictures, and what was used before"
    " an interruption. The learning rates fall over the last --decay_fraction"
    " of this time. 0: --train_steps or --epochs decides.",
    unit="minutes",
    minimum=0,
    since="0.7.0",
  )
  until: str = option(
    "",
    "When the run is to be over, instead of a number of steps: HH:MM, the next"
    " time that the clock shows this, or a date and time such as"
    " 2026-05-17T07:30, in this machine's time unless it ends e.g. in +02:00.",
    since="0.7.0",
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
    needs={"lr_policy": ("linear", "cosine")},
    peers=("n_epochs_decay",),
  )
  half_size_fraction: float = option(
    0.0,
    "Share of the run, at its start, that trains on pictures of half of"
    " --crop_size, where steps are two to three times as fast: larger pictures"
    " go on from what smaller ones have taught (as in Karras et al.,"
    " Progressive Growing of GANs, 2018, but with the same layers for both). No"
    " such part where half is below 32 pixels or does not fit the networks, and"
    " where pictures differ in size. 0: none.",
    minimum=0,
    maximum=1,
    since="0.7.0",
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
    largest=1 << 20,
    fixed=True,
    peers=("pool_size",),
  )
  augment: str = option(
    "none",
    "diffaugment: change colours, place and a part of what the discriminators"
    " see, so that data sets of few pictures are not learned by heart (Zhao et"
    " al., Differentiable Augmentation for Data-Efficient GAN Training,"
    " 2020). With 30 pictures results were better, with 100 worse.",
    choices=("none", "diffaugment"),
    fixed=True,
  )
  clip_generated: bool = option(
    False,
    "Clip generated images to the range of real ones before a loss or another"
    " network sees them, as whoever uses them does. Without it, white that is"
    " a little too white gives paper and drawn backgrounds away to the"
    " discriminators, and the identity loss punishes what nobody sees.",
    since="0.7.0",
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
    peers=("display_freq",),
  )
  save_every_steps: int = option(
    0,
    "Steps between two checkpoints. 0: every epoch; in a run of so much time by"
    " time, at most five minutes apart.",
    unit="steps",
    minimum=0,
    peers=("save_latest_freq", "save_epoch_freq"),
  )
  keep_checkpoints: int = option(
    3, "How many of the newest checkpoints are kept.", minimum=1
  )
  eval_every_steps: int = option(
    0,
    "Steps between two validations on the test split. 0: every epoch if"
    " --best_metric is given, in a run of so much time as rarely as"
    " checkpoints; else never.",
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
  probe: bool = option(
    True,
    "When a run begins, look for some seconds how the two domains differ, and"
    " say what a generator has to change and what follows, as the command"
    " probe does.",
    since="0.7.0",
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
    " order of threads, and in float32 under both stacks; slower.",
  )
  intra_op_threads: int = option(
    0,
    "Processor threads that share one operator. 0: 1 on two cores or less,"
    " which the two directions fill by themselves, elsewhere TensorFlow"
    " decides.",
    unit="threads",
    minimum=0,
    largest=4096,
  )


@dataclasses.dataclass(frozen=True)
class DistillConfig:
  """Whose translations are learned."""

  teacher: str = option(
    "",
    "Folder of the teacher's run, which train wrote.",
    fixed=True,
    is_path=True,
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
    largest=4096,
    needs={"distribution_strategy": ("mirrored",)},
  )
  tpu: str = option(
    "",
    "Address of the TPU. Empty: the local one.",
    needs={"distribution_strategy": ("tpu",)},
  )
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
  machine, the data set or the time decides (`precision`, `train_steps`).
  """


def parts() -> dict[str, type]:
  """Returns the parts of `Config` by their names."""
  return {
    field.name: type(field.default) for field in dataclasses.fields(Config)
  }


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


# Ways to say the same thing, by the part that has them: the options of each.
# Who says it in one way takes back what was said in another one before.
ALTERNATIVES: dict[type, tuple[tuple[str, ...], ...]] = {
  DataConfig: (("dataset",), ("domain_a", "domain_b")),
  TrainConfig: (("train_steps",), ("epochs",), ("max_minutes",), ("until",)),
}


def said(
  part: type, values: Mapping[str, Any], typed: bool
) -> list[tuple[str, ...]]:
  """Returns which of a part's `ALTERNATIVES` some options make use of.

  Args:
    part: Class of the part.
    values: Some of its options.
    typed: Whether each of them was typed. Files may hold all options, most with
      their defaults, which then say nothing.

  Returns:
    The ways, each with those of its options that say something; empty values
    take back only.
  """
  found = []
  for way in ALTERNATIVES.get(part, ()):
    names = tuple(
      name
      for name in way
      if values.get(name) and (typed or values[name] != getattr(part, name))
    )
    if names:
      found.append(names)
  return found


def replacing(part: type, values: Mapping[str, Any]) -> dict[str, Any]:
  """Returns options that are to be laid over earlier ones of the same part.

  A length of one kind, or pictures of one kind, replace those of another kind,
  which a preset, a file or an earlier run has. Layers of a discriminator are
  those of `n_layers`, whichever type it was before.

  Args:
    part: Class of the part.
    values: The options that are given together.

  Returns:
    These, with the defaults of what they replace.
  """
  found = dict(values)
  ways = said(part, values, typed=False) or said(part, values, typed=True)
  if ways:
    for way in ALTERNATIVES[part]:
      if not any(values.get(name) for name in way):
        found.update({n: getattr(part, n) for n in way if n not in found})
  if part is ModelConfig and "disc_n_layers" in values:
    found.setdefault("disc_type", "n_layers")
  return found


def trained_directions(config: Config) -> tuple[str, ...]:
  """Returns which of `AtoB` and `BtoA` a run trains."""
  students = config.distill.students
  return DIRECTIONS if students == BOTH else (students,)


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
    for name in (
      "gan_mode",
      "lambda_gp",
      "lambda_r1",
      "lambda_r2",
      "penalty_interval",
      "label_smoothing",
    )
  }
  return Config(
    data=teacher.data,
    model=dataclasses.replace(STUDENT.model, **discriminators),
    loss=dataclasses.replace(STUDENT.loss, **adversarial),
    # Another processor may be fastest in another precision.
    train=dataclasses.replace(teacher.train, precision="auto"),
    distill=DistillConfig(teacher=folder),
  )
