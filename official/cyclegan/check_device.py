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
r"""Tests an app's or a device's outputs against an export's golden files.

Recipe:

  python -m official.cyclegan.check_device --golden=runs/mine/export/golden \
    --outputs=from_the_phone

Let the app translate golden/AtoB/0_input.png (or the raw .u8 beside it) and so
on, and write what comes out to from_the_phone/AtoB/0_output.f32 (raw float32 in
[0, 1]), .u8 (raw levels) or .png. Says for each whether it is right, and else
what is wrong: exchanged channels, a shift, a flip, gamma, range, layout; exit
status 2 if one is wrong.
"""

from __future__ import annotations

from official.cyclegan import check_device_lib
from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import flags

flags.define(command_config.CheckDeviceConfig)


def main() -> None:
  """Compares, prints a table, and ends with an error if something is wrong."""
  golden = flags.require("golden", "give the folder golden of an export.")
  outputs = flags.require("outputs", "give the folder with your outputs.")
  options = flags.read(command_config.CheckDeviceConfig)
  findings = check_device_lib.check(golden, outputs, options.min_psnr)
  print(check_device_lib.table(findings))
  check_device_lib.require_right(findings, outputs)


if __name__ == "__main__":
  command.run(main)
