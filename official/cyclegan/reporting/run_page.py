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
"""The page of a run, made of what is in its folder.

Nothing of a training's memory is needed: the page of a run that was killed, or
that another program has copied, can be made as well.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.core import model_path
from official.cyclegan.reporting import curves
from official.cyclegan.reporting import export_page
from official.cyclegan.reporting import page
from official.cyclegan.reporting import pictures
from official.cyclegan.training import history as history_lib

CURVES_NAME = "results.png"
CONTACT_NAME = "contact_sheet.png"
RUN_NAME = "run.json"
_SAMPLES = "samples"
_EVALUATION_NAME = "report.json"
_PACKAGE = "official.cyclegan"
_UNREADABLE = (OSError, errors.UserError)
_STATES = {
  history_lib.RUNNING: "is training",
  history_lib.FINISHED: "is finished",
  history_lib.STOPPED: "was stopped, and can go on",
  history_lib.FAILED: "has failed",
}


@dataclasses.dataclass
class Parts:
  """What is kept from one rewriting of a page to the next.

  Attributes:
    progress: The pictures.
    curves: The curves as SVG; empty if there are none yet.
  """

  progress: pictures.Progress
  curves: bytes = b""

  @classmethod
  def of(cls: type[Parts], model_dir: str) -> Parts:
    """Returns what a run's page begins with.

    Args:
      model_dir: The folder of the run.
    """
    return cls(pictures.Progress(os.path.join(model_dir, _SAMPLES)))

  def draw(self, history: history_lib.History, path: str = "") -> None:
    """Draws the curves anew.

    Args:
      history: Of the run.
      path: Of a PNG file that shows them as well; empty for none.

    Raises:
      errors.StorageError: If the file cannot be written.
    """
    drawn = curves.figure(history)
    if drawn is None:
      return
    self.curves = curves.encoded(drawn, "svg")
    if path:
      with files.writing(path) as partial, open(partial, "wb") as file:
        file.write(curves.encoded(drawn, "png"))


def write(model_dir: str, history: history_lib.History, parts: Parts) -> None:
  """Writes a run's `report.html`, whole or not at all.

  Args:
    model_dir: The folder of the run.
    history: What the run has shown.
    parts: The pictures and curves.

  Raises:
    errors.StorageError: If it cannot be written.
  """
  text = render(model_dir, history, parts)
  files.write_text(os.path.join(model_dir, page.REPORT_NAME), text, "model_dir")


def refresh(model_dir: str) -> None:
  """Writes a run's page anew, after something was added to its folder.

  Nothing is done while the run trains, which does it itself; what fails is
  logged, for the page is not what the caller was asked for.

  Args:
    model_dir: The folder of the run.
  """
  try:
    with locks.hold(model_dir, "model_dir"):
      history = history_lib.read(model_dir)
      parts = Parts.of(model_dir)
      parts.draw(history)
      write(model_dir, history, parts)
  except _UNREADABLE as error:
    logging.info("%s stays as it is: %s", page.REPORT_NAME, error)
  except Exception as error:  # of any library that draws or renders
    logging.warning(
      "%s cannot be made (%s: %s).",
      page.REPORT_NAME,
      type(error).__name__,
      errors.first_line(error),
    )


def render(model_dir: str, history: history_lib.History, parts: Parts) -> str:
  """Returns a run's page.

  Args:
    model_dir: The folder of the run.
    history: What the run has shown.
    parts: The pictures and curves.

  Raises:
    errors.UserError: If the folder holds no run.
  """
  config = config_file.load(model_dir)
  record = _record(model_dir)
  starts = [s for s in record.get("starts", []) if isinstance(s, dict)]
  command = _command(starts)
  name = os.path.basename(os.path.abspath(model_dir))
  sections = [
    _pictures(config, history, parts),
    _health(history),
    _curves(model_dir, history, parts),
    _measures(model_dir),
    _data(model_dir, config, record, starts),
    _exported(model_dir),
    _go_on(history, command),
    _configuration(config, command),
    _versions(starts),
  ]
  return page.render(
    f"Run {name}", _state(history), sections, model_dir, _paths(config)
  )


def _paths(config: config_lib.ResolvedConfig) -> list[str]:
  """Returns the paths that a configuration names."""
  return [
    value
    for part in dataclasses.asdict(config).values()
    if isinstance(part, dict)
    for value in part.values()
    if isinstance(value, str) and os.path.isabs(value)
  ]


def _state(history: history_lib.History) -> str:
  """Returns how the run stands."""
  progress = history.progress
  if not progress:
    return "Made by an earlier version, which kept no record of its course."
  state = _STATES.get(str(progress.get("state")), "is in an unknown state")
  total = progress.get("total")
  steps = f"step {progress.get('step', 0):,}"
  steps += f" of {total:,}" if total else ""
  now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
  return f"This run {state}: {steps}. Page written at {now}."


def _pictures(
  config: config_lib.ResolvedConfig,
  history: history_lib.History,
  parts: Parts,
) -> page.Section:
  strips = parts.progress.strips(
    history.progress.get("samples"), config_lib.trained_directions(config)
  )
  text = (
    "Test pictures, which are never trained on, and what the generators made of"
    " them as the training went on."
  )
  return page.Section("Pictures", text=[text] if strips else (), strips=strips)


def _health(history: history_lib.History) -> page.Section:
  """Returns what went wrong, and what helps."""
  notes = [
    f"Step {event['step']:,}, {event['rule'].replace('_', ' ')}:"
    f" {event['message']}"
    for event in history.events
  ]
  failure = history.progress.get("message")
  if failure:
    notes.insert(0, f"Stopped: {failure}")
  fine = ["No health rule has found anything (docs/training.md lists them)."]
  known = bool(history.progress)
  return page.Section(
    "Health", text=fine if known and not notes else (), notes=notes
  )


def _curves(
  model_dir: str, history: history_lib.History, parts: Parts
) -> page.Section:
  """Returns the curves, and where their numbers are."""
  images = []
  if parts.curves:
    images = [
      page.Image(
        page.data_url(parts.curves, "svg"),
        "Unweighted losses, learning rates and measures over the steps; red"
        " lines are health events.",
      )
    ]
  links = [
    name
    for name in (history_lib.RESULTS_NAME, CURVES_NAME)
    if os.path.isfile(os.path.join(model_dir, name))
  ]
  text = []
  if not any(history.column(name)[0] for name in history.names()):
    text = [
      f"There are no curves and no {CURVES_NAME}: not one finite number has"
      f" been noted in {history_lib.RESULTS_NAME} so far."
    ]
  last = []
  if history.rows:
    shown = [
      (name, history.column(name)[1][-1])
      for name in history.names()
      if history.column(name)[1]
    ]
    last = [
      page.Table(
        "The newest numbers",
        ("", "value"),
        [(name, f"{value:.4g}") for name, value in shown],
      )
    ]
  return page.Section(
    "Curves",
    text=text,
    images=images,
    tables=last,
    links=links if history.rows else (),
  )


def _measures(model_dir: str) -> page.Section:
  """Returns what `evaluate` has measured, beside doing nothing."""
  folder = model_path.evaluation_folder(model_dir)
  try:
    report = files.read_json(
      os.path.join(folder, _EVALUATION_NAME), "Evaluate again."
    )
    tables = evaluation_tables(report["directions"])
  except (*_UNREADABLE, KeyError, TypeError, AttributeError):
    command = (
      f"python -m {_PACKAGE}.evaluate --model_dir={shlex.quote(model_dir)}"
    )
    return page.Section("Measures", text=["Not measured yet."], code=command)
  return page.Section("Measures", tables=tables)


def evaluation_tables(
  directions: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> list[page.Table]:
  """Returns the measures of an evaluation, a table for each direction.

  Args:
    directions: As in `evaluate`'s report: by direction and candidate the
      measures, None where one has no number.
  """
  tables = []
  for direction, found in directions.items():
    names = [name for name in page.CANDIDATES if name in found]
    rows = [
      (
        measure.replace("_", " "),
        *(_number(found[name].get(measure)) for name in names),
      )
      for measure in found["model"]
      if not measure.endswith("_std")
    ]
    headers = ["", *(page.CANDIDATES[name] for name in names)]
    caption = (
      f"{direction}: smaller is better but for PSNR, SSIM and edges kept"
    )
    tables.append(page.Table(caption, headers, rows))
  return tables


def _data(
  model_dir: str,
  config: config_lib.ResolvedConfig,
  record: Mapping[str, Any],
  starts: Sequence[Mapping[str, Any]],
) -> page.Section:
  """Returns the data set: counts, a contact sheet, how its domains differ."""
  data = record.get("data", {})
  counts = data.get("images", {}) if isinstance(data, dict) else {}
  tables = []
  if counts:
    rows = [(split, f"{count:,}") for split, count in counts.items()]
    tables = [
      page.Table("Pictures in the data set", ("split", "pictures"), rows)
    ]
  advice: list[str] = []
  for start in starts:
    probe = start.get("probe")
    if isinstance(probe, dict):
      advice = [str(sentence) for sentence in probe.get("advice", [])]
  text = [
    f"{data.get('name', config.data.dataset)}, used at"
    f" {config.data.crop_size} pixels."
  ]
  images = pictures.of_file(
    os.path.join(model_dir, CONTACT_NAME),
    "Training pictures of A (above) and of B (below).",
  )
  return page.Section(
    "Data", text=[*text, *advice], tables=tables, images=images
  )


def _exported(model_dir: str) -> page.Section:
  """Returns the table of an export within the run's folder."""
  try:
    found = sorted(
      entry.path
      for entry in os.scandir(model_dir)
      if entry.is_dir()
      and os.path.isfile(os.path.join(entry.path, model_path.EXPORT_NAME))
    )
  except OSError:
    found = []
  tables = []
  for folder in found:
    table = export_page.table_of(folder)
    if table is not None:
      tables.append(table)
  return page.Section("Export", tables=tables)


