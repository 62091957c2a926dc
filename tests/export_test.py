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

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from tests import conftest


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("export", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.export")
  assert recipe < result.stdout.index("--output_dir:")


def test_missing_flags_and_bad_sizes_are_refused(tmp_path):
  conftest.assert_refused(conftest.run_binary("export"), "--model_dir is")
  conftest.assert_refused(
    conftest.run_binary("export", "--model_dir=x"), "--output_dir is missing"
  )
  conftest.assert_refused(conftest.run_binary("export", "--size=-1"), "size")


def test_dry_run_prints_what_would_be_exported(tmp_path):
  config = config_lib.Config(data=config_lib.DataConfig(crop_size=64))
  config_file.save(config_checks.resolve(config), str(tmp_path))
  flags = [f"--model_dir={tmp_path}", f"--output_dir={tmp_path / 'out'}"]
  result = conftest.run_binary("export", *flags, "--dry_run")
  values = json.loads(result.stdout)
  assert values["export"]["sizes"] == [64]
  assert str(tmp_path / "out") in result.stderr
  file = tmp_path / "shown.json"
  file.write_text(result.stdout)
  again = conftest.run_binary(
    "export", *flags, "--dry_run", f"--config_file={file}"
  )
  assert json.loads(again.stdout) == values
  assert not (tmp_path / "out").exists()
  for typed in ("--size=30", "--sizes=30"):
    bad = conftest.run_binary("export", *flags, "--dry_run", typed)
    conftest.assert_refused(bad, f"error: {typed}:", "multiples of 4")


def test_folder_without_a_model_is_refused_in_one_line(tmp_path):
  result = conftest.run_binary(
    "export", f"--model_dir={tmp_path}", f"--output_dir={tmp_path / 'out'}"
  )
  conftest.assert_refused(result, f"--model_dir={tmp_path}", "train")
  assert not (tmp_path / "out").exists()


if __name__ == "__main__":
  conftest.main(__file__)
