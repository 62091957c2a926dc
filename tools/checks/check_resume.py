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
r"""Kills a training again and again, and compares it with one left alone.

Recipe (about three minutes on two cores):

  python tools/checks/check_resume.py --kills=10

Handed over five times between the two stacks (README), or trained as a whole by
each (--kills=0), in float32, where both round alike:

  python tools/checks/check_resume.py --kills=5 \
    --other_python=.venv-test-keras3/bin/python

Trains twice with the same flags and --deterministic: once undisturbed, once
killed by SIGKILL at random moments, every third time while a checkpoint is
being written, and started again by the same command. Then compares every
tensor of the last checkpoints bit by bit (networks, averages, optimizer slots,
pools, states of random draws, steps) and prints `N of N identical`. Ends with
status 1 if one differs.
"""

from __future__ import annotations

import glob
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors

_KILLS = flags.DEFINE_integer(
  "kills", 10, "How many times; 0 only with --other_python.", lower_bound=0
)
_OTHER_PYTHON = flags.DEFINE_string(
  "other_python",
  None,
  "Another interpreter, with this package's needs. The run that is killed"
  " starts under it, and changes between it and this one at each kill.",
)
_STEPS = flags.DEFINE_integer(
  "steps", 600, "Training steps of each run.", lower_bound=2
)
_SAVE_EVERY = flags.DEFINE_integer(
  "save_every", 10, "Steps between two checkpoints.", lower_bound=1
)
_SEED = flags.DEFINE_integer("kill_seed", 1, "Seed of the moments.")
_TRAIN_FLAGS = flags.DEFINE_multi_string(
  "train_flag",
  [
    "--experiment=none",
    "--crop_size=64",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--n_res_blocks=1",
    "--disc_n_layers=1",
    "--dropout=0.2",
    "--augment=diffaugment",
  ],
  "Flag of the training; give it once for each.",
)
_POLL_SECONDS = 0.005  # often enough, and the training keeps its core
_WRITE_POLL_SECONDS = 0.0005
_MOST_SAVES = 3  # between two kills, about


def main() -> None:
  """Trains, kills, trains on, compares."""
  other = _OTHER_PYTHON.value
  if not _KILLS.value and not other:
    raise errors.UserError(
      "leaves nothing to compare. Give --other_python too.", "kills", 0
    )
  if other and not shutil.which(other):
    raise errors.UserError("is no program.", "other_python", other)
  needed = (_KILLS.value + 1) * (_MOST_SAVES + 2) * _SAVE_EVERY.value
  if _STEPS.value < needed:
    raise errors.UserError(
      f"may be over before the last kill. Use at least {needed}.",
      "steps",
      _STEPS.value,
    )
  with tempfile.TemporaryDirectory() as folder:
    alone, killed = (
      os.path.join(folder, "alone"),
      os.path.join(folder, "killed"),
    )
    started = time.monotonic()
    process = _start(alone)
    while not _checkpoints(alone) and process.poll() is None:
      time.sleep(_POLL_SECONDS)
    first_save = time.monotonic() - started
    _finish(process)
    during_writes = _kill_again_and_again(killed, first_save)
    print(f"Killed {_KILLS.value} times, {during_writes} during a write.")
    same, total = _compare(_checkpoints(alone)[-1], _checkpoints(killed)[-1])
    print(f"{same} of {total} identical")
    if same != total:
      sys.exit(1)


def _start(model_dir: str, start: int | None = None) -> subprocess.Popen:
  """Starts the training.

  Args:
    model_dir: The run's folder.
    start: Which start of the run that is killed; None for the other run.
  """
  python = sys.executable
  if _OTHER_PYTHON.value and start is not None and start % 2 == 0:
    python = _OTHER_PYTHON.value
  return subprocess.Popen(
    [
      python,
      "-m",
      "official.cyclegan.train",
      f"--model_dir={model_dir}",
      *_precision(),
      *_TRAIN_FLAGS.value,
      "--deterministic",
      f"--train_steps={_STEPS.value}",
      f"--save_every_steps={_SAVE_EVERY.value}",
    ],
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
  )


