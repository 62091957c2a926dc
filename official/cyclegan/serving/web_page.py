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
"""Writes the page that translates images in a browser, for any web server."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
from typing import Any

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import model_path
from official.cyclegan.serving import tflite_file

SAMPLES = "samples"  # folder with an export's sample images
_SOURCE = pathlib.Path(__file__).absolute().parents[1] / "web"
_PAGE = ("index.html", "app.js", "resize.js", "style.css", "icon.svg")
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


def write(folder: str, exported: str) -> None:
  """Writes the page and all files that it loads.

  Args:
    folder: Is created. Any web server can serve it as it is.
    exported: A folder that `export` wrote, or one of its `.tflite` files.

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
  except OSError as error:
    raise errors.UserError(
      f"the page cannot be written to {folder} ({error.strerror}). Free some"
      " space, or give another folder."
    ) from error
  with files.writing(os.path.join(folder, "models.json")) as partial:
    text = json.dumps(description, indent=2) + "\n"
    pathlib.Path(partial).write_text(text, encoding="utf-8")


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
  directions: dict[str, dict[str, list[Any]]] = {}
  copies = {}
  for path in found.tflite_files:
    direction, entry = _describe_file(path)
    entry["path"] = copies[path] = f"models/{os.path.basename(path)}"
    described = directions.setdefault(direction, {"files": [], "samples": []})
    described["files"].append(entry)
  for direction, described in directions.items():
    described["files"].sort(key=_place)
    for path in _samples(folder, direction[0]):
      copies[path] = f"{SAMPLES}/{os.path.basename(path)}"
      described["samples"].append(copies[path])
  ordered = {d: directions[d] for d in sorted(directions)}
  return {"title": _title(folder), "directions": ordered}, copies


def _place(entry: dict[str, Any]) -> int:
  """Returns where a file comes in the page's list: float32 first."""
  return config_lib.QUANTIZATIONS.index(entry["quantization"])


def _describe_file(path: str) -> tuple[str, dict[str, Any]]:
  """Returns a file's direction, and its entry in `models.json`."""
  try:
    interpreter = tflite_file.open_interpreter(path)
    spec = tflite_file.signature_spec(interpreter)
  except (ValueError, RuntimeError) as error:
    raise errors.UserError(
      f": {path} is not a .tflite file of this package"
      f" ({errors.first_line(error)}). Export the model again.",
      "model",
    ) from error
  stem = pathlib.Path(path).stem
  quantization = next(
    (q for q in config_lib.QUANTIZATIONS if stem.endswith(f"_{q}")), "float32"
  )
  return spec.direction, {
    "quantization": quantization,
    "bytes": os.path.getsize(path),
    "sizes": spec.sizes,
    "channels": spec.channels,
    "io": spec.io,
  }


def _samples(folder: str, domain: str) -> list[str]:
  """Returns the sample images of a domain, if an export has some."""
  paths = pathlib.Path(folder, SAMPLES).glob(f"{domain}_*.png")
  return sorted(str(path) for path in paths)


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
