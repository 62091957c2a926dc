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
"""A callback that applies the rules of `diagnostics` while a run trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import stack
from official.cyclegan.training import callbacks
from official.cyclegan.training import diagnostics

_WARM_UP_SHARE = 0.02  # of a long run, before most rules apply


@dataclasses.dataclass(frozen=True)
class Judge:
  """What tells images of two domains apart, and is no part of the model.

  Attributes:
    share: From translations of `images`, float32 `[count, size, size,
      channels]` in [-1, 1], and their domain, A or B, to the share of those
      not taken for that domain's before that are taken for it now.
    images: Test images of this kind by the generator that translates them.
  """

  share: Callable[[np.ndarray, str], float]
  images: Mapping[str, np.ndarray]


def idle_end(rules: diagnostics.Rules, total_steps: float) -> float:
  """Returns from which step on nothing_learned has been found, or not.

  Args:
    rules: The thresholds.
    total_steps: Length of the whole run, steps.
  """
  begins = max(rules.idle, rules.warm_up, total_steps * _WARM_UP_SHARE)
  return begins + (rules.patience - 1) * rules.interval


class Diagnostics(callbacks.StepCallback):
  """Stops at NaN, and warns once of each rule of `diagnostics` that holds."""

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    images_A: np.ndarray,
    images_B: np.ndarray,
    writer: tf.summary.SummaryWriter,
    learning_rate: float,
    rules: diagnostics.Rules,
    judge: Judge | None = None,
    options: config_lib.Config | None = None,
  ):
    """Sets the images and thresholds of the rules.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      images_A: float32 `[count, size, size, channels]` in [-1, 1] of domain A.
      images_B: The same of domain B.
      writer: Gets each event as text.
      learning_rate: The generators' rate before it falls.
      rules: The thresholds.
      judge: Knows the two domains; None leaves out nothing_learned.
      options: The run's, which are not advised; None: not known.
    """
    super().__init__(first_step, total_steps)
    self._images = {"g_AB": images_A, "g_BA": images_B}
    self._targets = {"g_AB": images_B, "g_BA": images_A}
    self._writer, self._rules = writer, rules
    self._learning_rate = learning_rate
    self._first_outputs: dict[str, np.ndarray] = {}
    self._judge, self._options = judge, options
    self._waiting = {"g_AB", "g_BA"}  # those that follow nothing yet
    self._checks_held: dict[tuple[str, str], int] = {}
    self.events: list[diagnostics.Event] = []

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Keeps the generators' outputs before anything is learned."""
    trained = [
      config_lib.GENERATOR_NAMES[direction]
      for direction in self.model.trained_directions
    ]
    self._images = {name: self._images[name] for name in trained}
    self._first_outputs = self._translate()

  def on_step(self, logs: dict[str, float]) -> None:
    """Looks for NaN every step, and applies the rules at intervals.

    Raises:
      errors.UserError: If a loss is NaN or infinite.
    """
    broken = diagnostics.first_not_finite(logs)
    if broken:
      raise callbacks.diverged(
        f"the loss {broken} is {logs[broken]}", self.step
      )
    if not self.is_due(self._rules.interval):
      return
    events = diagnostics.check_losses(
      logs, self.model.loss_weights.gan_mode, self._rules
    )
    warm_up = max(self._rules.warm_up, self.total * _WARM_UP_SHARE)
    if self.step < warm_up:
      events = [event for event in events if event.rule == "exploded"]
    else:
      events += self._check_following(warm_up)
      for name, outputs in self._translate().items():
        events += diagnostics.check_images(
          name,
          self._images[name],
          outputs,
          self._first_outputs[name] if self._is_learning() else None,
          self._rules,
        )
        events += diagnostics.check_droplets(
          name,
          self._images[name],
          outputs,
          self._targets[name],
          self._rules,
          self._options,
        )
    held = {}
    for event in events:
      key = event.rule, event.subject
      held[key] = self._checks_held.get(key, 0) + 1
      if held[key] >= self._rules.patience or event.rule == "exploded":
        self._report(event)
    self._checks_held = held

  def _check_following(self, warm_up: float) -> list[diagnostics.Event]:
    """Asks the judge until a generator follows, after which it is left alone.

    Args:
      warm_up: Steps before the rule holds, if they are more than its own.
    """
    if self._judge is None or self.step < max(self._rules.idle, warm_up):
      return []
    shares = {}
    for name in self._waiting & set(self._images):
      images = self._judge.images[name]
      outputs = getattr(self.model, name)(tf.constant(images)).numpy()
      shares[name] = self._judge.share(outputs, name[-1])
    events = diagnostics.check_following(
      shares,
      self.step,
      self._rules,
      self._options,
    )
    self._waiting -= shares.keys() - {event.subject for event in events}
    return events

  def _is_learning(self) -> bool:
    """Returns whether the rate is still high enough to change something."""
    rate = stack.last_learning_rate(self.model.generator_optimizer)
    return rate >= 0.5 * self._learning_rate

  def _translate(self) -> dict[str, np.ndarray]:
    """Returns the outputs of the trained generators, not of the averages."""
    return {
      name: getattr(self.model, name)(tf.constant(images)).numpy()
      for name, images in self._images.items()
    }

  def _report(self, event: diagnostics.Event) -> None:
    """Warns, once for each rule and subject."""
    reported = {(e.rule, e.subject) for e in self.events}
    if (event.rule, event.subject) in reported:
      return
    self.events.append(event)
    text = f"step {self.step}: {event.rule}: {event.message}"
    callbacks.log_beside_bar(logging.WARNING, "%s", text)
    with self.to_tensorboard(self._writer):
      tf.summary.text(f"health/{event.rule}", text)
