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
"""Options of the commands that a run does not keep, each declared once."""

from __future__ import annotations

import dataclasses

from official.cyclegan.core import config as config_lib
from official.cyclegan.core.options import option

# Those that need pictures to learn the ranges of what is computed.
CALIBRATED = ("int8", "int8_mixed", "int16x8")
# The others, whose files take tiles.
TILED = tuple(
  kind for kind in config_lib.QUANTIZATIONS if kind not in CALIBRATED
)
# Those whose instance norms are computed in whole numbers as well.
WHOLE_NUMBERS = ("int8",)
_TFLITE = ("tflite", "web", "android")  # formats with .tflite files
# How a picture larger than the model's size is translated.
AUTO, STRETCH, GUIDED, TILES, NATIVE = (
  "auto",
  "stretch",
  "guided",
  "tiles",
  "native",
)
DETAILS = (AUTO, STRETCH, GUIDED, TILES, NATIVE)
# What there was as `scale` up to 0.6, and what that is called now.
SCALES = ("fit", "native")
OLD_DETAILS = {"fit": STRETCH}
# Of tiles, by the comparison in docs/full-size.md.
TEXTURE_SCALE = 0.5
# What translate's pictures are written as, and what it can take over.
PICTURE_FORMATS = ("same", "png", "jpg", "webp", "tiff", "avif")
FILES = "files"
PACKS = (FILES, "tfrecord", "webdataset")
KEPT = ("alpha", "exif", "icc")
MODES = ("train", "eval", "train_and_eval")
# What `evaluate` measures, where it can be: which way is better is in
# `pipeline/decision`.
EVALUATED = (
  *config_lib.METRICS,
  "edge_correlation",
  "grid",
  "fid_inception",
  "kid_inception",
  *(
    f"{side}{measure}"
    for side in ("", "masked_", "outside_")
    for measure in ("l1", "psnr", "ssim")
  ),
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
  detail_sizes: tuple[int, ...] = option(
    (),
    "Widths and heights at which the ways of keeping detail (translate's"
    " --detail) are compared as well, on test pictures that have as many"
    " pixels; built-in data sets are drawn anew. A sheet full_size_AtoB_256.png"
    " shows them, with enlarged crops.",
    unit="pixels",
    minimum=16,
    largest=config_lib.LARGEST_SIZE,
    example=256,
  )
  inception: bool = option(
    False,
    "FID and KID on Keras's InceptionV3 as well, whose weights Keras downloads"
    " once (88 MB). They are not those that papers use.",
  )
  inception_weights: str = option(
    "", "File of such weights, instead of the download.", is_path=True
  )


@dataclasses.dataclass(frozen=True)
class ExportConfig:
  """What leaves training, and how good it has to be."""

  format: tuple[str, ...] = option(
    ("saved_model", "tflite"),
    "What to write: saved_model (servers), tflite, web (a folder with a page"
    " that translates in the browser; brings tflite), onnx (for ONNX Runtime"
    " and others; takes any size; needs the extra onnx), coreml (Apple's"
    " devices; one size, float16; needs the extra coreml), android (a project"
    " with the files in it; brings tflite; one size, --io=float01).",
    choices=("saved_model", "tflite", "web", "onnx", "coreml", "android"),
  )
  quantization: tuple[str, ...] = option(
    ("float32", "float16", "dynamic"),
    "Kinds of .tflite files: float32, float16 (half the size; for graphics"
    " processors), dynamic (8-bit weights, a quarter of it; the fastest on"
    " processors), int4 (4-bit weights, the smallest), int8 (all in 8 bits),"
    " int8_mixed (convolutions in 8 bits, norms in float32), int16x8 (16-bit"
    " activations). int4, int8_mixed and int16x8 need Python 3.10.",
    choices=config_lib.QUANTIZATIONS,
    needs={"format": _TFLITE},
  )
  sizes: tuple[int, ...] = option(
    (),
    "Widths and heights that the .tflite files take, one signature each in the"
    " same file; e.g. 256,384. The first is serving_default, another one e.g."
    " s384. ONNX files are checked at all of them, and a Core ML package takes"
    " the first. Empty: --size.",
    unit="pixels",
    largest=config_lib.LARGEST_SIZE,
    needs={"format": (*_TFLITE, "onnx", "coreml")},
  )
  io: str = option(
    "float01",
    "What .tflite files take and give: float01, float32 in [0, 1] as in"
    " TensorFlow's style transfer apps, or uint8, [0, 255].",
    choices=("float01", "uint8"),
    needs={"format": _TFLITE},
  )
  calibration_images: int = option(
    100,
    "Training pictures from which int8, int8_mixed and int16x8 learn ranges.",
    unit="images",
    minimum=1,
    needs={"quantization": CALIBRATED},
  )
  test_images: int = option(
    50,
    "Test pictures on which every file is compared with the Keras generator.",
    unit="images",
    minimum=1,
  )
  samples: int = option(
    8,
    "Test pictures of each domain that go into what is exported: samples, for"
    " the page as well, export_AtoB.png and requests to warm a server up. 0:"
    " none, and not where the data set lies either.",
    unit="images",
    minimum=0,
  )
  min_psnr: float = option(
    25.0,
    "Least PSNR of a .tflite file to the Keras generator; below it nothing is"
    " written.",
    unit="dB",
    minimum=0,
    maximum=200,
    needs={"format": _TFLITE},
  )
  detail: str = option(
    AUTO,
    "What translate and the page do by default to keep the detail of pictures"
    " that are larger than the model's size; see translate's --detail. auto:"
    " what is measured to be best on test pictures of twice and four times"
    " the size, where there are such; else guided. With tiles, given or found,"
    f" {', '.join(TILED)} .tflite files take tiles as well, and such pictures"
    " of the other domain tell how much fine detail tiles keep.",
    choices=DETAILS,
  )
  description: str = option(
    "", "Text for the .tflite files' metadata and the model card."
  )
  author: str = option("", "Who made the model, for the metadata and the card.")
  licence: str = option(
    "Up to who trained it, and to the pictures trained on.",
    "The model's licence, for the files' metadata and the model card: a name of"
    " the Hugging Face Hub's such as cc-by-4.0, or any text.",
    old_flags=("license",),
    may_be_empty=True,
  )


@dataclasses.dataclass(frozen=True)
class CommandConfig:
  """What a command is asked to do; several commands share these."""

  model_dir: str | None = option(
    None,
    "Folder of the run: config.json, checkpoints, sample pictures and"
    " TensorBoard logs.",
    is_path=True,
    peers=("checkpoints_dir",),
  )
  mode: str = option(
    "train",
    "What to do: train, eval (as the command evaluate does with its defaults)"
    " or train_and_eval.",
    choices=MODES,
  )
  model: str | None = option(
    None,
    "Folder that train or export wrote, a SavedModel, or a .tflite file. A"
    " SavedModel is a program: TensorFlow runs what its maker put into it.",
    is_path=True,
  )
  size: int = option(
    0,
    "Width and height that the model works at; of a .tflite file one of those"
    " that it takes. 0: the size trained on, or the file's first.",
    unit="pixels",
    minimum=0,
    largest=config_lib.LARGEST_SIZE,
  )
  checkpoint: str = option(
    config_lib.LATEST,
    "Which checkpoint of a run: the newest, or the one that train's"
    " --best_metric kept.",
    choices=(config_lib.LATEST, config_lib.BEST),
  )
  raw_generator: bool = option(
    False,
    "Use a run's generators as trained instead of their moving averages.",
  )
  output_dir: str | None = option(
    None, "Folder for what is written.", is_path=True
  )
  experiment: str | None = option(
    None,
    "Preset by name, e.g. quickstart: a file of official/cyclegan/configs,"
    " from any working directory. Where neither this nor a --config_file or"
    " --flagfile is given, train takes pictures. none: no preset.",
  )
  config_file: tuple[str, ...] = option(
    (),
    "YAML or JSON file of options, with the keys of config.json. May be given"
    " several times; later files win.",
    repeated=True,
    is_path=True,
  )
  params_override: tuple[str, ...] = option(
    (),
    "Options as a list such as train.learning_rate=1e-4,model.gen_n_filters=16."
    " They win over --experiment and --config_file; flags win over them.",
    repeated=True,
  )
  dry_run: bool = option(False, "Print the configuration and stop.")
  format: str = option(
    "json",
    "How --dry_run prints it: json, resolved, as in config.json; or yaml, as it"
    " was asked for, with what follows as comments, so that flags beside the"
    " file do what they do without it. --config_file takes both.",
    choices=("json", "yaml"),
  )


@dataclasses.dataclass(frozen=True)
class PackConfig:
  """What `prepare` writes."""

  preview: str | None = option(
    None,
    "PNG or JPEG file to write, showing what the networks will see; nothing"
    " else is done.",
    is_path=True,
  )
  shard_mb: int = option(
    128, "About how large a file of records gets.", unit="MB", minimum=1
  )


@dataclasses.dataclass(frozen=True)
class ProbeConfig:
  """What `probe` looks at."""

  pictures: int = option(
    500,
    "Training pictures of each domain that are looked at, at most; from all"
    " over the domain, and as many as can be read in a minute.",
    unit="pictures",
    minimum=4,
    example=500,
  )


@dataclasses.dataclass(frozen=True)
class CheckDeviceConfig:
  """What `check_device` compares."""

  golden: str | None = option(
    None, "Folder golden that export wrote.", is_path=True
  )
  outputs: str | None = option(
    None,
    "Folder with what an app makes of the golden inputs, called as the golden"
    " outputs: AtoB/0_output.f32, .u8 or .png.",
    is_path=True,
  )
  min_psnr: float = option(
    30.0,
    "Least PSNR to the golden outputs. Half precision has 45 and more, 8-bit"
    " files have 35.",
    unit="dB",
    minimum=0,
    maximum=200,
  )


@dataclasses.dataclass(frozen=True)
class TranslateConfig:
  """What `translate` reads, and how."""

  input: str | None = option(
    None,
    "Picture; folder of pictures and videos, with its sub-folders; glob pattern"
    " in quotes, in which ** stands for any folders; a data set as for train's"
    " --dataset: its test pictures; or a video file, or camera:0.",
    is_path=True,
  )
  output: str | None = option(
    None,
    "Folder for the results, which keep the inputs' names and sub-folders; for"
    " a single picture also a .png, .jpg, .webp, .tiff or .avif file. Never"
    " what is read. Of a video also a file ending in .mp4, .m4v, .mov, .mkv,"
    " .webm, .ts, .avi, .wmv or .gif.",
    is_path=True,
  )
  direction: str = option(
    "AtoB", "Which way to translate.", choices=config_lib.DIRECTIONS
  )
  detail: str = option(
    AUTO,
    "How a picture larger than the model's size keeps its detail. stretch:"
    " squeezed to that size, as training did, and the result enlarged. guided:"
    " so too, but what has changed is brought to full size along the picture's"
    " own edges. tiles: translated at the size that --texture_scale says, in"
    " tiles that fit together, in little memory, and then as guided; a .tflite"
    " file needs export --detail=tiles. native: at"
    " full size at once, which takes memory, and not for .tflite files. auto:"
    " what export noted to be best for this model; where nothing is noted, as"
    " in a run's folder, stretch. Formerly --scale, with fit for stretch.",
    choices=DETAILS,
    old_flags=("scale",),
    old_values=OLD_DETAILS,
  )
  texture_scale: float = option(
    TEXTURE_SCALE,
    "Of tiles, how large a pixel of theirs is beside one of training, for which"
    " whole pictures were made as small as the model's size: 1 paints strokes"
    " as large in the picture as in training, 0.25 strokes of a quarter of"
    " that, and the change is then brought to full size as with guided. 0: the"
    " picture's own pixels, the finest.",
    minimum=0,
    maximum=1,
    example=0.25,
    needs={"detail": (AUTO, "tiles")},
  )
  range: str = option(
    "model",
    "Which levels of pictures with more than 8 bits become black and white:"
    " model, those that the model was trained with; full, all of 16 bits; auto,"
    " the range of these pictures together; or two levels such as 51000,52500.",
  )
  format: str = option(
    "same",
    "What pictures in a folder are written as, with 8 bits. same: as the input"
    " is called, and png where that format cannot be written.",
    choices=PICTURE_FORMATS,
  )
  quality: int = option(
    95,
    "Quality of .jpg, .webp and .avif files.",
    minimum=1,
    maximum=100,
  )
  keep: tuple[str, ...] = option(
    (),
    "What results take over from their inputs: alpha, the transparency (not in"
    " .jpg files); exif, all of it but orientation and thumbnail, and the"
    " file's times; icc, the colour profile, to which colours are converted."
    " Without icc results are sRGB.",
    choices=KEPT,
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
  start: float = option(
    0.0, "Of a video, from when on.", unit="seconds", minimum=0
  )
  duration: float = option(
    0.0,
    "Of a video, how long from there. 0: to the end.",
    unit="seconds",
    minimum=0,
  )


@dataclasses.dataclass(frozen=True)
class BeamConfig:
  """Where Apache Beam runs a job."""

  runner: str = option(
    "DirectRunner",
    "Beam's runner. DirectRunner: this machine. Others, such as FlinkRunner,"
    " SparkRunner, DataflowRunner and PortableRunner, by --beam_options.",
    example="FlinkRunner",
  )
  workers: int = option(
    0,
    "Of DirectRunner, how many processes work. 0: one for each core.",
    minimum=0,
  )
  beam_options: str = option(
    "",
    "Beam's own flags, in quotes, such as"
    " '--flink_master=host:8081 --parallelism=64'.",
    example="--streaming",
  )


@dataclasses.dataclass(frozen=True)
class PlacesConfig:
  """Where the commands for very many pictures find and leave them."""

  input: str | None = option(
    None,
    "Folder of pictures and of TFRecords, with its sub-folders; glob pattern in"
    " quotes, in which ** stands for any folders; or a .txt file with an"
    " address in each line. On this machine or one of Beam's file systems"
    " (gs://, s3://, hdfs://).",
    is_path=True,
  )
  output: str | None = option(
    None,
    "Folder or address for the results and their manifest. Never what is read.",
    is_path=True,
  )


@dataclasses.dataclass(frozen=True)
class ManyConfig:
  """What `translate_many` writes, and how."""

  manifest_shards: int = option(
    1,
    "How many files the manifest is. 0: as many as the runner likes, for very"
    " many pictures.",
    minimum=0,
  )
  pack: str = option(
    FILES,
    "What results are: files with the inputs' names; or packed, many to a"
    " shard, as tfrecord (features image, name, source, sha256) or webdataset"
    " (tar files with a .json beside each picture).",
    choices=PACKS,
  )
  shard_pictures: int = option(
    1000,
    "Packed, about how many pictures a shard gets. What is begun of a shard is"
    " done again after the job was killed.",
    unit="pictures",
    minimum=1,
    needs={"pack": PACKS[1:]},
  )
  batch_size: int = option(
    1,
    "Pictures that the model gets at once, for graphics processors; more than"
    " 1 for a SavedModel only.",
    unit="pictures",
    minimum=1,
    maximum=4096,
  )


@dataclasses.dataclass(frozen=True)
class EvaluateManyConfig:
  """What `evaluate_many` compares pictures with."""

  references: str | None = option(
    None,
    "Folder, glob pattern in quotes or .txt file of addresses: real pictures of"
    " the kind that translations should be like.",
    is_path=True,
  )


@dataclasses.dataclass(frozen=True)
class PrepareManyConfig:
  """Where `prepare_many` keeps what it has found so far."""

  work_dir: str | None = option(
    None,
    "Folder that all workers can read and write, for what is found about each"
    " picture (2 KB of each) while the job runs. Empty: the system's folder for"
    " temporary files, which is this machine's.",
    is_path=True,
  )


@dataclasses.dataclass(frozen=True)
class PipelineConfig:
  """How a pipeline is run every night, and which model it puts into use."""

  pipeline_root: str | None = option(
    None,
    "Folder of the pipeline: what each step made, the metadata of all runs"
    " (metadata.sqlite), and in work/ what goes on after an interruption.",
    is_path=True,
  )
  pipeline_name: str = option(
    "cyclegan",
    "Name in the metadata: runs of one name share their results and compare"
    " themselves with the model that is in use under it.",
  )
  runner: str = option(
    "local",
    "local: this machine. kubeflow: write what Kubeflow Pipelines 2 and Vertex"
    " AI run, to --compiled, and stop.",
    choices=("local", "kubeflow"),
  )
  push_dir: str = option(
    "",
    "Folder for models in use, a sub-folder for each. Empty: pushed/ in"
    " --pipeline_root.",
    is_path=True,
  )
  work_dir: str = option(
    "",
    "Folder for trainings and searches that go on after an interruption. Empty:"
    " work/ in --pipeline_root. With kubeflow a folder that is mounted in all"
    " containers.",
    is_path=True,
  )
  tuned: bool = option(
    False,
    "Search the options of the section search first, as tune does, and train"
    " with the best ones.",
  )
  warm_start: bool = option(
    False,
    "Begin a training on new pictures with the networks of the model in use.",
  )
  measure: str = option(
    "auto",
    "By which of evaluate's measures a model is compared with the one in use,"
    " both on the test pictures of now. auto: relative_l1 where the truth is"
    " known, else fid_patches.",
    choices=("auto", *EVALUATED),
    old_values=config_lib.METRIC_ALIASES,
  )
  worse_by: float = option(
    0.0,
    "How much worse than the model in use a model may be and still take its"
    " place, as a share of that one's figure: 0.02 is two percent.",
    minimum=0,
    example=0.02,
  )
  cached: bool = option(
    True, "Leave out steps whose inputs and options are as they were."
  )
  compiled: str = option(
    "pipeline.json",
    "Of kubeflow, the file to write.",
    is_path=True,
    needs={"runner": ("kubeflow",)},
  )
  image: str = option(
    "",
    "Of kubeflow, the container's image, with what tools/tfx_env.sh installs.",
    needs={"runner": ("kubeflow",)},
  )


@dataclasses.dataclass(frozen=True)
class DemoConfig:
  """Where a page is served."""

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
class StudioConfig:
  """What `studio` works on."""

  root: str = option(
    "studio",
    "Folder of the projects, made if it is missing. Nothing outside of it is"
    " read or written; to train on folders that are there already name one that"
    " holds them.",
    is_path=True,
  )
  open_browser: bool = option(True, "Open the page in this machine's browser.")
  largest_picture: int = option(
    100, "A picture's file of more is refused.", unit="MB", minimum=1
  )
  largest_video: int = option(
    1000, "A video's file of more is refused.", unit="MB", minimum=1
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
    needs={"via": ("archive",)},
  )
  sha256: str = option(
    "",
    "SHA-256 that the archive must have instead of the known one, 64"
    " hexadecimal digits; none: any.",
    needs={"via": ("archive",)},
  )


@dataclasses.dataclass(frozen=True)
class DoctorConfig:
  """What `doctor` tries."""

  self_test: bool = option(
    False,
    "Also draw some pictures, train on them, export and translate: whether all"
    " of it works here. About a minute; nothing of it is kept.",
  )


@dataclasses.dataclass(frozen=True)
class CompletionConfig:
  """For whom `completion` writes."""

  shell: str = option(
    "bash", "Which shell will read it.", choices=("bash", "zsh", "tcsh")
  )


@dataclasses.dataclass(frozen=True)
class GeneratorSelection:
  """Which of a run's generators is wanted.

  Attributes:
    checkpoint: `latest`, or `best` for the one that `--best_metric` kept.
    use_ema: Whether to take the moving averages of the weights, where the run
      keeps them, instead of the weights as trained.
  """

  checkpoint: str = config_lib.LATEST
  use_ema: bool = True


DEFAULT_SELECTION = GeneratorSelection()
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
