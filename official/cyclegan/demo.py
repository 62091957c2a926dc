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
r"""Shows a model at work in the browser, on a page of this machine.

Recipe:

  npm ci --prefix official/cyclegan/web
  python -m official.cyclegan.demo --model=runs/quickstart/export

Serves a page on which a picture, a sample or the camera is restyled by the
exported .tflite files, in the browser, through LiteRT.js. Nothing is sent to
anywhere, and after the first line no network is needed. export --format=web
writes the same page as a folder for any web server.
"""

from __future__ import annotations

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import flags
from official.cyclegan.core import search_config

flags.define(command_config.CommandConfig, "model", "dry_run")
flags.define(command_config.DemoConfig)


def main() -> None:
  """Serves the page until Ctrl-C."""
  model = flags.require(
    "model", "give a folder that export wrote, or a .tflite file."
  )
  where = flags.read(command_config.DemoConfig)
  if flags.read(command_config.CommandConfig).dry_run:
    command.show({"model": model, **search_config.option_values(where)})
    return
  # Imported late: --help and a refused flag do not wait for numpy.
  from official.cyclegan import demo_lib
  from official.cyclegan.serving import page_server

  with demo_lib.serving(model, where.host, where.port) as server:
    print(f"Open {page_server.address(server)} (Ctrl-C ends it)", flush=True)
    server.serve_forever()


if __name__ == "__main__":
  command.run(main)
