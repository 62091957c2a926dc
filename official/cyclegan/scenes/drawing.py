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
"""Anti-aliased drawing on numpy arrays, for the built-in data sets.

Everything is drawn in unit coordinates (x to the right, y down, both 0 to 1)
so that one scene looks the same at 64, 128 and 256 pixels. Only numpy is used:
the worker processes that draw a data set start without TensorFlow.
"""

from __future__ import annotations

import colorsys
import dataclasses

import numpy as np

# Pictures are drawn this many times larger and averaged down.
SUPERSAMPLING = 2


@dataclasses.dataclass
class Canvas:
  """A square picture being drawn.

  Attributes:
    x: float32 `[n, n]`, horizontal pixel centres in [0, 1].
    y: float32 `[n, n]`, vertical pixel centres in [0, 1], downwards.
    pixel: Width of one drawn pixel in the same unit.
    rgb: float32 `[n, n, 3]`, the picture so far, nominally in [0, 1].
  """

  x: np.ndarray
  y: np.ndarray
  pixel: float
  rgb: np.ndarray

  @classmethod
  def blank(cls, size: int) -> Canvas:
    """Returns a black canvas for a picture of `size` by `size` pixels."""
    n = size * SUPERSAMPLING
    centres = (np.arange(n, dtype=np.float32) + 0.5) / n
    x, y = np.meshgrid(centres, centres)
    return cls(x, y, 1.0 / n, np.zeros((n, n, 3), np.float32))

  def coverage(self, distance: np.ndarray) -> np.ndarray:
    """Turns signed distance (negative inside) into opacity in [0, 1]."""
    return np.clip(0.5 - distance / self.pixel, 0.0, 1.0)

  def paint(self, colour: np.ndarray, alpha: np.ndarray) -> None:
    """Lays `colour` (`[3]` or `[n, n, 3]`) over the picture by `alpha`."""
    self.rgb += alpha[..., None] * (colour - self.rgb)

  def darken(self, amount: np.ndarray) -> None:
    """Multiplies the picture by `1 - amount`, `[n, n]` in [0, 1]."""
    self.rgb *= (1.0 - amount)[..., None]


def downsample(array: np.ndarray) -> np.ndarray:
  """Averages blocks of `SUPERSAMPLING` squared pixels of `[n, n, ...]`."""
  n = array.shape[0] // SUPERSAMPLING
  blocks = array.reshape(n, SUPERSAMPLING, n, SUPERSAMPLING, *array.shape[2:])
  return blocks.mean(axis=(1, 3))


def to_uint8(array: np.ndarray) -> np.ndarray:
  """Rounds [0, 1] to uint8 in [0, 255], clipping what lies outside."""
  return np.rint(np.clip(array, 0.0, 1.0) * 255.0).astype(np.uint8)


def smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
  """Returns the cubic ramp that is 0 below `low` and 1 above `high`."""
  t = np.clip((value - low) / (high - low), 0.0, 1.0)
  return t * t * (3.0 - 2.0 * t)


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
  """Returns float32 RGB `[3]` in [0, 1]; `hue` wraps around at 1."""
  return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value), np.float32)


def value_noise(
  rng: np.random.Generator, u: np.ndarray, v: np.ndarray, extent: float = 2.0
) -> np.ndarray:
  """Returns smooth noise in [-1, 1] with one lattice knot per unit of u, v.

  Args:
    rng: Source of the lattice. The number of values drawn depends only on
      `extent`, never on the picture's size.
    u: float32 array, first coordinate.
    v: float32 array of the same shape, second coordinate.
    extent: Largest absolute coordinate that must be covered; beyond it the
      pattern repeats.
  """
  knots = int(2 * extent) + 4
  lattice = rng.uniform(-1.0, 1.0, (knots, knots)).astype(np.float32)
  iu, iv = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
  fu, fv = u - iu, v - iv
  fu = fu * fu * (3.0 - 2.0 * fu)
  fv = fv * fv * (3.0 - 2.0 * fv)
  iu, iv = iu % knots, iv % knots
  ju, jv = (iu + 1) % knots, (iv + 1) % knots
  top = lattice[iv, iu] * (1.0 - fu) + lattice[iv, ju] * fu
  bottom = lattice[jv, iu] * (1.0 - fu) + lattice[jv, ju] * fu
  return top * (1.0 - fv) + bottom * fv


def fractal_noise(
  rng: np.random.Generator,
  u: np.ndarray,
  v: np.ndarray,
  frequency: float,
  octaves: int = 3,
) -> np.ndarray:
  """Returns value noise summed over octaves, of standard deviation ~0.3."""
  total = np.zeros_like(u)
  amplitude = 0.6
  for octave in range(octaves):
    f = frequency * 2.0**octave
    total += amplitude * value_noise(rng, u * f, v * f, extent=f)
    amplitude *= 0.55
  return total


def rotated(
  x: np.ndarray, y: np.ndarray, centre: tuple[float, float], angle: float
) -> tuple[np.ndarray, np.ndarray]:
  """Returns coordinates relative to `centre`, turned by `angle` radians."""
  dx, dy = x - centre[0], y - centre[1]
  c, s = np.cos(angle), np.sin(angle)
  return c * dx + s * dy, -s * dx + c * dy


def box_distance(
  u: np.ndarray, v: np.ndarray, half_width: float, half_height: float
) -> np.ndarray:
  """Signed distance to an upright box around the origin of (u, v)."""
  qx, qy = np.abs(u) - half_width, np.abs(v) - half_height
  outside = np.hypot(np.maximum(qx, 0.0), np.maximum(qy, 0.0))
  return outside + np.minimum(np.maximum(qx, qy), 0.0)


def ellipse_distance(
  u: np.ndarray, v: np.ndarray, radius_u: float, radius_v: float
) -> np.ndarray:
  """Signed distance, exact near the outline, to an ellipse at the origin."""
  k = np.hypot(u / radius_u, v / radius_v)
  gradient = np.hypot(u / radius_u**2, v / radius_v**2)
  return np.where(
    k > 1e-3, k * (k - 1.0) / np.maximum(gradient, 1e-6), -radius_v
  )
