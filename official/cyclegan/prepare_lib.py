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
"""Packs image folders into TFRecords for TFDS; previews of training pictures.

The result is a folder that `tfds.builder_from_directory` reads, and so does
`--dataset`. It is made in a folder beside it, `NAME.partial`, and renamed once
everything is there: what has the name is whole, and what was finished before an
interruption is not made again.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import hashlib
import io
import json
import os
import pathlib
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import tensorflow as tf
import tensorflow_datasets as tfds
import tqdm
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.core import locks
from official.cyclegan.core import overwriting
from official.cyclegan.core import progress
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import folders
from official.cyclegan.data import image_grid
from official.cyclegan.data import pixel_budget
from official.cyclegan.data import preprocessing
from official.cyclegan.data import read_errors
from official.cyclegan.data import sources
from official.cyclegan.modeling import diffaugment

REPORT_NAME = "report.json"
TABLE_NAME = "report.md"
SHEET_NAME = "contact_sheet.png"
_PLAN_NAME = "plan.json"
_PLAN_BEGINS = '{\n  "pictures": "'  # as `_plan` makes it
_PARTIAL = ".partial"
_TFDS_NAME = "pictures"
_FEATURES = {
  "image": tfds.features.Image(shape=(None, None, 3)),
  "label": tfds.features.ClassLabel(names=list(folders.DOMAINS)),
  "name": tfds.features.Text(),
}
# Files of records and what each holds; what writes them, given a background.
Shards = Sequence[tuple[pathlib.Path, Sequence[dataset_audit.Picture]]]
ShardsWriter = Callable[[Shards, str], None]
_SHEET_COLUMNS, _SHEET_ROWS, _SHEET_TILE = 6, 6, 96  # pictures, pixels
_SHEET_MARGIN, _SHEET_HEADING = 16, 24  # pixels
_PREVIEW_IMAGES = 4  # of each domain
_PREVIEW_DRAWS = 5  # of each picture
_PREVIEW_DIFFAUGMENT = 2  # of these draws, augmented once more


def refuse_overwriting(
  config: config_lib.DataConfig, option: str, output: str
) -> None:
  """Refuses to write over, or into, the pictures that are looked through.

  Args:
    config: Where the pictures are.
    option: `output_dir` or `preview`.
    output: That folder or file.

  Raises:
    errors.UserError: If the output is, or lies in, one of their folders.
  """
  reads = overwriting.of_data(config)
  for path in (output, f"{os.path.realpath(output)}{_PARTIAL}"):
    overwriting.check(reads, option, path, replaced=True)


@contextlib.contextmanager
def reserving(
  config: config_lib.DataConfig, output_dir: str
) -> Iterator[pathlib.Path]:
  """Holds a folder for a data set; refuses it before the pictures are read.

  Args:
    config: Where the pictures are.
    output_dir: The folder to make.

  Yields:
    Its path, links resolved.

  Raises:
    errors.UserError: If no folder can be put there when it is complete, or it
      holds something that `write` has not written.
    locks.InUseError: If another process writes there.
  """
  if files.is_address(output_dir):
    raise errors.UserError(
      ": prepare writes to this machine only, where it can rename what is"
      " complete. Give a local folder, and copy that.",
      "output_dir",
      output_dir,
    )
  refuse_overwriting(config, "output_dir", output_dir)
  files.require_replaceable(output_dir, "output_dir")
  output = pathlib.Path(os.path.realpath(output_dir))
  with locks.hold(output_dir, "output_dir"):
    if _is_something(output) and _read(output / _PLAN_NAME) is None:
      raise _holds_another(output_dir)
    _require_begun(_partial(output), output_dir)
    yield output


def _is_something(output: pathlib.Path) -> bool:
  try:
    return output.exists() and any(output.iterdir())
  except OSError as error:
    raise errors.StorageError(
      f"cannot be read ({error.strerror}). Give another folder.",
      "output_dir",
      str(output),
    ) from error


def _holds_another(output_dir: str) -> errors.UserError:
  return errors.UserError(
    "holds something else. Remove it, or give another folder.",
    "output_dir",
    output_dir,
  )


def write(
  audit: dataset_audit.DatasetAudit,
  summary: dict[str, Any],
  config: config_lib.DataConfig,
  output_dir: str,
  shard_bytes: int,
  write_shards: ShardsWriter | None = None,
) -> None:
  """Writes the pictures as TFRecords, or completes what was begun.

  Upright grey and colour JPEGs are taken over byte by byte; everything else
  becomes PNG, decoded as `image_files.read` does.

  Args:
    audit: From `dataset_audit.audit`.
    summary: From `dataset_audit.report`.
    config: `background`.
    output_dir: The folder to make. Gets TFRecords, the metadata that TFDS
      reads, `report.json`, `report.md` and `contact_sheet.png`.
    shard_bytes: About how large a file of records gets, bytes.
    write_shards: Writes files of records that are missing; None: by threads of
      this process.

  Raises:
    errors.UserError: As `reserving`, or if the folder holds other pictures.
    errors.StorageError: If it cannot be written.
  """
  plan = _plan(audit.pictures, config, shard_bytes)
  with reserving(config, output_dir) as output:
    if _is_something(output):
      if _read(output / _PLAN_NAME) == plan:
        logging.info("%s holds these pictures already.", output_dir)
        return
      raise _holds_another(output_dir)
    partial = _partial(output)
    if os.path.lexists(partial) and (
      partial.is_symlink() or _read(partial / _PLAN_NAME) != plan
    ):
      _drop(partial, output_dir)  # begun with other pictures or options
    files.make_folder(str(partial), "output_dir")
    files.write_text(partial / _PLAN_NAME, plan, "output_dir")
    try:
      _write_all(
        audit.pictures,
        summary,
        config,
        partial,
        shard_bytes,
        write_shards or _write_shards,
      )
      if output.exists():
        partial.chmod(stat.S_IMODE(output.stat().st_mode))
      os.replace(partial, output)
    except (OSError, tf.errors.OpError) as error:
      raise errors.StorageError(
        f"cannot be written ({errors.first_line(error)}). Free some space and"
        " give the same command again: it goes on where it was.",
        "output_dir",
        output_dir,
      ) from error


def _partial(output: pathlib.Path) -> pathlib.Path:
  """Returns the folder in which a data set is made."""
  return output.with_name(output.name + _PARTIAL)


def _require_begun(partial: pathlib.Path, output_dir: str) -> None:
  """Refuses what has that folder's name and no command has begun."""
  if not os.path.lexists(partial):
    return
  begun = (
    partial.is_dir()
    and not partial.is_symlink()
    and (
      (_read(partial / _PLAN_NAME) or "").startswith(_PLAN_BEGINS)
      # Killed before it could say what it would do.
      or {p.name for p in partial.iterdir()} <= {_PLAN_NAME + files.PARTIAL}
    )
  )
  if not begun:
    raise errors.UserError(
      f": {partial}, where it is made first, is something else. Rename that, or"
      " give another folder.",
      "output_dir",
      output_dir,
    )


