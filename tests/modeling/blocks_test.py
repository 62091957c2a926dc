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
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import devices
from official.cyclegan.modeling import blocks
from official.cyclegan.modeling import model as model_lib
from tests import conftest

_SHAPE = (8, 12, 6)


@pytest.mark.parametrize("upsample", config_lib.UPSAMPLERS[1:])
@pytest.mark.parametrize("kernel", [1, 3, 4])
def test_upsampling_doubles_the_size(upsample, kernel):
  x = tf.keras.Input(_SHAPE)
  config = config_lib.ModelConfig(upsample=upsample)
  y = blocks.upsample(x, 5, config, "up", kernel)
  assert y.shape == (None, 16, 24, 5)
  assert "up_conv" in {layer.name for layer in tf.keras.Model(x, y).layers}


@pytest.mark.parametrize("upsample", ["auto", "bicubic"])
def test_an_upsampling_that_is_none_is_refused(upsample):
  config = config_lib.ModelConfig(upsample=upsample)
  with pytest.raises(ValueError, match=f"no upsampling '{upsample}'"):
    blocks.upsample(tf.keras.Input(_SHAPE), 5, config, "up")


@pytest.mark.parametrize(
  ("padding", "options"),
  [
    ("reflect", {"padding": "valid", "reflect": 3}),
    ("zero", {"padding": "same", "partial": False}),
    ("partial", {"padding": "same", "partial": True}),
  ],
)
def test_each_padding_keeps_the_size(padding, options):
  config = config_lib.ModelConfig(padding=padding)
  assert blocks.border_options(config, 3) == options
  layer = blocks.conv2d(4, 7, **options)
  assert layer(tf.zeros([1, *_SHAPE])).shape == (1, 8, 12, 4)


def test_initializers_are_drawn_from_in_turn():
  config = config_lib.ModelConfig(init="normal")
  drawn = []
  for _ in range(2):
    tf.keras.utils.set_random_seed(1)
    drawn.append([blocks.kernel_initializer(config)([64]) for _ in range(2)])
  tf.debugging.assert_equal(*drawn)
  assert float(tf.reduce_max(tf.abs(drawn[0][0] - drawn[0][1]))) > 0.01
  assert 0.01 < float(tf.math.reduce_std(drawn[0][0])) < 0.03


def test_dropout_of_nothing_adds_no_layer():
  x = tf.keras.Input(_SHAPE)
  assert blocks.dropout(x, config_lib.ModelConfig(dropout=0.0), "a") is x
  dropped = blocks.dropout(x, config_lib.ModelConfig(dropout=0.5), "a")
  assert dropped is not x


@pytest.mark.parametrize("processor", [True, False])
def test_processors_convolve_in_the_precision_that_they_are_fast_in(
  processor, monkeypatch
):
  monkeypatch.setattr(devices, "on_processor", lambda: processor)
  with model_lib.policy("mixed_float16"):
    layers = blocks.conv2d(2, 3), blocks.depthwise_conv2d(3)
  want = "float32" if processor else "float16"
  assert [layer.compute_dtype for layer in layers] == [want] * 2
  with model_lib.policy("mixed_bfloat16"):
    layers = blocks.conv2d(2, 3), blocks.depthwise_conv2d(3)
  want = "float32" if processor else "bfloat16"
  assert [layer.compute_dtype for layer in layers] == ["bfloat16", want]


if __name__ == "__main__":
  conftest.main(__file__)
