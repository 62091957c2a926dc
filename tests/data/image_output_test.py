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

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest

from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import image_output
from tests import color_files
from tests import conftest


@pytest.fixture
def image():
  return conftest.smooth_picture(np.random.default_rng(0), 24, 36)


def _exif(width=36, height=24, orientation=6):
  exif = PIL.Image.Exif()
  exif[0x010F], exif[0x0112] = "Maker", orientation
  inner = exif.get_ifd(0x8769)
  inner[0xA002], inner[0xA003] = width, height
  inner[0x927C] = b"note with offsets"
  exif.get_ifd(0x8825)[1] = "N"
  return exif


def _read(path):
  with PIL.Image.open(path) as picture:
    picture.load()
    return picture


def _p3_like():
  """A profile of RGB with other primaries: sRGB's red and green swapped."""
  profile = bytearray(image_files.srgb_profile())
  count = struct.unpack_from(">I", profile, 128)[0]
  places = {
    bytes(profile[p : p + 4]): p for p in range(132, 132 + 12 * count, 12)
  }
  red, green = places[b"rXYZ"], places[b"gXYZ"]
  profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
  return bytes(profile)


@pytest.mark.parametrize("ending", image_output.ENDINGS)
def test_the_ending_names_the_format_and_colours_are_srgb(
  image, tmp_path, ending
):
  path = str(tmp_path / f"x{ending.upper()}")
  image_output.write(path, image, quality=98)
  picture = _read(path)
  assert picture.format == image_output.ENDINGS[ending]
  made = np.asarray(picture.convert("RGB")).astype(int)
  exact = picture.format in ("PNG", "TIFF")
  assert np.abs(made - image).max() <= (0 if exact else 12)
  profile = PIL.ImageCms.ImageCmsProfile(
    io.BytesIO(picture.info["icc_profile"])
  )
  assert "sRGB" in PIL.ImageCms.getProfileDescription(profile)
  grey = image[..., :1]
  image_output.write(path, grey, quality=98)
  made = np.asarray(_read(path).convert("L")).astype(int)
  assert np.abs(made - grey[..., 0]).max() <= (0 if exact else 12)
  assert os.listdir(tmp_path) == [os.path.basename(path)]


def test_files_are_the_same_from_run_to_run(image, tmp_path, monkeypatch):
  image_output.write(str(tmp_path / "a.png"), image)
  image_files.srgb_profile.cache_clear()
  create = PIL.ImageCms.createProfile

  def later(space):
    profile = bytearray(PIL.ImageCms.ImageCmsProfile(create(space)).tobytes())
    profile[24:26] = b"\x08\x00"
    return PIL.ImageCms.ImageCmsProfile(io.BytesIO(bytes(profile))).profile

  monkeypatch.setattr(PIL.ImageCms, "createProfile", later)
  image_output.write(str(tmp_path / "b.png"), image)
  assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_quality_makes_files_smaller(image, tmp_path):
  noisy = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
  for ending in (".jpg", ".webp", ".avif"):
    sizes = []
    for quality in (20, 95):
      path = tmp_path / f"{quality}{ending}"
      image_output.write(str(path), noisy, quality)
      sizes.append(path.stat().st_size)
    assert sizes[0] < sizes[1] / 2


@pytest.mark.parametrize("name", ["x.gif", "x", "x.heic"])
def test_other_endings_are_refused(image, tmp_path, name):
  with pytest.raises(errors.UserError, match="cannot write.*webp"):
    image_output.write(str(tmp_path / name), image)
  assert not os.listdir(tmp_path)


