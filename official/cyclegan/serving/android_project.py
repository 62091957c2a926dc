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
"""A ready Android project around the files of an export.

The sources lie in `android/`; an export adds its files, what the app has to
know of them, and pictures of several sizes with what `translate` makes of them,
by which a test on any computer checks the app's own processing.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import string
from collections.abc import Mapping, Sequence

import numpy as np

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import files
from official.cyclegan.serving import golden
from official.cyclegan.serving import image_translator

FOLDER = "android"
OPTIONS = "model.properties"
PICTURES = "pictures.properties"
README = "README.md"
# Below the folder.
ASSETS = "app/src/main/assets"
TEST_PICTURES = "app/src/test/pictures"
DEVICE_TEST = "app/src/androidTest/assets"
MARK = f"{ASSETS}/{OPTIONS}"  # by which a project of ours is known
_SOURCE = pathlib.Path(__file__).absolute().parents[1] / FOLDER
_ENDINGS = (".kt", ".kts", ".md", ".properties", ".xml")
# Kinds of files by how well they suit a processor, and which graphics
# processors take as a whole.
_FOR_PROCESSORS = ("dynamic", "float32", "float16", "int8_mixed")
_FOR_GRAPHICS = ("float16", "float32")


def kinds(quantizations: Sequence[str]) -> tuple[str, str]:
  """Returns which kind of file runs on a processor, and which on graphics ones.

  Args:
    quantizations: Of `config.QUANTIZATIONS`, those that there are.

  Returns:
    A kind each; empty if there is none for graphics processors.
  """
  own = next((q for q in _FOR_PROCESSORS if q in quantizations), "")
  graphics = next((q for q in _FOR_GRAPHICS if q in quantizations), "")
  return own or quantizations[0], graphics


def write_pictures(
  folder: str,
  direction: str,
  translator: image_translator.ImageTranslator,
  detail: str,
) -> None:
  """Writes what the app's processing is compared with.

  Args:
    folder: The project, which need not be there yet.
    direction: `AtoB` or `BtoA`.
    translator: The generator, for the size that the files take.
    detail: What `translate` does to pictures that are larger.
  """
  size = translator.size
  where = pathlib.Path(folder, TEST_PICTURES)
  (where / direction).mkdir(parents=True, exist_ok=True)
  # Neither square nor multiples of anything, but for the first.
  shapes = {
    "same": (size, size),
    "larger": (size * 5 // 4 + 3, size * 3 // 2),
    "smaller": (size // 2 + 1, size // 3 + 2),
  }
  lines = {"names": ",".join(shapes)}
  for i, (name, (height, width)) in enumerate(shapes.items()):
    drawn = golden.pictures(max(height, width), 3)[-1 - i]
    picture = np.ascontiguousarray(drawn[:height, :width])
    seen: list[np.ndarray] = []

    def translate(image: np.ndarray, seen: list[np.ndarray] = seen):
      # Levels, so that the files stay small.
      made = image_translator.to_levels(translator.translate(image))
      seen[:] = [image_translator.to_levels(image), made]
      return made.astype(np.float32) / 255

    whole = image_translator.translate_image(
      dataclasses.replace(translator, translate=translate), picture, detail
    )
    lines[f"{name}.width"], lines[f"{name}.height"] = str(width), str(height)
    of_name = {
      "picture": picture,
      "given": seen[0],
      "made": seen[1],
      "translated": whole,
    }
    for part, values in of_name.items():
      path = where / direction / f"{name}_{part}.u8"
      path.write_bytes(values.tobytes())
  (where / PICTURES).write_text(_properties(lines), encoding="ascii")


def write(
  folder: str,
  exported: str,
  quantizations: Sequence[str],
  details: Mapping[str, str],
  size: int,
  channels: int,
) -> None:
  """Writes a project around the files of an export.

  Args:
    folder: The project, in which `write_pictures` has written.
    exported: The folder with the `.tflite` files and `golden/`.
    quantizations: Their kinds.
    details: By direction what is done to pictures that are larger: `guided` or
      `stretch`.
    size: Width and height that the files take first, pixels.
    channels: Of their images.

  Raises:
    OSError: If it cannot be written.
  """
  for path in sorted(_SOURCE.rglob("*")):
    if path.suffix in _ENDINGS and path.is_file():
      target = pathlib.Path(folder, path.relative_to(_SOURCE))
      target.parent.mkdir(parents=True, exist_ok=True)
      shutil.copyfile(path, target)
  assets = pathlib.Path(folder, ASSETS)
  assets.mkdir(parents=True, exist_ok=True)
  own, graphics = kinds(quantizations)
  lines = {
    "size": str(size),
    "channels": str(channels),
    "directions": ",".join(details),
  }
  rows, sums = [], []
  for direction, detail in details.items():
    stem = config_lib.GENERATOR_NAMES[direction]
    lines[f"{direction}.title"] = " to ".join(direction.split("to"))
    lines[f"{direction}.detail"] = detail
    for place, kind in (("cpu", own), ("gpu", graphics)):
      name = command_config.tflite_name(stem, kind) if kind else ""
      lines[f"{direction}.{place}"] = name
      if name and not (assets / name).exists():
        shutil.copyfile(os.path.join(exported, name), assets / name)
        sums.append(files.sha256(assets / name)[:16])
    rows.append(
      f"| {lines[f'{direction}.title']} | {lines[f'{direction}.cpu']} |"
      f" {lines[f'{direction}.gpu'] or 'none'} | {detail} |"
    )
  # What was found out about a device holds for these files.
  lines["made"] = "-".join(sums)
  (assets / OPTIONS).write_text(_properties(lines), encoding="ascii")
  shutil.copytree(
    os.path.join(exported, golden.FOLDER),
    pathlib.Path(folder, DEVICE_TEST),
    dirs_exist_ok=True,
  )
  readme = pathlib.Path(folder, README)
  text = string.Template(readme.read_text(encoding="utf-8"))
  readme.write_text(
    text.substitute(files="\n".join(rows), size=size), encoding="utf-8"
  )


def detail_of(best: str) -> str:
  """Returns what the app does to large pictures, which knows no tiles.

  Args:
    best: What export found to be best, of `command_config.DETAILS`.
  """
  same = (command_config.STRETCH, command_config.AUTO)
  return command_config.STRETCH if best in same else command_config.GUIDED


def _properties(lines: Mapping[str, str]) -> str:
  """Returns text that java.util.Properties reads; values are plain ASCII."""
  return "".join(f"{name}={value}\n" for name, value in lines.items())
