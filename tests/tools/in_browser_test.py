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
"""Files are timed in Chromium, and the page's own figures are read."""

import sys

import pytest

from official.cyclegan.core import errors
from official.cyclegan.serving import web_page
from tests import conftest

sys.path.insert(0, str(conftest.ROOT / "tools" / "benchmarks"))
import in_browser

pytestmark = pytest.mark.one_stack


@pytest.mark.slow(seconds=11)
def test_files_are_timed_in_turns_and_the_page_is_read(models, halving):
  if in_browser.missing():
    pytest.skip(f"{in_browser.missing()} is not installed")
  try:
    web_page.require_runtime()
  except errors.UserError:
    pytest.skip("LiteRT.js is not installed")
  paths = {"small": halving, "mobile": models["tflite"]}
  found = in_browser.milliseconds(paths)
  assert list(found) == list(paths) and min(found.values()) > 0
  figures = in_browser.page_figures(models["export"], ["float32"])
  assert list(figures) == ["float32"]
  assert figures["float32"]["milliseconds"] > 0
  assert figures["float32"]["frames_per_second"] > 0


if __name__ == "__main__":
  conftest.main(__file__)
