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
"""Two commands on one folder: one works, the other says who holds it.

Each command is tried as the first of a pair, which has to hold its folder while
it works, and as the second, which has to be refused before it does anything:
so all pairs are covered.
"""

import os
import subprocess
import sys
import zipfile

import pytest

from official.cyclegan import download_lib
from official.cyclegan import evaluate_lib
from official.cyclegan import export_lib
from official.cyclegan import prepare_lib
from official.cyclegan import train_lib
from official.cyclegan import translate_lib
from official.cyclegan import tune_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import locks
from official.cyclegan.core import search_config
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import image_files
from official.cyclegan.data import sources
from tests import conftest

_HOLD = """
import sys
from official.cyclegan.core import locks
with locks.hold(sys.argv[1], "output_dir"):
  print("held", flush=True)
  sys.stdin.read()
"""


class _Working(Exception):
  """A command has begun with its work."""


def _config(pictures):
  return config_lib.Config(
    data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
    model=conftest.TINY_MODEL,
    train=config_lib.TrainConfig(train_steps=2, precision="float32"),
  )


def _train(folder, pictures):
  train_lib.train(config_checks.resolve(_config(pictures)), folder)


def _tune(folder, pictures):
  tune_lib.search(_config(pictures), search_config.SearchConfig(), folder)


def _run(folder, pictures):
  """Writes what looks like a run, beside the folder."""
  run = f"{folder}_run"
  os.makedirs(run, exist_ok=True)
  config_file.save(config_checks.resolve(_config(pictures)), run)
  return run


def _export(folder, pictures):
  export_lib.export(_run(folder, pictures), folder)


def _evaluate(folder, pictures):
  config = config_checks.resolve(_config(pictures))
  evaluate_lib.evaluate(_run(folder, pictures), folder, config)


def _prepare(folder, pictures):
  data = config_lib.DataConfig(dataset=str(pictures))
  with prepare_lib.reserving(data, folder):
    dataset_audit.audit(data)


def _translate(folder, pictures):
  translate_lib.translate_files(
    "model", str(pictures / "testA"), folder, "AtoB"
  )


def _download(folder, pictures):
  del pictures
  parent, name = os.path.split(folder)
  with zipfile.ZipFile(f"{folder}.zip", "w") as packed:
    packed.writestr("trainA/a.jpg", b"x")
  download_lib.download(name, parent, sha256="none")


# What each command begins its work with, once it holds its folder.
_COMMANDS = {
  "train": (_train, sources, "open_source"),
  "tune": (_tune, tune_lib.search_record, "check_same"),
  "export": (_export, export_lib.checkpoints, "load_generator"),
  "evaluate": (_evaluate, evaluate_lib, "open_both"),
  "prepare": (_prepare, dataset_audit, "audit"),
  "translate": (_translate, image_files, "read"),
  "download": (_download, download_lib, "_unpack"),
}


@pytest.fixture(params=_COMMANDS)
def command(request, monkeypatch):
  """A command, and the folders of which its work has begun, which ends it."""
  run, module, name = _COMMANDS[request.param]
  held = []

  def work(*_, **__):
    held.append(locks.holder(held_folder[0]))
    raise _Working

  held_folder = []
  monkeypatch.setattr(module, name, work)
  opened = translate_lib.image_translator.ImageTranslator(
    lambda image: image, 32, 4, 4
  )
  monkeypatch.setattr(
    translate_lib.image_translator, "open_model", lambda *_, **__: opened
  )
  return run, held_folder, held


def _folder(tmp_path):
  return str(tmp_path / "apple2orange")  # a name that download takes


def test_the_first_holds_its_folder_while_it_works(command, tmp_path, pictures):
  run, held_folder, held = command
  held_folder.append(_folder(tmp_path))
  with pytest.raises(_Working):
    run(held_folder[0], pictures)
  assert [found.pid for found in held] == [os.getpid()]
  assert locks.holder(held_folder[0]) is None
  left = [name for name in os.listdir(tmp_path) if ".lock" in name]
  assert not left


def test_the_second_says_who_holds_it_and_changes_nothing(
  command, tmp_path, pictures
):
  run, held_folder, held = command
  held_folder.append(_folder(tmp_path))
  process = subprocess.Popen(
    [sys.executable, "-c", _HOLD, held_folder[0]],
    cwd=conftest.ROOT,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
  )
  try:
    process.stdout.readline()
    with pytest.raises(locks.InUseError) as caught:
      run(held_folder[0], pictures)
  finally:
    process.kill()
    process.communicate()
  assert f"process {process.pid} on " in str(caught.value)
  assert str(caught.value).startswith("--") and not held
  folder = held_folder[0]
  assert not os.path.isdir(folder) or not os.listdir(folder)


@pytest.mark.slow(seconds=10)
@pytest.mark.one_stack
def test_a_run_that_trains_can_be_exported_and_evaluated(models, tmp_path):
  """Readers are not locked out."""
  with subprocess.Popen(
    [sys.executable, "-c", _HOLD, models["run"]],
    cwd=conftest.ROOT,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
  ) as process:
    process.stdout.readline()
    options = command_config.ExportConfig(
      quantization=("float32",), sizes=(32,)
    )
    export_lib.export(
      models["run"], str(tmp_path / "export"), ("AtoB",), options
    )
    translate_lib.translate_files(
      models["run"], models["pictures"], str(tmp_path / "out"), "AtoB"
    )
    assert locks.holder(models["run"]).pid == process.pid
    process.stdin.close()


if __name__ == "__main__":
  conftest.main(__file__)
