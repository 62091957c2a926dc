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
"""Runs .tflite files in the smallest runtime installed, without TensorFlow."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.metadata
import pathlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from official.cyclegan.core import level_range

# The runtimes of phones and small machines, the newest first, and the packages
# they come in.
_RUNTIMES = {
  "ai_edge_litert.interpreter": "ai-edge-litert",
  "tflite_runtime.interpreter": "tflite-runtime",
}
# Begins the metadata buffer with the levels of deep pictures: two numbers and a
# line's end follow.
LEVELS_NAME, LEVELS_MARK = "CYCLEGAN_INPUT_LEVELS", b"cyclegan input levels: "
# Likewise one for tiles: how far the generator sees, and what sizes must be
# multiples of.
TILES_NAME, TILES_MARK = "CYCLEGAN_TILES", b"cyclegan tiles: "
DEFAULT_SIGNATURE = "serving_default"
TILE_SIGNATURE = "tile"
IMAGE, STATISTICS = "image", "statistics"  # names of tensors
_MAX_SIZE = 8192  # pixels: a picture of them takes 0.8 GB
_OTHERS = "its signatures are others than those that export writes"
# The direction of a file, by the name of its output.
_DIRECTIONS = {"image_B": "AtoB", "image_A": "BtoA"}


@dataclasses.dataclass(frozen=True)
class SignatureSpec:
  """What the signatures of a file that `export` wrote take and give.

  Attributes:
    direction: `AtoB` or `BtoA`.
    sizes: By signature the width and height that it takes, pixels; the default
      signature first.
    channels: Of the images, 1 or 3.
    io: `float01` or `uint8`.
    tile: Width and height that the signature for tiles takes, pixels; 0 if
      there is none.
    statistics: How many numbers the norms' statistics are, which the others
      give and that one takes; 0 if the generator has no instance norms, or
      there is no such signature.
    margin: What to leave out at a tile's borders, pixels; 0 likewise.
    multiple: What the sizes of a picture in tiles must be multiples of, pixels.
  """

  direction: str
  sizes: dict[str, int]
  channels: int
  io: str
  tile: int = 0
  statistics: int = 0
  margin: int = 0
  multiple: int = 1


def open_interpreter(path: str, threads: int | None = None) -> Any:
  """Opens a file in the runtime that is installed, TensorFlow's as the last.

  Where TensorFlow is imported already its own runtime is used: two copies of
  the same C++ code in one process can crash each other.

  Args:
    path: The file.
    threads: Processor threads; None lets the runtime decide.

  Returns:
    An interpreter with the interface of `tf.lite.Interpreter`.

  Raises:
    ValueError: If it is not a .tflite file.
    RuntimeError: If it cannot be run.
  """
  runtime, _ = _find_runtime()
  with without_deprecation():
    try:
      path.encode()
    except UnicodeEncodeError:  # the runtimes take no such name
      content = pathlib.Path(path).read_bytes()
      return runtime.Interpreter(model_content=content, num_threads=threads)
    return runtime.Interpreter(path, num_threads=threads)


@contextlib.contextmanager
def without_deprecation() -> Iterator[None]:
  """Within it TensorFlow does not tell users that its runtime will leave it.

  Files are run in it on purpose where TensorFlow is loaded anyway: another
  runtime beside it takes memory and time.
  """
  with warnings.catch_warnings():
    warnings.filterwarnings(
      "ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated"
    )
    yield


def runtime_name() -> str:
  """Returns the name and version of the runtime that files are opened with."""
  return _find_runtime()[1]


def _find_runtime() -> tuple[Any, str]:
  """Returns a module that has an `Interpreter`, and its name and version."""
  if "tensorflow" not in sys.modules:
    for module, package in _RUNTIMES.items():
      try:
        runtime = importlib.import_module(module)
      except ImportError:
        continue
      return runtime, f"{package} {importlib.metadata.version(package)}"
  import tensorflow as tf

  return tf.lite, f"tensorflow {tf.__version__}"


def signature_spec(interpreter: Any) -> SignatureSpec:
  """Reads what a file's signatures take and give.

  Args:
    interpreter: From `open_interpreter`.

  Raises:
    ValueError: If the file was not written by this package.
  """
  sizes, entry, output = {}, None, ""
  statistics: set[int] = set()
  for name in interpreter.get_signature_list():
    signature = interpreter.get_signature_runner(name)
    inputs = dict(signature.get_input_details())
    outputs = dict(signature.get_output_details())
    # The tile's signature takes what the others give.
    noted = (inputs if name == TILE_SIGNATURE else outputs).pop(STATISTICS, 0)
    if len(inputs) != 1 or len(outputs) != 1:
      raise ValueError(_OTHERS)
    (entry,), (output,) = inputs.values(), outputs
    size = int(entry["shape"][1]) if len(entry["shape"]) == 4 else 0
    allowed = [(1, size, size, channels) for channels in (1, 3)]
    if (
      not 1 <= size <= _MAX_SIZE
      or tuple(entry["shape"]) not in allowed
      or entry["dtype"] not in (np.uint8, np.float32)
    ):
      raise ValueError(_OTHERS)
    sizes[name] = size
    statistics.add(int(np.prod(noted["shape"])) if noted else 0)
  tile = sizes.pop(TILE_SIGNATURE, 0)
  if entry is None or output not in _DIRECTIONS or not sizes:
    raise ValueError(_OTHERS)
  if len(statistics) != 1:
    raise ValueError(_OTHERS)
  return SignatureSpec(
    _DIRECTIONS[output],
    dict(sorted(sizes.items(), key=lambda item: item[0] != DEFAULT_SIGNATURE)),
    int(entry["shape"][3]),
    "uint8" if entry["dtype"] == np.uint8 else "float01",
    tile,
    *statistics,
  )


def tile_numbers(path: str) -> tuple[int, int]:
  """Returns `SignatureSpec.margin` and `multiple` of a file with tiles.

  Args:
    path: A file that `export` wrote.

  Raises:
    OSError: If it cannot be read.
    ValueError: If it has no such numbers.
  """
  content = pathlib.Path(path).read_bytes()
  _, _, rest = content.partition(TILES_MARK)
  margin, multiple = map(int, rest.partition(b"\n")[0].split())
  if not (0 <= margin <= _MAX_SIZE and 1 <= multiple <= _MAX_SIZE):
    raise ValueError("its tiles have an impossible margin")
  return margin, multiple


def input_levels(path: str) -> level_range.LevelRange | None:
  """Returns which levels of deep pictures a file takes for [0, 1].

  Args:
    path: A file that `export` wrote.

  Returns:
    The range in its metadata; None where all of 16 bits count.

  Raises:
    OSError: If it cannot be read.
  """
  content = pathlib.Path(path).read_bytes()
  _, found, rest = content.partition(LEVELS_MARK)
  if not found:
    return None
  return level_range.from_list(rest.partition(b"\n")[0].split())


def load(path: str) -> Callable[[np.ndarray], np.ndarray]:
  """Loads a file that `export` wrote, with its default signature.

  Args:
    path: The file.

  Returns:
    As `translate_function`.

  Raises:
    ValueError: If it is not a .tflite file.
    RuntimeError: If it cannot be run.
  """
  interpreter = open_interpreter(path)
  return translate_function(interpreter.get_signature_runner(DEFAULT_SIGNATURE))


def translate_function(signature: Any) -> Callable[[np.ndarray], np.ndarray]:
  """Returns a signature as a function of images.

  Args:
    signature: An interpreter's signature runner, with float32 input and output
      in [0, 1], or uint8 ones.

  Returns:
    A function from and to float32 `[1, size, size, channels]` in [0, 1]. A
    uint8 signature's values are converted.
  """
  run = measured_function(signature)
  return lambda image: run(image)[0]


def measured_function(
  signature: Any,
) -> Callable[..., tuple[np.ndarray, np.ndarray | None]]:
  """Returns a signature as a function that gives the norms' statistics too.

  Args:
    signature: As for `translate_function`.

  Returns:
    A function that takes images as `translate_function`'s and, of the
    signature for tiles, the statistics; it gives the images and the statistics,
    None where the signature gives none.
  """
  (output,) = [n for n in signature.get_output_details() if n != STATISTICS]
  entry = signature.get_input_details()[IMAGE]
  whole = entry["dtype"] == np.uint8

  def translate(
    image: np.ndarray, *statistics: np.ndarray
  ) -> tuple[np.ndarray, np.ndarray | None]:
    given = np.rint(image * 255.0).astype(np.uint8) if whole else image
    made = signature(image=given, **dict(zip([STATISTICS], statistics)))
    result = made[output]
    if whole:
      result = result.astype(np.float32) / 255.0
    return result, made.get(STATISTICS)

  return translate
