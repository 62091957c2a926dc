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
"""Exports trained generators to SavedModels and TFLite files, and checks them.

All take and give RGB in [0, 1], or uint8, so that an app needs to know nothing
about how the networks were trained.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.core import overwriting
from official.cyclegan.data import dataset
from official.cyclegan.data import image_files
from official.cyclegan.data import large_tests
from official.cyclegan.data import preprocessing
from official.cyclegan.data import sources
from official.cyclegan.reporting import export_page
from official.cyclegan.reporting import model_card
from official.cyclegan.reporting import page
from official.cyclegan.reporting import run_page
from official.cyclegan.serving import android_project
from official.cyclegan.serving import core_ml_file
from official.cyclegan.serving import detail_choice
from official.cyclegan.serving import export_report
from official.cyclegan.serving import golden
from official.cyclegan.serving import half_precision
from official.cyclegan.serving import half_safe_norm
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import onnx_file
from official.cyclegan.serving import saved_model_file
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_convert
from official.cyclegan.serving import tflite_edit
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tflite_graph
from official.cyclegan.serving import tflite_probe
from official.cyclegan.serving import tflite_quantize
from official.cyclegan.serving import tiling
from official.cyclegan.serving import web_page
from official.cyclegan.training import checkpoints
from official.cyclegan.training import run_metadata

REPORT_NAME = config_file.EXPORT_NAME
WEB_NAME = "web"  # folder with the page
# Files for people, and for programs that list models.
PAGES = (page.REPORT_NAME, model_card.CARD_NAME, model_card.METADATA_NAME)
# Largest difference in [0, 1] between what is exported in float32 and the Keras
# generator: well below half of an 8-bit level, 1 / 510.
TOLERANCE = 1e-4
_ROUNDING = 0.5 / 255  # more of it where the output is uint8
# Pictures with which the ways of keeping detail are compared, and the largest
# that are, width and height in pixels: whole ones have to fit into memory.
_LARGE_TESTS, _LARGEST_TEST = 4, 1024
# Standard deviation of an image below which it counts as flat, in [0, 1]: two
# 8-bit levels.
_FLAT = 2 / 255
# Training pictures by which norms are scaled, and test pictures on which half
# precision is emulated, which takes a second for each billion operations, and
# several if sums get too large.
_SCALING_IMAGES, _EMULATED_IMAGES = 8, 1
# Files that graphics processors run; their weights are the same in float16.
_FOR_GRAPHICS = ("float32", "float16")
_TENSORFLOW = f"tensorflow {tf.__version__}"


@dataclasses.dataclass(frozen=True)
class _Direction:
  """A generator and the images that its files are checked with.

  Attributes:
    name: `AtoB` or `BtoA`.
    generator: The Keras model.
    module: The generator.
    device: The same with norms that are right in half precision, for files that
      compute in floats.
    translator: Pictures of any size by `module`, traced once for all checks.
    real: By size, the test images, float32 `[count, size, size, channels]` in
      [0, 1].
    expected: By size, the Keras generator's translations of them, of the same
      shape and range.
    truth: By size, the right translations, or None where they are unknown.
    calibration: By size, training images, if any file needs them; of the same
      shape and range.
    levels: Which levels of input pictures with more than 8 bits are 0 and 1;
      None for all of 16 bits.
    half_precision: By size what was found of files for graphics processors.
  """

  name: str
  generator: tf.keras.Model
  module: serving_module.ServingModule
  device: serving_module.ServingModule
  translator: image_translator.ImageTranslator
  real: dict[int, np.ndarray]
  expected: dict[int, np.ndarray]
  truth: dict[int, np.ndarray | None]
  calibration: dict[int, np.ndarray]
  levels: level_range.LevelRange | None = None
  half_precision: dict[int, dict[str, Any] | None] = dataclasses.field(
    default_factory=dict
  )


def export(
  model_dir: str,
  output_dir: str,
  directions: Sequence[str] = (),
  options: command_config.ExportConfig = command_config.DEFAULT_EXPORT,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
  data: config_lib.DataConfig | None = None,
) -> dict[str, Any]:
  """Exports the generators of a run and compares them with the originals.

  Writes for each direction `g_AB/` (SavedModel, any batch and size),
  `g_AB.tflite` (float32), `g_AB_float16.tflite` and so on (batch 1, the sizes
  asked for), `export.json` and `export.md`, `report.html`, the model card
  `README.md` with `metadata.json`, and if asked for `web/` with a page and
  `android/` with an app's project. A file
  of these names that no export has written stays instead. With TFLite files
  `golden/` has inputs and outputs to test ports with; with `samples` there is
  also an image `export_AtoB.png` and some inputs in `samples/`. What of the
  pictures is in it is logged.
  Everything is made and checked in a folder beside `output_dir`, which then
  takes its place as a whole; what else is in `output_dir` is kept.

  Args:
    model_dir: The folder of a run.
    output_dir: Where the files go.
    directions: Which of `AtoB` and `BtoA` to export; empty: all that the run
      has trained.
    options: The files to write, and how good they have to be.
    selection: Which checkpoint, and which of its weights.
    data: Whose images are compared and calibrated with; None: those of the
      data set trained on.

  Returns:
    The content of `export.json`.

  Raises:
    errors.UserError: If there is no trained model, an option does not suit it,
      the folder holds another run's export, lies in another run's folder or
      cannot be written, or a file cannot be made, cannot be run or differs too
      much.
  """
  config = config_file.load(model_dir)
  overwriting.check(
    [
      *overwriting.of_model(model_dir),
      *overwriting.of_data(data or config.data),
    ],
    "output_dir",
    output_dir,
    replaced=True,
  )
  _require_own(model_dir, output_dir)
  options = config_checks.resolve_export(options, config)
  if "web" in options.format:
    web_page.require_runtime()
  if "tflite" in options.format:
    for quantization in options.quantization:
      if quantization in tflite_quantize.KINDS:
        tflite_quantize.require_package(quantization)
  if "onnx" in options.format:
    onnx_file.require_packages()
  if "coreml" in options.format:
    core_ml_file.require_package()
  # Refused, and held, before anything is loaded and converted.
  with files.replacing_folder(output_dir, "output_dir") as made:
    try:
      report = _export(
        model_dir, made, config, directions, options, selection, data
      )
      _write_report(
        made, report, _own_pages(output_dir), config, model_dir, options
      )
      if "web" in options.format:
        web_page.write(os.path.join(made, WEB_NAME), made, app=True)
      if "android" in options.format:
        _write_android(made, report, config, options)
      others = _others(output_dir)
      gone = _gone(output_dir, made, others)
      files.carry_over(output_dir, made, others)
    except OSError as error:
      raise errors.StorageError(
        f"cannot be written ({error}). Nothing was changed. Free some space, or"
        " give another folder.",
        "output_dir",
        output_dir,
      ) from error
  if gone:
    logging.warning(
      "The earlier export in %s had %s, which this one has not: removed."
      " Give exports of other kinds a folder each.",
      output_dir,
      ", ".join(gone),
    )
  logging.info("%s", _contents(output_dir, report["dataset"], options))
  if os.path.dirname(os.path.realpath(output_dir)) == os.path.realpath(
    model_dir
  ):
    run_page.refresh(model_dir)  # which shows the exports in it
  return report


def _require_own(model_dir: str, output_dir: str) -> None:
  """Refuses a folder in which another run's export lies, or would be taken so.

  A run that was moved, or trained anew in its place, counts as the same. Of
  exports from before they said whose they are only the place is looked at.
  """
  mine, theirs = run_metadata.origin(model_dir), _origin(output_dir)
  if theirs and theirs["place"] == mine["place"]:
    return
  overwriting.check_run(model_dir, "output_dir", output_dir)
  if not theirs or overwriting.run_around(output_dir):
    return  # nothing, or of a run whose folder was copied
  if theirs["id"] is None or theirs["id"] != mine["id"]:
    raise errors.UserError(
      f"holds the export of another run, {theirs['name']}. Give another folder,"
      " or remove that one first.",
      "output_dir",
      output_dir,
    )


def _origin(folder: str) -> dict[str, Any]:
  """Returns what an export says of its run; nothing of an older one."""

  def convert(report: Any) -> dict[str, Any]:
    found = report["run"]
    files.text(found["name"])
    return {key: found[key] for key in ("name", "id", "place")}

  try:
    found: dict[str, Any] = files.read_json(
      os.path.join(folder, REPORT_NAME), "Everything is kept.", convert
    )
  except (OSError, errors.UserError):
    return {}
  return found


def _export(
  model_dir: str,
  made: str,
  config: config_lib.ResolvedConfig,
  directions: Sequence[str],
  options: command_config.ExportConfig,
  selection: command_config.GeneratorSelection,
  data: config_lib.DataConfig | None,
) -> dict[str, Any]:
  """Writes all files into an empty folder; as `export`."""
  generators = {
    direction: checkpoints.load_generator(model_dir, direction, selection)[0]
    for direction in directions or config_lib.trained_directions(config)
  }
  data = data or config.data
  source = sources.open_source(data, config.model.channels)
  report: dict[str, Any] = {
    "run": run_metadata.origin(model_dir),
    "size": options.sizes[0],
    "sizes": list(options.sizes),
    "io": options.io,
    # Without samples nothing tells where the pictures lie, either.
    "dataset": source.name if options.samples else _trained_on(data),
    "data": dataclasses.asdict(data) if options.samples else None,
    "trained_on": _trained_on(config.data),
    "input_levels": {},
    "tolerance": TOLERANCE,
    "test_images": 0,
    "keras_relative_l1": {},
    "picture_rows": {},
    "detail": {},
    "files": {},
  }
  large: dict[str, dict[int, large_tests.LargeTests]] = {}
  for name, generator in generators.items():
    direction = dataclasses.replace(
      _load(generator, name, source, config, options),
      levels=run_metadata.input_levels(model_dir, name),
    )
    report["detail"][name] = {"best": options.detail}
    if options.detail in (command_config.AUTO, command_config.TILES):
      large = large or _load_large(source, config, options)
      compared = options.detail == command_config.AUTO
      look = detail_choice.measure if compared else detail_choice.settings
      report["detail"][name].update(
        look(
          direction.translator,
          large[name[0]],
          large[name[-1]],
        )
      )
    _export_direction(direction, config, options, made, report)
  return report


def _load_large(
  source: sources.Source,
  config: config_lib.ResolvedConfig,
  options: command_config.ExportConfig,
) -> dict[str, dict[int, large_tests.LargeTests]]:
  """Returns pictures larger than the model's, by domain and how many times."""
  size = config.data.crop_size
  tests: dict[str, dict[int, large_tests.LargeTests]] = {"A": {}, "B": {}}
  count = min(_LARGE_TESTS, options.test_images)
  for factor in detail_choice.FACTORS:
    if factor * size > _LARGEST_TEST:
      continue
    load = functools.partial(
      large_tests.load,
      source,
      size=factor * size,
      count=count,
      channels=config.model.channels,
    )
    first = tests["A"][factor] = load("A")
    # Where the truth is known they are the same, and to draw them takes
    # seconds.
    tests["B"][factor] = first.exchanged() or load("B")
  return tests


