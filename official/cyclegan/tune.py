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
    --experiment=quickstart --max_minutes=30
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
import os
import sys

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import flags
from official.cyclegan.core import search_config
from official.cyclegan.data import folders

flags.define_run(distilled=True, devices=False, timed=False)
flags.define(search_config.SearchConfig)
flags.define(search_config.TuneConfig)
_AGAIN = "--noshow_ended"


def _start_again() -> None:
  """Becomes a new process, so that whoever waits for this one need not know."""
  given = [flag for flag in sys.argv[1:] if flag != _AGAIN]
  sys.stdout.flush()
  sys.stderr.flush()
  arguments = [sys.executable, "-m", "official.cyclegan.tune", *given, _AGAIN]
  os.execv(sys.executable, arguments)


def main() -> None:
  """Searches what files and flags describe."""
  tuning = flags.read(search_config.TuneConfig)
  options = flags.search_from_flags(tuning.space)
  if tuning.space == "architecture":
    config = flags.student_from_flags()
  else:
    config = flags.config_from_flags()
    if config.distill.teacher:
      raise errors.UserError(
        "is for --space=architecture, whose trials learn from it. Give that, or"
        " leave it out.",
        "teacher",
        config.distill.teacher,
      )
  resolved = config_checks.resolve(config)
  config_checks.check_training(resolved)
  shown = flags.read(command_config.CommandConfig)
  if shown.dry_run:
    search = {"search": search_config.option_values(options)}
    command.show(
      {**dataclasses.asdict(resolved), **search},
      shown.format,
      {**dataclasses.asdict(config), **search},
    )
    return
  tuner_dir = flags.require(
    "tuner_dir", "give a folder for the search, e.g. --tuner_dir=runs/tuning."
  )
  flags.refuse_overwriting(
    "tuner_dir", tuner_dir, "best.flags", search_config.FILE_NAME
  )
  folders.require_there(resolved.data)
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  cpu_tuning.load_tensorflow(resolved.train)
  from official.cyclegan import tune_lib

  kept = (
    f"Trials that have ended are kept in {tuner_dir}: the same command goes on."
  )
  try:
    with errors.keeping(lambda: kept):
      tune_lib.run(config, options, tuner_dir, tuning)
  except tune_lib.NeedsRestart as restart:
    print(f"tune: {restart}; it starts itself again.", file=sys.stderr)
    _start_again()


if __name__ == "__main__":
  command.run(main)
