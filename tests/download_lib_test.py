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
"""The classic data sets, from small archives in their format, on loopback."""

import contextlib
import functools
import hashlib
import http.server
import io
import os
import re
import stat
import zipfile

import numpy as np
import pytest
import tensorflow_datasets as tfds

from official.cyclegan import download_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import dataset
from official.cyclegan.data import image_files
from official.cyclegan.data import sources
from tests import conftest

_PARTIAL = f"apple2orange.zip{files.PARTIAL}"


class _Handler(http.server.BaseHTTPRequestHandler):
  """Serves files with ranges; breaks off as often as it is told."""

  protocol_version = "HTTP/1.1"

  def __init__(self, contents, state, *arguments):
    self._files, self._state = contents, state
    super().__init__(*arguments)

  def do_HEAD(self):  # noqa: N802
    self.do_GET()

  def do_GET(self):  # noqa: N802
    self._state["requests"].append(self.headers.get("Range"))
    contents = self._files.get(self.path.rsplit("/", 1)[-1])
    if isinstance(contents, tuple):  # a status and headers
      self.send_response(contents[0])
      for name, value in contents[1].items():
        self.send_header(name, value)
      self.end_headers()
      self.close_connection = True
      return
    if contents is None:
      self.send_error(404)
      return
    first = 0
    if self.headers.get("Range") and self._state["ranges"]:
      first = int(self.headers["Range"].split("=")[1].rstrip("-"))
      if first >= len(contents):
        self.send_error(416)
        return
      self.send_response(206)
      self.send_header(
        "Content-Range", f"bytes {first}-{len(contents) - 1}/{len(contents)}"
      )
    else:
      self.send_response(200)
    self.send_header("Content-Length", str(len(contents) - first))
    self.end_headers()
    if self.command == "HEAD":
      return
    if self._state["cuts"]:
      self._state["cuts"] -= 1
      end = first + (len(contents) - first) // 2
      self.wfile.write(contents[first:end])
      self.close_connection = True
      return
    self.wfile.write(contents[first:])

  def log_message(self, *_):
    pass


@contextlib.contextmanager
def _served(contents, cuts=0, ranges=True):
  """Serves archives on loopback; gives the address and what was asked."""
  state = {"requests": [], "cuts": cuts, "ranges": ranges}
  server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0), functools.partial(_Handler, contents, state)
  )
  with conftest.serving(server):
    yield f"http://127.0.0.1:{server.server_port}/datasets/", state


@pytest.fixture(scope="module")
def archive():
  """`apple2orange.zip` as the host has it, with 4 + 3 + 2 + 2 small JPEGs."""
  memory = io.BytesIO()
  rng = np.random.default_rng(0)
  with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
    packed.writestr("apple2orange/", b"")
    for split, count in zip(sources.SPLITS, (4, 3, 2, 2)):
      packed.writestr(f"apple2orange/{split}/", b"")
      for i in range(count):
        image = rng.integers(0, 256, (60, 90, 3), np.uint8)
        name = f"n0{i}_{split}.jpg"
        path = f"/tmp/{os.getpid()}_{name}"
        image_files.write(path, image)
        with open(path, "rb") as file:
          packed.writestr(f"apple2orange/{split}/{name}", file.read())
        os.unlink(path)
  return memory.getvalue()


def _download(url, output, name="apple2orange", sha256=""):
  return download_lib.download(name, str(output), url, sha256)


def _refused(*words):
  """Expects an error that holds all the words, in this order."""
  return pytest.raises(
    errors.UserError, match=".*".join(re.escape(word) for word in words)
  )


def _sum(contents):
  return hashlib.sha256(contents).hexdigest()


def test_downloads_into_the_folder_layout(archive, tmp_path, capsys):
  with _served({"apple2orange.zip": archive}) as (url, state):
    said = _download(url, tmp_path / "data", sha256=_sum(archive))
    assert "4 of A, 3 of B" in said and "100%" in capsys.readouterr().err
    assert state["requests"] == [None]
    again = _download(url, tmp_path / "data", sha256=_sum(archive))
    assert "there already" in again
    assert len(state["requests"]) == 1
  assert os.listdir(tmp_path / "data") == ["apple2orange"]
  source = sources.open_source(
    config_lib.DataConfig(dataset=str(tmp_path / "data" / "apple2orange"))
  )
  assert list(source.counts.values()) == [4, 3, 2, 2]


