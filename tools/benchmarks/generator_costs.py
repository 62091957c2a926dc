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
r"""Says what generators cost: operations, memory, file size, milliseconds.

  python tools/benchmarks/generator_costs.py --size=256 --generator_type=mobile
  python tools/benchmarks/generator_costs.py --size=256 --gen_n_filters=64 \
    --upsample=conv_transpose --noglobal_skip
  python tools/benchmarks/generator_costs.py \
    --tflite=runs/quickstart/export/g_AB.tflite
  python tools/benchmarks/generator_costs.py --size=256 \
    --model_dir=runs/quickstart
  python tools/benchmarks/generator_costs.py --experiment=mobile --browser \
    --quantization=dynamic --variant=narrow:gen_n_filters=14 \
    --variant=coarse:block_scale=8,n_res_blocks=6

A generator is built from the model flags, or from a run's config.json, with
fresh weights, and written in every --quantization; so is each --variant, which
has some of the model's options changed. Multiply-accumulate
operations are counted as they are, and as papers on compressing generators
count them: transposed convolutions at the size of their output (56.8 G for the
second example). Milliseconds are the median on one and two threads in the
runtime without TensorFlow; with --browser also in Chromium's WASM, where all
files are run in turns. With --camera the page says how many frames of a camera
it restyles in a second by each file.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile

import in_browser
import markdown_table
import numpy as np
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags
from official.cyclegan.core import options

_BROWSER_FIGURES = {
  "ms in WASM": "browser_ms",
  "frames a second": "frames_per_second",
}

core_flags.define(command_config.CommandConfig, "model_dir")
# All of train's, so that its flag files can be given.
core_flags.define_run(devices=False)
core_flags.define(command_config.CommandConfig, "size")
_QUANTIZATION = flags.DEFINE_list(
  "quantization",
  list(command_config.ExportConfig.quantization),
  "Kinds of .tflite files to write and measure.",
)
_TFLITE = flags.DEFINE_list(
  "tflite", [], "Files to measure instead, separated by commas."
)
_JSON = flags.DEFINE_string("json", "", "File for the figures.")
_MEASURE = flags.DEFINE_boolean("measure", True, "Measure milliseconds.")
_VARIANTS = flags.DEFINE_multi_string(
  "variant",
  [],
  "NAME:OPTION=VALUE,... of a generator to measure too; may be repeated.",
)
_BROWSER = flags.DEFINE_boolean(
  "browser", False, "Measure in Chromium as well, all files in turns."
)
_CAMERA = flags.DEFINE_boolean(
  "camera", False, "Count the frames a second of the page with a camera."
)


def main() -> None:
  """Prints a row for each file."""
  config = _config()
  for flag in (_BROWSER, _CAMERA):
    if flag.value and in_browser.missing():
      raise errors.UserError(
        f"needs {in_browser.missing()}: install it first.", flag.name
      )
  with tempfile.TemporaryDirectory() as folder:
    paths = _TFLITE.value or _write_all(config, folder)
    rows = {os.path.basename(path): _row(path) for path in paths}
    if _BROWSER.value:
      named = {os.path.basename(path): path for path in paths}
      for name, milliseconds in in_browser.milliseconds(named).items():
        rows[name]["browser_ms"] = milliseconds
    if _CAMERA.value:
      for path in paths:
        rows[os.path.basename(path)].update(_on_page(path))
  print(_table(rows))
  if _JSON.value:
    text = json.dumps(rows, indent=2) + "\n"
    files.write_text(pathlib.Path(_JSON.value), text, "json")


def _config() -> config_lib.Config:
  if flags.FLAGS.model_dir:
    return config_file.load(flags.FLAGS.model_dir)
  return config_checks.resolve(core_flags.config_from_flags())


def _write_all(config: config_lib.Config, folder: str) -> list[str]:
  """Writes the generator and its variants; returns where."""
  named = {config.model.generator_type: config}
  for text in _VARIANTS.value:
    name, _, changes = text.partition(":")
    named[name] = dataclasses.replace(
      config, model=_changed(config.model, text, changes)
    )
    config_checks.resolve(named[name])
  return [
    path
    for name, variant in named.items()
    for path in _write(variant, name, folder)
  ]


def _changed(
  model: config_lib.ModelConfig, variant: str, changes: str
) -> config_lib.ModelConfig:
  """Returns a model with some of its options changed."""
  declared = {entry.name: entry for entry in options.declared(model)}
  values = {}
  for change in changes.split(","):
    name, equals, text = change.partition("=")
    if not equals or name not in declared:
      raise errors.UserError(
        ": give NAME:OPTION=VALUE,... with options of the networks, such as"
        " n_res_blocks.",
        "variant",
        variant,
      )
    values[name] = options.parse(declared[name], text)
  return dataclasses.replace(model, **values)


def _write(config: config_lib.Config, stem: str, folder: str) -> list[str]:
  """Writes a generator with fresh weights in every kind; returns where."""
  from official.cyclegan.serving import deployment_cost

  size = flags.FLAGS.size or config.data.crop_size
  config_checks.check_size("size", size, config.model)
  paths = []
  for quantization in _QUANTIZATION.value:
    if quantization not in config_lib.QUANTIZATIONS:
      raise errors.UserError(
        f"must be one of {', '.join(config_lib.QUANTIZATIONS)}.",
        "quantization",
        quantization,
      )
    name = f"{stem}_{quantization}.tflite"
    paths.append(os.path.join(folder, name))
    deployment_cost.write_fresh(config.model, size, quantization, paths[-1])
  return paths


def _row(path: str) -> dict[str, object]:
  """Returns a file's figures."""
  from official.cyclegan.serving import model_cost
  from official.cyclegan.serving import tflite_file
  from official.cyclegan.serving import tflite_probe

  try:
    cost = model_cost.read(path)
    interpreter = tflite_file.open_interpreter(path)
    (entry,) = interpreter.get_input_details()
  except (ValueError, RuntimeError, OSError) as error:
    raise errors.UserError(
      f"is not a .tflite file that can be read ({errors.first_line(error)}).",
      "tflite",
      path,
    ) from error
  row: dict[str, object] = {
    "parameters": cost.parameters,
    "macs": cost.macs,
    "literature_macs": cost.literature_macs,
    "activation_bytes": cost.activation_bytes,
    "bytes": os.path.getsize(path),
  }
  if _MEASURE.value:
    image = np.random.default_rng(0).random(entry["shape"], np.float32)
    try:
      _, found = tflite_probe.run_isolated(path, image)
    except tflite_probe.RuntimeFailure as error:
      raise errors.UserError(f"{path} cannot be run: {error}") from error
    row.update({key: found[key] for key in ("runtime", "partitions")})
    row["operators"] = sum(found["operators"].values())
    row["milliseconds"] = found["milliseconds"]
    row["memory_mb"] = found["memory_mb"]
  return row


