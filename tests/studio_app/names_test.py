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

from official.cyclegan.studio_app import names
from official.cyclegan.studio_app import refusals
from tests import conftest


@pytest.mark.parametrize(
  "text",
  [
    "holiday.jpg",
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/passwd",
    "-rf",
    "--output_dir=x",
    ".hidden",
    "a\0b",
    "a\nb\x1b[31m",
    "<script>alert(1)</script>",
    "\u202egpj.exe",
    "CON",
    "nul.txt",
    "...",
    "",
    " ",
    "한글 사진 (1).png",
    "x" * 1000,
    "e\u0301te\u0301",
  ],
)
def test_what_is_cleaned_may_be_used(text):
  name = names.cleaned(text, "picture")
  assert names.checked(name) == name
  assert names.cleaned(name, "picture") == name
  assert not set(name) & set('/\\<>:"|?*\0\n\x1b\u202e')


@pytest.mark.parametrize(
  "name",
  ["", ".", "..", ".git", "a/b", "a\\b", "a\0", "-x", "a\n", "a.", "nul", "a:b"]
  + ["x" * 500, "_x", "a<b"],
)
def test_other_names_stand_for_nothing(name):
  with pytest.raises(refusals.Refused) as refused:
    names.checked(name)
  assert refused.value.status == 404


if __name__ == "__main__":
  conftest.main(__file__)
