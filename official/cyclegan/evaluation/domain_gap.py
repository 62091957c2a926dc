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
"""How different two domains are: by colour, by texture and by shape.

Small discriminators see only one of the three, and are asked about pictures
that they were not trained on. Pictures are uint8
`[count, height, width, channels]`, of one size, colour or grey.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import scipy.ndimage
from sklearn import linear_model
from sklearn import pipeline
from sklearn import preprocessing

SIMILAR, COLOUR, TEXTURE, SHAPE = "the same", "colour", "texture", "shape"
KINDS = (COLOUR, TEXTURE, SHAPE)
_FOLDS = 5
# Strength of the logistic regression's prior: its inverse variance is 20. There
# are as many features as pictures.
_C = 0.05
_CONFIDENCE = 1.96  # standard errors: 95 of 100 intervals hold the truth
_CHUNK = 50  # pictures at a time
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_COLOUR_STEPS = 4  # along each axis of the cube of colours
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_TEXTURE_QUANTILES = (0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99)
_LOW_SIZE = 16  # pixels along each side of what shape is judged by
_SHAPE_FILTERS = (48, 96)  # of the two layers of random filters
_SHAPE_SEED = 3
_FLAT = 0.02  # of full scale; a smaller standard deviation counts as this
# From what accuracy on a difference counts; the rest is what noise, and other
# pictures of the same kind, can make.
_TOLD = 0.55  # the lower end of the interval
# A higher upper end, where nothing counts, comes of too few pictures.
_MAY_BE_TOLD = 0.7
_TEXTURE_FROM = 0.7
_SHAPE_FROM = 0.75
_CLOSE = 0.05  # below the other's accuracy
# Shares of what all pictures allow that count as learned.
_LEARNED = 0.8
_COUNTS = (10, 20, 50, 100, 200, 500)  # pictures of each domain
_REPEATS = 3
MINIMUM = 4  # pictures of each domain
SMALLEST = _LOW_SIZE  # pixels along each side of a picture


@dataclasses.dataclass(frozen=True)
class Accuracy:
  """How well pictures of two domains are told apart.

  Attributes:
    value: Mean of both domains' shares of pictures judged right, in [0, 1];
      0.5 is guessing.
    low: Lower end of its 95 % interval, by the number of pictures.
    high: Upper end.
  """

  value: float
  low: float
  high: float


@dataclasses.dataclass(frozen=True)
class Gap:
  """How two domains differ.

  Attributes:
    accuracies: By kind, of `KINDS`.
    main: What a generator has to change, of `KINDS`, or `SIMILAR`: the most
      demanding of the differences.
    enough: With so many pictures of each domain nearly as much of `main` is
      learned as with all; None if it takes more than were tried, or there is
      no difference.
    counts: How many pictures of A and of B were looked at.
    tried: With how many pictures of each domain that was tried at most, the
      others being those that are judged; 0: not at all.
  """

  accuracies: dict[str, Accuracy]
  main: str
  enough: int | None
  counts: tuple[int, int]
  tried: int = 0

  @property
  def is_open(self) -> bool:
    """Whether there are too few pictures to say that there is no difference."""
    highest = max(found.high for found in self.accuracies.values())
    return self.main == SIMILAR and highest >= _MAY_BE_TOLD


def measure(images_a: np.ndarray, images_b: np.ndarray, seed: int = 0) -> Gap:
  """Measures how two domains differ.

  Args:
    images_a: Pictures of one domain, at least `MINIMUM`, and `SMALLEST` pixels
      or more along each side.
    images_b: Pictures of the other.
    seed: Draws which pictures are held out together.

  Raises:
    ValueError: If there are too few, or they are too small.
  """
  counts = len(images_a), len(images_b)
  if min(counts) < MINIMUM:
    raise ValueError(f"{counts} pictures are too few to compare.")
  size = min(*images_a.shape[1:3], *images_b.shape[1:3])
  if size < SMALLEST:
    raise ValueError(f"Pictures of {size} pixels are too small to compare.")
  features = {
    kind: (_in_chunks(see, images_a), _in_chunks(see, images_b))
    for kind, see in _SEES.items()
  }
  accuracies = {kind: accuracy(*pair, seed) for kind, pair in features.items()}
  main = verdict(accuracies)
  enough, tried = None, 0
  if main != SIMILAR:
    enough, tried = _enough(*features[main], accuracies[main].value, seed)
  return Gap(accuracies, main, enough, counts, tried)


def judge(
  images_a: np.ndarray, images_b: np.ndarray, kind: str
) -> Callable[[np.ndarray], float]:
  """Trains a discriminator that sees one kind of difference only.

  Args:
    images_a: Pictures of one domain.
    images_b: Pictures of the other.
    kind: One of `KINDS`.

  Returns:
    From pictures of the same size to the share of them that it takes for the
    second domain's.
  """
  see = _SEES[kind]
  model = _fit(_in_chunks(see, images_a), _in_chunks(see, images_b))
  return lambda images: float(np.mean(model.predict(_in_chunks(see, images))))


def verdict(accuracies: dict[str, Accuracy]) -> str:
  """Returns what a generator has to change: the most demanding difference.

  Who changes shapes can change textures, and who changes these can change
  colours. Small pictures of things with another texture look a little
  different too, so that shape counts only if it tells as much as texture does.

  Args:
    accuracies: By kind.
  """
  told = {kind for kind, a in accuracies.items() if a.low > _TOLD}
  texture, shape = (accuracies[kind].value for kind in (TEXTURE, SHAPE))
  if SHAPE in told and shape >= max(_SHAPE_FROM, texture - _CLOSE):
    return SHAPE
  if TEXTURE in told and texture >= _TEXTURE_FROM:
    return TEXTURE
  for kind in (COLOUR, TEXTURE, SHAPE):
    if kind in told:
      return kind
  return SIMILAR


def accuracy(
  features_a: np.ndarray, features_b: np.ndarray, seed: int = 0
) -> Accuracy:
  """Returns how well held-out pictures are told apart by their features.

  Logistic regression, five times on four fifths of the pictures, which are
  divided at random; each picture is judged once, by a model that has not seen
  it. The interval is Agresti and Coull's ("Approximate Is Better than 'Exact'
  for Interval Estimation of Binomial Proportions", 1998) of both domains; of a
  few pictures it is somewhat too narrow, for the five models are not
  independent of each other.

  Args:
    features_a: `[count, features]` of at least two pictures.
    features_b: The same of the other domain.
    seed: Divides the pictures.
  """
  rng = np.random.default_rng(seed)
  pair = features_a, features_b
  folds = min(_FOLDS, *map(len, pair))
  fold = [rng.permutation(len(f)) % folds for f in pair]
  right = [np.zeros(len(f), bool) for f in pair]
  for held_out in range(folds):
    model = _fit(*(f[k != held_out] for f, k in zip(pair, fold)))
    for label, (f, k) in enumerate(zip(pair, fold)):
      chosen = k == held_out
      right[label][chosen] = model.predict(f[chosen]) == label
  value = float(np.mean([r.mean() for r in right]))
  centre, variance = 0.0, 0.0
  for r in right:
    count = len(r) + _CONFIDENCE**2
    share = (r.sum() + _CONFIDENCE**2 / 2) / count
    centre += share / 2
    variance += share * (1 - share) / count / 4
  half = _CONFIDENCE * float(np.sqrt(variance))
  low, high = centre - half, centre + half
  low, high = min(low, value), min(1.0, max(high, value))
  return Accuracy(value, float(low), float(high))


def _fit(features_a: np.ndarray, features_b: np.ndarray) -> pipeline.Pipeline:
  """Returns a classifier of both domains, 0 and 1, that weighs them alike."""
  model = pipeline.make_pipeline(
    preprocessing.StandardScaler(),
    linear_model.LogisticRegression(
      C=_C, max_iter=300, class_weight="balanced"
    ),
  )
  labels = np.repeat([0, 1], [len(features_a), len(features_b)])
  return model.fit(np.concatenate([features_a, features_b]), labels)


def _enough(
  features_a: np.ndarray, features_b: np.ndarray, value: float, seed: int
) -> tuple[int | None, int]:
  """Returns with how many pictures nearly as much is learned as with all.

  Also with how many that was tried at most: half of them, for the others are
  judged.
  """
  rng = np.random.default_rng(seed)
  wanted = 0.5 + _LEARNED * (value - 0.5)
  most = min(len(features_a), len(features_b)) // 2
  tried = 0
  for count in _COUNTS:
    if count > most:
      break
    tried, reached = count, []
    for _ in range(_REPEATS):
      order = [rng.permutation(len(f)) for f in (features_a, features_b)]
      model = _fit(features_a[order[0][:count]], features_b[order[1][:count]])
      right = [
        np.mean(model.predict(f[o[count:]]) == label)
        for label, (f, o) in enumerate(zip((features_a, features_b), order))
      ]
      reached.append(np.mean(right))
    if np.mean(reached) >= wanted:
      return count, tried
  return None, tried


def _in_chunks(
  see: Callable[[np.ndarray], np.ndarray], images: np.ndarray
) -> np.ndarray:
  """Returns features of pictures, a few of which are floats at a time."""
  chunks = range(0, len(images), _CHUNK)
  return np.concatenate([see(images[i : i + _CHUNK]) for i in chunks])


def see_colour(images: np.ndarray) -> np.ndarray:
  """Describes which colours pictures have, wherever they are.

  Means, standard deviations and quantiles of the channels, and square roots of
  how often each of 4x4x4 colours occurs.

  Args:
    images: The pictures.

  Returns:
    float64 `[count, features]`.
  """
  pixels = images.reshape(len(images), -1, images.shape[-1]) / 255.0
  steps = np.minimum((pixels * _COLOUR_STEPS).astype(int), _COLOUR_STEPS - 1)
  places = _COLOUR_STEPS ** np.arange(images.shape[-1])
  kinds = _COLOUR_STEPS ** images.shape[-1]
  shares = np.stack(
    [np.bincount(i, minlength=kinds) for i in (steps * places).sum(-1)]
  )
  quantiles = np.quantile(pixels, _QUANTILES, axis=1).transpose(1, 0, 2)
  return np.concatenate(
    [
      pixels.mean(1),
      pixels.std(1),
      quantiles.reshape(len(images), -1),
      np.sqrt(shares / pixels.shape[1]),
    ],
    axis=1,
  )


def see_texture(images: np.ndarray) -> np.ndarray:
  """Describes the fine details of pictures: no colours, no places.

  Of grey pictures whose levels are equally frequent, so that no curve and
  hardly any other recolouring counts, two bands (less the mean over 3x3 pixels;
  that less the mean over 5x5): how strong they are at how many pixels, how
  patchy, in which directions, and how neighbours are related.

  Args:
    images: The pictures.

  Returns:
    float64 `[count, features]`.
  """
  grey = _equalized(_grey(images))
  fine, coarse = (
    scipy.ndimage.uniform_filter(grey, (0, size, size)) for size in (3, 5)
  )
  found = []
  details = grey - fine
  for band in (details, fine - coarse):
    strength = np.abs(band)
    around = scipy.ndimage.uniform_filter(strength, (0, 5, 5))
    found += [
      np.log(_quantiles(strength, _TEXTURE_QUANTILES) + 1e-3),
      np.log(_quantiles(around, (0.1, 0.5, 0.9)) + 1e-3),
      np.log((band**2).mean((1, 2)) + 1e-6)[:, None],
    ]
  power = (details**2).mean((1, 2)) + 1e-6
  for shift in ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0)):
    beside = np.roll(details, shift, (1, 2))
    found.append(((details * beside).mean((1, 2)) / power)[:, None])
    step = np.roll(grey, shift, (1, 2)) - grey
    found.append(np.log((step**2).mean((1, 2)) + 1e-6)[:, None])
  return np.concatenate(found, axis=1)


def see_shape(images: np.ndarray) -> np.ndarray:
  """Describes what is left of pictures that are grey and 16 pixels large.

  Two layers of random filters with rectifiers, the mean and the greatest of
  each over the picture: without training they describe outlines well enough
  for a linear classifier (Jarrett et al., "What is the Best Multi-Stage
  Architecture for Object Recognition?", 2009, section 4). The responses of a
  picture are scaled to one power, so that sharpness does not count.

  Args:
    images: The pictures, at least 16 pixels high and wide.

  Returns:
    float64 `[count, features]`.
  """
  rng = np.random.default_rng(_SHAPE_SEED)
  low = _equal_contrast(_low_resolution(_grey(images)))
  filters = rng.normal(size=(_SHAPE_FILTERS[0], 25))
  filters -= filters.mean(1, keepdims=True)
  filters /= np.linalg.norm(filters, axis=1, keepdims=True)
  maps = _patches(low[..., None], 5) @ filters.T
  maps /= np.sqrt((maps**2).mean((1, 2, 3), keepdims=True)) + 1e-6
  maps = np.concatenate(
    [np.maximum(maps - 0.5, 0), np.maximum(-maps - 0.5, 0)], axis=-1
  )
  half = maps.shape[1] // 2
  pooled = maps.reshape(len(maps), half, 2, half, 2, -1).mean((2, 4))
  depth = 9 * maps.shape[-1]
  second = rng.normal(size=(depth, _SHAPE_FILTERS[1])) / np.sqrt(depth)
  above = np.maximum(_patches(pooled, 3) @ second, 0)
  return np.concatenate(
    [f(m, axis=(1, 2)) for m in (maps, above) for f in (np.mean, np.max)],
    axis=1,
  )


_SEES = {COLOUR: see_colour, TEXTURE: see_texture, SHAPE: see_shape}


def _grey(images: np.ndarray) -> np.ndarray:
  """Returns pictures as float64 `[count, height, width]` in [0, 1]."""
  if images.shape[-1] == 1:
    return images[..., 0] / 255.0
  return images @ np.array(_LUMA) / 255.0


def _equal_contrast(grey: np.ndarray) -> np.ndarray:
  """Returns pictures of mean 0 and standard deviation about 1 each."""
  centred = grey - grey.mean((1, 2), keepdims=True)
  return centred / (centred.std((1, 2), keepdims=True) + _FLAT)


def _equalized(grey: np.ndarray) -> np.ndarray:
  """Returns pictures whose 256 levels are spread evenly over [-0.5, 0.5]."""
  levels = (grey * 255.0).round().astype(np.uint8)
  found = np.empty(grey.shape)
  for image, result in zip(levels, found):
    count = np.bincount(image.ravel(), minlength=256)
    below = np.cumsum(count) - 0.5 * count  # equal ones share their mean rank
    result[:] = (below / image.size - 0.5)[image]
  return found


def _low_resolution(grey: np.ndarray) -> np.ndarray:
  """Returns pictures of 16 by 16 pixels, without what is finer than that."""
  factors = [size / _LOW_SIZE for size in grey.shape[1:]]
  smooth = scipy.ndimage.gaussian_filter(
    grey, (0, *(0.6 * factor for factor in factors)), mode="nearest"
  )
  edges = [
    np.linspace(0, size, _LOW_SIZE + 1).round().astype(int)
    for size in grey.shape[1:]
  ]
  for axis, places in enumerate(edges, start=1):
    smooth = np.add.reduceat(smooth, places[:-1], axis=axis)
    shape = [1, 1, 1]
    shape[axis] = _LOW_SIZE
    smooth = smooth / np.diff(places).reshape(shape)
  return smooth


def _patches(maps: np.ndarray, size: int) -> np.ndarray:
  """Returns `[count, rows, columns, size * size * channels]`."""
  rows, columns = (side - size + 1 for side in maps.shape[1:3])
  shifted = [
    maps[:, y : y + rows, x : x + columns]
    for y in range(size)
    for x in range(size)
  ]
  windows = np.stack(shifted, axis=-1)
  return windows.reshape(*windows.shape[:3], -1)


def _quantiles(maps: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
  """Returns `[count, shares]` over all places of each picture."""
  return np.quantile(maps.reshape(len(maps), -1), shares, axis=1).T
