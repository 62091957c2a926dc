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
import os
import shutil
import threading
from concurrent import futures

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.data import dataset
from official.cyclegan.data import image_files
from official.cyclegan.data import sources
from official.cyclegan.evaluation import validation
from official.cyclegan.scenes import scene_datasets
from tests import color_files
from tests import conftest
from tests import odd_files


def _batches(source, config, count, seed=1):
  batches = dataset.training_batches(source, config, seed).take(count)
  return list(batches.as_numpy_iterator())


@pytest.mark.parametrize(
  ("break_it", "words"),
  [
    (lambda d: shutil.rmtree(d / "trainB"), ["no sub-folder trainB"]),
    (
      lambda d: [f.unlink() for f in (d / "trainA").iterdir()],
      ["trainA is empty"],
    ),
    (lambda d: (d / "testA" / "bad.jpg").write_text("hello"), ["bad.jpg"]),
  ],
)
def test_unusable_folder_is_refused(pictures, tmp_path, break_it, words):
  folder = tmp_path / "copy"
  shutil.copytree(pictures, folder)
  break_it(folder)
  with pytest.raises(errors.UserError) as error:
    sources.open_source(config_lib.DataConfig(dataset=str(folder)))
  for word in words:
    assert word in str(error.value)


@pytest.mark.parametrize(
  ("name", "remedy"),
  [
    ("apple2orange_scene", "Did you mean apple2orange_scenes?"),
    ("no_such/thing", "Check the path, or give a data set such as"),
    (__file__, "is a file. Give a folder"),
  ],
)
def test_unknown_name_is_refused_with_a_remedy(name, remedy, tmp_path):
  config = config_lib.DataConfig(dataset=name, data_dir=str(tmp_path))
  with pytest.raises(errors.UserError) as error:
    sources.open_source(config)
  message = str(error.value)
  assert f"--dataset={name}" in message and "\n" not in message
  assert remedy in message
  assert ("Did you mean" in message) == remedy.startswith("Did")


@pytest.mark.parametrize(
  ("name", "load_size", "full"),
  [
    ("apple2orange_scenes", 64, "apple2orange_scenes/64"),
    ("apple2orange_scenes", 65, "apple2orange_scenes/128"),
    ("photo2painting_scenes", 500, "photo2painting_scenes/256"),
    ("photo2painting_scenes/128", 64, "photo2painting_scenes/128"),
    ("cycle_gan/horse2zebra", 64, "cycle_gan/horse2zebra"),
  ],
)
def test_built_in_size_follows_load_size(name, load_size, full):
  config = config_lib.DataConfig(dataset=name, load_size=load_size)
  assert sources.builder_name(config) == full


def test_tfds_without_the_splits_is_refused(tmp_path, monkeypatch):
  monkeypatch.setattr(
    conftest.tiny_cycle(),
    "_split_generators",
    lambda self, _: {"train": self._generate_examples("trainA")},
  )
  config = config_lib.DataConfig(dataset="tiny_cycle", data_dir=str(tmp_path))
  with pytest.raises(errors.UserError, match="no split trainA"):
    sources.open_source(config)


def test_built_in_set_loads_and_is_not_drawn_again(monkeypatch, few_fruits):
  monkeypatch.setattr(scene_datasets.Apple2orangeScenes, "DRAW", None)
  config = config_lib.DataConfig(
    data_dir=few_fruits, crop_size=64, load_size=64
  )
  source = sources.open_source(config)
  assert source.name == "apple2orange_scenes/64"
  assert source.counts == dict.fromkeys(sources.SPLITS, 4)
  assert dataset.first_images(source, "testA", 64, 5).shape == (4, 64, 64, 3)


def test_masks_are_those_of_the_test_scenes_in_their_order(few_fruits):
  config = config_lib.DataConfig(
    data_dir=few_fruits, crop_size=32, load_size=32
  )
  source = sources.open_source(config)
  test_set = validation.load(source, 32)
  assert test_set.mask.shape == (4, 32, 32) and test_set.paired
  difference = np.abs(
    test_set.images["A"].astype(int) - test_set.images["B"]
  ).mean(axis=-1)
  for mask, changed in zip(test_set.mask, difference):
    assert changed[mask].mean() > 2 * changed[~mask].mean()


def test_a_built_in_set_is_drawn_when_it_is_asked_for(monkeypatch, tmp_path):
  conftest.draw_few(monkeypatch, 2)
  config = config_lib.DataConfig(
    dataset="photo2painting_scenes", data_dir=str(tmp_path), load_size=32
  )
  source = sources.open_source(config)
  assert source.counts == dict.fromkeys(sources.SPLITS, 2)
  assert source.paired and source.load_masks is None


