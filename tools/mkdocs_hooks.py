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
"""Hooks of mkdocs: the Markdown beside docs/ becomes pages of the site too.

README.md and its like stay where people and GitHub look for them; on the site
they are readme.md and so on, and links between all of them lead there.
Notebooks are kept without outputs, so that a page of one is its text and its
code: no package is needed to show that. The notebook itself is linked there.
"""

from __future__ import annotations

import json
import pathlib
import posixpath
import re
from typing import Any

from mkdocs.structure import files as mkdocs_files

_ROOT = pathlib.Path(__file__).absolute().parents[1]
# Files of the root that are pages; others are named, not linked.
_PAGES = {
  name: f"{name.split('.')[0].lower()}.md"
  for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "RELEASE.md")
}
_LINK = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
  """Adds the pages of the root.

  Args:
    files: Those of docs/.
    config: mkdocs's.
  """
  for name, target in _PAGES.items():
    content = (_ROOT / name).read_text(encoding="utf-8")
    files.append(mkdocs_files.File.generated(config, target, content=content))
  for path in sorted((_ROOT / "docs").rglob("*.ipynb")):
    target = path.relative_to(_ROOT / "docs").with_suffix(".md").as_posix()
    content = _notebook(path)
    files.append(mkdocs_files.File.generated(config, target, content=content))
  return files


def _notebook(path: pathlib.Path) -> str:
  """Returns a notebook as Markdown, with a link to itself below its title."""
  notebook = json.loads(path.read_text(encoding="utf-8"))
  parts = []
  for cell in notebook["cells"]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "code":
      source = f"````python\n{source}\n````"
    parts.append(source)
  title, _, rest = parts[0].partition("\n")
  link = f"Notebook to download and run: [{path.name}](../{path.name})"
  return "\n\n".join([title, link, rest.strip(), *parts[1:]]) + "\n"


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
  """Leads links to where pages are on the site.

  Args:
    markdown: Of a page.
    page: The page.
    config: mkdocs's.
    files: All pages.
  """
  del config, files
  here = page.file.src_uri
  source = {v: k for k, v in _PAGES.items()}.get(here, f"docs/{here}")

  def lead(found: re.Match[str]) -> str:
    target, anchor = found[1], found[2] or ""
    if re.match(r"[a-z]+:", target):
      return found[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    place = _PAGES.get(path, path.removeprefix("docs/"))
    return (
      f"]({posixpath.relpath(place, posixpath.dirname(here) or '.')}{anchor})"
    )

  return _LINK.sub(lead, markdown)
