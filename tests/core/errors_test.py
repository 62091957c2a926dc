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
import pytest

from official.cyclegan.core import errors
from tests import conftest


def test_an_error_names_option_and_value():
  error = errors.UserError("must be at least 1.", "batch_size", 0)
  assert str(error) == "--batch_size=0 must be at least 1."
  assert str(errors.UserError(": why.", "x", 1)) == "--x=1: why."
  assert str(errors.UserError("is missing.", "x")) == "--x is missing."
  assert str(errors.UserError("a.png is empty.")) == "a.png is empty."


def test_the_caller_names_the_flag_that_was_given():
  with (
    pytest.raises(errors.UserError) as error,
    errors.given_as(model_dir="teacher"),
  ):
    raise errors.UserError("holds nothing.", "model_dir", "/x")
  assert str(error.value) == "--teacher=/x holds nothing."
  with (
    pytest.raises(errors.UserError) as error,
    errors.given_as(model_dir="teacher"),
  ):
    raise errors.UserError("is odd.", "size", 3)
  assert str(error.value) == "--size=3 is odd."


def test_an_error_says_what_is_kept_in_spite_of_it():
  with (
    pytest.raises(OSError) as error,
    errors.keeping(lambda: "outer."),
    errors.keeping(lambda: "4 of 9 are done."),
  ):
    raise OSError("full")
  assert errors.kept(error.value) == "4 of 9 are done."
  assert errors.kept(OSError()) == ""
  with pytest.raises(OSError, match="first") as error, errors.keeping(_fails):
    raise OSError("first")
  assert errors.kept(error.value) == ""


def _fails():
  raise ValueError("second")


def test_nearest_name():
  assert errors.nearest("quikstart", ["paper", "quickstart"]) == (
    " Did you mean quickstart?"
  )
  assert errors.nearest("zzz", ["paper", "quickstart"]) == ""


def test_first_line_drops_tensorflows_wrapping():
  error = ValueError("{{function_node x}} bad shape [Op:MatMul]\nmore")
  assert errors.first_line(error) == "bad shape"
  assert errors.first_line(KeyError()) == "KeyError"


def test_a_model_of_the_other_direction_says_which_it_has():
  with (
    pytest.raises(errors.UserError) as raised,
    errors.given_as(model="teacher"),
  ):
    raise errors.WrongDirectionError(
      "translates BtoA, not AtoB.", "model", "x.tflite", direction="BtoA"
    )
  assert raised.value.direction == "BtoA"
  assert str(raised.value) == "--teacher=x.tflite translates BtoA, not AtoB."


if __name__ == "__main__":
  conftest.main(__file__)
