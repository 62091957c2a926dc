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
"""Tables in Markdown, as the benchmarks print and write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import tabulate


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
  """Returns a table whose columns are aligned in the text as well.

  Args:
    headers: Titles of the columns.
    rows: Cells of each row, which are shown as they are given.
  """
  return tabulate.tabulate(
    list(rows), headers, tablefmt="github", disable_numparse=True
  )
