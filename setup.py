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
"""Packaging of the CycleGAN package.

There are two stacks (README, "Two stacks"). Python decides: 3.9 to 3.11 get
`keras2`, 3.12 and 3.13 get `keras3`. With CYCLEGAN_STACK=keras3 in the
environment, 3.10 and 3.11 get that as well. The pins are sets that resolve and
work together; each has its reason:

keras2:
tensorflow 2.15.1: the last release whose Keras is Keras 2, which
  tensorflow-addons needs. Models, training and export.
tensorflow-addons 0.23.0: InstanceNormalization, which Keras 2 lacks. The last
  release; it does not import with tensorflow 2.16.
keras 2.15: what tensorflow 2.15 needs; keras-tuner would take any.
tensorboard 2.15: what tensorflow 2.15 needs.
tensorflow-metadata <= 1.17.3: tensorflow-datasets asks for any version, but
  1.21 imports names that the protobuf of tensorflow 2.15 does not have.
numpy < 2: tensorflow 2.15 is compiled against numpy 1.
setuptools < 81: tensorboard 2.15 imports pkg_resources; 78.1.1 ends
  CVE-2025-47273.

keras3:
tensorflow 2.21: the newest release; 2.20 where a platform has no 2.21. Another
  one may name or compute differently what checkpoints and bit-equality rest on.
keras 3.15: pinned, for core/stack.py and modeling/adam.py use its inner parts;
  3.12 is the last for Python 3.10.
tensorboard 2.20: asks for no pkg_resources; tensorflow brings it along.
numpy >= 1.26: what tensorflow 2.21 needs.

Both:
tensorflow-datasets: the classic data sets, and where the built-in ones are
  kept. 4.9.10 needs Python 3.10; 4.9.3 is the last for 3.9.
importlib_resources: tensorflow-datasets imports it without asking for it.
keras-tuner: searches the loss weights. Pinned, for tuning/oracles.py keeps
  its state in another way than keras-tuner itself.
grpcio: how keras-tuner's workers ask their chief; tensorflow brings it along.
scikit-learn: the Gaussian process of keras-tuner's Bayesian search; brings
  scipy, which that needs as well. 1.5 ends CVE-2024-5206.
absl-py: flags.
pillow: reads every format that people have, CMYK, WebP and AVIF, of which
  tf.image reads a part, converts colours by their profiles (LittleCMS), and
  writes GIF. AVIF needs 11.3, the last for Python 3.9; 12.3 ends holes that
  that has (CVE-2026-55798, CVE-2026-59197 to 59200).
pyvips, pyvips-binary: libvips, which reads and writes rows of JPEG, PNG and
  TIFF as they are needed, for pictures larger than memory; Pillow holds whole
  ones, and tifffile knows TIFF only. Wheels of 8 MB for every Python from 3.7
  on, which bring libvips (LGPL-2.1) along. Without them such pictures are
  translated in memory.
tifffile: the TIFFs that Pillow reads wrongly: more than 8 bits in several
  bands, bands apart, floating point.
pillow-heif: HEIC, in which iPhones save. Its wheels hold x265 and those of av
  x264, which are under the GPL: who hands an application on with these wheels
  inside has to mind that. This package works without pillow-heif, and takes
  pi-heif, which only reads and is without x265 but no longer maintained.
imagehash: perceptual hashes, by which prepare finds near duplicates.
psutil: the free memory, by which pictures are kept or read again;
  tensorflow-datasets uses it as well.
requests: downloads that go on where they were; tensorflow-datasets uses it.
  2.32.4 ends CVE-2024-47081.
pyyaml: presets and the configuration files that people write.
tabulate: tables in Markdown.
matplotlib: the benchmarks' curves; nothing else draws axes.
ai-edge-litert: runs .tflite files without importing TensorFlow, so that
  translate starts at once, and is the runtime of today's phones, in which
  export measures. Pinned, for partitions and speed depend on it; 2.0.2 is the
  last for Python 3.9. Where it has no wheel TensorFlow's interpreter is used.
litert-quantizer: the kinds of .tflite files int8_mixed and int4. Kept by
  LiteRT's makers, small (0.5 MB), and brings nothing that TensorFlow 2.15 does
  not take; was ai-edge-quantizer. It wants the very LiteRT pinned above. There
  is none for Python 3.9.
flatbuffers: writes metadata into .tflite files; tensorflow brings it along.
tensorflow-serving-api: the format of TensorFlow Serving's warm-up requests.
av: reads and writes videos, cameras and their sound; its wheels bring FFmpeg's
  libraries, with H.264, for Linux, macOS and Windows. Always installed, since
  folders of people's pictures hold videos, and it is small beside tensorflow.
  15.1 is the last for Python 3.9; tested with 15.1, 18.1 and 19.0, of which the
  last needs Python 3.12.
jinja2: the pages and cards that people read; what file names hold is escaped.
shtab: completion for shells, from argparse's declarations.
packaging: compares versions with pins (doctor); matplotlib needs it as well.
tqdm: progress bars; tensorflow-datasets uses it as well. 4.66.3 ends
  CVE-2024-34062.
onnx, onnxruntime: export --format=onnx; the former, by the format's own
  keepers, writes it, the latter runs what was written before it is kept. An
  extra: who is on LiteRT needs neither. tf2onnx was not taken: it reads
  TensorFlow's graph, in which a norm is nine operators, and its makers have not
  answered for Keras 3 (their issue 2329). onnx 1.18 is the last without
  ml_dtypes, of which TensorFlow 2.15 takes an old one only.
coremltools: export --format=coreml. An extra too: few need it, and what it
  writes can be run on macOS only. Tried with TensorFlow 2.15.1 on Linux.
starlette, uvicorn: the studio's server, an extra. Uploads arrive piece by
  piece and a training's course is sent as it happens, which http.server gives
  no way to bound; both are small, pure Python and kept by the same people.
  starlette 0.49.1 ends CVE-2025-62727 and is the last for Python 3.9.
tensorboard: hyperparameters for its HParams tab; tensorflow brings it along.
apache-beam: translate_many, evaluate_many and prepare_many, here and on Flink,
  Spark and Dataflow: nothing else has all of these and every file system. An
  extra, for who has that many pictures. It has none for Python 3.9. Tested with
  2.77.
google-crc32c: the checksums of TFRecords where there is no TensorFlow; Beam has
  them by it as well (its own extra tfrecord).
"""

