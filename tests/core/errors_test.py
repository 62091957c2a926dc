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
