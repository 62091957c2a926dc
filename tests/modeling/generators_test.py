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

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import stack
from official.cyclegan.modeling import adam
from official.cyclegan.modeling import convolution
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import layers
from official.cyclegan.modeling import model as model_lib
from tests import conftest


def _model(**changes):
  plain = {"global_skip": False}
  if changes.get("generator_type", "resnet") == "resnet":
    plain["upsample"] = "conv_transpose"
  return config_lib.ModelConfig(**{**plain, **changes})


@pytest.mark.parametrize(
  ("changes", "parameters"),
  [
    # Published: junyanz/pytorch-CycleGAN-and-pix2pix (64), Foster (32).
    ({"gen_n_filters": 64, "n_res_blocks": 9}, 11_378_179),
    ({"gen_n_filters": 64, "n_res_blocks": 6}, 7_837_699),
    ({"gen_n_filters": 32, "n_res_blocks": 9}, 2_850_563),
    ({"gen_n_filters": 32, "generator_type": "unet"}, 1_545_411),
  ],
)
def test_generator_has_the_published_parameters(changes, parameters):
  assert (
    generators.build_generator(_model(**changes)).count_params() == parameters
  )


def test_norm_affine_adds_scale_and_shift():
  plain = generators.build_generator(_model(gen_n_filters=4, n_res_blocks=1))
  affine = generators.build_generator(
    _model(gen_n_filters=4, n_res_blocks=1, norm_affine=True)
  )
  channels = 4 + 8 + 16 + 2 * 16 + 8 + 4
  assert affine.count_params() - plain.count_params() == 2 * channels


@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
@pytest.mark.parametrize("skip", [False, True])
def test_generator_keeps_any_size(generator_type, skip):
  model = _model(
    generator_type=generator_type,
    gen_n_filters=4,
    n_res_blocks=1,
    global_skip=skip,
  )
  generator = generators.build_generator(model)
  multiple = config_checks.SIZE_MULTIPLES[generator_type]
  smallest = config_checks.MINIMUM_SIZES[generator_type]
  rng = np.random.default_rng(0)
  for shape in ((2, smallest, smallest, 3), (1, 5 * multiple, 64, 3)):
    x = rng.uniform(-1, 1, shape).astype(np.float32)
    y = generator(x).numpy()
    assert y.shape == shape
    assert np.isfinite(y).all()
    if not skip:
      assert np.abs(y).max() <= 1.0


@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
@pytest.mark.parametrize("init", config_lib.INITIALIZERS)
def test_global_skip_starts_near_the_identity(generator_type, init):
  model = config_lib.ModelConfig(
    generator_type=generator_type,
    gen_n_filters=8,
    n_res_blocks=2,
    init=init,
    global_skip=True,
  )
  x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3))
  y = generators.build_generator(model)(x.astype(np.float32)).numpy()
  difference = np.abs(y - x).mean()
  assert 0.0 < difference < 0.6
  plain = generators.build_generator(
    dataclasses.replace(model, global_skip=False)
  )
  assert difference < np.abs(plain(x.astype(np.float32)) - x).mean()


_ALL_UPSAMPLERS = [
  (kind, upsample)
  for kind in config_lib.GENERATOR_TYPES
  for upsample in config_lib.UPSAMPLERS[1:]
]


