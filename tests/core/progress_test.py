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
import io
import sys

import pytest

from official.cyclegan.core import progress
from tests import conftest


class _Terminal(io.StringIO):
  def isatty(self):
    return True


@pytest.mark.parametrize(
  ("stream", "most"), [(io.StringIO, 5), (_Terminal, 10**9)]
)
def test_a_log_gets_few_lines_and_a_terminal_many(monkeypatch, stream, most):
  written = stream()
  monkeypatch.setattr(sys, "stderr", written)
  options = {} if most < 100 else {"mininterval": 0, "miniters": 1}
  for _ in progress.bar(range(2000), unit="image", **options):
    pass
  text = written.getvalue()
  assert "2000/2000" in text
  lines = text.count("\r")
  assert lines <= most and (most < 100 or lines > 1000)


if __name__ == "__main__":
  conftest.main(__file__)
