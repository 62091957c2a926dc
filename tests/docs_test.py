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
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

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
    # What --beam_options holds are Beam's flags.
    text = re.sub(r"(--beam_options)='[^']*'", r"\1", text)
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


_LINKED = [
  conftest.ROOT / name
  for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "RELEASE.md")
] + sorted(_DOCS.glob("*.md"))


def _anchors(path):
  """Returns the anchors of a Markdown file's headings, as GitHub makes them."""
  text = re.sub("```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
  found = set()
  for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    found.add(words.replace(" ", "-"))
  return found


@pytest.mark.parametrize("path", _LINKED, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings_that_exist(path):
  text = re.sub(
    "```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
  )
  for link in re.findall(r"\]\(([^)\s]+)\)", text):
    target, _, anchor = link.partition("#")
    if re.match("[a-z]+:", target):
      assert target.startswith("https://"), link
      continue
    file = (path.parent / target).resolve() if target else path
    assert file.exists(), (path.name, link)
    if anchor:
      assert anchor in _anchors(file), (path.name, link)


@pytest.mark.slow
@pytest.mark.one_stack
def test_the_site_builds_without_a_warning_and_loads_nothing(tmp_path):
  pytest.importorskip("mkdocs")
  pytest.importorskip("material")
  done = subprocess.run(
    [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    + ["--site-dir", str(tmp_path)],
    cwd=conftest.ROOT,
    env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr
  for path in _DOCS.glob("notebooks/*.ipynb"):
    page = tmp_path / "notebooks" / path.stem / "index.html"
    text = page.read_text(encoding="utf-8")
    assert 'class="language-python"' in text and path.name in text
    assert "cell_type" not in text
  pages = sorted(tmp_path.rglob("index.html"))
  assert len(pages) > len(list(_DOCS.glob("*.md")))
  for page in pages:
    text = page.read_text(encoding="utf-8")
    # What a browser fetches by itself, and where links lead.
    loaded = re.findall(
      r'<(?:script|img|link)[^>]*(?:src|href)="([^"]+)"', text
    )
    assert not [u for u in loaded if re.match("(https?:)?//", u)], page
    for link in re.findall(r'(?:src|href)="([^"#?]+)', text):
      if re.match(r"[a-z]+:|//", link):
        continue
      parent = tmp_path if link.startswith("/") else page.parent
      assert (parent / link.lstrip("/")).exists(), (page, link)


def test_every_document_and_notebook_is_a_page_that_the_menu_has():
  """What `mkdocs build --strict` says as well, without building it."""
  text = (conftest.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
  listed = set(re.findall(r"^ +- [^:]+: (\S+\.md)$", text, re.MULTILINE))
  documents = {path.name for path in _DOCS.glob("*.md")}
  notebooks = {
    f"notebooks/{path.stem}.md" for path in _DOCS.glob("notebooks/*.ipynb")
  }
  assert notebooks and documents | notebooks <= listed
  assert ".ipynb" not in text  # which a browser would only download


def test_the_citation_is_of_this_version():
  values = yaml.safe_load((conftest.ROOT / "CITATION.cff").read_text())
  setup = (conftest.ROOT / "setup.py").read_text(encoding="utf-8")
  assert values["version"] == re.findall(r'version="([^"]+)"', setup)[0]
  assert values["cff-version"] == "1.2.0" and values["message"]
  for work in (values, values["preferred-citation"]):
    assert work["title"] and work["authors"] and work["type"]


if __name__ == "__main__":
  conftest.main(__file__)
