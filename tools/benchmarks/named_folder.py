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
"""Folders of pictures that a tool is given, with what it is to call them."""

from __future__ import annotations

import pathlib

from official.cyclegan.core import errors


def parse(text: str, option: str) -> tuple[str, str]:
  """Returns a name and a folder.

  Args:
    text: `name=folder`.
    option: The flag with which it was given.

  Raises:
    errors.UserError: If there is no such folder, or the name cannot be one.
  """
  name, _, folder = text.partition("=")
  if not name or "/" in name or not pathlib.Path(folder).is_dir():
    raise errors.UserError(
      f": there is no folder {folder!r}. Give name=folder, e.g."
      " emoji=data/emoji.",
      option,
      text,
    )
  return name, folder


def is_paired(folder: str) -> bool:
  """Returns whether the test pictures of both domains have the same names.

  They then show the same things, as `--paired` says.

  Args:
    folder: A data set: has the folders testA and testB.
  """
  names = [
    {path.stem for path in pathlib.Path(folder, split).glob("*")}
    for split in ("testA", "testB")
  ]
  return bool(names[0]) and names[0] == names[1]
