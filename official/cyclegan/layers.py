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
"""Keras layers that the networks need and Keras does not have."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class ReflectionPadding2D(tf.keras.layers.Layer):
  """Pads height and width by mirroring the image at its border.

  Source: Zhu et al., "Unpaired Image-to-Image Translation using
  Cycle-Consistent Adversarial Networks", 2017, appendix 7.2 ("reflection
  padding was used to reduce artifacts").

  Attributes:
    padding: Rows and columns added on each side, pixels.

  Input shape:
    `[batch, height, width, channels]`, height and width above `padding`.

  Output shape:
    `[batch, height + 2 * padding, width + 2 * padding, channels]`.
  """

  def __init__(self, padding: int, **kwargs: Any):
    super().__init__(**kwargs)
    self.padding = padding

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the padded images, same dtype."""
    p = self.padding
    return tf.pad(inputs, [[0, 0], [p, p], [p, p], [0, 0]], mode="REFLECT")

  def get_config(self) -> dict[str, Any]:
    """Returns the constructor's arguments, for Keras to rebuild the layer."""
    return {**super().get_config(), "padding": self.padding}
