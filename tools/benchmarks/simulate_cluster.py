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
r"""Simulates a cluster that translates very many pictures.

Recipe (ten million pictures on 200 workers, from what was measured):

  python tools/benchmarks/simulate_cluster.py --manifest='out/manifest-*.jsonl'

From the manifest of a translate_many run come the service times, whose
distribution is drawn from as it is; without one a lognormal distribution of
--milliseconds and --spread. The rest is given: how long a worker takes to start
(a normal distribution, never negative), how often one is lost (a Poisson
process; its bundle is begun anew by a worker that takes its place after another
start), which share of workers is slow, and by how much.

Pictures come in bundles, which idle workers take in their order, as runners do.
At the end, when nothing is left to take, --backups has idle workers begin what
others are at, and whoever is first counts (as in Dean and Ghemawat,
"MapReduce", 2004, section 3.6); Beam's runners split bundles instead, to about
the same effect. Every event is simulated; only the pictures of a bundle are
drawn together.

Prints a Markdown table: hours, efficiency (processor time of the pictures over
what all workers were paid for until the end), how many bundles were done again,
and the cost.
"""

from __future__ import annotations

import dataclasses
import glob
import heapq
import itertools
import json
import math
import sys
from collections.abc import Callable

import markdown_table
import numpy as np
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors

_MANIFEST = flags.DEFINE_string(
  "manifest", None, "Pattern of a run's manifest: its milliseconds are drawn."
)
_MILLISECONDS = flags.DEFINE_float(
  "milliseconds",
  None,
  "Mean time of a picture; a manifest's times are scaled to it, as those of a"
  " busy machine need. Without either 40.",
)
_SPREAD = flags.DEFINE_float(
  "spread", 0.3, "Standard deviation of its logarithm.", lower_bound=0
)
_PICTURES = flags.DEFINE_integer(
  "images", 10_000_000, "How many there are.", lower_bound=1
)
_WORKERS = flags.DEFINE_integer(
  "machines", 200, "Processor cores that translate.", lower_bound=1
)
_BUNDLE = flags.DEFINE_integer(
  "bundle", 1000, "Pictures that a worker takes at a time.", lower_bound=1
)
_START = flags.DEFINE_float(
  "start_seconds", 180.0, "Mean start of a worker.", lower_bound=0
)
_START_SPREAD = flags.DEFINE_float(
  "start_spread", 60.0, "Its standard deviation, seconds.", lower_bound=0
)
_FAILURES = flags.DEFINE_float(
  "failures", 0.02, "Losses of a worker in an hour.", lower_bound=0
)
_SLOW_SHARE = flags.DEFINE_float(
  "slow_share", 0.05, "Share of slow workers.", lower_bound=0, upper_bound=1
)
_SLOWER = flags.DEFINE_float(
  "slower", 3.0, "How many times as long these take.", lower_bound=1
)
_OVERHEAD = flags.DEFINE_float(
  "overhead", 1.03, "Time with Beam's own work over that of the pictures."
)
_BACKUPS = flags.DEFINE_bool("backups", True, "Whether the end is done twice.")
_PRICE = flags.DEFINE_float(
  "price", 0.05, "Of a worker for an hour, in any currency.", lower_bound=0
)
_SEED = flags.DEFINE_integer("draw_seed", 1, "Draws everything.")
_RUNS = flags.DEFINE_integer("runs", 3, "Simulations.", lower_bound=1)