def _contents(
  output_dir: str, dataset_name: str, options: command_config.ExportConfig
) -> str:
  """Says what of the pictures an export holds, for who hands it on."""
  if not options.samples:
    return (
      f"{output_dir} holds none of the pictures, and of where they lie only"
      " the folder's name."
    )
  return (
    f"{output_dir} holds up to {options.samples} test pictures of each domain"
    f" and where they lie ({dataset_name}). --samples=0 leaves both out."
  )


def _trained_on(data: config_lib.DataConfig) -> str:
  """Returns a data set's name, or its folders' names, for people."""
  if data.domain_a:
    return " and ".join(
      os.path.basename(folder.rstrip("/"))
      for folder in (data.domain_a, data.domain_b)
    )
  return os.path.basename(data.dataset.rstrip("/"))


def _load(
  generator: tf.keras.Model,
  direction: str,
  source: sources.Source,
  config: config_lib.ResolvedConfig,
  options: command_config.ExportConfig,
) -> _Direction:
  """Reads the images for one direction and lets Keras translate them."""
  domain, other = direction[0], direction[-1]
  calibrated = set(options.quantization) & set(command_config.CALIBRATED)
  module = serving_module.ServingModule(generator, direction)
  translator = image_translator.of_module(module, config)
  found = _Direction(
    direction, generator, module, module, translator, {}, {}, {}, {}
  )

  def read(split: str, size: int, count: int) -> np.ndarray:
    images = dataset.first_images(source, split, size, count)
    # Whole 8-bit levels, as apps have them.
    return preprocessing.network_to_uint8(images).astype(np.float32) / 255.0

  for size in options.sizes:
    real = read(f"test{domain}", size, options.test_images)
    kept = _structured(real)
    found.real[size] = real[kept]
    found.truth[size] = None
    if source.paired:
      truth = read(f"test{other}", size, options.test_images)
      found.truth[size] = truth[kept]
    found.expected[size] = _translate(module, found.real[size])
    if calibrated:
      found.calibration[size] = read(
        f"train{domain}", size, options.calibration_images
      )
  in_floats = "tflite" in options.format and set(options.quantization) - set(
    command_config.WHOLE_NUMBERS
  )
  if not in_floats and "coreml" not in options.format:
    return found
  pictures = {
    size: read(f"train{domain}", size, _SCALING_IMAGES)
    for size in options.sizes
  }
  device = half_safe_norm.half_safe(generator, pictures)
  return dataclasses.replace(
    found, device=serving_module.ServingModule(device, direction)
  )


