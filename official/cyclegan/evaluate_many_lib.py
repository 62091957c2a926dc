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
"""Measures FID and KID by Apache Beam, and writes a report."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import apache_beam as beam
import tabulate
from apache_beam.io import filesystem
from apache_beam.io import filesystems

from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import overwriting
from official.cyclegan.evaluation import distribution_distance
from official.cyclegan.pipeline import feature_distances
from official.cyclegan.pipeline import jobs
from official.cyclegan.pipeline import restyling
from official.cyclegan.serving import image_translator

REPORT_NAME = "report.json"
TABLE_NAME = "report.md"
_CANDIDATES = {
  feature_distances.MODEL: "**this model**",
  feature_distances.NOTHING: "doing nothing",
  feature_distances.PICTURES: "these pictures",
}
_FEATURES = {
  "random": "random features",
  "inception": "Keras's InceptionV3",
}


def evaluate(
  settings: feature_distances.Settings, job: command_config.BeamConfig
) -> dict[str, Any]:
  """Measures pictures; writes `report.json` and `report.md`.

  Args:
    settings: What is measured, and how; a `size` of 0 is the model's.
    job: Where it runs.

  Returns:
    What `report.json` holds: `model`, `direction`, `protocol`, and under
    `measures` by candidate those of `evaluate`: `fid_random`, `kid_random`,
    `kid_random_std`, and the same of `inception`.

  Raises:
    errors.UserError: If there are no two pictures on either side, the model or
      Beam refuses its options, something would be overwritten, or the job
      failed.
  """
  config_checks.check_background(settings.data.background)
  if settings.inception_weights:
    config_checks.check_inception_weights(settings.inception_weights)
  options = jobs.options_of(job)
  settings, wanted = _checked(settings)
  with jobs.holding(settings.output, "output_dir"):
    for name in (feature_distances.MEASURES, feature_distances.UNREADABLE):
      jobs.remove_begun(settings.output, name)
      _remove(settings.output, name)
    pipeline = beam.Pipeline(options=options)
    feature_distances.build(pipeline, settings)
    result = jobs.run(
      pipeline,
      feature_distances.METRICS,
      kept="Give the command again: nothing of this one is kept.",
    )
    found = _read(settings.output)
    left_out = jobs.counter(result, feature_distances.METRICS, jobs.FAILED)
    report = _report(settings, found, left_out)
    protocol = report["protocol"]
    jobs.require_all(
      protocol["pictures"] + protocol["reference_pictures"] + left_out, wanted
    )
    _write(report, settings.output)
    _remove(settings.output, feature_distances.MEASURES)
  return report


def table(report: dict[str, Any]) -> str:
  """Returns a report as Markdown.

  Args:
    report: From `evaluate`.
  """
  protocol, measures = report["protocol"], report["measures"]
  names = [name for name in _CANDIDATES if name in measures]
  rows = []
  for measure in measures[names[0]]:
    if measure.endswith("_std"):
      continue
    kind, _, features = measure.partition("_")
    title = f"{kind.upper()} on {_FEATURES[features]}, smaller is better"
    cells = []
    for name in names:
      spread = measures[name].get(f"{measure}_std")
      cells.append(
        f"{measures[name][measure]:.4g}"
        + (f" ± {spread:.2g}" if spread is not None else "")
      )
    rows.append([title, *cells])
  headers = ["", *(_CANDIDATES[name] for name in names)]
  text = tabulate.tabulate(
    rows, headers, tablefmt="github", disable_numparse=True
  )
  sentence = (
    f"{protocol['pictures']:,} pictures of {protocol['input']} against"
    f" {protocol['reference_pictures']:,} of {protocol['references']},"
    f" {protocol['size']} pixels; {protocol['unreadable']:,} could not be read."
    f" KID is the mean of {distribution_distance.SUBSETS} subsets ± their"
    " standard deviation. FID depends on how many images it is of."
  )
  return f"{sentence}\n\n{text}\n"


def _checked(
  settings: feature_distances.Settings,
) -> tuple[feature_distances.Settings, int]:
  """Refuses what cannot work.

  Returns:
    The settings with the model's size, and how many pictures there are, 0 if
    that is not known.
  """
  places = {
    "input": settings.pattern,
    "references": settings.references,
    "output_dir": settings.output,
  }
  if settings.model:
    places["model"] = settings.model
  jobs.check_places(**places)
  counts = [
    _count_pictures(option, pattern)
    for option, pattern in (
      ("input", settings.pattern),
      ("references", settings.references),
    )
  ]
  wanted = sum(counts) if all(counts) else 0
  if not files.is_address(settings.output):
    reads = [
      overwriting.Read(restyling.read_by(pattern))
      for pattern in (settings.pattern, settings.references)
      if not files.is_address(pattern)
    ]
    if settings.model:
      reads += overwriting.of_model(settings.model)
    overwriting.check(
      reads, "output_dir", settings.output, (REPORT_NAME, TABLE_NAME)
    )
  if not settings.model:
    return settings, wanted
  with restyling.local_copy(settings.model) as path:
    opened = image_translator.open_model(
      path, settings.direction, settings.selection, settings.size
    )
  return dataclasses.replace(settings, size=opened.size), wanted


def _count_pictures(option: str, pattern: str) -> int:
  """Returns how many pictures are in a place of this machine, else 0.

  Raises:
    errors.UserError: If there is none.
  """
  if files.is_address(pattern):
    return 0  # the workers look
  paths = restyling.paths_of(option, pattern)
  if paths is None:
    return 0
  base = restyling.base_of(pattern)
  found = sum(restyling.is_picture(path, base) for path in paths)
  if not found:
    raise errors.UserError(
      "holds no pictures. Give a folder, a glob pattern in quotes or a .txt"
      " file with an address in each line.",
      option,
      pattern,
    )
  return found


def _of_name(output: str, name: str) -> list[str]:
  """Returns the files that an earlier job, or this one, wrote."""
  try:
    (matched,) = filesystems.FileSystems.match(
      [f"{output.rstrip('/')}/{name}-*.jsonl"]
    )
  except filesystem.BeamIOError:
    return []
  return [match.path for match in matched.metadata_list]


def _remove(output: str, name: str) -> None:
  found = _of_name(output, name)
  if found:
    filesystems.FileSystems.delete(found)


def _read(output: str) -> list[dict[str, Any]]:
  """Returns what the job has found."""
  lines: list[dict[str, Any]] = []
  for path in _of_name(output, feature_distances.MEASURES):
    with restyling.opened(path) as file:
      lines += map(json.loads, file.read().decode().splitlines())
  return lines


def _report(
  settings: feature_distances.Settings,
  found: list[dict[str, Any]],
  left_out: int,
) -> dict[str, Any]:
  """Returns what `report.json` holds."""
  measures: dict[str, dict[str, float]] = {}
  counts: dict[str, int] = {}
  # Sorted: workers end in any order.
  for line in sorted(found, key=lambda line: json.dumps(line, sort_keys=True)):
    if "counts" in line:
      counts = line["counts"]
    else:
      measures.setdefault(line["candidate"], {}).update(line["measures"])
  if not measures:
    some = counts.get(feature_distances.INPUT, 0)
    option, place = "references", settings.references
    if some < 2:
      option, place = "input", settings.pattern
    raise errors.UserError(
      "holds fewer than two pictures that can be read"
      f" ({feature_distances.UNREADABLE}-*.jsonl says which cannot).",
      option,
      place,
    )
  return {
    "model": settings.model,
    "direction": settings.direction if settings.model else "",
    "protocol": {
      "input": settings.pattern,
      "pictures": counts[feature_distances.INPUT],
      "references": settings.references,
      "reference_pictures": counts[feature_distances.REFERENCE],
      "unreadable": left_out,
      "size": settings.size,
      "precision": "float32, rounded to 8 bits",
      "checkpoint": settings.selection.checkpoint,
      "raw_generator": not settings.selection.use_ema,
      "inception": settings.inception_weights
      or ("imagenet" if settings.inception else ""),
    },
    "measures": {
      name: measures[name] for name in settings.candidates if name in measures
    },
  }


def _write(report: dict[str, Any], output: str) -> None:
  """Writes the report's two files."""
  if not files.is_address(output):
    files.write_json(
      os.path.join(output, REPORT_NAME),
      report,
      "output_dir",
      ensure_ascii=False,
    )
    files.write_text(
      os.path.join(output, TABLE_NAME), table(report), "output_dir"
    )
    return
  with files.temporary_folder() as folder:
    _write(report, folder)
    for name in (REPORT_NAME, TABLE_NAME):
      restyling.upload(
        os.path.join(folder, name), f"{output.rstrip('/')}/{name}"
      )
