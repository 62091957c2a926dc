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
"""SavedModels with signatures for TensorFlow Serving, and their details.

Nothing but TensorFlow is needed to load them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.data import preprocessing
from official.cyclegan.serving import guided_tensors
from official.cyclegan.serving import serving_module

# The folder of a SavedModel that TensorFlow leaves to others.
_EXTRA = "assets.extra"
DETAILS_PATH = os.path.join(_EXTRA, "cyclegan.json")
# Where TensorFlow Serving looks for requests to warm up with.
WARM_UP_PATH = os.path.join(_EXTRA, "tf_serving_warmup_requests")
FLOAT_SIGNATURE = "serving_default"
BYTES_SIGNATURE = "serving_bytes"
GUIDED_SIGNATURE = "serving_guided"
# For `translate --detail=tiles`: the whole picture, then its parts.
MEASURED_SIGNATURE, TILE_SIGNATURE = "measured", "tile"
# TensorFlow Serving's REST interface takes and gives base64 where a name ends
# in _bytes.
BYTES_INPUT = "image_bytes"
_LARGEST_SIZE = 1 << 16  # pixels


def write(
  module: serving_module.ServingModule,
  path: str,
  config: config_lib.ResolvedConfig,
  example: np.ndarray,
  levels: level_range.LevelRange | None = None,
) -> None:
  """Writes a SavedModel with signatures for images, files and tiles.

  `serving_default` takes float32 `image` `[batch, height, width, channels]` in
  [0, 1], height and width multiples of what the generator needs, and gives
  `image_B` or `image_A` of the same shape. `serving_bytes` takes `image_bytes`,
  encoded JPEG, PNG, BMP or GIF files of any size, a string for each, and gives
  `image_B_bytes` or `image_A_bytes`, PNG files of the same sizes, translated
  at the size trained on as `translate` does by default.

  `serving_bytes` has nothing but TensorFlow to decode with: it takes every
  picture for upright sRGB, drops transparency and all but the upper 8 bits of
  16, and reads no WebP, TIFF, HEIC or AVIF. Where pictures have profiles, EXIF
  orientations or a range of levels, decode them with `image_files.read` and use
  `serving_default`.

  Args:
    module: The generator.
    path: The folder, which is created.
    config: The configuration of its run, resolved.
    example: float32 `[1, size, size, channels]` in [0, 1], to warm up with.
    levels: Which levels of pictures with more than 8 bits are 0 and 1 for this
      generator, which the details state; None for all of 16 bits.
  """
  channels = config.model.channels
  translate = module.translate_function([None, None, None, channels])
  translate_bytes = _bytes_function(module, config.data.crop_size)
  any_size = [1, None, None, channels]
  # The traced functions and the variables, nothing else.
  saved = tf.Module()
  saved.variables_ = module.variables
  saved.__call__ = translate
  saved.translate_bytes = translate_bytes
  saved.translate_guided = _guided_function(module, config.data.crop_size)
  saved.translate_measured = module.measured_function(any_size)
  saved.translate_tile = module.tile_function(any_size)
  tf.saved_model.save(
    saved,
    path,
    signatures={
      FLOAT_SIGNATURE: translate,
      BYTES_SIGNATURE: translate_bytes,
      GUIDED_SIGNATURE: saved.translate_guided,
      MEASURED_SIGNATURE: saved.translate_measured,
      TILE_SIGNATURE: saved.translate_tile,
    },
  )
  pathlib.Path(path, _EXTRA).mkdir()
  details = {
    "direction": module.direction,
    "size": config.data.crop_size,
    "channels": channels,
    "size_multiple": config_checks.size_multiple(config.model),
    "minimum_size": config_checks.minimum_size(config.model),
    "input_levels": level_range.as_list(levels),
    "color_space": "sRGB",
    "reach": module.reach(),
  }
  pathlib.Path(path, DETAILS_PATH).write_text(
    json.dumps(details, indent=2) + "\n", encoding="utf-8"
  )
  _write_warm_up(os.path.basename(path), path, example)


@dataclasses.dataclass(frozen=True)
class Details:
  """What `export` notes in a SavedModel about its generator.

  Attributes:
    direction: `AtoB` or `BtoA`.
    size: Width and height that it was trained for, pixels.
    size_multiple: What height and width must be multiples of, pixels.
    minimum_size: Smallest height and width, pixels.
    channels: 3, or 1 for grey images.
    levels: Which levels of pictures with more than 8 bits are 0 and 1; None
      for all of 16 bits.
    reach: How far it sees, pixels; None in a file from before 0.7.0, which has
      no signatures for tiles.
  """

  direction: str
  size: int
  size_multiple: int
  minimum_size: int
  channels: int
  levels: level_range.LevelRange | None
  reach: int | None = None


def read_details(path: str) -> Details:
  """Reads what `write` noted about the generator.

  Args:
    path: The folder of a SavedModel.

  Raises:
    OSError: If there is no such note, or it cannot be read.
    errors.UserError: If it is damaged.
  """
  return files.read_json(
    pathlib.Path(path, DETAILS_PATH), "Export the model again.", _details
  )


def _details(values: Any) -> Details:
  """Checks what the note holds; raises what `files.read_json` expects."""
  details = Details(
    values["direction"],
    values["size"],
    values["size_multiple"],
    values["minimum_size"],
    values.get("channels", 3),  # before 0.4.0 always 3
    level_range.from_list(values.get("input_levels")),
    values.get("reach"),
  )
  if details.reach is not None and not (
    type(details.reach) is int and 0 <= details.reach <= _LARGEST_SIZE
  ):
    raise ValueError("how far the generator sees is impossible")
  sizes = details.size, details.size_multiple, details.minimum_size
  if not all(type(size) is int and 0 < size <= _LARGEST_SIZE for size in sizes):
    raise ValueError("a size is impossible")
  if details.channels not in (1, 3):
    raise ValueError("the number of channels is impossible")
  if details.direction not in config_lib.DIRECTIONS:
    raise ValueError("the direction is unknown")
  return details


def load(path: str) -> Callable[[np.ndarray], np.ndarray]:
  """Loads a SavedModel's signature for images.

  Args:
    path: Its folder.

  Returns:
    A function from and to float32 `[batch, height, width, channels]` in [0, 1].
    It raises `errors.UserError` if the program in the SavedModel fails.

  Raises:
    OSError: If there is no SavedModel, or a file of it is missing.
    errors.UserError: If it is damaged, or has no such signature.
  """
  return LoadedModel(path).translate


class LoadedModel:
  """A SavedModel's signatures as functions of arrays.

  They raise `errors.UserError` if the program in the SavedModel fails.
  """

  def __init__(self, path: str):
    """Loads a SavedModel.

    Args:
      path: Its folder.

    Raises:
      OSError: If there is no SavedModel, or a file of it is missing.
      errors.UserError: If it is damaged, or has no signature for images.
    """
    self._path = path
    try:
      self._model = tf.saved_model.load(files.without_pattern(path))
      (self._output,) = self._model.signatures[
        FLOAT_SIGNATURE
      ].structured_outputs
    except (OSError, MemoryError):
      raise
    except Exception as error:  # what a program may raise that is not whole
      raise _damaged(path, error) from error

  def translate(self, image: np.ndarray) -> np.ndarray:
    """Returns the translated images, float32 in [0, 1] as those given."""
    return self._run(FLOAT_SIGNATURE, image)[self._output]

  def measure(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns a translated image and the norms' statistics, if it has any."""
    made = self._run(MEASURED_SIGNATURE, image)
    return made[self._output], made.get(serving_module.STATISTICS)

  def translate_tile(
    self, image: np.ndarray, statistics: np.ndarray | None
  ) -> np.ndarray:
    """Returns a translated tile, normalised by statistics from `measure`."""
    given = (
      {} if statistics is None else {serving_module.STATISTICS: statistics}
    )
    return self._run(TILE_SIGNATURE, image, **given)[self._output]

  def _run(
    self, signature: str, image: np.ndarray, **others: np.ndarray
  ) -> dict[str, np.ndarray]:
    """Runs a signature and looks at what it gives."""
    path = self._path
    try:
      results = self._model.signatures[signature](
        image=tf.constant(image),
        **{name: tf.constant(value) for name, value in others.items()},
      )
      made = {name: value.numpy() for name, value in results.items()}
      result = made[self._output]
    except Exception as error:
      raise _damaged(path, error) from error
    if result.shape != image.shape or result.dtype != image.dtype:
      raise errors.UserError(
        f": {path} gives {result.dtype} {result.shape} for {image.dtype}"
        f" {image.shape}. Export the model again.",
        "model",
      )
    return made


