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
"""Packs people's pictures into TFRecords, and shows what will be trained on.

The result is a folder that `tfds.builder_from_directory` reads, and so does
`--dataset`. It is made in a folder beside it, `NAME.partial`, and renamed once
everything is there: what has the name is whole, and what was finished before an
interruption is not made again.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import io
import json
import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import tensorflow as tf
import tensorflow_datasets as tfds
import tqdm

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.data import preprocessing
from official.cyclegan.data import sources
from official.cyclegan.modeling import diffaugment
from official.cyclegan.training import progress_grid

REPORT_NAME = "report.json"
TABLE_NAME = "report.md"
SHEET_NAME = "contact_sheet.png"
_PLAN_NAME = "plan.json"
_PARTIAL = ".partial"
_TFDS_NAME = "pictures"
_FEATURES = {
  "image": tfds.features.Image(shape=(None, None, 3)),
  "label": tfds.features.ClassLabel(names=list(folders.DOMAINS)),
  "name": tfds.features.Text(),
}
_SHEET_COLUMNS, _SHEET_ROWS, _SHEET_TILE = 6, 6, 96  # pictures, pixels
_SHEET_MARGIN, _SHEET_HEADING = 16, 24  # pixels
_PREVIEW_IMAGES, _PREVIEW_DRAWS = 4, 5  # of each domain; of each picture


def write(
  found: dataset_audit.Survey,
  summary: dict[str, Any],
  config: config_lib.DataConfig,
  output_dir: str,
  shard_bytes: int,
) -> None:
  """Writes the pictures as TFRecords, or completes what was begun.

  Upright grey and colour JPEGs are taken over byte by byte; everything else
  becomes PNG, decoded as `image_files.read` does.

  Args:
    found: From `dataset_audit.survey`.
    summary: From `dataset_audit.report`.
    config: `background`.
    output_dir: The folder to make. Gets TFRecords, what TFDS needs to know of
      them, `report.json`, `report.md` and `contact_sheet.png`.
    shard_bytes: About how large a file of records gets, bytes.

  Raises:
    errors.UserError: If the folder holds something else, or cannot be written.
  """
  if "://" in output_dir:
    raise errors.UserError(
      f"--output_dir={output_dir}: prepare writes to this machine only, where"
      " it can rename what is complete. Give a local folder, and copy that."
    )
  shards = _plan(found.pictures, shard_bytes)
  plan = _fingerprint(found.pictures, config, shard_bytes)
  output = pathlib.Path(output_dir)
  partial = output.with_name(output.name + _PARTIAL)
  if output.exists() and (not output.is_dir() or any(output.iterdir())):
    if _read(output / _PLAN_NAME) == plan:
      print(f"{output_dir} holds these pictures already.")
      return
    raise errors.UserError(
      f"--output_dir={output_dir} holds something else. Remove it, or give"
      " another folder."
    )
  if partial.exists() and _read(partial / _PLAN_NAME) != plan:
    shutil.rmtree(partial)  # begun with other pictures or options
  files.make_folder(str(partial), "output_dir")
  files.write_text(partial / _PLAN_NAME, plan, "output_dir")
  try:
    _write_shards(shards, config.background, partial)
    _write_metadata(shards, partial)
    _contact_sheet(found.pictures, config.background).save(partial / SHEET_NAME)
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    files.write_text(partial / REPORT_NAME, text, "output_dir")
    files.write_text(
      partial / TABLE_NAME, dataset_audit.table(summary), "output_dir"
    )
    os.replace(partial, output)
  except (OSError, tf.errors.OpError) as error:
    raise errors.UserError(
      f"--output_dir={output_dir} cannot be written"
      f" ({errors.first_line(error)}). Free some space and give the same"
      " command again: it goes on where it was."
    ) from error


def preview(config: config_lib.Config) -> np.ndarray:
  """Shows what the networks will see.

  Args:
    config: The resolved configuration; its data set may be of any kind.

  Returns:
    uint8 `[height, width, channels]`: a row for each of four training pictures
    of A, then of B. First the picture as an evaluation would see it, then five
    random draws as the generators see it; with `diffaugment` two of these
    again, as the discriminators do.
  """
  source = sources.open_source(config.data, config.model.channels)
  multiple = config_checks.SIZE_MULTIPLES[config.model.generator_type]
  rows = []
  for i, split in enumerate(("trainA", "trainB")):
    for j, image in enumerate(source.images(split).take(_PREVIEW_IMAGES)):
      scaled = preprocessing.scale(image, config.data, multiple)
      draws = [
        preprocessing.augment(
          scaled,
          tf.constant([config.train.seed, 1000 * i + 10 * j + k], tf.int64),
          config.data,
        )
        for k in range(_PREVIEW_DRAWS)
      ]
      if config.train.augment == "diffaugment":
        draws += [
          diffaugment.diffaugment(
            draw[tf.newaxis], tf.constant([config.train.seed, k], tf.int64)
          )[0]
          for k, draw in enumerate(draws[:2])
        ]
      shown = [source.prepare(image, config.data.crop_size), *draws]
      rows.append([preprocessing.network_to_uint8(s).numpy() for s in shown])
  sizes = [image.shape[:2] for row in rows for image in row]
  height, width = np.max(sizes, axis=0)
  return progress_grid.grid(
    [[_on_white(image, height, width) for image in row] for row in rows]
  )


def _on_white(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Returns an image in the upper left of a larger white one."""
  sides = [(0, height - image.shape[0]), (0, width - image.shape[1]), (0, 0)]
  return np.pad(image, sides, constant_values=255)


