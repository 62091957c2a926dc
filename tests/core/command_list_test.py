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
import re

import pytest

from official.cyclegan.core import command_list
from tests import conftest

_FOLDER = conftest.ROOT / "official" / "cyclegan"


def test_every_command_is_in_the_list():
  ends = '\nif __name__ == "__main__":\n  command.run('
  paths = [*_FOLDER.glob("*.py"), *_FOLDER.glob("*/__main__.py")]
  found = [
    path.parent.name if path.stem == "__main__" else path.stem
    for path in paths
    if ends in path.read_text()
  ]
  assert sorted(command_list.NAMES) == sorted(found)


@pytest.mark.parametrize("name", command_list.NAMES)
def test_a_summary_is_the_first_line_of_the_commands_help(name):
  _, path = command_list.module(name).split(".cyclegan.")
  source = (_FOLDER / f"{path.replace('.', '/')}.py").read_text()
  first = re.search(r'^r?"""(.+)', source, re.MULTILINE)[1]
  assert command_list.summary(name) == first


if __name__ == "__main__":
  conftest.main(__file__)
