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
r"""Says how two piles of pictures differ, and what follows for a training.

Recipe (at most two minutes):

  python -m official.cyclegan.probe --domain_a=holiday --domain_b=monet

Small discriminators are trained to tell the piles apart, each of which sees
only one thing: which colours there are, fine details without colours, or small
grey pictures. How often they are right about pictures that they were not
trained on says whether a generator has to change colour, texture or shape, and
so which options are worth a first training, and how many pictures it takes.
They are looked at in the size in which train would train on them, 64 pixels
unless --crop_size or a file says another. With --output_dir this is kept in
report.json and report.md. train does the same in some seconds when it begins;
--probe=false leaves it out.
"""

from __future__ import annotations

import dataclasses

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import files
from official.cyclegan.core import flags
from official.cyclegan.data import folders

flags.define(config_lib.DataConfig)
flags.define(config_lib.ModelConfig, "channels")
flags.define(
  command_config.CommandConfig,
  *flags.FRONT_DOOR,
  "output_dir",
  "dry_run",
  "format",
)
flags.define(command_config.ProbeConfig)


def main() -> None:
  """Looks at the pictures that flags name, and prints what was found."""
  asked_for = flags.config_from_flags(standard=config_file.STANDARD_PRESET)
  config = config_checks.resolve(asked_for)
  options = flags.read(command_config.CommandConfig)
  if options.dry_run:
    command.show(
      dataclasses.asdict(config), options.format, dataclasses.asdict(asked_for)
    )
    return
  pictures = flags.read(command_config.ProbeConfig).pictures
  folders.require_there(config.data)
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan import probe_lib

  output_dir = options.output_dir
  if output_dir:
    probe_lib.refuse_overwriting(config.data, output_dir)
    files.make_folder(output_dir, "output_dir")  # before what takes long
  report = probe_lib.probe(config, pictures)
  print(probe_lib.table(report), end="")
  if output_dir:
    probe_lib.write(report, output_dir)
    print(f"Report: {output_dir}")


if __name__ == "__main__":
  command.run(main)
