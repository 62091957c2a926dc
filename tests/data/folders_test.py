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
import math
import os
import pathlib
import re
import shutil

import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from tests import conftest


def _write(folder, count, first=0):
  folder.mkdir(parents=True, exist_ok=True)
  for i in range(first, first + count):
    image = np.full((9, 9, 3), i % 256, np.uint8)
    image[0, 0] = i // 256
    image_files.write(str(folder / f"{i:04d}.png"), image)


def _find(folder, **changes):
  return folders.find(config_lib.DataConfig(dataset=str(folder), **changes))


@pytest.mark.parametrize(
  "names",
  [
    ("trainA", "trainB", "testA", "testB"),
    ("TrainA", "TRAINB", "TestA", "testb"),
    ("train_A", "train_B", "test_A", "test_B"),
    ("train-a", "train-b", "val-a", "val-b"),
    ("train/A", "train/B", "test/A", "test/B"),
    ("train/A", "train/B", "validation/A", "valid/B"),
    ("A/train", "B/train", "A/test", "B/test"),
  ],
)
def test_layouts_with_a_test_split(tmp_path, names):
  for i, name in enumerate(names):
    _write(tmp_path / name, i + 2)
  found = _find(tmp_path)
  counts = [(len(found[d].train), len(found[d].test)) for d in "AB"]
  assert counts == [(2, 4), (3, 5)]


@pytest.mark.parametrize(
  "names",
  [("A", "B"), ("a", "B"), ("train/A", "train/B"), ("trainA", "trainB")],
)
def test_layouts_without_a_test_split(tmp_path, names):
  for name in names:
    _write(tmp_path / name, 3)
  found = _find(tmp_path)
  assert all(p.test is None and len(p.train) == 3 for p in found.values())


def test_one_domain_may_lack_its_test_split(tmp_path):
  for name in ("trainA", "trainB", "testA"):
    _write(tmp_path / name, 2)
  found = _find(tmp_path)
  assert len(found["A"].test) == 2 and found["B"].test is None


def test_two_folders(tmp_path):
  for name in ("apples", "oranges"):
    _write(tmp_path / name / "more" / "below", 2)
    _write(tmp_path / name, 1, first=5)
  given = {
    f"domain_{d}": str(tmp_path / n)
    for d, n in zip("ab", ("apples", "oranges"))
  }
  found = _find("unused", **given)
  assert [len(found[d].train) for d in "AB"] == [3, 3]
  given["domain_b"] = str(tmp_path / "apples" / "more")
  with pytest.raises(errors.UserError, match="within the other"):
    _find("unused", **given)
  given["domain_b"] = str(tmp_path / "pears")
  with pytest.raises(errors.UserError, match="--domain_b=.*no such folder"):
    _find("unused", **given)


def test_walk_passes_over_what_is_no_picture(tmp_path):
  _write(tmp_path, 2)
  _write(tmp_path / "x.jpg", 1)  # a folder
  _write(tmp_path / "__MACOSX", 1)
  _write(tmp_path / ".thumbnails", 1)
  (tmp_path / "._0000.png").write_bytes(b"resource fork")
  (tmp_path / "notes.txt").write_text("")
  os.symlink(tmp_path, tmp_path / "x.jpg" / "loop")
  other = tmp_path.parent / f"{tmp_path.name}_linked"
  _write(other, 1, first=7)
  os.symlink(other, tmp_path / "elsewhere")
  images, others = folders.walk(str(tmp_path))
  names = [os.path.relpath(path, tmp_path) for path in images]
  assert names == [
    "0000.png",
    "0001.png",
    "elsewhere/0007.png",
    "x.jpg/0000.png",
  ]
  assert [os.path.basename(p) for p in others] == ["notes.txt"]


def test_everything_is_in_one_list(tmp_path):
  made = {
    "images": ["a.JPG", "x/b.heic", "x/y/c.avif", "dangling.png"],
    "videos": ["a.MOV", "x/b.ts", "x/c.wmv"],
    "others": ["notes.txt", "README", "x/pipe.png"],
    "hidden": ["._a.JPG", ".git/x/y", "x/.b.png", "__MACOSX/x/._b.heic"],
  }
  for name in (name for names in made.values() for name in names):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "dangling.png":
      path.symlink_to("nothing")
    elif name == "x/pipe.png":
      os.mkfifo(path)
    else:
      path.write_text("")
  found = folders.scan(str(tmp_path))
  for kind, names in made.items():
    paths = [os.path.relpath(p, tmp_path) for p in getattr(found, kind)]
    assert sorted(paths) == sorted(names), kind
  rest = [*found.videos, *found.others, *found.hidden]
  assert folders.left_out(str(tmp_path), rest) == (
    "10 files left out: 4 hidden, 1 .mov, 1 .png, 1 .ts, 1 .txt, 1 .wmv,"
    " 1 without an ending"
  )


def test_many_kinds_are_summed_up():
  paths = [f"f/{i}.{ending}" for ending in "abcdefghij" for i in range(2)]
  said = folders.left_out("f", [*paths, "f/0.a"])
  assert said.startswith("21 files left out: 3 .a, 2 .b, ")
  assert said.endswith(", 4 of other kinds")
  numbers = [int(n) for n in re.findall(r"\d+", said)]
  assert sum(numbers[1:]) == 21
  assert folders.left_out("f", ["f/x.txt"]) == "1 file left out: 1 .txt"


