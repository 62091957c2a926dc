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
"""What a training step of the benchmarks costs, counted."""

from __future__ import annotations

import dataclasses

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks


@dataclasses.dataclass(frozen=True)
class Case:
  """What is trained.

  Attributes:
    size: Width and height, pixels.
    filters: Filters of the first convolutions.
    batch: Pictures of each domain per step.
    blocks: Residual blocks of a generator.
    layers: Halving layers of a discriminator.
  """

  size: int
  filters: int
  batch: int
  blocks: int
  layers: int

  def config(self, precision: str) -> config_lib.ResolvedConfig:
    """Returns our configuration of the case."""
    return config_checks.resolve(
      config_lib.Config(
        data=config_lib.DataConfig(crop_size=self.size, batch_size=self.batch),
        model=config_lib.ModelConfig(
          gen_n_filters=self.filters,
          disc_n_filters=self.filters,
          disc_n_layers=self.layers,
          n_res_blocks=self.blocks,
          global_skip=False,
          upsample="conv_transpose",
        ),
        loss=config_lib.LossConfig(lambda_id=5.0),
        train=config_lib.TrainConfig(precision=precision),
      )
    )


def step_operations(case: Case) -> float:
  """Returns the floating-point operations of one step's convolutions.

  A multiplication and an addition are two operations. For every picture of a
  domain three passes through generators (translation, back, identity), each
  with a gradient to the weights and one to the input, which the first layer of
  the two that start from a real picture does not need; a discriminator's pass
  and gradient to the input for the generators, and two passes with both
  gradients for itself.

  Args:
    case: What is trained.
  """
  size, n, channels = case.size, case.filters, 3
  stem = size**2 * 49 * channels * n
  body = 2 * (size // 2) ** 2 * 9 * n * 2 * n  # down 1, up 2
  body += 2 * (size // 4) ** 2 * 9 * 2 * n * 4 * n  # down 2, up 1
  body += case.blocks * 2 * (size // 4) ** 2 * 9 * (4 * n) ** 2
  generator = 2 * stem + body  # the head is a stem turned round
  first, discriminator, side, before = 0, 0, size, channels
  for i in range(case.layers + 1):
    if i < case.layers:
      side = -(-side // 2)
    filters = n * 2 ** min(i, 3)
    work = side**2 * 16 * before * filters
    first = first or work
    discriminator += work
    before = filters
  discriminator += side**2 * 16 * before
  per_picture = 9 * generator - 2 * stem
  per_picture += 2 * discriminator  # for the generator
  per_picture += 6 * discriminator - 2 * first
  return 2.0 * 2 * case.batch * per_picture
