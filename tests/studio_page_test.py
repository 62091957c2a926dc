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
"""The studio in a real browser: the whole way, without a terminal."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.scenes import fruit_scenes
from official.cyclegan.serving import web_page
from tests import conftest
from tests import page_browser

# It trains for half a minute.
pytestmark = [pytest.mark.slow(seconds=150), pytest.mark.one_stack]

_SECONDS = 300  # that anything may take on a machine that is busy
_COUNT = 40  # pictures of each pile
_PHONE, _DESK = (390, 844), (1280, 900)
# Where a person wants to look at the steps.
_SHOTS = os.environ.get("CYCLEGAN_STUDIO_SHOTS", "")
# Minutes to train to the end, as a person would; else it is stopped early.
_MINUTES = os.environ.get("CYCLEGAN_STUDIO_MINUTES", "")


class _Server:
  """The command, which can be killed and started again."""

  def __init__(self, root):
    self.root, self._port, self._process = root, 0, None

  def start(self):
    self._process = subprocess.Popen(
      [sys.executable, "-m", "official.cyclegan.studio"]
      + [f"--root={self.root}", f"--port={self._port}", "--noopen_browser"],
      cwd=conftest.ROOT,
      env={**os.environ, "PYTHONPATH": str(conftest.ROOT)},
      stdout=subprocess.PIPE,
      text=True,
    )
    for line in self._process.stdout:
      found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
      if found:
        self._port = int(found[1])
        return found[0]
    raise AssertionError("The studio has not started.")

  def kill(self):
    self._process.kill()
    self._process.wait()
    self._process.stdout.close()


@pytest.fixture(scope="module")
def piles(tmp_path_factory):
  """Forty pictures of each kind, and one that nobody has seen."""
  folder = tmp_path_factory.mktemp("piles")
  for stream, name in enumerate("ab"):
    (folder / name).mkdir()
    for i in range(_COUNT):
      scene = fruit_scenes.draw((7, stream, i), name.upper(), 64)["image"]
      if name == "b":
        scene = scene // 3  # one domain is darker: the audit has to say so
      image_files.write(str(folder / name / f"{i:02d}.png"), scene)
  new = fruit_scenes.draw((8, 0, 0), "A", 64)["image"]
  image_files.write(str(folder / "new.png"), new)
  return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
  pytest.importorskip("starlette")
  pytest.importorskip("uvicorn")
  found = _Server(tmp_path_factory.mktemp("studio"))
  yield found
  with contextlib.suppress(Exception):
    found.kill()
  for state in found.root.glob("*/jobs/*.state"):  # what still trains
    numbers = re.findall(r'"(?:pid|runner)": (\d+)', state.read_text())
    if '"status"' not in state.read_text():
      for number in numbers:
        with contextlib.suppress(OSError):
          os.kill(int(number), signal.SIGKILL)


def _browser():
  found = page_browser.start("--lang=en")
  found.set_window_size(*_DESK)
  return found


class _Page:
  """What a person does with the page."""

  def __init__(self, browser):
    self.browser = browser
    self._shots = 0

  def open(self, address):
    self.browser.get(address)
    self.wait("return document.body.dataset.ready")

  def wait(self, script, *given):
    from selenium.webdriver.support import ui

    return ui.WebDriverWait(self.browser, _SECONDS, 0.1).until(
      lambda b: b.execute_script(script, *given), script
    )

  def click(self, name):
    self.wait("return document.getElementById(arguments[0])", name)
    self.browser.execute_script(
      "document.getElementById(arguments[0]).scrollIntoView({block: 'center'})",
      name,
    )
    self.browser.find_element("id", name).click()

  def click_first(self, selector):
    self.browser.find_element("css selector", selector).click()

  def type(self, name, text):
    element = self.browser.find_element("id", name)
    element.clear()
    element.send_keys(str(text))

  def give(self, name, *paths):
    self.browser.find_element("id", name).send_keys("\n".join(map(str, paths)))

  def drop(self, selector, paths):
    """Drops files, as a mouse would; their bytes come from a file input."""
    self.browser.execute_script(
      """
      const input = document.createElement('input');
      input.type = 'file'; input.multiple = true; input.id = 'dropped';
      input.onchange = () => {
        const transfer = new DataTransfer();
        for (const file of input.files) transfer.items.add(file);
        document.querySelector(arguments[0]).dispatchEvent(
          new DragEvent('drop', {dataTransfer: transfer, bubbles: true,
                                 cancelable: true}));
        input.remove();
      };
      document.body.append(input);
      """.replace("arguments[0]", repr(selector))
    )
    self.give("dropped", *paths)

  def text(self, selector):
    found = self.browser.find_elements("css selector", selector)
    return found[0].text if found else ""

  def shoot(self, name):
    """Keeps what a step looks like on a desk and on a phone, and checks it."""
    self._shots += 1
    for kind, (width, height) in (("phone", _PHONE), ("desk", _DESK)):
      self.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
          "width": width,
          "height": height,
          "deviceScaleFactor": 1,
          "mobile": False,
        },
      )
      wide = self.browser.execute_script(
        "return document.documentElement.scrollWidth"
      )
      assert wide <= width, (name, kind, wide)
      if _SHOTS:
        tall = self.browser.execute_script(
          "return document.documentElement.scrollHeight"
        )
        self.browser.execute_cdp_cmd(
          "Emulation.setDeviceMetricsOverride",
          {
            "width": width,
            "height": max(height, min(tall, 6000)),
            "deviceScaleFactor": 1,
            "mobile": False,
          },
        )
        time.sleep(0.3)
        path = pathlib.Path(_SHOTS, f"{self._shots:02d}_{name}_{kind}.png")
        self.browser.save_screenshot(str(path))
    self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    self.check_names()

  def check_names(self):
    """Everything that can be used, and every picture, has a name."""
    tree = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})
    for node in tree["nodes"]:
      role = node.get("role", {}).get("value")
      if node.get("ignored") or role not in (
        "button",
        "slider",
        "radio",
        "combobox",
        "image",
        "img",
        "link",
        "progressbar",
        "spinbutton",
        "textbox",
      ):
        continue
      assert node.get("name", {}).get("value"), node

  def problems(self):
    """Returns what the browser has complained about, but not of a server that
    was killed."""
    return [
      entry["message"]
      for entry in self.browser.get_log("browser")
      if entry["level"] in ("SEVERE", "WARNING")
      and "ERR_" not in entry["message"]
    ]


def _state(page, wanted=None):
  """Waits until a run stands as wanted, or at all; returns how."""
  return page.wait(
    "const now = document.body.dataset.run;"
    " return (arguments[0] ?? now) === now && now",
    wanted,
  )


def test_from_two_piles_to_an_app_without_a_terminal(server, piles):
  has_app = True
  try:
    web_page.require_runtime()
  except errors.UserError:
    has_app = False
  address = server.start()
  page = _Page(_browser())
  try:
    page.open(address)
    page.type("title", "Apples <b>to</b> oranges")
    page.shoot("home")
    page.click("create")
    page.wait("return document.body.dataset.page === 'project'")
    # Pictures, dropped; something that is none among them.
    (piles / "letter.png").write_text("Dear all,")
    first = sorted((piles / "a").iterdir())
    page.drop(".drop", [*first, piles / "letter.png"])
    page.drop(".drop:nth-of-type(2)", sorted((piles / "b").iterdir()))
    for domain in "ab":
      page.wait(
        f"return document.getElementById('count-{domain}').textContent"
        f".startsWith('{_COUNT} ')"
      )
    refused = page.wait("return document.querySelector('.drop .bad')")
    assert "letter.png" in refused.text
    assert page.text("h1") == "Apples <b>to</b> oranges"
    # One too many is taken out again.
    for command, count in (
      (lambda: page.give("files-a", piles / "new.png"), _COUNT + 1),
      (lambda: page.click_first(".remove"), _COUNT),
    ):
      command()
      page.wait(
        "return document.getElementById('count-a').textContent"
        f".startsWith('{count} ')"
      )
    page.shoot("pictures")
    # The audit speaks first.
    assert not page.browser.find_element("id", "train").is_enabled()
    page.click("audit")
    page.wait("return document.querySelector('#findings li')")
    said = page.text("#findings")
    assert "40 pictures of A" in said and "B is darker than A" in said
    page.shoot("audit")
    # Minutes, with pictures while it trains.
    page.wait("return !document.getElementById('train').disabled")
    page.type("minutes", _MINUTES or "8")
    page.click("train")
    page.wait("return document.querySelector('#runs a')").click()
    page.wait("return document.body.dataset.page === 'run'")
    shown = page.wait("return document.getElementById('samples').dataset.step")
    page.shoot("training")
    # The browser is closed, the server killed: the training does not notice.
    place = page.browser.current_url
    page.browser.quit()
    server.kill()
    address = server.start()
    page.browser = _browser()
    page.open(place)
    assert _state(page) == "training"
    page.wait(
      "return Number(document.getElementById('samples').dataset.step) >"
      f" {shown}"
    )
    if _MINUTES:
      _state(page, "finished")
      page.shoot("finished")
    else:
      page.click("pause")
      _state(page, "paused")
      page.shoot("paused")
    # Tried on a new picture, and with the camera.
    page.give("try-file", piles / "new.png")
    made = page.wait("return document.querySelector('#tries img.over')")
    page.wait(
      "return arguments[0].complete && arguments[0].naturalWidth === 64", made
    )
    page.click("camera")
    page.wait("return document.querySelector('video')?.videoWidth > 0")
    page.click("shoot")
    page.wait("return document.querySelectorAll('#tries img.over').length > 1")
    page.shoot("tried")
    # Exported.
    page.click("export")
    page.wait("return document.querySelector('#exported a')")
    names = [
      e.text for e in page.browser.find_elements("css selector", "#exported a")
    ]
    assert {"g_AB.tflite", "g_BA_float16.tflite", "README.md"} <= set(names)
    page.shoot("exported")
    if not _MINUTES:  # it goes on from where it was
      page.click("continue")
      _state(page, "training")
      page.click("pause")
      _state(page, "paused")
    assert not page.problems()
    if has_app:
      _use_the_app(page, piles)
  finally:
    with contextlib.suppress(Exception):
      page.browser.quit()


def _use_the_app(page, piles):
  """Opens the app in its own tab and lets it restyle a picture."""
  link = page.browser.find_element("id", "open-app").get_attribute("href")
  page.browser.get(link)
  page.wait("return document.body.dataset.ready")
  page.browser.execute_script("delete frame.dataset.shown")
  page.browser.find_element("id", "file").send_keys(str(piles / "new.png"))
  page.wait("return frame.dataset.shown")
  changed = page.browser.execute_script(
    """
    const of = (c) => c.getContext('2d').getImageData(0, 0, 64, 64).data;
    const [a, b] = [of(before), of(after)];
    return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0);
    """
  )
  assert changed > 1000
  for message in page.problems():  # of its runtime's own there are some
    assert "Content Security Policy" not in message, message


def test_two_folders_are_chosen_and_the_keyboard_is_enough(server, piles):
  shutil.copytree(piles / "a", server.root / "mine" / "now")
  shutil.copytree(piles / "b", server.root / "mine" / "then")
  with contextlib.suppress(AttributeError):
    server.kill()
  page = _Page(_browser())
  try:
    page.open(server.start())
    page.type("title", "Chosen")
    page.browser.find_element("id", "source-drop").send_keys("\ue015")  # down
    choose = (
      "return [...document.querySelectorAll('fieldset')]"
      ".filter(f => f.querySelector('.folders'))[{}]"
      ".querySelectorAll('button')[{}]"
    )
    for pile, folder in ((0, 1), (1, 2)):  # one up is the first
      page.wait(choose.format(pile, 0)).send_keys("\n")
      page.wait(choose.format(pile, 2))
      page.wait(choose.format(pile, folder)).send_keys("\n")
    page.wait(
      f"return document.body.innerText.split('{_COUNT} pictures').length === 3"
    )
    page.click("create")
    page.wait("return document.body.dataset.page === 'project'")
    for domain in "ab":
      page.wait(
        f"return document.getElementById('count-{domain}').textContent"
        f".startsWith('{_COUNT} ')"
      )
    assert not page.browser.find_element("id", "choose-a").is_displayed()
    assert not (server.root / "Chosen" / "a").exists()
    assert not page.problems()
  finally:
    page.browser.quit()


def test_korean_and_two_runs_beside_each_other(server):
  page = _Page(_browser())
  try:
    (run,) = server.root.glob("*/runs/1")
    shutil.copytree(run, run.with_name("second"))
    with contextlib.suppress(Exception):
      server.kill()
    address = server.start()
    page.open(address)
    page.browser.execute_script("localStorage.setItem('language', 'ko')")
    page.open(address)
    assert page.text("h1") == "프로젝트"
    page.shoot("home_ko")
    page.browser.find_element(
      "css selector", "#projects li:last-child a"
    ).click()
    page.wait("return document.querySelector('a[href$=compare]')")
    page.shoot("project_ko")
    page.browser.find_element("css selector", "a[href$=compare]").click()
    page.wait("return document.querySelectorAll('#compared canvas').length > 3")
    slider = page.browser.find_element("css selector", ".slider input")
    slider.send_keys("\ue014")  # the right arrow
    split = page.browser.execute_script(
      "return compared.style.getPropertyValue('--split')"
    )
    assert split == "51%"
    page.shoot("compare_ko")
    assert not page.problems()
  finally:
    page.browser.quit()


if __name__ == "__main__":
  conftest.main(__file__)
