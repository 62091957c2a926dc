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
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# What asks a process to end: SIGTERM of schedulers, SIGHUP of a terminal that
# was closed. Windows has no SIGHUP.
_NAMES = ("SIGTERM", "SIGHUP")
# Within so many seconds signals are one request.
_ONE_REQUEST = 5.0
_AGAIN = 0.01  # seconds until a stop that was lost is raised again
_LOOK = 0.5  # seconds until it is looked whether one was lost


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
  print an exception, as in `__del__`, or somebody's bare `except:` has kept it,
  as some do around imports, it is raised again soon after.
  Native libraries that Python code calls back replace it by errors of their
  own; what ends the block right after a signal is therefore taken for it.

  Raises:
    Stopped: When one comes.
  """
  asked = -math.inf
  number_asked = 0
  ended = threading.Event()

  def stop(number: int, frame: Any) -> None:
    nonlocal asked, number_asked
    del frame
    now = time.monotonic()
    if now - asked <= _ONE_REQUEST:
      return
    asked, number_asked = now, number
    stopped = Stopped(number)
    _later(_LOOK, look, weakref.ref(stopped), number)
    try:
      raise stopped
    finally:
      del stopped  # else it would live on in its own traceback

  def look(stopped: weakref.ref[Stopped], number: int) -> None:
    # One that ends the block, or is being cleaned up after, is still there.
    if stopped() is None and not ended.is_set():
      send(number)

  def send(number: int) -> None:
    nonlocal asked
    asked = -math.inf
    os.kill(os.getpid(), number)

  def again(unraisable: Any) -> None:
    if not isinstance(unraisable.exc_value, Stopped):
      printed(unraisable)
      return
    # Not from here, where it would be lost as well.
    _later(_AGAIN, send, unraisable.exc_value.number)

  with handled(ending(), stop), _unraisable(again) as printed:
    try:
      yield
    except Exception as error:
      if time.monotonic() - asked > _ONE_REQUEST:
        raise
      raise Stopped(number_asked) from error
    finally:
      ended.set()


def _later(seconds: float, function: Callable[..., None], *given: Any) -> None:
  """Calls a function in a thread that holds nobody up."""
  timer = threading.Timer(seconds, function, given)
  timer.daemon = True
  timer.start()


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
