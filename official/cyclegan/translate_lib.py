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
"""Runs a trained generator over image files, any size in, the same size out.

TensorFlow is imported only for models that need it: a .tflite file starts in a
fraction of a second.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import os
import pathlib
import re
import tempfile
from collections.abc import Callable

import numpy as np
import tqdm

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.serving import tflite_file

SCALES = ("fit", "native")


@dataclasses.dataclass(frozen=True)
class ImageTranslator:
  """A generator ready to run, wherever it came from.

  Attributes:
    run: From float32 `[1, height, width, channels]` in [0, 1] to the same.
    size: Width and height that it was trained for or takes, pixels.
    multiple: What height and width must be multiples of; 0 if `size` is the
      only size that it takes.
    minimum: Smallest height and width that it takes, pixels.
    channels: 3, or 1 for grey pictures.
  """

  run: Callable[[np.ndarray], np.ndarray]
  size: int
  multiple: int
  minimum: int
  channels: int = 3


def open_model(
  path: str,
  direction: str,
  selection: config_lib.GeneratorSelection = config_lib.DEFAULT_SELECTION,
  size: int = 0,
) -> ImageTranslator:
  """Opens a run's folder, an export's folder, a SavedModel or a TFLite file.

  Args:
    path: The model.
    direction: `AtoB` or `BtoA`. A SavedModel or TFLite file has one direction;
      asking for the other is refused.
    selection: Of a run's folder, which checkpoint and which of its weights.
    size: Of a TFLite file, which of the sizes that it takes, pixels; 0 for the
      first. Of others, at which size `fit` works; 0 for that trained on.

  Returns:
    The generator.

  Raises:
    errors.UserError: If there is no model, it translates the other way, or a
      selection is asked of a model that leaves no choice.
  """
  if os.path.isfile(os.path.join(path, config_file.FILE_NAME)):
    _require_tensorflow(path)
    return _at_size(_open_model_dir(path, direction, selection), size)
  if os.path.exists(path) and selection != config_lib.DEFAULT_SELECTION:
    raise errors.UserError(
      f"--model={path} is an exported model: --checkpoint and --raw_generator"
      " are for a run's folder. Give them to export."
    )
  name = config_lib.GENERATOR_NAMES[direction]
  if os.path.isfile(path):
    return _open_tflite(path, direction, size)
  exported = exported_model(path, name)
  if exported.endswith(".tflite"):
    return _open_tflite(exported, direction, size)
  path = exported or path
  if os.path.isfile(os.path.join(path, "saved_model.pb")):
    _require_tensorflow(path)
    return _at_size(_open_saved_model(path, direction), size)
  raise errors.UserError(
    f"--model={path} is no model. Give the folder that train wrote, a folder"
    " or SavedModel that export wrote, or a .tflite file."
  )


def translate_image(
  runner: ImageTranslator, image: np.ndarray, scale: str = "fit"
) -> np.ndarray:
  """Translates one picture.

  Args:
    runner: The generator.
    image: uint8 `[height, width, 3]`, any size; made grey for a model of grey
      pictures.
    scale: `fit` resizes the picture to the size the model was trained for,
      as training did, and the result back. `native` keeps every pixel, and
      pads by reflection where the generator needs a multiple.

  Returns:
    uint8 `[height, width, channels]`, the size of `image`.

  Raises:
    errors.UserError: If `scale` is `native` and the model takes one size only.
  """
  height, width = image.shape[:2]
  if runner.channels == 1:
    image = image_files.luma(image)
  if scale == "native" and not runner.multiple:
    raise errors.UserError(
      "--scale=native needs a model that takes any size; this .tflite file"
      f" takes {runner.size} pixels only. Use --scale=fit, or a SavedModel."
    )
  if scale == "native":
    pad = [
      (0, max(runner.minimum - n, -n % runner.multiple))
      for n in (height, width)
    ]
    padded = np.pad(image, [*pad, (0, 0)], mode="symmetric")
    translated = runner.run(_unit(padded))[0, :height, :width]
  elif (height, width) == (runner.size, runner.size):
    translated = runner.run(_unit(image))[0]
  else:
    small = image_files.resize(image, runner.size, runner.size)
    translated = runner.run(_unit(small))[0]
    translated = image_files.resize(translated * 255.0, height, width) / 255.0
  return np.rint(np.clip(translated, 0.0, 1.0) * 255.0).astype(np.uint8)


def translate_files(
  model: str,
  inputs: str,
  output: str,
  direction: str,
  scale: str = "fit",
  selection: config_lib.GeneratorSelection = config_lib.DEFAULT_SELECTION,
  background: str = config_lib.DataConfig.background,
  size: int = 0,
) -> list[str]:
  """Translates image files.

  A file that cannot be read does not keep the others from being translated.

  Args:
    model: As for `open_model`.
    inputs: A file, a glob pattern, a folder, or a data set, whose test
      pictures are translated.
    output: A folder; or, for a single input file, a file ending in one of
      `image_files.WRITABLE`.
    direction: `AtoB` or `BtoA`.
    scale: As for `translate_image`.
    selection: As for `open_model`.
    background: Colour behind transparent pictures.
    size: As for `open_model`.

  Returns:
    The files written, in the order of the inputs. In a folder they keep the
    inputs' names; formats that cannot be written become PNG.

  Raises:
    errors.UserError: If something is missing, or files could not be read; the
      message names them.
  """
  image_files.check_background(background)
  with contextlib.ExitStack() as stack:
    if _is_dataset(inputs):
      folder = stack.enter_context(tempfile.TemporaryDirectory())
      _write_test_split(inputs, direction, background, folder)
      inputs = folder
    return _translate_found(
      image_files.find(inputs, "input"),
      inputs,
      output,
      open_model(model, direction, selection, size),
      scale,
      background,
    )


def _translate_found(
  paths: list[str],
  inputs: str,
  output: str,
  runner: ImageTranslator,
  scale: str,
  background: str,
) -> list[str]:
  """Translates files that are there."""
  targets = _targets(paths, inputs, output)
  written, problems = [], []
  for path, target in zip(tqdm.tqdm(paths, unit="image"), targets):
    try:
      image = image_files.read(path, background)
    except errors.UserError as error:
      problems.append(str(error))
      continue
    image_files.write(target, translate_image(runner, image, scale))
    written.append(target)
  if problems:
    raise errors.UserError(
      f"{len(written)} of {len(paths)} pictures were translated. "
      + " ".join(problems)
    )
  return written


def _is_dataset(inputs: str) -> bool:
  """Says whether an input is a data set: TFDS's name, or a folder of splits."""
  if os.path.isdir(inputs):
    names = os.listdir(inputs)
    return folders.TFDS_MARK in names or not any(
      name.lower().endswith(image_files.READABLE) for name in names
    )
  return bool(re.fullmatch(r"\w+(/[\w-]+)?|\w+://.*", inputs))


