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
"""Tests of the parts of the pipeline; whole ones: translate_many_lib_test."""

import json

import pytest

from tests import beam_python
from tests import conftest

# They start a process each.
pytestmark = pytest.mark.slow

_IMPORTS = "from official.cyclegan.pipeline import restyling as r"


@pytest.fixture(scope="module")
def ask():
  python = beam_python.find()
  return lambda expression: beam_python.ask(python, _IMPORTS, expression)


def test_names_never_lead_out_of_the_output(ask):
  made = ask(
    "[r.below(p, b) for p, b in [('gs://b/a/x.png', 'gs://b/a'),"
    " ('gs://b/a/x.png', ''), ('../../etc/x.png', ''), ('/a//./b.png', '')]]"
  )
  assert made == ["x.png", "b/a/x.png", "etc/x.png", "a/b.png"]


def test_patterns_have_a_base_and_folders_mean_all_that_is_in_them(ask):
  patterns = ["in", "in/", "gs://b/in", "in/*/x?.png", "*.jpg"]
  made = ask(f"[[r.base_of(p), r.everything_below(p)] for p in {patterns}]")
  assert made == [
    ["in", "in/**"],
    ["in", "in/**"],
    ["gs://b/in", "gs://b/in/**"],
    ["in", "in/*/x?.png"],
    ["", "*.jpg"],
  ]


def test_results_whose_names_would_clash_are_told_apart(ask):
  group = ("d/a", [("d/a.png", "1"), ("d/a.tif", "2"), ("d/a.bmp", "3")])
  assert ask(f"list(r.targets({group}, 'png'))") == [
    ["d/a.bmp.png", "3"],
    ["d/a.png", "1"],
    ["d/a.tif.png", "2"],
  ]
  assert ask("list(r.targets(('b', [('b.JPG', 's')]), 'same'))") == [
    ["b.JPG", "s"]
  ]


def test_only_what_is_missing_is_planned(ask):
  known = {
    "source": "s",
    "target": "t",
    "sha256": "0f",
    "milliseconds": 3.5,
    "error": None,
  }
  failed = {**known, "sha256": None, "error": "no picture"}
  other = {**known, "source": "of another folder"}
  for there, records, tag in (
    ([], [], "todo"),
    ([], [known], "todo"),
    ([True], [known], "records"),
    ([True], [], "unknown"),
    ([True], [failed], "unknown"),
    ([True], [other], "unknown"),
  ):
    joined = ("t", {"sources": ["s"], "there": there, "known": records})
    ((made, value),) = ask(f"[[p.tag, p.value] for p in r.plan({joined})]")
    assert made == tag
    assert value == (known if tag == "records" else ["t", "s"])
  joined = ("t", {"sources": [], "there": [True], "known": [known]})
  assert ask(f"[p.tag for p in r.plan({joined})]") == []  # somebody's own file
  joined = ("t", {"sources": ["b", "a"], "there": [], "known": []})
  (first, second) = ask(f"[[p.tag, p.value] for p in r.plan({joined})]")
  assert first == ["todo", ["t", "a"]]
  assert second[1]["source"] == "b" and "same name" in second[1]["error"]


def test_damaged_lines_of_a_manifest_are_passed_over(ask):
  lines = ["", "[]", "{", "null", '{"target": "t"}', '"text"']
  assert ask(f"[r._known(line) for line in {lines}]") == [[]] * len(lines)
  record = json.dumps(
    {"source": 1, "target": "t", "sha256": 2, "milliseconds": 3, "error": 4}
  )
  (((name, _),),) = ask(f"[r._known({record!r})]")
  assert name == "t"


def test_one_file_is_an_input_too(ask, tmp_path):
  path = str(tmp_path / "one.png")
  with open(path, "wb"):
    pass
  made = ask(
    f"[r.paths_of('input', p) + [r.below(p, r.base_of(p))] for p in [{path!r}]]"
  )
  assert made == [[path, "one.png"]]


if __name__ == "__main__":
  conftest.main(__file__)
