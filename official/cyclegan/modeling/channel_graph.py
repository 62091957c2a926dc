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
"""Which channels a network's convolutions share, read from its Keras graph.

Channels that are added to others, or only normalised, rectified, resized or
dropped, keep their meaning; a convolution makes new ones. So the channels of a
network fall into groups: all layers of a residual trunk read and write one
group. Whoever leaves out a channel must leave it out in its whole group.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import tensorflow as tf

from official.cyclegan.modeling import layers
from official.cyclegan.modeling import normalization

# The group of what goes in, and of what comes out.
IMAGE = "image"


@dataclasses.dataclass(frozen=True)
class Channels:
  """Which groups of channels a convolution reads and writes.

  Attributes:
    reads: The groups of its input, in the order of its kernel's rows.
    writes: The group of its output. A depthwise convolution writes what it
      reads.
    copies: How often it writes each channel of that group: 4 times in front of
      a sub-pixel shuffle by 2, else once.
  """

  reads: tuple[str, ...]
  writes: str
  copies: int = 1


class ChannelGraph:
  """The groups of channels of a Functional network from image to image.

  A group bears the name of the first layer that writes it, or `IMAGE`.

  Attributes:
    network: The network.
    convolutions: By the layer's name, in the order of computation, what each
      convolution reads and writes.
    norms: By the layer's name, the group that each normalisation has weights
      for.
  """

  def __init__(self, network: tf.keras.Model):
    """Walks through a network.

    Args:
      network: Functional; image and result have equally many channels. It
        consists of convolutions, `DepthToSpace`, `Add`, `Concatenate` and
        layers that treat each channel on its own.
    """
    self.network = network
    self._rank = {layer.name: i for i, layer in enumerate(network.layers)}
    self._older: dict[str, str] = {}  # a group's name to an older name of it
    self._copies: dict[str, int] = {}
    self._reads: dict[str, tuple[str, ...]] = {}
    self._writes: dict[str, str] = {}
    self._norms: dict[str, str] = {}
    tensors: dict[int, tuple[str, ...]] = {}  # by id, a tensor's groups
    # Keras lists layers such that each stands behind those that it needs.
    for layer in network.layers:
      inputs = [tensors[id(x)] for x in _inputs(layer)]
      tensors[id(layer.output)] = self._follow(layer, inputs)
    self._join((IMAGE,), tensors[id(network.output)])
    # Only now all names of a group are known.
    self.norms = {n: self._oldest(group) for n, group in self._norms.items()}
    self.convolutions = {
      name: Channels(
        tuple(self._oldest(group) for group in groups),
        self._oldest(self._writes[name]),
        self._copies.get(name, 1),
      )
      for name, groups in self._reads.items()
    }

  def size(self, group: str) -> int:
    """Returns how many channels a group has."""
    if group == IMAGE:
      return self.network.input_shape[-1]
    return self.network.get_layer(group).filters // self._copies.get(group, 1)

  def kernel_rows(self, name: str) -> Iterator[tuple[str, range]]:
    """Yields the groups that a convolution reads.

    Args:
      name: The layer's name.

    Yields:
      The group, and the indices of its channels on the kernel's input axis.
    """
    start = 0
    for group in self.convolutions[name].reads:
      end = start + self.size(group)
      yield group, range(start, end)
      start = end

  def kernel_columns(self, name: str) -> Iterator[range]:
    """Yields the indices of the written group's channels.

    Args:
      name: The layer's name.

    Yields:
      For each copy its channels' indices on the kernel's output axis.
    """
    channels = self.convolutions[name]
    size = self.size(channels.writes)
    for i in range(channels.copies):
      yield range(i * size, (i + 1) * size)

  def _follow(
    self, layer: tf.keras.layers.Layer, inputs: list[tuple[str, ...]]
  ) -> tuple[str, ...]:
    """Notes what a layer does with channels; returns its output's groups."""
    groups = tuple(group for part in inputs for group in part)
    if isinstance(layer, tf.keras.layers.InputLayer):
      return (IMAGE,)
    if isinstance(layer, tf.keras.layers.Add):
      for others in inputs[1:]:
        self._join(inputs[0], others)
      return inputs[0]
    if isinstance(layer, tf.keras.layers.DepthwiseConv2D):
      self._reads[layer.name] = groups
      (self._writes[layer.name],) = groups
    elif isinstance(
      layer, (tf.keras.layers.Conv2D, tf.keras.layers.Conv2DTranspose)
    ):
      self._reads[layer.name] = groups
      self._writes[layer.name] = layer.name
      return (layer.name,)
    elif isinstance(layer, layers.DepthToSpace):
      self._copies[groups[0]] = layer.factor**2
    elif isinstance(layer, normalization.InstanceNormalization):
      (self._norms[layer.name],) = groups
    return groups  # of a `Concatenate` those of all inputs, one after another

  def _join(self, first: tuple[str, ...], second: tuple[str, ...]) -> None:
    """Notes that two tensors have the same groups."""
    for pair in zip(first, second):
      older, newer = sorted(
        (self._oldest(group) for group in pair),
        key=lambda group: -1 if group == IMAGE else self._rank[group],
      )
      if older != newer:
        self._older[newer] = older

  def _oldest(self, group: str) -> str:
    """Returns the name that a group goes by."""
    while group in self._older:
      group = self._older[group]
    return group


def _inputs(layer: tf.keras.layers.Layer) -> list[tf.Tensor]:
  """Returns a layer's input tensors; none of an input layer."""
  if isinstance(layer, tf.keras.layers.InputLayer):
    return []
  return tf.nest.flatten(layer.input)
