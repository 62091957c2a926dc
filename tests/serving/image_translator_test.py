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
import os
import shutil

import numpy as np
import pytest

from official.cyclegan import export_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import tiling
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


@pytest.mark.parametrize(
  "detail", [command_config.STRETCH, command_config.GUIDED]
)
def test_several_pictures_at_once_are_those_one_by_one(models, detail):
  """Of a SavedModel; its arithmetic may differ in a level."""
  opened = image_translator.open_model(models["saved_model"], "AtoB")
  assert opened.batched
  assert not image_translator.open_model(models["tflite"], "AtoB").batched
  rng = np.random.default_rng(3)
  images = [
    conftest.smooth_picture(rng, height, width)
    for height, width in ((32, 32), (50, 41), (20, 70))
  ]
  sizes = [(32, 32), (100, 82), (20, 70)]
  together = image_translator.translate_images(opened, images, detail, sizes)
  for image, size, made in zip(images, sizes, together):
    alone = image_translator.translate_image(opened, image, detail, size)
    assert made.shape == alone.shape
    assert np.abs(made.astype(int) - alone).max() <= 1


def test_native_scale_needs_a_free_size(models):
  translator = image_translator.open_model(models["tflite"], "AtoB")
  with pytest.raises(errors.UserError, match="--detail=guided"):
    image_translator.translate_image(translator, _picture(40, 40), "native")
  with pytest.raises(errors.UserError, match="that export --detail=tiles made"):
    image_translator.translate_image(translator, _picture(40, 40), "tiles")
  image = _picture(40, 40)
  np.testing.assert_array_equal(  # its name up to 0.6
    image_translator.translate_image(translator, image, "fit"),
    image_translator.translate_image(translator, image, "stretch"),
  )


def test_guided_keeps_what_stretching_loses(models):
  rng = np.random.default_rng(0)
  image = rng.integers(0, 256, (96, 130, 3), np.uint8)
  results = {}
  for name in _FORMS:
    translator = image_translator.open_model(models[name], "AtoB")
    results[name] = image_translator.translate_image(
      translator, image, "guided"
    ).astype(int)
    assert results[name].shape == image.shape
    assert np.abs(results[name] - results["run"]).max() <= 1
    stretched = image_translator.translate_image(translator, image)
    assert results[name].std() > 3 * stretched.std()
    # Not larger than the model's size: there is nothing to keep.
    small = image[:20, :30]
    np.testing.assert_array_equal(
      image_translator.translate_image(translator, small, "guided"),
      image_translator.translate_image(translator, small),
    )


def test_a_saved_models_own_signature_is_guided_too(models):
  import tensorflow as tf

  image = _picture(90, 70)
  loaded = tf.saved_model.load(models["saved_model"])
  (made,) = loaded.signatures["serving_guided"](
    image=tf.constant(image[None] / 255, tf.float32)
  ).values()
  translator = image_translator.open_model(models["saved_model"], "AtoB")
  want = image_translator.translate_image(translator, image, "guided")
  assert np.abs(np.rint(made[0].numpy() * 255) - want).max() <= 2


@pytest.mark.parametrize("batched", [True, False])
def test_pictures_no_larger_than_the_models_size_are_not_tiled(batched):
  """Tiles would take many times as long, and there is no detail to keep."""

  def never(*_):
    raise AssertionError("This was to be stretched.")

  tiles = image_translator.TileTranslator(
    tiling.Layout(64, 16), 4, never, never
  )
  translator = image_translator.ImageTranslator(
    *(lambda images: 1 - images, 16, 4, 16, 3),
    tiles=tiles,
    best_detail="tiles",
    batched=batched,
  )
  small = [_picture(16, 16), _picture(60, 4), _picture(1, 1)]
  want = image_translator.translate_images(translator, small, "stretch")
  for detail in ("tiles", "auto"):
    got = image_translator.translate_images(translator, small, detail)
    for one, other in zip(got, want):
      np.testing.assert_array_equal(one, other)
  with pytest.raises(AssertionError, match="stretched"):
    image_translator.translate_image(translator, _picture(16, 17), "tiles")


def test_tiles_average_what_a_grid_and_a_side_do():
  """What comes from a place in the model's square, not from the picture."""
  at = np.arange(16)
  grid, side = np.where(at % 4 < 2, 0.1, -0.1), np.where(at < 8, 0.1, -0.1)
  pattern = (grid[:, None] + grid + side)[..., None]

  def translate(images):
    assert images.shape == (1, 16, 16, 3)  # more at once is more memory
    return (0.9 - 0.8 * images + pattern).astype(np.float32)

  tiles = image_translator.TileTranslator(
    tiling.Layout(64, 16), 4, lambda image: (translate(image), None), None
  )
  translator = image_translator.ImageTranslator(
    translate, 16, 4, 16, 3, tiles=tiles, batched=True
  )
  image = _picture(16, 16)
  guide, made, _ = image_translator.measure(translator, image)
  np.testing.assert_allclose(guide, image / 255, atol=1e-6)
  off = np.abs(made - (0.9 - 0.8 * guide))
  once = np.abs(translate(guide[None])[0] - (0.9 - 0.8 * guide))
  # At the upper and left border there is one view less.
  assert off[2:-2, 2:-2].mean() < 0.2 * once.mean()


