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
"""Finds, reads and writes image files."""

from __future__ import annotations

import concurrent.futures
import contextlib
import glob
import os
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import PIL.Image
import tensorflow as tf

from official.cyclegan import config as config_lib

READABLE = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
WRITABLE = (".jpg", ".jpeg", ".png")
_JPEG_QUALITY = 95
_MAX_NAMED = 5  # broken files that a message names


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


def decode(contents: tf.Tensor) -> tf.Tensor:
  """Decodes a JPEG, PNG, BMP or GIF (first frame); usable in tf.data.

  Args:
    contents: String scalar, the file's bytes.

  Returns:
    uint8 `[height, width, 3]`; grey images are repeated to three channels and
    an alpha channel is dropped.
  """
  image = tf.io.decode_image(contents, channels=3, expand_animations=False)
  return tf.ensure_shape(image, [None, None, 3])


def read(path: str) -> np.ndarray:
  """Reads an image file.

  Args:
    path: The file.

  Returns:
    uint8 `[height, width, 3]`.

  Raises:
    config.UserError: If the file cannot be read or is no image.
  """
  try:
    return decode(tf.io.read_file(path)).numpy()
  except (tf.errors.OpError, ValueError) as error:
    raise config_lib.UserError(
      f"{path} cannot be read as an image ({config_lib.first_line(error)})."
      f" Replace or"
      " remove it."
    ) from error


def check_all(paths: Sequence[str]) -> None:
  """Decodes every file once, so that a broken one is found before training.

  Args:
    paths: Image files.

  Raises:
    config.UserError: If files cannot be read; the message names them.
  """

  def problem(path: str) -> str | None:
    try:
      read(path)
    except config_lib.UserError as error:
      return str(error)
    return None

  with concurrent.futures.ThreadPoolExecutor() as pool:
    broken = [p for p in pool.map(problem, paths) if p]
  if broken:
    more = len(broken) - _MAX_NAMED
    raise config_lib.UserError(
      " ".join(broken[:_MAX_NAMED])
      + (f" (and {more} more broken files)" if more > 0 else "")
    )


def write(path: str, image: np.ndarray) -> None:
  """Writes an image, whole or not at all.

  Args:
    path: Where to; its ending, one of `WRITABLE`, names the format.
    image: uint8 `[height, width, channels]`, 1 or 3 channels.

  Raises:
    config.UserError: If the file cannot be written, or the ending is unknown.
  """
  ending = pathlib.Path(path).suffix.lower()
  if ending == ".png":
    contents = tf.io.encode_png(image)
  elif ending in WRITABLE:
    contents = tf.io.encode_jpeg(image, quality=_JPEG_QUALITY)
  else:
    raise config_lib.UserError(
      f"{path}: cannot write {ending or 'a file without an ending'}. Use one"
      f" of {' '.join(WRITABLE)}."
    )
  with _whole(path) as partial, open(partial, "wb") as file:
    file.write(contents.numpy())


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
