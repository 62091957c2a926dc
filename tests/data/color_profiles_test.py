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

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.data import color_profiles
from official.cyclegan.data import image_files
from official.cyclegan.data import image_headers
from tests import color_files
from tests import conftest

_LEVELS = np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)


def _converted(convert, levels=_LEVELS):
  return np.asarray(convert(PIL.Image.fromarray(levels))).astype(float)


@pytest.mark.parametrize(
  ("primaries", "gamma"),
  [
    (color_files.DISPLAY_P3, 2.2),
    (color_files.ADOBE_RGB, 2.19921875),
    (color_files.BT709, 1.0),
  ],
)
def test_profiles_are_converted_as_their_numbers_say(primaries, gamma):
  profile = color_files.profile(primaries, gamma)
  got = _converted(color_profiles.from_profile(profile, "RGB"))
  want = color_files.shown(_LEVELS, primaries, gamma)
  assert np.abs(got - want).max() <= 2
  assert np.abs(got - _LEVELS).mean() > 3  # something was done


def test_grey_profiles_are_for_grey():
  profile = color_files.grey_profile(1.0)
  grey = np.arange(256, dtype=np.uint8)[None]
  got = _converted(color_profiles.from_profile(profile, "L"), grey)
  want = color_files.linear_to_srgb(grey / 255.0)[..., None]
  assert got.shape == (1, 256, 3) and np.abs(got - want).max() <= 2
  assert color_profiles.from_profile(profile, "RGB") is None


def test_srgb_under_any_name_needs_nothing():
  assert color_profiles.from_profile(image_files.srgb_profile(), "RGB") is None
  assert color_profiles.from_profile(None, "RGB") is None


def test_profiles_of_noise_count_as_none():
  whole = color_files.profile(color_files.DISPLAY_P3, 2.2)
  for damaged in (b"x", whole[:200], bytes(600), whole[:128] + bytes(400)):
    assert color_profiles.from_profile(damaged, "RGB") is None


def test_lab_is_shown_as_pillow_has_it():
  image = PIL.Image.new("LAB", (1, 1), (128, 128, 128))
  shown = np.asarray(color_profiles.from_profile(None, "LAB")(image))
  assert shown.shape == (1, 1, 3) and np.ptp(shown) <= 4
  assert abs(int(shown[0, 0, 1]) - 119) <= 2  # L* = 50.2


@pytest.mark.parametrize(
  ("points", "primaries", "gamma"),
  [
    ((12, 4), color_files.DISPLAY_P3, 2.2),
    ((1, 8), color_files.BT709, 1.0),
    ((9, 8), (0.708, 0.292, 0.170, 0.797, 0.131, 0.046), 1.0),
  ],
)
def test_code_points_are_converted_by_their_formulas(points, primaries, gamma):
  space = image_headers.CodePoints(*points)
  got = _converted(color_profiles.from_space(space))
  want = color_files.shown(_LEVELS, primaries, gamma)
  assert np.abs(got - want).max() <= 1


def test_spaces_like_srgb_need_nothing():
  gamma = image_headers.Gamma
  white_and_primaries = (*color_files.D65, *color_files.BT709)
  for space in (
    None,
    image_headers.CodePoints(1, 13),
    image_headers.CodePoints(2, 2),
    image_headers.CodePoints(1, 1),
    gamma(0.45455),
    gamma(0.45455, white_and_primaries),
  ):
    assert color_profiles.from_space(space) is None, space


def test_gamma_and_chromaticities_are_used():
  space = image_headers.Gamma(
    1 / 2.2, (*color_files.D65, *color_files.DISPLAY_P3)
  )
  got = _converted(color_profiles.from_space(space))
  want = color_files.shown(_LEVELS, color_files.DISPLAY_P3, 2.2)
  assert np.abs(got - want).max() <= 1
  got = _converted(color_profiles.from_space(image_headers.Gamma(1.0)))
  want = color_files.linear_to_srgb(_LEVELS / 255.0)
  assert np.abs(got - want).max() <= 1
  # Chromaticities of nothing are no reason to stop.
  odd = color_profiles.from_space(image_headers.Gamma(1.0, (0.0,) * 8))
  np.testing.assert_array_equal(_converted(odd), got)


@pytest.mark.parametrize("transfer", [16, 18])
def test_light_above_white_is_compressed_and_keeps_its_hue(transfer):
  convert = color_profiles.from_space(image_headers.CodePoints(1, transfer))
  ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, -1)
  shown = _converted(convert, ramp)[0, :, 0]
  assert (np.diff(shown) >= 0).all() and shown[0] == 0 and shown[-1] == 255
  # Half of the signal is dark in PQ, and the upper quarter not all white.
  assert len(np.unique(shown[128:192])) > 40
  red = ramp.copy()
  red[..., 1:] = 0
  assert _converted(convert, red)[..., 1:].max() == 0


def test_a_profile_in_a_file_is_the_same_in_every_format(tmp_path):
  profile = color_files.profile(color_files.DISPLAY_P3, 2.2)
  flat = np.repeat(_LEVELS[:4, :4], 8, 0).repeat(8, 1)
  want = color_files.shown(flat, color_files.DISPLAY_P3, 2.2)
  for kind, options in (
    ("PNG", {}),
    ("TIFF", {}),
    ("WEBP", {"lossless": True}),
    ("JPEG", {"quality": 100, "subsampling": 0}),
  ):
    memory = io.BytesIO()
    PIL.Image.fromarray(flat).save(memory, kind, icc_profile=profile, **options)
    (tmp_path / "a").write_bytes(memory.getvalue())
    got = image_files.read(str(tmp_path / "a"))
    tolerance = 6 if kind == "JPEG" else 2
    assert np.abs(got - want).max() <= tolerance, kind
    assert not image_files.inspect(str(tmp_path / "a")).plain, kind


if __name__ == "__main__":
  conftest.main(__file__)
