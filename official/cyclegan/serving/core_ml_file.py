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
"""Writes generators as Core ML packages, for Apple's devices.

coremltools converts on every system, but runs what it has written on macOS
only: elsewhere a package is not compared with the Keras generator.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_convert

# What the report says of a package.
PARITY = "not run: needs macOS"


def require_package() -> None:
  """Makes sure that packages can be written.

  Raises:
    errors.UserError: If coremltools is not installed.
  """
  try:
    with tflite_convert.quiet():  # it says what it lacks to run packages
      importlib.import_module("coremltools")
  except ImportError as error:
    raise errors.UserError(
      "needs the package coremltools: pip install coremltools, or this"
      " package's extra coreml.",
      "format",
      "coreml",
    ) from error


def write(
  module: serving_module.ServingModule, size: int, path: str, description: str
) -> None:
  """Writes an ML program that computes in float16, Core ML's default.

  Args:
    module: The generator; with norms for half precision.
    size: Width and height, pixels.
    path: The package, a folder ending in `.mlpackage`.
    description: Text for it.

  Raises:
    errors.UserError: If coremltools cannot convert it; the message says why.
  """
  require_package()
  coremltools: Any = sys.modules["coremltools"]
  function = module.translate_function([1, size, size, module.channels])
  try:
    with tflite_convert.quiet():
      package = coremltools.convert(
        [function.get_concrete_function()],
        source="tensorflow",
        convert_to="mlprogram",
      )
      package.short_description = description
      package.save(path)
  except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
    raise errors.UserError(
      f": coremltools cannot convert this generator"
      f" ({errors.first_line(error)}). Leave it out.",
      "format",
      "coreml",
    ) from error
