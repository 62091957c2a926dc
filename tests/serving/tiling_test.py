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

from official.cyclegan.serving import tiling
from tests import conftest

_REACH = 5


def _local(image):
  """A translation that sees 5 pixels far, and 0 beyond the border."""
  padded = np.pad(image, [(0, 0), (_REACH,) * 2, (_REACH,) * 2, (0, 0)])
  across = 2 * _REACH + 1
  rows = sum(padded[:, i : i + image.shape[1]] for i in range(across))
  both = sum(rows[:, :, i : i + image.shape[2]] for i in range(across))
  return both / across**2


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("rows", [1, 50, 1000])
@pytest.mark.parametrize(
  ("height", "width"),
  [(70, 99), (64, 64), (10, 7), (129, 300), (200, 61), (200, 30)],
)
def test_tiles_make_the_picture_that_one_pass_makes(height, width, rows, fixed):
  rng = np.random.default_rng(0)
  image = rng.integers(0, 256, (height, width, 3), np.uint8)
  layout = tiling.Layout(64, 16, fixed)
  shapes = set()

  def run(tile):
    shapes.add(tile.shape[1:3])
    return _local(tile)

  strips = (image[i : i + rows] for i in range(0, height, rows))
  got = list(tiling.translate(strips, height, width, 4, layout, run))
  more = [(0, max(-n % 4, 64 - n)) for n in (height, width)]
  padded = np.pad(image, [*more, (0, 0)], mode="symmetric")
  want = _local(padded[None].astype(np.float32) / 255)[0, :height, :width]
  np.testing.assert_allclose(np.concatenate(got), want, atol=1e-5)
  assert max(len(strip) for strip in got) <= 32  # it comes strip by strip
  small = {10: 32, 7: 32, 30: 48}  # with a margin, of whole 16 pixels
  assert shapes == {
    tuple(64 if fixed else small.get(n, 64) for n in (height, width))
  }


@pytest.mark.parametrize("reach", [0, 3, 16, 100, 300])
def test_every_kept_pixel_is_far_from_its_tiles_border(reach):
  layout = tiling.layout(reach)
  assert layout.margin >= reach and layout.size % 16 == 0
  for length in (layout.size, layout.size + 4, 5000):
    parts = tiling.parts(length, layout)
    assert parts[0].kept.start == 0 and parts[-1].kept.stop == length
    for before, after in zip(parts, parts[1:]):
      assert before.kept.stop == after.kept.start
      assert after.kept.start - after.start >= reach
      assert before.start + layout.size - before.kept.stop >= reach
    assert all(part.start % 4 == 0 for part in parts)
    assert parts[-1].start + layout.size == length


if __name__ == "__main__":
  conftest.main(__file__)
