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
"""Words for people: counts with their nouns, and names that are not UTF-8."""

from __future__ import annotations

import re

# What `os.fsdecode` makes of bytes that are not UTF-8, 0x80 to 0xff.
_BYTE = re.compile("[\udc80-\udcff]")
_LONE = re.compile("[\ud800-\udfff]")
# What is longer than this, letters, is no help on a screen: a word, such as a
# path of two of the longest names, and all of a message.
_MOST_OF_WORD, _MOST_OF_ALL = 700, 8000
_LONG_WORD = re.compile(rf"\S{{{_MOST_OF_WORD + 1},}}")
_PLURALS = {"was": "were", "is": "are", "has": "have"}


def count(number: int, noun: str) -> str:
  """Returns a number with its noun: `1 picture`, `2,000 pictures`.

  Args:
    number: How many.
    noun: The noun in the singular, which an `s` makes a plural; a verb behind
      it goes with it, as in `picture was`.
  """
  if number == 1:
    return f"1 {noun}"
  noun, *verbs = noun.split()
  return " ".join([f"{number:,}", f"{noun}s", *(_PLURALS[v] for v in verbs)])


def printable(text: str) -> str:
  r"""Returns text that every UTF-8 stream and file takes.

  Args:
    text: May hold names of files that are not UTF-8, as Python has them: a
      surrogate for each byte that is not part of a letter.

  Returns:
    The same with these bytes as `\xe9`, so that different names stay different.
  """
  text = _BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text)
  return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown(value: object) -> str:
  """Returns a value that somebody has given, for a message.

  Args:
    value: Any, of any size.

  Returns:
    Its text; where that is very long its begin, its end and its length.
  """
  try:
    return _cut(str(value), _MOST_OF_WORD)
  except ValueError:  # Python writes no whole number of very many digits
    return "a number of very many digits"


def shortened(text: str) -> str:
  """Returns a message without the middle of what is very long in it.

  Args:
    text: Any; what users, files and servers have said may be part of it.
  """
  text = _LONG_WORD.sub(lambda found: _cut(found[0], _MOST_OF_WORD), text)
  return _cut(text, _MOST_OF_ALL)


def _cut(text: str, most: int) -> str:
  if len(text) <= most:
    return text
  kept = most * 3 // 7
  return f"{text[:kept]}...({len(text):,} letters)...{text[-kept:]}"


def escaped_json(text: str) -> str:
  r"""Returns JSON that is UTF-8, and means the same.

  Args:
    text: JSON whose strings may hold such names; surrogates become JSON's own
      escapes such as `\udce9`, from which `json` makes the name again.
  """
  return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
