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
"""Draws `apple2orange_scenes`: fruits that are apples in A, oranges in B.

A scene is a table before a wall, with objects that are not fruits (some in
apple or orange colours, so that recolouring the whole picture is wrong) and
one to three fruits. Both domains share everything but the fruits' own look:
the outline, the skin's colour and pattern, and the stem or button. What
differs follows from what both show (place, size, pose, ripeness, light), so
the true translation of a picture exists and is drawn by the same code.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from official.cyclegan.scenes import drawing

# Sensor noise, standard deviation in units of full scale; the same in both
# drawings of a scene.
_SENSOR_NOISE = 0.006
_APPLE_RED = np.array([0.70, 0.07, 0.08], np.float32)
_APPLE_DEEP = np.array([0.45, 0.03, 0.09], np.float32)
_APPLE_BLUSH = np.array([0.82, 0.62, 0.22], np.float32)
_ORANGE_LIGHT = np.array([1.00, 0.60, 0.08], np.float32)
_ORANGE_DEEP = np.array([0.95, 0.43, 0.02], np.float32)
_STEM = np.array([0.25, 0.15, 0.07], np.float32)
_BUTTON = np.array([0.34, 0.42, 0.12], np.float32)


@dataclasses.dataclass(frozen=True)
class Fruit:
  """One fruit.

  Attributes:
    x: Centre, unit coordinates.
    y: Centre, unit coordinates, downwards.
    radius: Radius, unit coordinates.
    turn: Rotation of the stem in the picture plane, radians.
    tilt: How far the stem leans to the viewer, radians.
    ripeness: 0 (light skin) to 1 (deep skin).
    blush: Apples only: share of the skin that is yellow, 0 to 1.
    seed: Seed of the skin's pattern.
  """

  x: float
  y: float
  radius: float
  turn: float
  tilt: float
  ripeness: float
  blush: float
  seed: int


@dataclasses.dataclass(frozen=True)
class Distractor:
  """An object that is not a fruit.

  Attributes:
    kind: One of `box`, `can`, `cone`, `plate`.
    x: Centre of the foot, unit coordinates.
    y: Foot, unit coordinates, downwards.
    size: Height, unit coordinates.
    aspect: Width over height.
    turn: Rotation, radians.
    colour: float32 RGB `[3]` in [0, 1].
  """

  kind: str
  x: float
  y: float
  size: float
  aspect: float
  turn: float
  colour: np.ndarray


@dataclasses.dataclass(frozen=True)
class FruitScene:
  """All that both drawings of a scene share.

  Attributes:
    fruits: One to three fruits, the farthest first.
    distractors: The other objects, the farthest first.
    horizon: Height of the table's far edge, unit coordinates.
    wall: float32 RGB of the wall.
    table: float32 RGB of the table.
    wall_kind: One of `plain`, `stripes`, `plaster`.
    table_kind: One of `wood`, `cloth`, `stone`, `plain`.
    light: Unit vector to the light: right, down, towards the viewer.
    tint: float32 RGB gain of the light's colour.
    exposure: Gain of the whole picture.
    seed: Seed of the textures and of the sensor noise.
  """

  fruits: tuple[Fruit, ...]
  distractors: tuple[Distractor, ...]
  horizon: float
  wall: np.ndarray
  table: np.ndarray
  wall_kind: str
  table_kind: str
  light: np.ndarray
  tint: np.ndarray
  exposure: float
  seed: int


def sample(rng: np.random.Generator) -> FruitScene:
  """Draws a scene's parameters at random."""
  azimuth, height = rng.uniform(-0.9, 0.9), rng.uniform(0.5, 0.9)
  light = np.array([np.sin(azimuth) * 0.8, -height, 0.75], np.float32)
  warmth = rng.uniform(-0.06, 0.08)
  horizon = rng.uniform(0.22, 0.5)
  return FruitScene(
    fruits=_sample_fruits(rng, horizon),
    distractors=_sample_distractors(rng, horizon),
    horizon=horizon,
    wall=_background_colour(rng),
    table=_background_colour(rng),
    wall_kind=str(rng.choice(["plain", "stripes", "plaster"])),
    table_kind=str(rng.choice(["wood", "cloth", "stone", "plain"])),
    light=light / np.linalg.norm(light),
    tint=np.array([1.0 + warmth, 1.0, 1.0 - warmth], np.float32),
    exposure=rng.uniform(0.88, 1.08),
    seed=int(rng.integers(2**31)),
  )


