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
"""Makes small videos of every kind, and reads what a video holds."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

RATE = 44_100  # Hz
# Kr and Kb, H.273, table 4, by the matrix's number.
LUMA = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
_LOSSLESS = {"qp": "0", "preset": "ultrafast"}


@dataclasses.dataclass
class Contents:
  """What a video holds.

  Attributes:
    frames: uint8 `[frames, height, width, 3]`, by matrix and range.
    times: When they are shown, seconds from the file's start.
    seconds: How long it is by its header.
    tags: Primaries, transfer, matrix and range.
    aspect: Of a pixel.
    sound: float `[samples]` of its first sound track, of one channel.
    sound_begin: When that begins, seconds.
    sound_codec: Its codec.
    packets: Its packets.
  """

  frames: np.ndarray
  times: list[float]
  seconds: float
  tags: tuple[int, int, int, int]
  aspect: Fraction
  sound: np.ndarray
  sound_begin: float
  sound_codec: str
  packets: list[bytes]


def patches(count: int = 1, side: int = 16) -> np.ndarray:
  """Returns uint8 `[count, 4 side, 6 side, 3]` of colours, strong and weak."""
  rng = np.random.default_rng(7)
  strong = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]]
  rest = rng.integers(20, 236, (24 - len(strong), 3)).tolist()
  colours = np.array(strong + rest, np.uint8).reshape(4, 6, 3)
  image = colours.repeat(side, axis=0).repeat(side, axis=1)
  return np.stack([np.roll(image, i * side, axis=1) for i in range(count)])


def centres(image: np.ndarray, side: int = 16) -> np.ndarray:
  """Returns the patches' middles, where 4:2:0 mixes no neighbours in."""
  half = side // 2
  parts = [image[..., half - 1 + i :: side, half::side, :] for i in (0, 1)]
  return np.mean(np.stack(parts).astype(float), axis=0)


def to_yuv(image: np.ndarray, matrix: int, full: bool) -> np.ndarray:
  """Returns 8-bit luma and colour differences `[3, height, width]`, H.273."""
  kr, kb = LUMA[matrix]
  red, green, blue = np.moveaxis(image / 255.0, -1, 0)
  luma = kr * red + (1 - kr - kb) * green + kb * blue
  cb = (blue - luma) / (2 * (1 - kb))
  cr = (red - luma) / (2 * (1 - kr))
  if full:
    planes = [255 * luma, 255 * cb + 128, 255 * cr + 128]
  else:
    planes = [219 * luma + 16, 224 * cb + 128, 224 * cr + 128]
  return np.clip(np.rint(np.stack(planes)), 0, 255).astype(np.uint8)


def to_rgb(planes: np.ndarray, matrix: int, full: bool) -> np.ndarray:
  """Returns the inverse of `to_yuv`, uint8 `[..., 3]`."""
  kr, kb = LUMA[matrix]
  luma, cb, cr = planes.astype(float)
  if full:
    luma, cb, cr = luma / 255, (cb - 128) / 255, (cr - 128) / 255
  else:
    luma, cb, cr = (luma - 16) / 219, (cb - 128) / 224, (cr - 128) / 224
  red = luma + 2 * (1 - kr) * cr
  blue = luma + 2 * (1 - kb) * cb
  green = (luma - kr * red - kb * blue) / (1 - kr - kb)
  image = np.stack([red, green, blue], axis=-1)
  return np.clip(np.rint(255 * image), 0, 255).astype(np.uint8)


def noise(seconds: float, seed: int = 3) -> np.ndarray:
  """Returns float32 `[samples]` in which no moment is like another one."""
  rng = np.random.default_rng(seed)
  raw = np.cumsum(rng.normal(0, 1, round(seconds * RATE)))
  quick = raw - np.convolve(raw, np.ones(99) / 99, "same")
  return (0.3 * quick / np.abs(quick).max()).astype(np.float32)