def _drop(partial: pathlib.Path, output_dir: str) -> None:
  """Removes what an earlier command began; refuses what it did not begin."""
  _require_begun(partial, output_dir)
  try:
    files.remove(partial)
  except OSError as error:
    raise errors.StorageError(
      f": {partial}, which was begun otherwise, cannot be removed"
      f" ({error.strerror}).",
      "output_dir",
      output_dir,
    ) from error


def _write_all(
  pictures: Sequence[dataset_audit.Picture],
  summary: dict[str, Any],
  config: config_lib.DataConfig,
  folder: pathlib.Path,
  shard_bytes: int,
  write_shards: ShardsWriter,
) -> None:
  """Writes everything that belongs in the folder and is not there yet."""
  shards = _divide(pictures, shard_bytes)
  missing = [
    (folder / _shard_name(split, i, len(parts)), own)
    for split, parts in shards.items()
    for i, own in enumerate(parts)
    if not (folder / _shard_name(split, i, len(parts))).exists()
  ]
  write_shards(missing, config.background)
  _write_metadata(shards, folder)
  _contact_sheet(pictures, config.background).save(folder / SHEET_NAME)
  files.write_json(
    folder / REPORT_NAME, summary, "output_dir", ensure_ascii=False
  )
  files.write_text(
    folder / TABLE_NAME, dataset_audit.table(summary), "output_dir"
  )


def preview(config: config_lib.ResolvedConfig) -> np.ndarray:
  """Shows training pictures as the networks get them.

  Args:
    config: The resolved configuration; its data set may be of any kind.

  Returns:
    uint8 `[height, width, channels]`: a row for each of the first training
    pictures of A, then of B. First the picture as an evaluation sees it, then
    random draws as the generators see them; with `diffaugment` two of these
    again, as the discriminators see them.
  """
  source = sources.open_source(config.data, config.model.channels)
  rows = []
  for i, split in enumerate(("trainA", "trainB")):
    with read_errors.explained(source):
      images = list(source.images(split).take(_PREVIEW_IMAGES))
    for j, image in enumerate(images):
      evaluated = source.prepare(image, config.data.crop_size)
      drawn = _draw(image, config, first=1000 * i + 10 * j)
      rows.append(
        [
          preprocessing.network_to_uint8(shown.numpy())
          for shown in (evaluated, *drawn)
        ]
      )
  sizes = [image.shape[:2] for row in rows for image in row]
  height, width = np.max(sizes, axis=0)
  return image_grid.grid(
    [[_on_white(image, height, width) for image in row] for row in rows]
  )


