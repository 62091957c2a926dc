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
r"""Compares the quickstart of two versions: processor time and error.

  python tools/benchmarks/quickstart_cost.py --other_checkout=../older \
    --other_variables=TF_ENABLE_ONEDNN_OPTS=0 \
    --variables=ONEDNN_MAX_CPU_ISA=AVX2 --output_dir=runs/quickstart_cost

Runs what tools/quickstart.sh runs after its installation (training, export,
test pictures, translation) in this checkout and in another one, in turn, for
each built-in problem and seed, with float32. Run again it measures what is not
in quickstart_cost.json yet; what was interrupted begins anew. Time is what the
processor worked for the commands and for all that they started, user and
system; data sets are built before. Both versions' pictures are measured by
this checkout's summarize_translation.py. The recipe above is a machine with
AVX2 only, where TensorFlow leaves oneDNN off unless it is told otherwise.
"""

from __future__ import annotations

import itertools
import os
import pathlib
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import child
import markdown_table
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags

_ROOT = pathlib.Path(__file__).absolute().parents[2]
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", None, "Folder for the runs and the table."
)
_CHECKOUT = flags.DEFINE_string(
  "checkout", str(_ROOT), "Folder of the version's source; default: this one."
)
_OTHER_CHECKOUT = flags.DEFINE_string(
  "other_checkout", None, "Folder of the other version's source."
)
_OTHER_PYTHON = flags.DEFINE_string(
  "other_python", "", "Interpreter for the other version. Empty: this one."
)
_VARIABLES = flags.DEFINE_list(
  "variables", [], "Environment of both, as NAME=VALUE."
)
_OTHER_VARIABLES = flags.DEFINE_list(
  "other_variables", [], "Environment of the other version only."
)
_DATASETS = flags.DEFINE_list(
  "datasets",
  ["apple2orange_scenes", "photo2painting_scenes"],
  "Built-in problems.",
)
_DATA_DIR = flags.DEFINE_string(
  "data_dir", "", "Folder of the built data sets. Empty: TFDS's own."
)
_SEEDS = flags.DEFINE_list("seeds", ["1", "2", "3"], "Seeds of the trainings.")
_STEPS = flags.DEFINE_integer(
  "train_steps", 0, "Steps of a training. 0: the quickstart's.", lower_bound=0
)


def main() -> None:
  """Runs the quickstarts in turn; prints and writes the table."""
  output = pathlib.Path(
    core_flags.require("output_dir", "give a folder for the runs.")
  ).absolute()
  own, other = (_checkout(name) for name in ("checkout", "other_checkout"))
  variables = _environment(_VARIABLES)
  checkouts = {
    "this": (own, sys.executable, variables),
    "other": (
      other,
      _OTHER_PYTHON.value or sys.executable,
      {**variables, **_environment(_OTHER_VARIABLES)},
    ),
  }
  path = output / "quickstart_cost.json"
  known: dict[str, dict[str, float]] = {}
  if path.exists():
    known = files.read_json(path, "Remove it.", files.object_of)
  for dataset in _DATASETS.value:
    missing = [
      (run, seed, name)
      for seed, name in itertools.product(_SEEDS.value, checkouts)
      if (run := f"{dataset}-{name}-{seed}") not in known
    ]
    for name in dict.fromkeys(name for *_, name in missing):
      folder = output / f"{dataset}-{name}-first"
      _run(_training(folder, dataset, "1", 1), *checkouts[name])
    for run, seed, name in missing:
      # A training that went on would cost less than a whole one.
      shutil.rmtree(output / run, ignore_errors=True)
      known[run] = _quickstart(output / run, dataset, seed, *checkouts[name])
      files.write_json(path, known, "output_dir")
  rows = [
    {
      "dataset": dataset,
      "seed": seed,
      **{name: known[f"{dataset}-{name}-{seed}"] for name in checkouts},
    }
    for dataset, seed in itertools.product(_DATASETS.value, _SEEDS.value)
  ]
  text = _table(rows)
  files.write_text(output / "quickstart_cost.md", text + "\n", "output_dir")
  print(text)


def _checkout(name: str) -> pathlib.Path:
  """Returns a version's folder, or refuses it."""
  folder = core_flags.require(name, "give the folder of a version's source.")
  path = pathlib.Path(folder).absolute()
  if not (path / "official" / "cyclegan" / "train.py").is_file():
    raise errors.UserError(
      "holds no official/cyclegan/train.py. Give a checkout of this project.",
      name,
      folder,
    )
  return path


