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

import os

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
  ("train", ["--leaning_rate=1"], ["--leaning_rate", "--learning_rate?"]),
  ("train", ["--learning_rate=inf"], ["--learning_rate=inf must be finite"]),
  ("train", ["--noflip=true"], ["--noflip=true takes no value"]),
  ("train", ["--teacher=x"], ["--teacher is not", "of distill and tune."]),
  ("distill", ["--mode=eval"], ["--mode is not", "It is one of train."]),
  ("export", ["--port=1"], ["--port is not", "It is one of demo and studio."]),
  ("check_device", ["--output=x"], ["--output is not", "may be --outputs."]),
  ("translate", ["--output_dir=x"], ["--output_dir is", "may be --output."]),
  ("train", ["--netD=basic"], ["--netD is not", "it is called --disc_type."]),
  ("train", ["--flagfile=/none"], ["--flagfile=/none cannot be read (No such"]),
  ("train", ["--flagfile="], ["--flagfile= is empty"]),
  ("train", ["--experiment="], ["--experiment= is empty"]),
  ("train", ["--config_file="], ["--config_file= is empty"]),
  ("train", ["--params_override="], ["--params_override= is empty"]),
  ("demo", ["--host="], ["--host= is empty"]),
  ("prepare", ["--output_dir="], ["--output_dir= is empty"]),
  ("train", ["--background=blurple"], ["--background=blurple is not a colour"]),
  ("train", ["--until=2020-01-01T00:00"], ["--until=2020", "passed already"]),
  (
    "train",
    ["--max_minutes=5", "--train_steps=10"],
    ["--train_steps=10 and --max_minutes=5 both say how long"],
  ),
  (
    "train",
    ["--experiment=none", "--crop_size=16", "--disc_n_layers=8"],
    ["--disc_n_layers=8 halves", "--disc_n_layers=3 or less"],
  ),
  (
    "train",
    ["--lambda_validation=0", "--lambda_reconstr=0", "--lambda_id=0"],
    ["--lambda_validation and", "learn nothing"],
  ),
  (
    "train",
    ["--params_override=train.epochs=-3"],
    ["error: --params_override=train.epochs=-3: train.epochs=-3 must be at"],
  ),
  (
    "train",
    ["--params_override=data.crop_size=66"],
    ["error: --params_override=data.crop_size=66: data.crop_size=66", "64"],
  ),
  (
    "train",
    ["--params_override=distill.teacher={run}"],
    ["distill.teacher={run} is not an option of this command"],
  ),
  (
    "train",
    ["--params_override=export.min_psnr=30"],
    ["export.min_psnr is not an option of this command"],
  ),
  (
    "train",
    ["--mode=eval", "--model_dir={run}"],
    ["--model_dir=", "no trained"],
  ),
  (
    "tune",
    ["--params_override=device.num_devices=2"],
    ["device.num_devices=2 is not an option of this command"],
  ),
  (
    "tune",
    ["--params_override=train.max_minutes=5"],
    ["train.max_minutes=5.0 is not an option of this command"],
  ),
  (
    "tune",
    ["--teacher={run}"],
    ["--teacher={run} is for --space=architecture"],
  ),
  (
    "prepare",
    ["--preview=x.png", "--output_dir=y"],
    ["--preview=x.png and --output_dir are both given"],
  ),
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
  (
    "tune",
    ["--dataset={run}/nothing", "--tuner_dir={run}/new"],
    ["--dataset={run}/nothing: no such folder"],
  ),
  (
    "prepare",
    ["--domain_a={run}/none", "--domain_b={run}"],
    ["--domain_a={run}/none: no such folder"],
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
    ["--lambda_id_range=5,1"],
    ["--lambda_id_range=5,1 must be two numbers above 0, the smaller first"],
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
    ["--model_dir={run}", "--output_dir=x", "--quantization=int7"],
    ["--quantization=int7 must be one of", "int8"],
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
  words = [word.format(**places) for word in words]
  conftest.assert_refused(result, f"{name}: error: ", *words)
  for word in _PYTHON:
    assert word not in result.stderr
  # No flag is named that was not typed, but for what should be given.
  if len(typed) == 1:
    flag = typed[0].partition("=")[0]
    assert f"error: {flag}" in result.stderr or "is missing" in words[0]


@pytest.mark.parametrize(
  ("name", "option", "there"),
  [
    ("train", "model_dir", {"export.json": "an export"}),
    ("train", "model_dir", {"report.json": "an evaluation"}),
    ("tune", "tuner_dir", {"config.json": "a run"}),
    ("evaluate", "output_dir", {"search.json": "a search"}),
  ],
)
def test_results_of_another_kind_are_not_written_over(
  name, option, there, pictures, tmp_path
):
  ((mark, kind),) = there.items()
  (tmp_path / mark).write_text('{"data": {}, "model": {}, "train": {}}')
  (tmp_path / "report.html").write_text("a page")
  names = sorted(os.listdir(tmp_path))
  run = conftest.ROOT / "tests" / "testdata" / "v0_6_0" / "run"
  given = [f"--model_dir={run}"] if name == "evaluate" else []
  result = conftest.run_binary(
    name, f"--{option}={tmp_path}", f"--dataset={pictures}", *given
  )
  conftest.assert_refused(
    result, f"{name}: error: --{option}={tmp_path} holds {kind},"
  )
  assert (tmp_path / "report.html").read_text() == "a page"
  assert sorted(os.listdir(tmp_path)) == names


if __name__ == "__main__":
  conftest.main(__file__)
