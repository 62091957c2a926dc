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

from absl import flags

from official.cyclegan import download_lib
from official.cyclegan.core import common_flags

common_flags.define_data_dir_flag()
common_flags.define_output_flag()
_VIA = flags.DEFINE_enum(
  "via",
  "archive",
  ["archive", "tfds"],
  "archive: a folder of pictures below --output_dir (default: data). tfds:"
  " TFDS's own records.",
)
_BASE_URL = flags.DEFINE_string(
  "base_url",
  download_lib.BASE_URL,
  "Address of the folder that holds the archives, NAME.zip.",
)
_SHA256 = flags.DEFINE_string(
  "sha256",
  "",
  "SHA-256 that the archive must have instead of the known one;"
  f" {download_lib.ANY_CHECKSUM}: any.",
)
_DEFAULT_FOLDER = "data"


def main(name: str) -> None:
  """Downloads the data set of a name."""
  if _VIA.value == "tfds":
    print(download_lib.download_with_tfds(name, flags.FLAGS.data_dir))
    return
  print(
    download_lib.download(
      name,
      flags.FLAGS.output_dir or _DEFAULT_FOLDER,
      _BASE_URL.value,
      _SHA256.value,
    )
  )


if __name__ == "__main__":
  common_flags.run(main, "NAME")