def render(
  scene: FruitScene, domain: str, size: int
) -> tuple[np.ndarray, np.ndarray]:
  """Draws a scene with its fruits as apples or as oranges.

  Args:
    scene: What to draw.
    domain: `A` for apples, `B` for oranges.
    size: Width and height of the picture, pixels.

  Returns:
    The picture, uint8 `[size, size, 3]`, and the mask, uint8
    `[size, size, 1]`: 255 where either drawing shows a fruit.

  Raises:
    ValueError: If `domain` is neither `A` nor `B`.
  """
  if domain not in ("A", "B"):
    raise ValueError(f"domain must be 'A' or 'B', got {domain!r}.")
  canvas = drawing.Canvas.blank(size)
  textures = np.random.default_rng(scene.seed)
  _draw_background(canvas, scene, textures)
  for distractor in scene.distractors:
    _draw_distractor(canvas, scene, distractor)
  mask = np.zeros_like(canvas.x)
  for fruit in scene.fruits:
    _draw_contact_shadow(canvas, scene.light, fruit.x, fruit.y, fruit.radius)
  for fruit in scene.fruits:
    mask = np.maximum(mask, _draw_fruit(canvas, scene, fruit, domain))
  picture = drawing.downsample(canvas.rgb)
  picture = picture * scene.tint * scene.exposure
  picture += np.random.default_rng(scene.seed + 1).normal(
    0.0, _SENSOR_NOISE, picture.shape
  )
  covered = drawing.downsample(mask)[..., None] > 0
  return drawing.to_uint8(picture), np.where(covered, 255, 0).astype(np.uint8)


def draw(
  seed: tuple[int, ...], domain: str, size: int
) -> dict[str, np.ndarray]:
  """Draws one picture of `apple2orange_scenes`.

  Args:
    seed: Names the scene; a seed gives the same scene in both domains.
    domain: `A` or `B`.
    size: Width and height, pixels.

  Returns:
    `image`, uint8 `[size, size, 3]`, and `mask`, uint8 `[size, size, 1]`, 255
    where either domain shows a fruit.
  """
  scene = sample(np.random.default_rng(seed))
  image, mask = render(scene, domain, size)
  return {"image": image, "mask": mask}


def _background_colour(rng: np.random.Generator) -> np.ndarray:
  """A wall's or table's colour: any hue, mostly muted."""
  return drawing.hsv(
    rng.uniform(), rng.uniform(0.05, 0.55), rng.uniform(0.3, 0.85)
  )


def _sample_fruits(
  rng: np.random.Generator, horizon: float
) -> tuple[Fruit, ...]:
  """One to three fruits that overlap little, the farthest first."""
  count = int(rng.choice([1, 2, 3], p=[0.3, 0.4, 0.3]))
  scale = {1: 0.32, 2: 0.258, 3: 0.212}[count]
  fruits: list[Fruit] = []
  for _ in range(60):
    if len(fruits) == count:
      break
    radius = scale * rng.uniform(0.85, 1.2)
    x = rng.uniform(radius, 1.0 - radius)
    y = rng.uniform(max(horizon, radius), 1.0 - radius)
    if any(
      np.hypot(x - f.x, y - f.y) < 0.85 * (radius + f.radius) for f in fruits
    ):
      continue
    fruits.append(
      Fruit(
        x=x,
        y=y,
        radius=radius,
        turn=rng.uniform(-0.7, 0.7),
        tilt=rng.uniform(0.35, 1.0),
        ripeness=rng.uniform(),
        blush=rng.uniform(0.0, 0.5),
        seed=int(rng.integers(2**31)),
      )
    )
  return tuple(sorted(fruits, key=lambda f: f.y + f.radius))


