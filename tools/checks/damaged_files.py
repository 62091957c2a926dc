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
"""Damages files in ways that their formats suggest.

JSON and YAML: values of other types, sizes and depths, keys that are missing or
new, text that is cut off or no text. Records: payloads that are damaged below
checksums that are right again. All others: bytes, words, lengths, ends.
"""

from __future__ import annotations

import copy
import json
import pathlib
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

_VALUES: tuple[Any, ...] = (
  None,
  True,
  -1,
  0,
  2,
  1e-300,
  1.5e308,
  float("inf"),
  float("-inf"),
  float("nan"),
  10**18,
  10**30,
  10**400,
  "",
  "x",
  "../../x",
  "/",
  "a\0b",
  "\ud800",
  "é" * 300,
  "1e3",
  [],
  {},
  [[]],
  {"": None},
  [1, "a", None],
)
_WORDS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00010000)
_DEEP = 100_000
Damage = Callable[[bytes, random.Random], bytes]


def _value(rng: random.Random) -> Any:
  """Returns one of the values, which may be changed."""
  return copy.deepcopy(rng.choice(_VALUES))


def of_json(data: bytes, rng: random.Random) -> bytes:
  """Returns damaged JSON: three times of four still JSON.

  Args:
    data: Whole JSON.
    rng: Chooses.
  """
  if rng.random() < 0.25:
    return _of_text(data, rng)
  values = json.loads(data)
  for _ in range(rng.choice((1, 1, 1, 2, 4))):
    values = _changed(values, rng)
  text = json.dumps(values)
  if rng.random() < 0.05:
    text = text.replace("null", "[" * _DEEP + "]" * _DEEP, 1)
  return text.encode("utf-8", "surrogatepass")


def of_lines(data: bytes, rng: random.Random) -> bytes:
  """Returns a damaged file of lines such as `name: value` or `--name=value`.

  Args:
    data: The whole file.
    rng: Chooses.
  """
  if rng.random() < 0.3:
    return _of_text(data, rng)
  lines = data.split(b"\n")
  i = rng.randrange(len(lines))
  line = lines[i]
  sign = b"=" if b"=" in line else b":"
  name, _, _ = line.partition(sign)
  value = json.dumps(_value(rng)).encode()
  lines[i] = rng.choice(
    (
      b"",
      line + line,
      name + sign + b" " + value,
      name + sign + value,
      b"  " + line,
      line.replace(sign, b"", 1),
      name + b"x" + sign + b" 1",
      b"&a [*a, *a]",
      b"? [1, 2]\n: 3",
      b"2001-99-99: 2001-99-99",
      b"!!python/object/apply:os.system [true]",
      b"[" * 3000,
      b"--flagfile=/dev/null",
    )
  )
  return b"\n".join(lines)


def of_bytes(data: bytes, rng: random.Random) -> bytes:
  """Returns a damaged file of any format.

  Args:
    data: The whole file.
    rng: Chooses.
  """
  size = len(data)
  if not size:
    return b"\xff"
  at = rng.randrange(size)
  word = at - at % 4
  some = slice(at, min(size, at + rng.choice((1, 4, 64, 4096))))
  changed = bytearray(data)
  how = rng.randrange(9)
  if how == 0:
    return data[:at]
  if how == 1:
    return data[: rng.choice((0, 1, 4, 8, 16))]
  if how == 2:
    for _ in range(rng.choice((1, 1, 4, 32))):
      changed[rng.randrange(size)] ^= 1 << rng.randrange(8)
  elif how in (3, 4):  # offsets and lengths of many formats
    changed[word : word + 4] = struct.pack("<I", rng.choice(_WORDS))
  elif how == 5:
    changed[some] = bytes(some.stop - some.start)
  elif how == 6:
    changed[some] = rng.randbytes(some.stop - some.start)
  elif how == 7:
    del changed[some]
  else:
    changed[at:at] = data[some]
  return bytes(changed)


def of_records(data: bytes, rng: random.Random) -> bytes:
  """Returns damaged TFRecords, half of them with right checksums.

  Args:
    data: A whole file.
    rng: Chooses.
  """
  if rng.random() < 0.5:
    return of_bytes(data, rng)
  payloads = list(_payloads(data))
  i = rng.randrange(len(payloads))
  how = rng.randrange(5)
  if how == 0:
    del payloads[i]
  elif how == 1:
    payloads.append(payloads[i])
  elif how == 2:
    payloads[i] = b""
  else:
    payloads[i] = of_bytes(payloads[i], rng)
  return b"".join(map(_record, payloads))


def _payloads(data: bytes) -> Iterator[bytes]:
  """Yields the records of a file."""
  while data:
    (length,) = struct.unpack("<Q", data[:8])
    yield data[12 : 12 + length]
    data = data[16 + length :]


def _record(payload: bytes) -> bytes:
  """Returns a record: length, its checksum, payload, its checksum."""
  length = struct.pack("<Q", len(payload))
  return b"".join((length, _masked(length), payload, _masked(payload)))


def _masked(data: bytes) -> bytes:
  """Returns CRC-32C, rotated and with a constant added, as TFRecords have it.

  tensorflow/core/lib/hash/crc32c.h
  """
  crc = 0xFFFFFFFF
  for byte in data:
    crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
  crc ^= 0xFFFFFFFF
  rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
  return struct.pack("<I", (rotated + 0xA282EAD8) & 0xFFFFFFFF)


def _crc_table() -> list[int]:
  """Returns the table of CRC-32C, polynomial 0x1EDC6F41 reflected."""
  table = []
  for crc in range(256):
    for _ in range(8):
      crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    table.append(crc)
  return table


_TABLE = _crc_table()


def _of_text(data: bytes, rng: random.Random) -> bytes:
  """Returns text that is cut off, of another encoding, or none."""
  at = rng.randrange(len(data))
  text = data.decode("utf-8", "replace")
  return rng.choice(
    (
      b"",
      b" \n",
      data[:at],
      data[at:],
      data[:at] + b"\xff\xfe" + data[at:],
      data[:at] + b"\0" + data[at:],
      b"\xef\xbb\xbf" + data,
      text.encode("utf-16"),
      b"[" * _DEEP,
      b'{"a":' * _DEEP,
      b"9" * 5000,
      b"null",
      b"[]",
      b'"text"',
      bytes(64),
      data + data,
      data.replace(b'"', b"'"),
    )
  )


def _changed(values: Any, rng: random.Random) -> Any:
  """Returns JSON's values with one place changed."""
  places = list(_places(values))
  if not places:
    return _value(rng)
  holder, key = rng.choice(places)
  how = rng.randrange(6)
  if how == 0:
    del holder[key]
  elif how == 1 and isinstance(holder, dict):
    holder[f"{key}x"] = holder.pop(key)
  elif how == 2:
    other, there = rng.choice(places)
    # By way of text: no value becomes a part of itself.
    holder[key] = json.loads(json.dumps(other[there]))
  else:
    holder[key] = _value(rng)
  return values


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
  """Yields each container with each of its keys or indices."""
  keys: list[Any] = []
  if isinstance(values, dict):
    keys = list(values)
  elif isinstance(values, list):
    keys = list(range(len(values)))
  for key in keys:
    yield values, key
    yield from _places(values[key])


def read(path: pathlib.Path) -> bytes:
  """Returns a file's bytes; of an empty one a line's end, to be damaged."""
  return path.read_bytes() or b"\n"
