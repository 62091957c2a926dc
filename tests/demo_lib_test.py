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
"""The page at work in a real browser."""

import json
import urllib.error
import urllib.request

import numpy as np
import PIL.Image
import pytest

from official.cyclegan import demo_lib
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.serving import guided_upsampling
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import web_page
from tests import color_files
from tests import conftest
from tests import page_browser

# They train, start processes or measure.
pytestmark = [pytest.mark.slow, pytest.mark.one_stack]

# WebGPU by a software adapter.
_SWIFTSHADER = (
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
)


@pytest.fixture(scope="module")
def address(models):
  try:
    web_page.require_runtime()
  except errors.UserError as error:
    pytest.skip(str(error))
  with demo_lib.serving(models["export"]) as server, conftest.serving(server):
    yield demo_lib.address(server)


@pytest.fixture(scope="module")
def page(address):
  found = page_browser.open_page(address)
  yield found
  found.quit()


def _write_picture(path, height, width, alpha=False):
  rng = np.random.default_rng(height)
  picture = conftest.smooth_picture(rng, height, width)
  if alpha:
    see_through = np.full((height, width, 1), 255, np.uint8)
    see_through[: height // 2] = 0
    PIL.Image.fromarray(np.concatenate([picture, see_through], -1)).save(path)
  else:
    image_files.write(str(path), picture)


@pytest.mark.parametrize(
  ("name", "height", "width"),
  [
    ("same.png", 32, 32),
    ("large.jpg", 131, 90),
    ("small.png", 9, 14),
    ("see_through.png", 40, 40),
  ],
)
def test_same_pixels_as_translate(page, models, tmp_path, name, height, width):
  path = tmp_path / name
  _write_picture(path, height, width, alpha=name.startswith("see"))
  page_browser.direction(page, "AtoB")
  page_browser.select(page, "model", "float32")
  made = page_browser.give(page, path)
  opened = image_translator.open_model(models["tflite"], "AtoB")
  image = image_files.read(str(path))
  want = image_translator.translate_image(opened, image, "auto")
  assert made.shape == want.shape
  assert np.abs(made.astype(int) - want).max() <= 2
  # The picture itself would not have passed for what was wanted, nearly.
  done = np.abs(want.astype(int) - image)
  assert done.max() > 2
  assert done.mean() > 2 * np.abs(made.astype(int) - want).mean()
  np.testing.assert_array_equal(page_browser.canvas(page, "before"), image)
  said = page_browser.text(page, "status")
  assert name in said and " ms on WASM" in said


def test_a_photograph_comes_back_in_full_and_sharp(page, models, tmp_path):
  path = tmp_path / "photo.png"
  rng = np.random.default_rng(7)
  coarse = PIL.Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8))
  coarse.resize((4000, 3000), PIL.Image.Resampling.NEAREST).save(
    path, compress_level=1
  )
  page_browser.direction(page, "AtoB")
  page_browser.select(page, "model", "float32")
  page.execute_script("delete frame.dataset.shown")
  page.find_element("id", "file").send_keys(str(path))
  page_browser.wait(page, "return frame.dataset.shown")
  # A part: all of it is too much for an address of data.
  url = page.execute_script(
    "const part = new OffscreenCanvas(500, 400);"
    "part.getContext('2d').drawImage(after, -1000, -900);"
    "const pixels = part.getContext('2d').getImageData(0, 0, 500, 400).data;"
    "return [after.width, after.height, ...pixels];"
  )
  assert url[:2] == [4000, 3000]
  made = np.array(url[2:]).reshape(400, 500, 4)[..., :3]
  opened = image_translator.open_model(models["tflite"], "AtoB")
  image = image_files.read(str(path))
  want = image_translator.translate_image(opened, image, "guided")
  want = want[900:1300, 1000:1500].astype(int)
  assert np.abs(made - want).max() <= 3
  # Edges are one pixel wide, as in the photograph.
  steps = np.abs(np.diff(made, axis=1)).max(axis=(0, 2))
  assert np.median(steps) < 5 and steps.max() > 50
  page_browser.select(page, "detail", "stretch")
  assert _canvas_size(page) == [4000, 3000]
  page_browser.select(page, "detail", "auto")


