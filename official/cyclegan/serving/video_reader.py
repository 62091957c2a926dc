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
"""Reads videos and cameras: pictures as they are meant to be seen, and sound.

Needs PyAV, which brings FFmpeg's libraries. The picture's time, colour, shape
of pixels and rotation are those that the file states.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av
import av.filter
import av.sidedata.sidedata
import numpy as np
import PIL.ImageColor
from absl import logging

from official.cyclegan.core import errors
from official.cyclegan.serving import video_color

# Exact to half a level; FFmpeg's faster way is off by up to three.
SCALER_FLAGS = "accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"
# Seconds at most by which sound may lie behind pictures in a file.
_SKEW = 5
# Places of an HDR video that are looked at for its brightest light.
_PEAK_PLACES = 16
_PEAK_PERCENTILE = 99.9
# Sounds that travel together once there are no more pictures.
_TAIL = 64
_AV_TIME_BASE = 1_000_000


@dataclasses.dataclass
class Sound:
  """A piece of a sound track.

  Attributes:
    track: Which of `Reader.sounds`.
    data: An encoded packet, or a decoded frame if the reader was asked to
      decode that track.
    time: When it is heard, seconds from the start of what is read.
  """

  track: int
  data: Any
  time: Fraction


@dataclasses.dataclass
class Picture:
  """A picture and the sounds that come before the next one in the file.

  Attributes:
    pixels: uint8 `[height, width, 3]`, upright; None after the last picture.
    time: When it is shown, seconds from the start of what is read.
    duration: How long, seconds.
    sounds: What is heard, in the order of the file. Where the file's order is
      poor they may belong to other times.
  """

  pixels: np.ndarray | None
  time: Fraction
  duration: Fraction
  sounds: list[Sound]


class Reader:
  """An open video file or camera.

  Attributes:
    width: Of the upright picture, pixels.
    height: The same.
    pixel_aspect: Width of a pixel by its height.
    time_base: The file's unit of time, seconds.
    rate: Pictures per second, on average.
    base_rate: The rate whose beats all pictures are on, or None.
    tags: What the file says about colour.
    sounds: Its sound tracks that are known, PyAV's streams.
    total: How many pictures there will be, about; None if that is unknown.
  """

  def __init__(
    self,
    inputs: str,
    camera: int | None = None,
    start: float = 0,
    duration: float = 0,
    max_frames: int = 0,
    background: str = "white",
  ):
    """Opens it and looks at the first picture.

    Args:
      inputs: The path.
      camera: Number of a camera instead.
      start: From when on, seconds.
      duration: How long, seconds; 0: all.
      max_frames: Pictures at most; 0: all.
      background: Colour behind transparent pictures, as Pillow names it.

    Raises:
      errors.UserError: If it cannot be read, or has no picture at that time.
    """
    self._inputs = inputs
    self._camera = camera
    self._start = Fraction(start).limit_denominator(_AV_TIME_BASE)
    self._length = Fraction(duration).limit_denominator(_AV_TIME_BASE)
    self._max_frames = max_frames
    self._behind = np.array(PIL.ImageColor.getrgb(background)[:3], np.float32)
    self._decoded: set[int] = set()
    self._damaged = 0
    self._graphs: dict[tuple[Any, ...], Any] = {}
    self._table: str | None = None
    self._container = self._open()
    try:
      self._look()
    except BaseException:
      self.close()
      raise

  def decode_sound(self, track: int) -> None:
    """Asks for a track's sound decoded, not as packets."""
    self._decoded.add(track)

  def close(self) -> None:
    """Closes the file."""
    self._graphs.clear()
    if self._table:
      os.unlink(self._table)
      self._table = None
    self._container.close()

  # Opening.

  def _open(self) -> Any:
    """Returns PyAV's container."""
    name = os.path.abspath(self._inputs)
    form: str | None
    kind = "video"
    if self._camera is not None:
      kind = "camera"
      name, form, options = _device(self._camera)
    elif not os.path.isfile(name):
      raise errors.UserError("does not exist.", "input", self._inputs)
    else:
      form = None
      # A playlist called .mp4 must not make FFmpeg look elsewhere.
      options = {"protocol_whitelist": "file"}
    opened: dict[str, Any] = {"format": form, "options": options}
    lenient = {**opened, "metadata_errors": "replace"}
    try:
      try:
        return av.open(name, **lenient)
      except TypeError:  # av 19 has no such argument, and needs none
        return av.open(name, **opened)
    except (av.FFmpegError, OSError, ValueError) as error:
      raise errors.UserError(
        f"is not a {kind} that FFmpeg can read ({_reason(error)}).",
        "input",
        self._inputs,
      ) from error

  def _look(self) -> None:
    """Finds the streams, and what the first picture says."""
    container = self._container
    stream = container.streams.best("video")
    if stream is None or stream.codec_context is None:
      raise errors.UserError("holds no picture.", "input", self._inputs)
    stream.thread_type = "AUTO"
    self._stream = stream
    self.sounds = [
      s for s in container.streams.audio if s.codec_context is not None
    ]
    self._say_what_is_left_out()
    # What begins late, as transport streams do, begins at 0. What a sound's
    # decoder needs to get going stays before 0.
    self._origin: Fraction | None = Fraction(
      container.start_time or 0, _AV_TIME_BASE
    )
    if self._origin < 0:
      own = (stream.start_time or 0) * Fraction(stream.time_base)
      self._origin = min(own, Fraction(0))
    self._seek()
    first = self._begin() or self._begin(again=True)
    if first is None:
      after = f" after {float(self._start):g} s" if self._start else ""
      raise errors.UserError(f"holds no picture{after}.", "input", self._inputs)
    stream = self._stream  # another one, if it was opened again
    self._turn = _turn(first)
    self._size = first.width, first.height
    sideways = self._turn[0]
    self.width, self.height = self._size[::-1] if sideways else self._size
    aspect = Fraction(
      stream.sample_aspect_ratio
      or stream.codec_context.sample_aspect_ratio
      or 1
    )
    if not Fraction(1, 16) < aspect < 16:  # nonsense, e.g. 0:1
      aspect = Fraction(1)
    self.pixel_aspect = 1 / aspect if sideways else aspect
    self.time_base = Fraction(stream.time_base)
    rates = stream.average_rate, stream.guessed_rate, stream.base_rate
    self.rate = Fraction(next((r for r in rates if r), 25))
    self.base_rate = Fraction(stream.base_rate) if stream.base_rate else None
    context = stream.codec_context
    self.tags = video_color.Tags(
      int(context.color_primaries),
      int(context.color_trc),
      int(first.colorspace),
      int(first.color_range),
    )
    self.total = self._count()
    self._make_table()

  def _say_what_is_left_out(self) -> None:
    kinds: dict[str, int] = {}
    for stream in self._container.streams:
      if stream is not self._stream and stream not in self.sounds:
        kinds[stream.type] = kinds.get(stream.type, 0) + 1
    if kinds:
      parts = [f"{count} {kind}" for kind, count in sorted(kinds.items())]
      logging.info("%s: streams left out: %s.", self._inputs, ", ".join(parts))

  def _count(self) -> int | None:
    """Returns about how many pictures will come."""
    if self._camera is not None:
      return self._max_frames or None
    container, stream = self._container, self._stream
    seconds = Fraction(container.duration or 0, _AV_TIME_BASE)
    count = Fraction(stream.frames or seconds * self.rate)
    if seconds and (self._start or self._length):
      rest = max(seconds - self._start, Fraction(0))
      count *= (min(rest, self._length) if self._length else rest) / seconds
    counts = [n for n in (round(count), self._max_frames) if n > 0]
    return min(counts) if counts else None

  # Time.

  def _seek(self) -> None:
    """Goes to a key frame before the start, if the file can."""
    if self._start and self._camera is None:
      target = (self._origin or 0) + self._start
      try:
        self._container.seek(int(target * _AV_TIME_BASE), backward=True)
      except (av.FFmpegError, OSError):  # read from the beginning instead
        self._reopen()

  def _reopen(self) -> None:
    picture, sounds = self._stream.index, [s.index for s in self.sounds]
    self._container.close()
    self._container = self._open()
    self._stream = self._container.streams[picture]
    self._stream.thread_type = "AUTO"
    self.sounds = [self._container.streams[index] for index in sounds]

  def _demux(self) -> Iterator[Any]:
    """Yields packets until the file ends or cannot be read further."""
    packets = self._container.demux(self._stream, *self.sounds)
    while True:
      try:
        packet = next(packets)
      except StopIteration:
        return
      except (av.FFmpegError, OSError) as error:
        logging.warning(
          "%s: what follows cannot be read (%s).", self._inputs, _reason(error)
        )
        return
      yield packet

  def _decode(self, packet: Any) -> list[Any]:
    """Returns a packet's frames; damaged ones are counted."""
    try:
      return list(packet.decode())
    except (av.FFmpegError, OSError):
      self._damaged += 1
      return []

  def _begin(self, again: bool = False) -> Any:
    """Goes to the picture that is on the screen at the start.

    Args:
      again: Whether to read from the beginning of the file, because a seek went
        too far, as happens where an index is wrong.

    Returns:
      Its frame; None if there is none.
    """
    if again:
      if not self._start:
        return None
      self._reopen()
    self._clock = _Clock(
      self._stream, "avi" in self._container.format.name.split(",")
    )
    self._events = self._read()
    self._met: list[Sound] = []
    shown: _Timed | None = None
    for event in self._events:
      if isinstance(event, Sound):
        self._met.append(event)
      elif shown is None and event.time > 0 and self._start and not again:
        return None
      elif shown is None or event.time <= 0:
        shown = event
        if shown.time >= 0 or not self._start:
          break
      else:  # this one is later: the one before is still shown
        self._events = itertools.chain([event], self._events)
        break
    else:
      # The file has ended: is the last picture still on the screen?
      if shown and shown.time + (shown.length or self._clock.beat) <= 0:
        return None
    if shown is None:
      return None
    if self._start:
      shown = shown._replace(
        time=max(shown.time, Fraction(0)),
        length=max(shown.length + min(shown.time, Fraction(0)), Fraction(0)),
      )
    self._shown = shown
    return shown.frame

  def __iter__(self) -> Iterator[Picture]:
    """Yields pictures with their sounds, and at last sounds alone."""
    end = self._length or None
    shown, sounds = self._shown, self._met
    count, cut = 1, False
    for event in self._events:
      if isinstance(event, Sound):
        sounds.append(event)
        continue
      if event.time <= shown.time:
        continue  # wrong stamps; of two at a time one is shown
      if end is not None and event.time >= end:
        cut = True
      elif count == self._max_frames:
        end, cut = event.time, True
      if cut:
        break
      length = event.time - shown.time
      yield Picture(
        self._pixels(shown.frame), shown.time, length, self._heard(sounds, end)
      )
      shown, sounds = event, []
      count += 1
    length = shown.length or 1 / self.rate
    if cut or (end is not None and shown.time + length > end):
      length = (end or 0) - shown.time
    yield Picture(
      self._pixels(shown.frame), shown.time, length, self._heard(sounds, end)
    )
    yield from self._rest(end)
    if self._damaged:
      logging.warning(
        "%s: %d damaged packets were passed over.", self._inputs, self._damaged
      )

  def _rest(self, end: Fraction | None) -> Iterator[Picture]:
    """Yields the sounds that lie behind the last picture in the file."""
    sounds: list[Sound] = []
    nothing = Fraction(0)
    for event in self._events:
      if end is not None and event.time > end + _SKEW:
        break
      if isinstance(event, Sound):
        sounds.append(event)
      if len(sounds) >= _TAIL:
        yield Picture(None, nothing, nothing, self._heard(sounds, end))
        sounds = []
    yield Picture(None, nothing, nothing, self._heard(sounds, end))

  def _read(self) -> Iterator[Sound | _Timed]:
    """Yields what the file holds, in its order, with times from the start."""
    tracks = {s.index: i for i, s in enumerate(self.sounds)}
    for packet in self._demux():
      track = tracks.get(packet.stream.index)
      if track is not None:
        yield from self._sound(packet, track)
      else:
        for timed in self._clock.stamp(packet, self._decode(packet)):
          if self._origin is None:  # a camera's clock began long ago
            self._origin = timed.time
          time = timed.time - self._origin - self._start
          yield timed._replace(time=time)

  def _sound(self, packet: Any, track: int) -> Iterator[Sound]:
    """Yields a packet as a sound, if it is after the start."""
    time = self._time_of(packet)
    # Without a start what lies before 0 lets a decoder get going.
    if packet.size and time is not None and (time >= 0 or not self._start):
      yield Sound(track, packet, time)

  def _time_of(self, data: Any) -> Fraction | None:
    """Returns when a packet or frame begins, seconds from the start."""
    stamp = data.pts if data.pts is not None else data.dts
    if stamp is None or self._origin is None:
      return None
    return stamp * Fraction(data.time_base) - self._origin - self._start

  def _heard(self, sounds: list[Sound], end: Fraction | None) -> list[Sound]:
    """Returns what begins before the end, with those decoded that shall be."""
    heard = []
    for sound in sounds:
      if end is not None and sound.time >= end:
        continue
      if sound.track not in self._decoded:
        heard.append(sound)
        continue
      for frame in self._decode(sound.data):
        time = self._time_of(frame)
        if time is not None:
          heard.append(Sound(sound.track, frame, time))
    return heard

  # Pictures.

  def _pixels(self, frame: Any) -> np.ndarray:
    """Returns a frame as uint8 `[height, width, 3]`, upright."""
    made = self._convert(frame, self._table is not None)
    if made.shape[-1] == 4:
      alpha = made[..., 3:] / np.float32(255)
      mixed = made[..., :3] * alpha + self._behind * (1 - alpha)
      made = np.rint(mixed).astype(np.uint8)
    elif made.dtype == np.uint16:
      made = ((made.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    sideways, mirrored, upside_down = self._turn
    if sideways:
      made = made.swapaxes(0, 1)
    if mirrored:
      made = made[:, ::-1]
    if upside_down:
      made = made[::-1]
    return np.ascontiguousarray(made)

  def _convert(self, frame: Any, deep: bool) -> np.ndarray:
    """Returns a frame's RGB, or RGBA if it has alpha; uint16 if `deep`."""
    form = frame.format
    has_alpha = form.name == "pal8" or any(c.is_alpha for c in form.components)
    target = "rgb48le" if deep else "rgba" if has_alpha else "rgb24"
    matrix, span = int(frame.colorspace), int(frame.color_range)
    key = (frame.width, frame.height, form.name, matrix, span, target)
    graph = self._graphs.get(key)
    if graph is None:
      graph = self._graph(frame, target)
      self._graphs = {key: graph}  # one at a time: sizes rarely change
    graph.push(frame)
    return graph.pull().to_ndarray(format=target)

  def _graph(self, frame: Any, target: str) -> Any:
    """Returns FFmpeg's filters that make a frame RGB, of the first's size."""
    graph = av.filter.Graph()
    width, height = self._size
    full = frame.color_range == video_color.FULL
    matrix = video_color.Tags(matrix=int(frame.colorspace)).matrix_name(
      width, height
    )
    nodes = [
      graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base="1/1000",
        pixel_aspect="1/1",
        colorspace=str(int(frame.colorspace)),
        range=str(int(frame.color_range)),
      ),
      graph.add(
        "scale",
        w=str(width),
        h=str(height),
        in_color_matrix=matrix,
        in_range="pc" if full else "tv",
        out_range="pc",
        flags=SCALER_FLAGS,
      ),
      graph.add("format", pix_fmts=target),
    ]
    if self._table:
      nodes.append(graph.add("lut3d", file=self._table, interp="tetrahedral"))
    nodes.append(graph.add("buffersink"))
    for node, following in zip(nodes, nodes[1:]):
      node.link_to(following)
    graph.configure()
    return graph

  # Wide and HDR colour.

  def _make_table(self) -> None:
    """Makes the table that converts wide and HDR colour, if that is needed."""
    if not self.tags.needs_table:
      return
    peak = self._peak() if self.tags.is_hdr else 1.0
    if self.tags.is_hdr:
      logging.info(
        "%s: HDR (%s) is tone-mapped to SDR; its brightest light is %.1f times"
        " white.",
        self._inputs,
        "HLG" if self.tags.transfer == video_color.HLG else "PQ",
        peak,
      )
    handle, path = tempfile.mkstemp(suffix=".cube")
    os.close(handle)
    video_color.write_table(path, self.tags, peak)
    self._table = path
    self._graphs.clear()  # they have no table

  def _peak(self) -> float:
    """Returns the brightest light of some pictures, 1 being white."""
    brightest = [self._brightest(self._shown.frame)]
    seconds = Fraction(self._container.duration or 0, _AV_TIME_BASE)
    if self._camera is None and seconds:
      container = self._open()
      stream = container.streams[self._stream.index]
      stop = min(seconds, self._start + (self._length or seconds))
      try:
        for i in range(_PEAK_PLACES):
          at = self._start + (stop - self._start) * i / _PEAK_PLACES
          container.seek(int(((self._origin or 0) + at) * _AV_TIME_BASE))
          frame = next(container.decode(stream), None)
          if frame is not None:
            brightest.append(self._brightest(frame))
      except (av.FFmpegError, OSError):
        pass  # what was seen has to do
      container.close()
    return max(1.0, *brightest)

  def _brightest(self, frame: Any) -> float:
    signal = self._convert(frame, deep=True)[::4, ::4] / 65535
    light = video_color.to_linear(signal, self.tags).max(axis=-1)
    return float(np.percentile(light, _PEAK_PERCENTILE))


class _Timed(NamedTuple):
  """A frame, when it is shown and how long, seconds; length 0 if unknown."""

  frame: Any
  time: Fraction
  length: Fraction


class _Clock:
  """Gives frames their times and durations, also where files lack them."""

  def __init__(self, stream: Any, only_order: bool):
    """Starts before the first packet.

    Args:
      stream: PyAV's video stream.
      only_order: Whether the file says only in which order pictures come, as
        .avi does. FFmpeg then takes the first to be shown late.
    """
    self._only_order = only_order
    self._late: int | None = None  # units
    self._first_dts: int | None = None
    rate = stream.average_rate or stream.guessed_rate or 25
    self._unit = Fraction(stream.time_base)
    self.beat = 1 / Fraction(rate)
    self._lengths: dict[int, int] = {}
    self._next: Fraction | None = None

  def stamp(self, packet: Any, frames: list[Any]) -> list[_Timed]:
    """Returns frames with the file's times and their lengths."""
    if self._first_dts is None:
      self._first_dts = packet.dts
    if packet.pts is not None and packet.duration:
      self._lengths[packet.pts] = packet.duration
    stamped = []
    for frame in frames:
      if frame.pts is not None:
        if self._late is None:
          late = frame.pts - (self._first_dts or 0)
          self._late = max(late, 0) if self._only_order else 0
        time = (frame.pts - self._late) * self._unit
      elif self._next is not None:
        time = self._next
      else:
        time = Fraction(0)
      length = self._lengths.pop(frame.pts, 0) * self._unit
      self._next = time + (length or self.beat)
      stamped.append(_Timed(frame, time, length))
    if len(self._lengths) > 1000:  # of packets that gave no frame
      self._lengths.clear()
    return stamped


def _turn(frame: Any) -> tuple[bool, bool, bool]:
  """Returns how a frame is turned upright, by its display matrix.

  Returns:
    Whether rows and columns change places, and whether the result is mirrored
    then, and upside down: what a multiple of 90 degrees and a flip come to.
  """
  kinds = av.sidedata.sidedata.Type
  try:
    data = frame.side_data.get(kinds.DISPLAYMATRIX)
  except KeyError:
    data = None
  if data is None:
    return False, False, False
  a, b, _, c, d, *_ = np.frombuffer(bytes(data), "<i4" if _LITTLE else ">i4")
  if abs(int(b)) + abs(int(c)) > abs(int(a)) + abs(int(d)):
    return True, bool(c < 0), bool(b < 0)
  return False, bool(a < 0), bool(d < 0)


_LITTLE = sys.byteorder == "little"


def _device(number: int) -> tuple[str, str, dict[str, str]]:
  """Returns a camera's name, FFmpeg's name of its kind, and options."""
  if sys.platform == "darwin":
    return str(number), "avfoundation", {"framerate": "30"}
  if sys.platform == "win32":
    try:
      from av import device

      names = [
        found.name
        for found in device.enumerate_input_devices("dshow")
        if "video" in found.media_types
      ]
      return f"video={names[number]}", "dshow", {}
    except (ImportError, IndexError, av.FFmpegError) as error:
      raise errors.UserError(
        "is not a camera that FFmpeg finds.", "input", f"camera:{number}"
      ) from error
  return f"/dev/video{number}", "v4l2", {}


def _reason(error: Exception) -> str:
  """Returns what FFmpeg says of an error, without the path."""
  return getattr(error, "strerror", None) or errors.first_line(error)
