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
"""Tests of the page as an app, and of what it does with wrong backends."""

import base64
import contextlib
import hashlib
import json
import pathlib
import re
import shutil
import urllib.parse
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import errors
from official.cyclegan.serving import page_server
from official.cyclegan.serving import web_app
from official.cyclegan.serving import web_page
from tests import conftest
from tests import page_browser

# Pages around a file of LiteRT, in a browser.
pytestmark = pytest.mark.one_stack
_WEB = pathlib.Path(web_page.__file__).parents[1] / "web"
# Takes the place of LiteRT.js: a graphics processor that computes as the
# processor does, and then does to it what the page's address says. It takes no
# `dynamic` files, as none does.
_FAULTY = """
export * from './real.js';
import {loadAndCompile as compile} from './real.js';
const fault = new URLSearchParams(location.search).get('fault');
Object.defineProperty(navigator, 'gpu', {
  value: {requestAdapter: async () => {
    if (fault === 'refused') throw new Error('not allowed');
    return {info: {vendor: 'faulty'}};
  }},
});
const refused = DIGESTS;  // of files that graphics processors do not take
async function digest(bytes) {
  const made = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...made].map((v) => v.toString(16).padStart(2, '0')).join('');
}
function exchanged(data) {
  return data.map((_, i) => data[i % 3 === 1 ? i : i + 2 - 2 * (i % 3)]);
}
function lost() {
  throw new Error('the device is lost');
}
const faults = {
  zero: (data) => data.map(() => 0),
  once: (data, run) => run > 1 ? data.map((v, i) => data.at(-1 - i)) : data,
  nan: (data, run) => run > 100 ? data.map(() => NaN) : data,
  zero_later: (data, run) => run > 100 ? data.map(() => 0) : data,
  exchanged,
  exchanged_later: (data, run) => run > 60 ? exchanged(data) : data,
  exchanged_second: (data, run) => run > 5 ? exchanged(data) : data,
  throws: lost,
  throws_later: (data, run) => run > 60 ? lost() : data,
};
// How many there are, that are not given back.
Object.assign(window, {spoiled: 0, models: 0, results: 0, graphics: 0});
export const isWebGPUSupported = () => true;
export async function loadAndCompile(bytes, options) {
  const real = await compile(bytes, {...options, accelerator: 'wasm'});
  window.models++;
  const there = options.accelerator === 'webgpu';
  if (there) window.graphics++;
  let runs = 0;
  async function run(...given) {
    const [result] = await real.run(...given);
    window.results++;
    let data = await result.data();
    if (!there && fault === 'slow_processor') {
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    return [{
      async data() {
        if (!there) return data;
        const made = faults[fault]?.(data, ++runs) ?? data;
        if (made.some((v, i) => !Object.is(v, data[i]))) window.spoiled++;
        return made;
      },
      delete() {
        window.results--;
        result.delete();
      },
    }];
  }
  const taken = !refused.includes(await digest(bytes));
  return {
    run,
    isFullyAccelerated: taken,
    delete() {
      window.models--;
      real.delete();
    },
  };
}
"""


def _needs_runtime():
  try:
    web_page.require_runtime()
  except errors.UserError as error:
    pytest.skip(str(error))


@contextlib.contextmanager
def _served(folder, port=0):
  server = page_server.PageServer("127.0.0.1", port, str(folder))
  with conftest.serving(server):
    yield f"http://127.0.0.1:{server.server_address[1]}/"


def test_manifest_has_what_an_installation_needs(tmp_path):
  (made,) = web_app.manifest("apple2orange_scenes: style transfer").values()
  manifest = json.loads(made)
  assert manifest["name"].startswith("apple2orange_scenes")
  assert len(manifest["short_name"]) <= 12
  assert manifest["start_url"] == manifest["scope"] == "./"
  # It would be seen from the host: all folders there would be one app.
  assert "id" not in manifest
  assert manifest["display"] == "standalone"
  web_app.write_icons(str(tmp_path), [])
  for icon in manifest["icons"]:
    with PIL.Image.open(tmp_path / icon["src"]) as picture:
      assert f"{picture.width}x{picture.height}" == icon["sizes"]
  purposes = {icon["purpose"] for icon in manifest["icons"]}
  assert purposes == {"any", "maskable"}
  page = (_WEB / "index.html").read_text()
  assert f'rel="manifest" href="{web_app.MANIFEST}"' in page
  assert f"/{manifest['share_target']['action']}" not in page
  worker = (_WEB / "service_worker.js").read_text()
  assert "${SCOPE}" + manifest["share_target"]["action"] in worker
  (files,) = manifest["share_target"]["params"]["files"]
  assert f"getAll('{files['name']}')" in worker


