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
"""Whether what was exported can be loaded and used, each file by itself.

Each SavedModel and each `.tflite` file translates a picture in a process of its
own, by the command `translate`: a file that ends the process, or takes all of
the memory, is found as well.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import numpy as np

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.data import image_files
from official.cyclegan.evaluation import image_quality
from official.cyclegan.serving import golden
from official.cyclegan.serving import tflite_probe

_SECONDS = 600  # TensorFlow alone takes ten on a busy machine
_MIN_PSNR = 20.0  # dB, between files of one generator; 8-bit files have 35
_DEFAULT_SIZE = 64  # pixels, of the picture where the export does not say


def check(export: str) -> list[str]:
  """Lets every file of an export translate the same picture.

  Args:
    export: The folder that `export` wrote.

  Returns:
    What is wrong, a sentence each; nothing if all is well. Files of one
    direction whose results are unlike each other are named too.
  """
  found = model_path.locate(export)
  problems = []
  picture = golden.pictures(_size(export), 3)[2]
  with files.temporary_folder() as folder:
    source = os.path.join(folder, "in.png")
    image_files.write(source, picture)
    for direction in config_lib.GENERATOR_NAMES:
      paths = found.exported.get(direction, ())
      made = {}
      for number, path in enumerate(paths):
        target = os.path.join(folder, f"{direction}_{number}.png")
        problem = _translate(path, direction, source, target)
        if problem:
          problems.append(f"{os.path.basename(path)} {problem}")
        else:
          made[path] = image_files.read(target)
      problems += _unlike(made)
  if not found.exported:
    problems.append("there is nothing that translates")
  return problems


def _size(export: str) -> int:
  """Returns the width and height of the pictures that it is made for."""
  try:
    return files.read_json(
      os.path.join(export, config_file.EXPORT_NAME),
      "Export again.",
      lambda report: int(files.number(report["size"])),
    )
  except (OSError, errors.UserError):
    return _DEFAULT_SIZE  # whoever opens the files says what is wrong


def _translate(path: str, direction: str, source: str, target: str) -> str:
  """Returns what is wrong with one file, nothing if all is well."""
  command = [sys.executable, "-m", "official.cyclegan.translate"]
  command += [f"--model={path}", f"--input={source}", f"--output={target}"]
  command += [f"--direction={direction}"]
  try:
    done = subprocess.run(
      command,
      capture_output=True,
      text=True,
      check=False,
      timeout=_SECONDS,
      env=tflite_probe.environment(),
    )
  except subprocess.TimeoutExpired:
    return f"did not end within {_SECONDS} s"
  if done.returncode < 0:
    return f"ended the process (signal {-done.returncode})"
  if done.returncode or not pathlib.Path(target).exists():
    lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
    return f"cannot be used: {lines[-1]}"
  return ""


def _unlike(made: dict[str, np.ndarray]) -> Iterator[str]:
  """Yields which results are unlike the first one."""
  if not made:
    return
  first, *others = made
  for other in others:
    if made[other].shape != made[first].shape:
      found = "has another size"
    else:
      psnr = image_quality.psnr(made[other][None], made[first][None])
      if psnr >= _MIN_PSNR:
        continue
      found = f"is {psnr:.1f} dB away"
    yield (
      f"what {os.path.basename(other)} makes of a picture {found} from what"
      f" {os.path.basename(first)} makes of it"
    )
