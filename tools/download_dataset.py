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
r"""Downloads a classic CycleGAN data set: the package's command download.

Recipe:

  python tools/download_dataset.py apple2orange

is python -m official.cyclegan.download apple2orange, with the same flags, from
any folder and without the package being installed.
"""

import pathlib
import sys

from absl import flags

sys.path.insert(0, str(pathlib.Path(__file__).absolute().parents[1]))

from official.cyclegan import download  # noqa: E402
from official.cyclegan.core import command  # noqa: E402

flags.adopt_module_key_flags(download)

if __name__ == "__main__":
  command.run(download.main, "NAME")
