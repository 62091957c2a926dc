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
"""Which levels of 16-bit and floating-point pictures become black and white."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from official.cyclegan.core import errors

FULL, AUTO, MODEL = "full", "auto", "model"


@dataclasses.dataclass(frozen=True)
class LevelRange:
  """The levels between which a picture is shown; what is outside is clipped.

  Attributes:
    low: The level that becomes black, in the file's own numbers.
    high: The level that becomes white.
  """

  low: float
  high: float

  def __str__(self) -> str:
    return f"{self.low:.10g},{self.high:.10g}"


def as_list(levels: LevelRange | None) -> list[float] | None:
  """Returns a range as JSON keeps it: its two levels, or None."""
  return [levels.low, levels.high] if levels else None


def from_list(value: Any) -> LevelRange | None:
  """Returns the range of what `as_list` gave; None for anything else."""
  try:
    low, high = map(float, value)
  except (TypeError, ValueError, OverflowError):
    return None
  if not (math.isfinite(low) and math.isfinite(high) and low < high):
    return None
  return LevelRange(low, high)


def parse(text: str, *words: str) -> LevelRange | str:
  """Reads the option `range`.

  Args:
    text: One of `words`, or two numbers with a comma between.
    *words: `full`, `auto` and so on, as far as the command knows them.

  Returns:
    The word, or the range.

  Raises:
    errors.UserError: If it is neither; carries `range`.
  """
  if text in words:
    return text
  try:
    low, high = map(float, text.split(","))
  except ValueError:
    low = high = math.nan
  if not (math.isfinite(low) and math.isfinite(high) and low < high):
    raise errors.UserError(
      f"must be {', '.join(words)}, or two numbers, the smaller first, e.g."
      " 51000,52500.",
      "range",
      text,
    )
  return LevelRange(low, high)
