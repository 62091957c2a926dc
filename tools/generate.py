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
"""Writes docs/options.md, configs/*.flags and the stub of the public names.

  python tools/generate.py

`tests/docs_test.py` compares the files with what this would write.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import sys
from collections.abc import Iterator

import tabulate
import yaml

_ROOT = pathlib.Path(__file__).absolute().parents[1]
sys.path.insert(0, str(_ROOT))

import official.cyclegan  # noqa: E402
from official.cyclegan.core import command  # noqa: E402
from official.cyclegan.core import command_config  # noqa: E402
from official.cyclegan.core import command_list  # noqa: E402
from official.cyclegan.core import config as config_lib  # noqa: E402
from official.cyclegan.core import config_file  # noqa: E402
from official.cyclegan.core import options  # noqa: E402
from official.cyclegan.core import search_config  # noqa: E402

_INTRODUCTION = """# Options

Made by `tools/generate.py` from the declarations in
`official/cyclegan/core` (`*config.py`); do not edit it here.

Each option is a flag, `--crop_size=64`. Options of a run (the first six tables)
can be given in a YAML or JSON file as well (`--config_file`, the keys are the
tables' names and the options'), and one by one in
`--params_override=data.crop_size=64,model.init=he`. Each wins over those before
it: defaults, `--experiment`, `--config_file` (later files win),
`--params_override`, flags. What says the same in another way, such as
`epochs` after `train_steps`, takes the place of the earlier one. *kept* marks
what a run, or a search, that goes on must not change. What has no effect
because of another option is refused where it is typed.
"""


def _tables() -> Iterator[tuple[str, str, type]]:
  """Yields headings, where it is given, and declarations, in their order."""
  for name, part in config_lib.parts().items():
    yield f"`{name}`", "a part of a run's configuration", part
  for name in config_file.sections():
    part = config_file.class_of(name)
    yield f"`{name}`", _used_by(part), part
  yield "Of several commands", "flags only", command_config.CommandConfig
  shown = {*map(config_file.class_of, config_file.sections())}
  shown.add(command_config.CommandConfig)
  for module in (search_config, command_config):
    for part in vars(module).values():
      if (
        isinstance(part, type)
        and part.__module__ == module.__name__
        and part not in shown
        and dataclasses.is_dataclass(part)
        and any(options.declared(part))
      ):
        yield f"Of {_used_by(part)}", "flags only", part


def _used_by(part: type) -> str:
  """Returns the commands that have the flags of a class."""
  names = set(search_config.declared_options(part))
  found = [name for name in _FLAGS if names <= _FLAGS[name]]
  assert found, f"No command has the flags of {part.__name__}."
  return " and ".join(f"`{name}`" for name in found)


_FLAGS = {name: command.flags_of(name) for name in sorted(command_list.NAMES)}


def options_page() -> str:
  """Returns `docs/options.md`."""
  texts = [_INTRODUCTION]
  for title, where, part in _tables():
    rows = [
      _row(entry) for entry in search_config.declared_options(part).values()
    ]
    table = tabulate.tabulate(
      rows, ("option", "default", "values", "what it does"), tablefmt="pipe"
    )
    # Not aligned: the last column is long.
    table = re.sub(r" {2,}", " ", re.sub(r"-{4,}", "---", table))
    summary = str(part.__doc__).splitlines()[0]
    texts.append(f"\n## {title}\n\n{summary} ({where})\n\n{table}\n")
  return "".join(texts)


def _row(entry: options.Declared) -> tuple[str, ...]:
  """Returns an option's line of its table."""
  option = entry.option
  default = entry.default
  if entry.length is not None:
    default = ",".join(map(str, default))
  if option.choices:
    values = ", ".join(f"`{choice}`" for choice in option.choices)
  else:
    values = ", ".join(filter(None, (option.limits(), option.unit)))
  if entry.length is not None:
    values = f"list: {values}" if values else "list"
  words = option.help + (" *kept*" if option.fixed else "")
  shown = "" if default in (None, "") else f"`{default}`"
  kind = {str: "text", bool: "true or false"}.get(entry.kind, "number")
  cells = (f"`{entry.name}`", shown, values or kind, words)
  return tuple(cell.replace("|", "\\|") for cell in cells)


def flag_file(preset: pathlib.Path) -> str:
  """Returns a preset's `.flags` file, with its comments.

  Args:
    preset: The YAML file.
  """
  text = preset.read_text(encoding="utf-8")
  lines = [f"# Made by tools/generate.py from {preset.name}."]
  lines += [line for line in text.splitlines() if line.startswith("#")]
  # As texts, so that 2.0e-4 stays as it was written.
  for values in yaml.load(text, Loader=yaml.BaseLoader).values():
    for name, value in values.items():
      if value in ("true", "false"):
        lines.append(f"--{'' if value == 'true' else 'no'}{name}")
      else:
        lines.append(f"--{name}={value}")
  return "\n".join(lines) + "\n"


def stub() -> str:
  """Returns `__init__.pyi`, which names what the package imports when asked."""
  licence = pathlib.Path(official.cyclegan.__file__).read_text(encoding="utf-8")
  lines = licence.split('"""')[0].rstrip().splitlines()
  lines += [
    '"""Made by tools/generate.py from the list in `__init__.py`."""',
    "",
  ]
  for place, names in sorted(official.cyclegan.PUBLIC.items()):
    for name in sorted(names, key=str.lower):
      intro, what = (
        f"from official.cyclegan.{place} import",
        f"{name} as {name}",
      )
      short = len(f"{intro} {what}") <= 80
      lines.append(f"{intro} {what}" if short else f"{intro} (\n  {what},\n)")
  return "\n".join([*lines, "", "PUBLIC: dict[str, tuple[str, ...]]", ""])


def generated() -> dict[pathlib.Path, str]:
  """Returns all files that are made, and what they hold."""
  files = {_ROOT / "docs" / "options.md": options_page()}
  package = pathlib.Path(official.cyclegan.__file__)
  files[package.with_suffix(".pyi")] = stub()
  for name in config_file.presets():
    preset = config_file.PRESETS / f"{name}.yaml"
    files[preset.with_suffix(".flags")] = flag_file(preset)
  return files


if __name__ == "__main__":
  for path, text in generated().items():
    path.write_text(text, encoding="utf-8")
    print(path.relative_to(_ROOT))
