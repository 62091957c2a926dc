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

from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.modeling import channel_graph
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import weight_transfer
from tests import conftest

_KINDS = [
  {"generator_type": "resnet", "padding": "zero"},
  {"generator_type": "resnet", "upsample": "conv_transpose"},
  {"generator_type": "resnet", "upsample": "resize_conv", "norm_affine": True},
  {"generator_type": "resnet", "upsample": "even_subpixel"},
  {"generator_type": "unet", "skip_filters": 0},
  {"generator_type": "unet", "upsample": "conv_transpose"},
  {"generator_type": "unet", "upsample": "subpixel"},
  {"generator_type": "mobile"},
  {"generator_type": "mobile", "upsample": "resize_conv", "block_kernel": 5},
  {"generator_type": "mobile", "upsample": "conv_transpose"},
  {"generator_type": "mobile", "block_scale": 8},
]
_WIDE = {"gen_n_filters": 6, "n_res_blocks": 2, "skip_filters": 5}
_NARROW = {"gen_n_filters": 4, "skip_filters": 3}


def _build(seed, **options):
  model = dataclasses.replace(
    conftest.TINY_MODEL, **{"init": "he", **_WIDE, **options}
  )
  tf.keras.utils.set_random_seed(seed)
  network = generators.build_generator(model)
  for layer in network.layers:
    rng = np.random.default_rng(seed)
    layer.set_weights(
      [rng.normal(0, 0.3, w.shape) for w in layer.get_weights()]
    )
  return network, model


def _image():
  image = np.random.default_rng(9).uniform(-1, 1, (1, 32, 32, 3))
  return image.astype(np.float32)


def _silence(network, narrow):
  """Lets nothing read some of the channels of each group.

  Which they are is drawn at random; as many are left as `narrow` has.
  """
  rng = np.random.default_rng(5)
  graph = channel_graph.ChannelGraph(network)
  thin = channel_graph.ChannelGraph(generators.build_generator(narrow))
  silent = {}
  for group in {c.writes for c in graph.convolutions.values()}:
    silent[group] = rng.permutation(graph.size(group))[thin.size(group) :]
  silent[channel_graph.IMAGE] = []
  for name in graph.convolutions:
    layer = network.get_layer(name)
    kernel, *bias = layer.get_weights()
    axis = 3 if isinstance(layer, tf.keras.layers.Conv2DTranspose) else 2
    rows = np.moveaxis(kernel, axis, 0)
    for group, part in graph.kernel_rows(name):
      rows[[part.start + i for i in silent[group]]] = 0.0
    layer.set_weights([kernel, *bias])


@pytest.mark.slow(seconds=11)
@pytest.mark.parametrize("options", _KINDS)
def test_a_student_does_what_its_teacher_does_with_the_used_channels(options):
  teacher, wide = _build(0, **options)
  student, narrow = _build(1, **{**options, **_narrow(options)})
  config_checks.check_transfer(narrow, wide)
  _silence(teacher, narrow)
  before = student(_image()).numpy()
  weight_transfer.transfer_weights(student, narrow, teacher, wide)
  wanted = teacher(_image()).numpy()
  np.testing.assert_allclose(student(_image()), wanted, atol=2e-4)
  assert np.abs(before - wanted).max() > 0.1


def _narrow(options):
  return {k: v for k, v in _NARROW.items() if k not in options}


def test_a_part_of_kernels_of_fixed_length_is_refused():
  wide = dataclasses.replace(conftest.TINY_MODEL, gen_norm="weight", **_WIDE)
  config_checks.check_transfer(dataclasses.replace(wide, n_res_blocks=1), wide)
  for name, value in _NARROW.items():
    narrow = dataclasses.replace(wide, **{name: value})
    with pytest.raises(errors.UserError, match="fixed length"):
      config_checks.check_transfer(narrow, wide)


def test_the_most_read_channels_are_kept():
  teacher, wide = _build(0, generator_type="mobile", n_res_blocks=1)
  reader = teacher.get_layer("block1b_conv")  # the last one of block1's
  kernel, bias = reader.get_weights()
  kernel[:, :, [1, 7]] *= 1e3
  reader.set_weights([kernel, bias])
  student, narrow = _build(
    1, generator_type="mobile", n_res_blocks=1, gen_n_filters=1
  )
  weight_transfer.transfer_weights(student, narrow, teacher, wide)
  found = student.get_layer("block1b_depthwise").get_weights()[0]
  known = teacher.get_layer("block1b_depthwise").get_weights()[0]
  places = [
    next(i for i in range(24) if np.array_equal(known[:, :, i], found[:, :, j]))
    for j in range(4)
  ]
  assert places == sorted(places) and {1, 7} <= set(places)


def test_fewer_blocks_are_spread_over_the_teachers():
  teacher, wide = _build(0, generator_type="resnet", n_res_blocks=5)
  student, narrow = _build(1, generator_type="resnet", n_res_blocks=3)
  weight_transfer.transfer_weights(student, narrow, teacher, wide)
  for theirs, mine in ((1, 1), (3, 2), (5, 3)):
    for part in "ab":
      np.testing.assert_array_equal(
        student.get_layer(f"block{mine}{part}_conv").get_weights()[0],
        teacher.get_layer(f"block{theirs}{part}_conv").get_weights()[0],
      )


def test_a_student_without_colours_reads_what_it_has():
  teacher, wide = _build(0, generator_type="resnet")
  student, narrow = _build(1, generator_type="resnet", skip_filters=0)
  weight_transfer.transfer_weights(student, narrow, teacher, wide)
  kernel = teacher.get_layer("head_conv").get_weights()[0]
  np.testing.assert_array_equal(
    student.get_layer("head_conv").get_weights()[0], kernel[:, :, :6]
  )


if __name__ == "__main__":
  conftest.main(__file__)
