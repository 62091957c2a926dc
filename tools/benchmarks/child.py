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
"""Runs a program of one's own and ends in words if it fails."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Mapping, Sequence

from official.cyclegan.core import errors


def run(
  command: Sequence[str],
  what: str,
  cwd: os.PathLike[str] | None = None,
  env: Mapping[str, str] | None = None,
) -> str:
  """Runs a program to its end.

  Args:
    command: The program and its arguments.
    what: What it is, for the message: `what` failed.
    cwd: The folder it works in. None: this program's.
    env: Its environment. None: this program's.

  Returns:
    Its standard output.

  Raises:
    errors.UserError: If it fails; with the last line of its standard error.
  """
  done = subprocess.run(
    command, capture_output=True, text=True, check=False, cwd=cwd, env=env
  )
  if done.returncode:
    lines = done.stderr.strip().splitlines() or ["no message"]
    raise errors.UserError(f"{what} failed: {lines[-1]}")
  return done.stdout


def processor_seconds() -> float:
  """Returns the processor time of all programs that have ended."""
  used = resource.getrusage(resource.RUSAGE_CHILDREN)
  return used.ru_utime + used.ru_stime
