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
"""Looks through people's pictures and packs them into TFRecords.

The result is a folder that `tfds.builder_from_directory` reads, and so does
`--dataset`. It is made in a folder beside it, `NAME.partial`, and renamed once
everything is there: what has the name is whole, and what was finished before an
interruption is not made again.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import shutil
import statistics
from collections.abc import Sequence
from typing import Any

import imagehash
import numpy as np
import PIL.Image
import PIL.ImageDraw
import tensorflow as tf
import tensorflow_datasets as tfds
import tqdm

from official.cyclegan import config as config_lib
from official.cyclegan import diffaugment
from official.cyclegan import folders
from official.cyclegan import image_files
from official.cyclegan import preprocessing
from official.cyclegan import sample_grid
from official.cyclegan import sources

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
# Two pictures are near duplicates if of 64 bits of their perceptual hashes at
# most this many differ, and their thumbnails by so many levels in the mean.
_HASH_DISTANCE = 4
_THUMBNAIL_DISTANCE = 8.0
_THUMBNAIL = 16  # pixels
_HASH_CHUNK = 512  # rows compared at a time
_MAX_PAIRS = 1000  # near duplicates after which no more are looked for
# Number of bits set in every 16-bit number.
_ONES = np.array([bin(i).count("1") for i in range(2**16)], np.uint8)
_MAX_LISTED = 20  # of each kind of finding
_SHEET_COLUMNS, _SHEET_ROWS, _SHEET_TILE = 6, 6, 96  # pictures, pixels
_SHEET_MARGIN, _SHEET_HEADING = 16, 24  # pixels
_PREVIEW_IMAGES, _PREVIEW_DRAWS = 4, 5  # of each domain; of each picture


@dataclasses.dataclass(frozen=True)
class Picture:
  """A readable picture.

  Attributes:
    path: Its file.
    split: Where it belongs, one of `sources.SPLITS`.
    info: What its header says.
    digest: SHA-256 of the file.
    bits: Perceptual hash, uint64.
    thumbnail: uint8 `[16, 16, 3]`.
  """

  path: str
  split: str
  info: image_files.Info
  digest: str
  bits: np.uint64
  thumbnail: np.ndarray

  @property
  def domain(self) -> str:
    """`A` or `B`."""
    return self.split[-1]


@dataclasses.dataclass(frozen=True)
class Survey:
  """What has been found in the folders of both domains.

  Attributes:
    pictures: The readable pictures.
    broken: For every other file that calls itself a picture, what is wrong.
    ignored: For each domain, how many files are not called pictures.
  """

  pictures: tuple[Picture, ...]
  broken: dict[str, str]
  ignored: dict[str, int]


def survey(config: config_lib.DataConfig) -> Survey:
  """Reads every picture.

  Args:
    config: `dataset`, a folder, or `domain_a` and `domain_b`; `test_fraction`,
      `background` and `on_bad_image`.

  Returns:
    What was found.

  Raises:
    config.UserError: If there are not two domains, or `on_bad_image` is `fail`
      and files cannot be read; the message names all of them.
  """
  image_files.check_background(config.background)
  if not config.domain_a and not os.path.isdir(config.dataset):
    raise config_lib.UserError(
      f"--dataset={config.dataset}: no such folder. Give a folder of pictures,"
      " or --domain_a and --domain_b."
    )
  piles = folders.find(config)
  domains = {
    path: domain
    for domain, pile in piles.items()
    for path in (*pile.train, *(pile.test or ()))
  }
  looks: dict[str, tuple[str, np.uint64, np.ndarray]] = {}
  with tqdm.tqdm(total=len(domains), unit="image", desc="check") as bar:

    def see(path: str, image: np.ndarray | None) -> None:
      if image is not None:
        looks[path] = (_digest(path), *_look(image))
      bar.update()

    good, broken = sources.examine(list(domains), config.background, see)
  if broken and config.on_bad_image == "fail":
    raise config_lib.UserError(
      " ".join(broken.values())
      + f" {len(broken)} of {len(domains)} files are such;"
      " --on_bad_image=skip leaves them out."
    )
  files = sources.divide(piles, good, config)
  return Survey(
    tuple(
      Picture(path, split, good[path], *looks[path])
      for split in sources.SPLITS
      for path in files[split]
    ),
    broken,
    {domain: len(pile.ignored) for domain, pile in piles.items()},
  )


def report(found: Survey) -> dict[str, Any]:
  """Sums up what was found.

  Args:
    found: From `survey`.

  Returns:
    For each domain counts by split, sizes in pixels, formats, modes and files
    not called pictures; and, with at most 20 examples each, exact duplicates,
    near duplicates between A and B and between training and test pictures (a
    thousand stand for a thousand or more), and unreadable files.
  """
  domains = {}
  for domain in folders.DOMAINS:
    own = [p for p in found.pictures if p.domain == domain]
    kinds = collections.Counter(f"{p.info.format} {p.info.mode}" for p in own)
    domains[domain] = {
      "pictures": {
        split: sum(p.split == split for p in own)
        for split in sources.SPLITS
        if split[-1] == domain
      },
      **{
        side: {
          "smallest": min(getattr(p.info, side) for p in own),
          "median": statistics.median(getattr(p.info, side) for p in own),
          "largest": max(getattr(p.info, side) for p in own),
        }
        for side in ("width", "height")
      },
      "kinds": dict(kinds.most_common()),
      "other_files": found.ignored[domain],
    }
  copies = collections.defaultdict(list)
  for picture in found.pictures:
    copies[picture.digest].append(picture.path)
  groups = [paths for paths in copies.values() if len(paths) > 1]
  pairs = {"between_A_and_B": ("A", "B"), "between_train_and_test": (0, 1)}
  return {
    "domains": domains,
    "exact_duplicates": _listed(groups),
    "near_duplicates": {
      name: _listed(
        near_duplicates(*(_part(found.pictures, part) for part in parts))
      )
      for name, parts in pairs.items()
    },
    "unreadable": _listed(list(found.broken.values())),
  }


def near_duplicates(
  first: Sequence[Picture], second: Sequence[Picture]
) -> list[list[str]]:
  """Finds pictures of one pile that another pile shows almost alike.

  They have nearly the same perceptual hash (the signs of the lowest
  frequencies of a discrete cosine transform) and nearly the same thumbnail:
  resized, recompressed and slightly changed copies.

  Args:
    first: Pictures.
    second: Pictures.

  Returns:
    Pairs of paths, not many more than a thousand; exact copies are among them.
  """
  if not first or not second:
    return []
  others = np.array([p.bits for p in second], np.uint64)
  thumbnails = np.stack([p.thumbnail for p in second]).astype(np.int16)
  pairs = []
  for start in range(0, len(first), _HASH_CHUNK):
    rows = first[start : start + _HASH_CHUNK]
    differ = np.array([p.bits for p in rows], np.uint64)[:, None] ^ others
    distance = _ONES[differ.view(np.uint16)].reshape(*differ.shape, 4).sum(-1)
    for i, j in zip(*np.nonzero(distance <= _HASH_DISTANCE)):
      off = np.abs(rows[i].thumbnail.astype(np.int16) - thumbnails[j]).mean()
      if off <= _THUMBNAIL_DISTANCE:
        pairs.append([rows[i].path, second[j].path])
      if len(pairs) >= _MAX_PAIRS:
        return pairs
  return pairs


def table(summary: dict[str, Any]) -> str:
  """Returns what `report` found as Markdown."""
  rows = [("", *folders.DOMAINS)]
  values = [summary["domains"][domain] for domain in folders.DOMAINS]

  def add(name: str, cells: Sequence[Any]) -> None:
    rows.append((name, *(str(cell) for cell in cells)))

  for i, kind in enumerate(("training pictures", "test pictures")):
    add(kind, [list(v["pictures"].values())[i] for v in values])
  for side in ("width", "height"):
    add(
      f"{side}, smallest / median / largest",
      [" / ".join(f"{n:g}" for n in v[side].values()) for v in values],
    )
  add(
    "kinds",
    [
      ", ".join(f"{n} {kind}" for kind, n in v["kinds"].items()) for v in values
    ],
  )
  add("other files", [v["other_files"] for v in values])
  rows.insert(1, ("---",) * len(rows[0]))
  text = "".join(f"| {' | '.join(row)} |\n" for row in rows)
  findings = (
    ("exact duplicates", summary["exact_duplicates"]),
    (
      "near duplicates between A and B",
      summary["near_duplicates"]["between_A_and_B"],
    ),
    (
      "near duplicates between training and test pictures",
      summary["near_duplicates"]["between_train_and_test"],
    ),
    ("unreadable files", summary["unreadable"]),
  )
  for name, finding in findings:
    text += f"\n{name}: {finding['count']}\n"
    for example in finding["examples"]:
      shown = example if isinstance(example, str) else " = ".join(example)
      text += f"* {shown}\n"
  return text


def write(
  found: Survey,
  summary: dict[str, Any],
  config: config_lib.DataConfig,
  output_dir: str,
  shard_bytes: int,
) -> None:
  """Writes the pictures as TFRecords, or completes what was begun.

  Upright grey and colour JPEGs are taken over byte by byte; everything else
  becomes PNG, decoded as `image_files.read` does.

  Args:
    found: From `survey`.
    summary: From `report`.
    config: `background`.
    output_dir: The folder to make. Gets TFRecords, what TFDS needs to know of
      them, `report.json`, `report.md` and `contact_sheet.png`.
    shard_bytes: About how large a file of records gets, bytes.

  Raises:
    config.UserError: If the folder holds something else, or cannot be written.
  """
  if "://" in output_dir:
    raise config_lib.UserError(
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
    raise config_lib.UserError(
      f"--output_dir={output_dir} holds something else. Remove it, or give"
      " another folder."
    )
  if partial.exists() and _read(partial / _PLAN_NAME) != plan:
    shutil.rmtree(partial)  # begun with other pictures or options
  image_files.make_folder(str(partial), "output_dir")
  config_lib.write_text(partial / _PLAN_NAME, plan, "output_dir")
  try:
    _write_shards(shards, config.background, partial)
    _write_metadata(shards, partial)
    _contact_sheet(found.pictures, config.background).save(partial / SHEET_NAME)
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    config_lib.write_text(partial / REPORT_NAME, text, "output_dir")
    config_lib.write_text(partial / TABLE_NAME, table(summary), "output_dir")
    os.replace(partial, output)
  except (OSError, tf.errors.OpError) as error:
    raise config_lib.UserError(
      f"--output_dir={output_dir} cannot be written"
      f" ({config_lib.first_line(error)}). Free some space and give the same"
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
  multiple = config_lib.SIZE_MULTIPLES[config.model.generator_type]
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
  return sample_grid.grid(
    [[_on_white(image, height, width) for image in row] for row in rows]
  )


def _on_white(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Returns an image in the upper left of a larger white one."""
  sides = [(0, height - image.shape[0]), (0, width - image.shape[1]), (0, 0)]
  return np.pad(image, sides, constant_values=255)


