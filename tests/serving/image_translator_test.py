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
import shutil

import numpy as np
import pytest

from official.cyclegan import export_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.serving import image_translator
from official.cyclegan.training import checkpoints
from tests import conftest

# They train, start processes or measure.
pytestmark = pytest.mark.slow

_FORMS = ("run", "export", "saved_model", "tflite")


def _picture(height, width, seed=0):
  rng = np.random.default_rng(seed)
  return conftest.smooth_picture(rng, height, width)


@pytest.mark.parametrize("size", [(32, 32), (41, 97), (7, 5), (1, 1)])
def test_every_form_gives_the_same_picture_of_the_same_size(models, size):
  image = _picture(*size)
  results = {
    name: image_translator.translate_image(
      image_translator.open_model(models[name], "AtoB"), image
    )
    for name in _FORMS
  }
  for result in results.values():
    assert result.shape == image.shape and result.dtype == np.uint8
    difference = result.astype(int) - results["run"]
    assert np.abs(difference).max() <= 1


def test_result_is_the_generators(models):
  image = _picture(32, 32)
  generator, _ = checkpoints.load_generator(models["run"], "AtoB")
  want = generator(image[None].astype(np.float32) / 127.5 - 1).numpy()[0]
  want = np.rint(np.clip((want + 1) * 127.5, 0, 255))
  translator = image_translator.open_model(models["run"], "AtoB")
  got = image_translator.translate_image(translator, image)
  assert np.abs(got - want).max() <= 1
  assert np.abs(got.astype(int) - image).mean() > 0.2


def test_native_scale_keeps_every_pixel(models):
  for name in ("run", "saved_model"):
    translator = image_translator.open_model(models[name], "AtoB")
    for size in ((41, 97), (3, 2)):
      image = _picture(*size)
      assert (
        image_translator.translate_image(translator, image, "native").shape
        == image.shape
      )
  image = _picture(64, 64)
  generator, _ = checkpoints.load_generator(models["run"], "AtoB")
  want = generator(image[None].astype(np.float32) / 127.5 - 1).numpy()[0]
  got = image_translator.translate_image(translator, image, "native")
  want = np.rint(np.clip((want + 1) * 127.5, 0, 255))
  assert np.abs(got - want).max() <= 1


def test_native_scale_needs_a_free_size(models):
  translator = image_translator.open_model(models["tflite"], "AtoB")
  with pytest.raises(errors.UserError, match="--scale=fit"):
    image_translator.translate_image(translator, _picture(40, 40), "native")


def test_folder_of_an_export_without_tensorflow(models, monkeypatch):
  monkeypatch.setattr(image_translator, "_has_tensorflow", lambda: False)
  image = _picture(32, 32)
  made = image_translator.translate_image(
    image_translator.open_model(models["export"], "AtoB"), image
  )
  want = image_translator.translate_image(
    image_translator.open_model(models["tflite"], "AtoB"), image
  )
  np.testing.assert_array_equal(made, want)
  for name in ("run", "saved_model"):
    with pytest.raises(errors.UserError, match="needs TensorFlow"):
      image_translator.open_model(models[name], "AtoB")


def test_size(models, tmp_path):
  for name in ("run", "saved_model"):
    translator = image_translator.open_model(models[name], "AtoB", size=48)
    assert translator.size == 48
    made = image_translator.translate_image(translator, _picture(50, 70))
    assert made.shape == (50, 70, 3)
    with pytest.raises(errors.UserError, match="--size=30"):
      image_translator.open_model(models[name], "AtoB", size=30)
  options = command_config.ExportConfig(
    format=("tflite",), quantization=("dynamic",), sizes=(32, 64), io="uint8"
  )
  export_lib.export(models["run"], str(tmp_path), ["AtoB"], options)
  for size, want in ((0, 32), (64, 64)):
    translator = image_translator.open_model(str(tmp_path), "AtoB", size=size)
    assert translator.size == want
    other = image_translator.open_model(models["run"], "AtoB", size=want)
    one, two = (
      image_translator.translate_image(r, _picture(64, 64)).astype(int)
      for r in (translator, other)
    )
    assert np.abs(one - two).max() <= 6  # 8-bit weights
  with pytest.raises(errors.UserError, match="--size=48.*32, 64"):
    image_translator.open_model(str(tmp_path), "AtoB", size=48)


def test_other_direction_of_a_run(models):
  images = [
    image_translator.translate_image(
      image_translator.open_model(models["run"], direction), _picture(32, 32)
    )
    for direction in checkpoints.DIRECTIONS
  ]
  assert not np.array_equal(*images)


@pytest.mark.parametrize("name", ["saved_model", "tflite"])
def test_other_direction_of_a_file_is_refused(models, name):
  with pytest.raises(errors.UserError, match="translates AtoB"):
    image_translator.open_model(models[name], "BtoA")


def test_export_of_one_direction_says_which_it_has(models, tmp_path):
  shutil.copy(models["tflite"], tmp_path)
  with pytest.raises(errors.WrongDirectionError) as error:
    image_translator.open_model(str(tmp_path), "BtoA")
  assert error.value.direction == "AtoB"
  (tmp_path / "g_AB.tflite").rename(tmp_path / "zebra.tflite")
  with pytest.raises(errors.UserError, match="Give one of its files"):
    image_translator.open_model(str(tmp_path), "AtoB")
  file = image_translator.open_model(str(tmp_path / "zebra.tflite"), "AtoB")
  assert file.size == 32


@pytest.mark.parametrize("what", ["nothing", "text.tflite", "empty"])
def test_no_model_is_refused(tmp_path, what):
  (tmp_path / "text.tflite").write_text("not a model")
  (tmp_path / "empty").mkdir()
  with pytest.raises(errors.UserError, match="--model="):
    image_translator.open_model(str(tmp_path / what), "AtoB")


if __name__ == "__main__":
  conftest.main(__file__)
