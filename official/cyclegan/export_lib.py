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
"""Turns trained generators into SavedModels and TFLite files, and checks them.

Both take and give RGB float32 in [0, 1], so that an app needs to know nothing
about how the networks were trained.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from official.cyclegan import checkpoints
from official.cyclegan import config as config_lib
from official.cyclegan import dataset
from official.cyclegan import image_files
from official.cyclegan import preprocessing
from official.cyclegan import sources
from official.cyclegan import tflite_file

ImageFunction = Callable[[np.ndarray], np.ndarray]

REPORT_NAME = config_lib.EXPORT_NAME
# Where TensorFlow lets others keep files in a SavedModel.
DETAILS_PATH = os.path.join("assets.extra", "cyclegan.json")
# Largest difference in [0, 1] between what is exported and the Keras
# generator: well below half of an 8-bit level, 1 / 510.
TOLERANCE = 1e-4
_TEST_IMAGES = 20
# Standard deviation of a picture below which it counts as flat, in [-1, 1]:
# two 8-bit levels.
_FLAT = 4 / 255


class Translator(tf.Module):
  """A generator that takes and gives [0, 1], as it is exported."""

  def __init__(self, generator: tf.keras.Model, direction: str):
    """Wraps a generator.

    Args:
      generator: float32 `[batch, height, width, channels]` in [-1, 1].
      direction: `AtoB` or `BtoA`, which names the input and the output.
    """
    super().__init__(name="translator")
    # Only the variables: tracking the Keras model itself would make loading
    # ask for its classes.
    self._variables = generator.variables
    self._generator = _Untracked(generator)
    self._output_name = f"image_{direction[-1]}"

  def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Translates.

    Args:
      image: float32 `[batch, height, width, channels]` in [0, 1].

    Returns:
      One entry, `image_B` or `image_A`, of the same shape in [0, 1].
    """
    translated = self._generator.model(
      preprocessing.unit_to_network(image), training=False
    )
    return {self._output_name: preprocessing.network_to_unit(translated)}

  def function(self, shape: Sequence[int | None]) -> Any:
    """Returns `__call__` traced for images of a shape, as a tf.function."""
    spec = tf.TensorSpec(shape, tf.float32, name="image")
    return tf.function(self.__call__, input_signature=[spec])


class _Untracked:
  """Hides a Keras model from `tf.Module`'s tracking."""

  def __init__(self, model: tf.keras.Model):
    self.model = model


def export(
  model_dir: str,
  output_dir: str,
  directions: Sequence[str] = checkpoints.DIRECTIONS,
  size: int = 0,
  choice: config_lib.Choice = config_lib.DEFAULT_CHOICE,
  data: config_lib.DataConfig | None = None,
) -> dict[str, Any]:
  """Exports the generators of a run and compares them with the originals.

  Writes for each direction `g_AB/` (SavedModel, any batch and size) and
  `g_AB.tflite` (float32, batch 1, one size), and `export.json`. Everything is
  made and checked in a temporary folder first; only what passed is moved to
  `output_dir`.

  Args:
    model_dir: The folder of a run.
    output_dir: Where the files go.
    directions: Which of `AtoB` and `BtoA` to export.
    size: Width and height that the TFLite files take, pixels; 0 means the
      size trained on.
    choice: Which checkpoint, and which of its weights.
    data: Whose test images are compared; None: those of the data set trained
      on.

  Returns:
    What `export.json` holds: for each file its size and its largest
    difference to the Keras generator, in [0, 1].

  Raises:
    config.UserError: If there is no trained model, the size does not suit the
      generator, the folder cannot be written, or a file differs too much.
  """
  config = config_lib.load(model_dir)
  size = size or config.data.crop_size
  config_lib.check_size("size", size, config.model)
  generators = {
    direction: checkpoints.load_generator(model_dir, direction, choice)[0]
    for direction in directions
  }
  image_files.make_folder(output_dir, "output_dir")
  source = sources.open_source(data or config.data, config.model.channels)
  report: dict[str, Any] = {
    "size": size,
    "dataset": source.name,
    "data": dataclasses.asdict(data or config.data),
    "tolerance": TOLERANCE,
    "files": {},
  }
  with tempfile.TemporaryDirectory(dir=output_dir, prefix=".partial_") as made:
    for direction, generator in generators.items():
      images = dataset.first_images(
        source, f"test{direction[0]}", size, _TEST_IMAGES
      )
      report["files"].update(
        _export_generator(generator, direction, size, config, images, made)
      )
    pathlib.Path(made, REPORT_NAME).write_text(
      json.dumps(report, indent=2) + "\n", encoding="utf-8"
    )
    for entry in os.listdir(made):
      _replace(os.path.join(made, entry), os.path.join(output_dir, entry))
  return report


