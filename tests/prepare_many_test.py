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
"""Tests of the command; what it does is tested in prepare_many_lib_test."""

import importlib.util

import pytest

from tests import conftest


def test_dry_run_shows_what_would_be_done():
  result = conftest.run_binary(
    "prepare_many", "--dataset=pictures", "--work_dir=/shared", "--dry_run"
  )
  assert result.returncode == 0, result.stderr
  for word in ("pictures", "/shared", "shard_mb", "DirectRunner", "range"):
    assert word in result.stdout


@pytest.mark.skipif(
  importlib.util.find_spec("apache_beam") is not None, reason="Beam is there."
)
def test_beam_that_is_missing_is_named_with_the_remedy(pictures):
  conftest.assert_refused(
    conftest.run_binary("prepare_many", f"--dataset={pictures}"),
    "pip install apache-beam",
  )


if __name__ == "__main__":
  conftest.main(__file__)
