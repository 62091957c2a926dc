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

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.modeling import book
from tests import conftest

_ARGUMENTS = {
  "input_dim": (128, 128, 3),
  "learning_rate": 2e-4,
  "buffer_max_length": 50,
  "lambda_validation": 1.0,
  "lambda_reconstr": 10.0,
  "lambda_id": 2.0,
  "generator_type": "unet",
  "gen_n_filters": 32,
  "disc_n_filters": 32,
}


def test_arguments_are_the_options_of_that_name():
  arguments = {**_ARGUMENTS, "input_dim": (64, 64, 1), "lambda_id": 3.0}
  config = book.book_config(**arguments)
  assert config.data.crop_size == 64 and config.model.channels == 1
  parts = dataclasses.asdict(config)
  found = {k: v for part in parts.values() for k, v in part.items()}
  for name in arguments.keys() - {"input_dim"}:
    assert found[name] == arguments[name], name
  assert config.train.ema_decay == 0 and not config.model.global_skip


@pytest.mark.parametrize(
  ("generator_type", "upsample", "init"),
  [("unet", "resize_conv", "glorot"), ("resnet", "conv_transpose", "normal")],
)
def test_networks_are_the_books(generator_type, upsample, init):
  config = book.book_config(**{**_ARGUMENTS, "generator_type": generator_type})
  assert (config.model.upsample, config.model.init) == (upsample, init)
  assert config.loss == config_lib.LossConfig()


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    ({"input_dim": (32, 64, 3)}, "must be equal"),
    ({"input_dim": (50, 50, 3)}, "multiples of 16"),
    ({"generator_type": "vgg"}, "generator_type=vgg"),
    ({"learning_rate": 0.0}, "learning_rate"),
  ],
)
def test_refuses_in_words(changes, words):
  with pytest.raises(errors.UserError, match=words):
    book.book_config(**{**_ARGUMENTS, **changes})


if __name__ == "__main__":
  conftest.main(__file__)
