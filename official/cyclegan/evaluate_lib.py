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
"""Evaluates a model on a test split and writes a report with baselines."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import tabulate
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.core import model_path
from official.cyclegan.core import overwriting
from official.cyclegan.data import image_files
from official.cyclegan.data import image_grid
from official.cyclegan.data import large_tests
from official.cyclegan.data import preprocessing
from official.cyclegan.data import sources
from official.cyclegan.evaluation import distribution_distance
from official.cyclegan.evaluation import features
from official.cyclegan.evaluation import image_quality
from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.evaluation import validation
from official.cyclegan.reporting import evaluation_page
from official.cyclegan.reporting import page
from official.cyclegan.reporting import run_page
from official.cyclegan.reporting import shared_paths
from official.cyclegan.serving import full_size_report
from official.cyclegan.serving import image_translator
from official.cyclegan.training import checkpoints

REPORT_NAME = "report.json"
TABLE_NAME = "report.md"
PICTURE_NAME = "pictures.png"
_SHEET_NAME = "full_size_{direction}_{size}.png"
_SHOWN = 8  # images of each domain
_LARGE_TESTS = 20  # pictures of each size of `EvaluateConfig.detail_sizes`
_OTHER_WAY = {"AtoB": "BtoA", "BtoA": "AtoB"}
# Headers of a table's columns, and what its rows are called.
_CANDIDATES = {**page.CANDIDATES, "model": f"**{page.CANDIDATES['model']}**"}
_MEASURES = {
  "relative_l1": "L1 to the truth / doing nothing, smaller is better",
  "masked_relative_l1": "L1 to the truth / doing nothing, inside the mask",
  "fid_patches": "Fréchet distance of patches, smaller is better",
  "swd": "sliced Wasserstein distance of patches, smaller is better",
  "fid_random": "FID on random features, smaller is better",
  "kid_random": "KID on random features, smaller is better",
  "fid_inception": "FID on Keras's InceptionV3, smaller is better",
  "kid_inception": "KID on Keras's InceptionV3, smaller is better",
  "cycle_l1": "cycle L1, smaller is better",
  "identity_l1": "identity L1, smaller is better",
  "edge_correlation": "edges kept, 1 is all",
  "nearest_ratio": (
    "distance to the most similar training picture, 1 is that of real pictures"
  ),
  "grid": "grid that was not there, levels of 255, smaller is better",
  "l1_ratio": "L1 to the truth / that of stretch, smaller is better",
  "sharpness": "sharpness, 1 is the truth's (without truth: the input's)",
  "edge_l1": "L1 to the truth at its edges, smaller is better",
}


def run(
  model: str,
  output_dir: str,
  config: config_lib.ResolvedConfig,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
  options: command_config.EvaluateConfig = command_config.DEFAULT_EVALUATION,
) -> None:
  """Evaluates as a command does: `evaluate`, and the table is logged.

  Args:
    model: As for `evaluate`.
    output_dir: As for `evaluate`.
    config: As for `evaluate`.
    selection: As for `evaluate`.
    options: As for `evaluate`.

  Raises:
    errors.UserError: As `evaluate`.
  """
  report = evaluate(model, output_dir, config, selection, options)
  logging.info("%s\nReport: %s", table(report), output_dir)


def evaluate(
  model: str,
  output_dir: str,
  config: config_lib.ResolvedConfig,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
  options: command_config.EvaluateConfig = command_config.DEFAULT_EVALUATION,
) -> dict[str, Any]:
  """Measures translators; writes `report.json`, `.md`, `.html` and a picture.

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
  overwriting.check(
    [
      *overwriting.of_model(model),
      *overwriting.of_data(config.data),
      overwriting.Read(options.inception_weights),
    ],
    "output_dir",
    output_dir,
    (
      REPORT_NAME,
      TABLE_NAME,
      PICTURE_NAME,
      page.REPORT_NAME,
      *(
        _SHEET_NAME.format(direction=direction, size=size)
        for direction in config_lib.DIRECTIONS
        for size in options.detail_sizes
      ),
    ),
  )
  overwriting.check_run(model, "output_dir", output_dir)
  overwriting.check_kind(overwriting.Kind.EVALUATION, "output_dir", output_dir)
  # Refused before anything is measured, which takes minutes.
  with locks.hold(output_dir, "output_dir"):
    report = _evaluate(model, output_dir, config, selection, options)
  if model_path.locate(model).kind is model_path.Kind.RUN:
    run_page.refresh(model)
  return report


