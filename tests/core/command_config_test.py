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

from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.core import options
from tests import conftest


@pytest.mark.parametrize(
  ("generator", "quantization", "name"),
  [
    ("g_AB", "float32", "g_AB.tflite"),
    ("g_BA", "int8_mixed", "g_BA_int8_mixed.tflite"),
  ],
)
def test_tflite_files_are_named_by_their_kind(generator, quantization, name):
  assert command_config.tflite_name(generator, quantization) == name


def test_calibrated_kinds_are_kinds():
  choices = options.find(command_config.ExportConfig, "quantization")
  assert set(command_config.CALIBRATED) < set(choices.option.choices)


def test_generators_are_selected_as_the_defaults_of_the_flags_say():
  command = command_config.CommandConfig()
  assert (
    command_config.GeneratorSelection(
      command.checkpoint, use_ema=not command.raw_generator
    )
    == command_config.DEFAULT_SELECTION
  )


def test_a_port_out_of_range_is_refused():
  with pytest.raises(errors.UserError, match="--port=70000 must be 0 to 65535"):
    options.check(command_config.DemoConfig(port=70000))


if __name__ == "__main__":
  conftest.main(__file__)
