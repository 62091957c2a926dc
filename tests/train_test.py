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
import json

import pytest

from official.cyclegan import config as config_lib
from tests import conftest

_CONFIGS = conftest.ROOT / "official" / "cyclegan" / "configs"


def test_help_starts_with_a_recipe_and_lists_every_flag():
  result = conftest.run_binary("train", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.train")
  assert recipe < result.stdout.index("--model_dir:") < len(result.stdout)
  for part in (config_lib.DataConfig, config_lib.TrainConfig):
    for name in part.__dataclass_fields__:
      assert f"{name}:" in result.stdout


def test_help_does_not_import_tensorflow():
  result = conftest.run_binary("train", "--help", python=["-X", "importtime"])
  assert "absl.flags" in result.stderr
  assert "tensorflow" not in result.stderr


@pytest.mark.parametrize("preset", sorted(p.name for p in _CONFIGS.iterdir()))
def test_dry_run_prints_what_a_preset_resolves_to(preset, tmp_path):
  result = conftest.run_binary(
    "train",
    f"--flagfile={_CONFIGS / preset}",
    f"--model_dir={tmp_path / 'run'}",
    "--dry_run",
  )
  assert result.returncode == 0, result.stderr
  config = config_lib.from_json(result.stdout)
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


if __name__ == "__main__":
  conftest.main(__file__)
