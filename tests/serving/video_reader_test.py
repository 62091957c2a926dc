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
import contextlib
import os
from fractions import Fraction

import av
import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import errors
from official.cyclegan.serving import video_reader
from tests import conftest
from tests import videos

_TIMES = [Fraction(n, 30) for n in (0, 1, 2, 8, 9, 30, 36)]


def _read(path, **options):
  """Returns the pictures of a file, sounds among them, and the reader."""
  with contextlib.closing(video_reader.Reader(str(path), **options)) as reader:
    return reader, list(reader)


def _noise(count):
  """Returns pictures that take equally much room in a file."""
  rng = np.random.default_rng(0)
  return rng.integers(0, 256, (count, 32, 48, 3), np.uint8)


def _pictures(path, **options):
  _, found = _read(path, **options)
  return [p for p in found if p.pixels is not None]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
  """Seven pictures at uneven times, with sound."""
  path = tmp_path_factory.mktemp("clip") / "clip.mp4"
  return videos.make(
    path,
    videos.patches(len(_TIMES)),
    _TIMES,
    rate=30,
    sound=videos.noise(1.2),
  )


def test_times_and_durations_are_the_files(clip):
  found = _pictures(clip)
  assert [p.time for p in found] == _TIMES
  want = np.diff([float(t) for t in _TIMES])
  np.testing.assert_allclose([float(p.duration) for p in found[:-1]], want)
  assert 0 < found[-1].duration < Fraction(1, 2)
  for got, image in zip(found, videos.patches(len(_TIMES))):
    assert got.pixels.dtype == np.uint8
    off = videos.centres(got.pixels) - videos.centres(image)
    assert np.abs(off).max() <= 2


def test_all_the_sound_comes_in_order(clip):
  reader, found = _read(clip)
  sounds = [s for p in found for s in p.sounds]
  assert len(reader.sounds) == 1
  assert [bytes(s.data) for s in sounds] == videos.look(clip).packets
  times = [float(s.time) for s in sounds]
  assert times == sorted(times) and times[-1] > 1.1


@pytest.mark.parametrize(
  ("start", "duration", "want"),
  [
    (0, 0.1, [(0, 1), (1, 1), (2, 1)]),
    # At 0.5 s the picture of 0.3 s is on the screen.
    (0.5, 0, [(0, 15), (15, 6), (21, None)]),
    (0.5, 0.6, [(0, 15), (15, 3)]),
    (1, 0, [(0, 6), (6, None)]),
    (0.28, 0.05, [(0, 0.6), (0.6, 0.9)]),
    (0.1, 100, [(0, 5), (5, 1), (6, 21), (27, 6), (33, None)]),
  ],
)
def test_part_of_a_video(clip, start, duration, want):
  found = _pictures(clip, start=start, duration=duration)
  got = [(float(p.time * 30), float(p.duration * 30)) for p in found]
  assert [g[0] for g in got] == pytest.approx([w[0] for w in want], abs=0.05)
  for (_, length), (_, wanted) in zip(got, want):
    assert wanted is None or length == pytest.approx(wanted, abs=0.05)
  if duration and duration < 1:
    total = found[-1].time + found[-1].duration
    assert float(total) == pytest.approx(duration, abs=1e-4)


def test_sound_ends_and_begins_with_the_part(clip):
  _, found = _read(clip, start=0.5, duration=0.3)
  times = [float(s.time) for p in found for s in p.sounds]
  assert 0 <= times[0] < 0.03 and 0.26 < times[-1] < 0.3
  assert len(_pictures(clip, max_frames=4)) == 4


@pytest.mark.parametrize("start", [1.4, 50])
def test_nothing_after_the_end(clip, start):
  with pytest.raises(errors.UserError, match=f"no picture after {start:g} s"):
    _read(clip, start=start)


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
def test_colours_by_matrix_and_range(matrix, full, tmp_path):
  image = videos.patches()[0]
  tags = 1, 1, matrix, 2 if full else 1
  path = videos.make(
    tmp_path / "x.mp4",
    [videos.to_yuv(image, matrix, full)],
    planes="yuv444p",
    tags=tags,
  )
  found = _pictures(path)
  assert np.abs(found[0].pixels.astype(int) - image).max() <= 2


