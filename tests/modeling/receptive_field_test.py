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
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import norm_statistics
from official.cyclegan.modeling import receptive_field
from tests import conftest


@pytest.mark.slow
@pytest.mark.parametrize(
  ("generator_type", "upsample", "block_scale"),
  [
    *(("resnet", upsample, 4) for upsample in config_lib.UPSAMPLERS),
    ("unet", "conv_transpose", 4),
    ("mobile", "subpixel", 4),
    ("mobile", "subpixel", 8),
  ],
)
def test_nothing_further_away_is_seen_and_little_less_is(
  generator_type, upsample, block_scale
):
  config = dataclasses.replace(
    conftest.TINY_MODEL,
    generator_type=generator_type,
    upsample=upsample,
    block_scale=block_scale,
    global_skip=False,
  )
  network = generators.build_generator(config)
  # Every weight counts, and no rectifier is shut.
  network.set_weights([np.full_like(w, 0.01) for w in network.get_weights()])
  size, middle = 256, 128
  images = np.full((1, size, size, 3), 0.1, np.float32)
  length = norm_statistics.length(network)
  statistics = np.concatenate(
    [np.zeros((1, 1, 1, length)), np.ones((1, 1, 1, length))], 2
  ).astype(np.float32)
  reach = receptive_field.reach(network)
  seen = []
  # The middle's neighbours stand at every phase of the strides.
  for place in range(middle, middle + config_checks.size_multiple(config)):
    with tf.GradientTape() as tape:
      x = tf.constant(images)
      tape.watch(x)
      made = norm_statistics.applied(network, x, tf.constant(statistics))
      value = made[0, place, place, 0] * 1e6
    gradient = tape.gradient(value, x).numpy()[0].any(axis=-1)
    rows = np.flatnonzero(gradient.any(axis=1))
    columns = np.flatnonzero(gradient.any(axis=0))
    seen += [place - rows[0], rows[-1] - place]
    seen += [place - columns[0], columns[-1] - place]
  assert max(seen) <= reach
  assert reach - max(seen) <= 8  # steps are counted at their worst


if __name__ == "__main__":
  conftest.main(__file__)
