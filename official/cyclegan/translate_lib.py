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
"""Translates image files of any size; the results keep it."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import pathlib
import re
import tempfile

import tqdm

from official.cyclegan import old_names
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.serving import image_translator

__getattr__ = old_names.left("translate_lib")


def translate_files(
  model: str,
  inputs: str,
  output: str,
  direction: str,
  scale: str = "fit",
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
  background: str = config_lib.DataConfig.background,
  size: int = 0,
  levels: str = command_config.TranslateConfig.range,
  max_pixels: int = config_lib.DataConfig.max_pixels,
) -> list[str]:
  """Translates image files.

  A file that cannot be read does not keep the others from being translated.

  Args:
    model: As for `image_translator.open_model`.
    inputs: A file, a glob pattern, a folder, or a data set, whose test images
      are translated.
    output: A folder; or, for a single input file, a file ending in one of
      `image_files.WRITABLE`.
    direction: `AtoB` or `BtoA`.
    scale: As for `image_translator.translate_image`.
    selection: As for `image_translator.open_model`.
    background: Colour behind transparent images.
    size: As for `image_translator.open_model`.
    levels: `TranslateConfig.range`.
    max_pixels: As for `image_files.read`.

  Returns:
    The files written, in the order of the inputs. In a folder they keep the
    inputs' names; formats that cannot be written become PNG.

  Raises:
    errors.UserError: If something is missing, or files could not be read; the
      message names them.
  """
  image_files.check_background(background)
  chosen = level_range.parse(
    levels, level_range.MODEL, level_range.FULL, level_range.AUTO
  )
  with contextlib.ExitStack() as stack:
    if _is_dataset(inputs):
      folder = stack.enter_context(tempfile.TemporaryDirectory())
      _write_test_split(inputs, direction, background, folder)
      inputs = folder
    paths = image_files.find(inputs, "input")
    translator = image_translator.open_model(model, direction, selection, size)
    if chosen == level_range.AUTO:
      chosen = image_files.common_range(paths, max_pixels) or level_range.FULL
    if chosen != level_range.MODEL:
      given = chosen if isinstance(chosen, level_range.LevelRange) else None
      translator = dataclasses.replace(translator, levels=given)
    return _translate_found(
      paths, inputs, output, translator, scale, background, max_pixels
    )


def _translate_found(
  paths: list[str],
  inputs: str,
  output: str,
  translator: image_translator.ImageTranslator,
  scale: str,
  background: str,
  max_pixels: int,
) -> list[str]:
  """Translates files that exist; unreadable ones are named at the end."""
  targets = _targets(paths, inputs, output)
  written, problems = [], []
  for path, target in zip(tqdm.tqdm(paths, unit="image"), targets):
    try:
      info = image_files.inspect(path, max_pixels)
      image = image_files.read(
        path,
        background,
        levels=translator.levels,
        max_pixels=max_pixels,
        shrink_to=translator.size if scale == "fit" else 0,
      )
    except errors.UserError as error:
      problems.append(str(error))
      continue
    image_files.write(
      target,
      image_translator.translate_image(
        translator, image, scale, (info.height, info.width)
      ),
    )
    written.append(target)
  if problems:
    raise errors.UserError(
      f"{len(written)} of {len(paths)} pictures were translated. "
      + " ".join(problems)
    )
  return written


def _is_dataset(inputs: str) -> bool:
  """Says whether an input is a data set: a TFDS name, or a folder of splits."""
  if os.path.isdir(inputs):
    # A folder with images of its own is translated as it is.
    names = os.listdir(inputs)
    return folders.TFDS_MARK in names or not any(
      name.lower().endswith(image_files.READABLE) for name in names
    )
  # horse2zebra, cycle_gan/horse2zebra, or a folder at gs://.
  return bool(re.fullmatch(r"\w+(/[\w-]+)?|\w+://.*", inputs))


def _write_test_split(
  inputs: str, direction: str, background: str, folder: str
) -> None:
  """Writes a data set's test images of the domain to be translated."""
  # Imported late: other inputs do not wait for TensorFlow.
  from official.cyclegan.data import sources

  config = config_lib.DataConfig(dataset=inputs, background=background)
  try:
    with errors.given_as(dataset="input"):
      source = sources.open_source(config)
  except errors.UserError as error:
    raise errors.UserError(
      f"is not a picture, a folder of pictures or a data set. {error}",
      "input",
      inputs,
    ) from error
  split = f"test{direction[0]}"  # of the domain translated from
  for i, image in enumerate(source.images(split).as_numpy_iterator()):
    image_files.write(os.path.join(folder, f"{split}_{i:05d}.png"), image)


def _targets(paths: list[str], inputs: str, output: str) -> list[str]:
  """Returns the path of each result; creates the folder."""
  # Of a pattern that matches one file, the output is a folder all the same.
  single = len(paths) == 1 and paths[0] == inputs
  if single and output.lower().endswith(image_files.WRITABLE):
    targets = [output]
    files.make_folder(os.path.dirname(output) or ".", "output")
  else:
    targets = _targets_in_folder(paths, output)
    files.make_folder(output, "output")
  clashes = [
    t for t, count in collections.Counter(targets).items() if count > 1
  ]
  if clashes:
    raise errors.UserError(
      f": several files would be written to {min(clashes)}. Translate one"
      " folder at a time, or rename them.",
      "input",
      inputs,
    )
  for path, target in zip(paths, targets):
    if os.path.exists(target) and os.path.samefile(path, target):
      raise errors.UserError(
        f"would overwrite the input {path}. Choose another folder.",
        "output",
        output,
      )
  return targets


def _targets_in_folder(paths: list[str], output: str) -> list[str]:
  """Returns the path of each result in a folder; some may be the same."""
  names = []
  for path in map(pathlib.Path, paths):
    writable = path.suffix.lower() in image_files.WRITABLE
    names.append(path.name if writable else f"{path.stem}.png")
  counts = collections.Counter(names)
  # a.png and a.tif, or of several folders: the ending tells them apart.
  return [
    os.path.join(output, name if counts[name] == 1 else _full_name(path))
    for path, name in zip(paths, names)
  ]


def _full_name(path: str) -> str:
  """Returns a result's name that keeps the input's ending."""
  name = os.path.basename(path)
  writable = name.lower().endswith(image_files.WRITABLE)
  return name if writable else f"{name}.png"