def test_icons_show_both_domains(tmp_path):
  colors = {"A": (250, 10, 20), "B": (30, 200, 90)}
  names = []
  for domain, color in colors.items():
    names += [f"samples/{domain}_{i}.png" for i in (0, 1)]
    (tmp_path / "samples").mkdir(exist_ok=True)
    PIL.Image.new("RGB", (40, 30), color).save(
      tmp_path / "samples" / f"{domain}_0.png"
    )
    (tmp_path / "samples" / f"{domain}_1.png").write_bytes(b"no picture")
  web_app.write_icons(str(tmp_path), names)
  with PIL.Image.open(tmp_path / web_app.icon_name(192)) as icon:
    assert icon.getpixel((20, 96)) == colors["A"]
    assert icon.getpixel((170, 96)) == colors["B"]


def test_samples_that_are_no_pictures_leave_drawn_icons(tmp_path):
  (tmp_path / "A_0.png").write_bytes(b"no picture")
  web_app.write_icons(str(tmp_path), ["A_0.png", "B_0.png"])
  with PIL.Image.open(tmp_path / web_app.icon_name(512)) as icon:
    assert icon.getpixel((0, 0)) != icon.getpixel((511, 0))


def _offline(folder):
  source = (folder / web_app.OFFLINE).read_text()
  (described,) = re.findall(r"^self.OFFLINE_FILES = (.*);$", source, re.S)
  return json.loads(described)


def test_version_is_that_of_all_files_and_some_are_kept_later(tmp_path):
  for name in ("index.html", "models/a#b.tflite", "50%.png", "_headers"):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(name)
  later = ("models/", "_headers")
  web_app.write_offline_files(str(tmp_path), later)
  first = _offline(tmp_path)
  assert first["files"] == ["./", "50%25.png", "index.html"]
  for name in ("index.html", "models/a#b.tflite", "50%.png", "_headers"):
    digest = base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()
    quoted = urllib.parse.quote(name)
    assert first["integrity"][quoted] == f"sha256-{digest}"
  (tmp_path / web_app.OFFLINE).unlink()
  web_app.write_offline_files(str(tmp_path), later)
  assert _offline(tmp_path) == first
  (tmp_path / web_app.OFFLINE).unlink()
  (tmp_path / "models" / "a#b.tflite").write_text("of another training")
  web_app.write_offline_files(str(tmp_path), later)
  assert _offline(tmp_path)["version"] != first["version"]


@pytest.fixture(scope="module")
def app(models, tmp_path_factory):
  """Writes the page as `export` does."""
  _needs_runtime()
  folder = tmp_path_factory.mktemp("app") / "web"
  web_page.write(str(folder), models["export"], app=True)
  return folder


@pytest.mark.slow
def test_page_keeps_all_that_it_loads(app):
  kept = {urllib.parse.unquote(name) for name in _offline(app)["files"]}
  there = {p.relative_to(app).as_posix() for p in app.rglob("*") if p.is_file()}
  later = {n for n in there if n.startswith(("models/", "litert/wasm/"))}
  for_servers = {*web_page.server_files(), web_page.BILL_NAME, web_app.OFFLINE}
  assert kept == {"./"} | there - later - for_servers
  assert later


def _write(path, size=32):
  rng = np.random.default_rng(size)
  picture = conftest.smooth_picture(rng, size, size)
  PIL.Image.fromarray(picture).save(path)
  return path


