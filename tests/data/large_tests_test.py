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

from official.cyclegan.core import config as config_lib
from official.cyclegan.data import image_files
from official.cyclegan.data import large_tests
from official.cyclegan.data import sources
from official.cyclegan.scenes import fruit_scenes
from official.cyclegan.scenes import scene_datasets
from tests import conftest


def _folder(tmp_path, sizes):
  rng = np.random.default_rng(0)
  for split in ("trainA", "trainB", "testA", "testB"):
    (tmp_path / split).mkdir()
    for i, (height, width) in enumerate(sizes):
      picture = conftest.smooth_picture(rng, height, width, split[-1] == "A")
      image_files.write(str(tmp_path / split / f"{i}.jpg"), picture)
  return str(tmp_path)


@pytest.mark.parametrize("paired", [False, True])
def test_large_pictures_of_a_folder_are_found(tmp_path, paired):
  folder = _folder(tmp_path, [(200, 150), (40, 300), (130, 128), (300, 300)])
  config = config_lib.DataConfig(
    dataset=folder, load_size=40, crop_size=32, paired=paired
  )
  source = sources.open_source(config)
  found = large_tests.load(source, "A", 128, 2)
  assert found.images.shape == (2, 128, 128, 3)
  assert (found.truth is not None) == paired
  # In full, not as small as training reads it; the middle of it.
  image = image_files.read(f"{folder}/testA/0.jpg")[25:175]
  want = image_files.resize(image, 128, 128)
  assert np.abs(found.images[0] - want).max() <= 1
  if paired:
    assert found.truth.shape == found.images.shape
  grey = large_tests.load(source, "B", 128, 5, channels=1)
  assert grey.images.shape == (3, 128, 128, 1)
  assert not len(large_tests.load(source, "A", 512, 2).images)


def test_built_in_scenes_are_drawn_anew(few_fruits):
  source = sources.open_source(
    config_lib.DataConfig(dataset=f"{few_fruits}/apple2orange_scenes/64/1.0.0")
  )
  source = dataclasses.replace(source, name="apple2orange_scenes/64")
  found = large_tests.load(source, "B", 96, 2)
  assert found.images.shape == (2, 96, 96, 3)
  seed = (scene_datasets.SEED, 2, 1)
  for domain, pictures in (("B", found.images), ("A", found.truth)):
    want = fruit_scenes.draw(seed, domain, 96)["image"]
    np.testing.assert_array_equal(pictures[1], want)


if __name__ == "__main__":
  conftest.main(__file__)
