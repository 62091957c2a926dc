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
"""Puts a model into use: a folder that whoever serves it reads.

`PUSH_DIR/current.json` names the model in use, and is written last. Each model
is a folder `PUSH_DIR/NUMBER`, which is whole or not there: the SavedModels, the
`.tflite` files, the page and the card. `PUSH_DIR/serving/g_AB/NUMBER` are the
SavedModels again, where TensorFlow Serving looks for them.
"""

from __future__ import annotations

import json
import os
import pathlib
import time
from typing import Any

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.pipeline import work_folders

CURRENT_NAME = "current.json"
SERVING = "serving"
_MARK = "pushed.json"  # in a model's folder


def push(export: str, push_dir: str, model: str) -> dict[str, Any]:
  """Puts an export into use; the same one is not put there twice.

  Args:
    export: The folder that `export` wrote.
    push_dir: Where to.
    model: What identifies it, such as the artifact's address.

  Returns:
    What `current.json` holds: `version`, `model`, `folder`, `pushed` (when).

  Raises:
    errors.UserError: If the folder cannot be written.
  """
  found = current(push_dir)
  if found is not None and found["model"] == model:
    return found
  earlier = _newest(push_dir, model)
  number = earlier or _next(push_dir)
  entry: dict[str, Any] = {
    "version": number,
    "model": model,
    "folder": os.path.join(push_dir, str(number)),
    "pushed": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
  }
  for generator in config_lib.GENERATOR_NAMES.values():
    saved_model = os.path.join(export, generator)
    if tf.io.gfile.exists(os.path.join(saved_model, "saved_model.pb")):
      target = os.path.join(push_dir, SERVING, generator, str(number))
      _put(saved_model, target, None)
  if earlier is None:  # else that start was killed before it could say so
    _put(export, entry["folder"], entry)
  if files.is_address(push_dir):
    _write(os.path.join(push_dir, CURRENT_NAME), entry)
  else:
    files.write_json(pathlib.Path(push_dir, CURRENT_NAME), entry, "push_dir")
  return entry


def current(push_dir: str) -> dict[str, Any] | None:
  """Returns which model is in use, None if there is none.

  Args:
    push_dir: Where models are put.
  """
  return _read(os.path.join(push_dir, CURRENT_NAME))


def _put(source: str, target: str, entry: dict[str, Any] | None) -> None:
  """Copies a folder, whole or not at all where folders can be renamed."""
  if files.is_address(target):
    work_folders.copy(source, target)
    if entry is not None:
      _write(os.path.join(target, _MARK), entry)
    return
  with files.replacing_folder(target, "push_dir") as made:
    work_folders.copy(source, made)
    if entry is not None:
      files.write_json(pathlib.Path(made, _MARK), entry, "push_dir")


def _numbers(push_dir: str) -> list[int]:
  """Returns the numbers of the models that are there."""
  try:
    names = tf.io.gfile.listdir(push_dir)
  except tf.errors.OpError:
    return []
  return sorted(int(n.rstrip("/")) for n in names if n.rstrip("/").isdigit())


def _newest(push_dir: str, model: str) -> int | None:
  """Returns the number of the newest model, if it is this one.

  An older one gets a new number: TensorFlow Serving takes the highest.
  """
  for number in _numbers(push_dir)[-1:]:
    entry = _read(os.path.join(push_dir, str(number), _MARK))
    if entry is not None and entry["model"] == model:
      return number
  return None


def _next(push_dir: str) -> int:
  """Returns a number above all others, as TensorFlow Serving wants it."""
  return max([0, *_numbers(push_dir)]) + 1


def _read(path: str) -> dict[str, Any] | None:
  try:
    with tf.io.gfile.GFile(path) as file:
      return files.object_of(json.loads(file.read()))
  except (tf.errors.OpError, ValueError, TypeError, errors.UserError):
    return None


def _write(path: str, values: dict[str, Any]) -> None:
  with tf.io.gfile.GFile(path, "w") as file:
    file.write(json.dumps(values, indent=2) + "\n")
