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
"""Writes the page that translates images in a browser, for any web server.

Beside the page lie the headers that a server should send with it, in the words
of some servers, and a bill of materials: what the folder is made of, by whom,
under which licence, with checksums.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shutil
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import tflite_child
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import web_app

SAMPLES = "samples"  # folder with an export's sample images
MODELS = "models"  # folder of the page with the .tflite files
LIST_NAME = "models.json"  # what the page asks for first
BILL_NAME = "sbom.cdx.json"  # as CycloneDX wants bills to be called
_SOURCE = pathlib.Path(__file__).absolute().parents[1] / "web"
_PAGE = (
  "index.html",
  "app.js",
  "backend_check.js",
  "camera_capture.js",
  "guided.js",
  "live_view.js",
  "model.js",
  "offline.js",
  "own_files.js",
  "palette.css",
  "pixels.js",
  "resize.js",
  "service_worker.js",
  "style.css",
  "translator.js",
  "icon.svg",
)
# LiteRT.js: files that npm installs, and where the page looks for them. The
# builds of WebAssembly for new browsers and for others; those for threads and
# for a graph divided between processors are not used.
_MODULES = _SOURCE / "node_modules" / "@litertjs"
_BUILDS = ("litert_wasm_internal", "litert_wasm_compat_internal")
_RUNTIME = {
  "core/dist/index.js": "litert/core.js",
  "wasm-utils/dist/bundle.js": "litert/wasm-utils.js",
  **{
    f"core/wasm/{build}.{ending}": f"litert/wasm/{build}.{ending}"
    for build in _BUILDS
    for ending in ("js", "wasm")
  },
}


def require_runtime() -> None:
  """Checks that LiteRT.js is installed.

  Raises:
    errors.UserError: If npm has not installed it yet.
  """
  missing = [name for name in _RUNTIME if not (_MODULES / name).is_file()]
  if missing:
    raise errors.UserError(
      f"LiteRT.js, which runs models in the browser, is missing ({missing[0]})."
      f" Install it once: npm ci --prefix {_SOURCE}"
    )


def write(folder: str, exported: str, app: bool = False) -> None:
  """Writes the page and all files that it loads.

  Args:
    folder: Is created. Any web server can serve it as it is.
    exported: A folder that `export` wrote, or one of its `.tflite` files.
    app: Whether browsers that have opened the page keep it for days without a
      network. Not for an address that shows another model the next time.

  Raises:
    errors.UserError: If there is no `.tflite` file of this package, LiteRT.js
      is missing, or the folder cannot be written.
  """
  description, copies = _describe(exported)
  require_runtime()
  try:
    for name in _PAGE:
      _copy(_SOURCE / name, folder, name)
    for name, target in _RUNTIME.items():
      _copy(_MODULES / name, folder, target)
    for source, target in copies.items():
      _copy(pathlib.Path(source), folder, target)
    web_app.write_icons(folder, copies.values())
    texts = {**server_files(), **web_app.manifest(description["title"])}
    for name, text in texts.items():
      pathlib.Path(folder, name).write_text(text, encoding="utf-8")
  except OSError as error:
    raise errors.UserError(
      f"the page cannot be written to {folder} ({error.strerror}). Free some"
      " space, or give another folder."
    ) from error
  description["app"] = app
  files.write_json(os.path.join(folder, LIST_NAME), description, "output_dir")
  # What a browser loads only in part is kept when it has loaded it.
  later = (*server_files(), f"{MODELS}/", "litert/wasm/")
  web_app.write_offline_files(folder, later)
  # Last: of all that is there.
  files.write_json(os.path.join(folder, BILL_NAME), _bill(folder), "output_dir")


@functools.cache
def headers() -> Mapping[str, str]:
  """Returns the headers that the page and all its files should be sent with.

  The policy is that of the page itself, and forbids frames as well, which only
  a header can. No other page may put this one into a frame, use its files,
  guess types or get referrers.
  """
  page = (_SOURCE / "index.html").read_text(encoding="utf-8")
  (policy,) = re.findall(r'-Security-Policy" content="([^"]+)"', page)
  return {
    "Content-Security-Policy": f"{policy}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
  }


def server_files() -> dict[str, str]:
  """Returns, by name, what tells some web servers to send the headers.

  `_headers` is for the hosts of static sites that read it, `.htaccess` for
  Apache, `nginx.conf` to be included in a server of nginx.
  """
  pairs = headers().items()
  hosts = "".join(f"  {name}: {value}\n" for name, value in pairs)
  apache = "".join(f'Header always set {n} "{v}"\n' for n, v in pairs)
  nginx = "".join(f'add_header {n} "{v}" always;\n' for n, v in pairs)
  return {
    "_headers": f"/*\n{hosts}",
    ".htaccess": (
      "Options -Indexes -FollowSymLinks\nAddType application/wasm .wasm\n"
      f"{apache}"
    ),
    "nginx.conf": (
      "# Inside of server { ... }; nginx's mime.types has to know wasm.\n"
      f"autoindex off;\ndisable_symlinks on;\n{nginx}"
    ),
  }


def _bill(folder: str) -> dict[str, Any]:
  """Returns the bill of materials of a page, in CycloneDX 1.5.

  Without a date or a number of its own: the same folder has the same bill.
  """
  root = pathlib.Path(folder)
  lock = json.loads((_SOURCE / "package-lock.json").read_text("utf-8"))
  own, models = [], []
  parts: dict[str, list[dict[str, Any]]] = {}
  places = {target: name.split("/")[0] for name, target in _RUNTIME.items()}
  for path in sorted(p for p in root.rglob("*") if p.is_file()):
    name = path.relative_to(root).as_posix()
    entry = {
      "type": "file",
      "name": os.fsencode(name).decode("utf-8", "backslashreplace"),
      "hashes": [{"alg": "SHA-256", "content": files.sha256(path)}],
    }
    if name in places:
      parts.setdefault(places[name], []).append(entry)
    elif name.startswith(f"{MODELS}/"):
      models.append({**entry, "type": "machine-learning-model"})
    elif name != BILL_NAME:
      own.append(entry)
  libraries = []
  for part, found in sorted(parts.items()):
    locked = lock["packages"][f"node_modules/@litertjs/{part}"]
    libraries.append(
      {
        "type": "library",
        "name": f"@litertjs/{part}",
        "version": locked["version"],
        "purl": f"pkg:npm/%40litertjs/{part}@{locked['version']}",
        "licenses": [{"license": {"id": locked["license"]}}],
        "components": found,
      }
    )
  page = {
    "type": "application",
    "name": lock["packages"][""]["name"],
    "licenses": [{"license": {"id": lock["packages"][""]["license"]}}],
    "components": own,
  }
  return {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {"component": page},
    "components": [*libraries, *models],
  }


def _copy(source: pathlib.Path, folder: str, target: str) -> None:
  path = pathlib.Path(folder, target)
  path.parent.mkdir(parents=True, exist_ok=True)
  shutil.copyfile(source, path)


def _describe(exported: str) -> tuple[dict[str, Any], dict[str, str]]:
  """Returns the content of `models.json`, and by source the files to copy."""
  found = model_path.locate(exported)
  if not found.tflite_files:
    raise errors.UserError(
      "holds no .tflite file. Give a folder that export wrote, or one of its"
      " .tflite files.",
      "model",
      exported,
    )
  single = found.kind is model_path.Kind.TFLITE
  folder = os.path.dirname(exported) if single else exported
  directions: dict[str, dict[str, Any]] = {}
  copies = {}
  for path, spec in _specs(exported, found.tflite_files).items():
    entry = _describe_file(path, spec)
    copies[path] = f"{MODELS}/{os.path.basename(path)}"
    entry["path"] = _url(copies[path])
    described = directions.setdefault(
      spec.direction, {"files": [], "samples": []}
    )
    described["files"].append(entry)
  for direction, described in directions.items():
    described["files"].sort(key=_place)
    described["detail"] = image_translator.best_detail(exported, direction)
    for path in _samples(folder, direction[0]):
      copies[path] = f"{SAMPLES}/{os.path.basename(path)}"
      described["samples"].append(_url(copies[path]))
  ordered = {d: directions[d] for d in sorted(directions)}
  return {"title": _title(folder), "directions": ordered}, copies


def _url(target: str) -> str:
  """Returns a file's place as the page asks for it: a # is part of the name."""
  return urllib.parse.quote(os.fsencode(target))


