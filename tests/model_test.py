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
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan import config as config_lib
from official.cyclegan import losses
from official.cyclegan import model as model_lib
from tests import conftest

_SIZE = 16


def _config(**changes):
  loss = {k: v for k, v in changes.items() if k.startswith("lambda")}
  train = {k: v for k, v in changes.items() if k not in loss}
  return config_lib.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(crop_size=_SIZE),
      model=conftest.TINY_MODEL,
      loss=config_lib.LossConfig(**loss),
      train=config_lib.TrainConfig(
        **{"buffer_max_length": 2, "ema_decay": 0.5, **train}
      ),
    )
  )


def _compiled(config, optimizer=tf.keras.optimizers.SGD, rate=1.0):
  model = model_lib.build_model(config)
  model.compile(optimizer(rate), optimizer(rate))
  return model


def _pair(batch=2, seed=0):
  rng = np.random.default_rng(seed)
  shape = (batch, _SIZE, _SIZE, 3)
  return tuple(tf.constant(rng.uniform(-1, 1, shape), tf.float32) for _ in "AB")


def _values(variables):
  return [v.numpy().copy() for v in variables]


def _textbook_gradients(model, config, real_A, real_B):
  """The paper's equations, one tape per network, every pass written out."""
  weights = config.loss

  def generator_total():
    fake_B, fake_A = model.g_AB(real_A), model.g_BA(real_B)
    return (
      weights.lambda_validation
      * (
        losses.generator_loss(model.d_B(fake_B))
        + losses.generator_loss(model.d_A(fake_A))
      )
      + weights.lambda_reconstr
      * (
        losses.cycle_loss(real_A, model.g_BA(fake_B))
        + losses.cycle_loss(real_B, model.g_AB(fake_A))
      )
      + weights.lambda_id
      * (
        losses.identity_loss(real_A, model.g_BA(real_A))
        + losses.identity_loss(real_B, model.g_AB(real_B))
      )
    )

  gradients = {}
  for name in ("g_AB", "g_BA"):
    variables = getattr(model, name).trainable_variables
    with tf.GradientTape() as tape:
      total = generator_total()
    gradients[name] = tape.gradient(total, variables)
  for name, real, fake in (
    ("d_A", real_A, model.g_BA(real_B)),
    ("d_B", real_B, model.g_AB(real_A)),
  ):
    network = getattr(model, name)
    with tf.GradientTape() as tape:
      total = losses.discriminator_loss(network(real), network(fake))
    gradients[name] = tape.gradient(total, network.trainable_variables)
  return gradients


@pytest.mark.parametrize("lambda_id", [2.0, 0.0])
@pytest.mark.parametrize("batch", [1, 3])
def test_one_step_follows_the_textbook_gradients(lambda_id, batch):
  config = _config(lambda_id=lambda_id, buffer_max_length=8)
  model = _compiled(config)
  pair = _pair(batch)
  want = _textbook_gradients(model, config, *pair)
  before = {n: _values(getattr(model, n).trainable_variables) for n in want}
  model.train_step(pair)
  for name, gradients in want.items():
    after = _values(getattr(model, name).trainable_variables)
    for old, new, gradient in zip(before[name], after, gradients):
      # Plain gradient descent with rate 1 moves by the gradient itself.
      np.testing.assert_allclose(old - new, gradient, atol=2e-4, rtol=1e-3)


def test_metrics_are_the_unweighted_terms():
  config = _config(lambda_validation=3.0, lambda_reconstr=7.0, lambda_id=5.0)
  model = _compiled(config)
  real_A, real_B = _pair()
  fake_B, fake_A = model((real_A, real_B))
  logs = {k: float(v) for k, v in model.test_step((real_A, real_B)).items()}
  want = {
    "gan_AB": losses.generator_loss(model.d_B(fake_B)),
    "gan_BA": losses.generator_loss(model.d_A(fake_A)),
    "cycle_A": losses.cycle_loss(real_A, model.g_BA(fake_B)),
    "cycle_B": losses.cycle_loss(real_B, model.g_AB(fake_A)),
    "identity_A": losses.identity_loss(real_A, model.g_BA(real_A)),
    "identity_B": losses.identity_loss(real_B, model.g_AB(real_B)),
    "d_A": losses.discriminator_loss(model.d_A(real_A), model.d_A(fake_A)),
    "d_B": losses.discriminator_loss(model.d_B(real_B), model.d_B(fake_B)),
  }
  assert logs.keys() == want.keys()
  for name, value in want.items():
    np.testing.assert_allclose(logs[name], value, rtol=1e-4)


