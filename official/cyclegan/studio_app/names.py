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
"""Names that come from a browser: checked, or cleaned before they are used."""

from __future__ import annotations

import re
import unicodedata

from official.cyclegan.studio_app import refusals

_LONGEST = 60  # characters
# Not at the beginning: what hides a file, or looks like an option.
_NAME = re.compile(r"[^\W_][\w .()+-]*")
_UNWANTED = re.compile(r"[^\w .()+-]+")
# What Windows takes for devices, with any ending.
_DEVICES = re.compile(
  r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.DOTALL
)


def checked(name: str) -> str:
  """Returns a name that may stand for a file or folder of the studio's.

  Args:
    name: As a request has it.

  Raises:
    refusals.Refused: If the studio would never give such a name: with a
      separator, a leading dot, a control character.
  """
  if (
    not _NAME.fullmatch(name)
    or len(name) > 2 * _LONGEST
    or name != name.rstrip(" .")
    or _DEVICES.fullmatch(name)
  ):
    raise refusals.not_there(ascii(name[:_LONGEST]))
  return name


def cleaned(text: str, otherwise: str) -> str:
  """Makes a name for a file or folder of any text.

  Args:
    text: A title, or what a file is called elsewhere, with folders or not.
    otherwise: The name if nothing is left.

  Returns:
    A name that `checked` lets through, of letters, digits and `-_.()+ `.
  """
  last = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
  name = _UNWANTED.sub("_", last)[:_LONGEST].strip(" ._+-()")
  if not _NAME.fullmatch(name) or _DEVICES.fullmatch(name):
    name = f"{otherwise} {name}".strip(" .")
  return name if _NAME.fullmatch(name) else otherwise
