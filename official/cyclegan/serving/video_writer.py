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
"""Writes videos: codec, colour tags, times and sound by the file's ending.

Needs PyAV. A video is written beside its place and renamed when it is whole;
one that is ended early is whole as well, up to its last picture.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import io
import math
import os
import pathlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import av.filter
import numpy as np
from absl import logging

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.serving import video_color
from official.cyclegan.serving import video_reader

# FF_QP2LAMBDA: encoders of the MPEG family take their quality times this.
_LAMBDA = 118
# A denominator that every container's clock can be converted from.
_FINE = 90_000


@dataclasses.dataclass(frozen=True)
class Format:
  """How videos of one ending are written.

  Attributes:
    container: FFmpeg's name of the container.
    codec: FFmpeg's name of the encoder of pictures.
    options: The encoder's.
    pixels: The pixel format that it gets.
    even: Whether heights and widths have to be even.
    tagged: Whether colour tags can be written; others are taken for BT.601.
    has_aspect: Whether pixels may be other than square.
    ticks: The clock's ticks per second; 0: any, -1: one per picture at a
      constant rate.
    sound: FFmpeg's name of the encoder of sound, for what cannot be copied;
      none if there can be no sound.
    copied: Codecs of sound that are copied; none: what FFmpeg says it can hold.
    run_in: Codecs of sound whose packets before time 0, from which a decoder
      only gets going, the container can tell from what is heard. Others lose
      them, or all else would be late.
  """

  container: str
  codec: str
  options: dict[str, str]
  pixels: str = "yuv420p"
  even: bool = True
  tagged: bool = True
  has_aspect: bool = True
  ticks: int = 0
  sound: str = "aac"
  copied: tuple[str, ...] = ()
  run_in: tuple[str, ...] = ()


_ALL = ("*",)
_H264 = {"crf": "17", "preset": "fast"}
FORMATS = {
  ".mp4": Format("mp4", "libx264", _H264, run_in=_ALL),
  ".m4v": Format("mp4", "libx264", _H264, run_in=_ALL),
  ".mov": Format("mov", "libx264", _H264, run_in=_ALL),
  ".mkv": Format("matroska", "libx264", _H264, run_in=("opus",)),
  ".webm": Format(
    "webm",
    "libvpx-vp9",
    {
      "crf": "20",
      "b": "0",
      "deadline": "good",
      "cpu-used": "5",
      "row-mt": "1",
    },
    even=False,
    has_aspect=False,  # VP9's stream has none, and PyAV cannot set the file's
    sound="libopus",
    run_in=("opus",),
  ),
  ".ts": Format(
    "mpegts",
    "libx264",
    _H264,
    copied=("aac", "ac3", "dts", "eac3", "mp2", "mp3", "opus"),
  ),
  # Its pictures come at a constant rate and in the order they are shown.
  ".avi": Format(
    "avi",
    "libx264",
    {**_H264, "bf": "0"},
    has_aspect=False,
    ticks=-1,
    sound="libmp3lame",
    copied=("ac3", "mp2", "mp3", "pcm_s16le", "pcm_u8"),
  ),
  ".wmv": Format(
    "asf",
    "wmv2",
    {"flags": "+qscale", "global_quality": str(2 * _LAMBDA)},
    tagged=False,
    has_aspect=False,
    ticks=1000,
    sound="wmav2",
    copied=("mp3", "wmapro", "wmav1", "wmav2"),
  ),
  ".gif": Format(
    "gif",
    "gif",
    {},
    pixels="pal8",
    even=False,
    tagged=False,
    has_aspect=False,
    ticks=100,
    sound="",
  ),
}
# Rates that encoders of sound take, Hz, and channels at most.
_SOUND_RATES = {
  "libopus": (48_000,),
  "libmp3lame": (44_100, 48_000, 32_000, 22_050, 24_000, 16_000),
  "wmav2": (44_100, 48_000, 32_000, 22_050, 16_000),
  "aac": (44_100, 48_000, 96_000, 32_000, 24_000, 22_050, 16_000, 8_000),
}
_SOUND_CHANNELS = {"libopus": 8, "libmp3lame": 2, "wmav2": 2, "aac": 8}
_SOUND_BITS_PER_CHANNEL = 96_000  # per second
# Samples of silence that are more than any encoder's packet.
_FILL = 4096
# Of an .avi file from a video of varying rate: pictures a second at least, and
# the highest rate of beats that are taken over.
_LEAST_BEATS, _MOST_BEATS = 60, 120
_NEARLY = 0.01  # by which the mean of a constant rate may be off


class Writer:
  """A video file that is being written.

  Attributes:
    output: Its path, once it is finished.
    width: What pictures must have, pixels; odd ones lose a column where the
      codec needs even widths.
    height: The same for rows.
    frames: Pictures written.
    seconds: Time up to the end of the last picture.
  """

  def __init__(self, output: str, reader: video_reader.Reader):
    """Opens a file beside `output`.

    Args:
      output: A path that ends in one of `FORMATS`.
      reader: What is translated: its size, times, colour and sound. It is asked
        to decode what cannot be copied.

    Raises:
      errors.UserError: If it cannot be written.
    """
    self.output = output
    self._path = pathlib.Path(output)
    self._partial: files.Partial | None = None
    self._format = FORMATS[self._path.suffix.lower()]
    even = 2 if self._format.even else 1
    self.width = max(reader.width // even * even, even)
    self.height = max(reader.height // even * even, even)
    if (self.width, self.height) != (reader.width, reader.height):
      logging.info(
        "%s: %dx%d instead of %dx%d, the codec needs even sizes (.webm and .gif"
        " keep odd ones).",
        output,
        self.width,
        self.height,
        reader.width,
        reader.height,
      )
    self.frames = 0
    self.seconds = Fraction(0)
    self._sounds: list[_Track | None] = []
    self._waiting: collections.deque[tuple[Fraction, Any]] = collections.deque()
    self._lengths: dict[int, int] = {}
    self._last: int | None = None
    # The last picture, when it was last shown, and until when it is.
    self._shown: tuple[Any, int, int] | None = None
    self._dropped = 0
    self._graph: Any = None
    self._container: Any = None
    try:
      # Says now, not after hours, if that is impossible.
      self._partial = files.Partial(self._path)
      self._container = av.open(
        os.path.abspath(self._partial.path), "w", format=self._format.container
      )
      self._add_pictures(reader)
      self._add_sounds(reader)
    except (av.FFmpegError, OSError, ValueError) as error:
      self.discard()
      raise self._refusal(error) from error

  def _refusal(self, error: Exception) -> errors.UserError:
    reason = getattr(error, "strerror", None) or errors.first_line(error)
    return errors.UserError(
      f"cannot be written ({reason}).", "output", self.output
    )

  # What the file holds.

  def _add_pictures(self, reader: video_reader.Reader) -> None:
    form = self._format
    rate = reader.rate
    self._unit = reader.time_base
    if form.ticks > 0:
      self._unit = Fraction(1, form.ticks)
    elif form.ticks < 0:
      rate = _constant_rate(rate, reader.base_rate)
      self._unit = 1 / rate
    elif self._unit.denominator > _FINE and self._unit < Fraction(1, _FINE):
      self._unit = Fraction(1, _FINE)
    rate = min(rate.limit_denominator(1001), Fraction(1000))
    width, height = self.width, self.height
    if not form.has_aspect and reader.pixel_aspect != 1:
      # The file cannot say that pixels are not square: make them so.
      width = round(width * reader.pixel_aspect / 2) * 2
    self._tags = reader.tags.of_result()
    if not form.tagged:
      self._tags = video_color.Tags(
        matrix=video_color.SMPTE170M, range=video_color.LIMITED
      )
    stream = self._container.add_stream(form.codec, rate=rate)
    context = stream.codec_context
    context.width, context.height = width, height
    context.pix_fmt = form.pixels
    context.time_base = self._unit
    context.options = dict(form.options)
    context.thread_type = "AUTO"
    if form.codec.startswith("libvpx"):
      context.bit_rate = 0
    if form.tagged:
      context.color_primaries = self._tags.primaries
      context.color_trc = self._tags.transfer
      context.colorspace = self._tags.matrix
      context.color_range = self._tags.range
    if form.has_aspect:
      context.sample_aspect_ratio = reader.pixel_aspect
    self._pictures = stream

  def _add_sounds(self, reader: video_reader.Reader) -> None:
    form = self._format
    known = form.copied or self._container.supported_codecs
    for i, source in enumerate(reader.sounds):
      track = None
      name = source.codec_context.codec.canonical_name
      if form.sound and name in known and _can_hold(form.container, source):
        track = _Track(self._container.add_stream_from_template(source), name)
      elif form.sound:
        track = self._encoded_track(source)
        reader.decode_sound(i)
      if track is not None and source.language:
        track.stream.metadata["language"] = source.language
      self._sounds.append(track)
    if reader.sounds and not form.sound:
      logging.warning(
        "%s: a %s file has no sound.", self.output, self._path.suffix
      )

  def _encoded_track(self, source: Any) -> _Track:
    """Returns a track whose sound is encoded anew."""
    form = self._format
    context = source.codec_context
    channels = min(context.layout.nb_channels, _SOUND_CHANNELS[form.sound])
    layout = context.layout.name
    if channels < context.layout.nb_channels or channels <= 2:
      layout = "mono" if channels == 1 else "stereo"
    rates = _SOUND_RATES[form.sound]
    rate = context.sample_rate if context.sample_rate in rates else 48_000
    logging.info(
      "%s: a %s file cannot hold %s: its sound is encoded anew.",
      self.output,
      self._path.suffix,
      context.codec.canonical_name,
    )
    stream = self._container.add_stream(form.sound, rate=rate)
    encoder = stream.codec_context
    encoder.layout = layout
    encoder.bit_rate = _SOUND_BITS_PER_CHANNEL * channels
    return _Track(stream, encoder.codec.canonical_name, encodes=True)

  # Writing.

  def write(
    self, pixels: np.ndarray, time: Fraction, duration: Fraction
  ) -> None:
    """Appends a picture.

    Args:
      pixels: uint8 `[height, width, channels]` with 3 channels or 1, or larger
        by what has to be cut off.
      time: When it is shown, seconds.
      duration: How long, seconds.

    Raises:
      errors.UserError: If the file cannot be written.
    """
    stamp = round(time / self._unit)
    end = max(round((time + duration) / self._unit), stamp + 1)
    self.frames += 1
    self.seconds = time + duration
    if self._last is not None and stamp <= self._last:
      self._dropped += 1  # the file's clock is too coarse to tell them apart
      return
    self._last = stamp
    pixels = pixels[: self.height, : self.width]
    if pixels.shape[-1] == 1:
      pixels = np.repeat(pixels, 3, axis=-1)
    try:
      frame = av.VideoFrame.from_ndarray(
        np.ascontiguousarray(pixels), format="rgb24"
      )
      frame = self._converted(frame)
      self._repeat_until(stamp)
      self._lengths[stamp] = end - stamp
      self._encode(frame, stamp)
      self._shown = (frame, stamp, end)
      self._mux_sounds(self.seconds)
    except (av.FFmpegError, OSError) as error:
      raise self._refusal(error) from error

  def hear(self, sounds: Sequence[video_reader.Sound]) -> None:
    """Appends sounds; they wait in memory for the pictures of their time.

    Args:
      sounds: In the order of the source.

    Raises:
      errors.UserError: If the file cannot be written.
    """
    try:
      for sound in sounds:
        track = self._sounds[sound.track]
        if track is not None:
          self._wait(track, track.packets(sound))
    except (av.FFmpegError, OSError, ValueError) as error:
      raise self._refusal(error) from error

  def _wait(self, track: _Track, packets: list[tuple[Fraction, Any]]) -> None:
    """Keeps packets until the pictures of their time are written."""
    keeps = {track.codec, *_ALL} & set(self._format.run_in)
    self._waiting.extend(p for p in packets if keeps or p[0] >= 0)

  def finish(self, cut: bool) -> None:
    """Completes the file and puts it into its place.

    Args:
      cut: Whether sound ends with the last picture, instead of being kept to
        its own end.

    Raises:
      errors.UserError: If the file cannot be written.
    """
    try:
      if self._shown is not None:
        self._repeat_until(self._shown[2])
      self._mux_pictures(self._pictures.encode(None))
      for track in self._sounds:
        if track is not None:
          self._wait(track, track.flush())
      self._mux_sounds(self.seconds if cut else None)
      self._container.close()
      self._container = None
      if self._partial is not None:
        self._partial.commit()
    except (av.FFmpegError, OSError, ValueError) as error:
      raise self._refusal(error) from error
    finally:
      self.discard()
    if self._dropped:
      logging.info(
        "%s: %d pictures came too fast for a %s file and were left out.",
        self.output,
        self._dropped,
        self._path.suffix,
      )

  def discard(self) -> None:
    """Removes what is not finished; does nothing after `finish`."""
    if self._container is not None:
      with contextlib.suppress(av.FFmpegError, OSError, ValueError):
        self._container.close()  # it goes anyway
      self._container = None
    if self._partial is not None:
      self._partial.discard()

  def _repeat_until(self, stamp: int) -> None:
    """Shows the last picture on each beat before the next, at constant rate."""
    if self._format.ticks >= 0 or self._shown is None:
      return
    frame, before, end = self._shown
    for beat in range(before + 1, stamp):
      self._encode(frame, beat)
    self._shown = (frame, max(before, stamp - 1), end)

  def _encode(self, frame: Any, stamp: int) -> None:
    frame.pts, frame.time_base = stamp, self._unit
    self._mux_pictures(self._pictures.encode(frame))

  def _mux_pictures(self, packets: Sequence[Any]) -> None:
    for packet in packets:
      # Else the last picture of a file would have no duration.
      length = self._lengths.pop(packet.pts, 0)
      if length and self._format.ticks >= 0:
        packet.duration = length
      self._container.mux(packet)

  def _mux_sounds(self, until: Fraction | None) -> None:
    """Writes the sounds before a time, or all."""
    while self._waiting and (until is None or self._waiting[0][0] < until):
      self._container.mux(self._waiting.popleft()[1])

  def _converted(self, frame: Any) -> Any:
    """Returns a picture in the encoder's pixel format."""
    if self._graph is None:
      self._graph = self._make_graph()
    self._graph.push(frame)
    return self._graph.pull()

  def _make_graph(self) -> Any:
    graph = av.filter.Graph()
    context = self._pictures.codec_context
    source = graph.add(
      "buffer",
      video_size=f"{self.width}x{self.height}",
      pix_fmt="rgb24",
      time_base="1/1000",
      pixel_aspect="1/1",
    )
    sink = graph.add("buffersink")
    if self._format.pixels == "pal8":
      # 256 colours chosen anew for each picture.
      scale = graph.add("scale", w=str(context.width), h=str(context.height))
      split = graph.add("split")
      choose = graph.add("palettegen", stats_mode="single")
      use = graph.add("paletteuse", new="1", dither="sierra2_4a")
      source.link_to(scale)
      scale.link_to(split)
      split.link_to(use, 0, 0)
      split.link_to(choose, 1, 0)
      choose.link_to(use, 0, 1)
      use.link_to(sink)
    else:
      scale = graph.add(
        "scale",
        w=str(context.width),
        h=str(context.height),
        out_color_matrix=self._tags.matrix_name(0, 0),
        out_range="tv",
        flags=video_reader.SCALER_FLAGS,
      )
      form = graph.add("format", pix_fmts=self._format.pixels)
      source.link_to(scale)
      scale.link_to(form)
      form.link_to(sink)
    graph.configure()
    return graph


