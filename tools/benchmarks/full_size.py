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
r"""Measures how pictures larger than a model's size are translated.

  python tools/benchmarks/full_size.py --output_dir=/tmp/full_size \
    --fruits=runs/fruits_1/export,runs/fruits_2/export,runs/fruits_3/export \
    --paintings=runs/paint_1/export,runs/paint_2/export,runs/paint_3/export

compares on the built-in problems, against the known truth, every value of
translate's --detail, and what it does not offer: tiles that keep all of the
picture's own detail, whatever export noted, and ways to get the statistics of
tiles, kernelised ones (Ho et al., "Ultra-high-resolution unpaired stain
transformation via Kernelized Instance Normalization", 2022) and those of the
picture's own pixels pooled. Writes quality.md, and sheets of the first seeds.
A run's own folder does as well as its export's, without export's notes.

  python tools/benchmarks/full_size.py --output_dir=/tmp/full_size \
    --seams=runs/fruits_42

compares tiles with one pass over the whole picture that has the same
statistics, and one with the picture's own, at borders of tiles and elsewhere;
and the two passes with each other, which have no borders.

  python tools/benchmarks/full_size.py --output_dir=/tmp/full_size \
    --cost=runs/mobile/export/g_AB.tflite --megapixels=1,4,12,25,50,100

lets translate work on pictures of so many pixels, with guided and tiles, and
writes cost.md, cost.json and a plot, cost.png: seconds, and the most memory
that the processes of one translation have together.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import child
import markdown_table
import numpy as np
import PIL.Image
import psutil
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import large_tests
from official.cyclegan.data import picture_strips
from official.cyclegan.evaluation import paired_metrics
from official.cyclegan.evaluation import sharpness
from official.cyclegan.scenes import scene_datasets
from official.cyclegan.serving import full_size_report
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import tiling

_OUTPUT = flags.DEFINE_string("output_dir", None, "Folder for the results.")
_FRUITS = flags.DEFINE_list(
  "fruits", [], "Runs on apple2orange_scenes, or their exports."
)
_PAINTINGS = flags.DEFINE_list(
  "paintings", [], "Runs on photo2painting_scenes, or their exports."
)
_SIZE = flags.DEFINE_integer("picture_size", 256, "Of the pictures compared.")
_PICTURES = flags.DEFINE_integer("pictures", 40, "How many are compared.")
_SEAMS = flags.DEFINE_string("seams", "", "A run, or a SavedModel.")
_COST = flags.DEFINE_string("cost", "", "A model that takes tiles.")
_MEGAPIXELS = flags.DEFINE_list(
  "megapixels", ["1", "4", "12", "25", "50", "100"], "Of the pictures timed."
)
_TEXTURE_SCALES = (0, 0.25)  # beside the default
_TIMED = {
  "guided": ("--detail=guided",),
  "tiles": ("--detail=tiles",),
  "tiles of every pixel": ("--detail=tiles", "--texture_scale=0"),
}
_PATCH_STEP = 0.5  # between patches of the kernelised statistics, of their size
_KERNEL = (1.0, 2.0, 1.0)  # over those patches, across and down
_NEAR = 2  # pixels on both sides of a tile's border
_SEAM_SCENES = 16
_POLL = 0.02  # seconds between looks at the memory

# From a picture, uint8, to its translation.
_Way = Callable[[np.ndarray], np.ndarray]


def main() -> None:
  """Does what the flags ask for."""
  if not _OUTPUT.value:
    raise errors.UserError("is missing: give a folder.", "output_dir")
  folder = pathlib.Path(_OUTPUT.value)
  folder.mkdir(parents=True, exist_ok=True)
  runs = {
    "apple2orange_scenes": _FRUITS.value,
    "photo2painting_scenes": _PAINTINGS.value,
  }
  if any(runs.values()):
    _compare(runs, folder)
  if _SEAMS.value:
    _compare_borders(_SEAMS.value, folder)
  if _COST.value:
    _measure_cost(_COST.value, folder)


def _compare(runs: dict[str, list[str]], folder: pathlib.Path) -> None:
  """Compares all ways with the truth, on all runs of each problem."""
  for problem, paths in runs.items():
    if not paths:
      continue
    images, truth = (
      np.stack(
        list(
          scene_datasets.draw_test(
            problem, domain, _SIZE.value, _PICTURES.value
          )
        )
      )
      for domain in "AB"
    )
    tests = large_tests.LargeTests(images, truth)
    found: dict[str, list[dict[str, float]]] = {}
    for path in paths:
      translator = image_translator.open_model(path, "AtoB")
      pictures = {
        name: np.stack([way(image) for image in images])
        for name, way in _ways(translator)
      }
      base = paired_metrics.l1(pictures["stretch"], truth)
      edges = sharpness.edge_l1(pictures["stretch"], truth)
      for name, made in pictures.items():
        found.setdefault(name, []).append(
          {
            "error / stretch": paired_metrics.l1(made, truth) / base,
            "sharpness": sharpness.sharpness(made, truth),
            "error at edges / stretch": sharpness.edge_l1(made, truth) / edges,
          }
        )
      if path == paths[0]:
        shown = {
          name: pictures[name]
          for name in ("stretch", "guided", "tiles", "native")
        }
        sheet = full_size_report.sheet(tests, shown)
        PIL.Image.fromarray(sheet).save(
          folder / f"full_size_{problem}.jpg", quality=85
        )
    rows = [
      [name, *(_spread([v[key] for v in values]) for key in values[0])]
      for name, values in found.items()
    ]
    table = markdown_table.table(["", *next(iter(found.values()))[0]], rows)
    text = f"{problem}, {len(paths)} runs\n\n{table}\n"
    (folder / f"quality_{problem}.md").write_text(text, encoding="utf-8")
    print(text)


def _spread(values: Sequence[float]) -> str:
  """Returns the mean, and the least and the greatest where they differ."""
  mean = f"{np.mean(values):.3f}"
  if len(values) == 1:
    return mean
  return f"{mean} ({min(values):.3f} to {max(values):.3f})"


def _ways(
  translator: image_translator.ImageTranslator,
) -> Iterator[tuple[str, _Way]]:
  """Yields what is compared: names, and functions of a picture."""
  yield "doing nothing", np.copy

  def translate(
    detail: str,
    texture_scale: float = command_config.TEXTURE_SCALE,
    model: image_translator.ImageTranslator = translator,
  ) -> _Way:
    return lambda image: image_translator.translate_image(
      model, image, detail, texture_scale=texture_scale
    )

  def with_patches(kernelized: bool) -> _Way:
    return lambda image: _with_patches(translator, image, kernelized)

  for way in full_size_report.ways(translator):
    yield way, translate(way)
  for scale in _TEXTURE_SCALES:
    name = f"tiles, texture_scale {scale:g}"
    yield name, translate(command_config.TILES, scale)
  if translator.own_detail < 1:
    whole = dataclasses.replace(translator, own_detail=1.0)
    all_of_it = translate(command_config.TILES, model=whole)
    yield "tiles, all of the picture's detail", all_of_it
  yield "tiles alone, kernelised statistics", with_patches(True)
  yield "tiles alone, pooled statistics", with_patches(False)


def _with_patches(
  translator: image_translator.ImageTranslator,
  image: np.ndarray,
  kernelized: bool,
) -> np.ndarray:
  """Translates with the statistics of patches of the model's own size."""
  tiles = translator.tiles
  assert tiles
  size = translator.size
  starts = [
    np.arange(0, max(n - size, 0) + 1, max(1, int(size * _PATCH_STEP)))
    for n in image.shape[:2]
  ]
  values = image[None].astype(np.float32) / 255.0
  table: np.ndarray = np.array(
    [
      [
        tiles.measure(values[:, y : y + size, x : x + size])[1]
        for x in starts[1]
      ]
      for y in starts[0]
    ]
  )  # [rows, columns, 1, 1, 2, length]
  pooled = table.mean(axis=(0, 1))
  # The variance of all is the mean of the variances and that of the means.
  pooled[:, :, 1] += table[..., 0, :].var(axis=(0, 1))
  smooth = _smoothed(table)

  def statistics(y: int, x: int) -> np.ndarray:
    if not kernelized:
      return pooled
    place = tuple(
      int(np.argmin(np.abs(s + size / 2 - at))) for s, at in zip(starts, (y, x))
    )
    return smooth[place]

  # Parts as large as the patches' steps, each with its own statistics.
  step = max(16, int(size * _PATCH_STEP))
  made = np.empty_like(image)
  height, width = image.shape[:2]
  for y in range(0, height, step):
    for x in range(0, width, step):
      whole = tiles.translate(
        _window(values, y, x, step, tiles.layout.margin),
        statistics(y + step // 2, x + step // 2),
      )
      m = tiles.layout.margin
      part = whole[0, m : m + step, m : m + step]
      part = part[: height - y, : width - x]
      made[y : y + step, x : x + step] = image_translator.to_levels(part)
  return made


def _window(
  values: np.ndarray, y: int, x: int, step: int, margin: int
) -> np.ndarray:
  """Returns a part with a margin, beyond the border by reflection."""
  indices = [
    _mirrored(np.arange(at - margin, at + step + margin), n)
    for at, n in zip((y, x), values.shape[1:3])
  ]
  return values[:, indices[0]][:, :, indices[1]]


def _mirrored(places: np.ndarray, length: int) -> np.ndarray:
  folded = np.mod(places, 2 * length)
  return np.where(folded < length, folded, 2 * length - 1 - folded)


def _smoothed(table: np.ndarray) -> np.ndarray:
  """Averages neighbouring patches' statistics."""
  for axis in (0, 1):
    edges = [(1, 1) if i == axis else (0, 0) for i in range(table.ndim)]
    padded = np.pad(table, edges, mode="edge")
    size = table.shape[axis]
    parts = [
      weight * padded.take(range(i, i + size), axis)
      for i, weight in enumerate(_KERNEL)
    ]
    table = np.sum(parts, axis=0) / sum(_KERNEL)
  return table


def _compare_borders(model: str, folder: pathlib.Path) -> None:
  """Compares tiles with one pass, at tiles' borders and elsewhere."""
  translator = image_translator.open_model(model, "AtoB")
  tiles = translator.tiles
  assert tiles
  size = 2 * tiles.layout.size
  rng = np.random.default_rng(0)
  scenes = scene_datasets.draw_test(
    "photo2painting_scenes", "A", size, _SEAM_SCENES
  )
  pictures = {
    "one colour": [np.full((size, size, 3), (180, 90, 40), np.uint8)],
    "noise": [rng.integers(0, 256, (size, size, 3), np.uint8)],
    # Shifted, for what scenes have in their middle is not a border's doing.
    f"{_SEAM_SCENES} scenes, shifted": [
      np.roll(scene, rng.integers(0, size, 2), (0, 1)) for scene in scenes
    ],
  }
  edges = np.zeros(size, bool)
  for part in tiling.parts(size, tiles.layout)[1:]:
    edges[part.kept.start - _NEAR : part.kept.start + _NEAR] = True
  near = edges[:, None] | edges[None]
  rows = []
  for name, several in pictures.items():
    differences: dict[str, np.ndarray] = {}
    for picture in several:
      for title, difference in _differences(translator, picture):
        differences[title] = differences.get(title, 0) + difference
    for title, difference in differences.items():
      difference = difference / len(several)
      inside, outside = difference[near].mean(), difference[~near].mean()
      ratio = inside / outside if outside > 1e-6 else 1.0
      rows.append(
        [name, title, f"{inside:.2g}", f"{outside:.2g}", f"{ratio:.3f}"]
      )
  headers = ["", "difference between", "at borders", "elsewhere", "ratio"]
  text = markdown_table.table(headers, rows) + "\n"
  (folder / "seams.md").write_text(text, encoding="utf-8")
  print(text)


def _differences(
  translator: image_translator.ImageTranslator, picture: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
  """Yields what ways differ by, `[height, width]`."""
  assert translator.tiles
  height, width = picture.shape[:2]
  _, _, statistics = image_translator.measure(translator, picture)
  strips = image_translator.translate_strips(
    translator, [picture], height, width, statistics
  )
  made = np.concatenate(list(strips))
  values = picture[None].astype(np.float32) / 255.0
  whole = translator.tiles.translate(values, statistics)[0]
  native = translator.translate(values)[0]
  # What one pass with the same statistics differs in has no borders: how it
  # is at these places, content makes it.
  for title, one, other in (
    ("tiles, the same statistics", made, whole),
    ("tiles, native", made, native),
    ("one pass, native", whole, native),
  ):
    yield title, np.abs(one - other).mean(axis=-1)


def _measure_cost(model: str, folder: pathlib.Path) -> None:
  """Times translations of pictures of several sizes, and plots them."""
  found: dict[str, dict[str, dict[str, float]]] = {}
  for megapixels in map(float, _MEGAPIXELS.value):
    path = folder / f"picture_{megapixels:g}.jpg"
    _write_picture(path, megapixels)
    for detail, options in _TIMED.items():
      entry = _run(model, path, folder / "made.jpg", options)
      found.setdefault(detail, {})[f"{megapixels:g}"] = entry
      print(megapixels, detail, entry, flush=True)
    path.unlink()
  text = json.dumps(found, indent=2) + "\n"
  (folder / "cost.json").write_text(text, encoding="utf-8")
  rows = []
  for detail, by_size in found.items():
    sizes = np.array([float(size) for size in by_size])
    seconds = np.array([entry["seconds"] for entry in by_size.values()])
    slope = np.polyfit(sizes, seconds, 1)[0] if len(sizes) > 1 else np.nan
    for size, entry in by_size.items():
      cells = [f"{entry[key]:.1f}" for key in entry]
      rows.append([detail, size, *cells, f"{slope:.2f}"])
  headers = [
    *("", "megapixels", "seconds", "processor seconds", "memory, MB"),
    "s a megapixel",
  ]
  table = markdown_table.table(headers, rows)
  (folder / "cost.md").write_text(table + "\n", encoding="utf-8")
  print(table)
  _plot(found, folder / "cost.png")


def _write_picture(path: pathlib.Path, megapixels: float) -> None:
  """Writes a picture of 4 by 3 with something to see, strip by strip."""
  width = round((megapixels * 1e6 * 4 / 3) ** 0.5 / 16) * 16
  height = width * 3 // 4
  scene = next(scene_datasets.draw_test("photo2painting_scenes", "A", 512, 1))

  def strips() -> Iterator[np.ndarray]:
    for top in range(0, height, 256):
      rows = np.arange(top, min(top + 256, height)) * 512 // height
      columns = np.arange(width) * 512 // width
      yield scene[rows][:, columns]

  if picture_strips.can_write(str(path)):
    picture_strips.write(str(path), strips(), height, width)
  else:
    image_files.write(str(path), np.concatenate(list(strips())))


def _run(
  model: str,
  path: pathlib.Path,
  target: pathlib.Path,
  options: tuple[str, ...],
) -> dict[str, float]:
  """Runs translate; returns its time and its processes' memory together."""
  started = time.perf_counter()
  cpu_before = child.processor_seconds()
  process = psutil.Popen(
    [
      *(sys.executable, "-m", "official.cyclegan.translate"),
      *(f"--model={model}", f"--input={path}", f"--output={target}"),
      *options,
      "--direction=AtoB",
      f"--max_pixels={1_000_000_000}",
    ],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.PIPE,
    env={**os.environ, "PYTHONPATH": str(pathlib.Path.cwd())},
  )
  most = 0
  while process.poll() is None:
    most = max(most, _memory(process))
    time.sleep(_POLL)
  seconds = time.perf_counter() - started
  if process.returncode:
    raise errors.UserError(process.stderr.read().decode().strip())
  cpu = child.processor_seconds() - cpu_before
  return {"seconds": seconds, "cpu_seconds": cpu, "memory_mb": most / 1e6}


def _memory(process: psutil.Popen) -> int:
  """Returns what a process and its children have in memory, bytes."""
  total = 0
  try:
    for part in [process, *process.children(recursive=True)]:
      total += part.memory_info().rss
  except psutil.NoSuchProcess:
    pass  # it has just ended
  return total


def _plot(
  found: dict[str, dict[str, dict[str, float]]], path: pathlib.Path
) -> None:
  """Draws seconds and memory by pixels."""
  import matplotlib

  matplotlib.use("Agg")
  import matplotlib.pyplot as plt

  figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
  for axis, key, label in zip(
    axes, ("seconds", "memory_mb"), ("seconds", "memory, MB")
  ):
    for detail, by_size in found.items():
      sizes = [float(size) for size in by_size]
      values = [entry[key] for entry in by_size.values()]
      axis.plot(sizes, values, marker="o", label=detail)
    axis.set_xlabel("megapixels")
    axis.set_ylabel(label)
    axis.set_xlim(left=0)
    axis.set_ylim(bottom=0)
    axis.legend()
  figure.tight_layout()
  figure.savefig(path, dpi=90)


if __name__ == "__main__":
  command.run(main)
