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
    --flagfile=official/cyclegan/configs/quickstart.flags

Own pictures, in my_data/{trainA,trainB,testA,testB}:

  python -m official.cyclegan.train --model_dir=runs/mine --dataset=my_data

The run's folder gets config.json, run.json, checkpoints/, samples/ (a picture
of the progress every --sample_interval steps), logs/ (tensorboard --logdir)
and progress.gif. Only --model_dir must be given. SIGINT (Ctrl-C) and SIGTERM
save and stop; the same command again goes on as if it had not been stopped.
"""

from __future__ import annotations

from absl import flags

from official.cyclegan.core import common_flags
from official.cyclegan.core import config_file

common_flags.define_run_flags()
common_flags.define_data_flags()
common_flags.define_model_flags()
common_flags.define_train_flags()
common_flags.define_device_flags()
common_flags.define_dry_run_flag()


def main() -> None:
  """Trains what the flags describe."""
  config = common_flags.config_from_flags()
  if flags.FLAGS.dry_run:
    print(config_file.to_json(config), end="")
    return
  model_dir = common_flags.require(
    "model_dir", "give a folder for the run, e.g. --model_dir=runs/first."
  )
  # Imported late: --help and --dry_run do not wait for TensorFlow.
  from official.cyclegan import train_lib

  train_lib.run(config, model_dir, "train")
  print(f"Trained model: {model_dir}")


if __name__ == "__main__":
  common_flags.run(main)