def _go_on(
  history: history_lib.History, command: Sequence[str]
) -> page.Section:
  """Returns the command that goes on, or that began it."""
  if not command:
    return page.Section("")
  finished = history.progress.get("state") == history_lib.FINISHED
  title = "How it was made" if finished else "To go on"
  return page.Section(title, code=shlex.join(command))


def _configuration(
  config: config_lib.ResolvedConfig, command: Sequence[str]
) -> page.Section:
  """Returns what is not as in the preset."""
  preset = _preset(command)
  base = None
  if preset:
    try:
      given = config_file.read_given(preset)
      base = config_file.with_given(config_lib.Config(), given)
      config_checks.resolve(base)
    except errors.UserError:  # of another version
      base, preset = None, ""
  changed = config_file.to_flags(config, base)
  of = f"the preset {preset}" if preset else "the defaults"
  rows = []
  for flag in changed:
    name, _, value = flag.removeprefix("--").partition("=")
    rows.append((name, value))
  if not rows:
    return page.Section("Configuration", text=[f"As {of}."])
  table = page.Table(f"What differs from {of}", ("option", "value"), rows)
  return page.Section("Configuration", tables=[table])


def _versions(starts: Sequence[Mapping[str, Any]]) -> page.Section:
  """Returns the versions and devices of the newest start."""
  if not starts:
    return page.Section("Versions")
  newest = starts[-1]
  rows = [(str(k), str(v)) for k, v in dict(newest.get("versions", {})).items()]
  revision = newest.get("git_revision")
  if revision:
    rows.append(("source", str(revision)))
  devices = dict(newest.get("device", {})).get("devices", [])
  rows += [("device", str(device)) for device in devices]
  began = [f"{s.get('time')}, step {s.get('first_step', 0):,}" for s in starts]
  rows += [("started", start) for start in began]
  return page.Section(
    "Versions", tables=[page.Table("Of the newest start", ("", ""), rows)]
  )


