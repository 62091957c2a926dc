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
"""The step in its fast forms against the tutorial's way, in float32.

The two round differently, and a CycleGAN amplifies that: a pixel whose
difference changes its sign turns the L1 loss's gradient round, and Adam gives
every weight a full step however small its gradient. So equality is asked of ten
steps along a training at the usual rate, each from the same weights, and of ten
steps left alone whose rate is low enough for the differences not to grow.
"""

import sys

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.modeling import convolution
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.scenes import fruit_scenes
from tests import conftest

sys.path.insert(0, str(conftest.ROOT / "tools" / "benchmarks"))
import reference_steps  # noqa: E402

# They train, start processes or measure.
pytestmark = pytest.mark.slow

_SIZE = 32
_STEPS = 10


def _config():
  return config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(crop_size=_SIZE, batch_size=2),
      model=config_lib.ModelConfig(
        gen_n_filters=8,
        disc_n_filters=8,
        disc_n_layers=2,
        n_res_blocks=1,
        global_skip=False,
        upsample="conv_transpose",
      ),
      loss=config_lib.LossConfig(lambda_id=5.0),
      train=config_lib.TrainConfig(precision="float32"),
    )
  )


def _pictures(step):
  return [
    tf.constant(
      np.stack(
        [
          fruit_scenes.draw(
            (9, stream, 2 * step + i), domain=domain, size=_SIZE
          )["image"]
          for i in range(2)
        ]
      )
      / 127.5
      - 1.0,
      tf.float32,
    )
    for stream, domain in enumerate("AB")
  ]


@pytest.fixture(scope="module")
def both():
  """Our model and its step, the reference's networks and step; a learning rate.

  All optimizers have the learning rate that is assigned.
  """
  config = _config()
  optimizers = [
    tf.keras.optimizers.Adam(1.0, beta_1=config.train.beta_1) for _ in range(6)
  ]
  with pytest.MonkeyPatch.context() as patch:
    # These networks are too small for it to pay.
    patch.setattr(convolution, "_WINOGRAD_WORK", {False: 0, True: 0})
    patch.setattr(convolution, "_WINOGRAD_GAIN", 0)
    model = model_lib.build_model(config)
    model.compile(*optimizers[:2])
    nets = reference_steps.build_networks(config.model)
    reference = reference_steps.tutorial_step(nets, config.loss, optimizers[2:])
    _copy(model, nets)
    step = tf.function(model.train_step)

    def learn_by(rate):
      for optimizer in optimizers:
        optimizer.learning_rate.assign(rate)

    learn_by(0.0)
    _losses(model, step, reference, _pictures(0))  # traced with the patch
    yield model, step, nets, reference, learn_by


def _copy(model, nets):
  ours = model.g_AB, model.g_BA, model.d_A, model.d_B
  for network, source in zip(nets, ours):
    network.set_weights(source.get_weights())


def _losses(model, step, reference, pictures):
  """Returns both steps' losses by name."""
  model.reset_metrics()
  ours = step(tuple(pictures))
  theirs = {k: float(v) for k, v in reference(*pictures).items()}
  return {k: float(ours[k]) for k in theirs}, theirs


def _assert_equal(ours, theirs):
  for name, loss in theirs.items():
    np.testing.assert_allclose(ours[name], loss, rtol=0, atol=1e-5)


def test_ten_steps_left_alone_have_the_reference_losses(both):
  model, step, nets, reference, learn_by = both
  learn_by(1e-8)
  _copy(model, nets)
  for i in range(_STEPS):
    _assert_equal(*_losses(model, step, reference, _pictures(i)))


def test_ten_steps_of_a_training_have_the_reference_losses(both):
  model, step, nets, reference, learn_by = both
  learn_by(_config().train.learning_rate)
  first = None
  for i in range(_STEPS):
    _copy(model, nets)
    ours, theirs = _losses(model, step, reference, _pictures(i))
    _assert_equal(ours, theirs)
    first = first or theirs
  assert theirs["d_A"] < 0.9 * first["d_A"]  # it was a training


if __name__ == "__main__":
  conftest.main(__file__)
