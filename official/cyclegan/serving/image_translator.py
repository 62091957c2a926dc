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
"""Opens a trained generator, in any form it has on disk, and runs it on images.

TensorFlow is imported only for models that need it: a .tflite file starts in a
fraction of a second.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable

import numpy as np
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.core import model_path
from official.cyclegan.core import regular_files
from official.cyclegan.core import stack
from official.cyclegan.data import image_files
from official.cyclegan.serving import tflite_child
from official.cyclegan.serving import tflite_file


class NotFiniteError(errors.UserError):
  """A generator gave NaN or infinity, of which no picture can be made."""


class ModelFailedError(errors.UserError):
  """A model cannot translate any more, whatever the picture."""


@dataclasses.dataclass(frozen=True)
class ImageTranslator:
  """A generator of one direction, ready to run.

  Attributes:
    translate: The generator, from float32 `[1, height, width, channels]` in
      [0, 1] to an image of the same shape and range.
    size: Width and height that it was trained for or takes, pixels.
    multiple: What height and width must be multiples of; 0 if `size` is the
      only size that it takes.
    minimum: Smallest height and width that it takes, pixels.
    channels: 3, or 1 for grey images.
    levels: Which levels of pictures with more than 8 bits are 0 and 1, as in
      training; None for all of 16 bits.
  """

  translate: Callable[[np.ndarray], np.ndarray]
  size: int
  multiple: int
  minimum: int
  channels: int = 3
  levels: level_range.LevelRange | None = None


def open_model(
  path: str,
  direction: str,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
  size: int = 0,
) -> ImageTranslator:
  """Opens a run's folder, an export's folder, a SavedModel or a TFLite file.

  Args:
    path: The model.
    direction: `AtoB` or `BtoA`. A SavedModel or TFLite file has one direction;
      asking for the other is refused.
    selection: Of a run's folder, which checkpoint and which of its weights.
    size: Of a TFLite file, which of the sizes that it takes, pixels; 0 for the
      first. Of others, at which size the scale `fit` works; 0 for the size
      trained on.

  Returns:
    The generator. Its `translate` raises `NotFiniteError` instead of returning
    NaN or infinity.

  Raises:
    errors.WrongDirectionError: If the model translates the other way only.
    errors.UserError: If there is no model, it cannot be read, it does not take
      that size, or a selection is asked of a model that leaves no choice.
  """
  translator = _open(path, direction, selection, size)

  def translate(image: np.ndarray) -> np.ndarray:
    translated = translator.translate(image)
    if not np.isfinite(translated).all():
      raise NotFiniteError(
        "gives NaN or infinity instead of a picture: its training diverged, or"
        " the file is damaged. Take another checkpoint, or export or train"
        " again.",
        "model",
        path,
      )
    return translated

  return dataclasses.replace(translator, translate=translate)


def _open(
  path: str,
  direction: str,
  selection: command_config.GeneratorSelection,
  size: int,
) -> ImageTranslator:
  """Opens a model; as `open_model`."""
  found = model_path.locate(path)
  if found.kind is model_path.Kind.RUN:
    _require_tensorflow(path)
    return _at_size(_open_run(path, direction, selection), size)
  if selection != command_config.DEFAULT_SELECTION:
    raise errors.UserError(
      "is an exported model: --checkpoint and --raw_generator are for a run's"
      " folder. Give them to export.",
      "model",
      path,
    )
  if found.kind is model_path.Kind.EXPORT:
    path = _of_direction(found, direction)
  # By now the path is a SavedModel's folder or a file.
  if model_path.is_saved_model(path):
    _require_tensorflow(path)
    return _at_size(_open_saved_model(path, direction), size)
  return _open_tflite(path, direction, size)


def translate_image(
  translator: ImageTranslator,
  image: np.ndarray,
  scale: str = "fit",
  size: tuple[int, int] | None = None,
) -> np.ndarray:
  """Translates one image of any size.

  Args:
    translator: The generator.
    image: uint8 `[height, width, 3]`; made grey for a model of grey images.
    scale: `fit` resizes the image to the size the model was trained for, as
      training did, and the result back. `native` keeps every pixel, and pads
      by reflection where the generator needs a multiple.
    size: With `fit`, height and width of the result, pixels, where `image` was
      read smaller than the picture is; None: the image's own.

  Returns:
    uint8 `[height, width, channels]`.

  Raises:
    errors.UserError: If `scale` is `native` and the model takes one size only.
  """
  height, width = size or image.shape[:2]
  fits = image.shape[:2] == (translator.size, translator.size)
  if translator.channels == 1:
    image = image_files.luma(image)
  if scale == "native":
    translated = _translate_native(translator, image)
  elif fits and (height, width) == (translator.size, translator.size):
    # Not resized at all, so that nothing is lost.
    translated = translator.translate(_to_unit(image))[0]
  else:
    small = image_files.resize(image, translator.size, translator.size)
    translated = translator.translate(_to_unit(small))[0]
    # Resizing works in [0, 255].
    return image_files.resize_to_levels(translated * 255.0, height, width)
  return np.rint(np.clip(translated, 0.0, 1.0) * 255.0).astype(np.uint8)


def require_scale(translator: ImageTranslator, scale: str) -> None:
  """Refuses a scale at which a model cannot translate.

  Args:
    translator: The generator.
    scale: As for `translate_image`.

  Raises:
    errors.UserError: If it is `native` and the model takes one size only.
  """
  if scale == "native" and not translator.multiple:
    raise errors.UserError(
      "needs a model that takes any size; this .tflite file takes"
      f" {translator.size} pixels only. Use --scale=fit, or a SavedModel.",
      "scale",
      "native",
    )


def _translate_native(
  translator: ImageTranslator, image: np.ndarray
) -> np.ndarray:
  """Translates at the image's own size; returns float32 in [0, 1]."""
  require_scale(translator, "native")
  height, width = image.shape[:2]
  # Up to the next multiple, below and on the right, so that the crop starts at
  # 0.
  pad = [
    (0, max(translator.minimum - n, -n % translator.multiple))
    for n in (height, width)
  ]
  padded = np.pad(image, [*pad, (0, 0)], mode="symmetric")
  return translator.translate(_to_unit(padded))[0, :height, :width]


