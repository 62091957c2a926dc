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
"""A studio for tests: its server in a thread, asked with plain requests."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from official.cyclegan.core import command_config


class Asking:
  """Asks a studio's server, as a browser or as something else."""

  def __init__(self, link: str, root: Any):
    parsed = urllib.parse.urlsplit(link)
    self.link, self.root = link, root
    self.host, self.port = str(parsed.hostname), int(parsed.port or 0)
    self.token = urllib.parse.parse_qs(parsed.query).get("token", [""])[0]

  def __call__(
    self, method: str, path: str, body: Any = None, **headers: str
  ) -> tuple[int, Any]:
    """Returns the status, and what JSON says or the bytes."""
    status, _, content = self.whole(method, path, body, **headers)
    try:
      return status, json.loads(content)
    except ValueError:
      return status, content

  def whole(
    self, method: str, path: str, body: Any = None, **headers: str
  ) -> tuple[int, Any, bytes]:
    """Returns status, headers and body. `_` in a header's name is a dash."""
    given = {name.replace("_", "-"): v for name, v in headers.items()}
    if isinstance(body, dict):
      body = json.dumps(body).encode()
      given.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
    with contextlib.closing(connection):
      # Of a body that is too long it is told before all of it is sent.
      with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, body, given)
      answer = connection.getresponse()
      return answer.status, answer.headers, answer.read()

  def raw(self, request: bytes) -> bytes:
    """Sends bytes that no client would; returns the answer's first line."""
    with socket.create_connection((self.host, self.port), 30) as connection:
      # Of what is too long not all is read.
      with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(request)
      return connection.recv(4096).split(b"\r\n")[0]


@contextlib.contextmanager
def studio(
  root: Any, host: str = "127.0.0.1", **sizes: int
) -> Iterator[Asking]:
  """Serves a studio; skips the test where its packages are missing."""
  pytest.importorskip("starlette")
  pytest.importorskip("uvicorn")
  from official.cyclegan import studio_lib

  config = command_config.StudioConfig(root=str(root), **sizes)
  where = command_config.DemoConfig(host=host, port=0)
  with studio_lib.serving(config, where) as (server, link):
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
      yield Asking(link, root)
    finally:
      server.stop()
      thread.join(20)
