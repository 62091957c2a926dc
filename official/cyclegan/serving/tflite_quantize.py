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
"""Quantizes .tflite files with LiteRT's quantizer, in a process of its own.

It runs files in LiteRT, whose C++ code must not meet TensorFlow's in one
process. LiteRT's quantizer takes a float32 file and a recipe, which says for
each kind of operator what becomes of it:

* `int8_mixed`: convolutions have 8-bit weights and activations, whose ranges
  are learnt from pictures; all else, norms above all, stays in float32.
* `int16x8`: the same with 16-bit activations.
* `int4`: convolutions have 4-bit weights, one scale for each output channel;
  depthwise and transposed ones have 8-bit weights. LiteRT has no kernel for
  these two in 4 bits, and one for weights with a scale for each block in fully
  connected layers only. Activations become whole numbers while the file runs,
  as in `dynamic` files.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.serving import tflite_probe

KINDS = ("int4", "int8_mixed", "int16x8")
# Bits of activations of those that learn ranges.
_EMPTY = 1e-6  # of a range of values, in which full scale is about 1
_BITS = {"int8_mixed": 8, "int16x8": 16}
_PACKAGE = "litert_quantizer"
_THREADS = 2
_CONVOLUTIONS = ("CONV_2D", "CONV_2D_TRANSPOSE", "DEPTHWISE_CONV_2D")


class QuantizerFailure(Exception):
  """A file cannot be quantized; the message says why."""


def require_package(quantization: str) -> None:
  """Checks that LiteRT's quantizer is installed.

  Args:
    quantization: One of `KINDS`, which needs it.

  Raises:
    errors.UserError: If it is not.
  """
  if importlib.util.find_spec(_PACKAGE) is None:
    raise errors.UserError(
      ": needs LiteRT's quantizer, which is for Python 3.10 and newer: pip"
      " install litert-quantizer. Or leave it out.",
      "quantization",
      quantization,
    )


def quantize(
  content: bytes,
  quantization: str,
  calibration: Mapping[str, np.ndarray],
) -> bytes:
  """Quantizes a file.

  Args:
    content: A float32 `.tflite` file with inputs called `image`.
    quantization: One of `KINDS`.
    calibration: By signature, for all but `int4`, images: float32
      `[count, size, size, channels]` in [0, 1].

  Raises:
    QuantizerFailure: If it cannot be.
  """
  with files.temporary_folder() as folder:
    given, made = (os.path.join(folder, f"{n}.tflite") for n in ("in", "out"))
    pathlib.Path(given).write_bytes(content)
    images = os.path.join(folder, "images.npz")
    arrays: Any = dict(calibration)  # names, which savez's own types forbid
    np.savez(images, **arrays)
    done = subprocess.run(
      [sys.executable, "-m", __name__, given, made, quantization, images],
      env=tflite_probe.environment(),
      capture_output=True,
      text=True,
      check=False,
    )
    if done.returncode:
      raise QuantizerFailure(tflite_probe.reason(done))
    return pathlib.Path(made).read_bytes()


def _recipe(quantization: str) -> Any:
  """Returns what LiteRT's quantizer is told of a file's operators."""
  from litert_quantizer import qtyping
  from litert_quantizer import recipe_manager

  recipe = recipe_manager.RecipeManager()
  for name in _CONVOLUTIONS:
    operator = qtyping.TFLOperationName(name)
    if quantization in _BITS:
      recipe.add_static_config(".*", operator, _BITS[quantization], 8)
    else:
      recipe.add_dynamic_config(".*", operator, 4 if name == "CONV_2D" else 8)
  return recipe


def _not_empty(
  ranges: Mapping[str, Mapping[str, np.ndarray]],
) -> dict[str, dict[str, np.ndarray]]:
  """Gives what was the same in all pictures a range, as features that are 0.

  A level of nearly 0 asks for factors that XNNPACK refuses.

  Args:
    ranges: By tensor, `min` and `max`.
  """
  return {
    name: {
      **found,
      "max": np.where(
        found["max"] - found["min"] < _EMPTY, found["min"] + 1, found["max"]
      ),
    }
    if {"min", "max"} <= set(found)
    else dict(found)
    for name, found in ranges.items()
  }


def _main(given: str, made: str, quantization: str, images: str) -> None:
  """Quantizes in this process; the arguments are those of the subprocess."""
  from litert_quantizer import calibrator
  from litert_quantizer import quantizer
  from litert_quantizer.utils import qsv_utils

  logging.disable(logging.WARNING)
  recipe = _recipe(quantization)
  tool = quantizer.Quantizer(given, recipe.get_quantization_recipe())
  ranges = None
  if tool.need_calibration:
    # The tool's own way averages the pictures' ranges, and so cuts off what is
    # brightest: 3 to 8 dB less.
    seen = calibrator.Calibrator(
      given,
      num_threads=_THREADS,
      mode=calibrator.CalibrationMode.CALIBRATION_PRESERVE_ALL_TENSORS,
      qsv_update_func=qsv_utils.min_max_update,
    )
    with np.load(images) as calibration:
      seen.calibrate(
        {
          name: [{"image": image[None]} for image in calibration[name]]
          for name in calibration.files
        },
        recipe,
      )
    ranges = _not_empty(seen.get_model_qsvs())
  result = tool.quantize(ranges, enable_progress_report=False)
  pathlib.Path(made).write_bytes(result.quantized_model)


if __name__ == "__main__":
  _main(*sys.argv[1:])
