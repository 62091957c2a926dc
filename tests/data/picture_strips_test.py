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

import os
import signal
import subprocess
import sys
import tracemalloc

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import image_output
from official.cyclegan.data import picture_strips
from tests import color_files
from tests import conftest

pytest.importorskip("pyvips", reason="needs pyvips and pyvips-binary")


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch):
  monkeypatch.setattr(picture_strips, "LARGE", 1000)


def _pixels(height=77, width=55, channels=3):
  rng = np.random.default_rng(0)
  return rng.integers(0, 256, (height, width, channels), np.uint8)


def _write(path, mode="RGB", orientation=1, **options):
  if orientation > 1:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    options["exif"] = exif
  PIL.Image.fromarray(_pixels()).convert(mode).save(path, **options)


_FILES = {
  "a.png": {},
  "grey.png": {"mode": "L"},
  "a.tif": {"compression": "tiff_deflate"},
  "a.jpg": {"quality": 95},
  "turned.jpg": {"quality": 95, "orientation": 6},
  "flipped.jpg": {"quality": 95, "orientation": 2},
}


@pytest.mark.parametrize("name", _FILES)
def test_pillows_own_limit_of_pixels_is_not_ours(tmp_path, monkeypatch, name):
  """Which is 179 megapixels, below what --max_pixels allows."""
  path = str(tmp_path / name)
  _write(path, **_FILES[name])
  monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
  picture = picture_strips.open_strips(path)
  assert np.concatenate(list(picture.strips())).shape == (
    picture.height,
    picture.width,
    3,
  )
  image_output.read_kept(path, ("exif", "icc"))


@pytest.mark.parametrize("name", [*_FILES, "p3.png"])
def test_strips_are_what_is_read_as_a_whole(tmp_path, name):
  path = str(tmp_path / name)
  options = dict(_FILES.get(name, {}))
  if name == "p3.png":
    options["icc_profile"] = color_files.profile(color_files.DISPLAY_P3, 2.2)
  _write(path, **options)
  picture = picture_strips.open_strips(path)
  want = image_files.read(path)
  for rows in (10, 1000):  # it can be read again
    got = np.concatenate(list(picture.strips(rows)))
    np.testing.assert_array_equal(got, want)
  assert (picture.height, picture.width) == want.shape[:2]


@pytest.mark.parametrize("size", [(8, 8), (100, 50), (4, 130), (270, 200)])
@pytest.mark.parametrize("rows", [1, 10, 1000])
def test_the_thumbnail_is_a_resized_picture(size, rows):
  coarse = _pixels(15, 11).repeat(16, axis=0).repeat(16, axis=1)
  ramp = np.linspace(0.3, 1, coarse.shape[1])[:, None]
  pixels = np.uint8(coarse * ramp)
  strips = (pixels[top : top + rows] for top in range(0, len(pixels), rows))
  got = picture_strips.shrunk(strips, len(pixels), size)
  want = image_files.resize(pixels, *size)
  assert got.shape == want.shape and got.dtype == np.float32
  # Of edges as hard as these more is cut off at 0 and 255 on the way.
  assert np.abs(got - want).mean() < 0.5 and np.abs(got - want).max() < 10


