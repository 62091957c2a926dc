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

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from official.cyclegan.core import stack
from official.cyclegan.data import preprocessing
from official.cyclegan.modeling import norm_statistics
from official.cyclegan.modeling import receptive_field
from official.cyclegan.serving import tflite_file

# Name of the norms' statistics among what a signature takes or gives.
STATISTICS = tflite_file.STATISTICS


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

  @property
  def statistics_length(self) -> int:
    """Channels of all instance norms together; 0 without such norms."""
    return norm_statistics.length(self._generator.model)

  def reach(self) -> int:
    """Returns how far the generator sees, pixels."""
    return receptive_field.reach(self._generator.model)

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

  def translate_measured(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Translates a batch and notes what the instance norms divide by.

    Args:
      image: As for `__call__`.

    Returns:
      What `__call__` gives; and, if there are such norms, `statistics`, float32
      `[batch, 1, 2, statistics_length]`, for `translate_tile`.
    """
    made, statistics = norm_statistics.measured(
      self._generator.model, preprocessing.unit_to_network(image)
    )
    translated = {self.output_name: preprocessing.network_to_unit(made)}
    if self.statistics_length:
      translated[STATISTICS] = statistics
    return translated

  def translate_tile(
    self, image: tf.Tensor, statistics: tf.Tensor
  ) -> dict[str, tf.Tensor]:
    """Translates a part of a picture, normalised as another picture was.

    Args:
      image: As for `__call__`.
      statistics: float32 `[1, 1, 2, statistics_length]`.

    Returns:
      As `__call__`.
    """
    made = norm_statistics.applied(
      self._generator.model, preprocessing.unit_to_network(image), statistics
    )
    return {self.output_name: preprocessing.network_to_unit(made)}

  def measured_function(self, shape: Sequence[int | None]) -> Any:
    """Returns `translate_measured` as a tf.function for images of one shape.

    Args:
      shape: `[batch, height, width, channels]`, None where any number will do.
    """
    spec = tf.TensorSpec(shape, tf.float32, name="image")
    return _traced(self.translate_measured, spec)

  def tile_function(self, shape: Sequence[int | None]) -> Any:
    """Returns `translate_tile` as a tf.function for tiles of one shape.

    Without instance norms it takes no statistics.

    Args:
      shape: `[batch, height, width, channels]`, None where any number will do.
    """
    spec = tf.TensorSpec(shape, tf.float32, name="image")
    if not self.statistics_length:
      return _traced(self.__call__, spec)
    statistics = tf.TensorSpec(
      [1, 1, 2, self.statistics_length], tf.float32, name=STATISTICS
    )
    return _traced(self.translate_tile, spec, statistics)

  def translate_function(self, shape: Sequence[int | None]) -> Any:
    """Returns `__call__` as a tf.function for images of one shape.

    Args:
      shape: `[batch, height, width, channels]`, None where any number will do.
    """
    spec = tf.TensorSpec(shape, tf.float32, name="image")
    return _traced(self.__call__, spec)


def _traced(function: Callable[..., Any], *specs: tf.TensorSpec) -> Any:
  """Returns a tf.function.

  Without AutoGraph, which took a third of the time to trace: nothing in a
  generator branches on a tensor.
  """
  return tf.function(function, input_signature=specs, autograph=False)


class _Untracked:
  """Hides a Keras model from `tf.Module`'s tracking."""

  def __init__(self, model: tf.keras.Model):
    self.model = model
