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

import json

from absl import flags

from official.cyclegan.core import common_flags

common_flags.define_model_flag()
common_flags.define_dry_run_flag()
_HOST = flags.DEFINE_string(
  "host",
  "127.0.0.1",
  "Address to listen on. 0.0.0.0 lets other machines look; their browsers give"
  " cameras to https pages only.",
)
_PORT = flags.DEFINE_integer(
  "port",
  8000,
  "Port to listen on. 0: any that is free.",
  lower_bound=0,
  upper_bound=65535,
)


def main() -> None:
  """Serves the page until Ctrl-C."""
  model = common_flags.require(
    "model", "give a folder that export wrote, or a .tflite file."
  )
  if flags.FLAGS.dry_run:
    options = {"model": model, "host": _HOST.value, "port": _PORT.value}
    print(json.dumps(options, indent=2))
    return
  # Imported late: --help and a refused flag do not wait for numpy.
  from official.cyclegan import demo_lib

  with demo_lib.serving(model, _HOST.value, _PORT.value) as server:
    print(f"Open {demo_lib.address(server)} (Ctrl-C ends it)", flush=True)
    server.serve_forever()


if __name__ == "__main__":
  common_flags.run(main)
