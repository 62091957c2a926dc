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
import contextlib
import http.client
import os
import socket
import time

import pytest

from official.cyclegan.serving import page_server
from official.cyclegan.serving import web_page
from tests import conftest

_SECRET = b"not for everybody"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  outside = tmp_path_factory.mktemp("outside")
  (outside / "secret").write_bytes(_SECRET)
  made = tmp_path_factory.mktemp("page")
  (made / "index.html").write_text("the page")
  (made / "models").mkdir()
  (made / "models" / "a#b ?%41.tflite").write_bytes(b"a model")
  (made / "models" / os.fsdecode(b"\xe9.png")).write_bytes(b"a picture")
  (made / "link").symlink_to(outside / "secret")
  (made / "folder").symlink_to(outside)
  os.mkfifo(made / "pipe")
  return made


@pytest.fixture(scope="module")
def server(folder):
  made = page_server.PageServer("127.0.0.1", 0, str(folder))
  with conftest.serving(made):
    yield made


def _ask(server, path="/", method="GET", **headers):
  """Returns an answer's status, headers and body."""
  port = server.server_address[1]
  connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
  connection.putrequest(method, path, skip_host=True)
  for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items():
    if value is not None:
      connection.putheader(name.replace("_", "-"), value)
  connection.endheaders()
  answer = connection.getresponse()
  body = answer.read()
  connection.close()
  return answer.status, answer.headers, body


def test_files_are_served_by_their_names(server):
  assert _ask(server)[2] == _ask(server, "/index.html?x#y")[2] == b"the page"
  assert _ask(server, "/models/a%23b%20%3F%2541.tflite")[2] == b"a model"
  status, headers, body = _ask(server, "/models/%E9.png")
  assert (status, body) == (200, b"a picture")
  assert headers["Content-Type"] == "image/png"
  assert headers["Content-Length"] == "9"
  status, headers, body = _ask(server, method="HEAD")
  assert (status, headers["Content-Length"], body) == (200, "8", b"")


@pytest.mark.parametrize(
  "host",
  ["localhost", "localhost:9000", "[::1]:80", "192.168.1.7", "LOCALHOST"],
)
def test_addresses_and_own_names_are_answered(server, host):
  assert _ask(server, Host=host)[0] == 200
  assert _ask(server, Host=socket.gethostname())[0] == 200


@pytest.mark.parametrize(
  "host",
  [
    None,
    "",
    "evil.example",
    "evil.example:8000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.1:port",
    "[::1",
    "127.0.0.1?evil.example",
    "127.0.0.1#evil.example",
    "127.0.0.1/evil.example",
    "127.0.0.1\\evil.example",
    "[::1%25eth0]",
    "[::1%eth0]",
    "[fe80::1%25]:80",
    "user@localhost",
    ":80",
    "localhost:",
    "localhost:80:80",
    "localhost:99999",
    "localhost:\xb2",
    "localhost evil.example",
    "localhost,evil.example",
    "[localhost.evil]",
    "::1",
    "127.0.0.1.",
  ],
)
def test_another_name_is_refused(server, host):
  """As by a name of somebody else's that leads here: DNS rebinding."""
  status, _, body = _ask(server, Host=host)
  assert status == 421 and b"the page" not in body


@pytest.mark.parametrize(
  "headers",
  [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "file://"},
    {"Origin": "https://127.0.0.1:80", "Host": "127.0.0.1:80"},  # speaks none
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": ""},
    {"Sec_Fetch_Site": "none, cross-site"},
    *(
      {
        "Sec_Fetch_Site": site,
        "Sec_Fetch_Mode": "navigate",
        "Sec_Fetch_Dest": dest,
      }
      for site in ("cross-site", "same-site")
      for dest in ("iframe", "frame", "embed", "object", "")
    ),
  ],
)
def test_other_pages_are_refused(server, headers):
  assert _ask(server, **headers)[0] == 403


@pytest.mark.parametrize("name", ["Site", "Mode", "Dest"])
def test_what_a_browser_says_twice_is_refused(server, name):
  said = {"Site": "none", "Mode": "navigate", "Dest": "document"}
  lines = [f"Sec-Fetch-{key}: {value}\r\n" for key, value in said.items()]
  for twice in ("", f"Sec-Fetch-{name}: {said[name]}\r\n"):
    request = f"GET / HTTP/1.0\r\nHost: localhost\r\n{''.join(lines)}{twice}"
    with socket.create_connection(server.server_address[:2], 30) as connection:
      connection.sendall(f"{request}\r\n".encode())
      answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split(b" ", 2)[1] == (b"403" if twice else b"200")


