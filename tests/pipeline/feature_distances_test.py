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
"""Tests of the steps that measure pictures; whole jobs: evaluate_many_lib_test.

The pipeline's own functions, without workers.
"""

import random

import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.evaluation import distribution_distance
from tests import conftest

beam = pytest.importorskip(
  "apache_beam", reason="Beam's extra is not installed."
)
from apache_beam.testing import util  # noqa: E402

from official.cyclegan.pipeline import feature_distances  # noqa: E402

_COUNTS = {feature_distances.INPUT: 33, feature_distances.REFERENCE: 61}


def _described(rng):
  """Returns all pictures' features, and the rows of what describes them."""
  settings = feature_distances.Settings(
    "", "", "", "", 8, config_checks.resolve(config_lib.Config()).data
  )
  whole, rows = [], []
  for side, count in _COUNTS.items():
    images = rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    describe = feature_distances.Describe(settings, side)
    describe._read = images.__getitem__
    describe._extractors = {
      "random": lambda some: some.reshape(len(some) * 4, -1).astype(np.float32)
    }
    whole.append(images.reshape(count * 4, -1))
    for first in range(0, count, 10):
      chunk = [(i, i) for i in range(first, min(count, first + 10))]
      for made in describe.process((first // 10, chunk), *_COUNTS.values()):
        if made.tag == "rows":
          rows.append(made.value)
  return whole, rows


def _grouped(rows):
  groups = {}
  for key, value in rows:
    groups.setdefault(key, []).append(value)
  return groups


def test_subsets_are_those_of_the_whole():
  whole, rows = _described(np.random.default_rng(0))
  random.Random(0).shuffle(rows)
  values = [
    distance
    for group in _grouped(rows).items()
    for _, (_, distance) in feature_distances._subset_distances(group)
  ]
  wanted = distribution_distance.kid(*(w.astype(np.float32) for w in whole))
  assert len(values) == distribution_distance.SUBSETS
  assert (np.mean(values), np.std(values)) == pytest.approx(wanted, rel=1e-9)


def test_missing_features_are_an_error_and_no_figure():
  _, rows = _described(np.random.default_rng(1))
  with pytest.raises(RuntimeError, match="of 66 vectors"):
    for group in _grouped(rows[:5] + rows[9:]).items():
      list(feature_distances._subset_distances(group))


def test_pictures_are_numbered_as_folders_lists_them(monkeypatch, tmp_path):
  """However they come, and into whatever parts they are sorted."""
  monkeypatch.setattr(feature_distances, "_BUCKETS", 3)
  names = ["a/z.png", "a.png", "a0.png", "b/c/1.png", "b.c.png", "b/d.png"]
  for name in [*names, *(f"e/{i}.png" for i in range(12))]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image_files.write(str(path), np.zeros((4, 4, 3), np.uint8))
  wanted = folders.scan(str(tmp_path)).images
  assert list(wanted) != sorted(wanted)
  with beam.Pipeline() as pipeline:
    paths = pipeline | beam.Create(random.Random(0).sample(wanted, len(wanted)))
    numbers = feature_distances.numbered(paths, "some")
    util.assert_that(numbers, util.equal_to(list(enumerate(wanted))))


def test_pictures_are_read_as_those_of_a_folder_are(pictures):
  from official.cyclegan.data import sources

  config = config_checks.resolve(
    config_lib.Config(data=config_lib.DataConfig(dataset=str(pictures)))
  ).data
  source = sources.open_source(config)
  for path, image in zip(
    source.split_files["testA"], source.images("testA").as_numpy_iterator()
  ):
    np.testing.assert_array_equal(feature_distances.read(path, config), image)


if __name__ == "__main__":
  conftest.main(__file__)
