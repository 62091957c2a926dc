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
import io

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import uploads
from tests import conftest
from tests import videos


async def _pieces(*pieces):
  for piece in pieces:
    if isinstance(piece, Exception):
      raise piece
    yield piece


def _receive(folder, *pieces, largest=1000):
  return asyncio.run(uploads.receive(_pieces(*pieces), folder, largest))


def test_what_arrives_is_written_whole(tmp_path):
  path = _receive(tmp_path, b"abc", b"", b"def")
  assert path.read_bytes() == b"abcdef"
  assert path.name.startswith(".") and path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
  ("pieces", "status"),
  [
    ((bytes(600), bytes(401)), 413),
    ((), 400),
    ((b"x", OSError(28, "No space left on device")), 507),
    ((b"x", refusals.Refused(400, "silent", "Broken off.")), 400),
  ],
)
def test_nothing_is_left_of_what_is_refused(tmp_path, pieces, status):
  with pytest.raises(refusals.Refused) as refused:
    _receive(tmp_path, *pieces)
  assert refused.value.status == status
  assert not list(tmp_path.iterdir())


def test_a_full_disk_is_not_filled_up(tmp_path, monkeypatch):
  class Usage:
    free = uploads._SPARE + 5

  monkeypatch.setattr(uploads.shutil, "disk_usage", lambda path: Usage)
  assert _receive(tmp_path, b"12345").exists()
  with pytest.raises(refusals.Refused, match="Free some space"):
    _receive(tmp_path, b"123456")


def test_remains_of_a_server_that_was_killed_are_removed(tmp_path):
  _receive(tmp_path, b"half")
  (tmp_path / "whole.png").touch()
  uploads.remove_remains(tmp_path)
  assert [p.name for p in tmp_path.iterdir()] == ["whole.png"]


@pytest.mark.parametrize(
  ("kind", "ending"),
  [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp"), ("TIFF", ".tif")],
)
def test_a_picture_is_called_by_what_it_is(tmp_path, kind, ending):
  memory = io.BytesIO()
  PIL.Image.new("RGB", (30, 20)).save(memory, kind)
  partial = _receive(tmp_path, memory.getvalue(), largest=10**6)
  assert uploads.keep_picture(partial, "x.exe", tmp_path) == (
    f"x{ending}",
    True,
  )


def test_heic_is_taken_where_it_can_be_read(tmp_path):
  pillow_heif = pytest.importorskip("pillow_heif")
  memory = io.BytesIO()
  pillow_heif.from_pillow(PIL.Image.new("RGB", (64, 64))).save(memory)
  partial = _receive(tmp_path, memory.getvalue(), largest=10**6)
  assert uploads.keep_picture(partial, "IMG_1.HEIC", tmp_path)[0] == (
    "IMG_1.heic"
  )


def test_videos_are_told_from_pictures(tmp_path):
  pytest.importorskip("av")
  frames = [np.full((32, 32, 3), 20 * i, np.uint8) for i in range(3)]
  videos.make(tmp_path / "clip.mp4", frames)
  content = (tmp_path / "clip.mp4").read_bytes()
  partial = _receive(tmp_path, content, largest=10**7)
  kept = uploads.keep_picture_or_video(partial, "given clip.mov", tmp_path)
  assert kept == ("given clip.mp4", True)
  for content in (b"#EXTM3U\nfile:///etc/passwd\n", b"ffconcat version 1.0\n"):
    partial = _receive(tmp_path, content)
    with pytest.raises(refusals.Refused):
      uploads.keep_picture_or_video(partial, "list.mp4", tmp_path)


def test_the_token_stays_and_is_nobodys_elses(tmp_path):
  token = uploads.token(tmp_path)
  assert len(token) >= 32 and uploads.token(tmp_path) == token
  path = tmp_path / ".studio_token"
  path.chmod(0o644)  # somebody may have read it
  assert uploads.token(tmp_path) != token
  assert uploads.fingerprint(token) != token


if __name__ == "__main__":
  conftest.main(__file__)
