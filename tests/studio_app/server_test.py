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
import concurrent.futures
import io
import json
import os
import shutil
import struct
import threading
import zipfile
import zlib

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.data import image_files
from tests import conftest
from tests import studios

_PROJECT = "/api/projects/fruits"
_HTML = "<img src=x onerror=alert(1)>.png"


def _png(size=40, color=(200, 40, 30)):
  memory = io.BytesIO()
  PIL.Image.new("RGB", (size, size), color).save(memory, "PNG")
  return memory.getvalue()


def _bomb_png():
  """A PNG of a few bytes that says it has 40,000 pixels on a side."""

  def chunk(kind, data):
    body = kind + data
    return (
      struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    )

  header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
  return (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", header)
    + chunk(b"IDAT", zlib.compress(bytes(1000)))
    + chunk(b"IEND", b"")
  )


def _bomb_zip():
  memory = io.BytesIO()
  with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a.png", bytes(20_000_000))
  return memory.getvalue()


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
  folder = tmp_path_factory.mktemp("studio")
  (folder / "secret.png").write_bytes(_png())
  (folder / "outside").mkdir()
  (folder / "outside" / "secret.png").write_bytes(_png())
  root = folder / "root"
  root.mkdir()
  for name in ("apples", "oranges"):
    (root / name).mkdir()
    image_files.write(
      str(root / name / "0.png"), np.full((40, 40, 3), 90, np.uint8)
    )
  (root / "linked").symlink_to(folder / "outside")
  with studios.studio(root, largest_picture=1, largest_video=2) as found:
    status, made = found("POST", "/api/projects", {"title": "fruits"})
    assert (status, made) == (200, {"name": "fruits"})
    # What somebody with an account here may have put there.
    (root / "fruits" / "runs").mkdir()
    (root / "fruits" / "runs" / "away").symlink_to(folder / "outside")
    run = root / "fruits" / "runs" / "1"
    (run / "samples").mkdir(parents=True)
    (run / "samples" / "step_0000001.png").symlink_to(folder / "secret.png")
    (run / "report.html").write_text("<script>1</script>")
    (run / "config.json").write_text("{}")
    yield found


def _tree(root):
  """Returns what is in a folder and beside it, with all contents."""
  return {
    str(path): path.is_file() and path.read_bytes()
    for path in root.parent.rglob("*")
  }


def test_the_page_and_its_parts_are_served(ask):
  for path in ("/", "/static/app.js", "/static/strings.ko.json"):
    status, headers, body = ask.whole("GET", path)
    assert status == 200 and body
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
  _, headers, _ = ask.whole("GET", "/files/fruits/runs/1/report.html")
  assert headers["Content-Security-Policy"].startswith("sandbox")


