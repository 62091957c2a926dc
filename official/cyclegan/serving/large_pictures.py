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
"""Translates pictures that are larger than memory, strip by strip.

The file is read twice: for a small copy of the whole picture, and for its
pixels. Results are those of `image_translator.translate_image` but for the
small copy, which is made in two steps and differs by rounding.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from official.cyclegan.core import command_config
from official.cyclegan.data import image_files
from official.cyclegan.data import picture_strips
from official.cyclegan.serving import guided_upsampling
from official.cyclegan.serving import image_translator


def translate(
  translator: image_translator.ImageTranslator,
  picture: picture_strips.PictureStrips,
  target: str,
  detail: str,
  texture_scale: float = 0.0,
  quality: int = command_config.TranslateConfig.quality,
) -> None:
  """Translates one picture into a file, whole or not at all.

  Args:
    translator: The generator.
    picture: The picture.
    target: Where to; `picture_strips.can_write` is true of it.
    detail: `guided` or `tiles`, as for `image_translator.translate_image`.
    texture_scale: `TranslateConfig.texture_scale`.
    quality: Of JPEG, 1 to 100.

  Raises:
    errors.UserError: If the picture cannot be read, translated or written.
  """
  picture_strips.write(
    target,
    _translated(translator, picture, detail, texture_scale),
    picture.height,
    picture.width,
    translator.channels,
    quality,
  )


def _translated(
  translator: image_translator.ImageTranslator,
  picture: picture_strips.PictureStrips,
  detail: str,
  texture_scale: float,
) -> Iterator[np.ndarray]:
  """Yields the translated picture's strips, uint8."""
  height, width = picture.height, picture.width
  size = (translator.size, translator.size)
  if detail == command_config.TILES:
    size = image_translator.working_size(
      translator, height, width, texture_scale
    )
  whole = size == (height, width)
  small = picture_strips.thumbnail(
    picture, translator.size if whole else max(translator.size, *size)
  )
  if translator.channels == 1:
    small = image_files.luma(np.rint(small).astype(np.uint8))
  statistics = None
  if detail == command_config.TILES:
    statistics = image_translator.statistics_of(translator, small)
  if whole:
    for strip in image_translator.translate_strips(
      translator, _strips(translator, picture), height, width, statistics
    ):
      yield image_translator.to_levels(strip)
    return
  small = image_files.resize(small, *size)
  guide = small / 255.0
  if detail == command_config.TILES:
    levels = np.rint(small).astype(np.uint8)
    guide = levels / np.float32(255.0)
    translated = np.concatenate(
      list(
        image_translator.translate_strips(
          translator, [levels], *size, statistics
        )
      )
    )
  else:
    translated = translator.translate(guide[None])[0]
  maps = guided_upsampling.coefficients(guide, translated - guide)
  strips = guided_upsampling.Strips(maps, height, width)
  top = 0
  for strip in _strips(translator, picture):
    yield strips.apply(strip, top)
    top += len(strip)


def _strips(
  translator: image_translator.ImageTranslator,
  picture: picture_strips.PictureStrips,
) -> Iterator[np.ndarray]:
  """Yields the picture's strips with the generator's channels."""
  for strip in picture.strips():
    yield image_files.luma(strip) if translator.channels == 1 else strip