def _constant_rate(mean: Fraction, beats: Fraction | None) -> Fraction:
  """Returns the pictures a second of a file that has no times of its own.

  Args:
    mean: Pictures a second of the source.
    beats: What its times are multiples of, by FFmpeg's guess.
  """
  if beats is None or beats > _MOST_BEATS:
    beats = Fraction(_LEAST_BEATS)
  elif abs(beats / mean - 1) > _NEARLY:
    # Some come sooner one after the other than a beat, perhaps.
    beats *= math.ceil(_LEAST_BEATS / beats)
  return beats.limit_denominator(1001)


def _can_hold(container: str, source: Any) -> bool:
  """Says whether a kind of file can begin with a copied track of sound.

  Some muxers know a codec, but not all that its track needs.
  """
  try:
    with av.open(io.BytesIO(), "w", format=container) as file:
      file.add_stream_from_template(source)
      file.start_encoding()
  except (av.FFmpegError, OSError, ValueError):
    return False
  return True


class _Track:
  """A sound track of the file: copied, or encoded anew."""

  def __init__(self, stream: Any, codec: str, encodes: bool = False):
    """Starts at its first sound.

    Args:
      stream: PyAV's stream of the file.
      codec: FFmpeg's name of what it holds.
      encodes: Whether it gets decoded frames.
    """
    self.stream = stream
    self.codec = codec
    self._encodes = encodes
    self._last: int | None = None
    self._newest: Any = None

  def packets(self, sound: video_reader.Sound) -> list[tuple[Fraction, Any]]:
    """Returns packets to be written, with their times in seconds."""
    data = sound.data
    unit = Fraction(data.time_base)
    stamp = round(sound.time / unit)
    if self._encodes:
      data.pts = stamp
      self._newest = data
      return self._timed(self.stream.encode(data))
    shift = data.pts - stamp if data.pts is not None else data.dts - stamp
    for name in ("pts", "dts"):
      value = getattr(data, name)
      setattr(data, name, stamp if value is None else value - shift)
    if self._last is not None and data.dts <= self._last:
      return []  # what a damaged file repeats
    self._last = data.dts
    data.stream = self.stream
    return [(sound.time, data)]

  def flush(self) -> list[tuple[Fraction, Any]]:
    """Returns what an encoder still holds."""
    last = self._newest
    if last is None:
      return []
    # Some encoders keep what does not fill a packet: silence fills it.
    end = last.pts + round(last.samples / (last.sample_rate * last.time_base))
    silence = av.AudioFrame.from_ndarray(
      np.zeros_like(last.to_ndarray()), last.format.name, last.layout.name
    )
    silence.sample_rate, silence.time_base = last.sample_rate, last.time_base
    packets = []
    for i in range(1 + _FILL // last.samples):
      silence.pts = end + i * (end - last.pts)
      packets += self._timed(self.stream.encode(silence))
    packets += self._timed(self.stream.encode(None))
    return [p for p in packets if p[0] < end * last.time_base]

  def _timed(self, packets: Sequence[Any]) -> list[tuple[Fraction, Any]]:
    return [(p.pts * Fraction(p.time_base), p) for p in packets]
