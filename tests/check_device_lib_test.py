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
"""Tests of check_device_lib.py."""

from __future__ import annotations

import numpy as np
import pytest

from official.cyclegan import check_device_lib
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.serving import golden
from tests import conftest

_SIZE = 48


def model(image):
  """Restyles `[1, size, size, 3]`: mixes colours, sharpens, paints stripes."""
  mixed = image @ np.array([[0.7, 0.1, 0.2], [0.2, 0.6, 0.1], [0.1, 0.1, 0.8]])
  around = (np.roll(mixed, 2, 1) + np.roll(mixed, 1, 2)) / 2
  stripes = 0.05 * np.sin(np.arange(image.shape[1]) / 3)[:, None, None]
  made = mixed + 0.5 * (mixed - around) + stripes
  return np.clip(made, 0, 1).astype(np.float32)


def write(folder, cases, change, ending="f32"):
  """Writes what a port makes of the inputs, spoiled by a function."""
  for case in cases:
    made = np.asarray(change(model(case.image[None])[0]), np.float32)
    path = folder / f"{case.name}_output.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)
    if ending == "png":
      image_files.write(str(path), levels)
    else:
      stored = made if ending in ("f32", "raw") else levels
      path.write_bytes(stored.tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  made = tmp_path_factory.mktemp("golden")
  contract = golden.Contract("g.tflite", "serving_default", "a", "b", "float32")
  for direction in ("AtoB", "BtoA"):
    golden.write(str(made), direction, contract, model, _SIZE, 3)
  return str(made)


@pytest.fixture(scope="module")
def cases(folder):
  return golden.read(folder)


@pytest.mark.parametrize("ending", ["f32", "u8", "raw", "png"])
def test_golden_outputs_are_accepted(folder, cases, tmp_path, ending):
  write(tmp_path, cases, lambda v: v, ending)
  findings = check_device_lib.check(folder, str(tmp_path), 30.0)
  assert [f.name for f in findings] == [case.name for case in cases]
  assert all(f.psnr > 50 and not f.fault for f in findings)
  check_device_lib.require_right(findings, str(tmp_path))


def test_one_direction_will_do_which_is_said(folder, cases, tmp_path, caplog):
  write(tmp_path, [c for c in cases if c.name.startswith("BtoA")], lambda v: v)
  with caplog.at_level("WARNING", logger="absl"):
    findings = check_device_lib.check(folder, str(tmp_path), 30.0)
  assert "No output of AtoB is there" in caplog.text
  assert [f.name for f in findings] == ["BtoA/0", "BtoA/1", "BtoA/2"]


@pytest.mark.parametrize("decibels", [33, 45, 60])
def test_noise_of_fewer_bits_is_no_mistake(cases, decibels):
  rng = np.random.default_rng(0)
  for case in cases:
    noise = rng.normal(0, 10 ** (-decibels / 20), case.expected.shape)
    found = check_device_lib.examine(case, case.expected + noise, 30.0)
    assert not found.fault and found.psnr == pytest.approx(decibels, abs=0.5)


_FAULTS = {
  "red and blue are exchanged": lambda v: v[..., ::-1],
  "green and blue are exchanged": lambda v: v[..., [0, 2, 1]],
  "its channels are green, blue, red": lambda v: v[..., [1, 2, 0]],
  "upside down": lambda v: v[::-1],
  "left and right": lambda v: v[:, ::-1],
  "180 degrees": lambda v: v[::-1, ::-1],
  "rows and columns": lambda v: v.swapaxes(0, 1),
  "90 degrees to the left": np.rot90,
  "90 degrees to the right": lambda v: np.rot90(v, 3),
  "shifted: 1 pixels down, 0": lambda v: np.concatenate([v[:1], v[:-1]]),
  "shifted: 0 pixels down, -1": lambda v: np.pad(
    v[:, 1:], [(0, 0), (0, 1), (0, 0)], mode="edge"
  ),
  "linear light": lambda v: np.where(
    v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4
  ),
  "sRGB twice": lambda v: np.clip(v, 0, None) ** (1 / 2.2),
  "range is [-1, 1] instead of [0, 1]": lambda v: 2 * v - 1,
  "cut off below 0": lambda v: np.clip(2 * v - 1, 0, 1),
  "pale": lambda v: v / 2 + 0.5,
  "[0, 255] instead": lambda v: v * 255,
  "[0, 1 / 255]": lambda v: v / 255,
  "inverted": lambda v: 1 - v,
  "NCHW": lambda v: v.transpose(2, 0, 1).reshape(v.shape),
}


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("words", _FAULTS)
def test_mistakes_in_the_output_are_named(cases, words, noise):
  rng = np.random.default_rng(0)
  for case in cases:
    made = _FAULTS[words](case.expected + rng.normal(0, noise, (1, 1, 3)))
    made = np.nan_to_num(made.astype(np.float32))
    found = check_device_lib.examine(case, made, 30.0)
    assert words in found.fault, (case.name, found)


@pytest.mark.parametrize("words", golden.misreadings(3, "float32"))
def test_mistakes_in_the_input_are_named(cases, words):
  change = golden.misreadings(3, "float32")[words]
  for case in cases:
    made = model(change(case.image[None]))[0]
    assert check_device_lib.examine(case, made, 30.0).fault == words


def test_a_model_that_makes_one_colour_of_everything_is_right(tmp_path):
  """Then nothing tells mistakes in the input apart."""

  def collapsed(image):
    return np.zeros_like(image, np.float32)

  folder = str(tmp_path)
  contract = golden.Contract("g.tflite", "serving_default", "a", "b", "float32")
  golden.write(folder, "AtoB", contract, collapsed, _SIZE, 3)
  for case in golden.read(folder):
    found = check_device_lib.examine(case, case.expected, 30.0)
    assert not found.fault and found.psnr > 50


def test_what_is_not_translated_is_named(cases):
  found = check_device_lib.examine(cases[0], cases[0].image, 30.0)
  assert "the input, not translated" in found.fault


@pytest.mark.parametrize("level", [0.0, 0.5, 0.9])
def test_outputs_of_one_colour_are_named(cases, level):
  for case in cases:
    found = check_device_lib.examine(
      case, np.full_like(case.expected, level), 30.0
    )
    assert "one colour" in found.fault and found.psnr < 30


def test_other_differences_are_said(cases):
  rng = np.random.default_rng(0)
  noise = rng.random(cases[0].image.shape)
  found = check_device_lib.examine(cases[0], noise, 30.0)
  assert "not by a mistake known" in found.fault
  for bad in (np.nan, np.inf):
    made = np.where(noise < 0.01, bad, cases[0].expected)
    assert "NaN" in check_device_lib.examine(cases[0], made, 30.0).fault


def test_files_that_do_not_fit_are_refused(folder, cases, tmp_path):
  with pytest.raises(errors.UserError, match="holds no output.*AtoB/0_output"):
    check_device_lib.check(folder, str(tmp_path), 30.0)
  write(tmp_path, cases, lambda v: v)
  path = tmp_path / "AtoB" / "1_output.f32"
  path.write_bytes(path.read_bytes()[:-4])
  with pytest.raises(errors.UserError, match="1_output.f32 has another size"):
    check_device_lib.check(folder, str(tmp_path), 30.0)
  path.unlink()
  with pytest.raises(errors.UserError, match="no output for AtoB/1_input"):
    check_device_lib.check(folder, str(tmp_path), 30.0)
  png = path.with_suffix(".png")
  image_files.write(str(png), np.zeros((9, 9, 3), np.uint8))
  with pytest.raises(errors.UserError, match="another size: .9, 9, 3"):
    check_device_lib.check(folder, str(tmp_path), 30.0)
  png.write_text("no picture")
  with pytest.raises(errors.UserError, match="1_output.png"):
    check_device_lib.check(folder, str(tmp_path), 30.0)


def test_what_is_there_is_looked_at_where_an_output_is_missing(
  folder, cases, tmp_path
):
  write(tmp_path, cases, lambda v: v[..., ::-1])
  for name in ("AtoB/1", "AtoB/2", "BtoA/2"):
    (tmp_path / f"{name}_output.f32").unlink()
  with pytest.raises(errors.UserError) as error:
    check_device_lib.check(folder, str(tmp_path), 30.0)
  message = str(error.value)
  assert "no output for AtoB/1_input" in message
  for name in ("AtoB/0", "BtoA/0", "BtoA/1"):
    assert f"{name}: red and blue are exchanged." in message


def test_table_and_error_name_the_mistake(folder, cases, tmp_path):
  write(tmp_path, cases, lambda v: v[..., ::-1])
  findings = check_device_lib.check(folder, str(tmp_path), 30.0)
  text = check_device_lib.table(findings)
  assert text.count("red and blue are exchanged") == 6
  with pytest.raises(errors.UserError, match="6 of 6 .*red and blue") as raised:
    check_device_lib.require_right(findings, str(tmp_path))
  assert "\n" not in str(raised.value)


if __name__ == "__main__":
  conftest.main(__file__)