def _precision() -> list[str]:
  """Returns the flag of the precision in which both stacks round alike.

  One in --train_flag comes after it, and counts.
  """
  return ["--precision=float32"] if _OTHER_PYTHON.value else []


def _finish(process: subprocess.Popen) -> None:
  """Waits for a training that nothing disturbs."""
  output, _ = process.communicate()
  if process.returncode:
    last = (output.strip().splitlines() or ["no output"])[-1]
    raise errors.UserError(f"the training failed: {last}")


def _kill_again_and_again(model_dir: str, first_save: float) -> int:
  """Trains to the end through all kills; returns those during a write.

  Of three kills one is within the time to the first checkpoint, one a while
  after a checkpoint, and one in the middle of writing one.
  """
  rng = random.Random(_SEED.value)
  during_writes = 0
  for number in range(_KILLS.value):
    process = _start(model_dir, number)
    newest = _newest_step(model_dir)
    if number % 3 == 0:
      _wait(rng.uniform(0.2, 1.0) * first_save, process, model_dir, newest)
    else:
      saves = rng.randint(0, _MOST_SAVES - 1)
      while (
        _newest_step(model_dir) <= newest + saves * _SAVE_EVERY.value
        and process.poll() is None
      ):
        time.sleep(_POLL_SECONDS)
      _wait(rng.uniform(0, 0.5), process, model_dir, newest)
    if number % 3 == 2:
      before = _files(model_dir)
      while _files(model_dir) == before and process.poll() is None:
        time.sleep(_WRITE_POLL_SECONDS)
      time.sleep(rng.uniform(0, 20 * _WRITE_POLL_SECONDS))
      during_writes += 1
    if process.poll() is not None:
      output, _ = process.communicate()
      last = (output.strip().splitlines() or ["no output"])[-1]
      raise errors.UserError(
        f"the training was over before kill {number + 1} ({last}). Raise"
        " --steps."
      )
    process.kill()
    process.communicate()
    print(f"kill {number + 1}: saved to step {_newest_step(model_dir)}")
  _finish(_start(model_dir, _KILLS.value))
  return during_writes


def _wait(
  seconds: float, process: subprocess.Popen, model_dir: str, newest: int
) -> None:
  """Sleeps, but not while the training gets too far."""
  limit = newest + _MOST_SAVES * _SAVE_EVERY.value
  deadline = time.monotonic() + seconds
  while (
    time.monotonic() < deadline
    and process.poll() is None
    and _newest_step(model_dir) < limit
  ):
    time.sleep(_POLL_SECONDS)


def _newest_step(model_dir: str) -> int:
  """Returns the step of the newest checkpoint, or 0."""
  return max(
    [int(path.rsplit("-", 1)[1]) for path in _checkpoints(model_dir)] or [0]
  )


def _files(model_dir: str) -> list[str]:
  """Returns all files of the checkpoints, finished or not."""
  return sorted(
    str(p) for p in pathlib.Path(model_dir, "checkpoints").rglob("*")
  )


def _checkpoints(model_dir: str) -> list[str]:
  """Returns the checkpoints, oldest first, without their endings."""
  found = glob.glob(os.path.join(model_dir, "checkpoints", "ckpt-*.index"))
  paths = [path.removesuffix(".index") for path in found]
  return sorted(paths, key=lambda path: int(path.rsplit("-", 1)[1]))


def _compare(first: str, second: str) -> tuple[int, int]:
  """Returns how many tensors of two checkpoints are the same, of how many."""
  # Imported late: a refused flag does not wait for TensorFlow.
  import tensorflow as tf

  readers = [tf.train.load_checkpoint(path) for path in (first, second)]
  names = set.union(*(set(r.get_variable_to_shape_map()) for r in readers))
  names.discard("_CHECKPOINTABLE_OBJECT_GRAPH")  # no tensor, a description
  same = 0
  for name in sorted(names):
    values = [
      r.get_tensor(name).tobytes() if r.has_tensor(name) else None
      for r in readers
    ]
    same += values[0] == values[1]
    if values[0] != values[1]:
      print(f"different: {name}")
  return same, len(names)


if __name__ == "__main__":
  command.run(main)
