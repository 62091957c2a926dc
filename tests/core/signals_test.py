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
import contextlib
import os
import signal
import time

import pytest

from official.cyclegan.core import signals
from tests import conftest

_ENDING = [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", _ENDING)
def test_a_command_cleans_up_before_it_ends(number):
  """Even where all exceptions are caught, and if it is asked twice."""
  cleaned = []
  with pytest.raises(signals.Stopped) as caught, signals.raised():
    try:
      os.kill(os.getpid(), number)
      pytest.fail("The signal was not noticed.")
    except Exception:
      pytest.fail("It was taken for an error.")
    finally:
      for again in _ENDING:  # a closed terminal sends more than one
        os.kill(os.getpid(), again)
      cleaned.append(True)
  assert cleaned and caught.value.code == 128 + number
  assert signal.Signals(number).name in str(caught.value)


def test_a_stop_that_python_can_only_print_is_raised_again(capsys):
  class Careless:
    def __del__(self):
      os.kill(os.getpid(), signal.SIGTERM)
      time.sleep(0)  # the signal is handled here, at the latest

  with pytest.raises(signals.Stopped) as caught, signals.raised():
    Careless()  # what __del__ raises cannot be raised
    time.sleep(20)
    pytest.fail("The stop was lost.")
  assert caught.value.number == signal.SIGTERM
  assert "Traceback" not in capsys.readouterr().err


def test_a_stop_that_a_bare_except_keeps_is_raised_again():
  with pytest.raises(signals.Stopped) as caught, signals.raised():
    try:  # noqa: SIM105
      os.kill(os.getpid(), signal.SIGTERM)
    except:  # noqa: E722
      pass
    time.sleep(20)
    pytest.fail("The stop was lost.")
  assert caught.value.number == signal.SIGTERM


def test_cleaning_up_for_long_is_not_disturbed(monkeypatch):
  monkeypatch.setattr(signals, "_LOOK", 0.01)
  monkeypatch.setattr(signals, "_ONE_REQUEST", 0.0)  # one more would be raised
  cleaned = []
  with pytest.raises(signals.Stopped), signals.raised():
    try:
      os.kill(os.getpid(), signal.SIGTERM)
    finally:
      time.sleep(0.2)
      cleaned.append(True)
  assert cleaned


def test_what_else_cannot_be_raised_is_printed_as_before(monkeypatch):
  class Careless:
    def __del__(self):
      raise RuntimeError("mine")

  seen = []
  monkeypatch.setattr("sys.unraisablehook", seen.append)
  with signals.raised():
    Careless()
  assert [str(unraisable.exc_value) for unraisable in seen] == ["mine"]


def test_a_stop_that_a_library_replaces_by_its_own_error_is_a_stop():
  with pytest.raises(signals.Stopped) as caught, signals.raised():
    try:
      os.kill(os.getpid(), signal.SIGHUP)
    except signals.Stopped:
      raise RuntimeError("ORIGINAL UnavailableError REPLACED BY it") from None
  assert caught.value.number == signal.SIGHUP


def test_an_error_long_after_a_stop_is_an_error(monkeypatch):
  now = [0.0]
  monkeypatch.setattr(signals.time, "monotonic", lambda: now[0])
  with pytest.raises(RuntimeError), signals.raised():
    with contextlib.suppress(signals.Stopped):
      os.kill(os.getpid(), signal.SIGTERM)
    now[0] += 60
    raise RuntimeError("of its own")


def test_handlers_are_put_back():
  before = [signal.getsignal(number) for number in _ENDING]
  with signals.raised():
    assert [signal.getsignal(number) for number in _ENDING] != before
  assert [signal.getsignal(number) for number in _ENDING] == before


def test_nohup_is_respected():
  before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
  try:
    assert signals.ending() == [signal.SIGTERM]
    with signals.raised():
      os.kill(os.getpid(), signal.SIGHUP)
  finally:
    signal.signal(signal.SIGHUP, before)
  assert signal.SIGHUP in signals.ending() or before == signal.SIG_IGN


if __name__ == "__main__":
  conftest.main(__file__)
