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

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import image_checks
from official.cyclegan.data import image_files
from tests import conftest


def test_text_called_jpg_is_named(tmp_path):
  picture = conftest.smooth_picture(np.random.default_rng(0), 20, 30)
  paths = []
  for i in range(8):
    paths.append(str(tmp_path / f"{i}.jpg"))
    image_files.write(paths[-1], picture)
  image_checks.check_all(paths, config_lib.DataConfig())
  (tmp_path / "3.jpg").write_text("This is no picture.")
  whole = (tmp_path / "5.jpg").read_bytes()
  (tmp_path / "5.jpg").write_bytes(whole[: len(whole) // 2])
  with pytest.raises(errors.UserError) as error:
    image_checks.check_all(paths, config_lib.DataConfig())
  message = str(error.value)
  assert "3.jpg" in message and "5.jpg" in message and "4.jpg" not in message
  assert "\n" not in message and "Replace or remove" in message


def test_every_file_is_seen_and_the_broken_ones_are_told_apart(tmp_path):
  picture = conftest.smooth_picture(np.random.default_rng(0), 20, 30)
  paths = [str(tmp_path / name) for name in ("b.jpg", "a.png", "c.png")]
  for path in paths[:2]:
    image_files.write(path, picture)
  (tmp_path / "c.png").write_text("This is no picture.")
  seen = {}
  readable, broken = image_checks.examine(
    paths, "white", lambda path, image: seen.setdefault(path, image)
  )
  assert list(readable) == paths[:2] and list(broken) == paths[2:]
  assert readable[paths[0]].plain and not readable[paths[1]].plain
  for path in paths[:2]:
    np.testing.assert_array_equal(seen[path], image_files.read(path))
  assert seen[paths[2]] is None


if __name__ == "__main__":
  conftest.main(__file__)
