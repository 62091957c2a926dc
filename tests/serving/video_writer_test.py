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
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.serving import video
from official.cyclegan.serving import video_reader
from official.cyclegan.serving import video_writer
from tests import conftest
from tests import videos

_TIMES = [Fraction(n, 30) for n in (0, 1, 2, 8, 9, 30, 36)]
_SECONDS = 1.3
# What cannot say which colours it means is taken for BT.601, limited range.
_UNTAGGED = (".wmv", ".gif")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
  """Seven pictures at uneven times, with sound."""
  path = tmp_path_factory.mktemp("clip") / "clip.mp4"
  return videos.make(
    path,
    videos.patches(len(_TIMES)),
    _TIMES,
    rate=30,
    sound=videos.noise(_SECONDS),
  )


def _copy(source, target, pictures=None):
  """Writes what is read, all of it or so many pictures; returns what is there.

  `look` reads the colours of what is not tagged as BT.601's.
  """
  with contextlib.closing(video_reader.Reader(str(source))) as reader:
    writer = video_writer.Writer(str(target), reader)
    for i, picture in enumerate(reader):
      if i == pictures:
        break
      writer.hear(picture.sounds)
      if picture.pixels is not None:
        writer.write(picture.pixels, picture.time, picture.duration)
    writer.finish(cut=pictures is not None)
  assert not [n for n in os.listdir(target.parent) if "partial" in n]
  return videos.look(target)


def test_endings_are_those_that_videos_may_have():
  assert tuple(video_writer.FORMATS) == video.WRITABLE


@pytest.mark.parametrize("ending", video.WRITABLE)
def test_every_ending_keeps_times_colours_and_sound(ending, clip, tmp_path):
  got = _copy(clip, tmp_path / f"x{ending}")
  ticks = 0.011 if ending == ".gif" else 0.0011
  want = [float(t) for t in _TIMES]
  late = got.times[0]
  if ending == ".avi":  # holds a picture for each beat
    beats = [round(60 * t) for t in want]
    np.testing.assert_allclose(np.diff(got.times), 1 / 60, atol=1e-3)
    for beat, following in zip(beats, [*beats[1:], 74]):
      shown = got.frames[beat:following].astype(int)
      assert np.abs(shown - shown[0]).mean() < 2
    assert len(got.times) == 74
    got.frames = got.frames[beats]
  else:
    np.testing.assert_allclose(np.array(got.times) - late, want, atol=ticks)
  # FFmpeg takes H.264's first picture in .avi to be shown at the second beat.
  assert late <= (0.07 if ending == ".avi" else 0.001)
  seconds = 37 / 30 if ending == ".gif" else _SECONDS  # without the sound
  assert got.seconds == pytest.approx(seconds, abs=1 / 30)
  assert got.tags == ((2, 2, 2, 0) if ending in _UNTAGGED else (1, 1, 1, 1))
  off = videos.centres(got.frames[3]) - videos.centres(
    videos.patches(len(_TIMES))[3]
  )
  assert np.abs(off).mean() < (6 if ending == ".gif" else 2.5)
  if ending == ".gif":
    assert not len(got.sound)
    return
  sound = videos.look(clip)
  begin = round((sound.sound_begin - got.sound_begin) * videos.RATE)
  heard = got.sound
  if got.sound_codec == "opus":  # always 48 kHz
    grid = np.arange(0, len(heard) * 44_100 / 48_000) * 48_000 / 44_100
    heard = np.interp(grid, np.arange(len(heard)), heard)
  off = videos.lag(sound.sound, heard) - begin / videos.RATE
  assert abs(off) < 0.005


@pytest.mark.parametrize(
  ("ending", "codec", "copied"),
  [
    (".mp4", "aac", True),
    (".mkv", "libopus", True),
    (".webm", "libopus", True),
    (".mov", "pcm_s16le", True),
    (".mov", "libopus", False),
    (".mov", "flac", False),
    (".avi", "libmp3lame", True),
    (".mp4", "pcm_u8", False),
    (".ts", "flac", False),
    (".wmv", "libopus", False),
  ],
)
def test_sound_is_copied_if_it_can_be(ending, codec, copied, log, tmp_path):
  source = videos.make(
    tmp_path / "in.mkv",
    videos.patches(5),
    rate=5,
    unit=Fraction(1, 1000),
    sound=videos.noise(1),
    sound_codec=codec,
  )
  before = videos.look(source)
  got = _copy(source, tmp_path / f"x{ending}")
  assert ("encoded anew" in log.text) != copied
  kept = set(before.packets) & set(got.packets)
  if copied:
    assert got.sound_codec == before.sound_codec
    # At most the packet before time 0 goes.
    assert len(kept) >= len(set(before.packets)) - 1
  else:
    assert not kept and got.sound_codec != before.sound_codec
  assert np.abs(got.sound).max() > 0.1


def test_sound_of_what_is_cut_ends_with_the_pictures(clip, tmp_path):
  got = _copy(clip, tmp_path / "x.mp4", pictures=5)
  assert len(got.times) == 5
  assert got.seconds == pytest.approx(1.0, abs=0.03)  # the fifth lasts long
  got = _copy(clip, tmp_path / "y.mp4", pictures=3)
  assert len(got.times) == 3 and got.seconds == pytest.approx(8 / 30, abs=0.03)


