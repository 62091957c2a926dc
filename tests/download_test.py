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
"""The command that downloads, and the tool of old that calls it."""

import http.server
import io
import os
import subprocess
import sys
import zipfile

import pytest

from official.cyclegan import download
from tests import conftest


class _Handler(http.server.BaseHTTPRequestHandler):
  """Gives one archive to whoever asks for `facades.zip`."""

  archive = b""

  def do_GET(self):  # noqa: N802
    found = self.path == "/sets/facades.zip"
    self.send_response(200 if found else 404)
    self.end_headers()
    self.wfile.write(self.archive if found else b"")

  def log_message(self, *_):
    pass


@pytest.fixture(scope="module")
def url():
  memory = io.BytesIO()
  with zipfile.ZipFile(memory, "w") as packed:
    for name in ("trainA/1.jpg", "trainB/1.jpg", "trainB/2.jpg"):
      packed.writestr(f"facades/{name}", b"x")
  _Handler.archive = memory.getvalue()
  server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
  with conftest.serving(server):
    yield f"http://127.0.0.1:{server.server_port}/sets/"


def _command(*arguments):
  return conftest.run_binary("download", *arguments)


def _tool(*arguments):
  return conftest.run_tool("download_dataset.py", *arguments)


@pytest.mark.parametrize("run", [_command, _tool])
def test_downloads_a_data_set(run, url, tmp_path):
  flags = f"--base_url={url}", f"--output_dir={tmp_path}", "--sha256=none"
  done = run("facades", *flags)
  assert done.returncode == 0, done.stderr
  target = tmp_path / "facades"
  assert done.stdout == (
    f"facades: 1 of A, 2 of B to train on. Use --dataset={target}.\n"
  )
  assert "facades.zip" in done.stderr  # the progress
  assert sorted(p.name for p in target.iterdir()) == ["trainA", "trainB"]
  assert "there already" in run("facades", *flags).stdout


def test_the_tool_runs_from_a_clone_that_is_not_installed(tmp_path):
  environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
  done = subprocess.run(
    [
      sys.executable,
      str(conftest.ROOT / "tools" / "download_dataset.py"),
      "apples",
    ],
    cwd=tmp_path,
    env=environment,
    capture_output=True,
    text=True,
    check=False,
  )
  conftest.assert_refused(done, "apples is not a classic data set")


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    ([], ["NAME is missing"]),
    (["apples"], ["apples is not a classic data set", "ukiyoe2photo"]),
    (["maps", "facades"], ["unexpected argument 'facades'"]),
    (["ae_photos", "--via=tfds"], ["--via=tfds: TFDS does not have ae_photos"]),
    (["maps", "--output_dir=README.md/x"], ["--output_dir=README.md/x"]),
  ],
)
def test_mistakes_are_one_line(arguments, words):
  conftest.assert_refused(_command(*arguments), *words)


def test_the_tool_has_the_commands_flags_and_refusals():
  help_text = _tool("--help").stdout
  for flag in ("via", "base_url", "sha256", "data_dir", "output_dir"):
    assert f"--{flag}:" in help_text
  conftest.assert_refused(_tool("apples"), "apples is not a classic data set")


def test_help_names_every_data_set():
  for name in download.download_lib.names():
    assert name in download.__doc__


if __name__ == "__main__":
  conftest.main(__file__)
