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
"""Measures translators on a test split: errors, distances, cycle, identity.

Each measure is of one direction, and then the mean of both; smaller is better
in all but `edge_correlation`:

* `relative_l1`: mean absolute difference to the truth, relative to doing
  nothing (`paired_metrics.relative_l1`), where the truth is known;
  `masked_relative_l1`: that error inside the mask of where the change belongs,
  where the mask is known too.
* `fid_random`, `kid_random`: Fréchet and kernel distance between translations
  and real pictures of the other domain, on the features of
  `features.random_features`.
* `swd`: sliced Wasserstein distance between translations and real pictures, on
  normalised patches of Laplacian pyramids, the mean of the levels (Karras et
  al., "Progressive Growing of GANs", 2018, section 5).
* `fid_patches`: Fréchet distance between those patches, the geometric mean
  of all levels but the finest. It compares which textures and contours occur,
  at which sizes, and leaves the strength of each colour channel aside. Of all
  measures without truth it ranks trained models most like the truth does
  (`docs/tuning.md`).
* `cycle_l1`: mean absolute difference between a picture and its reconstruction
  (CycleGAN paper, eq. 2), in [0, 1].
* `identity_l1`: mean absolute difference between a picture and what the
  generator to its own domain makes of it (section 5.2), in [0, 1].
* `edge_correlation`: how much of a picture's edges its translation keeps; 1 is
  all. `image_quality` has the definition.
* `grid`: how strong a pattern that repeats itself every four pixels has become
  where the input is flat, at the worst place, in levels of 255.

* `nearest_ratio`: how far from the most similar of the real pictures compared
  with, relative to how far other real pictures are (`Evaluator.nearest`).

The real pictures compared with are those of the training split, which show
other scenes than the test pictures translated.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import search_config
from official.cyclegan.data import dataset
from official.cyclegan.data import preprocessing
from official.cyclegan.data import read_errors
from official.cyclegan.data import sources
from official.cyclegan.evaluation import distribution_distance
from official.cyclegan.evaluation import features
from official.cyclegan.evaluation import image_quality
from official.cyclegan.evaluation import paired_metrics

# From and to float32 [count, height, width, channels] in [0, 1].
Translate = Callable[[np.ndarray], np.ndarray]

MAX_REFERENCES = 1000  # of each domain
_BATCH = 20
_SAME = 1e-2  # of a usual distance: what rounding may add to none


@dataclasses.dataclass(frozen=True)
class TestSet:
  """Pictures of both domains, in the size that the networks take.

  Attributes:
    images: By domain, uint8 `[count, size, size, channels]` to be translated.
    references: By domain, uint8 `[count, size, size, channels]`, real pictures
      to compare with.
    paired: Whether `images` of both show the same scenes in the same order.
    mask: bool `[count, size, size]`, where the change belongs, or None.
  """

  images: dict[str, np.ndarray]
  references: dict[str, np.ndarray]
  paired: bool = False
  mask: np.ndarray | None = None


def load(
  source: sources.Source,
  size: int,
  max_images: int = command_config.EvaluateConfig.max_images,
  reference: str = command_config.EvaluateConfig.reference,
) -> TestSet:
  """Reads the pictures of a data set.

  Args:
    source: The data set.
    size: Width and height, pixels.
    max_images: How many pictures of each domain are translated, the first
      ones of its test split.
    reference: `train` or `test`, the split to compare with; at most
      `MAX_REFERENCES` pictures of each domain.

  Returns:
    The pictures; their number may differ between the domains.
  """

  def read(split: str, count: int) -> np.ndarray:
    return preprocessing.network_to_uint8(
      dataset.first_images(source, split, size, count)
    )

  mask = None
  if source.load_masks:
    masks = source.load_masks().take(max_images)
    prepared = masks.map(lambda mask: source.prepare(mask, size))
    with read_errors.explained(source):
      mask = np.stack(list(prepared.as_numpy_iterator()))[..., 0] > 0
  return TestSet(
    {domain: read(f"test{domain}", max_images) for domain in "AB"},
    {domain: read(f"{reference}{domain}", MAX_REFERENCES) for domain in "AB"},
    source.paired,
    mask,
  )


def check_metric(option: str, metric: str, source: sources.Source) -> None:
  """Refuses a measure that a data set cannot give.

  Args:
    option: Name of the option that asks for it, for messages.
    metric: One of `config.METRICS`.
    source: The data set.

  Raises:
    errors.UserError: If the truth, or where the change belongs, is unknown.
  """
  if metric.endswith("relative_l1") and not source.paired:
    raise errors.UserError(
      f": the truth of {source.name} is unknown. Use"
      f" {search_config.DEFAULT_OBJECTIVE}, or --paired if test pictures of the"
      " same name show the same thing.",
      option,
      metric,
    )
  if metric == "masked_relative_l1" and source.load_masks is None:
    raise errors.UserError(
      f": where the change of {source.name} belongs is unknown. Use"
      " relative_l1.",
      option,
      metric,
    )


class Evaluator:
  """Measures translators on one test set.

  What does not depend on the translator, such as features of the real pictures,
  is computed once.

  Attributes:
    test_set: The pictures.
  """

  def __init__(
    self, test_set: TestSet, inception: features.Extractor | None = None
  ):
    """Sets what to measure on.

    Args:
      test_set: The pictures.
      inception: A further extractor, for `fid_inception` and
        `kid_inception`; None leaves them out.
    """
    self.test_set = test_set
    self._extractors: dict[str, features.Extractor] = {
      "random": features.random_features
    }
    if inception:
      self._extractors["inception"] = inception
    # By domain; the pictures compared with are described only once.
    self._reference = functools.cache(self._describe_reference)

  def measure(self, g_AB: Translate, g_BA: Translate) -> dict[str, float]:
    """Returns the means of both directions' measures, as `mean_of_both`.

    Args:
      g_AB: From A to B.
      g_BA: From B to A.
    """
    by_direction = {
      "AtoB": self.measure_direction("AtoB", g_AB, g_BA),
      "BtoA": self.measure_direction("BtoA", g_BA, g_AB),
    }
    return mean_of_both(by_direction)

  def measure_direction(
    self, direction: str, forward: Translate, backward: Translate | None
  ) -> dict[str, float]:
    """Measures one translator.

    Args:
      direction: `AtoB` or `BtoA`.
      forward: The translator in that direction.
      backward: The translator in the other direction; None leaves `cycle_l1`
        out.

    Returns:
      The measures by name.
    """
    translated = translate_all(forward, self.test_set.images[direction[0]])
    return {
      **self.measure_translations(
        direction, preprocessing.unit_to_uint8(translated)
      ),
      **self.cycle_and_identity(direction, translated, forward, backward),
    }

  def cycle_and_identity(
    self,
    direction: str,
    translated: np.ndarray,
    forward: Translate,
    backward: Translate | None,
  ) -> dict[str, float]:
    """Measures what needs the translators themselves.

    Args:
      direction: `AtoB` or `BtoA`.
      translated: float32 in [0, 1], what `forward` made of the test set's
        images.
      forward: The translator in that direction.
      backward: The translator in the other direction; None leaves `cycle_l1`
        out.

    Returns:
      `cycle_l1` and `identity_l1`.
    """
    measures = {}
    if backward:
      restored = preprocessing.unit_to_uint8(
        translate_all(backward, translated)
      )
      real = self.test_set.images[direction[0]]
      measures["cycle_l1"] = paired_metrics.l1(restored, real)
    # Pictures of the target domain should stay as they are.
    target = self.test_set.images[direction[-1]]
    same = preprocessing.unit_to_uint8(translate_all(forward, target))
    measures["identity_l1"] = paired_metrics.l1(same, target)
    return measures

  def measure_translations(
    self, direction: str, translated: np.ndarray
  ) -> dict[str, float]:
    """Measures translations, of a model or of a baseline.

    Args:
      direction: `AtoB` or `BtoA`.
      translated: uint8, what became of the test set's images of the first
        domain.

    Returns:
      All measures but `cycle_l1` and `identity_l1`.
    """
    real = self.test_set.images[direction[0]]
    return {
      **self._errors(direction, translated),
      **self._feature_distances(direction[-1], translated),
      **self._patch_distances(direction[-1], translated),
      "edge_correlation": image_quality.edge_correlation(real, translated),
      "grid": image_quality.grid_strength(real, translated),
    }

  def nearest(
    self, direction: str, translated: np.ndarray
  ) -> tuple[np.ndarray, dict[str, float]]:
    """Looks for the real pictures that translations are most like.

    Args:
      direction: `AtoB` or `BtoA`.
      translated: uint8, what became of the test set's images of the first
        domain.

    Returns:
      Of each translation the nearest of `references` of the target domain,
      uint8 like `translated`; and `nearest_ratio`: how far away it is, the
      median of all, relative to how far real test pictures of that domain are
      from theirs. Far below 1, pictures are copied. The ratio is left out where
      real test pictures are the references.
    """
    domain = direction[-1]
    references = self.test_set.references[domain]
    described = self._reference(domain)[0]["random"]
    vectors = _one_vector_each(described, len(references))
    # Rectifiers make many features that are nearly always 0: what seldom
    # differs must not outweigh the rest when it does.
    spread = np.std(vectors, axis=0)
    scale = np.maximum(spread, np.mean(spread) or 1.0)

    def look_up(images: np.ndarray) -> np.ndarray:
      found = _one_vector_each(features.random_features(images), len(images))
      return _distances(found / scale, vectors / scale)

    apart = look_up(translated)
    of_real = look_up(self.test_set.images[domain])
    usual = float(np.median(np.min(of_real, axis=1)))
    measures = {}
    if usual > _SAME * float(np.median(of_real)):
      nearest = float(np.median(np.min(apart, axis=1)))
      measures["nearest_ratio"] = nearest / usual
    return references[np.argmin(apart, axis=1)], measures

  def _errors(self, direction: str, translated: np.ndarray) -> dict[str, float]:
    """Returns the errors against the truth, where it is known."""
    if not self.test_set.paired:
      return {}
    real, truth = (
      self.test_set.images[d] for d in (direction[0], direction[-1])
    )
    found = {"relative_l1": paired_metrics.relative_l1(translated, real, truth)}
    if self.test_set.mask is not None:
      found["masked_relative_l1"] = paired_metrics.relative_l1(
        translated, real, truth, self.test_set.mask
      )
    return found

  def _feature_distances(
    self, domain: str, translated: np.ndarray
  ) -> dict[str, float]:
    """Returns FID and KID to the real pictures of the target domain."""
    distances: dict[str, float] = {}
    described, _ = self._reference(domain)
    for name, extract in self._extractors.items():
      found = extract(translated)
      if min(len(found), len(described[name])) < 2:
        continue  # a single picture has no spread
      distances[f"fid_{name}"] = distribution_distance.fid(
        found, described[name]
      )
      mean, deviation = distribution_distance.kid(found, described[name])
      distances[f"kid_{name}"] = mean
      distances[f"kid_{name}_std"] = deviation
    return distances

  def _patch_distances(
    self, domain: str, translated: np.ndarray
  ) -> dict[str, float]:
    """Returns distances of patches to those of the target domain."""
    _, patches = self._reference(domain)
    levels = list(zip(features.laplacian_patches(translated), patches))
    coarse = levels[1:] or levels  # of tiny pictures there is one level only
    distances = [distribution_distance.fid(a, b) for a, b in coarse]
    return {
      "fid_patches": float(np.prod(distances) ** (1 / len(distances))),
      "swd": float(
        np.mean([distribution_distance.sliced_wasserstein(*p) for p in levels])
      ),
    }

  def _describe_reference(
    self, domain: str
  ) -> tuple[dict[str, np.ndarray], Sequence[np.ndarray]]:
    """Returns features and patches of the real pictures of a domain."""
    real = self.test_set.references[domain]
    described = {name: f(real) for name, f in self._extractors.items()}
    return described, features.laplacian_patches(real)


def _one_vector_each(described: np.ndarray, count: int) -> np.ndarray:
  """Returns the features of all places of a picture behind each other."""
  return described.reshape(count, -1).astype(np.float64)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
  """Returns the Euclidean distances of all vectors, `[of a, of b]`."""
  squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * (a @ b.T)
  return np.sqrt(np.maximum(squares, 0))


def mean_of_both(
  by_direction: dict[str, dict[str, float]],
) -> dict[str, float]:
  """Returns the mean of each measure that both directions have.

  Args:
    by_direction: Measures of `AtoB` and of `BtoA`.

  Returns:
    The means by name, and before `relative_l1` the values that it is the mean
    of, as `relative_l1_AB` and `relative_l1_BA`.
  """
  first, second = (
    by_direction[direction] for direction in config_lib.GENERATOR_NAMES
  )
  means: dict[str, float] = {}
  for name, value in first.items():
    if name in second:
      if name == "relative_l1":
        means["relative_l1_AB"] = value
        means["relative_l1_BA"] = second[name]
      means[name] = (value + second[name]) / 2
  return means


def from_generator(generator: tf.keras.Model) -> Translate:
  """Returns a Keras generator as a translator of pictures in [0, 1]."""

  def translate(images: np.ndarray) -> np.ndarray:
    ready = preprocessing.unit_to_network(tf.constant(images))
    made = generator(ready, training=False)
    return preprocessing.network_to_unit(made).numpy()

  return translate


def translate_all(translate: Translate, images: np.ndarray) -> np.ndarray:
  """Translates any number of images, in batches.

  Args:
    translate: The translator.
    images: `[count, height, width, channels]`, uint8 or float32 in [0, 1].

  Returns:
    float32 in [0, 1], same shape.
  """
  if images.dtype == np.uint8:
    images = images.astype(np.float32) / 255.0
  return np.concatenate(
    [translate(images[i : i + _BATCH]) for i in range(0, len(images), _BATCH)]
  )
