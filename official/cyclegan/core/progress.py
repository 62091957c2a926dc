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
"""Progress bars: moving on a terminal, a line now and then in a log file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import tqdm

_LOG_SECONDS = 10.0


def bar(things: Iterable[Any] | None = None, **options: Any) -> tqdm.tqdm:
  """Returns a progress bar on standard error.

  Args:
    things: What is gone through, if anything.
    **options: As for `tqdm.tqdm`. Where standard error is not a terminal it is
      written anew every 10 seconds at most, and at the end.
  """
  if not sys.stderr.isatty():
    options = {
      "mininterval": _LOG_SECONDS,
      "maxinterval": _LOG_SECONDS,
      "delay": 0,
      **options,
    }
  return tqdm.tqdm(things, **options)
