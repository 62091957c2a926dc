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
"""An HTTP server of one folder's files, for the page that translates.

It answers GET and HEAD for the files that were there when it started, by their
names alone: a request never becomes a path of the file system. What has taken a
file's place since is not followed or waited for: no links, no pipes.
"""

from __future__ import annotations

import _thread
import contextlib
import errno
import http
import http.server
import ipaddress
import os
import queue
import re
import select
import socket
import socketserver
import stat
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any, IO

from absl import logging

from official.cyclegan.core import errors
from official.cyclegan.serving import web_page

# Seconds: that a connection may be silent, and until a request is complete.
_SILENCE, _REQUEST = 10.0, 15.0
_MAX_PORT = 65535
_LOOK = 0.2  # seconds between looks for those
_MAX_CONNECTIONS = 512  # at a time; more are closed at once
# What a browser says of who asks; each once at most.
_SITE, _MODE, _DEST = "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"
# A name or address, with a port or without.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?")
_SMALL = 2**17  # bytes: what has more is sent in turns
# Large files that the system is copying at a time.
_TURNS = threading.BoundedSemaphore(max((os.cpu_count() or 1) // 2, 1))
_TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
}


class PageServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
  """A server of one folder's files.

  Attributes:
    files: By the request's path, in bytes, the file that it gets, as seen from
      the folder.
  """

  daemon_threads = True
  request_queue_size = 128
  # Else a server that ends has to wait for connections that are idle.
  block_on_close = False

  def __init__(self, host: str, port: int, folder: str):
    """Opens it.

    Args:
      host: Address or name to listen on.
      port: In [0, 65535]; 0 for any that is free.
      folder: Whose files are served, those of its folders as well; links are
        left out.

    Raises:
      OSError: If the address is taken, not allowed or not known.
    """
    self.address_family, where = resolve(host, port)
    self._folder = folder
    self.files = dict(_served(folder))
    self._open: dict[socket.socket, float] = {}
    self._lock = threading.Lock()
    self._requests: queue.SimpleQueue[tuple[Any, Any] | None]
    self._requests = queue.SimpleQueue()
    self._free = 0  # threads that wait for one of them
    self._next_look = 0.0
    super().__init__(where, _Handler)

  def server_bind(self) -> None:
    """Binds without asking for this machine's name, which can take long."""
    socketserver.TCPServer.server_bind(self)
    self.server_name = str(self.server_address[0])
    self.server_port = self.server_address[1]

  def verify_request(self, request: Any, client_address: Any) -> bool:
    """Closes connections at once of which there are too many."""
    del client_address
    with self._lock:
      if len(self._open) >= _MAX_CONNECTIONS:
        return False
      self._open[request] = time.monotonic()
      return True

  def process_request(self, request: Any, client_address: Any) -> None:
    """Answers in a thread, in one that has answered before if one is free.

    Where many threads have something to do the system lets a new one wait until
    each of the others has had its turn, but not one that has slept.
    """
    with self._lock:
      begun = self._free > 0
      self._free -= begun
    self._requests.put((request, client_address))
    if not begun:
      # Unlike `threading` this does not wait until the thread has begun.
      _thread.start_new_thread(self._answer_requests, ())

  def _answer_requests(self) -> None:
    """Answers requests one after the other until the server is closed."""
    while request := self._requests.get():
      self.process_request_thread(*request)
      with self._lock:
        self._free += 1
    self._requests.put(None)  # for the next thread

  def server_close(self) -> None:
    """Closes the server, and ends threads that wait for a request."""
    super().server_close()
    self._requests.put(None)

  def open(self, path: str) -> IO[bytes]:
    """Opens a file as it is now, if it is one.

    Args:
      path: One of `files`.

    Raises:
      OSError: If it is none, or it or a folder that it lies in is a link.
    """
    return open_below(self._folder, path)

  def answers(self, request: Any) -> None:
    """Notes that a connection's request is complete."""
    with self._lock:
      if request in self._open:
        self._open[request] = float("inf")

  def shutdown_request(self, request: Any) -> None:
    """Closes a connection."""
    with self._lock:
      self._open.pop(request, None)
    super().shutdown_request(request)

  def service_actions(self) -> None:
    """Closes connections that take too long to ask for something."""
    now = time.monotonic()
    if now < self._next_look:
      return
    self._next_look = now + _LOOK
    with self._lock:
      late = [r for r, began in self._open.items() if now - began > _REQUEST]
    for request in late:
      with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)  # its thread does the rest

  def handle_error(self, request: Any, client_address: Any) -> None:
    """Takes no notice of connections that break."""
    logging.debug("A connection of %s broke.", client_address, exc_info=True)


