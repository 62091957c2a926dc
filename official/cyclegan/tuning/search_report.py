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
"""Reports a search: a live table, CSV, plots, HParams, and the best flags."""

from __future__ import annotations

import csv
import dataclasses
import io
import pathlib
import statistics
from collections.abc import Iterable
from typing import Any

import tensorflow as tf
from absl import logging
from tensorboard.plugins.hparams import api as hparams_lib

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import options as options_lib
from official.cyclegan.core import search_config
from official.cyclegan.reporting import search_page
from official.cyclegan.reporting import shared_paths
from official.cyclegan.tuning import oracles
from official.cyclegan.tuning import search_space
from official.cyclegan.tuning import trial_folder

RESULTS_NAME = "results.csv"
PLOT_NAME = "objective.png"
PARETO_NAME = "pareto.csv"
PARETO_PLOT_NAME = "pareto.png"
FLAGS_NAME = "best.flags"
LOGS_FOLDER = "logs"
_WIDTH = 18  # characters of a column
_DONE = oracles.TrialStatus.COMPLETED
# What a search for a small generator weighs the objective against.
_COSTS = ("latency_ms", "macs", "size_kb")


@dataclasses.dataclass(frozen=True)
class Summary:
  """How a search stands.

  Attributes:
    completed: Trials that gave a result.
    failed: Trials that gave none.
    best: The best trial's row.
    flags: Path of the flagfile that trains the best one in full.
    finals: Finalists that were trained in full; they are counted apart.
    model_dir: The folder of the best one's run in full; empty if there is none.
    pareto_front: Of a search that measures cost, the rows of trials that no
      other one dominates, the fastest first.
  """

  completed: int
  failed: int
  best: dict[str, Any]
  flags: str
  finals: int
  model_dir: str
  pareto_front: list[dict[str, Any]]


