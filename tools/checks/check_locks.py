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
r"""Tries every pair of commands that write on one folder, as two processes.

Recipe (about ten minutes on two cores):

  python tools/checks/check_locks.py

Trains a tiny run. Then each command is started on a folder and stopped (by
SIGSTOP) while it holds it; all commands are tried on the same folder meanwhile,
each of which has to end with status 2 and one line that names the first one's
process, and to leave the folder as it was. Then the first goes on, and has to
end well. Prints a table: a row for each first, a column for each second
command. Ends with status 1 if a pair does not do so.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

import numpy as np
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import locks
from official.cyclegan.data import image_files

_FIRST = flags.DEFINE_list("first", [], "Only these first commands.")
_POLL_SECONDS = 0.001
_NAME = "apple2orange"  # of the folder: a name that download takes
_TINY = (
  "--crop_size=32",
  "--gen_n_filters=4",
  "--disc_n_filters=4",
  "--n_res_blocks=1",
  "--disc_n_layers=1",
  "--precision=float32",
)


def main() -> None:
  """Tries all pairs."""
  with tempfile.TemporaryDirectory() as folder:
    commands = _commands(pathlib.Path(folder))
    _finish(_start(commands["train"], f"{folder}/run"))
    wrong = 0
    print("| first \\ second |", " | ".join(commands), "|")
    print("| --- " * (1 + len(commands)) + "|")
    for name in _FIRST.value or commands:
      found = _against_all(name, commands, f"{folder}/{name}")
      wrong += sum(text != "refused" for text in found)
      print(f"| {name} |", " | ".join(found), "|", flush=True)
  if wrong:
    sys.exit(1)


def _commands(folder: pathlib.Path) -> dict[str, list[str]]:
  """Returns the commands; `{}` stands for the folder that each writes."""
  pictures = _write_pictures(folder / "pictures")
  address = _serve(pictures, folder / "host")
  data = f"--dataset={pictures}"
  run = folder / "run"
  return {
    "train": ["train", "--model_dir={}", data, *_TINY, "--train_steps=2"],
    "distill": [
      "distill",
      "--model_dir={}",
      f"--teacher={run}",
      "--train_steps=2",
      "--gen_n_filters=4",
    ],
    "tune": [
      "tune",
      "--tuner_dir={}",
      data,
      *_TINY,
      "--trial_steps=2",
      "--max_trials=1",
    ],
    "evaluate": ["evaluate", f"--model_dir={run}", "--output_dir={}"],
    "export": [
      "export",
      f"--model_dir={run}",
      "--output_dir={}",
      "--quantization=float32",
    ],
    "prepare": ["prepare", data, "--output_dir={}"],
    "translate": [
      "translate",
      f"--model={run}",
      f"--input={pictures}/testA",
      "--output={}",
    ],
    "download": ["download", _NAME, address, "--sha256=none"],
  }


def _write_pictures(folder: pathlib.Path) -> pathlib.Path:
  rng = np.random.default_rng(0)
  for split in ("trainA", "trainB", "testA", "testB"):
    (folder / split).mkdir(parents=True)
    for i in range(4):
      image = rng.integers(0, 256, (40, 40, 3), np.uint8)
      image_files.write(str(folder / split / f"{i}.png"), image)
  return folder


def _serve(pictures: pathlib.Path, folder: pathlib.Path) -> str:
  """Serves the pictures as an archive; returns the flag that says where."""
  folder.mkdir()
  with zipfile.ZipFile(folder / f"{_NAME}.zip", "w") as packed:
    for path in pictures.rglob("*.png"):
      packed.write(path, f"{_NAME}/{path.relative_to(pictures)}")
  server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0),
    functools.partial(_Handler, directory=str(folder)),
  )
  threading.Thread(target=server.serve_forever, daemon=True).start()
  return f"--base_url=http://127.0.0.1:{server.server_port}/"


class _Handler(http.server.SimpleHTTPRequestHandler):
  """Serves files silently."""

  def log_message(self, *_: object) -> None:
    """Logs nothing."""


def _start(arguments: list[str], folder: str) -> subprocess.Popen:
  """Starts a command on a folder."""
  given = [argument.format(folder) for argument in arguments]
  if given[0] == "download":  # which adds the name by itself
    given.append(f"--output_dir={os.path.dirname(folder)}")
  return subprocess.Popen(
    [sys.executable, "-m", f"official.cyclegan.{given[0]}", *given[1:]],
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


def _finish(process: subprocess.Popen) -> None:
  _, shown = process.communicate()
  if process.returncode:
    sys.exit(f"A first command ended with {process.returncode}: {shown}")


def _against_all(
  name: str, commands: dict[str, list[str]], above: str
) -> list[str]:
  """Tries all commands while one holds a folder; says what became of each."""
  os.makedirs(above)
  folder = os.path.join(above, _NAME)
  first = _start(commands[name], folder)
  # Until it has said who it is.
  while (holder := locks.holder(folder)) is None or holder.pid != first.pid:
    if first.poll() is not None:
      _finish(first)
      sys.exit(f"{name} was over before it was seen to hold {folder}.")
    time.sleep(_POLL_SECONDS)
  os.kill(first.pid, signal.SIGSTOP)
  found = []
  try:
    for arguments in commands.values():
      before = _content(above)
      second = _start(arguments, folder)
      _, shown = second.communicate()
      lines = [line for line in shown.splitlines() if "error:" in line]
      refused = (
        second.returncode == 2
        and len(lines) == 1
        and f"process {first.pid} on " in lines[0]
        and "Traceback" not in shown
      )
      if refused and _content(above) == before:
        found.append("refused")
      else:
        found.append(f"status {second.returncode}: {shown[-200:]!r}")
  finally:
    os.kill(first.pid, signal.SIGCONT)
    _finish(first)
  return found


def _content(folder: str) -> str:
  """Returns a sum over all names and contents below a folder."""
  total = hashlib.sha256()
  for path in sorted(pathlib.Path(folder).rglob("*")):
    total.update(os.fsencode(path) + b"\0")
    if path.is_file():
      total.update(path.read_bytes())
  return total.hexdigest()


if __name__ == "__main__":
  command.run(main)
