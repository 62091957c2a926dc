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

from __future__ import annotations

import dataclasses
import math

import pytest

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import options
from official.cyclegan.core import search_config
from tests import conftest


@dataclasses.dataclass(frozen=True)
class _Part:
  count: int = options.option(2, "How many.", minimum=1, fixed=True)
  share: float = options.option(0.5, "Which share.", above=0, below=1)
  name: str = options.option(
    "a", "Which.", choices=("a", "b"), old_values={"alpha": "a"}
  )
  on: bool = options.option(True, "Whether.")
  pair: tuple[float, float] = options.option((1.0, 2.0), "Two.")
  some: tuple[int, ...] = options.option((), "Any.", minimum=0)
  folder: str | None = options.option(None, "Where.", is_path=True)
  few: int = options.option(2, "Few.", minimum=1, largest=8)
  any: float = options.option(0.0, "Any.")
  plain: int = 0


def test_types_are_read_from_the_annotations():
  found = {e.name: (e.kind, e.length) for e in options.declared(_Part)}
  assert found == {
    "count": (int, None),
    "share": (float, None),
    "name": (str, None),
    "on": (bool, None),
    "pair": (float, 2),
    "some": (int, 0),
    "folder": (str, None),
    "few": (int, None),
    "any": (float, None),
  }
  assert options.fixed(_Part) == ["count"]


@pytest.mark.parametrize(
  ("name", "text", "value"),
  [
    ("count", "3", 3),
    ("share", "1e-1", 0.1),
    ("name", "alpha", "a"),
    ("on", "False", False),
    ("pair", "3, 4.5", (3.0, 4.5)),
    ("some", "", ()),
    ("some", "1,2", (1, 2)),
    ("folder", "x,y", "x,y"),
    ("folder", "~/x", "/home/me/x"),
    ("folder", "~", "/home/me"),
    ("folder", "x/~", "x/~"),
    ("folder", "./~", "./~"),
    ("folder", "gs://~/x", "gs://~/x"),
  ],
)
def test_texts_are_parsed(name, text, value, monkeypatch):
  monkeypatch.setenv("HOME", "/home/me")
  assert options.parse(options.find(_Part, name), text) == value


@pytest.mark.parametrize(
  ("name", "text", "words"),
  [
    ("count", "256x128", "--count=256x128 must be a whole number, e.g. 2."),
    ("share", "much", "--share=much must be a number, e.g. 0.5."),
    ("on", "maybe", "--on=maybe must be true or false."),
    ("pair", "3", "--pair=3 must be 2 numbers, e.g. 0.3,10."),
    ("pair", "3,x", "--pair=3,x must be numbers, separated by commas."),
  ],
)
def test_texts_of_another_type_are_refused(name, text, words):
  with pytest.raises(errors.UserError) as error:
    options.parse(options.find(_Part, name), text)
  assert str(error.value) == words


@pytest.mark.parametrize(
  ("name", "value", "want"),
  [
    ("share", 1, 1.0),
    ("share", "2e-4", 2e-4),
    ("count", 4, 4),
    ("pair", [1, 2], (1.0, 2.0)),
    ("name", "alpha", "a"),
  ],
)
def test_values_of_files_are_converted(name, value, want):
  assert options.convert(options.find(_Part, name), value) == want


@pytest.mark.parametrize(
  ("name", "value"),
  [
    ("count", 1.5),
    ("count", True),
    ("share", True),
    ("share", "x"),
    ("on", 1),
    ("name", None),
    ("pair", [1.0]),
    ("share", 10**400),
    ("folder", "a\0b"),
    ("folder", "\ud800"),
  ],
)
def test_values_of_another_type_are_refused(name, value):
  with pytest.raises(TypeError, match="must be|has no value"):
    options.convert(options.find(_Part, name), value)


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    ({"count": 0}, "--count=0 must be at least 1."),
    ({"share": 1.0}, "--share=1.0 must be above 0 and below 1."),
    ({"share": math.nan}, "--share=nan must be above 0 and below 1."),
    ({"name": "c"}, "--name=c must be a or b."),
    ({"some": (1, -1)}, "--some=-1 must be at least 0."),
    ({"few": 9}, "--few=9 must be at most 8."),
    ({"count": 1 << 63}, f"--count={1 << 63} must be at most {(1 << 63) - 1}."),
    ({"any": math.nan}, "--any=nan must be finite."),
  ],
)
def test_values_out_of_range_are_refused(changes, words):
  with pytest.raises(errors.UserError) as error:
    options.check(dataclasses.replace(_Part(), **changes))
  assert str(error.value) == words


