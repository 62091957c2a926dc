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
largest number or partial sum, whether anything became infinite, the largest
difference in float32 on other pictures, operators, XNNPACK's partitions and
milliseconds on one thread. The pictures are test pictures of the run's data.
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
from official.cyclegan.core import errors
from official.cyclegan.core import stack

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
  "float32 differs by",
  "operators",
  "partitions",
  "ms",
)
_SCALING_IMAGES, _TESTED = 8, 4


def main() -> None:
  """Prints a line for each generator, size and norm."""
  runs = _RUNS.value
  if not runs:
    raise errors.UserError("is missing: name folders of runs.", "runs")
  stack.load_tensorflow()
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
  expected, got = (
    np.concatenate([net(i[None] * 2 - 1, training=False) for i in tested])
    for net in (generator, safe)
  )
  difference = float(np.abs(expected - got).max() / 2)
  name = f"{config.model.generator_type}, {config.model.gen_n_filters} filters"
  wanted = np.clip(expected[:1] / 2 + 0.5, 0, 1)
  return [
    [name, direction, str(size), norm, *_row(net, tested[:1], wanted, shown)]
    for norm, net, shown in (
      ("as it is", generator, ""),
      ("exported", safe, f"{difference:.1g}"),
    )
    if net is safe or _AS_TRAINED.value
  ]


def _row(generator, image, wanted, difference: str) -> list[str]:
  """Returns the cells from `dB` on."""
  from official.cyclegan.evaluation import image_quality
  from official.cyclegan.serving import half_precision
  from official.cyclegan.serving import serving_module
  from official.cyclegan.serving import tflite_convert
  from official.cyclegan.serving import tflite_graph
  from official.cyclegan.serving import tflite_probe

  module = serving_module.ServingModule(generator, "AtoB")
  content = tflite_convert.convert(module, [image.shape[1]], "float32")
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "g.tflite")
    pathlib.Path(path).write_bytes(content)
    _, measured = tflite_probe.run_isolated(path, image)
  graph = tflite_graph.read(content)
  psnr = {}
  started = time.process_time()
  for sums in (half_precision.SINGLE, half_precision.HALF):
    if sums == half_precision.HALF and not _HALF_SUMS.value:
      psnr[sums] = "-"
      continue
    result = half_precision.run(graph, image, sums)
    value = image_quality.pooled_psnr(result.image, wanted)
    psnr[sums] = f"{value:.1f}" if np.isfinite(value) else "none"
  logging.info(
    "Emulated in %.1f processor seconds.", time.process_time() - started
  )
  return [
    psnr[half_precision.SINGLE],
    psnr[half_precision.HALF],
    f"{result.largest:.4g}",
    "yes" if result.is_finite else "no",
    difference,
    str(sum(measured["operators"].values())),
    str(measured["partitions"]),
    f"{measured['milliseconds']['1']:.1f}",
  ]


if __name__ == "__main__":
  command.run(main)
