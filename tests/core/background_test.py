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
"""Tests of what is done in the background."""

import errno
import threading
import time

from official.cyclegan.core import background
from tests import conftest


def test_is_done_until_the_block_ends():
  done = threading.Semaphore(0)
  with background.repeated(done.release, "it", 0.01):
    for _ in range(3):
      assert done.acquire(timeout=20)
  while done.acquire(blocking=False):
    pass
  time.sleep(0.05)
  assert not done.acquire(blocking=False)


def test_each_kind_of_failure_is_told_once_and_it_goes_on(log):
  failures = [
    OSError(errno.ENOSPC, "full"),
    OSError(errno.ENOSPC, "full again"),
    OSError(errno.EIO, "broken"),
    ValueError("wrong"),
  ]
  over = threading.Event()

  def fail():
    if not failures:
      over.set()
      return
    raise failures.pop(0)

  with background.repeated(fail, "the count", 0.01):
    assert over.wait(20)
  said = [record.getMessage() for record in log.records]
  assert len(said) == 3
  assert all(text.startswith("The count failed (") for text in said)
  assert "full again" not in log.text and "wrong" in log.text


if __name__ == "__main__":
  conftest.main(__file__)
