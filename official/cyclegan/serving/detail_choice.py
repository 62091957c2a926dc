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

import dataclasses
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
# Noise of the copies whose mean translation tiles keep to, in [0, 1], and how
# far it may move that mean, relative to how far single copies are from it. It
# was 0.3 to 0.45 of generators whose results it made truer or left alone, and
# 1.9 to 2.4 of those that took it for stains (docs/full-size.md).
_NOISE, _MOVED = 0.08, 0.6
# Of what is finer than the model's pixels at least so much is kept, and the
# number of shares that are tried.
_LEAST_DETAIL, _SHARES = 0.5, 51
_PATCHES = (command_config.STRETCH, command_config.GUIDED, command_config.TILES)


def measure(
  translator: image_translator.ImageTranslator,
  tests: Mapping[int, large_tests.LargeTests],
  others: Mapping[int, large_tests.LargeTests],
) -> dict[str, Any]:
  """Compares the ways on pictures that are larger than the model's size.

  Args:
    translator: The generator, which takes tiles and any size.
    tests: By factor of `FACTORS`, pictures of so many times the model's size.
    others: The same of the domain that it translates to.

  Returns:
    `best`, one of `command_config.DETAILS`; `compared_with`: `truth`, else
    `native`, or nothing without pictures; `pictures`, of one size;
    what `settings` returns; and by factor and way the L1 distance to that and,
    with the truth, the sharpness. Without pictures `guided` is best: sharp, and
    almost for nothing.
  """
  found: dict[str, Any] = {
    "best": command_config.GUIDED,
    "compared_with": "",
    "pictures": 0,
    **settings(translator, tests, others),
    "by_factor": {},
  }
  translator = dataclasses.replace(translator, noise=found["noise"])
  softer = dataclasses.replace(translator, own_detail=found["own_detail"])
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
      # `native` keeps all of the detail, and what has less would only be
      # further from it.
      one = softer if test.truth is not None else translator
      made = translate_all(one, test.images, way)
      by_way[way] = {"l1": paired_metrics.l1(made, truth)}
      if test.truth is not None:
        by_way[way]["sharpness"] = sharpness.sharpness(made, truth)
      totals[way] += by_way[way]["l1"]
  if found["by_factor"]:
    totals[command_config.TILES] /= _WORTH
    found["best"] = min(totals, key=lambda way: totals[way])
  return found


def settings(
  translator: image_translator.ImageTranslator,
  tests: Mapping[int, large_tests.LargeTests],
  others: Mapping[int, large_tests.LargeTests],
) -> dict[str, float]:
  """Returns how a model's tiles are to be made.

  Args:
    translator: As for `measure`.
    tests: As for `measure`.
    others: As for `measure`.

  Returns:
    `noise` and `own_detail`, as of `image_translator.ImageTranslator`.
  """
  found = noise(translator, tests)
  translator = dataclasses.replace(translator, noise=found)
  return {"noise": found, "own_detail": own_detail(translator, tests, others)}


def noise(
  translator: image_translator.ImageTranslator,
  tests: Mapping[int, large_tests.LargeTests],
) -> float:
  """Returns how much noise copies of a picture get.

  Their mean is what a generator makes of a picture whatever the noise. But one
  that cleans pages takes noise for stains: where it moves the mean further than
  copies without noise differ, there is to be none. No truth is needed for that.

  Args:
    translator: As for `measure`.
    tests: As for `measure`.

  Returns:
    A standard deviation in [0, 1]; 0 without pictures.
  """
  moved = differ = 0.0
  (images,) = _largest(tests)
  for image in images:
    clean, noisy = (
      image_translator.changes(
        dataclasses.replace(translator, noise=deviation), image
      )
      for deviation in (0.0, _NOISE)
    )
    mean = np.nanmean(clean, axis=0)
    moved += float(np.abs(np.nanmean(noisy, axis=0) - mean).mean())
    differ += float(np.nanmean(np.abs(clean - mean)))
  return _NOISE if moved < _MOVED * differ else 0.0


def _largest(
  *domains: Mapping[int, large_tests.LargeTests],
) -> list[np.ndarray]:
  """Returns each domain's images of the largest size that all of them have.

  Without such a size there are none in any.
  """
  for factor in sorted(domains[0], reverse=True):
    found = [tests[factor].images for tests in domains]
    if all(map(len, found)):
      return found
  return [np.empty((0, 1, 1, 3), np.uint8) for _ in domains]


def own_detail(
  translator: image_translator.ImageTranslator,
  tests: Mapping[int, large_tests.LargeTests],
  others: Mapping[int, large_tests.LargeTests],
) -> float:
  """Returns how much of a picture's own fine detail tiles are to keep.

  As much as makes the results as sharp as the other domain's pictures of the
  same size, no pairs needed: a painting has less of it than a photograph.

  Args:
    translator: As for `measure`.
    tests: As for `measure`.
    others: As for `measure`.

  Returns:
    From the largest size of which there are pictures of both domains, in
    [0.5, 1]; 1 if there is none.
  """
  images, wanted = _largest(tests, others)
  if not len(images):
    return 1.0
  least = _energy(wanted)
  all_of_it, none = (
    translate_all(
      dataclasses.replace(translator, own_detail=share),
      images,
      command_config.TILES,
    ).astype(np.float32)
    for share in (1.0, 0.0)
  )
  shares = np.linspace(1.0, _LEAST_DETAIL, _SHARES)
  for share in map(float, shares):
    if _energy(none + share * (all_of_it - none)) <= least:
      break
  return round(share, 2)


def _energy(images: np.ndarray) -> float:
  return float(np.mean(sharpness.gradient_energy(images)))


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
