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

from official.cyclegan.scenes import drawing
from tests import conftest


def test_disc_covers_its_area():
  canvas = drawing.Canvas.blank(64)
  u, v = canvas.x - 0.5, canvas.y - 0.4
  for distance in (
    np.hypot(u, v) - 0.3,
    drawing.ellipse_distance(u, v, 0.3, 0.3),
  ):
    area = canvas.coverage(distance).mean()
    np.testing.assert_allclose(area, np.pi * 0.09, rtol=2e-3)


def test_box_and_ellipse_cover_their_areas():
  canvas = drawing.Canvas.blank(64)
  u, v = drawing.rotated(canvas.x, canvas.y, (0.5, 0.5), 0.4)
  box = canvas.coverage(drawing.box_distance(u, v, 0.2, 0.1)).mean()
  np.testing.assert_allclose(box, 0.08, rtol=0.01)
  ellipse = canvas.coverage(drawing.ellipse_distance(u, v, 0.3, 0.15)).mean()
  np.testing.assert_allclose(ellipse, np.pi * 0.045, rtol=0.01)


def test_paint_and_downsample():
  canvas = drawing.Canvas.blank(4)
  canvas.paint(np.array([1.0, 0.5, 0.0], np.float32), np.full((8, 8), 0.5))
  canvas.darken(np.full((8, 8), 0.2))
  picture = drawing.downsample(canvas.rgb)
  assert picture.shape == (4, 4, 3)
  np.testing.assert_allclose(picture[0, 0], [0.4, 0.2, 0.0], atol=1e-6)
  assert drawing.to_uint8(np.array([-1.0, 0.5, 2.0])).tolist() == [0, 128, 255]


def test_noise_is_bounded_smooth_and_repeatable():
  x = np.linspace(0.0, 1.0, 512, dtype=np.float32)[None]
  y = np.zeros_like(x)
  first, again = (
    drawing.value_noise(np.random.default_rng(4), x * 8, y, 8.0)
    for _ in range(2)
  )
  np.testing.assert_array_equal(first, again)
  assert np.abs(first).max() <= 1.0
  assert first.std() > 0.1
  assert np.abs(np.diff(first)).max() < 0.1


def test_noise_looks_the_same_at_every_size():
  def sample(n):
    c = (np.arange(n, dtype=np.float32) + 0.5) / n
    x, y = np.meshgrid(c, c)
    return drawing.fractal_noise(np.random.default_rng(0), x, y, 4.0, 2)

  small, large = sample(32), sample(96)
  np.testing.assert_allclose(small, large[1::3, 1::3], atol=1e-4)


def test_hsv_wraps_around():
  np.testing.assert_allclose(drawing.hsv(0.0, 1, 1), drawing.hsv(1.0, 1, 1))


if __name__ == "__main__":
  conftest.main(__file__)
