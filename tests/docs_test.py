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
"""What the documents say is run, or compared with the code."""

import importlib.util
import pathlib
import re

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import options
from official.cyclegan.training import diagnostics
from tests import conftest

_DOCS = conftest.ROOT / "docs"


@pytest.mark.slow
def test_book_example_runs_from_top_to_bottom(tmp_path):
  done = conftest.run_tool(str(_DOCS / "book_example.py"), cwd=tmp_path)
  assert done.returncode == 0, done.stderr
  assert "g_AB:" in done.stdout and "cycle error:" in done.stdout
  assert (tmp_path / "book.weights.h5").stat().st_size > 10_000


def _texts():
  paths = [conftest.ROOT / "README.md", *sorted(_DOCS.glob("*.md"))]
  return {path.name: path.read_text(encoding="utf-8") for path in paths}


def test_documents_name_flags_that_exist():
  helps = "".join(
    conftest.run_binary(name, "--helpfull").stdout for name in conftest.BINARIES
  )
  tools = "".join(
    path.read_text(encoding="utf-8")
    for path in pathlib.Path(conftest.ROOT, "tools").rglob("*")
    if path.suffix in (".py", ".sh")
  )
  for name, text in _texts().items():
    for flag in set(re.findall(r"(?<![\w-])--(\w+)", text)):
      stem = flag.removeprefix("no")
      known = f"--{flag}" in helps or f"--[no]{flag}" in helps
      known |= f"--[no]{stem}" in helps
      known |= f'"{flag}"' in tools or f"--{flag}=" in tools
      # What other programs have: tensorboard, and the help itself.
      assert known or flag in ("logdir", "help"), (name, flag)


def test_choices_in_the_guide_are_those_of_the_code():
  text = _texts()["training.md"]
  choices = {
    entry.name: entry.option.choices
    for part in config_lib.parts().values()
    for entry in options.declared(part)
  }
  for name in ("gan_mode", "lr_policy", "disc_type", "precision"):
    for choice in choices[name]:
      assert f"`{choice}`" in text or f"={choice}`" in text, choice
  for choice in config_lib.DISTRIBUTION_STRATEGIES:
    assert f"`{choice}`" in text, choice


def test_health_rules_are_documented_as_they_are():
  text = _texts()["training.md"]
  rules = diagnostics.Rules()
  assert f"Every {rules.interval} steps" in text
  assert f"after {rules.warm_up} steps" in text
  source = pathlib.Path(diagnostics.__file__).read_text(encoding="utf-8")
  for rule in re.findall(r'Event\(\s*"(\w+)"', source):
    assert f"`{rule}`" in text, rule
  assert f"a loss above {rules.exploded:g}" in text
  assert f"below {rules.won:g} of that of guessing" in text
  assert f"{rules.droplet / 2:.0%} of full".replace("%", " %") in text
  assert f"{rules.natural:g} times as much" in text
  assert f"less than {rules.same / 2:.0%}".replace("%", " %") in text
  assert f"by {rules.still / 2:.2%}".replace("%", " %") in text
  assert f"below {rules.inverted:g}" in text


def test_generated_files_are_what_the_declarations_say():
  """`docs/options.md` and the presets' .flags files."""
  specification = importlib.util.spec_from_file_location(
    "generate", conftest.ROOT / "tools" / "generate.py"
  )
  generate = importlib.util.module_from_spec(specification)
  specification.loader.exec_module(generate)
  files = generate.generated()
  assert len(files) > 5
  for path, text in files.items():
    assert path.read_text(encoding="utf-8") == text, "Run tools/generate.py."


if __name__ == "__main__":
  conftest.main(__file__)