import os
import pathlib

import setuptools

_README = pathlib.Path(__file__).with_name("README.md")
_STACKS = {
  "keras2": [
    "keras==2.15.0",
    "numpy>=1.23,<2",
    "setuptools>=78.1.1,<81",
    "tensorboard>=2.15,<2.16",
    "tensorflow==2.15.1",
    "tensorflow-addons==0.23.0",
    "tensorflow-metadata>=1.14,<=1.17.3",
    "tensorflow-serving-api==2.15.1",
  ],
  "keras3": [
    "keras==3.15.1; python_version>='3.11'",
    "keras==3.12.4; python_version<'3.11'",
    "numpy>=1.26",
    "tensorboard>=2.20,<2.22",
    "tensorflow>=2.20,<2.22",
    "tensorflow-metadata>=1.21",
    "tensorflow-serving-api>=2.20,<2.22",
  ],
}
_ASKED = os.environ.get("CYCLEGAN_STACK", "")
if _ASKED not in ("", *_STACKS):
  raise SystemExit(
    f"CYCLEGAN_STACK={_ASKED}: must be one of {', '.join(_STACKS)}."
  )
# The Pythons of each stack; asked for, one has all on which it installs.
_PYTHONS = {
  "": ">=3.9,<3.14",
  "keras2": ">=3.9,<3.12",
  "keras3": ">=3.10,<3.14",
}
_LITERT = [
  (
    "ai-edge-litert==2.3.0; python_version>='3.10' and"
    " (platform_system!='Darwin' or platform_machine=='arm64')"
  ),
  ("ai-edge-litert==2.0.2; python_version<'3.10' and platform_system=='Linux'"),
]
# Where there is LiteRT 2.3.
_QUANTIZER = f"litert-quantizer==0.11.0; {_LITERT[0].partition('; ')[2]}"
_PILLOW = [
  "pillow>=12.3; python_version>='3.10'",
  "pillow>=11.3; python_version<'3.10'",
]
_BEAM = [
  "apache-beam>=2.60,<3; python_version>='3.10'",
  "google-crc32c>=1.5; python_version>='3.10'",
]
_TQDM = "tqdm>=4.66.3"
_STUDIO = ["starlette>=0.49.1", "uvicorn>=0.30"]
_VIDEO = ["av>=15.1,<20"]


def _stack_packages() -> list[str]:
  """Returns the packages of the stack asked for, or of each for its Python."""
  if _ASKED:
    return _STACKS[_ASKED]
  return [
    *(f"{p}; python_version<'3.12'" for p in _STACKS["keras2"]),
    *(
      f"{p.split(';')[0]}; python_version>='3.12'"
      for p in _STACKS["keras3"]
      if "<'3.11'" not in p
    ),
  ]


