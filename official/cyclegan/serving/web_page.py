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
"""The page that translates pictures in a browser, as a folder for any host."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
from typing import Any

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.serving import tflite_file

SAMPLES = "samples"  # folder with an export's sample pictures
_SOURCE = pathlib.Path(__file__).absolute().parents[1] / "web"
_PAGE = ("index.html", "app.js", "resize.js", "style.css", "icon.svg")
# LiteRT.js: what npm installs, and where the page looks for it. The builds of
# WebAssembly for new browsers and for others; those for threads and for a graph
# divided between processors are not used.
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
  """Refuses to go on without LiteRT.js.

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
  """Writes the page and all that it loads.

  Args:
    folder: Is created. It can be put on any web server as it is.
    exported: A folder that `export` wrote, or one of its `.tflite` files.

  Raises:
    errors.UserError: If there is no `.tflite` file of this package, LiteRT.js
      is missing, or the folder cannot be written.
  """
  require_runtime()
  description, files = _describe(exported)
  try:
    for name in _PAGE:
      _copy(_SOURCE / name, folder, name)
    for name, target in _RUNTIME.items():
      _copy(_MODULES / name, folder, target)
    for source, target in files.items():
      _copy(pathlib.Path(source), folder, target)
    pathlib.Path(folder, "models.json").write_text(
      json.dumps(description, indent=2) + "\n", encoding="utf-8"
    )
  except OSError as error:
    raise errors.UserError(
      f"the page cannot be written to {folder} ({error.strerror}). Free some"
      " space, or give another folder."
    ) from error


def _copy(source: pathlib.Path, folder: str, target: str) -> None:
  path = pathlib.Path(folder, target)
  path.parent.mkdir(parents=True, exist_ok=True)
  shutil.copyfile(source, path)


def _describe(exported: str) -> tuple[dict[str, Any], dict[str, str]]:
  """Returns what the page is told, and the files to be copied where."""
  folder = exported
  names = sorted(os.listdir(exported)) if os.path.isdir(exported) else []
  if os.path.isfile(exported):
    folder, name = os.path.split(exported)
    names = [name]
  directions: dict[str, dict[str, Any]] = {}
  files = {}
  for name in names:
    if name.endswith(".tflite"):
      path = os.path.join(folder, name)
      direction, entry = _describe_file(path)
      entry["path"] = f"models/{name}"
      files[path] = entry["path"]
      found = directions.setdefault(direction, {"files": [], "samples": []})
      found["files"].append(entry)
  if not directions:
    raise errors.UserError(
      f"--model={exported} holds no .tflite file. Give a folder that export"
      " wrote, or one of its .tflite files."
    )
  for direction, found in directions.items():
    found["files"].sort(key=_place)
    for path in _samples(folder, direction[0]):
      target = f"{SAMPLES}/{os.path.basename(path)}"
      files[path] = target
      found["samples"].append(target)
  ordered = {d: directions[d] for d in sorted(directions)}
  return {"title": _title(folder), "directions": ordered}, files


def _place(entry: dict[str, Any]) -> int:
  return config_lib.QUANTIZATIONS.index(entry["quantization"])


def _describe_file(path: str) -> tuple[str, dict[str, Any]]:
  """Returns a file's direction, and what the page needs to know of it."""
  try:
    interpreter = tflite_file.open_interpreter(path)
    spec = tflite_file.signature_spec(interpreter)
  except (ValueError, RuntimeError) as error:
    raise errors.UserError(
      f"--model: {path} is no .tflite file of this package"
      f" ({errors.first_line(error)}). Export the model again."
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
  """Returns the sample pictures of a domain, if an export has some."""
  paths = pathlib.Path(folder, SAMPLES).glob(f"{domain}_*.png")
  return sorted(str(path) for path in paths)


def _title(folder: str) -> str:
  """Returns what the page is called."""
  try:
    text = pathlib.Path(folder, config_file.EXPORT_NAME).read_text("utf-8")
    return f"{json.loads(text)['trained_on']}: style transfer on this device"
  except (OSError, ValueError, KeyError, TypeError):
    return "Style transfer on this device"