def _pictures(folder, **files):
  for split, names in files.items():
    for i, name in enumerate(names):
      image = np.full((40, 40, 3), 10 * i + 5 * (split[-1] == "A"), np.uint8)
      image[5:9] += 90
      path = folder / split / name
      path.parent.mkdir(parents=True, exist_ok=True)
      image_files.write(str(path), image)


def test_pairs_go_by_names_whatever_their_endings(tmp_path):
  _pictures(
    tmp_path,
    trainA=["x.png"],
    trainB=["y.png"],
    testA=["b.png", "a.png", "c.jpg"],
    testB=["c.png", "a.jpg", "b.png"],
  )
  config = config_lib.DataConfig(dataset=str(tmp_path), paired=True)
  source = sources.open_source(config)
  assert source.paired
  names = [
    [path.split("/")[-1][0] for path in source.files if f"test{d}" in path]
    for d in "AB"
  ]
  assert names == [["a", "b", "c"]] * 2
  unpaired = dataclasses.replace(config, paired=False)
  assert not sources.open_source(unpaired).paired
  (tmp_path / "testB" / "b.png").unlink()
  with pytest.raises(errors.UserError, match="b.png of testA has no"):
    sources.open_source(config)
  _pictures(tmp_path, testB=["b.png", "b.jpg"])
  with pytest.raises(errors.UserError, match="several pictures named b"):
    sources.open_source(config)
  named = config_lib.DataConfig(dataset="cycle_gan/maps", paired=True)
  with pytest.raises(errors.UserError, match="leave --paired out"):
    sources.open_source(named)


def test_files_are_known(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=32
  )
  files = sources.open_source(config).files
  assert len(files) == 19 and all(str(pictures) in name for name in files)


def _odd_domains(tmp_path):
  for domain in "ab":
    (tmp_path / domain).mkdir()
    expected = odd_files.write_good(tmp_path / domain)
  return expected, config_lib.DataConfig(
    domain_a=str(tmp_path / "a"),
    domain_b=str(tmp_path / "b"),
    background=odd_files.BACKGROUND_NAME,
    crop_size=8,
    load_size=8,
  )


def test_odd_files_are_trained_on_as_they_are_translated(tmp_path, log):
  """What training decodes is what `image_files.read` gives, pixel by pixel."""
  expected, config = _odd_domains(tmp_path)
  source = sources.open_source(config)
  assert "are held out for testing" in log.text
  assert source.counts["trainA"] + source.counts["testA"] == len(expected)
  start = 0
  for split in sources.SPLITS:
    files = source.files[start : start + source.counts[split]]
    start += len(files)
    for path, image in zip(files, source.images(split).as_numpy_iterator()):
      want = image_files.read(path, config.background)
      np.testing.assert_array_equal(image, want, err_msg=path)


def test_all_bad_files_are_named_at_once_or_skipped(tmp_path, log):
  expected, config = _odd_domains(tmp_path)
  bad = odd_files.write_bad(tmp_path / "a")
  with pytest.raises(errors.UserError) as error:
    sources.open_source(config)
  for name in bad:
    assert name in str(error.value)
  assert "--on_bad_image=skip" in str(error.value)
  assert "plain.jpg" not in str(error.value)
  source = sources.open_source(dataclasses.replace(config, on_bad_image="skip"))
  assert source.counts["trainA"] + source.counts["testA"] == len(expected)
  assert f"{len(bad)} of" in log.text
  assert len(_batches(source, config, 50)) == 50


def test_a_domain_of_bad_files_only_is_refused(tmp_path):
  for name in "ab":
    (tmp_path / name).mkdir()
    (tmp_path / name / "x.png").write_text("no picture")
  config = config_lib.DataConfig(
    domain_a=str(tmp_path / "a"),
    domain_b=str(tmp_path / "b"),
    on_bad_image="skip",
  )
  with pytest.raises(errors.UserError, match="not one readable picture"):
    sources.open_source(config)


def test_grey_is_pillows_for_every_kind_of_source(tmp_path, pictures):
  config = config_lib.DataConfig(dataset=str(pictures), crop_size=8)
  source = sources.open_source(config, channels=1)
  grey = list(source.images("testA").as_numpy_iterator())
  colour = sources.open_source(config).images("testA").as_numpy_iterator()
  for one, three in zip(grey, colour):
    np.testing.assert_array_equal(one, image_files.luma(three))
  (pair,) = dataset.training_batches(
    source, config_checks.resolve(config_lib.Config(data=config)).data, 1
  ).take(1)
  assert pair[0].shape == (1, 8, 8, 1)


