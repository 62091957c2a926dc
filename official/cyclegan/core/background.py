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
"""What is done in the background while a block runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from absl import logging

from official.cyclegan.core import errors


@contextlib.contextmanager
def repeated(
  do: Callable[[], None], what: str, seconds: float
) -> Iterator[None]:
  """Does something again and again in the background.

  What fails is logged, each kind of failure once, and tried again: a disk that
  is full now need not stay so.

  Args:
    do: What to do.
    what: What that is, for messages.
    seconds: From one time to the next.

  Yields:
    Nothing; at the end of the block nothing is done any more.
  """
  done = threading.Event()
  reported = set()

  def run() -> None:
    while not done.wait(seconds):
      try:
        do()
      except Exception as error:
        if _kind(error) not in reported:
          reported.add(_kind(error))
          logging.warning(
            "%s failed (%s). It is tried again every %g s.",
            what[0].upper() + what[1:],
            errors.first_line(error),
            seconds,
          )

  thread = threading.Thread(target=run, daemon=True)
  thread.start()
  try:
    yield
  finally:
    done.set()
    thread.join()


def _kind(error: BaseException) -> tuple[type, int | None]:
  """Returns what two failures have in common that are reported once."""
  return type(error), getattr(error.__cause__ or error, "errno", None)
