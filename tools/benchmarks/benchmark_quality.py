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
r"""Measures how soon recipes reach a good translation of the built-in problems.

Recipe (our default alone: ten minutes on two cores, otherwise idle):

  python tools/benchmarks/benchmark_quality.py --output_dir=runs/quality \
    --recipes=ours=official/cyclegan/configs/quickstart.flags

  --recipes=ours=...,junyanz=official/cyclegan/configs/paper.flags compares with
  the PyTorch reference's recipe: his initial weights, norm, losses and weights,
  pool, schedule and networks, in this code. Any flagfile can be compared.

The error is the mean absolute difference to the truth on the test split, A to
B, divided by that of doing nothing. Wall and processor time count from the
start of the process to the step: imports, building, tracing and training, but
neither the data set's first drawing nor the measuring itself. The first recipe
trains until its goal (or its end); each other stops at its own, or when it has
taken --times as long, by wall and by processor time, as the first with the same
seed. --problems are data sets with a size and a goal, name/size=goal.

Writes curves.csv, curves.json (every measurement), curves.png and summary.md.
What is finished is kept, so that the same command goes on after an
interruption.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import os
import pathlib
import sys
import time
from typing import Any

import child
import markdown_table
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags

core_flags.define_run()
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the results.")
_RECIPES = flags.DEFINE_list(
  "recipes",
  [
    "ours=official/cyclegan/configs/quickstart.flags",
    "junyanz=official/cyclegan/configs/paper.flags",
  ],
  "Names and flagfiles, name=file.",
)
_PROBLEMS = flags.DEFINE_list(
  "problems",
  [
    "apple2orange_scenes/64=0.5",
    "photo2painting_scenes/64=0.75",
    "apple2orange_scenes/128=0.5",
  ],
  "Data sets, their sizes in pixels, and the error to reach.",
)
_SEEDS = flags.DEFINE_list("seeds", ["1", "2", "3"], "Seeds.")
_TIMES = flags.DEFINE_float(
  "times",
  20.0,
  "How many times as long as the first recipe another may take.",
  lower_bound=1.0,
)
_GROWTH = flags.DEFINE_float(
  "growth",
  1.12,
  "Of the wall time from one measurement to the next. More measures less often:"
  " large networks take long to measure, which does not count as their time.",
  lower_bound=1.01,
)
_TO_THE_END = flags.DEFINE_boolean(
  "to_the_end", False, "Train the first recipe on after its goal."
)
_WORKER = flags.DEFINE_string("worker", "", "For the tool's own use.")

_FIRST_MEASURE = 10  # steps
_COLUMNS = (
  "recipe", "problem", "seed", "step", "wall_seconds", "cpu_seconds", "error"
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Run:
  """One training.

  Attributes:
    recipe: Its name.
    flagfile: Its flags.
    problem: Data set and size, as TFDS names it.
    goal: The error to reach.
    seed: The seed.
    folder: Where the run's own files go.
    wall_limit: Seconds after which it stops; so does `cpu_limit`. Both must
      have passed. 0: no limit.
    cpu_limit: Seconds.
    on: Whether to go on after the goal.
    growth: Of the wall time from one measurement to the next.
    started: When its process was started, seconds since 1970.
  """

  recipe: str
  flagfile: str
  problem: str
  goal: float
  seed: int
  folder: str
  wall_limit: float = 0.0
  cpu_limit: float = 0.0
  on: bool = False
  growth: float = 0.0
  started: float = 0.0

  @property
  def key(self) -> str:
    """The run's name among the results."""
    return f"{self.recipe}/{self.problem}/{self.seed}"


def main() -> None:
  """Runs what has not run yet, then writes curves and summary."""
  if _WORKER.value:
    _work(Run(**json.loads(_WORKER.value)))
    return
  output = pathlib.Path(
    core_flags.require("output_dir", "give a folder for the results.")
  )
  recipes = _recipes()
  problems = _problems()
  output.mkdir(parents=True, exist_ok=True)
  path = output / "curves.json"
  results: dict[str, Any] = {}
  if path.exists():
    results = json.loads(path.read_text(encoding="utf-8"))
  for problem, goal in problems:
    _draw(problem)
    for seed in _SEEDS.value:
      first = None
      for name, flagfile in recipes:
        folder = output / name / problem.replace("/", "_") / seed
        run = Run(
          name,
          flagfile,
          problem,
          goal,
          int(seed),
          str(folder),
          growth=_GROWTH.value,
        )
        if first is None:
          run = dataclasses.replace(run, on=_TO_THE_END.value)
        else:
          reached = _reached(results[first], goal) or results[first][-1]
          run = dataclasses.replace(
            run,
            wall_limit=_TIMES.value * reached["wall_seconds"],
            cpu_limit=_TIMES.value * reached["cpu_seconds"],
          )
        first = first or run.key
        if run.key not in results:
          results[run.key] = _train(run)
          files.write_text(path, json.dumps(results, indent=1), "output_dir")
        last = results[run.key][-1]
        print(
          f"{run.key}: error {last['error']:.3f} at step {last['step']}, after"
          f" {last['wall_seconds']:.0f} s",
          flush=True,
        )
  files.write_text(output / "curves.csv", _csv(results), "output_dir")
  _plot(results, problems, output / "curves.png")
  summary = _summary(results, [name for name, _ in recipes], problems)
  files.write_text(output / "summary.md", summary, "output_dir")
  print(summary, end="")