def _plan(
  pictures: Sequence[dataset_audit.Picture], shard_bytes: int
) -> dict[str, list[list[dataset_audit.Picture]]]:
  """Divides each split's pictures among files, shuffled by their digests."""
  plan = {}
  for split in sources.SPLITS:
    own = sorted(
      (p for p in pictures if p.split == split),
      key=lambda p: (p.digest, p.path),
    )
    total = sum(os.path.getsize(p.path) for p in own)
    count = min(len(own), max(1, round(total / shard_bytes)))
    plan[split] = [own[i::count] for i in range(count)]
  return plan


def _fingerprint(
  pictures: Sequence[dataset_audit.Picture],
  config: config_lib.DataConfig,
  shard_bytes: int,
) -> str:
  """Returns what makes the result, as JSON."""
  digest = hashlib.sha256()
  for p in pictures:
    digest.update(
      f"{p.split}\0{os.path.basename(p.path)}\0{p.digest}\n".encode(
        "utf-8", "surrogateescape"
      )
    )
  values = {
    "pictures": digest.hexdigest(),
    "background": config.background,
    "shard_bytes": shard_bytes,
  }
  return json.dumps(values, indent=2) + "\n"


def _read(path: pathlib.Path) -> str | None:
  try:
    return path.read_text(encoding="utf-8")
  except OSError:
    return None


def _shard_name(split: str, i: int, count: int) -> str:
  """Returns a file's name by TFDS's rule."""
  return f"{_TFDS_NAME}-{split}.tfrecord-{i:05d}-of-{count:05d}"


def _write_shards(
  shards: dict[str, list[list[dataset_audit.Picture]]],
  background: str,
  folder: pathlib.Path,
) -> None:
  """Writes the files that are not there yet, several at a time."""
  missing = [
    (folder / _shard_name(split, i, len(parts)), pictures)
    for split, parts in shards.items()
    for i, pictures in enumerate(parts)
    if not (folder / _shard_name(split, i, len(parts))).exists()
  ]
  total = sum(len(pictures) for _, pictures in missing)
  with tqdm.tqdm(total=total, unit="image", desc="write") as bar:

    def write_one(
      job: tuple[pathlib.Path, list[dataset_audit.Picture]],
    ) -> None:
      path, pictures = job
      begun = path.with_name(path.name + _PARTIAL)
      with tf.io.TFRecordWriter(str(begun)) as writer:
        for picture in pictures:
          writer.write(_example(picture, background))
          bar.update()
      os.replace(begun, path)

    with concurrent.futures.ThreadPoolExecutor() as pool:
      for _ in pool.map(write_one, missing):
        pass


def _example(picture: dataset_audit.Picture, background: str) -> bytes:
  """Returns a picture's record."""
  if picture.info.plain:
    contents = pathlib.Path(picture.path).read_bytes()
  else:
    memory = io.BytesIO()
    image = image_files.read(picture.path, background)
    PIL.Image.fromarray(image).save(memory, "PNG")
    contents = memory.getvalue()
  name = os.fsencode(os.path.basename(picture.path))
  feature = {
    "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[contents])),
    "label": tf.train.Feature(
      int64_list=tf.train.Int64List(
        value=[folders.DOMAINS.index(picture.domain)]
      )
    ),
    "name": tf.train.Feature(bytes_list=tf.train.BytesList(value=[name])),
  }
  return tf.train.Example(
    features=tf.train.Features(feature=feature)
  ).SerializeToString()


def _write_metadata(
  shards: dict[str, list[list[dataset_audit.Picture]]], folder: pathlib.Path
) -> None:
  """Writes what TFDS needs to know of the records."""
  for begun in folder.glob(f"*{_PARTIAL}"):
    begun.unlink()
  template = tfds.core.ShardedFileTemplate(
    data_dir=folder, dataset_name=_TFDS_NAME, filetype_suffix="tfrecord"
  )
  splits = [
    tfds.core.SplitInfo(
      name=split,
      shard_lengths=[len(pictures) for pictures in parts],
      num_bytes=sum(
        (folder / _shard_name(split, i, len(parts))).stat().st_size
        for i in range(len(parts))
      ),
      filename_template=template.replace(split=split),
    )
    for split, parts in shards.items()
  ]
  tfds.folder_dataset.write_metadata(
    data_dir=folder,
    features=_FEATURES,
    split_infos=splits,
    filename_template=template,
    check_data=False,
    description="Pictures of two domains, packed by official.cyclegan.prepare.",
    supervised_keys=("image", "label"),
  )


def _contact_sheet(
  pictures: Sequence[dataset_audit.Picture], background: str
) -> PIL.Image.Image:
  """Returns up to 36 training pictures of each domain, side by side."""
  panel = _SHEET_COLUMNS * _SHEET_TILE
  height = _SHEET_HEADING + _SHEET_ROWS * _SHEET_TILE + _SHEET_MARGIN
  sheet = PIL.Image.new("RGB", (2 * panel + 3 * _SHEET_MARGIN, height), "white")
  draw = PIL.ImageDraw.Draw(sheet)
  for i, domain in enumerate(folders.DOMAINS):
    own = [p for p in pictures if p.split == f"train{domain}"]
    left = _SHEET_MARGIN + i * (panel + _SHEET_MARGIN)
    draw.text(
      (left, 6), f"{domain}: {len(own)} training pictures", fill="black"
    )
    shown = min(len(own), _SHEET_COLUMNS * _SHEET_ROWS)
    # Evenly over the whole pile, whatever order its names are in.
    for k in range(shown):
      picture = own[k * len(own) // shown]
      image = PIL.Image.fromarray(image_files.read(picture.path, background))
      image.thumbnail((_SHEET_TILE - 2, _SHEET_TILE - 2))
      row, column = divmod(k, _SHEET_COLUMNS)
      sheet.paste(
        image,
        (left + column * _SHEET_TILE, _SHEET_HEADING + row * _SHEET_TILE),
      )
  return sheet
