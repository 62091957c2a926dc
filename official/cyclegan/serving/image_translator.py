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
"""Opens a trained generator, in any form it has on disk, and runs it on images.

TensorFlow is imported only for models that need it: a .tflite file starts in a
fraction of a second.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
from collections.abc import (
  Callable,
  Iterable,
  Iterator,
  Mapping,
  Sequence,
)
from typing import Any

import numpy as np
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.core import model_path
from official.cyclegan.core import regular_files
from official.cyclegan.data import image_files
from official.cyclegan.serving import guided_upsampling
from official.cyclegan.serving import tflite_child
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tiling

# How much of the tiles' texture is kept. All of it was sharper than the truth
# on the fruits, and further from it (docs/full-size.md).
TEXTURE = 0.4
# For tiles the whole picture is translated at each of these shifts down and
# across, and all of that in a mirror too, pixels of the model's. The stride of
# most generators is 4: what half of it moves comes out differently. All shifts
# below 4 were little better (docs/full-size.md).
_SHIFTS = (0, 2)
# Of pictures longer than so many times their shorter side tiles are of no more
# pixels than of one that is that long.
_LONGEST = 8


class NotFiniteError(errors.UserError):
  """A generator gave NaN or infinity, of which no picture can be made."""


class ModelFailedError(errors.UserError):
  """A model cannot translate any more, whatever the picture."""


@dataclasses.dataclass(frozen=True)
class TileTranslator:
  """A generator that can be told what its instance norms divide by.

  Attributes:
    layout: The tiles.
    multiple: What the padded picture's sizes must be multiples of, pixels.
    measure: From an image of the size that the generator was trained for to its
      translation, as `ImageTranslator.translate`, and the norms' statistics;
      these are None if it has no such norms.
    translate: Takes a tile, an image as `ImageTranslator.translate` does but of
      the tiles' size, and statistics; gives its translation.
  """

  layout: tiling.Layout
  multiple: int
  measure: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
  translate: Callable[[np.ndarray, np.ndarray | None], np.ndarray]


@dataclasses.dataclass(frozen=True)
class ImageTranslator:
  """A generator of one direction, ready to run.

  Attributes:
    translate: The generator, from float32 `[1, height, width, channels]` in
      [0, 1] to an image of the same shape and range.
    size: Width and height that it was trained for or takes, pixels.
    multiple: What height and width must be multiples of; 0 if `size` is the
      only size that it takes.
    minimum: Smallest height and width that it takes, pixels.
    channels: 3, or 1 for grey images.
    levels: Which levels of pictures with more than 8 bits are 0 and 1, as in
      training; None for all of 16 bits.
    tiles: Translates large pictures in tiles; None if the model cannot.
    best_detail: One of `command_config.DETAILS`: what export found to be best,
      `auto` if nobody has looked.
    batched: Whether `translate` takes any number of images at once.
    own_detail: How much tiles keep of what is finer than the model's pixels, in
      [0, 1]: as much as pictures of the other domain have, if export has looked
      at such.
    noise: Standard deviation in [0, 1] of the noise that copies of a picture
      get, whose mean translation tiles keep to.
  """

  translate: Callable[[np.ndarray], np.ndarray]
  size: int
  multiple: int
  minimum: int
  channels: int = 3
  levels: level_range.LevelRange | None = None
  tiles: TileTranslator | None = None
  best_detail: str = command_config.AUTO
  batched: bool = False
  own_detail: float = 1.0
  noise: float = 0.0


def open_model(
  path: str,
  direction: str,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
  size: int = 0,
) -> ImageTranslator:
  """Opens a run's folder, an export's folder, a SavedModel or a TFLite file.

  Args:
    path: The model.
    direction: `AtoB` or `BtoA`. A SavedModel or TFLite file has one direction;
      asking for the other is refused.
    selection: Of a run's folder, which checkpoint and which of its weights.
    size: Of a TFLite file, which of the sizes that it takes, pixels; 0 for the
      first. Of others, at which size the scale `fit` works; 0 for the size
      trained on.

  Returns:
    The generator. Its `translate` raises `NotFiniteError` instead of returning
    NaN or infinity.

  Raises:
    errors.WrongDirectionError: If the model translates the other way only.
    errors.UserError: If there is no model, it cannot be read, it does not take
      that size, or a selection is asked of a model that leaves no choice.
  """
  translator = _open(path, direction, selection, size)

  def finite(translated: np.ndarray) -> np.ndarray:
    if not np.isfinite(translated).all():
      raise NotFiniteError(
        "gives NaN or infinity instead of a picture: its training diverged, or"
        " the file is damaged. Take another checkpoint, or export or train"
        " again.",
        "model",
        path,
      )
    return translated

  noted = _noted(path, direction)
  tiles = translator.tiles
  if tiles:
    run, look = tiles.translate, tiles.measure

    def measure_tiles(
      image: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray | None]:
      translated, statistics = look(image)
      return finite(translated), statistics

    tiles = dataclasses.replace(
      tiles,
      measure=measure_tiles,
      translate=lambda image, given: finite(run(image, given)),
    )
  return dataclasses.replace(
    translator,
    translate=lambda image: finite(translator.translate(image)),
    tiles=tiles,
    best_detail=_best_detail(noted),
    own_detail=_share(noted, "own_detail", 1.0),
    noise=_share(noted, "noise", 0.0),
  )


def best_detail(path: str, direction: str) -> str:
  """Returns what an export noted to be best for a direction.

  Args:
    path: As for `open_model`.
    direction: `AtoB` or `BtoA`.

  Returns:
    One of `command_config.DETAILS`; `auto` where nothing is noted.
  """
  return _best_detail(_noted(path, direction))


def _best_detail(noted: Mapping[str, Any]) -> str:
  best = noted.get("best")
  return best if best in command_config.DETAILS else command_config.AUTO


def _share(noted: Mapping[str, Any], name: str, default: float) -> float:
  """Returns a number in [0, 1] that an export noted, else the default."""
  share: Any = noted.get(name)
  if type(share) in (int, float) and 0 <= share <= 1:  # True is an int, too
    return float(share)
  return default


def _noted(path: str, direction: str) -> dict[str, Any]:
  """Returns what an export noted about keeping detail, if anything."""
  try:
    report = model_path.locate(path).report
    if not report:
      return {}
    noted: dict[str, Any] = files.read_json(
      report,
      "Export the model again.",
      lambda content: files.object_of(content["detail"][direction]),
    )
  except (OSError, errors.UserError):
    return {}  # it is no matter of the model's
  return noted


def _open(
  path: str,
  direction: str,
  selection: command_config.GeneratorSelection,
  size: int,
) -> ImageTranslator:
  """Opens a model; as `open_model`."""
  found = model_path.locate(path)
  if found.kind is model_path.Kind.RUN:
    _require_tensorflow(path)
    return _at_size(_open_run(path, direction, selection), size)
  if selection != command_config.DEFAULT_SELECTION:
    raise errors.UserError(
      "is an exported model: --checkpoint and --raw_generator are for a run's"
      " folder. Give them to export.",
      "model",
      path,
    )
  if found.kind is model_path.Kind.EXPORT:
    path = _of_direction(found, direction)
  # By now the path is a SavedModel's folder or a file.
  if model_path.is_saved_model(path):
    _require_tensorflow(path)
    return _at_size(_open_saved_model(path, direction), size)
  return _open_tflite(path, direction, size)


def choose_detail(
  translator: ImageTranslator, detail: str, video: bool = False
) -> str:
  """Returns which way of keeping detail a model takes.

  Args:
    translator: The generator.
    detail: One of `command_config.DETAILS`, or a former name.
    video: Whether it is for a video's frames, whose time counts.

  Returns:
    `stretch`, `guided`, `tiles` or `native`. For `auto` it is what export noted
    to be best, or `guided` where this file cannot do that; where nothing is
    noted, as of a run and of exports up to 0.6, `stretch` as it was then.

  Raises:
    errors.UserError: If a way is asked for that the model does not know.
  """
  detail = command_config.OLD_DETAILS.get(detail, detail)
  if detail == command_config.AUTO:
    best = translator.best_detail
    if best == command_config.AUTO:
      return command_config.STRETCH
    slow = (command_config.TILES, command_config.NATIVE)
    usable = {
      command_config.TILES: bool(translator.tiles),
      command_config.NATIVE: bool(translator.multiple),
    }
    if usable.get(best, True) and not (video and best in slow):
      return best
    return command_config.GUIDED
  if detail == command_config.NATIVE and not translator.multiple:
    raise errors.UserError(
      "needs a model that takes any size; this .tflite file takes"
      f" {translator.size} pixels only. Use --detail=guided, or a SavedModel.",
      "detail",
      detail,
    )
  if detail == command_config.TILES and not translator.tiles:
    raise errors.UserError(
      "needs a model whose norms can be given their statistics: a run, a"
      " SavedModel, or a .tflite file that export --detail=tiles made as"
      f" {', '.join(command_config.TILED)}. Or use --detail=guided.",
      "detail",
      detail,
    )
  return detail


def translate_image(
  translator: ImageTranslator,
  image: np.ndarray,
  detail: str = command_config.STRETCH,
  size: tuple[int, int] | None = None,
  texture_scale: float = command_config.TEXTURE_SCALE,
) -> np.ndarray:
  """Translates one image of any size.

  Args:
    translator: The generator.
    image: uint8 `[height, width, 3]`; made grey for a model of grey images.
    detail: One of `command_config.DETAILS`. `stretch` resizes the image to the
      size the model was trained for, as training did, and the result back.
      `guided` brings the change to full size along the image's own edges
      (`guided_upsampling`); an image that is not larger is stretched. `tiles`
      translates the image, or a smaller one as `texture_scale` says, in parts
      that are normalised alike (`tiling`), and brings that to full size so; an
      image that is not larger than the model's size is stretched as well.
      `native` translates all of it at once, and pads by reflection where the
      generator needs a multiple. `auto` is what `choose_detail` says.
    size: With `stretch`, height and width of the result, pixels, where `image`
      was read smaller than the picture is; None: the image's own.
    texture_scale: `TranslateConfig.texture_scale`.

  Returns:
    uint8 `[height, width, channels]`.

  Raises:
    errors.UserError: If the model cannot do what `detail` asks for.
  """
  detail = _choose(translator, detail, image)
  if translator.channels == 1:
    image = image_files.luma(image)
  if detail == command_config.NATIVE:
    return to_levels(_translate_native(translator, image))
  if detail == command_config.TILES:
    return _translate_tiles(translator, image, texture_scale)
  guide = _guide(translator, image)
  translated = translator.translate(guide)
  return _at_full_size(translator, image, guide[0], translated[0], detail, size)


def translate_images(
  translator: ImageTranslator,
  images: Sequence[np.ndarray],
  detail: str = command_config.STRETCH,
  sizes: Sequence[tuple[int, int] | None] = (),
  texture_scale: float = command_config.TEXTURE_SCALE,
) -> list[np.ndarray]:
  """Translates images of any sizes, all at once where the model can.

  That is what graphics processors are for. A generator's own arithmetic may
  depend on how many images it has: levels differ by one now and then.

  Args:
    translator: The generator.
    images: Each as for `translate_image`.
    detail: As there; with `stretch` and `guided` a `batched` translator gets
      all images together.
    sizes: Of each image, as there; empty: the images' own.
    texture_scale: As there.

  Returns:
    uint8 `[height, width, channels]` of each.

  Raises:
    errors.UserError: As `translate_image`.
  """
  wanted = sizes or [None] * len(images)
  details = [_choose(translator, detail, image) for image in images]
  together = {*details} <= {command_config.STRETCH, command_config.GUIDED}
  if not (together and translator.batched) or len(images) < 2:
    return [
      translate_image(translator, image, detail, size, texture_scale)
      for image, size in zip(images, wanted)
    ]
  if translator.channels == 1:
    images = [image_files.luma(image) for image in images]
  guides = np.concatenate([_guide(translator, image) for image in images])
  return [
    _at_full_size(translator, image, guide, made, way, size)
    for image, guide, made, way, size in zip(
      images, guides, translator.translate(guides), details, wanted
    )
  ]


def _choose(translator: ImageTranslator, detail: str, image: np.ndarray) -> str:
  """Returns the way for one image, as `choose_detail`.

  In an image that is not larger than the model's size there is no detail to
  keep, and tiles would take many times as long.
  """
  detail = choose_detail(translator, detail)
  if detail == command_config.TILES and not _is_larger(translator, image):
    return command_config.STRETCH
  return detail


def _is_larger(translator: ImageTranslator, image: np.ndarray) -> bool:
  """Says whether an image has more pixels than the model's square."""
  return image.shape[0] * image.shape[1] > translator.size**2