class _Handler(http.server.BaseHTTPRequestHandler):
  """Answers a request."""

  server: PageServer
  server_version, sys_version = "cyclegan", ""
  default_request_version = "HTTP/1.0"  # what is no HTTP gets a status as well
  timeout = _SILENCE
  wbufsize = 2 * _SMALL  # headers and a small file go out at once

  def do_GET(self) -> None:
    """Sends a file."""
    self._answer(True)

  def do_HEAD(self) -> None:
    """Sends a file's headers."""
    self._answer(False)

  def end_headers(self) -> None:
    """Adds the headers that every answer has."""
    for name, value in web_page.headers().items():
      self.send_header(name, value)
    super().end_headers()

  def log_message(self, *args: Any) -> None:
    """Logs no requests."""

  def _answer(self, body: bool) -> None:
    self.server.answers(self.connection)
    refused = refusal(self.path, self.headers)
    if refused:
      self.send_error(*refused)
      return
    target = self.path.partition("?")[0].partition("#")[0]
    path = self.server.files.get(urllib.parse.unquote_to_bytes(target))
    if path is None:
      self.send_error(http.HTTPStatus.NOT_FOUND)
      return
    try:
      file = self.server.open(path)
    except OSError:
      self.send_error(http.HTTPStatus.NOT_FOUND)
      return
    with file:
      ending = os.path.splitext(path)[1].lower()
      kind = _TYPES.get(ending, "application/octet-stream")
      self.send_response(http.HTTPStatus.OK)
      self.send_header("Content-Type", kind)
      size = os.fstat(file.fileno()).st_size
      self.send_header("Content-Length", str(size))
      self.end_headers()
      if body and size <= _SMALL:
        self.wfile.write(file.read(size))
      elif body:
        self.wfile.flush()
        _send_large(self.connection, file, size)


def _send_large(connection: socket.socket, file: IO[bytes], size: int) -> None:
  """Sends a file, taking turns with others that are under way.

  Else many of them keep all cores busy copying, and whoever asks for a small
  file waits behind them. Nobody has a turn while the other side is slow.

  Args:
    connection: With a timeout, seconds.
    file: At its beginning.
    size: Of the file, bytes.

  Raises:
    OSError: If the other side is gone, or took nothing until the timeout.
  """
  if not hasattr(os, "sendfile") or not hasattr(select, "poll"):
    connection.sendfile(file)
    return
  writable = select.poll()
  writable.register(connection, select.POLLOUT)
  sent = 0
  while sent < size:
    if not writable.poll(1000 * (connection.gettimeout() or _SILENCE)):
      raise TimeoutError
    with _TURNS, contextlib.suppress(BlockingIOError):
      done = os.sendfile(connection.fileno(), file.fileno(), sent, size - sent)
      if not done:
        break  # cut short meanwhile
      sent += done


def _served(folder: str) -> Iterator[tuple[bytes, str]]:
  """Yields the path of a request, and the file below the folder it gets."""
  for parent, _, names in os.walk(folder):
    for name in names:
      path = os.path.join(parent, name)
      if os.path.islink(path) or not os.path.isfile(path):
        continue
      below = os.path.relpath(path, folder)
      yield b"/" + os.fsencode(below.replace(os.sep, "/")), below
      if below == "index.html":
        yield b"/", below


def open_below(folder: str, path: str) -> IO[bytes]:
  """Opens a file below a folder for reading, if it is one.

  Args:
    folder: Links on the way to it are followed, but not from there on.
    path: As seen from the folder; the caller has made sure that it has no `..`.

  Raises:
    OSError: If it is not a file, or it or a folder that it lies in is a link.
  """
  return open(_descriptor(folder, path), "rb")