def _sample_distractors(
  rng: np.random.Generator, horizon: float
) -> tuple[Distractor, ...]:
  """One to four objects; four in ten wear an apple's or orange's colour."""
  distractors = []
  for _ in range(int(rng.integers(1, 5))):
    fruit_like = rng.uniform() < 0.4
    kind = str(rng.choice(["box", "can", "cone", "plate"]))
    y = rng.uniform(horizon + 0.02, 0.95)
    if fruit_like:
      skin = _APPLE_RED if rng.uniform() < 0.5 else _ORANGE_DEEP
      colour = np.clip(skin + rng.normal(0.0, 0.05, 3), 0.02, 1.0)
    else:
      colour = drawing.hsv(
        rng.uniform(), rng.uniform(0.1, 0.85), rng.uniform(0.25, 0.9)
      )
    distractors.append(
      Distractor(
        kind=kind,
        x=rng.uniform(0.0, 1.0),
        y=y,
        size=rng.uniform(0.16, 0.42),
        aspect=rng.uniform(0.45, 1.1),
        turn=rng.uniform(-0.25, 0.25),
        colour=colour.astype(np.float32),
      )
    )
  return tuple(sorted(distractors, key=lambda d: d.y))


def _draw_background(
  canvas: drawing.Canvas, scene: FruitScene, rng: np.random.Generator
) -> None:
  """Paints the wall and the table with their textures and light."""
  x, y = canvas.x, canvas.y
  grain = drawing.fractal_noise(rng, x, y, 6.0, 4)
  spread = drawing.fractal_noise(rng, x, y, 1.5, 2)
  fibres = drawing.fractal_noise(rng, x * 0.25, y, 18.0, 3)
  period = rng.uniform(12.0, 40.0)
  phase = rng.uniform(0.0, 6.28)
  slant = rng.uniform(-0.4, 0.4)
  waves = np.sin(period * (x + slant * y) + phase)
  cross = np.sin(period * (y - slant * x) + phase)
  wall_pattern = {
    "plain": 0.02 * grain,
    "stripes": 0.16 * np.tanh(3.0 * waves) + 0.03 * grain,
    "plaster": 0.16 * grain,
  }[scene.wall_kind]
  table_pattern = {
    "wood": 0.22 * fibres,
    "cloth": 0.13 * (np.tanh(3.0 * waves) + np.tanh(3.0 * cross)),
    "stone": 0.2 * grain,
    "plain": 0.02 * grain,
  }[scene.table_kind]
  falloff = 1.0 + 0.25 * (x - 0.5) * scene.light[0] / 0.6 + 0.1 * spread
  wall = scene.wall * ((1.0 + wall_pattern) * falloff * 0.85)[..., None]
  table = scene.table * ((1.0 + table_pattern) * falloff)[..., None]
  canvas.paint(wall, np.ones_like(x))
  canvas.paint(table, canvas.coverage(scene.horizon - y))
  canvas.darken(
    0.3 * np.exp(-np.abs(y - scene.horizon) / 0.03) * (y > scene.horizon)
  )


