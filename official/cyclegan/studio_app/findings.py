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
"""What an audit means for somebody who has never trained a model.

Each finding is a code, for which the page has words in its reader's language,
a level and the numbers that the words name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BAD, MIND, GOOD = "bad", "mind", "good"
_VERY_FEW = 30  # pictures, as `probe` has it
_FEW = 100
_MANY_TIMES = 5  # as many pictures of one domain as of the other
_DARKER = 35.0  # of 255 levels, in the mean
_SMALL = 64  # pixels, the least size that is trained


def of_audit(report: Mapping[str, Any]) -> list[dict[str, Any]]:
  """Returns what to tell of an audit, what matters most first.

  Args:
    report: From `actions.audit_report`.

  Returns:
    Each with `code`, `level` (`bad`, `mind` or `good`) and what its words name.
  """
  found: list[dict[str, Any]] = []

  def tell(level: str, code: str, **values: Any) -> None:
    found.append({"level": level, "code": code, **values})

  counts = report["counts"]
  domains = report["domains"]
  fewest = min(counts, key=counts.__getitem__)
  if counts[fewest] < _VERY_FEW:
    tell(BAD, "very_few", domain=fewest, count=counts[fewest])
  elif counts[fewest] < _FEW:
    tell(MIND, "few", domain=fewest, count=counts[fewest])
  if max(counts.values()) > _MANY_TIMES * counts[fewest]:
    tell(MIND, "uneven", a=counts["A"], b=counts["B"])
  unreadable = report["unreadable"]
  if unreadable["count"]:
    tell(MIND, "unreadable", count=unreadable["count"])
  near, exact = report["near_duplicates"], report["exact_duplicates"]
  both = near["between_A_and_B"]
  if both["count"]:
    sides = both.get("pictures", {}).values()
    tell(BAD, "in_both", count=min(sides, default=both["count"]))
  across = int(exact.get("in_train_and_test", 0))
  if across:
    tell(BAD, "copies_tested", count=across)
  if exact["count"]:
    copies = exact.get("copies", exact["count"])
    tell(MIND, "duplicates", count=copies, pictures=exact["count"])
    if not across:
      tell(GOOD, "copies_apart")
  alike = near["between_train_and_test"]
  if alike["count"]:
    tests = alike.get("pictures", {}).get("test", alike["count"])
    if tests > across:  # copies have been told of
      tell(MIND, "alike", count=tests - across)
  levels = {d: float(domains[d].get("brightness", 0.0)) for d in ("A", "B")}
  darker = min(levels, key=levels.__getitem__)
  lighter = "B" if darker == "A" else "A"
  if levels[lighter] - levels[darker] > _DARKER:
    tell(
      MIND,
      "darker",
      domain=darker,
      other=lighter,
      dark=round(levels[darker]),
      light=round(levels[lighter]),
    )
  for domain in ("A", "B"):
    smallest = min(
      domains[domain][side]["smallest"] for side in ("width", "height")
    )
    if smallest < _SMALL:
      tell(MIND, "small", domain=domain, pixels=smallest)
    if domains[domain]["other_files"]:
      tell(MIND, "others", domain=domain, count=domains[domain]["other_files"])
  if not found:
    tell(GOOD, "fine", a=counts["A"], b=counts["B"])
  return found