def _canvas_size(page):
  return page.execute_script("return [after.width, after.height]")


def _write_kind(path, name):
  """Writes a JPEG that is not upright, or not sRGB, or both, or a PNG."""
  rng = np.random.default_rng(5)
  coarse = rng.integers(0, 256, (6, 5, 3), np.uint8)
  picture = PIL.Image.fromarray(coarse).resize((90, 60))
  options = {}
  if "p3" in name:
    options["icc_profile"] = color_files.profile(color_files.DISPLAY_P3, 2.2)
  if "turned" in name:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    options["exif"] = exif
  if name.endswith("jpg"):
    options |= {"quality": 95, "subsampling": 0}
  picture.save(path, **options)


@pytest.mark.parametrize(
  "name", ["p3.jpg", "p3.png", "turned.jpg", "turned_p3.jpg"]
)
def test_colours_and_orientation_are_those_of_translate(
  page, models, tmp_path, name
):
  path = tmp_path / name
  _write_kind(path, name)
  page_browser.direction(page, "AtoB")
  page_browser.select(page, "model", "float32")
  made = page_browser.give(page, path)
  image = image_files.read(str(path))
  before = page_browser.canvas(page, "before").astype(int)
  assert before.shape == image.shape
  assert np.abs(before - image).max() <= 2
  opened = image_translator.open_model(models["tflite"], "AtoB")
  want = image_translator.translate_image(opened, image, "auto").astype(int)
  assert np.abs(made - want).max() <= 2
  with PIL.Image.open(path) as stored:  # it makes a difference
    off = np.resize(np.asarray(stored), image.shape).astype(int) - image
  assert np.abs(off).max() > 10


def test_other_direction_and_other_size(page, models, tmp_path):
  path = tmp_path / "picture.png"
  _write_picture(path, 48, 48)
  page_browser.direction(page, "BtoA")
  page_browser.select(page, "model", "float32")
  page_browser.select(page, "size", "s48")
  made = page_browser.give(page, path)
  opened = image_translator.open_model(models["export"], "BtoA", size=48)
  want = image_translator.translate_image(opened, image_files.read(str(path)))
  assert np.abs(made.astype(int) - want).max() <= 2
  page_browser.select(page, "size", "serving_default")
  page_browser.direction(page, "AtoB")


def test_what_is_no_picture_is_refused_in_words(page, tmp_path):
  (tmp_path / "letter.txt").write_text("Dear all,")
  whole = tmp_path / "whole.jpg"
  _write_picture(whole, 60, 60)
  (tmp_path / "broken.jpg").write_bytes(whole.read_bytes()[:200])
  for name in ("letter.txt", "broken.jpg"):
    said = page_browser.give(page, tmp_path / name)
    assert name in said and "Use JPEG, PNG or WebP" in said
  assert page_browser.give(page, whole).shape == (60, 60, 3)  # it goes on
  assert page_browser.text(page, "error") == ""


def test_sample(page):
  page.execute_script("delete frame.dataset.shown")
  page.find_element("css selector", "#samples button").click()
  shown = page_browser.wait(page, "return frame.dataset.shown")
  assert shown == "sample1.png AtoB"


def test_camera_shows_frames(page):
  page.find_element("id", "camera").click()
  page_browser.wait(page, "return Number(frame.dataset.frames) > 10")
  before, after = (
    page_browser.canvas(page, name) for name in ("before", "after")
  )
  # The camera's own pixels, not the model's.
  assert before.shape == after.shape and min(before.shape[:2]) >= 240
  assert before.std() > 5 and np.abs(after.astype(int) - before).max() > 0
  assert "frames a second" in page_browser.text(page, "status")
  page.find_element("id", "camera").click()
  assert page_browser.text(page, "camera") == "Camera"


