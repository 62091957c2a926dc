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
"""Tools that check a run: its test pictures, their summary, its resume."""

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.data import image_files
from tests import beam_python
from tests import conftest
from tests import tfx_python

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow(seconds=10),  # of one test
  pytest.mark.one_stack,
]


def test_pictures_and_summary(few_fruits, tmp_path):
  config = config_lib.Config(
    data=config_lib.DataConfig(data_dir=few_fruits, crop_size=64)
  )
  config_file.save(config_checks.resolve(config), str(tmp_path))
  test_dir = tmp_path / "test"
  written = conftest.run_tool(
    "checks/write_test_pictures.py",
    f"--model_dir={tmp_path}",
    f"--output_dir={test_dir}",
  )
  assert written.returncode == 0, written.stderr
  names = sorted(p.name for p in (test_dir / "A").iterdir())
  assert len(names) == 4
  for part in ("B", "mask"):
    assert sorted(p.name for p in (test_dir / part).iterdir()) == names
  for name in ("reference_A", "reference"):
    assert len(list((test_dir / name).iterdir())) == 4

  # A model that does half of what it should.
  halves = []
  (test_dir / "translated").mkdir()
  for name in names:
    a, b = (
      image_files.read(str(test_dir / k / name)).astype(float) for k in "AB"
    )
    half = np.rint((a + b) / 2).astype(np.uint8)
    image_files.write(str(test_dir / "translated" / name), half)
    halves.append(half)
  done = conftest.run_tool(
    "checks/summarize_translation.py",
    f"--test_dir={test_dir}",
    f"--output_dir={tmp_path}",
    "--started_seconds_ago=12",
  )
  assert done.returncode == 0, done.stderr
  summary = json.loads((tmp_path / "summary.json").read_text())
  assert summary["seconds"] == 12 and summary["pictures"] == 4
  assert abs(summary["l1_ratio"] - 0.5) < 0.02
  assert abs(summary["masked_l1_ratio"] - 0.5) < 0.02
  for name in ("nothing", "histogram", "transport", "affine"):
    assert summary[name]["l1_ratio"] > 0.6
  assert "histogram matching" in done.stdout
  picture = image_files.read(str(tmp_path / "before_after_truth.png"))
  assert picture.shape == (2 * (3 * 66 - 2), 2 * (4 * 66 - 2), 3)


def test_long_video_in_short():
  done = conftest.run_tool(
    "checks/check_long_video.py", "--minutes=0.1", "--height=64"
  )
  assert done.returncode == 0, done.stdout + done.stderr
  for words in ("Pictures: ", "Sound: off by", "Memory: "):
    assert words in done.stdout


def test_summary_refuses_pictures_that_do_not_belong_together(tmp_path):
  picture = np.zeros((4, 4, 3), np.uint8)
  for part, name in (("A", "1.png"), ("translated", "2.png"), ("B", "1.png")):
    (tmp_path / part).mkdir()
    image_files.write(str(tmp_path / part / name), picture)
  result = conftest.run_tool(
    "checks/summarize_translation.py",
    f"--test_dir={tmp_path}",
    f"--output_dir={tmp_path}",
  )
  conftest.assert_refused(result, "translated/")


def test_pictures_without_a_truth_are_refused(pictures, tmp_path):
  config = config_lib.Config(data=config_lib.DataConfig(dataset=str(pictures)))
  config_file.save(config_checks.resolve(config), str(tmp_path))
  result = conftest.run_tool(
    "checks/write_test_pictures.py", f"--model_dir={tmp_path}", "--output_dir=x"
  )
  conftest.assert_refused(result, "truth is unknown")


def test_killed_training_ends_bit_by_bit_the_same(pictures):
  done = conftest.run_tool(
    "checks/check_resume.py",
    "--kills=3",
    "--steps=60",
    "--save_every=3",
    *(
      f"--train_flag=--{flag}"
      for flag in (
        f"dataset={pictures}",
        "crop_size=32",
        "load_size=36",
        "gen_n_filters=4",
        "disc_n_filters=4",
        "disc_n_layers=1",
        "n_res_blocks=1",
        "dropout=0.2",
      )
    ),
  )
  assert done.returncode == 0, done.stdout + done.stderr
  same, total = (
    done.stdout.splitlines()[-1].removesuffix(" identical").split(" of ")
  )
  assert same == total and int(total) > 100
  assert "Killed 3 times, 1 during a write." in done.stdout


def test_many_pictures_in_short(halving):
  done = conftest.run_tool(
    "checks/check_translate_many.py",
    f"--model={halving}",
    f"--python={beam_python.find()}",
    "--parts=rate",
    "--pictures=20",
    "--loop_pictures=10",
    "--size=24",
  )
  assert done.returncode == 0, done.stdout + done.stderr
  for said in ("20 of 24 pixels", "its share of 2 bare loops", "MB at 20"):
    assert said in done.stdout
  assert "FAILED" not in done.stdout


def test_a_training_that_differs_is_reported(pictures):
  """Two runs that are not the same: the comparison can fail."""
  done = conftest.run_tool(
    "checks/check_resume.py",
    "--kills=1",
    "--steps=10",
    "--save_every=1",
    f"--train_flag=--dataset={pictures}",
    "--train_flag=--crop_size=33",
  )
  assert done.returncode == 2
  assert "--crop_size=33" in done.stderr  # what the training itself says