# What is refused, as a browser on another page, a program, or a mistake may ask
# for it: method, path, body, headers, status.
_HOST = {"Host": "evil.example:80"}
_REFUSED = {
  "wrong host": ("GET", "/", None, _HOST, 421),
  "rebound host": ("GET", _PROJECT, None, {"Host": "a.example"}, 421),
  "another origin": (
    "POST",
    "/api/projects",
    {"title": "x"},
    {"Origin": "https://evil.example"},
    403,
  ),
  "no origin of its own": (
    "POST",
    "/api/projects",
    {"title": "x"},
    {"Origin": "null"},
    403,
  ),
  "its own page, but by https": (
    "POST",
    "/api/projects",
    {"title": "x"},
    {"Host": "127.0.0.1:80", "Origin": "https://127.0.0.1:80"},
    403,
  ),
  "another port's page": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    _png(),
    {"Origin": "http://127.0.0.1:1"},
    403,
  ),
  "another site's picture": (
    "GET",
    "/files/fruits/runs/1/report.html",
    None,
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    403,
  ),
  "a form": (
    "POST",
    "/api/projects",
    b"title=x",
    {"Content-Type": "application/x-www-form-urlencoded"},
    415,
  ),
  "text as JSON": (
    "POST",
    "/api/projects",
    b'{"title": "x"}',
    {"Content-Type": "text/plain"},
    415,
  ),
  "dots": ("GET", "/static/../server.py", None, {}, 400),
  "dots at the end": ("GET", "/api/projects/..", None, {}, 400),
  "encoded dots": ("GET", "/static/%2e%2e/server.py", None, {}, 400),
  "encoded slash": ("GET", "/static/..%2Fserver.py", None, {}, 400),
  "twice encoded": ("GET", "/static/%252e%252e%252fx.js", None, {}, 400),
  "backslash": ("GET", "/static/..\\server.py", None, {}, 400),
  "encoded backslash": ("GET", "/static/..%5cserver.py", None, {}, 400),
  "nothing": ("GET", "/static/app.js%00.png", None, {}, 400),
  "absolute": ("GET", "//etc/passwd", None, {}, 400),
  "absolute inside": ("GET", "/static//etc/passwd", None, {}, 400),
  "a program's source": ("GET", "/static/server.py", None, {}, 404),
  "folder list, dots": ("GET", "/api/folders?below=..", None, {}, 403),
  "folder list, encoded": ("GET", "/api/folders?below=%2e%2e", None, {}, 403),
  "folder list, absolute": ("GET", "/api/folders?below=/etc", None, {}, 403),
  "folder list, in between": (
    "GET",
    "/api/folders?below=apples/../..",
    None,
    {},
    403,
  ),
  "folder list, backslash": (
    "GET",
    "/api/folders?below=..%5C..",
    None,
    {},
    403,
  ),
  "folder list, link": ("GET", "/api/folders?below=linked", None, {}, 404),
  "project of dots": (
    "POST",
    "/api/projects",
    {"title": "x", "folders": ["../outside", "apples"]},
    {},
    403,
  ),
  "project of an absolute path": (
    "POST",
    "/api/projects",
    {"title": "x", "folders": ["/etc", "apples"]},
    {},
    403,
  ),
  "project of a link": (
    "POST",
    "/api/projects",
    {"title": "x", "folders": ["linked", "apples"]},
    {},
    404,
  ),
  "project of one folder": (
    "POST",
    "/api/projects",
    {"title": "x", "folders": ["apples", "apples"]},
    {},
    400,
  ),
  "project that is a link": ("GET", "/api/projects/linked", None, {}, 404),
  "hidden project": ("GET", "/api/projects/.hidden", None, {}, 404),
  "a run that is a link": (
    "GET",
    "/files/fruits/runs/away/report.html",
    None,
    {},
    404,
  ),
  "a sample that is a link": (
    "GET",
    "/files/fruits/runs/1/samples/1.png",
    None,
    {},
    404,
  ),
  "a run's other files": (
    "GET",
    "/files/fruits/runs/1/config.json",
    None,
    {},
    404,
  ),
  "an app's hidden files": ("GET", "/app/fruits/1/.htaccess", None, {}, 404),
  "another pile": (
    "PUT",
    f"{_PROJECT}/pictures/runs/x.png",
    _png(),
    {},
    404,
  ),
  "a thumbnail elsewhere": (
    "GET",
    f"{_PROJECT}/thumbnails/a/secret.png",
    None,
    {},
    404,
  ),
  "10 GB": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    b"",
    {"Content-Length": str(10 * 2**30)},
    413,
  ),
  "more digits than a number has": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    b"",
    {"Content-Length": "9" * 18},
    413,
  ),
  "said to be over a picture's limit": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    b"",
    {"Content-Length": "1500000"},
    413,
  ),
  "over the limit": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    bytes(1_000_001),
    {},
    413,
  ),
  "empty": ("PUT", f"{_PROJECT}/pictures/a/x.png", b"", {}, 400),
  "a bomb of pixels": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    _bomb_png(),
    {},
    415,
  ),
  "an archive": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.zip",
    _bomb_zip(),
    {},
    415,
  ),
  "an archive called a picture": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    _bomb_zip(),
    {},
    415,
  ),
  "a page called a picture": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    b"<script>alert(1)</script>",
    {},
    415,
  ),
  "half a picture": (
    "PUT",
    f"{_PROJECT}/pictures/a/x.png",
    _png(400)[:300],
    {},
    415,
  ),
  "removing elsewhere": (
    "DELETE",
    f"{_PROJECT}/pictures/runs/1",
    None,
    {},
    404,
  ),
  "removing the record": (
    "DELETE",
    f"{_PROJECT}/pictures/a/project.json",
    None,
    {},
    404,
  ),
  "training without pictures": (
    "POST",
    f"{_PROJECT}/runs",
    {"kind": "object", "size": 64, "minutes": 1},
    {},
    409,
  ),
  "flags for choices": (
    "POST",
    f"{_PROJECT}/runs",
    {"kind": "--model_dir=/", "size": 64, "minutes": 1},
    {},
    400,
  ),
  "numbers that are none": (
    "POST",
    f"{_PROJECT}/runs",
    {"kind": "object", "size": 64, "minutes": "nan"},
    {},
    400,
  ),
  "no such direction": (
    "PUT",
    f"{_PROJECT}/runs/1/tries/--output/x.png",
    _png(),
    {},
    404,
  ),
  "deep JSON": (
    "POST",
    "/api/projects",
    b"[" * 50_000,
    {"Content-Type": "application/json"},
    400,
  ),
  "long JSON": (
    "POST",
    "/api/projects",
    b" " * 100_000,
    {"Content-Type": "application/json"},
    413,
  ),
  "another method": ("PATCH", "/api/projects", None, {}, 405),
}


