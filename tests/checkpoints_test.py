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
import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan import checkpoints
from official.cyclegan import config as config_lib
from official.cyclegan import model as model_lib
from tests import conftest


def _run(config, folder):
  """A compiled model after one step, saved."""
  model = model_lib.build_model(config)
  model.compile(tf.keras.optimizers.Adam(1e-2), tf.keras.optimizers.Adam(1e-2))
  shape = (1, config.data.crop_size, config.data.crop_size, 3)
  rng = np.random.default_rng(0)
  pair = [tf.constant(rng.uniform(-1, 1, shape), tf.float32) for _ in "AB"]
  model.train_step(tuple(pair))
  manager = checkpoints.manager(model, str(folder))
  manager.save(checkpoint_number=1)
  config_lib.save(config, str(folder))
  return model, pair


def _state(model):
  return [
    *model.g_AB.get_weights(),
    *model.d_B.get_weights(),
    *model.averages[1].get_weights(),
    *[v.numpy() for v in model.generator_optimizer.variables],
    *[v.numpy() for v in model.discriminator_optimizer.variables],
    model.buffer_A.images.numpy(),
    model.buffer_B.seen.numpy(),
  ]


def test_everything_is_restored(tiny_config, tmp_path):
  model, _ = _run(tiny_config, tmp_path)
  again = model_lib.build_model(tiny_config)
  again.compile(tf.keras.optimizers.Adam(1e-2), tf.keras.optimizers.Adam(1e-2))
  checkpoints.manager(again, str(tmp_path)).restore_or_initialize()
  assert int(again.generator_optimizer.iterations) == 1
  for want, got in zip(_state(model), _state(again)):
    np.testing.assert_array_equal(want, got)


@pytest.mark.parametrize("ema_decay", [0.9, 0.0])
def test_generator_is_the_averaged_one_where_there_is_one(
  tiny_config, tmp_path, ema_decay
):
  config = conftest.replace(tiny_config, "train", ema_decay=ema_decay)
  model, (image, _) = _run(config, tmp_path)
  for direction, index in (("AtoB", 0), ("BtoA", 1)):
    generator, loaded = checkpoints.load_generator(str(tmp_path), direction)
    assert loaded == config
    raw = (model.g_AB, model.g_BA)[index]
    want = model.averages[index] if ema_decay else raw
    np.testing.assert_allclose(generator(image), want(image), atol=1e-6)
    if ema_decay:
      assert not np.allclose(generator(image), raw(image), atol=1e-4)


def test_without_a_checkpoint_it_says_so(tiny_config, tmp_path):
  config_lib.save(tiny_config, str(tmp_path))
  with pytest.raises(config_lib.UserError, match="holds no checkpoint"):
    checkpoints.load_generator(str(tmp_path), "AtoB")


@pytest.mark.parametrize(
  ("part", "changes", "word"),
  [
    ("model", {"gen_n_filters": 5}, "--gen_n_filters=5"),
    ("model", {"global_skip": False}, "--global_skip=False"),
    ("data", {"crop_size": 36, "load_size": 36}, "--crop_size=36"),
    ("train", {"buffer_max_length": 4}, "--buffer_max_length=4"),
  ],
)
def test_other_networks_are_refused(tiny_config, tmp_path, part, changes, word):
  config_lib.save(tiny_config, str(tmp_path))
  checkpoints.check_same_model(tiny_config, str(tmp_path))
  changed = conftest.replace(tiny_config, part, **changes)
  with pytest.raises(config_lib.UserError, match=word):
    checkpoints.check_same_model(changed, str(tmp_path))


def test_seed_decides_the_weights(tiny_config):
  first, again = (model_lib.build_model(tiny_config) for _ in range(2))
  other = model_lib.build_model(conftest.replace(tiny_config, "train", seed=3))
  weights = [m.g_AB.get_weights()[0] for m in (first, again, other)]
  np.testing.assert_array_equal(weights[0], weights[1])
  assert not np.array_equal(weights[0], weights[2])


if __name__ == "__main__":
  conftest.main(__file__)
