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
r"""Measures the data pipeline: pictures a second, and memory.

Recipe (six minutes on two cores, otherwise idle; draws its own JPEGs):

  python tools/benchmarks/benchmark_data.py --size=256

Prints pictures a second of both domains together: of a bare loop that reads and
decodes the same JPEGs in parallel and does nothing else; of the training
pipeline with each --cache, after its first epoch; and what the training step
consumes, of the networks that the model flags describe, in the fastest
precision of this machine. Then the resident memory of a process that trains
from few pictures and from many with --cache=none. --dataset=FOLDER measures
your own pictures instead; --json=FILE keeps every figure.

  git worktree add /tmp/before REVISION
  python tools/benchmarks/benchmark_data.py --before=/tmp/before

compares the pipeline with that of another checkout instead, with --cache=none,
in processes of their own in turn: pictures a second, and processor time of a
picture, which other programs disturb less.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pathlib
import resource
import sys
import tempfile
import time
from typing import Any

import child
import markdown_table
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import flags as core_flags

core_flags.define_run()
_SIZE = flags.DEFINE_integer(
  "size", 256, "Width and height of the JPEGs drawn, pixels.", lower_bound=16
)
_COUNTS = flags.DEFINE_list(
  "counts",
  ["200", "20000"],
  "Pictures in each domain of the small set and of the large one.",
)
_SECONDS = flags.DEFINE_float(
  "seconds", 8.0, "How long each throughput is measured.", lower_bound=0.1
)
_ROUNDS = flags.DEFINE_integer(
  "rounds", 3, "How often, in turn; the median counts.", lower_bound=1
)
_BEFORE = flags.DEFINE_string(
  "before", "", "Folder of another checkout to compare the pipeline with."
)
_JSON = flags.DEFINE_string("json", "", "File for all figures.")
_WORKER = flags.DEFINE_string("worker", "", "For the tool's own use.")

_QUALITY = 90  # of the JPEGs drawn
_WARM_UP_STEPS, _STEPS = 2, 4
_MEMORY_BATCHES = 2000
_MEASURED = ("none", "memory", "disk")


def main() -> None:
  """Measures and prints."""
  if _WORKER.value:
    values = json.loads(_WORKER.value)
    work = _work_rate if "crop_size" in values else _work
    print(json.dumps(work(values)))
    return
  config: config_lib.ResolvedConfig = config_checks.resolve(
    core_flags.config_from_flags()
  )
  counts = _counts()
  before = _BEFORE.value
  if before and not os.path.isdir(os.path.join(before, "official", "cyclegan")):
    raise errors.UserError(": no checkout of this package.", "before", before)
  if not flags.FLAGS["crop_size"].present:
    data = dataclasses.replace(
      config.data, crop_size=_SIZE.value, load_size=_SIZE.value
    )
    config = config_checks.resolve(dataclasses.replace(config, data=data))
  with tempfile.TemporaryDirectory() as folder:
    own = flags.FLAGS["dataset"].present or bool(config.data.domain_a)
    sets = {}
    if not own:
      for count in counts:
        sets[count] = os.path.join(folder, str(count))
        draw(sets[count], count, _SIZE.value)
      config = _with_data(config, dataset=sets[counts[0]])
    if _BEFORE.value:
      _finish(_compared(config.data, _BEFORE.value))
      return
    figures = _throughput(config)
    if not own:
      figures["memory_mb"] = {
        count: _run_worker(
          _with_data(config, dataset=sets[count], cache="none")
        )
        for count in counts
      }
  _finish(figures)


def _finish(figures: dict[str, Any]) -> None:
  """Prints figures, and keeps them if asked to."""
  table = _compared_table if "before" in figures else _table
  print(table(figures), end="")
  if _JSON.value:
    files.write_text(
      pathlib.Path(_JSON.value), json.dumps(figures, indent=2) + "\n", "json"
    )


def draw(folder: str, count: int, size: int) -> None:
  """Writes JPEGs of two domains, each picture another.

  Args:
    folder: Gets `trainA`, `trainB`, `testA` and `testB`, the latter with two
      pictures each.
    count: Training pictures of each domain.
    size: Width and height, pixels.
  """
  import numpy as np
  import PIL.Image

  rng = np.random.default_rng(0)
  # As much detail as photographs have at this quality.
  grain = rng.integers(-14, 15, (2 * size, 2 * size, 3))
  for split, number in (
    ("trainA", count), ("trainB", count), ("testA", 2), ("testB", 2)
  ):  # fmt: skip
    os.makedirs(os.path.join(folder, split))
    for i in range(number):
      coarse = rng.integers(0, 256, (6, 6, 3), np.uint8)
      smooth = np.asarray(
        PIL.Image.fromarray(coarse).resize((size, size))
      ).astype(int)
      y, x = rng.integers(0, size, 2)
      image = smooth + grain[y : y + size, x : x + size]
      PIL.Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(
        os.path.join(folder, split, f"{i:05d}.jpg"), quality=_QUALITY
      )


def _counts() -> list[int]:
  """Returns the sizes of the sets, or refuses the flag."""
  try:
    small, large = map(int, _COUNTS.value)
    if 1 <= small < large:
      return [small, large]
  except ValueError:
    pass
  raise errors.UserError(
    ": give two numbers, e.g. 200,20000.", "counts", ",".join(_COUNTS.value)
  )


def _compared(data: config_lib.DataConfig, before: str) -> dict[str, Any]:
  """Measures the pipelines of two checkouts in turn."""
  # Only what every version has.
  names = "dataset", "domain_a", "domain_b", "crop_size", "load_size"
  values = {name: getattr(data, name) for name in names}
  here = str(pathlib.Path(__file__).absolute().parents[2])
  trees = {"before": os.path.abspath(before), "after": here}
  figures: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
  for _ in range(_ROUNDS.value):
    for name, tree in trees.items():
      printed = child.run(
        [
          *("/usr/bin/env", f"PYTHONPATH={tree}", sys.executable),
          str(pathlib.Path(__file__).absolute()),
          f"--worker={json.dumps(values)}",
          f"--seconds={_SECONDS.value}",
        ],
        f"the measurement of {tree}",
      )
      figures[name].append(json.loads(printed.splitlines()[-1]))
  return dict(figures)


def _work_rate(values: dict[str, Any]) -> dict[str, float]:
  """Returns pictures a second, and a picture's processor time in ms."""
  from official.cyclegan.data import dataset
  from official.cyclegan.data import sources

  data = config_lib.DataConfig(**values, cache="none")
  source = sources.open_source(data)
  batches = iter(dataset.training_batches(source, data, 1))
  for _ in range(source.counts["trainA"]):
    next(batches)
  start, used = time.perf_counter(), time.process_time()
  done = 0
  while time.perf_counter() - start < _SECONDS.value:
    next(batches)
    done += 2
  return {
    "pictures_per_second": done / (time.perf_counter() - start),
    "cpu_ms": 1e3 * (time.process_time() - used) / done,
  }