def test_the_page_itself_and_links_to_it_are_answered(server):
  port = server.server_address[1]
  for headers in (
    {"Origin": f"http://127.0.0.1:{port}", "Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
    {
      "Sec_Fetch_Site": "cross-site",
      "Sec_Fetch_Mode": "navigate",
      "Sec_Fetch_Dest": "document",
    },
    {
      "Sec_Fetch_Site": "same-origin",
      "Sec_Fetch_Mode": "no-cors",
      "Sec_Fetch_Dest": "script",
    },
  ):
    assert _ask(server, **headers)[0] == 200


@pytest.mark.parametrize(
  "path",
  [
    "/models",
    "/models/",
    "/link",
    "/folder/secret",
    "/pipe",
    "/nothing",
    "/%00",
    "/%ff%fe",
    "/" + "a" * 5000,
    "//evil.example/%2e%2e",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/models/..%2findex.html",
    "/index.html/",
  ],
)
def test_nothing_else_is_served(server, path, capfd):
  status, headers, body = _ask(server, path)
  assert status == 404 and _SECRET not in body and "Location" not in headers
  assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
  ("request_bytes", "status"),
  [
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
    (b"\x16\x03\x01\x02\x00\x01\xfc\r\n\r\n", b"400"),
    (b"GET / HTTP/9.9.9\r\n\r\n", b"400"),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"501"),
    (b"G" * 70_000, b"414"),
    (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n", b"431"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", b"421"),
    (b"GET / HTTP/1.1\r\nHo", b"421"),
    (b"GET", b"400"),
    (b"\r\n", b""),
  ],
)
def test_odd_requests_leave_no_traceback(server, request_bytes, status, capfd):
  with socket.create_connection(server.server_address[:2], 30) as connection:
    connection.sendall(request_bytes)
    connection.shutdown(socket.SHUT_WR)
    answer = b"".join(iter(lambda: connection.recv(65536), b""))
  assert (answer.split(b" ", 2)[1:2] or [b""]) == [status]
  assert _ask(server)[0] == 200
  assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("what", ["link", "pipe", "folder", "folder's link"])
def test_what_has_taken_a_files_place_is_not_served(tmp_path, what):
  page, outside = tmp_path / "page", tmp_path / "outside"
  for folder in (page / "below", outside):
    folder.mkdir(parents=True)
    (folder / "x").write_bytes(_SECRET if folder == outside else b"fine")
  server = page_server.PageServer("127.0.0.1", 0, str(page))
  with conftest.serving(server):
    assert _ask(server, "/below/x")[2] == b"fine"
    (page / "below" / "x").unlink()
    if what == "link":
      (page / "below" / "x").symlink_to(outside / "x")
    elif what == "pipe":
      os.mkfifo(page / "below" / "x")
    elif what == "folder":
      (page / "below" / "x").mkdir()
    else:
      (page / "below").rmdir()
      (page / "below").symlink_to(outside)
    status, _, body = _ask(server, "/below/x")
    assert status == 404 and _SECRET not in body


def test_every_answer_has_the_headers(server):
  for path, more in (("/", {}), ("/nothing", {}), ("/", {"Host": "evil"})):
    _, headers, _ = _ask(server, path, **more)
    for name, value in web_page.headers().items():
      assert headers[name] == value
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "Python" not in headers["Server"]


def test_silent_and_slow_connections_are_closed(monkeypatch, folder):
  monkeypatch.setattr(page_server, "_REQUEST", 0.5)
  monkeypatch.setattr(page_server._Handler, "timeout", 0.3)
  server = page_server.PageServer("127.0.0.1", 0, str(folder))
  with conftest.serving(server):
    silent = socket.create_connection(server.server_address[:2], 30)
    slow = socket.create_connection(server.server_address[:2], 30)
    assert silent.recv(10) == b""  # closed
    with pytest.raises(OSError):
      while True:  # a byte at a time, so that it is never silent for long
        slow.sendall(b"G")
        time.sleep(0.1)
    assert _ask(server)[0] == 200
    silent.close()
    slow.close()


def test_a_picture_is_served_while_many_connections_are_idle(server):
  idle = [
    socket.create_connection(server.server_address[:2], 30) for _ in range(200)
  ]
  for _ in range(50):
    assert _ask(server, "/models/%E9.png")[2] == b"a picture"
  for connection in idle:
    connection.close()


def test_threads_answer_again_and_end_with_the_server(folder):
  def alive():
    return len(os.listdir("/proc/self/task"))

  server = page_server.PageServer("127.0.0.1", 0, str(folder))
  with conftest.serving(server):
    before = alive()
    idle = [
      socket.create_connection(server.server_address[:2], 30) for _ in range(9)
    ]
    for _ in range(20):
      assert _ask(server)[0] == 200
    assert 9 < alive() - before < 20
    for connection in idle:
      connection.close()
  for _ in range(100):
    if alive() < before:
      break
    time.sleep(0.1)
  assert alive() < before


def test_slow_connections_hold_up_no_large_file(tmp_path):
  model = os.urandom(8 * 2**20)  # more than the network takes by itself
  (tmp_path / "g.tflite").write_bytes(model)
  with contextlib.ExitStack() as stack:
    server = page_server.PageServer("127.0.0.1", 0, str(tmp_path))
    stack.enter_context(conftest.serving(server))
    for _ in range(4 * (os.cpu_count() or 1)):
      slow = stack.enter_context(
        socket.create_connection(("127.0.0.1", server.server_address[1]), 30)
      )
      slow.sendall(b"GET /g.tflite HTTP/1.1\r\nHost: localhost\r\n\r\n")
      assert slow.recv(1)  # it is under way, and takes no more
    assert _ask(server, "/g.tflite")[2] == model


def test_too_many_connections_are_closed_at_once(monkeypatch, server):
  monkeypatch.setattr(page_server, "_MAX_CONNECTIONS", 0)
  with pytest.raises((http.client.HTTPException, OSError)):
    _ask(server)
  monkeypatch.undo()
  assert _ask(server)[0] == 200


@pytest.mark.parametrize(
  ("host", "url", "local"),
  [
    ("localhost", "http://127.0.0.1:", True),
    ("0.0.0.0", "http://127.0.0.1:", False),
    ("::1", "http://[::1]:", True),
  ],
)
def test_the_address_is_one_that_a_browser_takes(folder, host, url, local):
  try:
    server = page_server.PageServer(host, 0, str(folder))
  except OSError:
    pytest.skip(f"{host} is not to be had here")
  with server:
    assert page_server.address(server).startswith(url)
    assert page_server.is_local(server) == local


if __name__ == "__main__":
  conftest.main(__file__)
