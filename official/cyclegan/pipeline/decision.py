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
"""Whether a model is good enough to take the place of the one in use."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import search_config

AUTO = "auto"
# Of all other measures less is better.
_MORE_IS_BETTER = ("psnr", "ssim", "edge_correlation")
_TRUTH = "relative_l1"
# By the measure, what evaluate needs for it.
_NEEDS = {
  "inception": "evaluation.inception=true",
  "masked_": "a data set with masks, such as apple2orange_scenes",
  "outside_": "a data set with masks, such as apple2orange_scenes",
}


@dataclasses.dataclass(frozen=True)
class Verdict:
  """What was decided about a model.

  Attributes:
    blessed: Whether it may be put into use.
    measure: By which measure; empty if none was needed.
    value: Its figure, None if it has none.
    before: That of the model in use on the same pictures; None if there is no
      such model, or it has none.
    worse_by: How much worse it is, as a share of the other one's figure;
      negative if it is better, None if that cannot be said.
    text: All this as one sentence.
  """

  blessed: bool
  measure: str
  value: float | None
  before: float | None
  worse_by: float | None
  text: str


def more_is_better(measure: str) -> bool:
  """Says which way a measure goes.

  Args:
    measure: One of `command_config.EVALUATED`.
  """
  return measure.endswith(_MORE_IS_BETTER)


def choose(measure: str, found: Mapping[str, Any]) -> str:
  """Returns the measure that decides.

  Args:
    measure: One of `command_config.EVALUATED`, or `auto`.
    found: What `evaluate` measured.

  Raises:
    errors.UserError: If it was not measured.
  """
  if measure == AUTO:
    return _TRUTH if _TRUTH in found else search_config.DEFAULT_OBJECTIVE
  if measure in found:
    return measure
  needs = [what for part, what in _NEEDS.items() if part in measure]
  raise errors.UserError(
    f"cannot be measured here: it needs {needs[0]}."
    if needs
    else "cannot be measured here: the truth of these pictures is unknown, or"
    " they are too small.",
    "measure",
    measure,
  )


def decide(
  candidate: Mapping[str, Any],
  in_use: Mapping[str, Any] | None,
  measure: str,
  worse_by: float,
) -> Verdict:
  """Decides by the reports of two models on the same pictures.

  Args:
    candidate: What `evaluate` reported.
    in_use: The same of the model in use, None if there is none.
    measure: As of `choose`.
    worse_by: How much worse it may be, as a share of the other one's figure.

  Returns:
    What was decided.

  Raises:
    errors.UserError: As `choose`.
  """
  measure = choose(measure, candidate["measures"])
  value = _figure(candidate, measure)
  if math.isnan(value):
    return Verdict(
      False, measure, None, None, None, f"it has no {measure}: not a number"
    )
  if in_use is None:
    text = f"{measure} {value:.4g}; there is no model in use"
    return Verdict(True, measure, _shown(value), None, None, text)
  before = _figure(in_use, measure)
  if math.isnan(before):
    text = f"{measure} {value:.4g}; the model in use has none"
    return Verdict(True, measure, _shown(value), None, None, text)
  loss = before - value if more_is_better(measure) else value - before
  share = _share(loss, before)
  blessed = loss <= 0 or share <= worse_by
  how = "as good" if loss == 0 else "worse" if loss > 0 else "better"
  by = "" if loss == 0 else f" by {abs(loss):.3g} ({abs(share):.1%})"
  text = f"{measure} {value:.4g}, of the model in use {before:.4g}: {how}{by}"
  if blessed and loss > 0:
    text += f", which --worse_by={worse_by:g} allows"
  sizes = [report["protocol"]["size"] for report in (candidate, in_use)]
  if sizes[0] != sizes[1]:
    text += f" (at {sizes[0]} and {sizes[1]} pixels)"
  return Verdict(
    blessed, measure, _shown(value), _shown(before), _shown(share), text
  )


def _figure(report: Mapping[str, Any], measure: str) -> float:
  """Returns a measure; NaN if there is none.

  JSON has no number for an infinite PSNR: it is of equal pictures.
  """
  value = report["measures"].get(measure)
  if value is not None:
    return float(value)
  exact = measure in report["measures"] and measure.endswith("psnr")
  return math.inf if exact else math.nan


def _share(loss: float, before: float) -> float:
  """Returns a loss as a share of what there was before."""
  if loss == 0 or math.isnan(loss):  # of two infinite figures
    return 0.0
  if before == 0 or math.isinf(before):
    return math.copysign(math.inf, loss)
  return loss / abs(before)


def _shown(value: float) -> float | None:
  return value if math.isfinite(value) else None
