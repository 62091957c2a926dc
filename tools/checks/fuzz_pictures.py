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
r"""Reads thousands of damaged pictures and checks that each ends as it should.

Recipe (a few minutes on two cores):

  python tools/checks/fuzz_pictures.py --count=5000

makes small pictures of all formats, with EXIF, profiles, odd chunks and
transparency, and damages copies of them: EXIF of wrong types, profiles of
noise, chunks added, cut, with wrong checksums, bytes changed, ends cut off.
Each is read as training reads it. Right is either one line that names the file,
or pixels: those of the undamaged picture if only metadata were changed, else
those of Pillow's most lenient reading where it has one. No file may take longer
than --seconds or the process more than --megabytes. Processes of their own read
--batch files each, so that one that dies is noticed. Ends with status 1 if
anything was wrong; the files concerned are in --output_dir.
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import damaged_pictures
from absl import flags

from official.cyclegan.core import command

_COUNT = flags.DEFINE_integer("count", 5000, "Damaged pictures.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the damages.")
_BATCH = flags.DEFINE_integer(
  "batch", 500, "Pictures that a process reads.", lower_bound=1
)
_SECONDS = flags.DEFINE_float("seconds", 5.0, "Longest time of a picture.")
_MEGABYTES = flags.DEFINE_float("megabytes", 500.0, "Most memory of a process.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", "fuzz", "Folder for the files that went wrong."
)
_WORKER = flags.DEFINE_integer("worker", -1, "For the tool's own use.")


def _work(first: int) -> None:
  """Reads a batch; prints what was wrong, and the peak memory."""
  count = min(_BATCH.value, _COUNT.value - first)
  found = {}
  with tempfile.TemporaryDirectory() as folder:
    for case in damaged_pictures.cases(count, _SEED.value, first):
      # Should the process die, this is the last line.
      print(json.dumps({"reads": case.name}), flush=True)
      start = time.perf_counter()
      try:
        wrong = damaged_pictures.problem(case, folder)
      except Exception as error:  # the very thing that is looked for
        wrong = f"{type(error).__name__}: {error}"
      seconds = time.perf_counter() - start
      if seconds > _SECONDS.value:
        wrong = f"{wrong} took {seconds:.1f} s"
      if wrong:
        found[case.name] = f"{case.how}: {wrong}"
        os.makedirs(_OUTPUT_DIR.value, exist_ok=True)
        pathlib.Path(_OUTPUT_DIR.value, case.name).write_bytes(case.data)
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
  print(json.dumps({"wrong": found, "megabytes": peak}))


def main() -> None:
  """Reads all batches and sums up."""
  if _WORKER.value >= 0:
    _work(_WORKER.value)
    return
  wrong: dict[str, str] = {}
  peak = 0.0
  for first in range(0, _COUNT.value, _BATCH.value):
    done = subprocess.run(
      [sys.executable, *sys.argv, f"--worker={first}"],
      capture_output=True,
      text=True,
      check=False,
    )
    last = json.loads((done.stdout.splitlines() or ["{}"])[-1])
    if done.returncode or "wrong" not in last:
      wrong[last.get("reads", f"batch {first}")] = "the process died"
      continue
    wrong.update(last["wrong"])
    peak = max(peak, last["megabytes"])
  if peak > _MEGABYTES.value:
    wrong["memory"] = f"{peak:.0f} MB"
  for name, what in wrong.items():
    print(f"{name}: {what}")
  print(f"{_COUNT.value} pictures, {len(wrong)} wrong, {peak:.0f} MB at most")
  if wrong:
    sys.exit(1)


if __name__ == "__main__":
  command.run(main)
