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
import asyncio

import pytest

from official.cyclegan.studio_app import guard
from official.cyclegan.studio_app import uploads
from tests import conftest

_HOST = (b"host", b"127.0.0.1:80")


def _ask(path, *headers, method="GET", query=b"", secret="", kind="http"):
  """Returns the status, and whether the application was asked."""
  sent, asked = [], []

  async def app(scope, receive, send):
    asked.append(scope)
    await send({"type": "http.response.start", "status": 200, "headers": []})

  async def send(message):
    sent.append(message)

  guarded = guard.Guard(app, 1000)
  guarded.require(secret)
  scope = {
    "type": kind,
    "method": method,
    "path": path,
    "raw_path": path.encode(),
    "query_string": query,
    "headers": [_HOST, *headers],
    "server": ("127.0.0.1", 80),
  }
  asyncio.run(guarded(scope, None, send))
  return sent[0], bool(asked)


@pytest.mark.parametrize("path", ["/", "/static/a.js", "/app/x/1/", "/a b"])
def test_plain_requests_are_let_through(path):
  answer, asked = _ask(path)
  assert asked and answer["status"] == 200
  names = {name for name, _ in answer["headers"]}
  assert {b"content-security-policy", b"x-content-type-options"} <= names


@pytest.mark.parametrize(
  "path",
  ["", "x", "//x", "/./x", "/x/..", "/%2E./x", "/x%2fy", "/x%5Cy", "/x\\y"]
  + ["/x%00", "/%252e", "/x//y", "/x?y"],
)
def test_paths_with_a_second_reading_are_not(path):
  answer, asked = _ask(path)
  assert not asked and answer["status"] == 400


@pytest.mark.parametrize(
  "lengths", [(b"1001",), (b"9" * 19,), (b"1", b"1"), (b"-1",), (b"x",), (b"",)]
)
def test_lengths_are_looked_at_before_anything_is_read(lengths):
  headers = [(b"content-length", length) for length in lengths]
  answer, asked = _ask("/", *headers, method="PUT")
  assert not asked and answer["status"] in (400, 413)


def test_websockets_are_closed():
  answer, asked = _ask("/", kind="websocket")
  assert not asked and answer["type"] == "websocket.close"


def test_the_link_is_exchanged_for_a_cookie():
  secret = "s" * 40
  assert _ask("/", secret=secret)[0]["status"] == 401
  answer, asked = _ask("/", query=b"token=" + secret.encode(), secret=secret)
  assert asked
  cookie = dict(answer["headers"])[b"set-cookie"].split(b";")[0]
  assert uploads.fingerprint(secret).encode() in cookie
  assert _ask("/api/x", (b"cookie", cookie), secret=secret)[1]
  assert not _ask("/api/x", (b"cookie", cookie[:-1]), secret=secret)[1]
  # Of a port of its own: another server's cookie is no key.
  other = cookie.replace(b"_80=", b"_81=")
  assert not _ask("/api/x", (b"cookie", other), secret=secret)[1]


if __name__ == "__main__":
  conftest.main(__file__)
