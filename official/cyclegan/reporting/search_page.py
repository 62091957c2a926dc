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
"""The page of a search's folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from official.cyclegan.core import files
from official.cyclegan.reporting import page
from official.cyclegan.reporting import pictures

_MOST_ROWS = 500  # the best ones


def write(
  folder: str,
  rows: Sequence[Mapping[str, Any]],
  objective: str,
  searched: Sequence[str],
  flags: str,
  command: str,
) -> None:
  """Writes a search's `report.html`, whole or not at all.

  Args:
    folder: Of the search, with its plots.
    rows: Of the trials that have ended, as in `results.csv`.
    objective: What was searched by; smaller is better.
    searched: The options that are varied.
    flags: Content of the flagfile that trains the best trial in full; empty
      while there is none.
    command: `train` or `distill`: what takes it.

  Raises:
    errors.StorageError: If it cannot be written.
  """
  done = [row for row in rows if row[objective] is not None]
  failed = [row for row in rows if row[objective] is None]
  ordered = sorted(done, key=lambda row: row[objective]) + failed
  names = list(dict.fromkeys(name for row in ordered for name in row))
  cells = [
    [_text(row.get(name, "")) for name in names] for row in ordered[:_MOST_ROWS]
  ]
  images = [
    image
    for name, text in (
      ("objective.png", f"{objective} over {', '.join(searched)}"),
      ("pareto.png", f"{objective} over what a generator costs"),
    )
    for image in pictures.of_file(os.path.join(folder, name), text)
  ]
  table = page.Table(f"Trials, by {objective}, the best first", names, cells)
  code = ""
  if flags:
    # Seen from where it was asked for, if it lies there: the page is shared.
    place = os.path.relpath(os.path.join(folder, "best.flags"))
    if place.startswith(os.pardir):
      place = os.path.join(
        os.path.basename(os.path.abspath(folder)), "best.flags"
      )
    code = (
      f"python -m official.cyclegan.{command} --model_dir=runs/tuned"
      f" --flagfile={shlex.quote(place)}\n\n{flags}"
    )
  sections = [
    page.Section("Best", code=code),
    page.Section("Plots", images=images),
    page.Section("Trials", tables=[table], links=["results.csv"]),
  ]
  state = f"{len(done)} trials completed, {len(failed)} failed."
  name = os.path.basename(os.path.abspath(folder))
  text = page.render(f"Search {name}", state, sections, folder)
  files.write_text(os.path.join(folder, page.REPORT_NAME), text, "tuner_dir")


def _text(value: object) -> str:
  return f"{value:.4g}" if isinstance(value, float) else str(value)
