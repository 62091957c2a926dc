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
"""Decodes image files once, to find broken ones before training does."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import preprocessing

_MAX_NAMED = 20  # of the files that are left out


def check_all(
  paths: Sequence[str], config: config_lib.DataConfig
) -> dict[str, image_files.Info]:
  """Decodes every file once, so that a broken one is found before training.

  Args:
    paths: Image files.
    config: `background`, and `on_bad_image`: what to do about broken files.

  Returns:
    The readable files' headers, in the order of `paths`. With `skip` the files
    left out are logged.

  Raises:
    errors.UserError: With `fail`, if files cannot be read; the message names
      all of them.
  """
  good, broken = examine(paths, config.background)
  if not broken:
    return good
  if config.on_bad_image == "fail":
    raise refusal(broken, len(paths))
  logging.warning("%d of %d files are left out:", len(broken), len(paths))
  for problem in list(broken.values())[:_MAX_NAMED]:
    logging.warning("  %s", problem)
  if len(broken) > _MAX_NAMED:
    logging.warning("  and %d more.", len(broken) - _MAX_NAMED)
  return good


def refusal(broken: dict[str, str], count: int) -> errors.UserError:
  """Returns the error about files that cannot be read, which names them all.

  Args:
    broken: What is wrong with each of them.
    count: How many files there are with the readable ones.
  """
  return errors.UserError(
    " ".join(broken.values()) + f" {len(broken)} of {count} files are such;"
    " --on_bad_image=skip leaves them out."
  )


def examine(
  paths: Sequence[str],
  background: str,
  see: Callable[[str, np.ndarray | None], None] | None = None,
) -> tuple[dict[str, image_files.Info], dict[str, str]]:
  """Decodes image files, several at a time, as training would.

  Args:
    paths: Image files.
    background: Colour behind transparent pictures.
    see: Called with each path and its image, uint8 `[height, width, 3]`, or
      None for a broken file; from several threads.

  Returns:
    The readable files' headers, and what is wrong with each of the others, both
    in the order of `paths`.
  """

  def look(path: str) -> image_files.Info | str:
    image = None
    try:
      info = image_files.inspect(path)
      if info.plain:
        with open(path, "rb") as file:
          image = preprocessing.decode_jpeg(file.read()).numpy()
      else:
        image = image_files.read(path, background)
    except errors.UserError as error:
      return str(error)
    except (tf.errors.OpError, OSError) as error:
      return image_files.unreadable(path, error)
    finally:
      if see:
        see(path, image)
    return info

  with concurrent.futures.ThreadPoolExecutor() as pool:
    found = dict(zip(paths, pool.map(look, paths)))
  good = {p: f for p, f in found.items() if isinstance(f, image_files.Info)}
  return good, {p: f for p, f in found.items() if isinstance(f, str)}
