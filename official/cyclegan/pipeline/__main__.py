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
r"""Trains, compares and puts a model into use, again and again (TFX).

Recipe (a night's run; the next one does what has changed):

  python -m official.cyclegan.pipeline --pipeline_root=runs/nightly \
    --dataset=my_pictures --experiment=quickstart

Pictures come in as records, are described and checked; if asked, options are
searched (--tuned); a model is trained and exported, each of its files is loaded
in a process of its own, and compared with the model in use on the test pictures
of now, by --measure. What is worse is refused, with the figures; what is not is
put into --push_dir: SavedModels, .tflite files, page and card. Killed, the same
command goes on, a training from its last checkpoint.
Takes all of train's flags, and files with the sections search, evaluation,
export and pipeline. --runner=kubeflow writes the pipeline down for Kubeflow
Pipelines and Vertex AI. Needs TensorFlow Extended: tools/tfx_env.sh makes an
environment (docs/pipeline.md).
"""

from __future__ import annotations

import dataclasses
import warnings

from official.cyclegan.core import command
from official.cyclegan.core import command_config
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import flags
from official.cyclegan.core import search_config
from official.cyclegan.data import folders

flags.define_run()
flags.define(command_config.PipelineConfig)
flags.take_section("evaluation")
flags.take_section("export")
flags.take_section("search")


def main() -> None:
  """Runs, or writes down, the pipeline that files and flags describe."""
  asked_for = flags.run_from_flags(None)
  config = config_checks.resolve(asked_for)
  told = flags.pipeline_from_flags()
  evaluation = flags.evaluation_from_flags()
  export = flags.export_from_flags()
  search = flags.search_from_flags()
  options = flags.read(command_config.CommandConfig)
  if options.dry_run:
    sections = {
      "evaluation": search_config.option_values(evaluation),
      "export": search_config.option_values(export),
      "search": search_config.option_values(search),
      "pipeline": search_config.option_values(told),
    }
    command.show(
      {**dataclasses.asdict(config), **sections},
      options.format,
      {**dataclasses.asdict(asked_for), **sections},
    )
    return
  flags.require_value(
    "pipeline_root", told.pipeline_root, "give a folder for all that it makes."
  )
  if told.runner == "local":
    folders.require_there(config.data)
  # What comes with TFX says so of every older Python.
  warnings.filterwarnings("ignore", category=FutureWarning, module="google")
  # Imported late: --help and a refused flag do not wait for TensorFlow.
  cpu_tuning.load_tensorflow(config.train)
  from official.cyclegan.pipeline import launcher
  from official.cyclegan.pipeline import settings as settings_lib

  launcher.require_tfx()
  settings = settings_lib.Settings(asked_for, told, evaluation, export, search)
  if told.runner == "kubeflow":
    print(f"For Kubeflow: {launcher.compile_for_kubeflow(settings)}")
    return
  in_use = launcher.run(settings)
  print(f"Model in use: {in_use['folder'] if in_use else 'none'}")


if __name__ == "__main__":
  command.run(main)