def _to_unit(image: np.ndarray) -> np.ndarray:
  """Returns float32 `[1, h, w, c]` in [0, 1] from values in [0, 255]."""
  return image[None].astype(np.float32) / 255.0


def _open_run(
  path: str, direction: str, selection: command_config.GeneratorSelection
) -> ImageTranslator:
  stack.load_tensorflow()
  import tensorflow as tf

  from official.cyclegan.serving import serving_module
  from official.cyclegan.training import checkpoints
  from official.cyclegan.training import run_metadata

  generator, config = checkpoints.load_generator(path, direction, selection)
  module = serving_module.ServingModule(generator, direction)
  # Traced once for all sizes: the generators are fully convolutional.
  traced = module.translate_function([1, None, None, config.model.channels])

  def translate(image: np.ndarray) -> np.ndarray:
    (translated,) = traced(tf.constant(image)).values()
    return translated.numpy()

  return ImageTranslator(
    translate,
    config.data.crop_size,
    config_checks.SIZE_MULTIPLES[config.model.generator_type],
    config_checks.MINIMUM_SIZES[config.model.generator_type],
    config.model.channels,
    run_metadata.input_levels(path, direction),
  )


def _of_direction(found: model_path.ModelPath, direction: str) -> str:
  """Returns which of an export's files to open for a direction."""
  if direction not in found.exported:
    if not found.exported:
      raise errors.UserError(
        "holds no file with a name that export gives, such as g_AB.tflite. Give"
        " one of its files.",
        "model",
        found.path,
      )
    (has,) = found.exported  # the other direction
    raise _wrong_direction(found.path, has, direction)
  paths = found.exported[direction]
  # The SavedModel comes first, but only TensorFlow can open it.
  files = [path for path in paths if path in found.tflite_files]
  return files[0] if files and not _has_tensorflow() else paths[0]


def _open_saved_model(path: str, direction: str) -> ImageTranslator:
  stack.load_tensorflow()
  from official.cyclegan.serving import saved_model_file

  regular_files.check_folder(path, "model")
  logging.info(
    "%s is a SavedModel, a program that TensorFlow runs with your rights: use"
    " it only if you trust who made it.",
    path,
  )
  try:
    details = saved_model_file.read_details(path)
    if details.direction != direction:
      raise _wrong_direction(path, details.direction, direction)
    return ImageTranslator(
      saved_model_file.load(path),
      details.size,
      details.size_multiple,
      details.minimum_size,
      details.channels,
      details.levels,
    )
  except OSError as error:
    raise errors.UserError(
      f"is not a SavedModel of this package ({errors.first_line(error)})."
      " Export the model again.",
      "model",
      path,
    ) from error


def _open_tflite(path: str, direction: str, size: int) -> ImageTranslator:
  try:
    opened = tflite_child.open_model(path)
    levels = tflite_file.input_levels(path)
  except tflite_child.StartError:  # not for want of a good file
    raise
  except (OSError, ValueError, RuntimeError) as error:
    raise errors.UserError(
      f"is not a .tflite file of this package ({errors.first_line(error)})."
      " Export the model again.",
      "model",
      path,
    ) from error
  spec = opened.spec
  if spec.direction != direction:
    raise _wrong_direction(path, spec.direction, direction)
  for name, pixels in spec.sizes.items():
    if size in (0, pixels):  # 0: the first, which is the default
      return ImageTranslator(
        _failing(opened.signature(name), path),
        size=pixels,
        multiple=0,  # its shapes are fixed
        minimum=pixels,
        channels=spec.channels,
        levels=levels,
      )
  raise errors.UserError(
    f": {path} takes {', '.join(map(str, spec.sizes.values()))} pixels. Use one"
    " of these.",
    "size",
    size,
  )


def _failing(
  run: Callable[[np.ndarray], np.ndarray], path: str
) -> Callable[[np.ndarray], np.ndarray]:
  """Returns a file's function with its failures as the user's errors."""

  def translate(image: np.ndarray) -> np.ndarray:
    try:
      return run(image)
    except tflite_child.ModelError as error:
      raise ModelFailedError(
        f"cannot be run ({error}). Export the model again.", "model", path
      ) from error

  return translate


def _at_size(translator: ImageTranslator, size: int) -> ImageTranslator:
  """Returns a translator of any size that works at another one."""
  if not size:
    return translator
  if size < translator.minimum or size % translator.multiple:
    raise errors.UserError(
      f": this model takes sizes of at least {translator.minimum} pixels that"
      f" are multiples of {translator.multiple}.",
      "size",
      size,
    )
  return dataclasses.replace(translator, size=size)


def _wrong_direction(
  path: str, has: str, asked: str
) -> errors.WrongDirectionError:
  return errors.WrongDirectionError(
    f"translates {has}, not --direction={asked}. Use the other file, or"
    f" --direction={has}.",
    "model",
    path,
    direction=has,
  )


def _has_tensorflow() -> bool:
  return importlib.util.find_spec("tensorflow") is not None


def _require_tensorflow(path: str) -> None:
  if not _has_tensorflow():
    raise errors.UserError(
      "needs TensorFlow, which is not installed. Give a .tflite file, or"
      " install this package with all it needs.",
      "model",
      path,
    )