@pytest.mark.parametrize("what", _REFUSED)
def test_is_refused_and_changes_nothing(ask, what):
  method, path, body, headers, want = _REFUSED[what]
  before = _tree(ask.root)
  status, said = ask(method, path, body, **headers)
  assert status == want, said
  assert said["message"] and "Traceback" not in str(said)
  after = _tree(ask.root)
  for path in set(before) ^ set(after):  # no more than an empty folder
    assert os.path.basename(path) in ("jobs", "tries"), path
  assert all(before[path] == after[path] for path in set(before) & set(after))


def test_a_body_without_a_length_is_cut_off_at_the_limit(ask):
  def pieces():
    for _ in range(100):
      yield bytes(100_000)

  try:
    status, said = ask("PUT", f"{_PROJECT}/pictures/a/x.png", pieces())
    assert status == 413 and said["code"] == "too_large"
  except (BrokenPipeError, ConnectionResetError):
    pass  # the server no longer listens: nine tenths were never sent
  assert not list((ask.root / "fruits" / "a").iterdir())


@pytest.mark.parametrize(
  ("request_", "status"),
  [
    (b"GET / HTTP/1.1\r\n\r\n", b"4"),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n", b"4"),
    (b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\n\r\n", b"4"),
    (b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"400"),
    (
      b"POST /api/projects HTTP/1.1\r\nHost: 127.0.0.1\r\n"
      b"Content-Length: -5\r\n\r\n",
      b"4",
    ),
  ],
)
def test_what_no_browser_sends_is_refused(ask, request_, status):
  assert ask.raw(request_).split()[1].startswith(status)


_LINE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize(
  ("request_", "status"),
  [
    (
      b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
      b"414",
    ),
    (
      b"GET /?" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
      b"414",
    ),
    (b"G" * 300_000, b"414"),
    (_LINE + b"".join(b"A%d: b\r\n" % i for i in range(101)) + b"\r\n", b"431"),
    (_LINE + b"A: b\r\n" * 5_000 + b"\r\n", b"431"),
    (_LINE + b"A: b\r\n" * 50_000, b"431"),
    (_LINE + b"A: " + b"b" * 66_000 + b"\r\n\r\n", b"431"),
    (_LINE + b"A: " + b"b" * 300_000, b"431"),
    (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),  # TLS
    (_LINE + b"No header\r\n\r\n", b"400"),
    (
      b"PUT /api/projects/fruits/pictures/a/x.png HTTP/1.1\r\n"
      b"Host: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      b"400",
    ),
    (_LINE + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", b"200"),
  ],
)
def test_hostile_requests_get_the_page_servers_answers_and_are_no_news(
  ask, request_, status, capfd, caplog
):
  """Nothing is said of them on the terminal of who serves the page."""
  assert b" " + status in ask.raw(request_)
  assert ask("GET", "/api/projects")[0] == 200  # it goes on
  assert not capfd.readouterr().err and not caplog.records


@pytest.mark.parametrize("value", [None, 7, 0.5, True, [], ["x"], {}, "\ud800"])
@pytest.mark.parametrize(
  ("path", "name"),
  [
    ("/api/projects", "title"),
    ("/api/projects", "folders"),
    (f"{_PROJECT}/runs", "title"),
    (f"{_PROJECT}/runs", "kind"),
    (f"{_PROJECT}/runs", "search"),
    (f"{_PROJECT}/runs", "size"),
    (f"{_PROJECT}/runs", "minutes"),
    (f"{_PROJECT}/searches", "kind"),
    (f"{_PROJECT}/searches", "size"),
    (f"{_PROJECT}/searches", "minutes"),
  ],
)
def test_values_of_other_types_are_refused_by_their_names(
  ask, path, name, value
):
  if (name, value) in (("folders", None), ("minutes", 7), ("minutes", 0.5)):
    return  # what is meant
  given = {"title": "x", "kind": "object", "size": 64, "minutes": 1}
  before = _tree(ask.root)
  status, said = ask("POST", path, {**given, name: value})
  if (name, value) == ("size", 7):  # of the right type
    assert status == 400 and said["code"] == "value"
  else:
    assert status == 400 and said["code"] == "type", said
    assert said["values"] == {"name": name}
  assert _tree(ask.root) == before


def test_a_name_is_cleaned_and_its_ending_is_that_of_the_contents(ask):
  names = {
    "%3Cimg%20src=x%20onerror=a(1)%3E.png": "img src_x onerror_a(1).png",
    "..png": "png.png",
    "-rf.png": "rf.png",
    "con.png": "picture con.png",
    "run.sh": "run.png",
    "%ED%95%9C%EA%B8%80.jpg": "한글.png",
    "a" * 300 + ".png": "a" * 60 + ".png",
  }
  folder = ask.root / "fruits" / "b"
  for i, (sent, want) in enumerate(names.items()):
    status, said = ask("PUT", f"{_PROJECT}/pictures/b/{sent}", _png(40 + i))
    assert (status, said) == (200, {"name": want, "new": True})
    assert (folder / want).stat().st_mode & 0o111 == 0
  # The same again is there already; another one of the name gets its own.
  again = ask("PUT", f"{_PROJECT}/pictures/b/run.sh", _png(44))
  assert again == (200, {"name": "run.png", "new": False})
  other = ask("PUT", f"{_PROJECT}/pictures/b/run.sh", _png(60))
  assert other == (200, {"name": "run 2.png", "new": True})
  assert len(list(folder.iterdir())) == len(names) + 1
  status, headers, body = ask.whole("GET", f"{_PROJECT}/thumbnails/b/run.png")
  assert (status, headers["Content-Type"]) == (200, "image/webp") and body
  assert ask("DELETE", f"{_PROJECT}/pictures/b/run.png")[0] == 200
  assert not (folder / "run.png").exists()


def test_other_machines_need_the_token_of_the_link(tmp_path):
  with studios.studio(tmp_path / "root", host="0.0.0.0") as ask:
    ask.host = "127.0.0.1"
    assert len(ask.token) >= 32
    wrong = ask.token[:-1] + ("A" if ask.token[-1] != "A" else "B")
    for path in ("/", f"/?token={wrong}", "/static/app.js", "/api/projects"):
      status, said = ask("GET", path)
      assert (status, said["code"]) == (401, "token")
    # The secret itself is no cookie, and opens the page only.
    assert ask("GET", f"/api/projects?token={ask.token}")[0] == 401
    status, headers, _ = ask.whole("GET", f"/?token={ask.token}")
    cookie = headers["Set-Cookie"]
    assert status == 200 and ask.token not in cookie
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    pair = cookie.partition(";")[0]
    assert ask("GET", "/api/projects", Cookie=pair)[0] == 200
    for bad in (pair[:-1], pair.replace("=", "=x"), "a=b", "\x01;"):
      assert ask("GET", "/api/projects", Cookie=bad)[0] == 401
    # It protects from strangers, not from other pages.
    origin = {"Cookie": pair, "Origin": "https://evil.example"}
    assert ask("POST", "/api/projects", {"title": "x"}, **origin)[0] == 403
    secret = ask.token
  assert (tmp_path / "root" / ".studio_token").stat().st_mode & 0o077 == 0
  with studios.studio(tmp_path / "root", host="0.0.0.0") as ask:
    assert ask.token == secret  # pages that are open go on


def test_many_tries_at_once_are_few_commands_and_told_in_words(
  ask, monkeypatch
):
  """Also of pictures that are still being sent when the others come."""
  from official.cyclegan.studio_app import jobs

  started = []
  monkeypatch.setattr(
    jobs.subprocess, "Popen", lambda *a, **_: started.append(a)
  )
  monkeypatch.setattr(jobs, "_reap", lambda: None)
  monkeypatch.setattr(jobs, "_children", [])
  gate = threading.Barrier(6)

  def slowly():
    content = _png(300)
    yield content[:100]
    gate.wait(20)
    yield content[100:]

  def send(number):
    path = f"{_PROJECT}/runs/1/tries/AtoB/{number}.png"
    return ask("PUT", path, slowly())

  with concurrent.futures.ThreadPoolExecutor(6) as pool:
    answers = list(pool.map(send, range(6)))
  statuses = [status for status, _ in answers]
  assert sorted(statuses) == [200, 200, 429, 429, 429, 429], answers
  said = next(said for status, said in answers if status == 429)
  assert said["code"] == "many" and said["values"] == {"most": 2}
  assert len(started) == 2
  tries = ask.root / "fruits" / "tries"
  assert len(list(tries.iterdir())) == 2
  # As commands that have ended do, for the tests that follow.
  shutil.rmtree(ask.root / "fruits" / "jobs")
  shutil.rmtree(tries)


def test_a_folder_with_links_in_it_is_not_read(ask):
  folder = ask.root / "with_links"
  folder.mkdir()
  (folder / "0.png").symlink_to(ask.root.parent / "secret.png")
  chosen = {"title": "links", "folders": ["with_links", "oranges"]}
  assert ask("POST", "/api/projects", chosen)[0] == 200
  status, said = ask("GET", "/api/projects/links")
  assert status == 200 and said["pictures"]["a"]["count"] == 0
  status, said = ask("POST", "/api/projects/links/audit", {})
  assert status == 400 and said["code"] == "no_pictures"


@pytest.mark.parametrize("link", ["a link to a picture", "one to a folder"])
def test_links_in_a_projects_own_pile_are_not_followed(ask, link):
  title = link.replace(" ", "_")
  assert ask("POST", "/api/projects", {"title": title})[0] == 200
  pile = ask.root / title / "a"
  pile.mkdir(exist_ok=True)
  away = ask.root.parent / f"away_{title}"
  away.mkdir()
  shutil.copy(ask.root.parent / "secret.png", away / "secret.png")
  name = "x.png" if "picture" in link else "x/secret.png"
  (pile / name.split("/")[0]).symlink_to(
    away / "secret.png" if "picture" in link else away
  )
  status, said = ask("GET", f"/api/projects/{title}")
  assert status == 200 and said["pictures"]["a"]["count"] == 0
  assert ask("GET", f"/api/projects/{title}/thumbnails/a/{name}")[0] in (
    *(403, 404),
  )


def test_pictures_that_were_dropped_can_be_removed_again(ask):
  assert ask("POST", "/api/projects", {"title": "again"})[0] == 200
  piles = "/api/projects/again/pictures"
  for domain, color in (("a", 1), ("a", 2), ("a", 3), ("b", 4)):
    content = _png(color=(color, 0, 0))
    assert ask("PUT", f"{piles}/{domain}/{color}.png", content)[0] == 200
  root = ask.root / "again"
  (root / "a" / "notes.txt").write_text("mine")

  def left():
    return [sorted(path.name for path in (root / d).iterdir()) for d in "ab"]

  assert ask("DELETE", f"{piles}/a/2.png")[0] == 200
  assert left() == [["1.png", "3.png", "notes.txt"], ["4.png"]]
  assert ask("DELETE", f"{piles}/a")[0] == 200
  assert left() == [["notes.txt"], ["4.png"]]
  assert ask("DELETE", f"{piles}/jobs")[0] == 404
  # Not of a folder that somebody has chosen: that is theirs.
  chosen = {"title": "theirs", "folders": ["apples", "oranges"]}
  assert ask("POST", "/api/projects", chosen)[0] == 200
  status, said = ask("DELETE", "/api/projects/theirs/pictures/a")
  assert status == 409 and said["code"] == "chosen"
  assert (ask.root / "apples" / "0.png").exists()


def test_projects_are_listed_with_folders_to_choose(ask):
  status, said = ask("GET", "/api/folders?below=")
  assert status == 200 and {"apples", "oranges"} <= set(said["folders"])
  assert "linked" not in said["folders"] and "fruits" not in said["folders"]
  assert ask("GET", "/api/folders?below=apples")[1]["pictures"] == 1
  chosen = {"title": "사과 <b>", "folders": ["apples", "oranges"]}
  assert ask("POST", "/api/projects", chosen)[1] == {"name": "사과 _b"}
  found = ask("GET", "/api/projects")[1]["projects"]
  assert "사과 <b>" in [project["title"] for project in found]


def test_news_come_as_they_happen(ask):
  import http.client

  connection = http.client.HTTPConnection(ask.host, ask.port, timeout=30)
  connection.request("GET", f"{_PROJECT}/events")
  answer = connection.getresponse()
  assert answer.headers["Content-Type"].startswith("text/event-stream")

  def event():
    line = answer.readline()
    while not line.startswith(b"data: "):
      line = answer.readline()
    return json.loads(line[6:])

  count = event()["pictures"]["a"]["count"]
  assert ask("PUT", f"{_PROJECT}/pictures/a/new.png", _png())[0] == 200
  assert event()["pictures"]["a"]["count"] == count + 1
  connection.close()


if __name__ == "__main__":
  conftest.main(__file__)
