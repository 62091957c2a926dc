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
"""Judges a translator: against the truth, or against real pictures."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import numpy as np

from official.cyclegan import translate_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files
from official.cyclegan.data import sources
from official.cyclegan.evaluation import features
from official.cyclegan.evaluation import image_quality
from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.evaluation import validation
from official.cyclegan.training import checkpoints
from official.cyclegan.training import progress_grid

REPORT_NAME = "report.json"
TABLE_NAME = "report.md"
PICTURE_NAME = "pictures.png"
_SHOWN = 8  # images of each domain
_OTHER_WAY = {"AtoB": "BtoA", "BtoA": "AtoB"}
# How the rows of a table are called.
_CANDIDATES = {
  "model": "**this model**",
  "nothing": "doing nothing",
  "histogram": "histogram matching",
  "affine": "best affine colour map",
}
_MEASURES = {
  "relative_l1": "L1 to the truth / doing nothing, smaller is better",
  "masked_relative_l1": "the same inside the mask",
  "fid_patches": "Fréchet distance of patches, smaller is better",
  "swd": "sliced Wasserstein distance of patches, smaller is better",
  "fid_random": "FID on random features, smaller is better",
  "kid_random": "KID on random features, smaller is better",
  "fid_inception": "FID on Keras's InceptionV3, smaller is better",
  "kid_inception": "KID on Keras's InceptionV3, smaller is better",
  "cycle_l1": "cycle L1, smaller is better",
  "identity_l1": "identity L1, smaller is better",
  "edge_correlation": "edges kept, 1 is all",
}


def evaluate(
  model: str,
  output_dir: str,
  config: config_lib.Config,
  selection: config_lib.GeneratorSelection = config_lib.DEFAULT_SELECTION,
  options: config_lib.EvaluateConfig = config_lib.DEFAULT_EVALUATION,
) -> dict[str, Any]:
  """Measures translators and writes `report.json`, `.md` and a picture.

  Args:
    model: A run's folder, or what `export` wrote: the folder, a SavedModel or
      a `.tflite` file. The other direction's file beside it is measured too.
    output_dir: Where the report goes.
    config: `data` says on which pictures.
    selection: Of a run's folder, which checkpoint, and which of its weights.
    options: How.

  Returns:
    What `report.json` holds: `protocol`; by direction, `model` and the
    baselines with the measures of `validation` and, with the truth known, those
    of `compare_with_truth`; and `measures`, the model's means of both
    directions.

  Raises:
    errors.UserError: If there is no such model, data set or weights, or the
      folder cannot be written.
  """
  runners = open_both(model, selection)
  some = next(iter(runners.values()))
  source = sources.open_source(config.data, some.channels)
  inception = None
  if options.inception or options.inception_weights:
    inception = features.inception(options.inception_weights)
  files.make_folder(output_dir, "output_dir")
  test_set = validation.load(
    source, some.size, options.max_images, options.reference
  )
  judge = validation.Evaluator(test_set, inception)
  report: dict[str, Any] = {
    "model": model,
    "protocol": _protocol(source, test_set, some, selection, options),
    "directions": {},
  }
  translators = {d: _one_by_one(runner) for d, runner in runners.items()}
  pictures = {}
  for direction, forth in translators.items():
    back = translators.get(_OTHER_WAY[direction])
    entry, fake = _judge(judge, direction, forth, back)
    report["directions"][direction] = entry
    pictures[direction] = fake
  models = {d: e["model"] for d, e in report["directions"].items()}
  report["measures"] = (
    validation.mean_of_both(models)
    if len(models) == 2
    else next(iter(models.values()))
  )
  picture = _picture(test_set, pictures)
  image_files.write(os.path.join(output_dir, PICTURE_NAME), picture)
  folder = pathlib.Path(output_dir)
  text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
  files.write_text(folder / REPORT_NAME, text, "output_dir")
  files.write_text(folder / TABLE_NAME, table(report), "output_dir")
  return report


def open_both(
  model: str,
  selection: config_lib.GeneratorSelection = config_lib.DEFAULT_SELECTION,
) -> dict[str, translate_lib.ImageTranslator]:
  """Opens a model's directions.

  Args:
    model: As for `evaluate`.
    selection: As for `translate_lib.open_model`.

  Returns:
    By direction what could be opened: of a single SavedModel or `.tflite` file
    its own direction, and the other one if its file is beside it.

  Raises:
    errors.UserError: If there is no such model.
  """
  folder, name = os.path.split(model.rstrip("/"))
  paths = {}
  if os.path.isfile(os.path.join(model, config_file.FILE_NAME)):
    trained = config_lib.trained_directions(config_file.load(model))
    return {
      direction: translate_lib.open_model(model, direction, selection)
      for direction in trained
    }
  for direction, generator in config_lib.GENERATOR_NAMES.items():
    if translate_lib.exported_model(model, generator):
      paths[direction] = model
    elif name == generator or (
      name.startswith(generator) and name.endswith(".tflite")
    ):
      paths[direction] = model
      other = _OTHER_WAY[direction]
      sibling = os.path.join(
        folder, name.replace(generator, config_lib.GENERATOR_NAMES[other])
      )
      if os.path.exists(sibling):
        paths[other] = sibling
  if not paths:  # a file that was renamed, or nothing
    return _open_renamed(model, selection)
  return {
    direction: translate_lib.open_model(paths[direction], direction, selection)
    for direction in checkpoints.DIRECTIONS
    if direction in paths
  }


def _open_renamed(
  model: str, selection: config_lib.GeneratorSelection
) -> dict[str, translate_lib.ImageTranslator]:
  """Opens a single model whose name does not tell its direction."""
  first, second = checkpoints.DIRECTIONS
  try:
    return {first: translate_lib.open_model(model, first, selection)}
  except errors.UserError as error:
    if f"translates {second}" not in str(error):
      raise
  return {second: translate_lib.open_model(model, second, selection)}


def compare_with_truth(
  images: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None
) -> dict[str, float]:
  """Returns `l1`, `psnr` and `ssim`, and with a mask those of its two sides.

  Args:
    images: uint8 `[count, height, width, channels]`.
    truth: What they should be, likewise.
    mask: bool `[count, height, width]`, where the change belongs.

  Returns:
    L1 in [0, 1], PSNR in dB and, of pictures of at least 11 pixels, SSIM; of
    all and as `masked_...` and `outside_...`.
  """
  measures = {
    "l1": paired_metrics.l1(images, truth),
    "psnr": image_quality.psnr(images, truth),
  }
  large_enough = min(images.shape[1:3]) >= image_quality.SSIM_WINDOW
  if large_enough:
    measures["ssim"] = image_quality.ssim(images, truth)
  if mask is not None:
    for side, where in (("masked", mask), ("outside", ~mask)):
      measures[f"{side}_l1"] = paired_metrics.masked_l1(
        images, truth, where[..., None]
      )
      measures[f"{side}_psnr"] = image_quality.masked_psnr(images, truth, where)
      if large_enough:
        measures[f"{side}_ssim"] = image_quality.masked_ssim(
          images, truth, where
        )
  return measures


def table(report: dict[str, Any]) -> str:
  """Returns a report as Markdown."""
  protocol = report["protocol"]
  lines = [f"# {report['model']}", "", _sentence(protocol)]
  for direction, entry in report["directions"].items():
    lines += ["", f"## {direction}", ""]
    names = [name for name in _CANDIDATES if name in entry]
    shown = [k for k in entry["model"] if not k.endswith("_std")]
    lines.append("| | " + " | ".join(_CANDIDATES[n] for n in names) + " |")
    lines.append("| --- |" + " --- |" * len(names))
    for measure in shown:
      cells = [_cell(entry[name], measure) for name in names]
      title = _MEASURES.get(measure, measure.replace("_", " "))
      lines.append(f"| {title} | " + " | ".join(cells) + " |")
  return "\n".join(lines) + "\n"


def _cell(measures: dict[str, float | None], name: str) -> str:
  """Returns a measure with its spread, if it has one."""
  if name not in measures:
    return ""
  value, spread = measures[name], measures.get(f"{name}_std")
  if value is None:
    return "exact"
  return f"{value:.4g}" + (f" ± {spread:.2g}" if spread is not None else "")


def _sentence(protocol: dict[str, Any]) -> str:
  """Returns the protocol in words."""
  checkpoint = protocol.get("checkpoint")
  return (
    f"{protocol['images_A']} and {protocol['images_B']} test images of"
    f" {protocol['dataset']}, {protocol['size']} pixels"
    f" ({protocol['preparation']}), translated in {protocol['precision']}"
    + (f", checkpoint {checkpoint}" if checkpoint else "")
    + ". Distances are to"
    f" {protocol['references_A']} and {protocol['references_B']} real images"
    f" of the {protocol['reference_split']} split; KID is the mean of 100"
    " subsets ± their standard deviation. FID depends on how many images it is"
    " of: compare it only with figures of the same protocol."
    + (
      " InceptionV3's weights are Keras's, not those that papers use."
      if protocol["inception"]
      else ""
    )
  )


def _protocol(
  source: sources.Source,
  test_set: validation.TestSet,
  runner: translate_lib.ImageTranslator,
  selection: config_lib.GeneratorSelection,
  options: config_lib.EvaluateConfig,
) -> dict[str, Any]:
  """Returns what somebody needs to know to measure the same."""
  return {
    "dataset": source.name,
    "images_A": len(test_set.images["A"]),
    "images_B": len(test_set.images["B"]),
    "reference_split": options.reference,
    "references_A": len(test_set.references["A"]),
    "references_B": len(test_set.references["B"]),
    "size": runner.size,
    "preparation": "bicubic with anti-aliasing where the size differs",
    "precision": "float32, rounded to 8 bits",
    "truth_known": test_set.paired,
    "checkpoint": selection.checkpoint,
    "raw_generator": not selection.use_ema,
    "inception": options.inception_weights
    or ("imagenet" if options.inception else ""),
  }


def _one_by_one(runner: translate_lib.ImageTranslator) -> validation.Translate:
  """Returns a runner, which takes one picture, as a translator of a pile."""

  def translate(images: np.ndarray) -> np.ndarray:
    return np.concatenate([runner.run(image[None]) for image in images])

  return translate


def _judge(
  judge: validation.Evaluator,
  direction: str,
  forth: validation.Translate,
  back: validation.Translate | None,
) -> tuple[dict[str, dict[str, float | None]], np.ndarray]:
  """Returns the measures of a model and of the baselines; and translations."""
  test_set = judge.test_set
  real = test_set.images[direction[0]]
  others = test_set.references[direction[-1]]
  fake = validation.translate_all(forth, real)
  pictures = validation.to_pictures(fake)
  candidates = {
    "model": pictures,
    "nothing": real,
    "histogram": paired_metrics.match_histograms(real, others),
  }
  truth = test_set.images[direction[-1]]
  if test_set.paired:
    candidates["affine"] = paired_metrics.fit_affine(real, truth)
  entry = {}
  for name, images in candidates.items():
    measures = judge.compare(direction, images)
    if name == "model":
      measures |= judge.follow(direction, fake, forth, back)
    if test_set.paired:
      measures |= compare_with_truth(images, truth, test_set.mask)
    entry[name] = {
      key: value if np.isfinite(value) else None
      for key, value in measures.items()
    }
  return entry, pictures


def _picture(
  test_set: validation.TestSet, translated: dict[str, np.ndarray]
) -> np.ndarray:
  """Shows inputs over translations, and over the truth where it is known."""
  rows = []
  for direction, fake in translated.items():
    rows.append(list(test_set.images[direction[0]][:_SHOWN]))
    rows.append(list(fake[:_SHOWN]))
    if test_set.paired:
      rows.append(list(test_set.images[direction[-1]][:_SHOWN]))
  return progress_grid.grid(rows)