@pytest.mark.parametrize(("lambda_id", "calls"), [(2.0, 2), (0.0, 2)])
def test_no_forward_pass_is_done_twice(lambda_id, calls):
  """Two calls of each generator, two of each discriminator, in a step."""
  model = _compiled(_config(lambda_id=lambda_id))
  counts = {}
  for name in ("g_AB", "g_BA", "d_A", "d_B"):
    network = getattr(model, name)

    def counted(*args, _name=name, _call=network.call, **kwargs):
      counts[_name] = counts.get(_name, 0) + 1
      return _call(*args, **kwargs)

    network.call = counted
  model.train_step(_pair())
  assert counts == {"g_AB": calls, "g_BA": calls, "d_A": 2, "d_B": 2}


def test_identity_pass_is_skipped_without_its_weight():
  model = _compiled(_config(lambda_id=0.0))
  assert not [n for n in model.train_step(_pair()) if "identity" in n]
  shapes = []
  model.g_AB.call = _recording(model.g_AB.call, shapes)
  model.train_step(_pair(batch=2))
  assert shapes == [2, 2]  # translation and cycle, no identity images beside


def _recording(call, shapes):
  def recorded(inputs, *args, **kwargs):
    shapes.append(inputs.shape[0])
    return call(inputs, *args, **kwargs)

  return recorded


def test_test_step_changes_nothing():
  model = _compiled(_config())
  before = _values(model.variables)
  pools = _values([model.buffer_A.images, model.buffer_A.seen])
  model.test_step(_pair())
  unchanged = [
    np.array_equal(a, b)
    for a, b, v in zip(before, _values(model.variables), model.variables)
    if "total" not in v.name and "count" not in v.name
  ]
  assert all(unchanged) and len(unchanged) > 20
  np.testing.assert_array_equal(pools[0], model.buffer_A.images)
  assert int(model.buffer_A.seen) == int(pools[1]) == 0


def test_discriminators_see_the_pool():
  model = _compiled(_config())
  for seed in range(4):
    model.train_step(_pair(batch=1, seed=seed))
  assert int(model.buffer_A.seen) == int(model.buffer_B.seen) == 4
  assert np.abs(model.buffer_A.images).max() > 0


def test_averages_follow_the_generators():
  model = _compiled(_config(ema_decay=0.9))
  expected = [w.astype(np.float64) for w in model.g_AB.get_weights()]
  for step in range(1, 4):
    model.train_step(_pair(seed=step))
    momentum = min(0.9, (1 + step) / (10 + step))
    expected = [
      momentum * e + (1 - momentum) * w
      for e, w in zip(expected, model.g_AB.get_weights())
    ]
  for got, want in zip(model.averages[0].get_weights(), expected):
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_without_averages():
  assert _compiled(_config(ema_decay=0.0)).averages is None


def test_learns_a_recolouring():
  """From reddish to bluish noise: the step lowers what it should lower."""
  config = dataclasses.replace(
    _config(lambda_id=0.0, lambda_reconstr=2.0, ema_decay=0.0),
    model=dataclasses.replace(conftest.TINY_MODEL, init="he"),
  )
  model = _compiled(config, tf.keras.optimizers.Adam, 2e-3)
  rng = np.random.default_rng(0)
  step = tf.function(model.train_step)
  base = rng.uniform(-0.3, 0.3, (120, 1, _SIZE, _SIZE, 3)).astype(np.float32)
  shift = np.array([0.5, 0.0, -0.5], np.float32)
  for images in base:
    step((tf.constant(images + shift), tf.constant(images - shift)))
  fake_B, _ = model((base[0] + shift, base[0] - shift))
  mean = fake_B.numpy().mean(axis=(0, 1, 2))
  assert mean[2] > mean[0]  # it was -0.5 against 0.5


if __name__ == "__main__":
  conftest.main(__file__)
