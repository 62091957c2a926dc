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
"""Loss terms by kind, their weighted sums and their metrics' names.

A direction is `AB` or `BA`, a domain `A` or `B`. A term is a float32 scalar
tensor within a step, and a number where it was read from logs. Terms that are
not computed are left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from official.cyclegan.core import config as config_lib

DIRECTIONS = ("AB", "BA")
DOMAINS = ("A", "B")

_Self = TypeVar("_Self", bound="_Terms")


def _kind(metric: str, *keys: str) -> Any:
  """Declares a kind of terms.

  Args:
    metric: The metrics' names, with `{}` in place of the key.
    *keys: The keys that there may be.
  """
  return dataclasses.field(
    default_factory=dict, metadata={"metric": metric, "keys": keys}
  )


@dataclasses.dataclass(frozen=True)
class _Terms:
  """Terms of several kinds, each a dictionary."""

  def metrics(self) -> dict[str, Any]:
    """Returns all terms by the metric's name, as they are logged."""
    return {
      field.metadata["metric"].format(key): value
      for field in dataclasses.fields(self)
      for key, value in getattr(self, field.name).items()
    }

  @classmethod
  def from_metrics(cls: type[_Self], logs: Mapping[str, Any]) -> _Self:
    """Returns those terms that are among logged metrics.

    Args:
      logs: Values by the metric's name; others are passed over.
    """
    kinds: dict[str, dict[str, Any]] = {}
    for field in dataclasses.fields(cls):
      names = {
        k: field.metadata["metric"].format(k) for k in field.metadata["keys"]
      }
      kinds[field.name] = {k: logs[n] for k, n in names.items() if n in logs}
    return cls(**kinds)


@dataclasses.dataclass(frozen=True)
class GeneratorTerms(_Terms):
  """The generators' unweighted loss terms.

  Attributes:
    adversarial: By direction; metrics `gan_AB`, `gan_BA`.
    cycle: By the domain of the picture that is reconstructed; `cycle_A`, ...
    identity: By the domain of the picture that should stay; `identity_A`, ...
    color: By the domain of the generated images, how far their mean colour is
      off; `color_A`, ...
    distillation: By direction, the difference to the teacher's pixels;
      `distill_AB`, ...
    features: By direction, how little the features are aligned with the
      teacher's; `features_AB`, ...
  """

  adversarial: dict[str, Any] = _kind("gan_{}", *DIRECTIONS)
  cycle: dict[str, Any] = _kind("cycle_{}", *DOMAINS)
  identity: dict[str, Any] = _kind("identity_{}", *DOMAINS)
  color: dict[str, Any] = _kind("color_{}", *DOMAINS)
  distillation: dict[str, Any] = _kind("distill_{}", *DIRECTIONS)
  features: dict[str, Any] = _kind("features_{}", *DIRECTIONS)

  def total(self, weights: config_lib.LossConfig) -> Any:
    """Returns what the generators minimise.

    Args:
      weights: The terms' weights.

    Returns:
      The weighted sum, of the terms' type (CycleGAN paper, eq. 3, with the
      identity loss of section 5.2).
    """
    # The order of summation is part of a run's exact numbers.
    total = 0.0
    for terms, weight in (
      (self.adversarial, weights.lambda_validation),
      (self.cycle, weights.lambda_reconstr),
      (self.identity, weights.lambda_id),
      (self.distillation, weights.lambda_distill),
      (self.features, weights.lambda_features),
      (self.color, weights.lambda_color),
    ):
      total += weight * sum(terms.values())
    return total


@dataclasses.dataclass(frozen=True)
class DiscriminatorTerms(_Terms):
  """The discriminators' unweighted loss terms, and their scores.

  Attributes:
    adversarial: By domain; metrics `d_A`, `d_B`.
    gradient_penalty: By domain, with `wgangp` only; `gp_A`, `gp_B`.
    real_penalty: By domain, the penalty at real images; `r1_A`, `r1_B`.
    fake_penalty: By domain, that at generated images; `r2_A`, `r2_B`.
    scores: Mean logits, not part of the loss, by domain and whether the images
      are real or fake; `score/d_A_real`, `score/d_A_fake`, ...
  """

  adversarial: dict[str, Any] = _kind("d_{}", *DOMAINS)
  gradient_penalty: dict[str, Any] = _kind("gp_{}", *DOMAINS)
  real_penalty: dict[str, Any] = _kind("r1_{}", *DOMAINS)
  fake_penalty: dict[str, Any] = _kind("r2_{}", *DOMAINS)
  scores: dict[str, Any] = _kind(
    "score/d_{}", *(f"{d}_{kind}" for d in DOMAINS for kind in ("real", "fake"))
  )

  def total(self, weights: config_lib.LossConfig) -> Any:
    """Returns what the discriminators minimise.

    Args:
      weights: Of which `lambda_gp`, `lambda_r1` and `lambda_r2` are the
        penalties' weights.

    Returns:
      The sum of the losses and the weighted penalties, of the terms' type.
    """
    total = sum(self.adversarial.values())
    for terms, weight in (
      (self.gradient_penalty, weights.lambda_gp),
      (self.real_penalty, weights.lambda_r1),
      (self.fake_penalty, weights.lambda_r2),
    ):
      if terms:
        total += weight * sum(terms.values())
    return total
