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
"""How good, how large and how fast exported files are: a table and pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from official.cyclegan.evaluation import image_quality
from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.evaluation import validation
from official.cyclegan.training import progress_grid

TABLE_NAME = "export.md"
_MAX_PSNR = 200.0  # dB; of float32 rounding about 140
_SHOWN = 8  # pictures in a row


def compare(
  made: np.ndarray,
  expected: np.ndarray,
  real: np.ndarray,
  truth: np.ndarray | None,
) -> dict[str, float | None]:
  """Compares translations with those of the Keras generator.

  Args:
    made: float32 `[count, size, size, channels]` in [0, 1].
    expected: What the Keras generator made, likewise.
    real: What was translated, likewise.
    truth: What should have come out, likewise; None if that is unknown.

  Returns:
    `max_difference` in [0, 1]; `psnr`, dB, of all pixels together, at most
    200; `ssim`, None for pictures too small for it; and `relative_l1`, the mean
    absolute error relative to doing nothing, None without a truth.
  """
  difference = made.astype(np.float64) - expected
  with np.errstate(divide="ignore"):
    psnr = float(-10 * np.log10(np.mean(difference**2)))
  found: dict[str, float | None] = {
    "max_difference": float(np.abs(difference).max()),
    "psnr": min(psnr, _MAX_PSNR),
    "ssim": None,
    "relative_l1": relative_l1(made, real, truth),
  }
  if min(made.shape[1:3]) >= image_quality.SSIM_WINDOW:
    found["ssim"] = image_quality.ssim(
      validation.to_pictures(made), validation.to_pictures(expected)
    )
  return found


def relative_l1(
  made: np.ndarray, real: np.ndarray, truth: np.ndarray | None
) -> float | None:
  """Returns the error to the truth over that of doing nothing, if known.

  Args:
    made: float32 in [0, 1].
    real: What was translated, likewise.
    truth: What should have come out, likewise, or None.
  """
  if truth is None:
    return None
  made, real, truth = (
    validation.to_pictures(images) for images in (made, real, truth)
  )
  return paired_metrics.l1(made, truth) / paired_metrics.l1(real, truth)


def picture(real: np.ndarray, rows: dict[str, np.ndarray]) -> np.ndarray:
  """Shows inputs over what the candidates made of them.

  Args:
    real: float32 `[count, size, size, channels]` in [0, 1].
    rows: By candidate, likewise.

  Returns:
    uint8 `[height, width, channels]`.
  """
  return progress_grid.grid(
    [
      list(validation.to_pictures(images[:_SHOWN]))
      for images in (real, *rows.values())
    ]
  )


def table(report: dict[str, Any]) -> str:
  """Returns a report as Markdown.

  Args:
    report: What `export_lib.export` returns.
  """
  lines = [
    "# What was exported",
    "",
    f"{report['test_images']} test images of {report['dataset']}; PSNR and"
    " SSIM to the Keras generator in float32. Milliseconds are the median of"
    " one picture on one and two threads of this machine's processor, memory"
    " is what the process grows by, both in the runtime named, without"
    " TensorFlow. Partitions are the parts of the graph that XNNPACK takes: one"
    " is best.",
  ]
  for direction, rows in report["picture_rows"].items():
    names = ", ".join(rows)
    lines += ["", f"`export_{direction}.png`, from top to bottom: {names}."]
  lines += [
    "",
    "| file | pixels | KB | operators | partitions | PSNR, dB | SSIM"
    " | true error | ms, 1 and 2 threads | memory, MB |",
    "|" + " --- |" * 10,
  ]
  for name, error in report["keras_relative_l1"].items():
    if error is not None:
      lines.append(f"| Keras, {name} | | | | | | | {error:.4f} | | |")
  for name, entry in report["files"].items():
    for size, of_size in entry.get("by_size", {}).items():
      lines.append(f"| `{name}` | {size} | {_row(entry, of_size)} |")
  return "\n".join(lines) + "\n"


def _row(entry: dict[str, Any], of_size: dict[str, Any]) -> str:
  """Returns the cells of one file at one size."""
  parts = "; ".join(f"{n} ({r})" for r, n in entry["partitions"].items())
  times = [f"{of_size['milliseconds'][n]:.1f}" for n in ("1", "2")]
  memory = of_size["memory_mb"]
  return " | ".join(
    [
      f"{entry['bytes'] / 1000:.0f}",
      str(sum(entry["operators"].values())),
      parts,
      f"{of_size['psnr']:.1f}",
      _number(of_size["ssim"]),
      _number(of_size["relative_l1"]),
      ", ".join(times),
      "" if memory is None else f"{memory:.0f}",
    ]
  )


def _number(value: float | None) -> str:
  return "" if value is None else f"{value:.4f}"
