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
"""The built-in data sets, as TFDS builders that draw their pictures.

Like `cycle_gan/apple2orange` each has the splits `trainA`, `trainB`, `testA`
and `testB`, with the features `image` and `label`. The training splits show
different scenes. The test splits show the same scenes drawn both ways, joined
by the feature `scene`, so that the true translation is known. It is for
evaluation only.
"""

from __future__ import annotations

import concurrent.futures
import functools
import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from official.cyclegan.scenes import fruit_scenes
from official.cyclegan.scenes import painting_scenes

SIZES = (64, 128, 256)  # pixels
TRAIN_SCENES = 800  # in each domain
TEST_SCENES = 200
SEED = 2017

_SPLITS = {
  # split: (domain, number of the stream of scenes, scenes)
  "trainA": ("A", 0, TRAIN_SCENES),
  "trainB": ("B", 1, TRAIN_SCENES),
  "testA": ("A", 2, TEST_SCENES),
  "testB": ("B", 2, TEST_SCENES),
}
_CITATION = """\
@inproceedings{CycleGAN2017,
  title={Unpaired Image-to-Image Translation using Cycle-Consistent
         Adversarial Networks},
  author={Zhu, Jun-Yan and Park, Taesung and Isola, Phillip and Efros, Alexei},
  booktitle={ICCV},
  year={2017}
}"""


class SceneConfig(tfds.core.BuilderConfig):
  """One size of a built-in data set.

  Attributes:
    size: Width and height of the pictures, pixels.
  """

  def __init__(self, size: int):
    super().__init__(
      name=str(size), description=f"Pictures of {size} by {size} pixels."
    )
    self.size = size


# TFDS's classes have no types, so that mypy does not know of their keywords.
class _SceneBuilder(  # type: ignore[call-arg]
  tfds.core.GeneratorBasedBuilder, skip_registration=True
):
  """Base of the built-in data sets: features, splits, drawing in processes."""

  VERSION = tfds.core.Version("1.0.0")
  BUILDER_CONFIGS = [SceneConfig(size) for size in SIZES]
  DESCRIPTION = ""
  HAS_MASK = False
  DRAW: Callable[..., dict[str, np.ndarray]]

  def _info(self) -> tfds.core.DatasetInfo:
    size = self.builder_config.size
    features = {
      "image": tfds.features.Image(shape=(size, size, 3)),
      "label": tfds.features.ClassLabel(names=["A", "B"]),
      "scene": tfds.features.Text(),
    }
    if self.HAS_MASK:
      features["mask"] = tfds.features.Image(shape=(size, size, 1))
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.DESCRIPTION,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=("image", "label"),
      citation=_CITATION,
    )

  def _split_generators(
    self, dl_manager: tfds.download.DownloadManager
  ) -> dict[str, Iterator[tuple[str, dict[str, Any]]]]:
    del dl_manager  # nothing is downloaded
    return {split: self._generate_examples(split) for split in _SPLITS}

  def _generate_examples(
    self, split: str
  ) -> Iterator[tuple[str, dict[str, Any]]]:
    domain, stream, count = _SPLITS[split]
    draw = functools.partial(
      type(self).DRAW, domain=domain, size=self.builder_config.size
    )
    seeds = [(SEED, stream, i) for i in range(count)]
    # New processes rather than forks: TensorFlow's threads do not survive one.
    # They import the module of `DRAW` only, which needs nothing but numpy.
    with concurrent.futures.ProcessPoolExecutor(
      mp_context=multiprocessing.get_context("spawn")
    ) as workers:
      for i, arrays in enumerate(workers.map(draw, seeds, chunksize=10)):
        key = f"{'test' if stream == 2 else split}_{i:04d}"
        yield key, {**arrays, "label": domain, "scene": key}


class Apple2orangeScenes(_SceneBuilder):
  """Scenes with one to three fruits: apples in A, oranges in B."""

  DESCRIPTION = """\
Drawn scenes of one to three fruits on a table, among objects that are no
fruits but may wear their colours. Domain A shows the fruits as apples, domain
B as oranges; everything else is the same in both. `mask` is 255 where either
domain shows a fruit; like the pairing of the test splits it is for evaluation
only."""
  HAS_MASK = True
  DRAW = staticmethod(fruit_scenes.draw)


class Photo2paintingScenes(_SceneBuilder):
  """Landscapes, houses and still lifes: smooth in A, painted in B."""

  DESCRIPTION = """\
Drawn landscapes, houses and still lifes. Domain A renders them smoothly with
a fine natural texture, domain B in one painter's manner: his palette, few
tones, dark contours, strokes that follow the forms, and the canvas. Less than
a twentieth of the mean absolute difference between the two drawings of a scene
is the painter's accident, which no model could predict from A."""
  DRAW = staticmethod(painting_scenes.draw)


def draw_test(
  name: str, domain: str, size: int, scenes: int
) -> Iterator[np.ndarray]:
  """Draws test pictures of a built-in data set at any size.

  Args:
    name: One of `BUILDERS`.
    domain: `A` or `B`; both show the same scenes.
    size: Width and height, pixels.
    scenes: How many, at most `TEST_SCENES`: the first of the test split.

  Yields:
    uint8 `[size, size, 3]`; at one of `SIZES` the data set's own pictures.
  """
  for i in range(min(scenes, TEST_SCENES)):
    _, stream, _ = _SPLITS["testA"]
    yield BUILDERS[name].DRAW((SEED, stream, i), domain=domain, size=size)[
      "image"
    ]


BUILDERS = {
  "apple2orange_scenes": Apple2orangeScenes,
  "photo2painting_scenes": Photo2paintingScenes,
}
