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
import PIL.Image
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import sources
from tests import conftest
from tests import odd_files


def test_report_counts_and_finds_copies(tmp_path):
  rng = np.random.default_rng(0)

  def picture(seed):
    return PIL.Image.fromarray(
      np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    ).resize((80, 60), PIL.Image.Resampling.BICUBIC)

  for split in sources.SPLITS:
    (tmp_path / split).mkdir()
  for i in range(12):
    domain = "AB"[i % 2]
    picture(i).save(tmp_path / f"train{domain}" / f"{i}.png")
  picture(20).save(tmp_path / "testA" / "20.png")
  picture(21).convert("L").save(tmp_path / "testB" / "21.png")
  # An exact copy within A, a resized JPEG of it in B, a touched-up one in test.
  shutil.copy(tmp_path / "trainA" / "0.png", tmp_path / "trainA" / "copy.png")
  picture(0).resize((160, 120)).save(tmp_path / "trainB" / "like.jpg")
  touched = np.asarray(picture(2)).astype(int) + rng.integers(
    -3, 4, (60, 80, 3)
  )
  PIL.Image.fromarray(np.clip(touched, 0, 255).astype(np.uint8)).save(
    tmp_path / "testA" / "touched.png"
  )
  (tmp_path / "trainB" / "readme.txt").write_text("")
  (tmp_path / "trainB" / "bad.png").write_text("no picture")
  found = dataset_audit.audit(
    config_lib.DataConfig(dataset=str(tmp_path), on_bad_image="skip")
  )
  summary = dataset_audit.report(found)
  a, b = summary["domains"]["A"], summary["domains"]["B"]
  assert a["pictures"] == {"trainA": 7, "testA": 2}
  assert b["pictures"] == {"trainB": 7, "testB": 1}
  assert b["width"] == {"smallest": 80, "median": 80, "largest": 160}
  assert a["kinds"] == {"PNG RGB": 9}
  assert b["kinds"] == {"PNG RGB": 6, "JPEG RGB": 1, "PNG L": 1}
  assert (a["other_files"], b["other_files"]) == (0, 1)

  def names(groups):
    return sorted(sorted(os.path.basename(p) for p in g) for g in groups)

  exact, near = summary["exact_duplicates"], summary["near_duplicates"]
  assert names(exact["examples"]) == [["0.png", "copy.png"]]
  assert (exact["copies"], exact["in_train_and_test"]) == (1, 0)
  assert near["between_A_and_B"]["pictures"] == {"A": 2, "B": 1}
  assert names(near["between_A_and_B"]["examples"]) == [
    ["0.png", "like.jpg"],
    ["copy.png", "like.jpg"],
  ]
  assert names(near["between_train_and_test"]["examples"]) == [
    ["2.png", "touched.png"]
  ]
  assert summary["unreadable"]["count"] == 1
  text = " ".join(dataset_audit.table(summary).split())
  for words in (
    "| | A | B |",
    "| training pictures | 7 | 7 |",
    "| width, smallest / median / largest | 80 / 80 / 80 | 80 / 80 / 160 |",
    "exact duplicates: 1 copy of 1 picture; 0 pictures for testing are among"
    " the training pictures too * ",
    "between A and B: 2 pairs, 2 of A and 1 of B * ",
    "Test pictures that are trained on make measures come out too good",
    "bad.png",
    "0.png = ",
    "Few pictures to train on (7 in a domain): ",
    "Use --augment=diffaugment",
  ):
    assert words in text
  enough = {"trainA": dataset_audit.FEW, "testA": 2}
  summary["domains"]["A"]["pictures"] = enough
  assert "train on (7 in a" in dataset_audit.table(summary)
  summary["domains"]["B"]["pictures"] = {
    name.replace("A", "B"): n for name, n in enough.items()
  }
  assert "Few" not in dataset_audit.table(summary)


def test_copies_in_training_and_test_are_told_with_the_remedy(tmp_path):
  """Of one picture three, of which one is for testing; of another one two."""
  rng = np.random.default_rng(0)
  for split in sources.SPLITS:
    (tmp_path / split).mkdir()
    for i in range(3):
      PIL.Image.fromarray(
        rng.integers(0, 256, (40, 40, 3), np.uint8), "RGB"
      ).save(tmp_path / split / f"{i}.png")
  config = config_lib.DataConfig(dataset=str(tmp_path))

  def look():
    summary = dataset_audit.report(dataset_audit.audit(config))
    return summary["exact_duplicates"], dataset_audit.table(summary)

  found, text = look()
  assert (found["count"], found["copies"], found["in_train_and_test"]) == (
    *(0, 0, 0),
  )
  assert "exact duplicates: 0\n" in text and "remove" not in text
  for source, copy in (
    ("trainA/0", "trainA/x"),
    ("trainA/0", "testA/y"),
    ("testB/1", "testB/z"),
  ):
    shutil.copy(tmp_path / f"{source}.png", tmp_path / f"{copy}.png")
  found, text = look()
  assert (found["count"], found["copies"], found["in_train_and_test"]) == (
    *(2, 3, 1),
  )
  assert (
    "3 copies of 2 pictures; 1 picture for testing is among the training"
    " pictures too" in text
  )
  assert "too good: remove them" in text and "keep one of each" in text


def test_bad_files_are_all_named(tmp_path):
  for domain in "ab":
    (tmp_path / domain).mkdir()
    odd_files.write_good(tmp_path / domain)
  config = config_lib.DataConfig(
    domain_a=str(tmp_path / "a"), domain_b=str(tmp_path / "b")
  )
  bad = odd_files.write_bad(tmp_path / "b")
  with pytest.raises(errors.UserError) as error:
    dataset_audit.audit(config)
  for name in bad:
    assert name in str(error.value)


def test_near_duplicates_do_not_grow_without_bound(monkeypatch, tmp_path):
  monkeypatch.setattr(dataset_audit, "MAX_PAIRS", 7)
  for domain in "ab":
    (tmp_path / domain).mkdir()
    for i in range(20):
      PIL.Image.new("RGB", (9, 9), (i, i, i)).save(
        tmp_path / domain / f"{i}.png"
      )
  found = dataset_audit.audit(
    config_lib.DataConfig(
      domain_a=str(tmp_path / "a"), domain_b=str(tmp_path / "b")
    )
  )
  summary = dataset_audit.report(found)
  assert 7 <= summary["near_duplicates"]["between_A_and_B"]["count"] <= 27


if __name__ == "__main__":
  conftest.main(__file__)
