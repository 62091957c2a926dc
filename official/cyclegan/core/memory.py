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
"""Memory of this process and of the machine or container, in bytes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
from collections.abc import Iterator

_PROCESS = pathlib.Path("/proc/self")
_MEMINFO = pathlib.Path("/proc/meminfo")
# Files of a control group (version 2, and 1): its limit, its use, and the part
# of the latter that is only cached and is given back when it is asked for.
_VERSIONS = {
  "cgroup2": ("memory.max", "memory.current", "inactive_file"),
  "cgroup": (
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
  ),
}

# mallopt(3): how much freed memory is kept, and from which size on each block
# is the system's own, which glibc raises by itself otherwise; bytes. The latter
# is below a usual strip of `data/picture_strips` in RGB, or what is kept of
# each strip lies between the strips' own blocks, and none of these can be used
# again.
_KEPT = {-1: 1 << 22, -3: 1 << 19, -8: 1}


def keep_little() -> None:
  """Asks the C library to give freed memory back to the system.

  glibc keeps blocks of up to 32 MB for later, once one was freed; with blocks
  of ever other sizes that came to twice the memory in use. For the rest of the
  process; nothing is done where the C library is another one.
  """
  with contextlib.suppress(OSError, TypeError, AttributeError):
    set_option = ctypes.CDLL(None).mallopt
    for option, value in _KEPT.items():
      set_option(option, value)


def free_memory() -> int:
  """Returns how many bytes this process may still take.

  A container's own limit counts, which the machine's figures do not show: those
  of control groups of both versions, of this process's group and all above it.
  """
  free = [_machine_free()]
  for kind, folder in _groups():
    limit_name, used_name, cached = _VERSIONS[kind]
    try:
      limit = int((folder / limit_name).read_text())
      used = int((folder / used_name).read_text())
    except (OSError, ValueError):  # no such group, or one without a limit
      continue
    free.append(limit - used + _statistic(folder / "memory.stat", cached))
  return max(0, min(free))


def used_memory() -> int:
  """Returns how many bytes of memory this process holds (resident set)."""
  pages = _pages()
  if pages:
    return pages[1] * os.sysconf("SC_PAGE_SIZE")
  import psutil

  return psutil.Process().memory_info().rss


def address_space() -> int:
  """Returns how many bytes of addresses this process has; 0 if unknown."""
  pages = _pages()
  return pages[0] * os.sysconf("SC_PAGE_SIZE") if pages else 0


def _pages() -> list[int]:
  """Returns the pages that Linux says this process has, and holds."""
  try:
    return [int(word) for word in (_PROCESS / "statm").read_text().split()]
  except (OSError, ValueError):
    return []


def _machine_free() -> int:
  """Returns what the machine can still give."""
  kilobytes = _statistic(_MEMINFO, "MemAvailable:")
  if kilobytes:
    return kilobytes * 1024
  import psutil  # not there on machines with nothing but a .tflite runtime

  return int(psutil.virtual_memory().available)


def _statistic(path: pathlib.Path, name: str) -> int:
  """Returns a number of a file of names and numbers; 0 if it is not there."""
  try:
    for line in path.read_text().splitlines():
      if line.startswith(f"{name} "):
        return int(line.split()[1])
  except (OSError, ValueError, IndexError):
    pass
  return 0


def _groups() -> Iterator[tuple[str, pathlib.Path]]:
  """Yields the folders of this process's control groups of memory.

  Yields:
    The version, as file systems are called, and a folder; each group's is
    followed by those above it.
  """
  try:
    groups = (_PROCESS / "cgroup").read_text().splitlines()
    mounts = (_PROCESS / "mountinfo").read_text().splitlines()
  except OSError:
    return
  # A line is number:controllers:path; version 2 names no controllers (cgroups,
  # section 7).
  paths = {}
  for line in groups:
    _, controllers, path = (line.split(":", 2) + ["", ""])[:3]
    if not controllers:
      paths["cgroup2"] = path
    elif "memory" in controllers.split(","):
      paths["cgroup"] = path
  for line in mounts:
    # ... root, mount point, options, -, type, source, options (proc, 3.5).
    first, _, last = line.partition(" - ")
    places, kinds = first.split(), last.split()
    if len(places) < 5 or len(kinds) < 3 or kinds[0] not in paths:
      continue
    if kinds[0] == "cgroup" and "memory" not in kinds[2].split(","):
      continue
    root, point = places[3], pathlib.Path(places[4])
    # A container may see its own group as the root, or by the host's path.
    below = os.path.relpath(paths[kinds[0]], root)
    inside = not below.startswith(os.pardir)
    folder = point / below if inside else point
    while folder != point:
      yield kinds[0], folder
      folder = folder.parent
    yield kinds[0], point