@pytest.mark.slow
@pytest.mark.parametrize(("generator_type", "upsample"), _ALL_UPSAMPLERS)
def test_weight_norms_hold_features_without_statistics(
  generator_type, upsample
):
  """Whatever the kernels became, an update brings their lengths back."""
  tf.keras.utils.set_random_seed(0)
  network = generators.build_generator(
    config_lib.ModelConfig(
      generator_type=generator_type,
      upsample=upsample,
      gen_n_filters=8,
      n_res_blocks=3,
      gen_norm="weight",
    )
  )
  assert not any("norm" in layer.name for layer in network.layers)
  trunk = tf.keras.Model(
    network.input,
    network.get_layer(
      generators.quarter_size_layer(
        config_lib.ModelConfig(generator_type=generator_type, n_res_blocks=3)
      )
    ).output,
  )
  x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3))
  x = x.astype(np.float32)
  before = np.std(trunk(x))
  # All kernels but the last one's, and those of the pixels' own colours.
  kernels = [w for w in network.trainable_variables if len(w.shape) == 4]
  held = [w for w in kernels if getattr(w.constraint, "gain", None)]
  assert len(held) in (len(kernels) - 2, len(kernels) - 3)
  for weights in held:
    weights.assign(10 * weights)
  optimizer = adam.FusedAdam(1e-6)
  optimizer.build(held)
  optimizer.apply_gradients([(tf.ones_like(w), w) for w in held])
  after = np.std(trunk(x))
  assert 0.05 < after < 5 and 0.4 < after / before < 2.5, (before, after)


@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
def test_without_norms_of_features_places_are_independent(generator_type):
  """What lies far away has no effect: pictures can be done in tiles."""
  effect = {}
  for norm in config_lib.GENERATOR_NORMS:
    tf.keras.utils.set_random_seed(0)
    network = generators.build_generator(
      config_lib.ModelConfig(
        generator_type=generator_type,
        gen_n_filters=4,
        n_res_blocks=1,
        gen_norm=norm,
        global_skip=False,
        init="he",
      )
    )
    x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 160, 3))
    x = x.astype(np.float32)
    other = x.copy()
    other[:, :, 120:] *= 0.1
    effect[norm] = np.abs(network(x) - network(other))[:, :, :32].max()
  assert effect["weight"] == 0 < effect["instance"]


@pytest.mark.parametrize("upsample", config_lib.UPSAMPLERS[1:])
def test_blocks_work_at_the_scale_that_is_asked_for(upsample):
  for scale in (4, 8):
    model = _model(
      generator_type="mobile",
      gen_n_filters=4,
      n_res_blocks=2,
      block_scale=scale,
      upsample=upsample,
    )
    network = generators.build_generator(model)
    smallest = config_checks.minimum_size(model)
    multiple = config_checks.size_multiple(model)
    rng = np.random.default_rng(0)
    for shape in ((2, smallest, smallest, 3), (1, 5 * multiple, 64, 3)):
      x = rng.uniform(-1, 1, shape).astype(np.float32)
      y = network(x).numpy()
      assert y.shape == shape and np.isfinite(y).all()
    names = ["block1_add", "block2_add", generators.quarter_size_layer(model)]
    seen = tf.keras.Model(
      network.input, [network.get_layer(name).output for name in names]
    )
    sizes = [tuple(f.shape[1:3]) for f in seen(np.zeros((1, 64, 32, 3), "f"))]
    assert sizes == [(64 // scale, 32 // scale)] * 2 + [(16, 8)]


def test_mobile_generator_has_the_parameters_of_its_description():
  network = generators.build_generator(
    config_lib.ModelConfig(
      generator_type="mobile",
      gen_n_filters=24,
      n_res_blocks=6,
      block_kernel=5,
      skip_filters=4,
    )
  )
  c = 4 * 24
  separable = 25 * c + c * c + c
  want = (
    (9 * 3 * 24 + 24)  # halved
    + (25 * 24 + 24 * c + c)  # and again
    + 6 * 2 * separable
    + (c * 4 * 24 + 4 * 24)  # and back
    + (9 * 24 * 12 + 12)  # head
    + (3 * 4 + 4)
    + (4 * 3 + 3)  # colours
  )
  assert network.count_params() == want


def test_coarse_mobile_generator_has_the_parameters_of_its_description():
  n, blocks = 20, 6
  network = generators.build_generator(
    config_lib.ModelConfig(
      generator_type="mobile",
      gen_n_filters=n,
      n_res_blocks=blocks,
      skip_filters=0,
      block_scale=8,
    )
  )

  def separable(inputs, outputs):
    return 9 * inputs + inputs * outputs + outputs

  want = (
    (9 * 3 * n + n)  # halved
    + separable(n, 2 * n)  # again
    + separable(2 * n, 4 * n)  # and again
    + blocks * 2 * separable(4 * n, 4 * n)
    + (4 * n * 8 * n + 8 * n)  # and back
    + (2 * n * 4 * n + 4 * n)
    + (9 * n * 12 + 12)  # head
  )
  assert network.count_params() == want


@pytest.mark.parametrize("padding", ["zero", "partial"])
def test_padding_changes_the_border_and_not_the_parameters(padding):
  model = config_lib.ModelConfig(
    gen_n_filters=4, n_res_blocks=1, global_skip=False
  )
  mirrored = generators.build_generator(model)
  other = generators.build_generator(
    dataclasses.replace(model, padding=padding)
  )
  other.set_weights(mirrored.get_weights())
  layer = {"stem_conv"}
  x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3))
  features = [
    tf.keras.Model(g.input, [g.get_layer(n).output for n in layer])(x)[0]
    for g in (mirrored, other)
  ]
  inside = [f[3:-3, 3:-3] for f in features]
  np.testing.assert_allclose(*inside, atol=1e-5)
  assert np.abs(features[0] - features[1]).max() > 1e-3


