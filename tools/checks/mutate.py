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
r"""Lets the commands read thousands of damaged files.

Recipe (about 20 minutes of one core, Linux):

  python tools/checks/mutate.py --count=5000

damages each kind of file that a command reads, as its format suggests, and runs
the command on it, each in a process of its own. Right is one line on standard
error and exit status 2, or success; of pictures in records only with the very
pictures that were packed, or others where the record's own checksum is right.
A traceback, a signal, another exit status, more than --seconds of the processor
or a changed file elsewhere is wrong: the file is then kept in --output_dir, and
the exit status is 1. Prints a table.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import pathlib
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence

import damaged_files
import PIL.Image
import small_world
import tabulate
from absl import flags

from official.cyclegan.core import command

_COUNT = flags.DEFINE_integer("count", 5000, "Damaged files.", lower_bound=1)
_RUN = flags.DEFINE_string("run", "", "A run's folder. Empty: one is trained.")
_EXPORT = flags.DEFINE_string("export", "", "An export's folder, the same.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the damages.")
_SECONDS = flags.DEFINE_float(
  "seconds", 10.0, "Longest time of the processor for one file."
)
_KINDS = flags.DEFINE_list("kinds", [], "Only these rows of the table.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", "mutants", "Folder for the files that went wrong."
)
_SEARCH = "search"
_PATIENCE = 12  # times as long by the clock, where others use the processor too


@dataclasses.dataclass(frozen=True)
class Target:
  """A kind of file, and what reads it.

  Attributes:
    name: For the table.
    files: Paths below the place; one of them is damaged each time.
    damage: How.
    words: The command and its arguments.
    state: What is in the place, by name: a folder or file to be copied.
    weight: Share of the damaged files.
    results: Folder with pictures, each of which must be whole after a success.
  """

  name: str
  files: Sequence[str]
  damage: damaged_files.Damage
  words: Sequence[str]
  state: dict[str, pathlib.Path]
  weight: float
  results: str = ""


def _targets(world: small_world.World) -> list[Target]:
  fixed = world.fixed
  run, export = {"run": fixed / "run"}, {"export": fixed / "export"}
  packed = {"packed": fixed / "packed"}
  to_out = ["--output=out"]
  pictures = f"--input={fixed}/pictures/testA"
  tflite = f"--model={fixed}/export/g_AB.tflite"
  of_json, of_bytes = damaged_files.of_json, damaged_files.of_bytes
  translate = ["translate", "--model=run", pictures, *to_out]
  saved = ["translate", "--model=export/g_AB", pictures, *to_out]
  records = ["translate", tflite, "--input=packed", *to_out]
  search = ["tune", "--tuner_dir=search", *_search_flags(world)]
  trial = "search/trial_0/execution_0"
  checkpoint = f"run/checkpoints/ckpt-{small_world.STEPS}"
  return [
    Target(
      "config.json",
      ["run/config.json"],
      of_json,
      ["export", "--model_dir=run", "--output_dir=x", "--dry_run"],
      run,
      0.22,
    ),
    Target(
      "config.json with networks",
      ["run/config.json", "run/run.json"],
      of_json,
      translate,
      run,
      0.02,
      "out",
    ),
    Target(
      "export.json",
      ["export/export.json"],
      of_json,
      ["evaluate", "--model=export", "--dry_run"],
      export,
      0.1,
    ),
    Target(
      "YAML of options",
      ["run.yaml"],
      damaged_files.of_lines,
      ["train", "--config_file=run.yaml", "--dry_run"],
      {"run.yaml": fixed / "run.yaml"},
      0.12,
    ),
    Target(
      "flagfile",
      ["run.flags"],
      damaged_files.of_lines,
      ["train", "--flagfile=run.flags", "--dry_run"],
      {"run.flags": fixed / "run.flags"},
      0.08,
    ),
    Target(
      "checkpoint",
      [
        f"{checkpoint}.index",
        f"{checkpoint}.data-00000-of-00001",
        "run/checkpoints/checkpoint",
      ],
      of_bytes,
      translate,
      run,
      0.02,
      "out",
    ),
    Target(
      "best.json and run.json",
      ["run/checkpoints_best/best.json", "run/run.json"],
      of_json,
      [
        "train",
        "--model_dir=run",
        *world.training(small_world.STEPS + 1),
        "--best_metric=swd",
      ],
      run,
      0.006,
    ),
    Target(
      "SavedModel",
      [
        "export/g_AB/saved_model.pb",
        "export/g_AB/variables/variables.index",
        "export/g_AB/variables/variables.data-00000-of-00001",
      ],
      of_bytes,
      saved,
      export,
      0.025,
      "out",
    ),
    Target(
      "SavedModel's details",
      ["export/g_AB/assets.extra/cyclegan.json"],
      of_json,
      saved,
      export,
      0.03,
      "out",
    ),
    Target(
      ".tflite",
      ["export/g_AB.tflite"],
      of_bytes,
      ["translate", "--model=export/g_AB.tflite", pictures, *to_out],
      export,
      0.08,
      "out",
    ),
    Target(
      "records",
      [f"packed/{p.name}" for p in fixed.glob("packed/*testA.tfrecord*")],
      damaged_files.of_records,
      records,
      packed,
      0.05,
      "out",
    ),
    Target(
      "records' metadata",
      ["packed/dataset_info.json", "packed/features.json"],
      of_json,
      records,
      packed,
      0.05,
      "out",
    ),
    Target(
      "plan of prepare",
      ["packed/plan.json"],
      of_json,
      ["prepare", f"--dataset={fixed}/pictures", "--output_dir=packed"],
      packed,
      0.02,
    ),
    Target(
      "archive",
      [f"{small_world.ARCHIVE}.zip"],
      of_bytes,
      ["download", small_world.ARCHIVE, "--output_dir=.", "--sha256=none"],
      {f"{small_world.ARCHIVE}.zip": fixed / f"www/{small_world.ARCHIVE}.zip"},
      0.06,
    ),
    Target(
      _SEARCH,
      [
        "search/oracle.json",
        "search/search.json",
        f"{trial}/result.json",
      ],
      of_json,
      search,
      {"search": fixed / "search"},
      0.03,
    ),
    Target(
      "pictures",
      ["pictures/0.png"],
      of_bytes,
      ["translate", tflite, "--input=pictures", *to_out],
      {"pictures": fixed / "pictures/testA"},
      0.06,
      "out",
    ),
    Target(
      "video",
      ["film.mp4"],
      of_bytes,
      ["translate", tflite, "--input=film.mp4", "--output=made.mp4"],
      {"film.mp4": fixed / "film.mp4"},
      0.03,
    ),
  ]


def _search_flags(world: small_world.World) -> list[str]:
  return [
    *world.training(2),
    "--max_trials=1",
    "--trial_steps=1",
    "--objective=swd",
  ]


def _make(world: small_world.World, with_search: bool) -> None:
  """Makes what only this tool needs."""
  shown = world.must("train", *world.training(2), "--dry_run", "--format=yaml")
  (world.fixed / "run.yaml").write_text(shown.out)
  text = "\n".join(world.training(2)) + "\n"
  (world.fixed / "run.flags").write_text(text)
  best = world.fixed / "run" / "checkpoints_best"
  best.mkdir(exist_ok=True)
  (best / "best.json").write_text('{"metric": "swd", "value": 1.5, "step": 1}')
  if not with_search:
    return
  world.restore()
  world.must("tune", "--tuner_dir=search", *_search_flags(world))
  shutil.copytree(world.place / "search", world.fixed / "search")


class _Check:
  """Runs one command on damaged files."""

  def __init__(self, world: small_world.World, target: Target):
    """Runs it on the whole files first, which has to succeed."""
    self._world, self._target = world, target
    self.counts: dict[str, int] = collections.Counter()
    self.problems: list[str] = []
    self._restore()
    world.must(*target.words)
    self._fixed = small_world.tree(world.fixed)

  def _restore(self) -> None:
    self._world.restore()
    for name, source in self._target.state.items():
      if source.is_dir():
        shutil.copytree(source, self._world.place / name)
      else:
        shutil.copy(source, self._world.place / name)

  def damage(self, number: int) -> None:
    """Damages a file and runs the command.

    Args:
      number: Of the damage; with the seed it decides what is done.
    """
    target = self._target
    rng = random.Random(f"{_SEED.value} {target.name} {number}")
    self._restore()
    name = target.files[number % len(target.files)]
    path = self._world.place / name
    path.write_bytes(target.damage(damaged_files.read(path), rng))
    damaged = path.read_bytes()
    limit = _SECONDS.value
    ended = self._world.run(target.words, seconds=_PATIENCE * limit)
    found = ended.problems()
    if ended.processor_seconds > limit:
      found.append(f"{ended.processor_seconds:.1f} s of the processor")
    if ended.status == 0 and not self._results_are_whole():
      found.append("success without whole results")
    self.counts["right" if ended.status == 0 else "one line"] += 1
    if not found and number % 50 == 0:  # slow, and hardly possible
      changed = small_world.tree(self._world.fixed) != self._fixed
      found += ["what is elsewhere was changed"] if changed else []
    if found:
      kept = pathlib.Path(_OUTPUT_DIR.value, f"{number}_{path.name}")
      kept.parent.mkdir(parents=True, exist_ok=True)
      kept.write_bytes(damaged)
      text = f"{target.name}, {kept}: {'; '.join(found)}: {ended.last_line()}"
      self.problems.append(text[:600])
      print(self.problems[-1], flush=True)

  def _results_are_whole(self) -> bool:
    """Says whether each picture that was written can be read."""
    if not self._target.results:
      return True
    folder = self._world.place / self._target.results
    with contextlib.suppress(OSError, ValueError, SyntaxError):
      paths = list(folder.iterdir())
      for path in paths:
        with PIL.Image.open(path) as picture:
          picture.load()
      return bool(paths)
    return False


def main() -> None:
  """Damages all kinds of files, and sums up."""
  rows, wrong = [], 0
  with tempfile.TemporaryDirectory() as folder:
    world = small_world.World(folder)
    world.make(_RUN.value, _EXPORT.value)
    _make(world, not _KINDS.value or _SEARCH in _KINDS.value)
    chosen = [
      target
      for target in _targets(world)
      if not _KINDS.value or target.name in _KINDS.value
    ]
    total = sum(target.weight for target in chosen)
    for target in chosen:
      check = _Check(world, target)
      count = -int(-_COUNT.value * target.weight / total // 1)
      for number in range(count):
        check.damage(number)
      rows.append(
        [
          target.name,
          target.words[0],
          count,
          check.counts["one line"],
          check.counts["right"],
          len(check.problems),
        ]
      )
      wrong += len(check.problems)
      print(*rows[-1], flush=True)
  headers = ["file", "command", "damaged", "one line", "went on", "wrong"]
  print(tabulate.tabulate(rows, headers, tablefmt="github"))
  if wrong:
    sys.exit(1)


if __name__ == "__main__":
  command.run(main)
