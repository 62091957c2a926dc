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
"""Draws a run's losses, measures and learning rates over its steps."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from official.cyclegan.training import history as history_lib

_POINTS = 400  # of a curve at most: more cannot be seen
_PANEL_INCHES = (4.2, 2.7)
_DOTS_PER_INCH = 110
_COLUMNS = 2
# Panels: the heading, how names in it begin, whether the axis is logarithmic.
# A name belongs to the first panel that fits.
_PANELS = (
  ("adversarial losses", ("gan_",), False),
  ("cycle and identity losses", ("cycle_", "identity_"), False),
  ("discriminator losses", ("d_",), False),
  ("distillation losses", ("distill_", "features_"), False),
  ("learning rates", ("learning_rate/",), False),
  ("validation", ("validation/",), True),
  ("discriminators' scores", ("score",), False),
)
_HIDDEN = ("_std",)  # endings of names that are not drawn


def figure(history: history_lib.History) -> Any:
  """Returns a matplotlib figure with a panel for each kind of number.

  Args:
    history: Of the run.

  Returns:
    The figure, in which a single point is a dot; None if there are no
    numbers.
  """
  panels = [
    (title, names, logarithmic)
    for title, names, logarithmic in _panels(history.names())
    if any(history.column(name)[0] for name in names)
  ]
  if not panels:
    return None
  # Not pyplot, which keeps figures and chooses a screen for all of a process.
  from matplotlib import figure as figures

  rows = -(-len(panels) // _COLUMNS)
  width, height = _PANEL_INCHES
  drawn = figures.Figure(figsize=(width * _COLUMNS, height * rows))
  # Measured: matplotlib's own layouts take as long as all the drawing.
  drawn.subplots_adjust(
    left=0.07,
    right=0.98,
    wspace=0.2,
    hspace=0.5,
    bottom=0.5 / (height * rows),
    top=1 - 0.35 / (height * rows),
  )
  axes = drawn.subplots(rows, _COLUMNS, squeeze=False).ravel()
  for axis, (title, names, logarithmic) in zip(axes, panels):
    for name in names:
      steps, values = (_thinned(c) for c in history.column(name))
      if steps:
        dot = "o" if len(steps) == 1 else ""  # a line of one point is nothing
        label = name.split("/")[-1]
        axis.plot(steps, values, linewidth=1, marker=dot, label=label)
    if logarithmic and all(
      value > 0 for name in names for value in history.column(name)[1]
    ):
      axis.set_yscale("log")
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("step", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7)
    for event in history.events:
      axis.axvline(event["step"], color="tab:red", linewidth=0.7, alpha=0.6)
  for axis in axes[len(panels) :]:
    axis.set_visible(False)
  return drawn


def encoded(drawn: Any, kind: str) -> bytes:
  """Returns a figure as a file's content.

  Args:
    drawn: From `figure`.
    kind: `svg` or `png`.
  """
  import matplotlib

  file = io.BytesIO()
  # Text stays text, which keeps the file small and can be read out.
  with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "run"}):
    drawn.savefig(
      file, format=kind, dpi=_DOTS_PER_INCH, metadata=_metadata(kind)
    )
  return file.getvalue()


def _metadata(kind: str) -> dict[str, Any]:
  """Returns what keeps the moment of drawing out of an SVG file."""
  return {"Date": None} if kind == "svg" else {}


def _panels(
  names: Sequence[str],
) -> list[tuple[str, list[str], bool]]:
  """Returns the panels that have names, with these."""
  left = [name for name in names if not name.endswith(_HIDDEN)]
  found = []
  for title, beginnings, logarithmic in _PANELS:
    own = [name for name in left if name.startswith(beginnings)]
    left = [name for name in left if name not in own]
    if own:
      found.append((title, own, logarithmic))
  return found


def _thinned(values: list[float]) -> list[float]:
  """Returns evenly chosen values, with the first and the last."""
  if len(values) <= _POINTS:
    return values
  last = len(values) - 1
  return [values[i * last // (_POINTS - 1)] for i in range(_POINTS)]
