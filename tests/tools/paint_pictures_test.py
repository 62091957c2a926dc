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
import numpy as np
import pytest

from official.cyclegan.data import image_files
from tests import conftest

# Starts processes.
pytestmark = [pytest.mark.slow(seconds=4), pytest.mark.one_stack]

_TOOL = "benchmarks/paint_pictures.py"


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
  folder = tmp_path_factory.mktemp("photographs")
  rng = np.random.default_rng(0)
  for i in range(7):
    image = conftest.smooth_picture(rng, 60, 40 + i)
    image[20:40, 10:30] = 255 - image[20:40, 10:30]
    image_files.write(str(folder / f"{i}.png"), image)
  return folder


def _paint(photographs, output, *more):
  return conftest.run_tool(
    _TOOL,
    f"--pictures={photographs}",
    f"--output_dir={output}",
    "--size=32",
    "--count=2",
    *more,
  )


def _read(folder):
  paths = sorted(folder.iterdir())
  return {p.name: image_files.read(str(p)).astype(np.int64) for p in paths}


@pytest.mark.parametrize("painter", ["colours", "dabs"])
def test_painted_pictures_have_their_truth(photographs, tmp_path, painter):
  flags = ("--test_count=3", f"--painter={painter}")
  done = _paint(photographs, tmp_path, *flags)
  assert done.returncode == 0, done.stderr
  found = {
    split: _read(tmp_path / split)
    for split in ("trainA", "trainB", "testA", "testB")
  }
  assert [len(pictures) for pictures in found.values()] == [2, 2, 3, 3]
  assert list(found["testA"]) == list(found["testB"])
  for name, image in found["testA"].items():
    painted = found["testB"][name]
    assert image.shape == painted.shape == (32, 32, 3)
    assert np.abs(image - painted).mean() > 5
    # What is light stays light.
    luma, after = image.mean(-1).ravel(), painted.mean(-1).ravel()
    assert np.corrcoef(luma, after)[0, 1] > 0.7
    if painter == "colours":  # each pixel's by itself
      flat, other = image.reshape(-1, 3), painted.reshape(-1, 3)
      _, first, which = np.unique(
        flat, axis=0, return_index=True, return_inverse=True
      )
      np.testing.assert_array_equal(other, other[first][which.ravel()])
  # The same again.
  again = _paint(photographs, tmp_path / "again", *flags)
  assert again.returncode == 0, again.stderr
  for name, image in _read(tmp_path / "again" / "testB").items():
    np.testing.assert_array_equal(image, found["testB"][name])


def test_too_few_photographs_are_refused(photographs, tmp_path):
  done = _paint(photographs, tmp_path / "out", "--test_count=4")
  conftest.assert_refused(
    done, f"--pictures={photographs}", "7 pictures", "take 8"
  )
  assert not (tmp_path / "out").exists()


def test_photographs_are_not_written_over(photographs):
  done = _paint(photographs, photographs / "inside", "--test_count=3")
  conftest.assert_refused(done, "--output_dir", "inside")


if __name__ == "__main__":
  conftest.main(__file__)