# A frame, a small copy that turns blue into red, and what is shown of it.
_LIVE = """
const [fault, done] = arguments;
import('./live_view.js').then(({LiveView}) => {
  const camera = document.createElement('canvas');
  [camera.width, camera.height] = [310, 190];
  [camera.videoWidth, camera.videoHeight] = [310, 190];
  const context = camera.getContext('2d');
  const colors = context.createLinearGradient(0, 0, 310, 190);
  colors.addColorStop(0, '#2040c0');
  colors.addColorStop(1, '#f0d080');
  context.fillStyle = colors;
  context.fillRect(0, 0, 310, 190);
  context.fillStyle = '#103010';
  for (let i = 0; i < 9; i++) context.fillRect(31 * i, 19 * i, 12, 33);
  const reasons = [];
  const view = new LiveView((reason) => reasons.push(reason));
  const first = view.way;
  view.measured = true;  // a processor that draws for WebGL is seldom faster
  if (fault === 'no WebGL') view.giveUp();
  if (fault === 'nothing drawn') view.shader.gl.drawArrays = () => {};
  const guide = view.take(camera, 64, 3);
  const made = guide.map((v, i) => i % 3 ? v / 2 : (v + guide[i + 2]) / 2);
  view.show(made, fault !== 'stretch', before, after);
  const pixels = (canvas) => Array.from(
      canvas.getContext('2d').getImageData(0, 0, 310, 190).data);
  done({
    first, way: view.way, reasons, guide: Array.from(guide),
    made: Array.from(made), before: pixels(before), after: pixels(after),
  });
}).catch((error) => done(String(error)));
"""


def _shown(page, fault):
  """Shows a frame that is drawn; returns what that gave, as arrays."""
  page.execute_script("localStorage.clear()")
  found = page.execute_async_script(_LIVE, fault)
  assert isinstance(found, dict), found
  if found["first"] == "JavaScript":
    pytest.skip("this browser has no WebGL 2")
  for name in ("guide", "made"):
    found[name] = np.reshape(np.float32(found[name]), (64, 64, 3))
  for name in ("before", "after"):
    found[name] = np.reshape(np.array(found[name], np.uint8), (190, 310, 4))
  return found


@pytest.fixture(scope="module")
def drawing_page(address):
  """A browser that has WebGL 2, by software if it must."""
  found = page_browser.open_page(
    address, "--use-angle=swiftshader", "--enable-unsafe-swiftshader"
  )
  yield found
  found.quit()


@pytest.mark.parametrize("fault", ["", "no WebGL", "nothing drawn"])
def test_frames_get_the_change_at_the_cameras_size(drawing_page, fault):
  found = _shown(drawing_page, fault)
  assert found["way"] == ("JavaScript" if fault else "WebGL")
  assert len(found["reasons"]) == (fault == "nothing drawn")
  image = found["before"][..., :3]
  small = image_files.resize_to_levels(image, 64, 64) / 255
  assert np.abs(small - found["guide"]).mean() < 0.01
  want = guided_upsampling.add_change(
    image, found["guide"], found["made"] - found["guide"]
  ).astype(int)
  off = np.abs(found["after"][..., :3] - want)
  assert off.mean() < 1 and np.abs(image - want).mean() > 20
  edges = _steps(want) > 30
  assert edges.sum() > 100
  assert _steps(found["after"])[edges].mean() > 0.9 * _steps(want)[edges].mean()


def _steps(image):
  """Returns how much neighbours across differ, in levels."""
  return np.abs(np.diff(image[..., :3].astype(int), axis=1)).max(-1)


def test_a_wrong_webgl_is_remembered(drawing_page):
  found = _shown(drawing_page, "nothing drawn")
  assert "levels" in found["reasons"][0]
  again = drawing_page.execute_async_script(_LIVE, "")
  assert again["first"] == again["way"] == "JavaScript"


def test_closed_views_leave_their_contexts_to_others(drawing_page):
  drawing_page.execute_script("localStorage.clear()")
  way, lost = drawing_page.execute_async_script(_MANY_VIEWS)
  if way == "JavaScript":
    pytest.skip("this browser has no WebGL 2")
  assert lost is False


