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
"""Signals that end a command: it cleans up after itself instead of dying."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# What asks a process to end: SIGTERM of schedulers, SIGHUP of a terminal that
# was closed. Windows has no SIGHUP.
_NAMES = ("SIGTERM", "SIGHUP")
# Within so many seconds signals are one request.
_ONE_REQUEST = 5.0
_AGAIN = 0.01  # seconds until a stop that was lost is raised again


class Stopped(SystemExit):
  """A signal ended the command; no `except Exception` keeps it.

  Attributes:
    number: The signal's number.
  """

  def __init__(self, number: int):
    """Says which signal.

    Args:
      number: The signal's number.
    """
    super().__init__(128 + number)
    self.number = number

  def __str__(self) -> str:
    return (
      f"stopped by {signal.Signals(self.number).name}. The same command can be"
      " given again."
    )


def ending() -> list[int]:
  """Returns the numbers of the signals that ask this process to end.

  SIGHUP is not among them where it is ignored, as under `nohup`.
  """
  found = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
  hangup = getattr(signal, "SIGHUP", None)
  if hangup is not None and signal.getsignal(hangup) == signal.SIG_IGN:
    found.remove(hangup)
  return found


@contextlib.contextmanager
def handled(
  numbers: Iterable[int], handler: Callable[[int, Any], None]
) -> Iterator[None]:
  """Lets a function handle signals; puts the handlers before it back.

  Elsewhere than in the main thread, as in a notebook's widget, nothing changes.

  Args:
    numbers: The signals' numbers.
    handler: Called with a signal's number and the frame that it interrupts.

  Yields:
    Nothing.
  """
  try:
    before = {number: signal.signal(number, handler) for number in numbers}
  except ValueError:  # not the main thread
    yield
    return
  try:
    yield
  finally:
    for number, old_handler in before.items():
      signal.signal(number, old_handler)


@contextlib.contextmanager
def raised() -> Iterator[None]:
  """Turns signals that ask to end into an exception.

  Others that follow at once are ignored, so that they do not end the cleaning
  up: of a terminal that is closed a process may get two. Where Python can only
  print an exception, as in `__del__`, it is raised again soon after.
  Native libraries that Python code calls back replace it by errors of their
  own; what ends the block right after a signal is therefore taken for it.

  Raises:
    Stopped: When one comes.
  """
  asked = -math.inf
  stopped: Stopped | None = None

  def stop(number: int, frame: Any) -> None:
    nonlocal asked, stopped
    del frame
    now = time.monotonic()
    if now - asked > _ONE_REQUEST:
      asked, stopped = now, Stopped(number)
      raise stopped

  def again(unraisable: Any) -> None:
    nonlocal asked
    if not isinstance(unraisable.exc_value, Stopped):
      printed(unraisable)
      return
    asked = -math.inf
    number = unraisable.exc_value.number
    # Not from here, where it would be lost as well.
    timer = threading.Timer(_AGAIN, os.kill, (os.getpid(), number))
    timer.daemon = True
    timer.start()

  with handled(ending(), stop), _unraisable(again) as printed:
    try:
      yield
    except Exception as error:
      if stopped is None or time.monotonic() - asked > _ONE_REQUEST:
        raise
      raise Stopped(stopped.number) from error


@contextlib.contextmanager
def _unraisable(
  hook: Callable[[Any], None],
) -> Iterator[Callable[[Any], None]]:
  """Lets a function have what Python cannot raise; yields the one before."""
  before = sys.unraisablehook
  sys.unraisablehook = hook
  try:
    yield before
  finally:
    sys.unraisablehook = before
