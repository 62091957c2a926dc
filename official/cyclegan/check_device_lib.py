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
"""Compares an app's outputs with golden files, and names what is wrong.

Each known mistake is done to the golden output; the one whose result is much
more like the app's than the golden output itself is named. A mistake in what
the model was given is found by thumbnails of what the model makes of such an
input, which `export` has written.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import os
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
import tabulate
from absl import logging

from official.cyclegan.core import errors
from official.cyclegan.core import regular_files
from official.cyclegan.data import image_files
from official.cyclegan.serving import golden

# An explanation counts if what is left unexplained is this share of the squared
# error (6 dB) and, in [0, 1], no more than this on average; of numbers that are
# beyond [0, 1] it is enough if it is a hundredth.
_SHARE, _LEFT, _SMALL_SHARE = 0.25, 0.1, 1e-2
_LEAST = 1e-20  # mean square, of 200 dB
_ENDINGS = (".f32", ".u8", ".raw", ".png")
_BORDER = 2  # pixels that do not count: what a shift moves in is not known
_COLOURS = ("red", "green", "blue")


@dataclasses.dataclass(frozen=True)
class Finding:
  """What was found out about one output.

  Attributes:
    name: Of the case, such as `AtoB/0`.
    psnr: To the golden output, dB, at most 200; of numbers that are none 0.
    fault: What is wrong, in words; empty if nothing is.
  """

  name: str
  psnr: float
  fault: str


def check(golden_dir: str, outputs: str, min_psnr: float) -> list[Finding]:
  """Compares all outputs that there are.

  Args:
    golden_dir: The folder `golden` of an export.
    outputs: Folder with files called as the golden outputs, of the directions
      that the app has: `AtoB/0_output` with one of the endings .f32, .u8, .raw
      and .png.
    min_psnr: Least PSNR to the golden outputs, dB.

  Returns:
    A finding for each. Of a direction without outputs a warning is logged.

  Raises:
    errors.UserError: If the golden files are damaged, or an output has another
      size or is missing; then it also says what is wrong with the others.
  """
  cases = golden.read(golden_dir)
  paths = {case.name: _path(outputs, case.name) for case in cases}
  # A port may know one direction only.
  wanted = {case.direction for case in cases if paths[case.name]}
  if not wanted:
    raise errors.UserError(
      f"holds no output. Write files such as {cases[0].name}_output.f32 there:"
      " raw float32, raw uint8 levels (.u8), or .png.",
      "outputs",
      outputs,
    )
  for direction in sorted({case.direction for case in cases} - wanted):
    logging.warning("No output of %s is there: it was not compared.", direction)
  found = [
    examine(case, _read(path, case.expected.shape, outputs), min_psnr)
    for case in cases
    if (path := paths[case.name])
  ]
  missing = [
    case.name
    for case in cases
    if case.direction in wanted and not paths[case.name]
  ]
  if missing:
    # A test on a phone may have ended at the first output that was wrong.
    wrong = [f" {f.name}: {f.fault}." for f in found if f.fault]
    raise errors.UserError(
      f"holds no output for {missing[0]}_input.png.{''.join(wrong)}",
      "outputs",
      outputs,
    )
  return found


def _path(folder: str, name: str) -> str | None:
  """Returns the file with an output, if there is one."""
  for ending in _ENDINGS:
    path = os.path.join(folder, *f"{name}_output{ending}".split("/"))
    if os.path.exists(path):
      return path
  return None


def _read(path: str, shape: Sequence[int], outputs: str) -> np.ndarray:
  """Returns an output as float32 in [0, 1]."""
  try:
    regular_files.check(path)
    if path.endswith(".png"):
      image = image_files.read(path)[..., : shape[-1]]
      if image.shape != tuple(shape):
        raise ValueError(f"{image.shape} instead of {tuple(shape)}")
      return image.astype(np.float32) / 255
    return golden.from_bytes(pathlib.Path(path).read_bytes(), shape)
  except OSError as error:
    raise errors.UserError(
      f": {path} cannot be read ({error.strerror}).", "outputs", outputs
    ) from error
  except errors.UserError:
    raise
  except ValueError as error:
    raise errors.UserError(
      f": {path} has another size: {error}.", "outputs", outputs
    ) from error


def examine(case: golden.Case, made: np.ndarray, min_psnr: float) -> Finding:
  """Compares one output, and looks for the mistake if it differs.

  Args:
    case: What has to come out.
    made: What an app has made of the input: float32 `[size, size, channels]`,
      in [0, 1] if all is well.
    min_psnr: Least PSNR, dB.
  """
  if not np.isfinite(made).all():
    return Finding(
      case.name, 0.0, "it holds numbers that are none (NaN) or inf"
    )
  mean_square = _mean_square(made, case.expected)
  psnr = -10.0 * math.log10(max(mean_square, _LEAST))
  error = _error(made, case.expected)
  if _is_one_colour(made) and not _is_one_colour(case.expected):
    best, fault = 0.0, _why_one_colour(case, made)
  else:
    best, fault = _best_explanation(case, made, error)
  # Below half a level there is nothing to explain.
  if error <= (0.5 / 255) ** 2 or best > min(
    _SHARE * error, max(_LEFT**2, _SMALL_SHARE * error)
  ):
    fault = ""
  if not fault and psnr < min_psnr:
    fault = f"it differs ({psnr:.1f} dB), not by a mistake known here"
  return Finding(case.name, psnr, fault)


def _best_explanation(
  case: golden.Case, made: np.ndarray, error: float
) -> tuple[float, str]:
  """Returns what is left of the error by the best of the faults, and that."""
  named = [
    (_error(made, wrong(case)), words) for words, wrong in _faults(made.shape)
  ]
  small = golden.thumbnail(made)
  error_small = _mean_square(small, golden.thumbnail(case.expected))
  # Seen in 16x16 means only: it has to explain the picture's error in these.
  for words, thumbnail in case.misread.items():
    left = _mean_square(small, thumbnail)
    if error_small and left <= _SHARE * error_small:
      named.append((error * left / error_small, words))
  return min(named)


def _why_one_colour(case: golden.Case, made: np.ndarray) -> str:
  """Says why an output is one colour that should not be."""
  small = golden.thumbnail(made)
  # Of a wrong input that is all white or black the model can make no more.
  for words, thumbnail in case.misread.items():
    if np.abs(thumbnail - small).max() < 1 / 255:
      return words
  return "it is one colour, as if nothing ran"


def _is_one_colour(image: np.ndarray) -> bool:
  return not np.ptp(image, axis=(0, 1)).any()


def _error(made: np.ndarray, wanted: np.ndarray) -> float:
  """Returns the mean squared error away from the border."""
  inside = slice(_BORDER, -_BORDER)
  return _mean_square(made[inside, inside], wanted[inside, inside])


def _mean_square(made: np.ndarray, wanted: np.ndarray) -> float:
  return float(np.mean(np.square(made.astype(np.float64) - wanted)))


_Fault = Callable[[golden.Case], np.ndarray]


def _faults(shape: Sequence[int]) -> list[tuple[str, _Fault]]:
  """Returns mistakes: words, and what a case's output becomes by it."""
  found: list[tuple[str, _Fault]] = [
    ("it is the input, not translated", lambda case: case.image)
  ]

  def add(words: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    found.append((words, lambda case: change(case.expected)))

  add("it is upside down", lambda v: v[::-1])
  add("left and right are exchanged", lambda v: v[:, ::-1])
  add("it is turned by 180 degrees", lambda v: v[::-1, ::-1])
  add("rows and columns are exchanged", lambda v: v.swapaxes(0, 1))
  add("it is turned by 90 degrees to the left", np.rot90)
  add("it is turned by 90 degrees to the right", lambda v: np.rot90(v, -1))
  add("it is inverted", lambda v: 1.0 - v)
  add("it is in linear light, not sRGB", lambda v: v**2.2)
  add("it is encoded as sRGB twice", lambda v: v ** (1 / 2.2))
  add("its range is [-1, 1] instead of [0, 1]", lambda v: v * 2.0 - 1.0)
  add(
    "its range is [-1, 1] instead of [0, 1], cut off below 0",
    lambda v: np.clip(v * 2.0 - 1.0, 0.0, 1.0),
  )
  add(
    "[0, 1] was taken for [-1, 1], so that it is pale",
    lambda v: (v + 1.0) / 2.0,
  )
  add("its range is [0, 255] instead of [0, 1]", lambda v: v * 255.0)
  add("its range is [0, 1 / 255] instead of [0, 1]", lambda v: v / 255.0)
  if shape[-1] == 3:
    for order in itertools.permutations(range(3)):
      if order != (0, 1, 2):
        indices = list(order)
        add(
          _order_words(order),
          functools.partial(np.take, indices=indices, axis=-1),
        )
    add(
      "its colours lie one after another (NCHW), not side by side (NHWC)",
      lambda v: v.transpose(2, 0, 1).reshape(v.shape),
    )
  for down, right in itertools.product(range(-_BORDER, _BORDER + 1), repeat=2):
    if (down, right) != (0, 0):
      add(
        f"it is shifted: {down} pixels down, {right} to the right",
        functools.partial(np.roll, shift=(down, right), axis=(0, 1)),
      )
  return found


def _order_words(order: Sequence[int]) -> str:
  moved = [i for i in range(3) if order[i] != i]
  if len(moved) == 2:
    first, second = (_COLOURS[i] for i in moved)
    return f"{first} and {second} are exchanged"
  names = ", ".join(_COLOURS[i] for i in order)
  return f"its channels are {names}"


def table(findings: Sequence[Finding]) -> str:
  """Returns what was found as a table in Markdown.

  Args:
    findings: From `check`.
  """
  rows = [(f.name, f"{f.psnr:.1f}", f.fault or "right") for f in findings]
  headers = ("output", "PSNR, dB", "")
  return tabulate.tabulate(
    rows, headers, tablefmt="github", disable_numparse=True
  )


def require_right(findings: Sequence[Finding], outputs: str) -> None:
  """Refuses outputs that are not right.

  Args:
    findings: From `check`.
    outputs: The folder, for the message.

  Raises:
    errors.UserError: If one is wrong; it says what is.
  """
  wrong = [finding for finding in findings if finding.fault]
  if wrong:
    faults = list(dict.fromkeys(finding.fault for finding in wrong))
    raise errors.UserError(
      f": {len(wrong)} of {len(findings)} outputs are wrong:"
      f" {'; '.join(faults)}.",
      "outputs",
      outputs,
    )
