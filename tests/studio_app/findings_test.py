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
import json

import pytest

from official.cyclegan.studio_app import findings
from tests import conftest

_NONE = {"count": 0, "examples": []}
_DOMAIN = {
  "brightness": 120.0,
  "width": {"smallest": 200},
  "height": {"smallest": 200},
  "other_files": 0,
}
_FINE = {
  "counts": {"A": 140, "B": 140},
  "domains": {"A": _DOMAIN, "B": _DOMAIN},
  "exact_duplicates": _NONE,
  "near_duplicates": {
    "between_A_and_B": _NONE,
    "between_train_and_test": _NONE,
  },
  "unreadable": _NONE,
}


def test_nothing_wrong_is_said_as_well():
  (found,) = findings.of_audit(_FINE)
  assert found == {"level": "good", "code": "fine", "a": 140, "b": 140}


@pytest.mark.parametrize(
  ("path", "value", "code", "level"),
  [
    (("counts", "A"), 29, "very_few", "bad"),
    (("counts", "B"), 60, "few", "mind"),
    (("counts", "B"), 701, "uneven", "mind"),
    (("unreadable", "count"), 3, "unreadable", "mind"),
    (("exact_duplicates", "in_train_and_test"), 3, "copies_tested", "bad"),
    (("near_duplicates", "between_A_and_B", "count"), 3, "in_both", "bad"),
    (
      ("near_duplicates", "between_train_and_test", "count"),
      3,
      "alike",
      "mind",
    ),
    (("domains", "B", "brightness"), 60.0, "darker", "mind"),
    (("domains", "A", "height", "smallest"), 20, "small", "mind"),
    (("domains", "A", "other_files"), 2, "others", "mind"),
  ],
)
def test_each_trouble_has_its_words(path, value, code, level):
  report = json.loads(json.dumps(_FINE))  # nothing is shared
  part = report
  for name in path[:-1]:
    part = part[name]
  part[path[-1]] = value
  (found,) = findings.of_audit(report)
  assert (found["code"], found["level"]) == (code, level)
  if code == "darker":
    assert found["domain"] == "B" and found["other"] == "A"
    assert (found["dark"], found["light"]) == (60, 120)


def _codes(report):
  return {found["code"]: found for found in findings.of_audit(report)}


def test_copies_are_counted_and_it_is_said_whether_they_are_tested_on():
  """Five copies of two pictures, one of them on both sides, one almost so."""
  copied = {**_NONE, "count": 2, "copies": 5, "in_train_and_test": 0}
  found = _codes({**_FINE, "exact_duplicates": copied})
  assert found["duplicates"] == {
    **{"level": "mind", "code": "duplicates"},
    **{"count": 5, "pictures": 2},
  }
  assert found["copies_apart"]["level"] == "good"
  near = {
    **_FINE["near_duplicates"],
    "between_train_and_test": {
      **_NONE,
      "count": 6,
      "pictures": {"train": 5, "test": 2},
    },
  }
  found = _codes(
    {
      **_FINE,
      "exact_duplicates": {**copied, "in_train_and_test": 1},
      "near_duplicates": near,
    }
  )
  assert found["copies_tested"]["count"] == 1 and "copies_apart" not in found
  assert found["alike"]["count"] == 1


if __name__ == "__main__":
  conftest.main(__file__)
