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
r"""Compares the speed of our training step with that of the peers' ways.

Recipe (two minutes on two cores, otherwise idle):

  python tools/benchmarks/benchmark_step.py --sizes=128 --filters=32 --batches=1

All train the same networks (ResNet generators without global skip, transposed
convolutions, PatchGAN discriminators) with the same losses on the same kind of
pictures, in one process each, and take turns: every round runs some steps of
each, so that a machine that slows down slows all of them down. A ratio is the
median of the rounds' ratios. Ours trains as it always does: image pools,
moving averages and metrics included, which the others do without.

  --torch compares with PyTorch as well, where it is installed;
  --torch_python=ENV/bin/python where that is another environment.
  --other_python=.venv-test-keras3/bin/python compares with the same package
  under the other stack (README) as well, in both precisions.

`peak` is this machine's best matrix product of --peak_size rows, float32 for
float32 and bfloat16 for bfloat16, measured in the same run. A step's share of
it counts the operations of plain convolutions; a fast algorithm can exceed 1.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import statistics
import sys
from collections.abc import Callable, Iterable
from typing import Any

import bench_worker
import markdown_table
import step_cost
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import stack

_TOOLS = pathlib.Path(__file__).absolute().parent
_SIZES = flags.DEFINE_list("sizes", ["128"], "Picture sizes, pixels.")
_FILTERS = flags.DEFINE_list(
  "filters", ["32"], "Filters of generators and discriminators."
)
_BATCHES = flags.DEFINE_list(
  "batches", ["1"], "Pictures of each domain a step."
)
_BLOCKS = flags.DEFINE_integer(
  "n_res_blocks", 9, "Residual blocks of a generator.", lower_bound=1
)
_LAYERS = flags.DEFINE_integer(
  "disc_n_layers", 3, "Halving layers of a discriminator.", lower_bound=1
)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Turns of each.", lower_bound=1)
_SECONDS = flags.DEFINE_float(
  "seconds", 3.0, "About how long a turn takes.", lower_bound=0.0
)
_ONLY = flags.DEFINE_list(
  "only", [], "Only these; empty: all. ours is always measured."
)
_TORCH = flags.DEFINE_boolean("torch", False, "Compare with PyTorch as well.")
_TORCH_PYTHON = flags.DEFINE_string(
  "torch_python", "", "Interpreter that has PyTorch. Empty: this one."
)
_OTHER_PYTHON = flags.DEFINE_string(
  "other_python", "", "Interpreter of the other stack, to compare with."
)
_PEAK_SIZE = flags.DEFINE_integer(
  "peak_size", 4096, "Rows and columns of the matrix product.", lower_bound=1
)
_JSON = flags.DEFINE_string("json", "", "File for the figures.")
_WORKER = flags.DEFINE_string("worker", "", "For the tool's own use.")
_CASE = flags.DEFINE_string("case", "", "For the tool's own use.")

_OURS = {"ours": "auto", "ours_float32": "float32"}
_OTHER_STACK = {"other_stack": "auto", "other_stack_float32": "float32"}
_OTHERS = ("tutorial", "keras_example")
# Products of matrices, by their worker's argument; the first request is for 1.
_PRODUCTS = ("bfloat16", "float32")
_TORCHES = {"torch": "float32", "torch_bfloat16": "bfloat16"}
_PEAK_RUNS = 3
_PICTURES = 8  # of each domain; in memory, so that no step waits for them


def main() -> None:
  """Measures every case, prints tables, writes JSON."""
  if _WORKER.value:
    _serve(_WORKER.value, step_cost.Case(**json.loads(_CASE.value)))
    return
  names = _names()
  results = []
  for size, filters, batch in itertools.product(
    *(_positive(flag) for flag in (_SIZES, _FILTERS, _BATCHES))
  ):
    case = step_cost.Case(size, filters, batch, _BLOCKS.value, _LAYERS.value)
    case.config("float32")  # refuses what cannot be built
    result = _measure(case, names)
    results.append(result)
    print(_table(result), flush=True)
    if _JSON.value:
      files.write_text(
        pathlib.Path(_JSON.value), json.dumps(results, indent=2) + "\n", "json"
      )


def _names() -> list[str]:
  """Returns what is compared, in order."""
  known = [*_OURS, *_OTHERS]
  if _OTHER_PYTHON.value:
    known += _OTHER_STACK
  if _TORCH.value:
    known += _TORCHES
  for name in _ONLY.value:
    if name not in known:
      raise errors.UserError(
        f"is not one of {', '.join(known)}."
        " Those with torch in their names need --torch, those of the other"
        " stack --other_python.",
        "only",
        name,
      )
  return [
    n for n in known if not _ONLY.value or n in _ONLY.value or n == "ours"
  ]


def _positive(flag: Any) -> list[int]:
  """Returns a list flag's numbers, or refuses it."""
  try:
    numbers = [int(text) for text in flag.value]
  except ValueError:
    numbers = []
  if not numbers or min(numbers) < 1:
    raise errors.UserError(
      f": give whole numbers above 0, e.g. --{flag.name}={flag.default[0]}.",
      flag.name,
      ",".join(flag.value),
    )
  return numbers