@pytest.mark.slow
def test_two_at_once_build_one_data_set(tmp_path, monkeypatch):
  conftest.draw_few(monkeypatch, 4)
  config = config_lib.DataConfig(data_dir=str(tmp_path), crop_size=64)
  early = sources.tfds_builder(config)
  both_began = threading.Barrier(2, timeout=60)
  draw = scene_datasets._SceneBuilder._generate_examples

  def draw_together(*args):
    if threading.current_thread() not in begun:
      begun.add(threading.current_thread())
      both_began.wait()
    return draw(*args)

  begun = set()
  monkeypatch.setattr(
    scene_datasets._SceneBuilder, "_generate_examples", draw_together
  )
  with futures.ThreadPoolExecutor(2) as pool:
    opened = list(pool.map(sources.open_source, [config, config]))
  # One that looked before they were done, and was slower to begin.
  monkeypatch.setattr(sources, "tfds_builder", lambda config: early)
  opened.append(sources.open_source(config))
  assert len(begun) == 2
  for source in opened:
    assert source.counts == dict.fromkeys(sources.SPLITS, 4)
    images = list(source.load("testB").map(source.decode))
    assert [image.shape for image in images] == [(64, 64, 3)] * 4


def test_training_sees_what_translate_does(tmp_path):
  """Pictures of every way of decoding, in the data set as by the reader."""
  rng = np.random.default_rng(0)
  profile = color_files.profile(color_files.DISPLAY_P3, 2.2)
  large = np.repeat(rng.integers(0, 256, (40, 50, 3), np.uint8), 52, 0)
  large = large.repeat(42, 1)
  for domain in "AB":
    (tmp_path / domain).mkdir()
    small = conftest.smooth_picture(rng, 30, 40)
    for name, image, icc in (
      ("plain.jpg", small, None),
      ("p3.jpg", small, profile),
      ("large.jpg", large, None),
      ("large_p3.jpg", large, profile),
    ):
      PIL.Image.fromarray(image).save(
        tmp_path / domain / name, quality=90, icc_profile=icc
      )
    deep = rng.integers(500, 900, (30, 40, 1)).astype(np.uint16)
    (tmp_path / domain / "deep.png").write_bytes(color_files.png(deep))
  config = config_lib.DataConfig(
    dataset=str(tmp_path), crop_size=32, load_size=32, range="400,1000"
  )
  source = sources.open_source(config)
  count = 0
  for split in sources.SPLITS:
    shown = source.images(split).as_numpy_iterator()
    for element, got in zip(source.load(split).as_numpy_iterator(), shown):
      path = os.fsdecode(element[0])
      assert element[1] == (
        os.path.basename(path) in ("plain.jpg", "large.jpg")
      )
      want = image_files.read(
        path, levels=level_range.LevelRange(400, 1000), shrink_to=32
      )
      assert want.shape[0] == (1040 if "large" in path else 30)
      np.testing.assert_array_equal(got, want, path)
      count += 1
  assert count == 10
  assert source.level_ranges["A"] == level_range.LevelRange(400, 1000)


def test_a_single_picture_is_trained_on_in_parts(tmp_path):
  """What is refused says how, and that way is taken."""
  pixels = np.random.default_rng(0).integers(0, 256, (9, 40, 48, 3), np.uint8)
  for k, picture in enumerate(pixels):
    folder = tmp_path / ("single" if k == 8 else "several")
    folder.mkdir(exist_ok=True)
    image_files.write(str(folder / f"{k}.png"), picture)
  config = config_lib.DataConfig(
    domain_a=str(tmp_path / "several"),
    domain_b=str(tmp_path / "single"),
    crop_size=16,
    load_size=16,
    preprocess="crop",
  )
  with pytest.raises(
    errors.UserError,
    match="--preprocess=crop trains on parts, belongs into both trainB and"
    " testB of a folder for --dataset",
  ):
    sources.open_source(config)
  for name, of in (("A", "several"), ("B", "single")):
    for split in ("train", "test"):
      shutil.copytree(tmp_path / of, tmp_path / "both" / f"{split}{name}")
  config = dataclasses.replace(
    config, dataset=str(tmp_path / "both"), domain_a="", domain_b=""
  )
  source = sources.open_source(config)
  batches = dataset.training_batches(source, config, seed=1)
  parts = [b.numpy() for _, b in batches.take(6)]
  assert {part.shape for part in parts} == {(1, 16, 16, 3)}
  assert len({part.tobytes() for part in parts}) > 3


if __name__ == "__main__":
  conftest.main(__file__)