@pytest.mark.slow
def test_app_is_installable_works_offline_and_is_updated(app, tmp_path):
  picture = _write(tmp_path / "picture.png")
  page = None
  try:
    with _served(app) as address:
      page = page_browser.open_page(address)
      page_browser.wait(page, "return document.body.dataset.offline === 'yes'")
      problems = page.execute_cdp_cmd("Page.getInstallabilityErrors", {})
      ids = {e["errorId"] for e in problems["installabilityErrors"]}
      assert not ids - {"in-incognito"}
      page_browser.wait(page, "return !install.hidden")  # it may ask
      made = page_browser.give(page, picture)
    port = urllib.parse.urlsplit(address).port
    # Nothing listens any more.
    page.get(address)
    page_browser.wait(page, "return document.body.dataset.ready")
    np.testing.assert_array_equal(page_browser.give(page, picture), made)
    page_browser.direction(page, "BtoA")
    assert page_browser.give(page, picture).shape == made.shape
    page.find_element("id", "camera").click()
    page_browser.wait(page, "return Number(frame.dataset.frames) > 3")
    _share(page, address, picture)

    with _served(app, port):
      page.get(address)  # a picture of the folder, not the page
      page.get(f"{address}icon.svg")
      assert page.execute_script("return document.documentElement.tagName") == (
        "svg"
      )
      page.get(f"{address}index.html?of=elsewhere")
      page_browser.wait(page, "return document.body.dataset.ready")
    described = _change(app, "The next version")
    with _served(app, port):
      page.get(address)
      page_browser.wait(page, "return !update.hidden")
      assert page.title == described["title"]  # until it is asked for
      # The list's new version is not mixed with the page's old one.
      assert page.execute_script(_REFUSED, "models/new.txt") == 404
      page.find_element("id", "update").click()
    # Nothing listens any more, and the page has not been open meanwhile.
    _wait_for_title(page, "The next version")
    page_browser.wait(page, "return document.body.dataset.ready")
    np.testing.assert_array_equal(page_browser.give(page, picture), made)
    names = page.execute_script("return caches.keys()")
    assert set(names) == {
      f"{address} shared",
      f"{address} {_offline(app)['version']}",
    }
    for entry in page.get_log("browser"):
      assert "Content Security Policy" not in entry["message"], entry
  finally:
    if page:
      page.quit()


def _wait_for_title(page, title):
  # Chromium lets the worker in use work for five minutes more.
  page_browser.wait(page, f"return document.title === '{title}'", seconds=330)


# What a page of a version gets of a file: the server's status.
_REFUSED = "return fetch(arguments[0]).then((answer) => answer.status)"


def _change(folder, title):
  """Makes a folder the next version; returns what models.json said before."""
  listed = folder / web_page.LIST_NAME
  described = json.loads(listed.read_text())
  listed.write_text(json.dumps({**described, "title": title}))
  (folder / web_app.OFFLINE).unlink()
  web_app.write_offline_files(str(folder), ("models/", "litert/wasm/"))
  return described


@pytest.fixture
def own_app(app, tmp_path):
  """Serves an app that a test may change; yields folder, page and address."""
  folder = tmp_path / "own"
  shutil.copytree(app, folder)
  with _served(folder) as address:
    page = page_browser.open_page(address)
    try:
      page_browser.wait(page, "return document.body.dataset.offline === 'yes'")
      yield folder, page, address
    finally:
      page.quit()


# What becomes of the newest version's worker. Browsers may answer with what a
# look that was already under way has found: nothing new.
_NEWEST = """
const [done] = arguments;
navigator.serviceWorker.getRegistration().then(async (found) => {
  while (!found.installing && !found.waiting) await found.update();
  const worker = found.installing;
  if (!worker) return done(found.waiting.state);
  worker.addEventListener('statechange', () => {
    if (worker.state !== 'installing') done(worker.state);
  });
}).catch((error) => done(String(error)));
"""


@pytest.mark.slow
def test_versions_are_not_mixed(own_app, tmp_path):
  folder, page, address = own_app
  kept = page.execute_script("return document.body.dataset.kind")
  other = next(
    file
    for file in json.loads((folder / web_page.LIST_NAME).read_text())[
      "directions"
    ]["AtoB"]["files"]
    if file["quantization"] not in (kept, "float16", "dynamic")
  )
  path = folder / other["path"]
  path.write_bytes(path.read_bytes() + bytes(8))  # of the next version
  page.execute_script("document.querySelector('details').open = true")
  page_browser.select(page, "model", other["quantization"])
  said = page_browser.wait(page, "return error.hidden ? '' : error.textContent")
  assert "there is a newer version of this page" in said
  page_browser.settled(page)
  assert page.execute_script("return model.value") == "auto"
  assert page.execute_script("return document.body.dataset.kind") == kept

  # The folder is changed while it is read: what does not fit is not kept.
  following = tmp_path / "following"
  shutil.copytree(folder, following)
  described = _change(following, "The newest version")
  (folder / "pixels.js").write_text("of the version after that")
  for name in (web_page.LIST_NAME, web_app.OFFLINE):
    shutil.copy(following / name, folder)
  assert page.execute_async_script(_NEWEST) == "redundant"
  page.get(address)
  page_browser.wait(page, "return document.body.dataset.ready")
  assert page.title == described["title"]
  shutil.copy(_WEB / "pixels.js", folder)
  assert page.execute_async_script(_NEWEST) == "installed"


