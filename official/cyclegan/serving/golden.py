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
"""Golden files: pictures and what a model makes of them, to test ports with.

Whoever writes an app, in whichever language, runs it on the inputs and compares
its outputs. The pictures are drawn here, so that none of anybody's is handed
on: gradients, edges and noise, without symmetry, so that every mistake shows.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files

FOLDER = "golden"
INDEX = "golden.json"
_FORMAT = 1
_PICTURES = 3
# Up to this size outputs are float32: larger ones would outweigh the models.
_LARGEST_FLOAT = 128
# Height and width of what is kept of translations of wrongly read inputs.
_THUMBNAIL = 16
_ENDINGS = {"float32": "f32", "uint8": "u8"}
_DAMAGED = "Export again."

_Picture = Callable[[np.ndarray], np.ndarray]


class Contract(NamedTuple):
  """What a file takes and gives.

  Attributes:
    model: The file's name.
    signature: Which of its signatures.
    takes: Name of the input tensor.
    gives: Name of the output tensor.
    dtype: `float32` for [0, 1], or `uint8` for [0, 255].
  """

  model: str
  signature: str
  takes: str
  gives: str
  dtype: str


class Case(NamedTuple):
  """A picture and what has to be made of it.

  Attributes:
    name: Of the output without its ending, relative to the folder: `AtoB/0`.
    image: The input, float32 `[size, size, channels]` in [0, 1].
    expected: The output, of the same shape and range.
    misread: By the words for it, thumbnails of what the model makes of the
      input if an app reads it wrongly: float32 `[16, 16, channels]`.
  """

  name: str
  image: np.ndarray
  expected: np.ndarray
  misread: dict[str, np.ndarray]

  @property
  def direction(self) -> str:
    """`AtoB` or `BtoA`."""
    return self.name.split("/")[0]


def pictures(size: int, channels: int) -> np.ndarray:
  """Draws the inputs.

  Args:
    size: Height and width, pixels.
    channels: 1 or 3.

  Returns:
    uint8 `[3, size, size, channels]`, always the same.
  """
  rng = np.random.default_rng(2017)
  y, x = np.mgrid[0:size, 0:size] / size
  # Channels that differ everywhere, and grow darker to the lower right.
  ramp = np.stack([0.9 - 0.6 * x, 0.75 - 0.6 * y, 0.15 + 0.5 * x * y], -1)
  side = max(size // 8, 1)
  blocks = rng.random((8, 8, 3)).repeat(side + 1, 0).repeat(side + 1, 1)
  blocks = blocks[:size, :size] * (1 - 0.5 * y[..., None])
  disc = ((x - 0.35) ** 2 + (y - 0.3) ** 2 < 0.04)[..., None]
  scene = np.where(disc, [0.85, 0.25, 0.1], ramp[..., ::-1] * 0.8)
  scene = scene + 0.06 * np.sin(40 * x + 25 * y)[..., None]
  grain = rng.normal(0.0, 0.03, (3, size, size, 1))
  drawn = np.clip(np.stack([ramp, blocks, scene]) + grain, 0.0, 1.0)
  return np.rint(drawn[..., :channels] * 255).astype(np.uint8)


def misreadings(channels: int, dtype: str) -> dict[str, _Picture]:
  """Returns what apps do wrongly to inputs, by the words for it.

  Args:
    channels: Of the images.
    dtype: As for `Contract`.

  Returns:
    Functions of float32 images in [0, 1] to what the model gets instead.
  """
  found: dict[str, _Picture] = {
    "the input is in linear light, not sRGB": lambda v: v**2.2,
  }
  if channels == 3:
    found["red and blue of the input are exchanged"] = lambda v: v[..., ::-1]
  if dtype == "float32":
    found["the input is in [0, 255] instead of [0, 1]"] = lambda v: v * 255.0
    found["the input is in [-1, 1] instead of [0, 1]"] = lambda v: v * 2.0 - 1.0
  return found


def write(
  folder: str,
  direction: str,
  contract: Contract,
  translate: Callable[[np.ndarray], np.ndarray],
  size: int,
  channels: int,
) -> None:
  """Writes the files of one direction and adds it to the index.

  Args:
    folder: Of all golden files.
    direction: `AtoB` or `BtoA`.
    contract: What the model takes and gives.
    translate: From and to float32 `[1, size, size, channels]` in [0, 1].
    size: Height and width, pixels.
    channels: Of the images.
  """
  os.makedirs(os.path.join(folder, direction), exist_ok=True)
  wrong = misreadings(channels, contract.dtype)
  dtype = contract.dtype if size <= _LARGEST_FLOAT else "uint8"
  cases = []
  for i, levels in enumerate(pictures(size, channels)):
    image = levels.astype(np.float32)[None] / np.float32(255.0)
    made = translate(image)[0]
    thumbnails = [
      thumbnail(translate(change(image).astype(np.float32))[0])
      for change in wrong.values()
    ]
    name = f"{direction}/{i}"
    cases.append(
      {
        "input": _write_image(folder, f"{name}_input", levels, "uint8"),
        "output": _write_image(folder, f"{name}_output", made, dtype),
        "misread": _write_raw(
          folder, f"{name}_misread", np.stack(thumbnails), "uint8"
        ),
      }
    )
  index = os.path.join(folder, INDEX)
  known: dict[str, Any] = {"format": _FORMAT, "about": _ABOUT, "directions": {}}
  if os.path.exists(index):
    known = files.read_json(index, _DAMAGED)
  shape = [1, size, size, channels]
  known["directions"][direction] = {
    "model": contract.model,
    "signature": contract.signature,
    "input": _tensor(contract.takes, contract.dtype, shape),
    "output": _tensor(contract.gives, contract.dtype, shape),
    "misread": list(wrong),
    "cases": cases,
  }
  files.write_json(index, known, "output_dir")


_ABOUT = (
  "Inputs are raw uint8 levels, row by row, the channels of a pixel side by"
  " side; a model whose input is float32 takes level / 255. Outputs are raw"
  " float32, little-endian, in [0, 1], or raw uint8 levels, as dtype says."
  " Compare yours by: python -m official.cyclegan.check_device --golden=THIS"
  " --outputs=YOURS, where files are called as the outputs here, or .png."
)


def _tensor(name: str, dtype: str, shape: Sequence[int]) -> dict[str, Any]:
  return {
    "name": name,
    "shape": list(shape),
    "dtype": dtype,
    "range": [0, 1] if dtype == "float32" else [0, 255],
    "layout": "NHWC",
    "channels": "RGB" if shape[-1] == 3 else "grey",
    "color_space": "sRGB",
  }


def _write_image(
  folder: str, name: str, image: np.ndarray, dtype: str
) -> dict[str, Any]:
  """Writes an image as it is and as PNG; returns its entry."""
  png = f"{name}.png"
  path = os.path.join(folder, png)
  image_files.write(path, _to_levels(image))
  return {
    **_write_raw(folder, name, image, dtype),
    "png": png,
    "png_sha256": files.sha256(path),
  }


def _write_raw(
  folder: str, name: str, values: np.ndarray, dtype: str
) -> dict[str, Any]:
  """Writes numbers without anything around them; returns their entry."""
  stored = _to_levels(values) if dtype == "uint8" else values.astype("<f4")
  raw = f"{name}.{_ENDINGS[dtype]}"
  path = pathlib.Path(folder, raw)
  path.write_bytes(stored.tobytes())
  return {
    "raw": raw,
    "dtype": dtype,
    "shape": list(values.shape),
    "sha256": files.sha256(path),
  }


def _to_levels(image: np.ndarray) -> np.ndarray:
  """Returns uint8 levels of float32 in [0, 1]; levels as they are."""
  if image.dtype == np.uint8:
    return image
  return np.rint(np.clip(image, 0.0, 1.0) * 255).astype(np.uint8)


def thumbnail(image: np.ndarray) -> np.ndarray:
  """Returns means of areas, at most `[16, 16, channels]`.

  Args:
    image: Float `[height, width, channels]`.
  """
  for axis in (0, 1):
    count = min(image.shape[axis], _THUMBNAIL)
    parts = np.array_split(image, count, axis)
    image = np.concatenate([p.mean(axis, keepdims=True) for p in parts], axis)
  return image


def read(folder: str) -> list[Case]:
  """Reads golden files, and makes sure that they are as they were written.

  Args:
    folder: Which `export` wrote: `golden`, or the folder that holds it.

  Raises:
    errors.UserError: If it holds none, or a file is damaged or missing.
  """
  inside = folder
  if not os.path.exists(os.path.join(folder, INDEX)):
    inside = os.path.join(folder, FOLDER)
  try:
    return files.read_json(
      os.path.join(inside, INDEX), _DAMAGED, lambda index: _cases(inside, index)
    )
  except OSError as error:
    raise errors.UserError(
      f"holds no golden files ({error.strerror}). Give the folder `golden` that"
      " export wrote.",
      "golden",
      folder,
    ) from error


def _cases(folder: str, index: Mapping[str, Any]) -> list[Case]:
  if index["format"] != _FORMAT:
    raise errors.UserError(
      "was written by another version. Export again.", "golden", folder
    )
  found = []
  for direction, entry in index["directions"].items():
    for i, case in enumerate(entry["cases"]):
      image, expected, misread = (
        _read_raw(folder, case[part]) for part in ("input", "output", "misread")
      )
      found.append(
        Case(
          f"{direction}/{i}",
          image,
          expected,
          dict(zip(entry["misread"], misread)),
        )
      )
  return found


def _read_raw(folder: str, entry: Mapping[str, Any]) -> np.ndarray:
  """Returns the numbers of an entry as float32 in [0, 1]."""
  # Never out of the folder, whatever the index says.
  parts = pathlib.PurePosixPath(files.text(entry["raw"])).parts
  if len(parts) != 2 or ".." in parts or parts[0] == "/":
    raise ValueError(entry["raw"])
  path = os.path.join(folder, *parts)
  if files.sha256(path) != entry["sha256"]:
    raise errors.UserError(
      f": {path} is not what export wrote. {_DAMAGED}", "golden", folder
    )
  return from_bytes(pathlib.Path(path).read_bytes(), entry["shape"])


def from_bytes(content: bytes, shape: Sequence[int]) -> np.ndarray:
  """Returns raw numbers as float32 in [0, 1].

  Args:
    content: uint8 levels, or little-endian float32, as its length says.
    shape: Of the result.

  Raises:
    ValueError: If the length is neither's.
  """
  count = int(np.prod(shape))
  if len(content) == count:
    values = np.frombuffer(content, np.uint8).astype(np.float32) / 255
  elif len(content) == 4 * count:
    values = np.frombuffer(content, "<f4").astype(np.float32)
  else:
    raise ValueError(
      f"{len(content)} bytes instead of {count} (uint8) or {4 * count}"
      " (float32)"
    )
  return values.reshape(shape)