def _draw(
  image: tf.Tensor, config: config_lib.ResolvedConfig, first: int
) -> list[tf.Tensor]:
  """Returns random draws of a training picture, in [-1, 1].

  Args:
    image: uint8 `[height, width, channels]`.
    config: The resolved configuration.
    first: Number of the first draw, which with the run's seed makes it random.
  """
  multiple = config_checks.size_multiple(config.model)
  scaled = preprocessing.scale(image, config.data, multiple)
  draws = [
    preprocessing.augment(
      scaled,
      tf.constant([config.train.seed, first + k], tf.int64),
      config.data,
    )
    for k in range(_PREVIEW_DRAWS)
  ]
  if config.train.augment == "diffaugment":
    draws += [
      diffaugment.diffaugment(
        draw[tf.newaxis], tf.constant([config.train.seed, k], tf.int64)
      )[0]
      for k, draw in enumerate(draws[:_PREVIEW_DIFFAUGMENT])
    ]
  return draws


def _on_white(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Returns an image in the upper left of a larger white one."""
  sides = [(0, height - image.shape[0]), (0, width - image.shape[1]), (0, 0)]
  return np.pad(image, sides, constant_values=255)


def _divide(
  pictures: Sequence[dataset_audit.Picture], shard_bytes: int
) -> dict[str, list[list[dataset_audit.Picture]]]:
  """Divides each split's pictures among files, shuffled by their digests."""
  shards = {}
  for split in sources.SPLITS:
    own = sorted(
      (p for p in pictures if p.split == split),
      key=lambda p: (p.digest, p.path),
    )
    total = sum(os.path.getsize(p.path) for p in own)
    count = min(len(own), max(1, round(total / shard_bytes)))
    shards[split] = [own[i::count] for i in range(count)]
  return shards


def _plan(
  pictures: Sequence[dataset_audit.Picture],
  config: config_lib.DataConfig,
  shard_bytes: int,
) -> str:
  """Returns, as JSON, all that the records' content depends on."""
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
  if config.range != level_range.FULL:
    values["range"] = config.range
  return json.dumps(values, indent=2) + "\n"


def _read(path: pathlib.Path) -> str | None:
  """Returns a file's text, or None if there is no such file, or no text."""
  try:
    return path.read_text(encoding="utf-8")
  except (OSError, UnicodeDecodeError):
    return None


def _shard_name(split: str, i: int, count: int) -> str:
  """Returns the name that TFDS gives a split's i-th file of records."""
  return f"{_TFDS_NAME}-{split}.tfrecord-{i:05d}-of-{count:05d}"


def _write_shards(missing: Shards, background: str) -> None:
  """Writes files of records, several at a time."""
  total = sum(len(pictures) for _, pictures in missing)
  stop = threading.Event()
  with (
    progress.bar(total=total, unit="image", desc="write") as bar,
    concurrent.futures.ThreadPoolExecutor() as pool,
  ):
    write_shard = functools.partial(
      _write_shard, background=background, bar=bar, stop=stop
    )
    try:
      list(pool.map(write_shard, *zip(*missing)))  # raises a thread's error
    except BaseException:
      stop.set()  # else all others were written first
      raise


def write_shard(
  path: pathlib.Path,
  pictures: Sequence[dataset_audit.Picture],
  background: str,
) -> None:
  """Writes one file of records, whole or not at all.

  Args:
    path: Where to.
    pictures: In their order.
    background: Colour behind transparent pictures.

  Raises:
    errors.StorageError: If it cannot be written.
    image_files.UnreadableError: If a picture has been changed meanwhile.
  """
  bar = tqdm.tqdm(total=len(pictures), disable=True)
  _write_shard(path, pictures, background, bar, threading.Event())


class _Abandoned(Exception):
  """Another file of records failed, or the process is to end."""


def _write_shard(
  path: pathlib.Path,
  pictures: Sequence[dataset_audit.Picture],
  background: str,
  bar: tqdm.tqdm,
  stop: threading.Event,
) -> None:
  """Writes one file of records."""
  if stop.is_set():
    raise _Abandoned
  with files.writing(path) as partial, tf.io.TFRecordWriter(partial) as writer:
    for picture in pictures:
      if stop.is_set():
        raise _Abandoned
      info = picture.info
      with pixel_budget.reserve(info.width * info.height, info.deep):
        writer.write(_example(picture, background))
      bar.update()


def _example(picture: dataset_audit.Picture, background: str) -> bytes:
  """Returns a picture's record."""
  if picture.info.plain:
    contents = pathlib.Path(picture.path).read_bytes()
  else:
    memory = io.BytesIO()
    PIL.Image.fromarray(picture.read(background)).save(memory, "PNG")
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
  """Writes the metadata that TFDS reads: features, splits, files."""
  for begun in folder.glob(f"*{files.PARTIAL}"):
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
  """Returns a grid of training pictures of each domain, side by side."""
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
    # Evenly spread over all of them: neighbours by name often look alike.
    for k in range(shown):
      picture = own[k * len(own) // shown]
      image = PIL.Image.fromarray(picture.read(background, _SHEET_TILE))
      image.thumbnail((_SHEET_TILE - 2, _SHEET_TILE - 2))
      row, column = divmod(k, _SHEET_COLUMNS)
      sheet.paste(
        image,
        (left + column * _SHEET_TILE, _SHEET_HEADING + row * _SHEET_TILE),
      )
  return sheet
