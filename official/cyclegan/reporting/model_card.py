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
"""The model card of an export: `README.md` for people, `metadata.json` too.

The card's head is YAML as the Hugging Face Hub reads it (its "Model Card
Metadata"): licence, tags, and measures in the form of a model-index. It says
nothing that the export itself keeps back: without samples, not where the
pictures lie.
"""

from __future__ import annotations

import functools
import math
import os
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jinja2

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.reporting import export_page
from official.cyclegan.reporting import page

CARD_NAME = "README.md"
METADATA_NAME = "metadata.json"
_TEMPLATE = "card.md.j2"
_FOLDER = pathlib.Path(__file__).absolute().parent
_TASK = "image-to-image"
_TAGS = (
  _TASK,
  "cyclegan",
  "unpaired-image-translation",
  "style-transfer",
  "tensorflow",
  "tflite",
  "litert",
)
# Licences that the Hub knows by these names (its "Licenses"), a part of them.
_LICENCES = (
  "afl-3.0",
  "apache-2.0",
  "artistic-2.0",
  "bsd",
  "bsd-2-clause",
  "bsd-3-clause",
  "bsl-1.0",
  "cc0-1.0",
  "cc-by-2.0",
  "cc-by-3.0",
  "cc-by-4.0",
  "cc-by-nc-3.0",
  "cc-by-nc-4.0",
  "cc-by-nc-nd-4.0",
  "cc-by-nc-sa-4.0",
  "cc-by-nd-4.0",
  "cc-by-sa-3.0",
  "cc-by-sa-4.0",
  "gpl-2.0",
  "gpl-3.0",
  "lgpl-2.1",
  "lgpl-3.0",
  "agpl-3.0",
  "mit",
  "mpl-2.0",
  "odbl",
  "openrail",
  "unlicense",
)
_OTHER_LICENCE = "other"
# Measures of an evaluation that a card shows, and what they are called.
_MEASURES = {
  "relative_l1": "L1 to the truth, relative to doing nothing",
  "masked_relative_l1": "the same inside the mask",
  "psnr": "PSNR to the truth, dB",
  "ssim": "SSIM to the truth",
  "fid_patches": "Fréchet distance of patches",
  "swd": "sliced Wasserstein distance of patches",
  "fid_inception": "FID on Keras's InceptionV3",
  "kid_inception": "KID on Keras's InceptionV3",
  "cycle_l1": "cycle L1",
  "edge_correlation": "edges kept",
}
# Measures of each file that an export has taken: their types, which must not be
# those of quality if they are not of it, and what they are called.
_OF_FILES = {
  "relative_l1": ("relative_l1", _MEASURES["relative_l1"]),
  "psnr": ("psnr_to_keras", "PSNR to the Keras generator, dB"),
}
_KINDS = {".tflite": "tflite", ".onnx": "onnx", ".mlpackage": "core_ml"}
# What Markdown, or HTML in it, would take for more than text.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!{}&])")


def write(
  folder: str,
  report: Mapping[str, Any],
  config: config_lib.ResolvedConfig,
  model_dir: str,
  licence: str,
  author: str = "",
  description: str = "",
  names: Sequence[str] = (CARD_NAME, METADATA_NAME),
) -> None:
  """Writes an export's card and metadata, each whole or not at all.

  Args:
    folder: Of the export.
    report: What its `export.json` holds.
    config: The run's.
    model_dir: The run's folder, whose `evaluation` is quoted if there is one.
    licence: The model's: a name that the Hub knows, such as `cc-by-4.0`, or
      any text.
    author: Who made it.
    description: Text for the beginning.
    names: Which of the two files to write, if they are among these.

  Raises:
    errors.StorageError: If they cannot be written.
  """
  evaluation = _evaluation(model_dir)
  values = metadata(folder, report, config, evaluation, licence, author)
  if METADATA_NAME in names:
    files.write_json(
      os.path.join(folder, METADATA_NAME),
      values,
      "output_dir",
      ensure_ascii=False,
    )
  if CARD_NAME in names:
    text = card(values, report, config, evaluation, description, folder)
    files.write_text(os.path.join(folder, CARD_NAME), text, "output_dir")