def _part(pictures: Sequence[Picture], part: str | int) -> list[Picture]:
  """Returns the pictures of a domain, or (0) for training or (1) for tests."""
  if isinstance(part, str):
    return [p for p in pictures if p.domain == part]
  return [p for p in pictures if p.split.startswith("test") == bool(part)]


def _listed(findings: list[Any]) -> dict[str, Any]:
  return {"count": len(findings), "examples": findings[:_MAX_LISTED]}


def _digest(path: str) -> str:
  with open(path, "rb") as file:
    return hashlib.sha256(file.read()).hexdigest()


def _look(image: np.ndarray) -> tuple[np.uint64, np.ndarray]:
  """Returns a picture's perceptual hash and thumbnail."""
  picture = PIL.Image.fromarray(image)
  bits = imagehash.phash(picture).hash.ravel()
  packed = np.packbits(bits).view(np.uint64)[0]
  thumbnail = picture.resize((_THUMBNAIL, _THUMBNAIL), PIL.Image.Resampling.BOX)
  return packed, np.asarray(thumbnail)


def _plan(
  pictures: Sequence[Picture], shard_bytes: int
) -> dict[str, list[list[Picture]]]:
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
  pictures: Sequence[Picture], config: config_lib.DataConfig, shard_bytes: int
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
  shards: dict[str, list[list[Picture]]], background: str, folder: pathlib.Path
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

    def write_one(job: tuple[pathlib.Path, list[Picture]]) -> None:
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


def _example(picture: Picture, background: str) -> bytes:
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
  shards: dict[str, list[list[Picture]]], folder: pathlib.Path
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
  pictures: Sequence[Picture], background: str
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