def test_what_is_tried_clips_defaults():
  tried = options.Range(1.0, 3.0)
  assert [tried.clip(v) for v in (0.5, 2.0, 9.0)] == [1.0, 2.0, 3.0]
  assert 2.0 in tried and 4.0 not in tried
  choices = options.Choices((4, 8))
  assert choices.clip(8) == 8 and choices.clip(5) == 4
  assert 8 in choices and 5 not in choices


@pytest.mark.parametrize(
  ("name", "value", "bad"),
  [
    ("name", "", True),
    ("folder", " ", True),
    ("folder", "x", False),
    ("note", "", False),  # empty by default
    ("licence", "", False),  # said to be possible
    ("texts", ("a", ""), True),
    ("texts", (), False),
  ],
)
def test_a_text_is_empty_only_where_that_has_a_meaning(name, value, bad):
  @dataclasses.dataclass(frozen=True)
  class Texts:
    name: str = options.option("a", "Which.")
    folder: str | None = options.option(None, "Where.")
    note: str = options.option("", "What.")
    licence: str = options.option("MIT", "Which.", may_be_empty=True)
    texts: tuple[str, ...] = options.option((), "Any.")

  entry = options.find(Texts, name)
  options.check_kept(entry, name, value)  # a run may have it
  if bad:
    with pytest.raises(errors.UserError, match=f"--{name}= *is empty"):
      options.check_given(entry, name, value)
  else:
    options.check_given(entry, name, value)


@dataclasses.dataclass(frozen=True)
class _Needing:
  kind: str = options.option("a", "Which.")
  kinds: tuple[str, ...] = options.option(("a", "b"), "Which.")
  on: bool = options.option(False, "Whether.")
  weight: float = options.option(0.0, "How much.")
  of_kind: int = options.option(3, "Any.", needs={"kind": ("b", "c")})
  of_kinds: int = options.option(3, "Any.", needs={"kinds": ("b",)})
  if_on: int = options.option(3, "Any.", needs={"on": (True,)})
  weighted: int = options.option(3, "Any.", needs={"weight": (), "on": (True,)})


@pytest.mark.parametrize(
  ("values", "typed", "words"),
  [
    ({"of_kind": 5}, "of_kind", "--of_kind=5 .* --kind=a. .* --kind=b or"),
    ({"of_kind": 5}, "weight", None),  # of_kind stands in a file
    ({"of_kind": 0}, "of_kind", None),  # nothing is asked for
    ({"of_kind": 5, "kind": "c"}, "of_kind", None),
    ({}, "of_kinds", None),
    ({"kinds": ("a",)}, "of_kinds", "--of_kinds=3 .* --kinds=a. .* --kinds=b"),
    ({}, "if_on", "--if_on=3 has no effect with --noon. .* or give --on"),
    ({"on": True}, "if_on", None),
    ({}, "weighted", "or give --weight or --on"),
    ({"weight": 0.1}, "weighted", None),
  ],
)
def test_what_was_typed_has_an_effect(values, typed, words):
  part = _Needing(**values)
  if words is None:
    options.check_effect(part, [typed])
    return
  with pytest.raises(errors.UserError, match=words):
    options.check_effect(part, [typed])


def test_declared_needs_name_options_of_the_same_class():
  parts = [
    *config_lib.parts().values(),
    search_config.SearchConfig,
    command_config.EvaluateConfig,
    command_config.ExportConfig,
    command_config.DownloadConfig,
  ]
  for part in parts:
    entries = {entry.name: entry for entry in options.declared(part)}
    for entry in entries.values():
      for other, values in entry.option.needs.items():
        choices = entries[other].option.choices
        assert not choices or set(values) <= set(choices), entry.name


if __name__ == "__main__":
  conftest.main(__file__)