def _on_page(path: str) -> dict[str, float]:
  """Returns what the page says of a file."""
  from official.cyclegan.serving import web_page

  (figures,) = in_browser.page_figures(
    path, [web_page.quantization_of(path)]
  ).values()
  return figures


def _table(rows: dict[str, dict]) -> str:
  """Returns the rows as Markdown."""
  in_wasm = {
    header: name
    for header, name in _BROWSER_FIGURES.items()
    if all(name in row for row in rows.values())
  }
  headers = [
    "file",
    "parameters",
    "G MACs",
    "as papers count",
    "activations, MB",
    "KB",
    "operators",
    "partitions",
    "ms, 1 and 2 threads",
    *in_wasm,
  ]
  return markdown_table.table(
    headers,
    (
      (
        name,
        f"{row['parameters']:,}",
        f"{row['macs'] / 1e9:.3f}",
        f"{row['literature_macs'] / 1e9:.3f}",
        f"{row['activation_bytes'] / 1e6:.1f}",
        f"{row['bytes'] / 1000:.0f}",
        row.get("operators", ""),
        row.get("partitions", ""),
        ", ".join(f"{ms:.1f}" for ms in row.get("milliseconds", {}).values()),
        *(f"{row[name]:.1f}" for name in in_wasm.values()),
      )
      for name, row in rows.items()
    ),
  )


if __name__ == "__main__":
  command.run(main)