def test_cut_connection_goes_on_where_it_was(archive, tmp_path):
  with _served({"apple2orange.zip": archive}, cuts=2) as (url, state):
    _download(url, tmp_path, sha256=_sum(archive))
  first, *others = state["requests"]
  assert first is None and len(others) == 2
  begun = [int(r.removeprefix("bytes=").rstrip("-")) for r in others]
  half = len(archive) // 2
  assert half - 2**13 < begun[0] <= half
  left = (len(archive) - begun[0]) // 2
  assert begun[0] + left - 2**13 < begun[1] <= begun[0] + left
  assert (tmp_path / "apple2orange" / "trainB").is_dir()


def test_partial_file_of_an_earlier_run_is_completed(archive, tmp_path):
  (tmp_path / _PARTIAL).write_bytes(archive[:1000])
  with _served({"apple2orange.zip": archive}) as (url, state):
    _download(url, tmp_path, sha256=_sum(archive))
  assert state["requests"] == ["bytes=1000-"]
  assert os.listdir(tmp_path) == ["apple2orange"]


def test_server_without_ranges_sends_it_all_again(archive, tmp_path):
  (tmp_path / _PARTIAL).write_bytes(b"x" * 1000)
  with _served({"apple2orange.zip": archive}, ranges=False) as (url, _):
    assert "4 of A" in _download(url, tmp_path, sha256=_sum(archive))


def test_connection_that_stays_broken_keeps_what_has_arrived(archive, tmp_path):
  with (
    _served({"apple2orange.zip": archive}, cuts=99) as (url, _),
    _refused("connection broke", "goes on where it was"),
  ):
    _download(url, tmp_path)
  kept = (tmp_path / _PARTIAL).read_bytes()
  assert len(archive) > len(kept) > len(archive) // 2
  assert archive.startswith(kept)
  # Now nobody answers at all.
  with _refused("connection broke"):
    _download(url, tmp_path)
  assert (tmp_path / _PARTIAL).read_bytes() == kept


def test_wrong_checksum_is_refused_and_removed(archive, tmp_path):
  with (
    _served({"apple2orange.zip": archive}) as (url, _),
    _refused(_sum(archive), "845a191e", "--sha256=none"),
  ):
    _download(url, tmp_path)  # against the real archive's
  assert os.listdir(tmp_path) == []


def _zip(*members):
  memory = io.BytesIO()
  with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
    packed.writestr("apple2orange/trainA/good.jpg", b"x")
    for name, contents, mode in members:
      info = zipfile.ZipInfo(name)
      info.external_attr = mode << 16
      packed.writestr(info, contents, zipfile.ZIP_DEFLATED)
  return memory.getvalue()


@pytest.mark.parametrize(
  ("member", "words"),
  [
    (("../escaped.jpg", b"x", 0), "would write to"),
    (("apple2orange/../../escaped.jpg", b"x", 0), "would write to"),
    (("/tmp/escaped.jpg", b"x", 0), "would write to"),
    (("..\\escaped.jpg", b"x", 0), "would write to"),
    (("C:\\escaped.jpg", b"x", 0), "would write to"),
    (("a/link.jpg", b"/etc/passwd", stat.S_IFLNK | 0o777), "not a plain file"),
    (("a/pipe.jpg", b"", stat.S_IFIFO | 0o666), "not a plain file"),
    (("a/bomb.jpg", bytes(300 << 20), 0), "would grow to"),
    (("a/" * 11 + "deep.jpg", b"x", 0), "folders within folders, 11 deep"),
  ],
)
def test_hostile_archive_is_refused_whole(tmp_path, member, words):
  contents = _zip(member)
  with (
    _served({"apple2orange.zip": contents}) as (url, _),
    _refused(words, "nothing was unpacked"),
  ):
    _download(url, tmp_path / "in", sha256="none")
  assert os.listdir(tmp_path) == ["in"]
  assert os.listdir(tmp_path / "in") == []


