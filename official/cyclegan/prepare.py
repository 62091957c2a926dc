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
r"""Looks through two piles of pictures, and packs them for training.

Recipe (only look, and say what is there):

  python -m official.cyclegan.prepare --domain_a=holiday --domain_b=monet

Pack them into TFRecords, which train then takes:

  python -m official.cyclegan.prepare --domain_a=holiday --domain_b=monet \
    --output_dir=data/holiday2monet
  python -m official.cyclegan.train --dataset=data/holiday2monet \
    --model_dir=runs/holiday2monet

See what the networks will see, of this or any other data set:

  python -m official.cyclegan.prepare --dataset=data/holiday2monet \
    --preprocess=scale_width_and_crop --load_size=300 --crop_size=256 \
    --preview=preview.png

Every file is read. What cannot be read is named, with the reason, all at once;
--on_bad_image=skip goes on without it. Counts, sizes, kinds, and exact and near
duplicates are printed. With --output_dir they are kept in report.json and
report.md, and contact_sheet.png shows both piles. Stopped or killed, the same
command goes on; until it is done there is no folder of that name.
"""

from __future__ import annotations

import contextlib
import dataclasses

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import flags
from official.cyclegan.data import folders

flags.define(config_lib.DataConfig)
flags.define(config_lib.ModelConfig, *flags.PICTURE_OPTIONS)
flags.define(config_lib.TrainConfig, *flags.PICTURE_OPTIONS)
flags.define(
  command_config.CommandConfig,
  *flags.FRONT_DOOR,
  "output_dir",
  "dry_run",
  "format",
)
flags.define(command_config.PackConfig)


def main() -> None:
  """Looks through the pictures, and writes what the flags ask for."""
  asked_for = flags.config_from_flags()
  config = config_checks.resolve(asked_for)
  options = flags.read(command_config.CommandConfig)
  packing = flags.read(command_config.PackConfig)
  if packing.preview and options.output_dir:
    raise errors.UserError(
      "and --output_dir are both given, but a preview is all that is written"
      " then. Give one of them.",
      "preview",
      packing.preview,
    )
  if options.dry_run:
    command.show(
      dataclasses.asdict(config), options.format, dataclasses.asdict(asked_for)
    )
    return
  if not packing.preview and not flags.source_is_given():
    raise errors.UserError(
      "is missing: give a folder of pictures, or --domain_a and --domain_b.",
      "dataset",
    )
  folders.require_there(config.data)
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan import prepare_lib
  from official.cyclegan.data import dataset_audit
  from official.cyclegan.data import image_files

  if packing.preview:
    flags.refuse_overwriting("preview", packing.preview)
    prepare_lib.refuse_overwriting(config.data, "preview", packing.preview)
    image_files.write(packing.preview, prepare_lib.preview(config))
    print(f"Preview: {packing.preview}")
    return
  output_dir = options.output_dir
  held: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
  if output_dir:
    held = prepare_lib.reserving(config.data, output_dir)
  with held:
    found = dataset_audit.audit(config.data)
    summary = dataset_audit.report(found)
    print(dataset_audit.table(summary), end="")
    if output_dir:
      prepare_lib.write(
        found, summary, config.data, output_dir, packing.shard_mb << 20
      )
      print(f"Data set: --dataset={output_dir}")


if __name__ == "__main__":
  command.run(main)
