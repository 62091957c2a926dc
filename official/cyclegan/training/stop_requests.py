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
"""Signals that ask a training to stop, and what ends one that has stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
from collections.abc import Iterator
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import signals


class Interrupted(errors.Interruption):
  """The process was asked to stop, and what it had learned is saved.

  Attributes:
    number: The signal's number.
    step: Steps done.
  """

  def __init__(self, number: int, step: int):
    super().__init__(
      f"stopped by {signal.Signals(number).name} at step {step}; saved. The"
      " same command goes on from there.",
      number,
    )
    self.step = step


@dataclasses.dataclass
class StopRequests:
  """Signals that ask this process to stop.

  Attributes:
    received: The last one's number, or None.
  """

  received: int | None = None

  @contextlib.contextmanager
  def listen(self) -> Iterator[None]:
    """Notes SIGTERM, SIGHUP and SIGINT instead of dying of them.

    A second SIGINT interrupts at once. A SIGHUP that is ignored, as under
    `nohup`, stays so.
    """

    def note(number: int, frame: Any) -> None:
      del frame
      if self.received == signal.SIGINT == number:
        raise KeyboardInterrupt
      self.received = number

    with signals.handled((*signals.ending(), signal.SIGINT), note):
      yield