def test_what_lies_beside_the_domains_is_said(tmp_path, log):
  for name in ("trainA", "trainB", "testA/more", "extra"):
    _write(tmp_path / name, 2)
  (tmp_path / "README.txt").write_text("")
  (tmp_path / "trainA" / "clip.mov").write_text("")
  (tmp_path / "testA" / ".DS_Store").write_text("")
  found = _find(tmp_path)
  assert "trainA: 2 pictures, and 1 file left out: 1 .mov." in log.text
  assert "testA: 2 pictures, and 1 file left out: 1 hidden." in log.text
  assert "domains 3 files left out: 2 .png, 1 .txt." in log.text
  assert len(found["A"].ignored) == 2 and not found["B"].ignored
  assert not folders.is_data_set(str(tmp_path))
  shutil.rmtree(tmp_path / "extra")
  assert folders.is_data_set(str(tmp_path))
  assert not folders.is_data_set(str(tmp_path / "trainA"))


def test_endings_of_both_kinds_are_apart():
  images, videos = set(folders.IMAGE_SUFFIXES), set(folders.VIDEO_SUFFIXES)
  assert not images & videos and ".jpg" in images and ".mp4" in videos
  assert all(e == e.lower() and e[0] == "." for e in images | videos)


@pytest.mark.parametrize(
  ("made", "words"),
  [
    ([], ["no folders at all", "a folder of its own", "--domain_a"]),
    (["apples", "oranges"], ["only apples, oranges. Rename them"]),
    (["trainA"], ["no sub-folder trainB"]),
    (["trainA", "trainB", "testA"], ["testA is empty"]),
    (["A", "B"], ["A is empty", ".webp"]),
  ],
)
def test_folders_without_two_domains_are_refused(tmp_path, made, words):
  for name in made:
    (tmp_path / name).mkdir()
    if len(made) == 3 and name.startswith("train"):
      _write(tmp_path / name, 1)
  with pytest.raises(errors.UserError) as error:
    _find(tmp_path)
  for word in [f"--dataset={tmp_path}", *words]:
    assert word in str(error.value)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5])
def test_held_out_pictures_follow_their_contents(tmp_path, seed, fraction):
  paths = [str(tmp_path / f"{i:03d}") for i in range(400)]
  for path in paths:
    pathlib.Path(path).write_text(f"{seed} {os.path.basename(path)}")
  train, test = folders.hold_out(paths[:100], fraction)
  assert sorted(train + test) == paths[:100] and not set(train) & set(test)
  # Binomial; within four and a half standard deviations of the expected number.
  near = 4.5 * math.sqrt(100 * fraction * (1 - fraction))
  assert abs(len(test) - 100 * fraction) <= near
  # More pictures: who is held out stays so, and who is trained on as well.
  for count in (101, 250, 400):
    more_train, more_test = folders.hold_out(paths[:count], fraction)
    assert set(test) <= set(more_test) and set(train) <= set(more_train)
  # Another order, another folder and other names: the same are held out.
  (tmp_path / "moved").mkdir()
  moved = {p: str(tmp_path / "moved" / p[-1:-4:-1]) for p in test}
  for path, target in moved.items():
    os.rename(path, target)
  again = folders.hold_out([moved.get(p, p) for p in paths[99::-1]], fraction)
  assert set(again[1]) == set(moved.values())
  # A copy goes where the original goes.
  copy = str(tmp_path / "copy")
  pathlib.Path(copy).write_bytes(pathlib.Path(again[1][0]).read_bytes())
  assert copy in folders.hold_out([*again[0], *again[1], copy], fraction)[1]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5])
@pytest.mark.parametrize(
  "copies", [[1] * 8, [4, 1, 1, 1, 1], [3, 3, 1, 1], [1, 1], [5, 1], [2] * 9]
)
def test_small_sets_keep_their_pictures(tmp_path, seed, fraction, copies):
  paths = []
  for i, count in enumerate(copies):
    for k in range(count):
      paths.append(str(tmp_path / f"{i}_{k}"))
      pathlib.Path(paths[-1]).write_text(f"{seed} {i}")
  train, test = folders.hold_out(paths, fraction)
  assert sorted(train + test) == paths and train
  held = {os.path.basename(path)[0] for path in test}
  assert not held & {os.path.basename(path)[0] for path in train}
  most = math.ceil(fraction * len(copies))
  assert 1 <= len(held) <= most
  assert len(test) <= max(most, min(copies))


@pytest.mark.parametrize("fraction", [1e-6, 0.5, 1 - 1e-6])
def test_both_parts_hold_something(tmp_path, fraction):
  _write(tmp_path, 2)
  train, test = folders.hold_out(folders.walk(str(tmp_path))[0], fraction)
  assert len(train) == len(test) == 1


def test_a_pipe_that_is_named_is_refused_unopened(tmp_path):
  os.mkfifo(tmp_path / "x.jpg")
  with pytest.raises(errors.UserError, match="--input: .*x.jpg is a pipe"):
    folders.find_inputs(str(tmp_path / "x.jpg"), "input")


@pytest.mark.parametrize(
  ("dataset", "missing"),
  [
    ("{}", False),
    ("{}/none", True),
    ("./no/such/folder", True),
    ("{}/packed", False),  # prepare has not finished it
    ("cycle_gan/horse2zebra", False),
    ("apple2orange_scenes/64", False),
    ("gs://bucket/pictures", False),
  ],
)
def test_what_is_not_there_is_seen_at_once(dataset, missing, tmp_path):
  (tmp_path / "packed.partial").mkdir()
  config = config_lib.DataConfig(dataset=dataset.format(tmp_path))
  if not missing:
    folders.require_there(config)
    return
  with pytest.raises(errors.UserError, match="--dataset=.*no such folder"):
    folders.require_there(config)


if __name__ == "__main__":
  conftest.main(__file__)
