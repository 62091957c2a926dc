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
import os
import pathlib
import signal
import sys
import threading

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import errors
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import video
from tests import conftest
from tests import videos

_HEIGHT, _WIDTH = 50, 64
_RATE = 12


def _frames(count=8):
  """A square moves over a picture that stands still but for some noise."""
  rng = np.random.default_rng(0)
  still = conftest.smooth_picture(rng, _HEIGHT, _WIDTH).astype(int)
  for i in range(count):
    frame = still + rng.integers(-1, 2, still.shape)
    frame[10:20, 5 * i : 5 * i + 10] = [20, 200, 20]
    yield np.clip(frame, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
  path = tmp_path_factory.mktemp("clip") / "clip.mp4"
  return videos.make(path, list(_frames()), rate=_RATE)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
  """Eighty small pictures with sound, 8 seconds."""
  path = tmp_path_factory.mktemp("long") / "clip.mp4"
  return videos.make(path, videos.patches(80, 4), sound=videos.noise(8))


def _same(function=lambda image: image):
  return image_translator.ImageTranslator(function, 16, 1, 1)


def _translator():
  """Inverts colours, and flickers."""
  rng = np.random.default_rng(1)

  def translate(image):
    return 1 - image + rng.normal(0, 0.02, image.shape).astype(np.float32)

  return image_translator.ImageTranslator(translate, 32, 4, 4)


def test_translates_every_frame(clip, tmp_path):
  output = str(tmp_path / "deep" / "out.mp4")
  result = video.translate(_translator(), clip, output, "native")
  assert result.frames == 8 and result.milliseconds > 0
  assert result.output == output
  assert result.seconds == pytest.approx(8 / _RATE)
  made = videos.look(output)
  assert made.frames.shape == (8, _HEIGHT, _WIDTH, 3)
  np.testing.assert_allclose(made.times, np.arange(8) / _RATE, atol=1e-3)
  for frame, want in zip(made.frames, _frames()):
    assert np.abs(frame - (255.0 - want)).mean() < 12
  assert os.listdir(tmp_path / "deep") == ["out.mp4"]


def test_smoothing_takes_flicker_away_and_leaves_no_trail(clip, tmp_path):
  results = [
    video.translate(
      _translator(), clip, str(tmp_path / f"{s}.mp4"), "native", smoothing=s
    )
    for s in (0.0, 0.8)
  ]
  plain, smooth = (result.flicker for result in results)
  assert 3 < plain < 10 and smooth < 0.5 * plain
  assert results[0].input_flicker < 2
  smoother = video.Smoother(0.9)
  for frame in _frames():
    last = smoother.smooth(frame, 255 - frame)
  np.testing.assert_allclose(last[12:18, 37:43], 255.0 - frame[12:18, 37:43])


def test_only_so_many_frames(clip, tmp_path):
  output = str(tmp_path / "out.mp4")
  result = video.translate(_translator(), clip, output, max_frames=3)
  assert result.frames == 3


def test_part_of_a_video_with_its_sound(long_clip, tmp_path):
  output = tmp_path / "out.mp4"
  result = video.translate(
    _same(), long_clip, str(output), "native", start=2.5, duration=3
  )
  assert result.frames == 30 and result.seconds == pytest.approx(3)
  made, whole = videos.look(output), videos.look(long_clip)
  assert made.seconds == pytest.approx(3, abs=0.03)
  begin = round((2.5 + made.sound_begin - whole.sound_begin) * videos.RATE)
  there = whole.sound[begin : begin + len(made.sound)]
  assert abs(videos.lag(there, made.sound)) < 0.02
  # Its pictures come again every six.
  off = [np.abs(made.frames[4] - f.astype(float)).mean() for f in whole.frames]
  assert np.argmin(off[26:32]) + 26 == 29


def test_colours_mean_the_same_after_translation(tmp_path):
  image = videos.patches(side=32)[0]
  source = videos.make(
    tmp_path / "in.mp4",
    [videos.to_yuv(image, 1, True)] * 3,
    planes="yuv444p",
    tags=(1, 1, 1, 2),
  )
  video.translate(_same(), source, str(tmp_path / "out.mp4"), "native")
  made = videos.look(tmp_path / "out.mp4")
  assert made.tags == (1, 1, 1, 1)
  off = videos.centres(made.frames[1], 32) - videos.centres(image, 32)
  # 4:2:0 at 8 bits is itself off by 2, and H.264 by one more.
  assert np.abs(off).max() <= 3 and np.abs(off).mean() < 1


def test_moving_gif_is_a_video_and_a_still_one_is_not(tmp_path):
  frames = [PIL.Image.fromarray(image) for image in videos.patches(4)]
  moving, still = str(tmp_path / "moving.gif"), str(tmp_path / "still.gif")
  frames[0].save(
    moving, save_all=True, append_images=frames[1:], duration=[100, 300, 50, 90]
  )
  frames[0].save(still)
  assert video.is_video(moving) and not video.is_video(still)
  assert not video.is_video(str(tmp_path / "gone.gif"))
  result = video.translate(_same(), moving, str(tmp_path / "to"), "native")
  assert result.output == str(tmp_path / "to" / "moving.gif")
  made = videos.look(result.output)
  np.testing.assert_allclose(made.times, [0, 0.1, 0.4, 0.45], atol=0.011)
  assert result.seconds == pytest.approx(0.54, abs=0.02)


@pytest.mark.parametrize(
  "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
)
def test_interrupted_video_is_a_whole_file(number, long_clip, tmp_path):
  done = []

  def translate(image):
    done.append(0)
    if len(done) == 20:
      os.kill(os.getpid(), number)
    return image

  output = tmp_path / "out.mp4"
  with pytest.raises(errors.Interruption, match="holds 20 frames") as raised:
    video.translate(_same(translate), long_clip, str(output), "native")
  assert raised.value.number == number
  made = videos.look(output)
  assert len(made.times) == 20
  assert made.seconds == pytest.approx(2, abs=0.05)
  assert len(made.sound) / videos.RATE == pytest.approx(2, abs=0.05)
  assert os.listdir(tmp_path) == ["out.mp4"]
  assert signal.getsignal(number) is not None


def test_failing_translation_leaves_nothing(long_clip, tmp_path):
  threads = threading.active_count()

  def translate(image):
    raise ZeroDivisionError

  with pytest.raises(ZeroDivisionError):
    video.translate(_same(translate), long_clip, str(tmp_path / "out.mp4"))
  assert not os.listdir(tmp_path)
  assert threading.active_count() == threads


def test_reading_is_ahead_of_translating_but_not_far(
  long_clip, monkeypatch, tmp_path
):
  from official.cyclegan.serving import video_reader
  from official.cyclegan.serving import video_writer

  read, written, ahead, behind = [], [], [], []
  pixels, write = video_reader.Reader._pixels, video_writer.Writer.write
  enough = threading.Event()

  def reading(self, frame):
    read.append(0)
    if len(read) > 1:
      enough.set()
    return pixels(self, frame)

  def writing(self, *args):
    written.append(0)
    return write(self, *args)

  def translate(image):
    # The next one is read meanwhile, in a thread of its own.
    assert enough.wait(60)
    ahead.append(len(read) - len(ahead) - 1)
    behind.append(len(ahead) - 1 - len(written))
    return image

  monkeypatch.setattr(video_reader.Reader, "_pixels", reading)
  monkeypatch.setattr(video_writer.Writer, "write", writing)
  video.translate(_same(translate), long_clip, str(tmp_path / "out.mp4"))
  assert len(written) == 80
  assert 1 <= max(ahead) <= video._AHEAD + 2
  assert max(behind) <= video._AHEAD + 2


def test_input_is_never_written_over(clip, tmp_path):
  (tmp_path / "link.mp4").symlink_to(clip)
  before = pathlib.Path(clip).read_bytes()
  for output in (clip, os.path.dirname(clip), str(tmp_path / "link.mp4")):
    with pytest.raises(errors.UserError, match="would overwrite the input"):
      video.translate(_same(), clip, output)
  assert pathlib.Path(clip).read_bytes() == before


def test_lines_of_progress_are_few_and_tell_the_rest(log, monkeypatch):
  now = [0.0]
  monkeypatch.setattr(video.time, "monotonic", lambda: now[0])
  monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
  progress = video._Progress("x.mp4", 24 * 3600)
  for _ in range(24 * 3600):  # a day, a picture each second
    now[0] += 1
    progress.step()
  progress.close()
  lines = [r.getMessage() for r in log.records]
  assert 20 < len(lines) < 100
  assert lines[0] == "x.mp4: 10 of 86400 frames, 23:59:50 left"


def test_without_its_library_it_is_named(clip, monkeypatch, tmp_path):
  for name in ("video_reader", "video_writer"):
    monkeypatch.delitem(
      sys.modules, f"official.cyclegan.serving.{name}", raising=False
    )
    from official.cyclegan import serving

    monkeypatch.delattr(serving, name, raising=False)
  monkeypatch.setitem(sys.modules, "av", None)
  with pytest.raises(errors.UserError, match="pip install av"):
    video.translate(_same(), clip, str(tmp_path / "out.mp4"))


@pytest.mark.parametrize(
  ("inputs", "output", "options", "message"),
  [
    ("clip.mp4", "out.png", {}, "--output=.*mp4"),
    ("clip.mp4", "out.mp4", {"smoothing": 1.0}, "--temporal_smoothing=1"),
    ("gone.mp4", "out.mp4", {}, "--input=.*gone.mp4 does not exist"),
    ("text.mp4", "out.mp4", {}, "--input=.*text.mp4 is not a video"),
    ("camera:97", "out.mp4", {}, "--input=camera:97 is not a camera"),
  ],
)
def test_bad_input_is_refused(clip, tmp_path, inputs, output, options, message):
  (tmp_path / "text.mp4").write_text("no video")
  if not inputs.startswith("camera"):
    inputs = clip if inputs == "clip.mp4" else str(tmp_path / inputs)
  with pytest.raises(errors.UserError, match=message):
    video.translate(_translator(), inputs, str(tmp_path / output), **options)
  assert not [n for n in os.listdir(tmp_path) if "out" in n]


@pytest.mark.parametrize(
  ("inputs", "is_one"),
  [("a.MP4", True), ("camera:0", True), ("a.png", False), ("camera", False)]
  + [(f"x{ending}", True) for ending in video.WRITABLE[:-1]],
)
def test_knows_a_video(inputs, is_one):
  assert video.is_video(inputs) == is_one


@pytest.mark.parametrize(
  ("inputs", "name"),
  [
    ("a/b.MOV", "b.MOV"),
    ("a/b.gif", "b.gif"),
    ("a/b.3gp", "b.mp4"),
    ("camera:0", "camera_0.mp4"),
  ],
)
def test_name_of_the_result(inputs, name):
  assert video.result_name(inputs) == name


if __name__ == "__main__":
  conftest.main(__file__)