def _export_generator(
  generator: tf.keras.Model,
  direction: str,
  size: int,
  config: config_lib.Config,
  images: np.ndarray,
  folder: str,
) -> dict[str, Any]:
  """Writes and checks one direction's files; returns their entries."""
  name = config_lib.GENERATOR_NAMES[direction]
  translator = Translator(generator, direction)
  saved_model = os.path.join(folder, name)
  _write_saved_model(translator, saved_model, direction, config)
  tflite = f"{saved_model}.tflite"
  with open(tflite, "wb") as file:
    file.write(_convert(translator, size, config.model.channels))

  images = _structured(images)
  unit = images * 0.5 + 0.5
  expected = preprocessing.network_to_unit(
    generator.predict(images, batch_size=1, verbose=0)
  ).numpy()
  entries = {}
  for path, run in (
    (saved_model, saved_model_runner(saved_model)),
    (tflite, tflite_file.runner(tflite)),
  ):
    got = np.concatenate([run(image[None]) for image in unit])
    difference = float(np.max(np.abs(got - expected)))
    if not difference <= TOLERANCE:
      raise config_lib.UserError(
        f"{os.path.basename(path)} differs from the Keras generator by"
        f" {difference:.2g} of full scale, more than {TOLERANCE:g}. Nothing"
        " was written; please report this with the run's config.json."
      )
    entries[os.path.basename(path)] = {
      "bytes": _bytes(path),
      "max_difference": difference,
      "test_images": len(images),
    }
  return entries


def _structured(images: np.ndarray) -> np.ndarray:
  """Leaves out pictures of one colour, unless there are no others.

  Instance normalisation divides by the spread, of which such a picture's maps
  have none but rounding: what comes out differs from one build to another.
  """
  kept = images.std(axis=(1, 2, 3)) > _FLAT
  return images[kept] if kept.any() else images


def _write_saved_model(
  translator: Translator,
  path: str,
  direction: str,
  config: config_lib.Config,
) -> None:
  """Writes a SavedModel that needs nothing but TensorFlow to be loaded."""
  translate = translator.function([None, None, None, config.model.channels])
  module = tf.Module()
  module.variables_ = translator.variables
  module.__call__ = translate
  tf.saved_model.save(module, path, signatures=translate)
  details = pathlib.Path(path, DETAILS_PATH)
  details.parent.mkdir()
  generator_type = config.model.generator_type
  values = {
    "direction": direction,
    "size": config.data.crop_size,
    "channels": config.model.channels,
    "size_multiple": config_lib.SIZE_MULTIPLES[generator_type],
    "minimum_size": config_lib.MINIMUM_SIZES[generator_type],
  }
  details.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _convert(translator: Translator, size: int, channels: int) -> bytes:
  """Returns a float32 TFLite file for one image of a fixed size.

  A fixed shape keeps SHAPE and PACK operators, and with them dynamic tensors
  that delegates refuse, out of the graph.
  """
  translate = translator.function([1, size, size, channels])
  with tempfile.TemporaryDirectory() as folder:
    module = tf.Module()
    module.variables_ = translator.variables
    tf.saved_model.save(module, folder, signatures=translate)
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    with _quiet():
      return converter.convert()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
  """Keeps the converter's operator statistics off the user's screen.

  They are printed by C++ code, so the file descriptors are redirected; what
  was printed is shown after all if the converter fails.
  """
  sys.stdout.flush()
  sys.stderr.flush()
  kept = [os.dup(1), os.dup(2)]
  with tempfile.TemporaryFile() as printed:
    os.dup2(printed.fileno(), 1)
    os.dup2(printed.fileno(), 2)
    try:
      yield
    except Exception:
      printed.seek(0)
      os.write(kept[1], printed.read())
      raise
    finally:
      os.dup2(kept[0], 1)
      os.dup2(kept[1], 2)
      for descriptor in kept:
        os.close(descriptor)


def saved_model_runner(path: str) -> ImageFunction:
  """Loads a SavedModel.

  Args:
    path: Its folder.

  Returns:
    A function from and to float32 `[1, height, width, channels]` in [0, 1].
  """
  loaded = tf.saved_model.load(path)
  signature = loaded.signatures["serving_default"]
  (output,) = signature.structured_outputs
  return lambda image: signature(image=tf.constant(image))[output].numpy()


def _bytes(path: str) -> int:
  """Returns the size of a file, or of all files in a folder."""
  if os.path.isfile(path):
    return os.path.getsize(path)
  return sum(p.stat().st_size for p in pathlib.Path(path).rglob("*"))


def _replace(made: str, target: str) -> None:
  """Moves a file or folder over an older one."""
  if os.path.isdir(target) and not os.path.islink(target):
    shutil.rmtree(target)
  os.replace(made, target)
