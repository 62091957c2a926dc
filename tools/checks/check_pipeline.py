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
r"""Runs the pipeline night after night: new pictures, worse models, kills.

Recipe (half an hour on two busy cores), with the environment of TFX:

  tools/tfx_env.sh
  .venv-tfx/bin/python tools/checks/check_pipeline.py --output_dir=runs/nights

On pictures of the built-in data set: a first run, the same again, new pictures
with a warm start, a worse model, and --kills times new pictures with SIGKILL at
a random moment and the same command again. Prints a table of which steps were
done and which were left out, what was decided and which model is in use, and
where that one comes from as the metadata store tells it. Ends with status 1 if
something is not as it must be.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import tabulate
from absl import flags
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

_ROOT = str(pathlib.Path(__file__).absolute().parents[2])
sys.path.insert(0, _ROOT)

from official.cyclegan.core import command  # noqa: E402
from official.cyclegan.core import errors  # noqa: E402
from official.cyclegan.data import image_files  # noqa: E402
from official.cyclegan.scenes import fruit_scenes  # noqa: E402

_OUTPUT = flags.DEFINE_string("output_dir", None, "Folder for everything.")
_KILLS = flags.DEFINE_integer("kills", 10, "How many times.", lower_bound=0)
_SEED = flags.DEFINE_integer("kill_seed", 1, "Seed of the moments.")
_SHORT = flags.DEFINE_boolean(
  "short", False, "Leave out what says the same again, for a test."
)
_STEPS = flags.DEFINE_integer("steps", 40, "Of each training.", lower_bound=10)
_PICTURES = (
  ("trainA", 24, 0),
  ("trainB", 24, 1),
  ("testA", 12, 2),
  ("testB", 12, 2),
)
_TINY = (
  "--experiment=none",
  "--crop_size=32",
  "--paired",
  "--gen_n_filters=4",
  "--disc_n_filters=4",
  "--disc_n_layers=1",
  "--n_res_blocks=1",
  "--precision=float32",
  "--noprobe",
  "--save_every_steps=5",
  "--sample_interval=1000",
  "--params_override=export.quantization=float32,export.test_images=4",
)
_STORE = "metadata.sqlite"
# Before it nothing has begun that could be lost.
_EARLIEST = 3.0  # seconds


@dataclasses.dataclass
class Night:
  """What one start of the command did."""

  what: str
  seconds: float
  status: int
  done: list[str]
  left_out: list[str]
  verdict: str
  in_use: int
  began_at: int  # step at which its training began


class Check:
  """A folder with pictures and a pipeline, and what happened there."""

  def __init__(self, folder: str):
    """Sets where.

    Args:
      folder: Is made.
    """
    self.pictures = os.path.join(folder, "pictures")
    self.root = os.path.join(folder, "pipeline")
    self.nights: list[Night] = []
    self.problems: list[str] = []
    self._count = 0  # of pictures added
    self._seen: set[int] = set()

  def add_pictures(self, more: int | None = None) -> None:
    """Draws pictures.

    Args:
      more: How many of each training split; None: those of the first night.
    """
    for split, count, stream in _PICTURES:
      path = pathlib.Path(self.pictures, split)
      path.mkdir(parents=True, exist_ok=True)
      if more is None:
        numbers = range(count)
      elif split.startswith("train"):
        numbers = range(1000 + self._count, 1000 + self._count + more)
      else:
        continue
      for i in numbers:
        seed = (9, stream, i)
        made = fruit_scenes.draw(seed, domain=split[-1], size=32)
        image_files.write(str(path / f"{i:04d}.png"), made["image"])
    self._count += more or 0

  def run(
    self, what: str, *changes: str, kill_after: float | None = None
  ) -> Night:
    """Starts the command and notes what it did.

    Args:
      what: For the table.
      *changes: Flags.
      kill_after: Seconds to SIGKILL; None lets it end.
    """
    started = time.monotonic()
    with open(os.path.join(self.root, os.pardir, "log.txt"), "ab") as log:
      process = subprocess.Popen(
        [
          sys.executable,
          "-m",
          "official.cyclegan.pipeline",
          f"--pipeline_root={self.root}",
          f"--dataset={self.pictures}",
          f"--train_steps={_STEPS.value}",
          *_TINY,
          *changes,
        ],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": _ROOT},
        stdout=log,
        stderr=log,
        start_new_session=True,
      )
      try:
        process.wait(kill_after)
      except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    seconds = time.monotonic() - started
    night = self._look(what, seconds, process.returncode)
    self.nights.append(night)
    print(f"{what}: {seconds:.0f} s, {night.verdict}", file=sys.stderr)
    return night

  def expect(self, fine: bool, what: str) -> None:
    """Notes what is not as it must be."""
    if not fine:
      self.problems.append(f"{self.nights[-1].what}: {what}")

  def _look(self, what: str, seconds: float, status: int) -> Night:
    done: list[str] = []
    left_out: list[str] = []
    verdict = ""
    if os.path.exists(os.path.join(self.root, _STORE)):
      with opened_store(self.root) as store:
        for execution in store.get_executions():
          if execution.id in self._seen:
            continue
          self._seen.add(execution.id)
          name = node_of(store, execution.id)
          if name.startswith("model_"):  # what is looked up each time
            continue
          if execution.last_known_state == mlmd.Execution.COMPLETE:
            done.append(name)
          elif execution.last_known_state == mlmd.Execution.CACHED:
            left_out.append(name)
          if name == "ModelComparison" and name in done:
            verdict = verdict_of(store, execution.id)
    return Night(
      what,
      seconds,
      status,
      done,
      left_out,
      verdict,
      self.in_use(),
      self._began_at(),
    )

  def in_use(self) -> int:
    """Returns the number of the model in use, 0 if there is none."""
    path = pathlib.Path(self.root, "pushed", "current.json")
    if not path.exists():
      return 0
    number = json.loads(path.read_text())["version"]
    return int(number)

  def _began_at(self) -> int:
    """Returns the step at which the newest training's last start began."""
    runs = sorted(
      pathlib.Path(self.root).glob("Trainer/model_run/*/run.json"),
      key=lambda path: int(path.parent.name),
    )
    if not runs:
      return 0
    starts = json.loads(runs[-1].read_text())["starts"]
    return int(starts[-1]["first_step"])

  def require_whole(self) -> None:
    """Notes models that are there in part."""
    for folder in pathlib.Path(self.root, "pushed").glob("[0-9]*"):
      for name in ("pushed.json", "export.json", "README.md", "g_AB.tflite"):
        self.expect((folder / name).exists(), f"{folder} has no {name}")
      served = folder.parent / "serving" / "g_AB" / folder.name
      self.expect((served / "saved_model.pb").exists(), f"no {served}")


