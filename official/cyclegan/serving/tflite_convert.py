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
"""Converts a generator to a TFLite file, in one of several precisions."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tflite_quantize


def signature_names(sizes: Sequence[int]) -> dict[str, int]:
  """Returns the names of a file's signatures, each with its size.

  Args:
    sizes: Widths and heights, pixels; the first is the default signature's.
  """
  names = [tflite_file.DEFAULT_SIGNATURE, *[f"s{size}" for size in sizes[1:]]]
  return dict(zip(names, sizes))


class Graphs:
  """The SavedModels that files are converted from; each is written once.

  To write one takes as long as to convert it.
  """

  def __init__(self, folder: str) -> None:
    """Keeps them in a folder, which has to stay as long as this is used."""
    self._folder = folder
    self._written: dict[tuple[Any, ...], tuple[str, list[str]]] = {}

  def write(
    self, module: serving_module.ServingModule, sizes: Sequence[int], tile: int
  ) -> tuple[str, list[str]]:
    """Returns a graph's folder and its signatures' names; as `convert`."""
    key = module, tuple(sizes), tile
    if key not in self._written:
      functions = _functions(module, sizes, tile)
      saved = tf.Module()
      saved.variables_ = module.variables
      folder = os.path.join(self._folder, str(len(self._written)))
      tf.saved_model.save(saved, folder, signatures=functions)
      self._written[key] = folder, list(functions)
    return self._written[key]


@contextlib.contextmanager
def graphs() -> Iterator[Graphs]:
  """Yields graphs in a folder that is removed at the end."""
  with files.temporary_folder() as folder:
    yield Graphs(folder)


def _functions(
  module: serving_module.ServingModule, sizes: Sequence[int], tile: int
) -> dict[str, Any]:
  """Returns the functions of a file's signatures, by name."""
  make = module.measured_function if tile else module.translate_function
  functions = {
    name: make([1, size, size, module.channels])
    for name, size in signature_names(sizes).items()
  }
  if tile:
    functions[tflite_file.TILE_SIGNATURE] = module.tile_function(
      [1, tile, tile, module.channels]
    )
  return functions


def convert(
  module: serving_module.ServingModule,
  sizes: Sequence[int],
  quantization: str,
  calibration: Mapping[int, np.ndarray] | None = None,
  tile: int = 0,
  kept: Graphs | None = None,
) -> bytes:
  """Returns a TFLite file for single images of fixed sizes.

  A fixed shape keeps SHAPE and PACK operators, and with them dynamic tensors
  that delegates refuse, out of the graph. The sizes share their weights.

  Args:
    module: The generator.
    sizes: Widths and heights, pixels.
    quantization: One of `config.QUANTIZATIONS`.
    calibration: For `command_config.CALIBRATED`, images of each size: float32
      `[count, size, size, channels]` in [0, 1].
    tile: Width and height of the tiles that another signature takes, pixels;
      0 for none. The others then give the norms' statistics as well. Not with
      `command_config.CALIBRATED`: its ranges would have to hold for tiles too.
    kept: Where graphs are kept for more files of the same module; None: this
      one's is written and removed.

  Raises:
    errors.UserError: If it cannot be converted; the message says why.
  """
  if kept is None:
    with graphs() as kept:
      return convert(module, sizes, quantization, calibration, tile, kept)
  signatures = signature_names(sizes)
  images = _representative(signatures, calibration or {})
  by_tools = quantization in tflite_quantize.KINDS
  folder, names = kept.write(module, sizes, tile)
  converter = tf.lite.TFLiteConverter.from_saved_model(
    folder, signature_keys=names
  )
  try:
    with quiet():
      content = _convert(
        converter, "float32" if by_tools else quantization, images
      )
  except (RuntimeError, ValueError, tf.errors.OpError) as error:
    raise errors.UserError(
      ": TensorFlow cannot convert this generator"
      f" ({errors.first_line(error)}). Leave it out.",
      "quantization",
      quantization,
    ) from error
  if not by_tools:
    return content
  given = calibration or {}
  try:
    return tflite_quantize.quantize(
      content,
      quantization,
      {name: given[n] for name, n in signatures.items() if n in given},
    )
  except tflite_quantize.QuantizerFailure as error:
    raise errors.UserError(
      f": LiteRT's quantizer refuses this generator ({error}). Leave it out.",
      "quantization",
      quantization,
    ) from error


def _convert(
  converter: tf.lite.TFLiteConverter,
  quantization: str,
  images: Callable[[], Iterator[Any]],
) -> bytes:
  """Sets the options that belong to a quantization, and converts."""
  if quantization not in config_lib.QUANTIZATIONS:
    raise AssertionError(f"There is no quantization {quantization!r}.")
  if quantization == "float32":
    return converter.convert()
  # Without more options this is `dynamic`: 8-bit weights, float32 tensors
  # between the operators.
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  if quantization == "float16":
    converter.target_spec.supported_types = [tf.float16]
  if quantization in command_config.CALIBRATED:
    converter.representative_dataset = images
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
  return converter.convert()


def _representative(
  signatures: Mapping[str, int], calibration: Mapping[int, np.ndarray]
) -> Callable[[], Iterator[Any]]:
  """Returns a representative data set: a function that yields inputs."""

  def images() -> Iterator[Any]:
    for name, size in signatures.items():
      for image in calibration[size]:
        inputs = {"image": image[None]}
        # The converter takes the signature's name only where there are several.
        yield inputs if len(signatures) == 1 else (name, inputs)

  return images


@contextlib.contextmanager
def quiet() -> Iterator[None]:
  """Silences C++ code: redirects the descriptors of stdout and stderr.

  What Python warns of meanwhile would be written afterwards: the one warning
  that TensorFlow gives is left out.
  """
  sys.stdout.flush()
  sys.stderr.flush()
  # Not sys.stdout: C++ writes to the descriptors themselves.
  kept = [os.dup(1), os.dup(2)]
  with open(os.devnull, "wb") as nowhere:
    os.dup2(nowhere.fileno(), 1)
    os.dup2(nowhere.fileno(), 2)
    try:
      with tflite_file.without_deprecation():
        yield
    finally:
      os.dup2(kept[0], 1)
      os.dup2(kept[1], 2)
      for descriptor in kept:
        os.close(descriptor)