@pytest.mark.parametrize(("side", "matrix"), [(16, 6), (160, 1)])
def test_untagged_colours_by_size_as_players_do(side, matrix, tmp_path):
  image = videos.patches(side=side)[0]
  planes = videos.to_yuv(image, matrix, False)
  path = videos.make(tmp_path / "x.mp4", [planes], planes="yuv444p")
  found = _pictures(path)
  assert np.abs(found[0].pixels.astype(int) - image).max() <= 2


def _matrices():
  """Yields ISO's matrices of quarter turns and flips, as a, b, c, d."""
  for one in (1, -1):
    for two in (1, -1):
      yield one, 0, 0, two
      yield 0, one, two, 0


@pytest.mark.parametrize("matrix", _matrices())
def test_pictures_are_upright(matrix, tmp_path):
  image = videos.patches()[0]
  path = videos.make(tmp_path / "x.mp4", [image], aspect=Fraction(4, 3))
  videos.set_display_matrix(path, matrix)
  # Where the corners' pixels go: x' = a x + c y, y' = b x + d y.
  a, b, c, d = matrix
  height, width = image.shape[:2]
  y, x = np.mgrid[0:height, 0:width]
  to_x, to_y = a * x + c * y, b * x + d * y
  to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
  want = np.zeros((to_y.max() + 1, to_x.max() + 1, 3), int)
  want[to_y, to_x] = image
  reader, found = _read(path)
  assert (reader.height, reader.width) == want.shape[:2]
  assert np.abs(found[0].pixels.astype(int) - want).max() <= 2
  assert reader.pixel_aspect == (Fraction(3, 4) if b else Fraction(4, 3))


def test_transparent_pictures_lie_on_the_background(tmp_path):
  frames = []
  for x in (4, 20):
    picture = PIL.Image.new("RGBA", (48, 32))
    picture.paste((200, 10, 10, 255), (x, 8, x + 10, 20))
    frames.append(picture)
  path = tmp_path / "x.gif"
  frames[0].save(
    path, save_all=True, append_images=frames[1:], duration=200, disposal=2
  )
  found = _pictures(path, background="#204060")
  assert len(found) == 2
  for got, x in zip(found, (4, 20)):
    assert got.pixels[2, 2].tolist() == [0x20, 0x40, 0x60]
    np.testing.assert_allclose(got.pixels[12, x + 5], [200, 10, 10], atol=3)


@pytest.mark.parametrize("transfer", [16, 18], ids=["pq", "hlg"])
def test_hdr_becomes_sdr_and_is_said(transfer, log, tmp_path):
  grey = np.full((32, 48), 0.58 if transfer == 16 else 0.75)  # paper's white
  grey[:, 24:] = 0.3
  luma = np.rint(64 + 876 * grey).astype("<u2")
  planes = np.stack([luma, np.full_like(luma, 512), np.full_like(luma, 512)])
  path = videos.make(
    tmp_path / "x.mp4",
    [planes] * 2,
    planes="yuv444p10le",
    tags=(9, transfer, 9, 1),
  )
  found = _pictures(path)
  assert log.text.count("tone-mapped") == 1
  assert log.text.count("PQ" if transfer == 16 else "HLG") == 1
  assert found[0].pixels[:, :20].min() >= 250
  assert np.ptp(found[0].pixels.astype(int), axis=-1).max() <= 2
  assert 20 < found[0].pixels[16, 40, 0] < 120