def _draw_distractor(
  canvas: drawing.Canvas, scene: FruitScene, thing: Distractor
) -> None:
  """Paints one object that is not a fruit, with its shade and shadow."""
  if thing.kind == "plate":
    _draw_plate(canvas, thing)
    return
  half_height = 0.5 * thing.size
  half_width = half_height * thing.aspect
  _draw_contact_shadow(
    canvas, scene.light, thing.x, thing.y - half_width, half_width
  )
  u, v = drawing.rotated(
    canvas.x, canvas.y, (thing.x, thing.y - half_height), thing.turn
  )
  side = np.clip(u / max(half_width, 1e-3), -1.0, 1.0)
  if thing.kind == "box":
    shade = np.where(side < 0.35, 1.0, 0.62 if scene.light[0] < 0 else 0.8)
    distance = drawing.box_distance(u, v, half_width, half_height)
  elif thing.kind == "can":
    shade = 0.55 + 0.45 * np.clip(
      np.sqrt(1.0 - side**2) * 0.7 + side * scene.light[0], 0.0, 1.2
    )
    shade = np.where(np.abs(v) < half_height * 0.35, shade, shade * 0.72)
    distance = drawing.box_distance(u, v, half_width, half_height)
  else:
    grown = (v + half_height) / (2.0 * half_height)
    shade = np.where(side < 0.1 * grown, 0.95, 0.66)
    distance = np.maximum(
      (np.abs(u) - half_width * grown) * 0.9, np.abs(v) - half_height
    )
  canvas.paint(thing.colour * shade[..., None], canvas.coverage(distance))


def _draw_plate(canvas: drawing.Canvas, thing: Distractor) -> None:
  """Paints a plate seen from the side: its shadow, rim and inner part."""
  u, v = drawing.rotated(canvas.x, canvas.y, (thing.x, thing.y), 0.0)
  radius = 1.1 * (0.5 * thing.size)
  below = drawing.ellipse_distance(u, v - 0.02, radius, radius / 3)
  canvas.darken(0.35 * (1.0 - drawing.smoothstep(-0.03, 0.03, below)))
  rim = drawing.ellipse_distance(u, v, radius, radius * 0.36)
  canvas.paint(thing.colour, canvas.coverage(rim))
  inner = drawing.ellipse_distance(u, v, radius * 0.7, radius * 0.24)
  canvas.paint(thing.colour * 0.82, canvas.coverage(inner))


def _draw_contact_shadow(
  canvas: drawing.Canvas,
  light: np.ndarray,
  x: float,
  y: float,
  radius: float,
) -> None:
  """Darkens the table below something round at (x, y)."""
  u = canvas.x - (x - 0.55 * radius * light[0])
  v = canvas.y - (y + 0.88 * radius)
  k = np.hypot(u / (1.25 * radius), v / (0.36 * radius))
  canvas.darken(0.55 * (1.0 - drawing.smoothstep(0.35, 1.15, k)))


def _draw_fruit(
  canvas: drawing.Canvas, scene: FruitScene, fruit: Fruit, domain: str
) -> np.ndarray:
  """Paints one fruit; returns the opacity of both domains' outlines."""
  u, v = drawing.rotated(canvas.x, canvas.y, (fruit.x, fruit.y), fruit.turn)
  u, v = u / fruit.radius, v / fruit.radius
  apple, orange = _outline(u, v)
  pixel = canvas.pixel / fruit.radius
  cover = {
    name: np.clip(0.5 - distance / pixel, 0.0, 1.0)
    for name, distance in (("A", apple), ("B", orange))
  }
  box = np.hypot(u, v) < 1.35
  rows, columns = np.any(box, axis=1), np.any(box, axis=0)
  window = np.ix_(rows, columns)
  skin = _skin(u[window], v[window], scene, fruit, domain)
  canvas.rgb[window] += cover[domain][window][..., None] * (
    skin - canvas.rgb[window]
  )
  tuft = np.zeros_like(u)
  if domain == "A":
    tuft = _draw_stem(canvas, fruit, u, v, pixel)
  else:
    tuft = _stem_opacity(fruit, u, v, pixel)
  return np.maximum(np.maximum(cover["A"], cover["B"]), tuft)


