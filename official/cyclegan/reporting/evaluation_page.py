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
"""The page of an evaluation's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from official.cyclegan.core import files
from official.cyclegan.reporting import page
from official.cyclegan.reporting import pictures
from official.cyclegan.reporting import run_page
from official.cyclegan.reporting import shared_paths

_PICTURE_NAME = "pictures.png"
_JSON_NAME = "report.json"


def write(folder: str, report: Mapping[str, Any], protocol: str) -> None:
  """Writes an evaluation's `report.html`, whole or not at all.

  Args:
    folder: Of the evaluation, with its picture.
    report: What its `report.json` holds.
    protocol: How it was measured, in words.

  Raises:
    errors.StorageError: If it cannot be written.
  """
  picture = pictures.of_file(
    os.path.join(folder, _PICTURE_NAME),
    "Inputs over translations, over the truth where it is known, and over the"
    " real pictures that the translations are most like.",
  )
  sections = [
    page.Section(
      "Measures", tables=run_page.evaluation_tables(report["directions"])
    ),
    page.Section("Pictures", images=picture),
    page.Section(
      "How it was measured",
      text=[protocol],
      links=[_JSON_NAME, "report.md", _PICTURE_NAME],
    ),
  ]
  name = os.path.basename(os.path.abspath(report["model"]))
  model = shared_paths.short(str(report["model"]), folder)
  known = [str(report.get("protocol", {}).get("dataset", ""))]
  text = page.render(f"Evaluation of {name}", model, sections, folder, known)
  files.write_text(os.path.join(folder, page.REPORT_NAME), text, "output_dir")
