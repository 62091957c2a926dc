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
"""Downloads, checks and unpacks the classic CycleGAN data sets."""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import pathlib
import re
import stat
import urllib.parse
import zipfile

import requests
from absl import logging

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import locks
from official.cyclegan.core import progress
from official.cyclegan.core import regular_files
from official.cyclegan.data import folders

BASE_URL = command_config.DownloadConfig.base_url
ANY_CHECKSUM = "none"
# SHA-256 of the archives, as TFDS 4.9.10 records them. ae_photos is not among
# TFDS's data sets, and cityscapes has left the host, see _ABSENT.
_CHECKSUMS: dict[str, str | None] = {
  "apple2orange": (
    "845a191e9af8926408ea597001cd03a452e3300a1f44a79fe329b3d59f6e3eb8"
  ),
  "summer2winter_yosemite": (
    "167fe1726807a9d22bd106b4a6c0bd7953b688af924ac1bf967439c4961e49f9"
  ),
  "horse2zebra": (
    "a74d9d392eecca9966b51287a76ca126af473d9de4f3e8fc0e9cda08fa1730a1"
  ),
  "monet2photo": (
    "88f91b00fc228f97c9411fbf1880ec1d119c98f1722e4cfcfaa2fb35fac05b04"
  ),
  "cezanne2photo": (
    "3a6c10ca21f9485862f1cbd707744b9dc258954a04631271d23a3605eeb63cff"
  ),
  "ukiyoe2photo": (
    "02a2a2fb5ecf425ca1bf86aca7304377da64a2a1d3b86df54eb65e4068bf3b08"
  ),
  "vangogh2photo": (
    "362c3473e70be0944bda08d49d660eafdc2854df55d697835b8186d1d79caaff"
  ),
  "maps": "639534f69dbf9f36bef8d6292a7698006361221f83f0285d7c9ca78afe6e8a9e",
  "facades": "9a31ebf3a31b9b5cd195dd5bf62e9308e00cb94604d1019e3889ac84248695c0",
  "iphone2dslr_flower": (
    "8fcb5e374d631b107e1d961b8c4cd0a186aa2a4ff3e279923f4c426128de7113"
  ),
  "cityscapes": None,
  "ae_photos": None,
}
_NOT_IN_TFDS = ("cityscapes", "ae_photos")
_ABSENT = {
  "cityscapes": (
    " Its licence forbids passing it on: get it from www.cityscapes-dataset.com"
    " and sort it into trainA, trainB, testA and testB."
  ),
}
_TRIES = 5  # of a connection that breaks
_TIMEOUT = 30.0  # seconds without a byte
_CHUNK = 1 << 13  # bytes; what a connection that breaks can lose
# Errors of `requests` that another try does not mend, and what it lets through.
_BAD_ADDRESS = (
  requests.TooManyRedirects,
  requests.exceptions.ContentDecodingError,
  ValueError,  # among them requests' of schemes, hosts and headers
  http.client.HTTPException,
)
_LENGTH = re.compile("[0-9]{1,18}")
_SHA256 = re.compile("[0-9a-f]{64}")
# The largest of the sets has some 10,000 pictures, in two folders.
_MOST_MEMBERS, _MOST_DEPTH = 100_000, 10
# An archive of pictures hardly shrinks them; what grows more is no such thing.
_MAX_GROWTH, _MAX_FREE_BYTES = 20, 1 << 28


def download(
  name: str,
  output_dir: str,
  base_url: str = BASE_URL,
  sha256: str = "",
) -> str:
  """Downloads a data set into a folder of pictures, `output_dir/name`.

  A download that broke off goes on where it was. A folder that is there
  already is left alone.

  Args:
    name: Name of the data set, as `names` gives them.
    output_dir: Folder for it; is created.
    base_url: Address of the folder that holds the archives, `name.zip`.
    sha256: SHA-256 that the archive must have, in hexadecimal. Empty: the
      known one. `ANY_CHECKSUM`: it is not compared. In letters of any case.

  Returns:
    What is there now and how to use it, in a sentence.

  Raises:
    errors.UserError: If there is no such data set, if it cannot be downloaded
      or written, or if the archive is damaged or not to be trusted.
  """
  _check_name(name)
  sha256 = _checked_sum(sha256)
  _check_address(base_url)
  files.make_folder(output_dir, "output_dir")
  target = pathlib.Path(output_dir, name)
  with locks.hold(str(target), "output_dir"):
    return _download_into(target, base_url, sha256)


