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
"""Serves the studio."""

from __future__ import annotations

import contextlib
import http
import importlib.util
import ipaddress
import os
import pathlib
import socket
import sys
import urllib.parse
from collections.abc import Iterator
from typing import Any

from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.serving import page_server
from official.cyclegan.serving import web_page

_EXTRA = ("starlette", "uvicorn")
_MEGABYTE = 1_000_000
_CONNECTIONS = 256  # at a time
_REQUEST_BYTES = 1 << 18  # before a request's body
_END_SECONDS = 3  # that connections have when the server ends


def require_extra() -> None:
  """Checks that the packages are installed that only the studio needs.

  Raises:
    errors.UserError: If one is missing; says what to install.
  """
  missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
  if missing:
    raise errors.UserError(
      f"the studio needs {' and '.join(missing)}. Install them once: pip"
      f" install {' '.join(missing)}"
    )


@contextlib.contextmanager
def serving(
  studio: command_config.StudioConfig, where: command_config.DemoConfig
) -> Iterator[tuple[Any, str]]:
  """Opens the studio's server.

  Args:
    studio: The folder, and what may be uploaded.
    where: Address and port.

  Yields:
    The server, of which `run` answers until a signal comes; and the link to
    open, with the secret in it if other machines can reach this one.

  Raises:
    errors.UserError: If packages are missing, the folder cannot be used, or the
      address is empty, taken or not allowed.
  """
  require_extra()
  import uvicorn

  from official.cyclegan.studio_app import server as server_lib
  from official.cyclegan.studio_app import uploads

  page_server.require_host(where.host)
  with _listening(where.host, where.port) as listener:
    address = ipaddress.ip_address(
      str(listener.getsockname()[0]).partition("%")[0]
    )
    root = os.path.abspath(studio.root)
    app, handlers = server_lib.application(
      root,
      studio.largest_picture * _MEGABYTE,
      studio.largest_video * _MEGABYTE,
    )
    link = _link(address, listener.getsockname()[1])
    if not address.is_loopback:
      secret = uploads.token(pathlib.Path(root))
      app.require(secret)
      link += f"?token={urllib.parse.quote(secret)}"
      logging.warning(
        "--host=%s: who has the link below can use this studio. It is not"
        " encrypted on its way: use it in a network that you trust.",
        where.host,
      )
    config = uvicorn.Config(
      app,
      lifespan="off",
      http=_protocol(),
      h11_max_incomplete_event_size=_REQUEST_BYTES,
      ws="none",
      log_config=None,
      # What strangers send is no news for who sits at this machine; what goes
      # wrong in a handler is logged by the handlers.
      log_level="critical",
      access_log=False,
      server_header=False,
      proxy_headers=False,
      limit_concurrency=_CONNECTIONS,
      timeout_keep_alive=10,
      timeout_graceful_shutdown=_END_SECONDS,
    )
    server = _Server(config, listener, handlers)
    yield server, link


def _protocol() -> Any:
  """Returns uvicorn's stricter parser, whose refusals are the page server's.

  Theirs of requests that are too long to be read at all, too; and a request
  that breaks off while it is answered ends the connection and nothing else.
  """
  import h11
  from uvicorn.protocols.http import h11_impl

  class Protocol(h11_impl.H11Protocol):
    """Speaks HTTP with one connection."""

    def send_400_response(self, msg: str) -> None:
      """Refuses what h11 has refused, which is being handled.

      Args:
        msg: In words.
      """
      status = getattr(sys.exc_info()[1], "error_status_hint", 400)
      buffered = self.conn.trailing_data[0]
      if status == http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE and (
        b"\n" not in buffered  # not even its first line has ended
      ):
        status = http.HTTPStatus.REQUEST_URI_TOO_LONG
      headers = [
        *web_page.headers().items(),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Connection", "close"),
      ]
      answer = h11.Response(
        status_code=int(status),
        headers=[(k.encode(), v.encode()) for k, v in headers],
        reason=http.HTTPStatus(status).phrase.encode(),
      )
      with contextlib.suppress(h11.LocalProtocolError):  # it is being answered
        self.transport.write(self.conn.send(answer))
        self.transport.write(self.conn.send(h11.Data(data=msg.encode())))
        self.transport.write(self.conn.send(h11.EndOfMessage()))
      self.transport.close()

  return Protocol


class _Server:
  """A server that tells those who wait for news that it ends."""

  def __init__(self, config: Any, listener: socket.socket, handlers: Any):
    import uvicorn

    self._listener = listener

    class Server(uvicorn.Server):
      """Ends streams, which would never end by themselves."""

      def handle_exit(self, sig: int, frame: Any) -> None:
        handlers.closing = True
        super().handle_exit(sig, frame)

    self._server = Server(config)

  def run(self) -> None:
    """Answers until SIGINT or SIGTERM, or `stop`."""
    self._server.run(sockets=[self._listener])

  def stop(self) -> None:
    """Ends `run`, from another thread."""
    self._server.handle_exit(0, None)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
  """Opens what connections come to."""
  with page_server.listening(host, port):
    family, address = page_server.resolve(host, port)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
      if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      listener.bind(address)
      listener.listen(_CONNECTIONS)
    except BaseException:
      listener.close()
      raise
  with listener:
    yield listener


def _link(
  address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> str:
  """Returns the URL at which a browser finds the studio."""
  if address.is_unspecified:
    # Others use this machine's name or address instead.
    return f"http://{socket.gethostname()}:{port}/"
  return page_server.url(address, port)
