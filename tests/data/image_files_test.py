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
import io
import os
import struct
import zlib

import numpy as np
import PIL.Image
import PIL.ImageOps
import PIL.PngImagePlugin
import pytest
import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files
from official.cyclegan.data import preprocessing
from tests import color_files
from tests import conftest
from tests import odd_files


def _picture(height=20, width=30):
  return conftest.smooth_picture(np.random.default_rng(0), height, width)


def test_png_round_trip_and_jpeg_close(tmp_path):
  image = _picture()
  for name, tolerance in (("a.png", 0), ("a.jpg", 6), ("a.JPEG", 6)):
    path = str(tmp_path / name)
    image_files.write(path, image)
    got = image_files.read(path)
    assert got.shape == image.shape and got.dtype == np.uint8
    assert np.abs(got.astype(int) - image).max() <= tolerance
  assert sorted(os.listdir(tmp_path)) == ["a.JPEG", "a.jpg", "a.png"]


def test_odd_files_show_what_they_hold(tmp_path):
  expected = odd_files.write_good(tmp_path)
  assert len(expected) > 38
  for name, (shown, off) in expected.items():
    path = str(tmp_path / name)
    got = image_files.read(path, odd_files.BACKGROUND_NAME)
    assert got.dtype == np.uint8 and got.shape == shown.shape, name
    assert np.abs(got - shown.astype(float)).max() <= off, name
    info = image_files.inspect(path)
    assert (info.height, info.width) == shown.shape[:2], name


def test_exif_cmyk_and_16_bits_are_pillows_reading(tmp_path):
  odd_files.write_good(tmp_path)
  names = [f"exif_{i}.jpg" for i in range(1, 9)]
  for name in [*names, "cmyk.jpg", "16_bit.png", "16_bit.tif"]:
    with PIL.Image.open(tmp_path / name) as image:
      want = PIL.ImageOps.exif_transpose(image)
      if name.startswith("16"):
        levels = np.asarray(want).astype(int)
        assert levels.max() > 255
        want = np.repeat(levels[..., None] >> 8, 3, -1)
      else:
        want = np.asarray(want.convert("RGB"))
    np.testing.assert_array_equal(image_files.read(str(tmp_path / name)), want)


def test_files_that_hold_no_picture_are_refused_in_words(tmp_path):
  for name, words in odd_files.write_bad(tmp_path).items():
    with pytest.raises(errors.UserError) as error:
      image_files.read(str(tmp_path / name))
    message = str(error.value)
    assert name in message and words in message, message
    remedy = "or replace it." if "huge" in name else "Replace or remove it."
    assert "\n" not in message and message.endswith(remedy), message


def test_luma_is_pillows():
  image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
  want = preprocessing.to_channels(tf.constant(image), 1)
  np.testing.assert_array_equal(image_files.luma(image), want)