def _checked_sum(sha256: str) -> str:
  """Returns a checksum in small letters; refuses what is none."""
  lower = sha256.lower()
  if lower not in ("", ANY_CHECKSUM) and not _SHA256.fullmatch(lower):
    raise errors.UserError(
      f"is no SHA-256. Give its 64 hexadecimal digits, or {ANY_CHECKSUM}.",
      "sha256",
      sha256,
    )
  return lower


def _check_address(base_url: str) -> None:
  """Refuses an address that cannot be one of archives."""
  try:
    parts = urllib.parse.urlsplit(base_url)
    usable = parts.scheme in ("http", "https") and parts.hostname
    parts.port  # noqa: B018  # raises ValueError
  except ValueError:
    usable = False
  if not usable or not base_url.isprintable() or " " in base_url:
    raise errors.UserError(
      "is not an address. Give one that begins with https:// or http://.",
      "base_url",
      base_url,
    )


def _download_into(target: pathlib.Path, base_url: str, sha256: str) -> str:
  """Downloads into a folder that is held; as `download`."""
  name = target.name
  archive = target.with_name(f"{name}.zip")  # got in another way: it stays
  partial = target.with_name(f"{name}.zip{files.PARTIAL}")
  if os.path.lexists(target):
    with contextlib.suppress(OSError):  # of one that was killed at the end
      _remove_remains(partial)
      files.remove(_begun(target))
    return f"{target} is there already. Remove it to download it again."
  regular_files.check(archive)
  if archive.is_dir():
    raise errors.UserError(
      f"{archive} is a folder, not an archive. Rename or remove it, or give"
      " another --output_dir."
    )
  if archive.exists():
    try:
      _check(archive, name, sha256)
      _unpack(archive, target)
    except _Damaged as error:
      raise errors.UserError(
        f"{error} Remove it, and give the same command again to download it."
      ) from error
    return _summary(name, target)
  _download(name, partial, base_url)
  try:
    _check(partial, name, sha256)
    _unpack(partial, target)
  except _Damaged as error:
    partial.unlink()
    raise errors.UserError(
      f"{error} It was removed: give the same command again; if that does not"
      f" help, do not trust --base_url={base_url}."
    ) from error
  partial.unlink()
  return _summary(name, target)


def download_with_tfds(name: str, data_dir: str = "") -> str:
  """Lets TFDS download a data set and keep it as records.

  Args:
    name: Name of the data set, as `names` gives them.
    data_dir: TFDS's data folder. Empty: TFDS's own.

  Returns:
    What is there now and how to use it, in a sentence.

  Raises:
    errors.UserError: If TFDS does not have it or cannot download it.
  """
  _check_name(name)
  if name in _NOT_IN_TFDS:
    raise errors.UserError(
      f": TFDS does not have {name}. Use --via=archive.", "via", "tfds"
    )
  # Imported late: nothing else here waits for TensorFlow.
  cpu_tuning.load_tensorflow()
  from official.cyclegan.data import sources

  source = sources.open_source(
    config_lib.DataConfig(dataset=f"cycle_gan/{name}", data_dir=data_dir)
  )
  return f"{source.counts}. Use --dataset=cycle_gan/{name}."


def names() -> tuple[str, ...]:
  """Returns the names of the classic data sets."""
  return tuple(_CHECKSUMS)


def _check_name(name: str) -> None:
  """Refuses a name that is not a classic data set's."""
  if name not in _CHECKSUMS:
    raise errors.UserError(
      f"{name} is not a classic data set.{errors.nearest(name, _CHECKSUMS)}"
      f" The names are {', '.join(_CHECKSUMS)}."
    )


def _download(name: str, partial: pathlib.Path, base_url: str) -> None:
  """Downloads an archive, going on where an earlier attempt broke off."""
  url = f"{base_url.rstrip('/')}/{name}.zip"
  for attempt in range(1, _TRIES + 1):
    try:
      before = _prepare(partial)
      _fetch(url, partial)
      break
    except requests.HTTPError as error:
      raise errors.UserError(
        f"{url} cannot be had ({errors.first_line(error)})."
        f"{_ABSENT.get(name, ' Try again later, or give another --base_url.')}"
      ) from error
    except _BAD_ADDRESS as error:
      raise errors.UserError(
        f": {url} cannot be had ({errors.first_line(error)}). Check the"
        " address.",
        "base_url",
        base_url,
      ) from error
    except requests.RequestException as error:
      if attempt == _TRIES or _size(partial) == before:
        raise errors.UserError(
          f"{url}: the connection broke ({type(error).__name__}) after"
          f" {_size(partial):,} bytes. Check the network and give the same"
          " command again: it goes on where it was."
        ) from error
    except IsADirectoryError as error:
      raise errors.UserError(
        f"{partial}, where the archive is put first, is a folder. Rename or"
        " remove it, and give the same command again."
      ) from error
    except OSError as error:
      raise errors.StorageError(
        f"{partial} cannot be written ({error.strerror}). Free some space, or"
        " make it writable, and give the same command again: it goes on where"
        " it was."
      ) from error


