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

import tempfile
from collections.abc import Iterator

import numpy as np

from official.cyclegan.core import command_config
from official.cyclegan.core import memory
from official.cyclegan.data import image_files
from official.cyclegan.data import picture_strips
from official.cyclegan.serving import guided_upsampling
from official.cyclegan.serving import image_translator


def translate(
  translator: image_translator.ImageTranslator,
  picture: picture_strips.PictureStrips,
  target: str,
  detail: str,
  texture_scale: float = command_config.TEXTURE_SCALE,
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
  memory.keep_little()
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
    if size == (height, width):
      yield from _tiled(translator, picture)
      return
  small = _thumbnail(translator, picture, size)
  if detail == command_config.TILES:
    maps = image_translator.tile_maps(
      translator, np.rint(small).astype(np.uint8)
    )
  else:
    guide = small / np.float32(255.0)
    change = translator.translate(guide[None])[0] - guide
    maps = guided_upsampling.coefficients(guide, change)
  strips = guided_upsampling.Strips(maps, height, width)
  top = 0
  for strip in _strips(translator, picture):
    yield strips.apply(strip, top)
    top += len(strip)


def _tiled(
  translator: image_translator.ImageTranslator,
  picture: picture_strips.PictureStrips,
) -> Iterator[np.ndarray]:
  """Yields what `image_translator.translate_image` would return.

  The tiles' result waits in a file without a name until all of it is known.
  """
  height, width = picture.height, picture.width
  size = (translator.size, translator.size)
  small = _thumbnail(translator, picture, size)
  guide, whole, statistics = image_translator.measure(translator, small)
  row_bytes = width * translator.channels
  with tempfile.TemporaryFile() as waiting:

    def made() -> Iterator[np.ndarray]:
      for strip in image_translator.translate_strips(
        translator,
        _strips(translator, picture),
        height,
        width,
        statistics,
        levels=True,
      ):
        waiting.write(strip.tobytes())
        yield strip

    made_small = picture_strips.shrunk(made(), height, size) / 255.0
    share = translator.own_detail
    maps = image_translator.correction(guide, whole, made_small, share)
    strips = guided_upsampling.Strips(maps, height, width)
    waiting.seek(0)
    top = 0
    for strip in _strips(translator, picture):
      tiles = np.frombuffer(waiting.read(len(strip) * row_bytes), np.uint8)
      onto = image_translator.textured(strip, tiles.reshape(strip.shape), share)
      yield strips.apply(strip, top, onto)
      top += len(strip)


def _thumbnail(
  translator: image_translator.ImageTranslator,
  picture: picture_strips.PictureStrips,
  size: tuple[int, int],
) -> np.ndarray:
  """Returns a small copy with the generator's channels, in [0, 255]."""
  small = picture_strips.thumbnail(picture, size)
  if translator.channels == 1:
    return image_files.luma(np.rint(small).astype(np.uint8))
  return small


def _strips(
  translator: image_translator.ImageTranslator,
  picture: picture_strips.PictureStrips,
) -> Iterator[np.ndarray]:
  """Yields the picture's strips with the generator's channels."""
  for strip in picture.strips():
    yield image_files.luma(strip) if translator.channels == 1 else strip