def test_wide_gamut_becomes_ordinary(tmp_path):
  colour = np.full((32, 48, 3), [120, 200, 80], np.uint8)
  planes = videos.to_yuv(colour, 1, False)
  path = videos.make(
    tmp_path / "x.mp4", [planes], planes="yuv444p", tags=(12, 1, 1, 1)
  )
  found = _pictures(path)
  # Display P3 (120, 200, 80) in sRGB, by CSS Color Module Level 4.
  np.testing.assert_allclose(found[0].pixels[8, 8], [89, 203, 56], atol=4)


@pytest.mark.parametrize("ending", [".mkv", ".ts"])
def test_what_is_there_of_a_truncated_file_is_read(ending, tmp_path):
  path = videos.make(
    tmp_path / f"x{ending}", _noise(40), unit=Fraction(1, 1000)
  )
  os.truncate(path, os.path.getsize(path) * 2 // 3)
  found = _pictures(path)
  assert 10 < len(found) < 40


def test_damage_is_passed_over_and_said(log, tmp_path):
  path = videos.make(
    tmp_path / "x.mkv",
    _noise(20),
    unit=Fraction(1, 1000),
    options={"qp": "10", "g": "1"},
  )
  with av.open(path) as file:
    packets = [bytes(packet) for packet in file.demux(video=0)]
  with open(path, "r+b") as file:
    file.seek(file.read().index(packets[10][:50]))
    file.write(bytes(len(packets[10])))
  found = _pictures(path)
  assert len(found) == 19
  assert "1 damaged" in log.text


def test_avi_begins_at_0(tmp_path):
  path = videos.make(
    tmp_path / "x.avi",
    videos.patches(6),
    rate=10,
    unit=Fraction(1, 10),
    options={"qp": "0", "bf": "0"},
  )
  found = _pictures(path)
  assert [p.time for p in found] == [Fraction(i, 10) for i in range(6)]


def test_name_and_text_that_are_not_unicode_are_no_hindrance(tmp_path):
  path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mkv")
  videos.make(path, videos.patches(3), title="caf__")
  with open(path, "r+b") as file:
    data = file.read()
    file.seek(data.index(b"caf__") + 3)
    file.write(b"\xe9\xff")
  assert len(_pictures(path)) == 3


def test_playlist_called_a_video_opens_nothing_else(clip, tmp_path):
  path = tmp_path / "x.mp4"
  path.write_text(
    f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\nfile:{clip}\n"
  )
  with pytest.raises(errors.UserError, match="not a video"):
    _read(path)


def test_what_is_left_out_is_said(clip, log, tmp_path):
  path = str(tmp_path / "x.mkv")
  with av.open(clip) as source, av.open(path, "w") as file:
    stream = source.streams.video[0]
    copies = [file.add_stream_from_template(stream) for _ in range(3)]
    for packet in source.demux(stream):
      if packet.dts is not None:
        for copy in copies:
          packet.stream = copy
          file.mux(packet)
  _read(path)
  assert "left out: 2 video" in log.text


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 5000])
def test_what_is_no_video_is_refused(content, tmp_path):
  path = tmp_path / "x.mp4"
  path.write_bytes(content)
  with pytest.raises(errors.UserError, match="--input=.*x.mp4 is not a video"):
    _read(path)


def test_sound_alone_is_refused(tmp_path):
  path = str(tmp_path / "x.mkv")
  with av.open(path, "w") as file:
    stream = file.add_stream("pcm_s16le", rate=8000)
    stream.codec_context.layout = "mono"
    silence = np.zeros((1, 800), np.int16)
    frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
    frame.sample_rate = 8000
    file.mux(stream.encode(frame))
    file.mux(stream.encode(None))
  with pytest.raises(errors.UserError, match="holds no picture"):
    _read(path)


@pytest.mark.parametrize(
  ("options", "count"),
  [({}, 7), ({"max_frames": 3}, 3), ({"start": 0.6, "duration": 0.3}, 2)],
)
def test_total_is_about_right(clip, options, count):
  reader, _ = _read(clip, **options)
  assert abs(reader.total - count) <= 1


if __name__ == "__main__":
  conftest.main(__file__)
