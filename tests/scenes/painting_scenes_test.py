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

from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.scenes import painting_scenes
from tests import conftest

_SCENES = 36


@pytest.fixture(scope="module")
def scenes():
  return [
    painting_scenes.sample(np.random.default_rng([9, i]))
    for i in range(_SCENES)
  ]


@pytest.fixture(scope="module")
def drawn(scenes):
  return [
    np.stack([painting_scenes.render(s, domain, 64) for s in scenes])
    for domain in "AB"
  ]


def test_all_kinds_are_drawn(scenes):
  assert {s.kind for s in scenes} == set(painting_scenes.KINDS)


def test_no_global_recolouring_solves_it(drawn):
  photos, paintings = drawn
  nothing = paired_metrics.l1(photos, paintings)
  assert nothing > 0.06
  for recolour in (paired_metrics.match_histograms, paired_metrics.fit_affine):
    left = paired_metrics.l1(recolour(photos, paintings), paintings)
    assert left / nothing > 0.65


def test_what_no_model_could_predict_is_below_a_twentieth(scenes, drawn):
  """Only `hand_seed` leaves no trace in A; two hands differ by little."""
  photos, paintings = drawn
  again = np.stack(
    [
      painting_scenes.render(
        dataclasses.replace(s, hand_seed=s.hand_seed + 1), "B", 64
      )
      for s in scenes
    ]
  )
  # Two independent errors add up to sqrt(2) times one.
  share = paired_metrics.l1(again, paintings) / np.sqrt(2)
  share /= paired_metrics.l1(photos, paintings)
  assert 0.01 < share < 1 / 20


def test_hand_leaves_no_trace_in_the_photograph(scenes):
  scene = scenes[0]
  other = dataclasses.replace(scene, hand_seed=scene.hand_seed + 1)
  np.testing.assert_array_equal(
    *[painting_scenes.render(s, "A", 64) for s in (scene, other)]
  )


def test_painting_has_stronger_colours_and_darker_edges(drawn):
  photos, paintings = (images.astype(float) / 255 for images in drawn)

  def chroma(images):
    return (images.max(axis=-1) - images.min(axis=-1)).mean()

  assert chroma(paintings) > 1.2 * chroma(photos)


def test_same_scene_same_picture(scenes):
  for domain in "AB":
    np.testing.assert_array_equal(
      *[painting_scenes.render(scenes[1], domain, 64) for _ in range(2)]
    )


def test_scene_looks_the_same_at_every_size(scenes):
  for scene in scenes[:3]:
    small = painting_scenes.render(scene, "A", 64)
    large = painting_scenes.render(scene, "A", 128)
    shrunk = large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 5.0


def test_unknown_domain_is_refused(scenes):
  with pytest.raises(ValueError, match="'C'"):
    painting_scenes.render(scenes[0], "C", 64)


if __name__ == "__main__":
  conftest.main(__file__)
