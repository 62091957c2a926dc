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
r"""Asks the page's server as strangers would, and measures it under load.

  python tools/checks/check_server.py [--seconds=30] [--idle=200] [--busy=50]

On the loopback address only. Prints a table of refusals, each with the answer,
and then how long a picture takes while so many connections are idle and so many
others fetch a model again and again. Status 1 if an answer is another than it
should be, or a picture takes 100 ms or more.
"""

from __future__ import annotations

import http.client
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import numpy as np
import tabulate
from absl import flags

from official.cyclegan.core import command

_ROOT = pathlib.Path(__file__).absolute().parents[2]

_SECONDS = flags.DEFINE_float("seconds", 30.0, "How long the load lasts.")
_IDLE = flags.DEFINE_integer("idle", 200, "Connections that say nothing.")
_BUSY = flags.DEFINE_integer("busy", 50, "Connections that fetch models.")

_LIMIT = 0.1  # seconds
_MODEL_BYTES, _PICTURE_BYTES = 1_700_000, 12_000  # as the quickstart's
_SERVE = """
import sys
from official.cyclegan.serving import page_server
with page_server.PageServer("127.0.0.1", 0, sys.argv[1]) as server:
  print(server.server_address[1], flush=True)
  server.serve_forever()
"""
_GET = "GET {path} HTTP/1.1\r\n{headers}\r\n"
_HOST = "Host: localhost\r\n"
# What is asked, and the right answer's status; none: the connection is closed.
_REQUESTS = {
  "an address as Host": (_GET.format(path="/", headers=_HOST), "200"),
  "another name as Host": (
    _GET.format(path="/", headers="Host: evil.example\r\n"),
    "421",
  ),
  "a name that begins with the address": (
    _GET.format(path="/", headers="Host: 127.0.0.1.evil.example\r\n"),
    "421",
  ),
  "no Host": (_GET.format(path="/", headers=""), "421"),
  "Host twice": (_GET.format(path="/", headers=_HOST + _HOST), "421"),
  "another page as Origin": (
    _GET.format(path="/", headers=f"{_HOST}Origin: http://evil.example\r\n"),
    "403",
  ),
  "Origin: null": (
    _GET.format(path="/", headers=f"{_HOST}Origin: null\r\n"),
    "403",
  ),
  "made by another page": (
    _GET.format(
      path="/",
      headers=f"{_HOST}Sec-Fetch-Site: cross-site\r\n"
      "Sec-Fetch-Mode: no-cors\r\n",
    ),
    "403",
  ),
  "a link to a file": (_GET.format(path="/link", headers=_HOST), "404"),
  "a folder": (_GET.format(path="/models/", headers=_HOST), "404"),
  "a pipe": (_GET.format(path="/pipe", headers=_HOST), "404"),
  "a path upwards": (
    _GET.format(path="/%2e%2e/%2e%2e/etc/passwd", headers=_HOST),
    "404",
  ),
  "a zero in the path": (_GET.format(path="/%00", headers=_HOST), "404"),
  "a # in a name": (_GET.format(path="/a%23b.png", headers=_HOST), "200"),
  "POST": (f"POST / HTTP/1.1\r\n{_HOST}\r\n", "501"),
  "an address instead of a path": (
    _GET.format(path="http://evil.example/", headers=_HOST),
    "400",
  ),
  "no HTTP": ("\x16\x03\x01\x02\x00\r\n\r\n", "400"),
  "a line without end": ("G" * 70_000, "414"),
  "500 headers": (
    _GET.format(path="/", headers=_HOST + "A: b\r\n" * 500),
    "431",
  ),
  "half a request": ("GET / HTTP/1.1\r\nHo", "421"),
}


def _write_page(folder: pathlib.Path) -> None:
  """Writes files as large as a page's, and what must not be served."""
  (folder / "models").mkdir()
  noise = np.random.default_rng(0).bytes
  (folder / "index.html").write_text("the page")
  (folder / "models" / "g_AB.tflite").write_bytes(noise(_MODEL_BYTES))
  for name in ("a#b.png", "A_0.png"):
    (folder / name).write_bytes(noise(_PICTURE_BYTES))
  (folder / "link").symlink_to("/etc/passwd")
  os.mkfifo(folder / "pipe")


