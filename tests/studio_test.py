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
import json

from tests import conftest


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("studio", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.studio")
  assert recipe < result.stdout.index("--root:")


def test_bad_flags_are_refused():
  conftest.assert_refused(conftest.run_binary("studio", "--port=70000"), "port")
  conftest.assert_refused(
    conftest.run_binary("studio", "--largest_picture=0"), "largest_picture"
  )
  done = conftest.run_binary("studio", "--root=r", "--port=5", "--dry_run")
  assert json.loads(done.stdout) == {
    "root": "r",
    "open_browser": True,
    "largest_picture": 100,
    "largest_video": 1000,
    "host": "127.0.0.1",
    "port": 5,
  }


if __name__ == "__main__":
  conftest.main(__file__)
