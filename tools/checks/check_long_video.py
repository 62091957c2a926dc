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
r"""Translates a long video of varying rate with sound, and looks at the result.

Recipe (10 minutes on two cores; `--minutes=0.2 --height=96` takes seconds):

  python tools/checks/check_long_video.py --minutes=10

Makes a video of `--minutes` whose pictures come at 1/30 to 1/8 s from each
other, with a sound that never repeats itself. Translates it with a function
that inverts colours in the place of a network, and prints and checks

  * how many pictures there are, and the largest difference of their times;
  * how long both are, which must agree to a frame;
  * how far the sound is off, by cross-correlation at several places: less than
    20 ms;
  * the process's memory after a fifth and at the end, which must not grow by
    more than 5 %, and 20 MB.

Ends with status 1 if something is not so. `--input` checks a video of yours.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from fractions import Fraction
from typing import Any

import av
import numpy as np
import psutil
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import video

_MINUTES = flags.DEFINE_float("minutes", 10.0, "Length.", lower_bound=0.05)
_HEIGHT = flags.DEFINE_integer(
  "height", 720, "Rows; 16:9.", lower_bound=32, upper_bound=2160
)
_INPUT = flags.DEFINE_string("input", None, "Video to use instead.")
_ENDING = flags.DEFINE_string("ending", ".mp4", "Ending of the result.")
_RATE = 44_100  # Hz
_PLACES = 5
_SECONDS = 4.0  # of sound compared at each place
_MOST_OFF = 0.02  # seconds
_MOST_GROWTH, _MOST_MORE = 1.05, 20e6  # bytes


def main() -> None:
  """Makes a video, translates it, compares."""
  with tempfile.TemporaryDirectory() as folder:
    source = _INPUT.value or os.path.join(folder, "source.mp4")
    if not _INPUT.value:
      _make(source, _MINUTES.value * 60, _HEIGHT.value)
      print(f"Made {_MINUTES.value:g} minutes.", flush=True)
    target = os.path.join(folder, f"result{_ENDING.value}")
    memory = _Memory()
    translator = image_translator.ImageTranslator(
      lambda image: 1 - image, size=64, multiple=1, minimum=1
    )
    started = time.monotonic()
    with memory:
      result = video.translate(translator, source, target, "native")
    print(
      f"Translated in {time.monotonic() - started:.0f} s,"
      f" {result.milliseconds:.1f} ms a picture (median)."
    )
    if not all(
      [_same_times(source, target), _in_step(source, target), memory.is_flat()]
    ):
      sys.exit(1)


def _make(path: str, seconds: float, height: int) -> None:
  """Writes a video with pictures and sound that change all the time."""
  rng = np.random.default_rng(0)
  width = height * 16 // 9 // 2 * 2
  unit = Fraction(1, 15_360)
  with av.open(path, "w") as file:
    pictures = file.add_stream(
      "libx264", rate=30, options={"preset": "ultrafast", "crf": "23"}
    )
    pictures.width, pictures.height = width, height
    pictures.pix_fmt = "yuv420p"
    pictures.codec_context.time_base = unit
    sound = file.add_stream("aac", rate=_RATE)
    sound.codec_context.layout = "mono"
    picture_at, sound_at, level = 0.0, 0, 0.0
    y, x = np.mgrid[0:height, 0:width]
    still = np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], -1)
    still = still.astype(np.uint8)
    while picture_at < seconds or sound_at < seconds * _RATE:
      if picture_at * _RATE <= sound_at and picture_at < seconds:
        shift = int(picture_at * 40) % width
        image = np.roll(still, shift, axis=1)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = round(picture_at / unit), unit
        file.mux(pictures.encode(frame))
        picture_at += float(rng.integers(512, 2048)) / 15_360
        continue
      # Noise whose strength wanders: no place sounds like another one.
      level = min(max(level + rng.normal(0, 0.1), 0.02), 0.5)
      samples = (rng.normal(0, level, 1024)).astype(np.float32)
      heard = av.AudioFrame.from_ndarray(
        samples[None], format="fltp", layout="mono"
      )
      heard.sample_rate, heard.pts = _RATE, sound_at
      heard.time_base = Fraction(1, _RATE)
      file.mux(sound.encode(heard))
      sound_at += 1024
    file.mux(pictures.encode(None))
    file.mux(sound.encode(None))


def _times(path: str) -> tuple[np.ndarray, float]:
  """Returns when pictures are shown, and how long the file says it is."""
  with av.open(path) as file:
    stream = file.streams.video[0]
    unit = Fraction(stream.time_base or 0)
    times = [
      float(p.pts * unit) for p in file.demux(stream) if p.pts is not None
    ]
    return np.sort(times), (file.duration or 0) / 1e6


def _same_times(source: str, target: str) -> bool:
  """Compares pictures' times and the lengths; prints and judges them."""
  (before, seconds), (after, got) = _times(source), _times(target)
  print(f"Pictures: {len(before)} and {len(after)}.")
  print(f"Lengths: {seconds:.3f} s and {got:.3f} s.")
  if len(before) != len(after):
    return False
  off = np.abs((after - after[0]) - (before - before[0])).max()
  print(f"Times of pictures: off by {off * 1e3:.2f} ms at most.")
  frame = float(np.median(np.diff(before)))
  return bool(off < frame and abs(got - seconds) <= frame)


