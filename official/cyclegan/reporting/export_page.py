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
"""The page of an export's folder, made of what is in it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.reporting import page
from official.cyclegan.reporting import pictures

_HEADERS = (
  "file",
  "pixels",
  "KB",
  "PSNR to Keras, dB",
  "SSIM to Keras",
  "L1 to the truth / doing nothing",
  "ms on 1 thread",
  "ms on 2 threads",
  "memory, MB",
)


def write(folder: str, report: Mapping[str, Any]) -> None:
  """Writes an export's `report.html`, whole or not at all.

  Args:
    folder: Of the export, with its pictures.
    report: What its `export.json` holds.

  Raises:
    errors.StorageError: If it cannot be written.
  """
  strips = pictures.export_strips(folder, report["picture_rows"])
  names = " and ".join(report["keras_relative_l1"])
  text = [
    f"Compared with the Keras generator on {report['test_images']} test"
    " images, in the runtime without TensorFlow. Milliseconds are the median of"
    " one picture on this machine's processor."
  ]
  sections = [
    page.Section("Files", text=text, tables=[table(report)]),
    page.Section(
      "Pictures",
      text=["Test images, and what each file makes of them."] if strips else (),
      strips=strips,
    ),
    page.Section(
      "Use",
      text=["README.md says how to use each file in four languages."],
      code="python -m official.cyclegan.demo --model=.",
      links=[model_path.EXPORT_NAME, "README.md", "metadata.json"],
    ),
  ]
  title = f"Export of {report['trained_on']}"
  state = f"Directions: {names}; for pictures of {report['size']} pixels."
  files.write_text(
    os.path.join(folder, page.REPORT_NAME),
    page.render(title, state, sections, folder),
    "output_dir",
  )


def table(report: Mapping[str, Any], caption: str = "") -> page.Table:
  """Returns how large, fast and true each file is.

  Args:
    report: What `export.json` holds.
    caption: Of the table.
  """
  rows: list[Sequence[str]] = []
  for name, entry in report["files"].items():
    sizes = entry.get("by_size")
    if not sizes:  # SavedModels and ONNX files take any
      size, kilobytes = entry.get("size", "any"), f"{entry['bytes'] / 1000:.0f}"
      rows.append((name, str(size), kilobytes, *[""] * (len(_HEADERS) - 3)))
      continue
    for size, found in sizes.items():
      times = found.get("milliseconds") or {}
      rows.append(
        (
          name,
          size,
          f"{entry['bytes'] / 1000:.0f}",
          _number(found.get("psnr"), ".1f"),
          _number(found.get("ssim"), ".4f"),
          _number(found.get("relative_l1"), ".4f"),
          _number(times.get("1"), ".1f"),
          _number(times.get("2"), ".1f"),
          _number(found.get("memory_mb"), ".0f"),
        )
      )
  return page.Table(caption or "What was exported", _HEADERS, rows)


def table_of(folder: str) -> page.Table | None:
  """Returns the table of an export on disk; None if there is none whole.

  Args:
    folder: Of the export.
  """
  try:
    return files.read_json(
      os.path.join(folder, model_path.EXPORT_NAME),
      "Export again.",
      lambda report: table(report, f"Folder {os.path.basename(folder)}"),
    )
  except (OSError, errors.UserError):
    return None


def _number(value: object, style: str) -> str:
  return format(value, style) if isinstance(value, (int, float)) else ""