_CHECKS = conftest.ROOT / "tools" / "checks"
# Writes a file, copies it by another program, makes a folder.
_WRITER = """
import errno, os, subprocess, sys
import system_calls
place = sys.argv[1]
watched = system_calls.Watched(place)
pid = os.fork()
if not pid:
  watched.install()
  try:
    with open(place + "/a", "w") as file:
      file.write("hello")
    subprocess.run(["cp", place + "/a", place + "/b"], check=True)
    os.mkdir(place + "/c")
  except OSError as error:
    os._exit(error.errno)
  os._exit(0)
seen = []
def decide(call):
  seen.append((call.kind, os.path.basename(call.path)))
  return errno.ENOSPC if call.path.endswith(sys.argv[2]) else None
status = watched.supervise(pid, decide, 60)
print(status, seen)
"""


def _run_writer(place, refused):
  return subprocess.run(
    [sys.executable, "-c", _WRITER, str(place), refused],
    env={**os.environ, "PYTHONPATH": str(_CHECKS)},
    capture_output=True,
    text=True,
    check=True,
  ).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_a_chosen_system_call_fails_and_no_other(tmp_path):
  printed = _run_writer(tmp_path, "nothing")
  assert printed.startswith("0 ")
  for step in (("create", "a"), ("write", "a"), ("create", "b")):
    assert str(step) in printed
  assert printed.endswith("('create', 'c')]\n")
  for path in (tmp_path / "a", tmp_path / "b"):
    assert path.read_text() == "hello"
    path.unlink()
  (tmp_path / "c").rmdir()
  printed = _run_writer(tmp_path, "/c")
  assert printed.startswith(f"{errno.ENOSPC} ")
  assert not (tmp_path / "c").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_after_faults_and_kills_the_old_or_the_new_is_there(models):
  done = conftest.run_tool(
    "checks/faults.py",
    "--commands=prepare,translate",
    "--faults=15",
    "--kills=5",
    f"--run={models['run']}",
    f"--export={models['export']}",
  )
  assert done.returncode == 0, done.stdout + done.stderr
  rows = [line.split("|") for line in done.stdout.splitlines() if "|" in line]
  assert [row[1].strip() for row in rows[2:]] == [
    "prepare",
    "translate",
    "translate a video",
  ]
  assert sum(int(row[3]) for row in rows[2:]) >= 15  # reached their call


def test_damaged_files_end_in_one_line_or_a_right_result(models, tmp_path):
  kinds = [
    "config.json",
    "export.json",
    "YAML of options",
    "plan of prepare",
    "archive",
    "pictures",
  ]
  done = conftest.run_tool(
    "checks/mutate.py",
    "--count=40",
    f"--kinds={','.join(kinds)}",
    f"--run={models['run']}",
    f"--export={models['export']}",
    f"--output_dir={tmp_path}",
  )
  assert done.returncode == 0, done.stdout + done.stderr
  rows = [line.split("|") for line in done.stdout.splitlines() if "|" in line]
  assert [row[1].strip() for row in rows[2:]] == kinds
  assert sum(int(row[4]) for row in rows[2:]) > 10  # refused
  assert not list(tmp_path.iterdir())


def test_what_went_wrong_is_found_in_what_a_command_leaves(monkeypatch):
  monkeypatch.syspath_prepend(str(_CHECKS))
  import small_world

  def problems(status, err):
    return small_world.Ended(status, "", err, 1.0, 1.0).problems()

  assert problems(0, "") == problems(2, "x: error: full\n") == []
  assert problems(2, "") == ["0 lines of error"]
  assert problems(1, "x: error: unexpected\n") == ["status 1"]
  assert problems(-11, "") == ["status -11"]
  assert problems(0, "Traceback (most") == ["a traceback"]
  assert problems(None, "") == ["took more than 1 s"]


_KILLED = """
import os, signal, sqlite3, subprocess, sys
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tools.checks import check_pipeline

root = {root!r}
path = os.path.join(root, "metadata.sqlite")
config = mlmd.ConnectionConfig()
config.sqlite.filename_uri = path
config.sqlite.connection_mode = 3  # make it
store = metadata_store.MetadataStore(config)
store.put_artifact_type(mlmd.ArtifactType(name="picture"))
del store

def write_and_die():
  connection = sqlite3.connect(path, isolation_level=None)
  connection.execute("PRAGMA cache_size = 1")  # pages go to the file at once
  connection.execute("BEGIN IMMEDIATE")
  connection.executemany(
    "INSERT INTO Artifact(type_id, uri) VALUES (1, ?)",
    [("half written" * 20,)] * 3000)
  os.kill(os.getpid(), signal.SIGKILL)

child = os.fork()
if not child:
  write_and_die()
os.waitpid(child, 0)

def found():
  with check_pipeline.opened_store(root) as store:
    return len(store.get_artifact_types()), len(store.get_artifacts())

answer = [sorted(os.listdir(root)), found(), found(), sorted(os.listdir(root))]
"""


def test_a_store_is_read_after_a_kill_while_it_was_written(tmp_path):
  code = _KILLED.format(root=str(tmp_path))
  before, first, second, after = tfx_python.ask(tfx_python.find(), code)
  assert before == ["metadata.sqlite", "metadata.sqlite-journal"]
  types, artifacts = first
  assert types >= 1 and artifacts == 0
  assert second == first and after == before


if __name__ == "__main__":
  conftest.main(__file__)
