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
r"""Trains small generators to do what those of another run do.

Recipe:

  python -m official.cyclegan.distill --teacher=runs/quickstart \
    --model_dir=runs/student

The students are mobile generators, whose .tflite files are small and fast,
unless other model flags are given; all of train's flags can be. What is not
given is as in the teacher's run: data, length, learning rate. The teacher's
translations are what students learn (--lambda_distill, and --lambda_features
for what is inside the networks), and the discriminators go on judging. The
run's folder is like train's, and interruptions, checkpoints, export, evaluate
and translate are the same.
"""

from __future__ import annotations

import dataclasses
import os

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import flags
from official.cyclegan.core import model_path
from official.cyclegan.core import run_time
from official.cyclegan.data import folders

flags.define(command_config.CommandConfig, "model_dir")
flags.define_run(distilled=True)


def main() -> None:
  """Distils what files and flags describe."""
  asked_for = flags.student_from_flags()
  config = config_checks.resolve(asked_for)
  config_checks.check_training(config)
  options = flags.read(command_config.CommandConfig)
  run_time.check_to_come(config.train, options.model_dir)
  if options.dry_run:
    command.show(
      dataclasses.asdict(config), options.format, dataclasses.asdict(asked_for)
    )
    return
  model_dir = flags.require("model_dir", "give a folder for the students' run.")
  flags.refuse_overwriting("model_dir", model_dir, model_path.CONFIG_NAME)
  model_path.require_config(model_dir, "model_dir")
  folders.require_there(config.data)
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  cpu_tuning.load_tensorflow(config.train)
  from official.cyclegan import train_lib

  train_lib.run(config, model_dir, run_time.process_start())
  print(f"Trained students: {model_dir}")
  print(f"To look at: {os.path.join(model_dir, 'report.html')}")


if __name__ == "__main__":
  command.run(main)
