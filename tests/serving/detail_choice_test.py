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
import dataclasses
import json
import pathlib

import numpy as np
import pytest

from official.cyclegan.data import image_files
from official.cyclegan.data import large_tests
from official.cyclegan.serving import detail_choice
from official.cyclegan.serving import full_size_report
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import tiling
from tests import conftest


def _pattern(image):
  """Stripes one pixel wide, of which a small copy shows nothing."""
  return np.where(np.arange(image.shape[-2]) % 2, 0.1, -0.1)[:, None]


def _translator(local):
  """A model that turns colours around, or, if local, only adds a pattern."""

  def small(image, *_):
    return image if local else 1 - image

  def tile(image, *_):
    if local:
      return (image + _pattern(image)).astype(np.float32)
    return 1 - np.roll(image, 9, axis=2)

  def translate(image):
    return small(image) if image.shape[1] == 16 or not local else tile(image)

  tiles = image_translator.TileTranslator(
    tiling.Layout(64, 16), 4, lambda image: (small(image), None), tile
  )
  return image_translator.ImageTranslator(translate, 16, 4, 8, tiles=tiles)


def _tests(size, truth):
  rng = np.random.default_rng(0)
  coarse = rng.integers(60, 190, (2, size // 8, size // 8, 3), np.uint8)
  images = coarse.repeat(8, axis=1).repeat(8, axis=2)
  textured = np.rint(images + 255 * _pattern(images)).astype(np.uint8)
  made = {"inverted": 255 - images, "textured": textured, None: None}[truth]
  return large_tests.LargeTests(images, made)


@pytest.mark.slow(seconds=8)
@pytest.mark.one_stack
@pytest.mark.parametrize(
  ("local", "truth", "best", "compared"),
  [
    (False, "inverted", "guided", "truth"),
    (True, "textured", "tiles", "truth"),
    (True, None, "tiles", "native"),
    (False, None, "guided", "native"),
  ],
)
def test_the_best_way_is_found(local, truth, best, compared):
  tests = {factor: _tests(16 * factor, truth) for factor in (2, 4)}
  found = detail_choice.measure(_translator(local), tests, tests)
  assert found["best"] == best and found["compared_with"] == compared
  assert set(found["by_factor"]) == {"2", "4"} and found["pictures"] == 2
  l1 = found["by_factor"]["4"]
  others = set(l1) - {best}
  assert all(l1[best]["l1"] < l1[other]["l1"] for other in others)


def test_without_large_pictures_it_is_guided():
  none = large_tests.LargeTests(np.empty((0, 32, 32, 3), np.uint8), None)
  found = detail_choice.measure(_translator(True), {2: none}, {2: none})
  assert found["best"] == "guided" and found["compared_with"] == ""
  assert found["own_detail"] == 1 and found["noise"] == 0


@pytest.mark.slow
@pytest.mark.one_stack
def test_tiles_keep_as_much_detail_as_the_other_domain_has():
  """Of pictures with fine noise; those of the other domain have less."""
  rng = np.random.default_rng(0)
  noise = rng.integers(-40, 40, (2, 64, 64, 3))
  pictures = {
    contrast: large_tests.LargeTests(
      np.uint8(np.rint(128 + contrast * noise)), None
    )
    for contrast in (1.0, 0.8, 0.1)
  }
  same = dataclasses.replace(
    _translator(True), tiles=_same(), translate=lambda image: image
  )
  shares = [
    detail_choice.own_detail(same, {4: pictures[1.0]}, {4: other})
    for other in pictures.values()
  ]
  assert shares[0] > 0.97 and abs(shares[1] - 0.8) < 0.03 and shares[2] == 0.5
  less = detail_choice.own_detail(same, {4: pictures[0.8]}, {4: pictures[1.0]})
  assert less == 1  # nothing is added
  # The share is what translating takes, except beside `native`, which keeps
  # all of it.
  known = large_tests.LargeTests(pictures[1.0].images, pictures[1.0].images)
  for test, far in ((known, True), (pictures[1.0], False)):
    found = detail_choice.measure(same, {4: test}, {4: pictures[0.8]})
    assert found["own_detail"] == shares[1]
    assert (found["by_factor"]["4"]["tiles"]["l1"] > 0.01) == far


def test_detail_is_compared_at_the_largest_size_that_both_domains_have():
  rng = np.random.default_rng(0)

  def noise(size, contrast):
    made = 128 + contrast * rng.integers(-40, 40, (2, size, size, 3))
    return large_tests.LargeTests(np.uint8(np.rint(made)), None)

  none = large_tests.LargeTests(np.empty((0, 64, 64, 3), np.uint8), None)
  same = dataclasses.replace(_translator(True), tiles=_same())
  small, less = noise(32, 1.0), noise(32, 0.7)
  for tests, others in (
    ({2: small, 4: none}, {2: less, 4: noise(64, 1.0)}),
    ({2: small, 4: noise(64, 1.0)}, {2: less, 4: none}),
  ):
    share = detail_choice.own_detail(same, tests, others)
    assert abs(share - 0.7) < 0.05
  assert detail_choice.own_detail(same, {2: none}, {2: less}) == 1


def _blurred(images):
  """Means of 3x3 pixels."""
  padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="symmetric")
  rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
  return (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9


@pytest.mark.parametrize(
  ("takes", "wanted"), [("for nothing", 0.08), ("for stains", 0)]
)
def test_noise_is_only_for_those_who_do_not_mind(takes, wanted):
  """One draws a grid, whatever the picture; one whitens what looks dirty."""
  grid = np.where(np.arange(16) % 4 < 2, 0.02, -0.02)[:, None, None]

  def translate(images):
    made = 1 - images + grid
    if takes == "for stains":
      made = np.where(np.abs(images - _blurred(images)) > 0.05, 1, made)
    return made.astype(np.float32)

  translator = image_translator.ImageTranslator(translate, 16, 4, 16)
  tests = _tests(64, None)
  none = large_tests.LargeTests(np.empty((0, 128, 128, 3), np.uint8), None)
  found = detail_choice.noise(translator, {4: tests, 8: none})
  assert found == wanted
  assert detail_choice.noise(translator, {2: none}) == 0


def _same():
  """Tiles that change nothing."""
  return image_translator.TileTranslator(
    tiling.Layout(64, 16),
    4,
    lambda image: (image, None),
    lambda image, _: image,
  )


@pytest.mark.parametrize(("name", "default"), [("own_detail", 1), ("noise", 0)])
@pytest.mark.parametrize(
  "share",
  [0.75, 0, 1, "x", None, True, False, -0.1, 2, float("nan"), "missing", "all"],
)
def test_what_export_noted_is_read(models, tmp_path, name, default, share):
  folder = conftest.copy(pathlib.Path(models["export"]), tmp_path / "export")
  report = json.loads((folder / "export.json").read_text())
  noted = {"missing": {}, "all": None}.get(share, {name: share})
  report["detail"]["AtoB"] = noted
  (folder / "export.json").write_text(json.dumps(report))
  opened = image_translator.open_model(str(folder / "g_AB.tflite"), "AtoB")
  valid = share if share in (0.75, 0, 1) and share is not bool(share) else None
  assert getattr(opened, name) == (default if valid is None else valid)


def test_way_that_auto_takes():
  translator = _translator(False)
  for best, want in (("stretch", "stretch"), ("tiles", "tiles")):
    found = dataclasses.replace(translator, best_detail=best)
    assert image_translator.choose_detail(found, "auto") == want
  # Of a model about which nothing is noted, as it always was.
  assert image_translator.choose_detail(translator, "auto") == "stretch"
  assert image_translator.choose_detail(found, "auto", video=True) == "guided"
  without = dataclasses.replace(found, tiles=None)
  assert image_translator.choose_detail(without, "auto") == "guided"
  for old, new in (("fit", "stretch"), ("native", "native")):
    assert image_translator.choose_detail(found, old) == new


@pytest.mark.parametrize("truth", [None, "inverted"])
def test_report_and_sheet(truth):
  tests = _tests(64, truth)
  measured, pictures = full_size_report.compare(_translator(False), tests)
  assert list(measured) == ["stretch", "guided", "tiles", "native"]
  if truth:
    assert measured["stretch"]["l1_ratio"] == 1
    assert measured["native"]["l1"] == 0
    assert measured["native"]["sharpness"] == 1
  sheet = full_size_report.sheet(tests, pictures)
  columns = 6 if truth else 5
  assert sheet.shape == (4 * 194 - 2, columns * 194 - 2, 3)
  # The crop's pixels are squares of the input's.
  assert np.ptp(sheet[194 : 194 + 3, :3].reshape(-1, 3), axis=0).max() == 0
  first = image_files.resize_to_levels(tests.images[0], 192, 192)
  np.testing.assert_array_equal(sheet[:192, :192], first)


if __name__ == "__main__":
  conftest.main(__file__)