def test_images_of_a_batch_do_not_mix():
  generator = generators.build_generator(
    _model(gen_n_filters=4, n_res_blocks=1)
  )
  x = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3))
  x = x.astype(np.float32)
  together = generator(x).numpy()
  alone = np.concatenate([generator(x[i : i + 1]) for i in range(3)])
  np.testing.assert_allclose(together, alone, atol=1e-5)


def test_skip_filters_add_a_look_at_the_colours():
  plain, more = (
    generators.build_generator(
      config_lib.ModelConfig(gen_n_filters=4, n_res_blocks=1, skip_filters=n)
    )
    for n in (0, 5)
  )
  added = (3 * 5 + 5) + 7 * 7 * 5 * 3
  assert more.count_params() - plain.count_params() == added


@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
@pytest.mark.parametrize("upsample", config_lib.UPSAMPLERS)
def test_every_upsampler_keeps_the_size(generator_type, upsample):
  generator = generators.build_generator(
    _model(
      generator_type=generator_type,
      gen_n_filters=4,
      n_res_blocks=1,
      upsample=upsample,
    )
  )
  x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 48, 3))
  x = x.astype(np.float32)
  y = generator(x).numpy()
  assert y.shape == x.shape and np.isfinite(y).all()
  # As what is translated and exported is traced.
  any_size = tf.TensorSpec([None, None, None, 3])
  traced = tf.function(
    lambda x: generator(x, training=False), input_signature=[any_size]
  )
  np.testing.assert_allclose(traced(x), y, atol=1e-5)
  resolved = config_checks.resolve_model(
    _model(generator_type=generator_type, upsample=upsample)
  ).upsample
  for kind, names in (
    (tf.keras.layers.Conv2DTranspose, ["conv_transpose"]),
    (layers.XnnpackUpSampling2D, ["resize_conv"]),
    (layers.DepthToSpace, ["subpixel", "even_subpixel"]),
  ):
    found = any(
      isinstance(layer, kind)
      for layer in generator.layers
      if layer.name != "head_shuffle"  # the mobile one's, always
    )
    assert found == (resolved in names), (kind, resolved)


def _moved(**changes):
  """Returns a generator after one update in a direction drawn at random."""
  tf.keras.utils.set_random_seed(2)
  generator = generators.build_generator(
    _model(gen_n_filters=4, n_res_blocks=1, init="he", **changes)
  )
  weights = generator.trainable_variables
  optimizer = adam.FusedAdam(0.1)
  optimizer.build(weights)
  stack.apply_gradients(
    optimizer, *[[tf.random.normal(w.shape) for w in weights]] * 2, weights
  )
  return generator


