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

from official.cyclegan.core import memory
from tests import conftest


def test_free_memory_is_plausible():
  assert 10**7 < memory.free_memory() < 10**14


@pytest.mark.parametrize(
  ("limit", "used", "free"),
  [("3000000", "1000000", 2_000_000), ("max", "1000000", None)],
)
def test_a_containers_limit_counts(monkeypatch, tmp_path, limit, used, free):
  (tmp_path / "max").write_text(limit)
  (tmp_path / "current").write_text(used)
  monkeypatch.setattr(memory, "_CGROUP_LIMIT", str(tmp_path / "max"))
  monkeypatch.setattr(memory, "_CGROUP_USED", str(tmp_path / "current"))
  if free is None:
    assert memory.free_memory() > 10**7
  else:
    assert memory.free_memory() == free


def test_what_is_taken_is_used():
  before = memory.used_memory()
  taken = np.ones(300_000_000, np.uint8)
  # Meanwhile others may let go of some.
  assert memory.used_memory() > before + 150_000_000
  del taken


if __name__ == "__main__":
  conftest.main(__file__)
