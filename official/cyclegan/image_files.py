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
"""Finds, reads, resizes and writes image files, without TensorFlow."""

from __future__ import annotations

import contextlib
import glob
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import PIL.Image

from official.cyclegan import config as config_lib

READABLE = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
WRITABLE = (".jpg", ".jpeg", ".png")
_JPEG_QUALITY = 95
_LEVELS_PER_BYTE = 256


def find(where: str, flag: str) -> list[str]:
  """Returns the image files that a file name, glob or folder stands for.

  Args:
    where: A file, a glob pattern or a folder (its sub-folders are left out).
    flag: Name of the flag that holds `where`, for messages.

  Returns:
    Paths in sorted order, at least one.

  Raises:
    config.UserError: If nothing is there, or nothing with an image's ending.
  """
  if os.path.isdir(where):
    found = [str(path) for path in pathlib.Path(where).iterdir()]
  elif os.path.exists(where):
    found = [where]
  else:
    found = glob.glob(where)
  if not found and not os.path.isdir(where):
    raise config_lib.UserError(
      f"--{flag}={where}: no such file, folder or pattern. Check the path."
    )
  images = sorted(p for p in found if p.lower().endswith(READABLE))
  if not images:
    raise config_lib.UserError(
      f"--{flag}={where}: holds no images. Put files ending in"
      f" {' '.join(READABLE)} there."
    )
  return images


def read(path: str) -> np.ndarray:
  """Reads an image file.

  Args:
    path: The file; of an animated one the first frame is taken.

  Returns:
    uint8 `[height, width, 3]`; grey images are repeated to three channels and
    an alpha channel is dropped.

  Raises:
    config.UserError: If the file cannot be read or is no image.
  """
  try:
    with PIL.Image.open(path) as image:
      if image.mode.startswith("I"):  # 16 bits, which Pillow would clip
        high = np.asarray(image).astype(np.int64) // _LEVELS_PER_BYTE
        return np.repeat(high[..., None], 3, axis=-1).astype(np.uint8)
      return np.array(image.convert("RGB"))
  except (
    OSError,
    SyntaxError,
    ValueError,
    PIL.Image.DecompressionBombError,
  ) as error:
    raise config_lib.UserError(unreadable(path, error)) from error


def unreadable(path: str, error: Exception) -> str:
  """Returns what to tell about a file that is no image."""
  return (
    f"{path} cannot be read as an image ({config_lib.first_line(error)})."
    " Replace or remove it."
  )


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Resizes like `preprocessing.resize`, without TensorFlow.

  Args:
    image: `[height, width, channels]`, values in [0, 255].
    height: New height, pixels.
    width: New width, pixels.

  Returns:
    float32 of the new size in [0, 255].
  """
  channels = [
    PIL.Image.fromarray(channel).resize(
      (width, height), PIL.Image.Resampling.BICUBIC
    )
    for channel in np.moveaxis(image.astype(np.float32), -1, 0)
  ]
  return np.clip(np.stack(channels, axis=-1), 0.0, 255.0)


def write(path: str, image: np.ndarray) -> None:
  """Writes an image, whole or not at all.

  Args:
    path: Where to; its ending, one of `WRITABLE`, names the format.
    image: uint8 `[height, width, channels]`, 1 or 3 channels.

  Raises:
    config.UserError: If the file cannot be written, or the ending is unknown.
  """
  ending = pathlib.Path(path).suffix.lower()
  if ending not in WRITABLE:
    raise config_lib.UserError(
      f"{path}: cannot write {ending or 'a file without an ending'}. Use one"
      f" of {' '.join(WRITABLE)}."
    )
  picture = PIL.Image.fromarray(
    image[..., 0] if image.shape[-1] == 1 else image
  )
  with _whole(path) as partial:
    if ending == ".png":
      picture.save(partial, format="PNG")
    else:
      picture.save(partial, format="JPEG", quality=_JPEG_QUALITY)


def write_animation(
  path: str, frames: Sequence[np.ndarray], milliseconds: Sequence[int]
) -> None:
  """Writes an animated GIF that repeats for ever, whole or not at all.

  Args:
    path: Where to.
    frames: uint8 `[height, width, 3]`, all of one size, at least one.
    milliseconds: How long each is shown.

  Raises:
    config.UserError: If the file cannot be written.
  """
  first, *others = [PIL.Image.fromarray(frame) for frame in frames]
  with _whole(path) as partial:
    first.save(
      partial,
      format="GIF",
      save_all=True,
      append_images=others,
      duration=list(milliseconds),
      loop=0,
    )


@contextlib.contextmanager
def _whole(path: str) -> Iterator[str]:
  """Gives a name to write to, which becomes `path` if nothing fails."""
  partial = f"{path}.partial"
  try:
    yield partial
    os.replace(partial, path)
  except OSError as error:
    raise config_lib.UserError(
      f"{path} cannot be written ({error.strerror}). Choose another place or"
      " free some space."
    ) from error


def make_folder(path: str, flag: str) -> None:
  """Creates a folder for output, with its parents.

  Args:
    path: The folder.
    flag: Name of the flag that holds it, for messages.

  Raises:
    config.UserError: If a file is in the way or the place is not writable.
  """
  try:
    os.makedirs(path, exist_ok=True)
  except FileExistsError as error:
    raise config_lib.UserError(
      f"--{flag}={path} is a file. Give a folder, or remove the file."
    ) from error
  except OSError as error:
    raise config_lib.UserError(
      f"--{flag}={path} cannot be created ({error.strerror}). Choose another"
      " folder."
    ) from error
