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
"""What the tests of callbacks share: stand-ins for a model and its training."""

from __future__ import annotations

import os
import types

import tensorflow as tf

from official.cyclegan.core import config as config_lib


def run(callback, steps, logs=None):
  """Tells a callback of so many steps."""
  callback.on_train_begin()
  for batch in range(steps):
    callback.on_train_batch_end(batch, logs or {})
  callback.on_train_end()


def events(folder):
  """Returns {tag: [(step, value), ...]} of the event files in a folder."""
  tags = {}
  for path in sorted(folder.glob("events.*")):
    for event in tf.compat.v1.train.summary_iterator(os.fspath(path)):
      for value in event.summary.value:
        array = tf.make_ndarray(value.tensor)
        tags.setdefault(value.tag, []).append((event.step, array))
  return tags


def scaling(factor, offset=0.0):
  inputs = tf.keras.Input((None, None, 3))
  outputs = tf.keras.layers.Rescaling(factor, offset)(inputs)
  return tf.keras.Model(inputs, outputs)


def optimizer(rate):
  return types.SimpleNamespace(learning_rate=rate)


LOSSES = {
  "gan_AB": 0.5,
  "gan_BA": 0.25,
  "cycle_A": 0.1,
  "cycle_B": 0.2,
  "identity_A": 0.3,
  "identity_B": 0.1,
  "d_A": 0.2,
  "d_B": 0.3,
}


def fake_model(**attributes):
  defaults = {
    "trained_directions": ("AtoB", "BtoA"),
    "generator_optimizer": optimizer(2e-4),
    "discriminator_optimizer": optimizer(1e-4),
    "loss_weights": config_lib.LossConfig(),
    "reset_metrics": lambda: None,
    "stop_training": False,
    "half_size": False,
  }
  return types.SimpleNamespace(**{**defaults, **attributes})
