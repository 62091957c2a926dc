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
"""Starts a student with the weights of its teacher's most used channels.

Source: Li et al., "GAN Compression", 2020, section 3.1, whose students inherit
the weights of the channels with the largest norms. What follows a convolution
here is mostly instance normalisation, which takes the size of what is written
away; so a channel's importance is that of the weights that read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import networks

_SUFFIX = "_conv"
_Flows = dict[str, tuple[tuple[str, ...], str]]


def inherit(
  student: tf.keras.Model,
  student_config: config_lib.ModelConfig,
  teacher: tf.keras.Model,
  teacher_config: config_lib.ModelConfig,
) -> None:
  """Sets a student's weights to a part of its teacher's.

  Of each group of channels those are kept that are read with the largest
  weights (L1 norm), in their order. The student's residual blocks are spread
  evenly over the teacher's, the first and the last among them.

  Args:
    student: A generator.
    student_config: Its options; `config.check_transfer` accepts the two.
    teacher: A generator.
    teacher_config: Its options.
  """
  blocks = np.linspace(
    1, teacher_config.n_res_blocks, student_config.n_res_blocks
  )

  def original(name: str) -> str:
    """Returns what a student's layer or group is called in the teacher."""

    def number(match: re.Match[str]) -> str:
      return f"block{round(blocks[int(match[1]) - 1])}"

    return re.sub(r"^block(\d+)", number, name)

  flows = networks.channel_flows(student_config)
  known = _Channels(teacher, networks.channel_flows(teacher_config))
  kept = _choose(flows, _Channels(student, flows), known, original)
  kept_there = {original(group): indices for group, indices in kept.items()}
  for name, (_, written) in flows.items():
    layer, source = student.get_layer(name), teacher.get_layer(original(name))
    rows = np.concatenate(
      [
        part.start + kept_there[group]
        for group, part in known.read_by(original(name))
        if group in kept_there
      ]
    )
    columns = np.concatenate(
      [part.start + kept[written] for part in known.written_by(original(name))]
    )
    kernel = _kernel(source)[:, :, rows]
    if not isinstance(layer, tf.keras.layers.DepthwiseConv2D):
      kernel = kernel[..., columns]
    biases = [bias[columns] for bias in source.get_weights()[1:]]
    layer.set_weights([_as_stored(layer, kernel), *biases])
    if name.endswith(_SUFFIX) and written != networks.IMAGE:
      norm = name.removesuffix(_SUFFIX) + "_norm"
      values = teacher.get_layer(original(norm)).get_weights()
      student.get_layer(norm).set_weights([v[kept[written]] for v in values])


class _Channels:
  """Where a generator's layers have which groups of channels."""

  def __init__(self, network: tf.keras.Model, flows: _Flows):
    self.network = network
    self._flows = flows
    self._names = {layer.name for layer in network.layers}

  def size(self, group: str) -> int:
    """Returns how many channels a group has."""
    if group == networks.IMAGE:
      return self.network.input_shape[-1]
    name = next(
      n for n, (_, written) in self._flows.items() if written == group
    )
    return self.network.get_layer(name).filters // self._copies(name)

  def read_by(self, name: str) -> Iterator[tuple[str, range]]:
    """Yields the groups that a layer reads, and where its kernel has them."""
    start = 0
    for group in self._flows[name][0]:
      end = start + self.size(group)
      yield group, range(start, end)
      start = end

  def written_by(self, name: str) -> Iterator[range]:
    """Yields where a layer has its group's channels, once for each copy."""
    size = self.size(self._flows[name][1])
    for i in range(self._copies(name)):
      yield range(i * size, (i + 1) * size)

  def _copies(self, name: str) -> int:
    """Returns how often a layer writes each channel: 4 before a shuffle."""
    return 4 if name.removesuffix(_SUFFIX) + "_shuffle" in self._names else 1


def _choose(
  flows: _Flows,
  student: _Channels,
  teacher: _Channels,
  original: Callable[[str], str],
) -> dict[str, np.ndarray]:
  """Returns the teacher's channels that are kept, by the student's group."""
  importance: dict[str, np.ndarray] = {}
  for name, (groups, _) in flows.items():
    kernel = np.abs(_kernel(teacher.network.get_layer(original(name))))
    read = dict(teacher.read_by(original(name)))
    for group in groups:
      norms = kernel[:, :, read[original(group)]].sum(axis=(0, 1, 3))
      importance[group] = importance.get(group, 0.0) + norms
  return {
    group: np.sort(np.argsort(-norms, kind="stable")[: student.size(group)])
    for group, norms in importance.items()
  }


def _kernel(layer: tf.keras.layers.Layer) -> np.ndarray:
  """Returns a kernel, `[height, width, inputs, outputs]`."""
  return _as_stored(layer, layer.get_weights()[0])


def _as_stored(layer: tf.keras.layers.Layer, kernel: np.ndarray) -> np.ndarray:
  """Swaps inputs and outputs where Keras has them the other way round."""
  if isinstance(layer, tf.keras.layers.Conv2DTranspose):
    return np.swapaxes(kernel, 2, 3)
  return kernel