def _translate(
  module: serving_module.ServingModule, images: np.ndarray
) -> np.ndarray:
  """Translates images one by one, as the files do it."""
  translate = module.translate_function([1, *images.shape[1:]])
  return np.concatenate(
    [
      translate(tf.constant(image[None]))[module.output_name].numpy()
      for image in images
    ]
  )


def _structured(images: np.ndarray) -> np.ndarray:
  """Says which images are not of one colour; all, if there are no others.

  Instance normalisation divides by a map's standard deviation. That of a flat
  image's maps is rounding error, so that the output depends on the runtime.
  """
  kept = images.std(axis=(1, 2, 3)) > _FLAT
  return kept if kept.any() else ~kept


def _export_direction(
  direction: _Direction,
  config: config_lib.ResolvedConfig,
  options: command_config.ExportConfig,
  folder: str,
  report: dict[str, Any],
) -> None:
  """Writes and checks one direction's files and adds them to the report."""
  name = config_lib.GENERATOR_NAMES[direction.name]
  size = options.sizes[0]
  real, expected = direction.real[size], direction.expected[size]
  report["test_images"] = max(report["test_images"], len(real))
  report["input_levels"][direction.name] = level_range.as_list(direction.levels)
  report["keras_relative_l1"][direction.name] = export_report.relative_l1(
    expected, real, direction.truth[size]
  )
  if "saved_model" in options.format:
    path = os.path.join(folder, name)
    example = real[:1]
    if not options.samples:  # any picture will do to warm a server up
      example = np.linspace(0, 1, example.size, dtype=np.float32)
      example = example.reshape(real[:1].shape)
    saved_model_file.write(
      direction.module, path, config, example, direction.levels
    )
    report["files"][name] = _check_saved_model(path, real, expected)
  if "onnx" in options.format:
    path = os.path.join(folder, f"{name}.onnx")
    report["files"][f"{name}.onnx"] = _write_onnx(
      direction, path, _describe(direction, "float32", config, options)
    )
  if "coreml" in options.format:
    path = os.path.join(folder, f"{name}.mlpackage")
    text = _describe(direction, "float16", config, options).description
    core_ml_file.write(direction.device, size, path, text)
    report["files"][os.path.basename(path)] = {
      "bytes": files.total_size(path),
      "max_difference": None,
      "test_images": 0,
      "size": size,
      "parity": core_ml_file.PARITY,
    }
  rows = {"Keras": expected}  # of the image, by what translated it
  if "tflite" in options.format:
    tiles = None
    if report["detail"][direction.name]["best"] == command_config.TILES:
      tiles = tiling.layout(direction.module.reach())
    with tflite_convert.graphs() as graphs:
      for quantization in options.quantization:
        path = os.path.join(
          folder, command_config.tflite_name(name, quantization)
        )
        tiled = tiles if quantization in command_config.TILED else None
        pathlib.Path(path).write_bytes(
          _make_tflite(direction, quantization, config, options, tiled, graphs)
        )
        entry, rows[quantization] = _check_tflite(
          path, direction, quantization, options
        )
        if tiled:
          entry["tile"] = _check_tile(path, direction, quantization, options)
        report["files"][os.path.basename(path)] = entry
  if {"tflite", "coreml"} & set(options.format):
    _write_golden(direction, options, folder)
  if "android" in options.format:
    android_project.write_pictures(
      os.path.join(folder, android_project.FOLDER),
      direction.name,
      dataclasses.replace(direction.translator, size=size),
      android_project.detail_of(report["detail"][direction.name]["best"]),
    )
  if options.samples:
    report["picture_rows"][direction.name] = ["input", *rows]
    _write_pictures(direction.name, real, rows, folder, options.samples)


