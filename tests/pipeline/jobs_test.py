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
"""Tests of what all jobs share; jobs themselves: translate_many_lib_test."""

import time

import pytest
from packaging import version

from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from tests import conftest

beam = pytest.importorskip(
  "apache_beam", reason="Beam's extra is not installed."
)
from apache_beam.runners.portability.fn_api_runner import worker_handlers  # noqa: E402
from apache_beam.runners.worker import data_plane  # noqa: E402

from official.cyclegan.pipeline import jobs  # noqa: E402


def _sent(limit):
  """Returns what arrives of what is written while a flush is under way."""
  arrived = []

  def slow(data):
    arrived.append(bytes(data))
    time.sleep(0.2)

  stream = data_plane.ClosableOutputStream.create(arrived.append, slow, limit)
  time.sleep(0.1)
  stream.write(b"data")
  time.sleep(0.2)
  stream.close()
  return b"".join(map(bytes, arrived))


def test_what_is_written_during_a_flush_is_not_lost(monkeypatch):
  """By the setting that a job runs with; by Beam's own, 1000 ms, it is."""
  before = worker_handlers.DATA_BUFFER_TIME_LIMIT_MS
  monkeypatch.setattr(worker_handlers, "DATA_BUFFER_TIME_LIMIT_MS", before)
  jobs._lose_nothing()
  limit = worker_handlers.DATA_BUFFER_TIME_LIMIT_MS
  assert _sent(min(limit, 50)) == b"data"


@pytest.mark.parametrize(
  ("changes", "said"),
  [
    ({"runner": "Foo"}, "--runner=Foo"),
    ({"beam_options": "--nonsense=3"}, "holds --nonsense, which"),
    pytest.param(
      {"beam_options": "--max_num_worker=3"},
      "holds --max_num_worker, which",
      marks=pytest.mark.skipif(
        version.parse(beam.__version__) < version.parse("2.77"),
        reason="Older ones take shortened names of options.",
      ),
    ),
    ({"beam_options": "--parallelism='"}, "--beam_options"),
    ({"beam_options": "--parallelism=x"}, "--beam_options"),
  ],
)
def test_what_beam_does_not_know_is_refused(changes, said):
  with pytest.raises(errors.UserError) as caught:
    jobs.options_of(command_config.BeamConfig(**changes))
  assert said in str(caught.value)


def test_what_a_job_server_may_know_is_passed_on():
  job = command_config.BeamConfig(
    runner="PortableRunner", beam_options="--of_the_server=3"
  )
  assert jobs.options_of(job)


def test_missing_results_are_an_error():
  jobs.require_all(3, 3)
  jobs.require_all(5, 0)  # nobody knows how many there are
  with pytest.raises(errors.UserError, match=r"lost 2 of 3 pictures"):
    jobs.require_all(1, 3)


@pytest.mark.parametrize(
  ("options", "said"), [("'open", "quot"), ("--direct_num_workers=two", "Beam")]
)
def test_options_that_beam_refuses_are_the_users(options, said):
  job = command_config.BeamConfig(beam_options=options)
  with pytest.raises(errors.UserError, match=said) as caught:
    jobs.options_of(job)
  assert caught.value.option == "beam_options"


if __name__ == "__main__":
  conftest.main(__file__)
