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
r"""Measures what a user gets who gives pictures and minutes, and nothing else.

Recipe (70 minutes on two cores, otherwise idle):

  python tools/benchmarks/real.py --output_dir=runs/real --minutes=10 \
    --folders=emoji=data/emoji,docs=data/docs

Each problem is trained by the command `train` and measured by `evaluate`, once
for each seed: the built-in data sets, and any folders of pictures. Where the
test pictures of both domains of a folder have the same names they show the
same things, so that the truth is known. All other flags are those of a run:
--experiment=paper, or --flagfile=..., measures another recipe than the
default, and --train_steps=N gives it steps instead of minutes.

The table has the error to the truth, A to B, relative to doing nothing.
Without the truth it has the Frechet distance of patches and KID, relative to
doing nothing too, and how many of the edges are kept. For all there is
`grid`, the strength of a pattern that has come into flat places. Beside it
stand histogram matching, the transport of colours and, where the truth is
known, the affine colour map that is fitted to it. Minutes are those of the
whole command, by the clock and by the processors.
With --eval_every_steps=N, whose validations take a part of the minutes, a
second table has the course of each training.
sheet.png shows for each problem and its first seed test pictures, what became
of them, and the truth. Writes real.json, real.md and sheet.png; what is
finished is kept, so that the same command goes on after an interruption.
"""

from __future__ import annotations

import json
import pathlib
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import child
import markdown_table
import named_folder
import numpy as np
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags
from official.cyclegan.reporting import page
from official.cyclegan.training import history

core_flags.define_run()
core_flags.define(command_config.CommandConfig, "output_dir")
_MINUTES = flags.DEFINE_float(
  "minutes", 10.0, "Of each training, unless other flags say its length."
)
_BUILT_IN = flags.DEFINE_list(
  "built_in",
  ["apple2orange_scenes", "photo2painting_scenes"],
  "Built-in data sets; empty for none.",
)
_FOLDERS = flags.DEFINE_list("folders", [], "Names and folders, name=folder.")
_SEEDS = flags.DEFINE_list("seeds", ["1", "2", "3"], "Seeds.")

# What `evaluate` reports; the later ones where the truth is not known.
_WITH_TRUTH = ("relative_l1", "masked_relative_l1", "grid")
_WITHOUT_TRUTH = ("fid_patches", "kid_random", "edge_correlation", "grid")
# Those of them that are shown relative to doing nothing.
_RELATIVE = ("fid_patches", "kid_random")
# Of a validation: the first that there is.
_OVER_TIME = ("relative_l1_AB", "fid_patches")
_SHOWN_POINTS = 10  # of a training's course, about
_CANDIDATES = ("model", "histogram", "transport", "affine")


def main() -> None:
  """Trains and measures what is not there yet, then tabulates."""
  output = pathlib.Path(
    core_flags.require("output_dir", "give a folder for the results.")
  )
  problems = _problems()
  files.make_folder(str(output), "output_dir")
  path = output / "real.json"
  results: dict[str, Any] = {}
  if path.exists():
    results = json.loads(path.read_text(encoding="utf-8"))
  for name, arguments in problems.items():
    for seed in _SEEDS.value:
      key = f"{name}/{seed}"
      if key not in results:
        results[key] = _measure(output / name / seed, arguments, seed)
        files.write_text(path, json.dumps(results, indent=1), "output_dir")
        print(key, json.dumps(results[key]["AtoB"]["model"]), flush=True)
  table = _table(results, list(problems)) + _course(output, list(problems))
  files.write_text(output / "real.md", table, "output_dir")
  _write_sheet([output / name / _SEEDS.value[0] for name in problems], output)
  print(table, end="")


def _problems() -> dict[str, list[str]]:
  """Returns flags of `train` for each problem by its name."""
  problems = {name: [f"--dataset={name}"] for name in _BUILT_IN.value}
  for text in _FOLDERS.value:
    name, folder = named_folder.parse(text, "folders")
    problems[name] = [f"--dataset={folder}"]
    if named_folder.is_paired(folder):
      problems[name].append("--paired")
  if not problems or not _SEEDS.value:
    raise errors.UserError(
      "and --seeds must not be empty, or there is nothing to measure.",
      "folders" if _SEEDS.value else "seeds",
    )
  return problems