def _compared_table(figures: dict[str, Any]) -> str:
  """Returns a comparison as Markdown: medians, and their ratios."""
  units = "pictures_per_second", "cpu_ms"
  medians = {
    name: [sorted(r[u] for r in rounds)[len(rounds) // 2] for u in units]
    for name, rounds in figures.items()
  }
  rows: list[tuple[str, ...]] = [
    (name, f"{rate:.0f}", f"{cpu:.3f}") for name, (rate, cpu) in medians.items()
  ]
  before, after = medians["before"], medians["after"]
  ratios = after[0] / before[0], before[1] / after[1]
  rows.append(("after to before", *(f"{ratio:.3f}" for ratio in ratios)))
  return (
    markdown_table.table(
      ["", "pictures a second", "processor ms of a picture"], rows
    )
    + "\n"
  )


def _with_data(
  config: config_lib.ResolvedConfig, **changes: Any
) -> config_lib.ResolvedConfig:
  data = dataclasses.replace(config.data, **changes)
  return dataclasses.replace(config, data=data)


def _throughput(config: config_lib.ResolvedConfig) -> dict[str, Any]:
  """Measures pictures a second, each way in turn."""
  import tensorflow as tf

  from official.cyclegan.core import devices
  from official.cyclegan.data import dataset
  from official.cyclegan.data import preprocessing
  from official.cyclegan.data import sources

  devices.set_up(config)
  source = sources.open_source(config.data, config.model.channels)
  multiple = config_checks.size_multiple(config.model)
  # The training splits come first.
  count = source.counts["trainA"] + source.counts["trainB"]
  paths = tf.data.Dataset.from_tensor_slices(
    [os.fsencode(path) for path in source.files[:count]]
  )
  bare = paths.repeat().map(
    lambda path: preprocessing.decode(tf.io.read_file(path)),
    num_parallel_calls=tf.data.AUTOTUNE,
    deterministic=True,
  )
  loops = {"bare decoding": (iter(bare.prefetch(tf.data.AUTOTUNE)), 1)}
  for cache in _MEASURED:
    batches = dataset.training_batches(
      source,
      dataclasses.replace(config.data, cache=cache),
      config.train.seed,
      multiple=multiple,
    )
    loops[f"pipeline, cache={cache}"] = (
      iter(batches),
      2 * config.data.batch_size,
    )
  for iterator, _ in loops.values():
    # An epoch first: what is cached is cached then.
    for _ in itertools.islice(iterator, count):
      pass
  rates: dict[str, list[float]] = {name: [] for name in loops}
  for _ in range(_ROUNDS.value):
    for name, (iterator, pictures) in loops.items():
      rates[name].append(_rate(iterator, pictures))
  medians = {name: sorted(r)[len(r) // 2] for name, r in rates.items()}
  return {
    "pictures_per_second": medians,
    "rounds": rates,
    "training_step": _step_rate(config),
  }


def _rate(iterator: Any, pictures: int) -> float:
  """Returns pictures a second of an endless iterator."""
  done, start = 0, time.perf_counter()
  while time.perf_counter() - start < _SECONDS.value:
    next(iterator)
    done += pictures
  return done / (time.perf_counter() - start)


def _step_rate(config: config_lib.ResolvedConfig) -> float:
  """Returns the pictures a second that training steps consume."""
  import tensorflow as tf

  from official.cyclegan.core import devices
  from official.cyclegan.core import stack  # not in checkouts of before it
  from official.cyclegan.modeling import model as model_lib

  precision = devices.precision(config.train.precision)
  train = dataclasses.replace(config.train, precision=precision)
  model = model_lib.build_model(dataclasses.replace(config, train=train))
  model.compile()
  crop, batch = config.data.crop_size, config.data.batch_size
  shape = (batch, crop, crop, config.model.channels)
  pair = (tf.random.uniform(shape, -1, 1), tf.random.uniform(shape, -1, 1))
  step = stack.train_function(model)

  def run(steps: int) -> None:
    step(iter(tf.data.Dataset.from_tensors(pair).repeat(steps)))
    for _ in range(steps - 1):
      step(iter(tf.data.Dataset.from_tensors(pair)))
    model.step.numpy()

  run(_WARM_UP_STEPS)
  start = time.perf_counter()
  run(_STEPS)
  return 2 * batch * _STEPS / (time.perf_counter() - start)


def _run_worker(config: config_lib.ResolvedConfig) -> float:
  """Returns the peak memory of a process that reads a data set, MB."""
  printed = child.run(
    [
      sys.executable,
      str(pathlib.Path(__file__).absolute()),
      f"--worker={json.dumps(dataclasses.asdict(config))}",
    ],
    "the memory's measurement",
  )
  return json.loads(printed.splitlines()[-1])


def _work(values: dict[str, Any]) -> float:
  """Reads batches; returns this process's peak memory, MB."""
  config = config_file.from_json(json.dumps(values))
  from official.cyclegan.data import dataset
  from official.cyclegan.data import sources

  source = sources.open_source(config.data, config.model.channels)
  batches = dataset.training_batches(source, config.data, config.train.seed)
  for _ in batches.take(_MEMORY_BATCHES):
    pass
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _table(figures: dict[str, Any]) -> str:
  """Returns the figures as Markdown."""
  rates, step = figures["pictures_per_second"], figures["training_step"]
  bare = rates["bare decoding"]
  tables = [
    markdown_table.table(
      ["", "pictures a second", "to bare decoding", "to the training step"],
      [
        *(
          (name, f"{rate:.0f}", f"{rate / bare:.2f}", f"{rate / step:.0f}")
          for name, rate in rates.items()
        ),
        ("training step", f"{step:.2f}", "", "1"),
      ],
    )
  ]
  if "memory_mb" in figures:
    rows = [(n, f"{mb:.0f}") for n, mb in figures["memory_mb"].items()]
    tables.append(
      markdown_table.table(["pictures of each domain", "peak memory, MB"], rows)
    )
  return "\n\n".join(tables) + "\n"


if __name__ == "__main__":
  command.run(main)
