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
"""A generator as a tf.Module for export: images in [0, 1] in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from official.cyclegan.core import stack
from official.cyclegan.data import preprocessing


class ServingModule(tf.Module):
  """A generator of one direction that takes and gives images in [0, 1].

  Attributes:
    direction: `AtoB` or `BtoA`.
    output_name: `image_B` or `image_A`.
  """

  def __init__(self, generator: tf.keras.Model, direction: str):
    """Wraps a generator.

    Args:
      generator: float32 `[batch, height, width, channels]` in [-1, 1].
      direction: `AtoB` or `BtoA`, which names the input and the output.
    """
    super().__init__(name="translator")
    # Only the variables: tracking the Keras model itself would make loading
    # ask for its classes.
    self._variables = stack.tf_variables(generator.variables)
    self._generator = _Untracked(generator)
    self.direction = direction
    self.output_name = f"image_{direction[-1]}"

  @property
  def channels(self) -> int:
    """Channels of the images, 1 or 3."""
    return self._generator.model.input_shape[-1]

  def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Translates a batch of images.

    Args:
      image: float32 `[batch, height, width, channels]` in [0, 1].

    Returns:
      One entry, `image_B` or `image_A`, of the same shape in [0, 1].
    """
    made = self._generator.model(
      preprocessing.unit_to_network(image), training=False
    )
    return {self.output_name: preprocessing.network_to_unit(made)}

  def translate_function(self, shape: Sequence[int | None]) -> Any:
    """Returns `__call__` as a tf.function for images of one shape.

    Args:
      shape: `[batch, height, width, channels]`, None where any number will do.
    """
    spec = tf.TensorSpec(shape, tf.float32, name="image")
    return tf.function(self.__call__, input_signature=[spec])


class _Untracked:
  """Hides a Keras model from `tf.Module`'s tracking."""

  def __init__(self, model: tf.keras.Model):
    self.model = model