@dataclasses.dataclass(frozen=True)
class Cluster:
  """What is simulated; times are in seconds.

  Attributes:
    pictures: How many there are.
    workers: How many work at a time.
    bundle: Pictures that a worker takes at a time.
    start: Mean of a worker's start.
    start_spread: Its standard deviation.
    failures: Losses of a worker in a second.
    slow_share: Share of slow workers.
    slower: How many times as long they take.
    backups: Whether idle workers do at the end what others are at.
  """

  pictures: int
  workers: int
  bundle: int = 1
  start: float = 0.0
  start_spread: float = 0.0
  failures: float = 0.0
  slow_share: float = 0.0
  slower: float = 1.0
  backups: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What came of it.

  Attributes:
    seconds: Until the last picture was done.
    service: Time of all pictures on a worker that is not slow, each once.
    efficiency: `service` over what all workers took together until the end.
    lost: Workers that were lost.
    again: Bundles that were begun more than once.
  """

  seconds: float
  service: float
  efficiency: float
  lost: int
  again: int


# From a number of pictures and a generator to the time of all of them, seconds.
Service = Callable[[int, np.random.Generator], float]


def simulate(cluster: Cluster, service: Service, seed: int) -> Outcome:
  """Simulates a job.

  Args:
    cluster: What works on it.
    service: Draws how long some pictures take on a worker that is not slow.
    seed: Draws everything.

  Returns:
    How long it took.
  """
  rng = np.random.default_rng(seed)
  sizes = [
    min(cluster.bundle, cluster.pictures - first)
    for first in range(0, cluster.pictures, cluster.bundle)
  ]
  takes = [service(size, rng) for size in sizes]
  waiting = list(range(len(sizes)))[::-1]
  begun = [0] * len(sizes)
  running: dict[int, set[int]] = {}
  done: set[int] = set()
  lost = 0
  end = 0.0
  order = itertools.count()
  # Of each worker when its next event is: (time, order, what, worker, bundle).
  events: list[tuple[float, int, str, int, int]] = []
  speeds = [0.0] * cluster.workers
  current = [-1] * cluster.workers
  idle: list[int] = []

  def start(worker: int, now: float) -> None:
    speeds[worker] = (
      cluster.slower if rng.random() < cluster.slow_share else 1.0
    )
    later = max(0.0, rng.normal(cluster.start, cluster.start_spread))
    heapq.heappush(events, (now + later, next(order), "free", worker, -1))

  def take(worker: int, now: float) -> None:
    bundle = waiting.pop() if waiting else _backup()
    if bundle < 0:
      idle.append(worker)
      return
    begun[bundle] += 1
    current[worker] = bundle
    running.setdefault(bundle, set()).add(worker)
    needs = takes[bundle] * speeds[worker]
    what = "done"
    if cluster.failures:
      left = rng.exponential(1 / cluster.failures)
      if left < needs:
        needs, what = left, "lost"
    heapq.heappush(events, (now + needs, next(order), what, worker, bundle))

  def _backup() -> int:
    """Returns a bundle that one worker alone is at, or -1."""
    if not cluster.backups:
      return -1
    alone = [b for b, workers in running.items() if len(workers) == 1]
    # What is on slow workers would be the last to end.
    alone.sort(key=lambda b: -speeds[next(iter(running[b]))] * takes[b])
    return alone[0] if alone else -1

  for worker in range(cluster.workers):
    start(worker, 0.0)
  while len(done) < len(sizes):
    now, _, what, worker, bundle = heapq.heappop(events)
    if bundle >= 0 and current[worker] != bundle:
      continue  # its bundle was done by another one meanwhile
    current[worker] = -1
    if bundle >= 0:
      running[bundle].discard(worker)
      if not running[bundle]:
        del running[bundle]
    if what == "lost":
      lost += 1
      if bundle not in done and bundle not in running:
        waiting.append(bundle)
        while idle and waiting:
          take(idle.pop(), now)
      start(worker, now)
      continue
    if what == "done":
      done.add(bundle)
      end = now
      for other in running.pop(bundle, set()):
        current[other] = -1
        take(other, now)
    take(worker, now)
  total = sum(takes)
  return Outcome(
    end,
    total,
    total / (cluster.workers * end) if end else 1.0,
    lost,
    sum(count > 1 for count in begun),
  )


def constant(seconds: float) -> Service:
  """Returns the time of pictures that all take as long.

  Args:
    seconds: Of each.
  """
  return lambda count, rng: count * seconds


def lognormal(mean: float, spread: float) -> Service:
  """Returns times of a lognormal distribution.

  Args:
    mean: Seconds.
    spread: Standard deviation of the logarithm.
  """
  middle = math.log(mean) - spread**2 / 2
  return lambda count, rng: float(rng.lognormal(middle, spread, count).sum())


def empirical(seconds: np.ndarray) -> Service:
  """Returns times as they were measured.

  Args:
    seconds: float64 `[count]`, at least one.
  """
  return lambda count, rng: float(rng.choice(seconds, count).sum())


def read_manifest(pattern: str) -> np.ndarray:
  """Returns what pictures took, seconds.

  Args:
    pattern: Of `manifest-*.jsonl` files.

  Raises:
    errors.UserError: If there are none, or they say of no picture how long it
      took.
  """
  found = []
  for path in glob.glob(pattern):
    with open(path, encoding="utf-8") as file:
      for line in file:
        milliseconds = json.loads(line)["milliseconds"]
        if milliseconds is not None:
          found.append(milliseconds / 1000)
  if not found:
    raise errors.UserError(
      "holds no times of pictures. Give the manifest of a run.",
      "manifest",
      pattern,
    )
  return np.array(found)


def main() -> None:
  """Simulates, and prints the table."""
  if _MANIFEST.value:
    seconds = read_manifest(_MANIFEST.value)
    if _MILLISECONDS.value:
      seconds *= _MILLISECONDS.value / 1000 / seconds.mean()
    service = empirical(seconds * _OVERHEAD.value)
    mean = float(seconds.mean())
    source = f"{len(seconds):,} measured pictures, mean {1000 * mean:.1f} ms"
  else:
    mean = (_MILLISECONDS.value or 40.0) / 1000
    service = lognormal(mean * _OVERHEAD.value, _SPREAD.value)
    source = f"lognormal, mean {1000 * mean:.1f} ms"
  cluster = Cluster(
    _PICTURES.value,
    _WORKERS.value,
    _BUNDLE.value,
    _START.value,
    _START_SPREAD.value,
    _FAILURES.value / 3600,
    _SLOW_SHARE.value,
    _SLOWER.value,
    _BACKUPS.value,
  )
  rows = []
  for run in range(_RUNS.value):
    outcome = simulate(cluster, service, _SEED.value + run)
    hours = outcome.seconds / 3600
    rows.append(
      (
        str(run + 1),
        f"{hours:.2f}",
        f"{outcome.efficiency / _OVERHEAD.value:.3f}",
        f"{outcome.lost:,}",
        f"{outcome.again:,}",
        f"{hours * cluster.workers * _PRICE.value:.2f}",
      )
    )
  print(
    f"{cluster.pictures:,} pictures on {cluster.workers:,} workers; {source}.\n"
  )
  headers = ("run", "hours", "efficiency", "lost", "bundles again", "cost")
  print(markdown_table.table(headers, rows))
  sys.stdout.flush()


if __name__ == "__main__":
  command.run(main)
