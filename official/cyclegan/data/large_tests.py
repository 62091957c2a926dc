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
"""Test pictures at sizes above those trained on, where there are such."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import preprocessing
from official.cyclegan.data import sources
from official.cyclegan.scenes import scene_datasets

# Of how many pictures that are no files of their own the size is looked at.
_LOOKED_AT = 50


@dataclasses.dataclass(frozen=True)
class LargeTests:
  """Pictures of one domain and size.

  Attributes:
    images: uint8 `[count, size, size, channels]`; none if there are no large
      enough ones.
    truth: The right translations, of the same shape; None if unknown.
  """

  images: np.ndarray
  truth: np.ndarray | None

  def exchanged(self) -> LargeTests | None:
    """Returns those of the other domain; None if the truth is unknown."""
    if self.truth is None:
      return None
    return LargeTests(self.truth, self.images)


def load(
  source: sources.Source, domain: str, size: int, count: int, channels: int = 3
) -> LargeTests:
  """Reads, or draws, test pictures that have no fewer pixels than asked for.

  Args:
    source: The data set. The built-in ones are drawn anew at this size.
    domain: `A` or `B`.
    size: Width and height, pixels.
    count: How many, at most.
    channels: 3, or 1 for grey pictures.

  Returns:
    The first of the test split whose shorter side is not below `size`; resized
    and cropped to it in the middle.
  """
  name = source.name.partition("/")[0]
  other = "B" if domain == "A" else "A"
  if name in scene_datasets.BUILDERS:
    images, truth = (
      list(scene_datasets.draw_test(name, d, size, count))
      for d in (domain, other)
    )
  else:
    images, truth = [], []
    for pair in _pairs(source, domain, other):
      if len(images) == count:
        break
      if min(min(picture.shape[:2]) for picture in pair) >= size:
        images.append(_square(pair[0], size))
        truth.append(_square(pair[-1], size))
  if not images:
    return LargeTests(np.empty((0, size, size, channels), np.uint8), None)
  shown = [_in_channels(np.stack(x), channels) for x in (images, truth)]
  return LargeTests(shown[0], shown[1] if source.paired else None)


def _pairs(
  source: sources.Source, domain: str, other: str
) -> Iterator[tuple[np.ndarray, ...]]:
  """Yields test pictures, uint8; of a paired data set with their truth."""
  splits = [f"test{domain}"] + ([f"test{other}"] if source.paired else [])
  if not source.split_files:
    yield from zip(
      *(
        source.images(split).take(_LOOKED_AT).as_numpy_iterator()
        for split in splits
      )
    )
    return
  for paths in zip(*(source.split_files[split] for split in splits)):
    try:
      # Not by the source: it reads JPEGs no larger than training needs them.
      yield tuple(
        image_files.read(path, levels=source.level_ranges.get(split[-1]))
        for path, split in zip(paths, splits)
      )
    except errors.UserError:
      continue  # it cannot be read any more


def _square(image: np.ndarray, size: int) -> np.ndarray:
  """Returns the middle of a picture, as large as can be, at a size."""
  side = min(image.shape[:2])
  top, left = ((n - side) // 2 for n in image.shape[:2])
  middle = image[top : top + side, left : left + side]
  return image_files.resize_to_levels(middle, size, size)


def _in_channels(images: np.ndarray, channels: int) -> np.ndarray:
  return np.asarray(preprocessing.to_channels(images, channels))