def _measure(
  folder: pathlib.Path, arguments: Sequence[str], seed: str
) -> dict[str, Any]:
  """Trains a run and returns its measures by direction, and what it took."""
  run = str(folder / "run")
  given = [
    argument
    for argument in sys.argv[1:]
    if not argument.lstrip("-").startswith(
      ("output_dir=", "minutes=", "built_in=", "folders=", "seeds=")
    )
  ]
  if not any(
    a.lstrip("-").startswith(
      ("train_steps=", "epochs=", "max_minutes=", "until=", "flagfile=")
    )
    for a in given
  ):
    given.append(f"--max_minutes={_MINUTES.value}")
  begun, used = time.monotonic(), child.processor_seconds()
  python = [sys.executable, "-m"]
  child.run(
    [
      *(*python, "official.cyclegan.train", f"--model_dir={run}"),
      *(*given, *arguments, f"--seed={seed}"),
    ],
    f"the training in {run} has",
  )
  took = {
    "minutes": (time.monotonic() - begun) / 60.0,
    "processor_minutes": (child.processor_seconds() - used) / 60.0,
  }
  child.run(
    [
      *(*python, "official.cyclegan.evaluate", f"--model_dir={run}"),
      *(f"--output_dir={folder / 'evaluation'}", *arguments),
    ],
    f"the evaluation of {run} has",
  )
  report = json.loads(
    (folder / "evaluation" / "report.json").read_text(encoding="utf-8")
  )
  return {**report["directions"], **took}


def _table(results: dict[str, Any], problems: Sequence[str]) -> str:
  """Returns the results as Markdown."""
  rows = []
  for name in problems:
    runs = [results[f"{name}/{seed}"] for seed in _SEEDS.value]
    for measure in _shown_measures(runs[0]):
      cells = []
      for candidate in _CANDIDATES:
        found = [_value(run["AtoB"], candidate, measure) for run in runs]
        cells.append(_spread([value for value in found if value is not None]))
      took = [
        _spread([run[clock] for run in runs], 1)
        for clock in ("minutes", "processor_minutes")
      ]
      rows.append([name, measure.replace("_", " "), *cells, *took])
  headers = [
    f"A to B, seeds {', '.join(_SEEDS.value)}",
    "measure",
    *("trained", *(page.CANDIDATES[name] for name in _CANDIDATES[1:])),
    *("minutes", "processor minutes"),
  ]
  return markdown_table.table(headers, rows) + "\n"


def _course(output: pathlib.Path, problems: Sequence[str]) -> str:
  """Returns what validations found over the steps, as Markdown."""
  rows = []
  for name in problems:
    for seed in _SEEDS.value:
      found = history.read(str(output / name / seed / "run"))
      for measure in _OVER_TIME:
        steps, values = found.column(f"validation/{measure}")
        every = -(-len(steps) // _SHOWN_POINTS) or 1
        # The last one in any case.
        points = list(zip(steps, values))[::-1][::every][::-1]
        if points:
          text = ", ".join(f"{step:.0f}: {v:.3f}" for step, v in points)
          rows.append([name, seed, measure.replace("_", " "), text])
          break
  if not rows:
    return ""
  headers = ["", "seed", "measure", "by step"]
  return "\n" + markdown_table.table(headers, rows) + "\n"


def _shown_measures(run: dict[str, Any]) -> list[str]:
  """Returns the measures that say most of a problem."""
  found = run["AtoB"]["model"]
  shown = _WITH_TRUTH if "relative_l1" in found else _WITHOUT_TRUTH
  return [measure for measure in shown if found.get(measure) is not None]


def _value(
  direction: dict[str, Any], candidate: str, measure: str
) -> float | None:
  """Returns a measure; distances relative to that of doing nothing."""
  value = direction.get(candidate, {}).get(measure)
  if value is None or measure not in _RELATIVE:
    return value
  nothing = direction["nothing"][measure]
  return value / nothing if nothing else None


def _spread(values: Sequence[float], digits: int = 3) -> str:
  """Returns the mean and, of several that differ, the smallest and largest."""
  if not values:
    return ""
  mean, low, high = (
    f"{value:.{digits}f}"
    for value in (statistics.mean(values), min(values), max(values))
  )
  return mean if low == high else f"{mean} ({low} to {high})"


def _write_sheet(folders: Sequence[pathlib.Path], output: pathlib.Path) -> None:
  """Puts the pictures of all evaluations below each other."""
  # Imported late: a refused flag does not wait for TensorFlow.
  from official.cyclegan.data import image_files

  pictures = [
    image_files.read(str(folder / "evaluation" / "pictures.png"))
    for folder in folders
  ]
  width = max(picture.shape[1] for picture in pictures)
  padded = [
    np.pad(
      picture,
      ((0, 8), (0, width - picture.shape[1]), (0, 0)),
      constant_values=255,
    )
    for picture in pictures
  ]
  image_files.write(str(output / "sheet.png"), np.concatenate(padded))


if __name__ == "__main__":
  command.run(main)
