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
r"""Measures translate_many at scale, and kills it again and again.

Recipe (two cores, nothing else on the machine: 20,000 pictures take about 40
minutes; 2,000, with --pictures=2000, six):

  python -m official.cyclegan.train --experiment=mobile --train_steps=2 \
    --dataset=my_pictures --model_dir=runs/mobile
  python -m official.cyclegan.export --model_dir=runs/mobile \
    --output_dir=runs/mobile/export --quantization=float32 --min_psnr=0
  python tools/checks/check_translate_many.py \
    --model=runs/mobile/export/g_AB.tflite

How good the generator is does not matter. Draws JPEGs and then, each only if
--parts names it:

* rate: a bare loop over some of them (one process, one picture after the
  other), and translate_many over all: pictures a second while pictures are
  made, and the processor time of each, which other work on the machine changes
  little. memory: of the workers, after a tenth of the pictures and at the end.
* kills: --kills times a worker is ended by SIGKILL, and later the whole job;
  the command is given again each time, the last time to its end.
* portable: the same command on Beam's portable runner, with a job service and a
  pool of workers in processes of their own, ended at half of --portable.

Of what was killed it checks that every picture is in the manifest once, that
its result has the checksum stated there and the bytes that an undisturbed loop
makes, and that no result that was there was made again. Prints a Markdown
table; ends with status 1 if a check failed.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence

import numpy as np
import PIL.Image
import psutil
import tabulate
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import errors

_MODEL = flags.DEFINE_string("model", None, "A .tflite file.", required=True)
_PYTHON = flags.DEFINE_string(
  "python",
  sys.executable,
  "Interpreter that runs translate_many: with the extra `beam`, and as workers"
  " have it, without TensorFlow.",
)
_PICTURES = flags.DEFINE_integer(
  "pictures", 20_000, "How many are drawn.", lower_bound=20
)
_SIZE = flags.DEFINE_integer("size", 256, "Their width and height, pixels.")
_WORKERS = flags.DEFINE_integer(
  "workers", 2, "Processes that translate.", lower_bound=2
)
_LOOP = flags.DEFINE_integer(
  "loop_pictures", 500, "Of the bare loop, at most.", lower_bound=10
)
_KILLS = flags.DEFINE_integer(
  "kills", 5, "How many workers, and how many jobs, are killed.", lower_bound=1
)
_KILLED = flags.DEFINE_integer(
  "killed_pictures", 2_000, "Of the job that is killed, at most."
)
_PORTABLE = flags.DEFINE_integer(
  "portable", 2_000, "Pictures of the portable runner, at most."
)
_PARTS = flags.DEFINE_list(
  "parts", ["rate", "kills", "portable"], "What to do."
)
_FOLDER = flags.DEFINE_string(
  "folder", None, "Where pictures and results are kept; else nothing is."
)
_SEED = flags.DEFINE_integer("seed", 1, "Draws the moments of the kills.")
_POLL = 0.2  # seconds
_WORKER = "sdk_worker_main"
_CHILD = "tflite_probe"
_LOOP_PROGRAM = """
import os, sys, time
from official.cyclegan.serving import image_translator, picture_files
model, names, given, made = sys.argv[1:]
opened = image_translator.open_model(model, "AtoB")
pictures = picture_files.PictureFiles(
  opened, image_translator.choose_detail(opened, "auto"))
names = open(names).read().split()
for i, name in enumerate(names):
  if i == 5:
    started = time.monotonic()
  pictures.translate(os.path.join(given, name), os.path.join(made, name))