def _write_test_split(
  inputs: str, direction: str, background: str, folder: str
) -> None:
  """Writes a data set's test pictures of the domain to be translated."""
  # Imported late: other inputs do not wait for TensorFlow.
  from official.cyclegan.data import sources

  config = config_lib.DataConfig(dataset=inputs, background=background)
  try:
    source = sources.open_source(config)
  except errors.UserError as error:
    raise errors.UserError(
      f"--input={inputs} is no picture, no folder of pictures and no data set."
      f" {error}"
    ) from error
  split = f"test{direction[0]}"
  for i, image in enumerate(source.images(split).as_numpy_iterator()):
    image_files.write(os.path.join(folder, f"{split}_{i:05d}.png"), image)


def _targets(paths: list[str], inputs: str, output: str) -> list[str]:
  """Returns where each result goes; creates the folder."""
  single = len(paths) == 1 and paths[0] == inputs
  if single and output.lower().endswith(image_files.WRITABLE):
    files.make_folder(os.path.dirname(output) or ".", "output")
    return [output]
  files.make_folder(output, "output")
  targets = []
  for path in paths:
    name = pathlib.Path(path)
    writable = name.suffix.lower() in image_files.WRITABLE
    target = name.name if writable else f"{name.stem}.png"
    targets.append(os.path.join(output, target))
  if len(set(targets)) < len(targets):
    # a.png and a.tif, or of several folders: the ending tells them apart.
    targets = [
      t if targets.count(t) == 1 else os.path.join(output, _full_name(path))
      for path, t in zip(paths, targets)
    ]
  clashes = {t for t in targets if targets.count(t) > 1}
  if clashes:
    raise errors.UserError(
      f"--input={inputs}: several files would be written to"
      f" {min(clashes)}. Translate one folder at a time, or rename them."
    )
  for path, target in zip(paths, targets):
    if os.path.exists(target) and os.path.samefile(path, target):
      raise errors.UserError(
        f"--output={output} would overwrite the input {path}. Choose another"
        " folder."
      )
  return targets