@pytest.mark.slow
def test_another_windows_update_stops_nothing(own_app, tmp_path):
  folder, page, address = own_app
  picture = _write(tmp_path / "picture.png")
  # Another worker than the page's is told of, however it came.
  page_browser.wait(page, "return navigator.serviceWorker.controller")
  assert not page.find_element("id", "update").is_displayed()
  page.execute_script(
    "navigator.serviceWorker.dispatchEvent(new Event('controllerchange'))"
  )
  assert page.find_element("id", "update").is_displayed()
  first = page.current_window_handle
  page.switch_to.new_window("window")
  second = page.current_window_handle
  page.get(address)
  page_browser.wait(page, "return document.body.dataset.offline === 'yes'")
  _change(folder, "The newest version")
  # It comes back to the front. A look that is under way finds nothing new.
  page_browser.wait(
    page,
    "document.dispatchEvent(new Event('visibilitychange'));"
    "return !update.hidden",
  )
  page.find_element("id", "update").click()
  _wait_for_title(page, "The newest version")
  page.switch_to.window(first)
  assert page.title != "The newest version"
  for direction in ("BtoA", "AtoB"):
    page_browser.direction(page, direction)
    shown = page_browser.give(page, picture)
    assert shown.shape == (32, 32, 3)
  # Nothing waits any more: the button loads the page again.
  page_browser.wait(page, "return !update.hidden")
  page.find_element("id", "update").click()
  page_browser.wait(page, "return document.title === 'The newest version'")
  assert {first, second} == set(page.window_handles)


@pytest.mark.slow
def test_page_that_cannot_be_kept_works_with_a_network(own_app, tmp_path):
  _, page, address = own_app
  refused = (
    "navigator.serviceWorker.register = async () => {"
    " throw new Error('the certificate'); }"
  )
  with _before_each_page(page, refused):
    page.get(address)
    page_browser.wait(page, "return document.body.dataset.offline === 'no'")
  said = page_browser.text(page, "notice")
  assert "cannot be kept for use without a network (the certificate)" in said
  assert not page_browser.text(page, "error")
  made = page_browser.give(page, _write(tmp_path / "picture.png"))
  assert made.shape == (32, 32, 3)


def _share(page, address, picture):
  """Does what a system does when a picture is shared with the app."""
  encoded = list(picture.read_bytes())
  page.execute_script(
    """
    const [bytes, done] = arguments;
    const form = new FormData();
    const file = new File([new Uint8Array(bytes)], 'von dort é.png');
    form.append('picture', file);
    form.append('picture', new File([], 'another.png'));
    return fetch('share', {method: 'POST', body: form}).then(() => true);
    """,
    encoded,
  )
  page.get(f"{address}?shared")
  shown = page_browser.wait(page, "return frame.dataset.shown")
  assert shown.startswith("von dort é.png")
  assert "Of 2 pictures one is shown" in page_browser.text(page, "notice")
  page_browser.wait(page, f"return location.href === '{address}'")
  page.refresh()  # it is not kept
  page_browser.wait(page, "return document.body.dataset.ready")
  assert not page.execute_script(
    "return caches.has(`${location.href} shared`)"
    ".then((has) => has && caches.open(`${location.href} shared`)"
    ".then((c) => c.keys()).then((k) => k.length))"
  )


class _Faulty(NamedTuple):
  """A page in a browser, its address, and the folder that is served."""

  page: Any
  address: str
  folder: pathlib.Path


@pytest.fixture(scope="module")
def faulty(models, tmp_path_factory):
  """Serves a page whose graphics processor is wrong."""
  _needs_runtime()
  folder = tmp_path_factory.mktemp("faulty") / "web"
  web_page.write(str(folder), models["export"])
  (folder / "litert" / "core.js").rename(folder / "litert" / "real.js")
  digests = [
    hashlib.sha256(path.read_bytes()).hexdigest()
    for path in folder.rglob("*_dynamic.tflite")
  ]
  assert digests
  (folder / "litert" / "core.js").write_text(
    _FAULTY.replace("DIGESTS", json.dumps(digests))
  )
  with _served(folder) as address:
    page = page_browser.open_page(address)
    yield _Faulty(page, address, folder)
    page.quit()


def _open(page, address, fault):
  page.get(f"{address}?fault={fault}")
  page_browser.wait(page, "return document.body.dataset.ready")


def _record_camera(page):
  page.find_element("id", "camera").click()
  page_browser.wait(page, "return Number(frame.dataset.frames) > 3")
  page.find_element("id", "record").click()
  page_browser.wait(page, "return Number(frame.dataset.frames) > 30")


def _ask_for_graphics(page, address, fault, kind="float16"):
  _open(page, address, fault)
  page_browser.select(page, "model", kind)
  page_browser.select(page, "accelerator", "webgpu")