@contextlib.contextmanager
def opened_store(root: str) -> Iterator[Any]:
  """Opens a copy of a pipeline's metadata store.

  One that was killed while it wrote leaves a journal, and the next to open the
  store has to undo with it what was half written. That is for the pipeline's
  next start to do, and nobody who may only read can: hence the copy.

  Args:
    root: The pipeline's folder; nothing runs there.

  Yields:
    The store.
  """
  with tempfile.TemporaryDirectory() as folder:
    for path in pathlib.Path(root).glob(f"{_STORE}*"):
      shutil.copy(path, folder)
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = os.path.join(folder, _STORE)
    config.sqlite.connection_mode = 2  # read and write, make nothing
    yield metadata_store.MetadataStore(config)


def node_of(store: Any, execution: int) -> str:
  """Returns which of the pipeline's steps an execution is."""
  for context in store.get_contexts_by_execution(execution):
    if store.get_context_types_by_id([context.type_id])[0].name == "node":
      return str(context.name).split(".", 1)[1]
  return "?"


def verdict_of(store: Any, execution: int) -> str:
  """Returns what a comparison has decided."""
  ids = [
    e.artifact_id
    for e in store.get_events_by_execution_ids([execution])
    if e.type == e.OUTPUT
  ]
  for artifact in store.get_artifacts_by_id(ids):
    told = artifact.custom_properties
    if "verdict" in told:
      word = "blessed" if told["blessed"].int_value else "refused"
      return f"{word}: {told['verdict'].string_value}"
  return ""


