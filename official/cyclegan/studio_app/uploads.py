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
"""Pictures and videos from a browser: bounded, checked by what is in them.

A file is written beside its place under a name that nothing reads, looked at,
and renamed only if it is what it should be. Its ending is that of its contents.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import secrets
import shutil
from collections.abc import AsyncIterator
from typing import Any

from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files
from official.cyclegan.data import pixel_budget
from official.cyclegan.studio_app import names
from official.cyclegan.studio_app import refusals

_PARTIAL = ".upload.partial"
_SPARE = 500_000_000  # bytes of the disk that uploads leave free
_ENDINGS = {
  "AVIF": ".avif",
  "BMP": ".bmp",
  "GIF": ".gif",
  "HEIF": ".heic",
  "JPEG": ".jpg",
  "MPO": ".jpg",
  "PNG": ".png",
  "TIFF": ".tif",
  "WEBP": ".webp",
}
# By FFmpeg's names of what a file is.
_VIDEO_ENDINGS = {
  "mov,mp4,m4a,3gp,3g2,mj2": ".mp4",
  "matroska,webm": ".webm",
  "avi": ".avi",
}


def too_large(largest: int) -> refusals.Refused:
  """Returns the refusal of a file.

  Args:
    largest: What is taken at most, bytes.
  """
  megabytes = largest // 1_000_000
  return refusals.Refused(
    413,
    "too_large",
    f"The file has more than {megabytes} MB.",
    megabytes=megabytes,
  )


async def receive(
  pieces: AsyncIterator[bytes], folder: pathlib.Path, largest: int
) -> pathlib.Path:
  """Writes what arrives to a new file, which nothing takes for a picture.

  Args:
    pieces: Of the file.
    folder: Not a link.
    largest: Bytes at most.

  Returns:
    The file, to be given to `keep` or removed.

  Raises:
    refusals.Refused: If more arrives, nothing does, or the disk is full. Then
      nothing is left of it.
  """
  path = folder / f".{secrets.token_hex(8)}{_PARTIAL}"
  free = shutil.disk_usage(folder).free - _SPARE
  flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
  flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
  written = 0
  try:
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
    with open(descriptor, "wb") as file:
      async for piece in pieces:
        written += len(piece)
        if written > largest:
          raise too_large(largest)
        if written > free:
          raise _disk_is_full()
        file.write(piece)
    if not written:
      raise refusals.Refused(400, "empty", "The file is empty.")
  except OSError as error:
    discard(path)
    raise _disk_is_full() from error
  except BaseException:
    discard(path)
    raise
  return path


def discard(path: pathlib.Path) -> None:
  """Removes a file that `receive` has made, if it is still there.

  Args:
    path: The file.
  """
  with contextlib.suppress(OSError):
    path.unlink()


def remove_remains(folder: pathlib.Path) -> None:
  """Removes what uploads have left that were cut off by the server's end.

  Args:
    folder: Where they went to.
  """
  for path in folder.glob(f".*{_PARTIAL}"):
    discard(path)


def keep_picture(
  partial: pathlib.Path, name: str, folder: pathlib.Path
) -> tuple[str, bool]:
  """Checks that a file is a whole picture, and gives it a name.

  Args:
    partial: From `receive`; it is gone afterwards, whatever happens.
    name: What the browser calls it.
    folder: Where it goes.

  Returns:
    Its name there, and whether it is new: of a file that is there already by
    that name nothing is written.

  Raises:
    refusals.Refused: If it is not a picture that training can read.
  """
  try:
    info = image_files.inspect(str(partial))
    with pixel_budget.reserve(info.width * info.height, info.deep):
      if info.deep:  # its levels are the training's business
        image_files.measure(str(partial))
      else:
        image_files.read(str(partial))
  except image_files.UnreadableError as error:
    discard(partial)
    raise refusals.Refused(
      415,
      "not_a_picture",
      f"{name}: not a picture that can be read ({error.reason}).",
      name=name,
      reason=error.reason,
    ) from error
  except BaseException:
    discard(partial)
    raise
  return _keep(partial, name, _ENDINGS.get(info.format, ".png"), folder)


def keep_picture_or_video(
  partial: pathlib.Path, name: str, folder: pathlib.Path
) -> tuple[str, bool]:
  """Checks that a file is a picture or a video, and gives it a name.

  Args:
    partial: As of `keep_picture`.
    name: As of `keep_picture`.
    folder: As of `keep_picture`.

  Returns:
    Its name there, and whether it is a video.

  Raises:
    refusals.Refused: If it is neither.
  """
  ending = _video_ending(partial)
  if ending:
    return _keep(partial, name, ending, folder)[0], True
  return keep_picture(partial, name, folder)[0], False


def _video_ending(path: pathlib.Path) -> str:
  """Returns how the name of a video should end; empty if it is none."""
  try:
    import av
  except ImportError:
    return ""
  try:
    # Of a picture FFmpeg makes a video with one frame, so its name is asked
    # for; and only containers in which nothing names another file.
    options: dict[str, Any] = {"mode": "r"}
    with av.open(str(path), **options) as container:
      if container.streams.video:
        return _VIDEO_ENDINGS.get(container.format.name, "")
  except (av.FFmpegError, OSError, ValueError):
    pass
  return ""


def _keep(
  partial: pathlib.Path, name: str, ending: str, folder: pathlib.Path
) -> tuple[str, bool]:
  """Renames a file to a name that is free."""
  stem = os.path.splitext(names.cleaned(name, "picture"))[0].rstrip(" ._+-")
  try:
    digest = files.sha256(partial)
    number, target = 1, folder / f"{stem}{ending}"
    while os.path.lexists(target):
      if not os.path.islink(target) and files.sha256(target) == digest:
        discard(partial)
        return target.name, False
      number += 1
      target = folder / f"{stem} {number}{ending}"
    os.chmod(partial, 0o644)  # never a program
    os.replace(partial, target)
  except OSError as error:
    discard(partial)
    raise _disk_is_full() from error
  return target.name, True


def _disk_is_full() -> refusals.Refused:
  return refusals.Refused(
    507, "disk", "The file cannot be written. Free some space on the disk."
  )


def token(folder: pathlib.Path) -> str:
  """Returns the secret of a studio that other machines reach.

  The same after a restart, so that pages that are open go on.

  Args:
    folder: The studio's.

  Raises:
    errors.StorageError: If it cannot be written.
  """
  path = folder / ".studio_token"
  with contextlib.suppress(OSError, UnicodeDecodeError):
    if not path.is_symlink() and (os.lstat(path).st_mode & 0o077) == 0:
      found = path.read_text(encoding="ascii").strip()
      if len(found) >= 32:
        return found
  made = secrets.token_urlsafe(32)
  try:
    with contextlib.suppress(FileNotFoundError):
      path.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
      file.write(made)
  except OSError as error:
    raise errors.StorageError(
      f"{path} cannot be written ({error.strerror}).", "root", str(folder)
    ) from error
  return made


def fingerprint(secret: str) -> str:
  """Returns what a cookie holds instead of the secret of a link.

  Args:
    secret: From `token`.
  """
  return hashlib.sha256(f"studio cookie {secret}".encode()).hexdigest()