def _prepare(partial: pathlib.Path) -> int:
  """Removes what has the name and is no file of ours; returns the size."""
  with contextlib.suppress(FileNotFoundError):
    found = partial.lstat()
    if stat.S_ISDIR(found.st_mode):
      raise IsADirectoryError(errno.EISDIR, "it is a folder", str(partial))
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
      partial.unlink()  # a link would lead what is written elsewhere
  return _size(partial)


def _remove_remains(partial: pathlib.Path) -> None:
  """Removes an archive that was downloaded, but no folder of that name."""
  if partial.is_symlink() or partial.is_file():
    partial.unlink()


def _size(path: pathlib.Path) -> int:
  """Returns a file's size, 0 if there is none."""
  return path.stat().st_size if path.exists() else 0


def _fetch(url: str, partial: pathlib.Path) -> None:
  """Appends what is missing of a file.

  Raises what `requests` raises, and ValueError if the answer makes no sense.
  """
  have = _size(partial)
  headers = {"Range": f"bytes={have}-"} if have else {}
  # Compression on the way would make nonsense of positions.
  headers["Accept-Encoding"] = "identity"
  with requests.get(
    url, headers=headers, stream=True, timeout=_TIMEOUT
  ) as response:
    if response.status_code == requests.codes.requested_range_not_satisfiable:
      # Nothing is missing, or what is here is no part of it: the sum decides.
      return
    response.raise_for_status()
    if response.status_code == requests.codes.partial_content:
      begins = response.headers.get("Content-Range", f"bytes {have}-")
      if not begins.startswith(f"bytes {have}-"):
        raise ValueError("the answer is another part of the archive")
    elif response.status_code == requests.codes.ok:
      have = 0  # the server sends it all
    else:
      raise ValueError(f"the answer is {response.status_code}, no archive")
    length = response.headers.get("Content-Length")
    if length is not None and not _LENGTH.fullmatch(length):
      raise ValueError("the answer's Content-Length is no number of bytes")
    total = have + int(length) if length else None
    bar = progress.bar(
      total=total,
      initial=have,
      unit="B",
      unit_scale=True,
      desc=os.path.basename(url),
    )
    with bar, open(partial, "ab" if have else "wb") as file:
      for chunk in response.iter_content(_CHUNK):
        file.write(chunk)
        bar.update(len(chunk))
  if total is not None and _size(partial) < total:
    raise requests.ConnectionError("the answer was cut short")


# What the file system says of names that an archive should not hold, not of
# itself: too long, a folder and a file at once, letters that it does not take.
_NAMES_REFUSED = (
  errno.ENAMETOOLONG,
  errno.ENOTDIR,
  errno.EISDIR,
  errno.EEXIST,
  errno.EINVAL,
  errno.EILSEQ,
  None,  # Python's own, such as of a file that ends early
)


class _Damaged(errors.UserError):
  """An archive is not what it should be; getting it again may help."""


def _check(archive: pathlib.Path, name: str, sha256: str) -> None:
  """Refuses an archive that does not have the checksum.

  Args:
    archive: The archive.
    name: The data set's name.
    sha256: What the user gave, or nothing.

  Raises:
    _Damaged: If the known checksum is another one, or the archive is not whole.
    errors.UserError: If only the one that the user gave is another one, which
      may as well be wrong: the archive is to be kept.
    errors.StorageError: If it cannot be read.
  """
  try:
    found = files.sha256(archive)
  except OSError as error:
    raise errors.StorageError(
      f"{archive} cannot be read ({error.strerror}). Make it readable, and give"
      " the same command again."
    ) from error
  known = _CHECKSUMS[name]
  checksum = sha256 or known
  if checksum in (None, ANY_CHECKSUM):
    logging.warning("No checksum is known: SHA-256 %s.", found)
    return
  if found == checksum:
    return
  if sha256 and (found == known or zipfile.is_zipfile(archive)):
    expected = ", which is the known one" if found == known else ""
    raise errors.UserError(
      f": {archive} has the SHA-256 {found}{expected}. Nothing was unpacked,"
      " and it is kept: correct the checksum, or remove it to download it"
      " again.",
      "sha256",
      sha256,
    )
  raise _Damaged(
    f"{archive} has the SHA-256 {found}, not {checksum}: it is damaged, or"
    " another one; --sha256=none takes it if you trust it. Nothing was"
    " unpacked."
  )


