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
"""Measures .tflite files where the page runs them: Chromium's WASM.

Needs chromium, chromedriver, selenium and what `npm ci` installs.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import shutil
import statistics
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from official.cyclegan import demo_lib
from official.cyclegan.core import files
from official.cyclegan.serving import page_server
from official.cyclegan.serving import tflite_child
from official.cyclegan.serving import web_page

_SECONDS = 60  # to wait for the page at most
_ROUNDS = 15
_PICTURES = 9  # of each kind of file on the page
_FRAMES = 40  # of the camera; the page says the rate of the last 30
_SCRIPT = "wasm_milliseconds.js"
# A camera that draws something itself, and nobody who has to allow it.
_CAMERA = (
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
)


def missing() -> str:
  """Returns what has to be installed first, empty if nothing."""
  try:
    import selenium  # noqa: F401
  except ImportError:
    return "selenium"
  for program in ("chromium", "chromedriver"):
    if not shutil.which(program):
      return program
  return ""


def milliseconds(paths: Mapping[str, str]) -> dict[str, float]:
  """Times files in one page, in turns: what slows one slows all.

  Args:
    paths: Files for one picture of one size, by name.

  Returns:
    By name the median of the runs, what goes in and comes out included.

  Raises:
    errors.UserError: If LiteRT.js is not installed.
    RuntimeError: If the browser cannot run a file.
  """
  specs = tflite_child.read_specs(tuple(paths.values()))
  with files.temporary_folder() as folder:
    web_page.write(folder, next(iter(paths.values())))
    page = pathlib.Path(folder, "index.html").read_text(encoding="utf-8")
    script = pathlib.Path(__file__).with_name(_SCRIPT)
    shutil.copyfile(script, pathlib.Path(folder, _SCRIPT))
    pathlib.Path(folder, "timing.html").write_text(
      page.replace("app.js", _SCRIPT), encoding="utf-8"
    )
    models = {}
    for number, (name, path) in enumerate(paths.items()):
      shutil.copyfile(path, pathlib.Path(folder, f"timed{number}.tflite"))
      (signature, size), *_ = specs[path].sizes.items()
      models[name] = {
        "path": f"timed{number}.tflite",
        "signature": signature,
        "shape": [1, size, size, specs[path].channels],
        "whole": specs[path].io == "uint8",
      }
    with (
      page_server.PageServer("127.0.0.1", 0, folder) as server,
      _opened(server, "timing.html") as page_open,
    ):
      times = page_open.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "measured(JSON.parse(arguments[0]), arguments[1]).then("
        "done, (error) => done(String(error)))",
        json.dumps(models),
        _ROUNDS,
      )
  if isinstance(times, str):
    raise RuntimeError(times)
  # The browser's answer has an order of its own.
  return {name: statistics.median(times[name]) for name in paths}


def page_figures(
  model: str, quantizations: Sequence[str]
) -> dict[str, dict[str, float]]:
  """Reads what the page says of an export's first direction.

  Args:
    model: The folder, or one of its `.tflite` files.
    quantizations: Kinds of files that the page has then.

  Returns:
    By kind the median `milliseconds` of a sample, if there are samples, and
    `frames_per_second` of a camera; all on WASM.

  Raises:
    errors.UserError: If LiteRT.js is not installed.
  """
  with demo_lib.serving(model) as server, _opened(server, "") as page:
    _wait(page, "return document.body.dataset.ready")
    page.execute_script("document.querySelector('details').open = true")
    _select(page, "accelerator", "wasm")
    found: dict[str, dict[str, float]] = {}
    for quantization in quantizations:
      _select(page, "model", quantization)
      samples = page.find_elements("css selector", "#samples button")
      found[quantization] = {}
      if samples:
        times = [_sample(page) for _ in range(_PICTURES)]
        found[quantization]["milliseconds"] = statistics.median(times)
      found[quantization]["frames_per_second"] = _camera_rate(page)
    return found


@contextlib.contextmanager
def _opened(server: page_server.PageServer, name: str) -> Iterator[Any]:
  """Lets a server run, and Chromium show one of its pages."""
  from selenium import webdriver

  options = webdriver.ChromeOptions()
  options.binary_location = shutil.which("chromium") or ""
  for argument in ("--headless=new", "--no-sandbox", *_CAMERA):
    options.add_argument(argument)
  page = webdriver.Chrome(
    options=options,
    service=webdriver.ChromeService(shutil.which("chromedriver")),
  )
  threading.Thread(target=server.serve_forever, daemon=True).start()
  try:
    page.set_script_timeout(_SECONDS)
    page.get(demo_lib.address(server) + name)
    yield page
  finally:
    page.quit()
    server.shutdown()


def _wait(page: Any, script: str) -> Any:
  """Waits until a script gives something; returns it."""
  from selenium.webdriver.support import ui

  wait = ui.WebDriverWait(page, _SECONDS, 0.02)
  return wait.until(lambda page: page.execute_script(script))


def _select(page: Any, name: str, value: str) -> None:
  """Chooses from a list of the page's, which then prepares what it needs."""
  from selenium.webdriver.support import ui

  ui.Select(page.find_element("id", name)).select_by_value(value)


def _sample(page: Any) -> float:
  """Translates a sample; returns the milliseconds that the page says."""
  page.execute_script("delete frame.dataset.shown")
  page.find_element("css selector", "#samples button").click()
  _wait(page, "return frame.dataset.shown")
  said = page.find_element("id", "status").text
  return float(re.findall(r"([\d.]+) ms", said)[0])


def _camera_rate(page: Any) -> float:
  """Lets the camera run for some frames; returns how many a second it gave."""
  page.execute_script(
    "delete frame.dataset.frames; document.getElementById('camera').click()"
  )
  _wait(page, f"return frame.dataset.frames >= {_FRAMES}")
  rate = float(page.execute_script("return frame.dataset.rate"))
  page.find_element("id", "camera").click()
  return rate
