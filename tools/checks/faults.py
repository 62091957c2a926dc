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
r"""Lets the disk fail under each command, and kills it; looks what is left.

Recipe (about 20 minutes of one core, Linux):

  python tools/checks/faults.py --faults=1000 --kills=200

A first run of each command counts its calls that create, write, rename or
remove something. Then it is run again and again from the same state. In each
run one of these calls fails with ENOSPC, EIO, EACCES or EROFS, alone or with
all that follow, as on a full disk; or the command gets SIGKILL, SIGTERM or
SIGHUP, at a call or at a random time. Right is:

* what was read is as it was;
* each file that was there is the old one or a whole new one;
* it ends in one line and status 2, or has done its work (0), or died of the
  signal; never in a traceback;
* the same command again succeeds, and leaves the same files as if nothing had
  happened.

Of runs that leave the same state one is gone on with. Prints a table, and
whatever was wrong; then the exit status is 1.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import errno
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence

import PIL.Image
import small_world
import system_calls
import tabulate
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors

_FAULTS = flags.DEFINE_integer("faults", 1000, "Faults.", lower_bound=0)
_KILLS = flags.DEFINE_integer("kills", 200, "Signals.", lower_bound=0)
_RUN = flags.DEFINE_string("run", "", "A run's folder. Empty: one is trained.")
_EXPORT = flags.DEFINE_string("export", "", "An export's folder, the same.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the moments.")
_COMMANDS = flags.DEFINE_list("commands", [], "Only these. Empty: all.")
_ERRORS = {
  errno.ENOSPC: ("create", "write", "rename"),
  errno.EIO: ("create", "write", "sync", "rename", "remove"),
  errno.EACCES: ("create", "rename", "remove", "mode"),
  errno.EROFS: ("create", "rename", "remove", "mode"),
}
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
# What has another name, or another number of files, in each run.
_VARYING = re.compile(r"events\.out\.tfevents\.|^(home|tmp)/|\.lock$")
# A training goes on without them, see "optional".
_PICTURES = re.compile(r"/samples/|/progress\.gif$")
# Files whose contents say when, how fast or in which folder they were made.
_DATED = re.compile(
  r"tfevents|run\.json$|result\.json$|oracle\.json$|results\.csv$|"
  r"best\.flags$|\.png$|\.gif$|export\.(json|md)$|report\.(json|md)$|"
  r"ckpt|checkpoint$|metadata|search_"
)


@dataclasses.dataclass(frozen=True)
class Scenario:
  """A command, and the state that it begins with.

  Attributes:
    name: For the table.
    words: The command and its arguments.
    weight: Share of the faults.
    begin: Makes the state in the place; None: nothing is there.
    until: Words on standard output after which it is asked to end.
    optional: Whether it may succeed without having written everything, as a
      training does that cannot draw its progress.
  """

  name: str
  words: Sequence[str]
  weight: float
  begin: Callable[[small_world.World], None] | None = None
  until: str | None = None
  optional: bool = False


def _scenarios(world: small_world.World, address: str) -> list[Scenario]:
  fixed = world.fixed
  again = [f"--teacher={fixed}/run", *small_world.STUDENT]

  def half_trained(world: small_world.World) -> None:
    shutil.copytree(fixed / "run", world.place / "run")

  def exported(world: small_world.World) -> None:
    shutil.copytree(fixed / "export", world.place / "export")
    shutil.rmtree(world.place / "export" / "g_AB")
    (world.place / "export" / "notes.txt").write_text("mine")

  def translated(world: small_world.World) -> None:
    (world.place / "out").mkdir()
    for name in ("0.png", "mine.png"):
      PIL.Image.new("RGB", (9, 9)).save(world.place / "out" / name)

  def reported(world: small_world.World) -> None:
    (world.place / "report").mkdir()
    for name in ("report.json", "report.md", "mine.txt"):
      (world.place / "report" / name).write_text("{}")

  model = f"--model={fixed}/export/g_AB.tflite"
  return [
    Scenario(
      "download",
      [
        "download",
        small_world.ARCHIVE,
        "--output_dir=data",
        f"--base_url={address}",
        "--sha256=none",
      ],
      0.12,
    ),
    Scenario(
      "prepare",
      ["prepare", f"--dataset={fixed}/pictures", "--output_dir=packed"],
      0.24,
    ),
    Scenario(
      "train",
      ["train", "--model_dir=run", *world.training(4)],
      0.1,
      half_trained,
      optional=True,
    ),
    Scenario(
      "distill",
      ["distill", "--model_dir=student", "--train_steps=1", *again],
      0.05,
      optional=True,
    ),
    Scenario(
      "tune",
      [
        "tune",
        "--tuner_dir=search",
        *world.training(2),
        "--max_trials=1",
        "--trial_steps=1",
        "--objective=swd",
      ],
      0.05,
      optional=True,
    ),
    Scenario(
      "evaluate",
      ["evaluate", model, "--output_dir=report", "--max_images=2"],
      0.05,
      reported,
    ),
    Scenario(
      "export",
      [
        "export",
        f"--model_dir={fixed}/run",
        "--output_dir=export",
        "--format=tflite",
        "--quantization=float32",
        "--test_images=2",
      ],
      0.06,
      exported,
    ),
    Scenario(
      "translate",
      ["translate", model, f"--input={fixed}/pictures/testA", "--output=out"],
      0.14,
      translated,
    ),
    Scenario(
      "translate a video",
      ["translate", model, f"--input={fixed}/film.mp4", "--output=film.mp4"],
      0.14,
    ),
    Scenario(
      "demo",
      ["demo", f"--model={fixed}/export", "--port=0"],
      0.05,
      until="Open http",
    ),
  ]


class _Fault:
  """Refuses a call, and perhaps all that follow; or sends a signal there."""

  def __init__(
    self, at: int, number: int = 0, lasting: bool = False, kill: int = 0
  ):
    """Sets what happens, and when.

    Args:
      at: Number of the call, among those that it can happen to, from 1 on.
      number: The error.
      lasting: Whether later calls fail as well.
      kill: The signal instead.
    """
    self._at, self._error, self._lasting, self._kill = at, number, lasting, kill
    self.seen = 0
    self.pid = 0

  def __call__(self, call: system_calls.Call) -> int | None:
    """Says what becomes of a call."""
    if not self._kill and call.kind not in _ERRORS.get(self._error, ()):
      return None
    self.seen += 1
    if self._kill:
      if self.seen == self._at:
        with contextlib.suppress(ProcessLookupError):
          os.kill(self.pid, self._kill)
      return None
    hit = self.seen >= self._at if self._lasting else self.seen == self._at
    return self._error if hit else None

  @property
  def lets_remove(self) -> bool:
    """Whether files can be removed after it."""
    return not self._lasting or "remove" not in _ERRORS.get(self._error, ())

  @property
  def happened(self) -> bool:
    """Whether the call was reached."""
    return self.seen >= self._at


class _Check:
  """Runs one scenario with faults."""

  def __init__(self, world: small_world.World, scenario: Scenario, copy: str):
    """Runs it without a fault first, which has to succeed.

    Args:
      world: What is read.
      scenario: What is run.
      copy: A folder for the state that each run begins with.
    """
    self._world, self._scenario = world, scenario
    self.problems: list[str] = []
    self.counts: dict[str, int] = collections.Counter()
    self._start = pathlib.Path(copy)
    world.restore()
    if scenario.begin:
      scenario.begin(world)
    shutil.copytree(world.place, self._start, symlinks=True)
    self._before = small_world.tree(world.place)
    self._fixed = small_world.tree(world.fixed)
    kinds: list[str] = []

    def count(call: system_calls.Call) -> None:
      kinds.append(call.kind)

    ended = self._run(count)
    if ended.problems(self.good()):
      raise errors.UserError(
        f"{scenario.name} fails by itself ({ended.status}): {ended.last_line()}"
      )
    self.calls = collections.Counter(kinds)
    self._seconds = ended.seconds
    self._clean = small_world.tree(world.place)
    self._whole_states: set[str] = set()

  def good(self) -> tuple[int, ...]:
    """Returns the exit statuses of a success."""
    if self._scenario.until:
      return 0, -signal.SIGTERM, 128 + signal.SIGTERM
    return (0,)

  def _run(
    self,
    decide: system_calls.Decide | None = None,
    moment: small_world.Moment | None = None,
  ) -> small_world.Ended:
    def started(pid: int) -> None:
      if isinstance(decide, _Fault):
        decide.pid = pid

    return self._world.run(
      self._scenario.words,
      decide,
      moment,
      self._scenario.until,
      started=started,
    )

  def fault(self, number: int, at: float, lasting: bool) -> None:
    """Runs the command with an error.

    Args:
      number: The error.
      at: Where, in [0, 1) of the calls that it can happen to.
      lasting: Whether later calls fail as well.
    """
    total = sum(self.calls[kind] for kind in _ERRORS[number])
    decide = _Fault(1 + int(at * total), number, lasting)
    how = f"{errno.errorcode[number]} at {decide._at} of {total}"
    self._attempt(
      how + (" and after" if lasting else ""), decide, None, (*self.good(), 2)
    )

  def kill(self, number: int, at: float, by_call: bool) -> None:
    """Runs the command and sends it a signal.

    Args:
      number: The signal.
      at: When, in [0, 1) of the calls, or of the time.
      by_call: Whether calls are counted, or time.
    """
    allowed = (*self.good(), 2, -number, 128 + number)
    total = sum(self.calls.values())
    name = signal.Signals(number).name
    if by_call:
      decide = _Fault(1 + int(at * total), kill=number)
      self._attempt(f"{name} at {decide._at} of {total}", decide, None, allowed)
      return
    moment = small_world.Moment(number, at * self._seconds)
    self._attempt(f"{name} after {moment.seconds:.2f} s", None, moment, allowed)

  def _attempt(
    self,
    how: str,
    decide: _Fault | None,
    moment: small_world.Moment | None,
    allowed: Sequence[int],
  ) -> None:
    """Runs the command once with a fault and once without, and compares."""
    self._world.restore(self._start)
    ended = self._run(decide, moment)
    happened = decide.happened if decide else True
    self.counts["happened" if happened else "not reached"] += 1
    self.counts[f"status {ended.status}"] += 1
    found = ended.problems(allowed)
    found += self._compare(ended, decide is None or decide.lets_remove)
    if found:
      found.append(ended.last_line()[-300:])
    else:
      found = self._go_on()
    if found:
      text = f"{self._scenario.name}, {how}: {'; '.join(found)}"
      self.problems.append(text)
      print(text, flush=True)

  def _compare(self, ended: small_world.Ended, could_tidy: bool) -> list[str]:
    """Says what was lost or changed, or left although it could be removed."""
    found = []
    if small_world.tree(self._world.fixed) != self._fixed:
      found.append("what is read was changed")
    after = small_world.tree(self._world.place)
    for path, digest in self._before.items():
      if _VARYING.search(path):
        continue
      if path not in after:
        if path in self._clean:
          found.append(f"{path} is lost")
      elif after[path] not in (digest, self._clean.get(path)) and not (
        _DATED.search(path) and _is_whole(self._world.place / path)
      ):
        found.append(f"{path} is neither old nor new")
    left = [
      path
      for path in after
      # AutoGraph's are removed at the end of a process, not of a fork.
      if path.startswith("tmp/") and "__autograph" not in path
    ]
    if left and could_tidy and ended.status != -signal.SIGKILL:
      found.append(f"left in the temporary folder: {', '.join(left[:3])}")
    done = ended.status == 0 and not self._scenario.optional
    missing = self._names(self._clean) - self._names(after)
    more = self._names(after) - self._names(self._clean)
    if done and (missing or (more and could_tidy)):
      found.append(f"success with {self._difference(after)}")
    return found

  def _go_on(self) -> list[str]:
    """Gives the same command again; says what is not as it should be."""
    after = small_world.tree(self._world.place)
    names = sorted(self._names(after))
    # What is dated counts with its size: whole, empty or cut off.
    state = json.dumps(
      [
        (p, (self._world.place / p).stat().st_size // 64)
        if _DATED.search(p)
        else (p, after[p])
        for p in names
      ]
    )
    if state in self._whole_states:
      self.counts["state known"] += 1
      return []
    ended = self._run()
    self.counts["gone on with"] += 1
    found = [f"again: {p}" for p in ended.problems(self.good())]
    if found:
      return [*found, ended.last_line()[-300:]]
    again = small_world.tree(self._world.place)
    missing = self._names(self._clean) - self._names(again)
    if self._scenario.optional:
      missing = {path for path in missing if not _PICTURES.search(path)}
    if missing or self._names(again) - self._names(self._clean):
      return [f"again: {self._difference(again)}"]
    for path in sorted(self._names(again)):
      if not _DATED.search(path) and again[path] != self._clean[path]:
        found.append(f"again: {path} has other contents")
    if not found:
      self._whole_states.add(state)
    return found

  def _names(self, tree: dict[str, str]) -> set[str]:
    return {path for path in tree if not _VARYING.search(path)}

  def _difference(self, tree: dict[str, str]) -> str:
    """Says which files are too many or too few."""
    more = sorted(self._names(tree) - self._names(self._clean))
    less = sorted(self._names(self._clean) - self._names(tree))
    parts = [f"left over {', '.join(more[:3])}"] if more else []
    parts += [f"missing {', '.join(less[:3])}"] if less else []
    return " and ".join(parts) or "the same files"


def _is_whole(path: pathlib.Path) -> bool:
  """Says whether a file can be read from end to end."""
  try:
    if path.suffix == ".json":
      json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix in (".png", ".gif"):
      with PIL.Image.open(path) as picture:
        picture.load()
    return path.stat().st_size > 0
  except (OSError, ValueError, SyntaxError):
    return False


def _draws(rng: random.Random, count: int) -> Iterator[tuple[int, float, bool]]:
  """Yields errors, evenly spread moments, and whether they last."""
  numbers = list(_ERRORS)
  for i in range(count):
    turn = i // len(numbers)
    turns = max(1, -(-count // len(numbers)))
    yield numbers[i % len(numbers)], (turn + rng.random()) / turns, i % 3 > 0


def _row(check: _Check, scenario: Scenario) -> list[object]:
  counts = check.counts
  stopped = sum(
    n for name, n in counts.items() if re.fullmatch(r"status \d*[1-9]\d*", name)
  )
  return [
    scenario.name,
    sum(check.calls.values()),
    counts["happened"],
    stopped,
    sum(counts[f"status {status}"] for status in check.good()),
    counts["gone on with"],
    len(check.problems),
  ]


def main() -> None:
  """Runs all commands with faults and signals, and sums up."""
  if not system_calls.available():
    raise errors.UserError(
      "this needs Linux 5.5 or newer on x86_64 or aarch64, with seccomp."
    )
  rows, wrong = [], 0
  with tempfile.TemporaryDirectory() as folder:
    world = small_world.World(folder)
    world.make(_RUN.value, _EXPORT.value)
    with small_world.web_server(world.fixed / "www") as address:
      chosen = [
        scenario
        for scenario in _scenarios(world, address)
        if not _COMMANDS.value or scenario.words[0] in _COMMANDS.value
      ]
      total = sum(scenario.weight for scenario in chosen)
      for i, scenario in enumerate(chosen):
        check = _Check(world, scenario, os.path.join(folder, f"start{i}"))
        rng = random.Random(f"{_SEED.value} {scenario.name}")
        share = scenario.weight / total
        for fault in _draws(rng, -int(-_FAULTS.value * share // 1)):
          check.fault(*fault)
        for k in range(-int(-_KILLS.value * share // 1)):
          check.kill(_SIGNALS[k % 3], rng.random(), k % 2 == 0)
        rows.append(_row(check, scenario))
        wrong += len(check.problems)
        print(*rows[-1], flush=True)
  headers = [
    "command",
    "calls",
    "faults and signals",
    "ended with one line",
    "went on",
    "given again",
    "wrong",
  ]
  print(tabulate.tabulate(rows, headers, tablefmt="github"))
  if wrong:
    sys.exit(1)


if __name__ == "__main__":
  command.run(main)
