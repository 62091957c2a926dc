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

from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import picture_strips
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import large_pictures
from official.cyclegan.serving import tiling
from tests import conftest

pytest.importorskip("pyvips", reason="needs pyvips and pyvips-binary")


def _translator(channels=3):
  """A model that darkens, by as much as it was told about the whole."""

  def measure(image):
    return image * 0.5, image.mean(axis=(1, 2), keepdims=True)

  def tile(image, mean):
    return image * 0.5 + mean.mean() * 0.1

  return image_translator.ImageTranslator(
    lambda image: image * 0.5,
    16,
    4,
    8,
    channels,
    tiles=image_translator.TileTranslator(
      tiling.Layout(64, 16), 4, measure, tile
    ),
  )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
  ("detail", "texture_scale", "own_detail"),
  [
    ("guided", 0.0, 1.0),
    ("tiles", 0.0, 1.0),
    ("tiles", 0.0, 0.6),
    ("tiles", 0.3, 0.6),
  ],
)
def test_strip_by_strip_as_in_memory(
  tmp_path, monkeypatch, detail, texture_scale, own_detail, channels
):
  monkeypatch.setattr(picture_strips, "LARGE", 1000)
  rng = np.random.default_rng(0)
  path, target = str(tmp_path / "in.png"), str(tmp_path / "out.png")
  image_files.write(path, conftest.smooth_picture(rng, 300, 410))
  translator = dataclasses.replace(_translator(channels), own_detail=own_detail)
  large_pictures.translate(
    translator, picture_strips.open_strips(path), target, detail, texture_scale
  )
  want = image_translator.translate_image(
    translator, image_files.read(path), detail, texture_scale=texture_scale
  )
  got = image_files.read(target)[..., :channels].astype(int)
  assert got.shape == want.shape
  assert np.abs(got - want).max() <= 2
  assert np.abs(got - want).mean() < 0.5


def test_a_model_that_fails_leaves_no_file(tmp_path, monkeypatch):
  monkeypatch.setattr(picture_strips, "LARGE", 1000)
  path, target = tmp_path / "in.png", tmp_path / "out.png"
  rng = np.random.default_rng(0)
  image_files.write(str(path), conftest.smooth_picture(rng, 100, 100))
  seen = []

  def tile(image, mean):
    seen.append(mean)
    if len(seen) > 5:
      raise image_translator.NotFiniteError("gives NaN", "model", "x")
    return image

  whole = _translator()
  tiles = dataclasses.replace(whole.tiles, translate=tile)
  translator = dataclasses.replace(whole, tiles=tiles)
  with pytest.raises(errors.UserError, match="gives NaN"):
    large_pictures.translate(
      translator,
      picture_strips.open_strips(str(path)),
      str(target),
      "tiles",
      texture_scale=0,
    )
  assert [p.name for p in tmp_path.iterdir()] == ["in.png"]


if __name__ == "__main__":
  conftest.main(__file__)
