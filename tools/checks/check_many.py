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
r"""Compares evaluate_many and prepare_many with evaluate and prepare.

Recipe (about five minutes on two cores; --python needs TensorFlow and the extra
`beam`):

  python tools/checks/check_many.py --model=runs/quickstart/export/g_AB.tflite

Draws --pictures pictures of two domains, of which some are copies of others,
resized, recompressed or as they are, and some can not be read. Then looks
through them and packs them both ways, and compares all files byte for byte; and
measures 200 translations against 1,000 real pictures both ways. Prints a
Markdown table; ends with status 1 if files differ, or a figure by more than
1e-6 of it.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import PIL.Image
import tabulate
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors

_MODEL = flags.DEFINE_string(
  "model", "", "A .tflite file from A to B; none: nothing is measured."
)
_PICTURES = flags.DEFINE_integer(
  "pictures", 5000, "How many are drawn.", lower_bound=40
)
_SIZE = flags.DEFINE_integer(
  "size", 72, "Their largest width and height, pixels.", lower_bound=40
)
_PYTHON = flags.DEFINE_string(
  "python", sys.executable, "Interpreter that runs the commands."
)
_WORKERS = flags.DEFINE_integer("workers", 2, "Of Beam.", lower_bound=1)
_SHARE_OF_COPIES = 0.1
_SPLITS = ("trainA", "trainB", "testA", "testB")
_WEIGHTS = (0.45, 0.45, 0.05, 0.05)
_TOLERANCE = 1e-6


def main() -> None:
  """Compares, and prints the table."""
  if not shutil.which(_PYTHON.value):
    raise errors.UserError("is no program.", "python", _PYTHON.value)
  rows: list[tuple[str, str]] = []
  same = True
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    _draw(folder / "given")
    seconds = {}
    for what, more in (
      ("prepare", ()),
      ("prepare_many", (f"--workers={_WORKERS.value}",)),
    ):
      started = time.monotonic()
      _run(
        what,
        f"--dataset={folder / 'given'}",
        "--on_bad_image=skip",
        "--shard_mb=2",
        f"--output_dir={folder / what}",
        *more,
      )
      seconds[what] = time.monotonic() - started
    one, many = (_files(folder / what) for what in seconds)
    differ = sorted(
      name for name in {*one, *many} if one.get(name) != many.get(name)
    )
    same = same and not differ
    near = json.loads(one["report.json"])["near_duplicates"]
    counts = ", ".join(
      f"{n.replace('_', ' ')} {v['count']}" for n, v in near.items()
    )
    rows += [
      ("pictures prepared", f"{_PICTURES.value:,}; near duplicates {counts}"),
      (
        "files that differ",
        f"{len(differ)} of {len(one)}{': ' if differ else ''}"
        + ", ".join(differ[:5]),
      ),
      *((what, f"{value:.0f} s") for what, value in seconds.items()),
    ]
    if _MODEL.value:
      worst = _measure(folder)
      same = same and worst <= _TOLERANCE
      rows.append(("FID and KID differ at most by", f"{worst:.1e} of them"))
  print(
    tabulate.tabulate(
      rows, ("", "measured"), tablefmt="github", disable_numparse=True
    )
  )
  if not same:
    sys.exit(1)


def _draw(folder: pathlib.Path) -> None:
  """Draws pictures, copies of some, and files that are none."""
  rng = np.random.default_rng(0)
  for split in _SPLITS:
    (folder / split).mkdir(parents=True)
  drawn: list[pathlib.Path] = []
  for i in range(_PICTURES.value):
    split = str(rng.choice(_SPLITS, p=_WEIGHTS))
    path = folder / split / f"{i:06d}.{'png' if i % 7 == 0 else 'jpg'}"
    if i % 500 == 499:
      path.write_bytes(b"no picture")
      continue
    if drawn and rng.random() < _SHARE_OF_COPIES:
      other = drawn[rng.integers(len(drawn))]
      if rng.random() < 0.3:
        path = path.with_suffix(other.suffix)
        path.write_bytes(other.read_bytes())
      else:
        with PIL.Image.open(other) as picture:
          size = rng.integers(40, _SIZE.value + 1, 2)
          copy = picture.resize((int(size[0]), int(size[1])))
          copy.save(path, quality=int(rng.integers(50, 96)))
      continue
    coarse = rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)
    size = rng.integers(40, _SIZE.value + 1, 2)
    smooth = PIL.Image.fromarray(coarse).resize((int(size[0]), int(size[1])))
    smooth.save(path, quality=90)
    drawn.append(path)


def _measure(folder: pathlib.Path) -> float:
  """Returns by how much of them figures differ at the most."""
  real = folder / "given"
  data = folder / "measured"
  for split, count in (
    ("trainA", 2),
    ("trainB", 1000),
    ("testA", 200),
    ("testB", 2),
  ):
    (data / split).mkdir(parents=True)
    found = []
    for path in sorted(real.glob(f"*{split[-1]}/*")):
      if path.read_bytes() != b"no picture":
        found.append(path)
    for path in found[:count]:
      shutil.copy(path, data / split / f"{path.parent.name}_{path.name}")
  _run(
    "evaluate",
    f"--model={_MODEL.value}",
    f"--dataset={data}",
    f"--output_dir={folder / 'one'}",
  )
  _run(
    "evaluate_many",
    f"--model={_MODEL.value}",
    f"--input={data / 'testA'}",
    f"--references={data / 'trainB'}",
    f"--output_dir={folder / 'many'}",
    f"--workers={_WORKERS.value}",
  )
  one, many = (
    json.loads((folder / name / "report.json").read_text(encoding="utf-8"))
    for name in ("one", "many")
  )
  worst = 0.0
  for candidate, measures in many["measures"].items():
    for name, value in measures.items():
      wanted = one["directions"]["AtoB"][candidate][name]
      worst = max(worst, abs(value - wanted) / abs(wanted))
  return worst


def _files(folder: pathlib.Path) -> dict[str, bytes]:
  return {path.name: path.read_bytes() for path in folder.iterdir()}


def _run(name: str, *options: str) -> None:
  """Runs one of the package's commands."""
  done = subprocess.run(
    [_PYTHON.value, "-m", f"official.cyclegan.{name}", *options],
    capture_output=True,
    text=True,
    errors="replace",
    check=False,
  )
  if done.returncode:
    last = (done.stderr.strip().splitlines() or ["no output"])[-1]
    raise errors.UserError(f"{name} failed: {last}")


if __name__ == "__main__":
  command.run(main)