@pytest.mark.parametrize(
  ("ending", "shape"),
  [(".mp4", (32, 46)), (".webm", (33, 47)), (".gif", (33, 47))],
)
def test_odd_sizes(ending, shape, tmp_path, log):
  images = [image[:33, :47] for image in videos.patches(3)]
  source = videos.make(tmp_path / "in.mkv", images, unit=Fraction(1, 1000))
  got = _copy(source, tmp_path / f"x{ending}")
  assert got.frames.shape == (3, *shape, 3)
  said = "46x32 instead of 47x33" in log.text
  assert said == (shape == (32, 46))


@pytest.mark.parametrize(
  ("mean", "beats", "want"),
  [
    (25, 25, 25),
    (Fraction(30_000, 1001), Fraction(30_000, 1001), Fraction(30_000, 1001)),
    (120, 120, 120),
    (9, 20, 60),  # a guess that is too low for some
    (17, 24, 72),
    (9, 1000, 60),
    (9, None, 60),
  ],
)
def test_rates_at_which_no_picture_of_varying_ones_is_lost(mean, beats, want):
  beats = beats and Fraction(beats)
  assert video_writer._constant_rate(Fraction(mean), beats) == want


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".avi", ".gif"])
def test_shape_of_pixels_is_kept_or_made_square(ending, tmp_path):
  source = videos.make(
    tmp_path / "in.mp4", videos.patches(3), aspect=Fraction(4, 3)
  )
  got = _copy(source, tmp_path / f"x{ending}")
  _, height, width, _ = got.frames.shape
  assert height == 64
  assert float(got.aspect * width) == pytest.approx(128, abs=1)


@pytest.mark.parametrize("channels", [3, 1])
def test_grey_is_written_as_grey(channels, tmp_path):
  source = videos.make(tmp_path / "in.mp4", videos.patches(2))
  grey = np.full((64, 96, channels), 100, np.uint8)
  with contextlib.closing(video_reader.Reader(source)) as reader:
    writer = video_writer.Writer(str(tmp_path / "x.mp4"), reader)
    for i in range(2):
      writer.write(grey, Fraction(i, 10), Fraction(1, 10))
    assert writer.frames == 2 and writer.seconds == Fraction(1, 5)
    writer.finish(cut=False)
  got = videos.look(tmp_path / "x.mp4")
  assert np.abs(got.frames.astype(int) - 100).max() <= 1


def test_pictures_too_fast_for_the_format_are_left_out(log, tmp_path):
  source = videos.make(tmp_path / "in.mp4", videos.patches(12), rate=240)
  got = _copy(source, tmp_path / "x.gif")
  assert 4 <= len(got.times) <= 6
  assert "too fast" in log.text


def test_what_is_discarded_leaves_nothing(tmp_path):
  source = videos.make(tmp_path / "in.mp4", videos.patches(2))
  (tmp_path / "x.mp4").write_text("old")
  with contextlib.closing(video_reader.Reader(source)) as reader:
    writer = video_writer.Writer(str(tmp_path / "x.mp4"), reader)
    writer.write(videos.patches()[0], Fraction(0), Fraction(1))
    writer.discard()
  assert sorted(os.listdir(tmp_path)) == ["in.mp4", "x.mp4"]
  assert (tmp_path / "x.mp4").read_text() == "old"


def test_a_planted_link_is_not_followed(clip, tmp_path):
  (tmp_path / "mine").write_text("kept")
  (tmp_path / f"x.mp4{files.PARTIAL}").symlink_to("mine")
  _copy(clip, tmp_path / "x.mp4", pictures=2)
  assert (tmp_path / "mine").read_text() == "kept"
  assert sorted(os.listdir(tmp_path)) == ["mine", "x.mp4"]
  assert not (tmp_path / "x.mp4").is_symlink()


def test_place_that_cannot_be_written_is_refused_at_once(tmp_path):
  source = videos.make(tmp_path / "in.mp4", videos.patches(2))
  with (
    contextlib.closing(video_reader.Reader(source)) as reader,
    pytest.raises(errors.UserError, match="--output=.*x.mp4 cannot"),
  ):
    video_writer.Writer(str(tmp_path / "no" / "x.mp4"), reader)


_FULL_DISK = """
import resource, sys
import numpy as np
from official.cyclegan.core import errors
from official.cyclegan.serving import image_translator, video
noise = np.random.default_rng(0)
translator = image_translator.ImageTranslator(
  lambda x: noise.random(x.shape, np.float32), 32, 1, 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
  video.translate(translator, sys.argv[1], sys.argv[2], "native")
except errors.UserError as error:
  print(error)
"""


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".gif"])
def test_full_disk_leaves_nothing(ending, clip, tmp_path):
  pytest.importorskip("resource", reason="no limits of files here")
  done = subprocess.run(
    [sys.executable, "-c", _FULL_DISK, clip, str(tmp_path / f"x{ending}")],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr
  assert "--output=" in done.stdout and "cannot be written" in done.stdout
  assert not os.listdir(tmp_path)


if __name__ == "__main__":
  conftest.main(__file__)
