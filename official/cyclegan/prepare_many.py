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
r"""Looks through millions of pictures, and packs them (Apache Beam).

Recipe:

  python -m official.cyclegan.prepare_many --domain_a=photos \
    --domain_b=paintings --output_dir=data/photos2paintings

This is prepare for more pictures than one process looks through in an evening:
the same report, the same files, byte for byte. Near duplicates are found
without comparing every picture with every other one. Stopped or killed, the
same command looks again, and packs what is missing.

Without --runner all cores of this machine work, a process each. With another
runner (--beam_options takes Beam's own flags) pictures, --output_dir and
--work_dir are on a file system that all workers have mounted under the same
paths (docs/at-scale.md). Workers need TensorFlow.
"""

from __future__ import annotations

import dataclasses

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import flags
from official.cyclegan.core import search_config
from official.cyclegan.data import folders

_DATA = (
  "dataset",
  "domain_a",
  "domain_b",
  "test_fraction",
  "background",
  "range",
  "max_pixels",
  "on_bad_image",
)

flags.define(config_lib.DataConfig, *_DATA)
flags.define(command_config.CommandConfig, "output_dir", "dry_run")
flags.define(command_config.PackConfig, "shard_mb")
flags.define(command_config.BeamConfig)
flags.define(command_config.PrepareManyConfig)


def main() -> None:
  """Looks through the pictures, and packs them if asked."""
  given = flags.read(config_lib.DataConfig)
  data = config_checks.resolve(config_lib.Config(data=given)).data
  options = flags.read(command_config.CommandConfig)
  packing = flags.read(command_config.PackConfig)
  job = flags.read(command_config.BeamConfig)
  work = flags.read(command_config.PrepareManyConfig)
  if options.dry_run:
    values = dataclasses.asdict(data)
    command.show(
      {
        **{name: values[name] for name in _DATA},
        "output_dir": options.output_dir,
        "shard_mb": packing.shard_mb,
        **search_config.option_values(job),
        **search_config.option_values(work),
      }
    )
    return
  folders.require_there(data)
  command.require_beam()
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan import prepare_many_lib
  from official.cyclegan.data import dataset_audit

  summary = prepare_many_lib.prepare(
    data, options.output_dir, packing.shard_mb << 20, job, work.work_dir
  )
  print(dataset_audit.table(summary), end="")
  if options.output_dir:
    print(f"Data set: --dataset={options.output_dir}")


if __name__ == "__main__":
  command.run(main)
