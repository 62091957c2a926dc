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
"""How far the mean colour of generated images is from that of real ones."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

# Of how a generator changes the mean colour at present; it changes itself.
_DECAY = 0.98
# So many steps until the real images' means count in full: of few images they
# say little.
_STEPS_TO_TRUST = 200
# Distances below it, between black and white at -1 and 1, count less and less.
_SMALL = 0.02


class MeanColors(tf.Module):
  """Follows both domains' mean colours, of real and of generated images.

  The mean colour of one image says next to nothing about a domain's, so that
  means over many steps are compared (dos Santos et al., "Learning Implicit
  Generative Models by Matching Perceptual Features", 2019, section 3, with
  moving averages). By how much a generator changes an image's mean colour
  differs far less from image to image than that colour itself; so this is what
  is averaged over the last steps, and the difference between the real images of
  both domains, which stays the same, over all steps.

  All state is in variables, so a checkpoint holds it. Under a distribution
  strategy all replicas have the same.

  Attributes:
    difference: float32 `[channels]`, mean of all real images of B minus that
      of A.
    changes_A: float32 `[channels]`, recent mean of what generated images of A
      have more than those of B that they were made of.
    changes_B: Likewise of B.
  """

  def __init__(self, channels: int, name: str = "mean_colors"):
    """Creates means of nothing.

    Args:
      channels: Channels of an image.
      name: Name of the module.
    """
    super().__init__(name=name)
    same = {
      "trainable": False,
      "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
    }
    self.difference, self.changes_A, self.changes_B = (
      tf.Variable(tf.zeros([channels]), name=variable, **same)
      for variable in ("difference", "changes_A", "changes_B")
    )

  def update(
    self,
    real: Mapping[str, tf.Tensor],
    fakes: Mapping[str, tf.Tensor],
    step: tf.Tensor,
  ) -> None:
    """Takes one step's images into the means.

    Args:
      real: float32 `[batch, height, width, channels]`, by domain.
      fakes: Those generated of them, by the domain that they are to be of; one
        domain may be missing.
      step: int64 scalar, steps taken into the means before.
    """
    of_A, of_B = (_over_replicas(real[domain]) for domain in "AB")
    # Plain means, but of the changes as soon as that has become long.
    rate = 1.0 / tf.cast(step + 1, tf.float32)
    recent = tf.maximum(rate, 1.0 - _DECAY)
    self.difference.assign_add(rate * (of_B - of_A - self.difference))
    for domain, source, changes in (
      ("A", of_B, self.changes_A),
      ("B", of_A, self.changes_B),
    ):
      if domain in fakes:
        change = _over_replicas(fakes[domain]) - source
        changes.assign_add(recent * (change - changes))

  def distances(
    self, fakes: Mapping[str, tf.Tensor], step: tf.Tensor
  ) -> dict[str, tf.Tensor]:
    """Returns by domain how far its generated images' mean colour is off.

    Args:
      fakes: float32 `[batch, height, width, channels]`, by the domain that they
        are to be of.
      step: int64 scalar, steps taken into the means before the last one.

    Returns:
      float32 scalars, Euclidean distances of the means, where black and white
      are at -1 and 1. Their gradient reaches the mean colour of these images
      only: the direction away from that of real ones, of length 1, or less
      where the distance is small or the steps are few.
    """
    steps = tf.cast(step + 1, tf.float32)
    trust = tf.minimum(steps / _STEPS_TO_TRUST, 1.0)
    distances = {}
    for domain, gap in (
      ("A", self.changes_A + self.difference),
      ("B", self.changes_B - self.difference),
    ):
      if domain in fakes:
        distance = tf.norm(gap)
        direction = trust * gap / (distance + _SMALL)
        mean = _mean(fakes[domain])
        still = tf.stop_gradient(mean)
        distances[domain] = distance + tf.reduce_sum(direction * (mean - still))
    return distances


def _mean(images: tf.Tensor) -> tf.Tensor:
  """Returns the mean colour, float32 `[channels]`."""
  return tf.reduce_mean(images, [0, 1, 2])


def _over_replicas(images: tf.Tensor) -> tf.Tensor:
  """Returns the mean colour of all replicas' images."""
  context = tf.distribute.get_replica_context()
  return context.all_reduce(
    tf.distribute.ReduceOp.MEAN, tf.stop_gradient(_mean(images))
  )
