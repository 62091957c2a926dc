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
import PIL.Image
import PIL.ImageFilter
import pytest

from official.cyclegan.evaluation import sharpness
from tests import conftest


def _noise(channels=3, seed=0):
  rng = np.random.default_rng(seed)
  return rng.integers(60, 190, (2, 20, 30, channels), np.uint8)


def _blurred(images):
  made = [
    PIL.Image.fromarray(x).filter(PIL.ImageFilter.GaussianBlur(1))
    for x in images
  ]
  return np.stack([np.asarray(x) for x in made])


@pytest.mark.parametrize("channels", [1, 3])
def test_equals_a_count_pixel_by_pixel(channels):
  images, truth = _noise(channels), _noise(channels, 1)
  weights = [0.299, 0.587, 0.114] if channels == 3 else [1.0]
  energy, wanted, error, total = 0.0, 0.0, 0.0, 0.0
  for made, right in zip(images.astype(float), truth.astype(float)):
    for y in range(19):
      for x in range(29):
        squares = []
        for image in (made, right):
          here, beside, below = (
            float(image[place] @ weights)
            for place in ((y, x), (y, x + 1), (y + 1, x))
          )
          squares.append((beside - here) ** 2 + (below - here) ** 2)
        energy += squares[0]
        wanted += squares[1]
        length = squares[1] ** 0.5
        total += length
        error += length * np.abs(made[y, x] - right[y, x]).mean() / 255
  np.testing.assert_allclose(
    sharpness.sharpness(images, truth), energy / wanted, rtol=1e-4
  )
  np.testing.assert_allclose(
    sharpness.edge_l1(images, truth), error / total, rtol=1e-4
  )


def test_a_blur_is_seen_and_the_truth_is_sharp():
  truth = _noise()
  blurred = _blurred(truth)
  assert sharpness.sharpness(truth, truth) == 1
  assert sharpness.edge_l1(truth, truth) == 0
  assert sharpness.sharpness(blurred, truth) < 0.3
  assert sharpness.sharpness(truth, blurred) > 3


def test_flat_pictures():
  flat = np.full((1, 8, 8, 3), 70, np.uint8)
  noise = _noise()[:1, :8, :8]
  assert sharpness.sharpness(flat, flat) == 1
  assert sharpness.sharpness(noise, flat) == np.inf
  assert sharpness.edge_l1(noise, flat) == 0


if __name__ == "__main__":
  conftest.main(__file__)
