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
"""Wrong uses of every command: one line, the flag typed, a remedy, status 2."""

import PIL.Image
import pytest

from tests import conftest

# The command, what is typed, and what the message says. `{run}` is a folder
# that is not a run, `{file}` a file in it, `{picture}` a picture.
_WRONG = [
  ("train", ["--crop_size=256x128"], ["--crop_size=256x128", "whole number"]),
  ("train", ["--learning_rate=fast"], ["--learning_rate=fast", "a number"]),
  ("train", ["--gan_mode=lsgna"], ["--gan_mode=lsgna", "Did you mean lsgan?"]),
  ("train", ["--epochs=0"], ["--epochs=0 must be at least 1"]),
  ("train", ["--leaning_rate=1"], ["--leaning_rate", "learning_rate?"]),
  (
    "train",
    ["--experiment=quickstar"],
    ["--experiment=quickstar", "Did you mean quickstart?"],
  ),
  (
    "train",
    ["--config_file={run}/none.yaml"],
    ["--config_file=", "none.yaml", "Give a YAML or JSON file"],
  ),
  (
    "train",
    ["--params_override=train.learningrate=1"],
    ["--params_override=", "Did you mean train.learning_rate?"],
  ),
  (
    "train",
    ["--dataset={run}/nothing", "--model_dir={run}/new"],
    ["--dataset=", "nothing"],
  ),
  ("train", ["--model_dir={file}"], ["--model_dir=", "is a file"]),
  (
    "distill",
    ["--teacher={run}"],
    ["--teacher=", "holds no trained model", "`train` wrote"],
  ),
  (
    "tune",
    ["--space=architecture", "--teacher={run}"],
    ["--teacher=", "holds no trained model"],
  ),
  (
    "tune",
    ["--lambda_id_range=5"],
    ["--lambda_id_range=5 must be 2 numbers, e.g. 0.3,10"],
  ),
  (
    "tune",
    ["--search=lambda_di"],
    ["--search=lambda_di", "Did you mean lambda_id?"],
  ),
  ("evaluate", ["--model={run}"], ["--model="]),
  ("evaluate", ["--model_dir={run}"], ["--model_dir=", "is not a model"]),
  ("evaluate", ["--model_dir={run}", "--model={run}"], ["both given"]),
  (
    "export",
    ["--model_dir={run}", "--output_dir={run}/out"],
    ["--model_dir=", "holds no trained model"],
  ),
  (
    "export",
    ["--model_dir={run}", "--output_dir=x", "--quantization=int4"],
    ["--quantization=int4 must be one of", "int8"],
  ),
  (
    "translate",
    ["--model={run}", "--input={picture}", "--output=x"],
    ["--model="],
  ),
  (
    "translate",
    ["--model={run}", "--input={file}", "--output=x", "--direction=A2B"],
    ["--direction=A2B must be AtoB or BtoA"],
  ),
  ("translate", ["--model={run}"], ["--input is missing", "give a picture"]),
  ("prepare", ["--domain_a={run}"], ["--domain_b is missing"]),
  ("prepare", ["--shard_mb=big"], ["--shard_mb=big", "whole number"]),
  ("demo", ["--model={run}", "--port=99999"], ["--port=99999 must be 0 to"]),
  ("demo", ["--model={run}"], ["--model="]),
]
_PYTHON = ("invalid literal", "could not convert", "Errno", "NoneType", "()")


@pytest.mark.parametrize(
  ("name", "typed", "words"),
  _WRONG,
  ids=[f"{name} {' '.join(typed)}" for name, typed, _ in _WRONG],
)
def test_wrong_use_is_one_line_that_names_the_flag(
  name, typed, words, tmp_path
):
  (tmp_path / "notes.txt").write_text("not a picture")
  picture = tmp_path / "picture.png"
  PIL.Image.new("RGB", (8, 8)).save(picture)
  places = {
    "run": tmp_path,
    "file": tmp_path / "notes.txt",
    "picture": picture,
  }
  result = conftest.run_binary(name, *(text.format(**places) for text in typed))
  conftest.assert_refused(result, f"{name}: error: ", *words)
  for word in _PYTHON:
    assert word not in result.stderr
  # No flag is named that was not typed, but for what should be given.
  if len(typed) == 1:
    flag = typed[0].partition("=")[0]
    assert f"error: {flag}" in result.stderr or "is missing" in words[0]


if __name__ == "__main__":
  conftest.main(__file__)
