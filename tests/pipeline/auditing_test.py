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
"""Tests of near duplicates by bands, against the comparison of all."""

import os

import numpy as np
import pytest

from tests import conftest

pytest.importorskip("apache_beam", reason="Beam's extra is not installed.")
from official.cyclegan.data import dataset_audit  # noqa: E402
from official.cyclegan.pipeline import auditing  # noqa: E402


def _entries(count, seed):
  """Returns pictures of which many are near others, as `_by_bands` has them."""
  rng = np.random.default_rng(seed)
  splits = ("trainA", "trainB", "testA", "testB")
  entries = []
  for number in range(count):
    bits = int(rng.integers(0, 2**64, dtype=np.uint64))
    thumbnail = rng.integers(40, 200, 768, dtype=np.uint8)
    if number and rng.random() < 0.4:
      _, bits, given, _, _ = entries[rng.integers(number)]
      for place in rng.choice(64, rng.integers(0, 7), replace=False):
        bits ^= 1 << int(place)
      thumbnail = np.frombuffer(given, np.uint8) + rng.integers(0, 12)
    entries.append(
      (
        os.fsencode(f"p{number}"),
        bits,
        thumbnail.astype(np.uint8).tobytes(),
        number,
        splits[number * 4 // count],
      )
    )
  return entries


def _in_memory(entries):
  given = [
    auditing._Entry(
      os.fsdecode(path), np.uint64(bits), np.frombuffer(t, np.uint8), n, split
    )
    for path, bits, t, n, split in entries
  ]
  return {
    name: dataset_audit.near_duplicates(
      *([e for e in given if part in e.split] for part in parts)
    )
    for name, parts in dataset_audit.BETWEEN.items()
  }


def _by_buckets(entries):
  """Returns the same by the pipeline's own steps, without a pipeline."""
  buckets = {}
  for entry in entries:
    for key in auditing.bands(entry[1]):
      buckets.setdefault(key, []).append(entry)
  pairs = {
    pair for bucket in buckets.items() for pair in auditing._compare(bucket)
  }
  found = {}
  for name in dataset_audit.BETWEEN:
    own = sorted(pair for given, pair in pairs if given == name)
    found[name] = [
      [os.fsdecode(path) for path in pair[2:]]
      for pair in own[: dataset_audit.MAX_PAIRS]
    ]
  return found


def test_hashes_of_four_differences_share_a_key():
  rng = np.random.default_rng(0)
  for _ in range(500):
    bits = int(rng.integers(0, 2**64, dtype=np.uint64))
    other = bits
    for place in rng.choice(64, dataset_audit.HASH_DISTANCE, replace=False):
      other ^= 1 << int(place)
    assert set(auditing.bands(bits)) & set(auditing.bands(other))
  assert sum(auditing._BANDS) == 64
  assert len(set(auditing.bands(0))) == 15  # each key says whose bands it has


@pytest.mark.parametrize(("count", "most"), [(5000, 10**6), (1200, 5)])
def test_near_duplicates_are_those_of_all_with_all(monkeypatch, count, most):
  """Also where there are more than are listed: the first of them."""
  monkeypatch.setattr(dataset_audit, "MAX_PAIRS", most)
  entries = _entries(count, seed=most)
  wanted = _in_memory(entries)
  assert min(map(len, wanted.values())) >= min(most, 100)
  np.random.default_rng(1).shuffle(entries)
  assert _by_buckets(entries) == wanted


if __name__ == "__main__":
  conftest.main(__file__)
