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
"""What makes the page an app that is installed without a store.

A manifest (W3C, "Web Application Manifest"), icons, and the list of files that
a browser keeps for days without a network, by version: the checksum of them
all, so that a folder that is exported again is a new version.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps

from official.cyclegan.core import files
from official.cyclegan.data import image_files

MANIFEST = "manifest.webmanifest"
OFFLINE = "offline_files.js"
ICON_SIZES = (192, 512)  # pixels, what Chromium asks for
_SHORT_NAME = 12  # characters that fit below an icon
_COLOR, _BACKGROUND = "#0b57b0", "#ffffff"  # palette.css's accent and paper
_DRAWN = ((200, 55, 45), (233, 139, 0))  # icon.svg's halves
_PICTURES = {
  "image/jpeg": [".jpg", ".jpeg"],
  "image/png": [".png"],
  "image/webp": [".webp"],
}


def manifest(title: str) -> dict[str, str]:
  """Returns the manifest's text, by its file's name.

  Other apps can share a picture with the app ("share_target"), and systems open
  pictures with it ("file_handlers").

  Args:
    title: The app's name.
  """
  icons: list[dict[str, str]] = [
    {
      "src": icon_name(size),
      "sizes": f"{size}x{size}",
      "type": "image/png",
      "purpose": purpose,
    }
    for size in ICON_SIZES
    # A picture to the edge may be cut to any shape.
    for purpose in ("any", "maskable")
  ]
  described: dict[str, Any] = {
    # No "id", which would be seen from the host and not from the folder: two
    # folders on one host are two apps.
    "name": title,
    "short_name": _short(title),
    "description": "Restyles pictures on this device. Nothing is uploaded.",
    "lang": "en",
    "dir": "ltr",
    "start_url": "./",
    "scope": "./",
    "display": "standalone",
    "theme_color": _COLOR,
    "background_color": _BACKGROUND,
    "categories": ["photo"],
    "icons": icons,
    "share_target": {
      "action": "share",
      "method": "POST",
      "enctype": "multipart/form-data",
      "params": {
        "files": [{"name": "picture", "accept": ["image/*"]}],
      },
    },
    "file_handlers": [{"action": "./", "accept": _PICTURES}],
    "launch_handler": {"client_mode": "navigate-existing"},
  }
  return {MANIFEST: json.dumps(described, indent=2, ensure_ascii=False) + "\n"}


def icon_name(size: int) -> str:
  """Returns the name of an icon's file.

  Args:
    size: Height and width, pixels.
  """
  return f"icon-{size}.png"


def write_icons(folder: str, paths: Iterable[str]) -> None:
  """Writes the icons: one domain's first sample beside the other's.

  Args:
    folder: The page's.
    paths: Files below it, among them the samples, `A_*.png` and `B_*.png`.

  Raises:
    OSError: If a file cannot be written.
    errors.UserError: The same, by the package's own writer.
  """
  halves = []
  names = sorted(paths)
  for domain, color in zip("AB", _DRAWN):
    found = [p for p in names if os.path.basename(p).startswith(f"{domain}_")]
    halves.append(_sample(folder, found) or PIL.Image.new("RGB", (1, 1), color))
  for size in ICON_SIZES:
    first, second = (
      PIL.ImageOps.fit(half, (size, size), PIL.Image.Resampling.LANCZOS)
      for half in halves
    )
    first.paste(
      second.crop((size // 2, 0, size, size)), (size // 2, 0, size, size)
    )
    path = os.path.join(folder, icon_name(size))
    image_files.write(path, np.asarray(first))


def write_offline_files(folder: str, later: Sequence[str]) -> None:
  """Writes what the service worker keeps, and the version of the folder.

  With the checksums of all files, as browsers take them: what is not of this
  version they refuse.

  Args:
    folder: The page's; all else is in it.
    later: Names of files and, with a slash at their end, folders that count for
      the version, but are kept only when the page has loaded them.

  Raises:
    errors.UserError: If the file cannot be written.
  """
  root = pathlib.Path(folder)
  digest = hashlib.sha256()
  kept, integrity = ["./"], {}
  for path in sorted(p for p in root.rglob("*") if p.is_file()):
    name = os.fsencode(path.relative_to(root).as_posix())
    checksum = files.sha256(path)
    digest.update(b"%s %s\n" % (name, checksum.encode()))
    url = urllib.parse.quote(name)
    encoded = base64.b64encode(bytes.fromhex(checksum)).decode()
    integrity[url] = f"sha256-{encoded}"
    if not name.startswith(tuple(os.fsencode(start) for start in later)):
      kept.append(url)
  described = {
    "version": digest.hexdigest()[:16],
    "files": kept,
    "integrity": integrity,
  }
  files.write_text(
    root / OFFLINE,
    f"self.OFFLINE_FILES = {json.dumps(described, indent=2)};\n",
    "output_dir",
  )


def _short(title: str) -> str:
  """Returns a name that fits below an icon."""
  name = title.split(":")[0].strip()
  if len(name) <= _SHORT_NAME:
    return name
  return name[: _SHORT_NAME - 1] + "…"


def _sample(folder: str, names: Sequence[str]) -> PIL.Image.Image | None:
  """Returns the first of the pictures, if there is one that can be read."""
  if not names:
    return None
  try:
    with PIL.Image.open(pathlib.Path(folder, names[0])) as picture:
      return picture.convert("RGB")
  except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
    return None  # the page says what it cannot show