def metadata(
  folder: str,
  report: Mapping[str, Any],
  config: config_lib.ResolvedConfig,
  evaluation: Mapping[str, Any] | None,
  licence: str,
  author: str,
) -> dict[str, Any]:
  """Returns what programs want to know of an export.

  Args:
    folder: Of the export.
    report: What its `export.json` holds.
    config: The run's.
    evaluation: What `evaluate` has written of the run; None for nothing.
    licence: The model's.
    author: Who made it.
  """
  uint8 = report["io"] == "uint8"
  channels = config.model.channels
  trained_on = " ".join(report["trained_on"].split())
  entries = {}
  for name, entry in report["files"].items():
    path = os.path.join(folder, name)
    single = os.path.isfile(path)
    entries[name] = {
      "kind": _KINDS.get(os.path.splitext(name)[1], "saved_model"),
      "bytes": entry["bytes"],
      **({"sha256": files.sha256(path)} if single else {}),
      **{
        key: entry[key]
        for key in ("direction", "quantization", "psnr", "ssim", "relative_l1")
        if key in entry
      },
    }
  return {
    "name": f"CycleGAN {trained_on}",
    "task": _TASK,
    "author": author,
    "licence": licence,
    "trained_on": trained_on,
    "directions": list(report["keras_relative_l1"]),
    "tflite": {
      "input": "image",
      "outputs": {
        direction: f"image_{direction[-1]}"
        for direction in report["keras_relative_l1"]
      },
      "type": "uint8" if uint8 else "float32",
      "range": [0, 255] if uint8 else [0.0, 1.0],
      "channels": channels,
      "sizes": list(report["sizes"]),
      "signatures": {
        "serving_default" if i == 0 else f"s{size}": size
        for i, size in enumerate(report["sizes"])
      },
    },
    "files": entries,
    "training": {
      "pixels": config.data.crop_size,
      **_length(config.train),
      "generator": config.model.generator_type,
      "gen_n_filters": config.model.gen_n_filters,
      "n_res_blocks": config.model.n_res_blocks,
      "lambda_validation": config.loss.lambda_validation,
      "lambda_reconstr": config.loss.lambda_reconstr,
      "lambda_id": config.loss.lambda_id,
      "gan_mode": config.loss.gan_mode,
      "precision": config.train.precision,
    },
    "evaluation": {
      "protocol": {
        key: value
        for key, value in evaluation["protocol"].items()
        if key not in ("dataset", "inception")  # which may be paths
      },
      "directions": evaluation["directions"],
    }
    if evaluation
    else None,
  }


def _length(train: config_lib.TrainConfig) -> dict[str, Any]:
  """Returns how long a run was, by the option that says it."""
  if train.max_minutes:
    return {"minutes": train.max_minutes}
  if train.until:
    return {"until": train.until}
  if train.train_steps:
    return {"steps": train.train_steps}
  return {"epochs": train.epochs}


def card(
  values: Mapping[str, Any],
  report: Mapping[str, Any],
  config: config_lib.ResolvedConfig,
  evaluation: Mapping[str, Any] | None,
  description: str,
  folder: str,
) -> str:
  """Returns the card.

  Args:
    values: From `metadata`.
    report: What `export.json` holds.
    config: The run's.
    evaluation: As for `metadata`.
    description: Text for the beginning.
    folder: Of the export, where the pictures are.
  """
  head = config_file.to_yaml(front_matter(values, report, evaluation))
  pictures = [
    (direction, f"export_{direction}.png", rows)
    for direction, rows in report["picture_rows"].items()
    if os.path.isfile(os.path.join(folder, f"export_{direction}.png"))
  ]
  tflite = [
    name for name, entry in values["files"].items() if entry["kind"] == "tflite"
  ]
  saved = [
    name
    for name, entry in values["files"].items()
    if entry["kind"] == "saved_model"
  ]
  example = next(iter(tflite), "")
  direction = report["files"][example]["direction"] if example else ""
  body = _template().render(
    values=values,
    report=report,
    config=config,
    licence=values["licence"],
    description=description,
    table=_markdown(export_page.table(report)),
    measures=[_markdown(table) for table in _tables(evaluation)],
    protocol=evaluation["protocol"] if evaluation else None,
    pictures=pictures,
    tflite=example,
    output=values["tflite"]["outputs"].get(direction, ""),
    saved_model=next(iter(saved), ""),
    saved_output=f"image_{saved[0][-1]}" if saved else "",
    size=report["sizes"][0],
    uint8=report["io"] == "uint8",
    channels=config.model.channels,
    multiple=config_checks.size_multiple(config.model),
  )
  return f"---\n{head}---\n\n{body.strip()}\n"


