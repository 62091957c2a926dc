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
import av
import av.filter
import numpy as np
import pytest

from official.cyclegan.serving import video_color
from tests import conftest

_HLG = video_color.Tags(9, video_color.HLG, 9, video_color.LIMITED)
_PQ = video_color.Tags(9, video_color.PQ, 9, video_color.LIMITED)
# From linear BT.709 to BT.2020, Report ITU-R BT.2087, table 1.
_TO_2020 = np.array(
  [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)
# From linear Display P3 to sRGB, as in CSS Color Module Level 4's samples.
_P3_TO_SRGB = np.array(
  [[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]]
)


def _hlg(light):
  """Returns HLG's signal of scene light in [0, 1] (BT.2100, table 5)."""
  a, b, c = 0.17883277, 0.28466892, 0.55991073
  above = a * np.log(np.maximum(12 * light - b, 1e-9)) + c
  return np.where(light <= 1 / 12, np.sqrt(3 * light), above)


@pytest.mark.parametrize(
  ("nits", "signal"),  # BT.2408, table 1, and BT.2100's ends
  [(0, 0.0), (26, 0.38), (203, 0.58), (1000, 0.75), (10_000, 1.0)],
)
def test_pq_is_light_of_a_display(nits, signal):
  grey = np.full(3, signal)
  light = video_color.to_linear(grey, _PQ)
  assert np.ptp(light) < 1e-3 * max(light.max(), 1)
  assert abs(light[0] - nits / 203) < 0.035 * nits / 203 + 1e-6


def test_hlg_is_white_at_three_quarters_and_brightest_at_one():
  light = video_color.to_linear(np.array([[0.75] * 3, [1.0] * 3]), _HLG)
  np.testing.assert_allclose(light[:, 0], [1, 12 / 3.179], rtol=2e-3)


def test_sdr_in_hlg_comes_back():
  signal = np.random.default_rng(1).uniform(0, 1, (500, 3))
  # BT.709's camera curve undone, white at 75 % (BT.2408, section 5.1).
  light = np.where(
    signal < 0.081, signal / 4.5, ((signal + 0.099) / 1.099) ** (1 / 0.45)
  )
  hlg = _hlg(light @ _TO_2020.T * 0.26496)
  got = video_color.convert(hlg, _HLG, peak=1.0)
  assert np.abs(got - signal).max() < 2.5 / 255


@pytest.mark.parametrize("tags", [_HLG, _PQ], ids=["hlg", "pq"])
@pytest.mark.parametrize("peak", [1.5, 4.0, 20.0])
def test_highlights_are_compressed_and_shadows_kept(tags, peak):
  ramp = np.repeat(np.linspace(0, 1, 400)[:, None], 3, axis=1)
  light = video_color.to_linear(ramp, tags)[:, 0]
  plain = video_color.convert(ramp, tags)[:, 0]
  got = video_color.convert(ramp, tags, peak)
  assert np.ptp(got, axis=1).max() < 1e-3  # grey stays grey
  got = got[:, 0]
  assert (np.diff(got) >= -1e-9).all()
  np.testing.assert_allclose(got[light < 0.05], plain[light < 0.05], atol=2e-3)
  inside = light[light <= peak]
  assert (np.diff(got[light <= peak])[inside[1:] > 1] > 0).all()  # no clipping
  np.testing.assert_allclose(got[light >= peak], 1, atol=1e-6)
  paper = got[np.argmin(np.abs(light - 1))]
  assert 0.85 - 0.01 * peak < paper < 1


def test_wide_gamuts_are_converted():
  light = np.random.default_rng(2).uniform(0.1, 0.7, (200, 3))

  def srgb(x):
    return 1.055 * np.clip(x, 0.0031308, 1) ** (1 / 2.4) - 0.055

  p3 = video_color.Tags(12, 1, 1, 1)
  want = srgb(np.maximum(light @ _P3_TO_SRGB.T, 0.0031308))
  inside = (light @ _P3_TO_SRGB.T > 0.004).all(axis=1)
  got = video_color.convert(srgb(light), p3)
  assert inside.sum() > 100
  assert np.abs(got - want)[inside].max() < 1 / 255
  wide = video_color.Tags(9, 14, 9, 1)
  got = video_color.convert(srgb(light @ _TO_2020.T), wide)
  assert np.abs(got - srgb(light)).max() < 1 / 255


@pytest.mark.parametrize(
  ("tags", "want"),
  [
    (video_color.Tags(), (1, 1, 1, 1)),
    (video_color.Tags(1, 1, 1, video_color.FULL), (1, 1, 1, 1)),
    (video_color.Tags(6, 6, 6, 1), (6, 1, 1, 1)),
    (video_color.Tags(5, 6, 5, 1), (5, 1, 1, 1)),
    (video_color.Tags(1, 13, 0, 2), (1, 13, 1, 1)),
    (video_color.Tags(12, 1, 1, 1), (1, 1, 1, 1)),
    (video_color.Tags(9, 14, 9, 1), (1, 1, 1, 1)),
    (_HLG, (1, 1, 1, 1)),
    (_PQ, (1, 1, 1, 1)),
  ],
)
def test_tags_of_the_result(tags, want):
  made = tags.of_result()
  assert (made.primaries, made.transfer, made.matrix, made.range) == want
  assert not made.needs_table


@pytest.mark.parametrize(
  ("matrix", "width", "height", "name"),
  [
    (1, 10, 10, "bt709"),
    (6, 1920, 1080, "smpte170m"),
    (5, 1920, 1080, "bt470"),
    (9, 10, 10, "bt2020"),
    (2, 720, 576, "smpte170m"),
    (2, 1280, 720, "bt709"),
    (2, 608, 1080, "bt709"),
  ],
)
def test_matrix_by_tag_or_size(matrix, width, height, name):
  assert video_color.Tags(matrix=matrix).matrix_name(width, height) == name


@pytest.mark.parametrize("tags", [_HLG, _PQ], ids=["hlg", "pq"])
def test_table_does_what_the_function_does(tags, tmp_path):
  path = str(tmp_path / "x.cube")
  video_color.write_table(path, tags, 3.0)
  rng = np.random.default_rng(0)
  # From dark to bright, not so strong that a channel is nearly 0: there the
  # table is off by a few levels.
  light = rng.uniform(0.02, 2.9, (32, 32, 1)) * rng.uniform(0.1, 1, (32, 32, 3))
  wide = light @ _TO_2020.T
  if tags is _HLG:
    signals = _hlg(wide * 0.26496)
  else:
    signals = video_color._light_to_pq(wide * 203)
  codes = np.rint(signals * 65535).astype("<u2")
  frame = av.VideoFrame.from_ndarray(codes, format="rgb48le")
  graph = av.filter.Graph()
  nodes = [
    graph.add(
      "buffer",
      video_size="32x32",
      pix_fmt="rgb48le",
      time_base="1/1",
      pixel_aspect="1/1",
    ),
    graph.add("lut3d", file=path, interp="tetrahedral"),
    graph.add("buffersink"),
  ]
  for node, following in zip(nodes, nodes[1:]):
    node.link_to(following)
  graph.configure()
  graph.push(frame)
  got = graph.pull().to_ndarray(format="rgb48le") / 65535
  want = video_color.convert(codes / 65535, tags, 3.0)
  off = np.abs(got - want)
  assert np.percentile(off, 90) < 1 / 255 and off.max() < 6 / 255


if __name__ == "__main__":
  conftest.main(__file__)
