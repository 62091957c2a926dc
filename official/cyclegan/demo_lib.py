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
"""Serves the page that translates in the browser over HTTP."""

from __future__ import annotations

import contextlib
import functools
import http.server
import ipaddress
import tempfile
from collections.abc import Iterator
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.serving import web_page

# No other page may put this one into a frame, guess types or get referrers. The
# page itself says what it may load.
_HEADERS = {
  "Content-Security-Policy": "frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-cache",
}


class _Handler(http.server.SimpleHTTPRequestHandler):
  """Serves the files of one folder by GET and HEAD, without listings."""

  extensions_map = {
    **http.server.SimpleHTTPRequestHandler.extensions_map,
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".tflite": "application/octet-stream",
  }

  def end_headers(self) -> None:
    """Adds the headers that every response has."""
    for name, value in _HEADERS.items():
      self.send_header(name, value)
    super().end_headers()

  def list_directory(self, path: Any) -> None:
    """Refuses to list a folder's files."""
    self.send_error(404, "File not found")

  def log_message(self, *args: Any) -> None:
    """Logs no requests."""


@contextlib.contextmanager
def serving(
  model: str, host: str = "127.0.0.1", port: int = 0
) -> Iterator[http.server.ThreadingHTTPServer]:
  """Writes the page to a temporary folder and opens a server on it.

  Args:
    model: A folder that `export` wrote, or one of its `.tflite` files.
    host: Address to listen on. The default is reachable from this machine only.
    port: In [0, 65535]; 0 for any that is free.

  Yields:
    The server: `serve_forever` runs it, `server_address` says where it is.

  Raises:
    errors.UserError: If there is no model, LiteRT.js is missing, or the
      address is taken or not allowed.
  """
  with tempfile.TemporaryDirectory(prefix="cyclegan_demo_") as folder:
    web_page.write(folder, model)
    handler = functools.partial(_Handler, directory=folder)
    try:
      server = http.server.ThreadingHTTPServer((host, port), handler)
    except (OSError, OverflowError) as error:
      raise errors.UserError(
        f"--host={host} --port={port}: nothing can be served there"
        f" ({errors.first_line(error)}). Use another --port, or 0 for any."
      ) from error
    with server:
      yield server


def address(server: http.server.ThreadingHTTPServer) -> str:
  """Returns the URL at which a browser on this machine finds a server."""
  host, port = str(server.server_address[0]), server.server_address[1]
  if ipaddress.ip_address(host).is_unspecified:
    host = "127.0.0.1"
  return f"http://{host}:{port}/"
