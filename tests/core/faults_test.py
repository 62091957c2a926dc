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

import errno
import os
import pathlib
import tempfile

import pytest
import tensorflow as tf

from official.cyclegan.core import faults
from tests import conftest


def _system_error(number, *names):
  return OSError(number, os.strerror(number), *names)


@pytest.mark.parametrize(
  ("error", "words"),
  [
    (_system_error(errno.ENOSPC, "a/b.png"), ["a/b.png: ", "Free some space"]),
    (_system_error(errno.EDQUOT), ["Free some space"]),
    (_system_error(errno.EACCES, b"\xe9.png"), ["\udce9.png: ", "accessible"]),
    (_system_error(errno.EROFS, "x"), ["Read-only", "another place"]),
    (_system_error(errno.EIO, "x", None, "y"), ["x and y: ", "Check the disk"]),
    (_system_error(errno.ENAMETOOLONG, "n" * 300), ["shorter name"]),
    (_system_error(errno.EMFILE, "x"), ["ulimit -n"]),
    (_system_error(errno.ELOOP, 7), ["Look after the file"]),  # a descriptor
    (OSError("no such model"), ["no such model. "]),
    (MemoryError(), ["not enough memory (MemoryError)", "batches"]),
    (ModuleNotFoundError("x", name="heif"), ["heif", "pip install"]),
    (b"\xff", ["not UTF-8", "Rename"]),
    (tf.errors.DataLossError(None, None, "corrupted"), ["corrupted", "backup"]),
    (tf.errors.ResourceExhaustedError(None, None, "x"), ["space or memory"]),
    (tf.errors.PermissionDeniedError(None, None, "x"), ["accessible"]),
  ],
)
def test_an_expected_fault_is_one_line_with_a_remedy(error, words):
  if isinstance(error, bytes):
    with pytest.raises(UnicodeDecodeError) as raised:
      error.decode()
    error = raised.value
  text = faults.explain(error)
  assert "\n" not in text and text.endswith((".", "e ."))
  assert "Errno" not in text
  for word in words:
    assert word in text, text


@pytest.mark.parametrize(
  "error",
  [
    TypeError("bug"),
    KeyError("bug"),
    RecursionError("bug"),
    tf.errors.InvalidArgumentError(None, None, "bug"),
    tf.errors.InternalError(None, None, "bug"),
  ],
)
def test_a_mistake_of_the_package_is_none(error):
  assert faults.explain(error) is None


def test_an_unexpected_error_is_kept_in_a_file(tmp_path, monkeypatch):
  monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
  try:
    {}["bug \udce9"]
  except KeyError as error:
    line, path = faults.record(error, "train")
  assert line.startswith("KeyError: ") and "faults_test.py, line" in line
  text = pathlib.Path(path).read_text(encoding="utf-8")
  assert text.splitlines()[-1].startswith("KeyError: ")
  assert os.path.basename(path).startswith("cyclegan_train_")
  assert os.stat(path).st_mode & 0o077 == 0  # others need not read it
  monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
  assert faults.record(ValueError("x"), "train") == ("ValueError: x", None)


if __name__ == "__main__":
  conftest.main(__file__)