def _write_android(
  folder: str,
  report: Mapping[str, Any],
  config: config_lib.ResolvedConfig,
  options: command_config.ExportConfig,
) -> None:
  """Writes an Android project around an export's files."""
  android_project.write(
    os.path.join(folder, android_project.FOLDER),
    folder,
    options.quantization,
    {
      name: android_project.detail_of(found["best"])
      for name, found in report["detail"].items()
    },
    options.sizes[0],
    config.model.channels,
  )


def _write_golden(
  direction: _Direction, options: command_config.ExportConfig, folder: str
) -> None:
  """Writes files to test ports with, of the smallest size.

  A Core ML package has only the first.
  """
  in_core_ml = "coreml" in options.format
  size = options.sizes[0] if in_core_ml else min(options.sizes)
  module, name = direction.module, config_lib.GENERATOR_NAMES[direction.name]
  translate = module.translate_function([1, size, size, module.channels])
  names = tflite_convert.signature_names(options.sizes)
  model = f"{name}.mlpackage"
  if "tflite" in options.format:
    model = command_config.tflite_name(name, options.quantization[0])
  golden.write(
    os.path.join(folder, golden.FOLDER),
    direction.name,
    golden.Contract(
      model,
      next(name for name, of in names.items() if of == size),
      "image",
      module.output_name,
      "float32" if options.io == "float01" else "uint8",
    ),
    lambda image: translate(tf.constant(image))[module.output_name].numpy(),
    size,
    module.channels,
  )


