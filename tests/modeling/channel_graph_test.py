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
"""Compares the graph's groups with each generator's wiring, written out."""

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import channel_graph
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import layers
from tests import conftest


def _graph(**options):
  return channel_graph.ChannelGraph(
    generators.build_generator(
      config_lib.ModelConfig(
        gen_n_filters=2, n_res_blocks=2, skip_filters=3, **options
      )
    )
  )


def _flows(graph):
  return {n: (c.reads, c.writes) for n, c in graph.convolutions.items()}


def test_resnet():
  graph = _graph(generator_type="resnet", upsample="subpixel")
  trunk = "down2_conv"
  assert _flows(graph) == {
    "stem_conv": (("image",), "stem_conv"),
    "down1_conv": (("stem_conv",), "down1_conv"),
    "down2_conv": (("down1_conv",), trunk),
    "block1a_conv": ((trunk,), "block1a_conv"),
    "block1b_conv": (("block1a_conv",), trunk),
    "block2a_conv": ((trunk,), "block2a_conv"),
    "block2b_conv": (("block2a_conv",), trunk),
    "up1_conv": ((trunk,), "up1_conv"),
    "up2_conv": (("up1_conv",), "up2_conv"),
    "skip_colours": (("image",), "skip_colours"),
    "head_conv": (("up2_conv", "skip_colours"), "image"),
  }
  assert graph.norms["block2b_norm"] == graph.norms["down2_norm"] == trunk
  sizes = {g: graph.size(g) for g in ("image", trunk, "up1_conv", "up2_conv")}
  assert sizes == {"image": 3, trunk: 8, "up1_conv": 4, "up2_conv": 2}
  # Each channel is written once for each of the shuffle's 2x2 pixels.
  columns = list(graph.kernel_columns("up1_conv"))
  assert columns == [range(4 * i, 4 * i + 4) for i in range(4)]
  rows = list(graph.kernel_rows("head_conv"))
  assert rows == [("up2_conv", range(2)), ("skip_colours", range(2, 5))]


@pytest.mark.slow
@pytest.mark.parametrize("upsample", ["resize_conv", "subpixel"])
def test_unet(upsample):
  graph = _graph(
    generator_type="unet", upsample=upsample, global_skip=False, dropout=0.1
  )
  names = ["image", *(f"down{i}_conv" for i in (1, 2, 3, 4)), "up1_conv"]
  want = {
    written: ((read,), written) for read, written in zip(names, names[1:])
  }
  want["up2_conv"] = (("up1_conv", "down3_conv"), "up2_conv")
  want["up3_conv"] = (("up2_conv", "down2_conv"), "up3_conv")
  last = ("up3_conv", "down1_conv")
  if upsample == "subpixel":
    want["up4_conv"] = (last, "up4_conv")
    last = ("up4_conv",)
  want["head_conv"] = (last, "image")
  assert _flows(graph) == want


def test_mobile():
  graph = _graph(generator_type="mobile")
  stem, trunk = "stem_conv", "down_conv"
  assert _flows(graph) == {
    "stem_conv": (("image",), stem),
    "down_depthwise": ((stem,), stem),
    "down_conv": ((stem,), trunk),
    "block1a_depthwise": ((trunk,), trunk),
    "block1a_conv": ((trunk,), "block1a_conv"),
    "block1b_depthwise": (("block1a_conv",), "block1a_conv"),
    "block1b_conv": (("block1a_conv",), trunk),
    "block2a_depthwise": ((trunk,), trunk),
    "block2a_conv": ((trunk,), "block2a_conv"),
    "block2b_depthwise": (("block2a_conv",), "block2a_conv"),
    "block2b_conv": (("block2a_conv",), trunk),
    "up_conv": ((trunk,), stem),  # added to the stem's
    "head_conv": ((stem,), "image"),
    "skip_colours": (("image",), "skip_colours"),
    "skip_recolour": (("skip_colours",), "image"),
  }
  assert graph.norms["up_norm"] == graph.norms["stem_norm"] == stem
  assert graph.convolutions["head_conv"].copies == 4
  assert graph.convolutions["skip_recolour"].copies == 1
  assert len(list(graph.kernel_columns("up_conv"))) == 4


def test_a_group_bears_the_name_of_its_first_layer():
  image = tf.keras.Input((None, None, 1))
  first = tf.keras.layers.Conv2D(4, 1, name="first")(image)
  shuffled = tf.keras.layers.Conv2D(16, 1, strides=2, name="second")(first)
  shuffled = layers.DepthToSpace(2)(shuffled)
  added = tf.keras.layers.Add()([shuffled, first])
  last = tf.keras.layers.Conv2D(1, 1, name="last")(added)
  network = tf.keras.Model(image, last)
  graph = channel_graph.ChannelGraph(network)
  assert graph.convolutions == {
    "first": channel_graph.Channels(("image",), "first"),
    "second": channel_graph.Channels(("first",), "first", 4),
    "last": channel_graph.Channels(("first",), "image"),
  }
  assert network(np.zeros((1, 4, 4, 1), np.float32)).shape == (1, 4, 4, 1)


if __name__ == "__main__":
  conftest.main(__file__)