def _environment(flag: Any) -> dict[str, str]:
  """Returns a list flag's variables, or refuses it."""
  variables = {}
  for text in flag.value:
    name, equals, value = text.partition("=")
    if not name or not equals:
      raise errors.UserError(
        ": give NAME=VALUE of each variable, separated by commas.",
        flag.name,
        ",".join(flag.value),
      )
    variables[name] = value
  return variables


def _training(
  folder: pathlib.Path, dataset: str, seed: str, steps: int
) -> list[str]:
  """Returns the arguments of the quickstart's training."""
  arguments = [
    "-m",
    "official.cyclegan.train",
    f"--model_dir={folder}",
    "--flagfile=official/cyclegan/configs/quickstart.flags",
    f"--dataset={dataset}",
    f"--seed={seed}",
    "--precision=float32",
  ]
  if _DATA_DIR.value:
    arguments.append(f"--data_dir={_DATA_DIR.value}")
  if steps:
    arguments.append(f"--train_steps={steps}")
  return arguments


def _quickstart(
  folder: pathlib.Path,
  dataset: str,
  seed: str,
  checkout: pathlib.Path,
  python: str,
  variables: dict[str, str],
) -> dict[str, float]:
  """Runs the quickstart's commands; returns what they cost, and the error."""
  where = (checkout, python, variables)
  before, began = child.processor_seconds(), time.monotonic()
  _run(_training(folder, dataset, seed, _STEPS.value), *where)
  trained = child.processor_seconds()
  exported, test = folder / "export", folder / "test"
  _run(
    [
      "-m",
      "official.cyclegan.export",
      f"--model_dir={folder}",
      f"--output_dir={exported}",
    ],
    *where,
  )
  (writer,) = checkout.glob("tools/**/write_test_pictures.py")
  _run(
    [str(writer), f"--model_dir={folder}", f"--output_dir={test}"],
    *where,
  )
  _run(
    [
      "-m",
      "official.cyclegan.translate",
      "--direction=AtoB",
      f"--model={exported / 'g_AB.tflite'}",
      f"--input={test / 'A'}",
      f"--output={test / 'translated'}",
    ],
    *where,
  )
  ended, took = child.processor_seconds(), time.monotonic() - began
  # Training pictures, which older versions do not write: those of this one.
  ours = folder.with_name(f"{dataset}-this-{seed}") / "test"
  for part in ("reference_A", "reference"):
    if not (test / part).exists():
      shutil.copytree(ours / part, test / part)
  child.run(
    [
      sys.executable,
      str(_ROOT / "tools" / "checks" / "summarize_translation.py"),
      f"--test_dir={test}",
      f"--output_dir={folder}",
    ],
    "measuring the pictures",
  )
  summary = files.read_json(
    folder / "summary.json", "Run the tool again.", files.object_of
  )
  return {
    "cpu_seconds": ended - before,
    "training_cpu_seconds": trained - before,
    "wall_seconds": took,
    "l1_ratio": summary["l1_ratio"],
  }


def _run(
  arguments: Sequence[str],
  checkout: pathlib.Path,
  python: str,
  variables: dict[str, str],
) -> None:
  """Runs one command in a checkout.

  Raises:
    errors.UserError: If it fails.
  """
  child.run(
    [python, *arguments],
    f"{' '.join(arguments[:2])} in {checkout}",
    cwd=checkout,
    env={**os.environ, "PYTHONPATH": str(checkout), **variables},
  )


def _table(rows: Sequence[dict[str, Any]]) -> str:
  """Returns the pairs as Markdown, and the mean of the ratios."""
  ratios = [
    row["this"]["cpu_seconds"] / row["other"]["cpu_seconds"] for row in rows
  ]
  table = markdown_table.table(
    [
      "problem",
      "seed",
      "processor time, s",
      "the other's",
      "ratio",
      "error",
      "the other's",
    ],
    (
      (
        row["dataset"],
        row["seed"],
        f"{row['this']['cpu_seconds']:.0f}",
        f"{row['other']['cpu_seconds']:.0f}",
        f"{ratio:.3f}",
        f"{row['this']['l1_ratio']:.3f}",
        f"{row['other']['l1_ratio']:.3f}",
      )
      for row, ratio in zip(rows, ratios)
    ),
  )
  return (
    f"{table}\n\nMean ratio {statistics.mean(ratios):.3f}"
    f" ({min(ratios):.3f} to {max(ratios):.3f})."
  )


if __name__ == "__main__":
  command.run(main)
