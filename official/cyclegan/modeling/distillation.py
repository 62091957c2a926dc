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
"""Distillation losses: what a student learns from its teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import losses


class DistillationTerms(NamedTuple):
  """A student's translation, and how far it is from its teacher's.

  Attributes:
    images: float32 `[batch, height, width, channels]`, the student's.
    pixels: Mean absolute difference to the teacher's images, float32 scalar in
      [0, 2].
    features: One minus the alignment of their features, float32 scalar in
      [0, 1].
  """

  images: tf.Tensor
  pixels: tf.Tensor
  features: tf.Tensor


class Distiller:
  """Computes what students learn from their teachers.

  Not a Keras or TensorFlow object: held by a model, it adds no variables to
  the model's checkpoint.
  """

  def __init__(
    self,
    students: Mapping[str, tf.keras.Model],
    student: config_lib.ModelConfig,
    teachers: Mapping[str, tf.keras.Model],
    teacher: config_lib.ModelConfig,
  ):
    """Joins students and teachers.

    Args:
      students: The generators to be trained, by direction.
      student: The students' options.
      teachers: The generators to learn from, by direction, at least those of
        `students`.
      teacher: The teachers' options.
    """
    self._students = {
      direction: _with_features(network, student)
      for direction, network in students.items()
    }
    self._teachers = {
      direction: _with_features(teachers[direction], teacher)
      for direction in students
    }
    # Only in training are convolutions computed the fast way, but features
    # are dropped then, if so configured: such a teacher runs as in inference.
    self._teach_fast = not teacher.dropout

  @property
  def directions(self) -> tuple[str, ...]:
    """Which of `AtoB` and `BtoA` are learned."""
    return tuple(self._students)

  def distillation_terms(
    self, direction: str, real: tf.Tensor, training: bool
  ) -> DistillationTerms:
    """Lets student and teacher translate, and compares the results.

    Args:
      direction: `AtoB` or `BtoA`.
      real: float32 `[batch, height, width, channels]` in [-1, 1].
      training: Whether the student is being trained.

    Returns:
      The student's images and the unweighted terms.
    """
    target, target_features = self._teachers[direction](
      real, training=training and self._teach_fast
    )
    fake, features = self._students[direction](real, training=training)
    # Whoever shows a teacher's images clips them: the student learns those.
    target = tf.stop_gradient(tf.clip_by_value(target, -1.0, 1.0))
    alignment = losses.kernel_alignment(
      features, tf.stop_gradient(target_features)
    )
    pixels = tf.reduce_mean(tf.abs(fake - target))
    return DistillationTerms(fake, pixels, 1.0 - alignment)


def _with_features(
  network: tf.keras.Model, config: config_lib.ModelConfig
) -> tf.keras.Model:
  """Returns a generator whose second output is its features."""
  layer = network.get_layer(generators.quarter_size_layer(config))
  return tf.keras.Model(network.input, [network.output, layer.output])
