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

import numpy as np
import pytest

from official.cyclegan.scenes import fruit_scenes
from tests import conftest

_SCENES = 40


def _draw(seed, domain, size=64):
  scene = fruit_scenes.sample(np.random.default_rng([9, seed]))
  return fruit_scenes.render(scene, domain, size)


@pytest.fixture(scope="module")
def drawn():
  pairs = [[_draw(i, domain) for domain in "AB"] for i in range(_SCENES)]
  apples = np.stack([a[0] for a, _ in pairs]).astype(int)
  oranges = np.stack([b[0] for _, b in pairs]).astype(int)
  masks = [np.stack([p[k][1] for p in pairs]) for k in (0, 1)]
  return apples, oranges, masks


def test_domains_differ_only_inside_the_mask(drawn):
  apples, oranges, masks = drawn
  np.testing.assert_array_equal(*masks)
  outside = masks[0][..., 0] == 0
  np.testing.assert_array_equal(apples[outside], oranges[outside])
  assert np.abs(apples - oranges)[~outside].mean() > 30
  assert 0.08 < (~outside).mean() < 0.4


def test_apples_are_red_and_oranges_orange(drawn):
  apples, oranges, masks = drawn
  inside = masks[0][..., 0] > 0
  red = apples[inside].mean(axis=0)
  orange = oranges[inside].mean(axis=0)
  assert red[0] > 2 * red[1] and red[0] > 2 * red[2]
  assert orange[0] > orange[1] > 2 * orange[2]


def test_other_objects_wear_the_fruits_colours():
  """No rule on a pixel's colour alone can tell the fruits."""
  scenes = [
    fruit_scenes.sample(np.random.default_rng([9, i])) for i in range(200)
  ]
  colours = [d.colour for s in scenes for d in s.distractors]
  red = [c for c in colours if c[0] > 0.55 and c[1] < 0.25 and c[2] < 0.25]
  orange = [
    c for c in colours if c[0] > 0.8 and 0.3 < c[1] < 0.6 and c[2] < 0.2
  ]
  assert len(red) > 20 and len(orange) > 20
  assert {len(s.fruits) for s in scenes} == {1, 2, 3}


def test_same_scene_same_picture():
  for domain in "AB":
    np.testing.assert_array_equal(_draw(3, domain)[0], _draw(3, domain)[0])
  assert not np.array_equal(_draw(3, "A")[0], _draw(4, "A")[0])


def test_scene_looks_the_same_at_every_size():
  scene = fruit_scenes.sample(np.random.default_rng(1))
  small, _ = fruit_scenes.render(scene, "B", 64)
  large, mask = fruit_scenes.render(scene, "B", 128)
  assert large.shape == (128, 128, 3) and mask.shape == (128, 128, 1)
  shrunk = large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
  assert np.abs(shrunk - small).mean() < 4.0


def test_fruits_lie_inside_the_picture():
  for i in range(100):
    scene = fruit_scenes.sample(np.random.default_rng(i))
    for fruit in scene.fruits:
      assert fruit.radius <= fruit.x <= 1 - fruit.radius
      assert fruit.y <= 1 - fruit.radius
    assert scene.distractors
    assert dataclasses.astuple(scene.fruits[0])


def test_unknown_domain_is_refused():
  scene = fruit_scenes.sample(np.random.default_rng(0))
  with pytest.raises(ValueError, match="'C'"):
    fruit_scenes.render(scene, "C", 64)


if __name__ == "__main__":
  conftest.main(__file__)
