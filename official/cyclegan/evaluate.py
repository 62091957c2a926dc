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
r"""Measures a trained CycleGAN on a test split.

Recipe:

  python -m official.cyclegan.evaluate --model_dir=runs/quickstart

The test split is that of the data set trained on; any data flag given here,
such as --dataset or --domain_a and --domain_b, names another one. Writes
report.json, report.md and pictures.png (input, translated, translated back,
identity) to --output_dir, by default evaluation/ in the run's folder.
"""

from __future__ import annotations

import os

from absl import flags

from official.cyclegan import common_flags
from official.cyclegan import config as config_lib

common_flags.define_run_flags()
common_flags.define_checkpoint_flags()
common_flags.define_source_flags()
common_flags.define_output_flag()
common_flags.define_dry_run_flag()

_DEFAULT_FOLDER = "evaluation"


def main() -> None:
  """Measures the run that the flags name and prints the table."""
  model_dir = common_flags.require(
    "model_dir", "give the folder that train wrote."
  )
  config = common_flags.with_given_source(config_lib.load(model_dir))
  if flags.FLAGS.dry_run:
    print(config_lib.to_json(config), end="")
    return
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  from official.cyclegan import evaluate_lib

  output_dir = flags.FLAGS.output_dir or os.path.join(
    model_dir, _DEFAULT_FOLDER
  )
  choice = config_lib.Choice(flags.FLAGS.checkpoint, flags.FLAGS.raw_generator)
  report = evaluate_lib.evaluate(model_dir, output_dir, config.data, choice)
  print(evaluate_lib.table(report), end="")
  print(f"Report: {output_dir}")


if __name__ == "__main__":
  common_flags.run(main)
