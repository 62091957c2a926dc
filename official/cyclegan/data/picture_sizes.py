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
"""How large the pictures of a data set are, before any of them is decoded."""

from __future__ import annotations

import dataclasses
import statistics

from official.cyclegan.core import config as config_lib
from official.cyclegan.data import folders

_LOOKED_AT = 64  # pictures of each domain, about


def fitted(
  asked_for: config_lib.Config, resolved: config_lib.ResolvedConfig
) -> config_lib.Config:
  """Sets how large the pictures of a run are, if nobody says it.

  Args:
    asked_for: What the user asked for.
    resolved: The same, with the size that the time of the run is enough for.

  Returns:
    `asked_for`, with that size instead of a `crop_size` of 0, or the largest of
    `config.PICTURE_SIZES` that most pictures of both domains have.

  Raises:
    errors.UserError: If a folder cannot be read.
  """
  if asked_for.data.crop_size:
    return asked_for
  size, smallest = resolved.data.crop_size, min(config_lib.PICTURE_SIZES)
  # The smallest is taken anyway, without a look at thousands of pictures.
  side = usual_side(asked_for.data) if size > smallest else None
  if side is not None:
    most = min(size, side)
    fitting = (s for s in config_lib.PICTURE_SIZES if s <= most)
    size = max(fitting, default=smallest)
  data = dataclasses.replace(asked_for.data, crop_size=size)
  return dataclasses.replace(asked_for, data=data)


def usual_side(config: config_lib.DataConfig) -> int | None:
  """Returns the length of the shorter side that most training pictures have.

  Args:
    config: `dataset`, or `domain_a` and `domain_b`, and `max_pixels`.

  Returns:
    The smaller one of both domains' medians, pixels, by the headers of some
    pictures of each; None if they are not in folders, or none can be read.

  Raises:
    errors.UserError: If a folder cannot be read.
  """
  # What shows a mistake in a flag at once imports no NumPy, which this does.
  from official.cyclegan.data import image_files

  medians = []
  for folder in folders.training_folders(config):
    images = folders.scan(folder).images
    sides = []
    for path in images[:: max(1, len(images) // _LOOKED_AT)]:
      try:
        info = image_files.inspect(path, config.max_pixels)
      except image_files.UnreadableError:
        continue  # who reads it is told
      sides.append(min(info.width, info.height))
    if sides:
      medians.append(statistics.median_low(sides))
  return min(medians, default=None)