def _evaluate(
  model: str,
  output_dir: str,
  config: config_lib.ResolvedConfig,
  selection: command_config.GeneratorSelection,
  options: command_config.EvaluateConfig,
) -> dict[str, Any]:
  """Evaluates into a folder that is held; as `evaluate`."""
  translators = open_both(model, selection)
  files.make_folder(output_dir, "output_dir")
  some = next(iter(translators.values()))
  source = sources.open_source(config.data, some.channels)
  inception = None
  if options.inception or options.inception_weights:
    inception = features.inception(options.inception_weights)
  test_set = validation.load(
    source, some.size, options.max_images, options.reference
  )
  evaluator = validation.Evaluator(test_set, inception)
  measured, shown = {}, []
  for direction in translators:
    measured[direction], rows = _measure_direction(
      evaluator, direction, translators
    )
    shown += rows
  of_model = {
    direction: found["model"] for direction, found in measured.items()
  }
  report = {
    "model": model,
    "protocol": _protocol(source, test_set, some, selection, options),
    "directions": {
      direction: {name: _finite(values) for name, values in found.items()}
      for direction, found in measured.items()
    },
    "measures": _finite(
      validation.mean_of_both(of_model)
      if len(of_model) == 2
      else next(iter(of_model.values()))
    ),
  }
  if options.detail_sizes:
    report["full_size"] = _compare_sizes(
      source, translators, options, output_dir
    )
  _write_report(report, image_grid.grid(shown), output_dir)
  return report


def _compare_sizes(
  source: sources.Source,
  translators: dict[str, image_translator.ImageTranslator],
  options: command_config.EvaluateConfig,
  output_dir: str,
) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
  """Compares the ways of keeping detail, and writes sheets of pictures.

  Returns:
    By direction, size and way the measures of `full_size_report.compare`; of a
    size for which no test picture is large enough, nothing.
  """
  found: dict[str, dict[str, Any]] = {}
  for direction, translator in translators.items():
    found[direction] = {}
    for size in options.detail_sizes:
      tests = large_tests.load(
        source,
        direction[0],
        size,
        min(_LARGE_TESTS, options.max_images),
        translator.channels,
      )
      if not len(tests.images):
        logging.warning(
          "No test picture of domain %s has %d pixels.", direction[0], size
        )
        continue
      measured, pictures = full_size_report.compare(translator, tests)
      found[direction][str(size)] = {
        way: _finite(values) for way, values in measured.items()
      }
      sheet = full_size_report.sheet(tests, pictures)
      name = _SHEET_NAME.format(direction=direction, size=size)
      image_files.write(str(pathlib.Path(output_dir, name)), sheet)
  return found


def _write_report(
  report: dict[str, Any], picture: np.ndarray, output_dir: str
) -> None:
  """Writes the report's three files."""
  folder = pathlib.Path(output_dir)
  image_files.write(str(folder / PICTURE_NAME), picture)
  files.write_json(
    folder / REPORT_NAME, report, "output_dir", ensure_ascii=False
  )
  known = [report["model"], report["protocol"]["dataset"]]
  text = shared_paths.without(table(report), output_dir, known)
  files.write_text(folder / TABLE_NAME, text, "output_dir")
  evaluation_page.write(output_dir, report, _sentence(report["protocol"]))


def open_both(
  model: str,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
) -> dict[str, image_translator.ImageTranslator]:
  """Opens a model's directions.

  Args:
    model: As for `evaluate`.
    selection: As for `image_translator.open_model`.

  Returns:
    By direction, the translators that could be opened: of a single SavedModel
    or `.tflite` file its own direction, and the other one if its file is beside
    it.

  Raises:
    errors.UserError: If there is no such model.
  """
  found = model_path.locate(model)
  if found.kind is model_path.Kind.RUN:
    trained = config_lib.trained_directions(config_file.load(model))
    return {
      direction: image_translator.open_model(model, direction, selection)
      for direction in trained
    }
  if not found.exported:  # a file that was renamed
    return _open_renamed(model, selection)
  in_folder = found.kind is model_path.Kind.EXPORT
  return {
    direction: image_translator.open_model(
      model if in_folder else paths[0], direction, selection
    )
    for direction, paths in found.exported.items()
  }


def _open_renamed(
  model: str, selection: command_config.GeneratorSelection
) -> dict[str, image_translator.ImageTranslator]:
  """Opens a single model whose name does not tell its direction."""
  direction = checkpoints.DIRECTIONS[0]
  try:
    translator = image_translator.open_model(model, direction, selection)
  except errors.WrongDirectionError as error:
    direction = error.direction
    translator = image_translator.open_model(model, direction, selection)
  return {direction: translator}


