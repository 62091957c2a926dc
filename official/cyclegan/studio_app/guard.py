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
"""What stands before every request to the studio: who may ask, and for what.

Another page can let its visitor's browser ask this server, by its own name too
(DNS rebinding); another machine can where `--host` lets it. So Host, Origin and
the browser's own notes are checked as `demo` does, and a link's secret where
other machines reach this one. Paths that could mean another file by a second
reading are refused before anything is looked up.
"""

from __future__ import annotations

import hmac
import http
import http.client
import http.cookies
import json
import re
import urllib.parse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from official.cyclegan.serving import page_server
from official.cyclegan.serving import web_page
from official.cyclegan.studio_app import uploads

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY = "; ".join(
  (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  )
)
# Reports have their own program and style in them, named by checksums; an
# origin of their own keeps them from this server's.
_REPORT_POLICY = "sandbox allow-scripts; frame-ancestors 'none'"
# What decodes to a separator, a dot, a backslash or nothing, once or twice.
_ENCODED = re.compile(r"%(2e|2f|5c|00|25)", re.IGNORECASE)
# As Python's `http.server` has it, and with that the page's server.
_MOST_HEADERS, _LONGEST_LINE = 100, 65536  # bytes
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


class Guard:
  """Lets through to an application what may be asked (ASGI)."""

  def __init__(self, app: App, largest: int):
    """Sets what is asked of requests.

    Args:
      app: The application.
      largest: Bytes of a request's body at most.
    """
    self._app, self._secret, self._largest = app, "", largest

  def require(self, secret: str) -> None:
    """Lets nobody ask who does not know a secret.

    Args:
      secret: Which the link holds; empty: everybody may ask.
    """
    self._secret = secret

  async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request, or lets the application answer it.

    Args:
      scope: As ASGI has it.
      receive: As ASGI has it.
      send: As ASGI has it.
    """
    if scope["type"] != "http":
      if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
      return
    target = scope.get("raw_path") or scope["path"].encode()
    path = target.decode("latin-1")
    answered = _with_headers(send, path, self._cookie(scope, path))
    refused = self._refusal(scope, path)
    if refused:
      await _say(answered, *refused)
      return
    await self._app(scope, receive, answered)

  def _refusal(
    self, scope: Scope, path: str
  ) -> tuple[http.HTTPStatus, str, str] | None:
    """Returns status, code and words for what is refused."""
    query = scope.get("query_string", b"")
    # With the method, the version and what is between them.
    line = len(scope["method"]) + len(path) + len(query) + 13
    if line > _LONGEST_LINE:
      return http.HTTPStatus.REQUEST_URI_TOO_LONG, "path", "Too long a path."
    if len(scope["headers"]) > _MOST_HEADERS or any(
      len(name) + len(value) + 4 > _LONGEST_LINE
      for name, value in scope["headers"]
    ):
      return (
        http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "path",
        "Too many or too long headers.",
      )
    if not _is_plain(path) or "?" in path or "#" in path:
      return http.HTTPStatus.BAD_REQUEST, "path", "Not a path."
    if scope["method"] not in _METHODS:
      return http.HTTPStatus.METHOD_NOT_ALLOWED, "method", "Not a method."
    headers = http.client.HTTPMessage()
    for name, value in scope["headers"]:
      headers.add_header(name.decode("latin-1"), value.decode("latin-1"))
    refused = page_server.refusal(path, headers)
    if refused:
      return refused[0], "origin", f"{refused[1]}."
    if not self._may_ask(scope, headers, path):
      return (
        http.HTTPStatus.UNAUTHORIZED,
        "token",
        "Open the whole link that the studio has printed.",
      )
    lengths = headers.get_all("Content-Length") or []
    if len(lengths) > 1 or any(
      not n.isascii() or not n.isdigit() for n in lengths
    ):
      return http.HTTPStatus.BAD_REQUEST, "length", "Not a length."
    # Far too long numbers are not even read as such.
    if lengths and (len(lengths[0]) > 18 or int(lengths[0]) > self._largest):
      refusal = uploads.too_large(self._largest)
      return (
        http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        refusal.code,
        str(refusal),
      )
    return None

  def _may_ask(
    self, scope: Scope, headers: http.client.HTTPMessage, path: str
  ) -> bool:
    """Says whether a request knows the secret."""
    if not self._secret:
      return True
    if path == "/" and _is(self._given(scope), self._secret):
      return True
    want = uploads.fingerprint(self._secret)
    name = _cookie_name(scope)
    for line in headers.get_all("Cookie") or []:
      cookies: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
      try:
        cookies.load(line)
      except http.cookies.CookieError:
        continue
      if name in cookies and _is(cookies[name].value, want):
        return True
    return False

  def _given(self, scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return urllib.parse.parse_qs(query).get("token", [""])[0]

  def _cookie(self, scope: Scope, path: str) -> str:
    """Returns the cookie that whoever opens the link gets; empty for others."""
    if self._secret and path == "/" and _is(self._given(scope), self._secret):
      value = uploads.fingerprint(self._secret)
      return (
        f"{_cookie_name(scope)}={value}; Path=/; HttpOnly; SameSite=Strict;"
        " Max-Age=2592000"
      )
    return ""


def _is(given: str, secret: str) -> bool:
  """Compares in a time that says nothing about where they differ."""
  return hmac.compare_digest(given.encode(), secret.encode())


def _cookie_name(scope: Scope) -> str:
  """Returns a name of this server's: browsers do not tell ports apart."""
  server = scope.get("server") or ("", 0)
  return f"cyclegan_studio_{server[1]}"


def _is_plain(path: str) -> bool:
  """Says whether a path has one reading only."""
  if not path.startswith("/") or "\\" in path or _ENCODED.search(path):
    return False
  parts = path[1:].split("/")
  return not any(part in (".", "..") for part in parts) and "" not in parts[:-1]


def _with_headers(send: Send, path: str, cookie: str) -> Send:
  """Returns what sends an answer with the headers that every one has."""
  headers = dict(web_page.headers())
  if path.endswith("/report.html"):
    headers["Content-Security-Policy"] = _REPORT_POLICY
  elif not path.startswith("/app/"):
    headers["Content-Security-Policy"] = _POLICY
  headers["Cache-Control"] = "no-store" if "/api/" in path else "no-cache"
  if cookie:
    headers["Set-Cookie"] = cookie

  async def answer(message: MutableMapping[str, Any]) -> None:
    if message["type"] == "http.response.start":
      own = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
      message["headers"] = [*message.get("headers", []), *own]
    await send(message)

  return answer


async def _say(
  send: Send, status: http.HTTPStatus, code: str, words: str
) -> None:
  """Answers with a refusal, and ends the connection: nobody reads the rest."""
  body = json.dumps({"code": code, "message": words, "values": {}}).encode()
  await send(
    {
      "type": "http.response.start",
      "status": int(status),
      "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
      ],
    }
  )
  await send({"type": "http.response.body", "body": body})
