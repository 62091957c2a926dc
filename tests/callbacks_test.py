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
import types

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan import callbacks
from tests import conftest


def test_progress_bar_covers_the_whole_run(capsys):
  bar = callbacks.ProgressBar(first_step=40, total_steps=60)
  bar.on_train_begin()
  for batch in range(20):
    bar.on_train_batch_end(batch, {"gan_AB": 0.25, "gan_BA": 0.5})
  bar.on_train_end()
  shown = capsys.readouterr().err
  assert "60/60" in shown and "40/60" in shown
  assert "gan=0.750" in shown  # both directions together
  assert "<" in shown  # the time left


@pytest.mark.parametrize("first", [0, 3])
def test_stops_at_the_step(first):
  stop = callbacks.StopAtStep(first, total_steps=5)
  stop.set_model(types.SimpleNamespace(stop_training=False))
  steps = 0
  while not stop.model.stop_training:
    stop.on_train_batch_end(steps)
    steps += 1
  assert first + steps == 5


class _Manager:
  latest_checkpoint = None

  def __init__(self):
    self.saved = []

  def save(self, checkpoint_number):
    self.saved.append(checkpoint_number)
    self.latest_checkpoint = f"folder/ckpt-{checkpoint_number}"


def test_checkpoint_is_saved_once_per_step():
  manager = _Manager()
  checkpoint = callbacks.Checkpoint(manager)
  optimizer = types.SimpleNamespace(iterations=tf.Variable(13))
  checkpoint.set_model(types.SimpleNamespace(generator_optimizer=optimizer))
  checkpoint.on_epoch_end(0)
  checkpoint.on_train_end()
  optimizer.iterations.assign(113)  # ends on 13 as well
  checkpoint.on_train_end()
  assert manager.saved == [13, 113]


def test_samples_show_the_averages_where_there_are_some(tmp_path):
  def constant(value):
    inputs = tf.keras.Input((None, None, 3))
    outputs = tf.keras.layers.Rescaling(0.0, value)(inputs)
    return tf.keras.Model(inputs, outputs)

  model = types.SimpleNamespace(
    g_AB=constant(-1.0),
    g_BA=constant(-1.0),
    averages=(constant(1.0), constant(1.0)),
  )
  images = np.zeros((1, 4, 4, 3), np.float32)
  samples = callbacks.Samples(str(tmp_path), images, images, 2, 3, 7)
  samples.set_model(model)
  for batch in range(4):
    samples.on_train_batch_end(batch)
  assert sorted(p.name for p in tmp_path.iterdir()) == [
    "step_0000004.png",
    "step_0000006.png",
    "step_0000007.png",
  ]
  picture = tf.io.decode_png((tmp_path / "step_0000004.png").read_bytes())
  assert int(picture[0, 6, 0]) == 255  # translated by an average


if __name__ == "__main__":
  conftest.main(__file__)