def compare_with_truth(
  images: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None
) -> dict[str, float]:
  """Returns `l1`, `psnr` and `ssim`, and with a mask those of its two sides.

  Args:
    images: uint8 `[count, height, width, channels]`.
    truth: What they should be, same shape.
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
      measures[f"{side}_l1"] = paired_metrics.masked_l1(images, truth, where)
      measures[f"{side}_psnr"] = image_quality.masked_psnr(images, truth, where)
      if large_enough:
        measures[f"{side}_ssim"] = image_quality.masked_ssim(
          images, truth, where
        )
  return measures


def table(report: dict[str, Any]) -> str:
  """Returns a report as Markdown.

  Args:
    report: From `evaluate`.
  """
  parts = [f"# {report['model']}", _sentence(report["protocol"])]
  for direction, entry in report["directions"].items():
    names = [name for name in _CANDIDATES if name in entry]
    measures = [k for k in entry["model"] if not k.endswith("_std")]
    rows = [
      [
        _MEASURES.get(measure, measure.replace("_", " ")),
        *(_cell(entry[name], measure) for name in names),
      ]
      for measure in measures
    ]
    headers = ["", *(_CANDIDATES[name] for name in names)]
    parts += [
      f"## {direction}",
      # The cells are text already, with the digits that they need.
      tabulate.tabulate(
        rows, headers, tablefmt="github", disable_numparse=True
      ),
    ]
    for size, by_way in report.get("full_size", {}).get(direction, {}).items():
      parts += [f"## {direction} at {size} pixels", _full_size_table(by_way)]
  return "\n\n".join(parts) + "\n"


def _full_size_table(by_way: dict[str, dict[str, float | None]]) -> str:
  """Returns how the ways of keeping detail compare at one size."""
  measures = list(next(iter(by_way.values())))
  rows = [
    [
      _MEASURES.get(measure, measure),
      *(_cell(v, measure) for v in by_way.values()),
    ]
    for measure in measures
  ]
  return tabulate.tabulate(
    rows, ["", *by_way], tablefmt="github", disable_numparse=True
  )


def _cell(measures: dict[str, float | None], name: str) -> str:
  """Returns a measure as text, with its spread if it has one."""
  if name not in measures:
    return ""
  value, spread = measures[name], measures.get(f"{name}_std")
  if value is None:  # the PSNR of equal pictures, or an error of 0 over 0
    return "exact" if name.endswith("psnr") else ""
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
    f" of the {protocol['reference_split']} split, which histogram matching and"
    " the transport of colours are fitted to as well"
    + (
      "; the affine colour map is fitted to the truth itself"
      if protocol["truth_known"]
      else ""
    )
    + f". KID is the mean of {distribution_distance.SUBSETS} subsets ± their"
    " standard deviation. FID depends on how many images it is of: compare it"
    " only with figures of the same protocol."
    + (
      " InceptionV3's weights are Keras's, not those that papers use."
      if protocol["inception"]
      else ""
    )
  )


def _protocol(
  source: sources.Source,
  test_set: validation.TestSet,
  translator: image_translator.ImageTranslator,
  selection: command_config.GeneratorSelection,
  options: command_config.EvaluateConfig,
) -> dict[str, Any]:
  """Returns what is needed to measure other models comparably."""
  return {
    "dataset": source.name,
    "images_A": len(test_set.images["A"]),
    "images_B": len(test_set.images["B"]),
    "reference_split": options.reference,
    "references_A": len(test_set.references["A"]),
    "references_B": len(test_set.references["B"]),
    "size": translator.size,
    "preparation": "bicubic with anti-aliasing where the size differs",
    "precision": "float32, rounded to 8 bits",
    "truth_known": test_set.paired,
    "checkpoint": selection.checkpoint,
    "raw_generator": not selection.use_ema,
    "inception": options.inception_weights
    or ("imagenet" if options.inception else ""),
  }


def _one_by_one(
  translator: image_translator.ImageTranslator,
) -> validation.Translate:
  """Returns a function of any number of images; a translator takes one."""

  def translate(images: np.ndarray) -> np.ndarray:
    return np.concatenate(
      [translator.translate(image[None]) for image in images]
    )

  return translate


def _measure_direction(
  evaluator: validation.Evaluator,
  direction: str,
  translators: dict[str, image_translator.ImageTranslator],
) -> tuple[dict[str, dict[str, float]], list[list[np.ndarray]]]:
  """Measures a model and the baselines in one direction.

  Args:
    evaluator: With the test set.
    direction: `AtoB` or `BtoA`, one of the keys of `translators`.
    translators: The model's directions.

  Returns:
    The measures of the model and of each baseline; and rows of pictures, uint8
    `[size, size, channels]`: some inputs, their translations, the truth if it
    is known, and the real pictures that the translations are most like.
  """
  test_set = evaluator.test_set
  forward = _one_by_one(translators[direction])
  other = translators.get(_OTHER_WAY[direction])
  backward = _one_by_one(other) if other else None
  real = test_set.images[direction[0]]
  truth = test_set.images[direction[-1]] if test_set.paired else None
  translated = validation.translate_all(forward, real)
  pictures = preprocessing.unit_to_uint8(translated)
  references = (
    test_set.references[direction[0]],
    test_set.references[direction[-1]],
  )
  candidates = {
    "model": pictures,
    **paired_metrics.baselines(real, references, truth),
  }
  similar, copied = evaluator.nearest(direction, pictures)
  found = {}
  for name, images in candidates.items():
    measures = evaluator.measure_translations(direction, images)
    if name == "model":
      measures |= evaluator.cycle_and_identity(
        direction, translated, forward, backward
      )
      measures |= copied
    if truth is not None:
      measures |= compare_with_truth(images, truth, test_set.mask)
    found[name] = measures
  rows = [real, pictures, *([] if truth is None else [truth]), similar]
  return found, [list(row[:_SHOWN]) for row in rows]


def _finite(measures: dict[str, float]) -> dict[str, float | None]:
  """Replaces what JSON has no number for, such as an infinite PSNR, by None."""
  return {
    name: value if np.isfinite(value) else None
    for name, value in measures.items()
  }
