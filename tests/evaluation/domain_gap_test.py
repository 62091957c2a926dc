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

from official.cyclegan.evaluation import domain_gap
from tests import conftest

_SIZE = 48


def _things(rng, count, square=None):
  """Returns pictures of a thing before a rough ground, all in any colours."""
  y, x = np.mgrid[0:_SIZE, 0:_SIZE]
  images = []
  for _ in range(count):
    ground, thing = rng.uniform(0.2, 0.8, (2, 3))
    image = ground + 0.2 * (x / _SIZE - 0.5)[..., None] * rng.uniform(-1, 1, 3)
    middle, radius = rng.uniform(16, 32, 2), rng.uniform(8, 12)
    away = np.abs(np.stack([y, x], -1) - middle)
    is_square = rng.random() < 0.5 if square is None else square
    inside = (away.max(-1) if is_square else np.hypot(*away.T).T) < radius
    image[inside] = thing
    image += rng.normal(0, 0.03, (_SIZE, _SIZE, 1))
    images.append(image)
  return np.clip(images, 0, 1)


def _smooth(images):
  """Returns pictures without their finest details."""
  shifts = [(dy, dx) for dy in (0, 1) for dx in (0, 1)]
  return np.mean([np.roll(images, shift, (1, 2)) for shift in shifts], axis=0)


def _levels(images):
  return np.uint8(np.clip(images, 0, 1) * 255)


def _turned(images):
  """Returns pictures with other colours: red has become green and so on."""
  return images[..., [2, 0, 1]] * [1.0, 0.8, 0.6] + [0.0, 0.1, 0.3]


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
  ("change", "main"),
  [
    (lambda rng, n: _things(rng, n), domain_gap.SIMILAR),
    (lambda rng, n: _turned(_things(rng, n)), domain_gap.COLOUR),
    (lambda rng, n: _things(rng, n) ** 0.4, domain_gap.COLOUR),
    (lambda rng, n: 0.3 + 0.4 * _things(rng, n), domain_gap.COLOUR),
    (lambda rng, n: _smooth(_things(rng, n)), domain_gap.TEXTURE),
    (
      lambda rng, n: _smooth(_turned(_things(rng, n))),
      domain_gap.TEXTURE,
    ),
  ],
)
def test_the_most_demanding_difference_is_named(seed, change, main):
  rng = np.random.default_rng(seed)
  images_a = _levels(_things(rng, 60))
  images_b = _levels(change(rng, 60))
  gap = domain_gap.measure(images_a, images_b, seed)
  assert gap.main == main, gap
  assert gap.counts == (60, 60)
  assert (gap.enough is None) or gap.main != domain_gap.SIMILAR


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize("grey", [False, True])
def test_shapes(grey):
  rng = np.random.default_rng(2)
  pair = [_levels(_things(rng, 80, square)) for square in (True, False)]
  if grey:
    pair = [images[..., :1] for images in pair]
  gap = domain_gap.measure(*pair)
  assert gap.main == domain_gap.SHAPE, gap
  assert gap.accuracies[domain_gap.COLOUR].value < 0.7


def test_unequal_piles_weigh_alike():
  """A discriminator that always says A is right in half of the cases."""
  rng = np.random.default_rng(0)
  found = domain_gap.accuracy(
    rng.normal(size=(200, 3)), rng.normal(size=(20, 3))
  )
  assert 0.3 < found.value < 0.7
  assert found.low < 0.5 < found.high
  apart = domain_gap.accuracy(
    rng.normal(size=(200, 3)), rng.normal(4, size=(20, 3))
  )
  assert apart.value > 0.9


def test_the_interval_holds_the_truth():
  """Guessing is right in half of the cases, whatever the sample says."""
  rng = np.random.default_rng(0)
  held, widths = 0, {}
  for count in (10, 40):
    for _ in range(20):
      pair = rng.normal(size=(2, count, 2))
      found = domain_gap.accuracy(*pair)
      held += found.low <= 0.5 <= found.high
      assert 0.0 <= found.low <= found.value <= found.high <= 1.0
      widths[count] = found.high - found.low
  assert held >= 30  # of 40
  assert widths[40] < 0.7 * widths[10]


