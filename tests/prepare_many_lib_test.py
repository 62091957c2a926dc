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
"""Tests of preparing by Beam: all is as `prepare` makes it."""

import json

import numpy as np
import PIL.Image
import pytest

from tests import beam_python
from tests import conftest

pytestmark = pytest.mark.slow(seconds=40)


@pytest.fixture(scope="module")
def python():
  return beam_python.find_with_tensorflow()


def _files(folder):
  return {
    path.relative_to(folder).as_posix(): path.read_bytes()
    for path in folder.rglob("*")
    if path.is_file()
  }


def test_report_and_records_are_those_of_prepare(python, tmp_path):
  """With held-out pictures, copies, near copies and what cannot be read."""
  rng = np.random.default_rng(0)
  for domain in "AB":
    folder = tmp_path / "given" / domain
    (folder / "sub").mkdir(parents=True)
    for i in range(40):
      image = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
      picture = PIL.Image.fromarray(image).resize(rng.integers(40, 70, 2))
      picture.save(folder / ("sub" if i % 5 else ".") / f"{i}.jpg", quality=95)
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no picture")
  given = tmp_path / "given"
  for i in (0, 5, 7, 9):
    own = next((given / "A").rglob(f"{i}.jpg"))
    (given / "B" / f"copy{i}.jpg").write_bytes(own.read_bytes())
    with PIL.Image.open(own) as picture:
      picture.resize((64, 48)).save(given / "B" / f"near{i}.png")
      picture.save(given / "A" / f"again{i}.jpg", quality=60)
  deep = rng.integers(500, 900, (30, 30), dtype=np.uint16)
  PIL.Image.fromarray(deep).save(given / "A" / "deep.png")
  options = {
    "dataset": given,
    "on_bad_image": "skip",
    "range": "auto",
    "shard_mb": 1,
  }
  for name, more in (("prepare", {}), ("prepare_many", {"workers": 2})):
    done = beam_python.run(
      python, name, output_dir=tmp_path / name, **options, **more
    )
    assert not done.returncode, done.stderr
  one, many = _files(tmp_path / "prepare"), _files(tmp_path / "prepare_many")
  assert list(one) and set(one) == set(many)
  for name, contents in one.items():
    assert many[name] == contents, name
  report = json.loads(many["report.json"])
  assert report["near_duplicates"]["between_A_and_B"]["count"] >= 8
  assert report["unreadable"]["count"] == 2
  # As a killed job leaves it: what is missing is written, the others stay.
  partial = tmp_path / "prepare_many.partial"
  (tmp_path / "prepare_many").rename(partial)
  kept, missing = sorted(partial.glob("*.tfrecord*"))[:2]
  missing.unlink()
  before = kept.stat().st_mtime_ns
  done = beam_python.run(
    python,
    "prepare_many",
    output_dir=tmp_path / "prepare_many",
    workers=1,
    **options,
  )
  assert not done.returncode, done.stderr
  assert _files(tmp_path / "prepare_many") == one
  after = (tmp_path / "prepare_many" / kept.name).stat().st_mtime_ns
  assert after == before


def test_other_machines_need_a_folder_of_all(python, pictures):
  done = beam_python.run(
    python, "prepare_many", dataset=pictures, runner="FlinkRunner"
  )
  assert done.returncode == 2 and "--work_dir" in done.stderr


if __name__ == "__main__":
  conftest.main(__file__)
