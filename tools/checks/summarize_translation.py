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
r"""Compares translated pictures with the truth and with what is trivial.

Recipe:

  python tools/checks/summarize_translation.py --test_dir=runs/quickstart/test \
    --output_dir=runs/quickstart

Reads A/, translated/, B/, reference_A/, reference/ and, if present, mask/ from
--test_dir. Prints a table, and writes summary.json and before_after_truth.png.
Histogram matching and the transport of colours are fitted to reference_A/ and
reference/, the training pictures of A and B; the best affine colour map is
fitted to the truth itself.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Sequence

import numpy as np
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors
from official.cyclegan.core import flags as core_flags
from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.reporting import page

_TEST_DIR = flags.DEFINE_string(
  "test_dir",
  None,
  "Folder with A/, translated/, B/, reference_A/, reference/ and perhaps"
  " mask/.",
)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the files.")
_STARTED = flags.DEFINE_integer(
  "started_seconds_ago",
  0,
  "Seconds that training and everything else took so far, for the summary.",
  lower_bound=0,
)
_SHOWN = 8  # pictures


def main() -> None:
  """Measures, prints and writes."""
  test_dir = core_flags.require("test_dir", "give the folder of pictures.")
  output_dir = core_flags.require("output_dir", "give a folder.")
  # Imported late: a refused flag does not wait for TensorFlow.
  from official.cyclegan.data import folders
  from official.cyclegan.data import image_files
  from official.cyclegan.data import image_grid

  def find(part: str) -> Sequence[str]:
    where = os.path.join(test_dir, part)
    return folders.find_inputs(where, "test_dir").images

  def read(part: str) -> np.ndarray:
    files = find(part)
    if [os.path.basename(f) for f in files] != names:
      raise errors.UserError(
        f": {part}/ does not hold the same names as A/. Write and translate the"
        " test pictures again.",
        "test_dir",
        test_dir,
      )
    return np.stack([image_files.read(file) for file in files])

  names = [os.path.basename(f) for f in find("A")]
  inputs, translated, truth = (read(p) for p in ("A", "translated", "B"))
  mask = None
  if os.path.isdir(os.path.join(test_dir, "mask")):
    mask = read("mask")[..., 0] > 0
  own, reference = (
    np.stack([image_files.read(file) for file in find(part)])
    for part in ("reference_A", "reference")
  )
  table = paired_metrics.measure(
    inputs, translated, truth, (own, reference), mask
  )
  summary = {
    "seconds": _STARTED.value,
    "pictures": len(names),
    **{k: v for k, v in table["model"].items() if k.endswith("ratio")},
    **{k: table[k] for k in table if k != "model"},
    "model": table["model"],
  }
  path = pathlib.Path(output_dir, "summary.json")
  picture = os.path.join(output_dir, "before_after_truth.png")
  grid = image_grid.grid(
    [list(part[:_SHOWN]) for part in (inputs, translated, truth)]
  )
  image_files.write(picture, grid.repeat(2, axis=0).repeat(2, axis=1))
  path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")

  print(_table(table))
  print(f"{len(names)} test pictures, {_STARTED.value} s in all.")
  print(f"Figures: {path}")
  print(f"Before, after, truth: {picture}")


def _table(table: dict[str, dict[str, float]]) -> str:
  """Returns the measures as text: 1 is doing nothing, 0 is perfect."""
  measures = [k for k in table["model"] if k.endswith("ratio")]
  lines = [
    f"{'error relative to doing nothing':32}"
    + "".join(
      f"{ {'l1_ratio': 'whole', 'masked_l1_ratio': 'in mask'}[m]:>10}"
      for m in measures
    )
  ]
  for name, title in page.CANDIDATES.items():
    values = "".join(f"{table[name][m]:10.3f}" for m in measures)
    lines.append(f"{title:32}{values}")
  lines.append("Matching and transport are fitted to training pictures.")
  lines.append("The affine colour map is fitted to the truth.")
  return "\n".join(lines)


if __name__ == "__main__":
  command.run(main)
