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
"""Draws `photo2painting_scenes`: smooth pictures in A, one painter's in B.

A scene is a landscape, a house or a still life, built from forms: each has
an outline, a lit colour, a natural grain and the direction in which a painter
would follow it with the brush. A shows the lit colours with their grain. B
shows the painter's manner: few tones, his palette (violet shadows, cream
lights, strong colours), dark contours, the grain drawn out into strokes along
the forms, and the weave of the canvas. Nearly all of B follows from what A
shows; only `_HAND` of the strokes' strength is the painter's own accident.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Union

import numpy as np

from official.cyclegan.scenes import drawing

KINDS = ("landscape", "house", "still_life")
# Share of the strokes' amplitude that no model could predict, because it is
# drawn at random and leaves no trace in A.
_HAND = 0.25
_SENSOR_NOISE = 0.006  # standard deviation in units of full scale, A only
_STROKE_STRENGTH = 0.16  # of the local brightness, at three sigma
_STROKE_LENGTH = 0.11  # unit coordinates
_STROKE_STEPS = 5  # samples on either side
_TONES = 3.0
_SHADOW = np.array([0.16, 0.12, 0.42], np.float32)
_LIGHT = np.array([1.00, 0.90, 0.58], np.float32)
_CONTOUR = np.array([0.08, 0.08, 0.26], np.float32)
# What is added to red, green and blue areas.
_LEANING = np.array(
  [[0.3, 0.75, -0.45], [1.35, 0.15, -0.9], [-0.75, 1.35, -0.3]], np.float32
)

_Angle = Union[float, np.ndarray]


@dataclasses.dataclass(frozen=True)
class PaintingScene:
  """What both drawings of a scene share.

  Attributes:
    kind: One of `KINDS`.
    seed: Seed of the composition and of the grain.
    hand_seed: Seed of what only the painter's hand adds.
  """

  kind: str
  seed: int
  hand_seed: int


class _Forms:
  """Collects the forms of a scene, the farthest first."""

  def __init__(self, size: int):
    self.canvas = drawing.Canvas.blank(size)
    shape = self.canvas.x.shape
    self.angle = np.zeros(shape, np.float32)
    self.grain = np.zeros(shape, np.float32)
    self.contour = np.zeros(shape, np.float32)

  def add(
    self,
    distance: np.ndarray,
    colour: np.ndarray,
    angle: _Angle = 0.0,
    grain: float = 0.1,
    contour: float = 1.0,
  ) -> None:
    """Adds a form.

    Args:
      distance: float32 `[n, n]`, signed distance to its outline.
      colour: float32 `[3]` or `[n, n, 3]`, lit colour in [0, 1].
      angle: Direction of the brush, radians, scalar or `[n, n]`.
      grain: Relative strength of its natural texture.
      contour: Strength of the painter's outline, 0 to 1.
    """
    alpha = self.canvas.coverage(distance)
    self.canvas.paint(colour, alpha)
    inside = distance < 0
    self.angle = np.where(inside, angle, self.angle).astype(np.float32)
    self.grain += alpha * (grain - self.grain)
    line = np.exp(-((distance / 0.010) ** 2)).astype(np.float32)
    self.contour = np.maximum(self.contour * (1.0 - alpha), contour * line)


def sample(rng: np.random.Generator) -> PaintingScene:
  """Draws a scene's parameters at random."""
  return PaintingScene(
    kind=str(rng.choice(KINDS)),
    seed=int(rng.integers(2**31)),
    hand_seed=int(rng.integers(2**31)),
  )


def render(scene: PaintingScene, domain: str, size: int) -> np.ndarray:
  """Draws a scene as a photograph or as a painting.

  Args:
    scene: What to draw.
    domain: `A` for the photograph, `B` for the painting.
    size: Width and height of the picture, pixels.

  Returns:
    The picture, uint8 `[size, size, 3]`.

  Raises:
    ValueError: If `domain` is neither `A` nor `B`.
  """
  if domain not in ("A", "B"):
    raise ValueError(f"domain must be 'A' or 'B', got {domain!r}.")
  rng = np.random.default_rng(scene.seed)
  forms = _Forms(size)
  compose: Callable[[_Forms, np.random.Generator], None] = {
    "landscape": _compose_landscape,
    "house": _compose_house,
    "still_life": _compose_still_life,
  }[scene.kind]
  compose(forms, rng)
  x, y = forms.canvas.x, forms.canvas.y
  grain = drawing.fractal_noise(rng, x, y, 26.0, 2)
  if domain == "A":
    picture = drawing.downsample(
      forms.canvas.rgb * (1.0 + forms.grain * grain)[..., None]
    )
    noise = np.random.default_rng(scene.seed + 1)
    picture += noise.normal(0.0, _SENSOR_NOISE, picture.shape)
    return drawing.to_uint8(picture)
  return drawing.to_uint8(
    drawing.downsample(_paint(forms, grain, scene.hand_seed))
  )


