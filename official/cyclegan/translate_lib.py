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
"""Translates files: pictures of any size, which keep it, and videos."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import mimetypes
import os
import re
from collections.abc import Callable, Iterator, Sequence

from absl import logging

from official.cyclegan import old_names
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.core import locks
from official.cyclegan.core import messages
from official.cyclegan.core import overwriting
from official.cyclegan.core import progress
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.data import image_output
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import picture_files
from official.cyclegan.serving import video

# Endings of files that somebody may want, beside those of known MIME types;
# without those that a system adds, among which are `.1` and the like.
_MIME_TYPES = mimetypes.MimeTypes()
_OTHER_FILES = (".jxl", ".jp2", ".psd", ".raw", ".dng", ".pdf", ".zip", ".tar")
# What looks like a file's: people call folders `results.v2` or `domain.A`.
_FILE_ENDING = re.compile(r"\.[a-z]{2}\w{1,3}")

__getattr__ = old_names.left("translate_lib")

# Translates one video: takes the generator, the video and the result's path.
VideoFunction = Callable[[image_translator.ImageTranslator, str, str], object]


@dataclasses.dataclass(frozen=True)
class Output:
  """How results are written.

  Attributes:
    path: A folder; or, for a single input, a file.
    format: What pictures in a folder are written as, one of
      `command_config.PICTURE_FORMATS`.
    quality: Of JPEG, WebP and AVIF, 1 to 100.
    keep: What they take over from the inputs, some of `command_config.KEPT`.
  """

  path: str
  format: str = command_config.TranslateConfig.format
  quality: int = command_config.TranslateConfig.quality
  keep: tuple[str, ...] = ()


def run(
  model: str,
  inputs: str,
  output: str,
  how: command_config.TranslateConfig,
  selection: command_config.GeneratorSelection,
  options: command_config.CommandConfig,
  reading: config_lib.DataConfig,
) -> str:
  """Translates what the command's flags name.

  Args:
    model: As for `image_translator.open_model`.
    inputs: As for `translate_files`; or a video, or a camera.
    output: Where to.
    how: All of it is used.
    selection: As for `image_translator.open_model`.
    options: Of it `size`.
    reading: Of it `background` and `max_pixels`.

  Returns:
    What was written, in words.

  Raises:
    errors.UserError: As `translate_files` and `video.translate`.
  """

  def translate_video(
    translator: image_translator.ImageTranslator, path: str, target: str
  ) -> video.Result:
    return video.translate(
      translator,
      path,
      target,
      how.detail,
      how.temporal_smoothing,
      how.max_frames,
      how.start,
      how.duration,
      reading.background,
    )

  # Folders may have names that end as videos do; a camera is no file.
  no_folder = os.path.isfile(inputs) or not os.path.splitext(inputs)[1]
  if video.is_video(inputs) and no_folder:
    _refuse_overwriting_video(model, inputs, output)
    translator = image_translator.open_model(
      model, how.direction, selection, options.size
    )
    return video.describe(translate_video(translator, inputs, output))
  written = translate_files(
    model,
    inputs,
    Output(output, how.format, how.quality, how.keep),
    how.direction,
    how.detail,
    selection,
    reading.background,
    options.size,
    how.range,
    reading.max_pixels,
    translate_video,
    how.texture_scale,
  )
  return f"{describe(written)} written to {output}"


def translate_files(
  model: str,
  inputs: str,
  output: str | Output,
  direction: str,
  detail: str = command_config.AUTO,
  selection: command_config.GeneratorSelection = (
    command_config.DEFAULT_SELECTION
  ),
  background: str = config_lib.DataConfig.background,
  size: int = 0,
  levels: str = command_config.TranslateConfig.range,
  max_pixels: int = config_lib.DataConfig.max_pixels,
  translate_video: VideoFunction | None = None,
  texture_scale: float = command_config.TEXTURE_SCALE,
) -> list[str]:
  """Translates files.

  A file that cannot be read does not keep the others from being translated.
  What is found and is neither a picture nor a video is counted and logged.

  Args:
    model: As for `image_translator.open_model`.
    inputs: As for `folders.find_inputs`; or a data set, whose test images are
      translated.
    output: Where to, and how.
    direction: `AtoB` or `BtoA`.
    detail: As for `image_translator.translate_image`.
    selection: As for `image_translator.open_model`.
    background: Colour behind transparent images.
    size: As for `image_translator.open_model`.
    levels: `TranslateConfig.range`.
    max_pixels: As for `image_files.read`.
    translate_video: Translates videos; None: they are left out.
    texture_scale: As for `image_translator.translate_image`.

  Returns:
    The files written, pictures in the order of the inputs, then videos. In a
    folder they keep the inputs' names and sub-folders.

  Raises:
    errors.UserError: If something is missing, the output would overwrite what
      is read, or files could not be read; the message names them.
  """
  if isinstance(output, str):
    output = Output(output)
  config_checks.check_background(background)
  chosen = level_range.parse(
    levels, level_range.MODEL, level_range.FULL, level_range.AUTO
  )
  with _found(inputs, direction, background) as found:
    if translate_video is None:
      found = dataclasses.replace(
        found, videos=(), left_out=(*found.left_out, *found.videos)
      )
    targets = _targets(found, inputs, output)
    _refuse_overwriting(model, inputs, found, output, targets)
    if found.left_out:
      logging.info(
        "%s: %s.", inputs, folders.left_out(found.base, found.left_out)
      )
    translator = image_translator.open_model(model, direction, selection, size)
    way = image_translator.choose_detail(translator, detail)
    if detail == command_config.AUTO:
      logging.info("Pictures larger than the model's: --detail=%s.", way)
    if chosen == level_range.AUTO:
      common = image_files.common_range(found.images, max_pixels)
      chosen = common or level_range.FULL
    if chosen != level_range.MODEL:
      given = chosen if isinstance(chosen, level_range.LevelRange) else None
      translator = dataclasses.replace(translator, levels=given)
    videos = set(found.videos)
    pictures = picture_files.PictureFiles(
      translator,
      way,
      texture_scale,
      background,
      max_pixels,
      output.quality,
      output.keep,
    )
    deep = []  # pictures with more than 8 bits

    def translate(path: str, target: str) -> None:
      if path in videos and translate_video is not None:
        translate_video(translator, path, target)
      elif pictures.translate(path, target).deep:
        deep.append(path)

    held: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if targets != [output.path]:
      held = locks.hold(output.path, "output")
    with held:
      for folder in {os.path.dirname(target) or "." for target in targets}:
        files.make_folder(folder, "output")
      try:
        return _translate_all(
          [*found.images, *found.videos], targets, translate
        )
      finally:
        if deep:
          logging.info(
            "%s more than 8 bits a channel: results have 8.",
            messages.count(len(deep), "picture has"),
          )


def _refuse_overwriting_video(model: str, inputs: str, output: str) -> None:
  """Refuses a result that would overwrite a file that is read."""
  reads = [overwriting.Read(inputs), *overwriting.of_model(model)]
  overwriting.check(reads, "output", output, replaced=True)


def describe(written: Sequence[str]) -> str:
  """Returns how many pictures and videos there are, in words.

  Args:
    written: Paths.
  """
  videos = sum(p.lower().endswith(folders.VIDEO_SUFFIXES) for p in written)
  parts = [messages.count(len(written) - videos, "picture")]
  if videos:
    parts = parts if videos < len(written) else []
    parts.append(messages.count(videos, "video"))
  return " and ".join(parts)


def _translate_all(
  paths: Sequence[str],
  targets: Sequence[str],
  translate: Callable[[str, str], None],
) -> list[str]:
  """Translates files one by one; unreadable ones are named at the end."""
  written: list[str] = []
  problems = []
  single = len(paths) == 1
  total = messages.count(len(paths), "file")
  shown = paths if single else progress.bar(paths, unit="image")
  for path, target in zip(shown, targets):
    try:
      with errors.keeping(lambda: f"{len(written)} of {total} are translated."):
        translate(path, target)
    except image_translator.NotFiniteError:
      raise  # nor would there be anything but NaN in the others
    except errors.UserError as error:
      # Nothing else could be written, or translated, either.
      model_failed = isinstance(error, image_translator.ModelFailedError)
      if model_failed or files.is_full(error):
        raise
      if single and error.option is None:
        raise errors.UserError(f": {error}", "input") from error
      if single:
        raise
      problems.append(str(error))
      continue
    written.append(target)
  if problems:
    videos = any(p.lower().endswith(folders.VIDEO_SUFFIXES) for p in paths)
    noun = "file was" if videos else "picture was"
    raise errors.UserError(
      f"{len(written)} of {messages.count(len(paths), noun)} translated. "
      + " ".join(problems)
    )
  return written


@contextlib.contextmanager
def _found(
  inputs: str, direction: str, background: str
) -> Iterator[folders.Inputs]:
  """Gives the files to translate; those of records exist only meanwhile."""
  if not _is_dataset(inputs):
    yield folders.find_inputs(inputs, "input")
    return
  # Imported late: other inputs do not wait for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan.data import read_errors
  from official.cyclegan.data import sources

  config = config_lib.DataConfig(dataset=inputs, background=background)
  try:
    with errors.given_as(dataset="input"):
      source = sources.open_source(config)
  except errors.UserError as error:
    if os.path.isdir(inputs):
      raise
    raise errors.UserError(
      f"is no picture. It {error.args[0]}"
      if error.args[0].startswith("is neither")
      else f"is not a picture, a folder of pictures or a data set. {error}",
      "input",
      inputs,
    ) from error
  split = f"test{direction[0]}"  # of the domain translated from
  logging.info(
    "%s is a data set, of which the test pictures of domain %s are translated:"
    " %d.",
    inputs,
    direction[0],
    source.counts[split],
  )
  if source.split_files:
    paths = source.split_files[split]
    base = os.path.commonpath([os.path.dirname(path) for path in paths])
    yield folders.Inputs(base, paths, ())
    return
  with files.temporary_folder() as folder:
    with read_errors.explained(source):
      for i, image in enumerate(source.images(split).as_numpy_iterator()):
        path = os.path.join(folder, f"{split}_{i:05d}.png")
        image_files.write(path, image)
    yield folders.find_inputs(folder, "input")


def _is_dataset(inputs: str) -> bool:
  """Says whether an input is a data set: a TFDS name, or a folder of splits."""
  if os.path.isdir(inputs):
    mark = os.path.join(inputs, folders.TFDS_MARK)
    examples = os.path.join(inputs, "Split-trainA")  # of TFX
    return (
      os.path.isfile(mark)
      or os.path.isdir(examples)
      or folders.is_data_set(inputs)
    )
  if os.path.lexists(inputs):
    return False
  # horse2zebra, cycle_gan/horse2zebra, or a folder at gs://.
  return bool(re.fullmatch(r"\w+(/[\w-]+)?|\w+://.*", inputs))


def _refuse_overwriting(
  model: str,
  inputs: str,
  found: folders.Inputs,
  output: Output,
  targets: Sequence[str],
) -> None:
  """Refuses results that would overwrite, or go into, what is read."""
  reads = overwriting.of_model(model)
  base = found.base or os.curdir
  paths = (*found.images, *found.videos)
  names = tuple(_relative(path, base) for path in paths)
  if found.single:
    reads.append(overwriting.Read(inputs))
  else:
    reads.append(overwriting.Read(base, None if found.whole else names))
  # A data set's folder, of which a part is translated.
  if os.path.isdir(inputs) and inputs != found.base:
    reads.append(overwriting.Read(inputs))
  if list(targets) == [output.path]:
    overwriting.check(reads, "output", output.path, replaced=True)
    return
  below = [_relative(target, output.path) for target in targets]
  overwriting.check(reads, "output", output.path, below)


def _targets(found: folders.Inputs, inputs: str, output: Output) -> list[str]:
  """Returns the path of each result."""
  _check_name(output.path, found.single)
  known = (*folders.IMAGE_SUFFIXES, *folders.VIDEO_SUFFIXES)
  ending = os.path.splitext(output.path)[1].lower()
  if ending in known and not os.path.isdir(output.path):
    if not found.single:
      raise errors.UserError(
        f"names a file, but {inputs} is not a single one. Give a folder.",
        "output",
        output.path,
      )
    return [_single_target(found, output, ending)]
  targets = _targets_in_folder(found, output)
  counts = collections.Counter(_folded(targets, output.path))
  clashes = [
    target
    for target, name in zip(targets, _folded(targets, output.path))
    if counts[name] > 1
  ]
  if clashes:
    raise errors.UserError(
      f": several files would be written to {min(clashes)}. Translate one"
      " folder at a time, or rename them.",
      "input",
      inputs,
    )
  return targets


def _check_name(path: str, single: bool) -> None:
  """Refuses an output that is meant for a file, or an address.

  Args:
    path: The output.
    single: Whether there is one input only, so that any ending means a file.
  """
  if files.is_address(path):
    raise errors.UserError(
      "is an address. Give a path on this machine.", "output", path
    )
  ending = os.path.splitext(path)[1].lower()
  known = (*folders.IMAGE_SUFFIXES, *folders.VIDEO_SUFFIXES)
  kind = _MIME_TYPES.guess_type(f"x{ending.strip()}")[0] or ""
  is_file = ending.strip() in (*known, *_OTHER_FILES) or kind.startswith(
    ("image/", "video/", "audio/")
  )
  if single and _FILE_ENDING.fullmatch(ending):
    is_file = not path.endswith(os.sep)
  if is_file and ending not in known and not os.path.isdir(path):
    raise errors.UserError(
      f": cannot write {ending!r}. Use one of"
      f" {' '.join(image_output.ENDINGS)}, or a folder (for one of this name,"
      " make it before).",
      "output",
      path,
    )


def _single_target(found: folders.Inputs, output: Output, ending: str) -> str:
  """Returns the output if a result of the one input can be written there."""
  if found.videos:
    return output.path
  if ending not in image_output.ENDINGS:
    raise errors.UserError(
      f": cannot write {ending}. Use one of {' '.join(image_output.ENDINGS)}.",
      "output",
      output.path,
    )
  if output.format not in ("same", *image_output.format_names(ending)):
    raise errors.UserError(
      f"contradicts --output={output.path}. Leave it out.",
      "format",
      output.format,
    )
  image_output.require(image_output.ENDINGS[ending])
  if "alpha" in output.keep:
    image_output.check_alpha(ending, "keep")
  return output.path


def _targets_in_folder(found: folders.Inputs, output: Output) -> list[str]:
  """Returns the path of each result in a folder; some may be the same."""
  if output.format != "same":
    image_output.require(image_output.ENDINGS[f".{output.format}"])
    if "alpha" in output.keep:
      image_output.check_alpha(f".{output.format}", "keep")
  endings = {
    **{
      path: image_output.result_ending(path, output.format)
      for path in found.images
    },
    **{path: _video_ending(path) for path in found.videos},
  }
  places = [(_below(path, found.base), e) for path, e in endings.items()]
  names = image_output.result_names(places)
  return [os.path.join(output.path, name) for name in names]


def _video_ending(path: str) -> str:
  """Returns the ending of a video's result."""
  return os.path.splitext(video.result_name(path))[1]


def _below(path: str, base: str) -> str:
  """Returns a file's path below a folder; only its name if it is not there."""
  name = _relative(path, base or os.curdir)
  return os.path.basename(path) if name.startswith(os.pardir) else name


def _relative(path: str, folder: str) -> str:
  """Returns a path as seen from a folder; quickly if it begins with that."""
  start = os.path.join(folder, "")
  below = path[len(start) :]
  # Else, as of `a//b`, it has to be looked at closely.
  if path.startswith(start) and os.path.normpath(below) == below:
    return below
  return os.path.relpath(path, folder)


def _folded(targets: Sequence[str], folder: str) -> list[str]:
  """Returns paths as the file system compares them."""
  folded = [target.casefold() for target in targets]
  if len(set(folded)) == len(set(targets)):
    return list(targets)  # it makes no difference
  return folded if files.ignores_case(folder) else list(targets)