def _begun(target: pathlib.Path) -> pathlib.Path:
  """Returns the folder in which an archive is unpacked."""
  return target.with_name(target.name + files.PARTIAL)


def _unpack(archive: pathlib.Path, target: pathlib.Path) -> None:
  """Unpacks an archive, whole or not at all; the archive stays.

  Raises:
    _Damaged: If it is not whole, or not to be trusted.
    errors.StorageError: If the file system refuses.
  """
  begun = _begun(target)
  try:
    files.remove(begun)
    with zipfile.ZipFile(archive) as packed:
      members = packed.infolist()
      _refuse_hostile(archive, members)
      for member in progress.bar(members, unit="file", desc="unpack"):
        packed.extract(member, begun)
    os.replace(_top(begun), target)
  except errors.UserError:
    raise
  except OSError as error:
    if error.errno in _NAMES_REFUSED:
      raise _not_whole(archive, error) from error
    raise errors.StorageError(
      f"{target} cannot be written ({error.strerror}). Free some space and give"
      " the same command again."
    ) from error
  except (
    Exception
  ) as error:  # zlib's, struct's, lzma's: decoders raise anything
    raise _not_whole(archive, error) from error
  finally:
    with contextlib.suppress(OSError):
      files.remove(begun)


def _not_whole(archive: pathlib.Path, error: Exception) -> _Damaged:
  return _Damaged(
    f"{archive} is not a whole zip archive of pictures"
    f" ({errors.first_line(error)}). Nothing was unpacked."
  )


def _refuse_hostile(
  archive: pathlib.Path, members: list[zipfile.ZipInfo]
) -> None:
  """Refuses an archive that would write elsewhere, link, or fill the disk.

  Also one that holds no pictures, by their names.
  """
  if len(members) > _MOST_MEMBERS:
    raise _hostile(archive, f"holds {len(members):,} files")
  problem = None
  for member in members:
    parts = pathlib.PurePosixPath(member.filename.replace("\\", "/")).parts
    mode = member.external_attr >> 16
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]:
      problem = f"would write to {member.filename!r}"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
      problem = f"holds {member.filename!r}, which is not a plain file"
    elif member.flag_bits & 1:
      problem = f"holds {member.filename!r}, which is encrypted"
    elif len(parts) > _MOST_DEPTH:
      problem = f"holds folders within folders, {len(parts) - 1} deep"
  total = sum(member.file_size for member in members)
  if total > _MAX_FREE_BYTES + _MAX_GROWTH * archive.stat().st_size:
    problem = f"would grow to {total / 1e9:.1f} GB"
  if not any(_is_picture(member) for member in members):
    problem = problem or "holds no pictures"
  if not members:
    problem = "holds nothing"
  if problem:
    raise _hostile(archive, problem)


def _hostile(archive: pathlib.Path, problem: str) -> _Damaged:
  return _Damaged(
    f"{archive} {problem}: nothing was unpacked. Do not trust where it came"
    " from."
  )


def _is_picture(member: zipfile.ZipInfo) -> bool:
  """Says whether a member of an archive is called as pictures are."""
  name = os.path.basename(member.filename)
  ending = os.path.splitext(name)[1].lower()
  return ending in folders.IMAGE_SUFFIXES and not name.startswith(".")


def _top(folder: pathlib.Path) -> pathlib.Path:
  """Returns the folder that holds the splits: this, or its only one."""
  inside = [p for p in folder.iterdir() if not p.name.startswith((".", "__"))]
  if len(inside) == 1 and inside[0].is_dir():
    return inside[0]
  return folder


def _summary(name: str, target: pathlib.Path) -> str:
  """Says what is there now, and how to use it."""
  try:
    domains = folders.find(config_lib.DataConfig(dataset=str(target)))
  except errors.UserError as error:
    return f"{target} is there. {error}"
  counts = ", ".join(f"{len(d.train)} of {side}" for side, d in domains.items())
  return f"{name}: {counts} to train on. Use --dataset={target}."
