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

from official.cyclegan.data import image_files
from official.cyclegan.reporting import evaluation_page
from tests import conftest


def _report():
  found = {
    "model": {"swd": 0.5, "kid_random": 0.25, "kid_random_std": 0.125},
    "nothing": {"swd": 1.0},
    "histogram": {"swd": None},
    "affine": {"swd": 7.75},
  }
  return {"model": "runs/<mine>", "directions": {"AtoB": found, "BtoA": found}}


def test_shows_measures_pictures_and_how_it_was_measured(tmp_path):
  image_files.write(
    str(tmp_path / "pictures.png"), np.zeros((8, 8, 3), np.uint8)
  )
  evaluation_page.write(str(tmp_path), _report(), "7 images of <fruits>.")
  text = (tmp_path / "report.html").read_text()
  assert "Evaluation of &lt;mine&gt;" in text
  assert "7 images of &lt;fruits&gt;." in text
  assert text.count("histogram matching</th>") == 2
  assert "<td>0.5</td><td>1</td><td></td>" in text
  assert "data:image/webp" in text and "0.125" not in text


def test_no_place_of_this_machine_is_told(tmp_path):
  folder = tmp_path / "run" / "evaluation"
  folder.mkdir(parents=True)
  report = {
    **_report(),
    "model": str(tmp_path / "run"),
    "protocol": {"dataset": "/home/ann lee/my pics"},
  }
  evaluation_page.write(
    str(folder), report, "7 images of /home/ann lee/my pics."
  )
  text = (folder / "report.html").read_text()
  assert "Evaluation of run" in text and "7 images of my pics." in text
  assert str(tmp_path) not in text and "/home" not in text


def test_without_its_picture_it_is_still_a_page(tmp_path):
  evaluation_page.write(str(tmp_path), _report(), "7 images.")
  text = (tmp_path / "report.html").read_text()
  assert "<img" not in text and "7 images." in text


if __name__ == "__main__":
  conftest.main(__file__)