def _accelerator(page):
  return page.execute_script("return document.body.dataset.accelerator")


def _kind(page):
  return page.execute_script("return document.body.dataset.kind")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["zero", "once", "exchanged", "throws"])
def test_graphics_processors_that_are_wrong_are_not_used(
  faulty, tmp_path, fault
):
  page, address, _ = faulty
  _ask_for_graphics(page, address, "none")
  assert _accelerator(page) == "webgpu" and not page_browser.text(page, "error")
  right = page_browser.give(page, _write(tmp_path / "picture.png"))
  _ask_for_graphics(page, address, fault)
  assert _accelerator(page) == "wasm"
  said = page_browser.text(page, "notice")
  assert "WebGPU cannot be relied on here" in said
  assert ("it failed: the device is lost" in said) == (fault == "throws")
  chosen = page.execute_script("return accelerator.value")
  assert chosen == "auto"  # not what is not so
  made = page_browser.give(page, tmp_path / "picture.png")
  np.testing.assert_array_equal(made, right)
  assert page_browser.text(page, "notice") == said  # there is time to read it
  assert page.execute_script("return [models, results]") == [1, 0]
  # It is remembered, until somebody asks again and it is right.
  _open(page, address, "none")
  assert _accelerator(page) == "wasm"
  timing = page.execute_script("return timing.textContent")
  assert "was wrong on this device before" in timing
  page_browser.select(page, "accelerator", "webgpu")
  assert _accelerator(page) == "webgpu"
  page_browser.select(page, "accelerator", "auto")
  assert "before" not in page.execute_script("return timing.textContent")


@pytest.mark.slow
@pytest.mark.parametrize(
  "fault", ["nan", "zero_later", "exchanged_later", "throws_later"]
)
def test_graphics_processors_that_go_wrong_are_given_up(faulty, fault):
  page, address, _ = faulty
  _ask_for_graphics(page, address, fault)
  assert _accelerator(page) == "webgpu"
  page.find_element("id", "camera").click()
  reason = page_browser.wait(page, "return document.body.dataset.distrusted")
  assert _accelerator(page) == "wasm"
  assert reason in page_browser.text(page, "notice")
  timing = page.execute_script("return timing.textContent")
  assert reason in timing and "on WASM" in timing
  spoiled = page.execute_script("return window.spoiled")
  frames = page.execute_script("return Number(frame.dataset.frames)")
  page_browser.wait(page, f"return Number(frame.dataset.frames) > {frames}")
  assert page.execute_script("return window.spoiled") == spoiled
  if fault in ("nan", "zero_later"):  # seen before one is shown
    assert spoiled == 1
  before, after = (
    page_browser.canvas(page, name) for name in ("before", "after")
  )
  assert after.std() > 5 and before.shape == after.shape
  page.find_element("id", "camera").click()
  page_browser.wait(page, "return results === 0")
  assert page.execute_script("return models") == 1


@pytest.mark.slow
def test_every_picture_that_stays_is_compared_before_it_is_shown(
  faulty, tmp_path
):
  page, address, _ = faulty
  picture = _write(tmp_path / "picture.png")
  _open(page, address, "none")
  page_browser.select(page, "model", "float16")
  right = page_browser.give(page, picture)
  _ask_for_graphics(page, address, "exchanged_second")
  np.testing.assert_array_equal(page_browser.give(page, picture), right)
  assert _accelerator(page) == "webgpu"
  # No time goes by until the next one.
  page.execute_script(
    "const now = performance.now(); performance.now = () => now"
  )
  np.testing.assert_array_equal(page_browser.give(page, picture), right)
  assert _accelerator(page) == "wasm"


@pytest.mark.slow
def test_graphics_processors_get_a_kind_of_file_that_they_take(faulty):
  page, address, _ = faulty
  _ask_for_graphics(page, address, "none", "dynamic")
  assert _accelerator(page) == "wasm" and _kind(page) == "dynamic"
  assert "does not take this model" in page_browser.text(page, "error")
  _ask_for_graphics(page, address, "none", "auto")
  assert (_accelerator(page), _kind(page)) == ("webgpu", "float16")
  assert page.execute_script("return [models, results]") == [2, 0]
  # Nobody asks for it: it is the faster one.
  _open(page, address, "slow_processor")
  assert (_accelerator(page), _kind(page)) == ("webgpu", "float16")


@pytest.mark.slow
def test_browsers_that_refuse_graphics_processors_have_the_page(faulty):
  page, address, _ = faulty
  _open(page, address, "refused")
  assert _accelerator(page) == "wasm"
  assert not page.find_element("css selector", "[value=webgpu]").is_enabled()


