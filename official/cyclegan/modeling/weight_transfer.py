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
"""Transfer of a teacher's most used channels to a narrower student.

Source: Li et al., "GAN Compression", 2020, section 3.1, whose students inherit
the weights of the channels with the largest norms. Behind a convolution here
mostly stands an instance normalisation, which cancels the scale of what the
convolution writes; so a channel's importance is that of the weights that read
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import channel_graph


def transfer_weights(
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
    student_config: Its options; `config_checks.check_transfer` accepts the two.
    teacher: A generator.
    teacher_config: Its options.
  """
  original = _block_renamer(
    student_config.n_res_blocks, teacher_config.n_res_blocks
  )
  graph = channel_graph.ChannelGraph(student)
  known = channel_graph.ChannelGraph(teacher)
  kept = _most_read(graph, known, original)
  # The same indices by the teacher's names of the groups.
  kept_there = {original(group): indices for group, indices in kept.items()}
  for name, channels in graph.convolutions.items():
    layer, source = student.get_layer(name), teacher.get_layer(original(name))
    rows = np.concatenate(
      [
        part.start + kept_there[group]
        for group, part in known.kernel_rows(original(name))
        if group in kept_there  # a student may do without the colours
      ]
    )
    columns = np.concatenate(
      [
        part.start + kept[channels.writes]
        for part in known.kernel_columns(original(name))
      ]
    )
    kernel = _kernel(source)[:, :, rows]
    if not isinstance(layer, tf.keras.layers.DepthwiseConv2D):
      kernel = kernel[..., columns]
    biases = [bias[columns] for bias in source.get_weights()[1:]]
    layer.set_weights([_as_stored(layer, kernel), *biases])
  for name, group in graph.norms.items():
    values = teacher.get_layer(original(name)).get_weights()
    student.get_layer(name).set_weights([v[kept[group]] for v in values])


def _block_renamer(blocks: int, teacher_blocks: int) -> Callable[[str], str]:
  """Returns the function from a student's layer's name to its teacher's."""
  numbers = np.linspace(1, teacher_blocks, blocks)

  def number(match: re.Match[str]) -> str:
    return f"block{round(numbers[int(match[1]) - 1])}"

  return lambda name: re.sub(r"^block(\d+)", number, name)


def _most_read(
  student: channel_graph.ChannelGraph,
  teacher: channel_graph.ChannelGraph,
  original: Callable[[str], str],
) -> dict[str, np.ndarray]:
  """Returns the teacher's channels to keep, by the student's group."""
  importance: dict[str, np.ndarray] = {}
  for name, channels in student.convolutions.items():
    # `[height, width, inputs, outputs]`, summed up for each input.
    kernel = np.abs(_kernel(teacher.network.get_layer(original(name))))
    rows = dict(teacher.kernel_rows(original(name)))
    for group in channels.reads:
      norms = kernel[:, :, rows[original(group)]].sum(axis=(0, 1, 3))
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
