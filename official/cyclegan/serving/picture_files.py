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
from collections.abc import Sequence

import numpy as np

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import image_output
from official.cyclegan.data import picture_strips
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import large_pictures

# Errors that are no matter of one picture.
_OF_THE_MODEL = (
  image_translator.NotFiniteError,
  image_translator.ModelFailedError,
)


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
  texture_scale: float = command_config.TEXTURE_SCALE
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
    if self._translate_strips(path, target):
      return info
    translated = image_translator.translate_image(
      self.translator,
      self._read(path),
      self.detail,
      (info.height, info.width),
      self.texture_scale,
    )
    self._write(path, target, translated)
    return info

  def translate_together(
    self, pairs: Sequence[tuple[str, str]]
  ) -> list[Exception | None]:
    """Translates files, those that fit into memory in one call of the model.

    Args:
      pairs: Of each its path and target, as for `translate`.

    Returns:
      For each what is wrong with it; None if its result is written.

    Raises:
      image_translator.NotFiniteError: If the model gives NaN or infinity.
      image_translator.ModelFailedError: If the model cannot be run.
    """
    failed: list[Exception | None] = [None] * len(pairs)
    waiting: list[tuple[int, np.ndarray, tuple[int, int]]] = []
    for i, (path, target) in enumerate(pairs):
      try:
        info = image_files.inspect(path, self.max_pixels)
        if not self._translate_strips(path, target):
          size = info.height, info.width
          waiting.append((i, self._read(path), size))
      except _OF_THE_MODEL:
        raise
      except (errors.UserError, OSError) as error:
        failed[i] = error
    made = image_translator.translate_images(
      self.translator,
      [image for _, image, _ in waiting],
      self.detail,
      [size for _, _, size in waiting],
      self.texture_scale,
    )
    for (i, _, _), translated in zip(waiting, made):
      try:
        self._write(*pairs[i], translated)
      except (errors.UserError, OSError) as error:
        failed[i] = error
    return failed

  def _translate_strips(self, path: str, target: str) -> bool:
    """Translates a very large file strip by strip; says whether it is one."""
    if (
      self.detail not in (command_config.GUIDED, command_config.TILES)
      or self.keep  # which needs the whole picture
      or not picture_strips.can_write(target)
    ):
      return False
    strips = picture_strips.open_strips(path, self.max_pixels)
    if not strips:
      return False
    large_pictures.translate(
      self.translator,
      strips,
      target,
      self.detail,
      self.texture_scale,
      self.quality,
    )
    return True

  def _read(self, path: str) -> np.ndarray:
    """Returns a picture as the translator takes it."""
    stretched = self.detail == command_config.STRETCH
    return image_files.read(
      path,
      self.background,
      levels=self.translator.levels,
      max_pixels=self.max_pixels,
      shrink_to=self.translator.size if stretched else 0,
    )

  def _write(self, path: str, target: str, translated: np.ndarray) -> None:
    """Writes a result, with what is kept of its picture."""
    kept = image_output.read_kept(path, self.keep)
    image_output.write(target, translated, self.quality, kept)
