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
"""Measures a run's generators on a test split, and shows what they do."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

from official.cyclegan import checkpoints
from official.cyclegan import config as config_lib
from official.cyclegan import image_files
from official.cyclegan import sample_grid
from official.cyclegan import sources
from official.cyclegan import validation

REPORT_NAME = "report.json"
TABLE_NAME = "report.md"
PICTURE_NAME = "pictures.png"
_SHOWN = 4  # images of each domain


def evaluate(
  model_dir: str,
  output_dir: str,
  data: config_lib.DataConfig | None = None,
  choice: config_lib.Choice = config_lib.DEFAULT_CHOICE,
) -> dict[str, Any]:
  """Measures both directions and writes `report.json`, `.md` and a picture.

  Args:
    model_dir: The folder of a run.
    output_dir: Where the report goes.
    data: The data set to measure on; None: the one trained on.
    choice: Which checkpoint, and which of its weights.

  Returns:
    What `report.json` holds: the run, the data set, the number of test images,
    their size in pixels, the checkpoint, and the measures of
    `validation.measure`.

  Raises:
    config.UserError: If there is no trained model or no such data set, or the
      folder cannot be written.
  """
  config = config_lib.load(model_dir)
  g_AB, g_BA = (
    checkpoints.load_generator(model_dir, direction, choice)[0]
    for direction in checkpoints.DIRECTIONS
  )
  source = sources.open_source(data or config.data, config.model.channels)
  image_files.make_folder(output_dir, "output_dir")
  size = config.data.crop_size
  test_set = validation.load(source, size)
  report = {
    "model_dir": model_dir,
    "checkpoint": choice.which,
    "raw_generator": choice.raw,
    "dataset": source.name,
    "images_A": len(test_set.images_A),
    "images_B": len(test_set.images_B),
    "size": size,
    "measures": validation.measure(g_AB, g_BA, test_set),
  }
  picture = sample_grid.progress_grid(
    g_AB, g_BA, test_set.images_A[:_SHOWN], test_set.images_B[:_SHOWN]
  )
  image_files.write(os.path.join(output_dir, PICTURE_NAME), picture)
  folder = pathlib.Path(output_dir)
  text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
  config_lib.write_text(folder / REPORT_NAME, text, "output_dir")
  config_lib.write_text(folder / TABLE_NAME, table(report), "output_dir")
  return report


def table(report: dict[str, Any]) -> str:
  """Returns a report's measures as Markdown."""
  rows = [
    f"{report['dataset']}: {report['images_A']} and {report['images_B']} test"
    f" images of {report['size']} pixels",
    "",
    "| measure, smaller is better | |",
    "| --- | --- |",
    *(
      f"| {name} | {value:.4f} |" for name, value in report["measures"].items()
    ),
  ]
  return "\n".join(rows) + "\n"
