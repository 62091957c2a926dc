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

from official.cyclegan.serving import export_report
from tests import conftest


def _images(seed=0, size=16):
  return np.random.default_rng(seed).random((3, size, size, 3), np.float32)


def test_compares_with_keras_and_with_the_truth():
  expected, real = _images(0) * 0.5, _images(1)
  made = expected + np.float32(0.01)
  truth = np.clip(real + 0.2, 0, 1)
  found = export_report.fidelity_to_keras(made, expected, real, truth)
  assert found["psnr"] == pytest.approx(40, abs=0.01)  # 20 log10(1 / 0.01)
  assert found["max_difference"] == pytest.approx(0.01, abs=1e-4)
  assert 0.9 < found["ssim"] < 1
  assert found["relative_l1"] == pytest.approx(
    np.abs(made - truth).mean() / np.abs(real - truth).mean(), rel=0.01
  )
  assert export_report.relative_l1(truth, real, truth) == 0.0


def test_what_cannot_be_said_is_left_out():
  images = _images(size=8)
  found = export_report.fidelity_to_keras(images, images, images, None)
  assert found == {
    "max_difference": 0.0,
    "psnr": 200.0,
    "ssim": None,
    "relative_l1": None,
  }


def test_picture_has_a_row_for_each():
  real = _images()
  shown = export_report.picture(real, {"Keras": real, "float32": real * 0})
  assert shown.shape[0] > 3 * 16 and shown.shape[1] > 3 * 16
  np.testing.assert_array_equal(shown[:16, :16], np.rint(real[0] * 255))
  assert (shown[-16:, :16] == 0).all()


def test_table_has_a_row_for_each_file_and_size():
  of_size = {
    "psnr": 61.5,
    "ssim": None,
    "relative_l1": 0.4,
    "milliseconds": {"1": 2.0, "2": 1.5},
    "memory_mb": None,
  }
  half = {"fp32_sums": {"psnr": 71.0}, "fp16_sums": {"psnr": 52.25}}
  report = {
    "test_images": 50,
    "dataset": "somewhere",
    "picture_rows": {"AtoB": ["input", "Keras", "float32"]},
    "keras_relative_l1": {"AtoB": 0.41, "BtoA": None},
    "detail": {},
    "files": {
      "g_AB": {"bytes": 5_000, "max_difference": 2e-6},
      "g_AB.mlpackage": {"bytes": 7_000, "size": 64, "parity": "not run"},
      "g_AB.tflite": {
        "bytes": 12_345,
        "operators": {"ADD": 2, "MUL": 1},
        "partitions": {"one": 1, "other": "cannot run it: no"},
        "by_size": {"64": {**of_size, "half_precision": half}, "96": of_size},
      },
    },
  }
  text = export_report.table(report)
  assert text.count("`g_AB.tflite`") == 2 and "Keras, AtoB" in text
  rows = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in text.splitlines()
    if line.startswith("|")
  ]
  assert {len(row) for row in rows} == {11}
  assert rows[0][:3] == ["file", "pixels", "KB"]
  assert rows[2] == ["Keras, AtoB", *[""] * 7, "0.4100", "", ""]
  parts = "1 (one); cannot run it: no (other)"
  measures = ["12", "3", parts, "61.5", "71.0, 52.2", "", "0.4000"]
  measures += ["2.0, 1.5", ""]
  assert rows[3] == ["`g_AB.tflite`", "64", *measures]
  assert rows[4][6] == ""  # a file that was not emulated
  assert "* `g_AB`: any size, 5 KB, differs by at most 2.0e-06" in text
  assert "* `g_AB.mlpackage`: 64 pixels, 7 KB, not run." in text
  assert "input, Keras, float32" in text and "Keras, BtoA" not in text


def test_table_says_what_is_done_with_larger_pictures():
  measured = {"stretch": {"l1": 0.04, "sharpness": 0.4}, "tiles": {"l1": 0.03}}
  report = {
    "test_images": 50,
    "dataset": "somewhere",
    "picture_rows": {},
    "keras_relative_l1": {},
    "files": {
      "g_AB": {"bytes": 5, "max_difference": 0.0, "tile": {"psnr": 61.25}}
    },
    "detail": {
      "AtoB": {
        "best": "tiles",
        "compared_with": "truth",
        "pictures": 4,
        "own_detail": 0.84,
        "noise": 0.08,
        "by_factor": {"2": measured},
      },
      "BtoA": {"best": "guided", "compared_with": "", "pictures": 0},
    },
  }
  text = export_report.table(report)
  told = text[text.index("## Larger pictures") :].splitlines()
  assert told[2] == (
    "* AtoB: `--detail=tiles`, by 4 pictures of each size, to the truth. Tiles"
    " keep 0.84 of fine detail. Their copies get noise of 0.08."
  )
  assert "no test pictures are large enough" in told[3]
  assert told[4] == "* `g_AB` takes tiles: PSNR 61.2 dB."
  rows = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in told
    if line.startswith("|")
  ]
  assert rows[2] == ["AtoB", "2", "stretch", "0.0400", "0.4000"]
  assert rows[3] == ["AtoB", "2", "tiles", "0.0300", ""]
  set_by_hand = {**report, "files": {}, "detail": {"AtoB": {"best": "native"}}}
  assert (
    export_report.table(set_by_hand)
    .rstrip()
    .endswith("* AtoB: `--detail=native`.")
  )


if __name__ == "__main__":
  conftest.main(__file__)
