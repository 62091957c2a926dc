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
import errno
import os
import time

import grpc
import pytest
from keras_tuner import errors as kt_errors

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.tuning import workers
from tests import conftest


@pytest.fixture
def often(monkeypatch):
  """What is done every second is done more often."""
  monkeypatch.setattr(workers, "BEAT_SECONDS", 0.05)


def _wait(condition) -> None:
  deadline = time.monotonic() + 30
  while not condition():
    assert time.monotonic() < deadline
    time.sleep(0.02)


@pytest.mark.parametrize("missing", workers.VARIABLES)
def test_one_of_several_processes_needs_its_environment(monkeypatch, missing):
  for variable in workers.VARIABLES:
    monkeypatch.setenv(variable, "1")
  monkeypatch.delenv(missing)
  with pytest.raises(
    errors.UserError, match=f"--distributed needs .*{missing}"
  ):
    workers.role(distributed=True)


@pytest.mark.parametrize(
  ("name", "chief"), [("chief", True), ("chief_1", True), ("worker", False)]
)
def test_the_environment_says_what_a_process_does(monkeypatch, name, chief):
  for variable in workers.VARIABLES:
    monkeypatch.setenv(variable, name)
  role = workers.role(distributed=True)
  assert role.name == name
  assert role.is_chief == chief and role.is_worker != chief
  alone = workers.role(distributed=False)
  assert not alone.is_chief and not alone.is_worker
  # keras-tuner would look for a chief.
  assert not any(variable in os.environ for variable in workers.VARIABLES)


class _Oracle:
  """What the watch asks of an oracle."""

  def __init__(self, *names):
    self.tuner_ids = set(names)
    self.ongoing_trials = {}
    self.released = []

  def release(self, name):
    self.released.append(name)
    self.tuner_ids.discard(name)
    return "7"


def test_workers_that_are_silent_are_noticed(tmp_path, log, often):
  oracle = _Oracle("silent", "alive")
  with (
    workers.signs_of_life(str(tmp_path), "alive"),
    workers.watch(oracle, str(tmp_path), 1.5),
  ):
    _wait((tmp_path / "workers" / "alive").exists)
    (tmp_path / "workers" / "silent").write_text("once")
    _wait(lambda: oracle.released)
  assert oracle.released == ["silent"]
  assert "trial 7 is given to another" in log.text


def test_a_sign_of_life_that_cannot_be_written_is_reported_once(
  tmp_path, log, often, monkeypatch
):
  write, tried = files.write_text, []

  def full(path, text, option):
    tried.append(path)
    if len(tried) <= 5:
      cause = OSError(errno.ENOSPC, "No space left on device")
      raise errors.UserError(f": {path} is full.", option) from cause
    write(path, text, option)

  monkeypatch.setattr(files, "write_text", full)
  with workers.signs_of_life(str(tmp_path), "worker"):
    # With some space the worker is seen again.
    _wait((tmp_path / "workers" / "worker").exists)
  (record,) = log.records
  assert record.levelname == "WARNING"
  assert "Worker worker's sign of life failed" in record.getMessage()
  assert "is full" in record.getMessage() and "--tuner_dir" in log.text


def test_a_watch_that_fails_is_reported_and_goes_on(tmp_path, log, often):
  class Full(_Oracle):
    attempts = 0

    def release(self, name):
      self.attempts += 1
      if self.attempts == 1:
        raise errors.UserError(": oracle.json cannot be written.", "tuner_dir")
      if self.attempts == 2:
        raise ValueError("of another kind")
      return super().release(name)

  oracle = Full("silent")
  with workers.watch(oracle, str(tmp_path), 0.1):
    _wait(lambda: oracle.released)
  assert oracle.released == ["silent"] and oracle.attempts == 3
  messages = [record.getMessage() for record in log.records]
  assert len(messages) == 3  # two failures, and what became of the worker
  assert "oracle.json cannot be written" in messages[0]
  assert "of another kind" in messages[1]


class _Away(grpc.RpcError):
  def code(self):
    return grpc.StatusCode.UNAVAILABLE


class _Broken(grpc.RpcError):
  def code(self):
    return grpc.StatusCode.UNKNOWN

  def details(self):
    return "the chief is ill"


def test_a_worker_waits_for_its_chief_until_the_search_is_over(tmp_path):
  class Stub:
    calls = 0

    def GetTrial(self, request, wait_for_ready, timeout):  # noqa: N802
      assert wait_for_ready and timeout > 0
      self.calls += 1
      if self.calls % 3:
        raise _Away()
      return request

  folder, over = str(tmp_path), tmp_path / "search_is_over"
  workers.note_end(folder)
  os.utime(over, (1, 1))  # of an earlier search, which the chief goes on with
  patient = workers.PatientStub(Stub(), folder, patience=60)
  assert patient.GetTrial("which") == "which"
  workers.note_end(folder)
  os.utime(over, (time.time() + 5,) * 2)
  with pytest.raises(workers.SearchIsOver):
    patient.GetTrial("which")
  os.utime(over, (1, 1))
  hasty = workers.PatientStub(Stub(), folder, patience=0)
  with pytest.raises(workers.SearchIsOver):
    hasty.GetTrial("which")
  workers.note_start(folder)
  workers.note_start(folder)  # need not have been over
  assert not over.exists()


def test_an_error_of_the_chief_ends_the_worker(tmp_path):
  class Stub:
    def EndTrial(self, request, **_):  # noqa: N802
      raise _Broken()

  patient = workers.PatientStub(Stub(), str(tmp_path), 0)
  with pytest.raises(kt_errors.FatalError, match="is ill"):
    patient.EndTrial("which")


def test_an_address_that_cannot_be_used_is_named():
  error = workers.cannot_listen(RuntimeError("Failed to bind to 1.2.3.4:5"))
  assert "KERASTUNER_ORACLE_IP" in str(error) and "1.2.3.4" in str(error)


if __name__ == "__main__":
  conftest.main(__file__)