@pytest.mark.slow(seconds=16)
@pytest.mark.one_stack
@pytest.mark.parametrize("gen_norm", config_lib.GENERATOR_NORMS)
@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
@pytest.mark.parametrize("upsample", config_lib.UPSAMPLERS[1:])
def test_which_upsamplers_can_bring_a_grid_into_a_flat_picture(
  upsample, generator_type, gen_norm
):
  """Whatever training does to the weights."""
  generator = _moved(
    generator_type=generator_type,
    upsample=upsample,
    gen_norm=gen_norm,
    padding="partial",
  )
  # Of which the middle is looked at: the border is not flat.
  y = generator(tf.fill([1, 256, 256, 3], -0.8)).numpy()[:, 120:136, 120:136]
  grid = np.ptp(y, axis=(1, 2)).max() / np.abs(y).max()
  even = upsample in ("resize_conv", "even_subpixel")
  if generator_type == "mobile" and upsample == "resize_conv":
    even = False  # its head is a sub-pixel convolution all the same
  assert grid < 1e-5 if even else grid > 1e-3, grid


@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
@pytest.mark.parametrize("upsample", ["subpixel", "even_subpixel"])
def test_even_enlargements_learn_where_nothing_is_let_through(
  upsample, generator_type
):
  generator = _moved(
    generator_type=generator_type, upsample=upsample, gen_norm="weight"
  )
  name = "up_conv" if generator_type == "mobile" else "up1_conv"
  bias = generator.get_layer(name).bias
  bias.assign(tf.fill(bias.shape, -20.0))
  x = tf.random.stateless_uniform([1, 32, 32, 3], [1, 2], -1, 1)
  with tf.GradientTape() as tape:
    loss = tf.reduce_sum(generator(x) ** 2)
  gradient = tape.gradient(loss, stack.tf_variables([bias])[0])
  assert np.any(gradient) == (upsample == "even_subpixel")


@pytest.mark.parametrize("size", [16, 64])
def test_mirrored_borders_do_not_disturb_a_flat_picture(size):
  def spread(**changes):
    generator = _moved(gen_norm="weight", **changes)
    y = generator(tf.fill([1, size, size, 3], 0.4)).numpy()
    return np.ptp(y, axis=(1, 2)).max() / np.abs(y).max()

  assert spread(upsample="even_subpixel", padding="reflect") < 1e-4
  assert spread(upsample="even_subpixel", padding="zero") > 1e-2
  assert spread(upsample="resize_conv", padding="reflect") > 1e-2


@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
def test_dropout_is_for_training_only(generator_type):
  tf.keras.utils.set_random_seed(1)
  generator = generators.build_generator(
    _model(
      generator_type=generator_type,
      gen_n_filters=8,
      n_res_blocks=2,
      init="he",
      dropout=0.5,
    )
  )
  x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3))
  x = x.astype(np.float32)
  np.testing.assert_array_equal(generator(x), generator(x))
  first, second = (generator(x, training=True).numpy() for _ in range(2))
  assert np.abs(first - second).mean() > 1e-3


@pytest.mark.parametrize("precision", config_lib.PRECISIONS[1:])
@pytest.mark.parametrize("generator_type", config_lib.GENERATOR_TYPES)
def test_precisions_keep_weights_and_images_in_float32(
  precision, generator_type
):
  model = _model(generator_type=generator_type, gen_n_filters=4, n_res_blocks=1)
  with model_lib.policy(precision):
    generator = generators.build_generator(model)
  assert {tf.as_dtype(w.dtype) for w in generator.weights} == {tf.float32}
  x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3))
  assert generator(x.astype(np.float32)).dtype == tf.float32