def _guide(translator: ImageTranslator, image: np.ndarray) -> np.ndarray:
  """Returns what a generator gets of an image: float32 `[1, size, size, c]`."""
  size = translator.size
  if image.shape[:2] == (size, size):
    return _to_unit(image)  # not resized at all, so that nothing is lost
  return _to_unit(image_files.resize(image, size, size))


def _at_full_size(
  translator: ImageTranslator,
  image: np.ndarray,
  guide: np.ndarray,
  translated: np.ndarray,
  detail: str,
  size: tuple[int, int] | None,
) -> np.ndarray:
  """Brings a translation, stretched or guided, to its picture's size.

  Args:
    translator: The generator.
    image: As for `translate_image`.
    guide: From `_guide`, without the first dimension.
    translated: What the generator made of it.
    detail: `stretch` or `guided`.
    size: As for `translate_image`.

  Returns:
    uint8 `[height, width, channels]`.
  """
  height, width = image.shape[:2]
  if guide.shape[:2] == (height, width) == (size or (height, width)):
    return to_levels(translated)
  if detail == command_config.GUIDED and _is_larger(translator, image):
    return guided_upsampling.add_change(image, guide, translated - guide)
  # Resizing works in [0, 255].
  return image_files.resize_to_levels(
    translated * 255.0, *(size or (height, width))
  )


