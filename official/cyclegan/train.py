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
r"""Trains a CycleGAN on two unpaired piles of pictures.

Recipe (built-in data set, two to six minutes on two cores):

  python -m official.cyclegan.train --model_dir=runs/quickstart \
    --experiment=quickstart

Own pictures, in my_data/{trainA,trainB,testA,testB}, for ten minutes:

  python -m official.cyclegan.train --model_dir=runs/mine --dataset=my_data

The run's folder gets report.html, a page to open in a browser, also while it
trains: pictures over the steps, curves, health. And config.json, run.json,
checkpoints/, samples/ (a picture of the progress every --sample_interval
steps), results.csv, logs/ (tensorboard --logdir) and progress.gif. Only
--model_dir must be given. SIGINT (Ctrl-C), SIGTERM and SIGHUP save and stop;
the same command again goes on as if it had not been stopped.
Options come from a preset (--experiment), YAML files (--config_file),
--params_override and flags; each wins over those before it. Where no file says
how to train the preset is pictures: --max_minutes makes it longer.
"""

from __future__ import annotations

import dataclasses
import os

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import flags
from official.cyclegan.core import model_path
from official.cyclegan.core import run_time
from official.cyclegan.data import folders
from official.cyclegan.data import picture_sizes

flags.define(command_config.CommandConfig, "model_dir", "mode")
flags.define_run()
flags.take_section("evaluation")  # of --mode=eval


def main() -> None:
  """Trains, or evaluates, what files and flags describe."""
  options = flags.read(command_config.CommandConfig)
  asked_for = flags.run_from_flags(options.model_dir)
  config = config_checks.resolve(asked_for)
  evaluation = flags.evaluation_from_flags()
  trains = options.mode in ("train", "train_and_eval")
  if trains:
    config = config_checks.resolve(picture_sizes.fitted(asked_for, config))
    config_checks.check_training(config)
    run_time.check_to_come(config.train, options.model_dir)
  if options.dry_run:
    command.show(
      dataclasses.asdict(config), options.format, dataclasses.asdict(asked_for)
    )
    return
  model_dir = flags.require(
    "model_dir", "give a folder for the run, e.g. --model_dir=runs/first."
  )
  if trains:
    flags.refuse_overwriting("model_dir", model_dir, model_path.CONFIG_NAME)
    model_path.require_config(model_dir, "model_dir")
    folders.require_there(config.data)
  else:
    source = flags.with_given_source(config_file.load(model_dir))
    folders.require_there(source.data)
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  cpu_tuning.load_tensorflow(config.train)
  if trains:
    from official.cyclegan import train_lib

    if not asked_for.data.crop_size:
      print(
        f"Trains on pictures of {config.data.crop_size} pixels, by the time and"
        " by how large most of them are; --crop_size sets another size."
      )
    train_lib.run(config, model_dir, run_time.process_start())
    print(f"Trained model: {model_dir}")
    print(f"To look at: {os.path.join(model_dir, 'report.html')}")
  if options.mode in ("eval", "train_and_eval"):
    from official.cyclegan import evaluate_lib

    evaluate_lib.run(
      model_dir,
      model_path.evaluation_folder(model_dir),
      flags.with_given_source(config_file.load(model_dir)),
      options=evaluation,
    )


if __name__ == "__main__":
  command.run(main)