def test_a_format_that_pillow_lacks_is_refused(image, tmp_path, monkeypatch):
  monkeypatch.setattr(PIL.features, "check", lambda name: name != "avif")
  image_output.write(str(tmp_path / "x.webp"), image)
  with pytest.raises(errors.UserError, match="cannot write AVIF.*pillow"):
    image_output.write(str(tmp_path / "x.avif"), image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_transparency_is_kept_upright(image, tmp_path, orientation):
  alpha = np.random.default_rng(2).integers(0, 256, image.shape[:2], np.uint8)
  source = str(tmp_path / "in.png")
  PIL.Image.fromarray(np.dstack([image, alpha])).save(
    source, exif=_exif(orientation=orientation)
  )
  kept = image_output.read_kept(source, ("alpha",))
  # The pixel that is first as it is shown is in a corner of the file that
  # EXIF 2.32, table 6, names.
  corners = {
    1: alpha[0, 0],
    2: alpha[0, -1],
    3: alpha[-1, -1],
    4: alpha[-1, 0],
    5: alpha[0, 0],
    6: alpha[-1, 0],
    7: alpha[-1, -1],
    8: alpha[0, -1],
  }
  assert kept.alpha[0, 0] == corners[orientation]
  assert kept.exif is kept.icc is kept.times is None
  upright = image.transpose(1, 0, 2) if orientation > 4 else image
  for ending in (".png", ".webp", ".tiff", ".avif"):
    path = str(tmp_path / f"out{ending}")
    image_output.write(path, upright, 100, kept)
    made = np.asarray(_read(path).getchannel("A")).astype(int)
    assert np.abs(made - kept.alpha).max() <= (2 if ending == ".avif" else 0)
  with pytest.raises(errors.UserError, match="--keep=alpha: JPEG files have"):
    image_output.check_alpha("x.jpg", "keep")
  image_output.check_alpha(".png", "keep")


@pytest.mark.parametrize("made", ["jpg", "png", "webp", "avif"])
def test_all_that_a_heic_has_is_kept(image, tmp_path, made):
  pillow_heif = pytest.importorskip("pillow_heif")
  alpha = np.arange(image[..., 0].size, dtype=np.uint8).reshape(image.shape[:2])
  source = str(tmp_path / "in.heic")
  picture = PIL.Image.fromarray(np.dstack([image, alpha]))
  pillow_heif.from_pillow(picture).save(
    source, quality=-1, exif=_exif().tobytes(), icc_profile=_p3_like()
  )
  kept = image_output.read_kept(source, ("alpha", "exif", "icc"))
  assert kept.icc == _p3_like()
  # It is written as it is shown by its EXIF data, turned to the right.
  np.testing.assert_allclose(kept.alpha, np.rot90(alpha, -1), atol=2)
  image = np.ascontiguousarray(np.rot90(image, -1))
  target = str(tmp_path / f"out.{made}")
  image_output.write(target, image, kept=kept)
  result = _read(target)
  assert result.getexif()[0x010F] == "Maker"
  assert result.info["icc_profile"] == _p3_like()
  assert result.has_transparency_data == (made != "jpg")


def test_a_profile_that_is_not_of_colours_is_said(image, tmp_path, caplog):
  source = str(tmp_path / "in.jpg")
  PIL.Image.fromarray(image[..., 0]).save(
    source, icc_profile=color_files.grey_profile(1.8)
  )
  kept = image_output.read_kept(source, ("icc",))
  assert kept.icc is None
  assert "in.jpg: icc could not be kept (it is a profile of GRAY" in caplog.text


def test_opaque_and_indexed_pictures(image, tmp_path):
  PIL.Image.fromarray(image).save(tmp_path / "opaque.png")
  kept = image_output.read_kept(str(tmp_path / "opaque.png"), ("alpha",))
  assert kept.alpha is None
  indexed = PIL.Image.fromarray(image).quantize(8)
  indexed.save(tmp_path / "indexed.png", transparency=3)
  kept = image_output.read_kept(str(tmp_path / "indexed.png"), ("alpha",))
  np.testing.assert_array_equal(kept.alpha == 0, np.asarray(indexed) == 3)


@pytest.mark.parametrize("made", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("given", ["jpg", "png", "webp", "tiff"])
def test_metadata_is_kept_but_for_orientation(image, tmp_path, given, made):
  source, target = str(tmp_path / f"in.{given}"), str(tmp_path / f"out.{made}")
  PIL.Image.fromarray(image).save(source, exif=_exif().tobytes())
  os.utime(source, ns=(10**18, 10**18 + 7_000_000_000))
  kept = image_output.read_kept(source, ("exif",))
  image_output.write(target, image.transpose(1, 0, 2), kept=kept)
  exif = _read(target).getexif()
  assert exif[0x010F] == "Maker" and exif.get(0x0112, 1) == 1
  inner = exif.get_ifd(0x8769)
  want = (24, 36)
  assert (inner[0xA002], inner[0xA003]) == want
  assert inner[0x927C] == b"note with offsets"
  assert exif.get_ifd(0x8825)[1] == "N"
  assert os.stat(target).st_mtime_ns == 10**18 + 7_000_000_000


def _entry(tag, kind, count, value):
  return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")


# EXIF data that is not as the standard has it: kept as it is, byte by byte.
_ODD = {
  "number_as_text": _entry(0x011A, 2, 4, b"72\0\0"),
  "nonsense_type": _entry(0x0110, 99, 7, b"abcd"),
  "beyond_the_end": _entry(0x010F, 2, 900, struct.pack("<I", 1 << 30)),
  "signed_unit": _entry(0x0128, 8, 1, struct.pack("<h", -2)),
  "floats": _entry(0x0110, 12, 1, struct.pack("<I", 8)),
}


@pytest.mark.parametrize("odd", _ODD)
def test_odd_metadata_does_not_matter(image, tmp_path, odd):
  orientation = _entry(0x0112, 3, 1, struct.pack("<H", 6))
  tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + orientation + _ODD[odd]
  tiff += struct.pack("<I", 60) + b"thumbnail"
  source = str(tmp_path / "in.jpg")
  PIL.Image.fromarray(image).save(source, exif=b"Exif\0\0" + tiff)
  kept = image_output.read_kept(source, ("exif",))
  want = tiff.replace(
    orientation, _entry(0x0112, 3, 1, struct.pack("<H", 1))
  ).replace(struct.pack("<I", 60) + b"thumb", struct.pack("<I", 0) + b"thumb")
  assert kept.exif == b"Exif\0\0" + want
  for ending in ("jpg", "png", "webp", "tiff", "avif"):
    target = str(tmp_path / f"out.{ending}")
    image_output.write(target, image, kept=kept)
    picture = _read(target)
    assert picture.size == (36, 24)
    if ending in ("jpg", "png", "webp"):
      assert want in picture.info["exif"]


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_damaged_metadata_is_left_out_and_logged(image, tmp_path, cut, caplog):
  tiff = _exif().tobytes()[6:]
  try:
    image_output.upright_exif(tiff[:cut], turned=True)
    whole = True
  except ValueError:
    whole = False
  source = str(tmp_path / "in.png")
  PIL.Image.fromarray(image).save(source, exif=b"Exif\0\0" + tiff[:cut])
  kept = image_output.read_kept(source, ("exif", "alpha"))
  assert bool(kept.exif) == whole
  assert ("exif could not be kept" in caplog.text) == (not whole)
  image_output.write(str(tmp_path / "out.png"), image, kept=kept)


def test_another_profile_is_kept_and_colours_are_converted(image, tmp_path):
  profile, source = _p3_like(), str(tmp_path / "in.png")
  PIL.Image.fromarray(image).save(source, icc_profile=profile)
  kept = image_output.read_kept(source, ("icc",))
  assert kept.icc == profile
  for ending, off in (("png", 2), ("jpg", 12), ("tiff", 2), ("avif", 12)):
    target = str(tmp_path / f"out.{ending}")
    image_output.write(target, image, 98, kept)
    picture = _read(target)
    assert picture.info["icc_profile"] == profile
    # With red and green swapped in the profile, they are in the file.
    made = np.asarray(picture).astype(int)
    assert np.abs(made - image[..., [1, 0, 2]]).max() <= off


@pytest.mark.parametrize("icc", [b"", b"no profile", bytes(600)])
def test_profiles_that_are_none_leave_srgb(image, tmp_path, icc, caplog):
  source, target = str(tmp_path / "in.png"), str(tmp_path / "out.png")
  PIL.Image.fromarray(image).save(source, icc_profile=icc or None)
  kept = image_output.read_kept(source, ("icc",))
  assert kept.icc is None
  image_output.write(target, image, kept=kept)
  assert _read(target).info["icc_profile"] == image_files.srgb_profile()


def test_nothing_is_opened_if_nothing_is_kept():
  assert image_output.read_kept("missing.png", ()) == image_output.NOTHING


if __name__ == "__main__":
  conftest.main(__file__)
