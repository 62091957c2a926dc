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
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import sources
from official.cyclegan.evaluation import distribution_distance
from official.cyclegan.evaluation import features
from official.cyclegan.evaluation import validation
from tests import conftest


def _shift(amount):
  """A generator that adds a number, in [-1, 1]."""
  inputs = tf.keras.Input((None, None, 3))
  outputs = tf.keras.layers.Rescaling(1.0, amount)(inputs)
  return validation.from_generator(tf.keras.Model(inputs, outputs))


def _images(level, count=25):
  """Pictures around a level in [-1, 1], with some texture."""
  rng = np.random.default_rng(0)
  noise = rng.integers(-3, 4, (count, 32, 32, 3))
  return (127.5 * (level + 1) + noise).astype(np.uint8)


def _evaluator(paired=True, mask=None, count_B=25):
  images = {"A": _images(0.0), "B": _images(0.4, count_B)}
  return validation.Evaluator(validation.TestSet(images, images, paired, mask))


@pytest.mark.slow
def test_errors_are_what_they_say():
  got = _evaluator().measure(_shift(0.3), _shift(-0.1))
  level = 1.5 / 255  # rounding to 8 bits, twice, and a little
  np.testing.assert_allclose(got["relative_l1_AB"], 0.25, atol=0.03)
  np.testing.assert_allclose(got["relative_l1_BA"], 0.75, atol=0.03)
  np.testing.assert_allclose(got["relative_l1"], 0.5, atol=0.03)
  np.testing.assert_allclose(got["cycle_l1"], 0.1, atol=level)
  np.testing.assert_allclose(got["identity_l1"], (0.05 + 0.15) / 2, atol=level)
  np.testing.assert_allclose(got["edge_correlation"], 1, atol=0.05)
  assert "masked_relative_l1" not in got


def test_the_masked_error_looks_inside_the_mask_only():
  mask = np.zeros((25, 32, 32), bool)
  mask[:, :8] = True

  def right_inside(images):
    images = images.copy()
    images[:, :8] += 0.2  # 0.4 in [-1, 1]
    return images

  evaluator = _evaluator(mask=mask)
  got = evaluator.measure_direction("AtoB", right_inside, None)
  np.testing.assert_allclose(got["masked_relative_l1"], 0, atol=0.02)
  np.testing.assert_allclose(got["relative_l1"], 0.75, atol=0.02)
  assert "cycle_l1" not in got


@pytest.mark.slow
@pytest.mark.one_stack
def test_distances_are_those_of_the_other_domains_pictures():
  evaluator = _evaluator(paired=False, count_B=30)
  translated = _images(0.1)
  got = evaluator.measure_translations("AtoB", translated)
  described = [
    features.random_features(x) for x in (translated, _images(0.4, 30))
  ]
  assert got["fid_random"] == distribution_distance.fid(*described)
  mean, deviation = distribution_distance.kid(*described)
  assert (got["kid_random"], got["kid_random_std"]) == (mean, deviation)
  patches = [
    features.laplacian_patches(x) for x in (translated, _images(0.4, 30))
  ]
  each = [distribution_distance.fid(*level) for level in zip(*patches)]
  np.testing.assert_allclose(got["fid_patches"], each[1])  # not the finest
  assert not any("relative_l1" in name for name in got)


def test_copies_of_training_pictures_are_found():
  rng = np.random.default_rng(0)
  references, real, new = rng.integers(0, 256, (3, 20, 32, 32, 3), np.uint8)
  test_set = validation.TestSet(
    {"A": new[:8], "B": real}, {"A": new, "B": references}
  )
  evaluator = validation.Evaluator(test_set)
  order = [3, 17, 0, 5]
  noise = rng.integers(0, 4, (4, 32, 32, 3), np.uint8)
  copies = references[order] // 2 * 2 - references[order] // 64 + noise
  similar, measures = evaluator.nearest("AtoB", copies)
  np.testing.assert_array_equal(similar, references[order])
  assert measures["nearest_ratio"] < 0.5
  _, measures = evaluator.nearest("AtoB", new[:8])
  assert 0.8 < measures["nearest_ratio"] < 1.2
  # Real test pictures of A are among those compared with: no ratio.
  similar, measures = evaluator.nearest("BtoA", new[4:6])
  np.testing.assert_array_equal(similar, new[4:6])
  assert not measures


def test_copies_stay_copies_where_features_are_rounded(monkeypatch):
  # A picture's features differ by rounding with the size of its batch.
  exact = features.random_features
  rng = np.random.default_rng(0)

  def rounded(images):
    maps = exact(images)
    return maps * rng.uniform(1 - 1e-6, 1 + 1e-6, maps.shape)

  monkeypatch.setattr(features, "random_features", rounded)
  images, others = rng.integers(0, 256, (2, 20, 32, 32, 3), np.uint8)
  test_set = validation.TestSet(
    {"A": images[:8], "B": others[:8]}, {"A": images, "B": others}
  )
  evaluator = validation.Evaluator(test_set)
  for translated in (images[4:6], others[4:6]):
    assert not evaluator.nearest("BtoA", translated)[1]


@pytest.mark.slow
@pytest.mark.one_stack
def test_an_extractor_of_ones_own_is_used_too():
  test_set = validation.TestSet(
    {"A": _images(0), "B": _images(0.4)}, {"A": _images(0), "B": _images(0.4)}
  )
  evaluator = validation.Evaluator(test_set, lambda x: x.mean(axis=(1, 2)))
  got = evaluator.measure(_shift(0.4), _shift(-0.4))
  assert got["fid_inception"] < 2 and "kid_inception_std" in got
  alone = {domain: x[:1] for domain, x in test_set.images.items()}
  evaluator = validation.Evaluator(
    validation.TestSet(alone, alone), lambda x: x.mean(axis=(1, 2))
  )
  got = evaluator.measure(_shift(0.4), _shift(-0.4))
  assert "fid_inception" not in got and "fid_random" in got


@pytest.mark.slow
@pytest.mark.one_stack
def test_doing_nothing_is_far_from_the_others_by_every_distance():
  evaluator = _evaluator()
  nothing = evaluator.measure_translations("AtoB", _images(0.0))
  right = evaluator.measure_translations("AtoB", _images(0.4))
  for name in ("fid_random", "kid_random", "relative_l1"):
    assert right[name] < nothing[name], name


def test_load_takes_the_first_images_and_training_pictures(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=32
  )
  source = sources.open_source(config)
  test_set = validation.load(source, 32, max_images=2)
  assert {d: len(x) for d, x in test_set.images.items()} == {"A": 2, "B": 2}
  counts = {d: len(x) for d, x in test_set.references.items()}
  assert counts == {"A": 8, "B": 5}
  assert not test_set.paired and test_set.mask is None
  assert test_set.images["A"].dtype == np.uint8
  same = validation.load(source, 32, reference="test")
  np.testing.assert_array_equal(same.references["B"], same.images["B"])


def test_metrics_that_a_data_set_cannot_give_are_refused(pictures):
  config = config_lib.DataConfig(dataset=str(pictures), paired=True)
  paired = sources.open_source(config)
  unpaired = sources.open_source(config_lib.DataConfig(dataset=str(pictures)))
  validation.check_metric("objective", "relative_l1", paired)
  validation.check_metric("objective", "kid_random", unpaired)
  with pytest.raises(errors.UserError, match="--objective=relative_l1"):
    validation.check_metric("objective", "relative_l1", unpaired)
  with pytest.raises(errors.UserError, match="Use relative_l1"):
    validation.check_metric("best_metric", "masked_relative_l1", paired)


if __name__ == "__main__":
  conftest.main(__file__)
