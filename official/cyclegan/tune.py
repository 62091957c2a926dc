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
r"""Searches the loss weights that suit two piles of pictures.

Recipe (built-in data set, about half an hour on two cores):

  python -m official.cyclegan.tune --tuner_dir=runs/tuning \
    --flagfile=official/cyclegan/configs/quickstart.flags --max_minutes=30
  python -m official.cyclegan.train --model_dir=runs/tuned \
    --flagfile=runs/tuning/best.flags

A small generator within a budget, learning from a trained one:

  python -m official.cyclegan.tune --tuner_dir=runs/small --space=architecture \
    --teacher=runs/quickstart --max_latency_ms=5
  python -m official.cyclegan.distill --model_dir=runs/student \
    --flagfile=runs/small/best.flags

Takes all of train's flags: every trial is such a training, only shorter
(--trial_steps); the best --finalists are then trained in full. What --search
does not name stays as it is given. The folder gets results.csv, objective.png,
best.flags and logs/ (tensorboard --logdir). Stopped or killed, it goes on when
the same command is given again.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Any

from absl import flags

from official.cyclegan.core import common_flags
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks

common_flags.define_data_flags()
common_flags.define_model_flags()
common_flags.define_train_flags()
common_flags.define_distill_flags()
common_flags.define_search_flags()
common_flags.define_dry_run_flag()
_SPACE = flags.DEFINE_enum(
  "space",
  config_lib.SPACES[0],
  config_lib.SPACES,
  "What is searched: loss weights, trained like train; or the architecture of a"
  " small generator that learns from --teacher, like distill. --search and the"
  " --..._choices have other defaults there: "
  + ", ".join(config_lib.ARCHITECTURE_SEARCH.search)
  + ".",
)
_TUNER_DIR = flags.DEFINE_string(
  "tuner_dir", None, "Folder of the search; all of its processes share it."
)
_DISTRIBUTED = flags.DEFINE_boolean(
  "distributed",
  False,
  "This is one of several processes. KERASTUNER_TUNER_ID is chief in one and a"
  " name of its own in each of the others, which train; KERASTUNER_ORACLE_IP"
  " and KERASTUNER_ORACLE_PORT are the chief's address in all.",
)
_SHOW_ENDED = flags.DEFINE_boolean(
  "show_ended", True, "Show the trials of earlier starts again."
)
_AGAIN = "--noshow_ended"


def _start_again() -> None:
  """Becomes a new process, so that whoever waits for this one need not know."""
  given = [flag for flag in sys.argv[1:] if flag != _AGAIN]
  sys.stdout.flush()
  sys.stderr.flush()
  command = [sys.executable, "-m", "official.cyclegan.tune", *given, _AGAIN]
  os.execv(sys.executable, command)


def main() -> None:
  """Searches what the flags describe."""
  options = common_flags.search_from_flags(_SPACE.value)
  if _SPACE.value == "architecture":
    config = common_flags.student_from_flags()
  else:
    config = common_flags.config_from_flags(resolve=False)
  if flags.FLAGS.dry_run:
    values: dict[str, Any] = dataclasses.asdict(config_checks.resolve(config))
    values["search"] = dataclasses.asdict(options)
    print(json.dumps(values, indent=2))
    return
  config_checks.resolve(config)
  tuner_dir = common_flags.require(
    "tuner_dir", "give a folder for the search, e.g. --tuner_dir=runs/tuning."
  )
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  from official.cyclegan import train_lib
  from official.cyclegan import tune_lib
  from official.cyclegan.core import devices

  devices.set_up(config)
  try:
    summary = tune_lib.search(
      config,
      options,
      tuner_dir,
      _DISTRIBUTED.value,
      tune_lib.memory_limit(options),
      _SHOW_ENDED.value,
    )
  except tune_lib.NeedsRestart as restart:
    print(f"tune: {restart}; it starts itself again.", file=sys.stderr)
    _start_again()
  except train_lib.Interrupted as interruption:
    print(f"tune: {interruption}", file=sys.stderr)
    sys.exit(128 + interruption.number)
  if summary is None:
    print("The search is over.")
    return
  best = summary.best
  found = ", ".join(
    f"{name} {best[name]:.4g}"
    if isinstance(best[name], float)
    else f"{name} {best[name]}"
    for name in options.search
  )
  print(
    f"{summary.completed} trials completed, {summary.failed} failed"
    + (f", {summary.finals} trained in full" if summary.finals else "")
    + f". Best: trial {best['trial']}, {options.objective}"
    f" {best[options.objective]:.5g} ({found})."
  )
  if summary.pareto_front:
    print("Nothing is better in every respect than:")
  for row in summary.pareto_front:
    values = ", ".join(f"{name} {row[name]}" for name in options.search)
    found = f"{options.objective} {row[options.objective]:.5g}"
    print(
      f"  trial {row['trial']}: {found},"
      f" {row['latency_ms']:.2f} ms, {row['macs'] / 1e6:.1f} M MACs,"
      f" {row['size_kb']:.0f} KB ({values})"
    )
  if summary.model_dir:
    print(f"It is trained in full: --model_dir={summary.model_dir}")
    return
  command = "distill" if config.distill.teacher else "train"
  print(
    f"Train it in full: python -m official.cyclegan.{command} --model_dir=..."
    f" --flagfile={summary.flags}"
  )


if __name__ == "__main__":
  common_flags.run(main)