@pytest.mark.parametrize("shape", [(100, 9000), (9000, 100), (1000, 900)])
def test_a_thumbnails_memory_is_that_of_the_copy(shape):
  """Wide pictures were held as floats, as a whole."""
  height, width = shape
  made = 0

  def strips():
    nonlocal made
    for _ in range(0, height, 25):
      made += 1
      yield np.full((25, width, 3), made % 256, np.uint8)

  tracemalloc.start()
  try:
    size = (height // 10, width // 10)
    got = picture_strips.shrunk(strips(), height, size)
    _, most = tracemalloc.get_traced_memory()
  finally:
    tracemalloc.stop()
  assert got.shape == (*size, 3) and got[-1].mean() > got[0].mean()
  strip = 25 * width * 3
  # Floats of a strip's means; rows of one mean are half as many as of a pixel.
  assert most < 20 * strip + 8 * 2 * got.nbytes < 8 * height * width * 3


_SLOWLY = """
import sys, time
import numpy as np
from official.cyclegan.core import signals
from official.cyclegan.data import picture_strips

def strips():
  for i in range(400):
    print(i, flush=True)
    time.sleep(0.01)
    yield np.full((16, 3000, 3), i % 256, np.uint8)

with signals.raised():
  picture_strips.write(sys.argv[1], strips(), 6400, 3000)
"""


@pytest.mark.slow(seconds=14)
@pytest.mark.one_stack
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
@pytest.mark.parametrize(
  ("number", "code"),
  [
    (signal.SIGINT, -signal.SIGINT),
    (signal.SIGTERM, 143),
    (signal.SIGHUP, 129),
  ],
)
def test_signals_end_the_writing_at_once(tmp_path, name, number, code):
  """Libvips, which calls back what makes the pixels, lost them."""
  path = tmp_path / name
  path.write_bytes(b"before")
  with subprocess.Popen(
    [sys.executable, "-c", _SLOWLY, str(path)],
    cwd=conftest.ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  ) as process:
    while process.stdout.readline() != "100\n":
      pass
    process.send_signal(number)
    rest, said = process.communicate()
  assert process.returncode == code, said
  assert len(rest.splitlines()) < 150
  assert "VIPS" not in said and "ignored" not in said
  assert path.read_bytes() == b"before"
  assert os.listdir(tmp_path) == [name]


def _palette(path):
  _write(path, mode="P")


def _see_through(path):
  PIL.Image.fromarray(_pixels(channels=4)).save(path)


def _deep(path):
  PIL.Image.fromarray(_pixels(channels=1)[..., 0].astype(np.uint16)).save(path)


@pytest.mark.parametrize("write", [_palette, _see_through, _deep])
def test_what_needs_pillow_is_left_to_it(tmp_path, write):
  path = str(tmp_path / "a.png")
  write(path)
  assert picture_strips.open_strips(path) is None


def test_small_pictures_and_missing_libraries_are_left_to_pillow(
  tmp_path, monkeypatch
):
  path = str(tmp_path / "a.png")
  _write(path)
  assert picture_strips.can_write(path)
  assert not picture_strips.can_write("a.webp")
  with monkeypatch.context() as patch:
    patch.setattr(picture_strips, "LARGE", 10_000)
    assert picture_strips.open_strips(path) is None
  monkeypatch.setattr(picture_strips, "is_available", lambda: False)
  assert picture_strips.open_strips(path) is None
  assert not picture_strips.can_write(path)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_what_is_written_is_what_was_given(tmp_path, ending, channels):
  path = str(tmp_path / f"a.{ending}")
  pixels = _pixels(channels=channels)
  picture_strips.write(
    path, [pixels[:50], pixels[50:]], 77, 55, channels, quality=100
  )
  got = image_files.read(path)[..., :channels].astype(int)
  tolerance = 80 if ending == "jpg" else 0  # noise's colours are halved
  assert np.abs(got - pixels).max() <= tolerance
  with PIL.Image.open(path) as image:
    assert ("icc_profile" in image.info) == (channels == 3)


def _fails():
  yield _pixels()[:50]
  raise errors.UserError("stop")


def test_what_fails_leaves_what_was_there(tmp_path):
  path = tmp_path / "a.png"
  path.write_bytes(b"before")
  with pytest.raises(errors.UserError, match="stop"):
    picture_strips.write(str(path), _fails(), 77, 55)
  with pytest.raises(errors.StorageError, match="a.png"):
    picture_strips.write(str(path), [_pixels()[:50]], 77, 55)  # too few rows
  assert path.read_bytes() == b"before"
  assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_damaged_file_is_one_line(tmp_path):
  path = tmp_path / "a.png"
  _write(str(path))
  path.write_bytes(path.read_bytes()[:2000])
  picture = picture_strips.open_strips(str(path))
  with pytest.raises(image_files.UnreadableError, match="a.png") as error:
    list(picture.strips())
  assert "\n" not in str(error.value)


if __name__ == "__main__":
  conftest.main(__file__)