def test_what_is_no_picture_is_named(tmp_path):
  path = tmp_path / "a.jpg"
  image_files.write(str(path), _picture())
  whole = path.read_bytes()
  for contents in (b"This is no picture.", whole[: len(whole) // 2], b""):
    path.write_bytes(contents)
    with pytest.raises(errors.UserError, match="a.jpg") as error:
      image_files.read(str(path))
    message = str(error.value)
    assert "\n" not in message and "Replace or remove" in message


def test_16_bits_are_halved_in_depth(tmp_path):
  levels = np.arange(0, 2**16, 997, dtype=np.uint16)[None, :, None]
  (tmp_path / "a.png").write_bytes(tf.io.encode_png(levels).numpy())
  got = image_files.read(str(tmp_path / "a.png"))
  np.testing.assert_array_equal(got, np.repeat(levels // 256, 3, -1))


@pytest.mark.parametrize("size", [(13, 50), (40, 60), (9, 9), (20, 30)])
def test_resizes_like_tensorflow(size):
  image = _picture()
  got = image_files.resize(image, *size)
  assert got.shape == (*size, 3) and got.dtype == np.float32
  want = preprocessing.resize(tf.constant(image), *size)
  np.testing.assert_allclose(got, want, atol=0.01)


def test_write_says_what_is_wrong(tmp_path):
  with pytest.raises(errors.UserError, match=".webp"):
    image_files.write(str(tmp_path / "a.webp"), _picture())
  with pytest.raises(errors.UserError, match="cannot be written"):
    image_files.write(str(tmp_path / "no" / "a.png"), _picture())


def test_folder_that_is_a_file_is_refused(tmp_path):
  (tmp_path / "file").write_text("")
  files.make_folder(str(tmp_path / "new" / "deep"), "output_dir")
  for path in ("file", "file/below"):
    with pytest.raises(errors.UserError, match="--output_dir="):
      files.make_folder(str(tmp_path / path), "output_dir")


def test_animation_shows_the_frames_in_order(tmp_path):
  frames = [np.full((8, 10, 3), value, np.uint8) for value in (10, 120, 240)]
  path = str(tmp_path / "film.gif")
  image_files.write_animation(path, frames, [100, 100, 900])
  with PIL.Image.open(path) as film:
    assert film.format == "GIF" and film.n_frames == 3
    assert film.info["loop"] == 0
    for i, frame in enumerate(frames):
      film.seek(i)
      shown = np.asarray(film.convert("RGB")).astype(int)
      assert np.abs(shown - frame).max() <= 2
      assert film.info["duration"] == (900 if i == 2 else 100)
  assert os.listdir(tmp_path) == ["film.gif"]


def test_animation_that_cannot_be_written(tmp_path):
  frame = np.zeros((4, 4, 3), np.uint8)
  with pytest.raises(errors.UserError, match="cannot be written"):
    image_files.write_animation(
      str(tmp_path / "missing" / "film.gif"), [frame], [100]
    )


def test_odd_exif_leaves_the_orientation(tmp_path):
  """Tags of other types than they should have, as cameras do write them."""
  odd = [
    struct.pack(">HHIf", 0x0110, 11, 1, 1.5),  # the model, a number
    struct.pack(">HHIi", 0x0128, 9, 1, -2),  # the unit, negative
    struct.pack(">HHI4s", 0x011A, 2, 4, b"72\0\0"),  # the resolution, text
    struct.pack(">HHII", 0x8825, 4, 1, 2**31),  # GPS beyond the end
  ]
  memory = io.BytesIO()
  PIL.Image.fromarray(_picture()).save(memory, "JPEG", quality=95)
  plain = memory.getvalue()
  (tmp_path / "a.jpg").write_bytes(plain)
  upright = image_files.read(str(tmp_path / "a.jpg"))
  for entries in ([], odd[:1], odd[1:2], odd[2:3], odd[3:], odd):
    block = b"Exif\0\0" + color_files.exif(6, *entries)
    data = color_files.with_segments(plain, color_files.segment(0xE1, block))
    (tmp_path / "a.jpg").write_bytes(data)
    got = image_files.read(str(tmp_path / "a.jpg"))
    np.testing.assert_array_equal(got, np.rot90(upright, -1))
    info = image_files.inspect(str(tmp_path / "a.jpg"))
    assert (info.height, info.width, info.plain) == (30, 20, False)


def test_png_metadata_does_not_decide(tmp_path):
  large = b"Title\0\0" + zlib.compress(bytes(80_000_000))
  xmp = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(80_000_000))
  profile = b"icc\0\0" + zlib.compress(bytes(80_000_000))
  for chunk in (
    color_files.chunk(b"zTXt", large),
    color_files.chunk(b"iTXt", xmp),
    color_files.chunk(b"iCCP", profile),
    color_files.chunk(b"iCCP", b"icc"),
    color_files.chunk(b"tEXt", b"a\0b", right=False),
    color_files.chunk(b"eXIf", b"MM", right=False),
    color_files.chunk(b"pHYs", b""),
    color_files.chunk(b"acTL", b"x"),
  ):
    (tmp_path / "a.png").write_bytes(color_files.png(_picture(), chunk))
    got = image_files.read(str(tmp_path / "a.png"))
    np.testing.assert_array_equal(got, _picture(), str(chunk[4:8]))


def test_png_colours_are_as_their_chunks_say(tmp_path):
  points = color_files.chunk(b"cICP", bytes([12, 4, 0, 1]))
  gamma = color_files.chunk(b"gAMA", struct.pack(">I", 100_000))
  for chunk, primaries, power in (
    (points, color_files.DISPLAY_P3, 2.2),
    (gamma, color_files.BT709, 1.0),
  ):
    (tmp_path / "a.png").write_bytes(color_files.png(_picture(), chunk))
    got = image_files.read(str(tmp_path / "a.png"))
    want = color_files.shown(_picture(), primaries, power)
    assert np.abs(got - want).max() <= 1


def test_transparent_pictures_are_laid_over_after_conversion(tmp_path):
  alpha = np.linspace(0, 255, 600).reshape(20, 30, 1).astype(np.uint8)
  rgba = np.concatenate([_picture(), alpha], -1)
  profile = color_files.profile(color_files.DISPLAY_P3, 2.2)
  PIL.Image.fromarray(rgba).save(tmp_path / "a.png", icc_profile=profile)
  got = image_files.decode(str(tmp_path / "a.png"), "#102030")
  share = alpha / 255
  shown = color_files.shown(_picture(), color_files.DISPLAY_P3, 2.2)
  want = shown * share + np.array([0x10, 0x20, 0x30]) * (1 - share)
  assert np.abs(got.rgb - want).max() <= 2
  np.testing.assert_array_equal(got.alpha, alpha[..., 0])
  image_files.write(str(tmp_path / "b.png"), _picture())
  assert image_files.decode(str(tmp_path / "b.png")).alpha is None


def test_whatever_a_decoder_raises_is_the_files_problem(tmp_path, monkeypatch):
  path = str(tmp_path / "a.png")
  image_files.write(path, _picture())

  class OddError(Exception):
    pass

  for raised in (OddError("first\nsecond"), RecursionError(), MemoryError()):

    def fail(*_, raised=raised):
      raise raised

    monkeypatch.setattr(PIL.PngImagePlugin.PngImageFile, "_open", fail)
    with pytest.raises(image_files.UnreadableError) as error:
      image_files.read(path)
    assert error.value.path == path and error.value.reason
    assert "\n" not in str(error.value) and path in str(error.value)


def test_written_pictures_say_that_they_are_srgb(tmp_path):
  for name in ("a.png", "a.jpg"):
    image_files.write(str(tmp_path / name), _picture())
    with PIL.Image.open(tmp_path / name) as image:
      assert image.info["icc_profile"] == image_files.srgb_profile()
  assert image_files.inspect(str(tmp_path / "a.jpg")).plain
  grey = _picture()[..., :1]
  image_files.write(str(tmp_path / "b.png"), grey)
  got = image_files.read(str(tmp_path / "b.png"))
  np.testing.assert_array_equal(got, np.repeat(grey, 3, -1))


def test_tall_pictures_are_read_and_resized_in_strips(tmp_path):
  rng = np.random.default_rng(4)
  image = rng.integers(0, 256, (700, 40, 3), np.uint8)
  PIL.Image.fromarray(image).save(tmp_path / "a.png")
  got = image_files.read(str(tmp_path / "a.png"))
  np.testing.assert_array_equal(got, image)
  for size in ((333, 50), (90, 7), (1500, 41), (700, 40)):
    want = preprocessing.resize(tf.constant(image), *size)
    got = image_files.resize(image, *size)
    np.testing.assert_allclose(got, want, atol=0.05)
    levels = image_files.resize_to_levels(image, *size)
    assert levels.dtype == np.uint8
    assert np.abs(levels - np.asarray(want)).max() <= 0.55


def test_a_jpeg_read_to_be_made_small_looks_the_same(tmp_path):
  y, x = np.mgrid[:2100, :2300]
  waves = np.sin(x / 3) * np.sin(y / 5) + np.sin((x + y) / 90)
  image = np.clip(128 + 60 * waves, 0, 255).astype(np.uint8)
  image = np.stack([image, 255 - image, image // 2], -1)
  PIL.Image.fromarray(image).save(tmp_path / "a.jpg", quality=92)
  path = str(tmp_path / "a.jpg")
  whole, part = image_files.read(path), image_files.read(path, shrink_to=100)
  assert whole.shape == image.shape and part.shape == (1050, 1150, 3)
  small = [image_files.resize(i, 128, 128) for i in (whole, part)]
  assert np.abs(small[0] - small[1]).max() <= 2


def test_common_range_is_of_all_deep_pictures(tmp_path):
  paths = []
  for i, (low, high) in enumerate(((900, 4000), (100, 2000))):
    levels = np.linspace(low, high, 600).reshape(20, 30, 1).astype(np.uint16)
    paths.append(str(tmp_path / f"{i}.png"))
    (tmp_path / f"{i}.png").write_bytes(color_files.png(levels))
  image_files.write(str(tmp_path / "8.png"), _picture())
  (tmp_path / "broken.png").write_text("no")
  paths += [str(tmp_path / "8.png"), str(tmp_path / "broken.png")]
  found = image_files.common_range(paths)
  assert abs(found.low - 100) < 2 and abs(found.high - 4000) < 2
  assert image_files.common_range(paths[2:]) is None
  assert image_files.measure(paths[2]) is None


def test_a_pipe_is_no_picture_and_is_not_opened(tmp_path):
  os.mkfifo(tmp_path / "x.jpg")
  with pytest.raises(image_files.UnreadableError, match="x.jpg.*a pipe"):
    image_files.read(str(tmp_path / "x.jpg"))
  with pytest.raises(image_files.UnreadableError, match="/dev/zero.*a device"):
    image_files.inspect("/dev/zero")


if __name__ == "__main__":
  conftest.main(__file__)
