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
chromedriver and selenium are installed. Of both directions the mean.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import statistics
import threading
from collections.abc import Iterator
from typing import Any

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
_BROWSER_RUNS = 9
_BROWSER_SECONDS = 30


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
      format=("tflite",), quantization=tuple(_QUANTIZATION.value)
    )
    report = export_lib.export(folder, exported, options=options)
    evaluation = evaluate_lib.evaluate(
      folder, os.path.join(exported, "evaluation"), config
    )
    browser = _in_browser(exported) if _BROWSER.value else {}
    for quantization in _QUANTIZATION.value:
      rows.append(
        {
          "run": name,
          "size": report["size"],
          "kid_random": evaluation["measures"].get("kid_random"),
          **_row(report, exported, quantization),
          "browser_ms": browser.get(quantization),
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


def _in_browser(exported: str) -> dict[str, float]:
  """Returns the median milliseconds in Chromium's WASM of each kind of file."""
  try:
    from selenium import webdriver
  except ImportError:
    print("selenium is not installed: nothing is measured in a browser.")
    return {}
  binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
  if not binary or not driver:
    print("chromium is not installed: nothing is measured in a browser.")
    return {}
  from official.cyclegan import demo_lib

  options = webdriver.ChromeOptions()
  options.binary_location = binary
  for argument in ("--headless=new", "--no-sandbox"):
    options.add_argument(argument)
  with demo_lib.serving(exported) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = webdriver.Chrome(
      options=options, service=webdriver.ChromeService(driver)
    )
    try:
      page.get(demo_lib.address(server))
      return dict(_measure(page))
    finally:
      page.quit()
      server.shutdown()


def _measure(page: Any) -> Iterator[tuple[str, float]]:
  """Translates a sample several times with each kind of file."""
  from selenium.webdriver.support import ui

  wait = ui.WebDriverWait(page, _BROWSER_SECONDS, 0.02)
  wait.until(lambda p: p.execute_script("return document.body.dataset.ready"))
  page.execute_script("document.querySelector('details').open = true")
  ui.Select(page.find_element("id", "accelerator")).select_by_value("wasm")
  for quantization in _QUANTIZATION.value:
    choice = ui.Select(page.find_element("id", "model"))
    choice.select_by_value(quantization)
    times = []
    for _ in range(_BROWSER_RUNS):
      page.execute_script("delete frame.dataset.shown")
      page.find_element("css selector", "#samples button").click()
      wait.until(lambda p: p.execute_script("return frame.dataset.shown"))
      said = page.find_element("id", "status").text
      milliseconds = re.findall(r"([\d.]+) ms", said)[0]
      times.append(float(milliseconds))
    yield quantization, statistics.median(times)


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
      )
      for row in rows
    ),
  )


def _number(row: dict[str, Any], name: str, digits: int = 4) -> str:
  return "" if row[name] is None else f"{row[name]:.{digits}f}"


if __name__ == "__main__":
  command.run(main)
