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
r"""Compares trained runs as what a phone would get of them.

  python tools/benchmarks/compare_generators.py --output_dir=runs/compared \
    --runs=teacher=runs/teacher,student=runs/student

Exports each run, and writes a table as Markdown and JSON: for each kind of file
true error (where the truth is known), PSNR to the Keras generator, KID of the
float32 one, operations, parameters, size, milliseconds on one and two threads
in the runtime without TensorFlow, and in Chromium's WASM where chromium,
chromedriver and selenium are installed, with the frames of a camera that the
page restyles in a second. Of both directions the mean, in the browser the
first.
"""

from __future__ import annotations

import os
import pathlib
import statistics
from typing import Any

import in_browser
import markdown_table
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags

core_flags.define(command_config.CommandConfig, "output_dir")
_RUNS = flags.DEFINE_list(
  "runs", [], "NAME=FOLDER of each run, separated by commas."
)
_QUANTIZATION = flags.DEFINE_list(
  "quantization",
  list(command_config.ExportConfig.quantization),
  "Kinds of .tflite files.",
)
_BROWSER = flags.DEFINE_boolean(
  "browser", True, "Measure in Chromium as well, where it is installed."
)


def main() -> None:
  """Prints and writes the table."""
  output = core_flags.require("output_dir", "give a folder for the tables.")
  runs = _runs()
  # Imported late: --help does not wait for TensorFlow.
  from official.cyclegan import evaluate_lib
  from official.cyclegan import export_lib

  rows = []
  for name, folder in runs.items():
    config = config_file.load(folder)
    exported = os.path.join(output, name)
    options = command_config.ExportConfig(
      format=("tflite",),
      quantization=tuple(_QUANTIZATION.value),
      min_psnr=0.0,  # what one kind loses is what is compared
    )
    report = export_lib.export(folder, exported, options=options)
    evaluation = evaluate_lib.evaluate(
      folder, os.path.join(exported, "evaluation"), config
    )
    browser = _in_browser(exported)
    for quantization in _QUANTIZATION.value:
      rows.append(
        {
          "run": name,
          "size": report["size"],
          "kid_random": evaluation["measures"].get("kid_random"),
          **_row(report, exported, quantization),
          "browser_ms": browser.get(quantization, {}).get("milliseconds"),
          "frames_per_second": browser.get(quantization, {}).get(
            "frames_per_second"
          ),
        }
      )
  text = _table(rows)
  print(text)
  files.write_text(
    pathlib.Path(output, "generators.md"), text + "\n", "output_dir"
  )
  files.write_json(pathlib.Path(output, "generators.json"), rows, "output_dir")


def _runs() -> dict[str, str]:
  """Returns the folders by name, all of which have to be runs."""
  runs = {}
  for run in _RUNS.value:
    name, _, folder = run.partition("=")
    runs[name] = folder
  if not runs or not all(runs.values()):
    raise errors.UserError(
      ": give NAME=FOLDER of each run.", "runs", ",".join(_RUNS.value)
    )
  for folder in runs.values():
    with errors.given_as(model_dir="runs"):
      config_file.load(folder)
  return runs


def _row(
  report: dict[str, Any], exported: str, quantization: str
) -> dict[str, Any]:
  """Returns the means of both directions' files of one kind."""
  from official.cyclegan.serving import model_cost

  entries_of = {
    name: entry
    for name, entry in report["files"].items()
    if entry["quantization"] == quantization
  }
  cost = model_cost.read(os.path.join(exported, next(iter(entries_of))))
  entries = [
    entry["by_size"][str(report["size"])] for entry in entries_of.values()
  ]

  def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.mean(known) if len(known) == len(values) else None

  return {
    "quantization": quantization,
    "relative_l1": mean([entry["relative_l1"] for entry in entries]),
    "psnr": mean([entry["psnr"] for entry in entries]),
    "macs": cost.macs,
    "parameters": cost.parameters,
    "size_kb": statistics.mean(e["bytes"] for e in entries_of.values()) / 1000,
    "ms_1": mean([entry["milliseconds"]["1"] for entry in entries]),
    "ms_2": mean([entry["milliseconds"]["2"] for entry in entries]),
  }


def _in_browser(exported: str) -> dict[str, dict[str, float]]:
  """Returns what the page says of each kind of file; empty: no browser."""
  if not _BROWSER.value:
    return {}
  missing = in_browser.missing()
  if missing:
    print(f"{missing} is not installed: nothing is measured in a browser.")
    return {}
  return in_browser.page_figures(exported, _QUANTIZATION.value)


def _table(rows: list[dict[str, Any]]) -> str:
  """Returns the rows as Markdown."""
  headers = [
    "run",
    "file",
    "true error",
    "PSNR, dB",
    "KID",
    "M MACs",
    "parameters",
    "KB",
    "ms, 1 and 2 threads",
    "ms in WASM",
    "frames a second",
  ]
  return markdown_table.table(
    headers,
    (
      (
        row["run"],
        row["quantization"],
        _number(row, "relative_l1"),
        _number(row, "psnr", 1),
        _number(row, "kid_random"),
        f"{row['macs'] / 1e6:.1f}",
        f"{row['parameters']:,}",
        f"{row['size_kb']:.0f}",
        f"{row['ms_1']:.2f}, {row['ms_2']:.2f}",
        _number(row, "browser_ms", 1),
        _number(row, "frames_per_second", 1),
      )
      for row in rows
    ),
  )


def _number(row: dict[str, Any], name: str, digits: int = 4) -> str:
  return "" if row[name] is None else f"{row[name]:.{digits}f}"


if __name__ == "__main__":
  command.run(main)
