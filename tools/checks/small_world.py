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
"""Tiny pictures, models and data sets, and commands that are run on them.

Each command runs in a child of this process, which has the large packages and
this project's libraries imported. A training step only counts: faults of files
are looked for, and arithmetic would take nine tenths of the time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence

import forked
import numpy as np
import PIL.Image
import system_calls
from absl import flags

from official.cyclegan.core import errors

_LIBRARIES = (
  *forked.HEAVY,
  "av",
  "official.cyclegan.download_lib",
  "official.cyclegan.prepare_lib",
  "official.cyclegan.train_lib",
  "official.cyclegan.tune_lib",
  "official.cyclegan.evaluate_lib",
  "official.cyclegan.export_lib",
  "official.cyclegan.translate_lib",
  "official.cyclegan.demo_lib",
)
_ROOT = pathlib.Path(__file__).absolute().parents[2]
_SIZE = 32  # pixels
# A UUID in hexadecimal digits, as a search names itself.
_DRAWN_NAME = re.compile(rb'"[0-9a-f]{32}"')
_SPLITS = {"trainA": 3, "trainB": 3, "testA": 2, "testB": 2}
STEPS = 2  # of the run that is trained
ARCHIVE = "apple2orange"
# Flags of a training of seconds.
TINY = (
  f"--crop_size={_SIZE}",
  "--gen_n_filters=2",
  "--disc_n_filters=2",
  "--disc_n_layers=1",
  "--n_res_blocks=1",
  "--skip_filters=2",
  "--precision=float32",
  "--buffer_max_length=2",
  "--sample_interval=2",
  "--save_every_steps=1",
  "--nohealth_check",
)
STUDENT = tuple(flag for flag in TINY if not flag.startswith("--nohealth"))


@dataclasses.dataclass(frozen=True)
class Ended:
  """How a command has ended.

  Attributes:
    status: Exit status, negative for a signal; None if it took too long.
    out: Standard output.
    err: Standard error.
    seconds: How long it took.
    processor_seconds: Of the processor, with what it had started.
  """

  status: int | None
  out: str
  err: str
  seconds: float
  processor_seconds: float

  def problems(self, allowed: Sequence[int] = (0, 2)) -> list[str]:
    """Returns what is wrong with how it ended, whatever it was to do.

    Args:
      allowed: Exit statuses that are right.
    """
    found = []
    if self.status is None:
      found.append(f"took more than {self.seconds:.0f} s")
    elif self.status not in allowed:
      found.append(f"status {self.status}")
    if "Traceback" in self.err or "Traceback" in self.out:
      found.append("a traceback")
    lines = [line for line in self.err.splitlines() if ": error: " in line]
    if self.status == 2 and len(lines) != 1:
      found.append(f"{len(lines)} lines of error")
    return found

  def last_line(self) -> str:
    """Returns the line that says what went wrong."""
    lines = [line for line in self.err.splitlines() if ": error: " in line]
    return (lines or self.err.strip().splitlines() or [""])[-1]


@dataclasses.dataclass(frozen=True)
class Moment:
  """When a signal is sent.

  Attributes:
    number: The signal.
    seconds: After the start.
  """

  number: int
  seconds: float


class World:
  """What the commands read, and a place for what they write.

  Attributes:
    fixed: Folder of what is only read.
    place: Folder in which commands run; also their home.
  """

  def __init__(self, folder: str):
    """Imports what the commands need; nothing is made yet.

    Args:
      folder: An empty folder.
    """
    self.fixed = pathlib.Path(folder, "fixed")
    self.place = pathlib.Path(folder, "place")
    self._logs = [os.path.join(folder, name) for name in ("out", "err")]
    self.fixed.mkdir()
    forked.import_packages(_LIBRARIES)
    self._own_flags = _own_flags()

  def run(
    self,
    words: Sequence[str],
    decide: system_calls.Decide | None = None,
    moment: Moment | None = None,
    until: str | None = None,
    seconds: float = 120.0,
    started: Callable[[int], None] | None = None,
  ) -> Ended:
    """Runs a command in the place.

    Args:
      words: The command and its arguments.
      decide: Asked about each call that changes something in the place.
      moment: Sends a signal.
      until: With these words on standard output it is asked to end (SIGTERM).
      seconds: After so long it is killed.
      started: Called with its process number.
    """
    watched = system_calls.Watched(str(self.place)) if decide else None
    for log in self._logs:  # a child that dies early has written nothing
      pathlib.Path(log).write_bytes(b"")
    used_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    pid = os.fork()
    if not pid:
      os.setpgid(0, 0)
      forked.become(
        ["-m", f"official.cyclegan.{words[0]}", *words[1:]],
        str(self.place),
        self._environment(),
        self._logs,
        lambda: self._begin(watched),
      )
    if started is not None:
      started(pid)
    with self._signals(pid, moment, until):
      if watched is not None and decide is not None:
        status = watched.supervise(pid, decide, seconds)
      else:
        status = _wait(pid, seconds)
    with contextlib.suppress(ProcessLookupError):
      os.killpg(pid, signal.SIGKILL)  # what it has started
    out, err = (
      pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
      for log in self._logs
    )
    used = [
      getattr(now, name) - getattr(used_before, name)
      for now in [resource.getrusage(resource.RUSAGE_CHILDREN)]
      for name in ("ru_utime", "ru_stime")
    ]
    return Ended(status, out, err, time.monotonic() - began, sum(used))

  def must(self, *words: str) -> Ended:
    """Runs a command that has to succeed.

    Args:
      *words: The command and its arguments.

    Raises:
      errors.UserError: If it does not.
    """
    ended = self.run(words)
    if ended.status != 0:
      raise errors.UserError(
        f"{' '.join(words)} ended with {ended.status}: {ended.last_line()}"
      )
    return ended

  def _begin(self, watched: system_calls.Watched | None) -> None:
    """Prepares a child that is to become a command."""
    from official.cyclegan.modeling import model as model_lib
    from official.cyclegan.serving import web_page

    def train_step(self, data):  # noqa: ANN001
      del data
      self.step.assign_add(1)
      return {metric.name: metric.result() for metric in self.metrics}

    model_lib.CycleGAN.train_step = train_step  # type: ignore[method-assign]
    web_page._MODULES = self.fixed / "modules"
    tempfile.tempdir = None  # is looked for anew
    flags.FLAGS.unparse_flags()
    flags.FLAGS.remove_flag_values(self._own_flags)
    if watched is not None:
      watched.install()

  def _environment(self) -> dict[str, str]:
    return {
      **os.environ,
      "PYTHONPATH": str(_ROOT),
      "HOME": str(self.place / "home"),
      "TMPDIR": str(self.place / "tmp"),
      "TF_NUM_INTRAOP_THREADS": "1",
      "TF_NUM_INTEROP_THREADS": "1",
    }

  @contextlib.contextmanager
  def _signals(
    self, pid: int, moment: Moment | None, until: str | None
  ) -> Iterator[None]:
    """Sends the signals while a child runs."""
    over = threading.Event()

    def send() -> None:
      if moment is not None and not over.wait(moment.seconds):
        os.kill(pid, moment.number)
      while until is not None and not over.wait(0.02):
        if until in pathlib.Path(self._logs[0]).read_text("utf-8", "replace"):
          os.kill(pid, signal.SIGTERM)
          return

    thread = threading.Thread(target=send, daemon=True)
    if moment is not None or until is not None:
      thread.start()
    try:
      yield
    finally:
      over.set()
      if thread.is_alive():
        thread.join()

  def restore(self, state: pathlib.Path | None = None) -> None:
    """Puts the place into a state.

    Args:
      state: A folder that is copied; None: nothing is in the place.
    """
    shutil.rmtree(self.place, ignore_errors=True)
    if state is None:
      self.place.mkdir()
    else:
      shutil.copytree(state, self.place, symlinks=True)
    for name in ("home", "tmp"):
      (self.place / name).mkdir(exist_ok=True)

  def make(self, run: str = "", export: str = "") -> None:
    """Makes pictures, an archive, a packed data set, a run and an export.

    Args:
      run: The folder of a run to be taken instead of a new one.
      export: The same of an export.
    """
    self.restore()
    pictures = self.fixed / "pictures"
    _draw_pictures(pictures)
    with zipfile.ZipFile(self._made("www") / f"{ARCHIVE}.zip", "w") as packed:
      for path in sorted(pictures.rglob("*.png")):
        packed.write(path, f"{ARCHIVE}/{path.relative_to(pictures)}")
    modules = self._made("modules")
    from official.cyclegan.serving import web_page

    for name in web_page._RUNTIME:
      (modules / name).parent.mkdir(parents=True, exist_ok=True)
      (modules / name).write_text("// nothing\n")
    self.must("prepare", f"--dataset={pictures}", f"--output_dir={self.packed}")
    if run:
      shutil.copytree(run, self.fixed / "run")
    else:
      self.must("train", f"--model_dir={self.fixed}/run", *self.training(STEPS))
    if export:
      shutil.copytree(export, self.fixed / "export")
    else:
      self.must(
        "export",
        f"--model_dir={self.fixed}/run",
        f"--output_dir={self.fixed}/export",
        "--quantization=float32",
        "--test_images=2",
      )
    _write_film(self.fixed / "film.mp4")

  @property
  def packed(self) -> pathlib.Path:
    """Folder of the packed data set."""
    return self.fixed / "packed"

  def training(self, steps: int) -> list[str]:
    """Returns the flags of a tiny training.

    Args:
      steps: How long it is.
    """
    return [
      f"--dataset={self.fixed}/pictures",
      f"--train_steps={steps}",
      *TINY,
    ]

  def _made(self, name: str) -> pathlib.Path:
    folder = self.fixed / name
    folder.mkdir()
    return folder


@contextlib.contextmanager
def web_server(folder: pathlib.Path) -> Iterator[str]:
  """Serves a folder on this machine; yields the address."""
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
  server = subprocess.Popen(
    [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
    cwd=folder,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
  )
  try:
    for _ in range(500):
      with socket.socket() as trying:
        if not trying.connect_ex(("127.0.0.1", port)):
          break
      time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
  finally:
    server.kill()
    server.wait()


def tree(folder: pathlib.Path) -> dict[str, str]:
  """Returns the SHA-256 of each file in a folder by its path below it.

  Args:
    folder: Links are not followed; folders are left out. The name that a
      search draws for itself is left out of JSON's digests.
  """
  return {
    str(path.relative_to(folder)): _digest(path)
    for path in sorted(folder.rglob("*"))
    if path.is_file() and not path.is_symlink()
  }


def _digest(path: pathlib.Path) -> str:
  contents = path.read_bytes()
  if path.suffix == ".json":
    contents = _DRAWN_NAME.sub(b'"drawn"', contents)
  return hashlib.sha256(contents).hexdigest()


def _own_flags() -> list[str]:
  """Returns the flags that the tool itself has defined."""
  by_module = flags.FLAGS.flags_by_module_dict()
  return [
    flag.name
    for module, found in by_module.items()
    for flag in found
    if module == sys.argv[0] or module == "__main__"
  ]


def _wait(pid: int, seconds: float) -> int | None:
  """Waits for a child; kills it if it is late, and returns None then."""
  deadline = time.monotonic() + seconds
  while time.monotonic() < deadline:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
      return os.waitstatus_to_exitcode(status)
    time.sleep(0.003)
  os.kill(pid, signal.SIGKILL)
  os.waitpid(pid, 0)
  return None


def _draw_pictures(folder: pathlib.Path) -> None:
  rng = np.random.default_rng(0)
  for split, count in _SPLITS.items():
    (folder / split).mkdir(parents=True)
    for i in range(count):
      picture = PIL.Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8))
      picture = picture.resize((_SIZE + 4 * i, _SIZE + 2))
      picture.save(folder / split / f"{i}.png")


def _write_film(path: pathlib.Path) -> None:
  import av

  with av.open(str(path), "w") as film:
    stream = film.add_stream("mpeg4", rate=10)
    stream.width = stream.height = _SIZE
    stream.pix_fmt = "yuv420p"
    for i in range(4):
      shade = np.full((_SIZE, _SIZE, 3), 40 * i, np.uint8)
      film.mux(stream.encode(av.VideoFrame.from_ndarray(shade, "rgb24")))
    film.mux(stream.encode())