@contextlib.contextmanager
def _before_each_page(page, script):
  """Lets a script run before those of each page that is opened."""
  made = page.execute_cdp_cmd(
    "Page.addScriptToEvaluateOnNewDocument", {"source": script}
  )
  try:
    yield
  finally:
    page.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)


@pytest.mark.slow
def test_distrust_needs_no_storage(faulty):
  page, address, _ = faulty
  no_storage = (
    "Object.defineProperty(window, 'localStorage',"
    " {get() { throw new Error('blocked'); }})"
  )
  with _before_each_page(page, no_storage):
    _ask_for_graphics(page, address, "zero")
    tried = page.execute_script("return graphics")
    page_browser.direction(page, "BtoA")
    assert "before" in page.execute_script("return timing.textContent")
    assert page.execute_script("return graphics") == tried


# A graphics processor beside a processor that takes a minute, on a clock that
# goes on with each frame by a tenth of a second: how long wrong ones are shown.
_WATCHED = """
const [done] = arguments;
let now = 0;
performance.now = () => now;
import('./translator.js').then(async ({Translator}) => {
  const right = (values) => values.map((v) => 1 - v);
  let last = null;
  const faults = {
    none: right,
    zero: () => new Float32Array(48),
    exchanged: (values) => right(values).reverse(),
    stale: (values) => {
      const before = last ?? right(values);
      last = right(values);
      return before;
    },
    fails: () => { throw new Error('lost\\nhere'); },
  };
  const ramp = (step) => Float32Array.from(
      {length: 48}, (_, i) => (i * step % 48) / 48);
  const pictures = [1, 5, 7].map(ramp).map(
      (given) => ({given, expected: right(given)}));
  const found = {};
  for (const fault of Object.keys(faults)) {
    let how = 'none';
    last = right(ramp(11));
    const reasons = [];
    let deleted = 0;
    const graphics = {
      run: async (values) => faults[how](values), delete: () => deleted++,
    };
    const processor = {
      run: async (values) => {
        now += 60e3;
        return right(values);
      },
    };
    const translator = new Translator(
        processor, graphics, pictures, (reason) => reasons.push(reason));
    await translator.run(ramp(11));  // compared: not again for 20 minutes
    how = fault;
    let shown = 0;
    for (; shown < 30 && translator.graphics; shown++) {
      now += 100;
      await translator.run(ramp(11));
    }
    found[fault] = [shown, reasons, deleted];
  }
  done(found);
}).catch((error) => done(String(error)));
"""


@pytest.mark.slow
def test_wrong_frames_are_shown_for_a_second_however_slow_the_processor_is(
  faulty,
):
  page, address, _ = faulty
  _open(page, address, "none")
  found = page.execute_async_script(_WATCHED)
  assert isinstance(found, dict), found
  assert found.pop("none") == [30, [], 0]
  assert found.pop("fails") == [1, ["it failed: lost"], 1]
  assert found.pop("zero")[0] == 1  # at once: it looks like nothing
  assert set(found) == {"exchanged", "stale"}
  for shown, reasons, deleted in found.values():
    assert shown <= 10 and len(reasons) == deleted == 1
    assert "levels" in reasons[0]


@pytest.mark.slow
def test_comparisons_find_dead_parts_and_let_half_precision_pass(faulty):
  page, address, _ = faulty
  _open(page, address, "none")
  found = page.execute_async_script(
    """
    const [done] = arguments;
    import('./backend_check.js').then(({fault}) => {
      const right = Float32Array.from({length: 30000}, (_, i) => i % 97 / 97);
      const off = (change) => fault(right.map(change), right);
      done([
        off((v) => v),
        off((v, i) => v + (i % 2 - 0.5) * 4 / 255),  // all of it by 2 levels
        off((v, i) => i < 120 ? v + 0.5 : v),  // some pixels at an edge
        off((v, i) => i < 300 ? v + 190 / 255 : v),
        off((v, i) => i % 50 ? v : v + 0.3),
        off((v) => v + 3 / 255),
        off((v, i) => i === 7 ? Infinity : v),
      ]);
    }).catch((error) => done([String(error)]));
    """
  )
  *passed, dead, dotted, brighter, infinite = found
  assert passed == ["", "", ""]
  assert "1.0 % of it is off" in dead and "of 255 levels" in dead
  assert "2.0 % of it is off" in dotted
  assert "off by 3 of 255" in brighter and "no number" in infinite


