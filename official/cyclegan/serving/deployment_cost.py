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
"""Latency, MACs and size of a generator once exported, and their limits."""

from __future__ import annotations

import os
import pathlib

import numpy as np

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import search_config
from official.cyclegan.modeling import generators
from official.cyclegan.serving import half_safe_norm
from official.cyclegan.serving import model_cost
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_convert
from official.cyclegan.serving import tflite_edit
from official.cyclegan.serving import tflite_probe

# The costs that can be limited, and the option that holds the limit.
LIMITS = {
  "latency_ms": "max_latency_ms",
  "macs": "max_macs",
  "size_kb": "max_size_kb",
}


class ExceedsLimit(errors.UserError):
  """A generator's cost is above a limit; the message names both."""


def write_fresh(
  model: config_lib.ModelConfig, size: int, quantization: str, path: str
) -> None:
  """Writes the `.tflite` file of a generator with initial weights.

  Args:
    model: Its options.
    size: Width and height of the images, pixels.
    quantization: One of `config.QUANTIZATIONS`, calibrated with noise.
    path: The file.

  Raises:
    errors.UserError: If it cannot be converted.
  """
  generator = generators.build_generator(model)
  if quantization not in command_config.WHOLE_NUMBERS:
    generator = half_safe_norm.half_safe(generator)  # as it is exported
  module = serving_module.ServingModule(generator, "AtoB")
  # A few calibration images of noise do: only cost is measured, not quality.
  shape = (4, size, size, model.channels)
  noise = np.random.default_rng(0).random(shape, np.float32)
  content = tflite_edit.compact(
    tflite_convert.convert(module, [size], quantization, {size: noise})
  )
  pathlib.Path(path).write_bytes(content)


def measure(
  model: config_lib.ModelConfig, size: int, quantization: str
) -> dict[str, float]:
  """Builds a generator with initial weights, exports it and runs it.

  Args:
    model: Its options.
    size: Width and height of the images, pixels.
    quantization: One of `config.QUANTIZATIONS`.

  Returns:
    `latency_ms`, the median for one image on one thread in the runtime
    without TensorFlow; `macs`, `size_kb` (1,000 bytes) and `parameters`.

  Raises:
    errors.UserError: If it cannot be converted or run.
  """
  shape = (1, size, size, model.channels)
  noise = np.random.default_rng(0).random(shape, np.float32)
  with files.temporary_folder() as folder:
    path = os.path.join(folder, "g_AB.tflite")
    write_fresh(model, size, quantization, path)
    try:
      _, found = tflite_probe.run_isolated(path, noise)
    except tflite_probe.RuntimeFailure as error:
      raise errors.UserError(
        f": the file cannot be run ({error}). Use another one.",
        "budget_quantization",
        quantization,
      ) from error
    cost, size_kb = model_cost.read(path), os.path.getsize(path) / 1000
  return {
    "latency_ms": found["milliseconds"]["1"],
    "macs": float(cost.macs),
    "size_kb": size_kb,
    "parameters": float(cost.parameters),
  }


def check(cost: dict[str, float], options: search_config.SearchConfig) -> None:
  """Refuses a generator whose cost is above a limit.

  Args:
    cost: From `measure`.
    options: `max_latency_ms`, `max_macs` and `max_size_kb`; 0: no limit.

  Raises:
    ExceedsLimit: If one of them is exceeded.
  """
  for name, option in LIMITS.items():
    limit = getattr(options, option)  # 0: none
    if limit and cost[name] > limit:
      raise ExceedsLimit(
        f"over budget: {name} {cost[name]:.4g} is above --{option}={limit:.4g}"
      )
