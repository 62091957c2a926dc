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
"""One folder of forty files as people have them, through every command."""

from __future__ import annotations

import io
import os
import pathlib
import re

import numpy as np
import PIL.Image
import pytest

from official.cyclegan import prepare
from official.cyclegan import train
from official.cyclegan import translate
from official.cyclegan.core import errors
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from tests import conftest

# It trains.
pytestmark = [
  pytest.mark.slow(seconds=20),
  pytest.mark.one_stack,
  pytest.mark.usefixtures("few_steps_are_not_traced"),
]

_FILES = 40


def _write_mixed(folder: pathlib.Path) -> None:
  """Writes forty files of all kinds."""
  draw = np.random.default_rng(5)

  def picture(name: str | bytes, kind: str, mode: str = "RGB", **options):
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pixels = draw.integers(0, 256, (36, 40, 3), np.uint8)
    made = PIL.Image.fromarray(pixels).convert(mode)
    contents = io.BytesIO()
    made.save(contents, kind, **options)
    pathlib.Path(os.fsdecode(path)).write_bytes(contents.getvalue())

  def other(name: str, contents: bytes = b"something else"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(contents)

  for i in range(8):
    picture(f"album/{i}.jpg", "JPEG")
  exif = PIL.Image.Exif()
  exif[0x0112] = 6
  profile = image_files.srgb_profile()
  picture("turned.jpg", "JPEG", exif=exif)
  picture("profile.jpg", "JPEG", icc_profile=profile)
  picture("cmyk.jpg", "JPEG", mode="CMYK")
  picture("clear.png", "PNG", mode="RGBA")
  picture("deep.png", "PNG", mode="I;16")
  picture("deep.tif", "TIFF", mode="I;16")
  picture("drawing.gif", "GIF", mode="P")
  picture("photo.webp", "WEBP")
  picture("photo.avif", "AVIF")
  picture("scan.bmp", "BMP")
  picture(b"alt/\xe9t\xe9 [1].png", "PNG")
  picture(b"alt/\xff\xfe.jpg", "JPEG")  # 20 pictures
  other("IMG_1.HEIC")
  other("broken/empty.jpg", b"")
  other("broken/text.png")
  picture("broken/half.jpg", "JPEG")
  half = folder / "broken" / "half.jpg"
  half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
  (folder / "broken" / "nowhere.jpg").symlink_to("nothing")  # 25
  for name in ("a.MOV", "album/b.mp4", "c.webm"):
    other(name)
  for name in ("notes.txt", "album/list.txt", "README", "raw/1.CR2", "x.psd"):
    other(name)  # 33
  other("".join(["alt/", os.fsdecode(b"\xe9.\xe8")]))
  for name in (
    ".DS_Store",
    "album/._0.jpg",
    ".cache/a/1.jpg",
    "__MACOSX/._x.png",
    "album/.hidden.png",
    "alt/.x",
  ):
    other(name)


def _files(folder: pathlib.Path) -> list[str]:
  return [
    os.path.join(where, name)
    for where, _, names in os.walk(folder)
    for name in names
  ]


def _run(module, **options) -> None:
  conftest.run_command(module, *(f"--{k}={v}" for k, v in options.items()))


def _numbers(pattern: str, text: str) -> list[int]:
  found = re.search(pattern, text)
  assert found, (pattern, text)
  return [int(number) for number in found.groups()]


def test_what_the_messages_count_adds_up(
  tmp_path, pictures, halving, log, capsys, monkeypatch
):
  a, b = tmp_path / "a", pictures / "trainB"
  _write_mixed(a)
  assert len(_files(a)) == _FILES
  readable = 0
  for path in _files(a):
    hidden = "/." in path[len(str(a)) :] or "__MACOSX" in path
    if not hidden and path.lower().endswith(folders.IMAGE_SUFFIXES):
      try:
        image_files.read(path)
        readable += 1
      except errors.UserError:
        pass
  assert readable >= 19
  left = rf"{a}: (\d+) pictures, and (\d+) files left out: ([^\n]*)\."
  data = {"domain_a": a, "domain_b": b, "on_bad_image": "skip"}

  _run(prepare, **data, output_dir=tmp_path / "packed")
  counted, others = _numbers(left.replace("([^\\n]*)", "[^\\n]*"), log.text)
  assert counted + others == _FILES
  kinds = re.search(left, log.text)[3]
  assert sum(map(int, re.findall(r"(?:^|, )(\d+) ", kinds))) == others
  assert kinds.startswith("6 hidden, 2 .txt, ") and "1 .mov" in kinds
  said = capsys.readouterr().out
  (broken,) = _numbers(r"unreadable files: (\d+)", said)
  train_a, test_a = (
    _numbers(rf"\| {split} pictures +\| +(\d+) ", said)[0]
    for split in ("training", "test")
  )
  assert train_a + test_a == readable
  assert readable + broken + others == _FILES
  report = (tmp_path / "packed" / "report.json").read_text(encoding="utf-8")
  assert "nowhere.jpg" in report

  log.clear()
  _run(
    train,
    **data,
    model_dir=tmp_path / "run",
    crop_size=32,
    gen_n_filters=4,
    disc_n_filters=4,
    n_res_blocks=1,
    train_steps=1,
    precision="float32",
  )
  counted, others = _numbers(left.replace("([^\\n]*)", "[^\\n]*"), log.text)
  bad, _ = _numbers(r"(\d+) of (\d+) files are left out", log.text)
  held, all_a = _numbers(rf"{a}: (\d+) of (\d+) pictures are held", log.text)
  assert all_a == readable and 1 <= held <= 2
  assert (counted - bad, counted + others) == (readable, _FILES)

  log.clear()
  monkeypatch.setattr("sys.argv", ["translate"])
  with pytest.raises(errors.UserError) as error:
    _run(translate, model=halving, input=a, output=tmp_path / "out")
  # Videos are tried as well; these hold none.
  done, tried = _numbers(r"(\d+) of (\d+) files were", str(error.value))
  (others,) = _numbers(rf"{a}: (\d+) files left out: 6 hidden", log.text)
  assert done == readable == len(_files(tmp_path / "out"))
  assert tried + others == _FILES
  str(error.value).encode("utf-8", "surrogateescape")


if __name__ == "__main__":
  conftest.main(__file__)