def _recipes() -> list[tuple[str, str]]:
  """Returns names and flagfiles, or refuses the flag."""
  recipes = []
  for text in _RECIPES.value:
    name, _, path = text.partition("=")
    if not name or not os.path.isfile(path):
      raise errors.UserError(
        f": {path or 'the file'} is not a flagfile. Give name=file, e.g."
        " ours=official/cyclegan/configs/quickstart.flags.",
        "recipes",
        text,
      )
    recipes.append((name, path))
  if not recipes:
    raise errors.UserError("is empty: give name=file.", "recipes")
  return recipes


def _problems() -> list[tuple[str, float]]:
  """Returns data sets and goals, or refuses the flag."""
  problems = []
  for text in _PROBLEMS.value:
    problem, _, goal = text.partition("=")
    name, _, size = problem.partition("/")
    try:
      value = float(goal)
    except ValueError:
      value = math.nan
    if not name or not size.isdecimal() or not 0 < value < math.inf:
      raise errors.UserError(
        ": give name/size=goal, e.g. apple2orange_scenes/64=0.5.",
        "problems",
        text,
      )
    problems.append((problem, value))
  return problems


def _draw(problem: str) -> None:
  """Makes sure that TFDS has the pictures before any clock runs."""
  # Imported late: a refused flag does not wait for TensorFlow.
  from official.cyclegan.data import sources

  sources.open_source(
    config_lib.DataConfig(dataset=problem, data_dir=flags.FLAGS.data_dir)
  )


def _train(run: Run) -> list[dict[str, Any]]:
  """Trains in a process of its own; returns the measurements."""
  run = dataclasses.replace(run, started=time.time())
  child.run(
    [
      sys.executable,
      str(pathlib.Path(__file__).absolute()),
      f"--flagfile={run.flagfile}",
      f"--data_dir={flags.FLAGS.data_dir}",
      f"--worker={json.dumps(dataclasses.asdict(run))}",
    ],
    f"{run.key} has",
  )
  path = pathlib.Path(run.folder, "measurements.json")
  if not path.exists():
    raise errors.UserError(f"{run.key} has failed: it left no figures.")
  return json.loads(path.read_text(encoding="utf-8"))


def _work(run: Run) -> None:
  """Trains one run and writes its measurements."""
  config = config_checks.resolve(core_flags.config_from_flags())
  cpu_tuning.load_tensorflow(config.train)
  # Imported here: they import TensorFlow.
  from official.cyclegan import train_lib
  from official.cyclegan.core import devices
  from official.cyclegan.data import preprocessing
  from official.cyclegan.data import sources
  from official.cyclegan.evaluation import paired_metrics
  from official.cyclegan.evaluation import validation
  from official.cyclegan.training import callbacks

  size = int(run.problem.partition("/")[2])
  config = config_checks.resolve(
    dataclasses.replace(
      config,
      data=dataclasses.replace(
        config.data,
        dataset=run.problem,
        crop_size=size,
        # The flagfile's share of a picture that a crop shows.
        load_size=round(size * config.data.load_size / config.data.crop_size),
      ),
      train=dataclasses.replace(config.train, seed=run.seed),
    )
  )
  devices.set_up(config)
  measurements: list[dict[str, Any]] = []
  spent = {"wall": 0.0, "cpu": 0.0}  # by measuring

  def clock() -> tuple[float, float]:
    wall = time.time() - run.started - spent["wall"]
    return wall, time.process_time() - spent["cpu"]

  test_set = validation.load(sources.open_source(config.data), size)
  inputs, truth = test_set.images["A"], test_set.images["B"]

  class Clock(callbacks.StepCallback):
    """Measures from time to time, and stops the run."""

    _due = 0.0

    def on_step(self, logs: dict[str, float]) -> None:
      if self.step < _FIRST_MEASURE:
        return
      if self.step % 10 == 0:
        self.model.step.numpy()  # waits until the steps are done
      wall, cpu = clock()
      late = bool(run.wall_limit) and (
        wall >= run.wall_limit and cpu >= run.cpu_limit
      )
      if wall < self._due and not late and self.step < self.total:
        return
      before = time.time(), time.process_time()
      generator = self.model.inference_generators[0]
      translated = validation.translate_all(
        validation.from_generator(generator), inputs
      )
      pictures = preprocessing.unit_to_uint8(translated)
      error = paired_metrics.relative_l1(pictures, inputs, truth)
      measurements.append(
        {
          "step": self.step,
          "wall_seconds": wall,
          "cpu_seconds": cpu,
          "error": error,
        }
      )
      if late or (error <= run.goal and not run.on):
        self.model.stop_training = True
      spent["wall"] += time.time() - before[0]
      spent["cpu"] += time.process_time() - before[1]
      self._due = run.growth * wall

  train_lib.train(config, run.folder, extra_callbacks=[Clock])
  files.write_text(
    pathlib.Path(run.folder, "measurements.json"),
    json.dumps(measurements),
    "output_dir",
  )


