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
import pathlib
import sys

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import level_range
from official.cyclegan.data import image_decoders
from official.cyclegan.data import image_files
from tests import color_files
from tests import conftest

sys.path.insert(0, str(conftest.ROOT / "tools" / "checks"))
import damaged_pictures  # noqa: E402

_DEEP = np.random.default_rng(1).integers(0, 2**16, (9, 13, 3)).astype("u2")
# As of a camera of 10 bits.
_NARROW = (_DEEP >> 6) + 4000
_RANGE = level_range.LevelRange(4000, 5023)


def _read(tmp_path, data, **options):
  (tmp_path / "a").write_bytes(data)
  return image_files.read(str(tmp_path / "a"), **options)


def _mode(tmp_path, data):
  (tmp_path / "a").write_bytes(data)
  info = image_files.inspect(str(tmp_path / "a"))
  assert (info.height, info.width) == (9, 13)
  return info.mode


def _tiff(levels, **options):
  tifffile = pytest.importorskip("tifffile")
  memory = io.BytesIO()
  tifffile.imwrite(memory, levels, **{"photometric": "rgb", **options})
  return memory.getvalue()


def _narrow_shown():
  return (_NARROW.astype(float) - _RANGE.low) / 1023 * 255


@pytest.mark.parametrize("filtered", [False, True])
def test_deep_png_is_read_in_full(tmp_path, filtered):
  for bands, mode in ((1, "L;16"), (3, "RGB;16")):
    deep, narrow = (levels[..., :bands] for levels in (_DEEP, _NARROW))
    data = color_files.png(deep, filtered=filtered)
    assert _mode(tmp_path, data) == mode
    want = np.broadcast_to(deep >> 8, (9, 13, 3))
    np.testing.assert_array_equal(_read(tmp_path, data), want)
    data = color_files.png(narrow, filtered=filtered)
    got = _read(tmp_path, data, levels=_RANGE)
    want = np.broadcast_to(_narrow_shown()[..., :bands], (9, 13, 3))
    assert np.abs(got - want).max() <= 0.5


@pytest.mark.parametrize("bands", [2, 4])
def test_deep_alpha_keeps_its_own_range(tmp_path, bands):
  alpha = np.linspace(0, 65535, 117).reshape(9, 13, 1).astype("u2")
  levels = np.concatenate([_NARROW[..., : bands - 1], alpha], -1)
  got = _read(tmp_path, color_files.png(levels), levels=_RANGE)
  share = alpha / 65535
  want = _narrow_shown()[..., : bands - 1] * share + 255 * (1 - share)
  assert np.abs(got - want).max() <= 2


def test_pictures_of_8_bits_have_no_range(tmp_path):
  levels = _DEEP.astype(np.uint8)
  got = _read(tmp_path, color_files.png(levels), levels=_RANGE)
  np.testing.assert_array_equal(got, levels)


_PLANES = {"planarconfig": "separate"}


@pytest.mark.parametrize(
  "options",
  [
    {},
    {"compression": "zlib", "predictor": True},
    {"tile": (16, 16)},
    {"byteorder": ">"},
    {"bigtiff": True},
    _PLANES,
    {**_PLANES, "compression": "zlib"},
  ],
  ids=str,
)
def test_tiff_of_16_bits_in_any_order_of_bands(tmp_path, options):
  planes = "planarconfig" in options
  for levels, shown, given in (
    (_DEEP, _DEEP >> 8, None),
    (_NARROW, _narrow_shown(), _RANGE),
  ):
    data = _tiff(np.moveaxis(levels, -1, 0) if planes else levels, **options)
    assert _mode(tmp_path, data) == "RGB;16"
    got = _read(tmp_path, data, levels=given)
    assert np.abs(got.astype(float) - shown).max() <= 0.5
  eight = (_DEEP >> 8).astype(np.uint8)
  data = _tiff(np.moveaxis(eight, -1, 0) if planes else eight, **options)
  np.testing.assert_array_equal(_read(tmp_path, data), eight)