def _write_pictures(
  direction: str,
  real: np.ndarray,
  rows: dict[str, np.ndarray],
  folder: str,
  count: int,
) -> None:
  """Writes some inputs by themselves, and some with all rows as one image."""
  samples = os.path.join(folder, web_page.SAMPLES)
  os.makedirs(samples, exist_ok=True)
  for i, sample in enumerate(preprocessing.unit_to_uint8(real[:count])):
    path = os.path.join(samples, f"{direction[0]}_{i}.png")
    image_files.write(path, sample)
  image_files.write(
    os.path.join(folder, f"export_{direction}.png"),
    export_report.picture(
      real[:count], {name: made[:count] for name, made in rows.items()}
    ),
  )


def _check_saved_model(
  path: str, real: np.ndarray, expected: np.ndarray
) -> dict[str, Any]:
  """Compares a SavedModel with the Keras generator; returns its entry."""
  translate = saved_model_file.load(path)
  made = np.concatenate([translate(image[None]) for image in real])
  difference = float(np.max(np.abs(made - expected)))
  _require_close(os.path.basename(path), difference, TOLERANCE)
  return {
    "bytes": files.total_size(path),
    "max_difference": difference,
    "test_images": len(real),
  }


def _write_onnx(
  direction: _Direction, path: str, description: tflite_edit.Description
) -> dict[str, Any]:
  """Writes a file, compares it with the Keras generator; returns its entry."""
  content = onnx_file.convert(
    direction.generator,
    direction.module.output_name,
    f"{description.description} {description.input_description}"
    f" Licence: {description.licence}",
  )
  pathlib.Path(path).write_bytes(content)
  differences = {
    size: _difference_of_size(
      direction, onnx_file.run(path, real), size, TOLERANCE
    )
    for size, real in direction.real.items()
  }
  # Not `max`, which may pass over what is not a number.
  for difference in differences.values():
    _require_close(os.path.basename(path), difference, TOLERANCE)
  return {
    "bytes": os.path.getsize(path),
    "max_difference": max(differences.values()),
    "test_images": len(next(iter(direction.real.values()))),
  }


def _require_close(name: str, difference: float, tolerance: float) -> None:
  # Not `>`: a difference that is not a number is refused as well.
  if not difference <= tolerance:
    raise errors.UserError(
      f"{name} differs from the Keras generator by {difference:.2g} of full"
      f" scale, more than {tolerance:.2g}. Nothing was written; please report"
      " this with the run's config.json."
    )


def _make_tflite(
  direction: _Direction,
  quantization: str,
  config: config_lib.ResolvedConfig,
  options: command_config.ExportConfig,
  tiles: tiling.Layout | None,
  graphs: tflite_convert.Graphs,
) -> bytes:
  """Returns a file with its pixel interface and metadata."""
  # Whole numbers keep the means of squares in one stage, which has more bits.
  in_whole = quantization in command_config.WHOLE_NUMBERS
  content = tflite_convert.convert(
    direction.module if in_whole else direction.device,
    options.sizes,
    quantization,
    direction.calibration,
    tiles.size if tiles else 0,
    graphs,
  )
  if options.io == "uint8":
    content = tflite_edit.with_uint8_io(content)
  description = _describe(direction, quantization, config, options)
  if tiles:
    multiple = config_checks.size_multiple(config.model)
    description = dataclasses.replace(
      description, tiles=(tiles.margin, multiple)
    )
  return tflite_edit.with_metadata(content, description)