print((len(names) - 5) / (time.monotonic() - started))
"""

_rows: list[tuple[str, str]] = []
_failures: list[str] = []


@dataclasses.dataclass
class Watched:
  """What a command and all processes that it started have used.

  Attributes:
    seconds: By process, its processor seconds.
    peak: The largest worker so far, with its interpreter, bytes.
    at: (results, bytes of the largest worker at that time), in their order.
  """

  seconds: dict[tuple[int, float], float]
  peak: int
  at: list[tuple[int, int]]


def main() -> None:
  """Does the parts, and prints the table."""
  unknown = set(_PARTS.value) - {"rate", "kills", "portable"}
  if unknown:
    raise errors.UserError(
      "is none of rate, kills, portable.", "parts", min(unknown)
    )
  if not shutil.which(_PYTHON.value):
    raise errors.UserError("is no program.", "python", _PYTHON.value)
  if not os.path.isfile(_MODEL.value):
    raise errors.UserError("is no file.", "model", _MODEL.value)
  with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(_FOLDER.value or temporary).absolute()
    names = _draw(folder / "given", _PICTURES.value)
    if "rate" in _PARTS.value:
      _measure(folder, names)
    if "kills" in _PARTS.value:
      _kill(folder, names[: _KILLED.value])
    if "portable" in _PARTS.value:
      _kill_portable(folder, names[: _PORTABLE.value])
  print(
    tabulate.tabulate(
      _rows, ("", "measured"), tablefmt="github", disable_numparse=True
    )
  )
  if _failures:
    print("FAILED: " + "; ".join(_failures))
    sys.exit(1)


def _draw(folder: pathlib.Path, count: int) -> list[str]:
  """Draws JPEGs, each of its own, that are not there yet."""
  folder.mkdir(parents=True, exist_ok=True)
  names = [f"{i:06d}.jpg" for i in range(count)]

  def draw(i: int) -> None:
    path = folder / names[i]
    if path.exists():
      return
    rng = np.random.default_rng(i)
    coarse = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    picture = PIL.Image.fromarray(coarse).resize(
      (_SIZE.value, _SIZE.value), PIL.Image.Resampling.BICUBIC
    )
    picture.save(path, quality=90)

  with concurrent.futures.ThreadPoolExecutor() as pool:
    list(pool.map(draw, range(count)))
  return names


def _measure(folder: pathlib.Path, names: list[str]) -> None:
  """Measures the rate and the memory, against a bare loop."""
  some = names[: _LOOP.value]
  rate, loop = _bare_loop(folder, some)
  loop_seconds = sum(loop.seconds.values()) / len(some)
  output = folder / "rate"
  started = time.time()
  job = _start(folder / "given", output, f"--workers={_WORKERS.value}")
  watched = _watch(job, output)
  wall = time.time() - started
  _finish(job)
  _check(folder, output, names, {})
  times = sorted(
    p.stat().st_mtime for p in output.iterdir() if p.suffix == ".jpg"
  )
  first, last = len(times) // 20, len(times) - 1 - len(times) // 20
  steady = (last - first) / max(times[last] - times[first], 1e-9)
  seconds = sum(watched.seconds.values()) / len(names)
  share = steady / (rate * _WORKERS.value)
  _row("pictures", f"{len(names):,} of {_SIZE.value} pixels")
  _row("bare loop, one process", f"{rate:.1f} a second")
  _row(
    f"translate_many, {_WORKERS.value} workers",
    f"{steady:.1f} a second while it translates;"
    f" {len(names) / wall:.1f} with start and manifest",
  )
  _row(f"its share of {_WORKERS.value} bare loops", f"{share:.2f}")
  _row(
    "processor time of a picture",
    f"loop {1000 * loop_seconds:.1f} ms, translate_many"
    f" {1000 * seconds:.1f} ms: {loop_seconds / seconds:.2f}",
  )
  early = [size for done, size in watched.at if done <= len(names) // 10]
  tenth, end = max(early, default=0), watched.peak
  _row(
    "largest worker with its interpreter",
    f"{tenth / 1e6:.0f} MB at {len(names) // 10:,} pictures,"
    f" {end / 1e6:.0f} MB at {len(names):,}",
  )


def _bare_loop(
  folder: pathlib.Path, names: Sequence[str]
) -> tuple[float, Watched]:
  """Translates one after the other; returns pictures a second, and usage."""
  output = folder / "loop"
  output.mkdir(exist_ok=True)
  listed = folder / "names.txt"
  listed.write_text("\n".join(names), encoding="utf-8")
  process = subprocess.Popen(
    [
      _PYTHON.value,
      "-c",
      _LOOP_PROGRAM,
      *(_MODEL.value, str(listed), str(folder / "given"), str(output)),
    ],
    stdout=subprocess.PIPE,
    text=True,
  )
  watched = _watch(process, output)
  said, _ = process.communicate()
  if process.returncode:
    raise errors.UserError("the bare loop failed.")
  return float(said.split()[-1]), watched


def _start(
  given: pathlib.Path | str, output: pathlib.Path, *options: str
) -> subprocess.Popen:
  """Starts translate_many in a session of its own."""
  return subprocess.Popen(
    [
      _PYTHON.value,
      "-m",
      "official.cyclegan.translate_many",
      f"--model={_MODEL.value}",
      f"--input={given}",
      f"--output={output}",
      *options,
    ],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.PIPE,
    text=True,
    errors="replace",
    start_new_session=True,
  )


def _finish(job: subprocess.Popen) -> None:
  """Waits for a job that nothing disturbs."""
  _, said = job.communicate()
  if job.returncode:
    last = (said.strip().splitlines() or ["no output"])[-1]
    raise errors.UserError(f"translate_many failed: {last}")


def _watch(process: subprocess.Popen, output: pathlib.Path) -> Watched:
  """Watches a command until it has ended."""
  found = Watched({}, 0, [])
  # What it says is read meanwhile, or it would wait for that.
  reader = None
  if process.stderr:
    said: list[str] = []
    stream = process.stderr
    reader = threading.Thread(target=lambda: said.append(stream.read()))
    reader.start()
  main_process = psutil.Process(process.pid)
  looked = 0.0
  while process.poll() is None:
    sizes: dict[int, int] = {}
    for child in [main_process, *_descendants(main_process)]:
      try:
        times, started = child.cpu_times(), child.create_time()
        found.seconds[child.pid, started] = times.user + times.system
        words = " ".join(child.cmdline())
        if _WORKER in words:
          sizes[child.pid] = sizes.get(child.pid, 0) + child.memory_info().rss
        elif _CHILD in words:
          parent = child.ppid()
          sizes[parent] = sizes.get(parent, 0) + child.memory_info().rss
      except psutil.Error:
        continue
    if time.monotonic() - looked > 1:
      looked = time.monotonic()
      largest = max(sizes.values(), default=0)
      found.at.append((_count(output), largest))
      found.peak = max(found.peak, largest)
    time.sleep(_POLL)
  if reader:
    reader.join()
  return found


def _descendants(process: psutil.Process) -> list[psutil.Process]:
  try:
    return process.children(recursive=True)
  except psutil.Error:
    return []


def _count(output: pathlib.Path) -> int:
  """Returns how many results there are."""
  try:
    return sum(name.endswith(".jpg") for name in os.listdir(output))
  except FileNotFoundError:
    return 0


def _kill(folder: pathlib.Path, names: list[str]) -> None:
  """Kills workers and jobs, and checks what comes of it."""
  rng = random.Random(_SEED.value)
  given, output = _subset(folder, names), folder / "killed"
  step = len(names) / (2 * _KILLS.value + 1)
  seen: dict[str, int] = {}
  workers = 0
  again = 0
  for number in range(_KILLS.value):
    job = _start(given, output, f"--workers={_WORKERS.value}")
    _drain(job)
    _until(job, output, round((2 * number + rng.uniform(0.3, 1)) * step))
    living = [
      child
      for child in _descendants(psutil.Process(job.pid))
      if _WORKER in " ".join(_words(child))
    ]
    if living:
      again += _made_again(output, seen)
      rng.choice(living).kill()
      workers += 1
    _until(job, output, round((2 * number + 1 + rng.uniform(0.3, 1)) * step))
    if job.poll() is not None:
      raise errors.UserError(
        "the job was over before it was killed. Raise --killed_pictures."
      )
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    again += _made_again(output, seen)
  _finish(_start(given, output, f"--workers={_WORKERS.value}"))
  again += _made_again(output, seen)
  _check(folder, output, names, {"made again": again})
  _row(
    f"{len(names):,} pictures, {workers} workers and {_KILLS.value} jobs"
    " ended by SIGKILL",
    f"each once in the manifest and whole; {again} made again",
  )


def _kill_portable(folder: pathlib.Path, names: list[str]) -> None:
  """Ends a job on the portable runner at half, and gives it again."""
  given, output = _subset(folder, names), folder / "portable"
  seen: dict[str, int] = {}
  ended_at = 0
  for part in ("killed", "whole"):
    ports = [_free_port() for _ in range(2)]
    services = [
      subprocess.Popen(
        [_PYTHON.value, "-m", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={
          **os.environ,
          "PATH": f"{os.path.dirname(_PYTHON.value)}{os.pathsep}"
          + os.environ["PATH"],
        },
      )
      for words in (
        (
          "apache_beam.runners.portability.local_job_service_main",
          f"--port={ports[0]}",
        ),
        (
          "apache_beam.runners.worker.worker_pool_main",
          f"--service_port={ports[1]}",
        ),
      )
    ]
    try:
      for port in ports:
        _wait_for(port)
      options = (
        f"--job_endpoint=localhost:{ports[0]} --environment_type=EXTERNAL"
        f" --environment_config=localhost:{ports[1]}"
      )
      job = _start(
        given,
        output,
        "--runner=PortableRunner",
        f"--beam_options={options}",
      )
      if part == "killed":
        _drain(job)
        _until(job, output, len(names) // 2)
        for process in (*services, job):
          os.killpg(process.pid, signal.SIGKILL)
        job.wait()
        # Who was started by these in a session of its own is gone as well.
        ended_at = _settled(output)
        _made_again(output, seen)
      else:
        _finish(job)
    finally:
      for process in services:
        if process.poll() is None:
          os.killpg(process.pid, signal.SIGKILL)
        process.wait()
  again = _made_again(output, seen)
  _check(folder, output, names, {"made again by the portable runner": again})
  _row(
    f"{len(names):,} pictures by the portable runner, all ended by SIGKILL at"
    f" {ended_at:,}",
    f"the same command did the other {len(names) - ended_at:,};"
    f" {again} made again",
  )


def _settled(output: pathlib.Path) -> int:
  """Waits until nothing more is written; returns how many results there are."""
  before, now = -1, _results(output)
  while now != before:
    time.sleep(2)
    before, now = now, _results(output)
  return now


def _free_port() -> int:
  with socket.socket() as sock:
    sock.bind(("localhost", 0))
    return int(sock.getsockname()[1])


def _wait_for(port: int) -> None:
  deadline = time.monotonic() + 120
  while time.monotonic() < deadline:
    with socket.socket() as sock:
      if sock.connect_ex(("localhost", port)) == 0:
        return
    time.sleep(_POLL)
  raise errors.UserError("Beam's service does not start.")


def _subset(folder: pathlib.Path, names: Iterable[str]) -> str:
  """Returns a list of addresses of some pictures."""
  path = folder / "some.txt"
  lines = [str(folder / "given" / name) for name in names]
  path.write_text("\n".join(lines), encoding="utf-8")
  return str(path)


def _words(process: psutil.Process) -> list[str]:
  try:
    return process.cmdline()
  except psutil.Error:
    return []


def _drain(job: subprocess.Popen) -> None:
  """Reads what a job says, so that it does not wait for that."""
  assert job.stderr
  threading.Thread(target=job.stderr.read, daemon=True).start()


def _until(job: subprocess.Popen, output: pathlib.Path, count: int) -> None:
  """Waits until there are so many results, or the job is over."""
  while _results(output) < count and job.poll() is None:
    time.sleep(_POLL / 10)


def _results(output: pathlib.Path) -> int:
  return sum(1 for _ in output.rglob("*.jpg")) if output.exists() else 0


def _made_again(output: pathlib.Path, seen: dict[str, int]) -> int:
  """Returns how many results are other files than when last looked at."""
  again = 0
  for path in output.rglob("*.jpg"):
    now = path.stat().st_mtime_ns
    again += seen.get(str(path), now) != now
    seen[str(path)] = now
  return again


def _check(
  folder: pathlib.Path,
  output: pathlib.Path,
  names: Sequence[str],
  none_of: dict[str, int],
) -> None:
  """Notes what is wrong with a finished job's results."""
  records = [
    json.loads(line)
    for path in output.glob("manifest-*.jsonl")
    for line in path.read_text(encoding="utf-8").splitlines()
  ]
  sources = [record["source"] for record in records]
  wanted = {str(folder / "given" / name) for name in names}
  if sorted(sources) != sorted(wanted):
    _failures.append(f"{output.name}: the manifest has {len(sources)} lines")
  for record in records:
    result = output / record["target"]
    digest = hashlib.sha256(result.read_bytes()).hexdigest()
    alone = folder / "loop" / os.path.basename(record["target"])
    same = not alone.exists() or alone.read_bytes() == result.read_bytes()
    if record["error"] or digest != record["sha256"] or not same:
      _failures.append(f"{output.name}: {record['target']} is wrong")
      break
  left = [p.name for p in output.rglob("*") if p.is_file()]
  if len(left) != len(names) + len(list(output.glob("manifest-*"))):
    _failures.append(f"{output.name}: something partial is left")
  _failures.extend(
    f"{count} {what}" for what, count in none_of.items() if count
  )


def _row(name: str, value: str) -> None:
  _rows.append((name, value))
  print(f"{name}: {value}", flush=True)


if __name__ == "__main__":
  command.run(main)
