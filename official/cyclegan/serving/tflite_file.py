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
"""Runs .tflite files with the smallest runtime there is, without TensorFlow."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

# The runtimes of phones and small machines, the newest first, and the packages
# they come in.
_RUNTIMES = {
  "ai_edge_litert.interpreter": "ai-edge-litert",
  "tflite_runtime.interpreter": "tflite-runtime",
}
DEFAULT_SIGNATURE = "serving_default"
# The direction of a file, by the name of its output.
_DIRECTIONS = {"image_B": "AtoB", "image_A": "BtoA"}


def open_interpreter(path: str, threads: int | None = None) -> Any:
  """Opens a file with the runtime that is there, TensorFlow's as the last.

  Where TensorFlow is imported already its own runtime is used: two copies of
  the same C++ code in one process are asking for trouble.

  Args:
    path: The file.
    threads: Processor threads; None lets the runtime decide.

  Returns:
    An interpreter with the interface of `tf.lite.Interpreter`.

  Raises:
    ValueError: If it is no such file.
    RuntimeError: If it cannot be run.
  """
  runtime, _ = _find_runtime()
  return runtime.Interpreter(path, num_threads=threads)


def runtime_name() -> str:
  """Returns the name and version of the runtime that files are opened with."""
  return _find_runtime()[1]


def _find_runtime() -> tuple[Any, str]:
  """Returns what has an `Interpreter`, and its name and version."""
  if "tensorflow" not in sys.modules:
    for module, package in _RUNTIMES.items():
      try:
        runtime = importlib.import_module(module)
      except ImportError:
        continue
      return runtime, f"{package} {importlib.metadata.version(package)}"
  import tensorflow as tf

  return tf.lite, f"tensorflow {tf.__version__}"


@dataclasses.dataclass(frozen=True)
class Contract:
  """What a file that `export` wrote takes and gives.

  Attributes:
    direction: `AtoB` or `BtoA`.
    sizes: By signature the width and height that it takes, pixels; the default
      signature first.
    channels: Of the pictures, 1 or 3.
    io: One of `config.IOS`.
  """

  direction: str
  sizes: dict[str, int]
  channels: int
  io: str


def contract(interpreter: Any) -> Contract:
  """Reads what a file takes and gives.

  Args:
    interpreter: From `open_interpreter`.

  Raises:
    ValueError: If it is no file of this package.
  """
  sizes, entry, output = {}, None, ""
  for name in interpreter.get_signature_list():
    signature = interpreter.get_signature_runner(name)
    (entry,) = signature.get_input_details().values()
    (output,) = signature.get_output_details()
    sizes[name] = int(entry["shape"][1])
  if output not in _DIRECTIONS:
    raise ValueError("its signatures are others")
  return Contract(
    _DIRECTIONS[output],
    dict(sorted(sizes.items(), key=lambda i: i[0] != DEFAULT_SIGNATURE)),
    int(entry["shape"][3]),
    "uint8" if entry["dtype"] == np.uint8 else "float01",
  )


def runner(path: str) -> Callable[[np.ndarray], np.ndarray]:
  """Loads a file that `export` wrote.

  Args:
    path: The file.

  Returns:
    What `function` returns, of the default signature.
  """
  interpreter = open_interpreter(path)
  return function(interpreter.get_signature_runner(DEFAULT_SIGNATURE))


def function(signature: Any) -> Callable[[np.ndarray], np.ndarray]:
  """Returns a signature as a function of pictures.

  Args:
    signature: An interpreter's signature runner, with float32 input and output
      in [0, 1], or uint8 ones.

  Returns:
    A function from and to float32 `[1, size, size, channels]` in [0, 1],
    whatever the file takes.
  """
  (output,) = signature.get_output_details()
  (entry,) = signature.get_input_details().values()
  if entry["dtype"] != np.uint8:
    return lambda image: signature(image=image)[output]

  def whole_numbers(image: np.ndarray) -> np.ndarray:
    pixels = np.rint(image * 255.0).astype(np.uint8)
    return signature(image=pixels)[output].astype(np.float32) / 255.0

  return whole_numbers