@pytest.mark.slow
def test_all_rows_that_webgl_draws_have_their_turn(faulty):
  page, address, _ = faulty
  _open(page, address, "none")
  heights = [1, 20, 32, 33, 190, 224, 448, 480, 672, 720, 1079, 1080, 2160]
  found = page.execute_async_script(
    """
    const [heights, done] = arguments;
    import('./live_view.js').then(({bandTop}) => done(heights.map((height) => {
      const rows = Math.min(32, height);
      const tops = [];
      for (let i = 0; i < Math.ceil(height / rows); i++) {
        tops.push(bandTop(i, height, rows));
      }
      return tops;
    }))).catch((error) => done(String(error)));
    """,
    heights,
  )
  for height, tops in zip(heights, found, strict=True):
    rows = min(32, height)
    seen = {row for top in tops for row in range(top, top + rows)}
    assert seen == set(range(height)), height


@pytest.mark.slow
def test_camera_photographs_and_records(faulty):
  page, address, _ = faulty
  _open(page, address, "none")
  page.execute_script(
    "const take = ImageCapture.prototype.takePhoto;"
    "ImageCapture.prototype.takePhoto = function(settings) {"
    "  window.asked = settings; return take.call(this, settings); }"
  )
  _record_camera(page)
  # Said to nobody aloud: it changes all the time.
  page_browser.wait(page, "return rate.textContent.includes('frames a second')")
  assert page.execute_script(
    "return !rate.closest('[aria-live], [role=status], [role=alert]')"
  )
  page.find_element("id", "record").click()
  size, kind = page_browser.wait(
    page, "return document.body.dataset.clip"
  ).split(" ", 1)
  assert int(size) > 1000 and kind.startswith("video/")
  page.find_element("id", "photo").click()
  shown = page_browser.wait(page, "return frame.dataset.shown")
  assert shown.startswith("photo.")
  height, width, _ = page_browser.canvas(page, "after").shape
  assert height >= 480 and width >= 640  # not the model's size
  asked = page.execute_script("return window.asked")
  assert asked["imageWidth"] >= width and asked["imageHeight"] >= height
  assert page_browser.text(page, "camera") == "Camera"
  assert not page.find_element("id", "photo").is_displayed()


@pytest.mark.slow
@pytest.mark.parametrize("end", ["recorder.stop()", "track.stop()", "error"])
def test_recordings_that_break_off_are_saved(faulty, end):
  page, address, _ = faulty
  _open(page, address, "none")
  page.execute_script(
    "const start = MediaRecorder.prototype.start;"
    "MediaRecorder.prototype.start = function(...given) {"
    "  window.used = this; start.apply(this, given); }"
  )
  _record_camera(page)
  page.execute_script(
    {
      "recorder.stop()": "used.stop()",
      "track.stop()": "used.stream.getTracks()[0].stop()",
      "error": "const e = new Event('error'); e.error = new Error('disk full');"
      "used.dispatchEvent(e); used.stop()",
    }[end]
  )
  clip = page_browser.wait(page, "return document.body.dataset.clip")
  assert int(clip.split()[0]) > 1000
  assert page_browser.text(page, "record") == "Record"
  said = page_browser.text(page, "error")
  assert ("broke off: disk full" in said) == (end == "error")


# Cameras that are given when a test says so.
_SLOW_CAMERA = """
window.given = [];
window.waiting = [];
window.rejected = [];
addEventListener('unhandledrejection', (e) => rejected.push(String(e.reason)));
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  await new Promise((resolve) => waiting.push(resolve));
  const stream = await real(wanted);
  given.push(stream);
  return stream;
};
"""
_LIVE_TRACKS = """
return given.flatMap((stream) => stream.getTracks())
    .filter((track) => track.readyState === 'live').length
"""


@pytest.mark.slow
@pytest.mark.parametrize("then", ["camera", "file", "stop"])
def test_cameras_that_were_overtaken_are_closed(faulty, tmp_path, then):
  page, address, _ = faulty
  picture = _write(tmp_path / "picture.png")
  _open(page, address, "none")
  page.execute_script(_SLOW_CAMERA)
  if then == "stop":  # while the picture is asked for
    page.execute_script(
      "HTMLMediaElement.prototype.play = async () => {"
      "  camera.click(); throw new DOMException('stopped', 'AbortError'); }"
    )
  page.find_element("id", "camera").click()
  if then == "camera":
    page.find_element("id", "camera").click()
  elif then == "file":
    assert page_browser.give(page, picture).shape == (32, 32, 3)
  asked = 2 if then == "camera" else 1
  page_browser.wait(page, f"return waiting.length === {asked}")
  page.execute_script("for (const resolve of waiting) resolve()")
  page_browser.wait(page, f"return given.length === {asked}")
  if then == "camera":
    page_browser.wait(page, "return Number(frame.dataset.frames) > 3")
    page.find_element("id", "camera").click()
  page_browser.wait(page, _LIVE_TRACKS.replace("length", "length === 0"))
  assert page_browser.text(page, "camera") == "Camera"
  assert not page_browser.text(page, "error")
  if then == "file":
    assert page.execute_script("return frame.dataset.shown")
  assert page.execute_script("return window.rejected") == []


