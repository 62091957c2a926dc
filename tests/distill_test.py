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
import os
import signal
import time

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan import export_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.training import checkpoints
from tests import conftest

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow,
  pytest.mark.usefixtures("few_steps_are_not_traced"),
]


@pytest.fixture(scope="module")
def teacher(pictures, tmp_path_factory):
  folder = tmp_path_factory.mktemp("teacher")
  flags = conftest.tiny_flags(pictures, folder, train_steps=2)
  result = conftest.run_binary("train", *flags, eagerly=True)
  assert result.returncode == 0, result.stderr
  return folder


def _flags(teacher, folder, **changes):
  values = {
    "teacher": teacher,
    "model_dir": folder,
    "gen_n_filters": 4,
    "n_res_blocks": 1,
    "precision": "float32",
    "sample_interval": 100_000,
    **changes,
  }
  return [f"--{name}={value}" for name, value in values.items()]


def _weights(folder):
  (path,) = checkpoints.find(os.path.join(folder, "checkpoints"))[:1]
  reader = tf.train.load_checkpoint(path)
  names = sorted(reader.get_variable_to_shape_map())
  return {
    name: reader.get_tensor(name)
    for name in names
    if not name.startswith(("_CHECKPOINTABLE", "save_counter"))
  }


def test_student_takes_from_its_teacher_what_is_not_given(teacher, tmp_path):
  result = conftest.run_binary(
    "distill", f"--teacher={teacher}", "--learning_rate=1e-3", "--dry_run"
  )
  config = config_file.from_json(result.stdout)
  known = config_file.load(str(teacher))
  assert config.data == known.data
  assert config.model.generator_type == "mobile"
  assert config.model.disc_n_filters == known.model.disc_n_filters
  assert config.loss == config_lib.STUDENT.loss
  assert config.train.learning_rate == 1e-3
  assert config.train.train_steps == known.train.train_steps
  assert config.distill.teacher == str(teacher)


_LONG = {"train_steps": 10, "save_every_steps": 2}


@pytest.fixture(scope="module")
def student(teacher, tmp_path_factory):
  """A run that nobody disturbed."""
  folder = tmp_path_factory.mktemp("student")
  flags = _flags(teacher, folder, **_LONG)
  result = conftest.run_binary("distill", *flags, eagerly=True)
  assert result.returncode == 0, result.stderr
  return folder


def test_a_student_is_exported_like_any_run(student, tmp_path):
  report = export_lib.export(
    str(student),
    str(tmp_path / "out"),
    options=command_config.ExportConfig(
      format=("tflite",), quantization=("dynamic",), min_psnr=10
    ),
  )
  assert sorted(report["files"]) == [
    "g_AB_dynamic.tflite",
    "g_BA_dynamic.tflite",
  ]


def test_killed_it_goes_on_bit_for_bit(teacher, student, tmp_path):
  broken = tmp_path / "broken"
  arguments = _flags(teacher, broken, **_LONG)
  process = conftest.start_binary("distill", *arguments, eagerly=True)
  while not checkpoints.find(str(broken / "checkpoints")):
    assert process.poll() is None
    time.sleep(0.002)
  process.send_signal(signal.SIGKILL)
  process.wait()
  (newest,) = checkpoints.find(str(broken / "checkpoints"))[:1]
  assert int(newest.rsplit("-", 1)[1]) < _LONG["train_steps"]
  again = conftest.run_binary("distill", *arguments, eagerly=True)
  assert again.returncode == 0, again.stderr
  first, second = _weights(student), _weights(broken)
  assert list(first) == list(second)
  for name, value in first.items():
    np.testing.assert_array_equal(value, second[name], err_msg=name)


def test_begins_with_what_the_teacher_knows(teacher, tmp_path):
  known = config_file.load(str(teacher)).model
  folder = str(tmp_path / "student")
  flags = _flags(
    teacher,
    folder,
    init_from_teacher=True,
    generator_type="resnet",
    padding="zero",
    gen_n_filters=known.gen_n_filters,
    n_res_blocks=known.n_res_blocks,
    skip_filters=known.skip_filters,
    learning_rate=1e-12,
    train_steps=1,
  )
  result = conftest.run_binary("distill", *flags, eagerly=True)
  assert result.returncode == 0, result.stderr
  for direction in config_lib.GENERATOR_NAMES:
    wanted, _ = checkpoints.load_generator(str(teacher), direction)
    for raw in (False, True):
      selection = command_config.GeneratorSelection(use_ema=not raw)
      found, _ = checkpoints.load_generator(folder, direction, selection)
      for value, other in zip(found.get_weights(), wanted.get_weights()):
        np.testing.assert_allclose(value, other, atol=1e-6)


def test_one_direction(teacher, tmp_path):
  folder = str(tmp_path / "student")
  flags = _flags(teacher, folder, students="BtoA", train_steps=3)
  result = conftest.run_binary("distill", *flags, eagerly=True)
  assert result.returncode == 0, result.stderr
  generator, _ = checkpoints.load_generator(folder, "BtoA")
  assert generator.name == "g_BA"
  with pytest.raises(errors.UserError, match="--students=BtoA"):
    checkpoints.load_generator(folder, "AtoB")
  report = export_lib.export(
    folder,
    str(tmp_path / "out"),
    options=command_config.ExportConfig(quantization=("float32",)),
  )
  assert sorted(report["files"]) == ["g_BA", "g_BA.tflite"]
  done = conftest.run_binary("evaluate", f"--model_dir={folder}")
  assert done.returncode == 0, done.stderr
  with open(os.path.join(folder, "evaluation", "report.json")) as file:
    assert list(json.load(file)["directions"]) == ["BtoA"]


@pytest.mark.parametrize(
  ("changes", "words"),
  [
    ({"teacher": "nowhere"}, ["--teacher=nowhere", "does not exist"]),
    ({"channels": 1}, ["--channels=1", "teacher"]),
    ({"lambda_distill": 0, "lambda_features": 0}, ["both 0"]),
    ({"students": "AtoB", "lambda_id": 1}, ["--students=AtoB", "need both"]),
    (
      {"init_from_teacher": True},
      ["--generator_type=mobile", "resnet", "leave --init_from_teacher out"],
    ),
    (
      {
        "init_from_teacher": True,
        "generator_type": "resnet",
        "gen_n_filters": 64,
      },
      ["--gen_n_filters=64", "at most"],
    ),
  ],
)
def test_what_cannot_be_is_refused(teacher, tmp_path, changes, words):
  flags = _flags(**{"teacher": teacher, "folder": tmp_path / "s", **changes})
  conftest.assert_refused(
    conftest.run_binary("distill", *flags, "--dry_run"), *words
  )


def test_teacher_must_be_given():
  conftest.assert_refused(
    conftest.run_binary("distill"), "--teacher is missing"
  )


if __name__ == "__main__":
  conftest.main(__file__)
