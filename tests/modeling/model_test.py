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
import random

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import stack
from official.cyclegan.modeling import layers
from official.cyclegan.modeling import losses
from official.cyclegan.modeling import model as model_lib
from tests import conftest

_SIZE = 16


def _config(**changes):
  loss_fields = config_lib.LossConfig.__dataclass_fields__
  loss = {k: v for k, v in changes.items() if k in loss_fields}
  train = {k: v for k, v in changes.items() if k not in loss}
  return config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(crop_size=_SIZE),
      model=conftest.TINY_MODEL,
      loss=config_lib.LossConfig(**loss),
      train=config_lib.TrainConfig(
        **{
          "buffer_max_length": 2,
          "ema_decay": 0.0,  # where the averages are not what is tested
          "precision": "float32",
          **train,
        }
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
        losses.generator_loss(model.d_B(fake_B), weights.gan_mode)
        + losses.generator_loss(model.d_A(fake_A), weights.gan_mode)
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
      total = losses.discriminator_loss(
        network(real), network(fake), weights.gan_mode, weights.label_smoothing
      )
    gradients[name] = tape.gradient(total, network.trainable_variables)
  return gradients


@pytest.mark.parametrize(
  ("batch", "changes"),
  [
    (1, {}),
    (3, {}),
    (3, {"lambda_id": 0.0}),
    (2, {"gan_mode": "vanilla"}),
    (2, {"gan_mode": "hinge"}),
    # Without the penalty, whose mixing is random, the losses are the rest.
    (2, {"gan_mode": "wgangp", "lambda_gp": 0.0}),
    (2, {"label_smoothing": 0.2}),
  ],
)
def test_one_step_follows_the_textbook_gradients(batch, changes):
  config = _config(buffer_max_length=8, **changes)
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
  assert {name for name in logs if "/" not in name} == want.keys()
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
  model = _compiled(_config(ema_decay=0.5))
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
  for got, want in zip(model.ema_generators[0].get_weights(), expected):
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_without_averages():
  assert _compiled(_config()).ema_generators is None


def test_scores_are_mean_logits():
  model = _compiled(_config())
  real_A, real_B = _pair()
  fake_B, fake_A = model((real_A, real_B))
  logs = model.test_step((real_A, real_B))
  for name, network, images in (
    ("score/d_A_real", model.d_A, real_A),
    ("score/d_A_fake", model.d_A, fake_A),
    ("score/d_B_real", model.d_B, real_B),
    ("score/d_B_fake", model.d_B, fake_B),
  ):
    want = tf.reduce_mean(network(images))
    np.testing.assert_allclose(logs[name], want, atol=1e-5)


def test_norms_are_those_of_the_gradients():
  config = _config()
  model = _compiled(config)
  pair = _pair()
  gradients = _textbook_gradients(model, config, *pair)
  logs = model.train_step(pair)
  for name, values in gradients.items():
    want = np.sqrt(sum(np.sum(np.square(value)) for value in values))
    np.testing.assert_allclose(
      logs[f"gradient_norm/{name}"], want, rtol=1e-2 if "g_" in name else 1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize(
  ("disc_type", "gan_mode"),
  # `basic` is `n_layers` with three.
  [
    *(("n_layers", mode) for mode in config_lib.GAN_MODES),
    ("pixel", "lsgan"),
    ("pixel", "wgangp"),
  ],
)
def test_every_loss_trains_every_discriminator(gan_mode, disc_type):
  config = dataclasses.replace(
    _config(gan_mode=gan_mode, augment="diffaugment"),
    model=dataclasses.replace(conftest.TINY_MODEL, disc_type=disc_type),
  )
  model = _compiled(
    config_checks.resolve(config), tf.keras.optimizers.Adam, 1e-3
  )
  step = model.train_step  # not traced, which takes longer than two steps
  before = _values(model.trainable_variables)
  for seed in range(2):
    logs = step(_pair(seed=seed))
  assert all(np.isfinite(float(value)) for value in logs.values())
  assert ("gp_A" in logs) == (gan_mode == "wgangp")
  after = _values(model.trainable_variables)
  moved = [not np.array_equal(a, b) for a, b in zip(before, after)]
  # All but the biases that a norm takes away again.
  stay = {
    id(layer.bias)
    for network in (model.g_AB, model.g_BA, model.d_A, model.d_B)
    for layer in network.layers
    if getattr(layer, "normed", False)
  }
  cancelled = [id(v) in stay for v in model.trainable_variables]
  if gan_mode != "wgangp":  # its penalty takes the plain form
    assert not np.any(np.logical_and(moved, cancelled))
  # Some losses do not depend on the last bias either.
  assert np.sum(moved) > 0.8 * np.sum(np.logical_not(cancelled))


@pytest.mark.slow
def test_gradient_penalty_is_part_of_the_discriminators_update():
  """With a huge weight it alone decides where they go."""
  model = _compiled(
    _config(gan_mode="wgangp", lambda_gp=1e4), tf.keras.optimizers.Adam, 1e-3
  )
  step = tf.function(model.train_step)
  penalties = []
  for seed in range(40):
    model.reset_metrics()
    logs = step(_pair(seed=seed % 4))
    penalties.append(float(logs["gp_A"] + logs["gp_B"]))
  assert np.mean(penalties[-4:]) < 0.7 * np.mean(penalties[:4])


@pytest.mark.slow
@pytest.mark.parametrize(
  ("generator_type", "upsample"),
  [
    ("resnet", "conv_transpose"),
    ("resnet", "resize_conv"),
    ("unet", "subpixel"),
    ("mobile", "resize_conv"),
    ("mobile", "subpixel"),
    ("mobile", "even_subpixel"),
  ],
)
def test_every_upsampler_trains(upsample, generator_type):
  config = _config()
  config = config_checks.resolve(
    dataclasses.replace(
      config,
      data=dataclasses.replace(config.data, crop_size=32, load_size=32),
      model=dataclasses.replace(
        conftest.TINY_MODEL,
        upsample=upsample,
        generator_type=generator_type,
        dropout=0.2,
      ),
    )
  )
  model = _compiled(config, tf.keras.optimizers.Adam, 1e-3)
  rng = np.random.default_rng(0)
  shape = (1, 32, 32, 3)
  pair = tuple(tf.constant(rng.uniform(-1, 1, shape), tf.float32) for _ in "AB")
  step = model.train_step
  values = [float(step(pair)["cycle_A"]) for _ in range(2)]
  assert np.isfinite(values).all()


# By seed 7, as Keras 2 draws them. Of g_AB and d_A: the sum over the weights of
# their place, from 1, times the sum of their magnitudes.
_DRAWN: tuple[tuple[dict[str, object], tuple[float, float]], ...] = (
  ({"generator_type": "resnet"}, (3602.052, 37.352697)),
  ({"generator_type": "resnet", "gen_norm": "weight"}, (15625.690, 37.352697)),
  ({"generator_type": "unet"}, (3613.8629, 37.092054)),
  ({"generator_type": "mobile"}, (1474.9447, 36.956394)),
  ({"generator_type": "mobile", "global_skip": False}, (973.91177, 40.589259)),
  ({"generator_type": "mobile", "block_scale": 8}, (2206.6039, 38.927259)),
  ({"generator_type": "mobile", "gen_norm": "weight"}, (4174.0694, 36.956394)),
  ({"disc_input": "details", "disc_norm": "none"}, (3602.052, 43.232193)),
  ({"disc_input": "colors", "disc_norm": "none"}, (3602.052, 183.79627)),
  ({"disc_input": "fourier", "disc_norm": "none"}, (3602.052, 69.485384)),
)


@pytest.mark.slow
@pytest.mark.parametrize(
  ("options", "want"), _DRAWN, ids=lambda value: str(value)[:60]
)
def test_initial_weights_are_the_same_on_every_stack(options, want):
  """Keras 3 draws a layer's seed when it is made, Keras 2 when it is called."""
  config = _config(seed=7)
  model_config = dataclasses.replace(
    conftest.TINY_MODEL, n_res_blocks=2, **options
  )
  model = model_lib.build_model(
    config_checks.resolve(
      dataclasses.replace(
        config,
        data=config_lib.DataConfig(crop_size=32),
        model=model_config,
      )
    )
  )
  got = [
    sum(
      place * float(np.abs(weights).sum())
      for place, weights in enumerate(_values(network.trainable_variables), 1)
    )
    for network in (model.g_AB, model.d_A)
  ]
  np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.slow(seconds=9)
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_step_keeps_the_length_of_kernels(precision):
  """Keras 3 applies no constraint to the variables inside its own."""
  config = _config(precision=precision)
  model = model_lib.build_model(
    config_checks.resolve(
      dataclasses.replace(
        config,
        model=dataclasses.replace(conftest.TINY_MODEL, gen_norm="weight"),
      )
    )
  )
  optimizers = [tf.keras.optimizers.Adam(0.1) for _ in "GD"]
  if precision == "mixed_float16":
    optimizers = [
      tf.keras.mixed_precision.LossScaleOptimizer(o, initial_scale=2.0)
      for o in optimizers
    ]
  model.compile(*optimizers)
  held = [
    w
    for network in (model.g_AB, model.g_BA)
    for w in network.trainable_variables
    if w.constraint is not None
  ]
  assert len(held) > 10
  before = _values(held)
  tf.function(model.train_step)(_pair())
  for weights, old in zip(held, before):
    new = weights.numpy()
    assert np.abs(new - old).max() > 0.01
    axes = tuple(i for i in range(4) if i != weights.constraint.output_axis)
    np.testing.assert_allclose(
      np.sqrt(np.square(new).sum(axes)), weights.constraint.gain, rtol=1e-5
    )


def test_dropout_draws_the_same_on_every_stack():
  """And leaves the initial weights, which either stack draws alike, alone."""
  networks = {}
  for dropout in (0.0, 0.5):
    config = _config(seed=7)
    networks[dropout] = model_lib.build_model(
      dataclasses.replace(
        config,
        model=dataclasses.replace(
          conftest.TINY_MODEL, n_res_blocks=2, dropout=dropout
        ),
      )
    )
  for plain, dropping in zip(
    *(_values(network.trainable_variables) for network in networks.values())
  ):
    np.testing.assert_array_equal(plain, dropping)
  seeds = [
    layer.seed
    for generator in (networks[0.5].g_AB, networks[0.5].g_BA)
    for layer in generator.layers
    if isinstance(layer, layers.CheckpointedDropout)
  ]
  draws = random.Random(7)  # as `random.seed(7)` would draw
  assert seeds == [draws.getrandbits(31) for _ in range(4)]


@pytest.mark.slow
@pytest.mark.parametrize("precision", config_lib.PRECISIONS[2:])
def test_half_precision_starts_like_float32(precision):
  logs = []
  for config in (_config(), _config(precision=precision)):
    model = model_lib.build_model(config)
    optimizers = [tf.keras.optimizers.Adam(1e-3) for _ in "GD"]
    if config.train.precision == "mixed_float16":
      optimizers = [
        tf.keras.mixed_precision.LossScaleOptimizer(o) for o in optimizers
      ]
    model.compile(*optimizers)
    values = model.train_step(_pair())
    logs.append({k: float(v) for k, v in values.items()})
    assert {tf.as_dtype(v.dtype) for v in model.trainable_variables} == {
      tf.float32
    }
  policy = tf.keras.mixed_precision.global_policy().name
  assert policy == "float32"  # as it was before
  for name, value in logs[0].items():
    # The first float16 step may overflow, and then counts for no norm.
    norm = precision == "mixed_float16" and name.startswith("gradient_norm")
    if not name.startswith("score") and not norm:
      np.testing.assert_allclose(logs[1][name], value, rtol=0.05, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("gen_norm", ["instance", "weight"])
def test_float16_step_that_overflows_is_left_out(gen_norm):
  config = conftest.replace(
    _config(precision="mixed_float16"), "model", gen_norm=gen_norm
  )
  model = model_lib.build_model(config)
  scaled = [
    tf.keras.mixed_precision.LossScaleOptimizer(
      tf.keras.optimizers.Adam(1e-3), initial_scale=2.0**120
    )
    for _ in "GD"
  ]
  model.compile(*scaled)
  before = _values(model.generator_variables)
  logs = model.train_step(_pair())
  assert float(logs["gradient_norm/g_AB"]) == 0  # left out of the mean
  for old, new in zip(before, _values(model.generator_variables)):
    np.testing.assert_array_equal(old, new)
  assert float(conftest.loss_scale(scaled[0])[0]) == 2.0**119
  assert int(model.step) == 1


@pytest.mark.slow
def test_from_book_is_an_ordinary_keras_model(tmp_path):
  arguments = {
    "input_dim": (32, 32, 3),
    "learning_rate": 1e-3,
    "buffer_max_length": 5,
    "lambda_validation": 1,
    "lambda_reconstr": 10,
    "lambda_id": 2,
    "generator_type": "unet",
    "gen_n_filters": 4,
    "disc_n_filters": 4,
  }
  model = model_lib.CycleGAN.from_book(**arguments)
  assert float(model.generator_optimizer.learning_rate) == np.float32(1e-3)
  assert model.ema_generators is None and model.buffer_A.capacity == 5
  rng = np.random.default_rng(0)
  images = rng.uniform(-1, 1, (2, 6, 32, 32, 3)).astype(np.float32)
  history = model.fit(*images, batch_size=2, epochs=2, verbose=0)
  assert len(history.history["cycle_A"]) == 2
  measured = model.evaluate(*images, batch_size=2, verbose=0, return_dict=True)
  assert np.isfinite(list(measured.values())).all() and "d_B" in measured
  # TensorFlow's own format is Keras 2's only.
  for suffix in ("weights.h5", *(() if stack.is_keras_3() else ("tf",))):
    path = str(tmp_path / f"model.{suffix}")
    model.save_weights(path)
    again = model_lib.CycleGAN.from_book(**arguments)
    again.load_weights(path)
    np.testing.assert_allclose(
      again.g_AB(images[0]), model.g_AB(images[0]), atol=1e-5
    )


def test_from_book_has_the_books_defaults():
  model = model_lib.CycleGAN.from_book()
  assert model.g_AB.count_params() == model.g_BA.count_params() == 1_545_411
  assert model.d_A.count_params() == model.d_B.count_params() == 694_241
  assert model.buffer_A.capacity == 50
  weights = model.loss_weights
  assert (
    weights.lambda_validation,
    weights.lambda_reconstr,
    weights.lambda_id,
  ) == (1, 10, 2)
  resnet = model_lib.CycleGAN.from_book(generator_type="resnet")
  assert resnet.g_AB.count_params() == 2_850_563


@pytest.mark.parametrize("rate", [np.float32(2e-4), 1])
def test_from_book_takes_any_number_for_a_rate(rate):
  model = model_lib.CycleGAN.from_book(
    input_dim=(32, 32, 3), gen_n_filters=4, disc_n_filters=4, learning_rate=rate
  )
  assert float(model.generator_optimizer.learning_rate) == np.float32(rate)


def test_from_book_refuses_in_words():
  with pytest.raises(errors.UserError, match="must be equal"):
    model_lib.CycleGAN.from_book(input_dim=(32, 64, 3))


def _of_one_layer(config):
  """A model whose networks are a convolution each."""

  def network(name, filters):
    inputs = tf.keras.Input((_SIZE, _SIZE, 3))
    layer = tf.keras.layers.Conv2D(
      filters, 3, padding="same", kernel_initializer=_counting
    )
    return tf.keras.Model(inputs, layer(inputs), name=name)

  return model_lib.CycleGAN(
    *(network(name, 3) for name in ("g_AB", "g_BA")),
    *(network(name, 1) for name in ("d_A", "d_B")),
    loss_weights=config.loss,
    image_shape=(_SIZE, _SIZE, 3),
    train=config.train,
  )


def _counting(shape, dtype=None):
  values = tf.range(np.prod(shape), dtype=dtype)
  return tf.reshape(tf.sin(values), shape) / 4


@pytest.mark.slow
def test_xla_compiles_the_step():
  """On the smallest networks: on a processor larger ones take very long."""
  config = _config()
  model, reference = (_of_one_layer(config) for _ in range(2))
  for each, jit_compile in ((model, True), (reference, None)):
    optimizers = [tf.keras.optimizers.SGD(0.1) for _ in "GD"]
    each.compile(*optimizers, jit_compile=jit_compile)
  pair = _pair(batch=1)
  data = tf.data.Dataset.from_tensors(pair)
  before = _values(model.trainable_variables)
  model.fit(data, epochs=1, verbose=0)
  reference.train_step(pair)
  for old, got, want in zip(
    before, model.trainable_variables, reference.trainable_variables
  ):
    np.testing.assert_allclose(got, want, atol=1e-5)
    assert np.abs(old - got).max() > 1e-4


@pytest.mark.slow
def test_learns_a_recolouring():
  """From reddish to bluish noise: the step lowers what it should lower."""
  config = dataclasses.replace(
    _config(lambda_id=0.0, lambda_reconstr=2.0),
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