def _sound(path: str, begin: float, seconds: float) -> np.ndarray:
  """Returns a file's sound from a time on, one channel, 44,100 Hz."""
  resampler = av.AudioResampler(format="flt", layout="mono", rate=_RATE)
  heard = np.zeros(round(seconds * _RATE), np.float32)
  with av.open(path) as file:
    origin = max((file.start_time or 0) / 1e6, 0)
    stream = file.streams.audio[0]
    file.seek(int((begin + origin) * 1e6))
    for frame in file.decode(stream):
      at = (frame.time or 0.0) - origin - begin
      if at > seconds:
        break
      for part in resampler.resample(frame):
        samples = part.to_ndarray()[0]
        first = round(at * _RATE)
        here = slice(max(first, 0), max(first + len(samples), 0))
        kept = samples[max(-first, 0) :][: len(heard[here])]
        heard[here][: len(kept)] = kept
  return heard


def _in_step(source: str, target: str) -> bool:
  """Says how far the sound is off at several places, and judges it."""
  _, total = _times(source)
  seconds = min(_SECONDS, total)
  worst = 0.0
  for begin in np.linspace(0, max(total - seconds, 0), _PLACES):
    one, two = (_sound(p, float(begin), seconds) for p in (source, target))
    size = 2 * len(one)
    product = np.fft.rfft(two, size) * np.conj(np.fft.rfft(one, size))
    lag = int(np.argmax(np.fft.irfft(product, size)))
    lag = lag - size if lag > size // 2 else lag
    worst = max(worst, abs(lag) / _RATE)
  print(f"Sound: off by {worst * 1e3:.2f} ms at most, at {_PLACES} places.")
  return worst < _MOST_OFF


class _Memory:
  """Watches the memory of this process."""

  def __init__(self):
    self._seen: list[int] = []
    self._over = threading.Event()
    self._thread = threading.Thread(target=self._watch, daemon=True)

  def __enter__(self) -> _Memory:
    self._thread.start()
    return self

  def __exit__(self, *unused: Any) -> None:
    self._over.set()
    self._thread.join()

  def _watch(self) -> None:
    process = psutil.Process()
    while not self._over.wait(0.1):
      self._seen.append(process.memory_info().rss)

  def is_flat(self) -> bool:
    """Prints the memory after a fifth and in the last fifth, and judges it."""
    fifth = len(self._seen) // 5
    if not fifth:
      print("Memory: the video is too short to tell.")
      return True
    early = max(self._seen[fifth : 2 * fifth])
    late = max(self._seen[-fifth:])
    print(
      f"Memory: {early / 1e6:.0f} MB after a fifth, {late / 1e6:.0f} MB late."
    )
    return late < max(early * _MOST_GROWTH, early + _MOST_MORE)


if __name__ == "__main__":
  command.run(main)
