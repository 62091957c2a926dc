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
"""Limits how many pixels are decoded at the same time, by the memory there is.

A file of a few kilobytes can hold as many pixels as `--max_pixels` allows, a
gigabyte when it is decoded; several threads would take several at once.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from official.cyclegan.core import memory

# Bytes that a pixel takes while a picture is decoded, converted, looked at and
# encoded; and the same of more than 8 bits. At the peak 11 to 13 were measured,
# of PNGs with 16 bits up to 17; TIFFs with premultiplied alpha take more.
_BYTES, _DEEP_BYTES = 16, 40
_SHARE = 0.5  # of the free memory
# Pictures below this are not worth counting.
SMALL = 4_000_000  # pixels


class PixelBudget:
  """Lets threads decode as long as their pictures fit into memory together.

  A picture that alone is too large is let through when there is no other: it is
  `--max_pixels` that refuses it.
  """

  def __init__(self) -> None:
    """Begins with nothing in flight."""
    self._changed = threading.Condition()
    self._taken = 0
    self._limit = 0
    self._thread = threading.local()

  @contextlib.contextmanager
  def reserve(self, pixels: int, deep: bool = False) -> Iterator[None]:
    """Waits until a picture fits, and counts it meanwhile.

    Within another reservation of the same thread it counts nothing: who has a
    picture may decode it again.

    Args:
      pixels: How many the picture has.
      deep: Whether it has more than 8 bits.

    Yields:
      Nothing.
    """
    if pixels < SMALL or getattr(self._thread, "holds", False):
      yield
      return
    needs = pixels * (_DEEP_BYTES if deep else _BYTES)
    with self._changed:
      self._changed.wait_for(lambda: self._fits(needs))
      self._taken += needs
    self._thread.holds = True
    try:
      yield
    finally:
      self._thread.holds = False
      with self._changed:
        self._taken -= needs
        self._changed.notify_all()

  def _fits(self, needs: int) -> bool:
    if not self._taken:  # then the free memory is that without any picture
      self._limit = int(_SHARE * memory.free_memory())
      return True
    return self._taken + needs <= self._limit


# That of this process: all its threads share its memory.
_OF_PROCESS = PixelBudget()
reserve = _OF_PROCESS.reserve