def _measure(case: step_cost.Case, names: list[str]) -> dict[str, Any]:
  """Measures one case with all that take part."""
  steps, workers = {}, {}
  firsts = {}
  rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
  try:
    for name in names:
      workers[name] = bench_worker.Worker(name, _command(name, case))
      firsts[name] = _ask(workers[name], "first")
      _ask(workers[name], "run 1")
      once = _ask(workers[name], "run 1")["wall_seconds"]
      steps[name] = max(1, round(_SECONDS.value / once))
    kinds = {name: _kind(name, firsts[name]) for name in names}
    peak = _peak(case, kinds.values())
    for _ in range(_ROUNDS.value):
      for name in names:
        rounds[name].append(_ask(workers[name], f"run {steps[name]}"))
    again = _peak(case, kinds.values())
    peak = {kind: max(best, again[kind]) for kind, best in peak.items()}
  finally:
    for worker in workers.values():
      worker.stop()
  work = step_cost.step_operations(case)
  result: dict[str, Any] = {
    **dataclasses.asdict(case),
    "gflop_per_step": work / 1e9,
    "peak_gflop_per_second": {k: v / 1e9 for k, v in peak.items()},
    "steps": {},
    "ratios": {},
  }
  for name in names:
    walls = [r["wall_seconds"] / steps[name] for r in rounds[name]]
    cpus = [r["cpu_seconds"] / steps[name] for r in rounds[name]]
    wall = statistics.median(walls)
    result["steps"][name] = {
      "precision": _precision(name, firsts[name]),
      "wall_ms": 1e3 * wall,
      "wall_ms_rounds": [1e3 * w for w in walls],
      "cpu_ms": 1e3 * statistics.median(cpus),
      "images_per_second": case.batch / wall,
      "cpu_seconds_per_image": statistics.median(cpus) / case.batch,
      "peak_mb": rounds[name][-1]["peak_bytes"] / 1e6,
      "first_step_seconds": firsts[name]["wall_seconds"],
      "share_of_peak": work / wall / peak[kinds[name]],
    }
    if name not in _OURS:
      for ours in _OURS:
        if ours in names:
          result["ratios"][f"{ours} to {name}"] = _ratios(
            rounds[name],
            steps[name],
            rounds[ours],
            steps[ours],
            firsts[name],
            firsts[ours],
          )
  return result


def _precision(name: str, first: dict[str, Any]) -> str:
  """Returns the precision of a worker that gave its first answer."""
  return str(first.get("precision", _TORCHES.get(name, "float32")))


def _kind(name: str, first: dict[str, Any]) -> str:
  """Returns the kind of numbers that its convolutions compute in."""
  precision = _precision(name, first)
  return "bfloat16" if "bfloat16" in precision else "float32"


def _ratios(
  theirs: list[dict[str, Any]],
  their_steps: int,
  ours: list[dict[str, Any]],
  our_steps: int,
  their_first: dict[str, Any],
  our_first: dict[str, Any],
) -> dict[str, float]:
  """Returns how many times faster ours is; the first step as a share."""

  def ratio(key: str) -> float:
    return statistics.median(
      (their[key] / their_steps) / (our[key] / our_steps)
      for their, our in zip(theirs, ours)
    )

  return {
    "wall": ratio("wall_seconds"),
    "cpu": ratio("cpu_seconds"),
    "first_step": our_first["wall_seconds"] / their_first["wall_seconds"],
  }


def _ask(worker: bench_worker.Worker, request: str) -> dict[str, Any]:
  try:
    return worker.ask(request)
  except RuntimeError as error:
    remedy = "Run it alone with --only to see whether memory was short."
    if worker.name in _OTHER_STACK:
      remedy = "Give an interpreter with this package as --other_python."
    if worker.name in _TORCHES:
      remedy = (
        "Install PyTorch, or give the interpreter of an environment that has"
        " it as --torch_python."
      )
    raise errors.UserError(f"{error}. {remedy}") from error


def _peak(case: step_cost.Case, kinds: Iterable[str]) -> dict[str, float]:
  """Returns the best matrix product's operations per second, by precision.

  Only of those in `kinds`: where oneDNN is held to instructions without
  bfloat16, TensorFlow aborts at a matrix product in it.
  """
  worker = bench_worker.Worker("peak", _command("peak", case))
  try:
    _ask(worker, "first")
    best = {}
    for precision in dict.fromkeys(kinds):
      times = [
        _ask(worker, f"run {_PRODUCTS.index(precision)}")["wall_seconds"]
        for _ in range(_PEAK_RUNS + 1)
      ]
      best[precision] = 2.0 * _PEAK_SIZE.value**3 / min(times)
    return best
  finally:
    worker.stop()


def _command(name: str, case: step_cost.Case) -> list[str]:
  """Returns the command of a worker process."""
  if name in _TORCHES:
    return [
      _TORCH_PYTHON.value or sys.executable,
      str(_TOOLS / "reference_torch.py"),
      *map(
        str,
        (case.size, case.filters, case.filters, case.blocks, case.batch),
      ),
      _TORCHES[name],
      str(case.layers),
    ]
  return [
    _OTHER_PYTHON.value if name in _OTHER_STACK else sys.executable,
    str(pathlib.Path(__file__).absolute()),
    f"--worker={name}",
    f"--case={json.dumps(dataclasses.asdict(case))}",
    f"--peak_size={_PEAK_SIZE.value}",
  ]