def working_size(
  translator: ImageTranslator, height: int, width: int, texture_scale: float
) -> tuple[int, int]:
  """Returns the height and width at which tiles are translated, pixels.

  Those of very long pictures are smaller than `texture_scale` says: all of it
  has to fit into memory.

  Args:
    translator: The generator.
    height: Of the picture, pixels.
    width: Of the picture, pixels.
    texture_scale: `TranslateConfig.texture_scale`.
  """
  if not texture_scale:
    return height, width
  side = translator.size / texture_scale
  factor = min(
    side / min(height, width), side * (_LONGEST / (height * width)) ** 0.5
  )
  if factor >= 1:
    return height, width
  return max(1, round(height * factor)), max(1, round(width * factor))


def measure(
  translator: ImageTranslator, image: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
  """Translates a whole picture at the model's size, for its tiles.

  Args:
    translator: The generator, with `tiles`.
    image: The picture, or a smaller copy, `[height, width, channels]` in
      [0, 255].

  Returns:
    The picture at the model's size and its translation, the mean of what is
    made of shifted, mirrored and noisy copies, float32 `[size, size, channels]`
    in [0, 1]; and what tiles are normalised by.
  """
  assert translator.tiles
  guide = _guide(translator, image)
  translated, statistics = translator.tiles.measure(guide)
  mean = np.nanmean(_changes(translator, guide[0], translated[0]), axis=0)
  return guide[0], np.clip(guide[0] + mean, 0, 1), statistics


def changes(translator: ImageTranslator, image: np.ndarray) -> np.ndarray:
  """Returns what is changed in copies of a picture at the model's size.

  They are shifted and mirrored, and noisy by `ImageTranslator.noise`. All noise
  comes with its opposite, so that what a generator takes over of it is gone in
  the mean.

  Args:
    translator: The generator.
    image: The picture, `[height, width, channels]` in [0, 255].

  Returns:
    float32 `[copies, size, size, channels]` in [-1, 1], at the picture's own
    places; NaN where a shifted copy does not reach.
  """
  guide = _guide(translator, image)
  return _changes(translator, guide[0], translator.translate(guide)[0])


def _changes(
  translator: ImageTranslator, guide: np.ndarray, translated: np.ndarray
) -> np.ndarray:
  """Returns the changes of all copies; as `changes`.

  Args:
    translator: The generator.
    guide: float32 `[size, size, channels]` in [0, 1].
    translated: Its translation, that of the first copy, which is as it is; of
      the same shape and range.
  """
  shifts = list(itertools.product(_SHIFTS, _SHIFTS))
  rng = np.random.default_rng(0)  # the same for every picture
  noises = rng.normal(0, translator.noise, (len(shifts), *guide.shape))
  noises[0] = 0
  found = np.full((2 * len(shifts), *guide.shape), np.nan, np.float32)
  copies = itertools.product(zip(shifts, noises), (1, -1))  # -1: in the mirror
  # One by one: together they would take so many times the memory.
  for i, (((down, across), noise), sign) in enumerate(copies):
    noisy = np.clip(guide + sign * noise.astype(np.float32), 0, 1)
    given = _shifted(noisy[:, ::sign], down, across)
    made = translator.translate(given[None])[0] if i else translated
    change = (made - given)[down:, across:]
    found[i, :, ::sign][: change.shape[0], : change.shape[1]] = change
  return found


def _shifted(picture: np.ndarray, down: int, across: int) -> np.ndarray:
  """Returns a picture moved down and to the right, continued by reflection."""
  pad = [(down, 0), (across, 0), (0, 0)]
  height, width = picture.shape[:2]
  return np.pad(picture, pad, mode="symmetric")[:height, :width]


def translate_strips(
  translator: ImageTranslator,
  strips: Iterable[np.ndarray],
  height: int,
  width: int,
  statistics: np.ndarray | None,
  levels: bool = False,
) -> Iterator[np.ndarray]:
  """Translates a picture in tiles, strip by strip.

  Args:
    translator: The generator, with `tiles`.
    strips: uint8 `[rows, width, channels]`, from the top.
    height: Of the picture, pixels.
    width: Of the picture, pixels.
    statistics: From `measure`.
    levels: Whether to round, by which a row of tiles takes a quarter of the
      memory.

  Yields:
    `[rows, width, channels]`, from the top: float32 in [0, 1], or uint8.
  """
  tiles = translator.tiles
  assert tiles

  def run(tile: np.ndarray) -> np.ndarray:
    made = tiles.translate(tile, statistics)
    return to_levels(made) if levels else made

  yield from tiling.translate(
    strips,
    height,
    width,
    tiles.multiple,
    tiles.layout,
    run,
  )


def _translate_tiles(
  translator: ImageTranslator, image: np.ndarray, texture_scale: float
) -> np.ndarray:
  """Translates an image in tiles; returns uint8 of its size."""
  height, width = image.shape[:2]
  size = working_size(translator, height, width, texture_scale)
  if size == (height, width):
    return _tile_image(translator, image, translator.own_detail)[0]
  small = image_files.resize_to_levels(image, *size)
  return guided_upsampling.apply_maps(image, tile_maps(translator, small))


def tile_maps(translator: ImageTranslator, small: np.ndarray) -> np.ndarray:
  """Returns what brings a smaller copy's tiles to a picture's full size.

  Args:
    translator: The generator, with `tiles`.
    small: The copy, uint8 `[height, width, channels]`.

  Returns:
    As `guided_upsampling.coefficients`.
  """
  made, whole = _tile_image(translator, small, 1.0)
  guide = _to_unit(small)[0]
  maps = guided_upsampling.coefficients(guide, _to_unit(made)[0] - guide)
  low = image_files.resize(whole * 255.0, *small.shape[:2]) / 255.0
  return guided_upsampling.softened(maps, low, translator.own_detail)


def _tile_image(
  translator: ImageTranslator, image: np.ndarray, own_detail: float
) -> tuple[np.ndarray, np.ndarray]:
  """Translates an image in tiles, and keeps to what is made of the whole.

  At full size a generator may see nothing but skin where it saw a fruit in
  training. So the tiles give the texture, by `TEXTURE`, and the picture as a
  whole what it becomes (`correction`).

  Args:
    translator: The generator, with `tiles`.
    image: uint8 `[height, width, channels]`.
    own_detail: As `ImageTranslator.own_detail`.

  Returns:
    uint8 of the same shape; and what the model makes of the whole, float32
    `[size, size, channels]` in [0, 1].
  """
  height, width = image.shape[:2]
  guide, whole, statistics = measure(translator, image)
  tiles = np.empty_like(image)
  top = 0
  strips = translate_strips(
    translator, [image], height, width, statistics, levels=True
  )
  for strip in strips:
    tiles[top : top + len(strip)] = strip
    top += len(strip)
  small = image_files.resize(tiles, translator.size, translator.size) / 255.0
  maps = correction(guide, whole, small, own_detail)
  # In place, and row by row: floats of all of it are four times as large.
  for row, made in zip(image, tiles):
    made[:] = textured(row, made, own_detail)
  return guided_upsampling.apply_maps(image, maps, tiles), whole


def correction(
  guide: np.ndarray, whole: np.ndarray, tiles: np.ndarray, own_detail: float
) -> np.ndarray:
  """Returns what makes of a picture's tiles what is made of the whole.

  What the model makes of the whole at its own size, less the tiles' result made
  as small, is brought to full size as with `guided` and added.

  Args:
    guide: The picture at the model's size, `[size, size, channels]` in [0, 1].
    whole: What the model makes of it, of the same shape and range.
    tiles: What tiles make of it, made as small; of the same shape and range.
    own_detail: As `ImageTranslator.own_detail`.

  Returns:
    As `guided_upsampling.coefficients`, to be applied onto what `textured`
    gives with the same `own_detail`.
  """
  own = guide + TEXTURE * (tiles - guide)  # as `textured`
  maps = guided_upsampling.coefficients(guide, whole - own)
  return guided_upsampling.softened(maps, whole, own_detail)


def textured(
  image: np.ndarray, tiles: np.ndarray, own_detail: float
) -> np.ndarray:
  """Mixes the tiles' result into a picture.

  Args:
    image: uint8, the channels last.
    tiles: What tiles make of it, of the same shape.
    own_detail: As for `correction`.

  Returns:
    uint8 of the same shape.
  """
  share = np.float32(TEXTURE * own_detail)
  mixed = image + share * (tiles.astype(np.float32) - image)
  return np.rint(mixed).astype(np.uint8)


def _translate_native(
  translator: ImageTranslator, image: np.ndarray
) -> np.ndarray:
  """Translates at the image's own size; returns float32 in [0, 1]."""
  height, width = image.shape[:2]
  # Up to the next multiple, below and on the right, so that the crop starts at
  # 0.
  pad = [
    (0, max(translator.minimum - n, -n % translator.multiple))
    for n in (height, width)
  ]
  padded = np.pad(image, [*pad, (0, 0)], mode="symmetric")
  return translator.translate(_to_unit(padded))[0, :height, :width]


def to_levels(image: np.ndarray) -> np.ndarray:
  """Returns uint8 levels of float32 in [0, 1], clipped; same shape."""
  return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


def _to_unit(image: np.ndarray) -> np.ndarray:
  """Returns float32 `[1, h, w, c]` in [0, 1] from values in [0, 255]."""
  return image[None].astype(np.float32) / 255.0


def _open_run(
  path: str, direction: str, selection: command_config.GeneratorSelection
) -> ImageTranslator:
  cpu_tuning.load_tensorflow()
  from official.cyclegan.serving import serving_module
  from official.cyclegan.training import checkpoints
  from official.cyclegan.training import run_metadata

  with errors.given_as(model_dir="model"):
    generator, config = checkpoints.load_generator(path, direction, selection)
  module = serving_module.ServingModule(generator, direction)
  return dataclasses.replace(
    of_module(module, config), levels=run_metadata.input_levels(path, direction)
  )


def of_module(
  module: Any, config: config_lib.ResolvedConfig
) -> ImageTranslator:
  """Returns the translator of a generator in this process.

  Args:
    module: A `serving_module.ServingModule`.
    config: Of the generator's run.
  """
  import tensorflow as tf

  # Traced once for all sizes: the generators are fully convolutional.
  traced = module.translate_function([1, None, None, module.channels])
  multiple = config_checks.size_multiple(config.model)

  def translate(image: np.ndarray) -> np.ndarray:
    return traced(tf.constant(image))[module.output_name].numpy()

  return ImageTranslator(
    translate,
    config.data.crop_size,
    multiple,
    config_checks.minimum_size(config.model),
    module.channels,
    tiles=tiles_of_module(module, multiple),
  )


def tiles_of_module(module: Any, multiple: int) -> TileTranslator:
  """Returns a generator's tiles.

  Args:
    module: A `serving_module.ServingModule`.
    multiple: What the generator's sizes must be multiples of, pixels.
  """
  any_size = [1, None, None, module.channels]
  # Traced when they are first called.
  measured = module.measured_function(any_size)
  tile = module.tile_function(any_size)

  def measure(image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    made = {name: value.numpy() for name, value in measured(image).items()}
    return made[module.output_name], made.get(tflite_file.STATISTICS)

  def translate_tile(
    image: np.ndarray, statistics: np.ndarray | None
  ) -> np.ndarray:
    given = [] if statistics is None else [statistics]
    return tile(image, *given)[module.output_name].numpy()

  return TileTranslator(
    tiling.layout(module.reach()), multiple, measure, translate_tile
  )


def _of_direction(found: model_path.ModelPath, direction: str) -> str:
  """Returns which of an export's files to open for a direction."""
  if direction not in found.exported:
    if not found.exported:
      raise errors.UserError(
        "holds no file with a name that export gives, such as g_AB.tflite. Give"
        " one of its files.",
        "model",
        found.path,
      )
    (has,) = found.exported  # the other direction
    raise _wrong_direction(found.path, has, direction)
  paths = found.exported[direction]
  # The SavedModel comes first, but only TensorFlow can open it.
  light = [path for path in paths if path in found.tflite_files]
  return light[0] if light and not _has_tensorflow() else paths[0]


def _open_saved_model(path: str, direction: str) -> ImageTranslator:
  cpu_tuning.load_tensorflow()
  from official.cyclegan.serving import saved_model_file

  regular_files.check_folder(path, "model")
  logging.info(
    "%s is a SavedModel, a program that TensorFlow runs with your rights: use"
    " it only if you trust who made it.",
    path,
  )
  try:
    details = saved_model_file.read_details(path)
    if details.direction != direction:
      raise _wrong_direction(path, details.direction, direction)
    loaded = saved_model_file.LoadedModel(path)
    tiles = None
    if details.reach is not None:
      tiles = TileTranslator(
        tiling.layout(details.reach),
        details.size_multiple,
        loaded.measure,
        loaded.translate_tile,
      )
    return ImageTranslator(
      loaded.translate,
      details.size,
      details.size_multiple,
      details.minimum_size,
      details.channels,
      details.levels,
      tiles,
      batched=True,
    )
  except OSError as error:
    raise errors.UserError(
      f"is not a SavedModel of this package ({errors.first_line(error)})."
      " Export the model again.",
      "model",
      path,
    ) from error


def _open_tflite(path: str, direction: str, size: int) -> ImageTranslator:
  try:
    opened = tflite_child.open_model(path)
    levels = tflite_file.input_levels(path)
  except tflite_child.StartError:  # not for want of a good file
    raise
  except (OSError, ValueError, RuntimeError) as error:
    raise errors.UserError(
      f"is not a .tflite file of this package ({errors.first_line(error)})."
      " Export the model again.",
      "model",
      path,
    ) from error
  spec = opened.spec
  if spec.direction != direction:
    raise _wrong_direction(path, spec.direction, direction)
  for name, pixels in spec.sizes.items():
    if size in (0, pixels):  # 0: the first, which is the default
      return ImageTranslator(
        _failing(opened.signature(name), path),
        size=pixels,
        multiple=0,  # its shapes are fixed
        minimum=pixels,
        channels=spec.channels,
        levels=levels,
        tiles=_tiles_of_file(opened, name, path),
      )
  raise errors.UserError(
    f": {path} takes {', '.join(map(str, spec.sizes.values()))} pixels. Use one"
    " of these.",
    "size",
    size,
  )


def _tiles_of_file(
  opened: tflite_child.Opened, name: str, path: str
) -> TileTranslator | None:
  """Returns a file's tiles, if it has the signature for them."""
  spec = opened.spec
  if not spec.tile:
    return None
  run = _failing(opened.measured(tflite_file.TILE_SIGNATURE), path)

  def translate_tile(
    image: np.ndarray, statistics: np.ndarray | None
  ) -> np.ndarray:
    given = [] if statistics is None else [statistics]
    return run(image, *given)[0]

  return TileTranslator(
    tiling.Layout(spec.tile, spec.margin),
    spec.multiple,
    _failing(opened.measured(name), path),
    translate_tile,
  )


def _failing(run: Callable[..., Any], path: str) -> Callable[..., Any]:
  """Returns a file's function with its failures as the user's errors."""

  def translate(*arrays: np.ndarray) -> Any:
    try:
      return run(*arrays)
    except tflite_child.ModelError as error:
      raise ModelFailedError(
        f"cannot be run ({error}). Export the model again.", "model", path
      ) from error

  return translate


def _at_size(translator: ImageTranslator, size: int) -> ImageTranslator:
  """Returns a translator of any size that works at another one."""
  if not size:
    return translator
  if size < translator.minimum or size % translator.multiple:
    raise errors.UserError(
      f": this model takes sizes of at least {translator.minimum} pixels that"
      f" are multiples of {translator.multiple}.",
      "size",
      size,
    )
  return dataclasses.replace(translator, size=size)


def _wrong_direction(
  path: str, has: str, asked: str
) -> errors.WrongDirectionError:
  return errors.WrongDirectionError(
    f"translates {has}, not --direction={asked}. Use the other file, or"
    f" --direction={has}.",
    "model",
    path,
    direction=has,
  )


def _has_tensorflow() -> bool:
  return importlib.util.find_spec("tensorflow") is not None


def _require_tensorflow(path: str) -> None:
  if not _has_tensorflow():
    raise errors.UserError(
      "needs TensorFlow, which is not installed. Give a .tflite file, or"
      " install this package with all it needs.",
      "model",
      path,
    )