def test_an_archive_of_very_many_files_is_refused(tmp_path, monkeypatch):
  monkeypatch.setattr(download_lib, "_MOST_MEMBERS", 20)
  contents = _zip(*((f"apple2orange/{i}.jpg", b"", 0) for i in range(20)))
  with (
    _served({"apple2orange.zip": contents}) as (url, _),
    _refused("holds 21 files", "nothing was unpacked"),
  ):
    _download(url, tmp_path, sha256="none")
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
  "names", [["x/readme.txt"], ["x/a.jpg/"], ["__MACOSX/x/._a.jpg", "x.exe"]]
)
def test_an_archive_without_pictures_is_refused(tmp_path, names):
  memory = io.BytesIO()
  with zipfile.ZipFile(memory, "w") as packed:
    for name in names:
      packed.writestr(name, b"" if name.endswith("/") else b"x")
  with (
    _served({"apple2orange.zip": memory.getvalue()}) as (url, _),
    _refused("holds no pictures", "nothing was unpacked"),
  ):
    _download(url, tmp_path, sha256="none")
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
  "sha256", ["zz", "none ", "0" * 63, "0" * 65, "é" * 64, "sha256:" + "0" * 57]
)
def test_a_checksum_that_is_none_is_refused_at_once(tmp_path, sha256):
  with _refused(f"--sha256={sha256} is no SHA-256", "64 hexadecimal digits"):
    _download("http://127.0.0.1:1/", tmp_path / "new", sha256=sha256)
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("known", [True, False])
def test_if_only_the_users_own_sum_differs_the_archive_is_kept(
  archive, tmp_path, monkeypatch, known
):
  if known:
    monkeypatch.setitem(download_lib._CHECKSUMS, "apple2orange", _sum(archive))
  with _served({"apple2orange.zip": archive}) as (url, state):
    words = ["the known one", "it is kept"] if known else ["it is kept"]
    with _refused(f"--sha256={'1' * 64}", _sum(archive), *words):
      _download(url, tmp_path, sha256="1" * 64)
    assert os.listdir(tmp_path) == [_PARTIAL]
    assert (tmp_path / _PARTIAL).read_bytes() == archive
    _download(url, tmp_path, sha256=_sum(archive).upper())
    assert state["requests"] == [None, f"bytes={len(archive)}-"]
  assert os.listdir(tmp_path) == ["apple2orange"]


def test_what_is_no_archive_is_not_kept_for_the_users_sum(tmp_path):
  with (
    _served({"apple2orange.zip": b"no archive"}) as (url, _),
    _refused("It was removed"),
  ):
    _download(url, tmp_path, sha256="1" * 64)
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
  "url",
  [
    "",
    "archives/",
    "/srv/archives",
    "file:///srv/archives",
    "ftp://127.0.0.1/",
    "http://",
    "http:///x",
    "http://[::1/",
    "http://127.0.0.1:port/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1/ x",
    "http://127.0.0.1/\n",
  ],
)
def test_an_address_that_is_none_is_refused_at_once(tmp_path, url):
  with pytest.raises(errors.UserError) as caught:
    _download(url, tmp_path / "new")
  assert f"--base_url={url} is not an address" in str(caught.value)
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
  "url", [f"http://{'a' * 64}.example/", "http://.example/", "http://*.a/"]
)
def test_an_address_that_the_network_refuses_is_named(tmp_path, url):
  with _refused(url):
    _download(url, tmp_path)
  assert os.listdir(tmp_path) == []


@pytest.mark.slow(seconds=8)
@pytest.mark.one_stack
@pytest.mark.parametrize(
  "answer",
  [
    *((200, {"Content-Length": n}) for n in ("x", "-1", "1.5", "9" * 5000)),
    *(
      (302, {"Location": to})
      for to in (
        "apple2orange.zip",  # for ever
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        f"http://{'a' * 64}.example/",
        "",
      )
    ),
    (302, {}),
    (204, {}),
    (206, {"Content-Range": "bytes 5-9/10", "Content-Length": "0"}),
    (200, {"Content-Encoding": "gzip", "Content-Length": "1"}),
  ],
  ids=str,
)
def test_an_answer_that_makes_no_sense_is_one_line(tmp_path, answer):
  with (
    _served({"apple2orange.zip": answer}) as (url, state),
    pytest.raises(errors.UserError) as caught,
  ):
    _download(url, tmp_path)
  assert url in str(caught.value) and "\n" not in str(caught.value)
  assert len(str(caught.value)) < 2000 and len(state["requests"]) < 40
  assert set(os.listdir(tmp_path)) <= {_PARTIAL}


