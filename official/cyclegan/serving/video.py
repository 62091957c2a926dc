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

A thread reads and decodes, this one translates, and a third encodes and writes;
between them are short queues, so that memory does not grow with the video. The
results keep the times of the pictures and the sound.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import re
import signal
import sys
import threading
import time
import typing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import PIL.Image
import tqdm
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.core import messages
from official.cyclegan.core import regular_files
from official.cyclegan.data import folders
from official.cyclegan.serving import image_translator
from official.cyclegan.training import stop_requests

if typing.TYPE_CHECKING:  # PyAV is imported once a video is opened
  from official.cyclegan.serving import video_reader
  from official.cyclegan.serving import video_writer

# What can be written; `video_writer.FORMATS` has the same.
WRITABLE = (
  ".mp4",
  ".m4v",
  ".mov",
  ".mkv",
  ".webm",
  ".ts",
  ".avi",
  ".wmv",
  ".gif",
)
# Pictures that wait between two threads. Each takes width x height x 3 bytes.
_AHEAD = 3
_PATIENCE = 0.1  # seconds, after which a thread that waits looks about
# Seconds between lines of progress where no terminal shows a bar. They come
# more rarely the longer it takes: about 80 lines in a day.
_LINE_SECONDS = 10.0
_LINE_GROWTH = 1.15
# A pixel whose colours change by less than this counts as still, 8-bit levels:
# noise of cameras and of compression is below it.
_STILL = 3.0
# The change at which smoothing falls to 1/e of its strength, 8-bit levels.
_MOVED = 8.0
# Rows and columns, about, on which flicker is measured if it is not smoothed.
_MEASURED = 128
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
    output: The file written.
    seconds: How long it is.
  """

  frames: int
  milliseconds: float
  flicker: float | None
  input_flicker: float | None
  output: str = ""
  seconds: float = 0.0


def describe(result: Result) -> str:
  """Returns what was written, in words, a line or two.

  Args:
    result: From `translate`.
  """
  text = (
    f"{messages.count(result.frames, 'frame')}, {result.seconds:.2f} s, written"
    f" to {result.output}, {result.milliseconds:.1f} ms each (median)"
  )
  if result.flicker is None:
    return text
  return (
    f"{text}\nFlicker where the input stands still: {result.flicker:.2f} levels"
    f" of 255 from frame to frame; the input's: {result.input_flicker:.2f}"
  )


def is_video(inputs: str) -> bool:
  """Says whether `--input` names a video file or a camera.

  A GIF file is one if it has more than one picture.

  Args:
    inputs: The path, or `camera:0` and so on.
  """
  if _CAMERA.fullmatch(inputs) or inputs.lower().endswith(
    folders.VIDEO_SUFFIXES
  ):
    return True
  if not inputs.lower().endswith(".gif") or regular_files.is_special(inputs):
    return False
  try:
    with PIL.Image.open(inputs, formats=("GIF",)) as picture:
      return bool(getattr(picture, "is_animated", False))
  except Exception:  # whoever reads it says what is wrong
    return False


def result_name(inputs: str) -> str:
  """Returns what a video's result is called in a folder.

  Args:
    inputs: The path of the video; or a camera.

  Returns:
    The input's name; with the ending .mp4 if its own cannot be written.
  """
  name = os.path.basename(inputs).replace(":", "_")
  stem, ending = os.path.splitext(name)
  return name if ending.lower() in WRITABLE else f"{stem}.mp4"


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
    if not self._strength:
      # Only the figures are wanted: a part of the pixels will do.
      step = max(1, min(frame.shape[:2]) // _MEASURED)
      self._mix(frame[::step, ::step], translated[::step, ::step])
      return translated
    return np.rint(self._mix(frame, translated)).astype(np.uint8)

  def _mix(self, frame: np.ndarray, translated: np.ndarray) -> np.ndarray:
    """Returns the smoothed frame, float32, and notes how much it changed."""
    current = translated.astype(np.float32)
    if self._before and self._before[0].shape == frame.shape:
      old_frame, old = self._before
      # [height, width]; of several channels the mean.
      change = np.abs(frame.astype(np.float32) - old_frame).mean(axis=-1)
      if self._strength:
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
    return current

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
  detail: str = command_config.STRETCH,
  smoothing: float = 0.0,
  max_frames: int = 0,
  start: float = 0.0,
  duration: float = 0.0,
  background: str = "white",
) -> Result:
  """Translates a video file, or a camera's frames.

  Pictures keep their times, size and shape of pixels; rotation is carried out,
  and colour becomes BT.709 (`video_color`). Sound is copied, or encoded anew
  where the file cannot hold its codec.

  SIGINT (Ctrl-C), SIGTERM and SIGHUP end it; the frames translated until then
  are a whole file, with their sound.

  Args:
    translator: The generator.
    inputs: A video file, or `camera:0` and so on.
    output: A file that ends in one of `WRITABLE`, or a folder. An odd row or
      column is cut off where the codec needs even sizes (not in .webm, .gif).
    detail: As for `image_translator.choose_detail`.
    smoothing: As for `Smoother`.
    max_frames: Frames at most; 0: all.
    start: From when on, seconds.
    duration: How long, seconds; 0: to the end.
    background: Colour behind transparent pictures, as Pillow names it.

  Raises:
    errors.UserError: If PyAV is missing, the input cannot be read, the output
      cannot be written, or an option cannot be used.
    errors.Interruption: If a signal ended it; a camera just ends.
  """
  if not 0 <= smoothing < 1:
    raise errors.UserError(
      "must be at least 0 and below 1.", "temporal_smoothing", smoothing
    )
  target = _target(inputs, output)
  reader_lib, writer_lib = _libraries()
  camera = _CAMERA.fullmatch(inputs)
  requests = stop_requests.StopRequests()
  held: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
  if target != output:  # in the folder that is given
    held = locks.hold(output, "output")
  opened = contextlib.closing(
    reader_lib.Reader(
      inputs,
      int(camera[1]) if camera else None,
      start,
      duration,
      max_frames,
      background,
    )
  )
  with held, opened as reader:
    way = image_translator.choose_detail(translator, detail, video=True)
    work = _Work(translator, way, Smoother(smoothing))
    with requests.listen():
      writer = writer_lib.Writer(target, reader)
      try:
        _run(reader, writer, work, requests)
        stopped = requests.received
        if writer.frames:
          writer.finish(cut=bool(max_frames or duration or stopped))
      finally:
        writer.discard()
  if stopped and not (camera and writer.frames):
    done = "nothing was written."
    if writer.frames:
      seconds = float(writer.seconds)
      done = f"{target} holds {writer.frames} frames, {seconds:.2f} s."
    raise errors.Interruption(
      f"stopped by {signal.Signals(stopped).name}; {done}",
      stopped,
    )
  flicker, input_flicker = work.smoother.flicker()
  return Result(
    writer.frames,
    float(np.median(work.times) * 1e3),
    flicker,
    input_flicker,
    target,
    float(writer.seconds),
  )


def _target(inputs: str, output: str) -> str:
  """Returns the file to write, and makes its folder."""
  ending = os.path.splitext(output)[1].lower()
  if os.path.isdir(output) or not ending:
    target = os.path.join(output, result_name(inputs))
  elif ending in WRITABLE:
    target = output
  else:
    raise errors.UserError(
      f": a video's result is a folder, or a file ending in"
      f" {', '.join(WRITABLE)}.",
      "output",
      output,
    )
  there = os.path.exists(target) and os.path.exists(inputs)
  if there and os.path.samefile(inputs, target):
    raise errors.UserError(
      f"would overwrite the input {inputs}. Choose another place.",
      "output",
      output,
    )
  files.make_folder(os.path.dirname(target) or ".", "output")
  return target


def _libraries() -> tuple[Any, Any]:
  """Returns the modules that read and write videos, if PyAV is installed."""
  try:
    from official.cyclegan.serving import video_reader
    from official.cyclegan.serving import video_writer
  except ImportError as error:
    raise errors.UserError(
      "videos and cameras need PyAV: pip install av"
    ) from error
  return video_reader, video_writer


@dataclasses.dataclass
class _Work:
  """What is done to each picture.

  Attributes:
    translator: The generator.
    detail: As for `image_translator.translate_image`.
    smoother: What takes flicker away.
    times: How long each translation took, seconds.
  """

  translator: image_translator.ImageTranslator
  detail: str
  smoother: Smoother
  times: list[float] = dataclasses.field(default_factory=list)

  def __call__(self, pixels: np.ndarray) -> np.ndarray:
    started = time.perf_counter()
    made = image_translator.translate_image(
      self.translator, pixels, self.detail
    )
    self.times.append(time.perf_counter() - started)
    return self.smoother.smooth(pixels, made)


class _Progress:
  """Frames done, and the time left: a bar, or lines where nobody watches."""

  def __init__(self, name: str, total: int | None):
    """Starts at no frame.

    Args:
      name: What is translated, for lines.
      total: About how many frames there are; None if that is unknown.
    """
    self._name, self._total = name, total
    self._done = 0
    self._begun = time.monotonic()
    self._next = self._begun + _LINE_SECONDS
    self._bar = None
    if sys.stderr.isatty():
      self._bar = tqdm.tqdm(unit="frame", total=total)

  def step(self) -> None:
    """Counts a frame."""
    self._done += 1
    if self._bar is not None:
      self._bar.update()
      return
    now = time.monotonic()
    if now >= self._next:
      spent = now - self._begun
      self._next = self._begun + max(
        spent * _LINE_GROWTH, spent + _LINE_SECONDS
      )
      left = "an unknown number of"
      if self._total:
        left = str(max(self._total, self._done))
      rest = ""
      if self._total and self._total > self._done:
        seconds = spent / self._done * (self._total - self._done)
        rest = f", {tqdm.tqdm.format_interval(seconds)} left"
      logging.info("%s: %d of %s frames%s", self._name, self._done, left, rest)

  def close(self) -> None:
    """Ends the bar."""
    if self._bar is not None:
      self._bar.close()


def _run(
  reader: video_reader.Reader,
  writer: video_writer.Writer,
  work: _Work,
  requests: stop_requests.StopRequests,
) -> None:
  """Reads, translates and writes at the same time."""
  stop = threading.Event()
  read: queue.Queue = queue.Queue(_AHEAD)
  made: queue.Queue = queue.Queue(_AHEAD)
  failures: list[BaseException] = []

  def in_thread(what: Callable[[], None]) -> threading.Thread:
    def run() -> None:
      try:
        what()
      except BaseException as error:  # raised again in the main thread
        failures.append(error)
        stop.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread

  def reading() -> None:
    for picture in reader:
      if not _put(read, picture, stop):
        return
    _put(read, None, stop)

  def writing() -> None:
    for picture, pixels in _items(made, stop.is_set):
      writer.hear(picture.sounds)
      if pixels is not None:
        writer.write(pixels, picture.time, picture.duration)

  progress = _Progress(os.path.basename(writer.output), reader.total)
  threads = [in_thread(reading), in_thread(writing)]
  try:
    for picture in _items(read, lambda: stop.is_set() or requests.received):
      pixels = picture.pixels
      if pixels is not None:
        pixels = work(pixels[: writer.height, : writer.width])
        progress.step()
      if not _put(made, (picture, pixels), stop):
        break
    if not failures:
      _put(made, None, stop)
      threads[1].join()
  finally:
    stop.set()
    for thread in threads:
      thread.join()
    progress.close()
  if failures:
    raise failures[0]


def _put(to: queue.Queue, item: Any, stop: threading.Event) -> bool:
  """Puts an item once there is room; says whether it was not stopped."""
  while not stop.is_set():
    try:
      to.put(item, timeout=_PATIENCE)
      return True
    except queue.Full:
      pass
  return False


def _items(of: queue.Queue, stopped: Callable[[], Any]) -> Iterator[Any]:
  """Yields what comes until it is None, or until it is stopped."""
  while not stopped():
    try:
      item = of.get(timeout=_PATIENCE)
    except queue.Empty:
      continue
    if item is None:
      return
    yield item