# Files in folders of their own; setuptools' * does not cross these.
_HERE = pathlib.Path(__file__).parent / "official" / "cyclegan"
_ANDROID = [
  str(path.relative_to(_HERE))
  for path in sorted((_HERE / "android").rglob("*"))
  if path.is_file()
]

setuptools.setup(
  name="cyclegan-garden",
  version="0.7.0",
  description="CycleGAN for TensorFlow, from two piles of pictures to TFLite",
  long_description=_README.read_text(encoding="utf-8"),
  long_description_content_type="text/markdown",
  license="Apache-2.0",
  packages=setuptools.find_packages(include=["official", "official.*"]),
  # py.typed: says that the package has types, for the mypy of who uses it.
  package_data={
    "official.cyclegan": [
      "configs/*.flags",
      "configs/*.yaml",
      "*.pyi",
      "py.typed",
      "web/*",
      *_ANDROID,
    ],
    "official.cyclegan.pipeline": ["*.pbtxt"],
    "official.cyclegan.reporting": ["*.css", "*.j2", "*.js"],
    "official.cyclegan.studio_app": [
      "*.css",
      "*.html",
      "*.js",
      "*.json",
      "*.svg",
    ],
  },
  python_requires=_PYTHONS[_ASKED],
  entry_points={"console_scripts": ["cyclegan=official.cyclegan.cli:main"]},
  install_requires=[
    *_stack_packages(),
    "absl-py>=1.4",
    *_LITERT,
    *_VIDEO,
    "flatbuffers>=23.5.26",
    "grpcio>=1.59",
    "imagehash>=4.3",
    "importlib_resources",
    "jinja2>=3.1.6",
    "keras-tuner==1.4.8",
    _QUANTIZER,
    "matplotlib>=3.5",
    "packaging>=21",
    *_PILLOW,
    "pillow-heif>=1.0",
    "psutil",
    "pyvips>=2.2.3",
    "pyvips-binary>=8.15",
    "pyyaml>=6",
    "requests>=2.32.4",
    "scikit-learn>=1.5",
    "shtab>=1.7",
    "tabulate>=0.9",
    "tensorflow-datasets==4.9.10; python_version>='3.10'",
    "tensorflow-datasets==4.9.3; python_version<'3.10'",
    "tifffile>=2023.7",
    _TQDM,
  ],
  extras_require={
    # All that translate needs for .tflite files. pip installs the packages
    # above with any extra; to go without them (500 MB) install this package
    # with --no-deps, and these (docs/on-device.md).
    "ondevice": [
      "absl-py>=1.4",
      *_LITERT,
      "numpy>=1.23",
      *_PILLOW,
      _TQDM,
    ],
    # For translate without TensorFlow, of iPhones' photos.
    "heic": ["pillow-heif>=1.0"],
    # For translate without TensorFlow, of videos and cameras.
    "video": _VIDEO,
    # For export --format=onnx.
    "onnx": [
      "onnx>=1.16,<1.19; python_version<'3.12'",
      "onnx>=1.17; python_version>='3.12'",
      "onnxruntime>=1.17",
    ],
    # For export --format=coreml.
    "coreml": ["coremltools>=9.0"],
    # For translate_many, evaluate_many and prepare_many.
    "beam": _BEAM,
    # For the studio.
    "studio": _STUDIO,
    # pytest runs the tests, pytest-xdist several at a time; ruff lints and
    # formats, one tool for both. scikit-image: a second opinion on PSNR and
    # SSIM. selenium: drives the browser that tests the page. mypy checks the
    # types, pinned as ruff is: another version finds other things; types-*:
    # the types of packages that come without. huggingface_hub: reads model
    # cards as the Hub does. nbclient, nbformat, ipykernel: run the notebooks.
    # mkdocs-material: builds the docs' site.
    "dev": [
      *_STUDIO,
      "huggingface_hub>=0.23",
      "ipykernel>=6",
      "mkdocs-material>=9.5",
      "mypy==2.4.1; python_version>='3.10'",
      "nbclient>=0.8",
      "nbformat>=5.9",
      "pytest>=8",
      "pytest-xdist>=3.5",
      "ruff==0.17.6",
      "scikit-image>=0.22",
      "selenium>=4.15",
      "types-psutil",
      "types-PyYAML",
      "types-requests",
      "types-tabulate",
      "types-tqdm",
    ],
  },
)
