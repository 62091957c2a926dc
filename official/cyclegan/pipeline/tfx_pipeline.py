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
"""The pipeline as TFX knows it."""

from __future__ import annotations

import os

from tfx.components import ExampleValidator
from tfx.components import ImportExampleGen
from tfx.components import StatisticsGen
from tfx.components import Trainer
from tfx.components import Tuner
from tfx.dsl.components.base import base_node
from tfx.dsl.components.common import resolver
from tfx.dsl.input_resolution.strategies import latest_blessed_model_strategy
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as pipeline_lib
from tfx.proto import example_gen_pb2
from tfx.proto import trainer_pb2
from tfx.types import channel
from tfx.types import standard_artifacts

from official.cyclegan.data import sources
from official.cyclegan.pipeline import components
from official.cyclegan.pipeline import resolvers
from official.cyclegan.pipeline import settings as settings_lib
from official.cyclegan.pipeline import training_module

METADATA_NAME = "metadata.sqlite"


def create_pipeline(
  settings: settings_lib.Settings,
  input_base: str,
  pattern: str = "*-{split}.tfrecord*",
) -> pipeline_lib.Pipeline:
  """Returns the pipeline: pictures in, a model in use out.

  ImportExampleGen, StatisticsGen, PictureSchema, ExampleValidator, perhaps
  Tuner, Trainer (which exports), ModelLoadCheck, a Resolver for the model in
  use, ModelComparison, ModelPush.

  Args:
    settings: What it is told.
    input_base: Folder, or address, of the records.
    pattern: Which files there are of a split.
  """
  told = settings.pipeline
  examples = ImportExampleGen(
    input_base=input_base,
    input_config=example_gen_pb2.Input(
      splits=[
        example_gen_pb2.Input.Split(
          name=split, pattern=pattern.format(split=split)
        )
        for split in sources.SPLITS
      ]
    ),
  )
  records = examples.outputs["examples"]
  known = components.PictureSchema(version=settings_lib.version())
  statistics = StatisticsGen(examples=records, schema=known.outputs["schema"])
  validator = ExampleValidator(
    statistics=statistics.outputs["statistics"],
    schema=known.outputs["schema"],
  )
  nodes: list[base_node.BaseNode] = [examples, known, statistics, validator]
  train_args = trainer_pb2.TrainArgs(splits=["trainA", "trainB"])
  eval_args = trainer_pb2.EvalArgs(splits=["testA", "testB"])
  tuner = None
  if told.tuned:
    tuner = Tuner(
      examples=records,
      tuner_fn=training_module.TUNER_FN,
      train_args=train_args,
      eval_args=eval_args,
      custom_config=training_module.custom_config(
        settings.with_pipeline("work_dir"), "search", "pipeline"
      ),
    )
    nodes.append(tuner)
  begin = None
  if told.warm_start:
    begin = _warm_start(records, told.runner == "kubeflow")
    nodes.append(begin)
  trainer = Trainer(
    examples=records,
    run_fn=training_module.RUN_FN,
    hyperparameters=tuner and tuner.outputs["best_hyperparameters"],
    base_model=begin and begin.outputs["model"],
    train_args=train_args,
    eval_args=eval_args,
    custom_config=training_module.custom_config(
      settings.with_pipeline("work_dir", "measure"), "export", "pipeline"
    ),
  )
  model = trainer.outputs["model"]
  check = components.ModelLoadCheck(model=model, version=settings_lib.version())
  in_use = _latest_blessed("model_in_use")
  comparison = components.ModelComparison(
    examples=records,
    model=model,
    infra_blessing=check.outputs["blessing"],
    baseline=in_use.outputs["model"],
    settings=settings.with_pipeline("measure", "worse_by").text(
      "config", "evaluation", "pipeline"
    ),
  )
  push = components.ModelPush(
    model=model,
    blessing=comparison.outputs["blessing"],
    push_dir=told.push_dir,
  )
  nodes += [trainer, check, in_use, comparison, push]
  root = str(told.pipeline_root)
  connection = None
  if told.runner == "local":
    connection = metadata.sqlite_metadata_connection_config(
      os.path.join(root, METADATA_NAME)
    )
  return pipeline_lib.Pipeline(
    pipeline_name=told.pipeline_name,
    pipeline_root=root,
    components=nodes,
    enable_cache=told.cached,
    metadata_connection_config=connection,
  )


def _latest_blessed(name: str) -> resolver.Resolver:
  """Returns what finds the model in use."""
  return resolver.Resolver(
    strategy_class=latest_blessed_model_strategy.LatestBlessedModelStrategy,
    model=channel.Channel(type=standard_artifacts.Model),
    model_blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
  ).with_id(name)


def _warm_start(
  records: channel.BaseChannel, kubeflow: bool
) -> resolver.Resolver:
  """Returns what finds the model that a training begins with."""
  if kubeflow:  # which knows TFX's own strategies only
    return _latest_blessed("model_to_begin_with")
  return resolver.Resolver(
    strategy_class=resolvers.WarmStartStrategy,
    model=channel.Channel(type=standard_artifacts.Model),
    blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
    examples=records,
  ).with_id("model_to_begin_with")
