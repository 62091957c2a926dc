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
import io
import xml.etree.ElementTree

import PIL.Image

from official.cyclegan.reporting import curves
from official.cyclegan.training import history as history_lib
from tests import conftest


def _history(points):
  history = history_lib.History()
  for step in range(1, points + 1):
    history.add(
      step,
      {
        "gan_AB": 1 / step,
        "cycle_A": 2 / step,
        "d_A": 3 / step,
        "learning_rate/generator": 1e-4,
        "validation/swd": 0.1 / step,
        "validation/swd_std": 0.1,
        "gradient_norm/g_AB": 1.0,
      },
    )
  history.add_event(2, "exploded", "losses", "")
  return history


def test_draws_a_panel_for_each_kind_of_number():
  axes = [a for a in curves.figure(_history(5)).axes if a.get_visible()]
  assert [axis.get_title() for axis in axes] == [
    "adversarial losses",
    "cycle and identity losses",
    "discriminator losses",
    "learning rates",
    "validation",
  ]
  labels = [t.get_text() for axis in axes for t in axis.get_legend().texts]
  assert labels == ["gan_AB", "cycle_A", "d_A", "generator", "swd"]
  assert axes[-1].get_yscale() == "log" and axes[0].get_yscale() == "linear"
  # The curve and the event's line.
  assert [len(axis.lines) for axis in axes] == [2] * 5
  assert list(axes[1].lines[0].get_ydata()) == [2 / k for k in range(1, 6)]


def test_nothing_is_drawn_of_no_numbers():
  assert curves.figure(history_lib.History()) is None
  nothing = history_lib.History()
  nothing.add(1, {"gan_AB": float("nan")})
  assert curves.figure(nothing) is None


def test_one_point_is_a_dot_that_can_be_seen():
  axes = [a for a in curves.figure(_history(1)).axes if a.get_visible()]
  assert len(axes) == 5
  assert {axis.lines[0].get_marker() for axis in axes} == {"o"}
  axis = curves.figure(_history(2)).axes[0]
  assert axis.lines[0].get_marker() in ("", "None")


def test_long_runs_are_thinned_with_both_ends():
  axis = curves.figure(_history(5000)).axes[0]
  steps = list(axis.lines[0].get_xdata())
  assert len(steps) == curves._POINTS
  assert (steps[0], steps[-1]) == (1, 5000)


def test_files_are_whole_and_svg_has_its_text():
  drawn = curves.figure(_history(3))
  svg = curves.encoded(drawn, "svg")
  texts = "".join(xml.etree.ElementTree.fromstring(svg).itertext())
  assert "adversarial losses" in texts and "step" in texts
  # The same numbers give the same file.
  assert curves.encoded(curves.figure(_history(3)), "svg") == svg
  with PIL.Image.open(io.BytesIO(curves.encoded(drawn, "png"))) as picture:
    assert min(picture.size) > 300


if __name__ == "__main__":
  conftest.main(__file__)