@contextlib.contextmanager
def _without(folder, pattern):
  """Takes files away for a while."""
  taken = {path: path.read_bytes() for path in folder.glob(pattern)}
  assert taken
  for path in taken:
    path.unlink()
  try:
    yield
  finally:
    for path, content in taken.items():
      path.write_bytes(content)


@pytest.mark.slow
def test_choices_that_cannot_be_loaded_are_taken_back(faulty, tmp_path):
  page, address, _ = faulty
  picture = _write(tmp_path / "picture.png")
  _open(page, address, "none")
  page_browser.select(page, "model", "float32")
  made = page_browser.give(page, picture)
  samples = page.execute_script("return samples.innerHTML")
  with _without(faulty.folder, "models/*_BA*"):
    page.find_element("css selector", "[value=BtoA]").click()
    page_browser.wait(page, "return !error.hidden")
    said = page_browser.text(page, "error")
    assert "the server answers 404" in said and "models/" in said
    page_browser.settled(page)
    assert page.find_element("css selector", "[value=AtoB]").is_selected()
    assert page.execute_script("return samples.innerHTML") == samples
    assert page.execute_script("return model.value") == "float32"
    np.testing.assert_array_equal(page_browser.give(page, picture), made)
  with _without(faulty.folder, "samples/A_*"):
    page.find_element("css selector", "#samples button").click()
    page_browser.wait(page, "return !error.hidden")
    assert "the server answers 404" in page_browser.text(page, "error")
  page_browser.direction(page, "BtoA")
  assert not page_browser.text(page, "error")


_ASKED_FOR = """
return performance.getEntriesByType('resource').map((entry) => entry.name)
    .filter((name) => name.includes('/models/'))
"""


@pytest.mark.slow
def test_what_was_shared_is_kept_until_it_is_shown(faulty, tmp_path):
  page, address, _ = faulty
  encoded = list(_write(tmp_path / "picture.png").read_bytes())
  _open(page, address, "none")
  page.execute_async_script(
    """
    const [bytes, done] = arguments;
    caches.open(`${location.origin}/ shared`).then((cache) => cache.put(
        'shared-picture',
        new Response(new Uint8Array(bytes), {headers: {'X-Name': 'a.png'}})))
      .then(done);
    """,
    encoded,
  )
  with _without(faulty.folder, "models/*"):
    page.get(f"{address}?shared")
    page_browser.wait(page, "return !error.hidden")
    assert "the server answers 404" in page_browser.text(page, "error")
    page.execute_async_script("setTimeout(arguments[0], 1000)")
    tried = page.execute_script(_ASKED_FOR)
    assert tried and len(set(tried)) == len(tried)  # not again for the picture
    assert not page.execute_script("return frame.dataset.shown")
  page.refresh()
  shown = page_browser.wait(page, "return frame.dataset.shown")
  assert shown.startswith("a.png")
  page_browser.wait(page, "return !location.search")
  page.refresh()
  page_browser.wait(page, "return document.body.dataset.ready")
  assert not page.execute_script("return frame.dataset.shown")


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_serious_fault(faulty, width):
  script = _WEB / "node_modules" / "axe-core" / "axe.min.js"
  if not script.is_file():
    pytest.skip("axe-core is not installed: npm ci --prefix " + str(_WEB))
  page, address, _ = faulty
  page.execute_cdp_cmd(
    "Emulation.setDeviceMetricsOverride",
    {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False},
  )
  page.get(address)
  page_browser.wait(page, "return document.body.dataset.ready")
  page.execute_script("document.querySelector('details').open = true")
  page.execute_script(script.read_text(encoding="utf-8"))
  found = page.execute_async_script(
    "axe.run().then((r) => arguments[0](r.violations))"
  )
  assert [
    (v["id"], v["impact"], [n["html"] for n in v["nodes"]])
    for v in found
    if v["impact"] in ("serious", "critical")
  ] == []
  page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


if __name__ == "__main__":
  conftest.main(__file__)
