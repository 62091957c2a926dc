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
"""Fidelity, size and speed of exported files: measures, a table, an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import tabulate

from official.cyclegan.data import image_grid
from official.cyclegan.data import preprocessing
from official.cyclegan.evaluation import image_quality
from official.cyclegan.evaluation import paired_metrics

TABLE_NAME = "export.md"
_MAX_PSNR = 200.0  # dB; of float32 rounding about 140
_SHOWN = 8  # images in a row
_COLUMNS = (
  "file",
  "pixels",
  "KB",
  "operators",
  "partitions",
  "PSNR, dB",
  "in half precision",
  "SSIM",
  "true error",  # `relative_l1`
  "ms, 1 and 2 threads",
  "memory, MB",
)


def fidelity_to_keras(
  made: np.ndarray,
  expected: np.ndarray,
  real: np.ndarray,
  truth: np.ndarray | None,
) -> dict[str, float | None]:
  """Compares translations with those of the Keras generator.

  Args:
    made: An exported file's translations, float32 `[count, size, size,
      channels]` in [0, 1], as the others.
    expected: The Keras generator's translations.
    real: The images that were translated.
    truth: The right translations; None if they are unknown.

  Returns:
    `max_difference` to the Keras generator, in [0, 1]; `psnr` to it, dB, of all
    pixels together, at most 200; `ssim` to it, None for images smaller than its
    window; and `relative_l1`, the mean absolute error to the truth over that of
    the untranslated images, None without a truth.
  """
  difference = made.astype(np.float64) - expected
  found: dict[str, float | None] = {
    "max_difference": float(np.abs(difference).max()),
    "psnr": min(image_quality.pooled_psnr(made, expected), _MAX_PSNR),
    "ssim": None,
    "relative_l1": relative_l1(made, real, truth),
  }
  # Of 8-bit levels, as `evaluate` measures it.
  if min(made.shape[1:3]) >= image_quality.SSIM_WINDOW:
    found["ssim"] = image_quality.ssim(
      preprocessing.unit_to_uint8(made), preprocessing.unit_to_uint8(expected)
    )
  return found


def relative_l1(
  made: np.ndarray, real: np.ndarray, truth: np.ndarray | None
) -> float | None:
  """Returns the error to the truth over that of doing nothing, if known.

  Args:
    made: Translations, float32 `[count, size, size, channels]` in [0, 1], as
      the others.
    real: The images that were translated.
    truth: The right translations, or None if they are unknown.
  """
  if truth is None:
    return None
  return paired_metrics.relative_l1(
    *(preprocessing.unit_to_uint8(images) for images in (made, real, truth))
  )


def picture(real: np.ndarray, rows: dict[str, np.ndarray]) -> np.ndarray:
  """Shows inputs over their translations, as one image.

  Args:
    real: float32 `[count, size, size, channels]` in [0, 1].
    rows: By candidate its translations, of the same shape and range.

  Returns:
    uint8 `[height, width, channels]`.
  """
  return image_grid.grid(
    [
      list(preprocessing.unit_to_uint8(images[:_SHOWN]))
      for images in (real, *rows.values())
    ]
  )


def table(report: dict[str, Any]) -> str:
  """Returns a report as Markdown.

  Args:
    report: From `export_lib.export`.
  """
  lines = [
    "# What was exported",
    "",
    f"{report['test_images']} test images of {report['dataset']}; PSNR and"
    " SSIM to the Keras generator in float32. Milliseconds are the median of"
    " one picture on one and two threads of this machine's processor, memory"
    " is what the process grows by, both in the runtime named, without"
    " TensorFlow. Partitions are the parts of the graph that XNNPACK takes: one"
    " is best. Half precision is that of graphics processors, emulated: PSNR"
    " with sums in float32, and with sums in float16 in the worst order.",
  ]
  for direction, rows in report["picture_rows"].items():
    names = ", ".join(rows)
    lines += ["", f"`export_{direction}.png`, from top to bottom: {names}."]
  cells = [
    [f"Keras, {name}", *[""] * 7, f"{error:.4f}", "", ""]
    for name, error in report["keras_relative_l1"].items()
    if error is not None
  ]
  for name, entry in report["files"].items():
    # A SavedModel has no `by_size`: it takes any.
    for size, of_size in entry.get("by_size", {}).items():
      cells.append([f"`{name}`", size, *_row(entry, of_size)])
  markdown = tabulate.tabulate(
    cells, _COLUMNS, tablefmt="github", disable_numparse=True
  )
  others = [
    f"* `{name}`: {_other(entry)}."
    for name, entry in report["files"].items()
    if "by_size" not in entry
  ]
  if others:
    others = ["", *others]
  return "\n".join([*lines, "", markdown, *others, *_detail(report), ""])


def _other(entry: dict[str, Any]) -> str:
  """Describes a file that is not a .tflite file."""
  kilobytes = f"{entry['bytes'] / 1000:.0f} KB"
  if "parity" in entry:
    return f"{entry['size']} pixels, {kilobytes}, {entry['parity']}"
  return (
    f"any size, {kilobytes}, differs by at most {entry['max_difference']:.1e}"
    " of full scale"
  )


def _detail(report: dict[str, Any]) -> list[str]:
  """Says what is done with pictures that are larger than the model's size."""
  lines = ["", "## Larger pictures", ""]
  cells = []
  for direction, found in report["detail"].items():
    compared = found.get("compared_with")
    why = ""
    if compared:
      why = f", by {found['pictures']} pictures of each size, to the {compared}"
    elif compared is not None:
      why = ", unmeasured: no test pictures are large enough"
    share = found.get("own_detail")
    kept = "" if share is None else f" Tiles keep {share:g} of fine detail."
    if found.get("noise"):
      kept += f" Their copies get noise of {found['noise']:g}."
    lines += [f"* {direction}: `--detail={found['best']}`{why}.{kept}"]
    for factor, by_way in found.get("by_factor", {}).items():
      for way, measured in by_way.items():
        sharp = _number(measured.get("sharpness"))
        cells.append([direction, factor, way, _number(measured["l1"]), sharp])
  for name, entry in report["files"].items():
    if "tile" in entry:
      lines += [f"* `{name}` takes tiles: PSNR {entry['tile']['psnr']:.1f} dB."]
  if not cells:
    return lines
  columns = ("", "times the size", "`--detail`", "L1", "sharpness")
  markdown = tabulate.tabulate(
    cells, columns, tablefmt="github", disable_numparse=True
  )
  return [*lines, "", markdown]


def _row(entry: dict[str, Any], of_size: dict[str, Any]) -> list[str]:
  """Returns the cells of one file at one size, from `KB` on."""
  operators = of_size.get("operators", entry["operators"])
  parts = "; ".join(f"{n} ({r})" for r, n in entry["partitions"].items())
  if of_size.get("partitions", 0) is None:  # known of the first size only
    parts = ""
  times = [f"{of_size['milliseconds'][n]:.1f}" for n in ("1", "2")]
  memory = of_size["memory_mb"]
  return [
    f"{entry['bytes'] / 1000:.0f}",
    str(sum(operators.values())),
    parts,
    f"{of_size['psnr']:.1f}",
    _half_precision(of_size.get("half_precision")),
    _number(of_size["ssim"]),
    _number(of_size["relative_l1"]),
    ", ".join(times),
    "" if memory is None else f"{memory:.0f}",
  ]


def _half_precision(found: dict[str, Any] | None) -> str:
  """Returns the better and the worst PSNR, if they are known."""
  if found is None:
    return ""
  return ", ".join(
    f"{found[sums]['psnr']:.1f}" for sums in ("fp32_sums", "fp16_sums")
  )


def _number(value: float | None) -> str:
  return "" if value is None else f"{value:.4f}"