def test_a_pipe_in_the_archives_place_is_not_opened(tmp_path):
  os.mkfifo(tmp_path / "apple2orange.zip")
  with _refused("apple2orange.zip is a pipe"):
    _download("http://127.0.0.1:1/", tmp_path)
  (tmp_path / "facades.zip").mkdir()
  with _refused("facades.zip is a folder"):
    _download("http://127.0.0.1:1/", tmp_path, "facades")
  assert sorted(os.listdir(tmp_path)) == ["apple2orange.zip", "facades.zip"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_others_call_partial_is_left_alone(archive, tmp_path, kind):
  for name in ("apple2orange.zip.partial", "apple2orange.partial"):
    if kind == "folder":
      (tmp_path / name).mkdir()
      (tmp_path / name / "mine").write_text("kept")
    else:
      (tmp_path / name).write_text("kept")
  before = sorted(p.name for p in tmp_path.rglob("*"))
  with _served({"apple2orange.zip": archive}) as (url, _):
    _download(url, tmp_path, sha256="none")
    _download(url, tmp_path, sha256="none")
  now = {p.name for p in tmp_path.rglob("*")}
  assert now > set(before)
  for path in tmp_path.glob("apple2orange*partial"):
    text = path / "mine" if kind == "folder" else path
    assert text.read_text() == "kept"


def test_broken_archive_is_removed(archive, tmp_path):
  broken = archive[: len(archive) // 2]
  with (
    _served({"apple2orange.zip": broken}) as (url, _),
    _refused("not a whole zip archive"),
  ):
    _download(url, tmp_path, sha256="none")
  assert os.listdir(tmp_path) == []


def _spoilt(archive, how):
  """Returns an archive that only shows what it is when it is unpacked."""
  if how == "a bit":
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
      member = packed.infolist()[2]
    middle = member.header_offset + 60 + member.compress_size // 2
    spoilt = bytearray(archive)
    spoilt[middle] ^= 0xFF
    return bytes(spoilt)
  if how == "long name":
    return _zip(("apple2orange/" + "n" * 300, b"x", 0))
  if how == "file and folder":
    return _zip(("apple2orange/trainA/good.jpg/x.jpg", b"x", 0))
  if how == "method":
    return archive.replace(b"\x08\x00", b"\x63\x00")
  memory = io.BytesIO()
  zipfile.ZipFile(memory, "w").close()
  return memory.getvalue()  # of nothing


@pytest.mark.parametrize(
  "how", ["a bit", "long name", "file and folder", "method", "empty"]
)
def test_no_damage_sticks(archive, tmp_path, how):
  """What is damaged is removed: the same command downloads it again."""
  served = {"apple2orange.zip": _spoilt(archive, how)}
  words = "holds nothing" if how == "empty" else "Nothing was unpacked"
  with _served(served) as (url, _):
    with _refused(words):
      _download(url, tmp_path, sha256="none")
    assert os.listdir(tmp_path) == []
    served["apple2orange.zip"] = archive
    _download(url, tmp_path, sha256="none")
  assert os.listdir(tmp_path) == ["apple2orange"]


def test_an_archive_that_is_there_is_compared_and_kept(archive, tmp_path):
  theirs = tmp_path / "apple2orange.zip"
  theirs.write_bytes(archive)
  with _refused(str(theirs), _sum(archive), "845a191e", "Remove it"):
    _download("http://127.0.0.1:1/", tmp_path)
  assert theirs.read_bytes() == archive
  assert os.listdir(tmp_path) == ["apple2orange.zip"]
  _download("http://127.0.0.1:1/", tmp_path, sha256=_sum(archive).upper())
  assert sorted(os.listdir(tmp_path)) == ["apple2orange", "apple2orange.zip"]
  assert theirs.read_bytes() == archive


def test_a_damaged_archive_that_is_there_is_kept_too(archive, tmp_path):
  theirs = tmp_path / "apple2orange.zip"
  theirs.write_bytes(archive[:-100])
  with _refused("not a whole zip archive", "Remove it"):
    _download("http://127.0.0.1:1/", tmp_path, sha256="none")
  assert theirs.read_bytes() == archive[:-100]
  assert os.listdir(tmp_path) == ["apple2orange.zip"]


@pytest.mark.parametrize("planted", ["link", "hard link", "folder", "unpacked"])
def test_what_is_planted_is_not_followed(archive, tmp_path, planted):
  folder = tmp_path / "data"
  folder.mkdir()
  (tmp_path / "mine").write_text("kept")
  partial = folder / _PARTIAL
  if planted == "link":
    partial.symlink_to(tmp_path / "mine")
  elif planted == "hard link":
    os.link(tmp_path / "mine", partial)
  elif planted == "folder":
    partial.mkdir()
  else:
    (folder / f"apple2orange{files.PARTIAL}").symlink_to(tmp_path)
  with _served({"apple2orange.zip": archive}) as (url, _):
    if planted == "folder":
      with _refused(str(partial), "is a folder. Rename or remove it"):
        _download(url, folder, sha256="none")
      return
    _download(url, folder, sha256="none")
  assert os.listdir(folder) == ["apple2orange"]
  assert (tmp_path / "mine").read_text() == "kept"


def test_one_killed_at_the_end_is_cleared_up(tmp_path):
  (tmp_path / "apple2orange").mkdir()
  (tmp_path / _PARTIAL).touch()
  (tmp_path / f"apple2orange{files.PARTIAL}").mkdir()
  assert "there already" in _download("http://127.0.0.1:1/", tmp_path)
  assert os.listdir(tmp_path) == ["apple2orange"]


def test_unknown_names_are_refused():
  for get in (download_lib.download_with_tfds, _download):
    with _refused("aples2orange is not", "Did you mean apple2orange?", "ukiyo"):
      get(*(["url", "folder"] if get is _download else []), "aples2orange")
  with _refused("--via=tfds: TFDS does not have ae_photos. Use --via=archive."):
    download_lib.download_with_tfds("ae_photos")


def test_missing_archive_says_what_to_do(tmp_path):
  with _served({}) as (url, _):
    with _refused("404", "licence"):
      _download(url, tmp_path, "cityscapes")
    with _refused("404", "--base_url"):
      _download(url, tmp_path, "facades")


def test_set_without_training_pictures_says_so(tmp_path, caplog):
  memory = io.BytesIO()
  with zipfile.ZipFile(memory, "w") as packed:
    for name in ("ae_photos/testA/1.jpg", "ae_photos/testB/1.jpg"):
      packed.writestr(name, b"x")
  with _served({"ae_photos.zip": memory.getvalue()}) as (url, _):
    said = _download(url, tmp_path, "ae_photos")
  assert "has no sub-folders trainA" in said and "SHA-256" in caplog.text


@pytest.mark.slow
def test_tfds_builds_cycle_gan_and_it_is_trained_on(
  archive, tmp_path, monkeypatch
):
  """TFDS's own builder: its download, unpacking and records."""
  builder = tfds.builder_cls("cycle_gan")
  module = __import__(builder.__module__, fromlist=["_DL_URLS"])
  with _served({"apple2orange.zip": archive}) as (url, state):
    urls = {"apple2orange": f"{url}apple2orange.zip"}
    monkeypatch.setattr(module, "_DL_URLS", urls)
    config = config_lib.DataConfig(
      dataset="cycle_gan/apple2orange",
      data_dir=str(tmp_path),
      crop_size=32,
      load_size=36,
    )
    source = sources.open_source(config)
    assert len(state["requests"]) >= 1
  assert list(source.counts.values()) == [4, 3, 2, 2]
  with zipfile.ZipFile(io.BytesIO(archive)) as packed:
    packed.extractall(tmp_path / "folder")
  folder = sources.open_source(
    config_lib.DataConfig(dataset=str(tmp_path / "folder" / "apple2orange"))
  )
  for split in sources.SPLITS:
    one, other = (
      sorted(image.tobytes() for image in s.images(split).as_numpy_iterator())
      for s in (source, folder)
    )
    assert one == other
  (pair,) = dataset.training_batches(source, config, 1).take(1)
  assert pair[0].shape == pair[1].shape == (1, 32, 32, 3)


if __name__ == "__main__":
  conftest.main(__file__)
