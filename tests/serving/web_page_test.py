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
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil

import pytest

from official.cyclegan.core import errors
from official.cyclegan.serving import web_page
from tests import conftest

_WEB = pathlib.Path(web_page.__file__).parents[1] / "web"


@pytest.fixture(autouse=True)
def runtime(request):
  """Skips tests that write the page where npm has installed nothing."""
  if "models" in request.fixturenames:
    try:
      web_page.require_runtime()
    except errors.UserError as error:
      pytest.skip(str(error))


def test_writes_all_that_the_page_loads(models, tmp_path):
  folder = tmp_path / "web"
  web_page.write(str(folder), models["export"])
  page = (folder / "index.html").read_text()
  for name in re.findall(r'(?:src|href)="([^"]+)"', page):
    assert (folder / name).is_file(), name
  (imports,) = re.findall(r'"importmap">(.*?)</script>', page)
  for name in json.loads(imports)["imports"].values():
    assert (folder / name).is_file(), name
  found = json.loads((folder / "models.json").read_text())
  assert list(found["directions"]) == ["AtoB", "BtoA"]
  for direction, entry in found["directions"].items():
    kinds = [file["quantization"] for file in entry["files"]]
    assert kinds == ["float32", "float16", "dynamic"]
    for file in entry["files"]:
      path = folder / file["path"]
      assert path.stat().st_size == file["bytes"]
      assert file["sizes"] == {"serving_default": 32, "s48": 48}
      assert (file["channels"], file["io"]) == (3, "float01")
    assert len(entry["samples"]) == 3
    for name in entry["samples"]:
      assert name.startswith(f"samples/{direction[0]}_")
      assert (folder / name).is_file()
  assert json.loads((folder / web_page.BILL_NAME).read_text()) == (
    web_page._bill(str(folder))
  )
  for name, text in web_page.server_files().items():
    assert (folder / name).read_text() == text
  assert found["title"].startswith(pathlib.Path(models["pictures"]).name)


def test_a_single_file_will_do(models, tmp_path):
  shutil.copy(models["tflite"], tmp_path / "renamed.tflite")
  web_page.write(str(tmp_path / "web"), str(tmp_path / "renamed.tflite"))
  found = json.loads((tmp_path / "web" / "models.json").read_text())
  assert list(found["directions"]) == ["AtoB"]
  assert found["directions"]["AtoB"]["samples"] == []


def test_names_are_escaped_as_the_page_asks_for_them(halving, tmp_path):
  names = ["a#b.tflite", "50% ?.tflite", os.fsdecode(b"\xe9.tflite")]
  for name in names:
    shutil.copy(halving, tmp_path / name)
  description, copies = web_page._describe(str(tmp_path))
  assert sorted(copies.values()) == sorted(f"models/{name}" for name in names)
  asked = [f["path"] for f in description["directions"]["AtoB"]["files"]]
  assert sorted(asked) == [
    "models/%E9.tflite",
    "models/50%25%20%3F.tflite",
    "models/a%23b.tflite",
  ]


@pytest.mark.parametrize("linked", ["a sample", "the folder", "nothing"])
def test_links_of_strangers_are_not_followed(halving, tmp_path, linked):
  export = tmp_path / "export"
  (export / "samples").mkdir(parents=True)
  shutil.copy(halving, export)
  secret = tmp_path / "A_0.png"
  secret.write_text("of this machine")
  if linked == "a sample":
    (export / "samples" / "A_0.png").symlink_to(secret)
  elif linked == "the folder":
    (export / "samples").rmdir()
    (export / "samples").symlink_to(tmp_path)
  os.mkfifo(export / "samples" / "A_1.png")
  shutil.copy(secret, export / "samples" / "A_2.png")
  description, copies = web_page._describe(str(export))
  samples = description["directions"]["AtoB"]["samples"]
  assert samples == ([] if linked == "the folder" else ["samples/A_2.png"])
  assert str(secret) not in copies