def _serve(name: str, case: step_cost.Case) -> None:
  """Works for the benchmark as one of those compared."""
  own = {**_OURS, **_OTHER_STACK}
  config = case.config(own.get(name, "float32"))
  if name in own:
    cpu_tuning.load_tensorflow(config.train)
  # Imported here: the first step's time is without TensorFlow's import, which
  # is the same for all.
  import tensorflow as tf

  from official.cyclegan.core import devices

  builds: dict[str, Callable[[], Callable[[int], None]]] = {
    "tutorial": lambda: _build_tutorial(case),
    "keras_example": lambda: _build_keras_example(case),
    "peak": _build_peak,
  }
  if name in own:
    devices.set_up(config)
    bench_worker.serve(
      lambda: _build_ours(config),
      precision=devices.precision(config.train.precision),
    )
    return
  tf.keras.utils.set_random_seed(0)
  bench_worker.serve(builds[name], precision="float32")


def _batches(case: step_cost.Case) -> Any:
  """Returns random pictures of both domains, again and again."""
  import tensorflow as tf

  pictures = tf.random.stateless_uniform(
    [2, _PICTURES, case.size, case.size, 3], [0, 0], -1.0, 1.0
  )
  data = tf.data.Dataset.from_tensor_slices((pictures[0], pictures[1]))
  data = data.batch(case.batch, drop_remainder=True).cache()
  return iter(data.repeat().prefetch(2))


def _build_ours(config: config_lib.ResolvedConfig) -> Callable[[int], None]:
  from official.cyclegan.modeling import model as model_lib

  case = step_cost.Case(config.data.crop_size, 0, config.data.batch_size, 0, 0)
  model = model_lib.build_model(config)
  model.compile()
  return _run_keras(model, case, model.step)


def _build_keras_example(case: step_cost.Case) -> Callable[[int], None]:
  import reference_steps

  config = case.config("float32")
  nets = reference_steps.build_networks(config.model)
  model = reference_steps.KerasExample(
    nets, config.loss, reference_steps.adams(config.train)
  )
  model.compile()
  return _run_keras(model, case, nets[0].trainable_variables[0])


def _run_keras(
  model: Any, case: step_cost.Case, state: Any
) -> Callable[[int], None]:
  """Returns what runs the function that `fit` runs for every step."""
  function = stack.train_function(model)
  batches = _batches(case)

  def run(steps: int) -> None:
    for _ in range(steps):
      function(batches)
    state.numpy()  # waits for the last step

  return run


def _build_tutorial(case: step_cost.Case) -> Callable[[int], None]:
  import reference_steps

  config = case.config("float32")
  nets = reference_steps.build_networks(config.model)
  step = reference_steps.tutorial_step(
    nets, config.loss, reference_steps.adams(config.train)
  )
  batches = _batches(case)

  def run(steps: int) -> None:
    for _ in range(steps):
      step(*next(batches))
    nets[0].trainable_variables[0].numpy()  # waits for the last step

  return run


def _build_peak() -> Callable[[int], None]:
  import tensorflow as tf

  square = tf.random.stateless_normal([_PEAK_SIZE.value] * 2, [0, 0])
  squares = [tf.cast(square, kind) for kind in _PRODUCTS]

  def run(kind: int) -> None:
    # The time of fetching a single number does not count.
    tf.linalg.matmul(squares[kind], squares[kind])[0, 0].numpy()

  return run


def _table(result: dict[str, Any]) -> str:
  """Returns a case's figures as Markdown."""
  parts = [
    f"{result['size']} pixels, {result['filters']} filters, batch"
    f" {result['batch']}: {result['gflop_per_step']:.1f} GFLOP a step; matrix"
    " product "
    + ", ".join(
      f"{k} {v:.0f} GFLOP/s" for k, v in result["peak_gflop_per_second"].items()
    ),
    markdown_table.table(
      [
        "",
        "precision",
        "ms a step",
        "images/s",
        "CPU s/image",
        "peak MB",
        "first step s",
        "share of peak",
      ],
      (
        (
          name,
          step["precision"],
          f"{step['wall_ms']:.1f}",
          f"{step['images_per_second']:.2f}",
          f"{step['cpu_seconds_per_image']:.3f}",
          f"{step['peak_mb']:.0f}",
          f"{step['first_step_seconds']:.1f}",
          f"{step['share_of_peak']:.2f}",
        )
        for name, step in result["steps"].items()
      ),
    ),
  ]
  if result["ratios"]:
    parts.append(
      markdown_table.table(
        ["times faster", "wall", "CPU", "first step's share"],
        (
          (name, *(f"{ratio[k]:.2f}" for k in ("wall", "cpu", "first_step")))
          for name, ratio in result["ratios"].items()
        ),
      )
    )
  return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
  command.run(main)