def test_tiff_of_16_bits_by_lzw(tmp_path):
  np.testing.assert_array_equal(
    _read(tmp_path, color_files.lzw_tiff(_DEEP)), _DEEP >> 8
  )
  got = _read(tmp_path, color_files.lzw_tiff(_NARROW), levels=_RANGE)
  assert np.abs(got - _narrow_shown()).max() <= 0.5


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_fourth_band_is_alpha_only_if_the_file_says_so(tmp_path, kind):
  full = np.iinfo(kind).max
  color = (_DEEP // (65536 // (full + 1))).astype(kind)
  band = np.linspace(0, full, 117).reshape(9, 13, 1).astype(kind)
  four = np.concatenate([color, band], -1)
  eight = color // ((full + 1) // 256)
  for extra in ("unspecified", None):
    data = _tiff(four, extrasamples=["unspecified"])
    if extra is None:  # as programs do that do not know of the tag
      data = data.replace(b"\x52\x01\x03\0", b"\xfe\xfd\x03\0")
    np.testing.assert_array_equal(_read(tmp_path, data), eight, str(extra))
  share = band / full
  over = 255 * (color / full * share + 1 - share)
  got = _read(tmp_path, _tiff(four, extrasamples=["unassalpha"]))
  assert np.abs(got - over).max() <= 2
  four[..., :3] = np.rint(color * share)
  got = _read(tmp_path, _tiff(four, extrasamples=["assocalpha"]))
  assert np.abs(got - over).max() <= 2


@pytest.mark.parametrize(
  ("levels", "given"),
  [
    (_DEEP.astype(np.float32) / 65535, (0, 1)),
    (_DEEP.astype(np.float64) * 1e-9, (0, 65535e-9)),
    (_DEEP[..., 0].astype(np.float32) - 5, (-5, 65530)),
    ((_DEEP.astype(int) - 2**15).astype(np.int16), (-(2**15), 2**15 - 1)),
    (_DEEP[..., 0].astype(np.uint32) * 1000, (0, 65535000)),
  ],
)
def test_numbers_without_a_range_need_one(tmp_path, levels, given):
  data = _tiff(levels, photometric="rgb" if levels.ndim == 3 else "minisblack")
  with pytest.raises(image_files.UnreadableError, match="--range=LOW,HIGH"):
    _read(tmp_path, data)
  got = _read(tmp_path, data, levels=level_range.LevelRange(*given))
  want = _DEEP / 257 if levels.ndim == 3 else _DEEP[..., :1] / 257
  assert np.abs(got - want).max() <= 1


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("given", [None, (0, 65535)])
def test_one_colour_of_a_deep_png_may_be_transparent(tmp_path, bands, given):
  deep = _DEEP[..., :bands].copy()
  deep[2, 3] = deep[4, 5] = clear = deep[0, 0].copy()
  mark = color_files.chunk(b"tRNS", clear.astype(">u2").tobytes())
  path = tmp_path / "x.png"
  path.write_bytes(color_files.png(deep, mark))
  levels = given and level_range.LevelRange(*given)
  found = image_files.decode(str(path), background="#0000ff", levels=levels)
  is_clear = (deep == clear).all(-1)
  assert is_clear.sum() >= 3
  np.testing.assert_array_equal(found.alpha == 0, is_clear)
  np.testing.assert_array_equal(found.alpha == 255, ~is_clear)
  assert (found.rgb[is_clear] == [0, 0, 255]).all()
  assert np.abs(found.rgb - deep / 257.0)[~is_clear].max() <= 1


def test_white_may_be_zero_in_tiff(tmp_path):
  grey = _DEEP[..., 0]
  data = _tiff(65535 - grey, photometric="miniswhite")
  got = _read(tmp_path, data)
  np.testing.assert_array_equal(got[..., 0], grey >> 8)


def test_kinds_of_tiff_that_nobody_reads_are_refused_in_words(tmp_path):
  four = np.concatenate([_DEEP, _DEEP[..., :1]], -1)
  with pytest.raises(image_files.UnreadableError, match="kind of TIFF"):
    _read(tmp_path, _tiff(four, photometric="separated"))
  whole = _tiff(np.moveaxis(_DEEP, -1, 0), planarconfig="separate")
  with pytest.raises(image_files.UnreadableError, match="cut off"):
    _read(tmp_path, whole[:-100])


def test_heic_and_avif_are_read_whatever_they_are_called(tmp_path):
  pillow_heif = pytest.importorskip("pillow_heif")
  flat = np.repeat(_DEEP[:4, :6].astype(np.uint8), 16, 0).repeat(16, 1)
  image = PIL.Image.fromarray(flat)
  files = {"HEIF": io.BytesIO(), "AVIF": io.BytesIO()}
  heif = pillow_heif.from_pillow(image)
  heif.save(files["HEIF"], quality=-1, chroma=444)
  image.save(files["AVIF"], "AVIF", quality=100, subsampling="4:4:4")
  for name, memory in files.items():
    got = _read(tmp_path, memory.getvalue())
    assert got.shape == flat.shape
    assert np.abs(got.astype(int) - flat).mean() <= 2, name
    assert image_files.inspect(str(tmp_path / "a")).format == name


def test_heic_and_avif_are_upright_and_in_srgb(tmp_path):
  pillow_heif = pytest.importorskip("pillow_heif")
  flat = np.repeat(_DEEP[:4, :6].astype(np.uint8), 16, 0).repeat(16, 1)
  profile = color_files.profile(color_files.DISPLAY_P3, 2.2)
  exif = PIL.Image.Exif()
  exif[0x0112] = 6
  image = PIL.Image.fromarray(flat)
  image.info["exif"] = exif.tobytes()
  image.info["icc_profile"] = profile
  files = {"HEIF": io.BytesIO(), "AVIF": io.BytesIO()}
  pillow_heif.register_heif_opener()
  image.save(files["HEIF"], "HEIF", quality=-1, chroma=444)
  image.save(files["AVIF"], "AVIF", quality=100, subsampling="4:4:4", exif=exif)
  want = np.rot90(color_files.shown(flat, color_files.DISPLAY_P3, 2.2), -1)
  for name, memory in files.items():
    got = _read(tmp_path, memory.getvalue())
    assert got.shape == want.shape, name
    assert np.abs(got - want).mean() <= 2.5, name


def test_heic_without_its_package_is_said(tmp_path, monkeypatch):
  for name in ("pillow_heif", "pi_heif"):
    monkeypatch.setitem(sys.modules, name, None)
  start = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
  with pytest.raises(image_files.UnreadableError, match="pillow-heif"):
    _read(tmp_path, start)


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=str)
def test_jpeg_without_its_end_is_whole_and_others_are_not(tmp_path, options):
  memory = io.BytesIO()
  picture = PIL.Image.fromarray(damaged_pictures.picture())
  picture.save(memory, "JPEG", **options)
  data = memory.getvalue()
  want = _read(tmp_path, data)
  for missing in (1, 2):
    np.testing.assert_array_equal(_read(tmp_path, data[:-missing]), want)
  for missing in (20, len(data) // 3):
    with pytest.raises(image_files.UnreadableError):
      _read(tmp_path, data[:-missing])


@pytest.mark.parametrize(
  ("width", "height", "wanted", "divisor"),
  [
    (4000, 3000, 256, 2),
    (12000, 9000, 256, 8),
    (12000, 9000, 64, 8),
    (12000, 9000, 1024, 2),
    (1000, 9000, 256, 1),
    (12000, 9000, 0, 1),
  ],
)
def test_jpegs_are_reduced_where_much_is_left(width, height, wanted, divisor):
  assert image_decoders.reduction(width, height, wanted) == divisor


def test_a_range_is_what_nearly_all_levels_lie_in():
  levels = np.arange(5000, 6000).repeat(100)
  levels[:3], levels[-3:] = 0, 65535  # dead pixels
  found = image_decoders.measured(levels.reshape(100, -1))
  assert abs(found.low - 5000) <= 1 and abs(found.high - 5999) <= 1
  levels = levels.astype(float)
  levels[50_000] = np.nan
  assert image_decoders.measured(levels) == found
  assert image_decoders.measured(np.full(9, 7)) is None
  assert image_decoders.measured(np.array([np.nan, np.inf])) is None
  few = np.zeros(10**6)
  few[7] = 2.5
  assert image_decoders.measured(few).high == 2.5


def test_damaged_pictures_end_in_pixels_or_in_one_line(tmp_path):
  """Some of what tools/checks/fuzz_pictures.py does by the thousand."""
  done = {}
  for case in damaged_pictures.cases(460, seed=22):
    wrong = damaged_pictures.problem(case, str(tmp_path))
    assert not wrong, (case.name, case.how, wrong)
    done.setdefault(case.how, []).append(case)
  assert set(done) == {
    *("exif", "profile", "other"),
    *("cut", "changed", "moved", "removed", "lengthened"),
  }
  # What has only odd metadata must be read, and is compared.
  assert all(case.shown is not None for case in done["exif"])
  # The comparison can fail: orientation 3 in truth, 1 by what is expected.
  exif = color_files.segment(0xE1, b"Exif\0\0" + color_files.exif(3))
  (seed,) = [s for s in damaged_pictures.seeds() if s.name == "base.jpg"]
  upright = damaged_pictures.Case(
    "turned.jpg",
    color_files.with_segments(seed.data, exif),
    "exif",
    damaged_pictures.shown(seed),
  )
  assert "differ" in damaged_pictures.problem(upright, str(tmp_path))
  assert not list(pathlib.Path(tmp_path).iterdir())


if __name__ == "__main__":
  conftest.main(__file__)