def _full_name(path: str) -> str:
  """Returns a result's name that keeps the input's ending."""
  name = os.path.basename(path)
  writable = name.lower().endswith(image_files.WRITABLE)
  return name if writable else f"{name}.png"


def _unit(image: np.ndarray) -> np.ndarray:
  """Returns float32 `[1, h, w, c]` in [0, 1] from values in [0, 255]."""
  return image[None].astype(np.float32) / 255.0


def _open_model_dir(
  path: str, direction: str, selection: config_lib.GeneratorSelection
) -> ImageTranslator:
  import tensorflow as tf

  from official.cyclegan.serving import serving_module
  from official.cyclegan.training import checkpoints

  generator, config = checkpoints.load_generator(path, direction, selection)
  translator = serving_module.ServingModule(generator, direction)
  function = translator.function([1, None, None, config.model.channels])

  def run(image: np.ndarray) -> np.ndarray:
    (translated,) = function(tf.constant(image)).values()
    return translated.numpy()

  return ImageTranslator(
    run,
    config.data.crop_size,
    config_checks.SIZE_MULTIPLES[config.model.generator_type],
    config_checks.MINIMUM_SIZES[config.model.generator_type],
    config.model.channels,
  )


def _open_saved_model(path: str, direction: str) -> ImageTranslator:
  from official.cyclegan.serving import saved_model_file

  details_path = pathlib.Path(path, saved_model_file.DETAILS_PATH)
  try:
    details = json.loads(details_path.read_text(encoding="utf-8"))
    _check_direction(path, details["direction"], direction)
    return ImageTranslator(
      saved_model_file.runner(path),
      details["size"],
      details["size_multiple"],
      details["minimum_size"],
      details.get("channels", 3),  # before 0.4.0 always 3
    )
  except (OSError, KeyError, json.JSONDecodeError) as error:
    raise errors.UserError(
      f"--model={path} is no SavedModel of this package ({error}). Export the"
      " model again."
    ) from error


def _has_tensorflow() -> bool:
  return importlib.util.find_spec("tensorflow") is not None


def _require_tensorflow(path: str) -> None:
  if not _has_tensorflow():
    raise errors.UserError(
      f"--model={path} needs TensorFlow, which is not installed. Give a .tflite"
      " file, or install this package with all it needs."
    )


def exported_model(folder: str, name: str) -> str:
  """Returns a generator's SavedModel or, for want of it, a `.tflite` file.

  Args:
    folder: What `export` wrote.
    name: `g_AB` or `g_BA`.

  Returns:
    The path; empty if there is neither. Without TensorFlow the file comes
    first.
  """
  saved_model = os.path.join(folder, name)
  paths = [
    os.path.join(folder, config_lib.tflite_name(name, quantization))
    for quantization in config_lib.QUANTIZATIONS  # float32 first
  ]
  paths = [path for path in paths if os.path.isfile(path)]
  if os.path.isfile(os.path.join(saved_model, "saved_model.pb")) and (
    _has_tensorflow() or not paths
  ):
    return saved_model
  return paths[0] if paths else ""


def _at_size(runner: ImageTranslator, size: int) -> ImageTranslator:
  """Returns a runner of any size that works at another one."""
  if not size:
    return runner
  if size < runner.minimum or size % runner.multiple:
    raise errors.UserError(
      f"--size={size}: this model takes sizes of at least {runner.minimum}"
      f" pixels that are multiples of {runner.multiple}."
    )
  return dataclasses.replace(runner, size=size)


def _open_tflite(path: str, direction: str, size: int) -> ImageTranslator:
  try:
    interpreter = tflite_file.open_interpreter(path)
    contract = tflite_file.contract(interpreter)
  except (ValueError, RuntimeError) as error:
    raise errors.UserError(
      f"--model={path} is no .tflite file of this package"
      f" ({str(error).splitlines()[0]}). Export the model again."
    ) from error
  _check_direction(path, contract.direction, direction)
  for name, has in contract.sizes.items():
    if size in (0, has):
      run = tflite_file.function(interpreter.get_signature_runner(name))
      return ImageTranslator(run, has, 0, has, contract.channels)
  raise errors.UserError(
    f"--size={size}: --model={path} takes"
    f" {', '.join(map(str, contract.sizes.values()))} pixels. Use one of these."
  )


def _check_direction(path: str, has: str, asked: str) -> None:
  if has != asked:
    raise errors.WrongDirectionError(
      f"translates {has}, not --direction={asked}. Use the other file, or"
      f" --direction={has}.",
      "model",
      path,
      direction=has,
    )
