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
import glob
import json
import os
import re
import resource
import signal
import time

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from tests import conftest

_CONFIGS = conftest.ROOT / "official" / "cyclegan" / "configs"


@pytest.mark.slow
@pytest.mark.one_stack
def test_help_starts_with_a_recipe_and_lists_every_flag():
  result = conftest.run_binary("train", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.train")
  assert recipe < result.stdout.index("--model_dir:") < len(result.stdout)
  for part in (
    config_lib.DataConfig,
    config_lib.LossConfig,
    config_lib.TrainConfig,
    config_lib.DeviceConfig,
  ):
    for name in part.__dataclass_fields__:
      # Those two are distill's.
      listed = name not in ("lambda_distill", "lambda_features")
      assert (f"{name}:" in result.stdout) == listed


def test_help_does_not_import_tensorflow():
  result = conftest.run_binary("train", "--help", python=["-X", "importtime"])
  assert "absl.flags" in result.stderr
  assert "tensorflow" not in result.stderr


@pytest.mark.parametrize("preset", config_file.presets())
def test_dry_run_prints_what_a_preset_resolves_to(preset, tmp_path):
  """The same by name from any folder, as a flag file, as a YAML file."""
  results = [
    conftest.run_binary(
      "train", given, f"--model_dir={tmp_path / 'run'}", "--dry_run", cwd=folder
    )
    for given, folder in (
      (f"--experiment={preset}", tmp_path),
      (f"--flagfile={_CONFIGS / preset}.flags", conftest.ROOT),
      (f"--config_file={_CONFIGS / preset}.yaml", tmp_path),
    )
  ]
  result = results[0]
  assert result.returncode == 0, result.stderr
  assert result.stdout == results[1].stdout == results[2].stdout
  config = config_file.from_json(result.stdout)
  assert config.data.load_size >= config.data.crop_size
  assert json.loads(result.stdout)["data"]["load_size"] == config.data.load_size
  assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    (["stray"], ["'stray'", "--name=value"]),
    (["--crop_size=big"], ["--crop_size=big"]),
    (["--no_such_flag=1"], ["no_such_flag"]),
    (["--generator_type=vgg"], ["generator_type", "resnet"]),
    (["--crop_size=50"], ["--crop_size=50", "multiples of 4"]),
    (["--crop_size=64", "--load_size=32"], ["larger than --load_size=32"]),
    (["--flagfile=no/such.flags"], ["no/such.flags"]),
    ([], ["--model_dir is missing"]),
  ],
)
def test_bad_flags_are_refused_in_one_line(arguments, words):
  conftest.assert_refused(conftest.run_binary("train", *arguments), *words)


def test_checkpoints_without_their_configuration_are_named_first(tmp_path):
  (tmp_path / "checkpoints").mkdir()
  (tmp_path / "checkpoints" / "ckpt-3.index").write_bytes(b"kept")
  result = conftest.run_binary(
    "train", f"--model_dir={tmp_path}", python=["-X", "importtime"]
  )
  assert result.returncode == 2
  assert not re.search(r"\| +tensorflow$", result.stderr, re.MULTILINE)
  assert f"--model_dir={tmp_path} holds checkpoints" in result.stderr
  assert os.listdir(tmp_path) == ["checkpoints"]


@pytest.mark.parametrize(
  "flags",
  [
    ["--learning_rate=1e-3"],  # the discriminators' follows
    ["--init=he"],
    ["--crop_size=32"],
    ["--generator_type=mobile"],
    ["--epochs=5"],
  ],
  ids=str,
)
def test_flags_do_beside_a_written_file_what_they_do_without_it(
  flags, tmp_path
):
  shown = conftest.run_binary(
    "train", "--experiment=quickstart", "--dry_run", "--format=yaml"
  )
  path = tmp_path / "run.yaml"
  path.write_text(shown.stdout)
  results = [
    conftest.run_binary("train", given, *flags, "--dry_run").stdout
    for given in ("--experiment=quickstart", f"--config_file={path}")
  ]
  assert json.loads(results[0])
  assert results[0] == results[1]


def test_unknown_data_set_is_refused_in_one_line(tmp_path):
  result = conftest.run_binary(
    "train",
    f"--model_dir={tmp_path / 'run'}",
    f"--data_dir={tmp_path / 'data'}",
    "--dataset=aple2orange_scenes",
  )
  conftest.assert_refused(
    result, "--dataset=aple2orange_scenes", "Did you mean apple2orange_scenes?"
  )