def _record(model_dir: str) -> dict[str, Any]:
  """Returns `run.json`, empty if it is missing or damaged."""
  try:
    return files.read_json(
      os.path.join(model_dir, RUN_NAME), "It is begun anew.", files.object_of
    )
  except _UNREADABLE:
    return {}


def _command(starts: Sequence[Mapping[str, Any]]) -> list[str]:
  """Returns the command of the newest start, as a person would type it."""
  if not starts:
    return []
  try:
    words = shlex.split(str(starts[-1].get("command", "")))
  except ValueError:
    return []
  if len(words) < 2:
    return []
  name, ending = os.path.splitext(os.path.basename(words[1]))
  if ending != ".py":  # a notebook's kernel, a test
    return []
  return ["python", "-m", f"{_PACKAGE}.{name}", *words[2:]]


def _preset(command: Sequence[str]) -> str:
  """Returns the preset that a command names, empty if it names none."""
  known = config_file.presets()
  found = ""
  for i, word in enumerate(command):
    name, _, value = word.lstrip("-").partition("=")
    value = value or (command[i + 1] if i + 1 < len(command) else "")
    if name == "flagfile":
      value = os.path.splitext(os.path.basename(value))[0]
    if name in ("experiment", "flagfile") and value in known:
      found = value
  return found


def _number(value: object) -> str:
  return f"{value:.4g}" if isinstance(value, (int, float)) else ""
