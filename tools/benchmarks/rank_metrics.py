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
r"""Asks which measures without truth rank trained models like the truth does.

Recipe (36 minutes on two cores, for both built-in problems; 71 with
--executions_per_trial=2):

  python tools/benchmarks/rank_metrics.py --output_dir=runs/rank \
    --json=runs/rank.json \
    --flagfile=official/cyclegan/configs/quickstart.flags --train_steps=1000

Trains on each of --datasets as often as --runs says, with weights drawn over
the ranges of a search, each run with its own seed. Then every run's generators
are measured, and for every measure Spearman's rank correlation with the true
error is tabulated, inside the mask where there is one and over the whole
picture (the mean of both directions), with an interval by the bootstrap over
the runs. With --executions_per_trial=2 each draw of the weights is trained
twice, with different seeds, and the means are ranked. What is finished is kept,
so that the same command goes on after an interruption, or with another number
of executions.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import math
import pathlib
import sys
from typing import Any

import child
import markdown_table
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags
from official.cyclegan.core import search_config

core_flags.define_run(devices=False)
core_flags.define(search_config.SearchConfig)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the runs.")
_JSON = flags.DEFINE_string("json", "", "File for every figure.")
_RUNS = flags.DEFINE_integer("runs", 24, "Runs on each data set.", 4)
_DATASETS = flags.DEFINE_list(
  "datasets",
  ["apple2orange_scenes", "photo2painting_scenes"],
  "Data sets whose truth is known.",
)
_JOBS = flags.DEFINE_integer("jobs", 2, "Trainings at a time.", 1)
_DRAW_SEED = flags.DEFINE_integer("draw_seed", 7, "Seed of the weights.")

_WEIGHTS = ("lambda_validation", "lambda_reconstr", "lambda_id")
_TRUTHS = ("masked_relative_l1", "relative_l1")
_MEASURED_NAME = "measures.json"
_RESAMPLES = 2000
_INTERVAL = 0.95
# Better when greater; all others are better when smaller.
_GREATER = ("edge_correlation",)


def main() -> None:
  """Trains and measures what is missing, then tabulates."""
  output = pathlib.Path(
    core_flags.require("output_dir", "give a folder for the runs.")
  )
  config = config_checks.resolve(core_flags.config_from_flags())
  ranges = core_flags.search_from_flags()
  executions = ranges.executions_per_trial
  jobs = [
    (name, i, execution)
    for execution in range(executions)
    for i in range(_RUNS.value)
    for name in _DATASETS.value
  ]
  with concurrent.futures.ThreadPoolExecutor(_JOBS.value) as pool:
    trained = [
      pool.submit(
        _train,
        config,
        _draw(ranges, i),
        name,
        i + execution * _RUNS.value,
        _folder(output, name, i, execution),
      )
      for name, i, execution in jobs
    ]
    for future in concurrent.futures.as_completed(trained):
      try:
        future.result()
      except errors.UserError:
        pool.shutdown(cancel_futures=True)
        raise
  results = {
    name: [
      {**_draw(ranges, i), **measures}
      for i, measures in enumerate(_measure(name, output, config, executions))
    ]
    for name in _DATASETS.value
  }
  correlations = {
    f"{name}, {truth}": _correlate(runs, truth)
    for name, runs in results.items()
    for truth in _TRUTHS
    if truth in runs[0]
  }
  if _JSON.value:
    text = json.dumps({"runs": results, "spearman": correlations}, indent=1)
    files.write_text(pathlib.Path(_JSON.value), text + "\n", "json")
  print(_table(correlations), end="")


def _draw(search: search_config.SearchConfig, i: int) -> dict[str, float]:
  """Returns the weights of a run, evenly on a log scale."""
  import numpy as np

  rng = np.random.default_rng([_DRAW_SEED.value, i])
  weights = {}
  for name in _WEIGHTS:
    low, high = search.space[name].values()
    value = math.exp(rng.uniform(math.log(low), math.log(high)))
    weights[name] = float(f"{value:.4g}")
  return weights


def _folder(
  output: pathlib.Path, name: str, i: int, execution: int
) -> pathlib.Path:
  run = f"{i:02d}" + (f"_{execution}" if execution else "")
  return output / name.replace("/", "_") / run


def _train(
  config: config_lib.Config,
  weights: dict[str, float],
  name: str,
  seed: int,
  folder: pathlib.Path,
) -> None:
  """Trains one run in a process of its own, if it is not trained yet."""
  done = folder / "trained"
  if done.exists():
    return
  child.run(
    [
      sys.executable,
      "-m",
      "official.cyclegan.train",
      f"--model_dir={folder}",
      f"--experiment={config_file.NO_PRESET}",
      *config_file.to_flags(config),
      # Of a flag given twice the last counts.
      f"--dataset={name}",
      f"--seed={seed}",
      *(f"--{key}={value}" for key, value in weights.items()),
      "--keep_checkpoints=1",
    ],
    f"{folder} has",
  )
  done.touch()
  print(f"{folder} is trained.", flush=True)


def _measure(
  name: str, output: pathlib.Path, config: config_lib.Config, executions: int
) -> list[dict[str, float]]:
  """Returns each draw's measures on a data set, means of its executions."""
  # Imported late: a refused flag does not wait for TensorFlow.
  import numpy as np

  from official.cyclegan.core import devices
  from official.cyclegan.data import sources
  from official.cyclegan.evaluation import validation
  from official.cyclegan.training import checkpoints

  devices.set_up(config)
  evaluator = None
  found = []
  for execution, i in itertools.product(range(executions), range(_RUNS.value)):
    folder = _folder(output, name, i, execution)
    path = folder / _MEASURED_NAME
    if not path.exists():
      if evaluator is None:
        data = config_file.load(str(folder)).data
        source = sources.open_source(data, config.model.channels)
        validation.check_metric("datasets", "relative_l1", source)
        evaluator = validation.Evaluator(
          validation.load(source, data.crop_size)
        )
      generators = (
        checkpoints.load_generator(str(folder), direction)[0]
        for direction in checkpoints.DIRECTIONS
      )
      measures = evaluator.measure(*map(validation.from_generator, generators))
      files.write_text(path, json.dumps(measures), "output_dir")
    found.append(json.loads(path.read_text(encoding="utf-8")))
  return [
    {key: float(np.mean([one[key] for one in same])) for key in same[0]}
    for same in (found[i :: _RUNS.value] for i in range(_RUNS.value))
  ]


