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
from official.cyclegan.core import level_range
from tests import conftest


def test_words_and_ranges_are_read():
  assert level_range.parse("full", "full", "auto") == "full"
  found = level_range.parse(" 51000, 52500.5", "full")
  assert found == level_range.LevelRange(51000, 52500.5)
  assert str(found) == "51000,52500.5"


@pytest.mark.parametrize(
  "text", ["", "model", "5", "5,5", "6,5", "a,b", "1,2,3", "0,inf", "nan,1"]
)
def test_what_is_no_range_is_refused(text):
  with pytest.raises(errors.UserError, match="--range=.*two numbers"):
    level_range.parse(text, "full", "auto")


def test_json_keeps_a_range():
  found = level_range.LevelRange(-3.25, 1e9)
  assert level_range.from_list(level_range.as_list(found)) == found
  others = (None, "no", [1], {}, ["a", "b"], [2, 1], [0, 10**400], [0, "inf"])
  for other in others:
    assert level_range.from_list(other) is None
  assert level_range.as_list(None) is None


if __name__ == "__main__":
  conftest.main(__file__)
