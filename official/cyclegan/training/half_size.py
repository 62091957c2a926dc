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
"""Lets a run begin with pictures of half size."""

from __future__ import annotations

from typing import Any

from absl import logging

from official.cyclegan.training import callbacks

_LEAST_SECONDS = 30.0  # of a part with pictures of half size


class HalfSize(callbacks.StepCallback):
  """Trains on pictures of half size for the first share of a run.

  Steps are faster there, and what concerns a picture as a whole, its colours
  above all, is learned as well. Source: Karras et al., "Progressive Growing of
  GANs", 2018, section 2; without their new layers, as these networks take
  pictures of any size.

  It must come after what counts the time (`time_limit.TimeLimit`), and before
  what saves the model.
  """

  def __init__(
    self,
    first_step: int,
    total_steps: int,
    fraction: float,
    size: int,
    seconds: float = 0.0,
  ):
    """As `callbacks.StepCallback`.

    Args:
      first_step: Steps already done.
      total_steps: Length of the whole run, steps.
      fraction: Share of the run's steps that have pictures of half size; of
        its time if that decides how long it is. In [0, 1].
      size: What full size is, pixels.
      seconds: What the whole run may take, if time decides how long it is.
    """
    super().__init__(first_step, total_steps)
    self._fraction, self._size = fraction, size
    # For a part that is over before its first step is done no step is traced.
    self._least = _LEAST_SECONDS / seconds if seconds else 0.0

  def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
    """Goes on with the size that this part of the run has."""
    half = self._share() + self._least < self._fraction
    self.model.set_half_size(half)
    if half:
      logging.info(
        "Pictures have %d pixels for the first %.3g %% of the run, then %d.",
        self._size // 2,
        100 * self._fraction,
        self._size,
      )

  def on_step(self, logs: dict[str, float]) -> None:
    """Goes over to full size when it is time."""
    if self.model.half_size and self._share() >= self._fraction:
      self.model.set_half_size(False)
      callbacks.log_beside_bar(
        logging.INFO,
        "step %d: pictures have %d pixels from here on.",
        self.step,
        self._size,
      )

  def _share(self) -> float:
    """Returns the share of the run that is done."""
    fraction = self.model.time_fraction
    if fraction is not None:
      return float(fraction.numpy())
    return self.step / self.total
