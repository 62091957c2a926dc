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
"""Renders a page that is one file: pictures, style and program are in it.

Its policy lets nothing be loaded and no program run but its own, which is named
by its checksum; what file names, options or messages hold is escaped (jinja2).
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import pathlib
from collections.abc import Callable, Sequence

import jinja2
import markupsafe

from official.cyclegan.reporting import shared_paths

REPORT_NAME = "report.html"
# What the measures of an evaluation are of, and what it is called in tables: a
# model, and what can be had without one.
CANDIDATES = {
  "model": "this model",
  "nothing": "doing nothing",
  "histogram": "histogram matching",
  "transport": "transport of colours",
  "affine": "best affine colour map",
}
LARGEST_BYTES = 5_000_000  # of a page, which pictures keep to
_FOLDER = pathlib.Path(__file__).absolute().parent
_TEMPLATE, _STYLE, _PROGRAM = "page.html.j2", "page.css", "page.js"
_TYPES = {
  "png": "image/png",
  "webp": "image/webp",
  "svg": "image/svg+xml",
}


@dataclasses.dataclass(frozen=True)
class Table:
  """A table.

  Attributes:
    caption: What it shows.
    headers: Of its columns.
    rows: Its cells, as text; the first of a row is its heading.
  """

  caption: str
  headers: Sequence[str]
  rows: Sequence[Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Image:
  """A picture.

  Attributes:
    url: From `data_url`.
    text: What it shows, also for who cannot see it.
  """

  url: str
  text: str


@dataclasses.dataclass(frozen=True)
class Strip:
  """Pictures before and after, of which the latter change along a scale.

  Attributes:
    title: What is shown.
    before: The inputs, from `data_url`.
    labels: Places on the scale, such as steps.
    after: For each place what was made of the inputs.
  """

  title: str
  before: Sequence[str]
  labels: Sequence[str]
  after: Sequence[Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Section:
  """A part of a page; all but the title may be left out.

  Attributes:
    title: Its heading.
    text: Paragraphs.
    notes: Paragraphs that should be seen first, such as health events.
    strips: Pictures to compare.
    images: Pictures.
    tables: Tables.
    code: Lines to be copied, such as a command.
    links: Files beside the page: their names.
  """

  title: str
  text: Sequence[str] = ()
  notes: Sequence[str] = ()
  strips: Sequence[Strip] = ()
  images: Sequence[Image] = ()
  tables: Sequence[Table] = ()
  code: str = ""
  links: Sequence[str] = ()


def render(
  title: str,
  state: str,
  sections: Sequence[Section],
  folder: str = "",
  known: Sequence[str] = (),
) -> str:
  """Returns a page, which names no place of this machine but in its commands.

  Args:
    title: Its heading.
    state: A line below the heading.
    sections: What it shows; those that hold nothing are left out.
    folder: Where the page lies; what is near it is shown as seen from there.
    known: Paths that may be named in what it shows.
  """

  def plain(text: str) -> str:
    return shared_paths.without(text, folder, known)

  sections = [_without_places(section, plain) for section in sections]
  shown = [
    section
    for section in sections
    if any(
      getattr(section, field.name)
      for field in dataclasses.fields(section)
      if field.name != "title"
    )
  ]
  style, program = _asset(_STYLE), _asset(_PROGRAM)
  return _template().render(
    title=plain(title),
    state=plain(state),
    sections=shown,
    style=markupsafe.Markup(style),
    program=markupsafe.Markup(program),
    policy="; ".join(
      (
        "default-src 'none'",
        "img-src data:",
        f"style-src '{_checksum(style)}'",
        f"script-src '{_checksum(program)}'",
        "base-uri 'none'",
        "form-action 'none'",
      )
    ),
  )


def _without_places(section: Section, plain: Callable[[str], str]) -> Section:
  """Returns a section whose text is plain; of commands each word is typed."""
  return dataclasses.replace(
    section,
    text=[*map(plain, section.text)],
    notes=[*map(plain, section.notes)],
    tables=[
      Table(
        plain(table.caption),
        table.headers,
        [[*map(plain, row)] for row in table.rows],
      )
      for table in section.tables
    ],
  )


def data_url(content: bytes, kind: str) -> str:
  """Returns a picture as an address that holds it.

  Args:
    content: Of the file.
    kind: `png`, `webp` or `svg`.
  """
  return f"data:{_TYPES[kind]};base64,{base64.b64encode(content).decode()}"


@functools.cache
def _template() -> jinja2.Template:
  environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
  )
  return environment.get_template(_TEMPLATE)


@functools.cache
def _asset(name: str) -> str:
  return (_FOLDER / name).read_text(encoding="utf-8")


def _checksum(text: str) -> str:
  """Returns what a policy calls a script or style by (CSP level 3)."""
  digest = hashlib.sha256(text.encode("utf-8")).digest()
  return f"sha256-{base64.b64encode(digest).decode()}"
