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
"""Tests of measuring by Beam, against `evaluate` on the same pictures."""

import json
import re

import numpy as np
import PIL.Image
import pytest

from tests import beam_python
from tests import conftest

pytestmark = pytest.mark.slow(seconds=60)

# In this order `evaluate` reads them; no sorting of whole paths gives it.
_NAMES = ("a/z.png", "a.jpg", "a0.png", "b/c/1.jpg", "b/c/2.png", "b.c.jpg")


@pytest.fixture(scope="module")
def python():
  return beam_python.find_with_tensorflow()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
  """Enough pictures for two of the batches in which they are described."""
  folder = tmp_path_factory.mktemp("dataset")
  rng = np.random.default_rng(0)
  for split, count in (
    ("trainA", 2),
    ("trainB", 61),
    ("testA", 33),
    ("testB", 2),
  ):
    for i in range(count):
      name = _NAMES[i] if i < len(_NAMES) else f"d/{i}.{'jpgpng'[i % 2 * 3 :]}"
      path = folder / split / name.replace("jpgpng", "jpg")
      path.parent.mkdir(parents=True, exist_ok=True)
      height, width = rng.integers(17, 60, 2)
      image = conftest.smooth_picture(rng, height, width, split[-1] == "A")
      image = np.clip(image + rng.normal(0, 12, image.shape), 0, 255)
      PIL.Image.fromarray(image.astype(np.uint8)).save(path)
  return folder


def _evaluate_many(python, output, **options):
  done = beam_python.run(python, "evaluate_many", output_dir=output, **options)
  assert not done.returncode, done.stderr
  assert "FID on random features" in done.stdout
  left = {path.name for path in output.iterdir()} - {"report.md"}
  return json.loads((output / "report.json").read_text()), left


def test_distances_are_those_of_evaluate(python, halving, dataset, tmp_path):
  done = beam_python.run(
    python,
    "evaluate",
    model=halving,
    dataset=dataset,
    output_dir=tmp_path / "one",
  )
  assert not done.returncode, done.stderr
  one = json.loads((tmp_path / "one" / "report.json").read_text())
  wanted = one["directions"]["AtoB"]
  report, left = _evaluate_many(
    python,
    tmp_path / "many",
    model=halving,
    input=dataset / "testA",
    references=dataset / "trainB",
    workers=2,
  )
  assert left == {"report.json"}
  assert report["protocol"]["pictures"] == 33
  assert report["protocol"]["reference_pictures"] == 61
  assert set(report["measures"]) == {"model", "nothing"}
  for candidate, measures in report["measures"].items():
    assert set(measures) == {"fid_random", "kid_random", "kid_random_std"}
    for name, value in measures.items():
      assert value == pytest.approx(wanted[candidate][name], rel=1e-6), name


def test_what_cannot_be_read_is_listed_and_has_no_number(
  python, dataset, tmp_path
):
  """Of pictures that are translations already, and of a list of addresses."""
  same = {"references": dataset / "trainB", "size": 24, "workers": 1}
  report, _ = _evaluate_many(
    python, tmp_path / "folder", input=dataset / "testA", **same
  )
  listed = sorted(map(str, (dataset / "testA").rglob("*.*g")))
  bad = tmp_path / "in" / "0.png"
  bad.parent.mkdir()
  bad.write_bytes(b"no picture")
  lines = [str(bad), "", *listed[::-1], listed[0], "/gone/1.jpg"]
  (tmp_path / "list.txt").write_text("\n".join(lines))
  again, left = _evaluate_many(
    python, tmp_path / "list", input=tmp_path / "list.txt", **same
  )
  assert again["measures"] == {
    "pictures": pytest.approx(report["measures"]["pictures"], rel=1e-9)
  }
  assert again["protocol"]["unreadable"] == 2
  lines = [
    json.loads(line)
    for name in left - {"report.json"}
    for line in (tmp_path / "list" / name).read_text().splitlines()
  ]
  assert {line["source"] for line in lines} == {str(bad), "/gone/1.jpg"}


@pytest.mark.parametrize(
  ("wrong", "said"),
  [
    ({"references": "none.txt"}, "--references=.*does not exist"),
    ({"input": "empty"}, "--input=.*holds no pictures"),
    ({"output_dir": "in"}, "--output_dir="),
  ],
)
def test_what_cannot_work_is_refused_first(python, tmp_path, wrong, said):
  (tmp_path / "in").mkdir()
  (tmp_path / "empty").mkdir()
  PIL.Image.new("RGB", (20, 20)).save(tmp_path / "in" / "a.png")
  places = {"input": "in", "references": "in", "output_dir": "out", **wrong}
  done = beam_python.run(
    python,
    "evaluate_many",
    size=16,
    **{option: tmp_path / name for option, name in places.items()},
  )
  assert done.returncode == 2
  (line,) = [text for text in done.stderr.splitlines() if ": error: " in text]
  assert re.search(said, line), line
  assert not (tmp_path / "out").exists()


if __name__ == "__main__":
  conftest.main(__file__)