def _describe(
  source: _Direction,
  quantization: str,
  config: config_lib.ResolvedConfig,
  options: command_config.ExportConfig,
) -> tflite_edit.Description:
  """Returns the texts of a file's metadata."""
  values = "uint8 in [0, 255]" if options.io == "uint8" else "float32 in [0, 1]"
  colours = "RGB" if config.model.channels == 3 else "grey"
  domain, other = source.name[0], source.name[-1]
  deep = (
    f" Of pictures with more than 8 bits the levels {source.levels} are 0 and"
    " full scale."
    if source.levels
    else ""
  )
  trained_on = _trained_on(config.data)
  sentence = (
    f"Translates pictures of domain {domain} of {trained_on} into domain"
    f" {other}, keeping what they show. A CycleGAN trained without pairs on"
    f" {trained_on} at {config.data.crop_size} pixels."
  )
  return tflite_edit.Description(
    name=f"CycleGAN {trained_on} {domain} to {other}, {quantization}",
    description=" ".join(filter(None, [options.description, sentence])),
    author=options.author,
    licence=options.licence,
    version="1",
    input_description=(
      f"Picture of domain {domain}, {colours}, {values}.{deep}"
    ),
    output_description=f"Picture of domain {other}, {colours}, {values}.",
    levels=source.levels,
  )


def _check_tflite(
  path: str,
  direction: _Direction,
  quantization: str,
  options: command_config.ExportConfig,
) -> tuple[dict[str, Any], np.ndarray]:
  """Runs a file; returns its entry and, of the first size, translations."""
  name = os.path.basename(path)
  by_size: dict[str, dict[str, Any]] = {}
  translated = []
  # By signature its size; the first size's figures stand for the file.
  signatures = tflite_convert.signature_names(options.sizes)
  for signature, size in signatures.items():
    real, expected = direction.real[size], direction.expected[size]
    try:
      made, found = tflite_probe.run_isolated(path, real, signature)
    except tflite_probe.RuntimeFailure as error:
      raise errors.UserError(
        f": {name} cannot be run ({error}). Nothing was written. Leave it out.",
        "quantization",
        quantization,
      ) from error
    quality = export_report.fidelity_to_keras(
      made, expected, real, direction.truth[size]
    )
    if signature != tflite_file.DEFAULT_SIGNATURE:
      found = {**found, **_of_graph(path, signature)}
    if quantization == "float32":
      quality["max_difference"] = _difference_of_size(
        direction, made, size, _tolerance(options)
      )
    by_size[str(size)] = {**found, **quality}
    _require_quality(name, quantization, quality, options)
    if quantization in _FOR_GRAPHICS:
      half = _in_half_precision(path, signature, direction, size)
      by_size[str(size)]["half_precision"] = half
      _judge_half_precision(name, quantization, half, options)
    translated.append(made)
  shown, first = translated[0], by_size[str(options.sizes[0])]
  entry = {
    "direction": direction.name,
    "quantization": quantization,
    "bytes": os.path.getsize(path),
    "test_images": len(shown),
    "operators": first["operators"],
    "partitions": {
      first["runtime"]: first["partitions"],
      **_tensorflow_partitions(path, quantization, shown[:1]),
    },
    **{key: first[key] for key in ("max_difference", "psnr", "ssim")},
    "relative_l1": first["relative_l1"],
    "by_size": by_size,
  }
  return entry, shown