def draw(
  seed: tuple[int, ...], domain: str, size: int
) -> dict[str, np.ndarray]:
  """Draws one picture of `photo2painting_scenes`.

  Args:
    seed: Names the scene; a seed gives the same scene in both domains.
    domain: `A` or `B`.
    size: Width and height, pixels.

  Returns:
    `image`, uint8 `[size, size, 3]`.
  """
  scene = sample(np.random.default_rng(seed))
  return {"image": render(scene, domain, size)}


def _paint(forms: _Forms, grain: np.ndarray, hand_seed: int) -> np.ndarray:
  """Returns the forms in the painter's manner, `[n, n, 3]`."""
  hand = drawing.fractal_noise(
    np.random.default_rng(hand_seed), forms.canvas.x, forms.canvas.y, 26.0, 2
  )
  strokes = _smear(
    (1.0 - _HAND) * grain + _HAND * hand, forms.angle, forms.canvas.pixel
  )
  painted = _palette(_flatten(forms.canvas.rgb))
  load = (0.5 + 2.0 * forms.grain) * _STROKE_STRENGTH * strokes
  painted *= 1.0 + load[..., None] * np.array([1.0, 0.95, 0.75], np.float32)
  painted += (0.6 * forms.contour)[..., None] * (_CONTOUR - painted)
  weave = np.sin(forms.canvas.x * 201.0) * np.sin(forms.canvas.y * 201.0)
  return painted * (1.0 + 0.03 * weave)[..., None]


def _flatten(rgb: np.ndarray) -> np.ndarray:
  """Draws brightness together into a few soft tones."""
  brightness = rgb @ np.array([0.3, 0.59, 0.11], np.float32)
  scaled = brightness * _TONES
  step = np.floor(scaled)
  toned = (step + drawing.smoothstep(0.3, 0.7, scaled - step)) / _TONES
  gain = (0.3 * brightness + 0.7 * toned + 0.02) / (brightness + 0.02)
  return rgb * gain[..., None]


def _palette(rgb: np.ndarray) -> np.ndarray:
  """Maps colours to the painter's: violet shadows, cream lights."""
  brightness = (rgb @ np.array([0.3, 0.59, 0.11], np.float32))[..., None]
  vivid = brightness + 1.6 * (rgb - brightness)
  # Reds lean to orange, greens to yellow, blues to turquoise, each by how far
  # it stands out from the other two.
  ranked = np.sort(rgb, axis=-1)
  lead = ranked[..., 2] - ranked[..., 1]
  leader = np.eye(3, dtype=np.float32)[rgb.argmax(axis=-1)]
  vivid = vivid + lead[..., None] * (leader @ _LEANING)
  shadow = 0.78 * (1.0 - drawing.smoothstep(0.05, 0.5, brightness))
  light = 0.75 * drawing.smoothstep(0.5, 0.9, brightness)
  vivid = vivid + shadow * (_SHADOW - vivid)
  vivid = vivid + light * (_LIGHT - vivid)
  return np.clip(vivid, 0.02, 1.0)


def _smear(noise: np.ndarray, angle: np.ndarray, pixel: float) -> np.ndarray:
  """Averages `noise` along `angle` (a line integral convolution)."""
  n = noise.shape[0]
  step = _STROKE_LENGTH / (2 * _STROKE_STEPS) / pixel
  dx, dy = np.cos(angle) * step, np.sin(angle) * step
  rows, columns = np.indices(noise.shape, dtype=np.float32)
  total = noise.copy()
  for sign in (1.0, -1.0):
    r, c = rows, columns
    i, j = rows.astype(np.int32), columns.astype(np.int32)
    for _ in range(_STROKE_STEPS):
      r, c = r + sign * dy[i, j], c + sign * dx[i, j]
      i = np.clip(np.rint(r), 0, n - 1).astype(np.int32)
      j = np.clip(np.rint(c), 0, n - 1).astype(np.int32)
      total += noise[i, j]
  # Averages shrink with the number of samples; bring the contrast back.
  return total / (2 * _STROKE_STEPS + 1) * 2.2


