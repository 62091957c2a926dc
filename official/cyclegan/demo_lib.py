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
from collections.abc import Iterator

from absl import logging

from official.cyclegan.core import files
from official.cyclegan.serving import page_server
from official.cyclegan.serving import web_page

address = page_server.address


@contextlib.contextmanager
def serving(
  model: str, host: str = "127.0.0.1", port: int = 0
) -> Iterator[page_server.PageServer]:
  """Writes the page to a temporary folder and opens a server on it.

  Says so if other machines can reach it.

  Args:
    model: A folder that `export` wrote, or one of its `.tflite` files.
    host: Address to listen on. The default is reachable from this machine only.
    port: In [0, 65535]; 0 for any that is free.

  Yields:
    The server: `serve_forever` runs it, `address` says where it is.

  Raises:
    errors.UserError: If there is no model, LiteRT.js is missing, or the
      address is empty, taken or not allowed.
  """
  page_server.require_host(host)
  with files.temporary_folder("cyclegan_demo_") as folder:
    web_page.write(folder, model)
    with page_server.listening(host, port):
      server = page_server.PageServer(host, port, folder)
    with server:
      if not page_server.is_local(server):
        logging.warning(
          "--host=%s: everybody whose machine reaches this one can open the"
          " page, and take its models and samples.",
          host,
        )
      yield server
