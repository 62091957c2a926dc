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
"""Translates videos and cameras frame by frame, with temporal smoothing.

Frames are read and written by imageio with its own ffmpeg, an optional extra.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tqdm

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.serving import image_translator

ENDINGS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
_WRITABLE = (".mp4", ".mov", ".mkv")
# A pixel whose colours change by less than this counts as still, 8-bit levels:
# noise of cameras and of compression is below it.
_STILL = 3.0
# The change at which smoothing falls to 1/e of its strength, 8-bit levels.
_MOVED = 8.0
_CAMERA = re.compile(r"camera:(\d+)")


@dataclasses.dataclass(frozen=True)
class Result:
  """Figures of a translated video.

  Attributes:
    frames: How many were written.
    milliseconds: Median time to translate one.
    flicker: Mean absolute change of the output from frame to frame where the
      input stands still, 8-bit levels; None if it never does.
    input_flicker: That change of the input, at the same pixels.
  """

  frames: int
  milliseconds: float
  flicker: float | None
  input_flicker: float | None


def is_video(inputs: str) -> bool:
  """Says whether `--input` names a video file or a camera."""
  return bool(_CAMERA.fullmatch(inputs)) or inputs.lower().endswith(ENDINGS)


class Smoother:
  """Mixes each translated frame with the one before where nothing moves.

  The weight of the frame before is `strength * exp(-(change / 8) ** 2)`, change
  being how much a pixel's colours in the input differ from those of the frame
  before, 8-bit levels, the largest of the 3x3 pixels around it. Moving pixels
  are not mixed, so that they leave no trail.
  """

  def __init__(self, strength: float):
    """Starts without a frame before.

    Args:
      strength: Weight of the frame before where nothing moves, in [0, 1).
    """
    self._strength = strength
    self._before: tuple[np.ndarray, np.ndarray] | None = None
    self._changes: list[tuple[float, float, int]] = []

  def smooth(self, frame: np.ndarray, translated: np.ndarray) -> np.ndarray:
    """Returns a translated frame, smoothed.

    Args:
      frame: The input, uint8 `[height, width, 3]`.
      translated: Its translation, uint8 `[height, width, channels]`.

    Returns:
      uint8 like `translated`.
    """
    current = translated.astype(np.float32)
    if self._before and self._before[0].shape == frame.shape:
      old_frame, old = self._before
      # [height, width]; of several channels the mean.
      change = np.abs(frame.astype(np.float32) - old_frame).mean(axis=-1)
      weight = self._strength * np.exp(-((_spread(change) / _MOVED) ** 2))
      # `strength` of the frame before where nothing moves, none of it where
      # something does.
      current += weight[..., None] * (old - current)
      still = change < _STILL
      if still.any():
        # Means of the output's and the input's changes, and of how many pixels.
        self._changes.append(
          (
            float(np.abs(np.rint(current) - np.rint(old))[still].mean()),
            float(change[still].mean()),
            int(still.sum()),
          )
        )
    # The smoothed frame, not the translated one: a running mean in time.
    self._before = frame.astype(np.float32), current
    return np.rint(current).astype(np.uint8)

  def flicker(self) -> tuple[float | None, float | None]:
    """Returns `Result`'s `flicker` and `input_flicker` of all frames so far."""
    if not self._changes:
      return None, None
    made, given, weights = np.array(self._changes).T
    return (
      float(np.average(made, weights=weights)),
      float(np.average(given, weights=weights)),
    )


def _spread(change: np.ndarray) -> np.ndarray:
  """Returns the largest value of the 3x3 pixels around each pixel."""
  height, width = change.shape
  padded = np.pad(change, 1, mode="edge")
  parts = [
    padded[i : i + height, j : j + width] for i in range(3) for j in range(3)
  ]
  return np.max(parts, axis=0)


