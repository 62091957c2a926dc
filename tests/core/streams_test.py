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
import subprocess
import sys

import pytest

from official.cyclegan.core import streams
from tests import conftest


def _run(body, **how):
  """Runs a program behind `protect`, without the rest of a command."""
  source = (
    f"from official.cyclegan.core import streams\nstreams.protect()\n{body}"
  )
  return subprocess.run(
    [sys.executable, "-c", source],
    check=False,
    cwd=conftest.ROOT,
    **{"stderr": subprocess.PIPE, **how},
  )


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_gone_stops_nothing(stream, tmp_path):
  end, gone = os.pipe()
  os.close(end)
  body = (
    "import sys\n"
    f"for _ in range(3000): print('x' * 99, file=sys.{stream}, flush=True)\n"
    f"assert streams.failure() is None\nopen({str(tmp_path / 'done')!r}, 'w')"
  )
  done = _run(body, **{stream: gone})
  os.close(gone)
  assert done.returncode == 0 and (tmp_path / "done").exists()
  assert not done.stderr


def test_a_full_disk_is_told_of():
  with open("/dev/full", "w") as full:
    done = _run(
      "print('lost')\nprint('more')\n"
      f"assert streams.failure().errno == {errno.ENOSPC}",
      stdout=full,
    )
  assert done.returncode == 0, done.stderr


def test_letters_that_a_terminal_lacks_are_shown_by_number():
  body = "import sys\nprint('5 \\u00b1 1')\nprint('\\u00b1', file=sys.stderr)"
  env = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
  done = _run(body, stdout=subprocess.PIPE, env=env)
  assert done.returncode == 0, done.stderr
  assert done.stdout == b"5 \\xb1 1\n" and done.stderr == b"\\xb1\n"


def test_what_is_opened_next_is_no_standard_stream():
  body = (
    "import os, sys\n"
    "number = os.open(sys.executable, os.O_RDONLY)\n"
    "print(number, file=sys.stderr)"
  )
  done = subprocess.run(
    ["sh", "-c", 'exec "$0" -c "$1" >&- <&-', sys.executable]
    + [
      f"from official.cyclegan.core import streams\nstreams.protect()\n{body}"
    ],
    check=False,
    cwd=conftest.ROOT,
    capture_output=True,
  )
  assert int(done.stderr) > 2


def test_streams_that_are_not_the_systems_stay(capsys):
  before = sys.stdout
  streams.protect()
  assert sys.stdout is before and streams.failure() is None
  print("±")
  assert capsys.readouterr().out == "±\n"


if __name__ == "__main__":
  conftest.main(__file__)