def _check_tile(
  path: str,
  direction: _Direction,
  quantization: str,
  options: command_config.ExportConfig,
) -> dict[str, Any]:
  """Runs a file's signature for tiles; returns how close it is to Keras."""
  theirs = image_translator.open_model(path, direction.name).tiles
  ours = direction.translator.tiles
  if theirs is None or ours is None:
    raise AssertionError(f"{path} has no tiles")
  whole = direction.real[options.sizes[0]][:1]
  # Every tile as large as a file's: what the picture has, again and again.
  times = -(-theirs.layout.size // whole.shape[1])
  tile = np.tile(whole, (1, times, times, 1))[
    :, : theirs.layout.size, : theirs.layout.size
  ]

  def translate(tiles: image_translator.TileTranslator) -> np.ndarray:
    return tiles.translate(tile, tiles.measure(whole)[1])

  def translate_exactly(module: serving_module.ServingModule) -> np.ndarray:
    return translate(image_translator.tiles_of_module(module, theirs.multiple))

  made, expected = translate(theirs), translate(ours)
  quality = export_report.fidelity_to_keras(made, expected, tile, None)
  if quantization == "float32":
    quality["max_difference"] = _difference(
      direction, made, expected, _tolerance(options), translate_exactly
    )
  name = f"The tiles of {os.path.basename(path)}"
  _require_quality(name, quantization, quality, options)
  return {key: quality[key] for key in ("max_difference", "psnr", "ssim")}


def _of_graph(path: str, signature: str) -> dict[str, Any]:
  """Returns the operators of a signature that is not the first.

  The runtime says how it divides the first one only.
  """
  graph = tflite_graph.read(pathlib.Path(path).read_bytes(), signature)
  kinds = collections.Counter(operator.kind for operator in graph.operators)
  return {"operators": dict(kinds), "partitions": None}


def _tolerance(options: command_config.ExportConfig) -> float:
  """Returns how much a float32 .tflite file may differ from Keras."""
  return TOLERANCE + (_ROUNDING if options.io == "uint8" else 0.0)


def _difference_of_size(
  direction: _Direction, made: np.ndarray, size: int, tolerance: float
) -> float:
  """Returns the largest difference of the test images of a size."""
  return _difference(
    direction,
    made,
    direction.expected[size],
    tolerance,
    lambda module: _translate(module, direction.real[size]),
  )


def _difference(
  direction: _Direction,
  made: np.ndarray,
  expected: np.ndarray,
  tolerance: float,
  translate: Callable[[serving_module.ServingModule], np.ndarray],
) -> float:
  """Returns the largest difference to the Keras generator.

  At 512 pixels the means of Keras's own norms were measured to be 4e-4 off.
  Beyond the tolerance it is therefore compared with the same weights where
  norms add up in stages, whose means are exact.

  Args:
    direction: The generator.
    made: What a file gives.
    expected: What the Keras generator gives.
    tolerance: How much they may differ.
    translate: Gives what a generator makes of the same.
  """
  difference = float(np.abs(made - expected).max())
  if difference <= tolerance:
    return difference
  exact = half_safe_norm.half_safe(direction.generator)
  module = serving_module.ServingModule(exact, direction.name)
  return float(np.abs(made - translate(module)).max())


def _require_quality(
  name: str,
  quantization: str,
  quality: Mapping[str, Any],
  options: command_config.ExportConfig,
) -> None:
  """Raises `UserError` if a file differs too much from the Keras generator."""
  if quantization == "float32":
    _require_close(name, quality["max_difference"], _tolerance(options))
  if not quality["psnr"] >= options.min_psnr:
    raise errors.UserError(
      f"{name} has a PSNR of {quality['psnr']:.1f} dB to the Keras generator,"
      f" less than --min_psnr={options.min_psnr:g}. Nothing was written. Leave"
      f" {quantization} out of --quantization, or lower --min_psnr."
    )


def _in_half_precision(
  path: str, signature: str, direction: _Direction, size: int
) -> dict[str, Any] | None:
  """Emulates a graphics processor; None if it cannot be emulated."""
  if size not in direction.half_precision:
    graph = tflite_graph.read(pathlib.Path(path).read_bytes(), signature)
    found = None
    try:
      found = half_precision.measure(
        graph,
        direction.real[size][:_EMULATED_IMAGES],
        direction.expected[size][:_EMULATED_IMAGES],
      )
    except half_precision.UnknownOperator as error:
      logging.warning(
        "%s cannot be checked in half precision: %s.",
        os.path.basename(path),
        error,
      )
    direction.half_precision[size] = found
  return direction.half_precision[size]


def _judge_half_precision(
  name: str,
  quantization: str,
  found: Mapping[str, Any] | None,
  options: command_config.ExportConfig,
) -> None:
  """Warns of a file that graphics processors may get wrong, or refuses it.

  Refused is what is made for them, if not even sums in float32 help.
  """
  if found is None:
    return
  better, worst = (
    found[sums]["psnr"] for sums in (half_precision.SINGLE, half_precision.HALF)
  )
  if quantization == "float16" and not better >= options.min_psnr:
    raise errors.UserError(
      f"{name} has a PSNR of {better:.1f} dB in half precision, less than"
      f" --min_psnr={options.min_psnr:g}: graphics processors would show wrong"
      f" pictures. Nothing was written. Leave {quantization} out of"
      " --quantization, or lower --min_psnr."
    )
  if not min(better, worst) >= options.min_psnr:
    logging.warning(
      "%s has a PSNR of %.1f dB in half precision, and of %.1f where sums are"
      " kept in it as well: look at it on each graphics processor.",
      name,
      better,
      worst,
    )


def _tensorflow_partitions(
  path: str, quantization: str, example: np.ndarray
) -> dict[str, Any]:
  """Returns how TensorFlow's own runtime divides a file's graph."""
  tools = tflite_quantize.KINDS
  if quantization in (*command_config.CALIBRATED, *tools):
    # It may abort on these (tensorflow/tensorflow issue 59922).
    try:
      _, found = tflite_probe.run_isolated(
        path, example, runtime="tensorflow", timed=False
      )
    except tflite_probe.RuntimeFailure as error:
      return {_TENSORFLOW: f"cannot run it: {error}"}
    return {found["runtime"]: found["partitions"]}
  with tflite_convert.quiet():
    interpreter = tf.lite.Interpreter(path)
    interpreter.allocate_tensors()
  return {_TENSORFLOW: tflite_probe.partitions(interpreter)[0]}


def _write_report(
  folder: str,
  report: dict[str, Any],
  pages: Sequence[str],
  config: config_lib.ResolvedConfig,
  model_dir: str,
  options: command_config.ExportConfig,
) -> None:
  """Writes what says what was exported, for people and for programs."""
  report["pages"] = list(pages)
  path = os.path.join(folder, REPORT_NAME)
  files.write_json(path, report, "output_dir", ensure_ascii=False)
  table = export_report.table(report)
  path = os.path.join(folder, export_report.TABLE_NAME)
  files.write_text(path, table, "output_dir")
  model_card.write(
    folder,
    report,
    config,
    model_dir,
    options.licence,
    options.author,
    options.description,
    pages,
  )
  if page.REPORT_NAME in pages:
    export_page.write(folder, report)


def _own_pages(folder: str) -> list[str]:
  """Returns which of `PAGES` can be written: no others are in their place."""
  earlier: list[str] = []
  with contextlib.suppress(OSError, errors.UserError):
    earlier = files.read_json(
      os.path.join(folder, REPORT_NAME),
      "Everything is kept.",
      lambda report: list(map(files.text, report.get("pages", []))),
    )
  found = []
  for name in PAGES:
    if name in earlier or not os.path.lexists(os.path.join(folder, name)):
      found.append(name)
    else:
      logging.info("%s stays as it is: no export wrote it.", name)
  return found


def _others(folder: str) -> list[str]:
  """Returns the names in a folder that no earlier export wrote there."""
  if not os.path.isdir(folder):
    return []
  ours: set[str] = set()
  try:
    report = files.read_json(
      os.path.join(folder, REPORT_NAME),
      "Everything is kept.",
      lambda report: (
        files.object_of(report["files"]),
        files.object_of(report.get("picture_rows", {})),
        [*map(files.text, report.get("pages", []))],
      ),
    )
    ours.update(report[0], report[2])
    if report[1]:  # with samples
      ours.update(f"export_{name}.png" for name in checkpoints.DIRECTIONS)
      ours.add(web_page.SAMPLES)
    if os.path.isfile(os.path.join(folder, WEB_NAME, web_page.LIST_NAME)):
      ours.add(WEB_NAME)
    if os.path.isfile(os.path.join(folder, golden.FOLDER, golden.INDEX)):
      ours.add(golden.FOLDER)
    project = os.path.join(folder, android_project.FOLDER)
    if os.path.isfile(os.path.join(project, android_project.MARK)):
      ours.add(android_project.FOLDER)
  except (OSError, errors.UserError):
    pass  # not an export, or its report is damaged: keep everything
  return [name for name in os.listdir(folder) if name not in ours]


def _gone(folder: str, made: str, others: Sequence[str]) -> list[str]:
  """Returns what an earlier export wrote and the one just made does not."""
  if not os.path.isdir(folder):
    return []
  return sorted({*os.listdir(folder)} - {*os.listdir(made)} - {*others})