def translate(
  translator: image_translator.ImageTranslator,
  inputs: str,
  output: str,
  scale: str = "fit",
  smoothing: float = 0.0,
  max_frames: int = 0,
) -> Result:
  """Translates a video file, or a camera's frames.

  Ctrl-C ends it; the frames translated until then are kept.

  Args:
    translator: The generator.
    inputs: A video file, or `camera:0` and so on.
    output: A file that ends in .mp4, .mov or .mkv. Video only, no sound; an odd
      row or column is cut off.
    scale: As for `image_translator.translate_image`.
    smoothing: As for `Smoother`.
    max_frames: Frames at most; 0: all.

  Raises:
    errors.UserError: If imageio is missing, the input cannot be read, the
      output cannot be written, or an option cannot be used.
  """
  if not 0 <= smoothing < 1:
    raise errors.UserError(
      "must be at least 0 and below 1.", "temporal_smoothing", smoothing
    )
  if not output.lower().endswith(_WRITABLE):
    raise errors.UserError(
      f": a video's result is a file ending in {', '.join(_WRITABLE)}.",
      "output",
      output,
    )
  files.make_folder(os.path.dirname(output) or ".", "output")
  smoother = Smoother(smoothing)
  times: list[float] = []  # seconds
  with _open(inputs) as (frames, rate), _writing(output, rate) as write:
    progress = tqdm.tqdm(frames, unit="frame", total=max_frames or None)
    with contextlib.suppress(KeyboardInterrupt):
      for frame in progress:
        # H.264 with 4:2:0 colours has even heights and widths only.
        frame = frame[: len(frame) // 2 * 2, : frame.shape[1] // 2 * 2]
        started = time.perf_counter()
        made = image_translator.translate_image(translator, frame, scale)
        times.append(time.perf_counter() - started)
        write(smoother.smooth(frame, made))
        if len(times) == max_frames:
          break
    if not times:
      raise errors.UserError("holds no frame.", "input", inputs)
  flicker, input_flicker = smoother.flicker()
  return Result(
    len(times), float(np.median(times) * 1e3), flicker, input_flicker
  )


def _imageio() -> Any:
  """Returns imageio, if it and its ffmpeg are installed."""
  try:
    import imageio.v2
    import imageio_ffmpeg  # noqa: F401  What imageio reads videos with.
  except ImportError as error:
    raise errors.UserError(
      "videos and cameras need imageio and its ffmpeg: pip install imageio"
      " imageio-ffmpeg"
    ) from error
  return imageio.v2


@contextlib.contextmanager
def _open(inputs: str) -> Iterator[tuple[Iterator[np.ndarray], float]]:
  """Gives a video's frames, uint8 `[height, width, 3]`, and their rate."""
  library = _imageio()
  camera = _CAMERA.fullmatch(inputs)
  if not camera and not os.path.isfile(inputs):
    raise errors.UserError("does not exist.", "input", inputs)
  name = f"<video{camera[1]}>" if camera else inputs
  try:
    reader = library.get_reader(name, format="FFMPEG")
    rate = reader.get_meta_data()["fps"]
  except (OSError, RuntimeError, ValueError, IndexError, KeyError) as error:
    kind = "camera" if camera else "video"
    raise errors.UserError(
      f"is not a {kind} that ffmpeg can read ({errors.first_line(error)}).",
      "input",
      inputs,
    ) from error
  with reader:
    yield reader.iter_data(), rate


@contextlib.contextmanager
def _writing(
  output: str, rate: float
) -> Iterator[Callable[[np.ndarray], None]]:
  """Gives a function that appends a frame to a file, written whole or not.

  Not `files.writing`: ffmpeg takes the format from the file's ending.
  """
  path = pathlib.Path(output)
  partial = path.with_name(f".{path.stem}.partial{path.suffix}")
  writer = _imageio().get_writer(
    str(partial),
    format="FFMPEG",
    fps=rate,
    codec="libx264",
    quality=8,
    macro_block_size=2,
    ffmpeg_log_level="error",
  )

  def write(frame: np.ndarray) -> None:
    if frame.shape[-1] == 1:
      frame = np.repeat(frame, 3, axis=-1)
    try:
      writer.append_data(frame)
    except OSError as error:
      raise errors.UserError(
        f"cannot be written ({error}).", "output", output
      ) from error

  try:
    yield write
    writer.close()
    partial.replace(path)
  finally:
    writer.close()
    partial.unlink(missing_ok=True)