@pytest.mark.parametrize("upsample", ["conv_transpose", "subpixel"])
@pytest.mark.parametrize("global_skip", [False, True])
def test_training_computes_what_inference_does(
  global_skip, upsample, monkeypatch
):
  """Without dropout the fast forms are the whole difference."""
  monkeypatch.setattr(convolution, "_WINOGRAD_WORK", {False: 0, True: 0})
  monkeypatch.setattr(convolution, "_WINOGRAD_GAIN", 0)
  generator = generators.build_generator(
    config_lib.ModelConfig(
      gen_n_filters=8,
      n_res_blocks=2,
      global_skip=global_skip,
      upsample=upsample,
      init="he",
    )
  )
  rng = np.random.default_rng(0)
  for variable in generator.trainable_variables:
    if "bias" in variable.name:
      variable.assign(rng.normal(size=variable.shape))
  images = tf.constant(rng.uniform(-1, 1, (2, 16, 24, 3)), tf.float32)
  fast, plain = (generator(images, training=t) for t in (True, False))
  np.testing.assert_allclose(fast, plain, atol=1e-4)


def test_bfloat16_training_is_close_to_float32():
  images = tf.random.stateless_uniform([2, 16, 16, 3], [0, 1], -1.0, 1.0)
  config = config_lib.ModelConfig(gen_n_filters=8, n_res_blocks=2)
  results, weights = [], None
  for precision in ("float32", "mixed_bfloat16"):
    with model_lib.policy(precision):
      generator = generators.build_generator(config)
    weights = weights or generator.get_weights()
    generator.set_weights(weights)
    results.append(generator(images, training=True) - images)
    assert results[-1].dtype == tf.float32
  error = tf.norm(results[1] - results[0]) / tf.norm(results[0])
  assert 0 < float(error) < 0.05


_SERIALISED = [
  {"generator_type": "resnet", "dropout": 0.1, "norm_affine": True},
  {"generator_type": "resnet", "upsample": "subpixel", "padding": "partial"},
  {"generator_type": "unet", "init": "glorot", "dropout": 0.1},
  {"generator_type": "unet", "upsample": "conv_transpose", "init": "he"},
  {"generator_type": "mobile"},
  {"generator_type": "mobile", "global_skip": False, "padding": "zero"},
  {"generator_type": "mobile", "gen_norm": "weight"},
  {"generator_type": "mobile", "block_scale": 8},
  {"generator_type": "resnet", "gen_norm": "weight"},
]


def _assert_same(again, generator):
  """Checks for the same layers, and bit for bit the same results."""
  assert [(layer.name, type(layer)) for layer in again.layers] == [
    (layer.name, type(layer)) for layer in generator.layers
  ]
  x = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype("f")
  np.testing.assert_array_equal(again(x), generator(x))
  if not any("dropout" in layer.name for layer in generator.layers):
    np.testing.assert_array_equal(
      again(x, training=True), generator(x, training=True)
    )


@pytest.mark.slow(seconds=11)
@pytest.mark.parametrize("options", _SERIALISED)
def test_keras_rebuilds_and_loads_without_custom_objects(options, tmp_path):
  generator = generators.build_generator(
    config_lib.ModelConfig(gen_n_filters=4, n_res_blocks=1, **options)
  )
  rng = np.random.default_rng(1)
  generator.set_weights(
    [rng.normal(0, 0.1, w.shape) for w in generator.get_weights()]
  )
  for rebuilt in (
    tf.keras.models.clone_model(generator),
    tf.keras.models.model_from_json(generator.to_json()),
  ):
    rebuilt.set_weights(generator.get_weights())
    _assert_same(rebuilt, generator)
  for name in ("generator.keras", "generator.h5"):
    path = str(tmp_path / name)
    generator.save(path)
    _assert_same(tf.keras.models.load_model(path, compile=False), generator)


if __name__ == "__main__":
  conftest.main(__file__)
