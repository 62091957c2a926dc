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
r"""Compares generators in half precision, as they are and as they are exported.

Recipe (a minute for each billion operations of a picture):

  python tools/checks/half_precision.py --sizes=64,128,256 \
    --runs=runs/quickstart,runs/mobile

For each run, direction and size one line each without and with what
`half_safe_norm` does: PSNR to float32 with sums in float32 and in float16, the
largest number or partial sum, whether anything became infinite, operators,
XNNPACK's partitions and milliseconds on one thread. Then, of numbers in [0, 1],
how far what LiteRT makes of the float32 file is at most from the same network
computed by Keras in float64, the same for Keras in float32, and how far the two
files are from each other, on four pictures. All are test pictures of the run.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
import time

import numpy as np
import tabulate
from absl import flags
from absl import logging

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors

_RUNS = flags.DEFINE_list("runs", [], "Folders that train wrote.")
_SIZES = flags.DEFINE_list("sizes", ["64"], "Sizes of the pictures, pixels.")
_DIRECTIONS = flags.DEFINE_list(
  "directions", list(config_lib.DIRECTIONS), "Which directions."
)
_HALF_SUMS = flags.DEFINE_bool(
  "half_sums", True, "Whether to try sums in float16 too, which takes long."
)
_AS_TRAINED = flags.DEFINE_bool(
  "as_trained", True, "Whether to try the norm as it is trained too."
)
_HEADERS = (
  "generator",
  "direction",
  "pixels",
  "norm",
  "dB, fp32 sums",
  "dB, fp16 sums",
  "largest",
  "finite",
  "operators",
  "partitions",
  "ms",
  "file from float64",
  "Keras from float64",
  "files differ by",
)
_SCALING_IMAGES, _TESTED = 8, 4


def main() -> None:
  """Prints a line for each generator, size and norm."""
  runs = _RUNS.value
  if not runs:
    raise errors.UserError("is missing: name folders of runs.", "runs")
  cpu_tuning.load_tensorflow()
  rows = []
  for run in runs:
    for direction in _DIRECTIONS.value:
      for size in map(int, _SIZES.value):
        found = _compare(run, direction, size)
        logging.info("%s", found)
        rows += found
  print(
    tabulate.tabulate(rows, _HEADERS, tablefmt="github", disable_numparse=True)
  )


def _compare(run: str, direction: str, size: int) -> list[list[str]]:
  """Returns a row for each norm: as it is, and for half precision."""
  from official.cyclegan.data import dataset
  from official.cyclegan.data import sources
  from official.cyclegan.serving import half_safe_norm
  from official.cyclegan.training import checkpoints

  config = config_file.load(run)
  source = sources.open_source(config.data, config.model.channels)
  generator, _ = checkpoints.load_generator(
    run, direction, command_config.DEFAULT_SELECTION
  )

  def read(split: str, count: int) -> np.ndarray:
    images = dataset.first_images(source, f"{split}{direction[0]}", size, count)
    return ((images + 1) / 2).astype(np.float32)

  safe = half_safe_norm.half_safe(
    generator, {size: read("train", _SCALING_IMAGES)}
  )
  tested = read("test", _TESTED)
  exact = _translated(_in_float64(generator), tested.astype(np.float64))
  name = f"{config.model.generator_type}, {config.model.gen_n_filters} filters"
  trained = _translated(generator, tested)
  tried = [("exported", safe, _translated(safe, tested))]
  if _AS_TRAINED.value:
    tried.insert(0, ("as it is", generator, trained))
  rows, before = [], None
  for norm, network, by_keras in tried:
    cells, made = _row(network, tested, trained[:1])
    differences = [np.abs(made - exact).max(), np.abs(by_keras - exact).max()]
    if before is not None:
      differences.append(np.abs(made - before).max())
    before = made
    cells += [f"{difference:.1g}" for difference in differences]
    rows.append([name, direction, str(size), norm, *cells])
  return rows


def _in_float64(generator):
  """Returns the same network, which computes in float64, the norms as well."""
  import tensorflow as tf

  from official.cyclegan.modeling import normalization

  class Norm(normalization.InstanceNormalization):
    """The formula; its base class computes in float32."""

    def call(self, inputs, training=None):
      mean = tf.reduce_mean(inputs, [1, 2], keepdims=True)
      variance = tf.math.reduce_variance(inputs, [1, 2], keepdims=True)
      x = (inputs - mean) / tf.sqrt(variance + self.epsilon)
      x = x * self.gamma if self.scale else x
      return x + self.beta if self.center else x

  def clone(layer):
    is_norm = isinstance(layer, normalization.InstanceNormalization)
    kind = Norm if is_norm else layer.__class__
    return kind.from_config({**layer.get_config(), "dtype": "float64"})

  copy = tf.keras.models.clone_model(generator, clone_function=clone)
  copy.set_weights(generator.get_weights())
  return copy


def _translated(network, images: np.ndarray) -> np.ndarray:
  """Returns what a network makes of images in [0, 1], in their dtype."""
  made = [network(i[None] * 2 - 1, training=False).numpy() for i in images]
  return np.clip(np.concatenate(made) / 2 + 0.5, 0, 1)


def _row(
  generator, images: np.ndarray, wanted: np.ndarray
) -> tuple[list[str], np.ndarray]:
  """Returns the cells from `dB` to `ms`, and what the file makes of images.

  Args:
    generator: The network.
    images: float32 `[count, size, size, channels]` in [0, 1].
    wanted: What the network as it is makes of the first in float32.
  """
  from official.cyclegan.evaluation import image_quality
  from official.cyclegan.serving import half_precision
  from official.cyclegan.serving import serving_module
  from official.cyclegan.serving import tflite_convert
  from official.cyclegan.serving import tflite_graph
  from official.cyclegan.serving import tflite_probe

  module = serving_module.ServingModule(generator, "AtoB")
  content = tflite_convert.convert(module, [images.shape[1]], "float32")
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "g.tflite")
    pathlib.Path(path).write_bytes(content)
    made, measured = tflite_probe.run_isolated(path, images)
  graph = tflite_graph.read(content)
  psnr = {}
  started = time.process_time()
  for sums in (half_precision.SINGLE, half_precision.HALF):
    if sums == half_precision.HALF and not _HALF_SUMS.value:
      psnr[sums] = "-"
      continue
    result = half_precision.run(graph, images[:1], sums)
    value = image_quality.pooled_psnr(result.image, wanted)
    psnr[sums] = f"{value:.1f}" if np.isfinite(value) else "none"
  logging.info(
    "Emulated in %.1f processor seconds.", time.process_time() - started
  )
  cells = [
    psnr[half_precision.SINGLE],
    psnr[half_precision.HALF],
    f"{result.largest:.4g}",
    "yes" if result.is_finite else "no",
    str(sum(measured["operators"].values())),
    str(measured["partitions"]),
    f"{measured['milliseconds']['1']:.1f}",
  ]
  return cells, made


if __name__ == "__main__":
  command.run(main)
