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

import numpy as np
import pytest

from official.cyclegan.core import errors
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import video
from tests import conftest

# ffmpeg was seen to lose its pipe in processes that gRPC had been used in.
pytestmark = pytest.mark.early

imageio = pytest.importorskip("imageio.v2", reason="no imageio here")
_HEIGHT, _WIDTH = 50, 64


def _frames(count=8):
  """A square moves over a picture that stands still but for some noise."""
  rng = np.random.default_rng(0)
  still = conftest.smooth_picture(rng, _HEIGHT, _WIDTH).astype(int)
  for i in range(count):
    frame = still + rng.integers(-1, 2, still.shape)
    frame[10:20, 5 * i : 5 * i + 10] = [20, 200, 20]
    yield np.clip(frame, 0, 255).astype(np.uint8)


@pytest.fixture
def clip(tmp_path):
  path = str(tmp_path / "clip.mp4")
  with imageio.get_writer(path, fps=12, macro_block_size=2, quality=9) as file:
    for frame in _frames():
      file.append_data(frame)
  return path


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
  with imageio.get_reader(output) as reader:
    assert reader.get_meta_data()["fps"] == 12
    made = list(reader.iter_data())
  assert len(made) == 8 and made[0].shape == (_HEIGHT, _WIDTH, 3)
  for frame, want in zip(made, _frames()):
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


@pytest.mark.parametrize(
  ("inputs", "output", "options", "message"),
  [
    ("clip.mp4", "out", {}, "--output=.*mp4"),
    ("clip.mp4", "out.mp4", {"smoothing": 1.0}, "--temporal_smoothing=1"),
    ("gone.mp4", "out.mp4", {}, "--input=.*gone.mp4 does not exist"),
    ("text.mp4", "out.mp4", {}, "--input=.*text.mp4 is not a video"),
    ("camera:97", "out.mp4", {}, "--input=camera:97 is not a camera"),
  ],
)
def test_bad_input_is_refused(clip, tmp_path, inputs, output, options, message):
  (tmp_path / "text.mp4").write_text("no video")
  if not inputs.startswith("camera"):
    inputs = str(tmp_path / inputs)
  with pytest.raises(errors.UserError, match=message):
    video.translate(_translator(), inputs, str(tmp_path / output), **options)
  assert not [n for n in os.listdir(tmp_path) if "out" in n]


@pytest.mark.parametrize(
  ("inputs", "is_one"),
  [("a.MP4", True), ("camera:0", True), ("a.png", False), ("camera", False)],
)
def test_knows_a_video(inputs, is_one):
  assert video.is_video(inputs) == is_one


if __name__ == "__main__":
  conftest.main(__file__)
