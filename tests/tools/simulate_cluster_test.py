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
"""Tests of the simulation, where the answer can be computed by hand."""

import json
import math
import sys

import numpy as np
import pytest

from official.cyclegan.core import errors
from tests import conftest

sys.path.insert(0, str(conftest.ROOT / "tools" / "benchmarks"))
import simulate_cluster  # noqa: E402


@pytest.mark.parametrize(
  ("pictures", "workers", "bundle"), [(1000, 8, 10), (999, 7, 5), (3, 5, 1)]
)
def test_constant_times_without_failures_have_a_closed_form(
  pictures, workers, bundle
):
  cluster = simulate_cluster.Cluster(pictures, workers, bundle, start=30.0)
  outcome = simulate_cluster.simulate(
    cluster, simulate_cluster.constant(0.25), seed=0
  )
  rounds = math.ceil(math.ceil(pictures / bundle) / workers)
  whole = 30 + rounds * bundle * 0.25
  # The last bundle may be shorter than all others, and alone in its round.
  assert whole - bundle * 0.25 < outcome.seconds <= whole
  if pictures % bundle == 0:
    assert outcome.seconds == pytest.approx(whole)
  assert outcome.service == pytest.approx(pictures * 0.25)
  assert outcome.efficiency == pytest.approx(
    pictures * 0.25 / (workers * outcome.seconds)
  )
  assert (outcome.lost, outcome.again) == (0, 0)


def test_one_slow_worker_costs_what_backups_save():
  """Two workers, a bundle each, all slow: nothing to save; else half."""
  every = simulate_cluster.Cluster(2, 2, slow_share=1.0, slower=4.0)
  service = simulate_cluster.constant(1.0)
  assert simulate_cluster.simulate(every, service, 0).seconds == 4.0
  some = simulate_cluster.Cluster(100, 10, slow_share=0.3, slower=50.0)
  alone = simulate_cluster.simulate(some, service, 3)
  helped = simulate_cluster.simulate(
    simulate_cluster.Cluster(
      100, 10, slow_share=0.3, slower=50.0, backups=True
    ),
    service,
    3,
  )
  assert alone.seconds == 50.0 and helped.seconds < 25
  assert helped.again > 0


def test_losses_are_as_many_as_a_poisson_process_has():
  """And each picture's time until its bundle is done is the known one."""
  rate, length = 0.02, 30.0
  cluster = simulate_cluster.Cluster(4000, 1, failures=rate)
  outcome = simulate_cluster.simulate(
    cluster, simulate_cluster.constant(length), seed=1
  )
  # Of a task that begins anew after each loss: (exp(rate t) - 1) / rate.
  each = (math.exp(rate * length) - 1) / rate
  assert outcome.seconds / 4000 == pytest.approx(each, rel=0.05)
  assert outcome.lost == pytest.approx(rate * outcome.seconds, rel=0.05)


def test_times_are_drawn_as_they_are(tmp_path):
  rng = np.random.default_rng(0)
  drawn = [simulate_cluster.lognormal(0.2, 0.5)(1, rng) for _ in range(4000)]
  assert np.mean(drawn) == pytest.approx(0.2, rel=0.05)
  assert np.std(np.log(drawn)) == pytest.approx(0.5, rel=0.05)
  lines = [{"milliseconds": v, "source": "s"} for v in (20.0, None, 40.0)]
  path = tmp_path / "manifest-0.jsonl"
  path.write_text("\n".join(map(json.dumps, lines)))
  seconds = simulate_cluster.read_manifest(str(tmp_path / "manifest-*"))
  assert sorted(seconds) == [0.02, 0.04]
  total = simulate_cluster.empirical(seconds)(1000, rng)
  assert total == pytest.approx(30.0, rel=0.1)
  with pytest.raises(errors.UserError, match="no times"):
    simulate_cluster.read_manifest(str(tmp_path / "none-*"))


if __name__ == "__main__":
  conftest.main(__file__)
