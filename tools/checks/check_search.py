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
r"""Kills a search again and again, and checks that nothing of it is lost.

Recipe (a few minutes on two cores):

  python tools/checks/check_search.py --output_dir=runs/check_search --kills=5

starts `tune` on tiny networks, kills it by SIGKILL at random moments, each time
starts it again, and lets it end. With --distributed there are a chief and two
workers on the loopback address: the first worker is killed for good, then the
second one and the chief in turn. A trial counts as finished once its result is
there; the check is that each such result is still the same file in the end and
is in results.csv once, that none is missing, and that the search ended.
"""

from __future__ import annotations

import csv
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors
from official.cyclegan.core import flags as core_flags

_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the search.")
_DATASET = flags.DEFINE_string(
  "dataset", "apple2orange_scenes/64", "What to train on."
)
_KILLS = flags.DEFINE_integer("kills", 5, "How many kills.", lower_bound=0)
_TRIALS = flags.DEFINE_integer("trials", 8, "Trials.", lower_bound=1)
_STEPS = flags.DEFINE_integer("trial_steps", 40, "Steps.", lower_bound=1)
_FINALISTS = flags.DEFINE_integer(
  "finalists", 2, "Trials that are trained twice as long again.", lower_bound=0
)
_TUNER = flags.DEFINE_string("tuner", "bayesian", "As tune's --tuner.")
_DISTRIBUTED = flags.DEFINE_boolean(
  "distributed", False, "A chief and two workers instead of one process."
)
_LONGEST = flags.DEFINE_float(
  "longest", 15.0, "Seconds until a kill, at most.", lower_bound=0.0
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the moments.")
_LIMIT = 900  # seconds for the whole
_GONE = "gone"  # the worker that is killed for good


class Search:
  """The processes of one search."""

  def __init__(self, folder: pathlib.Path):
    self.folder = folder
    self.processes: dict[str, subprocess.Popen] = {}
    self.finished: dict[pathlib.Path, int] = {}
    with socket.socket() as listener:
      listener.bind(("127.0.0.1", 0))
      self._port = listener.getsockname()[1]

  def start(self, name: str) -> None:
    """Starts, or starts again, one process."""
    environment = dict(os.environ)
    arguments = [
      f"--tuner_dir={self.folder}",
      f"--dataset={_DATASET.value}",
      f"--tuner={_TUNER.value}",
      f"--max_trials={_TRIALS.value}",
      f"--trial_steps={_STEPS.value}",
      f"--finalists={_FINALISTS.value}",
      f"--train_steps={2 * _STEPS.value}",
      "--crop_size=32",
      "--gen_n_filters=4",
      "--disc_n_filters=4",
      "--disc_n_layers=1",
      "--n_res_blocks=1",
      "--worker_timeout=8",
    ]
    if _DISTRIBUTED.value:
      arguments.append("--distributed")
      environment.update(
        KERASTUNER_TUNER_ID=name,
        KERASTUNER_ORACLE_IP="127.0.0.1",
        KERASTUNER_ORACLE_PORT=str(self._port),
      )
    with open(f"{self.folder}.{name}.log", "ab") as log:
      self.processes[name] = subprocess.Popen(
        [sys.executable, "-m", "official.cyclegan.tune", *arguments],
        env=environment,
        stdout=log,
        stderr=log,
      )

  def kill(self, name: str) -> None:
    """Kills one process, and notes what was finished by then."""
    self.processes[name].send_signal(signal.SIGKILL)
    self.processes[name].wait()
    self.note()
    print(f"killed {name}: {len(self.finished)} finished", flush=True)

  def note(self) -> None:
    """Remembers results, and that they are never written again."""
    for path in self.folder.glob("trial_*/execution_0/result.json"):
      written = path.stat().st_mtime_ns
      if self.finished.setdefault(path, written) != written:
        raise errors.UserError(f"{path} was written twice.")

  def wait(self) -> None:
    """Waits until all processes have ended well."""
    deadline = time.monotonic() + _LIMIT
    for name, process in self.processes.items():
      if name == _GONE:
        continue
      try:
        status = process.wait(max(1.0, deadline - time.monotonic()))
      except subprocess.TimeoutExpired as error:
        for other in self.processes.values():
          other.kill()
        raise errors.UserError(f"{name} did not end.") from error
      if status:
        raise errors.UserError(
          f"{name} ended with status {status}: see {self.folder}.{name}.log"
        )


def main() -> None:
  """Searches, kills, and checks."""
  output = core_flags.require("output_dir", "give a folder.")
  folder = pathlib.Path(output).absolute()
  shutil.rmtree(folder, ignore_errors=True)
  folder.parent.mkdir(parents=True, exist_ok=True)
  moments = random.Random(_SEED.value)
  search = Search(folder)
  names = ["chief", _GONE, "worker"] if _DISTRIBUTED.value else ["tuner0"]
  for name in names:
    search.start(name)
  victims = [_GONE, "worker", "chief"] if _DISTRIBUTED.value else names
  for i in range(_KILLS.value):
    time.sleep(moments.uniform(0.0, _LONGEST.value))
    victim = victims[i] if i < len(victims) else moments.choice(victims[-2:])
    if victims == names:
      victim = names[0]
    if search.processes[victim].poll() is not None:
      break  # the search is over
    search.kill(victim)
    if victim != _GONE:
      search.start(victim)
  search.wait()
  search.note()
  with open(folder / "results.csv", encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
  trials = [row["trial"] for row in rows]
  results = {path.parent.parent.name for path in search.finished}
  if len(trials) != len(set(trials)) or len(trials) != len(results):
    raise errors.UserError(
      f"{len(results)} results, but {len(trials)} lines of"
      f" {len(set(trials))} trials in results.csv."
    )
  wanted = _TRIALS.value + min(_TRIALS.value, _FINALISTS.value)
  if _TUNER.value in ("bayesian", "random") and len(trials) != wanted:
    raise errors.UserError(f"{len(trials)} trials have ended, not {wanted}.")
  print(
    f"{len(trials)} trials, each finished once; {len(results)} of"
    f" {len(results)} results kept."
  )


if __name__ == "__main__":
  command.run(main)