class Report:
  """Reports after every trial: logs a line, and writes all files anew."""

  def __init__(
    self,
    config: config_lib.Config,
    options: search_config.SearchConfig,
    tuner_dir: str,
  ):
    """Sets the search to report on.

    Args:
      config: The options of all trials.
      options: Which of them are varied.
      tuner_dir: The folder of the search.
    """
    self._config, self._options = config, options
    self._folder = pathlib.Path(tuner_dir)

  def start(self, oracle: oracles.CrashSafeOracle) -> None:
    """Logs the head of the table, and what an earlier start has found.

    Args:
      oracle: Has all trials.
    """
    names = ("trial", self._options.objective, *self._options.search, "seconds")
    logging.info("%s", _line(names))
    for trial in oracle.ended():
      self._show(self.row(trial), oracle)
    if oracle.ended():
      self._write(oracle)

  def add(self, trial: oracles.Trial, oracle: oracles.CrashSafeOracle) -> None:
    """Reports a trial that has ended.

    Args:
      trial: Which.
      oracle: Has all of them.
    """
    row = self.row(trial)
    self._show(row, oracle)
    self._write(oracle)
    self._write_summary(row)

  def finish(self, oracle: oracles.CrashSafeOracle) -> Summary:
    """Returns how the search has ended.

    Args:
      oracle: Has all trials.

    Raises:
      errors.UserError: If no trial was completed.
    """
    ended = oracle.ended()
    trials = [t for t in ended if not oracles.is_final(t)]
    completed = sum(trial.status == _DONE for trial in trials)
    best = oracle.best()
    if best is None:
      reasons = [self.row(trial)["message"] for trial in ended]
      raise errors.UserError(
        f"none of {len(ended)} trials was completed"
        + (f"; the last one: {reasons[-1]}" if reasons else ".")
      )
    finals = [t for t in oracle.finals() if t.status == _DONE]
    trained = self._trial_folder(best).execution(0)
    return Summary(
      completed,
      len(trials) - completed,
      self.row(best),
      str(self._folder / FLAGS_NAME),
      len(finals),
      str(trained) if best in finals else "",
      pareto_front(list(map(self.row, trials)), self._options.objective),
    )

  def row(self, trial: oracles.Trial) -> dict[str, Any]:
    """Returns a trial as a line of `results.csv`.

    Args:
      trial: One that has ended.
    """
    folder = self._trial_folder(trial)
    results = folder.results()
    # A trial may have failed once, and then gone on when it was run again.
    message = "" if trial.status == _DONE else folder.failure()
    row = {
      "trial": trial.trial_id,
      "status": trial.status,
      self._options.objective: trial.score,
      **{
        name: trial.hyperparameters.values[name]
        for name in self._options.search
      },
      "steps": sum(r.steps for r in results),
      "seconds": round(sum(r.seconds for r in results), 1),
      "continues": trial.hyperparameters.values.get("tuner/trial_id", ""),
      "final_of": trial.hyperparameters.values.get(oracles.FINAL_OF, ""),
      "message": message,
    }
    for name in results[0].measures if results else ():
      row.setdefault(name, statistics.mean(r.measures[name] for r in results))
    return row

  def _shared(self, row: dict[str, Any]) -> dict[str, Any]:
    """Returns a line without the places of this machine, to be handed on."""
    message = shared_paths.without(row["message"], str(self._folder))
    return {**row, "message": message}

  def seconds_per_step(self, oracle: oracles.CrashSafeOracle) -> float:
    """Returns what a step of the trials has taken, measuring included.

    Args:
      oracle: Has the trials; while none has a result, it is 0.
    """
    rows = [self.row(trial) for trial in oracle.ended()]
    steps = sum(row["steps"] for row in rows)
    return sum(row["seconds"] for row in rows) / steps if steps else 0.0

  def _trial_folder(self, trial: oracles.Trial) -> trial_folder.TrialFolder:
    return trial_folder.TrialFolder(self._folder, trial.trial_id)

  def _show(self, row: dict[str, Any], oracle: oracles.CrashSafeOracle) -> None:
    """Logs a line of the table; a star marks the best trial so far."""
    score = row[self._options.objective]
    best = oracle.best()
    if score is None:
      shown = "failed"
    else:
      star = " *" if best and best.trial_id == row["trial"] else ""
      shown = f"{score:.5g}{star}"
    values = [_short(row[name]) for name in self._options.search]
    cells = [row["trial"], shown, *values, f"{row['seconds']:.0f}"]
    remarks = [row["message"]]
    if row["final_of"]:
      remarks.append(f"trial {row['final_of']} in full")
    remark = "; ".join(filter(None, remarks))
    logging.info("%s", _line(cells) + f"  {remark}".rstrip())

  def _write(self, oracle: oracles.CrashSafeOracle) -> None:
    """Writes the table, the plot and the flags of the best trial."""
    rows = [self.row(trial) for trial in oracle.ended()]
    self._save(RESULTS_NAME, _csv([self._shared(row) for row in rows]))
    best = oracle.best()
    if best is None:
      self._write_page(rows, "")
      return
    (row,) = (row for row in rows if row["trial"] == best.trial_id)
    flags = self._flags(row, rows)
    self._save(FLAGS_NAME, flags)
    every_row = rows
    # Only what was trained equally long can be compared.
    rows = [row for row in rows if not row["final_of"]]
    done = [row for row in rows if row["status"] == _DONE]
    with files.writing(self._folder / PLOT_NAME) as partial:
      plot(done, self._options, row["final_of"] or row["trial"], partial)
    front = pareto_front(rows, self._options.objective)
    if front:
      self._save(PARETO_NAME, _csv(front))
      with files.writing(self._folder / PARETO_PLOT_NAME) as partial:
        plot_pareto_front(done, front, self._options.objective, partial)
    self._write_page(every_row, flags)

  def _write_page(self, rows: list[dict[str, Any]], flags: str) -> None:
    """Writes the page that shows all of it."""
    search_page.write(
      str(self._folder),
      rows,
      self._options.objective,
      self._options.search,
      flags,
      "distill" if self._config.distill.teacher else "train",
    )

  def _flags(self, best: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Returns the flagfile that trains the best trial in full."""
    found = {name: best[name] for name in self._options.search}
    config = config_checks.resolve(
      search_config.with_searched(self._config, found)
    )
    objective = self._options.objective
    teacher = config.distill.teacher
    base = None
    if teacher:
      with errors.given_as(model_dir="teacher"):
        base = config_lib.student_of(config_file.load(teacher), teacher)
    command = "distill" if teacher else "train"
    kind = f"Trial {best['trial']}"
    if best["final_of"]:
      kind += f", which is trial {best['final_of']} in full"
    rivals = [r for r in rows if bool(r["final_of"]) == bool(best["final_of"])]
    lines = [
      f"# {kind}, the best of {len(rivals)} by {objective}"
      f" ({best[objective]:.5g}).",
      f"# python -m official.cyclegan.{command} --model_dir=..."
      " --flagfile=THIS",
      *config_file.to_flags(config, base),
    ]
    if teacher:
      lines.append(f"--teacher={teacher}")
    # What was searched is said even where it is the default.
    for name, value in found.items():
      if not any(line.startswith(f"--{name}=") for line in lines):
        lines.append(f"--{name}={value}")
    return "\n".join(lines) + "\n"

  def _write_summary(self, row: dict[str, Any]) -> None:
    """Writes a trial for TensorBoard's HParams tab; no search needs it."""
    folder = self._folder / LOGS_FOLDER / row["trial"]
    values = {name: row[name] for name in self._options.search}
    try:
      with tf.summary.create_file_writer(str(folder)).as_default():
        hparams_lib.hparams(values, trial_id=row["trial"])
        for name, value in row.items():
          if isinstance(value, float) and name not in values:
            tf.summary.scalar(name, value, step=row["steps"])
    except (tf.errors.OpError, OSError) as error:
      logging.warning(
        "The TensorBoard log of trial %s cannot be written to %s (%s). The"
        " search goes on.",
        row["trial"],
        folder,
        errors.first_line(error),
      )

  def _save(self, name: str, text: str) -> None:
    files.write_text(self._folder / name, text, "tuner_dir")


def pareto_front(
  rows: list[dict[str, Any]], objective: str
) -> list[dict[str, Any]]:
  """Returns the trials that none dominates in objective and costs.

  Args:
    rows: Of all trials.
    objective: Smaller is better, as are the costs.

  Returns:
    Completed trials with a cost of which no other one is at least as good in
    every respect and better in one, the fastest first; empty if no cost was
    measured.
  """
  names = (objective, *_COSTS)
  done = [row for row in rows if row["status"] == _DONE and _COSTS[0] in row]

  def dominates(one: dict[str, Any], other: dict[str, Any]) -> bool:
    pairs = [(one[name], other[name]) for name in names]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

  front = [r for r in done if not any(dominates(other, r) for other in done)]
  return sorted(front, key=lambda row: row[_COSTS[0]])


def plot_pareto_front(
  rows: list[dict[str, Any]],
  front: list[dict[str, Any]],
  objective: str,
  path: str,
) -> None:
  """Draws the objective over each cost, the Pareto front in another colour.

  Args:
    rows: Completed trials.
    front: Those of them that none dominates.
    objective: Its name.
    path: The PNG file.
  """
  import matplotlib

  matplotlib.use("Agg")
  from matplotlib import pyplot

  figure, axes = pyplot.subplots(
    1, len(_COSTS), figsize=(3.6 * len(_COSTS), 3.4), sharey=True
  )
  for axis, name in zip(axes, _COSTS):
    for shown, colour in ((rows, "C0"), (front, "C1")):
      axis.plot(
        [row[name] for row in shown],
        [row[objective] for row in shown],
        "o",
        color=colour,
      )
    axis.set_xlabel(name)
    axis.grid(alpha=0.3)
  axes[0].set_ylabel(f"{objective} (smaller is better)")
  figure.tight_layout()
  figure.savefig(path, dpi=100, format="png")
  pyplot.close(figure)


def _csv(rows: list[dict[str, Any]]) -> str:
  """Returns rows as a table, with all columns that any of them has."""
  columns = list(dict.fromkeys(name for row in rows for name in row))
  text = io.StringIO()
  writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
  writer.writeheader()
  writer.writerows(rows)
  return text.getvalue()


def plot(
  rows: list[dict[str, Any]],
  options: search_config.SearchConfig,
  chosen: str,
  path: str,
) -> None:
  """Draws the objective over each thing that is varied.

  Args:
    rows: Completed trials.
    options: What is varied.
    chosen: The trial that won, drawn in another colour. With finalists it need
      not be the lowest one.
    path: The PNG file.
  """
  import matplotlib

  matplotlib.use("Agg")
  from matplotlib import pyplot
  from matplotlib import ticker

  space = search_space.varied(options)
  count = len(space)
  figure, axes = pyplot.subplots(
    1, count, figsize=(3.6 * count, 3.4), sharey=True, squeeze=False
  )
  for axis, (name, tried) in zip(axes[0], space.items()):
    for row in rows:
      wins = row["trial"] == chosen
      axis.plot(
        row[name],
        row[options.objective],
        "o",
        color="C1" if wins else "C0",
        markersize=8 if wins else 5,
      )
    if isinstance(tried, options_lib.Range):
      axis.set_xscale("log")
      axis.set_xlim(tried.low, tried.high)
      axis.xaxis.set_minor_formatter(ticker.NullFormatter())
    axis.set_xlabel(name)
    axis.grid(alpha=0.3)
  axes[0][0].set_ylabel(f"{options.objective} (smaller is better)")
  figure.tight_layout()
  figure.savefig(path, dpi=100, format="png")
  pyplot.close(figure)


def _line(cells: Iterable[str]) -> str:
  """Returns cells as a line of the table."""
  return "".join(f"{cell:<{_WIDTH}}" for cell in cells).rstrip()


def _short(value: Any) -> str:
  return f"{value:.4g}" if isinstance(value, float) else str(value)


def describe(
  summary: Summary, search: search_config.SearchConfig, command: str
) -> str:
  """Returns what a search found, in lines for people.

  Args:
    summary: What it found.
    search: Its options.
    command: `train` or `distill`: what trains the best trial in full.
  """
  best = summary.best
  found = ", ".join(
    f"{name} {best[name]:.4g}"
    if isinstance(best[name], float)
    else f"{name} {best[name]}"
    for name in search.search
  )
  finals = f", {summary.finals} trained in full" if summary.finals else ""
  lines = [
    f"{summary.completed} trials completed, {summary.failed} failed{finals}."
    f" Best: trial {best['trial']}, {search.objective}"
    f" {best[search.objective]:.5g} ({found})."
  ]
  if summary.pareto_front:
    lines.append("Nothing is better in every respect than:")
  for row in summary.pareto_front:
    values = ", ".join(f"{name} {row[name]}" for name in search.search)
    lines.append(
      f"  trial {row['trial']}: {search.objective}"
      f" {row[search.objective]:.5g}, {row['latency_ms']:.2f} ms,"
      f" {row['macs'] / 1e6:.1f} M MACs, {row['size_kb']:.0f} KB ({values})"
    )
  if summary.model_dir:
    lines.append(f"It is trained in full: --model_dir={summary.model_dir}")
  else:
    lines.append(
      f"Train it in full: python -m official.cyclegan.{command}"
      f" --model_dir=... --flagfile={summary.flags}"
    )
  return "\n".join(lines)
