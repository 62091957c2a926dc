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
"""`search.json`: the options of a search, which stay when it goes on."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import uuid
from typing import Any

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import options as options_lib
from official.cyclegan.core import search_config

FILE_NAME = search_config.FILE_NAME
_IDENTITY = "identity"
_REMEDY = "Restore it, or give a new --tuner_dir."
_SEARCH = "search"  # the part of the file beside the parts of a run


def check_same(
  config: config_lib.Config, options: search_config.SearchConfig, tuner_dir: str
) -> None:
  """Writes a search's options, or refuses to mix it with another search.

  A search that begins gets a name of its own, see `identity`.

  Args:
    config: What all trials have in common.
    options: What is varied, and how.
    tuner_dir: The folder of the search.

  Raises:
    errors.UserError: If the folder holds a search with other options, or
      cannot be written.
  """
  path = pathlib.Path(tuner_dir, FILE_NAME)
  now = _record(config, options)
  own_name = uuid.uuid4().hex
  if path.exists():
    before = files.read_json(path, _REMEDY, _parts)
    own_name = before.get(_IDENTITY, "")
    for part, values in now.items():
      for name, entry in _declared(part, options).items():
        # An option that the file lacks did not exist then.
        was = before.get(part, {}).get(name, values[name])
        if isinstance(was, str):
          was = entry.option.old_values.get(was, was)
        # All of a run's options are the trials', only limits may change.
        is_fixed = part != _SEARCH or entry.option.fixed
        if is_fixed and not entry.option.is_same(was, values[name]):
          raise errors.UserError(
            f"cannot go on with the search in --tuner_dir={tuner_dir}, which"
            f" has {_shown(was)}. Give that again, or another --tuner_dir.",
            name,
            _shown(values[name]),
          )
  named = {_IDENTITY: own_name} if own_name else {}
  files.write_json(path, {**named, **now}, "tuner_dir")


def identity(tuner_dir: str) -> str:
  """Returns the name that tells a search from all others.

  Args:
    tuner_dir: The folder of the search.

  Returns:
    Hexadecimal digits; nothing if there is no search, or one that began before
    searches had names.

  Raises:
    errors.UserError: If the file is damaged.
  """
  path = pathlib.Path(tuner_dir, FILE_NAME)
  if not path.exists():
    return ""
  return files.read_json(path, _REMEDY, _parts).get(_IDENTITY, "")


def _parts(values: Any) -> dict[str, Any]:
  """Returns what the file holds: a name, and parts, objects of options."""
  found = files.object_of(values)
  files.text(found.get(_IDENTITY, ""))
  for part in (*config_lib.parts(), _SEARCH):
    files.object_of(found.get(part, {}))
  return found


def _declared(
  part: str, search: search_config.SearchConfig
) -> dict[str, options_lib.Declared]:
  """Returns the options of a part of the file by their names."""
  declarations = search if part == _SEARCH else config_lib.parts()[part]
  return search_config.declared_options(declarations)


def _record(
  config: config_lib.Config, options: search_config.SearchConfig
) -> dict[str, dict[str, Any]]:
  """Returns the options as the file has them: by the names of their flags."""
  search = search_config.option_values(options)
  record = {**dataclasses.asdict(config), _SEARCH: search}
  return json.loads(json.dumps(record))  # tuples become lists, as in the file


def _shown(value: Any) -> str:
  """Returns a value as a flag has it."""
  return ",".join(map(str, value)) if isinstance(value, list) else str(value)
