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
import numpy as np
import pytest

from official.cyclegan.data import image_files
from official.cyclegan.serving import guided_tensors
from official.cyclegan.serving import guided_upsampling
from tests import conftest


def _picture(height, width, channels=3, seed=0):
  """A picture with sharp edges, in uint8."""
  rng = np.random.default_rng(seed)
  coarse = rng.integers(40, 200, (5, 7, channels), np.uint8)
  rows = np.arange(height) * 5 // height
  columns = np.arange(width) * 7 // width
  noise = rng.integers(0, 9, (height, width, channels), np.uint8)
  return coarse[rows][:, columns] + noise


def _small(image, size):
  return image_files.resize(image, size, size) / 255.0


def _changed(height, width, channels, size, seed, deviation):
  """Returns a picture, its small copy and a random change of that."""
  image = _picture(height, width, channels)
  guide = _small(image, size)
  rng = np.random.default_rng(seed)
  change = rng.normal(0, deviation, guide.shape).astype(np.float32)
  return image, guide, change


def _slowly(image, maps):
  """Applies maps with an independent bilinear enlargement."""
  height, width = image.shape[:2]
  small = maps.shape[0]
  made = np.empty_like(image)
  for y in range(height):
    for x in range(width):
      v, u = (
        min(max((i + 0.5) * small / n - 0.5, 0), small - 1)
        for i, n in ((y, height), (x, width))
      )
      total = 0
      for i in range(small):
        for j in range(small):
          weight = max(0, 1 - abs(v - i)) * max(0, 1 - abs(u - j))
          if weight:
            total = total + weight * maps[i, j]
      pixel = image[y, x] / 255.0
      value = pixel + pixel @ total[:-1] + total[-1]
      made[y, x] = np.rint(np.clip(value * 255, 0, 255))
  return made


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(33, 52), (70, 9), (4, 600)])
def test_equals_a_slow_computation(channels, size):
  image, guide, change = _changed(*size, channels, 8, seed=1, deviation=0.1)
  maps = guided_upsampling.coefficients(guide, change)
  got = guided_upsampling.add_change(image, guide, change)
  assert np.abs(got.astype(int) - _slowly(image, maps)).max() <= 1
  strips = guided_upsampling.Strips(maps, *size)
  parts = [strips.apply(image[i : i + 7], i) for i in range(0, size[0], 7)]
  np.testing.assert_array_equal(np.concatenate(parts), got)


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize("channels", [1, 3])
def test_a_map_of_colours_is_found_and_stays_sharp(channels):
  image = _picture(120, 160, channels)
  rng = np.random.default_rng(2)
  factors = rng.uniform(-0.4, 0.2, (channels, channels))
  guide = _small(image, 32)
  made = guided_upsampling.add_change(
    image, guide, (guide @ factors + 0.1).astype(np.float32)
  )
  values = image / 255.0
  want = np.clip((values + values @ factors + 0.1) * 255, 0, 255)
  assert np.abs(made - want).mean() < 1
  enlarged = image_files.resize((guide + guide @ factors + 0.1) * 255, 120, 160)
  assert np.abs(enlarged - want).mean() > 5 * np.abs(made - want).mean()


@pytest.mark.parametrize("channels", [1, 3])
def test_softened_maps_mix_with_the_small_picture(channels):
  image, guide, change = _changed(60, 80, channels, 16, seed=4, deviation=0.05)
  maps = guided_upsampling.coefficients(guide, change)
  low = np.full_like(guide, 0.5)
  for onto in (None, _picture(60, 80, channels) // 2 + 60):
    sharp = guided_upsampling.apply_maps(image, maps, onto)
    mixed = onto
    if onto is not None:
      mixed = np.rint(0.7 * onto + 0.3 * image).astype(np.uint8)
    got = guided_upsampling.apply_maps(
      image, guided_upsampling.softened(maps, low, 0.7), mixed
    )
    within = (sharp > 0) & (sharp < 255)  # where it was not clipped
    want = 0.7 * sharp + 0.3 * 127.5
    assert within.mean() > 0.5 and np.abs(got - want)[within].max() <= 1.5


@pytest.mark.slow(seconds=8)
@pytest.mark.one_stack
@pytest.mark.parametrize("size", [(257, 9), (300, 9), (384, 280), (9, 391)])
def test_maps_of_bands_are_those_of_the_whole(size, monkeypatch):
  rng = np.random.default_rng(5)
  guide, change = rng.random((2, *size, 3), np.float32)
  given, computed = guided_upsampling._coefficients, []
  monkeypatch.setattr(
    guided_upsampling,
    "_coefficients",
    lambda *parts: computed.append(parts[0].shape) or given(*parts),
  )
  got = guided_upsampling.coefficients(guide, change)
  # The longer side is divided, so that no band is as large as all of it.
  assert max(max(shape[:2]) for shape in computed) < max(size)
  monkeypatch.setattr(guided_upsampling, "_WHOLE", max(size))
  want = guided_upsampling.coefficients(guide, change)
  np.testing.assert_array_equal(got, want)


def test_no_change_changes_nothing():
  image = _picture(50, 40)
  guide = _small(image, 16)
  made = guided_upsampling.add_change(image, guide, np.zeros_like(guide))
  np.testing.assert_array_equal(made, image)


def test_a_change_of_one_colour_on_one_colour_is_kept():
  image = np.full((60, 60, 3), 100, np.uint8)
  guide = _small(image, 8)
  change = np.full_like(guide, 0.2)
  made = guided_upsampling.add_change(image, guide, change)
  np.testing.assert_array_equal(made, np.full_like(image, 151))


@pytest.mark.parametrize("channels", [1, 3])
def test_tensorflow_gives_the_same(channels):
  image, guide, change = _changed(45, 61, channels, 16, seed=3, deviation=0.1)
  values = (image / 255.0).astype(np.float32)
  got = guided_tensors.add_change(values[None], guide[None], change[None])
  want = guided_upsampling.add_change(image, guide, change)
  got = np.clip(got[0].numpy() * 255, 0, 255)
  assert np.abs(got - want).max() <= 0.6


if __name__ == "__main__":
  conftest.main(__file__)