def test_bill_of_materials_names_all_that_is_in_the_folder(tmp_path):
  names = [*web_page._PAGE, *web_page._RUNTIME.values(), "models/g_AB.tflite"]
  for name in [*names, *web_page.server_files()]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
  bill = web_page._bill(str(tmp_path))
  assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
  page = bill["metadata"]["component"]
  libraries = [c for c in bill["components"] if c["type"] == "library"]
  models = [c for c in bill["components"] if c not in libraries]
  found = [page, *libraries]
  entries = [*models, *(e for c in found for e in c["components"])]
  assert sorted(e["name"] for e in entries) == sorted(
    [*names, *web_page.server_files()]
  )
  for entry in entries:
    digest = hashlib.sha256(entry["name"].encode()).hexdigest()
    assert entry["hashes"] == [{"alg": "SHA-256", "content": digest}]
  assert [c["type"] for c in models] == ["machine-learning-model"]
  lock = json.loads((_WEB / "package-lock.json").read_text())["packages"]
  assert {c["name"]: c["version"] for c in libraries} == {
    name.partition("/")[2]: entry["version"]
    for name, entry in lock.items()
    if name and not entry.get("dev")  # what tests use is not in the folder
  }
  for component in found:
    assert component["licenses"] == [{"license": {"id": "Apache-2.0"}}]
  assert libraries[0]["purl"].startswith("pkg:npm/%40litertjs/core@")
  assert bill == web_page._bill(str(tmp_path))  # the same again


def test_every_server_is_told_the_same_headers():
  wanted = web_page.headers()
  files = web_page.server_files()
  for name, pattern in (
    ("_headers", r"^  ([\w-]+): (.*)$"),
    (".htaccess", r'^Header always set ([\w-]+) "(.*)"$'),
    ("nginx.conf", r'^add_header ([\w-]+) "(.*)" always;$'),
  ):
    found = re.findall(pattern, files[name], re.MULTILINE)
    assert dict(found) == wanted, name
  page = (_WEB / "index.html").read_text()
  (policy,) = re.findall(r'Security-Policy" content="([^"]+)"', page)
  assert wanted["Content-Security-Policy"].startswith(f"{policy}; ")


@pytest.mark.parametrize("what", ["nothing", "empty", "text.tflite"])
def test_what_is_no_model_is_refused(models, tmp_path, what):
  (tmp_path / "empty").mkdir()
  (tmp_path / "text.tflite").write_text("no model")
  with pytest.raises(errors.UserError, match=f"--model.*{what}"):
    web_page.write(str(tmp_path / "web"), str(tmp_path / what))


def test_runtime_that_is_missing_is_named_with_the_remedy(
  tmp_path, monkeypatch
):
  monkeypatch.setattr(web_page, "_MODULES", tmp_path)
  with pytest.raises(errors.UserError, match="npm ci --prefix"):
    web_page.require_runtime()


def test_policy_lets_in_what_is_ours_only():
  page = (_WEB / "index.html").read_text()
  (policy,) = re.findall(r'Security-Policy" content="([^"]+)"', page)
  rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
  assert rules["default-src"] == "'none'" and rules["connect-src"] == "'self'"
  assert "unsafe-inline" not in policy and "'unsafe-eval'" not in policy
  assert "http" not in policy and "*" not in policy
  (imports,) = re.findall(r'"importmap">(.*?)</script>', page)
  digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
  assert f"'sha256-{digest}'" in rules["script-src"]
  for name in web_page._PAGE:
    text = (_WEB / name).read_text()
    assert not re.findall(r"https?://(?!www\.w3\.org)", text), name


def _luminance(colour):
  """Relative luminance (WCAG 2.1)."""
  values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
  red, green, blue = (
    v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in values
  )
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_can_be_told_apart():
  """Contrast of text at least 4.5, of edges 3 (WCAG 2.1, 1.4.3, 1.4.11)."""
  text = (_WEB / "palette.css").read_text()
  schemes = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
  assert len(schemes) == 2
  for scheme in schemes:
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", scheme))
    for front, back, least in (
      ("ink", "paper", 4.5),
      ("soft", "paper", 4.5),
      ("soft", "wash", 4.5),
      ("bad", "paper", 4.5),
      ("on-accent", "accent", 4.5),
      ("edge", "paper", 3),
      ("edge", "wash", 3),
    ):
      one, two = sorted(_luminance(colours[name]) for name in (front, back))
      assert (two + 0.05) / (one + 0.05) >= least, (front, back)


if __name__ == "__main__":
  conftest.main(__file__)
