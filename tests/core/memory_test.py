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
import platform
import subprocess
import sys

import numpy as np
import psutil
import pytest

from official.cyclegan.core import memory
from tests import conftest


def test_free_memory_is_plausible():
  assert 10**7 < memory.free_memory() < 10**14


@pytest.mark.skipif(
  platform.libc_ver()[0] != "glibc", reason="the C library is not glibc"
)
def test_freed_memory_is_given_back():
  """In a process of its own, for it lasts as long as that."""
  source = (
    "import sys\n"
    "from official.cyclegan.core import memory\n"
    "bytes(2**24)\n"  # from now on glibc keeps blocks of this size
    "if sys.argv[1] == 'keep_little': memory.keep_little()\n"
    "blocks = [b'x' * 2**20 for _ in range(64)]\n"
    "last = b'x' * 2**20\n"
    "full = memory.used_memory()\n"
    "blocks.clear()\n"
    "print(full - memory.used_memory())\n"
  )
  given_back = {
    how: int(
      subprocess.run(
        [sys.executable, "-c", source, how],
        cwd=conftest.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
      ).stdout
    )
    for how in ("keep_little", "as it is")
  }
  assert given_back["keep_little"] > 60 * 2**20
  assert given_back["as it is"] < 4 * 2**20  # below what is still used


_V2, _V1 = (
  ("cgroup2", "memory.max", "memory.current", "inactive_file"),
  (
    "cgroup",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
  ),
)


def _pretend(monkeypatch, folder, kind, path, root):
  """Says that this process is in a group of a path, mounted from a root."""
  own = "0::" if kind == "cgroup2" else "7:cpu,memory:"
  (folder / "cgroup").write_text(f"3:cpuset:/other\n{own}{path}\n")
  (folder / "mountinfo").write_text(
    "30 1 0:1 / / rw - ext4 /dev/x rw\n"
    f"31 30 0:2 / {folder}/cpuset rw - cgroup cgroup rw,cpuset\n"
    f"32 30 0:3 {root} {folder}/mount rw,relatime shared:5 - {kind} {kind}"
    f" rw{',memory' if kind == 'cgroup' else ''}\n"
  )
  monkeypatch.setattr(memory, "_PROCESS", folder)


def _group(folder, files, limit, used, cached=0):
  folder.mkdir(parents=True, exist_ok=True)
  (folder / files[1]).write_text(f"{limit}\n")
  (folder / files[2]).write_text(f"{used}\n")
  (folder / "memory.stat").write_text(f"anon 5\n{files[3]} {cached}\n")


@pytest.mark.parametrize("files", [_V2, _V1], ids=["v2", "v1"])
@pytest.mark.parametrize(
  ("path", "root", "below"),
  [
    ("/", "/", ""),
    ("/a/b", "/", "a/b"),
    ("/docker/x/in", "/docker/x", "in"),
    ("/docker/x", "/../elsewhere", ""),
  ],
)
def test_a_containers_limit_counts(
  monkeypatch, tmp_path, files, path, root, below
):
  _pretend(monkeypatch, tmp_path, files[0], path, root)
  _group(tmp_path / "mount" / below, files, 3_000_000, 1_000_000)
  assert memory.free_memory() == 2_000_000
  # What is only cached is given back when it is asked for.
  _group(tmp_path / "mount" / below, files, 3_000_000, 1_000_000, 400_000)
  assert memory.free_memory() == 2_400_000


@pytest.mark.parametrize("files", [_V2, _V1], ids=["v2", "v1"])
def test_a_limit_of_a_group_above_counts(monkeypatch, tmp_path, files):
  _pretend(monkeypatch, tmp_path, files[0], "/a/b", "/")
  none = "max" if files is _V2 else str(2**63 - 4096)
  _group(tmp_path / "mount" / "a" / "b", files, none, 10)
  _group(tmp_path / "mount" / "a", files, 5_000_000, 1_000_000)
  assert memory.free_memory() == 4_000_000
  _group(tmp_path / "mount" / "a", files, 1_000_000, 1_500_000)
  assert memory.free_memory() == 0


@pytest.mark.parametrize("files", [_V2, _V1], ids=["v2", "v1"])
def test_without_a_limit_the_machines_memory_counts(
  monkeypatch, tmp_path, files
):
  _pretend(monkeypatch, tmp_path, files[0], "/", "/")
  none = "max" if files is _V2 else str(2**63 - 4096)
  _group(tmp_path / "mount", files, none, 10)
  there = psutil.virtual_memory().available
  assert 0.5 * there < memory.free_memory() < 2 * there


def test_without_linux_another_package_is_asked(monkeypatch, tmp_path):
  monkeypatch.setattr(memory, "_PROCESS", tmp_path)
  monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "none")
  assert memory.free_memory() > 10**7
  assert memory.used_memory() > 10**7
  assert memory.address_space() == 0


def test_what_is_taken_is_used():
  before = memory.used_memory()
  taken = np.ones(300_000_000, np.uint8)
  # Meanwhile others may let go of some.
  assert memory.used_memory() > before + 150_000_000
  del taken
  assert memory.address_space() > memory.used_memory()


if __name__ == "__main__":
  conftest.main(__file__)