def front_matter(
  values: Mapping[str, Any],
  report: Mapping[str, Any],
  evaluation: Mapping[str, Any] | None,
) -> dict[str, Any]:
  """Returns the card's head.

  Args:
    values: From `metadata`.
    report: What `export.json` holds.
    evaluation: As for `metadata`.
  """
  known = values["licence"].strip().lower()
  head: dict[str, Any] = {"license": known}
  if known not in _LICENCES:
    head = {
      "license": _OTHER_LICENCE,
      "license_name": "see-model-card",
      "license_link": CARD_NAME,
    }
  head |= {"pipeline_tag": _TASK, "tags": list(_TAGS)}
  results = list(_results(values, report, evaluation))
  if results:
    head["model-index"] = [{"name": values["name"], "results": results}]
  return head


def _results(
  values: Mapping[str, Any],
  report: Mapping[str, Any],
  evaluation: Mapping[str, Any] | None,
) -> Iterator[dict[str, Any]]:
  """Yields measures as a model-index has them, one entry for each direction."""
  for direction in values["directions"]:
    metrics = []
    found = (evaluation or {}).get("directions", {}).get(direction, {})
    for name, words in _MEASURES.items():
      value = found.get("model", {}).get(name)
      if _is_number(value):
        metrics.append({"type": name, "name": words, "value": value})
    for file, entry in report["files"].items():
      for name, (kind, words) in _OF_FILES.items():
        if entry.get("direction") == direction and _is_number(entry.get(name)):
          metrics.append(
            {"type": kind, "name": f"{file}: {words}", "value": entry[name]}
          )
    if metrics:
      yield {
        "task": {"type": _TASK, "name": f"{direction[0]} to {direction[-1]}"},
        "dataset": {
          "type": _slug(values["trained_on"]),
          "name": values["trained_on"] or "unknown",
          "split": "test",
        },
        "metrics": metrics,
      }


def _tables(evaluation: Mapping[str, Any] | None) -> list[page.Table]:
  """Returns the measures beside those of doing nothing, by direction."""
  tables = []
  for direction, found in (evaluation or {}).get("directions", {}).items():
    names = [name for name in page.CANDIDATES if name in found]
    rows = [
      (words, *(_number(found[name].get(measure)) for name in names))
      for measure, words in _MEASURES.items()
      if _is_number(found["model"].get(measure))
    ]
    headers = ["measure", *(page.CANDIDATES[name] for name in names)]
    tables.append(page.Table(direction, headers, rows))
  return tables


def _evaluation(model_dir: str) -> dict[str, Any] | None:
  """Returns what `evaluate` has written of a run; None if it has not."""
  path = os.path.join(model_path.evaluation_folder(model_dir), "report.json")
  try:
    return files.read_json(
      path,
      "Evaluate again.",
      lambda report: {
        "protocol": files.object_of(report["protocol"]),
        "directions": {
          direction: {
            name: files.object_of(measures)
            for name, measures in found.items()
            if name in page.CANDIDATES
          }
          for direction, found in report["directions"].items()
          if found["model"] is not None
        },
      },
    )
  except (OSError, errors.UserError):
    return None


def escaped(text: object) -> str:
  """Returns text that Markdown shows as it is, in one line.

  Args:
    text: May hold anything, such as the name of a folder.
  """
  return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


@functools.cache
def _template() -> jinja2.Template:
  environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
  )
  environment.filters["md"] = escaped
  return environment.get_template(_TEMPLATE)


def _markdown(table: page.Table) -> str:
  """Returns a table as Markdown."""
  import tabulate

  rows = [[escaped(cell) for cell in row] for row in table.rows]
  return tabulate.tabulate(
    rows, table.headers, tablefmt="github", disable_numparse=True
  )


def _is_number(value: object) -> bool:
  return isinstance(value, (int, float)) and math.isfinite(value)


def _number(value: Any) -> str:
  return f"{value:.4g}" if _is_number(value) else ""


def _slug(text: str) -> str:
  """Returns a name of letters, digits, hyphens and dots."""
  return re.sub(r"[^\w.-]+", "-", text, flags=re.ASCII).strip("-.") or "own"