def _lit(colour: np.ndarray, shade: np.ndarray) -> np.ndarray:
  """Returns `[n, n, 3]`: a colour under a brightness field."""
  return np.clip(colour * shade[..., None], 0.0, 1.0).astype(np.float32)


def _add_sky(forms: _Forms, rng: np.random.Generator, horizon: float) -> None:
  """A sky that pales to the horizon, with clouds and at times a sun."""
  x, y = forms.canvas.x, forms.canvas.y
  top = drawing.hsv(rng.uniform(0.55, 0.62), rng.uniform(0.4, 0.65), 0.85)
  low = drawing.hsv(rng.uniform(0.5, 0.6), rng.uniform(0.08, 0.22), 0.95)
  height = np.clip(y / horizon, 0.0, 1.0)[..., None]
  clouds = drawing.fractal_noise(rng, x, y * 2.2, 3.0, 3)
  swirl = 0.35 * drawing.value_noise(rng, x * 3.0, y * 3.0, 3.0)
  forms.add(np.full_like(x, -1.0), top + height * (low - top), swirl, 0.05, 0.0)
  white = np.full(3, 0.97, np.float32)
  forms.canvas.paint(
    white, 0.85 * drawing.smoothstep(0.1, 0.5, clouds) * (y < horizon)
  )
  sun_x, sun_y, radius = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.2), 0.055
  if rng.uniform() < 0.4:
    u, v = x - sun_x, y - sun_y
    disc = np.hypot(u, v) - radius
    colour = np.array([1.0, 0.95, 0.75], np.float32)
    forms.add(disc, colour, np.arctan2(v, u) + np.pi / 2, 0.03, 0.6)


def _add_ground(
  forms: _Forms, rng: np.random.Generator, horizon: float
) -> None:
  """A field in perspective, with furrows that a brush would follow."""
  x, y = forms.canvas.x, forms.canvas.y
  colour = drawing.hsv(
    rng.uniform(0.1, 0.33), rng.uniform(0.4, 0.7), rng.uniform(0.45, 0.75)
  )
  vanish = rng.uniform(0.2, 0.8)
  depth = np.maximum(y - horizon + 0.06, 0.02)
  rows = np.sin(9.0 * (x - vanish) / depth + rng.uniform(0.0, 6.28))
  patches = drawing.fractal_noise(rng, x, y * 2.0, 3.0, 2)
  shade = 0.92 + 0.10 * rows + 0.25 * patches
  angle = np.arctan2(depth, x - vanish)
  forms.add(horizon - y, _lit(colour, shade), angle, 0.22, 0.5)


def _add_hills(forms: _Forms, rng: np.random.Generator, horizon: float) -> None:
  """Two ranges of hills, the farther one paler and bluer."""
  x, y = forms.canvas.x, forms.canvas.y
  for k, haze in ((0, 0.65), (1, 0.25)):
    wave = drawing.value_noise(rng, x * 2.5, np.full_like(x, k + 0.5), 3.0)
    crest = horizon - (0.13 - 0.07 * k) - 0.07 * wave
    near = drawing.hsv(
      rng.uniform(0.22, 0.42), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.55)
    )
    far = np.array([0.55, 0.66, 0.82], np.float32)
    shade = 1.0 + 0.35 * (crest - y) + 0.15 * wave
    slope = np.arctan(np.gradient(crest[0], forms.canvas.pixel))
    forms.add(
      crest - y, _lit(near + haze * (far - near), shade), slope[None, :], 0.12
    )


