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
import os

import PIL.Image

from tests import conftest
from tests import odd_files


def test_help_starts_with_a_recipe():
  result = conftest.run_binary("prepare", "--help")
  assert result.returncode == 0
  recipe = result.stdout.index("python -m official.cyclegan.prepare")
  assert recipe < result.stdout.index("--preview:")


def test_looks_only_then_packs_and_shows(pictures, tmp_path):
  flags = [f"--dataset={pictures}"]
  look = conftest.run_binary("prepare", *flags)
  assert look.returncode == 0, look.stderr
  assert "| training pictures | 8 | 5 |" in " ".join(look.stdout.split())
  assert os.listdir(tmp_path) == []
  packed = tmp_path / "packed"
  pack = conftest.run_binary("prepare", *flags, f"--output_dir={packed}")
  assert pack.returncode == 0, pack.stderr
  assert f"Data set: --dataset={packed}" in pack.stdout
  names = os.listdir(packed)
  assert {"report.json", "report.md", "contact_sheet.png"} <= set(names)
  show = conftest.run_binary(
    "prepare",
    f"--dataset={packed}",
    f"--preview={tmp_path / 'preview.png'}",
    "--crop_size=32",
    "--load_size=40",
  )
  assert show.returncode == 0, show.stderr
  with PIL.Image.open(tmp_path / "preview.png") as picture:
    assert picture.size == (6 * 34 - 2, 8 * 34 - 2)
  again = conftest.run_binary("prepare", f"--dataset={packed}")
  conftest.assert_refused(again, f"--dataset={packed} is packed already")


def test_mistakes_are_one_line_and_nothing_is_written(pictures, tmp_path):
  refused = conftest.assert_refused
  run = conftest.run_binary
  refused(run("prepare", "--dataset=nowhere"), "--dataset=nowhere")
  refused(run("prepare"), "--dataset is missing")
  name = "--dataset=apple2orange_scenes/64"
  refused(run("prepare", name), f"{name} is a built-in data set")
  refused(run("prepare", "--domain_a=x"), "--domain_b is missing")
  refused(
    run("prepare", f"--dataset={pictures}", "--background=blurple"), "blurple"
  )
  refused(
    run("prepare", f"--dataset={pictures}", f"--output_dir={pictures}"),
    f"--output_dir={pictures}",
    "which is read",
  )
  for name in "AB":
    (tmp_path / "set" / name).mkdir(parents=True)
    odd_files.write_good(tmp_path / "set" / name)
  bad = odd_files.write_bad(tmp_path / "set" / "A")
  result = run(
    "prepare", f"--dataset={tmp_path / 'set'}", f"--output_dir={tmp_path / 'o'}"
  )
  refused(result, *bad)
  assert os.listdir(tmp_path) == ["set"]


if __name__ == "__main__":
  conftest.main(__file__)