def _outline(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Signed distances, in radii, to an apple's and an orange's outline."""
  rho, theta = np.hypot(u, v), np.arctan2(u, -v)  # theta 0 is the stem side
  dent = 0.08 * np.exp(-((theta / 0.42) ** 2))
  waist = 0.02 * (1.0 - np.cos(theta)) * 0.5
  apple = rho - (1.0 - dent - waist + 0.01 * np.cos(2.0 * theta))
  return apple, rho - 0.97


def _skin(
  u: np.ndarray,
  v: np.ndarray,
  scene: FruitScene,
  fruit: Fruit,
  domain: str,
) -> np.ndarray:
  """Returns the lit skin, `[h, w, 3]`, at coordinates in radii."""
  rho2 = np.minimum(u * u + v * v, 1.0)
  w = np.sqrt(np.maximum(1.0 - rho2, 0.0025))
  # The pole is where the stem sits; (p, q) span the equator's plane.
  sin_tilt, cos_tilt = np.sin(fruit.tilt), np.cos(fruit.tilt)
  pole = -v * cos_tilt + w * sin_tilt
  q = v * sin_tilt + w * cos_tilt
  longitude = np.arctan2(u, q)
  rng = np.random.default_rng(fruit.seed)
  mottle = drawing.value_noise(rng, u * 3.0, v * 3.0, 4.0)
  streaks = drawing.value_noise(rng, longitude * 6.0, pole * 1.2, 20.0)
  if domain == "A":
    base = _APPLE_RED + fruit.ripeness * (_APPLE_DEEP - _APPLE_RED)
    blush = fruit.blush * drawing.smoothstep(
      0.1, 0.95, pole + 0.25 * mottle
    ) + 0.16 * np.maximum(streaks, 0.0)
    albedo = base + blush[..., None] * (_APPLE_BLUSH - base)
    gloss, sharp = 0.5, 30.0
    dimple = 0.55 * drawing.smoothstep(0.86, 1.0, pole)
    bump = np.zeros_like(u)
  else:
    albedo = _ORANGE_LIGHT + fruit.ripeness * (_ORANGE_DEEP - _ORANGE_LIGHT)
    pores = np.sin(17.0 * u) * np.sin(17.0 * q) * np.sin(17.0 * pole)
    bump = 0.10 * pores
    button = drawing.smoothstep(0.955, 0.975, pole)
    albedo = albedo + button[..., None] * (_BUTTON - albedo)
    gloss, sharp = 0.16, 10.0
    dimple = 0.25 * drawing.smoothstep(0.84, 0.96, pole) * (1.0 - button)
  c, s = np.cos(fruit.turn), np.sin(fruit.turn)
  normal_x, normal_y = c * u - s * v, s * u + c * v
  light = scene.light
  facing = normal_x * light[0] + normal_y * light[1] + w * light[2]
  diffuse = 0.34 + 0.78 * np.maximum(facing, 0.0)
  shade = diffuse * (1.0 - dimple) * (1.0 + bump) * (0.82 + 0.18 * w)
  half = light + np.array([0.0, 0.0, 1.0], np.float32)
  half = half / np.linalg.norm(half)
  towards = normal_x * half[0] + normal_y * half[1] + w * half[2]
  glint = gloss * np.maximum(towards, 0.0) ** sharp
  return (albedo * shade[..., None] + glint[..., None]).astype(np.float32)


def _stem_opacity(
  fruit: Fruit, u: np.ndarray, v: np.ndarray, pixel: float
) -> np.ndarray:
  """Opacity of an apple's stem, which rises from the pole."""
  foot_v = -np.cos(fruit.tilt) * 0.92
  top_v = foot_v - 0.34
  t = np.clip((v - foot_v) / (top_v - foot_v), 0.0, 1.0)
  bend = 0.10 * t * t
  distance = np.hypot(u - bend, v - (foot_v + t * (top_v - foot_v))) - 0.055
  return np.clip(0.5 - distance / pixel, 0.0, 1.0)


def _draw_stem(
  canvas: drawing.Canvas,
  fruit: Fruit,
  u: np.ndarray,
  v: np.ndarray,
  pixel: float,
) -> np.ndarray:
  """Paints an apple's stem and returns its opacity."""
  opacity = _stem_opacity(fruit, u, v, pixel)
  canvas.paint(_STEM, opacity)
  return opacity
