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
"""Measures which way of keeping detail suits a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from official.cyclegan.core import command_config
from official.cyclegan.data import large_tests
from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.evaluation import sharpness
from official.cyclegan.serving import image_translator

# Times the model's size at which is measured.
FACTORS = (2, 4)
# Tiles take many times as long: they have to be better by as much.
_WORTH = 0.98
_PATCHES = (command_config.STRETCH, command_config.GUIDED, command_config.TILES)


def measure(
  translator: image_translator.ImageTranslator,
  tests: Mapping[int, large_tests.LargeTests],
) -> dict[str, Any]:
  """Compares the ways on pictures that are larger than the model's size.

  Args:
    translator: The generator, which takes tiles and any size.
    tests: By factor of `FACTORS`, pictures of so many times the model's size.

  Returns:
    `best`, one of `command_config.DETAILS`; `compared_with`: `truth`, else
    `native`, or nothing without pictures; `pictures`, of one size; and by
    factor and way the L1 distance to that and, with the truth, the sharpness.
    Without pictures `guided` is best: sharp, and almost for nothing.
  """
  found: dict[str, Any] = {
    "best": command_config.GUIDED,
    "compared_with": "",
    "pictures": 0,
    "by_factor": {},
  }
  totals = dict.fromkeys(_PATCHES, 0.0)
  for factor, test in tests.items():
    if not len(test.images):
      continue
    truth = test.truth
    found["compared_with"] = "truth" if truth is not None else "native"
    found["pictures"] = len(test.images)
    if truth is None:
      truth = translate_all(translator, test.images, command_config.NATIVE)
    by_way = found["by_factor"][str(factor)] = {}
    for way in _PATCHES:
      made = translate_all(translator, test.images, way)
      by_way[way] = {"l1": paired_metrics.l1(made, truth)}
      if test.truth is not None:
        by_way[way]["sharpness"] = sharpness.sharpness(made, truth)
      totals[way] += by_way[way]["l1"]
  if found["by_factor"]:
    totals[command_config.TILES] /= _WORTH
    found["best"] = min(totals, key=lambda way: totals[way])
  return found


def translate_all(
  translator: image_translator.ImageTranslator,
  images: np.ndarray,
  detail: str,
  texture_scale: float = command_config.TEXTURE_SCALE,
) -> np.ndarray:
  """Translates pictures one by one.

  Args:
    translator: The generator.
    images: uint8 `[count, height, width, channels]`.
    detail: One of `command_config.DETAILS`.
    texture_scale: `TranslateConfig.texture_scale`.

  Returns:
    uint8 of the same shape.
  """
  made = []
  for image in images:
    shown = np.repeat(image, 3, -1) if image.shape[-1] == 1 else image
    made.append(
      image_translator.translate_image(
        translator, shown, detail, texture_scale=texture_scale
      )
    )
  return np.stack(made)