def _place(entry: dict[str, Any]) -> int:
  """Returns where a file comes in the page's list: float32 first."""
  return config_lib.QUANTIZATIONS.index(entry["quantization"])


def _specs(
  exported: str, paths: Sequence[str]
) -> dict[str, tflite_file.SignatureSpec]:
  """Returns what files take and give, by path."""
  try:
    return tflite_child.read_specs(paths)
  except tflite_child.ModelError as error:
    raise errors.UserError(
      f"holds what is not a .tflite file of this package ({error}). Export the"
      " model again.",
      "model",
      exported,
    ) from error


def quantization_of(path: str) -> str:
  """Returns the kind of a `.tflite` file, which its name says.

  Args:
    path: As `export` calls it.

  Returns:
    One of `config.QUANTIZATIONS`.
  """
  stem = pathlib.Path(path).stem
  return next(
    (q for q in config_lib.QUANTIZATIONS if stem.endswith(f"_{q}")), "float32"
  )


def _describe_file(
  path: str, spec: tflite_file.SignatureSpec
) -> dict[str, Any]:
  """Returns a file's entry in `models.json`."""
  return {
    "quantization": quantization_of(path),
    "bytes": os.path.getsize(path),
    "sizes": spec.sizes,
    "channels": spec.channels,
    "io": spec.io,
  }


def _samples(folder: str, domain: str) -> list[str]:
  """Returns the sample images of a domain, if an export has some.

  No links: a stranger's could lead to any file of this machine.
  """
  samples = pathlib.Path(folder, SAMPLES)
  if samples.is_symlink():
    return []
  return sorted(
    str(path)
    for path in samples.glob(f"{domain}_*.png")
    if path.is_file() and not path.is_symlink()
  )


def _title(folder: str) -> str:
  """Returns the page's title."""
  try:
    trained_on = files.read_json(
      os.path.join(folder, model_path.EXPORT_NAME),
      "Export again.",
      lambda report: files.text(report["trained_on"]),
    )
  except (OSError, errors.UserError):
    return "Style transfer on this device"
  return f"{trained_on}: style transfer on this device"
