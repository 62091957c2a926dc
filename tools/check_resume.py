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

  python tools/check_resume.py --kills=10

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
import subprocess
import sys
import tempfile
import time

from absl import flags

from official.cyclegan import common_flags
from official.cyclegan import config as config_lib

_KILLS = flags.DEFINE_integer("kills", 10, "How many times.", lower_bound=1)
_STEPS = flags.DEFINE_integer(
  "steps", 600, "Training steps of each run.", lower_bound=2
)
_SAVE_EVERY = flags.DEFINE_integer(
  "save_every", 20, "Steps between two checkpoints.", lower_bound=1
)
_SEED = flags.DEFINE_integer("kill_seed", 1, "Seed of the moments.")
_TRAIN_FLAGS = flags.DEFINE_multi_string(
  "train_flag",
  [
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
_POLL_SECONDS = 0.0005


def main() -> None:
  """Trains, kills, trains on, compares."""
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
    whole = time.monotonic() - started
    during_writes = _kill_again_and_again(killed, first_save, whole)
    print(f"Killed {_KILLS.value} times, {during_writes} during a write.")
    same, total = _compare(_checkpoints(alone)[-1], _checkpoints(killed)[-1])
    print(f"{same} of {total} identical")
    if same != total:
      sys.exit(1)


def _start(model_dir: str) -> subprocess.Popen:
  """Starts the training."""
  return subprocess.Popen(
    [
      sys.executable,
      "-m",
      "official.cyclegan.train",
      f"--model_dir={model_dir}",
      *_TRAIN_FLAGS.value,
      "--deterministic",
      f"--train_steps={_STEPS.value}",
      f"--save_every_steps={_SAVE_EVERY.value}",
    ],
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
  )


def _finish(process: subprocess.Popen) -> None:
  """Waits for a training that nothing disturbs."""
  output, _ = process.communicate()
  if process.returncode:
    last = (output.strip().splitlines() or ["no output"])[-1]
    raise config_lib.UserError(f"the training failed: {last}")


def _kill_again_and_again(
  model_dir: str, first_save: float, whole: float
) -> int:
  """Trains to the end through all kills; returns those during a write."""
  rng = random.Random(_SEED.value)
  longest = 1.5 * (whole - first_save) / _KILLS.value
  during_writes = 0
  for number in range(_KILLS.value):
    process = _start(model_dir)
    # From before the first step to well after the first checkpoint.
    time.sleep(rng.uniform(0.5 * first_save, first_save + longest))
    if number % 3 == 2:
      before = _files(model_dir)
      while _files(model_dir) == before and process.poll() is None:
        time.sleep(_POLL_SECONDS)
      time.sleep(rng.uniform(0, 20 * _POLL_SECONDS))
      during_writes += 1
    if process.poll() is not None:
      raise config_lib.UserError(
        f"the training was over before kill {number + 1}. Raise --steps."
      )
    process.kill()
    process.communicate()
    steps = [path.rsplit("-", 1)[1] for path in _checkpoints(model_dir)]
    print(f"kill {number + 1}: checkpoints of steps {', '.join(steps)}")
  _finish(_start(model_dir))
  return during_writes


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
  common_flags.run(main)