# More than the 16 contexts that Chromium keeps at a time.
_MANY_VIEWS = """
const [done] = arguments;
import('./live_view.js').then(async ({LiveView}) => {
  const kept = new LiveView(console.error);
  const {way, shader} = kept;
  for (let i = 0; i < 20; i++) {
    new LiveView(console.error).close();
    await new Promise((resolve) => setTimeout(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  done([way, shader ? shader.gl.isContextLost() : null]);
}).catch((error) => done([String(error), null]));
"""


def test_frames_can_be_enlarged_only(drawing_page):
  found = _shown(drawing_page, "stretch")
  want = np.clip(found["made"] * 255, 0, 255).astype(np.uint8)
  want = image_files.resize_to_levels(want, 190, 310)
  shown = found["after"][..., :3].astype(int)
  assert np.abs(shown - want).mean() < 3


def test_everything_has_a_name_and_the_keyboard_reaches_it(page):
  page.execute_script("document.querySelector('details').open = true")
  tree = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
  roles = {}
  for node in tree:
    role = node.get("role", {}).get("value")
    if role in ("button", "slider", "radio", "combobox", "img", "image"):
      roles.setdefault(role, []).append(node.get("name", {}).get("value"))
  assert set(roles) >= {"button", "slider", "radio", "combobox"}
  assert all(name for names in roles.values() for name in names), roles
  slider = page.find_element("id", "slider")
  before = page.execute_script("return frame.style.getPropertyValue('--split')")
  slider.send_keys("\ue014")  # the right arrow
  after = page.execute_script("return frame.style.getPropertyValue('--split')")
  assert int(after.rstrip("%")) == int(before.rstrip("%")) + 1


@pytest.mark.parametrize("width", [1280, 390])
def test_fits_the_screen(page, width):
  page.execute_cdp_cmd(
    "Emulation.setDeviceMetricsOverride",
    {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False},
  )
  wide = page.execute_script("return document.documentElement.scrollWidth")
  assert wide <= width


def test_nothing_leaves_the_pages_own_origin(page, address):
  """Of all that the tests above did, by the browser's own log."""
  urls, methods = set(), set()
  for entry in page.get_log("performance"):
    message = json.loads(entry["message"])["message"]
    if message["method"] == "Network.requestWillBeSent":
      urls.add(message["params"]["request"]["url"])
      methods.add(message["params"]["request"]["method"])
  assert len(urls) > 10 and methods == {"GET"}
  for url in urls:
    assert url.startswith((address, "blob:" + address, "data:")), url
  for entry in page.get_log("browser"):
    assert "Content Security Policy" not in entry["message"], entry


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_graphics_processor_takes_the_whole_graph(
  address, models, tmp_path, kind
):
  found = page_browser.open_page(address, *_SWIFTSHADER)
  try:
    if not found.execute_script("return 'gpu' in navigator"):
      pytest.skip("this browser has no WebGPU")
    page_browser.select(found, "accelerator", "webgpu")
    page_browser.select(found, "model", kind)
    assert found.execute_script("return document.body.dataset.accelerator") == (
      "webgpu"
    ), page_browser.text(found, "error")
    log = " ".join(entry["message"] for entry in found.get_log("browser"))
    assert "not fully compiled" not in log
    path = tmp_path / "picture.png"
    _write_picture(path, 32, 32)
    made = page_browser.give(found, path)
    opened = image_translator.open_model(models["tflite"], "AtoB")
    want = image_translator.translate_image(opened, image_files.read(str(path)))
    assert np.abs(made.astype(int) - want).max() <= 3
  finally:
    found.quit()


def test_serves_the_page_only(address):
  with urllib.request.urlopen(address) as answer:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors" in answer.headers["Content-Security-Policy"]
  for path in ("models/", "../config.py", "nothing"):
    with pytest.raises(urllib.error.HTTPError, match="404"):
      urllib.request.urlopen(address + path)
  with pytest.raises(urllib.error.HTTPError, match="501"):
    urllib.request.urlopen(address, data=b"upload")


def test_address_that_is_taken_is_refused(models, address):
  port = int(address.rsplit(":", 1)[1].rstrip("/"))
  with (
    pytest.raises(errors.UserError, match=f"--port={port}"),
    demo_lib.serving(models["export"], port=port),
  ):
    pass


if __name__ == "__main__":
  conftest.main(__file__)
