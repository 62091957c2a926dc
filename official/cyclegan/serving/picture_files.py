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
"""Translates files of pictures, one by one, into files."""

from __future__ import annotations

import dataclasses

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.data import image_files
from official.cyclegan.data import image_output
from official.cyclegan.data import picture_strips
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import large_pictures


@dataclasses.dataclass(frozen=True)
class PictureFiles:
  """How files of pictures are read, translated and written.

  Attributes:
    translator: The generator.
    detail: As for `image_translator.translate_image`, but not `auto`.
    texture_scale: As there.
    background: Colour behind transparent pictures.
    max_pixels: As for `image_files.read`.
    quality: Of JPEG, WebP and AVIF, 1 to 100.
    keep: What results take over, some of `command_config.KEPT`.
  """

  translator: image_translator.ImageTranslator
  detail: str
  texture_scale: float = 0.0
  background: str = config_lib.DataConfig.background
  max_pixels: int = config_lib.DataConfig.max_pixels
  quality: int = command_config.TranslateConfig.quality
  keep: tuple[str, ...] = ()

  def translate(self, path: str, target: str) -> image_files.Info:
    """Translates a file; very large ones strip by strip.

    Args:
      path: The picture.
      target: Where the result goes, whole or not at all; its ending, one of
        `image_output.ENDINGS`, names the format.

    Returns:
      What is known of the input.

    Raises:
      errors.UserError: If the picture cannot be read or the result not be
        written.
      image_translator.NotFiniteError: If the model gives NaN or infinity.
      image_translator.ModelFailedError: If the model cannot be run.
    """
    info = image_files.inspect(path, self.max_pixels)
    strips = None
    if (
      self.detail in (command_config.GUIDED, command_config.TILES)
      and not self.keep  # which needs the whole picture
      and picture_strips.can_write(target)
    ):
      strips = picture_strips.open_strips(path, self.max_pixels)
    if strips:
      large_pictures.translate(
        self.translator,
        strips,
        target,
        self.detail,
        self.texture_scale,
        self.quality,
      )
      return info
    stretched = self.detail == command_config.STRETCH
    image = image_files.read(
      path,
      self.background,
      levels=self.translator.levels,
      max_pixels=self.max_pixels,
      shrink_to=self.translator.size if stretched else 0,
    )
    translated = image_translator.translate_image(
      self.translator,
      image,
      self.detail,
      (info.height, info.width),
      self.texture_scale,
    )
    kept = image_output.read_kept(path, self.keep)
    image_output.write(target, translated, self.quality, kept)
    return info
