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
"""Runs .tflite files, without TensorFlow where another runtime is installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

# The runtimes of phones and small machines, the newest first.
_RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def open_interpreter(path: str) -> Any:
  """Opens a file with the runtime that is there, TensorFlow's as the last.

  Where TensorFlow is imported already its own runtime is used: two copies of
  the same C++ code in one process are asking for trouble.

  Args:
    path: The file.

  Returns:
    An interpreter with the interface of `tf.lite.Interpreter`.

  Raises:
    ValueError: If it is no such file.
    RuntimeError: If it cannot be run.
  """
  if "tensorflow" not in sys.modules:
    for name in _RUNTIMES:
      try:
        runtime = importlib.import_module(name)
      except ImportError:
        continue
      return runtime.Interpreter(path)
  import tensorflow as tf

  return tf.lite.Interpreter(path)


def runner(path: str) -> Callable[[np.ndarray], np.ndarray]:
  """Loads a file that `export` wrote.

  Args:
    path: The file.

  Returns:
    A function from and to float32 `[1, size, size, channels]` in [0, 1].
  """
  return function(open_interpreter(path).get_signature_runner())


def function(signature: Any) -> Callable[[np.ndarray], np.ndarray]:
  """Returns an interpreter's signature runner as what `runner` returns."""
  (output,) = signature.get_output_details()
  return lambda image: signature(image=image)[output]