def test_certainty_has_an_interval_too():
  pair = np.zeros((30, 1)), np.ones((30, 1))
  found = domain_gap.accuracy(*pair)
  assert found.value == found.high == 1.0
  assert 0.8 < found.low < 1.0


def test_harder_differences_take_more_pictures():
  rng = np.random.default_rng(3)

  def needed(gap):
    pair = rng.normal(size=(300, 40)), rng.normal(gap, size=(300, 40))
    value = domain_gap.accuracy(*pair).value
    return domain_gap._enough(*pair, value, 0)

  (easy, tried), (hard, most) = needed(1.0), needed(0.25)
  assert easy == tried == 10 and (hard is None or hard > easy)
  assert most in (20, 50, 100)


def test_what_all_cannot_learn_was_tried_with_half_of_them():
  rng = np.random.default_rng(3)
  pair = rng.normal(size=(110, 40)), rng.normal(0.3, size=(110, 40))
  assert domain_gap._enough(*pair, 1.5, 0) == (None, 50)
  few = [features[:12] for features in pair]
  assert domain_gap._enough(*few, 1.5, 0) == (None, 0)


def _accuracies(colour, texture, shape, half=0.03):
  values = zip(domain_gap.KINDS, (colour, texture, shape))
  return {k: domain_gap.Accuracy(v, v - half, v + half) for k, v in values}


@pytest.mark.parametrize(
  ("values", "main"),
  [
    ((0.5, 0.5, 0.5), domain_gap.SIMILAR),
    ((1.0, 0.5, 0.5), domain_gap.COLOUR),
    ((1.0, 0.98, 0.6), domain_gap.TEXTURE),
    ((1.0, 0.98, 0.8), domain_gap.TEXTURE),  # little is left of it
    ((1.0, 0.75, 0.93), domain_gap.SHAPE),
    ((0.5, 0.65, 0.5), domain_gap.TEXTURE),
    ((0.9, 0.62, 0.5), domain_gap.COLOUR),
    ((0.5, 0.5, 0.65), domain_gap.SHAPE),
  ],
)
def test_verdicts(values, main):
  assert domain_gap.verdict(_accuracies(*values)) == main


def test_wide_intervals_say_nothing():
  wide = _accuracies(0.6, 0.6, 0.6, half=0.2)
  assert domain_gap.verdict(wide) == domain_gap.SIMILAR


@pytest.mark.parametrize(
  ("main", "value", "half", "is_open"),
  [
    (domain_gap.SIMILAR, 0.6, 0.2, True),
    (domain_gap.SIMILAR, 0.5, 0.1, False),
    (domain_gap.COLOUR, 0.9, 0.05, False),
  ],
)
def test_nothing_known_is_not_nothing_there(main, value, half, is_open):
  accuracies = _accuracies(value, 0.5, 0.5, half)
  gap = domain_gap.Gap(accuracies, main, None, (40, 40))
  assert gap.is_open == is_open


def test_small_pictures_are_refused():
  images = np.zeros((8, 16, 12, 3), np.uint8)
  with pytest.raises(ValueError, match="12 pixels are too small"):
    domain_gap.measure(images, images)


def test_few_pictures():
  rng = np.random.default_rng(0)
  images = _levels(_things(rng, 8))
  with pytest.raises(ValueError, match="too few"):
    domain_gap.measure(images[:3], images)
  gap = domain_gap.measure(images[:4], images[4:])
  assert gap.counts == (4, 4)
  widths = [a.high - a.low for a in gap.accuracies.values()]
  assert min(widths) > 0.3
  assert gap.is_open == (gap.main == domain_gap.SIMILAR)
  assert dataclasses.asdict(gap)["main"] in (
    *domain_gap.KINDS,
    domain_gap.SIMILAR,
  )


@pytest.mark.parametrize("shape", [(16, 16), (50, 37), (130, 96)])
def test_pictures_of_any_size(shape):
  rng = np.random.default_rng(0)
  images = rng.integers(0, 256, (3, *shape, 3), np.uint8)
  images[0] = 128  # flat
  for see in domain_gap._SEES.values():
    found = see(images)
    assert len(found) == 3 and np.isfinite(found).all()


if __name__ == "__main__":
  conftest.main(__file__)