def make(
  path: object,
  frames: Sequence[np.ndarray],
  times: Sequence[Fraction | float] | None = None,
  *,
  rate: int = 10,
  codec: str = "libx264",
  unit: Fraction = Fraction(1, 15_360),
  tags: tuple[int, int, int, int] | None = None,
  planes: str | None = None,
  aspect: Fraction | None = None,
  sound: np.ndarray | None = None,
  sound_codec: str = "aac",
  options: dict[str, str] | None = None,
  title: str = "",
) -> str:
  """Writes a video, without loss unless options are given.

  Args:
    path: Where to.
    frames: uint8 `[height, width, 3]` of RGB, or planes of `planes`.
    times: When each is shown, seconds; by default one after the other.
    rate: Frames per second, if no times are given.
    codec: FFmpeg's name of the encoder.
    unit: Of time, seconds.
    tags: Primaries, transfer, matrix and range.
    planes: The pixel format that `frames` have, handed on as they are; by
      default they are converted to 4:4:4, BT.601, limited range.
    aspect: Of a pixel.
    sound: Samples of one channel.
    sound_codec: FFmpeg's name of its encoder.
    options: The encoder's, instead of those for no loss.
    title: What the file says it is called.
  """
  if times is None:
    times = [Fraction(i, rate) for i in range(len(frames))]
  with av.open(str(path), "w") as file:
    if title:
      file.metadata["title"] = title
    stream = file.add_stream(codec, rate=rate)
    context = stream.codec_context
    height, width = frames[0].shape[-2:] if planes else frames[0].shape[:2]
    context.width, context.height = width, height
    context.pix_fmt = planes or "yuv444p"
    context.time_base = unit
    if options is not None or codec.startswith("libx26"):
      context.options = _LOSSLESS if options is None else options
    if tags:
      context.color_primaries, context.color_trc = tags[:2]
      context.colorspace, context.color_range = tags[2:]
    if aspect:
      context.sample_aspect_ratio = aspect
    heard = None
    if sound is not None:
      # Opus has 48 kHz; PyAV converts.
      opus = sound_codec == "libopus"
      heard = file.add_stream(sound_codec, rate=48_000 if opus else RATE)
      heard.codec_context.layout = "mono"
    for image, time in zip(frames, times):
      values = image if planes else to_yuv(image, 6, False)
      file.mux(stream.encode(_frame(values, planes or "yuv444p", time, unit)))
    file.mux(stream.encode(None))
    if heard is not None:
      for begin in range(0, len(sound), 1024):
        part = np.pad(sound[begin : begin + 1024], (0, 1024))[:1024]
        piece = av.AudioFrame.from_ndarray(
          part[None], format="fltp", layout="mono"
        )
        piece.sample_rate, piece.pts = RATE, begin
        piece.time_base = Fraction(1, RATE)
        file.mux(heard.encode(piece))
      file.mux(heard.encode(None))
  return str(path)


def _frame(
  values: np.ndarray, form: str, time: Fraction | float, unit: Fraction
) -> av.VideoFrame:
  """Returns PyAV's frame of planes as they are."""
  height, width = values.shape[-2:]
  frame = av.VideoFrame(width, height, form)
  for plane, rows in zip(frame.planes, values):
    padded = np.zeros((height, plane.line_size // values.itemsize), rows.dtype)
    padded[:, :width] = rows
    plane.update(padded.tobytes())
  frame.pts, frame.time_base = round(time / unit), unit
  return frame


def look(path: object) -> Contents:
  """Returns what a video holds, by PyAV and the formulas above."""
  frames, times = [], []
  with av.open(str(path)) as file:
    begin = Fraction(max(file.start_time or 0, 0), 1_000_000)
    stream = file.streams.video[0]
    context = stream.codec_context
    for frame in file.decode(stream):
      times.append(float(frame.pts * stream.time_base - begin))
      matrix = int(frame.colorspace)
      full = frame.color_range == 2
      if frame.format.name.startswith("yuv"):
        planes = frame.reformat(
          format="yuv444p",
          src_color_range="JPEG" if full else "MPEG",
          dst_color_range="JPEG" if full else "MPEG",
        ).to_ndarray()
        planes = planes.reshape(3, frame.height, frame.width)
        known = matrix if matrix in LUMA else 6
        frames.append(to_rgb(planes, known, full))
      else:
        frames.append(frame.to_ndarray(format="rgb24"))
    tags = (
      int(context.color_primaries),
      int(context.color_trc),
      matrix,
      int(frame.color_range),
    )
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    seconds = (file.duration or 0) / 1e6
  sound, sound_begin, codec, packets = np.zeros(0), 0.0, "", []
  with av.open(str(path)) as file:
    if file.streams.audio:
      stream = file.streams.audio[0]
      codec = stream.codec_context.codec.canonical_name
      parts = []
      for packet in file.demux(stream):
        if packet.size:
          packets.append(bytes(packet))
        for frame in packet.decode():
          if not parts:
            sound_begin = float(frame.pts * frame.time_base - begin)
          values = frame.to_ndarray()
          if not frame.format.is_planar:
            values = values.reshape(-1, len(frame.layout.channels)).T
          if values.dtype == np.int16:
            values = values / 32768
          parts.append(values[0].astype(float))
      sound = np.concatenate(parts) if parts else sound
  return Contents(
    np.stack(frames),
    times,
    seconds,
    tags,
    aspect,
    sound,
    sound_begin,
    codec,
    packets,
  )


def set_display_matrix(path: object, matrix: Sequence[int]) -> None:
  """Changes how an .mp4 file's first track is turned, in its bytes.

  Args:
    path: The file.
    matrix: a, b, c and d of ISO/IEC 14496-12, 8.3.2: -1, 0 or 1.
  """
  with open(str(path), "r+b") as file:
    data = file.read()
    header = data.index(b"tkhd") + 4
    version = data[header]
    at = header + 4 + (32 if version else 20) + 16
    a, b, c, d = (value << 16 for value in matrix)
    file.seek(at)
    file.write(struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30))


def lag(one: np.ndarray, two: np.ndarray) -> float:
  """Returns by how many seconds the second sound is later than the first."""
  size = len(one) + len(two)
  product = np.fft.rfft(two, size) * np.conj(np.fft.rfft(one, size))
  best = int(np.argmax(np.fft.irfft(product, size)))
  return (best - size if best > size // 2 else best) / RATE
