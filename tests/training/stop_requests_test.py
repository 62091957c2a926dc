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
import os
import signal
import threading

import pytest

from official.cyclegan.training import stop_requests
from tests import conftest


@pytest.mark.parametrize(
  "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
)
def test_signals_are_noted_and_handlers_put_back(number):
  requests = stop_requests.StopRequests()
  before = signal.getsignal(number)
  with requests.listen():
    assert requests.received is None
    os.kill(os.getpid(), number)
    assert requests.received == number
  assert signal.getsignal(number) == before


def test_nohup_is_respected():
  before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
  try:
    requests = stop_requests.StopRequests()
    with requests.listen():
      os.kill(os.getpid(), signal.SIGHUP)
    assert requests.received is None
  finally:
    signal.signal(signal.SIGHUP, before)


def test_a_second_interrupt_does_not_wait():
  requests = stop_requests.StopRequests()
  with requests.listen(), pytest.raises(KeyboardInterrupt):
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)


def test_outside_the_main_thread_signals_are_left_alone():
  before = signal.getsignal(signal.SIGTERM)
  seen = []

  def listen():
    with stop_requests.StopRequests().listen():
      seen.append(signal.getsignal(signal.SIGTERM))

  thread = threading.Thread(target=listen)
  thread.start()
  thread.join()
  assert seen == [before]


def test_interruption_says_where_it_stopped_and_how_to_go_on():
  interruption = stop_requests.Interrupted(signal.SIGTERM, 7)
  assert interruption.number == signal.SIGTERM and interruption.step == 7
  assert "stopped by SIGTERM at step 7" in str(interruption)
  assert "same command goes on" in str(interruption)


if __name__ == "__main__":
  conftest.main(__file__)