def _correlate(
  runs: list[dict[str, float]], truth_name: str
) -> dict[str, dict[str, float]]:
  """Returns each measure's rank correlation with one of the true errors."""
  import numpy as np
  from scipy import stats

  truth = np.array([run[truth_name] for run in runs])
  rng = np.random.default_rng(0)
  draws = rng.integers(0, len(runs), (_RESAMPLES, len(runs)))
  table = {}
  for name in runs[0]:
    if any(name not in run for run in runs):
      continue
    if name.startswith("relative_l1") and name != "relative_l1":
      continue  # of one direction
    if name == truth_name or name.endswith("_std") or name in _WEIGHTS:
      continue
    values = np.array([run[name] for run in runs])
    values = -values if name in _GREATER else values
    resampled = [
      stats.spearmanr(values[draw], truth[draw])[0]
      for draw in draws
      if len(set(truth[draw])) > 1 and len(set(values[draw])) > 1
    ]
    tail = (1 - _INTERVAL) / 2
    table[name] = {
      "spearman": float(stats.spearmanr(values, truth)[0]),
      "low": float(np.quantile(resampled, tail)),
      "high": float(np.quantile(resampled, 1 - tail)),
      "runs": len(runs),
    }
  return table


def _table(correlations: dict[str, dict[str, Any]]) -> str:
  """Returns the correlations as Markdown, the best first."""
  names = list(correlations)
  measures = set.union(*(set(c) for c in correlations.values()))

  def first(measure: str) -> float:
    found = correlations[names[0]].get(measure)
    return found["spearman"] if found else 1.0

  rows = []
  for measure in sorted(measures, key=first, reverse=True):
    cells = []
    for name in names:
      entry = correlations[name].get(measure)
      cells.append(
        f"{entry['spearman']:.2f} ({entry['low']:.2f} to {entry['high']:.2f})"
        if entry
        else ""
      )
    rows.append([f"`{measure}`", *cells])
  return markdown_table.table([f"{_RUNS.value} runs each", *names], rows) + "\n"


if __name__ == "__main__":
  command.run(main)
