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
"""Image pool: a history of generated images, in variables of the graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

_SEEDS = 2**32  # distance between the seeds of two replicas


class ImagePool(tf.Module):
  """Mixes earlier translations with the newest ones for a discriminator.

  Until the pool is full an image is stored and returned. Then, for each image
  on its own, with probability 1/2 a random stored image is returned and
  replaced by the new one, else the new one is returned (Shrivastava et al.,
  2017, section 2.3; CycleGAN paper, section 4: 50 images).

  The random choices depend only on the seed and on how many images have been
  through the pool since it was empty; all state is in variables, so a
  checkpoint holds it. Before images of another size come `keep_only` is called,
  except with `variable_size`. Under a distribution strategy each replica has a
  pool of its own: what the variables hold then differs between replicas.

  Attributes:
    capacity: Number of images kept; 0 turns the pool off.
    images: float32 `[capacity, height, width, channels]`; smaller images fill
      the upper left.
    sizes: int32 `[capacity, 2]`, each stored image's height and width; None if
      all images have one size.
    seen: int64 scalar, images asked for since the pool was empty.
  """

  def __init__(
    self,
    capacity: int,
    image_shape: tuple[int, int, int],
    seed: int = 0,
    name: str = "image_pool",
    variable_size: bool = False,
  ):
    """Creates an empty pool.

    Args:
      capacity: Number of images kept, 0 or more.
      image_shape: Height, width and channels of an image, or of the largest.
      seed: Seed of the pool's choices.
      name: Name of the module.
      variable_size: Whether images may be smaller than `image_shape`.

    Raises:
      ValueError: If `capacity` is negative.
    """
    super().__init__(name=name)
    if capacity < 0:
      raise ValueError(f"capacity must be 0 or more, got {capacity}.")
    self.capacity = capacity
    self._seed = seed
    self._strategy = tf.distribute.get_strategy()
    # One variable on each replica, never synchronised.
    own = {
      "trainable": False,
      "synchronization": tf.VariableSynchronization.ON_READ,
      "aggregation": tf.VariableAggregation.NONE,
    }
    self.images = tf.Variable(
      tf.zeros((capacity, *image_shape)), name="images", **own
    )
    self.seen = tf.Variable(0, dtype=tf.int64, name="seen", **own)
    self.sizes = None
    if variable_size:
      self.sizes = tf.Variable(
        tf.ones((capacity, 2), tf.int32), name="sizes", **own
      )

  @property
  def state(self) -> dict[str, tf.Variable]:
    """What a checkpoint must hold, by name."""
    state = {"images": self.images, "seen": self.seen}
    return state if self.sizes is None else {**state, "sizes": self.sizes}

  @tf.function
  def query(self, images: tf.Tensor) -> tf.Tensor:
    """Passes new images through the pool.

    Args:
      images: float32 `[batch, height, width, channels]`, any batch size; with
        `variable_size` a batch of one.

    Returns:
      float32, one image for each: the new one, or one from the pool, which
      with `variable_size` may differ in height and width.
    """
    if self.capacity == 0:
      return images
    batch = tf.shape(images)[0]
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    seed = _SEEDS * tf.cast(replica, tf.int64) + self._seed
    shown = tf.TensorArray(tf.float32, batch, element_shape=images.shape[1:])
    for i in tf.range(batch):
      # Two numbers: whether to swap, and with which stored image.
      draw = tf.random.stateless_uniform([2], tf.stack([seed, self.seen]))
      full = self.seen >= self.capacity
      swap = tf.logical_and(full, draw[0] < 0.5)
      slot = tf.where(
        full,
        tf.cast(draw[1] * float(self.capacity), tf.int64),
        self.seen,
      )
      image = images[i]
      if swap:
        shown = shown.write(i, self._stored(slot, image))
      else:
        shown = shown.write(i, image)
      if tf.logical_or(swap, tf.logical_not(full)):
        # Variables of one replica have no scatter_nd_update of their own.
        tf.raw_ops.ResourceScatterNdUpdate(
          ref=self.images.handle,
          indices=[[slot]],
          updates=[self._padded(image)],
        )
        if self.sizes is not None:
          tf.raw_ops.ResourceScatterNdUpdate(
            ref=self.sizes.handle,
            indices=[[slot]],
            updates=[tf.shape(image)[:2]],
          )
      self.seen.assign_add(1)
    return tf.ensure_shape(shown.stack(), images.shape)

  def keep_only(self, height: int, width: int) -> None:
    """Forgets all images if they are of another size than those to come.

    Args:
      height: Of the images to come, pixels.
      width: As `height`.
    """
    # Smaller ones are surrounded by zeros, which no generated row is made of.
    held, seen = (  # a variable for each replica
      self._strategy.experimental_local_results(variable)
      for variable in (self.images, self.seen)
    )
    filled = np.any(held[0].numpy() != 0.0, axis=(0, 3))
    size = tuple(int(np.any(filled, axis).sum()) for axis in (1, 0))
    if size != (height, width):
      for images, count in zip(held, seen):
        images.assign(tf.zeros_like(images))
        count.assign(0)

  def _stored(self, slot: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    """Returns a stored image, of its own size or else of a new one's."""
    height, width = new.shape[0], new.shape[1]
    if self.sizes is not None:
      height, width = tf.unstack(self.sizes[slot])
    return self.images[slot][:height, :width]

  def _padded(self, image: tf.Tensor) -> tf.Tensor:
    """Returns an image as large as all that are stored."""
    if image.shape == self.images.shape[1:]:
      return image
    room = self.images.shape[1:3] - tf.shape(image)[:2]
    return tf.pad(image, [[0, room[0]], [0, room[1]], [0, 0]])
