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
r"""Downloads a classic CycleGAN data set into a folder that train takes.

Recipe:

  python -m official.cyclegan.download apple2orange
  python -m official.cyclegan.train --dataset=data/apple2orange \
    --model_dir=runs/apple2orange

The names: apple2orange, summer2winter_yosemite, horse2zebra, monet2photo,
cezanne2photo, ukiyoe2photo, vangogh2photo, maps, cityscapes, facades,
iphone2dslr_flower, ae_photos. A broken download goes on where it was when the
same command is given again. What has arrived is compared with its SHA-256
before it is unpacked, and an archive that would write elsewhere is refused.

--via=tfds lets TFDS download and keep the set instead, in --data_dir; it is
then called --dataset=cycle_gan/apple2orange.
"""

from __future__ import annotations

from official.cyclegan import download_lib
from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import flags

flags.define(config_lib.DataConfig, "data_dir")
flags.define(command_config.CommandConfig, "output_dir")
flags.define(command_config.DownloadConfig)
_DEFAULT_FOLDER = "data"


def main(name: str) -> None:
  """Downloads the data set of a name."""
  source = flags.read(command_config.DownloadConfig)
  if source.via == "tfds":
    data_dir = flags.read(config_lib.DataConfig).data_dir
    print(download_lib.download_with_tfds(name, data_dir))
    return
  folder = (
    flags.read(command_config.CommandConfig).output_dir or _DEFAULT_FOLDER
  )
  print(download_lib.download(name, folder, source.base_url, source.sha256))


if __name__ == "__main__":
  command.run(main, "NAME")
