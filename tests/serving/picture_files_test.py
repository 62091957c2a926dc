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
"""Tests of translating files of pictures."""

import dataclasses

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import picture_files
from tests import conftest


@pytest.fixture
def pictures():
  translator = image_translator.ImageTranslator(
    lambda image: 1.0 - image, size=16, multiple=4, minimum=4
  )
  return picture_files.PictureFiles(
    translator, command_config.STRETCH, background="black", keep=("alpha",)
  )


def test_a_file_is_translated_on_its_background_and_keeps_what_is_asked(
  pictures, tmp_path
):
  rgba = np.full((12, 20, 4), 255, np.uint8)
  rgba[:, 10:, 3] = 0
  PIL.Image.fromarray(rgba).save(tmp_path / "a.png")
  info = pictures.translate(str(tmp_path / "a.png"), str(tmp_path / "b.png"))
  assert (info.height, info.width, info.deep) == (12, 20, False)
  with PIL.Image.open(tmp_path / "b.png") as made:
    made = np.asarray(made)
  np.testing.assert_array_equal(made[..., 3], rgba[..., 3])
  assert made[6, 1, 0] < 10 and made[6, 18, 0] > 245  # black behind it


def test_what_is_no_picture_leaves_no_file(pictures, tmp_path):
  (tmp_path / "a.png").write_text("no picture")
  with pytest.raises(errors.UserError, match=r"a\.png"):
    pictures.translate(str(tmp_path / "a.png"), str(tmp_path / "b.png"))
  assert not (tmp_path / "b.png").exists()


def test_files_are_translated_together_and_fail_alone(pictures, tmp_path):
  calls = []

  def translate(images):
    calls.append(len(images))
    return 1.0 - images

  together = dataclasses.replace(
    pictures,
    keep=(),
    translator=dataclasses.replace(
      pictures.translator, translate=translate, batched=True
    ),
  )
  rng = np.random.default_rng(0)
  pairs = []
  for i, size in enumerate([(16, 16), (9, 40), (90, 31)]):
    path = tmp_path / f"{i}.png"
    image_files.write(str(path), conftest.smooth_picture(rng, *size))
    pairs.append((str(path), str(tmp_path / f"{i}_made.png")))
  (tmp_path / "bad.png").write_text("no picture")
  pairs.insert(1, (str(tmp_path / "bad.png"), str(tmp_path / "bad_made.png")))
  pairs.append((str(tmp_path / "0.png"), str(tmp_path / "none" / "0.png")))
  failed = together.translate_together(pairs)
  assert calls == [4]
  assert [type(problem) for problem in failed] == [
    type(None),
    image_files.UnreadableError,
    type(None),
    type(None),
    errors.StorageError,
  ]
  assert not (tmp_path / "bad_made.png").exists()
  for i, (path, target) in enumerate(pairs[:-1]):
    if i != 1:
      alone = str(tmp_path / "alone.png")
      dataclasses.replace(pictures, keep=()).translate(path, alone)
      np.testing.assert_array_equal(
        image_files.read(alone), image_files.read(target)
      )
  assert together.translate_together([]) == []


def test_size_is_the_inputs(pictures, tmp_path):
  rng = np.random.default_rng(0)
  image_files.write(
    str(tmp_path / "a.png"), conftest.smooth_picture(rng, 33, 47)
  )
  pictures.translate(str(tmp_path / "a.png"), str(tmp_path / "b.jpg"))
  assert image_files.read(str(tmp_path / "b.jpg")).shape == (33, 47, 3)


if __name__ == "__main__":
  conftest.main(__file__)
