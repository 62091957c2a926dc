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
from typing import Any

import keras_tuner
import numpy as np

from official.cyclegan.core import options
from official.cyclegan.core import search_config


def varied(search: search_config.SearchConfig) -> search_config.Space:
  """Returns what is tried of each option that a search varies, in its order.

  Args:
    search: The search's options.
  """
  return {name: search.space[name] for name in search.search}


def suggest(
  hp: keras_tuner.HyperParameters,
  space: search_config.Space,
  configured: Mapping[str, Any],
) -> dict[str, Any]:
  """Returns a trial's value of each option, and declares it if it is new.

  Args:
    hp: The trial's hyperparameters.
    space: What is varied.
    configured: The configuration's own values, which are the defaults as far
      as the space holds them.
  """
  found = {}
  for name, tried in space.items():
    default = tried.clip(configured[name])
    if isinstance(tried, options.Range):
      found[name] = hp.Float(
        name, tried.low, tried.high, sampling="log", default=default
      )
    else:
      found[name] = hp.Choice(
        name, list(tried.options), ordered=False, default=default
      )
  return found


def contains(space: search_config.Space, values: Mapping[str, Any]) -> bool:
  """Returns whether a search may try some values.

  Args:
    space: What is varied.
    values: One of each option in the space.
  """
  return all(values[name] in tried for name, tried in space.items())


def grid(space: search_config.Space, points: int) -> dict[str, list[Any]]:
  """Returns the values that a grid search tries.

  Args:
    space: What is varied.
    points: How many values of each range, equally far apart on a log scale and
      rounded to six digits.
  """
  return {
    name: [
      float(f"{value:.6g}")
      for value in np.geomspace(tried.low, tried.high, points)
    ]
    if isinstance(tried, options.Range)
    else list(tried.options)
    for name, tried in space.items()
  }