def _add_tree(
  forms: _Forms, rng: np.random.Generator, x0: float, foot: float, size: float
) -> None:
  """A tree: a trunk and a crown lit from one side."""
  x, y = forms.canvas.x, forms.canvas.y
  trunk = drawing.box_distance(
    x - x0, y - foot + 0.3 * size, 0.045 * size, 0.3 * size
  )
  bark = drawing.hsv(rng.uniform(0.05, 0.1), 0.5, rng.uniform(0.25, 0.4))
  forms.add(trunk, bark, np.pi / 2, 0.2, 0.7)
  crown_y, slim = foot - 0.78 * size, rng.uniform(0.6, 1.05)
  u, v = x - x0, y - crown_y
  ruffle = drawing.value_noise(rng, x * 14.0, y * 14.0, 14.0)
  crown = drawing.ellipse_distance(u, v, 0.36 * size * slim, 0.42 * size)
  leaf = drawing.hsv(
    rng.uniform(0.2, 0.38), rng.uniform(0.5, 0.8), rng.uniform(0.3, 0.55)
  )
  shade = 1.0 - 0.9 * (u + v) / size + 0.12 * ruffle
  angle = np.arctan2(v, u) + np.pi / 2
  forms.add(crown + 0.03 * size * ruffle, _lit(leaf, shade), angle, 0.35)


def _add_house(
  forms: _Forms, rng: np.random.Generator, x0: float, foot: float, size: float
) -> None:
  """A house front: wall, gable roof, chimney, windows and a door."""
  x, y = forms.canvas.x, forms.canvas.y
  half, tall = 0.5 * size * rng.uniform(0.8, 1.2), 0.6 * size
  u, v = x - x0, y - foot
  wall = drawing.hsv(
    rng.uniform(0.02, 0.16), rng.uniform(0.05, 0.4), rng.uniform(0.7, 0.95)
  )
  roof = drawing.hsv(
    rng.uniform(-0.02, 0.07), rng.uniform(0.4, 0.75), rng.uniform(0.35, 0.65)
  )
  shade = 1.0 - 0.35 * drawing.smoothstep(-half, half, u)
  chimney = drawing.box_distance(
    u - 0.5 * half, v + tall + 0.3 * size, 0.05 * size, 0.16 * size
  )
  forms.add(chimney, roof * 0.8, np.pi / 2, 0.1)
  front = drawing.box_distance(u, v + 0.5 * tall, half, 0.5 * tall)
  forms.add(front, _lit(wall, shade), np.pi / 2, 0.10)
  peak = tall + 0.42 * size
  slope = (peak - tall) / (1.18 * half)
  gable = np.maximum(
    (np.abs(u) * slope - (v + peak)) / np.hypot(1.0, slope), v + tall
  )
  tiles = 1.0 + 0.12 * np.sin((v + tall) * 90.0) - 0.3 * (u > 0)
  forms.add(gable, _lit(roof, tiles), np.sign(u) * np.arctan(slope), 0.18)
  frame = np.array([0.25, 0.33, 0.42], np.float32) * rng.uniform(0.7, 1.2)
  for side in (-0.55, 0.55):
    window = drawing.box_distance(
      u - side * half, v + 0.62 * tall, 0.2 * half, 0.15 * tall
    )
    forms.add(window, frame, np.pi / 2, 0.05)
  door = drawing.box_distance(u, v + 0.24 * tall, 0.16 * half, 0.24 * tall)
  paint = drawing.hsv(rng.uniform(), rng.uniform(0.3, 0.7), 0.45)
  forms.add(door, paint, np.pi / 2, 0.08)


def _compose_landscape(forms: _Forms, rng: np.random.Generator) -> None:
  """Sky, hills, a field, trees and at times a far house."""
  horizon = rng.uniform(0.38, 0.6)
  _add_sky(forms, rng, horizon)
  _add_hills(forms, rng, horizon)
  _add_ground(forms, rng, horizon)
  if rng.uniform() < 0.4:
    _add_house(
      forms, rng, rng.uniform(0.2, 0.8), horizon + 0.08, rng.uniform(0.14, 0.2)
    )
  for _ in range(int(rng.integers(1, 5))):
    foot = rng.uniform(horizon + 0.04, 0.95)
    size = 0.2 + 0.9 * (foot - horizon)
    _add_tree(forms, rng, rng.uniform(0.0, 1.0), foot, min(size, 0.6))


def _compose_house(forms: _Forms, rng: np.random.Generator) -> None:
  """One large house or two, with a tree, under a sky."""
  horizon = rng.uniform(0.5, 0.68)
  _add_sky(forms, rng, horizon)
  _add_hills(forms, rng, horizon)
  _add_ground(forms, rng, horizon)
  if rng.uniform() < 0.5:
    _add_house(
      forms, rng, rng.uniform(0.1, 0.9), horizon + 0.05, rng.uniform(0.25, 0.35)
    )
  _add_house(
    forms,
    rng,
    rng.uniform(0.3, 0.7),
    rng.uniform(horizon + 0.1, 0.9),
    rng.uniform(0.4, 0.58),
  )
  side = 0.08 if rng.uniform() < 0.5 else 0.92
  _add_tree(forms, rng, side, rng.uniform(0.75, 0.98), rng.uniform(0.4, 0.6))