def _descriptor(folder: str, path: str) -> int:
  """Opens a file below a folder, following no link on the way from there."""
  flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
  at: int | None = None
  names = [os.path.join(folder, path)]
  if os.open in os.supports_dir_fd:  # not Windows, where links need a right
    at = os.open(folder, flags | os.O_DIRECTORY)
    names = path.split(os.sep)
  try:
    for name in names[:-1]:
      above = at
      at = os.open(name, flags | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
      if above is not None:
        os.close(above)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(names[-1], flags, dir_fd=at)
  finally:
    if at is not None:
      os.close(at)
  if not stat.S_ISREG(os.fstat(descriptor).st_mode):
    os.close(descriptor)
    raise OSError(errno.EINVAL, "Not a file", path)
  return descriptor


def refusal(path: str, headers: Any) -> tuple[http.HTTPStatus, str] | None:
  """Says why a request is not answered, None if it is.

  A page of somebody else's can let the browser ask this server, and by a name
  of its own that leads here (DNS rebinding) read the answers. Such a request
  says the other page's name in Host, or in Origin; one typed in, or made by the
  page itself, says an address, this machine's name or localhost.

  Args:
    path: What is asked for, as it was sent.
    headers: Of the request; `get_all` returns a name's values, or None.
  """
  if not path.startswith("/"):
    return http.HTTPStatus.BAD_REQUEST, "Not a path"
  hosts = headers.get_all("Host") or []
  if len(hosts) != 1 or not _is_ours(hosts[0]):
    return http.HTTPStatus.MISDIRECTED_REQUEST, "Not this host"
  for origin in headers.get_all("Origin") or []:
    scheme, _, host = origin.partition("://")
    # This server speaks no TLS, so that no page of its own has https.
    if scheme != "http" or host != hosts[0]:
      return http.HTTPStatus.FORBIDDEN, "Not for other pages"
  # Other pages may link here, no more: not show this one inside theirs.
  said = {name: headers.get_all(name) or [] for name in (_SITE, _MODE, _DEST)}
  ours = said[_SITE] in ([], ["none"], ["same-origin"])
  linked = said[_MODE] == ["navigate"] and said[_DEST] in ([], ["document"])
  once = all(len(values) <= 1 for values in said.values())
  if not once or not (ours or linked):
    return http.HTTPStatus.FORBIDDEN, "Not for other pages"
  return None


def _is_ours(host: str) -> bool:
  """Says whether a Host header can only mean this server.

  Whatever the port: it differs where a tunnel leads here.
  """
  found = _HOST.fullmatch(host)
  if not found or int((found[2] or ":0")[1:]) > _MAX_PORT:
    return False
  name = found[1].strip("[]").lower()
  with contextlib.suppress(ValueError):
    ipaddress.ip_address(name)
    return True
  own = socket.gethostname().lower()
  return name in {"localhost", own, own.partition(".")[0], f"{own}.local"}


def require_host(host: str) -> None:
  """Refuses an empty address.

  Args:
    host: `DemoConfig.host`.

  Raises:
    errors.UserError: If it is; carries `host`.
  """
  if not host:
    raise errors.UserError(
      "is empty, which would mean every address of this machine. Leave it out,"
      " or say 0.0.0.0 if that is meant.",
      "host",
      "",
    )


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[None]:
  """Says in words why a server cannot be opened within.

  Args:
    host: `DemoConfig.host`.
    port: `DemoConfig.port`.

  Yields:
    Nothing.

  Raises:
    errors.UserError: If the address is taken, not allowed or not known.
  """
  try:
    yield
  except (OSError, OverflowError, UnicodeError) as error:
    raise errors.UserError(
      f"--host={host} --port={port}: nothing can be served there"
      f" ({errors.first_line(error)}). Use another --port, or 0 for any."
    ) from error


def resolve(
  host: str, port: int
) -> tuple[socket.AddressFamily, tuple[str, int]]:
  """Returns where to listen: of a name with both the older kind of address.

  That one every browser tries.

  Args:
    host: Address or name.
    port: In [0, 65535].

  Raises:
    OSError: If the name is not known.
  """
  found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
  family, _, _, _, where = min(found, key=lambda f: f[0] != socket.AF_INET)
  return family, (str(where[0]), int(where[1]))


def url(host: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> str:
  """Returns the URL of an address.

  Args:
    host: The address.
    port: The port.
  """
  shown = f"[{host}]" if host.version == 6 else str(host)
  return f"http://{shown}:{port}/"


def is_local(server: PageServer) -> bool:
  """Says whether only this machine can reach a server."""
  return _address(server).is_loopback


def address(server: PageServer) -> str:
  """Returns the URL at which a browser on this machine finds a server."""
  host = _address(server)
  if host.is_unspecified:
    host = ipaddress.ip_address("127.0.0.1" if host.version == 4 else "::1")
  return url(host, int(server.server_address[1]))


def _address(
  server: PageServer,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
  """Returns the address that a server listens on."""
  return ipaddress.ip_address(str(server.server_address[0]).partition("%")[0])