def _send(port: int, request: str) -> str:
  """Returns the status of the answer to a request, empty without any."""
  with socket.create_connection(("127.0.0.1", port), 30) as connection:
    connection.sendall(request.encode("latin-1"))
    connection.shutdown(socket.SHUT_WR)
    answer = b"".join(iter(lambda: connection.recv(65536), b""))
  return answer.decode("latin-1").partition(" ")[2][:3]


def _fetch(port: int, path: str) -> int:
  """Fetches a file; returns its size."""
  connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
  connection.request("GET", path)
  size = len(connection.getresponse().read())
  connection.close()
  return size


def _under_load(port: int) -> tuple[list[float], int]:
  """Returns how long pictures took, seconds, and how many models were sent."""
  ended = threading.Event()
  sent = [0] * _BUSY.value

  def stay_idle() -> None:
    while not ended.is_set():
      with socket.create_connection(("127.0.0.1", port), 30) as connection:
        while not ended.is_set():
          if select.select([connection], [], [], 0.5)[0]:
            break  # closed as idle: comes again

  def be_busy(i: int) -> None:
    while not ended.is_set():
      if _fetch(port, "/models/g_AB.tflite") != _MODEL_BYTES:
        raise AssertionError("a model was cut short")
      sent[i] += 1

  threads = [threading.Thread(target=stay_idle) for _ in range(_IDLE.value)]
  threads += [
    threading.Thread(target=be_busy, args=[i]) for i in range(_BUSY.value)
  ]
  for thread in threads:
    thread.start()
  try:
    return list(_time_pictures(port)), sum(sent)
  finally:
    ended.set()
    for thread in threads:
      thread.join()


def _time_pictures(port: int) -> Iterator[float]:
  """Fetches a picture ten times a second by a process of its own."""
  source = (
    "import sys, time, http.client\n"
    "port, seconds = int(sys.argv[1]), float(sys.argv[2])\n"
    "end = time.monotonic() + seconds\n"
    "while time.monotonic() < end:\n"
    "  began = time.perf_counter()\n"
    "  c = http.client.HTTPConnection('127.0.0.1', port, timeout=30)\n"
    "  c.request('GET', '/A_0.png')\n"
    f"  assert len(c.getresponse().read()) == {_PICTURE_BYTES}\n"
    "  print(time.perf_counter() - began)\n"
    "  time.sleep(0.1)\n"
  )
  done = subprocess.run(
    [sys.executable, "-c", source, str(port), str(_SECONDS.value)],
    stdout=subprocess.PIPE,
    text=True,
    check=True,
  )
  yield from map(float, done.stdout.split())


def main() -> None:
  """Prints both tables."""
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    _write_page(folder)
    server = subprocess.Popen(
      [sys.executable, "-c", _SERVE, name],
      cwd=_ROOT,
      stdout=subprocess.PIPE,
      text=True,
    )
    try:
      assert server.stdout is not None
      port = int(server.stdout.readline())
      rows = [
        (what, wanted or "closed", _send(port, request) or "closed")
        for what, (request, wanted) in _REQUESTS.items()
      ]
      print(tabulate.tabulate(rows, ("request", "should be", "is"), "github"))
      alone = sorted(_fetch_seconds(port) for _ in range(50))
      took, models = _under_load(port)
    finally:
      server.terminate()
      server.wait()
  took.sort()
  quantiles = {q: took[int(q / 100 * (len(took) - 1))] for q in (50, 95, 100)}
  print(
    f"\nA picture takes {1e3 * alone[25]:.1f} ms alone (median of 50). With"
    f" {_IDLE.value} idle and {_BUSY.value} busy connections for"
    f" {_SECONDS.value:g} s, in which {models:,} models of"
    f" {_MODEL_BYTES / 1e6:g} MB were sent, {len(took)} pictures took"
    f" {1e3 * quantiles[50]:.1f} ms (median), {1e3 * quantiles[95]:.1f} ms"
    f" (95 %), {1e3 * quantiles[100]:.1f} ms at most."
  )
  right = all(wanted == got for _, wanted, got in rows)
  sys.exit(0 if right and took[-1] < _LIMIT else 1)


def _fetch_seconds(port: int) -> float:
  """Returns how long a picture takes, seconds."""
  began = time.perf_counter()
  _fetch(port, "/A_0.png")
  return time.perf_counter() - began


if __name__ == "__main__":
  command.run(main)