def _compose_still_life(forms: _Forms, rng: np.random.Generator) -> None:
  """A table before a wall with a vase or bottle, a bowl and fruits."""
  x, y = forms.canvas.x, forms.canvas.y
  wall = drawing.hsv(
    rng.uniform(), rng.uniform(0.1, 0.45), rng.uniform(0.4, 0.8)
  )
  glow = 1.05 - 0.5 * np.hypot(x - rng.uniform(0.0, 0.4), y)
  forms.add(np.full_like(x, -1.0), _lit(wall, glow), np.pi / 3, 0.10, 0.0)
  edge = rng.uniform(0.55, 0.7)
  table = drawing.hsv(
    rng.uniform(0.04, 0.14), rng.uniform(0.3, 0.65), rng.uniform(0.4, 0.75)
  )
  planks = drawing.fractal_noise(rng, x * 0.3, y, 14.0, 2)
  forms.add(edge - y, _lit(table, 1.0 + 0.25 * planks), 0.0, 0.15)
  _add_vessel(forms, rng, rng.uniform(0.2, 0.45), edge + 0.12)
  if rng.uniform() < 0.5:
    _add_vessel(forms, rng, rng.uniform(0.6, 0.85), edge + 0.08)
  for _ in range(int(rng.integers(2, 6))):
    radius = rng.uniform(0.06, 0.11)
    hue = float(rng.choice([0.0, 0.03, 0.09, 0.14, 0.25]))
    colour = drawing.hsv(hue, rng.uniform(0.7, 0.9), rng.uniform(0.6, 0.9))
    _add_ball(
      forms,
      rng.uniform(0.1, 0.9),
      rng.uniform(edge + 0.08, 0.9),
      radius,
      colour,
    )


def _add_vessel(
  forms: _Forms, rng: np.random.Generator, x0: float, foot: float
) -> None:
  """A vase or bottle: a body of revolution lit from the left."""
  x, y = forms.canvas.x, forms.canvas.y
  tall, wide = rng.uniform(0.35, 0.55), rng.uniform(0.08, 0.13)
  neck, belly = rng.uniform(0.3, 0.55), rng.uniform(0.25, 0.45)
  t = np.clip((foot - y) / tall, 0.0, 1.0)
  profile = wide * (neck + (1.0 - neck) * np.exp(-(((t - belly) / 0.28) ** 2)))
  u = x - x0
  distance = np.maximum(
    np.abs(u) - profile, np.abs(foot - tall / 2 - y) - tall / 2
  )
  across = np.clip(u / np.maximum(profile, 1e-3), -1.0, 1.0)
  colour = drawing.hsv(
    rng.uniform(), rng.uniform(0.3, 0.7), rng.uniform(0.45, 0.85)
  )
  shade = 0.45 + 0.65 * np.sqrt(1.0 - across**2) - 0.3 * across
  gleam = 0.4 * np.exp(-(((across + 0.45) / 0.14) ** 2))
  forms.add(
    distance,
    np.clip(_lit(colour, shade) + gleam[..., None], 0, 1),
    np.pi / 2,
    0.06,
  )


def _add_ball(
  forms: _Forms, x0: float, y0: float, radius: float, colour: np.ndarray
) -> None:
  """A round fruit with its shadow on the table."""
  u, v = forms.canvas.x - x0, forms.canvas.y - y0
  k = np.hypot((u - 0.4 * radius) / 1.3, (v - 0.85 * radius) / 0.4) / radius
  forms.canvas.darken(0.5 * (1.0 - drawing.smoothstep(0.4, 1.1, k)))
  rho = np.hypot(u, v)
  height = np.sqrt(np.maximum(1.0 - (rho / radius) ** 2, 0.0))
  shade = 0.35 + 0.55 * height - 0.35 * (u + v) / radius
  forms.add(
    rho - radius,
    _lit(colour, np.maximum(shade, 0.15)),
    np.arctan2(v, u) + np.pi / 2,
    0.10,
  )
