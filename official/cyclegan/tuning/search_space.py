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
"""The search space: the values that each varied option is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Union

import keras_tuner
import numpy as np

from official.cyclegan.core import config as config_lib


class Range(NamedTuple):
  """All numbers between two, drawn on a log scale.

  Attributes:
    low: The least value, above 0.
    high: The greatest value.
  """

  low: float
  high: float


class Choices(NamedTuple):
  """A few values, none of which is nearer to another one than the rest.

  Attributes:
    values: The values, at least one.
  """

  values: tuple[Any, ...]


Space = Mapping[str, Union[Range, Choices]]


def of(options: config_lib.SearchConfig) -> Space:
  """Returns what a search draws every option from that it might vary.

  Args:
    options: The search's.

  Returns:
    By the names of `config.SEARCHABLE`, those that `options.search` leaves out
    included.
  """
  space: dict[str, Range | Choices] = {}
  for name in config_lib.SEARCHABLE:
    if hasattr(options, f"{name}_range"):
      space[name] = Range(*getattr(options, f"{name}_range"))
    else:
      space[name] = Choices(tuple(getattr(options, f"{name}_choices")))
  return space


def varied(options: config_lib.SearchConfig) -> Space:
  """Returns the part of `of` that the search varies, in its order.

  Args:
    options: The search's.
  """
  space = of(options)
  return {name: space[name] for name in options.search}


def suggest(
  hp: keras_tuner.HyperParameters, space: Space, configured: Mapping[str, Any]
) -> dict[str, Any]:
  """Returns a trial's value of each option, and declares it if it is new.

  Args:
    hp: The trial's hyperparameters.
    space: What is varied.
    configured: The configuration's own values, which are the defaults as far
      as the space holds them.
  """
  found = {}
  for name, values in space.items():
    default = configured[name]
    if isinstance(values, Range):
      found[name] = hp.Float(
        name,
        *values,
        sampling="log",
        default=min(max(default, values.low), values.high),
      )
    else:
      choices = list(values.values)
      found[name] = hp.Choice(
        name,
        choices,
        ordered=False,
        default=default if default in choices else choices[0],
      )
  return found


def contains(space: Space, values: Mapping[str, Any]) -> bool:
  """Returns whether a search may try some values.

  Args:
    space: What is varied.
    values: One of each option in the space.
  """
  return all(
    tried.low <= values[name] <= tried.high
    if isinstance(tried, Range)
    else values[name] in tried.values
    for name, tried in space.items()
  )


def grid(space: Space, points: int) -> dict[str, list[Any]]:
  """Returns the values that a grid search tries.

  Args:
    space: What is varied.
    points: How many values of each range, equally far apart on a log scale and
      rounded to six digits.
  """
  return {
    name: [float(f"{value:.6g}") for value in np.geomspace(*tried, points)]
    if isinstance(tried, Range)
    else list(tried.values)
    for name, tried in space.items()
  }