def test_text_called_jpg_is_refused_in_one_line(pictures, tmp_path):
  folder = conftest.copy(pictures, tmp_path / "data")
  (folder / "trainB" / "notes.jpg").write_text("not a picture")
  result = conftest.run_binary(
    "train", f"--model_dir={tmp_path / 'run'}", f"--dataset={folder}"
  )
  conftest.assert_refused(result, "notes.jpg", "Replace or remove it")


def _steps(folder):
  found = glob.glob(os.path.join(folder, "checkpoints", "*.index"))
  return sorted(int(f.rsplit("-", 1)[1].removesuffix(".index")) for f in found)


def _stop(process, number, folder, after):
  """Sends a signal once there is a later checkpoint; returns the last step."""
  deadline = time.monotonic() + 240
  while _steps(folder)[-1:] <= [after] and time.monotonic() < deadline:
    assert process.poll() is None
    time.sleep(0.05)
  process.send_signal(number)
  ended = process.wait(timeout=240)
  errors = ended.stderr
  assert ended.returncode == 128 + number, errors
  assert "Traceback" not in errors
  last = errors.strip().splitlines()[-1]
  assert f"stopped by {signal.Signals(number).name} at step" in last
  stopped = int(last.split("at step ")[1].split(";")[0])
  assert _steps(folder)[-1] == stopped > after
  return stopped


@pytest.mark.slow
def test_a_signal_saves_exits_and_goes_on(pictures, tmp_path):
  flags = conftest.tiny_flags(
    pictures, tmp_path, train_steps=100_000, save_every_steps=2
  )
  stopped = 0
  for number in (signal.SIGTERM, signal.SIGINT):
    process = conftest.start_binary("train", *flags, eagerly=True)
    stopped = _stop(process, number, tmp_path, stopped)
  result = conftest.run_binary(
    "train",
    *conftest.tiny_flags(pictures, tmp_path, train_steps=stopped + 1),
    eagerly=True,
  )
  assert result.returncode == 0, result.stderr
  assert _steps(tmp_path)[-1] == stopped + 1


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory):
  """The folder of a run of two steps."""
  folder = tmp_path_factory.mktemp("trained")
  result = conftest.run_binary(
    "train",
    *conftest.tiny_flags(pictures, folder, train_steps=2),
    eagerly=True,
  )
  assert result.returncode == 0, result.stderr
  return folder


@pytest.mark.slow
@pytest.mark.one_stack
def test_failing_disk_is_one_line_and_the_earlier_checkpoint_loads(
  pictures, trained, tmp_path
):
  """The system refuses to write a file as large as a checkpoint."""
  tmp_path = conftest.copy(trained, tmp_path / "run")
  (data,) = glob.glob(str(tmp_path / "checkpoints" / "ckpt-2.data*"))
  most = os.path.getsize(data) // 2
  flags = conftest.tiny_flags(pictures, tmp_path, train_steps=4)
  started = conftest.start_binary("train", *flags, eagerly=True)
  # Python ignores the signal that comes with it.
  resource.prlimit(started.pid, resource.RLIMIT_FSIZE, (most, most))
  process = started.wait(timeout=240)
  errors = process.stderr
  assert process.returncode == 2, errors
  assert "Traceback" not in errors
  (line,) = [line for line in errors.splitlines() if "error:" in line]
  assert "step 4 cannot be written" in line and "step 2 is whole" in line
  assert _steps(tmp_path) == [2]
  again = conftest.run_binary("train", *flags, eagerly=True)
  assert again.returncode == 0, again.stderr
  assert _steps(tmp_path) == [2, 4]


def test_folder_that_cannot_be_written_is_one_line(pictures):
  """Nobody, not even root, makes folders there."""
  result = conftest.run_binary(
    "train", *conftest.tiny_flags(pictures, "/proc/run", train_steps=2)
  )
  conftest.assert_refused(result, "--model_dir=/proc/run", "Choose another")


@pytest.mark.slow
@pytest.mark.one_stack
def test_changed_option_is_refused_in_one_line(pictures, trained):
  flags = conftest.tiny_flags(pictures, trained, train_steps=3)
  result = conftest.run_binary("train", *flags, "--batch_size=2")
  conftest.assert_refused(result, "--batch_size=2", "were trained with 1")


if __name__ == "__main__":
  conftest.main(__file__)
