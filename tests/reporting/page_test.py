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
"""Pages hold what they show, and work from disk with the network off."""

import base64
import hashlib
import html.parser
import re
import shutil

import pytest

from official.cyclegan.reporting import page
from tests import conftest

_HOSTILE = '"><script>alert(1)</script>{{ 7 * 7 }}<img src=x onerror=alert(2)>'
_PIXEL = (
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
  "WjR9awAAAABJRU5ErkJggg=="
)


def _render(text="plain", sections=()):
  pixel = page.data_url(base64.b64decode(_PIXEL), "png")
  strip = page.Strip(text, [pixel], [text, "end"], [[pixel], [pixel + "#"]])
  everything = page.Section(
    text,
    text=[text],
    notes=[text],
    strips=[strip],
    images=[page.Image(pixel, text)],
    tables=[page.Table(text, (text, "b"), [(text, "1")])],
    code=text,
    links=[text],
  )
  return page.render(text, text, [everything, *sections])


class _Reader(html.parser.HTMLParser):
  """Notes what a page holds."""

  def __init__(self):
    super().__init__()
    self.tags, self.attributes, self.scripts = [], [], []
    self._kind = None

  def handle_starttag(self, tag, attrs):
    self.tags.append(tag)
    self.attributes += [(tag, name, value) for name, value in attrs]
    self._kind = dict(attrs).get("type", "") if tag == "script" else None
    if tag == "style":
      self._kind = "style"

  def handle_data(self, data):
    if self._kind is not None:
      self.scripts.append((self._kind, data))
    self._kind = None


def _read(text):
  reader = _Reader()
  reader.feed(text)
  return reader


def test_what_names_and_messages_hold_is_text():
  plain, hostile = _read(_render()), _read(_render(_HOSTILE))
  assert hostile.tags == plain.tags
  names = [(tag, name) for tag, name, _ in plain.attributes]
  assert [(tag, name) for tag, name, _ in hostile.attributes] == names
  assert "49" not in _render(_HOSTILE).replace(_PIXEL, "").split("<main>")[1]
  json_of = [s for kind, s in hostile.scripts if kind == "application/json"]
  assert len(json_of) == 1 and "<" not in json_of[0]


def test_the_policy_names_the_style_and_the_program_and_lets_nothing_load():
  text = _render()
  (policy,) = re.findall(r'Security-Policy" content="([^"]+)"', text)
  policy = policy.replace("&#39;", "'")
  parts = dict(part.split(" ", 1) for part in policy.split("; "))
  assert parts["default-src"] == "'none'" and parts["img-src"] == "data:"
  for kind, directive in (("style", "style-src"), ("", "script-src")):
    (content,) = [data for k, data in _read(text).scripts if k == kind]
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest())
    assert parts[directive] == f"'sha256-{digest.decode()}'"
  for tag, name, value in _read(text).attributes:
    assert name != "style" and not name.startswith("on"), (tag, name)
    if name in ("src", "srcset", "data", "action"):
      assert value.startswith("data:image/"), (tag, value)


def test_links_are_of_files_beside_the_page():
  text = _render(sections=[page.Section("x", links=["a b#c?.csv"])])
  assert 'href="a%20b%23c%3F.csv"' in text


def test_parts_that_hold_nothing_are_left_out():
  text = page.render(
    "t", "s", [page.Section("Empty"), page.Section("Full", ["x"])]
  )
  assert "Empty" not in text and text.count("<h2") == 1


@pytest.mark.slow
@pytest.mark.one_stack
def test_works_in_a_browser_from_disk_without_a_network(tmp_path):
  webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium")
  browser = shutil.which("chromium") or shutil.which("google-chrome")
  driver = shutil.which("chromedriver")
  if not browser or not driver:
    pytest.skip("chromium and chromedriver are not installed")
  (tmp_path / "report.html").write_text(_render(_HOSTILE), encoding="utf-8")
  options = webdriver.ChromeOptions()
  options.binary_location = browser
  options.add_argument("--headless=new")
  options.add_argument("--no-sandbox")
  options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
  shown = webdriver.Chrome(
    options=options, service=webdriver.ChromeService(driver)
  )
  try:
    shown.execute_cdp_cmd("Network.enable", {})
    shown.execute_cdp_cmd(
      "Network.emulateNetworkConditions",
      {"offline": True, "latency": 0, "downloadThroughput": 0}
      | {"uploadThroughput": 0},
    )
    shown.get(f"file://{tmp_path}/report.html")
    after = shown.find_element("css selector", ".after")
    scrub = shown.find_element("css selector", ".scrub")
    where = shown.find_element("css selector", ".where")
    assert where.text == "end"
    # Shown at first is the last: by keyboard to the first, and back.
    scrub.send_keys("\ue011")  # Home
    assert where.text.startswith('"><script>')
    first = after.get_attribute("src")
    scrub.send_keys("\ue010")  # End
    assert where.text == "end" and after.get_attribute("src") != first
    shown.find_element("css selector", ".split").send_keys("\ue011")
    pairs = shown.find_element("css selector", ".pairs")
    assert "0%" in pairs.get_attribute("style")
    assert shown.execute_script(
      "return [...document.images].every(i => i.naturalWidth > 0)"
    )
    # A phone: nothing is wider than the screen.
    shown.set_window_size(500, 800)
    assert shown.execute_script(
      "return document.documentElement.scrollWidth <= window.innerWidth"
    )
    assert shown.get_log("browser") == []
  finally:
    shown.quit()


if __name__ == "__main__":
  conftest.main(__file__)