def _damaged(path: str, error: Exception) -> errors.UserError:
  return errors.UserError(
    f"is damaged ({errors.first_line(error)}). Export the model again.",
    "model",
    path,
  )


def _bytes_function(module: serving_module.ServingModule, size: int) -> Any:
  """Returns the translation of encoded image files, as a tf.function."""

  def translate_one(encoded: tf.Tensor) -> tf.Tensor:
    picture = tf.io.decode_image(
      encoded, channels=module.channels, expand_animations=False
    )
    picture = tf.ensure_shape(picture, [None, None, module.channels])
    height, width = tf.unstack(tf.shape(picture)[:2])
    small = preprocessing.resize(picture, size, size) / 255.0
    (made,) = module(small[None]).values()
    large = preprocessing.resize(made[0] * 255.0, height, width)
    return tf.io.encode_png(tf.cast(tf.round(large), tf.uint8))

  def translate(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
    made = tf.map_fn(translate_one, image_bytes, fn_output_signature=tf.string)
    return {f"{module.output_name}_bytes": made}

  spec = tf.TensorSpec([None], tf.string, name=BYTES_INPUT)
  return tf.function(translate, input_signature=[spec])


def _guided_function(module: serving_module.ServingModule, size: int) -> Any:
  """Returns the translation at a fixed size, its change brought to full."""

  def translate(image: tf.Tensor) -> dict[str, tf.Tensor]:
    guide = preprocessing.resize(image * 255.0, size, size) / 255.0
    (made,) = module(guide).values()
    change = guided_tensors.add_change(image, guide, made - guide)
    return {module.output_name: tf.clip_by_value(change, 0.0, 1.0)}

  spec = tf.TensorSpec(
    [None, None, None, module.channels], tf.float32, name="image"
  )
  return tf.function(translate, input_signature=[spec])


def _write_warm_up(name: str, path: str, example: np.ndarray) -> None:
  """Writes a request for each signature, as TensorFlow Serving logs them."""
  picture = preprocessing.unit_to_uint8(example[0])
  encoded = [tf.io.encode_png(picture).numpy()]
  with tf.io.TFRecordWriter(os.path.join(path, WARM_UP_PATH)) as file:
    for signature, entry, value in (
      (FLOAT_SIGNATURE, "image", example),
      (BYTES_SIGNATURE, BYTES_INPUT, encoded),
    ):
      log = prediction_log_pb2.PredictionLog()
      request = log.predict_log.request
      request.model_spec.name = name
      request.model_spec.signature_name = signature
      request.inputs[entry].CopyFrom(tf.make_tensor_proto(value))
      file.write(log.SerializeToString())