def _reached(
  measurements: list[dict[str, Any]], goal: float
) -> dict[str, Any] | None:
  """Returns the first measurement that reaches the goal, if any does."""
  return next((m for m in measurements if m["error"] <= goal), None)


def _csv(results: dict[str, Any]) -> str:
  """Returns all measurements, one a line."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator="\n")
  writer.writerow(_COLUMNS)
  for key, measurements in results.items():
    recipe, dataset_name, size, seed = key.split("/")
    for m in measurements:
      writer.writerow(
        [recipe, f"{dataset_name}/{size}", seed, *(m[c] for c in _COLUMNS[3:])]
      )
  return text.getvalue()


def _plot(
  results: dict[str, Any],
  problems: list[tuple[str, float]],
  path: pathlib.Path,
) -> None:
  """Draws error over wall and over processor time, a row for each problem."""
  import matplotlib

  matplotlib.use("Agg")
  from matplotlib import pyplot

  figure, axes = pyplot.subplots(
    len(problems), 2, figsize=(11, 3.6 * len(problems)), squeeze=False
  )
  colours: dict[str, str] = {}
  for row, (problem, goal) in zip(axes, problems):
    for axis, clock in zip(row, ("wall", "cpu")):
      for key, measurements in results.items():
        recipe, _, rest = key.partition("/")
        if rest.rpartition("/")[0] != problem:
          continue
        label = (
          recipe if recipe not in axis.get_legend_handles_labels()[1] else None
        )
        colour = colours.setdefault(recipe, f"C{len(colours)}")
        axis.plot(
          [m[f"{clock}_seconds"] for m in measurements],
          [m["error"] for m in measurements],
          color=colour,
          label=label,
        )
      axis.axhline(1.0, color="grey", linewidth=0.8, linestyle=":")
      axis.axhline(goal, color="black", linewidth=0.8, linestyle="--")
      axis.set_xscale("log")
      axis.set_xlabel(f"{'processor' if clock == 'cpu' else clock} time, s")
      axis.set_ylabel("error / doing nothing")
      axis.set_title(problem)
      axis.legend()
  figure.tight_layout()
  figure.savefig(path, dpi=100)


def _summary(
  results: dict[str, Any], recipes: list[str], problems: list[tuple[str, float]]
) -> str:
  """Returns the times to the goals as Markdown."""
  headers = [
    "problem, goal",
    "seed",
    "recipe",
    "reached at step",
    "wall s",
    "CPU s",
    "times longer, wall",
    "CPU",
  ]
  rows = []
  for problem, goal in problems:
    for seed in _SEEDS.value:
      base = None
      for recipe in recipes:
        measurements = results[f"{recipe}/{problem}/{seed}"]
        m = _reached(measurements, goal)
        base = base or m
        at = m or measurements[-1]
        step = (
          f"{at['step']}" if m else f"no: {at['error']:.2f} at {at['step']}"
        )
        more = "" if m else "> "
        ratios = [
          f"{more}{at[f'{clock}_seconds'] / base[f'{clock}_seconds']:.1f}"
          if base
          else "-"
          for clock in ("wall", "cpu")
        ]
        rows.append(
          [
            f"{problem}, {goal}",
            seed,
            recipe,
            step,
            f"{more}{at['wall_seconds']:.0f}",
            f"{more}{at['cpu_seconds']:.0f}",
            *ratios,
          ]
        )
  return markdown_table.table(headers, rows) + "\n"


if __name__ == "__main__":
  command.run(main)
