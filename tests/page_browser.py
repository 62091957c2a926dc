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
"""A browser without a window, for tests of the page that restyles pictures."""

import base64
import io
import shutil

import numpy as np
import PIL.Image
import pytest

_SECONDS = 20  # after which a test gives up waiting


def open_page(address, *arguments):
  """Opens the page in a browser without a window; skips where there is none.

  Args:
    address: Of the page.
    *arguments: Of Chromium, beside those that every test needs.

  Returns:
    Selenium's driver, when the page has loaded its model.
  """
  found = start(*arguments)
  found.set_window_size(1280, 900)
  found.get(address)
  wait(found, "return document.body.dataset.ready")
  return found


def start(*arguments):
  """Starts a browser without a window; skips where there is none.

  Args:
    *arguments: Of Chromium, beside those that every test needs.

  Returns:
    Selenium's driver.
  """
  webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium")
  browser = shutil.which("chromium") or shutil.which("google-chrome")
  driver = shutil.which("chromedriver")
  if not browser or not driver:
    pytest.skip("chromium and chromedriver are not installed")
  options = webdriver.ChromeOptions()
  options.binary_location = browser
  for argument in (
    "--headless=new",
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    *arguments,
  ):
    options.add_argument(argument)
  options.set_capability(
    "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
  )
  service = webdriver.ChromeService(driver)
  return webdriver.Chrome(options=options, service=service)


def wait(page, script, seconds=_SECONDS):
  """Waits until a script gives something; returns it."""
  from selenium.webdriver.support import ui

  return ui.WebDriverWait(page, seconds, 0.05).until(
    lambda p: p.execute_script(script)
  )


def text(page, name):
  """Returns the text of an element."""
  return page.find_element("id", name).text


def select(page, name, value):
  """Chooses from a list, and waits until the page has obeyed."""
  from selenium.webdriver.support import ui

  # A choice is out of sight on a closed list.
  page.execute_script("document.querySelector('details').open = true")
  ui.Select(page.find_element("id", name)).select_by_value(value)
  settled(page)


def direction(page, value):
  """Chooses a direction, and waits until the page has obeyed."""
  page.find_element("css selector", f"[value={value}]").click()
  settled(page)


def settled(page):
  """Waits until the page has nothing left to do."""
  # Not plain `status`, which is a property that windows have.
  said = "document.getElementById('status').textContent"
  wait(page, f"return /^(Ready|.* ms )/.test({said})")


def give(page, path):
  """Chooses a file; returns what was made of it, or the refusal."""
  page.execute_script("delete frame.dataset.shown; error.hidden = true")
  page.find_element("id", "file").send_keys(str(path))
  shown = wait(page, "return frame.dataset.shown || (error.hidden ? '' : '!')")
  return text(page, "error") if shown == "!" else canvas(page, "after")


def canvas(page, name):
  """Returns what a canvas shows, uint8 `[height, width, 3]`."""
  url = page.execute_script(f"return {name}.toDataURL('image/png')")
  encoded = base64.b64decode(url.partition(",")[2])
  return np.array(PIL.Image.open(io.BytesIO(encoded)).convert("RGB"))
