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
import os

import pytest

from official.cyclegan.core import messages
from tests import conftest


@pytest.mark.parametrize(
  ("number", "noun", "words"),
  [
    (0, "picture", "0 pictures"),
    (1, "picture", "1 picture"),
    (2000, "picture", "2,000 pictures"),
    (1, "picture is", "1 picture is"),
    (3, "picture is", "3 pictures are"),
    (2, "file was", "2 files were"),
  ],
)
def test_nouns_and_verbs_follow_the_number(number, noun, words):
  assert messages.count(number, noun) == words


@pytest.mark.parametrize("name", [b"\xe9t\xe9.jpg", b"\xff", "été🍎".encode()])
def test_any_name_can_be_shown_and_told_apart(name):
  shown = messages.printable(os.fsdecode(name))
  shown.encode()  # it is text
  assert shown != messages.printable(os.fsdecode(name + b"\xfe"))
  try:
    assert shown == name.decode()
  except UnicodeDecodeError:
    assert shown == name.decode(errors="backslashreplace")


def test_json_keeps_any_name():
  values = {"path": os.fsdecode(b"/a/\xe9\\\xff.png"), "other": "été"}
  text = messages.escaped_json(json.dumps(values, ensure_ascii=False))
  assert "été" in text
  assert json.loads(text.encode().decode()) == values


@pytest.mark.parametrize("length", [700, 701, 10**6])
def test_what_is_very_long_keeps_its_begin_end_and_length(length):
  value = f"begin{'x' * (length - 8)}end"
  for text in (messages.shown(value), messages.shortened(f"A {value} is it.")):
    assert "begin" in text and "end" in text and len(text) < 720
    assert (value in text) == (length == 700)
    assert (f"{length:,} letters" in text) == (length > 700)


def test_messages_of_many_words_have_an_end_too():
  text = "word " * 100_000
  assert len(messages.shortened(text)) < 8050
  assert messages.shortened("word " * 1000) == "word " * 1000


def test_numbers_that_python_does_not_write_are_shown():
  assert len(messages.shown(10**100_000)) < 720
  assert messages.shown(12) == "12" and messages.shown(None) == "None"


if __name__ == "__main__":
  conftest.main(__file__)