def test_noise_leaves_no_trace_where_a_generator_takes_it_over():
  """Of a generator that only turns colours around, and of one that blurs."""
  image = np.full((16, 16, 3), 128, np.uint8)
  image[:, 8:] = 160

  def blurred(images):
    rows = np.pad(images, [(0, 0), (1, 1), (0, 0), (0, 0)], mode="symmetric")
    return (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 3

  for translate in (lambda images: 1 - images, blurred):
    tiles = image_translator.TileTranslator(
      tiling.Layout(64, 16), 4, lambda x, f=translate: (f(x), None), None
    )
    translator = image_translator.ImageTranslator(
      translate, 16, 4, 16, 3, tiles=tiles, noise=0.08
    )
    copies = image_translator.changes(translator, image)
    assert copies.shape == (8, 16, 16, 3)
    assert np.isnan(copies).any() and np.nanmin(copies[2:].std(axis=0)) > 0
    guide, made, _ = image_translator.measure(translator, image)
    want = translate(guide[None])[0]
    # Shifted copies have no opposites at two of the borders.
    inside = np.s_[3:-3, 3:-3]
    np.testing.assert_allclose(made[inside], want[inside], atol=1e-5)


@pytest.mark.parametrize("kind", ["one colour", "noise"])
def test_there_is_no_seam(models, kind):
  """Neither where nothing could hide it, nor where everything differs."""
  translator = image_translator.open_model(models["run"], "AtoB")
  size = translator.tiles.layout.size * 3 // 2
  image = np.full((size, size, 3), (180, 90, 40), np.uint8)
  if kind == "noise":
    image = np.random.default_rng(2).integers(0, 256, image.shape, np.uint8)
  _, _, statistics = image_translator.measure(translator, image)
  strips = image_translator.translate_strips(
    translator, [image], size, size, statistics
  )
  made = np.concatenate(list(strips))
  values = image[None].astype(np.float32) / 255
  (whole,) = translator.tiles.translate(values, statistics)
  assert len(tiling.parts(size, translator.tiles.layout)) > 1
  np.testing.assert_allclose(made, whole, atol=1e-5)


def test_tiles_of_a_run_and_of_its_export_are_one_pass_over_the_picture(
  models, tmp_path
):
  options = command_config.ExportConfig(
    format=("tflite",),
    quantization=("float32", "float16"),
    sizes=(32, 64),
    detail="tiles",
    samples=0,
  )
  export_lib.export(models["run"], str(tmp_path), ["AtoB"], options)
  image = np.random.default_rng(1).integers(0, 256, (700, 300, 3), np.uint8)
  run = image_translator.open_model(models["run"], "AtoB")
  tiles = run.tiles
  _, _, statistics = image_translator.measure(run, image)
  wide = np.pad(image, [(0, 0), (0, 512 - 300), (0, 0)], mode="symmetric")
  whole = tiles.translate(wide[None].astype(np.float32) / 255, statistics)
  results = []
  for path in (models["run"], models["saved_model"], str(tmp_path)):
    translator = image_translator.open_model(path, "AtoB")
    _, _, own = image_translator.measure(translator, image)
    strips = image_translator.translate_strips(
      translator, [image], 700, 300, own
    )
    made = np.concatenate(list(strips))
    np.testing.assert_allclose(made, whole[0, :, :300], atol=1e-3)
    pixels = image_translator.translate_image(
      translator, image, "tiles", texture_scale=0
    )
    results.append(pixels.astype(int))
    assert np.abs(results[-1] - results[0]).max() <= 1
    # As small as the model sees it, it is closer to what that makes of the
    # whole picture than the tiles are by themselves.
    whole_picture = image_translator.translate_image(
      translator, image, "guided"
    )
    alone, kept, want = (
      image_files.resize(x, 16, 16)
      for x in (made * 255, results[-1], whole_picture)
    )
    assert np.abs(kept - want).mean() <= np.abs(alone - want).mean()
  assert translator.best_detail == "tiles"
  # One set of weights, and an image as the first output.
  plain = os.path.getsize(models["tflite"])
  assert os.path.getsize(tmp_path / "g_AB.tflite") < 3 * plain
  small = _picture(32, 32)
  np.testing.assert_allclose(
    translator.translate(small[None].astype(np.float32) / 255),
    run.translate(small[None].astype(np.float32) / 255),
    atol=1e-4,
  )
  coarse = image_translator.translate_image(translator, image, "tiles")
  assert coarse.shape == image.shape
  assert image_translator.working_size(run, 700, 300, 0.5) == (149, 64)
  assert image_translator.working_size(run, 50, 40, 0.5) == (50, 40)
  # Of very long pictures no more pixels than of those of 8 to 1.
  assert image_translator.working_size(run, 700, 5600, 0.5) == (64, 512)
  assert image_translator.working_size(run, 1000, 32_000, 0.5) == (32, 1024)


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
