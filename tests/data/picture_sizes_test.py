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
from official.cyclegan.core import config_checks
from official.cyclegan.data import image_files
from official.cyclegan.data import picture_sizes


def _write(folder, sizes):
  folder.mkdir(parents=True)
  for i, (height, width) in enumerate(sizes):
    image = np.zeros((height, width, 3), np.uint8)
    image_files.write(str(folder / f"{i}.png"), image)


def _config(minutes=0.0, crop_size=0, **data):
  return config_lib.Config(
    data=config_lib.DataConfig(crop_size=crop_size, **data),
    train=config_lib.TrainConfig(max_minutes=minutes),
  )


def _size(config):
  fitted = picture_sizes.fitted(config, config_checks.resolve(config))
  assert dataclasses.replace(fitted, data=config.data) == config
  resolved = config_checks.resolve(fitted).data
  assert resolved.load_size == resolved.crop_size
  return resolved.crop_size


@pytest.mark.parametrize(
  ("side_a", "side_b", "minutes", "size"),
  [
    (300, 300, 10, 64),
    (300, 300, 39.9, 64),
    (300, 300, 40, 128),
    (300, 300, 160, 256),
    (128, 300, 160, 128),
    (300, 200, 160, 128),
    (300, 127, 160, 64),
    (20, 300, 160, 64),  # enlarged to the smallest size
  ],
)
def test_time_and_pictures_decide(tmp_path, side_a, side_b, minutes, size):
  _write(tmp_path / "trainA", [(side_a, side_a + 50)] * 2 + [(9, 9)])
  _write(tmp_path / "trainB", [(side_b + 50, side_b)] * 2 + [(999, 999)])
  assert _size(_config(minutes, dataset=str(tmp_path))) == size


def test_a_size_that_is_given_stays(tmp_path):
  _write(tmp_path / "trainA", [(8, 8)])
  _write(tmp_path / "trainB", [(8, 8)])
  config = _config(500.0, crop_size=32, dataset=str(tmp_path))
  assert picture_sizes.fitted(config, config_checks.resolve(config)) is config


def test_folders_by_domain_and_files_that_are_no_pictures(tmp_path):
  _write(tmp_path / "x", [(140, 150)])
  _write(tmp_path / "y", [(150, 140)])
  (tmp_path / "y" / "broken.png").write_bytes(b"no picture")
  where = {"domain_a": str(tmp_path / "x"), "domain_b": str(tmp_path / "y")}
  assert picture_sizes.usual_side(config_lib.DataConfig(**where)) == 140
  assert _size(_config(1000.0, **where)) == 128
  (tmp_path / "x" / "0.png").write_bytes(b"")
  (tmp_path / "y" / "0.png").write_bytes(b"")
  assert picture_sizes.usual_side(config_lib.DataConfig(**where)) is None


@pytest.mark.parametrize(
  "data",
  [
    {"dataset": "cycle_gan/horse2zebra"},
    {"dataset": "no/folder"},
    {"domain_a": "no/folder", "domain_b": "none"},
  ],
)
def test_where_there_are_no_folders_only_the_time_counts(data):
  config = _config(170.0, **data)
  assert picture_sizes.usual_side(config.data) is None
  assert _size(config) == 256


def test_thousands_of_pictures_are_not_all_opened(tmp_path, monkeypatch):
  _write(tmp_path / "trainA", [(2, 2)] * 500)
  _write(tmp_path / "trainB", [(2, 2)] * 5)
  opened = []
  inspect = image_files.inspect
  monkeypatch.setattr(
    image_files, "inspect", lambda *a: opened.append(a) or inspect(*a)
  )
  assert picture_sizes.usual_side(_config(dataset=str(tmp_path)).data) == 2
  assert 64 <= len(opened) - 5 < 80
