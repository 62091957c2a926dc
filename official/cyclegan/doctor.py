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
r"""Says what of this package works on this machine, and what is missing.

Recipe:

  python -m official.cyclegan.doctor
  python -m official.cyclegan.doctor --self_test

Shows versions, whether the installed packages fit together, which features work
and what the others need, accelerators, half precision, and free memory and
disk. The output is what a bug report needs; it holds no names of files of
yours. With --self_test it also draws some pictures, trains on them, exports and
translates, in about a minute. The exit status is 0 if all that training,
exporting and translating need works, else 1.
"""

from __future__ import annotations

import sys

from official.cyclegan import doctor_lib
from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import flags

flags.define(command_config.DoctorConfig)


def main() -> None:
  """Examines this machine and prints what was found."""
  options = flags.read(command_config.DoctorConfig)
  findings = doctor_lib.examine(options.self_test)
  print(doctor_lib.table(findings), flush=True)
  if not doctor_lib.is_well(findings):
    sys.exit(1)


if __name__ == "__main__":
  command.run(main)
