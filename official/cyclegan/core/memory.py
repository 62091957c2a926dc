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

import psutil

# Limit and use of a container (cgroup v2); the former may say "max".
_CGROUP_LIMIT = "/sys/fs/cgroup/memory.max"
_CGROUP_USED = "/sys/fs/cgroup/memory.current"


def free_memory() -> int:
  """Returns how many bytes this process may still take."""
  free = psutil.virtual_memory().available
  try:
    # A container's own limit, which the machine's figures do not show.
    with open(_CGROUP_LIMIT) as limit, open(_CGROUP_USED) as used:
      free = min(free, int(limit.read()) - int(used.read()))
  except (OSError, ValueError):  # no such container, or one without a limit
    pass
  return free


def used_memory() -> int:
  """Returns how many bytes of memory this process holds (resident set)."""
  return psutil.Process().memory_info().rss
