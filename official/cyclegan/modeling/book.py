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
"""The configuration of Foster's book, for `model.CycleGAN.from_book`.

Source: Foster, "Generative Deep Learning", 2019, chapter 5. The networks are
the book's: no global skip, no moving averages, a constant learning rate. The
preset `book` is the same on the command line.
"""

from __future__ import annotations

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors


def book_config(
  *,
  input_dim: tuple[int, int, int],
  learning_rate: float,
  buffer_max_length: int,
  lambda_validation: float,
  lambda_reconstr: float,
  lambda_id: float,
  generator_type: str,
  gen_n_filters: int,
  disc_n_filters: int,
) -> config_lib.ResolvedConfig:
  """Returns the book's configuration.

  Args:
    input_dim: Height, width and channels of the images, pixels; 1 or 3
      channels. Height and width are equal.
    learning_rate: Adam's rate, for all networks.
    buffer_max_length: Images in each pool; 0 turns the pools off.
    lambda_validation: Weight of the adversarial loss.
    lambda_reconstr: Weight of the cycle loss.
    lambda_id: Weight of the identity loss; 0 leaves it out.
    generator_type: `unet` or `resnet`.
    gen_n_filters: Filters of a generator's first convolution.
    disc_n_filters: Filters of a discriminator's first convolution.

  Returns:
    The configuration, resolved.

  Raises:
    errors.UserError: If a value cannot be used.
  """
  height, width, channels = input_dim
  if height != width:
    raise errors.UserError(
      f"input_dim={input_dim}: height and width must be equal. Resize the"
      " images to squares."
    )
  unet = generator_type == "unet"
  return config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(crop_size=height),
      model=config_lib.ModelConfig(
        generator_type=generator_type,
        gen_n_filters=gen_n_filters,
        disc_n_filters=disc_n_filters,
        global_skip=False,
        upsample="resize_conv" if unet else "conv_transpose",
        init="glorot" if unet else "normal",
        channels=channels,
      ),
      loss=config_lib.LossConfig(
        lambda_validation=lambda_validation,
        lambda_reconstr=lambda_reconstr,
        lambda_id=lambda_id,
      ),
      train=config_lib.TrainConfig(
        learning_rate=learning_rate,
        buffer_max_length=buffer_max_length,
        ema_decay=0.0,
        precision="float32",
      ),
    )
  )
