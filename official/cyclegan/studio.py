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
r"""Opens a page on which all of this is done by hand: the studio.

Recipe:

  pip install -e .[studio]
  python -m official.cyclegan.studio --root=studio

Drop two piles of pictures, or choose two folders below --root; read what the
audit says; say what changes and how many minutes it may take; watch the
training, pause it, go on; try it on a picture, the camera, a video; compare two
runs; search the weights; export files and the app. Each action is a command of
this package and shows its line. The page is in English and Korean.

All state is in the folder: the server may be killed, and a training goes on
without it. Only this machine reaches the page unless --host says otherwise,
and then only with the token in the printed link. Nothing outside of --root is
read or written.
"""

from __future__ import annotations

import webbrowser

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import flags
from official.cyclegan.core import search_config

flags.define(command_config.StudioConfig)
flags.define(command_config.DemoConfig)
flags.define(command_config.CommandConfig, "dry_run")


def main() -> None:
  """Serves the studio until Ctrl-C."""
  studio = flags.read(command_config.StudioConfig)
  where = flags.read(command_config.DemoConfig)
  if flags.read(command_config.CommandConfig).dry_run:
    command.show(
      {
        **search_config.option_values(studio),
        **search_config.option_values(where),
      }
    )
    return
  # Imported late: --help and a refused flag do not wait for it.
  from official.cyclegan import studio_lib

  with studio_lib.serving(studio, where) as (server, link):
    print(f"Open {link} (Ctrl-C ends the page, not a training)", flush=True)
    if studio.open_browser:
      webbrowser.open(link)
    server.run()


if __name__ == "__main__":
  command.run(main)
