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
"""The odd files that people have among their pictures, made anew."""

from __future__ import annotations

import io
import os
import pathlib
import struct
import zlib

import numpy as np
import PIL.Image

from tests import conftest

BACKGROUND, BACKGROUND_NAME = (32, 192, 255), "#20c0ff"


def _array(height: int = 21, width: int = 34) -> np.ndarray:
  rng = np.random.default_rng(7)
  image = conftest.smooth_picture(rng, height, width).astype(int)
  return np.clip(image + rng.integers(-9, 9, image.shape), 0, 255).astype("u1")


def _saved(picture: PIL.Image.Image, kind: str, **options) -> bytes:
  contents = io.BytesIO()
  picture.save(contents, kind, **options)
  return contents.getvalue()


def _huge_png() -> bytes:
  """A PNG whose header promises 30,000 x 30,000 pixels."""

  def chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check

  header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
  return (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", header)
    + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    + chunk(b"IEND", b"")
  )


def _over(rgba: np.ndarray) -> np.ndarray:
  """Alpha compositing in floating point, over `BACKGROUND`."""
  alpha = rgba[..., 3:] / 255.0
  return rgba[..., :3] * alpha + np.array(BACKGROUND) * (1.0 - alpha)


def write_good(folder: pathlib.Path) -> dict[str, tuple[np.ndarray, float]]:
  """Writes files that hold a picture, whatever they look like.

  Returns:
    By name: what they show, `[height, width, 3]`, and how far off it may be.
  """
  rgb = _array()
  picture = PIL.Image.fromarray(rgb)
  grey = picture.convert("L")
  grey_rgb = np.repeat(np.asarray(grey)[..., None], 3, -1)
  deep = (np.asarray(grey).astype(np.uint16) << 8) + 201
  alpha = (
    np.linspace(0, 255, grey.width).astype("u1")[None].repeat(grey.height, 0)
  )
  rgba = np.concatenate([rgb, alpha[..., None]], -1)
  palette = picture.quantize(16)
  cmyk = picture.convert("CMYK")
  cmyk_jpeg = _saved(cmyk, "JPEG", quality=95)
  jpeg = _saved(picture, "JPEG", quality=95)
  as_jpeg = np.asarray(PIL.Image.open(io.BytesIO(jpeg)))
  others = [PIL.Image.fromarray(255 - rgb), PIL.Image.fromarray(rgb // 2)]
  clear = palette.copy()
  clear.info["transparency"] = 3
  indices = np.asarray(palette)
  seen_through = np.asarray(palette.convert("RGB")).copy()
  seen_through[indices == 3] = BACKGROUND
  good: dict[str, tuple[bytes, np.ndarray, float]] = {
    "plain.jpg": (jpeg, as_jpeg, 0),
    "progressive.jpg": (
      _saved(picture, "JPEG", quality=95, progressive=True),
      as_jpeg,
      0,
    ),
    "grey.jpg": (_saved(grey, "JPEG", quality=100), grey_rgb, 3),
    "cmyk.jpg": (
      cmyk_jpeg,
      np.asarray(PIL.Image.open(io.BytesIO(cmyk_jpeg)).convert("RGB")),
      0,
    ),
    "plain.png": (_saved(picture, "PNG"), rgb, 0),
    "grey.png": (_saved(grey, "PNG"), grey_rgb, 0),
    "bilevel.png": (
      _saved(grey.convert("1"), "PNG"),
      np.asarray(grey.convert("1").convert("RGB")),
      0,
    ),
    "palette.png": (
      _saved(palette, "PNG"),
      np.asarray(palette.convert("RGB")),
      0,
    ),
    "palette_transparent.png": (
      _saved(clear, "PNG", transparency=3),
      seen_through,
      0,
    ),
    "alpha.png": (_saved(PIL.Image.fromarray(rgba), "PNG"), _over(rgba), 1),
    "16_bit.png": (_saved(PIL.Image.fromarray(deep), "PNG"), grey_rgb, 0),
    "16_bit.tif": (_saved(PIL.Image.fromarray(deep), "TIFF"), grey_rgb, 0),
    "8_bit.tiff": (_saved(picture, "TIFF", compression="tiff_lzw"), rgb, 0),
    "plain.bmp": (_saved(picture, "BMP"), rgb, 0),
    "plain.dib": (_saved(picture, "DIB"), rgb, 0),
    "plain.webp": (_saved(picture, "WEBP", lossless=True), rgb, 0),
    "animated.gif": (
      _saved(palette, "GIF", save_all=True, append_images=others),
      np.asarray(palette.convert("RGB")),
      0,
    ),
    "animated.webp": (
      _saved(
        picture, "WEBP", save_all=True, append_images=others, lossless=True
      ),
      rgb,
      0,
    ),
    "png_in_truth.jpg": (_saved(picture, "PNG"), rgb, 0),
    "jpeg_in_truth.PNG": (jpeg, as_jpeg, 0),
    "one_pixel.png": (
      _saved(picture.crop((0, 0, 1, 1)), "PNG"),
      rgb[:1, :1],
      0,
    ),
    "Ünï cödé 🍎 and spaces.png": (_saved(picture, "PNG"), rgb, 0),
  }
  turns = {  # EXIF 2.32, table 6: where row 0 and column 0 of the file are
    1: rgb,
    2: rgb[:, ::-1],
    3: rgb[::-1, ::-1],
    4: rgb[::-1],
    5: rgb.transpose(1, 0, 2),
    6: rgb.transpose(1, 0, 2)[:, ::-1],
    7: rgb.transpose(1, 0, 2)[::-1, ::-1],
    8: rgb.transpose(1, 0, 2)[::-1],
  }
  for orientation, shown in turns.items():
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    name = f"exif_{orientation}"
    good[f"{name}.png"] = (_saved(picture, "PNG", exif=exif), shown, 0)
    contents = _saved(picture, "JPEG", quality=95, exif=exif)
    good[f"{name}.jpg"] = (contents, shown, 40)
  exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40
  good["broken_exif.jpg"] = (_saved(picture, "JPEG", exif=exif), rgb, 40)
  for name, (contents, _, _) in good.items():
    (folder / name).write_bytes(contents)
  os.symlink(folder / "plain.png", folder / "link.png")
  (folder / "folder.jpg").mkdir()
  (folder / "folder.jpg" / "inside.png").write_bytes(_saved(picture, "PNG"))
  expected = {name: (shown, off) for name, (_, shown, off) in good.items()}
  expected["link.png"] = expected["folder.jpg/inside.png"] = (rgb, 0)
  return expected


def write_bad(folder: pathlib.Path) -> dict[str, str]:
  """Writes files that hold no picture; returns a word of each refusal."""
  picture = PIL.Image.fromarray(_array())
  halves = {
    "half.jpg": ("JPEG", {"quality": 95}),
    "half_progressive.jpg": ("JPEG", {"progressive": True}),
    "half.png": ("PNG", {}),
    "half.gif": ("GIF", {}),
    "half.webp": ("WEBP", {"lossless": True}),
    "half.tif": ("TIFF", {}),
    "half.bmp": ("BMP", {}),
  }
  for name, (kind, options) in halves.items():
    whole = _saved(picture, kind, **options)
    (folder / name).write_bytes(whole[: len(whole) // 2])
  (folder / "empty.jpg").write_bytes(b"")
  (folder / "text.png").write_text("This is no picture.", encoding="utf-8")
  (folder / "zeros.jpg").write_bytes(bytes(5000))
  (folder / "huge.png").write_bytes(_huge_png())
  floats = PIL.Image.fromarray(np.full((4, 4), 0.5, np.float32))
  (folder / "float.tif").write_bytes(_saved(floats, "TIFF"))
  os.symlink(folder / "loop.jpg", folder / "loop.jpg")
  os.symlink(folder / "nowhere.jpg", folder / "dangling.jpg")
  return {
    **dict.fromkeys(halves, "cannot be read"),
    "empty.jpg": "the file is empty",
    "text.png": "it holds no image",
    "zeros.jpg": "it holds no image",
    "huge.png": "900000000 pixels",
    "float.tif": "no fixed range",
    "loop.jpg": "symbolic links",
    "dangling.jpg": "No such file",
  }