def lineage(root: str) -> list[str]:
  """Returns where the model in use comes from, line by line.

  Args:
    root: The pipeline's folder.
  """
  told = json.loads(
    pathlib.Path(root, "pushed", "current.json").read_text(encoding="utf-8")
  )
  with opened_store(root) as store:
    return _lineage(store, told)


def _lineage(store: Any, told: dict[str, Any]) -> list[str]:
  (model,) = store.get_artifacts_by_uri(told["model"])
  lines = [f"model in use: {told['version']}, artifact {model.id}"]
  rest, seen = [model.id], {model.id}
  while rest:
    artifact = rest.pop(0)
    for event in store.get_events_by_artifact_ids([artifact]):
      if event.type != event.OUTPUT:
        continue
      node = node_of(store, event.execution_id)
      inputs = [
        (e.path.steps[0].key, e.artifact_id)
        for e in store.get_events_by_execution_ids([event.execution_id])
        if e.type == e.INPUT
      ]
      named = ", ".join(f"{key} {number}" for key, number in inputs)
      lines.append(
        f"artifact {artifact} made by {node} (execution {event.execution_id})"
        f" of {named or 'files'}"
      )
      new = [number for _, number in inputs if number not in seen]
      rest += new
      seen.update(new)
      break
  return lines


def main() -> None:
  """Runs all nights and prints the table."""
  if not _OUTPUT.value:
    raise errors.UserError("is missing: give a folder.", "output_dir")
  folder = os.path.abspath(_OUTPUT.value)
  if os.path.exists(folder):
    raise errors.UserError("is there already.", "output_dir", folder)
  os.makedirs(os.path.join(folder, "pipeline"))
  check = Check(folder)
  check.add_pictures()
  first = check.run("first run")
  check.expect(first.status == 0 and first.in_use == 1, "nothing is in use")
  again = check.run("the same again")
  check.expect("Trainer" in again.left_out, "it was trained again")
  check.expect(again.in_use == 1, "another model is in use")
  new = ("--warm_start", "--worse_by=0.5")
  longest = first.seconds
  if not _SHORT.value:
    same = check.run("and again")
    check.expect(not same.done, f"{same.done} were done")
    check.add_pictures(4)
    fresh = check.run("new pictures", *new)
    check.expect("Trainer" in fresh.done, "it was not trained")
    check.expect(fresh.status == 0, "it failed")
    longest = fresh.seconds
  rng = random.Random(_SEED.value)
  kills = 0
  while kills < _KILLS.value:
    check.add_pictures(1)
    moment = rng.uniform(_EARLIEST, longest)
    killed = check.run(
      f"new pictures, killed after {moment:.0f} s", *new, kill_after=moment
    )
    if killed.status == 0:  # the machine has become faster: that was no kill
      longest = min(longest, killed.seconds)
      killed.what = "new pictures"
      continue
    kills += 1
    ended = check.run(f"the same command ({kills})", *new)
    check.expect(ended.status == 0, "it failed")
    check.expect(bool(ended.verdict or not ended.done), "nothing was decided")
    check.require_whole()
  before = check.in_use()
  # A network that does not begin with its input, and hardly learns.
  worse = check.run("a worse model", "--noglobal_skip", "--train_steps=10")
  check.expect(worse.verdict.startswith("refused"), "it was not refused")
  check.expect(worse.status == 0 and worse.in_use == before, "it is in use")
  rows = [
    (
      night.what,
      f"{night.seconds:.0f}",
      ", ".join(night.done) or "nothing",
      len(night.left_out),
      night.verdict,
      night.in_use or "none",
      night.began_at or "",
    )
    for night in check.nights
  ]
  heads = (
    "night",
    "s",
    "done",
    "left out",
    "verdict",
    "in use",
    "trained from step",
  )
  print(tabulate.tabulate(rows, heads, tablefmt="github"))
  print("\n".join(["", *lineage(check.root)]))
  for problem in check.problems:
    print(f"WRONG: {problem}")
  if check.problems:
    sys.exit(1)


if __name__ == "__main__":
  command.run(main)
